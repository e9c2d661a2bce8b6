#define COBJMACROS
#include "folder_dialog.h"

#include <initguid.h>
#include <shellapi.h>
#include <shobjidl.h>

#include "base/mem.h"
#include "platform/wide.h"
#include "texts.h"

static void show_first(IFileOpenDialog *dialog, const char *start)
{
    wchar_t *wide = wide_from_utf8(start);
    IShellItem *item = NULL;
    if (wide != NULL && SUCCEEDED(SHCreateItemFromParsingName(wide, NULL, &IID_IShellItem, (void **)&item))) {
        IFileOpenDialog_SetFolder(dialog, item);
        IShellItem_Release(item);
    }
    mem_free(wide);
}

static HRESULT take_path(IFileOpenDialog *dialog, char **folder)
{
    IShellItem *item = NULL;
    wchar_t *path = NULL;
    HRESULT hr = IFileOpenDialog_GetResult(dialog, &item);
    if (SUCCEEDED(hr)) {
        hr = IShellItem_GetDisplayName(item, SIGDN_FILESYSPATH, &path);
        IShellItem_Release(item);
    }
    if (SUCCEEDED(hr)) {
        *folder = utf8_from_wide_path(path);
        CoTaskMemFree(path);
    }
    return hr;
}

/* `files`: of which kinds; none: a folder. */
static bool choose(HWND owner, const wchar_t *title, const COMDLG_FILTERSPEC *files, UINT file_count,
                   const char *start, char **path, Error *err)
{
    IFileOpenDialog *dialog = NULL;
    FILEOPENDIALOGOPTIONS options = 0;
    HRESULT hr = CoCreateInstance(&CLSID_FileOpenDialog, NULL, CLSCTX_INPROC_SERVER, &IID_IFileOpenDialog,
                                  (void **)&dialog);
    if (SUCCEEDED(hr)) {
        hr = IFileOpenDialog_GetOptions(dialog, &options);
    }
    if (SUCCEEDED(hr)) {
        options |= FOS_FORCEFILESYSTEM | FOS_PATHMUSTEXIST | FOS_NOCHANGEDIR;
        options |= file_count == 0 ? (DWORD)FOS_PICKFOLDERS : (DWORD)FOS_FILEMUSTEXIST;
        hr = IFileOpenDialog_SetOptions(dialog, options);
    }
    if (SUCCEEDED(hr) && file_count > 0) {
        hr = IFileOpenDialog_SetFileTypes(dialog, file_count, files);
    }
    if (SUCCEEDED(hr)) {
        IFileOpenDialog_SetTitle(dialog, title);
        show_first(dialog, start);
        hr = IFileOpenDialog_Show(dialog, owner);
    }
    if (SUCCEEDED(hr)) {
        hr = take_path(dialog, path);
    }
    if (dialog != NULL) {
        IFileOpenDialog_Release(dialog);
    }
    if (hr == HRESULT_FROM_WIN32(ERROR_CANCELLED)) {
        return false;
    }
    if (FAILED(hr)) {
        return error_set_os(err, EK_INTERNAL, (long)hr, file_count == 0 ? TEXT_FOLDER_DIALOG_FAILED
                                                                        : TEXT_FILE_DIALOG_FAILED);
    }
    return true;
}

bool folder_dialog_choose(HWND owner, const wchar_t *title, const char *start, char **folder, Error *err)
{
    Error why = ERROR_INIT;
    const bool ok = choose(owner, title, NULL, 0, start, folder, &why);
    if (why.kind != EK_NONE) {
        error_hint(&why, TEXT_FOLDER_DIALOG_HINT);
        error_move(err, &why);
    }
    return ok;
}

bool folder_dialog_choose_file(HWND owner, const wchar_t *title, const wchar_t *kind, const wchar_t *pattern,
                               const wchar_t *all, const char *start, char **path, Error *err)
{
    const COMDLG_FILTERSPEC files[] = {{kind, pattern}, {all, L"*.*"}};
    return choose(owner, title, files, 2, start, path, err);
}

/* `failed` has the name in it. */
static bool open_by_shell(HWND owner, const char *name, const char *failed, const char *hint, Error *err)
{
    wchar_t *path = NULL;
    bool ok = wide_path(name, &path, err);
    if (ok) {
        SHELLEXECUTEINFOW info = {.cbSize = sizeof info,
                                  .fMask = SEE_MASK_ASYNCOK | SEE_MASK_FLAG_NO_UI,
                                  .hwnd = owner,
                                  .lpVerb = L"open",
                                  .lpFile = path,
                                  .nShow = SW_SHOWNORMAL};
        ok = ShellExecuteExW(&info) != FALSE;
        if (!ok) {
            error_set_os(err, EK_IO, (long)GetLastError(), "%s", failed);
            error_hint(err, "%s", hint);
        }
    }
    mem_free(path);
    return ok;
}

bool folder_dialog_open(HWND owner, const char *folder, Error *err)
{
    char *failed = mem_printf(TEXT_OPEN_FOLDER_FAILED, folder);
    const bool ok = open_by_shell(owner, folder, failed, TEXT_OPEN_FOLDER_HINT, err);
    mem_free(failed);
    return ok;
}

bool folder_dialog_open_page(HWND owner, const char *file, Error *err)
{
    char *failed = mem_printf(TEXT_OPEN_PAGE_FAILED, file);
    const bool ok = open_by_shell(owner, file, failed, TEXT_OPEN_PAGE_HINT, err);
    mem_free(failed);
    return ok;
}
