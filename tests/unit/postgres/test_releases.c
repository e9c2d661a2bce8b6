#include "test_util.h"

#include "postgres/releases.h"

#define LACKS " lacks the security repairs of November 2026 "
#define ENDED " is of a PostgreSQL that gets no security repairs any more"

static void complaints(void **state)
{
    (void)state;
    static const struct {
        const char *version, *complaint; /* NULL: none */
    } cases[] = {
        {"18.7", NULL},
        {"18.6", "pg_dump 18.6" LACKS "(18.7)"},
        {"18.10", NULL},
        {"18beta2", "pg_dump 18beta2" LACKS "(18.7)"},
        {"18", "pg_dump 18" LACKS "(18.7)"},
        {"17.12", NULL},
        {"17.11", "pg_dump 17.11" LACKS "(17.12)"},
        {"17.2", "pg_dump 17.2" LACKS "(17.12)"},
        {"16.16", NULL},
        {"16.15", "pg_dump 16.15" LACKS "(16.16)"},
        {"15.20", NULL},
        {"15.19", "pg_dump 15.19" LACKS "(15.20)"},
        {"14.25", NULL},
        {"14.24", "pg_dump 14.24" LACKS "(14.25)"},
        {"13.23", "pg_dump 13.23" ENDED},
        {"9.6.24", "pg_dump 9.6.24" ENDED},
        {"19beta1", NULL},
        {"20.0", NULL},
        {"", NULL},
        {"x", NULL},
        {"99999999999999999999.1", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *complaint = release_complaint("pg_dump", cases[i].version);
        if (cases[i].complaint == NULL) {
            assert_null(complaint);
        } else {
            assert_text(complaint, cases[i].complaint);
        }
    }
}

static void standbys(void **state)
{
    (void)state;
    static const struct {
        int server;
        bool exports;
        const char *mended;
    } cases[] = {{180006, false, "18.7"}, {180007, true, "18.7"},   {170011, false, "17.12"}, {170012, true, "17.12"},
                 {160015, false, "16.16"}, {160016, true, "16.16"}, {150019, false, "15.20"}, {150020, true, "15.20"},
                 {140024, false, "14.25"}, {140025, true, "14.25"}, {130099, false, NULL},    {90624, false, NULL},
                 {190000, true, NULL}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const char *mended = "?";
        assert_int_equal(release_standby_exports(cases[i].server, &mended), cases[i].exports);
        if (cases[i].mended == NULL) {
            assert_null(mended);
        } else {
            assert_string_equal(mended, cases[i].mended);
        }
    }
}

static void servers(void **state)
{
    (void)state;
    assert_int_equal(release_oldest_server(18), 90200);
    assert_int_equal(release_oldest_server(15), 90200);
    assert_int_equal(release_oldest_server(14), 80000);
    assert_text(release_text(170011), "17.11");
    assert_text(release_text(180000), "18.0");
    assert_text(release_text(90124), "9.1");
    assert_text(release_text(90200), "9.2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(complaints), cmocka_unit_test(standbys),
                                       cmocka_unit_test(servers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
