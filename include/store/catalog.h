/* catalog.h: the backups in a folder, as the list shows them. */
#ifndef CMMS_CATALOG_H
#define CMMS_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "postgres/connection.h"
#include "store/copies.h"
#include "store/manifest.h"
#include "store/source.h"

typedef struct CatalogEntry {
    char *name;         /* base name, *.backup */
    uint64_t size;      /* bytes */
    char *sha256;       /* that it should have, by the manifest; or NULL */
    int64_t created;    /* unix seconds: from the manifest (by the server's clock where this PC's was a day wrong), else
                           the name, else the file's time */
    int age_days;       /* whole days, never negative */
    Level level;        /* by the manifest; LEVEL_NONE without one, or when the file's size differs and it was not read
                           since */
    bool has_manifest;  /* one that can be read and names this file */
    bool ours;          /* the name has our form */
    bool offline;       /* kept in the cloud only: whoever reads it downloads all of it */
    int64_t read;       /* when its bytes were last read to the end and were as they should be, by the manifest; 0:
                           never */
    int64_t proven;     /* when it was last proven, by the manifest; 0: never */
    int64_t rows;       /* sum over the tables; -1: not known */
    int64_t large_objects; /* -1: not known */
    double seconds;     /* how long it took; -1 unknown */
    bool pinned;        /* by the manifest: retention leaves it alone */
    char *pin_reason;   /* or NULL */
    Source from;        /* whose backup it is, by the manifest */
    char *source;       /* that in words (source_label), or NULL */
    char *contents;     /* "schema" or "data" where it holds only that; NULL: all */
    char *alarm;        /* the shrink alarm that it raised, while nobody has confirmed it; or NULL */
    bool confirmed;     /* it raised one, and somebody has */
    char *exported;     /* when it was last exported or uploaded, by the log ("2026-01-19 14:30:52"); NULL: not known */
    Copy *copy;         /* its copy on SharePoint, or that it waits for one; NULL: neither is known (copies.h) */
    char *note;         /* why it is not what it should be ("its size differs from the manifest"), or NULL */
} CatalogEntry;

typedef struct Catalog {
    CatalogEntry *entries; /* newest first */
    size_t count;
} Catalog;

void catalog_init(Catalog *catalog);
void catalog_release(Catalog *catalog);
/* Whole, and verified or proven. Retention asks more of one before it lets another go (retention.h). */
bool catalog_is_good(const CatalogEntry *entry);
/* Replaces what catalog holds. `now` is for the age. */
bool catalog_load(const char *folder, int64_t now, Catalog *catalog, Error *err);

/* A catalog of what lies elsewhere (on SharePoint) is made by hand: each by its name, its size and its manifest (NULL:
 * none that counts); then, when all are in it, sorted, with their ages. */
void catalog_add(Catalog *catalog, const char *name, uint64_t size, const Manifest *manifest);
void catalog_sort(Catalog *catalog, int64_t now);

/* Fills `exported` from the log's entries (auditlog_read), oldest first: exports and uploads. One of a file of another
 * size is that of another file of this name. */
void catalog_add_exports(Catalog *catalog, const cJSON *entries);
/* Fills `copy`. One of other bytes is that of another file of this name. */
void catalog_add_copies(Catalog *catalog, const Copies *copies);

/* The newest backup of this database which is not damaged and holds all: what it took, for a guess of what the next one
 * will, and when it was made (see CatalogEntry); 0: not known. */
typedef struct CatalogLast {
    double seconds;
    uint64_t bytes;
    int64_t created;
} CatalogLast;
CatalogLast catalog_last(const char *folder, const Connection *connection);

#endif
