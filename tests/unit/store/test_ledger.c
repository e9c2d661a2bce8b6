#include "test_util.h"

#include "platform/cancel.h"
#include "platform/machine.h"
#include "platform/thread.h"
#include "store/ledger.h"

#define T 1768000000

static void note(Ledger *ledger, int64_t moment, SlotState state, const char *text)
{
    const LedgerSlot slot = {moment, state, moment + 5, 1, (char *)"PC-1", (char *)text};
    ledger_note(ledger, &slot);
}

static void a_slot_once(void **state)
{
    (void)state;
    Ledger ledger;
    ledger_init(&ledger);
    note(&ledger, T + 100, SLOT_DONE, "b");
    note(&ledger, T, SLOT_MISSED, NULL);
    note(&ledger, T + 200, SLOT_FAILED, "no route");
    note(&ledger, T + 200, SLOT_DONE, "c");
    ledger_note(&ledger, &ledger.slots[1]); /* itself */
    assert_int_equal(ledger.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ledger.slots[i].moment, T + 100 * (int64_t)i);
    }
    assert_string_equal(ledger_find(&ledger, T + 200)->text, "c");
    assert_string_equal(ledger_find(&ledger, T + 100)->text, "b");
    assert_null(ledger_find(&ledger, T + 1));
    assert_int_equal(ledger_drop_after(&ledger, T + 105), 1); /* by its moment, and by its beginning */
    assert_int_equal(ledger_drop_after(&ledger, T + 104), 1);
    assert_int_equal(ledger.count, 1);
    ledger_release(&ledger);

    ledger_init(&ledger);
    assert_false(ledger_begun(&ledger));
    ledger.paused_until = T;
    assert_false(ledger_begun(&ledger));
    ledger.since = T;
    assert_true(ledger_begun(&ledger));
    ledger.since = 0;
    note(&ledger, T, SLOT_MISSED, NULL);
    assert_true(ledger_begun(&ledger));
    ledger_release(&ledger);
}

static void written_and_read(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, LEDGER_FILE);
    Error err = ERROR_INIT;
    Ledger ledger;
    ledger_init(&ledger);
    note(&ledger, T, SLOT_DONE, "x");
    assert_ok(ledger_load(dir, true, &ledger, &err), &err); /* there is none */
    assert_int_equal(ledger.count, 0);
    assert_null(ledger.notice);
    ledger.since = T - 7;
    note(&ledger, T, SLOT_FAILED, "the server is away");
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_text(test_read(path), "{\n  \"since\": \"2026-01-09T23:06:33Z\",\n  \"slots\": [\n    {\n"
                                 "      \"slot\": \"2026-01-09T23:06:40Z\",\n      \"state\": \"failed\",\n"
                                 "      \"began\": \"2026-01-09T23:06:45Z\",\n      \"attempts\": 1,\n"
                                 "      \"computer\": \"PC-1\",\n      \"text\": \"the server is away\"\n    }\n"
                                 "  ]\n}\n");
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.since, T - 7);
    assert_int_equal(ledger.count, 1);
    assert_int_equal(ledger.slots[0].state, SLOT_FAILED);
    assert_int_equal(ledger.slots[0].began, T + 5);
    assert_string_equal(ledger.slots[0].computer, "PC-1");

    /* The pause is there only where there is one. */
    assert_int_equal(ledger.paused_until, 0);
    ledger.paused_until = T + 60;
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    ledger.paused_until = 0;
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.paused_until, T + 60);

    /* So is what waits, and what was checked. */
    assert_null(ledger.waits_why);
    assert_int_equal(ledger.checked, 0);
    ledger.paused_until = 0;
    ledger_note_wait(&ledger, T, T + 10, T + 20, "the PC is not plugged in");
    ledger_note_wait(&ledger, T, T + 10, T + 20, ledger.waits_why); /* itself */
    ledger.checked = T + 30;
    ledger.proof_tried = T + 40;
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_string_equal(ledger_waits(&ledger, T), "the PC is not plugged in");
    assert_null(ledger_waits(&ledger, T + 1));
    assert_int_equal(ledger.waits_since, T + 10);
    assert_int_equal(ledger.waits_again, T + 20);
    char *here = machine_host_name();
    assert_string_equal(ledger.waits_computer, here);
    mem_free(here);
    assert_int_equal(ledger.checked, T + 30);
    assert_int_equal(ledger.proof_tried, T + 40);
    ledger_note_wait(&ledger, T, T + 10, T + 20, NULL);
    assert_null(ledger_waits(&ledger, T));
    assert_int_equal(ledger.waits_since, 0);
    ledger.proof_tried = 0;
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_null(ledger_waits(&ledger, T));
    assert_null(ledger_waits(&ledger, 0));
    assert_int_equal(ledger.checked, T + 30);
    assert_int_equal(ledger.proof_tried, 0);
    /* Nonsense there only begins anew: no slot hangs on it. */
    static const char odd[] = "{\"waits\":{\"slot\":7,\"why\":\"x\"},\"checks\":[],\"slots\":[]}";
    Ledger other;
    ledger_init(&other);
    assert_ok(ledger_parse(odd, sizeof odd - 1, &other, &err), &err);
    assert_null(other.waits_why);
    assert_int_equal(other.checked, 0);
    ledger_release(&other);

    /* What could not be read, since when, and no more than so many. */
    ledger_note_unread(&ledger, "a.backup", T, "it is in use");
    ledger_note_unread(&ledger, "b.backup", T, "no access");
    ledger_note_unread(&ledger, "a.backup", T + 50, "it is still in use");
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.unread_count, 2);
    assert_int_equal(ledger_unread(&ledger, "a.backup")->since, T);
    assert_int_equal(ledger_unread(&ledger, "a.backup")->tried, T + 50);
    assert_string_equal(ledger_unread(&ledger, "a.backup")->why, "it is still in use");
    ledger_note_unread(&ledger, "b.backup", T + 60, NULL);
    ledger_note_unread(&ledger, "c.backup", T + 60, NULL);
    assert_null(ledger_unread(&ledger, "b.backup"));
    for (int i = 0; i < LEDGER_UNREAD; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        ledger_note_unread(&ledger, name, T + 70 + i, "x");
    }
    assert_int_equal(ledger.unread_count, LEDGER_UNREAD);
    assert_null(ledger_unread(&ledger, "a.backup"));
    while (ledger.unread_count > 0) {
        ledger_note_unread(&ledger, ledger.unread[0].file, T + 200, NULL);
    }

    /* It does not grow for ever: the oldest go. */
    for (int i = 0; i < LEDGER_KEEP; i++) {
        note(&ledger, T + 60 * (i + 1), SLOT_DONE, "y");
    }
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.count, LEDGER_KEEP);
    assert_int_equal(ledger.slots[0].moment, T + 60);
    ledger_release(&ledger);
    mem_free(path);
    test_dir_remove(dir);
}

/* In doubt it is empty, so that the newest slot runs. */
static void damaged(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "it is empty"},
        {"[]", "it is no ledger of a schedule"},
        {"{\"slots\":{}}", "it is no ledger of a schedule"},
        {"{\"since\":7,\"slots\":[]}", "it is no ledger of a schedule"},
        {"{\"paused_until\":\"soon\",\"slots\":[]}", "it is no ledger of a schedule"},
        {"{\"slots\":[7]}", "slot 1 is none"},
        {"{\"slots\":[{\"slot\":\"2026-01-09T23:06:40Z\",\"state\":\"well\",\"began\":\"2026-01-09T23:06:40Z\","
         "\"attempts\":1}]}", "slot 1 is none"},
        {"{\"slots\":[{\"slot\":\"2026-01-09T23:06:40Z\",\"state\":\"done\",\"began\":\"2026-01-09T23:06:40Z\","
         "\"attempts\":1},{\"slot\":\"2026-13-09T23:06:40Z\",\"state\":\"done\",\"began\":\"2026-01-09T23:06:40Z\","
         "\"attempts\":1}]}", "slot 2 is none"},
        {"{\"slots\":[{\"slot\":\"2026-01-09T23:06:40Z\",\"state\":\"done\",\"began\":\"2026-01-09T23:06:40Z\","
         "\"attempts\":-1}]}", "slot 1 is none"},
    };
    char *dir = test_dir_new(), *path = fs_join(dir, LEDGER_FILE);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Ledger ledger;
        ledger_init(&ledger);
        ledger.since = T;
        note(&ledger, T, SLOT_DONE, "before");
        assert_false(ledger_parse(rows[i].text, strlen(rows[i].text), &ledger, &err));
        assert_int_equal(err.kind, EK_DAMAGED);
        if (i > 0) { /* json_parse has its own words */
            assert_string_equal(err.message, rows[i].why);
        }
        error_clear(&err);
        assert_int_equal(ledger.count, 1); /* as it was */

        test_write(path, rows[i].text);
        assert_ok(ledger_load(dir, false, &ledger, &err), &err); /* who looks leaves it */
        assert_true(fs_exists(path));
        assert_int_equal(ledger.count, 0);
        assert_int_equal(ledger.since, 0);
        assert_true(ledger_begun(&ledger)); /* or an open window would never run a slot again */
        assert_non_null(strstr(ledger.notice, "; the newest slot counts as not run"));
        assert_ok(ledger_load(dir, true, &ledger, &err), &err);
        assert_false(fs_exists(path));
        assert_non_null(strstr(ledger.notice, "and was kept as schedule_ledger.damaged-"));
        assert_int_equal(test_dir_count(dir), i + 1);
        ledger_release(&ledger);
    }
    mem_free(path);
    test_dir_remove(dir);
}

/* Who is killed after a damaged ledger was put aside leaves that it had begun. */
static void begun(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, LEDGER_FILE);
    Error err = ERROR_INIT;
    Ledger ledger;
    ledger_init(&ledger);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_false(ledger_begun(&ledger));
    test_write(path, "no ledger");
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_false(fs_exists(path));
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_true(ledger_begun(&ledger));
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_text(test_read(path), "{\n  \"begun\": true,\n  \"slots\": []\n}\n");
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_null(ledger.notice);
    assert_true(ledger_begun(&ledger));
    note(&ledger, T, SLOT_DONE, "x");
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_false(ledger.begun); /* the slot says it */
    assert_int_equal(ledger_drop_after(&ledger, T - 1), 1);
    assert_true(ledger_begun(&ledger));
    note(&ledger, T, SLOT_DONE, "x"); /* which began five seconds later, as all do here */
    note(&ledger, T + 100, SLOT_DONE, "y");
    assert_int_equal(ledger_drop_ahead(&ledger, 0), 0);
    ledger.ahead_from = T + 105;
    assert_ok(ledger_save(dir, &ledger, &err), &err);
    assert_ok(ledger_load(dir, true, &ledger, &err), &err);
    assert_int_equal(ledger.ahead_from, T + 105);
    assert_int_equal(ledger_drop_ahead(&ledger, T + 105), 0);
    assert_int_equal(ledger_drop_ahead(&ledger, T), 1);
    assert_int_equal(ledger.count, 1);
    assert_int_equal(ledger.slots[0].moment, T);
    ledger_release(&ledger);
    mem_free(path);
    test_dir_remove(dir);
}

static void one_at_a_time(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *gone = fs_join(dir, "gone");
    Error err = ERROR_INIT;
    FsLock *first = NULL, *second = NULL;
    Ledger ledger;
    ledger_init(&ledger);
    assert_ok(ledger_lock(dir, &first, &err), &err);
    assert_fails(ledger_lock(dir, &second, &err), &err, EK_BUSY, "another program is at work on the scheduled backup");
    fs_unlock(first);
    assert_ok(ledger_lock(dir, &second, &err), &err);
    fs_unlock(second);
    assert_false(ledger_load(gone, true, &ledger, &err)); /* a folder that is away says nothing of its ledger */
    assert_int_equal(err.kind, EK_IO);
    error_clear(&err);
    ledger_release(&ledger);
    mem_free(gone);
    test_dir_remove(dir);
}

static void let_go(void *context)
{
    cancel_wait(NULL, 200);
    fs_unlock(context);
}

/* Who only notes something has it for a moment: nobody is refused for that. */
static void awaited(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    FsLock *lock = NULL, *second = NULL;
    assert_ok(ledger_lock(dir, &lock, &err), &err);
    Thread *thread = thread_start(let_go, lock);
    assert_ok(ledger_lock_wait(dir, &second, &err), &err);
    thread_join(thread);
    fs_unlock(second);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_once),
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(damaged),
        cmocka_unit_test(begun),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(awaited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
