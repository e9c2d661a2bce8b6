/* protection.c: the four facts, each by itself. */
#include "schedule/protection.h"

#include <string.h>

#include "base/mem.h"
#include "schedule/waiting.h"

#define DAY 86400
#define HOUR 3600
#define UNREAD_LONG (7 * DAY)

void protection_init(Protection *protection)
{
    *protection = (Protection){.holds = false};
}

void protection_release(Protection *protection)
{
    for (size_t i = 0; i < FACT_COUNT; i++) {
        mem_free(protection->facts[i].text);
        mem_free(protection->facts[i].mend);
    }
    mem_free(protection->unread);
    mem_free(protection->unread_name);
    protection_init(protection);
}

const char *fact_name(FactKind kind)
{
    static const char *const names[] = {"schedule", "verified", "copy", "proof"};
    return names[kind];
}

const char *fact_state_word(FactState state)
{
    static const char *const words[] = {"holds", "missing", "not_asked"};
    return words[state];
}

/* Takes the text. */
static void say(ProtectionFact *fact, FactState state, int64_t when, char *text, const char *mend)
{
    *fact = (ProtectionFact){state, when, text, mem_strdup(mend)};
}

static char *ago(int64_t moment, int64_t now)
{
    return health_ago(moment < now ? now - moment : 0);
}

/* --- the slot -------------------------------------------------------------------------------------------- */

/* A backup that somebody made since is as good as the slot's. */
static bool made_since(const HealthFacts *facts, int64_t slot)
{
    const CatalogEntry *good = health_newest(facts, true);
    return good && good->created >= slot;
}

/* Of a schedule that was changed since: its last slot, where that failed or was missed; NULL: it was run, or there was
 * none. Borrowed. */
static const LedgerSlot *left_behind(const Ledger *ledger, int64_t now)
{
    const LedgerSlot *last = NULL;
    for (size_t i = 0; i < ledger->count; i++) { /* oldest first */
        last = ledger->slots[i].moment <= now ? &ledger->slots[i] : last;
    }
    return last != NULL && last->state != SLOT_DONE ? last : NULL;
}

/* "yesterday 02:00 failed: no route". Caller frees. */
static char *left_text(const LedgerSlot *slot, const DueZone *zone, int64_t now)
{
    char *when = due_slot_text(zone, slot->moment, now);
    char *text = slot->state == SLOT_MISSED ? mem_printf("%s was missed", when)
                                            : mem_printf("%s failed: %s", when,
                                                         slot->text ? slot->text : "it is not known why");
    mem_free(when);
    return text;
}

static void judge_failed(const DueLook *look, const DueZone *zone, int64_t now, const char *when, ProtectionFact *fact)
{
    char *again = look->retry > now ? due_slot_text(zone, look->retry, now) : mem_strdup("the next occasion");
    char *mend = mem_printf("It is tried again at %s; or make a backup now.", again);
    say(fact, FACT_MISSING, look->slot,
        mem_printf("the backup of %s failed: %s", when, look->entry->text ? look->entry->text : "it is not known why"),
        mend);
    mem_free(mend);
    mem_free(again);
}

/* Without a ledger nobody knows what became of the slots: that is a problem which no backup mends. */
static bool is_without_ledger(const HealthFacts *facts)
{
    return facts->slot != NULL && facts->slot_at == INT64_MAX;
}

static char *uncapitalized(const char *text)
{
    char *copy = mem_strdup(text);
    if (*copy >= 'A' && *copy <= 'Z') {
        *copy = (char)(*copy - 'A' + 'a');
    }
    return copy;
}

/* `why`: what for. */
static void judge_waits(const DueLook *look, const Settings *settings, const Ledger *ledger, const DueZone *zone,
                        int64_t now, const char *why, ProtectionFact *fact)
{
    char *when = due_slot_text(zone, look->slot, now);
    char *latest = due_slot_text(zone, ledger->waits_since + (int64_t)settings->wait_days * DAY, now);
    char *mend = mem_printf("It is made when that is over, %s at the latest; or make a backup now.", latest);
    say(fact, FACT_MISSING, look->slot, mem_printf("the backup of %s waits: %s", when, why), mend);
    mem_free(mend);
    mem_free(latest);
    mem_free(when);
}

static void judge_slot(const HealthFacts *facts, const Settings *settings, const Ledger *ledger, const DueZone *zone,
                       ProtectionFact *fact)
{
    const DuePlan plan = due_plan(settings);
    DueLook look;
    due_look(&plan, zone, ledger, facts->now, &look);
    if (!plan.on) {
        say(fact, FACT_MISSING, 0, mem_strdup("the schedule is switched off"), "Switch the schedule on.");
        return;
    }
    if (is_without_ledger(facts)) {
        say(fact, FACT_MISSING, 0, uncapitalized(facts->slot),
            "See to it that this user may read and write schedule_ledger.json; the next run replaces a damaged one.");
        return;
    }
    const LedgerSlot *left = look.slot == 0 ? left_behind(ledger, facts->now) : NULL;
    if (left != NULL && !made_since(facts, left->moment)) {
        char *what = left_text(left, zone, facts->now);
        say(fact, FACT_MISSING, left->moment, mem_printf("the backup of %s", what), "Make a backup now.");
        mem_free(what);
        return;
    }
    if (look.slot == 0) {
        char *next = look.next ? due_slot_text(zone, look.next, facts->now) : mem_strdup("never");
        say(fact, FACT_HOLDS, 0, mem_printf("no backup was due yet; the first is due %s", next), NULL);
        mem_free(next);
        return;
    }
    char *when = due_slot_text(zone, look.slot, facts->now);
    const char *waits = waiting_why(ledger, settings->wait_days, look.slot, facts->now);
    if (look.done) {
        say(fact, FACT_HOLDS, look.slot, mem_printf("the backup of %s was made", when), NULL);
    } else if (made_since(facts, look.slot)) {
        say(fact, FACT_HOLDS, look.slot,
            mem_printf("the backup of %s %s, and one was made since", when,
                       look.entry && look.entry->state == SLOT_FAILED ? "failed" : "was not made"), NULL);
    } else if (look.entry && look.entry->state == SLOT_FAILED) {
        judge_failed(&look, zone, facts->now, when, fact);
    } else if (look.paused) {
        char *until = due_slot_text(zone, look.paused, facts->now);
        say(fact, FACT_MISSING, look.slot, mem_printf("the schedule is paused until %s", until),
            "Resume the schedule, or make a backup now.");
        mem_free(until);
    } else if (waits) {
        judge_waits(&look, settings, ledger, zone, facts->now, waits, fact);
    } else {
        say(fact, FACT_MISSING, look.slot, mem_printf("the backup of %s was not made", when), "Make a backup now.");
    }
    mem_free(when);
}

/* Slots were run, but who sees to it that the next one is? */
static void judge_task(const char *task, ProtectionFact *fact)
{
    if (task != NULL && fact->state == FACT_HOLDS) {
        mem_free(fact->text);
        mem_free(fact->mend);
        say(fact, FACT_MISSING, 0, mem_strdup(task), PROTECTION_SAVE);
    }
}

/* --- the others ------------------------------------------------------------------------------------------ */

static void judge_verified(const HealthFacts *facts, ProtectionFact *fact)
{
    const CatalogEntry *last = facts->configured ? health_newest(facts, false) : NULL;
    if (!last) {
        say(fact, FACT_MISSING, 0,
            mem_strdup(facts->configured ? "there is no backup of this database" : "no database is connected"),
            facts->configured ? "Make a backup now." : "Connect the database.");
        return;
    }
    char *when = ago(last->created, facts->now);
    if (catalog_is_good(last)) {
        say(fact, FACT_HOLDS, last->created, mem_printf("made %s: %s", when, last->name), NULL);
    } else {
        const bool again = last->level == LEVEL_BAD || last->level == LEVEL_READ;
        say(fact, FACT_MISSING, last->created,
            mem_printf("the newest backup (%s) is %s: %s", when,
                       last->level == LEVEL_BAD ? "damaged" : "not verified", last->name),
            again ? "Make a backup now." : "Verify it.");
    }
    mem_free(when);
}

static bool is_there(const CatalogEntry *entry)
{
    return entry && entry->copy && entry->copy->state == COPY_THERE;
}

/* The copy of the newest good backup is what counts: an older one is not what would be wanted back. */
static void judge_copy(const HealthFacts *facts, const Settings *settings, ProtectionFact *fact)
{
    const bool asked = settings->upload_after_backup;
    const CatalogEntry *good = health_newest(facts, true);
    const Copy *copy = good ? good->copy : NULL;
    if (is_there(good)) {
        char *when = ago(copy->when, facts->now);
        say(fact, FACT_HOLDS, copy->when,
            mem_printf("on SharePoint%s%s, compared %s%s%s%s: %s", copy->place ? ", " : "",
                       copy->place ? copy->place : "", when, copy->hash ? "" : " by its size alone",
                       copy->key ? ", encrypted for " : "", copy->key ? copy->key : "", good->name), NULL);
        mem_free(when);
    } else if (!asked && facts->copies_known && !settings_knows(settings, "upload_after_backup")) {
        say(fact, FACT_MISSING, 0,
            mem_printf("whether a copy off-site is asked for is not known: %s", settings->unsure),
            "Look at the settings, and save them.");
    } else if (!asked) {
        say(fact, FACT_NOT_ASKED, 0, mem_strdup("no copy off-site is asked for"), NULL);
    } else if (!good) {
        say(fact, FACT_MISSING, 0, mem_strdup("there is no verified backup that could have a copy"),
            "Make a backup now.");
    } else if (facts->copies_unread) {
        say(fact, FACT_MISSING, 0,
            mem_printf("whether the newest verified backup has a copy off-site is not known now: %s", good->name),
            "See to it that this user may read offsite_copies.json.");
    } else if (copy && copy->text) {
        say(fact, FACT_MISSING, copy->when,
            mem_printf("the newest verified backup waits for its copy: %s: %s", good->name, copy->text),
            "It goes on with the next run of the schedule; or upload it now.");
    } else {
        say(fact, FACT_MISSING, 0, mem_printf("the newest verified backup has no copy off-site: %s", good->name),
            "Upload it to SharePoint.");
    }
}

static void judge_proof(const HealthFacts *facts, int days, ProtectionFact *fact)
{
    const CatalogEntry *proof = health_newest_proof(facts);
    char *when = proof ? ago(proof->proven, facts->now) : NULL;
    if (days == 0) {
        say(fact, FACT_NOT_ASKED, proof ? proof->proven : 0,
            proof ? mem_printf("no proof is asked for; the last was made %s", when)
                  : mem_strdup("no proof is asked for"), NULL);
    } else if (!proof) {
        say(fact, FACT_MISSING, 0, mem_strdup("no backup of this database was proven yet"), "Prove the newest backup.");
    } else if (facts->now - proof->proven > (int64_t)days * DAY) {
        say(fact, FACT_MISSING, proof->proven,
            mem_printf("the last proof was made %s, and may be %d days old: %s", when, days, proof->name),
            "Prove the newest backup.");
    } else {
        say(fact, FACT_HOLDS, proof->proven, mem_printf("proven %s: %s", when, proof->name), NULL);
    }
    mem_free(when);
}

/* A file that was busy once is nobody's concern. Caller frees both. */
static char *unread_text(const HealthFacts *facts, const Ledger *ledger, char **name)
{
    for (size_t i = 0; i < facts->catalog->count; i++) {
        const LedgerUnread *unread = ledger_unread(ledger, facts->catalog->entries[i].name);
        if (unread != NULL && unread->tried <= facts->now && unread->tried - unread->since >= UNREAD_LONG) {
            char *when = ago(unread->since, facts->now);
            char *text = mem_printf("the check could not read %s, first %s: %s", unread->file, when, unread->why);
            mem_free(when);
            *name = mem_strdup(unread->file);
            return text;
        }
    }
    return NULL;
}

void protection_judge(const HealthFacts *facts, const Settings *settings, const Ledger *ledger, const DueZone *zone,
                      Protection *protection)
{
    Health health;
    protection_release(protection);
    judge_slot(facts, settings, ledger, zone, &protection->facts[FACT_SLOT]);
    judge_task(facts->task, &protection->facts[FACT_SLOT]);
    judge_verified(facts, &protection->facts[FACT_VERIFIED]);
    judge_copy(facts, settings, &protection->facts[FACT_COPY]);
    protection->copy_asked = settings->upload_after_backup;
    judge_proof(facts, settings->prove_within_days, &protection->facts[FACT_PROOF]);
    /* A shrink alarm that waits, a disk that is full: who has the facts is not protected by them for long. */
    health_init(&health);
    health_judge(facts, &health);
    protection->unread = unread_text(facts, ledger, &protection->unread_name);
    protection->holds = health.state == HEALTH_GOOD && protection->unread == NULL;
    health_release(&health);
    for (size_t i = 0; i < FACT_COUNT; i++) {
        protection->holds = protection->holds && protection->facts[i].state != FACT_MISSING;
    }
}

/* What is missing that health does not look at, the worst first; NULL: nothing. Caller frees. */
static char *find_missing(const HealthFacts *facts, const Protection *protection, const char *task, Health *health)
{
    const ProtectionFact *slot = &protection->facts[FACT_SLOT], *proof = &protection->facts[FACT_PROOF];
    const ProtectionFact *copy = &protection->facts[FACT_COPY];
    const CatalogEntry *good = health_newest(facts, true);
    /* A slot that was not run is health's to say, which knows whether the schedule was ever used here. */
    if (slot->state == FACT_MISSING && slot->when == 0 && (task == NULL || strcmp(slot->text, task) != 0)) {
        health->mend = MEND_SCHEDULE;
        return mem_strdup(slot->text);
    }
    if (task != NULL) {
        health->mend = MEND_SCHEDULE;
        return mem_printf("the schedule: %s", task);
    }
    /* Whether one is asked for may not be known: that is for who mends the settings, and is told there. Nor is it for
     * the band where nobody could look, or it is on its way. */
    if (copy->state == FACT_MISSING && good != NULL && protection->copy_asked && !facts->copies_unread &&
        !facts->uploading) {
        health->mend = MEND_COPY;
        health->name = mem_strdup(good->name);
        return mem_strdup("its copy is not on SharePoint yet");
    }
    if (proof->state == FACT_MISSING) {
        health->mend = MEND_PROVE;
        health->name = mem_strdup(good ? good->name : NULL);
        return mem_strdup(proof->text);
    }
    return NULL;
}

void protection_tell(const HealthFacts *facts, const Protection *protection, const char *task, const DueZone *zone,
                     int64_t next, Health *health)
{
    if (health->state != HEALTH_GOOD) {
        return;
    }
    char *missing = find_missing(facts, protection, task, health), *told = NULL;
    if (missing != NULL) {
        health->state = HEALTH_WARNING;
        told = mem_printf("Not quite p%s; %s", health->text + 1, missing); /* "Protected: " */
    } else if (protection->unread != NULL) {
        health->state = HEALTH_WARNING;
        health->mend = MEND_SHOW;
        health->name = mem_strdup(protection->unread_name);
        told = mem_printf("%s; but %s", health->text, protection->unread);
    } else if (facts->silent != NULL) { /* this computer is, but somebody has to look after another */
        health->state = HEALTH_WARNING;
        health->mend = MEND_SETTINGS;
        told = mem_printf("%s; but %s", health->text, facts->silent);
    } else if (next != 0) {
        char *when = due_slot_text(zone, next, facts->now);
        told = mem_printf("%s; next %s", health->text, when);
        mem_free(when);
    }
    if (told != NULL) {
        mem_free(health->text);
        health->text = told;
    }
    mem_free(missing);
}

static char *ledger_problem(const Error *why)
{
    char *text = error_text(why);
    if (*text >= 'a' && *text <= 'z') {
        *text = (char)(*text - 'a' + 'A');
    }
    return text;
}

/* What is due just now will be run in a moment, and where nothing is known of it yet the slot before it is told: else
 * a schedule that fails would be called protected for an hour after each of its times. */
static void look_at_settled(const DuePlan *plan, const Ledger *ledger, int wait_days, int64_t now, DueLook *look)
{
    due_look(plan, &due_here, ledger, now, look);
    const int64_t paused = look->paused;
    while (look->slot && !look->done && !look->entry && now - look->slot <= HOUR &&
           !waiting_why(ledger, wait_days, look->slot, now)) {
        due_look(plan, &due_here, ledger, look->slot - 1, look);
    }
    look->paused = paused;
}

static char *slot_problem(const DueLook *look, const Ledger *ledger, int wait_days, int64_t now)
{
    const char *waits = waiting_why(ledger, wait_days, look->slot, now);
    if (!look->slot || look->done) {
        return NULL;
    }
    const bool failed = look->entry && look->entry->state == SLOT_FAILED;
    char *when = due_slot_text(&due_here, look->slot, now);
    char *until = look->paused ? due_slot_text(&due_here, look->paused, now) : NULL;
    char *problem = failed  ? mem_printf("The scheduled backup of %s failed: %s", when,
                                         look->entry->text ? look->entry->text : "it is not known why")
                    : until ? mem_printf("The schedule is paused until %s, and the backup of %s was not made", until,
                                         when)
                    : waits ? mem_printf("The scheduled backup of %s waits: %s", when, waits)
                            : mem_printf("The scheduled backup of %s was not made", when);
    mem_free(until);
    mem_free(when);
    return problem;
}

char *protection_slot_problem(const char *folder, const Settings *settings, int64_t now, int64_t *slot_at)
{
    Ledger ledger;
    DueLook look;
    Error why = ERROR_INIT;
    char *problem = NULL;
    ledger_init(&ledger);
    const DuePlan plan = due_plan(settings);
    const bool read = ledger_load(folder, false, &ledger, &why);
    if (!read || ledger.notice) {
        problem = !plan.on ? NULL : read ? mem_strdup(ledger.notice) : ledger_problem(&why);
        *slot_at = INT64_MAX;
    } else if (ledger_begun(&ledger)) {
        look_at_settled(&plan, &ledger, settings->wait_days, now, &look);
        const LedgerSlot *left = plan.on && look.slot == 0 ? left_behind(&ledger, now) : NULL;
        char *what = left ? left_text(left, &due_here, now) : NULL;
        problem = left ? mem_printf("The scheduled backup of %s", what)
                       : slot_problem(&look, &ledger, settings->wait_days, now);
        *slot_at = left ? left->moment : look.slot;
        mem_free(what);
    }
    error_clear(&why);
    ledger_release(&ledger);
    return problem;
}
