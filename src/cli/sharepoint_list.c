/* sharepoint_list.c: `sharepoint list`: what is there. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "jobs/offsite_back.h"
#include "platform/clock.h"
#include "store/folder.h"

static cJSON *remote_document(const Remote *remote)
{
    const Manifest *manifest = &remote->manifest;
    cJSON *item = cJSON_CreateObject();
    json_set_string(item, "name", remote->name);
    json_set_int(item, "bytes", (int64_t)remote->bytes);
    output_add_time(item, "created", remote->created);
    json_set_string(item, "where", remote_where(remote));
    json_set_bool(item, "encrypted", remote->encrypted);
    json_set_string(item, "compared", remote_state_word(remote->state));
    json_set_string(item, "web_url", remote->web_url);
    json_set_string(item, "level", remote_was_read(remote) ? level_word(manifest->level) : NULL);
    json_set_string(item, "computer", manifest->computer);
    json_set_string(item, "user", manifest->user);
    json_set_string(item, "database", manifest->database);
    json_set_string(item, "sha256", manifest->sha256);
    return item;
}

static void list_table(Cli *cli, const RemoteList *list)
{
    unsigned width = 9;
    for (size_t i = 0; i < list->count; i++) {
        const unsigned columns = output_columns(list->items[i].name);
        width = columns > width ? columns : width;
    }
    output_line(&cli->output, "SharePoint: %s", list->place);
    for (size_t i = 0; i < list->count; i++) {
        const Remote *remote = &list->items[i];
        const Manifest *manifest = &remote->manifest;
        char *name = output_pad(remote->name, width, false);
        char *size = output_megabytes(remote->bytes);
        char *created = remote->created ? clock_log_text(remote->created) : mem_strdup("");
        char *computer = output_pad(manifest->computer ? manifest->computer : "", 12, false);
        char *line = mem_printf("%s  %12s  %-19s  %s  %s%s%s%s", name, size, created, computer,
                                remote_was_read(remote) ? level_name(manifest->level) : "",
                                remote_was_read(remote) ? ", " : "", remote_state_word(remote->state),
                                remote->here ? ", also here" : "");
        output_coloured(&cli->output, remote->state == REMOTE_OTHER          ? COLOUR_BAD
                                      : remote->state == REMOTE_NO_MANIFEST ? COLOUR_WARNING
                                                                            : COLOUR_NONE, line);
        mem_free(line);
        mem_free(computer);
        mem_free(created);
        mem_free(size);
        mem_free(name);
    }
    if (!cli->output.quiet) {
        output_line(&cli->output, "Found %zu backup(s)", list->count);
    }
}

int cli_sharepoint_list(Cli *cli)
{
    const JobSink sink = output_sink(&cli->output);
    const int last = cli->options->last;
    Error err = ERROR_INIT;
    RemoteList list;
    char *folder = NULL;
    int code = 0;
    remote_list_init(&list);
    (void)folder_find(cli->options->folder, &folder, NULL); /* for "also here" alone */
    if (!offsite_list(folder, last > 0 ? (size_t)last : REMOTE_MANIFESTS, &sink, cli->cancel, &list, &err)) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        cJSON *document = cJSON_CreateObject();
        json_set_string(document, "place", list.place);
        cJSON *backups = cJSON_AddArrayToObject(document, "backups");
        for (size_t i = 0; i < list.count; i++) {
            cJSON_AddItemToArray(backups, remote_document(&list.items[i]));
        }
        output_json(&cli->output, document);
    } else {
        list_table(cli, &list);
    }
    remote_list_release(&list);
    mem_free(folder);
    error_clear(&err);
    return code;
}
