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

static void what_can_come(void **state)
{
    static const struct {
        RemoteState state;
        ErrorKind kind;
        const char *message;
    } rows[] = {
        {REMOTE_NO_MANIFEST, EK_NOT_FOUND, A " has no manifest on SharePoint to compare it with"},
        {REMOTE_OTHER, EK_DAMAGED, A " on SharePoint is not what its manifest says"},
        {REMOTE_SAME, EK_NONE, NULL},
        {REMOTE_SAME_SIZE, EK_NONE, NULL},
        {REMOTE_NOT_READ, EK_NONE, NULL},
    };
    Remote remotes[TEST_COUNT(rows)];
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        remotes[i] = (Remote){.name = (char *)A, .state = rows[i].state, .here = i % 2 == 1};
        assert_int_equal(remote_can_come(&remotes[i], &err), rows[i].kind == EK_NONE);
        if (rows[i].kind != EK_NONE) {
            assert_non_null(err.hint);
            assert_error(&err, rows[i].kind, rows[i].message);
        }
    }
    assert_string_equal(remote_where(&remotes[0]), "there");
    assert_string_equal(remote_where(&remotes[1]), "both");
    const RemoteList all = {.items = remotes, .count = TEST_COUNT(rows)}, none = {.items = remotes, .count = 2};
    assert_int_equal(remote_list_first(&all), 2);
    assert_int_equal(remote_list_first(&none), 2);
}

static void what_is_said_of_one(void **state)
{
    static const struct {
        Manifest manifest;
        bool encrypted;
        const char *text;
    } rows[] = {
        {{.database = (char *)"cmms", .computer = (char *)"OFFICE", .user = (char *)"eva"}, false,
         A ": of the database cmms, made on OFFICE by eva."},
        {{.database = (char *)"cmms"}, true, A ": of the database cmms. It is encrypted."},
        {{.database = NULL}, false, A ": its manifest was not read yet."},
    };
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const Remote remote = {.name = (char *)A, .encrypted = rows[i].encrypted, .manifest = rows[i].manifest};
        char *text = remote_text(&remote);
        assert_string_equal(text, rows[i].text);
        mem_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_a_backup), cmocka_unit_test(comparing),
                                       cmocka_unit_test(what_can_come), cmocka_unit_test(what_is_said_of_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
