/*
 * folder_wanted.c: work that gives way. Checks that nobody waits for hold FOLDER_CHECK_LOCK_FILE for as long as they
 * last, and the folder's lock for each file. Who wants that lock and does not get it looks whether such checks are at
 * work, and leaves FOLDER_WANTED_FILE, which they look for; it goes with who left it. What a crash left of it stops the
 * next checks no more than once: they take it away when they begin.
 */
#include "store/folder.h"

#include "base/mem.h"
#include "platform/cancel.h"

#define FOLDER_WANTED_FILE ".cmms-backup.wanted"
#define WAIT_MS 30000u       /* of who cannot be stopped */
#define WAIT_LONG_MS 300000u /* a disk that stalls */
#define WAIT_STEP_MS 50u     /* at first; of who waits for longer nobody notices half a second */
#define WAIT_MORE_MS 500u
#define WAIT_FIRST_MS 2000u

bool folder_check_lock(const char *folder, FsLock **lock, Error *err)
{
    char *path = fs_join(folder, FOLDER_CHECK_LOCK_FILE), *wanted = fs_join(folder, FOLDER_WANTED_FILE);
    Error why = ERROR_INIT;
    const bool ok = fs_lock(path, lock, &why);
    if (ok) {
        fs_remove(wanted, NULL);
    } else if (why.kind == EK_BUSY) {
        error_set(err, EK_BUSY, "another program is checking the backups in this folder");
    } else {
        error_context(&why, "the backup folder cannot be locked for checks");
        error_move(err, &why);
    }
    error_clear(&why);
    mem_free(wanted);
    mem_free(path);
    return ok;
}

bool folder_is_wanted(const char *folder)
{
    char *path = fs_join(folder, FOLDER_WANTED_FILE);
    const bool wanted = fs_exists(path);
    mem_free(path);
    return wanted;
}

bool folder_is_taken(const char *folder)
{
    char *path = fs_join(folder, FOLDER_LOCK_FILE);
    FsLock *lock = NULL;
    const bool taken = !fs_lock(path, &lock, NULL);
    fs_unlock(lock);
    mem_free(path);
    return taken;
}

/* Whether checks are at work there now. Makes no file where there never were any. */
static bool is_checked(const char *folder)
{
    char *path = fs_join(folder, FOLDER_CHECK_LOCK_FILE);
    FsLock *lock = NULL;
    Error why = ERROR_INIT;
    const bool held = fs_exists(path) && !fs_lock(path, &lock, &why) && why.kind == EK_BUSY;
    fs_unlock(lock);
    error_clear(&why);
    mem_free(path);
    return held;
}

/* Nobody reads it, so nothing can be torn. Another who waited takes it away with his own. */
static bool leave_mark(const char *wanted)
{
    FsFile *file = NULL;
    const bool ok = fs_exists(wanted) || fs_create_new(wanted, &file, NULL) || fs_exists(wanted);
    fs_close(file, NULL);
    return ok;
}

bool folder_await_checks(const char *folder, const char *lock_path, const JobSink *sink, const Cancel *cancel,
                         FsLock **lock, Error *err)
{
    if (!is_checked(folder)) {
        return false;
    }
    const unsigned limit = cancel ? WAIT_LONG_MS : WAIT_MS;
    char *wanted = fs_join(folder, FOLDER_WANTED_FILE);
    bool ok = false, checked = true;
    job_log(sink, LOG_INFO, "Waiting for a check of the backups in this folder to stop...");
    for (unsigned waited = 0, step = 0; leave_mark(wanted); waited += step) {
        ok = fs_lock(lock_path, lock, NULL);
        if (ok || !checked) {
            break; /* a job that is no check has it */
        }
        if (waited >= limit) {
            error_set(err, EK_BUSY, "a check of the backups in this folder does not stop");
            break;
        }
        step = waited < WAIT_FIRST_MS ? WAIT_STEP_MS : WAIT_MORE_MS;
        if (cancel_wait(cancel, step)) {
            error_set(err, EK_CANCELLED, "stopped at your request");
            break;
        }
        checked = is_checked(folder);
    }
    fs_remove(wanted, NULL);
    mem_free(wanted);
    return ok;
}
