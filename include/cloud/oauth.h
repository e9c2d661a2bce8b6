/*
 * oauth.h: signing in to Microsoft: authorization code with PKCE (RFC 7636) in the system's browser, device code where
 * there is none, and refresh tokens: a public client, without a secret of the program's own. Or, where IT has set it up
 * so, as the program itself.
 *
 * Of what the sign-in service says, messages have its number (AADSTS…) and our own words for it, not its text.
 */
#ifndef CMMS_OAUTH_H
#define CMMS_OAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "platform/cancel.h"

/* Hints that the console says in its own words (cli/hints.c). */
#define OAUTH_SIGN_IN "Sign in: SharePoint in the Tools menu."
#define OAUTH_SIGN_IN_AGAIN "Sign in again: SharePoint in the Tools menu."

typedef struct OauthApp {
    const char *login;     /* "https://login.microsoftonline.com"; http only to loopback */
    const char *tenant;    /* a domain, a GUID, or "organizations" */
    const char *client_id;
    const char *scope;     /* with offline_access */
    const char *ca_file;   /* see graph.h */
} OauthApp;

typedef struct OauthTokens {
    Secret access, refresh;
    int64_t expires; /* of `access`: unix seconds, by this computer's clock */
} OauthTokens;

void oauth_tokens_init(OauthTokens *tokens);
void oauth_tokens_release(OauthTokens *tokens);

/* EK_SETTINGS names what cannot be used. */
bool oauth_app_check(const OauthApp *app, Error *err);

/* One sign-in in the browser. */
typedef struct OauthLogin {
    char *redirect;      /* "http://localhost:PORT" */
    char *state;         /* what must come back */
    Secret verifier;
    char *address;       /* for the browser */
} OauthLogin;
bool oauth_login_begin(const OauthApp *app, unsigned port, OauthLogin *login, Error *err);
void oauth_login_release(OauthLogin *login);
/* What the browser asked for: "/?code=…&state=…". False without an error: it is another request (a favicon).
 * EK_REFUSED: the sign-in was refused. */
bool oauth_login_answer(const OauthLogin *login, const char *target, Secret *code, Error *err);
bool oauth_login_finish(const OauthApp *app, const OauthLogin *login, const Secret *code, const Cancel *cancel,
                        OauthTokens *tokens, Error *err);
char *oauth_challenge(const char *verifier); /* base64url of its SHA-256; caller frees */

/* Renews both tokens. EK_REFUSED: somebody must sign in again. EK_CONNECT: nothing is said against the old ones. */
bool oauth_refresh(const OauthApp *app, const Cancel *cancel, OauthTokens *tokens, Error *err);

/* The program signs in as itself, for what runs without a person: with a certificate of the system's store
 * (certificate.h), or with a secret, the fallback. There is no refresh token: each access token is asked for so. */
typedef struct OauthProof {
    const char *thumbprint; /* of the certificate; NULL: by the secret */
    const Secret *secret;
} OauthProof;
#define OAUTH_APP_SCOPE "/.default" /* behind Graph's address: all that IT has approved for the program */
bool oauth_app_only(const OauthApp *app, const OauthProof *proof, const Cancel *cancel, OauthTokens *tokens,
                    Error *err);
/* The assertion (RFC 7523) before it is signed, for a moment: "header.payload". The certificate is named by the SHA-256
 * of its bytes; for RS256 by its thumbprint as well, as Microsoft's own libraries do. `id` must never come twice.
 * Caller frees. */
char *oauth_assertion(const OauthApp *app, bool pss, const char *thumbprint, const unsigned char sha256[32],
                      const char *id, int64_t now);

/* Device code: tell(…) gets the address and the code for a browser elsewhere; then waits until somebody was there. */
bool oauth_device(const OauthApp *app, void (*tell)(void *context, const char *address, const char *code),
                  void *context, const Cancel *cancel, OauthTokens *tokens, Error *err);

/* The words for a refusal: by the AADSTS number (0: none), else by the protocol's word. Returns false. */
bool oauth_refused(long number, const char *word, Error *err);
/* The AADSTS number that such an Error tells; 0: none. */
long oauth_number(const Error *refused);
long oauth_known_number(size_t index); /* those that have words of their own, from 0 on; 0: that was the last */

#endif
