/* share_posix.c: there are no letters. */
#include "platform/share.h"

#include <stddef.h>

char *share_of_drive(char letter)
{
    (void)letter;
    return NULL;
}
