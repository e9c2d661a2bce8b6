/* opening.c: one way in; nothing is asked of a server, and of a person nothing either. */
#include "jobs/opening.h"

#include "base/mem.h"
#include "store/folder.h"

void opening_init(Opening *opening)
{
    *opening = (Opening){.lock_minutes = USERPROFILE_LOCK_MINUTES};
    settings_init(&opening->settings);
    connection_init(&opening->connection);
}

void opening_release(Opening *opening)
{
    mem_free(opening->folder);
    mem_free(opening->fallback);
    settings_release(&opening->settings);
    connection_release(&opening->connection);
    *opening = (Opening){.lock_minutes = USERPROFILE_LOCK_MINUTES};
}

static bool open_folder(const OpeningSpec *spec, Opening *opening, Error *err)
{
    switch (spec->use) {
    case OPENING_NO_FOLDER: return true;
    case OPENING_READS: return folder_find(spec->folder, &opening->folder, err);
    case OPENING_WRITES: return folder_choose(spec->folder, &opening->folder, NULL, err);
    case OPENING_WRITES_ANYWHERE: break;
    case OPENING_TAKES_ANY:
        if (folder_find(spec->folder, &opening->folder, NULL)) {
            return true;
        }
        break;
    }
    return folder_choose(spec->folder, &opening->folder, &opening->fallback, err);
}

static bool open_settings(const OpeningSpec *spec, const JobSink *sink, Opening *opening, Error *err)
{
    if (!spec->settings) {
        return true;
    }
    if (!settings_load(opening->folder, &opening->settings, err)) {
        return false;
    }
    if (opening->settings.notice) {
        job_log(sink, LOG_WARNING, "%s", opening->settings.notice);
    }
    return true;
}

/* Whether what was said apart from the profile names the host: a database's name alone would be taken for one on this
 * computer when the profile that says where it is cannot be read. */
static bool says_host(const OpeningSpec *spec, Error *err, bool *host)
{
    static const ConnectionSwitches none = {0};
    Connection said;
    connection_init(&said);
    if (spec->environment) {
        connection_overlay(&said, spec->environment);
    }
    const bool ok = userprofile_add_switches(spec->switches ? spec->switches : &none, &said, err);
    *host = said.host != NULL;
    connection_release(&said);
    return ok;
}

static bool open_connection(const OpeningSpec *spec, const JobSink *sink, Opening *opening, Error *err)
{
    static const ConnectionSwitches none = {0};
    UserProfile profile;
    Connection nothing;
    Error broken = ERROR_INIT;
    bool ok = true, host = true;
    userprofile_init(&profile);
    connection_init(&nothing);
    const bool loaded = userprofile_load(&profile, &broken);
    if (loaded && profile.notice) {
        job_log(sink, LOG_WARNING, "%s", profile.notice);
    }
    opening->lock_minutes = profile.lock_minutes;
    if (spec->chosen && userprofile_is_configured(spec->chosen)) {
        connection_copy(&opening->connection, spec->chosen);
    } else {
        ok = (loaded || says_host(spec, err, &host)) &&
             (!host || userprofile_connection(&profile, spec->environment ? spec->environment : &nothing,
                                              spec->switches ? spec->switches : &none, &opening->connection, err));
        if (ok && !host && !spec->without_database) {
            ok = error_move(err, &broken);
        }
    }
    if (ok && broken.kind != EK_NONE) {
        char *text = error_text(&broken);
        job_log(sink, LOG_WARNING, "%s", text);
        mem_free(text);
    }
    opening->configured = ok && userprofile_is_configured(&opening->connection);
    error_clear(&broken);
    connection_release(&nothing);
    userprofile_release(&profile);
    return ok;
}

bool opening_open(const OpeningSpec *spec, const JobSink *sink, Opening *opening, Error *err)
{
    Opening opened;
    opening_init(&opened);
    if (!open_folder(spec, &opened, err) || !open_settings(spec, sink, &opened, err) ||
        !open_connection(spec, sink, &opened, err)) {
        opening_release(&opened);
        return false;
    }
    opening_release(opening);
    *opening = opened;
    return true;
}
