/* read.c: the verbs that read what is in backups: verify and prove; and which files they mean. */
#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "cli.h"
#include "jobs/verify.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "store/catalog.h"
#include "store/folder.h"
#include "verb_prove.h"

typedef struct Target {
    char *path;
    bool in_folder; /* the outcome is kept there */
} Target;

typedef struct Targets {
    Target *items;
    size_t count;
} Targets;

static void targets_release(Targets *targets)
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
        if (folder && cli_is_of_folder(file)) {
            *target = (Target){fs_join(folder, file), true};
            continue;
        }
        char *dir = fs_dir_name(file);
        *target = (Target){mem_strdup(file), folder && same_folder(dir, folder)};
        mem_free(dir);
    }
}

/* Those that are named, else the newest backup of the folder, or all. Caller frees *folder, which is NULL where there
 * is none: a named file can be read all the same. False: the error was shown, and *code set. */
static bool choose_targets(Cli *cli, char **folder, Targets *targets, int *code)
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

static void show_verified(Cli *cli, const char *path, const VerifyResult *result)
{
    const Manifest *manifest = &result->manifest;
    char *size = output_megabytes(manifest->bytes);
    char *compared = result->could_not_compare_hash ? mem_strdup("nothing was recorded to compare with")
                     : result->uncompared > 0
                         ? mem_printf("the hash is as recorded; the rows of %zu of %zu tables were never compared with "
                                      "the database", result->uncompared, manifest->table_count)
                     : result->uncompared_objects
                         ? mem_strdup("the hash is as recorded; the large objects were never compared with the "
                                      "database")
                         : mem_strdup("hash and row counts are as recorded");
    char *part = !manifest->contents ? mem_strdup("")
                                     : mem_printf("; %s", strcmp(manifest->contents, "schema") == 0
                                                              ? "it holds no rows"
                                                              : "it holds rows, but no tables for them");
    char *renamed = result->renamed_from ? mem_printf("; its manifest was that of %s", result->renamed_from)
                                         : mem_strdup("");
    char *objects = manifest->large_objects > 0
                        ? mem_printf(", %s large objects", number_text(manifest->large_objects).text)
                        : mem_strdup("");
    const bool good = level_is_good(manifest->level);
    const int64_t rows = manifest_rows(manifest);
    char *line = mem_printf("%s %s: every byte was read (%s, %zu tables, %s rows%s); %s%s%s",
                            good ? "\xE2\x9C\x85" : "\xE2\x9A\xA0", fs_base_name(path), size, manifest->table_count,
                            number_text(rows > 0 ? rows : 0).text, objects, compared, part, renamed);
    if (!cli->output.quiet) {
        output_coloured(&cli->output, good ? COLOUR_GOOD : COLOUR_WARNING, line);
    }
    mem_free(line);
    mem_free(objects);
    mem_free(renamed);
    mem_free(part);
    mem_free(compared);
    mem_free(size);
}

static cJSON *verified_object(const char *path, const VerifyResult *result)
{
    cJSON *file = cJSON_CreateObject();
    json_set_string(file, "path", path);
    json_set_bool(file, "ok", true);
    json_set_string(file, "level", level_word(result->manifest.level));
    json_set_string(file, "sha256", result->manifest.sha256);
    json_set_int(file, "bytes", (int64_t)result->manifest.bytes);
    json_set_bool(file, "compared_hash", !result->could_not_compare_hash);
    json_set_bool(file, "compared_counts", !result->could_not_compare_hash && result->uncompared == 0 &&
                                               !result->uncompared_objects);
    if (result->not_kept) {
        json_set_string(file, "not_kept", result->not_kept);
    }
    json_set_string(file, "contents", result->manifest.contents);
    json_set_string(file, "renamed_from", result->renamed_from);
    output_add_tables(file, &result->manifest);
    return file;
}

static cJSON *damaged_object(const char *path, const Error *err)
{
    cJSON *file = cJSON_CreateObject();
    json_set_string(file, "path", path);
    json_set_bool(file, "ok", false);
    json_set_string(file, "level", level_word(err->kind == EK_DAMAGED ? LEVEL_BAD : LEVEL_NONE));
    FsInfo info;
    if (fs_stat(path, &info, NULL)) {
        json_set_int(file, "bytes", (int64_t)info.size);
    }
    cJSON_AddItemToObject(file, "error", output_error_object(err));
    return file;
}

/* One file. Returns its exit code; EK_CANCELLED is left in err for the caller to show. */
static int verify_one(Cli *cli, const Target *target, cJSON *files, Error *err)
{
    VerifyResult result;
    verify_result_init(&result);
    JobSink sink = output_sink(&cli->output);
    bool ok = target->in_folder ? verify_backup(target->path, true, &sink, cli->cancel, &result, err)
                                : verify_file(target->path, &sink, cli->cancel, &result, err);
    int code = ok ? 0 : error_exit_code(err->kind);
    if (ok) {
        cJSON_AddItemToArray(files, verified_object(target->path, &result));
        if (!cli->output.json) {
            show_verified(cli, target->path, &result);
        }
    } else if (err->kind != EK_CANCELLED) {
        const char *name = fs_base_name(target->path);
        if (!strstr(err->message, name)) {
            error_context(err, "%s", name);
        }
        if (err->kind == EK_NOT_FOUND && !err->hint) {
            error_hint(err, "Name a file, or one of the backups that 'cmms-backup-cli list' shows.");
        }
        cJSON_AddItemToArray(files, damaged_object(target->path, err));
        if (!cli->output.json) {
            output_error(&cli->output, err);
        }
    }
    verify_result_release(&result);
    return code;
}

int run_verify(Cli *cli)
{
    Error err = ERROR_INIT;
    Targets targets = {NULL, 0};
    char *folder = NULL;
    int code = 0;
    cJSON *document = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(document, "files");
    if (!choose_targets(cli, &folder, &targets, &code)) {
        goto out;
    }
    for (size_t i = 0; i < targets.count; i++) {
        int one = verify_one(cli, &targets.items[i], files, &err);
        if (err.kind == EK_CANCELLED) {
            code = output_error(&cli->output, &err);
            goto out;
        }
        error_clear(&err);
        /* Damage is worse than a file that could not be looked at. */
        if (one != 0 && (code == 0 || one == error_exit_code(EK_DAMAGED))) {
            code = one;
        }
    }
    if (cli->output.json) {
        output_json(&cli->output, document);
        document = NULL;
    }
out:
    output_clear_progress(&cli->output);
    cJSON_Delete(document);
    targets_release(&targets);
    mem_free(folder);
    error_clear(&err);
    return code;
}

/* --- prove ----------------------------------------------------------------------------------------------- */

/* Only a host that a switch names will do: that of the profile or of PGHOST may be the real database's. */
static bool prove_connection(Cli *cli, Connection *connection, Error *err)
{
    const Options *options = cli->options;
    bool ok = false;
    Connection switches;
    connection_init(&switches);
    if (!cli_switches(options, &switches, err)) {
        goto out;
    }
    if (!options->on && (switches.host || switches.database || switches.port || switches.user)) {
        error_set(err, EK_USAGE, "the connection options of prove go with --on");
        error_hint(err, "Without them the bundled server is used; see 'cmms-backup-cli prove --help'.");
        goto out;
    }
    if (options->on && !switches.host) {
        error_set(err, EK_USAGE, "the server is not named");
        error_hint(err, "Name it with -h.");
        goto out;
    }
    if (options->on) {
        connection_overlay(connection, &cli->environment);
        if (!switches.database) { /* not the one of the environment: any will do to make another */
            cli_replace_text(&connection->database, "postgres");
        }
        ok = cli_switches(options, connection, err) && cli_find_password(cli, connection, err);
    } else {
        ok = true;
    }
out:
    connection_release(&switches);
    return ok;
}

int run_prove(Cli *cli)
{
    Error err = ERROR_INIT;
    Targets targets = {NULL, 0};
    Connection connection;
    char *folder = NULL;
    int code = 0;
    connection_init(&connection);
    if (!prove_connection(cli, &connection, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    if (!choose_targets(cli, &folder, &targets, &code)) {
        goto out;
    }
    const ProveSpec spec = {cli->options->on ? &connection : NULL, targets.items[0].in_folder};
    code = verb_prove(targets.items[0].path, &spec, &cli->output, cli->cancel);
out:
    output_clear_progress(&cli->output);
    targets_release(&targets);
    connection_release(&connection);
    mem_free(folder);
    error_clear(&err);
    return code;
}
