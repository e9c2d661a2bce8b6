#include "test_util.h"

#include "jobs/heartbeats.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "schedule/outward.h"
#include "store/folder.h"
#include "store/heartbeat.h"
#include "store/manifest.h"
#include "store/retention.h"
#include "test_env.h"

static char *dir, *folder;

static int begin(void **state)
{
    Error err = ERROR_INIT;
    (void)state;
    dir = test_dir_new();
    char *own = fs_join(dir, "own");
    folder = fs_join(dir, "b");
    assert_ok(fs_make_dirs(folder, &err), &err);
    test_setenv("CMMS_BACKUP_DATA", own);
    mem_free(own);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(folder);
    test_dir_remove(dir);
    return 0;
}

static void say(Receiver *receiver, const char *address)
{
    receiver_init(receiver);
    receiver->set = true;
    secret_set(&receiver->address, address, strlen(address));
}

static void hear(void *context, LogLevel level, const char *text)
{
    if (level == LOG_WARNING) {
        strbuf_addf(context, "[%s]", text);
    }
}

static void set_and_removed(void **state)
{
    (void)state;
    OutwardState states[RECEIVER_KINDS];
    Receiver receiver;
    Error err = ERROR_INIT;
    assert_ok(outward_look(states, &err), &err);
    assert_false(states[RECEIVER_PING].set);
    outward_states_release(states);
    say(&receiver, "ftp://example.com");
    assert_fails(outward_set(RECEIVER_PING, &receiver, &err), &err, EK_SETTINGS,
                 "Ping address: its address cannot be used");
    secret_set(&receiver.address, "http://127.0.0.1:1/5ec4e7", 25);
    assert_ok(outward_set(RECEIVER_PING, &receiver, &err), &err);
    /* Only its manner is changed: the address stays. */
    secret_release(&receiver.address);
    receiver.quiet = true;
    assert_ok(outward_set(RECEIVER_PING, &receiver, &err), &err);
    assert_ok(outward_look(states, &err), &err);
    assert_true(states[RECEIVER_PING].set && states[RECEIVER_PING].quiet && states[RECEIVER_PING].problem == NULL);
    assert_string_equal(states[RECEIVER_PING].shown, "http://127.0.0.1:1/\xE2\x80\xA6");
    outward_states_release(states);
    receiver.set = false;
    assert_ok(outward_set(RECEIVER_PING, &receiver, &err), &err);
    assert_ok(outward_look(states, &err), &err);
    assert_false(states[RECEIVER_PING].set);
    outward_states_release(states);
    receiver_release(&receiver);
}

/* A saved password goes to the server and the user that it was said for, and to no other. */
static void a_password_stays_with_its_server(void **state)
{
    (void)state;
    Receiver receiver;
    Error err = ERROR_INIT;
    say(&receiver, "smtps://127.0.0.1:1");
    receiver.user = mem_strdup("u");
    receiver.from = mem_strdup("a@b.c");
    receiver.to = mem_strdup("d@e.f");
    secret_set(&receiver.password, "p", 1);
    assert_ok(outward_set(RECEIVER_SMTP, &receiver, &err), &err);
    secret_release(&receiver.password);
    assert_ok(outward_set(RECEIVER_SMTP, &receiver, &err), &err); /* the same server, the same user */
    secret_set(&receiver.address, "smtps://127.0.0.1:2", 19);
    assert_fails(outward_set(RECEIVER_SMTP, &receiver, &err), &err, EK_SETTINGS,
                 "Mail by SMTP: the password for the mail server is missing");
    secret_release(&receiver.address);
    mem_free(receiver.user);
    receiver.user = mem_strdup("another");
    assert_fails(outward_set(RECEIVER_SMTP, &receiver, &err), &err, EK_SETTINGS,
                 "Mail by SMTP: the password for the mail server is missing");
    receiver.set = false;
    assert_ok(outward_set(RECEIVER_SMTP, &receiver, &err), &err);
    receiver_release(&receiver);
}

/* Nobody answers there: that is told, kept and shown, without the address; and nothing fails. */
static void a_receiver_that_is_not_there(void **state)
{
    (void)state;
    static const char why[] = "Webhook was not notified: nothing answers at 127.0.0.1";
    OutwardState states[RECEIVER_KINDS];
    Settings settings;
    Receiver receiver;
    StrBuf told;
    Error err = ERROR_INIT;
    strbuf_init(&told, STRBUF_LINE);
    settings_init(&settings);
    say(&receiver, "http://127.0.0.1:1/5ec4e7");
    assert_ok(outward_set(RECEIVER_WEBHOOK, &receiver, &err), &err);
    const JobSink sink = {.log = hear, .context = &told};
    const OutwardSpec spec = {.what = OUTWARD_FAILED, .text = "It failed", .folder = folder, .settings = &settings};
    outward_tell(&spec, &sink, NULL);
    assert_non_null(strstr(told.buf, why));
    assert_null(strstr(told.buf, "5ec4e7"));
    assert_ok(outward_look(states, &err), &err);
    assert_true(strncmp(states[RECEIVER_WEBHOOK].problem, why, sizeof why - 1) == 0);
    assert_true(states[RECEIVER_WEBHOOK].failed > 0 && states[RECEIVER_WEBHOOK].sent == 0);
    outward_states_release(states);
    assert_false(outward_test(RECEIVER_WEBHOOK, &receiver, NULL, &err));
    assert_int_equal(err.kind, EK_CONNECT);
    error_clear(&err);
    receiver.set = false;
    assert_ok(outward_set(RECEIVER_WEBHOOK, &receiver, &err), &err);
    /* It left its heartbeat all the same. */
    SeenComputers seen;
    seen_init(&seen);
    heartbeats_known(folder, &seen);
    assert_int_equal(seen.count, 1);
    seen_release(&seen);
    receiver_release(&receiver);
    settings_release(&settings);
    strbuf_release(&told);
}

#define OLD "cmms_backup_20260101_020000.backup"

/* As a check has left it. */
static void put_damaged(void)
{
    char *path = fs_join(folder, OLD), *manifest_path = folder_manifest_path(path);
    Error err = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    test_write(path, "x");
    manifest.file = mem_strdup(OLD);
    manifest.bytes = 1;
    manifest.sha256 = mem_strdup("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    manifest.level = LEVEL_BAD;
    manifest.host = mem_strdup("h");
    manifest.port = mem_strdup("5432");
    manifest.database = mem_strdup("d");
    manifest.started = clock_now() - 3600;
    assert_ok(manifest_write(manifest_path, &manifest, &err), &err);
    manifest_release(&manifest);
    mem_free(manifest_path);
    mem_free(path);
}

/* Whether somebody was to be told of it. */
static bool was_tried(const char *event)
{
    char *own = machine_local_data_dir(), *path = fs_join(own, OUTWARD_STATE_FILE);
    char *word = mem_printf("\"%s\"", event);
    Error err = ERROR_INIT;
    StrBuf text;
    strbuf_init(&text, STRBUF_LARGE);
    assert_ok(fs_read_all(path, 65536, &text, &err), &err);
    const bool found = strstr(text.buf, word) != NULL;
    strbuf_release(&text);
    mem_free(word);
    mem_free(path);
    mem_free(own);
    return found;
}

/* A stop by hand is nobody's alarm. */
static void what_stands(void **state)
{
    (void)state;
    Settings settings;
    Receiver receiver;
    Connection connection;
    Error err = ERROR_INIT;
    settings_init(&settings);
    connection_init(&connection);
    connection.host = mem_strdup("h");
    connection.port = mem_strdup("5432");
    connection.database = mem_strdup("d");
    put_damaged();
    say(&receiver, "http://127.0.0.1:1/x");
    assert_ok(outward_set(RECEIVER_WEBHOOK, &receiver, &err), &err);
    assert_ok(retention_stop(folder, "the audit", NULL, &err), &err);
    const OutwardSpec spec = {.what = OUTWARD_NOTHING, .folder = folder, .settings = &settings,
                              .connection = &connection};
    outward_tell(&spec, NULL, NULL);
    assert_true(was_tried("damaged"));
    assert_false(was_tried("shrink"));
    assert_ok(outward_set(RECEIVER_WEBHOOK, &receiver, &err), &err); /* nothing is known of what it got */
    assert_ok(retention_freeze(folder, "a table lost its rows", &err), &err);
    outward_tell(&spec, NULL, NULL);
    assert_true(was_tried("shrink"));
    assert_ok(retention_unfreeze(folder, NULL, NULL, &err), &err);
    receiver.set = false;
    assert_ok(outward_set(RECEIVER_WEBHOOK, &receiver, &err), &err);
    connection_release(&connection);
    receiver_release(&receiver);
    settings_release(&settings);
}

static void damaged_files(void **state)
{
    (void)state;
    OutwardState states[RECEIVER_KINDS];
    Settings settings;
    StrBuf told;
    Error err = ERROR_INIT;
    char *own = machine_local_data_dir();
    char *receivers = fs_join(own, RECEIVERS_FILE), *memory = fs_join(own, OUTWARD_STATE_FILE);
    strbuf_init(&told, STRBUF_LINE);
    settings_init(&settings);
    test_write(receivers, "{");
    test_write(memory, "{");
    const JobSink sink = {.log = hear, .context = &told};
    const OutwardSpec spec = {.what = OUTWARD_NOTHING, .folder = folder, .settings = &settings};
    outward_tell(&spec, &sink, NULL);
    assert_string_equal(told.buf, "[Nobody was notified: what is saved about who is notified is damaged]");
    assert_fails(outward_look(states, &err), &err, EK_SETTINGS, "what is saved about who is notified is damaged");
    assert_false(states[RECEIVER_PING].set);
    outward_states_release(states);
    /* What somebody sets now takes its place. */
    Receiver receiver;
    say(&receiver, "http://127.0.0.1:1/x");
    assert_ok(outward_set(RECEIVER_PING, &receiver, &err), &err);
    assert_ok(outward_look(states, &err), &err);
    assert_true(states[RECEIVER_PING].set);
    outward_states_release(states);
    receiver_release(&receiver);
    settings_release(&settings);
    strbuf_release(&told);
    mem_free(memory);
    mem_free(receivers);
    mem_free(own);
}

/* What was seen before says nothing of a time at which nobody could look. */
static void a_silence_that_was_not_looked_at(void **state)
{
    (void)state;
    const int64_t now = clock_now();
    Settings settings;
    StrBuf told;
    SeenComputers seen;
    SeenLook look;
    Error err = ERROR_INIT;
    strbuf_init(&told, STRBUF_LINE);
    settings_init(&settings);
    seen_init(&seen);
    const Heartbeat beat = {.computer = "PC-07", .at = now - 9 * 86400, .hours = 36};
    char *own = machine_local_data_dir(), *known = fs_join(own, HEARTBEATS_FILE), *gone = fs_join(dir, "gone");
    char *place = mem_printf("folder:%s", folder), *text = heartbeat_text(&beat);
    seen_begin(&seen, place, now, &look);
    seen_file(&look, "cmms_heartbeat_PC-07.json", "t", beat.at, text, strlen(text));
    seen_end(&look, now);
    char *memory = seen_text(&seen);
    test_write(known, memory);
    assert_ok(fs_rename(folder, gone, false, &err), &err);
    const JobSink sink = {.log = hear, .context = &told};
    const OutwardSpec spec = {.what = OUTWARD_NOTHING, .folder = folder, .settings = &settings};
    outward_tell(&spec, &sink, NULL);
    assert_non_null(strstr(told.buf, "[the heartbeat could not be left in the backup folder: "));
    assert_null(strstr(told.buf, "silent"));
    assert_ok(fs_rename(gone, folder, false, &err), &err);
    assert_ok(fs_remove(known, &err), &err);
    mem_free(memory);
    mem_free(text);
    mem_free(place);
    mem_free(gone);
    mem_free(known);
    mem_free(own);
    seen_release(&seen);
    strbuf_release(&told);
    settings_release(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_and_removed),
        cmocka_unit_test(a_password_stays_with_its_server),
        cmocka_unit_test(a_receiver_that_is_not_there),
        cmocka_unit_test(what_stands),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(a_silence_that_was_not_looked_at),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
