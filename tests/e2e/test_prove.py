"""Prove: a backup restored into an empty database, counted, and taken away again; on the bundled engine and on a
server that is named."""
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
import harness
from harness import check, equal, PASSWORD
from promises import check_promises, left_over, look
from test_kill import tools_of


def slow_index(tenths=40):
    """An index that takes so many tenths of a second to build in the database of a proof, and there only."""
    return ("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, %d); "
            "CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS "
            "$$ BEGIN IF current_database() LIKE 'cmms_prove%%' THEN PERFORM pg_catalog.pg_sleep(0.1); END IF; "
            "RETURN $1; END $$; CREATE INDEX i ON t (slow(a))" % tenths)


UTF = "J\u00fcrgen's & 100% #1"


class Prover:
    """The program as a user that may run a PostgreSQL server, with a folder of its own for its data.

    Half of what a proof on the engine takes is initdb, under Wine ten seconds. It does the same each time, so an initdb
    of ours gives the cluster that a real one has made once. real_initdb: it is the shipped one.
    """

    def __init__(self, program, real_initdb=False):
        self.program = program
        self.home = harness.temp_dir("h")
        if program.kind == "native":
            # PostgreSQL refuses to run as root.
            self.argv = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + program.argv
            self.data = os.path.join(self.home, "ait-cmms-backup")
            self.env = {"XDG_DATA_HOME": self.home, "HOME": self.home}
            shutil.chown(self.home, "postgres", "postgres")
        else:
            self.argv = program.argv
            # Not the folder of all Wine tests: one proof at a time is the rule of a PC, and they run side by side.
            self.data = os.path.join(self.home, "data")
            self.env = {"CMMS_BACKUP_DATA": program.path(self.data)}
        self.ready = None if real_initdb else os.path.join(self.home, "ready")
        if self.ready:
            self.env.update(FAKE_TOOL_CLUSTER=program.path(self.ready),
                            CMMS_BACKUP_ENGINE=program.path(engine_with_fake(program, "initdb")))

    def start(self, folder, arguments=(), env=None):
        self.own(folder)
        if "--on" not in arguments:
            self.get_ready()
        argv = self.argv + ["prove", "--json", "--folder", self.program.path(folder)] + list(arguments)
        return subprocess.Popen(argv, env=self.program.env({**self.env, **(env or {})}), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")

    def get_ready(self):
        """Before each start of the program that is not start()'s: what the quick initdb gives."""
        if self.ready and not os.path.exists(self.ready):
            subprocess.run(["cp", "-a", ready_cluster(self.program), self.ready], check=True)

    def own(self, folder):
        if self.program.kind == "native":
            subprocess.run(["chown", "-R", "postgres", folder], check=True)

    def run(self, folder, arguments=(), env=None):
        return harness.finish(self.start(folder, arguments, env))

    def any_verb(self, folder, verb):
        argv = self.argv + [verb, "--json", "--folder", self.program.path(folder)]
        return harness.finish(subprocess.Popen(argv, env=self.program.env(self.env), stdin=subprocess.DEVNULL,
                                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"))

    def left(self):
        """What is left of scratch folders."""
        return [n for n in os.listdir(self.data) if n.startswith("prove-")] if os.path.isdir(self.data) else []

    def nothing_left(self):
        equal(self.left(), [], "scratch folders")


def manifest_of(path):
    with open(path + ".manifest.json", encoding="utf-8") as f:
        return json.load(f)


def switches(server):
    return ["--on", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]


def engine_and(program, server):
    """The switches and the environment of a proof on the engine, and of one on a server; under Wine that is the same,
    and runs with --thorough."""
    both = (([], {}), (switches(server), {"PGPASSWORD": PASSWORD}))
    return both if program.kind == "native" or harness.THOROUGH else both[:1]


def databases(server):
    return server.psql("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database")


def odd_database(server):
    # The statements stand with the round trip.
    if not server.psql("SELECT 1 FROM pg_database WHERE datname = 'odd'"):
        with open(os.path.join(os.path.dirname(__file__), "test_roundtrip.py"), encoding="utf-8") as f:
            text = f.read()
        server.psql("CREATE DATABASE odd")
        server.psql(text.split("ODD = r'''", 1)[1].split("'''", 1)[0], "odd")
    return "odd"


def make(server, name, sql):
    server.psql('DROP DATABASE IF EXISTS "%s"' % name)
    server.psql('CREATE DATABASE "%s"' % name)
    server.psql(sql, name)
    return name


def test_sample_is_proven(program):
    server = harness.shared_server()
    prover = Prover(program, real_initdb=True)
    folder = os.path.join(harness.temp_dir("b"), UTF)
    os.mkdir(folder)
    report = program.good_backup(server, harness.sample(server), folder)
    done = prover.run(folder)
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    found = done.json()
    equal((found["proven"], found["level"], found["not_provable"]), (True, "proven", []), "the proof")
    equal(found["tables"], len(report["tables"]), "tables compared")
    equal(found["rows"], sum(t["rows"] for t in report["tables"]), "rows")
    check(found["server"].startswith("PostgreSQL 1") and found["seconds"] > 0, "where and how long: %s" % found)
    manifest = manifest_of(report["unix_path"])
    equal(manifest["level"], "proven", "the manifest's level")
    equal(manifest["proven_at"], found["proven_at"], "when")
    entry = harness.log_entries(folder)[-1]
    equal((entry["operation"], entry["status"], entry["level"]), ("prove", "success", "proven"), "the log's entry")
    listed = program.run(["list", "--json", "--folder", program.path(folder)]).json()["backups"]
    equal(listed[0]["level"], "proven", "the list")
    prover.nothing_left()


def test_odd_database_is_proven(program):
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    report = program.good_backup(server, odd_database(server), folder)
    done = prover.run(folder, [os.path.basename(report["unix_path"])])
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    found = done.json()
    equal((found["level"], found["large_objects"], found["sequences"]), ("proven", 3, 2), "the proof")
    equal(found["tables"], len(report["tables"]), "tables compared")
    # A file that lies elsewhere is only read.
    elsewhere = os.path.join(harness.temp_dir("x"), "copy.backup")
    shutil.copy(report["unix_path"], elsewhere)
    os.chmod(elsewhere, 0o644)
    done = prover.run(folder, [program.path(elsewhere)])
    equal((done.code, done.json()["proven"]), (0, True), "one elsewhere: %s" % done.out)
    equal(os.listdir(os.path.dirname(elsewhere)), ["copy.backup"], "what lies beside it")
    prover.nothing_left()


def test_dump_into_a_redirected_file(program):
    """`pg_dump -Fc > file` on Unix leaves a second table of contents behind the data; pg_restore reads it, and we."""
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    path = os.path.join(folder, "by_hand.backup")
    with open(path, "wb") as f:
        subprocess.run([harness.PG_BIN + "/pg_dump", "-Fc", odd_database(server)], stdout=f, check=True,
                       env={**harness.clean_env(), **server.env("odd")})
    done = prover.run(folder, [program.path(path)])
    equal((done.code, done.json().get("level")), (0, "proven"), "the proof: %s" % done.out)
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) - 1)
    os.unlink(path + ".manifest.json")
    done = program.run(["verify", "--json", "--folder", program.path(folder), program.path(path)])
    equal(done.code, 7, "cut by one byte: %s" % done.out)


def test_on_a_server(program):
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    # What a killed proof left there, and what only looks like it.
    server.psql("CREATE DATABASE cmms_prove_00112233445566aa")
    server.psql("COMMENT ON DATABASE cmms_prove_00112233445566aa IS "
                "'made by CMMS Backup to prove a backup; dropped afterwards'")
    server.psql("CREATE DATABASE cmms_prove_00112233445566bb")
    server.psql("CREATE DATABASE cmms_prove_00112233445566cc CONNECTION LIMIT 17") # killed before it was commented
    before = server.checksums("cmms")
    expected = databases(server).replace("cmms_prove_00112233445566aa ", "")
    expected = expected.replace("cmms_prove_00112233445566cc ", "")
    done = prover.run(folder, switches(server), {"PGPASSWORD": PASSWORD})
    server_now = databases(server)
    server.psql("DROP DATABASE cmms_prove_00112233445566bb")
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    check(done.json()["server"].startswith("PostgreSQL 17."), done.out)
    equal(server_now, expected, "the databases")
    equal(server.checksums("cmms"), before, "the source")
    harness.no_secret(folder, done.out, done.err)
    # One at a time is the engine's rule, not that of servers.
    other = os.path.join(harness.temp_dir("b"), "b")
    shutil.copytree(folder, other)
    both = [prover.start(f, switches(server), {"PGPASSWORD": PASSWORD}) for f in (folder, other)]
    equal([harness.finish(p).code for p in both], [0, 0], "two beside each other")
    prover.nothing_left()


def test_refused_before_anything_starts(program):
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    report = program.good_backup(server, odd_database(server), folder)
    # A row more in the manifest than in the archive.
    path = report["unix_path"] + ".manifest.json"
    manifest = manifest_of(report["unix_path"])
    next(t for t in manifest["tables"] if t["name"] == "kinds")["rows"] += 1
    with open(path, "w", encoding="utf-8") as f:
        json.dump(manifest, f)
    done = prover.run(folder, env={"CMMS_BACKUP_ENGINE": program.path(harness.temp_dir("none"))})
    equal(done.code, 7, "exit code: %s" % done.out)
    check("table kinds holds 1,000 rows where the manifest says 1,001" in done.out, done.out)
    equal(manifest_of(report["unix_path"])["level"], "damaged", "the level")
    prover.nothing_left()


def test_restore_that_breaks(program):
    """A duplicate key in the source, as a broken index lets in: every byte is as it was saved, and yet."""
    server = harness.shared_server()
    prover = Prover(program)
    name = make(server, "broken", "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1); CREATE INDEX i ON t (a); "
                "UPDATE pg_index SET indisunique = true WHERE indexrelid = 'i'::regclass")
    folder = harness.temp_dir("b")
    report = program.good_backup(server, name, folder)
    for on, env in engine_and(program, server):
        before = databases(server)
        done = prover.run(folder, on, env)
        equal(done.code, 4, "exit code: %s" % done.out)
        error = done.json()["error"]
        check("could not be restored" in error["message"] and 'unique index "i"' in error["message"], done.out)
        equal(error["detail"], "Key (a) is duplicated.", "the detail")
        equal(manifest_of(report["unix_path"])["level"], "verified", "the level")
        entry = harness.log_entries(folder)[-1]
        equal((entry["operation"], entry["status"]), ("prove", "failed"), "the log's entry")
        equal(databases(server), before, "the databases")
        prover.nothing_left()


def test_no_row_in_a_message(program):
    """Rules that refuse their own old rows: the table, the rule and the line are told, and nothing of the row."""
    server = harness.shared_server()
    prover = Prover(program)
    for name, body, words in (("refused", "SELECT false", ""),
                              ("raised", "BEGIN RAISE EXCEPTION 'no % here', $1 USING DETAIL = $1; END",
                               "a function of the database ended it")):
        language = "sql" if name == "refused" else "plpgsql"
        make(server, name, "CREATE FUNCTION f(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; "
             "CREATE TABLE people (id int, secret text, CONSTRAINT c CHECK (f(secret))); "
             "INSERT INTO people VALUES (1, 'pbkdf2$PLANTED'); "
             "CREATE OR REPLACE FUNCTION f(text) RETURNS boolean LANGUAGE %s AS $body$%s$body$" % (language, body))
        folder = harness.temp_dir("b")
        program.good_backup(server, name, folder)
        for on, env in (([], {}), (switches(server), {"PGPASSWORD": PASSWORD})):
            done = prover.run(folder, on, env)
            if name == "refused":
                equal((done.code, done.json().get("unchecked")), (0, ["public.people.c"]), "the rule: %s" % done.out)
            else:
                equal(done.code, 4, "exit code: %s" % done.out)
                error = done.json()["error"]
                check("people" in error["message"] and words in error["message"], done.out)
            log = open(os.path.join(folder, "backup_log.json"), encoding="utf-8").read()
            for text in (done.out, done.err, log):
                check("PLANTED" not in text, text)
        prover.nothing_left()


def test_constraints_unchecked_by_design(program):
    """NOT VALID in the source is no fault of the backup; nor are roles that only the source has."""
    server = harness.shared_server()
    prover = Prover(program)
    server.psql('DROP DATABASE IF EXISTS lax; DROP ROLE IF EXISTS "App, User", reader; '
                'CREATE ROLE "App, User"; CREATE ROLE reader')
    name = make(server, "lax", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int); INSERT INTO t VALUES (1); "
                "ALTER TABLE t ADD CONSTRAINT later FOREIGN KEY (a) REFERENCES p NOT VALID; "
                "ALTER TABLE t ADD CONSTRAINT high CHECK (a > 5) NOT VALID; "
                "CREATE POLICY \"x TO y\" ON t FOR SELECT TO \"App, User\", reader USING (a > 0); "
                "ALTER TABLE p OWNER TO reader; GRANT ALL ON t TO reader")
    folder = harness.temp_dir("b")
    program.good_backup(server, name, folder)
    done = prover.run(folder)
    equal((done.code, done.json().get("constraints", 0) >= 3), (0, True), "the proof: %s" % done.out)
    # On a server of somebody's no role is made; that it lacks them is said.
    server.psql('ALTER TABLE p OWNER TO postgres; DROP OWNED BY "App, User", reader', "lax")
    server.psql('DROP ROLE "App, User", reader')
    done = prover.run(folder, switches(server), {"PGPASSWORD": PASSWORD})
    equal((done.code, done.json().get("not_provable")),
          (4, ['the server here lacks the role "App, User"', "the server here lacks the role reader"]), "on a server")


def test_extension_that_is_lacking(program):
    """Said in words, the level stays, and it is not called damage."""
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    # Written into the catalog, as if its files had been taken away since: pg_dump sees an extension like any other.
    name = make(server, "extended", "CREATE TABLE t (a int); INSERT INTO t VALUES (1); INSERT INTO pg_extension "
                "(oid, extname, extowner, extnamespace, extrelocatable, extversion) "
                "VALUES (99999, 'cmms_lacking', 10, 2200, true, '1.0')")
    report = program.good_backup(server, name, folder)
    done = prover.run(folder)
    equal(done.code, 4, "exit code: %s" % done.out)
    found = done.json()
    equal((found["proven"], found["level"]), (False, "verified"), "the proof")
    equal(found["not_provable"], ["the server here lacks the extension cmms_lacking"], "why")
    equal(manifest_of(report["unix_path"])["level"], "verified", "the manifest's level")
    check("could not be proven here" in harness.log_entries(folder)[-1]["message"], "the log")
    prover.nothing_left()


# A function for every place where SQL of a database runs while that is restored. Only in a scratch database it tries to
# write a file and to start a program, so the source stays clean whoever makes it there.
HOSTILE = r"""
CREATE FUNCTION does(what text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
  IF current_database() LIKE 'cmms_prove_%%' THEN
    BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %%L', 'echo x > %(mark)s' || what || '.program');
    EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN EXECUTE format('COPY (SELECT 1) TO %%L', '%(mark)s' || what || '.copy');
    EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN PERFORM pg_read_file('postgresql.auto.conf'); EXECUTE 'ALTER ROLE CURRENT_USER SUPERUSER';
    EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN EXECUTE 'RESET ROLE'; EXECUTE 'RESET SESSION AUTHORIZATION'; PERFORM pg_catalog.lo_export(
      pg_catalog.lo_create(0), '%(mark)s' || what || '.lo');
    EXCEPTION WHEN OTHERS THEN NULL; END;
  END IF;
END $f$;
CREATE FUNCTION tries(what text, a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
  'BEGIN PERFORM public.does(what); RETURN a; END'; -- of itself one that says IMMUTABLE may only read
CREATE DOMAIN checked AS int CHECK (public.tries('domain', VALUE) > 0);
CREATE TABLE t (a int CHECK (public.tries('check', a) > 0), b checked DEFAULT public.tries('default', 1),
  c int GENERATED ALWAYS AS (public.tries('generated', a)) STORED);
INSERT INTO t (a) VALUES (1), (2);
CREATE INDEX by_f ON t (public.tries('index', a));
CREATE MATERIALIZED VIEW m AS SELECT public.tries('view', a) AS a FROM t;
CREATE VIEW v AS SELECT public.tries('seen', a) AS a FROM t;
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM public.tries(''trigger'', 1); RETURN NEW; END';
CREATE TRIGGER fires BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION fires();
CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM public.tries(''event'', 1); INSERT INTO public.ddl_log VALUES (1); END';
CREATE TABLE ddl_log (a int);
CREATE EVENT TRIGGER told ON ddl_command_end EXECUTE FUNCTION told();
COMMENT ON EVENT TRIGGER told IS 'of no interest';
CREATE EXTENSION pg_trgm; COMMENT ON EXTENSION pg_trgm IS 'another'; COMMENT ON SCHEMA public IS 'ours';
"""


def test_no_rights(program):
    """What is in a backup cannot write a file nor start a program on the PC that proves it, whoever wrote it; and what
    it does restores all the same. Nothing of its own fires (event triggers)."""
    server = harness.shared_server()
    prover = Prover(program)
    marks = harness.temp_dir("marks")
    os.chmod(marks, 0o777)
    mark = program.path(marks + "/x")[:-1]
    name = make(server, "hostile", HOSTILE % {"mark": mark})
    folder = harness.temp_dir("b")
    program.good_backup(server, name, folder)
    before, roles = databases(server), server.psql("SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles")
    ways = engine_and(program, server)
    if len(ways) > 1: # what a killed proof left there
        server.psql("CREATE ROLE cmms_prove_00112233445566dd; COMMENT ON ROLE cmms_prove_00112233445566dd IS "
                    "'made by CMMS Backup to own the database of a proof; dropped afterwards'")
    for on, env in ways:
        done = prover.run(folder, on, env)
        equal(os.listdir(marks), [], "what it did")
        equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
        equal((done.json()["proven"], done.json()["left_out"]), (True, ["event trigger told"]), "the proof")
        equal(databases(server), before, "the databases")
    equal(server.psql("SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles"), roles, "the roles")
    prover.nothing_left()


def test_rights_that_are_lacking(program):
    """What takes a superuser, or another right, is named; nothing is said against the backup."""
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    name = make(server, "entitled", "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE FUNCTION len(text) "
                "RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'textlen'")
    report = program.good_backup(server, name, folder)
    on = (switches(server), {"PGPASSWORD": PASSWORD})
    done = prover.run(folder, *on)
    equal((done.code, done.json().get("not_provable")),
          (4, ["the FUNCTION public.len(text) takes rights that a proof does not give a backup"]), "in C: " + done.out)
    equal(manifest_of(report["unix_path"])["level"], "verified", "the level")
    # The review's: an index on a function that calls another, here without catching what that meets.
    folder = harness.temp_dir("b")
    program.good_backup(server, make(
        server, "bold", "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS 'BEGIN IF current_database() LIKE "
        "''cmms_prove%'' THEN COPY (SELECT 1) TO PROGRAM ''true''; END IF; END'; CREATE FUNCTION f(int) RETURNS int "
        "IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM public.g(); RETURN $1; END'; CREATE TABLE t (a int); "
        "INSERT INTO t VALUES (1); CREATE INDEX by_f ON t (public.f(a))"), folder)
    done = prover.run(folder, *on)
    equal((done.code, done.json().get("not_provable")),
          (4, ["the INDEX public.by_f takes rights that a proof does not give a backup"]), "an index: " + done.out)
    # One who is no superuser and may make no roles restores with its own rights.
    server.psql("DROP ROLE IF EXISTS maker; CREATE ROLE maker LOGIN CREATEDB PASSWORD '%s'" %
                PASSWORD.replace("'", "''"))
    folder = harness.temp_dir("b")
    program.good_backup(server, make(server, "modest", "CREATE TABLE t (a int); INSERT INTO t VALUES (1); "
                                     "CREATE EXTENSION citext; COMMENT ON EXTENSION citext IS 'x'"), folder)
    for rights in ("NOCREATEROLE", "CREATEROLE"):
        server.psql("ALTER ROLE maker " + rights)
        before = databases(server)
        done = prover.run(folder, ["--on", "-h", "127.0.0.1", "-p", str(server.port), "-U", "maker", "-d", "postgres"],
                          {"PGPASSWORD": PASSWORD})
        equal((done.code, done.json().get("proven")), (0, True), "%s: %s" % (rights, done.out))
        equal(databases(server), before, "the databases")
        equal(server.psql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'cmms_prove_%'"), "0", "the roles")
    server.psql("DROP ROLE maker")


# What people's databases hold and a plain restore stumbles over; each is sound.
KINDS = """
CREATE TYPE status AS ENUM ('open', 'done', 'late', 'lost');
CREATE TABLE work_orders (s status, n int) PARTITION BY HASH (s);
CREATE TABLE work_orders_0 PARTITION OF work_orders FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE work_orders_1 PARTITION OF work_orders FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE work_orders_2 PARTITION OF work_orders FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE work_orders_3 PARTITION OF work_orders FOR VALUES WITH (MODULUS 4, REMAINDER 3);
INSERT INTO work_orders SELECT (enum_range(NULL::status))[1 + i % 4], i FROM generate_series(1, 100) i;
CREATE TABLE secrets (a int); INSERT INTO secrets SELECT generate_series(1, 10);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; ALTER TABLE secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY half ON secrets USING (a <= 5);
CREATE TABLE t (a int); INSERT INTO t VALUES (1);
ALTER TABLE t ADD CONSTRAINT "must be ""big" CHECK (a > 5) NOT VALID;
CREATE TABLE whose (who regrole); INSERT INTO whose VALUES ('ann_app');
CREATE TABLE due (id int, due date); INSERT INTO due VALUES (1, '2020-01-01'), (2, '2999-01-01');
ALTER TABLE due ADD CONSTRAINT due_check CHECK (due >= current_date) NOT VALID;
CREATE DOMAIN modern AS date; CREATE TABLE dated (a modern); INSERT INTO dated VALUES ('1999-01-01');
ALTER DOMAIN modern ADD CONSTRAINT in_time CHECK (VALUE > '2000-01-01') NOT VALID;
UPDATE pg_constraint SET convalidated = true WHERE conname IN ('due_check', 'in_time');
SET timezone = 'Europe/Istanbul';
CREATE TABLE zoned (a timestamptz CONSTRAINT at_three CHECK (extract(hour FROM a) = 3));
INSERT INTO zoned VALUES ('2020-01-01 03:30'); ALTER DATABASE sound SET timezone = 'Europe/Istanbul';
ALTER DATABASE sound SET default_transaction_read_only = on;
CREATE MATERIALIZED VIEW z_base AS SELECT count(*) AS n FROM secrets;
CREATE FUNCTION based() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT n FROM public.z_base); END';
CREATE MATERIALIZED VIEW a_total AS SELECT public.based() AS n;
"""


def test_kinds_that_are_sound(program):
    """Rows that come back in other partitions, forced row security, a rule with quotes in its name, a role that only
    rows name, a rule that refuses its own old rows, views that read each other by functions."""
    server = harness.shared_server()
    prover = Prover(program)
    server.psql("DROP DATABASE IF EXISTS sound; DROP ROLE IF EXISTS ann_app; CREATE ROLE ann_app")
    name = make(server, "sound", KINDS)
    folder = harness.temp_dir("b")
    report = program.good_backup(server, name, folder)
    for on, env in (([], {}), (switches(server), {"PGPASSWORD": PASSWORD})):
        done = prover.run(folder, on, env)
        equal((done.code, done.json().get("not_provable")), (0, []), "the proof: %s %s" % (done.out, done.err))
        found = done.json()
        equal((found["level"], found["unchecked"]), ("proven", ["public.modern.in_time", "public.due.due_check"]),
              "the proof")
        equal((found["tables"], found["rows"]), (len(report["tables"]), 116), "what was counted")
    check(harness.log_entries(folder)[-1]["message"].endswith("; 2 rules could not be checked: "
                                                           "public.modern.in_time, public.due.due_check"),
          "the log: %s" % harness.log_entries(folder)[-1])
    # A server of somebody's is not changed: what it lacks is named.
    server.psql("DROP DATABASE sound")
    folder = harness.temp_dir("b")
    program.good_backup(server, make(server, "roleless", "CREATE TABLE t (who regrole); "
                                     "INSERT INTO t VALUES ('ann_app')"), folder)
    server.psql("DROP ROLE ann_app")
    done = prover.run(folder, *on_server(server))
    equal((done.code, done.json().get("not_provable")), (4, ["the server here lacks the role ann_app"]), done.out)


def test_other_sorting(program):
    """A database whose rows fit only under its own sorting and letters is proven under them, or it is said that it
    cannot be here; never that it is bad."""
    server = harness.shared_server()
    prover = Prover(program)
    server.psql("DROP DATABASE IF EXISTS turkish")
    server.psql("CREATE DATABASE turkish TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'")
    server.psql("CREATE TABLE t (name text, slug text CHECK (slug = lower(name))); "
                "INSERT INTO t VALUES ('ISPARTA', '\u0131sparta'); "
                "CREATE TABLE u (c text); INSERT INTO u VALUES ('I'), ('i'); "
                "CREATE UNIQUE INDEX by_lower ON u (lower(c))", "turkish")
    folder = harness.temp_dir("b")
    program.good_backup(server, "turkish", folder)
    done = prover.run(folder)
    wanted = (0, []) if program.kind == "native" else ( # there the engine has no ICU
        4, ["the database sorts by tr-TR (ICU), which the server here does not"])
    equal((done.code, done.json().get("not_provable")), wanted, "the proof: %s" % done.out)


def on_server(server):
    return switches(server), {"PGPASSWORD": PASSWORD}


def test_what_holds_no_proof(program):
    """A view that cannot be filled is named, and everything else counted. Of archives made by hand, one of a schema is
    proven; one without rows is not, and says so."""
    server = harness.shared_server()
    prover = Prover(program)
    name = make(server, "partial", "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE FUNCTION fails() RETURNS "
                "int LANGUAGE plpgsql AS 'BEGIN IF current_database() LIKE ''cmms_prove%'' THEN RAISE ''no''; END IF; "
                "RETURN 1; END'; CREATE MATERIALIZED VIEW never AS SELECT public.fails() AS n")
    folder = harness.temp_dir("b")
    report = program.good_backup(server, name, folder)
    done = prover.run(folder, *on_server(server))
    equal((done.code, done.json().get("not_provable"), done.json().get("rows")),
          (4, ["the materialized view never could not be filled"], 1), "a view: " + done.out)
    equal(manifest_of(report["unix_path"])["level"], "verified", "the level")
    server.psql("DROP MATERIALIZED VIEW never", name)
    none = "it holds no rows, only what the tables look like (pg_dump --schema-only)"
    for option, code, why in (("-npublic", 0, []), ("-s", 4, [none])):
        folder = harness.temp_dir("b")
        path = os.path.join(folder, "by_hand.backup")
        subprocess.run([harness.PG_BIN + "/pg_dump", "-Fc", "-f", path, option, name], check=True,
                       env={**harness.clean_env(), **server.env(name)})
        os.chmod(path, 0o644)
        done = prover.run(folder, on_server(server)[0] + [program.path(path)], on_server(server)[1])
        equal((done.code, done.json().get("not_provable")), (code, why), "%s: %s" % (option, done.out))


def test_killed_in_the_middle(program):
    server = harness.shared_server()
    # Natively the first proof might end while the second gets its quick cluster.
    prover = Prover(program, real_initdb=program.kind == "native")
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    process = prover.start(folder)
    ready = lambda: [n for n in prover.left() if os.path.exists(os.path.join(prover.data, n, "cluster/postmaster.pid"))]
    scratch = os.path.join(prover.data, harness.wait_for(ready, 60, "the server")[0])
    check(program.kind == "wine" or working_in(prover.data), "the server is seen at work")
    # One proof at a time.
    second = prover.run(folder)
    equal(second.code, 9, "the second: %s" % second.out)
    program.kill(process)
    equal(manifest_level(folder), "verified", "the level")
    # It is a copy of a database, so it does not wait for the next proof: any start of the program removes it.
    harness.wait_for(lambda: prover.any_verb(folder, "list").code == 0 and not os.path.exists(scratch), 60,
                     "the end of what was left")
    done = prover.run(folder)
    equal(done.code, 0, "the next run: %s %s" % (done.out, done.err))
    prover.nothing_left()
    if program.kind == "native":
        equal(working_in(prover.data), [], "servers that are left")


def working_in(folder):
    """The command lines of those whose current folder is below this one, as a server's is its cluster's."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink("/proc/%s/cwd" % pid).startswith(folder + "/"):
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    found.append(f.read().replace(b"\0", b" ").decode(errors="replace"))
    return found


def manifest_level(folder):
    return manifest_of(os.path.join(folder, harness.backups_in(folder)[0]))["level"]


def stop(process):
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = harness.finish(process)
    took = time.monotonic() - began
    equal(done.code, 130, "exit code: %s %s" % (done.out, done.err))
    check(took < 4 * harness.SCALE, "it took %.1f s to stop" % took) # two, and no more when a machine is busy
    print("# stopped after %.1f s" % took)


def test_cancelled(program):
    if program.kind == "wine":
        raise harness.Skip("Ctrl+C cannot be sent to a Wine console program from here; the code behind it is the same")
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    ready = lambda: [n for n in prover.left() if os.path.exists(os.path.join(prover.data, n, "cluster/postmaster.pid"))]
    process = prover.start(folder)
    harness.wait_for(ready, 60, "the server")
    stop(process)
    prover.nothing_left()
    equal(manifest_level(folder), "verified", "the level")
    # In the middle of a restore on a server: the database goes too.
    before = databases(server)
    process = prover.start(folder, switches(server), {"PGPASSWORD": PASSWORD})
    harness.wait_for(lambda: "cmms_prove_" in databases(server), 60, "the database")
    stop(process)
    equal(databases(server), before, "the databases")


def test_restore_killed(program):
    """pg_restore is killed: a sentence, the level stays, nothing is left."""
    server = harness.shared_server()
    prover = Prover(program)
    name = make(server, "slow_index", slow_index())
    folder = harness.temp_dir("b")
    program.good_backup(server, name, folder)
    before, seen = databases(server), look(folder)
    working = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND datname LIKE 'cmms_prove%'"
    for on, env in (([], {}), (switches(server), {"PGPASSWORD": PASSWORD})):
        if not on and program.kind == "wine":
            continue # only a server of ours tells that it is a program already and no longer Wine's loader
        process = prover.start(folder, on, {**env, "CMMS_TEST_MARK": folder})
        harness.wait_for(lambda: restoring(folder) and (not on or server.psql(working)), 120, "pg_restore's work")
        for pid in restoring(folder):
            os.kill(pid, signal.SIGKILL)
        done = harness.finish(process)
        # Of a process that Linux has killed Wine often says that it ended with 0; then it is what came back that lacks.
        no_proof(program, folder, seen, done, (4,) if program.kind == "native" else (4, 7))
        check(done.code == 7 or "could not be restored" in done.json()["error"]["message"], "the sentence: " + done.out)
        equal(databases(server), before, "the databases")
        prover.nothing_left()


def restoring(folder):
    """The pg_restore that restores; it is asked for its version before."""
    found = []
    for pid in tools_of(folder, "pg_restore"):
        with contextlib.suppress(OSError), open("/proc/%d/cmdline" % pid, "rb") as f:
            if b"--exit-on-error" in f.read():
                found.append(pid)
    return found


def fake(program):
    """The path of the tool that misbehaves, and its suffix."""
    end, fakes = (".exe", os.path.join(harness.TOP, "build/mingw")) if program.kind == "wine" else ("", harness.NATIVE)
    return os.path.join(fakes, "fakes/fake_tool" + end), end


def fake_tools(program, mode):
    tools = harness.temp_dir("tools")
    path, end = fake(program)
    for tool in ("pg_dump", "pg_restore"):
        shutil.copy(path, os.path.join(tools, tool + end))
    return {"PGPASSWORD": PASSWORD, "CMMS_BACKUP_TOOLS": program.path(tools), "FAKE_TOOL_VERSION": "17.5",
            "FAKE_TOOL_MODE": mode, "FAKE_TOOL_FLOOD": "4"}


def no_proof(program, folder, seen, done, codes):
    """What every proof that failed must leave: the backup as it was, an entry in the log, and no word of success."""
    check(done.code in codes, "exit code %d: %s %s" % (done.code, done.out, done.err))
    error = done.json()["error"]
    check(error["message"] and error["hint"] and "\n" not in error["message"], "a sentence and a remedy: %s" % error)
    now = check_promises(folder, seen, output=done.out + done.err)
    equal((now.log[-1]["operation"], now.log[-1]["status"]), ("prove", "failed"), "the log's entry")
    equal((manifest_level(folder), left_over(folder)), ("verified", []), "the level, and what is left")


def test_restore_that_misbehaves(program):
    """A pg_restore that fails, floods, says what no terminal should be told, or does nothing and says all is well."""
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    before = databases(server)
    for mode, code in (("fail", 4), ("flood-fail", 4), ("bad-bytes-fail", 4), ("empty", 7), ("garbage", 7)):
        seen = look(folder)
        done = prover.run(folder, switches(server), fake_tools(program, mode))
        no_proof(program, folder, seen, done, (code,))
        check("\x1b" not in done.out, mode + ": what is told is safe: %r" % done.out)
        equal(databases(server), before, mode + ": the databases")


def test_restore_that_cannot_start(program):
    """A pg_restore that is gone when it is to restore, as when an update is just being installed."""
    if program.kind == "wine":
        raise harness.Skip("a script stands in for the tool; the same core is tested natively")
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    env = fake_tools(program, "fail")
    path = os.path.join(env["CMMS_BACKUP_TOOLS"], "pg_restore")
    with open(path, "w") as f:
        f.write('#!/bin/sh\nrm "$0"\necho "pg_restore (PostgreSQL) 17.5"\n')
    prover.own(env["CMMS_BACKUP_TOOLS"])
    seen = look(folder)
    done = prover.run(folder, switches(server), env)
    no_proof(program, folder, seen, done, (4,))
    equal(done.json()["error"]["message"], 'could not start "%s"' % path, "the sentence")


def test_server_that_lets_nobody_in(program):
    """A proof on a server that is down, that is not one, or that refuses the password."""
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    on = ["--on", "-h", "127.0.0.1", "-U", "postgres", "-p"]
    with harness.closed_port() as closed:
        for port, password, code in ((closed, PASSWORD, 5), (server.port, "wrong" + PASSWORD, 6)):
            seen = look(folder)
            no_proof(program, folder, seen, prover.run(folder, on + [str(port)], {"PGPASSWORD": password}), (code,))


def test_full_disk(program):
    """The disk for the scratch server is too small, or becomes full while it restores: said so, nothing is left."""
    server = harness.shared_server()
    prover = Prover(program, real_initdb=True)
    folder = harness.temp_dir("b")
    program.good_backup(server, make(server, "slow_index", slow_index()), folder)
    for size, words in (("100m", "to prove this backup takes about"), ("400m", "the disk became full while")):
        seen = look(folder)
        os.makedirs(prover.data, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=777,size=" + size, "tmpfs", prover.data], check=True)
        try:
            process = prover.start(folder, (), {"CMMS_TEST_MARK": folder})
            harness.wait_for(lambda: process.poll() is not None or restoring(folder), 120, "pg_restore's start")
            with open(os.path.join(prover.data, "filler"), "wb", buffering=0) as f, contextlib.suppress(OSError):
                while f.write(bytes(65536)) == 65536:
                    pass
            done = harness.finish(process)
            no_proof(program, folder, seen, done, (8,))
            check(words in done.json()["error"]["message"], "%s: %s" % (size, done.out))
            prover.nothing_left()
        finally:
            subprocess.run(["umount", "-l", prover.data], check=True)


def test_restore_that_hangs(program):
    """A pg_restore that stands still is named and ended after the settable time, on the engine and on a server."""
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    env = {**fake_tools(program, "hang"), "CMMS_STALL_SECONDS": "15" if program.kind == "wine" else "5"}
    before = databases(server)
    for on, code in (([], 4), (switches(server), 5)):
        done = prover.run(folder, on, env)
        equal(done.code, code, "exit code: %s %s" % (done.out, done.err))
        error = done.json()["error"]
        check("nothing moved for" in error["message"] and error["hint"], "the sentence: %s" % error)
        entry = harness.log_entries(folder)[-1]
        equal((entry["operation"], entry["status"]), ("prove", "failed"), "the log's entry")
        equal(manifest_level(folder), "verified", "the level")
        equal(databases(server), before, "the databases")
        prover.nothing_left()


def engine_with_fake(program, *faked):
    """A folder with the programs of the engine, of which some are the fake tool."""
    top = harness.temp_dir("engine")
    path, end = fake(program)
    real = harness.PG_BIN if program.kind == "native" else os.path.join(harness.PRODUCT, "engine/bin")
    own = os.path.join(top, "bin")
    os.mkdir(own)
    for name in os.listdir(real):
        os.symlink(os.path.join(real, name), os.path.join(own, name))
    for name in set(faked):
        os.unlink(os.path.join(own, name + end))
        shutil.copy(path, os.path.join(own, name + end))
    if program.kind == "wine":
        for name in ("lib", "share"):
            os.symlink(os.path.join(harness.PRODUCT, "engine", name), os.path.join(top, name))
    return own


def ready_cluster(program):
    """What the engine's initdb makes, once for all the files that are run in this root. It lets everybody in, as each
    proof has a password of its own."""
    folder = "/tmp/cmms-cluster-" + program.kind
    fresh = folder + ".new"
    options = ["-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8", "--no-instructions", "--no-sync"]
    with open(folder + ".lock", "w") as lock, open(folder + ".log", "w+b") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(folder):
            shutil.rmtree(fresh, ignore_errors=True)
            initdb = [harness.PG_BIN + "/initdb"]
            initdb = (["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + initdb
                      if program.kind == "native" else ["wine", harness.PRODUCT + "/engine/bin/initdb.exe"])
            done = subprocess.run(initdb + ["-D", program.path(fresh)] + options, env=program.env(), cwd="/",
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            log.seek(0)
            check(done.returncode == 0, "initdb: %s" % log.read())
            os.rename(fresh, folder)
    return folder


def hanging_engine(program, hangs, real_initdb=False):
    """The engine, of which one program says a line and then nothing for ever. Its initdb does, or is quick (a Prover
    says where the cluster is), or real."""
    quick = {"FAKE_TOOL_CLUSTER": ""} if hangs == "initdb" else {}
    # What does not hang must be quicker, on a busy machine and under Wine as well. A real initdb says nothing for some
    # seconds.
    long = (25, 8) if real_initdb else (8, 3)
    seconds = "3" if hangs == "initdb" else "%d" % round(long[program.kind == "native"] * harness.SCALE)
    faked = (hangs,) if real_initdb else ("initdb", hangs)
    return {"CMMS_BACKUP_ENGINE": program.path(engine_with_fake(program, *faked)), **quick,
            "FAKE_TOOL_MODE": "hang", "CMMS_STALL_SECONDS": seconds}


def at_work(words):
    """Whether a process has these words on its command line."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open("/proc/%s/cmdline" % pid, "rb") as f:
            if words.encode() in f.read():
                return True
    return False


def test_initdb_that_fails(program):
    """Its error is told, not what it says last, which is what it tidies away."""
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    done = prover.run(folder, env={"FAKE_TOOL_CLUSTER": program.path(os.path.join(prover.home, "nowhere"))})
    equal((done.code, done.json()["error"]["message"]), (4, "initdb failed"), "exit code: %s %s" % (done.out, done.err))
    told = done.json()["error"]["detail"]
    check(re.fullmatch('initdb: error: could not access directory ".*nowhere"', told), told)
    prover.nothing_left()


def test_engine_that_hangs(program):
    """initdb stands still: named and ended after the settable time. pg_ctl does, when the proof is over: the proof
    stands, and the server is ended without it."""
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    env = hanging_engine(program, "initdb")
    done = prover.run(folder, env=env)
    equal(done.code, 4, "exit code: %s %s" % (done.out, done.err))
    error = done.json()["error"]
    equal(error["message"], "initdb said nothing for 3 seconds and was ended", "the sentence")
    check(error["hint"], "a remedy: %s" % error)
    entry = harness.log_entries(folder)[-1]
    equal((entry["operation"], entry["status"]), ("prove", "failed"), "the log's entry")
    equal(manifest_level(folder), "verified", "the level")
    harness.wait_for(lambda: not at_work(env["CMMS_BACKUP_ENGINE"]), 10, "the end of initdb")
    prover.nothing_left()
    env = hanging_engine(program, "pg_ctl")
    done = prover.run(folder, env=env)
    equal((done.code, done.json().get("proven")), (0, True), "the proof: %s %s" % (done.out, done.err))
    equal(manifest_level(folder), "proven", "the level")
    harness.wait_for(lambda: not at_work(env["CMMS_BACKUP_ENGINE"]), 10, "the end of pg_ctl and the server")
    prover.nothing_left()


def test_index_that_is_not_there(program):
    """pg_restore says that all went well, and an index, or a row, is missing: that is no proof."""
    if program.kind == "wine":
        raise harness.Skip("the lying pg_restore is a script around the real one; the same core is tested natively")
    server = harness.shared_server()
    prover = Prover(program)
    name = make(server, "indexed", "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); CREATE INDEX i ON t (a)")
    folder = harness.temp_dir("b")
    program.good_backup(server, name, folder)
    for sql, words in (("DROP INDEX i", "index"), ("DELETE FROM t WHERE a = 1", "rows")):
        tools = harness.temp_dir("tools")
        shutil.copy(harness.PG_BIN + "/pg_dump", tools)
        with open(os.path.join(tools, "pg_restore"), "w") as f:
            f.write('#!/bin/sh\nreal=%s/pg_restore\n[ "$1" = --version ] && exec $real --version\n'
                    '$real "$@" || exit 1\n'
                    'for a; do case $a in --dbname=*) %s/psql -X -q -d "${a#--dbname=}" -c "%s";; esac; done\n' % (
                        harness.PG_BIN, harness.PG_BIN, sql))
        os.chmod(os.path.join(tools, "pg_restore"), 0o755)
        done = prover.run(folder, switches(server), {"PGPASSWORD": PASSWORD, "CMMS_BACKUP_TOOLS": tools})
        equal(done.code, 7, "exit code after %s: %s %s" % (sql, done.out, done.err))
        check(words in done.json()["error"]["message"], done.out)


def test_index_that_takes_long(program):
    """pg_restore says nothing while the server builds an index for longer than nothing may move: it is awaited."""
    server = harness.shared_server()
    prover = Prover(program)
    # On a busy machine even a start may take longer than a second. The server is asked at each multiple of these
    # seconds whether it is at work, so the index must not end at one.
    still = max(1, round(harness.SCALE))
    name = make(server, "slow_index", slow_index(35 * still))
    folder = harness.temp_dir("b")
    program.good_backup(server, name, folder)
    began = time.monotonic()
    done = prover.run(folder, switches(server), {"PGPASSWORD": PASSWORD, "CMMS_STALL_SECONDS": str(still)})
    equal((done.code, done.json().get("proven")), (0, True), "the proof: %s %s" % (done.out, done.err))
    check(time.monotonic() - began > 3 * still, "the index took its time")


def test_wrong_switches(program):
    for arguments, words in ((["--on"], "the server is not named"),
                             (["-h", "127.0.0.1"], "the connection options of prove go with --on"),
                             (["a", "b"], "prove takes one file")):
        done = program.run(["prove"] + arguments)
        equal(done.code, 2, "exit code of %s: %s" % (arguments, done.err))
        check(words in done.err, done.err)


# The engine of Windows, from its initdb to its end, also when it is killed or hangs; what its programs say (other line
# ends, no ICU); and that nothing in a backup gets out of it.
harness.main(__name__, wine=("test_sample_is_proven", "test_restore_that_breaks", "test_no_rights",
                             "test_other_sorting", "test_killed_in_the_middle", "test_engine_that_hangs"))
