#include "test_util.h"

#include "base/hash.h"
#include "base/jsonutil.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "store/manifest.h"

static cJSON *load(const char *dir, const char *name)
{
    char *path = fs_join(dir, name), *text = test_read(path);
    cJSON *log = NULL;
    Error err = ERROR_INIT;
    assert_ok(json_parse(text, strlen(text), &log, &err), &err);
    assert_true(cJSON_IsArray(log));
    mem_free(text);
    mem_free(path);
    return log;
}

static void put(const char *dir, const char *name, const char *text)
{
    char *path = fs_join(dir, name);
    test_write(path, text);
    mem_free(path);
}

static bool there(const char *dir, const char *name)
{
    char *path = fs_join(dir, name);
    bool is_there = fs_exists(path);
    mem_free(path);
    return is_there;
}

static void append(const char *dir, const char *message)
{
    Error err = ERROR_INIT;
    AuditEntry entry = {.operation = "verify", .status = "verified", .message = message, .seconds = -1};
    assert_ok(auditlog_append(dir, &entry, &err), &err);
}

/* Independent of the code under test: the SHA-256 of the compact text. */
static char *hash_of(const cJSON *entry)
{
    char hex[65], *text = cJSON_PrintUnformatted(entry);
    Sha256 *hash = sha256_new();
    sha256_update(hash, text, strlen(text));
    sha256_finish(hash, hex);
    cJSON_free(text);
    return mem_strdup(hex);
}

static void check(const char *dir, size_t expected)
{
    Error err = ERROR_INIT;
    size_t entries = 12345;
    assert_ok(auditlog_check(dir, &entries, &err), &err);
    assert_int_equal(entries, expected);
}

static void first_entries(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    check(dir, 0);
    AuditEntry entry = {.operation = "backup",
                        .status = "success",
                        .backup_file = "cmms_backup_20260119_143052.backup",
                        .message = "made it\nwell \xC3\xBC \xF0\x9F\x93\x81",
                        .file_size = 12345678901,
                        .seconds = 48.5,
                        .sha256 = "abc",
                        .level = "verified"};
    assert_ok(auditlog_append(dir, &entry, &err), &err);
    append(dir, "again");
    cJSON *log = load(dir, AUDITLOG_FILE);
    assert_int_equal(cJSON_GetArraySize(log), 2);
    const cJSON *one = cJSON_GetArrayItem(log, 0), *two = cJSON_GetArrayItem(log, 1);
    static const char *const members[] = {"timestamp", "backup_file", "status",  "message", "file_size", "operation",
                                          "user",      "computer",    "seconds", "sha256",  "level",     "previous"};
    const cJSON *member = one->child;
    for (size_t i = 0; i < TEST_COUNT(members); i++, member = member->next) {
        assert_non_null(member);
        assert_string_equal(member->string, members[i]);
    }
    assert_null(member);
    assert_int_equal(strlen(json_string(one, "timestamp", "")), strlen("2026-01-19 14:30:52"));
    assert_string_equal(json_string(one, "backup_file", ""), "cmms_backup_20260119_143052.backup");
    assert_string_equal(json_string(one, "status", ""), "success");
    assert_string_equal(json_string(one, "message", ""), "made it\nwell \xC3\xBC \xF0\x9F\x93\x81");
    assert_true(json_int(one, "file_size", 0) == 12345678901);
    assert_string_equal(json_string(one, "operation", ""), "backup");
    assert_true(json_number(one, "seconds", 0) > 48.4 && json_number(one, "seconds", 0) < 48.6);
    assert_string_equal(json_string(one, "sha256", ""), "abc");
    assert_string_equal(json_string(one, "level", ""), "verified");
    assert_string_equal(json_string(one, "previous", "?"), "");
    char *user = machine_user_name(), *computer = machine_host_name();
    assert_string_equal(json_string(one, "user", ""), user ? user : "");
    assert_string_equal(json_string(one, "computer", ""), computer ? computer : "");
    mem_free(computer);
    mem_free(user);

    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(two, "backup_file")));
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(two, "seconds")));
    assert_int_equal(json_int(two, "file_size", -1), 0);
    assert_text(hash_of(one), json_string(two, "previous", ""));
    cJSON_Delete(log);
    check(dir, 2);
    assert_int_equal(test_dir_count(dir), 2); /* the log and the lock file */
    test_dir_remove(dir);
}

/* The predecessor opens the file in the code page of the PC: only ASCII reads the same in all. */
static void ascii_alone(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, AUDITLOG_FILE);
    append(dir, "J\xC3\xBCrgen \xF0\x9F\x93\x81");
    char *text = test_read(path);
    for (const char *p = text; *p; p++) {
        assert_true((unsigned char)*p < 0x80);
    }
    mem_free(text);
    mem_free(path);
    test_dir_remove(dir);
}

/* Whatever a tool says, the next append can read the file. */
static void hostile_texts(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    append(dir, "bad \xFF byte, \x1B[31m escape, \"quote\"");
    char *much = mem_alloc(100001);
    memset(much, 'a', 16383);
    for (size_t i = 16383; i + 1 < 100000; i += 2) { /* the cut falls into the middle of a letter */
        much[i] = '\xC3';
        much[i + 1] = '\xBC';
    }
    append(dir, much);
    mem_free(much);
    append(dir, NULL);
    AuditEntry bare = {.seconds = -1};
    assert_ok(auditlog_append(dir, &bare, &err), &err);
    cJSON *log = load(dir, AUDITLOG_FILE);
    assert_string_equal(json_string(cJSON_GetArrayItem(log, 0), "message", ""),
                        "bad \xEF\xBF\xBD byte,  [31m escape, \"quote\"");
    const char *cut = json_string(cJSON_GetArrayItem(log, 1), "message", "");
    assert_int_equal(strlen(cut), 16383 + 3);
    assert_string_equal(cut + 16382, "a…");
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(log, 2), "message")));
    cJSON_Delete(log);
    check(dir, 4);
    test_dir_remove(dir);
}

#define OLD(day, message) \
    "{\"timestamp\": \"2025-01-" day " 02:00:00\", \"backup_file\": \"a.backup\", \"status\": \"success\", " \
    "\"message\": \"" message "\", \"file_size\": 7}"

static void after_the_predecessor(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, AUDITLOG_FILE);
    put(dir, AUDITLOG_FILE, "\xEF\xBB\xBF[" OLD("01", "one") ",\n" OLD("02", "J\\u00fcrgen") ", 17]");
    check(dir, 3);
    append(dir, "ours");
    cJSON *log = load(dir, AUDITLOG_FILE);
    assert_int_equal(cJSON_GetArraySize(log), 4);
    assert_string_equal(json_string(cJSON_GetArrayItem(log, 1), "message", ""), "J\xC3\xBCrgen");
    assert_text(hash_of(cJSON_GetArrayItem(log, 2)), json_string(cJSON_GetArrayItem(log, 3), "previous", ""));
    check(dir, 4);

    /* The predecessor reads the file and writes it in its own layout: the chain holds. */
    char *compact = cJSON_PrintUnformatted(log);
    test_write(path, compact);
    cJSON_free(compact);
    cJSON_Delete(log);
    check(dir, 4);
    append(dir, "ours again");
    check(dir, 5);
    mem_free(path);
    test_dir_remove(dir);
}

/* What breaks the chain, and where it is said to be broken. */
static void broken(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, AUDITLOG_FILE);
    Error err = ERROR_INIT;
    size_t entries = 99;
    for (int i = 1; i <= 5; i++) {
        char *message = mem_printf("number %d", i);
        append(dir, message);
        mem_free(message);
    }
    char *good = test_read(path);
    for (int what = 0; what < 5; what++) {
        cJSON *log = load(dir, AUDITLOG_FILE), *moved;
        int place = 0;
        switch (what) {
        case 0: /* a word changed */
            json_set_string(cJSON_GetArrayItem(log, 2), "message", "number 7");
            place = 4;
            break;
        case 1: /* an entry taken out */
            cJSON_DeleteItemFromArray(log, 1);
            place = 2;
            break;
        case 2: /* the first taken out */
            cJSON_DeleteItemFromArray(log, 0);
            place = 1;
            break;
        case 3: /* two exchanged */
            moved = cJSON_DetachItemFromArray(log, 3);
            cJSON_InsertItemInArray(log, 2, moved);
            place = 3;
            break;
        default: /* one without a link put in between */
            moved = cJSON_CreateObject();
            json_set_string(moved, "timestamp", "2026-01-01 00:00:00");
            cJSON_InsertItemInArray(log, 2, moved);
            place = 3;
            break;
        }
        char *stamp = mem_strdup(json_string(cJSON_GetArrayItem(log, place - 1), "timestamp", ""));
        char *text = json_text(log), *message = mem_printf("entry %d of backup_log.json (%s) does not follow from the "
                                                           "one before it", place, stamp);
        test_write(path, text);
        assert_fails(auditlog_check(dir, &entries, &err), &err, EK_DAMAGED, message);
        assert_int_equal(entries, 99);
        mem_free(message);
        mem_free(text);
        mem_free(stamp);
        cJSON_Delete(log);
        test_write(path, good);
    }
    check(dir, 5);
    mem_free(good);
    mem_free(path);
    test_dir_remove(dir);
}

typedef struct Found {
    char *name;
    const char *prefix;
} Found;

static bool find_prefix(void *context, const char *name, const FsInfo *info)
{
    Found *found = context;
    (void)info;
    if (!strncmp(name, found->prefix, strlen(found->prefix))) {
        mem_free(found->name);
        found->name = mem_strdup(name);
    }
    return true;
}

static void damaged_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {{"[{\"timestamp\"", "the text is not JSON from byte 13 on"},
                {"", "the text is not JSON from byte 0 on"},
                {"{}", "it is not a JSON array"}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char *dir = test_dir_new();
        Error err = ERROR_INIT;
        size_t entries = 99;
        put(dir, AUDITLOG_FILE, rows[i].text);
        char *message = mem_printf("backup_log.json cannot be read: %s", rows[i].why);
        assert_fails(auditlog_check(dir, &entries, &err), &err, EK_DAMAGED, message);
        mem_free(message);
        append(dir, "goes on");
        Found found = {NULL, "backup_log.damaged-"};
        assert_ok(fs_list(dir, find_prefix, &found, &err), &err);
        assert_non_null(found.name);
        char *kept = fs_join(dir, found.name);
        assert_text(test_read(kept), rows[i].text);
        cJSON *log = load(dir, AUDITLOG_FILE);
        assert_int_equal(cJSON_GetArraySize(log), 2);
        const cJSON *first = cJSON_GetArrayItem(log, 0);
        message = mem_printf("backup_log.json could not be read (%s) and was kept as %s", rows[i].why, found.name);
        assert_string_equal(json_string(first, "message", ""), message);
        assert_string_equal(json_string(first, "operation", ""), "log");
        assert_string_equal(json_string(first, "status", ""), "failed");
        assert_string_equal(json_string(first, "previous", "?"), "");
        assert_string_equal(json_string(cJSON_GetArrayItem(log, 1), "message", ""), "goes on");
        check(dir, 2);
        cJSON_Delete(log);
        mem_free(message);
        mem_free(kept);
        mem_free(found.name);
        test_dir_remove(dir);
    }
}

/* A log of `count` entries of the predecessor, numbered from `first`, one a day from 1 January 2024. */
static void put_old(const char *dir, int first, int count)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LARGE);
    strbuf_addch(&sb, '[');
    for (int i = first; i < first + count; i++) {
        char *stamp = clock_log_text(1704110400 + (int64_t)i * 86400);
        strbuf_addf(&sb, "%s\n{\"timestamp\":\"%s\",\"status\":\"success\",\"message\":\"number %d\",\"file_size\":%d}",
                    i == first ? "" : ",", stamp, i, i);
        mem_free(stamp);
    }
    strbuf_addstr(&sb, "]");
    put(dir, AUDITLOG_FILE, sb.buf);
    strbuf_release(&sb);
}

static int number_of(const cJSON *entry)
{
    return (int)json_int(entry, "file_size", -1);
}

static void rotation(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    put_old(dir, 0, AUDITLOG_KEEP);
    check(dir, AUDITLOG_KEEP);
    assert_false(there(dir, "backup_log_2024.json"));
    append(dir, "one too many");
    cJSON *log = load(dir, AUDITLOG_FILE), *rotated = load(dir, "backup_log_2024.json");
    assert_int_equal(cJSON_GetArraySize(log), AUDITLOG_KEEP);
    assert_int_equal(cJSON_GetArraySize(rotated), 1);
    assert_int_equal(number_of(rotated->child), 0);
    assert_int_equal(number_of(log->child), 1);
    cJSON_Delete(rotated);
    cJSON_Delete(log);
    check(dir, AUDITLOG_KEEP + 1);
    append(dir, "and another");
    rotated = load(dir, "backup_log_2024.json");
    assert_int_equal(cJSON_GetArraySize(rotated), 2);
    assert_int_equal(number_of(rotated->child->next), 1);
    cJSON_Delete(rotated);
    check(dir, AUDITLOG_KEEP + 2);
    test_dir_remove(dir);
}

/* 400 too many at once, over the turn of a year: each in the file of its year, none lost, order kept. */
static void rotation_over_years(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    put_old(dir, 0, AUDITLOG_KEEP + 399);
    append(dir, "the last");
    cJSON *first = load(dir, "backup_log_2024.json"), *second = load(dir, "backup_log_2025.json");
    cJSON *log = load(dir, AUDITLOG_FILE);
    assert_int_equal(cJSON_GetArraySize(first), 366);
    assert_int_equal(cJSON_GetArraySize(second), 400 - 366);
    assert_int_equal(cJSON_GetArraySize(log), AUDITLOG_KEEP);
    int number = 0;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, first) assert_int_equal(number_of(entry), number++);
    cJSON_ArrayForEach(entry, second) assert_int_equal(number_of(entry), number++);
    assert_int_equal(number_of(log->child), number);
    cJSON_Delete(first);
    cJSON_Delete(second);
    cJSON_Delete(log);
    check(dir, AUDITLOG_KEEP + 400);
    test_dir_remove(dir);
}

/* A clock that went back, or an entry without a time, does not break the order of the files. */
static void rotation_with_a_wrong_clock(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    put(dir, "backup_log_2030.json", "[" OLD("01", "was rotated") "]");
    put_old(dir, 0, AUDITLOG_KEEP);
    append(dir, "a");
    assert_false(there(dir, "backup_log_2024.json"));
    cJSON *rotated = load(dir, "backup_log_2030.json");
    assert_int_equal(cJSON_GetArraySize(rotated), 2);
    cJSON_Delete(rotated);
    check(dir, AUDITLOG_KEEP + 2);
    test_dir_remove(dir);
}

/* The seam: the rotated file was written, then the power failed before the log was shortened. */
static void crash_in_rotation(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, AUDITLOG_FILE);
    for (int i = 0; i < 3; i++) { /* a chain of ours behind the predecessor's */
        if (i == 0) {
            put_old(dir, 0, AUDITLOG_KEEP);
        }
        append(dir, "chained");
    }
    check(dir, AUDITLOG_KEEP + 3);
    char *before = test_read(path);
    append(dir, "lost with the crash");
    check(dir, AUDITLOG_KEEP + 4);
    test_write(path, before); /* the rotated file is new, the log is old */
    check(dir, AUDITLOG_KEEP + 3);
    append(dir, "after the crash");
    check(dir, AUDITLOG_KEEP + 4);
    cJSON *rotated = load(dir, "backup_log_2024.json"), *log = load(dir, AUDITLOG_FILE);
    assert_int_equal(cJSON_GetArraySize(rotated), 4);
    assert_int_equal(cJSON_GetArraySize(log), AUDITLOG_KEEP);
    assert_int_equal(number_of(rotated->child->prev), 3);
    assert_int_equal(number_of(log->child), 4);
    cJSON_Delete(rotated);
    cJSON_Delete(log);
    mem_free(before);
    mem_free(path);
    test_dir_remove(dir);
}

/* The same when a long rotation over two years was cut between its files. */
static void crash_in_long_rotation(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, AUDITLOG_FILE);
    put_old(dir, 0, 366); /* what 2024's file will hold */
    char *year = test_read(path);
    put(dir, "backup_log_2024.json", year);
    put_old(dir, 0, AUDITLOG_KEEP + 399);
    check(dir, AUDITLOG_KEEP + 399);
    append(dir, "the last");
    check(dir, AUDITLOG_KEEP + 400);
    cJSON *first = load(dir, "backup_log_2024.json"), *second = load(dir, "backup_log_2025.json");
    assert_int_equal(cJSON_GetArraySize(first), 366);
    assert_int_equal(cJSON_GetArraySize(second), 400 - 366);
    cJSON_Delete(first);
    cJSON_Delete(second);
    mem_free(year);
    mem_free(path);
    test_dir_remove(dir);
}

/* Takes the newest entries away, as somebody does who has something to hide: what is left is a chain. */
static void cut_off(const char *dir, int newest)
{
    cJSON *log = load(dir, AUDITLOG_FILE);
    for (int i = 0; i < newest; i++) {
        cJSON_DeleteItemFromArray(log, cJSON_GetArraySize(log) - 1);
    }
    char *text = json_text(log);
    put(dir, AUDITLOG_FILE, text);
    mem_free(text);
    cJSON_Delete(log);
}

/* A backup's manifest knows which entry was the newest when it was made. */
static void cut_at_the_end(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, "cmms_backup_20260119_143052.backup" FOLDER_MANIFEST_SUFFIX);
    Error err = ERROR_INIT;
    size_t entries = 99;
    assert_null(auditlog_newest_hash(dir));
    append(dir, "a");
    append(dir, "b");
    Manifest manifest;
    manifest_init(&manifest);
    manifest.file = mem_strdup("cmms_backup_20260119_143052.backup");
    manifest.sha256 = mem_printf("%064d", 0);
    manifest.finished = clock_now();
    manifest.log_hash = auditlog_newest_hash(dir);
    cJSON *log = load(dir, AUDITLOG_FILE);
    char *hash = hash_of(log->child->prev);
    assert_string_equal(manifest.log_hash, hash);
    cJSON_Delete(log);
    assert_ok(manifest_write(path, &manifest, &err), &err);
    append(dir, "c");
    append(dir, "d");
    check(dir, 4);
    cut_off(dir, 2);
    check(dir, 2); /* nobody has seen these */
    char *made = clock_log_text(manifest.finished);
    char *message = mem_printf("the log lacks the entry that was its newest when "
                               "cmms_backup_20260119_143052.backup was made (%s)", made);
    for (int left = 1; left >= 0; left--) {
        cut_off(dir, 1);
        assert_fails(auditlog_check(dir, &entries, &err), &err, EK_DAMAGED, message);
        assert_int_equal(entries, 99);
    }
    append(dir, "begun again");
    assert_fails(auditlog_check(dir, &entries, &err), &err, EK_DAMAGED, message);

    /* Two computers with one folder: no tampering, and it is said where to look. */
    put(dir, "backup_log_2025.json.txt", "[]");
    put(dir, "backup_log-PC2.json", "[]");
    assert_false(auditlog_check(dir, &entries, &err));
    assert_string_equal(err.hint, "A sync client has kept another version of the log, backup_log-PC2.json: two "
                                  "computers write here, and the entry is likely in that one.");
    error_clear(&err);

    /* Damage is no crime: the entries are in the file that was put aside. */
    put(dir, AUDITLOG_FILE, "[{");
    manifest.finished -= 2;
    assert_ok(manifest_write(path, &manifest, &err), &err);
    append(dir, "goes on");
    check(dir, 2);
    mem_free(message);
    mem_free(made);
    mem_free(hash);
    manifest_release(&manifest);
    mem_free(path);
    test_dir_remove(dir);
}

static void damaged_rotated_file(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    size_t entries = 99;
    put_old(dir, 0, AUDITLOG_KEEP);
    append(dir, "a");
    put(dir, "backup_log_2024.json", "[{");
    assert_fails(auditlog_check(dir, &entries, &err), &err, EK_DAMAGED,
                 "backup_log_2024.json cannot be read: the text is not JSON from byte 2 on");
    append(dir, "b");
    Found found = {NULL, "backup_log_2024.damaged-"};
    assert_ok(fs_list(dir, find_prefix, &found, &err), &err);
    assert_non_null(found.name);
    cJSON *rotated = load(dir, "backup_log_2024.json");
    assert_int_equal(cJSON_GetArraySize(rotated), 2);
    assert_string_equal(json_string(rotated->child, "operation", ""), "log");
    cJSON_Delete(rotated);
    mem_free(found.name);
    test_dir_remove(dir);
}

/* Chained entries whose rotated file was lost to damage: the new file says so, and the chain goes on. */
static void damaged_rotated_chain(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, AUDITLOG_FILE);
    append(dir, "root");
    append(dir, "second");
    cJSON *log = load(dir, AUDITLOG_FILE);
    for (int i = 2; i < AUDITLOG_KEEP; i++) { /* quicker than a thousand appends */
        cJSON *entry = cJSON_Duplicate(log->child, true);
        char *previous = hash_of(log->child->prev);
        json_set_string(entry, "previous", previous);
        cJSON_AddItemToArray(log, entry);
        mem_free(previous);
    }
    char *text = json_text(log);
    test_write(path, text);
    mem_free(text);
    cJSON_Delete(log);
    check(dir, AUDITLOG_KEEP);
    append(dir, "rotates the root");
    check(dir, AUDITLOG_KEEP + 1);
    CivilTime now;
    clock_local(clock_now(), &now);
    char *rotated = mem_printf("backup_log_%04d.json", now.year);
    put(dir, rotated, "no JSON");
    append(dir, "puts it aside");
    check(dir, AUDITLOG_KEEP + 2); /* without the root, with the entry that tells of it */
    mem_free(rotated);
    mem_free(path);
    test_dir_remove(dir);
}

/* A log of 50 MB, as a predecessor that never cut it would have left. */
static void large_log(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, AUDITLOG_FILE);
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LARGE);
    char *filler = mem_alloc(25001);
    memset(filler, 'x', 25000);
    strbuf_addch(&sb, '[');
    for (int i = 0; i < 2000; i++) {
        strbuf_addf(&sb, "%s{\"timestamp\":\"2024-01-01 00:00:00\",\"message\":\"%s\",\"file_size\":%d}", i ? "," : "",
                    filler, i);
    }
    strbuf_addch(&sb, ']');
    assert_true(sb.len > 50000000);
    test_write_bytes(path, sb.buf, sb.len);
    append(dir, "a");
    cJSON *rotated = load(dir, "backup_log_2024.json");
    assert_int_equal(cJSON_GetArraySize(rotated), 1001);
    cJSON_Delete(rotated);
    check(dir, 2001);
    strbuf_release(&sb);
    mem_free(filler);
    mem_free(path);
    test_dir_remove(dir);
}

typedef struct Writer {
    const char *dir;
    char name;
    bool failed; /* its own thread writes it; read after the join */
} Writer;

typedef struct Walk {
    size_t count, broken, enough; /* enough: ends it there; 0: never */
    char hash[65];                /* of the entry before */
} Walk;

static bool visit(void *context, const AuditLink *link)
{
    Walk *walk = context;
    walk->count++;
    assert_int_equal(link->number, walk->count);
    assert_text(hash_of(link->entry), link->hash);
    if (link->previous && link->follows && walk->count > 1) {
        assert_string_equal(link->previous, walk->hash);
    }
    walk->broken += link->follows ? 0 : 1;
    memcpy(walk->hash, link->hash, sizeof walk->hash);
    return walk->count != walk->enough;
}

static void walk(const char *dir, size_t count, size_t broken)
{
    Error err = ERROR_INIT;
    Walk all = {.enough = 0}, some = {.enough = count / 2 + 1};
    assert_ok(auditlog_walk(dir, visit, &all, &err), &err);
    assert_int_equal(all.count, count);
    assert_int_equal(all.broken, broken);
    assert_ok(auditlog_walk(dir, visit, &some, &err), &err);
    assert_int_equal(some.count, count == 0 ? 0 : count / 2 + 1);
}

/* Each entry once, whatever file it is in; and a broken link or a file that is none does not hide the others. */
static void through_all_of_it(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *path = fs_join(dir, AUDITLOG_FILE);
    Error err = ERROR_INIT;
    walk(dir, 0, 0);
    put_old(dir, 0, AUDITLOG_KEEP);
    append(dir, "chained");
    append(dir, "chained");
    walk(dir, AUDITLOG_KEEP + 2, 0);
    char *before = test_read(path);
    append(dir, "lost with the crash");
    walk(dir, AUDITLOG_KEEP + 3, 0);
    test_write(path, before); /* the seam */
    walk(dir, AUDITLOG_KEEP + 2, 0);
    mem_free(before);
    append(dir, "changed");
    append(dir, "chained");
    char *text = test_read(path), *at = strstr(text, "changed");
    assert_non_null(at);
    at[0] = 'C';
    test_write(path, text);
    mem_free(text);
    walk(dir, AUDITLOG_KEEP + 4, 1);
    put(dir, "backup_log_2024.json", "{ torn");
    Walk rest = {.enough = 0};
    assert_false(auditlog_walk(dir, visit, &rest, &err));
    assert_int_equal(err.kind, EK_DAMAGED);
    assert_non_null(strstr(err.message, "backup_log_2024.json cannot be read"));
    error_clear(&err);
    assert_int_equal(rest.count, AUDITLOG_KEEP);
    mem_free(path);
    test_dir_remove(dir);
}

/* A proof says on what it ran, and what came back. */
static void what_a_proof_says(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Error err = ERROR_INIT;
    const AuditEntry entry = {.operation = "prove", .status = "success", .seconds = 3, .server = "PostgreSQL 18.1",
                              .tables = 12, .rows = 12410, .there = "b!1/item1"};
    assert_ok(auditlog_append(dir, &entry, &err), &err);
    append(dir, "no proof");
    cJSON *log = load(dir, AUDITLOG_FILE);
    assert_string_equal(json_string(log->child, "server", ""), "PostgreSQL 18.1");
    assert_int_equal(json_int(log->child, "tables", 0), 12);
    assert_int_equal(json_int(log->child, "rows", 0), 12410);
    assert_string_equal(json_string(log->child, "there", ""), "b!1/item1");
    assert_null(cJSON_GetObjectItemCaseSensitive(log->child->next, "there"));
    assert_null(cJSON_GetObjectItemCaseSensitive(log->child->next, "server"));
    assert_null(cJSON_GetObjectItemCaseSensitive(log->child->next, "rows"));
    cJSON_Delete(log);
    check(dir, 2);
    test_dir_remove(dir);
}

static void write_many(void *argument)
{
    Writer *writer = argument;
    for (int i = 0; i < 25; i++) {
        char *message = mem_printf("%c%d", writer->name, i);
        AuditEntry entry = {.operation = "verify", .status = "success", .message = message, .seconds = -1};
        writer->failed = !auditlog_append(writer->dir, &entry, NULL) || writer->failed;
        mem_free(message);
    }
}

static void two_at_once(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    Writer writers[2] = {{dir, 'a', false}, {dir, 'b', false}};
    Thread *threads[2];
    for (size_t i = 0; i < 2; i++) {
        threads[i] = thread_start(write_many, &writers[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        thread_join(threads[i]);
        assert_false(writers[i].failed);
    }
    cJSON *log = load(dir, AUDITLOG_FILE);
    int next[2] = {0, 0};
    const cJSON *entry;
    cJSON_ArrayForEach(entry, log) {
        const char *message = json_string(entry, "message", "?");
        int which = message[0] - 'a';
        assert_true(which >= 0 && which <= 1);
        assert_int_equal(strtol(message + 1, NULL, 10), next[which]);
        next[which]++;
    }
    assert_int_equal(next[0], 25);
    assert_int_equal(next[1], 25);
    cJSON_Delete(log);
    check(dir, 50);
    assert_int_equal(test_dir_count(dir), 2);
    test_dir_remove(dir);
}

static void cannot_be_written(void **state)
{
    (void)state;
    char *dir = test_dir_new(), *nowhere = fs_join(dir, "nowhere");
    Error err = ERROR_INIT;
    AuditEntry entry = {.operation = "verify", .status = "success", .message = "x", .seconds = -1};
    assert_false(auditlog_append(nowhere, &entry, &err));
    assert_int_equal(strncmp(err.message, "the log cannot be written: ", 27), 0);
    error_clear(&err);
    mem_free(nowhere);
    test_dir_remove(dir);
}

static void names_of_rotated_files(void **state)
{
    (void)state;
    assert_int_equal(auditlog_year("backup_log_2026.json"), 2026);
    assert_int_equal(auditlog_year("backup_log_0000.json"), 0);
    assert_int_equal(auditlog_year(AUDITLOG_FILE), -1);
    assert_int_equal(auditlog_year("backup_log_20260.json"), -1);
    assert_int_equal(auditlog_year("backup_log_202a.json"), -1);
    assert_int_equal(auditlog_year("backup_log_2026.json.tmp-01234567"), -1);
}

static void one_text(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    size_t entries = 0;
    assert_ok(auditlog_check_text("[{\"previous\":\"\"}]", 17, &entries, &err), &err);
    assert_int_equal(entries, 1);
    assert_fails(auditlog_check_text("[{\"previous\":\"x\"}]", 18, &entries, &err), &err, EK_DAMAGED,
                 "entry 1 of backup_log.json (no time) does not follow from the one before it");
    assert_fails(auditlog_check_text("7", 1, &entries, &err), &err, EK_DAMAGED, "it is not a JSON array");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_entries),          cmocka_unit_test(ascii_alone),
        cmocka_unit_test(hostile_texts),          cmocka_unit_test(after_the_predecessor),
        cmocka_unit_test(broken),                 cmocka_unit_test(damaged_is_kept),
        cmocka_unit_test(rotation),               cmocka_unit_test(rotation_over_years),
        cmocka_unit_test(rotation_with_a_wrong_clock), cmocka_unit_test(crash_in_rotation),
        cmocka_unit_test(crash_in_long_rotation), cmocka_unit_test(damaged_rotated_file),
        cmocka_unit_test(damaged_rotated_chain),  cmocka_unit_test(large_log),
        cmocka_unit_test(two_at_once),            cmocka_unit_test(cannot_be_written),
        cmocka_unit_test(one_text),               cmocka_unit_test(cut_at_the_end),
        cmocka_unit_test(through_all_of_it),      cmocka_unit_test(what_a_proof_says),
        cmocka_unit_test(names_of_rotated_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
