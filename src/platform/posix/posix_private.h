/* posix_private.h: what the POSIX modules share beneath the headers in include/. */
#ifndef CMMS_POSIX_PRIVATE_H
#define CMMS_POSIX_PRIVATE_H

#include "platform/cancel.h"
#include "platform/fs.h"

/* Readable from the moment of the request on; owned by the Cancel. -1 for NULL. */
int cancel_fd(const Cancel *cancel);

/* Owned by the file. */
int fs_file_fd(const FsFile *file);

#endif
