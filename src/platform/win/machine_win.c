/*
 * machine_win.c: what Windows knows of the user and the PC, where PostgreSQL's tools may be, and Credential
 * Manager.
 *
 * A password is kept as UTF-16 without a NUL, as Windows' own programs keep theirs, so that an administrator
 * can put it there with "cmdkey /generic".
 */
#include "platform/machine.h"

#include <windows.h>

#include <bcrypt.h>
#include <knownfolders.h>
#include <lmcons.h>
#include <shlobj.h>
#include <wchar.h>
#include <wincred.h>
#include <wincrypt.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/fs.h"
#include "platform/wide.h"
#include "version.h"

#define MOST_DIRS 256u
#define LONGEST_PASSWORD (5u * 512u) /* bytes: CRED_MAX_CREDENTIAL_BLOB_SIZE, of which mingw-w64 has an old value */
#define LONGEST_VALUE 65536u /* bytes of a registry value, characters of a variable */

/* --- folders and names --------------------------------------------------------------------------------- */

/* Without the backslash at the end, but for a drive's root. */
static char *trimmed_dir(const wchar_t *wide)
{
    char *path = utf8_from_wide_path(wide);
    size_t len = strlen(path);

    while (len > 3 && (path[len - 1] == '\\' || path[len - 1] == '/'))
        path[--len] = '\0';
    return path;
}

static char *known_folder(const KNOWNFOLDERID *id)
{
    wchar_t *wide = NULL;
    char *path = NULL;

    if (SHGetKnownFolderPath(id, KF_FLAG_DEFAULT, NULL, &wide) == S_OK)
        path = trimmed_dir(wide);
    CoTaskMemFree(wide);
    return path;
}

char *machine_documents_dir(void)
{
    return known_folder(&FOLDERID_Documents);
}

char *machine_home_dir(void)
{
    return known_folder(&FOLDERID_Profile);
}

#define GUARD L"Microsoft\\Windows Defender\\Windows Defender Exploit Guard\\Controlled Folder Access"

/* What a policy says comes before what the user has set; the programs that either allows are the values of a key. */
bool machine_guards_documents(void)
{
    static const wchar_t *const keys[] = {L"SOFTWARE\\Policies\\" GUARD, L"SOFTWARE\\" GUARD};
    static const wchar_t *const allowed[] = {L"SOFTWARE\\Policies\\" GUARD L"\\AllowedApplications",
                                             L"SOFTWARE\\" GUARD L"\\AllowedApplications"};
    char *program = machine_program_path();
    wchar_t *wide = program == NULL ? NULL : wide_from_utf8(program);
    DWORD state = 0;
    bool known = false;

    for (size_t i = 0; i < 2 && !known; i++) {
        DWORD size = sizeof state;

        known = RegGetValueW(HKEY_LOCAL_MACHINE, keys[i], L"EnableControlledFolderAccess", RRF_RT_REG_DWORD, NULL,
                             &state, &size) == ERROR_SUCCESS;
    }
    for (size_t i = 0; i < 2 && known && state == 1 && wide != NULL; i++) {
        if (RegGetValueW(HKEY_LOCAL_MACHINE, allowed[i], wide, RRF_RT_ANY, NULL, NULL, NULL) == ERROR_SUCCESS)
            known = false;
    }
    mem_free(wide);
    mem_free(program);
    return known && state == 1;
}

char *machine_temp_dir(void)
{
    DWORD size = GetTempPathW(0, NULL);
    wchar_t *wide;
    char *path = NULL;
    DWORD len;

    if (size == 0)
        return NULL;
    wide = mem_array((size_t)size + 1, sizeof *wide);
    len = GetTempPathW(size + 1, wide);
    if (len > 0 && len <= size)
        path = trimmed_dir(wide);
    mem_free(wide);
    return path;
}

char *machine_program_path(void)
{
    for (DWORD size = 512; size <= LONGEST_VALUE; size *= 2) {
        wchar_t *wide = mem_array(size, sizeof *wide);
        DWORD len = GetModuleFileNameW(NULL, wide, size);
        char *path = len > 0 && len < size ? utf8_from_wide_path(wide) : NULL;

        mem_free(wide);
        if (path != NULL || len == 0)
            return path;
    }
    return NULL;
}

char *machine_program_dir(void)
{
    char *path = machine_program_path();
    char *end = path == NULL ? NULL : strrchr(path, '\\');

    if (end != NULL)
        *end = '\0';
    return path;
}

char *machine_local_data_dir(void)
{
    char *path = machine_getenv("CMMS_BACKUP_DATA");

    if (path == NULL || path[0] == '\0') {
        char *base = known_folder(&FOLDERID_LocalAppData);

        mem_free(path);
        if (base == NULL)
            return NULL;
        path = mem_printf("%s\\" CMMS_DATA_FOLDER, base);
        mem_free(base);
    }
    if (!fs_make_dirs(path, NULL)) {
        mem_free(path);
        return NULL;
    }
    return path;
}

char *machine_user_name(void)
{
    wchar_t name[UNLEN + 1];
    DWORD size = UNLEN + 1;

    return GetUserNameW(name, &size) ? utf8_from_wide(name) : NULL;
}

char *machine_host_name(void)
{
    wchar_t *wide;
    char *name = NULL;
    DWORD size = 0;

    GetComputerNameExW(ComputerNameDnsHostname, NULL, &size);
    if (size == 0)
        return NULL;
    wide = mem_array((size_t)size + 1, sizeof *wide);
    size++;
    if (GetComputerNameExW(ComputerNameDnsHostname, wide, &size))
        name = utf8_from_wide(wide);
    mem_free(wide);
    return name;
}

/* GetVersionEx answers what the manifest claims; ntdll answers what is there. */
char *machine_os_text(void)
{
    typedef LONG(WINAPI * GetVersionFn)(OSVERSIONINFOW *);
    typedef const char *(__cdecl * WineVersionFn)(void);
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    GetVersionFn get_version;
    WineVersionFn wine_version;
    StrBuf text;

    strbuf_init(&text, STRBUF_SMALL);
    strbuf_addstr(&text, "Windows");
    if (ntdll != NULL) {
        get_version = (GetVersionFn)(void (*)(void))GetProcAddress(ntdll, "RtlGetVersion");
        wine_version = (WineVersionFn)(void (*)(void))GetProcAddress(ntdll, "wine_get_version");
        if (get_version != NULL && get_version(&version) == 0)
            strbuf_addf(&text, " %lu.%lu.%lu", version.dwMajorVersion, version.dwMinorVersion, version.dwBuildNumber);
        if (wine_version != NULL)
            strbuf_addf(&text, " (Wine %s)", wine_version());
    }
    return strbuf_detach(&text);
}

/* NULL when there is no such variable. Grows until it fits: another thread may change it in between. */
static wchar_t *wide_getenv(const wchar_t *name)
{
    for (DWORD size = 512; size <= LONGEST_VALUE; size *= 2) {
        wchar_t *value = mem_array(size, sizeof *value);
        DWORD len;

        SetLastError(ERROR_SUCCESS);
        len = GetEnvironmentVariableW(name, value, size);
        if (len < size && (len > 0 || GetLastError() == ERROR_SUCCESS))
            return value;
        mem_free(value);
        if (len == 0)
            return NULL;
    }
    return NULL;
}

char *machine_getenv(const char *name)
{
    wchar_t *wide_name = NULL;
    wchar_t *value;
    char *text;

    if (!wide_from_utf8_strict(name, &wide_name))
        return NULL;
    value = wide_getenv(wide_name);
    mem_free(wide_name);
    text = utf8_from_wide(value);
    mem_free(value);
    return text;
}

/* A name that is set goes before the built-in folder; the device is empty and nobody can put a file in its place. */
void machine_restrict_openssl(void)
{
    static const wchar_t *const assignments[] = {
        L"OPENSSL_CONF=NUL", L"SSL_CERT_FILE=NUL", L"SSL_CERT_DIR=NUL", L"OPENSSL_CONF_INCLUDE=", L"OPENSSL_MODULES=",
        L"OPENSSL_ENGINES=", L"SSLKEYLOGFILE="};

    for (size_t i = 0; i < sizeof assignments / sizeof assignments[0]; i++)
        _wputenv(assignments[i]);
}

void machine_unsetenv(const char *name)
{
    char *assignment = mem_printf("%s=", name);
    wchar_t *wide = NULL;

    /* The C library has a copy of its own, from which libpq reads; _wputenv changes both. */
    if (wide_from_utf8_strict(assignment, &wide)) {
        _wputenv(wide);
        mem_free(wide);
    }
    mem_free(assignment);
}

bool machine_random(void *bytes, size_t len)
{
    if (len > ULONG_MAX)
        return false;
    return BCryptGenRandom(NULL, bytes, (ULONG)len, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}

void secret_wipe(void *memory, size_t len)
{
    SecureZeroMemory(memory, len);
}

/* --- PostgreSQL's tools -------------------------------------------------------------------------------- */

typedef struct ToolDir {
    char *path;
    double version;
    size_t order; /* found as the n-th: keeps the registry before Program Files */
} ToolDir;

typedef struct ToolDirs {
    ToolDir dirs[MOST_DIRS];
    size_t count;
} ToolDirs;

/* Asks nothing of the drive itself. */
static bool is_local(const char *path)
{
    wchar_t root[] = L"?:\\";

    if (path[0] == '\0' || path[1] != ':' || (path[2] != '\\' && path[2] != '/'))
        return false; /* \\server\share, or relative */
    root[0] = (wchar_t)(unsigned char)path[0];
    return GetDriveTypeW(root) != DRIVE_REMOTE;
}

/* Takes over path. */
static void add_dir(ToolDirs *found, char *path, double version)
{
    FsInfo info;

    for (size_t i = 0; i < found->count; i++) {
        if (utf8_casecmp(found->dirs[i].path, path) == 0) {
            mem_free(path);
            return;
        }
    }
    if (found->count == MOST_DIRS || !is_local(path) || !fs_stat(path, &info, NULL) || !info.is_dir) {
        mem_free(path);
        return;
    }
    found->dirs[found->count].path = path;
    found->dirs[found->count].version = version;
    found->dirs[found->count].order = found->count;
    found->count++;
}

/* The number at the end of "postgresql-x64-17" or at the start of "17"; 0 where there is none. */
static double version_in(const char *name)
{
    const char *dash = strrchr(name, '-');

    return strtod(dash == NULL ? name : dash + 1, NULL);
}

/* A text value of a key below HKEY_LOCAL_MACHINE. NULL when there is none. */
static wchar_t *registry_text(HKEY key, const wchar_t *subkey, const wchar_t *name)
{
    wchar_t *text = NULL;
    DWORD bytes = 0;

    if (RegGetValueW(key, subkey, name, RRF_RT_REG_SZ, NULL, NULL, &bytes) != ERROR_SUCCESS || bytes > LONGEST_VALUE)
        return NULL;
    text = mem_alloc((size_t)bytes + sizeof *text);
    if (RegGetValueW(key, subkey, name, RRF_RT_REG_SZ, NULL, text, &bytes) == ERROR_SUCCESS)
        return text;
    mem_free(text);
    return NULL;
}

static void find_in_registry(ToolDirs *found, REGSAM view)
{
    HKEY key = NULL;
    wchar_t name[256]; /* the longest name of a key */

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\PostgreSQL\\Installations", 0, KEY_READ | view, &key) !=
        ERROR_SUCCESS)
        return;
    for (DWORD i = 0;; i++) {
        DWORD len = sizeof name / sizeof *name;
        wchar_t *wide_dir;

        if (RegEnumKeyExW(key, i, name, &len, NULL, NULL, NULL, NULL) != ERROR_SUCCESS)
            break;
        wide_dir = registry_text(key, name, L"Base Directory");
        if (wide_dir != NULL) {
            char *dir = trimmed_dir(wide_dir);
            char *utf8_name = utf8_from_wide(name);

            if (dir[0] != '\0')
                add_dir(found, mem_printf("%s\\bin", dir), version_in(utf8_name));
            mem_free(utf8_name);
            mem_free(dir);
            mem_free(wide_dir);
        }
    }
    RegCloseKey(key);
}

typedef struct Under {
    ToolDirs *found;
    const char *dir;
} Under;

static bool on_version_dir(void *context, const char *name, const FsInfo *info)
{
    Under *under = context;

    if (info->is_dir)
        add_dir(under->found, mem_printf("%s\\%s\\bin", under->dir, name), version_in(name));
    return true;
}

static void find_in_program_files(ToolDirs *found, const char *variable)
{
    char *base = machine_getenv(variable);
    Under under = {.found = found};
    char *dir;

    if (base == NULL)
        return;
    dir = mem_printf("%s\\PostgreSQL", base);
    under.dir = dir;
    fs_list(dir, on_version_dir, &under, NULL);
    mem_free(dir);
    mem_free(base);
}

static int newest_first(const void *left, const void *right)
{
    const ToolDir *a = left;
    const ToolDir *b = right;

    if (a->version < b->version || a->version > b->version)
        return a->version < b->version ? 1 : -1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void machine_visit_tool_dirs(bool (*visit)(void *context, const char *dir), void *context)
{
    ToolDirs *found = mem_alloc(sizeof *found);
    bool more = true;

    find_in_registry(found, KEY_WOW64_64KEY);
    find_in_registry(found, KEY_WOW64_32KEY);
    find_in_program_files(found, "ProgramW6432");
    find_in_program_files(found, "ProgramFiles");
    find_in_program_files(found, "ProgramFiles(x86)");
    qsort(found->dirs, found->count, sizeof *found->dirs, newest_first);
    for (size_t i = 0; i < found->count; i++) {
        more = more && visit(context, found->dirs[i].path);
        mem_free(found->dirs[i].path);
    }
    mem_free(found);
}

/* --- Credential Manager -------------------------------------------------------------------------------- */

bool machine_secret_load(const char *target, Secret *secret)
{
    wchar_t *wide = NULL;
    CREDENTIALW *credential = NULL;
    bool ok = false;

    if (!wide_from_utf8_strict(target, &wide))
        return false;
    if (CredReadW(wide, CRED_TYPE_GENERIC, 0, &credential)) {
        size_t len = credential->CredentialBlobSize / sizeof(wchar_t);
        wchar_t *text = mem_array(len + 1, sizeof *text);
        char *utf8 = NULL;

        if (len > 0)
            memcpy(text, credential->CredentialBlob, len * sizeof *text);
        ok = utf8_from_wide_strict(text, &utf8);
        if (ok)
            secret_set(secret, utf8, strlen(utf8));
        secret_free_text(utf8);
        secret_wipe(text, len * sizeof *text);
        mem_free(text);
        if (credential->CredentialBlobSize > 0)
            secret_wipe(credential->CredentialBlob, credential->CredentialBlobSize);
        CredFree(credential);
    }
    mem_free(wide);
    return ok;
}

bool machine_secret_save(const char *target, const Secret *secret, Error *err)
{
    CREDENTIALW credential = {0};
    wchar_t *wide = NULL;
    wchar_t *text = NULL;
    wchar_t user[UNLEN + 1];
    DWORD user_size = UNLEN + 1;
    size_t len = 0;
    bool ok = false;

    if (!wide_from_utf8_strict(target, &wide) ||
        !wide_from_utf8_strict(secret->bytes == NULL ? "" : secret->bytes, &text)) {
        error_set(err, EK_SETTINGS, "the password is not valid UTF-8");
        goto out;
    }
    len = wcslen(text);
    if (len * sizeof *text > LONGEST_PASSWORD) {
        error_set(err, EK_SETTINGS, "the password is too long to be kept");
        error_hint(err, "Windows keeps at most %u characters.",
                   (unsigned)(LONGEST_PASSWORD / sizeof *text));
        goto out;
    }
    credential.Type = CRED_TYPE_GENERIC;
    credential.TargetName = wide;
    credential.CredentialBlob = (BYTE *)text;
    credential.CredentialBlobSize = (DWORD)(len * sizeof *text);
    credential.Persist = CRED_PERSIST_LOCAL_MACHINE;
    if (GetUserNameW(user, &user_size))
        credential.UserName = user;
    ok = CredWriteW(&credential, 0) != 0;
    if (!ok)
        error_set_os(err, EK_SETTINGS, (long)GetLastError(), "could not save the password in Credential Manager");
out:
    if (text != NULL)
        secret_wipe(text, len * sizeof *text);
    mem_free(text);
    mem_free(wide);
    return ok;
}

bool machine_secret_delete(const char *target, Error *err)
{
    wchar_t *wide = NULL;
    DWORD code = 0;

    if (!wide_from_utf8_strict(target, &wide))
        return true;
    if (!CredDeleteW(wide, CRED_TYPE_GENERIC, 0))
        code = GetLastError();
    mem_free(wide);
    if (code == 0 || code == ERROR_NOT_FOUND)
        return true;
    return error_set_os(err, EK_SETTINGS, (long)code, "could not remove the password from Credential Manager");
}

/* --- sealing ------------------------------------------------------------------------------------------- */

bool machine_seal(const Secret *secret, StrBuf *sealed, Error *err)
{
    DATA_BLOB in = {(DWORD)secret->len, (BYTE *)(secret->bytes == NULL ? "" : secret->bytes)};
    DATA_BLOB out = {0, NULL};
    bool ok;

    if (!CryptProtectData(&in, L"" CMMS_SEAL_NAME, NULL, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &out)) {
        DWORD code = GetLastError();

        return error_set_os(err, EK_SETTINGS, (long)code, "Windows could not protect a secret");
    }
    ok = strbuf_add(sealed, out.pbData, out.cbData) || error_set(err, EK_SETTINGS, "a secret is too long to be kept");
    LocalFree(out.pbData);
    return ok;
}

bool machine_unseal(const void *sealed, size_t len, Secret *secret)
{
    void *copy = mem_alloc(len); /* DATA_BLOB has no const */
    DATA_BLOB in = {(DWORD)len, copy};
    DATA_BLOB out = {0, NULL};
    bool ok;

    memcpy(copy, sealed, len);
    ok = CryptUnprotectData(&in, NULL, NULL, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &out) != 0;
    if (ok) {
        secret_set(secret, (const char *)out.pbData, out.cbData);
        secret_wipe(out.pbData, out.cbData);
        LocalFree(out.pbData);
    }
    mem_free(copy);
    return ok;
}
