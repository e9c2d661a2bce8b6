#include "cloud/oauth.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "cloud/address.h"
#include "cloud/http.h"
#include "platform/client_certificate.h"
#include "platform/clock.h"
#include "platform/machine.h"

#define ANSWER_MAX 1048576u
#define TRIES 4u
#define LONGEST_SECONDS 60L /* a try */
#define EARLY_S 300 /* a token is renewed before it ends */
#define SHORTEST_S 30
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define ASSERTION_S 540 /* that one is good for; with the next line, ten minutes, the most that Microsoft names */
#define ASSERTION_EARLY_S 60 /* from when: clocks differ */
#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

void oauth_tokens_init(OauthTokens *tokens)
{
    *tokens = (OauthTokens){SECRET_INIT, SECRET_INIT, 0};
}

void oauth_tokens_release(OauthTokens *tokens)
{
    secret_release(&tokens->access);
    secret_release(&tokens->refresh);
    tokens->expires = 0;
}

/* --- words ------------------------------------------------------------------------------------------------ */

typedef struct Refusal {
    long number;
    const char *message, *hint;
} Refusal;

static const char again[] = OAUTH_SIGN_IN_AGAIN;
static const char approve[] =
    "Ask your IT administrator to approve the program (its client ID) for your organisation, then sign in again.";

static const Refusal refusals[] = {
    {65001, "the program has not been approved by you or your organisation", approve},
    {90094, "an administrator must approve the program first", approve},
    {90095, "an administrator must approve the program first", approve},
    {50076, "your organisation asks for a second proof of who you are", again},
    {50079, "your organisation asks you to set up a second proof of who you are",
     "Sign in to office.com in the browser once, follow what it asks, then sign in here again."},
    {53000, "your organisation lets only devices in that it manages", "Ask your IT administrator about this computer."},
    {53003, "a rule of your organisation (conditional access) does not allow this sign-in",
     "Ask your IT administrator; where a device code was used, sign in with the browser of this computer."},
    {530032, "a rule of your organisation does not allow this sign-in", "Ask your IT administrator."},
    {50105, "you have not been assigned to the program", "Ask your IT administrator to assign you to it."},
    {700016, "the client ID is not known in that tenant", "Compare client ID and tenant with what IT has given you."},
    {90002, "there is no such tenant", "Compare the tenant with what IT has given you."},
    {50011, "the program's registration lacks the address http://localhost",
     "Ask your IT administrator to add http://localhost as a redirect address for mobile and desktop applications."},
    {50173, "your sign-in was revoked, as when a password was changed", again},
    {700082, "your sign-in has run out, because it was not used for long", again},
    {70008, "your sign-in has run out", again},
    {70043, "your organisation wants you to sign in again from time to time", again},
    {7000222, "the program's secret has run out", "Ask your IT administrator for a new one."},
    {7000215, "the program's secret is not the one that Microsoft knows",
     "Set the folder up again with the secret's value, not its ID."},
    {700027, "Microsoft does not know the certificate for this program",
     "Ask your IT administrator to add it to the program's registration, or compare its thumbprint."},
    {700024, "the clock of this computer is wrong by more than Microsoft allows",
     "Let Windows set the clock: Settings, Time & language."},
    {7000218, "the program's registration does not allow sign-ins of this kind",
     "Ask your IT administrator to allow public client flows for it."},
    {50020, "this account is of another organisation than the folder",
     "Sign in with an account of the organisation to which the folder belongs, or ask there to be invited."},
    {65004, "nobody accepted what the program asked for", again},
    {7000112, "the program is switched off in your organisation", "Ask your IT administrator to switch it on again."},
    {500011, "your organisation does not know the service that the program asks for",
     "Compare cloud and tenant with what IT has given you."},
};

bool oauth_refused(long number, const char *word, Error *err)
{
    const Refusal *refusal = NULL;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].number == number) {
            refusal = &refusals[i];
        }
    }
    if (refusal != NULL) {
        error_set(err, EK_REFUSED, "the sign-in was refused: %s", refusal->message);
        error_hint(err, "%s", refusal->hint);
    } else if (strcmp(word, "access_denied") == 0 || strcmp(word, "authorization_declined") == 0) {
        error_set(err, EK_REFUSED, "the sign-in was refused in the browser");
        error_hint(err, "%s", approve);
    } else if (strcmp(word, "expired_token") == 0) {
        error_set(err, EK_REFUSED, "nobody signed in before the code ran out");
        error_hint(err, "Begin again.");
    } else {
        error_set(err, EK_REFUSED, "the sign-in was refused");
        error_hint(err, "%s", again);
    }
    const size_t len = strlen(word);
    const bool plain = len > 0 && len < 60 && strspn(word, "abcdefghijklmnopqrstuvwxyz_") == len;
    if (number > 0) {
        error_detail(err, "AADSTS%ld%s%s", number, plain ? ", " : "", plain ? word : "");
    } else if (plain) {
        error_detail(err, "%s", word);
    }
    return false;
}

/* The number in "AADSTS65001: …"; 0: none. */
static long number_in(const char *text)
{
    const char *at = strstr(text, "AADSTS");
    return at == NULL || strspn(at + 6, "0123456789") > 8 ? 0 : strtol(at + 6, NULL, 10);
}

long oauth_number(const Error *refused)
{
    return refused->kind == EK_REFUSED && refused->detail != NULL ? number_in(refused->detail) : 0;
}

long oauth_known_number(size_t index)
{
    return index < sizeof refusals / sizeof refusals[0] ? refusals[index].number : 0;
}

/* --- pieces ----------------------------------------------------------------------------------------------- */

static char *base64url(const unsigned char *bytes, size_t len)
{
    char *text = mem_alloc(4 * ((len + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
    text[strcspn(text, "=")] = '\0';
    for (char *p = text; *p != '\0'; p++) {
        *p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p);
    }
    return text;
}

char *oauth_challenge(const char *verifier)
{
    unsigned char digest[32];
    unsigned len = 0;
    if (EVP_Digest(verifier, strlen(verifier), digest, &len, EVP_sha256(), NULL) != 1) {
        mem_out();
    }
    return base64url(digest, len);
}

/* 256 bits as text; NULL where the system gives none. Caller frees. */
static char *random_text(void)
{
    unsigned char bytes[32];
    if (!machine_random(bytes, sizeof bytes)) {
        return NULL;
    }
    char *text = base64url(bytes, sizeof bytes);
    secret_wipe(bytes, sizeof bytes);
    return text;
}

static void add_field(StrBuf *form, const char *name, const char *value)
{
    strbuf_addf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    cloud_encode(form, value);
}

bool oauth_app_check(const OauthApp *app, Error *err)
{
    char *host = cloud_url_host(app->login);
    const bool login = host != NULL && strpbrk(app->login, "?#") == NULL;
    mem_free(host);
    static const char id[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    if (!login) {
        error_set(err, EK_SETTINGS, "the address of the sign-in cannot be used: \"%s\"", app->login);
        return error_hint(err, "It begins with https, as https://login.microsoftonline.com does.");
    }
    if (app->tenant[0] == '\0' || strspn(app->tenant, id) != strlen(app->tenant)) {
        error_set(err, EK_SETTINGS, "\"%s\" is no tenant", app->tenant);
        return error_hint(err, "It is a domain, as contoso.onmicrosoft.com, or a number of 36 characters.");
    }
    if (app->client_id[0] == '\0' || strspn(app->client_id, id) != strlen(app->client_id)) {
        error_set(err, EK_SETTINGS, "\"%s\" is no client ID", app->client_id);
        return error_hint(err, "It is a number of 36 characters that IT gets when the program is registered.");
    }
    return true;
}

/* --- asking ----------------------------------------------------------------------------------------------- */

typedef struct Reply {
    long status;
    cJSON *json;
} Reply;

/* Posts a form; a service that has a fault or cannot be reached is asked again, a few times. */
static bool post(const OauthApp *app, const char *what, const StrBuf *form, const Cancel *cancel, Reply *reply,
                 Error *err)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                          "Accept: application/json", NULL};
    Http *http = http_new();
    HttpResponse response;
    char *url = mem_printf("%s/%s/oauth2/v2.0/%s", app->login, app->tenant, what);
    bool ok = false;
    http_response_init(&response);
    if (app->ca_file != NULL) {
        http_set_ca_file(http, app->ca_file);
    }
    const HttpRequest request = {.method = "POST", .url = url, .headers = headers, .body = form->buf,
                                 .body_len = form->len, .max_response = ANSWER_MAX, .seconds = LONGEST_SECONDS};
    for (unsigned tries = 1;; tries++) {
        Error failed = ERROR_INIT;
        ok = http_request(http, &request, cancel, &response, &failed);
        const bool busy = ok ? response.status == 429 || response.status >= 500 : failed.kind == EK_CONNECT;
        if (!ok && (!busy || tries == TRIES)) {
            error_context(&failed, "the sign-in");
            error_move(err, &failed);
            break;
        }
        error_clear(&failed);
        if (!busy || tries == TRIES) {
            break;
        }
        if (cancel_wait(cancel, 500u << tries)) {
            ok = error_set(err, EK_CANCELLED, "stopped at your request");
            break;
        }
    }
    if (ok) {
        reply->status = response.status;
        reply->json = NULL;
        if (!json_parse(response.body.buf, response.body.len, &reply->json, NULL) || response.status >= 500) {
            cJSON_Delete(reply->json);
            reply->json = NULL;
            error_set(err, EK_CONNECT, "the sign-in: what answers is not Microsoft's sign-in");
            error_detail(err, "status %ld", response.status);
            ok = error_hint(err, "A network that wants a sign-in of its own in the browser first answers so.");
        }
    }
    secret_wipe(response.body.buf, response.body.len);
    http_response_release(&response);
    http_free(http);
    mem_free(url);
    return ok;
}

static bool refused_by(const Reply *reply, Error *err)
{
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(reply->json, "error_codes"), 0);
    const double told = cJSON_IsNumber(first) ? cJSON_GetNumberValue(first) : 0;
    const char *description = json_string(reply->json, "error_description", "");
    const long number = told > 0 && told < 1e9 ? (long)told : number_in(description);
    return oauth_refused(number, json_string(reply->json, "error", ""), err);
}

static bool take_secret(cJSON *json, const char *name, Secret *secret)
{
    char *text = cJSON_GetStringValue(cJSON_GetObjectItem(json, name));
    if (text == NULL || text[0] == '\0') {
        return false;
    }
    secret_set(secret, text, strlen(text));
    secret_wipe(text, secret->len);
    return true;
}

static bool take_tokens(const Reply *reply, OauthTokens *tokens, Error *err)
{
    if (reply->status != 200) {
        return refused_by(reply, err);
    }
    Secret access = SECRET_INIT;
    if (!take_secret(reply->json, "access_token", &access)) {
        return oauth_refused(0, "", err);
    }
    const int64_t seconds = json_int(reply->json, "expires_in", 0);
    const int64_t early = seconds > 2 * EARLY_S ? EARLY_S : seconds / 2;
    secret_release(&tokens->access);
    tokens->access = access;
    tokens->expires = clock_now() + (seconds - early > SHORTEST_S ? seconds - early : seconds > 0 ? seconds / 2 : 0);
    (void)take_secret(reply->json, "refresh_token", &tokens->refresh); /* none: the old one stays */
    return true;
}

static bool ask_tokens(const OauthApp *app, const StrBuf *form, const Cancel *cancel, OauthTokens *tokens, Error *err)
{
    Reply reply = {0, NULL};
    const bool ok = post(app, "token", form, cancel, &reply, err) && take_tokens(&reply, tokens, err);
    cJSON_Delete(reply.json);
    return ok;
}

static void end_form(StrBuf *form)
{
    secret_wipe(form->buf, form->len);
    strbuf_release(form);
}

/* --- in the browser --------------------------------------------------------------------------------------- */

bool oauth_login_begin(const OauthApp *app, unsigned port, OauthLogin *login, Error *err)
{
    char *verifier = random_text();
    char *state = random_text();
    *login = (OauthLogin){.verifier = SECRET_INIT};
    if (verifier == NULL || state == NULL) {
        secret_free_text(verifier);
        mem_free(state);
        return error_set(err, EK_INTERNAL, "the system gives no random numbers");
    }
    secret_set(&login->verifier, verifier, strlen(verifier));
    login->state = state;
    login->redirect = mem_printf("http://localhost:%u", port);
    char *challenge = oauth_challenge(verifier);
    StrBuf query;
    strbuf_init(&query, STRBUF_LINE);
    add_field(&query, "client_id", app->client_id);
    add_field(&query, "response_type", "code");
    add_field(&query, "redirect_uri", login->redirect);
    add_field(&query, "response_mode", "query");
    add_field(&query, "scope", app->scope);
    add_field(&query, "state", state);
    add_field(&query, "code_challenge", challenge);
    add_field(&query, "code_challenge_method", "S256");
    add_field(&query, "prompt", "select_account");
    login->address = mem_printf("%s/%s/oauth2/v2.0/authorize?%s", app->login, app->tenant, query.buf);
    strbuf_release(&query);
    mem_free(challenge);
    secret_free_text(verifier);
    return true;
}

void oauth_login_release(OauthLogin *login)
{
    mem_free(login->redirect);
    mem_free(login->state);
    mem_free(login->address);
    secret_release(&login->verifier);
    *login = (OauthLogin){.verifier = SECRET_INIT};
}

/* A field of a query, decoded; NULL where it is not there. Caller frees. */
static char *query_field(const char *query, const char *name)
{
    const size_t name_len = strlen(name);
    while (*query != '\0') {
        const size_t len = strcspn(query, "&");
        if (len > name_len && query[name_len] == '=' && memcmp(query, name, name_len) == 0) {
            char *value = mem_alloc(len);
            size_t at = 0;
            for (size_t i = name_len + 1; i < len; i++) {
                char c = query[i] == '+' ? ' ' : query[i];
                if (c == '%' && i + 2 < len) {
                    char hex[3] = {query[i + 1], query[i + 2], '\0'};
                    if (strspn(hex, "0123456789abcdefABCDEF") == 2) {
                        c = (char)strtol(hex, NULL, 16);
                        i += 2;
                    }
                }
                value[at++] = c;
            }
            return value;
        }
        query += len;
        query += *query == '&';
    }
    return NULL;
}

bool oauth_login_answer(const OauthLogin *login, const char *target, Secret *code, Error *err)
{
    const char *query = strchr(target, '?');
    if (target[0] != '/' || query != target + 1) {
        return false;
    }
    char *state = query_field(query + 1, "state");
    char *given = query_field(query + 1, "code");
    char *word = query_field(query + 1, "error");
    char *description = query_field(query + 1, "error_description");
    bool ok = false;
    /* Any page that the browser shows may ask this port for something: only what knows the state counts. */
    if (state != NULL && strcmp(state, login->state) == 0) {
        if (word != NULL) {
            oauth_refused(number_in(description == NULL ? "" : description), word, err);
        } else if (given != NULL && given[0] != '\0') {
            secret_set(code, given, strlen(given));
            ok = true;
        }
    }
    mem_free(state);
    secret_free_text(given);
    mem_free(word);
    mem_free(description);
    return ok;
}

bool oauth_login_finish(const OauthApp *app, const OauthLogin *login, const Secret *code, const Cancel *cancel,
                        OauthTokens *tokens, Error *err)
{
    StrBuf form;
    strbuf_init(&form, STRBUF_LINE);
    add_field(&form, "client_id", app->client_id);
    add_field(&form, "scope", app->scope);
    add_field(&form, "code", code->bytes);
    add_field(&form, "redirect_uri", login->redirect);
    add_field(&form, "grant_type", "authorization_code");
    add_field(&form, "code_verifier", login->verifier.bytes);
    const bool ok = ask_tokens(app, &form, cancel, tokens, err);
    end_form(&form);
    return ok;
}

bool oauth_refresh(const OauthApp *app, const Cancel *cancel, OauthTokens *tokens, Error *err)
{
    if (!secret_is_set(&tokens->refresh)) {
        error_set(err, EK_REFUSED, "nobody has signed in to SharePoint on this computer");
        return error_hint(err, OAUTH_SIGN_IN);
    }
    StrBuf form;
    strbuf_init(&form, STRBUF_LINE);
    add_field(&form, "client_id", app->client_id);
    add_field(&form, "scope", app->scope);
    add_field(&form, "grant_type", "refresh_token");
    add_field(&form, "refresh_token", tokens->refresh.bytes);
    const bool ok = ask_tokens(app, &form, cancel, tokens, err);
    end_form(&form);
    return ok;
}

/* --- as the program itself -------------------------------------------------------------------------------- */

static void add_json_part(StrBuf *sb, cJSON *document)
{
    char *text = json_text(document), *coded = base64url((const unsigned char *)text, strlen(text));
    strbuf_addstr(sb, coded);
    mem_free(coded);
    mem_free(text);
    cJSON_Delete(document);
}

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
}

/* The bytes of a thumbprint (certificate_thumbprint), for "x5t". */
static void add_thumbprint(cJSON *header, const char *thumbprint)
{
    unsigned char sha1[CERTIFICATE_DIGITS / 2] = {0};
    for (size_t i = 0; i < sizeof sha1 && thumbprint[2 * i] != '\0' && thumbprint[2 * i + 1] != '\0'; i++) {
        sha1[i] = (unsigned char)(digit(thumbprint[2 * i]) << 4 | digit(thumbprint[2 * i + 1]));
    }
    char *coded = base64url(sha1, sizeof sha1);
    json_set_string(header, "x5t", coded);
    mem_free(coded);
}

char *oauth_assertion(const OauthApp *app, bool pss, const char *thumbprint, const unsigned char sha256[32],
                      const char *id, int64_t now)
{
    cJSON *header = cJSON_CreateObject(), *payload = cJSON_CreateObject();
    char *mark = base64url(sha256, 32);
    char *audience = mem_printf("%s/%s/oauth2/v2.0/token", app->login, app->tenant);
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    json_set_string(header, "alg", pss ? "PS256" : "RS256");
    json_set_string(header, "typ", "JWT");
    json_set_string(header, "x5t#S256", mark);
    if (!pss) {
        add_thumbprint(header, thumbprint);
    }
    json_set_string(payload, "aud", audience);
    json_set_string(payload, "iss", app->client_id);
    json_set_string(payload, "sub", app->client_id);
    json_set_string(payload, "jti", id);
    json_set_int(payload, "nbf", now - ASSERTION_EARLY_S);
    json_set_int(payload, "iat", now);
    json_set_int(payload, "exp", now + ASSERTION_S);
    add_json_part(&sb, header);
    strbuf_addch(&sb, '.');
    add_json_part(&sb, payload);
    mem_free(audience);
    mem_free(mark);
    return strbuf_detach(&sb);
}

/* Signed; NULL: err is set. Caller: secret_free_text. */
static char *signed_assertion(const OauthApp *app, const char *thumbprint, Error *err)
{
    CertificateFacts facts;
    char *id = NULL, *made = NULL;
    if (!certificate_find(thumbprint, &facts, err)) {
        return NULL;
    }
    if (facts.ends <= clock_now()) {
        error_set(err, EK_REFUSED, "the certificate of the sign-in to SharePoint has run out");
        error_hint(err, "Ask your IT administrator for a new one, and set the folder up with it.");
        return NULL;
    }
    if (facts.begins > clock_now()) {
        error_set(err, EK_REFUSED, "the certificate of the sign-in to SharePoint is not valid yet");
        error_hint(err, "Wait until it is; or set this PC's clock, if that is wrong.");
        return NULL;
    }
    id = random_text();
    if (id == NULL) {
        error_set(err, EK_INTERNAL, "the system gives no random numbers");
        return NULL;
    }
    /* Entra prefers PSS; some keys in chips cannot do it. */
    for (int pss = 1; pss >= 0 && made == NULL; pss--) {
        char *text = oauth_assertion(app, pss != 0, thumbprint, facts.sha256, id, clock_now());
        StrBuf signature;
        Error why = ERROR_INIT;
        strbuf_init(&signature, STRBUF_LINE);
        if (certificate_sign(thumbprint, pss ? CERTIFICATE_PSS : CERTIFICATE_PKCS1, text, strlen(text), &signature,
                             &why)) {
            char *coded = base64url((const unsigned char *)signature.buf, signature.len);
            made = mem_printf("%s.%s", text, coded);
            mem_free(coded);
        } else if (!pss) {
            error_move(err, &why);
        }
        error_clear(&why);
        strbuf_release(&signature);
        mem_free(text);
    }
    mem_free(id);
    return made;
}

bool oauth_app_only(const OauthApp *app, const OauthProof *proof, const Cancel *cancel, OauthTokens *tokens,
                    Error *err)
{
    StrBuf form;
    bool ok = true;
    strbuf_init(&form, STRBUF_LINE);
    add_field(&form, "client_id", app->client_id);
    add_field(&form, "scope", app->scope);
    add_field(&form, "grant_type", "client_credentials");
    if (proof->thumbprint != NULL) {
        char *assertion = signed_assertion(app, proof->thumbprint, err);
        ok = assertion != NULL;
        if (ok) {
            add_field(&form, "client_assertion_type", ASSERTION_TYPE);
            add_field(&form, "client_assertion", assertion);
        }
        secret_free_text(assertion);
    } else {
        add_field(&form, "client_secret", proof->secret->bytes);
    }
    ok = ok && ask_tokens(app, &form, cancel, tokens, err);
    end_form(&form);
    return ok;
}

/* --- device code ------------------------------------------------------------------------------------------ */

static bool wait_for_device(const OauthApp *app, const char *code, int64_t interval, int64_t ends,
                            const Cancel *cancel, OauthTokens *tokens, Error *err)
{
    StrBuf form;
    bool ok = false;
    strbuf_init(&form, STRBUF_LINE);
    add_field(&form, "client_id", app->client_id);
    add_field(&form, "grant_type", DEVICE_GRANT);
    add_field(&form, "device_code", code);
    for (;;) {
        Reply reply = {0, NULL};
        if (cancel_wait(cancel, (unsigned)interval * 1000)) {
            error_set(err, EK_CANCELLED, "stopped at your request");
            break;
        }
        if (!post(app, "token", &form, cancel, &reply, err)) {
            break;
        }
        const char *word = json_string(reply.json, "error", "");
        const bool slower = strcmp(word, "slow_down") == 0;
        if (reply.status == 200 || (!slower && strcmp(word, "authorization_pending") != 0)) {
            ok = take_tokens(&reply, tokens, err);
            cJSON_Delete(reply.json);
            break;
        }
        interval += slower ? 5 : 0;
        cJSON_Delete(reply.json);
        if (clock_now() > ends) {
            oauth_refused(0, "expired_token", err);
            break;
        }
    }
    end_form(&form);
    return ok;
}

bool oauth_device(const OauthApp *app, void (*tell)(void *context, const char *address, const char *code),
                  void *context, const Cancel *cancel, OauthTokens *tokens, Error *err)
{
    StrBuf form;
    Reply reply = {0, NULL};
    bool ok = false;
    strbuf_init(&form, STRBUF_LINE);
    add_field(&form, "client_id", app->client_id);
    add_field(&form, "scope", app->scope);
    if (!post(app, "devicecode", &form, cancel, &reply, err)) {
        goto out;
    }
    const char *code = json_string(reply.json, "device_code", NULL);
    const char *user_code = json_string(reply.json, "user_code", NULL);
    const char *address = json_string(reply.json, "verification_uri", NULL);
    if (reply.status != 200 || code == NULL || user_code == NULL || address == NULL) {
        refused_by(&reply, err);
        goto out;
    }
    int64_t interval = json_int(reply.json, "interval", 5);
    interval = interval < 1 ? 1 : interval > 60 ? 60 : interval;
    int64_t lasts = json_int(reply.json, "expires_in", 900);
    lasts = lasts < 60 ? 60 : lasts > 3600 ? 3600 : lasts;
    tell(context, address, user_code);
    ok = wait_for_device(app, code, interval, clock_now() + lasts, cancel, tokens, err);
out:
    end_form(&form);
    cJSON_Delete(reply.json);
    return ok;
}
