/*
 * clock_win.c: times.
 *
 * Local time uses the daylight-saving rules of the year in question, not this year's. The way back (from local
 * time) tries the offsets that hold a day before and a day after: the earlier of two matches is the first of
 * a repeated hour; where none matches, the hour is the skipped one, and the earlier offset gives the moment
 * one hour later.
 */
#include "platform/clock.h"

#include <windows.h>

#define TICKS_PER_SECOND 10000000ull
#define EPOCH_TICKS 116444736000000000ull /* 1601 to 1970, in units of 100 ns */
#define LAST_SECOND 253402300799ll        /* 9999-12-31 23:59:59 UTC */
#define DAY 86400ll
#define ZONE_KEPT_MS 1000u

int64_t clock_now(void)
{
    FILETIME now;
    ULARGE_INTEGER ticks;

    GetSystemTimePreciseAsFileTime(&now);
    ticks.LowPart = now.dwLowDateTime;
    ticks.HighPart = now.dwHighDateTime;
    return (int64_t)(ticks.QuadPart / TICKS_PER_SECOND) - (int64_t)(EPOCH_TICKS / TICKS_PER_SECOND);
}

uint64_t clock_monotonic_ms(void)
{
    return GetTickCount64();
}

static bool to_system_time(int64_t unix_seconds, SYSTEMTIME *out)
{
    const int64_t first = -(int64_t)(EPOCH_TICKS / TICKS_PER_SECOND);
    ULARGE_INTEGER ticks;
    FILETIME time;

    if (unix_seconds < first || unix_seconds > LAST_SECOND)
        return false;
    ticks.QuadPart = (uint64_t)(unix_seconds - first) * TICKS_PER_SECOND;
    time.dwLowDateTime = ticks.LowPart;
    time.dwHighDateTime = ticks.HighPart;
    return FileTimeToSystemTime(&time, out) != 0;
}

static void to_civil(const SYSTEMTIME *time, CivilTime *out)
{
    out->year = time->wYear;
    out->month = time->wMonth;
    out->day = time->wDay;
    out->hour = time->wHour;
    out->minute = time->wMinute;
    out->second = time->wSecond;
    out->weekday = time->wDayOfWeek;
}

/* Seconds since 1970 of a civil time taken as UTC; false when there is no such date. */
static bool from_civil(const CivilTime *civil, int64_t *out)
{
    SYSTEMTIME time = {0};
    FILETIME file_time;
    ULARGE_INTEGER ticks;

    if (civil->year < 1601 || civil->year > 9999 || civil->month < 1 || civil->month > 12 || civil->day < 1 ||
        civil->day > 31 || civil->hour < 0 || civil->hour > 23 || civil->minute < 0 || civil->minute > 59 ||
        civil->second < 0 || civil->second > 60)
        return false;
    time.wYear = (WORD)civil->year;
    time.wMonth = (WORD)civil->month;
    time.wDay = (WORD)civil->day;
    time.wHour = (WORD)civil->hour;
    time.wMinute = (WORD)civil->minute;
    time.wSecond = (WORD)(civil->second == 60 ? 59 : civil->second); /* Windows knows no leap seconds */
    if (!SystemTimeToFileTime(&time, &file_time))
        return false;
    ticks.LowPart = file_time.dwLowDateTime;
    ticks.HighPart = file_time.dwHighDateTime;
    *out = (int64_t)(ticks.QuadPart / TICKS_PER_SECOND) - (int64_t)(EPOCH_TICKS / TICKS_PER_SECOND);
    if (civil->second == 60)
        (*out)++;
    return true;
}

/* The rules of the year that was asked for last, for a moment: they are read from the registry, and a list of backups
 * asks some hundred times. Not for longer, because the PC's zone may be changed while the program runs. */
static SRWLOCK zone_lock = SRWLOCK_INIT;
static struct {
    ULONGLONG until; /* by GetTickCount64 */
    WORD year;
    TIME_ZONE_INFORMATION zone;
} zone_of;

static bool zone_for_year(WORD year, TIME_ZONE_INFORMATION *zone)
{
    const ULONGLONG now = GetTickCount64();
    bool ok = true;

    AcquireSRWLockExclusive(&zone_lock);
    if (zone_of.year != year || now >= zone_of.until) {
        ok = GetTimeZoneInformationForYear(year, NULL, &zone_of.zone) != 0;
        zone_of.year = ok ? year : 0;
        zone_of.until = now + ZONE_KEPT_MS;
    }
    *zone = zone_of.zone;
    ReleaseSRWLockExclusive(&zone_lock);
    return ok;
}

static bool to_local(int64_t unix_seconds, SYSTEMTIME *out)
{
    TIME_ZONE_INFORMATION zone;
    SYSTEMTIME utc;

    if (!to_system_time(unix_seconds, &utc))
        return false;
    if (!zone_for_year(utc.wYear, &zone))
        return SystemTimeToTzSpecificLocalTime(NULL, &utc, out) != 0;
    return SystemTimeToTzSpecificLocalTime(&zone, &utc, out) != 0;
}

void clock_utc(int64_t unix_seconds, CivilTime *out)
{
    SYSTEMTIME utc = {0};

    to_system_time(unix_seconds, &utc);
    to_civil(&utc, out);
}

void clock_local(int64_t unix_seconds, CivilTime *out)
{
    SYSTEMTIME local = {0};

    if (!to_local(unix_seconds, &local))
        to_system_time(unix_seconds, &local);
    to_civil(&local, out);
}

/* What local clocks are ahead of UTC at a moment, in seconds. */
static bool local_offset(int64_t unix_seconds, int64_t *offset)
{
    SYSTEMTIME local;
    CivilTime civil;
    int64_t as_utc = 0;

    if (!to_local(unix_seconds, &local))
        return false;
    to_civil(&local, &civil);
    if (!from_civil(&civil, &as_utc))
        return false;
    *offset = as_utc - unix_seconds;
    return true;
}

int64_t clock_from_local(const CivilTime *local)
{
    int64_t as_utc = 0;
    int64_t before = 0;
    int64_t after = 0;
    int64_t there = 0;

    if (!from_civil(local, &as_utc) || !local_offset(as_utc - DAY, &before) || !local_offset(as_utc + DAY, &after))
        return -1;
    if (local_offset(as_utc - before, &there) && there == before)
        return as_utc - before;
    if (local_offset(as_utc - after, &there) && there == after)
        return as_utc - after;
    return as_utc - before;
}
