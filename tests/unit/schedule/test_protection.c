#include "test_util.h"

#include "schedule/protection.h"

#define DAY  ((int64_t)86400)
#define NOON ((int64_t)1796040000) /* 2026-11-30 12:00 UTC */
#define SLOT (NOON - 10 * 3600)

static void to_local(int64_t moment, CivilTime *out)
{
    clock_utc(moment, out);
}

static int64_t to_moment(const CivilTime *local)
{
    return clock_days(local->year, local->month, local->day) * DAY + local->hour * 3600 + local->minute * 60;
}

static const DueZone zone = {to_local, to_moment};

typedef struct Row {
    const char *what;
    Level level;         /* of the newest backup; its age in seconds, < 0: there is none */
    int64_t age, proven; /* how long ago, of an older one; < 0: never */
    LedgerSlot slot;     /* moment 0: nothing is known */
    int64_t since;
    bool off, holds;
    int days;            /* prove_within_days */
    FactState states[FACT_COUNT];
    const char *texts[FACT_COUNT]; /* NULL: not looked at */
    const char *mend;              /* of the first that is missing */
} Row;

static void facts(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"all is well", LEVEL_VERIFIED, 9 * 3600, 3 * DAY, {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL}, 0, false, true, 35,
         {FACT_HOLDS, FACT_HOLDS, FACT_NOT_ASKED, FACT_HOLDS},
         {"the backup of last night 02:00 was made", "made 9 hours ago: newest.backup",
          "no copy off-site is asked for", "proven 3 days ago: older.backup"}, NULL},
        {"nothing at all", LEVEL_NONE, -1, -1, {0}, 0, false, false, 35,
         {FACT_MISSING, FACT_MISSING, FACT_NOT_ASKED, FACT_MISSING},
         {"the backup of last night 02:00 was not made", "there is no backup of this database", NULL,
          "no backup of this database was proven yet"}, "Make a backup now."},
        {"set just now", LEVEL_VERIFIED, DAY, -1, {0}, SLOT + 60, false, true, 0,
         {FACT_HOLDS, FACT_HOLDS, FACT_NOT_ASKED, FACT_NOT_ASKED},
         {"no backup was due yet; the first is due tonight 02:00", "made 1 day ago: newest.backup", NULL,
          "no proof is asked for"}, NULL},
        {"failed", LEVEL_VERIFIED, DAY, DAY, {SLOT, SLOT_FAILED, NOON - 60, 1, NULL, (char *)"no route"}, 0, false,
         false, 35, {FACT_MISSING, FACT_HOLDS, FACT_NOT_ASKED, FACT_HOLDS},
         {"the backup of last night 02:00 failed: no route", NULL, NULL, NULL},
         "It is tried again at today 12:14; or make a backup now."},
        {"failed, and made up for by hand", LEVEL_VERIFIED, 3600, DAY,
         {SLOT, SLOT_FAILED, SLOT, 9, NULL, (char *)"no route"}, 0, false, true, 35,
         {FACT_HOLDS, FACT_HOLDS, FACT_NOT_ASKED, FACT_HOLDS},
         {"the backup of last night 02:00 failed, and one was made since", NULL, NULL, NULL}, NULL},
        {"failed, and then another schedule was set", LEVEL_VERIFIED, DAY, DAY,
         {SLOT, SLOT_FAILED, SLOT, 1, NULL, (char *)"no route"}, NOON - 60, false, false, 35,
         {FACT_MISSING, FACT_HOLDS, FACT_NOT_ASKED, FACT_HOLDS},
         {"the backup of last night 02:00 failed: no route", NULL, NULL, NULL}, "Make a backup now."},
        {"missed, and then another schedule was set", LEVEL_VERIFIED, DAY, DAY,
         {SLOT, SLOT_MISSED, NOON - 60, 0, NULL, NULL}, NOON - 60, false, false, 35,
         {FACT_MISSING, FACT_HOLDS, FACT_NOT_ASKED, FACT_HOLDS},
         {"the backup of last night 02:00 was missed", NULL, NULL, NULL}, "Make a backup now."},
        {"missed, another schedule, and made up for by hand", LEVEL_VERIFIED, 3600, DAY,
         {SLOT, SLOT_MISSED, NOON - 60, 0, NULL, NULL}, NOON - 60, false, true, 35,
         {FACT_HOLDS, FACT_HOLDS, FACT_NOT_ASKED, FACT_HOLDS},
         {"no backup was due yet; the first is due tonight 02:00", NULL, NULL, NULL}, NULL},
        {"off", LEVEL_VERIFIED, 3600, DAY, {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL}, 0, true, false, 35,
         {FACT_MISSING, FACT_HOLDS, FACT_NOT_ASKED, FACT_HOLDS},
         {"the schedule is switched off", NULL, NULL, NULL}, "Switch the schedule on."},
        {"not verified", LEVEL_LISTED, 3600, DAY, {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL}, 0, false, false, 35,
         {FACT_HOLDS, FACT_MISSING, FACT_NOT_ASKED, FACT_HOLDS},
         {NULL, "the newest backup (1 hour ago) is not verified: newest.backup", NULL, NULL}, "Verify it."},
        {"damaged", LEVEL_BAD, 3600, DAY, {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL}, 0, false, false, 35,
         {FACT_HOLDS, FACT_MISSING, FACT_NOT_ASKED, FACT_HOLDS},
         {NULL, "the newest backup (1 hour ago) is damaged: newest.backup", NULL, NULL}, "Make a backup now."},
        {"an old proof", LEVEL_VERIFIED, 3600, 36 * DAY, {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL}, 0, false, false, 35,
         {FACT_HOLDS, FACT_HOLDS, FACT_NOT_ASKED, FACT_MISSING},
         {NULL, NULL, NULL, "the last proof was made 36 days ago, and may be 35 days old: older.backup"},
         "Prove the newest backup."},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const Row *row = &rows[i];
        CatalogEntry entries[2] = {{.name = (char *)"newest.backup", .created = NOON - row->age, .level = row->level},
                                   {.name = (char *)"older.backup", .created = NOON - 40 * DAY,
                                    .level = LEVEL_PROVEN, .proven = NOON - row->proven}};
        const size_t first = row->age < 0, count = row->age < 0 ? 0 : row->proven < 0 ? 1 : 2;
        const Catalog catalog = {entries + first, count};
        const HealthFacts in = {.catalog = &catalog, .configured = true, .due_hours = 36, .now = NOON};
        Settings settings;
        Ledger ledger;
        Protection protection;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        settings.enabled = !row->off;
        settings.prove_within_days = row->days;
        ledger.since = row->since;
        if (row->slot.moment) {
            ledger_note(&ledger, &row->slot);
        }
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        bool mended = false;
        for (size_t k = 0; k < FACT_COUNT; k++) {
            const ProtectionFact *fact = &protection.facts[k];
            if (fact->state != row->states[k] || (row->texts[k] && strcmp(fact->text, row->texts[k]) != 0)) {
                print_error("%s: %s %s: %s\n", row->what, fact_name((FactKind)k), fact_state_word(fact->state),
                            fact->text);
                fail();
            }
            if (fact->state == FACT_MISSING && !mended) {
                assert_string_equal(fact->mend, row->mend);
                mended = true;
            }
        }
        assert_int_equal(mended, row->mend != NULL);
        assert_int_equal(protection.holds, row->holds);
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
    }
}

/* A slot that waits: what for, and until when at most. A backup made by hand is as good. */
static void waits(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t slot, made; /* of the wait; the backup's age */
        FactState fact;
        const char *text;
    } rows[] = {
        {"the newest slot", SLOT, DAY, FACT_MISSING, "the backup of last night 02:00 waits: the PC is not plugged in"},
        {"one that nobody looks at any more", SLOT, DAY, FACT_MISSING, "the backup of last night 02:00 was not made"},
        {"one that has waited for longer than it may", SLOT, DAY, FACT_MISSING,
         "the backup of last night 02:00 was not made"},
        {"one that waited, and failed", SLOT, DAY, FACT_MISSING, "the backup of last night 02:00 failed: no route"},
        {"one before it", SLOT - DAY, DAY, FACT_MISSING, "the backup of last night 02:00 was not made"},
        {"made by hand meanwhile", SLOT, 3600, FACT_HOLDS,
         "the backup of last night 02:00 was not made, and one was made since"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CatalogEntry entry = {.name = (char *)"newest.backup", .created = NOON - rows[i].made,
                              .level = LEVEL_VERIFIED};
        const Catalog catalog = {&entry, 1};
        const HealthFacts in = {.catalog = &catalog, .configured = true, .due_hours = 36, .now = NOON};
        Settings settings;
        Ledger ledger;
        Protection protection;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        settings.wait_days = 3;
        ledger.since = SLOT - 9 * DAY;
        ledger_note_wait(&ledger, rows[i].slot, i == 2 ? NOON - 3 * DAY - 1 : NOON - DAY,
                         i == 1 ? NOON - 3601 : NOON + 900, "the PC is not plugged in");
        if (i == 3) {
            const LedgerSlot failed = {SLOT, SLOT_FAILED, NOON - 60, 1, NULL, (char *)"no route"};
            ledger_note(&ledger, &failed);
        }
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        const ProtectionFact *fact = &protection.facts[FACT_SLOT];
        if (fact->state != rows[i].fact || strcmp(fact->text, rows[i].text) != 0) {
            print_error("%s: %s\n", rows[i].what, fact->text);
            fail();
        }
        if (i == 0) {
            assert_string_equal(fact->mend, "It is made when that is over, Wed 2 Dec 12:00 at the latest; or make a "
                                            "backup now.");
        }
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
    }
}

/* The copy of the newest good backup counts, and nothing but what was compared there. */
static void the_copy(void **state)
{
    (void)state;
    static const struct {
        bool asked, good, known, hash; /* known: of the newest; else of an older one */
        CopyState at;
        const char *why;
        FactState state;
        const char *text, *mend;
    } rows[] = {
        {true, true, true, true, COPY_THERE, NULL, FACT_HOLDS,
         "on SharePoint, Documents/Backups, compared 1 hour ago: newest.backup", NULL},
        {false, true, true, true, COPY_THERE, NULL, FACT_HOLDS,
         "on SharePoint, Documents/Backups, compared 1 hour ago: newest.backup", NULL},
        {true, true, true, false, COPY_THERE, NULL, FACT_HOLDS,
         "on SharePoint, Documents/Backups, compared 1 hour ago by its size alone: newest.backup", NULL},
        {true, true, false, true, COPY_THERE, NULL, FACT_MISSING,
         "the newest verified backup has no copy off-site: newest.backup", "Upload it to SharePoint."},
        {false, true, false, true, COPY_THERE, NULL, FACT_NOT_ASKED, "no copy off-site is asked for", NULL},
        {true, true, true, false, COPY_WAITING, "the network is away", FACT_MISSING,
         "the newest verified backup waits for its copy: newest.backup: the network is away",
         "It goes on with the next run of the schedule; or upload it now."},
        {true, true, true, false, COPY_WAITING, NULL, FACT_MISSING,
         "the newest verified backup has no copy off-site: newest.backup", "Upload it to SharePoint."},
        {true, false, true, true, COPY_THERE, NULL, FACT_MISSING, "there is no verified backup that could have a copy",
         "Make a backup now."},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Copy copy = {.file = (char *)"newest.backup", .state = rows[i].at, .when = NOON - 3600, .hash = rows[i].hash,
                     .place = (char *)"Documents/Backups", .text = (char *)rows[i].why};
        CatalogEntry entries[2] = {
            {.name = (char *)"newest.backup", .created = NOON - 7200,
             .level = rows[i].good ? LEVEL_VERIFIED : LEVEL_READ, .copy = rows[i].known ? &copy : NULL},
            {.name = (char *)"older.backup", .created = NOON - DAY, .level = rows[i].good ? LEVEL_VERIFIED : LEVEL_BAD,
             .copy = rows[i].known ? NULL : &copy}};
        const Catalog catalog = {entries, 2};
        const HealthFacts in = {.catalog = &catalog, .configured = true, .now = NOON};
        Settings settings;
        Ledger ledger;
        Protection protection;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        settings.upload_after_backup = rows[i].asked;
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        const ProtectionFact *fact = &protection.facts[FACT_COPY];
        assert_string_equal(fact->text, rows[i].text);
        assert_int_equal(fact->state, rows[i].state);
        assert_int_equal(fact->when != 0, rows[i].good && rows[i].known && (rows[i].at == COPY_THERE || rows[i].why));
        if (rows[i].mend == NULL) {
            assert_null(fact->mend);
        } else {
            assert_string_equal(fact->mend, rows[i].mend);
            assert_false(protection.holds);
        }
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
    }
}

/* The four facts say nothing where the task that runs the next slot is missing, or health finds something wrong. */
static void more_than_the_facts(void **state)
{
    (void)state;
    static const char none[] = "no task starts it while the window is closed";
    static const char unread[] = "The schedule's ledger cannot be read: it is not yours";
    static const struct {
        HealthFacts more;
        bool holds;
        FactState slot;
        const char *text;
    } rows[] = {
        {{.task = NULL}, true, FACT_HOLDS, "the backup of last night 02:00 was made"},
        {{.task = none}, false, FACT_MISSING, none},
        {{.frozen = "table parts lost 96 % of its rows"}, false, FACT_HOLDS, NULL},
        {{.space_known = true, .free_bytes = 1000}, false, FACT_HOLDS, NULL},
        {{.slot = unread, .slot_at = INT64_MAX}, false, FACT_MISSING,
         "the schedule's ledger cannot be read: it is not yours"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CatalogEntry entry = {.name = (char *)"newest.backup", .created = NOON - 3600, .level = LEVEL_VERIFIED};
        const Catalog catalog = {&entry, 1};
        const LedgerSlot done = {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL};
        HealthFacts in = rows[i].more;
        Settings settings;
        Ledger ledger;
        Protection protection;
        in.catalog = &catalog;
        in.configured = true;
        in.due_hours = 36;
        in.now = NOON;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        settings.prove_within_days = 0;
        ledger_note(&ledger, &done);
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        assert_int_equal(protection.holds, rows[i].holds);
        assert_int_equal(protection.facts[FACT_SLOT].state, rows[i].slot);
        if (rows[i].text) {
            assert_string_equal(protection.facts[FACT_SLOT].text, rows[i].text);
        }
        assert_int_equal(protection.facts[FACT_SLOT].mend != NULL, rows[i].slot == FACT_MISSING);
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
    }
}

/* Defaults in the place of what could not be read do not say that nobody wants copies. */
static void whether_copies_are_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        bool damaged, known; /* the file is no JSON at all; copies were made from here */
        FactState state;
        const char *text;
    } rows[] = {
        {"{}", false, true, FACT_NOT_ASKED, "no copy off-site is asked for"},
        {"{\"upload_after_backup\": \"yes\"}", false, false, FACT_NOT_ASKED, NULL},
        {"{\"upload_after_backup\": \"yes\"}", false, true, FACT_MISSING,
         "whether a copy off-site is asked for is not known: backup_config.json holds a value that cannot be used "
         "(upload_after_backup was \"yes\"; false is used)"},
        {"{\"upload_after_backup\": false, \"max_backups\": 0}", false, true, FACT_NOT_ASKED, NULL},
        {"{", true, true, FACT_MISSING,
         "whether a copy off-site is asked for is not known: the settings could not be read"},
        {"{", true, false, FACT_NOT_ASKED, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE);
        CatalogEntry entry = {.name = (char *)"newest.backup", .created = NOON - 3600, .level = LEVEL_VERIFIED};
        const Catalog catalog = {&entry, 1};
        const HealthFacts in = {.catalog = &catalog, .configured = true, .due_hours = 36,
                                .copies_known = rows[i].known, .now = NOON};
        Error err = ERROR_INIT;
        Settings settings;
        Ledger ledger;
        Protection protection;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        test_write(path, rows[i].file);
        assert_ok(settings_load(dir, &settings, &err), &err);
        settings.prove_within_days = 0;
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        assert_int_equal(protection.facts[FACT_COPY].state, rows[i].state);
        assert_int_equal(protection.holds, rows[i].state == FACT_NOT_ASKED);
        if (rows[i].text) {
            assert_string_equal(protection.facts[FACT_COPY].text, rows[i].text);
        }
        assert_int_equal(settings_knows(&settings, "max_backups"), !rows[i].damaged && !strstr(rows[i].file, "max"));
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
        mem_free(path);
        test_dir_remove(dir);
    }
}

/* What health does not look at is told where it finds nothing wrong; and else when the next one comes. */
static void what_is_told(void **state)
{
    (void)state;
    static const char good[] = "Protected: last backup 1 hour ago, verified";
    static const struct {
        const char *what;
        bool off;
        int days;
        const char *task;
        HealthState health;
        int64_t next;
        HealthState state;
        HealthMend mend;
        const char *text, *name;
    } rows[] = {
        {"all is well", false, 0, NULL, HEALTH_GOOD, NOON + 14 * 3600, HEALTH_GOOD, MEND_NOTHING,
         "Protected: last backup 1 hour ago, verified; next tonight 02:00", NULL},
        {"nobody knows when", false, 0, NULL, HEALTH_GOOD, 0, HEALTH_GOOD, MEND_NOTHING, good, NULL},
        {"no proof", false, 35, NULL, HEALTH_GOOD, NOON + 14 * 3600, HEALTH_WARNING, MEND_PROVE,
         "Not quite protected: last backup 1 hour ago, verified; no backup of this database was proven yet",
         "newest.backup"},
        {"no task, and no proof", false, 35, "no task starts it while the window is closed", HEALTH_GOOD, 0,
         HEALTH_WARNING, MEND_SCHEDULE,
         "Not quite protected: last backup 1 hour ago, verified; the schedule: no task starts it while the window is "
         "closed", NULL},
        {"off, and no proof", true, 35, "no task", HEALTH_GOOD, 0, HEALTH_WARNING, MEND_SCHEDULE,
         "Not quite protected: last backup 1 hour ago, verified; the schedule is switched off", NULL},
        {"worse", true, 35, "no task", HEALTH_BAD, 0, HEALTH_BAD, MEND_BACKUP, good, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CatalogEntry entry = {.name = (char *)"newest.backup", .created = NOON - 3600, .level = LEVEL_VERIFIED};
        const Catalog catalog = {&entry, 1};
        const HealthFacts in = {.catalog = &catalog, .configured = true, .task = rows[i].task, .now = NOON};
        Settings settings;
        Ledger ledger;
        Protection protection;
        Health health;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        health_init(&health);
        settings.enabled = !rows[i].off;
        settings.prove_within_days = rows[i].days;
        health.state = rows[i].health;
        health.mend = rows[i].health == HEALTH_GOOD ? MEND_NOTHING : MEND_BACKUP;
        health.text = mem_strdup(good);
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        protection_tell(&in, &protection, rows[i].task, &zone, rows[i].next, &health);
        assert_string_equal(health.text, rows[i].text);
        assert_int_equal(health.state, rows[i].state);
        assert_int_equal(health.mend, rows[i].mend);
        assert_int_equal(health.name != NULL, rows[i].name != NULL);
        if (rows[i].name) {
            assert_string_equal(health.name, rows[i].name);
        }
        health_release(&health);
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
    }
}

/* Where a copy off-site is asked for, the newest good backup has one before the band is content. */
static void whether_a_copy_is_missing(void **state)
{
    (void)state;
    static const struct {
        bool asked, noted;
        CopyState copy;
        Level level;
        HealthState state;
        HealthMend mend;
    } rows[] = {
        {false, false, COPY_THERE, LEVEL_VERIFIED, HEALTH_GOOD, MEND_NOTHING},
        {true, false, COPY_THERE, LEVEL_VERIFIED, HEALTH_WARNING, MEND_COPY},
        {true, true, COPY_WAITING, LEVEL_VERIFIED, HEALTH_WARNING, MEND_COPY},
        {true, true, COPY_THERE, LEVEL_VERIFIED, HEALTH_GOOD, MEND_NOTHING},
        {false, true, COPY_WAITING, LEVEL_VERIFIED, HEALTH_GOOD, MEND_NOTHING},
        {true, false, COPY_THERE, LEVEL_READ, HEALTH_GOOD, MEND_NOTHING}, /* that is health's to say */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Copy copy = {.file = (char *)"newest.backup", .state = rows[i].copy, .when = NOON - 60};
        CatalogEntry entry = {.name = (char *)"newest.backup", .created = NOON - 3600, .level = rows[i].level,
                              .copy = rows[i].noted ? &copy : NULL};
        const Catalog catalog = {&entry, 1};
        const HealthFacts in = {.catalog = &catalog, .configured = true, .due_hours = 36, .now = NOON};
        Settings settings;
        Ledger ledger;
        Protection protection;
        Health health;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        health_init(&health);
        settings.prove_within_days = 0;
        settings.upload_after_backup = rows[i].asked;
        health.text = mem_strdup("Protected: last backup 1 hour ago, verified");
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        protection_tell(&in, &protection, NULL, &zone, 0, &health);
        assert_int_equal(health.state, rows[i].state);
        assert_int_equal(health.mend, rows[i].mend);
        if (rows[i].mend == MEND_COPY) {
            assert_string_equal(health.name, "newest.backup");
            assert_string_equal(health.text, "Not quite protected: last backup 1 hour ago, verified; its copy is not "
                                             "on SharePoint yet");
        }
        health_release(&health);
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
    }
}

/* Where nobody could look, or it is on its way, the band does not say that there is none. */
static void a_copy_that_is_not_known(void **state)
{
    (void)state;
    static const struct {
        bool unread, uploading;
        HealthState state;
        const char *fact;
    } rows[] = {
        {false, false, HEALTH_WARNING, "the newest verified backup has no copy off-site: newest.backup"},
        {false, true, HEALTH_GOOD, "the newest verified backup has no copy off-site: newest.backup"},
        {true, false, HEALTH_GOOD,
         "whether the newest verified backup has a copy off-site is not known now: newest.backup"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CatalogEntry entry = {.name = (char *)"newest.backup", .created = NOON - 3600, .level = LEVEL_VERIFIED};
        const Catalog catalog = {&entry, 1};
        const HealthFacts in = {.catalog = &catalog, .configured = true, .due_hours = 36, .now = NOON,
                                .copies_unread = rows[i].unread, .uploading = rows[i].uploading};
        Settings settings;
        Ledger ledger;
        Protection protection;
        Health health;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        health_init(&health);
        settings.prove_within_days = 0;
        settings.upload_after_backup = true;
        health.text = mem_strdup("Protected: last backup 1 hour ago, verified");
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        protection_tell(&in, &protection, NULL, &zone, 0, &health);
        assert_int_equal(health.state, rows[i].state);
        assert_int_equal(protection.facts[FACT_COPY].state, FACT_MISSING);
        assert_string_equal(protection.facts[FACT_COPY].text, rows[i].fact);
        assert_false(protection.holds);
        health_release(&health);
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
    }
}

/* Another computer that is silent takes nothing from this one's protection, and is told behind it. */
static void another_is_silent(void **state)
{
    (void)state;
    const Catalog nothing = {0};
    const HealthFacts facts = {.catalog = &nothing, .silent = "PC-07 has been silent for 4 days", .now = NOON};
    Protection protection;
    Health health;
    protection_init(&protection);
    health_init(&health);
    for (size_t i = 0; i < FACT_COUNT; i++) {
        protection.facts[i].state = FACT_HOLDS;
    }
    health.state = HEALTH_GOOD;
    health.text = mem_strdup("Protected: last backup 3 hours ago, verified");
    protection_tell(&facts, &protection, NULL, &zone, 0, &health);
    assert_string_equal(health.text,
                        "Protected: last backup 3 hours ago, verified; but PC-07 has been silent for 4 days");
    assert_int_equal(health.state, HEALTH_WARNING);
    assert_int_equal(health.mend, MEND_SETTINGS);
    assert_null(health.name);
    health_release(&health);
    protection_release(&protection);
}

/* What the check cannot read for a week is told; what was busy for some days is not, nor what is gone. */
static void unread(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int64_t since, tried; /* so long ago */
        bool told;
    } rows[] = {{"a.backup", 7 * DAY, 0, true}, {"a.backup", 9 * DAY, 2 * DAY, true}, {"a.backup", 7 * DAY, 1, false},
                {"gone.backup", 30 * DAY, 0, false}, {"a.backup", 30 * DAY, -DAY, false}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CatalogEntry entry = {.name = (char *)"a.backup", .created = NOON - 3600, .level = LEVEL_VERIFIED};
        const Catalog catalog = {&entry, 1};
        const HealthFacts in = {.catalog = &catalog, .configured = true, .due_hours = 36, .now = NOON};
        const LedgerSlot done = {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL};
        Settings settings;
        Ledger ledger;
        Protection protection;
        Health health;
        settings_init(&settings);
        ledger_init(&ledger);
        protection_init(&protection);
        health_init(&health);
        settings.prove_within_days = 0;
        ledger_note(&ledger, &done);
        ledger_note_unread(&ledger, rows[i].file, NOON - rows[i].since, "no access");
        ledger_note_unread(&ledger, rows[i].file, NOON - rows[i].tried, "no access");
        health.text = mem_strdup("Protected: last backup 1 hour ago, verified");
        protection_judge(&in, &settings, &ledger, &zone, &protection);
        protection_tell(&in, &protection, NULL, &zone, 0, &health);
        assert_int_equal(protection.holds, !rows[i].told);
        assert_int_equal(health.state, rows[i].told ? HEALTH_WARNING : HEALTH_GOOD);
        char *words = mem_printf("Protected: last backup 1 hour ago, verified; but the check could not read a.backup, "
                                 "first %lld days ago: no access", (long long)(rows[i].since / DAY));
        assert_string_equal(health.text, rows[i].told ? words : "Protected: last backup 1 hour ago, verified");
        mem_free(words);
        assert_int_equal(health.mend, rows[i].told ? MEND_SHOW : MEND_NOTHING); /* and it is the one that is shown */
        assert_string_equal(health.name != NULL ? health.name : "", rows[i].told ? "a.backup" : "");
        health_release(&health);
        protection_release(&protection);
        ledger_release(&ledger);
        settings_release(&settings);
    }
}

/* A pause is told where it kept a slot from being run. */
static void paused(void **state)
{
    (void)state;
    const Catalog catalog = {NULL, 0};
    const HealthFacts in = {.catalog = &catalog, .configured = true, .now = NOON};
    Settings settings;
    Ledger ledger;
    Protection protection;
    settings_init(&settings);
    ledger_init(&ledger);
    protection_init(&protection);
    ledger.paused_until = NOON + DAY;
    protection_judge(&in, &settings, &ledger, &zone, &protection);
    assert_int_equal(protection.facts[FACT_SLOT].state, FACT_MISSING);
    assert_string_equal(protection.facts[FACT_SLOT].text, "the schedule is paused until tomorrow 12:00");
    assert_string_equal(protection.facts[FACT_SLOT].mend, "Resume the schedule, or make a backup now.");
    const LedgerSlot done = {SLOT, SLOT_DONE, SLOT, 1, NULL, NULL};
    ledger_note(&ledger, &done);
    protection_judge(&in, &settings, &ledger, &zone, &protection);
    assert_int_equal(protection.facts[FACT_SLOT].state, FACT_HOLDS);
    protection_release(&protection);
    ledger_release(&ledger);
    settings_release(&settings);
}

/* For the band: only where the schedule was used, an hour after the slot, and while nothing is done about it. */
static void what_the_band_says(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Settings settings;
    Ledger ledger;
    int64_t at = 0;
    settings_init(&settings);
    ledger_init(&ledger);
    const DuePlan plan = due_plan(&settings);
    const int64_t slot = due_before(&plan, &due_here, NOON);
    assert_null(protection_slot_problem(dir, &settings, slot + 7200, &at));
    ledger.since = slot - DAY;
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_null(protection_slot_problem(dir, &settings, slot + 3000, &at));
    char *text = protection_slot_problem(dir, &settings, slot + 4 * 3600, &at);
    assert_non_null(strstr(text, "The scheduled backup of "));
    assert_non_null(strstr(text, " was not made"));
    assert_int_equal(at, slot);
    mem_free(text);
    /* One that waits is told at once. */
    ledger_note_wait(&ledger, slot, slot, slot + 900, "the network is metered");
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    text = protection_slot_problem(dir, &settings, slot + 60, &at);
    assert_non_null(strstr(text, " waits: the network is metered"));
    mem_free(text);
    const LedgerSlot failed = {slot, SLOT_FAILED, slot, 1, NULL, (char *)"no route"};
    ledger_note(&ledger, &failed);
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    text = protection_slot_problem(dir, &settings, slot + 4 * 3600, &at);
    assert_non_null(strstr(text, " failed: no route"));
    mem_free(text);
    /* Also in the hour after the next one, of which nothing is known yet; and one that has failed already is told. */
    const int64_t next = due_after(&plan, &due_here, slot);
    text = protection_slot_problem(dir, &settings, next + 60, &at);
    assert_non_null(strstr(text, " failed: no route"));
    assert_int_equal(at, slot);
    mem_free(text);
    const LedgerSlot again = {next, SLOT_FAILED, next, 1, NULL, (char *)"no room"};
    ledger_note(&ledger, &again);
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    text = protection_slot_problem(dir, &settings, next + 60, &at);
    assert_non_null(strstr(text, " failed: no room"));
    assert_int_equal(at, next);
    mem_free(text);
    const LedgerSlot done = {slot, SLOT_DONE, slot, 2, NULL, NULL};
    ledger_note(&ledger, &done);
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_null(protection_slot_problem(dir, &settings, slot + 4 * 3600, &at));
    ledger_release(&ledger);
    ledger_init(&ledger);
    ledger_note(&ledger, &done);
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_null(protection_slot_problem(dir, &settings, next + 60, &at));

    /* What nobody can read says nothing of the slots. */
    char *path = fs_join(dir, LEDGER_FILE);
    test_write(path, "{");
    text = protection_slot_problem(dir, &settings, slot + 4 * 3600, &at);
    assert_non_null(strstr(text, "schedule_ledger.json cannot be read ("));
    assert_true(at == INT64_MAX);
    mem_free(text);
    assert_ok(fs_remove(path, &err), &err);
    assert_ok(fs_make_dirs(path, &err), &err); /* no file */
    text = protection_slot_problem(dir, &settings, slot + 4 * 3600, &at);
    assert_int_equal(strncmp(text, "The schedule's ledger cannot be read: ", 38), 0);
    assert_true(at == INT64_MAX);
    mem_free(text);
    settings.enabled = false;
    assert_null(protection_slot_problem(dir, &settings, slot + 4 * 3600, &at));
    mem_free(path);
    ledger_release(&ledger);
    settings_release(&settings);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts),
        cmocka_unit_test(waits),
        cmocka_unit_test(the_copy),
        cmocka_unit_test(more_than_the_facts),
        cmocka_unit_test(whether_copies_are_asked_for),
        cmocka_unit_test(what_is_told),
        cmocka_unit_test(whether_a_copy_is_missing),
        cmocka_unit_test(unread),
        cmocka_unit_test(a_copy_that_is_not_known),
        cmocka_unit_test(paused),
        cmocka_unit_test(another_is_silent),
        cmocka_unit_test(what_the_band_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
