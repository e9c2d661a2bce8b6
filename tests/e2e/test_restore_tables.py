"""Selected tables of a backup into a new schema, to be looked at: nothing that is there is touched."""
import re
import subprocess
import harness
from harness import check, equal
from test_restore import databases, restored
from test_restore_hostile import OPEN, Between, Cut
from test_restore_kinds import backup_as, role, run, server_of

OLD = """
CREATE TYPE state AS ENUM ('open', 'done'); CREATE DOMAIN code AS varchar(9) CHECK (VALUE ~ '^WO');
CREATE FUNCTION fee(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
CREATE TABLE work_orders (id serial PRIMARY KEY, wo code, "S" state DEFAULT 'open', cost numeric(8, 2),
  fee numeric GENERATED ALWAYS AS (fee(cost)) STORED, photo bytea, tags text[], at timestamptz, part regclass, wait
  interval, note text, gone int);
ALTER TABLE work_orders DROP COLUMN gone;
INSERT INTO work_orders (wo, "S", cost, photo, tags, at, part, wait, note) SELECT 'WO-' || i, 'done', i / 7.0,
  '\\x00ff0a'::bytea, ARRAY['a,b', NULL, '{"'], '2026-11-23 02:00+03', 'work_orders', '3 days 04:05',
  E'tab\\t\\\\. \\n€' FROM generate_series(1, 3000) i;
INSERT INTO work_orders DEFAULT VALUES;
INSERT INTO work_orders (note) VALUES (repeat('long ', 60000));
CREATE TABLE parts (k state, n int) PARTITION BY HASH (k);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT (ARRAY['open', 'done']::state[])[1 + i % 2], i FROM generate_series(1, 300) i;
CREATE TABLE secrets (a int); INSERT INTO secrets SELECT generate_series(1, 40);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; ALTER TABLE secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON secrets USING (false);
CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE other (a int); INSERT INTO other VALUES (1);
CREATE VIEW by_state AS SELECT id, note FROM work_orders GROUP BY id;
"""
# A regclass is told by its schema where that is not in the path.
SUMS = "SET search_path = ''; SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM %s t"
TABLES = ("work_orders", "parts", "secrets")


class Plant:
    def __init__(self, name):
        self.name, self.server, self.folder = name, server_of(), harness.temp_dir("t")
        self.server.psql("CREATE DATABASE %s" % name)
        self.server.psql("ALTER DATABASE %s SET datestyle = 'SQL, DMY'; ALTER DATABASE %s SET bytea_output = 'escape';"
                         % (name, name))
        self.server.psql(OLD, name)
        self.path = backup_as(self.server, name, self.folder, "postgres")
        self.was = self.sums("public")
        self.server.psql("DELETE FROM work_orders WHERE id > 10; UPDATE parts SET n = 0; ALTER TYPE state RENAME TO s2",
                         name)

    def sums(self, schema):
        return [self.server.psql(SUMS % ("%s.%s" % (schema, t)), self.name) for t in TABLES]

    def run(self, program, *arguments, user="postgres"):
        return run(program, self.server, self.name, "restore", *arguments, program.path(self.path),
                   folder=self.folder, user=user)

    def live(self):
        """What is there: rows, definitions, and which sessions and databases there are."""
        done = subprocess.run([harness.PG_BIN + "/pg_dump", "-d", self.name, "-n", "public"], capture_output=True,
                              env={**harness.clean_env(), **self.server.env()})
        equal(done.returncode, 0, "pg_dump: " + done.stderr.decode())
        text = re.sub(r"(?m)^(--.*|\\(un)?restrict .*)$\n?", "", done.stdout.decode())
        return text, databases(self.server, self.name)


def test_to_look_at_them(program):
    plant = Plant("look")
    before = plant.live()
    # A session that keeps everybody from the live table: nobody has to get at it, and nobody is sent away.
    busy = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-A", "-t", "-d", "look"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, env={**harness.clean_env(), **plant.server.env()})
    try:
        busy.stdin.write(b"BEGIN; LOCK TABLE work_orders, parts IN ACCESS EXCLUSIVE MODE;\n")
        busy.stdin.flush()
        harness.wait_for(lambda: plant.server.psql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
                                                   " AND granted AND locktype = 'relation'") != "0", 30, "the lock")
        told = restored(plant.run(program, "--tables", "work_orders, parts,secrets,no_columns", "--to-schema",
                                  "last Week"))
        busy.stdin.write(b"SELECT 'still here'; COMMIT;\n")
        out, _ = busy.communicate(timeout=60 * harness.SCALE)
    finally:
        busy.kill()
    equal(out.decode().strip(), "still here", "the session in the live database")
    equal((told["database"], told["schema"], told["kept"], told["safety_backup"], told["tables"], told["rows"]),
          ("look", "last Week", None, None, 4, 3002 + 300 + 40 + 1), "what it says")
    equal(plant.sums('"last Week"'), plant.was, "the rows of the backup")
    equal(plant.live(), before, "what was there")
    equal(plant.server.psql("SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY"
                            " attnum) FROM pg_attribute WHERE attrelid = '\"last Week\".work_orders'::regclass"
                            " AND attnum > 0", "look"),
          "id integer, wo character varying(9), S text, cost numeric(8,2), fee numeric, photo bytea, tags text[], "
          "at timestamp with time zone, part text, wait interval, note text", "its columns")
    check("In work_orders these columns are text, because their types are the old database's own: S, part"
          in told["notes"], "notes: %s" % told["notes"])
    equal(plant.server.psql("SELECT count(*) FROM pg_constraint WHERE connamespace = '\"last Week\"'::regnamespace",
                            "look"), "0", "rules")
    entry = harness.log_entries(plant.folder)[-1]
    equal((entry["operation"], entry["status"], entry["message"]),
          ("restore", "success", "Restored 4 tables with 3,343 rows into the new schema last Week of look; nothing "
                                 "else was touched"), "the log")
    harness.no_secret(plant.folder)
    harness.no_locks_left(plant.server)


def test_the_schemas_name(program):
    plant = Plant("named_by_time")
    names = [restored(plant.run(program, "--tables", "other"))["schema"] for _ in range(2)]
    check(re.fullmatch(r"restored_\d{8}_\d{6}", names[0]), "by the backup's moment: " + names[0])
    equal(names[1], names[0] + "_2", "once more")
    equal(plant.server.psql("SELECT a FROM %s.other" % names[1], plant.name), "1", "a row")


def test_refused(program):
    plant = Plant("refuses")
    role(plant.server, "maker", "LOGIN CREATEDB")
    role(plant.server, "looker", "LOGIN")
    plant.server.psql("CREATE SCHEMA taken; CREATE TABLE taken.other (a int)", "refuses")
    before = plant.live()
    for arguments, user, code, sentence in (
            (("--tables", "orders"), "postgres", 10, "the backup holds no table orders"),
            (("--tables", "parts_0"), "postgres", 3, "parts_0 is a part of parts, and only comes back with it"),
            (("--tables", "other", "--to-schema", "taken"), "postgres", 3,
             "the database refuses has a schema taken already"),
            (("--tables", "other", "--to-schema", "x" * 64), "postgres", 3,
             "the name %s is too long for a schema: 63 bytes at the most" % ("x" * 64)),
            (("--tables", "other", "--to", "elsewhere"), "postgres", 2, "--tables and --to do not go together"),
            (("--to-schema", "s"), "postgres", 2, "--to-schema names a new schema for the tables of --tables"),
            (("--tables", "other"), "looker", 6, "the user looker may not create databases"),
            (("--tables", "other"), "maker", 6, "the user maker may not make a schema in the database refuses")):
        done = plant.run(program, *arguments, user=user)
        equal((done.code, done.json()["error"]["message"]), (code, sentence), str(arguments))
        equal(plant.live(), before, str(arguments))
    done = run(program, plant.server, "no_such", "restore", "--tables", "other", program.path(plant.path),
               folder=plant.folder)
    equal((done.code, done.json()["error"]["message"]), (10, "there is no database no_such on the server"), "no target")
    # Who may is no superuser.
    plant.server.psql("GRANT CREATE ON DATABASE refuses TO maker")
    told = restored(plant.run(program, "--tables", "work_orders", user="maker"))
    equal(plant.server.psql("SELECT count(*), bool_and(pg_get_userbyid(nspowner) = 'maker') FROM %s.work_orders,"
                            " pg_namespace WHERE nspname = '%s'" % (told["schema"], told["schema"]), "refuses"),
          "3002|t", "a role of no rights")


def test_lost_at_the_end(program):
    """All of it is there, or none; and the database beside is dropped by whoever comes next."""
    plant = Plant("lost")
    before = plant.live()

    def cut(sql):
        if sql == "COMMIT":
            raise Cut()

    with Between(plant.server) as between:
        between.before = cut
        done = harness.finish(program.start(
            ["restore", "--json", "--tables", "work_orders", "--to-schema", "mine", "--folder",
             program.path(plant.folder), "-h", "127.0.0.1", "-p", str(between.port), "-U", "postgres", "-d", "lost",
             program.path(plant.path)], OPEN))
    equal(done.code, 5, "the connection is lost: " + done.out)
    harness.no_locks_left(plant.server)
    equal(plant.server.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'mine'", "lost"), "0", "the schema")
    equal(plant.live()[0], before[0], "what was there")
    restored(plant.run(program, "--tables", "work_orders", "--to-schema", "mine"))
    equal(plant.server.psql(SUMS % "mine.work_orders", "lost"), plant.was[0], "the next time")
    equal(databases(plant.server, "lost"), ["lost"], "databases")


harness.main(__name__, wine=("test_to_look_at_them", "test_the_schemas_name"))
