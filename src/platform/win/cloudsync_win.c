/*
 * cloudsync_win.c: the Cloud Files API and the shell's properties. cldapi.dll is not in the first Windows 10, so it is
 * loaded when it is needed, from System32 alone. COM is begun on the calling thread and ended again; where it has
 * another kind already, that will do.
 */
#define COBJMACROS
#include "platform/cloudsync.h"

#include <windows.h>

#include <initguid.h>
#include <objbase.h>
#include <propsys.h>
#include <shlobj.h>
#include <shobjidl.h>

#include "base/mem.h"
#include "platform/wide.h"

/* propkey.h has them under names that not every SDK knows. */
#define STORAGE_PROVIDER \
    {0xFCEFF153, 0xE839, 0x4CF3, {0xA9, 0xE7, 0xEA, 0x22, 0x83, 0x20, 0x94, 0xB8}}
static const PROPERTYKEY key_state = {
    {0xE77E90DF, 0x6271, 0x4F5B, {0x83, 0x4F, 0x2D, 0xD1, 0xF2, 0x45, 0xDD, 0xA4}}, 3};
static const PROPERTYKEY key_transfer = {STORAGE_PROVIDER, 103};
static const PROPERTYKEY key_provider = {STORAGE_PROVIDER, 108};
static const PROPERTYKEY key_engine = {STORAGE_PROVIDER, 110};

typedef DWORD(WINAPI *PlaceholderState)(DWORD attributes, DWORD tag); /* CfGetPlaceholderStateFromAttributeTag */

/* Not known: the system has no such thing, or the file cannot be opened. */
static int64_t placeholder_state(const wchar_t *path)
{
    FILE_ATTRIBUTE_TAG_INFO info;
    int64_t state = -1;
    HMODULE module = LoadLibraryExW(L"cldapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    FARPROC found_ask = module == NULL ? NULL : GetProcAddress(module, "CfGetPlaceholderStateFromAttributeTag");
    const PlaceholderState ask = (PlaceholderState)(void (*)(void))found_ask;
    /* Attributes alone, and the reparse point itself: nothing is fetched from the cloud. */
    HANDLE file = ask == NULL ? INVALID_HANDLE_VALUE
                              : CreateFileW(path, FILE_READ_ATTRIBUTES,
                                            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                                            FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        if (GetFileInformationByHandleEx(file, FileAttributeTagInfo, &info, sizeof info)) {
            const DWORD found = ask(info.FileAttributes, info.ReparseTag);
            state = found == 0xFFFFFFFFu ? -1 : (int64_t)found;
        }
        CloseHandle(file);
    }
    if (module != NULL) {
        FreeLibrary(module);
    }
    return state;
}

static int64_t number_of(IShellItem2 *item, const PROPERTYKEY *key)
{
    ULONG small = 0;
    ULONGLONG large = 0;
    if (SUCCEEDED(IShellItem2_GetUInt32(item, key, &small))) {
        return (int64_t)small;
    }
    return SUCCEEDED(IShellItem2_GetUInt64(item, key, &large)) ? (int64_t)(large & 0x7FFFFFFFu) : -1;
}

static void ask_shell(const wchar_t *path, CloudSyncFacts *facts)
{
    IShellItem2 *item = NULL;
    const HRESULT begun = CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
    if (SUCCEEDED(SHCreateItemFromParsingName(path, NULL, &IID_IShellItem2, (void **)&item))) {
        LPWSTR provider = NULL;
        /* What the shell has cached may be of a moment ago. */
        IShellItem2_Update(item, NULL);
        facts->state = number_of(item, &key_state);
        facts->transfer = number_of(item, &key_transfer);
        facts->engine = number_of(item, &key_engine);
        if (SUCCEEDED(IShellItem2_GetString(item, &key_provider, &provider)) && provider != NULL) {
            facts->provider = provider[0] != 0 ? utf8_from_wide(provider) : NULL;
            CoTaskMemFree(provider);
        }
        IShellItem2_Release(item);
    }
    if (SUCCEEDED(begun)) {
        CoUninitialize();
    }
}

/* As the shell takes it: whole, with backslashes. */
static wchar_t *whole_path(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    const DWORD size = GetFullPathNameW(wide, 0, NULL, NULL);
    wchar_t *whole = mem_array((size_t)size + 1, sizeof *whole);
    const DWORD len = GetFullPathNameW(wide, size, whole, NULL);
    if (len == 0 || len >= size) {
        mem_free(whole);
        return wide;
    }
    mem_free(wide);
    return whole;
}

bool cloudsync_look(const char *path, CloudSyncFacts *facts, Error *err)
{
    bool ok = false;
    if (cloudsync_fake(path, facts, &ok, err)) {
        return ok;
    }
    wchar_t *wide = whole_path(path);
    const DWORD attributes = GetFileAttributesW(wide);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        const DWORD code = GetLastError();
        const bool gone = code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
        error_set_os(err, gone ? EK_NOT_FOUND : EK_IO, (long)code, "\"%s\" cannot be asked about", path);
    } else {
        cloudsync_facts_release(facts);
        facts->placeholder = placeholder_state(wide);
        ask_shell(wide, facts);
        ok = true;
    }
    mem_free(wide);
    return ok;
}
