/* keeper.c: when the open program runs a slot. */
#include "schedule/keeper.h"

#include <string.h>

/* Of a slot that waits on this computer: what another run has found, unless a clock was wrong then. What keeps another
 * computer from it (its battery) says nothing of this one. */
static int64_t waits_until(const Ledger *ledger, int64_t slot, const char *here, int64_t now)
{
    const char *where = ledger->waits_computer;
    const bool waits = ledger_waits(ledger, slot) != NULL && ledger->waits_again <= now + DUE_FUTURE &&
                       (where == NULL || here == NULL || strcmp(where, here) == 0);
    return waits && ledger->waits_again > slot ? ledger->waits_again : slot;
}

void keeper_look(const DuePlan *plan, const DueZone *zone, const Ledger *ledger, const char *here, int64_t now,
                 Keeper *keeper)
{
    DueLook look;
    due_look(plan, zone, ledger, now, &look);
    keeper->on = plan->on && ledger_begun(ledger);
    const bool asks = look.doubtful && look.paused == 0; /* the run asks the server what time it is */
    keeper->next = look.due ? waits_until(ledger, look.slot, here, now) : asks ? look.slot : due_again(&look, now);
}

void keeper_take(Keeper *keeper, const Keeper *found)
{
    keeper->on = found->on;
    keeper->next = found->next;
}

/* One that is too far away is of a clock that was set back since. */
static int64_t not_before(const Keeper *keeper, int64_t now)
{
    return keeper->not_before > now + KEEPER_STOPPED ? 0 : keeper->not_before;
}

bool keeper_is_due(const Keeper *keeper, int64_t now)
{
    return keeper->on && keeper->next != 0 && keeper->next <= now && not_before(keeper, now) <= now;
}

void keeper_ended(Keeper *keeper, bool stopped, int64_t next, int64_t now)
{
    keeper->next = next;
    keeper->not_before = now + (stopped ? KEEPER_STOPPED : KEEPER_PAUSE);
}

bool keeper_may_check(const Keeper *keeper, int64_t now)
{
    return keeper->on && (keeper->checked == 0 || keeper->checked > now || now - keeper->checked >= KEEPER_CHECKS);
}

void keeper_checked(Keeper *keeper, int64_t now)
{
    keeper->checked = now;
}

unsigned keeper_wait(const Keeper *keeper, int64_t now)
{
    int64_t moment = not_before(keeper, now);
    moment = keeper->next > moment ? keeper->next : moment;
    const int64_t seconds = keeper->on && keeper->next != 0 ? moment - now : KEEPER_MOST;
    return seconds < KEEPER_LEAST ? KEEPER_LEAST : seconds > KEEPER_MOST ? KEEPER_MOST : (unsigned)seconds;
}
