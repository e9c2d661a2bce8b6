/*
 * graph.h: requests to Microsoft Graph: the token, the throttle gate, errors in words.
 *
 * Nothing here tells a token, an address with a secret in it, or a server's own words: messages have the status, the
 * codes of the answer and the request's number, by which Microsoft finds it. One Graph is used by one thread at a time.
 */
#ifndef CMMS_GRAPH_H
#define CMMS_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/job.h"
#include "base/secret.h"
#include "cloud/http.h"
#include "platform/cancel.h"

typedef struct Graph Graph;

typedef struct GraphSetup {
    const char *endpoint; /* "https://graph.microsoft.com"; http only to loopback */
    const char *ca_file;  /* a PEM file to trust instead of the system's roots (tests); or NULL */
    const JobSink *sink;  /* longer waits are told; or NULL. Borrowed, as `context` is */
    unsigned unit_ms;     /* of waits whose length is ours to choose; 0: 1000. Tests take less */
    long seconds;         /* that a request may take, and a wait before one (else EK_BUSY); 0: as long as it does */
    /* A token for the next request. `refused`: the last one was not taken, so that another is wanted. */
    bool (*token)(void *context, bool refused, const Cancel *cancel, Secret *token, Error *err);
    void *context;
} GraphSetup;

bool graph_new(const GraphSetup *setup, Graph **out, Error *err); /* EK_SETTINGS: the endpoint cannot be used */
void graph_free(Graph *graph);                                    /* NULL is fine */

bool graph_is_loopback(const Graph *graph); /* its endpoint is on this computer: a simulator */

typedef struct GraphRequest {
    const char *method;
    const char *path;         /* below /v1.0, encoded: "/drives/…" */
    const char *url;          /* or a whole address, that of an upload session: gets no token, and is never told */
    const char *json;         /* a body; or NULL */
    const char *range;        /* Content-Range; or NULL */
    const HttpBody *stream;   /* another body, of stream_len bytes; or NULL */
    size_t stream_len;
    const char *wanted;       /* a Range: "bytes=7-"; or NULL */
    const char *if_match;     /* an eTag: 412 where the item is not that version any more; or NULL */
    const HttpTake *take;     /* where a good answer's body goes; or NULL. EK_CONNECT of it is as if nothing came */
} GraphRequest;

typedef struct GraphAnswer {
    long status;      /* 0: none came */
    Error lost;       /* then this says why (EK_CONNECT) */
    char *codes;      /* those of an error, the outermost first: "invalidRequest fragmentOverlap"; NULL: none */
    char *request_id; /* or NULL */
    int64_t date;     /* the server's clock when it answered, unix seconds; 0: not told */
    cJSON *json;      /* NULL where the body is not JSON */
} GraphAnswer;

void graph_answer_init(GraphAnswer *answer);
void graph_answer_release(GraphAnswer *answer);
bool graph_answer_is(const GraphAnswer *answer, const char *code); /* any of its codes is this one */

/* One request, when the gate is open; a token that was refused is renewed once, and the request repeated. True with
 * whatever came, also nothing. False: cancelled, no token, or the body could not be read. 429, 503 and 509 close the
 * gate for all requests: for what Retry-After says, exactly; else for a time that doubles, with some chance in it. */
bool graph_send(Graph *graph, const GraphRequest *request, const Cancel *cancel, GraphAnswer *answer, Error *err);
/* For what may be done twice: repeats it while the server is busy, has a fault or is not reached, some minutes. */
bool graph_call(Graph *graph, const GraphRequest *request, const Cancel *cancel, GraphAnswer *answer, Error *err);
/* A list of whatever length, page by page (@odata.nextLink); *items is all of its "value", the caller deletes it.
 * `what` begins the words where one is not that: "the libraries could not be read". */
bool graph_list(Graph *graph, const char *path, const char *what, const Cancel *cancel, cJSON **items, Error *err);
/* What of the next page's address stands below /v1.0, borrowed; NULL: it leads elsewhere, where no token may go. */
const char *graph_next_path(const char *endpoint, const char *link);
/* Waits before try number `tries` (from 0): units of 1, 2, 4 … 32, less some chance. False: cancelled. */
bool graph_pause(const Graph *graph, unsigned tries, const Cancel *cancel, Error *err);
bool graph_wait_units(const Graph *graph, unsigned units, const Cancel *cancel, Error *err); /* exactly so many */

bool graph_is_throttled(const GraphAnswer *answer); /* 429, 503 or 509: the gate is closed */
bool graph_is_fault(const GraphAnswer *answer);     /* nothing came, or 408, 500, 502, 504 */

/* The words for an answer that is not what was wanted. Returns false. `what` begins them: "the folder could not be
 * read". EK_CONNECT, EK_REFUSED, EK_NOT_FOUND, EK_SPACE, EK_BUSY, EK_USAGE, EK_IO by the status. */
bool graph_problem(const GraphAnswer *answer, const char *what, Error *err);

/* A library that wants its files checked out shows a new one to nobody but who brought it, until it is checked in: does
 * that where the item says so ("publication", which is told only when it is asked for by $select). EK_IO in words where
 * it cannot be. */
bool graph_check_in(Graph *graph, const char *drive, const cJSON *item, const Cancel *cancel, Error *err);
bool graph_item_tells_level(const cJSON *item); /* whether it says if it is checked in */

/* Of a drive item (file.hashes.quickXorHash, size); NULL and -1 where it does not say. Borrowed. */
const char *graph_item_hash(const cJSON *item);
const char *graph_item_etag(const cJSON *item); /* of this version; NULL also where it is none that could be sent */
int64_t graph_item_size(const cJSON *item);

#endif
