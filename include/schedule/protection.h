/*
 * protection.h: what "protected" means: four facts, each with its date and what mends it. The newest slot of the
 * schedule was run, and the task that runs the next is as it should be; the newest backup is verified; a copy of the
 * newest good one is off-site; a proof is not older than the setting. What nobody asks for is said and does not count.
 * And nothing of what health.h looks at is wrong, nor is there a backup that the check cannot read. Pure.
 */
#ifndef CMMS_PROTECTION_H
#define CMMS_PROTECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "schedule/due.h"
#include "store/health.h"

/* Of ProtectionFact.mend; the console says it in its own words (cli/hints.c). */
#define PROTECTION_SAVE "Save the configuration in the window."

typedef enum FactState {
    FACT_HOLDS,
    FACT_MISSING,
    FACT_NOT_ASKED /* the settings do not ask for it */
} FactState;

typedef enum FactKind { FACT_SLOT, FACT_VERIFIED, FACT_COPY, FACT_PROOF, FACT_COUNT } FactKind;

typedef struct ProtectionFact {
    FactState state;
    int64_t when; /* the slot's, the backup's, the copy's, the proof's moment; 0: none */
    char *text;   /* owned: "proven 3 days ago: cmms_backup_….backup" */
    char *mend;   /* owned: "Prove the newest backup.", or NULL */
} ProtectionFact;

typedef struct Protection {
    bool holds; /* nothing is missing, and health is good */
    bool copy_asked; /* the settings ask for a copy off-site */
    char *unread; /* owned: which backup the check has not been able to read for a week, and why; or NULL */
    char *unread_name; /* owned: its name */
    ProtectionFact facts[FACT_COUNT];
} Protection;

void protection_init(Protection *protection);
void protection_release(Protection *protection);
/* Replaces what it holds. The catalog of `facts` has its copies (catalog_add_copies). */
void protection_judge(const HealthFacts *facts, const Settings *settings, const Ledger *ledger, const DueZone *zone,
                      Protection *protection);
const char *fact_name(FactKind kind);        /* "schedule", "verified", "copy", "proof"; static */
const char *fact_state_word(FactState state); /* "holds", "missing", "not_asked"; static */

/* For the band: where health finds nothing wrong it is still a warning that a fact is missing which health does not
 * look at (the schedule is off, no proof is young enough), or that something is wrong with the task (`task`:
 * registration_problem), or another computer is silent (facts->silent); and where nothing is, it says when the next
 * backup comes (`next`; 0: that is not known). */
void protection_tell(const HealthFacts *facts, const Protection *protection, const char *task, const DueZone *zone,
                     int64_t next, Health *health);

/* What is wrong with the newest slot of which something is known or that is an hour old, or with the ledger (*slot_at:
 * INT64_MAX), as health.h wants it: NULL when nothing is, or when nothing ever ran by the schedule here. The caller
 * frees it. */
char *protection_slot_problem(const char *folder, const Settings *settings, int64_t now, int64_t *slot_at);

#endif
