/* The vectors are those of BIP 173. */
#include "test_util.h"

#include <string.h>

#include "cloud/bech32.h"

#define QS_82 "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"

static void valid_ones(void **state)
{
    static const struct {
        const char *text, *prefix;
        size_t count;
    } cases[] = {
        {"A12UEL5L", "A", 0},
        {"a12uel5l", "a", 0},
        {"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
         "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio", 0},
        {"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef", 32},
        {"11" QS_82 "c8247j", "1", 82},
        {"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "split", 48},
        {"?1ezyfcl", "?", 0},
    };
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char prefix[BECH32_MAX];
        unsigned char values[BECH32_MAX];
        size_t count = 99;
        assert_true(bech32_decode(cases[i].text, prefix, values, &count));
        assert_string_equal(prefix, cases[i].prefix);
        assert_int_equal(count, cases[i].count);
        for (size_t k = 0; k < count && i == 3; k++) {
            assert_int_equal(values[k], k);
        }
    }
}

static void invalid_ones(void **state)
{
    static const char *const cases[] = {
        "\x20"
        "1nwldj5",
        "\x7f"
        "1axkwrx",
        "\x80"
        "1eym55h",
        "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
        "pzry9x0s0muk",
        "1pzry9x0s0muk",
        "x1b4n0q5v",
        "li1dgmt3",
        "de1lg7wt\xff",
        "A1G7SGD8",
        "10a06t8",
        "1qzzfhee",
        "", "1", "a1", "a12uel5L", "a12uel5m", "a12uel5", "a12uel5ll",
    };
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char prefix[BECH32_MAX] = "as it was";
        unsigned char values[BECH32_MAX];
        size_t count = 99;
        assert_false(bech32_decode(cases[i], prefix, values, &count));
        assert_string_equal(prefix, "as it was");
        assert_int_equal(count, 99);
    }
}

static void bytes_and_back(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        unsigned char in[40] = {0}, values[BECH32_MAX], out[40];
        char prefix[BECH32_MAX];
        size_t count = 0, got = 99;
        for (size_t i = 0; i < len; i++) {
            in[i] = (unsigned char)(i * 37 + len * 11 + 5);
        }
        char *text = bech32_encode("age", in, len);
        assert_true(bech32_decode(text, prefix, values, &count));
        assert_string_equal(prefix, "age");
        assert_true(bech32_bytes(values, count, out, sizeof out, &got));
        assert_int_equal(got, len);
        assert_memory_equal(in, out, len);
        assert_true(len == 0 || !bech32_bytes(values, count, out, len - 1, &got)); /* no room for the last */
        /* Any one letter that is another is noticed. */
        for (size_t i = 4; text[i] != '\0'; i++) {
            const char kept = text[i];
            text[i] = kept == 'q' ? 'p' : 'q';
            assert_false(bech32_decode(text, prefix, values, &count));
            text[i] = kept;
        }
        mem_free(text);
    }
}

static void what_is_left_over_is_padding(void **state)
{
    static const struct {
        unsigned char values[3];
        size_t count;
        bool ok;
    } cases[] = {{{31, 28, 0}, 2, true}, {{31, 29, 0}, 2, false}, {{31, 30, 0}, 2, false}, {{0, 0, 0}, 1, false},
                 {{0, 0, 0}, 3, false},  {{0, 0, 0}, 0, true}};
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        unsigned char bytes[2];
        size_t len = 0;
        assert_int_equal(bech32_bytes(cases[i].values, cases[i].count, bytes, sizeof bytes, &len), cases[i].ok);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(valid_ones), cmocka_unit_test(invalid_ones),
                                       cmocka_unit_test(bytes_and_back),
                                       cmocka_unit_test(what_is_left_over_is_padding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
