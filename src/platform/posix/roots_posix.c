#include "platform/roots.h"

#include "base/mem.h"

bool roots_renew(const char *sslrootcert)
{
    (void)sslrootcert;
    return false;
}

bool roots_get(char **sslrootcert, Error *err)
{
    (void)err;
    *sslrootcert = mem_strdup("system");
    return true;
}
