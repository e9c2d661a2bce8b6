#include "test_util.h"

#include "cloud/receiver.h"
#include "cloud/smtp.h"
#include "test_env.h"

static char *dir;

static int begin(void **state)
{
    (void)state;
    dir = test_dir_new();
    test_setenv("CMMS_BACKUP_DATA", dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_setenv("CMMS_BACKUP_DATA", NULL);
    test_dir_remove(dir);
    return 0;
}

static void fill(Receiver *receiver, const char *address, const char *user, const char *password, const char *from,
                 const char *to)
{
    receiver_init(receiver);
    receiver->set = true;
    if (address != NULL) {
        secret_set(&receiver->address, address, strlen(address));
    }
    if (password != NULL) {
        secret_set(&receiver->password, password, strlen(password));
    }
    receiver->user = mem_strdup(user);
    receiver->from = mem_strdup(from);
    receiver->to = mem_strdup(to);
}

static void what_can_be_used(void **state)
{
    (void)state;
    static const char web[] = "its address cannot be used", server[] = "the address of the mail server cannot be used";
    static const char whom[] = "who is to get the mail is not said as one mail address, or up to 20 with commas "
                               "between";
    static const struct {
        ReceiverKind kind;
        const char *address, *user, *password, *from, *to;
        const char *message; /* NULL: it can */
    } rows[] = {
        {RECEIVER_PING, "https://hc-ping.com/1234", NULL, NULL, NULL, NULL, NULL},
        {RECEIVER_PING, "http://127.0.0.1:8000/x", NULL, NULL, NULL, NULL, NULL},
        {RECEIVER_PING, "http://hc-ping.com/1234", NULL, NULL, NULL, NULL, web},
        {RECEIVER_PING, "http://127.0.0.1.example.com/", NULL, NULL, NULL, NULL, web},
        {RECEIVER_WEBHOOK, "ftp://example.com/", NULL, NULL, NULL, NULL, web},
        {RECEIVER_WEBHOOK, "https://example.com/a b", NULL, NULL, NULL, NULL, web},
        {RECEIVER_TEAMS, "https://example.com/a\r\nHost: x", NULL, NULL, NULL, NULL, web},
        {RECEIVER_TEAMS, NULL, NULL, NULL, NULL, NULL, "its address is missing"},
        {RECEIVER_SMTP, "smtps://mail.example.com", "u", "p", "a@b.c", "d@e.f, g@h.i", NULL},
        {RECEIVER_SMTP, "smtp://mail.example.com:587", NULL, NULL, "a@b.c", "d@e.f", NULL},
        {RECEIVER_SMTP, "https://mail.example.com", NULL, NULL, "a@b.c", "d@e.f", server},
        {RECEIVER_SMTP, "smtps://u:p@mail.example.com", NULL, NULL, "a@b.c", "d@e.f", server},
        {RECEIVER_SMTP, "smtps://", NULL, NULL, "a@b.c", "d@e.f", server},
        {RECEIVER_SMTP, "smtps://mail.example.com", "u", NULL, "a@b.c", "d@e.f",
         "the password for the mail server is missing"},
        {RECEIVER_SMTP, "smtps://mail.example.com", NULL, NULL, "nobody", "d@e.f", "the sender is no mail address"},
        {RECEIVER_SMTP, "smtps://mail.example.com", NULL, NULL, "a@b.c>\r\nBcc: x@y.z", "d@e.f",
         "the sender is no mail address"},
        {RECEIVER_SMTP, "smtps://mail.example.com", NULL, NULL, "a@b.c", "", whom},
        {RECEIVER_SMTP, "smtps://mail.example.com", NULL, NULL, "a@b.c", "d@e.f, nobody", whom},
        {RECEIVER_GRAPH, NULL, NULL, NULL, NULL, "d@e.f", NULL},
        {RECEIVER_GRAPH, NULL, NULL, NULL, NULL, NULL, whom},
        {RECEIVER_GRAPH, NULL, NULL, NULL, NULL, "d@e.f\r\n", NULL}, /* white space around is none of it */
        {RECEIVER_GRAPH, NULL, NULL, NULL, NULL, "d@e\r\n.f", whom},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Receiver receiver;
        Error err = ERROR_INIT;
        fill(&receiver, rows[i].address, rows[i].user, rows[i].password, rows[i].from, rows[i].to);
        const bool ok = receiver_check(rows[i].kind, &receiver, &err);
        if (ok != (rows[i].message == NULL) || (!ok && strcmp(err.message, rows[i].message) != 0)) {
            print_error("row %u: %s\n", (unsigned)i, ok ? "it can be used" : err.message);
            fail();
        }
        error_clear(&err);
        receiver_release(&receiver);
    }
}

static void what_is_shown_has_no_secret(void **state)
{
    (void)state;
    static const struct {
        ReceiverKind kind;
        const char *address, *shown;
    } rows[] = {
        {RECEIVER_PING, "https://hc-ping.com/5ec4e7", "https://hc-ping.com/\xE2\x80\xA6"},
        {RECEIVER_PING, "http://127.0.0.1:81/5ec4e7", "http://127.0.0.1:81/\xE2\x80\xA6"},
        {RECEIVER_TEAMS, "https://prod-1.westeurope.logic.azure.com:443/workflows/5ec4e7?sig=5ec4e7",
         "https://prod-1.westeurope.logic.azure.com:443/\xE2\x80\xA6"},
        {RECEIVER_WEBHOOK, "5ec4e7", "?"},
        {RECEIVER_WEBHOOK, NULL, "?"},
        {RECEIVER_SMTP, "smtps://mail.example.com", "d@e.f by smtps://mail.example.com"},
        {RECEIVER_GRAPH, NULL, "d@e.f"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Receiver receiver;
        fill(&receiver, rows[i].address, "u", "5ec4e7", "a@b.c", "d@e.f");
        assert_text(receiver_shown(rows[i].kind, &receiver), rows[i].shown);
        receiver_release(&receiver);
    }
}

static void kept(void **state)
{
    (void)state;
    Receivers out, in;
    Error err = ERROR_INIT;
    receivers_init(&out);
    receivers_init(&in);
    assert_ok(receivers_load(&in, &err), &err); /* none is set */
    fill(&out.of[RECEIVER_PING], "https://hc-ping.com/5ec4e7", NULL, NULL, NULL, NULL);
    fill(&out.of[RECEIVER_SMTP], "smtps://mail.example.com", "u", "5ec4e7-pa55", "a@b.c", "d@e.f");
    out.of[RECEIVER_SMTP].quiet = true;
    assert_ok(receivers_save(&out, &err), &err);
    assert_ok(receivers_load(&in, &err), &err);
    assert_true(in.of[RECEIVER_PING].set && !in.of[RECEIVER_PING].quiet && !in.of[RECEIVER_TEAMS].set);
    assert_string_equal(in.of[RECEIVER_PING].address.bytes, "https://hc-ping.com/5ec4e7");
    assert_string_equal(in.of[RECEIVER_SMTP].password.bytes, "5ec4e7-pa55");
    assert_string_equal(in.of[RECEIVER_SMTP].to, "d@e.f");
    assert_true(in.of[RECEIVER_SMTP].quiet);
    char *path = fs_join(dir, RECEIVERS_FILE);
    char *text = test_read(path);
    assert_null(strstr(text, "5ec4e7"));
    mem_free(text);
    /* A file of another user: its secrets cannot be opened, and that is said. */
    test_write(path, "{\"version\":1,\"receivers\":[{\"kind\":\"ping\",\"address\":\"bm8gc2VhbA=!\"},"
                     "{\"kind\":\"pigeon\"},7]}");
    assert_ok(receivers_load(&in, &err), &err);
    assert_true(in.of[RECEIVER_PING].set && in.of[RECEIVER_PING].broken && !in.of[RECEIVER_SMTP].set);
    assert_fails(receiver_check(RECEIVER_PING, &in.of[RECEIVER_PING], &err), &err, EK_SETTINGS,
                 "what is saved about it cannot be opened by this user on this PC");
    assert_ok(receivers_save(&in, &err), &err); /* and it stays said */
    assert_ok(receivers_load(&in, &err), &err);
    assert_true(in.of[RECEIVER_PING].broken);
    static const char *const bad[] = {"", "{", "[]", "{\"version\":2}"};
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        test_write(path, bad[i]);
        assert_fails(receivers_load(&in, &err), &err, EK_SETTINGS,
                     "what is saved about who is notified is damaged");
        assert_true(in.of[RECEIVER_PING].set); /* as it was */
    }
    assert_ok(fs_remove(path, &err), &err);
    mem_free(path);
    receivers_release(&in);
    receivers_release(&out);
}

static void words(void **state)
{
    (void)state;
    ReceiverKind kind;
    for (int i = 0; i < RECEIVER_KINDS; i++) {
        assert_true(receiver_from_word(receiver_word((ReceiverKind)i), &kind));
        assert_int_equal(kind, i);
        assert_true(receiver_title((ReceiverKind)i)[0] != '\0');
    }
    assert_false(receiver_from_word("fax", &kind));
    assert_true(smtp_available()); /* both builds have it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_used),
        cmocka_unit_test(what_is_shown_has_no_secret),
        cmocka_unit_test(kept),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
