#include "test_util.h"

#include "postgres/engine.h"
#include "test_env.h"

/* What an engine does before a server is there; a real server is run by tests/e2e/test_sample.py. */

#ifdef _WIN32
#define SUFFIX ".exe"
#else
#define SUFFIX ""
#endif

static const char *const programs[] = {"postgres" SUFFIX, "initdb" SUFFIX, "pg_ctl" SUFFIX};

typedef struct Place {
    char *dir, *bin, *data;
} Place;

/* A folder with files that are named like the server's programs and cannot be run. */
static int set_up(void **state)
{
    Place *place = mem_alloc(sizeof *place);
    Error err = ERROR_INIT;
    place->dir = test_dir_new();
    place->bin = fs_join(place->dir, "bin");
    place->data = fs_join(place->dir, "data");
    assert_ok(fs_make_dirs(place->bin, &err), &err);
    for (size_t i = 0; i < TEST_COUNT(programs); i++) {
        char *path = fs_join(place->bin, programs[i]);
        test_write(path, "no program");
        mem_free(path);
    }
    test_setenv("CMMS_BACKUP_ENGINE", place->bin);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    Place *place = *state;
    test_setenv("CMMS_BACKUP_ENGINE", NULL);
    mem_free(place->bin);
    mem_free(place->data);
    test_dir_remove(place->dir);
    mem_free(place);
    return 0;
}

static char *in_data(const Place *place, const char *name)
{
    return fs_join(place->data, name);
}

/* The data folder with one file in it. */
static void make_data(const Place *place, const char *name, const char *text)
{
    Error err = ERROR_INIT;
    char *path = in_data(place, name);
    assert_ok(fs_make_dirs(place->data, &err), &err);
    test_write(path, text);
    mem_free(path);
}

static void found_where_the_environment_says(void **state)
{
    const Place *place = *state;
    Error err = ERROR_INIT;
    char *bin = NULL;
    assert_ok(engine_find(&bin, &err), &err);
    assert_text(bin, place->bin);
}

static void every_program_is_needed(void **state)
{
    const Place *place = *state;
    for (size_t i = 0; i < TEST_COUNT(programs); i++) {
        Error err = ERROR_INIT;
        char *path = fs_join(place->bin, programs[i]);
        char *message = mem_printf("there is no PostgreSQL server in \"%s\"", place->bin);
        char *bin = NULL;
        assert_ok(fs_remove(path, &err), &err);
        assert_false(engine_find(&bin, &err));
        assert_null(bin);
        assert_string_equal(err.hint, "CMMS_BACKUP_ENGINE must name the folder of postgres, initdb and pg_ctl.");
        assert_error(&err, EK_TOOL, message);
        test_write(path, "no program");
        mem_free(message);
        mem_free(path);
    }
}

static void programs_that_cannot_be_run(void **state)
{
    const Place *place = *state;
    Error err = ERROR_INIT;
    Engine *engine = NULL;
    char *initdb = fs_join(place->bin, programs[1]);
    char *message = mem_printf("could not start \"%s\"", initdb);
    char *secret = in_data(place, "engine.secret");
    char *first = NULL;
    for (int round = 0; round < 2; round++) { /* the lock is given back, and the password stays */
        assert_false(engine_start(place->data, NULL, NULL, &engine, &err));
        assert_null(engine);
        assert_error(&err, EK_TOOL, message);
        char *password = test_read(secret);
        assert_int_equal(strlen(password), 32);
        assert_int_equal(strspn(password, "0123456789abcdef"), 32);
        if (first) {
            assert_string_equal(password, first);
        }
        mem_free(first);
        first = password;
    }
    mem_free(first);
    mem_free(secret);
    mem_free(message);
    mem_free(initdb);
}

static void one_owner_at_a_time(void **state)
{
    const Place *place = *state;
    Error err = ERROR_INIT;
    Engine *engine = NULL;
    FsLock *lock = NULL;
    char *path = in_data(place, "engine.lock");
    char *message = mem_printf("another program uses the server's folder \"%s\"", place->data);
    assert_ok(fs_make_dirs(place->data, &err), &err);
    assert_ok(fs_lock(path, &lock, &err), &err);
    assert_fails(engine_start(place->data, NULL, NULL, &engine, &err), &err, EK_BUSY, message);
    fs_unlock(lock);
    mem_free(message);
    mem_free(path);
}

static void a_cluster_without_its_password(void **state)
{
    const Place *place = *state;
    Error err = ERROR_INIT;
    Engine *engine = NULL;
    char *secret = in_data(place, "engine.secret");
    char *missing = mem_printf("the password file \"%s\" is missing", secret);
    char *empty = mem_printf("the password file \"%s\" is empty", secret);
    char *hint = mem_printf("Delete the folder \"%s\": it is made anew.", place->data);
    make_data(place, "cluster", "");
    assert_false(engine_start(place->data, NULL, NULL, &engine, &err));
    assert_string_equal(err.hint, hint);
    assert_error(&err, EK_DAMAGED, missing);
    make_data(place, "engine.secret", " \n");
    assert_fails(engine_start(place->data, NULL, NULL, &engine, &err), &err, EK_DAMAGED, empty);
    mem_free(hint);
    mem_free(empty);
    mem_free(missing);
    mem_free(secret);
}

static void cancelled_before_it_begins(void **state)
{
    const Place *place = *state;
    Error err = ERROR_INIT;
    Engine *engine = NULL;
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    assert_false(engine_start(place->data, NULL, cancel, &engine, &err));
    assert_int_equal(err.kind, EK_CANCELLED);
    assert_null(engine);
    error_clear(&err);
    cancel_free(cancel);
}

static void nothing_to_stop(void **state)
{
    (void)state;
    engine_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(found_where_the_environment_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_program_is_needed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(programs_that_cannot_be_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_owner_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cluster_without_its_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancelled_before_it_begins, set_up, tear_down),
        cmocka_unit_test(nothing_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
