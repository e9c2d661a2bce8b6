/* offsite_private.h: what the parts of offsite.h share. */
#ifndef CMMS_OFFSITE_PRIVATE_H
#define CMMS_OFFSITE_PRIVATE_H

#include "cloud/graph.h"
#include "jobs/offsite.h"
#include "jobs/offsite_back.h"

/* unit_ms: see GraphSetup; 0: as usual. */
bool offsite_graph(const CloudPlace *place, PlaceSignIn *sign_in, const JobSink *sink, unsigned unit_ms, Graph **graph,
                   Error *err);

/* offsite_list with what is open already. */
bool offsite_list_in(Graph *graph, const CloudPlace *place, const char *folder, size_t most, const JobSink *sink,
                     const Cancel *cancel, RemoteList *list, Error *err);
/* One item of the folder by its name; *id and *item (may be NULL) stay NULL where there is none. Caller frees. */
bool offsite_find(Graph *graph, const CloudPlace *place, const char *name, const Cancel *cancel, char **id,
                  cJSON **item, Error *err);

#endif
