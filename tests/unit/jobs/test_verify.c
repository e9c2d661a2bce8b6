#include "test_util.h"

#include "archive_builder.h"
#include "base/jsonutil.h"
#include "jobs/verify.h"
#include "platform/clock.h"
#include "store/auditlog.h"
#include "store/folder.h"

#define BACKUP "cmms_backup_20260119_143052.backup"
#define HINT "Do not rely on this file; make a new backup now, or use an older one marked Verified."

/* --- a folder with a backup ------------------------------------------------------------------------------ */

typedef struct Place {
    char *dir, *path, *manifest;
} Place;

static Place place_new(void)
{
    Place place;
    place.dir = test_dir_new();
    place.path = fs_join(place.dir, BACKUP);
    place.manifest = folder_manifest_path(place.path);
    return place;
}

static void place_free(Place *place)
{
    mem_free(place->manifest);
    mem_free(place->path);
    test_dir_remove(place->dir);
}

/* Replaces the backup, without the care (and the time) of an atomic write. */
static void put_file(const char *path, const char *bytes, size_t len)
{
    Error err = ERROR_INIT;
    FsFile *file = NULL;
    assert_ok(fs_remove(path, &err), &err);
    assert_ok(fs_create_new(path, &file, &err), &err);
    assert_ok(fs_write(file, bytes, len, &err), &err);
    assert_ok(fs_close(file, &err), &err);
}

static const BuiltEntry tables[] = {
    {.kind = BUILT_COPY, .schema = "public", .name = "equipment", .data = "1\tpump\n2\tfan\n\\.\n\n\n"},
    {.kind = BUILT_COPY, .schema = "public", .name = "work_orders", .data = "1\n2\n3\n\\.\n\n\n"},
};

static void build_tables(ArchiveCompression compression, Built *built)
{
    const BuildSpec spec = {16, compression, 0, 0, 0, false, tables, TEST_COUNT(tables)};
    build_archive(&spec, built);
}

static void put_tables(const Place *place, ArchiveCompression compression)
{
    Built built;
    build_tables(compression, &built);
    put_file(place->path, built.bytes.buf, built.bytes.len);
    built_release(&built);
}

/* Verifies the file as it is and writes what was found as its manifest, with the counts of the snapshot. */
static void put_manifest(const Place *place)
{
    VerifyResult result;
    Error err = ERROR_INIT;
    verify_result_init(&result);
    assert_ok(verify_file(place->path, NULL, NULL, &result, &err), &err);
    for (size_t i = 0; i < result.manifest.table_count; i++) {
        result.manifest.tables[i].expected = result.manifest.tables[i].rows;
    }
    result.manifest.large_objects_expected = result.manifest.large_objects;
    mem_free(result.manifest.contents); /* the archive of the tests has rows alone */
    result.manifest.contents = NULL;
    result.manifest.user = mem_strdup("erika");
    assert_ok(manifest_write(place->manifest, &result.manifest, &err), &err);
    verify_result_release(&result);
}

static void get_manifest(const Place *place, Manifest *manifest)
{
    Error err = ERROR_INIT;
    manifest_init(manifest);
    assert_ok(manifest_read(place->manifest, manifest, &err), &err);
}

/* The number of entries in the log, and what its last one says. Caller frees the text. */
static size_t audit_entries(const Place *place, char **last)
{
    char *path = fs_join(place->dir, AUDITLOG_FILE);
    size_t count = 0;
    if (last != NULL) {
        *last = NULL;
    }
    if (fs_exists(path)) {
        char *text = test_read(path);
        cJSON *root = NULL;
        Error err = ERROR_INIT;
        assert_ok(json_parse(text, strlen(text), &root, &err), &err);
        count = (size_t)cJSON_GetArraySize(root);
        if (last != NULL && count > 0) {
            const cJSON *entry = cJSON_GetArrayItem(root, (int)count - 1);
            *last = mem_printf("%s %s %s %s: %s", json_string(entry, "operation", "?"),
                               json_string(entry, "status", "?"),
                               json_string(entry, "level", "-"), json_string(entry, "backup_file", "?"),
                               json_string(entry, "message", "?"));
        }
        cJSON_Delete(root);
        mem_free(text);
    }
    mem_free(path);
    return count;
}

static void refuses(const Place *place, ErrorKind kind, const char *message)
{
    VerifyResult result;
    Error err = ERROR_INIT;
    verify_result_init(&result);
    const bool ok = verify_file(place->path, NULL, NULL, &result, &err);
    if (!ok && kind == EK_DAMAGED) {
        assert_string_equal(err.hint, HINT);
    }
    assert_fails(ok, &err, kind, message);
    assert_null(result.manifest.file); /* untouched */
    verify_result_release(&result);
}

/* --- verify_file ----------------------------------------------------------------------------------------- */

static void describes_a_file_without_manifest(void **state)
{
    (void)state;
    Place place = place_new();
    StrBuf bytes;
    VerifyResult result;
    Error err = ERROR_INIT;
    corpus_read("pg17-zstd-tables.backup", &bytes);
    put_file(place.path, bytes.buf, bytes.len);
    verify_result_init(&result);
    assert_ok(verify_file(place.path, NULL, NULL, &result, &err), &err);
    assert_false(result.had_manifest);
    assert_true(result.could_not_compare_hash);
    assert_int_equal(result.uncompared, 9);
    const Manifest *manifest = &result.manifest;
    assert_string_equal(manifest->file, BACKUP);
    assert_int_equal(manifest->bytes, bytes.len);
    assert_int_equal(strlen(manifest->sha256), 64);
    assert_int_equal(strlen(manifest->quickxor), 28);
    assert_string_equal(manifest->database, "corpus_tables");
    assert_string_equal(manifest->archive_version, "1.16");
    assert_string_equal(manifest->compression, "zstd");
    assert_memory_equal(manifest->tool_version, "17.", 3);
    assert_int_equal(manifest->level, LEVEL_READ); /* nobody knows what the database had */
    assert_true(manifest->read_at > 0);
    assert_int_equal(manifest->verified_at, 0);
    assert_int_equal(manifest->proven_at, 0);
    assert_null(manifest->contents);
    assert_int_equal(manifest->table_count, 9);
    int64_t rows = 0;
    for (size_t i = 0; i < manifest->table_count; i++) {
        rows += manifest->tables[i].rows;
        assert_int_equal(manifest->tables[i].expected, -1);
    }
    assert_int_equal(rows, 0 + 7 + 3 + 40 + 5 + 10 + 15 + 3 + 2);
    assert_int_equal(test_dir_count(place.dir), 1); /* nothing was written */
    verify_result_release(&result);
    strbuf_release(&bytes);
    place_free(&place);
}

static void agrees_with_its_manifest(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Manifest written;
    Error err = ERROR_INIT;
    put_tables(&place, ARCHIVE_GZIP);
    put_manifest(&place);
    get_manifest(&place, &written);
    verify_result_init(&result);
    assert_ok(verify_file(place.path, NULL, NULL, &result, &err), &err);
    assert_true(result.had_manifest);
    assert_false(result.could_not_compare_hash);
    assert_int_equal(result.uncompared, 0);
    assert_false(result.uncompared_objects);
    assert_null(result.renamed_from);
    assert_string_equal(result.manifest.user, "erika"); /* what only the manifest knows */
    assert_string_equal(result.manifest.sha256, written.sha256);
    assert_int_equal(result.manifest.table_count, 2);
    assert_int_equal(result.manifest.tables[1].rows, 3);
    assert_int_equal(result.manifest.level, LEVEL_VERIFIED);

    /* A manifest that does not know the rows is filled in, and that is told. */
    written.tables[1].rows = written.tables[1].expected = -1;
    mem_free(written.quickxor);
    written.quickxor = NULL;
    assert_ok(manifest_write(place.manifest, &written, &err), &err);
    assert_ok(verify_file(place.path, NULL, NULL, &result, &err), &err);
    assert_int_equal(result.uncompared, 1);
    assert_int_equal(result.manifest.level, LEVEL_READ); /* however often it is read */
    assert_int_equal(result.manifest.tables[1].rows, 3);
    assert_int_equal(strlen(result.manifest.quickxor), 28);

    /* A proof holds as long as the hash does. */
    written.proven_at = 1789000000;
    written.level = LEVEL_BAD;
    assert_ok(manifest_write(place.manifest, &written, &err), &err);
    assert_ok(verify_file(place.path, NULL, NULL, &result, &err), &err);
    assert_int_equal(result.manifest.level, LEVEL_PROVEN);
    manifest_release(&written);
    verify_result_release(&result);
    place_free(&place);
}

/* Every byte of a small archive, changed: with a manifest none may pass. */
static void refuses_every_flip(void **state)
{
    (void)state;
    for (int method = ARCHIVE_NONE; method <= ARCHIVE_ZSTD; method++) {
        Place place = place_new();
        Built built;
        VerifyResult result;
        Error err = ERROR_INIT;
        put_tables(&place, (ArchiveCompression)method);
        put_manifest(&place);
        build_tables((ArchiveCompression)method, &built);
        verify_result_init(&result);
        for (size_t at = 0; at < built.bytes.len; at++) {
            built.bytes.buf[at] = (char)(built.bytes.buf[at] ^ (1 << (at % 8)));
            put_file(place.path, built.bytes.buf, built.bytes.len);
            if (verify_file(place.path, NULL, NULL, &result, &err)) {
                fail_msg("a flip of byte %zu was taken", at);
            }
            assert_int_equal(err.kind, EK_DAMAGED);
            assert_memory_equal(err.message, BACKUP " is damaged: ", strlen(BACKUP " is damaged: "));
            assert_string_equal(err.hint, HINT);
            error_clear(&err);
            built.bytes.buf[at] = (char)(built.bytes.buf[at] ^ (1 << (at % 8)));
        }
        put_file(place.path, built.bytes.buf, built.bytes.len);
        assert_ok(verify_file(place.path, NULL, NULL, &result, &err), &err);
        verify_result_release(&result);
        built_release(&built);
        place_free(&place);
    }
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    Place place = place_new();
    Built built;
    VerifyResult result;
    Error err = ERROR_INIT;
    build_tables(ARCHIVE_LZ4, &built);
    verify_result_init(&result);
    for (size_t len = 0; len < built.bytes.len; len++) {
        put_file(place.path, built.bytes.buf, len);
        if (verify_file(place.path, NULL, NULL, &result, &err)) {
            fail_msg("%zu bytes were taken", len);
        }
        assert_int_equal(err.kind, EK_DAMAGED);
        error_clear(&err);
    }
    verify_result_release(&result);
    built_release(&built);
    place_free(&place);
}

static void says_what_differs(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        int what;
    } cases[] = {
        {BACKUP " is damaged: it is 483 bytes long where its manifest says 484", 0},
        {BACKUP " is damaged: its SHA-256 differs from the manifest's", 1},
        {BACKUP " is damaged: its quickXorHash differs from the manifest's", 2},
        {BACKUP " is damaged: table work_orders holds 3 rows where the manifest says 4", 3},
        {BACKUP " is damaged: table work_orders holds 3 rows where the database held 5", 4},
        {BACKUP " is damaged: table users is missing from it", 5},
        {BACKUP " is damaged: table work_orders is in it, but not in its manifest", 6},
        {BACKUP " is damaged: table a b is missing from it", 7},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Place place = place_new();
        Manifest manifest;
        Error err = ERROR_INIT;
        put_tables(&place, ARCHIVE_NONE);
        put_manifest(&place);
        get_manifest(&place, &manifest);
        switch (cases[i].what) {
        case 0:
            manifest.bytes++;
            break;
        case 1:
            manifest.sha256[0] = manifest.sha256[0] == 'a' ? 'b' : 'a';
            break;
        case 2:
            manifest.quickxor[0] = manifest.quickxor[0] == 'a' ? 'b' : 'a';
            break;
        case 3:
            manifest.tables[1].rows = manifest.tables[1].expected = 4;
            break;
        case 4:
            manifest.tables[1].expected = 5;
            break;
        case 5:
            manifest_add_table(&manifest, "public", "users", 1, 1, 1);
            break;
        case 6:
            manifest.table_count = 1;
            break;
        default:
            manifest_add_table(&manifest, "public", "a\nb", 1, 1, 1);
            break;
        }
        assert_ok(manifest_write(place.manifest, &manifest, &err), &err);
        refuses(&place, EK_DAMAGED, cases[i].message);
        manifest.table_count = cases[i].what == 6 ? 2 : manifest.table_count;
        manifest_release(&manifest);
        place_free(&place);
    }
}

static void weighs_hash_and_contents(void **state)
{
    (void)state;
    Place place = place_new();
    Built built;
    VerifyResult result;
    Error err = ERROR_INIT;
    put_tables(&place, ARCHIVE_NONE);
    put_manifest(&place);
    build_tables(ARCHIVE_NONE, &built);

    /* A changed letter of a row: all decodes, all rows are there. */
    char *row = built.bytes.buf + built.block[0] + 11;
    assert_memory_equal(row, "1\tpump", 6);
    row[2] = 'b';
    put_file(place.path, built.bytes.buf, built.bytes.len);
    refuses(&place, EK_DAMAGED, BACKUP " is damaged: its SHA-256 differs from the manifest's");
    row[2] = 'p';

    /* A row taken out, the file otherwise rewritten as pg_dump would. */
    const BuiltEntry fewer[] = {
        tables[0],
        {.kind = BUILT_COPY, .schema = "public", .name = "work_orders", .data = "1\n2\n\\.\n\n\n"},
    };
    Built shorter;
    build_archive(&(BuildSpec){16, ARCHIVE_NONE, 0, 0, 0, false, fewer, 2}, &shorter);
    put_file(place.path, shorter.bytes.buf, shorter.bytes.len);
    refuses(&place, EK_DAMAGED, BACKUP " is damaged: it is 481 bytes long where its manifest says 483");
    Manifest manifest; /* and with the manifest brought in line but for the rows */
    get_manifest(&place, &manifest);
    verify_result_init(&result);
    assert_ok(fs_remove(place.manifest, &err), &err);
    assert_ok(verify_file(place.path, NULL, NULL, &result, &err), &err);
    result.manifest.tables[1].rows = -1;
    result.manifest.tables[1].expected = manifest.tables[1].expected;
    assert_ok(manifest_write(place.manifest, &result.manifest, &err), &err);
    refuses(&place, EK_DAMAGED, BACKUP " is damaged: table work_orders holds 2 rows where the database held 3");
    verify_result_release(&result);
    assert_ok(manifest_write(place.manifest, &manifest, &err), &err);
    manifest_release(&manifest);
    built_release(&shorter);

    /* What cannot be decoded is said first; the hash is in the detail. */
    built.bytes.buf[built.block[1]] = 9;
    put_file(place.path, built.bytes.buf, built.bytes.len);
    verify_result_init(&result);
    assert_false(verify_file(place.path, NULL, NULL, &result, &err));
    assert_string_equal(err.detail, "its SHA-256 differs from the manifest's as well");
    char *message = mem_printf(
        BACKUP " is damaged: there is something that is no data at byte %zu, between the tables' data", built.block[1]);
    assert_error(&err, EK_DAMAGED, message);
    mem_free(message);
    built.bytes.buf[built.block[1]] = 1;

    /* A newer version of the archive is damage when the hash says so, else it is not. */
    built.bytes.buf[6] = 17;
    put_file(place.path, built.bytes.buf, built.bytes.len);
    refuses(&place, EK_DAMAGED, BACKUP " is damaged: its SHA-256 differs from the manifest's");
    assert_ok(fs_remove(place.manifest, &err), &err);
    refuses(&place, EK_TOOL, BACKUP " could not be checked: the archive's version 1.17 is newer than this program can "
                                    "read (1.16)");
    verify_result_release(&result);
    built_release(&built);
    place_free(&place);
}

static void unusable_manifest_or_file(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Error err = ERROR_INIT;
    verify_result_init(&result);

    assert_false(verify_file(place.path, NULL, NULL, &result, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);

    put_tables(&place, ARCHIVE_GZIP);
    test_write(place.manifest, "{\"format\":1}");
    assert_false(verify_file(place.path, NULL, NULL, &result, &err));
    assert_string_equal(err.hint, "Its data read well; adopt it to give it a new manifest.");
    assert_error(&err, EK_DAMAGED,
                 BACKUP " is damaged: its manifest cannot be used: the manifest's \"file\" is missing or wrong");

    /* Adopting keeps the bad one aside and writes a new one. */
    assert_ok(verify_backup(place.path, true, NULL, NULL, &result, &err), &err);
    assert_false(result.had_manifest);
    Manifest manifest;
    get_manifest(&place, &manifest);
    assert_int_equal(manifest.level, LEVEL_READ);
    assert_int_equal(manifest.warning_count, 1);
    assert_true(manifest.pinned); /* it may have been */
    assert_string_equal(manifest.pin_reason,
                        "its manifest was damaged (kept beside it); unpin it when you have looked");
    manifest_release(&manifest);
    verify_result_release(&result);
    place_free(&place);
}

/* A manifest of a newer version is left as it is, byte for byte, also where another would be adopted. */
static void of_a_newer_version(void **state)
{
    (void)state;
    static const char text[] = "{\"format\": 2, \"pinned\": true}";
    Place place = place_new();
    VerifyResult result;
    Error err = ERROR_INIT;
    verify_result_init(&result);
    put_tables(&place, ARCHIVE_GZIP);
    test_write(place.manifest, text);
    assert_fails(verify_backup(place.path, true, NULL, NULL, &result, &err), &err, EK_TOOL,
                 BACKUP " could not be checked: its manifest cannot be used: the manifest was written by a newer "
                        "version of this program");
    assert_text(test_read(place.manifest), text);
    verify_result_release(&result);
    place_free(&place);
}

/* One that cannot be read for a moment (a folder stands for what a share or a scanner does) is not replaced. */
static void not_readable_now(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Error err = ERROR_INIT;
    verify_result_init(&result);
    put_tables(&place, ARCHIVE_GZIP);
    assert_ok(fs_make_dirs(place.manifest, &err), &err);
    assert_false(verify_backup(place.path, true, NULL, NULL, &result, &err));
    assert_int_equal(err.kind, EK_IO);
    assert_non_null(strstr(err.message, "its manifest cannot be read"));
    assert_true(fs_exists(place.manifest));
    error_clear(&err);
    verify_result_release(&result);
    place_free(&place);
}

/* Renamed together with its manifest: the same backup, and the manifest is corrected. */
static void renamed_with_its_manifest(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Manifest manifest;
    Error err = ERROR_INIT;
    char *last = NULL;
    verify_result_init(&result);
    put_tables(&place, ARCHIVE_GZIP);
    put_manifest(&place);
    get_manifest(&place, &manifest);
    mem_free(manifest.file);
    manifest.file = mem_strdup("other.backup");
    manifest.pinned = true;
    assert_ok(manifest_write(place.manifest, &manifest, &err), &err);
    manifest_release(&manifest);
    assert_ok(verify_backup(place.path, true, NULL, NULL, &result, &err), &err);
    assert_string_equal(result.renamed_from, "other.backup");
    get_manifest(&place, &manifest);
    assert_string_equal(manifest.file, BACKUP);
    assert_true(manifest.pinned);
    assert_int_equal(manifest.level, LEVEL_VERIFIED);
    manifest_release(&manifest);
    assert_int_equal(audit_entries(&place, &last), 1);
    assert_text(last, "verify verified verified " BACKUP
                      ": every byte read, as its manifest says, which was that of other.backup");
    verify_result_release(&result);
    place_free(&place);
}

/* --- progress and cancelling ----------------------------------------------------------------------------- */

typedef struct Watch {
    double fraction;
    unsigned calls;
    Cancel *cancel;
} Watch;

static void watch_progress(void *context, const Progress *progress)
{
    Watch *watch = context;
    assert_true(progress->fraction >= watch->fraction && progress->fraction <= 1);
    assert_string_equal(progress->step, "Checking");
    watch->fraction = progress->fraction;
    watch->calls++;
    if (watch->cancel != NULL) {
        cancel_request(watch->cancel);
    }
}

static void progress_ends_at_one(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Error err = ERROR_INIT;
    Watch watch = {.fraction = 0};
    const JobSink sink = {NULL, watch_progress, &watch, NULL};
    put_tables(&place, ARCHIVE_GZIP);
    verify_result_init(&result);
    assert_ok(verify_file(place.path, &sink, NULL, &result, &err), &err);
    assert_true(watch.fraction == 1.0);
    assert_true(watch.calls >= 2);
    verify_result_release(&result);
    place_free(&place);
}

/* --- verify_backup --------------------------------------------------------------------------------------- */

static void remembers_success(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Manifest manifest;
    Error err = ERROR_INIT;
    char *last = NULL;
    verify_result_init(&result);
    put_tables(&place, ARCHIVE_GZIP);

    /* Without a manifest nothing is claimed on the disk, unless it is adopted. */
    assert_ok(verify_backup(place.path, false, NULL, NULL, &result, &err), &err);
    assert_false(fs_exists(place.manifest));
    assert_int_equal(audit_entries(&place, &last), 1);
    assert_text(last, "verify success - " BACKUP ": every byte read; it has no manifest to compare with");

    assert_ok(verify_backup(place.path, true, NULL, NULL, &result, &err), &err);
    get_manifest(&place, &manifest);
    assert_int_equal(manifest.level, LEVEL_READ);
    assert_string_equal(manifest.contents, "data");
    assert_int_equal(manifest.table_count, 2);
    assert_int_equal(manifest.tables[0].rows, 2);
    assert_int_equal(manifest.tables[0].expected, -1);
    assert_int_equal(manifest.warning_count, 1);
    assert_int_equal(audit_entries(&place, &last), 2);
    assert_text(last, "verify success read " BACKUP ": every byte read; it had no manifest and got one");

    /* And again, now with one. The level comes back from "Damaged" and the time is new. */
    manifest.level = LEVEL_BAD;
    manifest.read_at = 1;
    assert_ok(manifest_write(place.manifest, &manifest, &err), &err);
    manifest_release(&manifest);
    assert_ok(verify_backup(place.path, true, NULL, NULL, &result, &err), &err);
    assert_true(result.had_manifest);
    get_manifest(&place, &manifest);
    assert_int_equal(manifest.level, LEVEL_READ); /* not raised by being read again */
    assert_true(manifest.read_at > 1789000000);
    assert_int_equal(manifest.verified_at, 0);
    assert_int_equal(manifest.warning_count, 1);
    manifest_release(&manifest);
    assert_int_equal(audit_entries(&place, &last), 3);
    assert_text(last, "verify success read " BACKUP ": every byte read, as its manifest says");
    verify_result_release(&result);
    place_free(&place);
}

static void remembers_failure(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Manifest before;
    Manifest after;
    Error err = ERROR_INIT;
    char *last = NULL;
    Built built;
    verify_result_init(&result);
    put_tables(&place, ARCHIVE_GZIP);
    put_manifest(&place);
    get_manifest(&place, &before);
    build_tables(ARCHIVE_GZIP, &built);
    built.bytes.buf[built.bytes.len - 8] ^= 1;
    put_file(place.path, built.bytes.buf, built.bytes.len);
    assert_false(verify_backup(place.path, true, NULL, NULL, &result, &err));
    assert_int_equal(err.kind, EK_DAMAGED);
    char *text = error_text(&err);
    char *expected = mem_printf("verify failed damaged " BACKUP ": %s", text);
    assert_int_equal(audit_entries(&place, &last), 1);
    assert_text(last, expected);
    mem_free(expected);
    mem_free(text);
    error_clear(&err);

    /* The manifest still says what the file must be; only the level has changed. */
    get_manifest(&place, &after);
    assert_int_equal(after.level, LEVEL_BAD);
    after.level = before.level;
    char *old = manifest_text(&before);
    assert_text(manifest_text(&after), old);
    mem_free(old);
    manifest_release(&after);
    manifest_release(&before);

    /* A damaged file without a manifest gets none, adopted or not. */
    assert_ok(fs_remove(place.manifest, &err), &err);
    assert_false(verify_backup(place.path, true, NULL, NULL, &result, &err));
    assert_int_equal(err.kind, EK_DAMAGED);
    error_clear(&err);
    assert_false(fs_exists(place.manifest));
    assert_int_equal(audit_entries(&place, NULL), 2);
    assert_null(result.manifest.file);
    built_release(&built);
    place_free(&place);
}

static void cancelled_leaves_no_trace(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Error err = ERROR_INIT;
    Watch watch = {.cancel = cancel_new()};
    const JobSink sink = {NULL, watch_progress, &watch, NULL};
    verify_result_init(&result);
    put_tables(&place, ARCHIVE_GZIP);
    put_manifest(&place);
    char *before = test_read(place.manifest);
    assert_fails(verify_backup(place.path, true, &sink, watch.cancel, &result, &err), &err, EK_CANCELLED,
                 "the check was cancelled");
    assert_int_equal(watch.calls, 1);
    assert_text(test_read(place.manifest), before);
    mem_free(before);
    assert_int_equal(audit_entries(&place, NULL), 0);
    cancel_free(watch.cancel);
    place_free(&place);
}

static void one_job_a_folder(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Error err = ERROR_INIT;
    FsLock *lock = NULL;
    verify_result_init(&result);
    put_tables(&place, ARCHIVE_GZIP);
    assert_ok(folder_lock(place.dir, &lock, &err), &err);
    assert_false(verify_backup(place.path, true, NULL, NULL, &result, &err));
    assert_int_equal(err.kind, EK_BUSY);
    error_clear(&err);
    assert_false(fs_exists(place.manifest));
    /* A job that has the lock checks its file with verify_file. */
    assert_ok(verify_file(place.path, NULL, NULL, &result, &err), &err);
    fs_unlock(lock);
    assert_ok(verify_backup(place.path, true, NULL, NULL, &result, &err), &err);
    verify_result_release(&result);
    place_free(&place);
}

/* What the table of contents says is what verify says of the file, but for what was counted. */
static void contents_as_verified(void **state)
{
    (void)state;
    Place place = place_new();
    VerifyResult result;
    Contents contents;
    Error err = ERROR_INIT;
    put_tables(&place, ARCHIVE_GZIP);
    verify_result_init(&result);
    contents_init(&contents);
    assert_ok(verify_file(place.path, NULL, NULL, &result, &err), &err);
    assert_ok(contents_read(place.path, &contents, &err), &err);
    const Manifest *read = &result.manifest, *seen = &contents.manifest;
    assert_true(seen->started == read->started);
    assert_string_equal(seen->database, read->database);
    assert_string_equal(seen->server_version, read->server_version);
    assert_string_equal(seen->tool_version, read->tool_version);
    assert_string_equal(seen->archive_version, read->archive_version);
    assert_string_equal(seen->compression, read->compression);
    assert_true((contents.needs == NULL) == (read->restore_with == NULL));
    assert_true(contents.needs == NULL || strcmp(contents.needs, read->restore_with) == 0);
    assert_int_equal(seen->table_count, TEST_COUNT(tables));
    for (size_t i = 0; i < TEST_COUNT(tables); i++) {
        assert_string_equal(seen->tables[i].schema, read->tables[i].schema);
        assert_string_equal(seen->tables[i].name, read->tables[i].name);
        assert_int_equal(seen->tables[i].rows, -1);
    }
    contents_release(&contents);
    verify_result_release(&result);
    put_file(place.path, "PGDMP", 5);
    assert_false(contents_read(place.path, &contents, &err));
    assert_int_equal(contents.manifest.table_count, 0);
    error_clear(&err);
    contents_release(&contents);
    place_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_newer_version), cmocka_unit_test(not_readable_now),
        cmocka_unit_test(renamed_with_its_manifest),
        cmocka_unit_test(describes_a_file_without_manifest),
        cmocka_unit_test(agrees_with_its_manifest),
        cmocka_unit_test(refuses_every_flip),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(says_what_differs),
        cmocka_unit_test(weighs_hash_and_contents),
        cmocka_unit_test(unusable_manifest_or_file),
        cmocka_unit_test(progress_ends_at_one),
        cmocka_unit_test(remembers_success),
        cmocka_unit_test(remembers_failure),
        cmocka_unit_test(cancelled_leaves_no_trace),
        cmocka_unit_test(one_job_a_folder), cmocka_unit_test(contents_as_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
