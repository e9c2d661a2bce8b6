#!/bin/sh
# Makes the real archives of tests/fuzz/corpus/archive: small databases, dumped in every way that changes the
# format. Needs a PostgreSQL server that psql reaches (PGHOST, PGPORT, PGUSER), and takes the pg_dump to use, a
# word for the files' names, and the folder:
#     tests/fuzz/make_archive_corpus.sh /usr/lib/postgresql/17/bin/pg_dump pg17 tests/fuzz/corpus/archive
# The names end in what test_archive.c expects of them; the row counts are fixed there.
set -eu
dump=$1
word=$2
out=$3

psql -qX -d postgres -c 'DROP DATABASE IF EXISTS corpus_tables' -c 'DROP DATABASE IF EXISTS corpus_objects' \
  -c "CREATE DATABASE corpus_tables ENCODING 'UTF8' TEMPLATE template0" \
  -c "CREATE DATABASE corpus_objects ENCODING 'UTF8' TEMPLATE template0"

psql -qX -v ON_ERROR_STOP=1 -d corpus_tables <<'SQL'
CREATE TABLE plain (id serial PRIMARY KEY, name text, note text);
INSERT INTO plain (name, note) SELECT 'pump ' || i, CASE WHEN i % 3 = 0 THEN NULL ELSE E'line 1\nline 2\t\\ end' END
  FROM generate_series(1, 40) i;
CREATE TABLE empty (id int);
CREATE TABLE marks (t text); -- values that look like COPY's own marks
INSERT INTO marks VALUES (''), (E'\\.'), ('\N'), (E'\n'), (NULL), ('.'), (E'\n\\.\n');
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE "quote""dot.comma,percent%" ("a ""b""" int);
INSERT INTO "quote""dot.comma,percent%" SELECT generate_series(1, 5);
CREATE SCHEMA "schema with
line end";
CREATE TABLE "schema with
line end"."table with
line end" (a int);
INSERT INTO "schema with
line end"."table with
line end" VALUES (1), (2);
CREATE TABLE "Öl_и_油_🛠" ("größe" text);
INSERT INTO "Öl_и_油_🛠" VALUES ('é'), ('漢'), ('🛠');
CREATE TABLE split (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE split_low PARTITION OF split FOR VALUES FROM (0) TO (10);
CREATE TABLE split_high PARTITION OF split FOR VALUES FROM (10) TO (100);
INSERT INTO split SELECT i, 'v' || i FROM generate_series(0, 24) i;
CREATE VIEW seen AS SELECT count(*) AS n FROM plain;
COMMENT ON TABLE plain IS 'pumps';
SQL

psql -qX -v ON_ERROR_STOP=1 -d corpus_objects >/dev/null <<'SQL'
SELECT lo_from_bytea(100, 'first object'), lo_from_bytea(3000000000, repeat('second ', 200)::bytea),
  lo_from_bytea(101, '');
CREATE TABLE refs (id int, object oid);
INSERT INTO refs VALUES (1, 100), (2, 3000000000);
SQL

for method in none gzip lz4 zstd; do
  "$dump" -Fc -E UTF8 --compress=$method -f "$out/$word-$method-tables.backup" corpus_tables
  "$dump" -Fc -E UTF8 --compress=$method -f "$out/$word-$method-objects.backup" corpus_objects
done
"$dump" -Fc -E UTF8 --compress=gzip --inserts -f "$out/$word-gzip-inserts.backup" corpus_tables
"$dump" -Fc -E UTF8 --compress=none --rows-per-insert=7 -f "$out/$word-none-inserts.backup" corpus_tables
"$dump" -Fc -E UTF8 --compress=none --schema-only -f "$out/$word-none-schema.backup" corpus_tables
"$dump" -Fc -E UTF8 --compress=gzip --data-only -f "$out/$word-gzip-dataonly.backup" corpus_objects
# Into a pipe pg_dump cannot go back, so the TOC does not tell where the data are.
"$dump" -Fc -E UTF8 --compress=zstd corpus_tables | cat > "$out/$word-zstd-piped.backup"
