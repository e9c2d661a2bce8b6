#include "locale_text.h"

#include <windows.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/wide.h"

#define UNITS 96

char *locale_number(double value, int decimals)
{
    wchar_t plain[UNITS];
    wchar_t text[UNITS];
    wchar_t decimal[8] = L".";
    wchar_t thousand[8] = L",";
    wchar_t grouping[16] = L"3;0";
    swprintf(plain, UNITS, L"%.*f", decimals, value);
    GetLocaleInfoEx(LOCALE_NAME_USER_DEFAULT, LOCALE_SDECIMAL, decimal, 8);
    GetLocaleInfoEx(LOCALE_NAME_USER_DEFAULT, LOCALE_STHOUSAND, thousand, 8);
    GetLocaleInfoEx(LOCALE_NAME_USER_DEFAULT, LOCALE_SGROUPING, grouping, 16);
    NUMBERFMTW format = {.NumDigits = (UINT)decimals,
                         .LeadingZero = 1,
                         .Grouping = wcsncmp(grouping, L"3;2", 3) == 0 ? 32 : grouping[0] == L'0' ? 0 : 3,
                         .lpDecimalSep = decimal,
                         .lpThousandSep = thousand,
                         .NegativeOrder = 1};
    /* What the system cannot write is written plainly. */
    bool done = GetNumberFormatEx(LOCALE_NAME_USER_DEFAULT, 0, plain, &format, text, UNITS) > 0;
    return utf8_from_wide(done ? text : plain);
}

static SYSTEMTIME local_time(int64_t unix_seconds)
{
    CivilTime t;
    clock_local(unix_seconds, &t);
    return (SYSTEMTIME){.wYear = (WORD)t.year,
                        .wMonth = (WORD)t.month,
                        .wDay = (WORD)t.day,
                        .wHour = (WORD)t.hour,
                        .wMinute = (WORD)t.minute,
                        .wSecond = (WORD)t.second};
}

static char *short_date(const SYSTEMTIME *time, int64_t unix_seconds)
{
    wchar_t text[UNITS];
    if (GetDateFormatEx(LOCALE_NAME_USER_DEFAULT, DATE_SHORTDATE, time, NULL, text, UNITS, NULL) > 0) {
        return utf8_from_wide(text);
    }
    char *plain = clock_log_text(unix_seconds);
    plain[10] = 0; /* the day alone */
    return plain;
}

char *locale_date(int64_t unix_seconds)
{
    SYSTEMTIME time = local_time(unix_seconds);
    return short_date(&time, unix_seconds);
}

char *locale_date_time(int64_t unix_seconds)
{
    SYSTEMTIME time = local_time(unix_seconds);
    wchar_t text[UNITS];
    if (GetTimeFormatEx(LOCALE_NAME_USER_DEFAULT, TIME_NOSECONDS, &time, NULL, text, UNITS) <= 0) {
        return clock_log_text(unix_seconds);
    }
    char *clock = utf8_from_wide(text);
    char *date = short_date(&time, unix_seconds);
    char *both = mem_printf("%s %s", date, clock);
    mem_free(clock);
    mem_free(date);
    return both;
}
