/*
 * Files on POSIX. A name is made to last by fsync of its folder; a lock is flock(2) on an open file of its own,
 * which the kernel drops however its holder ends, and which also keeps out a second one in the same process.
 */
#include "platform/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf.h"
#include "posix_private.h"

struct FsFile {
    int fd;
    char *path; /* for messages */
};

struct FsLock {
    int fd;
};

static ErrorKind kind_of(int code)
{
    return code == ENOENT || code == ENOTDIR ? EK_NOT_FOUND : EK_IO;
}

static bool open_file(const char *path, int flags, const char *verb, FsFile **out, Error *err)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, 0600);
    } while (fd < 0 && errno == EINTR);
    int code = errno;
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        fd = -1;
        code = EISDIR;
    }
    if (fd < 0) {
        return error_set_os(err, kind_of(code), code, "could not %s \"%s\"", verb, path);
    }
    FsFile *file = mem_alloc(sizeof *file);
    file->fd = fd;
    file->path = mem_strdup(path);
    *out = file;
    return true;
}

bool fs_open_read(const char *path, FsFile **out, Error *err)
{
    return open_file(path, O_RDONLY, "open", out, err);
}

bool fs_create_new(const char *path, FsFile **out, Error *err)
{
    return open_file(path, O_RDWR | O_CREAT | O_EXCL, "create", out, err);
}

bool fs_open_append(const char *path, FsFile **out, Error *err)
{
    return open_file(path, O_RDWR | O_APPEND, "open", out, err);
}

int fs_file_fd(const FsFile *file)
{
    return file->fd;
}

bool fs_read(FsFile *file, void *buf, size_t len, size_t *got, Error *err)
{
    ssize_t n;
    do {
        n = read(file->fd, buf, len < SSIZE_MAX ? len : SSIZE_MAX);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return error_set_os(err, EK_IO, errno, "could not read \"%s\"", file->path);
    }
    *got = (size_t)n;
    return true;
}

bool fs_read_at(FsFile *file, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    if (offset > INT64_MAX) {
        return error_set_os(err, EK_IO, EOVERFLOW, "could not read \"%s\"", file->path);
    }
    ssize_t n;
    do {
        n = pread(file->fd, buf, len < SSIZE_MAX ? len : SSIZE_MAX, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return error_set_os(err, EK_IO, errno, "could not read \"%s\"", file->path);
    }
    *got = (size_t)n;
    return true;
}

bool fs_write(FsFile *file, const void *buf, size_t len, Error *err)
{
    const char *bytes = buf;
    while (len > 0) {
        ssize_t n = write(file->fd, bytes, len < SSIZE_MAX ? len : SSIZE_MAX);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return error_set_os(err, EK_IO, errno, "could not write \"%s\"", file->path);
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

bool fs_size(FsFile *file, uint64_t *size, Error *err)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0) {
        return error_set_os(err, EK_IO, errno, "could not read the size of \"%s\"", file->path);
    }
    *size = (uint64_t)st.st_size;
    return true;
}

bool fs_flush(FsFile *file, Error *err)
{
    int result;
    do {
        result = fsync(file->fd);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        return error_set_os(err, EK_IO, errno, "could not flush \"%s\" to the disk", file->path);
    }
    return true;
}

bool fs_close(FsFile *file, Error *err)
{
    if (!file) {
        return true;
    }
    bool ok = true;
    /* After EINTR the descriptor is gone on Linux: a second close could hit another thread's file. */
    if (close(file->fd) != 0 && errno != EINTR) {
        ok = error_set_os(err, EK_IO, errno, "could not close \"%s\"", file->path);
    }
    mem_free(file->path);
    mem_free(file);
    return ok;
}

static FsInfo info_of(const struct stat *st)
{
    return (FsInfo){.size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
                    .modified = (int64_t)st->st_mtime,
                    .is_dir = S_ISDIR(st->st_mode),
                    .is_offline = false};
}

bool fs_stat(const char *path, FsInfo *info, Error *err)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        int code = errno;
        return error_set_os(err, kind_of(code), code, "could not look at \"%s\"", path);
    }
    *info = info_of(&st);
    return true;
}

bool fs_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool fs_remove(const char *path, Error *err)
{
    if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR) {
        return error_set_os(err, EK_IO, errno, "could not remove \"%s\"", path);
    }
    return true;
}

/* Makes a rename last. It has happened by now, so a failure here is not the rename's: after a power cut the folder
 * has the old or the new name, and either is whole. */
static void flush_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static int rename_no_replace(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    /* A file system without RENAME_NOREPLACE: link fails where the name is taken. */
    if (link(from, to) != 0) {
        return errno;
    }
    int code = unlink(from) == 0 ? 0 : errno;
    if (code != 0) {
        unlink(to);
    }
    return code;
}

bool fs_rename(const char *from, const char *to, bool replace, Error *err)
{
    int code = replace ? (rename(from, to) == 0 ? 0 : errno) : rename_no_replace(from, to);
    if (code != 0) {
        return error_set_os(err, kind_of(code), code, "could not rename \"%s\" to \"%s\"", from, to);
    }
    char *dir = fs_dir_name(to);
    flush_dir(dir);
    mem_free(dir);
    return true;
}

void fs_take_rights(const char *from, const char *to)
{
    struct stat st;
    if (stat(from, &st) == 0 && chmod(to, st.st_mode & 07777) != 0) {
        return; /* then it is as private as a new one */
    }
}

bool fs_make_private_dir(const char *path, Error *err)
{
    char *parent = fs_dir_name(path);
    bool ok = fs_make_dirs(parent, err);
    mem_free(parent);
    if (ok && mkdir(path, 0700) != 0 && errno != EEXIST) {
        ok = error_set_os(err, EK_IO, errno, "could not make the folder \"%s\"", path);
    }
    return ok;
}

bool fs_dir_is_ours(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
}

bool fs_dir_may_write(const char *dir, Error *err)
{
    return access(dir, W_OK | X_OK) == 0 ||
           error_set_os(err, kind_of(errno), errno, "\"%s\" may not be written to", dir);
}

bool fs_is_held(const Error *err)
{
    return err->os_code == EBUSY || err->os_code == ETXTBSY;
}

bool fs_make_dirs(const char *path, Error *err)
{
    char *partial = mem_strdup(path);
    bool ok = true;
    for (size_t i = 1; ok && partial[0]; i++) {
        char c = partial[i];
        if (c != '/' && c != '\0') {
            continue;
        }
        partial[i] = '\0';
        struct stat st;
        if (mkdir(partial, 0777) != 0) {
            int code = errno;
            /* Asked only now: another program may make the same folder at the same time. */
            if (stat(partial, &st) != 0 || !S_ISDIR(st.st_mode)) {
                ok = error_set_os(err, EK_IO, code, "could not make the folder \"%s\"", partial);
            }
        }
        partial[i] = c;
        if (c == '\0') {
            break;
        }
    }
    mem_free(partial);
    return ok;
}

/* Works relative to open folders, so that no link put in the way meanwhile is followed. */
static bool remove_entry(int parent, const char *name, const char *path, Error *err)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return true;
    }
    int code = errno;
    if (code != EISDIR && code != EPERM) {
        return error_set_os(err, EK_IO, code, "could not remove \"%s\"", path);
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        code = errno;
        if (fd >= 0) {
            close(fd);
        }
        return error_set_os(err, EK_IO, code, "could not remove the folder \"%s\"", path);
    }
    bool ok = true;
    struct dirent *entry;
    while (ok && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char *below = fs_join(path, entry->d_name);
            ok = remove_entry(dirfd(dir), entry->d_name, below, err);
            mem_free(below);
        }
    }
    closedir(dir);
    if (ok && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        ok = error_set_os(err, EK_IO, errno, "could not remove the folder \"%s\"", path);
    }
    return ok;
}

bool fs_remove_tree(const char *path, Error *err)
{
    return remove_entry(AT_FDCWD, path, path, err);
}

bool fs_free_space(const char *dir, uint64_t *bytes, Error *err)
{
    struct statvfs st;
    if (statvfs(dir, &st) != 0) {
        int code = errno;
        return error_set_os(err, kind_of(code), code, "could not read the free space of \"%s\"", dir);
    }
    *bytes = (uint64_t)st.f_bavail * (uint64_t)st.f_frsize;
    return true;
}

bool fs_list(const char *path, bool (*visit)(void *context, const char *name, const FsInfo *info), void *context,
             Error *err)
{
    DIR *dir = opendir(path);
    if (!dir) {
        int code = errno;
        return error_set_os(err, kind_of(code), code, "could not list the folder \"%s\"", path);
    }
    bool ok = true;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry) {
            if (errno != 0) {
                ok = error_set_os(err, EK_IO, errno, "could not list the folder \"%s\"", path);
            }
            break;
        }
        const char *name = entry->d_name;
        /* A name that is not UTF-8 cannot be one of ours, nor be shown or written to JSON. */
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !utf8_valid(name, strlen(name))) {
            continue;
        }
        struct stat st, beyond;
        if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue; /* gone meanwhile */
        }
        const bool is_link = S_ISLNK(st.st_mode);
        FsInfo info = info_of(is_link && fstatat(dirfd(dir), name, &beyond, 0) == 0 ? &beyond : &st);
        info.is_link = is_link;
        if (!visit(context, name, &info)) {
            break;
        }
    }
    closedir(dir);
    return ok;
}

bool fs_lock(const char *path, FsLock **out, Error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        int code = errno;
        return error_set_os(err, kind_of(code), code, "could not open \"%s\"", path);
    }
    int result;
    do {
        result = flock(fd, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        int code = errno;
        close(fd);
        if (code == EWOULDBLOCK) {
            return error_set(err, EK_BUSY, "\"%s\" is locked by another job", path);
        }
        return error_set_os(err, EK_IO, code, "could not lock \"%s\"", path);
    }
    FsLock *lock = mem_alloc(sizeof *lock);
    lock->fd = fd;
    *out = lock;
    return true;
}

void fs_unlock(FsLock *lock)
{
    if (lock) {
        close(lock->fd);
        mem_free(lock);
    }
}
