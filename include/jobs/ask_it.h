/*
 * ask_it.h: what IT has to do before this program may write to SharePoint: which step is missing, and a page of plain
 * text to send on. Pure: nothing here asks the network or reads a file.
 */
#ifndef CMMS_ASK_IT_H
#define CMMS_ASK_IT_H

#include <stdbool.h>

#include "base/error.h"

typedef enum AskItStep {
    ASK_IT_NOTHING,  /* it is not IT that is needed */
    ASK_IT_APP,      /* the program is not registered in Entra, or not as it must be */
    ASK_IT_APPROVAL, /* nobody has approved it for the organisation */
    ASK_IT_PERSON,   /* it has been, but not for this person */
    ASK_IT_RULE,     /* a rule (conditional access) keeps this sign-in out */
    ASK_IT_GRANT     /* signed in, but the program or the person may not write there */
} AskItStep;

/* By what a set-up, a look or an upload failed with. */
AskItStep ask_it_step(const Error *error);
const char *ask_it_words(AskItStep step); /* what is missing, a sentence without its full stop; static, "" for none */

typedef struct AskIt {
    /* NULL: not known. What cannot be a client ID or a tenant is left out: it would stand in a script. */
    const char *link, *client_id, *tenant;
    const char *graph, *login; /* NULL: those of the worldwide cloud */
    const char *host, *site;   /* of the link: "contoso.sharepoint.com", "/sites/Maintenance" ("" is the root site) */
    const char *library;       /* of the link, as its address names it: "Shared Documents" */
    bool selected;             /* PLACE_SELECTED, PLACE_LIST */
    bool list;                 /* PLACE_LIST: of a site one library alone */
    bool app_only;             /* the program signs in as itself, with a certificate or a secret; selected rights */
    const Error *failed;       /* or NULL */
} AskIt;

/* Lines of at most 120 characters but for links and what is to be pasted; ends with a line end. Caller frees. */
char *ask_it_page(const AskIt *ask);

/* Where an administrator approves the program; NULL while client ID or tenant are not known. Caller frees. */
char *ask_it_consent_link(const AskIt *ask, bool selected);

/* The site in a pasted link, as far as its form tells it: "/sites/Maintenance" of a path or of "/:f:/s/Maintenance/…",
 * "" for the root site; NULL where it does not. Caller frees. `path`: CloudAddress's, or NULL. */
char *ask_it_site(const char *link, const char *path);
/* What follows the site in a path, up to a slash: a library, where the site has none below it. NULL: nothing. Caller
 * frees. */
char *ask_it_library(const char *path, const char *site);

#endif
