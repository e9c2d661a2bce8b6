/*
 * mem.h: allocation that never returns NULL.
 *
 * When memory is out, or a size overflows, the program says so on stderr and ends at once with the exit code of an
 * internal error, without a box and without a word to anybody else in the process (mem_out). That is
 * safe at any moment, because every promise about files holds at any moment: an unfinished backup is a
 * `.partial`, which the next run removes. Whatever is sized by outside data (a file, a server, a tool) must
 * be checked against a cap of its own before it comes here.
 */
#ifndef CMMS_MEM_H
#define CMMS_MEM_H

#include <stddef.h>

#include "compiler.h"

CMMS_NEVER_NULL void *mem_alloc(size_t size);                           /* zeroed; size 0 gives a unique pointer */
CMMS_NEVER_NULL void *mem_array(size_t count, size_t size);             /* zeroed, with a checked multiplication */
CMMS_NEVER_NULL void *mem_resize(void *old, size_t count, size_t size); /* realloc; new bytes are not zeroed */
char *mem_strdup(CMMS_OPT const char *text);                            /* NULL gives NULL */
CMMS_NEVER_NULL char *mem_strndup(const char *text, size_t len);
CMMS_NEVER_NULL char *mem_printf(CMMS_FORMAT const char *format, ...) CMMS_PRINTF(1, 2);
void mem_free(void *memory); /* NULL is fine */

/* Grows *array (elements of `size` bytes) so that it holds at least `need` of them; *capacity is updated. */
void mem_grow(void **array, size_t *capacity, size_t need, size_t size);

CMMS_NORETURN void mem_out(void);

#endif
