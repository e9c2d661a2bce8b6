#include "base/mem.h"
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* A signal handler is given no context: this is the one place it can find what to stop. */
static Cancel *_Atomic interrupt_target;

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}

bool console_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

bool console_enable_colour(int fd)
{
    return console_is_terminal(fd);
}

bool console_input_ended(void)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (console_is_terminal(STDIN_FILENO)) {
        return false;
    }
    while (poll(&input, 1, 0) > 0) {
        char waste[4096];
        ssize_t n = read(STDIN_FILENO, waste, sizeof waste);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return true;
        }
    }
    return false;
}

unsigned console_width(void)
{
    static const int fds[] = {STDERR_FILENO, STDOUT_FILENO};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        struct winsize size;
        if (ioctl(fds[i], TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
            return size.ws_col;
        }
    }
    return 80;
}

static void write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return; /* nobody reads any more: there is nobody to tell */
        }
        bytes += n;
        len -= (size_t)n;
    }
}

void console_write(int fd, const char *utf8)
{
    write_all(fd, utf8, strlen(utf8));
}

static void on_signal(int signal)
{
    (void)signal;
    Cancel *cancel = atomic_load(&interrupt_target);
    if (cancel) {
        cancel_request(cancel);
    }
}

void console_cancel_on_interrupt(Cancel *cancel)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    atomic_store(&interrupt_target, cancel);
    struct sigaction action = {0};
    action.sa_handler = cancel ? on_signal : SIG_DFL;
    action.sa_flags = (int)SA_RESETHAND; /* the second Ctrl+C ends the program at once */
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaction(signals[i], &action, NULL);
    }
    /* A reader of our output that has gone must not kill a backup half way. */
    struct sigaction ignore = {0};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, NULL);
}

/* One line without its end; false at the end of the input, on a signal, or when it is too long. */
static bool read_line(int fd, char *line, size_t size, size_t *len)
{
    for (size_t n = 0; n < size; n++) {
        if (read(fd, line + n, 1) != 1) {
            return false;
        }
        if (line[n] == '\n') {
            *len = n;
            return true;
        }
    }
    return false;
}

bool console_ask_secret(const char *prompt, Secret *secret)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before;
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    char line[1024];
    size_t len = 0;
    write_all(fd, prompt, strlen(prompt));
    bool ok = tcsetattr(fd, TCSAFLUSH, &silent) == 0 && read_line(fd, line, sizeof line, &len);
    tcsetattr(fd, TCSAFLUSH, &before);
    write_all(fd, "\n", 1);
    if (ok) {
        secret_set(secret, line, len);
    }
    secret_wipe(line, sizeof line);
    close(fd);
    return ok;
}

bool console_ask_line(const char *prompt, char **line)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    char text[1024];
    size_t len = 0;
    if (fd < 0) {
        return false;
    }
    write_all(fd, prompt, strlen(prompt));
    const bool ok = read_line(fd, text, sizeof text, &len);
    if (ok) {
        *line = mem_strndup(text, len);
    }
    close(fd);
    return ok;
}
