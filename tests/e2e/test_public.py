"""Databases that others made go round: backed up, verified, proven, restored to a server, compared.

The regression database of PostgreSQL is what its own tests leave: every kind of object, as odd as its authors could
make them. The public one is Zabbix' as Debian installs it. The zoo holds what both lack.
"""
import concurrent.futures
import fcntl
import glob
import gzip
import hashlib
import inspect
import json
import os
import re
import shutil
import subprocess
import harness
from harness import check, equal
from test_prove import Prover, manifest_of, switches

SOURCES = "/opt/sources/postgresql-17_*.orig.tar.bz2"
PUBLIC = "/opt/public/zabbix-server-pgsql/usr/share/zabbix-server-pgsql/%s.sql.gz"
KEEP = os.path.join(harness.TOP, "build/public")

ZOO = r'''
CREATE EXTENSION pg_trgm;
CREATE EXTENSION postgres_fdw;
CREATE SCHEMA "a ""zoo"" % $x ünï";
SET search_path = "a ""zoo"" % $x ünï", public;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far.example', dbname 'd');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'u', password 'not ours to keep');
CREATE FOREIGN TABLE far_table (i int, t text) SERVER far OPTIONS (table_name 'x');
CREATE TABLE mixed (k int, v text) PARTITION BY LIST (k);
CREATE TABLE mixed_1 PARTITION OF mixed FOR VALUES IN (1) PARTITION BY HASH (v);
CREATE TABLE mixed_1_0 PARTITION OF mixed_1 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE mixed_1_1 PARTITION OF mixed_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE UNLOGGED TABLE mixed_rest PARTITION OF mixed DEFAULT;
CREATE FOREIGN TABLE mixed_far PARTITION OF mixed FOR VALUES IN (99) SERVER far;
INSERT INTO mixed SELECT i % 3, 'v' || i FROM generate_series(1, 300) i WHERE i % 3 <> 99;
CREATE TABLE base (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text COMPRESSION pglz DEFAULT 'd');
CREATE TABLE derived (more numeric, note text DEFAULT 'other') INHERITS (base);
CREATE TABLE twice () INHERITS (derived);
INSERT INTO base (note) SELECT repeat('x', i * 100) FROM generate_series(1, 50) i;
INSERT INTO derived (id, more) SELECT i, i / 7.0 FROM generate_series(1, 40) i;
INSERT INTO twice (id) SELECT i FROM generate_series(1, 30) i;
ALTER TABLE base ADD gone int DEFAULT 5, ADD "t" text, ADD "ctid " int; ALTER TABLE base DROP gone;
CREATE TYPE pair AS (a int, "b ""c""" text[]);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE typed OF pair;
INSERT INTO typed VALUES (1, '{a,NULL,"x y"}'), (NULL, NULL);
CREATE TABLE values_of (p pair, s span, m span_multirange DEFAULT '{}', d positive, h int4range, b bit(5), v varbit,
  n name, c "char", ts tsvector, q tsquery, j jsonpath, g point, i inet, mac macaddr8, o oid, r regclass, f float4,
  mo money, lsn pg_lsn, iv interval, tz timetz, EXCLUDE USING gist (h WITH &&));
INSERT INTO values_of VALUES (ROW(1, '{x}'), '[1,2)', '{[1,2),[3,4)}', 5, '[1,5)', B'10101', B'1', 'n', '\377',
  'a:1 b:2', 'a & b', '$.a[*]', '(1,2)', '::1/64', '08:00:2b:01:02:03:04:05', 4294967295, 'base', 'NaN', '12.34',
  '16/B374D848', '-1 year 2 days 3.000004 s', '04:05:06+13'),
  (NULL, 'empty', '{}', NULL, 'empty', NULL, NULL, '', '', '', '', '$',
  NULL, NULL, NULL, 0, NULL, '-Infinity', NULL, NULL, NULL, NULL);
CREATE TABLE ring_a (id int PRIMARY KEY, b int); CREATE TABLE ring_b (id int PRIMARY KEY, a int REFERENCES ring_a);
INSERT INTO ring_a VALUES (1, 1); INSERT INTO ring_b VALUES (1, 1);
ALTER TABLE ring_a ADD FOREIGN KEY (b) REFERENCES ring_b DEFERRABLE INITIALLY DEFERRED;
CREATE VIEW seen AS SELECT id, note FROM base WHERE id < 10 WITH CASCADED CHECK OPTION;
CREATE RULE seen_new AS ON INSERT TO seen DO INSTEAD INSERT INTO ring_a VALUES (NEW.id);
CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS n FROM base;
CREATE MATERIALIZED VIEW kept_of AS SELECT n + 1 AS n FROM kept;
CREATE MATERIALIZED VIEW not_filled AS SELECT n FROM kept_of WITH NO DATA;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := NEW.v || ''!''; RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON mixed FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE DEBUG ''noted''; END';
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted();
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''never''; END';
CREATE TRIGGER refused AFTER INSERT ON derived FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE PUBLICATION told FOR TABLE base (id, note) WHERE (id > 3);
CREATE PUBLICATION told_all FOR ALL TABLES WITH (publish = 'insert');
CREATE SUBSCRIPTION heard CONNECTION 'host=far.example dbname=d' PUBLICATION p WITH (connect = false);
ALTER TABLE base ENABLE ROW LEVEL SECURITY; ALTER TABLE base FORCE ROW LEVEL SECURITY;
CREATE POLICY few ON base FOR SELECT USING (id < 5);
CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = ===);
CREATE AGGREGATE longest (text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE STATISTICS both_of ON k, v FROM mixed_1_0;
CREATE INDEX by_words ON base USING gin (note gin_trgm_ops) WHERE note IS NOT NULL;
CREATE INDEX by_sum ON ring_a ((id + b) DESC NULLS LAST) INCLUDE (b);
CREATE PROCEDURE nothing() LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
CREATE SEQUENCE down INCREMENT -5 MAXVALUE 10 MINVALUE -100 CYCLE; SELECT nextval('down'), nextval('down');
ALTER TABLE mixed_1_0 CLUSTER ON by_v; -- no such index: an error of the user's
CREATE TABLE "table with
line end" ("col
umn" int); INSERT INTO "table with
line end" VALUES (1);
CREATE TABLE "the row" ("the row" int, "t" int); INSERT INTO "the row" SELECT i, i FROM generate_series(1, 9) i;
COMMENT ON TABLE base IS E'it''s\nlong'; COMMENT ON COLUMN base.t IS 'column'; COMMENT ON DATABASE zoo IS 'the zoo';
SELECT lo_from_bytea(4000000000, '\xdeadbeef'), lo_from_bytea(4000000001, decode(repeat('ab', 10000), 'hex'));
COMMENT ON LARGE OBJECT 4000000000 IS 'a picture'; GRANT SELECT ON LARGE OBJECT 4000000001 TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
ALTER DATABASE zoo SET work_mem = '8MB';
'''


def psql_file(server, database, path=None, text=None, folder=None):
    """As PostgreSQL's own tests run: statements that fail are part of them. The errors that there were."""
    done = subprocess.run([harness.PG_BIN + "/psql", "-X", "-q", "-a", "-f", path or "-"], input=text, cwd=folder,
                          env={**harness.clean_env(), **server.env(database), "PGTZ": "America/Los_Angeles",
                               "PGDATESTYLE": "Postgres, MDY", "PG_ABS_SRCDIR": folder or "/", "PG_DLSUFFIX": ".so",
                               "PG_LIBDIR": folder or "/", "PG_ABS_BUILDDIR": "/tmp"}, capture_output=True)
    equal(done.returncode, 0, "psql of %s: %s" % (path, done.stderr.decode(errors="replace")[-500:]))
    return [l for l in done.stderr.decode(errors="replace").splitlines() if "ERROR:  " in l]


def run_regression(server, tarball):
    """PostgreSQL's own tests in the order of their schedule, but for what needs their C library."""
    folder = harness.temp_dir("src")
    subprocess.run(["tar", "xjf", tarball, "-C", folder, "--strip-components=4", "--wildcards",
                    "*/src/test/regress/*"], check=True)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    os.makedirs("/tmp/results", exist_ok=True)
    os.chmod("/tmp/results", 0o777)
    server.psql("CREATE DATABASE regression TEMPLATE template0")
    for setting in ("lc_messages TO 'C'", "lc_monetary TO 'C'", "lc_numeric TO 'C'", "lc_time TO 'C'",
                    "bytea_output TO 'hex'", "timezone_abbreviations TO 'Default'"):
        server.psql("ALTER DATABASE regression SET " + setting)
    count = errors = 0
    needing = []
    with open(os.path.join(folder, "parallel_schedule"), encoding="utf-8") as f:
        groups = [line[len("test: "):].split() for line in f if line.startswith("test: ")]
    for group in groups:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = pool.map(lambda name: psql_file(server, "regression", os.path.join(folder, "sql", name + ".sql"),
                                                      folder=folder), group)
            for name, found in zip(group, results):
                count += 1
                errors += len(found)
                if any("could not access file" in e for e in found):
                    needing.append(name)
    print("# %d of PostgreSQL's tests were run, %d statements failed in them; without their C functions: %s" % (
        count, errors, ", ".join(needing)))
    shutil.rmtree(folder)


_servers = {}


def server_of(name):
    """A server with the database; made once, kept in build/ as a stopped server's folder."""
    if name in _servers:
        return _servers[name]
    tarball = (glob.glob(SOURCES) or [""])[0]
    if name == "regression":
        harness.needs("postgresql-17", tarball or SOURCES)
    if name == "zabbix":
        harness.needs("zabbix-server-pgsql", PUBLIC % "data")
    made_of = tarball + ZOO + "".join(map(inspect.getsource, (psql_file, run_regression, fill_zabbix, fill_zoo)))
    key = hashlib.sha256(made_of.encode()).hexdigest()[:12]
    kept = os.path.join(KEEP, "%s-%s" % (name, key))
    os.makedirs(KEEP, exist_ok=True)
    with open(os.path.join(KEEP, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(kept):
            for old in glob.glob(os.path.join(KEEP, name + "-*")):
                shutil.rmtree(old)
            server = harness.Server(settings=("wal_level = logical", "max_wal_size = 64MB"))
            try:
                make = {"regression": lambda: run_regression(server, tarball), "zabbix": lambda: fill_zabbix(server),
                        "zoo": lambda: fill_zoo(server)}
                make[name]()
            finally:
                server.stop("fast")
            subprocess.run(["cp", "-a", server.folder, kept + ".tmp"], check=True)
            shutil.rmtree(server.folder)
            os.rename(kept + ".tmp", kept)
    _servers[name] = harness.Server(copy_of=kept)
    harness._servers.append(_servers[name])
    return _servers[name]


def fill_zabbix(server):
    server.psql("CREATE DATABASE zabbix")
    for part in ("schema", "images", "data"):
        with gzip.open(PUBLIC % part) as f:
            equal(psql_file(server, "zabbix", text=f.read()), [], "errors in " + part)


def fill_zoo(server):
    server.psql("CREATE DATABASE zoo")
    errors = psql_file(server, "zoo", text=ZOO.encode())
    equal(len(errors), 1, "errors: %s" % errors)


def counts(server, database):
    """The rows of every table that pg_dump writes rows of, as the server counts them."""
    tables = json.loads(server.psql(
        "SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname, format('%I.%I', n.nspname, c.relname))), "
        "'[]') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname "
        "NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE "
        "d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')", database))
    rows = server.psql("\n".join("SELECT count(*) FROM ONLY %s;" % t[2] for t in tables), database).splitlines()
    return {(t[0], t[1]): int(n) for t, n in zip(tables, rows, strict=True)}


def statements(server, database):
    """The schema as pg_dump writes it, its statements in no order, nor the lines in them: a child's columns may come
    back in another order."""
    done = subprocess.run([harness.PG_BIN + "/pg_dump", "--schema-only", database],
                          env={**harness.clean_env(), **server.env(database)}, capture_output=True)
    equal(done.returncode, 0, "pg_dump -s: " + done.stderr.decode(errors="replace"))
    text = re.sub(r"^(\\(un)?restrict .*|--.*|SET .*)\n", "", done.stdout.decode(), flags=re.M)
    return sorted("\n".join(sorted(l.rstrip(",") for l in s.strip().splitlines()))
                  for s in text.split(";\n") if s.strip())


def go_round(program, name, warnings=(), unprovable=None, rows=0):
    server = server_of(name)
    folder = harness.temp_dir("b")
    report = program.good_backup(server, name, folder)
    equal(harness.warnings_of(report), list(warnings), "warnings")
    found = {(t["schema"], t["name"]): t["rows"] for t in report["tables"]}
    equal(found, counts(server, name), "tables and their rows")
    check(sum(found.values()) > rows, "rows: %d" % sum(found.values()))
    path = report["unix_path"]
    done = program.run(["verify", "--json", "--folder", program.path(folder), program.path(path)])
    equal((done.code, [f["ok"] for f in done.json()["files"]]), (0, [True]), "verify: " + done.out)
    # Restored by the distribution's tool, from our file alone.
    target = name + "_back"
    server.psql('DROP DATABASE IF EXISTS "%s"' % target)
    server.restore(path, target, owners=True)
    harness.same_sums(server.checksums(target), server.checksums(name), "the restored data")
    ours, theirs = statements(server, target), statements(server, name)
    equal([s for s in ours if s not in theirs], [s for s in theirs if s not in ours], "the restored schema")
    prover = Prover(program)
    done = prover.run(folder)
    if unprovable:
        equal((done.code, manifest_of(path)["level"]), (4, "verified"), "not proven: " + done.out)
        equal(done.json()["not_provable"], list(unprovable), "why not")
    else:
        equal((done.code, done.json().get("level")), (0, "proven"), "the proof: %s %s" % (done.out, done.err))
        equal(done.json()["rows"], sum(found.values()), "rows that were proven")
    if name == "zoo" or harness.THOROUGH:
        done = prover.run(folder, switches(server), {"PGPASSWORD": harness.PASSWORD})
        wanted = (4, list(unprovable)) if unprovable else (0, [])
        equal((done.code, done.json().get("not_provable")), wanted, "the proof on a server: " + done.out)
    prover.nothing_left()
    print("# %s: %d tables, %d rows, %d objects, %d bytes" % (name, len(found), sum(found.values()), len(theirs),
                                                              report["bytes"]))


def test_public_database(program):
    go_round(program, "zabbix", rows=150000)


def test_zoo(program):
    go_round(program, "zoo", rows=400, warnings=[
        'The rows of foreign tables are on another server and not in this backup: a "zoo" % $x ünï.far_table, '
        'a "zoo" % $x ünï.mixed_far'])


def test_regression_database(program):
    """Under Wine test_zoo makes the same round with the Windows programs, and test_what_the_engine_lacks has the ICU
    that would end this proof there."""
    if program.kind == "wine":
        raise harness.Skip("it is large, and the core is the same; test_zoo runs there")
    # It holds what takes a superuser: a transform of an internal function, base types, operator classes.
    go_round(program, "regression", rows=100000, unprovable=[
        "the TRANSFORM FOR integer LANGUAGE sql takes rights that a proof does not give a backup"])


def test_what_the_engine_lacks(program):
    """It is named, the level stays, and nothing is called damaged."""
    if program.kind == "native":
        raise harness.Skip("the server that takes the engine's place has everything that the source has")
    server = harness.shared_server()
    prover = Prover(program)
    for name, sql, why in (
            ("with_xml", "CREATE TABLE t (x xml); INSERT INTO t VALUES ('<a/>')",
             "the server here cannot read XML, which the backup holds"),
            ("with_library", "CREATE FUNCTION moddatetime() RETURNS trigger LANGUAGE c AS '$libdir/moddatetime'",
             "the FUNCTION public.moddatetime() takes rights that a proof does not give a backup"),
            ("with_icu", "CREATE TABLE t (a text COLLATE unicode UNIQUE); INSERT INTO t VALUES ('a'), ('b')",
             "the backup sorts by ICU collations, which the server here lacks")):
        server.psql("CREATE DATABASE " + name)
        server.psql(sql, name)
        folder = harness.temp_dir("b")
        report = program.good_backup(server, name, folder)
        done = prover.run(folder)
        equal((done.code, done.json().get("not_provable")), (4, [why]), "the proof of %s: %s" % (name, done.out))
        equal(manifest_of(report["unix_path"])["level"], "verified", "its level")
        prover.nothing_left()


if __name__ == "__main__":
    # What the Windows engine is to read, and what it lacks; the zoo has every kind of object.
    harness.main(__name__, wine=("test_zoo", "test_what_the_engine_lacks"))
