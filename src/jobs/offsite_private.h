/* offsite_private.h: what the parts of offsite.h share. */
#ifndef CMMS_OFFSITE_PRIVATE_H
#define CMMS_OFFSITE_PRIVATE_H

#include "cloud/graph.h"
#include "jobs/offsite.h"

/* unit_ms: see GraphSetup; 0: as usual. */
bool offsite_graph(const CloudPlace *place, PlaceSignIn *sign_in, const JobSink *sink, unsigned unit_ms, Graph **graph,
                   Error *err);

#endif
