/*
 * pglibrary.c: libpq's functions by their names, each of which goes on to libpq.dll.
 *
 * Not the linker's delayed imports: what GNU ld makes of them writes into a section that is read-only.
 */
#include "pglibrary.h"

#ifdef CMMS_LIBPQ_DLL

#include <assert.h>

#include <libpq-fe.h>

#include "platform/library.h"

/* F: result, name, parameters, arguments. V: the same without a result. */
#define FUNCTIONS(F, V)                                                                                             \
    F(int, PQbackendPID, (const PGconn *a), (a))                                                                    \
    F(PGcancelConn *, PQcancelCreate, (PGconn *a), (a))                                                             \
    V(PQcancelFinish, (PGcancelConn *a), (a))                                                                       \
    F(PostgresPollingStatusType, PQcancelPoll, (PGcancelConn *a), (a))                                              \
    F(int, PQcancelSocket, (const PGcancelConn *a), (a))                                                            \
    F(int, PQcancelStart, (PGcancelConn *a), (a))                                                                   \
    V(PQclear, (PGresult *a), (a))                                                                                  \
    F(PostgresPollingStatusType, PQconnectPoll, (PGconn *a), (a))                                                   \
    F(PGconn *, PQconnectStartParams, (const char *const *a, const char *const *b, int c), (a, b, c))               \
    F(int, PQconsumeInput, (PGconn *a), (a))                                                                        \
    F(char *, PQerrorMessage, (const PGconn *a), (a))                                                               \
    V(PQfinish, (PGconn *a), (a))                                                                                   \
    F(int, PQflush, (PGconn *a), (a))                                                                               \
    V(PQfreemem, (void *a), (a))                                                                                    \
    F(int, PQgetCopyData, (PGconn *a, char **b, int c), (a, b, c))                                                  \
    F(PGresult *, PQgetResult, (PGconn *a), (a))                                                                    \
    F(int, PQgetisnull, (const PGresult *a, int b, int c), (a, b, c))                                               \
    F(char *, PQgetvalue, (const PGresult *a, int b, int c), (a, b, c))                                             \
    F(int, PQisBusy, (PGconn *a), (a))                                                                              \
    F(int, PQlibVersion, (void), ())                                                                                \
    F(int, PQnfields, (const PGresult *a), (a))                                                                     \
    F(int, PQntuples, (const PGresult *a), (a))                                                                     \
    F(const char *, PQparameterStatus, (const PGconn *a, const char *b), (a, b))                                    \
    F(int, PQputCopyData, (PGconn *a, const char *b, int c), (a, b, c))                                             \
    F(int, PQputCopyEnd, (PGconn *a, const char *b), (a, b))                                                        \
    F(char *, PQresultErrorField, (const PGresult *a, int b), (a, b))                                               \
    F(char *, PQresultErrorMessage, (const PGresult *a), (a))                                                       \
    F(ExecStatusType, PQresultStatus, (const PGresult *a), (a))                                                     \
    F(int, PQsendPrepare, (PGconn *a, const char *b, const char *c, int d, const Oid *e), (a, b, c, d, e))          \
    F(int, PQsendQuery, (PGconn *a, const char *b), (a, b))                                                         \
    F(int, PQsendQueryParams,                                                                                       \
      (PGconn *a, const char *b, int c, const Oid *d, const char *const *e, const int *f, const int *g, int h),     \
      (a, b, c, d, e, f, g, h))                                                                                     \
    F(int, PQserverVersion, (const PGconn *a), (a))                                                                 \
    F(PGVerbosity, PQsetErrorVerbosity, (PGconn *a, PGVerbosity b), (a, b))                                         \
    F(PQnoticeProcessor, PQsetNoticeProcessor, (PGconn *a, PQnoticeProcessor b, void *c), (a, b, c))                \
    F(int, PQsetnonblocking, (PGconn *a, int b), (a, b))                                                            \
    F(int, PQsocket, (const PGconn *a), (a))                                                                        \
    F(int, PQsslInUse, (PGconn *a), (a))                                                                            \
    F(ConnStatusType, PQstatus, (const PGconn *a), (a))

#define INDEX(result, name, parameters, arguments) AT_##name,
#define INDEX_V(name, parameters, arguments) AT_##name,
enum { FUNCTIONS(INDEX, INDEX_V) COUNT };

#define NAME(result, name, parameters, arguments) #name,
#define NAME_V(name, parameters, arguments) #name,
static const char *const names[COUNT] = {FUNCTIONS(NAME, NAME_V)};

static LibraryFunction functions[COUNT]; /* under library_load's lock until it has succeeded, then only read */

bool pglibrary_ready(Error *err)
{
    return library_load("libpq.dll", names, functions, COUNT, err);
}

#define DEFINE(result, name, parameters, arguments)                                                                 \
    result name parameters                                                                                          \
    {                                                                                                               \
        typedef result(*Function) parameters;                                                                       \
        assert(functions[AT_##name] != NULL);                                                                       \
        return ((Function)functions[AT_##name])arguments;                                                           \
    }
#define DEFINE_V(name, parameters, arguments)                                                                       \
    void name parameters                                                                                            \
    {                                                                                                               \
        typedef void(*Function) parameters;                                                                         \
        assert(functions[AT_##name] != NULL);                                                                       \
        ((Function)functions[AT_##name])arguments;                                                                  \
    }
FUNCTIONS(DEFINE, DEFINE_V)

#else

bool pglibrary_ready(Error *err)
{
    (void)err;
    return true;
}

#endif
