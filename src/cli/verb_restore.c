/*
 * verb_restore.c: restore and undo. Whoever replaces a live database types its name, or says --yes beforehand.
 */
#include "cli.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "console.h"
#include "jobs/restore.h"
#include "jobs/swap.h"
#include "platform/clock.h"
#include "postgres/pg.h"
#include "store/folder.h"
#include "verb_export.h"
#include "verb_preview.h"

/* Warnings, also for the document: what an interrupted one left and what was mended is said there alone. */
typedef struct Told {
    Output *output;
    cJSON *warnings; /* an array */
} Told;

static void on_log(void *context, LogLevel level, const char *text)
{
    const Told *told = context;
    if (level == LOG_WARNING) {
        cJSON_AddItemToArray(told->warnings, cJSON_CreateString(text));
    }
    output_log(told->output, level, text);
}

static void on_progress(void *context, const Progress *progress)
{
    const Told *told = context;
    output_progress(told->output, progress);
}

static JobSink sink_of(Told *told)
{
    return (JobSink){on_log, on_progress, told, NULL};
}

static void show_document(Told *told, cJSON *document)
{
    cJSON_AddItemToObject(document, "warnings", told->warnings);
    told->warnings = NULL;
    output_json(told->output, document);
}

static cJSON *document_of(const RestoreResult *result)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "database", result->database);
    json_set_string(document, "schema", result->schema);
    json_set_string(document, "kept", result->kept);
    json_set_bool(document, "in_place", result->in_place);
    json_set_string(document, "safety_backup", result->safety);
    json_set_string(document, "safety_unproven", result->unproven);
    json_set_int(document, "tables", (int64_t)result->tables);
    json_set_int(document, "rows", result->rows);
    json_set_int(document, "large_objects", result->large_objects);
    json_set_number(document, "seconds", result->seconds);
    json_set_int(document, "entered", result->entered);
    json_set_int(document, "kept_count", (int64_t)result->kept_count);
    json_set_int(document, "kept_bytes", result->kept_bytes);
    cJSON *notes = cJSON_AddArrayToObject(document, "notes");
    for (size_t i = 0; i < result->note_count; i++) {
        cJSON_AddItemToArray(notes, cJSON_CreateString(result->notes[i]));
    }
    return document;
}

/* False: cancelled, or nobody is there to be asked whether `where` may be `done`. *typed: caller frees; NULL: --yes. */
static bool ask_consent(Cli *cli, const char *what, const char *where, const char *done, char **typed, Error *err)
{
    char *prompt = mem_printf("%s\nType the name of the database to go on: ", what);
    bool ok = cli->options->yes;
    if (!ok && !console_is_terminal(0)) {
        error_set(err, EK_USAGE, "nobody is there to be asked whether %s may be %s", where, done);
        error_hint(err, "Say --yes if it may.");
    } else if (!ok && !console_ask_line(prompt, typed)) {
        error_set(err, EK_CANCELLED, "cancelled");
    } else {
        ok = true;
    }
    mem_free(prompt);
    return ok;
}

static bool not_its_name(Error *err)
{
    return error_set(err, EK_CANCELLED, "that is not its name; nothing was changed");
}

/* The name, typed, is the consent. */
static bool consent(Cli *cli, const Connection *connection, const char *what, Error *err)
{
    char *where = connection_text(connection), *typed = NULL;
    const bool ok = ask_consent(cli, what, where, "replaced", &typed, err) &&
                    (typed == NULL || restore_is_consent(connection, typed) || not_its_name(err));
    mem_free(typed);
    mem_free(where);
    return ok;
}

static void show_restored(Cli *cli, const RestoreResult *result)
{
    if (result->kept != NULL) { /* the rest is in the log's lines */
        output_line(&cli->output, "'cmms-backup-cli undo' brings the old database back.");
    } else if (result->in_place) {
        output_line(&cli->output, "What was there before is in %s alone, which is pinned.", result->safety);
    }
}

/* Never done unasked: it is another thing, and cannot be undone. */
static bool offer_in_place(const Preview *preview, Error *err)
{
    return preview->may_in_place ? error_hint(err, "%s. See --in-place: it goes into the database itself, and there is "
                                                   "no undo.", preview->obstacles[0])
                                 : false;
}

int run_restore(Cli *cli)
{
    Error err = ERROR_INIT;
    Opening opening;
    RestoreResult result;
    Preview preview;
    char *path = NULL;
    int code = 0;
    preview_init(&preview);
    opening_init(&opening);
    restore_result_init(&result);
    Told told = {&cli->output, cJSON_CreateArray()};
    const JobSink sink = sink_of(&told);
    bool ok = cli_find_file(cli->options, cli->options->files[0], &path, &err) &&
              cli_open(cli, cli->options->to != NULL ? OPENING_NO_FOLDER : OPENING_WRITES, false, &opening, &err) &&
              cli_has_database(&opening.connection, &err);
    const PreviewSpec before = {.server = &opening.connection, .to = cli->options->to,
                                .no_safety = cli->options->no_safety,
                                .prove_safety = !cli->options->no_safety_proof,
                                .in_place = cli->options->in_place,
                                .unproven = cli->options->foreign};
    const bool whole = cli->options->tables == NULL; /* else nothing is changed that could be shown */
    ok = ok && (!whole || preview_run(path, &before, &sink, cli->cancel, &preview, &err));
    if (ok && whole && !(cli->options->yes && cli->output.quiet)) {
        cli_show_preview(cli, &preview);
    }
    /* Whoever has said --yes hears what is in the way from the restore itself. */
    ok = ok && (cli->options->yes || preview_allows(&preview, &err) || offer_in_place(&preview, &err));
    if (ok && whole && cli->options->to == NULL) {
        char *where = connection_text(&opening.connection);
        char *what = mem_printf("%s will be replaced by what %s holds. %s", where, path,
                                cli->options->in_place ? "It is NOT kept: only the safety backup has it then."
                                                       : "It is kept under another name.");
        ok = consent(cli, &opening.connection, what, &err);
        mem_free(what);
        mem_free(where);
    }
    const RestoreSpec spec = {.server = &opening.connection,
                              .to = cli->options->to,
                              .tables = cli->options->tables,
                              .to_schema = cli->options->to_schema,
                              .in_place = cli->options->in_place,
                              .folder = opening.folder,
                              .no_safety = cli->options->no_safety,
                              .prove_safety = !cli->options->no_safety_proof,
                              .foreign = cli->options->foreign,
                              .proven = preview.proven ? preview.sha256 : NULL,
                              .sort_as_live = cli->options->sort_as_live};
    ok = ok && restore_backup(path, &spec, &sink, cli->cancel, &result, &err);
    output_clear_progress(&cli->output);
    if (!ok) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        cJSON *document = document_of(&result);
        if (whole) {
            cJSON_AddItemToObject(document, "preview", cli_preview_document(&preview));
        }
        show_document(&told, document);
    } else {
        show_restored(cli, &result);
    }
    cJSON_Delete(told.warnings);
    preview_release(&preview);
    restore_result_release(&result);
    opening_release(&opening);
    mem_free(path);
    error_clear(&err);
    return code;
}

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
    const JobSink sink = sink_of(told);
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
        show_document(told, document);
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

static bool ask_to_drop(Cli *cli, const KeptDatabase *kept, bool last, Error *err)
{
    char *since = clock_log_text(kept->aside), *typed = NULL;
    char *size = kept->bytes >= 0 ? output_megabytes((uint64_t)kept->bytes) : mem_strdup("of unknown size");
    char *what = mem_printf("%s, kept since %s (%s), will be dropped for good.%s", kept->name, since, size,
                            last ? " It is the last one: after that no restore can be undone." : "");
    const bool ok = ask_consent(cli, what, kept->name, "dropped", &typed, err) &&
                    (typed == NULL || strcmp(typed, kept->name) == 0 || not_its_name(err));
    mem_free(what);
    mem_free(size);
    mem_free(typed);
    mem_free(since);
    return ok;
}

/* Those whose time is over, named before they go. Where there are none nobody is asked. */
static bool ask_to_clean_up(Cli *cli, const Connection *connection, const JobSink *sink, const char *folder, Error *err)
{
    KeptDatabase *all = NULL;
    size_t count = 0;
    char *why = NULL;
    StrBuf what;
    if (!restore_list_kept(connection, sink, cli->cancel, &all, &count, err)) {
        return false;
    }
    bool *goes = mem_array(count + 1, sizeof *goes);
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
            }
            mem_free(since);
        }
        ok = ask_consent(cli, what.buf, where, "dropped", &typed, err) &&
             (typed == NULL || restore_is_consent(connection, typed) || not_its_name(err));
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
        show_document(told, document);
        return;
    }
    cJSON_Delete(document);
    if (result->count == 0) {
        output_line(&cli->output, "Nothing was dropped: %s.",
                    result->nothing != NULL ? result->nothing : "it could not be done now");
    }
}

/* --drop and --clean-up. What goes is shown before a person agrees. */
static bool drop_kept(Cli *cli, const Connection *connection, Told *told, Error *err)
{
    const JobSink sink = sink_of(told);
    KeptDatabase *all = NULL;
    size_t count = 0;
    char *folder = NULL;
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
        ok = ask_to_clean_up(cli, connection, &sink, folder, err);
    }
    ok = ok && restore_drop_kept(&spec, &sink, cli->cancel, &result, err);
    output_clear_progress(&cli->output);
    if (ok) {
        show_dropped(cli, told, &result);
    }
    restore_drop_release(&result);
    swap_list_free(all, count);
    mem_free(folder);
    return ok;
}

static bool undo_it(Cli *cli, const Connection *connection, Told *told, Error *err)
{
    const JobSink sink = sink_of(told);
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
        ok = (kept == NULL || consent(cli, connection, what, err)) &&
             restore_undo(&undo, &sink, cli->cancel, &result, err);
        mem_free(what);
        mem_free(where);
    }
    output_clear_progress(&cli->output);
    if (ok && cli->output.json) {
        show_document(told, document_of(&result));
    }
    restore_result_release(&result);
    mem_free(owner);
    mem_free(kept);
    mem_free(folder);
    return ok;
}

int run_undo(Cli *cli)
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
