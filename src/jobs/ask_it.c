/*
 * ask_it.c: the page for IT. It names all three steps (app, approval, grant), for whoever gets it sees the program for
 * the first time, and marks the one that is known to be missing.
 *
 * What stands in it in a script or a link comes from a pasted text: client ID and tenant are taken only when they are
 * of letters, digits, '-', '.' and '_', and a site's path is percent-encoded, so that none of them ends a quotation.
 */
#include "jobs/ask_it.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "cloud/address.h"
#include "cloud/oauth.h"
#include "cloud/place.h"
#include "version.h"

#define CLIENT_HERE "CLIENT-ID"
#define TENANT_HERE "TENANT"
#define ROLE_BODY \
    "{\"roles\": [\"write\"], \"grantedToIdentities\": [{\"application\": {\"id\": \"%s\", \"displayName\": " \
    "\"" CMMS_PRODUCT "\"}}]}"

#define LIST_BODY \
    "{\"roles\": [\"write\"], \"grantedToV2\": {\"application\": {\"id\": \"%s\", \"displayName\": " \
    "\"" CMMS_PRODUCT "\"}}}"
#define SITE_RIGHT "Sites.Selected"
#define LIST_RIGHT "Lists.SelectedOperations.Selected"

/* --- what is missing -------------------------------------------------------------------------------------- */

static const struct {
    long number;
    AskItStep step;
} steps[] = {
    {65001, ASK_IT_APPROVAL}, {90094, ASK_IT_APPROVAL}, {90095, ASK_IT_APPROVAL}, {50105, ASK_IT_PERSON},
    {53000, ASK_IT_RULE},     {53003, ASK_IT_RULE},     {530032, ASK_IT_RULE},    {700016, ASK_IT_APP},
    {90002, ASK_IT_APP},      {50011, ASK_IT_APP},      {7000218, ASK_IT_APP},    {7000222, ASK_IT_APP},
    {7000215, ASK_IT_APP},    {700027, ASK_IT_APP},       {7000112, ASK_IT_APP},    {500011, ASK_IT_APP},
};

AskItStep ask_it_step(const Error *error)
{
    if (error->kind == EK_SETTINGS) {
        return ASK_IT_APP; /* client ID, tenant or cloud: IT knows them */
    }
    if (error->kind != EK_REFUSED || error->detail == NULL) {
        return ASK_IT_NOTHING;
    }
    const long number = oauth_number(error);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].number == number) {
            return steps[i].step;
        }
    }
    /* Where only an administrator can approve, Entra's own page ends so. */
    if (number == 0 && strcmp(error->detail, "access_denied") == 0) {
        return ASK_IT_APPROVAL;
    }
    return strncmp(error->detail, "status 403", 10) == 0 ? ASK_IT_GRANT : ASK_IT_NOTHING;
}

const char *ask_it_words(AskItStep step)
{
    switch (step) {
    case ASK_IT_APP:
        return "the program is not registered in the organisation, or not as it must be (step 1)";
    case ASK_IT_APPROVAL:
        return "nobody has approved the program for the organisation (step 2)";
    case ASK_IT_PERSON:
        return "the program is approved, but not assigned to the person who signs in (step 2)";
    case ASK_IT_RULE:
        return "a rule of the organisation (conditional access) keeps this sign-in out";
    case ASK_IT_GRANT:
        return "the sign-in works, but the program or the person may not write to that site (step 3)";
    case ASK_IT_NOTHING:
        break;
    }
    return "";
}

/* --- pieces ----------------------------------------------------------------------------------------------- */

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    return text != NULL && text[0] != '\0' && strspn(text, plain) == strlen(text);
}

/* An address that may stand in a line: no quotation mark, no space, no line end. */
static const char *endpoint(const char *given, const char *otherwise)
{
    char *host = given == NULL ? NULL : cloud_url_host(given);
    const bool good = host != NULL && strpbrk(given, "'\"`$ \t\r\n\\?#") == NULL;
    mem_free(host);
    return good ? given : otherwise;
}

static const CloudEndpoints *cloud_of(const AskIt *ask)
{
    static const char *const names[] = {"gcc-high", "dod", "china"};
    for (size_t i = 0; ask->graph != NULL && i < sizeof names / sizeof names[0]; i++) {
        const CloudEndpoints *cloud = cloud_endpoints(names[i]);
        if (strcmp(cloud->graph, ask->graph) == 0) {
            return cloud;
        }
    }
    return cloud_endpoints("global");
}

static const char *graph_of(const AskIt *ask)
{
    return endpoint(ask->graph, cloud_endpoints("global")->graph);
}

/* As Connect-MgGraph calls it. */
static const char *environment_of(const AskIt *ask)
{
    const char *name = cloud_of(ask)->name;
    return strcmp(name, "gcc-high") == 0 ? " -Environment USGov"
           : strcmp(name, "dod") == 0    ? " -Environment USGovDoD"
           : strcmp(name, "china") == 0  ? " -Environment China"
                                         : "";
}

static const char *portal_of(const AskIt *ask)
{
    const char *name = cloud_of(ask)->name;
    return strcmp(name, "china") == 0    ? "https://entra.microsoftonline.cn"
           : strcmp(name, "global") == 0 ? "https://entra.microsoft.com"
                                         : "https://entra.microsoft.us";
}

/* Graph's scopes with their address before them, the others as they are. */
static void add_scopes(StrBuf *sb, const char *graph, const char *scopes)
{
    for (const char *at = scopes; *at != '\0';) {
        const size_t len = strcspn(at, " ");
        char *word = mem_strndup(at, len);
        const bool plain = strcmp(word, "offline_access") == 0 || strcmp(word, "openid") == 0 ||
                           strcmp(word, "profile") == 0;
        strbuf_addf(sb, "%s%s%s%s", at == scopes ? "" : " ", plain ? "" : graph, plain ? "" : "/", word);
        mem_free(word);
        at += len;
        at += *at == ' ';
    }
}

static const char *scopes_of(const AskIt *ask, bool selected)
{
    return !selected ? PLACE_SCOPE : ask->list ? PLACE_SCOPE_LIST : PLACE_SCOPE_SELECTED;
}

/* What the grant of step 3 is for. */
static const char *right_of(const AskIt *ask)
{
    return ask->list ? LIST_RIGHT : SITE_RIGHT;
}

char *ask_it_consent_link(const AskIt *ask, bool selected)
{
    if (!is_plain(ask->client_id) || !is_plain(ask->tenant)) {
        return NULL;
    }
    StrBuf scopes;
    StrBuf link;
    strbuf_init(&scopes, STRBUF_SMALL);
    strbuf_init(&link, STRBUF_SMALL);
    add_scopes(&scopes, graph_of(ask), ask->app_only ? ".default" : scopes_of(ask, selected));
    strbuf_addf(&link, "%s/%s/v2.0/adminconsent?client_id=%s&redirect_uri=", endpoint(ask->login,
                cloud_endpoints("global")->login), ask->tenant, ask->client_id);
    cloud_encode(&link, "http://localhost");
    strbuf_addstr(&link, "&scope=");
    cloud_encode(&link, scopes.buf);
    strbuf_release(&scopes);
    return strbuf_detach(&link);
}

/* The first two names of a path, where its first is one that has sites below it. */
static char *site_in_path(const char *path)
{
    static const char *const roots[] = {"/sites/", "/teams/", "/personal/"};
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        const size_t root = strlen(roots[i]);
        if (strncmp(path, roots[i], root) == 0 && strcspn(path + root, "/") > 0) {
            return mem_strndup(path, root + strcspn(path + root, "/"));
        }
    }
    return mem_strdup("");
}

char *ask_it_site(const char *link, const char *path)
{
    static const struct {
        const char *mark, *root;
    } shares[] = {{"/:f:/s/", "/sites/"}, {"/:f:/t/", "/teams/"}};
    if (path != NULL) {
        return site_in_path(path);
    }
    for (size_t i = 0; link != NULL && i < sizeof shares / sizeof shares[0]; i++) {
        const char *at = strstr(link, shares[i].mark);
        const size_t len = at == NULL ? 0 : strcspn(at + strlen(shares[i].mark), "/?#");
        /* A name with a percent form would be encoded twice; then it is asked for. */
        if (len > 0 && memchr(at + strlen(shares[i].mark), '%', len) == NULL) {
            return mem_printf("%s%.*s", shares[i].root, (int)len, at + strlen(shares[i].mark));
        }
    }
    return NULL;
}

char *ask_it_library(const char *path, const char *site)
{
    const size_t site_len = site == NULL ? 0 : strlen(site);
    if (path == NULL || site == NULL || strncmp(path, site, site_len) != 0 || path[site_len] != '/') {
        return NULL;
    }
    const char *name = path + site_len + 1;
    const size_t len = strcspn(name, "/");
    return len == 0 ? NULL : mem_strndup(name, len);
}

/* --- the page --------------------------------------------------------------------------------------------- */

typedef struct Page {
    const AskIt *ask;
    const char *client, *tenant; /* or what stands for them */
    AskItStep missing;
    StrBuf text;
} Page;

static void add_head(Page *page)
{
    static const char as_itself[] =
        "to a folder on SharePoint. It runs without a person and signs in as itself, with the key of a\n"
        "certificate that stays in the Windows store of that computer. It reaches only what you grant\n"
        "here.\n"
        "\n";
    static const char as_a_person[] =
        "to a folder on SharePoint. A person signs in to it with the browser. It is a public client\n"
        "without a secret, can do nothing that this person may not do, and nothing that you do not\n"
        "approve here.\n"
        "\n";
    const AskIt *ask = page->ask;
    StrBuf *sb = &page->text;
    strbuf_addstr(sb, "To IT: " CMMS_PRODUCT " asks for access to one folder on SharePoint\n"
                      "==============================================================\n"
                      "\n"
                      CMMS_PRODUCT " is a Windows program that copies backups of the maintenance database (CMMS)\n");
    strbuf_addstr(sb, ask->app_only ? as_itself : as_a_person);
    const char *link = ask->link == NULL || ask->link[0] == '\0' ? "(not chosen yet)" : ask->link;
    strbuf_addf(sb, "Folder:     %.*s\n", (int)strcspn(link, "\r\n"), link);
    strbuf_addf(sb, "Tenant:     %s\n", is_plain(ask->tenant) ? ask->tenant : "(not known yet)");
    strbuf_addf(sb, "Client ID:  %s\n", is_plain(ask->client_id) ? ask->client_id : "(not known yet: step 1)");
    if (ask->app_only || ask->selected) {
        strbuf_addf(sb, "Rights:     %s (%s): only %s that you grant one by one\n", right_of(ask),
                    ask->app_only ? "application" : "delegated", ask->list ? "libraries" : "sites");
    } else {
        strbuf_addstr(sb, "Rights:     Files.ReadWrite.All, Sites.Read.All (delegated): what the person may do, no "
                          "more\n");
    }
    if (page->missing != ASK_IT_NOTHING) {
        strbuf_addf(sb, "Missing:    %s\n", ask_it_words(page->missing));
        if (ask->failed != NULL && ask->failed->detail != NULL) {
            strbuf_addf(sb, "            as Microsoft said: %s\n", ask->failed->detail);
        }
    }
}

static void add_title(Page *page, AskItStep step, const char *title)
{
    const bool here = page->missing == step || (page->missing == ASK_IT_PERSON && step == ASK_IT_APPROVAL);
    strbuf_addf(&page->text, "\n%s%s\n", title, here ? "   <-- this is missing" : "");
}

static void add_app(Page *page)
{
    add_title(page, ASK_IT_APP, "Step 1: the program is registered, once");
    if (page->ask->app_only) {
        strbuf_addf(&page->text,
                    "  %s > App registrations > New registration\n"
                    "  Name: " CMMS_PRODUCT ". Accounts in this organisational directory only.\n"
                    "  Redirect URI: \"Public client/native\", http://localhost (for the link of step 2 alone)\n"
                    "  API permissions > Microsoft Graph > Application permissions: %s\n"
                    "  Certificates & secrets > Certificates: upload the certificate (.cer, without its key) of that\n"
                    "  computer; in PowerShell there, as the user for whom the backups run:\n"
                    "    New-SelfSignedCertificate -Subject 'CN=" CMMS_PRODUCT "' "
                    "-CertStoreLocation Cert:\\CurrentUser\\My -KeyExportPolicy NonExportable -KeySpec Signature "
                    "-KeyLength 2048 -NotAfter (Get-Date).AddYears(1)\n"
                    "    Export-Certificate -Cert Cert:\\CurrentUser\\My\\THUMBPRINT -FilePath cmms-backup.cer\n"
                    "  A client secret does as well, but a key that cannot be copied is safer.\n"
                    "  Then give the person the Application (client) ID and the thumbprint.\n",
                    portal_of(page->ask), right_of(page->ask));
        return;
    }
    strbuf_addf(&page->text,
                "  %s > App registrations > New registration\n"
                "  Name: " CMMS_PRODUCT ". Accounts in this organisational directory only.\n"
                "  Redirect URI: \"Public client/native (mobile & desktop)\", http://localhost\n"
                "  API permissions > Microsoft Graph > Delegated permissions: %s\n"
                "  Certificates & secrets: none. Authentication > Allow public client flows: only where\n"
                "  people shall be able to sign in with a code.\n"
                "  Then give the person the Application (client) ID.\n",
                portal_of(page->ask),
                page->ask->selected ? right_of(page->ask) : "Files.ReadWrite.All, Sites.Read.All");
}

static void add_approval(Page *page)
{
    const AskIt *ask = page->ask;
    char *link = ask_it_consent_link(ask, ask->selected);
    char *less = ask->selected || ask->app_only ? NULL : ask_it_consent_link(ask, true);
    add_title(page, ASK_IT_APPROVAL, "Step 2: it is approved for the organisation");
    if (link != NULL) {
        strbuf_addf(&page->text,
                    "  Open this link as a Cloud Application Administrator or Global Administrator, and accept:\n"
                    "  %s\n"
                    "  Afterwards the browser goes to http://localhost, where nothing answers: that is right so.\n",
                    link);
    } else {
        strbuf_addstr(&page->text, "  Its link has the client ID in it: press Ask IT again when step 1 is done.\n");
    }
    strbuf_addf(&page->text,
                "  Or: %s > Enterprise applications > " CMMS_PRODUCT " > Permissions > Grant admin consent.\n"
                "  Where an assignment is required (Properties), assign the person under Users and groups.\n",
                portal_of(ask));
    if (less != NULL) {
        strbuf_addf(&page->text,
                    "  Less is possible: approve this instead, do step 3, and have the person choose\n"
                    "  \"Only sites that IT has granted\" under Advanced (console: --rights=selected):\n"
                    "  %s\n"
                    "  Least of all is \"Only one library that IT has granted\" (console: --rights=list), with a\n"
                    "  library of its own: have the person choose that and press Ask IT again.\n",
                    less);
    }
    mem_free(less);
    mem_free(link);
}

/* How the library is found among those of the site, as its address ends. */
static void add_library(const Page *page, StrBuf *sb)
{
    if (page->ask->library == NULL) {
        strbuf_addstr(sb, "LIBRARY");
    } else {
        cloud_encode(sb, page->ask->library);
    }
}

/* A list's permission is made below its site, and a library knows its list. */
static void add_clicks(Page *page, const char *graph, const char *site)
{
    StrBuf *sb = &page->text;
    strbuf_addf(sb,
                "\n"
                "  By clicks, in Graph Explorer (https://aka.ms/ge), signed in as a SharePoint Administrator, with\n"
                "  Sites.FullControl.All consented to under Modify permissions:\n"
                "    GET   %s/v1.0/sites/%s\n",
                graph, site);
    if (!page->ask->list) {
        strbuf_addf(sb, "    POST  %s/v1.0/sites/{the id that it told}/permissions\n          " ROLE_BODY "\n", graph,
                    page->client);
        return;
    }
    strbuf_addf(sb,
                "    GET   %s/v1.0/sites/{the id that it told}/drives\n"
                "          (the library whose webUrl ends in /",
                graph);
    add_library(page, sb);
    strbuf_addf(sb,
                ")\n"
                "    GET   %s/v1.0/drives/{the library's id}/list\n"
                "    POST  %s/v1.0/sites/{the site's id}/lists/{the list's id}/permissions\n"
                "          " LIST_BODY "\n",
                graph, graph, page->client);
}

/* The end of the script: what is granted. */
static void add_posts(Page *page, const char *graph)
{
    StrBuf *sb = &page->text;
    if (!page->ask->list) {
        strbuf_addf(sb,
                    "    Invoke-MgGraphRequest -Method POST -Uri \"%s/v1.0/sites/$($site.id)/permissions\" "
                    "-ContentType 'application/json' -Body '" ROLE_BODY "'\n",
                    graph, page->client);
        return;
    }
    strbuf_addf(sb,
                "    $drives = Invoke-MgGraphRequest -Method GET -Uri \"%s/v1.0/sites/$($site.id)/drives\"\n"
                "    $drive = $drives.value | Where-Object { $_.webUrl.EndsWith('/",
                graph);
    add_library(page, sb);
    strbuf_addf(sb,
                "') }\n"
                "    $list = Invoke-MgGraphRequest -Method GET -Uri \"%s/v1.0/drives/$($drive.id)/list\"\n"
                "    Invoke-MgGraphRequest -Method POST -Uri "
                "\"%s/v1.0/sites/$($site.id)/lists/$($list.id)/permissions\" "
                "-ContentType 'application/json' -Body '" LIST_BODY "'\n",
                graph, graph, page->client);
}

static void add_grant(Page *page)
{
    const AskIt *ask = page->ask;
    const char *graph = graph_of(ask);
    StrBuf site;
    strbuf_init(&site, STRBUF_SMALL);
    if (ask->host == NULL || ask->site == NULL || strpbrk(ask->host, "'\"`$%\\ \t\r\n") != NULL) {
        strbuf_addstr(&site, "HOST:/sites/SITE");
    } else if (ask->site[0] == '\0') {
        strbuf_addstr(&site, ask->host);
    } else {
        strbuf_addf(&site, "%s:", ask->host);
        cloud_encode_path(&site, ask->site);
    }
    add_title(page, ASK_IT_GRANT,
              ask->list ? "Step 3: it may write to that library" : "Step 3: it may write to that site");
    if (ask->selected || ask->app_only) {
        strbuf_addf(&page->text, "  With %s the program reaches no %s before this. Role: write.\n", right_of(ask),
                    ask->list ? "library" : "site");
    } else {
        strbuf_addstr(&page->text, "  Not needed with the rights above, unless the person may not write there:\n"
                                   "  then add the person to the site's members. Needed with Sites.Selected.\n");
    }
    if (ask->list) {
        strbuf_addstr(&page->text, "  The library has rights of its own afterwards: changes to the site's do not come\n"
                                   "  to it any more.\n");
    }
    add_clicks(page, graph, site.buf);
    strbuf_addf(&page->text,
                "\n"
                "  As a script, steps 2 and 3 together (PowerShell 7; Install-Module Microsoft.Graph):\n"
                "    Connect-MgGraph -TenantId '%s'%s -Scopes 'Application.ReadWrite.All',"
                "'%s.ReadWrite.All','Sites.FullControl.All'\n"
                "    $app = Get-MgServicePrincipal -Filter \"appId eq '%s'\"\n"
                "    if (-not $app) { $app = New-MgServicePrincipal -AppId '%s' }\n"
                "    $graph = Get-MgServicePrincipal -Filter \"appId eq '00000003-0000-0000-c000-000000000000'\"\n",
                page->tenant, environment_of(ask),
                ask->app_only ? "AppRoleAssignment" : "DelegatedPermissionGrant", page->client, page->client);
    if (ask->app_only) {
        strbuf_addf(&page->text,
                    "    $role = $graph.AppRoles | Where-Object { $_.Value -eq '%s' }\n"
                    "    New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $app.Id -PrincipalId $app.Id "
                    "-ResourceId $graph.Id -AppRoleId $role.Id\n",
                    right_of(ask));
    } else {
        strbuf_addf(&page->text,
                    "    New-MgOauth2PermissionGrant -BodyParameter @{ clientId = $app.Id; "
                    "consentType = 'AllPrincipals'; resourceId = $graph.Id; scope = '%s' }\n",
                    scopes_of(ask, true));
    }
    strbuf_addf(&page->text, "    $site = Invoke-MgGraphRequest -Method GET -Uri '%s/v1.0/sites/%s'\n", graph,
                site.buf);
    add_posts(page, graph);
    if (!ask->selected && !ask->app_only) {
        strbuf_addstr(&page->text, "  (The script gives Sites.Selected; see the end of step 2.)\n");
    }
    strbuf_release(&site);
}

static void add_end(Page *page)
{
    static const char by_itself[] =
        "\nWhether it worked: on that computer, as that user:\n"
        "    cmms-backup-cli sharepoint set-up --client-id=ID --certificate=THUMBPRINT \"LINK\"\n"
        "It signs in, looks for the folder, writes a tiny file there and removes it, and says which of the\n"
        "steps is missing if one is.\n";
    static const char by_a_person[] =
        "\nWhether it worked: the person presses Sign In in " CMMS_PRODUCT " (Tools > SharePoint). It signs in,\n"
        "looks for the folder, writes a tiny file there and removes it, and says which of the steps is\n"
        "missing if one is.\n";
    if (page->missing == ASK_IT_RULE) {
        strbuf_addstr(&page->text,
                      "\nThe rule that keeps the sign-in out is named in Entra > Sign-in logs, by the time.\n"
                      "Signing in with a code is blocked by Microsoft's default rules; signing in with the browser of\n"
                      "a managed computer usually is not.\n");
    }
    strbuf_addstr(&page->text, page->ask->app_only ? by_itself : by_a_person);
}

char *ask_it_page(const AskIt *ask)
{
    Page page = {.ask = ask,
                 .client = is_plain(ask->client_id) ? ask->client_id : CLIENT_HERE,
                 .tenant = is_plain(ask->tenant) ? ask->tenant : TENANT_HERE,
                 .missing = ask->failed != NULL ? ask_it_step(ask->failed) : ASK_IT_NOTHING};
    if (page.missing == ASK_IT_NOTHING && !is_plain(ask->client_id)) {
        page.missing = ASK_IT_APP;
    }
    strbuf_init(&page.text, STRBUF_LINE);
    add_head(&page);
    add_app(&page);
    add_approval(&page);
    add_grant(&page);
    add_end(&page);
    return strbuf_detach(&page.text);
}
