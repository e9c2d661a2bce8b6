/*
 * dump.c: pg_dump's stdout is the handle of the backup's file, so that no path has to pass through a command
 * line in the ANSI code page, and the file is the tool's only door. It stays seekable: pg_dump goes back and
 * writes the offsets into its table of contents when it is done. On POSIX it has to open /dev/stdout for that:
 * it also opens its stdout for appending ("ab", for its plain format), which there makes every write through the
 * shared handle go to the end, and the second table of contents would follow the data.
 *
 * Everything runs on the calling thread, inside client_run. Its exit code decides whether it succeeded; what
 * it says (-v) is for progress, and for explaining a failure.
 */
#include "postgres/dump.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/process.h"
#include "postgres/client.h"
#include "postgres/pg.h"
#include "postgres/redact.h"
#include "version.h"

#define MAX_ARGUMENTS 13
#ifndef _WIN32
#define OUTPUT_ARGUMENT "--file=/dev/stdout"
#endif
#define ERROR_LINES 40u
#define LOCK_LIMIT_SECONDS 600

typedef struct Words {
    const DumpSpec *spec;
    char *errors[ERROR_LINES]; /* a ring: the newest are kept */
    size_t error_count;
    char *last_line;
    bool locked_told;
} Words;

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

const char *dump_compression(int major, const char *wanted, bool compress)
{
    if (wanted != NULL) {
        if (major < 16 && !starts_with(wanted, "gzip") && strcmp(wanted, "none") != 0) {
            return "gzip"; /* the only one that it knows */
        }
        return wanted;
    }
    if (!compress) {
        return "none";
    }
    return major >= 16 ? "zstd:1" : "gzip";
}

/* Releases before 16 know only the level of gzip. */
static char *compression_argument(int major, const char *compression)
{
    if (strcmp(compression, "none") == 0) {
        return mem_strdup("--compress=0");
    }
    if (strcmp(compression, "gzip") == 0) {
        return mem_strdup("--compress=6");
    }
    if (major < 16 && starts_with(compression, "gzip:")) {
        return mem_printf("--compress=%s", compression + 5);
    }
    return mem_printf("--compress=%s", compression);
}

char **dump_arguments(const DumpSpec *spec)
{
    char **list = mem_array(MAX_ARGUMENTS, sizeof *list);
    size_t count = 0;
    list[count++] = mem_strdup(spec->tool->path);
    list[count++] = mem_strdup("--format=custom");
    list[count++] = mem_strdup("--verbose");
    list[count++] = mem_strdup("--no-password");
    char *database = connection_tool_string(spec->connection);
    if (database != NULL) {
        list[count++] = mem_printf("--dbname=%s", database);
        mem_free(database);
    }
    list[count++] = compression_argument(spec->tool->major, spec->compression);
    list[count++] = mem_printf("--lock-wait-timeout=%ds", LOCK_LIMIT_SECONDS);
    if (spec->encoding != NULL) {
        list[count++] = mem_strdup("--encoding=UTF8");
    }
    if (spec->snapshot != NULL) {
        list[count++] = mem_printf("--snapshot=%s", spec->snapshot);
    }
#ifdef OUTPUT_ARGUMENT
    list[count++] = mem_strdup(OUTPUT_ARGUMENT);
#endif
    return list;
}

void dump_free_arguments(char **arguments)
{
    for (char **argument = arguments; argument != NULL && *argument != NULL; argument++) {
        mem_free(*argument);
    }
    mem_free(arguments);
}

DumpLine dump_parse_line(const char *line, const char **text, size_t *len)
{
    static const char contents[] = "dumping contents of table ";
    *text = line;
    *len = strlen(line);
    if (!starts_with(line, "pg_dump: ")) {
        return DUMP_LINE_ERROR; /* the rest of a message of several lines, or the loader's own words */
    }
    const char *words = line + strlen("pg_dump: ");
    *text = words;
    *len = strlen(words);
    if (starts_with(words, "error: ") || starts_with(words, "detail: ") || starts_with(words, "hint: ") ||
        starts_with(words, "fatal: ")) {
        return DUMP_LINE_ERROR;
    }
    if (starts_with(words, "warning: ")) {
        *text = words + strlen("warning: ");
        *len = strlen(*text);
        return DUMP_LINE_WARNING;
    }
    if (starts_with(words, contents)) {
        const char *name = words + sizeof contents - 1;
        size_t name_len = strlen(name);
        if (name_len >= 2 && name[0] == '"' && name[name_len - 1] == '"') {
            name++;
            name_len -= 2;
        }
        *text = name;
        *len = name_len;
        return DUMP_LINE_TABLE;
    }
    /* The tables are read first, and locked with it; "saving" comes when all has been read. */
    return starts_with(words, "reading user-defined functions") || starts_with(words, "saving ") ? DUMP_LINE_LOCKED
                                                                                                : DUMP_LINE_INFO;
}

static bool has(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

/* "server version: 9.1.24; pg_dump version: 18.6": which of the two is the older one, the line does not say. */
static void explain_mismatch(const Tool *tool, const char *lines, Error *err)
{
    static const char words[] = "server version: ";
    const char *server = strstr(lines, words);
    const long major = server == NULL ? 0 : strtol(server + sizeof words - 1, NULL, 10);
    if (major > 0 && major < tool->major) {
        error_set(err, EK_TOOL, "the server is too old for pg_dump %s", tool->version);
        error_hint(err, "Update the server: this PostgreSQL has had no repairs for years.");
    } else {
        error_set(err, EK_TOOL, "pg_dump %s is too old for the server", tool->version);
        error_hint(err, "Update " CMMS_PRODUCT ".");
    }
}

/* The server may say it in any language; a byte and the two names are always in it. */
static bool is_untranslatable(const char *encoding, const char *lines)
{
    return encoding != NULL && has(lines, "0x") && has(lines, encoding) && has(lines, "UTF8");
}

DumpRefusal dump_refusal(const DumpSpec *spec, const char *lines)
{
    const bool compression = has(lines, "not support compression") || has(lines, "not supported by this build") ||
                             has(lines, "unrecognized compression") || has(lines, "invalid compression");
    return compression                                   ? DUMP_REFUSED_COMPRESSION
           : is_untranslatable(spec->encoding, lines) ? DUMP_REFUSED_ENCODING
                                                         : DUMP_REFUSED_NOTHING;
}

bool dump_was_ended(const char *lines)
{
    return has(lines, "terminating connection");
}

/* "permission denied for table users": "the table users". Caller frees; NULL: it is not said. */
static char *denied_object(const char *lines)
{
    static const char words[] = "permission denied for ";
    const char *at = strstr(lines, words);
    const size_t len = at == NULL ? 0 : strcspn(at + sizeof words - 1, ";\r\n");
    return len == 0 || len > STRBUF_SMALL / 2 ? NULL : mem_strndup(at + sizeof words - 1, len);
}

/* PostgreSQL writes a row as one text, which may not reach 1 GB. */
static bool explain_giant_row(const char *lines, Error *err)
{
    static const char table[] = "Dumping the contents of table \"";
    const char *name = strstr(lines, table);
    if (name == NULL ||
        !(has(lines, "invalid memory alloc request size") || has(lines, "Cannot enlarge string buffer") ||
          has(lines, "string buffer exceeds maximum"))) {
        return false;
    }
    name += sizeof table - 1;
    const size_t len = strcspn(name, "\"\r\n");
    error_set(err, EK_REFUSED, "a row of the table %.*s is larger than PostgreSQL can write out (1 GB)",
              (int)(len < STRBUF_SMALL ? len : STRBUF_SMALL), name);
    error_hint(err, "Trying again does not help: the row must be made smaller, its large values split over several "
                    "rows or kept as large objects.");
    return true;
}

bool dump_explain(const DumpSpec *spec, unsigned exit_code, const char *lines, Error *err)
{
    static const char *const lost[] = {"server closed the connection",      "could not receive data from server",
                                       "could not send data to server",
                                       "SSL SYSCALL error",                 "connection has been closed unexpectedly",
                                       "no connection to the server",       "onnection reset",
                                       "lost synchronization with server"};
    if ((has(lines, "connection to server") && has(lines, "failed: ")) || has(lines, "could not translate host name")) {
        pg_explain_connect(spec->connection, lines, NULL, err);
        return error_context(err, "pg_dump could not connect");
    }
    if (has(lines, "No space left on device") || has(lines, "Disk quota exceeded")) {
        error_set(err, EK_SPACE, "the disk with the backup folder is full");
    } else if (has(lines, "could not write")) {
        error_set(err, EK_IO, "pg_dump could not write the backup");
        error_hint(err, "Check the disk or the share with the backup folder.");
    } else if (has(lines, "server version mismatch")) {
        explain_mismatch(spec->tool, lines, err);
    } else if (has(lines, "lock timeout")) {
        error_set(err, EK_BUSY, "another program has kept a table locked for %d minutes", LOCK_LIMIT_SECONDS / 60);
        error_hint(err, "Try again when the other program is done.");
    } else if (has(lines, "row-level security") || has(lines, "row security")) {
        error_set(err, EK_REFUSED, "row security keeps user \"%s\" from reading everything in the database",
                  spec->connection->user == NULL ? "" : spec->connection->user);
        error_hint(err, "Back up with the owner of the database, or with a user that has BYPASSRLS.");
    } else if (has(lines, "permission denied")) {
        char *object = denied_object(lines);
        error_set(err, EK_REFUSED, "user \"%s\" may not read everything in the database%s%s",
                  spec->connection->user == NULL ? "" : spec->connection->user,
                  object == NULL ? "" : ": no right to the ", object == NULL ? "" : object);
        mem_free(object);
        error_hint(err, "Back up with the owner of the database, or with a user that has pg_read_all_data.");
    } else if (has(lines, "user may lack SELECT privilege on the sequence")) { /* pg_dump 18 asks for all at once */
        error_set(err, EK_REFUSED, "user \"%s\" may not read everything in the database: no right to a sequence",
                  spec->connection->user == NULL ? "" : spec->connection->user);
        error_hint(err, "Back up with the owner of the database, or with a user that has pg_read_all_data.");
    } else if (dump_was_ended(lines)) {
        error_set(err, EK_CONNECT, "the server ended the connection while the backup ran (a restart or maintenance)");
        error_hint(err, "Wait a minute and try again.");
    } else if (!explain_giant_row(lines, err)) {
        bool is_lost = false;
        for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
            is_lost = is_lost || has(lines, lost[i]);
        }
        if (is_lost) {
            error_set(err, EK_CONNECT, "the connection to the server was lost while the backup ran");
            error_hint(err, "Check the internet connection and try again.");
        } else {
            char *words = process_exit_text(exit_code);
            if (words == NULL) {
                error_set(err, EK_TOOL, "pg_dump failed with exit code %u", exit_code);
            } else {
                error_set(err, EK_TOOL, "pg_dump failed: %s", words);
            }
            mem_free(words);
            error_hint(err, "Try again. If it fails again, show the detail to your IT administrator.");
        }
    }
    char *shown = redact_words(lines);
    if (shown[0] != '\0') {
        error_detail(err, "%s", shown);
    }
    mem_free(shown);
    return false;
}

static void on_line(void *context, const char *line)
{
    Words *words = context;
    const DumpSpec *spec = words->spec;
    const char *text = NULL;
    size_t len = 0;
    const DumpLine kind = dump_parse_line(line, &text, &len);
    if (line[0] == '\0') {
        return;
    }
    if ((kind == DUMP_LINE_LOCKED || kind == DUMP_LINE_TABLE) && !words->locked_told) {
        words->locked_told = true;
        if (spec->locked != NULL) {
            spec->locked(spec->context);
        }
    }
    if (kind == DUMP_LINE_TABLE && spec->table != NULL) {
        char *name = mem_strndup(text, len);
        spec->table(spec->context, name);
        mem_free(name);
    } else if (kind == DUMP_LINE_WARNING && spec->warning != NULL) {
        char *shown = redact_words(text);
        spec->warning(spec->context, shown);
        mem_free(shown);
    } else if (kind == DUMP_LINE_ERROR) {
        char **place = &words->errors[words->error_count++ % ERROR_LINES];
        mem_free(*place);
        *place = mem_strndup(text, len < STRBUF_SMALL ? len : STRBUF_SMALL);
    }
    char *copy = mem_strndup(text, len < STRBUF_SMALL ? len : STRBUF_SMALL);
    mem_free(words->last_line);
    words->last_line = copy;
}

static void on_tick(void *context, uint64_t written)
{
    const Words *words = context;
    if (words->spec->tick != NULL) {
        words->spec->tick(words->spec->context, written);
    }
}

static bool still_working(void *context)
{
    const Words *words = context;
    return words->spec->still_working != NULL && words->spec->still_working(words->spec->context);
}

/* The kept lines, oldest first; the first words of an error need no "error: ". */
static char *error_lines(const Words *words)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    const size_t kept = words->error_count < ERROR_LINES ? words->error_count : ERROR_LINES;
    for (size_t i = 0; i < kept; i++) {
        const char *line = words->errors[(words->error_count - kept + i) % ERROR_LINES];
        if (starts_with(line, "error: ")) {
            line += strlen("error: ");
        }
        const size_t before = sb.len;
        if ((sb.len > 0 && !strbuf_addch(&sb, '\n')) || !strbuf_addstr(&sb, line)) {
            strbuf_setlen(&sb, before);
        }
    }
    if (kept == 0 && words->last_line != NULL) {
        strbuf_addstr(&sb, words->last_line);
    }
    return strbuf_detach(&sb);
}

/* It ended by itself, with that code. */
static bool judge(const Words *words, unsigned exit_code, DumpRefusal *refusal, Error *err)
{
    if (exit_code == 0) {
        return true;
    }
    char *lines = error_lines(words);
    if (refusal != NULL) {
        *refusal = dump_refusal(words->spec, lines);
    }
    dump_explain(words->spec, exit_code, lines, err);
    mem_free(lines);
    return false;
}

bool dump_run(const DumpSpec *spec, const Cancel *cancel, DumpRefusal *refusal, Error *err)
{
    Words words = {.spec = spec};
    ClientResult result;
    char **arguments = dump_arguments(spec);
    const ClientSpec client = {.argv = (const char *const *)arguments,
                               .connection = spec->connection,
                               .session = spec->session,
                               .stdout_file = spec->file,
                               .line = on_line,
                               .tick = on_tick,
                               .stall_seconds = spec->stall_seconds,
                               .still_working = still_working,
                               .context = &words};
    bool ok = client_run(&client, cancel, &result, err);
    if (ok && result.stalled != NULL) {
        ok = error_set(err, EK_CONNECT, "the backup stopped because nothing moved for %s", result.stalled);
        error_hint(err, "Check the internet connection and try again.");
    } else if (ok) {
        ok = judge(&words, result.exit_code, refusal, err);
    }
    for (size_t i = 0; i < ERROR_LINES; i++) {
        mem_free(words.errors[i]);
    }
    mem_free(words.last_line);
    client_release(&result);
    dump_free_arguments(arguments);
    return ok;
}
