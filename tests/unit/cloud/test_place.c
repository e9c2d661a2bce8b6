#include "test_env.h"
#include "test_util.h"

#include "cloud/place.h"
#include "platform/clock.h"

static void fill(CloudPlace *place)
{
    place_init(place);
    place->graph = mem_strdup("https://graph.microsoft.com");
    place->login = mem_strdup("http://127.0.0.1:1"); /* nobody answers there */
    place->tenant = mem_strdup("contoso.onmicrosoft.com");
    place->client_id = mem_strdup("1234");
    place->drive = mem_strdup("b!1");
    place->folder = mem_strdup("item1");
    place->library = mem_strdup("Dokumente");
    place->path = mem_strdup("/B\xC3\xBC");
    place->set_up = 1789000000;
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

static void a_place_is_kept(void **state)
{
    (void)state;
    CloudPlace out;
    CloudPlace in;
    Error err = ERROR_INIT;
    fill(&out);
    place_init(&in);
    assert_fails(place_load(&in, &err), &err, EK_NOT_FOUND, "no folder on SharePoint is set up");
    assert_ok(place_save(&out, &err), &err);
    assert_ok(place_load(&in, &err), &err);
    assert_string_equal(in.drive, "b!1");
    assert_string_equal(in.login, "http://127.0.0.1:1");
    assert_null(in.web_url);
    assert_true(in.set_up == 1789000000);
    assert_text(place_name(&in), "Dokumente/B\xC3\xBC");
    place_release(&in);
    place_release(&out);
}

/* Mail takes a token of the kept sign-in; without one nobody is asked. */
static void no_mail_without_a_sign_in(void **state)
{
    CloudPlace place;
    PlaceSignIn sign_in;
    Secret token = SECRET_INIT;
    Error err = ERROR_INIT;
    (void)state;
    fill(&place);
    assert_ok(place_sign_out(NULL, &err), &err);
    place_sign_in_init(&sign_in, &place);
    assert_fails(place_mail_token(&sign_in, false, NULL, &token, &err), &err, EK_REFUSED,
                 "nobody is signed in to SharePoint on this PC");
    assert_false(secret_is_set(&token));
    place_sign_in_release(&sign_in);
    place_release(&place);
}

static void what_is_damaged_is_said_to_be(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "{}", "{\"version\":1,\"graph\":\"x\"}", "{\"version\":2}", "[1]"};
    CloudPlace place;
    Error err = ERROR_INIT;
    place_init(&place);
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_fails(place_parse(bad[i], strlen(bad[i]), &place, &err), &err, EK_SETTINGS,
                     "what is saved about SharePoint is damaged");
        assert_null(place.graph);
    }
}

static void rights_are_kept(void **state)
{
    (void)state;
    CloudPlace out;
    CloudPlace in;
    Error err = ERROR_INIT;
    fill(&out);
    place_init(&in);
    assert_text(place_scope(&out), "Files.ReadWrite.All Sites.Read.All offline_access openid profile");
    out.rights = mem_strdup(PLACE_SELECTED);
    assert_ok(place_save(&out, &err), &err);
    assert_ok(place_load(&in, &err), &err);
    assert_string_equal(in.rights, PLACE_SELECTED);
    assert_text(place_scope(&in), "Sites.Selected offline_access openid profile");
    mem_free(in.rights);
    in.rights = mem_strdup(PLACE_LIST);
    assert_text(place_scope(&in), "Lists.SelectedOperations.Selected offline_access openid profile");
    mem_free(in.rights);
    in.rights = mem_strdup("more than all");
    assert_text(place_scope(&in), PLACE_SCOPE);
    place_release(&in);
    place_release(&out);
}

static void what_was_set_up_can_be_left(void **state)
{
    CloudPlace place;
    OauthTokens tokens;
    Error err = ERROR_INIT;
    (void)state;
    fill(&place);
    oauth_tokens_init(&tokens);
    secret_set(&tokens.access, "access-token", 12);
    secret_set(&tokens.refresh, "refresh", 7);
    assert_ok(place_sign_out(NULL, &err), &err); /* nobody is signed in: fine */
    assert_ok(place_save(&place, &err), &err);
    assert_ok(place_keep_tokens(&place, &tokens, &err), &err);
    assert_ok(place_sign_out(NULL, &err), &err);
    assert_false(place_find_tokens(&place, &tokens));
    assert_ok(place_load(&place, &err), &err);
    assert_ok(place_keep_tokens(&place, &tokens, &err), &err);
    assert_ok(place_forget(NULL, &err), &err);
    assert_false(place_find_tokens(&place, &tokens));
    assert_fails(place_load(&place, &err), &err, EK_NOT_FOUND, "no folder on SharePoint is set up");
    assert_ok(place_forget(NULL, &err), &err);
    oauth_tokens_release(&tokens);
    place_release(&place);
}

static void tokens_are_kept_for_their_app(void **state)
{
    CloudPlace place;
    OauthTokens out;
    OauthTokens in;
    Error err = ERROR_INIT;
    char *long_text = mem_alloc(6001);
    memset(long_text, 'x', 6000);
    fill(&place);
    oauth_tokens_init(&out);
    oauth_tokens_init(&in);
    secret_set(&out.access, "access-token", 12);
    secret_set(&out.refresh, long_text, 6000);
    out.expires = clock_now() + 3600;
    const int64_t before = clock_now();
    assert_false(place_find_tokens(&place, &in));
    assert_ok(place_keep_tokens(&place, &out, &err), &err);
    assert_true(place_find_tokens(&place, &in));
    assert_string_equal(in.access.bytes, "access-token");
    assert_string_equal(in.refresh.bytes, long_text);
    assert_true(in.expires == out.expires);
    int64_t renewed = 0;
    assert_true(place_signed_in(&place, &renewed));
    assert_true(renewed >= before && renewed <= clock_now());
    char *path = fs_join(*state, "sharepoint-signin.json");
    char *text = test_read(path);
    assert_null(strstr(text, "access-token"));
    assert_null(strstr(text, "xxxxxxxx"));
    mem_free(text);
    mem_free(path);
    /* Good ones are given without asking anybody; ones that have run out ask the sign-in, which is not there. */
    PlaceSignIn sign_in;
    Secret token = SECRET_INIT;
    place_sign_in_init(&sign_in, &place);
    assert_ok(place_token(&sign_in, false, NULL, &token, &err), &err);
    assert_string_equal(token.bytes, "access-token");
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    assert_false(place_token(&sign_in, true, cancel, &token, &err));
    assert_true(err.kind == EK_CANCELLED || err.kind == EK_CONNECT);
    error_clear(&err);
    cancel_free(cancel);
    place_sign_in_release(&sign_in);
    mem_free(place.tenant);
    place.tenant = mem_strdup("other.onmicrosoft.com");
    assert_false(place_find_tokens(&place, &in));
    secret_release(&token);
    oauth_tokens_release(&in);
    oauth_tokens_release(&out);
    place_release(&place);
    mem_free(long_text);
}

/* A certificate is no secret: what is kept of its sign-in is an access token alone. */
static void the_program_itself(void **state)
{
    (void)state;
    CloudPlace out;
    CloudPlace in;
    OauthTokens tokens;
    OauthTokens kept;
    Error err = ERROR_INIT;
    fill(&out);
    place_init(&in);
    oauth_tokens_init(&tokens);
    oauth_tokens_init(&kept);
    assert_true(place_is_person(&out));
    out.by = mem_strdup(PLACE_BY_CERTIFICATE);
    assert_true(place_is_person(&out)); /* without one */
    out.certificate = mem_strdup("0123456789ABCDEF0123456789ABCDEF01234567");
    out.secret_ends = 1796040000;
    assert_ok(place_save(&out, &err), &err);
    assert_ok(place_load(&in, &err), &err);
    assert_false(place_is_person(&in));
    assert_string_equal(in.certificate, out.certificate);
    assert_true(in.secret_ends == 1796040000);
    assert_text(place_scope(&in), "https://graph.microsoft.com/.default");
    secret_set(&tokens.access, "access-token", 12);
    tokens.expires = clock_now() + 3600;
    assert_ok(place_keep_tokens(&in, &tokens, &err), &err);
    assert_true(place_find_tokens(&in, &kept));
    assert_false(secret_is_set(&kept.refresh));
    /* They are not a person's, nor those of a secret. */
    mem_free(in.by);
    in.by = NULL;
    assert_false(place_find_tokens(&in, &kept));
    in.by = mem_strdup(PLACE_BY_SECRET);
    assert_false(place_find_tokens(&in, &kept));
    secret_set(&tokens.refresh, "the-secret", 10);
    assert_ok(place_keep_tokens(&in, &tokens, &err), &err);
    assert_true(place_find_tokens(&in, &kept));
    assert_string_equal(kept.refresh.bytes, "the-secret");
    /* Signed out, it needs its secret again; a certificate alone would always do, and does not. */
    assert_ok(place_sign_out(NULL, &err), &err);
    PlaceSignIn sign_in;
    Secret token = SECRET_INIT;
    place_sign_in_init(&sign_in, &in);
    assert_fails(place_token(&sign_in, false, NULL, &token, &err), &err, EK_REFUSED,
                 "nobody has signed in to SharePoint on this computer");
    place_sign_in_release(&sign_in);
    place_sign_in_init(&sign_in, &out);
    assert_fails(place_token(&sign_in, false, NULL, &token, &err), &err, EK_REFUSED,
                 "nobody has signed in to SharePoint on this computer");
    place_sign_in_release(&sign_in);
    secret_release(&token);
    oauth_tokens_release(&kept);
    oauth_tokens_release(&tokens);
    place_release(&in);
    place_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(a_place_is_kept, own_data, no_data),
                                       cmocka_unit_test_setup_teardown(no_mail_without_a_sign_in, own_data, no_data),
                                       cmocka_unit_test(what_is_damaged_is_said_to_be),
                                       cmocka_unit_test_setup_teardown(rights_are_kept, own_data, no_data),
                                       cmocka_unit_test_setup_teardown(the_program_itself, own_data, no_data),
                                       cmocka_unit_test_setup_teardown(what_was_set_up_can_be_left, own_data, no_data),
                                       cmocka_unit_test_setup_teardown(tokens_are_kept_for_their_app, own_data,
                                                                       no_data)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
