#include "test_util.h"

#include "jobs/load_private.h"

static void wanted_entries(void **state)
{
    (void)state;
    static const struct {
        const char *desc, *tag;
        bool wanted;
    } cases[] = {{"TABLE", "t", true},
                 {"EXTENSION", "citext", false},
                 {"COMMENT", "EXTENSION citext", false},
                 {"COMMENT", "TABLE t", true},
                 {"COMMENT", "SCHEMA public", false},
                 {"EVENT TRIGGER", "e", false},
                 {"COMMENT", "EVENT TRIGGER e", false},
                 {"MATERIALIZED VIEW", "m", true},
                 {"MATERIALIZED VIEW DATA", "m", false},
                 {"PUBLICATION", "p", false},
                 {"PROCEDURAL LANGUAGE", "plpgsql", false},
                 {"PROCEDURAL LANGUAGE", "plperl", true}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const ArchiveEntry entry = {.tag = (char *)cases[i].tag, .desc = (char *)cases[i].desc};
        assert_int_equal(load_is_wanted(&entry), cases[i].wanted);
    }
}

/* What a restore does itself when the rows are counted. */
static void later_entries(void **state)
{
    (void)state;
    static const struct {
        const char *desc, *tag;
        bool later;
    } cases[] = {{"ACL", "TABLE t", true},
                 {"ACL", "DATABASE shop", false}, /* the live one's are carried over */
                 {"ACL", "SCHEMA public", true},
                 {"DEFAULT ACL", "DEFAULT PRIVILEGES FOR TABLES", true},
                 {"EVENT TRIGGER", "e", true},
                 {"PUBLICATION", "p", true},
                 {"PUBLICATION TABLE", "p t", true},
                 {"SUBSCRIPTION", "s", false},
                 {"SECURITY LABEL", "TABLE t", true},
                 {"COMMENT", "EXTENSION citext", true},
                 {"COMMENT", "SCHEMA public", true},
                 {"COMMENT", "DATABASE shop", false},
                 {"COMMENT", "SUBSCRIPTION s", false},
                 {"COMMENT", "TABLE t", false}, /* pg_restore's */
                 {"TABLE", "t", false},
                 {"MATERIALIZED VIEW DATA", "m", false}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const ArchiveEntry entry = {.tag = (char *)cases[i].tag, .desc = (char *)cases[i].desc};
        assert_int_equal(load_is_later(&entry), cases[i].later);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted_entries),
        cmocka_unit_test(later_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
