/* What would go from SharePoint, without anybody to ask; the removals are e2e/test_sharepoint_cleanup.py's. */
#include "test_env.h"
#include "test_util.h"

#include <cjson/cJSON.h>

#include "jobs/offsite_clean_up.h"
#include "jobs/offsite_folder.h"
#include "platform/clock.h"
#include "store/folder.h"

#define DAY ((int64_t)86400)
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MOST 6

/* One backup there, newest first. */
typedef struct Row {
    int age;              /* days */
    RemoteState state;
    const char *computer; /* NULL: this one */
    const char *etag;     /* NULL: not told */
    char mark;            /* p pinned here, P pinned there, a an alarm there, c an alarm there that is confirmed here,
                             f a foreign name, e encrypted, b brought back here, i another item there, d another
                             library, n not known here; 0 */
    const char *expected; /* the reason; "-" in front: it goes */
} Row;

typedef struct Case {
    const char *name, *frozen;
    bool all;
    Row rows[MOST];
} Case;

static int64_t now; /* noon, so that no day is cut in two */

static void add(RemoteList *list, Catalog *here, const Row *row)
{
    const int64_t made = now - row->age * DAY;
    Remote *remote = &list->items[list->count++];
    char *name = row->mark == 'f' ? mem_strdup("theirs.backup") : folder_backup_name(made);
    *remote = (Remote){.name = row->mark == 'e' ? mem_printf("%s.age", name) : mem_strdup(name), .file = name,
                       .encrypted = row->mark == 'e', .item = mem_printf("item%d", row->age),
                       .etag = mem_strdup(row->etag), .manifest_item = mem_strdup("m"),
                       .manifest_etag = mem_strdup(row->etag), .quickxor = mem_strdup("q"), .bytes = 7, .created = made,
                       .state = row->state};
    Manifest *manifest = &remote->manifest;
    manifest_init(manifest);
    manifest->file = mem_strdup(name);
    manifest->bytes = 7;
    manifest->sha256 = mem_strdup(SHA);
    manifest->started = made;
    manifest->level = LEVEL_VERIFIED;
    manifest->verified_at = made;
    manifest->large_objects = manifest->large_objects_expected = 0;
    manifest_add_table(manifest, "public", "t", 1, 1, 1);
    manifest->computer = mem_strdup(row->computer ? row->computer : "here-1");
    manifest->host = mem_strdup("h");
    manifest->port = mem_strdup("1");
    manifest->database = mem_strdup("d");
    manifest->system_identifier = mem_strdup("7");
    manifest->database_oid = mem_strdup("8");
    manifest->pinned = row->mark == 'P';
    manifest->alarm = row->mark == 'a' || row->mark == 'c' ? mem_strdup("rows were lost") : NULL;
    if (row->mark == 'p' || row->mark == 'c') {
        catalog_add(here, name, 7, manifest);
        CatalogEntry *entry = &here->entries[here->count - 1];
        entry->pinned = row->mark == 'p';
        if (row->mark == 'c') {
            mem_free(entry->alarm);
            entry->alarm = NULL;
            entry->confirmed = true;
        }
    }
}

/* What the folder knows of it; all of it was uploaded from here, but where the mark says otherwise. */
static void note(Copies *copies, const Remote *remote, char mark)
{
    const Copy copy = {.file = remote->name, .bytes = 7, .sha256 = (char *)SHA, .level = LEVEL_VERIFIED,
                       .state = COPY_THERE, .when = now, .hash = true, .ours = mark != 'b',
                       .drive = (char *)(mark == 'd' ? "library2" : "library"),
                       .item = mark == 'i' ? (char *)"item" : remote->item};
    if (mark != 'n') {
        copies_set(copies, &copy);
    }
}

static void check(const Case *one)
{
    RemoteList list;
    Copies copies;
    Catalog here, there;
    RetentionPlan plan;
    const RetentionRules rules = {.retention_days = 30, .max_backups = 3, .frozen = one->frozen};
    size_t goes = 0;
    copies_init(&copies);
    const OffsiteOwn own = {.computer = "HERE-1", .copies = &copies, .drive = "library"};
    remote_list_init(&list);
    catalog_init(&here);
    catalog_init(&there);
    retention_plan_init(&plan);
    list.items = mem_array(MOST, sizeof *list.items);
    for (size_t i = 0; i < MOST && one->rows[i].expected; i++) {
        add(&list, &here, &one->rows[i]);
        note(&copies, &list.items[i], one->rows[i].mark);
    }
    offsite_clean_up_judge(&list, &here, &rules, one->all ? NULL : &own, now, &there, &plan);
    assert_int_equal(plan.count, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const Row *row = &one->rows[i];
        const RetentionItem *item = NULL;
        for (size_t k = 0; k < plan.count; k++) {
            item = strcmp(plan.items[k].entry->name, list.items[i].name) == 0 ? &plan.items[k] : item;
        }
        assert_non_null(item);
        const bool remove = row->expected[0] == '-';
        if (item->remove != remove || strcmp(item->reason, row->expected + remove) != 0) {
            fail_msg("%s, row %zu: %s%s", one->name, i, item->remove ? "-" : "", item->reason);
        }
        assert_true(!item->remove || item->witness != NULL);
        goes += item->remove;
    }
    assert_int_equal(plan.removals, goes);
    retention_plan_release(&plan);
    catalog_release(&there);
    catalog_release(&here);
    copies_release(&copies);
    remote_list_release(&list);
}

static void what_would_go(void **state)
{
    (void)state;
    static const char elsewhere[] = "this backup folder has not brought it there, and another's pins and settings are "
                                    "not known here";
    static const char young[] = "within 30 day(s), and one of the newest 3";
    static const Case cases[] = {
        {"old ones go, the newest stays", NULL, false,
         {{0, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {1, REMOTE_SAME, NULL, "1", 0, young},
          {40, REMOTE_SAME, NULL, "1", 0, "-older than 30 day(s)"}}},
        {"by their number too", NULL, false,
         {{0, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {1, REMOTE_SAME, NULL, "1", 0, young},
          {2, REMOTE_SAME, NULL, "1", 0, young},
          {3, REMOTE_SAME, NULL, "1", 0, "-beyond the newest 3"}}},
        {"what is not surely what it should be stays, and justifies nothing", NULL, false,
         {{0, REMOTE_SAME_SIZE, NULL, "1", 0, "SharePoint has not said its hash yet"},
          {1, REMOTE_OTHER, NULL, "1", 0, "it is not what its manifest says: look at it on SharePoint"},
          {2, REMOTE_NO_MANIFEST, NULL, "1", 0,
           "it has no manifest there: an upload that is not finished, or somebody else's file"},
          {3, REMOTE_NOT_READ, NULL, "1", 0, "its manifest was not read"},
          {40, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {41, REMOTE_SAME, NULL, "1", 0,
           "older than 30 day(s), but the newest good backup is 40 day(s) old: make one first"}}},
        {"an old one that differs is not removed", NULL, false,
         {{0, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {40, REMOTE_OTHER, NULL, "1", 0, "it is not what its manifest says: look at it on SharePoint"},
          {41, REMOTE_SAME, NULL, NULL, 0, "SharePoint does not say which version of it lies there"},
          {42, REMOTE_SAME, NULL, "1", 'f', "its name is not one that this program gives"}}},
        {"another computer looks after its own", NULL, false,
         {{0, REMOTE_SAME, "PC-2", "1", 0, "the newest verified backup"},
          {40, REMOTE_SAME, "PC-2", "1", 0, "made by another computer, PC-2, whose settings may say otherwise"},
          {41, REMOTE_SAME, NULL, "1", 0, "-older than 30 day(s)"}}},
        {"so does another folder, also of a computer with this name", NULL, false,
         {{0, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {40, REMOTE_SAME, NULL, "1", 'n', elsewhere},
          {41, REMOTE_SAME, NULL, "1", 'b', elsewhere},
          {42, REMOTE_SAME, NULL, "1", 'i', elsewhere},
          {43, REMOTE_SAME, NULL, "1", 'd', elsewhere},
          {44, REMOTE_SAME, NULL, "1", 0, "-older than 30 day(s), and beyond the newest 3"}}},
        {"unless that is asked for", NULL, true,
         {{0, REMOTE_SAME, NULL, "1", 'n', "the newest verified backup"},
          {40, REMOTE_SAME, NULL, "1", 'n', "-older than 30 day(s)"}}},
        {"unless it is asked for", NULL, true,
         {{0, REMOTE_SAME, "PC-2", "1", 0, "the newest verified backup"},
          {40, REMOTE_SAME, "PC-2", "1", 0, "-older than 30 day(s)"}}},
        {"pins of both places", NULL, false,
         {{0, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {40, REMOTE_SAME, NULL, "1", 'p', "pinned"},
          {41, REMOTE_SAME, NULL, "1", 'P', "pinned"},
          {42, REMOTE_SAME, NULL, "1", 0, "-older than 30 day(s)"}}},
        {"an alarm that nobody has looked at", NULL, false,
         {{0, REMOTE_SAME, NULL, "1", 'a', "within 30 day(s)"},
          {1, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {40, REMOTE_SAME, NULL, "1", 0, "older than 30 day(s), but clean-ups are stopped: rows were lost"}}},
        {"that somebody has looked at, here", NULL, false,
         {{0, REMOTE_SAME, NULL, "1", 'c', "the newest verified backup"},
          {40, REMOTE_SAME, NULL, "1", 0, "-older than 30 day(s)"}}},
        {"encrypted copies", NULL, false,
         {{0, REMOTE_SAME, NULL, "1", 'e', "it is encrypted, and whether its key is still kept is not known here"},
          {40, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {41, REMOTE_SAME, NULL, "1", 'e', "it is encrypted, and whether its key is still kept is not known here"},
          {42, REMOTE_SAME, NULL, "1", 0,
           "older than 30 day(s), but the newest good backup is 40 day(s) old: make one first"}}},
        {"stopped", "the clocks differ", false,
         {{0, REMOTE_SAME, NULL, "1", 0, "the newest verified backup"},
          {40, REMOTE_SAME, NULL, "1", 0, "older than 30 day(s), but clean-ups are stopped: the clocks differ"}}},
    };
    const CivilTime noon = {.year = 2026, .month = 11, .day = 30, .hour = 12};
    now = clock_from_local(&noon);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        check(&cases[i]);
    }
}

#define ITEM(id, name, size, etag, hash)                                                                             \
    "{\"id\":\"" id "\",\"name\":\"" name "\",\"size\":" size ",\"eTag\":\"" etag                                     \
    "\",\"file\":{\"hashes\":{\"quickXorHash\":\"" hash "\"}}}"

static void unchanged(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        bool same;
    } rows[] = {
        {ITEM("1", "a", "7", "e", "q"), true},  {ITEM("2", "a", "7", "e", "q"), false},
        {ITEM("1", "b", "7", "e", "q"), false}, {ITEM("1", "a", "8", "e", "q"), false},
        {ITEM("1", "a", "7", "f", "q"), false}, {ITEM("1", "a", "7", "e", "r"), false},
        {ITEM("1", "a", "7", "", "q"), false},  {ITEM("1", "a", "7", "e", ""), false},
        {ITEM("1", "a", "7", "e\\nX: y", "q"), false},
        {"{\"id\":\"1\",\"name\":\"a\",\"size\":7}", false},
        {"null", false},
    };
    const Remote remote = {.name = (char *)"a", .item = (char *)"1", .etag = (char *)"e", .quickxor = (char *)"q",
                           .bytes = 7};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        cJSON *item = cJSON_Parse(rows[i].item);
        assert_int_equal(offsite_is_unchanged(&remote, item), rows[i].same);
        cJSON_Delete(item);
    }
}

/* A library that was set up before it is not cleaned up. */
static void not_in_onedrives_folder(void **state)
{
    (void)state;
    char *data = test_dir_new(), *dir = test_dir_new(), *fake = fs_join(data, "fake");
    const OffsiteCleanUpSpec spec = {.folder = dir};
    OffsiteCleanUpPlan plan;
    Error err = ERROR_INIT;
    size_t removed = 1;
    offsite_clean_up_plan_init(&plan);
    test_setenv("CMMS_BACKUP_DATA", data);
    test_write(fake, "provider=OneDrive!x!Business1\nengine=0\n");
    test_setenv("CMMS_BACKUP_FAKE_SYNC", fake);
    assert_ok(offsite_folder_choose(dir, &err), &err);
    static const char why[] = "copies go to a folder that OneDrive keeps in step, and nothing is cleaned up there";
    assert_fails(offsite_clean_up_plan(&spec, NULL, NULL, &plan, &err), &err, EK_SETTINGS, why);
    assert_fails(offsite_clean_up(&spec, NULL, NULL, &removed, &err), &err, EK_SETTINGS, why);
    assert_int_equal(removed, 0);
    test_setenv("CMMS_BACKUP_FAKE_SYNC", NULL);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    offsite_clean_up_plan_release(&plan);
    mem_free(fake);
    test_dir_remove(dir);
    test_dir_remove(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_would_go), cmocka_unit_test(unchanged),
                                       cmocka_unit_test(not_in_onedrives_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
