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

#include "base/mem.h"
#include "platform/fs.h"
#include "platform/wide.h"
#include "resource.h"

#define LONG_MS   120000u /* for what a server or a tool does */
#define SHORT_MS  30000u  /* for what the window alone does */
#define LATE_MS   10000u  /* after one of them was in vain */
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
    bool late; /* a wait was in vain: the scenario has failed, and nothing is waited for as long again */
    bool keep_dialogs; /* what opens by itself at the start stays */
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
char *cell_in(const Ui *ui, HWND list, int row, int column); /* of another list; caller frees both */
bool cell_is(const Ui *ui, int row, int column, const char *wanted);
void click(const Ui *ui, int id);
void send_command(const Ui *ui, int id); /* as a menu does */
HWND focus(const Ui *ui);
void press(const Ui *ui, WPARAM key);
void ping(Ui *ui);
DWORD limit_ms(DWORD ms);
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
bool box_open(Ui *ui); /* waits until a box has the keyboard */
bool question_is_there(Ui *ui, const void *data);
bool answer_box(Ui *ui, int button);
bool start(const wchar_t *command, PROCESS_INFORMATION *process);
bool start_program(Ui *ui);
bool start_window(Ui *ui); /* its folder may still be read */
bool open_window(Ui *ui);
bool check_exit(Ui *ui, DWORD wanted, const char *name);
Leftovers files(const Ui *ui);
bool selected_count_is(Ui *ui, const void *count);
void select_rows(Ui *ui, int from, int to);
void select_in(const Ui *ui, HWND list, int row); /* in another list, of which one row can be selected */
bool other_in_front(Ui *ui, const void *dialog); /* a window of the program that is neither its main one nor *dialog */

/* ui_schedule.c */
char *autostart_command(void); /* what Windows starts at the next sign-in; caller frees */
void forget_autostart(void);   /* whatever came of it: others start programs here */

/* ui_dialogs.c: a dialog is the window that has the control. */
HWND dialog_with(const Ui *ui, int id);
bool wait_dialog(Ui *ui, int id, DWORD ms);
bool wait_dialog_gone(Ui *ui, int id, DWORD ms);
void dialog_set(const Ui *ui, int id, const char *text);
char *dialog_text(const Ui *ui, int id);
void click_in(const Ui *ui, int id);
bool wait_dialog_text(Ui *ui, int id, const char *part, DWORD ms);
bool wait_can(Ui *ui, int id, DWORD ms);
void type_text(const Ui *ui, const char *text);
void access_key(const Ui *ui, char letter);
bool wait_focus(Ui *ui, int id);
/* A box over the dialog that has the control. */
bool wait_box(Ui *ui, int id);
bool answer_box_over(Ui *ui, int id, int button);
void scenario_assistant(Ui *ui);
void scenario_keyboard(Ui *ui);

/* ui_signin.c */
void sign_in(Ui *ui, const char *name, const char *password);
void scenario_signin(Ui *ui);
void scenario_nousers(Ui *ui);
void scenario_tenth(Ui *ui);
void scenario_idle(Ui *ui);

/* Keys as the keyboard sends them, all held down together, to whatever window is in front. */
void type(const WORD *keys, size_t count);
void key(WORD code);
void key_with(WORD held, WORD code);
void type_keys(const char *text); /* letters, whatever the keyboard's layout */
void focus_list(Ui *ui);
bool job_is_done(Ui *ui, const void *data);
bool menu_is_there(Ui *ui, const void *data);
bool menu_is_gone(Ui *ui, const void *data);
char *clipboard_text(void); /* caller frees */
bool clipboard_has(Ui *ui, const void *part);
bool wait_cell(Ui *ui, int row, int column, const char *wanted);

/* ui_upkeep.c: the status band and what mends it, clean-ups, pins, a proof, a folder that changes. */
void check_upkeep(Ui *ui);
/* In the place of the browser, for Wine has none: this program, which notes that it was started ("opened"). */
void be_the_browser(void);
/* A page that is made so is told in the log (`told`), lies there by its name, and is opened. */
void check_page(Ui *ui, void (*make)(Ui *ui), const char *name, const char *told);

/* ui_manners.c: what the window remembers; the second run sees it. And a start beside the clock. */
void check_manners(Ui *ui);
bool tray_tip_is(Ui *ui, const void *part); /* begins with our name and has the part */
bool process_has_window(Ui *ui, const void *data); /* also a hidden one */
void check_remembered(Ui *ui);
void check_tray(Ui *ui);
void check_tray_signin(Ui *ui);
void check_damaged(Ui *ui);

/* ui_pictures.c: for ./dev shot, whose pictures have names; otherwise nothing happens. The states of the window. */
void picture(Ui *ui, const char *name);
void scenario_pictures(Ui *ui);

/* ui_keys.c */
void scenario_keys(Ui *ui);
void scenario_sample(Ui *ui);

/* ui_more.c */
void scenario_more(Ui *ui);

/* ui_restore.c */
/* Asks test_dialogs.py for a step and waits for its answer: "ok", or what is wrong. */
void outside(Ui *ui, const char *step, const char *name);
void scenario_restore(Ui *ui);
void scenario_restore_keys(Ui *ui);
void scenario_restore_gone(Ui *ui);
void scenario_restore_in_place(Ui *ui);

/* ui_sharepoint.c */
void scenario_sharepoint(Ui *ui);
void scenario_sharepoint_keys(Ui *ui);
bool begin_sharepoint(Ui *ui, int backups); /* a manager signs in, with so many in the list */
bool browse_sharepoint(Ui *ui);             /* the browser goes where the dialog says */

/* ui_back.c */
void scenario_sharepoint_back(Ui *ui);
void scenario_sharepoint_back_keys(Ui *ui);

/* ui_encryption.c */
void scenario_encryption(Ui *ui);

/* ui_schedule.c */
void scenario_schedule(Ui *ui);
void scenario_schedule_run(Ui *ui);
void scenario_schedule_failed(Ui *ui);
void scenario_schedule_told(Ui *ui);
void scenario_schedule_ended(Ui *ui);

/* ui_actions.c: what is done with backups that are there, at least two good ones. */
void check_actions(Ui *ui);

#endif
