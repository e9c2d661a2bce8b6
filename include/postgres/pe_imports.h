/*
 * pe_imports.h: which DLLs a Windows program needs, read from its import table, to name the one that is
 * missing. Portable: it only reads bytes, and doubts them all.
 */
#ifndef CMMS_PE_IMPORTS_H
#define CMMS_PE_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct PeImports {
    char **names; /* as the file spells them, in its order */
    size_t count;
} PeImports;

void pe_imports_init(PeImports *imports);
void pe_imports_release(PeImports *imports);

/* EK_DAMAGED when the bytes are not a PE image, or its import table points outside it. */
bool pe_imports_parse(const unsigned char *bytes, size_t len, PeImports *imports, Error *err);

/* The first DLL that `program`, or a DLL of its own folder that it needs, imports and that lies neither in that
 * folder nor in one of `dirs`. Names of API sets (api-ms-…, ext-ms-…) are Windows' own and never missing. NULL
 * when none is missing, or when it cannot be told. Caller frees. */
char *pe_imports_missing(const char *program, const char *const *dirs, size_t dir_count);

#endif
