/*
 * A child on Linux.
 *
 * The child is forked into a process group of its own, with SIGKILL as its death signal, and with every
 * descriptor but 0, 1 and 2 closed at exec. The parent sleeps in poll on the child's pidfd, both pipes and the
 * cancel, at most until the next tick.
 *
 * When the child has ended, its whole group is killed before it is reaped: until then its id cannot be used
 * again, and a grandchild that still holds a pipe open is gone, so that the pipes come to their end. Only a
 * process that left the group on purpose could hold them longer; it is waited for a second, not for ever.
 *
 * When we die ourselves, the death signal ends the child but not what the child has started. For that there is a
 * guardian: a second fork that only waits for the end of a pipe whose other end is ours alone, and then kills the
 * group. It has a session of its own, so that no Ctrl+C ends it before us, and holds nothing else open.
 *
 * Between fork and exec only calls that are safe in a signal handler are made, because another thread may have
 * held any lock at the fork. Everything that needs memory is prepared before.
 */
#include "platform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "posix_private.h"

#define LINGER_MS 1000u /* for pipes that outlive the child's group */

extern char **environ;

typedef struct Child {
    pid_t pid; /* and of its group */
    int pidfd; /* -1 once it is reaped */
    pid_t guardian;
    int life; /* the end of the guardian's pipe that closes when we die */
    int out;  /* read ends; -1 when closed */
    int err;
} Child;

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* Moves a descriptor out of the way of 0, 1 and 2, so that dup2 in the child overwrites none that is needed. */
static bool lift(int *fd)
{
    int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    if (lifted < 0) {
        return false;
    }
    close(*fd);
    *fd = lifted;
    return true;
}

static bool make_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0 && lift(&ends[0]) && lift(&ends[1]);
}

/* Whether an environment entry carries the name that `other` ("NAME" or "NAME=value") begins with. */
static bool same_name(const char *entry, const char *other)
{
    size_t len = strcspn(other, "=");
    return strncmp(entry, other, len) == 0 && entry[len] == '=';
}

static bool names(const char *const *list, const char *entry)
{
    for (; list && *list; list++) {
        if (same_name(entry, *list)) {
            return true;
        }
    }
    return false;
}

/* Pointers only: a secret in env_set is not copied. Caller frees the array. */
static const char **make_env(const ProcessSpec *spec)
{
    size_t count = 1;
    for (char **entry = environ; *entry; entry++) {
        count++;
    }
    for (const char *const *entry = spec->env_set; entry && *entry; entry++) {
        count++;
    }
    const char **env = mem_array(count, sizeof *env);
    size_t n = 0;
    for (char **entry = environ; *entry; entry++) {
        if (!names(spec->env_unset, *entry) && !names(spec->env_set, *entry)) {
            env[n++] = *entry;
        }
    }
    for (const char *const *entry = spec->env_set; entry && *entry; entry++) {
        env[n++] = *entry;
    }
    return env;
}

/* In the child. Never returns; a failure is told through the pipe `report` as an errno. */
CMMS_NORETURN static void become(const ProcessSpec *spec, const char *const *env, const int stdio[3], int report,
                                 pid_t parent)
{
    /* exec's prototype lacks const for history's sake; it does not write. */
    union {
        const char *const *in;
        char *const *out;
    } argv = {spec->argv}, envp = {env};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    /* The parent may have died before the death signal was set. */
    if (getppid() == parent && dup2(stdio[0], 0) == 0 && dup2(stdio[1], 1) == 1 && dup2(stdio[2], 2) == 2 &&
        syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) == 0 &&
        (!spec->cwd || chdir(spec->cwd) == 0)) {
        execve(spec->program, argv.out, envp.out);
    }
    int code = errno;
    ssize_t written = write(report, &code, sizeof code);
    (void)written;
    _exit(127);
}

static unsigned reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128u + (unsigned)WTERMSIG(status) : (unsigned)WEXITSTATUS(status);
}

/* Returns 0 or an errno. */
static int start_guardian(pid_t group, pid_t *guardian, int *life)
{
    int ends[2] = {-1, -1};
    pid_t pid = make_pipe(ends) ? fork() : -1;
    int code = pid < 0 ? errno : 0;
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        setsid();
        dup2(ends[0], 0);
        syscall(SYS_close_range, 1u, ~0u, 0u);
        char byte;
        while (read(0, &byte, 1) < 0 && errno == EINTR) {
        }
        kill(-group, SIGKILL);
        _exit(0);
    }
    close_fd(&ends[0]);
    if (code != 0) {
        close_fd(&ends[1]);
        return code;
    }
    *guardian = pid;
    *life = ends[1];
    return 0;
}

/* Ends all that is left of the child, and gives its exit code. */
static unsigned finish(Child *child)
{
    kill(-child->pid, SIGKILL);
    /* The guardian goes before the child is reaped: later it might kill a group that got the same number. */
    kill(child->guardian, SIGKILL);
    reap(child->guardian);
    close_fd(&child->life);
    close_fd(&child->pidfd);
    return reap(child->pid);
}

/* Returns 0 or an errno. */
static int start(const ProcessSpec *spec, Child *child)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1}, report[2] = {-1, -1};
    int in = -1, code = 0, told = 0;
    ssize_t got;
    const char **env = NULL;
    pid_t parent = getpid();

    if (spec->stdin_file) {
        int fd = fs_file_fd(spec->stdin_file);
        in = lseek(fd, 0, SEEK_SET) == 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
    } else {
        in = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (in >= 0 && !lift(&in)) {
            code = errno;
            goto out;
        }
    }
    if (in < 0 || !make_pipe(err) || !make_pipe(report)) {
        code = errno;
        goto out;
    }
    if (spec->stdout_file) {
        out[1] = fcntl(fs_file_fd(spec->stdout_file), F_DUPFD_CLOEXEC, 3);
    } else if (!make_pipe(out)) {
        code = errno;
        goto out;
    }
    if (out[1] < 0) {
        code = errno;
        goto out;
    }
    env = make_env(spec);
    const int stdio[3] = {in, out[1], err[1]};
    pid_t pid = fork();
    if (pid < 0) {
        code = errno;
        goto out;
    }
    if (pid == 0) {
        become(spec, env, stdio, report[1], parent);
    }
    setpgid(pid, pid); /* in both, so that it is done whoever runs first */
    close_fd(&report[1]);
    do {
        got = read(report[0], &told, sizeof told);
    } while (got < 0 && errno == EINTR);
    if (got != 0) {
        code = got == (ssize_t)sizeof told ? told : EIO;
        reap(pid);
        goto out;
    }
    Child started = {pid, (int)syscall(SYS_pidfd_open, pid, 0), -1, -1, out[0], err[0]};
    code = started.pidfd < 0 ? errno : start_guardian(pid, &started.guardian, &started.life);
    if (code != 0) {
        close_fd(&started.pidfd);
        kill(-pid, SIGKILL);
        reap(pid);
        goto out;
    }
    *child = started;
    out[0] = err[0] = -1;
out:
    close_fd(&in);
    close_fd(&out[0]);
    close_fd(&out[1]);
    close_fd(&err[0]);
    close_fd(&err[1]);
    close_fd(&report[0]);
    close_fd(&report[1]);
    mem_free(env);
    return code;
}

/* Reads one piece of a pipe that poll called ready; closes it at its end. False when the callback said stop. */
static bool drain(int *fd, bool (*take)(void *context, const char *bytes, size_t len), void *context)
{
    char buf[65536];
    ssize_t n = read(*fd, buf, sizeof buf);
    if (n > 0) {
        return !take || take(context, buf, (size_t)n);
    }
    if (n == 0 || errno != EINTR) {
        close_fd(fd);
    }
    return true;
}

static int poll_ms(uint64_t now, uint64_t until)
{
    uint64_t left = until > now ? until - now : 0;
    return left < 60000 ? (int)left : 60000;
}

bool process_run(const ProcessSpec *spec, const Cancel *cancel, ProcessResult *result, Error *err)
{
    if (cancel_requested(cancel)) {
        return error_set(err, EK_CANCELLED, "cancelled");
    }
    Child child;
    int code = start(spec, &child);
    if (code != 0) {
        return error_set_os(err, EK_TOOL, code, "could not start \"%s\"", spec->program);
    }
    const unsigned tick_ms = spec->tick_ms > 0 ? spec->tick_ms : 250;
    uint64_t next_tick = clock_monotonic_ms() + tick_ms;
    uint64_t give_up = UINT64_MAX; /* set when the child has ended */
    unsigned exit_code = 0;
    bool cancelled = false, stopped = false;

    while (child.pidfd >= 0 || child.out >= 0 || child.err >= 0) {
        bool ending = cancelled || stopped;
        /* poll passes over the entries that are -1 */
        struct pollfd wait[4] = {{child.pidfd, POLLIN, 0},
                                 {child.out, POLLIN, 0},
                                 {child.err, POLLIN, 0},
                                 {ending ? -1 : cancel_fd(cancel), POLLIN, 0}};
        uint64_t now = clock_monotonic_ms();
        uint64_t until = next_tick < give_up ? next_tick : give_up;
        if (poll(wait, 4, poll_ms(now, until)) < 0) {
            for (size_t i = 0; i < 4; i++) {
                wait[i].revents = 0; /* EINTR: look at the clock and sleep again */
            }
        }
        if (wait[3].revents != 0) {
            cancelled = true;
        }
        if (child.out >= 0 && wait[1].revents != 0 &&
            !drain(&child.out, ending || cancelled ? NULL : spec->on_stdout, spec->context)) {
            stopped = true;
        }
        if (child.err >= 0 && wait[2].revents != 0 &&
            !drain(&child.err, ending || cancelled || stopped ? NULL : spec->on_stderr, spec->context)) {
            stopped = true;
        }
        now = clock_monotonic_ms();
        if (now >= next_tick) {
            next_tick = now + tick_ms;
            if (!cancelled && !stopped && child.pidfd >= 0 && spec->on_tick && !spec->on_tick(spec->context)) {
                stopped = true;
            }
        }
        if (child.pidfd >= 0 && (wait[0].revents != 0 || cancelled || stopped)) {
            exit_code = finish(&child);
            give_up = clock_monotonic_ms() + LINGER_MS;
        }
        if (now >= give_up) {
            close_fd(&child.out);
            close_fd(&child.err);
        }
    }
    if (cancelled) {
        return error_set(err, EK_CANCELLED, "cancelled");
    }
    result->exit_code = exit_code;
    result->stopped = stopped;
    return true;
}
