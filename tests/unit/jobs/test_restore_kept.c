#include "test_util.h"

#include "jobs/restore.h"
#include "store/settings.h"

#define DAY INT64_C(86400)

/* Never the newest, and none where an age is in doubt. The ages are as a list has them: the newest first. */
static void whose_time_is_over(void **state)
{
    (void)state;
    static const struct {
        int days;
        size_t count;
        int64_t ages[4];
        const char *goes; /* one letter each: '-' stays, 'X' goes */
    } cases[] = {
        {14, 0, {0}, ""},
        {14, 1, {400 * DAY}, "-"},
        {14, 3, {20 * DAY, 30 * DAY, 40 * DAY}, "-XX"},
        {14, 4, {0, 13 * DAY, 14 * DAY, 14 * DAY + 1}, "---X"},
        {14, 2, {0, 15 * DAY}, "-X"},
        {1, 2, {0, DAY}, "--"},
        {0, 3, {20 * DAY, 30 * DAY, 40 * DAY}, "---"},  /* for ever */
        {-1, 2, {20 * DAY, 30 * DAY}, "--"},
        {14, 3, {-60, 20 * DAY, 40 * DAY}, "---"},      /* the clock went back: which is the newest? */
        {14, 3, {DAY, 20 * DAY, -1}, "---"},            /* one does not say since when */
        {3650, 2, {0, INT64_MAX}, "-X"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        KeptDatabase kept[4] = {{.name = NULL}};
        bool goes[4] = {true, true, true, true};
        size_t wanted = 0;
        for (size_t k = 0; k < cases[i].count; k++) {
            kept[k].age = cases[i].ages[k];
            wanted += cases[i].goes[k] == 'X';
        }
        assert_int_equal(restore_plan_kept(kept, cases[i].count, cases[i].days, goes), wanted);
        for (size_t k = 0; k < cases[i].count; k++) {
            assert_int_equal(goes[k], cases[i].goes[k] == 'X');
        }
    }
}

/* However old: rows that are in no backup stay until somebody names it. */
static void with_rows_of_its_own(void **state)
{
    (void)state;
    static const struct {
        int64_t entered;
        bool goes;
    } cases[] = {{0, true}, {1, false}, {-1, false}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const KeptDatabase kept[2] = {{.age = 0}, {.age = 400 * DAY, .entered = cases[i].entered}};
        bool goes[2] = {true, true};
        assert_int_equal(restore_plan_kept(kept, 2, 14, goes), cases[i].goes ? 1 : 0);
        assert_int_equal(goes[1], cases[i].goes);
    }
}

static void what_they_take(void **state)
{
    (void)state;
    KeptDatabase kept[2] = {{.bytes = 1024 * 1024}, {.bytes = 3 * 512 * 1024}};
    assert_text(restore_kept_text(kept, 0), "No older database is kept");
    assert_text(restore_kept_text(kept, 1), "1 older database is kept, for undo: 1.00 MB on the server");
    assert_text(restore_kept_text(kept, 2), "2 older databases are kept, for undo: 2.50 MB on the server");
    kept[1].bytes = -1;
    assert_text(restore_kept_text(kept, 2), "2 older databases are kept, for undo: at least 1.00 MB on the server");
    kept[0].neon = true;
    assert_text(restore_kept_text(kept, 1), "1 older database is kept, for undo: 1.00 MB on the server. Neon counts "
                                            "them to the project's storage: of the Free plan's 0.5 GB, or by the "
                                            "month");
}

/* By settings of which it is known that somebody chose them; else for ever, and why. */
static void how_long(void **state)
{
    (void)state;
    static const struct {
        const char *file; /* NULL: there is none */
        int days;
        const char *why;  /* a part of it; NULL: it is known */
    } cases[] = {
        {NULL, 14, NULL},
        {"{}", 14, NULL},
        {"{\"undo_days\": 3}", 3, NULL},
        {"{\"undo_days\": 0}", 0, NULL},
        {"{\"undo_days\": \"soon\"}", 0, "undo_days was \"soon\""},
        {"{\"undo_days\": -1}", 0, "undo_days was -1"},
        {"{\"undo_days\": 3, \"max_backups\": 0}", 0, "max_backups was 0"},
        {"{\"undo_days\"", 0, "could not be read"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *dir = test_dir_new(), *path = fs_join(dir, SETTINGS_FILE), *why = NULL;
        if (cases[i].file != NULL) {
            test_write(path, cases[i].file);
        }
        assert_int_equal(restore_undo_days(dir, &why), cases[i].days);
        assert_int_equal(why != NULL, cases[i].why != NULL);
        if (why != NULL && strstr(why, cases[i].why) == NULL) {
            fail_msg("%s is not in: %s", cases[i].why, why);
        }
        mem_free(why);
        mem_free(path);
        test_dir_remove(dir);
    }
    char *why = NULL;
    assert_int_equal(restore_undo_days(NULL, &why), 0);
    assert_non_null(why);
    mem_free(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whose_time_is_over), cmocka_unit_test(with_rows_of_its_own),
                                       cmocka_unit_test(what_they_take), cmocka_unit_test(how_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
