#include "dpi.h"

/* C has no cast from one function type to another that every compiler passes; through void (*)(void) all do. */
typedef void (*AnyFunction)(void);

static AnyFunction user32_function(const char *name)
{
    HMODULE user32 = GetModuleHandleW(L"user32.dll");
    return user32 == NULL ? NULL : (AnyFunction)GetProcAddress(user32, name);
}

static UINT system_dpi(void)
{
    HDC screen = GetDC(NULL);
    int dpi = screen == NULL ? 0 : GetDeviceCaps(screen, LOGPIXELSY);
    if (screen != NULL) {
        ReleaseDC(NULL, screen);
    }
    return dpi > 0 ? (UINT)dpi : 96;
}

UINT dpi_of_window(HWND window)
{
    UINT(WINAPI * get)(HWND) = (UINT(WINAPI *)(HWND))user32_function("GetDpiForWindow");
    UINT dpi = get == NULL ? 0 : get(window);
    return dpi != 0 ? dpi : system_dpi();
}

HFONT dpi_message_font(UINT dpi, int percent, LONG weight)
{
    BOOL(WINAPI * for_dpi)
    (UINT, UINT, PVOID, UINT, UINT) =
        (BOOL(WINAPI *)(UINT, UINT, PVOID, UINT, UINT))user32_function("SystemParametersInfoForDpi");
    NONCLIENTMETRICSW metrics = {.cbSize = sizeof metrics};
    LOGFONTW font = {.lfHeight = -MulDiv(9, (int)dpi, 72), .lfWeight = FW_NORMAL, .lfFaceName = L"Segoe UI"};
    if (for_dpi != NULL && for_dpi(SPI_GETNONCLIENTMETRICS, sizeof metrics, &metrics, 0, dpi)) {
        font = metrics.lfMessageFont;
    } else if (SystemParametersInfoW(SPI_GETNONCLIENTMETRICS, sizeof metrics, &metrics, 0)) {
        font = metrics.lfMessageFont;
        font.lfHeight = MulDiv(font.lfHeight, (int)dpi, (int)system_dpi());
    }
    font.lfHeight = MulDiv(font.lfHeight, percent, 100);
    if (weight > font.lfWeight) {
        font.lfWeight = weight;
    }
    return CreateFontIndirectW(&font);
}

void dpi_adjust_rect(RECT *rect, HWND window, UINT dpi)
{
    DWORD style = (DWORD)GetWindowLongPtrW(window, GWL_STYLE);
    DWORD ex_style = (DWORD)GetWindowLongPtrW(window, GWL_EXSTYLE);
    BOOL menu = GetMenu(window) != NULL;
    BOOL(WINAPI * for_dpi)
    (LPRECT, DWORD, BOOL, DWORD, UINT) =
        (BOOL(WINAPI *)(LPRECT, DWORD, BOOL, DWORD, UINT))user32_function("AdjustWindowRectExForDpi");
    if (for_dpi == NULL || !for_dpi(rect, style, menu, ex_style, dpi)) {
        AdjustWindowRectEx(rect, style, menu, ex_style);
    }
}

void dpi_own_rescaling(HWND dialog)
{
    /* DDC_DISABLE_ALL; the names are missing in some headers. */
    BOOL(WINAPI * set)(HWND, int, int) = (BOOL(WINAPI *)(HWND, int, int))user32_function("SetDialogDpiChangeBehavior");
    if (set != NULL) {
        set(dialog, 1, 1);
    }
}
