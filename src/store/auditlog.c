/*
 * auditlog.c: the log as a chain.
 *
 * An entry's text is what cJSON prints for it without white space. It does not depend on how the file was laid
 * out, so the chain also holds when the predecessor has read the file and written it again. "previous" is the
 * SHA-256 of the text of the entry before, and "" in the first of all. The predecessor's own entries have no
 * "previous"; they may stand before the first that has one. When a damaged file had to be put aside, the new one
 * begins with an entry of operation "log", whose "previous" is "" again, and what follows it may begin anew: the
 * entries between are in the file that was kept.
 *
 * A chain does not know where it ended: who takes its newest entries away, or all, leaves one that holds. So each
 * backup's manifest keeps the hash of what was the newest entry then, and the check looks for it.
 *
 * Rotation moves what is older than the newest AUDITLOG_KEEP entries to backup_log_YYYY.json, YYYY being the
 * entry's year, but never a year before that of the newest rotated file: so the order of the files is the order
 * of the entries, whatever the clock did. Each step writes the rotated file first and the shortened log second.
 * A crash between the two leaves the same entries at the end of the one and at the start of the other (the
 * seam): auditlog_check reads them once, and the next rotation drops them from the log.
 *
 * Everything happens under folder_files_lock.
 */
#include "store/auditlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/folder.h"
#include "store/manifest.h"

#define LOG_MAX STRBUF_LARGE              /* bytes of backup_log.json that are read */
#define ROTATED_MAX (256u * 1024u * 1024u) /* bytes of a rotated file that are read */
#define TEXT_MAX 16384u                   /* bytes of one text of an entry */

/* --- entries ------------------------------------------------------------------------------------------- */

/* Free with cJSON_free. */
static char *entry_text(const cJSON *entry)
{
    char *text = cJSON_PrintUnformatted(entry);
    if (!text) {
        mem_out();
    }
    return text;
}

static void entry_hash(const cJSON *entry, char hex[65])
{
    char *text = entry_text(entry);
    Sha256 *hash = sha256_new();
    sha256_update(hash, text, strlen(text));
    sha256_finish(hash, hex);
    cJSON_free(text);
}

static bool same_entry(const cJSON *a, const cJSON *b)
{
    char *text_a = entry_text(a), *text_b = entry_text(b);
    bool same = !strcmp(text_a, text_b);
    cJSON_free(text_a);
    cJSON_free(text_b);
    return same;
}

static cJSON *first_of(const cJSON *log)
{
    return log ? log->child : NULL;
}

static cJSON *last_of(const cJSON *log)
{
    return log && log->child ? log->child->prev : NULL; /* cJSON: the first item's prev is the last */
}

static void append(cJSON *log, cJSON *entry)
{
    if (!entry || !cJSON_AddItemToArray(log, entry)) {
        mem_out();
    }
}

/* Sets a text of any origin: valid UTF-8, no control characters, not too long. */
static void set_text(cJSON *entry, const char *name, const char *value)
{
    if (!value) {
        json_set_string(entry, name, NULL);
        return;
    }
    size_t len = strlen(value);
    bool cut = len > TEXT_MAX;
    StrBuf sb;
    strbuf_init(&sb, 3 * (TEXT_MAX + 1)); /* U+FFFD is three bytes */
    if (cut) {
        len = TEXT_MAX;
        while (len > 0 && ((unsigned char)value[len] & 0xC0) == 0x80) {
            len--; /* not in the middle of a character */
        }
    }
    utf8_add_lossy(&sb, value, len);
    if (cut) {
        strbuf_addstr(&sb, "…");
    }
    json_set_string(entry, name, sb.buf);
    strbuf_release(&sb);
}

static cJSON *new_entry(const AuditEntry *entry, const cJSON *before)
{
    cJSON *item = cJSON_CreateObject();
    if (!item) {
        mem_out();
    }
    char *time_text = clock_log_text(clock_now());
    char *user = machine_user_name(), *computer = machine_host_name();
    char previous[65] = "";
    if (before) {
        entry_hash(before, previous);
    }
    json_set_string(item, "timestamp", time_text);
    set_text(item, "backup_file", entry->backup_file);
    set_text(item, "status", entry->status);
    set_text(item, "message", entry->message);
    json_set_int(item, "file_size", (int64_t)entry->file_size);
    set_text(item, "operation", entry->operation);
    set_text(item, "user", user);
    set_text(item, "computer", computer);
    if (entry->seconds >= 0) {
        json_set_number(item, "seconds", entry->seconds);
    } else {
        json_set_string(item, "seconds", NULL);
    }
    set_text(item, "sha256", entry->sha256);
    set_text(item, "level", entry->level);
    if (entry->actor) {
        set_text(item, "actor", entry->actor);
    }
    if (entry->server) {
        set_text(item, "server", entry->server);
        json_set_int(item, "tables", entry->tables);
        json_set_int(item, "rows", entry->rows);
    }
    if (entry->there) {
        set_text(item, "there", entry->there);
    }
    char *proven = entry->proven_at > 0 ? clock_iso_text(entry->proven_at) : NULL;
    if (proven) {
        set_text(item, "proven_at", proven);
    }
    json_set_string(item, "previous", previous);
    mem_free(proven);
    mem_free(computer);
    mem_free(user);
    mem_free(time_text);
    return item;
}

/* --- files --------------------------------------------------------------------------------------------- */

static bool parse_log(const char *bytes, size_t len, cJSON **log, Error *err)
{
    cJSON *value = NULL;
    if (!json_parse(bytes, len, &value, err)) {
        return false;
    }
    if (!cJSON_IsArray(value)) {
        cJSON_Delete(value);
        return error_set(err, EK_DAMAGED, "it is not a JSON array");
    }
    *log = value;
    return true;
}

/* A missing file gives an empty log. */
static bool read_log(const char *path, size_t max, cJSON **log, Error *err)
{
    Error failed = ERROR_INIT;
    StrBuf sb;
    strbuf_init(&sb, max);
    bool ok = fs_read_all(path, max, &sb, &failed) && parse_log(sb.buf, sb.len, log, &failed);
    char *folder = fs_dir_name(path);
    if (!ok && failed.kind == EK_NOT_FOUND && folder_is_there(folder, &failed)) {
        *log = cJSON_CreateArray();
        if (!*log) {
            mem_out();
        }
        ok = true;
    } else if (!ok) {
        error_move(err, &failed);
    }
    mem_free(folder);
    error_clear(&failed);
    strbuf_release(&sb);
    return ok;
}

/* json_text writes ASCII alone, which the predecessor reads whatever code page it takes the file to be in. */
static bool write_log(const char *path, const cJSON *log, Error *err)
{
    char *text = json_text(log);
    bool ok = fs_write_atomic(path, text, strlen(text), err);
    mem_free(text);
    return ok;
}

/* Reads a log to add to it. One that is damaged is kept aside, and an empty one takes its place; *note then gets
 * the words for it (caller frees). */
static bool read_or_keep_aside(const char *path, size_t max, cJSON **log, char **note, Error *err)
{
    Error failed = ERROR_INIT;
    char *kept = NULL;
    if (read_log(path, max, log, &failed)) {
        return true;
    }
    if (failed.kind != EK_DAMAGED) {
        return error_move(err, &failed);
    }
    bool ok = folder_keep_aside(path, &kept, err);
    if (ok) {
        *note = mem_printf("%s could not be read (%s) and was kept as %s", fs_base_name(path), failed.message,
                           fs_base_name(kept));
        *log = cJSON_CreateArray();
        if (!*log) {
            mem_out();
        }
    }
    error_clear(&failed);
    mem_free(kept);
    return ok;
}

static char *rotated_path(const char *folder, int year)
{
    char *name = mem_printf("backup_log_%04d.json", year);
    char *path = fs_join(folder, name);
    mem_free(name);
    return path;
}

int auditlog_year(const char *name)
{
    return strlen(name) == 20 && !strncmp(name, "backup_log_", 11) && strspn(name + 11, "0123456789") == 4 &&
                   !strcmp(name + 15, ".json")
               ? (int)strtol(name + 11, NULL, 10)
               : -1;
}

/* The years of the rotated files, as flags. */
typedef struct Years {
    bool present[10000];
    int newest; /* -1: none */
} Years;

static bool collect_year(void *context, const char *name, const FsInfo *info)
{
    Years *years = context;
    const int year = info->is_dir ? -1 : auditlog_year(name);
    if (year >= 0) {
        years->present[year] = true;
        years->newest = year > years->newest ? year : years->newest;
    }
    return true;
}

static bool list_years(const char *folder, Years **out, Error *err)
{
    Years *years = mem_alloc(sizeof *years);
    years->newest = -1;
    if (!fs_list(folder, collect_year, years, err)) {
        mem_free(years);
        return false;
    }
    *out = years;
    return true;
}

/* --- the seam ------------------------------------------------------------------------------------------ */

/* How many entries at the start of `log` are the same as those at the end of `rotated`: 0 but after a crash. */
static size_t seam(const cJSON *rotated, const cJSON *log)
{
    const cJSON *last = last_of(rotated);
    size_t longest = 0, place = 0;
    const cJSON *entry;
    if (!last) {
        return 0;
    }
    /* Where the last rotated one is met again, what stands before it must match backwards. Entries of a chain
     * differ, so this meets once at most; only the predecessor's may be alike. */
    cJSON_ArrayForEach(entry, log) {
        place++;
        const cJSON *old = last, *now = entry;
        size_t left = place;
        while (left && same_entry(old, now)) {
            left--;
            if (left == 0 || old == rotated->child) {
                break;
            }
            old = old->prev;
            now = now->prev;
        }
        if (left == 0) {
            longest = place;
        }
    }
    return longest;
}

static void drop_first(cJSON *log, size_t count)
{
    for (; count > 0; count--) {
        cJSON_Delete(cJSON_DetachItemViaPointer(log, log->child));
    }
}

/* The first entry of a file that takes the place of a damaged one. */
static void append_note(cJSON *log, const char *note)
{
    if (note) {
        AuditEntry entry = {.operation = "log", .status = "failed", .message = note, .seconds = -1};
        append(log, new_entry(&entry, NULL));
    }
}

/* --- rotation ------------------------------------------------------------------------------------------ */

static int year_of(const cJSON *entry, int fallback)
{
    const char *time_text = json_string(entry, "timestamp", "");
    return strspn(time_text, "0123456789") == 4 && time_text[4] == '-' ? (int)strtol(time_text, NULL, 10) : fallback;
}

static int current_year(void)
{
    CivilTime now;
    clock_local(clock_now(), &now);
    return now.year;
}

/* Moves the oldest entries, up to `surplus` of them and all of one year, to the rotated file of that year. */
static bool rotate_year(const char *folder, cJSON *log, size_t surplus, int *newest, Error *err)
{
    int first_year = year_of(first_of(log), *newest >= 0 ? *newest : current_year());
    int year = first_year > *newest ? first_year : *newest;
    char *path = rotated_path(folder, year), *log_path = fs_join(folder, AUDITLOG_FILE), *note = NULL;
    cJSON *rotated = NULL;
    bool ok = read_or_keep_aside(path, ROTATED_MAX, &rotated, &note, err);
    if (!ok) {
        goto out;
    }
    append_note(rotated, note);
    size_t already = seam(rotated, log);
    if (already) {
        drop_first(log, already);
        surplus = surplus > already ? surplus - already : 0;
    }
    size_t moved = 0;
    while (moved < surplus && year_of(first_of(log), year) <= year) {
        append(rotated, cJSON_DetachItemViaPointer(log, first_of(log)));
        moved++;
    }
    ok = (!moved || write_log(path, rotated, err)) && write_log(log_path, log, err);
    *newest = ok ? year : *newest;
out:
    cJSON_Delete(rotated);
    mem_free(note);
    mem_free(log_path);
    mem_free(path);
    return ok;
}

/* Writes the log, whose last entry is new, and moves what is too old. */
static bool write_and_rotate(const char *folder, cJSON *log, Error *err)
{
    size_t count = (size_t)cJSON_GetArraySize(log);
    Years *years = NULL;
    bool ok = true;
    if (count <= AUDITLOG_KEEP) {
        char *path = fs_join(folder, AUDITLOG_FILE);
        ok = write_log(path, log, err);
        mem_free(path);
        return ok;
    }
    if (!list_years(folder, &years, err)) {
        return false;
    }
    int newest = years->newest;
    mem_free(years);
    while (ok && count > AUDITLOG_KEEP) {
        ok = rotate_year(folder, log, count - AUDITLOG_KEEP, &newest, err);
        count = (size_t)cJSON_GetArraySize(log);
    }
    return ok;
}

bool auditlog_append(const char *folder, const AuditEntry *entry, Error *err)
{
    FsLock *lock = NULL;
    cJSON *log = NULL;
    char *path = fs_join(folder, AUDITLOG_FILE), *note = NULL;
    bool ok = folder_files_lock(folder, &lock, err) && read_or_keep_aside(path, LOG_MAX, &log, &note, err);
    if (ok) {
        append_note(log, note);
        append(log, new_entry(entry, last_of(log)));
        ok = write_and_rotate(folder, log, err);
    }
    if (!ok) {
        error_context(err, "the log cannot be written");
    }
    cJSON_Delete(log);
    fs_unlock(lock);
    mem_free(note);
    mem_free(path);
    return ok;
}

/* --- checking ------------------------------------------------------------------------------------------ */

/* A backup's manifest, which names an entry of the log. */
typedef struct Witness {
    char *file;
    char *hash;
    char *made; /* as the log writes a time */
    bool found;
} Witness;

typedef struct Witnesses {
    const char *folder;
    Witness *items; /* by hash, once they are sorted */
    size_t count, capacity;
    char *copy; /* of the log, as a sync client makes one where two computers write: "backup_log-PC2.json"; or NULL */
} Witnesses;

static bool is_copy_of_log(const char *name)
{
    const size_t len = strlen(name), stem = sizeof AUDITLOG_FILE - 1 - 5;
    return len > stem + 5 && !strncmp(name, AUDITLOG_FILE, stem) && strchr("- (", name[stem]) &&
           !strcmp(name + len - 5, ".json");
}

static bool collect_witness(void *context, const char *name, const FsInfo *info)
{
    Witnesses *all = context;
    const size_t len = strlen(name), tail = sizeof FOLDER_MANIFEST_SUFFIX - 1;
    if (!info->is_dir && !all->copy && is_copy_of_log(name)) {
        all->copy = mem_strdup(name);
    }
    if (info->is_dir || len <= tail || strcmp(name + len - tail, FOLDER_MANIFEST_SUFFIX) != 0) {
        return true;
    }
    char *path = fs_join(all->folder, name);
    Manifest manifest;
    manifest_init(&manifest);
    if (manifest_read(path, &manifest, NULL) && manifest.log_hash) {
        mem_grow((void **)&all->items, &all->capacity, all->count + 1, sizeof *all->items);
        all->items[all->count++] = (Witness){.file = mem_strdup(manifest.file), .hash = mem_strdup(manifest.log_hash),
                                             .made = clock_log_text(manifest.finished)};
    }
    manifest_release(&manifest);
    mem_free(path);
    return true;
}

static void release_witnesses(Witnesses *all)
{
    for (size_t i = 0; i < all->count; i++) {
        mem_free(all->items[i].file);
        mem_free(all->items[i].hash);
        mem_free(all->items[i].made);
    }
    mem_free(all->items);
    mem_free(all->copy);
}

static int by_hash(const void *a, const void *b)
{
    return strcmp(((const Witness *)a)->hash, ((const Witness *)b)->hash);
}

static void mark_found(Witnesses *all, const char *hash)
{
    size_t from = 0, to = all->count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (strcmp(all->items[middle].hash, hash) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    for (; from < all->count && !strcmp(all->items[from].hash, hash); from++) {
        all->items[from].found = true;
    }
}

typedef struct Chain {
    Witnesses witnesses;
    char begun_anew[32]; /* when a damaged file was put aside last; "": never */
    size_t entries;
    bool linked;   /* an entry with "previous" has been seen */
    bool anew;     /* the entry before says that a file was damaged */
    char last[65]; /* hash of the entry before; "" at the start */
    bool (*visit)(void *context, const AuditLink *link); /* NULL: the first broken link is the Error */
    void *context;
    bool enough;   /* visit wants no more */
} Chain;

static bool says_anew(const cJSON *entry)
{
    const char *previous = json_string(entry, "previous", NULL);
    return previous && !*previous && !strcmp(json_string(entry, "operation", ""), "log");
}

static bool link_holds(const Chain *chain, const cJSON *entry)
{
    const char *previous = json_string(entry, "previous", NULL);
    if (!previous) {
        return !chain->linked;
    }
    return chain->anew || says_anew(entry) || !strcmp(previous, chain->last);
}

/* Goes through a log but for its first `skip` entries. */
static bool check_log(Chain *chain, const cJSON *log, size_t skip, const char *file, Error *err)
{
    size_t place = 0;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, log) {
        place++;
        if (place <= skip) {
            continue;
        }
        const bool follows = link_holds(chain, entry);
        if (!follows && !chain->visit) {
            error_set(err, EK_DAMAGED, "entry %zu of %s (%s) does not follow from the one before it", place, file,
                      json_string(entry, "timestamp", "no time"));
            return error_hint(err, "Entries before it were changed, added or removed by something other than this "
                                   "program.");
        }
        chain->linked = chain->linked || json_string(entry, "previous", NULL);
        chain->anew = says_anew(entry);
        if (chain->anew) {
            snprintf(chain->begun_anew, sizeof chain->begun_anew, "%s", json_string(entry, "timestamp", ""));
        }
        chain->entries++;
        entry_hash(entry, chain->last);
        mark_found(&chain->witnesses, chain->last);
        const AuditLink link = {.entry = entry,
                                .file = file,
                                .number = chain->entries,
                                .hash = chain->last,
                                .previous = json_string(entry, "previous", NULL),
                                .follows = follows};
        if (chain->visit && !chain->visit(chain->context, &link)) {
            chain->enough = true;
            break;
        }
    }
    return true;
}

/* What was put aside as damaged may have had the entry of a backup that was made before. */
static bool check_witnesses(const Chain *chain, Error *err)
{
    const Witness *first = NULL;
    for (size_t i = 0; i < chain->witnesses.count; i++) {
        const Witness *witness = &chain->witnesses.items[i];
        if (!witness->found && strcmp(witness->made, chain->begun_anew) > 0 &&
            (!first || strcmp(witness->made, first->made) < 0)) {
            first = witness;
        }
    }
    if (first) {
        error_set(err, EK_DAMAGED, "the log lacks the entry that was its newest when %s was made (%s)", first->file,
                  first->made);
        if (chain->witnesses.copy) {
            return error_hint(err, "A sync client has kept another version of the log, %s: two computers write here, "
                                   "and the entry is likely in that one.", chain->witnesses.copy);
        }
        return error_hint(err, "Entries at its end, or all of it, were removed by something other than this program; "
                               "or the backup was copied here from another folder.");
    }
    return true;
}

/* The file that must be readable; a damaged one is named. */
static bool read_to_check(const char *path, size_t max, cJSON **log, Error *err)
{
    return read_log(path, max, log, err) || error_context(err, "%s cannot be read", fs_base_name(path));
}

bool auditlog_read(const char *folder, size_t last, cJSON **entries, Error *err)
{
    cJSON *log = NULL;
    char *path = fs_join(folder, AUDITLOG_FILE);
    bool ok = read_to_check(path, LOG_MAX, &log, err); /* it is replaced atomically: no lock */
    if (ok) {
        size_t count = (size_t)cJSON_GetArraySize(log);
        drop_first(log, count > last ? count - last : 0);
        *entries = log;
    }
    mem_free(path);
    return ok;
}

static bool may_mention(const char *path, size_t max, const char *operation)
{
    cJSON *log = NULL;
    bool found = !read_log(path, max, &log, NULL);
    const cJSON *entry;
    cJSON_ArrayForEach(entry, log) {
        const char *named = json_string(entry, "operation", "");
        found = found || !strcmp(named, operation) || !strcmp(named, "log");
    }
    cJSON_Delete(log);
    return found;
}

bool auditlog_mentions(const char *folder, const char *operation)
{
    Years *years = NULL;
    if (!list_years(folder, &years, NULL)) {
        return true;
    }
    char *path = fs_join(folder, AUDITLOG_FILE);
    bool found = may_mention(path, LOG_MAX, operation);
    mem_free(path);
    for (int year = 0; year <= years->newest && !found; year++) {
        if (years->present[year]) {
            path = rotated_path(folder, year);
            found = may_mention(path, ROTATED_MAX, operation);
            mem_free(path);
        }
    }
    mem_free(years);
    return found;
}

char *auditlog_standing(const char *folder, const char *begins, const char *lead, const char *ends,
                        const char *spares)
{
    cJSON *log = NULL;
    const char *standing = NULL;
    const cJSON *entry;
    if (!auditlog_read(folder, AUDITLOG_KEEP, &log, NULL)) {
        return NULL;
    }
    cJSON_ArrayForEach(entry, log) {
        const char *operation = json_string(entry, "operation", ""), *message = json_string(entry, "message", "");
        const bool good = !strcmp(json_string(entry, "status", ""), "success");
        if (good && !strcmp(operation, begins)) {
            standing = message;
        } else if (good && !strcmp(operation, ends) && strncmp(message, spares, strlen(spares)) != 0) {
            standing = NULL;
        }
    }
    const bool led = standing && !strncmp(standing, lead, strlen(lead));
    char *words = mem_strdup(led ? standing + strlen(lead) : standing);
    cJSON_Delete(log);
    return words;
}

char *auditlog_newest_hash(const char *folder)
{
    cJSON *newest = NULL;
    char hex[65];
    if (!auditlog_read(folder, 1, &newest, NULL)) {
        return NULL;
    }
    const cJSON *entry = last_of(newest);
    if (entry) {
        entry_hash(entry, hex);
    }
    cJSON_Delete(newest);
    return entry ? mem_strdup(hex) : NULL;
}

/* One file, and *rotated is then its log (owned). The newest begins with what may stand at the end of the one before.
 * Who only visits does not stop at a file that cannot be read: the first is *unread. */
static bool check_file(Chain *chain, const char *path, bool newest, cJSON **rotated, Error *unread, Error *err)
{
    cJSON *log = NULL;
    Error why = ERROR_INIT;
    bool ok = read_to_check(path, newest ? LOG_MAX : ROTATED_MAX, &log, &why);
    if (ok) {
        ok = check_log(chain, log, newest && *rotated ? seam(*rotated, log) : 0, fs_base_name(path), err);
        cJSON_Delete(*rotated);
        *rotated = log;
    } else if (chain->visit) {
        ok = true;
        if (unread->kind == EK_NONE) {
            error_move(unread, &why);
        }
    } else {
        error_move(err, &why);
    }
    error_clear(&why);
    return ok;
}

static bool check_all(Chain *chain, const char *folder, Error *err)
{
    Years *years = NULL;
    cJSON *rotated = NULL;
    Error unread = ERROR_INIT;
    if (!list_years(folder, &years, err)) {
        return false;
    }
    bool ok = true;
    for (int year = 0; ok && !chain->enough && year <= years->newest; year++) {
        if (years->present[year]) {
            char *path = rotated_path(folder, year);
            ok = check_file(chain, path, false, &rotated, &unread, err);
            mem_free(path);
        }
    }
    if (ok && !chain->enough) {
        char *path = fs_join(folder, AUDITLOG_FILE);
        ok = check_file(chain, path, true, &rotated, &unread, err);
        mem_free(path);
    }
    if (ok && unread.kind != EK_NONE) {
        ok = error_move(err, &unread);
    }
    cJSON_Delete(rotated);
    error_clear(&unread);
    mem_free(years);
    return ok;
}

/* Without the lock only where none can be had, as in a folder that may only be read. */
static bool lock_to_check(const char *folder, FsLock **lock, Error *err)
{
    Error failed = ERROR_INIT;
    const bool ok = folder_files_lock(folder, lock, &failed) || failed.kind != EK_BUSY || error_move(err, &failed);
    error_clear(&failed);
    return ok;
}

bool auditlog_check(const char *folder, size_t *entries, Error *err)
{
    Chain chain = {.witnesses = {.folder = folder}};
    FsLock *lock = NULL;
    bool ok = lock_to_check(folder, &lock, err) && fs_list(folder, collect_witness, &chain.witnesses, err);
    if (ok) {
        if (chain.witnesses.count > 0) {
            qsort(chain.witnesses.items, chain.witnesses.count, sizeof *chain.witnesses.items, by_hash);
        }
        ok = check_all(&chain, folder, err) && check_witnesses(&chain, err);
    }
    if (ok) {
        *entries = chain.entries;
    }
    release_witnesses(&chain.witnesses);
    fs_unlock(lock);
    return ok;
}

bool auditlog_walk(const char *folder, bool (*visit)(void *context, const AuditLink *link), void *context, Error *err)
{
    Chain chain = {.visit = visit, .context = context};
    FsLock *lock = NULL;
    const bool ok = lock_to_check(folder, &lock, err) && check_all(&chain, folder, err);
    fs_unlock(lock);
    return ok;
}

bool auditlog_check_text(const char *bytes, size_t len, size_t *entries, Error *err)
{
    Chain chain = {0};
    cJSON *log = NULL;
    bool ok = parse_log(bytes, len, &log, err) && check_log(&chain, log, 0, AUDITLOG_FILE, err);
    if (ok) {
        *entries = chain.entries;
    }
    cJSON_Delete(log);
    return ok;
}
