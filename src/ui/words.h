/* words.h: the sentences that the window makes of what it knows. Portable: no windows.h. UTF-8, caller frees. */
#ifndef CMMS_UI_WORDS_H
#define CMMS_UI_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog.h"
#include "connection.h"
#include "job.h"

char *words_megabytes(uint64_t bytes);          /* "12.41" */
char *words_progress(const Progress *progress); /* "42 % - Saving parts - 3.1 MB/s - about 2 minutes left" */
char *words_status(const Catalog *catalog);     /* the sentence on top: the newest backup and its level */
char *words_database(const Connection *connection, bool configured);

#endif
