#include "test_util.h"

#include "archive_builder.h"
#include "base/jsonutil.h"
#include "jobs/verify.h"
#include "platform/clock.h"
#include "store/auditlog.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/retention.h"

#define DAY 86400
#define A "cmms_backup_20260601_020000.backup"
#define N "cmms_backup_20260520_020000.backup"
#define B "cmms_backup_20260501_020000.backup"
#define C "cmms_backup_20260401_020000.backup"
#define D "cmms_backup_20260301_020000.backup"

static const BuiltEntry tables[] = {
    {.kind = BUILT_COPY, .schema = "public", .name = "work_orders", .data = "1\n2\n3\n\\.\n\n\n"},
};

static int64_t now_of_test(void)
{
    CivilTime t = {2026, 6, 2, 12, 0, 0, 0};
    return clock_from_local(&t);
}

static void put_bytes(const char *dir, const char *name, const char *bytes, size_t len)
{
    char *path = fs_join(dir, name);
    FsFile *file = NULL;
    Error err = ERROR_INIT;
    assert_ok(fs_remove(path, &err) && fs_create_new(path, &file, &err) && fs_write(file, bytes, len, &err) &&
                  fs_close(file, &err), &err);
    mem_free(path);
}

static char *manifest_of(const char *dir, const char *name)
{
    char *path = fs_join(dir, name), *manifest = folder_manifest_path(path);
    mem_free(path);
    return manifest;
}

static void read_manifest(const char *dir, const char *name, Manifest *manifest)
{
    char *path = manifest_of(dir, name);
    Error err = ERROR_INIT;
    manifest_init(manifest);
    assert_ok(manifest_read(path, manifest, &err), &err);
    mem_free(path);
}

/* A real archive of our form, with the manifest of a verified backup that was begun when the name says. */
static void put_backup(const char *dir, const char *name, int64_t rows)
{
    const BuildSpec spec = {16, ARCHIVE_GZIP, 0, 0, 0, false, tables, TEST_COUNT(tables)};
    Built built;
    VerifyResult result;
    Error err = ERROR_INIT;
    char *path = fs_join(dir, name), *manifest = manifest_of(dir, name);
    build_archive(&spec, &built);
    put_bytes(dir, name, built.bytes.buf, built.bytes.len);
    built_release(&built);
    verify_result_init(&result);
    assert_ok(verify_file(path, NULL, NULL, &result, &err), &err);
    assert_true(folder_parse_name(name, &result.manifest.started));
    mem_free(result.manifest.database);
    result.manifest.database = mem_strdup("cmms");
    result.manifest.host = mem_strdup("db");
    result.manifest.port = mem_strdup("5432");
    result.manifest.system_identifier = mem_strdup("7");
    result.manifest.database_oid = mem_strdup("16384");
    for (size_t i = 0; i < result.manifest.table_count; i++) {
        result.manifest.tables[i].expected = result.manifest.tables[i].rows;
    }
    result.manifest.large_objects_expected = result.manifest.large_objects;
    result.manifest.level = LEVEL_VERIFIED;
    mem_free(result.manifest.contents); /* the archive of the tests has rows alone */
    result.manifest.contents = NULL;
    if (rows >= 0) { /* what the manifest says of a table that is not in the file: only for retention_watch */
        manifest_add_table(&result.manifest, "public", "equipment", rows, rows, 0);
    }
    assert_ok(manifest_write(manifest, &result.manifest, &err), &err);
    verify_result_release(&result);
    mem_free(manifest);
    mem_free(path);
}

static bool there(const char *dir, const char *name)
{
    char *path = fs_join(dir, name);
    bool is_there = fs_exists(path);
    mem_free(path);
    return is_there;
}

/* The whole log, one line an entry: "cleanup success NAME: message". Caller frees. */
static char *log_lines(const char *dir)
{
    StrBuf lines;
    cJSON *entries = NULL;
    const cJSON *entry;
    Error err = ERROR_INIT;
    strbuf_init(&lines, STRBUF_LARGE);
    assert_ok(auditlog_read(dir, 1000, &entries, &err), &err);
    cJSON_ArrayForEach(entry, entries) {
        strbuf_addf(&lines, "%s %s %s: %s\n", json_string(entry, "operation", "?"), json_string(entry, "status", "?"),
                    json_string(entry, "backup_file", "-"), json_string(entry, "message", "?"));
    }
    cJSON_Delete(entries);
    return strbuf_detach(&lines);
}

static size_t run_ok(const char *dir, const char *made)
{
    Settings settings;
    Error err = ERROR_INIT;
    size_t removed = 99;
    settings_init(&settings);
    assert_ok(retention_run(dir, &settings, made, now_of_test(), NULL, NULL, &removed, &err), &err);
    settings_release(&settings);
    return removed;
}

static void flip(const char *dir, const char *name)
{
    char *path = fs_join(dir, name);
    StrBuf bytes;
    Error err = ERROR_INIT;
    strbuf_init(&bytes, STRBUF_LARGE);
    assert_ok(fs_read_all(path, STRBUF_LARGE, &bytes, &err), &err);
    bytes.buf[bytes.len / 2] = (char)(bytes.buf[bytes.len / 2] ^ 1);
    put_bytes(dir, name, bytes.buf, bytes.len);
    strbuf_release(&bytes);
    mem_free(path);
}

static void the_old_ones_go(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    put_backup(dir, C, -1);
    put_bytes(dir, D, "the predecessor's", 17);
    assert_int_equal(run_ok(dir, NULL), 2);
    assert_true(there(dir, A) && there(dir, D));
    assert_false(there(dir, B) || there(dir, C) || there(dir, B FOLDER_MANIFEST_SUFFIX) ||
                 there(dir, C FOLDER_MANIFEST_SUFFIX));
    assert_text(log_lines(dir), "cleanup started " C ": Removing: older than 30 day(s); " A " is newer and verified\n"
                                "cleanup success " C ": Removed: older than 30 day(s)\n"
                                "cleanup started " B ": Removing: older than 30 day(s); " A " is newer and verified\n"
                                "cleanup success " B ": Removed: older than 30 day(s)\n");
    assert_int_equal(run_ok(dir, NULL), 0);
    test_dir_remove(dir);
}

/* Noted as uploaded; the bytes are the manifest's. */
static void note_copy(const char *dir, const char *name)
{
    Manifest manifest;
    Error err = ERROR_INIT;
    read_manifest(dir, name, &manifest);
    const Copy copy = {.file = manifest.file, .bytes = manifest.bytes, .sha256 = manifest.sha256,
                       .state = COPY_THERE, .when = 7, .drive = (char *)"d", .item = (char *)"i"};
    assert_ok(copies_note(dir, &copy, &err), &err);
    manifest_release(&manifest);
}

/* What is being uploaded stays until the next clean-up, and nobody deletes it; the others go. */
static void uploads(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    FsLock *upload = NULL;
    Error err = ERROR_INIT;
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    put_backup(dir, C, -1);
    assert_ok(folder_upload_lock(dir, C, &upload, &err), &err);
    assert_int_equal(run_ok(dir, NULL), 1);
    assert_true(there(dir, C) && there(dir, C FOLDER_MANIFEST_SUFFIX) && !there(dir, B));
    RetentionRead read = {NULL, 0};
    assert_fails(retention_delete(dir, C, true, &read, NULL, NULL, &err), &err, EK_BUSY, C " is being uploaded");
    assert_true(there(dir, C));
    assert_text(log_lines(dir), "cleanup started " B ": Removing: older than 30 day(s); " A " is newer and verified\n"
                                "cleanup success " B ": Removed: older than 30 day(s)\n");
    fs_unlock(upload);
    assert_int_equal(run_ok(dir, NULL), 1);
    assert_false(there(dir, C));
    retention_read_release(&read);
    test_dir_remove(dir);
}

/* A removal says what it leaves. */
static void the_only_copy(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Settings settings;
    Error err = ERROR_INIT;
    size_t removed = 0;
    settings_init(&settings);
    settings.upload_after_backup = true;
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    put_backup(dir, C, -1);
    note_copy(dir, C);
    assert_ok(retention_run(dir, &settings, NULL, now_of_test(), NULL, NULL, &removed, &err), &err);
    assert_int_equal(removed, 2);
    assert_text(log_lines(dir),
                "cleanup started " C ": Removing: older than 30 day(s); a copy was brought to SharePoint; " A
                " is newer and verified\n"
                "cleanup success " C ": Removed: older than 30 day(s); a copy was brought to SharePoint\n"
                "cleanup started " B ": Removing: older than 30 day(s); it had no copy on SharePoint; " A
                " is newer and verified\n"
                "cleanup success " B ": Removed: older than 30 day(s); it had no copy on SharePoint\n");
    settings_release(&settings);
    test_dir_remove(dir);
}

/* The newest is damaged and nobody knew: it is found, and the next one takes its place. */
static void a_damaged_witness(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Manifest manifest;
    put_backup(dir, A, -1);
    put_backup(dir, N, -1);
    put_backup(dir, C, -1);
    flip(dir, A);
    assert_int_equal(run_ok(dir, NULL), 1);
    assert_true(there(dir, A) && there(dir, N) && !there(dir, C));
    read_manifest(dir, A, &manifest);
    assert_int_equal(manifest.level, LEVEL_BAD);
    manifest_release(&manifest);
    char *lines = log_lines(dir);
    assert_int_equal(strncmp(lines, "verify failed " A ": ", strlen("verify failed " A ": ")), 0);
    assert_non_null(strstr(lines, N " is newer and verified"));
    mem_free(lines);
    test_dir_remove(dir);

    dir = test_dir_new();
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    flip(dir, A);
    assert_int_equal(run_ok(dir, NULL), 0);
    assert_true(there(dir, B));
    test_dir_remove(dir);
}

/* The one that was made just now has been read already: it is not read again. */
static void made_is_trusted(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    flip(dir, A);
    assert_int_equal(run_ok(dir, A), 1);
    test_dir_remove(dir);
}

static void no_log_no_removal(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *log = fs_join(dir, AUDITLOG_FILE);
    Settings settings;
    Error err = ERROR_INIT;
    size_t removed = 99;
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    assert_ok(fs_make_dirs(log, &err), &err);
    settings_init(&settings);
    assert_false(retention_run(dir, &settings, NULL, now_of_test(), NULL, NULL, &removed, &err));
    assert_int_equal(removed, 0);
    assert_int_equal(strncmp(err.message, "nothing was removed: backup_log.json cannot be read", 51), 0);
    assert_true(there(dir, A) && there(dir, B));
    error_clear(&err);
    settings_release(&settings);
    mem_free(log);
    test_dir_remove(dir);
}

static void stops_when_told(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Settings settings;
    Error err = ERROR_INIT;
    Cancel *cancel = cancel_new();
    size_t removed = 99;
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    cancel_request(cancel);
    settings_init(&settings);
    assert_fails(retention_run(dir, &settings, A, now_of_test(), NULL, cancel, &removed, &err), &err, EK_CANCELLED,
                 "the clean-up was stopped");
    assert_int_equal(removed, 0);
    assert_true(there(dir, B));
    settings_release(&settings);
    cancel_free(cancel);
    test_dir_remove(dir);
}

typedef struct Thief {
    const char *dir, *name;
} Thief;

static void take_away(void *context, LogLevel level, const char *text)
{
    const Thief *thief = context;
    (void)level;
    if (strncmp(text, "Removed ", strlen("Removed ")) == 0) {
        char *path = fs_join(thief->dir, thief->name);
        fs_remove(path, NULL);
        mem_free(path);
    }
}

/* The share loses the newest backup between two removals: what it would have justified stays. */
static void a_lost_witness(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Settings settings;
    Error err = ERROR_INIT;
    Thief thief = {dir, A};
    const JobSink sink = {.log = take_away, .context = &thief};
    size_t removed = 99;
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    put_backup(dir, C, -1);
    settings_init(&settings);
    assert_false(retention_run(dir, &settings, A, now_of_test(), &sink, NULL, &removed, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    assert_int_equal(strncmp(err.message, "nothing more is removed: ", strlen("nothing more is removed: ")), 0);
    assert_int_equal(removed, 1);
    assert_true(there(dir, B));
    error_clear(&err);
    settings_release(&settings);
    test_dir_remove(dir);
}

static void frozen(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, RETENTION_FROZEN_FILE);
    Error err = ERROR_INIT;
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    assert_null(retention_frozen(dir));
    assert_fails(retention_unfreeze(dir, NULL, NULL, &err), &err, EK_NOT_FOUND, "clean-ups are not stopped");
    assert_ok(retention_freeze(dir, "rows are gone", &err), &err);
    assert_text(retention_frozen(dir), "rows are gone");
    assert_int_equal(run_ok(dir, NULL), 0);
    assert_true(there(dir, B));
    /* What cannot be read freezes as well. */
    test_write(path, "{\"reason\": ");
    char *reason = retention_frozen(dir);
    assert_int_equal(strncmp(reason, "retention_frozen.json cannot be read: ", 38), 0);
    mem_free(reason);
    assert_ok(retention_freeze(dir, "rows are gone", &err), &err);
    assert_ok(retention_unfreeze(dir, NULL, NULL, &err), &err);
    assert_null(retention_frozen(dir));
    assert_text(log_lines(dir), "unfreeze success -: Clean-ups are allowed again; they were stopped because rows are "
                                "gone\n");
    assert_int_equal(run_ok(dir, NULL), 1);
    mem_free(path);
    test_dir_remove(dir);
}

static bool delete_one(const char *dir, const char *name, bool force, Error *err)
{
    RetentionRead read = {NULL, 0};
    bool ok = retention_delete(dir, name, force, &read, NULL, NULL, err);
    retention_read_release(&read);
    return ok;
}

/* A person's stop keeps everything as well; there is nothing to look at, so it is no alarm. */
static void stopped_by_hand(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    JobSink sink = {.actor = "o'neil"};
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    assert_ok(retention_stop(dir, "before the audit", &sink, &err), &err);
    assert_text(retention_frozen(dir), "o'neil asked for it (before the audit)");
    assert_null(retention_alarm(dir));
    assert_int_equal(run_ok(dir, NULL), 0);
    assert_true(there(dir, B));
    assert_fails(retention_stop(dir, NULL, &sink, &err), &err, EK_SETTINGS,
                 "clean-ups are stopped already: o'neil asked for it (before the audit)");
    assert_ok(retention_unfreeze(dir, NULL, &sink, &err), &err);
    assert_null(retention_frozen(dir));
    assert_ok(retention_stop(dir, NULL, &sink, &err), &err);
    assert_text(retention_frozen(dir), "o'neil asked for it");
    assert_ok(retention_unfreeze(dir, "o'neil asked for it", &sink, &err), &err);
    assert_text(log_lines(dir),
                "freeze success -: Clean-ups are stopped: o'neil asked for it (before the audit)\n"
                "unfreeze success -: Clean-ups are allowed again; they were stopped because o'neil asked for it "
                "(before the audit)\n"
                "freeze success -: Clean-ups are stopped: o'neil asked for it\n"
                "unfreeze success -: Clean-ups are allowed again; they were stopped because o'neil asked for it\n");
    assert_int_equal(run_ok(dir, NULL), 1);
    test_dir_remove(dir);
}

/* Who answers an alarm ends no stop, whichever came first; and nobody ends what he was not shown. */
static char *watch(const char *dir, int64_t rows, Manifest *coming)
{
    Settings settings;
    Error err = ERROR_INIT;
    char *warning = NULL;
    settings_init(&settings);
    manifest_init(coming);
    coming->database = mem_strdup("cmms");
    coming->host = mem_strdup("db");
    coming->port = mem_strdup("5432");
    coming->system_identifier = mem_strdup("7");
    coming->database_oid = mem_strdup("16384");
    manifest_add_table(coming, "public", "equipment", rows, rows, 0);
    assert_ok(retention_watch(dir, coming, &settings, now_of_test(), &warning, &err), &err);
    settings_release(&settings);
    return warning;
}

/* A dozen backups a day do not crowd out what was there weeks ago. */
static void alarm_of_a_slow_loss_by_the_hour(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Manifest coming;
    put_backup(dir, N, 1000); /* 13 days ago */
    for (int i = 1; i <= 100; i++) {
        char *name = folder_backup_name(now_of_test() - i * 7200);
        put_backup(dir, name, 780);
        mem_free(name);
    }
    char *warning = watch(dir, 690, &coming);
    assert_non_null(coming.alarm);
    assert_string_equal(coming.alarm, "table equipment lost 31 % of its rows (1,000 before, 690 now) since " N);
    mem_free(warning);
    manifest_release(&coming);
    test_dir_remove(dir);
}

/* A sync client takes the file away: the log knows who asked, and that nobody has ended it. */
static void a_stop_whose_file_is_lost(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, RETENTION_FROZEN_FILE);
    Error err = ERROR_INIT;
    JobSink sink = {.actor = "ann"};
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    assert_ok(retention_stop(dir, "before the audit", &sink, &err), &err);
    assert_ok(retention_freeze(dir, "rows are gone", &err), &err);
    assert_ok(retention_unfreeze(dir, "rows are gone", &sink, &err), &err); /* ends the alarm, not the stop */
    assert_ok(fs_remove(path, &err), &err);
    assert_text(retention_frozen(dir), "ann asked for it (before the audit)");
    assert_null(retention_alarm(dir));
    assert_int_equal(run_ok(dir, NULL), 0);
    assert_fails(retention_stop(dir, NULL, &sink, &err), &err, EK_SETTINGS,
                 "clean-ups are stopped already: ann asked for it (before the audit)");
    assert_ok(retention_freeze(dir, "more rows are gone", &err), &err); /* the file is made anew, with both */
    assert_ok(retention_unfreeze(dir, "more rows are gone", &sink, &err), &err);
    assert_text(retention_frozen(dir), "ann asked for it (before the audit)");
    assert_ok(fs_remove(path, &err), &err);
    assert_ok(retention_unfreeze(dir, NULL, &sink, &err), &err);
    assert_null(retention_frozen(dir));
    assert_int_equal(run_ok(dir, NULL), 1);
    mem_free(path);
    test_dir_remove(dir);
}

static void an_alarm_and_a_stop(void **state)
{
    (void)state;
    for (int alarm_first = 0; alarm_first < 2; alarm_first++) {
        char *dir = test_dir_new();
        Error err = ERROR_INIT;
        JobSink sink = {.actor = "o'neil"};
        put_backup(dir, A, -1);
        put_backup(dir, B, -1);
        if (alarm_first) {
            assert_ok(retention_freeze(dir, "rows are gone", &err), &err);
        }
        assert_ok(retention_stop(dir, "before the audit", &sink, &err), &err);
        if (!alarm_first) {
            assert_ok(retention_freeze(dir, "rows are gone", &err), &err);
        }
        assert_text(retention_alarm(dir), "rows are gone");
        assert_text(retention_frozen(dir), "rows are gone");
        assert_fails(retention_unfreeze(dir, "other rows are gone", &sink, &err), &err, EK_BUSY,
                     "clean-ups were stopped for another reason meanwhile: rows are gone");
        assert_ok(retention_unfreeze(dir, "rows are gone", &sink, &err), &err);
        assert_null(retention_alarm(dir));
        assert_text(retention_frozen(dir), "o'neil asked for it (before the audit)");
        assert_int_equal(run_ok(dir, NULL), 0);
        assert_true(there(dir, B));
        assert_ok(retention_freeze(dir, "more rows are gone", &err), &err); /* while he is asked about his stop */
        assert_ok(retention_unfreeze(dir, "o'neil asked for it (before the audit)", &sink, &err), &err);
        assert_text(retention_frozen(dir), "more rows are gone");
        assert_int_equal(run_ok(dir, NULL), 0);
        assert_ok(retention_unfreeze(dir, NULL, &sink, &err), &err);
        assert_text(log_lines(dir),
                    "freeze success -: Clean-ups are stopped: o'neil asked for it (before the audit)\n"
                    "unfreeze success -: The alarm was answered: rows are gone; clean-ups stay stopped: o'neil asked "
                    "for it (before the audit)\n"
                    "unfreeze success -: Clean-ups are allowed again; they were stopped because o'neil asked for it "
                    "(before the audit)\n"
                    "unfreeze success -: Clean-ups are allowed again; they were stopped because more rows are gone\n");
        assert_int_equal(run_ok(dir, NULL), 1);
        test_dir_remove(dir);
    }
}

/* A stop that ends confirms no alarm that a backup raised. */
static void a_stop_confirms_nothing(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = manifest_of(dir, A);
    Error err = ERROR_INIT;
    Manifest manifest;
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    assert_ok(retention_stop(dir, NULL, &(JobSink){.actor = "ann"}, &err), &err);
    read_manifest(dir, A, &manifest);
    manifest.alarm = mem_strdup("rows were lost");
    assert_ok(manifest_write(path, &manifest, &err), &err);
    manifest_release(&manifest);
    assert_ok(retention_unfreeze(dir, "ann asked for it", NULL, &err), &err);
    assert_null(retention_frozen(dir));
    read_manifest(dir, A, &manifest);
    assert_null(manifest.alarm_confirmed);
    manifest_release(&manifest);
    assert_int_equal(run_ok(dir, NULL), 0);
    assert_fails(retention_unfreeze(dir, "ann asked for it", NULL, &err), &err, EK_BUSY,
                 "clean-ups were stopped for another reason meanwhile: rows were lost");
    assert_ok(retention_unfreeze(dir, "rows were lost", NULL, &err), &err);
    read_manifest(dir, A, &manifest);
    assert_non_null(manifest.alarm_confirmed);
    manifest_release(&manifest);
    mem_free(path);
    test_dir_remove(dir);
}

static void pins(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Manifest manifest;
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    put_bytes(dir, D, "x", 1);
    assert_ok(retention_pin(dir, B, true, "before the \"upgrade\"", NULL, &err), &err);
    read_manifest(dir, B, &manifest);
    assert_true(manifest.pinned);
    assert_string_equal(manifest.pin_reason, "before the \"upgrade\"");
    assert_int_equal(manifest.level, LEVEL_VERIFIED);
    manifest_release(&manifest);
    assert_int_equal(run_ok(dir, NULL), 0);
    assert_fails(delete_one(dir, B, true, &err), &err, EK_SETTINGS, B " is pinned");
    assert_fails(retention_pin(dir, D, true, NULL, NULL, &err), &err, EK_SETTINGS,
                 D " has no manifest that could hold the pin");
    assert_false(retention_pin(dir, C, true, NULL, NULL, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    assert_ok(retention_pin(dir, B, false, NULL, NULL, &err), &err);
    read_manifest(dir, B, &manifest);
    assert_false(manifest.pinned);
    assert_null(manifest.pin_reason);
    manifest_release(&manifest);
    assert_text(log_lines(dir), "pin success " B ": Pinned: before the \"upgrade\"\n"
                                "unpin success " B ": No longer pinned\n");
    /* A later check keeps the pin. */
    char *path = fs_join(dir, B);
    VerifyResult result;
    verify_result_init(&result);
    assert_ok(retention_pin(dir, B, true, NULL, NULL, &err), &err);
    assert_ok(verify_backup(path, true, NULL, NULL, &result, &err), &err);
    read_manifest(dir, B, &manifest);
    assert_true(manifest.pinned);
    manifest_release(&manifest);
    verify_result_release(&result);
    mem_free(path);
    test_dir_remove(dir);
}

static void deleting(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    put_bytes(dir, D, "x", 1);
    assert_fails(delete_one(dir, D, false, &err), &err, EK_SETTINGS,
                 "there is no verified backup that could take the place of " D);
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    assert_fails(delete_one(dir, A, false, &err), &err, EK_SETTINGS,
                 A " is the newest verified backup of cmms on db");
    assert_ok(delete_one(dir, D, false, &err), &err);
    assert_ok(delete_one(dir, B, false, &err), &err);
    assert_false(there(dir, B) || there(dir, D) || there(dir, B FOLDER_MANIFEST_SUFFIX));
    assert_fails(delete_one(dir, A, false, &err), &err, EK_SETTINGS,
                 A " is the newest verified backup of cmms on db");
    assert_ok(delete_one(dir, A, true, &err), &err);
    assert_false(there(dir, A));
    assert_false(delete_one(dir, A, true, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    assert_text(log_lines(dir), "delete started " D ": Deleting\ndelete success " D ": Deleted\n"
                                "delete started " B ": Deleting\ndelete success " B ": Deleted\n"
                                "delete started " A ": Deleting, although it may be the last good one\n"
                                "delete success " A ": Deleted, although it may be the last good one\n");
    test_dir_remove(dir);
}

/* One that is dated in the future (the clock was wrong then, or is now) takes no other's place, here as in a plan. */
static void the_future_stands_for_nothing(void **state)
{
    (void)state;
    static const char future[] = "cmms_backup_22000101_020000.backup";
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    put_backup(dir, future, -1);
    assert_fails(delete_one(dir, future, false, &err), &err, EK_SETTINGS,
                 "there is no verified backup that could take the place of cmms_backup_22000101_020000.backup");
    put_backup(dir, B, -1);
    assert_fails(delete_one(dir, B, false, &err), &err, EK_SETTINGS,
                 B " is the newest verified backup of cmms on db");
    assert_ok(delete_one(dir, future, false, &err), &err);
    assert_true(there(dir, B) && !there(dir, future));
    /* But it is not nothing: where the other is found damaged, or there is none of its database, it is the last. */
    put_backup(dir, future, -1);
    flip(dir, B);
    assert_fails(delete_one(dir, future, false, &err), &err, EK_SETTINGS,
                 "cmms_backup_22000101_020000.backup is the newest verified backup of cmms on db");
    put_backup(dir, A, -1);
    Manifest manifest;
    read_manifest(dir, A, &manifest);
    mem_free(manifest.system_identifier);
    manifest.system_identifier = mem_strdup("8"); /* another server's */
    char *path = manifest_of(dir, A);
    assert_ok(manifest_write(path, &manifest, &err), &err);
    assert_fails(delete_one(dir, future, false, &err), &err, EK_SETTINGS,
                 "cmms_backup_22000101_020000.backup is the newest verified backup of cmms on db");
    assert_true(there(dir, future));
    manifest_release(&manifest);
    mem_free(path);
    test_dir_remove(dir);
}

/* The one that would be left is read first. Found damaged, the next one counts; the last good one is not deleted. */
static void deleting_reads_what_is_left(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Manifest manifest;
    put_backup(dir, A, -1);
    put_backup(dir, N, -1);
    put_backup(dir, B, -1);
    flip(dir, A);
    assert_ok(delete_one(dir, B, false, &err), &err);
    assert_fails(delete_one(dir, N, false, &err), &err, EK_SETTINGS,
                 N " is the newest verified backup of cmms on db");
    assert_true(there(dir, A) && there(dir, N) && !there(dir, B));
    read_manifest(dir, A, &manifest);
    assert_int_equal(manifest.level, LEVEL_BAD);
    manifest_release(&manifest);
    assert_ok(delete_one(dir, A, false, &err), &err); /* a damaged one */
    test_dir_remove(dir);

    /* Several at once: read once. */
    RetentionRead read = {NULL, 0};
    dir = test_dir_new();
    put_backup(dir, A, -1);
    put_backup(dir, B, -1);
    put_backup(dir, C, -1);
    assert_ok(retention_delete(dir, B, false, &read, NULL, NULL, &err), &err);
    assert_int_equal(read.count, 1);
    flip(dir, A); /* nobody looks again */
    assert_ok(retention_delete(dir, C, false, &read, NULL, NULL, &err), &err);
    retention_read_release(&read);
    test_dir_remove(dir);
}

/* Killed between the entry and the outcome: the next clean-up looks, and says how it went. */
static void open_entries_are_closed(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    put_backup(dir, A, -1);
    const AuditEntry gone = {.operation = "delete", .status = "started", .backup_file = B, .message = "Deleting",
                             .seconds = -1};
    const AuditEntry left = {.operation = "cleanup", .status = "started", .backup_file = A, .message = "Removing: x",
                             .seconds = -1};
    const AuditEntry other = {.operation = "backup", .status = "started", .backup_file = C, .message = "-",
                              .seconds = -1}; /* as the predecessor wrote it: nobody removed that one */
    assert_ok(auditlog_append(dir, &other, &err), &err);
    assert_ok(auditlog_append(dir, &gone, &err), &err);
    assert_ok(auditlog_append(dir, &left, &err), &err);
    for (int i = 0; i < 2; i++) { /* once */
        assert_int_equal(run_ok(dir, NULL), 0);
        assert_text(log_lines(dir), "backup started " C ": -\n"
                                    "delete started " B ": Deleting\ncleanup started " A ": Removing: x\n"
                                    "delete success " B ": Removed; the program was ended before it could say so\n"
                                    "cleanup failed " A ": Not removed: the program was ended before\n");
    }
    test_dir_remove(dir);
}

static void one_at_a_time(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    FsLock *lock = NULL;
    Error err = ERROR_INIT;
    put_backup(dir, A, -1);
    assert_ok(folder_lock(dir, &lock, &err), &err);
    assert_fails(retention_pin(dir, A, true, NULL, NULL, &err), &err, EK_BUSY,
                 "another backup job is at work in this folder");
    assert_fails(delete_one(dir, A, true, &err), &err, EK_BUSY,
                 "another backup job is at work in this folder");
    fs_unlock(lock);
    assert_true(there(dir, A));
    test_dir_remove(dir);
}

static void alarm_of_lost_rows(void **state)
{
    (void)state;
    static const struct {
        const char *host, *oid;
        int64_t rows;
        bool alarm;
    } cases[] = {{"db", "16384", 1000, false}, {"db", "16384", 700, false}, {"db", "5", 0, false},
                 {NULL, NULL, 0, false},       {"db2", "16384", 10, true}};
    char *dir = test_dir_new();
    Settings settings;
    Error err = ERROR_INIT;
    settings_init(&settings);
    put_backup(dir, A, 1000);
    put_backup(dir, C, 5000); /* long ago */
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Manifest coming, before;
        char *warning = NULL;
        manifest_init(&coming);
        coming.database = mem_strdup("cmms");
        coming.host = mem_strdup(cases[i].host);
        coming.port = mem_strdup("5432");
        coming.system_identifier = mem_strdup("7");
        coming.database_oid = mem_strdup(cases[i].oid);
        manifest_add_table(&coming, "public", "equipment", cases[i].rows, -1, 0);
        assert_ok(retention_watch(dir, &coming, &settings, now_of_test(), &warning, &err), &err);
        read_manifest(dir, A, &before);
        assert_int_equal(before.pinned, cases[i].alarm);
        if (cases[i].alarm) {
            assert_string_equal(before.pin_reason,
                                "table equipment lost 99 % of its rows (1,000 before, 10 now) since " A);
            assert_text(retention_frozen(dir), before.pin_reason);
            assert_text(warning, "Shrink alarm: table equipment lost 99 % of its rows (1,000 before, 10 now) since " A
                                 ". That backup is pinned, and no old backup is removed until you allow "
                                 "clean-ups again");
        } else {
            assert_null(warning);
            assert_null(retention_frozen(dir));
        }
        manifest_release(&before);
        manifest_release(&coming);
    }
    assert_text(log_lines(dir), "alarm success " A ": Shrink alarm: table equipment lost 99 % of its rows "
                                "(1,000 before, 10 now) since " A
                                ". The backup is pinned, and no old backup is removed\n");
    assert_int_equal(run_ok(dir, NULL), 0);
    settings_release(&settings);
    test_dir_remove(dir);
}

/* A little less each time: measured by the most of the last weeks, not by the last one. */
static void alarm_of_a_slow_loss(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Manifest coming;
    put_backup(dir, B, 1000);
    put_backup(dir, N, 720);
    put_backup(dir, A, 710);
    put_backup(dir, C, 9000); /* long ago */
    assert_null(watch(dir, 701, &coming));
    assert_null(coming.alarm);
    manifest_release(&coming);
    char *warning = watch(dir, 520, &coming);
    assert_string_equal(coming.alarm, "table equipment lost 48 % of its rows (1,000 before, 520 now) since " B);
    assert_non_null(strstr(warning, coming.alarm));
    mem_free(warning);
    manifest_release(&coming);
    test_dir_remove(dir);
}

/* The alarm is in the backup that raised it: it holds without the file that freezes, and that backup is no measure and
 * no witness, until a person has confirmed it. Then it is both, and nothing before it. */
static void alarm_that_nobody_confirmed(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = manifest_of(dir, A), *file = fs_join(dir, RETENTION_FROZEN_FILE);
    Manifest coming, manifest;
    Error err = ERROR_INIT;
    put_backup(dir, C, 1000);
    put_backup(dir, B, 1000);
    put_backup(dir, A, 10);
    read_manifest(dir, A, &manifest);
    manifest.alarm = mem_strdup("rows were lost");
    assert_ok(manifest_write(path, &manifest, &err), &err);
    manifest_release(&manifest);
    assert_int_equal(run_ok(dir, NULL), 0);
    char *warning = watch(dir, 10, &coming);
    assert_non_null(warning); /* told again */
    mem_free(warning);
    manifest_release(&coming);
    assert_ok(fs_remove(file, &err), &err);
    assert_ok(retention_unfreeze(dir, NULL, NULL, &err), &err);
    assert_fails(retention_unfreeze(dir, NULL, NULL, &err), &err, EK_NOT_FOUND, "clean-ups are not stopped");
    read_manifest(dir, A, &manifest);
    assert_string_equal(manifest.alarm, "rows were lost");
    assert_non_null(manifest.alarm_confirmed);
    manifest_release(&manifest);
    assert_null(watch(dir, 10, &coming));
    manifest_release(&coming);
    assert_int_equal(run_ok(dir, A), 1); /* A is not read: see put_backup */
    assert_false(there(dir, C)); /* B is pinned by the alarm that was told again */
    mem_free(file);
    mem_free(path);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_old_ones_go),   cmocka_unit_test(a_damaged_witness), cmocka_unit_test(made_is_trusted),
        cmocka_unit_test(no_log_no_removal), cmocka_unit_test(stops_when_told), cmocka_unit_test(a_lost_witness),
        cmocka_unit_test(frozen),            cmocka_unit_test(uploads), cmocka_unit_test(the_only_copy),
        cmocka_unit_test(stopped_by_hand), cmocka_unit_test(a_stop_whose_file_is_lost),
        cmocka_unit_test(an_alarm_and_a_stop),
        cmocka_unit_test(a_stop_confirms_nothing),
        cmocka_unit_test(pins),              cmocka_unit_test(deleting), cmocka_unit_test(deleting_reads_what_is_left),
        cmocka_unit_test(the_future_stands_for_nothing),
        cmocka_unit_test(open_entries_are_closed),          cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(alarm_of_lost_rows), cmocka_unit_test(alarm_of_a_slow_loss),
        cmocka_unit_test(alarm_of_a_slow_loss_by_the_hour),
        cmocka_unit_test(alarm_that_nobody_confirmed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
