/* folder.h: the backup folder: where it is, what its files are called, who is at work in it. */
#ifndef CMMS_FOLDER_H
#define CMMS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "platform/fs.h"

/* The folder for whoever writes, made if need be: `wanted`; CMMS_BACKUP_FOLDER in the environment; that in the profile
 * (userprofile.h); Documents\AIT_CMMS_Backups. Where it cannot be written to, EK_SETTINGS says why. With `fallback` not
 * NULL the last two may then be replaced: by that in Documents, `backups` beside the program, or home\AIT_CMMS_Backups,
 * and *fallback gets the words for it. The history, settings and pins of the usual folder are not there, so nobody may
 * be left unaware of it.
 * What anybody else has made is not used. Caller frees both. */
bool folder_choose(const char *wanted, char **folder, char **fallback, Error *err);
/* The folder for whoever only reads: the one that folder_choose would like best. Nothing is made and nothing tried, so
 * it may be one that can only be read. EK_NOT_FOUND when it is not there, EK_IO when that cannot be said. */
bool folder_find(const char *wanted, char **folder, Error *err);
/* "OneDrive" when the folder lies in what it copies to the cloud, by its variables in the environment; else NULL.
 * Caller frees. */
char *folder_cloud_name(const char *folder);
/* Whether it lies in Documents while Windows keeps this program out of that (machine_guards_documents). */
bool folder_is_guarded(const char *folder);
/* Where backups can lie instead: of a folder on a mapped drive the same by its share (share.h); of one of which one of
 * these two holds AIT_CMMS_Backups in the user's own folder (%USERPROFILE%). NULL: nothing of it holds, or that folder
 * is no better. Caller frees. */
char *folder_alternative(const char *folder);
/* The part of folder_choose that looks for a substitute: the first of `dirs` (NULLs are passed over) that is new or our
 * own, and can be written to. */
bool folder_choose_among(const char *const *dirs, size_t count, size_t *which, Error *err);

/* "cmms_backup_YYYYMMDD_HHMMSS.backup" for a moment, local time. Caller frees. */
char *folder_backup_name(int64_t unix_seconds);
/* A name that is not taken: neither the .backup, its .partial nor its manifest exists. The moment is moved on
 * by whole seconds until it is free. Caller frees. */
char *folder_free_name(const char *folder, int64_t unix_seconds);
/* Whether a name is of that form; *unix_seconds (may be NULL) gets the local time that it states. */
bool folder_parse_name(const char *name, int64_t *unix_seconds);
/* What a sync client or a person makes of a name of ours: "cmms_backup_20260119_143052-PC2.backup". */
bool folder_is_copy_name(const char *name);

#define FOLDER_PARTIAL_SUFFIX ".partial"            /* cmms_backup_….backup.partial */
#define FOLDER_DOWNLOAD_SUFFIX ".download"          /* cmms_backup_….backup.download: on its way from SharePoint */
#define FOLDER_MANIFEST_SUFFIX ".manifest.json"     /* cmms_backup_….backup.manifest.json */
#define FOLDER_LOCK_FILE ".cmms-backup.lock"
char *folder_manifest_path(const char *backup_path); /* caller frees */

/* One job per folder, across processes and users; released by a crash. EK_BUSY otherwise, with words. Checks that give
 * way are asked to stop first, and waited for. */
bool folder_lock(const char *folder, FsLock **lock, Error *err);
/* The same for a job that may be stopped meanwhile (EK_CANCELLED), and says what it waits for; both may be NULL. */
bool folder_lock_wait(const char *folder, const JobSink *sink, const Cancel *cancel, FsLock **lock, Error *err);

/* For a job that has something to say even where its outcome cannot be kept: in a folder that may only be read *lock is
 * NULL and *not_kept gets the words for it (caller frees). EK_BUSY and all else as folder_lock_wait. */
bool folder_lock_or_read(const char *folder, const JobSink *sink, const Cancel *cancel, FsLock **lock, char **not_kept,
                         Error *err);

/* For checks that nobody waits for (recheck.h), one program at a time: held for as long as they last, beside the
 * folder's lock for each of them. They stop as soon as that is wanted. EK_BUSY otherwise. */
#define FOLDER_CHECK_LOCK_FILE ".cmms-backup.check.lock"
bool folder_check_lock(const char *folder, FsLock **lock, Error *err);
/* Somebody waits for such checks to stop; somebody has the folder's lock now. The latter is for the checks themselves,
 * before they want that: folder_lock would ask them to stop, and wait for it. */
bool folder_is_wanted(const char *folder);
bool folder_is_taken(const char *folder);
/* For folder_lock_wait alone: where checks are at work, asks them to stop and waits for `lock_path` for as long as they
 * are. False without an error: there are none, or another job was faster. */
bool folder_await_checks(const char *folder, const char *lock_path, const JobSink *sink, const Cancel *cancel,
                         FsLock **lock, Error *err);

/* For who has the lock. Servers know a backup's sessions by a word, its own for each backup; the folder keeps that of
 * the last one. Whoever gets the lock knows that it has ended, however: a session of that word that a server still
 * has, has no client any more. NULL: there is none. Caller frees. Each computer has its own file of this, because a
 * sync client may bring the folder to several. */
char *folder_last_job(const char *folder);
/* The word (letters and digits), and the name of the backup, NULL while it has none. What fails here is no error. */
void folder_note_job(const char *folder, const char *job, const char *backup);

/* What is being uploaded stays. Whoever uploads a file of the folder holds this, one at a time over all programs and
 * computers; it is released by a crash. Waits up to ten seconds for a removal to end. EK_BUSY, with words, while
 * another is uploaded, or a clean-up on SharePoint is at work, which holds it as well. Where the folder can only be
 * read *lock is NULL: nobody removes anything there. */
bool folder_upload_lock(const char *folder, const char *name, FsLock **lock, Error *err);
/* Whether somebody does so now. */
bool folder_is_uploading(const char *folder);
/* For who removes a file, held until it is gone; *lock may be NULL. EK_BUSY: it is being uploaded. */
bool folder_removal_lock(const char *folder, const char *name, FsLock **lock, Error *err);

/* For whoever did not find a file in it: a share that blinks, a stick that was pulled out, is not the same as a file
 * that is not there. EK_IO when the folder is not there. */
bool folder_is_there(const char *folder, Error *err);

/* Held for the moment in which backup_log.json or backup_config.json is rewritten. Waits up to ten seconds for
 * others who do the same; then EK_BUSY. */
#define FOLDER_FILES_LOCK_FILE ".backup_log.lock"
bool folder_files_lock(const char *folder, FsLock **lock, Error *err);

/* Renames a damaged NAME.json beside itself to NAME.damaged-YYYYMMDD_HHMMSS.json (now; a free name). *kept (may be
 * NULL) gets the new path, caller frees. EK_NOT_FOUND when it is gone meanwhile. */
bool folder_keep_aside(const char *path, char **kept, Error *err);

/* Under the lock: removes what an interrupted run left: the partial and the manifest without a backup of the backup
 * that this computer noted last; manifests of backups that the log says were removed; temporary files of
 * fs_write_atomic; and partials of our form, without a manifest, and downloads that nobody has written to for a week.
 * Never anything else: a manifest or a partial that another computer made may have come by a sync client, and its
 * backup is still on the way. Calls removed (may be NULL) for each. What cannot be removed does not keep the rest; the
 * first such failure is the Error. */
bool folder_clean_up(const char *folder, void (*removed)(void *context, const char *name), void *context, Error *err);

#endif
