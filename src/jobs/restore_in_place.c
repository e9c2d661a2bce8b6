/*
 * restore_in_place.c: a restore for a role that may not create databases: into the live one itself, in one transaction.
 *
 * pg_restore drops each object that the backup has, makes it anew and fills it (--clean --if-exists), and the server
 * shows all of that or nothing (--single-transaction): what stops it, whatever it is, leaves the database as it was.
 * Weaker than a new database in what follows from that, so it is only done where nothing else can be, asked for by
 * name, and never without a safety backup: the rows are counted when they are there already; rights come in statements
 * of their own behind the transaction; what is not in the backup stays beside it; and there is nothing to swap back.
 * Nothing is put off or left out on the way, since a second try would begin in a database that is half made.
 */
#include <string.h>

#include "base/mem.h"
#include "platform/fs.h"
#include "restore_private.h"

/* Those who would keep pg_restore from the tables. Whoever may not be ended was named before (swap_obstacles). */
static bool end_sessions(Restore *run, Error *err)
{
    const Load *load = &run->load;
    const char *const params[] = {run->live};
    job_log(load->sink, LOG_INFO, "Ending the sessions of %s", run->live);
    /* Not our own two, which hold the lock and wait. */
    return pg_query(load->server,
                    "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a"
                    " JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid JOIN pg_catalog.pg_roles me"
                    " ON me.rolname = CURRENT_USER WHERE a.datname = $1"
                    " AND a.application_name NOT LIKE '" PG_SESSION_PREFIX "%' AND (me.rolsuper OR (NOT r.rolsuper AND"
                    " (pg_catalog.pg_has_role(r.oid, 'USAGE')"
                    " OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))))",
                    params, 1, load->cancel, NULL, err);
}

/* One run, one answer: where one owner is not here, all of it belongs to whoever restores. */
static bool choose_owners(Restore *run, Error *err)
{
    Load *load = &run->load;
    bool any = false;
    if (!restore_look_at_owners(run, err)) {
        return false;
    }
    for (size_t i = 0; i < load->archive.entry_count; i++) {
        any = any || load->foreign_owners[i];
    }
    for (size_t i = 0; any && i < load->archive.entry_count; i++) {
        load->foreign_owners[i] = true;
    }
    if (any) {
        restore_note(run, mem_printf("So all that was restored in place belongs to %s", run->user));
    }
    return true;
}

bool restore_in_place(Restore *run, const Tool *tool, Error *err)
{
    Load *load = &run->load;
    Error why = ERROR_INIT;
    if (!choose_owners(run, err)) {
        return false;
    }
    load->in_place = true;
    load->database = mem_strdup(run->live); /* (nothing of ours: run->made stays false) */
    mem_free(load->connection.database);
    load->connection.database = mem_strdup(run->live);
    if (!pg_connect(&load->connection, load->cancel, &load->pg, err) || !load_calm(load->pg, load->cancel, err) ||
        !load_speak_as_archive(load, err) || !restore_check_unchanged(run, err) || !end_sessions(run, err) ||
        !restore_load(run, tool, err)) {
        return false;
    }
    run->placed = true;
    run->result->database = mem_strdup(run->live);
    const bool ok = restore_do_later(run, &why) && restore_count(run, &why) && restore_analyze(run, &why) &&
                    restore_check_unchanged(run, &why);
    if (!ok) {
        error_context(&why, "%s holds what was restored now, but it was not found to be all of it", run->live);
        error_hint(&why, "What was there before is in the safety backup %s. Show this to your IT administrator.",
                   run->result->safety != NULL ? fs_base_name(run->result->safety) : "");
        error_move(err, &why);
    }
    return ok;
}
