/* tasks_posix.c: files in the user's own folder, one a task. */
#include "platform/tasks.h"

#include <string.h>

#include "base/mem.h"
#include "platform/fs.h"
#include "platform/machine.h"

#define XML_MAX (256u * 1024u)

static char *path_of(const char *name, bool make, Error *err)
{
    char *own = machine_local_data_dir(), *dir = own != NULL ? fs_join(own, "tasks") : NULL, *path = NULL;
    if (dir == NULL) {
        error_set(err, EK_SETTINGS, "there is no folder for this user's own files");
    } else if (!make || fs_make_dirs(dir, err)) {
        char *file = mem_printf("%s.xml", name);
        path = fs_join(dir, file);
        mem_free(file);
    }
    mem_free(dir);
    mem_free(own);
    return path;
}

char *tasks_user(void)
{
    return machine_user_name();
}

bool tasks_register(const char *name, const char *xml, Error *err)
{
    char *path = path_of(name, true, err);
    const bool ok = path != NULL && fs_write_atomic(path, xml, strlen(xml), err);
    mem_free(path);
    return ok;
}

bool tasks_look(const char *name, TaskInfo *info, Error *err)
{
    Error why = ERROR_INIT;
    StrBuf xml;
    strbuf_init(&xml, XML_MAX);
    char *path = path_of(name, false, err);
    bool ok = path != NULL;
    if (ok && fs_read_all(path, XML_MAX, &xml, &why)) {
        strbuf_addch(&xml, '\0');
        tasks_read_xml(xml.buf, info);
    } else if (ok && why.kind == EK_NOT_FOUND) {
        task_info_release(info);
    } else if (ok) {
        ok = error_move(err, &why);
    }
    error_clear(&why);
    mem_free(path);
    strbuf_release(&xml);
    return ok;
}

bool tasks_remove(const char *name, bool *removed, Error *err)
{
    char *path = path_of(name, false, err);
    const bool there = path != NULL && fs_exists(path);
    const bool ok = path != NULL && fs_remove(path, err);
    if (ok && removed != NULL) {
        *removed = there;
    }
    mem_free(path);
    return ok;
}
