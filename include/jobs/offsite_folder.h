/*
 * offsite_folder.h: off-site without an administrator: a SharePoint library (or a folder of one's own OneDrive) that
 * OneDrive keeps in step with a folder of this PC. A backup is copied there as export.h copies, and counts as off-site
 * when Windows says that backup and manifest are in sync (cloudsync.h), with the size and SHA-256 of the file there.
 *
 * Which folder: offsite-folder.json in machine_local_data_dir(). Where one is chosen, offsite_upload and all that
 * stands on it (offsite_batch.h, offsite_after) copy there instead of asking Graph. What was set up last counts:
 * offsite_set_up leaves such a folder.
 */
#ifndef CMMS_OFFSITE_FOLDER_H
#define CMMS_OFFSITE_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "cloud/upload.h"
#include "platform/cancel.h"
#include "platform/cloudsync.h"

#define OFFSITE_FOLDER_FILE "offsite-folder.json"
#define OFFSITE_FOLDER_DRIVE "onedrive" /* in copies.h, in the place of a library's number */

/* Whether what somebody gave in the place of a link is the path of a folder: with a drive, of a share, from "/" on. */
bool offsite_folder_is_path(const char *text);
/* *dir NULL: none is chosen; else caller frees. EK_SETTINGS: what is saved is damaged; EK_IO: it cannot be read. Then
 * nobody may go on as if none were chosen: copies would go to a place that was set up before. */
bool offsite_folder_load(char **dir, Error *err);
/* For who only shows: NULL in these cases as well. */
char *offsite_folder(void);
/* Chooses it: it must be there, be written to (tried), and be one that OneDrive looks after, for an organisation: what
 * is known to be another client's, or of a private account, is none. EK_NOT_FOUND, EK_IO, EK_SETTINGS. */
bool offsite_folder_choose(const char *dir, Error *err);
/* None any more; no error where there was none. What lies in it stays. */
bool offsite_folder_forget(Error *err);

typedef struct OffsiteFolderLook {
    char *dir;                /* NULL: none is chosen */
    char *provider;           /* "OneDrive" */
    CloudSyncTrouble trouble; /* with the client */
    bool runs;                /* the client says how it is; else it may not run at all */
} OffsiteFolderLook;
void offsite_folder_look_release(OffsiteFolderLook *look);
/* Where one is chosen: whether it is there, and what its client has. EK_NOT_FOUND: it is gone, or none is chosen. */
bool offsite_folder_look(OffsiteFolderLook *look, Error *err);

/* offsite_upload for that folder, without the log and the note: copies, unless the same lies there already, and waits
 * until both files are in sync: ten minutes for one that does not move, and for one on its way as long as a line of 50
 * KB/s would take, and ten minutes. What has just got its name must be said to be in sync for some seconds: what is
 * said first may be of the file before that. EK_BUSY, EK_SPACE, EK_REFUSED name what keeps the client; the next call
 * goes on from there. sha256, bytes: the backup's. result->hash_pending: the file is online-only by then, and its bytes
 * were not read, which would fetch them. */
bool offsite_folder_upload(const char *dir, const char *path, const char *sha256, uint64_t bytes, const JobSink *sink,
                           const Cancel *cancel, UploadResult *result, Error *err);

typedef struct SyncWait {
    uint64_t waited, still, in_sync; /* ms: in all; since it moved last; for which it has been said to be in sync */
    uint64_t most, settle;           /* ms: how long a file may move; how long it must be said to be in sync */
} SyncWait;
/* What one look at a file is worth, for who waits: done, go on, or an error. */
typedef enum SyncStep { SYNC_STEP_DONE, SYNC_STEP_WAIT, SYNC_STEP_FAILED } SyncStep;
SyncStep offsite_folder_step(const CloudSyncFacts *file, const CloudSyncFacts *folder, const SyncWait *wait,
                             Error *err);
uint64_t offsite_folder_most_ms(uint64_t bytes);

#endif
