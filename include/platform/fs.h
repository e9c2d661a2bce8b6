/*
 * fs.h: files. Paths are UTF-8, absolute or relative, of any length; on Windows the platform adds the \\?\
 * prefix where it is needed. Both / and \ are accepted there. Implemented by the platform; fs_path_* and the
 * compound operations are portable (src/platform/common/fs_common.c).
 */
#ifndef CMMS_FS_H
#define CMMS_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

typedef struct FsFile FsFile;

typedef struct FsInfo {
    uint64_t size;     /* bytes */
    int64_t modified;  /* seconds since 1970 UTC */
    bool is_dir;
    bool is_offline;   /* a cloud placeholder: reading it would download it */
} FsInfo;

/* Opening. Every file is opened so that others may read it, and no child inherits it unless process.h hands
 * it over. EK_NOT_FOUND when the file is not there; on Windows a drive or a share that is not there is EK_IO, because
 * it says nothing of its files. */
bool fs_open_read(const char *path, FsFile **out, Error *err);
/* To read and write; fails if it exists. A name that belongs to a removed file which a virus scanner still has open is
 * waited for, as by fs_rename. */
bool fs_create_new(const char *path, FsFile **out, Error *err);

/* One that is there: what is written goes behind what it has. EK_NOT_FOUND as above. */
bool fs_open_append(const char *path, FsFile **out, Error *err);

bool fs_read(FsFile *file, void *buf, size_t len, size_t *got, Error *err); /* *got 0: end of file */
bool fs_read_at(FsFile *file, uint64_t offset, void *buf, size_t len, size_t *got, Error *err); /* any thread */
bool fs_write(FsFile *file, const void *buf, size_t len, Error *err);       /* all of it */
bool fs_size(FsFile *file, uint64_t *size, Error *err);
bool fs_flush(FsFile *file, Error *err); /* to the disk: FlushFileBuffers, fsync */
bool fs_close(FsFile *file, Error *err); /* always frees; NULL is fine; false when a delayed write failed */

bool fs_stat(const char *path, FsInfo *info, Error *err);
bool fs_exists(const char *path);
/* No error when it is not there. A file that another program holds open is retried as by fs_rename. */
bool fs_remove(const char *path, Error *err);

/* Renames on the same volume and makes the new name last (write-through; fsync of the folder on POSIX). With
 * `replace` an existing target is replaced atomically, without it the call fails if there is one. A target or
 * source that is held open by a virus scanner or a sync client is retried for about five seconds (Windows
 * errors 5, 32 and 33). */
bool fs_rename(const char *from, const char *to, bool replace, Error *err);
bool fs_is_held(const Error *err); /* that another program held a file open is why fs_rename failed */

/* Gives one file the rights that another has (a list of its own on Windows, the mode on POSIX), as far as that may be
 * done. */
void fs_take_rights(const char *from, const char *to);

/* Whether the rights to a folder allow making a file in it: asked, not tried (see fs_dir_writable), so nothing is
 * made. */
bool fs_dir_may_write(const char *dir, Error *err);

bool fs_make_dirs(const char *path, Error *err);  /* with all parents */
/* The same, but what of it is new is this user's alone (on Windows also the system's and the administrators'); the
 * parents are made as by fs_make_dirs. A folder that is there stays what it is. */
bool fs_make_private_dir(const char *path, Error *err);
/* Whether it belongs to this user (on Windows also to the administrators or the system), and nobody else may write in
 * it as far as its mode says (POSIX). */
bool fs_dir_is_ours(const char *path);
bool fs_remove_tree(const char *path, Error *err); /* a folder and all below it; does not follow links */
bool fs_free_space(const char *dir, uint64_t *bytes, Error *err); /* for this user */
#define FS_NEARLY_FULL (16u * 1024u * 1024u) /* bytes: with less, what could not be written had no room */

/* Calls visit for each name in a folder (not "." and ".."), in no order, until it returns false. */
bool fs_list(const char *dir, bool (*visit)(void *context, const char *name, const FsInfo *info), void *context,
             Error *err);

/* An exclusive lock on a file that is made if need be; gone when its holder ends, however it ends. EK_BUSY
 * when another holds it, also in this process. The file stays; it is never a reason to refuse. */
typedef struct FsLock FsLock;
bool fs_lock(const char *path, FsLock **out, Error *err);
void fs_unlock(FsLock *lock); /* NULL is fine */

/* --- portable ------------------------------------------------------------------------------------------ */

/* Reads a whole file of at most `max` bytes; a larger one is EK_DAMAGED. Appends to sb. */
bool fs_read_all(const char *path, size_t max, StrBuf *sb, Error *err);

/* Replaces a file's content so that at any moment the old or the new is there, whole: a temporary file beside
 * it, flushed, renamed. (P6) Rights that somebody gave the old one are the new one's as well. */
bool fs_write_atomic(const char *path, const void *bytes, size_t len, Error *err);

/* Whether a file can really be made in the folder (tried, not asked). */
bool fs_dir_writable(const char *dir, Error *err);

char *fs_join(const char *dir, const char *name); /* caller frees */
const char *fs_base_name(const char *path);       /* borrowed from path */
char *fs_dir_name(const char *path);              /* caller frees; "." where there is none */

#endif
