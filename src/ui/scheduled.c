#include "scheduled.h"

#include "schedule/aloud.h"
#include "schedule/run.h"
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
    /* A PC that was woken for it goes back to sleep afterwards. */
    const bool ok = scheduled_stay(&spec, TEXT_SHUTDOWN_REASON, NULL, NULL, &result, &err);
    const int code = ok ? scheduled_code(&result) : error_exit_code(err.kind);
    if (aloud_look(&spec, &result, ok ? NULL : &err)) {
        teller_start(options);
    }
    scheduled_result_release(&result);
    error_clear(&err);
    return code;
}
