/*
 * offsite_back.h: what is on SharePoint, and bringing it back. A backup that was brought back is one of the folder like
 * any other: verify, prove, preview and restore take it as it is.
 */
#ifndef CMMS_OFFSITE_BACK_H
#define CMMS_OFFSITE_BACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "cloud/age.h"
#include "platform/cancel.h"
#include "store/manifest.h"

/* A hint that the console says in its own words (cli/hints.c). */
#define OFFSITE_NAME_ONE "Name one of those that are there."

/* How the file there compares with its manifest, by what SharePoint says of it; nothing is downloaded for it. */
typedef enum RemoteState {
    REMOTE_SAME,        /* size and hash */
    REMOTE_SAME_SIZE,   /* its size; SharePoint or the manifest do not say the hash */
    REMOTE_OTHER,       /* it is other bytes */
    REMOTE_NO_MANIFEST, /* there is none: an upload that is not finished, or somebody else's file */
    REMOTE_NOT_READ     /* beyond those whose manifests were asked for */
} RemoteState;
const char *remote_state_word(RemoteState state); /* "size and hash", "size", "differs", "no manifest", "not read" */

typedef struct Remote {
    char *name;       /* "cmms_backup_….backup"; of an encrypted one "cmms_backup_….backup.age" */
    char *file;       /* that it has here: without ".age" */
    bool encrypted;
    char *item, *web_url; /* Graph's number; for a browser, or NULL */
    char *manifest_item;  /* Graph's number of its manifest; or NULL */
    char *etag, *manifest_etag; /* of the versions that were listed; NULL: SharePoint does not say */
    char *quickxor;   /* as SharePoint says; or NULL */
    uint64_t bytes;   /* of the file there */
    int64_t created;  /* by the manifest, else by the name; 0: not known */
    RemoteState state;
    bool here;        /* the folder here has a file of that name (`file`) */
    Manifest manifest; /* where it was read */
} Remote;

typedef struct RemoteList {
    Remote *items;    /* newest first, by their names */
    size_t count;
    char *place;      /* owned: "Documents/Backups" */
} RemoteList;
void remote_list_init(RemoteList *list);
void remote_list_release(RemoteList *list);

#define REMOTE_MANIFESTS 100 /* that are read where nobody asks for more: each is a request */

/* What is in the folder that is set up. The manifests of the newest `most` are read; `folder` (here; may be NULL) is
 * for `here`. */
bool offsite_list(const char *folder, size_t most, const JobSink *sink, const Cancel *cancel, RemoteList *list,
                  Error *err);
/* The part of it that asks nobody: the items of a folder, as Graph lists them, without their manifests. */
void remote_list_take(RemoteList *list, const cJSON *items, const char *folder);
/* Whether a remote file is what a manifest says. */
RemoteState remote_compare(const Remote *remote, const Manifest *manifest);
bool remote_was_read(const Remote *remote); /* its manifest was, and `manifest` has it */
/* Whether it can be brought back, by what is known of it. EK_NOT_FOUND: it has no manifest; EK_DAMAGED: it is other
 * bytes than its manifest says. */
bool remote_can_come(const Remote *remote, Error *err);
size_t remote_list_first(const RemoteList *list); /* the newest that can; list->count: none */
const char *remote_where(const Remote *remote);   /* "there" or "both", for JSON; static */
/* What is known of it, for people: whose it is, and which key it takes. Caller frees. */
char *remote_text(const Remote *remote);

typedef struct OffsiteBack {
    char *path;          /* owned: of the backup, in the folder here */
    uint64_t bytes, resumed_at;
    char sha256[65];
    bool was_here;       /* it was in the folder already, the same by size and manifest */
} OffsiteBack;
void offsite_back_init(OffsiteBack *back);
void offsite_back_release(OffsiteBack *back);

/* Brings a backup into the folder: resumed where an earlier try ended, compared by size, SharePoint's hash and the
 * SHA-256 of its manifest before it gets its name; its manifest is written before that, and pins it, so that no
 * clean-up takes what was just brought back. Logged as "download". The folder's lock is held for the last step alone,
 * and awaited. EK_NOT_FOUND: there is no such backup there, or it has no manifest. */
bool offsite_download(const char *folder, const char *name, const JobSink *sink, const Cancel *cancel,
                      OffsiteBack *back, Error *err);

/* --- encrypted copies ---------------------------------------------------------------------------------------- */

/* Which key is wanted. Borrowed. */
typedef struct OffsiteLock {
    const char *file;      /* "cmms_backup_….backup.age" */
    const char *recipient; /* the public key that its key file belongs to; NULL: a passphrase is wanted */
    const char *mark;      /* which one: encryption.h */
    const Error *refused;  /* why the last answer opens it not; NULL: it is the first time */
} OffsiteLock;

/* Who is asked for a key that this PC does not keep. */
typedef struct OffsiteKeys {
    bool (*ask)(void *context, const OffsiteLock *lock, AgeFrom *from, Error *err); /* false: err says why not */
    void *context;
    bool again; /* somebody is there who can be asked once more where a key does not open it */
} OffsiteKeys;

/* The same with somebody to ask; `keys` NULL: nobody, as above. The key is tried before anything is downloaded. What
 * came is decrypted to NAME.partial, compared with the manifest's SHA-256 of the backup, and then gets its name.
 * EK_REFUSED: the key is another, or there is none; EK_DAMAGED: it was changed, cut off, or is longer: of both nothing
 * is left. `name` may be that of the backup or that of the encrypted file. */
bool offsite_download_with(const char *folder, const char *name, const OffsiteKeys *keys, const JobSink *sink,
                           const Cancel *cancel, OffsiteBack *back, Error *err);
/* Reads what age-keygen or the set-up has written, for `ask`. EK_NOT_FOUND, EK_IO, EK_USAGE: it is no such file. */
bool offsite_read_key_file(const char *path, AgeFrom *from, Error *err);

#endif
