/* listing.h: the guide's own check of a backup: pg_restore can read its table of contents. */
#ifndef CMMS_LISTING_H
#define CMMS_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "platform/cancel.h"
#include "postgres/tools.h"

/* *table_data: so many tables with data are listed. EK_DAMAGED when pg_restore refuses the file, EK_TOOL when it fails
 * by itself, or says nothing for `stall_seconds`. */
bool listing_read(const Tool *restore, const char *path, unsigned stall_seconds, const Cancel *cancel,
                  size_t *table_data, Error *err);

#endif
