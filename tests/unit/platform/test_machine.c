/* What the system knows of the user and the PC. The values differ from PC to PC; what must hold does not. */
#include "test_util.h"

#include "base/secret.h"
#include "base/utf.h"
#include "platform/roots.h"

#define U_UMLAUT "\xc3\xbc"
#define HAN "\xe4\xb8\xad"

static void folders_are_there(void **state)
{
    const struct {
        const char *name;
        char *(*get)(void);
    } table[] = {
        {"home", machine_home_dir},
        {"temp", machine_temp_dir},
        {"program", machine_program_dir},
        {"local data", machine_local_data_dir},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        char *dir = table[i].get();
        FsInfo info = {0};
        Error err = ERROR_INIT;

        assert_non_null(dir);
        assert_ok(fs_stat(dir, &info, &err), &err);
        assert_true(info.is_dir);
        /* A name that fs_join can go on from, without a separator at the end. */
        assert_true(dir[strlen(dir) - 1] != '/' && (dir[strlen(dir) - 1] != '\\' || strlen(dir) == 3));
        mem_free(dir);
    }
}

static void our_own_program_is_found(void **state)
{
    char *path = machine_program_path();
    char *dir = machine_program_dir();
    char *name = mem_strdup(fs_base_name(path));
    char *joined = fs_join(dir, name);

    (void)state;
    assert_string_equal(joined, path);
    assert_int_equal(strncmp(name, "test_machine", strlen("test_machine")), 0);
    assert_true(fs_exists(path));
    mem_free(joined);
    mem_free(name);
    mem_free(dir);
    mem_free(path);
}

static void names_are_told(void **state)
{
    char *(*const get[])(void) = {machine_user_name, machine_host_name, machine_os_text, machine_documents_dir};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(get); i++) {
        char *text = get[i]();

        assert_non_null(text);
        assert_true(text[0] != '\0');
        assert_true(utf8_valid(text, strlen(text)));
        mem_free(text);
    }
}

static void the_system_is_named_with_its_version(void **state)
{
    char *text = machine_os_text();
#ifdef _WIN32
    const char *start = "Windows 10.";
#else
    const char *start = "Linux ";
#endif

    (void)state;
    assert_int_equal(strncmp(text, start, strlen(start)), 0);
    mem_free(text);
}

static void variables_are_read(void **state)
{
    char *path = machine_getenv("PATH");

    (void)state;
    assert_non_null(path);
    assert_true(path[0] != '\0');
    assert_null(machine_getenv("CMMS_TEST_NO_SUCH_VARIABLE"));
    mem_free(path);
}

static void random_bytes_differ(void **state)
{
    unsigned char a[32] = {0}, b[32] = {0}, zero[32] = {0};

    (void)state;
    assert_true(machine_random(a, sizeof a));
    assert_true(machine_random(b, sizeof b));
    assert_memory_not_equal(a, zero, sizeof a);
    assert_memory_not_equal(a, b, sizeof a);
    assert_true(machine_random(a, 0));
}

typedef struct Dirs {
    size_t count;
    size_t most;
    bool all_there;
} Dirs;

static bool look_at_dir(void *context, const char *dir)
{
    Dirs *dirs = context;
    FsInfo info = {0};

    dirs->count++;
    dirs->all_there = dirs->all_there && fs_stat(dir, &info, NULL) && info.is_dir;
    return dirs->count < dirs->most;
}

static void tool_folders_are_visited_until_told_to_stop(void **state)
{
    Dirs all = {0, 1000, true};
    Dirs one = {0, 1, true};

    (void)state;
    machine_visit_tool_dirs(look_at_dir, &all);
    machine_visit_tool_dirs(look_at_dir, &one);
    assert_true(all.all_there);
    assert_int_equal(one.count, all.count > 0); /* one after which it was to stop */
}

static void wiping_overwrites(void **state)
{
    char text[] = "password";

    (void)state;
    secret_wipe(text, sizeof text);
    for (size_t i = 0; i < sizeof text; i++)
        assert_int_equal(text[i], 0);
}

static void a_secret_that_was_never_saved_is_not_there(void **state)
{
    Secret secret = SECRET_INIT;

    (void)state;
    assert_false(machine_secret_load("cmms-backup-test/never saved", &secret));
    assert_false(secret_is_set(&secret));
}

#ifdef _WIN32
static void secrets_are_kept(void **state)
{
    static const char *const values[] = {"simple", "", "Gr" U_UMLAUT HAN "\xf0\x9f\x94\xa7 \"'\\ %x", " spaces "};
    const char *target = "cmms-backup-test/" U_UMLAUT;
    Error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(values); i++) {
        Secret in = SECRET_INIT;
        Secret out = SECRET_INIT;

        secret_set(&in, values[i], strlen(values[i]));
        assert_ok(machine_secret_save(target, &in, &err), &err);
        assert_true(machine_secret_load(target, &out));
        assert_true(secret_is_set(&out));
        assert_string_equal(out.bytes, values[i]);
        assert_int_equal(out.len, strlen(values[i]));
        secret_release(&in);
        secret_release(&out);
    }
    assert_ok(machine_secret_delete(target, &err), &err);
    assert_false(machine_secret_load(target, &(Secret)SECRET_INIT));
    assert_ok(machine_secret_delete(target, &err), &err);
}

static void a_secret_that_is_too_long_is_refused(void **state)
{
    Secret secret = SECRET_INIT;
    Error err = ERROR_INIT;
    char text[4000];

    (void)state;
    memset(text, 'x', sizeof text);
    secret_set(&secret, text, sizeof text);
    assert_false(machine_secret_save("cmms-backup-test/long", &secret, &err));
    assert_string_equal(err.hint, "Windows keeps at most 1280 characters.");
    assert_error(&err, EK_SETTINGS, "the password is too long to be kept");
    secret_release(&secret);
}

static size_t occurrences(const char *text, const char *what)
{
    size_t count = 0;

    while ((text = strstr(text, what)) != NULL) {
        text += strlen(what);
        count++;
    }
    return count;
}

static void roots_are_written_as_pem(void **state)
{
    Error err = ERROR_INIT;
    char *path = NULL;
    char *again = NULL;
    char *pem;

    (void)state;
    assert_ok(roots_get(&path, &err), &err);
    pem = test_read(path);
    assert_true(occurrences(pem, "-----BEGIN CERTIFICATE-----\n") > 0);
    assert_int_equal(occurrences(pem, "-----BEGIN CERTIFICATE-----\n"),
                     occurrences(pem, "-----END CERTIFICATE-----\n"));
    assert_null(strchr(pem, '\r'));
    assert_int_equal(strncmp(pem, "-----BEGIN ", 11), 0);
    assert_null(strstr(pem, "----------"));
    /* Written anew only when it is old or gone. */
    test_write(path, "still fresh");
    assert_ok(roots_get(&again, &err), &err);
    assert_string_equal(again, path);
    assert_text(test_read(path), "still fresh");
    mem_free(again);
    assert_ok(fs_remove(path, &err), &err);
    assert_ok(roots_get(&again, &err), &err);
    assert_text(test_read(path), pem);
    mem_free(again);
    mem_free(pem);
    mem_free(path);
}
#else
static void secrets_have_no_store(void **state)
{
    Secret secret = SECRET_INIT;
    Error err = ERROR_INIT;

    (void)state;
    secret_set(&secret, "x", 1);
    assert_fails(machine_secret_save("cmms-backup-test", &secret, &err), &err, EK_SETTINGS,
                 "this system has no store for passwords");
    assert_false(machine_secret_load("cmms-backup-test", &secret));
    secret_release(&secret);
}

static void the_systems_roots_are_named(void **state)
{
    Error err = ERROR_INIT;
    char *roots = NULL;

    (void)state;
    assert_ok(roots_get(&roots, &err), &err);
    assert_text(roots, "system");
}
#endif

static void what_is_sealed_is_opened(void **state)
{
    StrBuf sealed;
    Secret in = SECRET_INIT, out = SECRET_INIT;
    Error err = ERROR_INIT;
    char *text = mem_alloc(20001); /* longer than Credential Manager takes */

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        text[i] = (char)('a' + i % 26);
    }
    strbuf_init(&sealed, STRBUF_LINE);
    secret_set(&in, text, 20000);
    assert_ok(machine_seal(&in, &sealed, &err), &err);
#ifdef _WIN32
    assert_null(strstr(sealed.buf, "abcdefgh"));
    assert_false(machine_unseal("no seal", 7, &out));
    assert_false(secret_is_set(&out));
#endif
    assert_true(machine_unseal(sealed.buf, sealed.len, &out));
    assert_int_equal(out.len, 20000);
    assert_string_equal(out.bytes, text);
    secret_release(&in);
    secret_release(&out);
    strbuf_release(&sealed);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_is_opened),
        cmocka_unit_test(folders_are_there),
        cmocka_unit_test(our_own_program_is_found),
        cmocka_unit_test(names_are_told),
        cmocka_unit_test(the_system_is_named_with_its_version),
        cmocka_unit_test(variables_are_read),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(tool_folders_are_visited_until_told_to_stop),
        cmocka_unit_test(wiping_overwrites),
        cmocka_unit_test(a_secret_that_was_never_saved_is_not_there),
#ifdef _WIN32
        cmocka_unit_test(secrets_are_kept),
        cmocka_unit_test(a_secret_that_is_too_long_is_refused),
        cmocka_unit_test(roots_are_written_as_pem),
#else
        cmocka_unit_test(secrets_have_no_store),
        cmocka_unit_test(the_systems_roots_are_named),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
