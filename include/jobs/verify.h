/* verify.h: is this backup whole, and is it the one that was made? */
#ifndef CMMS_VERIFY_H
#define CMMS_VERIFY_H

#include <stdbool.h>

#include "archive/archive.h"
#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "store/manifest.h"

typedef struct VerifyResult {
    Manifest manifest;     /* what the file is now found to be (counts, hashes, level reached) */
    bool had_manifest;     /* there was one to compare with */
    bool could_not_compare_hash; /* for lack of a manifest */
    size_t uncompared;     /* tables whose rows were never compared with the database's */
    bool uncompared_objects; /* the same of the large objects */
    char *not_kept;        /* owned: why the outcome could not be written down; NULL: it was, or was not to be */
    char *renamed_from;    /* owned: its manifest names this file; NULL: its own name */
} VerifyResult;

/* What a file's table of contents says; its data is not read. */
typedef struct Contents {
    Manifest manifest; /* as far as it says what a manifest says; no rows are counted */
    char *needs, *extensions, *grantees; /* archive_needs, archive_extensions, archive_grantees; or NULL */
} Contents;

void contents_init(Contents *contents);
void contents_release(Contents *contents);
bool contents_read(const char *path, Contents *contents, Error *err);

void verify_result_init(VerifyResult *result);
void verify_result_release(VerifyResult *result);

/* Reads every byte of a backup: decodes it, counts rows, hashes, and compares with its manifest if it has one.
 * EK_DAMAGED says what differs first. Does not write anything and takes no lock, so a job that holds the folder's lock
 * may call it. The manifest in the result has the level reached (manifest_level): LEVEL_PROVEN where its recorded
 * proof holds (same hash), LEVEL_VERIFIED where all its rows were compared with the database's when it was made, else
 * LEVEL_READ. A manifest that is there but cannot be used is EK_DAMAGED, one of a newer version EK_TOOL, one that
 * cannot be read now EK_IO. */
bool verify_file(const char *path, const JobSink *sink, const Cancel *cancel, VerifyResult *result, Error *err);

/* verify_file of a file that was followed while it was written (NULL: it was not). */
bool verify_followed(const char *path, ArchiveFollower *follower, const JobSink *sink, const Cancel *cancel,
                     VerifyResult *result, Error *err);

/* verify_file under the folder's rules: takes its lock (EK_BUSY), writes the outcome into the manifest (level, time)
 * and the log. A file without a manifest that reads well gets one when `adopt` is set; a damaged manifest is then kept
 * aside, and the backup pinned, because it may have been before. One that names another file is corrected. One that a
 * newer version wrote is left as it is (EK_TOOL). A damaged file's manifest gets LEVEL_BAD and stays what it was
 * otherwise. When the check is cancelled nothing is written. In a folder that may only be read it says what it found
 * all the same: see not_kept. */
bool verify_backup(const char *path, bool adopt, const JobSink *sink, const Cancel *cancel, VerifyResult *result,
                   Error *err);

#endif
