/*
 * copies.h: offsite_copies.json in the backup folder: which backups have a copy on SharePoint, where, and how it was
 * compared; and which wait for theirs, because an upload failed or was cut off.
 *
 * A backup is known by its name, its size and its SHA-256: another file of that name has no copy by this. The file is
 * read and written under folder_files_lock, so that two programs may note at once. Damaged, it is renamed to
 * offsite_copies.damaged-….json and is as if it were empty: then a copy is looked for and uploaded once more rather
 * than believed in. A copy stays in it when the backup here is removed: then it is there alone.
 */
#ifndef CMMS_COPIES_H
#define CMMS_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/manifest.h"

#define COPIES_FILE "offsite_copies.json"
#define COPIES_KEEP 2000 /* those that were noted last; older ones go */

typedef enum CopyState {
    COPY_THERE,  /* it was compared there */
    COPY_WAITING /* it is to get there */
} CopyState;

typedef struct Copy {
    char *file;      /* the backup's base name */
    uint64_t bytes;
    char *sha256;
    Level level;     /* the backup's, when this was noted */
    int64_t created; /* the backup's moment, unix seconds */
    CopyState state;
    int64_t when;    /* THERE: when it was compared; WAITING: since when it waits */
    int64_t tried;   /* WAITING: when the last try ended; 0: none has */
    bool hash;       /* THERE: by size and hash; else by its size alone: SharePoint had not said the hash yet */
    bool ours;       /* THERE: an upload from this folder brought it there, or found the same there; else it was only
                        seen when it was brought back */
    char *drive, *item; /* THERE: Graph's numbers of the library and the file */
    char *place;     /* THERE: for people: "Documents/Backups"; or NULL */
    char *web_url;   /* THERE: for a browser; or NULL */
    char *key;       /* THERE: for which key it is encrypted, in words; NULL: it is not, or that was not noted */
    char *text;      /* WAITING: why the last try failed, without a secret; or NULL */
} Copy;

typedef struct Copies {
    Copy *items;  /* no two of one file; those that were noted last come last */
    size_t count;
    char *notice; /* owned: what the user should be told about the load, or NULL; not saved */
} Copies;

void copies_init(Copies *copies);
void copies_release(Copies *copies);
/* Replaces what `copies` holds; for who looks: a damaged file is told and stays. A missing one gives none. EK_IO: it
 * is there and cannot be read, or the folder is not there. */
bool copies_load(const char *folder, Copies *copies, Error *err);
/* Notes one over what was known of that file, with no other program in between; atomic (P6). One that goes on waiting
 * keeps its `when`, and the same file there stays `ours`. Copies. */
bool copies_note(const char *folder, const Copy *copy, Error *err);
/* Forgets what is known of a file's copy; in the same way: it is gone from there. A copy of it elsewhere, or one that
 * waits, stays. */
bool copies_forget(const char *folder, const char *file, const char *drive, const char *item, Error *err);

/* What is known of a file; NULL: nothing, or of another file of that name. Borrowed. */
const Copy *copies_find(const Copies *copies, const char *file, uint64_t bytes, const char *sha256);
/* In memory alone. */
void copies_set(Copies *copies, const Copy *copy);
/* Bytes as the file's content. EK_DAMAGED says what is wrong with it. */
bool copies_parse(const char *bytes, size_t len, Copies *copies, Error *err);
const char *copy_state_word(CopyState state); /* "there", "waiting"; static */

/* One by itself. Caller frees; NULL is fine. */
Copy *copy_new(const Copy *copy);
void copy_free(Copy *copy);

#endif
