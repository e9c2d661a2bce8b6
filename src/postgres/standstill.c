/* standstill.c: only arithmetic. */
#include "postgres/standstill.h"

#include <stdlib.h>

#include "base/mem.h"
#include "platform/machine.h"

#define SLEPT_MS 2000u
#define MOST_ASKED 6u
#define DAY 86400

void standstill_start(Standstill *still, uint64_t now_ms)
{
    still->looked_ms = now_ms;
    standstill_moved(still, now_ms);
}

void standstill_moved(Standstill *still, uint64_t now_ms)
{
    still->moved_ms = now_ms;
    still->asked = 0;
}

bool standstill_over(Standstill *still, uint64_t now_ms)
{
    if (now_ms - still->looked_ms > SLEPT_MS) {
        still->moved_ms = now_ms;
    }
    still->looked_ms = now_ms;
    if (still->seconds == 0 || now_ms - still->moved_ms < 1000u * (uint64_t)still->seconds) {
        return false;
    }
    still->moved_ms = now_ms;
    return ++still->asked >= MOST_ASKED || still->still_working == NULL || !still->still_working(still->context);
}

char *standstill_text(const Standstill *still)
{
    const unsigned seconds = still->seconds * still->asked;
    return seconds < 120 ? mem_printf("%u seconds", seconds) : mem_printf("%u minutes", seconds / 60);
}

unsigned standstill_seconds(unsigned usual)
{
    char *text = machine_getenv("CMMS_STALL_SECONDS");
    const long seconds = text == NULL ? 0 : strtol(text, NULL, 10);
    mem_free(text);
    return seconds > 0 && seconds <= DAY ? (unsigned)seconds : usual;
}
