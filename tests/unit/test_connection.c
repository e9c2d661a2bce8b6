#include "test_util.h"

#include "connection.h"
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
    connection_from_env(&c);
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
    connection_from_env(&c);
    assert_string_equal(c.host, "h");
    assert_string_equal(c.port, "7");
    assert_string_equal(c.user, "j\xC3\xBCrgen");
    assert_string_equal(c.database, "d");
    assert_string_equal(c.password.bytes, "p");
    assert_string_equal(c.sslmode, "require");
    assert_string_equal(c.sslrootcert, "r.pem");
    assert_string_equal(c.channel_binding, "prefer");
    assert_string_equal(c.options, "-c a=b");
    clear_env(NULL);
    test_setenv("PGHOST", "other");
    test_setenv("PGPORT", "");
    connection_from_env(&c);
    assert_string_equal(c.host, "other");
    assert_string_equal(c.port, "7"); /* an empty or missing variable says nothing */
    connection_release(&c);
}

/* --- profile ------------------------------------------------------------------------------------------- */

static void profile(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "connection.json");
    Error err = ERROR_INIT;
    Connection out, in;
    connection_init(&out);
    connection_init(&in);
    in.user = mem_strdup("as it was");
    assert_ok(connection_read_profile(&in, path, &err), &err); /* there is none */
    assert_string_equal(in.user, "as it was");

    assert_ok(connection_parse(&out, "postgresql://u:SECRET@h:7/d?sslmode=require&options=x", &err), &err);
    assert_ok(connection_write_profile(&out, path, &err), &err);
    assert_text(test_read(path), "{\n  \"host\": \"h\",\n  \"port\": \"7\",\n  \"user\": \"u\",\n"
                                 "  \"database\": \"d\",\n"
                                 "  \"sslmode\": \"require\"\n}\n");
    secret_set(&in.password, "kept", 4);
    assert_ok(connection_read_profile(&in, path, &err), &err);
    assert_string_equal(in.host, "h");
    assert_string_equal(in.port, "7");
    assert_string_equal(in.user, "u");
    assert_string_equal(in.database, "d");
    assert_string_equal(in.sslmode, "require");
    assert_string_equal(in.password.bytes, "kept");
    connection_release(&out);
    assert_ok(connection_write_profile(&out, path, &err), &err); /* nothing is set: nulls */
    assert_ok(connection_read_profile(&in, path, &err), &err);
    assert_string_equal(in.host, "h");
    connection_release(&in);
    mem_free(path);
    test_dir_remove(dir);
}

static void bad_profile(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"{\"host\":7}", "the connection's profile cannot be read: \"host\" is not a text"},
        {"{\"host\":\"h\",\"port\":\"70000\"}",
         "the connection's profile cannot be read: \"port\" is not a number from 1 to 65535"},
        {"{\"sslmode\":\"on\"}",
         "the connection's profile cannot be read: \"sslmode\" is not one of libpq's words for it"},
        {"[]", "the connection's profile cannot be read: it is not a JSON object"},
        {"{", "the connection's profile cannot be read: the text is not JSON from byte 1 on"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Connection c;
        connection_init(&c);
        c.user = mem_strdup("as it was");
        assert_false(connection_parse_profile(&c, rows[i].text, strlen(rows[i].text), &err));
        assert_string_equal(err.hint, "Enter the connection anew and save it.");
        assert_error(&err, EK_SETTINGS, rows[i].message);
        assert_null(c.host);
        assert_string_equal(c.user, "as it was");
        connection_release(&c);
    }
}

#ifndef _WIN32 /* on Windows the place is the user's own, and a test keeps its hands off */
static void profile_place(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *own = fs_join(dir, "ait-cmms-backup"), *path = fs_join(own, "connection.json");
    char *old = machine_getenv("XDG_DATA_HOME");
    Error err = ERROR_INIT;
    Connection c;
    connection_init(&c);
    test_setenv("XDG_DATA_HOME", dir);
    assert_ok(connection_load_profile(&c, &err), &err);
    c.host = mem_strdup("h");
    assert_ok(connection_save_profile(&c, &err), &err);
    assert_true(fs_exists(path));
    connection_release(&c);
    assert_ok(connection_load_profile(&c, &err), &err);
    assert_string_equal(c.host, "h");
    connection_release(&c);
    test_setenv("XDG_DATA_HOME", old);
    mem_free(old);
    mem_free(path);
    mem_free(own);
    test_dir_remove(dir);
}
#endif

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
    assert_string_equal(b.sslmode, "require");
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
    assert_ok(connection_parse(&c, "host=h sslmode=require", &err), &err);
    assert_ok(connection_resolve(&c, &err), &err);
    assert_null(c.sslrootcert);
    assert_ok(connection_parse(&c, "sslmode=verify-ca sslrootcert=mine.pem", &err), &err);
    assert_ok(connection_resolve(&c, &err), &err);
    assert_string_equal(c.sslrootcert, "mine.pem");
    assert_string_equal(c.sslmode, "verify-ca");
    connection_release(&c);
    assert_ok(connection_resolve(&c, &err), &err);
    assert_null(c.sslrootcert);

    /* What the environment may bring. */
    c.host = mem_strdup("a,b");
    assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS, "more than one host is named");
    connection_release(&c);
    c.port = mem_strdup("5432,5433");
    assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS, "the port is not a number from 1 to 65535");
    connection_release(&c);
    c.sslmode = mem_strdup("on");
    assert_fails(connection_resolve(&c, &err), &err, EK_SETTINGS,
                 "sslmode must be disable, allow, prefer, require, verify-ca or verify-full");
    connection_release(&c);
}

static void check_env(const Connection *c, const char *const *expected, size_t count)
{
    char **env = connection_env(c);
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
    test_setenv("PGPASSFILE", "/p/pass w\xC3\xB6rd");
    check_env(&c, with_file, TEST_COUNT(with_file));
    assert_ok(connection_parse(&c, "postgresql://u:p%40@h:7/d?sslmode=verify-ca&sslrootcert=r.pem&"
                                   "channel_binding=require&options=-c%20a%3Db", &err), &err);
    static const char *const most[] = {"PGHOST=h", "PGPORT=7", "PGUSER=u", "PGDATABASE=d", "PGSSLMODE=verify-ca",
                                       "PGSSLROOTCERT=r.pem", "PGCHANNELBINDING=require", "PGOPTIONS=-c a=b",
                                       "PGCONNECT_TIMEOUT=15", "PGAPPNAME=cmms-backup", "LC_MESSAGES=C",
                                       "PGPASSWORD=p@"};
    check_env(&c, most, TEST_COUNT(most));
    test_setenv("PGPASSFILE", NULL);
    connection_release(&c);
    connection_free_env(NULL);

    /* Whatever we set, and what else could lead a tool elsewhere, is first taken out of what is inherited. */
    static const char *const gone[] = {"PGHOST", "PGHOSTADDR", "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSSLCERT",
                                       "PGOPTIONS", "PGCLIENTENCODING", "PGREQUIREAUTH", "LC_ALL"};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_env, clear_env, clear_env),
        cmocka_unit_test(profile),       cmocka_unit_test(bad_profile),
#ifndef _WIN32
        cmocka_unit_test(profile_place),
#endif
        cmocka_unit_test(direct_host),   cmocka_unit_test(loopback),           cmocka_unit_test(defaults_and_texts),
        cmocka_unit_test(copies),        cmocka_unit_test(resolve),            cmocka_unit_test(env_of_the_tools)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
