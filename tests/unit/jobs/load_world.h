/* load_world.h: a small archive, as pg_dump lists it, and a load of it. For test_load_lanes.c and
 * test_load_progress.c. */
#ifndef CMMS_LOAD_WORLD_H
#define CMMS_LOAD_WORLD_H

#include "test_util.h"

#include <string.h>

#include "jobs/load_private.h"

#define ENTRY(number, kind, in, name, ...)                                                                           \
    {.id = (number), .desc = (char *)(kind), .schema = (char *)(in), .tag = (char *)(name), __VA_ARGS__}
#define SQL(text) .definition = (char *)(text)
#define COPY .copy_statement = (char *)"COPY …"
#define NEEDS(...) .needs = (int32_t[]){__VA_ARGS__}, .need_count = sizeof(int32_t[]){__VA_ARGS__} / sizeof(int32_t)

enum {
    AT_FUNCTION, AT_ORDERS, AT_PARTS, AT_SPLIT, AT_SPLIT_1, AT_OTHER, AT_ROWS_OTHER, AT_ROWS_ORDERS, AT_ROWS_PARTS,
    AT_ROWS_SPLIT_1, AT_ROWS_INSERTED, AT_ROWS_THEIRS, AT_SEQUENCE, AT_OBJECTS, AT_KEY_ORDERS, AT_UNIQUE_ORDERS,
    AT_KEY_PARTS, AT_KEY_SPLIT, AT_RULE, AT_VIEW, AT_LATE, AT_INDEX, AT_INDEX_UNIQUE, AT_INDEX_CLUSTER, AT_INDEX_SPLIT,
    AT_INDEX_VIEW, AT_INDEX_LATE, AT_ATTACH, AT_REFERENCE, AT_TRIGGER, AT_COUNT
};

static ArchiveEntry world_entries[AT_COUNT] = {
    [AT_FUNCTION] = ENTRY(500, "FUNCTION", "public", "f()", SQL("CREATE FUNCTION …")),
    [AT_ORDERS] = ENTRY(210, "TABLE", "public", "work orders", SQL("CREATE TABLE …")),
    [AT_PARTS] = ENTRY(211, "TABLE", "Old", "parts", SQL("CREATE TABLE …")),
    [AT_SPLIT] = ENTRY(212, "TABLE", "public", "split",
                       SQL("CREATE TABLE public.split (a int)\nPARTITION BY LIST (a);\n")),
    [AT_SPLIT_1] = ENTRY(213, "TABLE", "public", "split_1", SQL("CREATE TABLE …"), NEEDS(212)),
    [AT_OTHER] = ENTRY(214, "TABLE", "public", "inserted", SQL("CREATE TABLE …")),
    /* One that its own table does not suffice, as where an extension's tables have references. */
    [AT_ROWS_OTHER] = ENTRY(310, "TABLE DATA", "public", "other", COPY, NEEDS(214, 312)),
    [AT_ROWS_ORDERS] = ENTRY(311, "TABLE DATA", "public", "work orders", COPY, NEEDS(210)),
    [AT_ROWS_PARTS] = ENTRY(312, "TABLE DATA", "Old", "parts", COPY, NEEDS(211)),
    [AT_ROWS_SPLIT_1] = ENTRY(313, "TABLE DATA", "public", "split_1", COPY, NEEDS(213)),
    [AT_ROWS_INSERTED] = ENTRY(314, "TABLE DATA", "public", "inserted", NEEDS(214)),
    [AT_ROWS_THEIRS] = ENTRY(315, "TABLE DATA", "public", "spatial_ref_sys", COPY, NEEDS(9999)),
    [AT_SEQUENCE] = ENTRY(320, "SEQUENCE SET", "public", "ids", SQL("SELECT …"), NEEDS(210)),
    [AT_OBJECTS] = ENTRY(321, "BLOBS", NULL, "BLOBS", SQL("")),
    [AT_KEY_ORDERS] = ENTRY(410, "CONSTRAINT", "public", "work orders orders_pkey",
                            SQL("ALTER TABLE ONLY public.\"work orders\"\n    ADD CONSTRAINT orders_pkey PRIMARY "
                                "KEY (id);"),
                            NEEDS(210, 210)),
    [AT_UNIQUE_ORDERS] = ENTRY(411, "CONSTRAINT", "public", "work orders orders_key", SQL("… UNIQUE (a);"),
                               NEEDS(210)),
    [AT_KEY_PARTS] = ENTRY(412, "CONSTRAINT", "Old", "parts parts_pkey", SQL("… PRIMARY KEY (id);"), NEEDS(211)),
    [AT_KEY_SPLIT] = ENTRY(413, "CONSTRAINT", "public", "split split_pkey", SQL("… PRIMARY KEY (a);"), NEEDS(212)),
    [AT_RULE] = ENTRY(414, "CONSTRAINT", "Old", "parts not_empty", SQL("… NOT NULL a NOT VALID;"), NEEDS(211)),
    [AT_VIEW] = ENTRY(420, "MATERIALIZED VIEW", "public", "totals", SQL("CREATE …"), NEEDS(210, 410)),
    [AT_LATE] = ENTRY(421, "FUNCTION", "public", "late()", SQL("CREATE …"), NEEDS(210, 410)),
    [AT_INDEX] = ENTRY(430, "INDEX", "public", "by_text", SQL("CREATE INDEX by_text ON …;"), NEEDS(210, 500)),
    [AT_INDEX_UNIQUE] = ENTRY(431, "INDEX", "Old", "by_name", SQL("CREATE UNIQUE INDEX by_name ON …;"), NEEDS(211)),
    [AT_INDEX_CLUSTER] = ENTRY(432, "INDEX", "public", "by_time",
                               SQL("CREATE INDEX by_time ON …;\n\nALTER TABLE … CLUSTER ON by_time;"), NEEDS(210)),
    [AT_INDEX_SPLIT] = ENTRY(433, "INDEX", "public", "split_i", SQL("CREATE INDEX split_i ON ONLY …;"), NEEDS(212)),
    [AT_INDEX_VIEW] = ENTRY(434, "INDEX", "public", "totals_i", SQL("CREATE INDEX totals_i ON …;"), NEEDS(420)),
    [AT_INDEX_LATE] = ENTRY(435, "INDEX", "public", "by_late", SQL("CREATE INDEX by_late ON …;"), NEEDS(210, 421)),
    [AT_ATTACH] = ENTRY(440, "INDEX ATTACH", "public", "split_1_pkey", SQL("ALTER INDEX …"), NEEDS(413)),
    [AT_REFERENCE] = ENTRY(450, "FK CONSTRAINT", "Old", "parts parts_of_fkey", SQL("ALTER …"), NEEDS(211, 410)),
    [AT_TRIGGER] = ENTRY(460, "TRIGGER", "public", "work orders t", SQL("CREATE TRIGGER …"), NEEDS(210)),
};

#define ROWS_ORDERS 8000000u
#define ROWS_PARTS 2000000u
static TableCount world_tables[] = {{.schema = (char *)"Old", .name = (char *)"parts", .bytes = ROWS_PARTS},
                                    {.schema = (char *)"public", .name = (char *)"split_1", .bytes = 700},
                                    {.schema = (char *)"public", .name = (char *)"work orders", .bytes = ROWS_ORDERS}};

/* All is wanted. To be released by world_release. */
static inline void world_make(Load *run)
{
    *run = (Load){.path = "x.backup"};
    run->mutex = mutex_new();
    run->archive.entries = world_entries;
    run->archive.entry_count = AT_COUNT;
    run->result.manifest.tables = world_tables;
    run->result.manifest.table_count = TEST_COUNT(world_tables);
    run->wanted = mem_array(AT_COUNT, sizeof *run->wanted);
    memset(run->wanted, true, AT_COUNT * sizeof *run->wanted);
    load_plan_make(run);
}

static inline void world_release(Load *run)
{
    load_plan_release(run);
    mem_free(run->wanted);
    mutex_free(run->mutex);
}

#endif
