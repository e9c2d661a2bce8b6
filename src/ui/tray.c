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

/* With opacity, so that it stands on a light taskbar as on a dark one. The mask is not used then, but must be there. */
static HICON make_icon(TrayState state)
{
    const int size = GetSystemMetrics(SM_CXSMICON);
    BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                     .biWidth = size,
                                     .biHeight = -size,
                                     .biPlanes = 1,
                                     .biBitCount = 32,
                                     .biCompression = BI_RGB}};
    void *bits = NULL;
    HICON icon = NULL;
    HBITMAP colours = CreateDIBSection(NULL, &info, DIB_RGB_COLORS, &bits, NULL, 0);
    HBITMAP mask = CreateBitmap(size, size, 1, 1, NULL);
    if (colours != NULL && mask != NULL) {
        tray_icon_draw(state, size, bits);
        ICONINFO parts = {.fIcon = TRUE, .hbmMask = mask, .hbmColor = colours};
        icon = CreateIconIndirect(&parts);
    }
    DeleteObject(mask);
    DeleteObject(colours);
    return icon;
}

/* Where the system has no memory for one, the program's own stands for all. */
static HICON icon_of(Tray *tray)
{
    HICON *icon = &tray->icons[tray->state];
    if (*icon == NULL) {
        *icon = make_icon(tray->state);
    }
    return *icon != NULL ? *icon
                         : LoadImageW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(IDI_APP), IMAGE_ICON,
                                      GetSystemMetrics(SM_CXSMICON), GetSystemMetrics(SM_CYSMICON), LR_SHARED);
}

void tray_init(Tray *tray, HWND window, UINT message)
{
    *tray = (Tray){.window = window,
                   .message = message,
                   .created = RegisterWindowMessageW(L"TaskbarCreated"),
                   .state = TRAY_WORKING};
    copy_text(tray->tip, sizeof tray->tip / sizeof *tray->tip, TEXT_TRAY_TIP);
}

void tray_show(Tray *tray)
{
    NOTIFYICONDATAW data = data_of(tray);
    data.uFlags = NIF_MESSAGE | NIF_ICON | NIF_TIP | NIF_SHOWTIP;
    data.uCallbackMessage = tray->message;
    data.hIcon = icon_of(tray);
    /* The message that the taskbar is there anew comes also where it still has the icon (another DPI). */
    tray->shown = Shell_NotifyIconW(NIM_ADD, &data) != 0 || Shell_NotifyIconW(NIM_MODIFY, &data) != 0;
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
    for (int i = 0; i < TRAY_STATES; i++) {
        if (tray->icons[i] != NULL) {
            DestroyIcon(tray->icons[i]);
            tray->icons[i] = NULL;
        }
    }
}

void tray_set_state(Tray *tray, TrayState state)
{
    if (tray->state == state) {
        return;
    }
    tray->state = state;
    if (tray->shown) {
        NOTIFYICONDATAW data = data_of(tray);
        data.uFlags = NIF_ICON | NIF_TIP | NIF_SHOWTIP;
        data.hIcon = icon_of(tray);
        Shell_NotifyIconW(NIM_MODIFY, &data);
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
