/* key_dialog.h: the key of an encrypted copy that is to come back: a key file, or the passphrase. */
#ifndef CMMS_UI_KEY_DIALOG_H
#define CMMS_UI_KEY_DIALOG_H

#include <windows.h>

#include <stdbool.h>

#include "base/secret.h"
#include "task.h"

/* What the question wants: *file (caller frees), else the passphrase. False: the user has none. Runs a message loop. */
bool key_dialog_ask(HWND owner, const KeyQuestion *question, char **file, Secret *passphrase);

#endif
