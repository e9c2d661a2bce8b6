/*
 * message.c: what is sent. A card's texts are TextRuns: a TextBlock would read what a table or a file is called as
 * Markdown, and so also a link that somebody has put there.
 */
#include "cloud/receiver.h"

#include <string.h>

#include <openssl/evp.h>

#include <cjson/cJSON.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "version.h"

#define MAIL_MAX 65536u
#define MAIL_LINE 57u /* bytes that make a line of 76 in base64 (RFC 2045) */
#define WORD_BYTES 39u /* of an encoded word, so that its line has 76 characters at most (RFC 2047) */

char *message_ping(const char *address, const char *event)
{
    const bool fails = strcmp(event, "failed") == 0 || strcmp(event, "unverified") == 0;
    const char *tail = strcmp(event, "start") == 0 ? "/start" : fails ? "/fail" : "";
    size_t path = strcspn(address, "?#");
    const char *query = address + path;
    while (tail[0] != '\0' && path > 0 && address[path - 1] == '/') {
        path--;
    }
    return mem_printf("%.*s%s%.*s", (int)path, address, tail, (int)strcspn(query, "#"), query);
}

char *message_webhook(const Message *message)
{
    cJSON *document = cJSON_CreateObject();
    char *when = clock_iso_text(message->when);
    json_set_string(document, "product", CMMS_PRODUCT);
    json_set_string(document, "version", CMMS_VERSION);
    json_set_string(document, "event", message->event);
    json_set_bool(document, "bad", message->bad);
    json_set_string(document, "title", message->title);
    json_set_string(document, "text", message->text);
    json_set_string(document, "computer", message->computer);
    json_set_string(document, "time", when);
    char *text = json_text(document);
    mem_free(when);
    cJSON_Delete(document);
    return text;
}

/* --- Teams ------------------------------------------------------------------------------------------------ */

static cJSON *add_object(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    return object;
}

static cJSON *add_run(cJSON *body, const char *text)
{
    cJSON *block = add_object(body);
    json_set_string(block, "type", "RichTextBlock");
    cJSON *run = add_object(cJSON_AddArrayToObject(block, "inlines"));
    json_set_string(run, "type", "TextRun");
    json_set_string(run, "text", text);
    return run;
}

char *message_card(const Message *message)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "type", "message");
    cJSON *attachment = add_object(cJSON_AddArrayToObject(document, "attachments"));
    json_set_string(attachment, "contentType", "application/vnd.microsoft.card.adaptive");
    cJSON *card = cJSON_AddObjectToObject(attachment, "content");
    json_set_string(card, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    json_set_string(card, "type", "AdaptiveCard");
    json_set_string(card, "version", "1.4");
    cJSON *body = cJSON_AddArrayToObject(card, "body");
    cJSON *title = add_run(body, message->title);
    json_set_string(title, "size", "Large");
    json_set_string(title, "weight", "Bolder");
    json_set_string(title, "color", message->bad ? "Attention" : "Good");
    add_run(body, message->text);
    char *when = clock_log_text(message->when);
    char *last = mem_printf("%s, %s, " CMMS_PRODUCT, message->computer, when);
    json_set_bool(add_run(body, last), "isSubtle", true);
    char *text = json_text(document);
    mem_free(last);
    mem_free(when);
    cJSON_Delete(document);
    return text;
}

/* --- mail ------------------------------------------------------------------------------------------------- */

char *message_next_address(const char **list)
{
    while (**list != '\0') {
        const size_t len = strcspn(*list, ",;");
        StrBuf one;
        strbuf_init(&one, STRBUF_SMALL);
        strbuf_add(&one, *list, len);
        strbuf_trim(&one);
        *list += len + ((*list)[len] != '\0');
        if (one.len > 0) {
            return strbuf_detach(&one);
        }
        strbuf_release(&one);
    }
    return NULL;
}

static char *subject_of(const Message *message)
{
    return mem_printf(CMMS_PRODUCT " on %s: %s", message->computer, message->title);
}

static char *body_of(const Message *message)
{
    char *when = clock_log_text(message->when);
    char *text = mem_printf("%s\n\n%s\n\nComputer: %s\nTime: %s\n\n" CMMS_PRODUCT
                            " sends this by itself; nobody reads answers to it.\n",
                            message->title, message->text, message->computer, when);
    mem_free(when);
    return text;
}

char *message_graph(const Message *message, const char *to)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *mail = cJSON_AddObjectToObject(document, "message");
    char *subject = subject_of(message);
    char *content = body_of(message);
    json_set_string(mail, "subject", subject);
    cJSON *body = cJSON_AddObjectToObject(mail, "body");
    json_set_string(body, "contentType", "Text");
    json_set_string(body, "content", content);
    cJSON *recipients = cJSON_AddArrayToObject(mail, "toRecipients");
    for (char *one; (one = message_next_address(&to)) != NULL; mem_free(one)) {
        json_set_string(cJSON_AddObjectToObject(add_object(recipients), "emailAddress"), "address", one);
    }
    json_set_bool(document, "saveToSentItems", false);
    char *text = json_text(document);
    mem_free(content);
    mem_free(subject);
    cJSON_Delete(document);
    return text;
}

static void add_base64(StrBuf *mail, const char *bytes, size_t len)
{
    unsigned char line[MAIL_LINE / 3 * 4 + 1];
    EVP_EncodeBlock(line, (const unsigned char *)bytes, (int)len);
    strbuf_addstr(mail, (const char *)line);
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7E) {
            return false;
        }
    }
    return true;
}

/* A character is not cut in two: each encoded word is text of its own. */
static size_t cut_at(const char *text, size_t most)
{
    size_t len = strlen(text);
    if (len > most) {
        len = most;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) {
            len--;
        }
        len = len == 0 ? most : len;
    }
    return len;
}

static void add_subject(StrBuf *mail, const char *subject)
{
    strbuf_addstr(mail, "Subject: ");
    if (is_plain(subject)) {
        strbuf_addf(mail, "%.200s", subject);
    } else {
        for (const char *at = subject; *at != '\0';) {
            const size_t len = cut_at(at, WORD_BYTES);
            strbuf_addstr(mail, at == subject ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
            add_base64(mail, at, len);
            strbuf_addstr(mail, "?=");
            at += len;
        }
    }
    strbuf_addstr(mail, "\r\n");
}

static void add_to(StrBuf *mail, const char *to)
{
    const char *between = "To: ";
    for (char *one; (one = message_next_address(&to)) != NULL; mem_free(one)) {
        strbuf_addf(mail, "%s%s", between, one);
        between = ",\r\n ";
    }
    strbuf_addstr(mail, "\r\n");
}

char *message_mail(const Message *message, const char *from, const char *to, const char *id)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    CivilTime when;
    StrBuf mail;
    const char *host = strrchr(from, '@');
    char *subject = subject_of(message);
    char *body = body_of(message);
    strbuf_init(&mail, MAIL_MAX);
    clock_utc(message->when, &when);
    strbuf_addf(&mail, "From: " CMMS_PRODUCT " <%s>\r\n", from);
    add_to(&mail, to);
    add_subject(&mail, subject);
    strbuf_addf(&mail, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[when.weekday], when.day,
                months[when.month - 1], when.year, when.hour, when.minute, when.second);
    strbuf_addf(&mail, "Message-ID: <%s%s>\r\n", id, host != NULL ? host : "@localhost");
    strbuf_addstr(&mail, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                         "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (size_t at = 0, len = strlen(body); at < len; at += MAIL_LINE) {
        add_base64(&mail, body + at, len - at < MAIL_LINE ? len - at : MAIL_LINE);
        strbuf_addstr(&mail, "\r\n");
    }
    mem_free(body);
    mem_free(subject);
    return strbuf_detach(&mail);
}
