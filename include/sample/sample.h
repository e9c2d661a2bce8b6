/* sample.h: the sample CMMS database: the predecessor's tables with deterministic, believable data. */
#ifndef CMMS_SAMPLE_H
#define CMMS_SAMPLE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/job.h"
#include "platform/cancel.h"
#include "postgres/connection.h"

#define SAMPLE_DATABASE "cmms_sample"
#define SAMPLE_MEGABYTES 50
#define SAMPLE_MEGABYTES_MAX 100000

/* Creates the database on the server that `server` reaches, with about `megabytes` of data (1..100000), unless
 * it is there already and whole (a marker table, written last). The same size gives the same rows everywhere.
 * *made says whether it was made now. */
bool sample_create(const Connection *server, const char *database, int megabytes, const JobSink *sink,
                   const Cancel *cancel, bool *made, Error *err);

#endif
