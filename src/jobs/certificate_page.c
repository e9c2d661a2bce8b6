/* certificate_page.c: a certificate as a page of A4, and as a document. */
#include "jobs/certificate.h"

#include <string.h>

#include "base/jsonutil.h"
#include "base/mem.h"
#include "base/number.h"
#include "jobs/page.h"
#include "platform/clock.h"
#include "version.h"

#define NAME_MAX_SHOWN 150 /* bytes of a file's name in the page's own: a folder takes 255 */

static const char style[] = ".frame { border: 0.5mm solid #1f6f3f; padding: 8mm 9mm; }\n"
                            ".frame th { width: 38mm; } .seal { font-size: 14pt; font-weight: 600; color: #1f6f3f; }\n"
                            "h2 { border-bottom: 0.3mm solid #1f6f3f; }\n";

char *certificate_page_name(const char *file)
{
    size_t len = strlen(file);
    if (len > NAME_MAX_SHOWN) {
        len = NAME_MAX_SHOWN;
        while (len > 0 && ((unsigned char)file[len] & 0xC0) == 0x80) {
            len--; /* not in the middle of a character */
        }
    }
    return mem_printf(CMMS_PRODUCT " proof %.*s" PAGE_SUFFIX, (int)len, file);
}

/* Takes the text. */
static void row(StrBuf *page, const char *what, char *text)
{
    page_row(page, what, text);
    mem_free(text);
}

static void hash_row(StrBuf *page, const char *what, const char *hash)
{
    if (hash != NULL && hash[0] != '\0') {
        strbuf_addstr(page, "<tr><th scope=\"row\">");
        page_text(page, what);
        strbuf_addstr(page, "</th><td class=\"mono\">");
        page_name(page, hash);
        strbuf_addstr(page, "</td></tr>\n");
    }
}

static char *moment_text(int64_t moment)
{
    char *local = clock_log_text(moment), *utc = clock_iso_text(moment);
    char *text = mem_printf("%s (%s)", local, utc);
    mem_free(utc);
    mem_free(local);
    return text;
}

static void add_file(StrBuf *page, const Certificate *certificate)
{
    char *size = page_size(certificate->bytes);
    strbuf_addstr(page, "<h2>The file</h2>\n<table>\n");
    page_row(page, "Name", certificate->file);
    row(page, "Size", mem_printf("%s (%s bytes)", size, number_text((int64_t)certificate->bytes).text));
    hash_row(page, "SHA-256", certificate->sha256);
    page_row(page, "Backup of", certificate->source);
    if (certificate->made > 0) {
        row(page, "Made", moment_text(certificate->made));
    }
    page_row(page, "Made with", certificate->made_with);
    strbuf_addstr(page, "</table>\n");
    mem_free(size);
}

static void add_proof(StrBuf *page, const Certificate *certificate)
{
    strbuf_addstr(page, "<h2>The proof</h2>\n<table>\n");
    char *utc = clock_iso_text(certificate->proven_at);
    row(page, "Date", mem_printf("%s by the clock of that computer (%s)", certificate->proven, utc));
    mem_free(utc);
    page_row(page, "Engine", certificate->server);
    if (certificate->tables >= 0) {
        row(page, "Tables", mem_strdup(number_text(certificate->tables).text));
        row(page, "Rows", mem_strdup(count_text(certificate->rows).text));
    }
    if (certificate->seconds >= 0) {
        row(page, "Took", page_duration(certificate->seconds));
    }
    if (certificate->actor != NULL) {
        row(page, "By", mem_printf("%s (as the Windows user %s on %s)", certificate->actor,
                                   certificate->user != NULL ? certificate->user : "?",
                                   certificate->computer != NULL ? certificate->computer : "?"));
    } else if (certificate->user != NULL) {
        row(page, "By", mem_printf("%s on %s", certificate->user,
                                   certificate->computer != NULL ? certificate->computer : "?"));
    }
    page_row(page, "In the log's words", certificate->words);
    page_row(page, "Since then", certificate->since);
    strbuf_addstr(page, "</table>\n");
}

static void add_log(StrBuf *page, const Certificate *certificate)
{
    strbuf_addstr(page, "<h2>Where it is written</h2>\n<table>\n");
    row(page, "Entry", mem_printf("%zu of %zu in the folder's log, in %s", certificate->number, certificate->entries,
                                  certificate->log_file));
    hash_row(page, "Its SHA-256", certificate->hash);
    hash_row(page, "Of the one before", certificate->previous);
    hash_row(page, "Of the newest", certificate->newest);
    strbuf_addstr(page, "</table>\n");
}

/* What the log's chain says, and from where on. */
static void add_chain(StrBuf *page, const Certificate *certificate)
{
    strbuf_addstr(page, "the log was read from its first entry to its newest, and ");
    if (certificate->linked > 1) {
        strbuf_addf(page, "from its entry %zu on, the first that says which one was before it, ", certificate->linked);
    }
    strbuf_addstr(page, "each follows from the one before");
    if (certificate->anew != NULL) {
        strbuf_addstr(page, ", but that it had been damaged and was begun anew at ");
        page_text(page, certificate->anew);
    }
    strbuf_addstr(page, ".");
}

void certificate_page(const Certificate *certificate, StrBuf *page)
{
    page_begin(page, "Certificate of a proof: " CMMS_PRODUCT, style);
    strbuf_addstr(page, "<div class=\"frame\">\n<h1>Certificate of a proof</h1>\n"
                        "<p class=\"seal\">&#10004; Proven</p>\n"
                        "<p>This backup was read to its last byte, restored into an empty database, and what came "
                        "back was counted: as many rows in each table as the backup holds.</p>\n");
    add_file(page, certificate);
    add_proof(page, certificate);
    add_log(page, certificate);
    char *issued = moment_text(certificate->issued);
    strbuf_addstr(page, "<h2>Issued</h2>\n<p>");
    page_text(page, issued);
    strbuf_addstr(page, " by " CMMS_PRODUCT " " CMMS_VERSION ". The file was read again for it, and has the SHA-256 "
                        "that was proven; ");
    add_chain(page, certificate);
    strbuf_addstr(page, "</p>\n<p class=\"small\">Each entry of the log has the SHA-256 of the one "
                        "before, so an entry that is changed or taken out later shows. Keep this page where the log's "
                        "folder is not: its hashes are what the log must still have. It is no signature; whoever may "
                        "write into the folder could have written the file, its manifest and the log.</p>\n</div>\n");
    page_end(page);
    mem_free(issued);
}

static void set_time(cJSON *object, const char *name, int64_t moment)
{
    char *text = moment > 0 ? clock_iso_text(moment) : NULL;
    json_set_string(object, name, text);
    mem_free(text);
}

static void set_count(cJSON *object, const char *name, int64_t count)
{
    if (count >= 0) {
        json_set_int(object, name, count);
    } else {
        json_set_string(object, name, NULL);
    }
}

cJSON *certificate_document(const Certificate *certificate)
{
    cJSON *document = cJSON_CreateObject();
    json_set_string(document, "file", certificate->file);
    json_set_int(document, "bytes", (int64_t)certificate->bytes);
    json_set_string(document, "sha256", certificate->sha256);
    json_set_string(document, "source", certificate->source);
    set_time(document, "made", certificate->made);
    json_set_string(document, "made_with", certificate->made_with);
    json_set_string(document, "proven", certificate->proven);
    set_time(document, "proven_at", certificate->proven_at);
    if (certificate->seconds >= 0) {
        json_set_number(document, "seconds", certificate->seconds);
    } else {
        json_set_string(document, "seconds", NULL);
    }
    json_set_string(document, "server", certificate->server);
    set_count(document, "tables", certificate->tables);
    set_count(document, "rows", certificate->rows);
    json_set_string(document, "words", certificate->words);
    json_set_string(document, "since", certificate->since);
    json_set_string(document, "user", certificate->user);
    json_set_string(document, "computer", certificate->computer);
    json_set_string(document, "actor", certificate->actor);
    cJSON *log = cJSON_AddObjectToObject(document, "log");
    json_set_string(log, "file", certificate->log_file);
    json_set_int(log, "entry", (int64_t)certificate->number);
    json_set_int(log, "entries", (int64_t)certificate->entries);
    json_set_string(log, "hash", certificate->hash);
    json_set_string(log, "previous", certificate->previous);
    json_set_string(log, "newest", certificate->newest);
    json_set_int(log, "linked_from", (int64_t)certificate->linked);
    json_set_string(log, "begun_anew", certificate->anew);
    set_time(document, "issued", certificate->issued);
    return document;
}
