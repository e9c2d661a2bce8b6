#include "test_util.h"

#include "schedule/notice.h"

#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define NOON ((int64_t)1796040000)

/* One moment after the other, with one memory. */
typedef struct Row {
    const char *what;
    int64_t at; /* after NOON */
    bool seen, quiet;
    const char *done, *failed, *alarm;
    int64_t good; /* how long ago; 0: there is none */
    NoticeKind kind;
    const char *text;
} Row;

static void play(const Row *rows, size_t count, int64_t since, bool configured)
{
    NoticeMemory memory;
    notice_memory_init(&memory);
    for (size_t i = 0; i < count; i++) {
        const Row *row = &rows[i];
        const int64_t now = NOON + row->at;
        const NoticeFacts facts = {.now = now,
                                   .seen = row->seen,
                                   .quiet = row->quiet,
                                   .done = row->done,
                                   .failed = row->failed,
                                   .configured = configured,
                                   .good = row->good != 0 ? now - row->good : 0,
                                   .since = since,
                                   .due_hours = 36,
                                   .alarm = row->alarm};
        char *text = NULL;
        const NoticeKind kind = notice_look(&facts, &memory, &text);
        if (kind != row->kind || (row->text == NULL) != (text == NULL) ||
            (text != NULL && strcmp(text, row->text) != 0)) {
            print_error("%s: \"%s\": %s\n", row->what, notice_title(kind), text ? text : "(nothing)");
            fail();
        }
        mem_free(text);
    }
    notice_memory_release(&memory);
}

static void ends(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"done", 0, false, false, "Backup successful.", NULL, NULL, 1, NOTICE_DONE, "Backup successful."},
        {"done again", 60, false, false, "Backup successful.", NULL, NULL, 1, NOTICE_DONE, "Backup successful."},
        {"quiet", 120, false, true, "Backup successful.", NULL, NULL, 1, NOTICE_NONE, NULL},
        {"seen", 180, true, false, "Backup successful.", NULL, NULL, 1, NOTICE_NONE, NULL},
        {"nothing ended", 200, false, false, NULL, NULL, NULL, 1, NOTICE_NONE, NULL},
        {"failed, quiet or not", 300, false, true, NULL, "no route", NULL, HOUR, NOTICE_FAILED, "no route"},
        {"the same", 1200, false, false, NULL, "no route", NULL, HOUR, NOTICE_NONE, NULL},
        {"another cause", 1300, false, false, NULL, "the disk is full", NULL, HOUR, NOTICE_FAILED, "the disk is full"},
        {"and back", 1400, false, false, NULL, "no route", NULL, HOUR, NOTICE_FAILED, "no route"},
        {"the same, before six hours", 1400 + 6 * HOUR - 1, false, false, NULL, "no route", NULL, HOUR, NOTICE_NONE,
         NULL},
        {"after six hours", 1400 + 6 * HOUR, false, false, NULL, "no route", NULL, HOUR, NOTICE_FAILED, "no route"},
        {"mended", 1500 + 6 * HOUR, false, true, "Backup successful.", NULL, NULL, 1, NOTICE_NONE, NULL},
        {"and failed once more", 1600 + 6 * HOUR, false, false, NULL, "no route", NULL, 60, NOTICE_FAILED, "no route"},
        {"with the clock set back", 100, false, false, NULL, "no route", NULL, 60, NOTICE_FAILED, "no route"},
        {"before somebody's eyes", 200, true, false, NULL, "the disk is full", NULL, 60, NOTICE_NONE, NULL},
    };
    play(rows, TEST_COUNT(rows), 0, true);
}

static void overdue(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"young enough", 0, false, false, NULL, NULL, NULL, 36 * HOUR, NOTICE_NONE, NULL},
        {"seen", 1, true, false, NULL, NULL, NULL, 37 * HOUR, NOTICE_NONE, NULL},
        {"too old", 2, false, true, NULL, NULL, NULL, 37 * HOUR, NOTICE_OVERDUE, "No good backup for 37 hours"},
        {"told already", 2 + DAY - 1, false, false, NULL, NULL, NULL, 61 * HOUR, NOTICE_NONE, NULL},
        {"a day later", 2 + DAY, false, false, NULL, NULL, NULL, 72 * HOUR, NOTICE_OVERDUE,
         "No good backup for 3 days"},
        {"a failure comes first", 3 + DAY, false, false, NULL, "no route", NULL, 73 * HOUR, NOTICE_FAILED, "no route"},
        {"mended", 4 + DAY, false, false, NULL, NULL, NULL, 60, NOTICE_NONE, NULL},
        {"and overdue again", 5 + DAY, false, false, NULL, NULL, NULL, 49 * HOUR, NOTICE_OVERDUE,
         "No good backup for 2 days"},
    };
    play(rows, TEST_COUNT(rows), 0, true);
    static const Row no_database = {"no database", 0, false, false, NULL, NULL, NULL, 90 * HOUR, NOTICE_NONE, NULL};
    play(&no_database, 1, NOON - 90 * DAY, false);
    static const Row never = {"never", 0, false, false, NULL, NULL, NULL, 0, NOTICE_OVERDUE,
                              "There is no good backup yet"};
    play(&never, 1, NOON - 2 * DAY, true);
    static const Row not_yet = {"not yet", 0, false, false, NULL, NULL, NULL, 0, NOTICE_NONE, NULL};
    play(&not_yet, 1, NOON - DAY, true);
    play(&not_yet, 1, 0, true); /* nobody knows since when */
}

static void shrink(void **state)
{
    (void)state;
    static const char one[] = "table parts lost 96 % of its rows", other[] = "table users lost 50 % of its rows";
    static const Row rows[] = {
        {"before all else", 0, false, true, NULL, "no route", one, 90 * HOUR, NOTICE_SHRINK,
         "Look at this: table parts lost 96 % of its rows. Old backups are kept"},
        {"the rest at the next look", 1, false, true, NULL, NULL, one, 90 * HOUR, NOTICE_OVERDUE,
         "No good backup for 3 days"},
        {"another alarm", 2, false, true, NULL, NULL, other, HOUR, NOTICE_SHRINK,
         "Look at this: table users lost 50 % of its rows. Old backups are kept"},
        {"told", 3, false, true, NULL, NULL, other, HOUR, NOTICE_NONE, NULL},
        {"a day later", 2 + DAY, false, true, NULL, NULL, other, HOUR, NOTICE_SHRINK,
         "Look at this: table users lost 50 % of its rows. Old backups are kept"},
        {"answered", 3 + DAY, false, true, NULL, NULL, NULL, HOUR, NOTICE_NONE, NULL},
        {"raised again", 4 + DAY, false, true, NULL, NULL, other, HOUR, NOTICE_SHRINK,
         "Look at this: table users lost 50 % of its rows. Old backups are kept"},
    };
    play(rows, TEST_COUNT(rows), 0, true);
}

/* What stands elsewhere: the sign-in by its marks, the silent ones by their names. */
static void elsewhere(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        const char *sign_in;
        int mark;
        const char *silent, *names;
        NoticeKind kind;
        const char *text;
    } rows[] = {
        {0, "the sign-in runs out in 30 day(s)", 30, "PC-07 has been silent for 4 days", "PC-07", NOTICE_SIGN_IN,
         "Attention: the sign-in runs out in 30 day(s)"},
        {1, "the sign-in runs out in 30 day(s)", 30, "PC-07 has been silent for 4 days", "PC-07", NOTICE_SILENT,
         "PC-07 has been silent for 4 days"},
        {2, "the sign-in runs out in 29 day(s)", 30, "PC-07 has been silent for 5 days", "PC-07", NOTICE_NONE, NULL},
        {3, "the sign-in runs out in 7 day(s)", 7, "both", "PC-07 PC-09", NOTICE_SIGN_IN,
         "Attention: the sign-in runs out in 7 day(s)"},
        {4, "the sign-in runs out in 7 day(s)", 7, "both", "PC-07 PC-09", NOTICE_SILENT, "both"},
        {4 + DAY, "the sign-in runs out in 7 day(s)", 7, "both", "PC-07 PC-09", NOTICE_SILENT, "both"},
        {5 + DAY, NULL, -1, NULL, NULL, NOTICE_NONE, NULL},
        {6 + DAY, NULL, -1, "both", "PC-07 PC-09", NOTICE_SILENT, "both"},
        {7 + DAY, "the sign-in has run out", 0, NULL, NULL, NOTICE_SIGN_IN, "Attention: the sign-in has run out"},
        {6 + 8 * DAY, "the sign-in has run out", 0, NULL, NULL, NOTICE_NONE, NULL},
        {7 + 8 * DAY, "the sign-in has run out", 0, NULL, NULL, NOTICE_SIGN_IN, "Attention: the sign-in has run out"},
    };
    NoticeMemory memory;
    notice_memory_init(&memory);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const NoticeFacts facts = {.now = NOON + rows[i].at,
                                   .quiet = true,
                                   .sign_in = rows[i].sign_in,
                                   .sign_in_mark = rows[i].mark,
                                   .silent = rows[i].silent,
                                   .silent_names = rows[i].names};
        char *text = NULL;
        assert_int_equal(notice_look(&facts, &memory, &text), rows[i].kind);
        if (rows[i].text != NULL) {
            assert_text(text, rows[i].text);
        } else {
            assert_null(text);
        }
    }
    notice_memory_release(&memory);
}

/* Once for each, after a failure and before what is overdue; again after a week. */
static void damaged(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t at;
        bool seen;
        const char *failed, *damaged;
        NoticeKind kind;
    } rows[] = {
        {"before somebody's eyes", 0, true, NULL, "a.backup", NOTICE_NONE},
        {"a failure first", 1, false, "no route", "a.backup", NOTICE_FAILED},
        {"then this", 2, false, NULL, "a.backup", NOTICE_DAMAGED},
        {"then what is overdue", 3, false, NULL, "a.backup", NOTICE_OVERDUE},
        {"told", 4, false, NULL, "a.backup", NOTICE_NONE},
        {"another", 5, false, NULL, "b.backup", NOTICE_DAMAGED},
        {"told too", 6 + 60, false, NULL, "b.backup", NOTICE_NONE},
        {"a week later", 5 + 7 * DAY, false, NULL, "b.backup", NOTICE_DAMAGED},
        {"deleted", 6 + 7 * DAY, false, NULL, NULL, NOTICE_OVERDUE},
    };
    NoticeMemory memory;
    notice_memory_init(&memory);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const NoticeFacts facts = {.now = NOON + rows[i].at, .seen = rows[i].seen, .quiet = true,
                                   .failed = rows[i].failed, .configured = true, .good = NOON - 60 * DAY,
                                   .due_hours = 36, .damaged = rows[i].damaged};
        char *text = NULL;
        const NoticeKind kind = notice_look(&facts, &memory, &text);
        if (kind != rows[i].kind) {
            print_error("%s: \"%s\"\n", rows[i].what, notice_title(kind));
            fail();
        }
        if (kind == NOTICE_DAMAGED) {
            char *expected = mem_printf("%s can no longer be read to its end. The others stay", rows[i].damaged);
            assert_string_equal(text, expected);
            mem_free(expected);
        }
        mem_free(text);
    }
    notice_memory_release(&memory);
}

/* A share that blinks mends nothing: what was told is not told again when it is back. */
static void a_folder_that_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        bool unknown, there;
        NoticeKind kind;
    } rows[] = {{0, false, true, NOTICE_SHRINK},  {1, false, true, NOTICE_SIGN_IN}, {2, false, true, NOTICE_SILENT},
                {3, true, false, NOTICE_NONE},    {4, false, true, NOTICE_NONE},    {5, false, false, NOTICE_NONE},
                {6, false, true, NOTICE_SHRINK},  {7, false, true, NOTICE_SIGN_IN}, {8, false, true, NOTICE_SILENT}};
    NoticeMemory memory;
    notice_memory_init(&memory);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const bool there = rows[i].there;
        const NoticeFacts facts = {.now = NOON + rows[i].at, .quiet = true, .unknown = rows[i].unknown,
                                   .alarm = there ? "rows are gone" : NULL, .sign_in = there ? "in 7 days" : NULL,
                                   .sign_in_mark = there ? 7 : -1,
                                   .silent = there ? "PC-07 has been silent for 5 days" : NULL,
                                   .silent_names = there ? "PC-07" : NULL};
        char *text = NULL;
        const NoticeKind kind = notice_look(&facts, &memory, &text);
        if (kind != rows[i].kind) {
            print_error("%d: \"%s\"\n", (int) i, notice_title(kind));
            fail();
        }
        mem_free(text);
    }
    notice_memory_release(&memory);
}

static void words(void **state)
{
    (void)state;
    static const char *const titles[NOTICE_KINDS] = {"", "Rows were lost", "Backup failed",
                                                     "Schedule not looked at", "Backup missed", "Backup damaged",
                                                     "Backup overdue", "Sign-in runs out", "Another computer",
                                                     "Backup done"};
    for (int i = 0; i < NOTICE_KINDS; i++) {
        assert_string_equal(notice_title((NoticeKind)i), titles[i]);
        assert_int_equal(notice_is_bad((NoticeKind)i), i != NOTICE_NONE && i != NOTICE_DONE);
        assert_int_equal(notice_of_word(notice_word((NoticeKind)i)), i);
    }
    assert_int_equal(notice_of_word("Backup failed"), NOTICE_NONE);
}

/* What a run found missed, or could not look at; after a failure, and before what stands. */
static void missed_and_unseen(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        const char *failed, *unseen, *missed;
        NoticeKind kind;
        const char *text;
    } rows[] = {
        {0, "no route", NULL, "one was missed", NOTICE_FAILED, "no route"},
        {1, "no route", NULL, "one was missed", NOTICE_MISSED, "one was missed"},
        {2, "no route", NULL, "one was missed", NOTICE_OVERDUE, "No good backup for 60 days"},
        {3, NULL, NULL, "two were missed", NOTICE_MISSED, "two were missed"},
        {4, NULL, NULL, "two were missed", NOTICE_NONE, NULL},
        {3 + DAY, NULL, NULL, "two were missed", NOTICE_MISSED, "two were missed"},
        {4 + DAY, NULL, "the folder is away", NULL, NOTICE_UNSEEN, "the folder is away"},
        {5 + DAY, NULL, "the folder is away", NULL, NOTICE_NONE, NULL},
        {6 + DAY, NULL, NULL, NULL, NOTICE_OVERDUE, "No good backup for 61 days"}, /* a day after the first */
        {7 + DAY, NULL, "the folder is away", NULL, NOTICE_UNSEEN, "the folder is away"}, /* it was there between */
    };
    NoticeMemory memory;
    notice_memory_init(&memory);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const NoticeFacts facts = {.now = NOON + rows[i].at, .quiet = true, .failed = rows[i].failed,
                                   .unseen = rows[i].unseen, .missed = rows[i].missed,
                                   .unknown = rows[i].unseen != NULL, .configured = rows[i].unseen == NULL,
                                   .good = NOON - 60 * DAY, .due_hours = 36};
        char *text = NULL;
        const NoticeKind kind = notice_look(&facts, &memory, &text);
        if (kind != rows[i].kind || (text == NULL) != (rows[i].text == NULL) ||
            (text != NULL && strcmp(text, rows[i].text) != 0)) {
            print_error("row %d: \"%s\": %s\n", (int)i, notice_title(kind), text != NULL ? text : "(nothing)");
            fail();
        }
        mem_free(text);
    }
    notice_memory_release(&memory);
}

/* What is remembered comes back from its file; of a file that is damaged, nothing. */
static void kept(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "[]", "{\"version\": 2, \"cause\": \"x\"}",
                                      "{\"version\": 1, \"told\": 7, \"cause\": 8, \"sign_in_mark\": -5}"};
    NoticeMemory memory, again;
    notice_memory_init(&memory);
    notice_memory_init(&again);
    for (int i = NOTICE_NONE + 1; i < NOTICE_KINDS; i++) {
        memory.told[i] = NOON + i;
    }
    memory.cause = mem_strdup("no \"route\"");
    memory.alarm = mem_strdup("rows");
    memory.damaged = mem_strdup("a.backup");
    memory.silent = mem_strdup("PC-07");
    memory.unseen = mem_strdup("away");
    memory.missed = mem_strdup("one");
    memory.sign_in_mark = 7;
    char *text = notice_memory_text(&memory);
    assert_true(notice_memory_parse(text, strlen(text), &again));
    assert_memory_equal(again.told, memory.told, sizeof memory.told);
    assert_string_equal(again.cause, memory.cause);
    assert_string_equal(again.alarm, "rows");
    assert_string_equal(again.damaged, "a.backup");
    assert_string_equal(again.silent, "PC-07");
    assert_string_equal(again.unseen, "away");
    assert_string_equal(again.missed, "one");
    assert_int_equal(again.sign_in_mark, 7);
    mem_free(text);
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        const bool whole = i + 1 == TEST_COUNT(bad); /* of ours, with nonsense in it */
        assert_int_equal(notice_memory_parse(bad[i], strlen(bad[i]), &again), whole);
        assert_true(again.cause == NULL && again.told[NOTICE_FAILED] == 0 && again.sign_in_mark == 0);
    }
    notice_memory_release(&again);
    notice_memory_release(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends), cmocka_unit_test(overdue), cmocka_unit_test(shrink),
                                       cmocka_unit_test(elsewhere), cmocka_unit_test(damaged),
                                       cmocka_unit_test(a_folder_that_cannot_be_read), cmocka_unit_test(words),
                                       cmocka_unit_test(missed_and_unseen), cmocka_unit_test(kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
