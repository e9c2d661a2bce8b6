#include "test_util.h"

#include "jobs/doctor.h"

#define MEGABYTE (1024 * 1024)

static void expect(Check *check, CheckState state, const char *message, const char *hint)
{
    assert_string_equal(check->message, message);
    assert_int_equal(check->state, state);
    if (hint == NULL) {
        assert_null(check->hint);
    } else {
        assert_string_equal(check->hint, hint);
    }
    mem_free(check->message);
    mem_free(check->hint);
    *check = (Check){.name = NULL};
}

static void what_is_said(void **state)
{
    (void)state;
    static const char room[] = "Make room there: old files, and the recycle bin of the site.";
    static const char clock_hint[] = "Let Windows set the clock: Settings, Time & language.";
    Check library = {.name = NULL}, signed_in = {.name = NULL}, clock = {.name = NULL};
    OffsiteStatus status;
    OffsiteSignIn sign_in = {.text = (char *)"the sign-in to SharePoint runs out in 80 day(s)", .warning = -1};
    offsite_status_init(&status);
    doctor_cloud(&status, &sign_in, 7, &library, &signed_in, &clock);
    expect(&library, CHECK_SKIPPED, "SharePoint does not say how much room the library has", NULL);
    expect(&signed_in, CHECK_GOOD, "The sign-in to SharePoint runs out in 80 day(s)", NULL);
    expect(&clock, CHECK_SKIPPED, "SharePoint did not say what time it is there", NULL);

    status.remaining = 20 * MEGABYTE;
    status.clock_known = true;
    status.clock_ahead = -300;
    sign_in.warning = 7;
    doctor_cloud(&status, &sign_in, 10 * MEGABYTE, &library, &signed_in, &clock);
    expect(&library, CHECK_GOOD, "20.0 MB are free in the library; the last backup took 10.0 MB", NULL);
    expect(&signed_in, CHECK_WARNING, "The sign-in to SharePoint runs out in 80 day(s)",
           "Upload a backup, or sign in again.");
    expect(&clock, CHECK_GOOD, "This computer's clock and SharePoint's agree", NULL);

    status.clock_ahead = 3601;
    sign_in.warning = 0;
    doctor_cloud(&status, &sign_in, 10 * MEGABYTE + 1, &library, &signed_in, &clock);
    expect(&library, CHECK_WARNING, "20.0 MB are free in the library; the last backup took 10.0 MB", room);
    expect(&signed_in, CHECK_WARNING, "The sign-in to SharePoint runs out in 80 day(s)",
           "Sign in again: SharePoint in the Tools menu.");
    expect(&clock, CHECK_WARNING, "This computer's clock is 60 minutes ahead of SharePoint's", clock_hint);

    sign_in.by = BY_CERTIFICATE;
    for (int in = 0; in < 2; in++) { /* signed out, the certificate is here: no new one is needed */
        sign_in.signed_in = in == 1;
        doctor_cloud(&status, &sign_in, 0, &library, &signed_in, &clock);
        mem_free(library.message);
        mem_free(library.hint);
        mem_free(clock.message);
        mem_free(clock.hint);
        library = clock = (Check){.name = NULL};
        expect(&signed_in, CHECK_WARNING, "The sign-in to SharePoint runs out in 80 day(s)",
               in == 1 ? "Ask your IT administrator for a new one in time, and set the folder up again with it."
                       : "Set the folder up again, with the same certificate.");
    }
    sign_in.by = BY_PERSON;

    status.clock_ahead = -301;
    doctor_cloud(&status, &sign_in, 0, &library, &signed_in, &clock);
    expect(&library, CHECK_GOOD, "20.0 MB are free in the library", NULL);
    mem_free(signed_in.message);
    mem_free(signed_in.hint);
    expect(&clock, CHECK_WARNING, "This computer's clock is 5 minutes behind SharePoint's", clock_hint);
    offsite_status_release(&status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
