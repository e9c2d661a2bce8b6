/*
 * ui_idle.c: `idle-day`: hidden beside the clock, with a schedule that has nothing to do, the window lives two days of
 * idle: each of its timers as often as it would come. The second day costs nothing: no handle, no GDI or USER object,
 * no memory; and what lies in its folders is as it was, which test_dialogs.py looks at (`outside`). That a timer comes
 * no oftener than is sent here, tests/lint/timers.py and unit/test_keeper say.
 */
#include "ui_drive.h"

#define PSAPI_VERSION 2 /* in kernel32 */
#include <psapi.h>
#include <winternl.h>

/* main_private.h; none comes oftener than once a minute, the clock's every five. */
#define TIMER_CLOCK 3
#define TIMER_IDLE 4
#define TIMER_SLOT 6
#define DAY_MINUTES 1440
#define CLOCK_MINUTES 5
#define MEMORY_MOST (256u * 1024u) /* bytes; a leak of 80 at each timer is more */
#define HANDLES_MOST (64u * 1024u * 1024u)
#define EXTENDED_HANDLES 64 /* SystemExtendedHandleInformation */

typedef NTSTATUS(WINAPI *QuerySystemFn)(int what, void *bytes, ULONG size, ULONG *needed);

/* As "SYSTEM_HANDLE_TABLE_ENTRY_INFO_EX", which the SDK does not have. */
typedef struct HandleEntry {
    void *object;
    ULONG_PTR process, handle;
    ULONG access;
    USHORT trace, type;
    ULONG attributes, reserved;
} HandleEntry;

typedef struct HandleTable {
    ULONG_PTR count, reserved;
    HandleEntry entries[1];
} HandleTable;

typedef struct Cost {
    size_t handles, gdi, user, memory;
} Cost;

/* GetProcessHandleCount is 0 of any process under Wine; this is not. */
static size_t count_handles(const Ui *ui)
{
    const QuerySystemFn query =
        (QuerySystemFn)(void (*)(void))GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQuerySystemInformation");
    HandleTable *table = NULL;
    NTSTATUS status = -1;
    size_t found = 0;
    for (ULONG size = 1024u * 1024u; status != 0 && query != NULL && size <= HANDLES_MOST; size *= 2) {
        ULONG needed = 0;
        mem_free(table);
        table = mem_alloc(size);
        status = query(EXTENDED_HANDLES, table, size, &needed);
    }
    for (ULONG_PTR i = 0; status == 0 && i < table->count; i++) {
        found += table->entries[i].process == ui->process.dwProcessId;
    }
    mem_free(table);
    return found;
}

static Cost cost_of(const Ui *ui)
{
    PROCESS_MEMORY_COUNTERS_EX memory = {.cb = sizeof memory};
    const HANDLE process = ui->process.hProcess;
    GetProcessMemoryInfo(process, (PROCESS_MEMORY_COUNTERS *)&memory, sizeof memory);
    return (Cost){count_handles(ui), GetGuiResources(process, GR_GDIOBJECTS), GetGuiResources(process, GR_USEROBJECTS),
                  memory.PrivateUsage};
}

static void live_a_day(Ui *ui)
{
    for (unsigned minute = 0; minute < DAY_MINUTES; minute++) {
        ask(ui, ui->window, WM_TIMER, TIMER_SLOT, 0);
        ask(ui, ui->window, WM_TIMER, TIMER_IDLE, 0);
        if (minute % CLOCK_MINUTES == 0) {
            ask(ui, ui->window, WM_TIMER, TIMER_CLOCK, 0);
        }
    }
    ping(ui);
}

/* A worker that ends may take some milliseconds to give back what it has. */
static bool costs_no_more(Ui *ui, const void *data)
{
    const Cost *before = data;
    const Cost now = cost_of(ui);
    return now.handles <= before->handles && now.gdi <= before->gdi && now.user <= before->user &&
           now.memory <= before->memory + MEMORY_MOST;
}

void scenario_idle_day(Ui *ui)
{
    if (!start_program(ui) ||
        !ok(ui, wait_for(ui, SHORT_MS, process_has_window, NULL), "--tray starts", "there is no window") ||
        !ok(ui, wait_lines(ui, "A manager is asked to sign in when the window is opened", 1, SHORT_MS) &&
                    wait_enabled(ui, IDC_REFRESH, SHORT_MS), "the folder is read", "it is not")) {
        return;
    }
    live_a_day(ui); /* what is made at the first use is there now */
    const Cost before = cost_of(ui);
    ok(ui, before.handles > 0 && before.memory > 0, "its handles and its memory can be counted", "they cannot");
    outside(ui, "before", "its folders before");
    live_a_day(ui);
    const bool same = wait_for(ui, SHORT_MS, costs_no_more, &before);
    const Cost after = cost_of(ui);
    char *why = mem_printf("handles %zu to %zu, GDI %zu to %zu, USER %zu to %zu, memory %zu to %zu", before.handles,
                           after.handles, before.gdi, after.gdi, before.user, after.user, before.memory, after.memory);
    ok(ui, same, "a day of idle costs no handle, no object and no memory", why);
    mem_free(why);
    outside(ui, "after", "and writes nothing");
    ok(ui, !IsWindowVisible(ui->window), "nothing was shown", "the window is");
    send_command(ui, IDM_EXIT);
    check_exit(ui, 0, "Exit ends the program");
}
