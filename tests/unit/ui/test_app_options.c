#include "test_util.h"

/* The window's parts are in no library: this one is compiled in. */
#include "ui/app_options.c"

#define MAX_ARGUMENTS 12

/* Parses the words after the program's name. */
static bool parse(const char *const *words, AppOptions *options, Error *err)
{
    char *argv[MAX_ARGUMENTS + 1] = {"cmms-backup"};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++) {
        assert_true(argc < MAX_ARGUMENTS);
        argv[argc] = mem_strdup(words[argc - 1]);
    }
    bool ok = app_options_parse(argc, argv, options, err);
    for (int i = 1; i < argc; i++) {
        mem_free(argv[i]);
    }
    return ok;
}

static void nothing_given(void **state)
{
    (void)state;
    AppOptions options;
    Error err = ERROR_INIT;
    app_options_init(&options);
    const char *words[] = {NULL};
    assert_ok(parse(words, &options, &err), &err);
    assert_false(options.demo || options.after_backup || options.help);
    assert_int_equal(options.demo_megabytes, SAMPLE_MEGABYTES);
    assert_true(options.folder == NULL && options.host == NULL && options.screenshot == NULL);
    app_options_release(&options);
}

static void every_spelling_of_a_switch(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
    } cases[] = {
        {{"-h", "db", NULL}},
        {{"-hdb", NULL}},
        {{"--host", "db", NULL}},
        {{"--host=db", NULL}},
        {{"-h", "other", "-hdb", NULL}},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        AppOptions options;
        Error err = ERROR_INIT;
        app_options_init(&options);
        assert_ok(parse(cases[i].words, &options, &err), &err);
        assert_string_equal(options.host, "db");
        app_options_release(&options);
    }
}

static void all_of_them(void **state)
{
    (void)state;
    AppOptions options;
    Error err = ERROR_INIT;
    app_options_init(&options);
    const char *first[] = {"--demo", "--demo-data=D", "--demo-size", "7",   "--folder", "F ö",
                           "-p",     "5433",          "-U",          "joe", "-dcmms",   NULL};
    assert_ok(parse(first, &options, &err), &err);
    assert_true(options.demo);
    assert_string_equal(options.demo_data, "D");
    assert_int_equal(options.demo_megabytes, 7);
    assert_string_equal(options.folder, "F ö");
    assert_string_equal(options.port, "5433");
    assert_string_equal(options.user, "joe");
    assert_string_equal(options.database, "cmms");
    /* What was there before goes. */
    const char *second[] = {"--screenshot", "x.png", "--sslmode=verify-ca", "--after-backup", "--help", "--tell", NULL};
    assert_ok(parse(second, &options, &err), &err);
    assert_string_equal(options.screenshot, "x.png");
    assert_true(options.after_backup && options.help && options.tell && !options.demo);
    assert_string_equal(options.sslmode, "verify-ca"); /* as the console program has it */
    assert_null(options.folder);
    app_options_release(&options);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words[3];
        const char *message;
    } cases[] = {
        {{"--folder", NULL}, "--folder needs a value"},
        {{"--demo", "-p", NULL}, "-p needs a value"},
        {{"--frobnicate", NULL}, "unknown option: --frobnicate"},
        {{"--demolition", NULL}, "unknown option: --demolition"},
        {{"file.backup", NULL}, "unknown option: file.backup"},
        {{"", NULL}, "unknown option: "},
        {{"--demo-size", "0", NULL}, "--demo-size is not a number of megabytes: 0"},
        {{"--demo-size", "100001", NULL}, "--demo-size is not a number of megabytes: 100001"},
        {{"--demo-size=", NULL}, "--demo-size is not a number of megabytes: "},
        {{"--demo-size", "5MB", NULL}, "--demo-size is not a number of megabytes: 5MB"},
        {{"--demo-size=99999999999999999999", NULL}, "--demo-size is not a number of megabytes: 99999999999999999999"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        AppOptions options;
        Error err = ERROR_INIT;
        app_options_init(&options);
        options.folder = mem_strdup("stays");
        bool ok = parse(cases[i].words, &options, &err);
        assert_non_null(err.hint);
        assert_fails(ok, &err, EK_USAGE, cases[i].message);
        assert_string_equal(options.folder, "stays");
        app_options_release(&options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_given), cmocka_unit_test(every_spelling_of_a_switch),
                                       cmocka_unit_test(all_of_them), cmocka_unit_test(what_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
