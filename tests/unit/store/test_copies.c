#include "test_util.h"

#include "platform/fs.h"
#include "store/copies.h"
#include "store/folder.h"

#define T 1768000000 /* 2026-01-09 23:06:40 UTC */
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER_SHA "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static Copy copy_of(const char *file, CopyState state, int64_t when)
{
    return (Copy){.file = (char *)file,
                  .bytes = 7,
                  .sha256 = (char *)SHA,
                  .level = LEVEL_VERIFIED,
                  .created = T,
                  .state = state,
                  .when = when,
                  .hash = true,
                  .drive = (char *)(state == COPY_THERE ? "b!1" : NULL),
                  .item = (char *)(state == COPY_THERE ? "item1" : NULL)};
}

static void one_of_each_file(void **state)
{
    (void)state;
    Copies copies;
    copies_init(&copies);
    Copy copy = copy_of("a.backup", COPY_WAITING, T);
    copies_set(&copies, &copy);
    copy = copy_of("b.backup", COPY_WAITING, T + 1);
    copies_set(&copies, &copy);
    /* It goes on waiting since then, and has got there now. */
    copy = copy_of("a.backup", COPY_WAITING, T + 100);
    copy.text = (char *)"no route";
    copies_set(&copies, &copy);
    assert_int_equal(copies.count, 2);
    const Copy *found = copies_find(&copies, "a.backup", 7, SHA);
    assert_int_equal(found->when, T);
    assert_string_equal(found->text, "no route");
    copy = copy_of("a.backup", COPY_THERE, T + 200);
    copies_set(&copies, &copy);
    found = copies_find(&copies, "a.backup", 7, SHA);
    assert_int_equal(found->when, T + 200);
    assert_null(found->text);
    copies_set(&copies, found); /* itself */
    assert_int_equal(copies.count, 2);
    /* Another file of that name has none by this, and takes its place when it is noted. */
    assert_null(copies_find(&copies, "a.backup", 8, SHA));
    assert_null(copies_find(&copies, "a.backup", 7, OTHER_SHA));
    assert_null(copies_find(&copies, "a.backup", 7, NULL));
    assert_null(copies_find(&copies, "c.backup", 7, SHA));
    copy = copy_of("a.backup", COPY_WAITING, T + 300);
    copy.sha256 = (char *)OTHER_SHA;
    copies_set(&copies, &copy);
    assert_int_equal(copies.count, 2);
    assert_null(copies_find(&copies, "a.backup", 7, SHA));
    assert_int_equal(copies_find(&copies, "a.backup", 7, OTHER_SHA)->when, T + 300);
    copies_release(&copies);
}

static void written_and_read(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, COPIES_FILE);
    Error err = ERROR_INIT;
    Copies copies;
    copies_init(&copies);
    assert_ok(copies_load(dir, &copies, &err), &err); /* there is none */
    assert_int_equal(copies.count, 0);
    Copy copy = copy_of("a.backup", COPY_THERE, T + 60);
    copy.ours = true;
    copy.place = (char *)"Documents/Backups";
    copy.web_url = (char *)"https://contoso.sharepoint.com/a";
    assert_ok(copies_note(dir, &copy, &err), &err);
    copy = copy_of("b.backup", COPY_WAITING, T + 120);
    copy.tried = T + 180;
    copy.text = (char *)"the network is away";
    assert_ok(copies_note(dir, &copy, &err), &err);
    assert_text(test_read(path),
                "{\n  \"copies\": [\n    {\n      \"file\": \"a.backup\",\n      \"bytes\": 7,\n"
                "      \"sha256\": \"" SHA "\",\n      \"level\": \"verified\",\n"
                "      \"created\": \"2026-01-09T23:06:40Z\",\n      \"state\": \"there\",\n"
                "      \"when\": \"2026-01-09T23:07:40Z\",\n      \"hash\": true,\n      \"ours\": true,\n"
                "      \"drive\": \"b!1\",\n"
                "      \"item\": \"item1\",\n      \"place\": \"Documents/Backups\",\n"
                "      \"web_url\": \"https://contoso.sharepoint.com/a\"\n    },\n    {\n"
                "      \"file\": \"b.backup\",\n      \"bytes\": 7,\n      \"sha256\": \"" SHA "\",\n"
                "      \"level\": \"verified\",\n      \"created\": \"2026-01-09T23:06:40Z\",\n"
                "      \"state\": \"waiting\",\n      \"when\": \"2026-01-09T23:08:40Z\",\n"
                "      \"tried\": \"2026-01-09T23:09:40Z\",\n      \"text\": \"the network is away\"\n    }\n"
                "  ]\n}\n");
    assert_ok(copies_load(dir, &copies, &err), &err);
    assert_int_equal(copies.count, 2);
    const Copy *found = copies_find(&copies, "a.backup", 7, SHA);
    assert_int_equal(found->state, COPY_THERE);
    assert_true(found->hash && found->ours);
    assert_int_equal(found->level, LEVEL_VERIFIED);
    assert_string_equal(found->place, "Documents/Backups");
    Copy *own = copy_new(found);
    assert_string_equal(own->item, "item1");
    copy_free(own);
    copy_free(NULL);
    found = copies_find(&copies, "b.backup", 7, SHA);
    assert_int_equal(found->state, COPY_WAITING);
    assert_int_equal(found->tried, T + 180);
    assert_string_equal(found->text, "the network is away");
    /* For which key. */
    copy = copy_of("c.backup", COPY_THERE, T);
    copy.key = (char *)"the passphrase number 1f0a 93bc 77e2 40d1";
    assert_ok(copies_note(dir, &copy, &err), &err);
    assert_ok(copies_load(dir, &copies, &err), &err);
    assert_string_equal(copies_find(&copies, "c.backup", 7, SHA)->key, copy.key);
    assert_null(copies_find(&copies, "a.backup", 7, SHA)->key);
    copies_release(&copies);
    mem_free(path);
    test_dir_remove(dir);
}

/* To have brought one back does not make it ours, nor another's of what is. */
static void whose_it_is(void **state)
{
    (void)state;
    Copies copies;
    copies_init(&copies);
    Copy copy = copy_of("a.backup", COPY_THERE, T);
    copies_set(&copies, &copy);
    assert_false(copies_find(&copies, "a.backup", 7, SHA)->ours);
    copy.ours = true;
    copies_set(&copies, &copy);
    copy.ours = false;
    copies_set(&copies, &copy);
    assert_true(copies_find(&copies, "a.backup", 7, SHA)->ours);
    copy.item = (char *)"item2"; /* another file there */
    copies_set(&copies, &copy);
    assert_false(copies_find(&copies, "a.backup", 7, SHA)->ours);
    copies_release(&copies);
}

/* It does not grow for ever: what was noted first goes. */
static void bounded(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, COPIES_FILE);
    Error err = ERROR_INIT;
    StrBuf text;
    Copies copies;
    copies_init(&copies);
    strbuf_init(&text, STRBUF_LARGE);
    strbuf_addstr(&text, "{\"copies\":[");
    for (int i = 0; i < COPIES_KEEP; i++) {
        strbuf_addf(&text, "%s{\"file\":\"%d.backup\",\"bytes\":1,\"sha256\":\"" SHA "\",\"level\":\"read\","
                           "\"state\":\"waiting\",\"when\":\"2026-01-09T23:06:40Z\"}", i ? "," : "", i);
    }
    strbuf_addstr(&text, "]}");
    test_write(path, text.buf);
    const Copy copy = copy_of("new.backup", COPY_THERE, T);
    assert_ok(copies_note(dir, &copy, &err), &err);
    assert_ok(copies_load(dir, &copies, &err), &err);
    assert_int_equal(copies.count, COPIES_KEEP);
    assert_string_equal(copies.items[0].file, "1.backup");
    assert_string_equal(copies.items[COPIES_KEEP - 1].file, "new.backup");
    copies_release(&copies);
    strbuf_release(&text);
    mem_free(path);
    test_dir_remove(dir);
}

/* In doubt there is no copy, so that one is made. */
static void damaged(void **state)
{
    (void)state;
#define ENTRY(members)                                                                                              \
    "{\"copies\":[{\"file\":\"a.backup\",\"bytes\":7,\"sha256\":\"" SHA "\",\"level\":\"read\"," members "}]}"
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", NULL},
        {"[]", "it is no list of copies"},
        {"{\"copies\":{}}", "it is no list of copies"},
        {"{\"copies\":[7]}", "copy 1 is none"},
        {ENTRY("\"state\":\"lost\",\"when\":\"2026-01-09T23:06:40Z\""), "copy 1 is none"},
        {ENTRY("\"state\":\"waiting\""), "copy 1 is none"},
        {ENTRY("\"state\":\"waiting\",\"when\":7"), "copy 1 is none"},
        {ENTRY("\"state\":\"there\",\"when\":\"2026-01-09T23:06:40Z\",\"drive\":\"d\""), "copy 1 is none"},
        {"{\"copies\":[{\"file\":\"a.backup\",\"bytes\":7,\"sha256\":\"12\",\"level\":\"read\",\"state\":\"waiting\","
         "\"when\":\"2026-01-09T23:06:40Z\"}]}", "copy 1 is none"},
        {"{\"copies\":[{\"file\":\"a.backup\",\"bytes\":-7,\"sha256\":\"" SHA "\",\"level\":\"read\","
         "\"state\":\"waiting\",\"when\":\"2026-01-09T23:06:40Z\"}]}", "copy 1 is none"},
    };
    char *dir = test_dir_new(), *path = fs_join(dir, COPIES_FILE), *gone = fs_join(dir, "gone");
    const Copy copy = copy_of("a.backup", COPY_THERE, T);
    Error err = ERROR_INIT;
    Copies copies;
    copies_init(&copies);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        copies_set(&copies, &copy);
        assert_false(copies_parse(rows[i].text, strlen(rows[i].text), &copies, &err));
        assert_int_equal(err.kind, EK_DAMAGED);
        if (rows[i].why != NULL) { /* json_parse has its own words */
            assert_string_equal(err.message, rows[i].why);
        }
        error_clear(&err);
        assert_int_equal(copies.count, 1); /* as it was */
        test_write(path, rows[i].text);
        assert_ok(copies_load(dir, &copies, &err), &err); /* who looks leaves it */
        assert_true(fs_exists(path));
        assert_int_equal(copies.count, 0);
        assert_non_null(strstr(copies.notice, "; no copy on SharePoint is known by it"));
    }
    /* Who notes keeps it aside. */
    assert_ok(copies_note(dir, &copy, &err), &err);
    assert_ok(copies_load(dir, &copies, &err), &err);
    assert_int_equal(copies.count, 1);
    assert_null(copies.notice);
    assert_int_equal(test_dir_count(dir), 3); /* it, the damaged one, the lock */
    assert_false(copies_load(gone, &copies, &err)); /* a folder that is away says nothing of its copies */
    assert_int_equal(err.kind, EK_IO);
    error_clear(&err);
    copies_release(&copies);
    mem_free(gone);
    mem_free(path);
    test_dir_remove(dir);
}

static void forgotten(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Copies copies;
    Error err = ERROR_INIT;
    copies_init(&copies);
    Copy copy = copy_of("a.backup", COPY_THERE, T);
    assert_ok(copies_note(dir, &copy, &err), &err);
    copy.file = (char *)"b.backup";
    assert_ok(copies_note(dir, &copy, &err), &err);
    assert_ok(copies_forget(dir, "a.backup", "b!1", "item1", &err), &err);
    assert_ok(copies_forget(dir, "a.backup", "b!1", "item1", &err), &err); /* nothing is known of it any more */
    assert_ok(copies_forget(dir, "b.backup", "onedrive", "item1", &err), &err); /* it has none there */
    assert_ok(copies_forget(dir, "b.backup", "b!1", "item2", &err), &err);
    copy = copy_of("c.backup", COPY_WAITING, T);
    assert_ok(copies_note(dir, &copy, &err), &err);
    assert_ok(copies_forget(dir, "c.backup", "b!1", "item1", &err), &err);
    assert_ok(copies_load(dir, &copies, &err), &err);
    assert_int_equal(copies.count, 2);
    assert_string_equal(copies.items[0].file, "b.backup");
    assert_string_equal(copies.items[1].file, "c.backup");
    copies_release(&copies);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_each_file),
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(forgotten),
        cmocka_unit_test(whose_it_is),
        cmocka_unit_test(bounded),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
