/*
 * catalog.c: one listing of the folder tells sizes, times and which manifests there are; only those are opened.
 * What a manifest says counts only when it names this file and this size: a copy or a file that was written to
 * is "Not verified", whatever lies beside it.
 */
#include "store/catalog.h"

#include <limits.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/utf.h"
#include "platform/fs.h"
#include "store/folder.h"

#define BACKUP_SUFFIX ".backup"
#define SECONDS_A_DAY 86400

void catalog_init(Catalog *catalog)
{
    *catalog = (Catalog){NULL, 0};
}

bool catalog_is_good(const CatalogEntry *entry)
{
    return level_is_good(entry->level) && !entry->contents;
}

void catalog_release(Catalog *catalog)
{
    for (size_t i = 0; i < catalog->count; i++) {
        mem_free(catalog->entries[i].name);
        mem_free(catalog->entries[i].sha256);
        copy_free(catalog->entries[i].copy);
        mem_free(catalog->entries[i].pin_reason);
        mem_free(catalog->entries[i].source);
        mem_free(catalog->entries[i].contents);
        mem_free(catalog->entries[i].alarm);
        source_release(&catalog->entries[i].from);
        mem_free(catalog->entries[i].exported);
        mem_free(catalog->entries[i].note);
    }
    mem_free(catalog->entries);
    catalog_init(catalog);
}

/* The listing: an entry for each backup, still without what its manifest says, and the manifests' names. */
typedef struct Listing {
    Catalog found;
    size_t found_capacity;
    char **manifests; /* owned */
    size_t manifest_count, manifest_capacity;
} Listing;

/* Without regard to case, as Windows sees names. */
static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);
    return len > suffix_len && !utf8_casecmp(name + len - suffix_len, suffix);
}

/* Takes `note`, which goes before what is already there. */
static void add_note(CatalogEntry *entry, char *note)
{
    char *old = entry->note;
    entry->note = old ? mem_printf("%s; %s", note, old) : mem_strdup(note);
    mem_free(old);
    mem_free(note);
}

/* What name and size say. */
static CatalogEntry new_entry(const char *name, uint64_t size, int64_t modified)
{
    CatalogEntry entry = {.name = mem_strdup(name),
                          .size = size,
                          .created = modified,
                          .level = LEVEL_NONE,
                          .rows = -1,
                          .large_objects = -1,
                          .seconds = -1};
    int64_t named = 0;
    entry.ours = folder_parse_name(name, &named);
    if (entry.ours) {
        entry.created = named;
    } else if (folder_is_copy_name(name)) {
        entry.note = mem_strdup("it is a copy of a backup, made by a person or by a sync client");
    }
    return entry;
}

static bool collect(void *context, const char *name, const FsInfo *info)
{
    Listing *listing = context;
    if (info->is_dir) {
        return true;
    }
    if (ends_with(name, FOLDER_MANIFEST_SUFFIX)) {
        mem_grow((void **)&listing->manifests, &listing->manifest_capacity, listing->manifest_count + 1,
                 sizeof *listing->manifests);
        listing->manifests[listing->manifest_count++] = mem_strdup(name);
    } else if (ends_with(name, BACKUP_SUFFIX)) {
        mem_grow((void **)&listing->found.entries, &listing->found_capacity, listing->found.count + 1,
                 sizeof *listing->found.entries);
        CatalogEntry *entry = &listing->found.entries[listing->found.count++];
        *entry = new_entry(name, info->size, info->modified);
        entry->offline = info->is_offline;
        if (info->is_offline) {
            add_note(entry, mem_strdup("it is kept in the cloud only and must be downloaded before it can be read"));
        }
    }
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_manifest(const Listing *listing, const char *manifest_name)
{
    return listing->manifest_count && bsearch(&manifest_name, listing->manifests, listing->manifest_count,
                                              sizeof *listing->manifests, compare_names);
}

/* When it was made; where this PC's clock was wrong by more than a day, by the server's. */
static int64_t moment_of(const Manifest *manifest)
{
    const int64_t ahead = manifest->started - manifest->server_time;
    return manifest->server_time && (ahead > SECONDS_A_DAY || ahead < -SECONDS_A_DAY) ? manifest->server_time
                                                                                      : manifest->started;
}

static void apply_manifest(CatalogEntry *entry, const Manifest *manifest)
{
    if (strcmp(manifest->file, entry->name) != 0) {
        add_note(entry, mem_printf("its manifest is that of another file (%s)", manifest->file));
        return;
    }
    entry->has_manifest = true;
    entry->sha256 = mem_strdup(manifest->sha256);
    entry->created = moment_of(manifest) ? moment_of(manifest) : entry->created;
    entry->rows = manifest_rows(manifest);
    entry->large_objects = manifest->large_objects;
    entry->seconds = manifest->seconds;
    entry->pinned = manifest->pinned;
    entry->pin_reason = mem_strdup(manifest->pin_reason);
    source_of_manifest(manifest, &entry->from);
    entry->source = source_label(&entry->from);
    entry->contents = mem_strdup(manifest->contents);
    entry->proven = manifest->proven_at;
    entry->read = manifest->read_at > manifest->verified_at ? manifest->read_at : manifest->verified_at;
    entry->alarm = manifest->alarm_confirmed ? NULL : mem_strdup(manifest->alarm);
    entry->confirmed = manifest->alarm && manifest->alarm_confirmed;
    if (entry->contents) {
        add_note(entry, mem_strdup(strcmp(entry->contents, "schema") ? "it holds rows, but no tables for them"
                                                                     : "it holds no rows"));
    }
    if (manifest->bytes != entry->size) {
        add_note(entry, mem_strdup("its size differs from the manifest"));
        entry->level = manifest->level == LEVEL_BAD ? LEVEL_BAD : LEVEL_NONE; /* somebody has read it since */
        return;
    }
    entry->level = manifest->level;
    if (entry->level == LEVEL_VERIFIED) { /* older versions also said so of what was never compared */
        entry->level = manifest_level(manifest);
    }
    if (entry->level == LEVEL_BAD) {
        add_note(entry, mem_strdup("it failed a check"));
    }
}

static void read_manifest(const char *folder, const char *manifest_name, CatalogEntry *entry)
{
    char *path = fs_join(folder, manifest_name);
    Manifest manifest;
    Error failed = ERROR_INIT;
    manifest_init(&manifest);
    if (manifest_read(path, &manifest, &failed)) {
        apply_manifest(entry, &manifest);
    } else if (failed.kind != EK_NOT_FOUND) { /* gone since the listing */
        add_note(entry, mem_printf("its manifest cannot be used: %s", failed.message));
    }
    error_clear(&failed);
    manifest_release(&manifest);
    mem_free(path);
}

static int newest_first(const void *a, const void *b)
{
    const CatalogEntry *x = a, *y = b;
    if (x->created != y->created) {
        return x->created < y->created ? 1 : -1;
    }
    return -strcmp(x->name, y->name);
}

static int age_in_days(int64_t created, int64_t now)
{
    if (created >= now) {
        return 0;
    }
    uint64_t days = ((uint64_t)now - (uint64_t)created) / SECONDS_A_DAY;
    return days > INT_MAX ? INT_MAX : (int)days;
}

void catalog_sort(Catalog *catalog, int64_t now)
{
    for (size_t i = 0; i < catalog->count; i++) {
        catalog->entries[i].age_days = age_in_days(catalog->entries[i].created, now);
    }
    if (catalog->count) {
        qsort(catalog->entries, catalog->count, sizeof *catalog->entries, newest_first);
    }
}

void catalog_add(Catalog *catalog, const char *name, uint64_t size, const Manifest *manifest)
{
    catalog->entries = mem_resize(catalog->entries, catalog->count + 1, sizeof *catalog->entries);
    CatalogEntry *entry = &catalog->entries[catalog->count++];
    *entry = new_entry(name, size, 0);
    if (manifest) {
        apply_manifest(entry, manifest);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(CatalogEntry *const *)a)->name, (*(CatalogEntry *const *)b)->name);
}

void catalog_add_exports(Catalog *catalog, const cJSON *entries)
{
    if (catalog->count == 0) {
        return;
    }
    CatalogEntry **sorted = mem_array(catalog->count, sizeof *sorted);
    for (size_t i = 0; i < catalog->count; i++) {
        sorted[i] = &catalog->entries[i];
    }
    qsort(sorted, catalog->count, sizeof *sorted, by_name);
    const cJSON *entry;
    cJSON_ArrayForEach(entry, entries) {
        const char *file = json_string(entry, "backup_file", NULL);
        const char *operation = json_string(entry, "operation", "");
        if (!file || (strcmp(operation, "export") != 0 && strcmp(operation, "upload") != 0) ||
            strcmp(json_string(entry, "status", ""), "success") != 0) {
            continue;
        }
        CatalogEntry wanted = {.name = mem_strdup(file)};
        const CatalogEntry *key = &wanted;
        CatalogEntry **found = bsearch(&key, sorted, catalog->count, sizeof *sorted, by_name);
        mem_free(wanted.name);
        if (found && json_int(entry, "file_size", -1) == (int64_t)(*found)->size) {
            mem_free((*found)->exported);
            (*found)->exported = mem_strdup(json_string(entry, "timestamp", "?"));
        }
    }
    mem_free(sorted);
}

void catalog_add_copies(Catalog *catalog, const Copies *copies)
{
    for (size_t i = 0; copies->count > 0 && i < catalog->count; i++) {
        CatalogEntry *entry = &catalog->entries[i];
        const Copy *copy = copies_find(copies, entry->name, entry->size, entry->sha256);
        copy_free(entry->copy);
        entry->copy = copy ? copy_new(copy) : NULL;
    }
}

bool catalog_load(const char *folder, int64_t now, Catalog *catalog, Error *err)
{
    Listing listing = {0};
    bool ok = fs_list(folder, collect, &listing, err);
    if (ok) {
        if (listing.manifest_count) {
            qsort(listing.manifests, listing.manifest_count, sizeof *listing.manifests, compare_names);
        }
        for (size_t i = 0; i < listing.found.count; i++) {
            CatalogEntry *entry = &listing.found.entries[i];
            char *manifest_name = folder_manifest_path(entry->name);
            if (has_manifest(&listing, manifest_name)) {
                read_manifest(folder, manifest_name, entry);
            }
            mem_free(manifest_name);
        }
        catalog_sort(&listing.found, now);
        catalog_release(catalog);
        *catalog = listing.found;
        catalog_init(&listing.found);
    } else {
        error_context(err, "the backups cannot be listed");
    }
    catalog_release(&listing.found);
    for (size_t i = 0; i < listing.manifest_count; i++) {
        mem_free(listing.manifests[i]);
    }
    mem_free(listing.manifests);
    return ok;
}

CatalogLast catalog_last(const char *folder, const Connection *connection)
{
    Catalog catalog;
    Error why = ERROR_INIT;
    Source source;
    CatalogLast last = {0, 0, 0};
    source_init(&source);
    source_of_connection(connection, &source);
    catalog_init(&catalog);
    if (catalog_load(folder, 0, &catalog, &why)) {
        for (size_t i = 0; i < catalog.count && last.bytes == 0; i++) {
            const CatalogEntry *entry = &catalog.entries[i];
            if (source_answers(&entry->from, &source) && entry->level > LEVEL_NONE && entry->level != LEVEL_BAD &&
                !entry->contents) {
                last = (CatalogLast){entry->seconds > 0 ? entry->seconds : 0, entry->size, entry->created};
            }
        }
    }
    error_clear(&why);
    catalog_release(&catalog);
    source_release(&source);
    return last;
}
