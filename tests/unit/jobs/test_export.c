#include "test_util.h"

#include "archive_builder.h"
#include "jobs/export.h"
#include "jobs/verify.h"
#include "platform/cancel.h"
#include "store/auditlog.h"
#include "store/folder.h"

#define BACKUP "cmms_backup_20260119_143052.backup"

typedef struct Place {
    char *dir, *path, *manifest; /* the backup folder */
    char *out, *copy, *copy_manifest, *partial;
} Place;

static void put_file(const char *path, const char *bytes, size_t len)
{
    Error err = ERROR_INIT;
    FsFile *file = NULL;
    assert_ok(fs_remove(path, &err), &err);
    assert_ok(fs_create_new(path, &file, &err), &err);
    assert_ok(fs_write(file, bytes, len, &err), &err);
    assert_ok(fs_close(file, &err), &err);
}

/* A folder with a verified backup and, in it, one to export to. */
static Place place_new(void)
{
    static const BuiltEntry tables[] = {
        {.kind = BUILT_COPY, .schema = "public", .name = "equipment", .data = "1\tpump\n2\tfan\n\\.\n\n\n"},
    };
    const BuildSpec spec = {16, ARCHIVE_ZSTD, 0, 0, 0, false, tables, TEST_COUNT(tables)};
    Place place;
    Built built;
    VerifyResult result;
    Error err = ERROR_INIT;
    place.dir = test_dir_new();
    place.path = fs_join(place.dir, BACKUP);
    place.manifest = folder_manifest_path(place.path);
    place.out = fs_join(place.dir, "Z\xC3\xBCrich \xE4\xB8\xAD");
    place.copy = fs_join(place.out, BACKUP);
    place.copy_manifest = folder_manifest_path(place.copy);
    place.partial = mem_printf("%s.partial", place.copy);
    assert_ok(fs_make_dirs(place.out, &err), &err);
    build_archive(&spec, &built);
    put_file(place.path, built.bytes.buf, built.bytes.len);
    built_release(&built);
    verify_result_init(&result);
    assert_ok(verify_backup(place.path, true, NULL, NULL, &result, &err), &err);
    verify_result_release(&result);
    return place;
}

static void place_free(Place *place)
{
    mem_free(place->partial);
    mem_free(place->copy_manifest);
    mem_free(place->copy);
    mem_free(place->out);
    mem_free(place->manifest);
    mem_free(place->path);
    test_dir_remove(place->dir);
}

static bool export_to(const Place *place, bool overwrite, const Cancel *cancel, ExportResult *result, Error *err)
{
    const ExportSpec spec = {place->path, place->out, overwrite};
    return export_backup(&spec, NULL, cancel, result, err);
}

static void refuses(const Place *place, ErrorKind kind, const char *message, size_t left)
{
    ExportResult result;
    Error err = ERROR_INIT;
    export_result_init(&result);
    assert_fails(export_to(place, false, NULL, &result, &err), &err, kind, message);
    assert_null(result.path);
    assert_int_equal(test_dir_count(place->out), left);
    export_result_release(&result);
}

/* Whether the log's text has a part. */
static bool log_says(const Place *place, const char *part)
{
    char *path = fs_join(place->dir, AUDITLOG_FILE);
    char *text = test_read(path);
    bool found = strstr(text, part) != NULL;
    mem_free(text);
    mem_free(path);
    return found;
}

static void copies_the_backup_with_its_manifest(void **state)
{
    (void)state;
    Place place = place_new();
    ExportResult result;
    VerifyResult verified;
    Error err = ERROR_INIT;
    export_result_init(&result);
    verify_result_init(&verified);
    put_file(place.partial, "left by a kill", 14);
    assert_ok(export_to(&place, false, NULL, &result, &err), &err);
    assert_string_equal(result.path, place.copy);
    assert_int_equal(result.level, LEVEL_READ);
    assert_null(result.warning);
    assert_int_equal(test_dir_count(place.out), 2); /* no partial */
    assert_ok(verify_file(place.copy, NULL, NULL, &verified, &err), &err);
    assert_true(verified.had_manifest);
    assert_string_equal(verified.manifest.sha256, result.sha256);
    assert_true(log_says(&place, "\"export\""));
    assert_true(log_says(&place, result.sha256));
    verify_result_release(&verified);
    export_result_release(&result);
    place_free(&place);
}

static void overwrites_only_when_told(void **state)
{
    (void)state;
    Place place = place_new();
    ExportResult result;
    Error err = ERROR_INIT;
    export_result_init(&result);
    put_file(place.copy, "mine", 4);
    char *message = mem_printf("there is already a file " BACKUP " in \"%s\"", place.out);
    refuses(&place, EK_IO, message, 1);
    assert_text(test_read(place.copy), "mine");
    assert_ok(export_to(&place, true, NULL, &result, &err), &err);
    assert_int_equal(test_dir_count(place.out), 2);
    export_result_release(&result);
    mem_free(message);
    place_free(&place);
}

/* A folder is in the place of the file: the rename fails, and the manifest that was there is there again. */
static void puts_the_old_manifest_back(void **state)
{
    (void)state;
    Place place = place_new();
    ExportResult result;
    Error err = ERROR_INIT;
    export_result_init(&result);
    assert_ok(fs_make_dirs(place.copy, &err), &err);
    test_write(place.copy_manifest, "old");
    assert_false(export_to(&place, true, NULL, &result, &err));
    assert_int_equal(err.kind, EK_IO);
    error_clear(&err);
    assert_text(test_read(place.copy_manifest), "old");
    assert_int_equal(test_dir_count(place.out), 2);
    export_result_release(&result);
    place_free(&place);
}

static void damage_is_not_carried_away(void **state)
{
    (void)state;
    Place place = place_new();
    Manifest manifest;
    Error err = ERROR_INIT;
    StrBuf bytes;
    strbuf_init(&bytes, STRBUF_LARGE);
    assert_ok(fs_read_all(place.path, STRBUF_LARGE, &bytes, &err), &err);
    bytes.buf[bytes.len / 2] ^= 4;
    put_file(place.path, bytes.buf, bytes.len);
    refuses(&place, EK_DAMAGED, BACKUP " is damaged: its SHA-256 differs from the manifest's", 0);
    manifest_init(&manifest);
    assert_ok(manifest_read(place.manifest, &manifest, &err), &err);
    assert_int_equal(manifest.level, LEVEL_BAD);
    manifest_release(&manifest);
    assert_true(log_says(&place, "\"failed\""));
    /* Known to be bad, it is not even read again. */
    refuses(&place, EK_DAMAGED, BACKUP " is damaged and is not exported", 0);
    strbuf_release(&bytes);
    place_free(&place);
}

static void what_does_not_match_is_refused(void **state)
{
    (void)state;
    Place place = place_new();
    ExportResult result;
    Error err = ERROR_INIT;
    export_result_init(&result);
    put_file(place.path, "short", 5);
    Manifest manifest;
    manifest_init(&manifest);
    assert_ok(manifest_read(place.manifest, &manifest, &err), &err);
    char *message = mem_printf(BACKUP " is 5 bytes long where its manifest says %llu",
                               (unsigned long long)manifest.bytes);
    refuses(&place, EK_DAMAGED, message, 0);
    mem_free(message);
    mem_free(manifest.file);
    manifest.file = mem_strdup("cmms_backup_20200101_000000.backup");
    assert_ok(manifest_write(place.manifest, &manifest, &err), &err);
    refuses(&place, EK_DAMAGED, "the manifest of " BACKUP " is that of another file", 0);
    manifest_release(&manifest);
    assert_ok(fs_remove(place.manifest, &err), &err);
    refuses(&place, EK_NOT_FOUND, BACKUP " has no manifest to compare the copy with", 0);
    assert_ok(fs_remove(place.path, &err), &err);
    assert_false(export_to(&place, false, NULL, &result, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    export_result_release(&result);
    place_free(&place);
}

static void the_destination_is_a_folder_that_exists(void **state)
{
    (void)state;
    Place place = place_new();
    ExportResult result;
    Error err = ERROR_INIT;
    export_result_init(&result);
    char *missing = fs_join(place.dir, "missing");
    char *message = mem_printf("the folder \"%s\" is not there", missing);
    const ExportSpec nowhere = {place.path, missing, false};
    assert_fails(export_backup(&nowhere, NULL, NULL, &result, &err), &err, EK_NOT_FOUND, message);
    mem_free(message);
    message = mem_printf("\"%s\" is not a folder", place.manifest);
    const ExportSpec file = {place.path, place.manifest, false};
    assert_fails(export_backup(&file, NULL, NULL, &result, &err), &err, EK_IO, message);
    mem_free(message);
    mem_free(missing);
    export_result_release(&result);
    place_free(&place);
}

/* As a stick would that loses a write: before the copy is read back, it is not what was written any more. */
static void lose_a_write(void *context, const Progress *progress)
{
    const Place *place = context;
    if (strcmp(progress->step, "Checking the copy") == 0 && progress->bytes == 0) {
        Error err = ERROR_INIT;
        StrBuf bytes;
        strbuf_init(&bytes, STRBUF_LARGE);
        assert_ok(fs_read_all(place->partial, STRBUF_LARGE, &bytes, &err), &err);
        bytes.buf[bytes.len / 2] ^= 1;
        put_file(place->partial, bytes.buf, bytes.len);
        strbuf_release(&bytes);
    }
}

static void a_lost_write_is_found(void **state)
{
    (void)state;
    Place place = place_new();
    const JobSink sink = {.progress = lose_a_write, .context = &place};
    const ExportSpec spec = {place.path, place.out, false};
    ExportResult result;
    Error err = ERROR_INIT;
    export_result_init(&result);
    char *message = mem_printf("the copy in \"%s\" is not what was written", place.out);
    assert_fails(export_backup(&spec, &sink, NULL, &result, &err), &err, EK_DAMAGED, message);
    assert_int_equal(test_dir_count(place.out), 0);
    assert_true(log_says(&place, "is not what was written"));
    assert_true(fs_exists(place.path));
    mem_free(message);
    export_result_release(&result);
    place_free(&place);
}

static void a_cancelled_export_leaves_nothing(void **state)
{
    (void)state;
    Place place = place_new();
    ExportResult result;
    Error err = ERROR_INIT;
    Cancel *cancel = cancel_new();
    export_result_init(&result);
    cancel_request(cancel);
    assert_fails(export_to(&place, false, cancel, &result, &err), &err, EK_CANCELLED, "cancelled");
    assert_int_equal(test_dir_count(place.out), 0);
    assert_false(log_says(&place, "\"export\""));
    cancel_free(cancel);
    export_result_release(&result);
    place_free(&place);
}

static void another_job_is_told(void **state)
{
    (void)state;
    Place place = place_new();
    Error err = ERROR_INIT;
    FsLock *lock = NULL;
    assert_ok(folder_lock(place.dir, &lock, &err), &err);
    refuses(&place, EK_BUSY, "another backup job is at work in this folder", 0);
    fs_unlock(lock);
    place_free(&place);
}

static void a_long_destination(void **state)
{
    (void)state;
    Place place = place_new();
    ExportResult result;
    Error err = ERROR_INIT;
    char *dir = mem_strdup(place.out);
    export_result_init(&result);
    while (strlen(dir) < 400) {
        char *deeper = fs_join(dir, "a folder with a name of some length");
        mem_free(dir);
        dir = deeper;
    }
    assert_ok(fs_make_dirs(dir, &err), &err);
    const ExportSpec spec = {place.path, dir, false};
    assert_ok(export_backup(&spec, NULL, NULL, &result, &err), &err);
    assert_int_equal(test_dir_count(dir), 2);
    mem_free(dir);
    export_result_release(&result);
    place_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_the_backup_with_its_manifest),
        cmocka_unit_test(overwrites_only_when_told),
        cmocka_unit_test(puts_the_old_manifest_back),
        cmocka_unit_test(damage_is_not_carried_away),
        cmocka_unit_test(what_does_not_match_is_refused),
        cmocka_unit_test(the_destination_is_a_folder_that_exists),
        cmocka_unit_test(a_lost_write_is_found),
        cmocka_unit_test(a_cancelled_export_leaves_nothing),
        cmocka_unit_test(another_job_is_told),
        cmocka_unit_test(a_long_destination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
