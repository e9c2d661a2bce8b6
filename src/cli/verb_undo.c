/* verb_undo.c: bring back what a restore replaced; show, and drop, what is kept for it. */
#include "verb_restore.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "jobs/swap.h"
#include "platform/clock.h"
#include "store/folder.h"

/* For how many days one is kept by the settings, where there are any; 0: for ever. */
static int days_kept(const Cli *cli)
{
    char *folder = NULL, *why = NULL;
    const int days = folder_find(cli->options->folder, &folder, NULL) ? restore_undo_days(folder, &why) : 0;
    mem_free(why);
    mem_free(folder);
    return days;
}

/* Whose marks are not believed: shown, since one of them may be what is looked for; only its name brings it back. */
static bool list_others(Cli *cli, const Connection *connection, const JobSink *sink, cJSON *document, Error *err)
{
    KeptDatabase *others = NULL;
    size_t count = 0;
    if (!restore_list_others(connection, sink, cli->cancel, &others, &count, err)) {
        return false;
    }
    cJSON *list = cJSON_AddArrayToObject(document, "of_others");
    for (size_t i = 0; i < count; i++) {
        char *since = clock_log_text(others[i].aside);
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "name", others[i].name);
        json_set_string(item, "owner", others[i].owner);
        output_add_time(item, "since", others[i].aside);
        output_add_count(item, "bytes", others[i].bytes);
        cJSON_AddItemToArray(list, item);
        output_line(&cli->output, "%s  since %s  by its comment; it belongs to %s, so only 'undo %s' takes it",
                    others[i].name, since, others[i].owner, others[i].name);
        mem_free(since);
    }
    swap_list_free(others, count);
    return true;
}

static bool list_kept(Cli *cli, const Connection *connection, Told *told, Error *err)
{
    KeptDatabase *kept = NULL;
    size_t count = 0;
    int64_t bytes = 0;
    const JobSink sink = told_sink(told);
    if (!restore_list_kept(connection, &sink, cli->cancel, &kept, &count, err)) {
        return false;
    }
    const int days = days_kept(cli);
    bool *goes = mem_array(count + 1, sizeof *goes);
    restore_plan_kept(kept, count, days, goes);
    cJSON *document = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(document, "kept");
    for (size_t i = 0; i < count; i++) {
        char *since = clock_log_text(kept[i].aside);
        char *size = kept[i].bytes >= 0 ? output_megabytes((uint64_t)kept[i].bytes) : mem_strdup("?");
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "name", kept[i].name);
        output_add_time(item, "since", kept[i].aside);
        output_add_count(item, "bytes", kept[i].bytes);
        json_set_string(item, "replaced_by", kept[i].from);
        json_set_bool(item, "outdated", goes[i]);
        json_set_int(item, "entered", kept[i].entered);
        cJSON_AddItemToArray(list, item);
        bytes += kept[i].bytes > 0 ? kept[i].bytes : 0;
        output_line(&cli->output, "%s  since %s  %s  replaced by %s%s", kept[i].name, since, size,
                    kept[i].from != NULL ? kept[i].from : "an undo",
                    goes[i]                ? "  (a clean-up drops it)"
                    : kept[i].entered != 0 ? "  (with rows that are in no backup)"
                                           : "");
        mem_free(size);
        mem_free(since);
    }
    if (!list_others(cli, connection, &sink, document, err)) {
        cJSON_Delete(document);
        mem_free(goes);
        swap_list_free(kept, count);
        return false;
    }
    char *text = restore_kept_text(kept, count);
    output_line(&cli->output, "%s.", text);
    mem_free(text);
    if (count > 1 && days > 0) {
        output_line(&cli->output, "Those older than %d days can be dropped (--clean-up), but for the newest.", days);
    }
    json_set_int(document, "bytes", bytes);
    json_set_int(document, "undo_days", days);
    json_set_bool(document, "neon", count > 0 && kept[0].neon);
    mem_free(goes);
    if (cli->output.json) {
        told_show(told, document);
    } else {
        cJSON_Delete(document);
    }
    swap_list_free(kept, count);
    return true;
}

/* The one that is to come back is named before anybody agrees: another undo may come first. *owner: whose it is, where
 * that is nobody of whom it is believed that it is kept. Caller frees both. */
static bool choose_kept(Cli *cli, const Connection *connection, const JobSink *sink, char **kept, char **owner,
                        Error *err)
{
    KeptDatabase *all = NULL;
    size_t count = 0;
    const bool named = cli->options->file_count > 0;
    if (!(named ? restore_list_others : restore_list_kept)(connection, sink, cli->cancel, &all, &count, err)) {
        return false;
    }
    if (named) {
        *kept = mem_strdup(cli->options->files[0]);
        for (size_t i = 0; i < count; i++) {
            if (strcmp(all[i].name, *kept) == 0) {
                *owner = mem_strdup(all[i].owner);
            }
        }
        swap_list_free(all, count);
        return true;
    }
    *kept = count > 0 ? mem_strdup(all[0].name) : NULL;
    swap_list_free(all, count);
    return true;
}

/* " …" or "". Caller frees. */
static char *only_there(const KeptDatabase *kept)
{
    return kept->entered == 0  ? mem_strdup("")
           : kept->entered < 0 ? mem_strdup(" It is not known whether it holds rows that are in no backup.")
                               : mem_printf(" %s rows were entered in it or deleted after its safety backup: what was "
                                            "entered is in no backup.", number_text(kept->entered).text);
}

static bool ask_to_drop(Cli *cli, const KeptDatabase *kept, bool last, Error *err)
{
    char *since = clock_log_text(kept->aside), *typed = NULL;
    char *size = kept->bytes >= 0 ? output_megabytes((uint64_t)kept->bytes) : mem_strdup("of unknown size");
    char *only = only_there(kept);
    char *what = mem_printf("%s, kept since %s (%s), will be dropped for good.%s%s", kept->name, since, size, only,
                            last ? " It is the last one: after that no restore can be undone." : "");
    const bool ok = cli_ask_consent(cli, what, kept->name, "dropped", &typed, err) &&
                    (typed == NULL || strcmp(typed, kept->name) == 0 || cli_not_its_name(err));
    mem_free(what);
    mem_free(only);
    mem_free(size);
    mem_free(typed);
    mem_free(since);
    return ok;
}

/* Those whose time is over, named before they go: *agreed, also where it is false; free_names. Where there are none
 * nobody is asked. */
static bool ask_to_clean_up(Cli *cli, const Connection *connection, const JobSink *sink, const char *folder,
                            char ***agreed, Error *err)
{
    KeptDatabase *all = NULL;
    size_t count = 0;
    char *why = NULL;
    StrBuf what;
    if (!restore_list_kept(connection, sink, cli->cancel, &all, &count, err)) {
        return false;
    }
    bool *goes = mem_array(count + 1, sizeof *goes);
    size_t named = 0;
    *agreed = mem_array(count + 1, sizeof **agreed);
    const int days = restore_undo_days(folder, &why);
    bool ok = restore_plan_kept(all, count, days, goes) == 0;
    if (!ok) {
        char *typed = NULL, *where = mem_printf("what is kept for longer than %d days", days);
        strbuf_init(&what, STRBUF_LINE);
        strbuf_addf(&what, "Kept for longer than %d days (undo_days), these will be dropped for good:", days);
        for (size_t i = 0; i < count; i++) {
            char *since = clock_log_text(all[i].aside);
            if (goes[i]) {
                strbuf_addf(&what, "\n  %s, kept since %s", all[i].name, since);
                (*agreed)[named++] = mem_strdup(all[i].name);
            }
            mem_free(since);
        }
        ok = cli_ask_consent(cli, what.buf, where, "dropped", &typed, err) &&
             (typed == NULL || restore_is_consent(connection, typed) || cli_not_its_name(err));
        strbuf_release(&what);
        mem_free(where);
        mem_free(typed);
    }
    mem_free(goes);
    mem_free(why);
    swap_list_free(all, count);
    return ok;
}

static void show_dropped(Cli *cli, Told *told, const DropResult *result)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *names = cJSON_AddArrayToObject(document, "dropped");
    for (size_t i = 0; i < result->count; i++) {
        cJSON_AddItemToArray(names, cJSON_CreateString(result->names[i]));
    }
    json_set_int(document, "bytes", result->bytes);
    json_set_string(document, "nothing_dropped", result->count == 0 ? result->nothing : NULL);
    if (cli->output.json) {
        told_show(told, document);
        return;
    }
    cJSON_Delete(document);
    if (result->count == 0) {
        output_line(&cli->output, "Nothing was dropped: %s.",
                    result->nothing != NULL ? result->nothing : "it could not be done now");
    }
}

static void free_names(char **names)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        mem_free(names[i]);
    }
    mem_free(names);
}

/* --drop and --clean-up. What goes is shown before a person agrees. */
static bool drop_kept(Cli *cli, const Connection *connection, Told *told, Error *err)
{
    const JobSink sink = told_sink(told);
    KeptDatabase *all = NULL;
    size_t count = 0;
    char *folder = NULL, **agreed = NULL;
    DropResult result = {.count = 0};
    bool ok = folder_choose(cli->options->folder, &folder, NULL, err);
    DropSpec spec = {.server = connection, .kept = cli->options->drop, .folder = folder};
    if (ok && spec.kept != NULL) {
        ok = restore_list_kept(connection, &sink, cli->cancel, &all, &count, err);
        for (size_t i = 0; ok && i < count; i++) { /* one that is not there is refused below */
            ok = strcmp(all[i].name, spec.kept) != 0 || ask_to_drop(cli, &all[i], count == 1, err);
        }
        spec.last = count == 1;
    } else if (ok) {
        ok = ask_to_clean_up(cli, connection, &sink, folder, &agreed, err);
        spec.agreed = (const char *const *)agreed;
    }
    ok = ok && restore_drop_kept(&spec, &sink, cli->cancel, &result, err);
    output_clear_progress(&cli->output);
    if (ok) {
        show_dropped(cli, told, &result);
    }
    restore_drop_release(&result);
    swap_list_free(all, count);
    free_names(agreed);
    mem_free(folder);
    return ok;
}

static bool undo_it(Cli *cli, const Connection *connection, Told *told, Error *err)
{
    const JobSink sink = told_sink(told);
    RestoreResult result;
    char *folder = NULL, *kept = NULL, *owner = NULL;
    restore_result_init(&result);
    bool ok = folder_choose(cli->options->folder, &folder, NULL, err) &&
              choose_kept(cli, connection, &sink, &kept, &owner, err);
    if (ok) {
        char *where = connection_text(connection);
        char *what = mem_printf("%s will be the database again that is kept as %s. It is kept in its turn.%s%s%s",
                                where, kept != NULL ? kept : "(none)", owner != NULL ? " ATTENTION: " : "",
                                owner != NULL ? owner : "",
                                owner != NULL ? " owns it, and may have made it so that it looks like a kept one."
                                              : "");
        const UndoSpec undo = {.server = connection, .kept = kept, .others = owner != NULL, .folder = folder};
        ok = (kept == NULL || cli_consent(cli, connection, what, err)) &&
             restore_undo(&undo, &sink, cli->cancel, &result, err);
        mem_free(what);
        mem_free(where);
    }
    output_clear_progress(&cli->output);
    if (ok && cli->output.json) {
        told_show(told, cli_restored_document(&result));
    }
    restore_result_release(&result);
    mem_free(owner);
    mem_free(kept);
    mem_free(folder);
    return ok;
}

static int run_undo(Cli *cli)
{
    Error err = ERROR_INIT;
    Opening opening;
    int code = 0;
    opening_init(&opening);
    Told told = {&cli->output, cJSON_CreateArray()};
    const bool ok = cli_open(cli, OPENING_NO_FOLDER, false, &opening, &err) &&
                    cli_has_database(&opening.connection, &err) &&
                    (cli->options->list ? list_kept(cli, &opening.connection, &told, &err)
                     : cli->options->drop != NULL || cli->options->clean_up
                         ? drop_kept(cli, &opening.connection, &told, &err)
                         : undo_it(cli, &opening.connection, &told, &err));
    output_clear_progress(&cli->output);
    if (!ok) {
        code = output_error(&cli->output, &err);
    }
    cJSON_Delete(told.warnings);
    opening_release(&opening);
    error_clear(&err);
    return code;
}

static bool check_undo(const Options *options, Error *err)
{
    if (options->list + options->clean_up + (options->drop != NULL) + (int)options->file_count > 1) {
        error_set(err, EK_USAGE, "one of --list, --drop, --clean-up and a database at a time");
        return error_hint(err, "Try 'cmms-backup-cli undo --help'.");
    }
    return true;
}

static const char help[] =
    "Undo a restore: the database that it replaced gets its name back, and what was restored is kept in its turn,\n"
    "so an undo can be undone as well.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli undo [OPTION]... [DATABASE]\n"
    "  cmms-backup-cli undo --list [OPTION]...\n"
    "  cmms-backup-cli undo --drop=DATABASE [OPTION]...\n"
    "  cmms-backup-cli undo --clean-up [OPTION]...\n"
    "\n"
    "DATABASE is the name under which one is kept; without it the newest is taken.\n"
    "\n"
    "Options:\n"
    "      --list               show those that are kept, with what they take, and mend what an interrupted restore\n"
    "                           left\n"
    "      --drop=DATABASE      drop one that is kept, for good\n"
    "      --clean-up           drop those that are older than undo_days (14; see 'config'; 0: none), for good;\n"
    "                           never the newest. Nothing else drops them\n"
    "  -y, --yes                do not ask\n" FOLDER_HELP "\n" CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_HELP "\n"
    CONNECTION_SOURCES;

const Verb verb_undo = {
    .name = "undo",
    .summary = "bring back the database that a restore replaced",
    .help = help,
    .takes = {OPTION_LIST, OPTION_DROP, OPTION_CLEAN_UP, OPTION_YES, OPTION_FOLDER, CONNECTION_OPTIONS,
              OUTPUT_OPTIONS, OPTION_PROGRESS_JSON},
    .most = 1,
    .operand = "database",
    .check = check_undo,
    .run = run_undo};
