/*
 * fit.c: do the texts of a program's dialogs still fit when a translation makes them 40 % longer?
 *
 *     fit.exe PROGRAM.exe
 *
 * Every dialog template of the program is built as the program would build it, with the font and the controls that
 * Windows gives it, and measured: a text on one line must fit its control's width at 140 %, a text that wraps must
 * fit its height with 40 % more of itself. One line "ok ..." or "not ok ..." a dialog; menus' texts have no bounds.
 */
#include <windows.h>

#include <commctrl.h>
#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/wide.h"
#include "resource.h"

#define LONGER 140 /* per cent */

typedef struct Fit {
    StrBuf problems;
    int dialogs, checked;
    bool failed;
} Fit;

/* Pixels of a length in this dialog's units across. */
static int units(HWND dialog, int width)
{
    RECT rect = {0, 0, width, 0};
    MapDialogRect(dialog, &rect);
    return rect.right;
}

/* What a control needs beside its text, in dialog units: frame, box, indent. -1: its text is not shown in it. */
static int room_beside(HWND control, bool *wraps)
{
    wchar_t name[64] = L"";
    GetClassNameW(control, name, 64);
    const LONG style = GetWindowLongW(control, GWL_STYLE);
    *wraps = false;
    if (_wcsicmp(name, L"Button") == 0) {
        switch (style & BS_TYPEMASK) {
        case BS_PUSHBUTTON:
        case BS_DEFPUSHBUTTON: return 4;
        case BS_GROUPBOX: return 12;
        default: *wraps = (style & BS_MULTILINE) != 0; return 12; /* the box or the dot */
        }
    }
    if (_wcsicmp(name, L"Static") == 0) {
        const LONG type = style & SS_TYPEMASK;
        if (type != SS_LEFT && type != SS_CENTER && type != SS_RIGHT && type != SS_LEFTNOWORDWRAP) {
            return -1;
        }
        RECT rect;
        GetClientRect(control, &rect);
        /* Two lines of 8 units and more are meant for a text that wraps. */
        *wraps = type != SS_LEFTNOWORDWRAP && rect.bottom >= units(GetParent(control), 8) * 2;
        return 0;
    }
    if (_wcsicmp(name, L"SysLink") == 0) {
        return 0;
    }
    return -1;
}

static wchar_t *longer(const wchar_t *text)
{
    const size_t length = wcslen(text);
    const size_t more = (length * (LONGER - 100) + 99) / 100;
    wchar_t *all = mem_array(length + more + 2, sizeof *all);
    wmemcpy(all, text, length);
    all[length] = L' ';
    for (size_t i = 0; i < more; i++) {
        all[length + 1 + i] = text[i] == L'&' ? L'n' : text[i];
    }
    return all;
}

static void problem(Fit *fit, const wchar_t *text, int id, long needs, long has, const char *what)
{
    char *utf8 = utf8_from_wide(text);
    strbuf_addf(&fit->problems, "%s\"%s\" (%d) needs %ld pixels of %s at %d %%, there are %ld",
                fit->problems.len > 0 ? "; " : "", utf8, id, needs, what, LONGER, has);
    mem_free(utf8);
}

static BOOL CALLBACK check_control(HWND control, LPARAM parameter)
{
    Fit *fit = (Fit *)parameter;
    bool wraps = false;
    const int beside = room_beside(control, &wraps);
    const int length = GetWindowTextLengthW(control);
    if (beside < 0 || length == 0) {
        return TRUE;
    }
    wchar_t *text = mem_array((size_t)length + 1, sizeof *text);
    GetWindowTextW(control, text, length + 1);
    RECT client;
    GetClientRect(control, &client);
    const long room = client.right - units(GetParent(control), beside);
    HDC dc = GetDC(control);
    HGDIOBJ before = SelectObject(dc, (HGDIOBJ)SendMessageW(control, WM_GETFONT, 0, 0));
    RECT needed = {0, 0, room, 0};
    const bool prefix = (GetWindowLongW(control, GWL_STYLE) & SS_NOPREFIX) == 0;
    const UINT how = DT_CALCRECT | (prefix ? 0u : (UINT)DT_NOPREFIX);
    if (wraps) {
        wchar_t *more = longer(text);
        DrawTextW(dc, more, -1, &needed, how | DT_WORDBREAK);
        mem_free(more);
        if (needed.bottom > client.bottom) {
            problem(fit, text, GetDlgCtrlID(control), needed.bottom, client.bottom, "height");
        }
    } else {
        DrawTextW(dc, text, -1, &needed, how | DT_SINGLELINE);
        needed.right = needed.right * LONGER / 100;
        if (needed.right > room) {
            problem(fit, text, GetDlgCtrlID(control), needed.right, room, "width");
        }
    }
    fit->checked++;
    SelectObject(dc, before);
    ReleaseDC(control, dc);
    mem_free(text);
    return TRUE;
}

static INT_PTR CALLBACK dialog_procedure(HWND dialog, UINT message, WPARAM wide, LPARAM parameter)
{
    (void)dialog, (void)message, (void)wide, (void)parameter;
    return FALSE;
}

static BOOL CALLBACK check_dialog(HMODULE program, const wchar_t *type, wchar_t *name, LONG_PTR parameter)
{
    (void)type;
    Fit *fit = (Fit *)parameter;
    fit->dialogs++;
    strbuf_clear(&fit->problems);
    HWND dialog = CreateDialogParamW(program, name, NULL, dialog_procedure, 0);
    if (dialog == NULL) {
        strbuf_addf(&fit->problems, "the dialog cannot be made (error %lu)", GetLastError());
    } else {
        EnumChildWindows(dialog, check_control, (LPARAM)fit);
        DestroyWindow(dialog);
    }
    const int number = IS_INTRESOURCE(name) ? (int)(ULONG_PTR)name : -1;
    if (fit->problems.len > 0) {
        fit->failed = true;
        printf("not ok dialog %d has room for longer texts: %s\n", number, fit->problems.buf);
    } else {
        printf("ok dialog %d has room for longer texts\n", number);
    }
    return TRUE;
}

int wmain(int argc, wchar_t **argv);
int wmain(int argc, wchar_t **argv)
{
    if (argc != 2) {
        fputs("fit.exe PROGRAM.exe\n", stderr);
        return 2;
    }
    /* The program's manifest: its version of the common controls. */
    ACTCTXW manifest = {.cbSize = sizeof manifest, .dwFlags = ACTCTX_FLAG_RESOURCE_NAME_VALID, .lpSource = argv[1],
                        .lpResourceName = MAKEINTRESOURCEW(1)};
    HANDLE context = CreateActCtxW(&manifest);
    ULONG_PTR cookie = 0;
    if (context == INVALID_HANDLE_VALUE || !ActivateActCtx(context, &cookie)) {
        printf("not ok the program's manifest can be used: error %lu\n", GetLastError());
        return 1;
    }
    LoadLibraryW(L"msftedit.dll");
    INITCOMMONCONTROLSEX controls = {sizeof controls, ICC_WIN95_CLASSES | ICC_STANDARD_CLASSES | ICC_LINK_CLASS |
                                                          ICC_DATE_CLASSES | ICC_USEREX_CLASSES};
    InitCommonControlsEx(&controls);
    WNDCLASSEXW class = {.cbSize = sizeof class, .style = CS_GLOBALCLASS, .lpfnWndProc = DefDlgProcW};
    class.cbWndExtra = DLGWINDOWEXTRA;
    class.hInstance = GetModuleHandleW(NULL);
    class.lpszClassName = L"" MAIN_WINDOW_CLASS;
    RegisterClassExW(&class);
    HMODULE program = LoadLibraryExW(argv[1], NULL, LOAD_LIBRARY_AS_DATAFILE);
    if (program == NULL) {
        printf("not ok the program can be read: error %lu\n", GetLastError());
        return 1;
    }
    Fit fit = {.failed = false};
    strbuf_init(&fit.problems, STRBUF_SMALL);
    EnumResourceNamesW(program, MAKEINTRESOURCEW(5) /* RT_DIALOG */, check_dialog, (LONG_PTR)&fit);
    if (fit.dialogs == 0 || fit.checked == 0) {
        fit.failed = true;
        printf("not ok the program has dialogs: %d dialogs, %d texts were found\n", fit.dialogs, fit.checked);
    } else {
        printf("ok %d texts in %d dialogs were measured\n", fit.checked, fit.dialogs);
    }
    strbuf_release(&fit.problems);
    FreeLibrary(program);
    return fit.failed ? 1 : 0;
}
