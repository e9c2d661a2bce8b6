/* client_run against programs that behave well (fake_child) and badly (fake_tool), on both platforms. */
#include "test_util.h"

#include <string.h>

#include "postgres/client.h"
#include "postgres/redact.h"
#include "test_env.h"

#ifdef _WIN32
#define SUFFIX ".exe"
#else
#define SUFFIX ""
#endif

typedef struct Fixture {
    char *tool, *child; /* paths of fake_tool and fake_child */
    char *scratch;      /* a folder */
    StrBuf out;
    ClientResult result;
    Error err;
    Cancel *cancel; /* for callbacks that request it */
    unsigned lines, asked, yes;
} Fixture;

static int set_up(void **state)
{
    Fixture *f = mem_alloc(sizeof *f);
    char *dir = machine_program_dir();
    char *beside = fs_dir_name(dir);
    char *fakes = fs_join(beside, "fakes");
    f->tool = fs_join(fakes, "fake_tool" SUFFIX);
    f->child = fs_join(fakes, "fake_child" SUFFIX);
    f->scratch = test_dir_new();
    f->err = (Error)ERROR_INIT;
    f->cancel = cancel_new();
    strbuf_init(&f->out, STRBUF_LARGE);
    mem_free(fakes);
    mem_free(beside);
    mem_free(dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const ours[] = {"FAKE_TOOL_MODE", "FAKE_TOOL_SAYS", "FAKE_TOOL_CODE", "FAKE_TOOL_FLOOD"};
    Fixture *f = *state;
    for (size_t i = 0; i < TEST_COUNT(ours); i++) {
        test_setenv(ours[i], NULL);
    }
    client_release(&f->result);
    error_clear(&f->err);
    strbuf_release(&f->out);
    cancel_free(f->cancel);
    test_dir_remove(f->scratch); /* fails when a tool still holds a file */
    mem_free(f->child);
    mem_free(f->tool);
    mem_free(f);
    return 0;
}

static bool run(Fixture *f, const ClientSpec *spec)
{
    client_release(&f->result);
    strbuf_clear(&f->out);
    return client_run(spec, f->cancel, &f->result, &f->err);
}

static void assert_empty(const ClientResult *result)
{
    assert_int_equal(result->exit_code, 0);
    assert_false(result->stopped);
    assert_false(result->late);
    assert_null(result->stalled);
    assert_null(result->words);
}

/* --- what it sees ------------------------------------------------------------------------------------------ */

static void environment(void **state)
{
    static const struct {
        const char *name, *ours, *alone, *led; /* what the tool sees, without a connection and with one */
    } rows[] = {
        {"LC_MESSAGES", "de_DE", "=C", "=C"},
        {"LC_ALL", "de_DE", "unset", "unset"},
        {"LANGUAGE", "de", "unset", "unset"},
        {"PGHOST", "elsewhere", "unset", "=db.example.org"},
        {"PGPASSWORD", "wrong", "unset", "=hunter2"},
        {"PGAPPNAME", "somebody", "unset", "=cmms-backup-7"},
        {"PGSERVICE", "elsewhere", "unset", "unset"},
        {"PGCLIENTENCODING", "SJIS", "unset", "unset"},
        {"CMMS_TEST_KEPT", "yes", "=yes", "=yes"},
    };
    Fixture *f = *state;
    Connection connection;
    connection_init(&connection);
    connection.host = mem_strdup("db.example.org");
    secret_set(&connection.password, "hunter2", 7);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const char *const argv[] = {f->child, "env", rows[i].name, NULL};
        ClientSpec spec = {.argv = argv, .answer = &f->out};
        test_setenv(rows[i].name, rows[i].ours);
        assert_ok(run(f, &spec), &f->err);
        assert_string_equal(f->out.buf, rows[i].alone);
        spec.connection = &connection;
        spec.session = "cmms-backup-7";
        assert_ok(run(f, &spec), &f->err);
        assert_string_equal(f->out.buf, rows[i].led);
        test_setenv(rows[i].name, NULL);
    }
    connection_release(&connection);
}

static void files_and_folder(void **state)
{
    Fixture *f = *state;
    const char *const cat[] = {f->child, "cat", NULL};
    const char *const cwd[] = {f->child, "cwd", NULL};
    char *path = fs_join(f->scratch, "in");
    ClientSpec spec = {.argv = cat, .answer = &f->out};
    test_write(path, "an archive");
    assert_ok(fs_open_read(path, &spec.stdin_file, &f->err), &f->err);
    assert_ok(run(f, &spec), &f->err);
    assert_string_equal(f->out.buf, "an archive");
    fs_close(spec.stdin_file, NULL);
    spec = (ClientSpec){.argv = cwd, .cwd = f->scratch, .answer = &f->out};
    assert_ok(run(f, &spec), &f->err);
    assert_non_null(strstr(f->out.buf, fs_base_name(f->scratch)));
    mem_free(path);
}

static void one_that_is_not_there(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->scratch, "pg_dump" SUFFIX);
    char *message = mem_printf("could not start \"%s\"", path);
    const char *const argv[] = {path, NULL};
    const ClientSpec spec = {.argv = argv};
    assert_fails(run(f, &spec), &f->err, EK_TOOL, message);
    assert_empty(&f->result);
    mem_free(message);
    mem_free(path);
}

/* --- what it says ------------------------------------------------------------------------------------------ */

static void last_words(void **state)
{
    static const struct {
        const char *says, *code; /* of fake_tool */
        unsigned exit_code;
        const char *words; /* before they are redacted; NULL: none */
    } rows[] = {
        {"", "0", 0, NULL},
        {"", "3", 3, NULL},
        {"\n\n", "1", 1, NULL},
        {"pg_ctl: one\npg_ctl: two\n", "1", 1, "pg_ctl: two"},
        {"pg_ctl: one\nwithout an end", "0", 0, "without an end"},
        {"initdb: warning: could not be quick\ninitdb: error: could not access directory \"nowhere\"\n"
         "child process exited with exit code 1\ninitdb: removing contents of data directory\n",
         "1", 1, "initdb: error: could not access directory \"nowhere\""},
        {"FATAL:  data directory \"d\" has wrong ownership\nshutting down\n", "1", 1,
         "FATAL:  data directory \"d\" has wrong ownership"},
        {"PANIC:  could not locate a valid checkpoint record\nmore\n", "1", 1,
         "PANIC:  could not locate a valid checkpoint record"},
        {"WARNING:  could not flush\nend\n", "0", 0, "end"},
        {"pg_dump: error: invalid input syntax for type integer: \"ann@example.org\"\nmore\n", "1", 1,
         "pg_dump: error: invalid input syntax for type integer: \"ann@example.org\""},
    };
    Fixture *f = *state;
    const char *const argv[] = {f->tool, NULL};
    const ClientSpec spec = {.argv = argv};
    test_setenv("FAKE_TOOL_MODE", "say");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        test_setenv("FAKE_TOOL_SAYS", rows[i].says);
        test_setenv("FAKE_TOOL_CODE", rows[i].code);
        assert_ok(run(f, &spec), &f->err);
        assert_int_equal(f->result.exit_code, rows[i].exit_code);
        if (rows[i].words == NULL) {
            assert_null(f->result.words);
        } else {
            assert_non_null(f->result.words);
            assert_text(redact_words(rows[i].words), f->result.words);
            assert_null(strstr(f->result.words, "ann@"));
        }
    }
}

static void misbehaviour(void **state)
{
    static const char purpose[] = "pg_dump: error: this tool fails on purpose";
    static const struct {
        const char *mode;
        unsigned exit_code;
        const char *words;
        size_t answered; /* bytes, of 1000 that fit */
    } rows[] = {
        {"empty", 0, NULL, 0},
        {"garbage", 0, NULL, 1000},
        {"fail", 1, purpose, 0},
        {"flood-fail", 1, purpose, 0},
        {"bad-bytes-fail", 1, purpose, 0},
    };
    Fixture *f = *state;
    const char *const argv[] = {f->tool, NULL};
    test_setenv("FAKE_TOOL_FLOOD", "1");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        StrBuf answer;
        const ClientSpec spec = {.argv = argv, .answer = &answer};
        test_setenv("FAKE_TOOL_MODE", rows[i].mode);
        strbuf_init(&answer, 1000);
        assert_ok(run(f, &spec), &f->err);
        assert_int_equal(f->result.exit_code, rows[i].exit_code);
        assert_int_equal(answer.len, rows[i].answered);
        if (rows[i].words == NULL) {
            assert_null(f->result.words);
        } else {
            assert_non_null(f->result.words);
            assert_text(redact_words(rows[i].words), f->result.words);
        }
        strbuf_release(&answer);
    }
}

static void raw_words_are_cut(void **state)
{
    Fixture *f = *state;
    const char *const argv[] = {f->tool, NULL};
    StrBuf said;
    const ClientSpec spec = {.argv = argv, .said = &said};
    test_setenv("FAKE_TOOL_MODE", "flood-fail");
    test_setenv("FAKE_TOOL_FLOOD", "1");
    strbuf_init(&said, 100);
    assert_ok(run(f, &spec), &f->err);
    assert_int_equal(f->result.exit_code, 1);
    assert_int_equal(said.len, 100);
    assert_int_equal(strncmp(said.buf, "pg_dump: message       0 ..", 27), 0);
    assert_null(f->result.words);
    strbuf_release(&said);
}

static void take_line(void *context, const char *line)
{
    Fixture *f = context;
    f->lines++;
    strbuf_addf(&f->out, "%s|", line);
}

static void line_by_line(void **state)
{
    Fixture *f = *state;
    const char *const argv[] = {f->tool, NULL};
    const ClientSpec spec = {.argv = argv, .line = take_line, .context = f};
    test_setenv("FAKE_TOOL_MODE", "say");
    test_setenv("FAKE_TOOL_SAYS", "pg_dump: error: as it came\n\nthe last");
    assert_ok(run(f, &spec), &f->err);
    assert_string_equal(f->out.buf, "pg_dump: error: as it came||the last|");
    assert_int_equal(f->lines, 3);
    assert_null(f->result.words);
}

static bool refuse(void *context, const char *bytes, size_t len)
{
    Fixture *f = context;
    strbuf_add(&f->out, bytes, len);
    return false;
}

static void stopped_by_what_takes_its_output(void **state)
{
    Fixture *f = *state;
    const char *const argv[] = {f->child, "hang", NULL};
    const ClientSpec spec = {.argv = argv, .out = refuse, .context = f};
    assert_ok(run(f, &spec), &f->err);
    assert_string_equal(f->out.buf, "ready\n");
    assert_true(f->result.stopped);
    assert_false(f->result.late);
    assert_null(f->result.stalled);
}

/* --- time -------------------------------------------------------------------------------------------------- */

static bool works(void *context)
{
    Fixture *f = context;
    f->asked++;
    return f->asked <= f->yes;
}

static void standstill(void **state)
{
    static const unsigned yes[] = {0, 2}; /* so often the server is said to be at work */
    Fixture *f = *state;
    const char *const argv[] = {f->tool, NULL};
    test_setenv("FAKE_TOOL_MODE", "hang");
    for (size_t i = 0; i < TEST_COUNT(yes); i++) {
        const ClientSpec spec = {.argv = argv, .stall_seconds = 1, .still_working = works, .context = f};
        f->asked = 0;
        f->yes = yes[i];
        assert_ok(run(f, &spec), &f->err);
        assert_int_equal(f->asked, yes[i] + 1);
        assert_non_null(f->result.stalled);
        assert_false(f->result.stopped);
        assert_false(f->result.late);
    }
    const ClientSpec alone = {.argv = argv, .stall_seconds = 1};
    assert_ok(run(f, &alone), &f->err);
    assert_string_equal(f->result.stalled, "1 seconds");
}

static void too_long_in_all(void **state)
{
    Fixture *f = *state;
    const char *const argv[] = {f->tool, NULL};
    const ClientSpec spec = {.argv = argv, .limit_seconds = 1};
    test_setenv("FAKE_TOOL_MODE", "hang");
    assert_ok(run(f, &spec), &f->err);
    assert_true(f->result.late);
    assert_false(f->result.stopped);
    assert_null(f->result.stalled);
}

static void cancel_at_a_line(void *context, const char *line)
{
    Fixture *f = context;
    strbuf_addstr(&f->out, line);
    cancel_request(f->cancel);
}

static void cancelled(void **state)
{
    Fixture *f = *state;
    const char *const argv[] = {f->tool, NULL};
    const ClientSpec spec = {.argv = argv, .line = cancel_at_a_line, .context = f};
    test_setenv("FAKE_TOOL_MODE", "hang");
    assert_fails(run(f, &spec), &f->err, EK_CANCELLED, "cancelled");
    assert_string_equal(f->out.buf, "pg_dump: reading schemas");
    assert_empty(&f->result);
}

static void cancel_when_written(void *context, uint64_t written)
{
    Fixture *f = context;
    if (written == strlen("ready\n")) {
        cancel_request(f->cancel);
    }
}

static void the_file_is_looked_at(void **state)
{
    Fixture *f = *state;
    const char *const argv[] = {f->child, "hang", NULL};
    char *path = fs_join(f->scratch, "out");
    ClientSpec spec = {.argv = argv, .tick = cancel_when_written, .context = f};
    assert_ok(fs_create_new(path, &spec.stdout_file, &f->err), &f->err);
    assert_fails(run(f, &spec), &f->err, EK_CANCELLED, "cancelled"); /* else it would go on for ever */
    fs_close(spec.stdout_file, NULL);
    assert_text(test_read(path), "ready\n");
    mem_free(path);
}

/* --- its failure ------------------------------------------------------------------------------------------- */

static void details(void **state)
{
    static const struct {
        unsigned exit_code;
        const char *words, *detail;
    } rows[] = {
        {1, "it says so", "it says so"},
        {1, NULL, "exit code 1"},
        {0xC0000135u, "it says so", "a DLL that it needs is missing"},
        {137, NULL, "it was ended from outside"},
    };
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        error_set(&err, EK_TOOL, "initdb failed");
        assert_false(client_exit_detail(rows[i].exit_code, rows[i].words, &err));
        assert_string_equal(err.detail, rows[i].detail);
        assert_error(&err, EK_TOOL, "initdb failed");
    }
    assert_false(client_exit_detail(1, NULL, NULL));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_FIXTURE(environment),
                                       WITH_FIXTURE(files_and_folder),
                                       WITH_FIXTURE(one_that_is_not_there),
                                       WITH_FIXTURE(last_words),
                                       WITH_FIXTURE(misbehaviour),
                                       WITH_FIXTURE(raw_words_are_cut),
                                       WITH_FIXTURE(line_by_line),
                                       WITH_FIXTURE(stopped_by_what_takes_its_output),
                                       WITH_FIXTURE(standstill),
                                       WITH_FIXTURE(too_long_in_all),
                                       WITH_FIXTURE(cancelled),
                                       WITH_FIXTURE(the_file_is_looked_at),
                                       cmocka_unit_test(details)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
