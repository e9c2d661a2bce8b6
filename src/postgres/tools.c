/*
 * tools.c: finds the client tools and picks the right ones.
 *
 * A pg_dump or pg_restore is asked for its version: that it answers is the proof that it starts, with all its DLLs.
 * One that does not is kept, with the reason, so that "no pg_dump" can be explained.
 *
 * Good answers are remembered for the whole process, by path, size and time: the window makes many backups. That is the
 * one thing here that outlives its caller; thread_process_mutex guards it.
 */
#include "postgres/tools.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "platform/process.h"
#include "platform/thread.h"
#include "postgres/client.h"
#include "postgres/pe_imports.h"
#include "postgres/releases.h"
#include "version.h"

#define ANSWER_SECONDS 20u
#define MAX_DIRS 256u
#define DLL_MISSING 0xC0000135u

#ifdef _WIN32
#define PROGRAM_SUFFIX ".exe"
#define LIST_SEPARATOR ';'
#define same_path(a, b) (utf8_casecmp(a, b) == 0)
#else
#define PROGRAM_SUFFIX ""
#define LIST_SEPARATOR ':'
#define same_path(a, b) (strcmp(a, b) == 0)
#endif

typedef struct Dirs {
    char **items;
    size_t count, capacity;
} Dirs;

void tools_init(Tools *tools)
{
    *tools = (Tools){NULL, 0, NULL, 0};
}

static void release_list(Tool *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(list[i].path);
        mem_free(list[i].version);
        mem_free(list[i].problem);
    }
    mem_free(list);
}

void tools_release(Tools *tools)
{
    release_list(tools->dump, tools->dump_count);
    release_list(tools->restore, tools->restore_count);
    tools_init(tools);
}

/* --- versions -------------------------------------------------------------------------------------------- */

bool tools_parse_version(const char *line, int *major, char **version)
{
    static const char marker[] = " (PostgreSQL) ";
    const char *at = strstr(line, marker);
    if (at == NULL || at == line) {
        return false;
    }
    at += sizeof marker - 1;
    char *end = NULL;
    errno = 0;
    const long number = strtol(at, &end, 10);
    if (errno != 0 || end == at || at[0] < '0' || at[0] > '9' || number < 1 || number > 999) {
        return false;
    }
    /* "18.6", "9.6.24", "19devel", "18beta2"; what a packager adds stands after a space. */
    const size_t len = strcspn(at, " \t\r\n");
    for (size_t i = 0; i < len; i++) {
        const char c = at[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.')) {
            return false;
        }
    }
    *major = (int)number;
    *version = mem_strndup(at, len);
    return true;
}

int tools_minor(const char *version)
{
    const char *dot = version + strspn(version, "0123456789");
    if (*dot != '.' || dot[1] < '0' || dot[1] > '9') {
        return -1;
    }
    const long minor = strtol(dot + 1, NULL, 10);
    return minor > 9999 ? 9999 : (int)minor;
}

/* Compares "18.6" and "18.10" by their numbers. */
static int compare_versions(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        char *a_end = NULL;
        char *b_end = NULL;
        const long a_number = strtol(a, &a_end, 10);
        const long b_number = strtol(b, &b_end, 10);
        if (a_number != b_number) {
            return a_number < b_number ? -1 : 1;
        }
        if (*a_end != '.' || *b_end != '.') {
            return *a_end == '.' ? 1 : *b_end == '.' ? -1 : 0;
        }
        a = a_end + 1;
        b = b_end + 1;
    }
    return 0;
}

/* --- what was answered before ---------------------------------------------------------------------------- */

typedef struct Remembered {
    char *path, *version;
    uint64_t size;
    int64_t modified;
} Remembered;

typedef struct Answers {
    Remembered *items;
    size_t count, capacity;
} Answers;

static Answers answers; /* under thread_process_mutex */

/* Of the path; NULL: none yet. */
static Remembered *recall(const char *path)
{
    for (size_t i = 0; i < answers.count; i++) {
        if (same_path(answers.items[i].path, path)) {
            return &answers.items[i];
        }
    }
    return NULL;
}

static bool answered_before(Tool *tool, const FsInfo *info)
{
    mutex_lock(thread_process_mutex());
    const Remembered *known = recall(tool->path);
    const bool same = known != NULL && known->size == info->size && known->modified == info->modified;
    char *version = same ? mem_strdup(known->version) : NULL;
    mutex_unlock(thread_process_mutex());
    if (same) {
        tool->version = version;
        tool->major = (int)strtol(version, NULL, 10);
    }
    return same;
}

static void remember(const Tool *tool, const FsInfo *info)
{
    mutex_lock(thread_process_mutex());
    Remembered *known = recall(tool->path);
    if (known == NULL) {
        void *grown = answers.items;
        mem_grow(&grown, &answers.capacity, answers.count + 1, sizeof *answers.items);
        answers.items = grown;
        known = &answers.items[answers.count++];
        *known = (Remembered){.path = mem_strdup(tool->path)};
    }
    mem_free(known->version);
    known->version = mem_strdup(tool->version);
    known->size = info->size;
    known->modified = info->modified;
    mutex_unlock(thread_process_mutex());
}

/* --- asking ---------------------------------------------------------------------------------------------- */

static unsigned answer_seconds(void)
{
    char *text = machine_getenv("CMMS_TOOL_SECONDS");
    const long seconds = text == NULL ? 0 : strtol(text, NULL, 10);
    mem_free(text);
    return seconds > 0 && seconds < 3600 ? (unsigned)seconds : ANSWER_SECONDS;
}

static void add_list(Dirs *dirs, const char *list, char separator)
{
    while (list != NULL && *list != '\0' && dirs->count < MAX_DIRS) {
        const char *end = strchr(list, separator);
        const size_t len = end == NULL ? strlen(list) : (size_t)(end - list);
        if (len > 0) {
            mem_grow((void **)&dirs->items, &dirs->capacity, dirs->count + 1, sizeof *dirs->items);
            dirs->items[dirs->count++] = mem_strndup(list, len);
        }
        list += len + (end == NULL ? 0 : 1);
    }
}

static void release_dirs(Dirs *dirs)
{
    for (size_t i = 0; i < dirs->count; i++) {
        mem_free(dirs->items[i]);
    }
    mem_free(dirs->items);
    *dirs = (Dirs){NULL, 0, 0};
}

/* "a DLL that it needs is missing: LIBPQ.dll": the name where the import tables tell it. */
static char *missing_dll_text(const char *program)
{
    Dirs dirs = {NULL, 0, 0};
    char *windows = machine_getenv("SystemRoot");
    char *path = machine_getenv("PATH");
    if (windows != NULL) {
        char *system = fs_join(windows, "System32");
        add_list(&dirs, system, LIST_SEPARATOR);
        add_list(&dirs, windows, LIST_SEPARATOR);
        mem_free(system);
    }
    add_list(&dirs, path, LIST_SEPARATOR);
    char *name = pe_imports_missing(program, (const char *const *)dirs.items, dirs.count);
    char *text = name == NULL ? mem_strdup("a DLL that it needs is missing")
                              : mem_printf("a DLL that it needs is missing: %s", name);
    mem_free(name);
    mem_free(path);
    mem_free(windows);
    release_dirs(&dirs);
    return text;
}

static bool was_asked(const Tool *tool)
{
    return tool->version != NULL || tool->problem != NULL;
}

/* Fills the tool's version or its problem. False only when cancelled. */
static bool run_it(Tool *tool, const Cancel *cancel, Error *err)
{
    const char *const argv[] = {tool->path, "--version", NULL};
    StrBuf answer;
    strbuf_init(&answer, STRBUF_SMALL);
    const ClientSpec spec = {.argv = argv, .answer = &answer, .limit_seconds = answer_seconds()};
    ClientResult result;
    Error why = ERROR_INIT;
    bool ok = true;
    if (!client_run(&spec, cancel, &result, &why)) {
        if (why.kind == EK_CANCELLED) {
            ok = error_move(err, &why);
        } else {
            tool->problem = mem_printf("it could not be started: %s", why.detail == NULL ? why.message : why.detail);
            error_clear(&why);
        }
    } else if (result.late) {
        tool->problem = mem_printf("it did not answer within %u seconds", spec.limit_seconds);
    } else if (result.exit_code == DLL_MISSING) {
        tool->problem = missing_dll_text(tool->path);
    } else if (result.exit_code != 0) {
        tool->problem = process_exit_text(result.exit_code);
        if (tool->problem == NULL) {
            tool->problem = mem_printf("it ended with exit code %u", result.exit_code);
        }
    } else if (!tools_parse_version(answer.buf, &tool->major, &tool->version)) {
        tool->problem = mem_strdup("it did not say which version it is");
    }
    client_release(&result);
    strbuf_release(&answer);
    return ok;
}

static bool ask(Tool *tool, const Cancel *cancel, Error *err)
{
    FsInfo info = {.size = 0};
    const bool there = fs_stat(tool->path, &info, NULL);
    if (was_asked(tool) || (there && answered_before(tool, &info))) {
        tool->minor = tool->version == NULL ? -1 : tools_minor(tool->version);
        return true;
    }
    if (!run_it(tool, cancel, err)) {
        return false;
    }
    if (tool->version != NULL) {
        tool->minor = tools_minor(tool->version);
        if (there) {
            remember(tool, &info);
        }
    }
    return true;
}

/* 17 of "...\\tools\\17\\pg_dump.exe"; 0: the folder's name tells no version. */
static int told_by_folder(const char *path)
{
    const char *name = fs_base_name(path);
    const char *end = name == path ? path : name - 1;
    const char *at = end;
    while (at > path && at[-1] >= '0' && at[-1] <= '9') {
        at--;
    }
    const bool whole = at < end && end - at < 4 && at > path && (at[-1] == '/' || at[-1] == '\\');
    return whole ? (int)strtol(at, NULL, 10) : 0;
}

/* Of that origin: all, or those whose folder is named for that major. */
static bool ask_some(Tool *list, size_t count, ToolOrigin origin, int major, const Cancel *cancel, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        const bool meant = list[i].origin == origin && (major == 0 || told_by_folder(list[i].path) == major);
        if (meant && !was_asked(&list[i]) && !ask(&list[i], cancel, err)) {
            return false;
        }
    }
    return true;
}

static bool ask_list(Tool *list, size_t count, const Cancel *cancel, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!was_asked(&list[i]) && !ask(&list[i], cancel, err)) {
            return false;
        }
    }
    return true;
}

bool tools_ask_all(Tools *tools, const Cancel *cancel, Error *err)
{
    return ask_list(tools->dump, tools->dump_count, cancel, err) &&
           ask_list(tools->restore, tools->restore_count, cancel, err);
}

/* --- finding --------------------------------------------------------------------------------------------- */

static bool add_tool(Tool **list, size_t *count, const char *dir, const char *name, ToolOrigin origin,
                     const Cancel *cancel, Error *err)
{
    char *path = fs_join(dir, name);
    FsInfo info;
    bool wanted = fs_stat(path, &info, NULL) && !info.is_dir;
    for (size_t i = 0; wanted && i < *count; i++) {
        wanted = !same_path((*list)[i].path, path);
    }
    if (!wanted) {
        mem_free(path);
        return true;
    }
    Tool tool = {.path = path, .minor = -1, .origin = origin};
    if (origin == TOOL_OURS && told_by_folder(path) == 0 && !ask(&tool, cancel, err)) {
        mem_free(path);
        return false;
    }
    *list = mem_resize(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = tool;
    return true;
}

bool tools_find_in(const char *const *dirs, size_t dir_count, size_t ours, Tools *tools, const Cancel *cancel,
                   Error *err)
{
    Tools found;
    tools_init(&found);
    for (size_t i = 0; i < dir_count; i++) {
        const ToolOrigin origin = i < ours ? TOOL_OURS : TOOL_FOUND;
        if (!add_tool(&found.dump, &found.dump_count, dirs[i], "pg_dump" PROGRAM_SUFFIX, origin, cancel, err) ||
            !add_tool(&found.restore, &found.restore_count, dirs[i], "pg_restore" PROGRAM_SUFFIX, origin, cancel,
                      err)) {
            tools_release(&found);
            return false;
        }
    }
    tools_release(tools);
    *tools = found;
    return true;
}

static bool visit_installed(void *context, const char *dir)
{
    Dirs *dirs = context;
    mem_grow((void **)&dirs->items, &dirs->capacity, dirs->count + 1, sizeof *dirs->items);
    dirs->items[dirs->count++] = mem_strdup(dir);
    return dirs->count < MAX_DIRS;
}

typedef struct OwnDirs {
    const char *base;
    Dirs dirs;
} OwnDirs;

static bool visit_own(void *context, const char *name, const FsInfo *info)
{
    OwnDirs *own = context;
    if (info->is_dir) {
        char *dir = fs_join(own->base, name);
        visit_installed(&own->dirs, dir);
        mem_free(dir);
    }
    return own->dirs.count < MAX_DIRS;
}

bool tools_find(Tools *tools, const Cancel *cancel, Error *err)
{
    OwnDirs all = {NULL, {NULL, 0, 0}};
    size_t ours = 0;
    char *wanted = machine_getenv("CMMS_BACKUP_TOOLS");
    if (wanted != NULL && wanted[0] != '\0') {
        add_list(&all.dirs, wanted, LIST_SEPARATOR);
        ours = all.dirs.count;
    } else {
        char *program_dir = machine_program_dir();
        char *own = program_dir == NULL ? NULL : fs_join(program_dir, "tools");
        if (own != NULL) {
            all.base = own;
            fs_list(own, visit_own, &all, NULL); /* a program without tools of its own is no error */
        }
        ours = all.dirs.count;
        machine_visit_tool_dirs(visit_installed, &all.dirs);
        mem_free(own);
        mem_free(program_dir);
    }
    const bool ok = tools_find_in((const char *const *)all.dirs.items, all.dirs.count, ours, tools, cancel, err);
    release_dirs(&all.dirs);
    mem_free(wanted);
    return ok;
}

/* --- picking --------------------------------------------------------------------------------------------- */

/* What is looked for, and how well the best so far does. */
typedef struct Wanted {
    int major, minor; /* minor -1: any */
    bool beyond_ascii;
} Wanted;

static bool serves(const Wanted *wanted, const Tool *tool)
{
    return tool->version != NULL && tool->major >= wanted->major;
}

/* Whether nothing that was only found could do better. */
static bool is_right(const Wanted *wanted, const Tool *tool)
{
    if (tool == NULL || wanted->beyond_ascii || wanted->major == 0) {
        return tool != NULL;
    }
    return tool->major == wanted->major && tool->minor >= wanted->minor;
}

/* The rules of tools.h, one after the other. */
static bool is_better(const Wanted *wanted, const Tool *tool, const Tool *than)
{
    const bool enough = tool->minor >= wanted->minor, was_enough = than->minor >= wanted->minor;
    if (wanted->beyond_ascii && tool->origin != than->origin) {
        return tool->origin == TOOL_OURS;
    }
    if (tool->major != than->major && wanted->major != 0) {
        return tool->major < than->major;
    }
    if (tool->major == wanted->major && enough != was_enough) {
        return enough;
    }
    if (tool->origin != than->origin) {
        return tool->origin == TOOL_OURS;
    }
    return compare_versions(tool->version, than->version) > 0;
}

static const Tool *best_of(const Tool *list, size_t count, const Wanted *wanted)
{
    const Tool *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (serves(wanted, &list[i]) && (best == NULL || is_better(wanted, &list[i], best))) {
            best = &list[i];
        }
    }
    return best;
}

/* NULL in *best: none. Asks no more than it needs to: the one of ours that is named for the version; where there is
 * none, the others of ours; then those that were only found. */
static bool pick(Tool *list, size_t count, const Wanted *wanted, const Cancel *cancel, const Tool **best, Error *err)
{
    bool ok = ask_some(list, count, TOOL_OURS, wanted->major, cancel, err);
    *best = best_of(list, count, wanted);
    if (ok && !is_right(wanted, *best) && (*best == NULL || (*best)->major != wanted->major)) {
        ok = ask_some(list, count, TOOL_OURS, 0, cancel, err);
        *best = best_of(list, count, wanted);
    }
    if (ok && !is_right(wanted, *best)) {
        ok = ask_some(list, count, TOOL_FOUND, 0, cancel, err);
        *best = best_of(list, count, wanted);
    }
    return ok;
}

static const Tool *newest(const Tool *list, size_t count)
{
    const Tool *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (list[i].version != NULL && (best == NULL || compare_versions(list[i].version, best->version) > 0)) {
            best = &list[i];
        }
    }
    return best;
}

static bool none_usable(const char *name, const Tool *list, size_t count, Error *err)
{
    static const char hint[] = "Install " CMMS_PRODUCT " again, or install PostgreSQL's command line tools.";
    if (count == 0) {
        error_set(err, EK_TOOL, "no %s was found", name);
        return error_hint(err, "%s", hint);
    }
    StrBuf detail;
    strbuf_init(&detail, STRBUF_SMALL);
    for (size_t i = 0; i < count; i++) {
        strbuf_addf(&detail, "%s%s: %s", i == 0 ? "" : "; ", list[i].path, list[i].problem);
    }
    error_set(err, EK_TOOL, "%s was found, but cannot be used: %s", name, list[0].problem);
    error_detail(err, "%s", detail.buf);
    strbuf_release(&detail);
    return error_hint(err, "%s", hint);
}

/* That the tool and the server, and the tool and we, understand each other. */
static bool understood(const Tool *tool, int server_version, Error *err)
{
    if (server_version > 0 && server_version < release_oldest_server(tool->major)) {
        char *server = release_text(server_version), *oldest = release_text(release_oldest_server(tool->major));
        error_set(err, EK_TOOL, "the server is PostgreSQL %s, older than what pg_dump %s can save (%s and newer)",
                  server, tool->version, oldest);
        mem_free(oldest);
        mem_free(server);
        return error_hint(err, "Update the server: this PostgreSQL has had no repairs for years.");
    }
    if (tool->major > ARCHIVE_NEWEST_TOOL) {
        error_set(err, EK_TOOL,
                  "pg_dump %s may write archives that are newer than this program can check (PostgreSQL %d's)",
                  tool->version, ARCHIVE_NEWEST_TOOL);
        return error_hint(err, "Update " CMMS_PRODUCT ".");
    }
    return true;
}

bool tools_pick_dump(Tools *tools, const ToolNeed *need, const Cancel *cancel, const Tool **tool, char **reason,
                     char **warning, Error *err)
{
    const int major = need->server_version / 10000;
    const int minor = need->server_version < 100000 ? -1 : need->server_version % 10000;
    const Wanted wanted = {major, minor, need->beyond_ascii};
    const Tool *best = NULL;
    if (!pick(tools->dump, tools->dump_count, &wanted, cancel, &best, err)) {
        return false;
    }
    if (best == NULL) {
        const Tool *last = newest(tools->dump, tools->dump_count);
        if (last == NULL) {
            return none_usable("pg_dump", tools->dump, tools->dump_count, err);
        }
        error_set(err, EK_TOOL, "the server is PostgreSQL %d, newer than every pg_dump here (newest: %s)", major,
                  last->version);
        return error_hint(err, "Update " CMMS_PRODUCT ".");
    }
    if (!understood(best, need->server_version, err)) {
        return false;
    }
    *tool = best;
    *reason = best->major == major
                  ? mem_printf("Using pg_dump %s, made for PostgreSQL %d: %s", best->version, major, best->path)
                  : mem_printf("Using pg_dump %s, the nearest to PostgreSQL %d here: %s", best->version, major,
                               best->path);
    const char *what = best->origin == TOOL_OURS ? CMMS_PRODUCT : "PostgreSQL's tools on this PC";
    *warning = best->major == major && best->minor < minor
                   ? mem_printf("pg_dump %s is older than the server, PostgreSQL %d.%d: update %s", best->version,
                                major, minor, what)
                   : NULL;
    return true;
}

bool tools_pick_restore(Tools *tools, int major, const Cancel *cancel, const Tool **tool, char **reason, Error *err)
{
    const Wanted wanted = {major, -1, false};
    const Tool *best = NULL;
    if (!pick(tools->restore, tools->restore_count, &wanted, cancel, &best, err)) {
        return false;
    }
    if (best == NULL) {
        const Tool *last = newest(tools->restore, tools->restore_count);
        if (last == NULL) {
            return none_usable("pg_restore", tools->restore, tools->restore_count, err);
        }
        error_set(err, EK_TOOL, "the backup needs pg_restore %d, and the newest here is %s", major, last->version);
        return error_hint(err, "Update " CMMS_PRODUCT ".");
    }
    *tool = best;
    *reason = mem_printf("Using pg_restore %s: %s", best->version, best->path);
    return true;
}

char *tools_complaint(const Tool *tool, const char *name)
{
    char *words = tool->version == NULL ? NULL : release_complaint(name, tool->version);
    char *text = words == NULL ? NULL : mem_printf("%s: %s", words, tool->path);
    mem_free(words);
    return text;
}
