/*
 * upload_session.c: a file in fragments.
 *
 * Where the session stands is what the server says, never what we reckon: it may have kept a part of a fragment whose
 * answer was lost, or all of one that it called a failure. So after every surprise it is asked, and before anything is
 * sent again from the start the partial is looked for: services have said 500, 503 and 404 of files that were there.
 *
 * What gives no progress is counted (`stuck`), whatever it is, so that no conversation is endless.
 */
#include "upload_private.h"

#include <stdio.h>
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "cloud/address.h"
#include "platform/clock.h"

#define STUCK_MAX 12u       /* answers in a row without progress */
#define LAST_TRIES 3u       /* a last fragment that fails so often may have arrived */
#define CREATE_TRIES 6u
#define GOOD_MS 20000u      /* a fragment that takes less may be twice as large */
#define SLOW_MS 60000u
#define LOCKED_UNITS 5u
#define LIFE_S (24 * 3600)      /* of a session's address: what is in it (tempauth) is not renewed by use */
#define LAST_S 3600

typedef enum Standing { STANDS_AT, STANDS_DONE, STANDS_GONE, STANDS_UNKNOWN } Standing;

typedef struct Session {
    uint64_t offset, best; /* where it stands, and the most that it ever had */
    unsigned stuck;
    unsigned last_failed;
    unsigned timeouts; /* 504 or a lost connection, in a row */
} Session;

bool upload_address_is_good(const char *url, bool loopback)
{
    char *host = cloud_url_host(url);
    const bool good = host != NULL && (cloud_is_sharepoint(host) || (loopback && cloud_is_loopback(host)));
    mem_free(host);
    return good;
}

/* The first byte that is wanted; false where none is told. */
static bool next_offset(const cJSON *json, uint64_t *offset)
{
    const cJSON *ranges = cJSON_GetObjectItem(json, "nextExpectedRanges");
    const char *first = cJSON_GetStringValue(cJSON_GetArrayItem(ranges, 0));
    if (first == NULL || first[0] < '0' || first[0] > '9' || strspn(first, "0123456789") > 18) {
        return false;
    }
    *offset = strtoull(first, NULL, 10);
    return true;
}

static void stand_at(Session *s, uint64_t offset)
{
    if (offset > s->best) {
        s->best = offset;
        s->stuck = 0;
    }
    s->offset = offset;
}

static GraphRequest of_session(const Upload *u, const char *method)
{
    return (GraphRequest){.method = method, .url = u->journal.session.bytes};
}

static void forget_session(Upload *u)
{
    secret_release(&u->journal.session);
}

bool upload_end_session(Upload *u, Error *err)
{
    bool ok = true;
    if (secret_is_set(&u->journal.session) && upload_address_is_good(u->journal.session.bytes, u->loopback)) {
        GraphAnswer answer;
        graph_answer_init(&answer);
        const GraphRequest request = of_session(u, "DELETE");
        ok = graph_call(u->spec->graph, &request, u->cancel, &answer, err); /* whatever it says: it runs out anyway */
        graph_answer_release(&answer);
    }
    forget_session(u);
    return ok;
}

bool upload_session_is_too_old(int64_t begun, int64_t now, uint64_t left, uint64_t fragment, uint64_t took_len,
                               uint64_t took_ms)
{
    const int64_t age = now - begun;
    if (begun <= 0 || age < LIFE_S - LAST_S || age >= LIFE_S || left <= fragment) {
        return false;
    }
    return took_len == 0 || left * took_ms / took_len / 1000 > (uint64_t)(LIFE_S - age);
}

/* Better now than when it is refused with more of it sent. */
static Transfer begin_anew(Upload *u, Error *err)
{
    job_log(u->spec->sink, LOG_WARNING,
            "SharePoint ends an upload after 24 hours, and that of %s would not be done by then; it begins again.",
            u->spec->name);
    return upload_end_session(u, err) ? TRANSFER_ANEW : TRANSFER_FAILED;
}

/* The partial may be there whole, whatever the session says. */
static Transfer look_for_it(Upload *u, Transfer otherwise, Error *err)
{
    if (!upload_find(u, u->journal.partial, err)) {
        return TRANSFER_FAILED;
    }
    return u->item != NULL && upload_compare(u, u->item) != OTHER ? TRANSFER_DONE : otherwise;
}

/* --- beginning -------------------------------------------------------------------------------------------- */

static char *create_body(const Upload *u)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *item = cJSON_AddObjectToObject(body, "item");
    char *modified = clock_iso_text(u->modified);
    json_set_string(item, "@microsoft.graph.conflictBehavior", "fail"); /* always: documents and service differ */
    json_set_string(item, "name", u->journal.partial);
    json_set_string(cJSON_AddObjectToObject(item, "fileSystemInfo"), "lastModifiedDateTime", modified);
    char *text = cJSON_PrintUnformatted(body);
    if (text == NULL) {
        mem_out();
    }
    char *own = mem_strdup(text);
    cJSON_free(text);
    mem_free(modified);
    cJSON_Delete(body);
    return own;
}

static bool take_session(Upload *u, Session *s, GraphAnswer *answer, Error *err)
{
    cJSON *address = cJSON_GetObjectItem(answer->json, "uploadUrl");
    const char *url = cJSON_GetStringValue(address);
    if (answer->status != 200 || url == NULL) {
        return graph_problem(answer, "the upload could not be begun", err);
    }
    if (!upload_address_is_good(url, u->loopback)) {
        error_set(err, EK_REFUSED, "the upload could not be begun: its address is not one of SharePoint");
        return error_hint(err, "Ask your IT administrator whether a filter on the network changes answers.");
    }
    secret_set(&u->journal.session, url, strlen(url));
    secret_wipe(cJSON_GetStringValue(address), u->journal.session.len);
    uint64_t offset = 0;
    (void)next_offset(answer->json, &offset);
    stand_at(s, offset < u->size ? offset : 0);
    u->resuming = false;
    u->journal.begun = clock_now();
    return journal_save(u->journal_file, &u->journal, err); /* before the first byte goes */
}

static Transfer create(Upload *u, Session *s, Error *err)
{
    char *path = upload_target(u, u->journal.partial, "createUploadSession");
    char *body = create_body(u);
    Transfer outcome = TRANSFER_FAILED;
    GraphAnswer answer;
    graph_answer_init(&answer);
    const GraphRequest request = {.method = "POST", .path = path, .json = body};
    for (unsigned tries = 0;; tries++) {
        if (!graph_send(u->spec->graph, &request, u->cancel, &answer, err)) {
            break;
        }
        const bool again = graph_is_throttled(&answer) || graph_is_fault(&answer) ||
                           answer.status == 404; /* a folder that was just made is not known everywhere at once */
        if (again && tries + 1 < (graph_is_throttled(&answer) ? STUCK_MAX : CREATE_TRIES)) {
            if (!graph_is_throttled(&answer) && !graph_pause(u->spec->graph, tries, u->cancel, err)) {
                break;
            }
            continue;
        }
        if (answer.status == 409 || answer.status == 423) {
            /* A file, or a session that we know nothing of any more. */
            outcome = look_for_it(u, TRANSFER_NEW_NAME, err);
        } else if (take_session(u, s, &answer, err)) {
            outcome = TRANSFER_GO_ON;
        }
        break;
    }
    graph_answer_release(&answer);
    mem_free(body);
    mem_free(path);
    return outcome;
}

/* Asks where it stands. STANDS_UNKNOWN: err is set. */
static Standing ask(Upload *u, Session *s, Error *err)
{
    Standing standing = STANDS_UNKNOWN;
    GraphAnswer answer;
    graph_answer_init(&answer);
    const GraphRequest request = of_session(u, "GET");
    uint64_t offset = 0;
    if (!graph_call(u->spec->graph, &request, u->cancel, &answer, err)) {
        /* err is set */
    } else if (graph_is_throttled(&answer) || graph_is_fault(&answer) || answer.status == 407) {
        graph_problem(&answer, "the upload was interrupted", err);
    } else if (answer.status == 200 && upload_take_item(u, &answer)) {
        standing = STANDS_DONE;
    } else if (answer.status == 200 && next_offset(answer.json, &offset) && offset < u->size) {
        stand_at(s, offset);
        standing = STANDS_AT;
    } else {
        standing = STANDS_GONE;
    }
    graph_answer_release(&answer);
    return standing;
}

/* --- a fragment ------------------------------------------------------------------------------------------- */

static void shrink(Upload *u)
{
    const uint64_t half = u->fragment / 2 / UPLOAD_UNIT * UPLOAD_UNIT;
    u->fragment = half < UPLOAD_UNIT ? UPLOAD_UNIT : half;
}

static void adapt(Upload *u, uint64_t ms)
{
    if (ms < GOOD_MS) {
        u->fragment = u->fragment * 2 > u->fragment_max ? u->fragment_max : u->fragment * 2;
    } else if (ms > SLOW_MS) {
        shrink(u);
    }
}

/* After a surprise: what the server has. */
static Transfer find_out(Upload *u, Session *s, Error *err)
{
    Transfer outcome = TRANSFER_FAILED;
    switch (ask(u, s, err)) {
    case STANDS_AT: outcome = TRANSFER_GO_ON; break;
    case STANDS_DONE: outcome = TRANSFER_DONE; break;
    case STANDS_GONE: outcome = look_for_it(u, TRANSFER_AGAIN, err); break;
    case STANDS_UNKNOWN: break;
    }
    if (outcome == TRANSFER_AGAIN) {
        forget_session(u);
    }
    return outcome;
}

/* Whether the answer is one after which it is worth to ask, having waited as it says. */
static bool wait_after(Upload *u, Session *s, const GraphAnswer *answer, bool last, bool *known, Error *err)
{
    *known = true;
    switch (answer->status) {
    case 401: case 403: case 409: case 412: case 416: case 429: case 503: case 509:
        return true;
    case 404:
        return graph_wait_units(u->spec->graph, LOCKED_UNITS, u->cancel, err);
    case 200: case 201: case 202: /* without what it should say: a session's answer, no ranges, no progress */
        return graph_pause(u->spec->graph, s->stuck - 1, u->cancel, err);
    case 413:
        shrink(u);
        return true;
    case 423:
        return graph_wait_units(u->spec->graph, LOCKED_UNITS, u->cancel, err);
    case 0: case 408: case 504:
        if (++s->timeouts >= 2 || answer->status == 0) {
            shrink(u);
        }
        s->last_failed += last;
        return graph_pause(u->spec->graph, s->stuck - 1, u->cancel, err);
    case 500: case 502:
        s->last_failed += last;
        return graph_pause(u->spec->graph, s->stuck - 1, u->cancel, err);
    default:
        if (graph_answer_is(answer, "maxFragmentLengthExceeded")) {
            shrink(u);
            return true;
        }
        *known = false;
        return false;
    }
}

static Transfer surprised(Upload *u, Session *s, const GraphAnswer *answer, bool last, Error *err)
{
    static const char interrupted[] = "the upload was interrupted";
    bool known = false;
    if (++s->stuck > STUCK_MAX) {
        graph_problem(answer, interrupted, err);
        return TRANSFER_FAILED;
    }
    if (!wait_after(u, s, answer, last, &known, err)) {
        if (!known) {
            graph_problem(answer, "the upload failed", err);
        }
        return TRANSFER_FAILED;
    }
    if (answer->status == 423 && s->stuck > 2) {
        return look_for_it(u, TRANSFER_NEW_NAME, err);
    }
    if (s->last_failed >= LAST_TRIES) {
        const Transfer found = look_for_it(u, TRANSFER_AGAIN, err);
        if (found == TRANSFER_AGAIN) {
            shrink(u); /* another size: such faults depend on it */
            return upload_end_session(u, err) ? TRANSFER_AGAIN : TRANSFER_FAILED;
        }
        return found;
    }
    if (answer->status == 409) {
        const Transfer found = look_for_it(u, TRANSFER_AGAIN, err);
        if (found != TRANSFER_AGAIN || u->item != NULL) {
            return found == TRANSFER_AGAIN ? TRANSFER_NEW_NAME : found; /* somebody else's file has the name */
        }
    }
    return find_out(u, s, err);
}

/* The server has taken a fragment, or a part of it. */
static Transfer advance(Upload *u, Session *s, uint64_t offset, uint64_t sent, uint64_t ms, const GraphAnswer *answer,
                        Error *err)
{
    if (offset <= s->best) {
        return surprised(u, s, answer, false, err);
    }
    if (offset == s->offset + sent) {
        adapt(u, ms);
    }
    s->last_failed = 0;
    s->timeouts = 0;
    stand_at(s, offset);
    return TRANSFER_GO_ON;
}

/* Sends fragments until the file is there or the session is gone. */
static Transfer send_fragments(Upload *u, Session *s, Error *err)
{
    Transfer outcome = TRANSFER_GO_ON;
    uint64_t took_len = 0;
    uint64_t took_ms = 0;
    GraphAnswer answer;
    graph_answer_init(&answer);
    while (outcome == TRANSFER_GO_ON) {
        const uint64_t left = u->size - s->offset;
        if (upload_session_is_too_old(u->journal.begun, clock_now(), left, u->fragment, took_len, took_ms)) {
            outcome = begin_anew(u, err);
            break;
        }
        const uint64_t len = left < u->fragment ? left : u->fragment;
        const bool last = len == left;
        char *range = mem_printf("bytes %llu-%llu/%llu", (unsigned long long)s->offset,
                                 (unsigned long long)(s->offset + len - 1), (unsigned long long)u->size);
        const HttpBody stream = {upload_read, upload_sent, u, upload_allow};
        GraphRequest request = of_session(u, "PUT");
        request.range = range;
        request.stream = &stream;
        request.stream_len = (size_t)len;
        u->base = s->offset;
        const bool may = upload_await(u, err);
        const uint64_t begun = clock_monotonic_ms();
        uint64_t offset = 0;
        const bool sent = may && graph_send(u->spec->graph, &request, u->cancel, &answer, err);
        mem_free(range);
        if (!sent) {
            outcome = TRANSFER_FAILED;
        } else if ((answer.status == 200 || answer.status == 201) && upload_take_item(u, &answer)) {
            outcome = TRANSFER_DONE;
        } else if (answer.status == 202 && next_offset(answer.json, &offset) && offset < u->size) {
            took_len = len;
            took_ms = clock_monotonic_ms() - begun;
            outcome = advance(u, s, offset, len, took_ms, &answer, err);
        } else {
            outcome = surprised(u, s, &answer, last, err);
        }
    }
    graph_answer_release(&answer);
    return outcome;
}

Transfer upload_by_session(Upload *u, Error *err)
{
    Session s = {0};
    Transfer outcome = TRANSFER_AGAIN;
    if (secret_is_set(&u->journal.session) && !upload_address_is_good(u->journal.session.bytes, u->loopback)) {
        forget_session(u);
    }
    if (secret_is_set(&u->journal.session)) {
        outcome = find_out(u, &s, err);
        u->resumed_at = outcome == TRANSFER_GO_ON && u->resuming ? s.offset : 0; /* transfer() says 0 of one anew */
    }
    if (outcome == TRANSFER_AGAIN) {
        outcome = create(u, &s, err);
    }
    return outcome == TRANSFER_GO_ON ? send_fragments(u, &s, err) : outcome;
}
