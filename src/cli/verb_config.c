/* verb_config.c: the settings of the backup folder. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/configure.h"
#include "store/folder.h"
#include "store/settings.h"

static void show_settings(Cli *cli, const char *folder, const Settings *settings)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "folder", folder);
    for (size_t i = 0; settings_key(i); i++) {
        const char *key = settings_key(i);
        char *value = settings_get(settings, key);
        /* Numbers, true and false as such; a time begins with a number. */
        cJSON *item = strchr(value, ':') ? NULL : cJSON_Parse(value);
        cJSON_AddItemToObject(document, key, item ? item : cJSON_CreateString(value));
        output_line(&cli->output, "%s = %s", key, value);
        mem_free(value);
    }
    json_set_string(document, "notice", settings->notice);
    if (cli->output.json) {
        output_json(&cli->output, document);
    } else {
        cJSON_Delete(document);
        if (settings->notice) {
            output_log(&cli->output, LOG_WARNING, settings->notice);
        }
    }
}

static bool set_settings(Cli *cli, const char *folder, Settings *settings, Error *err)
{
    const Options *options = cli->options;
    if (options->file_count < 2) {
        error_set(err, EK_USAGE, "say what to set");
        return error_hint(err, "Try 'cmms-backup-cli config --help'.");
    }
    if (!configure_set(folder, options->files + 1, options->file_count - 1, NULL, settings, err)) {
        return err->kind == EK_USAGE && !err->hint ? error_hint(err, "Try 'cmms-backup-cli config --help'.") : false;
    }
    return true;
}

static bool config(Cli *cli, const char *folder, Settings *settings, Error *err)
{
    const Options *options = cli->options;
    const char *what = options->file_count ? options->files[0] : "show";
    const bool show = strcmp(what, "show") == 0;
    bool ok;
    if (strcmp(what, "set") == 0) {
        ok = set_settings(cli, folder, settings, err);
    } else if (show && options->file_count <= 1) {
        ok = settings_load(folder, settings, err);
    } else {
        error_set(err, EK_USAGE, "config takes \"show\" or \"set\", not \"%s\"", options->files[show ? 1 : 0]);
        ok = error_hint(err, "Try 'cmms-backup-cli config --help'.");
    }
    if (ok) {
        show_settings(cli, folder, settings);
    }
    return ok;
}

static int run_config(Cli *cli)
{
    const Options *options = cli->options;
    Error err = ERROR_INIT;
    Settings settings;
    char *folder = NULL;
    int code = 0;
    settings_init(&settings);
    /* Settings may be chosen before there is a backup. */
    const bool sets = options->file_count > 0 && strcmp(options->files[0], "set") == 0;
    const bool found = sets ? folder_choose(options->folder, &folder, NULL, &err)
                            : folder_find(options->folder, &folder, &err);
    if (!found || !config(cli, folder, &settings, &err)) {
        code = output_error(&cli->output, &err);
    }
    settings_release(&settings);
    mem_free(folder);
    error_clear(&err);
    return code;
}

static const char help[] =
    "Show the settings of the backup folder, or change some of them. A change is logged.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli config [show]\n"
    "  cmms-backup-cli config set KEY=VALUE...\n"
    "\n"
    "Keys: enabled, schedule (daily, weekly, monthly), backup_time (HH:MM), retention_days, max_backups, compress,\n"
    "compress_with (zstd; gzip or lz4 where a pg_restore without zstd is to read the files), verify_after_backup,\n"
    "keep_monthly, shrink_alarm_percent (0: no alarm), stall_minutes, prove_within_days (0: no proof is asked for),\n"
    "upload_after_backup (each backup is copied to the folder on SharePoint that is set up), upload_limit_kb (so\n"
    "many KB a second go there at the most; 0: no limit),\n"
    "undo_days (what restores replaced may be dropped when it is older, see 'cmms-backup-cli undo'; 0: never).\n"
    "Of the schedule: more_times (12:00,18:30), weekdays (mon,thu), month_day (0: the last), wake; what a slot\n"
    "waits for: on_battery, battery_percent, on_metered, quiet_hours (22:00-06:00), wait_days; what is done about\n"
    "backups that lie there: recheck_days, prove_every_days, check_hours; see 'cmms-backup-cli schedule --help'.\n"
    "\n"
    "Options:\n" FOLDER_HELP "\n" OUTPUT_HELP;

const Verb verb_config = {
    .name = "config",
    .summary = "show or change the settings",
    .help = help,
    .takes = {OPTION_FOLDER, OUTPUT_OPTIONS},
    .most = OPERANDS_ANY,
    .run = run_config};
