/* schedule_fields.h: the schedule in the window's Backup Configuration: how often, on which days, when. */
#ifndef CMMS_UI_SCHEDULE_FIELDS_H
#define CMMS_UI_SCHEDULE_FIELDS_H

#include <windows.h>

#include <stdbool.h>

#include "list_model.h"

void schedule_fields_init(HWND dialog); /* what can be chosen */
/* Of the values those of the schedule alone are shown, read and compared. */
void schedule_fields_show(HWND dialog, const ConfigValues *config);
void schedule_fields_read(HWND dialog, ConfigValues *config);
bool schedule_fields_same(const ConfigValues *a, const ConfigValues *b);
/* Another pattern was chosen: it has other days. */
void schedule_fields_update(HWND dialog);
bool schedule_fields_has(int id);     /* the control is one of them */
bool schedule_fields_is_list(int id); /* one that drops down: it tells of the focus in its own way */

#endif
