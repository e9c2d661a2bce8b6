/* tasks_posix.c: files in the user's own folder, one a task. */
#include "platform/tasks.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "platform/fs.h"
#include "platform/machine.h"

#define XML_MAX (256u * 1024u)

/* A password is not kept, nor looked at, but for this one, with which a test sees what is said of one that is wrong. */
#define WRONG_PASSWORD "wrong"

static char *path_with(const char *name, const char *suffix, bool make, Error *err)
{
    char *own = machine_local_data_dir(), *dir = own != NULL ? fs_join(own, "tasks") : NULL, *path = NULL;
    if (dir == NULL) {
        error_set(err, EK_SETTINGS, "there is no folder for this user's own files");
    } else if (!make || fs_make_dirs(dir, err)) {
        char *file = mem_printf("%s%s", name, suffix);
        path = fs_join(dir, file);
        mem_free(file);
    }
    mem_free(dir);
    mem_free(own);
    return path;
}

static char *path_of(const char *name, bool make, Error *err)
{
    return path_with(name, ".xml", make, err);
}

char *tasks_user(void)
{
    return machine_user_name();
}

bool tasks_register(const char *name, const char *xml, const char *user, const Secret *password, char **warning,
                    Error *err)
{
    (void)user;
    (void)warning;
    if (password != NULL && strcmp(password->bytes, WRONG_PASSWORD) == 0) {
        return error_set(err, EK_SETTINGS, "Windows does not take the password: it is not the right one");
    }
    char *path = path_of(name, true, err);
    const bool ok = path != NULL && fs_write_atomic(path, xml, strlen(xml), err);
    mem_free(path);
    return ok;
}

/* How it last ended, where a test says so: "2026-11-30T02:00:00Z 80070002". */
static void read_last(const char *name, TaskInfo *info)
{
    StrBuf said;
    strbuf_init(&said, XML_MAX);
    char *path = path_with(name, ".last", false, NULL);
    if (path != NULL && fs_read_all(path, XML_MAX, &said, NULL)) {
        strbuf_addch(&said, '\0');
        char *end = strchr(said.buf, ' ');
        if (end != NULL) {
            *end = '\0';
            info->last_result = (uint32_t)strtoul(end + 1, NULL, 16);
            info->last_run = clock_parse_iso(said.buf, &info->last_run) ? info->last_run : 0;
        }
    }
    mem_free(path);
    strbuf_release(&said);
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
        read_last(name, info);
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
