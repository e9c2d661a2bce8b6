/* library_win.c: one lock for all; a load takes milliseconds, once. */
#include "platform/library.h"

#include <windows.h>

#include "base/mem.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "platform/wide.h"
#include "version.h"

static SRWLOCK lock = SRWLOCK_INIT;

static bool find_all(HMODULE module, const char *const *names, LibraryFunction *functions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        functions[i] = (LibraryFunction)GetProcAddress(module, names[i]);
        if (functions[i] == NULL) {
            return false;
        }
    }
    return true;
}

bool library_load(const char *file, const char *const *names, LibraryFunction *functions, size_t count, Error *err)
{
    DWORD code = 0;
    AcquireSRWLockExclusive(&lock);
    if (functions[count - 1] == NULL) {
        char *dir = machine_program_dir();
        char *path = fs_join(dir, file);
        wchar_t *wide = wide_from_utf8(path);
        /* What it imports in turn lies beside it or is Windows' own. */
        HMODULE module =
            LoadLibraryExW(wide, NULL, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
        if (module == NULL || !find_all(module, names, functions, count)) {
            code = GetLastError();
            memset(functions, 0, count * sizeof *functions);
            if (module != NULL) {
                FreeLibrary(module);
            }
        }
        mem_free(wide);
        mem_free(path);
        mem_free(dir);
    }
    ReleaseSRWLockExclusive(&lock);
    if (code != 0) {
        error_set_os(err, EK_INTERNAL, (long)code, "could not load %s, which belongs to this program", file);
        return error_hint(err, "Install " CMMS_PRODUCT " again.");
    }
    return true;
}
