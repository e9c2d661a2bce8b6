/* pglibrary.h: libpq.dll, loaded when a server is first asked. It imports Windows' security packages, which take tens
 * of milliseconds to come up: a window that shows its list needs neither. Where libpq is part of the program (the
 * Visual Studio build, which delays secur32.dll instead) or of the system, it is always there. */
#ifndef CMMS_SERVICES_PGLIBRARY_H
#define CMMS_SERVICES_PGLIBRARY_H

#include "base/error.h"

/* Before the first call into libpq. Any thread, as often as one likes. */
bool pglibrary_ready(Error *err);

#endif
