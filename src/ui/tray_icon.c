/* tray_icon.c: each pixel is looked at in sixteen points; the shapes are told in a square from -1 to 1, y downwards. */
#include "tray_icon.h"

#define ACROSS 4 /* points */

typedef struct Sign {
    bool (*shape)(double x, double y);
    bool (*mark)(double x, double y); /* white, within the shape */
    uint32_t colour;                  /* 0xRRGGBB */
} Sign;

static double squared(double x)
{
    return x * x;
}

static bool in_disc(double x, double y)
{
    return squared(x) + squared(y) <= squared(0.98);
}

static bool in_ring(double x, double y)
{
    const double far = squared(x) + squared(y);
    return (far <= squared(0.98) && far >= squared(0.66)) || far <= squared(0.30);
}

static bool in_triangle(double x, double y)
{
    const double half = (y + 0.95) / 1.85 * 1.0; /* half its width at this height */
    return y >= -0.95 && y <= 0.90 && x >= -half && x <= half;
}

static bool in_square(double x, double y)
{
    return x >= -0.92 && x <= 0.92 && y >= -0.92 && y <= 0.92;
}

/* Within `thick` of the line between two points. */
static bool on_line(double x, double y, double x1, double y1, double x2, double y2, double thick)
{
    const double length = squared(x2 - x1) + squared(y2 - y1);
    double along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length;
    along = along < 0 ? 0 : along > 1 ? 1 : along;
    return squared(x - x1 - along * (x2 - x1)) + squared(y - y1 - along * (y2 - y1)) <= squared(thick);
}

static bool on_tick(double x, double y)
{
    return on_line(x, y, -0.48, 0.05, -0.12, 0.42, 0.14) || on_line(x, y, -0.12, 0.42, 0.50, -0.36, 0.14);
}

static bool on_nothing(double x, double y)
{
    (void)x;
    (void)y;
    return false;
}

static bool on_stroke(double x, double y)
{
    return on_line(x, y, 0, -0.32, 0, 0.26, 0.13) || squared(x) + squared(y - 0.62) <= squared(0.15);
}

static bool on_cross(double x, double y)
{
    return on_line(x, y, -0.44, -0.44, 0.44, 0.44, 0.15) || on_line(x, y, -0.44, 0.44, 0.44, -0.44, 0.15);
}

TrayState tray_icon_state(bool works, bool failed, HealthState health)
{
    return works                                 ? TRAY_WORKING
           : failed || health == HEALTH_BAD      ? TRAY_FAILED
           : health == HEALTH_WARNING            ? TRAY_ATTENTION
                                                 : TRAY_PROTECTED;
}

static uint32_t mix(uint32_t colour, int shift, int white, int all)
{
    const uint32_t own = colour >> shift & 0xFF;
    return (own * (uint32_t)(all - white) + 0xFFu * (uint32_t)white) / (uint32_t)all << shift;
}

void tray_icon_draw(TrayState state, int size, uint32_t *pixels)
{
    static const Sign signs[TRAY_STATES] = {{in_disc, on_tick, 0x107C10},
                                            {in_ring, on_nothing, 0x0067C0},
                                            {in_triangle, on_stroke, 0xB36B00},
                                            {in_square, on_cross, 0xC42B1C}};
    const Sign *sign = &signs[state];
    for (int i = 0; i < size * size; i++) {
        int all = 0, white = 0;
        for (int k = 0; k < ACROSS * ACROSS; k++) {
            const double x = (i % size + (k % ACROSS + 0.5) / ACROSS) * 2 / size - 1;
            const double y = (i / size + (k / ACROSS + 0.5) / ACROSS) * 2 / size - 1;
            const bool in = sign->shape(x, y);
            all += in;
            white += in && sign->mark(x, y);
        }
        const uint32_t opacity = (uint32_t)all * 0xFFu / (ACROSS * ACROSS);
        pixels[i] = all == 0 ? 0
                             : opacity << 24 | mix(sign->colour, 16, white, all) | mix(sign->colour, 8, white, all) |
                                   mix(sign->colour, 0, white, all);
    }
}
