/* app_options.h: the command line of the window. The switches for the server are those of the console program. */
#ifndef CMMS_UI_APP_OPTIONS_H
#define CMMS_UI_APP_OPTIONS_H

#include <stdbool.h>

#include "base/error.h"
#include "postgres/connection.h"

typedef struct AppOptions {
    bool demo;          /* --demo: the sample database on the bundled server */
    char *demo_data;    /* --demo-data DIR: where that server keeps it; NULL: the program's own folder */
    int demo_megabytes; /* --demo-size MB */
    char *folder;       /* --folder DIR; NULL: chosen */
    char *screenshot;   /* --screenshot FILE; NULL: none */
    bool after_backup;  /* --after-backup: the picture is taken after a backup */
    bool tray;          /* --tray: start hidden beside the clock; closing hides, Exit ends */
    char *state;        /* --state FILE: in place of window.json; NULL: that */
    bool scheduled;     /* --scheduled: run the slot that is due, without a window, and end */
    bool tell;          /* --tell: what such a run has to say, as an icon (teller.h) */
    bool high_contrast; /* --high-contrast: as if the system had it on; for pictures */
    char *host, *port, *user, *database, *sslmode; /* -h -p -U -d --sslmode; NULL: by profile and environment */
    Connection environment; /* what PG* said when the program started (connection_take_env) */
    bool help;
} AppOptions;

void app_options_init(AppOptions *options);
void app_options_release(AppOptions *options);
/* argv[0] is the program. EK_USAGE with a sentence for what is not understood. */
bool app_options_parse(int argc, char *const *argv, AppOptions *options, Error *err);
const char *app_options_help(void); /* static */

#endif
