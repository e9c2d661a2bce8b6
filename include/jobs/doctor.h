/* doctor.h: looks at everything a backup needs, and says in words what is well and what is not. */
#ifndef CMMS_DOCTOR_H
#define CMMS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "jobs/offsite.h"
#include "platform/cancel.h"
#include "postgres/connection.h"
#include "postgres/tools.h"
#include "store/settings.h"

/* A hint that the console says in its own words (cli/hints.c). */
#define DOCTOR_REGISTER "Have the task registered, or make backups by hand."

typedef enum CheckState { CHECK_GOOD, CHECK_WARNING, CHECK_BAD, CHECK_SKIPPED } CheckState;
const char *check_state_word(CheckState state); /* "good", "warning", "bad", "skipped" */

typedef struct Check {
    char *name;    /* "folder", "settings", "free space", "tools", "engine", "host", "connection", "tls",
                      "server version", "rights", "tables", "pooler", "storage", "egress"; and, where a folder on
                      SharePoint is set up, "sharepoint", "library", "sign-in", "clock" */
    CheckState state;
    char *message; /* one sentence */
    char *hint;    /* or NULL */
} Check;

typedef struct Doctor {
    Check *checks;
    size_t count;
    CheckState worst;
    ErrorKind worst_kind; /* of the first bad check, for the exit code */
} Doctor;

void doctor_init(Doctor *doctor);
void doctor_release(Doctor *doctor);
/* Whether a task starts the backups that the settings ask for, which this room cannot see; *words (caller frees) says
 * it ("no task starts it while the window is closed"). */
typedef bool DoctorTask(const Settings *settings, const char *folder_wanted, char **words);
/* Never fails as a whole but for EK_CANCELLED; what is wrong is in the checks. `task` NULL: that is not looked at, and
 * said so. */
bool doctor_run(const Connection *connection, const char *folder_wanted, DoctorTask *task, const Cancel *cancel,
                Doctor *doctor, Error *err);

/* The check "tools" of tools that were all asked and of which at least one can be used, which is filled in: which there
 * are, one that cannot be used, and each whose release is known to be dangerous (releases.h). */
void doctor_tools(const Tools *tools, Check *check);

/* What SharePoint said, and what is known of the sign-in (which is set up), made the checks "library", "sign-in" and
 * "clock". last: bytes of the last backup; 0: not known. */
void doctor_cloud(const OffsiteStatus *status, const OffsiteSignIn *sign_in, uint64_t last, Check *library,
                  Check *signed_in, Check *clock);

/* What Neon's Free plan (0.5 GB of storage, 5 GB a month of what leaves it) makes of a database and its schedule: the
 * checks "storage" and "egress", which are filled in. A dump leaves Neon uncompressed: `table_bytes`, each time. */
void doctor_forecast(int64_t database_bytes, int64_t table_bytes, const Settings *settings, Check *storage,
                     Check *egress);

#endif
