/* compiler.h: the few things that compilers spell differently. Nothing else may test for a compiler. */
#ifndef CMMS_COMPILER_H
#define CMMS_COMPILER_H

#if defined(__MINGW32__)
#define CMMS_PRINTF(fmt, first) __attribute__((format(gnu_printf, fmt, first)))
#elif defined(__GNUC__)
#define CMMS_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define CMMS_PRINTF(fmt, first)
#endif

#if defined(_MSC_VER)
#define CMMS_NORETURN __declspec(noreturn)
#else
#define CMMS_NORETURN _Noreturn
#endif

#endif
