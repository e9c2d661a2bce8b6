/* share_win.c: a mapped drive by what Windows remembers of it: the connection, else the user's own list of those that
 * are made at each sign-in (HKCU\Network), which also has one that is not connected now. */
#include "platform/share.h"

#include <windows.h>

#include <stdbool.h>
#include <wchar.h>

#include "platform/wide.h"

#define NAME_UNITS 1024u

typedef DWORD(WINAPI *ConnectionFn)(const wchar_t *drive, wchar_t *name, DWORD *units);

/* Its DLL is not linked: each start would wait for it, and Windows looks for it beside the program first. */
static bool connected(wchar_t letter, wchar_t name[NAME_UNITS])
{
    const wchar_t drive[] = {letter, L':', 0};
    DWORD units = NAME_UNITS;
    HMODULE mpr = LoadLibraryExW(L"mpr.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    const ConnectionFn connection =
        mpr == NULL ? NULL : (ConnectionFn)(void (*)(void))GetProcAddress(mpr, "WNetGetConnectionW");
    const bool found = connection != NULL && connection(drive, name, &units) == NO_ERROR;
    if (mpr != NULL) {
        FreeLibrary(mpr);
    }
    return found;
}

static bool remembered(wchar_t letter, wchar_t name[NAME_UNITS])
{
    const wchar_t key[] = {L'N', L'e', L't', L'w', L'o', L'r', L'k', L'\\', letter, 0};
    DWORD size = NAME_UNITS * (DWORD)sizeof *name;
    return RegGetValueW(HKEY_CURRENT_USER, key, L"RemotePath", RRF_RT_REG_SZ, NULL, name, &size) == ERROR_SUCCESS;
}

char *share_of_drive(char letter)
{
    wchar_t name[NAME_UNITS] = L"";
    const wchar_t unit = (wchar_t)(unsigned char)letter, root[] = {unit, L':', L'\\', 0};
    const UINT type = GetDriveTypeW(root);
    const bool away = type == DRIVE_NO_ROOT_DIR || type == DRIVE_UNKNOWN;
    const bool found = (type == DRIVE_REMOTE && connected(unit, name)) ||
                       ((type == DRIVE_REMOTE || away) && remembered(unit, name));
    return found && wcsncmp(name, L"\\\\", 2) == 0 ? utf8_from_wide(name) : NULL;
}
