/* hints.c: what to type for what the rooms below say is to be done. */
#include "hints.h"

#include <string.h>

#include "cloud/oauth.h"
#include "cloud/place.h"
#include "jobs/doctor.h"
#include "jobs/offsite_back.h"
#include "jobs/restore.h"
#include "schedule/protection.h"
#include "store/settings.h"

const char *hint_here(const char *hint)
{
    static const struct {
        const char *hint, *here;
    } rows[] = {
        {OAUTH_SIGN_IN, "Sign in: SharePoint in the Tools menu, or cmms-backup-cli sharepoint set-up."},
        {OAUTH_SIGN_IN_AGAIN, "Sign in again: SharePoint in the Tools menu, or cmms-backup-cli sharepoint set-up."},
        {PLACE_SET_UP, "Set one up: SharePoint in the Tools menu, or cmms-backup-cli sharepoint set-up LINK."},
        {PLACE_SET_UP_AGAIN, "Set it up again: SharePoint in the Tools menu, or cmms-backup-cli sharepoint set-up."},
        {OFFSITE_NAME_ONE, "Name one of those that 'cmms-backup-cli sharepoint list' shows."},
        {PROTECTION_SAVE, "Save the configuration in the window, or run 'cmms-backup-cli schedule install'."},
        {DOCTOR_REGISTER,
         "Have the task registered ('cmms-backup-cli schedule install'), or make backups by hand."},
        {RESTORE_TRUST, "If you know who made it and trust them, say --foreign. 'cmms-backup-cli prove' restores it "
                        "where it can do no harm."},
        {RESTORE_LOOK, "'cmms-backup-cli undo --list' says it as soon as the server can be reached, and brings to its "
                       "end what was begun."},
        {SETTINGS_NAMES, "See 'cmms-backup-cli config' for their names."},
    };
    for (size_t i = 0; hint != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(hint, rows[i].hint) == 0) {
            return rows[i].here;
        }
    }
    return hint;
}
