/* doctor_cloud.c: what the doctor says of SharePoint, once it was asked. */
#include "jobs/doctor.h"

#include "base/mem.h"
#include "base/number.h"
#include "cloud/oauth.h"

static void set(Check *check, CheckState state, char *message, const char *hint)
{
    mem_free(check->message);
    mem_free(check->hint);
    check->state = state;
    check->message = message;
    check->hint = mem_strdup(hint);
}

static void judge_library(const OffsiteStatus *status, uint64_t last, Check *check)
{
    if (status->remaining < 0) {
        set(check, CHECK_SKIPPED, mem_strdup("SharePoint does not say how much room the library has"), NULL);
        return;
    }
    const NumberText here = size_text((uint64_t)status->remaining);
    char *message = last > 0 ? mem_printf("%s are free in the library; the last backup took %s", here.text,
                                          size_text(last).text)
                             : mem_printf("%s are free in the library", here.text);
    const bool little = (uint64_t)status->remaining < 2 * last;
    set(check, little ? CHECK_WARNING : CHECK_GOOD, message,
        little ? "Make room there: old files, and the recycle bin of the site." : NULL);
}

static void judge_sign_in(const OffsiteSignIn *sign_in, Check *check)
{
    char *message = mem_strdup(sign_in->text);
    message[0] = message[0] >= 'a' && message[0] <= 'z' ? (char)(message[0] - 'a' + 'A') : message[0];
    set(check, sign_in->warning < 0 ? CHECK_GOOD : CHECK_WARNING, message,
        sign_in->warning < 0    ? NULL
        : sign_in->by == BY_CERTIFICATE && !sign_in->signed_in && sign_in->certificate == SIGN_IN_FOUND
            ? "Set the folder up again, with the same certificate."
        : sign_in->by != BY_PERSON
            ? "Ask your IT administrator for a new one in time, and set the folder up again with it."
        : sign_in->warning == 0 ? OAUTH_SIGN_IN_AGAIN
                                : "Upload a backup, or sign in again.");
}

static void judge_clock(const OffsiteStatus *status, Check *check)
{
    char *words = offsite_clock_words(status->clock_ahead);
    if (!status->clock_known) {
        set(check, CHECK_SKIPPED, mem_strdup("SharePoint did not say what time it is there"), NULL);
        mem_free(words);
    } else if (words != NULL) {
        set(check, CHECK_WARNING, words, OFFSITE_CLOCK_HINT);
    } else {
        set(check, CHECK_GOOD, mem_strdup("This computer's clock and SharePoint's agree"), NULL);
    }
}

void doctor_cloud(const OffsiteStatus *status, const OffsiteSignIn *sign_in, uint64_t last, Check *library,
                  Check *signed_in, Check *clock)
{
    judge_library(status, last, library);
    judge_sign_in(sign_in, signed_in);
    judge_clock(status, clock);
}
