/*
 * receiver.h: where notices go beside this PC's own screen: a ping address (in the manner of healthchecks), a webhook,
 * a Teams workflow, mail by a server of one's own (SMTP over TLS) or by the sign-in to Microsoft (Mail.Send). One of
 * each kind, of this user on this PC: notify.json in machine_local_data_dir(). Addresses and the password in it are
 * sealed (machine_seal), because whoever knows the address of a webhook may write there.
 *
 * What is sent has an event, a title, a sentence, this PC's name and the time. Whoever makes the sentence sees to it
 * that it has no secret and no row's contents (dispatch.h).
 */
#ifndef CMMS_RECEIVER_H
#define CMMS_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "platform/cancel.h"

#define RECEIVERS_FILE "notify.json"
#define RECEIVER_SECONDS 20 /* that one request may take, whatever answers; a mail twice as long */

typedef enum ReceiverKind {
    RECEIVER_PING,    /* GET address/start, address, address/fail */
    RECEIVER_WEBHOOK, /* POST of a JSON object */
    RECEIVER_TEAMS,   /* POST of an adaptive card to a workflow "when a Teams webhook request is received" */
    RECEIVER_SMTP,
    RECEIVER_GRAPH    /* mail by the account that is signed in to SharePoint; IT has to allow Mail.Send */
} ReceiverKind;

#define RECEIVER_KINDS (RECEIVER_GRAPH + 1)

typedef struct Receiver {
    bool set;
    bool broken;      /* it is set, and its secrets cannot be opened: another user's, another PC's, damaged */
    bool quiet;       /* what went well is not told (a ping address is always told it) */
    Secret address;   /* https, or http to loopback; SMTP: smtp://host[:port] (with STARTTLS) or smtps://host[:port] */
    char *user;       /* SMTP: NULL where the server wants none, then `password` is not set either; owned, these */
    Secret password;
    char *from;       /* SMTP: a mail address */
    char *to;         /* mail: one address, or some with commas between */
} Receiver;

typedef struct Receivers {
    Receiver of[RECEIVER_KINDS];
} Receivers;

void receiver_init(Receiver *receiver);
void receiver_release(Receiver *receiver);
void receiver_copy(Receiver *to, const Receiver *from); /* `to` is initialised */
void receivers_init(Receivers *receivers);
void receivers_release(Receivers *receivers);

/* "ping", "webhook", "teams", "smtp", "graph"; static. And "Ping address", "Mail by SMTP", as people call it. */
const char *receiver_word(ReceiverKind kind);
const char *receiver_title(ReceiverKind kind);
bool receiver_from_word(const char *word, ReceiverKind *kind);

/* Whether it can be used. EK_SETTINGS says what is missing or wrong. */
bool receiver_check(ReceiverKind kind, const Receiver *receiver, Error *err);
/* Where it leads, without what may be a secret: "https://hc-ping.com/…", "ann@example.com by smtps://mail.example.com".
 * Caller frees. */
char *receiver_shown(ReceiverKind kind, const Receiver *receiver);

/* The host of an address that may be used, with its port; NULL: it is neither https nor http to loopback, or has a user
 * name in it. Caller frees. */
char *receiver_host(const char *address);

/* Replaces what it holds. A missing file: none is set. EK_SETTINGS: the file is not what we write; EK_IO. */
bool receivers_load(Receivers *receivers, Error *err);
bool receivers_save(const Receivers *receivers, Error *err); /* atomic */
bool receivers_parse(const char *bytes, size_t len, Receivers *receivers, Error *err);

typedef struct Message { /* borrowed */
    const char *event;    /* "start", "done", "failed", … (dispatch.h) */
    const char *title;    /* "Backup failed" */
    const char *text;     /* a sentence */
    const char *computer; /* this PC's name */
    int64_t when;         /* unix seconds */
    bool bad;
} Message;

/* One try, RECEIVER_SECONDS long at most. EK_CONNECT, EK_REFUSED, EK_NOT_FOUND, EK_SETTINGS; no error has the address
 * or what the other side said. */
bool receiver_send(ReceiverKind kind, const Receiver *receiver, const Message *message, const Cancel *cancel,
                   Error *err);

/* --- what is sent, without sending it. Caller frees. ------------------------------------------------------ */

/* The address for an event: "/start" or "/fail" behind the path; as it is for all others. */
char *message_ping(const char *address, const char *event);
char *message_webhook(const Message *message);
char *message_card(const Message *message);
char *message_graph(const Message *message, const char *to);
/* RFC 5322, with CR LF; `id` makes its Message-ID. */
char *message_mail(const Message *message, const char *from, const char *to, const char *id);
/* The next address of a list with commas, trimmed; NULL: that was the last. *list moves on. Caller frees. */
char *message_next_address(const char **list);

#endif
