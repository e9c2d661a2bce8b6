#include "test_util.h"

#include "jobs/skew.h"

#include "archive_builder.h"

/* What is found in the SQL, and what the copy holds. Asking a server is in tests/e2e/test_minor.py. */

static char *found_in(const char *desc, const char *sql)
{
    ArchiveEntry entry = {.tag = (char *)"t", .desc = (char *)desc, .definition = mem_strdup(sql)};
    const Archive archive = {.entries = &entry, .entry_count = 1};
    StrBuf text;
    Skew skew;
    skew_init(&skew);
    strbuf_init(&text, STRBUF_SMALL);
    skew_read(&archive, &skew);
    assert_string_equal(entry.definition, sql); /* looking changes nothing */
    for (size_t i = 0; i < skew.count; i++) {
        const SkewOption *option = &skew.options[i];
        strbuf_addf(&text, "%s%s %s%s%s", i == 0 ? "" : "|", option->of_column ? "column" : "table", option->name,
                    option->value == NULL ? "" : "=", option->value == NULL ? "" : option->value);
        assert_false(option->unknown);
    }
    skew_release(&skew);
    mem_free(entry.definition);
    return strbuf_detach(&text);
}

static void finds_options(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *found;
    } cases[] = {
        {"CREATE TABLE public.t (\n    a integer\n);\n"
         "ALTER TABLE ONLY public.t ALTER COLUMN a SET (pg_attver=22116);\n",
         "column pg_attver=22116"},
        {"CREATE TABLE t (a int);\nALTER TABLE ONLY t ALTER COLUMN a SET (pg_attver=1, n_distinct=-0.5);\n"
         "ALTER TABLE ONLY t ALTER COLUMN \"b \"\"SET (x=1)\" SET (pg_attver=2);\n",
         "column pg_attver=1|column n_distinct=-0.5"},
        {"CREATE FOREIGN TABLE t (a int) SERVER s OPTIONS (name 'WITH (x=1)');\n"
         "ALTER FOREIGN TABLE ONLY t ALTER COLUMN a SET (n_distinct=5);\n",
         "column n_distinct=5"},
        {"CREATE TABLE t (a int)\nPARTITION BY RANGE (a)\nWITH (fillfactor='70', toast.autovacuum_enabled='false', "
         "new_one);\n",
         "table fillfactor='70'|table toast.autovacuum_enabled='false'|table new_one"},
        {"CREATE MATERIALIZED VIEW m WITH (fillfactor='70') AS\n SELECT a\n   FROM t\n  WITH NO DATA;\n",
         "table fillfactor='70'"},
        /* Nothing that is only quoted, or inside of parentheses. */
        {"CREATE TABLE t (\n    a text DEFAULT ';ALTER TABLE t ALTER COLUMN a SET (x=1);',\n    b text DEFAULT "
         "E'\\';ALTER TABLE t ALTER COLUMN a SET (x=1)',\n    \"WITH (y=1)\" int,\n    CONSTRAINT c CHECK ((a <> "
         "'WITH (z=1)'::text))\n);\n",
         ""},
        {"CREATE TABLE t (a int) /* WITH (x=1) */ -- WITH (y=1)\n;\n", ""},
        {"CREATE TABLE t (a text DEFAULT $q$) WITH (x=1); $q$);\n", ""},
        {"CREATE MATERIALIZED VIEW m AS\n WITH (x=1) SELECT 1;\n", ""},
        {"ALTER TABLE ONLY t ALTER COLUMN a SET STATISTICS 5;\nALTER TABLE t ALTER COLUMN a SET DEFAULT (x);\n", ""},
        {"ALTER TABLE t SET (x=1);\n", ""},
        /* What would make a statement of ours say something else is not asked. */
        {"ALTER TABLE ONLY t ALTER COLUMN a SET (\"x\"=1);\n", ""},
        {"ALTER TABLE ONLY t ALTER COLUMN a SET (x='a''b', y=(1));\n", ""},
        {"ALTER TABLE ONLY t ALTER COLUMN a SET (x='a;b');\n", ""},
        {"ALTER TABLE ONLY t ALTER COLUMN a SET (x=E'b');\n", ""},
        {"ALTER TABLE ONLY t ALTER COLUMN a SET (x=", ""},
        {"ALTER TABLE ONLY t ALTER COLUMN a SET (", ""},
        {"ALTER TABLE ONLY t ALTER COLUMN a SET ()", ""},
        {"CREATE TABLE t (a text DEFAULT 'x", ""},
        {"CREATE TABLE t (a text DEFAULT $x$", ""},
        {"CREATE TABLE t (/*", ""},
        {"CREATE TABLE t (--", ""},
        {"'", ""},
        {"$", ""},
        {"", ""},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_text(found_in("TABLE", cases[i].sql), cases[i].found);
    }
    static const char sql[] = "CREATE VIEW v WITH (security_barrier='true') AS SELECT 1;";
    assert_text(found_in("VIEW", sql), "");
    assert_text(found_in("FOREIGN TABLE", cases[0].sql), "column pg_attver=22116");
    assert_text(found_in("MATERIALIZED VIEW", cases[0].sql), "column pg_attver=22116");
}

static void lists_each_once_and_not_too_many(void **state)
{
    (void)state;
    StrBuf sql;
    strbuf_init(&sql, STRBUF_LARGE);
    for (int i = 0; i < 200; i++) {
        strbuf_addf(&sql, "ALTER TABLE ONLY t ALTER COLUMN a SET (o%d=1);\n"
                          "ALTER TABLE ONLY t ALTER COLUMN b SET (o0=2);\n", i);
    }
    ArchiveEntry entries[] = {{.tag = (char *)"t", .desc = (char *)"TABLE", .definition = sql.buf},
                              {.tag = (char *)"u", .desc = (char *)"TABLE", .definition = NULL}};
    const Archive archive = {.entries = entries, .entry_count = 2};
    Skew skew;
    skew_init(&skew);
    skew_read(&archive, &skew);
    assert_int_equal(skew.count, 64);
    assert_string_equal(skew.options[63].name, "o63");
    assert_int_equal(skew_count(&skew), 0);
    skew_release(&skew);
    strbuf_release(&sql);
}

static void words(void **state)
{
    (void)state;
    bool mark = false;
    const SkewOption known = {.name = (char *)"pg_attver", .of_column = true};
    const SkewOption new_one = {.name = (char *)"new_one", .of_column = true};
    const SkewOption table = {.name = (char *)"pg_attver", .of_column = false};
    assert_text(skew_text(&known, &mark), "Restored without the column option \"pg_attver\": servers keep it for "
                                          "themselves since November 2026 (17.12, 15.20)");
    assert_true(mark);
    assert_text(skew_text(&new_one, &mark), "The server here does not know the column option \"new_one\": restored "
                                            "without it; the rows are whole");
    assert_false(mark);
    assert_text(skew_text(&table, &mark), "The server here does not know the table option \"pg_attver\": restored "
                                          "without it; the rows are whole");
    assert_false(mark);
}

/* --- the copy -------------------------------------------------------------------------------------------- */

#define SET_A "ALTER TABLE ONLY t ALTER COLUMN a SET "

static void blanks_what_is_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"CREATE TABLE t (a int);\n" SET_A "(bad=1);\nSELECT 1;\n",
         "CREATE TABLE t (a int);\n                                              \nSELECT 1;\n"},
        {SET_A "(bad=1, good=2);\n", SET_A "(       good=2);\n"},
        {SET_A "(good=2, bad=1);\n", SET_A "(good=2       );\n"},
        {SET_A "(good=2, bad=1, bad=3, good=4);\n", SET_A "(good=2              , good=4);\n"},
        {SET_A "(bad=1, good=2, bad=3);\n", SET_A "(       good=2       );\n"},
        {SET_A "(bad=1, bad=2, good=3);\n", SET_A "(              good=3);\n"},
        {SET_A "(good=3);\n", SET_A "(good=3);\n"},
        {"CREATE TABLE t (a int)\nWITH (bad='1');\n", "CREATE TABLE t (a int)\n              ;\n"},
        {"CREATE TABLE t (a int)\nWITH (bad='1', toast.bad='x', fillfactor='70');\n",
         "CREATE TABLE t (a int)\nWITH (         toast.bad='x', fillfactor='70');\n"},
        {"CREATE TABLE t (a text DEFAULT '" SET_A "(bad=1);');\n",
         "CREATE TABLE t (a text DEFAULT '" SET_A "(bad=1);');\n"},
    };
    char *dir = test_dir_new();
    char *from = fs_join(dir, "a.backup"), *to = fs_join(dir, "b.backup");
    SkewOption options[] = {{.name = (char *)"bad", .of_column = true, .unknown = true},
                            {.name = (char *)"good", .of_column = true},
                            {.name = (char *)"bad", .unknown = true}};
    const Skew skew = {options, TEST_COUNT(options)};
    assert_int_equal(skew_count(&skew), 2);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const BuiltEntry entries[] = {
            {.kind = BUILT_NO_DATA, .schema = "public", .name = "t", .desc = "TABLE", .definition = cases[i].before},
            {.kind = BUILT_COPY, .schema = "public", .name = "t", .data = "1\tSET (bad=1);\n\\.\n\n\n"},
            {.kind = BUILT_NO_DATA, .schema = "public", .name = "i", .desc = "INDEX", .definition = cases[i].before}};
        const BuildSpec spec = {16, ARCHIVE_NONE, 0, 0, 0, false, entries, 3};
        Built built;
        Archive archive;
        FsFile *file = NULL;
        StrBuf copy;
        Error err = ERROR_INIT;
        archive_init(&archive);
        build_archive(&spec, &built);
        test_write_bytes(from, built.bytes.buf, built.bytes.len);
        assert_ok(fs_open_read(from, &file, &err), &err);
        assert_ok(archive_read_toc(file, &archive, &err), &err);
        fs_close(file, NULL);
        assert_ok(skew_copy(from, &archive, &skew, to, NULL, &err), &err);
        strbuf_init(&copy, STRBUF_LARGE);
        assert_ok(fs_read_all(to, STRBUF_LARGE, &copy, &err), &err);
        /* The same bytes but for that one text. */
        const size_t len = strlen(cases[i].before);
        assert_int_equal(len, strlen(cases[i].after));
        assert_int_equal(copy.len, built.bytes.len);
        memcpy(built.bytes.buf + archive.entries[0].definition_at, cases[i].after, len);
        if (memcmp(copy.buf, built.bytes.buf, copy.len) != 0) {
            fail_msg("%s became %.*s", cases[i].before, (int)len, copy.buf + archive.entries[0].definition_at);
        }
        strbuf_release(&copy);
        built_release(&built);
        archive_release(&archive);
        assert_ok(fs_remove(to, &err), &err);
    }
    mem_free(to);
    mem_free(from);
    test_dir_remove(dir);
}

static void leaves_nothing_when_it_fails(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char *from = fs_join(dir, "a.backup"), *to = fs_join(dir, "b.backup");
    SkewOption option = {.name = (char *)"bad", .of_column = true, .unknown = true};
    const Skew skew = {&option, 1};
    ArchiveEntry entry = {.desc = (char *)"TABLE", .definition = (char *)SET_A "(bad=1);", .definition_at = 5,
                          .definition_len = 1000};
    const Archive archive = {.entries = &entry, .entry_count = 1};
    Cancel *cancel = cancel_new();
    Error err = ERROR_INIT;
    test_write(from, "PGDMP, and too short");
    assert_fails(skew_copy(from, &archive, &skew, to, NULL, &err), &err, EK_BUSY,
                 "the backup became shorter while it was copied");
    assert_false(fs_exists(to));
    cancel_request(cancel);
    assert_fails(skew_copy(from, &archive, &skew, to, cancel, &err), &err, EK_CANCELLED, "cancelled");
    assert_false(fs_exists(to));
    test_write(to, "somebody's");
    assert_false(skew_copy(from, &archive, &skew, to, NULL, &err));
    error_clear(&err);
    assert_true(fs_exists(to)); /* what was there before is not ours */
    cancel_free(cancel);
    mem_free(to);
    mem_free(from);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_options),
                                       cmocka_unit_test(lists_each_once_and_not_too_many), cmocka_unit_test(words),
                                       cmocka_unit_test(blanks_what_is_unknown),
                                       cmocka_unit_test(leaves_nothing_when_it_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
