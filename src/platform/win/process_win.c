/*
 * process_win.c: a child process on Windows.
 *
 * Start. The child is created suspended, with an attribute list that names the three handles it may inherit
 * (there is no fallback to inheriting everything) and the job object it is born into. Where the job attribute
 * is not honoured it is put into the job before its first instruction. Then it is resumed. The job kills all
 * its members when its last handle is closed, so neither a crash of ours nor a return leaves anything behind.
 *
 * Pipes. An anonymous pipe cannot be read with a timeout, so each stream is a named pipe with a random name,
 * one instance, no remote clients, overlapped on our side only. One thread waits for {cancel, child, stdout,
 * stderr} with the tick as the timeout. After a wait every stream that has something is served, not only the
 * one that woke us: a flood on one must not starve the other.
 *
 * End. When the child has exited, the job is terminated first: a grandchild that holds the pipes would keep
 * them open for ever. Then both pipes are read to their end, and only then is the exit reported. On cancel, or
 * when a callback says stop, the job is terminated and what still comes is thrown away.
 */
#include "platform/process.h"

#include <windows.h>

#include <wchar.h>

#include "base/mem.h"
#include "base/secret.h"
#include "platform/clock.h"
#include "platform/machine.h"
#include "platform/wide.h"
#include "win_private.h"

#define PIPE_BYTES 65536u
#define DEFAULT_TICK_MS 250u
#define LONGEST_COMMAND 32766u   /* characters, by CreateProcessW */
#define LONGEST_CWD 258u         /* CreateProcessW takes no \\?\ prefix here */
#define END_MS 5000u             /* for the members of a terminated job to be gone */
#define QUIET_MS 10000u          /* for the pipes to end once nobody of ours can hold them */
#define KILLED_EXIT_CODE 1u

typedef struct Stream {
    HANDLE pipe;       /* our end; NULL when the stream is not a pipe, or has ended */
    OVERLAPPED overlapped; /* its event is manual-reset */
    bool pending;      /* a read is under way into `bytes` */
    char *bytes;       /* PIPE_BYTES */
    bool (*on_bytes)(void *context, const char *bytes, size_t len);
} Stream;

typedef struct Child {
    const ProcessSpec *spec;
    HANDLE process;
    HANDLE job;
    Stream out;
    Stream err;
    bool stopped; /* a callback said so */
    bool mute;    /* no more callbacks */
} Child;

static bool start_failed(const ProcessSpec *spec, DWORD code, Error *err)
{
    return error_set_os(err, EK_TOOL, (long)code, "could not start \"%s\"", spec->program);
}

static void close_handle(HANDLE *handle)
{
    if (*handle != NULL && *handle != INVALID_HANDLE_VALUE)
        CloseHandle(*handle);
    *handle = NULL;
}

/* --- environment --------------------------------------------------------------------------------------- */

/* The length of an entry's name. Windows keeps entries like "=C:=C:\folder", whose name starts with '='. */
static size_t name_len(const wchar_t *entry)
{
    const wchar_t *end = entry[0] == L'\0' ? NULL : wcschr(entry + 1, L'=');

    return end == NULL ? wcslen(entry) : (size_t)(end - entry);
}

static int compare_names(const wchar_t *a, size_t a_len, const wchar_t *b, size_t b_len)
{
    return CompareStringOrdinal(a, (int)a_len, b, (int)b_len, TRUE) - CSTR_EQUAL;
}

static int compare_entries(const void *left, const void *right)
{
    const wchar_t *a = *(wchar_t *const *)left;
    const wchar_t *b = *(wchar_t *const *)right;

    return compare_names(a, name_len(a), b, name_len(b));
}

static bool is_named(const wchar_t *entry, wchar_t *const *names)
{
    for (; *names != NULL; names++) {
        if (compare_names(entry, name_len(entry), *names, name_len(*names)) == 0)
            return true;
    }
    return false;
}

/* Copies of texts as wide strings, with a NULL after them; NULL when one is not valid. */
static wchar_t **wide_list(const char *const *texts)
{
    size_t count = 0;
    wchar_t **list;

    while (texts != NULL && texts[count] != NULL)
        count++;
    list = mem_array(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        if (!wide_from_utf8_strict(texts[i], &list[i])) {
            for (size_t j = 0; j < i; j++)
                mem_free(list[j]);
            mem_free(list);
            return NULL;
        }
    }
    return list;
}

/* Entries may hold a password. */
static void wipe_list(wchar_t **list)
{
    if (list == NULL)
        return;
    for (wchar_t **entry = list; *entry != NULL; entry++) {
        secret_wipe(*entry, wcslen(*entry) * sizeof **entry);
        mem_free(*entry);
    }
    mem_free(list);
}

static void wipe_block(wchar_t *block, size_t len)
{
    if (block == NULL)
        return;
    secret_wipe(block, len * sizeof *block);
    mem_free(block);
}

/* Our environment without what is unset or set anew, with what is set, sorted as Windows wants it. */
static bool environment_block(const ProcessSpec *spec, wchar_t **block, size_t *block_len, Error *err)
{
    wchar_t **set = wide_list(spec->env_set);
    wchar_t **unset = wide_list(spec->env_unset);
    wchar_t *ours = NULL;
    wchar_t **entries = NULL;
    size_t count = 0;
    size_t total = 2;
    size_t at = 0;
    bool ok = false;

    if (set == NULL || unset == NULL) {
        error_set(err, EK_TOOL, "a variable for \"%s\" is not valid UTF-8", spec->program);
        goto out;
    }
    ours = GetEnvironmentStringsW();
    if (ours == NULL) {
        start_failed(spec, GetLastError(), err);
        goto out;
    }
    for (const wchar_t *p = ours; *p != L'\0'; p += wcslen(p) + 1)
        count++;
    for (wchar_t **entry = set; *entry != NULL; entry++)
        count++;
    entries = mem_array(count + 1, sizeof *entries);
    count = 0;
    for (wchar_t *p = ours; *p != L'\0'; p += wcslen(p) + 1) {
        if (!is_named(p, set) && !is_named(p, unset))
            entries[count++] = p;
    }
    for (wchar_t **entry = set; *entry != NULL; entry++)
        entries[count++] = *entry;
    qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t i = 0; i < count; i++)
        total += wcslen(entries[i]) + 1;
    *block = mem_array(total, sizeof **block);
    *block_len = total;
    for (size_t i = 0; i < count; i++) {
        size_t len = wcslen(entries[i]) + 1;

        memcpy(*block + at, entries[i], len * sizeof **block);
        at += len;
    }
    ok = true;
out:
    mem_free(entries);
    if (ours != NULL)
        FreeEnvironmentStringsW(ours);
    wipe_list(set);
    wipe_list(unset);
    return ok;
}

/* --- what CreateProcessW takes ------------------------------------------------------------------------- */

static bool command_line(const ProcessSpec *spec, wchar_t **out, Error *err)
{
    StrBuf text;
    bool ok = true;

    strbuf_init(&text, 4u * LONGEST_COMMAND);
    for (size_t i = 0; spec->argv[i] != NULL && ok; i++)
        ok = (i == 0 || strbuf_addch(&text, ' ')) && process_quote(&text, spec->argv[i]);
    if (ok && !wide_from_utf8_strict(text.buf, out)) {
        strbuf_release(&text);
        return error_set(err, EK_TOOL, "an argument for \"%s\" is not valid UTF-8", spec->program);
    }
    strbuf_release(&text);
    if (ok && wcslen(*out) > LONGEST_COMMAND) {
        mem_free(*out);
        *out = NULL;
        ok = false;
    }
    return ok || error_set(err, EK_TOOL, "the arguments for \"%s\" are too long", spec->program);
}

/* A folder too long for CreateProcessW gets in by its short name, where the volume keeps short names. */
static bool working_dir(const ProcessSpec *spec, wchar_t **out, Error *err)
{
    wchar_t *wide = NULL;
    wchar_t *narrow = NULL;
    DWORD size;

    if (spec->cwd == NULL)
        return true;
    if (!wide_path(spec->cwd, &wide, err))
        return false;
    if (wcsncmp(wide, L"\\\\?\\", 4) != 0) {
        *out = wide;
        return true;
    }
    size = GetShortPathNameW(wide, NULL, 0);
    if (size > 0) {
        narrow = mem_array(size, sizeof *narrow);
        size = GetShortPathNameW(wide, narrow, size);
    }
    if (size == 0)
        *out = wide_from_utf8(spec->cwd);
    else if (wcsncmp(narrow, L"\\\\?\\UNC\\", 8) == 0)
        *out = wide_from_utf8(spec->cwd);
    else {
        *out = mem_array(wcslen(narrow) + 1, sizeof **out);
        memcpy(*out, narrow + 4, (wcslen(narrow) - 3) * sizeof **out);
    }
    mem_free(wide);
    mem_free(narrow);
    if (wcslen(*out) <= LONGEST_CWD)
        return true;
    mem_free(*out);
    *out = NULL;
    error_set_os(err, EK_TOOL, ERROR_FILENAME_EXCED_RANGE, "could not start \"%s\" in \"%s\"", spec->program,
                 spec->cwd);
    return error_hint(err, "The folder's path is too long for Windows to start a program in it. Choose a folder "
                           "with a shorter path.");
}

static HANDLE open_null(DWORD access)
{
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};

    return CreateFileW(L"NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE, &inheritable, OPEN_EXISTING, 0, NULL);
}

/* A pipe into `stream`; *child_end is inheritable. 0 or the system's code. */
static DWORD open_pipe(Stream *stream, HANDLE *child_end)
{
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};
    uint64_t random[2];
    wchar_t *name;
    char *text;
    DWORD code = 0;

    if (!machine_random(random, sizeof random))
        return ERROR_GEN_FAILURE;
    text = mem_printf("\\\\.\\pipe\\cmms-backup-%lu-%llx%llx", GetCurrentProcessId(), (unsigned long long)random[0],
                      (unsigned long long)random[1]);
    name = wide_from_utf8(text);
    mem_free(text);
    stream->pipe = CreateNamedPipeW(name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                                    PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, 0,
                                    PIPE_BYTES, 0, NULL);
    if (stream->pipe == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        stream->pipe = NULL;
        goto out;
    }
    *child_end = CreateFileW(name, GENERIC_WRITE, 0, &inheritable, OPEN_EXISTING, 0, NULL);
    if (*child_end == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        *child_end = NULL;
        goto out;
    }
    stream->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (stream->overlapped.hEvent == NULL)
        code = GetLastError();
    stream->bytes = mem_alloc(PIPE_BYTES);
out:
    mem_free(name);
    return code;
}

static HANDLE new_job(unsigned max_processes)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);

    /* A tool that crashes ends, without a box that waits for a click at 02:00. */
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
                                              JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (max_processes > 0) {
        limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
        limits.BasicLimitInformation.ActiveProcessLimit = max_processes;
    }
    if (job != NULL && !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        DWORD code = GetLastError();

        CloseHandle(job);
        SetLastError(code);
        return NULL;
    }
    return job;
}

/* The attribute list; it borrows both arrays. 0 or the system's code. */
static DWORD new_attributes(HANDLE handles[3], HANDLE *job, LPPROC_THREAD_ATTRIBUTE_LIST *out)
{
    LPPROC_THREAD_ATTRIBUTE_LIST list;
    SIZE_T size = 0;
    DWORD code;

    InitializeProcThreadAttributeList(NULL, 2, 0, &size);
    list = mem_alloc(size);
    if (!InitializeProcThreadAttributeList(list, 2, 0, &size)) {
        code = GetLastError();
        mem_free(list);
        return code;
    }
    if (!UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles, 3 * sizeof *handles, NULL,
                                   NULL)) {
        code = GetLastError();
        DeleteProcThreadAttributeList(list);
        mem_free(list);
        return code;
    }
    /* May fail: create_child looks whether the child is in the job. */
    UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, job, sizeof *job, NULL, NULL);
    *out = list;
    return 0;
}

/* Creates the child with these three handles, in the job, running. 0 or the system's code. */
static DWORD create_child(Child *child, const wchar_t *program, wchar_t *command, const wchar_t *cwd, wchar_t *block,
                          HANDLE handles[3])
{
    STARTUPINFOEXW startup = {0};
    PROCESS_INFORMATION info = {0};
    HANDLE token = NULL;
    BOOL in_job = FALSE;
    const DWORD flags =
        CREATE_UNICODE_ENVIRONMENT | CREATE_NO_WINDOW | CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT;
    DWORD code = 0;

    startup.StartupInfo.cb = sizeof startup;
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = handles[0];
    startup.StartupInfo.hStdOutput = handles[1];
    startup.StartupInfo.hStdError = handles[2];
    code = new_attributes(handles, &child->job, &startup.lpAttributeList);
    if (code != 0)
        return code;
    if (child->spec->drop_rights) {
        code = token_without_rights(&token);
        if (code == 0 && !CreateProcessAsUserW(token, program, command, NULL, NULL, TRUE, flags, block, cwd,
                                               &startup.StartupInfo, &info))
            code = GetLastError();
        close_handle(&token);
    } else if (!CreateProcessW(program, command, NULL, NULL, TRUE, flags, block, cwd, &startup.StartupInfo, &info)) {
        code = GetLastError();
    }
    DeleteProcThreadAttributeList(startup.lpAttributeList);
    mem_free(startup.lpAttributeList);
    if (code != 0)
        return code;
    if (!IsProcessInJob(info.hProcess, child->job, &in_job) || !in_job) {
        if (!AssignProcessToJobObject(child->job, info.hProcess))
            code = GetLastError();
    }
    if (code == 0 && ResumeThread(info.hThread) == (DWORD)-1)
        code = GetLastError();
    if (code != 0) {
        TerminateProcess(info.hProcess, KILLED_EXIT_CODE);
        WaitForSingleObject(info.hProcess, END_MS);
        CloseHandle(info.hProcess);
    } else {
        child->process = info.hProcess;
    }
    CloseHandle(info.hThread);
    return code;
}

static bool start(Child *child, Error *err)
{
    const ProcessSpec *spec = child->spec;
    HANDLE handles[3] = {NULL, NULL, NULL};
    wchar_t *program = NULL;
    wchar_t *command = NULL;
    wchar_t *cwd = NULL;
    wchar_t *block = NULL;
    size_t block_len = 0;
    DWORD code = 0;
    bool ok = false;

    if (!wide_path(spec->program, &program, err) || !command_line(spec, &command, err) ||
        !working_dir(spec, &cwd, err) || !environment_block(spec, &block, &block_len, err))
        goto out;
    if (spec->stdin_file != NULL) {
        if (!fs_child_handle(spec->stdin_file, true, &handles[0], err))
            goto out;
    } else {
        handles[0] = open_null(GENERIC_READ);
        if (handles[0] == INVALID_HANDLE_VALUE) {
            start_failed(spec, GetLastError(), err);
            goto out;
        }
    }
    if (spec->stdout_file != NULL) {
        if (!fs_child_handle(spec->stdout_file, false, &handles[1], err))
            goto out;
    } else {
        code = open_pipe(&child->out, &handles[1]);
    }
    if (code == 0)
        code = open_pipe(&child->err, &handles[2]);
    if (code == 0) {
        child->job = new_job(spec->max_processes);
        code = child->job == NULL ? GetLastError() : 0;
    }
    if (code == 0)
        code = create_child(child, program, command, cwd, block, handles);
    ok = code == 0;
    if (!ok)
        start_failed(spec, code, err);
out:
    for (size_t i = 0; i < 3; i++)
        close_handle(&handles[i]);
    mem_free(program);
    mem_free(command);
    mem_free(cwd);
    wipe_block(block, block_len);
    return ok;
}

/* --- while it runs ------------------------------------------------------------------------------------- */

static void kill_all(Child *child)
{
    TerminateJobObject(child->job, KILLED_EXIT_CODE);
}

static void stop(Child *child)
{
    if (child->stopped)
        return;
    child->stopped = true;
    child->mute = true;
    kill_all(child);
}

static void deliver(Child *child, const Stream *stream, DWORD len)
{
    if (len > 0 && !child->mute && stream->on_bytes != NULL &&
        !stream->on_bytes(child->spec->context, stream->bytes, len))
        stop(child);
}

/* Any error ends the stream: ERROR_BROKEN_PIPE is the usual end, and from another nothing more can come. */
static void end_stream(Stream *stream)
{
    stream->pending = false;
    close_handle(&stream->pipe);
}

/* Starts a read if none is under way. Data that is there at once is reported through the event as well. */
static void begin_read(Stream *stream)
{
    if (stream->pipe == NULL || stream->pending)
        return;
    ResetEvent(stream->overlapped.hEvent);
    stream->pending = true;
    if (!ReadFile(stream->pipe, stream->bytes, PIPE_BYTES, NULL, &stream->overlapped) &&
        GetLastError() != ERROR_IO_PENDING)
        end_stream(stream);
}

/* Takes what a finished read brought. True when there was something, or the end. */
static bool finish_read(Child *child, Stream *stream)
{
    DWORD len = 0;

    if (!stream->pending || WaitForSingleObject(stream->overlapped.hEvent, 0) != WAIT_OBJECT_0)
        return false;
    stream->pending = false;
    if (GetOverlappedResult(stream->pipe, &stream->overlapped, &len, FALSE))
        deliver(child, stream, len);
    else
        end_stream(stream);
    return true;
}

static void release_stream(Stream *stream)
{
    if (stream->pipe != NULL && stream->pending) {
        DWORD len;

        /* The buffer belongs to the system until the read is over. */
        CancelIoEx(stream->pipe, &stream->overlapped);
        GetOverlappedResult(stream->pipe, &stream->overlapped, &len, TRUE);
    }
    close_handle(&stream->pipe);
    if (stream->overlapped.hEvent != NULL)
        CloseHandle(stream->overlapped.hEvent);
    mem_free(stream->bytes);
}

static bool tick_due(Child *child, uint64_t *next, DWORD *wait)
{
    unsigned tick = child->spec->tick_ms == 0 ? DEFAULT_TICK_MS : child->spec->tick_ms;
    uint64_t now = clock_monotonic_ms();
    bool due = now >= *next;

    if (due)
        *next = now + tick;
    *wait = (DWORD)(*next - now);
    return due;
}

/* Until the child has exited: true; or the user said stop: false. */
static bool run(Child *child, const Cancel *cancel)
{
    uint64_t next = clock_monotonic_ms();
    HANDLE cancelled = cancel_event(cancel);

    for (;;) {
        HANDLE waits[4];
        DWORD count = 0;
        DWORD wait = INFINITE;

        if (cancel_requested(cancel)) {
            child->mute = true;
            return false;
        }
        if (tick_due(child, &next, &wait) && child->spec->on_tick != NULL && !child->mute &&
            !child->spec->on_tick(child->spec->context))
            stop(child);
        begin_read(&child->out);
        begin_read(&child->err);
        waits[count++] = child->process;
        if (cancelled != NULL)
            waits[count++] = cancelled;
        if (child->out.pending)
            waits[count++] = child->out.overlapped.hEvent;
        if (child->err.pending)
            waits[count++] = child->err.overlapped.hEvent;
        if (WaitForMultipleObjects(count, waits, FALSE, wait) == WAIT_OBJECT_0)
            return true;
        finish_read(child, &child->out);
        finish_read(child, &child->err);
    }
}

/* Reads both pipes to their end. Everybody who could hold them has been terminated, so this ends; should it
 * not (a handle given to a foreign process), it gives up after a quiet time and returns false. A cancel in
 * here throws away the rest. */
static bool drain(Child *child, const Cancel *cancel)
{
    uint64_t quiet_since = clock_monotonic_ms();

    for (;;) {
        HANDLE waits[2];
        DWORD count = 0;
        bool progress;

        if (cancel_requested(cancel))
            child->mute = true;
        begin_read(&child->out);
        begin_read(&child->err);
        if (child->out.pending)
            waits[count++] = child->out.overlapped.hEvent;
        if (child->err.pending)
            waits[count++] = child->err.overlapped.hEvent;
        if (count == 0)
            return true;
        WaitForMultipleObjects(count, waits, FALSE, QUIET_MS);
        progress = finish_read(child, &child->out);
        progress = finish_read(child, &child->err) || progress;
        if (progress)
            quiet_since = clock_monotonic_ms();
        else if (clock_monotonic_ms() - quiet_since >= QUIET_MS)
            return false;
    }
}

/* TerminateJobObject returns before its members are gone, and until then they hold their files. */
static void await_empty_job(HANDLE job)
{
    uint64_t start_ms = clock_monotonic_ms();
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION counts;

    while (QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &counts, sizeof counts, NULL) &&
           counts.ActiveProcesses > 0 && clock_monotonic_ms() - start_ms < END_MS)
        Sleep(2);
}

bool process_run(const ProcessSpec *spec, const Cancel *cancel, ProcessResult *result, Error *err)
{
    Child child = {.spec = spec, .out.on_bytes = spec->on_stdout, .err.on_bytes = spec->on_stderr};
    DWORD exit_code = KILLED_EXIT_CODE;
    bool exited;
    bool drained;
    bool ok = false;

    if (cancel_requested(cancel))
        return error_set(err, EK_CANCELLED, "cancelled");
    if (!start(&child, err))
        goto out;
    exited = run(&child, cancel);
    if (exited)
        GetExitCodeProcess(child.process, &exit_code);
    kill_all(&child);
    await_empty_job(child.job);
    drained = drain(&child, cancel);
    if (spec->stdout_file != NULL)
        fs_child_done(spec->stdout_file);
    if (spec->stdin_file != NULL)
        fs_child_done(spec->stdin_file);
    if (!exited || (cancel_requested(cancel) && child.mute && !child.stopped)) {
        error_set(err, EK_CANCELLED, "cancelled");
        goto out;
    }
    if (!drained) {
        error_set(err, EK_TOOL, "the output of \"%s\" did not end", spec->program);
        goto out;
    }
    result->exit_code = exit_code;
    result->stopped = child.stopped;
    ok = true;
out:
    release_stream(&child.out);
    release_stream(&child.err);
    close_handle(&child.process);
    close_handle(&child.job);
    return ok;
}
