#include "test_util.h"

#include "jobs/restore_private.h"

#define ENTRY(kind, in, name, ...) {.desc = (char *)(kind), .schema = (char *)(in), .tag = (char *)(name), __VA_ARGS__}
#define SQL(text) .definition = (char *)(text)
#define COPY(text) .copy_statement = (char *)(text)

/* In the order in which pg_dump lists them. */
static ArchiveEntry entries[] = {
    ENTRY("ENCODING", NULL, "ENCODING", SQL("SET client_encoding = 'UTF8';\n")),
    ENTRY("TYPE", "public", "kind", SQL("CREATE TYPE …")),
    ENTRY("TABLE", "public", "work_orders", SQL("CREATE TABLE …")),
    ENTRY("TABLE", "public", "parts", SQL("CREATE TABLE …")),
    ENTRY("TABLE", "public", "parts_0", SQL("CREATE TABLE …")),
    ENTRY("TABLE ATTACH", "public", "parts_0",
          SQL("ALTER TABLE ONLY public.parts ATTACH PARTITION public.parts_0 …")),
    ENTRY("TABLE", "Old", "parts_0_a", SQL("CREATE TABLE …")),
    ENTRY("TABLE ATTACH", "Old", "parts_0_a",
          SQL("ALTER TABLE ONLY public.parts_0 ATTACH PARTITION \"Old\".parts_0_a …")),
    ENTRY("TABLE", "Old", "work_orders", SQL("CREATE TABLE …")),
    ENTRY("TABLE", "Old", "twice", SQL("CREATE TABLE …")),
    ENTRY("TABLE", "extra", "twice", SQL("CREATE TABLE …")),
    ENTRY("TABLE", "extra", "lonely", SQL("CREATE TABLE …")),
    ENTRY("COMMENT", "public", "TABLE work_orders", SQL("COMMENT …")),
    ENTRY("TABLE DATA", "Old", "parts_0_a", COPY("COPY public.parts (k) FROM stdin;\n")),
    ENTRY("TABLE DATA", "public", "work_orders", COPY("COPY public.work_orders (id) FROM stdin;\n")),
    ENTRY("TABLE DATA", "Old", "work_orders", COPY("COPY \"Old\".work_orders (id) FROM stdin;\n")),
    ENTRY("TABLE DATA", "extra", "lonely", COPY("COPY extra.lonely (id) FROM stdin;\n")),
    ENTRY("SEQUENCE SET", "public", "work_orders_id_seq", SQL("SELECT …")),
    ENTRY("CONSTRAINT", "public", "work_orders work_orders_pkey", SQL("ALTER TABLE …")),
    ENTRY("COMMENT", "public", "CONSTRAINT work_orders_pkey ON work_orders", SQL("COMMENT …")),
};
static const Archive archive = {.entries = entries, .entry_count = TEST_COUNT(entries)};
#define FIRST_ROWS 13 /* of what is before them all is wanted */

static void rows_of_whom(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        size_t picks;
        size_t rows[4]; /* the entries whose rows are wanted; 0: no more */
    } cases[] = {
        {"work_orders", 1, {14}}, /* public's */
        {"Old.work_orders", 1, {15}},
        {"lonely", 1, {16}},      /* the only one of that name */
        {" lonely , work_orders ,", 2, {14, 16}},
        {"work_orders,public.work_orders", 1, {14}},
        {"parts", 1, {13}},       /* through its partitions */
        {"twice.lonely", 0, {0}}, /* refused, see below */
        {"extra.twice", 1, {0}},  /* the backup has no rows of it */
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        RestorePicks picks = {.count = 0};
        Error err = ERROR_INIT;
        const bool ok = restore_pick_tables(&archive, cases[i].names, &picks, &err);
        assert_int_equal(ok, cases[i].picks > 0);
        for (size_t e = 0, r = 0; ok && e < archive.entry_count; e++) {
            bool wanted = e < FIRST_ROWS;
            if (r < TEST_COUNT(cases[i].rows) && cases[i].rows[r] == e && e > 0) {
                wanted = true;
                r++;
            }
            assert_int_equal(picks.only[e], wanted);
        }
        assert_int_equal(picks.count, cases[i].picks);
        restore_picks_release(&picks);
        error_clear(&err);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        ErrorKind kind;
        const char *message;
    } cases[] = {
        {"", EK_USAGE, "no table is named"},
        {" , ", EK_USAGE, "no table is named"},
        {"orders", EK_NOT_FOUND, "the backup holds no table orders"},
        {"Work_Orders", EK_NOT_FOUND, "the backup holds no table Work_Orders"},
        {"old.work_orders", EK_NOT_FOUND, "the backup holds no table old.work_orders"},
        {"twice", EK_SETTINGS, "several schemas of the backup have a table twice"},
        {"work_orders, Old.work_orders", EK_SETTINGS, "two tables named work_orders cannot be in one schema"},
        {"parts_0", EK_SETTINGS, "parts_0 is a part of parts, and only comes back with it"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        RestorePicks picks = {.count = 0};
        Error err = ERROR_INIT;
        assert_fails(restore_pick_tables(&archive, cases[i].names, &picks, &err), &err, cases[i].kind,
                     cases[i].message);
        restore_picks_release(&picks);
        error_clear(&err);
    }
}

/* The table's and those of all partitions below it; not known where one of them is not. */
static void rows_held(void **state)
{
    (void)state;
    RestorePicks picks = {.count = 0};
    Error err = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    manifest_add_table(&manifest, "Old", "parts_0_a", 300, -1, 0);
    manifest_add_table(&manifest, "public", "work_orders", 7, -1, 0);
    manifest_add_table(&manifest, "Old", "work_orders", -1, 9, 0);
    manifest_add_table(&manifest, "extra", "lonely", -1, -1, 0);
    assert_ok(restore_pick_tables(&archive, "parts,public.work_orders,lonely,extra.twice", &picks, &err), &err);
    static const int64_t rows[] = {300, 7, -1, 0};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(restore_rows_of(&picks.items[i], &manifest), rows[i]);
    }
    restore_picks_release(&picks);
    assert_ok(restore_pick_tables(&archive, "Old.work_orders", &picks, &err), &err);
    assert_int_equal(restore_rows_of(&picks.items[0], &manifest), 9); /* as the server counted them */
    restore_picks_release(&picks);
    manifest_release(&manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_whom), cmocka_unit_test(refused),
                                       cmocka_unit_test(rows_held)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
