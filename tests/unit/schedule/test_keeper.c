#include "test_util.h"

#include "schedule/keeper.h"

#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define NOON ((int64_t)1796040000) /* 2026-11-30 12:00 UTC */
#define SLOT (NOON - 10 * HOUR)

static void to_local(int64_t moment, CivilTime *out)
{
    clock_utc(moment, out);
}

static int64_t to_moment(const CivilTime *local)
{
    return clock_days(local->year, local->month, local->day) * DAY + local->hour * HOUR + local->minute * 60;
}

static const DueZone zone = {to_local, to_moment};

static void what_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool off;
        int64_t since, paused;
        int64_t waits; /* the slot's, until then; 0: it does not */
        LedgerSlot slot; /* moment 0: nothing is known */
        bool on, due;
        int64_t next;
        const char *where; /* it waits; NULL: not known */
    } rows[] = {
        {"nobody has set it here", false, 0, 0, 0, {0}, false, false, SLOT, NULL},
        {"switched off", true, SLOT - DAY, 0, 0, {0}, false, false, 0, NULL},
        {"slept over", false, SLOT - DAY, 0, 0, {0}, true, true, SLOT, NULL},
        {"set after the slot", false, SLOT + 60, 0, 0, {0}, true, false, SLOT + DAY, NULL},
        {"done", false, 0, 0, 0, {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL}, true, false, SLOT + DAY, NULL},
        {"failed just now", false, 0, 0, 0, {SLOT, SLOT_FAILED, NOON - 60, 1, NULL, NULL}, true, false,
         NOON - 60 + HOUR / 4, NULL},
        {"paused", false, SLOT - DAY, NOON + HOUR, 0, {0}, true, false, NOON + HOUR, NULL},
        {"paused for a year by a wrong clock", false, SLOT - DAY, NOON + 365 * DAY, 0, {0}, true, true, SLOT, NULL},
        {"was paused", false, SLOT - DAY, NOON, 0, {0}, true, true, SLOT, NULL},
        {"waits for the end of an hour", false, SLOT - DAY, 0, NOON + HOUR, {0}, true, false, NOON + HOUR, NULL},
        {"waits here", false, SLOT - DAY, 0, NOON + HOUR, {0}, true, false, NOON + HOUR, "PC-1"},
        {"waits on another computer", false, SLOT - DAY, 0, NOON + HOUR, {0}, true, true, SLOT, "PC-2"},
        {"has waited", false, SLOT - DAY, 0, NOON, {0}, true, true, NOON, NULL},
        {"waits for a year by a wrong clock", false, SLOT - DAY, 0, NOON + 365 * DAY, {0}, true, true, SLOT, NULL},
        {"waited, and was run", false, 0, 0, NOON + HOUR, {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL}, true, false,
         SLOT + DAY, NULL},
    };
    const DuePlan daily = {.on = true, .times = {120}, .time_count = 1};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Ledger ledger;
        DuePlan plan = daily;
        Keeper keeper = {.not_before = 7};
        ledger_init(&ledger);
        plan.on = !rows[i].off;
        ledger.since = rows[i].since;
        ledger.paused_until = rows[i].paused;
        ledger_note_wait(&ledger, SLOT, SLOT, rows[i].waits, rows[i].waits ? "it is quiet" : NULL);
        if (rows[i].slot.moment) {
            ledger_note(&ledger, &rows[i].slot);
        }
        mem_free(ledger.waits_computer);
        ledger.waits_computer = mem_strdup(rows[i].where);
        keeper_look(&plan, &zone, &ledger, "PC-1", NOON, &keeper);
        if (keeper.on != rows[i].on || keeper.next != rows[i].next || keeper_is_due(&keeper, NOON) != rows[i].due) {
            print_error("%s: on %d, next %lld, due %d\n", rows[i].what, keeper.on, (long long)(keeper.next - NOON),
                        keeper_is_due(&keeper, NOON));
            fail();
        }
        assert_int_equal(keeper.not_before, 7);
        ledger_release(&ledger);
    }
}

/* Done by a clock that was days ahead: whether this is that clock the run asks the server, so there is one. */
static void doubtful(void **state)
{
    (void)state;
    const DuePlan plan = {.on = true, .times = {120}, .time_count = 1};
    const LedgerSlot done = {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL};
    Ledger ledger;
    Keeper keeper = {.on = false};
    ledger_init(&ledger);
    ledger_note(&ledger, &done);
    ledger.ahead_from = SLOT;
    keeper_look(&plan, &zone, &ledger, "PC-1", NOON, &keeper);
    assert_true(keeper_is_due(&keeper, NOON));
    ledger.paused_until = NOON + HOUR;
    keeper_look(&plan, &zone, &ledger, "PC-1", NOON, &keeper);
    assert_int_equal(keeper.next, NOON + HOUR);
    ledger.paused_until = 0;
    ledger.ahead_from = SLOT + 1;
    keeper_look(&plan, &zone, &ledger, "PC-1", NOON, &keeper);
    assert_int_equal(keeper.next, SLOT + DAY);
    ledger_release(&ledger);
}

/* A slot that stays due, because it was stopped or could not be noted, is not run over and over. */
static void between_runs(void **state)
{
    (void)state;
    Keeper keeper = {.on = true, .next = NOON};
    const Keeper found = {.on = true, .next = NOON};
    assert_false(keeper_is_due(&keeper, NOON - 1));
    assert_true(keeper_is_due(&keeper, NOON));
    keeper_ended(&keeper, false, NOON + DAY, NOON + 60);
    assert_int_equal(keeper.next, NOON + DAY);
    keeper_take(&keeper, &found);
    assert_false(keeper_is_due(&keeper, NOON + 60 + KEEPER_PAUSE - 1));
    assert_true(keeper_is_due(&keeper, NOON + 60 + KEEPER_PAUSE));
    keeper_ended(&keeper, true, NOON, NOON + 60);
    assert_false(keeper_is_due(&keeper, NOON + 60 + KEEPER_STOPPED - 1));
    assert_true(keeper_is_due(&keeper, NOON + 60 + KEEPER_STOPPED));
    /* The clock was set back since. */
    keeper_ended(&keeper, true, NOON, NOON + DAY);
    assert_true(keeper_is_due(&keeper, NOON));
}

/* Once an hour at most, and where slots are run at all. */
static void older_backups(void **state)
{
    (void)state;
    Keeper keeper = {.on = true};
    assert_true(keeper_may_check(&keeper, NOON));
    keeper_checked(&keeper, NOON);
    assert_false(keeper_may_check(&keeper, NOON + KEEPER_CHECKS - 1));
    assert_true(keeper_may_check(&keeper, NOON + KEEPER_CHECKS));
    assert_true(keeper_may_check(&keeper, NOON - 1)); /* the clock was set back */
    keeper.on = false;
    assert_false(keeper_may_check(&keeper, NOON + DAY));
}

static void the_timer(void **state)
{
    (void)state;
    static const struct {
        bool on;
        int64_t next, not_before;
        unsigned wait;
    } rows[] = {
        {true, NOON + 600, 0, 600},          {true, NOON + 1, 0, KEEPER_LEAST}, {true, NOON - 5, 0, KEEPER_LEAST},
        {true, NOON + DAY, 0, KEEPER_MOST},  {true, 0, 0, KEEPER_MOST},         {false, NOON + 600, 0, KEEPER_MOST},
        {true, NOON, NOON + 900, 900},       {true, NOON + 1000, NOON + 900, 1000},
        {true, NOON, NOON + DAY, KEEPER_LEAST},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const Keeper keeper = {.on = rows[i].on, .next = rows[i].next, .not_before = rows[i].not_before};
        assert_int_equal(keeper_wait(&keeper, NOON), rows[i].wait);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_found), cmocka_unit_test(doubtful),
                                       cmocka_unit_test(between_runs), cmocka_unit_test(older_backups),
                                       cmocka_unit_test(the_timer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
