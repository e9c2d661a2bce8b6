#include "test_util.h"

#include "cli/console.h"
#include "cli/verb.h"
#include "cloud/place.h"

#define MAX_ARGUMENTS 12

/* All of the console program is linked here but its console, which no test comes to. */

bool console_is_terminal(int fd)
{
    (void)fd;
    return false;
}

unsigned console_width(void)
{
    return 80;
}

bool console_enable_colour(int fd)
{
    (void)fd;
    return false;
}

bool console_input_ended(void)
{
    return true;
}

void console_write(int fd, const char *utf8)
{
    (void)fd;
    (void)utf8;
}

void console_cancel_on_interrupt(Cancel *cancel)
{
    (void)cancel;
}

bool console_ask_secret(const char *prompt, Secret *secret)
{
    (void)prompt;
    (void)secret;
    return false;
}

bool console_ask_line(const char *prompt, char **line)
{
    (void)prompt;
    (void)line;
    return false;
}

/* NULL: none. */
static void assert_verb(const Verb *verb, const char *name)
{
    if (name == NULL) {
        assert_null(verb);
    } else {
        assert_non_null(verb);
        assert_string_equal(verb->name, name);
    }
}

/* Parses the words after the program's name. */
static bool parse(const char *const *words, Options *options, Error *err)
{
    char *argv[MAX_ARGUMENTS + 1] = {"cmms-backup-cli"};
    int argc = 1;
    for (; words[argc - 1]; argc++) {
        assert_true(argc < MAX_ARGUMENTS);
        argv[argc] = mem_strdup(words[argc - 1]);
    }
    bool ok = options_parse(argc, argv, options, err);
    /* The options borrow from argv; what the tests look at is compared before it goes. */
    for (int i = 1; i < argc; i++) {
        mem_free(argv[i]);
    }
    return ok;
}

static void every_spelling_of_a_switch(void **state)
{
    (void)state;
    static const struct {
        char *argv[6];
        const char *host, *port, *user;
    } cases[] = {
        {{"x", "backup", "-h", "db", NULL}, "db", NULL, NULL},
        {{"x", "backup", "-hdb", NULL}, "db", NULL, NULL},
        {{"x", "backup", "--host", "db", NULL}, "db", NULL, NULL},
        {{"x", "backup", "--host=db", NULL}, "db", NULL, NULL},
        {{"x", "-p5433", "backup", NULL}, NULL, "5433", NULL},
        {{"x", "backup", "-wU", "joe", NULL}, NULL, NULL, "joe"},
        {{"x", "backup", "-wUjoe", NULL}, NULL, NULL, "joe"},
        {{"x", "backup", "--host=", NULL}, "", NULL, NULL},
        {{"x", "backup", "-h", "--host=a", NULL}, "--host=a", NULL, NULL}, /* a value may look like a switch */
        {{"x", "backup", "--host=a=b", NULL}, "a=b", NULL, NULL},
        {{"x", "backup", "-ha", "-hb", NULL}, "b", NULL, NULL}, /* the last one counts */
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Options options;
        Error err = ERROR_INIT;
        int argc = 0;
        while (cases[i].argv[argc]) {
            argc++;
        }
        options_init(&options);
        assert_ok(options_parse(argc, cases[i].argv, &options, &err), &err);
        assert_verb(options.verb, "backup");
        const char *const got[] = {options.host, options.port, options.user};
        const char *const wanted[] = {cases[i].host, cases[i].port, cases[i].user};
        for (size_t j = 0; j < 3; j++) {
            if (wanted[j]) {
                assert_non_null(got[j]);
                assert_string_equal(got[j], wanted[j]);
            } else {
                assert_null(got[j]);
            }
        }
        options_release(&options);
    }
}

static void all_switches_of_a_verb(void **state)
{
    (void)state;
    char *argv[] = {"x", "backup", "--folder=F", "--compress", "zstd:3", "-d", "db", "--sslmode=require", "-w",
                    "--json", "-q", "--no-color", "--progress-json", NULL};
    Options options;
    Error err = ERROR_INIT;
    options_init(&options);
    assert_ok(options_parse(13, argv, &options, &err), &err);
    assert_true(options.progress_json);
    assert_string_equal(options.folder, "F");
    assert_string_equal(options.compress, "zstd:3");
    assert_string_equal(options.database, "db");
    assert_string_equal(options.sslmode, "require");
    assert_true(options.no_password && options.json && options.quiet && options.no_color);
    assert_false(options.help || options.version || options.all);
    options_release(&options);
}

static void switches_of_the_encryption(void **state)
{
    (void)state;
    char *argv[] = {"x", "encryption", "set-up", "--key-file=K", "--card", "C", "--recipient=R", "--confirm=words",
                    "--keep-key", "--passphrase", NULL};
    Options options;
    Error err = ERROR_INIT;
    options_init(&options);
    assert_ok(options_parse(10, argv, &options, &err), &err);
    assert_verb(options.verb, "encryption");
    assert_string_equal(options.files[0], "set-up");
    assert_string_equal(options.key_file, "K");
    assert_string_equal(options.card, "C");
    assert_string_equal(options.recipient, "R");
    assert_string_equal(options.confirm, "words");
    assert_true(options.keep_key && options.passphrase);
    options_release(&options);
}

static void files_to_verify(void **state)
{
    (void)state;
    char *argv[] = {"x", "verify", "a.backup", "--json", "--", "-b.backup", "--json", NULL};
    Options options;
    Error err = ERROR_INIT;
    options_init(&options);
    assert_ok(options_parse(7, argv, &options, &err), &err);
    assert_int_equal(options.file_count, 3);
    assert_string_equal(options.files[0], "a.backup");
    assert_string_equal(options.files[1], "-b.backup");
    assert_string_equal(options.files[2], "--json");
    assert_true(options.json);
    options_release(&options);
    assert_int_equal(options.file_count, 0);
}

static void help_and_version(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *verb;
        bool help, version;
        const char *about;
    } cases[] = {
        {{"--help", NULL}, NULL, true, false, NULL},
        {{"-?", NULL}, NULL, true, false, NULL},
        {{"list", "--help", NULL}, "list", true, false, NULL},
        {{"help", NULL}, "help", false, false, NULL},
        {{"help", "verify", NULL}, "help", false, false, "verify"},
        {{"help", "help", NULL}, "help", false, false, "help"},
        {{"--version", NULL}, NULL, false, true, NULL},
        {{"-V", "--verbose", NULL}, NULL, false, true, NULL},
        {{"list", "--all", "--help", NULL}, "list", true, false, NULL}, /* asked for help, not told off */
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Options options;
        Error err = ERROR_INIT;
        options_init(&options);
        assert_ok(parse(cases[i].words, &options, &err), &err);
        assert_verb(options.verb, cases[i].verb);
        assert_int_equal(options.help, cases[i].help);
        assert_int_equal(options.version, cases[i].version);
        assert_verb(options.help_about, cases[i].about);
        options_release(&options);
    }
}

static void wrong_command_lines(void **state)
{
    (void)state;
    static const struct {
        const char *words[5];
        const char *message;
        const char *hint;
    } cases[] = {
        {{NULL}, "say what to do", "Try 'cmms-backup-cli --help'."},
        {{"frobnicate", NULL}, "unknown verb \"frobnicate\"", "Try 'cmms-backup-cli --help'."},
        {{"help", "me", NULL}, "unknown verb \"me\"", "Try 'cmms-backup-cli --help'."},
        {{"backup", "--no-such-switch", NULL}, "unknown option --no-such-switch", "Try 'cmms-backup-cli --help'."},
        {{"backup", "--password=x", NULL}, "unknown option --password", "Try 'cmms-backup-cli --help'."},
        {{"backup", "-x", NULL}, "unknown option -x", "Try 'cmms-backup-cli --help'."},
        {{"backup", "-\xC3\xBC", NULL}, "unknown option -\xC3\xBC", "Try 'cmms-backup-cli --help'."},
        {{"backup", "--hos=a", NULL}, "unknown option --hos", "Try 'cmms-backup-cli --help'."},
        {{"backup", "-h", NULL}, "the option -h needs a value", "Try 'cmms-backup-cli --help'."},
        {{"backup", "--folder", NULL}, "the option --folder needs a value", "Try 'cmms-backup-cli --help'."},
        {{"backup", "--json=yes", NULL}, "the option --json takes no value", "Try 'cmms-backup-cli --help'."},
        {{"backup", "extra", NULL}, "unexpected argument \"extra\"", "Try 'cmms-backup-cli --help'."},
        {{"help", "list", "verify", NULL}, "unexpected argument \"verify\"", "Try 'cmms-backup-cli --help'."},
        {{"list", "-h", "db", NULL}, "list has no option --host", "Try 'cmms-backup-cli list --help'."},
        {{"backup", "--verbose", NULL}, "backup has no option --verbose", "Try 'cmms-backup-cli backup --help'."},
        {{"prove", "a.backup", "b.backup", NULL}, "prove takes one file", "Try 'cmms-backup-cli --help'."},
        {{"restore", NULL}, "say which backup to restore",
         "Name a file, or one of the backups that 'cmms-backup-cli list' shows."},
        {{"restore", "a", "b", NULL}, "restore takes one file", "Try 'cmms-backup-cli --help'."},
        {{"undo", "a", "b", NULL}, "undo takes one database", "Try 'cmms-backup-cli --help'."},
        {{"restore", "--list", "a", NULL}, "restore has no option --list", "Try 'cmms-backup-cli restore --help'."},
        {{"undo", "--to=b", NULL}, "undo has no option --to", "Try 'cmms-backup-cli undo --help'."},
        {{"restore", "--in-place", "--to=b", "c", NULL},
         "--in-place goes with none of --to, --tables and --no-safety-backup",
         "Try 'cmms-backup-cli restore --help'."},
        {{"preview", "--in-place", "--no-safety-backup", "c", NULL},
         "--in-place goes with none of --to, --tables and --no-safety-backup",
         "Try 'cmms-backup-cli preview --help'."},
        {{"undo", "--in-place", NULL}, "undo has no option --in-place", "Try 'cmms-backup-cli undo --help'."},
        {{"restore", "--tables=a", "--to=b", "c", NULL}, "--tables and --to do not go together",
         "Tables go into a new schema of the database that -d names."},
        {{"restore", "--to-schema=a", "c", NULL}, "--to-schema names a new schema for the tables of --tables",
         "Try 'cmms-backup-cli restore --help'."},
        {{"restore", "--tables=a", "--to-schema=", "c", NULL},
         "--to-schema names a new schema for the tables of --tables", "Try 'cmms-backup-cli restore --help'."},
        {{"preview", "--tables=a", "c", NULL}, "preview has no option --tables",
         "Try 'cmms-backup-cli preview --help'."},
        {{"undo", "--list", "--clean-up", NULL}, "one of --list, --drop, --clean-up and a database at a time",
         "Try 'cmms-backup-cli undo --help'."},
        {{"undo", "--drop=a", "b", NULL}, "one of --list, --drop, --clean-up and a database at a time",
         "Try 'cmms-backup-cli undo --help'."},
        {{"restore", "--drop=a", "b", NULL}, "restore has no option --drop", "Try 'cmms-backup-cli restore --help'."},
        {{"backup", "--yes", NULL}, "backup has no option --yes", "Try 'cmms-backup-cli backup --help'."},
        {{"verify", "--all", "a.backup", NULL}, "--all and file names do not go together",
         "Try 'cmms-backup-cli --help'."},
        {{"certificate", NULL}, "say which backup's proof to certify",
         "Name a file, or one of the backups that 'cmms-backup-cli list' shows."},
        {{"certificate", "a", "b", NULL}, "certificate takes one file", "Try 'cmms-backup-cli --help'."},
        {{"report", "a.backup", NULL}, "unexpected argument \"a.backup\"", "Try 'cmms-backup-cli --help'."},
        {{"report", "--out", NULL}, "the option --out needs a value", "Try 'cmms-backup-cli --help'."},
        {{"status", "--out=a.html", NULL}, "status has no option --out", "Try 'cmms-backup-cli status --help'."},
        {{"export", "a.backup", NULL}, "export takes a backup and a folder", "Try 'cmms-backup-cli export --help'."},
        {{"verify", "--overwrite", NULL}, "verify has no option --overwrite", "Try 'cmms-backup-cli verify --help'."},
        {{"pin", NULL}, "say which backup to pin", "Name one of the backups that 'cmms-backup-cli list' shows."},
        {{"delete", "--force", NULL}, "say which backup to delete",
         "Name one of the backups that 'cmms-backup-cli list' shows."},
        {{"pin", "--off", "--reason=x", NULL}, "say which backup to pin",
         "Name one of the backups that 'cmms-backup-cli list' shows."},
        {{"upload", "--json", NULL}, "upload takes one backup or more", "Try 'cmms-backup-cli upload --help'."},
        {{"download", NULL}, "download takes one backup or more", "Try 'cmms-backup-cli download --help'."},
        {{"export", "a", "b", "c", NULL}, "export takes a backup and a folder",
         "Try 'cmms-backup-cli export --help'."},
        {{"cleanup", "--dry-run", "--unfreeze", NULL}, "one of --dry-run, --freeze and --unfreeze at a time",
         "Try 'cmms-backup-cli cleanup --help'."},
        {{"cleanup", "--freeze", "--unfreeze", NULL}, "one of --dry-run, --freeze and --unfreeze at a time",
         "Try 'cmms-backup-cli cleanup --help'."},
        {{"cleanup", "--reason=x", NULL}, "--reason says why --freeze stops clean-ups",
         "Try 'cmms-backup-cli cleanup --help'."},
        {{"pin", "--off", "--reason=x", "a", NULL}, "--off and --reason do not go together",
         "Try 'cmms-backup-cli pin --help'."},
        {{"log", "--check", "--last=5", NULL}, "--check and --last do not go together",
         "Try 'cmms-backup-cli log --help'."},
        {{"log", "--last=0", NULL}, "--last is a whole number from 1 to 1000, not \"0\"",
         "Try 'cmms-backup-cli --help'."},
        {{"cleanup", "a.backup", NULL}, "unexpected argument \"a.backup\"", "Try 'cmms-backup-cli --help'."},
        {{"sample", "--size", "0", NULL}, "--size is a whole number of megabytes from 1 to 100000, not \"0\"",
         "Try 'cmms-backup-cli --help'."},
        {{"sample", "--size=100001", NULL}, "--size is a whole number of megabytes from 1 to 100000, not \"100001\"",
         "Try 'cmms-backup-cli --help'."},
        {{"sample", "--size=5x", NULL}, "--size is a whole number of megabytes from 1 to 100000, not \"5x\"",
         "Try 'cmms-backup-cli --help'."},
        {{"sample", "--size=", NULL}, "--size is a whole number of megabytes from 1 to 100000, not \"\"",
         "Try 'cmms-backup-cli --help'."},
        {{"backup", "--compress=bzip2", NULL}, "unknown compression \"bzip2\"",
         "Use none, gzip, lz4 or zstd, with a level if need be, as in zstd:3."},
        {{"backup", "--compress=", NULL}, "unknown compression \"\"",
         "Use none, gzip, lz4 or zstd, with a level if need be, as in zstd:3."},
        {{"backup", "--compress=none:1", NULL}, "the compression \"none\" has no level", "Use --compress none."},
        {{"backup", "--compress=gzip:10", NULL}, "the level of gzip is a number from 1 to 9, not \"10\"",
         "Use for example --compress gzip:1."},
        {{"backup", "--compress=zstd:", NULL}, "the level of zstd is a number from 1 to 22, not \"\"",
         "Use for example --compress zstd:1."},
        {{"backup", "--compress=lz4:-1", NULL}, "the level of lz4 is a number from 1 to 12, not \"-1\"",
         "Use for example --compress lz4:1."},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        Options options;
        Error err = ERROR_INIT;
        options_init(&options);
        options.folder = "as it was";
        assert_false(parse(cases[i].words, &options, &err));
        assert_string_equal(err.hint, cases[i].hint);
        assert_error(&err, EK_USAGE, cases[i].message);
        assert_string_equal(options.folder, "as it was");
    }
}

static void good_compressions(void **state)
{
    (void)state;
    static const char *const methods[] = {"none", "gzip", "gzip:9", "lz4", "lz4:12", "zstd", "zstd:1", "zstd:22"};
    for (size_t i = 0; i < TEST_COUNT(methods); i++) {
        const char *const words[] = {"backup", "--compress", methods[i], NULL};
        Options options;
        Error err = ERROR_INIT;
        options_init(&options);
        assert_ok(parse(words, &options, &err), &err);
        options_release(&options);
    }
}

static void json_is_seen_even_in_a_wrong_line(void **state)
{
    (void)state;
    char *with[] = {"x", "frob", "--json", NULL};
    char *without[] = {"x", "verify", "--", "--json", NULL};
    assert_true(options_want_json(3, with));
    assert_false(options_want_json(4, without));
    assert_false(options_want_json(1, with));
}

/* What --help says and what the parser takes are the same. */
static void help_names_every_option(void **state)
{
    (void)state;
    char *program = help_text(NULL);
    for (size_t v = 0; all_verbs[v] != &verb_help; v++) {
        const Verb *verb = all_verbs[v];
        char *text = help_text(verb);
        for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++) {
            char *name = mem_printf("--%s", option_name((OptionId)id));
            bool told = strstr(text, name) != NULL;
            if (told != verb_takes(verb, (OptionId)id)) {
                fail_msg("%s and its help differ about %s", verb->name, name);
            }
            mem_free(name);
        }
        char *usage = mem_printf("cmms-backup-cli %s", verb->name);
        char *line = mem_printf("\n  %-8s  %s\n", verb->name, verb->summary);
        assert_non_null(strstr(text, usage));
        assert_non_null(strstr(program, line));
        mem_free(line);
        mem_free(usage);
        mem_free(text);
    }
    mem_free(program);
}

static void help_fits_a_console(void **state)
{
    (void)state;
    for (size_t v = 0; v == 0 || all_verbs[v - 1] != NULL; v++) { /* the last is NULL: of the program */
        char *text = help_text(all_verbs[v]);
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
            assert_true(strcspn(line, "\n") <= 110);
        }
        mem_free(text);
    }
}

/* What options.c relies on. */
static void a_verb_says_all_of_itself(void **state)
{
    (void)state;
    for (size_t v = 0; all_verbs[v] != NULL; v++) {
        const Verb *verb = all_verbs[v];
        assert_true(verb->summary != NULL && (verb == &verb_help || (verb->help != NULL && verb->run != NULL)));
        assert_true(verb == &verb_help || (verb_takes(verb, OPTION_JSON) && verb_takes(verb, OPTION_HELP)));
        assert_true((verb->most == 1) == (verb->operand != NULL));
        assert_true(verb->least <= verb->most);
        assert_true((verb->least > 0) == (verb->missing != NULL && verb->missing_hint != NULL));
        for (size_t w = 0; w < v; w++) {
            assert_string_not_equal(verb->name, all_verbs[w]->name);
        }
    }
    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++) {
        assert_string_not_equal(option_name((OptionId)id), "");
    }
}

/* A value that nobody is told of is set by nobody. */
static void help_names_all_rights(void **state)
{
    (void)state;
    size_t v = 0;
    while (all_verbs[v] != NULL && !verb_takes(all_verbs[v], OPTION_RIGHTS)) {
        v++;
    }
    assert_non_null(all_verbs[v]);
    assert_non_null(strstr(all_verbs[v]->help, " all ("));
    assert_non_null(strstr(all_verbs[v]->help, " " PLACE_SELECTED " ("));
    assert_non_null(strstr(all_verbs[v]->help, " " PLACE_LIST " ("));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_switch),
        cmocka_unit_test(all_switches_of_a_verb),
        cmocka_unit_test(switches_of_the_encryption),
        cmocka_unit_test(files_to_verify),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(wrong_command_lines),
        cmocka_unit_test(good_compressions),
        cmocka_unit_test(json_is_seen_even_in_a_wrong_line),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(help_fits_a_console),
        cmocka_unit_test(a_verb_says_all_of_itself),
        cmocka_unit_test(help_names_all_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
