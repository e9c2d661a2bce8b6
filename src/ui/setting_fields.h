/*
 * setting_fields.h: settings of the backup folder in a dialog, one row each: the control and the key. What is read is
 * shown, and what is entered is handed over, as texts; configure_set decides what fits, and logs what changed.
 */
#ifndef CMMS_UI_SETTING_FIELDS_H
#define CMMS_UI_SETTING_FIELDS_H

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "store/settings.h"

typedef struct SettingField {
    int id;
    const char *key;
    bool tick; /* a box, else a field */
} SettingField;

/* In the dialog. `values`, one a row, are owned texts or NULL. */
void setting_fields_init(HWND dialog, const SettingField *fields, size_t count, unsigned letters); /* the longest */
void setting_fields_enable(HWND dialog, const SettingField *fields, size_t count, bool on);
void setting_fields_show(HWND dialog, const SettingField *fields, size_t count, char *const *values);
void setting_fields_enter(HWND dialog, const SettingField *fields, size_t count, char **values);
/* An error that names one of them by its key names it as its label does. */
void setting_fields_name(HWND dialog, const SettingField *fields, size_t count, Error *error);
void setting_fields_release(char **values, size_t count);

/* In its worker. */
void setting_fields_load(const SettingField *fields, size_t count, const Settings *settings, char **values);
bool setting_fields_save(const SettingField *fields, size_t count, char *const *values, const char *folder,
                         const char *actor, Settings *settings, Error *err);

#endif
