#include "upload_private.h"

#include <string.h>

#include "base/hash.h"
#include "base/jsonutil.h"
#include "base/mem.h"
#include "sealed.h"

#define JOURNAL_VERSION 1
#define JOURNAL_MAX 524288u

void journal_init(UploadJournal *journal)
{
    *journal = (UploadJournal){.session = SECRET_INIT};
}

void journal_release(UploadJournal *journal)
{
    mem_free(journal->drive);
    mem_free(journal->folder);
    mem_free(journal->name);
    mem_free(journal->partial);
    mem_free(journal->item);
    mem_free(journal->sha256);
    secret_release(&journal->session);
    journal_init(journal);
}

char *journal_path(const char *dir, const char *drive, const char *folder, const char *name)
{
    char hex[65];
    Sha256 *hash = sha256_new();
    sha256_update(hash, drive, strlen(drive) + 1);
    sha256_update(hash, folder, strlen(folder) + 1);
    sha256_update(hash, name, strlen(name));
    sha256_finish(hash, hex);
    char *file = mem_printf("upload-%.16s.json", hex);
    char *path = fs_join(dir, file);
    mem_free(file);
    return path;
}

char *journal_text(const UploadJournal *journal, Error *err)
{
    char *session = NULL;
    if (secret_is_set(&journal->session)) {
        session = sealed_text(&journal->session, err);
        if (session == NULL) {
            return NULL;
        }
    }
    cJSON *document = cJSON_CreateObject();
    json_set_int(document, "version", JOURNAL_VERSION);
    json_set_string(document, "drive", journal->drive);
    json_set_string(document, "folder", journal->folder);
    json_set_string(document, "name", journal->name);
    json_set_string(document, "partial", journal->partial);
    json_set_string(document, "item", journal->item);
    json_set_string(document, "sha256", journal->sha256);
    json_set_int(document, "size", (int64_t)journal->size);
    json_set_int(document, "begun", journal->begun);
    json_set_string(document, "session", session);
    char *text = json_text(document);
    cJSON_Delete(document);
    secret_free_text(session);
    return text;
}

bool journal_parse(const char *bytes, size_t len, UploadJournal *journal)
{
    cJSON *document = NULL;
    UploadJournal read;
    bool ok = false;
    journal_init(&read);
    if (!json_parse(bytes, len, &document, NULL) || json_int(document, "version", 0) != JOURNAL_VERSION) {
        goto out;
    }
    read.drive = mem_strdup(json_string(document, "drive", NULL));
    read.folder = mem_strdup(json_string(document, "folder", NULL));
    read.name = mem_strdup(json_string(document, "name", NULL));
    read.partial = mem_strdup(json_string(document, "partial", NULL));
    read.item = mem_strdup(json_string(document, "item", NULL));
    read.sha256 = mem_strdup(json_string(document, "sha256", NULL));
    const int64_t size = json_int(document, "size", -1);
    const char *session = json_string(document, "session", NULL);
    if (read.drive == NULL || read.folder == NULL || read.name == NULL || read.sha256 == NULL || size < 0) {
        goto out;
    }
    read.size = (uint64_t)size;
    read.begun = json_int(document, "begun", 0);
    if (session != NULL) {
        (void)sealed_open(session, &read.session); /* where it cannot be opened the session runs out by itself */
    }
    journal_release(journal);
    *journal = read;
    journal_init(&read);
    ok = true;
out:
    journal_release(&read);
    cJSON_Delete(document);
    return ok;
}

bool journal_load(const char *path, UploadJournal *journal)
{
    StrBuf text;
    strbuf_init(&text, STRBUF_LARGE);
    const bool ok = fs_read_all(path, JOURNAL_MAX, &text, NULL) && journal_parse(text.buf, text.len, journal);
    secret_wipe(text.buf, text.len);
    strbuf_release(&text);
    return ok;
}

bool journal_save(const char *path, const UploadJournal *journal, Error *err)
{
    char *text = journal_text(journal, err);
    const bool ok = text != NULL && fs_write_atomic(path, text, strlen(text), err);
    secret_free_text(text);
    return ok;
}
