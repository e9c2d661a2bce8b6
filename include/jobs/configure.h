/* configure.h: a change of settings by their keys, with its entry in the log. */
#ifndef CMMS_CONFIGURE_H
#define CMMS_CONFIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "store/settings.h"

/* Each of `pairs` is KEY=VALUE; all are set or none (settings_set, settings_change). What differs is logged:
 * "retention_days: 14, was 30". Where that is the schedule, or it is set for the first time, slots before now are
 * nobody's (ledger.h). `settings` then has what is in the file. EK_USAGE for what is not of that form. The key "times"
 * has all of a day: "02:00,12:00" is backup_time and more_times. */
bool configure_set(const char *folder, const char *const *pairs, size_t count, const char *actor, Settings *settings,
                   Error *err);
/* Writes into the log what else was set with them, of this PC, in the same words: "lock_minutes: 30, was 15". "":
 * nothing was. */
bool configure_note(const char *folder, const char *changes, const char *actor, Error *err);
/* The schedule of this folder begins now, unless it has: slots before now are nobody's. */
void configure_begin(const char *folder);
/* Whether a setting says when backups are made. */
bool configure_is_schedule(const char *key);

#endif
