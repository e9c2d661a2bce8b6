/* test_env.h: variables of our own environment, in UTF-8, for tests of what reads them. NULL takes one out. */
#ifndef CMMS_TEST_ENV_H
#define CMMS_TEST_ENV_H

#include <stdlib.h>
#include <wchar.h>

#include "base/mem.h"

#ifdef _WIN32
/* Enough for tests: up to U+FFFF, and the UTF-8 is taken to be good. */
static inline wchar_t *test_widen(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    wchar_t *wide = mem_array(strlen(text) + 1, sizeof *wide);
    for (size_t at = 0; *p; at++) {
        int more = *p < 0x80 ? 0 : *p < 0xE0 ? 1 : 2;
        unsigned code = more == 0 ? *p : *p & (0x3Fu >> more);
        for (p++; more > 0; more--, p++) {
            code = code << 6 | (*p & 0x3Fu);
        }
        wide[at] = (wchar_t)code;
    }
    return wide;
}
#endif

static inline void test_setenv(const char *name, const char *value)
{
#ifdef _WIN32
    wchar_t *wide_name = test_widen(name), *wide_value = test_widen(value ? value : "");
    _wputenv_s(wide_name, wide_value);
    mem_free(wide_value);
    mem_free(wide_name);
#else
    if (value) {
        setenv(name, value, 1);
    } else {
        unsetenv(name);
    }
#endif
}

#endif
