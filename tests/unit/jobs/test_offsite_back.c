/* The catalog there without anybody to ask; the rest is e2e/test_download.py's. */
#include "test_util.h"

#include "jobs/offsite_back.h"

#define A "cmms_backup_20261129_020000.backup"
#define B "cmms_backup_20261130_020000.backup"

static void what_is_a_backup(void **state)
{
    (void)state;
    static const char listing[] =
        "[{\"id\":\"1\",\"name\":\"" A "\",\"size\":7,\"file\":{\"hashes\":{\"quickXorHash\":\"q\"}}},"
        "{\"id\":\"2\",\"name\":\"" B "\",\"size\":8,\"file\":{},\"webUrl\":\"https://x\"},"
        "{\"id\":\"3\",\"name\":\"CMMS_backup_20261129_020000.BACKUP.manifest.json\",\"size\":3,\"file\":{}},"
        "{\"id\":\"4\",\"name\":\"" B ".partial\",\"size\":3,\"file\":{}},"
        "{\"id\":\"5\",\"name\":\"a folder.backup\",\"size\":0,\"folder\":{}},"
        "{\"id\":\"6\",\"name\":\"..\\\\evil.backup\",\"size\":1,\"file\":{}},"
        "{\"id\":\"7\",\"name\":\"../evil.backup\",\"size\":1,\"file\":{}},"
        "{\"id\":\"8\",\"name\":\".backup\",\"size\":1,\"file\":{}},"
        "{\"name\":\"none.backup\",\"size\":1},{\"id\":\"9\",\"name\":\"sizeless.backup\"},7,null]";
    char *dir = test_dir_new(), *here = fs_join(dir, B);
    cJSON *items = cJSON_Parse(listing);
    RemoteList list;
    assert_non_null(items);
    remote_list_init(&list);
    test_write(here, "x");
    for (int twice = 0; twice < 2; twice++) {
        remote_list_take(&list, items, dir);
        assert_int_equal(list.count, 2);
        const Remote *first = &list.items[0], *second = &list.items[1];
        assert_string_equal(first->name, B); /* the newest */
        assert_int_equal(first->state, REMOTE_NO_MANIFEST);
        assert_true(first->here);
        assert_null(first->quickxor);
        assert_string_equal(first->web_url, "https://x");
        assert_string_equal(second->name, A);
        assert_int_equal(second->state, REMOTE_NOT_READ);
        assert_string_equal(second->manifest_item, "3"); /* SharePoint's names know no case */
        assert_string_equal(second->quickxor, "q");
        assert_int_equal(second->bytes, 7);
        assert_false(second->here);
        assert_true(second->created > 0);
    }
    cJSON_Delete(items);
    remote_list_release(&list);
    mem_free(here);
    test_dir_remove(dir);
}

static void comparing(void **state)
{
    (void)state;
    static const struct {
        const char *file, *manifest_hash, *hash;
        uint64_t bytes;
        RemoteState state;
    } rows[] = {
        {A, "q", "q", 7, REMOTE_SAME},        {A, "q", "r", 7, REMOTE_OTHER},     {A, "q", "q", 8, REMOTE_OTHER},
        {B, "q", "q", 7, REMOTE_OTHER},       {A, NULL, "q", 7, REMOTE_SAME_SIZE}, {A, "q", NULL, 7, REMOTE_SAME_SIZE},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const Remote remote = {.name = (char *)A, .bytes = 7, .quickxor = (char *)rows[i].hash};
        const Manifest manifest = {
            .file = (char *)rows[i].file, .bytes = rows[i].bytes, .quickxor = (char *)rows[i].manifest_hash};
        assert_int_equal(remote_compare(&remote, &manifest), rows[i].state);
    }
    assert_string_equal(remote_state_word(REMOTE_SAME), "size and hash");
    assert_string_equal(remote_state_word(REMOTE_NOT_READ), "not read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_a_backup), cmocka_unit_test(comparing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
