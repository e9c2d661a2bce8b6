#include "test_util.h"

#include "platform/machine.h"
#include "postgres/connection.h"
#include "test_env.h"

#define NEON "ep-cool-darkness-123456-pooler.us-east-2.aws.neon.tech"

static void assert_same(const char *what, const char *got, const char *expected)
{
    if (!got != !expected || (got && strcmp(got, expected) != 0)) {
        print_error("%s is \"%s\", not \"%s\"\n", what, got ? got : "(NULL)", expected ? expected : "(NULL)");
        fail();
    }
}

/* --- environment --------------------------------------------------------------------------------------- */

static const char *const read_names[] = {"PGHOST",     "PGPORT",        "PGUSER",           "PGDATABASE", "PGPASSWORD",
                                         "PGSSLMODE",  "PGSSLROOTCERT", "PGCHANNELBINDING", "PGOPTIONS"};

static int clear_env(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(read_names); i++) {
        test_setenv(read_names[i], NULL);
    }
    return 0;
}

static void from_env(void **state)
{
    (void)state;
    Connection c;
    connection_init(&c);
    connection_take_env(&c);
    assert_null(c.host);
    assert_false(secret_is_set(&c.password));
    test_setenv("PGHOST", "h");
    test_setenv("PGPORT", "7");
    test_setenv("PGUSER", "j\xC3\xBCrgen");
    test_setenv("PGDATABASE", "d");
    test_setenv("PGPASSWORD", "p");
    test_setenv("PGSSLMODE", "require");
    test_setenv("PGSSLROOTCERT", "r.pem");
    test_setenv("PGCHANNELBINDING", "prefer");
    test_setenv("PGOPTIONS", "-c a=b");
    test_setenv("PGPASSFILE", "f");
    test_setenv("PGTZ", "nowhere");         /* passed over */
    test_setenv("PGGSSENCMODE", "disable"); /* as it is anyhow */
    connection_take_env(&c);
    assert_string_equal(c.host, "h");
    assert_string_equal(c.port, "7");
    assert_string_equal(c.user, "j\xC3\xBCrgen");
    assert_string_equal(c.database, "d");
    assert_string_equal(c.password.bytes, "p");
    assert_string_equal(c.sslmode, "require");
    assert_string_equal(c.sslmode_from, "PGSSLMODE");
    assert_string_equal(c.passfile, "f");
    assert_string_equal(c.sslrootcert, "r.pem");
    assert_string_equal(c.channel_binding, "prefer");
    assert_string_equal(c.options, "-c a=b");
    for (const char *const *name = connection_env_unset(); *name; name++) {
        if (strncmp(*name, "PG", 2) == 0) {
            assert_null(machine_getenv(*name)); /* libpq in this process sees none of them */
            assert_null(getenv(*name));
        }
    }
    test_setenv("PGHOST", "other");
    test_setenv("PGPORT", "");
    connection_take_env(&c);
    assert_string_equal(c.host, "other");
    assert_string_equal(c.port, "7"); /* an empty or missing variable says nothing */
    connection_release(&c);
}

/* --- what it comes to ---------------------------------------------------------------------------------- */

static void direct_host(void **state)
{
    (void)state;
    static const struct {
        const char *host, *direct;
        bool removed;
    } rows[] = {
        {NEON, "ep-cool-darkness-123456.us-east-2.aws.neon.tech", true},
        {"ep-x-1-POOLER.eu.azure.Neon.Tech", "ep-x-1.eu.azure.Neon.Tech", true},
        {"ep-cool-darkness-123456.us-east-2.aws.neon.tech", "ep-cool-darkness-123456.us-east-2.aws.neon.tech", false},
        {"ep-x.c-2-pooler.aws.neon.tech", "ep-x.c-2-pooler.aws.neon.tech", false},
        {"ep-x-pooler-1.aws.neon.tech", "ep-x-pooler-1.aws.neon.tech", false},
        {"-pooler.aws.neon.tech", "-pooler.aws.neon.tech", false},
        {"ep-x-pooler.example.org", "ep-x-pooler.example.org", false},
        {"ep-x-pooler.notneon.tech", "ep-x-pooler.notneon.tech", false},
        {NULL, NULL, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Connection c;
        connection_init(&c);
        c.host = mem_strdup(rows[i].host);
        connection_direct(&c);
        assert_same("host", c.host, rows[i].direct);
        assert_int_equal(c.pooler_removed, rows[i].removed);
        connection_direct(&c); /* once more changes nothing */
        assert_same("host", c.host, rows[i].direct);
        assert_int_equal(c.pooler_removed, rows[i].removed);
        connection_release(&c);
    }
}

/* A server on this PC shares its clock, whatever it is called by. */
static void here(void **state)
{
    (void)state;
    static const struct {
        const char *host, *computer;
        bool is_here;
    } rows[] = {{NULL, "PC-07", true},        {"127.0.0.1", NULL, true},    {"pc-07", "PC-07", true},
                {"PC-07.plant.local", "pc-07", true}, {"PC-07", NULL, false}, {"PC-070", "PC-07", false},
                {"PC-0", "PC-07", false},     {"db", "PC-07", false},       {".PC-07", "", false}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Connection c;
        connection_init(&c);
        c.host = mem_strdup(rows[i].host);
        if (connection_is_here(&c, rows[i].computer) != rows[i].is_here) {
            fail_msg("row %u", (unsigned)i);
        }
        connection_release(&c);
    }
}

static void loopback(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool is_loopback;
    } rows[] = {{NULL, true},           {"localhost", true},        {"LocalHost", true},     {"127.0.0.1", true},
                {"127.8.9.10", true},   {"::1", true},              {"/var/run/x", true},    {"127.example.org", false},
                {"127.0.0.1.example.org", false}, {"localhost.example.org", false}, {"10.0.0.1", false},
                {"h", false},           {"1127.0.0.1", false},      {"::2", false}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Connection c;
        connection_init(&c);
        c.host = mem_strdup(rows[i].host);
        assert_int_equal(connection_is_loopback(&c), rows[i].is_loopback);
        assert_string_equal(connection_sslmode(&c), rows[i].is_loopback ? "prefer" : "verify-full");
        c.sslmode = mem_strdup("require");
        assert_string_equal(connection_sslmode(&c), "require");
        connection_release(&c);
    }
}

static void defaults_and_texts(void **state)
{
    (void)state;
    Connection c;
    Error err = ERROR_INIT;
    connection_init(&c);
    assert_string_equal(connection_host(&c), "localhost");
    assert_string_equal(connection_port(&c), "5432");
    assert_null(connection_database(&c));
    assert_text(connection_text(&c), "localhost:5432");
    c.user = mem_strdup("u");
    assert_string_equal(connection_database(&c), "u");
    assert_text(connection_text(&c), "u@localhost:5432/u");
    assert_ok(connection_parse(&c, "postgresql://u:SECRET@[::1]:7/d", &err), &err);
    assert_text(connection_text(&c), "u@[::1]:7/d");
    assert_ok(connection_parse(&c, "host=" NEON " port=5432", &err), &err);
    assert_text(connection_secret_target(&c),
                "AIT CMMS Backup:u@ep-cool-darkness-123456.us-east-2.aws.neon.tech:5432/d");
    assert_string_equal(c.host, NEON); /* only asked */
    connection_release(&c);
}

static void copies(void **state)
{
    (void)state;
    Connection a, b;
    Error err = ERROR_INIT;
    connection_init(&a);
    connection_init(&b);
    assert_ok(connection_parse(&a, "postgresql://u:p@" NEON ":7/d?sslmode=require&sslrootcert=r&channel_binding=prefer&"
                                   "options=o", &err), &err);
    connection_direct(&a);
    b.host = mem_strdup("is replaced");
    connection_copy(&b, &a);
    assert_string_equal(b.host, "ep-cool-darkness-123456.us-east-2.aws.neon.tech");
    assert_true(b.host != a.host);
    assert_string_equal(b.port, "7");
    assert_string_equal(b.user, "u");
    assert_string_equal(b.database, "d");
    assert_null(b.sslmode);
    assert_string_equal(b.string_sslmode, "require");
    assert_string_equal(b.sslrootcert, "r");
    assert_string_equal(b.channel_binding, "prefer");
    assert_string_equal(b.options, "o");
    assert_string_equal(b.password.bytes, "p");
    assert_true(b.password.bytes != a.password.bytes);
    assert_true(b.pooler_removed);
    /* A new host has not been looked at yet. */
    assert_ok(connection_parse(&b, "host=h", &err), &err);
    assert_false(b.pooler_removed);
    connection_release(&a);
    connection_release(&b);
    assert_null(b.host);
    assert_false(secret_is_set(&b.password));
}

static void resolve(void **state)
{
    (void)state;
    Connection c;
    Error err = ERROR_INIT;
    connection_init(&c);
    c.host = mem_strdup(NEON);
    assert_ok(connection_resolve(&c, &err), &err);
    assert_string_equal(c.host, "ep-cool-darkness-123456.us-east-2.aws.neon.tech");
    assert_true(c.pooler_removed);
    assert_string_equal(connection_sslmode(&c), "verify-full");
    assert_non_null(c.sslrootcert);
    connection_release(&c);

    /* Nothing to verify, or roots that the user named: they stay. */
    c.host = mem_strdup("h");
    connection_set_sslmode(&c, "require", "--sslmode");
    assert_ok(connection_resolve(&c, &err), &err);
    assert_null(c.sslrootcert);
    connection_set_sslmode(&c, "verify-ca", "--sslmode");
    c.sslrootcert = mem_strdup("mine.pem");
    assert_ok(connection_resolve(&c, &err), &err);
    assert_string_equal(c.sslrootcert, "mine.pem");
    assert_string_equal(connection_sslmode(&c), "verify-ca");
    connection_release(&c);
    assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS, "no database is configured yet");
    c.user = mem_strdup("u"); /* on this computer */
    assert_ok(connection_resolve(&c, &err), &err);
    assert_null(c.sslrootcert);
    connection_release(&c);

    /* What the environment may bring. */
    c.host = mem_strdup("a,b");
    assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS, "more than one host is named");
    connection_release(&c);
    static const char *const no_hosts[] = {"postgresql://u:SECRET@h/d", "u:SECRET@h", "h/d", "host=h password=SECRET"};
    for (size_t i = 0; i < TEST_COUNT(no_hosts); i++) {
        c.host = mem_strdup(no_hosts[i]);
        assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS,
                     "what is given as the server is not a host's name");
        connection_release(&c);
    }
    c.host = mem_strdup("h");
    c.port = mem_strdup("5432,5433");
    assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS, "the port is not a number from 1 to 65535");
    connection_release(&c);
    c.host = mem_strdup("h");
    c.sslmode = mem_strdup("on");
    assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS,
                 "sslmode must be disable, allow, prefer, require, verify-ca or verify-full");
    connection_release(&c);
}

static void take_log(void *context, LogLevel level, const char *text)
{
    (void)level;
    strbuf_addf(context, "%s\n", text);
}

/* Who may weaken the check of the certificate, and what is then said. */
static void sslmode(void **state)
{
    (void)state;
    static const struct {
        const char *host, *string, *setting, *from, *sslmode, *weakness, *log;
    } rows[] = {
        {"h", NULL, NULL, NULL, "verify-full", NULL, ""},
        {"h", "require", NULL, NULL, "verify-full", NULL,
         "The connection string's sslmode \"require\" is raised to \"verify-full\": the server's certificate and "
         "name are checked\n"},
        {"h", "disable", NULL, NULL, "verify-full", NULL,
         "The connection string's sslmode \"disable\" is raised to \"verify-full\": the server's certificate and "
         "name are checked\n"},
        {"h", "verify-full", NULL, NULL, "verify-full", NULL, ""},
        {"h", NULL, "require", "PGSSLMODE", "require",
         "sslmode is \"require\" (PGSSLMODE): the server's certificate is not checked", ""},
        {"h", "require", "verify-ca", "--sslmode", "verify-ca",
         "sslmode is \"verify-ca\" (--sslmode): the server's name is not checked", ""},
        {"h", NULL, "disable", NULL, "disable",
         "sslmode is \"disable\" (the saved connection): nothing is encrypted", ""},
        {"h", NULL, "prefer", NULL, "prefer",
         "sslmode is \"prefer\" (the saved connection): the connection may not be encrypted, and no certificate is "
         "checked", ""},
        {"h", NULL, "verify-full", "PGSSLMODE", "verify-full", NULL, ""},
        {"localhost", NULL, NULL, NULL, "prefer", NULL, ""},
        {"localhost", "disable", NULL, NULL, "disable", NULL, ""},
        {"localhost", "require", "prefer", "--sslmode", "prefer", NULL, ""},
        {"localhost", "verify-full", NULL, NULL, "verify-full", NULL, ""}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Connection c;
        Error err = ERROR_INIT;
        StrBuf log;
        const JobSink sink = {take_log, NULL, &log, NULL};
        connection_init(&c);
        strbuf_init(&log, STRBUF_SMALL);
        c.host = mem_strdup(rows[i].host);
        if (rows[i].string) {
            char *text = mem_printf("sslmode=%s", rows[i].string);
            assert_ok(connection_parse(&c, text, &err), &err);
            mem_free(text);
        }
        if (rows[i].setting) {
            connection_set_sslmode(&c, rows[i].setting, rows[i].from);
        }
        assert_same("sslmode", connection_sslmode(&c), rows[i].sslmode);
        char *weakness = connection_tell(&c, &sink);
        assert_same("weakness", weakness, rows[i].weakness);
        assert_same("log", log.buf, rows[i].log);
        mem_free(weakness);
        strbuf_release(&log);
        connection_release(&c);
    }
    /* A string that asks for more than an earlier source gets it. */
    Connection c;
    Error err = ERROR_INIT;
    connection_init(&c);
    connection_set_sslmode(&c, "require", "PGSSLMODE");
    assert_ok(connection_parse(&c, "host=h sslmode=prefer", &err), &err);
    assert_string_equal(connection_sslmode(&c), "require");
    assert_ok(connection_parse(&c, "host=h sslmode=verify-full", &err), &err);
    assert_string_equal(connection_sslmode(&c), "verify-full");
    connection_release(&c);
}

/* What would choose another server or credential is refused by name; what asks for nothing is not. */
static void unsupported(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool refused;
    } rows[] = {{"PGSERVICE", "prod", true}, {"PGHOSTADDR", "203.0.113.1", true}, {"PGSSLCERT", "x", true},
                {"PGREQUIREAUTH", "none", true}, {"PGTARGETSESSIONATTRS", "any", false},
                {"PGGSSENCMODE", "disable", false}, {"PGGSSENCMODE", "require", true},
                {"PGSSLMINPROTOCOLVERSION", "TLSv1.3", true}, {"PGTZ", "x", false},
                {"PGSERVICE", "", false}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Connection env, c;
        connection_init(&env);
        connection_init(&c);
        test_setenv(rows[i].name, rows[i].value);
        connection_take_env(&env);
        connection_copy(&c, &env);
        connection_set_sslmode(&c, "require", "--sslmode");
        assert_ok(connection_parse(&c, "postgresql://u@h/d", &err), &err); /* whatever else is said */
        if (rows[i].refused) {
            char *message = mem_printf("the environment variable %s is not supported", rows[i].name);
            assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS, message);
            mem_free(message);
        } else {
            assert_ok(connection_resolve(&c, &err), &err);
        }
        assert_null(machine_getenv(rows[i].name)); /* and gone */
        connection_release(&c);
        connection_release(&env);
    }
}

/* A form shows host, port, user and database; what protects the connection stays as long as the host does. */
static void unshown(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    Connection pasted, fields;
    connection_init(&pasted);
    connection_init(&fields);
    assert_ok(connection_parse(&pasted, "postgresql://u@" NEON
                                        "/d?channel_binding=require&sslrootcert=r&options=o", &err), &err);
    fields.host = mem_strdup("other");
    connection_keep_unshown(&fields, &pasted);
    assert_null(fields.channel_binding);
    mem_free(fields.host);
    fields.host = mem_strdup("ep-cool-darkness-123456.us-east-2.aws.neon.tech");
    connection_keep_unshown(&fields, &pasted);
    assert_string_equal(fields.channel_binding, "require");
    assert_string_equal(fields.sslrootcert, "r");
    assert_string_equal(fields.options, "o");
    connection_release(&fields);
    connection_release(&pasted);
}

/* Never the password itself to a server elsewhere; and where its certificate was not checked nothing that can be
 * guessed from. */
static void how_it_may_ask(void **state)
{
    (void)state;
    static const struct {
        const char *host, *sslmode, *methods;
    } rows[] = {{NULL, NULL, NULL},
                {"127.0.0.1", "verify-full", NULL},
                {"/tmp", NULL, NULL},
                {"h", NULL, "scram-sha-256,md5,gss,sspi"},
                {"h", "verify-full", "scram-sha-256,md5,gss,sspi"},
                {"h", "verify-ca", "scram-sha-256"},
                {"h", "require", "scram-sha-256"},
                {"h", "disable", "scram-sha-256"}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Connection c;
        connection_init(&c);
        c.host = mem_strdup(rows[i].host);
        connection_set_sslmode(&c, rows[i].sslmode, "--sslmode");
        assert_same("methods", connection_require_auth(&c), rows[i].methods);
        connection_release(&c);
    }
}

static void check_env(const Connection *c, const char *const *expected, size_t count)
{
    char **env = connection_env(c, "cmms-backup");
    for (size_t i = 0; i < count; i++) {
        assert_same("variable", env[i], expected[i]);
    }
    assert_null(env[count]);
    connection_free_env(env);
}

static void env_of_the_tools(void **state)
{
    (void)state;
    Connection c;
    Error err = ERROR_INIT;
    connection_init(&c);
    static const char *const least[] = {"PGHOST=localhost",     "PGPORT=5432",          "PGSSLMODE=prefer",
                                        "PGCONNECT_TIMEOUT=15", "PGAPPNAME=cmms-backup", "LC_MESSAGES=C"};
    check_env(&c, least, TEST_COUNT(least));
    /* A password file serves our own sessions, so it must serve the tools; a password goes before it. */
    static const char *const with_file[] = {"PGHOST=localhost",      "PGPORT=5432",    "PGSSLMODE=prefer",
                                            "PGCONNECT_TIMEOUT=15",  "PGAPPNAME=cmms-backup", "LC_MESSAGES=C",
                                            "PGPASSFILE=/p/pass w\xC3\xB6rd"};
    c.passfile = mem_strdup("/p/pass w\xC3\xB6rd");
    check_env(&c, with_file, TEST_COUNT(with_file));
    assert_ok(connection_parse(&c, "postgresql://u:p%40@h:7/d?sslmode=disable&sslrootcert=r.pem&"
                                   "channel_binding=require&options=-c%20a%3Db", &err), &err);
    static const char *const most[] = {"PGHOST=h", "PGPORT=7", "PGUSER=u", "PGDATABASE=d", "PGSSLMODE=verify-full",
                                       "PGSSLROOTCERT=r.pem", "PGCHANNELBINDING=require",
                                       "PGREQUIREAUTH=scram-sha-256,md5,gss,sspi", "PGOPTIONS=-c a=b",
                                       "PGCONNECT_TIMEOUT=15", "PGAPPNAME=cmms-backup", "LC_MESSAGES=C",
                                       "PGPASSWORD=p@"};
    check_env(&c, most, TEST_COUNT(most));
    connection_release(&c);
    connection_free_env(NULL);

    assert_string_equal(connection_env_plain()[0], "LC_MESSAGES=C");
    assert_null(connection_env_plain()[1]);

    /* Whatever we set, and what else could lead a tool elsewhere, is first taken out of what is inherited. */
    static const char *const gone[] = {"PGHOST", "PGHOSTADDR", "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSSLCERT",
                                       "PGOPTIONS", "PGCLIENTENCODING", "PGREQUIREAUTH", "LC_ALL", "LANGUAGE"};
    for (size_t i = 0; i < TEST_COUNT(gone); i++) {
        bool found = false;
        for (const char *const *name = connection_env_unset(); *name; name++) {
            found = found || !strcmp(*name, gone[i]);
        }
        if (!found) {
            print_error("%s is not taken out\n", gone[i]);
            fail();
        }
    }
}

static void completeness(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"dbname=d user=u", "the host is not named"},
        {"host=h user=u", "the database is not named"},
        {"host=h dbname=d", "the user is not named"},
        {"host=h dbname=d user=u", NULL},
        {"host=h dbname=d user=u port=5432", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Connection c;
        connection_init(&c);
        assert_ok(connection_parse(&c, rows[i].text, &err), &err);
        if (rows[i].message) {
            assert_fails(connection_is_complete(&c, &err), &err, EK_USAGE, rows[i].message);
        } else {
            assert_ok(connection_is_complete(&c, &err), &err);
            mem_free(c.port);
            c.port = mem_strdup("0");
            assert_false(connection_is_complete(&c, &err));
            assert_string_equal(err.hint, "Correct the port; PostgreSQL's own is 5432.");
            error_clear(&err);
            assert_fails(connection_is_complete(&c, &err), &err, EK_USAGE, "the port is not a number from 1 to 65535");
        }
        connection_release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_env, clear_env, clear_env),
        cmocka_unit_test(direct_host),   cmocka_unit_test(loopback),           cmocka_unit_test(here),
        cmocka_unit_test(defaults_and_texts),
        cmocka_unit_test(copies),        cmocka_unit_test(resolve),            cmocka_unit_test(sslmode),
        cmocka_unit_test(unsupported),
        cmocka_unit_test(unshown),
        cmocka_unit_test(how_it_may_ask),
        cmocka_unit_test(env_of_the_tools), cmocka_unit_test(completeness)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
