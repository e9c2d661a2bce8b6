#include "scheduled.h"

#include "schedule/aloud.h"
#include "schedule/run.h"
#include "session_watch.h"
#include "teller.h"
#include "texts.h"

int scheduled_main(const AppOptions *options)
{
    const ConnectionSwitches switches = {options->host, options->port, options->user, options->sslmode,
                                         options->database};
    const ScheduledSpec spec = {
        .folder = options->folder, .environment = &options->environment, .switches = &switches, .checks = true};
    Error err = ERROR_INIT;
    ScheduledResult result;
    scheduled_result_init(&result);
    Cancel *cancel = cancel_new();
    SessionWatch *watch = session_watch_start(L"" TEXT_SHUTDOWN_REASON, cancel);
    /* A PC that was woken for it goes back to sleep afterwards. */
    const bool ok = scheduled_stay(&spec, TEXT_SHUTDOWN_REASON, NULL, cancel, &result, &err);
    const bool stopped = cancel_requested(cancel);
    session_watch_stop(watch);
    cancel_free(cancel);
    const int code = ok ? scheduled_code(&result) : error_exit_code(err.kind);
    if (!stopped && aloud_look(&spec, &result, ok ? NULL : &err)) {
        teller_start(options);
    }
    scheduled_result_release(&result);
    error_clear(&err);
    return code;
}
