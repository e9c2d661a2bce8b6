#include "test_util.h"

#include "base/hash.h"
#include "base/jsonutil.h"
#include "jobs/certificate.h"
#include "platform/cancel.h"
#include "platform/clock.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "test_env.h"

#define NAME  "cmms_backup_20261130_020000.backup"
#define SHA   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define NOON  ((int64_t)1796040000) /* 2026-11-30 12:00 UTC */

#define PROOF                                                                                                       \
    "{\"timestamp\":\"2026-11-30 13:00:05\",\"backup_file\":\"" NAME "\",\"status\":\"success\","                   \
    "\"message\":\"Proven: <b>restored</b>\",\"operation\":\"prove\",\"user\":\"joe\",\"computer\":\"PC-07\","      \
    "\"seconds\":252.4,\"sha256\":\"" SHA "\",\"actor\":\"Anna\",\"server\":\"PostgreSQL 18.1\",\"tables\":12,"     \
    "\"rows\":12410,\"previous\":\"" OTHER "\"}"

#define EXACT "{\"timestamp\":\"2026-11-30 13:00:05\",\"proven_at\":\"2026-11-30T12:00:00Z\"}"

/* --- the judgement: a table ------------------------------------------------------------------------------ */

typedef struct Row {
    const char *what;
    Level level;
    int64_t proven_at;
    const char *file, *recorded, *read; /* the manifest's name and hash, and the file's */
    uint64_t bytes;                     /* the file's; the manifest has 1000 */
    const char *entry;                  /* NULL: the log has none */
    const char *log;                    /* what is wrong with it; NULL: nothing */
    ErrorKind kind;                     /* EK_NONE: it is given */
    const char *message, *hint;
} Row;

#define UNPROVEN NAME " gets no certificate: it is not proven"
#define CHANGED  NAME " gets no certificate: its content is no longer what was proven"
#define MISSING  NAME " gets no certificate: the log has no entry of its proof"
#define PROVE    "Prove it first: it is restored into an empty database and counted."

static const Row rows[] = {
    {"all holds", LEVEL_PROVEN, NOON, NAME, SHA, SHA, 1000, PROOF, NULL, EK_NONE, NULL, NULL},
    {"another zone", LEVEL_PROVEN, NOON - 12 * 3600, NAME, SHA, SHA, 1000, PROOF, NULL, EK_NONE, NULL, NULL},
    {"verified alone", LEVEL_VERIFIED, 0, NAME, SHA, SHA, 1000, PROOF, NULL, EK_FOREIGN, UNPROVEN, PROVE},
    {"proven once, and read since", LEVEL_READ, NOON, NAME, SHA, SHA, 1000, PROOF, NULL, EK_FOREIGN, UNPROVEN, PROVE},
    {"proven, nobody knows when", LEVEL_PROVEN, 0, NAME, SHA, SHA, 1000, PROOF, NULL, EK_FOREIGN, UNPROVEN, PROVE},
    {"damaged", LEVEL_BAD, NOON, NAME, SHA, SHA, 1000, PROOF, NULL, EK_DAMAGED,
     NAME " gets no certificate: it is damaged", "Do not rely on this file; prove another backup."},
    {"another's manifest", LEVEL_PROVEN, NOON, "x.backup", SHA, SHA, 1000, PROOF, NULL, EK_DAMAGED,
     NAME " gets no certificate: its manifest is that of another file", "Verify the backup first."},
    {"other bytes", LEVEL_PROVEN, NOON, NAME, SHA, OTHER, 1000, PROOF, NULL, EK_DAMAGED, CHANGED,
     "Verify it, and do not rely on it before."},
    {"another length", LEVEL_PROVEN, NOON, NAME, SHA, SHA, 999, PROOF, NULL, EK_DAMAGED, CHANGED, NULL},
    {"no hash", LEVEL_PROVEN, NOON, NAME, NULL, SHA, 1000, PROOF, NULL, EK_DAMAGED, CHANGED, NULL},
    {"no entry", LEVEL_PROVEN, NOON, NAME, SHA, SHA, 1000, NULL, NULL, EK_DAMAGED, MISSING,
     "Prove it again; the proof is then in this folder's log."},
    {"the entry of an older proof", LEVEL_PROVEN, NOON + 2 * 86400, NAME, SHA, SHA, 1000, PROOF, NULL, EK_DAMAGED,
     MISSING, NULL},
    {"the entry of a later proof", LEVEL_PROVEN, NOON - 2 * 86400, NAME, SHA, SHA, 1000, PROOF, NULL, EK_DAMAGED,
     MISSING, NULL},
    {"an entry without a time", LEVEL_PROVEN, NOON, NAME, SHA, SHA, 1000, "{\"timestamp\":\"yesterday\"}", NULL,
     EK_DAMAGED, MISSING, NULL},
    {"the very moment", LEVEL_PROVEN, NOON, NAME, SHA, SHA, 1000, EXACT, NULL, EK_NONE, NULL, NULL},
    {"a proof that came into the manifest alone", LEVEL_PROVEN, NOON + 1, NAME, SHA, SHA, 1000, EXACT, NULL, EK_DAMAGED,
     MISSING, NULL},
    {"a moment that is none", LEVEL_PROVEN, NOON, NAME, SHA, SHA, 1000,
     "{\"timestamp\":\"2026-11-30 13:00:05\",\"proven_at\":\"noon\"}", NULL, EK_DAMAGED, MISSING, NULL},
    {"a broken log", LEVEL_PROVEN, NOON, NAME, SHA, SHA, 1000, PROOF, "entry 5 does not follow", EK_DAMAGED,
     NAME " gets no certificate: the log on which its proof stands does not hold: entry 5 does not follow",
     "Find out who changed the log, then prove the backup again once it holds."},
};

static cJSON *parse(const char *text)
{
    cJSON *value = NULL;
    Error err = ERROR_INIT;
    if (text != NULL) {
        assert_ok(json_parse(text, strlen(text), &value, &err), &err);
    }
    return value;
}

static void what_is_certified(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const Row *row = &rows[i];
        Manifest manifest;
        Certificate certificate;
        Error err = ERROR_INIT, log = ERROR_INIT;
        CertificateEntry proof = {.entry = parse(row->entry), .file = (char *)"backup_log.json", .hash = (char *)OTHER,
                                  .number = 7, .entries = 9, .newest = (char *)SHA};
        manifest_init(&manifest);
        manifest.level = row->level;
        manifest.proven_at = row->proven_at;
        manifest.file = mem_strdup(row->file);
        manifest.sha256 = mem_strdup(row->recorded);
        manifest.bytes = 1000;
        if (row->log != NULL) {
            error_set(&log, EK_DAMAGED, "%s", row->log);
        }
        const CertificateFacts facts = {.name = NAME, .manifest = &manifest, .sha256 = row->read, .bytes = row->bytes,
                                        .proof = &proof, .log = &log};
        certificate_init(&certificate);
        const bool given = certificate_judge(&facts, NOON, &certificate, &err);
        if (given != (row->kind == EK_NONE)) {
            print_error("%s: %s\n", row->what, given ? "given" : err.message);
            fail();
        }
        if (given) {
            assert_string_equal(certificate.file, NAME);
            assert_string_equal(certificate.hash, OTHER);
            assert_int_equal(certificate.number, 7);
        } else {
            assert_null(certificate.file);
            if (row->hint != NULL) {
                assert_string_equal(err.hint, row->hint);
            }
            assert_error(&err, row->kind, row->message);
        }
        certificate_release(&certificate);
        manifest_release(&manifest);
        cJSON_Delete(proof.entry);
        error_clear(&log);
    }
}

/* --- a folder -------------------------------------------------------------------------------------------- */

typedef struct Place {
    char *dir, *path, *manifest_path, *log_path;
    char sha[65];
} Place;

static void log_proof(const Place *place, const char *status, const char *sha, const char *server)
{
    Error err = ERROR_INIT;
    const AuditEntry entry = {.operation = "prove",
                              .status = status,
                              .backup_file = fs_base_name(place->path),
                              .message = "Proven: it came back",
                              .file_size = 5,
                              .seconds = 252.4,
                              .sha256 = sha,
                              .level = "proven",
                              .server = server,
                              .tables = 12,
                              .rows = 12410};
    assert_ok(auditlog_append(place->dir, &entry, &err), &err);
}

static void write_manifest(const Place *place)
{
    Manifest manifest;
    Error err = ERROR_INIT;
    manifest_init(&manifest);
    manifest.file = mem_strdup(fs_base_name(place->path));
    manifest.sha256 = mem_strdup(place->sha);
    manifest.bytes = 5;
    manifest.started = clock_now() - 3600;
    manifest.level = LEVEL_PROVEN;
    manifest.proven_at = clock_now();
    manifest.database = mem_strdup("cmms <i>");
    manifest.host = mem_strdup("db.example.org");
    manifest.port = mem_strdup("5432");
    manifest.server_version = mem_strdup("17.5");
    manifest.tool_version = mem_strdup("17.6");
    assert_ok(manifest_write(place->manifest_path, &manifest, &err), &err);
    manifest_release(&manifest);
}

static Place place_new(const char *name)
{
    Place place = {.dir = test_dir_new()};
    place.path = fs_join(place.dir, name);
    place.manifest_path = folder_manifest_path(place.path);
    place.log_path = fs_join(place.dir, AUDITLOG_FILE);
    test_write(place.path, "12345");
    Sha256 *hash = sha256_new();
    sha256_update(hash, "12345", 5);
    sha256_finish(hash, place.sha);
    write_manifest(&place);
    test_setenv("CMMS_BACKUP_DATA", place.dir);
    return place;
}

static void place_free(Place *place)
{
    test_setenv("CMMS_BACKUP_DATA", NULL);
    mem_free(place->log_path);
    mem_free(place->manifest_path);
    mem_free(place->path);
    test_dir_remove(place->dir);
}

static void refuses(const Place *place, ErrorKind kind, const char *message)
{
    Certificate certificate;
    Error err = ERROR_INIT;
    char *written = NULL;
    certificate_init(&certificate);
    assert_fails(certificate_issue(place->path, NULL, NULL, NULL, &certificate, &written, &err), &err, kind, message);
    assert_null(written);
    certificate_release(&certificate);
}

static void it_is_given_and_written(void **state)
{
    (void)state;
    Place place = place_new(NAME);
    Certificate certificate;
    Error err = ERROR_INIT;
    char *written = NULL;
    certificate_init(&certificate);
    log_proof(&place, "failed", place.sha, NULL);
    log_proof(&place, "success", place.sha, "PostgreSQL 18.1");
    log_proof(&place, "success", OTHER, "PostgreSQL 16.0"); /* of another file of that name */
    log_proof(&place, "failed", place.sha, NULL);
    assert_ok(certificate_issue(place.path, NULL, NULL, NULL, &certificate, &written, &err), &err);
    assert_string_equal(fs_base_name(written), "CMMS Backup proof " NAME ".html");
    assert_string_equal(certificate.sha256, place.sha);
    assert_string_equal(certificate.server, "PostgreSQL 18.1");
    assert_true(certificate.tables == 12 && certificate.rows == 12410 && certificate.seconds > 252);
    assert_int_equal(certificate.number, 2);
    assert_int_equal(certificate.entries, 4);
    char *newest = auditlog_newest_hash(place.dir);
    assert_string_equal(certificate.newest, newest);
    mem_free(newest);
    char *page = test_read(written);
    static const char *const told[] = {"&#10004; Proven", NAME, "PostgreSQL 18.1", "12,410", "4 min 12 s",
                                       "PostgreSQL 17.5, pg_dump 17.6", "cmms &lt;i&gt; on db.example.org",
                                       "2 of 4 in the folder&#39;s log, in backup_log.json", "Proven: it came back"};
    for (size_t i = 0; i < TEST_COUNT(told); i++) {
        if (strstr(page, told[i]) == NULL) {
            fail_msg("the page lacks %s", told[i]);
        }
    }
    assert_non_null(strstr(page, place.sha));
    assert_non_null(strstr(page, certificate.hash));
    assert_non_null(strstr(page, certificate.previous));
    assert_null(strstr(page, "<i>"));
    cJSON *document = certificate_document(&certificate);
    assert_string_equal(json_string(document, "server", ""), "PostgreSQL 18.1");
    assert_string_equal(json_string(cJSON_GetObjectItemCaseSensitive(document, "log"), "hash", ""), certificate.hash);
    cJSON_Delete(document);
    mem_free(page);
    mem_free(written);
    certificate_release(&certificate);
    place_free(&place);
}

/* The proof of an older version has its engine in the entry's words alone. */
static void an_older_entry(void **state)
{
    (void)state;
    Place place = place_new(NAME);
    Certificate certificate;
    Error err = ERROR_INIT;
    StrBuf page;
    certificate_init(&certificate);
    log_proof(&place, "success", place.sha, NULL);
    assert_ok(certificate_make(place.path, NULL, NULL, &certificate, &err), &err);
    assert_null(certificate.server);
    assert_true(certificate.tables == -1 && certificate.rows == -1);
    strbuf_init(&page, STRBUF_LARGE);
    certificate_page(&certificate, &page);
    assert_non_null(strstr(page.buf, "Proven: it came back"));
    assert_null(strstr(page.buf, "Engine"));
    strbuf_release(&page);
    certificate_release(&certificate);
    place_free(&place);
}

static void what_is_refused(void **state)
{
    (void)state;
    Place place = place_new(NAME);
    Error err = ERROR_INIT;
    refuses(&place, EK_DAMAGED, NAME " gets no certificate: the log has no entry of its proof");
    log_proof(&place, "success", place.sha, "PostgreSQL 18.1");
    log_proof(&place, "success", OTHER, "PostgreSQL 18.1");
    test_write(place.path, "12346");
    refuses(&place, EK_DAMAGED, NAME " gets no certificate: its content is no longer what was proven");
    test_write(place.path, "12345");
    /* The entry is as it was; what follows no longer does. */
    char *log = test_read(place.log_path), *rows_there = strstr(log, "12410");
    assert_non_null(rows_there);
    rows_there[0] = '9';
    test_write(place.log_path, log);
    mem_free(log);
    Certificate certificate;
    certificate_init(&certificate);
    assert_false(certificate_make(place.path, NULL, NULL, &certificate, &err));
    assert_int_equal(err.kind, EK_DAMAGED);
    assert_non_null(strstr(err.message, "does not hold: entry 2 of backup_log.json ("));
    error_clear(&err);
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    assert_fails(certificate_make(place.path, NULL, cancel, &certificate, &err), &err, EK_CANCELLED,
                 "the certificate was stopped");
    cancel_free(cancel);
    certificate_release(&certificate);
    assert_ok(fs_remove(place.manifest_path, &err), &err);
    refuses(&place, EK_FOREIGN, NAME " gets no certificate: it has no manifest, so it is not proven");
    test_write(place.manifest_path, "{");
    assert_false(certificate_make(place.path, NULL, NULL, &certificate, &err));
    assert_int_equal(err.kind, EK_DAMAGED);
    error_clear(&err);
    place_free(&place);
}

static void log_failure(const Place *place, const char *operation, Level level, const char *sha)
{
    Error err = ERROR_INIT;
    const AuditEntry entry = {.operation = operation,
                              .status = "failed",
                              .backup_file = fs_base_name(place->path),
                              .message = "9 rows came back",
                              .seconds = 1,
                              .sha256 = sha,
                              .level = level_word(level)};
    assert_ok(auditlog_append(place->dir, &entry, &err), &err);
}

static bool page_has(const Place *place, const char *text)
{
    Certificate certificate;
    Error err = ERROR_INIT;
    StrBuf page;
    certificate_init(&certificate);
    strbuf_init(&page, STRBUF_LARGE);
    assert_ok(certificate_make(place->path, NULL, NULL, &certificate, &err), &err);
    certificate_page(&certificate, &page);
    const bool has = strstr(page.buf, text) != NULL;
    strbuf_release(&page);
    certificate_release(&certificate);
    return has;
}

/* A later failure: of the backup it ends it, of the PC it is told; a later proof makes up for both. */
static void what_came_since(void **state)
{
    (void)state;
    Place place = place_new(NAME);
    log_failure(&place, "prove", LEVEL_BAD, place.sha); /* before it */
    log_proof(&place, "success", place.sha, "PostgreSQL 18.1");
    assert_false(page_has(&place, "Since then"));
    log_failure(&place, "prove", LEVEL_BAD, OTHER); /* of other bytes */
    assert_false(page_has(&place, "Since then"));
    log_failure(&place, "verify", LEVEL_NONE, NULL);
    assert_true(page_has(&place, ": a check failed: 9 rows came back"));
    log_failure(&place, "prove", LEVEL_PROVEN, place.sha);
    assert_true(page_has(&place, ": a proof failed: 9 rows came back"));
    log_failure(&place, "prove", LEVEL_BAD, place.sha);
    log_failure(&place, "prove", LEVEL_PROVEN, place.sha);
    refuses(&place, EK_DAMAGED, NAME " gets no certificate: since that proof the log says that it is damaged");
    log_proof(&place, "success", place.sha, "PostgreSQL 18.1");
    assert_false(page_has(&place, "Since then"));
    place_free(&place);
}

/* Entries of the predecessor's say nothing of the one before; a log that was damaged begins anew. */
static void what_the_chain_says(void **state)
{
    (void)state;
    Place place = place_new(NAME);
    log_proof(&place, "success", place.sha, "PostgreSQL 18.1");
    assert_true(page_has(&place, "to its newest, and each follows from the one before."));
    test_write(place.log_path, "[{\"timestamp\":\"2025-01-01 02:00:00\",\"backup_file\":\"a.backup\"}]");
    log_proof(&place, "success", place.sha, "PostgreSQL 18.1");
    assert_true(page_has(&place, "from its entry 2 on, the first that says which one was before it, each follows"));
    test_write(place.log_path, "[{");
    log_proof(&place, "success", place.sha, "PostgreSQL 18.1");
    assert_true(page_has(&place, ", but that it had been damaged and was begun anew at 2"));
    place_free(&place);
}

/* Names that Windows and others let a file have; on Windows alone some of them not. */
static void hostile_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a'b & c.backup",
        "\xE4\xB8\xAD\xE2\x80\xAE" "exe.backup",
        "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D.backup",
#ifndef _WIN32
        "<script>alert('x').backup",
        "\"onload=\"x.backup",
#endif
    };
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        Place place = place_new(names[i]);
        Certificate certificate;
        Error err = ERROR_INIT;
        StrBuf page;
        certificate_init(&certificate);
        strbuf_init(&page, STRBUF_LARGE);
        log_proof(&place, "success", place.sha, "<b>\"'&");
        assert_ok(certificate_make(place.path, NULL, NULL, &certificate, &err), &err);
        certificate_page(&certificate, &page);
        assert_null(strstr(page.buf, "<script"));
        assert_null(strstr(page.buf, "<b>"));
        assert_null(strstr(page.buf, "\"onload"));
        assert_null(strstr(page.buf, "\xE2\x80\xAE"));
        assert_non_null(strstr(page.buf, "&lt;b&gt;&quot;&#39;&amp;"));
        strbuf_release(&page);
        certificate_release(&certificate);
        place_free(&place);
    }
}

static void names_of_pages(void **state)
{
    (void)state;
    assert_text(certificate_page_name("a.backup"), "CMMS Backup proof a.backup.html");
    char *name = mem_alloc(251);
    memset(name, 'a', 148);
    memcpy(name + 148, "\xE4\xB8\xAD\xE4\xB8\xAD", 6); /* the cut would be in the middle of the first */
    char *cut = certificate_page_name(name);
    assert_int_equal(strlen(cut), strlen("CMMS Backup proof ") + 148 + strlen(".html"));
    mem_free(cut);
    mem_free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_certified), cmocka_unit_test(it_is_given_and_written),
        cmocka_unit_test(an_older_entry),    cmocka_unit_test(what_is_refused),
        cmocka_unit_test(what_came_since),   cmocka_unit_test(what_the_chain_says),
        cmocka_unit_test(hostile_names),     cmocka_unit_test(names_of_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
