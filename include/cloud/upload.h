/*
 * upload.h: a file to a SharePoint folder, so that it is whole there under its name, or not there under that name.
 *
 * It goes to NAME.partial, is compared by size and quickXorHash with what lies here, and then renamed. A small file is
 * one request; a larger one an upload session of fragments, whose address is in a journal on this PC before the first
 * byte goes: so whoever is killed, cut off or stopped goes on where the server says that it stands. What is to be sent
 * next is read while the rest is on its way (a thread, 4 MiB).
 */
#ifndef CMMS_UPLOAD_H
#define CMMS_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "cloud/graph.h"
#include "cloud/rate.h"
#include "platform/cancel.h"
#include "platform/fs.h"

#define UPLOAD_UNIT 327680u               /* every fragment but the last is a multiple of it */
#define UPLOAD_FRAGMENT_MAX 62586880u     /* the largest multiple below 60 MiB */
#define UPLOAD_FRAGMENT_FIRST 10485760u
#define UPLOAD_SINGLE_MAX 62914560u       /* up to 60 MiB in one request */

typedef struct UploadSpec {
    Graph *graph;
    const char *path;          /* the file here */
    const char *name;          /* its name there */
    const char *drive, *folder; /* Graph's numbers of the library and of the folder */
    const char *sha256;        /* what it must have; NULL: whatever it is */
    const char *journal_dir;   /* is made; this user's alone */
    bool held;                 /* the caller has upload_lock of it: several files go side by side */
    bool replace;              /* another file of that name may be there and gets these bytes as its newest version.
                                  For small files that are not needed without another one (a manifest) */
    uint64_t single_max, fragment_first, fragment_max; /* 0: the values above. Tests take less */
    Rate *rate;                /* how fast; NULL: as fast as it goes. Borrowed */
    const JobSink *sink;       /* for what is out of the ordinary; or NULL */
    /* part: 0..1 of the step; bytes of it so far. NULL where not wanted. */
    void (*progress)(void *context, const char *step, double part, uint64_t bytes);
    void *context;
} UploadSpec;

typedef struct UploadResult {
    char *item, *web_url; /* Graph's number of the file; its address for a browser, NULL where not told */
    char sha256[65], quickxor[29];
    uint64_t bytes;
    uint64_t resumed_at;  /* bytes that an earlier run had brought there */
    bool was_there;       /* it was there already, the same */
    bool hash_pending;    /* its size is right, and SharePoint has not said its hash yet */
    bool encrypted;       /* what is there, and the hashes here, are of the encrypted file (offsite.h) */
    char *key;            /* and for which key it is (encryption_words); NULL: it is not encrypted */
} UploadResult;

void upload_result_init(UploadResult *result);
void upload_result_release(UploadResult *result);

/* One process of a user uploads at a time: whose journal would it be? upload_file takes it itself, unless it is `held`:
 * then each of the files has another name. Makes the folder. EK_BUSY, with words. */
bool upload_lock(const char *journal_dir, FsLock **lock, Error *err);

/* EK_NOT_FOUND, EK_IO: the file here cannot be read; or another file of that name is there. EK_DAMAGED: it is not what
 * sha256 says, or SharePoint has other bytes than were sent. EK_BUSY: another process uploads it; SharePoint is busy.
 * EK_SPACE, EK_REFUSED, EK_CONNECT. After EK_CANCELLED, EK_CONNECT and EK_BUSY the next call goes on from there. */
bool upload_file(const UploadSpec *spec, const Cancel *cancel, UploadResult *result, Error *err);

/* Whether an upload session may go to that address, which holds a secret: https to SharePoint; for a Graph on loopback
 * also loopback. */
bool upload_address_is_good(const char *url, bool loopback);

#endif
