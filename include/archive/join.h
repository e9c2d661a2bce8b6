/*
 * join.h: an archive of pg_dump in several files, a folder (-Fd) or a tar (-Ft), made into one of the custom format, so
 * that all the rest has to know but one format, and one file that can be held.
 *
 * The three have the same header and table of contents (PostgreSQL's pg_backup_directory.c and pg_backup_tar.c); the
 * data stand in files of their own, named after the entry's number, each packed by itself or not. What is made is not
 * packed, tells no offsets, and has everything else byte for byte, so that the same parts always give the same bytes.
 */
#ifndef CMMS_JOIN_H
#define CMMS_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "platform/cancel.h"

typedef enum ArchiveForm { ARCHIVE_FORM_FILE, ARCHIVE_FORM_FOLDER, ARCHIVE_FORM_TAR } ArchiveForm;

/* What is there, by its first bytes: a folder with a toc.dat, or such a toc.dat itself, of pg_dump's directory format;
 * a tar whose first member is one. Else, and where it cannot be seen, ARCHIVE_FORM_FILE: reading it says what it is. */
ArchiveForm archive_form(const char *path);
/* What a person calls it: the folder of a toc.dat; else `path`, without a separator at its end. Caller frees. */
char *archive_form_path(const char *path, ArchiveForm form);

typedef struct ArchiveJoin {
    bool (*write)(void *context, const void *bytes, size_t len, Error *err); /* what is made */
    /* Optional: now and then, with the bytes that were read and those that there are. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
    const Cancel *cancel;
    uint64_t bytes; /* result: that there are, of all its parts */
} ArchiveJoin;

/* `path` as archive_form_path gives it; not ARCHIVE_FORM_FILE. Each part is read once, decoded to its end, and its
 * checksum compared where it has one; the rows are not looked at, which reading what was made does. EK_DAMAGED names
 * the part; EK_FOREIGN: it holds what pg_dump never writes (links, names that lead elsewhere); EK_TOOL: of a newer
 * version; EK_BUSY: it was changed meanwhile; EK_IO, EK_CANCELLED. */
bool archive_join(const char *path, ArchiveForm form, ArchiveJoin *join, Error *err);

#endif
