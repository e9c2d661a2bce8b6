#include "chart_scale.h"

#include "base/mem.h"

ChartPoint *chart_points(const Catalog *catalog, size_t most, size_t *count)
{
    ChartPoint *points = mem_array(most < catalog->count ? most : catalog->count, sizeof *points);
    *count = 0;
    for (size_t i = 0; i < catalog->count && *count < most; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        if (entry->has_manifest && entry->level != LEVEL_BAD) {
            points[(*count)++] =
                (ChartPoint){(double)entry->size / (1024.0 * 1024.0), entry->seconds, entry->created};
        }
    }
    for (size_t i = 0; i < *count / 2; i++) {
        ChartPoint swapped = points[i];
        points[i] = points[*count - 1 - i];
        points[*count - 1 - i] = swapped;
    }
    return points;
}

double chart_scale_end(double value)
{
    double power = 1;
    if (!(value > 0) || value > 1e15) {
        return 1;
    }
    while (power * 10 <= value) {
        power *= 10;
    }
    while (power > value) {
        power /= 10;
    }
    return value <= power ? power : value <= 2 * power ? 2 * power : value <= 5 * power ? 5 * power : 10 * power;
}

int chart_scale_y(double value, double end, int top, int bottom)
{
    double share = end > 0 ? value / end : 0;
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    return bottom - (int)(share * (bottom - top) + 0.5);
}

int chart_scale_x(size_t index, size_t count, int left, int right)
{
    return count == 0 ? left : left + (int)((int64_t)(right - left) * (int64_t)index / (int64_t)count);
}

size_t chart_scale_index(int x, size_t count, int left, int right)
{
    size_t i = 0;
    if (x < left || x >= right) {
        return count;
    }
    while (i < count && x >= chart_scale_x(i + 1, count, left, right)) {
        i++;
    }
    return i;
}

int chart_growth(const ChartPoint *points, size_t count)
{
    if (count < 2 || !(points[0].megabytes > 0)) {
        return 0;
    }
    const double percent = (points[count - 1].megabytes / points[0].megabytes - 1) * 100;
    return percent > 1e6 ? 1000000 : (int)(percent < 0 ? percent - 0.5 : percent + 0.5);
}
