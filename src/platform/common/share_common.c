/* share_common.c: the environment's answer, or the system's. */
#include "platform/share.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "platform/machine.h"

#define VARIABLE "CMMS_BACKUP_FAKE_DRIVE"

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* "Z=\\server\share" */
static char *faked(char letter)
{
    char *fake = machine_getenv(VARIABLE);
    const bool meant = fake != NULL && fake[0] != '\0' && fake[1] == '=' && upper(fake[0]) == upper(letter);
    char *share = meant ? mem_strdup(fake + 2) : NULL;
    mem_free(fake);
    return share;
}

char *share_path(const char *path)
{
    const char letter = upper(path[0]);
    if (letter < 'A' || letter > 'Z' || path[1] != ':' || (path[2] != '\\' && path[2] != '/')) {
        return NULL;
    }
    char *share = faked(letter);
    if (share == NULL) {
        share = share_of_drive(letter);
    }
    size_t len = share != NULL ? strlen(share) : 0;
    while (len > 0 && (share[len - 1] == '\\' || share[len - 1] == '/')) {
        len--;
    }
    char *whole = len > 0 ? mem_printf("%.*s%s", (int)len, share, path + 2) : NULL;
    mem_free(share);
    return whole;
}
