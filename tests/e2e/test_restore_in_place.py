"""A restore by a role that may not create databases: into the live one itself, all of it or nothing."""
import subprocess
import harness
from harness import check, equal
from test_restore import databases, definitions, furniture, restored
from test_restore_hostile import OPEN, Between, Cut
from test_restore_kinds import backup_as, role, run, server_of

TABLES = """
SET ROLE plain;
CREATE TABLE work_orders (id serial PRIMARY KEY, note text); INSERT INTO work_orders (note) SELECT 'n' || i
  FROM generate_series(1, 200) i;
CREATE TABLE lines (wo int REFERENCES work_orders, n int CHECK (n > 0)); CREATE INDEX ON lines (n);
INSERT INTO lines SELECT i, i FROM generate_series(1, 200) i;
CREATE VIEW open AS SELECT id FROM work_orders; CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM lines;
CREATE SCHEMA extra; CREATE TABLE extra.t (a int); INSERT INTO extra.t VALUES (1); GRANT USAGE ON SCHEMA extra TO seer;
CREATE TABLE secrets (a int); INSERT INTO secrets SELECT generate_series(1, 40);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; -- (forced, its owner could make no backup of it)
CREATE POLICY mine ON secrets USING (a < 10); GRANT SELECT ON work_orders, secrets TO seer;
SELECT lo_from_bytea(4711, 'a picture');
"""


class Plant:
    def __init__(self, name):
        self.name, self.server, self.folder = name, server_of(), harness.temp_dir("p")
        if not self.server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'plain'"):
            role(self.server, "plain", "LOGIN")
            role(self.server, "seer", "NOLOGIN")
        self.server.psql("CREATE DATABASE %s OWNER plain" % name)
        self.server.psql(TABLES, name)
        self.path = backup_as(self.server, name, self.folder, "postgres")
        self.was = self.facts()
        self.server.psql("SET ROLE plain; DELETE FROM lines WHERE n > 50; UPDATE work_orders SET note = 'changed';"
                         "REVOKE SELECT ON work_orders FROM seer; DROP TABLE extra.t; SELECT lo_unlink(4711)", name)
        self.changed = self.facts()

    def facts(self):
        server, name = self.server, self.name
        return (server.checksums(name), furniture(server, name), definitions(server, name),
                server.psql("SELECT n FROM totals AS t(n)", name), databases(server, name))

    def run(self, program, *arguments, user="plain"):
        return run(program, self.server, self.name, "restore", *arguments, program.path(self.path),
                   folder=self.folder, user=user)


def test_there(program):
    plant = Plant("inplace")
    server = plant.server
    done = plant.run(program)
    equal((done.code, done.json()["error"]["message"]), (6, "the user plain may not create databases"), "without it")
    check("restored in place" in done.json()["error"]["hint"], "it is said what can be done: " + done.out)
    for arguments, user, code, sentence in (
            (("--in-place", "--no-safety-backup"), "plain", 2,
             "--in-place goes with none of --to, --tables and --no-safety-backup"),
            (("--in-place",), "postgres", 3, "the user may create databases, so it is not restored in place")):
        done = plant.run(program, *arguments, user=user)
        equal((done.code, done.json()["error"]["message"]), (code, sentence), str(arguments))
    equal(plant.facts(), plant.changed, "nothing was touched")

    server.psql("SET ROLE plain; CREATE TABLE newer (a int); INSERT INTO newer VALUES (7)", "inplace")
    told = restored(plant.run(program, "--in-place"))
    equal((told["database"], told["kept"], told["rows"], told["preview"]["in_place"]),
          ("inplace", None, 200 + 200 + 1 + 40, True), "what it says")
    check(told["safety_backup"].replace("\\", "/").split("/")[-1] in harness.backups_in(plant.folder), "safety backup")
    equal(server.psql("SELECT a FROM newer", "inplace"), "7", "what the backup does not have")
    server.psql("DROP TABLE newer", "inplace")
    after = plant.facts()
    harness.same_sums(after[0], plant.was[0], "what was restored")
    equal(after[1:], plant.was[1:], "all the rest")
    entry = harness.log_entries(plant.folder)[-1]
    check(entry["message"].endswith("; in place, so only the safety backup has what was there"), entry["message"])
    harness.no_locks_left(server)


def test_all_or_nothing(program):
    plant = Plant("wholly")
    server = plant.server
    # Something that was made since holds on to what would have to be dropped.
    server.psql("SET ROLE plain; CREATE TABLE since (wo int REFERENCES work_orders)", "wholly")
    before = plant.facts()
    done = plant.run(program, "--in-place")
    equal(done.code, 4, "what holds on to it: " + done.out)
    equal((plant.facts(), done.json()["error"]["hint"]),
          (before, "Nothing was changed. Show this to your IT administrator."), "as it was")
    server.psql("DROP TABLE since", "wholly")
    # The connection is lost when all is done but the COMMIT.
    seen = []

    def cut(sql):
        seen.append(sql)
        if sql.startswith("COMMIT") and any("DROP TABLE IF EXISTS" in s for s in seen):
            raise Cut()

    with Between(server) as between:
        between.before = cut
        done = harness.finish(program.start(
            ["restore", "--json", "--yes", "--in-place", "--no-safety-proof", "--folder", program.path(plant.folder),
             "-h", "127.0.0.1", "-p", str(between.port), "-U", "plain", "-d", "wholly", program.path(plant.path)],
            OPEN))
    check(done.code in (4, 5), "exit code %d: %s" % (done.code, done.out))
    check(any(s.startswith("COMMIT") for s in seen), "it came to the COMMIT")
    harness.no_locks_left(server)
    equal(plant.facts(), plant.changed, "as it was")
    restored(plant.run(program, "--in-place"))
    equal(plant.facts(), plant.was, "and once more")


def test_who_is_there(program):
    """The application's own sessions are ended; where somebody may not be sent away, it is said before anything."""
    plant = Plant("peopled")
    server, sessions = plant.server, []

    def session(user):
        there = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-d", "peopled", "-U", user],
                                 stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 env={**harness.clean_env(), **server.env(), "PGUSER": user})
        sessions.append(there)
        there.stdin.write(b"BEGIN; SELECT count(*) FROM work_orders \\g /dev/null\n")
        there.stdin.flush()
        harness.wait_for(lambda: server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'peopled' AND"
                                             " usename = '%s' AND state = 'idle in transaction'" % user) == "1", 30,
                         user)
        return there
    try:
        superuser = session("postgres")
        done = plant.run(program, "--in-place")
        equal((done.code, done.json()["error"]["message"]),
              (6, "a session of postgres is in the database peopled, and may not be ended by you"), "a superuser's")
        superuser.kill()
        superuser.wait()
        harness.wait_for(lambda: server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'peopled'") == "0",
                         30, "it is gone")
        session("plain")
        restored(plant.run(program, "--in-place"))
        equal(plant.facts(), plant.was, "what was restored")
    finally:
        for one in sessions:
            one.kill()
            one.wait()


harness.main(__name__)
