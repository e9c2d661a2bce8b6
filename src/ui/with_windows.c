#include "with_windows.h"

#include "base/mem.h"
#include "platform/autostart.h"
#include "platform/machine.h"
#include "version.h"

bool with_windows_is_on(void)
{
    char *command = autostart_look(CMMS_AUTOSTART_NAME);
    const bool on = command != NULL;
    mem_free(command);
    return on;
}

bool with_windows_set(bool on, Error *err)
{
    char *program = on ? machine_program_path() : NULL;
    char *command = program != NULL ? mem_printf("\"%s\" --tray", program) : NULL;
    const bool ok = autostart_set(CMMS_AUTOSTART_NAME, command, err);
    mem_free(command);
    mem_free(program);
    return ok;
}
