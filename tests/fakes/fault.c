/*
 * fault: preloaded into the native console program, it makes the Nth call of one kind fail, for files below
 * FAULT_DIR. FAULT is one of
 *   create:N   the file cannot be made (EACCES)
 *   write:N    the disk is full (ENOSPC)
 *   fsync:N    what was written cannot be flushed (EIO)
 *   rename:N, unlink:N   refused (EACCES)
 *   renamed:N  EIO although it was done, as on a share that is lost just then
 *   read:N     what is there cannot be read (EIO)
 *   busy:N     the first N renames to a *.backup are refused, as when another program has the file open (EBUSY)
 *   away:N     from the Nth opening of a file or of the folder to the next one FAULT_DIR has another name, with ".away"
 *              behind it: a share that blinks
 *   kill:N     at the Nth call that changes something the process is killed, before the call
 *   alloc:N    the Nth allocation of the process fails, but for those of libcrypto, which waits for itself for ever
 *              when one fails while it starts up, and those of pthread_getattr_np, which nobody calls but ASan; the
 *              library must stand before ASan's then
 *   none:0     nothing fails
 * FAULT_MARK is a file that is made when the fault fired and names the file, so that a loop over N knows when it has
 * tried them all.
 *
 * FAULT_SYNCED is a folder for what a power cut would leave: a copy of each file as it was when it was flushed,
 * under its inode's number, and, in "names", what the folder FAULT_DIR held when that was flushed.
 * FAULT_TIME is the time of day, in seconds since 1970, at which the program begins.
 *
 * Children do not inherit it: the first thing it does is to take itself out of the environment.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static char kind[16];
static char dir[PATH_MAX];
static char mark[PATH_MAX];
static char synced[PATH_MAX];
static long wanted;
static atomic_long seen;
static long long clock_shift;
static bool alloc_armed;

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))
typedef int OpenFunction(const char *, int, ...);
typedef ssize_t WriteFunction(int, const void *, size_t);
typedef ssize_t ReadFunction(int, void *, size_t);
typedef ssize_t PreadFunction(int, void *, size_t, off_t);
typedef int RenameFunction(const char *, const char *);
typedef int Rename2Function(int, const char *, int, const char *, unsigned);

static void take(const char *name, char *place)
{
    const char *value = getenv(name);

    snprintf(place, PATH_MAX, "%s", value ? value : "");
}

__attribute__((constructor)) static void set_up(void)
{
    const char *fault = getenv("FAULT");
    const char *colon = fault ? strchr(fault, ':') : NULL;
    const char *start = getenv("FAULT_TIME");

    if (start)
        clock_shift = strtoll(start, NULL, 10) - (long long)REAL(time_t (*)(time_t *), "time")(NULL);
    if (colon && getenv("FAULT_DIR") && getenv("FAULT_MARK")) {
        snprintf(kind, sizeof kind, "%.*s", (int)(colon - fault), fault);
        wanted = strtol(colon + 1, NULL, 10);
        take("FAULT_DIR", dir);
        take("FAULT_MARK", mark);
        take("FAULT_SYNCED", synced);
        alloc_armed = strcmp(kind, "alloc") == 0;
    }
    unsetenv("LD_PRELOAD");
}

static bool below(const char *path)
{
    return *dir && strncmp(path, dir, strlen(dir)) == 0;
}

static bool below_fd(int fd, char *path)
{
    char link[64];
    ssize_t len;

    if (!*dir)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, PATH_MAX - 1);
    if (len <= 0)
        return false;
    path[len] = 0;
    return below(path);
}

static void make_mark(const char *path)
{
    int fd = REAL(OpenFunction *, "open")(mark, O_CREAT | O_WRONLY, 0600);

    if (fd >= 0) {
        REAL(WriteFunction *, "write")(fd, path, strlen(path));
        close(fd);
    }
}

static bool now(const char *what, const char *path)
{
    bool deadly = strcmp(kind, "kill") == 0 && strcmp(what, "read") != 0;

    if ((!deadly && strcmp(kind, what) != 0) || atomic_fetch_add(&seen, 1) + 1 != wanted)
        return false;
    make_mark(path);
    if (deadly)
        raise(SIGKILL);
    return true;
}

/* --- what a power cut leaves --------------------------------------------------------------------------- */

static void keep_file(const char *path, unsigned long long number)
{
    char place[PATH_MAX + 32], buffer[65536];
    ssize_t got;
    int from, to;

    snprintf(place, sizeof place, "%s/%llu", synced, number);
    from = REAL(OpenFunction *, "open")(path, O_RDONLY);
    to = REAL(OpenFunction *, "open")(place, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    while (from >= 0 && to >= 0 && (got = REAL(ReadFunction *, "read")(from, buffer, sizeof buffer)) > 0)
        REAL(WriteFunction *, "write")(to, buffer, (size_t)got);
    close(from);
    close(to);
}

static void keep_names(void)
{
    char place[PATH_MAX + 32], line[PATH_MAX];
    struct dirent *entry;
    DIR *list = opendir(dir);
    int to;

    snprintf(place, sizeof place, "%s/names", synced);
    to = REAL(OpenFunction *, "open")(place, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    while (list && to >= 0 && (entry = readdir(list)) != NULL) {
        int len = snprintf(line, sizeof line, "%llu %s\n", (unsigned long long)entry->d_ino, entry->d_name);

        REAL(WriteFunction *, "write")(to, line, (size_t)len);
    }
    if (list)
        closedir(list);
    close(to);
}

static void keep(int fd, const char *path)
{
    struct stat info;

    if (!*synced || fstat(fd, &info) != 0)
        return;
    if (!S_ISDIR(info.st_mode))
        keep_file(path, (unsigned long long)info.st_ino);
    else if (strcmp(path, dir) == 0)
        keep_names();
}

/* --- the calls ----------------------------------------------------------------------------------------- */

static bool refuse_creation(const char *path, int flags)
{
    return (flags & O_CREAT) && below(path) && now("create", path);
}

static void take_folder_away(const char *path)
{
    static atomic_bool is_away;
    char away[PATH_MAX + 8];

    if (strcmp(kind, "away") != 0 || !below(path))
        return;
    snprintf(away, sizeof away, "%s.away", dir);
    if (atomic_exchange(&is_away, false))
        REAL(RenameFunction *, "rename")(away, dir);
    else if (now("away", path))
        atomic_store(&is_away, REAL(RenameFunction *, "rename")(dir, away) == 0);
}

int open(const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (refuse_creation(path, flags)) {
        errno = EACCES;
        return -1;
    }
    take_folder_away(path);
    return REAL(OpenFunction *, "open")(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open(path, flags, mode);
}

DIR *opendir(const char *path)
{
    take_folder_away(path);
    return REAL(DIR *(*)(const char *), "opendir")(path);
}

int fsync(int fd)
{
    char path[PATH_MAX];
    bool ours = below_fd(fd, path);
    int result;

    if (ours && now("fsync", path)) {
        errno = EIO;
        return -1;
    }
    result = REAL(int (*)(int), "fsync")(fd);
    if (ours && result == 0)
        keep(fd, path);
    return result;
}

int fdatasync(int fd)
{
    return fsync(fd);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    char path[PATH_MAX];

    if (*kind && below_fd(fd, path) && now("write", path)) {
        errno = ENOSPC;
        return -1;
    }
    return REAL(WriteFunction *, "write")(fd, bytes, len);
}

static bool unreadable(int fd)
{
    char path[PATH_MAX];

    return strcmp(kind, "read") == 0 && below_fd(fd, path) && now("read", path);
}

ssize_t read(int fd, void *bytes, size_t len)
{
    if (unreadable(fd)) {
        errno = EIO;
        return -1;
    }
    return REAL(ReadFunction *, "read")(fd, bytes, len);
}

ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
    if (unreadable(fd)) {
        errno = EIO;
        return -1;
    }
    return REAL(PreadFunction *, "pread")(fd, bytes, len, offset);
}

ssize_t pread64(int fd, void *bytes, size_t len, off_t offset)
{
    return pread(fd, bytes, len, offset);
}

static bool held_open(const char *to)
{
    const size_t len = strlen(to);

    if (strcmp(kind, "busy") != 0 || !below(to) || len < 7 || strcmp(to + len - 7, ".backup") != 0)
        return false;
    if (atomic_fetch_add(&seen, 1) >= wanted)
        return false;
    make_mark(to);
    errno = EBUSY;
    return true;
}

int rename(const char *from, const char *to)
{
    RenameFunction *real = REAL(RenameFunction *, "rename");

    if (held_open(to))
        return -1;

    if (below(to) && now("rename", to)) {
        errno = EACCES;
        return -1;
    }
    if (below(to) && strcmp(kind, "renamed") == 0 && now("renamed", to)) {
        real(from, to);
        errno = EIO;
        return -1;
    }
    return real(from, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    Rename2Function *real = REAL(Rename2Function *, "renameat2");

    if (held_open(to))
        return -1;

    if (below(to) && now("rename", to)) {
        errno = EACCES;
        return -1;
    }
    if (below(to) && strcmp(kind, "renamed") == 0 && now("renamed", to)) {
        real(from_dir, from, to_dir, to, flags);
        errno = EIO;
        return -1;
    }
    return real(from_dir, from, to_dir, to, flags);
}

int unlink(const char *path)
{
    if (below(path) && now("unlink", path)) {
        errno = EACCES;
        return -1;
    }
    return REAL(int (*)(const char *), "unlink")(path);
}

time_t time(time_t *place)
{
    time_t moment = REAL(time_t (*)(time_t *), "time")(NULL) + (time_t)clock_shift;

    if (place)
        *place = moment;
    return moment;
}

/* --- memory -------------------------------------------------------------------------------------------- */

static _Thread_local int asking;

/* It allocates by itself and by what it calls. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    int code;

    asking++;
    code = REAL(int (*)(pthread_t, pthread_attr_t *), "pthread_getattr_np")(thread, attributes);
    asking--;
    return code;
}

static bool out_of_memory(const void *caller)
{
    Dl_info info;

    if (!alloc_armed)
        return false;
    if (asking || (dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libcrypto")))
        return false;
    if (atomic_fetch_add(&seen, 1) + 1 != wanted)
        return false;
    alloc_armed = false;
    make_mark("memory");
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    static void *(*real)(size_t);

    if (!real)
        real = REAL(void *(*)(size_t), "malloc");
    return out_of_memory(__builtin_return_address(0)) ? NULL : real(size);
}

void *calloc(size_t count, size_t size)
{
    static void *(*real)(size_t, size_t);

    if (!real)
        real = REAL(void *(*)(size_t, size_t), "calloc");
    return out_of_memory(__builtin_return_address(0)) ? NULL : real(count, size);
}

void *realloc(void *old, size_t size)
{
    static void *(*real)(void *, size_t);

    if (!real)
        real = REAL(void *(*)(void *, size_t), "realloc");
    return out_of_memory(__builtin_return_address(0)) ? NULL : real(old, size);
}
