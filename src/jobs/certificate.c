/*
 * certificate.c: what is asked before a certificate is given, in this order: the manifest's word, the file's bytes, the
 * log, the manifest again. The file is read before the log, so that an entry that says it is damaged, made meanwhile,
 * is not missed.
 */
#include "jobs/certificate.h"

#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/progress.h"
#include "jobs/page.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/auditlog.h"
#include "store/folder.h"
#include "store/source.h"

#define PIECE (1u << 20)
/* The log's times are those of local clocks, the manifest's are not: so far apart the two of one proof may be. */
#define APART (26 * 3600)

void certificate_init(Certificate *certificate)
{
    *certificate = (Certificate){.seconds = -1, .tables = -1, .rows = -1};
}

void certificate_release(Certificate *certificate)
{
    mem_free(certificate->file);
    mem_free(certificate->sha256);
    mem_free(certificate->source);
    mem_free(certificate->made_with);
    mem_free(certificate->proven);
    mem_free(certificate->server);
    mem_free(certificate->words);
    mem_free(certificate->since);
    mem_free(certificate->user);
    mem_free(certificate->computer);
    mem_free(certificate->actor);
    mem_free(certificate->log_file);
    mem_free(certificate->hash);
    mem_free(certificate->previous);
    mem_free(certificate->newest);
    mem_free(certificate->anew);
    certificate_init(certificate);
}

/* --- the judgement --------------------------------------------------------------------------------------- */

static bool refuse_unproven(const CertificateFacts *facts, Error *err)
{
    if (facts->manifest->level == LEVEL_BAD) {
        error_set(err, EK_DAMAGED, "%s gets no certificate: it is damaged", facts->name);
        return error_hint(err, "Do not rely on this file; prove another backup.");
    }
    error_set(err, EK_FOREIGN, "%s gets no certificate: it is not proven", facts->name);
    return error_hint(err, "Prove it first: it is restored into an empty database and counted.");
}

static bool refuse_changed(const CertificateFacts *facts, Error *err)
{
    error_set(err, EK_DAMAGED, "%s gets no certificate: its content is no longer what was proven", facts->name);
    error_detail(err, "its SHA-256 is %s, and %s was proven", facts->sha256,
                 facts->manifest->sha256 != NULL ? facts->manifest->sha256 : "none");
    return error_hint(err, "Verify it, and do not rely on it before.");
}

/* The entry is that of the proof which the manifest tells of, not of an older one. One of an older version has no more
 * than the time of a clock. */
static bool is_that_proof(const cJSON *entry, int64_t proven_at)
{
    const char *exact = json_string(entry, "proven_at", NULL);
    int64_t at = 0;
    CivilTime t;
    if (exact != NULL) {
        return clock_parse_iso(exact, &at) && at == proven_at;
    }
    if (!clock_parse_log(json_string(entry, "timestamp", ""), &t)) {
        return false;
    }
    const int64_t moment = clock_days(t.year, t.month, t.day) * 86400 + t.hour * 3600 + t.minute * 60 + t.second;
    return moment - proven_at <= APART && proven_at - moment <= APART;
}

static bool says_damaged(const cJSON *entry)
{
    return entry != NULL && strcmp(json_string(entry, "level", ""), level_word(LEVEL_BAD)) == 0;
}

static bool refuse_for_later(const CertificateFacts *facts, Error *err)
{
    const cJSON *entry = facts->proof->against;
    error_set(err, EK_DAMAGED, "%s gets no certificate: since that proof the log says that it is damaged", facts->name);
    error_detail(err, "%s: %s", json_string(entry, "timestamp", "?"), json_string(entry, "message", "?"));
    return error_hint(err, "Do not rely on it; if it is proven again, there is a certificate of that proof.");
}

static bool refuse_for_log(const CertificateFacts *facts, Error *err)
{
    if (facts->log->kind != EK_NONE) {
        error_set(err, EK_DAMAGED, "%s gets no certificate: the log on which its proof stands does not hold: %s",
                  facts->name, facts->log->message);
        return error_hint(err, "Find out who changed the log, then prove the backup again once it holds.");
    }
    error_set(err, EK_DAMAGED, "%s gets no certificate: the log has no entry of its proof", facts->name);
    return error_hint(err, "Prove it again; the proof is then in this folder's log.");
}

static char *made_with(const Manifest *manifest)
{
    if (manifest->server_version == NULL) {
        return NULL;
    }
    return manifest->tool_version == NULL
               ? mem_printf("PostgreSQL %s", manifest->server_version)
               : mem_printf("PostgreSQL %s, pg_dump %s", manifest->server_version, manifest->tool_version);
}

static char *text_of(const cJSON *entry, const char *member)
{
    return mem_strdup(json_string(entry, member, NULL));
}

/* NULL: nothing came since. Caller frees. */
static char *since_text(const cJSON *entry)
{
    if (entry == NULL) {
        return NULL;
    }
    return mem_printf("%s: a %s failed: %s", json_string(entry, "timestamp", "?"),
                      strcmp(json_string(entry, "operation", ""), "prove") == 0 ? "proof" : "check",
                      json_string(entry, "message", "?"));
}

static void fill(const CertificateFacts *facts, int64_t now, Certificate *certificate)
{
    const Manifest *manifest = facts->manifest;
    const CertificateEntry *proof = facts->proof;
    const cJSON *entry = proof->entry;
    Source source;
    source_init(&source);
    source_of_manifest(manifest, &source);
    certificate_release(certificate);
    certificate->file = mem_strdup(facts->name);
    certificate->sha256 = mem_strdup(facts->sha256);
    certificate->bytes = facts->bytes;
    certificate->made = manifest->started;
    certificate->source = source_label(&source);
    certificate->made_with = made_with(manifest);
    certificate->proven = text_of(entry, "timestamp");
    certificate->proven_at = manifest->proven_at;
    certificate->seconds = json_number(entry, "seconds", -1);
    certificate->server = text_of(entry, "server");
    if (certificate->server != NULL) {
        certificate->tables = json_int(entry, "tables", -1);
        certificate->rows = json_int(entry, "rows", -1);
    }
    certificate->words = text_of(entry, "message");
    certificate->since = since_text(proof->against);
    certificate->user = text_of(entry, "user");
    certificate->computer = text_of(entry, "computer");
    certificate->actor = text_of(entry, "actor");
    certificate->log_file = mem_strdup(proof->file);
    certificate->number = proof->number;
    certificate->entries = proof->entries;
    certificate->hash = mem_strdup(proof->hash);
    certificate->previous = text_of(entry, "previous");
    certificate->newest = mem_strdup(proof->newest);
    certificate->linked = proof->linked;
    certificate->anew = mem_strdup(proof->anew);
    certificate->issued = now;
    source_release(&source);
}

bool certificate_judge(const CertificateFacts *facts, int64_t now, Certificate *certificate, Error *err)
{
    const Manifest *manifest = facts->manifest;
    if (manifest->level != LEVEL_PROVEN || manifest->proven_at <= 0) {
        return refuse_unproven(facts, err);
    }
    if (manifest->file == NULL || strcmp(manifest->file, facts->name) != 0) {
        error_set(err, EK_DAMAGED, "%s gets no certificate: its manifest is that of another file", facts->name);
        return error_hint(err, "Verify the backup first.");
    }
    if (manifest->sha256 == NULL || strcmp(manifest->sha256, facts->sha256) != 0 || manifest->bytes != facts->bytes) {
        return refuse_changed(facts, err);
    }
    if (facts->log->kind != EK_NONE || facts->proof->entry == NULL ||
        !is_that_proof(facts->proof->entry, manifest->proven_at)) {
        return refuse_for_log(facts, err);
    }
    if (says_damaged(facts->proof->against)) {
        return refuse_for_later(facts, err);
    }
    fill(facts, now, certificate);
    return true;
}

/* --- what is asked --------------------------------------------------------------------------------------- */

static bool read_manifest(const char *path, Manifest *manifest, Error *err)
{
    Error failed = ERROR_INIT;
    FsInfo info;
    char *manifest_path = folder_manifest_path(path);
    const char *name = fs_base_name(path);
    bool ok = fs_stat(path, &info, &failed);
    if (ok && !manifest_read(manifest_path, manifest, &failed)) {
        ok = false;
        if (failed.kind == EK_NOT_FOUND) {
            error_set(&failed, EK_FOREIGN, "%s gets no certificate: it has no manifest, so it is not proven", name);
            error_hint(&failed, "Prove it first: it is restored into an empty database and counted.");
        } else {
            error_context(&failed, "%s gets no certificate: its manifest cannot be used", name);
        }
    }
    mem_free(manifest_path);
    if (!ok) {
        error_move(err, &failed);
    }
    error_clear(&failed);
    return ok;
}

static bool hash_file(const char *path, const JobSink *sink, const Cancel *cancel, char hex[65], uint64_t *bytes,
                      Error *err)
{
    FsFile *file = NULL;
    uint64_t total = 0;
    if (!fs_open_read(path, &file, err)) {
        return false;
    }
    Sha256 *hash = sha256_new();
    char *piece = mem_alloc(PIECE);
    ProgressMeter meter;
    progress_init(&meter, sink, clock_monotonic_ms());
    progress_stage(&meter, "Reading the backup", 0, 1, clock_monotonic_ms());
    size_t got = 0;
    *bytes = 0;
    bool ok = fs_size(file, &total, err);
    do {
        ok = ok && (!cancel_requested(cancel) || error_set(err, EK_CANCELLED, "the certificate was stopped")) &&
             fs_read(file, piece, PIECE, &got, err);
        if (ok) {
            sha256_update(hash, piece, got);
            *bytes += got;
            const double part = total > 0 ? (double)*bytes / (double)total : 1;
            progress_update(&meter, part < 1 ? part : 1, *bytes, clock_monotonic_ms());
        }
    } while (ok && got > 0);
    if (ok) {
        sha256_finish(hash, hex);
    } else {
        sha256_free(hash);
    }
    progress_release(&meter);
    mem_free(piece);
    fs_close(file, NULL);
    return ok;
}

typedef struct Search {
    const char *name, *sha256;
    CertificateEntry found;
} Search;

static void release_entry(CertificateEntry *found)
{
    cJSON_Delete(found->entry);
    cJSON_Delete(found->against);
    mem_free(found->file);
    mem_free(found->hash);
    mem_free(found->newest);
    mem_free(found->anew);
    *found = (CertificateEntry){.entry = NULL};
}

static void replace_text(char **text, const char *with)
{
    mem_free(*text);
    *text = mem_strdup(with);
}

static void replace_entry(cJSON **entry, const cJSON *with)
{
    cJSON_Delete(*entry);
    *entry = with == NULL ? NULL : cJSON_Duplicate(with, true);
    if (with != NULL && *entry == NULL) {
        mem_out();
    }
}

static bool is(const cJSON *entry, const char *operation, const char *status)
{
    return strcmp(json_string(entry, "operation", ""), operation) == 0 &&
           strcmp(json_string(entry, "status", ""), status) == 0;
}

/* Behind the proof: one that failed before it could read the file to its end has no hash. */
static bool speaks_against(const Search *search, const cJSON *entry)
{
    return search->found.entry != NULL && (is(entry, "prove", "failed") || is(entry, "verify", "failed")) &&
           strcmp(json_string(entry, "backup_file", ""), search->name) == 0 &&
           strcmp(json_string(entry, "sha256", search->sha256), search->sha256) == 0 &&
           (says_damaged(entry) || !says_damaged(search->found.against));
}

static bool visit(void *context, const AuditLink *link)
{
    Search *search = context;
    CertificateEntry *found = &search->found;
    const cJSON *entry = link->entry;
    found->entries = link->number;
    found->linked = found->linked == 0 && link->previous != NULL ? link->number : found->linked;
    const bool begins = link->previous != NULL && link->previous[0] == '\0';
    if (begins && strcmp(json_string(entry, "operation", ""), "log") == 0) {
        replace_text(&found->anew, json_string(entry, "timestamp", "?"));
    }
    replace_text(&found->newest, link->hash);
    if (speaks_against(search, entry)) {
        replace_entry(&found->against, entry);
    }
    if (is(entry, "prove", "success") && strcmp(json_string(entry, "backup_file", ""), search->name) == 0 &&
        strcmp(json_string(entry, "sha256", ""), search->sha256) == 0 && link->previous != NULL) {
        replace_entry(&found->against, NULL);
        replace_entry(&found->entry, entry);
        replace_text(&found->file, link->file);
        replace_text(&found->hash, link->hash);
        found->number = link->number;
    }
    return true;
}

bool certificate_make(const char *path, const JobSink *sink, const Cancel *cancel, Certificate *certificate,
                      Error *err)
{
    Manifest manifest;
    Search search = {.name = fs_base_name(path)};
    Error log = ERROR_INIT;
    char hex[65] = "";
    uint64_t bytes = 0;
    size_t entries = 0;
    char *folder = fs_dir_name(path);
    manifest_init(&manifest);
    CertificateFacts facts = {.name = search.name, .manifest = &manifest, .sha256 = hex, .proof = &search.found,
                              .log = &log};
    bool ok = read_manifest(path, &manifest, err);
    if (ok && (manifest.level != LEVEL_PROVEN || manifest.proven_at <= 0)) {
        ok = refuse_unproven(&facts, err); /* before a large file is read for nothing */
    }
    ok = ok && hash_file(path, sink, cancel, hex, &bytes, err);
    if (ok) {
        facts.bytes = bytes;
        search.sha256 = hex;
        if (!auditlog_check(folder, &entries, &log) || !auditlog_walk(folder, visit, &search, &log)) {
            ok = log.kind == EK_DAMAGED || error_move(err, &log); /* what cannot be asked now is not held against it */
        }
    }
    manifest_release(&manifest);
    manifest_init(&manifest);
    ok = ok && read_manifest(path, &manifest, err) && certificate_judge(&facts, clock_now(), certificate, err);
    error_clear(&log);
    release_entry(&search.found);
    manifest_release(&manifest);
    mem_free(folder);
    return ok;
}

bool certificate_issue(const char *path, const char *out, const JobSink *sink, const Cancel *cancel,
                       Certificate *certificate, char **written, Error *err)
{
    StrBuf page;
    char *to = mem_strdup(out);
    strbuf_init(&page, STRBUF_LARGE);
    bool ok = (out == NULL || page_may_be(out, err)) && certificate_make(path, sink, cancel, certificate, err);
    if (ok && to == NULL) {
        char *name = certificate_page_name(certificate->file);
        ok = page_own_path(name, &to, err);
        mem_free(name);
    }
    if (ok) {
        certificate_page(certificate, &page);
        ok = page_write(to, &page, err);
    }
    if (ok) {
        *written = to;
        to = NULL;
    }
    strbuf_release(&page);
    mem_free(to);
    return ok;
}
