/*
 * client.c: process_run with what all client tools of PostgreSQL share. The server itself is no such tool: it is not
 * waited for, and engine.c runs it.
 */
#include "postgres/client.h"

#include <string.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/process.h"
#include "postgres/redact.h"
#include "postgres/standstill.h"

const char client_hint_again[] = "Try again. If it fails again, show this to your IT administrator.";

typedef struct Watch {
    const ClientSpec *spec;
    LineSplitter lines;
    char *line; /* that is kept: as it came */
    bool is_error;
    Standstill still;
    uint64_t deadline_ms; /* 0: none */
    uint64_t written;
    bool stalled, late;
    Error io; /* the file's size could not be asked */
} Watch;

/* --- what it says ------------------------------------------------------------------------------------------ */

/* initdb goes on after its error, or that of the server that it runs, with how that ended and what it tidies away. */
static bool tells_of_an_error(const char *line)
{
    static const char *const words[] = {"error:", "FATAL:", "PANIC:", "could not", "child process"};
    bool found = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        found = found || strstr(line, words[i]) != NULL;
    }
    return found && strstr(line, "warning:") == NULL && strstr(line, "WARNING:") == NULL;
}

static void keep_line(void *context, const char *line)
{
    Watch *watch = context;
    if (line[0] != '\0' && !watch->is_error) {
        mem_free(watch->line);
        watch->line = mem_strdup(line);
        watch->is_error = tells_of_an_error(line);
    }
}

static void add_what_fits(StrBuf *text, const char *bytes, size_t len)
{
    const size_t room = text->max - text->len;
    strbuf_add(text, bytes, len < room ? len : room);
}

static bool on_stdout(void *context, const char *bytes, size_t len)
{
    Watch *watch = context;
    const ClientSpec *spec = watch->spec;
    if (spec->answer != NULL) {
        add_what_fits(spec->answer, bytes, len);
    }
    const bool more = spec->out == NULL || spec->out(spec->context, bytes, len);
    standstill_moved(&watch->still, clock_monotonic_ms());
    return more;
}

static bool on_stderr(void *context, const char *bytes, size_t len)
{
    Watch *watch = context;
    standstill_moved(&watch->still, clock_monotonic_ms());
    if (watch->spec->said != NULL) {
        add_what_fits(watch->spec->said, bytes, len);
    } else {
        line_splitter_feed(&watch->lines, bytes, len);
    }
    return true;
}

/* --- time -------------------------------------------------------------------------------------------------- */

static bool on_tick(void *context)
{
    Watch *watch = context;
    const ClientSpec *spec = watch->spec;
    const uint64_t now = clock_monotonic_ms();
    uint64_t written = watch->written;
    if (spec->stdout_file != NULL && !fs_size(spec->stdout_file, &written, &watch->io)) {
        return false;
    }
    if (written != watch->written) {
        watch->written = written;
        standstill_moved(&watch->still, now);
    }
    if (spec->tick != NULL) {
        spec->tick(spec->context, written);
    }
    watch->late = watch->deadline_ms != 0 && now >= watch->deadline_ms;
    watch->stalled = !watch->late && standstill_over(&watch->still, now);
    return !watch->late && !watch->stalled;
}

/* --- one run ----------------------------------------------------------------------------------------------- */

static bool run_process(Watch *watch, const Cancel *cancel, ProcessResult *result, Error *err)
{
    const ClientSpec *spec = watch->spec;
    char **env = spec->connection != NULL ? connection_env(spec->connection, spec->session) : NULL;
    const ProcessSpec process = {.program = spec->argv[0],
                                 .argv = spec->argv,
                                 .env_set = env != NULL ? (const char *const *)env : connection_env_plain(),
                                 .env_unset = connection_env_unset(),
                                 .cwd = spec->cwd,
                                 .stdin_file = spec->stdin_file,
                                 .stdout_file = spec->stdout_file,
                                 .on_stdout = on_stdout,
                                 .on_stderr = on_stderr,
                                 .on_tick = on_tick,
                                 .context = watch,
                                 .drop_rights = spec->drop_rights};
    const bool ran = process_run(&process, cancel, result, err);
    connection_free_env(env);
    return ran && (watch->io.kind == EK_NONE || error_move(err, &watch->io));
}

bool client_run(const ClientSpec *spec, const Cancel *cancel, ClientResult *result, Error *err)
{
    const uint64_t now = clock_monotonic_ms();
    Watch watch = {.spec = spec,
                   .still = {.seconds = spec->stall_seconds, .still_working = spec->still_working,
                             .context = spec->context},
                   .deadline_ms = spec->limit_seconds == 0 ? 0 : now + 1000u * (uint64_t)spec->limit_seconds,
                   .io = ERROR_INIT};
    ProcessResult ended = {0};
    *result = (ClientResult){0};
    standstill_start(&watch.still, now);
    if (spec->line != NULL) {
        line_splitter_init(&watch.lines, spec->line, spec->context);
    } else {
        line_splitter_init(&watch.lines, keep_line, &watch);
    }
    const bool ok = run_process(&watch, cancel, &ended, err);
    line_splitter_release(&watch.lines); /* hands over a last line */
    if (ok) {
        result->exit_code = ended.exit_code;
        result->stopped = ended.stopped && !watch.stalled && !watch.late;
        result->late = watch.late;
        result->stalled = watch.stalled ? standstill_text(&watch.still) : NULL;
        result->words = watch.line == NULL ? NULL : redact_words(watch.line);
    }
    mem_free(watch.line);
    error_clear(&watch.io);
    return ok;
}

void client_release(ClientResult *result)
{
    mem_free(result->stalled);
    mem_free(result->words);
    *result = (ClientResult){0};
}

bool client_exit_detail(unsigned exit_code, const char *words, Error *err)
{
    char *meaning = process_exit_text(exit_code);
    if (meaning != NULL || words != NULL) {
        error_detail(err, "%s", meaning != NULL ? meaning : words);
    } else {
        error_detail(err, "exit code %u", exit_code);
    }
    mem_free(meaning);
    return false;
}
