/* setting_fields.c: settings by their keys, as texts. */
#include "setting_fields.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "jobs/configure.h"
#include "platform/wide.h"
#include "ui_text.h"

void setting_fields_init(HWND dialog, const SettingField *fields, size_t count, unsigned letters)
{
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].tick) {
            SendDlgItemMessageW(dialog, fields[i].id, EM_LIMITTEXT, letters, 0);
        }
    }
}

void setting_fields_enable(HWND dialog, const SettingField *fields, size_t count, bool on)
{
    for (size_t i = 0; i < count; i++) {
        EnableWindow(GetDlgItem(dialog, fields[i].id), on);
    }
}

void setting_fields_show(HWND dialog, const SettingField *fields, size_t count, char *const *values)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].tick) {
            CheckDlgButton(dialog, fields[i].id, strcmp(values[i], "true") == 0 ? BST_CHECKED : BST_UNCHECKED);
        } else {
            ui_set_text(GetDlgItem(dialog, fields[i].id), values[i]);
        }
    }
}

static char *entered(HWND dialog, const SettingField *field)
{
    if (field->tick) {
        return mem_strdup(IsDlgButtonChecked(dialog, field->id) == BST_CHECKED ? "true" : "false");
    }
    StrBuf text;
    wchar_t *wide = ui_get_wide(GetDlgItem(dialog, field->id));
    char *value = utf8_from_wide(wide);
    strbuf_init(&text, STRBUF_LINE);
    strbuf_addstr(&text, value);
    strbuf_trim(&text);
    mem_free(value);
    mem_free(wide);
    return strbuf_detach(&text);
}

void setting_fields_enter(HWND dialog, const SettingField *fields, size_t count, char **values)
{
    setting_fields_release(values, count);
    for (size_t i = 0; i < count; i++) {
        values[i] = entered(dialog, &fields[i]);
    }
}

void setting_fields_name(HWND dialog, const SettingField *fields, size_t count, Error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].tick) { /* of a box the text is its own, and nothing that it has is wrong */
            ui_name_setting(error, fields[i].key, GetDlgItem(dialog, fields[i].id));
        }
    }
}

void setting_fields_release(char **values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(values[i]);
        values[i] = NULL;
    }
}

void setting_fields_load(const SettingField *fields, size_t count, const Settings *settings, char **values)
{
    setting_fields_release(values, count);
    for (size_t i = 0; i < count; i++) {
        values[i] = settings_get(settings, fields[i].key);
    }
}

bool setting_fields_save(const SettingField *fields, size_t count, char *const *values, const char *folder,
                         const char *actor, Settings *settings, Error *err)
{
    char **pairs = mem_array(count, sizeof *pairs);
    for (size_t i = 0; i < count; i++) {
        pairs[i] = mem_printf("%s=%s", fields[i].key, values[i]);
    }
    const bool ok = configure_set(folder, (const char *const *)pairs, count, actor, settings, err);
    for (size_t i = 0; i < count; i++) {
        mem_free(pairs[i]);
    }
    mem_free(pairs);
    return ok;
}
