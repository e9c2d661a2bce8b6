#include "test_util.h"

#include "platform/clock.h"
#include "store/retention.h"

#define DAY 86400
#define MOST 8

/* One backup of a case, newest first. */
typedef struct Row {
    char kind; /* 0 end, v verified, p proven, r read, l listed, n not verified (size differs), d damaged, o the
                  predecessor's (no manifest), f a foreign name with a manifest, a verified, but with an alarm that
                  nobody confirmed */
    int age;   /* days; below zero: in the future */
    const char *pin;
    const char *source; /* NULL: the one that all have; "?": not known; "b@p": b at another place */
    const char *expected; /* the reason; "-" in front: it goes */
} Row;

static int64_t noon(int year, int month, int day)
{
    CivilTime t = {year, month, day, 12, 0, 0, 0};
    return clock_from_local(&t);
}

static void fill(CatalogEntry *entry, const Row *row, int64_t now, size_t place)
{
    static const struct {
        char kind;
        Level level;
    } levels[] = {{'v', LEVEL_VERIFIED}, {'p', LEVEL_PROVEN}, {'l', LEVEL_LISTED},
                  {'n', LEVEL_NONE},     {'d', LEVEL_BAD},    {'o', LEVEL_NONE},
                  {'f', LEVEL_VERIFIED}, {'a', LEVEL_VERIFIED}, {'r', LEVEL_READ}};
    *entry = (CatalogEntry){.name = mem_printf("%zu.backup", place),
                            .created = now - (int64_t)row->age * DAY,
                            .has_manifest = row->kind != 'o',
                            .ours = row->kind != 'f',
                            .pinned = row->pin != NULL,
                            .pin_reason = row->pin && row->pin[0] ? mem_strdup(row->pin) : NULL,
                            .alarm = row->kind == 'a' ? mem_strdup("rows were lost") : NULL};
    if (!row->source || row->source[0] != '?') {
        const char *source = row->source ? row->source : "s", *at = strchr(source, '@');
        entry->from.key = at ? mem_strndup(source, (size_t)(at - source)) : mem_strdup(source);
        entry->from.place = mem_strdup(at ? at : "h:1");
    }
    for (size_t i = 0; i < TEST_COUNT(levels); i++) {
        if (levels[i].kind == row->kind) {
            entry->level = levels[i].level;
        }
    }
}

static bool goes_at(const Catalog *catalog, const RetentionRules *rules, int64_t when, size_t place)
{
    RetentionPlan plan;
    retention_plan_init(&plan);
    retention_plan(catalog, rules, when, &plan);
    const bool goes = plan.items[place].remove;
    retention_plan_release(&plan);
    return goes;
}

/* What the plan says of the day is what a plan of that day says. */
static void check_day(const char *name, const Catalog *catalog, const RetentionPlan *plan, const RetentionRules *rules,
                      int64_t now, size_t place)
{
    const RetentionItem *item = &plan->items[place];
    const bool right = item->leaves == 0 ? !item->remove && !goes_at(catalog, rules, now, place)
                       : item->leaves == now
                           ? item->remove
                           : item->leaves > now && !goes_at(catalog, rules, item->leaves - 1, place) &&
                                 goes_at(catalog, rules, item->leaves, place);
    if (!right) {
        fail_msg("%s, row %zu: it does not leave at %lld (now %lld)", name, place, (long long)item->leaves,
                 (long long)now);
    }
}

/* The plan is as expected; and, for whatever rules, what goes has a newer good one that stays. */
static void check(const char *name, const Row *rows, const RetentionRules *rules, int64_t now)
{
    Catalog catalog = {mem_array(MOST, sizeof(CatalogEntry)), 0};
    RetentionPlan plan;
    retention_plan_init(&plan);
    size_t removals = 0;
    for (; catalog.count < MOST && rows[catalog.count].kind; catalog.count++) {
        fill(&catalog.entries[catalog.count], &rows[catalog.count], now, catalog.count);
    }
    retention_plan(&catalog, rules, now, &plan);
    assert_int_equal(plan.count, catalog.count);
    for (size_t i = 0; i < plan.count; i++) {
        const RetentionItem *item = &plan.items[i];
        const bool goes = rows[i].expected[0] == '-';
        if (item->remove != goes || strcmp(item->reason, rows[i].expected + goes) != 0) {
            fail_msg("%s, row %zu: %s \"%s\", not \"%s\"", name, i, item->remove ? "goes" : "stays", item->reason,
                     rows[i].expected);
        }
        check_day(name, &catalog, &plan, rules, now, i);
        removals += item->remove;
        assert_ptr_equal(item->entry, &catalog.entries[i]);
        if (!item->remove) {
            assert_null(item->witness);
            continue;
        }
        const RetentionItem *witness = &plan.items[item->witness - catalog.entries];
        assert_true(witness->good && !witness->remove && witness->entry->created >= item->entry->created);
        assert_true(item->entry->ours && item->entry->has_manifest && !item->entry->pinned);
    }
    assert_int_equal(plan.removals, removals);
    retention_plan_release(&plan);
    catalog_release(&catalog);
}

#define NEWEST "the newest verified backup"
#define WITHIN "within 30 day(s), and one of the newest 50"
#define OLD "-older than 30 day(s)"
#define NO_MANIFEST "it has no manifest of its own: not made here, or not verified yet"
#define FOREIGN "its name is not one that this program gives"
#define STOPPED(why) "older than 30 day(s), but " why
#define FAR_BACK(days) STOPPED("the newest good backup is " days " day(s) old: make one first")
#define UNKNOWN "whose it is is not known: made elsewhere, or before servers were told apart"
#define FUTURE "its date lies in the future"

static void by_the_usual_rules(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        Row rows[MOST + 1];
    } cases[] = {
        {"nothing", {{0}}},
        {"one, however old", {{'v', 4000, NULL, NULL, NEWEST}}},
        {"thirty days to the second stay", {{'v', 0, NULL, NULL, NEWEST}, {'v', 30, NULL, NULL, WITHIN},
                                            {'v', 31, NULL, NULL, OLD}, {'p', 32, NULL, NULL, OLD}}},
        {"all are old: the newest stays", {{'p', 100, NULL, NULL, NEWEST}, {'v', 101, NULL, NULL, FAR_BACK("100")}}},
        {"what is not good stands for nothing",
         {{'d', 0, NULL, NULL, "within 30 day(s)"}, {'n', 1, NULL, NULL, "within 30 day(s)"},
          {'l', 2, NULL, NULL, "within 30 day(s)"}, {'o', 3, NULL, NULL, NO_MANIFEST},
          {'f', 4, NULL, NULL, FOREIGN}, {'v', 20, NULL, NULL, NEWEST}, {'v', 50, NULL, NULL, OLD}}},
        {"what was never compared stands for nothing",
         {{'r', 0, NULL, NULL, "within 30 day(s)"}, {'r', 40, NULL, NULL, "there is no newer verified backup"},
          {'v', 50, NULL, NULL, NEWEST}}},
        {"damaged ones go by age, when a good one is newer",
         {{'d', 40, NULL, NULL, "there is no newer verified backup"}, {'v', 45, NULL, NULL, NEWEST},
          {'d', 50, NULL, NULL, FAR_BACK("45")}, {'n', 60, NULL, NULL, FAR_BACK("45")}}},
        {"and when that is young",
         {{'v', 3, NULL, NULL, NEWEST}, {'d', 50, NULL, NULL, OLD}, {'n', 60, NULL, NULL, OLD},
          {'l', 70, NULL, NULL, OLD}, {'r', 80, NULL, NULL, OLD}}},
        {"the predecessor's and foreign ones never go",
         {{'v', 0, NULL, NULL, NEWEST}, {'o', 1000, NULL, NULL, NO_MANIFEST}, {'f', 1000, NULL, NULL, FOREIGN}}},
        {"no good one at all", {{'d', 100, NULL, NULL, "there is no newer verified backup"},
                                {'o', 200, NULL, NULL, NO_MANIFEST},
                                {'l', 300, NULL, NULL, "there is no newer verified backup"}}},
        {"pinned ones stay", {{'v', 0, NULL, NULL, NEWEST}, {'v', 100, "", NULL, "pinned"},
                              {'d', 200, "before the upgrade", NULL, "pinned: before the upgrade"},
                              {'v', 300, NULL, NULL, OLD}}},
        {"a pinned one is good too", {{'v', 5, "x", NULL, "pinned: x"}, {'v', 100, NULL, NULL, OLD}}},
        {"each database has its own newest",
         {{'v', 0, NULL, "a", NEWEST}, {'v', 20, NULL, "b", NEWEST}, {'v', 41, NULL, "a", OLD},
          {'v', 42, NULL, "b", OLD}, {'v', 43, NULL, "c", NEWEST}}},
        {"the same name and host, another server", {{'v', 0, NULL, "2/5", NEWEST}, {'v', 60, NULL, "1/5", NEWEST},
                                                    {'v', 61, NULL, "1/5", FAR_BACK("60")}}},
        {"a copy of the server at another place", {{'v', 0, NULL, "1/5@copy", NEWEST}, {'v', 60, NULL, "1/5", NEWEST}}},
        {"nobody's justify nothing, and nothing justifies theirs",
         {{'v', 0, NULL, "?", UNKNOWN}, {'v', 1, NULL, "a", NEWEST}, {'v', 60, NULL, "?", UNKNOWN},
          {'d', 61, NULL, "?", UNKNOWN}, {'v', 62, NULL, "a", OLD}}},
        {"the clock was set back: the future stays and stands for nothing",
         {{'v', -400, NULL, NULL, FUTURE}, {'v', -1, NULL, NULL, FUTURE}, {'v', 4, NULL, NULL, NEWEST},
          {'v', 41, NULL, NULL, STOPPED("the newest backup is dated 400 day(s) ahead: look at this "
                                           "computer's clock")}}},
        {"clocks of two computers differ by less than a day",
         {{'v', 4, NULL, NULL, NEWEST}, {'v', 41, NULL, NULL, OLD}}},
        {"an alarm that waits for a person", {{'a', 0, NULL, NULL, "within 30 day(s)"}, {'v', 1, NULL, NULL, NEWEST},
                                              {'v', 41, NULL, NULL, STOPPED("clean-ups are stopped: rows were lost")},
                                              {'v', 1, NULL, "b", NEWEST}, {'v', 42, NULL, "b", OLD}}},
    };
    const RetentionRules rules = {.retention_days = 30, .max_backups = 50};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        check(cases[i].name, cases[i].rows, &rules, noon(2026, 6, 15));
    }
}

static void by_number(void **state)
{
    (void)state;
    static const Row rows[] = {{'d', 0, NULL, NULL, "within 30 day(s)"},
                               {'v', 1, NULL, NULL, NEWEST},
                               {'v', 2, "x", NULL, "pinned: x"},
                               {'v', 3, NULL, NULL, "within 30 day(s), and one of the newest 2"},
                               {'o', 4, NULL, NULL, NO_MANIFEST},
                               {'v', 5, NULL, NULL, "-beyond the newest 2"},
                               {'v', 31, NULL, NULL, "-older than 30 day(s), and beyond the newest 2"},
                               {'d', 32, NULL, NULL, OLD},
                               {0}};
    const RetentionRules rules = {.retention_days = 30, .max_backups = 2};
    check("number", rows, &rules, noon(2026, 6, 15));
    /* Each database has the maximum for itself: three of the sample's push out none of the real one's. */
    static const Row both[] = {{'v', 0, NULL, "a", NEWEST},
                               {'v', 1, NULL, "a", "within 30 day(s), and one of the newest 2"},
                               {'v', 2, NULL, "a", "-beyond the newest 2"}, {'v', 3, NULL, "b", NEWEST},
                               {'v', 4, NULL, "b", "within 30 day(s), and one of the newest 2"},
                               {'v', 5, NULL, "b", "-beyond the newest 2"}, {'v', 6, NULL, "?", UNKNOWN}, {0}};
    check("number of two databases", both, &rules, noon(2026, 6, 15));
}

static void months(void **state)
{
    (void)state;
    /* 15 June; 20 days back is 26 May, 30 is 16 May, 60 is 16 April, 70 is 6 April, 100 is 7 March. */
    static const Row rows[] = {{'v', 0, NULL, NULL, NEWEST},
                               {'v', 16, NULL, NULL, "the newest of 2026-05"},
                               {'v', 30, NULL, NULL, "-older than 7 day(s)"},
                               {'d', 59, NULL, NULL, "-older than 7 day(s)"},
                               {'v', 60, NULL, NULL, "the newest of 2026-04"},
                               {'v', 70, NULL, NULL, "-older than 7 day(s)"},
                               {'v', 100, NULL, NULL, "-older than 7 day(s)"},
                               {0}};
    const RetentionRules rules = {.retention_days = 7, .max_backups = 50, .keep_monthly = 3};
    check("months", rows, &rules, noon(2026, 6, 15));
}

static void over_a_new_year(void **state)
{
    (void)state;
    static const Row rows[] = {{'v', 1, NULL, NULL, NEWEST}, {'v', 16, NULL, NULL, "the newest of 2025-12"},
                               {'v', 50, NULL, NULL, "-older than 7 day(s)"}, {0}};
    const RetentionRules rules = {.retention_days = 7, .max_backups = 50, .keep_monthly = 2};
    check("new year", rows, &rules, noon(2026, 1, 10));
}

static void frozen(void **state)
{
    (void)state;
    static const Row rows[] = {{'v', 0, NULL, NULL, NEWEST}, {'v', 1, NULL, NULL, WITHIN},
                               {'v', 40, NULL, NULL, "older than 30 day(s), but clean-ups are stopped: rows are gone"},
                               {0}};
    const RetentionRules rules = {.retention_days = 30, .max_backups = 50, .frozen = "rows are gone"};
    check("frozen", rows, &rules, noon(2026, 6, 15));
}

/* Rules that nobody chose may keep, not remove. */
static void rules_that_are_not_known(void **state)
{
    (void)state;
    static const Row rows[] = {{'v', 0, NULL, NULL, NEWEST}, {'v', 1, NULL, NULL, "beyond the newest 1, but nothing is "
                                                                                 "removed: no settings"},
                               {'v', 40, NULL, NULL, "older than 30 day(s), and beyond the newest 1, but nothing is "
                                                     "removed: no settings"},
                               {0}};
    const RetentionRules rules = {.retention_days = 30, .max_backups = 1, .keep_all = "no settings"};
    check("not known", rows, &rules, noon(2026, 6, 15));
    Settings settings;
    settings_init(&settings);
    assert_null(retention_rules(&settings).keep_all);
    settings.unsure = mem_strdup("x");
    assert_string_equal(retention_rules(&settings).keep_all, "x");
    settings_release(&settings);
}

/* The clock was set back before this backup was made: it counts, and what others say of the future stays. */
static void made_just_now(void **state)
{
    (void)state;
    static const Row rows[] = {{'v', -300, NULL, NULL, FUTURE}, {'v', -1, NULL, NULL, "made just now"},
                               {'v', 40, NULL, NULL, OLD}, {0}};
    const RetentionRules rules = {.retention_days = 30, .max_backups = 50, .made = "1.backup"};
    check("made", rows, &rules, noon(2026, 6, 15));
}

/* Whatever the clock says, something good stays and it is the newest that counts. */
static void any_clock(void **state)
{
    (void)state;
    static const int years[] = {1971, 2000, 2025, 2026, 2027, 2038, 2300};
    for (size_t y = 0; y < TEST_COUNT(years); y++) {
        Catalog catalog = {mem_array(20, sizeof(CatalogEntry)), 20};
        RetentionPlan plan;
        const RetentionRules rules = {.retention_days = 1, .max_backups = 1};
        for (size_t i = 0; i < 20; i++) {
            const Row row = {'v', (int)i, NULL, NULL, NULL};
            fill(&catalog.entries[i], &row, noon(2026, 6, 15), i);
        }
        retention_plan_init(&plan);
        retention_plan(&catalog, &rules, noon(years[y], 6, 15), &plan);
        assert_false(plan.items[0].remove);
        assert_int_equal(plan.removals, years[y] != 2026 ? 0 : 19);
        retention_plan_release(&plan);
        catalog_release(&catalog);
    }
}

static void losses(void **state)
{
    (void)state;
    static const struct {
        int64_t before, now; /* now -2: the table is gone */
        int percent;
        const char *text;
    } rows[] = {
        {12410, 400, 30, "table work_orders lost 97 % of its rows (12,410 before, 400 now)"},
        {12410, 400, 97, NULL},
        {100, 70, 30, NULL}, /* more than 30 %, not as much */
        {100, 69, 30, "table work_orders lost 31 % of its rows (100 before, 69 now)"},
        {50, 0, 30, "table work_orders lost 100 % of its rows (50 before, 0 now)"},
        {49, 0, 30, NULL}, /* too small to mean anything */
        {100, 200, 30, NULL},
        {100, -1, 30, NULL}, /* not counted */
        {-1, 5, 30, NULL},
        {100, -2, 30, "table work_orders lost all of its 100 rows: it is gone"},
        {100, 0, 0, NULL}, /* no alarm */
        {INT64_C(9007199254740992), 1, 99,
         "table work_orders lost 100 % of its rows (9,007,199,254,740,992 before, 1 now)"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Manifest before, now;
        manifest_init(&before);
        manifest_init(&now);
        manifest_add_table(&before, "public", "work_orders", rows[i].before, -1, 0);
        manifest_add_table(&now, "other", "work_orders", 1, -1, 0);
        if (rows[i].now != -2) {
            manifest_add_table(&now, "public", "work_orders", rows[i].now, -1, 0);
        }
        char *text = retention_loss(&before, &now, rows[i].percent, NULL);
        if (rows[i].text) {
            assert_text(text, rows[i].text);
        } else {
            assert_null(text);
        }
        manifest_release(&before);
        manifest_release(&now);
    }
}

/* Each backup is compared before its name is given: in the time of a sort, not of each table with each other. */
static void many_tables_take_no_time(void **state)
{
    (void)state;
    const int count = 100000;
    Manifest before, now;
    manifest_init(&before);
    manifest_init(&now);
    for (int i = 0; i < count; i++) {
        char *name = mem_printf("work_orders_of_%06d", i), *other = mem_printf("work_orders_of_%06d", count - 1 - i);
        manifest_add_table(&before, "public", name, 100, -1, 0);
        manifest_add_table(&now, "public", other, i == 7 ? 1 : 100, -1, 0);
        mem_free(other);
        mem_free(name);
    }
    const uint64_t begun = clock_monotonic_ms();
    assert_text(retention_loss(&before, &now, 30, NULL),
                "table work_orders_of_099992 lost 99 % of its rows (100 before, 1 now)");
    assert_true(clock_monotonic_ms() - begun < test_limit_ms(3000));
    manifest_release(&before);
    manifest_release(&now);
}

static void large_objects_are_one_more_table(void **state)
{
    (void)state;
    static const struct {
        int64_t before, now;
        const char *text;
    } rows[] = {
        {500, 0, "the large objects lost 100 % of their number (500 before, 0 now)"},
        {500, 340, "the large objects lost 32 % of their number (500 before, 340 now)"},
        {500, 350, NULL},
        {49, 0, NULL},
        {-1, 0, NULL},
        {500, -1, NULL}, /* not counted */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        for (int64_t left = 0; left <= 100; left += 20) {
            Manifest before, now;
            const TableCount *worst = NULL;
            manifest_init(&before);
            manifest_init(&now);
            manifest_add_table(&before, "public", "a", 100, -1, 0);
            manifest_add_table(&now, "public", "a", left, -1, 0);
            worst = before.tables;
            before.large_objects = rows[i].before;
            now.large_objects = rows[i].now;
            char *text = retention_loss(&before, &now, 30, &worst);
            if (left == 100 && rows[i].text) {
                assert_text(text, rows[i].text);
                assert_null(worst);
            } else if (left == 100) {
                assert_null(text);
            } else if (left > 0 && rows[i].now == 0 && rows[i].text) { /* the worse of the two */
                char *both = mem_printf("%s; 1 more table(s) lost too many", rows[i].text);
                assert_string_equal(text, left < 70 ? both : rows[i].text);
                mem_free(both);
                mem_free(text);
            } else {
                mem_free(text);
            }
            manifest_release(&before);
            manifest_release(&now);
        }
    }
}

static void the_worst_is_named(void **state)
{
    (void)state;
    Manifest before, now;
    manifest_init(&before);
    manifest_init(&now);
    manifest_add_table(&before, "public", "a", 100, -1, 0);
    manifest_add_table(&before, "shop", "b", 100, -1, 0);
    manifest_add_table(&before, "public", "c", 100, -1, 0);
    manifest_add_table(&now, "public", "a", 50, -1, 0);
    manifest_add_table(&now, "shop", "b", 10, -1, 0);
    manifest_add_table(&now, "public", "c", 60, -1, 0);
    const TableCount *worst = NULL;
    assert_text(retention_loss(&before, &now, 30, &worst),
                "table shop.b lost 90 % of its rows (100 before, 10 now); 2 more table(s) lost too many");
    assert_ptr_equal(worst, &before.tables[1]);
    manifest_release(&before);
    manifest_release(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_usual_rules), cmocka_unit_test(by_number),     cmocka_unit_test(months),
        cmocka_unit_test(over_a_new_year),    cmocka_unit_test(frozen), cmocka_unit_test(rules_that_are_not_known),
               cmocka_unit_test(made_just_now),
        cmocka_unit_test(any_clock),          cmocka_unit_test(losses),        cmocka_unit_test(the_worst_is_named),
        cmocka_unit_test(large_objects_are_one_more_table), cmocka_unit_test(many_tables_take_no_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
