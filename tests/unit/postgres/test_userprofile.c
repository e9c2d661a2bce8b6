#include "test_util.h"

#include "postgres/userprofile.h"
#include "store/folder.h"
#include "test_env.h"

static void writes_and_reads(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "connection.json");
    Error err = ERROR_INIT;
    UserProfile out, in;
    userprofile_init(&out);
    userprofile_init(&in);
    in.folder = mem_strdup("as it was");
    assert_ok(userprofile_read(path, &in, &err), &err); /* there is none */
    assert_null(in.folder);
    assert_int_equal(in.lock_minutes, 15);

    assert_ok(connection_parse(&out.connection, "postgresql://u:SECRET@h:7/d%22%25?sslmode=disable&options=x&"
                                                "channel_binding=require&sslrootcert=r.pem", &err), &err);
    connection_set_sslmode(&out.connection, "require", "--sslmode"); /* this is saved, not the string's word */
    out.folder = mem_strdup("D:\\Sicherung \xC3\xB6");
    out.lock_minutes = 5;
    assert_ok(userprofile_write(path, &out, &err), &err);
    assert_text(test_read(path), "{\n  \"host\": \"h\",\n  \"port\": \"7\",\n  \"user\": \"u\",\n"
                                 "  \"database\": \"d\\\"%\",\n  \"sslmode\": \"require\",\n"
                                 "  \"sslrootcert\": \"r.pem\",\n  \"channel_binding\": \"require\",\n"
                                 "  \"options\": \"x\",\n  \"folder\": \"D:\\\\Sicherung \\u00f6\",\n"
                                 "  \"lock_minutes\": 5\n}\n");
    assert_ok(userprofile_read(path, &in, &err), &err);
    assert_string_equal(in.connection.host, "h");
    assert_string_equal(in.connection.port, "7");
    assert_string_equal(in.connection.user, "u");
    assert_string_equal(in.connection.database, "d\"%");
    assert_string_equal(in.connection.sslmode, "require");
    assert_string_equal(in.connection.sslrootcert, "r.pem");
    assert_string_equal(in.connection.channel_binding, "require");
    assert_string_equal(in.connection.options, "x");
    assert_false(secret_is_set(&in.connection.password));
    assert_string_equal(in.folder, "D:\\Sicherung \xC3\xB6");
    assert_int_equal(in.lock_minutes, 5);

    in.lock_minutes = 0;
    assert_fails(userprofile_write(path, &in, &err), &err, EK_SETTINGS,
                 "the connection cannot be saved: \"lock_minutes\" is not a number from 1 to 1440");
    userprofile_release(&in);
    assert_ok(userprofile_write(path, &in, &err), &err); /* nothing is set: nulls */
    assert_ok(userprofile_read(path, &out, &err), &err);
    assert_null(out.connection.host);
    assert_int_equal(test_dir_count(dir), 1);
    userprofile_release(&out);
    mem_free(path);
    test_dir_remove(dir);
}

static const struct {
    const char *text, *message;
} damaged[] = {
    {"{\"host\":7}", "\"host\" is not a text"},
    {"{\"folder\":[]}", "\"folder\" is not a text"},
    {"{\"host\":\"h\",\"port\":\"70000\"}", "\"port\" is not a number from 1 to 65535"},
    {"{\"channel_binding\":\"on\"}", "\"channel_binding\" is not disable, prefer or require"},
    {"{\"sslmode\":\"on\"}", "\"sslmode\" is not one of libpq's words for it"},
    {"{\"lock_minutes\":0}", "\"lock_minutes\" is not a number from 1 to 1440"},
    {"{\"lock_minutes\":1e18}", "\"lock_minutes\" is not a number from 1 to 1440"},
    {"{\"lock_minutes\":\"soon\"}", "\"lock_minutes\" is not a number from 1 to 1440"},
    {"[]", "it is not a JSON object"},
    {"{", "the text is not JSON from byte 1 on"},
    {"", "the text is not JSON from byte 0 on"},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(damaged); i++) {
        Error err = ERROR_INIT;
        UserProfile profile;
        userprofile_init(&profile);
        profile.connection.user = mem_strdup("as it was");
        assert_false(userprofile_parse(damaged[i].text, strlen(damaged[i].text), &profile, &err));
        assert_string_equal(err.hint, "Enter the connection anew and save it.");
        char *message = mem_printf("the saved connection cannot be read: %s", damaged[i].message);
        assert_error(&err, EK_SETTINGS, message);
        assert_null(profile.connection.host);
        assert_string_equal(profile.connection.user, "as it was");
        mem_free(message);
        userprofile_release(&profile);
    }
}

/* Damaged by hand: kept aside, told, and as if there were none. */
static void keeps_aside(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(damaged); i++) {
        char *dir = test_dir_new(), *path = fs_join(dir, "connection.json");
        Error err = ERROR_INIT;
        UserProfile profile;
        userprofile_init(&profile);
        profile.connection.host = mem_strdup("as it was");
        test_write(path, damaged[i].text);
        assert_ok(userprofile_read(path, &profile, &err), &err);
        assert_null(profile.connection.host);
        char *told = mem_printf("The saved connection cannot be read: %s; the file was kept as connection.damaged-",
                                damaged[i].message);
        assert_int_equal(strncmp(profile.notice, told, strlen(told)), 0);
        assert_false(fs_exists(path));
        assert_int_equal(test_dir_count(dir), 1);
        mem_free(told);
        userprofile_release(&profile);
        mem_free(path);
        test_dir_remove(dir);
    }
}

static void own_place(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *own = fs_join(dir, "own"), *path = fs_join(own, USERPROFILE_FILE);
    char *wanted = fs_join(dir, "wanted"), *folder = NULL, *file = fs_join(dir, "file");
    char *fallback = NULL;
    Error err = ERROR_INIT;
    UserProfile profile;
    userprofile_init(&profile);
    test_setenv("CMMS_BACKUP_FOLDER", NULL);
    test_setenv("CMMS_BACKUP_DATA", own);
    assert_null(userprofile_folder());
    assert_ok(userprofile_load(&profile, &err), &err);
    profile.connection.host = mem_strdup("h");
    profile.folder = mem_strdup(wanted);
    assert_ok(userprofile_save(&profile, &err), &err);
    assert_true(fs_exists(path));
    userprofile_release(&profile);
    assert_ok(userprofile_load(&profile, &err), &err);
    assert_string_equal(profile.connection.host, "h");
    assert_text(userprofile_folder(), wanted);

    /* The folder that was chosen is the one for the backups; without it there is a fallback, and it is told. */
    assert_ok(folder_choose(NULL, &folder, &fallback, &err), &err);
    assert_text(folder, wanted);
    assert_null(fallback);
    test_write(file, "in the way");
    test_setenv("HOME", dir);
    mem_free(profile.folder);
    profile.folder = fs_join(file, "below a file");
    assert_ok(userprofile_save(&profile, &err), &err);
#ifndef _WIN32 /* there the fallback is the user's own Documents, and a test keeps its hands off */
    assert_ok(folder_choose(NULL, &folder, &fallback, &err), &err);
    assert_non_null(fallback);
    mem_free(fallback);
    mem_free(folder);
#endif
    test_write(path, "{");
    assert_null(userprofile_folder());
    assert_true(fs_exists(path)); /* it only looks */
    userprofile_release(&profile);
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(file);
    mem_free(wanted);
    mem_free(path);
    mem_free(own);
    test_dir_remove(dir);
}

static void which_database(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *env_host, *env_user, *env_password; /* the last three: what the environment said */
        ConnectionSwitches switches;
        const char *text, *sslmode, *password;
    } rows[] = {
        {NULL, NULL, NULL, NULL, {0}, "localhost:5432", "prefer", NULL},
        {"host=h port=7 user=u dbname=d sslmode=require", NULL, NULL, NULL, {0}, "u@h:7/d", "require", NULL},
        {"host=h port=7 user=u dbname=d", NULL, NULL, "secret", {0}, "u@h:7/d", "verify-full", "secret"},
        {"host=h port=7 user=u dbname=d", NULL, "ann", NULL, {0}, "ann@h:7/d", "verify-full", NULL},
        {"host=h port=7 user=u dbname=d", NULL, "ann", NULL, {.user = "ben"}, "ben@h:7/d", "verify-full", NULL},
        {"host=h port=7 user=u dbname=d", NULL, NULL, NULL, {.database = "other"}, "u@h:7/other", "verify-full", NULL},
        {"host=h port=7 user=u dbname=d", NULL, NULL, NULL, {.sslmode = "require"}, "u@h:7/d", "require", NULL},
        /* Another host: nothing of the profile counts. */
        {"host=h port=7 user=u dbname=d sslmode=require", "other", NULL, NULL, {0}, "other:5432", "verify-full", NULL},
        {"host=h port=7 user=u dbname=d", "h", NULL, NULL, {0}, "u@h:7/d", "verify-full", NULL},
        {"host=h port=7 user=u dbname=d", NULL, NULL, NULL, {.host = "other", .user = "x"}, "x@other:5432/x",
         "verify-full", NULL},
        {"host=h port=7 user=u dbname=d", NULL, NULL, NULL, {.database = "postgresql://x:p%25@y/z"}, "x@y:5432/z",
         "verify-full", "p%"},
        /* The pooler is the same host. */
        {"host=ep-a-1.eu.aws.neon.tech user=u dbname=d", "EP-a-1-pooler.eu.aws.neon.tech", NULL, NULL, {0},
         "u@EP-a-1-pooler.eu.aws.neon.tech:5432/d", "verify-full", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        UserProfile profile;
        Connection c;
        userprofile_init(&profile);
        connection_init(&c);
        if (rows[i].profile) {
            assert_ok(connection_parse(&profile.connection, rows[i].profile, &err), &err);
            connection_set_sslmode(&profile.connection, profile.connection.string_sslmode, NULL);
        }
        Connection env;
        connection_init(&env);
        env.host = mem_strdup(rows[i].env_host);
        env.user = mem_strdup(rows[i].env_user);
        if (rows[i].env_password) {
            secret_set(&env.password, rows[i].env_password, strlen(rows[i].env_password));
        }
        assert_ok(userprofile_connection(&profile, &env, &rows[i].switches, &c, &err), &err);
        connection_release(&env);
        assert_text(connection_text(&c), rows[i].text);
        assert_string_equal(connection_sslmode(&c), rows[i].sslmode);
        if (rows[i].password) {
            assert_string_equal(c.password.bytes, rows[i].password);
        } else {
            assert_false(secret_is_set(&c.password));
        }
        connection_release(&c);
        userprofile_release(&profile);
    }
}

static void bad_string(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"postgresql://u:100%sure@h/d", "the password in the connection string has a wrong percent form"},
        {"postgresql://h/d", "the connection string names no user"},
        {"host='h user=u", "a quoted value in the connection string has no end"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        UserProfile profile;
        Connection c;
        userprofile_init(&profile);
        connection_init(&c);
        c.host = mem_strdup("as it was");
        const ConnectionSwitches switches = {.database = rows[i].text};
        Connection env;
        connection_init(&env);
        assert_fails(userprofile_connection(&profile, &env, &switches, &c, &err), &err, EK_USAGE, rows[i].message);
        assert_string_equal(c.host, "as it was");
        connection_release(&c);
    }
}

static void configured(void **state)
{
    (void)state;
    Connection c;
    connection_init(&c);
    assert_false(userprofile_is_configured(&c));
    c.user = mem_strdup("u");
    assert_false(userprofile_is_configured(&c));
    c.host = mem_strdup("h");
    assert_true(userprofile_is_configured(&c));
    connection_release(&c);
    c.database = mem_strdup("d");
    assert_true(userprofile_is_configured(&c));
    connection_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_and_reads), cmocka_unit_test(refuses),
                                       cmocka_unit_test(keeps_aside),      cmocka_unit_test(own_place),
                                       cmocka_unit_test(which_database),   cmocka_unit_test(bad_string),
                                       cmocka_unit_test(configured)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
