/* os_error_win.c: the system's words for its codes, in English where that language is installed, so that a log
 * reads the same everywhere and can be searched for. */
#include "base/error.h"

#include <windows.h>

#include <wchar.h>

#include "base/mem.h"
#include "platform/wide.h"

#define QUOTA_EXCEEDED 1295L /* ERROR_DISK_QUOTA_EXCEEDED, which older headers lack */

static wchar_t *system_text(DWORD code, DWORD language)
{
    wchar_t *text = NULL;
    DWORD flags = FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                  FORMAT_MESSAGE_MAX_WIDTH_MASK;

    /* With ALLOCATE_BUFFER the buffer argument is really a pointer to a pointer. */
    if (FormatMessageW(flags, NULL, code, language, (wchar_t *)(void *)&text, 0, NULL) == 0)
        return NULL;
    return text;
}

char *os_error_text(long os_code)
{
    wchar_t *text = system_text((DWORD)os_code, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US));
    char *utf8;
    size_t len;

    if (text == NULL)
        text = system_text((DWORD)os_code, 0);
    if (text == NULL)
        return mem_strdup("unknown error");
    len = wcslen(text);
    while (len > 0 && wcschr(L" \r\n\t.", text[len - 1]) != NULL)
        len--;
    utf8 = utf8_from_wide_len(text, len);
    LocalFree(text);
    return utf8;
}

bool os_error_is_disk_full(long os_code)
{
    return os_code == ERROR_DISK_FULL || os_code == ERROR_HANDLE_DISK_FULL ||
           os_code == QUOTA_EXCEEDED;
}

/* By number: older headers lack their names (ERROR_CLOUD_FILE_…). */
bool os_error_is_in_cloud(long os_code)
{
    static const long codes[] = {362,  /* the provider is not running */
                                 386,  /* it is not signed in */
                                 388,  /* no network */
                                 389,  /* unsuccessful */
                                 393,  /* aborted */
                                 395,  /* no access */
                                 398,  /* cancelled */
                                 404,  /* the provider has ended */
                                 426}; /* no answer in time */

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (os_code == codes[i])
            return true;
    }
    return false;
}
