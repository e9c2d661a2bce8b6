#include "message_box.h"

#include <commctrl.h>

#include "base/mem.h"
#include "dialog.h"
#include "parts/clipboard.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"

#define ID_COPY 100

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

static HRESULT CALLBACK on_box(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam, LONG_PTR data)
{
    (void)wparam, (void)lparam, (void)data;
    if (message == TDN_CREATED) {
        dialog_begin(hwnd);
    } else if (message == TDN_HELP && GetWindow(hwnd, GW_OWNER) != NULL) { /* F1, which a dialog would hand on itself */
        SendMessageW(GetWindow(hwnd, GW_OWNER), WM_HELP, 0, 0);
    }
    return S_OK;
}

/* What all boxes have; the texts are borrowed. */
static TASKDIALOGCONFIG box(HWND owner, const wchar_t *instruction, const wchar_t *content)
{
    return (TASKDIALOGCONFIG){
        .cbSize = sizeof(TASKDIALOGCONFIG),
        .hwndParent = owner,
        .hInstance = GetModuleHandleW(NULL),
        .dwFlags = TDF_ALLOW_DIALOG_CANCELLATION | TDF_POSITION_RELATIVE_TO_WINDOW,
        .pszWindowTitle = L"" TEXT_BOX_TITLE,
        .pszMainInstruction = instruction,
        .pszContent = content,
        .pfCallback = on_box,
    };
}

/* The button's number when the system has no such boxes is that of a plain one. */
static int show(const TASKDIALOGCONFIG *config, UINT plain)
{
    int button = 0;
    if (FAILED(TaskDialogIndirect(config, &button, NULL, NULL))) {
        button = MessageBoxW(config->hwndParent, config->pszMainInstruction, config->pszWindowTitle, plain);
    }
    return button;
}

/* Copy leaves the box open. */
static HRESULT CALLBACK on_error_box(HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam, LONG_PTR data)
{
    if (message != TDN_BUTTON_CLICKED || wparam != ID_COPY) {
        return on_box(hwnd, message, wparam, lparam, data);
    }
    clipboard_set(hwnd, (const char *)data, NULL);
    return S_FALSE;
}

/* All three parts, for whoever is asked for help. */
static char *all_text(const Error *error)
{
    return mem_printf("%s%s%s%s%s", error->message == NULL ? "" : error->message, error->detail == NULL ? "" : "\r\n",
                      error->detail == NULL ? "" : error->detail, error->hint == NULL ? "" : "\r\n",
                      error->hint == NULL ? "" : error->hint);
}

void message_box_error(HWND owner, const Error *error)
{
    static const TASKDIALOG_BUTTON buttons[] = {{ID_COPY, L"" TEXT_BOX_COPY}};
    wchar_t *message = sentence(error->message == NULL ? TEXT_BOX_WRONG : error->message);
    wchar_t *hint = error->hint == NULL ? NULL : sentence(error->hint);
    wchar_t *detail = wide_from_utf8(error->detail);
    char *all = all_text(error);
    TASKDIALOGCONFIG config = box(owner, message, hint);
    config.dwCommonButtons = TDCBF_CLOSE_BUTTON;
    config.pszMainIcon = TD_ERROR_ICON;
    config.pButtons = buttons;
    config.cButtons = sizeof buttons / sizeof *buttons;
    config.nDefaultButton = IDCLOSE;
    config.pszExpandedInformation = detail;
    config.pszCollapsedControlText = detail == NULL ? NULL : L"" TEXT_BOX_DETAILS;
    config.pszExpandedControlText = detail == NULL ? NULL : L"" TEXT_BOX_HIDE;
    config.pfCallback = on_error_box;
    config.lpCallbackData = (LONG_PTR)all;
    show(&config, MB_OK | MB_ICONERROR);
    mem_free(all);
    mem_free(message);
    mem_free(hint);
    mem_free(detail);
}

void message_box_info(HWND owner, const char *instruction, const char *content)
{
    wchar_t *main_text = wide_from_utf8(instruction);
    wchar_t *rest = wide_from_utf8(content);
    TASKDIALOGCONFIG config = box(owner, main_text, rest);
    config.dwFlags |= TDF_SIZE_TO_CONTENT;
    config.dwCommonButtons = TDCBF_CLOSE_BUTTON;
    config.pszMainIcon = MAKEINTRESOURCEW(IDI_APP);
    show(&config, MB_OK);
    mem_free(main_text);
    mem_free(rest);
}

bool message_box_ask(HWND owner, const char *instruction, const char *content, const wchar_t *yes, const wchar_t *no)
{
    const TASKDIALOG_BUTTON buttons[] = {{IDYES, yes}, {IDCANCEL, no}};
    wchar_t *main_text = wide_from_utf8(instruction);
    wchar_t *rest = wide_from_utf8(content);
    TASKDIALOGCONFIG config = box(owner, main_text, rest);
    config.pszMainIcon = TD_WARNING_ICON;
    config.pButtons = buttons;
    config.cButtons = sizeof buttons / sizeof *buttons;
    config.nDefaultButton = IDCANCEL; /* and so Esc presses it */
    int button = show(&config, MB_YESNO | MB_DEFBUTTON2 | MB_ICONWARNING);
    mem_free(main_text);
    mem_free(rest);
    return button == IDYES;
}

bool message_box_stop_and_close(HWND owner, const char *instruction, const char *content)
{
    return message_box_ask(owner, instruction, content, L"" TEXT_BOX_STOP, L"" TEXT_BOX_KEEP);
}
