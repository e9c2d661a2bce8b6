/*
 * place.h: the folder on SharePoint that this user has set up, and who is signed in to it. sharepoint.json in
 * machine_local_data_dir() says where; sharepoint-signin.json beside it has the tokens, sealed (machine_seal).
 */
#ifndef CMMS_PLACE_H
#define CMMS_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cloud/oauth.h"

#define PLACE_FILE "sharepoint.json"
/* Hints that the console says in its own words (cli/hints.c). */
#define PLACE_SET_UP "Set one up: SharePoint in the Tools menu."
#define PLACE_SET_UP_AGAIN "Set it up again: SharePoint in the Tools menu."
/* What a sign-in asks for, of the cloud's own Graph: all that the person may do, or only in sites, or libraries, that
 * IT has granted to the program one by one. */
#define PLACE_SCOPE "Files.ReadWrite.All Sites.Read.All offline_access openid profile"
#define PLACE_SCOPE_SELECTED "Sites.Selected offline_access openid profile"
#define PLACE_SCOPE_LIST "Lists.SelectedOperations.Selected offline_access openid profile"
#define PLACE_SELECTED "selected"
#define PLACE_LIST "list" /* a library is a list */
#define PLACE_SCOPE_MAIL "Mail.Send offline_access openid profile"
/* Who signs in: a person, or the program itself, with a certificate or a secret (oauth_app_only). */
#define PLACE_BY_CERTIFICATE "certificate"
#define PLACE_BY_SECRET "secret"

typedef struct CloudPlace {
    char *graph, *login;      /* endpoints */
    char *tenant, *client_id;
    char *drive, *folder;     /* Graph's numbers of the library and the folder */
    char *library, *path;     /* as people know them: "Documents", "/Backups"; "" is the library itself */
    char *web_url;            /* for a browser; or NULL */
    char *rights;             /* PLACE_SELECTED, PLACE_LIST; NULL: all that the person may do */
    char *by;                 /* PLACE_BY_CERTIFICATE, PLACE_BY_SECRET; NULL: a person */
    char *certificate;        /* its thumbprint; NULL: none */
    int64_t set_up;           /* unix seconds */
    int64_t secret_ends;      /* when the program's secret runs out, as IT has said; 0: not known */
} CloudPlace;

void place_init(CloudPlace *place);
void place_release(CloudPlace *place);

/* EK_NOT_FOUND: nothing is set up. EK_SETTINGS: the file is not what we write. EK_IO. */
bool place_load(CloudPlace *place, Error *err);
bool place_save(const CloudPlace *place, Error *err); /* atomic */
bool place_parse(const char *bytes, size_t len, CloudPlace *place, Error *err);
char *place_name(const CloudPlace *place); /* "Documents/Backups", for people; caller frees */
char *place_scope(const CloudPlace *place); /* caller frees */
bool place_is_person(const CloudPlace *place); /* no `by` that we know */
/* A first access token for the program itself; `secret` where it is by that one, and in `tokens` afterwards. */
bool place_app_sign_in(const CloudPlace *place, const Secret *secret, const Cancel *cancel, OauthTokens *tokens,
                       Error *err);

/* Keeps tokens for the app, in the place of others; atomic. Where the program signs in by a secret, that stands in the
 * place of a refresh token; where by a certificate, there is none: who may use its key is signed in. */
bool place_keep_tokens(const CloudPlace *place, const OauthTokens *tokens, Error *err);
/* False: nobody is signed in to that app, or the file cannot be used. */
bool place_find_tokens(const CloudPlace *place, OauthTokens *tokens);
/* Whether somebody is signed in to that app. *renewed: when that was last renewed, which each use does; 0: an older
 * version has kept it, and it is not known. */
bool place_signed_in(const CloudPlace *place, int64_t *renewed);
#define PLACE_SIGN_IN_DAYS 90 /* Microsoft's: a sign-in that is not renewed for so long has run out */
/* The tokens go, also where there are none; the folder stays set up. Waits for a program that is renewing them: it
 * would write them again. */
bool place_sign_out(const Cancel *cancel, Error *err);
/* The folder and the tokens go. What is on SharePoint stays. */
bool place_forget(const Cancel *cancel, Error *err);

/* For GraphSetup: a token of the kept sign-in. It is renewed once for all programs of this user, under a lock. */
typedef struct PlaceSignIn {
    const CloudPlace *place; /* borrowed */
    OauthTokens tokens;
} PlaceSignIn;
void place_sign_in_init(PlaceSignIn *sign_in, const CloudPlace *place);
void place_sign_in_release(PlaceSignIn *sign_in);
bool place_token(void *sign_in, bool refused, const Cancel *cancel, Secret *token, Error *err);
/* The same, a token to send mail with: made of the kept sign-in, and not kept itself. EK_REFUSED: nobody is signed in,
 * or nobody has approved PLACE_SCOPE_MAIL for the program. EK_SETTINGS: it is no person that signs in. */
bool place_mail_token(void *sign_in, bool refused, const Cancel *cancel, Secret *token, Error *err);

#endif
