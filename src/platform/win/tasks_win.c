/*
 * tasks_win.c: Task Scheduler 2.0 through its COM interface, as text in and text out: ITaskFolder::RegisterTask checks
 * the XML as a whole, and what GetTask gives back is what will be run.
 *
 * COM is begun for the calls and ended after them; on a thread that has it already in another way (the window's), it
 * is used as it is.
 */
#include "platform/tasks.h"

#define COBJMACROS
#define SECURITY_WIN32
#include <windows.h>

#include <oleauto.h>
#include <security.h>
#include <taskschd.h>

#include "base/mem.h"
#include "platform/wide.h"

#define NAME_MAX_UNITS 512u
/* "Task Scheduler Error and Success Constants": both are successes, so no error tells them. */
#define SOME_TRIGGERS_FAILED ((HRESULT)0x0004131B)
#define BATCH_LOGON_PROBLEM ((HRESULT)0x0004131C)
#define NEVER_BEFORE 2000 /* what has never run is given a day of 1899 or 1999 */

static const CLSID task_scheduler = {0x0f87369f, 0xa4e5, 0x4cfc, {0xbd, 0x3e, 0x73, 0xe6, 0x15, 0x45, 0x72, 0xdd}};
static const IID task_service = {0x2faba4c7, 0x4da9, 0x4013, {0x96, 0x97, 0x20, 0xcc, 0x3f, 0xd4, 0x0f, 0x85}};

typedef BOOLEAN(WINAPI *UserNameFn)(EXTENDED_NAME_FORMAT format, wchar_t *name, ULONG *units);

typedef struct Session {
    bool began; /* COM, by us */
    ITaskService *service;
    ITaskFolder *root;
} Session;

static bool fail(HRESULT code, Error *err, const char *what)
{
    const bool system = HRESULT_FACILITY(code) == FACILITY_WIN32;
    const long number = system ? (long)HRESULT_CODE(code) : (long)code;
    error_set_os(err, code == E_ACCESSDENIED ? EK_REFUSED : EK_INTERNAL, number, "%s", what);
    return false;
}

static bool is_missing(HRESULT code)
{
    return code == HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND) || code == HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
}

static BSTR bstr_of(const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    BSTR made = SysAllocString(wide);
    mem_free(wide);
    if (made == NULL) {
        mem_out();
    }
    return made;
}

static void end(Session *session)
{
    if (session->root != NULL) {
        ITaskFolder_Release(session->root);
    }
    if (session->service != NULL) {
        ITaskService_Release(session->service);
    }
    if (session->began) {
        CoUninitialize();
    }
}

static bool begin(Session *session, Error *err)
{
    const VARIANT none = {.vt = VT_EMPTY};
    *session = (Session){.began = SUCCEEDED(CoInitializeEx(NULL, COINIT_MULTITHREADED))};
    HRESULT code = CoCreateInstance(&task_scheduler, NULL, CLSCTX_INPROC_SERVER, &task_service,
                                    (void **)&session->service);
    if (SUCCEEDED(code)) {
        code = ITaskService_Connect(session->service, none, none, none, none);
    }
    if (SUCCEEDED(code)) {
        BSTR path = bstr_of("\\");
        code = ITaskService_GetFolder(session->service, path, &session->root);
        SysFreeString(path);
    }
    if (FAILED(code)) {
        fail(code, err, "Task Scheduler cannot be reached");
        error_hint(err, "Start the service \"Task Scheduler\" (Schedule), or ask IT.");
        end(session);
        return false;
    }
    return true;
}

/* Its DLL is not linked: each start would wait for it, and Windows looks for it beside the program first. */
char *tasks_user(void)
{
    wchar_t name[NAME_MAX_UNITS];
    ULONG units = NAME_MAX_UNITS;
    HMODULE secur32 = LoadLibraryExW(L"secur32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    const UserNameFn user_name =
        secur32 == NULL ? NULL : (UserNameFn)(void (*)(void))GetProcAddress(secur32, "GetUserNameExW");
    char *user = user_name != NULL && user_name(NameSamCompatible, name, &units) ? utf8_from_wide(name) : NULL;
    if (secur32 != NULL) {
        FreeLibrary(secur32);
    }
    return user;
}

static bool refuse(HRESULT code, const Secret *password, Error *err)
{
    const char *why = password != NULL ? tasks_password_problem((uint32_t)code) : NULL;
    if (why == NULL) {
        fail(code, err, "Task Scheduler did not take the task");
        return password == NULL || code != E_ACCESSDENIED
                   ? false
                   : error_hint(err, "With a stored password Windows may want an administrator's rights for it.");
    }
    error_set(err, EK_SETTINGS, "Windows does not take the password: %s", why);
    return error_hint(err, "It is the password of the Windows account (of a Microsoft account, that account's), and "
                           "not its PIN.");
}

/* What was registered and may not start all the same. */
static char *doubt(HRESULT code)
{
    static const char right[] = "the task is registered, but may not start while nobody is signed in: the account "
                                "needs the right \"Log on as a batch job\", which an administrator gives";
    static const char times[] = "the task is registered, but not each of its times will start it";
    return mem_strdup(code == BATCH_LOGON_PROBLEM ? right : code == SOME_TRIGGERS_FAILED ? times : NULL);
}

/* Its bytes do not stay in memory that somebody else gets. NULL: what was typed is no text. */
static BSTR secret_bstr(const Secret *secret)
{
    wchar_t *wide = NULL;
    if (!wide_from_utf8_strict(secret->bytes, &wide)) {
        return NULL;
    }
    BSTR made = SysAllocString(wide);
    secret_wipe(wide, wcslen(wide) * sizeof *wide);
    mem_free(wide);
    if (made == NULL) {
        mem_out();
    }
    return made;
}

static void wipe_bstr(BSTR text)
{
    if (text != NULL) {
        secret_wipe(text, SysStringByteLen(text));
        SysFreeString(text);
    }
}

static HRESULT hand_over(ITaskFolder *root, BSTR path, BSTR text, const char *user, const Secret *password)
{
    VARIANT who = {.vt = VT_EMPTY}, word = {.vt = VT_EMPTY};
    const VARIANT none = {.vt = VT_EMPTY};
    IRegisteredTask *task = NULL;
    if (password != NULL) {
        who.vt = word.vt = VT_BSTR;
        who.bstrVal = user != NULL ? bstr_of(user) : NULL;
        word.bstrVal = secret_bstr(password);
    }
    const HRESULT code =
        ITaskFolder_RegisterTask(root, path, text, TASK_CREATE_OR_UPDATE, who, word,
                                 password != NULL ? TASK_LOGON_PASSWORD : TASK_LOGON_INTERACTIVE_TOKEN, none, &task);
    if (SUCCEEDED(code)) {
        IRegisteredTask_Release(task);
    }
    if (password != NULL) {
        wipe_bstr(word.bstrVal);
        SysFreeString(who.bstrVal);
    }
    return code;
}

bool tasks_register(const char *name, const char *xml, const char *user, const Secret *password, char **warning,
                    Error *err)
{
    Session session;
    if (!begin(&session, err)) {
        return false;
    }
    BSTR path = bstr_of(name), text = bstr_of(xml);
    const HRESULT code = hand_over(session.root, path, text, user, password);
    SysFreeString(text);
    SysFreeString(path);
    end(&session);
    if (SUCCEEDED(code) && warning != NULL) {
        *warning = doubt(code);
    }
    return SUCCEEDED(code) || refuse(code, password, err);
}

/* Task Scheduler gives local time. */
static int64_t moment_of(DATE date)
{
    SYSTEMTIME st;
    if (!VariantTimeToSystemTime(date, &st) || st.wYear < NEVER_BEFORE) {
        return 0;
    }
    const CivilTime local = {.year = st.wYear, .month = st.wMonth, .day = st.wDay,
                             .hour = st.wHour, .minute = st.wMinute, .second = st.wSecond};
    return clock_from_local(&local);
}

static void read_last(IRegisteredTask *task, TaskInfo *info)
{
    DATE date = 0;
    LONG result = 0;
    if (SUCCEEDED(IRegisteredTask_get_LastRunTime(task, &date)) &&
        SUCCEEDED(IRegisteredTask_get_LastTaskResult(task, &result))) {
        info->last_run = moment_of(date);
        info->last_result = (uint32_t)result;
    }
}

static bool read_task(IRegisteredTask *task, TaskInfo *info, Error *err)
{
    BSTR text = NULL;
    VARIANT_BOOL enabled = VARIANT_TRUE;
    const HRESULT code = IRegisteredTask_get_Xml(task, &text);
    if (FAILED(code)) {
        return fail(code, err, "the task in Task Scheduler cannot be read");
    }
    char *xml = utf8_from_wide(text);
    tasks_read_xml(xml, info);
    if (SUCCEEDED(IRegisteredTask_get_Enabled(task, &enabled))) {
        info->enabled = info->enabled && enabled != VARIANT_FALSE;
    }
    read_last(task, info);
    mem_free(xml);
    SysFreeString(text);
    return true;
}

bool tasks_look(const char *name, TaskInfo *info, Error *err)
{
    Session session;
    IRegisteredTask *task = NULL;
    if (!begin(&session, err)) {
        return false;
    }
    BSTR path = bstr_of(name);
    const HRESULT code = ITaskFolder_GetTask(session.root, path, &task);
    bool ok = true;
    if (is_missing(code)) {
        task_info_release(info);
    } else if (FAILED(code)) {
        ok = fail(code, err, "the task in Task Scheduler cannot be seen");
    } else {
        ok = read_task(task, info, err);
        IRegisteredTask_Release(task);
    }
    SysFreeString(path);
    end(&session);
    return ok;
}

bool tasks_remove(const char *name, bool *removed, Error *err)
{
    Session session;
    if (!begin(&session, err)) {
        return false;
    }
    BSTR path = bstr_of(name);
    const HRESULT code = ITaskFolder_DeleteTask(session.root, path, 0);
    SysFreeString(path);
    end(&session);
    if (FAILED(code) && !is_missing(code)) {
        return fail(code, err, "the task could not be taken out of Task Scheduler");
    }
    if (removed != NULL) {
        *removed = SUCCEEDED(code);
    }
    return true;
}
