#include "test_util.h"

#include "store/health.h"

#define NOW  1768000000
#define HOUR 3600
#define DAY  86400
#define MB   ((uint64_t)1024 * 1024)

typedef struct Row {
    int64_t age; /* seconds; 0 and LEVEL_NONE: end of the rows */
    Level level;
    const char *source; /* "KEY PLACE", of the database cmms; NULL: not known */
} Row;

#define MOST 3

static void judged(void **state)
{
    (void)state;
    static const Source ours = {NULL, (char *)"h:1", (char *)"cmms"};
    static const char alarm[] = "table parts lost 96 % of its rows (12410 before, 400 now)";
    const struct {
        Row rows[MOST];
        HealthFacts facts;
        HealthState state;
        HealthMend mend;
        const char *text;
        const char *name;
    } cases[] = {
        {{{3 * HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true},
         HEALTH_GOOD,
         MEND_NOTHING,
         "Protected: last backup 3 hours ago, verified",
         NULL},
        {{{DAY, LEVEL_PROVEN, "7/5 h:1"}},
         {.configured = true, .source = &ours},
         HEALTH_GOOD,
         MEND_NOTHING,
         "Protected: last backup 1 day ago, proven",
         NULL},
        /* The schedule's newest slot: what is wrong with it, unless a good backup was made since. */
        {{{3 * HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true, .slot = "The scheduled backup of today 02:00 failed: no route", .slot_at = NOW - HOUR},
         HEALTH_WARNING,
         MEND_BACKUP,
         "The scheduled backup of today 02:00 failed: no route",
         NULL},
        {{{3 * HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true, .slot = "The scheduled backup of today 02:00 failed: no route", .slot_at = NOW - DAY},
         HEALTH_GOOD,
         MEND_NOTHING,
         "Protected: last backup 3 hours ago, verified",
         NULL},
        {{{0, LEVEL_NONE, NULL}},
         {.configured = false},
         HEALTH_BAD,
         MEND_CONNECT,
         "Not protected: no database is connected, and there is no good backup",
         NULL},
        {{{90, LEVEL_VERIFIED, NULL}},
         {.configured = false, .frozen = alarm},
         HEALTH_WARNING,
         MEND_CONNECT,
         "No database is connected; last good backup 1 minute ago",
         NULL},
        {{{0, LEVEL_NONE, NULL}},
         {.configured = true},
         HEALTH_BAD,
         MEND_BACKUP,
         "Not protected: there is no backup yet",
         NULL},
        /* Another database's backup does not protect this one. */
        {{{HOUR, LEVEL_VERIFIED, "8/5 h:2"}},
         {.configured = true, .source = &ours},
         HEALTH_BAD,
         MEND_BACKUP,
         "Not protected: there is no backup yet",
         NULL},
        /* Nor one of which it is not known whose it is. */
        {{{HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true, .source = &ours},
         HEALTH_BAD,
         MEND_BACKUP,
         "Not protected: there is no backup yet",
         NULL},
        /* The same server by another name is the same; another one that was at this place before is not. */
        {{{HOUR, LEVEL_VERIFIED, "7/5 other:1"}, {2 * HOUR, LEVEL_PROVEN, "7/5 h:1"}, {3 * HOUR, LEVEL_BAD, "9/5 h:1"}},
         {.configured = true, .source = &ours},
         HEALTH_GOOD,
         MEND_NOTHING,
         "Protected: last backup 1 hour ago, verified",
         NULL},
        /* One that was found damaged, of this database, whatever its age; the newest is asked about before. */
        {{{HOUR, LEVEL_VERIFIED, "7/5 h:1"}, {30 * DAY, LEVEL_BAD, "7/5 h:1"}},
         {.configured = true, .source = &ours},
         HEALTH_WARNING,
         MEND_SHOW,
         "An older backup is damaged: 1.backup. The newest is good; have the disk looked at, then delete the damaged "
         "one",
         "1.backup"},
        {{{HOUR, LEVEL_VERIFIED, NULL}, {30 * DAY, LEVEL_BAD, NULL}},
         {.configured = true, .slot = "The scheduled backup of today 02:00 failed: no route", .slot_at = NOW},
         HEALTH_WARNING,
         MEND_BACKUP,
         "The scheduled backup of today 02:00 failed: no route",
         NULL},
        {{{HOUR, LEVEL_READ, "7/5 h:1"}},
         {.configured = true, .source = &ours},
         HEALTH_BAD,
         MEND_BACKUP,
         "No backup could be compared with the database; the newest was made 1 hour ago",
         "0.backup"},
        {{{HOUR, LEVEL_READ, "7/5 h:1"}, {DAY, LEVEL_VERIFIED, "7/5 h:1"}},
         {.configured = true, .source = &ours},
         HEALTH_WARNING,
         MEND_BACKUP,
         "The newest backup (1 hour ago) could not be compared with the database; the last verified one was made 1 day "
         "ago",
         "0.backup"},
        /* The clock was wrong when it was made. */
        {{{-DAY, LEVEL_VERIFIED, NULL}, {2 * HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true},
         HEALTH_GOOD,
         MEND_NOTHING,
         "Protected: last backup 2 hours ago, verified",
         NULL},
        {{{-60, LEVEL_VERIFIED, NULL}},
         {.configured = true},
         HEALTH_GOOD,
         MEND_NOTHING,
         "Protected: last backup a moment ago, verified",
         NULL},
        {{{HOUR, LEVEL_BAD, NULL}, {2 * DAY, LEVEL_VERIFIED, NULL}},
         {.configured = true, .frozen = alarm},
         HEALTH_WARNING,
         MEND_ALARM,
         "Look at this: table parts lost 96 % of its rows (12410 before, 400 now). Old backups are kept",
         NULL},
        {{{HOUR, LEVEL_BAD, NULL}, {2 * DAY, LEVEL_VERIFIED, NULL}},
         {.configured = true},
         HEALTH_BAD,
         MEND_BACKUP,
         "The newest backup is damaged; the last good one was made 2 days ago",
         "0.backup"},
        {{{HOUR, LEVEL_BAD, NULL}, {2 * DAY, LEVEL_LISTED, NULL}},
         {.configured = true},
         HEALTH_BAD,
         MEND_BACKUP,
         "Not protected: the newest backup is damaged, and there is no good one",
         "0.backup"},
        {{{HOUR, LEVEL_LISTED, NULL}, {2 * DAY, LEVEL_VERIFIED, NULL}},
         {.configured = true},
         HEALTH_WARNING,
         MEND_VERIFY,
         "The newest backup (1 hour ago) is not verified; the last verified one was made 2 days ago",
         "0.backup"},
        {{{HOUR, LEVEL_NONE, NULL}},
         {.configured = true},
         HEALTH_BAD,
         MEND_VERIFY,
         "No backup is verified; the newest was made 1 hour ago",
         "0.backup"},
        {{{36 * HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true},
         HEALTH_GOOD,
         MEND_NOTHING,
         "Protected: last backup 1 day ago, verified",
         NULL},
        {{{36 * HOUR + 1, LEVEL_VERIFIED, NULL}},
         {.configured = true, .space_known = true, .free_bytes = 0},
         HEALTH_WARNING,
         MEND_BACKUP,
         "A backup is due: the last was made 1 day ago",
         NULL},
        {{{HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true, .space_known = true, .free_bytes = 150 * MB, .removals = 2},
         HEALTH_WARNING,
         MEND_CLEANUP,
         "The disk is nearly full: 150 MB free, the last backup took 100 MB",
         NULL},
        {{{HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true, .space_known = true, .free_bytes = 150 * MB, .stopped = "ann asked for it"},
         HEALTH_WARNING,
         MEND_SPACE,
         "The disk is nearly full: 150 MB free, the last backup took 100 MB; clean-ups are stopped: ann asked for it",
         NULL},
        {{{HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true, .space_known = true, .free_bytes = 150 * MB},
         HEALTH_WARNING,
         MEND_SPACE,
         "The disk is nearly full: 150 MB free, the last backup took 100 MB",
         NULL},
        {{{HOUR, LEVEL_VERIFIED, NULL}},
         {.configured = true, .space_known = true, .free_bytes = 151 * MB},
         HEALTH_GOOD,
         MEND_NOTHING,
         "Protected: last backup 1 hour ago, verified",
         NULL},
    };
    Health health;
    health_init(&health);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *names[MOST];
        CatalogEntry entries[MOST];
        Catalog catalog = {entries, 0};
        for (; catalog.count < MOST; catalog.count++) {
            const Row *row = &cases[i].rows[catalog.count];
            if (row->age == 0 && row->level == LEVEL_NONE) {
                break;
            }
            names[catalog.count] = mem_printf("%zu.backup", catalog.count);
            entries[catalog.count] = (CatalogEntry){.name = names[catalog.count],
                                                    .size = 100 * MB,
                                                    .created = NOW - row->age,
                                                    .level = row->level};
            if (row->source) {
                const char *space = strchr(row->source, ' ');
                entries[catalog.count].from = (Source){mem_strndup(row->source, (size_t)(space - row->source)),
                                                       mem_strdup(space + 1), mem_strdup("cmms")};
            }
        }
        HealthFacts facts = cases[i].facts;
        facts.catalog = &catalog;
        facts.now = NOW;
        facts.due_hours = 36;
        health_judge(&facts, &health);
        if (strcmp(health.text, cases[i].text) != 0 || health.state != cases[i].state ||
            health.mend != cases[i].mend) {
            fail_msg("case %zu: %d %d \"%s\"", i, (int)health.state, (int)health.mend, health.text);
        }
        if (cases[i].name == NULL) {
            assert_null(health.name);
        } else {
            assert_string_equal(health.name, cases[i].name);
        }
        for (size_t n = 0; n < catalog.count; n++) {
            mem_free(names[n]);
            source_release(&entries[n].from);
        }
    }
    health_release(&health);
    assert_null(health.text);
}

static void room(void **state)
{
    (void)state;
    static const struct {
        uint64_t free_bytes, last, database;
        HealthRoom room;
        uint64_t needed;
    } cases[] = {
        {24 * MB, MB / 3, 116 * MB, ROOM_ENOUGH, MB / 3 + MB / 6 + MB}, /* whatever the database has on the server */
        {100 * MB, 100 * MB, 10 * MB, ROOM_LITTLE, 151 * MB},
        {100 * MB - 1, 100 * MB, 10 * MB, ROOM_TOO_LITTLE, 151 * MB},
        {151 * MB, 100 * MB, 0, ROOM_ENOUGH, 151 * MB},
        {24 * MB, 0, 1000 * MB, ROOM_LITTLE, 764 * MB}, /* not known, so the disk decides */
        {MB, 0, 1000 * MB, ROOM_LITTLE, 764 * MB},
        {MB - 1, 0, 1000 * MB, ROOM_TOO_LITTLE, 764 * MB}, /* nothing fits */
        {764 * MB, 0, 1000 * MB, ROOM_ENOUGH, 764 * MB},
        {1023 * MB, 0, 0, ROOM_LITTLE, 1024 * MB},
        {1024 * MB, 0, 0, ROOM_ENOUGH, 1024 * MB},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        uint64_t needed = 0;
        assert_int_equal(health_room(cases[i].free_bytes, cases[i].last, cases[i].database, &needed), cases[i].room);
        assert_int_equal(needed, cases[i].needed);
    }
}

static void ages(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "a moment ago"},      {59, "a moment ago"},       {60, "1 minute ago"},   {3599, "59 minutes ago"},
        {3600, "1 hour ago"},     {86399, "23 hours ago"},    {86400, "1 day ago"},   {172799, "1 day ago"},
        {172800, "2 days ago"},   {86400ll * 400, "400 days ago"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_text(health_ago(cases[i].seconds), cases[i].text);
    }
}

static void due(void **state)
{
    (void)state;
    Settings settings;
    settings_init(&settings);
    settings.enabled = true;
    settings.schedule = SCHEDULE_DAILY;
    assert_int_equal(health_due_hours(&settings), 36);
    settings.schedule = SCHEDULE_WEEKLY;
    assert_int_equal(health_due_hours(&settings), 252);
    settings.schedule = SCHEDULE_MONTHLY;
    assert_int_equal(health_due_hours(&settings), 1116);
    settings.enabled = false;
    assert_int_equal(health_due_hours(&settings), 168);
    settings_release(&settings);
}

static void signs(void **state)
{
    (void)state;
    assert_string_equal(health_sign(HEALTH_GOOD), "✅");
    assert_string_equal(health_sign(HEALTH_WARNING), "⚠");
    assert_string_equal(health_sign(HEALTH_BAD), "❌");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(judged), cmocka_unit_test(room), cmocka_unit_test(ages),
                                       cmocka_unit_test(due),
                                       cmocka_unit_test(signs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
