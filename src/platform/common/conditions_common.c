/* conditions_common.c: the environment's answer, or the system's. */
#include "platform/conditions.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "platform/machine.h"

#define VARIABLE "CMMS_CONDITIONS"
#define BATTERY "battery"

static bool is_word(const char *item, size_t len, const char *word)
{
    return len == strlen(word) && strncmp(item, word, len) == 0;
}

/* "battery=15", "battery". */
static void take_battery(const char *item, size_t len, Conditions *conditions)
{
    const size_t name = sizeof BATTERY - 1;
    char *number = len > name + 1 && item[name] == '=' ? mem_strndup(item + name + 1, len - name - 1) : NULL;
    char *end = NULL;
    const long percent = number != NULL ? strtol(number, &end, 10) : -1;
    const bool known = number != NULL && end != number && *end == '\0' && percent >= 0 && percent <= 100;
    if (known || len == name) {
        conditions->on_battery = true;
        conditions->battery_percent = known ? (int)percent : -1;
    }
    mem_free(number);
}

static void take(const char *item, size_t len, Conditions *conditions)
{
    if (len >= sizeof BATTERY - 1 && strncmp(item, BATTERY, sizeof BATTERY - 1) == 0) {
        take_battery(item, len, conditions);
    } else if (is_word(item, len, "mains")) {
        conditions->on_battery = false;
    } else if (is_word(item, len, "metered") || is_word(item, len, "unmetered")) {
        conditions->metered = len == strlen("metered");
    }
}

void conditions_parse(const char *text, Conditions *conditions)
{
    *conditions = (Conditions){.battery_percent = -1};
    while (*text != '\0') {
        const size_t len = strcspn(text, ",");
        take(text, len, conditions);
        text += len + (text[len] == ',' ? 1 : 0);
    }
}

void conditions_look(Conditions *conditions, bool network)
{
    char *told = machine_getenv(VARIABLE);
    *conditions = (Conditions){.battery_percent = -1};
    if (told != NULL && told[0] != '\0') {
        conditions_parse(told, conditions);
    } else {
        conditions_ask(conditions, network);
    }
    conditions->metered = conditions->metered && network;
    mem_free(told);
}
