#include "test_util.h"

#include "jobs/opening.h"
#include "store/folder.h"
#include "test_env.h"

typedef struct Told {
    StrBuf text;
} Told;

static void note(void *context, LogLevel level, const char *text)
{
    Told *told = context;
    assert_int_equal(level, LOG_WARNING);
    strbuf_addf(&told->text, "[%s]", text);
}

typedef struct Place {
    char *dir, *own, *profile, *folder;
    Told told;
    JobSink sink;
} Place;

static void place_begin(Place *place)
{
    *place = (Place){.dir = test_dir_new()};
    Error err = ERROR_INIT;
    place->own = fs_join(place->dir, "own");
    place->profile = fs_join(place->own, USERPROFILE_FILE);
    place->folder = fs_join(place->dir, "backups");
    assert_ok(fs_make_dirs(place->own, &err), &err);
    test_setenv("CMMS_BACKUP_DATA", place->own);
    test_setenv("CMMS_BACKUP_FOLDER", NULL);
    strbuf_init(&place->told.text, STRBUF_SMALL);
    place->sink = (JobSink){.log = note, .context = &place->told};
}

static void place_end(Place *place)
{
    strbuf_release(&place->told.text);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(place->folder);
    mem_free(place->profile);
    mem_free(place->own);
    test_dir_remove(place->dir);
}

static const char saved[] = "{\"host\":\"ep-x-1.eu.aws.neon.tech\",\"user\":\"ann\",\"database\":\"cmms\","
                            "\"lock_minutes\":3}";

/* What is meant, out of the three sources, as "user@host:port/db". */
static void which_database(void **state)
{
    (void)state;
    static const struct {
        Connection environment;
        ConnectionSwitches switches;
        const char *text;
    } cases[] = {
        {{0}, {0}, "ann@ep-x-1.eu.aws.neon.tech:5432/cmms"},
        {{.database = (char *)"other"}, {0}, "ann@ep-x-1.eu.aws.neon.tech:5432/other"},
        {{.database = (char *)"other"}, {.database = "third"}, "ann@ep-x-1.eu.aws.neon.tech:5432/third"},
        {{.user = (char *)"bob", .host = (char *)"h"}, {.port = "7", .database = "d"}, "bob@h:7/d"},
        /* A psql command, as connection.h promises: the console took it for a database's name once. */
        {{0}, {.database = "psql 'postgresql://u@h/db'"}, "u@h:5432/db"},
        /* Neon's pooler is the same host as the saved one, so the profile still counts; `list` took it for another. */
        {{.host = (char *)"ep-x-1-pooler.eu.aws.neon.tech"}, {0}, "ann@ep-x-1-pooler.eu.aws.neon.tech:5432/cmms"},
    };
    Place place;
    place_begin(&place);
    test_write(place.profile, saved);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Opening opening;
        Error err = ERROR_INIT;
        const OpeningSpec spec = {.environment = &cases[i].environment, .switches = &cases[i].switches};
        opening_init(&opening);
        assert_ok(opening_open(&spec, &place.sink, &opening, &err), &err);
        assert_true(opening.configured);
        assert_int_equal(opening.lock_minutes, 3);
        assert_null(opening.folder);
        assert_text(connection_text(&opening.connection), cases[i].text);
        opening_release(&opening);
    }
    /* What was chosen in the window just now is not mixed with anything. */
    Opening opening;
    Error err = ERROR_INIT;
    const Connection chosen = {.host = (char *)"new", .user = (char *)"u", .database = (char *)"n"};
    const OpeningSpec spec = {.environment = &cases[1].environment, .chosen = &chosen};
    opening_init(&opening);
    assert_ok(opening_open(&spec, &place.sink, &opening, &err), &err);
    assert_text(connection_text(&opening.connection), "u@new:5432/n");
    opening_release(&opening);
    assert_int_equal(place.told.text.len, 0);
    place_end(&place);
}

/* It was a failure on the console and a warning in the window, which then took a database's name alone for one on this
 * computer. */
static void a_profile_that_cannot_be_read(void **state)
{
    (void)state;
    static const ConnectionSwitches nothing = {0}, database = {.database = "cmms"}, host = {.host = "h", .user = "u"};
    static const ConnectionSwitches wrong = {.database = "postgresql://"};
    static const struct {
        const ConnectionSwitches *switches;
        bool without, ok, configured;
    } cases[] = {
        {&nothing, false, false, false}, {&nothing, true, true, false}, {&database, false, false, false},
        {&database, true, true, false},  {&host, false, true, true},    {&host, true, true, true},
        {&wrong, true, false, false},
    };
    Place place;
    Error err = ERROR_INIT;
    place_begin(&place);
    assert_ok(fs_make_dirs(place.profile, &err), &err); /* a folder in the file's place */
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Opening opening;
        const OpeningSpec spec = {.switches = cases[i].switches, .without_database = cases[i].without};
        opening_init(&opening);
        place.told.text.len = 0;
        const bool ok = opening_open(&spec, &place.sink, &opening, &err);
        assert_int_equal(ok, cases[i].ok);
        assert_int_equal(err.kind == EK_NONE, ok);
        assert_int_equal(opening.configured, cases[i].configured);
        assert_int_equal(place.told.text.len > 0, ok);
        if (ok && !cases[i].configured) {
            assert_null(opening.connection.database);
        }
        error_clear(&err);
        opening_release(&opening);
    }
    place_end(&place);
}

static void which_folder(void **state)
{
    (void)state;
    Place place;
    Error err = ERROR_INIT;
    Opening opening;
    place_begin(&place);
    opening_init(&opening);
    OpeningSpec spec = {.use = OPENING_READS, .folder = place.folder, .settings = true};
    assert_false(opening_open(&spec, &place.sink, &opening, &err));
    assert_int_equal(err.kind, EK_NOT_FOUND);
    assert_false(fs_exists(place.folder)); /* who only reads makes nothing */
    error_clear(&err);
    spec.use = OPENING_WRITES;
    assert_ok(opening_open(&spec, &place.sink, &opening, &err), &err);
    assert_string_equal(opening.folder, place.folder);
    assert_int_equal(opening.settings.retention_days, 30);
    assert_false(opening.configured);
    assert_int_equal(place.told.text.len, 0);

    char *file = fs_join(place.folder, SETTINGS_FILE);
    test_write(file, "{\"retention_days\": 7, \"max_backups\": -1}");
    spec.use = OPENING_TAKES_ANY;
    assert_ok(opening_open(&spec, &place.sink, &opening, &err), &err);
    assert_int_equal(opening.settings.retention_days, 7);
    assert_string_equal(place.told.text.buf, "[max_backups was -1; 50 is used]");

    /* A failure leaves what there was. */
    spec.use = OPENING_WRITES;
    spec.folder = file;
    assert_false(opening_open(&spec, &place.sink, &opening, &err));
    assert_int_equal(err.kind, EK_SETTINGS);
    error_clear(&err);
    assert_string_equal(opening.folder, place.folder);
    opening_release(&opening);
    mem_free(file);
    place_end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_database),
        cmocka_unit_test(a_profile_that_cannot_be_read),
        cmocka_unit_test(which_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
