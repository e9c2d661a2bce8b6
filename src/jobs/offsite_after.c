/*
 * offsite_after.c: the copies that the settings ask for.
 *
 * What is to get there: the backups that are noted to wait; the one that was made just now; and the newest good one,
 * if nothing is known of it, for a program may be killed between a backup and its note. Each is noted to wait before it
 * is tried, so that whoever is killed on the way leaves it to the next run; what is noted is read anew before each,
 * because another program may have brought it there.
 */
#include "jobs/offsite.h"

#include <string.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/catalog.h"
#include "store/copies.h"
#include "store/settings.h"

#define REST 900 /* seconds that a failed one rests, where no backup was made: runs may come at any moment */

static const unsigned pauses[] = {60, 300, 900}; /* seconds between the tries */
#define PAUSE_COUNT (sizeof pauses / sizeof pauses[0])

typedef struct After {
    const OffsiteWorld *world;
    const OffsiteAfterSpec *spec;
    const JobSink *sink;
    const Cancel *cancel;
    OffsiteAfter *result;
    Catalog catalog; /* with its copies, as they are now */
    char **tried;    /* owned: names, each is tried once */
    size_t tried_count;
} After;

void offsite_after_init(OffsiteAfter *after)
{
    *after = (OffsiteAfter){.asked = false};
}

void offsite_after_release(OffsiteAfter *after)
{
    mem_free(after->warning);
    offsite_after_init(after);
}

/* Takes the text. The first that went wrong is what counts. */
static void warn(After *after, char *text)
{
    job_log(after->sink, LOG_WARNING, "%s", text);
    if (after->result->warning == NULL) {
        after->result->warning = text;
    } else {
        mem_free(text);
    }
}

static bool look(After *after, Error *err)
{
    Copies copies;
    copies_init(&copies);
    const bool ok = catalog_load(after->spec->folder, after->world->now(after->world->context), &after->catalog, err) &&
                    copies_load(after->spec->folder, &copies, err);
    if (ok) {
        catalog_add_copies(&after->catalog, &copies);
    }
    copies_release(&copies);
    return ok;
}

static bool was_made(const After *after, const CatalogEntry *entry)
{
    return after->spec->made != NULL && strcmp(fs_base_name(after->spec->made), entry->name) == 0;
}

static bool is_waiting(const CatalogEntry *entry)
{
    return catalog_is_good(entry) && entry->copy != NULL && entry->copy->state == COPY_WAITING;
}

static bool was_tried(const After *after, const char *name)
{
    for (size_t i = 0; i < after->tried_count; i++) {
        if (strcmp(after->tried[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool rests(const After *after, const CatalogEntry *entry)
{
    const int64_t since = entry->copy == NULL ? 0 : entry->copy->tried;
    const int64_t now = after->world->now(after->world->context);
    return after->spec->made == NULL && since > 0 && since <= now && now - since < REST;
}

/* The newest that is to go; NULL: nothing more is. */
static const CatalogEntry *next(const After *after)
{
    bool newest = true; /* of our good ones */
    for (size_t i = 0; i < after->catalog.count; i++) {
        const CatalogEntry *entry = &after->catalog.entries[i];
        if (!catalog_is_good(entry)) {
            continue;
        }
        const bool wanted = is_waiting(entry) ||
                            (entry->copy == NULL && (was_made(after, entry) || (newest && entry->ours)));
        newest = newest && !entry->ours;
        if (wanted && !was_tried(after, entry->name) && !rests(after, entry)) {
            return entry;
        }
    }
    return NULL;
}

static bool note_waiting(After *after, const CatalogEntry *entry, int64_t tried, const char *text, Error *err)
{
    const Copy copy = {.file = entry->name,
                       .bytes = entry->size,
                       .sha256 = entry->sha256,
                       .level = entry->level,
                       .created = entry->created,
                       .state = COPY_WAITING,
                       .when = after->world->now(after->world->context),
                       .tried = tried,
                       .text = (char *)text};
    return copies_note(after->spec->folder, &copy, err);
}

static bool may_pass(const Error *err)
{
    return err->kind == EK_CONNECT || err->kind == EK_BUSY;
}

static bool upload(After *after, const char *path, Error *err)
{
    const OffsiteWorld *world = after->world;
    for (size_t i = 0;; i++) {
        Error why = ERROR_INIT;
        if (world->upload(world->context, path, after->sink, after->cancel, &why)) {
            return true;
        }
        if (!may_pass(&why) || i == PAUSE_COUNT || !after->spec->patient) {
            return error_move(err, &why);
        }
        char *text = error_text(&why);
        job_log(after->sink, LOG_WARNING, "The copy to SharePoint is tried again in %u minute%s: %s", pauses[i] / 60,
                pauses[i] == 60 ? "" : "s", text);
        mem_free(text);
        error_clear(&why);
        if (world->wait(world->context, pauses[i], after->cancel)) {
            return error_set(err, EK_CANCELLED, "stopped at your request");
        }
    }
}

/* What says something of that file alone does not keep the others. */
static bool is_of_the_file(const Error *why)
{
    return why->kind == EK_DAMAGED || why->kind == EK_IO || why->kind == EK_USAGE;
}

static char *failure_text(const CatalogEntry *entry, const Error *why)
{
    char *text = error_text(why);
    const size_t len = strlen(text);
    char *whole = mem_printf("%s has no copy on SharePoint yet: %s%s It goes on with the next backup or run of the "
                             "schedule, or when somebody uploads it.", entry->name, text,
                             len > 0 && text[len - 1] == '.' ? "" : ".");
    mem_free(text);
    return whole;
}

/* False: nothing more is tried. */
static bool bring_one(After *after, const CatalogEntry *entry)
{
    Error why = ERROR_INIT;
    char *path = fs_join(after->spec->folder, entry->name);
    after->tried = mem_resize(after->tried, after->tried_count + 1, sizeof *after->tried);
    after->tried[after->tried_count++] = mem_strdup(entry->name);
    bool go_on = true;
    if (entry->copy == NULL && !note_waiting(after, entry, 0, NULL, &why)) {
        /* It is tried all the same: one that gets there need not be remembered as waiting. */
        job_log(after->sink, LOG_WARNING, "%s", why.message);
        error_clear(&why);
    }
    if (upload(after, path, &why)) {
        after->result->uploaded++;
    } else {
        go_on = is_of_the_file(&why);
        char *text = why.kind == EK_CANCELLED ? mem_strdup("the upload was stopped") : error_text(&why);
        note_waiting(after, entry, after->world->now(after->world->context), text, NULL); /* it is told in any case */
        mem_free(text);
        warn(after, failure_text(entry, &why));
    }
    error_clear(&why);
    mem_free(path);
    return go_on;
}

static void tell_weak(After *after)
{
    for (size_t i = 0; after->spec->made != NULL && i < after->catalog.count; i++) {
        const CatalogEntry *entry = &after->catalog.entries[i];
        if (was_made(after, entry) && !catalog_is_good(entry)) {
            warn(after, mem_printf("%s is not verified, so it is not copied to SharePoint. Make another backup.",
                                   entry->name));
        }
    }
}

static void bring_all(After *after)
{
    Error why = ERROR_INIT;
    bool first = true, go_on = true;
    while (go_on) {
        if (!look(after, &why)) {
            char *text = error_text(&why);
            warn(after, mem_printf("Nothing was copied to SharePoint: %s", text));
            mem_free(text);
            break;
        }
        if (first) {
            tell_weak(after);
            first = false;
        }
        const CatalogEntry *entry = next(after);
        go_on = entry != NULL && bring_one(after, entry);
    }
    if (why.kind == EK_NONE && look(after, NULL)) {
        for (size_t i = 0; i < after->catalog.count; i++) {
            after->result->waiting += is_waiting(&after->catalog.entries[i]);
        }
    }
    error_clear(&why);
}

/* Copies were made from here, or a place for them is set up. */
static bool may_be_asked_for(const char *folder)
{
    Copies copies;
    copies_init(&copies);
    const bool may = (copies_load(folder, &copies, NULL) && copies.count > 0) || offsite_is_set_up(NULL);
    copies_release(&copies);
    return may;
}

void offsite_after_in(const OffsiteWorld *world, const OffsiteAfterSpec *spec, const JobSink *sink,
                      const Cancel *cancel, OffsiteAfter *result)
{
    After after = {.world = world, .spec = spec, .sink = sink, .cancel = cancel, .result = result};
    Settings settings;
    Error why = ERROR_INIT;
    offsite_after_release(result);
    settings_init(&settings);
    catalog_init(&after.catalog);
    if (!settings_load(spec->folder, &settings, &why)) {
        char *text = error_text(&why);
        warn(&after, mem_printf("Whether copies go to SharePoint cannot be said: %s", text));
        mem_free(text);
    } else if (settings.upload_after_backup) {
        result->asked = true;
        bring_all(&after);
    } else if (!settings_knows(&settings, "upload_after_backup") && may_be_asked_for(spec->folder)) {
        warn(&after, mem_printf("Whether copies go to SharePoint cannot be said: %s. Look at the settings, and save "
                                "them", settings.unsure));
    }
    for (size_t i = 0; i < after.tried_count; i++) {
        mem_free(after.tried[i]);
    }
    mem_free(after.tried);
    catalog_release(&after.catalog);
    settings_release(&settings);
    error_clear(&why);
}

/* --- the world ------------------------------------------------------------------------------------------- */

static int64_t world_now(void *context)
{
    (void)context;
    return clock_now();
}

static bool world_wait(void *context, unsigned seconds, const Cancel *cancel)
{
    (void)context;
    return cancel_wait(cancel, seconds * 1000);
}

static bool world_upload(void *context, const char *path, const JobSink *sink, const Cancel *cancel, Error *err)
{
    UploadResult result;
    (void)context;
    upload_result_init(&result);
    const bool ok = offsite_upload(path, sink, cancel, &result, err);
    upload_result_release(&result);
    return ok;
}

void offsite_after(const OffsiteAfterSpec *spec, const JobSink *sink, const Cancel *cancel, OffsiteAfter *after)
{
    static const OffsiteWorld world = {world_now, world_wait, world_upload, NULL};
    offsite_after_in(&world, spec, sink, cancel, after);
}
