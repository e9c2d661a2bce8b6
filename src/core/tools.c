/*
 * tools.c: finds the client tools and picks the right ones.
 *
 * Each pg_dump and pg_restore found is asked for its version: that it answers is the proof that it starts, with
 * all its DLLs. One that does not is kept, with the reason, so that "no pg_dump" can be explained.
 */
#include "tools.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "connection.h"
#include "fs.h"
#include "machine.h"
#include "mem.h"
#include "pe_imports.h"
#include "process.h"
#include "strbuf.h"
#include "utf.h"

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

/* --- asking ---------------------------------------------------------------------------------------------- */

typedef struct Answer {
    StrBuf text;
    uint64_t deadline; /* clock_monotonic_ms */
} Answer;

static bool take_answer(void *context, const char *bytes, size_t len)
{
    Answer *answer = context;
    const size_t room = answer->text.max - answer->text.len;
    strbuf_add(&answer->text, bytes, len < room ? len : room);
    return true;
}

static bool in_time(void *context)
{
    const Answer *answer = context;
    return clock_monotonic_ms() < answer->deadline;
}

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

/* Fills the tool's version or its problem. False only when cancelled. */
static bool ask(Tool *tool, const Cancel *cancel, Error *err)
{
    static const char *const locale[] = {"LC_MESSAGES=C", "LANGUAGE=C", NULL};
    const char *const argv[] = {tool->path, "--version", NULL};
    Answer answer;
    strbuf_init(&answer.text, STRBUF_SMALL);
    const unsigned seconds = answer_seconds();
    answer.deadline = clock_monotonic_ms() + 1000u * (uint64_t)seconds;
    ProcessSpec spec = {0};
    spec.program = tool->path;
    spec.argv = argv;
    spec.env_set = locale;
    spec.env_unset = connection_env_unset();
    spec.on_stdout = take_answer;
    spec.on_tick = in_time;
    spec.context = &answer;
    ProcessResult result = {0};
    Error why = ERROR_INIT;
    bool ok = true;
    if (!process_run(&spec, cancel, &result, &why)) {
        if (why.kind == EK_CANCELLED) {
            ok = error_move(err, &why);
        } else {
            tool->problem = mem_printf("it could not be started: %s", why.detail == NULL ? why.message : why.detail);
            error_clear(&why);
        }
    } else if (result.stopped) {
        tool->problem = mem_printf("it did not answer within %u seconds", seconds);
    } else if (result.exit_code == DLL_MISSING) {
        tool->problem = missing_dll_text(tool->path);
    } else if (result.exit_code != 0) {
        tool->problem = process_exit_text(result.exit_code);
        if (tool->problem == NULL) {
            tool->problem = mem_printf("it ended with exit code %u", result.exit_code);
        }
    } else if (!tools_parse_version(answer.text.buf, &tool->major, &tool->version)) {
        tool->problem = mem_strdup("it did not say which version it is");
    }
    strbuf_release(&answer.text);
    return ok;
}

/* --- finding --------------------------------------------------------------------------------------------- */

static bool add_tool(Tool **list, size_t *count, const char *dir, const char *name, const Cancel *cancel, Error *err)
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
    Tool tool = {path, NULL, 0, NULL};
    if (!ask(&tool, cancel, err)) {
        mem_free(path);
        return false;
    }
    *list = mem_resize(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = tool;
    return true;
}

bool tools_find_in(const char *const *dirs, size_t dir_count, Tools *tools, const Cancel *cancel, Error *err)
{
    Tools found;
    tools_init(&found);
    for (size_t i = 0; i < dir_count; i++) {
        if (!add_tool(&found.dump, &found.dump_count, dirs[i], "pg_dump" PROGRAM_SUFFIX, cancel, err) ||
            !add_tool(&found.restore, &found.restore_count, dirs[i], "pg_restore" PROGRAM_SUFFIX, cancel, err)) {
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
    char *wanted = machine_getenv("CMMS_BACKUP_TOOLS");
    if (wanted != NULL && wanted[0] != '\0') {
        add_list(&all.dirs, wanted, LIST_SEPARATOR);
    } else {
        char *program_dir = machine_program_dir();
        char *own = program_dir == NULL ? NULL : fs_join(program_dir, "tools");
        if (own != NULL) {
            all.base = own;
            fs_list(own, visit_own, &all, NULL); /* a program without tools of its own is no error */
        }
        machine_visit_tool_dirs(visit_installed, &all.dirs);
        mem_free(own);
        mem_free(program_dir);
    }
    const bool ok = tools_find_in((const char *const *)all.dirs.items, all.dirs.count, tools, cancel, err);
    release_dirs(&all.dirs);
    mem_free(wanted);
    return ok;
}

/* --- picking --------------------------------------------------------------------------------------------- */

/* The nearest that is at least `major`, and of those the newest release, and of those the first found. */
static const Tool *nearest(const Tool *list, size_t count, int major)
{
    const Tool *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const Tool *tool = &list[i];
        if (tool->problem != NULL || tool->major < major) {
            continue;
        }
        if (best == NULL || tool->major < best->major ||
            (tool->major == best->major && compare_versions(tool->version, best->version) > 0)) {
            best = tool;
        }
    }
    return best;
}

static const Tool *newest(const Tool *list, size_t count)
{
    const Tool *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (list[i].problem == NULL && (best == NULL || compare_versions(list[i].version, best->version) > 0)) {
            best = &list[i];
        }
    }
    return best;
}

static bool none_usable(const char *name, const Tool *list, size_t count, Error *err)
{
    static const char hint[] = "Install CMMS Backup again, or install PostgreSQL's command line tools.";
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

bool tools_pick_dump(const Tools *tools, int server_major, const Tool **tool, char **reason, Error *err)
{
    const Tool *best = nearest(tools->dump, tools->dump_count, server_major);
    if (best == NULL) {
        const Tool *last = newest(tools->dump, tools->dump_count);
        if (last == NULL) {
            return none_usable("pg_dump", tools->dump, tools->dump_count, err);
        }
        error_set(err, EK_TOOL, "the server is PostgreSQL %d, newer than every pg_dump here (newest: %s)", server_major,
                  last->version);
        return error_hint(err, "Update CMMS Backup.");
    }
    *tool = best;
    *reason = best->major == server_major
                  ? mem_printf("Using pg_dump %s, made for PostgreSQL %d: %s", best->version, server_major, best->path)
                  : mem_printf("Using pg_dump %s, the nearest to PostgreSQL %d here: %s", best->version, server_major,
                               best->path);
    return true;
}

bool tools_pick_restore(const Tools *tools, int major, const Tool **tool, char **reason, Error *err)
{
    const Tool *best = nearest(tools->restore, tools->restore_count, major);
    if (best == NULL) {
        const Tool *last = newest(tools->restore, tools->restore_count);
        if (last == NULL) {
            return none_usable("pg_restore", tools->restore, tools->restore_count, err);
        }
        error_set(err, EK_TOOL, "the backup needs pg_restore %d, and the newest here is %s", major, last->version);
        return error_hint(err, "Update CMMS Backup.");
    }
    *tool = best;
    *reason = mem_printf("Using pg_restore %s: %s", best->version, best->path);
    return true;
}
