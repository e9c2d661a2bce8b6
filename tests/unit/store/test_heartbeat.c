#include "test_util.h"

#include "store/heartbeat.h"

#define DAY ((int64_t)86400)
#define NOON ((int64_t)1796040000)

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *file, *computer; /* NULL: another file */
    } rows[] = {
        {"cmms_heartbeat_PC-07.json", "PC-07"},
        {"cmms_heartbeat_a.b_c.json", "a.b_c"},
        {"cmms_heartbeat_.json", NULL},
        {"cmms_heartbeat_..json", NULL},
        {"cmms_heartbeat_../x.json", NULL},
        {"cmms_heartbeat_a b.json", NULL},
        {"cmms_heartbeat_a\nb.json", NULL},
        {"cmms_heartbeat_\xC3\xBC.json", NULL},
        {"cmms_heartbeat_0123456789012345678901234567890123456789012345678901234567890123.json", NULL},
        {"cmms_heartbeat_PC-07.json.tmp-1", NULL},
        {"cmms_backup_20260119_143052.backup", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char computer[HEARTBEAT_NAME] = "untouched";
        const bool is = heartbeat_computer(rows[i].file, computer);
        assert_int_equal(is, rows[i].computer != NULL);
        assert_string_equal(computer, is ? rows[i].computer : "untouched");
    }
    assert_text(heartbeat_file("PC-07"), "cmms_heartbeat_PC-07.json");
    assert_text(heartbeat_file("B\xC3\xBCro 7/..\\x"), "cmms_heartbeat_B__ro_7_.._x-a899.json");
    /* Two names are two files, and each is a name again. */
    static const char *const alike[][2] = {
        {"B\xC3\x9CRO-1", "B\xC3\x84RO-1"},
        {"0123456789012345678901234567890123456789012345678901234567890123-a",
         "0123456789012345678901234567890123456789012345678901234567890123-b"}};
    for (size_t i = 0; i < TEST_COUNT(alike); i++) {
        char *one = heartbeat_file(alike[i][0]), *other = heartbeat_file(alike[i][1]), computer[HEARTBEAT_NAME];
        assert_string_not_equal(one, other);
        assert_true(heartbeat_computer(one, computer));
        assert_text(heartbeat_file(computer), one);
        mem_free(other);
        mem_free(one);
    }
}

static void content(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "{", "[]", "7", "{\"version\":1}", "{\"version\":2,\"computer\":\"PC-07\"}",
        "{\"version\":1,\"computer\":\"PC-08\"}", "{\"version\":1,\"computer\":7}"};
    Heartbeat out = {.computer = "PC-07", .at = NOON, .good = NOON - 60, .hours = 36}, in = {.hours = 1};
    Error err = ERROR_INIT;
    char *text = heartbeat_text(&out);
    assert_ok(heartbeat_parse(text, strlen(text), "pc-07", &in, &err), &err);
    assert_string_equal(in.computer, "pc-07"); /* as the file is called */
    assert_true(in.at == NOON && in.good == NOON - 60 && in.hours == 36 && !in.retired);
    mem_free(text);
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_fails(heartbeat_parse(bad[i], strlen(bad[i]), "PC-07", &in, &err), &err, EK_DAMAGED,
                     "the heartbeat of PC-07 is damaged");
    }
    static const char wild[] = "{\"version\":1,\"computer\":\"PC-07\",\"at\":\"yesterday\",\"hours\":1e300,"
                               "\"good\":-1,\"retired\":\"yes\"}";
    assert_ok(heartbeat_parse(wild, strlen(wild), "PC-07", &in, &err), &err);
    assert_true(in.at == 0 && in.good == 0 && in.hours == 0 && !in.retired);
    char *large = mem_alloc(HEARTBEAT_MAX + 2);
    memset(large, ' ', HEARTBEAT_MAX + 1);
    assert_false(heartbeat_parse(large, HEARTBEAT_MAX + 1, "PC-07", &in, NULL));
    mem_free(large);
}

/* One look at one file, and how long PC-07 is silent then, in days. */
typedef struct Look {
    const char *what;
    int64_t now;       /* days after NOON, by the place's clock */
    bool there;
    int64_t modified;  /* days after NOON; NONE: not known */
    int64_t at;        /* by that PC's clock; NONE: it does not say */
    int hours;
    bool retired, damaged;
    int64_t silent;    /* days; 0: not said */
} Look;
#define NONE (-100000)

static int64_t moment(int64_t days)
{
    return days == NONE ? 0 : NOON + days * DAY;
}

static void play(const Look *looks, size_t count)
{
    SeenComputers seen;
    seen_init(&seen);
    for (size_t i = 0; i < count; i++) {
        const Look *look = &looks[i];
        SeenLook with;
        seen_begin(&seen, "folder:x", moment(look->now), &with);
        if (look->there) {
            const Heartbeat beat = {.computer = "PC-07", .at = moment(look->at), .hours = look->hours,
                                    .retired = look->retired};
            char *text = look->damaged ? mem_strdup("{\"version\":") : heartbeat_text(&beat);
            char *tag = mem_printf("%lld %s", (long long)moment(look->modified), text);
            if (seen_is_new(&with, "cmms_heartbeat_PC-07.json", tag)) {
                seen_file(&with, "cmms_heartbeat_PC-07.json", tag, moment(look->modified), text, strlen(text));
            } else {
                seen_same(&with, "cmms_heartbeat_PC-07.json");
            }
            mem_free(tag);
            mem_free(text);
        }
        seen_end(&with, moment(look->now));
        char *kept = seen_text(&seen);
        assert_true(seen_parse(kept, strlen(kept), &seen)); /* as the next program reads it */
        mem_free(kept);
        const SeenComputer *computer = seen_find(&seen, "PC-07");
        const int64_t silent = computer != NULL ? seen_silence(&seen, computer, "PC-01") / DAY : 0;
        if (silent != look->silent) {
            print_error("%s: %lld days\n", look->what, (long long)silent);
            fail();
        }
    }
    seen_release(&seen);
}

static void silence(void **state)
{
    (void)state;
    static const Look usual[] = {
        {"it beats", 0, true, 0, 0, 36, false, false, 0},
        {"two days later", 2, true, 0, 0, 36, false, false, 0},
        {"four", 4, true, 0, 0, 36, false, false, 0},
        {"five", 5, true, 0, 0, 36, false, false, 5},
        {"it beats again", 6, true, 6, 6, 36, false, false, 0},
        {"its file is removed", 11, false, 0, 0, 0, false, false, 5},
        {"it is damaged", 12, true, 12, 0, 0, false, true, 6},
        {"and comes back", 13, true, 13, 13, 36, false, false, 0},
    };
    static const Look monthly[] = {
        {"it beats", 0, true, 0, 0, 24 * 31, false, false, 0},
        {"thirty days later", 30, true, 0, 0, 24 * 31, false, false, 0},
        {"thirty-one", 31, true, 0, 0, 24 * 31, false, false, 31},
    };
    static const Look retired[] = {
        {"it beats", 0, true, 0, 0, 36, false, false, 0},
        {"somebody retires it", 4, true, 4, 4, 0, true, false, 0},
        {"for ever", 400, true, 4, 4, 0, true, false, 0},
        {"and it beats again", 401, true, 401, 401, 36, false, false, 0},
        {"and falls silent", 406, true, 401, 401, 36, false, false, 5},
    };
    play(usual, TEST_COUNT(usual));
    play(monthly, TEST_COUNT(monthly));
    play(retired, TEST_COUNT(retired));
}

/* Holidays are no reason for a word. */
static void long_weekends(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t hours; /* between its heartbeat and the look */
        bool silent;
    } rows[] = {{"Thursday 17:00 to Monday 09:00", 3 * 24 + 16, false},
                {"Friday 08:00 to Tuesday 09:00", 4 * 24 + 1, false},
                {"Friday 08:00 to Tuesday 21:00", 4 * 24 + 13, true}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const SeenComputer computer = {.computer = "PC-07", .last = NOON - rows[i].hours * 3600, .hours = 36};
        const SeenComputers seen = {.looked = NOON};
        if ((seen_silence(&seen, &computer, "PC-01") > 0) != rows[i].silent) {
            print_error("%s\n", rows[i].what);
            fail();
        }
    }
}

static void wrong_clocks(void **state)
{
    (void)state;
    static const Look ahead[] = {
        {"its clock is ahead", 0, true, 0, 9000, 36, false, false, 0},
        {"that does not keep it alive", 5, true, 0, 9000, 36, false, false, 5},
    };
    static const Look far_ahead[] = {
        {"so is the file's date", 0, true, 9000, 9000, 36, false, false, 0},
        {"nor does that", 5, true, 9000, 9000, 36, false, false, 5},
    };
    static const Look behind[] = {
        {"its clock is years behind", 0, true, 0, -9000, 36, false, false, 0},
        {"and the file's date as well", 1, true, -9000, -9000, 36, false, false, 0},
        {"it lived after the look before", 2, true, -9001, -9001, 36, false, false, 0},
        {"and goes on", 6, true, -9002, -9002, 36, false, false, 0},
    };
    static const Look ours_back[] = {
        {"the place's clock was ahead", 100, true, 100, 100, 36, false, false, 0},
        {"and was set back", 0, true, 100, 100, 36, false, false, 0},
        {"it beats", 1, true, 1, 1, 36, false, false, 0},
        {"and falls silent", 6, true, 1, 1, 36, false, false, 5},
    };
    play(ahead, TEST_COUNT(ahead));
    play(far_ahead, TEST_COUNT(far_ahead));
    play(behind, TEST_COUNT(behind));
    play(ours_back, TEST_COUNT(ours_back));
}

static void beat_of(SeenLook *look, const char *computer, int64_t at)
{
    Heartbeat beat = {.at = at, .hours = 36};
    char *file = heartbeat_file(computer);
    memcpy(beat.computer, computer, strlen(computer) + 1);
    char *text = heartbeat_text(&beat);
    seen_file(look, file, text, at, text, strlen(text));
    mem_free(text);
    mem_free(file);
}

static void in_words(void **state)
{
    (void)state;
    SeenComputers seen;
    SeenLook look;
    char *who = NULL;
    seen_init(&seen);
    assert_null(seen_silent_text(&seen, "PC-01", NULL, 0));
    seen_begin(&seen, "folder:x", NOON, &look);
    beat_of(&look, "PC-01", NOON - 50 * DAY);
    beat_of(&look, "PC-07", NOON - 4 * DAY - 13 * 3600);
    beat_of(&look, "PC-02", NOON);
    seen_end(&look, NOON);
    assert_text(seen_silent_text(&seen, "pc-01", &who, NOON + DAY - 1), "PC-07 has been silent for 4 days");
    assert_text(who, "PC-07");
    /* From a look that is long ago nothing is said of now. */
    assert_text(seen_silent_text(&seen, "PC-01", NULL, NOON + DAY),
                "PC-07 has been silent for 4 days, as of 1 day ago");
    assert_text(seen_silent_text(&seen, "PC-01", NULL, NOON + 7 * DAY),
                "PC-07 has been silent for 4 days, as of 7 days ago");
    assert_text(seen_silent_text(&seen, "PC-01", NULL, NOON - DAY), "PC-07 has been silent for 4 days");
    seen_begin(&seen, "folder:x", NOON, &look);
    beat_of(&look, "PC-09", NOON - 6 * DAY);
    seen_end(&look, NOON);
    assert_text(seen_silent_text(&seen, "PC-01", NULL, 0), "PC-07 and PC-09 have been silent for 4 days or more");
    seen_begin(&seen, "folder:x", NOON, &look);
    for (int i = 10; i < 16; i++) {
        char *name = mem_printf("PC-%d", i);
        beat_of(&look, name, NOON - 6 * DAY);
        mem_free(name);
    }
    seen_end(&look, NOON);
    assert_text(seen_silent_text(&seen, "PC-01", NULL, 0),
                "PC-07, PC-09, PC-10, PC-11, PC-12 and 3 other computers have been silent for 4 days or more");
    /* Another place has others. */
    seen_begin(&seen, "sharepoint:d/f", NOON, &look);
    seen_end(&look, NOON);
    assert_null(seen_silent_text(&seen, "PC-01", NULL, 0));
    assert_int_equal(seen.count, 0);
    seen_release(&seen);
}

/* Files that somebody puts there make no computer known by damage, and no more than so many. */
/* A PC that lives and makes no backups, by its own word; one after the other, as the next program reads it. */
static void lives_and_fails(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t now, at, good; /* hours after NOON; NONE: it does not say */
        int hours;
        bool retired;
        const char *text; /* NULL: nothing is said */
    } rows[] = {
        {"it is well", 0, 0, -2, 36, false, NULL},
        {"its backup is a day old", 24, 24, -2, 36, false, NULL},
        {"older than its schedule allows", 48, 48, 10, 36, false, "PC-07 has had no good backup for 38 hours"},
        {"by days", 72, 72, -146, 36, false, "PC-07 has had no good backup for 9 days"},
        {"its clock is years ahead", 80, 90000, 90000 - 218, 36, false, "PC-07 has had no good backup for 9 days"},
        {"or was set in between", 84, 84, 90000, 36, false, NULL},
        {"monthly, that is well", 86, 86, -218, 24 * 31, false, NULL},
        {"it does not say how often", 88, 88, -218, 0, false, NULL},
        {"retired", 90, 90, -218, 36, true, NULL},
        {"it says of none at all", 100, 100, NONE, 36, false, NULL},
        {"for a day", 124, 124, NONE, 36, false, NULL},
        {"for two", 150, 150, NONE, 36, false, "PC-07 has had no good backup for 2 days"},
        {"it has made one", 160, 160, 159, 36, false, NULL},
        {"and none again", 170, 170, NONE, 36, false, NULL},
    };
    SeenComputers seen;
    seen_init(&seen);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const Heartbeat beat = {.computer = "PC-07", .at = NOON + rows[i].at * 3600, .hours = rows[i].hours,
                                .good = rows[i].good == NONE ? 0 : NOON + rows[i].good * 3600,
                                .retired = rows[i].retired};
        const int64_t now = NOON + rows[i].now * 3600;
        SeenLook look;
        char *text = heartbeat_text(&beat);
        seen_begin(&seen, "folder:x", now, &look);
        seen_file(&look, "cmms_heartbeat_PC-07.json", text, now, text, strlen(text));
        seen_end(&look, now);
        mem_free(text);
        char *kept = seen_text(&seen);
        assert_true(seen_parse(kept, strlen(kept), &seen));
        mem_free(kept);
        char *told = seen_silent_text(&seen, "PC-01", NULL, now);
        if ((told == NULL) != (rows[i].text == NULL) || (told != NULL && strcmp(told, rows[i].text) != 0)) {
            print_error("%s: %s\n", rows[i].what, told != NULL ? told : "(nothing)");
            fail();
        }
        mem_free(told);
        assert_null(seen_silent_text(&seen, "pc-07", NULL, now)); /* of itself it says so itself */
    }
    /* Beside one that is silent; and when it falls silent itself, that alone is said. */
    SeenLook look;
    char *who = NULL;
    const Heartbeat failing = {.computer = "PC-08", .at = NOON + 30 * DAY, .good = NOON + 21 * DAY, .hours = 36};
    char *text = heartbeat_text(&failing);
    seen_begin(&seen, "folder:x", NOON + 30 * DAY, &look);
    seen_file(&look, "cmms_heartbeat_PC-08.json", text, failing.at, text, strlen(text));
    seen_end(&look, NOON + 30 * DAY);
    assert_text(seen_silent_text(&seen, "PC-01", &who, 0),
                "PC-07 has been silent for 22 days; PC-08 has had no good backup for 9 days");
    assert_text(who, "PC-07 PC-08!");
    seen_begin(&seen, "folder:x", NOON + 40 * DAY, &look);
    seen_end(&look, NOON + 40 * DAY);
    assert_text(seen_silent_text(&seen, "PC-01", NULL, 0), "PC-07 and PC-08 have been silent for 10 days or more");
    mem_free(text);
    seen_release(&seen);
}

static void hostile(void **state)
{
    (void)state;
    SeenComputers seen;
    SeenLook look;
    seen_init(&seen);
    seen_begin(&seen, "folder:x", NOON, &look);
    seen_file(&look, "cmms_heartbeat_PC-66.json", "t", NOON, "no json", 7);
    seen_file(&look, "cmms_heartbeat_PC-67.json", "t", NOON, NULL, 0);
    seen_file(&look, "something.json", "t", NOON, NULL, 0);
    seen_end(&look, NOON);
    assert_int_equal(seen.count, 0);
    assert_int_equal(seen.strange, 2);
    seen_begin(&seen, "folder:x", NOON, &look);
    for (unsigned i = 0; i < HEARTBEAT_COMPUTERS + 5; i++) {
        char *name = mem_printf("PC-%u", i);
        beat_of(&look, name, NOON);
        mem_free(name);
    }
    seen_end(&look, NOON);
    assert_int_equal(seen.count, HEARTBEAT_COMPUTERS);
    assert_int_equal(seen.strange, 5);
    /* What is broken off was no look. */
    seen_begin(&seen, "folder:x", NOON + DAY, &look);
    seen_break_off(&look);
    assert_true(seen.looked == NOON);
    assert_false(seen.computers[0].damaged);
    seen_release(&seen);
}

static void the_file(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "[]", "{\"version\":9}"};
    static const char wild[] = "{\"version\":1,\"place\":7,\"looked\":\"x\",\"strange\":-1,\"computers\":[1,{},"
                               "{\"computer\":\"../x\"},{\"computer\":\"PC-07\",\"hours\":-3},{\"computer\":\"pc-07\"},"
                               "{\"computer\":\"PC-08\",\"print\":\"0123456789012345678901234567890123456789"
                               "0123456789012345678901234567890123456789\"}]}";
    SeenComputers seen;
    seen_init(&seen);
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_false(seen_parse(bad[i], strlen(bad[i]), &seen));
    }
    assert_true(seen_parse(wild, strlen(wild), &seen));
    assert_int_equal(seen.count, 2);
    assert_null(seen.place);
    assert_true(seen.looked == 0 && seen.strange == 0 && seen.computers[0].hours == 0);
    assert_string_equal(seen.computers[1].print, "");
    seen_release(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names), cmocka_unit_test(content), cmocka_unit_test(silence),
        cmocka_unit_test(long_weekends), cmocka_unit_test(wrong_clocks), cmocka_unit_test(in_words),
        cmocka_unit_test(lives_and_fails),
        cmocka_unit_test(hostile),
        cmocka_unit_test(the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
