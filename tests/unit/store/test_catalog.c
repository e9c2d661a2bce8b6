#include "test_util.h"

#include "platform/clock.h"
#include "store/catalog.h"
#include "store/folder.h"

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DAY 86400

static void put(const char *dir, const char *name, const char *text)
{
    char *path = fs_join(dir, name);
    test_write(path, text);
    mem_free(path);
}

/* Writes the manifest for a backup `file`, under the name that belongs to `beside`. */
static void put_manifest(const char *dir, const char *beside, const char *file, uint64_t bytes, Level level,
                         int64_t started)
{
    char *backup = fs_join(dir, beside), *path = folder_manifest_path(backup);
    Error err = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    manifest.file = mem_strdup(file);
    manifest.bytes = bytes;
    manifest.sha256 = mem_strdup(SHA);
    manifest.level = level;
    manifest.started = started;
    manifest.seconds = 48.5;
    manifest_add_table(&manifest, "public", "a", 100, 100, 1);
    manifest_add_table(&manifest, "public", "b", -1, -1, 1);
    manifest_add_table(&manifest, "public", "c", 23, 23, 1);
    assert_ok(manifest_write(path, &manifest, &err), &err);
    manifest_release(&manifest);
    mem_free(path);
    mem_free(backup);
}

static const CatalogEntry *find(const Catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++) {
        if (!strcmp(catalog->entries[i].name, name)) {
            return &catalog->entries[i];
        }
    }
    print_error("%s is not in the catalog\n", name);
    fail();
    return NULL;
}

static int64_t local(int day, int hour)
{
    CivilTime t = {2026, 1, day, hour, 0, 0, 0};
    return clock_from_local(&t);
}

static void kinds_of_entries(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Catalog catalog;
    catalog_init(&catalog);

    put(dir, "cmms_backup_20260101_020000.backup", "12345"); /* the predecessor's */
    put(dir, "cmms_backup_20260102_020000.backup", "1234567");
    put_manifest(dir, "cmms_backup_20260102_020000.backup", "cmms_backup_20260102_020000.backup", 7, LEVEL_VERIFIED,
                 local(2, 3));
    put(dir, "cmms_backup_20260103_020000.backup", "123456"); /* one byte short */
    put_manifest(dir, "cmms_backup_20260103_020000.backup", "cmms_backup_20260103_020000.backup", 7, LEVEL_PROVEN,
                 local(3, 2));
    put(dir, "cmms_backup_20260104_020000.backup", "1234567");
    put(dir, "cmms_backup_20260104_020000.backup.manifest.json", "{\"format\": 1}");
    put(dir, "cmms_backup_20260105_020000.backup", "1234567");
    put_manifest(dir, "cmms_backup_20260105_020000.backup", "cmms_backup_20260102_020000.backup", 7, LEVEL_VERIFIED,
                 local(2, 3));
    put(dir, "cmms_backup_20260106_020000.backup", "1234567");
    put_manifest(dir, "cmms_backup_20260106_020000.backup", "cmms_backup_20260106_020000.backup", 7, LEVEL_BAD, 0);
    put(dir, "cmms_backup_20260109_020000.backup", "123456"); /* one byte short, and found so */
    put_manifest(dir, "cmms_backup_20260109_020000.backup", "cmms_backup_20260109_020000.backup", 7, LEVEL_BAD,
                 local(9, 2));
    put(dir, "before upgrade \xC3\xBC.BACKUP", "12");
    put(dir, "cmms_backup_20260102_020000-PC2.backup", "1234567"); /* a sync client's */
    put(dir, "cmms_backup_20260107_020000.backup.partial", "x");
    put(dir, "cmms_backup_20260108_020000.backup.manifest.json", "{}"); /* without its backup */
    put(dir, "backup_log.json", "[]");
    put(dir, ".backup", "x");
    char *folder = fs_join(dir, "folder.backup");
    assert_ok(fs_make_dirs(folder, &err), &err);

    int64_t now = local(11, 2);
    assert_ok(catalog_load(dir, now, &catalog, &err), &err);
    assert_int_equal(catalog.count, 9);

    const CatalogEntry *e = find(&catalog, "cmms_backup_20260101_020000.backup");
    assert_int_equal(e->size, 5);
    assert_int_equal(e->created, local(1, 2));
    assert_int_equal(e->age_days, 10);
    assert_int_equal(e->level, LEVEL_NONE);
    assert_false(e->has_manifest);
    assert_true(e->ours);
    assert_int_equal(e->rows, -1);
    assert_true(e->seconds < 0);
    assert_null(e->note);

    e = find(&catalog, "cmms_backup_20260102_020000.backup");
    assert_int_equal(e->created, local(2, 3)); /* the manifest's, not the name's */
    assert_int_equal(e->age_days, 8);          /* whole days */
    assert_int_equal(e->level, LEVEL_READ); /* one of its tables was never counted */
    assert_true(e->has_manifest);
    assert_int_equal(e->rows, 123);
    assert_true(e->seconds > 48.4 && e->seconds < 48.6);
    assert_null(e->note);

    e = find(&catalog, "cmms_backup_20260102_020000-PC2.backup");
    assert_int_equal(e->level, LEVEL_NONE);
    assert_false(e->ours);
    assert_string_equal(e->note, "it is a copy of a backup, made by a person or by a sync client");

    e = find(&catalog, "cmms_backup_20260103_020000.backup");
    assert_int_equal(e->level, LEVEL_NONE);
    assert_true(e->has_manifest);
    assert_string_equal(e->note, "its size differs from the manifest");

    e = find(&catalog, "cmms_backup_20260104_020000.backup");
    assert_int_equal(e->level, LEVEL_NONE);
    assert_false(e->has_manifest);
    assert_string_equal(e->note, "its manifest cannot be used: the manifest's \"file\" is missing or wrong");

    e = find(&catalog, "cmms_backup_20260105_020000.backup");
    assert_int_equal(e->level, LEVEL_NONE);
    assert_false(e->has_manifest);
    assert_int_equal(e->created, local(5, 2));
    assert_string_equal(e->note, "its manifest is that of another file (cmms_backup_20260102_020000.backup)");

    e = find(&catalog, "cmms_backup_20260106_020000.backup");
    assert_int_equal(e->level, LEVEL_BAD);
    assert_int_equal(e->created, local(6, 2)); /* the manifest tells none */
    assert_string_equal(e->note, "it failed a check");

    e = find(&catalog, "cmms_backup_20260109_020000.backup");
    assert_int_equal(e->level, LEVEL_BAD);
    assert_string_equal(e->note, "its size differs from the manifest");

    e = find(&catalog, "before upgrade \xC3\xBC.BACKUP");
    assert_false(e->ours);
    assert_true(e->created > now); /* the file's own time: today */
    assert_int_equal(e->age_days, 0);

    /* Newest first. */
    for (size_t i = 1; i < catalog.count; i++) {
        assert_true(catalog.entries[i - 1].created >= catalog.entries[i].created);
    }
    assert_string_equal(catalog.entries[8].name, "cmms_backup_20260101_020000.backup");
    catalog_release(&catalog);
    assert_int_equal(catalog.count, 0);
    mem_free(folder);
    test_dir_remove(dir);
}

static void loads_again(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *nowhere = fs_join(dir, "nowhere");
    Error err = ERROR_INIT;
    Catalog catalog;
    catalog_init(&catalog);
    assert_ok(catalog_load(dir, 0, &catalog, &err), &err);
    assert_int_equal(catalog.count, 0);
    put(dir, "cmms_backup_20260101_020000.backup", "12345");
    assert_ok(catalog_load(dir, local(1, 2) + DAY - 1, &catalog, &err), &err);
    assert_int_equal(catalog.count, 1);
    assert_int_equal(catalog.entries[0].age_days, 0);
    assert_ok(catalog_load(dir, local(1, 2) + DAY, &catalog, &err), &err);
    assert_int_equal(catalog.count, 1);
    assert_int_equal(catalog.entries[0].age_days, 1);
    assert_ok(catalog_load(dir, INT64_MAX, &catalog, &err), &err);
    assert_int_equal(catalog.entries[0].age_days, INT32_MAX);
    /* A folder that is gone leaves what was known. */
    assert_false(catalog_load(nowhere, 0, &catalog, &err));
    assert_int_equal(strncmp(err.message, "the backups cannot be listed: ", 30), 0);
    assert_int_equal(catalog.count, 1);
    error_clear(&err);
    catalog_release(&catalog);
    mem_free(nowhere);
    test_dir_remove(dir);
}

static void exports(void **state)
{
    (void)state;
    static const char log[] =
        "[{\"timestamp\":\"2026-01-01 10:00:00\",\"operation\":\"export\",\"status\":\"success\","
        "\"backup_file\":\"a.backup\",\"file_size\":7},"
        "{\"timestamp\":\"2026-01-02 10:00:00\",\"operation\":\"export\",\"status\":\"success\","
        "\"backup_file\":\"a.backup\",\"file_size\":7},"
        "{\"timestamp\":\"2026-01-03 10:00:00\",\"operation\":\"export\",\"status\":\"failed\","
        "\"backup_file\":\"b.backup\",\"file_size\":8},"
        "{\"timestamp\":\"2026-01-03 10:00:00\",\"operation\":\"verify\",\"status\":\"success\","
        "\"backup_file\":\"b.backup\",\"file_size\":8},"
        "{\"timestamp\":\"2026-01-04 10:00:00\",\"operation\":\"export\",\"status\":\"success\","
        "\"backup_file\":\"c.backup\",\"file_size\":10},"
        "{\"operation\":\"export\",\"status\":\"success\",\"backup_file\":\"d.backup\",\"file_size\":1},"
        "{\"operation\":\"export\",\"status\":\"success\",\"backup_file\":\"gone.backup\",\"file_size\":1},7,null]";
    cJSON *entries = cJSON_Parse(log);
    assert_non_null(entries);
    Catalog catalog = {mem_array(4, sizeof(CatalogEntry)), 4};
    static const struct {
        const char *name, *exported;
        uint64_t size;
    } rows[] = {{"d.backup", "?", 1},
                {"c.backup", NULL, 9}, /* of another size: it was written to since */
                {"b.backup", NULL, 8},
                {"a.backup", "2026-01-02 10:00:00", 7}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        catalog.entries[i].name = mem_strdup(rows[i].name);
        catalog.entries[i].size = rows[i].size;
    }
    catalog_add_exports(&catalog, entries);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (rows[i].exported == NULL) {
            assert_null(catalog.entries[i].exported);
        } else {
            assert_string_equal(catalog.entries[i].exported, rows[i].exported);
        }
    }
    catalog_release(&catalog);
    catalog_add_exports(&catalog, entries);
    cJSON_Delete(entries);
}

/* By name, size and hash: what was written to since has no copy. */
static void copies(void **state)
{
    (void)state;
    static const struct {
        const char *name, *sha256;
        uint64_t size;
        bool has;
    } rows[] = {{"a.backup", SHA, 7, true}, {"b.backup", SHA, 8, false}, {"c.backup", NULL, 7, false},
                {"d.backup", SHA, 7, false}};
    Catalog catalog = {mem_array(4, sizeof(CatalogEntry)), 4};
    Copies known;
    copies_init(&known);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        catalog.entries[i].name = mem_strdup(rows[i].name);
        catalog.entries[i].sha256 = mem_strdup(rows[i].sha256);
        catalog.entries[i].size = rows[i].size;
        const Copy copy = {.file = (char *)rows[i].name, .bytes = 7, .sha256 = (char *)SHA, .when = 5};
        if (i < 3) {
            copies_set(&known, &copy);
        }
    }
    for (int twice = 0; twice < 2; twice++) {
        catalog_add_copies(&catalog, &known);
        for (size_t i = 0; i < TEST_COUNT(rows); i++) {
            assert_int_equal(catalog.entries[i].copy != NULL, rows[i].has);
        }
    }
    copies_release(&known);
    assert_int_equal(catalog.entries[0].copy->when, 5); /* its own */
    catalog_release(&catalog);
}

/* The newest of the same database on the same host; a damaged one says nothing. */
static void what_the_last_backup_took(void **state)
{
    (void)state;
    static const struct {
        const char *database, *host;
        double seconds;
        Level level;
    } rows[] = {{"cmms", "h", 10, LEVEL_VERIFIED},
                {"cmms", "h", 20, LEVEL_PROVEN},
                {"cmms", "other", 30, LEVEL_VERIFIED},
                {"else", "h", 40, LEVEL_VERIFIED}, {"cmms", "h", 50, LEVEL_BAD}};
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Connection connection;
    connection_init(&connection);
    connection.host = mem_strdup("h");
    connection.database = mem_strdup("cmms");
    assert_int_equal(catalog_last(dir, &connection, 0).bytes, 0);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *name = mem_printf("cmms_backup_2026010%zu_020000.backup", i + 1), *path = fs_join(dir, name);
        char *manifest_path = folder_manifest_path(path);
        Manifest manifest;
        manifest_init(&manifest);
        test_write(path, &"12345678"[i]); /* each a byte shorter */
        manifest.file = mem_strdup(name);
        manifest.bytes = 8 - i;
        manifest.sha256 = mem_strdup(SHA);
        manifest.database = mem_strdup(rows[i].database);
        manifest.host = mem_strdup(rows[i].host);
        manifest.port = mem_strdup("5432");
        manifest.level = rows[i].level;
        manifest.started = local((int)i + 1, 2);
        manifest.seconds = rows[i].seconds;
        assert_ok(manifest_write(manifest_path, &manifest, &err), &err);
        manifest_release(&manifest);
        mem_free(manifest_path);
        mem_free(path);
        mem_free(name);
    }
    const CatalogLast last = catalog_last(dir, &connection, DAY + 1);
    assert_true(last.seconds > 19.9 && last.seconds < 20.1);
    assert_int_equal(last.bytes, 7);
    assert_int_equal(last.begins, 0); /* a day apart */
    assert_int_equal(catalog_last(dir, &connection, DAY - 1).begins, last.created);
    assert_int_equal(catalog_last(dir, &connection, 0).begins, 0);
    connection_release(&connection);
    test_dir_remove(dir);
}

/* What lies elsewhere: by name, size and manifest. */
static void made_by_hand(void **state)
{
    (void)state;
    const int64_t now = 1796040000;
    char *older = folder_backup_name(now - 9 * DAY), *newer = folder_backup_name(now - 2 * DAY);
    Catalog catalog;
    Manifest manifest;
    catalog_init(&catalog);
    manifest_init(&manifest);
    manifest.file = mem_strdup(older);
    manifest.bytes = 7;
    manifest.sha256 = mem_strdup(SHA);
    manifest.level = LEVEL_PROVEN;
    manifest.proven_at = now;
    manifest.started = now - 9 * DAY;
    catalog_add(&catalog, "theirs.backup", 5, NULL);
    catalog_add(&catalog, older, 7, &manifest);
    catalog_add(&catalog, newer, 7, &manifest); /* that of another file */
    catalog_sort(&catalog, now);
    assert_int_equal(catalog.count, 3);
    assert_string_equal(catalog.entries[0].name, newer);
    assert_int_equal(catalog.entries[0].age_days, 2);
    assert_false(catalog.entries[0].has_manifest);
    assert_int_equal(catalog.entries[0].level, LEVEL_NONE);
    assert_string_equal(catalog.entries[1].name, older);
    assert_true(catalog.entries[1].ours && catalog.entries[1].has_manifest);
    assert_int_equal(catalog.entries[1].level, LEVEL_PROVEN);
    assert_string_equal(catalog.entries[1].sha256, SHA);
    assert_int_equal(catalog.entries[1].age_days, 9);
    assert_string_equal(catalog.entries[2].name, "theirs.backup"); /* nobody knows when */
    assert_false(catalog.entries[2].ours);
    manifest_release(&manifest);
    catalog_release(&catalog);
    mem_free(newer);
    mem_free(older);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kinds_of_entries),
                                       cmocka_unit_test(what_the_last_backup_took), cmocka_unit_test(loads_again),
                                       cmocka_unit_test(exports), cmocka_unit_test(copies),
                                       cmocka_unit_test(made_by_hand)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
