/* number.c: digits in groups of three. */
#include "base/number.h"

#define GROUP 3

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
