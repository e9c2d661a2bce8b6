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
#include "platform/cancel.h"
#include "store/manifest.h"

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
    char *name;       /* "cmms_backup_….backup" */
    char *item, *web_url; /* Graph's number; for a browser, or NULL */
    char *manifest_item;  /* Graph's number of its manifest; or NULL */
    char *etag, *manifest_etag; /* of the versions that were listed; NULL: SharePoint does not say */
    char *quickxor;   /* as SharePoint says; or NULL */
    uint64_t bytes;
    int64_t created;  /* by the manifest, else by the name; 0: not known */
    RemoteState state;
    bool here;        /* the folder here has a file of that name */
    Manifest manifest; /* where it was read */
} Remote;

typedef struct RemoteList {
    Remote *items;    /* newest first, by their names */
    size_t count;
    char *place;      /* owned: "Documents/Backups" */
} RemoteList;
void remote_list_init(RemoteList *list);
void remote_list_release(RemoteList *list);

/* What is in the folder that is set up. The manifests of the newest `most` are read; `folder` (here; may be NULL) is
 * for `here`. */
bool offsite_list(const char *folder, size_t most, const JobSink *sink, const Cancel *cancel, RemoteList *list,
                  Error *err);
/* The part of it that asks nobody: the items of a folder, as Graph lists them, without their manifests. */
void remote_list_take(RemoteList *list, const cJSON *items, const char *folder);
/* Whether a remote file is what a manifest says. */
RemoteState remote_compare(const Remote *remote, const Manifest *manifest);

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

#endif
