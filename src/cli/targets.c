/* targets.c: which files are meant. */
#include "cli.h"

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/catalog.h"
#include "store/folder.h"

/* A bare name of what is not here. */
static bool is_of_folder(const char *file)
{
    return strcmp(fs_base_name(file), file) == 0 && !fs_exists(file);
}

bool cli_find_file(const Options *options, const char *file, char **path, Error *err)
{
    char *folder = NULL;
    if (!is_of_folder(file)) {
        *path = mem_strdup(file);
        return true;
    }
    if (!folder_find(options->folder, &folder, err)) {
        return false;
    }
    *path = fs_join(folder, file);
    mem_free(folder);
    return true;
}

void cli_targets_release(Targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        mem_free(targets->items[i].path);
    }
    mem_free(targets->items);
}

/* Whether two names of a folder are the same text but for the kind of separator. */
static bool same_folder(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        bool both_separators = (*a == '/' || *a == '\\') && (*b == '/' || *b == '\\');
        if (*a != *b && !both_separators) {
            return false;
        }
    }
    return *a == *b;
}

static bool targets_from_folder(Cli *cli, const char *folder, Targets *targets, Error *err)
{
    Catalog catalog;
    catalog_init(&catalog);
    bool ok = catalog_load(folder, clock_now(), &catalog, err);
    if (ok && catalog.count == 0) {
        error_set(err, EK_NOT_FOUND, "there is no backup in \"%s\"", folder);
        ok = error_hint(err, "Make one with 'cmms-backup-cli backup', or name the folder with --folder.");
    }
    if (ok) {
        size_t count = cli->options->all ? catalog.count : 1;
        targets->items = mem_array(count, sizeof *targets->items);
        for (; targets->count < count; targets->count++) {
            targets->items[targets->count] = (Target){fs_join(folder, catalog.entries[targets->count].name), true};
        }
    }
    catalog_release(&catalog);
    return ok;
}

/* As cli_find_file does it, but there may be no folder. */
static void targets_from_arguments(Cli *cli, const char *folder, Targets *targets)
{
    const Options *options = cli->options;
    targets->items = mem_array(options->file_count, sizeof *targets->items);
    for (; targets->count < options->file_count; targets->count++) {
        const char *file = options->files[targets->count];
        Target *target = &targets->items[targets->count];
        if (folder && is_of_folder(file)) {
            *target = (Target){fs_join(folder, file), true};
            continue;
        }
        char *dir = fs_dir_name(file);
        *target = (Target){mem_strdup(file), folder && same_folder(dir, folder)};
        mem_free(dir);
    }
}

bool cli_choose_targets(Cli *cli, char **folder, Targets *targets, int *code)
{
    Error err = ERROR_INIT;
    const bool named = cli->options->file_count > 0;
    bool ok = folder_find(cli->options->folder, folder, &err);
    if (!ok && named && !cli->options->folder) {
        error_clear(&err);
        ok = true;
    }
    if (ok && named) {
        targets_from_arguments(cli, *folder, targets);
    } else if (ok) {
        ok = targets_from_folder(cli, *folder, targets, &err);
    }
    if (!ok) {
        *code = output_error(&cli->output, &err);
        error_clear(&err);
    }
    return ok;
}
