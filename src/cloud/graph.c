/*
 * graph.c: the gate. Microsoft throttles by user and by tenant, and counts what comes while it has asked to wait: who
 * tries again within that time is kept out for longer. So there is one moment before which nothing is sent, whatever
 * for, and it is looked at before each request, in graph_send alone.
 */
#include "cloud/graph.h"

#include <string.h>

#include <curl/curl.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "cloud/address.h"
#include "cloud/oauth.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "version.h"

#define ANSWER_MAX 8388608u
#define FAULT_TRIES 6u
#define BUSY_TRIES 12u
#define LONGEST_UNITS 32u
#define LONGEST_WAIT_S 86400
#define TOLD_MS 3000u /* a wait that is longer is told */
#define CODES_MAX 512u
#define LIST_MAX 100000 /* items */
#define PAGES_MAX 2000u

struct Graph {
    char *endpoint;
    Http *http;
    GraphSetup setup;
    uint64_t open_at;   /* clock_monotonic_ms: nothing is sent before */
    unsigned throttled; /* in a row, without being told how long */
};

bool graph_new(const GraphSetup *setup, Graph **out, Error *err)
{
    char *host = cloud_url_host(setup->endpoint);
    if (host == NULL || strpbrk(setup->endpoint, "?#") != NULL) {
        mem_free(host);
        error_set(err, EK_SETTINGS, "the address of Microsoft Graph cannot be used: \"%s\"", setup->endpoint);
        return error_hint(err, "It begins with https, as https://graph.microsoft.com does.");
    }
    mem_free(host);
    Graph *graph = mem_alloc(sizeof *graph);
    size_t len = strlen(setup->endpoint);
    while (setup->endpoint[len - 1] == '/') {
        len--;
    }
    graph->endpoint = mem_strndup(setup->endpoint, len);
    graph->http = http_new();
    if (setup->ca_file != NULL) {
        http_set_ca_file(graph->http, setup->ca_file);
    }
    graph->setup = *setup;
    graph->setup.endpoint = graph->endpoint;
    graph->setup.ca_file = NULL;
    if (graph->setup.unit_ms == 0) {
        graph->setup.unit_ms = 1000;
    }
    *out = graph;
    return true;
}

void graph_free(Graph *graph)
{
    if (graph != NULL) {
        http_free(graph->http);
        mem_free(graph->endpoint);
        mem_free(graph);
    }
}

bool graph_is_loopback(const Graph *graph)
{
    char *host = cloud_url_host(graph->endpoint);
    const bool yes = host != NULL && cloud_is_loopback(host);
    mem_free(host);
    return yes;
}

void graph_answer_init(GraphAnswer *answer)
{
    *answer = (GraphAnswer){.status = 0, .lost = ERROR_INIT};
}

void graph_answer_release(GraphAnswer *answer)
{
    error_clear(&answer->lost);
    mem_free(answer->codes);
    mem_free(answer->request_id);
    cJSON_Delete(answer->json);
    graph_answer_init(answer);
}

bool graph_answer_is(const GraphAnswer *answer, const char *code)
{
    const size_t len = strlen(code);
    const char *codes = answer->codes == NULL ? "" : answer->codes;
    while (*codes != '\0') {
        const size_t word = strcspn(codes, " ");
        if (word == len && memcmp(codes, code, len) == 0) {
            return true;
        }
        codes += word;
        codes += *codes == ' ';
    }
    return false;
}

bool graph_is_throttled(const GraphAnswer *answer)
{
    return answer->status == 429 || answer->status == 503 || answer->status == 509;
}

bool graph_is_fault(const GraphAnswer *answer)
{
    const long status = answer->status;
    return status == 0 || status == 408 || status == 500 || status == 502 || status == 504;
}

/* --- waiting --------------------------------------------------------------------------------------------- */

static bool wait_ms(const Graph *graph, uint64_t ms, const Cancel *cancel, Error *err)
{
    const uint64_t until = clock_monotonic_ms() + ms;
    if (graph->setup.seconds > 0 && ms > (uint64_t)graph->setup.seconds * 1000) {
        return error_set(err, EK_BUSY, "SharePoint is too busy");
    }
    if (ms > TOLD_MS) {
        job_log(graph->setup.sink, LOG_INFO, "Waiting %llu s, as SharePoint asked or does not answer...",
                (unsigned long long)((ms + 999) / 1000));
    }
    for (;;) {
        const uint64_t now = clock_monotonic_ms();
        if (now >= until) {
            return true;
        }
        const uint64_t left = until - now;
        if (cancel_wait(cancel, left < 10000 ? (unsigned)left : 10000u)) {
            return error_set(err, EK_CANCELLED, "stopped at your request");
        }
    }
}

/* From half of it to all of it, so that many who were sent away do not come back together. */
static uint64_t with_chance(uint64_t ms)
{
    uint16_t chance = 0;
    if (!machine_random(&chance, sizeof chance)) {
        return ms;
    }
    return ms / 2 + ms / 2 * chance / UINT16_MAX;
}

static uint64_t doubling_ms(const Graph *graph, unsigned tries)
{
    const uint64_t units = tries < 5 ? 1u << tries : LONGEST_UNITS;
    return with_chance(units * graph->setup.unit_ms);
}

bool graph_pause(const Graph *graph, unsigned tries, const Cancel *cancel, Error *err)
{
    return wait_ms(graph, doubling_ms(graph, tries), cancel, err);
}

bool graph_wait_units(const Graph *graph, unsigned units, const Cancel *cancel, Error *err)
{
    return wait_ms(graph, (uint64_t)units * graph->setup.unit_ms, cancel, err);
}

/* Seconds, or a date, which is compared with the server's own clock; -1: not told. */
static int64_t retry_after(const HttpResponse *response)
{
    char *value = http_header(response, "Retry-After");
    int64_t seconds = -1;
    if (value != NULL && value[0] != '\0' && strspn(value, "0123456789") == strlen(value)) {
        seconds = strlen(value) > 6 ? LONGEST_WAIT_S : (int64_t)strtol(value, NULL, 10);
    } else if (value != NULL) {
        const time_t until = curl_getdate(value, NULL);
        char *date = http_header(response, "Date");
        const time_t theirs = date == NULL ? -1 : curl_getdate(date, NULL);
        const int64_t now = theirs == -1 ? clock_now() : (int64_t)theirs;
        if (until != -1) {
            seconds = (int64_t)until > now ? (int64_t)until - now : 0;
        }
        mem_free(date);
    }
    mem_free(value);
    return seconds > LONGEST_WAIT_S ? LONGEST_WAIT_S : seconds;
}

static void close_gate(Graph *graph, const HttpResponse *response)
{
    const int64_t seconds = retry_after(response);
    uint64_t ms = 0;
    if (seconds >= 0) {
        ms = (uint64_t)seconds * 1000;
        graph->throttled = 0;
    } else if (response->status == 509) {
        ms = with_chance((uint64_t)LONGEST_UNITS * 2 * graph->setup.unit_ms); /* the day's or hour's measure is full */
    } else {
        ms = doubling_ms(graph, graph->throttled);
        graph->throttled++;
    }
    graph->open_at = clock_monotonic_ms() + ms;
}

/* --- one request ----------------------------------------------------------------------------------------- */

/* "Authorization: Bearer …", made by hand: a formatter would leave copies. NULL where it could be two headers. */
static char *bearer(const Secret *token)
{
    static const char start[] = "Authorization: Bearer ";
    for (size_t i = 0; i < token->len; i++) {
        if ((unsigned char)token->bytes[i] <= 0x20 || (unsigned char)token->bytes[i] >= 0x7F) {
            return NULL;
        }
    }
    char *line = mem_alloc(sizeof start + token->len);
    memcpy(line, start, sizeof start - 1);
    memcpy(line + sizeof start - 1, token->bytes, token->len);
    return line;
}

static void add_codes(const cJSON *error, StrBuf *codes)
{
    while (cJSON_IsObject(error)) {
        const char *code = json_string(error, "code", "");
        if (code[0] != '\0' && strspn(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
                                   strlen(code)) {
            strbuf_addf(codes, "%s%s", codes->len > 0 ? " " : "", code);
        }
        /* cJSON's own look-up knows no case: "innererror" is found as well. */
        error = cJSON_GetObjectItem(error, "innerError");
    }
}

static void take_answer(const HttpResponse *response, GraphAnswer *answer)
{
    graph_answer_release(answer);
    answer->status = response->status;
    answer->request_id = http_header(response, "request-id");
    if (answer->request_id == NULL) {
        answer->request_id = http_header(response, "SPRequestGuid");
    }
    if (answer->request_id != NULL && strspn(answer->request_id, "0123456789abcdefABCDEF-{}") !=
                                          strlen(answer->request_id)) {
        mem_free(answer->request_id);
        answer->request_id = NULL;
    }
    char *date = http_header(response, "Date");
    const time_t theirs = date == NULL ? -1 : curl_getdate(date, NULL);
    answer->date = theirs > 0 ? (int64_t)theirs : 0;
    mem_free(date);
    if (response->body.len > 0 && json_parse(response->body.buf, response->body.len, &answer->json, NULL)) {
        StrBuf codes;
        strbuf_init(&codes, CODES_MAX);
        add_codes(cJSON_GetObjectItem(answer->json, "error"), &codes);
        if (codes.len > 0) {
            answer->codes = strbuf_detach(&codes);
        } else {
            strbuf_release(&codes);
        }
    }
}

static bool send_once(Graph *graph, const GraphRequest *request, const Secret *token, const Cancel *cancel,
                      GraphAnswer *answer, Error *err)
{
    const char *headers[7] = {NULL};
    size_t count = 0;
    char *range = NULL;
    char *if_match = NULL;
    char *wanted = NULL;
    char *authorization = NULL;
    char *url = request->url != NULL ? NULL : mem_printf("%s/v1.0%s", graph->endpoint, request->path);
    HttpResponse response;
    Error failed = ERROR_INIT;
    bool ok = false;
    http_response_init(&response);
    headers[count++] = request->take == NULL ? "Accept: application/json" : "Accept: */*";
    if (request->json != NULL) {
        headers[count++] = "Content-Type: application/json";
    } else if (request->stream != NULL) {
        headers[count++] = "Content-Type: application/octet-stream";
    }
    if (request->range != NULL) {
        range = mem_printf("Content-Range: %s", request->range);
        headers[count++] = range;
    }
    if (request->wanted != NULL) {
        wanted = mem_printf("Range: %s", request->wanted);
        headers[count++] = wanted;
    }
    if (request->if_match != NULL) {
        if_match = mem_printf("If-Match: %s", request->if_match);
        headers[count++] = if_match;
    }
    if (token != NULL) {
        authorization = bearer(token);
        if (authorization == NULL) {
            error_set(err, EK_DAMAGED, "the token of the sign-in is damaged");
            error_hint(err, "Sign in again.");
            goto out;
        }
        headers[count++] = authorization;
    }
    const HttpRequest sent = {.method = request->method,
                              .url = request->url != NULL ? request->url : url,
                              .headers = headers,
                              .body = request->json,
                              .body_len = request->json != NULL ? strlen(request->json) : request->stream_len,
                              .max_response = ANSWER_MAX,
                              .stream = request->stream,
                              .take = request->take,
                              .seconds = graph->setup.seconds};
    if (http_request(graph->http, &sent, cancel, &response, &failed)) {
        take_answer(&response, answer);
        if (graph_is_throttled(answer)) {
            close_gate(graph, &response);
        } else if (answer->status < 500) {
            graph->throttled = 0;
        }
        ok = true;
    } else if (failed.kind == EK_CONNECT || failed.kind == EK_DAMAGED) {
        graph_answer_release(answer);
        failed.kind = EK_CONNECT;
        error_move(&answer->lost, &failed);
        ok = true;
    } else {
        error_move(err, &failed);
    }
out:
    secret_free_text(authorization);
    http_response_release(&response);
    error_clear(&failed);
    mem_free(if_match);
    mem_free(wanted);
    mem_free(range);
    mem_free(url);
    return ok;
}

bool graph_send(Graph *graph, const GraphRequest *request, const Cancel *cancel, GraphAnswer *answer, Error *err)
{
    const uint64_t now = clock_monotonic_ms();
    Secret token = SECRET_INIT;
    bool ok = now >= graph->open_at || wait_ms(graph, graph->open_at - now, cancel, err);
    if (ok && request->url != NULL) {
        return send_once(graph, request, NULL, cancel, answer, err);
    }
    for (int round = 0; ok && round < 2; round++) {
        ok = graph->setup.token(graph->setup.context, round > 0, cancel, &token, err) &&
             send_once(graph, request, &token, cancel, answer, err);
        if (!ok || answer->status != 401) {
            break;
        }
    }
    secret_release(&token);
    return ok;
}

bool graph_call(Graph *graph, const GraphRequest *request, const Cancel *cancel, GraphAnswer *answer, Error *err)
{
    unsigned faults = 0;
    unsigned busy = 0;
    for (;;) {
        if (!graph_send(graph, request, cancel, answer, err)) {
            return false;
        }
        if (graph_is_throttled(answer)) {
            if (++busy >= BUSY_TRIES) {
                return true;
            }
        } else if (graph_is_fault(answer)) {
            if (++faults >= FAULT_TRIES) {
                return true;
            }
            if (!graph_pause(graph, faults - 1, cancel, err)) {
                return false;
            }
        } else {
            return true;
        }
    }
}

/* --- lists ------------------------------------------------------------------------------------------------ */

const char *graph_next_path(const char *endpoint, const char *link)
{
    static const char version[] = "/v1.0";
    const size_t len = strlen(endpoint), version_len = sizeof version - 1;
    if (strncmp(link, endpoint, len) != 0 || strncmp(link + len, version, version_len) != 0 ||
        link[len + version_len] != '/') {
        return NULL;
    }
    return link + len + version_len;
}

/* Moves what is on this page to the others. */
static bool take_page(GraphAnswer *answer, const char *what, cJSON *items, Error *err)
{
    cJSON *page = cJSON_GetObjectItem(answer->json, "value");
    if (answer->status != 200 || !cJSON_IsArray(page)) {
        return graph_problem(answer, what, err);
    }
    if (cJSON_GetArraySize(items) + cJSON_GetArraySize(page) > LIST_MAX) {
        error_set(err, EK_USAGE, "%s: there are more than %d", what, LIST_MAX);
        return error_hint(err, "Use a folder of its own for the backups.");
    }
    while (page->child != NULL) {
        cJSON_AddItemToArray(items, cJSON_DetachItemViaPointer(page, page->child));
    }
    return true;
}

bool graph_list(Graph *graph, const char *path, const char *what, const Cancel *cancel, cJSON **items, Error *err)
{
    cJSON *all = cJSON_CreateArray();
    char *next = mem_strdup(path);
    GraphAnswer answer;
    bool ok = true;
    if (all == NULL) {
        mem_out();
    }
    graph_answer_init(&answer);
    for (unsigned page = 0; ok && next != NULL; page++) {
        const GraphRequest request = {.method = "GET", .path = next};
        ok = graph_call(graph, &request, cancel, &answer, err) && take_page(&answer, what, all, err);
        mem_free(next);
        next = NULL;
        const char *link = ok ? json_string(answer.json, "@odata.nextLink", NULL) : NULL;
        const char *below = link == NULL ? NULL : graph_next_path(graph->endpoint, link);
        if (link != NULL && (below == NULL || page >= PAGES_MAX)) {
            ok = error_set(err, EK_CONNECT, "%s: its next page leads elsewhere", what);
        } else {
            next = mem_strdup(below);
        }
    }
    mem_free(next);
    graph_answer_release(&answer);
    if (ok) {
        *items = all;
    } else {
        cJSON_Delete(all);
    }
    return ok;
}

/* --- words ----------------------------------------------------------------------------------------------- */

typedef struct Words {
    long status;
    ErrorKind kind;
    const char *message, *hint;
} Words;

static const char ask_it[] = "Ask your IT administrator whether this program may write to that library.";
static const char portal[] = "A network that wants a sign-in of its own in the browser first answers so.";
static const char later[] = "Try again later; what was uploaded already is kept for the next try.";

static const Words by_status[] = {
    {400, EK_INTERNAL, "SharePoint does not accept the request", "Send the log to the makers of this program."},
    {401, EK_REFUSED, "SharePoint does not accept the sign-in", OAUTH_SIGN_IN_AGAIN},
    {403, EK_REFUSED, "SharePoint does not allow it", ask_it},
    {404, EK_NOT_FOUND, "it is not there",
     "Look whether the folder was moved or deleted, and set it up again if need be."},
    {407, EK_CONNECT, "the proxy of this network asks for a password", "Ask your IT administrator."},
    {409, EK_IO, "something of that name is there", "Rename or remove what is there."},
    {412, EK_BUSY, "somebody else changed it meanwhile", later},
    {423, EK_BUSY, "it is locked or checked out by somebody",
     "Check it in on SharePoint, or try again when the other has closed it."},
    {429, EK_BUSY, "SharePoint is too busy", later},
    {503, EK_BUSY, "SharePoint is too busy", later},
    {507, EK_SPACE, "the SharePoint library is full", "Make room there: old files, and the recycle bin of the site."},
    {509, EK_BUSY, "the site's bandwidth is used up", later},
    {511, EK_CONNECT, "what answers is not SharePoint", portal}, /* RFC 6585: of a network, never of a server */
};

bool graph_problem(const GraphAnswer *answer, const char *what, Error *err)
{
    if (answer->status == 0) {
        error_set(err, EK_CONNECT, "%s: %s", what,
                  answer->lost.message == NULL ? "the connection was lost" : answer->lost.message);
        if (answer->lost.detail != NULL) {
            error_detail(err, "%s", answer->lost.detail);
        }
        return error_hint(err, "%s", answer->lost.hint == NULL ? later : answer->lost.hint);
    }
    const Words *words = NULL;
    for (size_t i = 0; i < sizeof by_status / sizeof by_status[0]; i++) {
        if (by_status[i].status == answer->status) {
            words = &by_status[i];
        }
    }
    if (graph_answer_is(answer, "quotaLimitReached") || graph_answer_is(answer, "insufficientStorage")) {
        error_set(err, EK_SPACE, "%s: the SharePoint library is full", what);
        error_hint(err, "Make room there: old files, and the recycle bin of the site.");
    } else if (graph_answer_is(answer, "pathIsTooLong") || graph_answer_is(answer, "invalidPath") ||
               graph_answer_is(answer, "nameContainsInvalidCharacters")) {
        error_set(err, EK_USAGE, "%s: SharePoint does not take that name or path", what);
        error_hint(err, "Choose a folder with a shorter path.");
    } else if (words != NULL) {
        error_set(err, words->kind, "%s: %s", what, words->message);
        error_hint(err, "%s", words->hint);
    } else if (answer->status >= 500) {
        error_set(err, EK_CONNECT, "%s: SharePoint has a fault", what);
        error_hint(err, "%s", later);
    } else {
        error_set(err, EK_CONNECT, "%s: what answers is not SharePoint", what);
        error_hint(err, "%s", portal);
    }
    error_detail(err, "status %ld%s%s%s%s", answer->status, answer->codes == NULL ? "" : ", ",
                 answer->codes == NULL ? "" : answer->codes, answer->request_id == NULL ? "" : ", request ",
                 answer->request_id == NULL ? "" : answer->request_id);
    return false;
}

/* --- check-out -------------------------------------------------------------------------------------------- */

static const char *level_of(const cJSON *item)
{
    return json_string(cJSON_GetObjectItem(item, "publication"), "level", NULL);
}

bool graph_item_tells_level(const cJSON *item)
{
    return level_of(item) != NULL;
}

bool graph_check_in(Graph *graph, const char *drive, const cJSON *item, const Cancel *cancel, Error *err)
{
    const char *level = level_of(item);
    if (level == NULL || strcmp(level, "checkout") != 0) {
        return true;
    }
    StrBuf path;
    GraphAnswer answer;
    strbuf_init(&path, STRBUF_LINE);
    graph_answer_init(&answer);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, json_string(item, "id", ""));
    strbuf_addstr(&path, "/checkin");
    const GraphRequest request = {
        .method = "POST", .path = path.buf, .json = "{\"comment\":\"" CMMS_PRODUCT "\",\"checkInAs\":\"published\"}"};
    bool ok = graph_call(graph, &request, cancel, &answer, err);
    if (ok && answer.status != 204 && answer.status != 200) {
        ok = graph_problem(&answer, "the library wants its files checked in, and that did not succeed", err);
        if (answer.status >= 400 && !graph_is_throttled(&answer) && !graph_is_fault(&answer)) {
            if (err != NULL) {
                err->kind = EK_IO;
            }
            error_hint(err, "Until then nobody else sees what was brought there. Switch \"Require Check Out\" off "
                            "(Library settings, Versioning settings), or use another library.");
        }
    }
    graph_answer_release(&answer);
    strbuf_release(&path);
    return ok;
}

const char *graph_item_hash(const cJSON *item)
{
    const cJSON *hashes = cJSON_GetObjectItem(cJSON_GetObjectItem(item, "file"), "hashes");
    const char *hash = json_string(hashes, "quickXorHash", NULL);
    return hash != NULL && hash[0] != '\0' ? hash : NULL;
}

const char *graph_item_etag(const cJSON *item)
{
    const char *etag = json_string(item, "eTag", NULL);
    for (const char *c = etag; c != NULL && *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7F) {
            return NULL;
        }
    }
    return etag != NULL && etag[0] != '\0' ? etag : NULL;
}

int64_t graph_item_size(const cJSON *item)
{
    return json_int(item, "size", -1);
}
