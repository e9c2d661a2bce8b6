/* dialog.h: what every dialog and box of ours does before it is shown. */
#ifndef CMMS_UI_DIALOG_H
#define CMMS_UI_DIALOG_H

#include <windows.h>

/* Stands over the middle of its owner, or of the monitor where the owner is not seen; a dark caption where the user
 * wants dark windows. */
void dialog_begin(HWND dialog);

#endif
