#include "test_util.h"

#include <cjson/cJSON.h>

#include "base/jsonutil.h"
#include "cloud/receiver.h"

#define NOON ((int64_t)1796040000) /* 2026-11-30 12:00 UTC */

static const Message failed = {.event = "failed",
                               .title = "Backup failed",
                               .text = "The backup of tonight 02:00 failed: [no](http://x) \xC3\xBC \"route\"",
                               .computer = "PC-07",
                               .when = NOON,
                               .bad = true};

static void pings(void **state)
{
    (void)state;
    static const struct {
        const char *address, *event, *url;
    } rows[] = {
        {"https://hc-ping.com/1", "start", "https://hc-ping.com/1/start"},
        {"https://hc-ping.com/1", "done", "https://hc-ping.com/1"},
        {"https://hc-ping.com/1", "failed", "https://hc-ping.com/1/fail"},
        {"https://hc-ping.com/1", "unverified", "https://hc-ping.com/1/fail"},
        {"https://hc-ping.com/1", "test", "https://hc-ping.com/1"},
        {"https://hc-ping.com/1/", "start", "https://hc-ping.com/1/start"},
        {"https://hc-ping.com/1?x=2", "failed", "https://hc-ping.com/1/fail?x=2"},
        {"https://hc-ping.com/1?x=2#y", "done", "https://hc-ping.com/1?x=2"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_text(message_ping(rows[i].address, rows[i].event), rows[i].url);
    }
}

static cJSON *parsed(char *owned)
{
    cJSON *document = NULL;
    Error err = ERROR_INIT;
    assert_ok(json_parse(owned, strlen(owned), &document, &err), &err);
    mem_free(owned);
    return document;
}

static void json(void **state)
{
    (void)state;
    cJSON *document = parsed(message_webhook(&failed));
    assert_string_equal(json_string(document, "event", ""), "failed");
    assert_string_equal(json_string(document, "title", ""), "Backup failed");
    assert_string_equal(json_string(document, "text", ""), failed.text);
    assert_string_equal(json_string(document, "computer", ""), "PC-07");
    assert_string_equal(json_string(document, "time", ""), "2026-11-30T12:00:00Z");
    assert_true(json_bool(document, "bad", false));
    cJSON_Delete(document);

    document = parsed(message_card(&failed));
    const cJSON *attachment = cJSON_GetArrayItem(cJSON_GetObjectItem(document, "attachments"), 0);
    assert_string_equal(json_string(document, "type", ""), "message");
    assert_string_equal(json_string(attachment, "contentType", ""), "application/vnd.microsoft.card.adaptive");
    const cJSON *body = cJSON_GetObjectItem(cJSON_GetObjectItem(attachment, "content"), "body");
    assert_int_equal(cJSON_GetArraySize(body), 3);
    const cJSON *block;
    cJSON_ArrayForEach(block, body) { /* no Markdown is read in these */
        assert_string_equal(json_string(block, "type", ""), "RichTextBlock");
    }
    block = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetArrayItem(body, 1), "inlines"), 0);
    assert_string_equal(json_string(block, "text", ""), failed.text);
    cJSON_Delete(document);

    document = parsed(message_graph(&failed, "ann@example.com, ben@example.com"));
    const cJSON *mail = cJSON_GetObjectItem(document, "message");
    assert_string_equal(json_string(mail, "subject", ""), "CMMS Backup on PC-07: Backup failed");
    const cJSON *to = cJSON_GetArrayItem(cJSON_GetObjectItem(mail, "toRecipients"), 1);
    assert_string_equal(json_string(cJSON_GetObjectItem(to, "emailAddress"), "address", ""), "ben@example.com");
    assert_false(json_bool(document, "saveToSentItems", true));
    cJSON_Delete(document);
}

static void mail(void **state)
{
    (void)state;
    char *text = message_mail(&failed, "cmms@example.com", "ann@example.com,  ben@example.com;", "7.5");
    static const char head[] = "From: CMMS Backup <cmms@example.com>\r\n"
                               "To: ann@example.com,\r\n ben@example.com\r\n"
                               "Subject: CMMS Backup on PC-07: Backup failed\r\n"
                               "Date: Mon, 30 Nov 2026 12:00:00 +0000\r\n"
                               "Message-ID: <7.5@example.com>\r\n";
    assert_memory_equal(text, head, sizeof head - 1);
    assert_non_null(strstr(text, "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Transfer-Encoding: base64\r\n\r\nQmFja3VwIGZhaWxlZ"));
    for (const char *line = text; *line != '\0';) { /* every line ends in CR LF and is short */
        const size_t len = strcspn(line, "\r\n");
        assert_true(len <= 78 && line[len] == '\r' && line[len + 1] == '\n');
        line += len + 2;
    }
    mem_free(text);
    /* A name that is not ASCII, or that would begin a header of its own. */
    Message strange = failed;
    strange.computer = "B\xC3\xBCro\r\nBcc: x@y.z";
    text = message_mail(&strange, "a@b.c", "d@e.f", "1");
    assert_non_null(strstr(text, "Subject: =?UTF-8?B?Q01NUyBCYWNrdXAgb24gQsO8cm8NCkJjYzog"));
    assert_null(strstr(text, "\nBcc"));
    mem_free(text);
}

static void lists(void **state)
{
    (void)state;
    const char *list = " a@b.c ;, d@e.f,";
    assert_text(message_next_address(&list), "a@b.c");
    assert_text(message_next_address(&list), "d@e.f");
    assert_null(message_next_address(&list));
    assert_null(message_next_address(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pings), cmocka_unit_test(json), cmocka_unit_test(mail),
                                       cmocka_unit_test(lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
