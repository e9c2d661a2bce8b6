/*
 * registration.h: the task that starts the scheduled run when the window is closed: made of the settings, looked at,
 * taken away. What it is told is in its description, so that a look sees whether the settings have changed since, and
 * what is registered is compared, so that it sees whether somebody else has changed it.
 */
#ifndef CMMS_REGISTRATION_H
#define CMMS_REGISTRATION_H

#include <stdbool.h>

#include "base/error.h"
#include "store/settings.h"

typedef enum RegistrationState {
    REGISTRATION_GOOD,
    REGISTRATION_NONE,     /* nobody has registered it, or somebody has deleted it */
    REGISTRATION_DISABLED, /* somebody has switched it off in Task Scheduler */
    REGISTRATION_FOREIGN,  /* a task of our name that another program made: it is left alone */
    REGISTRATION_MOVED,    /* it starts a program that is not there, or another one than this */
    REGISTRATION_OLD,      /* it is not as the settings say now */
    REGISTRATION_CHANGED,  /* it says of itself that it is, but somebody has changed it in Task Scheduler: `text` says
                              what (tasks_difference) */
    REGISTRATION_UNKNOWN   /* the system's scheduler cannot be asked */
} RegistrationState;

typedef struct Registration {
    RegistrationState state;
    char *text;    /* owned: that in words, "a task starts it"; never NULL after a look */
    char *program; /* owned: what it starts, or NULL */
} Registration;

/* "good", "none", "disabled", "foreign", "moved", "old", "changed", "unknown"; static. */
const char *registration_state_word(RegistrationState state);
void registration_init(Registration *registration);
void registration_release(Registration *registration);
/* Replaces what it holds. `folder`: that somebody has named for it; NULL: the usual one. */
void registration_look(const Settings *settings, const char *folder, Registration *registration);
/* Registers the task, or what of it is not as it should be. EK_BUSY: another program's task has our name. *warning (may
 * be NULL; caller frees): what was registered is less than all. */
bool registration_install(const Settings *settings, const char *folder, char **warning, Error *err);
/* As `schedule install`: registration_install, but the folder is given with its whole path (a task has another current
 * folder, EK_USAGE), and `connected`: a connection is saved (it has neither this program's environment nor its
 * switches, EK_SETTINGS). */
bool registration_enlist(const Settings *settings, const char *folder, bool connected, char **warning, Error *err);

typedef enum RegistrationStep {
    REGISTRATION_KEPT,          /* it is as the settings want it */
    REGISTRATION_MADE,
    REGISTRATION_TAKEN_AWAY,    /* the schedule is off */
    REGISTRATION_NEEDS_DATABASE /* no connection is saved, so none was made: there is nothing to back up yet */
} RegistrationStep;

/* After settings were saved in the window: with the schedule on the task is registered, with it off taken away. Another
 * program's task of our name is EK_BUSY only where ours is wanted. *warning as above. */
bool registration_follow(const Settings *settings, const char *folder, RegistrationStep *step, char **warning,
                         Error *err);
/* One is: the schedule is on, and a connection is saved. */
bool registration_is_wanted(const Settings *settings);
/* What is wrong with it, in words ("no task starts it while the window is closed"); NULL: nothing, or none is wanted
 * (the schedule is off, or no connection is saved). Caller frees. */
char *registration_problem(const Settings *settings, const char *folder);
/* Registers it anew where it is ours and old; nothing else: what somebody has changed is not undone behind a back. */
bool registration_refresh(const Settings *settings, const char *folder, Error *err);
/* EK_BUSY as above. *removed (may be NULL): there was one. */
bool registration_remove(bool *removed, Error *err);

#endif
