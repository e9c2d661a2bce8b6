#include "test_util.h"

#include "cloud/oauth.h"

static const OauthApp app = {"https://login.microsoftonline.com", "contoso.onmicrosoft.com", "1234-5678",
                             "Files.ReadWrite.All offline_access", NULL};

static void the_challenge_is_that_of_the_rfc(void **state)
{
    (void)state;
    assert_text(oauth_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void the_address_asks_for_what_is_needed(void **state)
{
    (void)state;
    OauthLogin login;
    OauthLogin other;
    Error err = ERROR_INIT;
    assert_ok(oauth_login_begin(&app, 4711, &login, &err), &err);
    assert_ok(oauth_login_begin(&app, 4711, &other, &err), &err);
    assert_string_equal(login.redirect, "http://localhost:4711");
    assert_int_equal(strlen(login.verifier.bytes), 43);
    assert_string_not_equal(login.verifier.bytes, other.verifier.bytes);
    assert_string_not_equal(login.state, other.state);
    char *challenge = oauth_challenge(login.verifier.bytes);
    char *wanted = mem_printf("https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize?"
                              "client_id=1234-5678&response_type=code&redirect_uri=http%%3A%%2F%%2Flocalhost%%3A4711&"
                              "response_mode=query&scope=Files.ReadWrite.All%%20offline_access&state=%s&"
                              "code_challenge=%s&code_challenge_method=S256&prompt=select_account",
                              login.state, challenge);
    assert_string_equal(login.address, wanted);
    mem_free(wanted);
    mem_free(challenge);
    oauth_login_release(&login);
    oauth_login_release(&other);
}

/* The parts of an assertion, decoded. */
static char *decoded(const char *part, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *text = mem_alloc(len + 1);
    size_t count = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < len; i++) {
        const char *at = strchr(digits, part[i]);
        assert_non_null(at);
        bits = (bits << 6 | (unsigned)(at - digits)) & 0xFFFFFFu;
        if (i % 4 != 0) {
            text[count++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xFFu);
        }
    }
    return text;
}

static void an_assertion_says_what_entra_asks_for(void **state)
{
    (void)state;
    static const unsigned char hash[32] = {0xFB, 0xFF};
    static const char thumbprint[] = "FBFF0000000000000000000000000000000000A9";
    char *text = oauth_assertion(&app, true, thumbprint, hash, "id1", 1000);
    const size_t len = strcspn(text, ".");
    char *header = decoded(text, len), *payload = decoded(text + len + 1, strlen(text + len + 1));
    assert_non_null(strstr(header, "\"PS256\""));
    assert_non_null(strstr(header, "\"-_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""));
    assert_non_null(strstr(payload, "\"https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token\""));
    assert_non_null(strstr(payload, "\"id1\""));
    assert_non_null(strstr(payload, "940"));  /* from when */
    assert_non_null(strstr(payload, "1540")); /* and until when: ten minutes at the most */
    assert_null(strstr(header, "\"x5t\""));
    mem_free(payload);
    mem_free(header);
    mem_free(text);
    text = oauth_assertion(&app, false, thumbprint, hash, "id1", 1000);
    header = decoded(text, strcspn(text, "."));
    assert_non_null(strstr(header, "\"RS256\""));
    assert_non_null(strstr(header, "\"x5t\""));
    assert_non_null(strstr(header, "\"-_8AAAAAAAAAAAAAAAAAAAAAAKk\""));
    mem_free(header);
    mem_free(text);
}

static void only_our_own_answer_counts(void **state)
{
    (void)state;
    static const char *const others[] = {"/", "/favicon.ico", "/?code=x", "/?code=x&state=", "/?code=x&state=stat",
                                         "/?code=x&state=state2", "/x?code=x&state=state1", "?code=x&state=state1", "",
                                         "/?error=access_denied&state=state2", "/?state=state1", "/?code=&state=state1",
                                         "/?xcode=x&state=state1"};
    OauthLogin login = {.state = mem_strdup("state1"), .verifier = SECRET_INIT};
    Secret code = SECRET_INIT;
    Error err = ERROR_INIT;
    for (size_t i = 0; i < TEST_COUNT(others); i++) {
        assert_false(oauth_login_answer(&login, others[i], &code, &err));
        assert_int_equal(err.kind, EK_NONE);
        assert_false(secret_is_set(&code));
    }
    assert_true(oauth_login_answer(&login, "/?session_state=y&code=a%2Fb%2B&state=state1", &code, &err));
    assert_string_equal(code.bytes, "a/b+");
    static const char refused[] = "/?error=access_denied&error_description=AADSTS65001%3A+Secret&state=state1";
    assert_fails(oauth_login_answer(&login, refused, &code, &err), &err, EK_REFUSED,
                 "the sign-in was refused: the program has not been approved by you or your organisation");
    secret_release(&code);
    oauth_login_release(&login);
}

static void refusals_have_words(void **state)
{
    (void)state;
    static const struct {
        long number;
        const char *word, *message, *detail;
    } cases[] = {
        {50173, "invalid_grant", "the sign-in was refused: your sign-in was revoked, as when a password was changed",
         "AADSTS50173, invalid_grant"},
        {1, "invalid_grant", "the sign-in was refused", "AADSTS1, invalid_grant"},
        {0, "authorization_declined", "the sign-in was refused in the browser", "authorization_declined"},
        {0, "expired_token", "nobody signed in before the code ran out", "expired_token"},
        {0, "Words of <b>anybody</b>", "the sign-in was refused", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Error err = ERROR_INIT;
        assert_false(oauth_refused(cases[i].number, cases[i].word, &err));
        assert_true((err.detail == NULL) == (cases[i].detail == NULL));
        if (cases[i].detail != NULL) {
            assert_string_equal(err.detail, cases[i].detail);
        }
        assert_non_null(err.hint);
        assert_error(&err, EK_REFUSED, cases[i].message);
    }
}

/* Whatever number has words of its own has all of them, and the number can be had back. */
static void numbers_have_words(void **state)
{
    (void)state;
    static const struct {
        long number;
        const char *message;
    } cases[] = {
        {65001, "the program has not been approved by you or your organisation"},
        {90094, "an administrator must approve the program first"},
        {90095, "an administrator must approve the program first"},
        {50076, "your organisation asks for a second proof of who you are"},
        {50079, "your organisation asks you to set up a second proof of who you are"},
        {53000, "your organisation lets only devices in that it manages"},
        {53003, "a rule of your organisation (conditional access) does not allow this sign-in"},
        {530032, "a rule of your organisation does not allow this sign-in"},
        {50105, "you have not been assigned to the program"},
        {700016, "the client ID is not known in that tenant"},
        {90002, "there is no such tenant"},
        {50011, "the program's registration lacks the address http://localhost"},
        {50173, "your sign-in was revoked, as when a password was changed"},
        {700082, "your sign-in has run out, because it was not used for long"},
        {70008, "your sign-in has run out"},
        {70043, "your organisation wants you to sign in again from time to time"},
        {7000222, "the program's secret has run out"},
        {7000215, "the program's secret is not the one that Microsoft knows"},
        {700027, "Microsoft does not know the certificate for this program"},
        {700024, "the clock of this computer is wrong by more than Microsoft allows"},
        {7000218, "the program's registration does not allow sign-ins of this kind"},
        {50020, "this account is of another organisation than the folder"},
        {65004, "nobody accepted what the program asked for"},
        {7000112, "the program is switched off in your organisation"},
        {500011, "your organisation does not know the service that the program asks for"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Error err = ERROR_INIT;
        assert_int_equal(oauth_known_number(i), cases[i].number);
        assert_false(oauth_refused(cases[i].number, "access_denied", &err));
        assert_int_equal(oauth_number(&err), cases[i].number);
        assert_non_null(err.hint);
        char *message = mem_printf("the sign-in was refused: %s", cases[i].message);
        assert_error(&err, EK_REFUSED, message);
        mem_free(message);
    }
    assert_int_equal(oauth_known_number(TEST_COUNT(cases)), 0);
    Error err = ERROR_INIT;
    assert_int_equal(oauth_number(&err), 0);
    oauth_refused(0, "access_denied", &err);
    assert_int_equal(oauth_number(&err), 0);
    error_clear(&err);
}

static void an_app_is_checked(void **state)
{
    (void)state;
    static const struct {
        OauthApp app;
        const char *message;
    } cases[] = {
        {{"http://login.microsoftonline.com", "t", "c", "", NULL},
         "the address of the sign-in cannot be used: \"http://login.microsoftonline.com\""},
        {{"https://login.microsoftonline.com?x", "t", "c", "", NULL},
         "the address of the sign-in cannot be used: \"https://login.microsoftonline.com?x\""},
        {{"https://login.microsoftonline.com", "", "c", "", NULL}, "\"\" is no tenant"},
        {{"https://login.microsoftonline.com", "a/b", "c", "", NULL}, "\"a/b\" is no tenant"},
        {{"https://login.microsoftonline.com", "t", "a b", "", NULL}, "\"a b\" is no client ID"},
    };
    Error err = ERROR_INIT;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_fails(oauth_app_check(&cases[i].app, &err), &err, EK_SETTINGS, cases[i].message);
    }
    assert_ok(oauth_app_check(&app, &err), &err);
}

static void nobody_is_signed_in(void **state)
{
    (void)state;
    OauthTokens tokens;
    Error err = ERROR_INIT;
    oauth_tokens_init(&tokens);
    assert_fails(oauth_refresh(&app, NULL, &tokens, &err), &err, EK_REFUSED,
                 "nobody has signed in to SharePoint on this computer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_challenge_is_that_of_the_rfc), cmocka_unit_test(the_address_asks_for_what_is_needed),
        cmocka_unit_test(an_assertion_says_what_entra_asks_for),
        cmocka_unit_test(only_our_own_answer_counts),       cmocka_unit_test(refusals_have_words),
        cmocka_unit_test(numbers_have_words),               cmocka_unit_test(an_app_is_checked),
        cmocka_unit_test(nobody_is_signed_in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
