/*
 * preview_words.c: a preview in words. Everything here is a pure function of what preview.c found.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "preview_private.h"
#include "store/health.h"

#define BACKUP_NEWEST 3u /* tables that are told with their newest row in the backup */
#define NEWEST_TABLES 12u /* that are told one by one as having newer rows */

/* --- the CMMS's tables ------------------------------------------------------------------------------------- */

/* In the order in which people think of them. */
static const struct {
    const char *name, *words;
} cmms_tables[] = {
    {"work_orders", "work orders"},
    {"corrective_maintenance", "corrective maintenance"},
    {"equipment", "equipment"},
    {"pm_completions", "PM completions"},
    {"weekly_pm_schedules", "weekly PM schedules"},
    {"pm_templates", "PM templates"},
    {"default_pm_checklist", "PM checklist steps"},
    {"mro_inventory", "MRO parts"},
    {"mro_stock", "MRO stock places"},
    {"mro_stock_transactions", "MRO stock movements"},
    {"parts_inventory", "parts"},
    {"cm_parts_requests", "parts requests"},
    {"cm_parts_used", "parts used"},
    {"equipment_missing_parts", "missing parts reports"},
    {"cannot_find_assets", "assets not found"},
    {"run_to_failure_assets", "run-to-failure assets"},
    {"kpi_definitions", "KPI definitions"},
    {"kpi_manual_data", "KPI data"},
    {"kpi_results", "KPI results"},
    {"kpi_exports", "KPI exports"},
    {"users", "users"},
    {"user_sessions", "sign-ins"},
    {"audit_log", "audit log entries"},
};
#define CMMS_TABLES (sizeof cmms_tables / sizeof cmms_tables[0])

static size_t place_of(const char *schema, const char *name)
{
    size_t i = 0;
    while (i < CMMS_TABLES && (strcmp(schema, "public") != 0 || strcmp(cmms_tables[i].name, name) != 0)) {
        i++;
    }
    return i;
}

const char *preview_words(const char *schema, const char *name)
{
    const size_t place = place_of(schema, name);
    return place < CMMS_TABLES ? cmms_tables[place].words : NULL;
}

/* Names are others' words: on one line. */
static char *one_line(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c;
    }
    return text;
}

PreviewTable *preview_table(Preview *preview, const char *schema, const char *name)
{
    for (size_t i = 0; i < preview->table_count; i++) {
        if (strcmp(preview->tables[i].schema, schema) == 0 && strcmp(preview->tables[i].name, name) == 0) {
            return &preview->tables[i];
        }
    }
    preview->tables = mem_resize(preview->tables, preview->table_count + 1, sizeof *preview->tables);
    PreviewTable *table = &preview->tables[preview->table_count++];
    const char *words = preview_words(schema, name);
    *table = (PreviewTable){.schema = mem_strdup(schema), .name = mem_strdup(name), .cmms = words != NULL,
                            .live = -1, .backup = -1, .made = -1, .changed = -1};
    table->words = words != NULL ? mem_strdup(words) : table_label(schema, name);
    return table;
}

static int by_place(const void *a, const void *b)
{
    const PreviewTable *left = a, *right = b;
    const size_t one = place_of(left->schema, left->name), other = place_of(right->schema, right->name);
    if (one != other) {
        return one < other ? -1 : 1;
    }
    const int order = strcmp(left->schema, right->schema);
    return order != 0 ? order : strcmp(left->name, right->name);
}

void preview_settle(Preview *preview)
{
    bool live = false, both = false;
    if (preview->table_count > 1) {
        qsort(preview->tables, preview->table_count, sizeof *preview->tables, by_place);
    }
    for (size_t i = 0; i < preview->table_count; i++) {
        live = live || preview->tables[i].in_live;
        both = both || (preview->tables[i].in_live && preview->tables[i].in_backup);
    }
    if (live && !both) { /* restore.c refuses it in these words */
        preview_add_obstacle(preview, mem_printf("%s holds none of the tables of the database %s: it is a backup of "
                                                 "another one", preview->file, preview->database));
    }
}

/* --- lines ------------------------------------------------------------------------------------------------- */

typedef struct Lines {
    PreviewLine *lines;
    size_t count;
    const PreviewForms *forms;
} Lines;

/* Takes the text. */
static void add(Lines *lines, PreviewPart part, PreviewMark mark, char *text)
{
    lines->lines = mem_resize(lines->lines, lines->count + 1, sizeof *lines->lines);
    lines->lines[lines->count++] = (PreviewLine){part, mark, one_line(text)};
}

void preview_lines_free(PreviewLine *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(lines[i].text);
    }
    mem_free(lines);
}

const char *preview_part_title(PreviewPart part)
{
    switch (part) {
    case PREVIEW_BACKUP: return "The backup";
    case PREVIEW_CHANGE: return "What changes (now \xE2\x86\x92 then)";
    case PREVIEW_LOST: return "What is newer than the backup, and would be lost";
    case PREVIEW_LEFT: return "What will not come along";
    case PREVIEW_ACTS: return "What in the file acts by itself";
    case PREVIEW_DOING: return "How it is done";
    }
    return "";
}

/* "1 table", "23 tables". */
static char *counted(const Lines *lines, int64_t number, const char *one, const char *many)
{
    return mem_printf("%s %s", lines->forms->count(number).text, number == 1 ? one : many);
}

static char *megabytes(const Lines *lines, int64_t bytes)
{
    return mem_strdup(lines->forms->size(bytes < 0 ? 0 : (uint64_t)bytes).text);
}

/* --- the backup -------------------------------------------------------------------------------------------- */

static void add_made(const Preview *preview, Lines *lines)
{
    if (preview->made <= 0) {
        add(lines, PREVIEW_BACKUP, PREVIEW_WARNING, mem_printf("%s: when it was made is not known", preview->file));
        return;
    }
    char *when = lines->forms->moment(preview->made);
    char *ago = preview->looked > preview->made ? health_ago(preview->looked - preview->made)
                                                : mem_strdup("by this computer's clock in the future");
    add(lines, PREVIEW_BACKUP, preview->looked > preview->made ? PREVIEW_PLAIN : PREVIEW_WARNING,
        mem_printf("%s, made %s%s, %s", preview->file, when,
                   preview->foreign ? " by the clock where it was made" : "", ago));
    mem_free(ago);
    mem_free(when);
}

static void add_level(const Preview *preview, Lines *lines)
{
    static const char *const meaning[] = {
        [LEVEL_NONE] = "nothing is known of what is in it",
        [LEVEL_LISTED] = "its table of contents reads well, and no more was looked at",
        [LEVEL_READ] = "every byte reads well, but its rows were never all compared with a database's",
        [LEVEL_VERIFIED] = "every byte was read, and it holds as many rows as the database had",
        [LEVEL_PROVEN] = "it was restored into an empty database, and its rows were counted there",
        [LEVEL_BAD] = "it failed a check",
    };
    const PreviewMark mark = preview->level == LEVEL_BAD             ? PREVIEW_BAD
                             : level_is_good(preview->level) ? PREVIEW_GOOD
                                                             : PREVIEW_WARNING;
    add(lines, PREVIEW_BACKUP, mark, mem_printf("%s: %s", level_name(preview->level), meaning[preview->level]));
}

static void add_whose(const Preview *preview, Lines *lines)
{
    const char *source = preview->source != NULL ? preview->source : "its name is not known";
    const char *live = preview->database;
    switch (preview->own) {
    case PREVIEW_OWN_SAME:
        add(lines, PREVIEW_BACKUP, PREVIEW_GOOD, mem_printf("It is a backup of this database, %s", live));
        break;
    case PREVIEW_OWN_EARLIER:
        add(lines, PREVIEW_BACKUP, PREVIEW_GOOD,
            preview->live == PREVIEW_LIVE_GONE
                ? mem_printf("It is a backup of the database %s that this server had", live)
                : mem_printf("It is a backup of %s as it was before another took its name, as in a restore", live));
        break;
    case PREVIEW_OWN_DATABASE:
        add(lines, PREVIEW_BACKUP, PREVIEW_WARNING, mem_printf("It is a backup of another database of this server: %s",
                                                               source));
        break;
    case PREVIEW_OWN_SERVER:
        add(lines, PREVIEW_BACKUP, PREVIEW_WARNING, mem_printf("It is a backup of another server's database: %s",
                                                               source));
        break;
    case PREVIEW_OWN_UNKNOWN:
        add(lines, PREVIEW_BACKUP, PREVIEW_WARNING,
            preview->source != NULL
                ? mem_printf("Whose backup it is, is not known for sure; it calls its database %s", source)
                : mem_strdup("Whose backup it is, is not known"));
        break;
    }
}

/* A name such as "users" is in many applications' databases. */
static void add_kinship(const Preview *preview, Lines *lines)
{
    int64_t live = 0, backup = 0, both = 0;
    for (size_t i = 0; i < preview->table_count; i++) {
        const PreviewTable *table = &preview->tables[i];
        live += table->in_live;
        backup += table->in_backup;
        both += table->in_live && table->in_backup;
    }
    const bool known = preview->own == PREVIEW_OWN_SAME || preview->own == PREVIEW_OWN_EARLIER;
    if (!known && both > 0 && 2 * both < (live < backup ? live : backup)) {
        char *tables = counted(lines, backup, "table", "tables");
        add(lines, PREVIEW_BACKUP, PREVIEW_WARNING,
            mem_printf("Only %s of its %s %s also in the database %s: it may be another application's",
                       lines->forms->count(both).text, tables, both == 1 ? "is" : "are", preview->database));
        mem_free(tables);
    }
}

static void add_size(const Preview *preview, Lines *lines)
{
    int64_t tables = 0;
    for (size_t i = 0; i < preview->table_count; i++) {
        tables += preview->tables[i].in_backup;
    }
    char *size = megabytes(lines, preview->backup_bytes);
    char *count = counted(lines, tables, "table", "tables");
    char *rows = counted(lines, preview->backup_rows, "row", "rows");
    add(lines, PREVIEW_BACKUP, PREVIEW_PLAIN,
        mem_printf("%s, %s with %s%s%s", size, count, rows, preview->server_version != NULL ? ", from PostgreSQL " : "",
                   preview->server_version != NULL ? preview->server_version : ""));
    mem_free(rows);
    mem_free(count);
    mem_free(size);
}

/* Those of the tables that were made last. */
static void add_newest(const Preview *preview, Lines *lines)
{
    const PreviewTable *told[BACKUP_NEWEST] = {NULL};
    for (size_t i = 0; i < preview->table_count; i++) {
        const PreviewTable *table = &preview->tables[i];
        for (size_t k = 0; table != NULL && table->backup_newest != NULL && k < BACKUP_NEWEST; k++) {
            if (told[k] == NULL || strcmp(table->backup_newest, told[k]->backup_newest) > 0) {
                const PreviewTable *next = told[k];
                told[k] = table;
                table = next;
            }
        }
    }
    if (told[0] != NULL) {
        StrBuf sb;
        strbuf_init(&sb, STRBUF_LINE);
        strbuf_addstr(&sb, "Its newest rows: ");
        for (size_t k = 0; k < BACKUP_NEWEST && told[k] != NULL; k++) {
            strbuf_addf(&sb, "%s%s of %s", k > 0 ? "; " : "", told[k]->words, told[k]->backup_newest);
        }
        add(lines, PREVIEW_BACKUP, PREVIEW_PLAIN, strbuf_detach(&sb));
    }
}

/* --- what changes ------------------------------------------------------------------------------------------ */

static bool differs(const PreviewTable *table)
{
    return table->in_live != table->in_backup || table->about || table->live < 0 || table->backup < 0 ||
           table->live != table->backup;
}

static char *change_text(const Lines *lines, const PreviewTable *table)
{
    const NumberText live = lines->forms->count(table->live), backup = lines->forms->count(table->backup);
    const char *about = table->about ? "about " : "";
    return !table->in_live     ? mem_printf("%s: not there now \xE2\x86\x92 %s", table->words, backup.text)
           : !table->in_backup ? mem_printf("%s: %s%s \xE2\x86\x92 gone, the backup has no such table", table->words,
                                            about, live.text)
                               : mem_printf("%s %s%s \xE2\x86\x92 %s", table->words, about, live.text, backup.text);
}

static PreviewMark change_mark(const PreviewTable *table)
{
    return table->in_live && (!table->in_backup || table->live > table->backup) ? PREVIEW_WARNING : PREVIEW_PLAIN;
}

static void add_changes(const Preview *preview, Lines *lines)
{
    const bool both = preview->live == PREVIEW_LIVE_THERE;
    int64_t same = 0;
    if (preview->live == PREVIEW_LIVE_GONE) {
        add(lines, PREVIEW_CHANGE, PREVIEW_WARNING,
            mem_printf("The server has no database %s: nothing can be lost, all of it comes from the backup",
                       preview->database));
    } else if (preview->live == PREVIEW_LIVE_EMPTY) {
        add(lines, PREVIEW_CHANGE, PREVIEW_WARNING,
            mem_printf("The database %s is empty: nothing can be lost, all of it comes from the backup",
                       preview->database));
    } else if (preview->live == PREVIEW_LIVE_CLOSED) {
        add(lines, PREVIEW_CHANGE, PREVIEW_WARNING,
            mem_printf("The database %s may not be looked at: what would be lost is not known", preview->database));
    }
    for (size_t i = 0; i < 2 * preview->table_count; i++) { /* what differs first: of the rest people read the end */
        const PreviewTable *table = &preview->tables[i % preview->table_count];
        const bool first = i < preview->table_count;
        if (!both && first) {
            add(lines, PREVIEW_CHANGE, PREVIEW_PLAIN,
                mem_printf("%s %s", table->words, lines->forms->count(table->backup).text));
        } else if (both && differs(table) == first && (first || table->cmms)) {
            add(lines, PREVIEW_CHANGE, change_mark(table), change_text(lines, table));
        } else if (both && !first && !differs(table)) {
            same++;
        }
    }
    if (same > 0) {
        char *tables = counted(lines, same, "other table", "other tables");
        add(lines, PREVIEW_CHANGE, PREVIEW_PLAIN, mem_printf("%s with as many rows on both sides", tables));
        mem_free(tables);
    }
    if (preview->backup_objects > 0 || preview->live_objects > 0) {
        const NumberText live = lines->forms->count(preview->live_objects);
        const NumberText backup = lines->forms->count(preview->backup_objects);
        add(lines, PREVIEW_CHANGE,
            both && preview->live_objects > preview->backup_objects ? PREVIEW_WARNING : PREVIEW_PLAIN,
            both ? mem_printf("large objects %s \xE2\x86\x92 %s", live.text, backup.text)
                 : mem_printf("large objects %s", backup.text));
    }
}

/* --- what would be lost ------------------------------------------------------------------------------------ */

static char *lost_text(const Lines *lines, const PreviewTable *table)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    strbuf_addf(&sb, "%s: ", table->words);
    if (table->made > 0) {
        strbuf_addf(&sb, "%s made%s", lines->forms->count(table->made).text, table->changed > 0 ? ", " : "");
    }
    if (table->changed > 0) {
        strbuf_addf(&sb, "%s %schanged", lines->forms->count(table->changed).text, table->made < 0 ? "made or " : "");
    }
    strbuf_addstr(&sb, " since");
    for (size_t i = 0; i < table->newest_count; i++) {
        const PreviewRow *row = &table->newest[i];
        strbuf_addf(&sb, "%s%s%s%s", i > 0 ? "; " : table->newest_count > 1 ? "; the newest: " : "; the newest is ",
                    row->id != NULL ? "number " : "", row->id != NULL ? row->id : "", row->id != NULL ? " of " : "");
        strbuf_addstr(&sb, row->time);
    }
    return strbuf_detach(&sb);
}

static void add_lost(const Preview *preview, Lines *lines)
{
    int64_t told = 0, more = 0, unknown = 0, known = 0;
    if (preview->live != PREVIEW_LIVE_THERE) {
        return;
    }
    for (size_t i = 0; i < preview->table_count; i++) {
        const PreviewTable *table = &preview->tables[i];
        if (!table->in_live || table->live == 0) {
            continue;
        }
        unknown += table->made < 0 && table->changed < 0;
        known += table->made >= 0 || table->changed >= 0;
        if (table->made <= 0 && table->changed <= 0) {
            continue;
        }
        if (told < (int64_t)NEWEST_TABLES) {
            add(lines, PREVIEW_LOST, PREVIEW_WARNING, lost_text(lines, table));
            told++;
        } else {
            more++;
        }
    }
    if (more > 0) {
        char *tables = counted(lines, more, "more table has newer rows", "more tables have newer rows");
        add(lines, PREVIEW_LOST, PREVIEW_WARNING, tables);
    }
    if (told == 0 && known > 0) {
        char *tables = counted(lines, known, "table", "tables");
        add(lines, PREVIEW_LOST, PREVIEW_GOOD,
            mem_printf("In the %s whose rows bear a time, none is newer than the backup", tables));
        mem_free(tables);
    }
    if (unknown > 0) {
        add(lines, PREVIEW_LOST, PREVIEW_PLAIN,
            counted(lines, unknown, "table bears no time that could be asked for: compare its rows above",
                    "tables bear no time that could be asked for: compare their rows above"));
    }
}

/* --- the rest ---------------------------------------------------------------------------------------------- */

static void add_texts(Lines *lines, PreviewPart part, PreviewMark mark, char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(lines, part, mark, mem_strdup(texts[i]));
    }
}

static void add_acts(const Preview *preview, Lines *lines)
{
    if (!preview->foreign) {
        return;
    }
    add(lines, PREVIEW_ACTS, PREVIEW_WARNING,
        mem_strdup("It has no manifest, so others may have made it: look whether you know what is in it"));
    if (preview->proven || preview->unproven) {
        add(lines, PREVIEW_ACTS, preview->proven ? PREVIEW_GOOD : PREVIEW_WARNING,
            mem_strdup(preview->proven ? "It was first restored on this PC, where it can do no harm, and counted"
                                       : "It was not restored on this PC first: that was declined"));
    }
    add_texts(lines, PREVIEW_ACTS, PREVIEW_WARNING, preview->acts, preview->act_count);
    if (preview->act_count == 0) {
        add(lines, PREVIEW_ACTS, PREVIEW_GOOD, mem_strdup("It holds tables and rows, and nothing that acts"));
    }
}

static void add_in_place(const Preview *preview, Lines *lines)
{
    add(lines, PREVIEW_DOING, PREVIEW_WARNING,
        mem_printf("It goes into %s itself, all of it or nothing: all programs are disconnected from it, from the "
                   "safety backup on nobody can change anything there, and while it is loaded nobody can read",
                   preview->database));
    add(lines, PREVIEW_DOING, PREVIEW_WARNING,
        mem_strdup("It cannot be undone: what was there, and what the backup does not have, is then only in the safety "
                   "backup, which is pinned; to bring it back is another restore"));
    if (!preview->proof) {
        add(lines, PREVIEW_DOING, PREVIEW_WARNING,
            mem_strdup("The safety backup is verified to its last byte and row, but not proven on this PC"));
    }
    add(lines, PREVIEW_DOING, PREVIEW_PLAIN,
        mem_strdup("Numbers that a sequence gives out meanwhile may be given out again"));
}

static void add_doing(const Preview *preview, Lines *lines)
{
    const char *name = preview->database;
    add_texts(lines, PREVIEW_DOING, PREVIEW_BAD, preview->obstacles, preview->obstacle_count);
    if (preview->obstacle_count > 0) {
        add(lines, PREVIEW_DOING, PREVIEW_BAD, mem_strdup("So it cannot be restored as it stands"));
        return;
    }
    if (preview->live == PREVIEW_LIVE_ASIDE) {
        add(lines, PREVIEW_DOING, PREVIEW_GOOD,
            mem_printf("It goes into the new database %s; nothing that is there is touched", preview->to));
        return;
    }
    add(lines, PREVIEW_DOING, preview->declined && !preview->safety ? PREVIEW_WARNING : PREVIEW_GOOD,
        preview->safety     ? mem_printf("A safety backup of %s is made first%s", name,
                                         preview->proof ? ", and proven on this PC" : "")
        : preview->declined ? mem_printf("No safety backup of %s is made: it was declined", name)
                            : mem_printf("There is no %s to make a safety backup of", name));
    if (preview->in_place) {
        add_in_place(preview, lines);
        return;
    }
    add(lines, PREVIEW_DOING, PREVIEW_GOOD,
        preview->live == PREVIEW_LIVE_GONE
            ? mem_printf("It goes into a new database, is counted there, and then gets the name %s", name)
            : mem_printf("It goes into a new database, is counted there, and then takes the name %s; the database that "
                         "has it now is kept", name));
    if (preview->live_bytes >= 0) {
        char *size = megabytes(lines, preview->live_bytes);
        add(lines, PREVIEW_DOING, PREVIEW_PLAIN,
            mem_printf("The server needs room for both; the one that is there takes %s", size));
        mem_free(size);
    }
}

void preview_lines(const Preview *preview, const PreviewForms *forms, PreviewLine **out, size_t *count)
{
    static const PreviewForms plain = {clock_log_text, count_text, size_text};
    Lines lines = {NULL, 0, forms != NULL ? forms : &plain};
    add_made(preview, &lines);
    add_level(preview, &lines);
    add_whose(preview, &lines);
    add_kinship(preview, &lines);
    add_size(preview, &lines);
    add_newest(preview, &lines);
    if (preview->alarm != NULL) {
        add(&lines, PREVIEW_BACKUP, PREVIEW_WARNING, mem_printf("It raised a shrink alarm: %s", preview->alarm));
    }
    add_changes(preview, &lines);
    add_lost(preview, &lines);
    add_texts(&lines, PREVIEW_LEFT, PREVIEW_WARNING, preview->left_out, preview->left_out_count);
    if (preview->left_out_count == 0) {
        add(&lines, PREVIEW_LEFT, PREVIEW_GOOD, mem_strdup("Nothing that is known beforehand"));
    }
    add_acts(preview, &lines);
    add_doing(preview, &lines);
    *out = lines.lines;
    *count = lines.count;
}

/* --- lists of sentences ------------------------------------------------------------------------------------ */

static void add_text(char ***texts, size_t *count, char *text)
{
    *texts = mem_resize(*texts, *count + 1, sizeof **texts);
    (*texts)[(*count)++] = text;
}

char *preview_sentence(const char *text)
{
    char *sentence = mem_strdup(text);
    sentence[0] = sentence[0] >= 'a' && sentence[0] <= 'z' ? (char)(sentence[0] - 'a' + 'A') : sentence[0];
    return sentence;
}

void preview_add_left_out(Preview *preview, char *text)
{
    add_text(&preview->left_out, &preview->left_out_count, text);
}

void preview_add_obstacle(Preview *preview, char *text)
{
    add_text(&preview->obstacles, &preview->obstacle_count, text);
}

void preview_add_act(Preview *preview, char *text)
{
    add_text(&preview->acts, &preview->act_count, text);
}

/* --- what follows from it ------------------------------------------------------------------------------------ */

bool preview_allows(const Preview *preview, Error *err)
{
    if (preview->obstacle_count > 0) {
        error_set(err, EK_REFUSED, "it cannot be restored as it stands");
        return error_hint(err, "%s.", preview->obstacles[0]);
    }
    return true;
}
