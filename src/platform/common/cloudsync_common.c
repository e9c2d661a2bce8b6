#include "platform/cloudsync.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/fs.h"
#include "platform/machine.h"

#define FAKE_MAX 65536u

enum { PLACEHOLDER = 1, ROOT = 2, IN_SYNC = 8 };                                          /* CF_PLACEHOLDER_STATE_* */
enum { STATE_NONE, STATE_SPARSE, STATE_IN_SYNC, STATE_PINNED, STATE_PENDING_UPLOAD, STATE_PENDING_DOWNLOAD,
       STATE_TRANSFERRING, STATE_ERROR, STATE_WARNING, STATE_EXCLUDED, STATE_PENDING };   /* STORAGEPROVIDERSTATE_* */
enum { NEEDS_UPLOAD = 1, TRANSFERRING = 4, PAUSED = 8, HAS_ERROR = 16, EXCLUDED = 256 };  /* STS_* */
enum { QUOTA = 2, AUTHENTICATION = 4, METERED = 8, DISK = 16, CLIENT_POLICY = 32, SERVICE_POLICY = 64,
       UNAVAILABLE = 128, BY_USER = 256 };                                                /* SESF_* */

void cloudsync_facts_init(CloudSyncFacts *facts)
{
    *facts = (CloudSyncFacts){-1, -1, -1, -1, NULL};
}

void cloudsync_facts_release(CloudSyncFacts *facts)
{
    mem_free(facts->provider);
    cloudsync_facts_init(facts);
}

static bool has(int64_t bits, int64_t bit)
{
    return bits > 0 && (bits & bit) != 0;
}

/* Two sources that contradict each other: not in sync. */
CloudSyncState cloudsync_state(const CloudSyncFacts *facts)
{
    const bool placeholder_known = facts->placeholder >= 0 && has(facts->placeholder, PLACEHOLDER);
    const bool state_known = facts->state > STATE_NONE;
    if (facts->state == STATE_ERROR || facts->state == STATE_EXCLUDED || has(facts->transfer, HAS_ERROR | EXCLUDED)) {
        return CLOUDSYNC_FAILED;
    }
    if (facts->state == STATE_TRANSFERRING || has(facts->transfer, TRANSFERRING)) {
        return CLOUDSYNC_MOVING;
    }
    if (facts->state == STATE_PENDING_UPLOAD || facts->state == STATE_PENDING || facts->state == STATE_WARNING ||
        has(facts->transfer, NEEDS_UPLOAD)) {
        return CLOUDSYNC_WAITING;
    }
    const bool by_state = facts->state >= STATE_SPARSE && facts->state <= STATE_PINNED;
    const bool by_placeholder = placeholder_known && has(facts->placeholder, IN_SYNC);
    if ((by_state || by_placeholder) && (by_state || !state_known) && (by_placeholder || facts->placeholder < 0)) {
        return CLOUDSYNC_DONE;
    }
    return placeholder_known || state_known || facts->provider != NULL ? CLOUDSYNC_WAITING : CLOUDSYNC_NONE;
}

/* What a person has to do comes first. */
CloudSyncTrouble cloudsync_trouble(const CloudSyncFacts *facts)
{
    static const struct {
        int64_t bit;
        CloudSyncTrouble trouble;
    } rows[] = {{AUTHENTICATION, CLOUDSYNC_SIGNED_OUT},
                {QUOTA, CLOUDSYNC_FULL},
                {DISK, CLOUDSYNC_DISK_FULL},
                {BY_USER, CLOUDSYNC_PAUSED},
                {METERED, CLOUDSYNC_METERED},
                {CLIENT_POLICY | SERVICE_POLICY, CLOUDSYNC_POLICY},
                {UNAVAILABLE, CLOUDSYNC_UNAVAILABLE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (has(facts->engine, rows[i].bit)) {
            return rows[i].trouble;
        }
    }
    return has(facts->transfer, PAUSED) ? CLOUDSYNC_PAUSED : CLOUDSYNC_FINE;
}

bool cloudsync_is_managed(const CloudSyncFacts *facts)
{
    return facts->provider != NULL || has(facts->placeholder, PLACEHOLDER | ROOT) || facts->state > STATE_NONE;
}

bool cloudsync_is_online_only(const CloudSyncFacts *facts)
{
    return facts->state == STATE_SPARSE;
}

static const struct {
    const char *words, *remedy;
} troubles[] = {
    {NULL, NULL},
    {"OneDrive is paused", "Click its cloud beside the clock, and let it go on."},
    {"OneDrive waits, because the line is metered", "Use another line, or let OneDrive sync on this one."},
    {"the space that OneDrive has in the cloud is used up", "Make room there: old files, and the recycle bin."},
    {"OneDrive waits, because the disk of this PC is full", "Make room on the disk."},
    {"OneDrive is signed out", "Sign in to OneDrive: its cloud beside the clock."},
    {"OneDrive is held by a rule of your organisation or of Microsoft", "Ask your IT administrator."},
    {"OneDrive does not reach Microsoft", "Check the internet connection."},
};

const char *cloudsync_words(CloudSyncTrouble trouble)
{
    return troubles[trouble].words;
}

const char *cloudsync_remedy(CloudSyncTrouble trouble)
{
    return troubles[trouble].remedy;
}

char *cloudsync_name(const CloudSyncFacts *facts)
{
    const size_t len = facts->provider == NULL ? 0 : strcspn(facts->provider, "!|");
    return len == 0 ? mem_strdup("the sync client") : mem_strndup(facts->provider, len);
}

/* --- the fake --------------------------------------------------------------------------------------------- */

static bool number_of(const char *line, const char *name, int64_t *value)
{
    const size_t len = strlen(name);
    if (strncmp(line, name, len) != 0 || line[len] != '=') {
        return false;
    }
    *value = strtoll(line + len + 1, NULL, 10);
    return true;
}

bool cloudsync_fake(const char *path, CloudSyncFacts *facts, bool *ok, Error *err)
{
    char *file = machine_getenv("CMMS_BACKUP_FAKE_SYNC");
    StrBuf text;
    FsInfo info;
    if (file == NULL || file[0] == '\0') {
        mem_free(file);
        return false;
    }
    strbuf_init(&text, FAKE_MAX);
    *ok = fs_stat(path, &info, err) && fs_read_all(file, FAKE_MAX, &text, err);
    cloudsync_facts_release(facts);
    for (char *line = text.buf; *ok && *line != '\0';) {
        const size_t len = strcspn(line, "\r\n");
        char *own = mem_strndup(line, len);
        if (!number_of(own, "placeholder", &facts->placeholder) && !number_of(own, "state", &facts->state) &&
            !number_of(own, "transfer", &facts->transfer) && !number_of(own, "engine", &facts->engine) &&
            strncmp(own, "provider=", 9) == 0) {
            mem_free(facts->provider);
            facts->provider = mem_strdup(own + 9);
        }
        mem_free(own);
        line += len;
        line += strspn(line, "\r\n");
    }
    strbuf_release(&text);
    mem_free(file);
    return true;
}
