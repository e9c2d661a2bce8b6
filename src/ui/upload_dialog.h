/* upload_dialog.h: before an export to SharePoint: which backups, how much, where to. */
#ifndef CMMS_UI_UPLOAD_DIALOG_H
#define CMMS_UI_UPLOAD_DIALOG_H

#include <windows.h>

#include "jobs/offsite_batch.h"

typedef enum UploadChoice {
    UPLOAD_CANCELLED,
    UPLOAD_GO,    /* those of the plan that can */
    UPLOAD_CHANGE /* the user wants another folder */
} UploadChoice;

/* `place`: the folder's name (place_name). Runs a message loop. */
UploadChoice upload_dialog_ask(HWND owner, const OffsitePlan *plan, const char *place);

#endif
