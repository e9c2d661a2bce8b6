/*
 * cloudsync.h: what Windows knows of a file that a sync client (OneDrive) looks after: whether it has been brought to
 * the cloud, and what keeps the client from it. Nothing is opened for reading: an online-only file stays that.
 *
 * Sources, all documented by Microsoft for other programs: the placeholder state of the Cloud Files API
 * (CfGetPlaceholderStateFromAttributeTag, from Windows 10 1709 on), and the shell's properties
 * System.StorageProviderState (propkey.h), System.SyncTransferStatus (SYNC_TRANSFER_STATUS),
 * System.StorageProviderStatus (SYNC_ENGINE_STATE_FLAGS) and System.StorageProviderId. What none of them says is not
 * known, and not known is not in sync.
 *
 * For tests CMMS_BACKUP_FAKE_SYNC names a file that stands in for all of them: lines "MEMBER=NUMBER" with the members
 * of CloudSyncFacts, and "provider=TEXT". POSIX has nothing else.
 */
#ifndef CMMS_CLOUDSYNC_H
#define CMMS_CLOUDSYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* As they come; -1: not known. */
typedef struct CloudSyncFacts {
    int64_t placeholder; /* CF_PLACEHOLDER_STATE: 1 placeholder, 2 sync root, 4 properties, 8 in sync, ... */
    int64_t state;       /* STORAGEPROVIDERSTATE_*: 0 none, 1 sparse, 2 in sync, 3 pinned, 4 pending upload, ... */
    int64_t transfer;    /* SYNC_TRANSFER_STATUS: 1 needs upload, 4 transferring, 8 paused, 16 error, 256 excluded */
    int64_t engine;      /* SYNC_ENGINE_STATE_FLAGS: 2 quota exceeded, 4 authentication, 256 paused by the user ... */
    char *provider;      /* owned: "OneDrive!S-1-…!Business1|…"; NULL: none */
} CloudSyncFacts;

typedef enum CloudSyncState {
    CLOUDSYNC_NONE,    /* no sync client looks after it, or it cannot be said */
    CLOUDSYNC_DONE,    /* it is in the cloud as it is here */
    CLOUDSYNC_WAITING, /* it is to get there */
    CLOUDSYNC_MOVING,  /* it is on its way */
    CLOUDSYNC_FAILED   /* the client has an error with it, or leaves it out */
} CloudSyncState;

typedef enum CloudSyncTrouble {
    CLOUDSYNC_FINE, /* nothing is known to be wrong with the client */
    CLOUDSYNC_PAUSED,
    CLOUDSYNC_METERED,    /* paused, because the line is metered */
    CLOUDSYNC_FULL,       /* the space in the cloud is used up */
    CLOUDSYNC_DISK_FULL,  /* paused, because the disk here is full */
    CLOUDSYNC_SIGNED_OUT,
    CLOUDSYNC_POLICY,     /* paused by the organisation's or the service's policy */
    CLOUDSYNC_UNAVAILABLE /* the service cannot be reached */
} CloudSyncTrouble;

void cloudsync_facts_init(CloudSyncFacts *facts); /* nothing is known */
void cloudsync_facts_release(CloudSyncFacts *facts);
/* Of a file or a folder. False: it is not there (EK_NOT_FOUND) or cannot be asked about. */
bool cloudsync_look(const char *path, CloudSyncFacts *facts, Error *err);

CloudSyncState cloudsync_state(const CloudSyncFacts *facts);
CloudSyncTrouble cloudsync_trouble(const CloudSyncFacts *facts);
bool cloudsync_is_managed(const CloudSyncFacts *facts); /* of a folder: a sync client looks after it */
bool cloudsync_is_online_only(const CloudSyncFacts *facts); /* its bytes are not on this PC: to read it fetches them */
/* "OneDrive is paused"; NULL for CLOUDSYNC_FINE; and what to do about it. Static. */
const char *cloudsync_words(CloudSyncTrouble trouble);
const char *cloudsync_remedy(CloudSyncTrouble trouble);
/* "OneDrive" of its id; "the sync client" where it tells none. Caller frees. */
char *cloudsync_name(const CloudSyncFacts *facts);

/* The fake's file; false: there is none. By the platforms' cloudsync_look. */
bool cloudsync_fake(const char *path, CloudSyncFacts *facts, bool *ok, Error *err);

#endif
