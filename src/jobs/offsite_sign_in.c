/* offsite_sign_in.c: how long the sign-in that is kept lasts. */
#include "base/mem.h"
#include "jobs/offsite.h"
#include "platform/clock.h"

#define DAY 86400

void offsite_sign_in_judge(OffsiteSignIn *sign_in, int64_t now)
{
    static const int marks[] = {0, 1, 7, 30};
    const int64_t end = sign_in->renewed + (int64_t)PLACE_SIGN_IN_DAYS * DAY;
    const int64_t left = end - now < 0 ? 0 : end - now;
    sign_in->days = -1;
    sign_in->warning = -1;
    mem_free(sign_in->text);
    if (!sign_in->signed_in) {
        sign_in->warning = 0;
        sign_in->text = mem_strdup("nobody is signed in to SharePoint on this PC");
        return;
    }
    if (sign_in->renewed <= 0) {
        sign_in->text = mem_strdup("when the sign-in to SharePoint runs out is known after its next use");
        return;
    }
    /* What was renewed in the future was renewed by another clock: it is taken as new. */
    sign_in->days = sign_in->renewed > now ? PLACE_SIGN_IN_DAYS : (int)(left / DAY);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && sign_in->warning < 0; i++) {
        if (sign_in->days <= marks[i] && (marks[i] > 0 || left == 0)) {
            sign_in->warning = marks[i];
        }
    }
    if (sign_in->warning == 0) {
        sign_in->text = mem_strdup("the sign-in to SharePoint has run out");
    } else {
        sign_in->text = mem_printf("the sign-in to SharePoint runs out in %d day(s), unless it is used before",
                                   sign_in->days);
    }
}

void offsite_sign_in(OffsiteSignIn *sign_in)
{
    CloudPlace place;
    place_init(&place);
    *sign_in = (OffsiteSignIn){.days = -1, .warning = -1};
    sign_in->set_up = place_load(&place, NULL);
    if (sign_in->set_up) {
        sign_in->signed_in = place_signed_in(&place, &sign_in->renewed);
        offsite_sign_in_judge(sign_in, clock_now());
    }
    place_release(&place);
}

void offsite_sign_in_release(OffsiteSignIn *sign_in)
{
    mem_free(sign_in->text);
    *sign_in = (OffsiteSignIn){.days = -1, .warning = -1};
}
