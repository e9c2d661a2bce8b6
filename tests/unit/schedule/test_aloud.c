#include "test_util.h"

#include "schedule/aloud.h"
#include "store/retention.h"
#include "test_env.h"

#define NOON ((int64_t)1796040000)

static char *dir, *folder;

static int begin(void **state)
{
    Error err = ERROR_INIT;
    (void)state;
    dir = test_dir_new();
    char *own = fs_join(dir, "own");
    folder = fs_join(dir, "b");
    assert_ok(fs_make_dirs(folder, &err), &err);
    assert_ok(fs_make_dirs(own, &err), &err);
    test_setenv("CMMS_BACKUP_DATA", own);
    mem_free(own);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(folder);
    test_dir_remove(dir);
    return 0;
}

/* One run after the other, each a program of its own: all that goes on is the file's content. */
static void runs(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        const char *done, *failed;
        bool spoilt; /* the file was damaged before */
        NoticeKind kind, last;
        const char *text;
    } rows[] = {
        {0, "made", NULL, false, NOTICE_NONE, NOTICE_NONE, NULL},
        {10, NULL, "no route", false, NOTICE_FAILED, NOTICE_FAILED, "no route"},
        {20, NULL, "no route", false, NOTICE_NONE, NOTICE_FAILED, "no route"},
        {30, NULL, "the disk is full", false, NOTICE_FAILED, NOTICE_FAILED, "the disk is full"},
        {40, "made", NULL, false, NOTICE_NONE, NOTICE_FAILED, "the disk is full"},
        {50, NULL, "the disk is full", false, NOTICE_FAILED, NOTICE_FAILED, "the disk is full"},
        {60, NULL, "the disk is full", true, NOTICE_FAILED, NOTICE_FAILED, "the disk is full"},
        {70, NULL, "the disk is full", false, NOTICE_NONE, NOTICE_FAILED, "the disk is full"},
    };
    char *content = NULL, *path = NULL;
    char *own = machine_local_data_dir();
    Aloud aloud, last;
    Error err = ERROR_INIT;
    aloud_init(&aloud);
    aloud_init(&last);
    path = fs_join(own, ALOUD_FILE);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const NoticeFacts facts = {.now = NOON + rows[i].at, .quiet = true, .done = rows[i].done,
                                   .failed = rows[i].failed, .sign_in_mark = -1};
        if (rows[i].spoilt) {
            content[strlen(content) / 2] = '\0';
        }
        char *after = aloud_decide(&facts, content, &aloud);
        mem_free(content);
        content = after;
        assert_int_equal(aloud.kind, rows[i].kind);
        assert_ok(fs_write_atomic(path, content, strlen(content), &err), &err);
        aloud_read(&last);
        assert_int_equal(last.kind, rows[i].last);
        if (rows[i].text != NULL) {
            assert_string_equal(last.text, rows[i].text);
        } else {
            assert_null(last.text);
        }
        if (rows[i].kind != NOTICE_NONE) {
            assert_int_equal(last.when, facts.now);
            assert_string_equal(aloud.text, last.text);
        }
    }
    assert_ok(fs_remove(path, &err), &err);
    aloud_read(&last);
    assert_int_equal(last.kind, NOTICE_NONE);
    aloud_release(&last);
    aloud_release(&aloud);
    mem_free(content);
    mem_free(path);
    mem_free(own);
}

/* The last that was told; *kind NOTICE_NONE: nothing was to be shown now. */
static char *told(const ScheduledResult *result, const Error *failed, NoticeKind *kind)
{
    const ScheduledSpec spec = {.folder = folder};
    const bool show = aloud_look(&spec, result, failed);
    Aloud aloud;
    aloud_init(&aloud);
    aloud_read(&aloud);
    *kind = show ? aloud.kind : NOTICE_NONE;
    char *text = show ? mem_strdup(aloud.text) : NULL;
    aloud_release(&aloud);
    return text;
}

static void ends(void **state)
{
    (void)state;
    const struct {
        const char *what;
        ErrorKind error; /* EK_NONE: it went well */
        int64_t slot;
        ScheduledOutcome outcome;
        const char *missed;
        NoticeKind kind;
        const char *text;
        bool weak; /* the backup is not verified */
    } rows[] = {
        {"nothing was due", EK_NONE, 0, SCHEDULED_NOTHING, NULL, NOTICE_NONE, NULL, false},
        {"made", EK_NONE, NOON, SCHEDULED_DONE, "2 scheduled backups were missed", NOTICE_NONE, NULL, false},
        {"stopped by hand", EK_CANCELLED, NOON, SCHEDULED_NOTHING, NULL, NOTICE_NONE, NULL, false},
        {"another program runs them", EK_BUSY, 0, SCHEDULED_NOTHING, NULL, NOTICE_NONE, NULL, false},
        {"failed", EK_CONNECT, NOON, SCHEDULED_NOTHING, NULL, NOTICE_FAILED, "it went wrong", false},
        {"failed again", EK_CONNECT, NOON, SCHEDULED_NOTHING, NULL, NOTICE_NONE, NULL, false},
        {"a newer one waits", EK_NONE, NOON, SCHEDULED_WAITS, "one was missed", NOTICE_MISSED, "one was missed", false},
        {"it still does", EK_NONE, NOON, SCHEDULED_WAITS, NULL, NOTICE_NONE, NULL, false},
        {"not looked at", EK_IO, 0, SCHEDULED_NOTHING, NULL, NOTICE_UNSEEN, "it went wrong", false},
        {"made again", EK_NONE, NOON, SCHEDULED_DONE, NULL, NOTICE_NONE, NULL, false},
        {"and failed once more", EK_BUSY, NOON, SCHEDULED_NOTHING, NULL, NOTICE_FAILED, "it went wrong", false},
        {"made, and not verified", EK_NONE, NOON, SCHEDULED_DONE, NULL, NOTICE_DONE,
         "A backup was made, but it is not verified. Make another", true},
        {"and the next one", EK_NONE, NOON, SCHEDULED_DONE, NULL, NOTICE_DONE,
         "A backup was made, but it is not verified. Make another", true},
        {"by another PC, which tells it", EK_NONE, NOON, SCHEDULED_BY_OTHERS, NULL, NOTICE_NONE, NULL, true},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        ScheduledResult result;
        NoticeKind kind = NOTICE_NONE;
        scheduled_result_init(&result);
        result.slot = rows[i].slot;
        result.outcome = rows[i].outcome;
        result.missed_text = mem_strdup(rows[i].missed);
        result.backup.manifest.level = rows[i].weak ? LEVEL_READ : LEVEL_VERIFIED;
        if (rows[i].error != EK_NONE) {
            error_set(&err, rows[i].error, "it went wrong");
        }
        char *text = told(&result, rows[i].error != EK_NONE ? &err : NULL, &kind);
        if (kind != rows[i].kind || (text == NULL) != (rows[i].text == NULL) ||
            (text != NULL && strcmp(text, rows[i].text) != 0)) {
            print_error("%s: \"%s\": %s\n", rows[i].what, notice_title(kind), text != NULL ? text : "(nothing)");
            fail();
        }
        mem_free(text);
        error_clear(&err);
        scheduled_result_release(&result);
    }
}

/* What stands in the folder is told after a run that went well. */
static void what_stands(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    ScheduledResult result;
    NoticeKind kind = NOTICE_NONE;
    scheduled_result_init(&result);
    assert_ok(retention_freeze(folder, "a table lost its rows", &err), &err);
    char *text = told(&result, NULL, &kind);
    assert_int_equal(kind, NOTICE_SHRINK);
    assert_non_null(strstr(text, "a table lost its rows"));
    mem_free(text);
    assert_null(told(&result, NULL, &kind)); /* once */
    assert_ok(retention_unfreeze(folder, NULL, NULL, &err), &err);
    scheduled_result_release(&result);
}

/* What cannot be kept is not shown: each run would show it anew. */
static void a_memory_that_cannot_be_kept(void **state)
{
    (void)state;
    Error err = ERROR_INIT, why = ERROR_INIT;
    ScheduledResult result;
    NoticeKind kind = NOTICE_NONE;
    char *own = machine_local_data_dir(), *path = fs_join(own, ALOUD_FILE);
    scheduled_result_init(&result);
    result.slot = NOON;
    error_set(&why, EK_IO, "another thing");
    assert_ok(fs_remove(path, &err), &err);
    assert_ok(fs_make_dirs(path, &err), &err); /* a folder of that name */
    assert_null(told(&result, &why, &kind));
    error_clear(&why);
    scheduled_result_release(&result);
    mem_free(path);
    mem_free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(runs), cmocka_unit_test(ends), cmocka_unit_test(what_stands),
                                       cmocka_unit_test(a_memory_that_cannot_be_kept)};
    return cmocka_run_group_tests(tests, begin, end);
}
