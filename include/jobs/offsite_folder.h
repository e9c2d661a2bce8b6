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
/* NULL: none is chosen, or the file cannot be used. Caller frees. */
char *offsite_folder(void);
/* Chooses it: it must be there, be written to (tried), and be one that a sync client looks after. EK_NOT_FOUND, EK_IO,
 * EK_SETTINGS. */
bool offsite_folder_choose(const char *dir, Error *err);
/* None any more; no error where there was none. What lies in it stays. */
bool offsite_folder_forget(Error *err);

typedef struct OffsiteFolderLook {
    char *dir;                /* NULL: none is chosen */
    char *provider;           /* "OneDrive" */
    CloudSyncTrouble trouble; /* with the client */
} OffsiteFolderLook;
void offsite_folder_look_release(OffsiteFolderLook *look);
/* Where one is chosen: whether it is there, and what its client has. EK_NOT_FOUND: it is gone, or none is chosen. */
bool offsite_folder_look(OffsiteFolderLook *look, Error *err);

/* offsite_upload for that folder, without the log and the note: copies, unless the same lies there already, and waits
 * until both files are in sync: for as long as one is on its way, and ten minutes for one that is not. EK_BUSY,
 * EK_SPACE, EK_REFUSED name what keeps the client; the next call goes on from there. sha256, bytes: the backup's. */
bool offsite_folder_upload(const char *dir, const char *path, const char *sha256, uint64_t bytes, const JobSink *sink,
                           const Cancel *cancel, UploadResult *result, Error *err);

/* What one look at a file is worth, for who waits: done, go on (waited_ms: since it moved last), or an error. */
typedef enum SyncStep { SYNC_STEP_DONE, SYNC_STEP_WAIT, SYNC_STEP_FAILED } SyncStep;
SyncStep offsite_folder_step(const CloudSyncFacts *file, const CloudSyncFacts *folder, uint64_t waited_ms, Error *err);

#endif
