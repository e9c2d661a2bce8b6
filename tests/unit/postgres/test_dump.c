#include "test_util.h"

#include <string.h>

#include "postgres/dump.h"
#include "postgres/redact.h"

static Tool tool_of(int major)
{
    Tool tool = {.path = (char *)"/opt/pg/bin/pg_dump", .version = (char *)"x", .major = major};
    return tool;
}

static void parses_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        DumpLine kind;
        const char *text;
    } cases[] = {
        {"pg_dump: dumping contents of table \"public.work_orders\"", DUMP_LINE_TABLE, "public.work_orders"},
        {"pg_dump: dumping contents of table \"a.odd \"name\"", DUMP_LINE_TABLE, "a.odd \"name"},
        {"pg_dump: dumping contents of table public.old_style", DUMP_LINE_TABLE, "public.old_style"},
        {"pg_dump: saving encoding = UTF8", DUMP_LINE_LOCKED, "saving encoding = UTF8"},
        {"pg_dump: reading user-defined tables", DUMP_LINE_INFO, "reading user-defined tables"},
        {"pg_dump: reading user-defined functions", DUMP_LINE_LOCKED, "reading user-defined functions"},
        {"pg_dump: warning: there are circular foreign-key constraints", DUMP_LINE_WARNING,
         "there are circular foreign-key constraints"},
        {"pg_dump: error: query failed: ERROR:  x", DUMP_LINE_ERROR, "error: query failed: ERROR:  x"},
        {"pg_dump: detail: Query was: y", DUMP_LINE_ERROR, "detail: Query was: y"},
        {"pg_dump: hint: z", DUMP_LINE_ERROR, "hint: z"},
        {"\tBefore or while processing the request.", DUMP_LINE_ERROR, "\tBefore or while processing the request."},
        {"", DUMP_LINE_ERROR, ""},
        {"pg_dump: ", DUMP_LINE_INFO, ""},
        {"pg_dump: dumping contents of table \"", DUMP_LINE_TABLE, "\""},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const char *text = NULL;
        size_t len = 0;
        assert_int_equal(dump_parse_line(cases[i].line, &text, &len), cases[i].kind);
        assert_text(mem_strndup(text, len), cases[i].text);
    }
}

static void chooses_the_compression(void **state)
{
    (void)state;
    static const struct {
        int major;
        const char *wanted;
        bool compress;
        const char *chosen;
    } cases[] = {{18, NULL, true, "zstd:1"},  {16, NULL, true, "zstd:1"},  {15, NULL, true, "gzip"},
                 {18, NULL, false, "none"},   {15, NULL, false, "none"},   {18, "lz4", true, "lz4"},
                 {18, "gzip", false, "gzip"}, {15, "zstd:1", true, "gzip"}, {15, "lz4", false, "gzip"},
                 {15, "none", true, "none"},  {15, "gzip:9", true, "gzip:9"}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_string_equal(dump_compression(cases[i].major, cases[i].wanted, cases[i].compress), cases[i].chosen);
    }
}

static void has_argument(char **arguments, const char *wanted, bool present)
{
    bool found = false;
    for (char **argument = arguments; *argument != NULL; argument++) {
        found = found || strcmp(*argument, wanted) == 0;
    }
    if (found != present) {
        print_error("%s is %s\n", wanted, found ? "there" : "not there");
        fail();
    }
}

static void builds_arguments(void **state)
{
    (void)state;
    static const struct {
        int major;
        const char *compression, *argument;
    } cases[] = {{18, "zstd:1", "--compress=zstd:1"}, {18, "none", "--compress=0"},   {15, "none", "--compress=0"},
                 {18, "gzip", "--compress=6"},        {15, "gzip", "--compress=6"},   {15, "gzip:9", "--compress=9"},
                 {18, "gzip:9", "--compress=gzip:9"}, {18, "lz4", "--compress=lz4"}};
    Connection connection;
    connection_init(&connection);
    connection.database = mem_strdup("donn\xC3\xA9" "es \xE4\xB8\xAD'%&");
    connection.user = mem_strdup("a@b");
    secret_set(&connection.password, "hunter2", 7);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const Tool tool = tool_of(cases[i].major);
        DumpSpec spec = {.tool = &tool, .connection = &connection, .compression = cases[i].compression};
        char **arguments = dump_arguments(&spec);
        assert_string_equal(arguments[0], tool.path);
        has_argument(arguments, "--format=custom", true);
        has_argument(arguments, "--verbose", true);
        has_argument(arguments, "--no-password", true);
        has_argument(arguments, "--dbname=postgresql:///donn%C3%A9es%20%E4%B8%AD%27%25%26?user=a%40b", true);
        has_argument(arguments, cases[i].argument, true);
        has_argument(arguments, "--snapshot=00000003-0000001B-1", false);
        for (char **argument = arguments; *argument != NULL; argument++) {
            assert_null(strstr(*argument, "hunter2"));
        }
        dump_free_arguments(arguments);
        spec.snapshot = "00000003-0000001B-1";
        arguments = dump_arguments(&spec);
        has_argument(arguments, "--snapshot=00000003-0000001B-1", true);
        has_argument(arguments, "--encoding=UTF8", false);
        dump_free_arguments(arguments);
        spec.encoding = "LATIN1";
        arguments = dump_arguments(&spec);
        has_argument(arguments, "--encoding=UTF8", true);
        dump_free_arguments(arguments);
    }
    connection_release(&connection);
}

static void what_can_be_done_without(void **state)
{
    (void)state;
    static const struct {
        const char *encoding, *lines;
        DumpRefusal refusal;
    } cases[] = {
        {"WIN1252", "query failed: ERROR:  character with byte sequence 0x81 in encoding \"WIN1252\" has no equivalent "
                    "in encoding \"UTF8\"", DUMP_REFUSED_ENCODING},
        {"EUC_CN", "Fehlermeldung vom Server: FEHLER:  Zeichen mit Byte-Folge 0xa2 0xa1 in Kodierung \xC2\xBB" "EUC_CN"
                   "\xC2\xAB hat keine Entsprechung in Kodierung \xC2\xBBUTF8\xC2\xAB", DUMP_REFUSED_ENCODING},
        {NULL, "character with byte sequence 0x81 in encoding \"WIN1252\" has no equivalent in encoding \"UTF8\"",
         DUMP_REFUSED_NOTHING}, /* it was not asked to be UTF-8 */
        {"UTF8", "permission denied for table UTF8", DUMP_REFUSED_NOTHING},
        {"UTF8", "error: this build does not support compression with zstd", DUMP_REFUSED_COMPRESSION},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const DumpSpec spec = {.encoding = cases[i].encoding};
        assert_int_equal(dump_refusal(&spec, cases[i].lines), cases[i].refusal);
    }
}

static void explains_failures(void **state)
{
    (void)state;
    static const struct {
        unsigned exit_code;
        const char *lines;
        ErrorKind kind;
        const char *message;
    } cases[] = {
        {1, "query failed: ERROR:  permission denied for table users; detail: Query was: LOCK TABLE public.users",
         EK_REFUSED, "user \"ann\" may not read everything in the database: no right to the table users"},
        {1, "query failed: ERROR:  permission denied for large object 16399\ndetail: Query was: COPY", EK_REFUSED,
         "user \"ann\" may not read everything in the database: no right to the large object 16399"},
        {1, "Dumping the contents of table \"photos\" failed: PQgetResult() failed.\ndetail: Error message from "
            "server: ERROR:  invalid memory alloc request size 1468006403\ndetail: Command was: COPY photos (id)",
         EK_REFUSED, "a row of the table photos is larger than PostgreSQL can write out (1 GB)"},
        {1, "Dumping the contents of table \"photos\" failed: PQgetResult() failed.\ndetail: Error message from "
            "server: ERROR:  out of memory\nDETAIL:  Cannot enlarge string buffer containing 1073741000 bytes by 900.",
         EK_REFUSED, "a row of the table photos is larger than PostgreSQL can write out (1 GB)"},
        {1, "query failed: ERROR:  query would be affected by row-level security policy for table \"x\"", EK_REFUSED,
         "row security keeps user \"ann\" from reading everything in the database"},
        {1, "failed to get data for sequence \"s\"; user may lack SELECT privilege on the sequence or the sequence may "
            "have been concurrently dropped",
         EK_REFUSED, "user \"ann\" may not read everything in the database: no right to a sequence"},
        {1, "could not write to output file: No space left on device", EK_SPACE,
         "the disk with the backup folder is full"},
        {1, "could not write to output file: Input/output error", EK_IO, "pg_dump could not write the backup"},
        {1, "aborting because of server version mismatch; detail: server version: 18.1; pg_dump version: 17.2", EK_TOOL,
         "pg_dump 17.2 is too old for the server"},
        {1, "aborting because of server version mismatch; detail: server version: 9.1.24; pg_dump version: 17.2",
         EK_TOOL, "the server is too old for pg_dump 17.2"},
        {1, "aborting because of server version mismatch", EK_TOOL, "pg_dump 17.2 is too old for the server"},
        {1, "query failed: ERROR:  canceling statement due to lock timeout", EK_BUSY,
         "another program has kept a table locked for 10 minutes"},
        {1, "query failed: server closed the connection unexpectedly", EK_CONNECT,
         "the connection to the server was lost while the backup ran"},
        {1, "Dumping the contents of table \"x\" failed: PQgetCopyData() failed.; detail: Error message from server: "
            "SSL SYSCALL error: EOF detected",
         EK_CONNECT, "the connection to the server was lost while the backup ran"},
        {1, "query failed: FATAL:  terminating connection due to administrator command", EK_CONNECT,
         "the server ended the connection while the backup ran (a restart or maintenance)"},
        {1, "Dumping the contents of table \"x\" failed: PQgetResult() failed.\ndetail: Error message from server: "
            "FATAL:  terminating connection due to unexpected postmaster exit\nserver closed the connection",
         EK_CONNECT, "the server ended the connection while the backup ran (a restart or maintenance)"},
        {1, "connection to server at \"h\", port 5432 failed: FATAL:  password authentication failed for user \"ann\"",
         EK_REFUSED, "pg_dump could not connect: the server refused the password of user \"ann\""},
        {1, "could not translate host name \"h\" to address: Name or service not known", EK_CONNECT,
         "pg_dump could not connect: could not find the server \"localhost\""},
        {1, "something else", EK_TOOL, "pg_dump failed with exit code 1"},
        {1, "", EK_TOOL, "pg_dump failed with exit code 1"},
        {0xC0000005u, "", EK_TOOL, "pg_dump failed: it crashed (access violation)"},
    };
    Connection connection;
    connection_init(&connection);
    connection.user = mem_strdup("ann");
    Tool tool = tool_of(17);
    tool.version = "17.2";
    const DumpSpec spec = {.tool = &tool, .connection = &connection};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Error err = ERROR_INIT;
        assert_false(dump_explain(&spec, cases[i].exit_code, cases[i].lines, &err));
        if (cases[i].lines[0] == '\0') {
            assert_null(err.detail);
        } else {
            char *shown = redact_words(cases[i].lines);
            assert_string_equal(err.detail, shown);
            assert_null(strstr(err.detail, " was: "));
            mem_free(shown);
        }
        assert_error(&err, cases[i].kind, cases[i].message);
    }
    connection_release(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parses_lines), cmocka_unit_test(chooses_the_compression),
                                       cmocka_unit_test(builds_arguments), cmocka_unit_test(what_can_be_done_without),
                                       cmocka_unit_test(explains_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
