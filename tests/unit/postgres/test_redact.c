/* test_redact.c: what may be told of what a server says, and what not: rows. */
#include "postgres/redact.h"

#include <string.h>

#include "base/mem.h"
#include "jobs/load_private.h"
#include "test_util.h"

/* What PostgreSQL, libpq and the tools say; SECRET is what stood in a row. */
static const struct {
    const char *words, *shown;
} cases[] = {
    {"", ""},
    {"ERROR:  relation \"public.x\" does not exist", "ERROR:  relation \"public.x\" does not exist"},
    {"ERROR:  new row for relation \"wo\" violates check constraint \"due\"\n"
     "DETAIL:  Failing row contains (1, ann@example.org, SECRET).\nCONTEXT:  COPY wo, line 7: \"1\tSECRET\"",
     "ERROR:  new row for relation \"wo\" violates check constraint \"due\"; DETAIL:  Failing row contains (not shown)"
     "; in line 7 of its rows"},
    {"DETAIL:  Failing row contains (1, a\npg_restore: error: SECRET\nDETAIL:  SECRET\nHINT:  SECRET).",
     "DETAIL:  Failing row contains (not shown)"},
    {"DETAIL:  Key (mail)=(SECRET) already exists.", "DETAIL:  Key (mail) already exists."},
    {"DETAIL:  Key (a, lower(b))=(1, SECRET) is duplicated.", "DETAIL:  Key (a, lower(b)) is duplicated."},
    {"DETAIL:  Key (a)=(SECRET) is not present in table \"p\".", "DETAIL:  Key (a)"},
    {"DETAIL:  Key (a)=(SECRET) conflicts with existing key (a)=(SECRET).", "DETAIL:  Key (a)"},
    {"DETAIL:  Partition key of the failing row contains (region) = (SECRET).",
     "DETAIL:  Partition key of the failing row contains (not shown)"},
    {"ERROR:  invalid input syntax for type integer: \"SECRET\"\nCONTEXT:  COPY t, line 12, column c: \"SECRET\"",
     "ERROR:  invalid input syntax for type integer: (not shown); in line 12 of its rows"},
    {"ERROR:  value \"SECRET\" is out of range for type integer",
     "ERROR:  value (not shown) is out of range for type integer"},
    {"ERROR:  value \"a\" relation \"SECRET\" is out of range for type bigint",
     "ERROR:  value (not shown) is out of range for type bigint"},
    {"ERROR:  invalid input value for enum public.status: \"SECRET\"",
     "ERROR:  invalid input value for enum public.status: (not shown)"},
    {"ERROR:  invalid input syntax for type json\nDETAIL:  Token \"SECRET\" is invalid.\n"
     "CONTEXT:  JSON data, line 1: {\"password\": SECRET...\nCOPY t, line 4, column j: \"{SECRET\"",
     "ERROR:  invalid input syntax for type json; DETAIL:  Token (not shown)"},
    {"ERROR:  malformed array literal: \"{SECRET\"\nDETAIL:  Unexpected end of input.",
     "ERROR:  malformed array literal: (not shown)"},
    {"ERROR:  parse error - invalid geometry\nHINT:  \"SECRET\" <-- parse error at position 3",
     "ERROR:  parse error - invalid geometry; HINT:  (not shown)"},
    {"FEHLER:  ung\xC3\xBCltige Eingabesyntax f\xC3\xBCr Typ integer: \xC2\xBBSECRET\xC2\xAB\n"
     "ZEILE 1: SECRET\nTIPP:  SECRET",
     "FEHLER:  ung\xC3\xBCltige Eingabesyntax f\xC3\xBCr Typ integer: (not shown)"},
    {"FEHLER:  neue Zeile\nDETAIL:  Fehlgeschlagene Zeile enth\xC3\xA4lt (SECRET).\n"
     "KONTEXT:  COPY t, Zeile 1: \xC2\xBBSECRET\xC2\xAB",
     "FEHLER:  neue Zeile; DETAIL:  Fehlgeschlagene Zeile enth\xC3\xA4lt (not shown)"},
    {"\xD0\x9E\xD0\xA8\xD0\x98\xD0\x91\xD0\x9A\xD0\x90:  x\n\xD0\x9F\xD0\x9E\xD0\x94:  SECRET",
     "\xD0\x9E\xD0\xA8\xD0\x98\xD0\x91\xD0\x9A\xD0\x90:  x"},
    {"ERROR:  syntax error at or near \"SECRET\"\nLINE 1: SELECT SECRET\n        ^",
     "ERROR:  syntax error at or near (not shown)"},
    {"could not execute query: ERROR:  role \"ann\" does not exist\n"
     "Command was: CREATE USER MAPPING OPTIONS (password 'SECRET')",
     "could not execute query: ERROR:  role \"ann\" does not exist"},
    {"Dumping the contents of table \"photos\" failed: PQgetResult() failed.\n"
     "detail: Error message from server: ERROR:  invalid memory alloc request size 1468006403\n"
     "detail: Command was: COPY public.photos (id, SECRET) TO stdout;",
     "Dumping the contents of table \"photos\" failed: PQgetResult() failed.; detail: Error message from server: "
     "ERROR:  invalid memory alloc request size 1468006403"},
    {"connection to server at \"localhost\" (::1), port 5432 failed: FATAL:  28P01: password authentication failed "
     "for user \"ann\"\nLOCATION:  auth_failed, auth.c:329\n",
     "connection to server at \"localhost\" (::1), port 5432 failed: FATAL:  28P01: password authentication failed for "
     "user \"ann\""},
    {"could not translate host name \"db.example.invalid\" to address: Name or service not known",
     "could not translate host name \"db.example.invalid\" to address: Name or service not known"},
    {"missing \"=\" after \"SECRET\" in connection info string", "missing (not shown)"},
    {"server closed the connection unexpectedly\n\tThis probably means the server's process ended",
     "server closed the connection unexpectedly; This probably means the server's process ended"},
    {"ERROR:  could not access file \"$libdir/x\": No such file or directory",
     "ERROR:  could not access file \"$libdir/x\": No such file or directory"},
    {"ERROR:  the table \"unfinished SECRET", "ERROR:  the table (not shown)"},
};

static void values_are_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *shown = redact_words(cases[i].words);
        assert_string_equal(shown, cases[i].shown);
        assert_null(strstr(shown, "SECRET"));
        mem_free(shown);
    }
}

static void pick(const char *const *lines, size_t count, const char *error, const char *detail)
{
    char *found_error = NULL;
    char *found_detail = NULL;
    for (size_t i = 0; i < count; i++) {
        load_pick_words(lines[i], &found_error, &found_detail);
    }
    assert_text(found_error, error);
    assert_text(found_detail, detail);
}

static void of_a_restore(void **state)
{
    (void)state;
    static const char *const row[] = {
        "pg_restore: error: COPY failed for table \"wo\": ERROR:  new row for relation \"wo\" violates check "
        "constraint \"c\"",
        "DETAIL:  Failing row contains (1, SECRET", "DETAIL:  SECRET).", "CONTEXT:  COPY wo, line 3: \"SECRET\""};
    static const char *const value[] = {
        "pg_restore: error: COPY failed for table \"wo\": ERROR:  invalid input syntax for type integer: \"a",
        "DETAIL:  SECRET\"", "CONTEXT:  COPY wo, line 3, column a: \"SECRET\""};
    static const char *const raised[] = {
        "pg_restore: error: COPY failed for table \"wo\": ERROR:  no SECRET here", "DETAIL:  or SECRET",
        "HINT:  SECRET", "CONTEXT:  PL/pgSQL function public.f(text) line 1 at RAISE", "COPY wo, line 1: \"SECRET\""};
    pick(row, TEST_COUNT(row),
         "COPY failed for table \"wo\": ERROR:  new row for relation \"wo\" violates check constraint \"c\"",
         "Failing row contains (not shown); in line 3 of its rows");
    pick(value, TEST_COUNT(value),
         "COPY failed for table \"wo\": ERROR:  invalid input syntax for type integer: (not shown)",
         "in line 3 of its rows");
    pick(raised, TEST_COUNT(raised), "COPY failed for table \"wo\": a function of the database ended it", "");
}

static void raised_by_a_function(void **state)
{
    (void)state;
    assert_true(redact_is_raised("CONTEXT:  PL/pgSQL function f(text) line 1 at RAISE"));
    assert_true(redact_is_raised("KONTEXT:  PL/pgSQL-Funktion f(text) Zeile 1 bei RAISE"));
    assert_true(redact_is_raised("CONTEXT:  PL/pgSQL function f(text) line 1 at ASSERT"));
    assert_true(redact_is_raised("CONTEXT:  PL/Perl function \"f\""));
    assert_false(redact_is_raised("CONTEXT:  PL/pgSQL function f(text) line 1 at assignment"));
    assert_false(redact_is_raised("CONTEXT:  COPY wo, line 1"));
    assert_false(redact_is_raised(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_left_out), cmocka_unit_test(of_a_restore),
                                       cmocka_unit_test(raised_by_a_function)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
