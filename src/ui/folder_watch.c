/*
 * folder_watch.c: a thread that sleeps in the system until something happens.
 *
 * A folder that is renamed or removed as a whole does not tell those who watch what is in it, so its parent is watched
 * as well, for folders that come and go. While the folder is away the parent alone is waited for; where that is away
 * too, or cannot be watched (a share that dropped), it is looked for once a minute.
 *
 * A burst is calm when nothing came for QUIET_MS, or after LONGEST_MS in any case.
 */
#include "folder_watch.h"

#include <windows.h>

#include <stdbool.h>

#include "base/mem.h"
#include "base/utf.h"
#include "platform/fs.h"
#include "platform/thread.h"
#include "platform/wide.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/ledger.h"
#include "store/retention.h"
#include "store/settings.h"

#define QUIET_MS   300
#define LONGEST_MS 2000
#define AGAIN_MS   60000
#define BUFFER     16384

struct FolderWatch {
    /* Set before start. */
    wchar_t *path, *parent; /* parent may be NULL */
    void (*ring)(void *context);
    void *context;
    HANDLE stop;
    Thread *thread;
};

static bool ends_with(const char *name, const char *suffix)
{
    size_t length = strlen(name);
    size_t suffix_length = strlen(suffix);
    return length >= suffix_length && utf8_casecmp(name + length - suffix_length, suffix) == 0;
}

static bool is_shown(const char *name)
{
    return ends_with(name, ".backup") || ends_with(name, FOLDER_MANIFEST_SUFFIX) || ends_with(name, SETTINGS_FILE) ||
           ends_with(name, RETENTION_FROZEN_FILE) || ends_with(name, LEDGER_FILE) || ends_with(name, COPIES_FILE);
}

/* Whether a batch of changes has one that matters. An empty batch: more happened than the buffer holds. */
static bool matters(const unsigned char *buffer, DWORD bytes)
{
    bool found = bytes == 0;
    for (DWORD at = 0; !found && at < bytes;) {
        const FILE_NOTIFY_INFORMATION *info = (const FILE_NOTIFY_INFORMATION *)(const void *)(buffer + at);
        size_t units = info->FileNameLength / sizeof(wchar_t);
        wchar_t *wide = mem_array(units + 1, sizeof *wide);
        memcpy(wide, info->FileName, units * sizeof *wide);
        char *name = utf8_from_wide(wide);
        found = is_shown(name);
        mem_free(name);
        mem_free(wide);
        if (info->NextEntryOffset == 0) {
            break;
        }
        at += info->NextEntryOffset;
    }
    return found;
}

static HANDLE open_folder(const wchar_t *path)
{
    return CreateFileW(path, FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
}

static bool is_there(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

static HANDLE watch_parent(const FolderWatch *watch)
{
    return watch->parent == NULL ? INVALID_HANDLE_VALUE
                                 : FindFirstChangeNotificationW(watch->parent, FALSE, FILE_NOTIFY_CHANGE_DIR_NAME);
}

/* False: stop. True: the folder is there again. */
static bool wait_for_return(const FolderWatch *watch)
{
    bool stopped = false;
    while (!stopped && !is_there(watch->path)) {
        HANDLE handles[2] = {watch->stop, watch_parent(watch)};
        DWORD count = handles[1] == INVALID_HANDLE_VALUE ? 1 : 2;
        /* It may have come between the look and the watch. */
        stopped = WaitForMultipleObjects(count, handles, FALSE, is_there(watch->path) ? 0 : AGAIN_MS) == WAIT_OBJECT_0;
        if (count == 2) {
            FindCloseChangeNotification(handles[1]);
        }
    }
    return !stopped;
}

/* Waits for changes in the open folder and rings. False: stop. True: it cannot be watched any more. */
static bool watch_open(const FolderWatch *watch, HANDLE folder, unsigned char *buffer)
{
    OVERLAPPED read = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    HANDLE handles[3] = {watch->stop, read.hEvent, watch_parent(watch)};
    DWORD count = handles[2] == INVALID_HANDLE_VALUE ? 2 : 3;
    bool stopped = false;
    bool lost = false;
    bool reading = false;
    ULONGLONG ring_before = 0; /* 0: nothing to tell */
    while (!stopped && !lost) {
        if (!reading) {
            reading = ReadDirectoryChangesW(folder, buffer, BUFFER, FALSE,
                                            FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE |
                                                FILE_NOTIFY_CHANGE_LAST_WRITE,
                                            NULL, &read, NULL) != 0;
            if (!reading) {
                lost = true;
                break;
            }
        }
        ULONGLONG now = GetTickCount64();
        if (ring_before != 0 && now >= ring_before) {
            ring_before = 0;
            watch->ring(watch->context);
        }
        DWORD woken = WaitForMultipleObjects(count, handles, FALSE, ring_before == 0 ? INFINITE : QUIET_MS);
        if (woken == WAIT_OBJECT_0 + 1) {
            DWORD bytes = 0;
            lost = !GetOverlappedResult(folder, &read, &bytes, FALSE);
            reading = false;
            if (!lost && matters(buffer, bytes) && ring_before == 0) {
                ring_before = now + LONGEST_MS;
            }
        } else if (woken == WAIT_OBJECT_0 + 2) {
            FindNextChangeNotification(handles[2]);
            lost = !is_there(watch->path);
        } else if (woken == WAIT_TIMEOUT) {
            ring_before = 0;
            watch->ring(watch->context);
        } else {
            stopped = true;
        }
    }
    if (reading) {
        DWORD bytes = 0;
        CancelIoEx(folder, &read);
        GetOverlappedResult(folder, &read, &bytes, TRUE);
    }
    if (count == 3) {
        FindCloseChangeNotification(handles[2]);
    }
    CloseHandle(read.hEvent);
    return !stopped;
}

static void run(void *argument)
{
    const FolderWatch *watch = argument;
    unsigned char *buffer = mem_alloc(BUFFER);
    bool goes_on = true;
    bool again = false;
    while (goes_on) {
        HANDLE folder = open_folder(watch->path);
        if (again) { /* not before: what comes until the folder is open, nobody would tell */
            watch->ring(watch->context);
        }
        again = true;
        if (folder == INVALID_HANDLE_VALUE) {
            /* There, but not for us to watch: looked at now and then. */
            goes_on = is_there(watch->path) ? WaitForSingleObject(watch->stop, AGAIN_MS) == WAIT_TIMEOUT
                                            : wait_for_return(watch);
        } else {
            goes_on = watch_open(watch, folder, buffer);
            CloseHandle(folder);
            /* A system that takes a moment to let a folder go must not make this a tight loop. */
            goes_on = goes_on && WaitForSingleObject(watch->stop, QUIET_MS) == WAIT_TIMEOUT;
        }
    }
    mem_free(buffer);
}

FolderWatch *folder_watch_start(const char *folder, void (*ring)(void *context), void *context)
{
    FolderWatch *watch = mem_alloc(sizeof *watch);
    char *parent = fs_dir_name(folder);
    if (!wide_path(folder, &watch->path, NULL)) {
        mem_free(parent);
        mem_free(watch);
        return NULL;
    }
    wide_path(parent, &watch->parent, NULL);
    mem_free(parent);
    watch->ring = ring;
    watch->context = context;
    watch->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    watch->thread = thread_start(run, watch);
    return watch;
}

void folder_watch_stop(FolderWatch *watch)
{
    if (watch == NULL) {
        return;
    }
    SetEvent(watch->stop);
    thread_join(watch->thread);
    CloseHandle(watch->stop);
    mem_free(watch->path);
    mem_free(watch->parent);
    mem_free(watch);
}
