/* What a set-up decides before it asks anybody; the rest is e2e/test_sharepoint.py's. */
#include "test_env.h"
#include "test_util.h"

#include "cloud/place.h"
#include "jobs/offsite.h"

#define LINK "https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents/Backups"

static void a_host_says_its_tenant(void **state)
{
    (void)state;
    static const struct {
        const char *host, *tenant;
    } cases[] = {{"contoso.sharepoint.com", "contoso.onmicrosoft.com"},
                 {"contoso-my.sharepoint.com", "contoso.onmicrosoft.com"},
                 {"my-firm.sharepoint.com", "my-firm.onmicrosoft.com"},
                 {"contoso.sharepoint.us", "contoso.onmicrosoft.us"},
                 {"contoso.sharepoint.cn", "contoso.partner.onmschina.cn"},
                 {"127.0.0.1:80", NULL},
                 {"example.org", NULL}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *tenant = offsite_tenant_of(cases[i].host);
        if (cases[i].tenant == NULL) {
            assert_null(tenant);
        } else {
            assert_text(tenant, cases[i].tenant);
        }
    }
}

static int own_data(void **state)
{
    char *dir = test_dir_new();
    test_setenv("CMMS_BACKUP_DATA", dir);
    *state = dir;
    return 0;
}

static int no_data(void **state)
{
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(*state);
    return 0;
}

static void save(const char *tenant, const char *rights)
{
    Error err = ERROR_INIT;
    CloudPlace saved = {.graph = mem_strdup("https://graph.example"),
                        .login = mem_strdup("https://login.example"),
                        .tenant = mem_strdup(tenant),
                        .client_id = mem_strdup("saved-client"),
                        .drive = mem_strdup("d"),
                        .folder = mem_strdup("f"),
                        .library = mem_strdup("L"),
                        .path = mem_strdup(""),
                        .web_url = mem_strdup(LINK),
                        .rights = mem_strdup(rights)};
    assert_ok(place_save(&saved, &err), &err);
    place_release(&saved);
}

static void assert_chosen(const OffsiteSetUp *spec, const char *client, const char *tenant, const char *graph,
                          const char *login, const char *scope)
{
    CloudPlace place;
    Error err = ERROR_INIT;
    place_init(&place);
    assert_ok(offsite_choose(spec, &place, &err), &err);
    assert_string_equal(place.client_id, client);
    assert_string_equal(place.tenant, tenant);
    assert_string_equal(place.graph, graph);
    assert_string_equal(place.login, login);
    assert_text(place_scope(&place), scope);
    place_release(&place);
}

static void the_link_says_most(void **state)
{
    (void)state;
    OffsiteSetUp spec = {.link = LINK, .client_id = "c"};
    assert_chosen(&spec, "c", "contoso.onmicrosoft.com", "https://graph.microsoft.com",
                  "https://login.microsoftonline.com", PLACE_SCOPE);
    spec.cloud = "";
    spec.rights = "selected";
    assert_chosen(&spec, "c", "contoso.onmicrosoft.com", "https://graph.microsoft.com",
                  "https://login.microsoftonline.com", PLACE_SCOPE_SELECTED);
    spec.cloud = "china";
    spec.tenant = "t";
    spec.rights = "all";
    assert_chosen(&spec, "c", "t", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn",
                  PLACE_SCOPE);
    spec.cloud = "http://127.0.0.1:1 http://127.0.0.1:1/login";
    assert_chosen(&spec, "c", "t", "http://127.0.0.1:1", "http://127.0.0.1:1/login", PLACE_SCOPE);
    spec.graph = "https://other.example/";
    assert_chosen(&spec, "c", "t", "https://other.example", "http://127.0.0.1:1/login", PLACE_SCOPE);
}

static void what_was_saved_serves_its_own_tenant(void **state)
{
    (void)state;
    OffsiteSetUp spec = {.link = LINK};
    save("contoso.onmicrosoft.com", PLACE_SELECTED);
    assert_chosen(&spec, "saved-client", "contoso.onmicrosoft.com", "https://graph.example", "https://login.example",
                  PLACE_SCOPE_SELECTED);
    spec.rights = "all";
    assert_chosen(&spec, "saved-client", "contoso.onmicrosoft.com", "https://graph.example", "https://login.example",
                  PLACE_SCOPE);
    spec.rights = NULL;
    save("other.onmicrosoft.com", PLACE_SELECTED);
    assert_chosen(&spec, "saved-client", "contoso.onmicrosoft.com", "https://graph.microsoft.com",
                  "https://login.microsoftonline.com", PLACE_SCOPE);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    static const struct {
        OffsiteSetUp spec;
        ErrorKind kind;
        const char *message;
    } cases[] = {
        {{.link = LINK}, EK_SETTINGS, "the client ID of this program in your organisation is not known"},
        {{.link = LINK, .client_id = "c", .cloud = "mars"}, EK_SETTINGS, "there is no cloud \"mars\""},
        {{.link = LINK, .client_id = "c", .cloud = "a b c"}, EK_SETTINGS, "there is no cloud \"a b c\""},
        {{.link = LINK, .client_id = "c", .cloud = "a "}, EK_SETTINGS, "there is no cloud \"a \""},
        {{.link = LINK, .client_id = "c", .rights = "more"}, EK_SETTINGS, "there are no rights \"more\""},
        {{.link = LINK, .client_id = "a b"}, EK_SETTINGS, "\"a b\" is no client ID"},
        {{.link = LINK, .client_id = "c", .tenant = "a/b"}, EK_SETTINGS, "\"a/b\" is no tenant"},
    };
    CloudPlace place;
    Error err = ERROR_INIT;
    place_init(&place);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_fails(offsite_choose(&cases[i].spec, &place, &err), &err, cases[i].kind, cases[i].message);
        assert_null(place.client_id);
    }
    const OffsiteSetUp none = {.client_id = "c"};
    assert_false(offsite_choose(&none, &place, &err));
    assert_int_equal(err.kind, EK_USAGE);
    error_clear(&err);
}

static void the_page_for_it_knows_what_is_known(void **state)
{
    (void)state;
    const OffsiteSetUp nothing = {.link = NULL};
    char *page = offsite_ask_it(&nothing, NULL);
    assert_non_null(strstr(page, "Folder:     (not chosen yet)\n"));
    mem_free(page);
    const OffsiteSetUp spec = {.link = LINK, .client_id = "c-1"};
    page = offsite_ask_it(&spec, NULL);
    assert_non_null(strstr(page, "Tenant:     contoso.onmicrosoft.com\n"));
    assert_non_null(strstr(page, "adminconsent?client_id=c-1&"));
    assert_non_null(strstr(page, "sites/contoso.sharepoint.com:/sites/Maintenance\n"));
    mem_free(page);
    save("contoso.onmicrosoft.com", PLACE_SELECTED);
    page = offsite_ask_it(&nothing, NULL);
    assert_non_null(strstr(page, "Folder:     " LINK "\n"));
    assert_non_null(strstr(page, "Client ID:  saved-client\n"));
    assert_non_null(strstr(page, "Rights:     Sites.Selected"));
    mem_free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_says_its_tenant),
        cmocka_unit_test_setup_teardown(the_link_says_most, own_data, no_data),
        cmocka_unit_test_setup_teardown(what_was_saved_serves_its_own_tenant, own_data, no_data),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, own_data, no_data),
        cmocka_unit_test_setup_teardown(the_page_for_it_knows_what_is_known, own_data, no_data)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
