/*
 * manifest.c: the manifest as JSON, and back.
 *
 * Reading is strict, because everything that is believed about a backup rests on it: a member that is absent,
 * of another type or out of range makes the whole manifest unusable, and the backup "Not verified". Counts
 * that were not taken (-1) and moments that never came (0) are null in the file. What came later (`optional`) may be
 * absent, and is written only where there is something to say. Members that nobody here knows are kept as they are:
 * a newer version on another PC may need them.
 */
#include "store/manifest.h"

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "version.h"

#define MANIFEST_FORMAT 1
#define MANIFEST_MAX (512u * 1024u * 1024u) /* bytes: some three million tables */
#define EXACT_MAX 9007199254740992.0 /* 2^53: up to here every whole number has a double of its own */

static const struct {
    const char *name, *word;
} levels[] = {
    [LEVEL_NONE] = {"Not verified", "none"}, [LEVEL_LISTED] = {"Listed", "listed"},
    [LEVEL_READ] = {"Read", "read"}, [LEVEL_VERIFIED] = {"Verified", "verified"}, [LEVEL_PROVEN] = {"Proven", "proven"},
    [LEVEL_BAD] = {"Damaged", "damaged"},
};
#define LEVEL_COUNT (sizeof levels / sizeof levels[0])

const char *level_name(Level level)
{
    return (size_t)level < LEVEL_COUNT ? levels[level].name : levels[LEVEL_NONE].name;
}

const char *level_word(Level level)
{
    return (size_t)level < LEVEL_COUNT ? levels[level].word : levels[LEVEL_NONE].word;
}

/* Whether there is such a word. */
static bool find_level(const char *word, Level *level)
{
    for (size_t i = 0; word && i < LEVEL_COUNT; i++) {
        if (!strcmp(word, levels[i].word)) {
            *level = (Level)i;
            return true;
        }
    }
    return false;
}

bool level_is_good(Level level)
{
    return level == LEVEL_VERIFIED || level == LEVEL_PROVEN;
}

Level level_from_word(const char *word)
{
    Level level = LEVEL_NONE;
    find_level(word, &level);
    return level;
}

void manifest_init(Manifest *manifest)
{
    *manifest = (Manifest){
        .level = LEVEL_NONE, .large_objects = -1, .large_objects_expected = -1};
}

void manifest_release(Manifest *manifest)
{
    for (size_t i = 0; i < manifest->table_count; i++) {
        mem_free(manifest->tables[i].schema);
        mem_free(manifest->tables[i].name);
    }
    for (size_t i = 0; i < manifest->warning_count; i++) {
        mem_free(manifest->warnings[i]);
    }
    for (size_t i = 0; i < manifest->role_count; i++) {
        mem_free(manifest->roles[i]);
    }
    char *const texts[] = {manifest->file,           manifest->sha256,          manifest->quickxor,
                           manifest->database,       manifest->host,            manifest->user,
                           manifest->computer,       manifest->server_version,  manifest->tool_version,
                           manifest->archive_version, manifest->compression,    manifest->program_version,
                           manifest->pin_reason,     manifest->port,            manifest->system_identifier,
                           manifest->database_oid,   manifest->timeline,        manifest->alarm,
                           manifest->alarm_confirmed, manifest->contents,       manifest->restore_with,
                           manifest->tool_path,      manifest->log_hash};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        mem_free(texts[i]);
    }
    mem_free(manifest->tables);
    mem_free(manifest->warnings);
    mem_free(manifest->roles);
    cJSON_Delete(manifest->others);
    manifest_init(manifest);
}

bool manifest_is_adopted(const Manifest *manifest)
{
    return !manifest->computer && manifest->level != LEVEL_PROVEN;
}

/* Capacities are not kept: a list is grown when its count is zero or a power of two. */
static bool list_is_full(size_t count)
{
    return (count & (count - 1)) == 0;
}

void manifest_add_table(Manifest *manifest, const char *schema, const char *name, int64_t rows, int64_t expected,
                        uint64_t bytes)
{
    size_t count = manifest->table_count;
    if (list_is_full(count)) {
        manifest->tables = mem_resize(manifest->tables, count ? count * 2 : 1, sizeof *manifest->tables);
    }
    manifest->tables[count] = (TableCount){
        .schema = mem_strdup(schema), .name = mem_strdup(name), .rows = rows, .expected = expected, .bytes = bytes};
    manifest->table_count++;
}

static void add_text(char ***texts, size_t *count, const char *text)
{
    if (list_is_full(*count)) {
        *texts = mem_resize(*texts, *count ? *count * 2 : 1, sizeof **texts);
    }
    (*texts)[(*count)++] = mem_strdup(text);
}

void manifest_add_warning(Manifest *manifest, const char *text)
{
    add_text(&manifest->warnings, &manifest->warning_count, text);
}

void manifest_add_role(Manifest *manifest, const char *statement)
{
    add_text(&manifest->roles, &manifest->role_count, statement);
}

char *table_label(const char *schema, const char *name)
{
    const bool plain = !schema || !schema[0] || !strcmp(schema, "public");
    char *label = mem_printf("%s%s%s", plain ? "" : schema, plain ? "" : ".", name);
    for (char *c = label; *c; c++) { /* names are others' words */
        *c = (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c;
    }
    return label;
}

int64_t manifest_rows(const Manifest *manifest)
{
    int64_t sum = manifest->table_count ? -1 : 0;
    for (size_t i = 0; i < manifest->table_count; i++) {
        const int64_t rows = manifest->tables[i].rows;
        if (rows < 0) {
            continue;
        }
        sum = sum < 0 ? 0 : sum;
        sum = rows > INT64_MAX - sum ? INT64_MAX : sum + rows;
    }
    return sum;
}

Level manifest_level(const Manifest *manifest)
{
    if (manifest->proven_at > 0) {
        return LEVEL_PROVEN;
    }
    /* A manifest from before large objects were counted has neither of the two numbers. */
    bool compared = manifest->large_objects == manifest->large_objects_expected && !manifest->contents;
    for (size_t i = 0; compared && i < manifest->table_count; i++) {
        const TableCount *table = &manifest->tables[i];
        compared = table->expected >= 0 && table->rows == table->expected;
    }
    return compared ? LEVEL_VERIFIED : LEVEL_READ;
}

/* --- what came later ----------------------------------------------------------------------------------- */

typedef enum MemberKind { MEMBER_TEXT, MEMBER_MOMENT, MEMBER_COUNT, MEMBER_FLAG } MemberKind;

static const struct {
    const char *name;
    MemberKind kind;
    size_t place;
} optional[] = {
    {"read_at", MEMBER_MOMENT, offsetof(Manifest, read_at)},
    {"port", MEMBER_TEXT, offsetof(Manifest, port)},
    {"system_identifier", MEMBER_TEXT, offsetof(Manifest, system_identifier)},
    {"database_oid", MEMBER_TEXT, offsetof(Manifest, database_oid)},
    {"timeline", MEMBER_TEXT, offsetof(Manifest, timeline)},
    {"server_time", MEMBER_MOMENT, offsetof(Manifest, server_time)},
    {"alarm", MEMBER_TEXT, offsetof(Manifest, alarm)},
    {"alarm_confirmed", MEMBER_TEXT, offsetof(Manifest, alarm_confirmed)},
    {"contents", MEMBER_TEXT, offsetof(Manifest, contents)},
    {"restore_with", MEMBER_TEXT, offsetof(Manifest, restore_with)},
    {"tool_path", MEMBER_TEXT, offsetof(Manifest, tool_path)},
    {"log_hash", MEMBER_TEXT, offsetof(Manifest, log_hash)},
    {"fallback", MEMBER_FLAG, offsetof(Manifest, fallback)},
};
#define OPTIONAL_COUNT (sizeof optional / sizeof optional[0])

/* The others that we know. */
static const char *const known[] = {
    "format",      "file",           "bytes",        "sha256",          "quickxor",    "level",
    "started",     "finished",       "seconds",      "listed_at",       "verified_at", "proven_at",
    "database",    "host",           "user",         "computer",        "server_version", "tool_version",
    "archive_version", "compression", "program_version", "tables",      "large_objects", "large_objects_expected",
    "warnings",    "roles",          "pinned",       "pin_reason"};

/* --- writing ------------------------------------------------------------------------------------------- */

static void add_item(cJSON *object, const char *name, cJSON *item)
{
    if (!item || !cJSON_AddItemToObject(object, name, item)) {
        mem_out();
    }
}

static void add_count(cJSON *object, const char *name, int64_t value)
{
    if (value < 0) {
        json_set_string(object, name, NULL);
    } else {
        json_set_int(object, name, value);
    }
}

static void add_moment(cJSON *object, const char *name, int64_t unix_seconds)
{
    char *text = unix_seconds ? clock_iso_text(unix_seconds) : NULL;
    json_set_string(object, name, text);
    mem_free(text);
}

static void add_optional(cJSON *root, const Manifest *manifest)
{
    for (size_t i = 0; i < OPTIONAL_COUNT; i++) {
        const char *name = optional[i].name;
        const void *place = (const char *)manifest + optional[i].place;
        switch (optional[i].kind) {
        case MEMBER_TEXT:
            if (*(char *const *)place) {
                json_set_string(root, name, *(char *const *)place);
            }
            break;
        case MEMBER_MOMENT:
            if (*(const int64_t *)place) {
                add_moment(root, name, *(const int64_t *)place);
            }
            break;
        case MEMBER_COUNT:
            if (*(const int64_t *)place >= 0) {
                add_count(root, name, *(const int64_t *)place);
            }
            break;
        case MEMBER_FLAG:
            if (*(const bool *)place) {
                json_set_bool(root, name, true);
            }
            break;
        }
    }
}

static void add_texts(cJSON *root, const char *name, char *const *texts, size_t count)
{
    cJSON *array = cJSON_CreateArray();
    add_item(root, name, array);
    for (size_t i = 0; i < count; i++) {
        cJSON *item = cJSON_CreateString(texts[i]);
        if (!item || !cJSON_AddItemToArray(array, item)) {
            mem_out();
        }
    }
}

static void add_others(cJSON *root, const cJSON *others)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, others) {
        add_item(root, item->string, cJSON_Duplicate(item, true));
    }
}

char *manifest_text(const Manifest *manifest)
{
    cJSON *root = cJSON_CreateObject();
    if (!root) {
        mem_out();
    }
    json_set_int(root, "format", MANIFEST_FORMAT);
    json_set_string(root, "file", manifest->file);
    json_set_int(root, "bytes", (int64_t)manifest->bytes);
    json_set_string(root, "sha256", manifest->sha256);
    json_set_string(root, "quickxor", manifest->quickxor);
    json_set_string(root, "level", level_word(manifest->level));
    add_moment(root, "started", manifest->started);
    add_moment(root, "finished", manifest->finished);
    json_set_number(root, "seconds", manifest->seconds);
    add_moment(root, "listed_at", manifest->listed_at);
    add_moment(root, "verified_at", manifest->verified_at);
    add_moment(root, "proven_at", manifest->proven_at);
    json_set_string(root, "database", manifest->database);
    json_set_string(root, "host", manifest->host);
    json_set_string(root, "user", manifest->user);
    json_set_string(root, "computer", manifest->computer);
    json_set_string(root, "server_version", manifest->server_version);
    json_set_string(root, "tool_version", manifest->tool_version);
    json_set_string(root, "archive_version", manifest->archive_version);
    json_set_string(root, "compression", manifest->compression);
    json_set_string(root, "program_version", manifest->program_version);
    cJSON *tables = cJSON_CreateArray();
    add_item(root, "tables", tables);
    for (size_t i = 0; i < manifest->table_count; i++) {
        const TableCount *table = &manifest->tables[i];
        cJSON *item = cJSON_CreateObject();
        if (!item || !cJSON_AddItemToArray(tables, item)) {
            mem_out();
        }
        json_set_string(item, "schema", table->schema);
        json_set_string(item, "name", table->name);
        add_count(item, "rows", table->rows);
        add_count(item, "expected", table->expected);
        json_set_int(item, "bytes", (int64_t)table->bytes);
    }
    if (manifest->large_objects >= 0) {
        add_count(root, "large_objects", manifest->large_objects);
        add_count(root, "large_objects_expected", manifest->large_objects_expected);
    }
    add_texts(root, "warnings", manifest->warnings, manifest->warning_count);
    if (manifest->role_count > 0) {
        add_texts(root, "roles", manifest->roles, manifest->role_count);
    }
    if (manifest->pinned) {
        json_set_bool(root, "pinned", true);
        json_set_string(root, "pin_reason", manifest->pin_reason);
    }
    add_optional(root, manifest);
    add_others(root, manifest->others);
    char *text = json_text(root);
    cJSON_Delete(root);
    return text;
}

bool manifest_write(const char *path, const Manifest *manifest, Error *err)
{
    char *text = manifest_text(manifest);
    const size_t len = strlen(text);
    bool ok = false;
    if (len > MANIFEST_MAX) { /* it could not be read again */
        error_set(err, EK_TOOL, "the database has more tables than a manifest can hold (%zu)", manifest->table_count);
    } else {
        ok = fs_write_atomic(path, text, len, err) || error_context(err, "could not write the manifest");
    }
    mem_free(text);
    return ok;
}

/* --- reading ------------------------------------------------------------------------------------------- */

static bool bad_member(const char *name, Error *err)
{
    return error_set(err, EK_DAMAGED, "the manifest's \"%s\" is missing or wrong", name);
}

/* Text or null. */
static bool get_text(const cJSON *object, const char *name, char **value, Error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item)) {
        *value = mem_strdup(item->valuestring);
        return true;
    }
    return cJSON_IsNull(item) || bad_member(name, err);
}

static bool get_size(const cJSON *object, const char *name, uint64_t *value, Error *err)
{
    int64_t number = json_int(object, name, -1);
    if (number < 0) {
        return bad_member(name, err);
    }
    *value = (uint64_t)number;
    return true;
}

/* A count, or null for "not counted". */
static bool get_count(const cJSON *object, const char *name, int64_t *value, Error *err)
{
    if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, name))) {
        *value = -1;
        return true;
    }
    uint64_t number = 0;
    if (!get_size(object, name, &number, err)) {
        return false;
    }
    *value = (int64_t)number;
    return true;
}

static bool get_moment(const cJSON *object, const char *name, int64_t *value, Error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsNull(item)) {
        *value = 0;
        return true;
    }
    return (cJSON_IsString(item) && clock_parse_iso(item->valuestring, value)) || bad_member(name, err);
}

/* The base name of a file beside the manifest: nothing that could lead elsewhere. */
static bool is_base_name(const char *name)
{
    return name && *name && !strpbrk(name, "/\\:") && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool is_hash(const char *text)
{
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool is_quickxor(const char *text)
{
    return strlen(text) == 28 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == 27 && text[27] == '=';
}

static bool get_tables(const cJSON *root, Manifest *out, Error *err)
{
    const cJSON *tables = cJSON_GetObjectItemCaseSensitive(root, "tables");
    if (!cJSON_IsArray(tables)) {
        return bad_member("tables", err);
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, tables) {
        const char *schema = json_string(item, "schema", NULL), *name = json_string(item, "name", NULL);
        int64_t rows = -1, expected = -1;
        uint64_t bytes = 0;
        if (!cJSON_IsObject(item) || !schema || !name || !get_count(item, "rows", &rows, NULL) ||
            !get_count(item, "expected", &expected, NULL) || !get_size(item, "bytes", &bytes, NULL)) {
            return bad_member("tables", err);
        }
        manifest_add_table(out, schema, name, rows, expected, bytes);
    }
    return true;
}

static bool get_texts(const cJSON *root, const char *name, char ***texts, size_t *count, Error *err)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(root, name);
    if (!cJSON_IsArray(array)) {
        return bad_member(name, err);
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (!cJSON_IsString(item)) {
            return bad_member(name, err);
        }
        add_text(texts, count, item->valuestring);
    }
    return true;
}

/* The roles are absent where none were noted, and in manifests of before. */
static bool get_lists(const cJSON *root, Manifest *out, Error *err)
{
    return get_texts(root, "warnings", &out->warnings, &out->warning_count, err) &&
           (!cJSON_GetObjectItemCaseSensitive(root, "roles") ||
            get_texts(root, "roles", &out->roles, &out->role_count, err));
}

/* Absent in manifests of the first version. */
static bool get_large_objects(const cJSON *root, Manifest *out, Error *err)
{
    return !cJSON_GetObjectItemCaseSensitive(root, "large_objects") ||
           (get_count(root, "large_objects", &out->large_objects, err) &&
            get_count(root, "large_objects_expected", &out->large_objects_expected, err));
}

/* Absent in manifests of the first version: not pinned. */
static bool get_pin(const cJSON *root, Manifest *out, Error *err)
{
    const cJSON *pinned = cJSON_GetObjectItemCaseSensitive(root, "pinned");
    if (pinned && !cJSON_IsBool(pinned)) {
        return bad_member("pinned", err);
    }
    out->pinned = cJSON_IsTrue(pinned);
    return !cJSON_GetObjectItemCaseSensitive(root, "pin_reason") || get_text(root, "pin_reason", &out->pin_reason, err);
}

static bool get_optional(const cJSON *root, Manifest *out, Error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < OPTIONAL_COUNT; i++) {
        const char *name = optional[i].name;
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);
        void *place = (char *)out + optional[i].place;
        if (!item) {
            continue;
        }
        switch (optional[i].kind) {
        case MEMBER_TEXT: ok = get_text(root, name, place, err); break;
        case MEMBER_MOMENT: ok = get_moment(root, name, place, err); break;
        case MEMBER_COUNT: ok = get_count(root, name, place, err); break;
        case MEMBER_FLAG:
            ok = cJSON_IsBool(item) || bad_member(name, err);
            *(bool *)place = cJSON_IsTrue(item);
            break;
        }
    }
    return ok;
}

/* Takes what is left of the document when ours is out of it. */
static cJSON *keep_others(cJSON *root)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(root, known[i]);
    }
    for (size_t i = 0; i < OPTIONAL_COUNT; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(root, optional[i].name);
    }
    if (root->child) {
        return root;
    }
    cJSON_Delete(root);
    return NULL;
}

static bool get_members(const cJSON *root, Manifest *out, Error *err)
{
    int64_t format = cJSON_IsObject(root) ? json_int(root, "format", 0) : 0;
    if (format > MANIFEST_FORMAT) {
        error_set(err, EK_TOOL, "the manifest was written by a newer version of this program");
        return error_hint(err, "Update " CMMS_PRODUCT " on this computer.");
    }
    if (format != MANIFEST_FORMAT) {
        return bad_member("format", err);
    }
    if (!get_text(root, "file", &out->file, err) || !get_size(root, "bytes", &out->bytes, err) ||
        !get_text(root, "sha256", &out->sha256, err) || !get_text(root, "quickxor", &out->quickxor, err)) {
        return false;
    }
    if (!is_base_name(out->file)) {
        return bad_member("file", err);
    }
    if (!is_hash(out->sha256)) {
        return bad_member("sha256", err);
    }
    if (out->quickxor && !is_quickxor(out->quickxor)) {
        return bad_member("quickxor", err);
    }
    if (!find_level(json_string(root, "level", NULL), &out->level)) {
        return bad_member("level", err);
    }
    out->seconds = json_number(root, "seconds", -1);
    if (!(out->seconds >= 0 && out->seconds <= EXACT_MAX)) {
        return bad_member("seconds", err);
    }
    return get_moment(root, "started", &out->started, err) && get_moment(root, "finished", &out->finished, err) &&
           get_moment(root, "listed_at", &out->listed_at, err) &&
           get_moment(root, "verified_at", &out->verified_at, err) &&
           get_moment(root, "proven_at", &out->proven_at, err) && get_text(root, "database", &out->database, err) &&
           get_text(root, "host", &out->host, err) && get_text(root, "user", &out->user, err) &&
           get_text(root, "computer", &out->computer, err) &&
           get_text(root, "server_version", &out->server_version, err) &&
           get_text(root, "tool_version", &out->tool_version, err) &&
           get_text(root, "archive_version", &out->archive_version, err) &&
           get_text(root, "compression", &out->compression, err) &&
           get_text(root, "program_version", &out->program_version, err) && get_tables(root, out, err) &&
           get_large_objects(root, out, err) && get_lists(root, out, err) && get_pin(root, out, err) &&
           get_optional(root, out, err);
}

bool manifest_parse(const char *bytes, size_t len, Manifest *manifest, Error *err)
{
    cJSON *root = NULL;
    Manifest parsed;
    manifest_init(&parsed);
    bool ok = json_parse(bytes, len, &root, err) && get_members(root, &parsed, err);
    if (!ok) {
        cJSON_Delete(root);
        manifest_release(&parsed);
        return false;
    }
    parsed.others = keep_others(root);
    manifest_release(manifest);
    *manifest = parsed;
    return true;
}

bool manifest_read(const char *path, Manifest *manifest, Error *err)
{
    StrBuf sb;
    strbuf_init(&sb, MANIFEST_MAX);
    bool ok = fs_read_all(path, MANIFEST_MAX, &sb, err) && manifest_parse(sb.buf, sb.len, manifest, err);
    strbuf_release(&sb);
    return ok;
}
