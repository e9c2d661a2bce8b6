/* offsite_sign_in.c: how long the sign-in that is kept lasts: a person's, or the program's certificate or secret. */
#include <string.h>

#include "base/mem.h"
#include "jobs/offsite.h"
#include "jobs/offsite_folder.h"
#include "platform/client_certificate.h"
#include "platform/clock.h"

#define DAY 86400

const char *sign_in_by_word(SignInBy by)
{
    return by == BY_CERTIFICATE ? "certificate" : by == BY_SECRET ? "secret" : "person";
}

static const char *words_of(SignInBy by)
{
    return by == BY_CERTIFICATE ? "the certificate of the sign-in to SharePoint"
           : by == BY_SECRET    ? "the secret of the sign-in to SharePoint"
                                : "the sign-in to SharePoint";
}

static const char *nobody(const OffsiteSignIn *sign_in)
{
    if (sign_in->by != BY_CERTIFICATE) {
        return sign_in->by == BY_SECRET ? "the secret of the sign-in to SharePoint is not kept on this PC"
                                        : "nobody is signed in to SharePoint on this PC";
    }
    switch (sign_in->certificate) {
    case SIGN_IN_FOUND: break;
    case SIGN_IN_GONE: return "the certificate of the sign-in to SharePoint is not on this computer";
    case SIGN_IN_UNREAD: return "the certificate of the sign-in to SharePoint cannot be read on this computer";
    }
    return "the program is not signed in to SharePoint on this PC; its certificate is here";
}

void offsite_sign_in_judge(OffsiteSignIn *sign_in, int64_t now)
{
    static const int marks[] = {0, 1, 7, 30};
    const bool person = sign_in->by == BY_PERSON;
    const int64_t end = person ? sign_in->renewed + (int64_t)PLACE_SIGN_IN_DAYS * DAY : sign_in->ends;
    const int64_t left = end - now < 0 ? 0 : end - now;
    sign_in->days = -1;
    sign_in->warning = -1;
    mem_free(sign_in->text);
    if (!sign_in->signed_in) {
        sign_in->warning = 0;
        sign_in->text = mem_strdup(nobody(sign_in));
        return;
    }
    if ((person ? sign_in->renewed : sign_in->ends) <= 0) {
        sign_in->text = person ? mem_strdup("when the sign-in to SharePoint runs out is known after its next use")
                               : mem_printf("when %s runs out is not known: ask your IT administrator",
                                            words_of(sign_in->by));
        return;
    }
    /* What was renewed in the future was renewed by another clock: it is taken as new. */
    sign_in->days = person && sign_in->renewed > now ? PLACE_SIGN_IN_DAYS : (int)(left / DAY);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && sign_in->warning < 0; i++) {
        if (sign_in->days <= marks[i] && (marks[i] > 0 || left == 0)) {
            sign_in->warning = marks[i];
        }
    }
    if (sign_in->warning == 0) {
        sign_in->text = mem_printf("%s has run out", words_of(sign_in->by));
    } else {
        sign_in->text = mem_printf("%s runs out in %d day(s)%s", words_of(sign_in->by), sign_in->days,
                                   person ? ", unless it is used before" : "");
    }
}

void offsite_sign_in(OffsiteSignIn *sign_in)
{
    CloudPlace place;
    CertificateFacts facts;
    place_init(&place);
    *sign_in = (OffsiteSignIn){.days = -1, .warning = -1};
    char *folder = NULL; /* OneDrive's own sign-in is OneDrive's affair */
    sign_in->set_up = offsite_folder_load(&folder, NULL) && folder == NULL && place_load(&place, NULL);
    mem_free(folder);
    if (sign_in->set_up) {
        sign_in->signed_in = place_signed_in(&place, &sign_in->renewed);
        if (!place_is_person(&place)) {
            const bool secret = strcmp(place.by, PLACE_BY_SECRET) == 0;
            Error why = ERROR_INIT;
            const bool found = !secret && certificate_find(place.certificate, &facts, &why);
            sign_in->certificate = found                        ? SIGN_IN_FOUND
                                   : why.kind == EK_NOT_FOUND ? SIGN_IN_GONE
                                                              : SIGN_IN_UNREAD;
            error_clear(&why);
            sign_in->by = secret ? BY_SECRET : BY_CERTIFICATE;
            sign_in->ends = secret ? place.secret_ends : found ? facts.ends : 0;
            sign_in->signed_in = sign_in->signed_in && (secret || found);
        }
        offsite_sign_in_judge(sign_in, clock_now());
    }
    place_release(&place);
}

void offsite_sign_in_release(OffsiteSignIn *sign_in)
{
    mem_free(sign_in->text);
    *sign_in = (OffsiteSignIn){.days = -1, .warning = -1};
}
