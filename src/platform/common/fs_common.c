#include "platform/fs.h"

#include "base/mem.h"
#include "platform/machine.h"

#ifdef _WIN32
#define SEPARATOR '\\'
#else
#define SEPARATOR '/'
#endif

static bool is_separator(char c)
{
    return c == '/' || c == SEPARATOR;
}

bool fs_read_all(const char *path, size_t max, StrBuf *sb, Error *err)
{
    FsFile *file = NULL;
    bool ok = false;
    size_t before = sb->len;
    if (!fs_open_read(path, &file, err)) {
        goto out;
    }
    char buf[16384];
    for (;;) {
        size_t got = 0;
        if (!fs_read(file, buf, sizeof buf, &got, err)) {
            goto out;
        }
        if (got == 0) {
            break;
        }
        if (got > max - (sb->len - before) || !strbuf_add(sb, buf, got)) {
            error_set(err, EK_DAMAGED, "\"%s\" is larger than such a file can be", path);
            error_detail(err, "the limit is %zu bytes", max);
            goto out;
        }
    }
    ok = true;
out:
    fs_close(file, NULL);
    if (!ok) {
        strbuf_setlen(sb, before);
    }
    return ok;
}

/* Eight hex digits that no other writer picks at the same time. */
static bool random_suffix(char hex[9], Error *err)
{
    unsigned char bytes[4];
    if (!machine_random(bytes, sizeof bytes)) {
        return error_set(err, EK_INTERNAL, "the system gave no random bytes");
    }
    snprintf(hex, 9, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
    return true;
}

bool fs_write_atomic(const char *path, const void *bytes, size_t len, Error *err)
{
    char hex[9];
    if (!random_suffix(hex, err)) {
        return false;
    }
    char *temp = mem_printf("%s.tmp-%s", path, hex);
    FsFile *file = NULL;
    bool ok = false;
    bool made = false;
    if (!fs_create_new(temp, &file, err)) {
        goto out;
    }
    made = true;
    fs_take_rights(path, temp);
    if (!fs_write(file, bytes, len, err) || !fs_flush(file, err)) {
        goto out;
    }
    bool closed = fs_close(file, err);
    file = NULL;
    if (!closed || !fs_rename(temp, path, true, err)) {
        goto out;
    }
    ok = true;
out:
    fs_close(file, NULL);
    if (!ok && made) {
        fs_remove(temp, NULL);
    }
    mem_free(temp);
    return ok;
}

bool fs_dir_writable(const char *dir, Error *err)
{
    char hex[9];
    if (!random_suffix(hex, err)) {
        return false;
    }
    char *name = mem_printf("cmms-write-test.tmp-%s", hex);
    char *path = fs_join(dir, name);
    mem_free(name);
    FsFile *file = NULL;
    Error cause = ERROR_INIT;
    bool made = fs_create_new(path, &file, &cause);
    bool ok = made && fs_close(file, &cause) && fs_remove(path, &cause);
    if (!ok) {
        error_set(err, cause.kind, "the folder \"%s\" cannot be written to", dir);
        if (err) {
            err->os_code = cause.os_code;
            error_detail(err, "%s", cause.detail ? cause.detail : cause.message);
        }
        if (made) {
            fs_remove(path, NULL);
        }
    }
    error_clear(&cause);
    mem_free(path);
    return ok;
}

char *fs_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);
    if (len == 0) {
        return mem_strdup(name);
    }
#ifdef _WIN32
    bool open_end = is_separator(dir[len - 1]) || dir[len - 1] == ':';
#else
    bool open_end = is_separator(dir[len - 1]);
#endif
    return open_end ? mem_printf("%s%s", dir, name) : mem_printf("%s%c%s", dir, SEPARATOR, name);
}

const char *fs_base_name(const char *path)
{
    const char *base = path;
    for (const char *p = path; *p; p++) {
        if (is_separator(*p)) {
            base = p + 1;
        }
    }
#ifdef _WIN32
    if (base == path && path[0] && path[1] == ':') {
        base = path + 2;
    }
#endif
    return base;
}

char *fs_dir_name(const char *path)
{
    size_t len = (size_t)(fs_base_name(path) - path);
    if (len == 0) {
        return mem_strdup(".");
    }
    /* The separator goes, unless it is what makes the path a root: "/x", "C:\x". */
    size_t root = 1;
#ifdef _WIN32
    if (path[1] == ':') {
        root = len > 2 ? 3 : 2;
    }
#endif
    while (len > root && is_separator(path[len - 1])) {
        len--;
    }
    return mem_strndup(path, len);
}
