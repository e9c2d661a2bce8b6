#include "schedule_fields.h"

#include <string.h>

#include "base/mem.h"
#include "platform/wide.h"
#include "resource.h"
#include "texts.h"
#include "ui_text.h"

#define MONTH_DAYS 31
#define OFF 0 /* of the patterns; then come those of Schedule */

/* In the order in which they stand; and the bit of each in Settings.weekdays. */
static const int day_boxes[] = {IDC_SCHEDULE_MON, IDC_SCHEDULE_TUE, IDC_SCHEDULE_WED, IDC_SCHEDULE_THU,
                                IDC_SCHEDULE_FRI, IDC_SCHEDULE_SAT, IDC_SCHEDULE_SUN};
#define DAYS (sizeof day_boxes / sizeof *day_boxes)

static unsigned bit_of(size_t box)
{
    return 1u << (box + 1) % DAYS;
}

static void add(HWND dialog, int list, const wchar_t *text)
{
    SendDlgItemMessageW(dialog, list, CB_ADDSTRING, 0, (LPARAM)text);
}

static int chosen(HWND dialog, int list)
{
    const LRESULT index = SendDlgItemMessageW(dialog, list, CB_GETCURSEL, 0, 0);
    return index < 0 ? 0 : (int)index;
}

void schedule_fields_init(HWND dialog)
{
    static const wchar_t *const patterns[] = {L"" TEXT_SCHEDULE_OFF, L"" TEXT_SCHEDULE_DAILY, L"" TEXT_SCHEDULE_WEEKLY,
                                              L"" TEXT_SCHEDULE_MONTHLY};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        add(dialog, IDC_SCHEDULE, patterns[i]);
    }
    add(dialog, IDC_SCHEDULE_DAY, L"" TEXT_SCHEDULE_LAST_DAY); /* month_day 0 */
    for (int day = 1; day <= MONTH_DAYS; day++) {
        wchar_t *text = ui_wide_printf("%d", day);
        add(dialog, IDC_SCHEDULE_DAY, text);
        mem_free(text);
    }
    SendDlgItemMessageW(dialog, IDC_SCHEDULE_TIMES, EM_LIMITTEXT, CONFIG_TIMES - 1, 0);
}

static void show(HWND dialog, int id, bool shown)
{
    HWND control = GetDlgItem(dialog, id);
    if (!shown && GetFocus() == control) {
        SendMessageW(dialog, WM_NEXTDLGCTL, (WPARAM)GetDlgItem(dialog, IDC_SCHEDULE), TRUE);
    }
    ShowWindow(control, shown ? SW_SHOWNA : SW_HIDE);
}

void schedule_fields_update(HWND dialog)
{
    const int pattern = chosen(dialog, IDC_SCHEDULE) - 1; /* -1: off */
    show(dialog, IDC_SCHEDULE_DAYS_LABEL, pattern == SCHEDULE_WEEKLY || pattern == SCHEDULE_MONTHLY);
    show(dialog, IDC_SCHEDULE_DAY, pattern == SCHEDULE_MONTHLY);
    for (size_t i = 0; i < DAYS; i++) {
        show(dialog, day_boxes[i], pattern == SCHEDULE_WEEKLY);
    }
    EnableWindow(GetDlgItem(dialog, IDC_SCHEDULE_TIMES), pattern >= 0);
}

void schedule_fields_show(HWND dialog, const ConfigValues *config)
{
    const int pattern = config->scheduled ? 1 + (int)config->schedule : OFF;
    SendDlgItemMessageW(dialog, IDC_SCHEDULE, CB_SETCURSEL, (WPARAM)pattern, 0);
    SendDlgItemMessageW(dialog, IDC_SCHEDULE_DAY, CB_SETCURSEL, (WPARAM)config->month_day, 0);
    for (size_t i = 0; i < DAYS; i++) {
        const bool on = (config->weekdays & bit_of(i)) != 0;
        CheckDlgButton(dialog, day_boxes[i], on ? BST_CHECKED : BST_UNCHECKED);
    }
    ui_set_text(GetDlgItem(dialog, IDC_SCHEDULE_TIMES), config->times);
    schedule_fields_update(dialog);
}

void schedule_fields_read(HWND dialog, ConfigValues *config)
{
    const int pattern = chosen(dialog, IDC_SCHEDULE);
    config->scheduled = pattern != OFF;
    config->schedule = pattern != OFF ? (Schedule)(pattern - 1) : config->schedule;
    config->month_day = chosen(dialog, IDC_SCHEDULE_DAY);
    config->weekdays = 0;
    for (size_t i = 0; i < DAYS; i++) {
        config->weekdays |= IsDlgButtonChecked(dialog, day_boxes[i]) == BST_CHECKED ? bit_of(i) : 0;
    }
    wchar_t *wide = ui_get_wide(GetDlgItem(dialog, IDC_SCHEDULE_TIMES));
    char *times = utf8_from_wide(wide);
    /* What is cut off would be no time of day either. */
    const size_t len = strlen(times) < CONFIG_TIMES ? strlen(times) : CONFIG_TIMES - 1;
    memcpy(config->times, times, len);
    config->times[len] = '\0';
    mem_free(times);
    mem_free(wide);
}

bool schedule_fields_same(const ConfigValues *a, const ConfigValues *b)
{
    return a->scheduled == b->scheduled && a->schedule == b->schedule && a->weekdays == b->weekdays &&
           a->month_day == b->month_day && strcmp(a->times, b->times) == 0;
}

bool schedule_fields_is_list(int id)
{
    return id == IDC_SCHEDULE || id == IDC_SCHEDULE_DAY;
}

bool schedule_fields_has(int id)
{
    bool day = false;
    for (size_t i = 0; i < DAYS; i++) {
        day = day || day_boxes[i] == id;
    }
    return day || schedule_fields_is_list(id) || id == IDC_SCHEDULE_TIMES;
}
