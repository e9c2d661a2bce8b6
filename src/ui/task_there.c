/*
 * task_there.c: what is on SharePoint, and bringing it back. A key that opens an encrypted copy is asked for on the
 * window's thread: the worker puts its question down, rings, and waits for the answer or the cancel. The window may
 * have a dialog open, or be locked, so it rings until somebody could answer.
 */
#include "task_private.h"

#include "base/mem.h"
#include "cloud/encryption.h"
#include "jobs/offsite_back.h"
#include "texts.h"

#define RING_MS 250u

typedef enum KeyStep { KEY_NONE, KEY_WANTED, KEY_GIVEN, KEY_DECLINED } KeyStep;

/* Under the task's mutex; after KEY_GIVEN the answer is the worker's. */
struct TaskKey {
    KeyStep step;
    char *name, *which;
    bool by_file;
    Error problem;
    char *file;
    Secret passphrase;
};

TaskKey *task_key_new(void)
{
    TaskKey *key = mem_alloc(sizeof *key);
    key->problem = (Error)ERROR_INIT;
    key->passphrase = (Secret)SECRET_INIT;
    return key;
}

static void forget(TaskKey *key)
{
    mem_free(key->name);
    mem_free(key->which);
    mem_free(key->file);
    key->name = key->which = key->file = NULL;
    error_clear(&key->problem);
    secret_release(&key->passphrase);
    key->step = KEY_NONE;
}

void task_key_free(TaskKey *key)
{
    forget(key);
    mem_free(key);
}

void key_question_release(KeyQuestion *question)
{
    mem_free(question->name);
    mem_free(question->which);
    question->name = question->which = NULL;
    error_clear(&question->problem);
}

static void copy_problem(Error *to, const Error *from)
{
    error_clear(to);
    if (from != NULL && from->kind != EK_NONE) {
        error_set(to, from->kind, "%s", from->message);
        if (from->hint != NULL) {
            error_hint(to, "%s", from->hint);
        }
    }
}

/* --- the window's side ----------------------------------------------------------------------------------- */

bool task_wants_key(Task *task, KeyQuestion *question)
{
    mutex_lock(task->mutex);
    const TaskKey *key = task->key;
    const bool wanted = key->step == KEY_WANTED;
    if (wanted) {
        key_question_release(question);
        question->name = mem_strdup(key->name);
        question->which = mem_strdup(key->which);
        question->by_file = key->by_file;
        copy_problem(&question->problem, &key->problem);
    }
    mutex_unlock(task->mutex);
    return wanted;
}

void task_give_key(Task *task, const char *file, const Secret *passphrase)
{
    mutex_lock(task->mutex);
    TaskKey *key = task->key;
    if (key->step == KEY_WANTED) { /* else it was cancelled meanwhile */
        key->step = file != NULL || passphrase != NULL ? KEY_GIVEN : KEY_DECLINED;
        key->file = mem_strdup(file);
        if (passphrase != NULL) {
            secret_copy(&key->passphrase, passphrase);
        }
        cond_broadcast(task->changed);
    }
    mutex_unlock(task->mutex);
}

/* --- the worker's ---------------------------------------------------------------------------------------- */

static void put_question(const Task *task, const OffsiteLock *lock, const Error *problem)
{
    mutex_lock(task->mutex);
    TaskKey *key = task->key;
    forget(key);
    key->name = mem_strdup(lock->file);
    key->which = encryption_words(lock->recipient, lock->mark);
    key->by_file = lock->recipient != NULL;
    copy_problem(&key->problem, problem);
    key->step = KEY_WANTED;
    mutex_unlock(task->mutex);
}

static bool await_answer(const Task *task)
{
    KeyStep step = KEY_WANTED;
    while (step == KEY_WANTED) {
        task->ring(task->context);
        mutex_lock(task->mutex);
        if (task->key->step == KEY_WANTED) {
            cond_wait_ms(task->changed, task->mutex, RING_MS);
        }
        if (task->key->step == KEY_WANTED && cancel_requested(task->cancel)) {
            task->key->step = KEY_DECLINED;
        }
        step = task->key->step;
        mutex_unlock(task->mutex);
    }
    return step == KEY_GIVEN;
}

typedef struct Asking {
    const Task *task;
} Asking;

static bool ask_key(void *context, const OffsiteLock *lock, AgeFrom *from, Error *err)
{
    const Task *task = ((const Asking *)context)->task;
    TaskKey *key = task->key;
    Error problem = ERROR_INIT;
    bool given = true, ok = false;
    copy_problem(&problem, lock->refused);
    while (given && !ok) {
        put_question(task, lock, &problem);
        given = await_answer(task);
        if (given && lock->recipient == NULL) {
            secret_copy(&from->passphrase, &key->passphrase);
            ok = true;
        } else if (given) {
            ok = offsite_read_key_file(key->file, from, &problem); /* one that is none is told, and asked for again */
        }
    }
    mutex_lock(task->mutex);
    forget(key);
    mutex_unlock(task->mutex);
    error_clear(&problem);
    return ok || error_set(err, EK_CANCELLED, TEXT_KEY_NONE);
}

bool task_list_there(const Task *task, TaskResult *result, Error *err)
{
    return offsite_list(task->folder, REMOTE_MANIFESTS, &task->sink, task->cancel, &result->there, err);
}

bool task_download(const Task *task, TaskResult *result, Error *err)
{
    Asking asking = {task};
    const OffsiteKeys keys = {.ask = ask_key, .context = &asking, .again = true};
    return offsite_download_with(task->folder, task->target, &keys, &task->sink, task->cancel, &result->back, err);
}
