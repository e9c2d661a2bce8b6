/*
 * wide_win.c: the two strict conversions, their lossy forms, and paths.
 *
 * Windows converts; the flags decide whether it refuses or replaces. The results are sized by a first call,
 * so there is no limit on their length but memory's.
 */
#include "platform/wide.h"

#include <windows.h>

#include <limits.h>
#include <wchar.h>

#include "base/mem.h"

/* CreateDirectoryW takes 248 less a file name of 12; below this every call takes a path as it is. */
#define SHORT_PATH 236u

static bool to_wide(const char *utf8, size_t len, DWORD flags, wchar_t **out)
{
    wchar_t *wide;
    int need = 0;

    if (len > INT_MAX / 2)
        return false;
    if (len > 0) {
        need = MultiByteToWideChar(CP_UTF8, flags, utf8, (int)len, NULL, 0);
        if (need <= 0)
            return false;
    }
    wide = mem_array((size_t)need + 1, sizeof *wide);
    if (need > 0)
        MultiByteToWideChar(CP_UTF8, flags, utf8, (int)len, wide, need);
    *out = wide;
    return true;
}

static bool to_utf8(const wchar_t *wide, size_t len, DWORD flags, char **out)
{
    char *utf8;
    int need = 0;

    if (len > INT_MAX / 4)
        return false;
    if (len > 0) {
        need = WideCharToMultiByte(CP_UTF8, flags, wide, (int)len, NULL, 0, NULL, NULL);
        if (need <= 0)
            return false;
    }
    utf8 = mem_array((size_t)need + 1, 1);
    if (need > 0)
        WideCharToMultiByte(CP_UTF8, flags, wide, (int)len, utf8, need, NULL, NULL);
    *out = utf8;
    return true;
}

wchar_t *wide_from_utf8(const char *utf8)
{
    wchar_t *wide = NULL;

    if (utf8 != NULL && !to_wide(utf8, strlen(utf8), 0, &wide))
        mem_out();
    return wide;
}

char *utf8_from_wide_len(const wchar_t *wide, size_t len)
{
    char *utf8 = NULL;

    if (!to_utf8(wide, len, 0, &utf8))
        mem_out();
    return utf8;
}

char *utf8_from_wide(const wchar_t *wide)
{
    return wide == NULL ? NULL : utf8_from_wide_len(wide, wcslen(wide));
}

bool wide_from_utf8_strict(const char *utf8, wchar_t **out)
{
    return to_wide(utf8, strlen(utf8), MB_ERR_INVALID_CHARS, out);
}

bool utf8_from_wide_strict(const wchar_t *wide, char **out)
{
    return to_utf8(wide, wcslen(wide), WC_ERR_INVALID_CHARS, out);
}

/* The full path, as GetFullPathNameW makes it. NULL when Windows refuses. */
static wchar_t *full_path(const wchar_t *path)
{
    DWORD size = GetFullPathNameW(path, 0, NULL, NULL);

    while (size > 0) {
        wchar_t *full = mem_array(size, sizeof *full);
        DWORD len = GetFullPathNameW(path, size, full, NULL);

        if (len > 0 && len < size)
            return full;
        /* The working directory changed in between; len is the new need. */
        mem_free(full);
        size = len;
    }
    return NULL;
}

static bool has_device_prefix(const wchar_t *path)
{
    return wcsncmp(path, L"\\\\?\\", 4) == 0 || wcsncmp(path, L"\\\\.\\", 4) == 0;
}

static bool make_path(const char *utf8, size_t prefix_from, wchar_t **out, Error *err)
{
    wchar_t *path = NULL;
    wchar_t *full;

    if (utf8[0] == '\0')
        return error_set(err, EK_NOT_FOUND, "the name of a file or folder is empty");
    if (!wide_from_utf8_strict(utf8, &path))
        return error_set(err, EK_IO, "the name of a file or folder is not valid UTF-8");
    for (wchar_t *p = path; *p != L'\0'; p++) {
        if (*p == L'/')
            *p = L'\\';
    }
    if (has_device_prefix(path)) {
        *out = path;
        return true;
    }
    full = full_path(path);
    if (full != NULL && wcslen(full) >= prefix_from && !has_device_prefix(full)) {
        bool share = full[0] == L'\\' && full[1] == L'\\';
        const wchar_t *prefix = share ? L"\\\\?\\UNC\\" : L"\\\\?\\";
        const wchar_t *rest = share ? full + 2 : full;
        size_t prefix_len = wcslen(prefix);
        size_t rest_len = wcslen(rest);

        mem_free(path);
        path = mem_array(prefix_len + rest_len + 1, sizeof *path);
        memcpy(path, prefix, prefix_len * sizeof *path);
        memcpy(path + prefix_len, rest, (rest_len + 1) * sizeof *path);
    }
    mem_free(full);
    *out = path;
    return true;
}

bool wide_path(const char *utf8, wchar_t **out, Error *err)
{
    return make_path(utf8, SHORT_PATH, out, err);
}

bool wide_path_long(const char *utf8, wchar_t **out, Error *err)
{
    return make_path(utf8, 0, out, err);
}

char *utf8_from_wide_path(const wchar_t *wide)
{
    if (wcsncmp(wide, L"\\\\?\\UNC\\", 8) == 0) {
        char *rest = utf8_from_wide(wide + 8);
        char *path = mem_printf("\\\\%s", rest);

        mem_free(rest);
        return path;
    }
    return utf8_from_wide(wcsncmp(wide, L"\\\\?\\", 4) == 0 ? wide + 4 : wide);
}
