#include "test_util.h"

#include "cloud/upload_private.h"

#define ADDRESS "https://contoso.sharepoint.com/x?tempauth=eyABC"

static void fill(UploadJournal *journal)
{
    journal_init(journal);
    journal->drive = mem_strdup("b!1");
    journal->folder = mem_strdup("item1");
    journal->name = mem_strdup("a \xC3\xBC.backup");
    journal->partial = mem_strdup("a \xC3\xBC.backup.partial");
    journal->sha256 = mem_strdup("00ff");
    journal->size = 5000000000u;
    journal->begun = 1796000000;
    secret_set(&journal->session, ADDRESS, strlen(ADDRESS));
}

static void is_kept(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char *path = journal_path(dir, "b!1", "item1", "a");
    UploadJournal out;
    UploadJournal in;
    Error err = ERROR_INIT;
    fill(&out);
    journal_init(&in);
    assert_false(journal_load(path, &in));
    assert_ok(journal_save(path, &out, &err), &err);
    char *text = test_read(path);
    assert_null(strstr(text, "tempauth"));
    mem_free(text);
    assert_true(journal_load(path, &in));
    assert_string_equal(in.drive, "b!1");
    assert_string_equal(in.folder, "item1");
    assert_string_equal(in.name, out.name);
    assert_string_equal(in.partial, out.partial);
    assert_null(in.item);
    assert_string_equal(in.sha256, "00ff");
    assert_true(in.size == 5000000000u);
    assert_true(in.begun == 1796000000);
    assert_string_equal(in.session.bytes, ADDRESS);
    secret_release(&out.session);
    assert_ok(journal_save(path, &out, &err), &err);
    assert_true(journal_load(path, &in));
    assert_false(secret_is_set(&in.session));
    journal_release(&in);
    journal_release(&out);
    mem_free(path);
    test_dir_remove(dir);
}

static void has_a_file_for_each_target(void **state)
{
    (void)state;
    static const char *const targets[][3] = {{"a", "b", "c"}, {"ab", "", "c"}, {"a", "b", "d"}, {"a", "c", "b"}};
    char *paths[TEST_COUNT(targets)];
    for (size_t i = 0; i < TEST_COUNT(targets); i++) {
        paths[i] = journal_path("x", targets[i][0], targets[i][1], targets[i][2]);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(paths[i], paths[k]);
        }
    }
    for (size_t i = 0; i < TEST_COUNT(targets); i++) {
        mem_free(paths[i]);
    }
}

static void doubts_what_it_reads(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "{}", "[]", "{\"version\":2,\"drive\":\"d\",\"folder\":\"f\",\"name\":\"n\",\"sha256\":\"s\",\"size\":1}",
        "{\"version\":1,\"drive\":\"d\",\"folder\":\"f\",\"name\":\"n\",\"sha256\":\"s\",\"size\":-1}",
        "{\"version\":1,\"drive\":\"d\",\"folder\":\"f\",\"name\":\"n\",\"size\":1}",
        "{\"version\":1,\"drive\":1,\"folder\":\"f\",\"name\":\"n\",\"sha256\":\"s\",\"size\":1}"};
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        UploadJournal journal;
        journal_init(&journal);
        assert_false(journal_parse(bad[i], strlen(bad[i]), &journal));
        assert_null(journal.drive);
    }
    /* A session that cannot be opened here is none; the rest counts. */
    static const char *const sessions[] = {"", "x", "????", "===="};
    for (size_t i = 0; i < TEST_COUNT(sessions); i++) {
        char *text = mem_printf("{\"version\":1,\"drive\":\"d\",\"folder\":\"f\",\"name\":\"n\",\"sha256\":\"s\","
                                "\"size\":1,\"session\":\"%s\"}", sessions[i]);
        UploadJournal journal;
        journal_init(&journal);
        assert_true(journal_parse(text, strlen(text), &journal));
        assert_false(secret_is_set(&journal.session));
        assert_true(journal.begun == 0); /* as those of earlier versions say nothing of it */
        journal_release(&journal);
        mem_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_kept), cmocka_unit_test(has_a_file_for_each_target),
                                       cmocka_unit_test(doubts_what_it_reads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
