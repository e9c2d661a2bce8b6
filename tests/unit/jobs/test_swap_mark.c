#include "test_util.h"

#include "jobs/swap.h"
#include "jobs/swap_private.h"

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *live, *name;
    } cases[] = {
        {"cmms", "cmms_before_20261130_143000"},
        {"", "_before_20261130_143000"},
        /* 63 bytes: 40 of the name and 23 behind it. */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_before_20261130_143000"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaX",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_before_20261130_143000"},
        /* A character of two bytes, and one of three, over the edge. */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xBC",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_before_20261130_143000"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xE4\xB8\xAD",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_before_20261130_143000"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xBCX",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xBC_before_20261130_143000"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char *name = swap_name(cases[i].live, "before", "20261130_143000");
        assert_string_equal(name, cases[i].name);
        assert_true(strlen(name) <= 63);
        mem_free(name);
    }
}

static char *text_of(cJSON *mark)
{
    char *text = cJSON_PrintUnformatted(mark);
    assert_non_null(text);
    return text;
}

static void marks_are_known_again(void **state)
{
    (void)state;
    static const struct {
        const char *comment;
        bool ours;
    } cases[] = {
        {"{\"cmms_backup\":\"kept\",\"of\":\"cmms\",\"oid\":7}", true},
        {"{\"cmms_backup\":\"kept\",\"of\":\"cmms\",\"oid\":8}", false}, /* a dump carried it to another */
        {"{\"cmms_backup\":\"kept\",\"of\":\"cmms\"}", false},
        {"{\"cmms_backup\":\"kept\",\"of\":\"other\",\"oid\":7}", false},
        {"{\"cmms_backup\":1,\"of\":\"cmms\",\"oid\":7}", false},
        {"{\"cmms_backup\":\"kept\",\"of\":\"cmms\",\"oid\":7", false}, /* cut */
        {"{\"of\":\"cmms\",\"oid\":7}", false},
        {"{}", false},
        {"", false},
        {"the plant's", false},
        {" {\"cmms_backup\":\"kept\",\"of\":\"cmms\",\"oid\":7}", false},
        {NULL, false},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        cJSON *mark = mark_parse(cases[i].comment, "cmms", 7);
        assert_int_equal(mark != NULL, cases[i].ours);
        cJSON_Delete(mark);
    }
}

/* What a database says of itself comes back, also where it looks like a mark, is a damaged one, or is no text. */
static void comments_are_kept(void **state)
{
    (void)state;
    static const char *const comments[] = {"of the plant's \"best\" \xC3\xBC\n", "{\"cmms_backup\":\"kept\"", NULL, ""};
    for (size_t i = 0; i < TEST_COUNT(comments); i++) {
        Database live = {.name = (char *)"cmms", .comment = (char *)comments[i], .oid = 7, .limit = 77};
        cJSON *mark = mark_aside(&live, "a.backup", "cmms_restore_1", 1000);
        char *text = text_of(mark);
        cJSON *read = mark_parse(text, "cmms", 7);
        assert_non_null(read);
        const char *kept = json_string(read, "comment", NULL);
        assert_true(comments[i] == NULL ? kept == NULL : kept != NULL && strcmp(kept, comments[i]) == 0);
        assert_int_equal(json_int(read, "limit", -1), 77);
        assert_string_equal(json_string(read, "by", ""), "cmms_restore_1");
        cJSON_Delete(read);
        cJSON_free(text);
        cJSON_Delete(mark);
    }
    Database bytes = {.name = (char *)"cmms", .comment = (char *)"Werk \xFC", .oid = 7, .limit = -1};
    cJSON *mark = mark_aside(&bytes, NULL, "c", 0);
    char *text = text_of(mark);
    cJSON *read = mark_parse(text, "cmms", 7);
    assert_non_null(read); /* else the mark would be nobody's */
    assert_null(json_string(read, "comment", NULL));
    cJSON_Delete(read);
    cJSON_free(text);
    cJSON_Delete(mark);
}

/* There and back: what a kept one says of itself is still in its mark when it is kept again. */
static void marks_of_an_undo(void **state)
{
    (void)state;
    Database live = {.name = (char *)"cmms", .comment = (char *)"old", .oid = 7, .limit = 5};
    Database now = {.name = (char *)"cmms", .comment = (char *)"new", .oid = 9, .limit = 6};
    cJSON *aside = mark_aside(&live, "a.backup", "c", 1000);
    Database kept = {.name = (char *)"k", .mark = mark_kept(aside), .oid = 7};
    assert_true(mark_is(&kept, "kept"));
    assert_null(json_string(kept.mark, "by", NULL));
    cJSON *ready = mark_ready(&kept, &now, "cmms", NULL);
    assert_string_equal(json_string(ready, "cmms_backup", ""), "coming");
    assert_true(json_bool(ready, "again", false) && json_bool(ready, "whole", false));
    assert_string_equal(json_string(ready, "comment", ""), "old"); /* its own, not the live one's */
    assert_int_equal(json_int(ready, "limit", 0), 5);
    cJSON *again = mark_kept(ready);
    assert_true(cJSON_Compare(again, kept.mark, true));
    Database fresh = {.name = (char *)"c", .mark = mark_coming("cmms", "a.backup", 11), .oid = 11};
    assert_false(json_bool(fresh.mark, "whole", true));
    cJSON *whole = mark_ready(&fresh, &now, "cmms", "a.backup");
    assert_string_equal(json_string(whole, "comment", ""), "new");
    assert_int_equal(json_int(whole, "oid", 0), 11);
    cJSON_Delete(whole);
    /* Where there is no live one, what it was dressed with. */
    json_set_string(fresh.mark, "comment", "of the plant");
    json_set_int(fresh.mark, "limit", 44);
    json_set_string(fresh.mark, "owner", "app");
    whole = mark_ready(&fresh, NULL, "cmms", "a.backup");
    assert_true(mark_is(&fresh, "coming") && json_bool(whole, "whole", false));
    assert_string_equal(json_string(whole, "comment", ""), "of the plant");
    assert_string_equal(json_string(whole, "owner", ""), "app");
    assert_int_equal(json_int(whole, "limit", 0), 44);
    cJSON_Delete(whole);
    cJSON_Delete(fresh.mark);
    cJSON_Delete(again);
    cJSON_Delete(ready);
    cJSON_Delete(kept.mark);
    cJSON_Delete(aside);
}

/* The states of swap.c, and what does not look like one. L: the live one; K, C: marks as JSON, NULL: none. */
static void what_is_to_be_mended(void **state)
{
    (void)state;
#define KEPT(more) "{\"cmms_backup\":\"kept\",\"of\":\"L\",\"oid\":7" more "}"
#define COMING(more) "{\"cmms_backup\":\"coming\",\"of\":\"L\",\"oid\":7" more "}"
#define BY ",\"by\":\"C\",\"aside\":5"
#define WHOLE ",\"whole\":true"
#define ALONE ",\"alone\":true,\"been\":\"3//\""
#define BEEN ",\"alone\":true,\"been\":\"2//\""
    static const struct {
        const char *names[3], *comments[3];
        MendStep step;
        const char *aside, *coming;
    } cases[] = {
        {{"L", "C"}, {NULL, COMING("")}, MEND_NOTHING, NULL, NULL},                          /* 1 */
        {{"L", "C"}, {NULL, COMING(WHOLE)}, MEND_NOTHING, NULL, NULL},                       /* 2 */
        {{"L", "C"}, {KEPT(BY), COMING(WHOLE)}, MEND_REOPEN, "L", NULL},                     /* 3 */
        {{"K", "C"}, {KEPT(BY), COMING(WHOLE)}, MEND_FORWARD, "K", "C"},                     /* 4 */
        {{"K", "C"}, {KEPT(BY), COMING("")}, MEND_BACK, "K", NULL},                          /* it was never whole */
        {{"K", "D"}, {KEPT(BY), COMING(WHOLE)}, MEND_BACK, "K", NULL},                       /* not that one */
        {{"K"}, {KEPT(BY)}, MEND_BACK, "K", NULL},
        {{"K", "L"}, {KEPT(BY), COMING(WHOLE)}, MEND_FINISH, "K", "L"},                      /* 5 */
        {{"K", "L"}, {KEPT(""), COMING(WHOLE)}, MEND_FINISH, NULL, "L"},                     /* 6 */
        {{"L"}, {COMING(WHOLE)}, MEND_FINISH, NULL, "L"},                                    /* there was no other */
        {{"L"}, {COMING("")}, MEND_NOTHING, NULL, NULL},                 /* a restore beside it, that was killed */
        {{"K", "L"}, {KEPT(""), NULL}, MEND_NOTHING, NULL, NULL},                            /* 7 */
        {{"C"}, {COMING(WHOLE ALONE)}, MEND_ALONE, NULL, "C"},                               /* 2, without an L */
        {{"C", "D"}, {COMING(WHOLE ALONE), COMING("")}, MEND_ALONE, NULL, "C"},
        {{"C", "D"}, {COMING(WHOLE ALONE), COMING(WHOLE ALONE)}, MEND_NOTHING, NULL, NULL},  /* which? */
        {{"C"}, {COMING(WHOLE)}, MEND_NOTHING, NULL, NULL},              /* there was one, and somebody took it away */
        {{"C"}, {COMING(WHOLE BEEN)}, MEND_NOTHING, NULL, NULL},         /* somebody works in it */
        {{"C"}, {COMING(ALONE)}, MEND_NOTHING, NULL, NULL},
        {{"L", "C"}, {NULL, COMING(WHOLE ALONE)}, MEND_NOTHING, NULL, NULL},
        {{"K"}, {KEPT("")}, MEND_NOTHING, NULL, NULL}, /* somebody dropped the live one: nobody gives its name away */
        {{"K", "L"}, {KEPT(BY), NULL}, MEND_FINISH, "K", NULL}, /* somebody made another meanwhile */
        {{"J", "K", "C"}, {KEPT(",\"aside\":4"), KEPT(BY), COMING(WHOLE)}, MEND_FORWARD, "K", "C"},
        {{"J", "K", "C"}, {KEPT(",\"aside\":9"), KEPT(BY), COMING(WHOLE)}, MEND_FORWARD, "K", "C"}, /* any clock */
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Database items[3];
        Databases all = {items, 0};
        const Database *aside = NULL, *coming = NULL;
        for (; all.count < 3 && cases[i].names[all.count] != NULL; all.count++) {
            items[all.count] = (Database){.name = (char *)cases[i].names[all.count],
                                          .been = (char *)"3//",
                                          .mark = mark_parse(cases[i].comments[all.count], "L", 7)};
        }
        assert_int_equal(swap_plan(&all, "L", &aside, &coming), cases[i].step);
        assert_true(cases[i].aside == NULL ? aside == NULL : aside != NULL && !strcmp(aside->name, cases[i].aside));
        assert_true(cases[i].coming == NULL ? coming == NULL
                                            : coming != NULL && !strcmp(coming->name, cases[i].coming));
        for (size_t k = 0; k < all.count; k++) {
            cJSON_Delete(items[k].mark);
        }
    }
}

/* Of what an interrupted restore left. */
static void what_may_be_dropped(void **state)
{
    (void)state;
    static const struct {
        bool live, whole;
        const char *then, *now;
        bool may;
    } cases[] = {
        {true, false, NULL, "3//", true},   {false, false, NULL, NULL, true}, /* half of it */
        {true, true, "3//", "3//", true},   {true, true, "3//", "4//", false},
        {true, true, "3//", "3//5", false}, {true, true, "3//", NULL, false},
        {true, true, NULL, NULL, false},    {false, true, "3//", "3//", false}, /* all that there is */
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Database then = {.name = (char *)"C", .been = (char *)cases[i].then, .oid = 7}, live = {.name = (char *)"L"};
        Database items[] = {{.name = (char *)"C", .been = (char *)cases[i].now, .oid = 7}, live};
        const Databases all = {items, cases[i].live ? 2u : 1u};
        then.mark = mark_coming("L", "a.backup", 7);
        items[0].mark = cases[i].whole ? mark_ready(&then, cases[i].live ? &live : NULL, "L", "a.backup")
                                       : mark_coming("L", "a.backup", 7);
        assert_int_equal(swap_may_drop(&all, "L", &items[0]), cases[i].may);
        if (cases[i].whole) {
            assert_int_equal(json_bool(items[0].mark, "alone", cases[i].live), !cases[i].live);
        }
        cJSON_Delete(items[0].mark);
        cJSON_Delete(then.mark);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(marks_are_known_again),
        cmocka_unit_test(comments_are_kept),
        cmocka_unit_test(marks_of_an_undo),
        cmocka_unit_test(what_is_to_be_mended),
        cmocka_unit_test(what_may_be_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
