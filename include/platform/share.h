/*
 * share.h: what stands behind a drive's letter that the user has mapped to the network ("Z:"). Such a drive is there
 * only while it is connected, and in that user's own session: for a program that Windows starts it may be missing while
 * the share itself is there.
 *
 * CMMS_BACKUP_FAKE_DRIVE=Z=\\server\share in the environment says so of one drive, for tests.
 */
#ifndef CMMS_SHARE_H
#define CMMS_SHARE_H

/* The same place by the name of its share: "\\server\share\b" of "Z:\b". NULL: the path is on no such drive. Portable
 * (src/platform/common/share_common.c). Caller frees. */
char *share_path(const char *path);

/* By the platform: "\\server\share" of 'Z'; NULL: it is none, or that is not known. The drive need not be connected
 * now. Nothing is asked of the network. Caller frees. */
char *share_of_drive(char letter);

#endif
