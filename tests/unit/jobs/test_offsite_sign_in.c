/* The days that are left of a sign-in, and the warnings at 30, 7 and 1 of them. */
#include "test_util.h"

#include "jobs/offsite.h"
#include "test_env.h"

#define DAY ((int64_t)86400)
#define NOW ((int64_t)1796040000)

static void days_left(void **state)
{
    (void)state;
    static const struct {
        bool signed_in;
        int64_t age; /* seconds since it was renewed; INT64_MIN: not known */
        int days, warning;
        const char *text;
    } rows[] = {
        {true, 0, 90, -1, "the sign-in to SharePoint runs out in 90 day(s), unless it is used before"},
        {true, -DAY, 90, -1, "the sign-in to SharePoint runs out in 90 day(s), unless it is used before"},
        {true, 59 * DAY, 31, -1, "the sign-in to SharePoint runs out in 31 day(s), unless it is used before"},
        {true, 60 * DAY, 30, 30, "the sign-in to SharePoint runs out in 30 day(s), unless it is used before"},
        {true, 82 * DAY, 8, 30, "the sign-in to SharePoint runs out in 8 day(s), unless it is used before"},
        {true, 83 * DAY, 7, 7, "the sign-in to SharePoint runs out in 7 day(s), unless it is used before"},
        {true, 88 * DAY, 2, 7, "the sign-in to SharePoint runs out in 2 day(s), unless it is used before"},
        {true, 89 * DAY, 1, 1, "the sign-in to SharePoint runs out in 1 day(s), unless it is used before"},
        {true, 90 * DAY - 1, 0, 1, "the sign-in to SharePoint runs out in 0 day(s), unless it is used before"},
        {true, 90 * DAY, 0, 0, "the sign-in to SharePoint has run out"},
        {true, 900 * DAY, 0, 0, "the sign-in to SharePoint has run out"},
        {true, INT64_MIN, -1, -1, "when the sign-in to SharePoint runs out is known after its next use"},
        {false, 0, -1, 0, "nobody is signed in to SharePoint on this PC"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        OffsiteSignIn sign_in = {.set_up = true, .signed_in = rows[i].signed_in,
                                 .renewed = rows[i].age == INT64_MIN ? 0 : NOW - rows[i].age};
        offsite_sign_in_judge(&sign_in, NOW);
        assert_string_equal(sign_in.text, rows[i].text);
        assert_int_equal(sign_in.days, rows[i].days);
        assert_int_equal(sign_in.warning, rows[i].warning);
        offsite_sign_in_release(&sign_in);
    }
}

static void certificate_and_secret(void **state)
{
    (void)state;
    static const struct {
        SignInBy by;
        bool there;
        int64_t left; /* seconds; INT64_MIN: not known */
        int days, warning;
        const char *text;
    } rows[] = {
        {BY_CERTIFICATE, true, 31 * DAY, 31, -1, "the certificate of the sign-in to SharePoint runs out in 31 day(s)"},
        {BY_CERTIFICATE, true, 31 * DAY - 1, 30, 30,
         "the certificate of the sign-in to SharePoint runs out in 30 day(s)"},
        {BY_SECRET, true, 8 * DAY - 1, 7, 7, "the secret of the sign-in to SharePoint runs out in 7 day(s)"},
        {BY_SECRET, true, 2 * DAY - 1, 1, 1, "the secret of the sign-in to SharePoint runs out in 1 day(s)"},
        {BY_SECRET, true, 1, 0, 1, "the secret of the sign-in to SharePoint runs out in 0 day(s)"},
        {BY_SECRET, true, 0, 0, 0, "the secret of the sign-in to SharePoint has run out"},
        {BY_CERTIFICATE, true, -5 * DAY, 0, 0, "the certificate of the sign-in to SharePoint has run out"},
        {BY_SECRET, true, INT64_MIN, -1, -1,
         "when the secret of the sign-in to SharePoint runs out is not known: ask your IT administrator"},
        {BY_CERTIFICATE, false, INT64_MIN, -1, 0,
         "the program is not signed in to SharePoint on this PC; its certificate is here"},
        {BY_SECRET, false, DAY, -1, 0, "the secret of the sign-in to SharePoint is not kept on this PC"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        OffsiteSignIn sign_in = {.set_up = true, .by = rows[i].by, .signed_in = rows[i].there, .renewed = NOW,
                                 .ends = rows[i].left == INT64_MIN ? 0 : NOW + rows[i].left};
        offsite_sign_in_judge(&sign_in, NOW);
        assert_string_equal(sign_in.text, rows[i].text);
        assert_int_equal(sign_in.days, rows[i].days);
        assert_int_equal(sign_in.warning, rows[i].warning);
        offsite_sign_in_release(&sign_in);
    }
    OffsiteSignIn sign_in = {.set_up = true, .by = BY_CERTIFICATE, .certificate = SIGN_IN_GONE};
    offsite_sign_in_judge(&sign_in, NOW);
    assert_string_equal(sign_in.text, "the certificate of the sign-in to SharePoint is not on this computer");
    sign_in.certificate = SIGN_IN_UNREAD;
    offsite_sign_in_judge(&sign_in, NOW);
    assert_string_equal(sign_in.text, "the certificate of the sign-in to SharePoint cannot be read on this computer");
    offsite_sign_in_release(&sign_in);
    assert_string_equal(sign_in_by_word(BY_PERSON), "person");
    assert_string_equal(sign_in_by_word(BY_CERTIFICATE), "certificate");
    assert_string_equal(sign_in_by_word(BY_SECRET), "secret");
}

static void nothing_is_set_up(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    OffsiteSignIn sign_in;
    test_setenv("CMMS_BACKUP_DATA", dir);
    offsite_sign_in(&sign_in);
    assert_false(sign_in.set_up);
    assert_null(sign_in.text);
    assert_int_equal(sign_in.warning, -1);
    offsite_sign_in_release(&sign_in);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(days_left), cmocka_unit_test(certificate_and_secret),
                                       cmocka_unit_test(nothing_is_set_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
