/* autostart_win.c: HKCU\...\Run. */
#include "platform/autostart.h"

#include <windows.h>

#include <wchar.h>

#include "base/mem.h"
#include "platform/wide.h"

#define RUN_KEY L"Software\\Microsoft\\Windows\\CurrentVersion\\Run"
#define LONGEST 32768u /* UTF-16 units of a command line */

char *autostart_look(const char *name)
{
    wchar_t *wide = wide_from_utf8(name);
    wchar_t *value = mem_array(LONGEST + 1, sizeof *value);
    DWORD size = LONGEST * (DWORD)sizeof *value;
    const LSTATUS status = RegGetValueW(HKEY_CURRENT_USER, RUN_KEY, wide, RRF_RT_REG_SZ, NULL, value, &size);
    char *command = status == ERROR_SUCCESS ? utf8_from_wide(value) : NULL;
    mem_free(value);
    mem_free(wide);
    return command;
}

bool autostart_set(const char *name, const char *command, Error *err)
{
    wchar_t *wide = wide_from_utf8(name), *value = NULL;
    if (command != NULL && !wide_from_utf8_strict(command, &value)) {
        mem_free(wide);
        return error_set(err, EK_INTERNAL, "the program's path is not valid");
    }
    const LSTATUS status =
        value != NULL ? RegSetKeyValueW(HKEY_CURRENT_USER, RUN_KEY, wide, REG_SZ, value,
                                        (DWORD)((wcslen(value) + 1) * sizeof *value))
                      : RegDeleteKeyValueW(HKEY_CURRENT_USER, RUN_KEY, wide);
    mem_free(value);
    mem_free(wide);
    return status == ERROR_SUCCESS || (command == NULL && status == ERROR_FILE_NOT_FOUND) ||
           error_set_os(err, EK_IO, (long)status, "whether the program starts with Windows could not be changed");
}
