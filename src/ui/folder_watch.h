/*
 * folder_watch.h: says when what the list shows has changed in the backup folder: a backup, a manifest, the settings,
 * the shrink alarm; also that the folder went, or came back.
 */
#ifndef CMMS_UI_FOLDER_WATCH_H
#define CMMS_UI_FOLDER_WATCH_H

typedef struct FolderWatch FolderWatch;

/* ring(context) is called from the watch's thread, once after a burst of changes has calmed down. */
FolderWatch *folder_watch_start(const char *folder, void (*ring)(void *context), void *context);
void folder_watch_stop(FolderWatch *watch); /* waits for the thread's end; NULL is fine */

#endif
