/* offsite_private.h: what the parts of offsite.h and offsite_back.h share. */
#ifndef CMMS_OFFSITE_PRIVATE_H
#define CMMS_OFFSITE_PRIVATE_H

#include "cloud/encryption.h"
#include "cloud/graph.h"
#include "jobs/offsite.h"
#include "jobs/offsite_back.h"
#include "store/manifest.h"

/* unit_ms: see GraphSetup; 0: as usual. */
bool offsite_graph(const CloudPlace *place, PlaceSignIn *sign_in, const JobSink *sink, unsigned unit_ms, Graph **graph,
                   Error *err);

/* A clock that is wrong by `date`, an answer's (0: not told), is a warning. */
void offsite_tell_clock(const JobSink *sink, int64_t date);

/* The backup of that name in the folder there, with its manifest where it has one that can be used: remote->state. A
 * plain name means the encrypted copy as well, where there is no plain one. remote->item is NULL where there is none.
 * What `remote` holds is replaced; end with offsite_remote_release. */
bool offsite_find_backup(Graph *graph, const CloudPlace *place, const char *name, const JobSink *sink,
                         const Cancel *cancel, Remote *remote, Error *err);
void offsite_remote_release(Remote *remote);

/* --- offsite_encrypt.c: encrypted copies ------------------------------------------------------------------- */

/* What the manifest of an encrypted copy says of it, in its member "encrypted": there the rest is of the content. */
typedef struct Sealed {
    char *file;      /* "cmms_backup_….backup.age" */
    uint64_t bytes;
    char *sha256, *quickxor;
    char *recipient; /* NULL: a passphrase */
    char *mark;      /* which key (encryption.h) */
    char *header;    /* of the file, in base64: so a key can be tried before anything is downloaded */
} Sealed;
void sealed_init(Sealed *sealed);
void sealed_release(Sealed *sealed);
/* False: it is not of an encrypted copy, or what it says of that is not whole. */
bool sealed_of_manifest(const Manifest *manifest, Sealed *sealed);
void sealed_to_manifest(const Sealed *sealed, Manifest *manifest); /* NULL: takes it out */

typedef struct SealedUpload { /* borrowed */
    Graph *graph;
    const CloudPlace *place;
    const Encryption *encryption;
    const char *path;         /* the backup */
    const Manifest *manifest; /* its own */
    const char *dir;          /* of this user, where the encrypted file lies until it is there */
    Rate *rate;               /* or NULL */
    const JobSink *sink;
    void (*progress)(void *context, const char *step, double part, uint64_t bytes);
    void *context;
} SealedUpload;
/* Encrypts, uploads, and last its manifest. Nothing is encrypted twice: an encrypted file that an earlier run has
 * finished is what goes on; and a copy that is there, by its manifest, for the key of now is not made again. EK_IO: the
 * one that is there is for another key. */
bool offsite_upload_sealed(const SealedUpload *spec, const Cancel *cancel, UploadResult *result, Error *err);

/* Whether the key that is set up opens the copy: it is for the same public key, or the passphrase opens its header. */
bool offsite_sealed_is_for(const Sealed *sealed, const Encryption *encryption);

/* A key that opens the copy, from what this PC keeps or from who asks. EK_REFUSED: there is none, or it is another. */
bool offsite_find_key(const Sealed *sealed, const OffsiteKeys *keys, AgeFrom *from, Error *err);
/* The file `from_path` decrypted to `to_path`, which must be what the manifest says; else it is not there. */
bool offsite_open_sealed(const AgeJob *job, const AgeFrom *from, const Manifest *manifest, const Cancel *cancel,
                         Error *err);

/* offsite_list with what is open already. */
bool offsite_list_in(Graph *graph, const CloudPlace *place, const char *folder, size_t most, const JobSink *sink,
                     const Cancel *cancel, RemoteList *list, Error *err);
/* One item of the folder by its name; *id and *item (may be NULL) stay NULL where there is none. Caller frees. */
bool offsite_find(Graph *graph, const CloudPlace *place, const char *name, const Cancel *cancel, char **id,
                  cJSON **item, Error *err);

#endif
