#include "platform/machine.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/fs.h"

/* What the user database says of this user: its name or home. */
static char *passwd_text(bool want_home)
{
    struct passwd entry;
    struct passwd *found = NULL;
    size_t size = 4096;
    char *buf = mem_alloc(size);
    int code;
    while ((code = getpwuid_r(geteuid(), &entry, buf, size, &found)) == ERANGE && size < 1024 * 1024) {
        size *= 2;
        buf = mem_resize(buf, size, 1);
    }
    char *text = code == 0 && found ? mem_strdup(want_home ? entry.pw_dir : entry.pw_name) : NULL;
    mem_free(buf);
    return text;
}

char *machine_getenv(const char *name)
{
    const char *value = getenv(name);
    return value && utf8_valid(value, strlen(value)) ? mem_strdup(value) : NULL;
}

/* Its built-in folder is the administrator's. */
void machine_restrict_openssl(void)
{
    static const char *const names[] = {"OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_MODULES", "OPENSSL_ENGINES",
                                        "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
}

bool machine_guards_documents(void)
{
    return false;
}

void machine_unsetenv(const char *name)
{
    unsetenv(name);
}

/* A variable that names a folder: set, and absolute. */
static char *dir_from_env(const char *name)
{
    char *value = machine_getenv(name);
    if (value && value[0] != '/') {
        mem_free(value);
        value = NULL;
    }
    return value;
}

char *machine_home_dir(void)
{
    char *home = dir_from_env("HOME");
    return home ? home : passwd_text(true);
}

/* A folder below home; NULL where there is no home. */
static char *below_home(const char *name)
{
    char *home = machine_home_dir();
    char *dir = home ? fs_join(home, name) : NULL;
    mem_free(home);
    return dir;
}

char *machine_documents_dir(void)
{
    return below_home("Documents");
}

char *machine_temp_dir(void)
{
    char *dir = dir_from_env("TMPDIR");
    return dir ? dir : mem_strdup("/tmp");
}

char *machine_program_path(void)
{
    for (size_t size = 256; size <= 1024 * 1024; size *= 2) {
        char *path = mem_alloc(size);
        ssize_t len = readlink("/proc/self/exe", path, size);
        if (len > 0 && (size_t)len < size) {
            return path; /* the memory was zeroed: it ends in NUL */
        }
        mem_free(path);
        if (len <= 0) {
            break;
        }
    }
    return NULL;
}

char *machine_program_dir(void)
{
    char *path = machine_program_path();
    char *dir = path ? fs_dir_name(path) : NULL;
    mem_free(path);
    return dir;
}

char *machine_local_data_dir(void)
{
    char *dir = dir_from_env("CMMS_BACKUP_DATA");
    if (!dir) {
        char *base = dir_from_env("XDG_DATA_HOME");
        base = base ? base : below_home(".local/share");
        dir = base ? fs_join(base, "ait-cmms-backup") : NULL;
        mem_free(base);
    }
    if (dir && !fs_make_dirs(dir, NULL)) {
        mem_free(dir);
        dir = NULL;
    }
    return dir;
}

char *machine_user_name(void)
{
    char *name = passwd_text(false);
    return name ? name : machine_getenv("USER");
}

char *machine_host_name(void)
{
    char name[256] = "";
    return gethostname(name, sizeof name - 1) == 0 && name[0] ? mem_strdup(name) : NULL;
}

char *machine_os_text(void)
{
    struct utsname name;
    return uname(&name) == 0 ? mem_printf("%s %s", name.sysname, name.release) : NULL;
}

bool machine_random(void *bytes, size_t len)
{
    unsigned char *p = bytes;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Debian's /usr/lib/postgresql/<major>/bin, the newest first. */
void machine_visit_tool_dirs(bool (*visit)(void *context, const char *dir), void *context)
{
    long last = 1000;
    for (;;) {
        DIR *dir = opendir("/usr/lib/postgresql");
        if (!dir) {
            return;
        }
        long best = -1;
        const struct dirent *entry;
        while ((entry = readdir(dir)) != NULL) {
            char *end;
            long major = strtol(entry->d_name, &end, 10);
            if (*end == '\0' && major > best && major < last) {
                best = major;
            }
        }
        closedir(dir);
        if (best < 0) {
            return;
        }
        char *path = mem_printf("/usr/lib/postgresql/%ld/bin", best);
        bool more = visit(context, path);
        mem_free(path);
        if (!more) {
            return;
        }
        last = best;
    }
}

bool machine_secret_load(const char *target, struct Secret *secret)
{
    (void)target;
    (void)secret;
    return false;
}

bool machine_secret_save(const char *target, const struct Secret *secret, struct Error *err)
{
    (void)target;
    (void)secret;
    error_set(err, EK_SETTINGS, "this system has no store for passwords");
    return error_hint(err, "Give the password with PGPASSWORD or a .pgpass file.");
}

bool machine_secret_delete(const char *target, struct Error *err)
{
    (void)target;
    return error_set(err, EK_SETTINGS, "this system has no store for passwords");
}

bool machine_seal(const Secret *secret, StrBuf *sealed, Error *err)
{
    return strbuf_add(sealed, secret->bytes == NULL ? "" : secret->bytes, secret->len) ||
           error_set(err, EK_SETTINGS, "a secret is too long to be kept");
}

bool machine_unseal(const void *sealed, size_t len, Secret *secret)
{
    secret_set(secret, sealed, len);
    return true;
}

void secret_wipe(void *memory, size_t len)
{
    if (len > 0) {
        explicit_bzero(memory, len);
    }
}
