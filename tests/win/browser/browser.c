/*
 * browser.c: the browser that is given a page: it says so in PAGE.opened. It has no window and, being no program of
 * the console, gets none: a window that comes and goes by itself would take the keyboard from the one that is tested.
 */
#include <windows.h>
#include <shellapi.h>

#include "base/mem.h"
#include "platform/fs.h"
#include "platform/wide.h"

int main(void)
{
    Error err = ERROR_INIT;
    int count = 0;
    wchar_t **arguments = CommandLineToArgvW(GetCommandLineW(), &count);
    if (arguments == NULL || count != 2) {
        return 2;
    }
    char *page = utf8_from_wide(arguments[1]), *note = mem_printf("%s.opened", page);
    const bool good = fs_write_atomic(note, "", 0, &err);
    error_clear(&err);
    mem_free(note);
    mem_free(page);
    LocalFree(arguments);
    return good ? 0 : 1;
}
