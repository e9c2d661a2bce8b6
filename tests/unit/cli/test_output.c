#include "test_util.h"

#include "cli/hints.c"
#include "cli/output.c"

/* The console: what is written to it is kept. */
static struct {
    StrBuf out, err;
    bool terminal;
    unsigned width;
} console;

bool console_is_terminal(int fd)
{
    (void)fd;
    return console.terminal;
}

bool console_enable_colour(int fd)
{
    return console_is_terminal(fd);
}

unsigned console_width(void)
{
    return console.width;
}

void console_write(int fd, const char *utf8)
{
    strbuf_addstr(fd == 1 ? &console.out : &console.err, utf8);
}

static int set_up(void **state)
{
    (void)state;
    strbuf_init(&console.out, STRBUF_LARGE);
    strbuf_init(&console.err, STRBUF_LARGE);
    console.terminal = false;
    console.width = 80;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_release(&console.out);
    strbuf_release(&console.err);
    return 0;
}

static void results_and_log(void **state)
{
    (void)state;
    Output output;
    output_init(&output, false, false, false);
    output_line(&output, "Found %d backup(s)", 3);
    assert_string_equal(console.out.buf, "Found 3 backup(s)\n");
    strbuf_clear(&console.out);
    output_log(&output, LOG_WARNING, "x");
    /* [YYYY-MM-DD HH:MM:SS] x */
    assert_int_equal(console.out.len, 24);
    assert_int_equal(console.out.buf[0], '[');
    assert_string_equal(console.out.buf + 20, "] x\n");
    assert_string_equal(console.err.buf, "");
}

static void progress_as_json_lines(void **state)
{
    (void)state;
    Output output;
    output_init(&output, true, false, false);
    output.progress_json = true;
    output_progress(&output, &(Progress){.fraction = -1, .step = "Connecting \"x\"", .seconds_left = -1});
    output_progress(&output, &(Progress){.fraction = 0.5, .step = "Saving equipment", .bytes = 1024,
                                         .bytes_per_second = 512, .seconds_left = 2.5});
    assert_string_equal(console.out.buf, "");
    assert_string_equal(console.err.buf,
                        "{\"fraction\":null,\"step\":\"Connecting \\\"x\\\"\",\"bytes\":0,\"bytes_per_second\":0,"
                        "\"seconds_left\":null}\n"
                        "{\"fraction\":0.5,\"step\":\"Saving equipment\",\"bytes\":1024,\"bytes_per_second\":512,"
                        "\"seconds_left\":2.5}\n");
}

static void quiet_and_json_hold_the_log_back(void **state)
{
    (void)state;
    Output output;
    output_init(&output, false, true, false);
    output_log(&output, LOG_BAD, "x");
    assert_string_equal(console.out.buf, "");
    output_line(&output, "the result");
    assert_string_equal(console.out.buf, "the result\n");
    strbuf_clear(&console.out);
    output_init(&output, true, false, false);
    output_log(&output, LOG_BAD, "x");
    output_line(&output, "y");
    output_coloured(&output, COLOUR_BAD, "z");
    assert_string_equal(console.out.buf, "");
    output_json(&output, cJSON_CreateObject());
    assert_int_equal(console.out.buf[0], '{');
}

static void errors_for_people(void **state)
{
    (void)state;
    Output output;
    Error err = ERROR_INIT;
    output_init(&output, false, false, false);
    error_set(&err, EK_BUSY, "somebody else is at work");
    error_detail(&err, "since noon");
    error_hint(&err, "Wait.");
    assert_int_equal(output_error(&output, &err), 9);
    assert_string_equal(console.err.buf,
                        "cmms-backup-cli: somebody else is at work\nDetail: since noon\nHint: Wait.\n");
    assert_string_equal(console.out.buf, "");
    error_clear(&err);
}

static void errors_as_json(void **state)
{
    (void)state;
    Output output;
    Error err = ERROR_INIT;
    output_init(&output, true, false, false);
    error_set(&err, EK_NOT_FOUND, "no \"x\"");
    assert_int_equal(output_error(&output, &err), 10);
    assert_string_equal(console.out.buf, "{\n"
                                         "  \"error\": {\n"
                                         "    \"kind\": \"not_found\",\n"
                                         "    \"message\": \"no \\\"x\\\"\",\n"
                                         "    \"detail\": null,\n"
                                         "    \"hint\": null,\n"
                                         "    \"exit_code\": 10\n"
                                         "  }\n"
                                         "}\n");
    assert_string_equal(console.err.buf, "");
    error_clear(&err);
}

/* What the rooms below say is to be done, with the command that does it. */
static void hints_with_commands(void **state)
{
    (void)state;
    static const struct {
        const char *hint, *here;
    } rows[] = {
        {NULL, NULL},
        {"Wait.", "Wait."},
        {OAUTH_SIGN_IN, "Sign in: SharePoint in the Tools menu, or cmms-backup-cli sharepoint set-up."},
        {OAUTH_SIGN_IN_AGAIN, "Sign in again: SharePoint in the Tools menu, or cmms-backup-cli sharepoint set-up."},
        {PLACE_SET_UP, "Set one up: SharePoint in the Tools menu, or cmms-backup-cli sharepoint set-up LINK."},
        {SETTINGS_NAMES, "See 'cmms-backup-cli config' for their names."},
        {RESTORE_TRUST, "If you know who made it and trust them, say --foreign. 'cmms-backup-cli prove' restores it "
                        "where it can do no harm."},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const char *here = hint_here(rows[i].hint);
        assert_true(here == rows[i].here || strcmp(here, rows[i].here) == 0);
    }
    Error err = ERROR_INIT;
    Output output;
    output_init(&output, false, false, false);
    error_set(&err, EK_USAGE, "there is no setting \"colour\"");
    error_hint(&err, SETTINGS_NAMES);
    assert_int_equal(output_error(&output, &err), 2);
    assert_string_equal(console.err.buf, "cmms-backup-cli: there is no setting \"colour\"\n"
                                         "Hint: See 'cmms-backup-cli config' for their names.\n");
    error_clear(&err);
}

static void colours_only_where_wanted(void **state)
{
    (void)state;
    Output output;
    console.terminal = true;
    output_init(&output, false, false, true);
    assert_false(output.colour);
    output_init(&output, false, false, false);
    if (output.colour) { /* not with NO_COLOR or TERM=dumb around the test */
        output_coloured(&output, COLOUR_GOOD, "well");
        assert_string_equal(console.out.buf, "\x1b[32mwell\x1b[0m\n");
        strbuf_clear(&console.out);
    }
    output.colour = false;
    output_coloured(&output, COLOUR_GOOD, "well");
    assert_string_equal(console.out.buf, "well\n");
}

static void progress_line_is_drawn_over(void **state)
{
    (void)state;
    Output output;
    console.terminal = true;
    console.width = 41;
    output_init(&output, false, false, true);
    Progress progress = {.fraction = 0.5, .step = "Saving", .seconds_left = -1};
    output_progress(&output, &progress);
    assert_string_equal(console.err.buf, "\r[##########----------]  50%  Saving");
    strbuf_clear(&console.err);
    output_progress(&output, &progress); /* too soon after the first */
    assert_string_equal(console.err.buf, "");
    output_line(&output, "a line");
    assert_string_equal(console.err.buf, "\r                                   \r");
    assert_string_equal(console.out.buf, "a line\n");
    strbuf_clear(&console.err);
    output_clear_progress(&output); /* there is none */
    assert_string_equal(console.err.buf, "");
    /* What is left of a longer line is covered with spaces. */
    output_progress(&output, &progress);
    output.drawn_at = 0;
    strbuf_clear(&console.err);
    progress = (Progress){.fraction = -1, .step = "Wait", .seconds_left = -1};
    output_progress(&output, &progress);
    assert_string_equal(console.err.buf, "\rWait                               ");
}

static void no_progress_without_a_terminal(void **state)
{
    (void)state;
    Output output;
    Progress progress = {.fraction = 0.5, .step = "Saving", .seconds_left = -1};
    output_init(&output, false, false, false);
    output_progress(&output, &progress);
    console.terminal = true;
    output_init(&output, false, true, false);
    output_progress(&output, &progress);
    assert_string_equal(console.err.buf, "");
}

static void progress_texts(void **state)
{
    (void)state;
    static const struct {
        Progress progress;
        unsigned width;
        const char *text;
    } cases[] = {
        {{.fraction = 0, .step = "Connecting", .seconds_left = -1}, 80, "[--------------------]   0%  Connecting"},
        {{.fraction = 0.256, .step = "Saving t", .bytes = 3u << 20, .bytes_per_second = 1572864, .seconds_left = 61.4},
         80,
         "[#####---------------]  25%  Saving t  3.00 MB  1.50 MB/s  1:01 left"},
        {{.fraction = 1, .step = "Done", .seconds_left = 0}, 80, "[####################] 100%  Done  0:00 left"},
        {{.fraction = 2, .step = "Done", .seconds_left = -1}, 80, "[####################] 100%  Done"},
        {{.fraction = -1, .step = "Looking", .seconds_left = 7322}, 80, "Looking  2:02:02 left"},
        {{.fraction = -1, .step = NULL, .seconds_left = -1}, 80, ""},
        {{.fraction = -1, .step = "Sicherung \xC3\xBC" "ber", .seconds_left = -1}, 11, "Sicherung \xC3\xBC"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_text(output_progress_text(&cases[i].progress, cases[i].width), cases[i].text);
    }
}

static void columns_and_padding(void **state)
{
    (void)state;
    assert_int_equal(output_columns(""), 0);
    assert_int_equal(output_columns("abc"), 3);
    assert_int_equal(output_columns("\xC3\xBC"), 1);
    assert_int_equal(output_columns("\xE4\xB8\xAD\xE6\x96\x87"), 4);
    assert_int_equal(output_columns("\xF0\x9F\x93\x81"), 2);
    assert_int_equal(output_columns("a\xFF" "b"), 3); /* a byte that is not UTF-8 */
    assert_text(output_pad("ab", 4, false), "ab  ");
    assert_text(output_pad("ab", 4, true), "  ab");
    assert_text(output_pad("abcdef", 4, false), "abcd");
    assert_text(output_pad("\xE4\xB8\xAD\xE6\x96\x87", 3, false), "\xE4\xB8\xAD ");
    assert_text(output_pad("", 2, false), "  ");
    assert_text(output_megabytes(0), "0.00 MB");
    assert_text(output_megabytes(1048576u * 3 / 2), "1.50 MB");
    assert_text(output_megabytes(12939427), "12.3 MB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_and_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_as_json_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quiet_and_json_hold_the_log_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors_for_people, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors_as_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hints_with_commands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(colours_only_where_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_line_is_drawn_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_progress_without_a_terminal, set_up, tear_down),
        cmocka_unit_test(progress_texts),
        cmocka_unit_test(columns_and_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
