/* fuzz_settings.c: any bytes as backup_config.json. What is read must be in its range. */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>

#include "store/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    Settings settings;
    Error err = ERROR_INIT;
    settings_init(&settings);
    if (settings_parse((const char *)bytes, len, &settings, &err)) {
        assert(err.kind == EK_NONE);
        assert(settings.retention_days >= 1 && settings.retention_days <= 3650);
        assert(settings.max_backups >= 1 && settings.max_backups <= 10000);
        assert(settings.backup_hour >= 0 && settings.backup_hour <= 23);
        assert(settings.backup_minute >= 0 && settings.backup_minute <= 59);
        assert(!strcmp(schedule_name(settings.schedule), "daily") ||
               !strcmp(schedule_name(settings.schedule), "weekly") ||
               !strcmp(schedule_name(settings.schedule), "monthly"));
    } else {
        assert(err.kind == EK_DAMAGED && settings.retention_days == 30);
    }
    error_clear(&err);
    settings_release(&settings);
    return 0;
}
