/* proxy_common.c: what Windows' settings of proxies mean, as WinHTTP documents them (WINHTTP_PROXY_INFO). */
#include "platform/proxy.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"

#define SEPARATORS "; \t\r\n"

/* The next text between separators, and where the search goes on; NULL: there is none. Caller frees. */
static char *next_item(const char **at)
{
    *at += strspn(*at, SEPARATORS);
    const size_t len = strcspn(*at, SEPARATORS);
    char *item = len > 0 ? mem_strndup(*at, len) : NULL;
    *at += len;
    return item;
}

static const char *behind_scheme(const char *text)
{
    const char *found = strstr(text, "://");
    return found != NULL ? found + 3 : text;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A star stands for any letters, also for none. */
static bool fits(const char *pattern, const char *text)
{
    const char *star = NULL, *again = text;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            again = text;
        } else if (lower(*pattern) == lower(*text)) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++again;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool needs_none(const char *bypass, const char *host)
{
    const char *at = bypass;
    bool none = false;
    for (char *item = next_item(&at); item != NULL; item = next_item(&at)) {
        char *name = mem_strdup(behind_scheme(item));
        char *colon = strchr(name, ':');
        if (colon != NULL && strchr(colon + 1, ':') == NULL) { /* a port; an address of IPv6 has several */
            *colon = '\0';
        }
        none = none || (utf8_casecmp(item, "<local>") == 0 ? strchr(host, '.') == NULL : fits(name, host));
        mem_free(name);
        mem_free(item);
    }
    return none;
}

char *proxy_choose(const char *list, const char *bypass, const char *host)
{
    char *own = NULL, *any = NULL;
    if (list == NULL || (bypass != NULL && needs_none(bypass, host))) {
        return NULL;
    }
    const char *at = list;
    for (char *item = next_item(&at); item != NULL; item = next_item(&at)) {
        const char *equals = strchr(item, '=');
        if (equals == NULL && any == NULL) {
            any = mem_strdup(behind_scheme(item));
        } else if (equals != NULL && own == NULL && equals - item == 5 && fits("https=*", item)) {
            own = mem_strdup(behind_scheme(equals + 1));
        }
        mem_free(item);
    }
    if (own != NULL) {
        mem_free(any);
        any = own;
    }
    if (any != NULL && *any == '\0') {
        mem_free(any);
        any = NULL;
    }
    return any;
}
