/*
 * foreign.h: what people take for a backup of this kind and is none: a script, a packed file, an archive that a shell
 * has changed. Told by the first bytes, so that it is called what it is and not "damaged".
 */
#ifndef CMMS_FOREIGN_H
#define CMMS_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOREIGN_HEAD 4096u /* this many bytes of the file's start are enough */

typedef struct Foreign {
    const char *what; /* "a plain SQL script, not an archive"; static */
    const char *hint; /* what to do with it; static, or NULL */
} Foreign;

/* False: nothing that is known. Text is known for text, because no archive begins so. A file of ours whose first bytes
 * were damaged is not taken for another's: of "PGDMP" one byte may be wrong. */
bool foreign_kind(const uint8_t *head, size_t len, Foreign *foreign);

/* Of an archive that cannot be read: whether each LF in its beginning became CR LF, as `docker exec -t` and FTP in text
 * mode do it. Nothing brings such a file back: a CR LF may have been there before. */
bool foreign_line_ends(const uint8_t *head, size_t len, Foreign *foreign);

#endif
