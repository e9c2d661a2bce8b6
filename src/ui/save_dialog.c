#define COBJMACROS
#include "save_dialog.h"

#include <initguid.h>
#include <shobjidl.h>

#include "platform/wide.h"
#include "texts.h"

bool save_dialog_choose(HWND owner, const wchar_t *title, const wchar_t *name, const wchar_t *kind, char **path,
                        Error *err)
{
    IFileSaveDialog *dialog = NULL;
    IShellItem *item = NULL;
    PWSTR chosen = NULL;
    const COMDLG_FILTERSPEC filter = {kind, L"*.txt"};
    HRESULT hr =
        CoCreateInstance(&CLSID_FileSaveDialog, NULL, CLSCTX_INPROC_SERVER, &IID_IFileSaveDialog, (void **)&dialog);
    if (SUCCEEDED(hr)) {
        IFileSaveDialog_SetTitle(dialog, title);
        IFileSaveDialog_SetFileName(dialog, name);
        IFileSaveDialog_SetFileTypes(dialog, 1, &filter);
        IFileSaveDialog_SetDefaultExtension(dialog, L"txt");
        hr = IFileSaveDialog_Show(dialog, owner);
    }
    if (SUCCEEDED(hr)) {
        hr = IFileSaveDialog_GetResult(dialog, &item);
    }
    if (SUCCEEDED(hr)) {
        hr = IShellItem_GetDisplayName(item, SIGDN_FILESYSPATH, &chosen);
    }
    bool ok = SUCCEEDED(hr);
    if (ok) {
        *path = utf8_from_wide(chosen);
    } else if (hr != HRESULT_FROM_WIN32(ERROR_CANCELLED)) {
        error_set_os(err, EK_IO, (long)hr, TEXT_SAVE_DIALOG_FAILED);
    }
    CoTaskMemFree(chosen);
    if (item != NULL) {
        IShellItem_Release(item);
    }
    if (dialog != NULL) {
        IFileSaveDialog_Release(dialog);
    }
    return ok;
}
