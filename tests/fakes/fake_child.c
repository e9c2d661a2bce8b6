/*
 * fake_child: a child process that tells what it was given, or misbehaves on purpose. Its first argument says
 * what it does:
 *   argv ...        writes each further argument as "length:bytes" and a line feed (UTF-8)
 *   crt-argv ...    the same, of the C runtime's own argv, whose parser tools like pg_dump use (ASCII only)
 *   env NAME        writes "=value", or "unset"
 *   cwd             writes its working directory
 *   exit CODE       ends with the code
 *   signal N        ends by the signal (POSIX)
 *   flood MB        writes that many megabytes to stdout ('o') and to stderr ('e'), by turns
 *   bad-bytes       writes bytes that are not UTF-8, to stdout and stderr
 *   cat             copies stdin to stdout, byte by byte the same
 *   hang            writes "ready", then nothing for ever
 *   grandchild FILE starts a hanging program of its own that holds the pipes and FILE, writes "left" and ends
 *   hold FILE       holds FILE and hangs; what "grandchild" starts
 *   keep FILE       opens FILE so that others may read and write it, but not rename or remove it (Windows), writes
 *                   "ready" and hangs
 *   stay FILE       as "grandchild", but hangs as well after "left"
 *   descriptors     writes the numbers of its open descriptors but 0, 1 and 2, one a line (Linux)
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <shellapi.h>

static char *utf8(const wchar_t *wide)
{
    int need = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = malloc((size_t)need + 1);

    if (text == NULL)
        exit(99);
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, need, NULL, NULL);
    return text;
}

static char **true_argv(int *argc, char **argv)
{
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), argc);

    (void)argv;
    argv = calloc((size_t)*argc + 1, sizeof *argv);
    if (wide == NULL || argv == NULL)
        exit(99);
    for (int i = 0; i < *argc; i++)
        argv[i] = utf8(wide[i]);
    return argv;
}

static char *variable(const char *name)
{
    static wchar_t wide_name[256], value[32768];

    MultiByteToWideChar(CP_UTF8, 0, name, -1, wide_name, 256);
    SetLastError(0);
    if (GetEnvironmentVariableW(wide_name, value, 32768) == 0 && GetLastError() == ERROR_ENVVAR_NOT_FOUND)
        return NULL;
    return utf8(value);
}

static char *working_dir(void)
{
    static wchar_t dir[32768];

    return GetCurrentDirectoryW(32768, dir) > 0 ? utf8(dir) : NULL;
}

static void pause_ms(unsigned ms)
{
    Sleep(ms);
}

/* Opens the file so that nobody else can. False when another holds it. */
static bool hold(const char *path)
{
    static wchar_t wide[32768];
    HANDLE file;

    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 32768);
    file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_ALWAYS, 0, NULL);
    return file != INVALID_HANDLE_VALUE;
}

static bool keep(const char *path)
{
    static wchar_t wide[32768];

    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 32768);
    return CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL) !=
           INVALID_HANDLE_VALUE;
}

static bool is_held(const char *path)
{
    static wchar_t wide[32768];
    HANDLE file;

    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 32768);
    file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_SHARING_VIOLATION;
    CloseHandle(file);
    return false;
}

static void start_grandchild(const char *path)
{
    static wchar_t self[32768], command[66000], wide[32768];
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;

    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 32768);
    GetModuleFileNameW(NULL, self, 32768);
    swprintf(command, 66000, L"fake_child hold \"%ls\"", wide);
    if (!CreateProcessW(self, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info))
        exit(98);
}

static void list_descriptors(void)
{
}

static void end_by_signal(int number)
{
    (void)number;
}
#else
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

static bool keep(const char *path)
{
    return open(path, O_RDONLY) >= 0;
}

static char **true_argv(int *argc, char **argv)
{
    (void)argc;
    return argv;
}

static char *variable(const char *name)
{
    return getenv(name);
}

static char *working_dir(void)
{
    static char dir[65536];

    return getcwd(dir, sizeof dir);
}

static void pause_ms(unsigned ms)
{
    usleep(ms * 1000u);
}

static bool hold(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool is_held(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool held;

    if (fd < 0)
        return false;
    held = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return held;
}

static void start_grandchild(const char *path)
{
    pid_t pid = fork();

    if (pid < 0)
        exit(98);
    if (pid == 0) {
        if (!hold(path))
            _exit(97);
        for (;;)
            pause_ms(1000);
    }
}

static void list_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;

    if (dir == NULL)
        exit(96);
    while ((entry = readdir(dir)) != NULL) {
        long fd = strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && fd > 2 && fd != dirfd(dir))
            printf("%ld\n", fd);
    }
    closedir(dir);
}

static void end_by_signal(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}
#endif

static void hang(void)
{
    for (;;)
        pause_ms(1000);
}

static void flood(unsigned long megabytes)
{
    static char out[65536], err[65536];

    memset(out, 'o', sizeof out);
    memset(err, 'e', sizeof err);
    for (unsigned long i = 0; i < megabytes * 16; i++) {
        if (fwrite(out, 1, sizeof out, stdout) != sizeof out || fwrite(err, 1, sizeof err, stderr) != sizeof err)
            exit(95);
    }
}

static void cat(void)
{
    static char bytes[65536];
    size_t got;

    while ((got = fread(bytes, 1, sizeof bytes, stdin)) > 0) {
        if (fwrite(bytes, 1, got, stdout) != got)
            exit(95);
    }
}

static void leave_grandchild(const char *path)
{
    start_grandchild(path);
    while (!is_held(path))
        pause_ms(5);
    fputs("left\n", stdout);
    fflush(stdout);
}

static void print_argv(char **argv)
{
    for (size_t i = 2; argv[i] != NULL; i++)
        printf("%lu:%s\n", (unsigned long)strlen(argv[i]), argv[i]);
}

int main(int argc, char **crt_argv)
{
    char **argv = true_argv(&argc, crt_argv);
    const char *what = argc > 1 ? argv[1] : "";
    const char *given = argc > 2 ? argv[2] : "";

#ifdef _WIN32
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
#endif
    if (strcmp(what, "argv") == 0) {
        print_argv(argv);
    } else if (strcmp(what, "crt-argv") == 0) {
        print_argv(crt_argv);
    } else if (strcmp(what, "env") == 0) {
        const char *value = variable(given);

        printf("%s%s", value == NULL ? "unset" : "=", value == NULL ? "" : value);
    } else if (strcmp(what, "cwd") == 0) {
        fputs(working_dir(), stdout);
    } else if (strcmp(what, "exit") == 0) {
        return (int)strtoul(given, NULL, 0);
    } else if (strcmp(what, "signal") == 0) {
        end_by_signal((int)strtol(given, NULL, 10));
    } else if (strcmp(what, "flood") == 0) {
        flood(strtoul(given, NULL, 10));
    } else if (strcmp(what, "bad-bytes") == 0) {
        fwrite("ok\xff\xc3\n\0\xe4\xb8x\n", 1, 10, stdout);
        fwrite("\x80\x1b[2J\n", 1, 6, stderr);
    } else if (strcmp(what, "cat") == 0) {
        cat();
    } else if (strcmp(what, "hang") == 0) {
        fputs("ready\n", stdout);
        fflush(stdout);
        hang();
    } else if (strcmp(what, "grandchild") == 0) {
        leave_grandchild(given);
    } else if (strcmp(what, "stay") == 0) {
        leave_grandchild(given);
        hang();
    } else if (strcmp(what, "keep") == 0) {
        if (!keep(given))
            return 97;
        fputs("ready\n", stdout);
        fflush(stdout);
        hang();
    } else if (strcmp(what, "hold") == 0) {
        if (!hold(given))
            return 97;
        hang();
    } else if (strcmp(what, "descriptors") == 0) {
        list_descriptors();
    } else {
        return 94;
    }
    return 0;
}
