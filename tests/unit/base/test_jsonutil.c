#include "test_util.h"

#include "base/jsonutil.h"

static cJSON *parse(const char *text)
{
    cJSON *value = NULL;
    Error err = ERROR_INIT;
    assert_ok(json_parse(text, strlen(text), &value, &err), &err);
    assert_non_null(value);
    return value;
}

static void accepts(void **state)
{
    (void)state;
    static const char *const good[] = {
        "null",
        " true\n",
        "0",
        "-0.5e+10",
        "1E5",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\udcbe\"",
        "\"\xC3\xA4\x7F\"",
        "[]",
        "{}",
        " [ ] ",
        "{\"a\":1,\"a\":2, \"\" : [1,2,{\"b\":[]}]}",
        "\xEF\xBB\xBF{\"bom\":1}",
        "[[1],[[2]],{\"a\":{}}]",
    };
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        cJSON_Delete(parse(good[i]));
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } bad[] = {
        {"", 0},
        {"  ", 2},
        {"nul", 3},
        {"nulL", 3},
        {"{", 1},
        {"[1", 2},
        {"[1,]", 3},
        {"[,1]", 1},
        {"{\"a\"}", 4},
        {"{\"a\":}", 5},
        {"{\"a\":1,}", 7},
        {"{a:1}", 1},
        {"{'a':1}", 1},
        {"[1}", 2},
        {"{} {}", 3},
        {"1 x", 2},
        {"01", 1},
        {"+1", 0},
        {".5", 0},
        {"1.", 2},
        {"1e", 2},
        {"-", 1},
        {"NaN", 0},
        {"\"abc", 4},
        {"\"a\nb\"", 2},
        {"\"\\x\"", 2},
        {"\"\\u12g4\"", 5},
        {"\"\\u0000\"", 7},
        {"\"\\ud83d\"", 7},
        {"\"\\ud83dx\"", 7},
        {"\"\\udcbe\"", 7},
        {"\"\\ud83d\\u0041\"", 13},
        {"// c\n1", 0},
        {"1111111111222222222233333333334444444444555555555566666666667777", 64},
    };
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        cJSON *value = NULL;
        Error err = ERROR_INIT;
        char *expected = mem_printf("the text is not JSON from byte %zu on", bad[i].at);
        assert_fails(json_parse(bad[i].text, strlen(bad[i].text), &value, &err), &err, EK_DAMAGED, expected);
        assert_null(value);
        mem_free(expected);
    }
    cJSON *value = NULL;
    Error err = ERROR_INIT;
    assert_fails(json_parse("1\0", 2, &value, &err), &err, EK_DAMAGED, "the text is not JSON from byte 1 on");
    assert_fails(json_parse("\"ab\xFC\"", 5, &value, &err), &err, EK_DAMAGED, "the text is not UTF-8 from byte 3 on");
    assert_fails(json_parse("\"\xED\xA0\x80\"", 5, &value, &err), &err, EK_DAMAGED,
                 "the text is not UTF-8 from byte 1 on");
}

/* Bytes behind the given length are not looked at. */
static void length_counts(void **state)
{
    (void)state;
    cJSON *value = NULL;
    Error err = ERROR_INIT;
    assert_ok(json_parse("12345", 2, &value, &err), &err);
    assert_int_equal(value->valueint, 12);
    cJSON_Delete(value);
}

static void depth_is_limited(void **state)
{
    (void)state;
    char text[400];
    for (size_t depth = 64; depth <= 65; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        cJSON *value = NULL;
        Error err = ERROR_INIT;
        if (depth == 64) {
            assert_ok(json_parse(text, 2 * depth, &value, &err), &err);
            cJSON_Delete(value);
        } else {
            assert_fails(json_parse(text, 2 * depth, &value, &err), &err, EK_DAMAGED,
                         "the text is not JSON from byte 64 on");
        }
    }
}

static void getters_check_types(void **state)
{
    (void)state;
    cJSON *o = parse("{\"s\":\"text\",\"t\":true,\"f\":false,\"n\":null,\"i\":-7,\"d\":2.5,\"big\":9007199254740992,"
                     "\"over\":9007199254740994,\"inf\":1e999,\"S\":\"other\"}");
    assert_string_equal(json_string(o, "s", "x"), "text");
    assert_string_equal(json_string(o, "i", "x"), "x");
    assert_string_equal(json_string(o, "absent", "x"), "x");
    assert_null(json_string(o, "n", NULL));
    assert_true(json_bool(o, "t", false));
    assert_false(json_bool(o, "f", true));
    assert_true(json_bool(o, "s", true));
    assert_false(json_bool(o, "absent", false));
    assert_int_equal(json_int(o, "i", 1), -7);
    assert_int_equal(json_int(o, "d", 1), 1);
    assert_int_equal(json_int(o, "big", 1), 9007199254740992);
    assert_int_equal(json_int(o, "over", 1), 1);
    assert_int_equal(json_int(o, "inf", 1), 1);
    assert_int_equal(json_int(o, "s", 1), 1);
    assert_int_equal(json_int(o, "t", 5), 5);
    assert_true(json_number(o, "d", 1) > 2.4);
    assert_true(json_number(o, "inf", 1) < 2);
    assert_true(json_number(o, "absent", 1) < 2);
    assert_string_equal(json_string(NULL, "s", "none"), "none");
    cJSON *array = parse("[1]");
    assert_int_equal(json_int(array, "s", 3), 3);
    cJSON_Delete(array);
    cJSON_Delete(o);
}

static void setters_replace(void **state)
{
    (void)state;
    cJSON *o = parse("{\"keep\":1,\"a\":\"x\"}");
    json_set_int(o, "a", 5);
    json_set_bool(o, "b", true);
    json_set_string(o, "c", "one");
    json_set_string(o, "c", "two");
    json_set_string(o, "d", NULL);
    json_set_number(o, "e", 0.1);
    json_set_int(o, "f", -9007199254740992);
    assert_text(json_text(o), "{\n"
                              "  \"keep\": 1,\n"
                              "  \"a\": 5,\n"
                              "  \"b\": true,\n"
                              "  \"c\": \"two\",\n"
                              "  \"d\": null,\n"
                              "  \"e\": 0.1,\n"
                              "  \"f\": -9007199254740992\n"
                              "}\n");
    cJSON_Delete(o);
}

static void prints(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"null", "null\n"},
        {"[]", "[]\n"},
        {"{}", "{}\n"},
        {"[1,[],{\"a\":{}}]", "[\n  1,\n  [],\n  {\n    \"a\": {}\n  }\n]\n"},
        {"0.30000000000000004", "0.30000000000000004\n"},
        {"1e300", "1e+300\n"},
        {"-0.5", "-0.5\n"},
        {"1e15", "1000000000000000\n"},
        {"1e999", "null\n"},
        {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f~\"", "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f~\"\n"},
        {"\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x92\xBE\xEF\xBF\xBF\xF4\x8F\xBF\xBF\"",
         "\"\\u00e4\\u20ac\\ud83d\\udcbe\\uffff\\udbff\\udfff\"\n"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        cJSON *value = parse(cases[i][0]);
        char *text = json_text(value);
        assert_string_equal(text, cases[i][1]);
        cJSON *again = parse(text); /* and it can be read back as the same */
        assert_true(strcmp(text, "null\n") == 0 || cJSON_Compare(value, again, true));
        cJSON_Delete(again);
        cJSON_Delete(value);
        mem_free(text);
    }
}

static void bad_bytes_do_not_spoil_a_file(void **state)
{
    (void)state;
    cJSON *o = cJSON_CreateObject();
    json_set_string(o, "name", "Gr\xFC\xDF" "e");
    assert_text(json_text(o), "{\n  \"name\": \"Gr\\ufffd\\ufffde\"\n}\n");
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(length_counts),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(getters_check_types),
        cmocka_unit_test(setters_replace),
        cmocka_unit_test(prints),
        cmocka_unit_test(bad_bytes_do_not_spoil_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
