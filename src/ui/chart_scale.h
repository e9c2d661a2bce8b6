/* chart_scale.h: the chart's arithmetic, without a screen. Portable. */
#ifndef CMMS_UI_CHART_SCALE_H
#define CMMS_UI_CHART_SCALE_H

#include <stdbool.h>
#include <stddef.h>

#include "store/catalog.h"

typedef struct ChartPoint {
    double megabytes;
    double seconds; /* < 0: not known */
    int64_t created;
} ChartPoint;

/* The newest `most` backups that are not known to be bad, oldest first. Caller frees. */
ChartPoint *chart_points(const Catalog *catalog, size_t most, size_t *count);

/* The end of a scale from 0 that holds the value: 1, 2 or 5 times a power of ten; 1 for nothing. */
double chart_scale_end(double value);
/* The line on which a value stands, between bottom (0) and top (the scale's end). */
int chart_scale_y(double value, double end, int top, int bottom);
/* The left edge of step `index` of `count` equal steps between left and right; index may be count. Neighbours share
 * their edge, and no pixel is left over. */
int chart_scale_x(size_t index, size_t count, int left, int right);
/* The step in which x lies; count: in none. */
size_t chart_scale_index(int x, size_t count, int left, int right);

/* By how many percent the newest of the points is larger (< 0: smaller) than the oldest; 0 where that says nothing. */
int chart_growth(const ChartPoint *points, size_t count);

#endif
