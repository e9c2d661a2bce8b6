#include "schedule/aloud.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/heartbeats.h"
#include "jobs/offsite.h"
#include "jobs/opening.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/catalog.h"
#include "store/health.h"
#include "store/ledger.h"
#include "store/manifest.h"
#include "store/retention.h"
#include "store/source.h"

#define FILE_MAX 65536u

void aloud_init(Aloud *aloud)
{
    *aloud = (Aloud){.kind = NOTICE_NONE};
}

void aloud_release(Aloud *aloud)
{
    mem_free(aloud->text);
    aloud_init(aloud);
}

/* --- the file ---------------------------------------------------------------------------------------------- */

static char *own_path(void)
{
    char *dir = machine_local_data_dir();
    char *path = dir != NULL ? fs_join(dir, ALOUD_FILE) : NULL;
    mem_free(dir);
    return path;
}

/* NULL: there is none, or it cannot be read. Caller frees. */
static char *load(void)
{
    char *path = own_path();
    StrBuf text;
    strbuf_init(&text, FILE_MAX);
    char *content = path != NULL && fs_read_all(path, FILE_MAX, &text, NULL) ? mem_strndup(text.buf, text.len) : NULL;
    strbuf_release(&text);
    mem_free(path);
    return content;
}

static bool save(const char *content)
{
    char *path = own_path();
    const bool ok = path != NULL && fs_write_atomic(path, content, strlen(content), NULL);
    mem_free(path);
    return ok;
}

/* The notice that was told last is a part of the memory's document, of which notice.h knows nothing. */
static void take_last(const char *content, Aloud *aloud)
{
    cJSON *document = NULL;
    aloud_release(aloud);
    if (content == NULL || !json_parse(content, strlen(content), &document, NULL)) {
        return;
    }
    const cJSON *last = cJSON_GetObjectItem(document, "last");
    const NoticeKind kind = notice_of_word(json_string(last, "notice", ""));
    const char *text = json_string(last, "text", NULL), *when = json_string(last, "when", "");
    int64_t moment = 0;
    if (kind != NOTICE_NONE && text != NULL && clock_parse_iso(when, &moment) && moment > 0) {
        *aloud = (Aloud){.kind = kind, .text = mem_strdup(text), .when = moment};
    }
    cJSON_Delete(document);
}

static char *content_of(const NoticeMemory *memory, const Aloud *last)
{
    cJSON *document = NULL;
    char *text = notice_memory_text(memory);
    if (last->kind != NOTICE_NONE && json_parse(text, strlen(text), &document, NULL)) {
        cJSON *object = cJSON_AddObjectToObject(document, "last");
        char *when = clock_iso_text(last->when);
        json_set_string(object, "notice", notice_word(last->kind));
        json_set_string(object, "text", last->text);
        json_set_string(object, "when", when);
        mem_free(when);
        mem_free(text);
        text = json_text(document);
        cJSON_Delete(document);
    }
    return text;
}

char *aloud_decide(const NoticeFacts *facts, const char *memory, Aloud *aloud)
{
    Aloud last;
    NoticeMemory told;
    aloud_init(&last);
    aloud_release(aloud);
    notice_memory_init(&told);
    if (memory != NULL) {
        (void)notice_memory_parse(memory, strlen(memory), &told); /* damaged: as if nothing had been told */
        take_last(memory, &last);
    }
    char *text = NULL;
    const NoticeKind kind = notice_look(facts, &told, &text);
    if (kind != NOTICE_NONE) {
        *aloud = (Aloud){.kind = kind, .text = text, .when = facts->now};
    }
    char *content = content_of(&told, kind != NOTICE_NONE ? aloud : &last);
    notice_memory_release(&told);
    aloud_release(&last);
    return content;
}

void aloud_read(Aloud *aloud)
{
    char *content = load();
    take_last(content, aloud);
    mem_free(content);
}

/* --- what is so -------------------------------------------------------------------------------------------- */

/* All that is owned of the facts. */
typedef struct Found {
    char *failed, *damaged, *alarm, *silent, *silent_names;
    OffsiteSignIn sign_in;
} Found;

static void found_release(Found *found)
{
    mem_free(found->failed);
    mem_free(found->damaged);
    mem_free(found->alarm);
    mem_free(found->silent);
    mem_free(found->silent_names);
    offsite_sign_in_release(&found->sign_in);
}

/* Where no slot was looked at, the run says nothing of one. */
static void find_run(const ScheduledResult *result, const Error *failed, Found *found, NoticeFacts *facts)
{
    const bool other = failed != NULL && failed->kind == EK_BUSY && result->slot == 0; /* it runs them */
    if (failed != NULL && failed->kind != EK_CANCELLED && !other) {
        found->failed = error_text(failed);
        facts->failed = result->slot != 0 ? found->failed : NULL;
        facts->unseen = result->slot == 0 ? found->failed : NULL;
    } else if (failed == NULL && (result->outcome == SCHEDULED_DONE || result->outcome == SCHEDULED_BY_OTHERS)) {
        facts->quiet = result->outcome == SCHEDULED_BY_OTHERS || level_is_good(result->backup.manifest.level);
        facts->done = facts->quiet ? "made" : "A backup was made, but it is not verified. Make another";
    } else {
        facts->missed = result->missed_text;
    }
}

static void find_backups(const Opening *opening, Found *found, NoticeFacts *facts)
{
    Catalog catalog;
    Source source;
    Ledger ledger;
    catalog_init(&catalog);
    source_init(&source);
    ledger_init(&ledger);
    facts->unknown = !catalog_load(opening->folder, facts->now, &catalog, NULL);
    if (!facts->unknown && opening->configured) {
        source_of_connection(&opening->connection, &source);
        const HealthFacts health = {.catalog = &catalog, .source = &source, .configured = true, .now = facts->now};
        const CatalogEntry *newest = health_newest(&health, true), *damaged = health_damaged(&health);
        facts->good = newest != NULL ? newest->created : 0;
        facts->configured = opening->settings.enabled;
        facts->due_hours = health_due_hours(&opening->settings);
        found->damaged = mem_strdup(damaged != NULL ? damaged->name : NULL);
        facts->damaged = found->damaged;
        facts->since = ledger_load(opening->folder, false, &ledger, NULL) ? ledger.since : 0;
    }
    ledger_release(&ledger);
    source_release(&source);
    catalog_release(&catalog);
}

/* As the run has just seen it: nobody is asked. */
static void find_elsewhere(const Opening *opening, Found *found, NoticeFacts *facts)
{
    SeenComputers seen;
    char *host = machine_host_name();
    seen_init(&seen);
    heartbeats_known(opening->folder, &seen);
    found->silent = seen_silent_text(&seen, host != NULL ? host : "", &found->silent_names, facts->now);
    facts->silent = found->silent;
    facts->silent_names = found->silent_names;
    seen_release(&seen);
    mem_free(host);
    offsite_sign_in(&found->sign_in);
    facts->sign_in = found->sign_in.set_up && found->sign_in.warning >= 0 ? found->sign_in.text : NULL;
    facts->sign_in_mark = found->sign_in.warning;
}

static void find_standing(const ScheduledSpec *spec, Found *found, NoticeFacts *facts)
{
    const OpeningSpec how = {.use = OPENING_READS,
                             .folder = spec->folder,
                             .settings = true,
                             .environment = spec->environment,
                             .switches = spec->switches,
                             .chosen = spec->chosen,
                             .without_database = true};
    Opening opening;
    opening_init(&opening);
    facts->unknown = !opening_open(&how, NULL, &opening, NULL);
    if (!facts->unknown) {
        find_backups(&opening, found, facts);
        found->alarm = retention_alarm(opening.folder);
        facts->alarm = found->alarm;
        find_elsewhere(&opening, found, facts);
    }
    opening_release(&opening);
}

bool aloud_look(const ScheduledSpec *spec, const ScheduledResult *result, const Error *failed)
{
    NoticeFacts facts = {.now = clock_now(), .quiet = true, .sign_in_mark = -1};
    Found found = {.sign_in = {.days = -1, .warning = -1}};
    Aloud aloud;
    aloud_init(&aloud);
    find_run(result, failed, &found, &facts);
    find_standing(spec, &found, &facts);
    char *before = load(), *after = aloud_decide(&facts, before, &aloud);
    const bool same = before != NULL && strcmp(before, after) == 0;
    const bool kept = same || save(after);
    const bool show = kept && aloud.kind != NOTICE_NONE;
    mem_free(after);
    mem_free(before);
    aloud_release(&aloud);
    found_release(&found);
    return show;
}
