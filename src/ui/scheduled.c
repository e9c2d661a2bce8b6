#include "scheduled.h"

#include "schedule/aloud.h"
#include "schedule/run.h"
#include "session_watch.h"
#include "teller.h"
#include "texts.h"

typedef struct Run {
    const AppOptions *options;
    ScheduledSpec spec;
} Run;

static void tell_screen(const Run *run, const ScheduledResult *result, const Error *failed)
{
    if (teller_is_seen() && aloud_look(&run->spec, result, failed)) {
        teller_start(run->options);
    }
}

/* It may wait until the morning. */
static void on_wait(void *context, const ScheduledResult *result)
{
    tell_screen(context, result, NULL);
}

int scheduled_main(const AppOptions *options)
{
    const ConnectionSwitches switches = {options->host, options->port, options->user, options->sslmode,
                                         options->database};
    Run run = {.options = options,
               .spec = {.folder = options->folder,
                        .environment = &options->environment,
                        .switches = &switches,
                        .checks = true,
                        .on_wait = on_wait,
                        .context = &run}};
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    Cancel *cancel = cancel_new();
    SessionWatch *watch = session_watch_start(L"" TEXT_SHUTDOWN_REASON, cancel);
    /* A PC that was woken for it goes back to sleep afterwards. */
    const bool ok = scheduled_stay(&run.spec, TEXT_SHUTDOWN_REASON, NULL, cancel, &result, &err);
    const bool stopped = cancel_requested(cancel);
    session_watch_stop(watch);
    cancel_free(cancel);
    const int code = ok ? scheduled_code(&result) : error_exit_code(err.kind);
    if (!stopped) {
        tell_screen(&run, &result, ok ? NULL : &err);
    }
    scheduled_result_release(&result);
    error_clear(&err);
    return code;
}
