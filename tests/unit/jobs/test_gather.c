/* test_gather.c: archives in several files, as a check and a proof meet them: one file of ours, and nothing is left. */
#include "jobs/gather.h"

#include <string.h>

#include "test_util.h"

#include "jobs/load_private.h"
#include "jobs/verify.h"
#include "parts_builder.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "test_env.h"

#define HINT "Do not rely on this file; make a new backup now, or use an older one marked Verified."

static const BuiltEntry entries[] = {
    {.kind = BUILT_NO_DATA, .schema = "public", .name = "orders", .definition = "CREATE TABLE x (a int);\n",
     .desc = "TABLE"},
    {.kind = BUILT_COPY, .schema = "public", .name = "orders", .data = "1\tpump\n2\tfan\n\\.\n\n\n"},
    {.kind = BUILT_OBJECTS, .name = "100..101", .data = "a picture", .objects = 2},
};

typedef struct World {
    char *dir, *data, *folder, *toc, *tar;
    BuiltParts parts;
} World;

static World world_new(void)
{
    const BuildSpec spec = {.minor = 16, .compression = ARCHIVE_NONE, .piped = true, .entries = entries,
                            .count = TEST_COUNT(entries)};
    World world = {.dir = test_dir_new()};
    Built built;
    StrBuf tar;
    world.data = fs_join(world.dir, "data");
    world.folder = fs_join(world.dir, "dump");
    world.toc = fs_join(world.folder, "toc.dat");
    world.tar = fs_join(world.dir, "dump.tar");
    test_setenv("CMMS_BACKUP_DATA", world.data);
    build_parts(&spec, ARCHIVE_GZIP, &world.parts, &built);
    build_folder(&world.parts, world.folder);
    build_tar(&world.parts, &tar);
    put_file_in(world.dir, "dump.tar", tar.buf, tar.len);
    strbuf_release(&tar);
    built_release(&built);
    return world;
}

static void world_free(World *world)
{
    parts_release(&world->parts);
    mem_free(world->tar);
    mem_free(world->toc);
    mem_free(world->folder);
    mem_free(world->data);
    test_dir_remove(world->dir);
    test_setenv("CMMS_BACKUP_DATA", NULL);
}

static bool count_scratch(void *context, const char *name, const FsInfo *info)
{
    (void)info;
    *(int *)context += strncmp(name, PROVE_FOLDER_PREFIX, sizeof PROVE_FOLDER_PREFIX - 1) == 0;
    return true;
}

static int scratch_of(const World *world)
{
    int count = 0;
    fs_list(world->data, count_scratch, &count, NULL);
    return count;
}

/* The folder, the table of contents in it and the tar are the same archive: the same bytes are made of each. */
static void each_form_is_checked(void **state)
{
    (void)state;
    World world = world_new();
    const char *const paths[] = {world.folder, world.toc, world.tar};
    static const char *const names[] = {"dump", "dump", "dump.tar"};
    char *sha256 = NULL;
    for (size_t i = 0; i < TEST_COUNT(paths); i++) {
        VerifyResult result;
        Error err = ERROR_INIT;
        verify_result_init(&result);
        assert_ok(verify_file(paths[i], NULL, NULL, &result, &err), &err);
        assert_string_equal(result.manifest.file, names[i]);
        assert_int_equal(result.manifest.level, LEVEL_READ);
        assert_false(result.had_manifest);
        assert_int_equal(result.manifest.table_count, 1);
        assert_int_equal(result.manifest.tables[0].rows, 2);
        assert_int_equal(result.manifest.large_objects, 2);
        if (sha256 != NULL) {
            assert_string_equal(result.manifest.sha256, sha256);
        }
        mem_free(sha256);
        sha256 = mem_strdup(result.manifest.sha256);
        verify_result_release(&result);
        assert_int_equal(scratch_of(&world), 0);
    }
    mem_free(sha256);
    world_free(&world);
}

/* Beside it, nothing is written: neither a manifest, nor a log, nor a lock. */
static void nothing_is_kept(void **state)
{
    (void)state;
    World world = world_new();
    VerifyResult result;
    Error err = ERROR_INIT;
    char *manifest = folder_manifest_path(world.tar), *log = fs_join(world.dir, AUDITLOG_FILE);
    verify_result_init(&result);
    assert_ok(verify_backup(world.tar, true, NULL, NULL, &result, &err), &err);
    assert_string_equal(result.not_kept, gather_not_kept);
    assert_false(fs_exists(manifest));
    assert_false(fs_exists(log));
    assert_int_equal(scratch_of(&world), 0);
    verify_result_release(&result);
    mem_free(log);
    mem_free(manifest);
    world_free(&world);
}

static void damage_has_a_name(void **state)
{
    (void)state;
    World world = world_new();
    VerifyResult result;
    Error err = ERROR_INIT;
    char *data = fs_join(world.folder, "2.dat.gz");
    verify_result_init(&result);
    assert_ok(fs_remove(data, &err), &err);
    assert_false(verify_file(world.toc, NULL, NULL, &result, &err));
    assert_string_equal(err.hint, HINT);
    assert_error(&err, EK_DAMAGED, "dump is damaged: the file 2.dat is missing (the data of table public.orders)");
    /* Rows that are cut off show when what was made is read. */
    put_file_in(world.folder, "2.dat", "1\tpump\n", 7);
    assert_false(verify_backup(world.folder, true, NULL, NULL, &result, &err));
    assert_int_equal(err.kind, EK_DAMAGED);
    assert_true(strncmp(err.message, "dump is damaged: the rows are cut off: the mark that ends them is missing", 73) ==
                0);
    error_clear(&err);
    assert_int_equal(scratch_of(&world), 0);
    mem_free(data);
    world_free(&world);
}

/* A folder that is none is called what it is. */
static void other_folders(void **state)
{
    (void)state;
    static const struct {
        const char *names[3];
        const char *message, *hint;
    } cases[] = {
        {{NULL}, "other is no backup of this kind: it is a folder", "Name a file that is in it."},
        {{"toc.dat.gz", "2.dat.gz", NULL},
         "other is no backup of this kind: it is an archive in pg_dump's directory format, whose table of contents is "
         "packed",
         "Unpack toc.dat.gz in it."},
        {{"map.dat", "toc.glo", NULL},
         "other is no backup of this kind: it is a folder of pg_dumpall, which has every database of a server",
         "Name one of the folders or files below databases in it: map.dat says whose they are."},
        {{"map.dat", "global.dat", NULL},
         "other is no backup of this kind: it is a folder of pg_dumpall, which has every database of a server",
         "Name one of the folders or files below databases in it: map.dat says whose they are."},
        {{"map.dat", NULL}, "other is no backup of this kind: it is a folder", "Name a file that is in it."},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        World world = world_new();
        VerifyResult result;
        Error err = ERROR_INIT;
        char *other = fs_join(world.dir, "other");
        verify_result_init(&result);
        assert_ok(fs_make_dirs(other, &err), &err);
        for (size_t n = 0; n < 3 && cases[i].names[n] != NULL; n++) {
            put_file_in(other, cases[i].names[n], "x", 1);
        }
        assert_false(verify_file(other, NULL, NULL, &result, &err));
        assert_string_equal(err.hint, cases[i].hint);
        assert_error(&err, EK_FOREIGN, cases[i].message);
        mem_free(other);
        world_free(&world);
    }
}

/* What is in use stays, also when a proof clears away what others left; a file of ours is not taken for another's. */
static void held_and_dropped(void **state)
{
    (void)state;
    World world = world_new();
    Gathered *gathered = NULL;
    Error err = ERROR_INIT;
    char *manifest = folder_manifest_path(world.tar);
    assert_ok(gather_archive(world.toc, NULL, NULL, &gathered, &err), &err);
    assert_string_equal(fs_base_name(gathered_path(gathered, world.toc)), "dump");
    assert_true(gathered_bytes(gathered) > 0);
    prove_clean_up(NULL);
    assert_true(fs_exists(gathered_path(gathered, NULL)));
    gathered_drop(gathered, NULL);
    assert_int_equal(scratch_of(&world), 0);
    put_file_in(world.dir, fs_base_name(manifest), "{}", 2);
    assert_ok(gather_archive(world.tar, NULL, NULL, &gathered, &err), &err);
    assert_null(gathered);
    assert_string_equal(gathered_path(gathered, world.tar), world.tar);
    gathered_drop(gathered, NULL);
    mem_free(manifest);
    world_free(&world);
}

static void stopped(void **state)
{
    (void)state;
    World world = world_new();
    Gathered *gathered = NULL;
    Error err = ERROR_INIT;
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    assert_fails(gather_archive(world.folder, NULL, cancel, &gathered, &err), &err, EK_CANCELLED,
                 "the check was cancelled");
    assert_null(gathered);
    assert_int_equal(scratch_of(&world), 0);
    cancel_free(cancel);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_checked), cmocka_unit_test(nothing_is_kept),
        cmocka_unit_test(damage_has_a_name),    cmocka_unit_test(other_folders),
        cmocka_unit_test(held_and_dropped),     cmocka_unit_test(stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
