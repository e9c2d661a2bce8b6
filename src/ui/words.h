/*
 * words.h: the sentences that the window makes of what it knows. Portable but for its numbers, which locale_text.h
 * writes. UTF-8, caller frees.
 */
#ifndef CMMS_UI_WORDS_H
#define CMMS_UI_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/job.h"
#include "postgres/connection.h"

char *words_megabytes(uint64_t bytes);          /* "12.41": in a column of MB */
char *words_size(uint64_t bytes);               /* "12.4 MB", "1.00 TB": size_parts, as the user writes numbers */
char *words_progress(const Progress *progress); /* "42 % - Saving parts - 3.10 MB/s - about 2 minutes left" */
char *words_step(const Progress *progress);     /* its beginning: "42 % - Saving parts" */
/* The icon beside the clock: "CMMS Backup - 42 % - Saving parts", in a second line what the status band says, in a
 * third "Next backup: tonight 02:00". No step (NULL): no job runs. No next: the band says it, or it is not known. */
char *words_tip(const char *step, const char *status, const char *next);
char *words_database(const Connection *connection, bool configured);
/* For a label or a button, whose & marks its access key: a text's own & stands there twice. */
char *words_in_label(const char *text);
/* A message that names a setting by its key in the file, with the words of the label before its box in its place, in
 * quotes: "stall_minutes" becomes "Stop after (minutes)" where the label is "&Stop after (minutes):". */
char *words_name_setting(const char *message, const char *key, const char *label);

#endif
