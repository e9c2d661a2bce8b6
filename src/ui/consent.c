#include "consent.h"

#include <string.h>

#include "base/mem.h"
#include "jobs/restore.h"
#include "platform/wide.h"
#include "texts.h"
#include "ui_text.h"
#include "words.h"

#define NAME_UNITS 63 /* of the longest name, at least a byte each */

static char *typed_name(const Consent *consent)
{
    wchar_t *wide = ui_get_wide(GetDlgItem(consent->dialog, consent->name));
    char *typed = utf8_from_wide(wide);
    mem_free(wide);
    return typed;
}

void consent_init(const Consent *consent)
{
    const char *name = connection_database(consent->server);
    char *shown = words_in_label(name == NULL ? "" : name);
    char *label = mem_printf(TEXT_CONSENT_LABEL, shown);
    ui_set_text(GetDlgItem(consent->dialog, consent->label), label);
    SendDlgItemMessageW(consent->dialog, consent->name, EM_LIMITTEXT, NAME_UNITS, 0);
    mem_free(label);
    mem_free(shown);
}

bool consent_is_given(const Consent *consent)
{
    char *typed = typed_name(consent);
    const bool given = restore_is_consent(consent->server, typed);
    mem_free(typed);
    return given;
}

/* The beginning of the right name is not yet a wrong one. */
void consent_look(const Consent *consent, bool may)
{
    const char *name = connection_database(consent->server);
    char *typed = typed_name(consent);
    const bool begun = name != NULL && strncmp(name, typed, strlen(typed)) == 0;
    if (may) {
        ui_set_text(GetDlgItem(consent->dialog, consent->problem), begun ? "" : TEXT_CONSENT_WRONG);
    }
    EnableWindow(GetDlgItem(consent->dialog, consent->go), may && restore_is_consent(consent->server, typed));
    mem_free(typed);
}
