/*
 * banned.h: functions that may not be used, because there is a safer way here. Force-included by the build
 * into every source file of ours (see CMakeLists.txt); a use does not compile.
 */
#ifndef BANNED_H
#define BANNED_H

/* The system's headers come first, so that their own declarations are not touched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _WIN32
#include <io.h> /* mingw-w64's has inline functions that use strncpy */
#endif

#define CMMS_BANNED(name) use_of_##name##_is_banned_see_banned_h

#undef strcpy
#define strcpy(a, b) CMMS_BANNED(strcpy)
#undef strcat
#define strcat(a, b) CMMS_BANNED(strcat)
#undef strncpy
#define strncpy(a, b, c) CMMS_BANNED(strncpy)
#undef sprintf
#define sprintf(...) CMMS_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) CMMS_BANNED(vsprintf)
#undef strtok
#define strtok(a, b) CMMS_BANNED(strtok)
#undef atoi
#define atoi(a) CMMS_BANNED(atoi)
#undef gmtime
#define gmtime(a) CMMS_BANNED(gmtime)
#undef localtime
#define localtime(a) CMMS_BANNED(localtime)

#endif
