/* assistant_dialog.h: first start, and the connection later: database, check, folder. */
#ifndef CMMS_UI_ASSISTANT_DIALOG_H
#define CMMS_UI_ASSISTANT_DIALOG_H

#include <windows.h>

#include "postgres/connection.h"

typedef enum AssistantEnd {
    ASSISTANT_CANCELLED,
    ASSISTANT_SAVED, /* the profile and the password are saved */
    ASSISTANT_SAMPLE /* the user would rather see the sample database */
} AssistantEnd;

/* Starts from *connection and *folder, the ones in use. When saved, both are replaced by what was chosen (*folder is
 * the caller's, as before). `first`: nothing is configured, and the sample is offered. */
AssistantEnd assistant_dialog_run(HWND owner, bool first, Connection *connection, char **folder);

#endif
