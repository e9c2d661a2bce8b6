/* consent.h: the name of the database, typed as a consent, in the dialogs that replace one. */
#ifndef CMMS_UI_CONSENT_H
#define CMMS_UI_CONSENT_H

#include <windows.h>

#include <stdbool.h>

#include "postgres/connection.h"

typedef struct Consent {
    HWND dialog;
    const Connection *server;      /* borrowed */
    int label, name, problem, go;  /* the dialog's controls: what is asked, the box, what is wrong, the button */
} Consent;

/* Writes the question. */
void consent_init(const Consent *consent);
/* What was typed changed, or something else: the button can be pressed only when the name is right and `may`. */
void consent_look(const Consent *consent, bool may);
bool consent_is_given(const Consent *consent);

#endif
