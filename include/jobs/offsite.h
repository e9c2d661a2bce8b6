/*
 * offsite.h: backups on SharePoint: the folder is set up once, then backups are uploaded to it.
 *
 * What is where: place.h. An upload: upload.h. Its outcome has its entry "upload" in the log of the backup's folder,
 * where the copy is noted as well (copies.h).
 */
#ifndef CMMS_OFFSITE_H
#define CMMS_OFFSITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "base/secret.h"
#include "cloud/place.h"
#include "cloud/upload.h"
#include "platform/cancel.h"

typedef struct OffsiteSetUp {
    const char *link;       /* to a site, a library, a folder, or a sharing link */
    /* NULL: what was saved last, else what the link's host says. */
    const char *client_id, *tenant, *graph, *login;
    const char *cloud;      /* instead of graph and login: a name (cloud_endpoints), both with a space between, "" */
    const char *rights;     /* "all", PLACE_SELECTED or PLACE_LIST */
    /* The program signs in as itself, nobody in a browser: with this certificate's key, as people paste its thumbprint,
     * or with this secret. Both NULL: a person does. */
    const char *certificate;
    const Secret *secret;
    int64_t secret_ends;    /* unix seconds; 0: not known. Microsoft does not tell it */
    bool device_code;       /* instead of the browser of this computer */
    bool no_browser;        /* the address is only shown, not opened as well */
    /* Where somebody must go to sign in; `code` to type there, or NULL. */
    void (*show)(void *context, const char *address, const char *code);
    void *context;
} OffsiteSetUp;

/* What a set-up would use: client ID, tenant, endpoints and rights of `place` are filled. Nobody is asked. The same
 * errors as from offsite_set_up before it signs in: EK_USAGE: the link; EK_SETTINGS: what is missing or cannot be
 * used. */
bool offsite_choose(const OffsiteSetUp *spec, CloudPlace *place, Error *err);
/* The page for IT (ask_it.h) about it; without a link about the folder that is set up. `failed`: what a set-up, a look
 * or an upload failed with, or NULL. Caller frees. */
char *offsite_ask_it(const OffsiteSetUp *spec, const Error *failed);

/* Signs in, finds the folder, tries it with a tiny file that is removed again, and saves it; `place` gets it. What was
 * set up before stays until all of that has succeeded. EK_USAGE: the link; EK_SETTINGS: what is missing; EK_REFUSED,
 * EK_NOT_FOUND, EK_CONNECT. */
bool offsite_set_up(const OffsiteSetUp *spec, const JobSink *sink, const Cancel *cancel, CloudPlace *place, Error *err);

typedef struct OffsiteStatus {
    CloudPlace place;
    int64_t total, remaining; /* bytes of the library; -1: not told */
    bool clock_known;
    int64_t clock_ahead;      /* seconds that this computer's clock is ahead of SharePoint's */
} OffsiteStatus;
/* "This computer's clock is 61 minutes ahead of SharePoint's"; NULL: they agree, within five. Caller frees. */
char *offsite_clock_words(int64_t ahead);
#define OFFSITE_CLOCK_HINT "Let Windows set the clock: Settings, Time & language."
void offsite_status_init(OffsiteStatus *status);
void offsite_status_release(OffsiteStatus *status);
/* Whether the folder that is set up can be reached now; a clock that is wrong is told to the sink. `place` is filled
 * where there is one, also on failure. */
bool offsite_look(const JobSink *sink, const Cancel *cancel, OffsiteStatus *status, Error *err);
/* The same for who does not want to wait: what may pass is not awaited for minutes. */
bool offsite_glance(const Cancel *cancel, OffsiteStatus *status, Error *err);

/* Whether copies can be asked for: a folder on SharePoint is set up, or one that OneDrive keeps in step is chosen
 * (offsite_folder.h). EK_NOT_FOUND, EK_SETTINGS. */
bool offsite_is_set_up(Error *err);
/* That one's name, for people; NULL: there is none, or nobody is signed in to it. Caller frees. */
char *offsite_where(void);
/* Whether a Rate's pause, and its limit, hold uploads; what lies in OneDrive's folder OneDrive sends by itself. */
bool offsite_can_pause(void);
/* The folder goes, of either kind, and the sign-in. What lies there stays. */
bool offsite_forget(const Cancel *cancel, Error *err);

/* The sign-in of the place that is set up, as it is kept here; nothing is asked of Microsoft, which sends no notice
 * before one runs out. */
typedef enum SignInBy { BY_PERSON, BY_CERTIFICATE, BY_SECRET } SignInBy;
const char *sign_in_by_word(SignInBy by); /* "person", "certificate", "secret"; static */

typedef enum SignInCertificate { SIGN_IN_FOUND, SIGN_IN_GONE, SIGN_IN_UNREAD } SignInCertificate;

typedef struct OffsiteSignIn {
    bool set_up;     /* there is a place */
    SignInBy by;
    bool signed_in;  /* of a certificate: and it is on this computer */
    SignInCertificate certificate; /* that one, on this computer */
    int64_t renewed; /* unix seconds; 0: not known */
    int64_t ends;    /* of a certificate or a secret, unix seconds; 0: not known */
    int days;        /* that are left, of a person's unless it is used before; -1: not known */
    int warning;     /* the mark that was passed: 30, 7, 1 days, or 0 when it has run out; -1: none */
    char *text;      /* owned: "the sign-in to SharePoint runs out in 7 day(s), …"; NULL: !set_up */
} OffsiteSignIn;
void offsite_sign_in(OffsiteSignIn *sign_in); /* fills in; end with offsite_sign_in_release */
void offsite_sign_in_release(OffsiteSignIn *sign_in);
/* The part of it that asks nobody: by, signed_in, renewed and ends are given. */
void offsite_sign_in_judge(OffsiteSignIn *sign_in, int64_t now);

/* Uploads a backup, then its manifest. It must have one that fits; a damaged one is EK_DAMAGED and is marked so. The
 * folder's lock is not held: backups go on meanwhile; but nobody removes the file (folder_upload_lock). Where that is
 * set up (encryption.h), it is NAME.age that goes, encrypted here; EK_SETTINGS where that cannot be read. */
bool offsite_upload(const char *path, const JobSink *sink, const Cancel *cancel, UploadResult *result, Error *err);
/* The same through a gate that others share, and that somebody may close (rate.h): the setting upload_limit_kb is put
 * into it when a file begins. */
bool offsite_upload_by(const char *path, Rate *rate, const JobSink *sink, const Cancel *cancel, UploadResult *result,
                       Error *err);

/* What became of the copies that the settings ask for. */
typedef struct OffsiteAfter {
    bool asked;      /* upload_after_backup */
    size_t uploaded; /* that got there now */
    size_t waiting;  /* that are to, and did not */
    char *warning;   /* owned: why not, and what to do; NULL: nothing is wrong */
} OffsiteAfter;
void offsite_after_init(OffsiteAfter *after);
void offsite_after_release(OffsiteAfter *after);

typedef struct OffsiteAfterSpec { /* borrowed */
    const char *folder;
    const char *made; /* the backup that was made just now, its path; NULL: none was */
    bool patient;     /* what may pass is tried again after 1, 5 and 15 minutes: nobody waits for the outcome */
} OffsiteAfterSpec;

/* After a backup, and whenever a run of the schedule ends: where the settings ask for it, uploads what was made, and
 * what an earlier run did not bring there, the newest first; each goes on where its journal says. A job of its own
 * behind the backup's: its progress begins anew. It never fails: what does not get there is noted to wait (copies.h),
 * told as a warning, and the next call has it. Only verified backups go. Where the settings could not be read, although
 * copies were made from here or a place is set up, that is told. */
void offsite_after(const OffsiteAfterSpec *spec, const JobSink *sink, const Cancel *cancel, OffsiteAfter *after);

/* What tests put others in the place of. */
typedef struct OffsiteWorld {
    int64_t (*now)(void *context);
    bool (*wait)(void *context, unsigned seconds, const Cancel *cancel); /* true: a stop was requested */
    bool (*upload)(void *context, const char *path, const JobSink *sink, const Cancel *cancel, Error *err);
    void *context;
} OffsiteWorld;
void offsite_after_in(const OffsiteWorld *world, const OffsiteAfterSpec *spec, const JobSink *sink,
                      const Cancel *cancel, OffsiteAfter *after);

/* "contoso.onmicrosoft.com" for "contoso.sharepoint.com" and "contoso-my.sharepoint.com"; NULL: the host says nothing.
 * Caller frees. */
char *offsite_tenant_of(const char *host);

#endif
