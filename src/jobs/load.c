/*
 * load.c: what a proof and a restore begin with: the archive, read to its last byte.
 */
#include "load_private.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "jobs/verify.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "store/folder.h"

#define REMOVE_TRIES 20
#define REMOVE_WAIT_MS 250u

const char load_hint_unproven[] = "Its bytes are as they were saved, but do not rely on this file alone: show this "
                                   "to your IT administrator.";

void load_init(Load *run)
{
    run->manifest_path = folder_manifest_path(run->path);
    progress_init(&run->meter, run->sink, run->started_ms);
    prove_result_init(&run->result);
    archive_init(&run->archive);
    connection_init(&run->connection);
    tools_init(&run->tools);
}

void load_free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(texts[i]);
    }
    mem_free(texts);
}

void load_release(Load *run)
{
    mem_free(run->scratch);
    mem_free(run->copy);
    mem_free(run->database);
    mem_free(run->manifest_path);
    mem_free(run->session);
    mem_free(run->error);
    mem_free(run->detail);
    secret_free_text(run->raw_error);
    mem_free(run->wanted);
    mem_free(run->other_sort);
    load_free_texts(run->forced, run->forced_count);
    load_free_texts(run->skipped, run->skipped_count);
    load_free_texts(run->put_off, run->put_off_count);
    mem_free(run->foreign_owners);
    archive_release(&run->archive);
    tools_release(&run->tools);
    connection_release(&run->connection);
    prove_result_release(&run->result);
    progress_release(&run->meter);
    fs_unlock(run->folder_lock);
}

void load_stage(Load *run, const char *step, double from, double to)
{
    progress_stage(&run->meter, step, from, to, clock_monotonic_ms());
}

/* --- the backup ------------------------------------------------------------------------------------------ */

static void on_read(void *context, const Progress *progress)
{
    Load *run = context;
    progress_update(&run->meter, progress->fraction, progress->bytes, clock_monotonic_ms());
}

/* Every byte, before anything is started. verify_backup takes the folder's lock itself, so ours comes after; that
 * nothing changed between the two is shown by the manifest that is read again under ours. */
bool load_read_backup(Load *run, Error *err)
{
    const JobSink inner = {.progress = on_read, .context = run, .actor = job_actor(run->sink)};
    VerifyResult verified;
    FsFile *file = NULL;
    bool ok = false;
    verify_result_init(&verified);
    load_stage(run, "Checking every byte", 0, PART_READ);
    ok = run->record ? verify_backup(run->path, true, &inner, run->cancel, &verified, err)
                           : verify_file(run->path, &inner, run->cancel, &verified, err);
    run->foreign = ok && (!verified.had_manifest || manifest_is_adopted(&verified.manifest));
    if (ok && run->record && verified.not_kept == NULL) {
        char *folder = fs_dir_name(run->path);
        ok = folder_lock_wait(folder, run->sink, run->cancel, &run->folder_lock, err) &&
             manifest_read(run->manifest_path, &run->result.manifest, err);
        mem_free(folder);
        if (ok && strcmp(run->result.manifest.sha256, verified.manifest.sha256) != 0) {
            ok = error_set(err, EK_BUSY, "another job changed %s at the same time", fs_base_name(run->path));
            error_hint(err, "Try again.");
        }
    } else if (ok) {
        run->result.manifest = verified.manifest;
        manifest_init(&verified.manifest);
        run->result.not_kept = verified.not_kept;
        verified.not_kept = NULL;
    }
    ok = ok && fs_open_read(run->path, &file, err) && archive_read_toc(file, &run->archive, err);
    fs_close(file, NULL);
    for (size_t i = 0; ok && i < run->result.manifest.table_count; i++) {
        run->bytes_all += run->result.manifest.tables[i].bytes;
    }
    verify_result_release(&verified);
    return ok;
}

/* --- the scratch folder ----------------------------------------------------------------------------------- */

char *load_random_name(const char *prefix, Error *err)
{
    uint64_t number;
    if (!machine_random(&number, sizeof number)) {
        error_set(err, EK_INTERNAL, "the system gave no random bytes");
        return NULL;
    }
    return mem_printf("%s%016" PRIx64, prefix, number);
}

bool load_name_scratch(Load *run, const char *base, Error *err)
{
    char *name = load_random_name(PROVE_FOLDER_PREFIX, err);
    run->scratch = name == NULL ? NULL : fs_join(base, name);
    mem_free(name);
    return run->scratch != NULL;
}

/* --- afterwards -------------------------------------------------------------------------------------------- */

/* A folder whose server has only just ended may be busy for a moment. */
void load_drop_scratch(Load *run)
{
    engine_discard(run->engine);
    run->engine = NULL;
    Error why = ERROR_INIT;
    bool gone = run->scratch == NULL || !fs_exists(run->scratch);
    for (int i = 0; !gone && i < REMOVE_TRIES; i++) {
        error_clear(&why);
        gone = fs_remove_tree(run->scratch, &why);
        if (!gone) {
            cancel_wait(NULL, REMOVE_WAIT_MS);
        }
    }
    if (!gone) {
        job_log(run->sink, LOG_WARNING, "\"%s\" stays for now: %s", run->scratch, why.message);
    }
    error_clear(&why);
    if (run->scratch_lock != NULL) {
        char *lock_path = mem_printf("%s%s", run->scratch, PROVE_LOCK_SUFFIX);
        fs_unlock(run->scratch_lock);
        run->scratch_lock = NULL;
        fs_remove(lock_path, NULL);
        mem_free(lock_path);
    }
}
