#include "test_util.h"

#include "jobs/page.h"
#include "test_env.h"

static void texts_are_text_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {NULL, ""},
        {"", ""},
        {"cmms_backup_20260119_143052.backup", "cmms_backup_20260119_143052.backup"},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"a\" onload=\"x", "a&quot; onload=&quot;x"},
        {"' style='x", "&#39; style=&#39;x"},
        {"&lt;b&gt; & co", "&amp;lt;b&amp;gt; &amp; co"},
        {"]]><!-- -->", "]]&gt;&lt;!-- --&gt;"},
        {"J\xC3\xBCrgen \xE4\xB8\xAD \xF0\x9F\x93\x81", "J\xC3\xBCrgen \xE4\xB8\xAD \xF0\x9F\x93\x81"},
        {"\xD7\xA9\xD7\x9C.backup", "\xD7\xA9\xD7\x9C.backup"}, /* written from the right */
        {"gnp.\xE2\x80\xAE" "exe", "gnp.[U+202E]exe"},
        {"\xE2\x81\xA6x\xE2\x81\xA9", "[U+2066]x[U+2069]"},
        {"\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C", "[U+200E][U+200F][U+061C]"},
        {"10 \xE2\x80\xA6 \xE2\x80\x93 \xD8\xA7", "10 \xE2\x80\xA6 \xE2\x80\x93 \xD8\xA7"}, /* their neighbours stay */
        {"bad \xFF byte", "bad \xEF\xBF\xBD byte"},
        {"cut off \xE2\x80", "cut off \xEF\xBF\xBD\xEF\xBF\xBD"},
        {"two\r\nlines\tand \x1B[31m", "two  lines and  [31m"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        StrBuf page;
        strbuf_init(&page, STRBUF_LINE);
        page_text(&page, rows[i].text);
        assert_string_equal(page.buf, rows[i].shown);
        assert_false(page.full);
        strbuf_release(&page);
    }
}

/* Every byte, alone and between others: what comes out has no character that HTML reads as its own. */
static void no_byte_gets_through(void **state)
{
    (void)state;
    for (int i = 1; i < 256; i++) {
        for (int k = 1; k < 256; k++) {
            const char text[] = {(char)i, (char)k, '\0'};
            StrBuf page;
            strbuf_init(&page, STRBUF_LINE);
            page_text(&page, text);
            assert_int_equal(strcspn(page.buf, "<>\"'"), page.len);
            for (const char *p = page.buf; *p != '\0'; p++) {
                assert_true((unsigned char)*p >= 0x20 && *p != 0x7F);
                assert_true(*p != '&' || strncmp(p, "&lt;", 4) == 0 || strncmp(p, "&gt;", 4) == 0 ||
                            strncmp(p, "&amp;", 5) == 0 || strncmp(p, "&quot;", 6) == 0 || strncmp(p, "&#39;", 5) == 0);
            }
            strbuf_release(&page);
        }
    }
}

static void a_whole_page(void **state)
{
    (void)state;
    StrBuf page;
    strbuf_init(&page, STRBUF_LINE);
    page_begin(&page, "</title><b>", ".x { color: red; }\n");
    page_row(&page, "Name", "<i>");
    page_row(&page, "Nothing", NULL);
    page_end(&page);
    static const char begins[] = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    assert_memory_equal(page.buf, begins, sizeof begins - 1);
    assert_non_null(strstr(page.buf, "content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    assert_non_null(strstr(page.buf, "<title>&lt;/title&gt;&lt;b&gt;</title>"));
    assert_non_null(strstr(page.buf, ".x { color: red; }\n</style>\n</head>\n<body>\n"));
    assert_non_null(strstr(page.buf, "<tr><th scope=\"row\">Name</th><td><bdi>&lt;i&gt;</bdi></td></tr>\n</body>"));
    assert_null(strstr(page.buf, "Nothing"));
    assert_null(strstr(page.buf, "<script"));
    assert_null(strstr(page.buf, "http://"));
    assert_null(strstr(page.buf, "https://"));
    strbuf_release(&page);
}

static void words(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } durations[] = {{0, "less than 1 s"}, {0.4, "less than 1 s"}, {0.5, "1 s"}, {59.4, "59 s"}, {59.5, "1 min 00 s"},
                     {270, "4 min 30 s"}, {3599.4, "59 min 59 s"}, {3600, "1 h 00 min"}, {9000, "2 h 30 min"},
                     {-1, "less than 1 s"}, {1e300, "277777 h 46 min"}};
    for (size_t i = 0; i < TEST_COUNT(durations); i++) {
        assert_text(page_duration(durations[i].seconds), durations[i].text);
    }
    assert_text(page_size(0), "0.00 MB");
    assert_text(page_size(13002342), "12.4 MB");
}

/* What is there is replaced, so nothing of ours can be meant. */
static void where_it_may_be(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool may;
    } rows[] = {{"report.html", true},
                {"C:\\Users\\J\xC3\xBCrgen\\a.HTM", true},
                {"cmms_backup_20260119_143052.backup", false},
                {"a.backup.manifest.json", false},
                {"backup_log.json", false},
                {".html", false},
                {"html", false},
                {"a.html ", false},
                {"", false}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        if (rows[i].may) {
            assert_ok(page_may_be(rows[i].path, &err), &err);
        } else {
            char *message = mem_printf("a page cannot be written to \"%s\"", rows[i].path);
            assert_fails(page_may_be(rows[i].path, &err), &err, EK_USAGE, message);
            mem_free(message);
        }
    }
}

static void it_is_written_whole_or_not(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = NULL;
    Error err = ERROR_INIT;
    StrBuf page;
    test_setenv("CMMS_BACKUP_DATA", dir);
    strbuf_init(&page, 8);
    strbuf_addstr(&page, "<p>");
    assert_ok(page_own_path("a.html", &path, &err), &err);
    assert_ok(page_write(path, &page, &err), &err);
    assert_text(test_read(path), "<p>");
    page_text(&page, "more than it takes");
    assert_true(page.full);
    assert_fails(page_write(path, &page, &err), &err, EK_INTERNAL, "the page has become too large to be written");
    assert_text(test_read(path), "<p>");
    strbuf_release(&page);
    mem_free(path);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_text_alone), cmocka_unit_test(no_byte_gets_through),
        cmocka_unit_test(a_whole_page),         cmocka_unit_test(words),
        cmocka_unit_test(where_it_may_be),      cmocka_unit_test(it_is_written_whole_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
