/* folder_dialog.h: the system's dialog for choosing a folder or a file, which runs a message loop; a folder or a page
 * shown. */
#ifndef CMMS_UI_FOLDER_DIALOG_H
#define CMMS_UI_FOLDER_DIALOG_H

#include <windows.h>

#include <stdbool.h>

#include "base/error.h"

/* `start` is shown first; NULL: where the dialog was last. False without an Error when the user thinks better of it.
 * Caller frees *folder. */
bool folder_dialog_choose(HWND owner, const wchar_t *title, const char *start, char **folder, Error *err);

/* A file that is there. `kind` names those of the pattern ("*.backup"), `all` all of them. */
bool folder_dialog_choose_file(HWND owner, const wchar_t *title, const wchar_t *kind, const wchar_t *pattern,
                               const wchar_t *all, const char *start, char **path, Error *err);

/* In the system's own window for folders. */
bool folder_dialog_open(HWND owner, const char *folder, Error *err);
/* A page of HTML, in whatever the user has for it. */
bool folder_dialog_open_page(HWND owner, const char *file, Error *err);

#endif
