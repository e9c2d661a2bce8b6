#include "test_util.h"

#include "store/manifest.h"

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void levels(void **state)
{
    (void)state;
    static const struct {
        Level level;
        const char *name, *word;
    } rows[] = {{LEVEL_NONE, "Not verified", "none"},
                {LEVEL_LISTED, "Listed", "listed"},
                {LEVEL_READ, "Read", "read"},
                {LEVEL_VERIFIED, "Verified", "verified"},
                {LEVEL_PROVEN, "Proven", "proven"},
                {LEVEL_BAD, "Damaged", "damaged"}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_string_equal(level_name(rows[i].level), rows[i].name);
        assert_string_equal(level_word(rows[i].level), rows[i].word);
        assert_int_equal(level_from_word(rows[i].word), rows[i].level);
    }
    assert_int_equal(level_from_word("Verified"), LEVEL_NONE);
    assert_int_equal(level_from_word(""), LEVEL_NONE);
    assert_int_equal(level_from_word(NULL), LEVEL_NONE);
    assert_string_equal(level_name((Level)17), "Not verified");
}

static void fill(Manifest *manifest)
{
    manifest_init(manifest);
    manifest->large_objects = 3;
    manifest->file = mem_strdup("cmms_backup_20260119_143052.backup");
    manifest->bytes = 12345678901;
    manifest->sha256 = mem_strdup(SHA);
    manifest->quickxor = mem_strdup("AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    manifest->started = 1768829452;
    manifest->finished = 1768829500;
    manifest->seconds = 48.25;
    manifest->level = LEVEL_VERIFIED;
    manifest->listed_at = 1768829498;
    manifest->verified_at = 1768829499;
    manifest->database = mem_strdup("neondb");
    manifest->host = mem_strdup("ep-x.us-east-2.aws.neon.tech");
    manifest->user = mem_strdup("J\xC3\xBCrgen");
    manifest->computer = mem_strdup("PC-7");
    manifest->server_version = mem_strdup("17.11");
    manifest->tool_version = mem_strdup("pg_dump 17.11");
    manifest->archive_version = mem_strdup("1.16");
    manifest->compression = mem_strdup("zstd:1");
    manifest->program_version = mem_strdup("0.1.0");
    manifest_add_table(manifest, "public", "work_orders", 12410, 12410, 999);
    manifest_add_table(manifest, "public", "odd \"name\"", 0, -1, 0);
    manifest_add_table(manifest, "public", "photos", -1, 3, 5000000000);
    manifest_add_warning(manifest, "first");
    manifest_add_warning(manifest, "second");
    manifest_add_warning(manifest, "third");
}

static void check_filled(const Manifest *manifest)
{
    assert_string_equal(manifest->file, "cmms_backup_20260119_143052.backup");
    assert_true(manifest->bytes == 12345678901);
    assert_string_equal(manifest->sha256, SHA);
    assert_string_equal(manifest->quickxor, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_int_equal(manifest->started, 1768829452);
    assert_int_equal(manifest->finished, 1768829500);
    assert_true(manifest->seconds > 48.24 && manifest->seconds < 48.26);
    assert_int_equal(manifest->level, LEVEL_VERIFIED);
    assert_int_equal(manifest->listed_at, 1768829498);
    assert_int_equal(manifest->verified_at, 1768829499);
    assert_int_equal(manifest->proven_at, 0);
    assert_string_equal(manifest->database, "neondb");
    assert_string_equal(manifest->host, "ep-x.us-east-2.aws.neon.tech");
    assert_string_equal(manifest->user, "J\xC3\xBCrgen");
    assert_string_equal(manifest->computer, "PC-7");
    assert_string_equal(manifest->server_version, "17.11");
    assert_string_equal(manifest->tool_version, "pg_dump 17.11");
    assert_string_equal(manifest->archive_version, "1.16");
    assert_string_equal(manifest->compression, "zstd:1");
    assert_string_equal(manifest->program_version, "0.1.0");
    assert_int_equal(manifest->table_count, 3);
    assert_string_equal(manifest->tables[0].schema, "public");
    assert_string_equal(manifest->tables[0].name, "work_orders");
    assert_int_equal(manifest->tables[0].rows, 12410);
    assert_int_equal(manifest->tables[0].expected, 12410);
    assert_int_equal(manifest->tables[0].bytes, 999);
    assert_string_equal(manifest->tables[1].name, "odd \"name\"");
    assert_int_equal(manifest->tables[1].rows, 0);
    assert_int_equal(manifest->tables[1].expected, -1);
    assert_int_equal(manifest->tables[2].rows, -1);
    assert_int_equal(manifest->tables[2].expected, 3);
    assert_true(manifest->tables[2].bytes == 5000000000);
    assert_int_equal(manifest->large_objects, 3);
    assert_int_equal(manifest->large_objects_expected, -1);
    assert_int_equal(manifest->warning_count, 3);
    assert_string_equal(manifest->warnings[0], "first");
    assert_string_equal(manifest->warnings[2], "third");
}

static void round_trip(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "x.backup.manifest.json");
    Error err = ERROR_INIT;
    Manifest out, in;
    fill(&out);
    manifest_init(&in);
    manifest_add_warning(&in, "is replaced");
    assert_ok(manifest_write(path, &out, &err), &err);
    assert_ok(manifest_write(path, &out, &err), &err); /* over the old one */
    assert_ok(manifest_read(path, &in, &err), &err);
    check_filled(&in);
    assert_int_equal(test_dir_count(dir), 1);
    manifest_release(&in);
    assert_null(in.file);
    manifest_release(&out);
    mem_free(path);
    test_dir_remove(dir);
}

/* What was not told is null in the file, and comes back as not told. */
static void least(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    Manifest out, in;
    manifest_init(&out);
    manifest_init(&in);
    out.file = mem_strdup("a.backup");
    out.sha256 = mem_strdup(SHA);
    char *text = manifest_text(&out);
    assert_non_null(strstr(text, "\"quickxor\": null"));
    assert_non_null(strstr(text, "\"started\": null"));
    assert_non_null(strstr(text, "\"level\": \"none\""));
    assert_ok(manifest_parse(text, strlen(text), &in, &err), &err);
    assert_null(in.quickxor);
    assert_null(in.database);
    assert_int_equal(in.started, 0);
    assert_int_equal(in.table_count, 0);
    mem_free(text);
    manifest_release(&in);
    manifest_release(&out);
}

/* Takes a good manifest's text and puts `with` where `what` stands. Caller frees. */
static char *changed(const char *what, const char *with)
{
    Manifest manifest;
    fill(&manifest);
    char *text = manifest_text(&manifest);
    manifest_release(&manifest);
    char *place = strstr(text, what);
    if (!place) {
        print_error("%s is not in the text\n", what);
    }
    assert_non_null(place);
    char *result = mem_printf("%.*s%s%s", (int)(place - text), text, with, place + strlen(what));
    mem_free(text);
    return result;
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *what, *with, *message;
    } rows[] = {
        {"\"format\": 1", "\"format\": \"1\"", "the manifest's \"format\" is missing or wrong"},
        {"\"file\": \"cmms", "\"file\": \"..\\\\cmms", "the manifest's \"file\" is missing or wrong"},
        {"\"file\": \"cmms", "\"file\": \"../cmms", "the manifest's \"file\" is missing or wrong"},
        {"\"file\": \"cmms_backup_20260119_143052.backup\"", "\"file\": null",
         "the manifest's \"file\" is missing or wrong"},
        {"\"file\"", "\"File\"", "the manifest's \"file\" is missing or wrong"},
        {"\"bytes\": 12345678901", "\"bytes\": -1", "the manifest's \"bytes\" is missing or wrong"},
        {"\"bytes\": 12345678901", "\"bytes\": 1.5", "the manifest's \"bytes\" is missing or wrong"},
        {"\"bytes\": 12345678901", "\"bytes\": 1e300", "the manifest's \"bytes\" is missing or wrong"},
        {"e3b0c4", "e3b0c", "the manifest's \"sha256\" is missing or wrong"},
        {"e3b0c4", "E3B0C4", "the manifest's \"sha256\" is missing or wrong"},
        {"AAAA=", "AAAAA", "the manifest's \"quickxor\" is missing or wrong"},
        {"\"verified\"", "\"certain\"", "the manifest's \"level\" is missing or wrong"},
        {"48.25", "-48.25", "the manifest's \"seconds\" is missing or wrong"},
        {"48.25", "\"48\"", "the manifest's \"seconds\" is missing or wrong"},
        {"2026-01-19T", "2026-13-19T", "the manifest's \"started\" is missing or wrong"},
        {"\"proven_at\": null", "\"proven_at\": 0", "the manifest's \"proven_at\" is missing or wrong"},
        {"\"database\": \"neondb\"", "\"database\": 7", "the manifest's \"database\" is missing or wrong"},
        {"\"compression\"", "\"compresion\"", "the manifest's \"compression\" is missing or wrong"},
        {"\"rows\": 12410", "\"rows\": -5", "the manifest's \"tables\" is missing or wrong"},
        {"\"expected\": 3", "\"expected\": []", "the manifest's \"tables\" is missing or wrong"},
        {"\"bytes\": 999", "\"bytes\": null", "the manifest's \"tables\" is missing or wrong"},
        {"\"tables\": [", "\"tables\": [7, ", "the manifest's \"tables\" is missing or wrong"},
        {"\"tables\"", "\"table\"", "the manifest's \"tables\" is missing or wrong"},
        {"\"warnings\"", "\"port\": 5432, \"warnings\"", "the manifest's \"port\" is missing or wrong"},
        {"\"warnings\"", "\"server_time\": 5, \"warnings\"", "the manifest's \"server_time\" is missing or wrong"},
        {"\"warnings\"", "\"fallback\": 1, \"warnings\"", "the manifest's \"fallback\" is missing or wrong"},
        {"\"warnings\"", "\"roles\": [\"a\", 1], \"warnings\"", "the manifest's \"roles\" is missing or wrong"},
        {"\"second\"", "2", "the manifest's \"warnings\" is missing or wrong"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Manifest manifest;
        manifest_init(&manifest);
        manifest.file = mem_strdup("as it was");
        char *text = changed(rows[i].what, rows[i].with);
        assert_fails(manifest_parse(text, strlen(text), &manifest, &err), &err, EK_DAMAGED, rows[i].message);
        assert_string_equal(manifest.file, "as it was");
        manifest_release(&manifest);
        mem_free(text);
    }
}

/* A pin goes round; what is wrong of it is refused; without one a manifest is as it was before there were pins. */
static void pins(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    Manifest manifest, back;
    fill(&manifest);
    manifest_init(&back);
    char *text = manifest_text(&manifest);
    assert_null(strstr(text, "pin"));
    mem_free(text);
    manifest.pinned = true;
    for (int i = 0; i < 2; i++) {
        text = manifest_text(&manifest);
        assert_ok(manifest_parse(text, strlen(text), &back, &err), &err);
        assert_true(back.pinned);
        if (i == 0) {
            assert_null(back.pin_reason);
            manifest.pin_reason = mem_strdup("year end");
        } else {
            assert_string_equal(back.pin_reason, "year end");
            text[strstr(text, "true") - text] = '1';
            text[strstr(text, "1rue") - text + 1] = ' ';
            text[strstr(text, "1 ue") - text + 2] = ' ';
            text[strstr(text, "1  e") - text + 3] = ' ';
            assert_fails(manifest_parse(text, strlen(text), &back, &err), &err, EK_DAMAGED,
                         "the manifest's \"pinned\" is missing or wrong");
        }
        mem_free(text);
    }
    manifest_release(&back);
    manifest_release(&manifest);
}

/* What a newer version wrote is not damaged: this one is too old for it. */
static void of_a_newer_version(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    char *text = changed("\"format\": 1", "\"format\": 2");
    assert_fails(manifest_parse(text, strlen(text), &manifest, &err), &err, EK_TOOL,
                 "the manifest was written by a newer version of this program");
    mem_free(text);
}

/* What came later is absent where there is nothing to say, and comes back; what nobody here knows is kept. */
static void what_came_later(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    Manifest manifest, back;
    fill(&manifest);
    manifest_init(&back);
    char *text = manifest_text(&manifest);
    assert_ok(manifest_parse(text, strlen(text), &back, &err), &err);
    assert_null(back.port);
    assert_null(back.others);
    assert_null(strstr(text, "alarm"));
    assert_null(strstr(text, "roles"));
    mem_free(text);
    manifest_release(&manifest);

    text = changed("\"warnings\"", "\"port\": \"5433\", \"system_identifier\": \"7\", \"database_oid\":"
                                   "\"16384\","
                                   "\"timeline\": \"t\", \"server_time\": \"2026-01-19T14:30:50Z\","
                                   "\"read_at\": null,"
                                   "\"alarm\": \"a\", \"alarm_confirmed\": \"b\", \"contents\": \"schema\","
                                   "\"restore_with\": \"c\", \"tool_path\": \"d\", \"log_hash\": \"e\","
                                   "\"fallback\": true, \"roles\": [\"CREATE ROLE a;\", \"GRANT a TO b;\"],"
                                   "\"colour\": {\"deep\": [1, null]}, \"warnings\"");
    for (int i = 0; i < 2; i++) { /* as read, and as written again */
        assert_ok(manifest_parse(text, strlen(text), &back, &err), &err);
        assert_string_equal(back.port, "5433");
        assert_string_equal(back.system_identifier, "7");
        assert_string_equal(back.database_oid, "16384");
        assert_string_equal(back.timeline, "t");
        assert_int_equal(back.server_time, 1768833050);
        assert_int_equal(back.read_at, 0);
        assert_string_equal(back.alarm, "a");
        assert_string_equal(back.alarm_confirmed, "b");
        assert_string_equal(back.contents, "schema");
        assert_string_equal(back.restore_with, "c");
        assert_string_equal(back.tool_path, "d");
        assert_string_equal(back.log_hash, "e");
        assert_true(back.fallback);
        assert_int_equal(back.role_count, 2);
        assert_string_equal(back.roles[0], "CREATE ROLE a;");
        assert_string_equal(back.roles[1], "GRANT a TO b;");
        assert_int_equal(cJSON_GetArraySize(back.others), 1);
        const cJSON *colour = cJSON_GetObjectItem(back.others, "colour");
        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(colour, "deep")), 2);
        mem_free(text);
        text = manifest_text(&back);
    }
    mem_free(text);
    manifest_release(&back);
}

/* Verified is only what was compared with the database, all of it. */
static void level_by_counts(void **state)
{
    (void)state;
    static const struct {
        int64_t rows, expected, large, large_expected, proven_at;
        const char *contents;
        Level level;
    } rows[] = {
        {7, 7, 0, 0, 0, NULL, LEVEL_VERIFIED},  {7, -1, 0, 0, 0, NULL, LEVEL_READ},
        {7, 6, 0, 0, 0, NULL, LEVEL_READ},      {-1, -1, 0, 0, 0, NULL, LEVEL_READ},
        {7, 7, 3, -1, 0, NULL, LEVEL_READ},     {7, 7, 3, 3, 0, NULL, LEVEL_VERIFIED},
        {7, 7, -1, -1, 0, NULL, LEVEL_VERIFIED}, /* before large objects were counted */
        {7, 7, 0, 0, 0, "schema", LEVEL_READ},  {7, -1, 0, -1, 9, NULL, LEVEL_PROVEN},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Manifest manifest;
        manifest_init(&manifest);
        manifest_add_table(&manifest, "public", "whole", 5, 5, 0);
        manifest_add_table(&manifest, "public", "t", rows[i].rows, rows[i].expected, 0);
        manifest.large_objects = rows[i].large;
        manifest.large_objects_expected = rows[i].large_expected;
        manifest.proven_at = rows[i].proven_at;
        manifest.contents = mem_strdup(rows[i].contents);
        if (manifest_level(&manifest) != rows[i].level) {
            fail_msg("row %zu: %s", i, level_name(manifest_level(&manifest)));
        }
        manifest_release(&manifest);
    }
}

/* What is written can be read again, also of a database with very many tables. */
/* How a table is named to people, and how many rows there are in all: asked here alone. */
static void labels_and_sums(void **state)
{
    (void)state;
    assert_text(table_label("public", "work_orders"), "work_orders");
    assert_text(table_label("", "work_orders"), "work_orders");
    assert_text(table_label(NULL, "work_orders"), "work_orders");
    assert_text(table_label("shop", "orders"), "shop.orders");
    assert_text(table_label("publicity", "a\nb"), "publicity.a b");
    static const struct {
        int64_t rows[3], sum;
        size_t count;
    } rows[] = {{{0}, 0, 0},
                {{-1, -1}, -1, 2},
                {{-1, 4, 5}, 9, 3},
                {{0}, 0, 1},
                {{INT64_MAX, 1}, INT64_MAX, 2},
                {{1, INT64_MAX - 1, 1}, INT64_MAX, 3}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Manifest manifest;
        manifest_init(&manifest);
        for (size_t t = 0; t < rows[i].count; t++) {
            manifest_add_table(&manifest, "public", "a", rows[i].rows[t], -1, 0);
        }
        assert_true(manifest_rows(&manifest) == rows[i].sum);
        manifest_release(&manifest);
    }
}

static void many_tables(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "x.manifest.json");
    Error err = ERROR_INIT;
    Manifest manifest;
    fill(&manifest);
    for (int i = 0; i < 500000; i++) {
        char *name = mem_printf("a_table_with_a_name_of_usual_length_%06d", i);
        manifest_add_table(&manifest, "public", name, i, i, 1);
        mem_free(name);
    }
    assert_ok(manifest_write(path, &manifest, &err), &err);
    manifest_release(&manifest);
    assert_ok(manifest_read(path, &manifest, &err), &err);
    assert_int_equal(manifest.table_count, 500003);
    manifest_release(&manifest);
    mem_free(path);
    test_dir_remove(dir);
}

static void not_a_manifest(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    assert_fails(manifest_parse("[]", 2, &manifest, &err), &err, EK_DAMAGED,
                 "the manifest's \"format\" is missing or wrong");
    assert_fails(manifest_parse("{\"format\": 1", 12, &manifest, &err), &err, EK_DAMAGED,
                 "the text is not JSON from byte 12 on");

    char *dir = test_dir_new(), *path = fs_join(dir, "none.manifest.json");
    assert_false(manifest_read(path, &manifest, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    mem_free(path);
    path = fs_join(dir, "no folder");
    char *inside = fs_join(path, "x.manifest.json");
    assert_false(manifest_write(inside, &manifest, &err));
    assert_int_equal(strncmp(err.message, "could not write the manifest: ", 30), 0);
    error_clear(&err);
    mem_free(inside);
    mem_free(path);
    test_dir_remove(dir);
}

/* Who is no computer's is nobody's, until it is proven. */
static void adopted(void **state)
{
    (void)state;
    Manifest manifest;
    fill(&manifest);
    assert_non_null(manifest.computer);
    assert_false(manifest_is_adopted(&manifest));
    mem_free(manifest.computer);
    manifest.computer = NULL;
    manifest.level = LEVEL_VERIFIED;
    assert_true(manifest_is_adopted(&manifest));
    manifest.level = LEVEL_PROVEN;
    assert_false(manifest_is_adopted(&manifest));
    manifest_release(&manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(levels), cmocka_unit_test(round_trip),
                                       cmocka_unit_test(least), cmocka_unit_test(refused),
                                       cmocka_unit_test(pins), cmocka_unit_test(of_a_newer_version),
                                       cmocka_unit_test(what_came_later), cmocka_unit_test(level_by_counts),
                                       cmocka_unit_test(many_tables), cmocka_unit_test(not_a_manifest),
                                       cmocka_unit_test(adopted), cmocka_unit_test(labels_and_sums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
