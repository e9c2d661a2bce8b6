/* test_env.h: variables of our own environment, for tests of what reads them. NULL takes one out. */
#ifndef CMMS_TEST_ENV_H
#define CMMS_TEST_ENV_H

#include <stdlib.h>

static inline void test_setenv(const char *name, const char *value)
{
#ifdef _WIN32
    _putenv_s(name, value ? value : "");
#else
    if (value) {
        setenv(name, value, 1);
    } else {
        unsetenv(name);
    }
#endif
}

#endif
