#include "test_util.h"

static void starts_empty(void **state)
{
    (void)state;
    StrBuf sb;
    strbuf_init(&sb, 10);
    assert_string_equal(sb.buf, "");
    assert_int_equal(sb.len, 0);
    assert_false(sb.full);
    strbuf_release(&sb);
    assert_null(sb.buf);
}

static void adds(void **state)
{
    (void)state;
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    assert_true(strbuf_addstr(&sb, "one"));
    assert_true(strbuf_addch(&sb, ' '));
    assert_true(strbuf_addf(&sb, "%d/%s", 2, "three"));
    assert_true(strbuf_add(&sb, "\0x", 2));
    assert_true(strbuf_add(&sb, NULL, 0));
    assert_int_equal(sb.len, 13);
    assert_memory_equal(sb.buf, "one 2/three\0x", 14);
    assert_text(strbuf_detach(&sb), "one 2/three");
    assert_null(sb.buf);
}

static void cap_refuses_the_whole(void **state)
{
    (void)state;
    StrBuf sb;
    strbuf_init(&sb, 5);
    assert_true(strbuf_addstr(&sb, "abc"));
    assert_false(strbuf_addstr(&sb, "def"));
    assert_true(sb.full);
    assert_string_equal(sb.buf, "abc");
    assert_false(strbuf_addf(&sb, "%d", 1234));
    assert_string_equal(sb.buf, "abc");
    assert_true(strbuf_addstr(&sb, "de")); /* what still fits is taken */
    assert_true(sb.full);                  /* but it stays known that something is missing */
    assert_false(strbuf_addch(&sb, 'f'));
    assert_false(strbuf_add(&sb, "x", SIZE_MAX));
    assert_string_equal(sb.buf, "abcde");
    strbuf_clear(&sb);
    assert_false(sb.full);
    assert_true(strbuf_addf(&sb, "%s", "12345"));
    assert_false(sb.full);
    strbuf_release(&sb);
}

static void grows_far(void **state)
{
    (void)state;
    StrBuf sb;
    strbuf_init(&sb, SIZE_MAX);
    for (unsigned i = 0; i < 100000; i++) {
        assert_true(strbuf_addch(&sb, (char)('a' + i % 26)));
    }
    assert_int_equal(sb.len, 100000);
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal(sb.buf[i], 'a' + (int)(i % 26));
    }
    assert_int_equal(sb.buf[sb.len], 0);
    strbuf_release(&sb);
}

static void setlen_only_shortens(void **state)
{
    (void)state;
    StrBuf sb;
    strbuf_init(&sb, 100);
    strbuf_addstr(&sb, "abcdef");
    strbuf_setlen(&sb, 3);
    assert_string_equal(sb.buf, "abc");
    strbuf_setlen(&sb, 50);
    assert_int_equal(sb.len, 3);
    strbuf_release(&sb);
}

static void trims(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""}, {" ", ""}, {"\r\n\t ", ""}, {"a", "a"}, {"  a b \n", "a b"}, {"a\n", "a"}, {"\ta", "a"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        StrBuf sb;
        strbuf_init(&sb, 100);
        strbuf_addstr(&sb, cases[i][0]);
        strbuf_trim(&sb);
        assert_int_equal(sb.len, strlen(cases[i][1]));
        assert_text(strbuf_detach(&sb), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty), cmocka_unit_test(adds),
        cmocka_unit_test(cap_refuses_the_whole), cmocka_unit_test(grows_far),
        cmocka_unit_test(setlen_only_shortens), cmocka_unit_test(trims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
