/* library.h: a DLL of ours that is loaded when it is first needed. Windows only. */
#ifndef CMMS_LIBRARY_H
#define CMMS_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

/* Cast to the function's own type before the call. */
typedef void (*LibraryFunction)(void);

/* Loads the DLL from the program's own folder, and from nowhere else, and finds all functions of these names. Any
 * thread, as often as one likes: once it has succeeded it only looks. On failure `functions` stays empty. */
bool library_load(const char *file, const char *const *names, LibraryFunction *functions, size_t count, Error *err);

#endif
