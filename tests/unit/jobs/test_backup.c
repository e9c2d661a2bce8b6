/* What backup_run does without a server: every way out leaves the folder clean, and an entry in the log. */
#include "test_util.h"

#include "jobs/backup.h"
#include "store/auditlog.h"
#include "store/folder.h"

typedef struct Lines {
    size_t count;
    size_t good;
    char *all;
    double last;
    bool fell;
} Lines;

static void take_line(void *context, LogLevel level, const char *text)
{
    Lines *lines = context;
    char *longer = mem_printf("%s%s\n", lines->all == NULL ? "" : lines->all, text);
    mem_free(lines->all);
    lines->all = longer;
    lines->count++;
    lines->good += level == LOG_GOOD;
}

static void take_progress(void *context, const Progress *progress)
{
    Lines *lines = context;
    lines->fell = lines->fell || progress->fraction < lines->last;
    lines->last = progress->fraction;
}

static void closed_port(BackupSpec *spec, char *folder)
{
    *spec = (BackupSpec){.folder = folder};
    connection_init(&spec->connection);
    spec->connection.host = mem_strdup("127.0.0.1");
    spec->connection.port = mem_strdup("1");
    spec->connection.user = mem_strdup("ann");
    spec->connection.database = mem_strdup("cmms");
    secret_set(&spec->connection.password, "hunter2", 7);
}

static bool no_backup(void *context, const char *name, const FsInfo *info)
{
    (void)info;
    *(bool *)context = *(bool *)context && strstr(name, "cmms_backup_") == NULL;
    return true;
}

static void assert_no_backup(const char *folder)
{
    bool none = true;
    Error err = ERROR_INIT;
    assert_ok(fs_list(folder, no_backup, &none, &err), &err);
    assert_true(none);
}

static void fails_cleanly_without_a_server(void **state)
{
    (void)state;
    char *folder = test_dir_new();
    char *left = fs_join(folder, "cmms_backup_20250119_143052.backup.partial");
    char *log = fs_join(folder, AUDITLOG_FILE);
    test_write(left, "half");
    folder_note_job(folder, "abc", "cmms_backup_20250119_143052.backup"); /* as the run did that left it */
    BackupSpec spec;
    closed_port(&spec, folder);
    BackupResult result;
    backup_result_init(&result);
    Lines lines = {.count = 0};
    const JobSink sink = {take_line, take_progress, &lines, NULL};
    Error err = ERROR_INIT;
    assert_fails(backup_run(&spec, &sink, NULL, &result, &err), &err, EK_CONNECT,
                 "nothing answers at 127.0.0.1 port 1");
    assert_null(result.path);
    assert_false(lines.fell);
    assert_int_equal(lines.good, 0);
    assert_string_equal(lines.all,
                        "Starting database backup...\n\xE2\x8F\xB3 This may take several minutes...\n"
                        "Removed \"cmms_backup_20250119_143052.backup.partial\", left by an interrupted backup\n"
                        "Connecting to ann@127.0.0.1:1/cmms\n");
    assert_no_backup(folder);
    char *logged = test_read(log);
    assert_non_null(strstr(logged, "\"failed\""));
    assert_non_null(strstr(logged, "nothing answers at 127.0.0.1 port 1"));
    assert_null(strstr(logged, "hunter2"));
    /* The lock is free again: the second run gets as far. */
    assert_fails(backup_run(&spec, NULL, NULL, &result, &err), &err, EK_CONNECT, "nothing answers at 127.0.0.1 port 1");
    mem_free(logged);
    mem_free(lines.all);
    mem_free(left);
    mem_free(log);
    connection_release(&spec.connection);
    test_dir_remove(folder);
}

static void waits_for_nobody(void **state)
{
    (void)state;
    char *folder = test_dir_new();
    FsLock *lock = NULL;
    Error err = ERROR_INIT;
    assert_ok(folder_lock(folder, &lock, &err), &err);
    BackupSpec spec;
    closed_port(&spec, folder);
    BackupResult result;
    backup_result_init(&result);
    assert_false(backup_run(&spec, NULL, NULL, &result, &err));
    assert_int_equal(err.kind, EK_BUSY);
    error_clear(&err);
    fs_unlock(lock);
    connection_release(&spec.connection);
    test_dir_remove(folder);
}

static void stops_when_told_before(void **state)
{
    (void)state;
    char *folder = test_dir_new();
    BackupSpec spec;
    closed_port(&spec, folder);
    BackupResult result;
    backup_result_init(&result);
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    Error err = ERROR_INIT;
    assert_fails(backup_run(&spec, NULL, cancel, &result, &err), &err, EK_CANCELLED, "the backup was stopped");
    assert_no_backup(folder);
    cancel_free(cancel);
    connection_release(&spec.connection);
    test_dir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fails_cleanly_without_a_server),
                                       cmocka_unit_test(waits_for_nobody), cmocka_unit_test(stops_when_told_before)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
