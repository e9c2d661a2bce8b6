#include "test_util.h"

#include "postgres/snapshot.h"

static SnapshotTable rows_of[] = {{"extra", "t", 0, 3, false, -1, NULL},
                                  {"public", "Equipment", 0, 5, false, -1, NULL},
                                  {"public", "equipment", 100, 12410, false, -1, NULL},
                                  {"public", "uncounted", 0, -1, false, -1, NULL},
                                  {"timescale", "own", 0, 7, true, -1, NULL}};
static const Snapshot snapshot = {
    .id = "0-1", .tables = rows_of, .count = TEST_COUNT(rows_of), .table_bytes = 100, .large_objects = 2};

static void whole_manifest(Manifest *manifest)
{
    manifest_init(manifest);
    manifest_add_table(manifest, "public", "equipment", 12410, -1, 10);
    manifest_add_table(manifest, "public", "Equipment", 5, -1, 10);
    manifest_add_table(manifest, "extra", "t", 3, -1, 10);
    manifest_add_table(manifest, "public", "uncounted", 8, -1, 10);
    manifest_add_table(manifest, "topology", "of_an_extension", 4, -1, 10);
}

static void finds_by_both_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < snapshot.count; i++) {
        assert_ptr_equal(snapshot_find(&snapshot, rows_of[i].schema, rows_of[i].name), &rows_of[i]);
    }
    assert_null(snapshot_find(&snapshot, "extra", "equipment"));
    assert_null(snapshot_find(&snapshot, "", ""));
    Snapshot empty;
    snapshot_init(&empty);
    assert_null(snapshot_find(&empty, "public", "t"));
}

static void what_an_extension_owns_is_not_needed(void **state)
{
    (void)state;
    const Snapshot of_extension = {.tables = &rows_of[4], .count = 1};
    assert_int_equal(snapshot_needed(&snapshot), 4);
    assert_int_equal(snapshot_needed(&of_extension), 0);
}

static void accepts_equal_counts(void **state)
{
    (void)state;
    Manifest manifest;
    whole_manifest(&manifest);
    Error err = ERROR_INIT;
    assert_ok(snapshot_compare(&snapshot, &manifest, &err), &err);
    assert_int_equal(manifest.tables[0].expected, 12410);
    assert_int_equal(manifest.tables[1].expected, 5);
    assert_int_equal(manifest.tables[2].expected, 3);
    assert_int_equal(manifest.tables[3].expected, -1);
    assert_int_equal(manifest.tables[4].expected, -1);
    manifest_release(&manifest);
}

static void names_the_table_that_differs(void **state)
{
    (void)state;
    Manifest manifest;
    whole_manifest(&manifest);
    manifest.tables[0].rows = 12396;
    Error err = ERROR_INIT;
    assert_fails(snapshot_compare(&snapshot, &manifest, &err), &err, EK_DAMAGED,
                 "the backup holds 12,396 rows of equipment, and the database held 12,410");
    assert_int_equal(manifest.tables[0].expected, 12410);
    manifest_release(&manifest);
}

static void names_the_table_that_is_missing(void **state)
{
    (void)state;
    Manifest manifest;
    manifest_init(&manifest);
    manifest_add_table(&manifest, "public", "equipment", 12410, -1, 10);
    manifest_add_table(&manifest, "public", "Equipment", 5, -1, 10);
    Error err = ERROR_INIT;
    assert_fails(snapshot_compare(&snapshot, &manifest, &err), &err, EK_DAMAGED,
                 "the backup lacks the table extra.t with its 3 rows");
    manifest_release(&manifest);
}

static void compares_large_objects(void **state)
{
    (void)state;
    Manifest manifest;
    whole_manifest(&manifest);
    Error err = ERROR_INIT;
    manifest.large_objects = 2;
    assert_ok(snapshot_compare(&snapshot, &manifest, &err), &err);
    assert_int_equal(manifest.large_objects_expected, 2);
    manifest.large_objects = 1;
    assert_fails(snapshot_compare(&snapshot, &manifest, &err), &err, EK_DAMAGED,
                 "the backup holds 1 large objects, and the database held 2");
    manifest_release(&manifest);
}

static void roles_go_to_the_manifest(void **state)
{
    (void)state;
    char *roles[] = {"CREATE ROLE a;", "CREATE ROLE b;", "GRANT a TO b;"};
    const Snapshot with_roles = {.roles = roles, .role_count = TEST_COUNT(roles)};
    Manifest manifest;
    manifest_init(&manifest);
    snapshot_give_roles(&with_roles, &manifest);
    assert_int_equal(manifest.role_count, 3);
    assert_string_equal(manifest.roles[2], "GRANT a TO b;");
    manifest_release(&manifest);
}

static void standbys_export_since_november(void **state)
{
    (void)state;
    assert_text(snapshot_unsafe_export(170011),
                "The rows on the server cannot be counted for comparison: it is a standby of PostgreSQL 17.11, and "
                "what it would export to compare with can be wrong before 17.12");
    assert_null(snapshot_unsafe_export(170012));
    assert_text(snapshot_unsafe_export(130023),
                "The rows on the server cannot be counted for comparison: it is a standby of PostgreSQL 13.23, and "
                "what it would export to compare with can be wrong before a newer PostgreSQL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standbys_export_since_november),
        cmocka_unit_test(what_an_extension_owns_is_not_needed), cmocka_unit_test(finds_by_both_names),
        cmocka_unit_test(accepts_equal_counts),
        cmocka_unit_test(compares_large_objects), cmocka_unit_test(roles_go_to_the_manifest),
        cmocka_unit_test(names_the_table_that_differs), cmocka_unit_test(names_the_table_that_is_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
