"""What a snapshot does not hide: statements that empty, rewrite, replace or drop what is being saved, in each moment of
a backup's beginning. The backup holds the rows of one moment, or it is not called a success."""
import concurrent.futures
import json
import os
import subprocess
import harness
from harness import check, equal
from test_snapshot import DUMP, OURS

# pg_dump locks in the order of the tables' numbers: it can be held at the first, before the others are locked.
WORLD = """
CREATE TABLE first (a int);
CREATE TYPE state AS ENUM ('open', 'shut');
CREATE TABLE orders (id serial PRIMARY KEY, what text NOT NULL CHECK (what <> ''), at state DEFAULT 'open');
INSERT INTO orders (what) SELECT 'order ' || n FROM generate_series(1, 1000) n;
CREATE INDEX orders_what ON orders (what);
CREATE VIEW open_orders AS SELECT * FROM orders WHERE at = 'open';
CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';
CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER same BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION same();
CREATE SEQUENCE numbers; SELECT nextval('numbers') FROM generate_series(1, 50);
CREATE TABLE parts (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b');
INSERT INTO parts SELECT n, CASE WHEN n % 3 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 300) n;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE parts_c (id int, kind text); INSERT INTO parts_c SELECT n, 'c' FROM generate_series(1, 70) n;
CREATE SCHEMA side; CREATE TABLE side.log (a positive); INSERT INTO side.log SELECT generate_series(1, 40);
SELECT lo_from_bytea(4242, 'picture');
"""
NEW_ORDERS = "CREATE TABLE orders (LIKE old INCLUDING ALL); INSERT INTO orders SELECT * FROM old LIMIT 950"
# Each with whether a backup that begins before it has to begin again; None: whichever.
STATEMENTS = {
    "truncate and load": ("TRUNCATE orders; INSERT INTO orders (what) SELECT 'new' FROM generate_series(1, 900)", True),
    "truncate": ("TRUNCATE orders", True),
    "truncate and restart": ("TRUNCATE orders RESTART IDENTITY", True),
    "truncate a partition": ("TRUNCATE parts_a; INSERT INTO parts VALUES (1, 'a')", True),
    "truncate the whole": ("TRUNCATE parts", True),
    "a wider column": ("ALTER TABLE parts_c ALTER id TYPE bigint", True),
    "a computed column": ("ALTER TABLE orders ADD half int GENERATED ALWAYS AS (id / 2) STORED", True),
    "a column with a volatile default": ("ALTER TABLE orders ADD r float DEFAULT random()", True),
    "an identity": ("ALTER TABLE parts_c ADD n int GENERATED ALWAYS AS IDENTITY", True),
    "unlogged": ("ALTER TABLE orders SET UNLOGGED", True),
    "swapped": ("ALTER TABLE orders RENAME TO old; " + NEW_ORDERS, True),
    "swapped and dropped": ("ALTER TABLE orders RENAME TO old; %s; DROP TABLE old CASCADE" % NEW_ORDERS, True),
    "made anew": ("DROP TABLE orders CASCADE; CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", True),
    "dropped": ("DROP TABLE parts_c", True),
    "renamed": ("ALTER TABLE parts_c RENAME TO parts_d", True),
    "in another schema": ("ALTER TABLE parts_c SET SCHEMA side", True),
    "the schema renamed": ("ALTER SCHEMA side RENAME TO back", True),
    "a column renamed": ("ALTER TABLE parts_c RENAME kind TO sort", None),
    "a column dropped": ("ALTER TABLE parts_c DROP kind", None),
    "a column added": ("ALTER TABLE parts_c ADD note text DEFAULT 'x'", None),
    "an enumeration's value renamed": ("ALTER TYPE state RENAME VALUE 'open' TO 'begun'", True),
    "an enumeration's value added": ("ALTER TYPE state ADD VALUE 'lost'", None),
    "a partition detached": ("ALTER TABLE parts DETACH PARTITION parts_a", None),
    "a partition attached": ("ALTER TABLE parts ATTACH PARTITION parts_c FOR VALUES IN ('c')", None),
    "a partition dropped": ("ALTER TABLE parts DETACH PARTITION parts_a; DROP TABLE parts_a", True),
    "written anew": ("CLUSTER orders USING orders_pkey", None),
    "vacuumed full": ("VACUUM FULL orders", None),
    "an index dropped": ("DROP INDEX orders_what", True),
    "an index made anew": ("DROP INDEX orders_what; CREATE INDEX orders_what ON orders (what, id)", True),
    "a constraint dropped": ("ALTER TABLE orders DROP CONSTRAINT orders_what_check", False),
    "a view dropped": ("DROP VIEW open_orders", True),
    "a trigger dropped": ("DROP TRIGGER same ON orders", True),
    "a function dropped": ("DROP FUNCTION twice(int)", True),
    "a function renamed": ("ALTER FUNCTION same() RENAME TO unchanged", True),
    "a type renamed": ("ALTER TYPE state RENAME TO condition", True),
    "a domain in another schema": ("ALTER DOMAIN positive SET SCHEMA side", True),
    "a sequence set back": ("SELECT setval('numbers', 1)", True),
    "a sequence restarted": ("ALTER SEQUENCE numbers RESTART", True),
    "a sequence dropped": ("DROP SEQUENCE numbers", True),
    "a sequence goes on": ("SELECT nextval('numbers')", False),
    "rows": ("DELETE FROM orders WHERE id > 500; UPDATE parts SET id = id + 1; INSERT INTO parts_c VALUES (1)", False),
    "a large object gone": ("SELECT lo_unlink(4242)", False),
    "a right": ("GRANT SELECT ON orders TO PUBLIC", False),
    "a new table": ("CREATE TABLE newer (a int); INSERT INTO newer VALUES (1)", False),
}
# From pg_dump's locks on, what needs a table for itself waits for the end of the backup, whatever it is: a few of them
# are enough then.
WAITING = ("TRUNCATE", "ALTER TABLE", "DROP TABLE", "CLUSTER", "VACUUM", "DROP INDEX", "DROP TRIGGER")
ENOUGH = ("truncate and load", "swapped and dropped", "a wider column", "vacuumed full", "a partition dropped")
FEW = ("truncate and load", "dropped", "rows")  # under Wine, where each program takes its time to start
WAITS = "SELECT 1 FROM pg_stat_activity WHERE datname = '%s' AND %s AND wait_event_type = 'Lock'"
COUNTS = ("SELECT 1 FROM pg_stat_activity a WHERE datname = '%s' AND " + OURS.replace("%", "%%") +
          " AND state = 'idle in transaction' AND query NOT LIKE 'SET%%' AND query NOT LIKE 'BEGIN%%' AND "
          "EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.mode = 'AccessShareLock')")
WRITER = ("SELECT 1 FROM pg_stat_activity WHERE datname = '%s' AND application_name = 'psql' AND "
          "(wait_event_type = 'Lock' OR (state = 'idle' AND query = 'SELECT ''writer'';'))")
# One client asks until it is so: one a question would keep the machine busy with starting them.
UNTIL = ("SET application_name = 'until'; DO $$ BEGIN WHILE NOT EXISTS (%s) LOOP PERFORM pg_sleep(0.02); "
         "PERFORM pg_stat_clear_snapshot(); END LOOP; END $$")


class Session:
    """One that is told what to do line by line."""

    def __init__(self, server, database):
        self.process = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-A", "-t", "-f", "-"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env={**harness.clean_env(), **server.env(database)})

    def say(self, sql):
        self.process.stdin.write((sql + "\n").encode())
        self.process.stdin.flush()

    def ask(self, sql):
        self.say(sql + "\n\\echo end")
        for line in self.process.stdout:
            check(b"ERROR" not in line, line.decode())
            if line.strip() == b"end":
                return
        raise AssertionError("psql ended")

    def end(self):
        out, _ = self.process.communicate(timeout=60 * harness.SCALE)
        return out.decode()


def world(server, number):
    name = "moment_%d" % number
    server.psql('CREATE DATABASE "%s" TEMPLATE moments' % name)
    return name


def template(server):
    if not server.psql("SELECT 1 FROM pg_database WHERE datname = 'moments'"):
        server.psql("CREATE DATABASE moments")
        server.psql(WORLD, "moments")


def start(program, server, database, folder):
    return program.start(["backup", "--folder", program.path(folder)], env=server.env(database))


def until(server, sql, process, what):
    """The server knows it: in a session of the database postgres."""
    asking = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-c", UNTIL % sql], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**harness.clean_env(), **server.env()})
    try:
        harness.wait_for(lambda: asking.poll() is not None or process.poll() is not None, 60, what)
        if asking.poll() is None:
            check(False, "the backup has ended too early: " + what)
        equal(asking.returncode, 0, "%s: psql" % what)
    finally:
        asking.kill()
        asking.communicate()


def waits(server, database, who, process):
    until(server, WAITS % (database, who), process, "it waits")


def of_one_moment(server, database, folder, done, before, what):
    """What the distribution's pg_restore makes of the backup is the database before, or after."""
    equal(done.code, 0, "%s: exit code: %s %s" % (what, done.out, done.err))
    path = os.path.join(folder, harness.backups_in(folder)[-1])
    with open(path + ".manifest.json", encoding="utf-8") as f:
        manifest = json.load(f)
    tables = manifest["tables"]
    equal(manifest["level"], "verified", what + ": level; " + done.out)
    server.restore(path, database + "_back")
    got, after = server.checksums(database + "_back"), server.checksums(database)
    server.psql('DROP DATABASE "%s_back"' % database)
    if got != after:
        harness.same_sums(got, before, what + ": what the backup holds, neither of after nor of before:")
    check(all(t["rows"] == t["expected"] for t in tables), "%s: rows: %s" % (what, tables))


def play_one(program, server, moment, number, what, sql, again, before):
    """What is wrong, or None."""
    database, folder = world(server, number), harness.temp_dir("b")
    try:
        done = moment(program, server, database, folder, sql)
        of_one_moment(server, database, folder, done, before, what)
        begun = "begins again" in done.out + done.err
        if again is not None and moment is before_the_locks:
            equal(begun, again, "%s: it began again: %s %s" % (what, done.out, done.err))
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return "%s: %s" % (what, error)
    finally:
        server.psql('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % database)
        server.psql('DROP DATABASE IF EXISTS "%s_back" WITH (FORCE)' % database)
    return None


def play(program, moment):
    """Every statement in that moment; several at a time, as most of it is waiting."""
    server = harness.shared_server()
    template(server)
    only = os.environ.get("CMMS_TEST_ONLY")

    def wanted(what, sql):
        if only or program.kind == "wine":
            return what == only if only else what in FEW
        return moment is before_the_locks or what in ENOUGH or not sql.startswith(WAITING)
    before = server.checksums("moments")
    chosen = [(number, what, sql, again) for number, (what, (sql, again)) in enumerate(STATEMENTS.items())
              if wanted(what, sql)]
    if not only and program.kind == "native": # each run takes a quarter
        chosen = list(harness.a_share(chosen, 4))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(play_one, program, server, moment, number, what, sql, again, before)
                   for number, what, sql, again in chosen]
        wrong = [r.result() for r in running if r.result() is not None]
    check(not wrong, "%d of %d: %s" % (len(wrong), len(running), "; ".join(wrong)))


def before_the_locks(program, server, database, folder, sql):
    """pg_dump has the snapshot and waits for its first lock; the statement is done before it gets another."""
    holder = Session(server, database)
    holder.ask("BEGIN; LOCK TABLE first IN ACCESS EXCLUSIVE MODE;")
    process = start(program, server, database, folder)
    try:
        waits(server, database, DUMP, process)
        server.psql(sql if "VACUUM" in sql else "BEGIN; %s; COMMIT" % sql, database)
    finally:
        holder.say("COMMIT;")
        holder.end()
    return harness.finish(process)


def held_at(program, server, database, folder, sql, catalog, also=None):
    """pg_dump is held where it reads that catalog, until the statement is done or waits for it."""
    holder, writer = Session(server, database), None
    holder.ask("BEGIN; LOCK TABLE pg_catalog.%s IN ACCESS EXCLUSIVE MODE;" % catalog)
    process = start(program, server, database, folder)
    try:
        waits(server, database, DUMP, process)
        if also:
            until(server, also % database, process, "it counts")
        writer = Session(server, database)
        writer.say("%s;" % sql if "VACUUM" in sql else "BEGIN; SELECT 'begun'; %s; COMMIT;" % sql)
        writer.say("SELECT 'writer';")
        until(server, WRITER % database, process, "the statement")
    finally:
        holder.say("COMMIT;")
        holder.end()
    done = harness.finish(process)
    out = writer.end()
    check("ERROR" not in out, "%s: %s" % (sql, out))
    return done


def between_the_locks(program, server, database, folder, sql):
    """It has its locks and reads definitions, which takes it long."""
    return held_at(program, server, database, folder, sql, "pg_policy")


def after_the_locks(program, server, database, folder, sql):
    """All are locked, ours as well, and the large objects come last."""
    return held_at(program, server, database, folder, sql, "pg_largeobject", COUNTS)


def test_before_pg_dump_has_its_locks(program):
    play(program, before_the_locks)


def test_between_its_locks_and_ours(program):
    play(program, between_the_locks)


def test_after_the_locks(program):
    play(program, after_the_locks)


def test_rebuilt_each_time(program):
    """Each time that the backup begins somebody is quicker: no backup, and one sentence."""
    server = harness.shared_server()
    template(server)
    database, folder = world(server, 99), harness.temp_dir("b")
    try:
        holder = Session(server, database)
        holder.ask("BEGIN; LOCK TABLE first IN ACCESS EXCLUSIVE MODE;")
        process = start(program, server, database, folder)
        for _ in range(3):
            waits(server, database, DUMP, process)
            server.psql("TRUNCATE orders", database)
            following = Session(server, database)
            following.say("BEGIN; LOCK TABLE first IN ACCESS EXCLUSIVE MODE; SELECT 'locked';")
            until(server, WAITS % (database, "application_name = 'psql'"), process, "the next lock")
            holder.say("COMMIT;")
            holder.end()
            holder = following
        done = harness.finish(process)
        holder.say("COMMIT;")
        holder.end()
        equal(done.code, 9, "exit code: %s %s" % (done.out, done.err))
        for sentence in ("cmms-backup-cli: no backup was made: 3 times another program was rebuilding tables when it "
                         "began (the last time the table public.orders was changed)",
                         "Hint: Try again when the import, the update or the maintenance that does this has ended."):
            check(sentence in done.err.splitlines(), "%s is not in %s" % (sentence, done.err))
        equal((harness.backups_in(folder), harness.partials_in(folder)), ([], []), "files")
        equal(server.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0", "locks that stay")
    finally:
        server.psql('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % database)


harness.main(__name__, wine=("test_before_pg_dump_has_its_locks", "test_rebuilt_each_time"))
