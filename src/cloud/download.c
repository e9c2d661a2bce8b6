/*
 * download.c: Graph tells an address that is good for minutes and carries a secret of its own; the bytes come from
 * there, without our token. So each try asks for the address anew, and an address that has run out is no failure. What
 * brings nothing is counted, so no conversation is endless.
 *
 * Whose the bytes are that an earlier try left is not noted: the hash at the end says it, and where it does not fit,
 * the file is begun again, once.
 */
#include "cloud/download.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "cloud/address.h"
#include "cloud/upload.h"
#include "platform/fs.h"

#define PIECE 1048576u
#define TRIES 6u       /* in a row that bring nothing */
#define BUSY_TRIES 12u

typedef struct Download {
    const DownloadSpec *spec;
    const Cancel *cancel;
    char *partial;
    FsFile *file;      /* the partial; NULL: closed */
    uint64_t at;       /* bytes of it */
    uint64_t resumed_at;
    bool began;        /* this answer's body has */
    char *quickxor;    /* that SharePoint says; or NULL */
} Download;

static void tell_step(const Download *d, const char *step, uint64_t bytes)
{
    if (d->spec->progress != NULL) {
        const double part = d->spec->bytes == 0 ? 1 : (double)bytes / (double)d->spec->bytes;
        d->spec->progress(d->spec->context, step, part > 1 ? 1 : part, bytes);
    }
}

/* --- the partial ------------------------------------------------------------------------------------------ */

static bool close_partial(Download *d, Error *err)
{
    FsFile *file = d->file;
    d->file = NULL;
    return file == NULL || fs_close(file, err);
}

static bool begin_anew(Download *d, Error *err)
{
    close_partial(d, NULL);
    d->at = 0;
    d->resumed_at = 0;
    return fs_remove(d->partial, err) && fs_create_new(d->partial, &d->file, err);
}

static bool open_partial(Download *d, Error *err)
{
    Error failed = ERROR_INIT;
    if (!fs_open_append(d->partial, &d->file, &failed)) {
        if (failed.kind != EK_NOT_FOUND) {
            return error_move(err, &failed);
        }
        error_clear(&failed);
        return fs_create_new(d->partial, &d->file, err);
    }
    if (!fs_size(d->file, &d->at, err)) {
        return false;
    }
    d->resumed_at = d->at;
    return d->at <= d->spec->bytes || begin_anew(d, err);
}

/* --- the bytes -------------------------------------------------------------------------------------------- */

static bool number(const char *text, uint64_t *value)
{
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0') {
        return false;
    }
    *value = (uint64_t)strtoull(text, NULL, 10);
    return true;
}

/* "bytes 7-9/10" */
static bool parse_range(const char *text, uint64_t *first, uint64_t *total)
{
    static const char unit[] = "bytes ";
    const char *dash = strchr(text, '-'), *slash = strchr(text, '/');
    if (strncmp(text, unit, sizeof unit - 1) != 0 || dash == NULL || slash == NULL || slash < dash) {
        return false;
    }
    char *begin = mem_strndup(text + sizeof unit - 1, (size_t)(dash - text) - (sizeof unit - 1));
    const bool ok = number(begin, first) && number(slash + 1, total);
    mem_free(begin);
    return ok;
}

bool download_fits(const HttpResponse *response, uint64_t at, uint64_t total, uint64_t *from)
{
    char *range = http_header(response, "Content-Range"), *length = http_header(response, "Content-Length");
    uint64_t first = 0, whole = 0;
    bool ok = false;
    if (response->status == 206 && range != NULL) {
        ok = parse_range(range, &first, &whole) && first == at && whole == total;
    } else if (response->status == 200 && length != NULL) {
        ok = number(length, &whole) && whole == total;
        first = 0;
    }
    if (ok) {
        *from = first;
    }
    mem_free(length);
    mem_free(range);
    return ok;
}

static bool take(void *context, const HttpResponse *so_far, const void *bytes, size_t len, Error *err)
{
    Download *d = context;
    if (!d->began) {
        uint64_t from = 0;
        if (!download_fits(so_far, d->at, d->spec->bytes, &from)) {
            error_set(err, EK_CONNECT, "what answers is not SharePoint");
            return error_hint(err, "A network that wants a sign-in of its own in the browser first answers so.");
        }
        if (from != d->at && !begin_anew(d, err)) {
            return false;
        }
        d->began = true;
    }
    if (len > d->spec->bytes - d->at) {
        return error_set(err, EK_CONNECT, "SharePoint sends more than the file has");
    }
    if (!fs_write(d->file, bytes, len, err)) {
        return false;
    }
    d->at += len;
    tell_step(d, "Downloading", d->at);
    return true;
}

/* The address of an item's bytes, and what is said of them. Caller frees *url. */
static bool ask(Graph *graph, const char *drive, const char *item, const Cancel *cancel, GraphAnswer *answer,
                char **url, Error *err)
{
    StrBuf path;
    strbuf_init(&path, STRBUF_LINE);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, item);
    const GraphRequest request = {.method = "GET", .path = path.buf};
    bool ok = graph_call(graph, &request, cancel, answer, err);
    const char *told = ok ? json_string(answer->json, "@microsoft.graph.downloadUrl", NULL) : NULL;
    if (ok && (answer->status != 200 || told == NULL || graph_item_size(answer->json) < 0)) {
        ok = graph_problem(answer, "the file could not be looked at on SharePoint", err);
    } else if (ok && !upload_address_is_good(told, graph_is_loopback(graph))) {
        ok = error_set(err, EK_CONNECT, "the file's address leads elsewhere than to SharePoint");
    }
    if (ok) {
        *url = mem_strdup(told);
    }
    strbuf_release(&path);
    return ok;
}

static void wipe_url(char *url)
{
    secret_free_text(url); /* it carries a secret */
}

/* Where the bytes are now; caller ends it with wipe_url. What it is to be is compared as far as SharePoint says it. */
static bool look_there(Download *d, char **url, Error *err)
{
    GraphAnswer item;
    graph_answer_init(&item);
    bool ok = ask(d->spec->graph, d->spec->drive, d->spec->item, d->cancel, &item, url, err);
    if (ok && graph_item_size(item.json) != (int64_t)d->spec->bytes) {
        error_set(err, EK_DAMAGED, "the file on SharePoint has another size than its manifest says");
        ok = error_hint(err, "Take another backup.");
    }
    if (ok) {
        mem_free(d->quickxor);
        d->quickxor = mem_strdup(graph_item_hash(item.json));
    }
    graph_answer_release(&item);
    return ok;
}

/* One answer's worth of bytes. False: it is over. */
static bool fetch_some(Download *d, GraphAnswer *answer, Error *err)
{
    char *url = NULL;
    bool ok = look_there(d, &url, err);
    if (ok) {
        char *wanted = mem_printf("bytes=%" PRIu64 "-", d->at);
        const HttpTake to_file = {take, d};
        const GraphRequest request = {.method = "GET", .url = url, .wanted = d->at > 0 ? wanted : NULL,
                                      .take = &to_file};
        d->began = false;
        ok = graph_send(d->spec->graph, &request, d->cancel, answer, err);
        mem_free(wanted);
    }
    wipe_url(url);
    return ok;
}

static bool fetch(Download *d, Error *err)
{
    unsigned faults = 0, busy = 0;
    bool ok = true;
    GraphAnswer answer;
    graph_answer_init(&answer);
    tell_step(d, "Downloading", d->at);
    while (ok && d->at < d->spec->bytes) {
        const uint64_t before = d->at;
        ok = fetch_some(d, &answer, err);
        if (!ok || d->at == d->spec->bytes) {
            break;
        }
        if (d->at > before) {
            faults = 0;
            busy = 0;
        }
        const bool throttled = graph_is_throttled(&answer);
        if (throttled ? ++busy >= BUSY_TRIES : ++faults >= TRIES) {
            ok = graph_problem(&answer, "the download failed", err);
        } else if (answer.status == 416) {
            ok = begin_anew(d, err);
        } else if (!throttled) {
            ok = graph_pause(d->spec->graph, faults - 1, d->cancel, err);
        }
    }
    graph_answer_release(&answer);
    return ok;
}

/* --- the end ---------------------------------------------------------------------------------------------- */

/* What lies on the disk, not what came. */
static bool hash_partial(Download *d, char sha256[65], char quick_text[29], Error *err)
{
    Sha256 *sha = sha256_new();
    QuickXor quick;
    FsFile *file = NULL;
    char *piece = mem_alloc(PIECE);
    size_t got = 1;
    uint64_t at = 0;
    quickxor_init(&quick);
    bool ok = fs_open_read(d->partial, &file, err);
    while (ok && got > 0) {
        ok = cancel_requested(d->cancel) ? error_set(err, EK_CANCELLED, "stopped at your request")
                                         : fs_read(file, piece, PIECE, &got, err);
        if (ok) {
            sha256_update(sha, piece, got);
            quickxor_update(&quick, piece, got);
            at += got;
            tell_step(d, "Comparing", at);
        }
    }
    sha256_finish(sha, sha256);
    quickxor_finish(&quick, quick_text);
    fs_close(file, NULL);
    mem_free(piece);
    return ok;
}

/* *same: it is what it must be. */
static bool compare(Download *d, bool *same, Error *err)
{
    char sha256[65], quickxor[29];
    if (!hash_partial(d, sha256, quickxor, err)) {
        return false;
    }
    *same = strcmp(sha256, d->spec->sha256) == 0 && (d->quickxor == NULL || strcmp(quickxor, d->quickxor) == 0);
    return true;
}

static bool bring(Download *d, Error *err)
{
    for (int round = 0; round < 2; round++) {
        bool same = false;
        if (!fetch(d, err) || !fs_flush(d->file, err) || !close_partial(d, err) || !compare(d, &same, err)) {
            return false;
        }
        if (same) {
            return true;
        }
        if (d->resumed_at == 0) {
            break;
        }
        if (!begin_anew(d, err)) { /* what was left was of other bytes */
            return false;
        }
    }
    fs_remove(d->partial, NULL);
    error_set(err, EK_DAMAGED, "the copy on SharePoint is damaged: it is not what its manifest says");
    return error_hint(err, "Take another backup.");
}

bool download_file(const DownloadSpec *spec, const Cancel *cancel, DownloadResult *result, Error *err)
{
    Download d = {.spec = spec, .cancel = cancel};
    char *url = NULL;
    bool ok = false;
    d.partial = mem_printf("%s" DOWNLOAD_SUFFIX, spec->path);
    if (fs_exists(spec->path)) {
        error_set(err, EK_IO, "\"%s\" is there already", spec->path);
        error_hint(err, "Rename it or move it away.");
        goto out;
    }
    ok = look_there(&d, &url, err);
    wipe_url(url);
    ok = ok && open_partial(&d, err) && bring(&d, err);
    if (ok && spec->place != NULL) {
        ok = spec->place(spec->context, d.partial, err);
    } else if (ok) {
        ok = (spec->commit == NULL || spec->commit(spec->context, err)) &&
             fs_rename(d.partial, spec->path, false, err);
    }
    if (ok) {
        *result = (DownloadResult){.resumed_at = d.resumed_at, .hash_pending = d.quickxor == NULL};
    }
out:
    close_partial(&d, NULL);
    mem_free(d.quickxor);
    mem_free(d.partial);
    return ok;
}

/* --- a small one ------------------------------------------------------------------------------------------ */

typedef struct Small {
    StrBuf *bytes;
    uint64_t size;
    bool began;
} Small;

static bool take_small(void *context, const HttpResponse *so_far, const void *bytes, size_t len, Error *err)
{
    Small *small = context;
    uint64_t from = 0;
    if (!small->began && !download_fits(so_far, 0, small->size, &from)) {
        return error_set(err, EK_CONNECT, "what answers is not SharePoint");
    }
    small->began = true;
    return strbuf_add(small->bytes, bytes, len) || error_set(err, EK_IO, "it is too large");
}

bool download_text(Graph *graph, const char *drive, const char *item, const char *name, const Cancel *cancel,
                   StrBuf *bytes, Error *err)
{
    unsigned tries = 0;
    bool done = false, ok = true;
    while (ok && !done) {
        char *url = NULL;
        GraphAnswer there, answer;
        graph_answer_init(&there);
        graph_answer_init(&answer);
        ok = ask(graph, drive, item, cancel, &there, &url, err);
        if (ok) {
            Small small = {.bytes = bytes, .size = (uint64_t)graph_item_size(there.json)};
            const HttpTake to_memory = {take_small, &small};
            const GraphRequest request = {.method = "GET", .url = url, .take = &to_memory};
            strbuf_clear(bytes);
            ok = graph_send(graph, &request, cancel, &answer, err);
            done = ok && answer.status == 200 && bytes->len == small.size;
            if (ok && !done && ++tries >= TRIES) {
                ok = graph_problem(&answer, "it could not be read", err);
            } else if (ok && !done && !graph_is_throttled(&answer)) {
                ok = graph_pause(graph, tries - 1, cancel, err);
            }
        }
        wipe_url(url);
        graph_answer_release(&answer);
        graph_answer_release(&there);
    }
    return ok || error_context(err, "%s", name);
}
