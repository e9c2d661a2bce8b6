/*
 * win_private.h: what the Windows platform files share among themselves. Handles are void * here, as HANDLE
 * is, so that this header needs no windows.h.
 */
#ifndef CMMS_WIN_PRIVATE_H
#define CMMS_WIN_PRIVATE_H

#include "base/error.h"
#include "platform/cancel.h"
#include "platform/fs.h"

/* The manual-reset event that is set once cancelled; NULL for NULL. Borrowed. */
void *cancel_event(const Cancel *cancel);

/* An inheritable duplicate of the file's handle for a child; the file's position (the start with `rewind`) is
 * where the child begins. The caller closes it. */
bool fs_child_handle(FsFile *file, bool rewind, void **out, Error *err);
/* When the child is gone: takes over the position to which it came. */
void fs_child_done(FsFile *file);

/* fs_lock where the file system knows no locks on bytes (WebDAV, some network drives): the file is opened for us alone.
 * Who holds it either way keeps the other out as well. */
bool fs_lock_alone(const char *path, FsLock **out, Error *err);

/* A token like ours, but without an administrator's rights: rights_win.c. 0 or the system's code. The caller
 * closes it. */
unsigned long token_without_rights(void **token);

/* Shows Windows the certificates of a PostgreSQL server, so that it fetches the root that they lead to (roots_meet.c).
 * Ten seconds at the most, and as long as Windows takes to fetch. */
void roots_meet(const char *host, const char *port, const Cancel *cancel);

#endif
