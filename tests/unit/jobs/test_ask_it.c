#include "test_util.h"

#include "cloud/oauth.h"
#include "cloud/place.h"
#include "jobs/ask_it.h"

#define CLIENT "11111111-2222-3333-4444-555555555555"
#define LINK "https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents/Backups"

static const AskIt known = {.link = LINK,
                            .client_id = CLIENT,
                            .tenant = "contoso.onmicrosoft.com",
                            .graph = "https://graph.microsoft.com",
                            .login = "https://login.microsoftonline.com",
                            .host = "contoso.sharepoint.com",
                            .site = "/sites/Maintenance"};

static void assert_has(const char *page, const char *part)
{
    if (strstr(page, part) == NULL) {
        print_error("not in the page: %s\n%s\n", part, page);
        fail();
    }
}

static void assert_has_not(const char *page, const char *part)
{
    if (strstr(page, part) != NULL) {
        print_error("in the page: %s\n%s\n", part, page);
        fail();
    }
}

static AskItStep step_of(long number, const char *word)
{
    Error err = ERROR_INIT;
    oauth_refused(number, word, &err);
    const AskItStep step = ask_it_step(&err);
    error_clear(&err);
    return step;
}

static void a_refusal_says_the_step(void **state)
{
    (void)state;
    static const struct {
        long number;
        AskItStep step;
    } cases[] = {
        {65001, ASK_IT_APPROVAL}, {90094, ASK_IT_APPROVAL}, {90095, ASK_IT_APPROVAL}, {50105, ASK_IT_PERSON},
        {53000, ASK_IT_RULE},     {53003, ASK_IT_RULE},     {530032, ASK_IT_RULE},    {700016, ASK_IT_APP},
        {90002, ASK_IT_APP},      {50011, ASK_IT_APP},      {7000218, ASK_IT_APP},    {7000222, ASK_IT_APP},
        {50076, ASK_IT_NOTHING},  {50079, ASK_IT_NOTHING},  {50173, ASK_IT_NOTHING},  {700082, ASK_IT_NOTHING},
        {70008, ASK_IT_NOTHING},  {70043, ASK_IT_NOTHING},  {7000215, ASK_IT_APP},    {700027, ASK_IT_APP},
        {700024, ASK_IT_NOTHING}, {50020, ASK_IT_NOTHING},    {65004, ASK_IT_NOTHING},  {7000112, ASK_IT_APP},
        {500011, ASK_IT_APP},
    };
    size_t known_numbers = 0;
    while (oauth_known_number(known_numbers) != 0) {
        known_numbers++;
    }
    assert_int_equal(known_numbers, TEST_COUNT(cases)); /* a number with words of its own is decided here as well */
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        if (step_of(cases[i].number, "access_denied") != cases[i].step) {
            fail_msg("AADSTS%ld", cases[i].number);
        }
    }
    assert_int_equal(step_of(0, "access_denied"), ASK_IT_APPROVAL);
    assert_int_equal(step_of(0, "expired_token"), ASK_IT_NOTHING);
    assert_int_equal(step_of(123456, "access_denied"), ASK_IT_NOTHING);
}

static void other_errors_say_it_too(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    assert_int_equal(ask_it_step(&err), ASK_IT_NOTHING);
    error_set(&err, EK_REFUSED, "nothing can be written to the folder: SharePoint does not allow it");
    assert_int_equal(ask_it_step(&err), ASK_IT_NOTHING);
    error_detail(&err, "status 403, accessDenied");
    assert_int_equal(ask_it_step(&err), ASK_IT_GRANT);
    error_detail(&err, "status 401, InvalidAuthenticationToken");
    assert_int_equal(ask_it_step(&err), ASK_IT_NOTHING);
    error_set(&err, EK_SETTINGS, "the client ID of this program in your organisation is not known");
    assert_int_equal(ask_it_step(&err), ASK_IT_APP);
    error_set(&err, EK_CONNECT, "no");
    error_detail(&err, "status 403");
    assert_int_equal(ask_it_step(&err), ASK_IT_NOTHING);
    error_clear(&err);
    for (int step = ASK_IT_APP; step <= ASK_IT_GRANT; step++) {
        assert_true(strlen(ask_it_words((AskItStep)step)) > 20);
    }
    assert_string_equal(ask_it_words(ASK_IT_NOTHING), "");
}

static void the_link_is_exact(void **state)
{
    (void)state;
    assert_text(ask_it_consent_link(&known, true),
                "https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0/adminconsent?client_id=" CLIENT
                "&redirect_uri=http%3A%2F%2Flocalhost&scope=https%3A%2F%2Fgraph.microsoft.com%2FSites.Selected%20"
                "offline_access%20openid%20profile");
    assert_text(ask_it_consent_link(&known, false),
                "https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0/adminconsent?client_id=" CLIENT
                "&redirect_uri=http%3A%2F%2Flocalhost&scope=https%3A%2F%2Fgraph.microsoft.com%2FFiles.ReadWrite.All%20"
                "https%3A%2F%2Fgraph.microsoft.com%2FSites.Read.All%20offline_access%20openid%20profile");
    AskIt ask = known;
    ask.client_id = NULL;
    assert_null(ask_it_consent_link(&ask, true));
    ask = known;
    ask.tenant = "x'; Remove-Item C:\\";
    assert_null(ask_it_consent_link(&ask, true));
}

static void the_page_has_all_three_steps(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    AskIt ask = known;
    ask.selected = true;
    ask.failed = &err;
    oauth_refused(65001, "access_denied", &err);
    char *page = ask_it_page(&ask);
    char *link = ask_it_consent_link(&ask, true);
    assert_has(page, "Folder:     " LINK "\n");
    assert_has(page, "Client ID:  " CLIENT "\n");
    assert_has(page, "Rights:     Sites.Selected (delegated)");
    assert_has(page, "Missing:    nobody has approved the program for the organisation (step 2)\n");
    assert_has(page, "as Microsoft said: AADSTS65001, access_denied\n");
    assert_has(page, "\nStep 1: the program is registered, once\n");
    assert_has(page, "\nStep 2: it is approved for the organisation   <-- this is missing\n");
    assert_has(page, "\nStep 3: it may write to that site\n");
    assert_has(page, link);
    assert_has(page, "GET   https://graph.microsoft.com/v1.0/sites/contoso.sharepoint.com:/sites/Maintenance\n");
    assert_has(page, "Connect-MgGraph -TenantId 'contoso.onmicrosoft.com' -Scopes ");
    assert_has(page, "scope = 'Sites.Selected offline_access openid profile' }");
    assert_has(page, "-Body '{\"roles\": [\"write\"], \"grantedToIdentities\": [{\"application\": {\"id\": \"" CLIENT
                     "\", \"displayName\": \"CMMS Backup\"}}]}'\n");
    assert_has_not(page, "Files.ReadWrite.All");
    assert_has_not(page, "conditional access");
    mem_free(link);
    mem_free(page);
    error_clear(&err);
}

static void all_rights_tell_the_lesser(void **state)
{
    (void)state;
    char *page = ask_it_page(&known);
    char *link = ask_it_consent_link(&known, false);
    char *less = ask_it_consent_link(&known, true);
    assert_has(page, link);
    assert_has(page, less);
    assert_has(page, "Less is possible");
    assert_has_not(page, "Missing:");
    assert_has_not(page, "<-- this is missing");
    mem_free(less);
    mem_free(link);
    mem_free(page);
}

static void one_library_alone(void **state)
{
    (void)state;
    AskIt ask = known;
    ask.selected = true;
    ask.list = true;
    ask.library = "Shared Documents";
    char *page = ask_it_page(&ask);
    char *link = ask_it_consent_link(&ask, true);
    assert_non_null(strstr(link, "&scope=https%3A%2F%2Fgraph.microsoft.com%2FLists.SelectedOperations.Selected%20"));
    assert_has(page, link);
    assert_has(page, "Rights:     Lists.SelectedOperations.Selected (delegated): only libraries that you grant one by "
                     "one\n");
    assert_has(page, "Delegated permissions: Lists.SelectedOperations.Selected\n");
    assert_has(page, "\nStep 3: it may write to that library\n");
    assert_has(page, "(the library whose webUrl ends in /Shared%20Documents)\n");
    assert_has(page, "/v1.0/sites/{the site's id}/lists/{the list's id}/permissions\n");
    assert_has(page, "scope = 'Lists.SelectedOperations.Selected offline_access openid profile' }");
    assert_has(page, "Where-Object { $_.webUrl.EndsWith('/Shared%20Documents') }\n");
    assert_has(page, "/lists/$($list.id)/permissions\" -ContentType 'application/json' -Body '{\"roles\": [\"write\"], "
                     "\"grantedToV2\": {\"application\": {\"id\": \"" CLIENT "\", \"displayName\": \"CMMS "
                     "Backup\"}}}'\n");
    assert_has_not(page, "Sites.Selected");
    assert_has_not(page, "grantedToIdentities");
    mem_free(link);
    mem_free(page);
    ask.library = "it's\" `$x";
    page = ask_it_page(&ask);
    assert_has(page, "EndsWith('/it%27s%22%20%60%24x') }");
    mem_free(page);
    ask.library = NULL;
    ask.app_only = true;
    page = ask_it_page(&ask);
    assert_has(page, "$_.Value -eq 'Lists.SelectedOperations.Selected' }");
    assert_has(page, "EndsWith('/LIBRARY') }");
    assert_has_not(page, "Sites.Selected");
    mem_free(page);
    assert_text(ask_it_library("/sites/M/Shared Documents/Backups", "/sites/M"), "Shared Documents");
    assert_text(ask_it_library("/Shared Documents", ""), "Shared Documents");
    assert_null(ask_it_library("/sites/M", "/sites/M"));
    assert_null(ask_it_library("/sites/More/x", "/sites/M"));
    assert_null(ask_it_library(NULL, "/sites/M"));
    assert_null(ask_it_library("/x", NULL));
}

static void the_program_itself(void **state)
{
    (void)state;
    AskIt ask = known;
    ask.app_only = true;
    char *page = ask_it_page(&ask);
    char *link = ask_it_consent_link(&ask, false);
    assert_non_null(strstr(link, "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"));
    assert_has(page, link);
    assert_has(page, "Rights:     Sites.Selected (application): only sites that you grant one by one\n");
    assert_has(page, "signs in as itself");
    assert_has(page, "Certificates & secrets > Certificates: upload the certificate (.cer, without its key) of that\n");
    assert_has(page, "-CertStoreLocation Cert:\\CurrentUser\\My -KeyExportPolicy NonExportable");
    assert_has(page, "-Scopes 'Application.ReadWrite.All','AppRoleAssignment.ReadWrite.All','Sites.FullControl.All'\n");
    assert_has(page, "$graph.AppRoles | Where-Object { $_.Value -eq 'Sites.Selected' }\n");
    assert_has(page, "--certificate=THUMBPRINT");
    assert_has_not(page, "New-MgOauth2PermissionGrant");
    assert_has_not(page, "Less is possible");
    assert_has_not(page, "delegated");
    mem_free(link);
    mem_free(page);
}

static void what_is_not_known_is_said(void **state)
{
    (void)state;
    const AskIt nothing = {.link = NULL};
    char *page = ask_it_page(&nothing);
    assert_has(page, "Folder:     (not chosen yet)\n");
    assert_has(page, "Tenant:     (not known yet)\n");
    assert_has(page, "Client ID:  (not known yet: step 1)\n");
    assert_has(page, "Step 1: the program is registered, once   <-- this is missing\n");
    assert_has(page, "press Ask IT again when step 1 is done");
    assert_has(page, "v1.0/sites/HOST:/sites/SITE\n");
    assert_has(page, "appId eq 'CLIENT-ID'");
    assert_has_not(page, "adminconsent");
    mem_free(page);
}

static void nothing_ends_a_quotation(void **state)
{
    (void)state;
    AskIt ask = known;
    ask.site = "/sites/O'Neil\"; Remove-Item $x";
    ask.client_id = "a'b";
    ask.tenant = "t'";
    ask.graph = "https://graph.microsoft.com/'x";
    ask.login = "https://x\ny";
    ask.link = LINK "\nConnect-MgGraph";
    char *page = ask_it_page(&ask);
    assert_has(page, "contoso.sharepoint.com:/sites/O%27Neil%22%3B%20Remove-Item%20%24x");
    assert_has(page, "-TenantId 'TENANT'");
    assert_has(page, "appId eq 'CLIENT-ID'");
    assert_has(page, "Folder:     " LINK "\n");
    assert_has_not(page, "a'b");
    assert_has_not(page, "graph.microsoft.com/'x");
    mem_free(page);
    ask.host = "x'y.sharepoint.com";
    page = ask_it_page(&ask);
    assert_has(page, "v1.0/sites/HOST:/sites/SITE\n");
    mem_free(page);
}

static void other_clouds_have_their_own_words(void **state)
{
    (void)state;
    AskIt ask = known;
    ask.graph = "https://graph.microsoft.us";
    ask.login = "https://login.microsoftonline.us";
    char *page = ask_it_page(&ask);
    assert_has(page, " -Environment USGov -Scopes ");
    assert_has(page, "https://entra.microsoft.us > App registrations");
    assert_has(page, "https://login.microsoftonline.us/contoso.onmicrosoft.com/v2.0/adminconsent?");
    assert_has(page, "scope=https%3A%2F%2Fgraph.microsoft.us%2F");
    mem_free(page);
}

static void a_rule_has_a_word_more(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    AskIt ask = known;
    ask.failed = &err;
    oauth_refused(53003, "access_denied", &err);
    char *page = ask_it_page(&ask);
    assert_has(page, "Sign-in logs");
    assert_has_not(page, "<-- this is missing");
    mem_free(page);
    error_clear(&err);
}

static void a_link_says_its_site(void **state)
{
    (void)state;
    static const struct {
        const char *link, *path, *site;
    } cases[] = {
        {NULL, "/sites/Maintenance/Shared Documents/Backups", "/sites/Maintenance"},
        {NULL, "/sites/Maintenance", "/sites/Maintenance"},
        {NULL, "/teams/T/x", "/teams/T"},
        {NULL, "/personal/ann_contoso_com/Documents", "/personal/ann_contoso_com"},
        {NULL, "/Shared Documents/Backups", ""},
        {NULL, "/sites", ""},
        {NULL, "", ""},
        {"https://contoso.sharepoint.com/:f:/s/Maintenance/EabcDEF?e=1", NULL, "/sites/Maintenance"},
        {"https://contoso.sharepoint.com/:f:/t/T/EabcDEF?e=1", NULL, "/teams/T"},
        {"https://contoso.sharepoint.com/:f:/g/EabcDEF", NULL, NULL},
        {"https://contoso.sharepoint.com/:f:/s/a%20b/EabcDEF", NULL, NULL},
        {NULL, NULL, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *site = ask_it_site(cases[i].link, cases[i].path);
        if (cases[i].site == NULL) {
            assert_null(site);
        } else {
            assert_text(site, cases[i].site);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_says_the_step),     cmocka_unit_test(other_errors_say_it_too),
        cmocka_unit_test(the_link_is_exact),           cmocka_unit_test(the_page_has_all_three_steps),
        cmocka_unit_test(all_rights_tell_the_lesser),  cmocka_unit_test(what_is_not_known_is_said),
        cmocka_unit_test(the_program_itself),          cmocka_unit_test(one_library_alone),
        cmocka_unit_test(nothing_ends_a_quotation),    cmocka_unit_test(other_clouds_have_their_own_words),
        cmocka_unit_test(a_rule_has_a_word_more),      cmocka_unit_test(a_link_says_its_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
