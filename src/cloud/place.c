#include "cloud/place.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "sealed.h"

#define VERSION 1
#define FILE_MAX 1048576u
#define TOKENS_FILE "sharepoint-signin.json"
#define LOCK_FILE "sharepoint-signin.lock"
#define LOCK_MS 60000u /* a sign-in service that is slow */

void place_init(CloudPlace *place)
{
    *place = (CloudPlace){.graph = NULL};
}

/* The texts of a place, with their names in the file. */
static const char *const names[] = {"graph", "login", "tenant", "client_id", "drive", "folder", "library", "path",
                                    "web_url", "rights", "by", "certificate"};
#define NAME_COUNT (sizeof names / sizeof names[0])
#define OPTIONAL 8u /* from this one on */

static char **field(CloudPlace *place, size_t index)
{
    char **const fields[] = {&place->graph, &place->login, &place->tenant, &place->client_id, &place->drive,
                             &place->folder, &place->library, &place->path, &place->web_url, &place->rights,
                             &place->by, &place->certificate};
    return fields[index];
}

void place_release(CloudPlace *place)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        mem_free(*field(place, i));
    }
    place_init(place);
}

char *place_name(const CloudPlace *place)
{
    return mem_printf("%s%s", place->library, place->path);
}

static bool is_by(const CloudPlace *place, const char *what)
{
    return place->by != NULL && strcmp(place->by, what) == 0;
}

bool place_is_person(const CloudPlace *place)
{
    return !is_by(place, PLACE_BY_SECRET) && !(is_by(place, PLACE_BY_CERTIFICATE) && place->certificate != NULL);
}

char *place_scope(const CloudPlace *place)
{
    const char *rights = place->rights == NULL ? "" : place->rights;
    if (!place_is_person(place)) {
        return mem_printf("%s%s", place->graph, OAUTH_APP_SCOPE);
    }
    return mem_strdup(strcmp(rights, PLACE_SELECTED) == 0 ? PLACE_SCOPE_SELECTED
                      : strcmp(rights, PLACE_LIST) == 0   ? PLACE_SCOPE_LIST
                                                          : PLACE_SCOPE);
}

static bool own_file(const char *name, char **path, Error *err)
{
    char *dir = machine_local_data_dir();
    if (dir == NULL) {
        return error_set(err, EK_SETTINGS, "there is no folder for this user's settings");
    }
    *path = fs_join(dir, name);
    mem_free(dir);
    return true;
}

bool place_parse(const char *bytes, size_t len, CloudPlace *place, Error *err)
{
    cJSON *document = NULL;
    CloudPlace read;
    bool ok = json_parse(bytes, len, &document, NULL) && json_int(document, "version", 0) == VERSION;
    place_init(&read);
    for (size_t i = 0; ok && i < NAME_COUNT; i++) {
        const char *value = json_string(document, names[i], NULL);
        *field(&read, i) = mem_strdup(value);
        ok = value != NULL || i >= OPTIONAL;
    }
    if (ok) {
        read.set_up = json_int(document, "set_up", 0);
        read.secret_ends = json_int(document, "secret_ends", 0);
        place_release(place);
        *place = read;
    } else {
        place_release(&read);
        error_set(err, EK_SETTINGS, "what is saved about SharePoint is damaged");
        error_hint(err, PLACE_SET_UP_AGAIN);
    }
    cJSON_Delete(document);
    return ok;
}

bool place_load(CloudPlace *place, Error *err)
{
    char *path = NULL;
    StrBuf text;
    Error failed = ERROR_INIT;
    strbuf_init(&text, FILE_MAX);
    bool ok = own_file(PLACE_FILE, &path, &failed) && fs_read_all(path, FILE_MAX, &text, &failed);
    if (!ok) {
        if (failed.kind == EK_NOT_FOUND) {
            error_set(&failed, EK_NOT_FOUND, "no folder on SharePoint is set up");
            error_hint(&failed, PLACE_SET_UP);
        }
        error_move(err, &failed);
    } else {
        ok = place_parse(text.buf, text.len, place, err);
    }
    strbuf_release(&text);
    mem_free(path);
    return ok;
}

bool place_save(const CloudPlace *place, Error *err)
{
    CloudPlace copy = *place; /* field() gives what may be written to */
    char *path = NULL;
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "version", VERSION);
    for (size_t i = 0; i < NAME_COUNT; i++) {
        json_set_string(document, names[i], *field(&copy, i));
    }
    json_set_int(document, "set_up", place->set_up);
    if (place->secret_ends > 0) {
        json_set_int(document, "secret_ends", place->secret_ends);
    }
    char *text = json_text(document);
    const bool ok = own_file(PLACE_FILE, &path, err) && fs_write_atomic(path, text, strlen(text), err);
    mem_free(text);
    mem_free(path);
    cJSON_Delete(document);
    return ok;
}

/* --- tokens ----------------------------------------------------------------------------------------------- */

bool place_keep_tokens(const CloudPlace *place, const OauthTokens *tokens, Error *err)
{
    char *path = NULL;
    char *access = sealed_text(&tokens->access, err);
    char *refresh = access == NULL || !secret_is_set(&tokens->refresh) ? NULL : sealed_text(&tokens->refresh, err);
    bool ok = false;
    if (access != NULL && (refresh != NULL || !secret_is_set(&tokens->refresh)) && own_file(TOKENS_FILE, &path, err)) {
        cJSON *document = cJSON_CreateObject();
        json_set_int(document, "version", VERSION);
        json_set_string(document, "login", place->login);
        json_set_string(document, "tenant", place->tenant);
        json_set_string(document, "client_id", place->client_id);
        json_set_string(document, "by", place->by);
        json_set_string(document, "access", access);
        json_set_string(document, "refresh", refresh);
        json_set_int(document, "expires", tokens->expires);
        json_set_int(document, "renewed", clock_now());
        char *text = json_text(document);
        ok = fs_write_atomic(path, text, strlen(text), err);
        secret_free_text(text);
        cJSON_Delete(document);
    }
    secret_free_text(access);
    secret_free_text(refresh);
    mem_free(path);
    return ok;
}

static bool is_of(const cJSON *document, const char *name, const char *value)
{
    return strcmp(json_string(document, name, ""), value) == 0;
}

static bool find_tokens(const CloudPlace *place, OauthTokens *tokens, int64_t *renewed)
{
    char *path = NULL;
    cJSON *document = NULL;
    OauthTokens found;
    StrBuf text;
    oauth_tokens_init(&found);
    strbuf_init(&text, FILE_MAX);
    const bool ok = own_file(TOKENS_FILE, &path, NULL) && fs_read_all(path, FILE_MAX, &text, NULL) &&
                    json_parse(text.buf, text.len, &document, NULL) && json_int(document, "version", 0) == VERSION &&
                    is_of(document, "login", place->login) && is_of(document, "tenant", place->tenant) &&
                    is_of(document, "client_id", place->client_id) &&
                    is_of(document, "by", place->by == NULL ? "" : place->by) &&
                    (sealed_open(json_string(document, "refresh", ""), &found.refresh) ||
                     (is_by(place, PLACE_BY_CERTIFICATE) && !place_is_person(place)));
    if (ok) {
        found.expires = sealed_open(json_string(document, "access", ""), &found.access)
                            ? json_int(document, "expires", 0) : 0;
        *renewed = json_int(document, "renewed", 0);
        oauth_tokens_release(tokens);
        *tokens = found;
    } else {
        oauth_tokens_release(&found);
    }
    secret_wipe(text.buf, text.len);
    strbuf_release(&text);
    cJSON_Delete(document);
    mem_free(path);
    return ok;
}

bool place_find_tokens(const CloudPlace *place, OauthTokens *tokens)
{
    int64_t renewed = 0;
    return find_tokens(place, tokens, &renewed);
}

bool place_signed_in(const CloudPlace *place, int64_t *renewed)
{
    OauthTokens tokens;
    oauth_tokens_init(&tokens);
    const bool found = find_tokens(place, &tokens, renewed);
    oauth_tokens_release(&tokens);
    return found;
}

void place_sign_in_init(PlaceSignIn *sign_in, const CloudPlace *place)
{
    sign_in->place = place;
    oauth_tokens_init(&sign_in->tokens);
}

void place_sign_in_release(PlaceSignIn *sign_in)
{
    oauth_tokens_release(&sign_in->tokens);
}

static bool is_good(const OauthTokens *tokens)
{
    return secret_is_set(&tokens->access) && tokens->expires > clock_now();
}

static bool await_lock(const Cancel *cancel, FsLock **lock, Error *err)
{
    const uint64_t until = clock_monotonic_ms() + LOCK_MS;
    char *path = NULL;
    bool ok = false;
    if (!own_file(LOCK_FILE, &path, err)) {
        return false;
    }
    for (;;) {
        Error failed = ERROR_INIT;
        ok = fs_lock(path, lock, &failed);
        if (ok || failed.kind != EK_BUSY || clock_monotonic_ms() > until) {
            if (!ok) {
                error_move(err, &failed);
            }
            break;
        }
        error_clear(&failed);
        if (cancel_wait(cancel, 50)) {
            error_set(err, EK_CANCELLED, "stopped at your request");
            break;
        }
    }
    mem_free(path);
    return ok;
}

static bool remove_own(const char *name, Error *err)
{
    char *path = NULL;
    const bool ok = own_file(name, &path, err) && fs_remove(path, err);
    mem_free(path);
    return ok;
}

static bool leave(bool place_too, const Cancel *cancel, Error *err)
{
    FsLock *lock = NULL;
    if (!await_lock(cancel, &lock, err)) {
        return false;
    }
    /* The tokens first: what is left of a half is a folder to which nobody is signed in. */
    const bool ok = remove_own(TOKENS_FILE, err) && (!place_too || remove_own(PLACE_FILE, err));
    fs_unlock(lock);
    return ok;
}

bool place_sign_out(const Cancel *cancel, Error *err)
{
    return leave(false, cancel, err);
}

bool place_forget(const Cancel *cancel, Error *err)
{
    return leave(true, cancel, err);
}

bool place_app_sign_in(const CloudPlace *place, const Secret *secret, const Cancel *cancel, OauthTokens *tokens,
                       Error *err)
{
    char *scope = place_scope(place);
    const OauthApp app = {.login = place->login, .tenant = place->tenant, .client_id = place->client_id,
                          .scope = scope};
    const bool by_secret = is_by(place, PLACE_BY_SECRET);
    const OauthProof proof = {.thumbprint = by_secret ? NULL : place->certificate, .secret = secret};
    bool ok = !by_secret || (secret != NULL && secret_is_set(secret));
    if (!ok) {
        error_set(err, EK_REFUSED, "the program's secret for SharePoint is not kept on this computer");
        error_hint(err, "Set the folder up again.");
    }
    ok = ok && oauth_app_only(&app, &proof, cancel, tokens, err);
    if (ok && by_secret && secret != &tokens->refresh) {
        secret_copy(&tokens->refresh, secret);
    }
    mem_free(scope);
    return ok;
}

/* By what is kept. `signed_in`: something is, or somebody has just signed in; a certificate alone would always do. */
static bool ask_again(const CloudPlace *place, bool signed_in, const Cancel *cancel, OauthTokens *kept, Error *err)
{
    if (!place_is_person(place) && (secret_is_set(&kept->refresh) || signed_in)) {
        return place_app_sign_in(place, &kept->refresh, cancel, kept, err);
    }
    char *scope = place_scope(place);
    const OauthApp app = {.login = place->login, .tenant = place->tenant, .client_id = place->client_id,
                          .scope = scope};
    const bool ok = oauth_refresh(&app, cancel, kept, err);
    mem_free(scope);
    return ok;
}

/* Under the lock: what another program has renewed meanwhile is taken; else it is renewed here. */
static bool renew(PlaceSignIn *sign_in, bool refused, const Cancel *cancel, Error *err)
{
    const CloudPlace *place = sign_in->place;
    OauthTokens kept;
    oauth_tokens_init(&kept);
    const bool found = place_find_tokens(place, &kept);
    const bool same = found && secret_is_set(&sign_in->tokens.access) && secret_is_set(&kept.access) &&
                      strcmp(kept.access.bytes, sign_in->tokens.access.bytes) == 0;
    bool ok = true;
    if (!found) { /* a sign-in that is not kept yet */
        secret_copy(&kept.refresh, &sign_in->tokens.refresh);
    }
    if (!found || !is_good(&kept) || (refused && same)) {
        ok = ask_again(place, found || secret_is_set(&sign_in->tokens.access), cancel, &kept, err);
        if (ok) {
            (void)place_keep_tokens(place, &kept, NULL); /* the old ones are good for as long: nothing is lost */
        }
    }
    if (ok) {
        oauth_tokens_release(&sign_in->tokens);
        sign_in->tokens = kept;
    } else {
        oauth_tokens_release(&kept);
    }
    return ok;
}

bool place_token(void *context, bool refused, const Cancel *cancel, Secret *token, Error *err)
{
    PlaceSignIn *sign_in = context;
    if (refused || !is_good(&sign_in->tokens)) {
        FsLock *lock = NULL;
        if (!await_lock(cancel, &lock, err)) {
            return false;
        }
        const bool ok = renew(sign_in, refused, cancel, err);
        fs_unlock(lock);
        if (!ok) {
            return false;
        }
    }
    secret_copy(token, &sign_in->tokens.access);
    return true;
}

/* What a refresh gives anew is not kept: the one that is kept goes on to hold; uploads renew it under their lock. */
bool place_mail_token(void *context, bool refused, const Cancel *cancel, Secret *token, Error *err)
{
    PlaceSignIn *sign_in = context;
    const CloudPlace *place = sign_in->place;
    if (!place_is_person(place)) {
        error_set(err, EK_SETTINGS, "the program signs in to SharePoint as itself, and mail goes in a person's name");
        return error_hint(err, "Send it through a mail server of your own.");
    }
    if (refused || !is_good(&sign_in->tokens)) {
        const OauthApp app = {.login = place->login, .tenant = place->tenant, .client_id = place->client_id,
                              .scope = PLACE_SCOPE_MAIL};
        OauthTokens kept;
        oauth_tokens_init(&kept);
        if (!place_find_tokens(place, &kept)) {
            error_set(err, EK_REFUSED, "nobody is signed in to SharePoint on this PC");
            return error_hint(err, "Sign in: SharePoint in the Tools menu.");
        }
        if (!oauth_refresh(&app, cancel, &kept, err)) {
            oauth_tokens_release(&kept);
            return error_context(err, "no mail can be sent by this sign-in");
        }
        oauth_tokens_release(&sign_in->tokens);
        sign_in->tokens = kept;
    }
    secret_copy(token, &sign_in->tokens.access);
    return true;
}
