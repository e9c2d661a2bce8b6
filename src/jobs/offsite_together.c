/*
 * offsite_together.c: what uploads that run side by side share. They count as one to everybody else: one lock of the
 * folder, one of this user's uploads; the first that begins takes it, the last that ends gives it back.
 */
#include <string.h>

#include "base/mem.h"
#include "offsite_private.h"
#include "platform/fs.h"
#include "platform/thread.h"
#include "store/folder.h"

struct OffsiteTogether {
    Rate *rate; /* borrowed */
    GraphGate *gate;
    Mutex *mutex;
    /* Under the mutex. */
    char *folder;      /* of those that are under way */
    FsLock *in_folder; /* NULL while there is one: the folder can only be read */
    const char *names[OFFSITE_SIDE_BY_SIDE]; /* borrowed from who entered */
    size_t count;
    FsLock *of_user;
    size_t users;
};

OffsiteTogether *offsite_together_new(Rate *rate)
{
    OffsiteTogether *together = mem_alloc(sizeof *together);
    together->rate = rate;
    together->gate = graph_gate_new();
    together->mutex = mutex_new();
    return together;
}

void offsite_together_free(OffsiteTogether *together)
{
    if (together != NULL) {
        graph_gate_free(together->gate);
        mutex_free(together->mutex);
        mem_free(together->folder);
        mem_free(together);
    }
}

Rate *offsite_together_rate(OffsiteTogether *together)
{
    return together->rate;
}

GraphGate *offsite_together_gate(OffsiteTogether *together)
{
    return together->gate;
}

bool offsite_together_enter(OffsiteTogether *together, const char *folder, const char *name, Error *err)
{
    mutex_lock(together->mutex);
    bool ok = together->count == 0;
    if (ok) {
        ok = folder_upload_lock(folder, name, &together->in_folder, err);
        mem_free(together->folder);
        together->folder = mem_strdup(folder);
    } else if (together->count == OFFSITE_SIDE_BY_SIDE || strcmp(together->folder, folder) != 0) {
        error_set(err, EK_INTERNAL, "too many uploads side by side");
    } else {
        ok = true;
    }
    if (ok) {
        together->names[together->count++] = name;
        if (together->count > 1 && together->in_folder != NULL) {
            folder_note_uploads(folder, together->names, together->count);
        }
    }
    mutex_unlock(together->mutex);
    return ok;
}

void offsite_together_leave(OffsiteTogether *together, const char *name)
{
    mutex_lock(together->mutex);
    for (size_t i = 0; i < together->count; i++) {
        if (together->names[i] == name) {
            together->names[i] = together->names[--together->count];
            break;
        }
    }
    if (together->count == 0) {
        fs_unlock(together->in_folder);
        together->in_folder = NULL;
    } else if (together->in_folder != NULL) {
        folder_note_uploads(together->folder, together->names, together->count);
    }
    mutex_unlock(together->mutex);
}

bool offsite_together_hold(OffsiteTogether *together, const char *journal_dir, Error *err)
{
    mutex_lock(together->mutex);
    const bool ok = together->users > 0 || upload_lock(journal_dir, &together->of_user, err);
    together->users += ok;
    mutex_unlock(together->mutex);
    return ok;
}

void offsite_together_drop(OffsiteTogether *together)
{
    mutex_lock(together->mutex);
    if (--together->users == 0) {
        fs_unlock(together->of_user);
        together->of_user = NULL;
    }
    mutex_unlock(together->mutex);
}
