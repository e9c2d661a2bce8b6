#include <errno.h>

#include "base/error.h"
#include "base/mem.h"

char *os_error_text(long os_code)
{
    char buf[256];
    return mem_strdup(strerror_r((int)os_code, buf, sizeof buf)); /* glibc's: returns the text */
}

bool os_error_is_disk_full(long os_code)
{
    return os_code == ENOSPC || os_code == EDQUOT;
}

bool os_error_is_in_cloud(long os_code)
{
    (void)os_code;
    return false;
}
