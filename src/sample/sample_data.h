/*
 * sample_data.h: what the sample database holds. The structure is in sample_data.c, the rows in sample_rows.c.
 *
 * Every row is made from its table and its number alone, by a small generator of our own: the same on every
 * system, whatever its clock, language or C library.
 */
#ifndef CMMS_SAMPLE_DATA_H
#define CMMS_SAMPLE_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

typedef struct SampleTable {
    const char *name;
    const char *columns;        /* as COPY takes them */
    int64_t fixed, per_megabyte; /* rows: fixed + per_megabyte * megabytes */
    int64_t row_bytes;          /* about, for progress */
    /* Appends one line of COPY's text format, without its line end. `index` from 0. */
    void (*row)(StrBuf *line, int megabytes, int64_t index);
} SampleTable;

/* In an order in which no table refers to a later one. */
extern const SampleTable sample_tables[];
extern const size_t sample_table_count;
int64_t sample_row_count(const SampleTable *table, int megabytes);

/* SQL scripts, NULL-terminated: the tables; and what comes after the data (keys, indexes, views, triggers, the
 * sequences' values). */
extern const char *const sample_schema[];
extern const char *const sample_finish[];

#endif
