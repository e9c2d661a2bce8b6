/*
 * fs_win.c: files.
 *
 * A file keeps its position itself: on Windows a read at an offset (an OVERLAPPED on a synchronous handle)
 * moves the handle's own pointer, so fs_read and fs_write name their offset too, and fs_read_at may be called
 * from any thread. The handle's pointer counts only for a child that gets a duplicate (see fs_child_handle).
 *
 * Readers share everything, so that a log can be read while it is written and a sync client is not in the way.
 * A file that is being made shares reading only: nobody else writes into a backup, and nobody renames or
 * removes it before it is closed.
 *
 * Virus scanners and sync clients open what has just been written, for a moment and without asking. What they
 * get in the way of (a rename, a removal) is tried again for some seconds; so is making a file whose name still belongs
 * to one that was removed while such a program had it open. So is opening a file to read it, but shorter: while a file
 * is replaced by another, its name belongs for a moment to one that is being deleted.
 */
#include "platform/fs.h"

#include <windows.h>

#include <wchar.h>

#include "base/mem.h"
#include "platform/wide.h"
#include "win_private.h"

#define IO_CHUNK (64u * 1024u * 1024u) /* a call's largest piece: a DWORD is not enough for a size_t */
#define RETRY_MS 5000u
#define OPEN_RETRY_MS 1000u /* a file that may not be read at all says the same */
#define RETRY_FIRST_PAUSE_MS 20u
#define RETRY_LONGEST_PAUSE_MS 250u
#define OFFLINE_ATTRIBUTES (FILE_ATTRIBUTE_OFFLINE | 0x00040000ul | 0x00400000ul) /* RECALL_ON_OPEN, _DATA_ACCESS */
#define NAME_SURROGATE_TAG 0x20000000ul /* a reparse point that stands for another name: a link, a junction */

struct FsFile {
    HANDLE handle;
    char *path; /* for messages */
    uint64_t position;
};

struct FsLock {
    HANDLE handle;
};

static bool is_folder(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);

    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/* How much of a path is the drive or the share, with the backslash behind it: "C:\", "\\server\share\". 0: it is
 * relative. */
static size_t root_length(const wchar_t *path)
{
    size_t len = wcsncmp(path, L"\\\\?\\UNC\\", 8) == 0 ? 8 : wcsncmp(path, L"\\\\?\\", 4) == 0 ? 4 : 0;
    bool share = len == 8 || (len == 0 && path[0] == L'\\' && path[1] == L'\\');
    size_t names = share ? 2 : 1;

    if (len == 0 && share)
        len = 2;
    if (!share && (path[len] == L'\0' || path[len + 1] != L':'))
        return 0;
    for (; path[len] != L'\0' && names > 0; len++)
        names -= path[len] == L'\\';
    return len;
}

/* Whether any folder that the name goes through is there, be it only the drive or the share. */
static bool leads_somewhere(const wchar_t *path)
{
    size_t root = root_length(path);
    size_t len = wcslen(path);
    wchar_t *above = mem_array(len + 1, sizeof *above);
    bool found = root == 0; /* then there is the current folder */

    memcpy(above, path, (len + 1) * sizeof *above);
    while (len > root && !found) {
        len--;
        while (len > root && above[len - 1] != L'\\')
            len--;
        above[len] = L'\0'; /* with its backslash: "C:" alone is the folder that is the current one there */
        found = is_folder(above);
    }
    mem_free(above);
    return found;
}

/* "Not there" is a word that settings, the log and the removal of backups are built on. So a share that is gone, a
 * drive that was pulled out, is none of it (errors 15, 53, 67 and what else says so), and errors 2 and 3, which may be
 * said of either, only where what is left of the path answers. A share that was away for a moment is back by now, and
 * then so is the file. */
static bool is_missing(const wchar_t *path, DWORD code)
{
    if (code == ERROR_PATH_NOT_FOUND && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES)
        return false;
    return (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) && leads_somewhere(path);
}

static bool is_held_open(DWORD code)
{
    return code == ERROR_ACCESS_DENIED || code == ERROR_SHARING_VIOLATION || code == ERROR_LOCK_VIOLATION;
}

static ErrorKind kind_of(const wchar_t *path, DWORD code)
{
    return is_missing(path, code) ? EK_NOT_FOUND : EK_IO;
}

/* Waits a little before another try; false when `limit` ms have passed since `start`. */
static bool pause_before_retry(ULONGLONG start, DWORD limit, DWORD *pause)
{
    if (GetTickCount64() - start >= limit)
        return false;
    Sleep(*pause);
    *pause = *pause * 2 > RETRY_LONGEST_PAUSE_MS ? RETRY_LONGEST_PAUSE_MS : *pause * 2;
    return true;
}

static int64_t unix_time(const FILETIME *time)
{
    ULARGE_INTEGER ticks;

    ticks.LowPart = time->dwLowDateTime;
    ticks.HighPart = time->dwHighDateTime;
    return (int64_t)(ticks.QuadPart / 10000000u) - 11644473600ll;
}

static void fill_info(FsInfo *info, DWORD attributes, DWORD size_high, DWORD size_low, const FILETIME *modified)
{
    info->size = (uint64_t)size_high << 32 | size_low;
    info->modified = unix_time(modified);
    info->is_dir = (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    info->is_offline = (attributes & OFFLINE_ATTRIBUTES) != 0;
    info->is_link = false;
    if (info->is_dir)
        info->size = 0;
}

/* --- one file ------------------------------------------------------------------------------------------ */

static FsFile *file_new(HANDLE handle, const char *path)
{
    FsFile *file = mem_alloc(sizeof *file);

    file->handle = handle;
    file->path = mem_strdup(path);
    return file;
}

bool fs_open_read(const char *path, FsFile **out, Error *err)
{
    ULONGLONG start = GetTickCount64();
    DWORD pause = RETRY_FIRST_PAUSE_MS;
    wchar_t *wide = NULL;
    HANDLE handle;
    DWORD code;

    if (!wide_path(path, &wide, err))
        return false;
    for (;;) {
        handle = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                             OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
        code = GetLastError();
        if (handle != INVALID_HANDLE_VALUE || !is_held_open(code) || is_folder(wide) ||
            !pause_before_retry(start, OPEN_RETRY_MS, &pause))
            break;
    }
    if (handle == INVALID_HANDLE_VALUE)
        error_set_os(err, kind_of(wide, code), (long)code, "could not open \"%s\"", path);
    else
        *out = file_new(handle, path);
    mem_free(wide);
    return handle != INVALID_HANDLE_VALUE;
}

/* Whether the name belongs to a file that is removed, but that somebody still has open: it can neither be opened nor
 * made nor looked at, all with the code of a right that lacks. Where it is a right that lacks, there is nothing of that
 * name, or it can be looked at. */
static bool is_being_removed(const wchar_t *path, DWORD code)
{
    return code == ERROR_DELETE_PENDING ||
           (code == ERROR_ACCESS_DENIED && GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES &&
            GetLastError() == ERROR_ACCESS_DENIED);
}

bool fs_create_new(const char *path, FsFile **out, Error *err)
{
    ULONGLONG start = GetTickCount64();
    DWORD pause = RETRY_FIRST_PAUSE_MS;
    wchar_t *wide = NULL;
    HANDLE handle;
    DWORD code;

    if (!wide_path(path, &wide, err))
        return false;
    for (;;) {
        handle = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW,
                             FILE_ATTRIBUTE_NORMAL, NULL);
        code = GetLastError();
        if (handle != INVALID_HANDLE_VALUE || !is_being_removed(wide, code) ||
            !pause_before_retry(start, RETRY_MS, &pause))
            break;
    }
    if (handle == INVALID_HANDLE_VALUE)
        error_set_os(err, kind_of(wide, code), (long)code, "could not create \"%s\"", path);
    else
        *out = file_new(handle, path);
    mem_free(wide);
    return handle != INVALID_HANDLE_VALUE;
}

bool fs_open_append(const char *path, FsFile **out, Error *err)
{
    wchar_t *wide = NULL;
    LARGE_INTEGER end;
    HANDLE handle;
    DWORD code;
    BOOL ok;

    if (!wide_path(path, &wide, err))
        return false;
    handle = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                         FILE_ATTRIBUTE_NORMAL, NULL);
    code = GetLastError();
    ok = handle != INVALID_HANDLE_VALUE;
    if (ok && !GetFileSizeEx(handle, &end)) {
        code = GetLastError();
        CloseHandle(handle);
        ok = FALSE;
    }
    if (ok) {
        *out = file_new(handle, path);
        (*out)->position = (uint64_t)end.QuadPart;
    } else {
        error_set_os(err, kind_of(wide, code), (long)code, "could not open \"%s\"", path);
    }
    mem_free(wide);
    return ok;
}

static OVERLAPPED at_offset(uint64_t offset)
{
    OVERLAPPED at = {0};

    at.Offset = (DWORD)(offset & 0xFFFFFFFFu);
    at.OffsetHigh = (DWORD)(offset >> 32);
    return at;
}

bool fs_read_at(FsFile *file, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    size_t done = 0;

    while (done < len) {
        OVERLAPPED at = at_offset(offset + done);
        DWORD want = len - done > IO_CHUNK ? IO_CHUNK : (DWORD)(len - done);
        DWORD part = 0;

        if (!ReadFile(file->handle, (char *)buf + done, want, &part, &at)) {
            DWORD code = GetLastError();

            if (code == ERROR_HANDLE_EOF)
                break;
            return error_set_os(err, EK_IO, (long)code, "could not read \"%s\"", file->path);
        }
        if (part == 0)
            break;
        done += part;
    }
    *got = done;
    return true;
}

bool fs_read(FsFile *file, void *buf, size_t len, size_t *got, Error *err)
{
    size_t part = 0;

    if (!fs_read_at(file, file->position, buf, len, &part, err))
        return false;
    file->position += part;
    *got = part;
    return true;
}

bool fs_write(FsFile *file, const void *buf, size_t len, Error *err)
{
    size_t done = 0;

    while (done < len) {
        OVERLAPPED at = at_offset(file->position);
        DWORD want = len - done > IO_CHUNK ? IO_CHUNK : (DWORD)(len - done);
        DWORD part = 0;

        if (!WriteFile(file->handle, (const char *)buf + done, want, &part, &at)) {
            DWORD code = GetLastError();

            return error_set_os(err, EK_IO, (long)code, "could not write \"%s\"", file->path);
        }
        if (part == 0)
            return error_set_os(err, EK_IO, ERROR_DISK_FULL, "could not write \"%s\"", file->path);
        done += part;
        file->position += part;
    }
    return true;
}

bool fs_size(FsFile *file, uint64_t *size, Error *err)
{
    LARGE_INTEGER bytes;

    if (!GetFileSizeEx(file->handle, &bytes)) {
        DWORD code = GetLastError();

        return error_set_os(err, EK_IO, (long)code, "could not read the size of \"%s\"", file->path);
    }
    *size = (uint64_t)bytes.QuadPart;
    return true;
}

bool fs_flush(FsFile *file, Error *err)
{
    if (!FlushFileBuffers(file->handle)) {
        DWORD code = GetLastError();

        return error_set_os(err, EK_IO, (long)code, "could not flush \"%s\" to the disk", file->path);
    }
    return true;
}

bool fs_close(FsFile *file, Error *err)
{
    bool ok = true;

    if (file == NULL)
        return true;
    if (!CloseHandle(file->handle)) {
        DWORD code = GetLastError();

        ok = error_set_os(err, EK_IO, (long)code, "could not close \"%s\"", file->path);
    }
    mem_free(file->path);
    mem_free(file);
    return ok;
}

bool fs_child_handle(FsFile *file, bool rewind_first, void **out, Error *err)
{
    HANDLE self = GetCurrentProcess();
    HANDLE copy = NULL;
    LARGE_INTEGER position;

    if (rewind_first)
        file->position = 0;
    position.QuadPart = (LONGLONG)file->position;
    if (!SetFilePointerEx(file->handle, position, NULL, FILE_BEGIN) ||
        !DuplicateHandle(self, file->handle, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS)) {
        DWORD code = GetLastError();

        return error_set_os(err, EK_IO, (long)code, "could not hand \"%s\" to a program", file->path);
    }
    *out = copy;
    return true;
}

void fs_child_done(FsFile *file)
{
    LARGE_INTEGER nowhere = {.QuadPart = 0};
    LARGE_INTEGER position;

    if (SetFilePointerEx(file->handle, nowhere, &position, FILE_CURRENT))
        file->position = (uint64_t)position.QuadPart;
}

/* --- names --------------------------------------------------------------------------------------------- */

bool fs_stat(const char *path, FsInfo *info, Error *err)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    wchar_t *wide = NULL;
    DWORD code = 0;

    if (!wide_path(path, &wide, err))
        return false;
    if (!GetFileAttributesExW(wide, GetFileExInfoStandard, &data))
        code = GetLastError();
    if (code != 0)
        error_set_os(err, kind_of(wide, code), (long)code, "could not look at \"%s\"", path);
    else
        fill_info(info, data.dwFileAttributes, data.nFileSizeHigh, data.nFileSizeLow, &data.ftLastWriteTime);
    mem_free(wide);
    return code == 0;
}

bool fs_exists(const char *path)
{
    FsInfo info;

    return fs_stat(path, &info, NULL);
}

bool fs_remove(const char *path, Error *err)
{
    ULONGLONG start = GetTickCount64();
    DWORD pause = RETRY_FIRST_PAUSE_MS;
    wchar_t *wide = NULL;
    DWORD code = 0;

    if (!wide_path(path, &wide, err))
        return false;
    for (;;) {
        code = DeleteFileW(wide) ? 0 : GetLastError();
        if (!is_held_open(code) || is_folder(wide) || !pause_before_retry(start, RETRY_MS, &pause))
            break;
    }
    if (is_missing(wide, code))
        code = 0;
    mem_free(wide);
    return code == 0 || error_set_os(err, EK_IO, (long)code, "could not remove \"%s\"", path);
}

bool fs_rename(const char *from, const char *to, bool replace, Error *err)
{
    DWORD flags = MOVEFILE_WRITE_THROUGH | (replace ? MOVEFILE_REPLACE_EXISTING : 0);
    ULONGLONG start = GetTickCount64();
    DWORD pause = RETRY_FIRST_PAUSE_MS;
    wchar_t *wide_from = NULL;
    wchar_t *wide_to = NULL;
    DWORD code = 0;
    bool ok = false;

    if (!wide_path(from, &wide_from, err) || !wide_path(to, &wide_to, err))
        goto out;
    for (;;) {
        code = MoveFileExW(wide_from, wide_to, flags) ? 0 : GetLastError();
        if (!is_held_open(code) || !pause_before_retry(start, RETRY_MS, &pause))
            break;
    }
    ok = code == 0;
    if (!ok)
        error_set_os(err, kind_of(wide_from, code), (long)code, "could not rename \"%s\" to \"%s\"", from, to);
    if (is_held_open(code))
        error_hint(err, "Another program, such as a virus scanner or a sync client, holds the file open, or you "
                        "may not write in this folder. Close that program and try again.");
out:
    mem_free(wide_from);
    mem_free(wide_to);
    return ok;
}

bool fs_dir_may_write(const char *dir, Error *err)
{
    wchar_t *wide = NULL;
    HANDLE handle;
    DWORD code;

    if (!wide_path(dir, &wide, err))
        return false;
    handle = CreateFileW(wide, FILE_ADD_FILE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                         OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    code = GetLastError();
    if (handle == INVALID_HANDLE_VALUE)
        error_set_os(err, kind_of(wide, code), (long)code, "\"%s\" may not be written to", dir);
    else
        CloseHandle(handle);
    mem_free(wide);
    return handle != INVALID_HANDLE_VALUE;
}

bool fs_is_held(const Error *err)
{
    return err->os_code >= 0 && is_held_open((DWORD)err->os_code);
}

bool fs_make_dirs(const char *path, Error *err)
{
    wchar_t *wide = NULL;
    DWORD code = 0;
    bool ok;

    if (!wide_path(path, &wide, err))
        return false;
    /* Each parent in turn. What cannot be a folder of its own (\\, a share, a drive) fails and is passed over:
     * only the last one counts, and why that failed. */
    ok = is_folder(wide);
    for (wchar_t *p = wide + 1; !ok; p++) {
        wchar_t end = *p;

        if (end != L'\\' && end != L'\0')
            continue;
        *p = L'\0';
        if (!is_folder(wide) && !CreateDirectoryW(wide, NULL))
            code = GetLastError();
        *p = end;
        if (end == L'\0')
            break;
    }
    ok = ok || is_folder(wide);
    mem_free(wide);
    if (!ok)
        error_set_os(err, EK_IO, (long)code, "could not make the folder \"%s\"", path);
    return ok;
}

/* The paths of entries below a folder, in wide form: dir + "\" + name. Caller frees. */
static wchar_t *wide_join(const wchar_t *dir, const wchar_t *name)
{
    size_t dir_len = wcslen(dir);
    size_t name_len = wcslen(name);
    wchar_t *path;

    if (dir_len > 0 && dir[dir_len - 1] == L'\\')
        dir_len--;
    path = mem_array(dir_len + name_len + 2, sizeof *path);
    memcpy(path, dir, dir_len * sizeof *path);
    path[dir_len] = L'\\';
    memcpy(path + dir_len + 1, name, (name_len + 1) * sizeof *path);
    return path;
}

static bool is_dot_name(const wchar_t *name)
{
    return wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0;
}

/* 0, or why the folder could not be removed. A file that a scanner still holds keeps its name until it is let
 * go, and its folder cannot be removed until then. */
static DWORD remove_empty_dir(const wchar_t *path, ULONGLONG start)
{
    DWORD pause = RETRY_FIRST_PAUSE_MS;

    for (;;) {
        DWORD code = RemoveDirectoryW(path) ? 0 : GetLastError();

        if (code == 0 || is_missing(path, code))
            return 0;
        if ((code != ERROR_DIR_NOT_EMPTY && !is_held_open(code)) || !pause_before_retry(start, RETRY_MS, &pause))
            return code;
    }
}

static DWORD delete_file(const wchar_t *path, ULONGLONG start)
{
    DWORD pause = RETRY_FIRST_PAUSE_MS;

    for (;;) {
        DWORD code = DeleteFileW(path) ? 0 : GetLastError();

        if (code == 0 || is_missing(path, code))
            return 0;
        if (!is_held_open(code) || !pause_before_retry(start, RETRY_MS, &pause))
            return code;
    }
}

static bool is_link(const WIN32_FIND_DATAW *found)
{
    return (found->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
           (found->dwReserved0 & NAME_SURROGATE_TAG) != 0;
}

static HANDLE find_first(const wchar_t *dir, WIN32_FIND_DATAW *found)
{
    wchar_t *pattern = wide_join(dir, L"*");
    HANDLE find = FindFirstFileExW(pattern, FindExInfoBasic, found, FindExSearchNameMatch, NULL, 0);
    DWORD code = GetLastError();

    mem_free(pattern);
    SetLastError(code);
    return find;
}

/* `wide` has the \\?\ prefix, so that what lies below it may have any length. */
static DWORD remove_tree(const wchar_t *wide, ULONGLONG start)
{
    WIN32_FIND_DATAW found;
    HANDLE find = find_first(wide, &found);
    DWORD code = 0;

    if (find == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        return is_missing(wide, code) ? 0 : code;
    }
    do {
        wchar_t *path;

        if (is_dot_name(found.cFileName))
            continue;
        path = wide_join(wide, found.cFileName);
        if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
            code = delete_file(path, start);
        else if (is_link(&found))
            code = remove_empty_dir(path, start);
        else
            code = remove_tree(path, start);
        mem_free(path);
    } while (code == 0 && FindNextFileW(find, &found));
    FindClose(find);
    return code != 0 ? code : remove_empty_dir(wide, start);
}

bool fs_remove_tree(const char *path, Error *err)
{
    WIN32_FIND_DATAW found;
    wchar_t *wide = NULL;
    HANDLE find;
    DWORD code;

    if (!wide_path_long(path, &wide, err))
        return false;
    /* What the name itself is: a link to a folder is removed, not what it leads to. */
    find = FindFirstFileW(wide, &found);
    if (find == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        if (is_missing(wide, code))
            code = 0;
    } else {
        FindClose(find);
        if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
            code = delete_file(wide, GetTickCount64());
        else if (is_link(&found))
            code = remove_empty_dir(wide, GetTickCount64());
        else
            code = remove_tree(wide, GetTickCount64());
    }
    mem_free(wide);
    if (code != 0)
        return error_set_os(err, EK_IO, (long)code, "could not remove \"%s\"", path);
    return true;
}

bool fs_free_space(const char *dir, uint64_t *bytes, Error *err)
{
    ULARGE_INTEGER available;
    wchar_t *wide = NULL, *named;
    DWORD code = 0;

    if (!wide_path(dir, &wide, err))
        return false;
    named = wide_join(wide, L""); /* a UNC name must end in a backslash here */
    if (!GetDiskFreeSpaceExW(named, &available, NULL, NULL))
        code = GetLastError();
    mem_free(named);
    if (code != 0)
        error_set_os(err, kind_of(wide, code), (long)code, "could not read the free space of \"%s\"", dir);
    else
        *bytes = available.QuadPart;
    mem_free(wide);
    return code == 0;
}

bool fs_list(const char *dir, bool (*visit)(void *context, const char *name, const FsInfo *info), void *context,
             Error *err)
{
    WIN32_FIND_DATAW found;
    wchar_t *wide = NULL;
    HANDLE find;
    DWORD code = 0;
    bool more = true;

    if (!wide_path_long(dir, &wide, err))
        return false;
    find = find_first(wide, &found);
    if (find == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        /* The root of an empty drive has no entries at all, not even ".". */
        if (code == ERROR_FILE_NOT_FOUND && is_folder(wide))
            code = 0;
        more = false;
    }
    while (more) {
        char *name = NULL;

        /* A name with half a surrogate pair cannot be one of ours, nor be shown or written to JSON. */
        if (!is_dot_name(found.cFileName) && utf8_from_wide_strict(found.cFileName, &name)) {
            FsInfo info;

            fill_info(&info, found.dwFileAttributes, found.nFileSizeHigh, found.nFileSizeLow,
                      &found.ftLastWriteTime);
            info.is_link = is_link(&found);
            more = visit(context, name, &info);
            mem_free(name);
        }
        if (more && !FindNextFileW(find, &found)) {
            code = GetLastError();
            more = false;
            if (code == ERROR_NO_MORE_FILES)
                code = 0;
        }
    }
    if (find != INVALID_HANDLE_VALUE)
        FindClose(find);
    if (code != 0)
        error_set_os(err, kind_of(wide, code), (long)code, "could not list the folder \"%s\"", dir);
    mem_free(wide);
    return code == 0;
}

/* --- locks --------------------------------------------------------------------------------------------- */

/* The lock file, shared with others or for us alone. Its content stays readable where it is shared. Never shared for
 * deletion: a second file of the same name could be locked beside a deleted one. */
static HANDLE open_lock_file(const wchar_t *path, DWORD share, DWORD *code)
{
    ULONGLONG start = GetTickCount64();
    DWORD pause = RETRY_FIRST_PAUSE_MS;

    for (;;) {
        HANDLE handle = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, share, NULL, OPEN_ALWAYS,
                                    FILE_ATTRIBUTE_NORMAL, NULL);

        *code = handle == INVALID_HANDLE_VALUE ? GetLastError() : 0;
        if (*code != ERROR_SHARING_VIOLATION || !pause_before_retry(start, OPEN_RETRY_MS, &pause))
            return handle;
    }
}

/* A lock on a byte far beyond the content: locks are mandatory here. */
static HANDLE lock_by_byte(const wchar_t *path, DWORD *code)
{
    OVERLAPPED at = at_offset((uint64_t)1 << 62);
    HANDLE handle = open_lock_file(path, FILE_SHARE_READ | FILE_SHARE_WRITE, code);

    if (handle != INVALID_HANDLE_VALUE &&
        !LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)) {
        *code = GetLastError();
        CloseHandle(handle);
        return INVALID_HANDLE_VALUE;
    }
    return handle;
}

/* Takes the handle and the name. */
static bool finish_lock(HANDLE handle, DWORD code, const char *path, wchar_t *wide, FsLock **out, Error *err)
{
    const ErrorKind kind = handle == INVALID_HANDLE_VALUE ? kind_of(wide, code) : EK_NONE;

    mem_free(wide);
    if (handle == INVALID_HANDLE_VALUE) {
        if (code == ERROR_LOCK_VIOLATION || code == ERROR_IO_PENDING || code == ERROR_SHARING_VIOLATION)
            return error_set(err, EK_BUSY, "\"%s\" is locked by another job", path);
        return error_set_os(err, kind, (long)code, "could not lock \"%s\"", path);
    }
    *out = mem_alloc(sizeof **out);
    (*out)->handle = handle;
    return true;
}

bool fs_lock_alone(const char *path, FsLock **out, Error *err)
{
    wchar_t *wide = NULL;
    HANDLE handle;
    DWORD code;

    if (!wide_path(path, &wide, err))
        return false;
    handle = open_lock_file(wide, 0, &code);
    return finish_lock(handle, code, path, wide, out, err);
}

bool fs_lock(const char *path, FsLock **out, Error *err)
{
    wchar_t *wide = NULL;
    HANDLE handle;
    DWORD code;

    if (!wide_path(path, &wide, err))
        return false;
    handle = lock_by_byte(wide, &code);
    if (handle == INVALID_HANDLE_VALUE &&
        (code == ERROR_NOT_SUPPORTED || code == ERROR_INVALID_FUNCTION || code == ERROR_CALL_NOT_IMPLEMENTED)) {
        mem_free(wide);
        return fs_lock_alone(path, out, err);
    }
    return finish_lock(handle, code, path, wide, out, err);
}

void fs_unlock(FsLock *lock)
{
    if (lock == NULL)
        return;
    CloseHandle(lock->handle);
    mem_free(lock);
}
