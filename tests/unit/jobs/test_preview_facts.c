#include "test_util.h"

#include "jobs/preview_private.h"

/* What a table of contents says by itself; what is asked of a server is in tests/e2e/test_preview.py. */

static Manifest from(const char *system, const char *oid, const char *timeline, const char *database)
{
    Manifest manifest;
    manifest_init(&manifest);
    manifest.system_identifier = (char *)system;
    manifest.database_oid = (char *)oid;
    manifest.timeline = (char *)timeline;
    manifest.database = (char *)database;
    return manifest;
}

static void whose_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *system, *oid, *timeline, *database; /* of the backup */
        const char *now;                                /* the live one's number; NULL: it is gone */
        PreviewOwn own;
    } cases[] = {
        {"7", "16384", NULL, "cmms", "16384", PREVIEW_OWN_SAME},
        {"7", "16384", NULL, "renamed", "16384", PREVIEW_OWN_SAME},
        {"7", "16384", NULL, "cmms", "17000", PREVIEW_OWN_EARLIER},
        {"7", "16384", NULL, "cmms", NULL, PREVIEW_OWN_EARLIER},
        {"7", NULL, NULL, "cmms", "16384", PREVIEW_OWN_EARLIER},
        {"7", "16385", NULL, "other", "16384", PREVIEW_OWN_DATABASE},
        {"7", "16384", NULL, "other", NULL, PREVIEW_OWN_DATABASE},
        {"8", "16384", NULL, "cmms", "16384", PREVIEW_OWN_SERVER},
        {"7", "16384", "b", "cmms", "16384", PREVIEW_OWN_SERVER}, /* another branch */
        {"7", "16384", "a", "cmms", "16384", PREVIEW_OWN_SAME},
        {NULL, "16384", NULL, "cmms", "16384", PREVIEW_OWN_UNKNOWN},
    };
    const Manifest server = from("7", NULL, "a", NULL), silent = from(NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const Manifest backup = from(cases[i].system, cases[i].oid, cases[i].timeline, cases[i].database);
        assert_int_equal(preview_whose(&backup, &server, cases[i].now, "cmms"), cases[i].own);
        assert_int_equal(preview_whose(&backup, &silent, cases[i].now, "cmms"), PREVIEW_OWN_UNKNOWN);
    }
}

#define ENTRY(kind, name, whose) {.desc = kind, .tag = name, .owner = whose}

static void what_acts(void **state)
{
    (void)state;
    ArchiveEntry entries[] = {ENTRY("TABLE", "t", "ann"),
                              ENTRY("FUNCTION", "a()", "ann"),
                              ENTRY("FUNCTION", "b(integer)", "bob"),
                              ENTRY("FUNCTION", "c()", ""),
                              ENTRY("FUNCTION", "d()", NULL),
                              ENTRY("FUNCTION", "e()", "ann"),
                              ENTRY("FUNCTION", "f()", "ann"),
                              ENTRY("TRIGGER", "t touched", "ann"),
                              ENTRY("EVENT TRIGGER", "noted", "ann"),
                              ENTRY("PROCEDURAL LANGUAGE", "plpgsql", ""),
                              ENTRY("PROCEDURAL LANGUAGE", "plpython3u", ""),
                              ENTRY("EXTENSION", "pg_trgm", ""),
                              {.desc = "ACL", .tag = "TABLE t", .owner = "ann",
                               .definition = "GRANT SELECT ON TABLE t TO reader;\nGRANT ALL ON TABLE t TO PUBLIC;\n"}};
    static const char *const acts[] = {"6 functions: a(), b(integer), c(), d(), e() and 1 more",
                                       "1 trigger: t touched",
                                       "1 event trigger: noted",
                                       "1 extension: pg_trgm",
                                       "1 language: plpython3u",
                                       "what is in it belongs to ann, bob",
                                       "it gives rights to reader, PUBLIC"};
    Preview preview;
    preview_init(&preview);
    preview_find_acts(&preview, &(Archive){.entries = entries, .entry_count = TEST_COUNT(entries)});
    assert_int_equal(preview.act_count, TEST_COUNT(acts));
    for (size_t i = 0; i < TEST_COUNT(acts); i++) {
        assert_string_equal(preview.acts[i], acts[i]);
    }
    preview_release(&preview);
    preview_find_acts(&preview, &(Archive){.entries = entries, .entry_count = 0});
    assert_int_equal(preview.act_count, 0);
    preview_release(&preview);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whose_it_is), cmocka_unit_test(what_acts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
