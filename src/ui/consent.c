#include "consent.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "jobs/restore.h"
#include "platform/wide.h"
#include "texts.h"
#include "ui_text.h"

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
    StrBuf shown; /* the label has an access key, so a name's own & stands there twice */
    strbuf_init(&shown, STRBUF_LINE);
    for (const char *c = connection_database(consent->server); c != NULL && *c != 0; c++) {
        strbuf_addstr(&shown, *c == '&' ? "&" : "");
        strbuf_addch(&shown, *c);
    }
    char *label = mem_printf(TEXT_CONSENT_LABEL, shown.buf);
    ui_set_text(GetDlgItem(consent->dialog, consent->label), label);
    SendDlgItemMessageW(consent->dialog, consent->name, EM_LIMITTEXT, NAME_UNITS, 0);
    mem_free(label);
    strbuf_release(&shown);
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
