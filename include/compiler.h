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

/*
 * What a declaration promises, for Visual Studio's /analyze (SAL); nothing elsewhere. In the headers of `base` and
 * `platform`, on which everything stands. Before a function:
 *   CMMS_WHEN_TRUE     what it hands out is there when it has returned true; else it is as it was
 *   CMMS_RETURNS_FALSE it returns false, always: "return error_set(…)" is a failure
 *   CMMS_NEVER_NULL    it returns something
 *   CMMS_MAY_BE_NULL   look before you use it
 * Before a parameter:
 *   CMMS_OUT, CMMS_OUT_OPT       it is filled; the second may be NULL
 *   CMMS_OPT                     it is read, and may be NULL
 *   CMMS_READS(len)              so many bytes of it are read
 *   CMMS_WRITES(len)             so many are written; CMMS_WRITES_TO(len, got): there is room for len, and got are
 *   CMMS_FORMAT                  a format as printf's; what the other compilers need stands behind the declaration
 * The header is enough: a definition does not say it again, which is C28251 there.
 */
#if defined(_MSC_VER)
#include <sal.h>
#pragma warning(disable : 28251)
#define CMMS_WHEN_TRUE _Success_(return != 0)
#define CMMS_RETURNS_FALSE _Post_satisfies_(return == 0)
#define CMMS_NEVER_NULL _Ret_notnull_
#define CMMS_MAY_BE_NULL _Ret_maybenull_
#define CMMS_OUT _Out_
#define CMMS_OUT_OPT _Out_opt_
#define CMMS_OPT _In_opt_
#define CMMS_READS(len) _In_reads_bytes_(len)
#define CMMS_WRITES(len) _Out_writes_bytes_(len)
#define CMMS_WRITES_TO(len, got) _Out_writes_bytes_to_(len, got)
#define CMMS_FORMAT _Printf_format_string_
#else
#define CMMS_WHEN_TRUE
#define CMMS_RETURNS_FALSE
#define CMMS_NEVER_NULL
#define CMMS_MAY_BE_NULL
#define CMMS_OUT
#define CMMS_OUT_OPT
#define CMMS_OPT
#define CMMS_READS(len)
#define CMMS_WRITES(len)
#define CMMS_WRITES_TO(len, got)
#define CMMS_FORMAT
#endif

#endif
