/*
 * http.h: HTTPS requests by libcurl, with a User-Agent as SharePoint wants it. On Windows TLS is Schannel's with the
 * system's roots; certificate checks are never off. Redirects are not followed. It goes through the proxy of the
 * environment, else of the system (proxy.h), never for loopback. One Http (one connection cache) is used by one thread
 * at a time.
 */
#ifndef CMMS_HTTP_H
#define CMMS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "platform/cancel.h"

typedef struct Http Http;

/* A body that is read while it is sent, so that its size does not matter. Called on the thread of http_request. */
typedef struct HttpBody {
    bool (*read)(void *context, uint64_t at, void *buf, size_t len, Error *err); /* all of len, within body_len */
    void (*sent)(void *context, uint64_t bytes); /* so many have gone out; may be NULL */
    void *context;
    size_t (*allow)(void *context, size_t wanted); /* how many may go now; 0: asked again soon. NULL: all */
} HttpBody;

typedef struct HttpResponse HttpResponse;
/* The body of a good answer (200 or 206) as it comes, so that its size does not matter; so_far has the status and the
 * headers. All other bodies come in the response. What fails here ends the request. */
typedef struct HttpTake {
    bool (*take)(void *context, const HttpResponse *so_far, const void *bytes, size_t len, Error *err);
    void *context;
} HttpTake;

typedef struct HttpRequest {
    const char *method;         /* "GET", "PUT", ... */
    const char *url;            /* https; http only to loopback */
    const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
    const void *body;           /* or NULL */
    size_t body_len;
    size_t max_response;        /* bytes of the body; more is EK_DAMAGED */
    const HttpBody *stream;     /* in the place of body, body_len bytes of it; or NULL */
    const HttpTake *take;       /* or NULL */
    long seconds;               /* that all of it may take; 0: as long as something comes */
} HttpRequest;

struct HttpResponse {
    long status;
    StrBuf body;
    StrBuf headers; /* raw lines; see http_header */
};

Http *http_new(void);
void http_free(Http *http);
/* A PEM file to trust instead of the system's roots (tests); NULL for the system's. */
void http_set_ca_file(Http *http, const char *path);
void http_response_init(HttpResponse *response);
void http_response_release(HttpResponse *response);
/* EK_CONNECT for DNS, TCP and TLS failures, proxies that refuse and time-outs (30 s to connect; 120 s below 1 KB/s),
 * whatever the status otherwise. Cancelled within a second. What the stream's read and the take say is handed on. */
bool http_request(Http *http, const HttpRequest *request, const Cancel *cancel, HttpResponse *response, Error *err);
char *http_header(const HttpResponse *response, const char *name); /* the last one's value; caller frees; NULL */

#endif
