/*
 * main.c: the console program's verbs. Everything runs on the main thread; Ctrl+C requests the one Cancel.
 *
 * A verb returns the exit code, having shown its result or its error. The Cancel is never freed: the system may
 * call the interrupt handler at any moment until the process ends.
 */
#include "backup.h"
#include "catalog.h"
#include "cli.h"
#include "clock.h"
#include "connection.h"
#include "console.h"
#include "doctor.h"
#include "engine.h"
#include "folder.h"
#include "fs.h"
#include "jsonutil.h"
#include "machine.h"
#include "mem.h"
#include "pg.h"
#include "retention.h"
#include "sample.h"
#include "verb_export.h"
#include "verb_prove.h"
#include "verify.h"
#include "version.h"

#define STDIN_POLL_MS 200u

/* --- the connection -------------------------------------------------------------------------------------- */

static void replace_text(char **field, const char *value)
{
    if (value && value[0]) {
        mem_free(*field);
        *field = mem_strdup(value);
    }
}

static bool is_connection_string(const char *text)
{
    return strncmp(text, "postgresql://", 13) == 0 || strncmp(text, "postgres://", 11) == 0 ||
           strchr(text, '=') != NULL;
}

static bool from_switches(const Options *options, Connection *connection, Error *err)
{
    if (options->database) {
        if (is_connection_string(options->database)) {
            if (!connection_parse(connection, options->database, err)) {
                return false;
            }
        } else {
            replace_text(&connection->database, options->database);
        }
    }
    replace_text(&connection->host, options->host);
    replace_text(&connection->port, options->port);
    replace_text(&connection->user, options->user);
    replace_text(&connection->sslmode, options->sslmode);
    return true;
}

/* What the system keeps; else, with somebody at a terminal, what the server asks for. A connection that fails
 * for another reason is left to the verb to report. */
static bool find_password(Cli *cli, Connection *connection, Error *err)
{
    if (secret_is_set(&connection->password)) {
        return true;
    }
    char *target = connection_secret_target(connection);
    bool kept = machine_secret_load(target, &connection->password);
    mem_free(target);
    if (kept || cli->options->no_password || !console_is_terminal(0)) {
        return true;
    }
    Pg *pg = NULL;
    Error why = ERROR_INIT;
    bool ok = true;
    if (!connection_resolve(connection, &why)) {
        /* the verb will say so */
    } else if (pg_connect(connection, cli->cancel, &pg, &why)) {
        pg_close(pg);
    } else if (why.kind == EK_CANCELLED) {
        ok = error_move(err, &why);
    } else if (pg_error_wants_password(&why)) {
        char *text = connection_text(connection);
        char *prompt = mem_printf("Password for %s: ", text);
        if (!console_ask_secret(prompt, &connection->password) && cancel_requested(cli->cancel)) {
            ok = error_set(err, EK_CANCELLED, "cancelled");
        }
        mem_free(prompt);
        mem_free(text);
    }
    error_clear(&why);
    return ok;
}

static bool make_connection(Cli *cli, Connection *connection, Error *err)
{
    if (!connection_load_profile(connection, err)) {
        return false;
    }
    connection_from_env(connection);
    return from_switches(cli->options, connection, err) && find_password(cli, connection, err);
}

/* --- backup ---------------------------------------------------------------------------------------------- */

static void add_time(cJSON *object, const char *name, int64_t unix_seconds)
{
    char *text = unix_seconds > 0 ? clock_iso_text(unix_seconds) : NULL;
    json_set_string(object, name, text);
    mem_free(text);
}

static void add_tables(cJSON *object, const Manifest *manifest)
{
    cJSON *tables = cJSON_AddArrayToObject(object, "tables");
    for (size_t i = 0; i < manifest->table_count; i++) {
        const TableCount *count = &manifest->tables[i];
        cJSON *table = cJSON_CreateObject();
        json_set_string(table, "schema", count->schema);
        json_set_string(table, "name", count->name);
        json_set_int(table, "rows", count->rows);
        cJSON_AddItemToArray(tables, table);
    }
}

static cJSON *backup_document(const BackupResult *result)
{
    const Manifest *manifest = &result->manifest;
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "path", result->path);
    json_set_string(document, "sha256", manifest->sha256);
    json_set_string(document, "quickxor", manifest->quickxor);
    json_set_int(document, "bytes", (int64_t)manifest->bytes);
    json_set_number(document, "seconds", manifest->seconds);
    add_time(document, "started", manifest->started);
    add_time(document, "finished", manifest->finished);
    json_set_string(document, "level", level_word(manifest->level));
    json_set_string(document, "database", manifest->database);
    add_tables(document, manifest);
    json_set_string(document, "server_version", manifest->server_version);
    json_set_string(document, "tool_version", manifest->tool_version);
    cJSON *warnings = cJSON_AddArrayToObject(document, "warnings");
    for (size_t i = 0; i < manifest->warning_count; i++) {
        cJSON_AddItemToArray(warnings, cJSON_CreateString(manifest->warnings[i]));
    }
    return document;
}

static int run_backup(Cli *cli)
{
    Error err = ERROR_INIT;
    BackupSpec spec = {.folder = NULL, .compression = cli->options->compress};
    BackupResult result;
    bool fallback = false;
    int code = 0;
    connection_init(&spec.connection);
    backup_result_init(&result);
    JobSink sink = output_sink(&cli->output);
    if (!folder_choose(cli->options->folder, &spec.folder, &fallback, &err) ||
        !make_connection(cli, &spec.connection, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    if (fallback) {
        char *text = mem_printf("The usual backup folder cannot be written: \"%s\" is used instead.", spec.folder);
        output_log(&cli->output, LOG_WARNING, text);
        mem_free(text);
    }
    if (!backup_run(&spec, &sink, cli->cancel, &result, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    if (cli->output.json) {
        output_json(&cli->output, backup_document(&result));
    } else if (cli->output.quiet) {
        output_line(&cli->output, "%s", result.path);
    }
out:
    output_clear_progress(&cli->output);
    backup_result_release(&result);
    connection_release(&spec.connection);
    mem_free(spec.folder);
    error_clear(&err);
    return code;
}

/* --- list ------------------------------------------------------------------------------------------------ */

static cJSON *list_document(const char *folder, const Catalog *catalog)
{
    cJSON *document = cJSON_CreateObject();
    char *frozen = retention_frozen(folder);
    json_set_string(document, "folder", folder);
    json_set_string(document, "retention_frozen", frozen);
    mem_free(frozen);
    cJSON *backups = cJSON_AddArrayToObject(document, "backups");
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        cJSON *backup = cJSON_CreateObject();
        json_set_string(backup, "name", entry->name);
        json_set_int(backup, "bytes", (int64_t)entry->size);
        add_time(backup, "created", entry->created);
        json_set_int(backup, "age_days", entry->age_days);
        json_set_string(backup, "level", level_word(entry->level));
        if (entry->rows >= 0) {
            json_set_int(backup, "rows", entry->rows);
        } else {
            cJSON_AddNullToObject(backup, "rows");
        }
        json_set_bool(backup, "pinned", entry->pinned);
        json_set_string(backup, "pin_reason", entry->pin_reason);
        json_set_string(backup, "note", entry->note);
        cJSON_AddItemToArray(backups, backup);
    }
    return document;
}

static Colour level_colour(Level level)
{
    switch (level) {
    case LEVEL_VERIFIED:
    case LEVEL_PROVEN: return COLOUR_GOOD;
    case LEVEL_NONE:
    case LEVEL_LISTED: return COLOUR_WARNING;
    case LEVEL_BAD: break;
    }
    return COLOUR_BAD;
}

static void list_table(Cli *cli, const char *folder, const Catalog *catalog)
{
    unsigned width = 9;
    for (size_t i = 0; i < catalog->count; i++) {
        unsigned columns = output_columns(catalog->entries[i].name);
        width = columns > width ? columns : width;
    }
    output_line(&cli->output, "\xF0\x9F\x93\x81 Backup Location: %s", folder);
    if (catalog->count > 0) {
        char *name = output_pad("File name", width, false);
        output_line(&cli->output, "%s  %12s  %-19s  %10s  %s", name, "Size", "Created", "Age (days)", "Status");
        mem_free(name);
    }
    for (size_t i = 0; i < catalog->count; i++) {
        const CatalogEntry *entry = &catalog->entries[i];
        char *name = output_pad(entry->name, width, false);
        char *size = output_megabytes(entry->size);
        char *created = clock_log_text(entry->created);
        char *line = mem_printf("%s  %12s  %-19s  %10d  %s%s%s%s", name, size, created, entry->age_days,
                                level_name(entry->level), entry->pinned ? ", pinned" : "", entry->note ? ": " : "",
                                entry->note ? entry->note : "");
        output_coloured(&cli->output, level_colour(entry->level), line);
        mem_free(line);
        mem_free(created);
        mem_free(size);
        mem_free(name);
    }
    if (!cli->output.quiet) {
        output_line(&cli->output, "Found %zu backup(s)", catalog->count);
    }
    char *frozen = retention_frozen(folder);
    if (frozen) {
        char *line = mem_printf("\xE2\x9A\xA0 No old backup is removed: %s", frozen);
        output_coloured(&cli->output, COLOUR_WARNING, line);
        mem_free(line);
        mem_free(frozen);
    }
}

static int run_list(Cli *cli)
{
    Error err = ERROR_INIT;
    Catalog catalog;
    char *folder = NULL;
    bool fallback = false;
    int code = 0;
    catalog_init(&catalog);
    if (!folder_choose(cli->options->folder, &folder, &fallback, &err) ||
        !catalog_load(folder, clock_now(), &catalog, &err)) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        output_json(&cli->output, list_document(folder, &catalog));
    } else {
        list_table(cli, folder, &catalog);
    }
    catalog_release(&catalog);
    mem_free(folder);
    error_clear(&err);
    return code;
}

/* --- verify ---------------------------------------------------------------------------------------------- */

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

/* A file is looked for as it is named, and a bare name also in the backup folder. */
static void targets_from_arguments(Cli *cli, const char *folder, Targets *targets)
{
    const Options *options = cli->options;
    targets->items = mem_array(options->file_count, sizeof *targets->items);
    for (; targets->count < options->file_count; targets->count++) {
        const char *file = options->files[targets->count];
        Target *target = &targets->items[targets->count];
        bool bare = strcmp(fs_base_name(file), file) == 0;
        if (bare && folder && !fs_exists(file)) {
            *target = (Target){fs_join(folder, file), true};
            continue;
        }
        char *dir = fs_dir_name(file);
        *target = (Target){mem_strdup(file), folder && same_folder(dir, folder)};
        mem_free(dir);
    }
}

static int64_t all_rows(const Manifest *manifest)
{
    int64_t rows = 0;
    for (size_t i = 0; i < manifest->table_count; i++) {
        rows += manifest->tables[i].rows > 0 ? manifest->tables[i].rows : 0;
    }
    return rows;
}

static void show_verified(Cli *cli, const char *path, const VerifyResult *result)
{
    char *size = output_megabytes(result->manifest.bytes);
    const char *compared = result->could_not_compare_hash     ? "nothing was recorded to compare with"
                           : result->could_not_compare_counts ? "the hash is as recorded"
                                                              : "hash and row counts are as recorded";
    char *line = mem_printf("\xE2\x9C\x85 %s: every byte was read (%s, %zu tables, %lld rows); %s", fs_base_name(path),
                            size, result->manifest.table_count, (long long)all_rows(&result->manifest), compared);
    if (!cli->output.quiet) {
        output_coloured(&cli->output, COLOUR_GOOD, line);
    }
    mem_free(line);
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
    json_set_bool(file, "compared_counts", !result->could_not_compare_counts);
    add_tables(file, &result->manifest);
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
    bool fallback = false;
    int code = 0;
    cJSON *document = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(document, "files");
    bool named = cli->options->file_count > 0;
    /* A named file can be verified even where there is no folder to keep the outcome in. */
    if (!folder_choose(cli->options->folder, &folder, &fallback, &err)) {
        if (!named || cli->options->folder) {
            code = output_error(&cli->output, &err);
            goto out;
        }
        error_clear(&err);
    }
    if (named) {
        targets_from_arguments(cli, folder, &targets);
    } else if (!targets_from_folder(cli, folder, &targets, &err)) {
        code = output_error(&cli->output, &err);
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
    if (!from_switches(options, &switches, err)) {
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
        connection_from_env(connection);
        if (!switches.database) { /* not the one of the environment: any will do to make another */
            replace_text(&connection->database, "postgres");
        }
        ok = from_switches(options, connection, err) && find_password(cli, connection, err);
    } else {
        ok = true;
    }
out:
    connection_release(&switches);
    return ok;
}

static int run_prove(Cli *cli)
{
    Error err = ERROR_INIT;
    Targets targets = {NULL, 0};
    Connection connection;
    char *folder = NULL;
    bool fallback = false;
    int code = 0;
    bool named = cli->options->file_count > 0;
    connection_init(&connection);
    if (!prove_connection(cli, &connection, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    /* As with verify, a named file needs no folder. */
    if (!folder_choose(cli->options->folder, &folder, &fallback, &err)) {
        if (!named || cli->options->folder) {
            code = output_error(&cli->output, &err);
            goto out;
        }
        error_clear(&err);
    }
    if (named) {
        targets_from_arguments(cli, folder, &targets);
    } else if (!targets_from_folder(cli, folder, &targets, &err)) {
        code = output_error(&cli->output, &err);
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

/* --- doctor ---------------------------------------------------------------------------------------------- */

static void show_check(Cli *cli, const Check *check)
{
    static const char *const signs[] = {"\xE2\x9C\x85", "\xE2\x9A\xA0", "\xE2\x9D\x8C", "\xE2\x9E\x96"};
    static const Colour colours[] = {COLOUR_GOOD, COLOUR_WARNING, COLOUR_BAD, COLOUR_NONE};
    char *sign = output_pad(signs[check->state], 2, false);
    char *line = mem_printf("%s %-7s  %-14s  %s", sign, check_state_word(check->state), check->name, check->message);
    if (!cli->output.quiet || check->state == CHECK_BAD || check->state == CHECK_WARNING) {
        output_coloured(&cli->output, colours[check->state], line);
        if (check->hint) {
            output_line(&cli->output, "%28s%s", "", check->hint);
        }
    }
    mem_free(line);
    mem_free(sign);
}

static int run_doctor(Cli *cli)
{
    Error err = ERROR_INIT;
    Doctor doctor;
    Connection connection;
    int code = 0;
    doctor_init(&doctor);
    connection_init(&connection);
    if (!make_connection(cli, &connection, &err) ||
        !doctor_run(&connection, cli->options->folder, cli->cancel, &doctor, &err)) {
        code = output_error(&cli->output, &err);
        goto out;
    }
    code = doctor.worst == CHECK_BAD ? error_exit_code(doctor.worst_kind) : 0;
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        cJSON *checks = cJSON_AddArrayToObject(document, "checks");
        for (size_t i = 0; i < doctor.count; i++) {
            cJSON *check = cJSON_CreateObject();
            json_set_string(check, "name", doctor.checks[i].name);
            json_set_string(check, "state", check_state_word(doctor.checks[i].state));
            json_set_string(check, "message", doctor.checks[i].message);
            json_set_string(check, "hint", doctor.checks[i].hint);
            cJSON_AddItemToArray(checks, check);
        }
        json_set_string(document, "worst", check_state_word(doctor.worst));
        json_set_int(document, "exit_code", code);
        output_json(&cli->output, document);
    } else {
        for (size_t i = 0; i < doctor.count; i++) {
            show_check(cli, &doctor.checks[i]);
        }
    }
out:
    doctor_release(&doctor);
    connection_release(&connection);
    error_clear(&err);
    return code;
}

/* --- sample ---------------------------------------------------------------------------------------------- */

static int sample_size(const Options *options)
{
    return options->megabytes > 0 ? options->megabytes : SAMPLE_MEGABYTES;
}

/* On a server that was named. Only switches count: a PGHOST in the environment may be the real database. */
static bool sample_on_server(Cli *cli, Connection *server, Error *err)
{
    char *database = NULL;
    bool made = false;
    bool ok = false;
    JobSink sink = output_sink(&cli->output);
    if (!connection_resolve(server, err) || !find_password(cli, server, err)) {
        goto out;
    }
    /* What is named is the database to make; it is made from "postgres", which every server has. */
    database = mem_strdup(cli->options->database && server->database ? server->database : SAMPLE_DATABASE);
    replace_text(&server->database, "postgres");
    if (!sample_create(server, database, sample_size(cli->options), &sink, cli->cancel, &made, err)) {
        goto out;
    }
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "database", database);
        json_set_bool(document, "made", made);
        output_json(&cli->output, document);
    } else {
        output_line(&cli->output, made ? "The database %s was made." : "The database %s is there already.", database);
    }
    ok = true;
out:
    mem_free(database);
    return ok;
}

static void show_engine(Cli *cli, const Connection *connection, bool made)
{
    /* The password is shown on purpose: it opens the sample alone, to whoever runs this program. */
    if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "host", connection_host(connection));
        json_set_string(document, "port", connection_port(connection));
        json_set_string(document, "user", connection->user);
        json_set_string(document, "password", connection->password.bytes);
        json_set_string(document, "database", SAMPLE_DATABASE);
        json_set_bool(document, "made", made);
        output_json(&cli->output, document);
        return;
    }
    output_line(&cli->output, "PGHOST=%s\nPGPORT=%s\nPGUSER=%s\nPGPASSWORD=%s\nPGDATABASE=%s",
                connection_host(connection), connection_port(connection), connection->user, connection->password.bytes,
                SAMPLE_DATABASE);
    if (!cli->output.quiet) {
        output_line(&cli->output, "The server runs until Ctrl+C, or until the input ends.");
    }
}

static bool sample_on_engine(Cli *cli, Error *err)
{
    Engine *engine = NULL;
    char *local = NULL;
    char *data = NULL;
    bool made = false;
    bool ok = false;
    JobSink sink = output_sink(&cli->output);
    if (cli->options->data) {
        data = mem_strdup(cli->options->data);
    } else {
        local = machine_local_data_dir();
        if (!local) {
            error_set(err, EK_SETTINGS, "this user has no folder for the program's data");
            error_hint(err, "Name a folder with --data.");
            goto out;
        }
        data = fs_join(local, "demo");
    }
    if (!engine_start(data, &sink, cli->cancel, &engine, err) ||
        !sample_create(engine_connection(engine), SAMPLE_DATABASE, sample_size(cli->options), &sink, cli->cancel, &made,
                       err)) {
        goto out;
    }
    show_engine(cli, engine_connection(engine), made);
    while (!console_input_ended() && !cancel_wait(cli->cancel, STDIN_POLL_MS)) {
        if (!engine_running(engine)) {
            error_set(err, EK_TOOL, "the sample's server has ended by itself");
            error_hint(err, "See engine.log in \"%s\".", data);
            goto out;
        }
    }
    ok = true;
out:
    engine_stop(engine);
    mem_free(data);
    mem_free(local);
    return ok;
}

static int run_sample(Cli *cli)
{
    const Options *options = cli->options;
    Error err = ERROR_INIT;
    Connection switches; /* what they alone say */
    Connection server;
    int code = 0;
    bool ok = false;
    connection_init(&switches);
    connection_init(&server);
    if (!from_switches(options, &switches, &err)) {
        goto out;
    }
    if (!switches.host) {
        if (switches.database || switches.port || switches.user) {
            error_set(&err, EK_USAGE, "the server is not named");
            error_hint(&err, "Name it with -h, or leave the other connection options out for the bundled server.");
            goto out;
        }
        ok = sample_on_engine(cli, &err);
    } else if (options->data) {
        error_set(&err, EK_USAGE, "--data and a host do not go together");
        error_hint(&err, "Try 'cmms-backup-cli sample --help'.");
    } else {
        connection_from_env(&server);
        ok = from_switches(options, &server, &err) && sample_on_server(cli, &server, &err);
    }
out:
    output_clear_progress(&cli->output);
    if (!ok) {
        code = output_error(&cli->output, &err);
    }
    connection_release(&server);
    connection_release(&switches);
    error_clear(&err);
    return code;
}

/* --- the program ----------------------------------------------------------------------------------------- */

static void show_version(const Options *options)
{
    console_write(1, "cmms-backup-cli (" CMMS_PRODUCT ") " CMMS_VERSION "\n");
    if (options->verbose) {
        char *parts = version_parts_text();
        console_write(1, parts);
        mem_free(parts);
    }
}

static int run_verb(Cli *cli)
{
    switch (cli->options->verb) {
    case VERB_BACKUP: return run_backup(cli);
    case VERB_LIST: return run_list(cli);
    case VERB_VERIFY: return run_verify(cli);
    case VERB_PROVE: return run_prove(cli);
    case VERB_EXPORT: return verb_export(cli->options, &cli->output, cli->cancel);
    case VERB_DOCTOR: return run_doctor(cli);
    case VERB_SAMPLE: return run_sample(cli);
    case VERB_CLEANUP: return run_cleanup(cli);
    case VERB_PIN: return run_pin(cli);
    case VERB_DELETE: return run_delete(cli);
    case VERB_LOG: return run_log(cli);
    case VERB_CONFIG: return run_config(cli);
    case VERB_NONE:
    case VERB_HELP: break;
    }
    return error_exit_code(EK_INTERNAL);
}

int cli_main(int argc, char **argv)
{
    Error err = ERROR_INIT;
    Options options;
    Cli cli = {.options = &options};
    int code = 0;
    options_init(&options);
    if (!options_parse(argc, argv, &options, &err)) {
        output_init(&cli.output, options_want_json(argc, argv), false, false);
        code = output_error(&cli.output, &err);
    } else if (options.help || options.verb == VERB_HELP) {
        console_write(1, help_text(options.verb == VERB_HELP ? options.help_about : options.verb));
    } else if (options.version) {
        show_version(&options);
    } else {
        output_init(&cli.output, options.json, options.quiet, options.no_color);
        cli.cancel = cancel_new();
        console_cancel_on_interrupt(cli.cancel);
        code = run_verb(&cli);
    }
    options_release(&options);
    error_clear(&err);
    return code;
}
