/*
 * address.h: where on SharePoint something lies: what people paste, what SharePoint takes for a name, how a path
 * stands in an address, and the hosts of Microsoft's clouds. Pure: nothing here asks the network.
 */
#ifndef CMMS_ADDRESS_H
#define CMMS_ADDRESS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"

/* A link to a site, a library or a folder. */
typedef struct CloudAddress {
    char *host;  /* "contoso.sharepoint.com", in lower case; with its port where that is loopback */
    char *path;  /* decoded, from the server's root, without a slash at its end: "/sites/M/Shared Documents"; "" is the
                    root site. NULL of a sharing link, which does not say where it leads */
    char *share; /* "u!…": the link as /shares/ takes it */
} CloudAddress;

void cloud_address_init(CloudAddress *address);
void cloud_address_release(CloudAddress *address);

/* Understands the address line of a site, a library or a folder (…/Forms/AllItems.aspx?id=… too), "copy link" and
 * sharing links. EK_USAGE says what else it is: a file, a page, a list, another service. */
bool cloud_address_parse(const char *text, CloudAddress *address, Error *err);

/* Whether SharePoint takes it as the name of a file or folder; EK_USAGE says why not. */
bool cloud_name_check(const char *name, Error *err);
#define CLOUD_PATH_MAX 400u /* characters of a decoded path, its name included */
unsigned cloud_path_length(const char *path);

/* Appends a path percent-encoded segment by segment; its slashes stay. */
void cloud_encode_path(StrBuf *sb, const char *path);
/* Appends one segment or the value of a parameter: slashes are encoded too. */
void cloud_encode(StrBuf *sb, const char *text);

/* Hosts without scheme; a port may follow. */
bool cloud_is_sharepoint(const char *host);
bool cloud_is_loopback(const char *host); /* localhost, 127.x.x.x, [::1] and nothing that only begins so */
/* The host of an https address, or of an http one to loopback, with its port; NULL for all else. Caller frees. */
char *cloud_url_host(const char *url);

typedef struct CloudEndpoints {
    const char *name, *graph, *login; /* "global", "https://graph.microsoft.com", "https://login.microsoftonline.com" */
} CloudEndpoints;
/* "global" (GCC as well), "gcc-high", "dod", "china"; NULL for others. By the host of a site: NULL where that says
 * nothing. Static. */
const CloudEndpoints *cloud_endpoints(const char *name);
const CloudEndpoints *cloud_endpoints_of(const char *host);

#endif
