/*
 * proxy_common.c: the environment, the fake or the system; what Windows' lists mean; a minute's memory.
 *
 * A question is shared by the one who waits and the thread that asks; whoever lets go last frees it.
 */
#include "platform/proxy.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "platform/thread.h"

#define KEEP_MS 60000u
#define ASK_MS 15000u
#define SLICE_MS 50u
#define KEPT 8u
#define SEPARATORS "; \t\r\n"

/* --- lists ------------------------------------------------------------------------------------------------- */

static bool starts(const char *text, size_t len, const char *start)
{
    const size_t wanted = strlen(start);
    if (len < wanted) {
        return false;
    }
    char *own = mem_strndup(text, wanted);
    const bool same = utf8_casecmp(own, start) == 0;
    mem_free(own);
    return same;
}

/* "PROXY:80" where no port is named: that is what Windows and browsers take, and libcurl would take 1080. */
static char *address_of(const char *entry, size_t len)
{
    const char *host = memchr(entry, ']', len); /* "[fd00::1]:8080" */
    const size_t from = host == NULL ? 0 : (size_t)(host - entry);
    return mem_printf("http://%.*s%s", (int)len, entry, memchr(entry + from, ':', len - from) == NULL ? ":80" : "");
}

/* An entry that names no scheme is for all of them; "socks=" and "ftp=" are not for us. */
char *proxy_pick(const char *list)
{
    char *picked = NULL;
    while (list != NULL && *list != '\0') {
        const char *entry = list + strspn(list, SEPARATORS);
        size_t len = strcspn(entry, SEPARATORS);
        list = entry + len;
        const bool named = memchr(entry, '=', len) != NULL;
        if (named && !starts(entry, len, "https=")) {
            continue;
        }
        if (named) {
            entry += 6;
            len -= 6;
        }
        if (starts(entry, len, "http://")) {
            entry += 7;
            len -= 7;
        }
        while (len > 0 && entry[len - 1] == '/') {
            len--;
        }
        if (len == 0 || memchr(entry, '/', len) != NULL || memchr(entry, '@', len) != NULL) {
            continue; /* another kind of proxy; a password is none of ours to send */
        }
        if (picked == NULL || named) {
            mem_free(picked);
            picked = address_of(entry, len);
        }
        if (named) {
            break;
        }
    }
    return picked;
}

/* '*' is any text. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *back = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            back = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++back;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static void lower(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char)(*text - 'A' + 'a');
        }
    }
}

bool proxy_is_bypassed(const char *bypass, const char *host)
{
    char *name = mem_strdup(host);
    bool found = false;
    lower(name);
    while (!found && bypass != NULL && *bypass != '\0') {
        const char *entry = bypass + strspn(bypass, SEPARATORS);
        const size_t len = strcspn(entry, SEPARATORS);
        bypass = entry + len;
        char *pattern = mem_strndup(entry, len);
        lower(pattern);
        char *bare = strstr(pattern, "://") != NULL ? strstr(pattern, "://") + 3 : pattern;
        if (strcmp(bare, "<local>") == 0) {
            found = strchr(name, '.') == NULL && strchr(name, ':') == NULL;
        } else if (*bare != '\0') {
            found = matches(bare, name);
        }
        mem_free(pattern);
    }
    mem_free(name);
    return found;
}

/* --- asking ------------------------------------------------------------------------------------------------ */

/* "HOST" of "https://HOST[:PORT]/…"; NULL: it is not https. */
static char *https_host(const char *url)
{
    static const char scheme[] = "https://";
    if (!starts(url, strlen(url), scheme)) {
        return NULL;
    }
    const char *host = url + sizeof scheme - 1;
    const char *end = host + strcspn(host, "/?#");
    const char *at = memchr(host, '@', (size_t)(end - host));
    host = at == NULL ? host : at + 1;
    if (*host == '[') {
        const size_t inside = strcspn(host + 1, "]");
        return mem_strndup(host + 1, inside);
    }
    const size_t len = strcspn(host, ":/?#");
    return len == 0 ? NULL : mem_strndup(host, len);
}

static bool environment_names_one(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    bool named = false;
    for (size_t i = 0; !named && i < sizeof names / sizeof names[0]; i++) {
        char *value = machine_getenv(names[i]);
        named = value != NULL && value[0] != '\0';
        mem_free(value);
    }
    return named;
}

static char *of_lists(const char *list, const char *bypass, const char *host)
{
    return proxy_is_bypassed(bypass, host) ? NULL : proxy_pick(list);
}

static bool fake(const char *host, char **proxy)
{
    char *told = machine_getenv("CMMS_PROXY");
    const bool is_set = told != NULL && told[0] != '\0';
    if (is_set) {
        char *bypass = strchr(told, '|');
        if (bypass != NULL) {
            *bypass++ = '\0';
        }
        *proxy = of_lists(told, bypass, host);
    }
    mem_free(told);
    return is_set;
}

typedef struct Question {
    char *url, *host; /* set before start */
    Mutex *mutex;
    Cond *changed;
    /* Under the mutex: */
    bool done;
    char *proxy;
    bool shared; /* both still hold it */
} Question;

/* Called with the mutex, which it releases. */
static void let_go(Question *question)
{
    const bool last = !question->shared;
    question->shared = false;
    mutex_unlock(question->mutex);
    if (last) {
        mutex_free(question->mutex);
        cond_free(question->changed);
        mem_free(question->proxy);
        mem_free(question->host);
        mem_free(question->url);
        mem_free(question);
    }
}

static void ask(void *argument)
{
    Question *question = argument;
    char *list = NULL;
    char *bypass = NULL;
    proxy_ask_system(question->url, &list, &bypass);
    char *proxy = of_lists(list, bypass, question->host);
    mem_free(list);
    mem_free(bypass);
    mutex_lock(question->mutex);
    question->done = true;
    question->proxy = proxy;
    cond_broadcast(question->changed);
    let_go(question);
}

/* False: no answer in time. The script sees the host alone: what stands behind it may be a secret. */
static bool ask_in_time(const char *host, const Cancel *cancel, char **proxy)
{
    const uint64_t end = clock_monotonic_ms() + ASK_MS;
    Question *question = mem_alloc(sizeof *question);
    *question = (Question){.host = mem_strdup(host), .mutex = mutex_new(), .changed = cond_new(), .shared = true};
    question->url = strchr(host, ':') == NULL ? mem_printf("https://%s/", host) : mem_printf("https://[%s]/", host);
    thread_start_detached(ask, question);
    mutex_lock(question->mutex);
    while (!question->done && !cancel_requested(cancel) && clock_monotonic_ms() < end) {
        cond_wait_ms(question->changed, question->mutex, SLICE_MS);
    }
    const bool done = question->done;
    if (done) {
        *proxy = question->proxy;
        question->proxy = NULL;
    }
    let_go(question);
    return done;
}

/* --- a minute's memory, under the process' mutex ------------------------------------------------------------- */

typedef struct Kept {
    char *host, *proxy;
    uint64_t until;
} Kept;

static Kept kept[KEPT];

static bool recall(const char *host, char **proxy)
{
    const uint64_t now = clock_monotonic_ms();
    bool found = false;
    mutex_lock(thread_process_mutex());
    for (size_t i = 0; !found && i < KEPT; i++) {
        if (kept[i].host != NULL && now < kept[i].until && strcmp(kept[i].host, host) == 0) {
            *proxy = mem_strdup(kept[i].proxy);
            found = true;
        }
    }
    mutex_unlock(thread_process_mutex());
    return found;
}

/* In the place of the same host, else of the oldest. */
static void keep(const char *host, const char *proxy)
{
    mutex_lock(thread_process_mutex());
    size_t place = 0;
    for (size_t i = 0; i < KEPT; i++) {
        if (kept[i].host != NULL && strcmp(kept[i].host, host) == 0) {
            place = i;
            break;
        }
        if (kept[i].until < kept[place].until) {
            place = i;
        }
    }
    mem_free(kept[place].host);
    mem_free(kept[place].proxy);
    kept[place] = (Kept){mem_strdup(host), mem_strdup(proxy), clock_monotonic_ms() + KEEP_MS};
    mutex_unlock(thread_process_mutex());
}

char *proxy_for(const char *url, const Cancel *cancel)
{
    char *proxy = NULL;
    char *host = https_host(url);
    if (host != NULL && !environment_names_one() && !fake(host, &proxy) && !recall(host, &proxy)) {
        if (ask_in_time(host, cancel, &proxy) || !cancel_requested(cancel)) {
            keep(host, proxy); /* a network that does not answer is not asked for each request either */
        }
    }
    mem_free(host);
    return proxy;
}
