/*
 * export.h: copies a backup to another folder, a stick or a share, so that the copy is as good as the original.
 *
 * The copy is written as NAME.partial, flushed, read back from where it now lies and hashed; then its manifest is
 * written beside it, and the rename to NAME commits. So what has the name is whole there, too. (P1)
 */
#ifndef CMMS_EXPORT_H
#define CMMS_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "store/manifest.h"

typedef struct ExportSpec {
    const char *path; /* the backup; it must have a manifest that matches it */
    const char *dir;  /* where to; it must exist */
    bool overwrite;   /* a file of that name that is there is replaced; else it is EK_IO */
} ExportSpec;

typedef struct ExportResult {
    char *path;    /* the copy */
    char *sha256;  /* as read back from it */
    uint64_t bytes;
    Level level;
    double seconds;
    char *warning; /* the copy stands, but the log could not be written; or NULL */
} ExportResult;

void export_result_init(ExportResult *result);
void export_result_release(ExportResult *result);

/* Holds the lock of the backup's folder meanwhile (EK_BUSY). EK_NOT_FOUND: the backup, its manifest or the folder is
 * not there. EK_DAMAGED: the backup is not what its manifest says, which then gets LEVEL_BAD, or the copy is not what
 * was written. EK_SPACE, EK_IO: it cannot be written there. A copy that fails or is cancelled leaves nothing new. The
 * outcome has its entry "export" in the log of the backup's folder, unless it is a cancel or something is not there. */
bool export_backup(const ExportSpec *spec, const JobSink *sink, const Cancel *cancel, ExportResult *result, Error *err);

#endif
