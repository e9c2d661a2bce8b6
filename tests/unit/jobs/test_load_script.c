#include "test_util.h"

#include "base/strbuf.h"
#include "jobs/load_script.h"

/* What was taken, one a line: "215", "[SELECT 1]", "<a\tb>", "." */
typedef struct Seen {
    StrBuf text;
    bool in_rows;
} Seen;

static bool on_entry(void *context, long id, Error *err)
{
    Seen *seen = context;
    (void)err;
    return strbuf_addf(&seen->text, "%ld\n", id);
}

static bool on_statement(void *context, const char *sql, bool *rows, Error *err)
{
    Seen *seen = context;
    if (strcmp(sql, "FAIL") == 0) {
        return error_set(err, EK_REFUSED, "no");
    }
    *rows = strncmp(sql, "COPY ", 5) == 0;
    return strbuf_addf(&seen->text, "[%s]\n", sql);
}

/* Pieces may be cut anywhere, so that they are joined. */
static bool on_rows(void *context, const char *bytes, size_t len, Error *err)
{
    Seen *seen = context;
    (void)err;
    strbuf_addstr(&seen->text, seen->in_rows ? "" : "<");
    seen->in_rows = true;
    return strbuf_add(&seen->text, bytes, len);
}

static bool on_rows_end(void *context, Error *err)
{
    Seen *seen = context;
    (void)err;
    strbuf_addstr(&seen->text, seen->in_rows ? ">.\n" : ".\n");
    seen->in_rows = false;
    return true;
}

/* In pieces of `size`. Caller frees; "(error) …" where it was refused. */
static char *taken(const char *script_text, size_t size)
{
    Seen seen = {.in_rows = false};
    const ScriptTaker taker = {on_entry, on_statement, on_rows, on_rows_end, &seen};
    Script script;
    Error err = ERROR_INIT;
    strbuf_init(&seen.text, STRBUF_LINE);
    script_init(&script, &taker);
    bool ok = true;
    for (size_t at = 0; ok && at < strlen(script_text); at += size) {
        const size_t left = strlen(script_text) - at;
        ok = script_feed(&script, script_text + at, left < size ? left : size, &err);
    }
    ok = ok && script_end(&script, &err);
    if (!ok) {
        strbuf_addf(&seen.text, "(error) %s", err.message);
    }
    script_release(&script);
    error_clear(&err);
    return strbuf_detach(&seen.text);
}

/* As a program writes it in text mode: behind its first line, each \n as \r\n. Caller frees. */
static char *in_text_mode(const char *script)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    strbuf_addstr(&text, "--\r\n");
    for (const char *c = script; *c != '\0'; c++) {
        strbuf_addf(&text, "%s%c", *c == '\n' ? "\r" : "", *c);
    }
    return strbuf_detach(&text);
}

/* Cut anywhere, and on any system. */
static void assert_taken(const char *script, const char *wanted)
{
    char *text = in_text_mode(script);
    for (size_t size = 1; size <= strlen(script); size++) {
        assert_text(taken(script, size), wanted);
    }
    for (size_t size = 1; size <= strlen(text); size++) {
        assert_text(taken(text, size), wanted);
    }
    mem_free(text);
}

static void statements(void **state)
{
    (void)state;
    static const struct {
        const char *script, *wanted;
    } cases[] = {
        {"SELECT 1;\n\n ;SELECT 2 ;", "[SELECT 1]\n[SELECT 2]\n"},
        {"SELECT ';', 'it''s;', E'\\';', \"a;\"\"b\" ;", "[SELECT ';', 'it''s;', E'\\';', \"a;\"\"b\"]\n"},
        {"SELECT E'a''b\\';' ;SELECT 2;", "[SELECT E'a''b\\';']\n[SELECT 2]\n"},
        {"SELECT 'a\\';SELECT 2;", "[SELECT 'a\\']\n[SELECT 2]\n"},
        {"SET standard_conforming_strings = off;\nSELECT 'a\\';SELECT 2' ;",
         "[SET standard_conforming_strings = off]\n[SELECT 'a\\';SELECT 2']\n"},
        {"SELECT name'x;' ;", "[SELECT name'x;']\n"},
        {"DO $$ ; $x$ ; $$;SELECT $q$ $$;$q$;SELECT $1;", "[DO $$ ; $x$ ; $$]\n[SELECT $q$ $$;$q$]\n[SELECT $1]\n"},
        {"SELECT a$b$;SELECT 2;", "[SELECT a$b$]\n[SELECT 2]\n"},
        {"-- a; 'b\nSELECT 1 -- c;\n+ 2;", "[SELECT 1 \n+ 2]\n"},
        {"SELECT 5 - -1;", "[SELECT 5 - -1]\n"},
        {"/* a; /* b */ ; */ SELECT /*/ ; */ 1;", "[SELECT   1]\n"},
        {"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);SELECT 3;",
         "[CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)]\n[SELECT 3]\n"},
        {"CREATE FUNCTION public.f() RETURNS int LANGUAGE sql\n BEGIN ATOMIC\n SELECT CASE WHEN true THEN 1 END;\n"
         " SELECT 2;\nEND;SELECT 3;",
         "[CREATE FUNCTION public.f() RETURNS int LANGUAGE sql\n BEGIN ATOMIC\n SELECT CASE WHEN true THEN 1 END;\n"
         " SELECT 2;\nEND]\n[SELECT 3]\n"},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT s.begin FROM s; END;SELECT 3;",
         "[CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT s.begin FROM s; END]\n[SELECT 3]\n"},
        {"create or replace procedure p() begin atomic select 1; end;SELECT 3;",
         "[create or replace procedure p() begin atomic select 1; end]\n[SELECT 3]\n"},
        {"CREATE TABLE begin (atomic int);SELECT 1;", "[CREATE TABLE begin (atomic int)]\n[SELECT 1]\n"},
        {"SELECT 'a\r\nb\rc\r\r\n', $$\r\n$$;\r\nSELECT\n2;", "[SELECT 'a\r\nb\rc\r\r\n', $$\r\n$$]\n[SELECT\n2]\n"},
        {"-\r\n1;", "[-\r\n1]\n"},
        {"BEGIN;\nSELECT 1;\nCOMMIT;", "[BEGIN]\n[SELECT 1]\n[COMMIT]\n"},
        {"\\restrict abc\n\nSELECT 1;\n\\unrestrict abc\n", "[SELECT 1]\n"},
        {"\\connect other\nSELECT 1;", "(error) the backup holds a line that is no SQL"},
        {"SELECT 1;SELECT '", "[SELECT 1]\n(error) what pg_restore wrote ends in the middle of a statement"},
        {"SELECT 1;FAIL;SELECT 2;", "[SELECT 1]\n(error) no"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_taken(cases[i].script, cases[i].wanted);
    }
}

static void entries_and_rows(void **state)
{
    (void)state;
    static const struct {
        const char *script, *wanted;
    } cases[] = {
        {"--\n-- TOC entry 215 (class 1259 OID 16385)\n-- Name: t; Type: TABLE;\n--\n\nCREATE TABLE t (a text);\n\n\n"
         "--\n-- TOC entry 3 (class 0 OID 1)\n--\n\nCOPY t (a) FROM stdin;\na\tb\n\\N\n\\.\n\n\nSELECT 1;",
         "215\n[CREATE TABLE t (a text)]\n3\n[COPY t (a) FROM stdin]\n<a\tb\n\\N\n>.\n[SELECT 1]\n"},
        {"COPY t FROM stdin;\n\\.\nSELECT 1;", "[COPY t FROM stdin]\n.\n[SELECT 1]\n"},
        {"COPY t FROM stdin;\n-- TOC entry 7 (\n;'\n\\\\.\n\\.x\n\n\\.\n",
         "[COPY t FROM stdin]\n<-- TOC entry 7 (\n;'\n\\\\.\n\\.x\n\n>.\n"},
        {"SELECT '\n-- TOC entry 7 (class\n' \n-- TOC entry 8 (class\n;", "[SELECT '\n-- TOC entry 7 (class\n']\n"},
        {"-- TOC entry 0 (a\n-- TOC entry x (a\n-- TOC entry 9\n", ""},
        {"COPY t FROM stdin; x\n", "[COPY t FROM stdin]\n(error) what pg_restore wrote holds rows where none can be"},
        {"COPY t FROM stdin;\nx\n", "[COPY t FROM stdin]\n<x\n(error) what pg_restore wrote ends in the middle of a "
                                    "statement"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_taken(cases[i].script, cases[i].wanted);
    }
    assert_text(taken("--\r\nSELECT 1;\r", 1), "[SELECT 1]\n(error) what pg_restore wrote ends in the middle of a "
                                               "statement");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(statements), cmocka_unit_test(entries_and_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
