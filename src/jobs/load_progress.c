/*
 * load_progress.c: how far a load is. Each wanted entry has a weight: what is always taken, and by the rows of its
 * table what they take, and what an index or a reference over them does. Of the entry at which a pg_restore is counts
 * what the server says of its COPY or its index (copywatch.h), or, where the rows are sent by us, how many were. So
 * inside a large table it moves, and where nobody can say more (a reference, a server before 12) the words say what is
 * being done.
 */
#include "load_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/clock.h"

#define WEIGHT_ALWAYS 20000u /* a statement takes about as long as so many bytes of rows */
#define WEIGHT_INDEX 15u     /* percent of the rows' */
#define WEIGHT_REFERENCE 10u
#define WEIGHT_OBJECTS 1000000u /* nobody has counted their bytes */
#define LOOK_AHEAD 1000u        /* entries of which pg_restore may say nothing that is understood */

static bool is(const ArchiveEntry *entry, const char *desc)
{
    return strcmp(entry->desc, desc) == 0;
}

/* --- the plan ---------------------------------------------------------------------------------------------- */

typedef struct Numbered {
    int32_t id;
    size_t at;
} Numbered;

static int by_id(const void *a, const void *b)
{
    const Numbered *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

static void sort_by_id(Load *run)
{
    const Archive *archive = &run->archive;
    Numbered *numbered = mem_array(archive->entry_count + 1, sizeof *numbered);
    for (size_t i = 0; i < archive->entry_count; i++) {
        numbered[i] = (Numbered){archive->entries[i].id, i};
    }
    qsort(numbered, archive->entry_count, sizeof *numbered, by_id);
    for (size_t i = 0; i < archive->entry_count; i++) {
        run->plan.by_id[i] = numbered[i].at;
    }
    mem_free(numbered);
}

size_t load_place_of(const Load *run, int32_t id)
{
    const Archive *archive = &run->archive;
    size_t from = 0, to = archive->entry_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const size_t at = run->plan.by_id[middle];
        if (archive->entries[at].id == id) {
            return at;
        }
        from = archive->entries[at].id < id ? middle + 1 : from;
        to = archive->entries[at].id < id ? to : middle;
    }
    return archive->entry_count;
}

static size_t table_of(const Load *run, const ArchiveEntry *entry)
{
    size_t at = run->archive.entry_count;
    for (size_t i = 0; i < entry->need_count; i++) {
        at = load_place_of(run, entry->needs[i]);
        if (at < run->archive.entry_count && is(&run->archive.entries[at], "TABLE")) {
            return at;
        }
    }
    return run->archive.entry_count;
}

static int by_name(const void *a, const void *b)
{
    const TableCount *const *left = a, *const *right = b;
    const int schema = strcmp((*left)->schema, (*right)->schema);
    return schema != 0 ? schema : strcmp((*left)->name, (*right)->name);
}

/* The manifest's tables, by their names. Caller frees. */
static const TableCount **sort_by_name(const Manifest *manifest)
{
    const TableCount **tables = mem_array(manifest->table_count + 1, sizeof *tables);
    for (size_t i = 0; i < manifest->table_count; i++) {
        tables[i] = &manifest->tables[i];
    }
    qsort(tables, manifest->table_count, sizeof *tables, by_name);
    return tables;
}

static uint64_t bytes_of(const TableCount **tables, size_t count, const ArchiveEntry *entry)
{
    const TableCount key = {.schema = entry->schema, .name = entry->tag};
    const TableCount *wanted = &key;
    const TableCount **found =
        entry->schema == NULL ? NULL : bsearch(&wanted, tables, count, sizeof *tables, by_name);
    return found == NULL ? 0 : (*found)->bytes;
}

static uint64_t weight_of(const ArchiveEntry *entry, uint64_t rows)
{
    const unsigned percent = is(entry, "TABLE DATA")                            ? 100
                             : is(entry, "INDEX") || is(entry, "CONSTRAINT")    ? WEIGHT_INDEX
                             : is(entry, "FK CONSTRAINT")                       ? WEIGHT_REFERENCE
                                                                                : 0;
    return WEIGHT_ALWAYS + (is(entry, "BLOBS") ? WEIGHT_OBJECTS : 0) + rows / 100 * percent;
}

void load_plan_make(Load *run)
{
    const size_t count = run->archive.entry_count;
    LoadPlan *plan = &run->plan;
    const size_t table_count = run->result.manifest.table_count;
    const TableCount **tables = sort_by_name(&run->result.manifest);
    load_plan_release(run);
    plan->by_id = mem_array(count + 1, sizeof *plan->by_id);
    plan->table = mem_array(count + 1, sizeof *plan->table);
    plan->rows = mem_array(count + 1, sizeof *plan->rows);
    plan->weight = mem_array(count + 1, sizeof *plan->weight);
    plan->loaded = mem_array(count + 1, sizeof *plan->loaded);
    plan->data = plan->post = count;
    sort_by_id(run);
    for (size_t i = 0; i < count; i++) { /* tables come before what is of them */
        const ArchiveEntry *entry = &run->archive.entries[i];
        const bool rows = is(entry, "TABLE DATA");
        plan->table[i] = table_of(run, entry);
        plan->rows[i] = rows || is(entry, "TABLE") ? bytes_of(tables, table_count, entry)
                        : plan->table[i] < i       ? plan->rows[plan->table[i]]
                                                   : 0;
        plan->weight[i] = run->wanted[i] ? weight_of(entry, plan->rows[i]) : 0;
        plan->all += plan->weight[i];
        plan->data = rows && plan->data == count ? i : plan->data;
        plan->post = rows ? i + 1 : plan->post;
    }
    mem_free(tables);
}

void load_plan_release(Load *run)
{
    LoadPlan *plan = &run->plan;
    mem_free(plan->by_id);
    mem_free(plan->table);
    mem_free(plan->rows);
    mem_free(plan->weight);
    mem_free(plan->loaded);
    *plan = (LoadPlan){.all = 0};
}

/* --- what pg_restore says ------------------------------------------------------------------------------------ */

/* "[schema.]name" and what follows. */
static bool names(const char *at, const ArchiveEntry *entry, const char *end)
{
    const size_t schema = entry->schema == NULL ? 0 : strlen(entry->schema), tag = strlen(entry->tag);
    if (schema > 0 && strncmp(at, entry->schema, schema) == 0 && at[schema] == '.' &&
        strncmp(at + schema + 1, entry->tag, tag) == 0 && strcmp(at + schema + 1 + tag, end) == 0) {
        return true;
    }
    return schema == 0 && strncmp(at, entry->tag, tag) == 0 && strcmp(at + tag, end) == 0;
}

static const char *after(const char *line, const char *prefix)
{
    const size_t len = strlen(prefix);
    return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

bool load_line_is(const char *line, const ArchiveEntry *entry)
{
    const char *table = after(line, "pg_restore: processing data for table \"");
    const char *makes = after(line, "pg_restore: creating "), *does = after(line, "pg_restore: executing ");
    const char *objects = after(line, "pg_restore: processing ");
    if (table != NULL) {
        return is(entry, "TABLE DATA") && names(table, entry, "\"");
    }
    if (makes != NULL) {
        makes = after(makes, entry->desc);
        makes = makes == NULL ? NULL : after(makes, " \"");
        return makes != NULL && names(makes, entry, "\"");
    }
    does = does == NULL ? NULL : after(does, entry->desc);
    if (does != NULL) { /* without a schema */
        return does[0] == ' ' && strcmp(does + 1, entry->tag) == 0;
    }
    return objects != NULL && strcmp(objects, entry->desc) == 0;
}

static void move(LoadLane *lane, size_t to)
{
    const LoadPlan *plan = &lane->run->plan;
    for (; lane->at < to; lane->at++) {
        const size_t at = lane->order[lane->at];
        lane->weight += plan->weight[at];
        lane->bytes += is(&lane->run->archive.entries[at], "TABLE DATA") ? plan->rows[at] : 0;
    }
    lane->begun = true;
    lane->fed = 0;
    lane->moved_ms = clock_monotonic_ms();
}

/* They come in the order of the list, so what was before is loaded. */
void load_lane_said(LoadLane *lane, const char *line)
{
    Load *run = lane->run;
    const char *encoding = run->archive.encoding;
    if (after(line, "pg_restore: creating ") == NULL && after(line, "pg_restore: processing ") == NULL &&
        after(line, "pg_restore: executing ") == NULL) {
        return;
    }
    lane->spoke = true;
    char *shown = encoding == NULL || strcmp(encoding, "UTF8") == 0 ? mem_strdup(line) : utf8_shown(line, strlen(line));
    mutex_lock(run->mutex);
    size_t to = lane->begun ? lane->at + 1 : lane->at;
    const size_t last = lane->count - lane->at > LOOK_AHEAD ? lane->at + LOOK_AHEAD : lane->count;
    while (to < last && !load_line_is(shown, &run->archive.entries[lane->order[to]])) {
        to++;
    }
    if (to < last) {
        move(lane, to);
    }
    mutex_unlock(run->mutex);
    mem_free(shown);
}

void load_lane_keep(LoadLane *lane, size_t count)
{
    LoadPlan *plan = &lane->run->plan;
    mutex_lock(lane->run->mutex);
    lane->at = 0;
    lane->weight = lane->bytes = 0;
    move(lane, count);
    plan->done += lane->weight;
    plan->bytes += lane->bytes;
    for (size_t i = 0; i < count; i++) {
        plan->loaded[lane->order[i]] = true;
    }
    lane->count -= count;
    memmove(lane->order, lane->order + count, lane->count * sizeof *lane->order);
    lane->at = 0;
    lane->weight = lane->bytes = 0;
    lane->begun = false;
    mutex_unlock(lane->run->mutex);
}

void load_entered(Load *run, size_t at)
{
    LoadLane *lane = run->lanes;
    size_t to = lane == NULL ? 0 : lane->at;
    mutex_lock(run->mutex);
    while (lane != NULL && to < lane->count && lane->order[to] != at) {
        to++;
    }
    if (lane != NULL && to < lane->count) {
        move(lane, to);
    }
    mutex_unlock(run->mutex);
    if (run->plan.weight[at] > 10 * WEIGHT_ALWAYS) { /* nothing is told while the server is at work on it */
        load_tell(run);
    }
}

void load_fed(Load *run, size_t bytes)
{
    if (run->lanes != NULL) {
        mutex_lock(run->mutex);
        run->lanes->fed += bytes;
        mutex_unlock(run->mutex);
    }
}

/* --- what is told ------------------------------------------------------------------------------------------- */

static const char *head_of(const Load *run, size_t at)
{
    const ArchiveEntry *entry = &run->archive.entries[at];
    return is(entry, "TABLE DATA")                             ? "Restoring "
           : is(entry, "INDEX") || is(entry, "CONSTRAINT")     ? "Building the index "
           : is(entry, "FK CONSTRAINT")                        ? "Checking the reference "
           : is(entry, "BLOBS")                                ? "Restoring the large objects"
           : at < run->plan.data                               ? "Restoring the definitions"
                                                               : "Restoring the other definitions";
}

/* Whose head has none has no name. A constraint's tag is its table's name and its own. */
static char *label_of(const Load *run, size_t at)
{
    const ArchiveEntry *entry = &run->archive.entries[at];
    const size_t table = run->plan.table[at];
    const char *name = NULL;
    if ((is(entry, "CONSTRAINT") || is(entry, "FK CONSTRAINT")) && table < run->archive.entry_count) {
        name = after(entry->tag, run->archive.entries[table].tag);
    }
    if (name != NULL && name[0] == ' ') {
        char *of = table_label(run->archive.entries[table].schema, run->archive.entries[table].tag);
        char *own = table_label(NULL, name + 1);
        char *both = mem_printf("%s of %s", own, of);
        mem_free(own);
        mem_free(of);
        return both;
    }
    return table_label(entry->schema, entry->tag);
}

char *load_words(const Load *run, const size_t *places, size_t count)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    for (size_t i = 0; i < count; i++) {
        const char *head = head_of(run, places[i]);
        const bool named = head[strlen(head) - 1] == ' ';
        char *label = named ? label_of(run, places[i]) : mem_strdup("");
        strbuf_addf(&text, "%s%s", i == 0 ? head : named ? ", " : "", label);
        mem_free(label);
    }
    return strbuf_detach(&text);
}

/* Of the entry at which the lane is: the part that is done, and so many bytes of rows. Under run->mutex. */
static double inside(const Load *run, const LoadLane *lane, uint64_t *bytes)
{
    const size_t at = lane->order[lane->at];
    const uint64_t rows = run->plan.rows[at];
    int64_t came = -1, thousandths = -1;
    *bytes = 0;
    if (run->feeds) {
        came = (int64_t)lane->fed;
    } else {
        copywatch_load(run->watch, lane->session, lane->moved_ms, &came, &thousandths);
    }
    if (!is(&run->archive.entries[at], "TABLE DATA")) {
        return thousandths < 0 ? 0 : (double)(thousandths < 1000 ? thousandths : 1000) / 1000;
    }
    if (came < 0 || rows == 0) {
        return 0;
    }
    *bytes = (uint64_t)came < rows ? (uint64_t)came : rows;
    return (double)*bytes / (double)rows;
}

void load_tell(Load *run)
{
    const LoadPlan *plan = &run->plan;
    size_t *now = mem_array(run->lane_count + 1, sizeof *now), count = 0;
    mutex_lock(run->mutex);
    double weight = (double)plan->done;
    uint64_t bytes = plan->bytes;
    for (size_t i = 0; i < run->lane_count; i++) {
        const LoadLane *lane = &run->lanes[i];
        weight += (double)lane->weight;
        bytes += lane->bytes;
        if (lane->begun && lane->at < lane->count && !lane->ended) {
            uint64_t came = 0;
            const size_t at = lane->order[lane->at];
            weight += inside(run, lane, &came) * (double)plan->weight[at];
            bytes += came;
            now[count++] = at;
        }
    }
    mutex_unlock(run->mutex);
    if (count > 0) {
        char *words = load_words(run, now, count);
        progress_step(&run->meter, words);
        mem_free(words);
    }
    progress_update(&run->meter, plan->all == 0 ? 0 : weight / (double)plan->all, bytes, clock_monotonic_ms());
    mem_free(now);
}
