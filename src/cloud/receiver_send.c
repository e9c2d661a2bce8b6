/* receiver_send.c: the requests, one try each. */
#include "cloud/receiver.h"

#include <string.h>

#include "base/mem.h"
#include "cloud/graph.h"
#include "cloud/http.h"
#include "cloud/place.h"
#include "cloud/smtp.h"
#include "platform/machine.h"

#define ANSWER_MAX 65536u /* of an answer, which nobody reads */

static bool explain(long status, const char *host, Error *err)
{
    if (status == 404 || status == 410) {
        error_set(err, EK_NOT_FOUND, "%s does not know the address (status %ld)", host, status);
        return error_hint(err, "Set the address again.");
    }
    if (status == 429) {
        return error_set(err, EK_CONNECT, "%s gets too many messages (status 429)", host);
    }
    if (status >= 300 && status < 400) {
        error_set(err, EK_REFUSED, "%s sends the message elsewhere (status %ld)", host, status);
        return error_hint(err, "Set the address to which it leads.");
    }
    if (status >= 500) {
        return error_set(err, EK_CONNECT, "%s has a fault (status %ld)", host, status);
    }
    return error_set(err, EK_REFUSED, "%s does not take the message (status %ld)", host, status);
}

/* `json`: POST of it; NULL: GET. */
static bool ask(const char *url, const char *json, const Cancel *cancel, Error *err)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    const HttpRequest request = {.method = json != NULL ? "POST" : "GET",
                                 .url = url,
                                 .headers = json != NULL ? headers : NULL,
                                 .body = json,
                                 .body_len = json != NULL ? strlen(json) : 0,
                                 .max_response = ANSWER_MAX,
                                 .seconds = RECEIVER_SECONDS};
    HttpResponse response;
    Http *http = http_new();
    http_response_init(&response);
    bool ok = http_request(http, &request, cancel, &response, err);
    if (ok && (response.status < 200 || response.status > 299)) {
        char *host = receiver_host(url);
        ok = explain(response.status, host != NULL ? host : "?", err);
        mem_free(host);
    }
    http_response_release(&response);
    http_free(http);
    return ok;
}

static bool send_mail(const Receiver *receiver, const Message *message, const Cancel *cancel, Error *err)
{
    unsigned char random[8];
    if (!machine_random(random, sizeof random)) {
        return error_set(err, EK_INTERNAL, "the system gives no random numbers");
    }
    char *id = mem_printf("%lld.%02x%02x%02x%02x%02x%02x%02x%02x", (long long)message->when, random[0], random[1],
                          random[2], random[3], random[4], random[5], random[6], random[7]);
    char *text = message_mail(message, receiver->from, receiver->to, id);
    const SmtpMail mail = {.address = receiver->address.bytes,
                           .user = receiver->user,
                           .password = &receiver->password,
                           .from = receiver->from,
                           .to = receiver->to,
                           .text = text,
                           .seconds = 2 * RECEIVER_SECONDS};
    const bool ok = smtp_send(&mail, cancel, err);
    mem_free(text);
    mem_free(id);
    return ok;
}

static bool post_mail(Graph *graph, const char *json, const Cancel *cancel, Error *err)
{
    GraphAnswer answer;
    graph_answer_init(&answer);
    const GraphRequest request = {.method = "POST", .path = "/me/sendMail", .json = json};
    bool ok = graph_send(graph, &request, cancel, &answer, err);
    if (ok && answer.status == 0) {
        ok = graph_problem(&answer, "the mail could not be sent", err);
    } else if (ok && answer.status == 403) {
        error_set(err, EK_REFUSED, "this sign-in may not send mail (status 403)");
        ok = error_hint(err, "Ask your IT administrator to allow Mail.Send for the program.");
    } else if (ok && answer.status != 202 && answer.status != 200) {
        error_set(err, answer.status >= 500 || answer.status == 429 ? EK_CONNECT : EK_REFUSED,
                  "Microsoft does not take the mail (status %ld)", answer.status);
        ok = false;
    }
    graph_answer_release(&answer);
    return ok;
}

static bool send_by_graph(const Receiver *receiver, const Message *message, const Cancel *cancel, Error *err)
{
    CloudPlace place;
    PlaceSignIn sign_in;
    Graph *graph = NULL;
    place_init(&place);
    if (!place_load(&place, err)) {
        return error_context(err, "there is no sign-in to Microsoft to send mail with");
    }
    place_sign_in_init(&sign_in, &place);
    const GraphSetup setup = {.endpoint = place.graph,
                              .unit_ms = 50,
                              .seconds = RECEIVER_SECONDS,
                              .token = place_mail_token,
                              .context = &sign_in};
    char *json = message_graph(message, receiver->to);
    const bool ok = graph_new(&setup, &graph, err) && post_mail(graph, json, cancel, err);
    mem_free(json);
    graph_free(graph);
    place_sign_in_release(&sign_in);
    place_release(&place);
    return ok;
}

static bool send_to_web(ReceiverKind kind, const Receiver *receiver, const Message *message, const Cancel *cancel,
                        Error *err)
{
    char *url = kind == RECEIVER_PING ? message_ping(receiver->address.bytes, message->event)
                                      : mem_strdup(receiver->address.bytes);
    char *json = kind == RECEIVER_WEBHOOK ? message_webhook(message)
                 : kind == RECEIVER_TEAMS ? message_card(message)
                                          : NULL;
    const bool ok = ask(url, json, cancel, err);
    mem_free(json);
    secret_free_text(url);
    return ok;
}

bool receiver_send(ReceiverKind kind, const Receiver *receiver, const Message *message, const Cancel *cancel,
                   Error *err)
{
    if (!receiver_check(kind, receiver, err)) {
        return false;
    }
    switch (kind) {
    case RECEIVER_SMTP: return send_mail(receiver, message, cancel, err);
    case RECEIVER_GRAPH: return send_by_graph(receiver, message, cancel, err);
    case RECEIVER_PING:
    case RECEIVER_WEBHOOK:
    case RECEIVER_TEAMS: break;
    }
    return send_to_web(kind, receiver, message, cancel, err);
}
