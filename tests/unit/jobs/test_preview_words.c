#include "test_util.h"

#include "jobs/preview_private.h"
#include "platform/clock.h"

#define MADE 1800000000 /* a moment, and another an hour later */

static void table_words(void **state)
{
    (void)state;
    assert_string_equal(preview_words("public", "work_orders"), "work orders");
    assert_string_equal(preview_words("public", "users"), "users");
    assert_null(preview_words("archive", "work_orders"));
    assert_null(preview_words("public", "other"));
}

/* One that could be restored: of the same database, nothing newer. */
static void begin(Preview *preview)
{
    preview_init(preview);
    preview->file = mem_strdup("a.backup");
    preview->source = mem_strdup("cmms on db.example.org");
    preview->database = mem_strdup("cmms");
    preview->server_version = mem_strdup("17.2");
    preview->own = PREVIEW_OWN_SAME;
    preview->level = LEVEL_VERIFIED;
    preview->made = MADE;
    preview->looked = MADE + 3600;
    preview->backup_bytes = 1024 * 1024;
    preview->backup_rows = 12419;
    preview->backup_objects = 0;
    preview->live_objects = 0;
    preview->live_bytes = 3 * 1024 * 1024;
    preview->live = PREVIEW_LIVE_THERE;
    preview->safety = true;
}

static PreviewTable *add(Preview *preview, const char *schema, const char *name, int64_t live, int64_t backup)
{
    PreviewTable *table = preview_table(preview, schema, name);
    table->in_live = live >= 0;
    table->in_backup = backup >= 0;
    table->live = live;
    table->backup = backup;
    return table;
}

static const PreviewForms *written; /* how numbers and moments are */

/* The lines of a part, each with the sign of its mark, and releases the preview. */
static char *part_of(Preview *preview, PreviewPart part)
{
    PreviewLine *lines = NULL;
    size_t count = 0;
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    preview_settle(preview);
    preview_lines(preview, written, &lines, &count);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || lines[i].part >= lines[i - 1].part);
        assert_true(preview_part_title(lines[i].part)[0] != '\0');
        if (lines[i].part == part) {
            strbuf_addf(&text, "%c %s\n", ".+!x"[lines[i].mark], lines[i].text);
        }
    }
    preview_lines_free(lines, count);
    preview_release(preview);
    return strbuf_detach(&text);
}

static void the_backup(void **state)
{
    (void)state;
    static const struct {
        PreviewOwn own;
        PreviewLive live;
        const char *line;
    } cases[] = {
        {PREVIEW_OWN_SAME, PREVIEW_LIVE_THERE, "+ It is a backup of this database, cmms\n"},
        {PREVIEW_OWN_EARLIER, PREVIEW_LIVE_THERE,
         "+ It is a backup of cmms as it was before another took its name, as in a restore\n"},
        {PREVIEW_OWN_EARLIER, PREVIEW_LIVE_GONE, "+ It is a backup of the database cmms that this server had\n"},
        {PREVIEW_OWN_DATABASE, PREVIEW_LIVE_THERE,
         "! It is a backup of another database of this server: cmms on db.example.org\n"},
        {PREVIEW_OWN_SERVER, PREVIEW_LIVE_THERE,
         "! It is a backup of another server's database: cmms on db.example.org\n"},
        {PREVIEW_OWN_UNKNOWN, PREVIEW_LIVE_THERE,
         "! Whose backup it is, is not known for sure; it calls its database cmms on db.example.org\n"},
    };
    char *when = clock_log_text(MADE);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Preview preview;
        begin(&preview);
        preview.own = cases[i].own;
        preview.live = cases[i].live;
        add(&preview, "public", "users", 23, 23);
        char *expected = mem_printf(". a.backup, made %s, 1 hour ago\n"
                                    "+ Verified: every byte was read, and it holds as many rows as the database had\n"
                                    "%s. 1.00 MB, 1 table with 12,419 rows, from PostgreSQL 17.2\n",
                                    when, cases[i].line);
        assert_text(part_of(&preview, PREVIEW_BACKUP), expected);
        mem_free(expected);
    }
    mem_free(when);
}

static char *other_moment(int64_t unix_seconds)
{
    return mem_printf("am %lld", (long long)unix_seconds);
}

static NumberText exchanged(NumberText text, char from, char to)
{
    for (char *c = text.text; *c != '\0'; c++) {
        *c = *c == from ? to : *c;
    }
    return text;
}

static NumberText other_count(int64_t count)
{
    return exchanged(count_text(count), ',', '.');
}

static NumberText other_size(uint64_t bytes)
{
    return exchanged(size_text(bytes), '.', ',');
}

/* As a window's user writes them. */
static void in_forms_of_the_reader(void **state)
{
    (void)state;
    static const PreviewForms forms = {other_moment, other_count, other_size};
    Preview preview;
    written = &forms;
    begin(&preview);
    add(&preview, "public", "users", 12410, 12396);
    assert_text(part_of(&preview, PREVIEW_BACKUP),
                ". a.backup, made am 1800000000, 1 hour ago\n"
                "+ Verified: every byte was read, and it holds as many rows as the database had\n"
                "+ It is a backup of this database, cmms\n"
                ". 1,00 MB, 1 table with 12.419 rows, from PostgreSQL 17.2\n");
    begin(&preview);
    add(&preview, "public", "users", 12410, 12396);
    assert_text(part_of(&preview, PREVIEW_CHANGE), "! users 12.410 \xE2\x86\x92 12.396\n");
    written = NULL;
}

static void a_backup_of_which_little_is_known(void **state)
{
    (void)state;
    Preview preview;
    begin(&preview);
    preview.own = PREVIEW_OWN_UNKNOWN;
    preview.level = LEVEL_READ;
    preview.foreign = true;
    preview.made = 0;
    preview.backup_rows = -1;
    preview.alarm = mem_strdup("users 23 \n1");
    mem_free(preview.source);
    mem_free(preview.server_version);
    preview.source = preview.server_version = NULL;
    assert_text(part_of(&preview, PREVIEW_BACKUP),
                "! a.backup: when it was made is not known\n"
                "! Read: every byte reads well, but its rows were never all compared with a database's\n"
                "! Whose backup it is, is not known\n"
                ". 1.00 MB, 0 tables with ? rows\n"
                "! It raised a shrink alarm: users 23  1\n");
    begin(&preview);
    preview.foreign = true;
    preview.level = LEVEL_BAD;
    preview.looked = MADE - 100;
    char *when = clock_log_text(MADE);
    char *expected = mem_printf("! a.backup, made %s by the clock where it was made, by this computer's clock in the "
                                "future\n"
                                "x Damaged: it failed a check\n"
                                "+ It is a backup of this database, cmms\n"
                                ". 1.00 MB, 0 tables with 12,419 rows, from PostgreSQL 17.2\n", when);
    assert_text(part_of(&preview, PREVIEW_BACKUP), expected);
    mem_free(expected);
    mem_free(when);
}

static void newest_in_the_backup(void **state)
{
    (void)state;
    static const struct {
        const char *name, *newest;
    } tables[] = {{"users", "2026-11-01 00:00:00"},
                  {"work_orders", "2026-11-23 01:59:58"},
                  {"equipment", NULL},
                  {"parts_inventory", "2026-11-22 10:00:00"},
                  {"audit_log", "2026-11-23 01:59:59"}};
    Preview preview;
    begin(&preview);
    for (size_t i = 0; i < TEST_COUNT(tables); i++) {
        preview_table(&preview, "public", tables[i].name)->backup_newest = mem_strdup(tables[i].newest);
    }
    char *text = part_of(&preview, PREVIEW_BACKUP);
    assert_non_null(strstr(text, "\n. Its newest rows: audit log entries of 2026-11-23 01:59:59; work orders of "
                                 "2026-11-23 01:59:58; parts of 2026-11-22 10:00:00\n"));
    mem_free(text);
}

/* Of another application, which has users as well. */
static void little_in_common(void **state)
{
    (void)state;
    static const char warning[] = "! Only 1 of its 3 tables is also in the database cmms: it may be another "
                                  "application's\n";
    static const struct {
        PreviewOwn own;
        size_t both;
        bool warned;
    } cases[] = {{PREVIEW_OWN_SERVER, 1, true},    {PREVIEW_OWN_UNKNOWN, 1, true}, {PREVIEW_OWN_DATABASE, 1, true},
                 {PREVIEW_OWN_SAME, 1, false},     {PREVIEW_OWN_EARLIER, 1, false},
                 {PREVIEW_OWN_SERVER, 2, false}}; /* half of the fewer are */
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Preview preview;
        begin(&preview);
        preview.own = cases[i].own;
        add(&preview, "public", "users", 5, 6);
        add(&preview, "public", "invoices", cases[i].both == 2 ? 1 : -1, 4);
        add(&preview, "public", "customers", -1, 4);
        add(&preview, "public", "work_orders", 8, -1);
        add(&preview, "public", "equipment", 8, -1);
        char *text = part_of(&preview, PREVIEW_BACKUP);
        assert_int_equal(strstr(text, warning) != NULL, cases[i].warned);
        mem_free(text);
    }
}

static void both_sides(void **state)
{
    (void)state;
    Preview preview;
    begin(&preview);
    add(&preview, "public", "zebra", 5, 5);
    add(&preview, "public", "a\nb", 7, 8);
    add(&preview, "public", "users", 23, 23);
    add(&preview, "shop", "orders", 3, -1);
    add(&preview, "public", "older", -1, 4);
    add(&preview, "shop", "same", 1, 1);
    add(&preview, "public", "work_orders", 12410, 12396);
    add(&preview, "public", "audit_log", 100000, 90000)->about = true;
    PreviewTable *unknown = add(&preview, "public", "equipment", 0, 4);
    unknown->live = -1;
    unknown->about = true;
    preview.backup_objects = 3;
    preview.live_objects = 4;
    assert_text(part_of(&preview, PREVIEW_CHANGE),
                "! work orders 12,410 \xE2\x86\x92 12,396\n"
                ". equipment about ? \xE2\x86\x92 4\n"
                "! audit log entries about 100,000 \xE2\x86\x92 90,000\n"
                ". a b 7 \xE2\x86\x92 8\n"
                ". older: not there now \xE2\x86\x92 4\n"
                "! shop.orders: 3 \xE2\x86\x92 gone, the backup has no such table\n"
                ". users 23 \xE2\x86\x92 23\n"
                ". 2 other tables with as many rows on both sides\n"
                "! large objects 4 \xE2\x86\x92 3\n");
}

static void one_side(void **state)
{
    (void)state;
    static const struct {
        PreviewLive live;
        const char *line;
    } cases[] = {
        {PREVIEW_LIVE_GONE,
         "! The server has no database cmms: nothing can be lost, all of it comes from the backup\n"},
        {PREVIEW_LIVE_CLOSED, "! The database cmms may not be looked at: what would be lost is not known\n"},
        {PREVIEW_LIVE_EMPTY, "! The database cmms is empty: nothing can be lost, all of it comes from the backup\n"},
        {PREVIEW_LIVE_ASIDE, ""}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Preview preview;
        begin(&preview);
        preview.live = cases[i].live;
        preview.backup_objects = 3;
        add(&preview, "public", "users", -1, 1000);
        char *expected = mem_printf("%s. users 1,000\n. large objects 3\n", cases[i].line);
        assert_text(part_of(&preview, PREVIEW_CHANGE), expected);
        mem_free(expected);
        begin(&preview);
        preview.live = cases[i].live;
        assert_text(part_of(&preview, PREVIEW_LOST), "");
    }
}

static void add_newest(PreviewTable *table, const char *id, const char *time)
{
    table->newest[table->newest_count++] = (PreviewRow){mem_strdup(id), mem_strdup(time)};
}

static void what_would_be_lost(void **state)
{
    (void)state;
    Preview preview;
    begin(&preview);
    PreviewTable *table = add(&preview, "public", "work_orders", 12410, 12396);
    table->made = 14;
    table->changed = 3;
    add_newest(table, "12410", "2026-11-30 05:12:44");
    add_newest(table, "12409", "2026-11-30 05:12:40");
    table = add(&preview, "public", "users", 23, 23);
    table->made = 0;
    table->changed = 1;
    add_newest(table, NULL, "2026-11-30 05:12:44");
    add(&preview, "public", "parts_inventory", 5, 5)->changed = 2;
    add(&preview, "public", "equipment", 5, 5)->made = 0;
    add(&preview, "public", "nothing", 5, 5);
    add(&preview, "public", "no_rows", 0, 5);
    add(&preview, "public", "gone", -1, 5);
    assert_text(part_of(&preview, PREVIEW_LOST),
                "! work orders: 14 made, 3 changed since; the newest: number 12410 of 2026-11-30 05:12:44; number "
                "12409 of 2026-11-30 05:12:40\n"
                "! parts: 2 made or changed since\n"
                "! users: 1 changed since; the newest is 2026-11-30 05:12:44\n"
                ". 1 table bears no time that could be asked for: compare its rows above\n");
    begin(&preview);
    add(&preview, "public", "users", 23, 23)->made = 0;
    assert_text(part_of(&preview, PREVIEW_LOST),
                "+ In the 1 table whose rows bear a time, none is newer than the backup\n");
    begin(&preview);
    for (int i = 0; i < 15; i++) {
        char *name = mem_printf("t%02d", i);
        add(&preview, "public", name, 1, 1)->made = 1;
        mem_free(name);
    }
    char *lines = part_of(&preview, PREVIEW_LOST);
    assert_non_null(strstr(lines, "! t11: 1 made since\n! 3 more tables have newer rows\n"));
    mem_free(lines);
}

static void what_does_not_come_along(void **state)
{
    (void)state;
    Preview preview;
    begin(&preview);
    preview.foreign = true;
    assert_text(part_of(&preview, PREVIEW_LEFT), "+ Nothing that is known beforehand\n");
    begin(&preview);
    preview_add_left_out(&preview, mem_strdup("The rights of x"));
    assert_text(part_of(&preview, PREVIEW_LEFT), "! The rights of x\n");
    begin(&preview);
    assert_text(part_of(&preview, PREVIEW_ACTS), "");
    begin(&preview);
    preview.foreign = true;
    preview_add_act(&preview, mem_strdup("1 function: f()"));
    assert_text(part_of(&preview, PREVIEW_ACTS),
                "! It has no manifest, so others may have made it: look whether you know what is in it\n"
                "! 1 function: f()\n");
    begin(&preview);
    preview.foreign = preview.unproven = true;
    preview_add_act(&preview, mem_strdup("1 function: f()"));
    assert_text(part_of(&preview, PREVIEW_ACTS),
                "! It has no manifest, so others may have made it: look whether you know what is in it\n"
                "! It was not restored on this PC first: that was declined\n"
                "! 1 function: f()\n");
    begin(&preview);
    preview.foreign = preview.proven = true;
    assert_text(part_of(&preview, PREVIEW_ACTS),
                "! It has no manifest, so others may have made it: look whether you know what is in it\n"
                "+ It was first restored on this PC, where it can do no harm, and counted\n"
                "+ It holds tables and rows, and nothing that acts\n");
}

#define PLACE "+ It goes into a new database, is counted there, and then takes the name cmms; the database that has " \
              "it now is kept\n. The server needs room for both; the one that is there takes 3.00 MB\n"

#define IN_PLACE "! It goes into cmms itself, all of it or nothing: all programs are disconnected from it, from the " \
                 "safety backup on nobody can change anything there, and while it is loaded nobody can read\n" \
                 "! It cannot be undone: what was there, and what the backup does not have, is then only in the " \
                 "safety backup, which is pinned; to bring it back is another restore\n"
#define NUMBERS ". Numbers that a sequence gives out meanwhile may be given out again\n"

static void how_it_is_done(void **state)
{
    (void)state;
    Preview preview;
    begin(&preview);
    assert_text(part_of(&preview, PREVIEW_DOING), "+ A safety backup of cmms is made first\n" PLACE);
    begin(&preview);
    preview.safety = false;
    preview.declined = true;
    assert_text(part_of(&preview, PREVIEW_DOING), "! No safety backup of cmms is made: it was declined\n" PLACE);
    begin(&preview);
    preview.safety = false;
    preview.live = PREVIEW_LIVE_GONE;
    preview.live_bytes = -1;
    assert_text(part_of(&preview, PREVIEW_DOING),
                "+ There is no cmms to make a safety backup of\n"
                "+ It goes into a new database, is counted there, and then gets the name cmms\n");
    begin(&preview);
    preview.in_place = preview.proof = true;
    assert_text(part_of(&preview, PREVIEW_DOING),
                "+ A safety backup of cmms is made first, and proven on this PC\n" IN_PLACE NUMBERS);
    begin(&preview);
    preview.in_place = true;
    assert_text(part_of(&preview, PREVIEW_DOING),
                "+ A safety backup of cmms is made first\n" IN_PLACE
                "! The safety backup is verified to its last byte and row, but not proven on this PC\n" NUMBERS);
    begin(&preview);
    preview.live = PREVIEW_LIVE_ASIDE;
    preview.to = mem_strdup("look");
    assert_text(part_of(&preview, PREVIEW_DOING),
                "+ It goes into the new database look; nothing that is there is touched\n");
    begin(&preview);
    preview_add_obstacle(&preview, mem_strdup("The user ann may not create databases"));
    assert_text(part_of(&preview, PREVIEW_DOING),
                "x The user ann may not create databases\nx So it cannot be restored as it stands\n");
}

static void another_database_s(void **state)
{
    (void)state;
    static const char said[] =
        "x a.backup holds none of the tables of the database cmms: it is a backup of another one\n"
        "x So it cannot be restored as it stands\n";
    Preview preview;
    begin(&preview);
    add(&preview, "public", "film", -1, 1000);
    add(&preview, "other", "film", 1, -1);
    assert_text(part_of(&preview, PREVIEW_DOING), said);
    begin(&preview);
    add(&preview, "public", "film", 1, 1000);
    add(&preview, "other", "film", 1, -1);
    assert_text(part_of(&preview, PREVIEW_DOING), "+ A safety backup of cmms is made first\n" PLACE);
    begin(&preview);
    add(&preview, "public", "film", -1, 1000); /* the live one is empty */
    assert_text(part_of(&preview, PREVIEW_DOING), "+ A safety backup of cmms is made first\n" PLACE);
}

static void who_may_be_asked(void **state)
{
    (void)state;
    Preview preview;
    Error err = ERROR_INIT;
    begin(&preview);
    assert_ok(preview_allows(&preview, &err), &err);
    preview_add_obstacle(&preview, mem_strdup("The user ann may not create databases"));
    preview_add_obstacle(&preview, mem_strdup("Another"));
    assert_false(preview_allows(&preview, &err));
    assert_string_equal(err.hint, "The user ann may not create databases.");
    assert_error(&err, EK_REFUSED, "it cannot be restored as it stands");
    preview_release(&preview);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table_words),
                                       cmocka_unit_test(the_backup),
                                       cmocka_unit_test(in_forms_of_the_reader),
                                       cmocka_unit_test(a_backup_of_which_little_is_known),
                                       cmocka_unit_test(newest_in_the_backup),
                                       cmocka_unit_test(little_in_common),
                                       cmocka_unit_test(both_sides),
                                       cmocka_unit_test(one_side),
                                       cmocka_unit_test(what_would_be_lost),
                                       cmocka_unit_test(what_does_not_come_along),
                                       cmocka_unit_test(how_it_is_done),
                                       cmocka_unit_test(another_database_s),
                                       cmocka_unit_test(who_may_be_asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
