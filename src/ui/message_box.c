#include "message_box.h"

#include <commctrl.h>

#include "../platform/win/utf_win.h"
#include "mem.h"
#include "resource.h"
#include "ui_text.h"
#include "version.h"

#define TITLE L"CMMS Backup"

/* "could not start pg_dump" as a sentence: "Could not start pg_dump." */
static wchar_t *sentence(const char *text)
{
    wchar_t *wide = ui_wide_printf("%s", text);
    size_t length = wcslen(wide);
    if (length == 0) {
        return wide;
    }
    if (wide[0] >= L'a' && wide[0] <= L'z') {
        /* A tool's or an option's name keeps its small letter: pg_dump, -d. */
        size_t word = wcscspn(wide, L" :");
        bool is_name = false;
        for (size_t i = 0; i < word; i++) {
            is_name = is_name || wide[i] == L'_' || wide[i] == L'.' || (wide[i] >= L'0' && wide[i] <= L'9');
        }
        if (!is_name) {
            wide[0] = (wchar_t)(wide[0] - L'a' + L'A');
        }
    }
    wchar_t last = wide[length - 1];
    if (last == L'.' || last == L'!' || last == L'?') {
        return wide;
    }
    wchar_t *full = mem_array(length + 2, sizeof *full);
    memcpy(full, wide, length * sizeof *full);
    full[length] = L'.';
    mem_free(wide);
    return full;
}

void message_box_error(HWND owner, const Error *error)
{
    wchar_t *message = sentence(error->message == NULL ? "something went wrong" : error->message);
    wchar_t *hint = error->hint == NULL ? NULL : sentence(error->hint);
    wchar_t *detail = wide_from_utf8(error->detail);
    TASKDIALOGCONFIG config = {
        .cbSize = sizeof config,
        .hwndParent = owner,
        .dwFlags = TDF_ALLOW_DIALOG_CANCELLATION | TDF_POSITION_RELATIVE_TO_WINDOW,
        .dwCommonButtons = TDCBF_CLOSE_BUTTON,
        .pszWindowTitle = TITLE,
        .pszMainIcon = TD_ERROR_ICON,
        .pszMainInstruction = message,
        .pszContent = hint,
        .pszExpandedInformation = detail,
        .pszCollapsedControlText = detail == NULL ? NULL : L"Details",
        .pszExpandedControlText = detail == NULL ? NULL : L"Hide details",
    };
    if (FAILED(TaskDialogIndirect(&config, NULL, NULL, NULL))) {
        MessageBoxW(owner, message, TITLE, MB_OK | MB_ICONERROR);
    }
    mem_free(message);
    mem_free(hint);
    mem_free(detail);
}

void message_box_info(HWND owner, const char *instruction, const char *content)
{
    wchar_t *main_text = wide_from_utf8(instruction);
    wchar_t *rest = wide_from_utf8(content);
    TASKDIALOGCONFIG config = {
        .cbSize = sizeof config,
        .hwndParent = owner,
        .hInstance = GetModuleHandleW(NULL),
        .dwFlags = TDF_ALLOW_DIALOG_CANCELLATION | TDF_POSITION_RELATIVE_TO_WINDOW | TDF_SIZE_TO_CONTENT,
        .dwCommonButtons = TDCBF_CLOSE_BUTTON,
        .pszWindowTitle = TITLE,
        .pszMainIcon = MAKEINTRESOURCEW(IDI_APP),
        .pszMainInstruction = main_text,
        .pszContent = rest,
    };
    if (FAILED(TaskDialogIndirect(&config, NULL, NULL, NULL))) {
        MessageBoxW(owner, rest, TITLE, MB_OK);
    }
    mem_free(main_text);
    mem_free(rest);
}

bool message_box_ask(HWND owner, const char *instruction, const char *content, const wchar_t *yes, const wchar_t *no)
{
    const TASKDIALOG_BUTTON buttons[] = {{IDYES, yes}, {IDNO, no}};
    wchar_t *main_text = wide_from_utf8(instruction);
    wchar_t *rest = wide_from_utf8(content);
    TASKDIALOGCONFIG config = {
        .cbSize = sizeof config,
        .hwndParent = owner,
        .dwFlags = TDF_ALLOW_DIALOG_CANCELLATION | TDF_POSITION_RELATIVE_TO_WINDOW,
        .pszWindowTitle = TITLE,
        .pszMainIcon = TD_WARNING_ICON,
        .pszMainInstruction = main_text,
        .pszContent = rest,
        .cButtons = sizeof buttons / sizeof *buttons,
        .pButtons = buttons,
        .nDefaultButton = IDNO,
    };
    int button = 0;
    if (FAILED(TaskDialogIndirect(&config, &button, NULL, NULL))) {
        button = MessageBoxW(owner, main_text, TITLE, MB_YESNO | MB_DEFBUTTON2 | MB_ICONWARNING);
    }
    mem_free(main_text);
    mem_free(rest);
    return button == IDYES;
}

bool message_box_stop_and_close(HWND owner, const char *instruction, const char *content)
{
    return message_box_ask(owner, instruction, content, L"Stop and close", L"Keep running");
}
