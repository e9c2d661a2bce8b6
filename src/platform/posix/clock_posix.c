#include "platform/clock.h"

static CivilTime civil_of(const struct tm *tm)
{
    return (CivilTime){.year = tm->tm_year + 1900,
                       .month = tm->tm_mon + 1,
                       .day = tm->tm_mday,
                       .hour = tm->tm_hour,
                       .minute = tm->tm_min,
                       .second = tm->tm_sec,
                       .weekday = tm->tm_wday};
}

int64_t clock_now(void)
{
    return (int64_t)time(NULL);
}

uint64_t clock_monotonic_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void clock_local(int64_t unix_seconds, CivilTime *out)
{
    time_t t = (time_t)unix_seconds;
    struct tm tm = {0};
    tzset();
    localtime_r(&t, &tm);
    *out = civil_of(&tm);
}

void clock_utc(int64_t unix_seconds, CivilTime *out)
{
    time_t t = (time_t)unix_seconds;
    struct tm tm = {0};
    gmtime_r(&t, &tm);
    *out = civil_of(&tm);
}

static time_t as_if_utc(const CivilTime *t)
{
    struct tm tm = {.tm_year = t->year - 1900,
                    .tm_mon = t->month - 1,
                    .tm_mday = t->day,
                    .tm_hour = t->hour,
                    .tm_min = t->minute,
                    .tm_sec = t->second};
    return timegm(&tm);
}

static bool same(const CivilTime *a, const CivilTime *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->second == b->second;
}

/* What local clocks are ahead of UTC at a moment, in seconds. */
static int64_t offset_at(int64_t moment)
{
    CivilTime local;
    clock_local(moment, &local);
    return (int64_t)as_if_utc(&local) - moment;
}

int64_t clock_from_local(const CivilTime *local)
{
    if (local->year < 1601 || local->year > 9999) {
        return -1;
    }
    int64_t wall = (int64_t)as_if_utc(local);
    CivilTime check;
    clock_utc(wall, &check);
    if (!same(&check, local)) {
        return -1; /* there is no such date */
    }
    /* The offset is one of two: that of the day before or that of the day after. A change of the clocks back
     * makes both fit: the first moment is the one with the larger offset. A change forward leaves a gap where
     * neither fits; there the old offset gives the moment after the jump. */
    int64_t before = wall - offset_at(wall - 86400);
    int64_t after = wall - offset_at(wall + 86400);
    int64_t first = before < after ? before : after;
    int64_t second = before < after ? after : before;
    clock_local(first, &check);
    if (same(&check, local)) {
        return first;
    }
    clock_local(second, &check);
    return same(&check, local) ? second : before;
}
