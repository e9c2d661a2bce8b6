#include "test_util.h"

#include "base/jsonutil.h"
#include "dead_server.h"
#include "jobs/signin.h"
#include "platform/clock.h"
#include "store/auditlog.h"
#include "test_env.h"

/* sha256("sample"), as the sample database has it */
#define SAMPLE_HASH "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"

static void judges(void **state)
{
    (void)state;
    static const char wrong[] = "the user name or the password is wrong";
    static const struct {
        const char *hash, *role;
        bool active;
        const char *password, *message;
    } rows[] = {
        {SAMPLE_HASH, "Manager", true, "sample", NULL},
        {SAMPLE_HASH, "manager", true, "sample", NULL},
        {SAMPLE_HASH, "Manager", true, "Sample", wrong},
        {SAMPLE_HASH, "Manager", true, "", wrong},
        {NULL, NULL, false, "sample", wrong}, /* no such user: the same sentence */
        {"", "Manager", true, "", wrong},
        {"af2bdbe1", "Manager", true, "sample", wrong}, /* a part of the hash is none */
        {SAMPLE_HASH "00", "Manager", true, "sample", wrong},
        {SAMPLE_HASH, NULL, true, "sample", wrong},
        {SAMPLE_HASH, "Technician", true, "wrong", wrong}, /* nothing is told to who does not know the password */
        {SAMPLE_HASH, "Manager", false, "wrong", wrong},
        {SAMPLE_HASH, "Technician", true, "sample", "this user is not a manager"},
        {SAMPLE_HASH, "Parts Coordinator", true, "sample", "this user is not a manager"},
        {SAMPLE_HASH, "Manager", false, "sample", "this user is no longer active in the CMMS"},
        {SAMPLE_HASH, "Technician", false, "sample", "this user is no longer active in the CMMS"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        Secret password = SECRET_INIT;
        secret_set(&password, rows[i].password, strlen(rows[i].password));
        bool ok = signin_judge(rows[i].hash, rows[i].role, rows[i].active, &password, &err);
        if (rows[i].message) {
            assert_fails(ok, &err, EK_REFUSED, rows[i].message);
        } else {
            assert_ok(ok, &err);
        }
        secret_release(&password);
    }
}

static void delays(void **state)
{
    (void)state;
    static const unsigned wanted[] = {0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900};
    for (unsigned i = 0; i < TEST_COUNT(wanted); i++) {
        assert_int_equal(signin_delay(i), wanted[i]);
    }
    assert_int_equal(signin_delay(1000), 900);
}

/* Seconds after `start`, on both clocks. 2038 is in the middle of it. */
static SigninTime at(int64_t seconds)
{
    return (SigninTime){((int64_t)1 << 31) - 300 + seconds, 1000000u + (uint64_t)seconds * 1000u};
}

static void ten_wrong_passwords(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "signin.json");
    Signin *signin = signin_new(path);
    int64_t now = 0;
    for (unsigned i = 1; i <= 10; i++) {
        assert_int_equal(signin_wait(signin, at(now)), 0);
        signin_count_try(signin, at(now));
        unsigned delay = signin_delay(i);
        assert_int_equal(signin_wait(signin, at(now)), delay);
        if (delay > 0) {
            assert_int_equal(signin_wait(signin, at(now + delay - 1)), 1);
        }
        now += delay;
    }
    assert_true(now > 600); /* past 2038 */
    assert_text(test_read(path), "{\n  \"failures\": 10,\n  \"last\": 2147483983\n}\n");
    signin_count_try(signin, at(now));

    /* A restart does not reset it. */
    signin_free(signin);
    signin = signin_new(path);
    assert_int_equal(signin_wait(signin, at(now + 100)), 800);
    assert_int_equal(signin_wait(signin, at(now + 900)), 0);

    /* A clock that was put back neither shortens nor lengthens it for ever. */
    assert_int_equal(signin_wait(signin, at(now - 100000)), 900);
    signin_free(signin);
    signin = signin_new(path);
    assert_int_equal(signin_wait(signin, at(now - 100000 + 899)), 1);

    /* Within a process the wall clock can be put forward without effect. */
    signin_count_try(signin, at(now));
    SigninTime forward = at(now);
    forward.wall += 1000000;
    assert_int_equal(signin_wait(signin, forward), 900);

    signin_forget(signin);
    assert_int_equal(signin_wait(signin, at(now)), 0);
    signin_count_try(signin, at(now));
    signin_take_back(signin);
    signin_free(signin);
    assert_text(test_read(path), "{\n  \"failures\": 0,\n  \"last\": 2147484623\n}\n");
    mem_free(path);
    test_dir_remove(dir);
}

/* Two windows of one user count together. */
static void two_at_once(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "signin.json");
    Signin *one = signin_new(path), *other = signin_new(path);
    for (int i = 0; i < 4; i++) {
        signin_count_try(one, at(0));
    }
    assert_int_equal(signin_wait(other, at(1)), 9);
    signin_free(one);
    signin_free(other);
    mem_free(path);
    test_dir_remove(dir);
}

static void spoilt_file(void **state)
{
    (void)state;
    static const struct {
        const char *failures, *last; /* NULL: just now */
        unsigned wait;
    } rows[] = {
        {"-1", NULL, 900},
        {"1e300", NULL, 5},
        {"\"none\"", NULL, 5},
        {"4", "\"never\"", 10},
        {"2", NULL, 0},
        {"3", "-9007199254740991", 0},
        {"3", "9007199254740991", 5},
        {"3}", NULL, 5}, /* no JSON at all */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *dir = test_dir_new(), *path = fs_join(dir, "signin.json");
        SigninTime now = signin_now();
        char *just_now = mem_printf("%lld", (long long)now.wall);
        char *text = mem_printf("{\"failures\": %s, \"last\": %s}", rows[i].failures,
                                rows[i].last ? rows[i].last : just_now);
        test_write(path, text);
        Signin *signin = signin_new(path);
        unsigned wait = signin_wait(signin, now);
        if (wait != rows[i].wait) {
            print_error("%s: %u seconds, not %u\n", text, wait, rows[i].wait);
            fail();
        }
        mem_free(text);
        mem_free(just_now);
        signin_free(signin);
        mem_free(path);
        test_dir_remove(dir);
    }
}

/* A server that does not answer: no verdict, no count, nothing in the log. */
static void unreachable(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "signin.json"), *log = fs_join(dir, AUDITLOG_FILE);
    Signin *signin = signin_new(path);
    Connection connection;
    SigninUser user;
    Secret password = SECRET_INIT;
    Error err = ERROR_INIT;
    SigninWay way = SIGNIN_NO_USERS;
    signin_user_init(&user);
    connection_init(&connection);
    connection.host = mem_strdup("127.0.0.1");
    connection.port = mem_strdup("1");
    connection.user = mem_strdup("ann");
    secret_set(&password, "hunter2", 7);
    assert_false(signin_try(signin, &connection, dir, "o'neil", &password, signin_now(), NULL, &user, &err));
    assert_int_equal(err.kind, EK_CONNECT);
    error_clear(&err);
    assert_int_equal(signin_wait(signin, signin_now()), 0);
    assert_false(fs_exists(log));
    assert_null(user.name);
    assert_false(signin_look(&connection, NULL, &way, &err));
    assert_int_equal(err.kind, EK_CONNECT);
    error_clear(&err);
    assert_int_equal(way, SIGNIN_NO_USERS);

    /* An empty name is no question to a server; and while a wait runs none is asked either. */
    assert_fails(signin_try(signin, &connection, dir, "  ", &password, signin_now(), NULL, &user, &err), &err,
                 EK_REFUSED, "the user name or the password is wrong");
    for (int i = 0; i < 10; i++) {
        signin_count_try(signin, signin_now());
    }
    assert_false(signin_try(signin, &connection, dir, "ann", &password, signin_now(), NULL, &user, &err));
    assert_int_equal(err.kind, EK_BUSY);
    assert_string_equal(err.message, "too many wrong passwords; the next try is possible in 11 minutes");
    assert_string_equal(err.hint, "The wait grows with each wrong password.");
    error_clear(&err);
    secret_release(&password);
    connection_release(&connection);
    signin_free(signin);
    mem_free(log);
    mem_free(path);
    test_dir_remove(dir);
}

/* A network that dies, before the server has let us in and after: an end in words by itself, and within two seconds
 * (and one for a busy machine) when it is asked for. No verdict, no count, nothing in the log. */
static void dead_network(void **state)
{
    (void)state;
    static const struct {
        bool lets_in, stops;
        ErrorKind kind;
        const char *message;
    } rows[] = {
        {false, true, EK_CANCELLED, "stopped while connecting to the server"},
        {true, true, EK_CANCELLED, "stopped at your request"},
        {false, false, EK_CONNECT, NULL}, /* "127.0.0.1 port 50000 did not answer in time" */
        {true, false, EK_CONNECT, "the server has not answered for 2 seconds"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        test_setenv("CMMS_STALL_SECONDS", rows[i].stops ? NULL : "2");
        char *dir = test_dir_new(), *path = fs_join(dir, "signin.json"), *log = fs_join(dir, AUDITLOG_FILE);
        Signin *signin = signin_new(path);
        SigninUser user;
        Secret password = SECRET_INIT;
        Error err = ERROR_INIT;
        signin_user_init(&user);
        secret_set(&password, "hunter2", 7);
        for (int what = 0; what < (rows[i].stops ? 2 : 1); what++) {
            DeadServer *server = dead_server_new(rows[i].lets_in);
            Connection connection = dead_server_connection(server);
            const Cancel *cancel = rows[i].stops ? server->stop : NULL;
            char *message = rows[i].message ? mem_strdup(rows[i].message)
                                            : mem_printf("127.0.0.1 port %u did not answer in time", server->port);
            SigninWay way = SIGNIN_NO_USERS;
            const uint64_t began = clock_monotonic_ms();
            bool ok = what == 0 ? signin_try(signin, &connection, dir, "ann", &password, signin_now(), cancel, &user,
                                             &err)
                                : signin_look(&connection, cancel, &way, &err);
            const uint64_t took = clock_monotonic_ms() - began;
            assert_true(rows[i].stops || (err.hint && strstr(err.hint, "this computer")));
            assert_fails(ok, &err, rows[i].kind, message);
            assert_true(took < test_limit_ms(rows[i].stops ? 3000 : 30000));
            mem_free(message);
            connection_release(&connection);
            dead_server_free(server);
        }
        assert_int_equal(signin_wait(signin, signin_now()), 0);
        assert_false(fs_exists(log));
        assert_null(user.name);
        secret_release(&password);
        signin_free(signin);
        mem_free(log);
        mem_free(path);
        test_dir_remove(dir);
    }
    test_setenv("CMMS_STALL_SECONDS", NULL);
}

static void logs_a_lock(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    cJSON *entries = NULL;
    char name[] = "o'neil", full[] = "Ann O'Neil";
    const SigninUser user = {name, full};
    assert_ok(signin_log_lock(dir, &user, "nobody was there for 15 minutes", &err), &err);
    assert_ok(auditlog_read(dir, 1, &entries, &err), &err);
    const cJSON *entry = cJSON_GetArrayItem(entries, 0);
    assert_string_equal(json_string(entry, "operation", ""), "lock");
    assert_string_equal(json_string(entry, "actor", ""), "o'neil");
    assert_string_equal(json_string(entry, "message", ""), "Locked: nobody was there for 15 minutes");
    cJSON_Delete(entries);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(judges),      cmocka_unit_test(delays),
                                       cmocka_unit_test(ten_wrong_passwords), cmocka_unit_test(two_at_once),
                                       cmocka_unit_test(spoilt_file), cmocka_unit_test(unreachable),
                                       cmocka_unit_test(dead_network),
                                       cmocka_unit_test(logs_a_lock)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
