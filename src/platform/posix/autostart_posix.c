/* autostart_posix.c: a file in the user's own folder. */
#include "platform/autostart.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/fs.h"
#include "platform/machine.h"

static char *path_of(const char *name)
{
    char *own = machine_local_data_dir(), *file = mem_printf("autostart %s", name);
    char *path = own != NULL ? fs_join(own, file) : NULL;
    mem_free(file);
    mem_free(own);
    return path;
}

char *autostart_look(const char *name)
{
    char *path = path_of(name), *command = NULL;
    StrBuf text;
    strbuf_init(&text, STRBUF_LINE);
    if (path != NULL && fs_read_all(path, STRBUF_LINE, &text, NULL)) {
        command = mem_strdup(text.buf);
    }
    strbuf_release(&text);
    mem_free(path);
    return command;
}

bool autostart_set(const char *name, const char *command, Error *err)
{
    char *path = path_of(name);
    bool ok = path != NULL || error_set(err, EK_SETTINGS, "there is no folder for this user's own files");
    if (ok) {
        ok = command != NULL ? fs_write_atomic(path, command, strlen(command), err) : fs_remove(path, err);
    }
    mem_free(path);
    return ok;
}
