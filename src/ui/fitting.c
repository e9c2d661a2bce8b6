#include "fitting.h"

static int start_in(int middle, int size, int least, int most)
{
    int start = middle - size / 2;
    start = start > most - size ? most - size : start;
    return start < least ? least : start;
}

StateRect fitting_over(StateRect owner, int width, int height, StateRect area)
{
    const int left = start_in(owner.left + (owner.right - owner.left) / 2, width, area.left, area.right);
    const int top = start_in(owner.top + (owner.bottom - owner.top) / 2, height, area.top, area.bottom);
    return (StateRect){left, top, left + width, top + height};
}

int fitting_least(int wanted, int lowest, int room)
{
    return room >= wanted ? wanted : room > lowest ? room : lowest;
}

bool fitting_has_room(int text, int margin, int room)
{
    return text + margin <= room;
}
