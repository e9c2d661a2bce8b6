#include "platform/roots.h"

#include "base/mem.h"

void roots_fetch(const char *sslrootcert, const char *host, const char *port, const Cancel *cancel)
{
    (void)sslrootcert;
    (void)host;
    (void)port;
    (void)cancel;
}

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
