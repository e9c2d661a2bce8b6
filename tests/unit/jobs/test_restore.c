#include "test_util.h"

#include "jobs/restore.h"

/* Only the name itself, letter by letter, is the consent. */
static void the_name_is_the_consent(void **state)
{
    (void)state;
    static const struct {
        const char *database, *typed;
        bool is;
    } cases[] = {
        {"cmms", "cmms", true},     {"cmms", "CMMS", false}, {"cmms", "cmm", false},  {"cmms", "cmms ", false},
        {"cmms", " cmms", false},   {"cmms", "", false},     {"cmms", NULL, false},   {"", "", false},
        {NULL, "", false},          {NULL, NULL, false},     {NULL, "postgres", false},
        {"donn\xC3\xA9""es 1", "donn\xC3\xA9""es 1", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Connection server;
        connection_init(&server);
        server.user = mem_strdup("postgres"); /* who has no database named gets that of this name from libpq */
        server.database = mem_strdup(cases[i].database);
        assert_int_equal(restore_is_consent(&server, cases[i].typed), cases[i].is);
        connection_release(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_name_is_the_consent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
