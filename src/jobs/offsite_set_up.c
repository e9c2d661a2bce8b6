/*
 * offsite_set_up.c: from a pasted link to a folder that has been written to.
 *
 * A path does not say where the site ends and the library begins, and a library's name is not that of its address
 * ("Dokumente" is "Shared Documents" there). So the longest path is asked for as a site, then shorter ones, and the
 * libraries are compared by their addresses.
 */
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/utf.h"
#include "cloud/address.h"
#include "jobs/ask_it.h"
#include "jobs/offsite_folder.h"
#include "offsite_private.h"
#include "platform/client_certificate.h"
#include "platform/clock.h"
#include "platform/loopback.h"
#include "platform/machine.h"
#include "version.h"

#define SIGN_IN_SECONDS 600u

static const char page_done[] =
    "<!doctype html><title>" CMMS_PRODUCT "</title><body style=\"font-family:sans-serif;margin:3em\">"
    "<h2>Signed in</h2><p>You may close this page and go back to " CMMS_PRODUCT ".</p>";
static const char page_refused[] =
    "<!doctype html><title>" CMMS_PRODUCT "</title><body style=\"font-family:sans-serif;margin:3em\">"
    "<h2>Not signed in</h2><p>" CMMS_PRODUCT " says why. You may close this page.</p>";
static const char page_other[] = "<!doctype html><title>" CMMS_PRODUCT "</title>";

static const char open_folder[] =
    "Open the folder for the backups in the browser and copy the address from its address line.";

char *offsite_tenant_of(const char *host)
{
    size_t len = strcspn(host, ".");
    if (!cloud_is_sharepoint(host) || strchr(host + len + 1, '.') == NULL) {
        return NULL;
    }
    static const char *const ends[] = {"-my", "-admin"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const size_t end = strlen(ends[i]);
        if (len > end && strncmp(host + len - end, ends[i], end) == 0) {
            len -= end;
            break;
        }
    }
    const CloudEndpoints *cloud = cloud_endpoints_of(host);
    const bool us = strcmp(cloud->name, "gcc-high") == 0 || strcmp(cloud->name, "dod") == 0;
    return mem_printf("%.*s.%s", (int)len, host,
                      us ? "onmicrosoft.us" : strcmp(cloud->name, "china") == 0 ? "partner.onmschina.cn"
                                                                                 : "onmicrosoft.com");
}

/* --- who and where to ask --------------------------------------------------------------------------------- */

static void choose(char **field, const char *given, const char *saved, const char *otherwise)
{
    const char *value = given != NULL ? given : saved != NULL ? saved : otherwise;
    *field = mem_strdup(value);
    /* An endpoint's slash at the end would be doubled. */
    for (size_t len = value == NULL ? 0 : strlen(value); len > 0 && (*field)[len - 1] == '/'; len--) {
        (*field)[len - 1] = '\0';
    }
}

/* Graph and sign-in of a cloud that is named, or of both addresses. An empty name is none. */
static bool name_cloud(const char *name, char **graph, char **login, Error *err)
{
    const CloudEndpoints *cloud = name == NULL ? NULL : cloud_endpoints(name);
    const char *space = name == NULL ? NULL : strchr(name, ' ');
    if (cloud != NULL) {
        *graph = mem_strdup(cloud->graph);
        *login = mem_strdup(cloud->login);
    } else if (space != NULL && strchr(space + 1, ' ') == NULL && space[1] != '\0' && space != name) {
        *graph = mem_strndup(name, (size_t)(space - name));
        *login = mem_strdup(space + 1);
    } else if (name != NULL && name[0] != '\0') {
        error_set(err, EK_SETTINGS, "there is no cloud \"%s\"", name);
        return error_hint(err, "It is global, gcc-high, dod or china; or the addresses of Graph and of the sign-in, "
                               "with a space between them.");
    }
    return true;
}

/* As far as it is known. `address`: NULL where there is no link. */
static bool fill_app(const OffsiteSetUp *spec, const CloudAddress *address, CloudPlace *place, Error *err)
{
    CloudPlace saved;
    char *graph = NULL;
    char *login = NULL;
    if (!name_cloud(spec->cloud, &graph, &login, err)) {
        return false;
    }
    place_init(&saved);
    (void)place_load(&saved, NULL);
    const CloudEndpoints *cloud = address == NULL ? NULL : cloud_endpoints_of(address->host);
    char *tenant = address == NULL ? NULL : offsite_tenant_of(address->host);
    choose(&place->client_id, spec->client_id, saved.client_id, NULL);
    choose(&place->tenant, spec->tenant, tenant != NULL ? tenant : saved.tenant, NULL);
    /* Endpoints and rights go with the tenant: those of another say nothing about this one. */
    const bool same = place->tenant != NULL && saved.tenant != NULL && strcmp(place->tenant, saved.tenant) == 0;
    choose(&place->graph, spec->graph != NULL ? spec->graph : graph, same ? saved.graph : NULL,
           cloud != NULL ? cloud->graph : NULL);
    choose(&place->login, spec->login != NULL ? spec->login : login, same ? saved.login : NULL,
           cloud != NULL ? cloud->login : NULL);
    choose(&place->rights, spec->rights, same ? saved.rights : NULL, NULL);
    mem_free(graph);
    mem_free(login);
    mem_free(tenant);
    place_release(&saved);
    if (place->rights != NULL && strcmp(place->rights, "all") == 0) {
        mem_free(place->rights);
        place->rights = NULL;
    }
    return true;
}

/* Who signs in. */
static bool choose_proof(const OffsiteSetUp *spec, CloudPlace *place, Error *err)
{
    char digits[CERTIFICATE_DIGITS + 1];
    CertificateFacts facts;
    if (spec->certificate != NULL && spec->secret != NULL) {
        return error_set(err, EK_USAGE, "a certificate and a secret do not go together");
    }
    if (spec->certificate != NULL) {
        if (!certificate_thumbprint(spec->certificate, digits, err) || !certificate_find(digits, &facts, err)) {
            return false;
        }
        place->by = mem_strdup(PLACE_BY_CERTIFICATE);
        place->certificate = mem_strdup(digits);
    } else if (spec->secret != NULL) {
        if (spec->secret->len == 0) {
            error_set(err, EK_SETTINGS, "the program's secret is empty");
            return error_hint(err, "IT makes one in Entra, under Certificates & secrets; its value is meant, not its "
                                   "ID.");
        }
        place->by = mem_strdup(PLACE_BY_SECRET);
        place->secret_ends = spec->secret_ends;
    }
    return true;
}

static bool choose_app(const OffsiteSetUp *spec, const CloudAddress *address, CloudPlace *place, Error *err)
{
    if (!fill_app(spec, address, place, err)) {
        return false;
    }
    if (place->rights != NULL && strcmp(place->rights, PLACE_SELECTED) != 0 && strcmp(place->rights, PLACE_LIST) != 0) {
        error_set(err, EK_SETTINGS, "there are no rights \"%s\"", place->rights);
        return error_hint(err, "They are 'all', 'selected' (sites) or 'list' (libraries).");
    }
    if (place->client_id == NULL) {
        error_set(err, EK_SETTINGS, "the client ID of this program in your organisation is not known");
        return error_hint(err, "IT registers the program once in Entra and gives you its client ID (on the command "
                               "line --client-id=ID).");
    }
    if (place->graph == NULL || place->login == NULL || place->tenant == NULL) {
        error_set(err, EK_SETTINGS, "the link does not say which cloud and tenant it belongs to");
        return error_hint(err, "Give tenant and cloud (on the command line --tenant, --graph and --login).");
    }
    const OauthApp app = {place->login, place->tenant, place->client_id, PLACE_SCOPE, NULL};
    return oauth_app_check(&app, err) && choose_proof(spec, place, err);
}

bool offsite_choose(const OffsiteSetUp *spec, CloudPlace *place, Error *err)
{
    CloudAddress address;
    CloudPlace chosen;
    cloud_address_init(&address);
    place_init(&chosen);
    const bool ok = cloud_address_parse(spec->link == NULL ? "" : spec->link, &address, err) &&
                    choose_app(spec, &address, &chosen, err);
    if (ok) {
        place_release(place);
        *place = chosen;
    } else {
        place_release(&chosen);
    }
    cloud_address_release(&address);
    return ok;
}

char *offsite_ask_it(const OffsiteSetUp *spec, const Error *failed)
{
    CloudAddress address;
    CloudPlace place;
    CloudPlace saved;
    cloud_address_init(&address);
    place_init(&place);
    place_init(&saved);
    (void)place_load(&saved, NULL);
    const char *link = spec->link != NULL && spec->link[0] != '\0' ? spec->link : saved.web_url;
    const bool read = link != NULL && cloud_address_parse(link, &address, NULL);
    (void)fill_app(spec, read ? &address : NULL, &place, NULL);
    char *site = read ? ask_it_site(link, address.path) : NULL;
    char *library = ask_it_library(read ? address.path : NULL, site);
    const AskIt ask = {.link = link,
                       .client_id = place.client_id,
                       .tenant = place.tenant,
                       .graph = place.graph,
                       .login = place.login,
                       .host = read ? address.host : NULL,
                       .site = site,
                       .library = library,
                       .selected = place.rights != NULL,
                       .list = place.rights != NULL && strcmp(place.rights, PLACE_LIST) == 0,
                       .app_only = spec->certificate != NULL || spec->secret != NULL || saved.by != NULL,
                       .failed = failed};
    char *page = ask_it_page(&ask);
    mem_free(library);
    mem_free(site);
    place_release(&saved);
    place_release(&place);
    cloud_address_release(&address);
    return page;
}

/* --- signing in ------------------------------------------------------------------------------------------- */

typedef struct SignIn {
    const OauthLogin *login;
    Secret code;
    Error failed;
} SignIn;

static LoopbackAnswer on_request(void *context, const char *target)
{
    SignIn *sign_in = context;
    if (oauth_login_answer(sign_in->login, target, &sign_in->code, &sign_in->failed)) {
        return (LoopbackAnswer){page_done, true};
    }
    const bool refused = sign_in->failed.kind != EK_NONE;
    return (LoopbackAnswer){refused ? page_refused : page_other, refused};
}

static bool in_browser(const OffsiteSetUp *spec, const OauthApp *app, const Cancel *cancel, OauthTokens *tokens,
                       Error *err)
{
    Loopback *loopback = NULL;
    OauthLogin login;
    unsigned port = 0;
    SignIn sign_in = {.login = &login, .code = SECRET_INIT, .failed = ERROR_INIT};
    if (!loopback_open(&loopback, &port, err)) {
        return false;
    }
    bool ok = oauth_login_begin(app, port, &login, err);
    if (ok) {
        spec->show(spec->context, login.address, NULL); /* always: a browser may open where nobody sees it */
        if (!spec->no_browser) {
            (void)loopback_browse(login.address);
        }
        ok = loopback_serve(loopback, SIGN_IN_SECONDS, on_request, &sign_in, cancel, err);
        if (ok && sign_in.failed.kind != EK_NONE) {
            ok = error_move(err, &sign_in.failed);
        }
        ok = ok && oauth_login_finish(app, &login, &sign_in.code, cancel, tokens, err);
        oauth_login_release(&login);
    }
    loopback_close(loopback);
    secret_release(&sign_in.code);
    error_clear(&sign_in.failed);
    return ok;
}

static bool sign_in(const OffsiteSetUp *spec, const CloudPlace *place, const Cancel *cancel, OauthTokens *tokens,
                    Error *err)
{
    if (!place_is_person(place)) {
        return place_app_sign_in(place, spec->secret, cancel, tokens, err);
    }
    char *scope = place_scope(place);
    const OauthApp app = {place->login, place->tenant, place->client_id, scope, NULL};
    const bool ok = spec->device_code ? oauth_device(&app, spec->show, spec->context, cancel, tokens, err)
                                      : in_browser(spec, &app, cancel, tokens, err);
    mem_free(scope);
    return ok;
}

/* --- the folder ------------------------------------------------------------------------------------------- */

static bool get(Graph *graph, const char *path, const Cancel *cancel, GraphAnswer *answer, Error *err)
{
    const GraphRequest request = {.method = "GET", .path = path};
    return graph_call(graph, &request, cancel, answer, err);
}

/* The site to which the path belongs; *site_len is how much of the path it is. Caller frees *id. */
static bool find_site(Graph *graph, const CloudAddress *address, const Cancel *cancel, char **id, size_t *site_len,
                      Error *err)
{
    GraphAnswer answer;
    bool ok = false;
    char *host = mem_strndup(address->host, strcspn(address->host, ":"));
    char *likely = ask_it_site(NULL, address->path);
    size_t len = strlen(address->path);
    Error refused = ERROR_INIT;
    graph_answer_init(&answer);
    for (;;) {
        char *path = mem_strndup(address->path, len);
        StrBuf query;
        strbuf_init(&query, STRBUF_LINE);
        strbuf_addf(&query, "/sites/%s:", host);
        cloud_encode_path(&query, len == 0 ? "/" : path);
        strbuf_addstr(&query, "?$select=id,displayName,webUrl");
        ok = get(graph, query.buf, cancel, &answer, err);
        strbuf_release(&query);
        mem_free(path);
        if (!ok) {
            break;
        }
        const char *found = json_string(answer.json, "id", NULL);
        if (answer.status == 200 && found != NULL) {
            *id = mem_strdup(found);
            *site_len = len;
            break;
        }
        /* Where only some sites are granted, a longer path may be refused and the site itself not. But what is refused
         * is not looked for in the site above it. */
        const bool refusal = answer.status == 403;
        if (refusal && refused.kind == EK_NONE) {
            graph_problem(&answer, "the site could not be found", &refused);
        }
        if ((!refusal && answer.status != 404 && answer.status != 400) || len == 0 ||
            (refused.kind != EK_NONE && len <= strlen(likely))) {
            ok = refused.kind != EK_NONE ? error_move(err, &refused)
                                         : graph_problem(&answer, "the site could not be found", err);
            break;
        }
        while (len > 0 && address->path[len - 1] != '/') {
            len--;
        }
        len -= len > 0;
    }
    error_clear(&refused);
    graph_answer_release(&answer);
    mem_free(likely);
    mem_free(host);
    return ok;
}

/* How much of `path` an address is, up to a slash or the end; 0: nothing. */
static size_t covers(const char *url, const char *path)
{
    CloudAddress address;
    size_t len = 0;
    cloud_address_init(&address);
    if (url != NULL && cloud_address_parse(url, &address, NULL) && address.path != NULL) {
        len = strlen(address.path);
        char *start = len <= strlen(path) ? mem_strndup(path, len) : NULL;
        if (start == NULL || utf8_casecmp(start, address.path) != 0 || (path[len] != '/' && path[len] != '\0')) {
            len = 0;
        }
        mem_free(start);
    }
    cloud_address_release(&address);
    return len;
}

static bool name_libraries(const cJSON *drives, Error *err)
{
    StrBuf names;
    const cJSON *drive;
    strbuf_init(&names, STRBUF_SMALL);
    cJSON_ArrayForEach(drive, drives) {
        strbuf_addf(&names, "%s%s", names.len > 0 ? ", " : "", json_string(drive, "name", "?"));
    }
    error_set(err, EK_USAGE, "the link leads to a site, not to a library or a folder in it");
    if (names.len > 0) {
        error_detail(err, "its libraries are: %s", names.buf);
    }
    strbuf_release(&names);
    return error_hint(err, "%s", open_folder);
}

/* The library to which the path belongs; *rest is what of the path lies in it. */
static bool find_library(Graph *graph, const char *site, const CloudAddress *address, size_t site_len,
                         const Cancel *cancel, CloudPlace *place, const char **rest, Error *err)
{
    cJSON *drives = NULL;
    StrBuf query;
    bool ok = false;
    strbuf_init(&query, STRBUF_LINE);
    strbuf_addstr(&query, "/sites/");
    cloud_encode(&query, site);
    strbuf_addstr(&query, "/drives?$select=id,name,webUrl,driveType");
    if (!graph_list(graph, query.buf, "the libraries of the site could not be read", cancel, &drives, err)) {
        goto out;
    }
    const cJSON *best = NULL;
    size_t best_len = site_len;
    const cJSON *drive;
    cJSON_ArrayForEach(drive, drives) {
        const size_t len = covers(json_string(drive, "webUrl", NULL), address->path);
        if (len > best_len) {
            best = drive;
            best_len = len;
        }
    }
    if (best == NULL && address->path[site_len] == '\0' && cJSON_GetArraySize(drives) == 1) {
        best = cJSON_GetArrayItem(drives, 0);
    }
    if (best == NULL || json_string(best, "id", NULL) == NULL) {
        name_libraries(drives, err);
        goto out;
    }
    place->drive = mem_strdup(json_string(best, "id", ""));
    place->library = mem_strdup(json_string(best, "name", ""));
    *rest = address->path + best_len;
    ok = true;
out:
    strbuf_release(&query);
    cJSON_Delete(drives);
    return ok;
}

static bool take_folder(const GraphAnswer *answer, CloudPlace *place, Error *err)
{
    const char *id = json_string(answer->json, "id", NULL);
    if (answer->status != 200 || id == NULL) {
        return graph_problem(answer, "the folder could not be found", err);
    }
    if (cJSON_GetObjectItem(answer->json, "folder") == NULL) {
        error_set(err, EK_USAGE, "the link leads to a file, not to a folder");
        return error_hint(err, "%s", open_folder);
    }
    place->folder = mem_strdup(id);
    place->web_url = mem_strdup(json_string(answer->json, "webUrl", NULL));
    return true;
}

static bool find_by_path(Graph *graph, const CloudAddress *address, const Cancel *cancel, CloudPlace *place, Error *err)
{
    char *site = NULL;
    size_t site_len = 0;
    const char *rest = NULL;
    GraphAnswer answer;
    graph_answer_init(&answer);
    bool ok = find_site(graph, address, cancel, &site, &site_len, err) &&
              find_library(graph, site, address, site_len, cancel, place, &rest, err);
    if (ok) {
        StrBuf query;
        strbuf_init(&query, STRBUF_LINE);
        strbuf_addstr(&query, "/drives/");
        cloud_encode(&query, place->drive);
        strbuf_addstr(&query, "/root");
        if (rest[0] != '\0') {
            strbuf_addch(&query, ':');
            cloud_encode_path(&query, rest);
        }
        strbuf_addstr(&query, "?$select=id,name,folder,webUrl,parentReference");
        place->path = mem_strdup(rest);
        ok = get(graph, query.buf, cancel, &answer, err) && take_folder(&answer, place, err);
        strbuf_release(&query);
    }
    graph_answer_release(&answer);
    mem_free(site);
    return ok;
}

/* Of a library that was granted alone its site cannot be asked: as a link it is found. Then its folder's name is all
 * that is known of where it lies. */
static bool is_asked_as_link(const CloudAddress *address, const CloudPlace *place)
{
    return address->path == NULL || (place->rights != NULL && strcmp(place->rights, PLACE_LIST) == 0);
}

static bool find_by_share(Graph *graph, const CloudAddress *address, const Cancel *cancel, CloudPlace *place,
                          Error *err)
{
    GraphAnswer answer;
    graph_answer_init(&answer);
    char *query = mem_printf("/shares/%s/driveItem?$select=id,name,folder,webUrl,parentReference", address->share);
    bool ok = get(graph, query, cancel, &answer, err) && take_folder(&answer, place, err);
    if (ok) {
        const char *drive = json_string(cJSON_GetObjectItem(answer.json, "parentReference"), "driveId", NULL);
        if (drive == NULL) {
            ok = graph_problem(&answer, "the folder could not be found", err);
        } else {
            place->drive = mem_strdup(drive);
            place->library = mem_strdup(json_string(answer.json, "name", ""));
            place->path = mem_strdup("");
        }
    }
    mem_free(query);
    graph_answer_release(&answer);
    return ok;
}

/* In a library that wants its files checked out; its item as Graph tells it then. */
static bool try_check_in(Graph *graph, const CloudPlace *place, const char *path, const Cancel *cancel, Error *err)
{
    char *look = mem_printf("%s?$select=id,publication", path);
    GraphAnswer answer;
    graph_answer_init(&answer);
    const GraphRequest request = {.method = "GET", .path = look};
    bool ok = graph_call(graph, &request, cancel, &answer, err);
    if (ok && answer.status == 200) {
        ok = graph_check_in(graph, place->drive, answer.json, cancel, err);
    } /* else: removed by somebody, or nothing is told; the upload will tell */
    graph_answer_release(&answer);
    mem_free(look);
    return ok;
}

/* A tiny file, written, checked in and removed. */
static bool try_it(Graph *graph, const CloudPlace *place, const JobSink *sink, const Cancel *cancel, Error *err)
{
    unsigned char random[4];
    GraphAnswer answer;
    StrBuf path;
    bool ok = false;
    graph_answer_init(&answer);
    strbuf_init(&path, STRBUF_LINE);
    if (!machine_random(random, sizeof random)) {
        error_set(err, EK_INTERNAL, "the system gives no random numbers");
        goto out;
    }
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, place->drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, place->folder);
    strbuf_addf(&path, ":/cmms-backup-test-%02x%02x%02x%02x.txt:/content?@microsoft.graph.conflictBehavior=replace",
                random[0], random[1], random[2], random[3]);
    const GraphRequest put = {.method = "PUT", .path = path.buf, .json = CMMS_PRODUCT " has tried to write here.\n"};
    if (!graph_call(graph, &put, cancel, &answer, err)) {
        goto out;
    }
    offsite_tell_clock(sink, answer.date);
    const char *id = json_string(answer.json, "id", NULL);
    if ((answer.status != 200 && answer.status != 201) || id == NULL) {
        graph_problem(&answer, "nothing can be written to the folder", err);
        goto out;
    }
    strbuf_clear(&path);
    strbuf_addstr(&path, "/drives/");
    cloud_encode(&path, place->drive);
    strbuf_addstr(&path, "/items/");
    cloud_encode(&path, id);
    const bool checked_in = try_check_in(graph, place, path.buf, cancel, err);
    const GraphRequest remove_it = {.method = "DELETE", .path = path.buf};
    if (!graph_call(graph, &remove_it, cancel, &answer, checked_in ? err : NULL) || !checked_in) {
        goto out;
    }
    ok = answer.status == 204 || answer.status == 404 ||
         graph_problem(&answer, "what was written to the folder could not be removed", err);
out:
    strbuf_release(&path);
    graph_answer_release(&answer);
    return ok;
}

bool offsite_set_up(const OffsiteSetUp *spec, const JobSink *sink, const Cancel *cancel, CloudPlace *place, Error *err)
{
    CloudAddress address;
    CloudPlace made;
    PlaceSignIn session;
    Graph *graph = NULL;
    bool ok = false;
    cloud_address_init(&address);
    place_init(&made);
    place_sign_in_init(&session, &made);
    if (!cloud_address_parse(spec->link, &address, err) || !choose_app(spec, &address, &made, err)) {
        goto out;
    }
    job_log(sink, LOG_INFO, "Signing in to %s...", made.tenant);
    if (!sign_in(spec, &made, cancel, &session.tokens, err)) {
        goto out;
    }
    job_log(sink, LOG_INFO, "Looking for the folder...");
    if (!offsite_graph(&made, &session, sink, 0, &graph, err) ||
        !(is_asked_as_link(&address, &made) ? find_by_share(graph, &address, cancel, &made, err)
                                            : find_by_path(graph, &address, cancel, &made, err)) ||
        !try_it(graph, &made, sink, cancel, err)) {
        goto out;
    }
    made.set_up = clock_now();
    if (!place_keep_tokens(&made, &session.tokens, err) || !place_save(&made, err) || !offsite_folder_forget(err)) {
        goto out;
    }
    char *name = place_name(&made);
    job_log(sink, LOG_GOOD, "Backups go to SharePoint, %s, from now on; a small file was written there and removed",
            name);
    mem_free(name);
    place_release(place);
    *place = made;
    place_init(&made);
    ok = true;
out:
    graph_free(graph);
    place_sign_in_release(&session);
    place_release(&made);
    cloud_address_release(&address);
    return ok;
}
