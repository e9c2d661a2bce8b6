#include "tray.h"

#include <shellapi.h>

#include "base/mem.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"

#define TRAY_ID 1

static void copy_text(wchar_t *to, size_t units, const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    size_t length = wcslen(wide);
    if (length >= units) {
        length = units - 1;
        if (IS_HIGH_SURROGATE(wide[length - 1])) {
            length--;
        }
    }
    memcpy(to, wide, length * sizeof *to);
    to[length] = 0;
    mem_free(wide);
}

static NOTIFYICONDATAW data_of(const Tray *tray)
{
    NOTIFYICONDATAW data = {.cbSize = sizeof data, .hWnd = tray->window, .uID = TRAY_ID};
    memcpy(data.szTip, tray->tip, sizeof tray->tip);
    return data;
}

void tray_init(Tray *tray, HWND window, UINT message)
{
    *tray = (Tray){.window = window, .message = message, .created = RegisterWindowMessageW(L"TaskbarCreated")};
    copy_text(tray->tip, sizeof tray->tip / sizeof *tray->tip, TEXT_TRAY_TIP);
}

void tray_show(Tray *tray)
{
    NOTIFYICONDATAW data = data_of(tray);
    data.uFlags = NIF_MESSAGE | NIF_ICON | NIF_TIP | NIF_SHOWTIP;
    data.uCallbackMessage = tray->message;
    data.hIcon = LoadImageW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDI_APP), IMAGE_ICON,
                            GetSystemMetrics(SM_CXSMICON), GetSystemMetrics(SM_CYSMICON), LR_SHARED);
    tray->shown = Shell_NotifyIconW(NIM_ADD, &data) != 0;
    data.uVersion = NOTIFYICON_VERSION_4;
    Shell_NotifyIconW(NIM_SETVERSION, &data);
}

void tray_hide(Tray *tray)
{
    if (tray->shown) {
        NOTIFYICONDATAW data = data_of(tray);
        Shell_NotifyIconW(NIM_DELETE, &data);
        tray->shown = false;
    }
}

void tray_set_tip(Tray *tray, const char *text)
{
    wchar_t before[sizeof tray->tip / sizeof *tray->tip];
    memcpy(before, tray->tip, sizeof before);
    copy_text(tray->tip, sizeof tray->tip / sizeof *tray->tip, text);
    if (tray->shown && wcscmp(before, tray->tip) != 0) {
        NOTIFYICONDATAW data = data_of(tray);
        data.uFlags = NIF_TIP | NIF_SHOWTIP;
        Shell_NotifyIconW(NIM_MODIFY, &data);
    }
}

void tray_notify(const Tray *tray, const char *title, const char *text, bool bad)
{
    if (tray->shown) {
        NOTIFYICONDATAW data = data_of(tray);
        data.uFlags = NIF_INFO | NIF_SHOWTIP;
        data.dwInfoFlags = (bad ? (DWORD)NIIF_ERROR : (DWORD)NIIF_INFO) | (DWORD)NIIF_RESPECT_QUIET_TIME;
        copy_text(data.szInfoTitle, sizeof data.szInfoTitle / sizeof *data.szInfoTitle, title);
        copy_text(data.szInfo, sizeof data.szInfo / sizeof *data.szInfo, text);
        Shell_NotifyIconW(NIM_MODIFY, &data);
    }
}
