/* remove.h: deletes one backup because somebody said so. Retention has its own rules. */
#ifndef CMMS_REMOVE_H
#define CMMS_REMOVE_H

#include <stdbool.h>

#include "error.h"
#include "job.h"

/* Removes the backup and its manifest, under the folder's lock (EK_BUSY), and logs it (operation "delete"). EK_USAGE
 * when it is the only good one (Verified or Proven) of its folder: that one is not deleted by a click (P2).
 * EK_NOT_FOUND when it is not there (any more). */
bool backup_remove(const char *path, const JobSink *sink, Error *err);

#endif
