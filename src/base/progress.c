/*
 * progress.c: the rate is smoothed over about three seconds. The time left follows from how long the stage's
 * part of the whole took so far; it is not told before the stage has run two seconds and made a hundredth of the
 * whole, and it counts down by the clock in between.
 */
#include "base/progress.h"

#include "base/mem.h"

#define RATE_EVERY_MS 500u
#define LEFT_AFTER_MS 2000u
#define LEFT_FROM 0.01

void progress_init(ProgressMeter *meter, const JobSink *sink, uint64_t now_ms)
{
    *meter = (ProgressMeter){.sink = sink, .to = 1, .seconds_left = -1};
    meter->stage_ms = now_ms;
    meter->rate_ms = now_ms;
    meter->left_ms = now_ms;
}

void progress_release(ProgressMeter *meter)
{
    mem_free(meter->step);
    meter->step = NULL;
}

void progress_step(ProgressMeter *meter, const char *step)
{
    char *copy = mem_strdup(step);
    mem_free(meter->step);
    meter->step = copy;
}

void progress_stage(ProgressMeter *meter, const char *step, double from, double to, uint64_t now_ms)
{
    progress_step(meter, step);
    meter->from = from;
    meter->to = to;
    meter->rate = 0;
    meter->rate_bytes = 0;
    meter->rate_ms = now_ms;
    meter->stage_ms = now_ms;
    meter->stage_fraction = meter->fraction > from ? meter->fraction : from;
    progress_update(meter, 0, 0, now_ms);
}

void progress_update(ProgressMeter *meter, double part, uint64_t bytes, uint64_t now_ms)
{
    const double inside = part < 0 ? 0 : part > 1 ? 1 : part;
    const double fraction = meter->from + (meter->to - meter->from) * inside;
    if (fraction > meter->fraction) {
        meter->fraction = fraction;
    }
    if (now_ms >= meter->rate_ms + RATE_EVERY_MS) {
        const double seconds = (double)(now_ms - meter->rate_ms) / 1000;
        const double now_rate = bytes > meter->rate_bytes ? (double)(bytes - meter->rate_bytes) / seconds : 0;
        const double weight = seconds >= 3 ? 1 : seconds / 3;
        meter->rate = meter->rate > 0 ? meter->rate + (now_rate - meter->rate) * weight : now_rate;
        meter->rate_ms = now_ms;
        meter->rate_bytes = bytes;
    }
    const uint64_t elapsed = now_ms - meter->stage_ms;
    const double made = meter->fraction - meter->stage_fraction;
    if (meter->fraction >= 1) {
        meter->seconds_left = 0;
    } else if (now_ms >= meter->left_ms + RATE_EVERY_MS) {
        if (meter->seconds_left > 0) {
            meter->seconds_left -= (double)(now_ms - meter->left_ms) / 1000;
        }
        if (elapsed >= LEFT_AFTER_MS && made >= LEFT_FROM) {
            const double estimate = (double)elapsed / 1000 * (1 - meter->fraction) / made;
            const double before = meter->seconds_left < 0 ? estimate : meter->seconds_left;
            meter->seconds_left = before + (estimate - before) * 0.2;
        } else if (meter->seconds_left < 0) { /* it may have counted down past its end */
            meter->seconds_left = -1;
        }
        meter->left_ms = now_ms;
    }
    const Progress progress = {.fraction = meter->fraction,
                               .step = meter->step == NULL ? "" : meter->step,
                               .bytes = bytes,
                               .bytes_per_second = meter->rate,
                               .seconds_left = meter->seconds_left};
    job_progress(meter->sink, &progress);
}

void progress_expect(ProgressMeter *meter, double seconds, uint64_t now_ms)
{
    meter->seconds_left = seconds > 0 ? seconds : -1;
    meter->left_ms = now_ms;
}

/* --- tables ---------------------------------------------------------------------------------------------- */

#define USUAL_RATIO 0.3  /* bytes in the file for one on the server, until some are seen */
#define MOST_BY_ROWS 0.99 /* a table is done when the next one begins */
#define MOST_BY_FILE 0.95

void table_meter_start(TableMeter *meter, uint64_t total)
{
    *meter = (TableMeter){.total = total, .copied = -1};
}

void table_meter_next(TableMeter *meter, uint64_t weight, uint64_t file_bytes)
{
    meter->done += meter->now;
    meter->now = weight;
    meter->start_bytes = file_bytes;
    meter->copied = -1;
}

void table_meter_rows(TableMeter *meter, int64_t rows, int64_t of)
{
    if (rows >= 0 && of > 0) {
        const double copied = (double)rows / (double)of;
        meter->copied = copied > meter->copied ? copied : meter->copied;
    }
}

double table_meter_part(const TableMeter *meter, uint64_t file_bytes)
{
    double current;
    if (meter->total == 0) {
        return 0;
    }
    if (meter->copied >= 0) {
        current = meter->copied < MOST_BY_ROWS ? meter->copied : MOST_BY_ROWS;
    } else {
        const double ratio = meter->done > 0 && meter->start_bytes > 0
                                 ? (double)meter->start_bytes / (double)meter->done
                                 : USUAL_RATIO;
        const double written = file_bytes > meter->start_bytes ? (double)(file_bytes - meter->start_bytes) : 0;
        const double limit = MOST_BY_FILE * (double)meter->now;
        current = meter->now == 0 ? 0 : (written / ratio < limit ? written / ratio : limit) / (double)meter->now;
    }
    const double part = ((double)meter->done + current * (double)meter->now) / (double)meter->total;
    return part < 1 ? part : 1;
}
