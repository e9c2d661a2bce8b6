/*
 * progress.h: turns what a job knows (which stage, how much of it, how many bytes) into Progress events whose
 * fraction never falls, with a rate and the time left. Used on the job's thread only. Times are given by the
 * caller, in milliseconds of clock_monotonic_ms, so that it can be tested.
 */
#ifndef CMMS_PROGRESS_H
#define CMMS_PROGRESS_H

#include <stdint.h>

#include "base/job.h"

typedef struct ProgressMeter {
    const JobSink *sink; /* borrowed */
    char *step;
    double from, to;     /* the stage's part of the whole */
    double fraction;     /* what was told last */
    uint64_t stage_ms;     /* when the stage began, and at which fraction */
    double stage_fraction;
    uint64_t rate_ms, rate_bytes; /* where the rate was taken last */
    double rate;         /* bytes per second, smoothed */
    double seconds_left; /* < 0: not known */
    uint64_t left_ms;    /* when seconds_left was reckoned */
} ProgressMeter;

void progress_init(ProgressMeter *meter, const JobSink *sink, uint64_t now_ms);
void progress_release(ProgressMeter *meter);

/* Enters a stage that is the part from..to of the whole, and tells so. Bytes are counted anew. */
void progress_stage(ProgressMeter *meter, const char *step, double from, double to, uint64_t now_ms);
/* Another name within the stage ("Saving work_orders"). Told with the next update. */
void progress_step(ProgressMeter *meter, const char *step);
/* `part` of the stage is done (0..1), and `bytes` since it began. */
void progress_update(ProgressMeter *meter, double part, uint64_t bytes, uint64_t now_ms);

/* What an earlier run of the same job took: the time left until this one has a guess of its own. */
void progress_expect(ProgressMeter *meter, double seconds, uint64_t now_ms);

/*
 * How far a dump is, reckoned from its tables. Their weights are their sizes on the server. Of the table that is being
 * saved counts what the server says of its rows, or else what the file's growth says, by the compression seen so far.
 */
typedef struct TableMeter {
    uint64_t total, done, now; /* weights: of all tables, of those that are saved, of the one that is being saved */
    uint64_t start_bytes;      /* the file's size when it began */
    double copied;             /* of its rows, 0..1; < 0: not known */
} TableMeter;

void table_meter_start(TableMeter *meter, uint64_t total);
void table_meter_next(TableMeter *meter, uint64_t weight, uint64_t file_bytes); /* another table begins */
/* `rows` of about `of` were read; either < 0: not known. */
void table_meter_rows(TableMeter *meter, int64_t rows, int64_t of);
double table_meter_part(const TableMeter *meter, uint64_t file_bytes); /* 0..1 */

#endif
