/*
 * opening.h: the one way in, for the window, the console and the scheduled run: the backup folder, its settings and
 * the database that is meant, out of what the user has saved, the environment and the command line. userprofile.h has
 * which of several counts for the database, folder.h which for the folder.
 *
 * What the user should be told goes to the sink as a warning: a substitute for the folder is the caller's to tell
 * (`fallback`), because the backup's manifest holds its words.
 *
 * A profile that cannot be read is a warning where the environment or the switches name the host, because then they
 * name the whole database; else there is no database (`configured`), which is a failure for whoever needs one.
 */
#ifndef CMMS_OPENING_H
#define CMMS_OPENING_H

#include <stdbool.h>

#include "base/error.h"
#include "base/job.h"
#include "postgres/connection.h"
#include "postgres/userprofile.h"
#include "store/settings.h"

typedef enum OpeningFolder {
    OPENING_NO_FOLDER,
    OPENING_READS,           /* as it is found; nothing is made: folder_find */
    OPENING_WRITES,          /* made if need be, or a failure: folder_choose */
    OPENING_WRITES_ANYWHERE, /* the same, with a substitute */
    OPENING_TAKES_ANY        /* OPENING_READS, else OPENING_WRITES_ANYWHERE */
} OpeningFolder;

typedef struct OpeningSpec { /* all borrowed */
    OpeningFolder use;
    const char *folder;                 /* that somebody has named; NULL: the usual one */
    bool settings;                      /* also the folder's settings */
    const Connection *environment;      /* what PG* said at the program's start; NULL: nothing */
    const ConnectionSwitches *switches; /* NULL: none */
    const Connection *chosen;           /* in the window just now: where it is configured nothing else counts. NULL */
    bool without_database;              /* it is no failure that a profile cannot be read */
} OpeningSpec;

typedef struct Opening {
    char *folder;          /* NULL: OPENING_NO_FOLDER */
    char *fallback;        /* the words for a folder that is not the one that was wanted; NULL: it is */
    Settings settings;     /* the defaults where they were not wanted */
    Connection connection; /* with the password that was said or that the system keeps; not resolved */
    bool configured;       /* something says where the database is */
    int lock_minutes;      /* userprofile.h */
} Opening;

void opening_init(Opening *opening);
void opening_release(Opening *opening);
/* `opening` is initialised. On a failure it is as it was. */
bool opening_open(const OpeningSpec *spec, const JobSink *sink, Opening *opening, Error *err);

#endif
