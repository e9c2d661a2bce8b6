/*
 * restore_entered.c: rows that were entered or deleted in the live database while it was restored.
 *
 * Programs work on until the names change, so what they did since the safety backup is in the database that was put
 * aside, and nowhere else. Afterwards nobody knows that one by its name any more: there it is counted once more, as
 * the safety backup was. Rows that were only changed are not seen by that.
 */
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "jobs/swap.h"
#include "restore_private.h"

#define NAMED 5u

static const TableCount *find_count(const Manifest *manifest, const SnapshotTable *table)
{
    for (size_t i = 0; i < manifest->table_count; i++) {
        const TableCount *count = &manifest->tables[i];
        if (strcmp(count->schema, table->schema) == 0 && strcmp(count->name, table->name) == 0) {
            return count;
        }
    }
    return NULL;
}

/* How many more rows it has; 0 also where that is not known. */
static int64_t difference(const SnapshotTable *table, const Manifest *then)
{
    const TableCount *count = find_count(then, table);
    const int64_t had = count == NULL ? 0 : count->expected >= 0 ? count->expected : count->rows;
    if (table->rows < 0 || had < 0 || (count == NULL && table->may_be_missing)) {
        return 0;
    }
    return table->rows - had;
}

static int64_t more_objects(const Snapshot *now, const Manifest *then)
{
    const int64_t had = then->large_objects_expected >= 0 ? then->large_objects_expected : then->large_objects;
    return now->large_objects < 0 || had < 0 ? 0 : now->large_objects - had;
}

typedef struct Entered {
    StrBuf text;
    size_t kinds; /* tables, and large objects */
    int64_t rows;
} Entered;

static void add_change(Entered *entered, const char *schema, const char *name, int64_t more)
{
    const bool plain = strcmp(schema, "public") == 0;
    if (more == 0) {
        return;
    }
    if (entered->kinds < NAMED) {
        strbuf_addf(&entered->text, "%s%s%s%s %s%s", entered->kinds == 0 ? "" : ", ", plain ? "" : schema,
                    plain ? "" : ".", name, more > 0 ? "+" : "-", number_text(more > 0 ? more : -more).text);
    }
    entered->kinds++;
    entered->rows += more > 0 ? more : -more;
}

char *restore_entered_words(const Snapshot *now, const Manifest *then, int64_t *rows)
{
    Entered entered = {.kinds = 0};
    strbuf_init(&entered.text, STRBUF_LINE);
    add_change(&entered, "public", "large objects", more_objects(now, then));
    for (size_t i = 0; i < now->count; i++) {
        const SnapshotTable *table = &now->tables[i];
        add_change(&entered, table->schema, table->name, difference(table, then));
    }
    *rows = entered.rows;
    if (entered.kinds > NAMED) {
        strbuf_addf(&entered.text, " and %zu more", entered.kinds - NAMED);
    }
    if (entered.kinds == 0) {
        strbuf_release(&entered.text);
        return NULL;
    }
    return strbuf_detach(&entered.text);
}

static bool count_kept(Restore *run, char **words, Error *err)
{
    const Load *load = &run->load;
    Connection connection;
    Snapshot snapshot;
    Pg *pg = NULL;
    char *unshared = NULL, *warning = NULL; /* that no other session may read at the same moment is nothing to us */
    connection_init(&connection);
    connection_copy(&connection, &load->connection);
    mem_free(connection.database);
    connection.database = mem_strdup(run->result->kept);
    snapshot_init(&snapshot);
    bool ok = pg_connect(&connection, load->cancel, &pg, err) && load_calm(pg, load->cancel, err) &&
              snapshot_open(pg, false, load->cancel, &snapshot, &unshared, err) &&
              snapshot_count(pg, &snapshot, load->cancel, NULL, NULL, &warning, err);
    if (ok && (warning != NULL || snapshot.changed != NULL)) {
        ok = error_set(err, EK_TOOL, "%s", warning != NULL ? warning : snapshot.changed);
    }
    *words = ok ? restore_entered_words(&snapshot, &run->safety, &run->result->entered) : NULL;
    mem_free(warning);
    mem_free(unshared);
    pg_close(pg);
    snapshot_release(&snapshot);
    connection_release(&connection);
    return ok;
}

/* Nobody may stop it: without that number a clean-up drops the database by its age. */
static bool note_at_kept(Restore *run, int64_t rows)
{
    Error why = ERROR_INIT;
    const bool ok = swap_mark_entered(run->load.server, run->live, run->result->kept, rows, NULL, &why);
    if (!ok) {
        job_log(run->load.sink, LOG_WARNING, "Whether %s has such rows could not be noted at it: %s",
                run->result->kept, why.message);
    }
    error_clear(&why);
    return ok;
}

void restore_look_for_entered(Restore *run)
{
    RestoreResult *result = run->result;
    Error why = ERROR_INIT;
    char *words = NULL;
    if (result->safety == NULL) {
        return;
    }
    load_stage(&run->load, "Looking for rows that were entered meanwhile", 0.99, 1);
    /* As long as it is not known: whoever is killed or stopped while it is counted leaves it so. */
    const bool noted = note_at_kept(run, -1);
    const bool known = count_kept(run, &words, &why);
    if (!known) {
        result->entered = -1;
        restore_note(run, mem_printf("It is not known whether rows were entered while it was restored; they would be "
                                     "in %s alone: %s", result->kept, why.message));
    } else if (words != NULL) {
        restore_note(run, mem_printf("While it was restored, rows were entered or deleted: %s. What was entered is in "
                                     "%s alone", words, result->kept));
    }
    if (known && noted) {
        note_at_kept(run, result->entered);
    }
    error_clear(&why);
    mem_free(words);
}
