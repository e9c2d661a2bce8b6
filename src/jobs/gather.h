/*
 * gather.h: an archive of pg_dump in several files (-Fd, -Ft), made into one in a scratch folder of ours, for as long
 * as a job needs it. Why a copy: the jobs read a file more than once (the check, the table of contents, pg_restore, the
 * check that it is still the same), and a folder of others' files cannot be held still for so long; and neither
 * pg_restore nor anything else has to know more than one format then. Nobody else may write into the copy while it is
 * there (Windows), and the folder is the user's alone.
 */
#ifndef CMMS_GATHER_H
#define CMMS_GATHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"

typedef struct Gathered Gathered;

/* *out NULL: the file is one, or has a manifest of ours, and is read as it is. Else it is decoded to its last byte; the
 * error is in the words of a check (verify.h). EK_SPACE: the rows, not packed, have no room on the disk. */
bool gather_archive(const char *path, const JobSink *sink, const Cancel *cancel, Gathered **out, Error *err);
/* What is to be read, under the name that people know: `path` itself where gathered is NULL. Borrowed. */
const char *gathered_path(const Gathered *gathered, const char *path);
uint64_t gathered_bytes(const Gathered *gathered); /* of all its parts */
void gathered_drop(Gathered *gathered, const JobSink *sink); /* NULL is fine */

/* "NAME is damaged: …", with the remedy; of any check's error. Returns false. */
bool gather_explain(const char *path, Error *err);

/* Why what is found out about such an archive is in no manifest. */
extern const char gather_not_kept[];

#endif
