/*
 * download.h: a file from SharePoint, so that it is whole here under its name, or not here under that name.
 *
 * It comes to PATH.download, from where an earlier try ended; is flushed, read again from the disk and compared by
 * size, quickXorHash and SHA-256; and then gets its name, over nothing that is there. What was begun stays for the next
 * try, unless it turned out to be other bytes.
 */
#ifndef CMMS_DOWNLOAD_H
#define CMMS_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "cloud/graph.h"
#include "cloud/http.h"
#include "platform/cancel.h"
#include "store/folder.h"

#define DOWNLOAD_SUFFIX FOLDER_DOWNLOAD_SUFFIX

typedef struct DownloadSpec {
    Graph *graph;
    const char *drive, *item; /* Graph's numbers of the library and of the file */
    const char *path;         /* where it goes */
    const char *sha256;       /* what it must have */
    uint64_t bytes;
    /* part: 0..1 of the step; bytes of it so far. NULL where not wanted. */
    void (*progress)(void *context, const char *step, double part, uint64_t bytes);
    void *context;
    /* Called before the name is given, when all is compared: may write what must be there first. NULL: nothing is. */
    bool (*commit)(void *context, Error *err);
    /* In the stead of both, for what is not to have the name as it came: `partial` is what came, and was compared. What
     * is left of it stays for the next try, or was removed. NULL: it is not so. */
    bool (*place)(void *context, const char *partial, Error *err);
} DownloadSpec;

typedef struct DownloadResult {
    uint64_t resumed_at;  /* bytes that an earlier try had brought here */
    bool hash_pending;    /* SharePoint did not say its own hash; the SHA-256 is as it must be */
} DownloadResult;

/* EK_NOT_FOUND: the file is not there. EK_DAMAGED: it is not what it must be. EK_IO: there is a file of that name here.
 * EK_SPACE, EK_REFUSED, EK_CONNECT, EK_BUSY. After EK_CANCELLED, EK_CONNECT and EK_BUSY the next call goes on. */
bool download_file(const DownloadSpec *spec, const Cancel *cancel, DownloadResult *result, Error *err);

/* A small file into memory; `bytes` has its own bound, more is EK_DAMAGED. `name` is for words. */
bool download_text(Graph *graph, const char *drive, const char *item, const char *name, const Cancel *cancel,
                   StrBuf *bytes, Error *err);

/* Whether a good answer's body begins at `at` of `total` bytes: *from gets where it does (0 where the server ignored
 * the Range). False: it is something else, such as a page that a network puts in between. */
bool download_fits(const HttpResponse *response, uint64_t at, uint64_t total, uint64_t *from);

#endif
