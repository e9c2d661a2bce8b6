/*
 * fault: preloaded into the native console program, it makes the Nth call of one kind fail, for files below
 * FAULT_DIR: FAULT="fsync:3" (EIO), "write:5" (ENOSPC), "rename:1", "unlink:1" (EACCES), "renamed:1" (EIO,
 * although it was done, as on a share that is lost just then); "kill:7": at the Nth of any of them the process is
 * killed, before the call. FAULT_MARK is a file that is made
 * when the fault fired and names the file, so that a loop over N knows when it has tried them all. Children do not
 * inherit it: the
 * first thing it does is to take itself out of the environment.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char kind[16];
static char dir[PATH_MAX];
static char mark[PATH_MAX];
static int wanted;
static atomic_int seen;

__attribute__((constructor)) static void set_up(void)
{
    const char *fault = getenv("FAULT");
    const char *colon = fault ? strchr(fault, ':') : NULL;

    if (colon && getenv("FAULT_DIR") && getenv("FAULT_MARK")) {
        snprintf(kind, sizeof kind, "%.*s", (int)(colon - fault), fault);
        wanted = (int)strtol(colon + 1, NULL, 10);
        snprintf(dir, sizeof dir, "%s", getenv("FAULT_DIR"));
        snprintf(mark, sizeof mark, "%s", getenv("FAULT_MARK"));
    }
    unsetenv("LD_PRELOAD");
}

static int below(const char *path)
{
    return strncmp(path, dir, strlen(dir)) == 0;
}

static int below_fd(int fd, char *path)
{
    char link[64];
    ssize_t len;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, PATH_MAX - 1);
    if (len <= 0)
        return 0;
    path[len] = 0;
    return below(path);
}

static int now(const char *what, const char *path)
{
    int fd;

    int deadly = strcmp(kind, "kill") == 0;

    if ((!deadly && strcmp(kind, what) != 0) || atomic_fetch_add(&seen, 1) + 1 != wanted)
        return 0;
    fd = open(mark, O_CREAT | O_WRONLY, 0600);
    if (fd >= 0) {
        dprintf(fd, "%s", path);
        close(fd);
    }
    if (deadly)
        raise(SIGKILL);
    return 1;
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    char path[PATH_MAX];

    if (below_fd(fd, path) && now("fsync", path)) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int fdatasync(int fd)
{
    return fsync(fd);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t (*real)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    char path[PATH_MAX];

    if (*kind && below_fd(fd, path) && now("write", path)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, bytes, len);
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");

    if (below(to) && now("rename", to)) {
        errno = EACCES;
        return -1;
    }
    if (below(to) && now("renamed", to)) {
        real(from, to);
        errno = EIO;
        return -1;
    }
    return real(from, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    int (*real)(int, const char *, int, const char *, unsigned) =
        (int (*)(int, const char *, int, const char *, unsigned))dlsym(RTLD_NEXT, "renameat2");

    if (below(to) && now("rename", to)) {
        errno = EACCES;
        return -1;
    }
    if (below(to) && now("renamed", to)) {
        real(from_dir, from, to_dir, to, flags);
        errno = EIO;
        return -1;
    }
    return real(from_dir, from, to_dir, to, flags);
}

int unlink(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");

    if (below(path) && now("unlink", path)) {
        errno = EACCES;
        return -1;
    }
    return real(path);
}
