#include "test_util.h"

#include "schedule/dispatch.h"

#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define NOON ((int64_t)1796040000)

/* Ping, Teams (which wants to hear only of what is wrong) and a webhook. */
static void set_three(Receivers *receivers)
{
    receivers_init(receivers);
    receivers->of[RECEIVER_PING].set = true;
    receivers->of[RECEIVER_TEAMS].set = true;
    receivers->of[RECEIVER_TEAMS].quiet = true;
    receivers->of[RECEIVER_WEBHOOK].set = true;
}

static char *words_of(const Dispatch *list, size_t count)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    for (size_t i = 0; i < count; i++) {
        strbuf_addf(&sb, "%s%s:%s", i > 0 ? " " : "", receiver_word(list[i].to), out_event_word(list[i].event));
    }
    return strbuf_detach(&sb);
}

typedef struct Row {
    const char *what;
    int64_t at; /* after NOON */
    OutEvent event;
    const char *text; /* NULL: nothing is so */
    const char *cause;
    const char *sent;
    bool fails; /* all that is sent */
} Row;

static void play(const Row *rows, size_t count)
{
    Receivers receivers;
    DispatchMemory memory;
    set_three(&receivers);
    dispatch_memory_init(&memory);
    for (size_t i = 0; i < count; i++) {
        const Row *row = &rows[i];
        DispatchFacts facts = {.now = NOON + row->at};
        Dispatch list[DISPATCH_MAX];
        facts.text[row->event] = row->text;
        facts.cause[row->event] = row->cause;
        const size_t sent = dispatch_decide(&facts, &receivers, &memory, list);
        char *words = words_of(list, sent);
        if (strcmp(words, row->sent) != 0) {
            print_error("%s: \"%s\"\n", row->what, words);
            fail();
        }
        for (size_t j = 0; j < sent; j++) {
            assert_string_equal(list[j].text, row->text);
            dispatch_ended(&memory, &list[j], facts.now, row->fails ? "no route" : NULL);
        }
        mem_free(words);
        /* As the next program reads it. */
        char *text = dispatch_memory_text(&memory);
        assert_true(dispatch_memory_parse(text, strlen(text), &memory));
        mem_free(text);
    }
    dispatch_memory_release(&memory);
    receivers_release(&receivers);
}

static void who_gets_what(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"begin", 0, OUT_START, "begins", NULL, "ping:start", false},
        {"done", 60, OUT_DONE, "made", NULL, "ping:done webhook:done", false},
        {"done again", 120, OUT_DONE, "made", NULL, "ping:done webhook:done", false},
        {"failed", 180, OUT_FAILED, "no route", NULL, "ping:failed webhook:failed teams:failed", false},
        {"not verified", 200, OUT_UNVERIFIED, "made", NULL, "ping:unverified webhook:unverified teams:unverified",
         false},
        {"overdue", 240, OUT_OVERDUE, "for 3 days", "overdue", "webhook:overdue teams:overdue", false},
        {"shrink", 300, OUT_SHRINK, "lost", NULL, "webhook:shrink teams:shrink", false},
        {"damaged", 330, OUT_DAMAGED, "a.backup is", "a.backup", "webhook:damaged teams:damaged", false},
        {"sign-in", 360, OUT_SIGN_IN, "in 7 days", "7", "webhook:sign_in teams:sign_in", false},
        {"silent", 420, OUT_SILENT, "PC-07 is", "PC-07", "webhook:silent teams:silent", false},
        {"a test is not decided here", 480, OUT_TEST, "test", NULL, "", false},
        {"nothing", 540, OUT_DONE, NULL, NULL, "", false},
    };
    play(rows, TEST_COUNT(rows));
}

static void when_again(void **state)
{
    (void)state;
    static const char all[] = "ping:failed webhook:failed teams:failed";
    static const Row failures[] = {
        {"failed", 0, OUT_FAILED, "no route", NULL, all, false},
        {"the same: only the ping", 1200, OUT_FAILED, "no route", NULL, "ping:failed", false},
        {"another cause", 1300, OUT_FAILED, "the disk is full", NULL, all, false},
        {"the same before six hours", 1300 + 6 * HOUR - 1, OUT_FAILED, "the disk is full", NULL, "ping:failed", false},
        {"after six hours", 1300 + 6 * HOUR, OUT_FAILED, "the disk is full", NULL, all, false},
        {"mended", 1400 + 6 * HOUR, OUT_DONE, "made", NULL, "ping:done webhook:done", false},
        {"and again", 1500 + 6 * HOUR, OUT_FAILED, "the disk is full", NULL, all, false},
        {"the clock was set back", 0, OUT_FAILED, "the disk is full", NULL, all, false},
    };
    static const Row standing[] = {
        {"overdue", 0, OUT_OVERDUE, "for 3 days", "overdue", "webhook:overdue teams:overdue", false},
        {"its words change, it does not", HOUR, OUT_OVERDUE, "for 73 hours", "overdue", "", false},
        {"before a day", DAY - 1, OUT_OVERDUE, "for 4 days", "overdue", "", false},
        {"after a day", DAY, OUT_OVERDUE, "for 4 days", "overdue", "webhook:overdue teams:overdue", false},
        {"mended", DAY + 1, OUT_OVERDUE, NULL, NULL, "", false},
        {"and again", DAY + 2, OUT_OVERDUE, "for 3 days", "overdue", "webhook:overdue teams:overdue", false},
    };
    static const Row unseen[] = {
        {"the folder is away", 0, OUT_UNSEEN, "no share", "1: no share", "webhook:unseen teams:unseen", false},
        {"still", HOUR, OUT_UNSEEN, "no share", "1: no share", "", false},
        {"a day later", DAY, OUT_UNSEEN, "no share", "1: no share", "webhook:unseen teams:unseen", false},
        {"it is back", DAY + 1, OUT_UNSEEN, NULL, NULL, "", false},
        {"and away again", DAY + 2, OUT_UNSEEN, "no share", "1: no share", "webhook:unseen teams:unseen", false},
    };
    static const Row sign_in[] = {
        {"30", 0, OUT_SIGN_IN, "in 30 days", "30", "webhook:sign_in teams:sign_in", false},
        {"in the week", 6 * DAY, OUT_SIGN_IN, "in 24 days", "30", "", false},
        {"after it", 7 * DAY, OUT_SIGN_IN, "in 23 days", "30", "webhook:sign_in teams:sign_in", false},
        {"another mark", 8 * DAY, OUT_SIGN_IN, "in 7 days", "7", "webhook:sign_in teams:sign_in", false},
    };
    static const Row damaged[] = {
        {"one", 0, OUT_DAMAGED, "a.backup is", "a.backup", "webhook:damaged teams:damaged", false},
        {"in the week", 7 * DAY - 1, OUT_DAMAGED, "a.backup is", "a.backup", "", false},
        {"after it", 7 * DAY, OUT_DAMAGED, "a.backup is", "a.backup", "webhook:damaged teams:damaged", false},
        {"another", 7 * DAY + 1, OUT_DAMAGED, "b.backup is", "b.backup", "webhook:damaged teams:damaged", false},
    };
    static const Row silent[] = {
        {"one", 0, OUT_SILENT, "PC-07 has", "PC-07", "webhook:silent teams:silent", false},
        {"the same", HOUR, OUT_SILENT, "PC-07 has", "PC-07", "", false},
        {"two", 2 * HOUR, OUT_SILENT, "both have", "PC-07 PC-09", "webhook:silent teams:silent", false},
    };
    play(failures, TEST_COUNT(failures));
    play(standing, TEST_COUNT(standing));
    play(sign_in, TEST_COUNT(sign_in));
    play(unseen, TEST_COUNT(unseen));
    play(damaged, TEST_COUNT(damaged));
    play(silent, TEST_COUNT(silent));
}

/* What was not taken counts as not sent, and the receiver rests, but for what has just happened. */
static void a_receiver_that_fails(void **state)
{
    (void)state;
    static const char both[] = "webhook:shrink teams:shrink";
    static const Row rows[] = {
        {"not taken", 0, OUT_SHRINK, "lost", NULL, both, true},
        {"it rests", DISPATCH_REST - 1, OUT_SHRINK, "lost", NULL, "", false},
        {"tried again, in vain", DISPATCH_REST, OUT_SHRINK, "lost", NULL, both, true},
        {"what has just happened is tried", DISPATCH_REST + 1, OUT_FAILED, "no route", NULL,
         "ping:failed webhook:failed teams:failed", true},
        {"and once more", DISPATCH_REST + 2, OUT_FAILED, "no route", NULL, "ping:failed webhook:failed teams:failed",
         false},
        {"taken, so no longer at rest", DISPATCH_REST + 3, OUT_SHRINK, "lost", NULL, both, false},
        {"and sent", DISPATCH_REST + 4, OUT_SHRINK, "lost", NULL, "", false},
    };
    play(rows, TEST_COUNT(rows));
}

/* Whatever goes wrong over and over: so many in a day. */
static void no_mailbox_is_filled(void **state)
{
    (void)state;
    Receivers receivers;
    DispatchMemory memory;
    size_t mails = 0, pings = 0;
    set_three(&receivers);
    dispatch_memory_init(&memory);
    for (int i = 0; i < 1000; i++) {
        char *cause = mem_printf("cause %d", i);
        DispatchFacts facts = {.now = NOON + i * 80};
        Dispatch list[DISPATCH_MAX];
        facts.text[OUT_FAILED] = cause;
        const size_t sent = dispatch_decide(&facts, &receivers, &memory, list);
        for (size_t j = 0; j < sent; j++) {
            const bool taken = i % 2 == 0; /* what is not taken fills nothing */
            mails += taken && list[j].to == RECEIVER_WEBHOOK;
            pings += taken && list[j].to == RECEIVER_PING;
            dispatch_ended(&memory, &list[j], facts.now, taken ? NULL : "no route");
        }
        mem_free(cause);
    }
    assert_int_equal(mails, DISPATCH_A_DAY);
    assert_int_equal(pings, 10 * DISPATCH_A_DAY);
    DispatchFacts facts = {.now = NOON + DAY};
    Dispatch list[DISPATCH_MAX];
    facts.text[OUT_FAILED] = "the next day";
    assert_int_equal(dispatch_decide(&facts, &receivers, &memory, list), 3);
    dispatch_memory_release(&memory);
    receivers_release(&receivers);
}

/* A receiver that was away for hours is told when it is back; and so is what was being sent by a program that was
 * killed. */
static void nothing_is_used_up(void **state)
{
    (void)state;
    Receivers receivers;
    DispatchMemory memory;
    Dispatch list[DISPATCH_MAX];
    set_three(&receivers);
    dispatch_memory_init(&memory);
    DispatchFacts facts = {.now = NOON};
    facts.text[OUT_SHRINK] = "lost";
    for (int i = 0; i < 2 * DISPATCH_A_DAY; i++) {
        facts.now += DISPATCH_REST;
        const size_t sent = dispatch_decide(&facts, &receivers, &memory, list);
        assert_int_equal(sent, 2);
        for (size_t j = 0; j < sent; j++) {
            dispatch_ended(&memory, &list[j], facts.now, "no route");
        }
    }
    facts.now += DISPATCH_REST;
    assert_int_equal(dispatch_decide(&facts, &receivers, &memory, list), 2); /* and then the program is killed */
    char *text = dispatch_memory_text(&memory);
    assert_true(dispatch_memory_parse(text, strlen(text), &memory));
    mem_free(text);
    memset(memory.failed, 0, sizeof memory.failed);
    facts.now += 299; /* another one may still send it */
    assert_int_equal(dispatch_decide(&facts, &receivers, &memory, list), 0);
    facts.now += 1;
    assert_int_equal(dispatch_decide(&facts, &receivers, &memory, list), 2);
    for (size_t j = 0; j < 2; j++) {
        dispatch_ended(&memory, &list[j], facts.now, NULL);
    }
    facts.now += 300;
    assert_int_equal(dispatch_decide(&facts, &receivers, &memory, list), 0);
    dispatch_memory_release(&memory);
    receivers_release(&receivers);
}

/* What could not be looked at is not mended by that. */
static void not_known_is_not_mended(void **state)
{
    (void)state;
    Receivers receivers;
    DispatchMemory memory;
    Dispatch list[DISPATCH_MAX];
    DispatchFacts facts = {.now = NOON};
    set_three(&receivers);
    dispatch_memory_init(&memory);
    facts.text[OUT_SILENT] = "PC-07 has";
    assert_int_equal(dispatch_decide(&facts, &receivers, &memory, list), 2);
    facts.text[OUT_SILENT] = NULL;
    facts.unknown[OUT_SILENT] = true;
    facts.now += 60;
    assert_int_equal(dispatch_decide(&facts, &receivers, &memory, list), 0);
    facts.text[OUT_SILENT] = "PC-07 has";
    facts.now += 60;
    assert_int_equal(dispatch_decide(&facts, &receivers, &memory, list), 0);
    dispatch_memory_release(&memory);
    receivers_release(&receivers);
}

static void the_file(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "[]", "{\"version\":2}", "7"};
    DispatchMemory memory;
    dispatch_memory_init(&memory);
    const Dispatch test = {.to = RECEIVER_SMTP, .event = OUT_TEST};
    dispatch_ended(&memory, &test, NOON, "the password is wrong");
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_false(dispatch_memory_parse(bad[i], strlen(bad[i]), &memory));
    }
    assert_string_equal(memory.why[RECEIVER_SMTP], "the password is wrong");
    assert_true(memory.failed[RECEIVER_SMTP] == NOON);
    static const char strange[] = "{\"version\":1,\"receivers\":[7,{\"kind\":\"fax\"},{\"kind\":\"ping\",\"told\":"
                                  "[null,{\"event\":\"done\",\"last\":\"never\",\"count\":-5,\"cause\":"
                                  "\"0123456789012345678901234567890\"},{\"event\":7}]}]}";
    assert_true(dispatch_memory_parse(strange, strlen(strange), &memory));
    assert_true(memory.told[RECEIVER_PING][OUT_DONE].last == 0 && memory.told[RECEIVER_PING][OUT_DONE].count == 0);
    assert_string_equal(memory.told[RECEIVER_PING][OUT_DONE].cause, "");
    assert_null(memory.why[RECEIVER_SMTP]);
    dispatch_forget(&memory, RECEIVER_PING);
    dispatch_memory_release(&memory);
}

static void words(void **state)
{
    (void)state;
    for (int i = 0; i < OUT_EVENTS; i++) {
        assert_true(out_event_word((OutEvent)i)[0] != '\0' && out_event_title((OutEvent)i)[0] != '\0');
    }
    assert_false(out_event_is_bad(OUT_DONE));
    assert_true(out_event_is_bad(OUT_SILENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_gets_what),
        cmocka_unit_test(when_again),
        cmocka_unit_test(a_receiver_that_fails),
        cmocka_unit_test(no_mailbox_is_filled),
        cmocka_unit_test(nothing_is_used_up),
        cmocka_unit_test(not_known_is_not_mended),
        cmocka_unit_test(the_file),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
