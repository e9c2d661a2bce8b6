#include "test_util.h"

#include "archive_builder.h"
#include "jobs/load_private.h"
#include "jobs/verify.h"
#include "store/folder.h"
#include "test_env.h"

/* What can be said of an archive without a server, and what is refused before one is started; restores are run by
 * tests/e2e/test_prove.py. */

static void majors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int major;
    } cases[] = {{"17.11 (Debian 17.11-0+deb13u1)", 17}, {"18.1", 18}, {"9.6.24", 9}, {"19devel", 19}, {"", 0},
                 {"x", 0}, {"-3", 0}, {"99999", 0}, {NULL, 0}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_int_equal(load_major(cases[i].text), cases[i].major);
    }
}

#define ENTRY(kind, text) {.tag = "x", .desc = (kind), .definition = (text)}

static void encodings(void **state)
{
    (void)state;
    ArchiveEntry both[] = {
        ENTRY("ENCODING", "SET client_encoding = 'LATIN1';\n"),
        ENTRY("DATABASE", "CREATE DATABASE a WITH TEMPLATE = template0 ENCODING = 'WIN1252' LOCALE = 'C';\n")};
    ArchiveEntry broken[] = {ENTRY("DATABASE", "CREATE DATABASE a ENCODING = 'UTF"), ENTRY("ENCODING", NULL)};
    assert_text(load_encoding(&(Archive){.entries = both, .entry_count = 2}), "WIN1252");
    assert_text(load_encoding(&(Archive){.entries = both, .entry_count = 1}), "LATIN1");
    assert_text(load_encoding(&(Archive){.entries = broken, .entry_count = 2}), "UTF8");
    assert_text(load_encoding(&(Archive){.entry_count = 0}), "UTF8");
}

static void collations(void **state)
{
    (void)state;
    static const struct {
        const char *desc, *definition;
        bool icu;
    } cases[] = {
        {"COLLATION", "CREATE COLLATION public.c (provider = icu, locale = 'de');", true},
        {"COLLATION", "CREATE COLLATION public.c (provider = libc, locale = 'C');", false},
        {"TABLE", "CREATE TABLE t (a text COLLATE pg_catalog.\"de-x-icu\");", true},
        {"TABLE", "CREATE TABLE t (a text DEFAULT 'provider = icu');", false},
        {"TABLE", NULL, false},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        ArchiveEntry entry = ENTRY((char *)cases[i].desc, (char *)cases[i].definition);
        assert_int_equal(load_needs_icu(&(Archive){.entries = &entry, .entry_count = 1}), cases[i].icu);
    }
}

static void listed_objects(void **state)
{
    (void)state;
    ArchiveEntry lists[] = {ENTRY("BLOB METADATA", "100\n101\n"), ENTRY("BLOB METADATA", "3000000000"),
                            ENTRY("BLOBS", NULL)};
    ArchiveEntry old[] = {ENTRY("BLOB", "SELECT lo_create(7);"), ENTRY("BLOB", NULL), ENTRY("BLOBS", NULL)};
    assert_int_equal(load_listed_objects(&(Archive){.entries = lists, .entry_count = 3}), 3);
    assert_int_equal(load_listed_objects(&(Archive){.entries = old, .entry_count = 3}), 2);
    assert_int_equal(load_listed_objects(&(Archive){.entries = lists + 2, .entry_count = 1}), -1);
    assert_int_equal(load_listed_objects(&(Archive){.entry_count = 0}), 0);
    assert_int_equal(load_count_entries(&(Archive){.entries = lists, .entry_count = 3}, "BLOBS"), 1);
}

static void constraints_by_design(void **state)
{
    (void)state;
    ArchiveEntry entries[] = {
        {.tag = "t later", .schema = "s", .desc = "FK CONSTRAINT",
         .definition = "ALTER TABLE ONLY s.t\n    ADD CONSTRAINT later FOREIGN KEY (a) REFERENCES p(a) NOT VALID;"},
        {.tag = "t must be \"big", .schema = "s", .desc = "CHECK CONSTRAINT",
         .definition = "ALTER TABLE s.t\n    ADD CONSTRAINT \"must be \"\"big\" CHECK ((a > 5)) NOT VALID;"},
        {.tag = "t now", .schema = "s", .desc = "CHECK CONSTRAINT",
         .definition = "ALTER TABLE s.t ADD CONSTRAINT now CHECK (a > 0);"},
        {.tag = "u", .schema = "s", .desc = "TABLE",
         .definition = "CREATE TABLE s.u (a int, CONSTRAINT soft CHECK (a > 0) NOT ENFORCED);"},
        {.tag = "u", .schema = "s", .desc = "TABLE", .definition = NULL}};
    static const struct {
        const char *schema, *table, *constraint;
        bool by_design;
    } cases[] = {{"s", "t", "later", true},  {"s", "t", "must be \"big", true}, {"s", "u", "soft", true},
                 {"s", "t", "now", false},   {"s", "u", "later", false},        {"other", "t", "later", false},
                 {"s", "t", "must be", false}};
    const Archive archive = {.entries = entries, .entry_count = TEST_COUNT(entries)};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_int_equal(load_unchecked_by_design(&archive, cases[i].schema, cases[i].table, cases[i].constraint),
                         cases[i].by_design);
    }
}

static void tables_that_are_loaded_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *copy, *schema, *table; /* NULL: its own */
    } cases[] = {{"COPY public.part (a) FROM stdin;\n", NULL, NULL},
                 {"COPY public.root (a) FROM stdin;\n", "public", "root"},
                 {"COPY \"a \"\"b\".\"part\" (a) FROM stdin;\n", "a \"b", "part"},
                 {"COPY public", NULL, NULL},
                 {NULL, NULL, NULL}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        ArchiveEntry entry = {.tag = "part", .schema = "public", .desc = "TABLE DATA",
                              .copy_statement = (char *)cases[i].copy};
        char *schema = NULL, *table = NULL;
        assert_int_equal(load_loads_elsewhere(&entry, &schema, &table), cases[i].table != NULL);
        if (cases[i].table != NULL) {
            assert_text(schema, cases[i].schema);
            assert_text(table, cases[i].table);
        }
    }
}

static void parts_of_a_database(void **state)
{
    (void)state;
    ArchiveEntry entries[] = {ENTRY("TABLE", "CREATE TABLE t (\n    a int\n)\nPARTITION BY LIST (a);\n"),
                              ENTRY("TABLE", "CREATE TABLE t (a int);"), ENTRY("TABLE DATA", NULL)};
    assert_null(load_part(&(Archive){.entries = entries, .entry_count = 0}));
    assert_null(load_part(&(Archive){.entries = entries, .entry_count = 1}));
    assert_string_equal(load_part(&(Archive){.entries = entries, .entry_count = 2}),
                        "it holds no rows, only what the tables look like (pg_dump --schema-only)");
    assert_null(load_part(&(Archive){.entries = entries, .entry_count = 3}));
    assert_string_equal(load_part(&(Archive){.entries = entries + 2, .entry_count = 1}),
                        "it holds rows, but not the tables for them (pg_dump --data-only)");
}

static void what_depends_on_sorting(void **state)
{
    (void)state;
    static const struct {
        const char *desc, *definition, *error;
        bool depends;
    } cases[] = {
        {"INDEX", "CREATE UNIQUE INDEX i ON t USING btree (lower(a))", "could not create unique index \"i\"", true},
        {"INDEX", "CREATE UNIQUE INDEX i ON t USING btree (a)", "could not create unique index \"i\"", false},
        {"TABLE DATA", NULL, "relation \"t\" violates check constraint \"c\"", true},
        {"TABLE DATA", NULL, "invalid input syntax", false},
        {"FK CONSTRAINT", "ALTER TABLE", "violates foreign key constraint", false}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const ArchiveEntry entry = {.desc = (char *)cases[i].desc, .definition = (char *)cases[i].definition};
        assert_int_equal(load_depends_on_sort(&entry, cases[i].error), cases[i].depends);
    }
}

static void roles_that_are_missing(void **state)
{
    (void)state;
    assert_text(load_missing_role("could not execute query: ERROR:  role \"ann app\" does not exist"), "ann app");
    assert_null(load_missing_role("ERROR:  relation \"x\" does not exist"));
    assert_null(load_missing_role("ERROR:  role \"x\" cannot log in"));
    assert_null(load_missing_role(NULL));
}

static void rights_that_are_lacking(void **state)
{
    (void)state;
    assert_true(load_lacks_rights("could not execute query: ERROR:  permission denied for language c"));
    assert_true(load_lacks_rights("could not execute query: ERROR:  must be superuser to create a base type"));
    assert_false(load_lacks_rights("could not execute query: ERROR:  could not create unique index \"i\""));
    assert_false(load_lacks_rights(NULL));
}

static void roles_of_policies(void **state)
{
    (void)state;
    static const struct {
        const char *definition, *roles;
    } cases[] = {
        {"CREATE POLICY p ON public.t TO ann;\n", "ann|"},
        {"CREATE POLICY \"x TO y\" ON public.t FOR SELECT TO \"App, \"\"User\", reader USING ((a TO b));\n",
         "\"App, \"\"User\"|reader|"},
        {"CREATE POLICY p ON public.t AS RESTRICTIVE TO a, b WITH CHECK (true);\n", "a|b|"},
        {"CREATE POLICY p ON public.t USING (f(' TO ann'));\n", ""},
        {"CREATE POLICY p ON public.t;\n", ""},
        {"CREATE POLICY p ON public.t TO ", ""},
        {"CREATE POLICY \"p", ""},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        StrBuf found;
        strbuf_init(&found, STRBUF_SMALL);
        const char *at = cases[i].definition;
        for (char *role = load_policy_role(&at, true); role != NULL; role = load_policy_role(&at, false)) {
            strbuf_addf(&found, "%s|", role);
            mem_free(role);
        }
        assert_string_equal(found.buf, cases[i].roles);
        strbuf_release(&found);
    }
}

static void words_of_pg_restore(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "pg_restore: creating INDEX \"public.i\"", "DETAIL:  not yet", "pg_restore: while PROCESSING TOC:",
        "pg_restore: error: could not execute query: ERROR:  could not create unique index \"i\"",
        "DETAIL:  Key (a)=(1) is duplicated.", "pg_restore: error: a second one", "DETAIL:  of no interest"};
    char *error = NULL;
    char *detail = NULL;
    for (size_t i = 0; i < TEST_COUNT(lines); i++) {
        load_pick_words(lines[i], &error, &detail);
    }
    assert_text(error, "could not execute query: ERROR:  could not create unique index \"i\"");
    assert_text(detail, "Key (a) is duplicated.");
}

static void obstacles_met(void **state)
{
    (void)state;
    static const struct {
        const char *error, *obstacle;
    } cases[] = {
        {"could not execute query: ERROR:  ICU is not supported in this build",
         "the backup sorts by ICU collations, which the server here lacks"},
        {"COPY failed for table \"t\": ERROR:  unsupported XML feature",
         "the server here cannot read XML, which the backup holds"},
        {"could not execute query: ERROR:  could not access file \"$libdir/pgxml\": No such file or directory",
         "the server here lacks the library $libdir/pgxml"},
        {"could not execute query: ERROR:  could not create locale \"de_DE.utf8\": No such file or directory",
         "the server here lacks the locale de_DE.utf8"},
        {"could not execute query: ERROR:  could not open dictionary file \"/x/y.dict\": No such file",
         "the server here lacks the dictionary file /x/y.dict"},
        {"could not execute query: ERROR:  compression method lz4 not supported",
         "the server here cannot compress with lz4"},
        {"could not execute query: ERROR:  unrecognized parameter \"deduplicate\"",
         "the server here does not know the option deduplicate"},
        {"could not execute query: ERROR:  unrecognized configuration parameter \"new_timeout\"",
         "the server here does not know the setting new_timeout"},
        {"could not execute query: ERROR:  could not create unique index \"i\"", NULL},
        {"could not access file \"", "the server here lacks the library "},
        {"", NULL},
        {NULL, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *obstacle = load_obstacle(cases[i].error);
        if (cases[i].obstacle == NULL) {
            assert_null(obstacle);
        } else {
            assert_text(obstacle, cases[i].obstacle);
        }
    }
}

static void obstacles_are_bounded(void **state)
{
    (void)state;
    ProveResult result;
    prove_result_init(&result);
    for (int i = 0; i < 200; i++) {
        load_add_obstacle(&result, "the server here lacks something");
    }
    assert_int_equal(result.not_provable_count, 100);
    assert_string_equal(result.not_provable[99], "the server here lacks something");
    prove_result_release(&result);
    assert_int_equal(result.not_provable_count, 0);
}

/* --- before a server is started -------------------------------------------------------------------------- */

#define BACKUP "cmms_backup_20260119_143052.backup"

typedef struct Place {
    char *dir, *path;
} Place;

static void place_new(Place *place, const char *rows)
{
    const BuiltEntry entry = {.kind = BUILT_COPY, .schema = "public", .name = "equipment", .data = rows};
    const BuildSpec spec = {16, ARCHIVE_GZIP, 0, 0, 0, false, &entry, 1};
    Built built;
    Error err = ERROR_INIT;
    place->dir = test_dir_new();
    place->path = fs_join(place->dir, BACKUP);
    build_archive(&spec, &built);
    assert_ok(fs_write_atomic(place->path, built.bytes.buf, built.bytes.len, &err), &err);
    built_release(&built);
}

static void place_free(Place *place)
{
    mem_free(place->path);
    test_dir_remove(place->dir);
}

static bool prove(const Place *place, bool record, ProveResult *result, Error *err)
{
    const ProveSpec spec = {NULL, record};
    return prove_backup(place->path, &spec, NULL, NULL, result, err);
}

static void damaged_is_refused(void **state)
{
    (void)state;
    Place place;
    Error err = ERROR_INIT;
    ProveResult result;
    prove_result_init(&result);
    place_new(&place, "1\tpump\n");
    assert_false(prove(&place, false, &result, &err));
    assert_int_equal(err.kind, EK_DAMAGED);
    assert_non_null(strstr(err.message, BACKUP " is damaged: the rows are cut off"));
    error_clear(&err);
    assert_false(result.proven);
    assert_null(result.where);
    place_free(&place);
}

static void missing_file(void **state)
{
    (void)state;
    Place place = {test_dir_new(), NULL};
    Error err = ERROR_INIT;
    ProveResult result;
    prove_result_init(&result);
    place.path = fs_join(place.dir, BACKUP);
    assert_false(prove(&place, true, &result, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    place_free(&place);
}

/* The tools are looked for before a server is: a proof that cannot be made is not begun. */
static void without_tools(void **state)
{
    (void)state;
    Place place;
    Error err = ERROR_INIT;
    Manifest manifest;
    ProveResult result;
    prove_result_init(&result);
    manifest_init(&manifest);
    place_new(&place, "1\tpump\n\\.\n\n\n");
    test_setenv("CMMS_BACKUP_TOOLS", place.dir);
    assert_fails(prove(&place, true, &result, &err), &err, EK_TOOL, "no pg_restore was found");
    test_setenv("CMMS_BACKUP_TOOLS", NULL);
    /* It was read all the same, and that is written down; proven it is not. */
    char *path = folder_manifest_path(place.path);
    assert_ok(manifest_read(path, &manifest, &err), &err);
    assert_int_equal(manifest.level, LEVEL_READ);
    assert_int_equal(manifest.proven_at, 0);
    mem_free(path);
    manifest_release(&manifest);
    place_free(&place);
}

static void one_job_a_folder(void **state)
{
    (void)state;
    Place place;
    Error err = ERROR_INIT;
    FsLock *lock = NULL;
    ProveResult result;
    prove_result_init(&result);
    place_new(&place, "1\tpump\n\\.\n\n\n");
    assert_ok(folder_lock(place.dir, &lock, &err), &err);
    assert_false(prove(&place, true, &result, &err));
    assert_int_equal(err.kind, EK_BUSY);
    error_clear(&err);
    fs_unlock(lock);
    place_free(&place);
}

static void cancelled(void **state)
{
    (void)state;
    Place place;
    Error err = ERROR_INIT;
    ProveResult result;
    Cancel *cancel = cancel_new();
    const ProveSpec spec = {NULL, true};
    prove_result_init(&result);
    place_new(&place, "1\tpump\n\\.\n\n\n");
    cancel_request(cancel);
    assert_fails(prove_backup(place.path, &spec, NULL, cancel, &result, &err), &err, EK_CANCELLED,
                 "the proof was stopped");
    cancel_free(cancel);
    place_free(&place);
}

/* Another program's clean-up: a folder belongs to somebody as long as its lock does, which was there before it. */
static void clean_up_spares_what_is_in_use(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char *used = fs_join(dir, "prove-0123456789abcdef"), *left = fs_join(dir, "prove-fedcba9876543210");
    char *lock_path = mem_printf("%s%s", used, PROVE_LOCK_SUFFIX);
    FsLock *lock = NULL;
    Error err = ERROR_INIT;
    test_setenv("CMMS_BACKUP_DATA", dir);
    assert_ok(fs_lock(lock_path, &lock, &err), &err);
    assert_ok(fs_make_dirs(used, &err), &err);
    assert_ok(fs_make_dirs(left, &err), &err);
    prove_clean_up(NULL);
    assert_true(fs_exists(used));
    assert_false(fs_exists(left));
    fs_unlock(lock);
    prove_clean_up(NULL);
    assert_false(fs_exists(used));
    assert_false(fs_exists(lock_path));
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(lock_path);
    mem_free(left);
    mem_free(used);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(majors),
        cmocka_unit_test(encodings),
        cmocka_unit_test(collations),
        cmocka_unit_test(listed_objects),
        cmocka_unit_test(constraints_by_design),
        cmocka_unit_test(tables_that_are_loaded_elsewhere),
        cmocka_unit_test(parts_of_a_database),
        cmocka_unit_test(what_depends_on_sorting),
        cmocka_unit_test(roles_that_are_missing),
        cmocka_unit_test(rights_that_are_lacking),
        cmocka_unit_test(roles_of_policies),
        cmocka_unit_test(words_of_pg_restore),
        cmocka_unit_test(obstacles_met), cmocka_unit_test(obstacles_are_bounded),
        cmocka_unit_test(damaged_is_refused),
        cmocka_unit_test(missing_file),
        cmocka_unit_test(without_tools),
        cmocka_unit_test(one_job_a_folder),
        cmocka_unit_test(clean_up_spares_what_is_in_use),
        cmocka_unit_test(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
