/*
 * offsite.h: backups on SharePoint: the folder is set up once, then backups are uploaded to it.
 *
 * What is where: place.h. An upload: upload.h. Its outcome has its entry "upload" in the log of the backup's folder.
 */
#ifndef CMMS_OFFSITE_H
#define CMMS_OFFSITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/job.h"
#include "cloud/place.h"
#include "cloud/upload.h"
#include "platform/cancel.h"

typedef struct OffsiteSetUp {
    const char *link;       /* to a site, a library, a folder, or a sharing link */
    /* NULL: what was saved last, else what the link's host says. */
    const char *client_id, *tenant, *graph, *login;
    const char *cloud;      /* instead of graph and login: a name (cloud_endpoints), both with a space between, "" */
    const char *rights;     /* "all" or PLACE_SELECTED */
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
} OffsiteStatus;
void offsite_status_init(OffsiteStatus *status);
void offsite_status_release(OffsiteStatus *status);
/* Whether the folder that is set up can be reached now. `place` is filled where there is one, also on failure. */
bool offsite_look(const JobSink *sink, const Cancel *cancel, OffsiteStatus *status, Error *err);

/* Uploads a backup, then its manifest. It must have one that fits; a damaged one is EK_DAMAGED and is marked so. The
 * folder's lock is not held: backups go on meanwhile. */
bool offsite_upload(const char *path, const JobSink *sink, const Cancel *cancel, UploadResult *result, Error *err);

/* "contoso.onmicrosoft.com" for "contoso.sharepoint.com" and "contoso-my.sharepoint.com"; NULL: the host says nothing.
 * Caller frees. */
char *offsite_tenant_of(const char *host);

#endif
