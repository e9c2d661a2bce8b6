/*
 * The window's program: command line, one instance per user and backup folder, then main_window.c.
 *
 * A second start for the same folder brings the first window to the front and ends. The scheduled run and the
 * console program are not held up by this: they and the window meet at the folder's lock (folder.h).
 */
#include <windows.h>

#include <commctrl.h>
#include <shellapi.h>
#include <shobjidl.h>

#include "app_options.h"
#include "base/error.h"
#include "base/mem.h"
#include "main_window.h"
#include "message_box.h"
#include "platform/machine.h"
#include "platform/share.h"
#include "platform/wide.h"
#include "scheduled.h"
#include "teller.h"
#include "texts.h"
#include "ui_text.h"
#include "version.h"

#define WAIT_FOR_FIRST_MS 5000

/* A name for what must run only once: the folder as it was asked for (by its share where it is on a mapped drive: so
 * the task names it), and whether it is the demo. */
static wchar_t *instance_key(const AppOptions *options)
{
    char *folder = options->folder != NULL ? mem_strdup(options->folder) : machine_getenv("CMMS_BACKUP_FOLDER");
    char *share = folder != NULL ? share_path(folder) : NULL;
    if (share != NULL) {
        mem_free(folder);
        folder = share;
    }
    wchar_t *text = NULL;
    wchar_t *path = NULL;
    if (folder != NULL && *folder != 0 && wide_path(folder, &path, NULL)) {
        DWORD size = GetFullPathNameW(path, 0, NULL, NULL);
        text = mem_array((size_t)size + 1, sizeof *text);
        size = GetFullPathNameW(path, size + 1, text, NULL);
        CharLowerBuffW(text, size);
    }
    /* FNV-1a: a mutex's name takes no backslash. */
    unsigned long long hash = 0xcbf29ce484222325u ^ (options->demo ? 1u : 0u);
    for (const wchar_t *c = text; c != NULL && *c != 0; c++) {
        hash = (hash ^ *c) * 0x100000001b3u;
    }
    mem_free(text);
    mem_free(path);
    mem_free(folder);
    return ui_wide_printf("CmmsBackup.%016llx", hash);
}

static HANDLE named(HANDLE (*create)(const wchar_t *name), const wchar_t *key, const char *what)
{
    char *utf8 = utf8_from_wide(key);
    wchar_t *name = ui_wide_printf("Local\\%s.%s", utf8, what);
    HANDLE handle = create(name);
    DWORD error = GetLastError();
    mem_free(name);
    mem_free(utf8);
    SetLastError(error);
    return handle;
}

static HANDLE create_mutex(const wchar_t *name)
{
    return CreateMutexW(NULL, FALSE, name);
}

static HANDLE create_event(const wchar_t *name)
{
    return CreateEventW(NULL, TRUE, FALSE, name);
}

static int tell_only(const AppOptions *options, const wchar_t *key)
{
    HANDLE mutex = named(create_mutex, key, "Tell");
    const bool other = mutex != NULL && GetLastError() == ERROR_ALREADY_EXISTS && teller_again(key);
    const int code = other ? 0 : teller_main(options, key);
    if (mutex != NULL) {
        CloseHandle(mutex);
    }
    return code;
}

static int run(const AppOptions *options, int show)
{
    if (options->help) {
        message_box_info(NULL, CMMS_PRODUCT " " CMMS_VERSION, app_options_help());
        return 0;
    }
    if (options->scheduled && !options->tell) {
        return scheduled_main(options);
    }
    wchar_t *key = instance_key(options);
    HANDLE ready = NULL;
    HANDLE mutex = NULL;
    int code = 0;
    if (options->tell) {
        code = tell_only(options, key);
        goto out;
    }
    if (options->screenshot == NULL) {
        ready = named(create_event, key, "Ready");
        mutex = named(create_mutex, key, "Once");
        if (mutex != NULL && GetLastError() == ERROR_ALREADY_EXISTS) {
            if (ready != NULL) {
                WaitForSingleObject(ready, WAIT_FOR_FIRST_MS);
            }
            main_window_show_other(key);
            goto out;
        }
        teller_end(key);
    }
    code = main_window_run(options, show, key, ready);
out:
    if (mutex != NULL) {
        CloseHandle(mutex);
    }
    if (ready != NULL) {
        CloseHandle(ready);
    }
    mem_free(key);
    return code;
}

static bool read_command_line(AppOptions *options, Error *err)
{
    int argc = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &argc);
    if (wide == NULL) {
        return error_set_os(err, EK_INTERNAL, (long)GetLastError(), TEXT_COMMAND_LINE_FAILED);
    }
    char **argv = mem_array((size_t)argc + 1, sizeof *argv);
    for (int i = 0; i < argc; i++) {
        argv[i] = utf8_from_wide(wide[i]);
    }
    bool ok = app_options_parse(argc, argv, options, err);
    for (int i = 0; i < argc; i++) {
        secret_free_text(argv[i]); /* may hold a password */
        secret_wipe(wide[i], wcslen(wide[i]) * sizeof(wchar_t));
    }
    mem_free(argv);
    LocalFree(wide);
    return ok;
}

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, PWSTR command_line, int show)
{
    (void)instance;
    (void)previous;
    (void)command_line;
    HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0);
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    /* Children inherit it: a tool whose DLL is missing must end, not wait in a box. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    _set_error_mode(_OUT_TO_STDERR); /* a library that calls abort() ends the program, it does not wait in a box */
    /* Before any window: the taskbar groups by it, and it is the Start menu shortcut's. */
    SetCurrentProcessExplicitAppUserModelID(L"" CMMS_APP_ID);
    HRESULT com = CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
    INITCOMMONCONTROLSEX controls = {sizeof controls,
                                     ICC_STANDARD_CLASSES | ICC_LISTVIEW_CLASSES | ICC_PROGRESS_CLASS | ICC_LINK_CLASS};
    InitCommonControlsEx(&controls);

    AppOptions options;
    app_options_init(&options);
    Error err = ERROR_INIT;
    int code;
    if (read_command_line(&options, &err)) {
        connection_take_env(&options.environment);
        code = run(&options, show);
    } else {
        message_box_error(NULL, &err);
        code = error_exit_code(err.kind);
    }
    error_clear(&err);
    app_options_release(&options);
    if (SUCCEEDED(com)) {
        CoUninitialize();
    }
    return code;
}
