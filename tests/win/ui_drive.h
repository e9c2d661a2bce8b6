/*
 * ui_drive.h: the window of another process, read and driven by messages and keys. Texts are UTF-8.
 *
 * Nothing is timed: every wait is for a condition, looked at every few milliseconds, with a bound that only a
 * broken program reaches.
 */
#ifndef CMMS_UI_DRIVE_H
#define CMMS_UI_DRIVE_H

#include <windows.h>

#include <commctrl.h>
#include <richedit.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../src/platform/win/utf_win.h"
#include "fs.h"
#include "mem.h"
#include "resource.h"

#define LONG_MS   300000u /* for what a server or a tool does */
#define SHORT_MS  30000u  /* for what the window alone does */
#define ANSWER_MS 20000u
#define LOOK_MS   10u

#ifndef TDM_CLICK_BUTTON
#define TDM_CLICK_BUTTON (WM_USER + 102)
#endif

typedef struct Ui {
    PROCESS_INFORMATION process;
    HWND window;
    char *folder; /* --folder of the arguments */
    wchar_t *command;
    DWORD longest_ms; /* the slowest answer */
    unsigned failures;
} Ui;

typedef bool (*Condition)(Ui *ui, const void *data);

typedef struct Leftovers {
    int backups, partials;
} Leftovers;

bool ok(Ui *ui, bool passed, const char *name, const char *why);
HWND item(const Ui *ui, int id);
LRESULT ask(const Ui *ui, HWND hwnd, UINT message, WPARAM wparam, LPARAM lparam);
char *text_of(const Ui *ui, HWND hwnd);
bool has_text(const Ui *ui, int id, const char *part);
unsigned count_in_log(const Ui *ui, const char *part);
int rows(const Ui *ui);
char *cell(const Ui *ui, int row, int column);
bool cell_is(const Ui *ui, int row, int column, const char *wanted);
void click(const Ui *ui, int id);
HWND focus(const Ui *ui);
void press(const Ui *ui, WPARAM key);
void ping(Ui *ui);
bool wait_for(Ui *ui, DWORD ms, Condition condition, const void *data);
bool is_disabled(Ui *ui, const void *id);
bool wait_enabled(Ui *ui, int id, DWORD ms);
bool shows(Ui *ui, const void *data);
bool wait_text(Ui *ui, int id, const char *part, DWORD ms);
bool wait_lines(Ui *ui, const char *part, unsigned count, DWORD ms);
bool has_rows(Ui *ui, const void *count);
bool is_saving(Ui *ui, const void *data);
bool focus_left(Ui *ui, const void *old);
HWND find(const Ui *ui, const wchar_t *class_name);
bool box_is_there(Ui *ui, const void *data);
bool box_is_gone(Ui *ui, const void *data);
bool question_is_there(Ui *ui, const void *data);
bool answer_box(Ui *ui, int button);
bool start(const wchar_t *command, PROCESS_INFORMATION *process);
bool start_program(Ui *ui);
bool open_window(Ui *ui);
bool check_exit(Ui *ui, DWORD wanted, const char *name);
Leftovers files(const Ui *ui);
bool selected_count_is(Ui *ui, const void *count);
void select_rows(Ui *ui, int from, int to);

/* ui_actions.c: what is done with backups that are there, at least two good ones. */
void check_actions(Ui *ui);

#endif
