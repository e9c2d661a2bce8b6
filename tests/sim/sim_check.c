/*
 * sim_check.c: the promises, looked at by code that is not the core's: what pg_dump really wrote, what each file really
 * holds, which slots the schedule really has. JSON is read with cJSON alone.
 */
#include "sim.h"

#include <time.h>

#include <openssl/evp.h>

#include <cjson/cJSON.h>

#include "platform/clock.h"
#include "schedule/protection.h"
#include "store/catalog.h"
#include "store/health.h"
#include "store/ledger.h"
#include "store/manifest.h"
#include "store/retention.h"

#define WRONG_CLOCK (27 * SIM_HOUR) /* what a clock may be wrong before the core must have noticed, and an hour */
#define BACK 30                     /* days of slots that are looked at */
#define MOST_SLOTS 400
#define PARSED_ALWAYS 65536u        /* bytes: of a larger file only the ends are looked at each time */

/* --- what is where -------------------------------------------------------------------------------------------- */

bool sim_is_backup(const char *name)
{
    static const char form[] = "cmms_backup_########_######.backup";
    if (strlen(name) != sizeof form - 1) {
        return false;
    }
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == '#' ? name[i] < '0' || name[i] > '9' : name[i] != form[i]) {
            return false;
        }
    }
    return true;
}

/* The name of what lies in the backup folder itself; NULL: it lies elsewhere. */
static const char *name_in_folder(const Node *node)
{
    const size_t len = strlen(sim.folder);
    if (node->dir || strncmp(node->path, sim.folder, len) != 0 || node->path[len] != '/') {
        return NULL;
    }
    const char *name = node->path + len + 1;
    return strchr(name, '/') ? NULL : name;
}

static const char *backup_name(const Node *node)
{
    const char *name = name_in_folder(node);
    return name && sim_is_backup(name) ? name : NULL;
}

void sim_touch(const char *name)
{
    mem_grow((void **)&sim.touched, &sim.touched_capacity, sim.touched_count + 1, sizeof *sim.touched);
    sim.touched[sim.touched_count++] = mem_strdup(name);
}

bool sim_touched(const char *name)
{
    for (size_t i = 0; i < sim.touched_count; i++) {
        if (!strcmp(sim.touched[i], name)) {
            return true;
        }
    }
    return false;
}

const Dump *sim_truth(Node *node)
{
    if (node->looked_at != node->version) {
        const uint64_t hash = sim_fnv(node->data, node->len);
        node->looked_at = node->version;
        node->dump = 0;
        for (size_t i = sim.dump_count; i > 0 && node->dump == 0; i--) {
            const Dump *dump = &sim.dumps[i - 1];
            node->dump = dump->whole && dump->hash == hash && dump->len == node->len ? i : 0;
        }
    }
    return node->dump > 0 ? &sim.dumps[node->dump - 1] : NULL;
}

Node *sim_any_backup(void)
{
    size_t count = 0;
    for (size_t i = 0; i < sim.node_count; i++) {
        count += backup_name(sim.nodes[i]) != NULL;
    }
    int64_t which = sim_below((int64_t)count);
    for (size_t i = 0; i < sim.node_count; i++) {
        if (backup_name(sim.nodes[i]) && which-- == 0) {
            return sim.nodes[i];
        }
    }
    return NULL;
}

static Node *manifest_of(const char *name)
{
    char *manifest = mem_printf("%s.manifest.json", name);
    Node *node = sim_file(manifest);
    mem_free(manifest);
    return node;
}

/* The caller deletes it; NULL: it is no JSON. */
static cJSON *parse(const Node *node)
{
    return node ? cJSON_ParseWithLength((const char *)node->data, node->len) : NULL;
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

/* --- P7 -------------------------------------------------------------------------------------------------------- */

void sim_check_secret(const char *where, const char *bytes, size_t len)
{
    const size_t size = sizeof SIM_PASSWORD - 1;
    const char *at = bytes, *end = bytes + len;
    while (len >= size && at + size <= end) {
        at = memchr(at, SIM_PASSWORD[0], (size_t)(end - at) - size + 1);
        if (!at) {
            return;
        }
        if (!memcmp(at, SIM_PASSWORD, size)) {
            sim_broken("P7", "the password stands in %s", where);
        }
        at++;
    }
}

/* --- P1 and P6 -------------------------------------------------------------------------------------------------- */

static void sha256_of(const Node *node, char hex[65])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (!EVP_Digest(node->data, node->len, bytes, &len, EVP_sha256(), NULL) || len != 32) {
        sim_broken("simulation", "no SHA-256");
    }
    for (unsigned i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
}

static void check_backup(Node *node, const char *name)
{
    Node *manifest = manifest_of(name);
    if (sim_touched(name) || (manifest && node->checked == node->version &&
                              node->checked_manifest == manifest->version)) {
        return;
    }
    if (!sim_truth(node)) {
        sim_broken("P1", "%s is not what any pg_dump wrote to its end", name);
    }
    cJSON *document = parse(manifest);
    char hex[65];
    sha256_of(node, hex);
    if (!document) {
        sim_broken("P1", manifest ? "the manifest of %s is no JSON" : "%s has no manifest", name);
    }
    if (strcmp(text_of(document, "sha256"), hex) != 0 || strcmp(text_of(document, "file"), name) != 0) {
        sim_broken("P1", "%s does not match its manifest", name);
    }
    cJSON_Delete(document);
    node->checked = node->version;
    node->checked_manifest = manifest->version;
}

/* A large file is parsed when something happened just now; its ends are looked at in any case. */
static void check_small(Node *node, const char *name)
{
    const bool known = node->checked == node->version || node->spoiled == node->version;
    if (known) {
        return;
    }
    const char *bytes = (const char *)node->data;
    const bool ends = node->len > 2 && (bytes[0] == '{' || bytes[0] == '[') &&
                      (bytes[node->len - 2] == '}' || bytes[node->len - 2] == ']') && bytes[node->len - 1] == '\n';
    cJSON *document = NULL;
    if (ends && (node->len <= PARSED_ALWAYS || sim.disturbed_at >= sim_now() - SIM_HOUR)) {
        document = parse(node);
        if (!document) {
            sim_broken("P6", "%s is no JSON", name);
        }
    }
    if (!ends) {
        sim_broken("P6", "%s is torn: it has %zu bytes", name, node->len);
    }
    cJSON_Delete(document);
    node->checked = node->version;
}

static bool was_brought(const char *file, const char *sha256)
{
    char *both = mem_printf("%s/%s", file, sha256);
    bool found = false;
    for (size_t i = sim.copy_count; i > 0 && !found; i--) {
        found = !strcmp(sim.copies[i - 1], both);
    }
    mem_free(both);
    return found;
}

/* P3: no copy is said to be there that is not. */
static void check_copies(Node *node)
{
    if (node->checked_manifest == node->version) {
        return;
    }
    cJSON *document = parse(node);
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(document, "copies")) {
        if (!strcmp(text_of(item, "state"), "there") && !was_brought(text_of(item, "file"), text_of(item, "sha256"))) {
            sim_broken("P3", "a copy of %s is said to be on SharePoint, and is not", text_of(item, "file"));
        }
    }
    cJSON_Delete(document);
    node->checked_manifest = node->version;
}

void sim_check_folder(void)
{
    static const char *const small[] = {"backup_config.json", "backup_log.json", "schedule_ledger.json",
                                        "retention_frozen.json", "offsite_copies.json",
                                        "cmms_heartbeat_PC-1.json", "cmms_heartbeat_PC-2.json"};
    for (size_t i = 0; i < sim.node_count; i++) {
        const char *name = name_in_folder(sim.nodes[i]);
        if (name && sim_is_backup(name)) {
            check_backup(sim.nodes[i], name);
        } else if (name && !strncmp(name, "backup_log_", 11) && strlen(name) == sizeof "backup_log_2026.json" - 1) {
            check_small(sim.nodes[i], name);
        }
    }
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        Node *node = sim_file(small[i]);
        if (node) {
            check_small(node, small[i]);
        }
    }
    Node *copies = sim_file("offsite_copies.json");
    if (copies) {
        check_copies(copies);
    }
}

/* --- P2 --------------------------------------------------------------------------------------------------------- */

/* How many backups are newer: those that are good in truth; and all, as a list would show them. */
static void count_newer(const Node *node, const Dump *dump, size_t *good, size_t *all)
{
    *good = *all = 0;
    for (size_t i = 0; i < sim.node_count; i++) {
        const char *name = backup_name(sim.nodes[i]);
        if (!name || sim.nodes[i] == node) {
            continue;
        }
        const Dump *other = sim_truth(sim.nodes[i]);
        const int64_t slack = other && (dump->wrong || other->wrong) ? WRONG_CLOCK : 0;
        const bool newer = other && other->moment > dump->moment - slack;
        *good += newer && !sim_touched(name);
        *all += newer || !other;
    }
}

typedef struct Said {
    bool pinned;
    bool good; /* verified or proven, and no alarm of it waits for a person */
} Said;

static Said said_of(const char *name)
{
    cJSON *document = parse(manifest_of(name));
    const char *level = text_of(document, "level");
    const Said said = {cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "pinned")),
                       (!strcmp(level, "verified") || !strcmp(level, "proven")) &&
                           (!*text_of(document, "alarm") || *text_of(document, "alarm_confirmed"))};
    cJSON_Delete(document);
    return said;
}

static bool by_rules(const Rules *rules, int64_t age, size_t newer)
{
    return age > (int64_t)rules->days * SIM_DAY - WRONG_CLOCK || newer >= (size_t)rules->most;
}

/* Not by a person: the rules alone. */
static void check_rules(const char *name, const Dump *dump, size_t newer)
{
    sim.removals++;
    if (sim_file("retention_frozen.json")) {
        sim_broken("P2", "%s is removed while clean-ups are stopped", name);
    }
    if (sim.unsure) {
        sim_broken("P2", "%s is removed though the settings were damaged", name);
    }
    const int64_t age = sim_now() - dump->moment;
    const bool judged = sim.plan_known && sim.program->began > sim.rules_from && sim.pcs[sim_pc()].ahead == 0;
    sim.judged[JUDGED_RULES] += judged;
    if (judged && !by_rules(&sim.rules, age, newer)) {
        sim_broken("P2", "%s is removed, by no rule: %lld h old, %zu newer, rules %d days and %d", name,
                   (long long)(age / SIM_HOUR), newer, sim.rules.days, sim.rules.most);
    }
}

void sim_check_removal(Node *node)
{
    const char *name = backup_name(node);
    const Dump *dump = name && !sim_touched(name) ? sim_truth(node) : NULL;
    size_t good = 0, all = 0;
    if (!dump) {
        return;
    }
    const Said said = said_of(name);
    sim_say("%s removes %s", sim.program->what, name);
    count_newer(node, dump, &good, &all);
    if (good == 0 && (said.good || !sim.program->by_hand)) { /* a person may delete what is not verified */
        sim_broken("P2", "%s is removed, and no newer good backup is there", name);
    }
    if (said.pinned) {
        sim_broken("P2", "%s is removed although it is pinned", name);
    }
    if (sim.program->by_hand) {
        sim.deleted_at = sim_now();
    } else {
        check_rules(name, dump, all);
    }
}

/* --- P3 and P4 --------------------------------------------------------------------------------------------------- */

static int64_t rows_of(const Dump *dump, const char *table)
{
    static const char *const names[SIM_TABLES] = {"assets", "parts", "work_orders"};
    for (size_t i = 0; i < SIM_TABLES; i++) {
        if (!strcmp(names[i], table)) {
            return dump->rows[i];
        }
    }
    return -1;
}

void sim_check_success(const char *path, const Manifest *manifest, int64_t began)
{
    Node *node = sim_find(path);
    const char *name = fs_base_name(path);
    if (!node) {
        sim_broken("P3", "%s is said to be made, and is not there", name);
    }
    const Dump *dump = sim_truth(node);
    if (!dump || dump->moment < began) {
        sim_broken("P3", "%s is said to be made, and is %s", name, dump ? "an older one" : "not whole");
    }
    sim.judged[JUDGED_MADE]++;
    if (manifest->table_count != SIM_TABLES) {
        sim_broken("P3", "%s is said to have %zu tables", name, manifest->table_count);
    }
    for (size_t i = 0; i < manifest->table_count; i++) {
        const TableCount *table = &manifest->tables[i];
        if (table->rows != rows_of(dump, table->name)) {
            sim_broken("P3", "%s is said to have %lld rows of %s, and the database had %lld", name,
                       (long long)table->rows, table->name, (long long)rows_of(dump, table->name));
        }
    }
}

static bool ends_with(const char *text, const char *tail)
{
    const size_t len = strlen(text), size = strlen(tail);
    return len >= size && !strcmp(text + len - size, tail);
}

/* A partial that has its manifest waits for its name. One that could not be removed at once, because the disk failed
 * then, or of which its maker could not be noted, is known as left when it is a week old (folder.h). */
static bool is_left(const Node *node)
{
    const char *name = name_in_folder(node);
    if (name && ends_with(name, ".partial")) {
        char *backup = mem_strndup(name, strlen(name) - sizeof ".partial" + 1);
        const bool waits = manifest_of(backup) != NULL;
        mem_free(backup);
        return !waits && (!sim.ever_faulted || node->modified < sim_now() - 8 * SIM_DAY);
    }
    return name && strstr(name, ".tmp-");
}

void sim_check_left(int pc)
{
    sim.judged[JUDGED_LEFT]++;
    for (size_t i = 0; i < sim.node_count; i++) {
        if (sim.nodes[i]->maker == pc && is_left(sim.nodes[i])) {
            sim_broken("P4", "%s has made a backup, and still leaves %s", sim.pcs[pc].name,
                       fs_base_name(sim.nodes[i]->path));
        }
    }
}

/* --- P8 --------------------------------------------------------------------------------------------------------- */

static bool has_day(const Plan *plan, const CivilTime *date)
{
    const int last = clock_days_in_month(date->year, date->month);
    switch (plan->pattern) {
    case SCHEDULE_DAILY: return true;
    case SCHEDULE_WEEKLY: return (plan->weekdays >> date->weekday & 1u) != 0;
    case SCHEDULE_MONTHLY: break;
    }
    return date->day == (plan->month_day == 0 || plan->month_day > last ? last : plan->month_day);
}

static time_t c_moment(const CivilTime *date, int minutes, struct tm *tm)
{
    *tm = (struct tm){.tm_year = date->year - 1900, .tm_mon = date->month - 1, .tm_mday = date->day,
                      .tm_hour = date->hour, .tm_min = date->minute + minutes, .tm_isdst = -1};
    return mktime(tm);
}

static bool c_shows(time_t moment, const CivilTime *date)
{
    struct tm tm;
    return localtime_r(&moment, &tm) && tm.tm_mday == date->day && tm.tm_hour == date->hour &&
           tm.tm_min == date->minute;
}

/* By the C library, and not by the core, which would be wrong in the same way: of a time that clocks show twice the
 * first; one that they skip as much later as they skip. */
static int64_t moment_of(const CivilTime *date)
{
    struct tm tm;
    const time_t moment = c_moment(date, 0, &tm), jump = sim.jump;
    if (c_shows(moment - jump, date)) {
        return moment - jump;
    }
    return c_shows(moment, date) ? moment : c_moment(date, (int)jump / 60, &tm);
}

/* Sorted, each once. */
static size_t insert(int64_t *slots, size_t count, size_t room, int64_t slot)
{
    size_t at = 0;
    while (at < count && slots[at] < slot) {
        at++;
    }
    if (at >= room || (at < count && slots[at] == slot)) {
        return count;
    }
    const size_t kept = count < room ? count : room - 1;
    memmove(slots + at + 1, slots + at, (kept - at) * sizeof *slots);
    slots[at] = slot;
    return kept + 1;
}

size_t sim_slots(const Plan *plan, int64_t from, int64_t to, int64_t *slots, size_t room)
{
    CivilTime first, last, date;
    size_t count = 0;
    clock_local(from, &first);
    clock_local(to, &last);
    const int64_t begin = clock_days(first.year, first.month, first.day) - 1;
    const int64_t end = clock_days(last.year, last.month, last.day) + 1;
    for (int64_t day = begin; day <= end && from < to; day++) {
        clock_date(day, &date);
        for (size_t i = 0; i < plan->time_count && has_day(plan, &date); i++) {
            date.hour = plan->times[i] / 60;
            date.minute = plan->times[i] % 60;
            const int64_t slot = moment_of(&date);
            if (slot > from && slot <= to) {
                count = insert(slots, count, room, slot);
            }
        }
    }
    return count;
}

static bool is_kept(int64_t slot)
{
    cJSON *ledger = parse(sim_file(LEDGER_FILE));
    const cJSON *item;
    bool kept = false;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(ledger, "slots")) {
        int64_t moment = 0;
        kept = kept || (clock_parse_iso(text_of(item, "slot"), &moment) && moment == slot &&
                        !strcmp(text_of(item, "state"), "done"));
    }
    cJSON_Delete(ledger);
    return kept;
}

/* What could not be kept is done once more, rather than not at all (ledger.h); but that must have been said. */
void sim_check_slot_done(int pc, int64_t slot, bool told)
{
    const bool kept = is_kept(slot);
    if (!kept && !told && sim.pcs[pc].ahead == 0) {
        sim_broken("P8", "the slot of %lld is done, and that is neither kept nor said to be lost", (long long)slot);
    }
    const size_t most = sizeof sim.done / sizeof sim.done[0];
    for (size_t i = 0; i < sim.done_count; i++) {
        const bool judged = sim.done[i].kept && !sim_disturbed(sim.done[i].at);
        sim.judged[JUDGED_TWICE] += judged;
        if (sim.done[i].slot == slot && judged) {
            sim_broken("P8", "the slot of %lld was done already", (long long)slot);
        }
    }
    if (sim.done_count == most) {
        memmove(sim.done, sim.done + 1, (most - 1) * sizeof sim.done[0]);
        sim.done_count--;
    }
    sim.done[sim.done_count++] = (DoneSlot){slot, sim_now(), kept};
}

/* Its own entry, or that of a run which began at or after it, and before the `next` slot, and was done. Of one before
 * the newest a later success says nothing: it was done, or was reported as missed. */
static bool is_accounted(const cJSON *ledger, int64_t slot, int64_t next)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(ledger, "slots")) {
        int64_t moment = 0, began = 0;
        if (clock_parse_iso(text_of(item, "slot"), &moment) && moment == slot) {
            return true;
        }
        if (!strcmp(text_of(item, "state"), "done") && clock_parse_iso(text_of(item, "began"), &began) &&
            began >= slot && began < next) {
            return true;
        }
    }
    return false;
}

/* For its battery, and said so. */
static bool is_waiting(const cJSON *ledger, int64_t slot)
{
    int64_t moment = 0;
    const cJSON *waits = cJSON_GetObjectItemCaseSensitive(ledger, "waits");
    return clock_parse_iso(text_of(waits, "slot"), &moment) && moment == slot;
}

/* After a run of slots that had nothing in its way: each slot until then is done, failed or missed, and said so. What
 * is before the last disturbance is not asked for, nor what a ledger that was lost knew. */
void sim_check_slots(int pc, int64_t began)
{
    const Node *file = sim_file(LEDGER_FILE);
    if (sim.ledger_lost) {
        sim.ledger_lost = !file || file->spoiled == file->version || sim.pcs[pc].ahead != 0;
        sim.slots_from = began;
        return;
    }
    if (sim.pcs[pc].ahead != 0 || sim_disturbed(began) || !sim.plan_known) {
        return;
    }
    int64_t slots[MOST_SLOTS], from = began - BACK * SIM_DAY;
    from = sim.slots_from > from ? sim.slots_from : from;
    from = sim.disturbed_at > from ? sim.disturbed_at : from;
    const size_t known = sim_slots(&sim.plan, from, began, slots, MOST_SLOTS);
    size_t count = known;
    if (count > 0 && sim.paused_until > slots[count - 1]) {
        count--; /* the newest waits for the end of the pause */
    }
    cJSON *ledger = count > 0 ? parse(file) : NULL;
    count -= count > 0 && is_waiting(ledger, slots[count - 1]);
    for (size_t i = 0; i < count; i++) {
        sim.judged[i + 1 < known ? JUDGED_OLDER : JUDGED_NEWEST]++;
        if (!is_accounted(ledger, slots[i], i + 1 < known ? slots[i + 1] : INT64_MAX)) {
            sim_broken("P8", "the slot of %lld was neither run nor reported as missed", (long long)slots[i]);
        }
    }
    cJSON_Delete(ledger);
}

/* The newest backup that a list shows, by what is in it, or else when it was written. */
static int64_t newest_backup(void)
{
    int64_t newest = 0;
    for (size_t i = 0; i < sim.node_count; i++) {
        if (backup_name(sim.nodes[i])) {
            const Dump *dump = sim_truth(sim.nodes[i]);
            const int64_t moment = dump ? dump->moment : sim.nodes[i]->modified;
            newest = moment > newest ? moment : newest;
        }
    }
    return newest;
}

static bool any_spoiled(void)
{
    for (size_t i = 0; i < sim.node_count; i++) {
        if (sim.nodes[i]->spoiled == sim.nodes[i]->version) {
            return true;
        }
    }
    return false;
}

/* A slot of some hours ago for which there is no backup, and nothing that excuses it. 0: there is none. */
static int64_t open_slot(int64_t newest)
{
    int64_t slots[MOST_SLOTS];
    const int64_t to = sim_now() - 3 * SIM_HOUR, from = sim.slots_from > to - BACK * SIM_DAY ? sim.slots_from
                                                                                            : to - BACK * SIM_DAY;
    const size_t count = sim_slots(&sim.plan, from, to, slots, MOST_SLOTS);
    const int64_t slot = count > 0 ? slots[count - 1] : 0;
    const bool excused = sim.ledger_lost || sim.clock_right_at + 2 * WRONG_CLOCK > slot || sim.deleted_at >= slot ||
                         sim_disturbed(slot);
    return newest < slot && !excused ? slot : 0;
}

/* What the band would say, by the core; and whether that may be said, by us. */
void sim_check_loud(void)
{
    Catalog catalog;
    Settings settings;
    Health health;
    Error err = ERROR_INIT;
    if (sim.unsure || !sim.plan_known || sim.pcs[0].ahead != 0 || sim.away_until > sim_now() || any_spoiled()) {
        return;
    }
    sim.viewer = 0;
    sim.judged[JUDGED_LOUD]++;
    catalog_init(&catalog);
    settings_init(&settings);
    health_init(&health);
    if (!settings_load(sim.folder, &settings, &err) || !catalog_load(sim.folder, clock_now(), &catalog, &err)) {
        sim_broken("simulation", "the folder cannot be listed: %s", err.message);
    }
    char *frozen = retention_frozen(sim.folder);
    int64_t slot_at = 0;
    char *slot = protection_slot_problem(sim.folder, &settings, clock_now(), &slot_at);
    const HealthFacts facts = {.catalog = &catalog, .configured = true, .frozen = frozen,
                               .due_hours = health_due_hours(&settings), .slot = slot, .slot_at = slot_at,
                               .now = clock_now()};
    health_judge(&facts, &health);
    const int64_t newest = newest_backup(), age = sim_now() - newest;
    if (health.state == HEALTH_GOOD && age > (int64_t)facts.due_hours * SIM_HOUR + WRONG_CLOCK) {
        sim_broken("P8", "\"%s\", and the newest backup is %lld h old", health.text, (long long)(age / SIM_HOUR));
    }
    if (health.state == HEALTH_GOOD && open_slot(newest) != 0) {
        sim_broken("P8", "\"%s\", and there is no backup of the slot of %lld", health.text,
                   (long long)open_slot(newest));
    }
    mem_free(slot);
    mem_free(frozen);
    health_release(&health);
    settings_release(&settings);
    catalog_release(&catalog);
}

/* The newest slot that is some hours old was done, although nobody did anything by hand. */
void sim_check_calm(void)
{
    int64_t slots[MOST_SLOTS];
    const int64_t back = sim_now() - 40 * SIM_DAY, from = sim.slots_from > back ? sim.slots_from : back;
    const size_t count = sim_slots(&sim.plan, from, sim_now() - 6 * SIM_HOUR, slots, MOST_SLOTS);
    if (count == 0) {
        return;
    }
    sim.judged[JUDGED_CALM]++;
    if (newest_backup() < slots[count - 1]) {
        sim_broken("P8", "after a calm time there is no backup of the newest slot, %lld", (long long)slots[count - 1]);
    }
    sim_check_loud();
}

void sim_check_end(void)
{
    for (int i = 0; i < sim.pc_count; i++) {
        sim_check_left(i);
    }
    if (sim.dump_count > 0 && newest_backup() < sim_now() - SIM_DAY) {
        sim_broken("P4", "the backups in the end are not there");
    }
}
