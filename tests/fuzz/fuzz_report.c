/*
 * fuzz_report.c: any bytes as what a log holds, and as names and messages: the pages that are made of them hold no
 * element that is not theirs.
 */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/certificate.h"
#include "schedule/report.h"

#define NOW ((int64_t)1796040000) /* 2026-11-30 12:00 UTC */
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int64_t to_moment(const CivilTime *local)
{
    return clock_days(local->year, local->month, local->day) * 86400 + local->hour * 3600 + local->minute * 60;
}

static const DueZone zone = {clock_utc, to_moment};

/* What begins with '<' is an element of ours, and nothing in it loads or acts. */
static void look_at_page(const StrBuf *page)
{
    static const char *const ours[] = {"!DOCTYPE", "html", "head", "meta", "title", "style", "body", "h1",   "h2",
                                       "p",        "div",  "span", "bdi",  "br",    "table", "tr",   "th",   "td",
                                       "svg",      "g",    "text", "rect", "path",  "circle", "polyline"};
    assert(!page->full);
    for (const char *at = strchr(page->buf, '<'); at != NULL; at = strchr(at + 1, '<')) {
        const char *name = at[1] == '/' ? at + 2 : at + 1;
        const size_t size = strcspn(name, " />");
        bool known = false;
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
            known = known || (strlen(ours[i]) == size && strncmp(ours[i], name, size) == 0);
        }
        const char *end = strchr(at, '>');
        assert(known && end != NULL);
        for (const char *p = at + 1; p < end; p++) {
            assert(*p != '<' && *p != '\n');
        }
    }
}

static void certify(const char *text, const cJSON *entry)
{
    Certificate certificate;
    StrBuf page;
    Error log = ERROR_INIT;
    Manifest manifest;
    manifest_init(&manifest);
    certificate_init(&certificate);
    strbuf_init(&page, STRBUF_LARGE);
    manifest.file = mem_strdup(text);
    manifest.sha256 = mem_strdup(SHA);
    manifest.level = LEVEL_PROVEN;
    manifest.proven_at = NOW;
    manifest.database = mem_strdup(text);
    manifest.server_version = mem_strdup(text);
    const CertificateEntry proof = {.entry = (cJSON *)entry, .file = (char *)text, .hash = (char *)SHA, .number = 1,
                                    .entries = 1, .newest = (char *)SHA};
    const CertificateFacts facts = {.name = text, .manifest = &manifest, .sha256 = SHA, .proof = &proof, .log = &log};
    if (certificate_judge(&facts, NOW, &certificate, NULL)) {
        certificate_page(&certificate, &page);
        look_at_page(&page);
        cJSON_Delete(certificate_document(&certificate));
    }
    strbuf_release(&page);
    certificate_release(&certificate);
    manifest_release(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len > 65536) {
        return 0;
    }
    char *text = mem_strndup((const char *)bytes, len);
    cJSON *log = NULL;
    const bool parsed = json_parse((const char *)bytes, len, &log, NULL);
    CatalogEntry entry = {.name = text, .created = NOW - 3600, .level = LEVEL_PROVEN, .proven = NOW, .size = 1000,
                          .rows = -1, .large_objects = -1, .seconds = -1};
    const Catalog catalog = {&entry, 1};
    const HealthFacts health = {.catalog = &catalog, .configured = true, .frozen = text, .due_hours = 36, .now = NOW};
    Settings settings;
    Ledger ledger;
    Copies copies;
    Report report;
    StrBuf page;
    settings_init(&settings);
    ledger_init(&ledger);
    copies_init(&copies);
    report_init(&report);
    strbuf_init(&page, STRBUF_LARGE);
    const ReportFacts facts = {.folder = text, .health = &health, .settings = &settings, .ledger = &ledger,
                               .copies = &copies, .frozen = text, .zone = &zone,
                               .log = cJSON_IsArray(log) ? log : NULL, .log_problem = text};
    const DuePlan plan = due_plan(&settings);
    ledger_note_wait(&ledger, due_before(&plan, &zone, NOW), NOW, NOW, text);
    report_notice(&report, text);
    report_build(&facts, &report);
    report_page(&report, &page);
    look_at_page(&page);
    cJSON_Delete(report_document(&report));
    for (const cJSON *one = parsed && cJSON_IsArray(log) ? log->child : NULL; one != NULL; one = one->next) {
        certify(text, one);
    }
    strbuf_release(&page);
    report_release(&report);
    copies_release(&copies);
    ledger_release(&ledger);
    settings_release(&settings);
    cJSON_Delete(log);
    mem_free(text);
    return 0;
}
