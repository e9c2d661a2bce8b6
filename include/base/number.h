/*
 * number.h: numbers for people: "12,410", "1.50 GB". Not for JSON, SQL, file names or arguments, which want digits
 * alone.
 *
 * The text is returned by value, so it lives to the end of the expression and is nobody's to free:
 *     mem_printf("%s rows", number_text(rows).text)
 */
#ifndef CMMS_NUMBER_H
#define CMMS_NUMBER_H

#include <stdint.h>

#define NUMBER_TEXT_SIZE 40 /* of "-9,223,372,036,854,775,808 TB", with its NUL */

typedef struct NumberText {
    char text[NUMBER_TEXT_SIZE];
} NumberText;

NumberText number_text(int64_t number);
/* Of a count, of which a negative one is not known: "?". */
NumberText count_text(int64_t count);

/* How a number of bytes is told: in MB, GB or TB (of 1024), with three digits: "0.38 MB", "12.4 MB", "512 MB",
 * "1.00 TB". The window writes the value as the user's settings have it. */
typedef struct SizeParts {
    double value;
    int decimals;
    const char *unit; /* static */
} SizeParts;

SizeParts size_parts(uint64_t bytes);
NumberText size_text(uint64_t bytes);

#endif
