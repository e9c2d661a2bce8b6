#include "cloud/receiver.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "cloud/address.h"
#include "cloud/smtp.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "sealed.h"

#define VERSION 1
#define FILE_MAX 262144u
#define ADDRESS_MAX 4000u
#define TEXT_MAX 1000u
#define RECIPIENTS_MAX 20

void receiver_init(Receiver *receiver)
{
    *receiver = (Receiver){.address = SECRET_INIT, .password = SECRET_INIT};
}

void receiver_release(Receiver *receiver)
{
    secret_release(&receiver->address);
    secret_release(&receiver->password);
    mem_free(receiver->user);
    mem_free(receiver->from);
    mem_free(receiver->to);
    receiver_init(receiver);
}

void receiver_copy(Receiver *to, const Receiver *from)
{
    Receiver made;
    receiver_init(&made);
    made.set = from->set;
    made.broken = from->broken;
    made.quiet = from->quiet;
    secret_copy(&made.address, &from->address);
    secret_copy(&made.password, &from->password);
    made.user = mem_strdup(from->user);
    made.from = mem_strdup(from->from);
    made.to = mem_strdup(from->to);
    receiver_release(to);
    *to = made;
}

void receivers_init(Receivers *receivers)
{
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        receiver_init(&receivers->of[i]);
    }
}

void receivers_release(Receivers *receivers)
{
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        receiver_release(&receivers->of[i]);
    }
}

const char *receiver_word(ReceiverKind kind)
{
    static const char *const words[RECEIVER_KINDS] = {"ping", "webhook", "teams", "smtp", "graph"};
    return words[kind];
}

const char *receiver_title(ReceiverKind kind)
{
    static const char *const titles[RECEIVER_KINDS] = {"Ping address", "Webhook", "Teams", "Mail by SMTP",
                                                       "Mail by Microsoft 365"};
    return titles[kind];
}

bool receiver_from_word(const char *word, ReceiverKind *kind)
{
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        if (strcmp(word, receiver_word((ReceiverKind)i)) == 0) {
            *kind = (ReceiverKind)i;
            return true;
        }
    }
    return false;
}

/* --- whether it can be used ------------------------------------------------------------------------------- */

/* Printable, without a blank: it stands in a request. */
static bool is_word(const char *text, size_t most)
{
    const char *p = text;
    while ((unsigned char)*p > 0x20 && (unsigned char)*p < 0x7F) {
        p++;
    }
    return p > text && *p == '\0' && (size_t)(p - text) <= most;
}

static bool is_mail_address(const char *text)
{
    const char *at = strchr(text, '@');
    return is_word(text, 254) && at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
           strpbrk(text, "<>()[]\\,;:\"") == NULL;
}

static bool check_mail(const char *what, const char *text, Error *err)
{
    if (text == NULL || !is_mail_address(text)) {
        error_set(err, EK_SETTINGS, "%s is no mail address", what);
        return error_hint(err, "It looks like ann@example.com.");
    }
    return true;
}

static bool check_recipients(const char *to, Error *err)
{
    unsigned count = 0;
    bool ok = to != NULL && strlen(to) <= TEXT_MAX;
    const char *list = ok ? to : "";
    for (char *one; (one = message_next_address(&list)) != NULL; mem_free(one)) {
        ok = ok && is_mail_address(one);
        count++;
    }
    if (!ok || count == 0 || count > RECIPIENTS_MAX) {
        error_set(err, EK_SETTINGS, "who is to get the mail is not said as one mail address, or up to %d with commas "
                                    "between", RECIPIENTS_MAX);
        return error_hint(err, "It looks like ann@example.com, ben@example.com.");
    }
    return true;
}

/* As cloud_url_host, but with a port wherever it leads: those of Teams' workflows have one. */
char *receiver_host(const char *address)
{
    const bool plain = strncmp(address, "http://", 7) == 0;
    if (!plain && strncmp(address, "https://", 8) != 0) {
        return NULL;
    }
    const char *start = address + (plain ? 7 : 8);
    const size_t len = strcspn(start, "/?#\\");
    char *host = mem_strndup(start, len);
    const char *port = strchr(host[0] == '[' ? host + strcspn(host, "]") : host, ':');
    bool ok = len > 0 && host[0] != ':' &&
              strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == len;
    ok = ok && (port == NULL || (port[1] != '\0' && strlen(port) <= 6 &&
                                 port[1 + strspn(port + 1, "0123456789")] == '\0'));
    if (!ok || (plain && !cloud_is_loopback(host))) {
        mem_free(host);
        return NULL;
    }
    return host;
}

static bool check_web(const Receiver *receiver, Error *err)
{
    const bool said = secret_is_set(&receiver->address) && receiver->address.len > 0;
    char *host = said && is_word(receiver->address.bytes, ADDRESS_MAX) ? receiver_host(receiver->address.bytes) : NULL;
    const bool ok = host != NULL;
    mem_free(host);
    if (!said) {
        return error_set(err, EK_SETTINGS, "its address is missing");
    }
    if (!ok) {
        error_set(err, EK_SETTINGS, "its address cannot be used");
        return error_hint(err, "It begins with https://; with http:// only where it leads to this computer.");
    }
    return true;
}

static bool check_smtp(const Receiver *receiver, Error *err)
{
    if (!secret_is_set(&receiver->address) || receiver->address.len == 0) {
        return error_set(err, EK_SETTINGS, "the address of the mail server is missing");
    }
    if (!smtp_address_check(receiver->address.bytes, err) || !check_mail("the sender", receiver->from, err) ||
        !check_recipients(receiver->to, err)) {
        return false;
    }
    if (receiver->user != NULL && (receiver->user[0] == '\0' || strlen(receiver->user) > TEXT_MAX ||
                                   strpbrk(receiver->user, "\r\n") != NULL)) {
        return error_set(err, EK_SETTINGS, "the user name for the mail server cannot be used");
    }
    if (receiver->user != NULL && !secret_is_set(&receiver->password)) {
        return error_set(err, EK_SETTINGS, "the password for the mail server is missing");
    }
    if (!smtp_available()) {
        error_set(err, EK_SETTINGS, "this program was built with a libcurl that cannot send mail");
        return error_hint(err, "Use a webhook, or mail by the sign-in to Microsoft.");
    }
    return true;
}

bool receiver_check(ReceiverKind kind, const Receiver *receiver, Error *err)
{
    if (receiver->broken) {
        error_set(err, EK_SETTINGS, "what is saved about it cannot be opened by this user on this PC");
        return error_hint(err, "Set it again.");
    }
    return kind == RECEIVER_SMTP    ? check_smtp(receiver, err)
           : kind == RECEIVER_GRAPH ? check_recipients(receiver->to, err)
                                    : check_web(receiver, err);
}

char *receiver_shown(ReceiverKind kind, const Receiver *receiver)
{
    const char *to = receiver->to != NULL ? receiver->to : "?";
    if (kind == RECEIVER_GRAPH) {
        return mem_strdup(to);
    }
    if (receiver->broken || !secret_is_set(&receiver->address)) {
        return mem_strdup("?");
    }
    const char *address = receiver->address.bytes;
    if (kind == RECEIVER_SMTP) {
        return mem_printf("%s by %s", to, address);
    }
    char *host = receiver_host(address);
    const bool plain = strncmp(address, "http:", 5) == 0;
    char *shown = host == NULL ? mem_strdup("?") : mem_printf("%s://%s/\xE2\x80\xA6", plain ? "http" : "https", host);
    mem_free(host);
    return shown;
}

/* --- the file --------------------------------------------------------------------------------------------- */

static char *own_path(Error *err)
{
    char *dir = machine_local_data_dir();
    char *path = dir != NULL ? fs_join(dir, RECEIVERS_FILE) : NULL;
    if (dir == NULL) {
        error_set(err, EK_SETTINGS, "there is no folder for this user's settings");
    }
    mem_free(dir);
    return path;
}

static char *take_text(const cJSON *item, const char *name)
{
    const char *text = json_string(item, name, NULL);
    return text != NULL && strlen(text) <= TEXT_MAX ? mem_strdup(text) : NULL;
}

static void take_secret(const cJSON *item, const char *name, Receiver *receiver, Secret *secret)
{
    const char *sealed = json_string(item, name, NULL);
    if (sealed != NULL && !sealed_open(sealed, secret)) {
        receiver->broken = true;
    }
}

bool receivers_parse(const char *bytes, size_t len, Receivers *receivers, Error *err)
{
    cJSON *document = NULL;
    const bool ok = json_parse(bytes, len, &document, NULL) && json_int(document, "version", 0) == VERSION;
    if (!ok) {
        cJSON_Delete(document);
        error_set(err, EK_SETTINGS, "what is saved about who is notified is damaged");
        return error_hint(err, "Set the receivers again.");
    }
    receivers_release(receivers);
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(document, "receivers")) {
        ReceiverKind kind;
        if (!receiver_from_word(json_string(item, "kind", ""), &kind)) {
            continue; /* of a newer version */
        }
        Receiver *receiver = &receivers->of[kind];
        receiver_release(receiver);
        receiver->set = true;
        receiver->quiet = json_bool(item, "quiet", false);
        receiver->user = take_text(item, "user");
        receiver->from = take_text(item, "from");
        receiver->to = take_text(item, "to");
        take_secret(item, "address", receiver, &receiver->address);
        take_secret(item, "password", receiver, &receiver->password);
    }
    cJSON_Delete(document);
    return true;
}

bool receivers_load(Receivers *receivers, Error *err)
{
    StrBuf text;
    Error failed = ERROR_INIT;
    char *path = own_path(err);
    if (path == NULL) {
        return false;
    }
    strbuf_init(&text, FILE_MAX);
    bool ok = fs_read_all(path, FILE_MAX, &text, &failed);
    if (ok) {
        ok = receivers_parse(text.buf, text.len, receivers, err);
    } else if (failed.kind == EK_NOT_FOUND) {
        receivers_release(receivers);
        error_clear(&failed);
        ok = true;
    } else {
        error_move(err, &failed);
    }
    secret_wipe(text.buf, text.len); /* on POSIX a sealed secret is the secret */
    strbuf_release(&text);
    mem_free(path);
    return ok;
}

static bool set_secret(cJSON *item, const char *name, const Secret *secret, Error *err)
{
    if (!secret_is_set(secret)) {
        return true;
    }
    char *sealed = sealed_text(secret, err);
    if (sealed == NULL) {
        return false;
    }
    json_set_string(item, name, sealed);
    secret_free_text(sealed);
    return true;
}

static void set_text(cJSON *item, const char *name, const char *text)
{
    if (text != NULL) {
        json_set_string(item, name, text);
    }
}

bool receivers_save(const Receivers *receivers, Error *err)
{
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "version", VERSION);
    cJSON *list = cJSON_AddArrayToObject(document, "receivers");
    bool ok = true;
    for (size_t i = 0; ok && i < RECEIVER_KINDS; i++) {
        const Receiver *receiver = &receivers->of[i];
        if (!receiver->set) {
            continue;
        }
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        json_set_string(item, "kind", receiver_word((ReceiverKind)i));
        json_set_bool(item, "quiet", receiver->quiet);
        set_text(item, "user", receiver->user);
        set_text(item, "from", receiver->from);
        set_text(item, "to", receiver->to);
        /* What could not be opened stays said to be so. */
        ok = set_secret(item, "address", &receiver->address, err) &&
             set_secret(item, "password", &receiver->password, err);
        if (receiver->broken) {
            json_set_string(item, "address", "?");
        }
    }
    char *path = ok ? own_path(err) : NULL;
    char *text = path != NULL ? json_text(document) : NULL;
    ok = text != NULL && fs_write_atomic(path, text, strlen(text), err);
    secret_free_text(text);
    mem_free(path);
    cJSON_Delete(document);
    return ok;
}
