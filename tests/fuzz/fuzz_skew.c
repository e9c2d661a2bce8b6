/*
 * fuzz_skew.c: any bytes as the SQL of a table in an archive. What is found goes into statements of ours, so it has to
 * be plain; and looking changes nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/skew.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *sql = mem_strndup((const char *)bytes, len);
    char *before = mem_strdup(sql);
    ArchiveEntry entry = {.tag = (char *)"t", .desc = (char *)"TABLE", .definition = sql};
    const Archive archive = {.entries = &entry, .entry_count = 1};
    Skew skew;
    skew_init(&skew);
    skew_read(&archive, &skew);
    if (skew.count > 64 || strcmp(sql, before) != 0) {
        abort();
    }
    for (size_t i = 0; i < skew.count; i++) {
        const SkewOption *option = &skew.options[i];
        bool mark = false;
        mem_free(skew_text(option, &mark));
        const size_t quotes = option->value != NULL && option->value[0] == '\'' ? 1 : 0;
        const size_t value_len = option->value == NULL ? 0 : strlen(option->value);
        if (strpbrk(option->name, "'\"\\;()=, \n$") != NULL ||
            (option->value != NULL && (value_len < 1 + quotes || strpbrk(option->value, "\"\\;()=,\n$") != NULL ||
                                       memchr(option->value + quotes, '\'', value_len - 2 * quotes) != NULL))) {
            abort();
        }
    }
    skew_release(&skew);
    mem_free(before);
    mem_free(sql);
    return 0;
}
