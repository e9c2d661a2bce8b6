/*
 * sim_fs.c: platform/fs.h in memory. One disk holds the backup folder; each PC has another for the user's own files.
 *
 * What a real disk does to a program is done here: it becomes full in the middle of a write, one call fails, the share
 * is away, a scanner holds a new file open, and after a loss of power only what was flushed is sure to be there. A
 * rename lasts at once, as fs.h promises of it; so does a removal.
 */
#include "sim.h"

#include <errno.h>

PLAY(fs_open_read)
PLAY(fs_create_new)
PLAY(fs_open_append)
PLAY(fs_read)
PLAY(fs_read_at)
PLAY(fs_write)
PLAY(fs_size)
PLAY(fs_flush)
PLAY(fs_close)
PLAY(fs_stat)
PLAY(fs_exists)
PLAY(fs_remove)
PLAY(fs_rename)
PLAY(fs_take_rights)
PLAY(fs_dir_may_write)
PLAY(fs_make_dirs)
PLAY(fs_make_private_dir)
PLAY(fs_dir_is_ours)
PLAY(fs_remove_tree)
PLAY(fs_free_space)
PLAY(fs_list)
PLAY(fs_lock)
PLAY(fs_unlock)

#define CAPACITY ((uint64_t)4 << 30) /* bytes of the disk with the backup folder */
#define HELD_ONE_IN 60
#define HELD_MOST 1500               /* seconds; the core waits for 600 */

struct FsFile {
    FsFile *next; /* of all that are open */
    Node *node;
    Program *program;
    size_t at;
};

struct FsLock {
    FsLock *next;
    Node *node;
    Program *program;
};

static FsFile *open_files;
static FsLock *locks;

/* --- nodes ------------------------------------------------------------------------------------------------ */

static uint32_t hash_of(const char *path)
{
    return (uint32_t)sim_fnv(path, strlen(path));
}

Node *sim_find(const char *path)
{
    const uint32_t hash = hash_of(path);
    for (size_t i = 0; i < sim.node_count; i++) {
        if (sim.nodes[i]->hash == hash && !strcmp(sim.nodes[i]->path, path)) {
            return sim.nodes[i];
        }
    }
    return NULL;
}

Node *sim_file(const char *name)
{
    char *path = fs_join(sim.folder, name);
    Node *node = sim_find(path);
    mem_free(path);
    return node && !node->dir ? node : NULL;
}

static Node *add(const char *path, bool dir)
{
    Node *node = mem_alloc(sizeof *node);
    node->path = mem_strdup(path);
    node->hash = hash_of(path);
    node->dir = dir;
    node->lasts = dir;
    node->modified = sim_now();
    node->maker = sim.program ? sim.program->pc : -1;
    node->id = ++sim.versions;
    node->version = node->id;
    mem_grow((void **)&sim.nodes, &sim.node_capacity, sim.node_count + 1, sizeof *sim.nodes);
    sim.nodes[sim.node_count++] = node;
    return node;
}

static void let_go(Node *node)
{
    if (node->gone && node->refs == 0) {
        mem_free(node->path);
        mem_free(node->data);
        mem_free(node);
    }
}

/* Takes its name away; who has it open keeps it. */
static void drop(Node *node)
{
    for (size_t i = 0; i < sim.node_count; i++) {
        if (sim.nodes[i] == node) {
            memmove(sim.nodes + i, sim.nodes + i + 1, (sim.node_count - i - 1) * sizeof *sim.nodes);
            sim.node_count--;
            break;
        }
    }
    node->gone = true;
    let_go(node);
}

void sim_fs_drop(Node *node)
{
    drop(node);
}

static void append(Node *node, const void *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    mem_grow((void **)&node->data, &node->capacity, node->len + len, 1);
    memcpy(node->data + node->len, bytes, len);
    node->len += len;
    node->modified = sim_now();
    node->version = ++sim.versions;
}

void sim_fs_put(const char *path, const char *bytes, size_t len)
{
    Node *node = sim_find(path);
    node = node ? node : add(path, false);
    node->len = 0;
    append(node, bytes, len);
    node->flushed = len;
    node->lasts = true;
    node->version = ++sim.versions;
}

void sim_fs_make_dir(const char *path)
{
    if (!sim_find(path)) {
        add(path, true);
    }
}

static bool lies_in(const char *path, const char *dir)
{
    const size_t len = strlen(dir);
    return !strncmp(path, dir, len) && (path[len] == '/' || path[len] == '\0');
}

/* --- what strikes ----------------------------------------------------------------------------------------- */

static bool is_away(const char *path)
{
    return sim.shared && sim.away_until > sim_now() && lies_in(path, sim.folder);
}

/* False: the call fails; then `err` is set. Nothing strikes the world itself. */
static bool call(const char *path, const char *verb, Error *err)
{
    Program *program = sim.program;
    if (!program) {
        return true;
    }
    sim_call();
    if (is_away(path)) {
        return error_set_os(err, EK_IO, EHOSTDOWN, "could not %s \"%s\"", verb, path);
    }
    if (program->fail_at > 0 && program->calls >= program->fail_at) {
        program->fail_at = 0;
        program->faulted = true;
        sim.ever_faulted = true;
        sim_disturb();
        sim_say("%s: the disk fails once: %s %s", program->what, verb, path);
        return error_set_os(err, EK_IO, EIO, "could not %s \"%s\"", verb, path);
    }
    return true;
}

static uint64_t used(void)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < sim.node_count; i++) {
        bytes += lies_in(sim.nodes[i]->path, sim.folder) ? sim.nodes[i]->len : 0;
    }
    return bytes;
}

static uint64_t room(const char *path)
{
    if (!lies_in(path, sim.folder)) {
        return CAPACITY;
    }
    const uint64_t capacity = sim.full_until > sim_now() ? sim.full_at : CAPACITY, taken = used();
    return capacity > taken ? capacity - taken : 0;
}

/* What this PC has written to a server and not flushed is in its own memory. */
void sim_fs_power_loss(int pc)
{
    for (size_t i = sim.node_count; i > 0; i--) {
        Node *node = sim.nodes[i - 1];
        const bool here = lies_in(node->path, sim.pcs[pc].data) ||
                          (lies_in(node->path, sim.folder) && (!sim.shared || node->maker == pc));
        if (node->dir || !here) {
            continue;
        }
        if (!node->lasts && sim_chance(2)) {
            drop(node);
        } else if (node->len > node->flushed) {
            node->len = node->flushed + (size_t)sim_below((int64_t)(node->len - node->flushed) + 1);
            node->version = ++sim.versions;
        }
    }
}

/* --- open files ------------------------------------------------------------------------------------------- */

static void open_node(Node *node, size_t at, FsFile **out)
{
    FsFile *file = mem_alloc(sizeof *file);
    file->node = node;
    file->program = sim.program;
    file->at = at;
    file->next = open_files;
    open_files = file;
    node->refs++;
    *out = file;
}

static void close_node(FsFile *file)
{
    for (FsFile **at = &open_files; *at; at = &(*at)->next) {
        if (*at == file) {
            *at = file->next;
            break;
        }
    }
    file->node->refs--;
    let_go(file->node);
    mem_free(file);
}

static bool absent(const char *path, const char *verb, Error *err)
{
    return error_set_os(err, EK_NOT_FOUND, ENOENT, "could not %s \"%s\"", verb, path);
}

static bool open_there(const char *path, bool at_end, FsFile **out, Error *err)
{
    if (!call(path, "open", err)) {
        return false;
    }
    Node *node = sim_find(path);
    if (!node) {
        return absent(path, "open", err);
    }
    if (node->dir) {
        return error_set_os(err, EK_IO, EISDIR, "could not open \"%s\"", path);
    }
    open_node(node, at_end ? node->len : 0, out);
    return true;
}

bool __wrap_fs_open_read(const char *path, FsFile **out, Error *err)
{
    return open_there(path, false, out, err);
}

bool __wrap_fs_open_append(const char *path, FsFile **out, Error *err)
{
    return open_there(path, true, out, err);
}

static bool has_parent(const char *path)
{
    char *dir = fs_dir_name(path);
    const Node *node = sim_find(dir);
    mem_free(dir);
    return node && node->dir;
}

bool __wrap_fs_create_new(const char *path, FsFile **out, Error *err)
{
    if (!call(path, "create", err)) {
        return false;
    }
    if (!has_parent(path)) {
        return absent(path, "create", err);
    }
    if (sim_find(path)) {
        return error_set_os(err, EK_IO, EEXIST, "could not create \"%s\"", path);
    }
    open_node(add(path, false), 0, out);
    return true;
}

static size_t take(const Node *node, uint64_t offset, void *buf, size_t len)
{
    if (offset >= node->len || len == 0) {
        return 0;
    }
    const size_t left = node->len - (size_t)offset, got = left < len ? left : len;
    memcpy(buf, node->data + offset, got);
    return got;
}

bool __wrap_fs_read(FsFile *file, void *buf, size_t len, size_t *got, Error *err)
{
    if (!call(file->node->path, "read", err)) {
        return false;
    }
    *got = take(file->node, file->at, buf, len);
    file->at += *got;
    return true;
}

bool __wrap_fs_read_at(FsFile *file, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    if (!call(file->node->path, "read", err)) {
        return false;
    }
    *got = take(file->node, offset, buf, len);
    return true;
}

/* Everything is written at the end: nobody of ours writes elsewhere. Killed in the middle of it, a part is there. */
bool __wrap_fs_write(FsFile *file, const void *buf, size_t len, Error *err)
{
    Program *program = sim.program;
    Node *node = file->node;
    sim_check_secret(node->path, buf, len);
    if (program && program->kill_at == program->calls + 1) {
        append(node, buf, (size_t)sim_below((int64_t)len + 1));
    }
    if (!call(node->path, "write", err)) {
        return false;
    }
    const uint64_t most = room(node->path);
    append(node, buf, len < most ? len : (size_t)most);
    if (len > most) {
        sim_disturb();
        return error_set_os(err, EK_IO, ENOSPC, "could not write \"%s\"", node->path);
    }
    return true;
}

bool __wrap_fs_size(FsFile *file, uint64_t *size, Error *err)
{
    if (!call(file->node->path, "read the size of", err)) {
        return false;
    }
    *size = file->node->len;
    return true;
}

bool __wrap_fs_flush(FsFile *file, Error *err)
{
    if (!call(file->node->path, "flush", err)) {
        return false;
    }
    file->node->flushed = file->node->len;
    file->node->lasts = true;
    return true;
}

bool __wrap_fs_close(FsFile *file, Error *err)
{
    if (!file) {
        return true;
    }
    char *path = mem_strdup(file->node->path);
    close_node(file);
    const bool ok = call(path, "close", err);
    mem_free(path);
    return ok;
}

/* --- names ------------------------------------------------------------------------------------------------ */

static FsInfo info_of(const Node *node)
{
    return (FsInfo){.size = node->len, .modified = node->modified, .is_dir = node->dir};
}

bool __wrap_fs_stat(const char *path, FsInfo *info, Error *err)
{
    if (!call(path, "look at", err)) {
        return false;
    }
    const Node *node = sim_find(path);
    if (!node) {
        return absent(path, "look at", err);
    }
    *info = info_of(node);
    return true;
}

bool __wrap_fs_exists(const char *path)
{
    return call(path, "look at", NULL) && sim_find(path) != NULL;
}

bool __wrap_fs_remove(const char *path, Error *err)
{
    if (!call(path, "remove", err)) {
        return false;
    }
    Node *node = sim_find(path);
    if (!node) {
        return true;
    }
    if (node->dir) {
        return error_set_os(err, EK_IO, EISDIR, "could not remove \"%s\"", path);
    }
    if (sim.program && lies_in(path, sim.folder)) {
        sim_check_removal(node);
    }
    drop(node);
    return true;
}

static bool is_held(Node *node)
{
    static const char partial[] = ".partial";
    const size_t len = strlen(node->path), tail = sizeof partial - 1;
    if (sim.program && !sim.calm && !node->tried && len > tail && !strcmp(node->path + len - tail, partial)) {
        node->tried = true;
        node->held_until = sim_chance(HELD_ONE_IN) ? sim_now() + sim_between(1, HELD_MOST) : 0;
        if (node->held_until) {
            sim_say("a virus scanner holds %s open for %lld s", fs_base_name(node->path),
                    (long long)(node->held_until - sim_now()));
        }
    }
    return node->held_until > sim_now();
}

bool __wrap_fs_rename(const char *from, const char *to, bool replace, Error *err)
{
    if (!call(from, "rename", err)) {
        return false;
    }
    Node *node = sim_find(from), *target = sim_find(to);
    const int code = !node || !has_parent(to)                            ? ENOENT
                     : is_held(node)                                     ? EBUSY
                     : target && target != node && (!replace || target->dir) ? EEXIST
                                                                             : 0;
    if (code) {
        return error_set_os(err, code == ENOENT ? EK_NOT_FOUND : EK_IO, code, "could not rename \"%s\" to \"%s\"", from,
                            to);
    }
    if (target && target != node) {
        drop(target);
    }
    mem_free(node->path);
    node->path = mem_strdup(to);
    node->hash = hash_of(to);
    node->lasts = true;
    node->version = ++sim.versions;
    return true;
}

void __wrap_fs_take_rights(const char *from, const char *to)
{
    (void)from;
    (void)to;
}

bool __wrap_fs_dir_may_write(const char *dir, Error *err)
{
    return call(dir, "look at", err) && (sim_find(dir) != NULL || absent(dir, "look at", err));
}

bool __wrap_fs_make_dirs(const char *path, Error *err)
{
    if (!call(path, "make", err)) {
        return false;
    }
    char *part = mem_strdup(path);
    bool ok = true;
    for (size_t i = 1; ok && i <= strlen(path); i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        part[i] = '\0';
        const Node *node = sim_find(part);
        if (!node) {
            add(part, true);
        } else if (!node->dir) {
            ok = error_set_os(err, EK_IO, ENOTDIR, "could not make the folder \"%s\"", part);
        }
        part[i] = path[i];
    }
    mem_free(part);
    return ok;
}

bool __wrap_fs_make_private_dir(const char *path, Error *err)
{
    return __wrap_fs_make_dirs(path, err);
}

bool __wrap_fs_dir_is_ours(const char *path)
{
    const Node *node = sim_find(path);
    return node && node->dir;
}

bool __wrap_fs_remove_tree(const char *path, Error *err)
{
    if (!call(path, "remove", err)) {
        return false;
    }
    for (size_t i = sim.node_count; i > 0; i--) {
        if (lies_in(sim.nodes[i - 1]->path, path)) {
            drop(sim.nodes[i - 1]);
        }
    }
    return true;
}

bool __wrap_fs_free_space(const char *dir, uint64_t *bytes, Error *err)
{
    if (!call(dir, "read the free space of", err)) {
        return false;
    }
    *bytes = room(dir);
    return true;
}

typedef struct Listed {
    char *name;
    FsInfo info;
} Listed;

/* What is directly in it, as it is now: whoever is called with a name may remove it. Caller frees. */
static Listed *children(const char *dir, size_t *count)
{
    const size_t len = strlen(dir);
    Listed *listed = mem_array(sim.node_count, sizeof *listed);
    *count = 0;
    for (size_t i = 0; i < sim.node_count; i++) {
        const Node *node = sim.nodes[i];
        if (!strncmp(node->path, dir, len) && node->path[len] == '/' && node->path[len + 1] != '\0' &&
            !strchr(node->path + len + 1, '/')) {
            listed[(*count)++] = (Listed){mem_strdup(node->path + len + 1), info_of(node)};
        }
    }
    return listed;
}

bool __wrap_fs_list(const char *dir, bool (*visit)(void *context, const char *name, const FsInfo *info), void *context,
                    Error *err)
{
    if (!call(dir, "list", err)) {
        return false;
    }
    const Node *node = sim_find(dir);
    if (!node || !node->dir) {
        return absent(dir, "list", err);
    }
    size_t count = 0;
    Listed *listed = children(dir, &count);
    bool more = true;
    for (size_t i = 0; i < count; i++) {
        more = more && visit(context, listed[i].name, &listed[i].info);
        mem_free(listed[i].name);
    }
    mem_free(listed);
    return true;
}

/* --- locks ------------------------------------------------------------------------------------------------ */

bool __wrap_fs_lock(const char *path, FsLock **out, Error *err)
{
    if (!call(path, "lock", err)) {
        return false;
    }
    if (!has_parent(path)) {
        return absent(path, "open", err);
    }
    Node *node = sim_find(path);
    node = node ? node : add(path, false);
    for (const FsLock *lock = locks; lock; lock = lock->next) {
        if (lock->node == node) {
            return error_set(err, EK_BUSY, "\"%s\" is locked by another job", path);
        }
    }
    FsLock *lock = mem_alloc(sizeof *lock);
    lock->node = node;
    lock->program = sim.program;
    lock->next = locks;
    locks = lock;
    node->refs++;
    *out = lock;
    return true;
}

void __wrap_fs_unlock(FsLock *lock)
{
    if (!lock) {
        return;
    }
    for (FsLock **at = &locks; *at; at = &(*at)->next) {
        if (*at == lock) {
            *at = lock->next;
            break;
        }
    }
    lock->node->refs--;
    let_go(lock->node);
    mem_free(lock);
}

/* --- the end of a program --------------------------------------------------------------------------------- */

size_t sim_fs_held(const Program *program)
{
    size_t count = 0;
    for (const FsFile *file = open_files; file; file = file->next) {
        count += file->program == program;
    }
    for (const FsLock *lock = locks; lock; lock = lock->next) {
        count += lock->program == program;
    }
    return count;
}

bool sim_fs_locked(const char *name)
{
    for (const FsLock *lock = locks; lock; lock = lock->next) {
        if (!strcmp(fs_base_name(lock->node->path), name)) {
            return true;
        }
    }
    return false;
}

void sim_fs_release(Program *program)
{
    for (FsFile *file = open_files, *next; file; file = next) {
        next = file->next;
        if (file->program == program) {
            close_node(file);
        }
    }
    for (FsLock *lock = locks, *next; lock; lock = next) {
        next = lock->next;
        if (lock->program == program) {
            __wrap_fs_unlock(lock);
        }
    }
}
