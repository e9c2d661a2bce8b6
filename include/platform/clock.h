/* clock.h: times. Wall time is for names and logs, monotonic time for durations. By the platform. */
#ifndef CMMS_CLOCK_H
#define CMMS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"

typedef struct CivilTime {
    int year, month, day;     /* 2026, 1..12, 1..31 */
    int hour, minute, second; /* 0..23, 0..59, 0..60 */
    int weekday;              /* 0 Sunday .. 6 Saturday */
} CivilTime;

int64_t clock_now(void);          /* seconds since 1970-01-01 00:00 UTC */
uint64_t clock_monotonic_ms(void);
void clock_local(int64_t unix_seconds, CMMS_OUT CivilTime *out);
void clock_utc(int64_t unix_seconds, CMMS_OUT CivilTime *out);
/* The moment at which local clocks show the given time; -1 when there is none that can be expressed. In the
 * hour that daylight saving skips it is the moment one hour later; in the repeated hour the first. */
int64_t clock_from_local(const CivilTime *local);

/* Texts, caller frees. */
CMMS_NEVER_NULL char *clock_log_text(int64_t unix_seconds);   /* "2026-01-19 14:30:52", local: the log's format */
CMMS_NEVER_NULL char *clock_stamp_text(int64_t unix_seconds); /* "20260119_143052", local: the file name's format */
CMMS_NEVER_NULL char *clock_iso_text(int64_t unix_seconds);   /* "2026-01-19T13:30:52Z" */
CMMS_WHEN_TRUE bool clock_parse_iso(const char *text, CMMS_OUT int64_t *unix_seconds); /* only the form above */
/* What clock_log_text writes, without a zone. */
CMMS_WHEN_TRUE bool clock_parse_log(const char *text, CMMS_OUT CivilTime *out);

/* The calendar, without a zone: days since 1970-01-01, and back (hour, minute and second become 0). Years 1..9999. */
int64_t clock_days(int year, int month, int day);
void clock_date(int64_t days, CMMS_OUT CivilTime *out);
int clock_days_in_month(int year, int month);

#endif
