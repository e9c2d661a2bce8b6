/* process_run against fake_child, on both platforms. */
#include "test_util.h"

#include "platform/process.h"
#include "platform/thread.h"

#ifdef _WIN32
/* Only to make a handle that can be inherited; the tests include no windows.h. */
wchar_t *wide_from_utf8(const char *utf8);
typedef struct Inheritable {
    unsigned long size;
    void *descriptor;
    int inherit;
} Inheritable;
__declspec(dllimport) void *__stdcall CreateFileW(const wchar_t *, unsigned long, unsigned long, Inheritable *,
                                                  unsigned long, unsigned long, void *);
__declspec(dllimport) int __stdcall CloseHandle(void *);
#else
#include <fcntl.h>
#include <unistd.h>
#endif

#define U_UMLAUT "\xc3\xbc"
#define HAN "\xe4\xb8\xad"

typedef struct Run {
    StrBuf out;
    StrBuf err;
    size_t out_bytes;
    size_t err_bytes;
    bool count_only;
    unsigned ticks;
    unsigned stop_at_tick;
    bool stop_on_out;
    bool stop_on_err;
    Cancel *request; /* requested at the first output */
} Run;

typedef struct Fixture {
    char *child;   /* fake_child's path */
    char *scratch; /* a folder */
    Run run;
    ProcessResult result;
    Error err;
} Fixture;

static bool take_out(void *context, const char *bytes, size_t len)
{
    Run *run = &((Fixture *)context)->run;

    run->out_bytes += len;
    if (!run->count_only)
        strbuf_add(&run->out, bytes, len);
    if (run->request != NULL)
        cancel_request(run->request);
    return !run->stop_on_out;
}

static bool take_err(void *context, const char *bytes, size_t len)
{
    Run *run = &((Fixture *)context)->run;

    run->err_bytes += len;
    if (!run->count_only)
        strbuf_add(&run->err, bytes, len);
    return !run->stop_on_err;
}

static bool take_tick(void *context)
{
    Run *run = &((Fixture *)context)->run;

    run->ticks++;
    return run->stop_at_tick == 0 || run->ticks < run->stop_at_tick;
}

static void reset(Fixture *f)
{
    strbuf_release(&f->run.out);
    strbuf_release(&f->run.err);
    f->run = (Run){0};
    strbuf_init(&f->run.out, STRBUF_LARGE);
    strbuf_init(&f->run.err, STRBUF_LARGE);
    f->result = (ProcessResult){12345, false};
    error_clear(&f->err);
}

static int set_up(void **state)
{
    Fixture *f = mem_alloc(sizeof *f);
    char *dir = machine_program_dir();
    char *beside = fs_dir_name(dir);
    char *fakes = fs_join(beside, "fakes");

#ifdef _WIN32
    f->child = fs_join(fakes, "fake_child.exe");
#else
    f->child = fs_join(fakes, "fake_child");
#endif
    f->scratch = test_dir_new();
    f->err = (Error)ERROR_INIT;
    strbuf_init(&f->run.out, STRBUF_LARGE);
    strbuf_init(&f->run.err, STRBUF_LARGE);
    reset(f);
    mem_free(fakes);
    mem_free(beside);
    mem_free(dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;

    test_dir_remove(f->scratch); /* fails when the child still holds a file */
    reset(f);
    strbuf_release(&f->run.out);
    strbuf_release(&f->run.err);
    mem_free(f->child);
    mem_free(f);
    return 0;
}

static ProcessSpec spec_for(Fixture *f, const char *const *argv)
{
    return (ProcessSpec){.program = f->child,
                         .argv = argv,
                         .on_stdout = take_out,
                         .on_stderr = take_err,
                         .context = f};
}

static void run_ok(Fixture *f, const ProcessSpec *spec, unsigned exit_code)
{
    bool ok = process_run(spec, NULL, &f->result, &f->err);

    if (!ok)
        print_error("%s: %s\n", f->err.message, f->err.detail == NULL ? "" : f->err.detail);
    assert_true(ok);
    assert_int_equal(f->result.exit_code, exit_code);
    assert_false(f->result.stopped);
    assert_int_equal(f->err.kind, EK_NONE);
}

/* --- what the child is given --------------------------------------------------------------------------- */

static const char *const hard_arguments[] = {"",
                                             "plain",
                                             "two words",
                                             "C:\\my dir\\",
                                             "C:\\dir\\",
                                             "\"",
                                             "say \"hi\" now",
                                             "a\\\\\"b",
                                             "\\\\\\",
                                             " lead and trail ",
                                             "tab\there",
                                             "line\nfeed",
                                             "%PATH% $HOME `x` & | < > ^ ! ;",
                                             "it's",
                                             "*",
                                             "--switch=\"value\"",
                                             "Gr" U_UMLAUT "n",
                                             HAN " \"" HAN "\"",
                                             "\xf0\x9f\x94\xa7",
                                             "",
                                             NULL};

static void check_arguments(Fixture *f, const char *mode, bool ascii_only)
{
    const char *argv[40] = {"fake_child", mode};
    size_t count = 2;
    StrBuf want;
    ProcessSpec spec;

    strbuf_init(&want, STRBUF_SMALL);
    for (size_t i = 0; hard_arguments[i] != NULL; i++) {
        bool ascii = true;

        for (const char *p = hard_arguments[i]; *p != '\0'; p++)
            ascii = ascii && (unsigned char)*p < 0x80;
        /* The C runtime of mingw-w64 expands wildcards; PostgreSQL's tools are never given one. */
        if (ascii_only && (!ascii || strchr(hard_arguments[i], '*') != NULL))
            continue;
        argv[count++] = hard_arguments[i];
        strbuf_addf(&want, "%zu:%s\n", strlen(hard_arguments[i]), hard_arguments[i]);
    }
    spec = spec_for(f, argv);
    run_ok(f, &spec, 0);
    assert_string_equal(f->run.out.buf, want.buf);
    assert_int_equal(f->run.err.len, 0);
    strbuf_release(&want);
}

static void arguments_arrive_as_given(void **state)
{
    check_arguments(*state, "argv", false);
}

static void arguments_arrive_through_the_c_runtime(void **state)
{
    check_arguments(*state, "crt-argv", true);
}

static void arguments_that_are_too_long_are_refused(void **state)
{
    enum { LONG = 3 * 1024 * 1024 };
    Fixture *f = *state;
    char *text = mem_alloc(LONG + 1);
    const char *argv[] = {"fake_child", "argv", text, NULL};
    ProcessSpec spec = spec_for(f, argv);
    char *message;

    memset(text, 'x', LONG);
    assert_false(process_run(&spec, NULL, &f->result, &f->err));
    assert_int_equal(f->err.kind, EK_TOOL);
#ifdef _WIN32
    message = mem_printf("the arguments for \"%s\" are too long", f->child);
#else
    message = mem_printf("could not start \"%s\"", f->child);
#endif
    assert_string_equal(f->err.message, message);
    assert_int_equal(f->result.exit_code, 12345);
    mem_free(message);
    mem_free(text);
}

static void environment_is_set_and_unset(void **state)
{
    static const char *const set[] = {"CMMS_TEST_ONE=1", "CMMS_TEST_EMPTY=",
                                      "CMMS_TEST_TEXT=Gr" U_UMLAUT "n " HAN " =x", "zzz_cmms_test=last", NULL};
    static const char *const unset[] = {"CMMS_TEST_GONE", "HOMEDRIVE", "HOME", NULL};
    static const struct {
        const char *name;
        const char *want; /* what fake_child prints; NULL: the same as ours */
    } table[] = {
        {"CMMS_TEST_ONE", "=1"},
        {"CMMS_TEST_TEXT", "=Gr" U_UMLAUT "n " HAN " =x"},
        {"CMMS_TEST_EMPTY", "="},
        {"zzz_cmms_test", "=last"},
        {"CMMS_TEST_GONE", "unset"},
        {"HOME", "unset"},
        {"HOMEDRIVE", "unset"},
        {"CMMS_TEST_NEVER", "unset"},
        {"PATH", NULL},
    };
    Fixture *f = *state;

    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        const char *argv[] = {"fake_child", "env", table[i].name, NULL};
        ProcessSpec spec = spec_for(f, argv);
        char *ours = machine_getenv(table[i].name);
        char *want = table[i].want == NULL ? mem_printf("=%s", ours) : mem_strdup(table[i].want);

        spec.env_set = set;
        spec.env_unset = unset;
        run_ok(f, &spec, 0);
        assert_string_equal(f->run.out.buf, want);
        mem_free(want);
        mem_free(ours);
        reset(f);
    }
}

static void set_replaces_our_own_variable(void **state)
{
#ifdef _WIN32
    static const char *const set[] = {"path=replaced", NULL}; /* names have no case on Windows */
#else
    static const char *const set[] = {"PATH=replaced", NULL};
#endif
    static const char *const argv[] = {"fake_child", "env", "PATH", NULL};
    Fixture *f = *state;
    ProcessSpec spec = spec_for(f, argv);

    spec.env_set = set;
    run_ok(f, &spec, 0);
    assert_string_equal(f->run.out.buf, "=replaced");
}

static void working_directory_may_have_any_name(void **state)
{
    static const char *const argv[] = {"fake_child", "cwd", NULL};
    Fixture *f = *state;
    char *dir = fs_join(f->scratch, "Gr" U_UMLAUT "n " HAN " dir");
    ProcessSpec spec = spec_for(f, argv);

    assert_true(fs_make_dirs(dir, NULL));
    spec.cwd = dir;
    run_ok(f, &spec, 0);
    assert_string_equal(fs_base_name(f->run.out.buf), fs_base_name(dir));
    mem_free(dir);
}

/* Windows starts no program in a folder of more than 258 characters, unless the volume keeps short names. */
static void a_very_long_working_directory_works_or_is_refused_in_words(void **state)
{
    static const char *const argv[] = {"fake_child", "exit", "7", NULL};
    static const char part[] = "/a folder with a name of 60 characters " U_UMLAUT U_UMLAUT U_UMLAUT " 0123456789 01234";
    Fixture *f = *state;
    char *dir = mem_printf("%s%s%s%s%s%s", f->scratch, part, part, part, part, part);
    ProcessSpec spec = spec_for(f, argv);
    bool ok;

    assert_true(fs_make_dirs(dir, NULL));
    spec.cwd = dir;
    ok = process_run(&spec, NULL, &f->result, &f->err);
#ifdef _WIN32
    if (!ok) {
        char *message = mem_printf("could not start \"%s\" in \"%s\"", f->child, dir);

        assert_int_equal(f->err.kind, EK_TOOL);
        assert_string_equal(f->err.message, message);
        assert_string_equal(f->err.hint, "The folder's path is too long for Windows to start a program in it. Choose "
                                         "a folder with a shorter path.");
        mem_free(message);
    } else
#endif
    {
        assert_true(ok);
        assert_int_equal(f->result.exit_code, 7);
    }
    mem_free(dir);
}

static void stdin_is_empty_when_none_is_given(void **state)
{
    static const char *const argv[] = {"fake_child", "cat", NULL};
    Fixture *f = *state;
    ProcessSpec spec = spec_for(f, argv);

    run_ok(f, &spec, 0);
    assert_int_equal(f->run.out_bytes, 0);
    assert_int_equal(f->run.err_bytes, 0);
}

static void files_serve_as_stdin_and_stdout(void **state)
{
    enum { SIZE = 3 * 1024 * 1024 + 17 };
    static const char *const argv[] = {"fake_child", "cat", NULL};
    Fixture *f = *state;
    char *in_path = fs_join(f->scratch, "in " U_UMLAUT);
    char *out_path = fs_join(f->scratch, "out " HAN);
    unsigned char *bytes = mem_alloc(SIZE);
    ProcessSpec spec = spec_for(f, argv);
    FsFile *in = NULL, *out = NULL;
    size_t got = 0;
    StrBuf copy;

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    assert_true(fs_write_atomic(in_path, bytes, SIZE, NULL));
    assert_true(fs_open_read(in_path, &in, NULL));
    assert_true(fs_create_new(out_path, &out, NULL));
    /* Wherever we have read to, the child starts at the beginning of its stdin, and writes after what we wrote. */
    assert_true(fs_read(in, (char[100]){0}, 100, &got, NULL));
    assert_true(fs_write(out, "head", 4, NULL));
    spec.stdin_file = in;
    spec.stdout_file = out;
    run_ok(f, &spec, 0);
    assert_int_equal(f->run.out_bytes, 0);
    assert_true(fs_write(out, "tail", 4, NULL));
    assert_true(fs_close(out, NULL));
    assert_true(fs_close(in, NULL));

    strbuf_init(&copy, STRBUF_LARGE);
    assert_true(fs_read_all(out_path, SIZE + 100, &copy, NULL));
    assert_int_equal(copy.len, SIZE + 8);
    assert_memory_equal(copy.buf, "head", 4);
    assert_memory_equal(copy.buf + 4, bytes, SIZE);
    assert_memory_equal(copy.buf + 4 + SIZE, "tail", 4);
    strbuf_release(&copy);
    mem_free(bytes);
    mem_free(in_path);
    mem_free(out_path);
}

#ifdef _WIN32
/* A file that nobody else may open, with a handle that a careless start would hand on. While the child runs we
 * close ours: if the file can then be opened, the child has none. */
static bool close_and_open(void *context)
{
    Fixture *f = ((void **)context)[0];
    void **handle = ((void **)context)[1];
    const char *path = ((void **)context)[2];
    FsFile *file = NULL;

    if (f->run.ticks++ == 0) {
        CloseHandle(*handle);
        if (fs_open_read(path, &file, &f->err))
            fs_close(file, NULL);
    }
    return false;
}

static void the_child_gets_no_other_handle(void **state)
{
    static const char *const argv[] = {"fake_child", "hang", NULL};
    Fixture *f = *state;
    Inheritable inheritable = {sizeof inheritable, NULL, 1};
    char *path = fs_join(f->scratch, "held");
    wchar_t *wide = wide_from_utf8(path);
    FsFile *file = NULL;
    void *handle;
    void *context[] = {f, &handle, path};
    ProcessSpec spec = {.program = f->child, .argv = argv, .on_tick = close_and_open, .context = context};

    handle = CreateFileW(wide, 0x80000000ul | 0x40000000ul, 0, &inheritable, 1 /* CREATE_NEW */, 0, NULL);
    assert_true(handle != (void *)(intptr_t)-1);
    assert_false(fs_open_read(path, &file, NULL));
    assert_true(process_run(&spec, NULL, &f->result, NULL));
    assert_true(f->result.stopped);
    assert_int_equal(f->run.ticks, 1);
    assert_int_equal(f->err.kind, EK_NONE);
    mem_free(wide);
    mem_free(path);
}
#else
static void the_child_gets_no_other_handle(void **state)
{
    static const char *const argv[] = {"fake_child", "descriptors", NULL};
    Fixture *f = *state;
    ProcessSpec spec = spec_for(f, argv);
    int careless = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    int high = dup2(careless, 200);

    assert_true(careless > 2);
    assert_int_equal(high, 200);
    run_ok(f, &spec, 0);
    assert_string_equal(f->run.out.buf, "");
    close(careless);
    close(high);
}
#endif

#ifdef _WIN32
static void the_program_may_lie_in_any_folder(void **state)
{
    static const char *const argv[] = {"fake_child", "exit", "5", NULL};
    Fixture *f = *state;
    char *dir = fs_join(f->scratch, "Gr" U_UMLAUT "n & " HAN);
    char *copy = fs_join(dir, "fake " HAN ".exe");
    ProcessSpec spec = spec_for(f, argv);
    StrBuf bytes;

    strbuf_init(&bytes, STRBUF_LARGE);
    assert_true(fs_make_dirs(dir, NULL));
    assert_true(fs_read_all(f->child, STRBUF_LARGE, &bytes, NULL));
    assert_true(fs_write_atomic(copy, bytes.buf, bytes.len, NULL));
    spec.program = copy;
    run_ok(f, &spec, 5);
    strbuf_release(&bytes);
    mem_free(copy);
    mem_free(dir);
}
#endif

/* --- what it gives back -------------------------------------------------------------------------------- */

static void exit_codes_come_back(void **state)
{
    static const struct {
        const char *mode;
        const char *code;
        unsigned want;
    } table[] = {
        {"exit", "0", 0},
        {"exit", "1", 1},
        {"exit", "255", 255},
#ifdef _WIN32
        {"exit", "259", 259}, /* STILL_ACTIVE, which is no reason to wait for ever */
        {"exit", "0xC0000135", 0xC0000135u},
#else
        {"signal", "9", 128 + 9},
        {"signal", "15", 128 + 15},
#endif
    };
    Fixture *f = *state;

    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        const char *argv[] = {"fake_child", table[i].mode, table[i].code, NULL};
        ProcessSpec spec = spec_for(f, argv);

        run_ok(f, &spec, table[i].want);
        reset(f);
    }
}

static void a_flood_on_both_pipes_is_drained(void **state)
{
    static const char *const argv[] = {"fake_child", "flood", "64", NULL};
    Fixture *f = *state;
    ProcessSpec spec = spec_for(f, argv);

    f->run.count_only = true;
    run_ok(f, &spec, 0);
    assert_int_equal(f->run.out_bytes, 64u * 1024 * 1024);
    assert_int_equal(f->run.err_bytes, 64u * 1024 * 1024);
}

static void output_that_nobody_wants_is_drained_too(void **state)
{
    static const char *const argv[] = {"fake_child", "flood", "4", NULL};
    Fixture *f = *state;
    ProcessSpec spec = {.program = f->child, .argv = argv};

    run_ok(f, &spec, 0);
}

static void ticks_come_during_a_flood(void **state)
{
    static const char *const argv[] = {"fake_child", "flood", "1000000", NULL};
    Fixture *f = *state;
    ProcessSpec spec = spec_for(f, argv);

    f->run.count_only = true;
    f->run.stop_at_tick = 3;
    spec.on_tick = take_tick;
    spec.tick_ms = 20;
    assert_true(process_run(&spec, NULL, &f->result, &f->err));
    assert_true(f->result.stopped);
    assert_int_equal(f->run.ticks, 3);
}

static void bytes_come_as_they_are(void **state)
{
    static const char *const argv[] = {"fake_child", "bad-bytes", NULL};
    Fixture *f = *state;
    ProcessSpec spec = spec_for(f, argv);

    run_ok(f, &spec, 0);
    assert_int_equal(f->run.out.len, 10);
    assert_memory_equal(f->run.out.buf, "ok\xff\xc3\n\0\xe4\xb8x\n", 10);
    assert_int_equal(f->run.err.len, 6);
    assert_memory_equal(f->run.err.buf, "\x80\x1b[2J\n", 6);
}

static void a_program_that_is_not_there(void **state)
{
    static const char *const argv[] = {"nothing", NULL};
    Fixture *f = *state;
    char *path = fs_join(f->scratch, "nothing.exe");
    char *message = mem_printf("could not start \"%s\"", path);
    ProcessSpec spec = spec_for(f, argv);

    spec.program = path;
    assert_false(process_run(&spec, NULL, &f->result, &f->err));
    assert_int_equal(f->err.kind, EK_TOOL);
    assert_int_equal(f->err.os_code, 2); /* ENOENT and ERROR_FILE_NOT_FOUND */
    assert_string_equal(f->err.message, message);
    assert_non_null(f->err.detail);
    assert_int_equal(f->result.exit_code, 12345);
    mem_free(message);
    mem_free(path);
}

/* --- its end ------------------------------------------------------------------------------------------- */

/* Whether nobody holds the file: what a killed process held may be let go a moment after its end is seen. */
static bool becomes_free(const char *path)
{
    for (unsigned i = 0; i < 500; i++) {
        FsLock *lock = NULL;

        if (fs_lock(path, &lock, NULL)) {
            fs_unlock(lock);
            return true;
        }
        cancel_wait(NULL, 10);
    }
    return false;
}

static void a_grandchild_that_holds_the_pipes_is_ended(void **state)
{
    Fixture *f = *state;
    char *held = fs_join(f->scratch, "held");
    const char *argv[] = {"fake_child", "grandchild", held, NULL};
    ProcessSpec spec = spec_for(f, argv);

    run_ok(f, &spec, 0);
    assert_string_equal(f->run.out.buf, "left\n");
    assert_true(becomes_free(held));
    mem_free(held);
}

static void cancel_ends_child_and_grandchild(void **state)
{
    Fixture *f = *state;
    char *held = fs_join(f->scratch, "held");
    const char *argv[] = {"fake_child", "stay", held, NULL};
    ProcessSpec spec = spec_for(f, argv);
    Cancel *cancel = cancel_new();

    f->run.request = cancel;
    assert_false(process_run(&spec, cancel, &f->result, &f->err));
    assert_int_equal(f->err.kind, EK_CANCELLED);
    assert_string_equal(f->err.message, "cancelled");
    assert_int_equal(f->result.exit_code, 12345);
    assert_true(becomes_free(held));
    cancel_free(cancel);
    mem_free(held);
}

typedef struct Requester {
    Cancel *ready;
    Cancel *cancel;
} Requester;

static void request_when_ready(void *argument)
{
    Requester *requester = argument;

    while (!cancel_wait(requester->ready, 60000)) {
    }
    cancel_wait(NULL, 200); /* the other thread is then most likely asleep, which is what is tested */
    cancel_request(requester->cancel);
}

static void another_thread_cancels_a_hanging_child(void **state)
{
    static const char *const argv[] = {"fake_child", "hang", NULL};
    Fixture *f = *state;
    ProcessSpec spec = spec_for(f, argv);
    Requester requester = {cancel_new(), cancel_new()};
    Thread *thread = thread_start(request_when_ready, &requester);

    f->run.request = requester.ready;
    spec.tick_ms = 3600 * 1000; /* no tick helps */
    assert_false(process_run(&spec, requester.cancel, &f->result, &f->err));
    assert_int_equal(f->err.kind, EK_CANCELLED);
    thread_join(thread);
    cancel_free(requester.ready);
    cancel_free(requester.cancel);
}

static void nothing_is_started_once_cancelled(void **state)
{
    Fixture *f = *state;
    const char *argv[] = {"fake_child", "exit", "0", NULL};
    ProcessSpec spec = spec_for(f, argv);
    Cancel *cancel = cancel_new();

    spec.program = "/there/is/no/such/program";
    cancel_request(cancel);
    assert_false(process_run(&spec, cancel, &f->result, &f->err));
    assert_int_equal(f->err.kind, EK_CANCELLED);
    cancel_free(cancel);
}

static void each_callback_can_stop_the_child(void **state)
{
    static const char *const argv[] = {"fake_child", "flood", "1000000", NULL};
    Fixture *f = *state;

    for (unsigned which = 0; which < 3; which++) {
        ProcessSpec spec = spec_for(f, argv);

        f->run.count_only = true;
        f->run.stop_on_out = which == 0;
        f->run.stop_on_err = which == 1;
        f->run.stop_at_tick = which == 2 ? 1 : 0;
        spec.on_tick = take_tick;
        spec.tick_ms = 10;
        assert_true(process_run(&spec, NULL, &f->result, &f->err));
        assert_true(f->result.stopped);
        reset(f);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(arguments_arrive_as_given),
        TEST(arguments_arrive_through_the_c_runtime),
        TEST(arguments_that_are_too_long_are_refused),
        TEST(environment_is_set_and_unset),
        TEST(set_replaces_our_own_variable),
        TEST(working_directory_may_have_any_name),
        TEST(a_very_long_working_directory_works_or_is_refused_in_words),
        TEST(stdin_is_empty_when_none_is_given),
        TEST(files_serve_as_stdin_and_stdout),
        TEST(the_child_gets_no_other_handle),
#ifdef _WIN32
        TEST(the_program_may_lie_in_any_folder),
#endif
        TEST(exit_codes_come_back),
        TEST(a_flood_on_both_pipes_is_drained),
        TEST(output_that_nobody_wants_is_drained_too),
        TEST(ticks_come_during_a_flood),
        TEST(bytes_come_as_they_are),
        TEST(a_program_that_is_not_there),
        TEST(a_grandchild_that_holds_the_pipes_is_ended),
        TEST(cancel_ends_child_and_grandchild),
        TEST(another_thread_cancels_a_hanging_child),
        TEST(nothing_is_started_once_cancelled),
        TEST(each_callback_can_stop_the_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
