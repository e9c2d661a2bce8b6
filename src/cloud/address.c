#include "cloud/address.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/mem.h"
#include "base/utf.h"

#define LINK_MAX 8192u
#define NAME_MAX_CHARACTERS 255u

static const CloudEndpoints clouds[] = {
    {"global", "https://graph.microsoft.com", "https://login.microsoftonline.com"},
    {"gcc-high", "https://graph.microsoft.us", "https://login.microsoftonline.us"},
    {"dod", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"},
    {"china", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"},
};

/* The sites' domains, in the order of the clouds. */
static const char *const domains[] = {".sharepoint.com", ".sharepoint.us", ".sharepoint-mil.us", ".sharepoint.cn"};
#define CLOUD_COUNT (sizeof clouds / sizeof clouds[0])

const CloudEndpoints *cloud_endpoints(const char *name)
{
    for (size_t i = 0; i < CLOUD_COUNT; i++) {
        if (strcmp(clouds[i].name, name) == 0) {
            return &clouds[i];
        }
    }
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text);
    const size_t end_len = strlen(end);
    return len > end_len && utf8_casecmp(text + len - end_len, end) == 0;
}

const CloudEndpoints *cloud_endpoints_of(const char *host)
{
    for (size_t i = 0; i < CLOUD_COUNT; i++) {
        if (ends_with(host, domains[i])) {
            return &clouds[i];
        }
    }
    return NULL;
}

bool cloud_is_sharepoint(const char *host)
{
    return host[0] != '.' && cloud_endpoints_of(host) != NULL;
}

bool cloud_is_loopback(const char *host)
{
    const bool bracket = host[0] == '[';
    const size_t len = bracket ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (strlen(host) < len || (host[len] != '\0' && (host[len] != ':' || host[len + 1] == '\0' ||
                                                     host[len + 1 + strspn(host + len + 1, "0123456789")] != '\0'))) {
        return false;
    }
    char *name = mem_strndup(host, len);
    bool yes = utf8_casecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0;
    if (strncmp(name, "127.", 4) == 0 && strspn(name, "0123456789.") == len) {
        unsigned dots = 0;
        for (const char *p = name; *p != '\0'; p++) {
            dots += *p == '.';
        }
        yes = dots == 3 && name[len - 1] != '.' && strstr(name, "..") == NULL;
    }
    mem_free(name);
    return yes;
}

/* What stands before the host; 0 for an address of another kind. */
static size_t scheme_length(const char *url, bool *plain)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < 2; i++) {
        const size_t len = strlen(schemes[i]);
        if (strlen(url) > len) {
            char *own = mem_strndup(url, len);
            const bool same = utf8_casecmp(own, schemes[i]) == 0;
            mem_free(own);
            if (same) {
                *plain = i == 1;
                return len;
            }
        }
    }
    return 0;
}

char *cloud_url_host(const char *url)
{
    bool plain = false;
    const size_t scheme = scheme_length(url, &plain);
    if (scheme == 0) {
        return NULL;
    }
    const char *start = url + scheme;
    const size_t len = strcspn(start, "/?#\\");
    char *host = mem_strndup(start, len);
    for (char *p = host; *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
    }
    /* A user's name before an @ would make another host look like this one. */
    if (len == 0 || strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]") != len ||
        (plain && !cloud_is_loopback(host)) || (strchr(host, ':') != NULL && !cloud_is_loopback(host))) {
        mem_free(host);
        return NULL;
    }
    return host;
}

/* --- names and paths ------------------------------------------------------------------------------------- */

void cloud_encode(StrBuf *sb, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr(plain, *p) != NULL) {
            strbuf_addch(sb, *p);
        } else {
            strbuf_addf(sb, "%%%02X", (unsigned)(unsigned char)*p);
        }
    }
}

void cloud_encode_path(StrBuf *sb, const char *path)
{
    while (*path != '\0') {
        const size_t len = strcspn(path, "/");
        char *segment = mem_strndup(path, len);
        cloud_encode(sb, segment);
        mem_free(segment);
        path += len;
        if (*path == '/') {
            strbuf_addch(sb, '/');
            path++;
        }
    }
}

unsigned cloud_path_length(const char *path)
{
    unsigned count = 0;
    for (const char *p = path; *p != '\0'; p++) {
        count += ((unsigned char)*p & 0xC0u) != 0x80u;
    }
    return count;
}

static bool refuse_name(const char *name, const char *why, Error *err)
{
    error_set(err, EK_USAGE, "SharePoint does not take the name \"%s\"", name);
    error_detail(err, "%s", why);
    return error_hint(err, "Give it another name.");
}

static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {".lock", "CON", "PRN", "AUX", "NUL", "desktop.ini"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (utf8_casecmp(name, reserved[i]) == 0) {
            return true;
        }
    }
    if (strlen(name) == 4 && name[3] >= '0' && name[3] <= '9') {
        char *device = mem_strndup(name, 3);
        const bool yes = utf8_casecmp(device, "COM") == 0 || utf8_casecmp(device, "LPT") == 0;
        mem_free(device);
        return yes;
    }
    return false;
}

bool cloud_name_check(const char *name, Error *err)
{
    const size_t len = strlen(name);
    if (len == 0 || !utf8_valid(name, len)) {
        return refuse_name(len == 0 ? "" : "(not shown)", len == 0 ? "it is empty" : "it is not UTF-8", err);
    }
    for (const char *p = name; *p != '\0'; p++) {
        if (strchr("\"*:<>?/\\|", *p) != NULL || (unsigned char)*p < 0x20 || *p == 0x7F) {
            return refuse_name(name, "none of \" * : < > ? / \\ | and no control character may be in it", err);
        }
    }
    if (name[0] == ' ' || name[len - 1] == ' ') {
        return refuse_name(name, "it begins or ends with a space", err);
    }
    if (name[len - 1] == '.') {
        return refuse_name(name, "it ends with a full stop", err);
    }
    if (is_reserved(name) || strstr(name, "_vti_") != NULL) {
        return refuse_name(name, "the name is reserved", err);
    }
    if (strncmp(name, "~$", 2) == 0) {
        return refuse_name(name, "it begins with ~$", err);
    }
    if (cloud_path_length(name) > NAME_MAX_CHARACTERS) {
        return refuse_name(name, "it is longer than 255 characters", err);
    }
    return true;
}

/* --- what people paste ----------------------------------------------------------------------------------- */

void cloud_address_init(CloudAddress *address)
{
    *address = (CloudAddress){NULL, NULL, NULL};
}

void cloud_address_release(CloudAddress *address)
{
    mem_free(address->host);
    mem_free(address->path);
    mem_free(address->share);
    cloud_address_init(address);
}

static bool refuse(const char *what, const char *hint, Error *err)
{
    error_set(err, EK_USAGE, "%s", what);
    return error_hint(err, "%s", hint);
}

static const char open_folder[] =
    "Open the folder for the backups in the browser and copy the address from its address line.";

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* NULL where it is not the encoding of a text without control characters. Caller frees. */
static char *decode(const char *text, size_t len)
{
    char *decoded = mem_alloc(len + 1);
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < len ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                mem_free(decoded);
                return NULL;
            }
            c = (char)(unsigned char)(high * 16 + low);
            i += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7F) {
            mem_free(decoded);
            return NULL;
        }
        decoded[at++] = c;
    }
    if (!utf8_valid(decoded, at)) {
        mem_free(decoded);
        return NULL;
    }
    return decoded;
}

/* Without doubled slashes and those at the end; NULL where a segment leads elsewhere. Caller frees. */
static char *clean_path(const char *path)
{
    StrBuf clean;
    strbuf_init(&clean, LINK_MAX);
    while (*path != '\0') {
        path += strspn(path, "/");
        const size_t len = strcspn(path, "/");
        if (len == 0) {
            break;
        }
        if (memchr(path, '\\', len) != NULL || (len == 1 && path[0] == '.') ||
            (len == 2 && path[0] == '.' && path[1] == '.')) {
            strbuf_release(&clean);
            return NULL;
        }
        strbuf_addch(&clean, '/');
        strbuf_add(&clean, path, len);
        path += len;
    }
    return strbuf_detach(&clean);
}

/* A parameter of the link, decoded; NULL where it is not there. Caller frees. */
static char *parameter(const char *query, const char *name)
{
    const size_t name_len = strlen(name);
    while (*query != '\0' && *query != '#') {
        const size_t len = strcspn(query, "&#");
        if (len > name_len && query[name_len] == '=') {
            char *own = mem_strndup(query, name_len);
            const bool same = utf8_casecmp(own, name) == 0;
            mem_free(own);
            if (same) {
                return decode(query + name_len + 1, len - name_len - 1);
            }
        }
        query += len;
        query += *query == '&';
    }
    return NULL;
}

/* The folder that a library's page shows, or the library itself. Takes over *path. */
static void leave_form(char **path, const char *query)
{
    char *shown = parameter(query, "id");
    if (shown == NULL) {
        shown = parameter(query, "RootFolder");
    }
    if (shown != NULL && shown[0] == '/') {
        char *folder = clean_path(shown);
        if (folder != NULL) {
            mem_free(*path);
            *path = folder;
            mem_free(shown);
            return;
        }
    }
    mem_free(shown);
    *strrchr(*path, '/') = '\0'; /* AllItems.aspx */
    *strrchr(*path, '/') = '\0'; /* Forms */
}

/* Whether the segment of that number (from 0) has this name. */
static bool segment_is(const char *path, unsigned number, const char *name)
{
    for (; *path == '/'; number--) {
        const size_t len = strcspn(++path, "/");
        if (number == 0) {
            char *own = mem_strndup(path, len);
            const bool same = utf8_casecmp(own, name) == 0;
            mem_free(own);
            return same;
        }
        path += len;
    }
    return false;
}

/* Directly below a site; a folder of a library may have the name as well. */
static bool is_list(const char *path)
{
    const bool below = segment_is(path, 0, "sites") || segment_is(path, 0, "teams");
    return segment_is(path, below ? 2 : 0, "Lists");
}

/* …/LIBRARY/Forms/VIEW.aspx */
static bool is_form(const char *path)
{
    const char *last = strrchr(path, '/');
    if (last == NULL || !ends_with(last, ".aspx") || last - path < 7) {
        return false;
    }
    char *before = mem_strndup(path, (size_t)(last - path));
    const bool yes = ends_with(before, "/Forms");
    mem_free(before);
    return yes;
}

/* "/:f:/s/…" and its like. *skip: what stands before a path, where it has one ("/:f:/r/sites/…"). */
static bool sharing_form(const char *path, char *kind, size_t *skip)
{
    *skip = 0;
    if (strncmp(path, "/:", 2) != 0 || path[2] == '\0' || strncmp(path + 3, ":/", 2) != 0) {
        return false;
    }
    *kind = path[2];
    if (strncmp(path + 5, "r/", 2) == 0) {
        *skip = 6;
    }
    return true;
}

static bool resolve_path(char **path, const char *query, bool *is_share, Error *err)
{
    char kind = 'f';
    size_t skip = 0;
    *is_share = false;
    if (sharing_form(*path, &kind, &skip)) {
        if (kind != 'f') {
            return refuse("the link leads to a file or a page, not to a folder", open_folder, err);
        }
        if (skip == 0) {
            *is_share = true;
            return true;
        }
        char *rest = mem_strdup(*path + skip);
        mem_free(*path);
        *path = rest;
    }
    if (is_form(*path)) {
        leave_form(path, query);
    }
    if (is_list(*path)) {
        return refuse("the link leads to a list, not to a library of documents", open_folder, err);
    }
    if (ends_with(*path, ".aspx")) {
        return refuse("the link leads to a page, not to a folder", open_folder, err);
    }
    return true;
}

static char *share_token(const char *link)
{
    const size_t len = strlen(link);
    char *base64 = mem_alloc(4 * ((len + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)link, (int)len);
    base64[strcspn(base64, "=")] = '\0';
    for (char *p = base64; *p != '\0'; p++) {
        *p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p);
    }
    char *token = mem_printf("u!%s", base64);
    mem_free(base64);
    return token;
}

/* The sentence for an address that is none of a SharePoint. */
static bool refuse_host(const char *text, const char *host, Error *err)
{
    if (host == NULL) {
        return refuse(strncmp(text, "http:", 5) == 0 ? "the link does not begin with https"
                                                     : "this is not a link to SharePoint",
                      open_folder, err);
    }
    if (strcmp(host, "1drv.ms") == 0 || strcmp(host, "onedrive.live.com") == 0) {
        return refuse("the link leads to a private OneDrive, not to SharePoint", open_folder, err);
    }
    if (strcmp(host, "teams.microsoft.com") == 0) {
        return refuse("the link leads to Teams, not to SharePoint",
                      "Choose \"Open in SharePoint\" there, and copy the address from the browser's address line.",
                      err);
    }
    error_set(err, EK_USAGE, "%s is not a SharePoint", host);
    return error_hint(err, "%s", open_folder);
}

bool cloud_address_parse(const char *text, CloudAddress *address, Error *err)
{
    StrBuf link;
    char *host = NULL;
    char *path = NULL;
    bool is_share = false;
    bool ok = false;
    strbuf_init(&link, LINK_MAX);
    if (!strbuf_addstr(&link, text) || !utf8_valid(text, strlen(text))) {
        refuse("this is not a link to SharePoint", open_folder, err);
        goto out;
    }
    strbuf_trim(&link);
    host = cloud_url_host(link.buf);
    if (host == NULL || (!cloud_is_sharepoint(host) && !cloud_is_loopback(host))) {
        refuse_host(link.buf, host, err);
        goto out;
    }
    const char *start = strstr(link.buf, "://") + 3 + strlen(host);
    const size_t path_len = strcspn(start, "?#");
    const char *query = start[path_len] == '?' ? start + path_len + 1 : "";
    char *decoded = decode(start, path_len);
    path = decoded == NULL ? NULL : clean_path(decoded);
    mem_free(decoded);
    if (path == NULL) {
        refuse("the link is damaged", "Copy it again, whole.", err);
        goto out;
    }
    if (!resolve_path(&path, query, &is_share, err)) {
        goto out;
    }
    if (cloud_path_length(path) > CLOUD_PATH_MAX) {
        refuse("the link leads deeper than the 400 characters that SharePoint takes",
               "Choose a folder further up.", err);
        goto out;
    }
    cloud_address_release(address);
    address->host = host;
    address->path = is_share ? NULL : path;
    address->share = share_token(link.buf);
    host = NULL;
    path = is_share ? path : NULL;
    ok = true;
out:
    strbuf_release(&link);
    mem_free(host);
    mem_free(path);
    return ok;
}
