/*
 * restore_in_place.c: a restore for a role that may not create databases: into the live one itself.
 *
 * All that is done to the database is done by one session in one transaction (restore_freeze.c): locked, then a safety
 * backup made and proven by others while the locks are held, then emptied, filled with pg_restore's script
 * (load_feed.c), counted against the manifest, owners and rights given, and committed.
 *
 *     looked at --freeze_begin--> still --safety--> safe --freeze_clear--> empty --restore_fill--> filled
 *         |                         |                 |                      |                       |
 *         +-------------------------+-----------------+----------------------+-----------------------+--> as it was
 *                                                                          (rolled back, by us or by the server)
 *     filled --freeze_commit--> restored | as it was | not known (the server cannot be asked whether)
 *
 * Invariants, at every moment at which we may be killed, lose the connection, or the server may stop:
 *
 *  1. What others see is the old database or the restored one, whole: there is one COMMIT.
 *  2. From `still` to the end nobody else commits a row to a table that was there, but to an extension's own, of which
 *     nothing is dropped: what is committed before is in the safety backup, and what is not is not committed. Of large
 *     objects that cannot be had, so where there are any it is refused (freeze_obstacle.c).
 *  3. Nothing is dropped before the safety backup is verified, pinned, and, where this PC can, proven; and nothing is
 *     committed but when it still lies there, read again to its last byte. Where one of these fails the transaction
 *     ends, having changed nothing.
 *  4. What is dropped is what was there when the locks were granted: what was made since ends it (freeze_look).
 *  5. What is committed was counted, in the transaction that commits it.
 *  6. "Restored" is said only when the server says that the transaction committed; "nothing was changed" only when it
 *     was rolled back for certain.
 *
 * Weaker than a new database in what follows from that, so it is only done where that cannot be, and asked for by name:
 * nobody can change anything while the safety backup is made and proven, and nobody read anything while the backup is
 * loaded; there is nothing to swap back; and a server has room for so many locks only (max_locks_per_transaction).
 */
#include <string.h>

#include "base/mem.h"
#include "freeze_private.h"
#include "platform/fs.h"
#include "restore_private.h"
#include "store/folder.h"
#include "store/retention.h"

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* How text is sorted is the database's, and stays. By what an archive says of it: pg_dump writes LOCALE where the two
 * of the system's are one. */
static bool tell_sort(Restore *run, Error *err)
{
    Load *load = &run->load;
    const ArchiveEntry *entry = load_first_entry(&load->archive, "DATABASE");
    const char *definition = entry == NULL ? NULL : entry->definition;
    const char *const params[] = {run->live};
    PgRows *rows = NULL;
    if (definition == NULL) {
        return true;
    }
    if (!pg_query(load->server,
                  "SELECT d.datcollate, coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale',"
                  " pg_catalog.to_jsonb(d) ->> 'daticulocale') FROM pg_catalog.pg_database d WHERE d.datname = $1",
                  params, 1, load->cancel, &rows, err)) {
        return false;
    }
    char *collate = sql_option_of(definition, "LC_COLLATE"), *locale = sql_option_of(definition, "LOCALE");
    char *icu = sql_option_of(definition, "ICU_LOCALE"), *builtin = sql_option_of(definition, "BUILTIN_LOCALE");
    const char *there = icu != NULL ? icu : builtin != NULL ? builtin : collate != NULL ? collate : locale;
    const char *here = pg_value(rows, 0, 1) != NULL ? pg_value(rows, 0, 1) : pg_value(rows, 0, 0);
    if (there != NULL && here != NULL && !same(there, here)) {
        restore_note(run, mem_printf("Text is sorted by %s, as in the live database; the backup's was by %s", here,
                                     there));
    }
    mem_free(builtin);
    mem_free(icu);
    mem_free(locale);
    mem_free(collate);
    pg_rows_free(rows);
    return true;
}

/* What no transaction helps against, before anybody is kept from their tables. */
static bool look_first(Restore *run, Freeze *freeze, Error *err)
{
    Load *load = &run->load;
    Error obstacle = ERROR_INIT;
    if (!freeze_obstacle(freeze->look, &load->archive, load->cancel, &obstacle, err)) {
        error_clear(&obstacle);
        return false;
    }
    if (obstacle.kind != EK_NONE) {
        return error_move(err, &obstacle);
    }
    load->pg = freeze->look; /* asks in transactions of its own */
    const bool ok = restore_look_at_owners(run, err) && tell_sort(run, err) && load_leave_out_unknown(load, err);
    load->pg = NULL;
    return ok;
}

/* One that is pinned already keeps its own reason, and stays pinned whatever comes of this. */
static bool pin(Restore *run, Error *err)
{
    const char *name = fs_base_name(run->result->safety);
    char *path = folder_manifest_path(run->result->safety);
    char *reason = mem_printf("made before a restore in place of %s", fs_base_name(run->load.path));
    Manifest manifest;
    manifest_init(&manifest);
    const bool is_pinned = manifest_read(path, &manifest, NULL) && manifest.pinned;
    run->pinned = !is_pinned && retention_pin(run->spec->folder, name, true, reason, run->load.sink, err);
    manifest_release(&manifest);
    mem_free(reason);
    mem_free(path);
    return is_pinned || run->pinned ||
           error_context(err, "the safety backup could not be pinned, so nothing was restored");
}

/* When the database is as it was for certain. */
static void unpin(const Restore *run)
{
    Error why = ERROR_INIT;
    if (run->pinned && !retention_pin(run->spec->folder, fs_base_name(run->result->safety), false, NULL,
                                      run->load.sink, &why)) {
        job_log(run->load.sink, LOG_WARNING, "The safety backup stays pinned: %s", why.message);
    }
    error_clear(&why);
}

static bool save_and_prove(Restore *run, Error *err)
{
    return restore_make_safety_backup(run, err) && pin(run, err) && restore_prove_safety_backup(run, err);
}

static bool make_safe(Restore *run, Freeze *freeze, Error *err)
{
    const Cancel *cancel = run->load.cancel;
    Error why = ERROR_INIT;
    if (!freeze_ward_start(freeze, err)) {
        return false;
    }
    run->load.cancel = freeze->halt;
    const bool made = save_and_prove(run, &why);
    run->load.cancel = cancel;
    if (!freeze_ward_stop(freeze, err)) {
        error_clear(&why);
        return false;
    }
    return made || error_move(err, &why);
}

static bool fill(Restore *run, Freeze *freeze, const Tool *tool, Error *err)
{
    Load *load = &run->load;
    load->pg = freeze->pg;
    pg_guard(load->pg, true);
    const bool ok = restore_prepare_in_place(run, err) && restore_fill(run, tool, err) &&
                    restore_check_unchanged(run, err);
    load->pg = NULL;
    return ok;
}

/* Before it is done, so that whoever is killed, or loses the server, while it is leaves what can be asked. */
static void tell_ready(Restore *run, const Freeze *freeze)
{
    char *text = mem_printf("All of it is in the transaction %s of %s, which is committed now. Unless another entry "
                            "says how that ended, SELECT txid_status(%s) tells; what was there is in the safety backup "
                            "%s",
                            freeze->xid, run->live, freeze->xid, fs_base_name(run->result->safety));
    restore_record(run, "started", text);
    mem_free(text);
}

static bool finish(Restore *run, Freeze *freeze, Error *err)
{
    Error why = ERROR_INIT;
    if (cancel_requested(run->load.cancel)) {
        return error_set(err, EK_CANCELLED, "stopped at your request");
    }
    tell_ready(run, freeze);
    switch (freeze_commit(freeze, &why)) {
    case FREEZE_COMMITTED:
        run->placed = run->result->in_place = true;
        run->result->database = mem_strdup(run->live);
        return true;
    case FREEZE_ROLLED_BACK: error_hint(&why, "The database is as it was. Try again."); break;
    default:
        error_context(&why, "it is not known whether %s was restored", run->live);
        error_hint(&why, "It is all of it or nothing: look at it as soon as the server can be reached. What was there "
                         "is in the safety backup %s.", fs_base_name(run->result->safety));
    }
    return error_move(err, &why);
}

/* Nothing that is known does that: see load_feed.c. But it is nothing to be told wrongly. */
static void tell_ended(const Restore *run, Error *why)
{
    char *text = error_text(why);
    error_set(why, EK_DAMAGED, "something in the backup ended the restore's transaction, so a part of it is in the "
                               "database %s", run->live);
    error_detail(why, "%s", text);
    error_hint(why, "What was there is in the safety backup %s. Show this to your IT administrator.",
               fs_base_name(run->result->safety));
    mem_free(text);
}

/* One whose reason is a single thing that a server has too little of deserves its remedy. */
static void explain(Error *err)
{
    if (err->message != NULL && strstr(err->message, "shared memory") != NULL) {
        error_hint(err, "Nothing was changed. The server has room for too few locks in one transaction: its "
                        "administrator can raise max_locks_per_transaction, or allow this user to create databases.");
    }
}

bool restore_in_place(Restore *run, const Tool *tool, Error *err)
{
    Load *load = &run->load;
    Freeze freeze = {.sink = load->sink, .cancel = load->cancel, .database = run->live};
    Error why = ERROR_INIT;
    load->in_place = true;
    load->database = mem_strdup(run->live); /* nothing of ours: run->made stays false */
    const bool ok = freeze_connect(&freeze, &load->connection, &run->in_live, &why) && look_first(run, &freeze, &why) &&
                    freeze_begin(&freeze, &why) && make_safe(run, &freeze, &why) && freeze_look(&freeze, &why) &&
                    restore_check_unchanged(run, &why) && freeze_clear(&freeze, &why) &&
                    fill(run, &freeze, tool, &why) && restore_check_safety(run, &why) && finish(run, &freeze, &why);
    if (!ok) {
        const FreezeEnd end = freeze_abandon(&freeze);
        if (end == FREEZE_COMMITTED) {
            tell_ended(run, &why);
        } else if (end == FREEZE_ROLLED_BACK) {
            unpin(run);
        }
        run->result->tables = 0;
        run->result->rows = run->result->large_objects = 0;
        explain(&why);
        error_move(err, &why);
    }
    freeze_release(&freeze);
    return ok;
}
