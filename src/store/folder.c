/*
 * folder.c: the backup folder.
 *
 * Two locks guard it. FOLDER_LOCK_FILE is held for a whole job (backup, clean-up, verification that writes a
 * manifest); its holder writes who it is into a file beside it, since a locked file cannot be read on Windows. That
 * file is its computer's own: a sync client may bring the folder to several, and a lock reaches no further than the
 * disk it is on. For the same reason folder_clean_up takes only what it knows to have been left here.
 * FOLDER_FILES_LOCK_FILE is held for moments, by whoever rewrites the log or the settings, which happens
 * outside of jobs too. folder_clean_up runs under the first and takes the second, so a temporary file that it
 * sees belongs to nobody that lives. Beside them there is UPLOAD_LOCK_FILE, which an upload holds for hours and a
 * removal for a moment.
 */
#include "store/folder.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/utf.h"
#include "platform/cancel.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "platform/share.h"
#include "postgres/userprofile.h"
#include "store/auditlog.h"
#include "store/copies.h"
#include "store/heartbeat.h"
#include "store/ledger.h"
#include "store/retention.h"
#include "store/settings.h"
#include "version.h"

#define FOLDER_NAME "AIT_CMMS_Backups"
#define NAME_PREFIX "cmms_backup_"
#define NAME_SUFFIX ".backup"
#define HOLDER_PREFIX ".cmms-backup.holder-"   /* and the computer's name, and .json: who has FOLDER_LOCK_FILE */
#define HOLDER_SUFFIX ".json"
#define HOLDER_MAX 4096u                       /* bytes of it */
#define NOBODYS_PARTIAL 604800                 /* a partial whose maker is not known: left when it is a week old */
#define UPLOAD_LOCK_FILE ".cmms-backup.upload.lock"
#define UPLOAD_FILE ".cmms-backup.upload.json" /* what is uploaded by who has that lock; without one it says nothing */
#define JOB_MAX 32u                            /* letters of its word for a job */
#define WAIT_MS 10000u
#define WAIT_STEP_MS 20u
#define NAME_TRIES 3600

/* --- where it is --------------------------------------------------------------------------------------- */

static bool try_dir(const char *dir, Error *err)
{
    return fs_make_dirs(dir, err) && fs_dir_writable(dir, err);
}

/* One that takes the place of what was wanted: anybody may have made it before, to read what comes into it or to
 * exchange it. */
static bool try_substitute(const char *dir, Error *err)
{
    return fs_make_private_dir(dir, err) &&
           (fs_dir_is_ours(dir) ||
            error_set(err, EK_SETTINGS, "the folder \"%s\" belongs to somebody else", dir)) &&
           fs_dir_writable(dir, err);
}

bool folder_choose_among(const char *const *dirs, size_t count, size_t *which, Error *err)
{
    Error first = ERROR_INIT;
    for (size_t i = 0; i < count; i++) {
        Error failed = ERROR_INIT;
        if (dirs[i] && try_substitute(dirs[i], &failed)) {
            *which = i;
            error_clear(&first);
            return true;
        }
        if (first.kind == EK_NONE && failed.kind != EK_NONE) {
            error_move(&first, &failed);
        }
        error_clear(&failed);
    }
    error_set(err, EK_SETTINGS, "no folder for the backups can be written to");
    if (first.kind != EK_NONE) {
        error_detail(err, "%s%s%s", first.message, first.detail ? ": " : "", first.detail ? first.detail : "");
    }
    error_hint(err, "Name a folder that you may write to in the variable CMMS_BACKUP_FOLDER.");
    error_clear(&first);
    return false;
}

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Whether `path` is `dir` or lies below it; letters and separators as Windows takes them. */
static bool lies_in(const char *path, const char *dir)
{
    size_t len = strlen(dir);
    while (len > 0 && is_separator(dir[len - 1])) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        char a[2] = {is_separator(path[i]) ? '/' : path[i], 0}, b[2] = {is_separator(dir[i]) ? '/' : dir[i], 0};
        if (!path[i] || utf8_casecmp(a, b) != 0) {
            return false;
        }
    }
    return len > 0 && (!path[len] || is_separator(path[len]));
}

bool folder_is_guarded(const char *folder)
{
    char *documents = machine_documents_dir();
    const bool guarded = documents && lies_in(folder, documents) && machine_guards_documents();
    mem_free(documents);
    return guarded;
}

/* Takes `base`; NULL gives NULL. */
static char *below(char *base, const char *name)
{
    char *path = base ? fs_join(base, name) : NULL;
    mem_free(base);
    return path;
}

/* The folder that was named, else the user's own choice, else the usual one; NULL where there is no Documents folder.
 * Caller frees. */
static char *wanted_folder(const char *wanted, bool *named)
{
    char *dir = wanted ? mem_strdup(wanted) : machine_getenv("CMMS_BACKUP_FOLDER");
    *named = dir && *dir;
    if (!*named) {
        mem_free(dir);
        dir = userprofile_folder();
    }
    return dir ? dir : below(machine_documents_dir(), FOLDER_NAME);
}

static bool no_documents(Error *err)
{
    error_set(err, EK_SETTINGS, "the Documents folder of this user cannot be found");
    return error_hint(err, "Name the folder for the backups in the variable CMMS_BACKUP_FOLDER.");
}

/* A drive of the network is named: it may be missing for this program alone. `hint`: of any other folder. */
static void hint_at(const char *dir, const char *hint, Error *err)
{
    char *share = share_path(dir);
    if (share) {
        error_hint(err,
                   "%c: is a network drive, and may not be connected where Windows starts this program. Choose the "
                   "folder by its share, %s.", dir[0], share);
    } else {
        error_hint(err, "%s", hint);
    }
    mem_free(share);
}

/* Another folder than that which was wanted and cannot be used: *why says both. */
static bool choose_substitute(const char *wanted, const Error *failed, char **folder, char **why, Error *err)
{
    char *dirs[] = {below(machine_documents_dir(), FOLDER_NAME), below(machine_program_dir(), "backups"),
                    below(machine_home_dir(), FOLDER_NAME)};
    const size_t count = sizeof dirs / sizeof dirs[0];
    size_t which = 0;
    const bool ok = folder_choose_among((const char *const *)dirs, count, &which, err);
    if (ok) {
        *why = mem_printf("The usual backup folder%s%s%s cannot be used (%s): \"%s\" is used instead, apart from the "
                          "other backups", wanted ? " \"" : "", wanted ? wanted : "", wanted ? "\"" : "",
                          failed->detail ? failed->detail : failed->message, dirs[which]);
        *folder = dirs[which];
        dirs[which] = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        mem_free(dirs[i]);
    }
    return ok;
}

bool folder_choose(const char *wanted, char **folder, char **fallback, Error *err)
{
    Error failed = ERROR_INIT;
    bool named = false, ok = false;
    char *dir = wanted_folder(wanted, &named);
    if (dir ? try_dir(dir, &failed) : no_documents(&failed)) {
        *folder = dir;
        return true;
    }
    if (fallback && !named) {
        ok = choose_substitute(dir, &failed, folder, fallback, err);
    } else if (!dir) {
        error_move(err, &failed);
    } else {
        error_set(err, EK_SETTINGS, "the backup folder \"%s\" cannot be written to", dir);
        error_detail(err, "%s", failed.detail ? failed.detail : failed.message);
        hint_at(dir, folder_is_guarded(dir)
                         ? "Windows keeps this program out of Documents (Controlled folder access): allow it in "
                           "Windows Security, or name another folder."
                         : "Check that the drive is connected and that you may write to this folder, or name another "
                           "one.", err);
        if (err) {
            err->os_code = failed.os_code;
        }
    }
    error_clear(&failed);
    mem_free(dir);
    return ok;
}

bool folder_find(const char *wanted, char **folder, Error *err)
{
    bool named = false;
    char *dir = wanted_folder(wanted, &named);
    FsInfo info;
    Error why = ERROR_INIT;
    if (!dir) {
        return no_documents(err);
    }
    bool ok = fs_stat(dir, &info, &why);
    if (ok && info.is_dir) {
        *folder = dir;
        return true;
    }
    if (ok || why.kind == EK_NOT_FOUND) {
        error_set(err, EK_NOT_FOUND, "there is no folder \"%s\"", dir);
        hint_at(dir, "Check its name, and that the drive is connected. A backup makes the folder where it is not "
                     "there.", err);
    } else {
        folder_is_there(dir, err);
    }
    error_clear(&why);
    mem_free(dir);
    return false;
}

char *folder_cloud_name(const char *folder)
{
    static const char *const names[] = {"OneDrive", "OneDriveCommercial", "OneDriveConsumer"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++) {
        char *dir = machine_getenv(names[i]);
        found = dir && lies_in(folder, dir);
        mem_free(dir);
    }
    return found ? mem_strdup("OneDrive") : NULL;
}

static bool is_risky(const char *folder)
{
    char *cloud = folder_cloud_name(folder);
    const bool risky = cloud || folder_is_guarded(folder);
    mem_free(cloud);
    return risky;
}

char *folder_alternative(const char *folder)
{
    char *share = share_path(folder);
    if (share) {
        return share;
    }
    char *other = is_risky(folder) ? below(machine_home_dir(), FOLDER_NAME) : NULL;
    if (other && is_risky(other)) {
        mem_free(other);
        other = NULL;
    }
    return other;
}

bool folder_is_there(const char *folder, Error *err)
{
    Error why = ERROR_INIT;
    FsInfo info;
    if (fs_stat(folder, &info, &why) && info.is_dir) {
        return true;
    }
    error_set(err, EK_IO, "the backup folder \"%s\" cannot be reached", folder);
    if (why.message) {
        error_detail(err, "%s", why.detail ? why.detail : why.message);
    }
    hint_at(folder, "Check that the drive or the network share is connected.", err);
    error_clear(&why);
    return false;
}

/* --- names --------------------------------------------------------------------------------------------- */

char *folder_backup_name(int64_t unix_seconds)
{
    char *stamp = clock_stamp_text(unix_seconds);
    char *name = mem_printf(NAME_PREFIX "%s" NAME_SUFFIX, stamp);
    mem_free(stamp);
    return name;
}

char *folder_manifest_path(const char *backup_path)
{
    return mem_printf("%s" FOLDER_MANIFEST_SUFFIX, backup_path);
}

static bool name_is_free(const char *folder, const char *name)
{
    char *path = fs_join(folder, name);
    char *partial = mem_printf("%s" FOLDER_PARTIAL_SUFFIX, path);
    char *manifest = folder_manifest_path(path);
    bool is_free = !fs_exists(path) && !fs_exists(partial) && !fs_exists(manifest);
    mem_free(manifest);
    mem_free(partial);
    mem_free(path);
    return is_free;
}

char *folder_free_name(const char *folder, int64_t unix_seconds)
{
    for (;; unix_seconds++) {
        char *name = folder_backup_name(unix_seconds);
        if (name_is_free(folder, name)) {
            return name;
        }
        mem_free(name);
    }
}

static int number_at(const char *digits, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        number = number * 10 + (digits[i] - '0');
    }
    return number;
}

static bool date_exists(const CivilTime *t)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (t->year < 1970 || t->month < 1 || t->month > 12 || t->hour > 23 || t->minute > 59 || t->second > 59) {
        return false;
    }
    bool leap = t->year % 4 == 0 && (t->year % 100 != 0 || t->year % 400 == 0);
    return t->day >= 1 && t->day <= days[t->month - 1] + (t->month == 2 && leap ? 1 : 0);
}

bool folder_parse_name(const char *name, int64_t *unix_seconds)
{
    static const char form[] = NAME_PREFIX "dddddddd_dddddd" NAME_SUFFIX; /* a d in its middle is a digit */
    const size_t first = sizeof NAME_PREFIX - 1, end = first + 15;
    if (strlen(name) != sizeof form - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool digit = i >= first && i < end && form[i] == 'd';
        if (digit ? (name[i] < '0' || name[i] > '9') : name[i] != form[i]) {
            return false;
        }
    }
    const char *date = name + first, *time_of_day = date + 9;
    CivilTime t = {.year = number_at(date, 4),
                   .month = number_at(date + 4, 2),
                   .day = number_at(date + 6, 2),
                   .hour = number_at(time_of_day, 2),
                   .minute = number_at(time_of_day + 2, 2),
                   .second = number_at(time_of_day + 4, 2),
                   .weekday = 0};
    if (!date_exists(&t)) {
        return false;
    }
    int64_t moment = clock_from_local(&t);
    if (moment == -1) {
        return false;
    }
    if (unix_seconds) {
        *unix_seconds = moment;
    }
    return true;
}

bool folder_is_copy_name(const char *name)
{
    const size_t stem = sizeof NAME_PREFIX - 1 + 15;
    if (strlen(name) <= stem + sizeof NAME_SUFFIX - 1 || !strchr("- (", name[stem])) {
        return false;
    }
    char *ours = mem_printf("%.*s" NAME_SUFFIX, (int)stem, name);
    const bool copy = folder_parse_name(ours, NULL);
    mem_free(ours);
    return copy;
}

bool folder_keep_aside(const char *path, char **kept, Error *err)
{
    size_t stem = strlen(path);
    if (stem > 5 && !strcmp(path + stem - 5, ".json")) {
        stem -= 5;
    }
    int64_t now = clock_now();
    for (int tries = 0;; tries++, now++) {
        char *stamp = clock_stamp_text(now);
        char *target = mem_printf("%.*s.damaged-%s%s", (int)stem, path, stamp, path + stem);
        mem_free(stamp);
        Error failed = ERROR_INIT;
        if (fs_rename(path, target, false, &failed)) {
            if (kept) {
                *kept = target;
            } else {
                mem_free(target);
            }
            return true;
        }
        bool taken = failed.kind != EK_NOT_FOUND && fs_exists(target) && tries < NAME_TRIES;
        mem_free(target);
        if (!taken) {
            return error_move(err, &failed);
        }
        error_clear(&failed);
    }
}

/* --- locks --------------------------------------------------------------------------------------------- */

/* "…holder-PC-7.json", whatever the computer's name is made of. Caller frees. */
static char *holder_name(void)
{
    char *computer = machine_host_name();
    for (char *c = computer; c && *c; c++) {
        if ((unsigned char)*c >= 0x80 || !(strchr("-_.", *c) || isalnum((unsigned char)*c))) {
            *c = '_';
        }
    }
    char *name = mem_printf(HOLDER_PREFIX "%s" HOLDER_SUFFIX, computer && *computer ? computer : "unknown");
    mem_free(computer);
    return name;
}

static bool is_holder_name(const char *name)
{
    const size_t len = strlen(name), most = sizeof HOLDER_PREFIX + sizeof HOLDER_SUFFIX - 2;
    return len > most && !strncmp(name, HOLDER_PREFIX, sizeof HOLDER_PREFIX - 1) &&
           !strcmp(name + len - (sizeof HOLDER_SUFFIX - 1), HOLDER_SUFFIX);
}

/* NULL: it cannot be read. The caller deletes it. */
static cJSON *read_holder(const char *folder, const char *name)
{
    char *path = fs_join(folder, name);
    cJSON *holder = NULL;
    StrBuf sb;
    strbuf_init(&sb, HOLDER_MAX);
    if (fs_read_all(path, HOLDER_MAX, &sb, NULL)) {
        json_parse(sb.buf, sb.len, &holder, NULL);
    }
    strbuf_release(&sb);
    mem_free(path);
    return holder;
}

static cJSON *read_our_holder(const char *folder)
{
    char *name = holder_name();
    cJSON *holder = read_holder(folder, name);
    mem_free(name);
    return holder;
}

/* `job` and `backup` may be NULL. */
static void write_holder(const char *folder, const char *job, const char *backup)
{
    char *name = holder_name(), *path = fs_join(folder, name);
    char *user = machine_user_name(), *computer = machine_host_name(), *since = clock_log_text(clock_now());
    cJSON *holder = cJSON_CreateObject();
    if (!holder) {
        mem_out();
    }
    json_set_string(holder, "user", user);
    json_set_string(holder, "computer", computer);
    json_set_string(holder, "since", since);
    if (job != NULL) {
        json_set_string(holder, "job", job);
    }
    if (backup != NULL) {
        json_set_string(holder, "backup", backup);
    }
    char *text = json_text(holder);
    fs_write_atomic(path, text, strlen(text), NULL); /* for messages, and for what is left over: the lock counts */
    mem_free(text);
    cJSON_Delete(holder);
    mem_free(since);
    mem_free(computer);
    mem_free(user);
    mem_free(path);
    mem_free(name);
}

typedef struct NewestHolder {
    const char *folder;
    cJSON *holder; /* NULL: none yet */
} NewestHolder;

static bool take_newer(void *context, const char *name, const FsInfo *info)
{
    NewestHolder *newest = context;
    cJSON *holder = !info->is_dir && is_holder_name(name) ? read_holder(newest->folder, name) : NULL;
    if (holder && strcmp(json_string(holder, "since", ""), json_string(newest->holder, "since", "")) > 0) {
        cJSON_Delete(newest->holder);
        newest->holder = holder;
    } else {
        cJSON_Delete(holder);
    }
    return true;
}

/* Tells who holds the lock, as the detail, where that can be read: on a share it may be another computer. */
static void name_holder(const char *folder, Error *err)
{
    NewestHolder newest = {folder, NULL};
    fs_list(folder, take_newer, &newest, NULL);
    const cJSON *holder = newest.holder;
    const char *user = json_string(holder, "user", NULL), *computer = json_string(holder, "computer", NULL),
               *since = json_string(holder, "since", NULL);
    if (user && computer && since) {
        error_detail(err, "%s on %s, since %s", user, computer, since);
    }
    cJSON_Delete(newest.holder);
}

static char *job_of(const cJSON *holder)
{
    const char *job = json_string(holder, "job", "");
    const size_t len = strspn(job, "0123456789abcdefghijklmnopqrstuvwxyz");
    return len > 0 && len <= JOB_MAX && job[len] == '\0' ? mem_strdup(job) : NULL;
}

/* The name of the backup that was begun last from this computer. NULL: none is known. Caller frees. */
static char *backup_of(const cJSON *holder)
{
    const char *backup = json_string(holder, "backup", "");
    return folder_parse_name(backup, NULL) ? mem_strdup(backup) : NULL;
}

char *folder_last_job(const char *folder)
{
    cJSON *holder = read_our_holder(folder);
    char *last = job_of(holder);
    cJSON_Delete(holder);
    return last;
}

void folder_note_job(const char *folder, const char *job, const char *backup)
{
    cJSON *before = backup ? NULL : read_our_holder(folder);
    char *last = backup_of(before); /* what could not be removed of it is still known */
    write_holder(folder, job, backup ? backup : last);
    mem_free(last);
    cJSON_Delete(before);
}

bool folder_lock(const char *folder, FsLock **lock, Error *err)
{
    return folder_lock_wait(folder, NULL, NULL, lock, err);
}

bool folder_lock_wait(const char *folder, const JobSink *sink, const Cancel *cancel, FsLock **lock, Error *err)
{
    char *path = fs_join(folder, FOLDER_LOCK_FILE);
    Error failed = ERROR_INIT, waited = ERROR_INIT;
    bool ok = fs_lock(path, lock, &failed) ||
              (failed.kind == EK_BUSY && folder_await_checks(folder, path, sink, cancel, lock, &waited));
    if (ok) {
        cJSON *before = read_our_holder(folder);
        char *job = job_of(before), *backup = backup_of(before);
        write_holder(folder, job, backup);
        mem_free(backup);
        mem_free(job);
        cJSON_Delete(before);
    } else if (waited.kind != EK_NONE) {
        error_move(err, &waited);
    } else if (failed.kind == EK_BUSY) {
        error_set(err, EK_BUSY, "another backup job is at work in this folder");
        name_holder(folder, err);
        error_hint(err, "Wait until it has finished, then try again.");
    } else {
        error_context(&failed, "the backup folder cannot be locked");
        error_move(err, &failed);
    }
    error_clear(&failed);
    mem_free(path);
    return ok;
}

bool folder_lock_or_read(const char *folder, const JobSink *sink, const Cancel *cancel, FsLock **lock, char **not_kept,
                         Error *err)
{
    Error failed = ERROR_INIT;
    if (folder_lock_wait(folder, sink, cancel, lock, &failed)) {
        return true;
    }
    if (failed.kind != EK_IO || !folder_is_there(folder, NULL)) {
        return error_move(err, &failed);
    }
    *lock = NULL;
    *not_kept = mem_printf("the folder can only be read (%s)", failed.detail ? failed.detail : failed.message);
    error_clear(&failed);
    return true;
}

bool folder_files_lock(const char *folder, FsLock **lock, Error *err)
{
    char *path = fs_join(folder, FOLDER_FILES_LOCK_FILE);
    Error failed = ERROR_INIT;
    bool ok = false;
    for (unsigned waited = 0;; waited += WAIT_STEP_MS) {
        ok = fs_lock(path, lock, &failed);
        if (ok || failed.kind != EK_BUSY || waited >= WAIT_MS) {
            break;
        }
        error_clear(&failed);
        cancel_wait(NULL, WAIT_STEP_MS);
    }
    if (!ok && failed.kind == EK_BUSY) {
        error_set(err, EK_BUSY, "another program has been writing the log or the settings for ten seconds");
        error_hint(err, "Close other windows of " CMMS_PRODUCT " that do not answer, then try again.");
    } else if (!ok) {
        error_move(err, &failed);
    }
    error_clear(&failed);
    mem_free(path);
    return ok;
}

/* --- uploads --------------------------------------------------------------------------------------------- */

/* Written under the lock of the small files, or a clean-up would take it for what a crash left. Where it cannot be
 * written (a full disk keeps no upload from going) there is none, and then nothing is removed meanwhile. */
static void note_upload(const char *folder, const char *name)
{
    char *path = fs_join(folder, UPLOAD_FILE), *computer = machine_host_name();
    cJSON *note = cJSON_CreateObject();
    FsLock *lock = NULL;
    if (!note) {
        mem_out();
    }
    json_set_string(note, "file", name);
    json_set_string(note, "computer", computer);
    char *text = json_text(note);
    if (!folder_files_lock(folder, &lock, NULL) || !fs_write_atomic(path, text, strlen(text), NULL)) {
        fs_remove(path, NULL);
    }
    fs_unlock(lock);
    mem_free(text);
    cJSON_Delete(note);
    mem_free(computer);
    mem_free(path);
}

bool folder_upload_lock(const char *folder, const char *name, FsLock **lock, Error *err)
{
    char *path = fs_join(folder, UPLOAD_LOCK_FILE);
    Error failed = ERROR_INIT;
    bool ok = false;
    *lock = NULL;
    for (unsigned waited = 0;; waited += WAIT_STEP_MS) {
        ok = fs_lock(path, lock, &failed);
        if (ok || failed.kind != EK_BUSY || waited >= WAIT_MS) {
            break;
        }
        error_clear(&failed);
        cancel_wait(NULL, WAIT_STEP_MS);
    }
    if (ok) {
        note_upload(folder, name);
    } else if (failed.kind == EK_BUSY) {
        error_set(err, EK_BUSY, "another upload from this folder, or a clean-up on SharePoint, is at work");
        error_hint(err, "Wait until it is done.");
    } else {
        ok = folder_is_there(folder, err); /* it can only be read */
    }
    error_clear(&failed);
    mem_free(path);
    return ok;
}

bool folder_is_uploading(const char *folder)
{
    char *path = fs_join(folder, UPLOAD_LOCK_FILE);
    FsLock *lock = NULL;
    Error why = ERROR_INIT;
    const bool busy = fs_exists(path) && !fs_lock(path, &lock, &why) && why.kind == EK_BUSY;
    fs_unlock(lock);
    error_clear(&why);
    mem_free(path);
    return busy;
}

bool folder_removal_lock(const char *folder, const char *name, FsLock **lock, Error *err)
{
    char *path = fs_join(folder, UPLOAD_LOCK_FILE);
    Error failed = ERROR_INIT;
    *lock = NULL;
    /* Where nothing was ever uploaded no file is made for it. */
    bool ok = !fs_exists(path) || fs_lock(path, lock, &failed);
    if (!ok && failed.kind == EK_BUSY) {
        cJSON *note = read_holder(folder, UPLOAD_FILE);
        const char *file = json_string(note, "file", NULL);
        if (file && strcmp(file, name) != 0) {
            ok = true; /* another one is */
        } else {
            error_set(err, EK_BUSY, "%s is being uploaded", name);
            error_hint(err, "Wait until it is done, or stop the upload.");
        }
        cJSON_Delete(note);
    } else if (!ok) {
        error_move(err, &failed);
    }
    error_clear(&failed);
    mem_free(path);
    return ok;
}

/* --- cleaning up --------------------------------------------------------------------------------------- */

typedef struct Found {
    char *name; /* owned */
    bool old;   /* a partial that nobody works on any more */
} Found;

typedef struct Names {
    Found *names; /* owned; sorted */
    size_t count, capacity;
    int64_t now;
    char *ours; /* the backup that this computer began last */
    cJSON *log; /* what was removed; NULL where it cannot be read */
} Names;

static bool collect_name(void *context, const char *name, const FsInfo *info)
{
    Names *list = context;
    if (!info->is_dir) {
        mem_grow((void **)&list->names, &list->capacity, list->count + 1, sizeof *list->names);
        list->names[list->count++] =
            (Found){mem_strdup(name), !info->is_offline && list->now - info->modified > NOBODYS_PARTIAL};
    }
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const Found *)a)->name, ((const Found *)b)->name);
}

static bool has_name(const Names *list, const char *name)
{
    Found wanted = {.name = mem_strdup(name)};
    const bool has = list->count && bsearch(&wanted, list->names, list->count, sizeof *list->names, compare_names);
    mem_free(wanted.name);
    return has;
}

/* The name without its suffix, or NULL. Caller frees. */
static char *without_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);
    if (len <= suffix_len || strcmp(name + len - suffix_len, suffix) != 0) {
        return NULL;
    }
    return mem_strndup(name, len - suffix_len);
}

/* That of another computer's backup may be at work; one with a manifest waits for its name (backup_finish_left). */
static bool is_left_partial(const Found *found, const Names *all)
{
    char *backup = without_suffix(found->name, FOLDER_PARTIAL_SUFFIX);
    char *manifest = backup ? folder_manifest_path(backup) : NULL;
    const bool left = backup && folder_parse_name(backup, NULL) && !has_name(all, manifest) &&
                      ((all->ours && !strcmp(backup, all->ours)) || found->old);
    mem_free(manifest);
    mem_free(backup);
    return left;
}

/* What an interrupted download left, and nobody went on with. */
static bool is_left_download(const Found *found)
{
    char *backup = without_suffix(found->name, FOLDER_DOWNLOAD_SUFFIX);
    const bool left = backup && folder_parse_name(backup, NULL) && found->old;
    mem_free(backup);
    return left;
}

static bool log_says_removed(const cJSON *log, const char *backup)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, log) {
        const char *operation = json_string(entry, "operation", "");
        if (!strcmp(json_string(entry, "backup_file", ""), backup) &&
            (!strcmp(operation, "cleanup") || !strcmp(operation, "delete"))) {
            return true;
        }
    }
    return false;
}

/* A sync client may bring a manifest long before the backup that it belongs to, so that it stands alone does not say
 * that anybody left it. */
static bool is_left_manifest(const char *name, const Names *all)
{
    char *backup = without_suffix(name, FOLDER_MANIFEST_SUFFIX);
    char *partial = backup ? mem_printf("%s" FOLDER_PARTIAL_SUFFIX, backup) : NULL;
    const bool left = backup && folder_parse_name(backup, NULL) && !has_name(all, backup) && !has_name(all, partial) &&
                      ((all->ours && !strcmp(backup, all->ours)) || log_says_removed(all->log, backup));
    mem_free(partial);
    mem_free(backup);
    return left;
}

/* What fs_write_atomic and fs_dir_writable leave when they are cut short: "NAME.tmp-" and 8 hex digits. Whoever works
 * on this disk works under the lock that we have; and what another computer made is renamed long before a sync client
 * has brought it here. */
static bool is_our_temporary(const char *name)
{
    const size_t tail = 13;
    size_t len = strlen(name);
    if (len <= tail || strncmp(name + len - tail, ".tmp-", 5) != 0 ||
        strspn(name + len - 8, "0123456789abcdef") != 8) {
        return false;
    }
    char *base = mem_strndup(name, len - tail), computer[HEARTBEAT_NAME];
    char *backup = without_suffix(base, FOLDER_MANIFEST_SUFFIX);
    char *manifest_of = backup ? without_suffix(backup, NAME_SUFFIX) : NULL; /* of any *.backup: see "adopt" */
    bool ours = manifest_of || !strcmp(base, SETTINGS_FILE) || !strcmp(base, AUDITLOG_FILE) ||
                !strcmp(base, RETENTION_FROZEN_FILE) || !strcmp(base, COPIES_FILE) || !strcmp(base, LEDGER_FILE) ||
                !strcmp(base, UPLOAD_FILE) || heartbeat_computer(base, computer) || is_holder_name(base) ||
                !strcmp(base, "cmms-write-test") || auditlog_year(base) >= 0;
    mem_free(manifest_of);
    mem_free(backup);
    mem_free(base);
    return ours;
}

bool folder_clean_up(const char *folder, void (*removed)(void *context, const char *name), void *context, Error *err)
{
    Names all = {.now = clock_now()};
    FsLock *files = NULL;
    Error first = ERROR_INIT;
    cJSON *holder = read_our_holder(folder);
    all.ours = backup_of(holder);
    cJSON_Delete(holder);
    bool ok = folder_files_lock(folder, &files, err) && fs_list(folder, collect_name, &all, err);
    if (ok && all.count) {
        qsort(all.names, all.count, sizeof *all.names, compare_names);
        auditlog_read(folder, AUDITLOG_KEEP, &all.log, NULL);
    }
    for (size_t i = 0; ok && i < all.count; i++) {
        const char *name = all.names[i].name;
        if (!is_left_partial(&all.names[i], &all) && !is_left_download(&all.names[i]) &&
            !is_left_manifest(name, &all) && !is_our_temporary(name)) {
            continue;
        }
        char *path = fs_join(folder, name);
        Error failed = ERROR_INIT;
        if (fs_remove(path, &failed)) {
            if (removed) {
                removed(context, name);
            }
        } else if (first.kind == EK_NONE) {
            error_move(&first, &failed); /* and on with the others */
        }
        error_clear(&failed);
        mem_free(path);
    }
    if (first.kind != EK_NONE) {
        ok = error_move(err, &first);
    }
    if (!ok) {
        error_context(err, "what an interrupted job left cannot be cleaned up");
    }
    fs_unlock(files);
    for (size_t i = 0; i < all.count; i++) {
        mem_free(all.names[i].name);
    }
    mem_free(all.names);
    mem_free(all.ours);
    cJSON_Delete(all.log);
    return ok;
}
