"""Restore and proof on servers older than the tools. The mirror has one version of the server; an older one is played
by Between: it calls itself 16, and of transaction_timeout it says what the real server says of a word that none knows.
"""
# runs: native
import os
import subprocess
import harness
from harness import check, equal
from test_minor import archive
from test_prove import Prover, switches
from test_restore import definitions, restored
from test_restore_hostile import OPEN, Between, drop_all, start

WORD, UNKNOWN = b"transaction_timeout", b"transactiom_timeout"
WORDS = 'unrecognized configuration parameter "transaction_timeout"'
# Entries of several statements, rows that look like their own end, large objects, and an entry that is refused at
# first: it is loaded a second time, without its rule.
SHOP = r"""
CREATE TABLE limits (most int); INSERT INTO limits VALUES (100);
CREATE FUNCTION most() RETURNS int LANGUAGE sql STABLE AS 'SELECT coalesce(max(most), 0) FROM public.limits';
CREATE TABLE a_first (n int CHECK (n <= public.most())); INSERT INTO a_first SELECT generate_series(1, 50);
CREATE TABLE work_orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text DEFAULT E'; \\. ''', n numeric);
INSERT INTO work_orders (t, n) SELECT E'\\.\n;' || g, g / 7.0 FROM generate_series(1, 20000) g;
CREATE INDEX by_text ON work_orders (lower(t)); ALTER TABLE work_orders CLUSTER ON by_text;
CREATE TABLE lines (of int REFERENCES work_orders DEFERRABLE INITIALLY DEFERRED, d date);
INSERT INTO lines SELECT g, '2026-02-13' FROM generate_series(1, 300) g;
CREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a; SELECT a * 2; END;
CREATE RULE quiet AS ON DELETE TO limits DO INSTEAD (INSERT INTO lines VALUES (1); DELETE FROM lines WHERE false);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM work_orders;
SELECT lo_from_bytea(4711, decode(repeat('00ff5c', 100000), 'hex')); COMMENT ON LARGE OBJECT 4711 IS 'a picture';
"""
# Names, rows and definitions in bytes of which some are no text: such a backup is not in UTF-8.
LETTERS = """
CREATE TABLE "gr\u00f6\u00dfe" ("\u00e4" text DEFAULT E'\\xfc');
INSERT INTO "gr\u00f6\u00dfe" SELECT E'\\xe9' || g FROM generate_series(1, 10) g;
CREATE FUNCTION letter() RETURNS text LANGUAGE sql AS E'SELECT ''\\xea''::text';
"""
ALL_LETTERS = """
SELECT encode(convert_to(concat_ws(' ', (SELECT string_agg("\u00e4", ' ' ORDER BY "\u00e4") FROM "gr\u00f6\u00dfe"),
    (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef), letter()), 'SQL_ASCII'), 'hex')
"""


class Older(Between):
    def __init__(self, server):
        super().__init__(server)
        self.said = []
        self.before = self.said.append
        self.there = lambda body: body.replace(WORD, UNKNOWN)
        self.back = lambda data: data.replace(UNKNOWN, WORD).replace(b"server_version\x0017.", b"server_version\x0016.")

    def knows_all(self):
        """It heard nothing that it does not know, and rows came from the program, not from pg_restore."""
        equal([sql for sql in self.said if WORD.decode() in sql], [], "what an older server does not know")
        check([sql for sql in self.said if sql.startswith("COPY ") and "FROM stdin" in sql], "rows came")


def through(program, older, name, verb, *arguments, **more):
    return restored(harness.finish(start(program, older.port, name, verb, *arguments, **more)))


def shop(server, name, sql, encoding="UTF8"):
    drop_all(server, name)
    server.psql("CREATE DATABASE %s TEMPLATE template0 ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'" % (name, encoding))
    server.psql(sql, name)


def all_databases(server):
    return server.psql("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database")


def test_it_is_played_right(program):
    """A pg_restore that is newer than its server fails at its first words, so what follows is no matter of course."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    shop(server, "old_plain", "CREATE TABLE t AS SELECT generate_series(1, 3) AS a")
    path = program.good_backup(server, "old_plain", folder)["unix_path"]
    server.psql("CREATE DATABASE old_plain_2")
    with Older(server) as older:
        done = subprocess.run([harness.PG_BIN + "/pg_restore", "--exit-on-error", "-d", "old_plain_2", path],
                              env={**harness.clean_env(), **server.env(PGPORT=str(older.port), PGSSLMODE="disable")},
                              capture_output=True)
    check(done.returncode != 0 and WORDS in done.stderr.decode(), "pg_restore: %s" % done.stderr)
    equal(server.psql("SELECT count(*) FROM pg_class WHERE relname = 't'", "old_plain_2"), "0", "what it restored")


def test_restore(program):
    """All of it, as on a server that knows everything: into its place, undone, beside it."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    shop(server, "old_shop", SHOP)
    path = program.path(program.good_backup(server, "old_shop", folder)["unix_path"])
    before = (server.checksums("old_shop"), definitions(server, "old_shop"))
    server.psql("DELETE FROM lines; INSERT INTO a_first VALUES (51)", "old_shop")
    changed = server.checksums("old_shop")
    with Older(server) as older:
        told = through(program, older, "old_shop", "restore", "--no-safety-backup", path, folder=folder)
        harness.same_sums(server.checksums("old_shop"), before[0], "what was restored")
        equal(told["notes"], ["The rule public.a_first.a_first_n_check refuses rows that the table holds: it is there "
                              "for rows to come (NOT VALID)"], "what is different")
        server.psql("ALTER TABLE a_first VALIDATE CONSTRAINT a_first_n_check", "old_shop")
        equal(definitions(server, "old_shop"), before[1], "what it is made of")
        through(program, older, "old_shop", "undo", folder=folder)
        harness.same_sums(server.checksums("old_shop"), changed, "undone")
        through(program, older, "old_shop", "restore", "--to", "old_shop_copy", path)
        harness.same_sums(server.checksums("old_shop_copy"), before[0], "the copy")
        older.knows_all()
    harness.no_locks_left(server)


def test_letters(program):
    """In the database's own bytes."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    shop(server, "old_letters", LETTERS, "SQL_ASCII")
    path = program.path(program.good_backup(server, "old_letters", folder)["unix_path"])
    before = server.psql(ALL_LETTERS, "old_letters")
    with Older(server) as older:
        through(program, older, "old_letters", "restore", "--to", "old_letters_copy", path)
        older.knows_all()
    equal(server.psql(ALL_LETTERS, "old_letters_copy"), before, "the letters")


def test_last_entry(program):
    """What comes last is committed as well: an archive that ends with rows."""
    server = harness.shared_server()
    shop(server, "old_last", "CREATE TABLE work_orders AS SELECT generate_series(1, 100) AS id")
    path = archive(server, "old_last", [])
    with Older(server) as older:
        told = through(program, older, "old_last", "restore", "--to", "old_last_copy", "--foreign", program.path(path))
    equal((told["rows"], server.psql("SELECT count(*) FROM work_orders", "old_last_copy")), (100, "100"), "the rows")


def test_its_session_is_known(program):
    """Ours is named as pg_restore's own would be, so that it can be ended where nobody is connected to it any more."""
    server, name, known = harness.shared_server(), "old_known", []
    shop(server, name, "CREATE TABLE work_orders AS SELECT generate_series(1, 100) AS id")
    path = program.path(program.good_backup(server, name, harness.temp_dir("r"))["unix_path"])
    with Older(server) as older:
        def before(sql):
            older.said.append(sql)
            if sql.startswith("COPY ") and "FROM stdin" in sql:
                known.append(server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'old_known_copy' AND"
                                         " application_name = datname"))
        older.before = before
        through(program, older, name, "restore", "--to", "old_known_copy", path)
    check(known and set(known) == {"1"}, "sessions of that name, at each table: %s" % known)


def test_an_entry_that_is_refused(program):
    """The words are the server's, and nothing is left."""
    server, name = harness.shared_server(), "old_refused"
    shop(server, name, "CREATE TABLE work_orders (id int); INSERT INTO work_orders VALUES (1), (1);"
                       "CREATE VIEW twice AS SELECT id FROM work_orders")
    path = archive(server, name, [(b"SELECT id\n", b"SELECT ix\n")])
    before, names = server.checksums(name), all_databases(server)
    with Older(server) as older:
        done = harness.finish(start(program, older.port, name, "restore", "--no-safety-backup", "--foreign",
                                    program.path(path), folder=os.path.dirname(path)))
    check(done.code != 0 and "could not be restored: " in done.out, "exit code %d: %s" % (done.code, done.out))
    check('column \\"ix\\" does not exist' in done.out, "the server's words: " + done.out)
    harness.same_sums(server.checksums(name), before, "the live one")
    equal(all_databases(server), names, "databases")


def test_prove_on(program):
    """prove --on: proven there as well, and nothing is left."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    prover = Prover(program)
    shop(server, "old_proof", SHOP)
    version = server.psql("SHOW server_version").encode()
    # What is of a newer one is proven by nobody older.
    path = program.path(archive(server, "old_proof", [(version, b"16" + version[2:])]))
    names = all_databases(server)
    with Older(server) as older:
        there = [str(older.port) if one == str(server.port) else one for one in switches(server)]
        done = prover.run(folder, [path] + there, OPEN)
        equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
        older.knows_all()
    told = done.json()
    equal((told["proven"], told["not_provable"], told["large_objects"]), (True, [], 1), "the proof")
    check(told["server"].startswith("PostgreSQL 16."), "the server: " + told["server"])
    equal(all_databases(server), names, "databases")
    prover.nothing_left()


harness.main(__name__)
