/* sim_ledger.c: the core's own ledger, which forgets slots beyond 120 and not 800: as the log in sim_auditlog.c. */
#include "store/ledger.h"

#undef LEDGER_KEEP
#define LEDGER_KEEP 120

#include "store/ledger.c"
