/*
 * gather.c: the scratch folder is one of those that prove_clean_up knows (prove-…), and its lock is held before it is
 * made, so that what an interrupted job leaves is taken away by the next, and what is in use is not.
 */
#include "gather.h"

#include <string.h>

#include "archive/join.h"
#include "base/mem.h"
#include "base/number.h"
#include "load_private.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/folder.h"

#define DAMAGED_HINT "Do not rely on this file; make a new backup now, or use an older one marked Verified."
#define RESERVE (256u * 1024u * 1024u)   /* bytes that are left free */
#define LOOK_STEP (64u * 1024u * 1024u)  /* bytes written between two looks at what is free */

const char gather_not_kept[] = "it is no file of the custom format (pg_dump -Fc), which alone get a manifest";

struct Gathered {
    char *scratch, *lock_path, *path;
    FsLock *lock;
    FsFile *file; /* open for writing, so that nobody else does */
    uint64_t bytes;
};

const char *gathered_path(const Gathered *gathered, const char *path)
{
    return gathered == NULL ? path : gathered->path;
}

uint64_t gathered_bytes(const Gathered *gathered)
{
    return gathered->bytes;
}

void gathered_drop(Gathered *gathered, const JobSink *sink)
{
    Error why = ERROR_INIT;
    if (gathered == NULL) {
        return;
    }
    fs_close(gathered->file, NULL);
    if (gathered->lock != NULL && fs_exists(gathered->scratch) && !fs_remove_tree(gathered->scratch, &why)) {
        job_log(sink, LOG_WARNING, "\"%s\" stays for now: %s", gathered->scratch, why.message);
    }
    if (gathered->lock != NULL) {
        fs_unlock(gathered->lock);
        fs_remove(gathered->lock_path, NULL);
    }
    error_clear(&why);
    mem_free(gathered->path);
    mem_free(gathered->lock_path);
    mem_free(gathered->scratch);
    mem_free(gathered);
}

bool gather_explain(const char *path, Error *err)
{
    if (err->kind == EK_DAMAGED) {
        error_context(err, "%s is damaged", fs_base_name(path));
        if (err->hint == NULL) {
            error_hint(err, "%s", DAMAGED_HINT);
        }
    } else if (err->kind == EK_FOREIGN) {
        error_context(err, "%s is no backup of this kind", fs_base_name(path));
    } else if (err->kind != EK_CANCELLED) {
        error_context(err, "%s could not be checked", fs_base_name(path));
    }
    return false;
}

/* --- the scratch folder ----------------------------------------------------------------------------------- */

/* The copy has the archive's own name, by which every message calls it. */
static bool make_scratch(Gathered *gathered, const char *plain, Error *err)
{
    const char *name = fs_base_name(plain);
    const bool is_name = name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    char *base = machine_local_data_dir();
    if (base == NULL) {
        return error_set(err, EK_SETTINGS, "this user has no folder for the program's data");
    }
    char *folder = load_random_name(PROVE_FOLDER_PREFIX, err);
    bool ok = folder != NULL && fs_make_dirs(base, err);
    if (ok) {
        gathered->scratch = fs_join(base, folder);
        gathered->lock_path = mem_printf("%s%s", gathered->scratch, PROVE_LOCK_SUFFIX);
        gathered->path = fs_join(gathered->scratch, is_name ? name : "archive");
        ok = fs_lock(gathered->lock_path, &gathered->lock, err) && fs_make_private_dir(gathered->scratch, err) &&
             fs_create_new(gathered->path, &gathered->file, err);
    }
    mem_free(folder);
    mem_free(base);
    return ok;
}

/* --- the copy ---------------------------------------------------------------------------------------------- */

typedef struct Gathering {
    Gathered *gathered;
    const JobSink *sink;
    uint64_t written, looked;
} Gathering;

static bool has_room(const Gathered *gathered, Error *err)
{
    uint64_t available = 0;
    if (!fs_free_space(gathered->scratch, &available, err)) {
        return false;
    }
    if (available < RESERVE) {
        error_set(err, EK_SPACE, "the disk with \"%s\" has no room for the rows as they are when they are not packed",
                  gathered->scratch);
        return error_hint(err, "Free some space there.");
    }
    return true;
}

/* What is packed well may become a hundred times as much: looked at on the way, not guessed. */
static bool write_copy(void *context, const void *bytes, size_t len, Error *err)
{
    Gathering *gathering = context;
    gathering->written += len;
    if (gathering->written - gathering->looked >= LOOK_STEP) {
        gathering->looked = gathering->written;
        if (!has_room(gathering->gathered, err)) {
            return false;
        }
    }
    return fs_write(gathering->gathered->file, bytes, len, err);
}

static void show(void *context, uint64_t done, uint64_t total)
{
    const Gathering *gathering = context;
    (void)total; /* the whole is the job's, of which nothing is done yet */
    const Progress progress = {.step = "Reading the archive's files", .bytes = done, .seconds_left = -1};
    job_progress(gathering->sink, &progress);
}

static bool make_copy(Gathered *gathered, const char *plain, ArchiveForm form, const JobSink *sink,
                      const Cancel *cancel, Error *err)
{
    Gathering gathering = {.gathered = gathered, .sink = sink};
    ArchiveJoin join = {.write = write_copy, .progress = show, .context = &gathering, .cancel = cancel};
    const bool ok = make_scratch(gathered, plain, err) && has_room(gathered, err) &&
                    archive_join(plain, form, &join, err);
    gathered->bytes = join.bytes;
    return ok;
}

/* A file of ours that holds something else now is not taken for another's. */
static ArchiveForm form_of(const char *path)
{
    char *manifest = folder_manifest_path(path);
    const bool ours = fs_exists(manifest);
    mem_free(manifest);
    return ours ? ARCHIVE_FORM_FILE : archive_form(path);
}

bool gather_archive(const char *path, const JobSink *sink, const Cancel *cancel, Gathered **out, Error *err)
{
    const ArchiveForm form = form_of(path);
    Error failed = ERROR_INIT;
    *out = NULL;
    if (form == ARCHIVE_FORM_FILE) {
        return true;
    }
    char *plain = archive_form_path(path, form);
    Gathered *gathered = mem_alloc(sizeof *gathered);
    job_log(sink, LOG_INFO, "%s is an archive in pg_dump's %s format: its files are read into one",
            fs_base_name(plain), form == ARCHIVE_FORM_TAR ? "tar" : "directory");
    const bool ok = make_copy(gathered, plain, form, sink, cancel, &failed);
    if (ok) {
        *out = gathered;
    } else {
        gathered_drop(gathered, sink);
        gather_explain(plain, &failed);
        error_move(err, &failed);
    }
    mem_free(plain);
    return ok;
}
