/* upload_private.h: what the parts of an upload share. */
#ifndef CMMS_UPLOAD_PRIVATE_H
#define CMMS_UPLOAD_PRIVATE_H

#include "base/secret.h"
#include "cloud/upload.h"
#include "platform/fs.h"

/* --- upload_journal.c: an upload that is not finished ----------------------------------------------------- */

typedef struct UploadJournal {
    char *drive, *folder, *name; /* what is uploaded, and where to */
    char *partial;               /* the name that it has there meanwhile; NULL: none was chosen */
    char *item;                  /* Graph's number of the partial, once all of it is there; or NULL */
    char *sha256;
    uint64_t size;
    int64_t begun;               /* when the session was made, unix seconds; 0: not known */
    Secret session;              /* the session's address; not set: there is none */
} UploadJournal;

void journal_init(UploadJournal *journal);
void journal_release(UploadJournal *journal);
/* One file for each target. Caller frees. */
char *journal_path(const char *dir, const char *drive, const char *folder, const char *name);
/* False where there is none that can be used. */
bool journal_load(const char *path, UploadJournal *journal);
bool journal_save(const char *path, const UploadJournal *journal, Error *err); /* atomic */
char *journal_text(const UploadJournal *journal, Error *err);                  /* NULL: it cannot be sealed */
bool journal_parse(const char *bytes, size_t len, UploadJournal *journal);

/* --- upload.c ---------------------------------------------------------------------------------------------- */

typedef struct Upload {
    const UploadSpec *spec;
    const Cancel *cancel;
    bool loopback;
    FsFile *file;
    uint64_t size;
    int64_t modified;
    char sha256[65], quickxor[29];
    char *journal_file;
    UploadJournal journal;
    uint64_t fragment, fragment_max;
    uint64_t base;       /* where in the file the request that is being sent begins */
    uint64_t resumed_at;
    bool resuming;       /* the journal's session is of an earlier run */
    cJSON *item;         /* the file there, as the server told it last; or NULL */
} Upload;

typedef enum Transfer {
    TRANSFER_DONE,     /* the partial is there, u->item is it */
    TRANSFER_GO_ON,    /* the session stands, and wants more */
    TRANSFER_AGAIN,    /* the session is gone: from the start */
    TRANSFER_ANEW,     /* the same, ended by us and told */
    TRANSFER_NEW_NAME, /* the partial's name is taken or locked */
    TRANSFER_FAILED    /* err says why */
} Transfer;

typedef enum Sameness { SAME, UNSURE, OTHER } Sameness; /* UNSURE: the size is right, the hash is not told */
Sameness upload_compare(const Upload *u, const cJSON *item);

/* The item of that name in the folder, into u->item; NULL where there is none. */
bool upload_find(Upload *u, const char *name, Error *err);
/* Takes u->item from an answer, when that is an item. */
bool upload_take_item(Upload *u, GraphAnswer *answer);
bool upload_read(void *context, uint64_t at, void *buf, size_t len, Error *err); /* HttpBody, from u->base on */
void upload_sent(void *context, uint64_t bytes);
size_t upload_allow(void *context, size_t wanted);
bool upload_await(const Upload *u, Error *err); /* before a request that sends: while it is paused, none is begun */
/* "/drives/…:/NAME:/ACTION"; caller frees. */
char *upload_target(const Upload *u, const char *name, const char *action);

/* --- upload_session.c -------------------------------------------------------------------------------------- */

Transfer upload_by_session(Upload *u, Error *err);
/* A session's address holds for 24 hours, whatever is sent meanwhile. Whether one that is in its last hour will not do
 * for what is left: more than a fragment, and more than goes by then at the pace of the last one (took_ms for took_len;
 * 0: not known). One that is older than that and still answers is not judged, nor one whose beginning is not known. */
bool upload_session_is_too_old(int64_t begun, int64_t now, uint64_t left, uint64_t fragment, uint64_t took_len,
                               uint64_t took_ms);
/* Ends the journal's session on the server, so that its name is free. */
bool upload_end_session(Upload *u, Error *err);

#endif
