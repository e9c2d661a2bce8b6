/* What is made of what Windows says of a file that OneDrive looks after. */
#include "test_env.h"
#include "test_util.h"

#include "platform/cloudsync.h"

static void states(void **state)
{
    (void)state;
    static const struct {
        int64_t placeholder, state, transfer;
        const char *provider;
        CloudSyncState expected;
    } rows[] = {
        {-1, -1, -1, NULL, CLOUDSYNC_NONE},
        {0, 0, -1, NULL, CLOUDSYNC_NONE},             /* an ordinary file in an ordinary folder */
        {0, -1, -1, "OneDrive!1", CLOUDSYNC_WAITING}, /* new in OneDrive's folder: no placeholder yet */
        {9, 2, 0, "OneDrive!1", CLOUDSYNC_DONE},
        {9, 3, -1, "OneDrive!1", CLOUDSYNC_DONE},     /* always kept on this device */
        {9, 1, -1, "OneDrive!1", CLOUDSYNC_DONE},     /* online-only */
        {9, -1, -1, NULL, CLOUDSYNC_DONE},            /* the shell says nothing */
        {-1, 2, -1, NULL, CLOUDSYNC_DONE},            /* Windows before 1709 */
        {1, 2, -1, NULL, CLOUDSYNC_WAITING},          /* they contradict each other */
        {0, 2, -1, NULL, CLOUDSYNC_WAITING},
        {9, 4, -1, NULL, CLOUDSYNC_WAITING},
        {9, 10, -1, NULL, CLOUDSYNC_WAITING},
        {9, 8, -1, NULL, CLOUDSYNC_WAITING},
        {9, 5, -1, NULL, CLOUDSYNC_WAITING},
        {9, 2, 1, NULL, CLOUDSYNC_WAITING},
        {8, -1, -1, NULL, CLOUDSYNC_NONE},            /* in sync, but no placeholder */
        {1, 6, -1, NULL, CLOUDSYNC_MOVING},
        {9, 2, 4, NULL, CLOUDSYNC_MOVING},
        {9, 7, -1, NULL, CLOUDSYNC_FAILED},
        {9, 9, -1, NULL, CLOUDSYNC_FAILED},
        {9, 2, 16, NULL, CLOUDSYNC_FAILED},
        {9, 2, 256, NULL, CLOUDSYNC_FAILED},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const CloudSyncFacts facts = {rows[i].placeholder, rows[i].state, rows[i].transfer, -1,
                                      (char *)rows[i].provider};
        if (cloudsync_state(&facts) != rows[i].expected) {
            fail_msg("row %zu: %d", i, cloudsync_state(&facts));
        }
    }
}

static void troubles(void **state)
{
    (void)state;
    static const struct {
        int64_t engine, transfer;
        CloudSyncTrouble expected;
        const char *words;
    } rows[] = {
        {-1, -1, CLOUDSYNC_FINE, NULL},
        {0, 0, CLOUDSYNC_FINE, NULL},
        {1, -1, CLOUDSYNC_FINE, NULL}, /* the quota is near */
        {2, -1, CLOUDSYNC_FULL, "the space that OneDrive has in the cloud is used up"},
        {4, -1, CLOUDSYNC_SIGNED_OUT, "OneDrive is signed out"},
        {4 | 256, -1, CLOUDSYNC_SIGNED_OUT, "OneDrive is signed out"},
        {8, -1, CLOUDSYNC_METERED, "OneDrive waits, because the line is metered"},
        {16, -1, CLOUDSYNC_DISK_FULL, "OneDrive waits, because the disk of this PC is full"},
        {32, -1, CLOUDSYNC_POLICY, "OneDrive is held by a rule of your organisation or of Microsoft"},
        {64, -1, CLOUDSYNC_POLICY, "OneDrive is held by a rule of your organisation or of Microsoft"},
        {128, -1, CLOUDSYNC_UNAVAILABLE, "OneDrive does not reach Microsoft"},
        {256, -1, CLOUDSYNC_PAUSED, "OneDrive is paused"},
        {-1, 8, CLOUDSYNC_PAUSED, "OneDrive is paused"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const CloudSyncFacts facts = {-1, -1, rows[i].transfer, rows[i].engine, NULL};
        assert_int_equal(cloudsync_trouble(&facts), rows[i].expected);
        assert_int_equal(rows[i].words == NULL, cloudsync_words(rows[i].expected) == NULL);
        if (rows[i].words != NULL) {
            assert_string_equal(cloudsync_words(rows[i].expected), rows[i].words);
            assert_non_null(cloudsync_remedy(rows[i].expected));
        }
    }
}

static void names(void **state)
{
    (void)state;
    CloudSyncFacts facts;
    cloudsync_facts_init(&facts);
    assert_text(cloudsync_name(&facts), "the sync client");
    facts.provider = mem_strdup("OneDrive!S-1-5-21!Business1|x");
    assert_text(cloudsync_name(&facts), "OneDrive");
    assert_true(cloudsync_is_managed(&facts));
    cloudsync_facts_release(&facts);
    assert_false(cloudsync_is_managed(&facts));
    facts.placeholder = 3;
    assert_true(cloudsync_is_managed(&facts));
    facts.placeholder = 0;
    assert_false(cloudsync_is_managed(&facts));
}

static void the_fake(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *file = fs_join(dir, "fake"), *gone = fs_join(dir, "gone");
    CloudSyncFacts facts;
    Error err = ERROR_INIT;
    cloudsync_facts_init(&facts);
    test_write(file, "placeholder=9\r\nstate=2\nengine=256\nprovider=OneDrive!x\nunknown=7\n");
    assert_ok(cloudsync_look(dir, &facts, &err), &err); /* without it: an ordinary folder */
    assert_false(cloudsync_is_managed(&facts));
    test_setenv("CMMS_BACKUP_FAKE_SYNC", file);
    assert_ok(cloudsync_look(dir, &facts, &err), &err);
    assert_int_equal(cloudsync_state(&facts), CLOUDSYNC_DONE);
    assert_int_equal(cloudsync_trouble(&facts), CLOUDSYNC_PAUSED);
    assert_true(facts.transfer == -1);
    assert_false(cloudsync_look(gone, &facts, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    error_clear(&err);
    test_setenv("CMMS_BACKUP_FAKE_SYNC", NULL);
    cloudsync_facts_release(&facts);
    mem_free(gone);
    mem_free(file);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(states), cmocka_unit_test(troubles), cmocka_unit_test(names),
                                       cmocka_unit_test(the_fake)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
