#include "app_options.h"

#include <string.h>

#include "base/mem.h"
#include "sample/sample.h"
#include "texts.h"

void app_options_init(AppOptions *options)
{
    *options = (AppOptions){.demo_megabytes = SAMPLE_MEGABYTES};
    connection_init(&options->environment);
}

void app_options_release(AppOptions *options)
{
    char *texts[] = {options->demo_data, options->folder, options->screenshot, options->state,
                     options->host,      options->port,   options->user,       options->database,
                     options->sslmode};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        secret_free_text(texts[i]); /* the database may be a whole connection string */
    }
    connection_release(&options->environment);
    app_options_init(options);
}

const char *app_options_help(void)
{
    return TEXT_OPTIONS_HELP;
}

static void set(char **to, const char *value)
{
    mem_free(*to);
    *to = mem_strdup(value);
}

/* The value of the switch `name` at argv[*i]: "--name=VALUE", "--name VALUE", "-n VALUE", "-nVALUE". NULL when
 * argv[*i] is another switch; *missing when the value lacks. */
static const char *value_of(int argc, char *const *argv, int *i, const char *name, char letter, bool *missing)
{
    const char *arg = argv[*i];
    size_t length = strlen(name);
    bool is_long = strncmp(arg, name, length) == 0;
    if (is_long && arg[length] == '=') {
        return arg + length + 1;
    }
    bool is_short = letter != 0 && arg[0] == '-' && arg[1] == letter;
    if (is_short && arg[2] != 0) {
        return arg + 2;
    }
    if (is_short || (is_long && arg[length] == 0)) {
        if (*i + 1 >= argc) {
            *missing = true;
            return NULL;
        }
        *i += 1;
        return argv[*i];
    }
    return NULL;
}

/* A connection string in the wrong place is not told. */
static void refuse_string(Error *err)
{
    error_set(err, EK_USAGE, TEXT_OPTIONS_STRING);
    error_hint(err, TEXT_OPTIONS_STRING_HINT);
}

bool app_options_parse(int argc, char *const *argv, AppOptions *options, Error *err)
{
    char *size = NULL;
    bool ok = false;
    AppOptions parsed;
    app_options_init(&parsed);
    const struct {
        const char *name;
        char letter;
        char **to;
    } values[] = {
        {"--demo-data", 0, &parsed.demo_data},   {"--demo-size", 0, &size},           {"--folder", 0, &parsed.folder},
        {"--screenshot", 0, &parsed.screenshot}, {"--host", 'h', &parsed.host},       {"--port", 'p', &parsed.port},
        {"--username", 'U', &parsed.user},       {"--dbname", 'd', &parsed.database}, {"--state", 0, &parsed.state},
        {"--sslmode", 0, &parsed.sslmode},
    };
    const struct {
        const char *name;
        bool *to;
    } flags[] = {{"--demo", &parsed.demo},
                 {"--after-backup", &parsed.after_backup},
                 {"--tray", &parsed.tray},
                 {"--scheduled", &parsed.scheduled},
                 {"--tell", &parsed.tell},
                 {"--high-contrast", &parsed.high_contrast}};
    for (int i = 1; i < argc; i++) {
        size_t flag = 0;
        while (flag < sizeof flags / sizeof *flags && strcmp(argv[i], flags[flag].name) != 0) {
            flag++;
        }
        if (flag < sizeof flags / sizeof *flags) {
            *flags[flag].to = true;
            continue;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-?") == 0) {
            parsed.help = true;
            continue;
        }
        bool missing = false;
        const char *value = NULL;
        size_t n = 0;
        while (n < sizeof values / sizeof *values && value == NULL && !missing) {
            value = value_of(argc, argv, &i, values[n].name, values[n].letter, &missing);
            n++;
        }
        if (missing) {
            error_set(err, EK_USAGE, TEXT_OPTIONS_NO_VALUE, argv[i]);
            error_hint(err, TEXT_OPTIONS_HINT);
            goto out;
        }
        if (value == NULL) {
            if (connection_may_be_told(argv[i])) {
                error_set(err, EK_USAGE, TEXT_OPTIONS_UNKNOWN, argv[i]);
                error_hint(err, TEXT_OPTIONS_HINT);
            } else {
                refuse_string(err);
            }
            goto out;
        }
        char **to = values[n - 1].to;
        if (to != &parsed.host && to != &parsed.port && to != &parsed.user && to != &parsed.database &&
            connection_holds_password(value)) {
            refuse_string(err);
            goto out;
        }
        set(to, value);
    }
    if (size != NULL) {
        char *end = NULL;
        long megabytes = strtol(size, &end, 10);
        if (end == size || *end != 0 || megabytes < 1 || megabytes > 100000) {
            error_set(err, EK_USAGE, TEXT_OPTIONS_SIZE, size);
            error_hint(err, TEXT_OPTIONS_SIZE_HINT);
            goto out;
        }
        parsed.demo_megabytes = (int)megabytes;
    }
    app_options_release(options);
    *options = parsed;
    app_options_init(&parsed);
    ok = true;
out:
    app_options_release(&parsed);
    mem_free(size);
    return ok;
}
