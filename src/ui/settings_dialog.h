/* settings_dialog.h: what the window's own group does not show: of this PC (profile) and of the backup folder. */
#ifndef CMMS_UI_SETTINGS_DIALOG_H
#define CMMS_UI_SETTINGS_DIALOG_H

#include <windows.h>

#include <stdbool.h>

#include "postgres/connection.h"

typedef struct SettingsChoice {
    int lock_minutes;
    bool keep, quiet;    /* window_state.h: as they are now; after a save as they were chosen */
    bool in_use;         /* the saved connection is the one that the window uses: then its mode of encryption is */
    const char *sslmode; /* this. Static; NULL: certificates are checked */
} SettingsChoice;

/* True when something was saved; `choice` then has what the window itself needs. `connection` is the one it uses;
 * `actor` (may be NULL) is for the audit log. */
bool settings_dialog_run(HWND owner, const char *folder, const Connection *connection, const char *actor,
                         SettingsChoice *choice);

#endif
