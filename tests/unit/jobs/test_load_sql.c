#include "test_util.h"

#include "jobs/load_private.h"

static void names_and_texts(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *name, *rest;
    } names[] = {{"plant SET", "plant", " SET"},     {" \"a \"\"b\"\" \" SET", "a \"b\" ", " SET"},
                 {"public.t", "public", ".t"},       {"\"\" x", NULL, "\"\" x"},
                 {"\"open", NULL, "\"open"},          {"", NULL, ""},
                 {"ann\tSUPERUSER", "ann", "\tSUPERUSER"}, {"ann/**/SUPERUSER", "ann", "/**/SUPERUSER"}};
    static const struct {
        const char *sql, *text, *rest;
    } texts[] = {{"'a''b', 'c'", "a'b", ", 'c'"}, {" E'a\\\\b\\'' ;", "a\\b'", " ;"}, {"''", "", ""},
                 {"'open", NULL, "'open"},        {"x", NULL, "x"}};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const char *at = names[i].sql;
        char *name = sql_take_name(&at);
        assert_string_equal(name == NULL ? "(none)" : name, names[i].name == NULL ? "(none)" : names[i].name);
        assert_string_equal(at, names[i].rest);
        mem_free(name);
    }
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        const char *at = texts[i].sql;
        char *text = sql_take_literal(&at);
        assert_string_equal(text == NULL ? "(none)" : text, texts[i].text == NULL ? "(none)" : texts[i].text);
        assert_string_equal(at, texts[i].rest);
        mem_free(text);
    }
    assert_text(sql_literal("it's"), "'it''s'");
    assert_text(sql_literal("a\\'"), " E'a\\\\'''");
}

static void options_of_a_database(void **state)
{
    (void)state;
    static const char definition[] = "CREATE DATABASE \"x LOCALE = 'y'\" WITH TEMPLATE = template0 ENCODING = 'UTF8' "
                                     "LOCALE_PROVIDER = icu LOCALE = 'en_US.UTF-8' ICU_LOCALE = 'tr-TR';\n";
    static const char *const cases[][2] = {{"TEMPLATE", "template0"}, {"ENCODING", "UTF8"}, {"LOCALE_PROVIDER", "icu"},
                                           {"LOCALE", "en_US.UTF-8"}, {"ICU_LOCALE", "tr-TR"}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_text(sql_option_of(definition, cases[i][0]), cases[i][1]);
    }
    assert_null(sql_option_of(definition, "LC_CTYPE"));
    assert_null(sql_option_of("CREATE DATABASE a", "LOCALE"));
    assert_null(sql_option_of("CREATE DATABASE \"a", "LOCALE"));
    assert_null(sql_option_of(NULL, "LOCALE"));
}

static void settings_of_a_database(void **state)
{
    (void)state;
    const char *at = "ALTER DATABASE \"a b\" CONNECTION LIMIT = 5;\n"
                     "ALTER DATABASE \"a b\" SET \"TimeZone\" TO 'Europe/Istanbul';\n"
                     "ALTER DATABASE \"a b\" SET statement_timeout TO '1s';\n"
                     "ALTER DATABASE \"a b\" SET session_preload_libraries TO 'evil';\n"
                     "ALTER DATABASE \"a b\" SET \"app.tenant\" TO 'it''s', 'two';\n"
                     "ALTER ROLE ann IN DATABASE \"a b\" SET \"TimeZone\" TO 'UTC';\n"
                     "ALTER DATABASE \"a b\" SET \"DateStyle\" TO 'ISO'; DROP TABLE x;\n"
                     "ALTER DATABASE \"a b\" SET \"TimeZone\" TO 'open";
    assert_text(sql_next_setting(&at), "\"TimeZone\" TO 'Europe/Istanbul'");
    assert_text(sql_next_setting(&at), "\"app.tenant\" TO 'it''s', 'two'");
    assert_text(sql_next_setting(&at), "\"DateStyle\" TO 'ISO'");
    assert_null(sql_next_setting(&at));
}

/* A backup's statements about its database, for one of another name. */
static void statements_about_a_database(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *wanted;
    } cases[] = {
        {"ALTER DATABASE shop SET search_path TO 'app', 'public'",
         "ALTER DATABASE \"a \"\"b\" SET search_path TO 'app', 'public'"},
        {"ALTER DATABASE \"the \"\"shop\" CONNECTION LIMIT = 7", "ALTER DATABASE \"a \"\"b\" CONNECTION LIMIT = 7"},
        {"ALTER ROLE \"x DATABASE y\" IN DATABASE shop SET work_mem TO '5MB'",
         "ALTER ROLE \"x DATABASE y\" IN DATABASE \"a \"\"b\" SET work_mem TO '5MB'"},
        {"REVOKE CONNECT,TEMPORARY ON DATABASE shop FROM PUBLIC",
         "REVOKE CONNECT,TEMPORARY ON DATABASE \"a \"\"b\" FROM PUBLIC"},
        {"COMMENT ON DATABASE shop IS 'my DATABASE shop'", "COMMENT ON DATABASE \"a \"\"b\" IS 'my DATABASE shop'"},
        {"GRANT SELECT ON TABLE t TO reader", NULL},
        {"COMMENT ON SCHEMA s IS ' DATABASE shop '", NULL},
        {"DROP DATABASE shop", NULL},
        {"ALTER DATABASE \"", NULL},
        {"ALTER DATABASE ", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *text = sql_for_database(cases[i].sql, "a \"b");
        assert_true(cases[i].wanted == NULL ? text == NULL : text != NULL && strcmp(text, cases[i].wanted) == 0);
        mem_free(text);
    }
}

/* What a text, a name or a remark holds is no statement, whatever it looks like. */
static void one_statement_after_the_other(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *wanted[4];
    } cases[] = {
        {"GRANT a TO b;\nGRANT c TO d;\n\n", {"GRANT a TO b", "GRANT c TO d", NULL}},
        {"COMMENT ON SCHEMA s IS 'x;\nALTER ROLE evil SUPERUSER;\n';\nGRANT a TO b;",
         {"COMMENT ON SCHEMA s IS 'x;\nALTER ROLE evil SUPERUSER;\n'", "GRANT a TO b", NULL}},
        {"C IS E'it\\';\nDROP x;\n';D", {"C IS E'it\\';\nDROP x;\n'", "D", NULL}},
        {"C IS E'it''s \\\\';D", {"C IS E'it''s \\\\'", "D", NULL}},
        {"C IS 'it''s;\n\\';D", {"C IS 'it''s;\n\\'", "D", NULL}},
        {"GRANT \"a;\n\"\"b'\" TO c;D", {"GRANT \"a;\n\"\"b'\" TO c", "D", NULL}},
        {"DO $x$ a; $$ ; ' $x$;D", {"DO $x$ a; $$ ; ' $x$", "D", NULL}},
        {"a$b;c$b;d", {"a$b", "c$b", "d", NULL}}, /* in a name a dollar begins nothing */
        {"a /* ; /* ; */ ; */ b;c -- ;'\n d;e", {"a /* ; /* ; */ ; */ b", "c -- ;'\n d", "e", NULL}},
        {"C IS 'no end;\nD;", {"C IS 'no end;\nD;", NULL}},
        {" ;\n; ", {NULL}},
        {"", {NULL}},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const char *at = cases[i].sql;
        for (size_t k = 0; k < 4; k++) {
            char *statement = sql_next_statement(&at);
            assert_true(cases[i].wanted[k] == NULL
                            ? statement == NULL
                            : statement != NULL && strcmp(statement, cases[i].wanted[k]) == 0);
            mem_free(statement);
            if (cases[i].wanted[k] == NULL) {
                break;
            }
        }
    }
}

static void what_ends_a_transaction(void **state)
{
    (void)state;
    static const char *const ends[] = {"COMMIT", "commit work", "\n /* ; /* */ */ -- x\rRollback to x", "END", "BEGIN",
                                       "start transaction", "ABORT", "SAVEPOINT a", "RELEASE a",
                                       "PREPARE TRANSACTION 'x'", ";COMMIT"};
    static const char *const none[] = {"", "GRANT SELECT ON commit TO a", "-- COMMIT", "/* */ COMMENT ON TABLE a IS ''",
                                       "\"COMMIT\"", "COMMITS", "ENDING", "'COMMIT'"};
    for (size_t i = 0; i < TEST_COUNT(ends); i++) {
        assert_true(sql_ends_transaction(ends[i]));
    }
    for (size_t i = 0; i < TEST_COUNT(none); i++) {
        assert_false(sql_ends_transaction(none[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_texts),
        cmocka_unit_test(options_of_a_database),
        cmocka_unit_test(settings_of_a_database),
        cmocka_unit_test(statements_about_a_database),
        cmocka_unit_test(one_statement_after_the_other),
        cmocka_unit_test(what_ends_a_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
