"""Databases that others made go round by our own restore: beside the live one, over it, and through every pair of
versions at hand. Equal: what pg_dump says of them, a checksum of every table, sequence and large object, and what
pg_dump does not say.

Versions: Debian's 17; an older one that is played (test_restore_older); and under Wine our own engine, which is 18.
"""
import os
import re
import subprocess
import harness
from harness import check, equal
from test_engine import WindowsServer
from test_public import in_no_order, server_of, statements
from test_restore import restored
from test_restore_hostile import OPEN, databases, drop_all
from test_restore_older import Older
from test_roundtrip import ODD

# How many of each kind there are, which of the views are filled, whose a large object is.
KINDS = """
SELECT 'relations ' || relkind || relpersistence || relispopulated || relrowsecurity || relforcerowsecurity, count(*)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname !~ '^pg_' AND
  nspname <> 'information_schema' GROUP BY 1
UNION ALL SELECT 'constraints ' || contype || convalidated || condeferrable || condeferred, count(*)
  FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE nspname !~ '^pg_' AND
  nspname <> 'information_schema' AND contype <> 'n' GROUP BY 1 -- which 17 does not keep
UNION ALL SELECT 'triggers ' || tgenabled, count(*) FROM pg_trigger WHERE NOT tgisinternal GROUP BY 1
UNION ALL SELECT 'event triggers ' || evtenabled, count(*) FROM pg_event_trigger GROUP BY 1
UNION ALL SELECT 'functions ' || prokind, count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' GROUP BY 1
UNION ALL SELECT 'policies', count(*) FROM pg_policy UNION ALL SELECT 'rules', count(*) FROM pg_rules
  WHERE schemaname !~ '^pg_' UNION ALL SELECT 'publications', count(*) FROM pg_publication
UNION ALL SELECT 'extension ' || extname, 1 FROM pg_extension
UNION ALL SELECT format('large object %s of %s: %s', oid, lomowner::regrole, lomacl), 1 FROM pg_largeobject_metadata
"""
INVALID = """
SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text COLLATE "C") FROM pg_index
 WHERE NOT (indisvalid AND indisready AND indislive)
"""
# What a restore left without statistics, of tables and filled views of the database's own.
NEVER_ANALYZED = """
SELECT coalesce(string_agg(c.oid::regclass::text, ' '), '') FROM pg_class c JOIN pg_namespace n ON n.oid =
 c.relnamespace WHERE relkind IN ('r', 'm') AND reltuples < 0 AND relispopulated AND nspname !~ '^pg_'
 AND nspname <> 'information_schema'
"""
WAYS = ("beside", "over", "older")


class Sight:
    """A database as it is; dump(server, name): its schema as text."""

    def __init__(self, server, name, dump=statements):
        self.sums, self.schema = server.checksums(name), dump(server, name)
        self.kinds = dict(line.rsplit("|", 1) for line in server.psql(KINDS, name).splitlines())
        self.invalid = set((server.psql(INVALID, name) or "").split())

    def is_like(self, other, what, lost=()):
        """lost: how statements begin that do not come back, and are named elsewhere."""
        harness.same_sums(self.sums, other.sums, what + ": the data")
        wanted = [s for s in other.schema if not s.startswith(tuple(lost) or ("\0",))]
        equal([s for s in self.schema if s not in wanted], [s for s in wanted if s not in self.schema],
              what + ": the schema")
        equal(len(self.schema), len(wanted), what + ": statements")
        harness.same_sums(self.kinds, other.kinds, what + ": kinds")
        check(self.invalid <= other.invalid, "%s: indexes that are not valid: %s" % (what, self.invalid))


def run(program, port, name, folder, path, *more):
    return restored(program.run(["restore", "--json", "--yes", "--no-safety-backup", "--folder", program.path(folder),
                                 "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", name, *more,
                                 program.path(path)], OPEN, limit=900))


def analyzed(server, name, told, what):
    """All of it has statistics, or it is said that they could not be computed."""
    if not any("statistics could not be computed" in note for note in told["notes"]):
        equal(server.psql(NEVER_ANALYZED, name), "", what + ": without statistics")


def forget(server, kept):
    """No server drops a database that has a subscription; this one never had a slot."""
    for one in server.psql("SELECT s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
                           " WHERE d.datname = '%s'" % kept).split():
        server.psql("ALTER SUBSCRIPTION %s SET (slot_name = NONE); DROP SUBSCRIPTION %s" % (one, one), kept)
    drop_all(server, kept)


def go_round(program, name, row, notes=(), lost=()):
    """One way in a run that is not thorough, and another of each database. notes: what is said; None: anything."""
    server, folder = server_of(name), harness.temp_dir("b")
    path = program.good_backup(server, name, folder)["unix_path"]
    was, names = Sight(server, name), databases(server, name)
    for way in harness.a_share(WAYS, len(WAYS), row):
        what, copy = "%s, %s" % (name, way), name + "_copy"
        drop_all(server, copy)
        if way == "beside":
            told = run(program, server.port, name, folder, path, "--to", copy)
        elif way == "older":
            with Older(server) as older:
                told = run(program, older.port, name, folder, path, "--to", copy)
                older.knows_all()
        else:
            server.psql("CREATE TABLE newer (a int); INSERT INTO newer VALUES (1)", name)
            told = run(program, server.port, name, folder, path)
            equal(server.psql("SELECT count(*) FROM newer", told["kept"]), "1", what + ": what is kept")
        target = name if way == "over" else copy
        print("# %s: %d tables, %d rows, %s" % (what, told["tables"], told["rows"], told["notes"]))
        check(notes is None or told["notes"] == list(notes), "%s: what is said: %s" % (what, told["notes"]))
        Sight(server, target).is_like(was, what, lost)
        analyzed(server, target, told, what)
        if way == "over":
            forget(server, told["kept"])
        drop_all(server, copy)
    harness.no_locks_left(server)
    equal(databases(server, name), names, "databases")


def test_public_database(program):
    go_round(program, "zabbix", 0)


def test_zoo(program):
    go_round(program, "zoo", 1, ("The subscription heard was not made again: it fetches rows from another server",),
             ("CREATE SUBSCRIPTION ", "ALTER SUBSCRIPTION "))


def test_regression_database(program):
    """Rules that refuse old rows, statistics that cannot be computed and the like are said, and no matter here."""
    if program.kind == "wine":
        raise harness.Skip("it is large, and the core is the same; test_versions runs there")
    go_round(program, "regression", 2, None, ("CREATE SUBSCRIPTION ", "ALTER SUBSCRIPTION "))


def by_the_newest(program):
    """The schema as pg_dump 18 writes it, which reads both."""
    def dump(server, name):
        path = os.path.join(harness.temp_dir("s"), "schema.sql")
        done = subprocess.run(["wine", "/opt/pg18/bin/pg_dump.exe", "--schema-only", "-f", program.path(path), name],
                              env={**program.env(), **server.env(name), "PGSSLMODE": "disable"}, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=180 * harness.SCALE)
        equal(done.returncode, 0, "pg_dump -s of 18: " + done.stderr.decode(errors="replace"))
        with open(path, encoding="utf-8", newline="") as f:
            text = f.read().replace("\r\n", "\n")
        # 18 gives each NOT NULL a name, which older ones do not keep.
        return in_no_order(re.sub(r' CONSTRAINT ("[^"]*"|\S+) NOT NULL', " NOT NULL", text))
    return dump


def test_versions(program):
    """From 17 to 18, from 18 to 17, and within 18: into a new database, and over a live one."""
    if program.kind == "native":
        raise harness.Skip("18 is our own engine, a Windows program; test_public_database and others play 16")
    here = harness.shared_server()
    there = WindowsServer(program, os.path.join(harness.PRODUCT, "engine/bin"), "engine")
    dump = by_the_newest(program)
    try:
        for server in (here, there):
            harness.sample(server, "round")
            server.psql(ODD, "round")
        for source, target in ((here, there), (there, here), (there, there)):
            what = " to ".join("17" if one is here else "18" for one in (source, target))
            folder = harness.temp_dir("b")
            path = program.good_backup(source, "round", folder)["unix_path"]
            was = Sight(source, "round", dump)
            target.psql("CREATE DATABASE round_live")
            target.psql("CREATE TABLE work_orders (id int); CREATE TABLE newer (a int)", "round_live")
            for name, more in (("round_copy", ("--to", "round_copy")), ("round_live", ())):
                told = run(program, target.port, "round_live", folder, path, *more)
                equal(told["notes"], [], what + ": what is said")
                Sight(target, name, dump).is_like(was, "%s, %s" % (what, name))
                analyzed(target, name, told, what)
            for name in ("round_copy", "round_live"):
                drop_all(target, name)
    finally:
        there.stop()


harness.main(__name__, wine=("test_versions",))
