#include "test_util.h"

#include "schedule/recheck.h"

#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define NOON ((int64_t)1796040000) /* 2026-11-30 12:00 UTC */
#define NIGHT (NOON + 12 * HOUR)
#define MOST 6

static void to_local(int64_t moment, CivilTime *out)
{
    clock_utc(moment, out);
}

static int64_t to_moment(const CivilTime *local)
{
    return clock_days(local->year, local->month, local->day) * DAY + local->hour * HOUR + local->minute * 60;
}

static const DueZone zone = {to_local, to_moment};

typedef struct File {
    uint64_t size; /* 0: there are no more */
    int64_t made, read; /* so long ago; read 0: never */
    Level level;
    bool bare; /* without a manifest */
    bool offline;
} File;

static Catalog catalog_of(const File *files, CatalogEntry *entries, int64_t now)
{
    static const char *const names[MOST] = {"a", "b", "c", "d", "e", "f"};
    size_t count = 0;
    for (; count < MOST && files[count].size > 0; count++) {
        entries[count] = (CatalogEntry){.name = (char *)names[count],
                                        .size = files[count].size,
                                        .created = now - files[count].made,
                                        .read = files[count].read ? now - files[count].read : 0,
                                        .level = files[count].level,
                                        .has_manifest = !files[count].bare,
                                        .offline = files[count].offline};
    }
    return (Catalog){entries, count};
}

static char *names_of(const RecheckLook *look)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_SMALL);
    for (size_t i = 0; i < look->count; i++) {
        strbuf_addstr(&text, look->files[i]->name);
    }
    return text.len > 0 ? strbuf_detach(&text) : (strbuf_release(&text), mem_strdup(""));
}

#define GOOD(size, made, read) {size, made, read, LEVEL_VERIFIED, false, false}
#define CHARGE 12 /* % */
#define NIGHTLY {7, 0, {20 * 60, 6 * 60}, 2, 0}
#define ALWAYS {7, 0, {0, 0}, 2, 0}

static void files(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        RecheckRules rules;
        int64_t now, checked; /* the latter so long ago; 0: never */
        bool on_battery;
        File files[MOST];
        const char *names; /* in their order */
    } rows[] = {
        {"nothing is there", NIGHTLY, NIGHT, 0, false, {{0}}, ""},
        {"just read", NIGHTLY, NIGHT, 0, false, {GOOD(9, 90 * DAY, DAY)}, ""},
        {"a second before its time", NIGHTLY, NIGHT, 0, false, {GOOD(9, 90 * DAY, 7 * DAY - 1)}, ""},
        {"at its time", NIGHTLY, NIGHT, 0, false, {GOOD(9, 90 * DAY, 7 * DAY)}, "a"},
        {"made since it would be due", NIGHTLY, NIGHT, 0, false, {GOOD(9, 6 * DAY, 0)}, ""},
        {"never read", NIGHTLY, NIGHT, 0, false, {GOOD(9, 7 * DAY, 0)}, "a"},
        {"not wanted", {0, 0, {0, 0}, 2, 0}, NIGHT, 0, false, {GOOD(9, 90 * DAY, 0)}, ""},
        /* The hour, and how long it is waited for. */
        {"at noon", NIGHTLY, NOON, 0, false, {GOOD(9, 90 * DAY, 7 * DAY)}, ""},
        {"at noon, two days later", NIGHTLY, NOON, 0, false, {GOOD(9, 90 * DAY, 9 * DAY)}, "a"},
        {"at any hour", ALWAYS, NOON, 0, false, {GOOD(9, 90 * DAY, 7 * DAY)}, "a"},
        {"on battery", ALWAYS, NIGHT, 0, true, {GOOD(9, 90 * DAY, 7 * DAY)}, ""},
        {"on battery, two days later", ALWAYS, NIGHT, 0, true, {GOOD(9, 90 * DAY, 9 * DAY)}, "a"},
        /* That no slot waits makes no hour of any. */
        {"no patience", {7, 0, {20 * 60, 6 * 60}, 0, 0}, NOON, 0, false, {GOOD(9, 90 * DAY, 7 * DAY)}, ""},
        {"no patience, on battery", {7, 0, {0, 0}, 0, 0}, NIGHT, 0, true, {GOOD(9, 90 * DAY, 9 * DAY - 1)}, ""},
        {"no patience, two days later", {7, 0, {20 * 60, 6 * 60}, 0, 0}, NOON, 0, true,
         {GOOD(9, 90 * DAY, 9 * DAY)}, "a"},
        {"on a low battery, however long", {7, 0, {0, 0}, 2, CHARGE + 1}, NIGHT, 0, true,
         {GOOD(9, 90 * DAY, 60 * DAY)}, ""},
        {"on one that is not", {7, 0, {0, 0}, 2, CHARGE}, NIGHT, 0, true, {GOOD(9, 90 * DAY, 9 * DAY)}, "a"},
        {"plugged in, and it is low", {7, 0, {0, 0}, 2, 100}, NIGHT, 0, false, {GOOD(9, 90 * DAY, 7 * DAY)}, "a"},
        /* The order, and the share: a seventh of all, but one at least. */
        {"the oldest first", NIGHTLY, NIGHT, 0, false,
         {GOOD(1, 90 * DAY, 8 * DAY), GOOD(60, 90 * DAY, DAY), GOOD(1, 90 * DAY, 10 * DAY), GOOD(1, 90 * DAY, 0)},
         "dca"},
        {"one share", NIGHTLY, NIGHT, 0, false,
         {GOOD(10, 90 * DAY, 8 * DAY), GOOD(10, 90 * DAY, 9 * DAY), GOOD(10, 90 * DAY, 10 * DAY),
          GOOD(40, 90 * DAY, DAY)}, "c"},
        {"one that is larger", NIGHTLY, NIGHT, 0, false,
         {GOOD(90, 90 * DAY, 8 * DAY), GOOD(10, 90 * DAY, 7 * DAY)}, "a"},
        {"of two alike by their names", NIGHTLY, NIGHT, 0, false,
         {GOOD(10, 90 * DAY, 8 * DAY), GOOD(10, 90 * DAY, 8 * DAY)}, "a"},
        {"a share a day", NIGHTLY, NIGHT, 20 * HOUR - 1, false, {GOOD(9, 90 * DAY, 8 * DAY)}, ""},
        {"a day later", NIGHTLY, NIGHT, 20 * HOUR, false, {GOOD(9, 90 * DAY, 8 * DAY)}, "a"},
        /* What nothing would come of. */
        {"damaged, and known to be", NIGHTLY, NIGHT, 0, false, {{9, 90 * DAY, 0, LEVEL_BAD, false, false}}, ""},
        {"nothing to compare with", NIGHTLY, NIGHT, 0, false, {{9, 90 * DAY, 0, LEVEL_NONE, true, false}}, ""},
        {"of another size", NIGHTLY, NIGHT, 0, false, {{9, 90 * DAY, 0, LEVEL_NONE, false, false}}, "a"},
        {"only listed, or read", NIGHTLY, NIGHT, 0, false,
         {{1, 90 * DAY, 0, LEVEL_LISTED, false, false}, {1, 80 * DAY, 0, LEVEL_READ, false, false},
          GOOD(50, 90 * DAY, DAY)}, "ab"},
        /* Nor does it count for the share of the others. */
        {"in the cloud only", NIGHTLY, NIGHT, 0, false,
         {{90, 90 * DAY, 0, LEVEL_VERIFIED, false, true}, GOOD(1, 80 * DAY, 0), GOOD(1, 70 * DAY, 0)}, "b"},
        /* Clocks: dates ahead say nothing; within a day they are another PC's. */
        {"read next year", NIGHTLY, NIGHT, 0, false, {GOOD(9, 90 * DAY, -365 * DAY)}, "a"},
        {"read in an hour", NIGHTLY, NIGHT, 0, false, {GOOD(9, 90 * DAY, -HOUR)}, ""},
        {"made and read next year", NIGHTLY, NIGHT, 0, false, {GOOD(9, -365 * DAY, -364 * DAY)}, "a"},
        {"a share of next year", NIGHTLY, NIGHT, -365 * DAY, false, {GOOD(9, 90 * DAY, 8 * DAY)}, "a"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CatalogEntry entries[MOST];
        const Catalog catalog = catalog_of(rows[i].files, entries, rows[i].now);
        Ledger ledger;
        RecheckLook look;
        ledger_init(&ledger);
        recheck_look_init(&look);
        ledger.checked = rows[i].checked ? rows[i].now - rows[i].checked : 0;
        const RecheckFacts facts = {.catalog = &catalog, .ledger = &ledger, .on_battery = rows[i].on_battery,
                                    .battery_percent = rows[i].on_battery ? CHARGE : -1, .now = rows[i].now};
        recheck_look(&rows[i].rules, &facts, &zone, &look);
        char *names = names_of(&look);
        if (strcmp(names, rows[i].names) != 0) {
            print_error("%s: \"%s\"\n", rows[i].what, names);
            fail();
        }
        assert_null(look.proof);
        size_t offline = 0;
        for (size_t j = 0; j < catalog.count; j++) {
            offline += entries[j].offline;
        }
        assert_int_equal(look.offline, rows[i].rules.days ? offline : 0);
        mem_free(names);
        recheck_look_release(&look);
        ledger_release(&ledger);
    }
}

/* One that cannot be read, and is larger than the share, keeps no other from being read. */
static void one_that_cannot_be_read(void **state)
{
    (void)state;
    static const RecheckRules rules = NIGHTLY;
    static const File files[MOST] = {GOOD(900, 90 * DAY, 30 * DAY), GOOD(10, 90 * DAY, 9 * DAY),
                                     GOOD(10, 90 * DAY, 8 * DAY)};
    CatalogEntry entries[MOST];
    const Catalog catalog = catalog_of(files, entries, NIGHT);
    Ledger ledger;
    RecheckLook look;
    ledger_init(&ledger);
    recheck_look_init(&look);
    const RecheckFacts facts = {.catalog = &catalog, .ledger = &ledger, .now = NIGHT};
    recheck_look(&rules, &facts, &zone, &look);
    assert_string_equal(look.files[0]->name, "a");
    assert_int_equal(look.count, 1);
    ledger_note_unread(&ledger, "a", NIGHT - DAY, "it is in use");
    recheck_look(&rules, &facts, &zone, &look);
    char *names = names_of(&look);
    assert_string_equal(names, "bc");
    mem_free(names);
    entries[1].read = entries[2].read = NIGHT;
    recheck_look(&rules, &facts, &zone, &look); /* it is tried again where the others are read */
    assert_int_equal(look.count, 1);
    assert_string_equal(look.files[0]->name, "a");
    recheck_look_release(&look);
    ledger_release(&ledger);
}

/* A PC that is on for an hour each night reads every file once in a week and a day, and none twice before its time. */
static void a_year_of_nights(void **state)
{
    (void)state;
    static const RecheckRules rules = NIGHTLY;
    CatalogEntry entries[MOST];
    unsigned reads[MOST] = {0};
    for (size_t i = 0; i < MOST; i++) {
        entries[i] = (CatalogEntry){.name = (char *)"x", .size = 10 + i, .created = NIGHT - 30 * DAY,
                                    .level = LEVEL_VERIFIED, .has_manifest = true};
    }
    const Catalog catalog = {entries, MOST};
    Ledger ledger;
    RecheckLook look;
    ledger_init(&ledger);
    recheck_look_init(&look);
    for (int night = 0; night < 365; night++) {
        const int64_t now = NIGHT + night * DAY;
        const RecheckFacts facts = {.catalog = &catalog, .ledger = &ledger, .now = now};
        for (int hour = 0; hour < 3; hour++) { /* however often it is looked at */
            recheck_look(&rules, &facts, &zone, &look);
            for (size_t i = 0; i < look.count; i++) {
                CatalogEntry *entry = &entries[look.files[i] - entries];
                assert_true(entry->read == 0 || now - entry->read >= 7 * DAY);
                entry->read = now;
                reads[entry - entries]++;
            }
            assert_true(look.count <= (hour == 0 ? 1u : 0u));
            ledger.checked = look.count > 0 ? now : ledger.checked;
        }
    }
    for (size_t i = 0; i < MOST; i++) {
        assert_true(reads[i] >= 365 / 8 && reads[i] <= 365 / 7 + 1);
        assert_true(entries[i].read > NIGHT + (364 - 8) * DAY);
    }
    recheck_look_release(&look);
    ledger_release(&ledger);
}

static void proof(void **state)
{
    (void)state;
    static const Source ours = {NULL, (char *)"h:1", (char *)"cmms"};
    static const RecheckRules monthly = {0, 30, {20 * 60, 6 * 60}, 2, 0}, never = {0, 0, {0, 0}, 2, 0};
    static const struct {
        const char *what;
        const RecheckRules *rules;
        int64_t now;
        bool unconnected, elsewhere; /* no database; another's backups */
        int64_t since, tried, proven; /* so long ago; 0: not at all */
        Level newest;
        const char *name;
    } rows[] = {
        {"proven lately", &monthly, NIGHT, false, false, 90 * DAY, 0, 29 * DAY, LEVEL_VERIFIED, NULL},
        {"a month ago", &monthly, NIGHT, false, false, 90 * DAY, 0, 30 * DAY, LEVEL_VERIFIED, "new"},
        {"at noon", &monthly, NOON, false, false, 90 * DAY, 0, 30 * DAY, LEVEL_VERIFIED, NULL},
        {"at noon, two days later", &monthly, NOON, false, false, 90 * DAY, 0, 32 * DAY, LEVEL_VERIFIED, "new"},
        {"not wanted", &never, NIGHT, false, false, 90 * DAY, 0, 90 * DAY, LEVEL_VERIFIED, NULL},
        {"tried today", &monthly, NIGHT, false, false, 90 * DAY, DAY - 1, 31 * DAY, LEVEL_VERIFIED, NULL},
        {"tried yesterday", &monthly, NIGHT, false, false, 90 * DAY, DAY, 31 * DAY, LEVEL_VERIFIED, "new"},
        {"never, and the schedule is new", &monthly, NIGHT, false, false, DAY - 1, 0, 0, LEVEL_VERIFIED, NULL},
        {"never, and it has run for a day", &monthly, NIGHT, false, false, DAY, 0, 0, LEVEL_VERIFIED, "new"},
        {"never, and there is no schedule", &monthly, NIGHT, false, false, 0, 0, 0, LEVEL_VERIFIED, NULL},
        {"the newest is not good: the one before it", &monthly, NIGHT, false, false, 90 * DAY, 0, 31 * DAY, LEVEL_BAD,
         "old"},
        {"no database", &monthly, NIGHT, true, false, 90 * DAY, 0, 31 * DAY, LEVEL_VERIFIED, NULL},
        {"another's backups", &monthly, NIGHT, false, true, 90 * DAY, 0, 31 * DAY, LEVEL_VERIFIED, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const int64_t now = rows[i].now;
        char *key = (char *)"7/5", *place = rows[i].elsewhere ? (char *)"other:1" : (char *)"h:1";
        CatalogEntry entries[2] = {
            {.name = (char *)"new", .created = now - HOUR, .level = rows[i].newest, .has_manifest = true,
             .from = {key, place, (char *)"cmms"}},
            {.name = (char *)"old", .created = now - 40 * DAY, .has_manifest = true,
             .level = rows[i].proven ? LEVEL_PROVEN : LEVEL_VERIFIED, .from = {key, place, (char *)"cmms"},
             .proven = rows[i].proven ? now - rows[i].proven : 0}};
        const Catalog catalog = {entries, 2};
        Ledger ledger;
        RecheckLook look;
        ledger_init(&ledger);
        recheck_look_init(&look);
        ledger.since = rows[i].since ? now - rows[i].since : 0;
        ledger.proof_tried = rows[i].tried ? now - rows[i].tried : 0;
        const RecheckFacts facts = {.catalog = &catalog, .source = rows[i].unconnected ? NULL : &ours,
                                    .ledger = &ledger, .now = now};
        recheck_look(rows[i].rules, &facts, &zone, &look);
        if (look.proof) { /* of what is in the cloud only nothing is proven */
            RecheckLook none;
            recheck_look_init(&none);
            entries[look.proof - entries].offline = true;
            recheck_look(rows[i].rules, &facts, &zone, &none);
            assert_null(none.proof);
            recheck_look_release(&none);
        }
        const char *name = look.proof ? look.proof->name : NULL;
        if ((name == NULL) != (rows[i].name == NULL) || (name && strcmp(name, rows[i].name) != 0)) {
            print_error("%s: %s\n", rows[i].what, name ? name : "(none)");
            fail();
        }
        assert_int_equal(look.count, 0);
        recheck_look_release(&look);
        ledger_release(&ledger);
    }
}

static void what_goes_on(void **state)
{
    (void)state;
    static const RecheckRules rules = {7, 30, {0, 0}, 2, 20};
    static const struct {
        bool began_on_battery;
        const char *now;
        bool goes_on;
    } rows[] = {{false, "mains", true},     {false, "", true},           {false, "battery=90", false},
                {false, "battery", false},  {true, "battery=20", true},  {true, "battery=19", false},
                {true, "battery", true},    {true, "mains", true}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Conditions now;
        conditions_parse(rows[i].now, &now);
        assert_int_equal(recheck_goes_on(&rules, rows[i].began_on_battery, &now), rows[i].goes_on);
    }
}

static void where_it_may(void **state)
{
    (void)state;
    Settings settings;
    Ledger ledger;
    settings_init(&settings);
    ledger_init(&ledger);
    assert_false(recheck_may(&settings, &ledger, NIGHT)); /* nobody has used the schedule here */
    ledger.since = NIGHT - DAY;
    assert_true(recheck_may(&settings, &ledger, NIGHT));
    ledger.paused_until = NIGHT + 1;
    assert_false(recheck_may(&settings, &ledger, NIGHT));
    assert_true(recheck_may(&settings, &ledger, NIGHT + 1));
    settings.enabled = false;
    assert_false(recheck_may(&settings, &ledger, NIGHT + 1));
    ledger_release(&ledger);
    settings_release(&settings);
}

static void of_settings(void **state)
{
    (void)state;
    static const struct {
        int every, within, days;
    } rows[] = {{30, 35, 30}, {30, 10, 10}, {30, 0, 30}, {0, 35, 0}, {0, 0, 0}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Settings settings;
        settings_init(&settings);
        settings.prove_every_days = rows[i].every;
        settings.prove_within_days = rows[i].within;
        const RecheckRules rules = recheck_rules(&settings);
        assert_int_equal(rules.prove_days, rows[i].days);
        assert_int_equal(rules.days, 7);
        assert_int_equal(rules.hours.from, 20 * 60);
        assert_int_equal(rules.hours.to, 6 * 60);
        assert_int_equal(rules.wait_days, 2);
        assert_int_equal(rules.battery_percent, 20);
        settings_release(&settings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(one_that_cannot_be_read),
        cmocka_unit_test(a_year_of_nights),
        cmocka_unit_test(proof),
        cmocka_unit_test(what_goes_on),
        cmocka_unit_test(where_it_may),
        cmocka_unit_test(of_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
