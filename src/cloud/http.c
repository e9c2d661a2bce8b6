/*
 * http.c: libcurl's multi interface with one transfer in it, so that all waiting is ours: curl_multi_poll in
 * slices, with a look at the Cancel between them.
 *
 * An address may carry a secret of its own (Graph's upload URLs do), so messages name the host only.
 */
#include "cloud/http.h"

#include <string.h>

#include <curl/curl.h>

#include "base/mem.h"
#include "base/utf.h"
#include "cloud/address.h"
#include "http_private.h"
#include "platform/proxy.h"
#include "version.h"

#define CONNECT_SECONDS 30L
#define SLOW_SECONDS 120L
#define SLOW_BYTES 1024L
#define SLICE_MS 100
#define HELD_MS 20 /* while its own sender holds it back */
#define UPLOAD_BUFFER 2097152L
#define MAX_HEADERS 262144u

struct Http {
    CURLM *multi;
    CURL *easy;
    char *ca_file; /* or NULL */
};

typedef struct Transfer {
    HttpResponse *response;
    bool too_large;
    const HttpBody *stream;
    uint64_t at, len;  /* of the stream */
    Error read_failed; /* what its read said, or the take */
    const HttpTake *take;
    CURL *easy;
    bool held; /* nothing of the stream may go now */
} Transfer;

Http *http_new(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        mem_out();
    }
    Http *http = mem_alloc(sizeof *http);
    http->multi = curl_multi_init();
    http->easy = curl_easy_init();
    if (http->multi == NULL || http->easy == NULL) {
        mem_out();
    }
    return http;
}

void http_free(Http *http)
{
    if (http == NULL) {
        return;
    }
    curl_easy_cleanup(http->easy);
    curl_multi_cleanup(http->multi);
    mem_free(http->ca_file);
    mem_free(http);
    curl_global_cleanup();
}

void http_set_ca_file(Http *http, const char *path)
{
    mem_free(http->ca_file);
    http->ca_file = mem_strdup(path);
}

void http_response_init(HttpResponse *response)
{
    response->status = 0;
    strbuf_init(&response->body, STRBUF_LARGE);
    strbuf_init(&response->headers, MAX_HEADERS);
}

void http_response_release(HttpResponse *response)
{
    strbuf_release(&response->body);
    strbuf_release(&response->headers);
    response->status = 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;
    const size_t len = size * count;
    HttpResponse *response = transfer->response;
    if (transfer->take != NULL) {
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &response->status);
        if (response->status == 200 || response->status == 206) {
            const bool ok = transfer->take->take(transfer->take->context, response, bytes, len, &transfer->read_failed);
            return ok ? len : CURL_WRITEFUNC_ERROR;
        }
    }
    if (!strbuf_add(&response->body, bytes, len)) {
        transfer->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    return len;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;
    const size_t len = size * count;
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        strbuf_clear(&transfer->response->headers); /* those of an interim answer do not count */
    }
    if (!strbuf_add(&transfer->response->headers, bytes, len)) {
        transfer->too_large = true;
        return 0;
    }
    return len;
}

static size_t give_body(char *buf, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;
    const uint64_t left = transfer->len - transfer->at;
    size_t len = size * count < left ? size * count : (size_t)left;
    if (len > 0 && transfer->stream->allow != NULL) {
        len = transfer->stream->allow(transfer->stream->context, len);
        transfer->held = len == 0;
        if (transfer->held) {
            return CURL_READFUNC_PAUSE;
        }
    }
    if (len > 0 && !transfer->stream->read(transfer->stream->context, transfer->at, buf, len, &transfer->read_failed)) {
        return CURL_READFUNC_ABORT;
    }
    transfer->at += len;
    return len;
}

/* A connection that was kept open may have gone: the request begins again on another. */
static int seek_body(void *context, curl_off_t offset, int origin)
{
    Transfer *transfer = context;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > transfer->len) {
        return CURL_SEEKFUNC_FAIL;
    }
    transfer->at = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static int tell_sent(void *context, curl_off_t to_come, curl_off_t came, curl_off_t to_send, curl_off_t sent)
{
    Transfer *transfer = context;
    (void)to_come;
    (void)came;
    (void)to_send;
    if (sent > 0) {
        transfer->stream->sent(transfer->stream->context, (uint64_t)sent);
    }
    return 0;
}

/* The host of a permitted address; caller frees. */
static bool check_url(const char *url, char **host, Error *err)
{
    CURLU *parts = curl_url();
    char *scheme = NULL;
    char *name = NULL;
    bool ok = false;
    if (parts == NULL) {
        mem_out();
    }
    if (curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &name, 0) != CURLUE_OK) {
        error_set(err, EK_USAGE, "the address of a request is not valid");
    } else if (strcmp(scheme, "https") != 0 && !(strcmp(scheme, "http") == 0 && cloud_is_loopback(name))) {
        error_set(err, EK_USAGE, "the address of a request to %s does not begin with https", name);
    } else {
        *host = mem_strdup(name);
        ok = true;
    }
    curl_free(scheme);
    curl_free(name);
    curl_url_cleanup(parts);
    return ok;
}

static bool has_header(const HttpRequest *request, const char *name)
{
    const size_t len = strlen(name);
    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++) {
        const char *colon = strchr(*line, ':');
        if (colon != NULL && (size_t)(colon - *line) == len) {
            char *own = mem_strndup(*line, len);
            const bool same = utf8_casecmp(own, name) == 0;
            mem_free(own);
            if (same) {
                return true;
            }
        }
    }
    return false;
}

static struct curl_slist *add_line(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);
    if (longer == NULL) {
        mem_out();
    }
    return longer;
}

static struct curl_slist *request_headers(const HttpRequest *request)
{
    struct curl_slist *list = NULL;
    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++) {
        list = add_line(list, *line);
    }
    /* What libcurl would add by itself. */
    if (!has_header(request, "Content-Type")) {
        list = add_line(list, "Content-Type:");
    }
    if (!has_header(request, "Expect")) {
        list = add_line(list, "Expect:");
    }
    return list;
}

bool http_explain(CURLcode code, const char *host, const char *words, Error *err)
{
    static const char network[] = "Check the internet connection.";
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        error_set(err, EK_CONNECT, "could not find the server \"%s\"", host);
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
        error_set(err, EK_CONNECT, "could not find the proxy that leads to %s", host);
        break;
    case CURLE_COULDNT_CONNECT:
        error_set(err, EK_CONNECT, "nothing answers at %s", host);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        error_set(err, EK_CONNECT, "%s did not answer in time", host);
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
        error_set(err, EK_CONNECT, "no safe connection to %s could be made", host);
        break;
    case CURLE_WRITE_ERROR:
    case CURLE_TOO_LARGE:
        error_set(err, EK_DAMAGED, "the answer of %s is too large", host);
        return false;
    case CURLE_OUT_OF_MEMORY:
        mem_out();
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        error_set(err, EK_INTERNAL, "a request to %s could not be made", host);
        break;
    default:
        error_set(err, EK_CONNECT, "the connection to %s was lost", host);
        break;
    }
    error_detail(err, "%s", words[0] == '\0' ? curl_easy_strerror(code) : words);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR) {
        return error_hint(err, "Check the date and time of this computer, and whether a filter on the network takes "
                               "encrypted connections apart; ask your IT administrator.");
    }
    return error_hint(err, "%s", network);
}

/* Drives the one transfer to its end. `transfer` NULL: nothing holds it back. */
static bool drive(CURLM *multi, CURL *easy, const Transfer *transfer, const Cancel *cancel, CURLcode *code, Error *err)
{
    bool was_held = false;
    for (;;) {
        int running = 0;
        const bool held = transfer != NULL && transfer->held;
        if (held != was_held) { /* it is not the network that is slow then */
            was_held = held;
            curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, was_held ? 0L : SLOW_SECONDS);
        }
        if (held) {
            curl_easy_pause(easy, CURLPAUSE_CONT); /* which asks the stream again */
        }
        CURLMcode state = curl_multi_perform(multi, &running);
        if (state != CURLM_OK) {
            return error_set(err, EK_INTERNAL, "libcurl failed: %s", curl_multi_strerror(state));
        }
        int waiting = 0;
        const CURLMsg *message = curl_multi_info_read(multi, &waiting);
        if (message != NULL && message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return true;
        }
        if (cancel_requested(cancel)) {
            return error_set(err, EK_CANCELLED, "stopped at your request");
        }
        const bool holds = transfer != NULL && transfer->held; /* that may just have begun, or ended */
        state = curl_multi_poll(multi, NULL, 0, holds ? HELD_MS : SLICE_MS, NULL);
        if (state != CURLM_OK) {
            return error_set(err, EK_INTERNAL, "libcurl failed: %s", curl_multi_strerror(state));
        }
    }
}

bool http_drive(CURLM *multi, const Cancel *cancel, CURLcode *code, Error *err)
{
    return drive(multi, NULL, NULL, cancel, code, err);
}

/* A proxy that the system names; the environment's is libcurl's own affair. */
static void set_proxy(CURL *easy, const char *proxy)
{
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
    /* As the Windows user, who is asked for nothing; no password goes anywhere. A libcurl that can do neither goes
     * without. */
    (void)curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)(CURLAUTH_NEGOTIATE | CURLAUTH_NTLM));
    curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, ":");
}

/* What a proxy said to the wish for a connection; false: none was asked, or it let us through. */
static bool proxy_refused(CURL *easy, const char *host, Error *err)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status < 300) {
        return false;
    }
    if (status == 407) {
        error_set(err, EK_CONNECT, "the proxy of this network asks for a password");
        error_hint(err, "Ask your IT administrator to let this program through to %s without one.", host);
    } else {
        error_set(err, EK_CONNECT, "the proxy of this network does not let this program through to %s", host);
        error_hint(err, "Ask your IT administrator; a network that wants a sign-in of its own in the browser first may "
                        "also answer so.");
    }
    error_detail(err, "status %ld", status);
    return true;
}

bool http_request(Http *http, const HttpRequest *request, const Cancel *cancel, HttpResponse *response, Error *err)
{
    char *host = NULL;
    if (!check_url(request->url, &host, err)) {
        return false;
    }
    HttpResponse answer;
    http_response_init(&answer);
    strbuf_release(&answer.body);
    strbuf_init(&answer.body, request->max_response);
    Transfer transfer = {.response = &answer, .stream = request->stream, .len = request->body_len,
                         .read_failed = ERROR_INIT, .take = request->take, .easy = http->easy};
    char words[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = request_headers(request);
    const bool head = strcmp(request->method, "HEAD") == 0;
    const bool sends = request->body != NULL || strcmp(request->method, "POST") == 0 ||
                       strcmp(request->method, "PUT") == 0 || strcmp(request->method, "PATCH") == 0;
    CURL *easy = http->easy;
    curl_easy_reset(easy);
    CURLcode code = CURLE_OK;
#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(easy, option, value) : code)
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https"); /* check_url has let http pass for loopback only */
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* a request that is stopped does not wait for the system's resolver */
    SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    SET(CURLOPT_TIMEOUT, request->seconds);
    SET(CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_REVOKE_BEST_EFFORT); /* Schannel; a revoked certificate is refused */
    const bool loopback = cloud_is_loopback(host);
    char *proxy = loopback ? NULL : proxy_for(request->url, cancel);
    if (loopback) {
        SET(CURLOPT_PROXY, "");
    } else if (proxy != NULL) {
        set_proxy(easy, proxy);
    }
    (void)curl_easy_setopt(easy, CURLOPT_PROXY_SSL_OPTIONS, (long)CURLSSLOPT_REVOKE_BEST_EFFORT);
    if (http->ca_file != NULL) {
        SET(CURLOPT_CAINFO, http->ca_file);
    }
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_USERAGENT, CMMS_USER_AGENT);
    SET(CURLOPT_ERRORBUFFER, words);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, &transfer);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, &transfer);
    if (request->stream != NULL) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_len);
        SET(CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
        SET(CURLOPT_READFUNCTION, give_body);
        SET(CURLOPT_READDATA, &transfer);
        SET(CURLOPT_SEEKFUNCTION, seek_body);
        SET(CURLOPT_SEEKDATA, &transfer);
        if (request->stream->sent != NULL) {
            SET(CURLOPT_NOPROGRESS, 0L);
            SET(CURLOPT_XFERINFOFUNCTION, tell_sent);
            SET(CURLOPT_XFERINFODATA, &transfer);
        }
    } else if (sends) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        SET(CURLOPT_POSTFIELDS, request->body == NULL ? "" : (const char *)request->body);
    }
    SET(CURLOPT_HTTPHEADER, headers);
    if (head) {
        SET(CURLOPT_NOBODY, 1L);
    } else {
        SET(CURLOPT_CUSTOMREQUEST, request->method);
    }
#undef SET
    bool ok = false;
    if (code != CURLE_OK) {
        http_explain(code, host, words, err);
        goto out;
    }
    if (curl_multi_add_handle(http->multi, easy) != CURLM_OK) {
        error_set(err, EK_INTERNAL, "libcurl refused a request");
        goto out;
    }
    ok = drive(http->multi, http->easy, &transfer, cancel, &code, err);
    if (ok && transfer.read_failed.kind != EK_NONE) {
        ok = error_move(err, &transfer.read_failed);
    } else if (ok && code != CURLE_OK && proxy_refused(easy, host, err)) {
        ok = false;
    } else if (ok && code == CURLE_COULDNT_CONNECT && proxy != NULL) { /* behind it nobody was asked */
        error_set(err, EK_CONNECT, "nothing answers at %s, the proxy that leads to %s", proxy + strlen("http://"),
                  host);
        ok = error_hint(err, "Check the internet connection, and the proxy in Windows' settings.");
    } else if (ok && code != CURLE_OK) {
        ok = http_explain(transfer.too_large ? CURLE_TOO_LARGE : code, host, words, err);
    }
    if (ok) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    }
    curl_multi_remove_handle(http->multi, easy);
out:
    curl_easy_reset(easy); /* it points to what ends here */
    curl_slist_free_all(headers);
    mem_free(proxy);
    mem_free(host);
    error_clear(&transfer.read_failed);
    if (ok) {
        http_response_release(response);
        *response = answer;
    } else {
        http_response_release(&answer);
    }
    return ok;
}

char *http_header(const HttpResponse *response, const char *name)
{
    const size_t name_len = strlen(name);
    char *found = NULL;
    const char *line = response->headers.buf;
    while (*line != '\0') {
        const size_t len = strcspn(line, "\r\n");
        if (len > name_len && line[name_len] == ':') {
            char *own = mem_strndup(line, name_len);
            if (utf8_casecmp(own, name) == 0) {
                const char *value = line + name_len + 1;
                size_t value_len = len - name_len - 1;
                while (value_len > 0 && (*value == ' ' || *value == '\t')) {
                    value++;
                    value_len--;
                }
                while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t')) {
                    value_len--;
                }
                mem_free(found);
                found = mem_strndup(value, value_len);
            }
            mem_free(own);
        }
        line += len;
        line += strspn(line, "\r\n");
    }
    return found;
}
