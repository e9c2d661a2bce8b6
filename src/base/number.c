/* number.c: digits in groups of three; sizes. */
#include "base/number.h"

#include <stdio.h>

#define GROUP        3
#define MEGABYTE     (1024.0 * 1024.0)
#define TWO_DIGITS   9.995 /* from here on a value is written with two digits before the point, and so on */
#define THREE_DIGITS 99.95
#define FOUR_DIGITS  999.5

NumberText number_text(int64_t number)
{
    NumberText text;
    char backwards[NUMBER_TEXT_SIZE];
    /* The smallest one has no positive counterpart. */
    uint64_t rest = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;
    int digits = 0, len = 0;
    do {
        if (digits > 0 && digits % GROUP == 0) {
            backwards[len++] = ',';
        }
        backwards[len++] = (char)('0' + rest % 10);
        digits++;
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        backwards[len++] = '-';
    }
    for (int i = 0; i < len; i++) {
        text.text[i] = backwards[len - 1 - i];
    }
    text.text[len] = '\0';
    return text;
}

NumberText count_text(int64_t count)
{
    return count < 0 ? (NumberText){"?"} : number_text(count);
}

SizeParts size_parts(uint64_t bytes)
{
    static const char *const units[] = {"MB", "GB", "TB"};
    double value = (double)bytes / MEGABYTE;
    size_t unit = 0;
    while (value >= FOUR_DIGITS && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    return (SizeParts){value, value < TWO_DIGITS ? 2 : value < THREE_DIGITS ? 1 : 0, units[unit]};
}

NumberText size_text(uint64_t bytes)
{
    const SizeParts parts = size_parts(bytes);
    NumberText text;
    if (parts.value < FOUR_DIGITS) {
        snprintf(text.text, sizeof text.text, "%.*f %s", parts.decimals, parts.value, parts.unit);
    } else { /* it needs its groups: there is no larger unit */
        snprintf(text.text, sizeof text.text, "%.35s %s", number_text((int64_t)(parts.value + 0.5)).text, parts.unit);
    }
    return text;
}
