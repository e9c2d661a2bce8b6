/*
 * sim_auditlog.c: the core's own log, with 40 entries in the newest file and not a thousand: each entry writes that
 * file anew, which would be nearly all that a life does; and so the oldest ones move to the file of their year in every
 * life, again and again, and programs are killed while they do. The core's own object stays in its library.
 */
#include "store/auditlog.h"

#undef AUDITLOG_KEEP
#define AUDITLOG_KEEP 40

#include "store/auditlog.c"
