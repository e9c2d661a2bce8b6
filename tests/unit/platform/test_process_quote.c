/* The portable half of process.h: quoting, exit texts, the line splitter. */
#include "test_util.h"

#include "platform/process.h"

static void quotes_only_where_needed(void **state)
{
    static const struct {
        const char *argument;
        const char *quoted;
    } table[] = {
        {"", "\"\""},
        {"plain", "plain"},
        {"-Fc", "-Fc"},
        {"with space", "\"with space\""},
        {"tab\there", "\"tab\there\""},
        {"line\nfeed", "\"line\nfeed\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"\"", "\"\\\"\""},
        {"\\", "\\"},
        {"C:\\dir\\", "C:\\dir\\"},
        {"C:\\my dir\\", "\"C:\\my dir\\\\\""},
        {"two at the end \\\\", "\"two at the end \\\\\\\\\""},
        {"a\\\"b", "\"a\\\\\\\"b\""},
        {"a\\\\\"b", "\"a\\\\\\\\\\\"b\""},
        {"in\\side a", "\"in\\side a\""},
        {"Gr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e"},
        {"\xe4\xb8\xad \xe6\x96\x87", "\"\xe4\xb8\xad \xe6\x96\x87\""},
        {"%PATH% & | < > ^", "\"%PATH% & | < > ^\""},
        {"it's", "it's"},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        StrBuf line;

        strbuf_init(&line, STRBUF_SMALL);
        assert_true(process_quote(&line, table[i].argument));
        assert_string_equal(line.buf, table[i].quoted);
        strbuf_release(&line);
    }
}

static void quote_appends(void **state)
{
    StrBuf line;

    (void)state;
    strbuf_init(&line, STRBUF_SMALL);
    strbuf_addstr(&line, "pg_dump ");
    assert_true(process_quote(&line, "a b"));
    assert_string_equal(line.buf, "pg_dump \"a b\"");
    strbuf_release(&line);
}

static void quote_that_does_not_fit_adds_nothing(void **state)
{
    StrBuf line;

    (void)state;
    strbuf_init(&line, 8);
    strbuf_addstr(&line, "abc ");
    assert_false(process_quote(&line, "\\\\ \""));
    assert_string_equal(line.buf, "abc ");
    strbuf_release(&line);
}

static void exit_codes_are_explained(void **state)
{
    static const struct {
        unsigned code;
        const char *text;
    } table[] = {
        {0, NULL},
        {1, NULL},
        {127, NULL},
        {0xC0000135u, "a DLL that it needs is missing"},
        {0xC0000005u, "it crashed (access violation)"},
        {0xC000013Au, "it was interrupted"},
        {0xC000007Bu, "it or one of its DLLs is built for another kind of processor"},
        {128 + 9, "it was ended from outside"},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        char *text = process_exit_text(table[i].code);

        if (table[i].text == NULL)
            assert_null(text);
        else
            assert_string_equal(text, table[i].text);
        mem_free(text);
    }
}

/* Collects lines as "[line]". */
static void collect(void *context, const char *line)
{
    strbuf_addf(context, "[%s]", line);
}

static void lines_are_split(void **state)
{
    static const struct {
        const char *pieces[5];
        const char *lines;
    } table[] = {
        {{""}, ""},
        {{"one\n"}, "[one]"},
        {{"one"}, "[one]"},
        {{"one\ntwo"}, "[one][two]"},
        {{"o", "n", "e\r", "\ntwo\r\n"}, "[one][two]"},
        {{"\n\n"}, "[][]"},
        {{"a\rb\n"}, "[a b]"},
        {{"Gr\xc3", "\xbc" "n\n"}, "[Gr\xc3\xbcn]"},
        {{"bad \xff\n"}, "[bad \xef\xbf\xbd]"},
        {{"esc \x1b[2J\n"}, "[esc  [2J]"},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        LineSplitter splitter;
        StrBuf lines;

        strbuf_init(&lines, STRBUF_SMALL);
        line_splitter_init(&splitter, collect, &lines);
        for (size_t p = 0; table[i].pieces[p] != NULL; p++)
            line_splitter_feed(&splitter, table[i].pieces[p], strlen(table[i].pieces[p]));
        line_splitter_release(&splitter);
        assert_string_equal(lines.buf, table[i].lines);
        strbuf_release(&lines);
    }
}

static void long_lines_are_cut(void **state)
{
    enum { LONG = 200000 };
    char *text = mem_alloc(LONG);
    LineSplitter splitter;
    StrBuf lines;

    (void)state;
    memset(text, 'x', LONG);
    strbuf_init(&lines, STRBUF_LARGE);
    line_splitter_init(&splitter, collect, &lines);
    line_splitter_feed(&splitter, text, 1000);
    line_splitter_feed(&splitter, text, LONG - 1000);
    line_splitter_feed(&splitter, text, 5);
    line_splitter_feed(&splitter, "\nnext\n", 6);
    line_splitter_release(&splitter);
    assert_int_equal(lines.len, STRBUF_LINE + 2 + strlen("[next]"));
    assert_string_equal(lines.buf + STRBUF_LINE, "x][next]");
    strbuf_release(&lines);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_only_where_needed),
        cmocka_unit_test(quote_appends),
        cmocka_unit_test(quote_that_does_not_fit_adds_nothing),
        cmocka_unit_test(exit_codes_are_explained),
        cmocka_unit_test(lines_are_split),
        cmocka_unit_test(long_lines_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
