#include "test_util.h"

#include "base/utf.h"

static const struct {
    const char *bytes;
    size_t valid; /* the length of the valid prefix */
    const char *repaired;
} cases[] = {
    {"", 0, ""},
    {"plain", 5, "plain"},
    {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x92\xBE", 9, "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x92\xBE"},
    {"\x7E\xC2\xA0\xDF\xBF", 5, "\x7E\xC2\xA0\xDF\xBF"},
    {"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", 12, "\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"},
    {"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8, "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
    {"a\x80z", 1, "a\xEF\xBF\xBDz"},
    {"a\xFFz", 1, "a\xEF\xBF\xBDz"},
    {"\xC0\x80", 0, "\xEF\xBF\xBD\xEF\xBF\xBD"},                                   /* overlong NUL */
    {"\xC1\xBF", 0, "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xE0\x9F\xBF", 0, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xF0\x8F\xBF\xBF", 0, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xED\xA0\x80", 0, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},                   /* surrogate */
    {"\xF4\x90\x80\x80", 0, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},   /* above U+10FFFF */
    {"ab\xC3", 2, "ab\xEF\xBF\xBD"},                                               /* cut short */
    {"ab\xE2\x82", 2, "ab\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xE2\x82\x41", 0, "\xEF\xBF\xBD\xEF\xBF\xBD\x41"},
    {"Gr\xFC\xDF" "e", 2, "Gr\xEF\xBF\xBD\xEF\xBF\xBD" "e"},                       /* Windows-1252 */
    {"\tone\ntwo\r\x1B[31m\x07\x7F", 16, "\tone\ntwo  [31m  "},                      /* steering a console */
    {"\xC2\x9B" "1m\xC2\x80\xC2\x9F\xC2\xA0", 10, " 1m  \xC2\xA0"},                /* C1 */
};

static void strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        size_t len = strlen(cases[i].bytes);
        assert_int_equal(utf8_valid_prefix(cases[i].bytes, len), cases[i].valid);
        assert_int_equal(utf8_valid(cases[i].bytes, len), cases[i].valid == len);
    }
    assert_true(utf8_valid("a\0b", 3));
}

static void lossy(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        StrBuf sb;
        strbuf_init(&sb, STRBUF_SMALL);
        assert_true(utf8_add_lossy(&sb, cases[i].bytes, strlen(cases[i].bytes)));
        assert_true(utf8_valid(sb.buf, sb.len));
        assert_text(strbuf_detach(&sb), cases[i].repaired);
    }
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    assert_true(utf8_add_lossy(&sb, "a\0b", 3));
    assert_text(strbuf_detach(&sb), "a b");
}

static void lossy_stops_at_the_cap(void **state)
{
    (void)state;
    StrBuf sb;
    strbuf_init(&sb, 4);
    assert_false(utf8_add_lossy(&sb, "ab\xFF", 3));
    assert_true(sb.full);
    assert_text(strbuf_detach(&sb), "ab");
}

/* Every pair of bytes: what is repaired is valid, and what was valid and harmless is not changed. */
static void lossy_gives_valid_text(void **state)
{
    (void)state;
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    for (unsigned i = 0; i < 65536; i++) {
        char bytes[2] = {(char)(i >> 8), (char)(i & 255)};
        strbuf_clear(&sb);
        assert_true(utf8_add_lossy(&sb, bytes, 2));
        assert_true(utf8_valid(sb.buf, sb.len));
        assert_int_equal(strlen(sb.buf), sb.len);
    }
    strbuf_release(&sb);
}

static void shown_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *shown;
    } rows[] = {
        {"", ""},
        {"plain \n", "plain \n"},
        {"Auftr\xE4ge", "Auftr\xEF\xBF\xBD" "E4ge"},
        {"Auftr\xC3\xA4ge", "Auftr\xC3\xA4ge"},
        {"\xEF\xBF\xBD" "E4", "\xEF\xBF\xBD\xEF\xBF\xBD" "E4"}, /* another name than the byte */
        {"\xEF\xBF\xBD\xE4", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" "E4"},
        {"\xEF\xBF", "\xEF\xBF\xBD" "EF\xEF\xBF\xBD" "BF"},
        {"\x8F\xA2\xF1", "\xEF\xBF\xBD" "8F\xEF\xBF\xBD" "A2\xEF\xBF\xBD" "F1"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *shown = utf8_shown(rows[i].bytes, strlen(rows[i].bytes));
        assert_string_equal(shown, rows[i].shown);
        assert_text(utf8_unshown(shown), rows[i].bytes);
        mem_free(shown);
    }
    for (unsigned i = 0; i < 65536; i++) { /* every pair of bytes but a NUL comes back */
        const char bytes[3] = {(char)(i >> 8 | 1), (char)(i & 255), '\0'};
        char *shown = utf8_shown(bytes, strlen(bytes));
        assert_true(utf8_valid(shown, strlen(shown)));
        assert_text(utf8_unshown(shown), bytes);
        mem_free(shown);
    }
    static const char *const others[] = {"\xEF\xBF\xBD", "\xEF\xBF\xBDxy", "\xEF\xBF\xBD" "e4", "\xEF\xBF\xBD" "E"};
    for (size_t i = 0; i < TEST_COUNT(others); i++) {
        assert_text(utf8_unshown(others[i]), others[i]);
    }
}

static void caseless(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int sign;
    } pairs[] = {
        {"", "", 0},       {"A", "a", 0},   {"Backup", "bACKUP", 0}, {"a", "b", -1},        {"B", "a", 1},
        {"ab", "a", 1},    {"", "a", -1},   {"[", "a", -1},          {"\xC3\xA4", "z", 1},  {"\xC3\xA4", "\xC3\x84", 1},
    };
    for (size_t i = 0; i < TEST_COUNT(pairs); i++) {
        int got = utf8_casecmp(pairs[i].a, pairs[i].b);
        assert_int_equal((got > 0) - (got < 0), pairs[i].sign);
        got = utf8_casecmp(pairs[i].b, pairs[i].a);
        assert_int_equal((got > 0) - (got < 0), -pairs[i].sign);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict),   cmocka_unit_test(lossy),    cmocka_unit_test(lossy_stops_at_the_cap),
        cmocka_unit_test(lossy_gives_valid_text), cmocka_unit_test(shown_and_back), cmocka_unit_test(caseless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
