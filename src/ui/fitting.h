/* fitting.h: what fits where, in numbers alone. Portable. */
#ifndef CMMS_UI_FITTING_H
#define CMMS_UI_FITTING_H

#include <stdbool.h>

#include "window_state.h"

/* A window of this size over the middle of another, moved so far that it lies in the area, with its upper left corner
 * in any case. */
StateRect fitting_over(StateRect owner, int width, int height, StateRect area);

/* Whether a text of this width, and a margin, have room. */
bool fitting_has_room(int text, int margin, int room);

/* The least size that a window keeps: what it would have, less where there is less room, but never below `lowest`. */
int fitting_least(int wanted, int lowest, int room);

#endif
