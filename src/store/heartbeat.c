#include "store/heartbeat.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/clock.h"

#define VERSION 1
#define PREFIX "cmms_heartbeat_"
#define SUFFIX ".json"
#define HOURS_MAX (62 * 24) /* of a monthly schedule, and more */
#define DAY 86400
#define WITHOUT_MAX ((int64_t)100 * 366 * DAY) /* of which a word is said */
#define SHOWN 5u /* names in a sentence */
#define PLACE_MAX 4000u
#define NAME_HASH 4u /* hex digits */
#define NAME_CUT (HEARTBEAT_NAME - NAME_HASH - 2)

static const char in_names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

/* --- one heartbeat ---------------------------------------------------------------------------------------- */

static void take_name(const char *name, char computer[HEARTBEAT_NAME])
{
    size_t len = 0;
    bool whole = true;
    for (; name[len] != '\0' && len < HEARTBEAT_NAME - 1; len++) {
        const bool fits = strchr(in_names, name[len]) != NULL;
        computer[len] = fits ? name[len] : '_';
        whole = whole && fits;
    }
    if (!whole || name[len] != '\0') { /* else two PCs could be one, and the one that lives would hide the other */
        char hex[65];
        Sha256 *hash = sha256_new();
        sha256_update(hash, name, strlen(name));
        sha256_finish(hash, hex);
        len = len > NAME_CUT ? NAME_CUT : len;
        computer[len] = '-';
        memcpy(computer + len + 1, hex, NAME_HASH);
        len += 1 + NAME_HASH;
    }
    computer[len] = '\0';
}

static bool is_name(const char *name)
{
    const size_t len = strlen(name);
    return len > 0 && len < HEARTBEAT_NAME && strspn(name, in_names) == len && name[0] != '.' && name[len - 1] != '.';
}

char *heartbeat_file(const char *computer)
{
    char name[HEARTBEAT_NAME];
    take_name(computer, name);
    return mem_printf(PREFIX "%s" SUFFIX, name);
}

bool heartbeat_computer(const char *file, char computer[HEARTBEAT_NAME])
{
    const size_t len = strlen(file), head = sizeof PREFIX - 1, tail = sizeof SUFFIX - 1;
    if (len <= head + tail || strncmp(file, PREFIX, head) != 0 || strcmp(file + len - tail, SUFFIX) != 0) {
        return false;
    }
    char *name = mem_strndup(file + head, len - head - tail);
    const bool ok = is_name(name);
    if (ok) {
        take_name(name, computer);
    }
    mem_free(name);
    return ok;
}

static void add_time(cJSON *object, const char *name, int64_t moment)
{
    if (moment > 0) {
        char *text = clock_iso_text(moment);
        json_set_string(object, name, text);
        mem_free(text);
    }
}

static int64_t get_time(const cJSON *object, const char *name)
{
    int64_t moment = 0;
    const char *text = json_string(object, name, NULL);
    return text != NULL && clock_parse_iso(text, &moment) && moment > 0 ? moment : 0;
}

static int get_hours(const cJSON *object)
{
    const int64_t hours = json_int(object, "hours", 0);
    return hours < 1 || hours > HOURS_MAX ? 0 : (int)hours;
}

static int64_t get_without(const cJSON *object)
{
    const int64_t seconds = json_int(object, "without", 0);
    return seconds < 0 || seconds > WITHOUT_MAX ? 0 : seconds;
}

char *heartbeat_text(const Heartbeat *beat)
{
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "version", VERSION);
    json_set_string(document, "computer", beat->computer);
    add_time(document, "at", beat->at);
    add_time(document, "good", beat->good);
    json_set_int(document, "hours", beat->hours);
    json_set_bool(document, "retired", beat->retired);
    char *text = json_text(document);
    cJSON_Delete(document);
    return text;
}

bool heartbeat_parse(const char *bytes, size_t len, const char *computer, Heartbeat *beat, Error *err)
{
    cJSON *document = NULL;
    const bool ok = len <= HEARTBEAT_MAX && json_parse(bytes, len, &document, NULL) && cJSON_IsObject(document) &&
                    json_int(document, "version", 0) == VERSION &&
                    utf8_casecmp(json_string(document, "computer", ""), computer) == 0;
    if (ok) {
        *beat = (Heartbeat){.at = get_time(document, "at"),
                            .good = get_time(document, "good"),
                            .hours = get_hours(document),
                            .retired = json_bool(document, "retired", false)};
        take_name(computer, beat->computer);
    } else {
        error_set(err, EK_DAMAGED, "the heartbeat of %s is damaged", computer);
    }
    cJSON_Delete(document);
    return ok;
}

/* --- what was seen ---------------------------------------------------------------------------------------- */

void seen_init(SeenComputers *seen)
{
    *seen = (SeenComputers){.place = NULL};
}

void seen_release(SeenComputers *seen)
{
    mem_free(seen->place);
    mem_free(seen->problem);
    mem_free(seen->computers);
    seen_init(seen);
}

static SeenComputer *find(const SeenComputers *seen, const char *computer)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (utf8_casecmp(seen->computers[i].computer, computer) == 0) {
            return &seen->computers[i];
        }
    }
    return NULL;
}

const SeenComputer *seen_find(const SeenComputers *seen, const char *computer)
{
    return find(seen, computer);
}

/* NULL: there are too many. */
static SeenComputer *add(SeenComputers *seen, const char *computer)
{
    if (seen->count >= HEARTBEAT_COMPUTERS) {
        return NULL;
    }
    mem_grow((void **)&seen->computers, &seen->capacity, seen->count + 1, sizeof *seen->computers);
    SeenComputer *made = &seen->computers[seen->count++];
    *made = (SeenComputer){.last = 0};
    take_name(computer, made->computer);
    return made;
}

static int by_name(const void *a, const void *b)
{
    return utf8_casecmp(((const SeenComputer *)a)->computer, ((const SeenComputer *)b)->computer);
}

static void sort(SeenComputers *seen)
{
    if (seen->count > 0) {
        qsort(seen->computers, seen->count, sizeof *seen->computers, by_name);
    }
}

char *seen_text(const SeenComputers *seen)
{
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "version", VERSION);
    json_set_string(document, "place", seen->place);
    add_time(document, "looked", seen->looked);
    add_time(document, "looked_here", seen->looked_here);
    json_set_int(document, "strange", (int64_t)seen->strange);
    json_set_string(document, "problem", seen->problem);
    cJSON *list = cJSON_AddArrayToObject(document, "computers");
    for (size_t i = 0; i < seen->count; i++) {
        const SeenComputer *computer = &seen->computers[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        json_set_string(item, "computer", computer->computer);
        json_set_string(item, "print", computer->print);
        add_time(item, "last", computer->last);
        json_set_int(item, "hours", computer->hours);
        json_set_int(item, "without", computer->without);
        add_time(item, "bare", computer->bare);
        json_set_bool(item, "retired", computer->retired);
        json_set_bool(item, "damaged", computer->damaged);
    }
    char *text = json_text(document);
    cJSON_Delete(document);
    return text;
}

bool seen_parse(const char *bytes, size_t len, SeenComputers *seen)
{
    cJSON *document = NULL;
    const bool ok = json_parse(bytes, len, &document, NULL) && json_int(document, "version", 0) == VERSION;
    if (ok) {
        const cJSON *item;
        const char *place = json_string(document, "place", NULL);
        const int64_t strange = json_int(document, "strange", 0);
        seen_release(seen);
        seen->place = place != NULL && strlen(place) <= PLACE_MAX ? mem_strdup(place) : NULL;
        seen->problem = mem_strdup(json_string(document, "problem", NULL));
        seen->looked = get_time(document, "looked");
        seen->looked_here = get_time(document, "looked_here");
        seen->strange = strange > 0 && strange < 1000000 ? (unsigned)strange : 0;
        cJSON_ArrayForEach(item, cJSON_GetObjectItem(document, "computers")) {
            const char *name = json_string(item, "computer", "");
            const char *print = json_string(item, "print", "");
            SeenComputer *computer = is_name(name) && find(seen, name) == NULL ? add(seen, name) : NULL;
            if (computer != NULL) {
                computer->last = get_time(item, "last");
                computer->hours = get_hours(item);
                computer->without = get_without(item);
                computer->bare = get_time(item, "bare");
                computer->retired = json_bool(item, "retired", false);
                computer->damaged = json_bool(item, "damaged", false);
                memcpy(computer->print, print, strlen(print) < sizeof computer->print ? strlen(print) + 1 : 0);
            }
        }
        sort(seen);
    }
    cJSON_Delete(document);
    return ok;
}

/* --- a look ----------------------------------------------------------------------------------------------- */

void seen_begin(SeenComputers *seen, const char *place, int64_t now, SeenLook *look)
{
    if (seen->place == NULL || strcmp(seen->place, place) != 0) {
        seen_release(seen);
        seen->place = mem_strdup(place);
    }
    seen->strange = 0;
    *look = (SeenLook){.seen = seen, .now = now, .before = seen->looked,
                       .there = mem_array(HEARTBEAT_COMPUTERS, sizeof *look->there),
                       .there_count = HEARTBEAT_COMPUTERS};
    if (look->before > now) { /* the place's clock was set back: the look before says nothing of when */
        look->before = now;
    }
}

static void print_of(const char *tag, char print[65])
{
    Sha256 *hash = sha256_new();
    sha256_update(hash, tag, strlen(tag));
    sha256_finish(hash, print);
}

bool seen_is_new(const SeenLook *look, const char *file, const char *tag)
{
    char name[HEARTBEAT_NAME], print[65];
    if (!heartbeat_computer(file, name)) {
        return false;
    }
    const SeenComputer *known = find(look->seen, name);
    print_of(tag, print);
    return known == NULL || strcmp(known->print, print) != 0;
}

static void is_there(const SeenLook *look, const SeenComputer *computer)
{
    look->there[computer - look->seen->computers] = true;
}

void seen_same(SeenLook *look, const char *file)
{
    char name[HEARTBEAT_NAME];
    const SeenComputer *known = heartbeat_computer(file, name) ? find(look->seen, name) : NULL;
    if (known != NULL) {
        is_there(look, known);
    }
}

/* When it lived: as the file says, but after the look before this one, and not after now. */
static int64_t lived(const SeenLook *look, const SeenComputer *known, const Heartbeat *beat, int64_t modified)
{
    int64_t moment = beat->at <= look->now && beat->at > modified ? beat->at : modified;
    if (moment == 0 || moment > look->now) {
        moment = beat->at != 0 && beat->at <= look->now ? beat->at : look->now;
    }
    if (known->print[0] != '\0' && moment < look->before) {
        moment = look->before;
    }
    return moment > known->last || known->last > look->now ? moment : known->last;
}

/* After `last`. What cannot be, because a clock was set in between, says nothing. */
static void look_how_good(SeenComputer *known, const Heartbeat *beat)
{
    if (beat->retired || beat->good != 0 || beat->at == 0) {
        known->bare = 0;
    } else if (known->bare == 0 || known->bare > known->last) {
        known->bare = known->last;
    }
    const int64_t without = known->bare != 0                        ? known->last - known->bare
                            : beat->good != 0 && beat->at > beat->good ? beat->at - beat->good
                                                                       : 0;
    known->without = !beat->retired && without <= WITHOUT_MAX ? without : 0;
}

void seen_file(SeenLook *look, const char *file, const char *tag, int64_t modified, const char *bytes, size_t len)
{
    char name[HEARTBEAT_NAME];
    Heartbeat beat;
    if (!heartbeat_computer(file, name)) {
        return;
    }
    SeenComputer *known = find(look->seen, name);
    const bool good = bytes != NULL && heartbeat_parse(bytes, len, name, &beat, NULL);
    if (known == NULL && good) {
        known = add(look->seen, name);
    }
    if (known == NULL) { /* nobody is made known by what cannot be read */
        look->seen->strange++;
        return;
    }
    is_there(look, known);
    known->damaged = !good;
    if (!good) {
        return; /* its print stays: what comes after is new */
    }
    if (!beat.retired) { /* who retires a PC writes in its file, and that is no sign of life */
        known->last = lived(look, known, &beat, modified);
    } else if (known->last == 0) {
        known->last = beat.at != 0 && beat.at <= look->now ? beat.at : look->now;
    }
    known->retired = beat.retired;
    known->hours = beat.hours;
    look_how_good(known, &beat);
    print_of(tag, known->print);
}

void seen_end(SeenLook *look, int64_t now_here)
{
    SeenComputers *seen = look->seen;
    for (size_t i = 0; i < seen->count; i++) {
        seen->computers[i].damaged = seen->computers[i].damaged || !look->there[i];
    }
    seen->looked = look->now;
    seen->looked_here = now_here;
    seen_break_off(look);
}

void seen_break_off(SeenLook *look)
{
    mem_free(look->there);
    look->there = NULL;
    sort(look->seen);
}

/* --- what is said of it ----------------------------------------------------------------------------------- */

int64_t seen_silence(const SeenComputers *seen, const SeenComputer *computer, const char *here)
{
    char own[HEARTBEAT_NAME];
    take_name(here, own);
    const int64_t least = computer->hours * (int64_t)3600 > HEARTBEAT_SILENT ? computer->hours * (int64_t)3600
                                                                             : HEARTBEAT_SILENT;
    const int64_t silent = seen->looked - computer->last;
    return !computer->retired && utf8_casecmp(own, computer->computer) != 0 && silent >= least ? silent : 0;
}

int64_t seen_without(const SeenComputers *seen, const SeenComputer *computer, const char *here)
{
    char own[HEARTBEAT_NAME];
    take_name(here, own);
    const bool counts = !computer->retired && computer->hours > 0 && utf8_casecmp(own, computer->computer) != 0 &&
                        seen_silence(seen, computer, here) == 0;
    return counts && computer->without > computer->hours * (int64_t)3600 ? computer->without : 0;
}

static void add_name(StrBuf *sb, size_t at, size_t count, const char *name)
{
    const char *between = at == 0 ? "" : at + 1 == count ? " and " : ", ";
    strbuf_addf(sb, "%s%s", between, name);
}

typedef int64_t (*SeenFor)(const SeenComputers *seen, const SeenComputer *computer, const char *here);

static void add_since(StrBuf *text, const char *what, size_t count, int64_t shortest)
{
    const bool days = shortest >= 2 * DAY;
    strbuf_addf(text, " %s %s for %lld %s%s", count == 1 ? "has" : "have", what,
                (long long)(shortest / (days ? DAY : 3600)), days ? "days" : "hours", count == 1 ? "" : " or more");
}

/* Those of which `of` has something to say. `mark` is behind each one's name in `all`. */
static void add_computers(const SeenComputers *seen, const char *here, SeenFor of, const char *what, const char *mark,
                          StrBuf *text, StrBuf *all)
{
    size_t count = 0, at = 0;
    int64_t shortest = 0;
    for (size_t i = 0; i < seen->count; i++) {
        const int64_t since = of(seen, &seen->computers[i], here);
        count += since > 0;
        shortest = since > 0 && (shortest == 0 || since < shortest) ? since : shortest;
    }
    if (count == 0) {
        return;
    }
    const size_t shown = count > SHOWN ? SHOWN : count;
    strbuf_addstr(text, text->len > 0 ? "; " : "");
    for (size_t i = 0; i < seen->count; i++) {
        const SeenComputer *computer = &seen->computers[i];
        if (of(seen, computer, here) > 0) {
            strbuf_addf(all, "%s%s%s", all->len == 0 ? "" : " ", computer->computer, mark);
            if (at < shown) {
                add_name(text, at, count, computer->computer);
            }
            at++;
        }
    }
    if (count > shown) {
        strbuf_addf(text, " and %zu other computers", count - shown);
    }
    add_since(text, what, count, shortest);
}

char *seen_silent_text(const SeenComputers *seen, const char *here, char **names, int64_t now_here)
{
    StrBuf text, all;
    strbuf_init(&text, STRBUF_SMALL);
    strbuf_init(&all, STRBUF_LINE);
    add_computers(seen, here, seen_silence, "been silent", "", &text, &all);
    add_computers(seen, here, seen_without, "had no good backup", "!", &text, &all);
    const int64_t old = seen->looked_here > 0 ? (now_here - seen->looked_here) / DAY : 0;
    if (old > 0 && text.len > 0) {
        strbuf_addf(&text, ", as of %lld day%s ago", (long long)old, old == 1 ? "" : "s");
    }
    const bool any = text.len > 0;
    if (names != NULL && any) {
        *names = strbuf_detach(&all);
    } else {
        strbuf_release(&all);
    }
    char *told = any ? strbuf_detach(&text) : NULL;
    if (!any) {
        strbuf_release(&text);
    }
    return told;
}
