/*
 * signin.c: the count of wrong passwords, and the question to `users`.
 *
 * A try is counted as wrong before it is made, and taken back when it was none. Within one process the monotonic clock
 * measures the wait; after a restart the wall clock does, and where that says that the last try lies in the future, the
 * wait begins anew, so that it is never longer than the delay itself.
 */
#include "jobs/signin.h"

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/machine.h"
#include "postgres/pg.h"
#include "postgres/standstill.h"
#include "store/auditlog.h"

#define STATE_FILE "signin.json"
#define STATE_MAX 4096u    /* bytes */
#define MOST_FAILURES 1000 /* more make no difference */
#define NAME_MAX_BYTES 256u
#define MANAGER "manager"

typedef struct Count {
    unsigned failures;
    int64_t last; /* wall clock */
} Count;

struct Signin {
    char *path; /* NULL: there is no place for it */
    Count count, before;
    bool here;            /* the last failure was in this process, */
    uint64_t here_at;     /* at this monotonic time */
};

void signin_user_init(SigninUser *user)
{
    *user = (SigninUser){NULL, NULL};
}

void signin_user_release(SigninUser *user)
{
    mem_free(user->name);
    mem_free(user->full_name);
    signin_user_init(user);
}

/* --- the count ----------------------------------------------------------------------------------------- */

unsigned signin_delay(unsigned failures)
{
    unsigned delay = SIGNIN_FIRST_DELAY;
    if (failures < SIGNIN_FREE_TRIES) {
        return 0;
    }
    for (unsigned i = SIGNIN_FREE_TRIES; i < failures && delay < SIGNIN_LONGEST_DELAY; i++) {
        delay *= 2;
    }
    return delay < SIGNIN_LONGEST_DELAY ? delay : SIGNIN_LONGEST_DELAY;
}

static Count read_count(const char *path, int64_t now)
{
    StrBuf sb;
    cJSON *object = NULL;
    Error why = ERROR_INIT;
    Count count = {0, now};
    strbuf_init(&sb, STATE_MAX);
    if (path && fs_read_all(path, STATE_MAX, &sb, &why) && json_parse(sb.buf, sb.len, &object, &why)) {
        int64_t failures = json_int(object, "failures", SIGNIN_FREE_TRIES);
        count.failures = failures < 0 || failures > MOST_FAILURES ? MOST_FAILURES : (unsigned)failures;
        count.last = json_int(object, "last", now);
    } else if (why.kind == EK_DAMAGED) {
        count.failures = SIGNIN_FREE_TRIES; /* spoiling the file is not a way round the wait */
    }
    cJSON_Delete(object);
    error_clear(&why);
    strbuf_release(&sb);
    return count;
}

/* What cannot be written still counts in this process. */
static void write_count(const Signin *signin)
{
    cJSON *object = cJSON_CreateObject();
    if (!object) {
        mem_out();
    }
    json_set_int(object, "failures", signin->count.failures);
    json_set_int(object, "last", signin->count.last);
    char *text = json_text(object);
    if (signin->path) {
        fs_write_atomic(signin->path, text, strlen(text), NULL);
    }
    mem_free(text);
    cJSON_Delete(object);
}

Signin *signin_new(const char *path)
{
    Signin *signin = mem_alloc(sizeof *signin);
    char *dir = path ? NULL : machine_local_data_dir();
    signin->path = path ? mem_strdup(path) : dir ? fs_join(dir, STATE_FILE) : NULL;
    mem_free(dir);
    signin->count = read_count(signin->path, clock_now());
    return signin;
}

void signin_free(Signin *signin)
{
    if (signin) {
        mem_free(signin->path);
        mem_free(signin);
    }
}

SigninTime signin_now(void)
{
    return (SigninTime){clock_now(), clock_monotonic_ms()};
}

unsigned signin_wait(Signin *signin, SigninTime now)
{
    /* Another window of this user may have counted meanwhile. */
    Count file = read_count(signin->path, now.wall);
    if (file.failures > signin->count.failures) {
        signin->count = file;
        signin->here = false;
    }
    uint64_t delay_ms = 1000u * (uint64_t)signin_delay(signin->count.failures);
    uint64_t passed_ms;
    if (signin->here) {
        passed_ms = now.monotonic - signin->here_at;
    } else {
        if (signin->count.last > now.wall) {
            signin->count.last = now.wall;
            signin->here = true;
            signin->here_at = now.monotonic;
            write_count(signin);
        }
        int64_t passed = now.wall - signin->count.last;
        passed_ms = passed > SIGNIN_LONGEST_DELAY ? delay_ms : (uint64_t)passed * 1000u;
    }
    return passed_ms >= delay_ms ? 0 : (unsigned)((delay_ms - passed_ms + 999u) / 1000u);
}

void signin_count_try(Signin *signin, SigninTime now)
{
    signin->before = signin->count;
    signin->count.failures += signin->count.failures < MOST_FAILURES;
    signin->count.last = now.wall;
    signin->here = true;
    signin->here_at = now.monotonic;
    write_count(signin);
}

void signin_take_back(Signin *signin)
{
    signin->count.failures = signin->before.failures;
    write_count(signin);
}

void signin_forget(Signin *signin)
{
    signin->count.failures = 0;
    write_count(signin);
}

/* --- the verdict --------------------------------------------------------------------------------------- */

/* Both as long as a hash; the time does not depend on where they differ. */
static bool same_hash(const char *a, const char *b)
{
    char padded[65] = "";
    size_t len = strlen(b);
    memcpy(padded, b, len < 64 ? len : 64);
    unsigned char differs = len != 64;
    for (size_t i = 0; i < 64; i++) {
        differs = (unsigned char)(differs | (a[i] ^ padded[i]));
    }
    return differs == 0;
}

static bool refuse(Error *err)
{
    error_set(err, EK_REFUSED, "the user name or the password is wrong");
    return error_hint(err, "They are those of the CMMS. Check both, and Caps Lock.");
}

bool signin_judge(const char *hash, const char *role, bool active, const Secret *password, Error *err)
{
    char given[65];
    Sha256 *sha = sha256_new();
    sha256_update(sha, password->bytes ? password->bytes : "", password->len);
    sha256_finish(sha, given);
    bool same = same_hash(given, hash ? hash : "");
    secret_wipe(given, sizeof given);
    if (!same || !hash || !role) {
        return refuse(err);
    }
    if (!active) {
        error_set(err, EK_REFUSED, "this user is no longer active in the CMMS");
        return error_hint(err, "Ask a manager to make the user active again.");
    }
    if (utf8_casecmp(role, MANAGER) != 0) {
        error_set(err, EK_REFUSED, "this user is not a manager");
        return error_hint(err, "Backups are a manager's business: sign in as a user with the role Manager.");
    }
    return true;
}

/* --- the database -------------------------------------------------------------------------------------- */

typedef struct Users {
    char *table;    /* quoted for SQL; NULL: there is none */
    bool has_active, has_full_name, has_id;
} Users;

static bool find_users(Pg *pg, const Cancel *cancel, Users *users, Error *err)
{
    PgRows *rows = NULL;
    if (!pg_query(pg,
                  "SELECT n.nspname, c.relname, a.attname FROM pg_catalog.pg_class c"
                  " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                  " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                  " WHERE c.oid = coalesce(pg_catalog.to_regclass('public.users'), pg_catalog.to_regclass('users'))",
                  NULL, 0, cancel, &rows, err)) {
        return false;
    }
    unsigned needed = 0;
    *users = (Users){.table = NULL};
    for (size_t i = 0; i < pg_row_count(rows); i++) {
        const char *column = pg_value(rows, i, 2);
        needed += !strcmp(column, "username") || !strcmp(column, "password_hash") || !strcmp(column, "role");
        users->has_active = users->has_active || !strcmp(column, "is_active");
        users->has_full_name = users->has_full_name || !strcmp(column, "full_name");
        users->has_id = users->has_id || !strcmp(column, "id");
    }
    if (needed == 3) {
        users->table = pg_table_name(pg_value(rows, 0, 0), pg_value(rows, 0, 1));
    }
    pg_rows_free(rows);
    return true;
}

/* A column that is not there says nothing against anybody; one that is NULL does. */
static const char *active_sql(const Users *users)
{
    return users->has_active ? "coalesce(pg_catalog.lower(is_active::text) IN ('true', 't', '1', 'yes', 'y'), false)"
                             : "true";
}

static char *managers_sql(const Users *users, const char *columns, const char *rest)
{
    return mem_printf("SELECT %s FROM %s WHERE pg_catalog.lower(role::text) = '" MANAGER "' AND %s%s", columns,
                      users->table, active_sql(users), rest);
}

/* One question to `users`, on a connection of its own. */
typedef struct Look {
    Connection connection;
    Pg *pg;
    Users users;
    char *sql;
    PgRows *rows; /* NULL: there is no such table */
} Look;

static bool connect_to_ask(const Connection *connection, const Cancel *cancel, Pg **pg, Error *err)
{
    if (!pg_connect(connection, cancel, pg, err)) {
        return false;
    }
    pg_set_patience(*pg, standstill_seconds(PG_SHORT_PATIENCE));
    return true;
}

/* look_end in any case. */
static bool look_connect(Look *look, const Connection *connection, const Cancel *cancel, Error *err)
{
    *look = (Look){.pg = NULL};
    connection_init(&look->connection);
    connection_copy(&look->connection, connection);
    return connection_resolve(&look->connection, err) && connect_to_ask(&look->connection, cancel, &look->pg, err) &&
           find_users(look->pg, cancel, &look->users, err);
}

static bool look_ask(Look *look, const char *columns, const char *rest, const Cancel *cancel, Error *err)
{
    if (!look->users.table) {
        return true;
    }
    look->sql = managers_sql(&look->users, columns, rest);
    return pg_query(look->pg, look->sql, NULL, 0, cancel, &look->rows, err);
}

static void look_end(Look *look)
{
    mem_free(look->sql);
    mem_free(look->users.table);
    pg_rows_free(look->rows);
    pg_close(look->pg);
    connection_release(&look->connection);
}

bool signin_look(const Connection *connection, const Cancel *cancel, SigninWay *way, Error *err)
{
    Look look;
    const bool ok = look_connect(&look, connection, cancel, err) &&
                    look_ask(&look, "pg_catalog.count(*)", "", cancel, err);
    if (ok) {
        *way = !look.rows                             ? SIGNIN_NO_USERS
               : pg_value_int(look.rows, 0, 0, 0) > 0 ? SIGNIN_ASK
                                                      : SIGNIN_NO_MANAGER;
    }
    look_end(&look);
    return ok;
}

bool signin_first_manager(const Connection *connection, const Cancel *cancel, SigninUser *user, Error *err)
{
    Look look;
    bool ok = look_connect(&look, connection, cancel, err) &&
              look_ask(&look, look.users.has_full_name ? "username, full_name" : "username, username",
                       look.users.has_id ? " ORDER BY id LIMIT 1" : " ORDER BY username LIMIT 1", cancel, err);
    if (ok && (!look.rows || pg_row_count(look.rows) == 0)) {
        ok = error_set(err, EK_NOT_FOUND, "the database has no active manager");
    }
    if (ok) {
        const char *full_name = pg_value(look.rows, 0, 1);
        signin_user_release(user);
        user->name = mem_strdup(pg_value(look.rows, 0, 0));
        user->full_name = mem_strdup(full_name ? full_name : user->name);
    }
    look_end(&look);
    return ok;
}

static bool ask_for(Pg *pg, const char *name, const Cancel *cancel, PgRows **rows, Error *err)
{
    Users users = {.table = NULL};
    if (!find_users(pg, cancel, &users, err)) {
        return false;
    }
    if (!users.table) {
        error_set(err, EK_NOT_FOUND, "the database has no users who could sign in");
        return error_hint(err, "Check the name of the database. If its tables were lost, restore a backup.");
    }
    char *sql = mem_printf("SELECT username, %s, password_hash::text, role::text, %s FROM %s WHERE username::text = $1",
                           users.has_full_name ? "full_name::text" : "NULL", active_sql(&users), users.table);
    bool ok = pg_query(pg, sql, &name, 1, cancel, rows, err);
    mem_free(sql);
    mem_free(users.table);
    return ok;
}

static bool append(const char *folder, const char *operation, bool good, const char *actor, const char *message,
                   Error *err)
{
    const AuditEntry entry = {.operation = operation,
                              .status = good ? "success" : "failed",
                              .message = message,
                              .seconds = -1,
                              .actor = actor};
    return auditlog_append(folder, &entry, err);
}

/* A refusal stands whether or not it can be written down; a success that cannot be is none. */
static bool record(const char *folder, const char *name, bool known, const Error *refused, Error *err)
{
    char *message = !refused ? mem_strdup("Signed in")
                    : known  ? mem_printf("Sign-in of \"%s\" refused: %s", name, refused->message)
                             : mem_strdup("Sign-in refused: there is no such user");
    bool ok = append(folder, "sign-in", !refused, refused ? NULL : name, message, err);
    mem_free(message);
    return ok;
}

static char *trimmed(const char *name)
{
    name += strspn(name, " \t");
    size_t len = strlen(name);
    while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t')) {
        len--;
    }
    return mem_strndup(name, len);
}

/* The server has answered: what it says of the user decides. */
static bool decide(Signin *signin, const char *folder, const char *name, const PgRows *rows, const Secret *password,
                   SigninUser *user, Error *err)
{
    Error refused = ERROR_INIT;
    const bool known = pg_row_count(rows) == 1;
    const bool active = known && !strcmp(pg_value(rows, 0, 4), "t");
    bool ok = signin_judge(known ? pg_value(rows, 0, 2) : NULL, known ? pg_value(rows, 0, 3) : NULL, active, password,
                           &refused);
    if (!ok) {
        record(folder, name, known, &refused, NULL);
        return error_move(err, &refused);
    }
    signin_forget(signin);
    if (!record(folder, name, true, NULL, err)) {
        return error_context(err, "the sign-in cannot be written into the log");
    }
    signin_user_release(user);
    user->name = mem_strdup(pg_value(rows, 0, 0));
    const char *full = pg_value(rows, 0, 1);
    user->full_name = mem_strdup(full && *full ? full : user->name);
    return true;
}

bool signin_try(Signin *signin, const Connection *connection, const char *folder, const char *name,
                const Secret *password, SigninTime now, const Cancel *cancel, SigninUser *user, Error *err)
{
    unsigned wait = signin_wait(signin, now);
    if (wait > 0) {
        const bool long_wait = wait >= 120;
        error_set(err, EK_BUSY, "too many wrong passwords; the next try is possible in %u %s%s",
                  long_wait ? (wait + 59) / 60 : wait, long_wait ? "minute" : "second", wait == 1 ? "" : "s");
        return error_hint(err, "The wait grows with each wrong password.");
    }
    Connection resolved;
    Pg *pg = NULL;
    PgRows *rows = NULL;
    char *trim = trimmed(name);
    bool answered = false, ok = false;
    connection_init(&resolved);
    connection_copy(&resolved, connection);
    signin_count_try(signin, now);
    if (!trim[0] || strlen(trim) > NAME_MAX_BYTES) {
        ok = refuse(err);
    } else {
        answered = connection_resolve(&resolved, err) && connect_to_ask(&resolved, cancel, &pg, err) &&
                   ask_for(pg, trim, cancel, &rows, err);
        ok = answered && decide(signin, folder, trim, rows, password, user, err);
    }
    if (!answered) {
        signin_take_back(signin);
    }
    pg_rows_free(rows);
    pg_close(pg);
    connection_release(&resolved);
    mem_free(trim);
    return ok;
}

bool signin_log_lock(const char *folder, const SigninUser *user, const char *why, Error *err)
{
    char *message = mem_printf("Locked: %s", why);
    bool ok = append(folder, "lock", true, user->name, message, err);
    mem_free(message);
    return ok;
}
