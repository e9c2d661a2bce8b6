/* verb_verify.c: read every byte of backups. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "jobs/verify.h"
#include "platform/fs.h"

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

static int run_verify(Cli *cli)
{
    Error err = ERROR_INIT;
    Targets targets = {NULL, 0};
    char *folder = NULL;
    int code = 0;
    cJSON *document = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(document, "files");
    if (!cli_choose_targets(cli, &folder, &targets, &code)) {
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
    cli_targets_release(&targets);
    mem_free(folder);
    error_clear(&err);
    return code;
}

static bool check_verify(const Options *options, Error *err)
{
    if (options->all && options->file_count > 0) {
        error_set(err, EK_USAGE, "--all and file names do not go together");
        return error_hint(err, "Try 'cmms-backup-cli --help'.");
    }
    return true;
}

static const char help[] =
    "Read every byte of backups: decode them, count their rows, and compare both and the SHA-256 with what was\n"
    "recorded when they were made. The outcome is kept for backups in the backup folder; files elsewhere are\n"
    "only read.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli verify [OPTION]... [FILE]...\n"
    "\n"
    "Without FILE the newest backup in the backup folder. FILE is a path, or a name in the backup folder.\n"
    "\n"
    "Options:\n"
    "      --all                all backups in the backup folder\n" FOLDER_HELP "\n" OUTPUT_HELP PROGRESS_HELP
    "\n"
    "The exit code is 7 when any of the files is damaged.\n";

const Verb verb_verify = {
    .name = "verify",
    .summary = "read every byte of backups and compare them with what was recorded",
    .help = help,
    .takes = {OPTION_ALL, OPTION_FOLDER, OUTPUT_OPTIONS, OPTION_PROGRESS_JSON},
    .most = OPERANDS_ANY,
    .check = check_verify,
    .run = run_verify};
