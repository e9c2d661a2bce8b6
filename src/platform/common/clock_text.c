#include "platform/clock.h"

#include <string.h>

#include "base/mem.h"

char *clock_log_text(int64_t unix_seconds)
{
    CivilTime t;
    clock_local(unix_seconds, &t);
    return mem_printf("%04d-%02d-%02d %02d:%02d:%02d", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

char *clock_stamp_text(int64_t unix_seconds)
{
    CivilTime t;
    clock_local(unix_seconds, &t);
    return mem_printf("%04d%02d%02d_%02d%02d%02d", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

char *clock_iso_text(int64_t unix_seconds)
{
    CivilTime t;
    clock_utc(unix_seconds, &t);
    return mem_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

/* Days from 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap day is the
 * last of its year, and in eras of 400 years, which all have 146,097 days. */
int64_t clock_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = y / 400; /* years here are 0..9999 */
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = ((int64_t)month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void clock_date(int64_t days, CivilTime *out)
{
    const int64_t z = days + 719468, era = z / 146097, day_of_era = z - era * 146097;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t from_march = (5 * day_of_year + 2) / 153;
    *out = (CivilTime){.day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1),
                       .month = (int)(from_march < 10 ? from_march + 3 : from_march - 9),
                       .weekday = (int)((days % 7 + 11) % 7)}; /* 1970-01-01 was a Thursday */
    out->year = (int)(year_of_era + era * 400 + (out->month <= 2 ? 1 : 0));
}

int clock_days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool clock_parse_iso(const char *text, int64_t *unix_seconds)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    int field[6] = {0};
    size_t at = 0;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        if (form[i] == 'd') {
            if (text[i] < '0' || text[i] > '9') {
                return false;
            }
            field[at] = field[at] * 10 + (text[i] - '0');
        } else if (text[i] == form[i]) {
            at++;
        } else {
            return false;
        }
    }
    if (text[sizeof form - 1] != '\0' || field[0] < 1 || field[1] < 1 || field[1] > 12 || field[2] < 1 ||
        field[2] > clock_days_in_month(field[0], field[1]) || field[3] > 23 || field[4] > 59 || field[5] > 60) {
        return false;
    }
    *unix_seconds = clock_days(field[0], field[1], field[2]) * 86400 + field[3] * 3600 + field[4] * 60 + field[5];
    return true;
}

bool clock_parse_log(const char *text, CivilTime *out)
{
    int64_t moment = 0;
    if (strlen(text) != sizeof "2026-01-19 14:30:52" - 1 || text[10] != ' ') {
        return false;
    }
    char *iso = mem_printf("%.10sT%.8sZ", text, text + 11);
    const bool ok = clock_parse_iso(iso, &moment);
    mem_free(iso);
    if (ok) {
        clock_utc(moment, out);
    }
    return ok;
}
