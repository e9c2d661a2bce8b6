/*
 * Ends that a child does not choose.
 *
 * When our own process dies: this program starts itself as the "victim", which runs a fake child that has a child
 * of its own that holds a file; then the victim is killed, or ends itself without any clean-up. Both children
 * must be gone: the file is free.
 */
#include "test_util.h"

#include "platform/cancel.h"
#include "platform/process.h"

static char *fake_child(void)
{
    char *dir = machine_program_dir();
    char *build = fs_dir_name(dir);
    char *fakes = fs_join(build, "fakes");
#ifdef _WIN32
    char *path = fs_join(fakes, "fake_child.exe");
#else
    char *path = fs_join(fakes, "fake_child");
#endif
    mem_free(dir);
    mem_free(build);
    mem_free(fakes);
    return path;
}

static bool pass_on(void *context, const char *bytes, size_t len)
{
    fwrite(bytes, 1, len, stdout);
    fflush(stdout);
    if (context) {
        _Exit(7); /* in the middle of process_run */
    }
    return true;
}

/* The file's name comes in the environment: main's argv cannot hold every name on Windows. */
static int be_victim(const char *way)
{
    char *program = fake_child();
    char *held = machine_getenv("CMMS_TEST_HELD");
    const char *const argv[] = {"fake_child", "stay", held, NULL};
    const bool end_itself = strcmp(way, "ends") == 0;
    const ProcessSpec spec = {
        .program = program, .argv = argv, .on_stdout = pass_on, .context = end_itself ? program : NULL};
    ProcessResult result;
    process_run(&spec, NULL, &result, NULL);
    return 96; /* it never comes back */
}

static bool stop_it(void *context, const char *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    *(bool *)context = true;
    return false;
}

static bool note_it(void *context, const char *bytes, size_t len)
{
    stop_it(context, bytes, len);
    return true;
}

static bool becomes_free(const char *path)
{
    for (unsigned i = 0; i < 1000; i++) {
        FsLock *lock = NULL;
        if (fs_lock(path, &lock, NULL)) {
            fs_unlock(lock);
            return true;
        }
        cancel_wait(NULL, 10);
    }
    return false;
}

static void run_victim(const char *way, bool kill_it)
{
    char *dir = test_dir_new();
    char *held = fs_join(dir, "held");
    char *program = machine_program_path();
    char *name = mem_printf("CMMS_TEST_HELD=%s", held);
    const char *const argv[] = {"victim", way, NULL};
    const char *const env[] = {name, NULL};
    bool ready = false;
    const ProcessSpec spec = {
        .program = program, .argv = argv, .env_set = env, .on_stdout = kill_it ? stop_it : note_it, .context = &ready};
    ProcessResult result = {0, false};
    Error err = ERROR_INIT;
    assert_ok(process_run(&spec, NULL, &result, &err), &err);
    assert_true(ready); /* the file was held by then */
    assert_int_equal(result.stopped, kill_it);
    if (!kill_it) {
        assert_int_equal(result.exit_code, 7);
    }
    assert_true(becomes_free(held));
    mem_free(name);
    mem_free(program);
    mem_free(held);
    test_dir_remove(dir);
}

static void killed(void **state)
{
    (void)state;
    run_victim("waits", true);
}

static void ends_without_clean_up(void **state)
{
    (void)state;
    run_victim("ends", false);
}

static bool third_tick(void *context)
{
    unsigned *ticks = context;
    return ++*ticks < 3;
}

/* Ticks do not wait for output: this one would hang for ever. */
static void a_tick_ends_a_silent_child(void **state)
{
    (void)state;
    char *program = fake_child();
    const char *const argv[] = {"fake_child", "hang", NULL};
    unsigned ticks = 0;
    const ProcessSpec spec = {
        .program = program, .argv = argv, .on_tick = third_tick, .tick_ms = 10, .context = &ticks};
    ProcessResult result = {0, false};
    Error err = ERROR_INIT;
    assert_ok(process_run(&spec, NULL, &result, &err), &err);
    assert_true(result.stopped);
    assert_int_equal(ticks, 3);
    mem_free(program);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed),
        cmocka_unit_test(ends_without_clean_up),
        cmocka_unit_test(a_tick_ends_a_silent_child),
    };
    if (argc == 2) {
        return be_victim(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
