/* verb_status.c: how the database is protected: the four facts of protection.h, and the schedule. */
#include "cli.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "hints.h"
#include "jobs/heartbeats.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "schedule/protection.h"
#include "schedule/registration.h"
#include "schedule/waiting.h"
#include "store/catalog.h"
#include "store/copies.h"
#include "store/folder.h"
#include "store/health.h"
#include "store/ledger.h"
#include "store/retention.h"

typedef struct Status {
    Catalog catalog;
    Settings settings;
    Ledger ledger;
    Source source;
    Registration task;
    Protection protection;
    Health health;
    OffsiteSignIn sign_in;
    OutwardState receivers[RECEIVER_KINDS];
    SeenComputers seen;
    char *frozen, *stopped, *slot;
    char *receivers_problem; /* why they cannot be read, or NULL */
    char *silent;            /* which computers are, or NULL */
    const char *waits; /* why the newest slot does, or NULL; borrowed from the ledger */
    int64_t next;
} Status;

static void status_init(Status *status)
{
    *status = (Status){.sign_in = {.days = -1, .warning = -1}};
    catalog_init(&status->catalog);
    settings_init(&status->settings);
    ledger_init(&status->ledger);
    source_init(&status->source);
    registration_init(&status->task);
    protection_init(&status->protection);
    health_init(&status->health);
    seen_init(&status->seen);
}

static void status_release(Status *status)
{
    offsite_sign_in_release(&status->sign_in);
    outward_states_release(status->receivers);
    seen_release(&status->seen);
    mem_free(status->receivers_problem);
    mem_free(status->silent);
    health_release(&status->health);
    protection_release(&status->protection);
    registration_release(&status->task);
    source_release(&status->source);
    ledger_release(&status->ledger);
    settings_release(&status->settings);
    catalog_release(&status->catalog);
    mem_free(status->stopped);
    mem_free(status->frozen);
    mem_free(status->slot);
}

/* Who is told of it elsewhere, and what was last seen of the other computers. */
static void look_elsewhere(const char *folder, Status *status)
{
    Error why = ERROR_INIT;
    char *host = machine_host_name();
    if (!outward_look(status->receivers, &why)) {
        status->receivers_problem = error_text(&why);
        error_clear(&why);
    }
    heartbeats_known(folder, &status->seen);
    status->silent = seen_silent_text(&status->seen, host != NULL ? host : "", NULL, clock_now());
    mem_free(host);
}

static bool look(Cli *cli, const char *folder, Status *status, Error *err)
{
    const int64_t now = clock_now();
    Copies copies;
    if (!settings_load(folder, &status->settings, err) || !catalog_load(folder, now, &status->catalog, err)) {
        return false;
    }
    ledger_load(folder, false, &status->ledger, NULL); /* protection_slot_problem says what is wrong with it */
    copies_init(&copies);
    const bool copies_read = cli_add_copies(cli, folder, &status->catalog, &copies);
    const bool copied = copies.count > 0;
    copies_release(&copies);
    if (status->settings.notice) {
        output_log(&cli->output, LOG_WARNING, status->settings.notice);
    }
    if (status->ledger.notice) {
        output_log(&cli->output, LOG_WARNING, status->ledger.notice);
    }
    status->frozen = retention_alarm(folder);
    status->stopped = status->frozen == NULL ? retention_frozen(folder) : NULL;
    HealthFacts facts = {.catalog = &status->catalog,
                         .frozen = status->frozen,
                         .stopped = status->stopped,
                         .due_hours = health_due_hours(&status->settings),
                         .now = now};
    facts.configured = cli_find_source(cli, &status->source);
    facts.source = facts.configured ? &status->source : NULL;
    facts.space_known = fs_free_space(folder, &facts.free_bytes, NULL);
    status->slot = protection_slot_problem(folder, &status->settings, now, &facts.slot_at);
    facts.slot = status->slot;
    registration_look(&status->settings, cli->options->folder, &status->task);
    offsite_sign_in(&status->sign_in);
    look_elsewhere(folder, status);
    if (status->task.state != REGISTRATION_GOOD && registration_is_wanted(&status->settings)) {
        facts.task = status->task.text;
    }
    facts.copies_known = copied || status->sign_in.set_up;
    facts.copies_unread = !copies_read;
    health_judge(&facts, &status->health);
    protection_judge(&facts, &status->settings, &status->ledger, &due_here, &status->protection);
    const DuePlan plan = due_plan(&status->settings);
    status->next = due_after(&plan, &due_here, now);
    DueLook slot;
    due_look(&plan, &due_here, &status->ledger, now, &slot);
    status->waits = slot.due ? waiting_why(&status->ledger, status->settings.wait_days, slot.slot, now) : NULL;
    return true;
}

/* null where no folder on SharePoint is set up. */
static cJSON *sign_in_object(const OffsiteSignIn *sign_in)
{
    if (!sign_in->set_up) {
        return cJSON_CreateNull();
    }
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "by", sign_in_by_word(sign_in->by));
    json_set_bool(object, "signed_in", sign_in->signed_in);
    output_add_time(object, "ends", sign_in->ends);
    output_add_time(object, "renewed", sign_in->renewed);
    output_add_count(object, "days_left", sign_in->days);
    output_add_count(object, "warning", sign_in->warning); /* null: none */
    json_set_string(object, "text", sign_in->text);
    return object;
}

static cJSON *status_document(const char *folder, const Status *status)
{
    static const char *const states[] = {"good", "warning", "bad"};
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "folder", folder);
    json_set_bool(document, "protected", status->protection.holds);
    cJSON *facts = cJSON_AddArrayToObject(document, "facts");
    for (int i = 0; i < FACT_COUNT; i++) {
        const ProtectionFact *fact = &status->protection.facts[i];
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "name", fact_name((FactKind)i));
        json_set_string(item, "state", fact_state_word(fact->state));
        output_add_time(item, "when", fact->when);
        json_set_string(item, "text", fact->text);
        json_set_string(item, "mend", hint_here(fact->mend));
        cJSON_AddItemToArray(facts, item);
    }
    output_add_time(document, "next", status->next);
    json_set_string(document, "waits", status->waits);
    json_set_string(document, "unread", status->protection.unread);
    json_set_string(document, "cleanups_stopped", status->stopped);
    json_set_string(document, "task", registration_state_word(status->task.state));
    json_set_string(document, "task_text", status->task.text);
    cJSON_AddItemToObject(document, "sign_in", sign_in_object(&status->sign_in));
    cJSON_AddItemToObject(document, "receivers", cli_receivers_array(status->receivers));
    json_set_string(document, "receivers_problem", status->receivers_problem);
    cJSON_AddItemToObject(document, "heartbeats", cli_computers_object(&status->seen));
    json_set_string(document, "health", states[status->health.state]);
    json_set_string(document, "health_text", status->health.text);
    return document;
}

static void warn(Cli *cli, const char *text)
{
    if (text != NULL) {
        char *line = mem_printf("\xE2\x9A\xA0 %s", text);
        output_coloured(&cli->output, COLOUR_WARNING, line);
        mem_free(line);
    }
}

static void show_elsewhere(Cli *cli, const Status *status)
{
    warn(cli, status->protection.unread);
    if (status->stopped != NULL) {
        char *text = mem_printf("Clean-ups are stopped: %s", status->stopped);
        warn(cli, text);
        mem_free(text);
    }
    warn(cli, status->receivers_problem);
    for (size_t i = 0; i < RECEIVER_KINDS; i++) {
        warn(cli, status->receivers[i].problem);
    }
    warn(cli, status->silent);
    if (status->seen.problem != NULL) {
        char *text = mem_printf("What the other computers do could not be seen by the last run: %s",
                                status->seen.problem);
        warn(cli, text);
        mem_free(text);
    }
}

static void show(Cli *cli, const Status *status)
{
    static const char *const titles[] = {"Schedule", "Verified", "Off-site", "Proof"};
    static const Colour colours[] = {COLOUR_GOOD, COLOUR_BAD, COLOUR_NONE};
    static const char *const signs[] = {"\xE2\x9C\x85", "\xE2\x9D\x8C", "\xE2\x9E\x96"};
    const Protection *protection = &status->protection;
    output_coloured(&cli->output, protection->holds ? COLOUR_GOOD : COLOUR_BAD,
                    protection->holds ? "\xE2\x9C\x85 Protected" : "\xE2\x9D\x8C Not protected");
    for (int i = 0; i < FACT_COUNT; i++) {
        const ProtectionFact *fact = &protection->facts[i];
        char *sign = output_pad(signs[fact->state], 2, false);
        char *line = mem_printf("%s %-8s  %s", sign, titles[i], fact->text);
        output_coloured(&cli->output, colours[fact->state], line);
        if (fact->mend && fact->state == FACT_MISSING) {
            output_line(&cli->output, "%13s%s", "", hint_here(fact->mend));
        }
        mem_free(line);
        mem_free(sign);
    }
    char *next = status->next ? due_slot_text(&due_here, status->next, clock_now()) : mem_strdup("none");
    output_line(&cli->output, "Next backup: %s", next);
    if (status->settings.enabled && status->task.state != REGISTRATION_GOOD &&
        strcmp(protection->facts[FACT_SLOT].text, status->task.text) != 0) {
        warn(cli, status->task.text);
    }
    if (status->sign_in.warning >= 0) {
        char *line = mem_printf("\xE2\x9A\xA0 Attention: %s", status->sign_in.text);
        output_coloured(&cli->output, COLOUR_WARNING, line);
        mem_free(line);
    }
    show_elsewhere(cli, status);
    if (status->health.state != HEALTH_GOOD) {
        char *line = mem_printf("%s %s", health_sign(status->health.state), status->health.text);
        output_coloured(&cli->output, COLOUR_WARNING, line);
        mem_free(line);
    }
    mem_free(next);
}

static int run_status(Cli *cli)
{
    Error err = ERROR_INIT;
    Status status;
    char *folder = NULL;
    int code = 0;
    status_init(&status);
    if (!folder_find(cli->options->folder, &folder, &err) || !look(cli, folder, &status, &err)) {
        code = output_error(&cli->output, &err);
    } else if (cli->output.json) {
        output_json(&cli->output, status_document(folder, &status));
    } else {
        show(cli, &status);
    }
    status_release(&status);
    mem_free(folder);
    error_clear(&err);
    return code;
}

static const char help[] =
    "Show how the database is protected: four facts, each with its date and what mends it.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli status [OPTION]...\n"
    "\n"
    "Schedule: the newest slot that was due was run, or a backup was made since; and where a connection is saved,\n"
    "its task is as it should be. Verified: the newest backup of the database. Off-site: the newest verified one\n"
    "has a copy on SharePoint that was compared there; asked for with upload_after_backup. Proof: one that is not\n"
    "older than prove_within_days. It is protected where these hold and nothing else is wrong, such as a shrink\n"
    "alarm that waits or a damaged backup. A slot that waits is missing, with what for and until when at most. It\n"
    "also says when the sign-in to SharePoint runs out, from 30 days before on; which receiver did not take the\n"
    "last notice; and which other computers have left no heartbeat for long.\n"
    "\n"
    "Options:\n" FOLDER_HELP "\n" OUTPUT_HELP
    "\n"
    "The exit code does not tell whether it is protected; \"protected\" in the JSON document does.\n";

const Verb verb_status = {
    .name = "status",
    .summary = "how the database is protected: schedule, verified, off-site, proof",
    .help = help,
    .takes = {OPTION_FOLDER, OUTPUT_OPTIONS},
    .run = run_status};
