/* Which backups are brought to SharePoint after one was made, and what becomes of those that do not get there. */
#include "test_util.h"

#include "jobs/offsite.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/manifest.h"
#include "store/settings.h"
#include "test_env.h"

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NOW 1796040000 /* 2026-11-30 12:00 UTC */
#define DAY 86400
#define NEWEST "cmms_backup_20261130_020000.backup"
#define MIDDLE "cmms_backup_20261129_020000.backup"
#define OLDEST "cmms_backup_20261128_020000.backup"

/* A letter a try: "u" it got there, "C" the network is away, "B" busy, "R" refused, "D" damaged, "S" stopped, "o"
 * another program has brought it there. */
typedef struct World {
    const char *script;
    int64_t now;
    StrBuf done, told;
    char *folder;
} World;

static int64_t now(void *context)
{
    return ((World *)context)->now;
}

static bool pass(void *context, unsigned seconds, const Cancel *cancel)
{
    World *world = context;
    (void)cancel;
    strbuf_addf(&world->done, "%u ", seconds);
    world->now += seconds;
    return false;
}

static void note(const World *world, const char *name, CopyState state, int64_t tried)
{
    Error err = ERROR_INIT;
    const Copy copy = {.file = (char *)name,
                       .bytes = 1,
                       .sha256 = (char *)SHA,
                       .level = LEVEL_VERIFIED,
                       .state = state,
                       .when = NOW - DAY,
                       .tried = tried,
                       .drive = (char *)"d",
                       .item = (char *)"i"};
    assert_ok(copies_note(world->folder, &copy, &err), &err);
}

static const Copy *known(const World *world, Copies *copies, const char *name)
{
    Error err = ERROR_INIT;
    assert_ok(copies_load(world->folder, copies, &err), &err);
    return copies_find(copies, name, 1, SHA);
}

static bool upload(void *context, const char *path, const JobSink *sink, const Cancel *cancel, Error *err)
{
    World *world = context;
    const char *name = fs_base_name(path);
    Copies copies;
    (void)sink;
    (void)cancel;
    copies_init(&copies);
    assert_int_equal(known(world, &copies, name)->state, COPY_WAITING); /* noted before it is tried */
    copies_release(&copies);
    strbuf_addf(&world->done, "%.8s ", name + strlen("cmms_backup_"));
    assert_true(*world->script != '\0');
    switch (*world->script++) {
    case 'u':
        note(world, name, COPY_THERE, 0);
        return true;
    case 'C': return error_set(err, EK_CONNECT, "the network is away");
    case 'B': return error_set(err, EK_BUSY, "another program of this user is uploading");
    case 'R':
        error_set(err, EK_REFUSED, "the sign-in has run out");
        return error_hint(err, "Sign in again.");
    case 'D': return error_set(err, EK_DAMAGED, "it is damaged");
    case 'S': return error_set(err, EK_CANCELLED, "cancelled");
    default:
        note(world, MIDDLE, COPY_THERE, 0);
        note(world, name, COPY_THERE, 0);
        return true;
    }
}

static void hear(void *context, LogLevel level, const char *text)
{
    World *world = context;
    if (level == LOG_WARNING) {
        strbuf_addf(&world->told, "[%s]", text);
    }
}

static void put_backup(const World *world, const char *name, Level level)
{
    char *path = fs_join(world->folder, name), *manifest_path = folder_manifest_path(path);
    Error err = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    test_write(path, "x");
    manifest.file = mem_strdup(name);
    manifest.bytes = 1;
    manifest.sha256 = mem_strdup(SHA);
    manifest.level = level;
    assert_true(folder_parse_name(name, &manifest.started));
    assert_ok(manifest_write(manifest_path, &manifest, &err), &err);
    manifest_release(&manifest);
    mem_free(manifest_path);
    mem_free(path);
}

static char *begin(World *world, bool asked)
{
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    Settings settings;
    settings_init(&settings);
    *world = (World){.script = "", .now = NOW, .folder = dir};
    strbuf_init(&world->done, STRBUF_SMALL);
    strbuf_init(&world->told, STRBUF_SMALL);
    settings.upload_after_backup = asked;
    assert_ok(settings_save(dir, &settings, &err), &err);
    settings_release(&settings);
    return dir;
}

static void end(World *world)
{
    strbuf_release(&world->told);
    strbuf_release(&world->done);
    test_dir_remove(world->folder);
}

static void run(World *world, const char *made, bool patient, OffsiteAfter *after)
{
    const OffsiteWorld in = {now, pass, upload, world};
    char *path = made == NULL ? NULL : fs_join(world->folder, made);
    const OffsiteAfterSpec spec = {.folder = world->folder, .made = path, .patient = patient};
    const JobSink sink = {.log = hear, .context = world};
    world->done.len = 0;
    world->told.len = 0;
    offsite_after_in(&in, &spec, &sink, NULL, after);
    assert_string_equal(world->script, ""); /* all of it was asked for */
    mem_free(path);
}

static const char *text_of(const StrBuf *sb)
{
    return sb->len > 0 ? sb->buf : "";
}

static void what_goes(void **state)
{
    (void)state;
    static const struct {
        const char *what, *made, *script;
        bool asked, patient;
        bool waits;            /* OLDEST and MIDDLE wait */
        bool there;            /* NEWEST is there */
        int64_t tried;         /* of what waits */
        const char *done;
        size_t uploaded, waiting;
        const char *warning;   /* its beginning; NULL: none */
    } rows[] = {
        {"nobody asks", NEWEST, "", false, true, true, false, 0, "", 0, 0, NULL},
        {"what was made", NEWEST, "u", true, false, false, false, 0, "20261130 ", 1, 0, NULL},
        {"nothing was made, and the newest has none", NULL, "u", true, false, false, false, 0, "20261130 ", 1, 0, NULL},
        {"all is there", NULL, "", true, false, false, true, 0, "", 0, 0, NULL},
        {"the newest first, then what waits", NEWEST, "uuu", true, false, true, false, 0,
         "20261130 20261129 20261128 ", 3, 0, NULL},
        {"an older one was made", OLDEST, "u", true, false, false, true, 0, "20261128 ", 1, 0, NULL},
        {"one try", NEWEST, "C", true, false, true, false, 0, "20261130 ", 0, 3,
         NEWEST " has no copy on SharePoint yet: the network is away. It goes on with the next backup or run of the "
                "schedule, or when somebody uploads it."},
        {"with patience", NEWEST, "CCBu", true, true, false, false, 0,
         "20261130 60 20261130 300 20261130 900 20261130 ", 1, 0, NULL},
        {"patience ends", NEWEST, "CCCC", true, true, false, false, 0,
         "20261130 60 20261130 300 20261130 900 20261130 ", 0, 1,
         NEWEST " has no copy on SharePoint yet: the network is away."},
        {"a refusal keeps all", NEWEST, "R", true, true, true, false, 0, "20261130 ", 0, 3,
         NEWEST " has no copy on SharePoint yet: the sign-in has run out. Sign in again. It goes on"},
        {"a damaged one keeps no other", NEWEST, "Duu", true, true, true, false, 0, "20261130 20261129 20261128 ", 2, 1,
         NEWEST " has no copy on SharePoint yet: it is damaged."},
        {"stopped", NEWEST, "S", true, true, true, false, 0, "20261130 ", 0, 3,
         NEWEST " has no copy on SharePoint yet"},
        {"brought there by another program", NEWEST, "ou", true, true, true, false, 0, "20261130 20261128 ", 2, 0,
         NULL},
        {"it rests", NULL, "", true, true, true, true, NOW - 60, "", 0, 2, NULL},
        {"it has rested", NULL, "uu", true, true, true, true, NOW - 900, "20261129 20261128 ", 2, 0, NULL},
        {"tried in the future", NULL, "uu", true, true, true, true, NOW + 60, "20261129 20261128 ", 2, 0, NULL},
        {"a new backup wakes it", NEWEST, "uu", true, true, true, true, NOW - 60, "20261129 20261128 ", 2, 0, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        OffsiteAfter after;
        begin(&world, rows[i].asked);
        offsite_after_init(&after);
        put_backup(&world, NEWEST, LEVEL_VERIFIED);
        put_backup(&world, MIDDLE, LEVEL_VERIFIED);
        put_backup(&world, OLDEST, LEVEL_VERIFIED);
        if (rows[i].waits) {
            note(&world, MIDDLE, COPY_WAITING, rows[i].tried);
            note(&world, OLDEST, COPY_WAITING, rows[i].tried);
        }
        if (rows[i].there) {
            note(&world, NEWEST, COPY_THERE, 0);
        }
        world.script = rows[i].script;
        run(&world, rows[i].made, rows[i].patient, &after);
        if (strcmp(text_of(&world.done), rows[i].done) != 0) {
            print_error("%s: %s\n", rows[i].what, text_of(&world.done));
            fail();
        }
        assert_int_equal(after.asked, rows[i].asked);
        assert_int_equal(after.uploaded, rows[i].uploaded);
        assert_int_equal(after.waiting, rows[i].waiting);
        if (rows[i].warning == NULL) {
            assert_null(after.warning);
        } else {
            assert_non_null(after.warning);
            if (strncmp(after.warning, rows[i].warning, strlen(rows[i].warning)) != 0) {
                print_error("%s: %s\n", rows[i].what, after.warning);
                fail();
            }
            assert_non_null(strstr(world.told.buf, after.warning));
        }
        offsite_after_release(&after);
        end(&world);
    }
}

/* Why it waits, and since when; and that it got there by the next run. */
static void what_is_noted(void **state)
{
    (void)state;
    World world;
    OffsiteAfter after;
    Copies copies;
    begin(&world, true);
    offsite_after_init(&after);
    copies_init(&copies);
    put_backup(&world, NEWEST, LEVEL_VERIFIED);
    world.script = "C";
    run(&world, NEWEST, false, &after);
    const Copy *copy = known(&world, &copies, NEWEST);
    assert_int_equal(copy->state, COPY_WAITING);
    assert_int_equal(copy->when, NOW);
    assert_int_equal(copy->tried, NOW);
    assert_string_equal(copy->text, "the network is away");
    world.now += 3600;
    world.script = "S";
    run(&world, NULL, false, &after);
    copy = known(&world, &copies, NEWEST);
    assert_int_equal(copy->when, NOW);
    assert_int_equal(copy->tried, NOW + 3600);
    assert_string_equal(copy->text, "the upload was stopped");
    world.now += 3600;
    world.script = "u";
    run(&world, NULL, false, &after);
    assert_int_equal(known(&world, &copies, NEWEST)->state, COPY_THERE);
    assert_int_equal(after.waiting, 0);
    assert_null(after.warning);
    run(&world, NULL, false, &after); /* and that was that */
    copies_release(&copies);
    offsite_after_release(&after);
    end(&world);
}

/* What is not verified is no copy that anybody would want back. */
static void only_verified_ones(void **state)
{
    (void)state;
    World world;
    OffsiteAfter after;
    begin(&world, true);
    offsite_after_init(&after);
    put_backup(&world, NEWEST, LEVEL_READ);
    put_backup(&world, MIDDLE, LEVEL_BAD);
    note(&world, MIDDLE, COPY_WAITING, 0);
    run(&world, NEWEST, true, &after);
    assert_string_equal(after.warning, NEWEST " is not verified, so it is not copied to SharePoint. Make another "
                                              "backup.");
    assert_int_equal(after.waiting, 0);
    offsite_after_release(&after);
    end(&world);
}

static void a_folder_that_is_away(void **state)
{
    (void)state;
    World world;
    OffsiteAfter after;
    char *dir = begin(&world, true), *gone = fs_join(dir, "gone");
    offsite_after_init(&after);
    world.folder = gone;
    run(&world, NEWEST, true, &after);
    assert_false(after.asked);
    assert_non_null(strstr(after.warning, "Whether copies go to SharePoint cannot be said: "));
    world.folder = dir;
    mem_free(gone);
    offsite_after_release(&after);
    end(&world);
}

/* The default in the place of what somebody chose is no answer. */
static void settings_that_do_not_say(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        bool noted;
        const char *warning;
    } rows[] = {
        {"{", true, "Whether copies go to SharePoint cannot be said: the settings could not be read. Look at the "
                    "settings, and save them"},
        {"{", false, NULL},
        {"{\"upload_after_backup\": 1}", true,
         "Whether copies go to SharePoint cannot be said: backup_config.json holds a value that cannot be used "
         "(upload_after_backup was 1; false is used). Look at the settings, and save them"},
        {"{\"upload_after_backup\": false, \"max_backups\": 0}", true, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        World world;
        OffsiteAfter after;
        char *dir = begin(&world, false), *path = fs_join(dir, SETTINGS_FILE), *own = fs_join(dir, "own");
        test_setenv("CMMS_BACKUP_DATA", own); /* no place is set up there */
        offsite_after_init(&after);
        put_backup(&world, NEWEST, LEVEL_VERIFIED);
        if (rows[i].noted) {
            note(&world, NEWEST, COPY_THERE, 0);
        }
        test_write(path, rows[i].file);
        run(&world, NEWEST, true, &after);
        assert_false(after.asked);
        assert_string_equal(text_of(&world.done), "");
        if (rows[i].warning == NULL) {
            assert_null(after.warning);
        } else {
            assert_string_equal(after.warning, rows[i].warning);
        }
        offsite_after_release(&after);
        test_setenv("CMMS_BACKUP_DATA", NULL);
        mem_free(own);
        mem_free(path);
        end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes),
        cmocka_unit_test(what_is_noted),
        cmocka_unit_test(only_verified_ones),
        cmocka_unit_test(a_folder_that_is_away),
        cmocka_unit_test(settings_that_do_not_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
