"""A restore by a role that may not create databases: into the live one itself, all of it or nothing, and nothing that
was committed before is in neither the safety backup nor the database."""
import json
import os
import re
import subprocess
import threading
import harness
from harness import check, equal
from network import Network
from test_restore import databases, definitions, furniture, restored
from test_restore_faults import at_step
from test_restore_hostile import OPEN, Between, Cut
from test_restore_kinds import backup_as, role, run, server_of
from test_restore_safety import Prover

TABLES = r"""
SET ROLE plain;
CREATE TYPE kind AS ENUM ('pump', 'fan'); CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE work_orders (id serial PRIMARY KEY, note text, k kind, p percent, twice int
  GENERATED ALWAYS AS (p * 2) STORED);
INSERT INTO work_orders (note, k, p) SELECT E'n\t' || i || E'\n\\.\\N;''"', 'fan', 7 FROM generate_series(1, 200) i;
CREATE TABLE lines (n int GENERATED ALWAYS AS IDENTITY, wo int REFERENCES work_orders, c bytea CHECK (n > 0));
CREATE INDEX ON lines (n);
INSERT INTO lines (wo, c) SELECT i, decode(md5(i::text), 'hex') FROM generate_series(1, 200) i;
CREATE TABLE parts (k kind, n int) PARTITION BY LIST (k);
CREATE TABLE parts_p PARTITION OF parts FOR VALUES IN ('pump'); INSERT INTO parts SELECT 'pump', generate_series(1, 30);
CREATE VIEW open AS SELECT id FROM work_orders; CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM lines;
CREATE RULE twin AS ON INSERT TO open DO INSTEAD (SELECT 1; SELECT 2);
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $_$BEGIN RETURN '$$;' || E'\';'; /* ; */ END -- ;
$_$;
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 1 ELSE 2 END; SELECT a; END;
CREATE AGGREGATE most(int) (SFUNC = int4larger, STYPE = int);
CREATE SCHEMA extra; CREATE TABLE extra.t (a int); INSERT INTO extra.t VALUES (1); GRANT USAGE ON SCHEMA extra TO seer;
CREATE TABLE secrets (a int); INSERT INTO secrets SELECT generate_series(1, 40);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; -- (forced, its owner could make no backup of it)
CREATE POLICY mine ON secrets USING (a < 10); GRANT SELECT ON work_orders, secrets TO seer;
COMMENT ON TABLE lines IS 'it''s; $$';
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO seer;
CREATE TABLE journal (n int PRIMARY KEY);
"""
# By then something else is in it, also what refers to what is in the backup.
SINCE = """
SET ROLE plain; DELETE FROM lines WHERE n > 50; UPDATE work_orders SET note = 'changed';
REFRESH MATERIALIZED VIEW totals; REVOKE SELECT ON work_orders FROM seer; DROP TABLE extra.t;
CREATE TABLE newer (a int, wo int REFERENCES work_orders); INSERT INTO newer VALUES (7, 1); CREATE SCHEMA later;
CREATE TABLE later.t AS SELECT 1 AS a; CREATE FUNCTION h(k kind) RETURNS kind LANGUAGE sql AS 'SELECT k';
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO seer;
"""


class Plant:
    """`was`: in the backup; `changed`: what the database is now."""

    def __init__(self, program, name, owner="plain"):
        self.program, self.name, self.server, self.folder = program, name, server_of(), harness.temp_dir("p")
        server = self.server
        if not server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'plain'"):
            role(server, "plain", "LOGIN")
            role(server, "seer", "NOLOGIN")
        server.psql("CREATE DATABASE %s OWNER %s" % (name, owner))
        if owner != "plain": # as one that was made by another version: pg_dump lists its schema public
            server.psql("GRANT CREATE ON DATABASE %s TO plain" % name)
            server.psql("ALTER SCHEMA public OWNER TO %s; GRANT ALL ON SCHEMA public TO plain" % owner, name)
        server.psql(TABLES, name)
        self.path = backup_as(server, name, self.folder, "postgres")
        self.was = self.facts()
        server.psql(SINCE, name)
        self.changed = self.facts()
        self.beside = furniture(server, name)

    def facts(self):
        server, name = self.server, self.name
        return server.checksums(name), definitions(server, name), server.psql("SELECT count FROM totals", name)

    def arguments(self, *arguments, port=None, path=None):
        return ["restore", "--json", "--yes", "--in-place", *arguments, "--folder", self.program.path(self.folder),
                "-h", "127.0.0.1", "-p", str(port or self.server.port), "-U", "plain", "-d", self.name,
                self.program.path(path or self.path)]

    def run(self, *arguments, user="plain", path=None):
        return run(self.program, self.server, self.name, "restore", *arguments, self.program.path(path or self.path),
                   folder=self.folder, user=user)

    def preview(self, *arguments):
        done = self.program.run(["preview", "--json", *arguments, "-h", "127.0.0.1", "-p", str(self.server.port), "-U",
                                 "plain", "-d", self.name, self.program.path(self.path)],
                                env={"PGPASSWORD": harness.PASSWORD})
        equal(done.code, 0, "exit code: " + done.out + done.err)
        return done.json()

    def start(self, port):
        return self.program.start(self.arguments("--no-safety-proof", port=port), OPEN)

    def through(self, between):
        return harness.finish(self.start(between.port))

    def safety(self, done):
        """Of a restore that said so; and where it ended before, the newest backup."""
        name = (done.json().get("safety_backup") or "").replace("\\", "/").split("/")[-1]
        return os.path.join(self.folder, name or sorted(harness.backups_in(self.folder))[-1])

    def is_as_it_was(self, what):
        harness.no_locks_left(self.server)
        sums, *rest = self.facts()
        harness.same_sums(sums, self.changed[0], what)
        equal(tuple(rest), self.changed[1:], what + ": as it was")
        equal((furniture(self.server, self.name), databases(self.server, self.name)), (self.beside, [self.name]), what)

    def is_restored(self, what):
        harness.no_locks_left(self.server)
        sums, *rest = self.facts()
        harness.same_sums(sums, self.was[0], what)
        equal(tuple(rest), self.was[1:], what + ": definitions, owners, rights, views")
        equal((furniture(self.server, self.name), databases(self.server, self.name)), (self.beside, [self.name]), what)


def manifest_of(path):
    with open(path + ".manifest.json", encoding="utf-8") as f:
        return json.load(f)


def test_there_and_back(program):
    plant = Plant(program, "inplace")
    done = plant.run()
    equal((done.code, done.json()["error"]["message"]), (6, "the user plain may not create databases"), "without it")
    check("restored in place" in done.json()["error"]["hint"], "it is said what can be done: " + done.out)
    for arguments, user, code, sentence in (
            (("--in-place", "--no-safety-backup"), "plain", 2,
             "--in-place goes with none of --to, --tables and --no-safety-backup"),
            (("--in-place",), "postgres", 3, "the user postgres may create databases, so it is not restored in place")):
        done = plant.run(*arguments, user=user)
        equal((done.code, done.json()["error"]["message"]), (code, sentence), str(arguments))
    plant.is_as_it_was("refused")
    equal(len(harness.backups_in(plant.folder)), 1, "no safety backup was made for nothing")

    told = restored(plant.run("--in-place"))
    equal((told["database"], told["kept"], told["in_place"], told["rows"], told["preview"]["in_place"]),
          ("inplace", None, True, 200 + 200 + 30 + 1 + 40, True), "what it says")
    plant.is_restored("restored")
    safety = os.path.join(plant.folder, told["safety_backup"].replace("\\", "/").split("/")[-1])
    manifest = manifest_of(safety)
    equal((manifest["level"], manifest["pinned"], manifest["pin_reason"]),
          ("verified", True, "made before a restore in place of " + os.path.basename(plant.path)), "the safety backup")
    entry = harness.log_entries(plant.folder)[-1]
    check(entry["message"].endswith("; in place, so what was there is only in the safety backup " +
                                    os.path.basename(safety)), entry["message"])
    # And back, as it is said: by another restore.
    restored(plant.run("--in-place", path=safety))
    plant.is_as_it_was("the safety backup")
    harness.no_secret(plant.folder)


def test_offered(program):
    plant = Plant(program, "offered")
    for arguments, may, possible in (((), True, False), (("--in-place",), False, True)):
        told = plant.preview(*arguments)
        equal((told["may_in_place"], told["possible"]), (may, possible), "preview %s: %s" % (arguments, told))
    plant.server.psql("CREATE TABLE theirs (a int); CREATE VIEW also AS SELECT 1", "offered")
    plant.changed = plant.facts()
    sentence = ("the table public.theirs belongs to postgres (and so it is with 1 more), so plain may not replace what"
                " is in the database")
    done = plant.run("--in-place")
    equal((done.code, done.json()["error"]["message"]), (6, sentence), "what is somebody else's")
    plant.is_as_it_was("refused")
    equal(len(harness.backups_in(plant.folder)), 1, "no safety backup was made for nothing")
    equal(plant.preview("--in-place")["obstacles"], ["T" + sentence[1:]], "said before")


def refused(plant, sentence, *arguments):
    """By the restore, before anything, and by the preview in the same words; *without* what is asked for it as well."""
    done = plant.run("--in-place", *arguments)
    equal((done.code, done.json()["error"]["message"]), (6, sentence), "refused")
    for in_place in ((), ("--in-place",)):
        told = plant.preview(*in_place)
        equal((told["may_in_place"], told["possible"]), (False, False), "preview %s: %s" % (in_place, told))
        equal(told["obstacles"][-1], sentence[0].upper() + sentence[1:], "said before")


def test_large_objects(program):
    """Others can add to one whatever is locked, so none is ever taken; a backup's come into a database without any."""
    plant = Plant(program, "objects")
    server = plant.server
    server.psql("SET ROLE plain; SELECT lo_from_bytea(4711, 'a picture')", "objects")
    plant.path = backup_as(server, "objects", plant.folder, "postgres")
    before = len(harness.backups_in(plant.folder))
    sentence = ("the database holds 1 large object, and no lock keeps other programs from writing to it, so it is not"
                " restored in place")
    refused(plant, sentence)
    equal(server.psql("SELECT convert_from(lo_get(4711), 'UTF8')", "objects"), "a picture", "it is as it was")
    equal(len(harness.backups_in(plant.folder)), before, "no safety backup was made for nothing")
    server.psql("SELECT lo_unlink(4711)", "objects")
    told = restored(plant.run("--in-place"))
    equal(told["large_objects"], 1, "the backup's")
    equal(server.psql("SELECT convert_from(lo_get(4711), 'UTF8')", "objects"), "a picture", "it came back")
    refused(plant, sentence)


def test_of_somebody_elses_database(program):
    """Whose user may make no schema there: what is there is not made again, and what is not is said before."""
    plant = Plant(program, "theirs", "postgres")
    server = plant.server
    server.psql("REVOKE CREATE ON DATABASE theirs FROM plain")
    plant.beside = furniture(server, "theirs")
    refused(plant, "the backup holds the schema extra, and plain may not create schemas in the database theirs")
    plant.is_as_it_was("refused")
    server.psql("SET ROLE plain; DROP SCHEMA extra CASCADE; DROP SCHEMA later CASCADE", "theirs")
    plant.path = backup_as(server, "theirs", plant.folder, "postgres")
    plant.was = plant.facts()
    listed = subprocess.run([harness.PG_BIN + "/pg_restore", "-l", plant.path], capture_output=True, check=True).stdout
    check(b" SCHEMA - public postgres" in listed, "the backup lists it: %s" % listed)
    server.psql("SET ROLE plain; DROP TABLE newer; DELETE FROM lines", "theirs")
    restored(plant.run("--in-place"))
    plant.is_restored("restored")


def test_rows_of_an_extension(program):
    """Those that are the user's would be there twice: the extension stays, and the backup has them as well."""
    plant = Plant(program, "configured")
    server = plant.server
    server.psql("CREATE EXTENSION pg_trgm; CREATE TABLE cfg (a int); GRANT SELECT, INSERT ON cfg TO plain;"
                "ALTER EXTENSION pg_trgm ADD TABLE cfg; INSERT INTO cfg VALUES (1);"
                "UPDATE pg_extension SET extconfig = ARRAY['cfg'::regclass::oid], extcondition = ARRAY['WHERE a > 1']"
                " WHERE extname = 'pg_trgm'", "configured")
    plant.path = backup_as(server, "configured", plant.folder, "postgres")
    plant.was = plant.facts()
    restored(plant.run("--in-place"))
    plant.is_restored("rows that came with it")
    server.psql("INSERT INTO cfg VALUES (2)", "configured")
    refused(plant, "the table public.cfg of the extension pg_trgm holds rows of this database, which cannot be replaced"
                   " in place")
    equal(server.psql("SELECT string_agg(a::text, ' ' ORDER BY a) FROM cfg", "configured"), "1 2", "as they were")


def test_more_locks_than_there_is_room_for(program):
    """Those of all databases are in one table: full, it would stop the others' sessions as well."""
    plant = Plant(program, "many")
    plant.server.psql("DO $$ BEGIN FOR n IN 1..500 LOOP EXECUTE format('CREATE TABLE many_%s (a int PRIMARY KEY);"
                      " ALTER TABLE many_%s OWNER TO plain', n, n); COMMIT; END LOOP; END $$", "many")
    before = harness.backups_in(plant.folder)
    told = [plant.run("--in-place").json()["error"]["message"], plant.preview("--in-place")["obstacles"][-1]]
    for words in told:
        check(re.fullmatch(r"[Aa] restore in place takes about [2-9],\d{3} locks at once, more than half of the 3,840"
                           r" that the server has room for", words), "it is said: " + words)
    equal(harness.backups_in(plant.folder), before, "no safety backup was made for nothing")


class Writer(threading.Thread):
    """Commits one row after the other, each in a session of its own, and knows which were committed."""

    def __init__(self, plant):
        super().__init__(daemon=True)
        self.plant, self.done, self.ended = plant, [], threading.Event()

    def run(self):
        n = 0
        while not self.ended.is_set():
            n += 1
            env = {**harness.clean_env(), **self.plant.server.env(self.plant.name), "PGUSER": "plain"}
            told = subprocess.run([harness.PG_BIN + "/psql", "-X", "-q", "-c", "INSERT INTO journal VALUES (%d)" % n],
                                  env=env, capture_output=True)
            if told.returncode == 0:
                self.done.append(n)


def test_somebody_writes(program):
    """Every row that was committed is in the safety backup, or was committed when it was over."""
    plant = Plant(program, "written")
    writer = Writer(plant)
    writer.start()
    try:
        harness.wait_for(lambda: len(writer.done) > 5, 60, "rows that are committed")
        done = plant.run("--in-place")
        restored(done)
        before = len(writer.done)
        harness.wait_for(lambda: len(writer.done) > before + 2, 60, "rows that are committed after it")
    finally:
        writer.ended.set()
        writer.join()
    rows = lambda name: {int(n) for n in plant.server.psql("SELECT n FROM journal", name).split()}
    plant.server.restore(plant.safety(done), "written_safety")
    saved, live = rows("written_safety"), rows("written")
    check(len(saved) > 5 and len(live) > 2, "before and after: %d, %d" % (len(saved), len(live)))
    equal(set(writer.done) - saved - live, set(), "committed, and in neither")
    plant.server.psql("DELETE FROM journal", "written")
    plant.server.psql("DROP DATABASE written_safety")
    plant.is_restored("restored")


def test_killed_at_every_step(program):
    plant = Plant(program, "killed")
    count = [0]

    def rule(_, pair):
        count[0] += pair.passed > 0
    with Network(plant.server.port, rule) as network:
        done = harness.finish(plant.start(network.own_port))
    equal(done.code, 0, "without a fault: " + done.out)
    plant.is_restored("without a fault")
    restored(plant.run("--in-place", path=plant.safety(done)))
    plant.is_as_it_was("back")
    ends = at_these_steps(plant, count[0], 4 if program.kind == "wine" else 30, lambda process: process.kill())
    check(ends == {True, False} or not harness.THOROUGH, "killed in time, and too late: %s" % ends)

    def stop(_):
        plant.server.stop("immediate")
        plant.server.start()
    if program.kind == "native":
        at_these_steps(plant, count[0], 6, stop)


def at_these_steps(plant, total, few, act):
    """So many steps over all, and the last ones each; which ends were seen: True where it was restored."""
    ends = set()
    steps = sorted({*range(1, total, max(1, total // few)), *range(max(1, total - few // 3), total + 3)})
    for n in harness.a_share(steps, 4):
        done, _ = at_step(plant, n, act)
        harness.no_locks_left(plant.server)
        is_new = plant.server.psql("SELECT count(*) FROM pg_class WHERE relname = 'newer'", plant.name) == "0"
        check(done.code != 0 or is_new, "step %d: it said that it was done: %s" % (n, done.out))
        ends.add(is_new)
        if is_new:
            plant.is_restored("step %d of %d" % (n, total))
            told = [e for e in harness.log_entries(plant.folder) if e["operation"] == "restore"][-1]
            check(told["status"] == "success" or (told["status"] == "started" and "txid_status(" in told["message"]),
                  "step %d: what the log can be asked: %s" % (n, told))
            safety = [b for b in sorted(harness.backups_in(plant.folder)) if b != os.path.basename(plant.path)][-1]
            restored(plant.run("--in-place", path=os.path.join(plant.folder, safety)))
        plant.is_as_it_was("step %d of %d" % (n, total))
    return ends


def test_lost_at_the_commit(program):
    """It is found out which it was: nobody is told more, or less, than what the server knows."""
    plant = Plant(program, "lost")
    lost = []

    def cut(sql):
        if sql == "COMMIT" and not lost:
            lost.append(sql)
            raise Cut()

    with Between(plant.server) as between:
        between.before = cut
        done = plant.through(between)
    equal((len(lost), done.code), (1, 5), "it came to the COMMIT: " + done.out)
    equal(done.json()["error"]["hint"], "The database is as it was. Try again.", "what it says")
    plant.is_as_it_was("before the COMMIT")
    lost.clear()
    with Between(plant.server) as between:
        between.after = cut
        done = plant.through(between)
    equal((len(lost), done.code), (1, 0), "what was committed is told as that: " + done.out)
    check("The connection was lost at the end of it" in str(done.json()["warnings"]), "it is said: " + done.out)
    plant.is_restored("behind the COMMIT")


def test_no_safety_backup(program):
    """None that could be made, none that is not whole, and none that does not restore: nothing is changed then."""
    plant = Plant(program, "unsafe")

    def cut(sql):
        if sql.startswith("COPY public.work_orders") and "TO stdout" in sql:
            raise Cut()

    with Between(plant.server) as between:
        between.before = cut
        done = plant.through(between)
    check(done.code != 0, done.out)
    check(done.json()["error"]["message"].startswith("no safety backup could be made, so nothing was restored"),
          done.out)
    plant.is_as_it_was("none was made")
    equal(harness.partials_in(plant.folder), [], "nothing is left")

    prover = Prover(program)

    def prove(*arguments):
        prover.own(plant.folder)
        prover.get_ready()
        return harness.finish(subprocess.Popen(
            prover.argv + plant.arguments(*arguments), env=program.env({**prover.env, "PGPASSWORD": harness.PASSWORD}),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"))
    plant.server.psql("CREATE FUNCTION len(text) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'textlen';"
                      "ALTER FUNCTION len OWNER TO plain", "unsafe")
    plant.changed = plant.facts()
    done = prove()
    equal(done.code, 4, done.out)
    check(done.json()["error"]["message"].startswith("the safety backup could not be proven, so nothing was restored:"),
          done.out)
    plant.is_as_it_was("none that restores")
    plant.server.psql("DROP FUNCTION len", "unsafe")
    done = prove()
    restored(done)
    plant.is_restored("one that is proven")
    manifest = manifest_of(plant.safety(done))
    equal((manifest["level"], manifest["pinned"]), ("proven", True), "the safety backup")
    prover.nothing_left()


def test_safety_backup_goes(program):
    """It is all that will have what was there, so it is looked at once more before the COMMIT."""
    plant = Plant(program, "goes")

    def changed(path):
        with open(path, "r+b") as f:
            f.seek(os.path.getsize(path) // 2)
            byte = f.read(1)
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte[0] ^ 1]))

    for what, act, words in (("taken", lambda path: os.rename(path, path + ".quarantine"), "cannot be read any more"),
                             ("changed", changed, "was changed by another program")):
        hit = []
        with Between(plant.server) as between:
            def before(sql):
                if sql == "ANALYZE" and not hit: # all is loaded and counted
                    hit.append(sorted(harness.backups_in(plant.folder))[-1])
                    act(os.path.join(plant.folder, hit[0]))
            between.before = before
            done = plant.through(between)
        check(hit and hit[0] != os.path.basename(plant.path), "%s: it came to that: %s" % (what, done.out))
        equal((done.code, done.json()["error"]["message"]),
              (9, "the safety backup %s %s, so nothing was restored" % (hit[0], words)), what)
        plant.is_as_it_was(what)
    equal([e["status"] for e in harness.log_entries(plant.folder) if e["operation"] == "restore"], ["failed"] * 2,
          "the log")


def test_what_no_backup_has(program):
    """The contents of a view that cannot be filled any more; what a mapping of somebody else holds."""
    plant = Plant(program, "unsaved")
    server = plant.server
    server.psql("SET ROLE plain; SET app.open = 'yes'; CREATE FUNCTION report() RETURNS int LANGUAGE plpgsql AS"
                " $$BEGIN IF current_setting('app.open', true) IS DISTINCT FROM 'yes' THEN RAISE 'closed'; END IF;"
                " RETURN 7; END$$; CREATE MATERIALIZED VIEW month AS SELECT public.report() AS n", "unsaved")
    with_view, plant.changed = backup_as(server, "unsaved", plant.folder, "postgres"), plant.facts()
    done = plant.run("--in-place", path=with_view)
    equal((done.code, done.json()["error"]["message"]),
          (4, "the materialized view month could not be filled, so nothing was restored: what it held is in no"
              " backup"), "the view")
    plant.is_as_it_was("the view")
    equal(server.psql("SELECT n FROM month", "unsaved"), "7", "what it holds")
    server.psql("CREATE FOREIGN DATA WRAPPER far_off; GRANT USAGE ON FOREIGN DATA WRAPPER far_off TO plain;"
                "SET ROLE plain; CREATE SERVER far FOREIGN DATA WRAPPER far_off;"
                "CREATE USER MAPPING FOR seer SERVER far OPTIONS (password 'not ours to keep')", "unsaved")
    plant.changed = plant.facts()
    done = plant.run("--in-place")
    equal((done.code, done.json()["error"]["message"]),
          (6, "what the mapping of the user seer for the server far holds only a superuser may read, so no backup has "
              "it, and nothing is restored in place"), "the mapping")
    plant.is_as_it_was("the mapping")


def test_made_meanwhile(program):
    """What no lock keeps still is looked at: what comes while the safety backup is made is not in it."""
    plant = Plant(program, "meanwhile")
    server, made, names = plant.server, [], []
    changes = (("CREATE TABLE sneaked AS SELECT 1 AS a", "DROP TABLE sneaked"),
               ("CREATE COLLATION sneaked FROM \"C\"", "DROP COLLATION sneaked"),
               ("CREATE PUBLICATION sneaked", "DROP PUBLICATION sneaked"),
               ("ALTER SEQUENCE work_orders_id_seq INCREMENT 2", "ALTER SEQUENCE work_orders_id_seq INCREMENT 1"),
               ("GRANT SELECT ON lines TO seer", "REVOKE SELECT ON lines FROM seer"),
               ("ALTER TYPE kind RENAME VALUE 'fan' TO 'van'", "ALTER TYPE kind RENAME VALUE 'van' TO 'fan'"),
               ("ALTER DOMAIN percent ADD CONSTRAINT sneaked CHECK (VALUE < 99) NOT VALID",
                "ALTER DOMAIN percent DROP CONSTRAINT sneaked"),
               ("COMMENT ON FUNCTION f() IS 'sneaked'", "COMMENT ON FUNCTION f() IS NULL"),
               ("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT DELETE ON TABLES TO seer",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE DELETE ON TABLES FROM seer"))

    def make(sql):
        if sql.startswith("COPY public.work_orders") and "TO stdout" in sql and not made:
            made.append(sql)
            names.extend(server.psql("SELECT application_name FROM pg_stat_activity WHERE datname = 'meanwhile' AND"
                                     " application_name LIKE 'cmms-backup%'").splitlines())
            server.psql("SET ROLE plain; " + change, "meanwhile")

    for change, back in changes[:1] if program.kind == "wine" else harness.a_share(changes, 2):
        made.clear()
        names.clear()
        with Between(server) as between:
            between.before = make
            done = plant.through(between)
        equal((len(made), done.code), (1, 9), change + ": " + done.out)
        equal(done.json()["error"]["message"],
              "while the safety backup was made another program changed what there is in meanwhile", change)
        jobs = [name.split()[-1] for name in names if name.startswith("cmms-backup-dump ")]
        check(len(jobs) == 1 and any(name.startswith("cmms-backup ") and name.endswith(" " + jobs[0])
                                     for name in names),
              "the session that counts is known by its job, so that it can be ended after a kill: %s" % names)
        harness.no_locks_left(server)
        server.psql("SET ROLE plain; " + back, "meanwhile") # it is there
        plant.is_as_it_was(change + ": all the rest")


def test_somebody_wants_a_table_alone(program):
    """Readers that come later wait for whoever waits for us: so those are sent away, or the safety backup waits."""
    plant = Plant(program, "alone")
    server, waiting = plant.server, []

    def truncate(sql):
        if sql.startswith("LOCK TABLE ") and "ACCESS SHARE" in sql and not waiting: # pg_dump's
            waiting.append(subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-c", "TRUNCATE lines"],
                                            env={**harness.clean_env(), **server.env("alone"), "PGUSER": "plain"},
                                            stderr=subprocess.PIPE))
            harness.wait_for(lambda: waiting[0].poll() is not None or server.psql(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"), 30, "it waits")

    with Between(server) as between:
        between.before = truncate
        done = plant.through(between)
    equal(len(waiting), 1, "pg_dump locks its tables")
    told = waiting[0].communicate()[1].decode()
    check(waiting[0].returncode != 0 and "terminating connection" in told, "it was ended: " + told)
    equal(done.code, 0, done.out)
    plant.is_restored("restored")


def test_somebody_may_not_be_sent_away(program):
    """A superuser: all readers would wait behind them until they give up, so it is given up itself."""
    plant = Plant(program, "patient")
    server, waiting = plant.server, []

    def lock(sql):
        if sql.startswith("LOCK TABLE ") and "ACCESS SHARE" in sql and not waiting: # pg_dump's
            waiting.append(subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-c", "BEGIN; LOCK lines; ROLLBACK"],
                                            env={**harness.clean_env(), **server.env("patient"), "PGUSER": "postgres"}))
            harness.wait_for(lambda: waiting[0].poll() is not None or server.psql(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"), 30, "it waits")

    with Between(server) as between:
        between.before = lock
        done = plant.through(between)
    equal((len(waiting), done.code, done.json()["error"]["message"]),
          (1, 9, "a session of postgres waits to have a table to itself, and may not be ended by you, so nothing was"
           " restored"), "what it says")
    equal(waiting[0].wait(), 0, "it has the table now")
    plant.is_as_it_was("given up")
    equal(harness.partials_in(plant.folder), [], "nothing is left")


def test_it_cannot_be_loaded(program):
    """What the server refuses in the middle leaves nothing of it; what only stands in the way is put off."""
    plant = Plant(program, "refusing")
    server = plant.server
    server.psql("SET ROLE plain; CREATE TABLE due (d date CONSTRAINT over CHECK (d >= current_date));"
                "ALTER TABLE due DROP CONSTRAINT over; INSERT INTO due VALUES ('2020-02-02');"
                "ALTER TABLE due ADD CONSTRAINT over CHECK (d >= current_date) NOT VALID", "refusing")
    server.psql("UPDATE pg_constraint SET convalidated = true WHERE conname = 'over'", "refusing")
    hard = backup_as(server, "refusing", plant.folder, "postgres")
    plant.changed = plant.facts()
    told = restored(plant.run("--in-place", path=hard))
    check("public.due.over" in str(told["notes"]), "the rule is named: %s" % told["notes"])
    equal(server.psql("SELECT d, (SELECT convalidated FROM pg_constraint WHERE conname = 'over') FROM due", "refusing"),
          "2020-02-02|f", "its row, and the rule for rows to come")
    harness.same_sums(server.checksums("refusing"), plant.changed[0], "the rows")
    # Of another owner, who may make nothing in a schema that stays.
    server.psql("REVOKE CREATE ON SCHEMA public FROM pg_database_owner", "refusing")
    plant.changed = plant.facts()
    done = plant.run("--in-place")
    check(done.code != 0, done.out)
    plant.is_as_it_was("what cannot be loaded")
    check(not manifest_of(plant.safety(done)).get("pinned"), "nothing needs that safety backup: %s" % done.out)


def test_an_extension_stays(program):
    """With the schema that it is in; what else is in that is as in the backup."""
    plant = Plant(program, "extended")
    server = plant.server
    server.psql("SET ROLE plain; CREATE EXTENSION pg_trgm SCHEMA extra; CREATE TABLE extra.t AS SELECT 2 AS a;"
                "CREATE INDEX ON work_orders USING gin (note extra.gin_trgm_ops);"
                "CREATE FUNCTION extra.mine(kind) RETURNS int LANGUAGE sql AS 'SELECT 1'", "extended")
    plant.path = backup_as(server, "extended", plant.folder, "postgres")
    plant.was = plant.facts()
    server.psql("SET ROLE plain; DROP FUNCTION extra.mine; DELETE FROM extra.t; CREATE TABLE extra.more (a int);"
                "CREATE FUNCTION extra.other() RETURNS int LANGUAGE sql AS 'SELECT 1'", "extended")
    oid = server.psql("SELECT oid FROM pg_extension WHERE extname = 'pg_trgm'", "extended")
    restored(plant.run("--in-place"))
    plant.is_restored("restored")
    equal(server.psql("SELECT oid FROM pg_extension WHERE extname = 'pg_trgm'", "extended"), oid, "the extension")


def test_it_cannot_be_taken_out(program):
    """What time does not mend is said after one try, and as what it is."""
    plant = Plant(program, "hanging")
    plant.server.psql("SET ROLE plain; CREATE EXTENSION pg_trgm; CREATE VIEW v AS SELECT id FROM work_orders;"
                      "RESET ROLE; ALTER EXTENSION pg_trgm ADD VIEW v", "hanging")
    plant.changed = plant.facts()
    tries = []

    def count(sql):
        tries.extend([sql] * (sql == "SAVEPOINT cmms_freeze"))

    with Between(plant.server) as between:
        between.before = count
        done = plant.through(between)
    equal((done.code, done.json()["error"]["message"]),
          (6, "what is in hanging could not be taken out, so nothing was restored: an extension of hanging depends on"
              " what would have to be dropped"), "what it says")
    equal(len(tries), 2, "one to lock, one to take")
    plant.is_as_it_was("refused")


def forge(plant, *pairs):
    """What the archive holds as text, replaced in its place: (a pattern, what stands there instead). The path."""
    with open(plant.path, "rb") as f:
        data = f.read()
    for pattern, new in pairs:
        old = re.search(pattern, data, re.S)
        check(old, "the archive has %s as text" % pattern)
        check(len(new) <= len(old.group(0)), "there is room for %s" % new)
        data = data[:old.start()] + new.ljust(len(old.group(0))) + data[old.end():]
    forged = os.path.join(harness.temp_dir("f"), "forged.backup")
    with open(forged, "wb") as f:
        f.write(data)
    return forged


ENDS = "forged.backup could not be restored: the backup holds a statement that would end the transaction"


def test_it_would_end_the_transaction(program):
    """Whatever somebody has written into a backup: the one COMMIT is ours."""
    plant = Plant(program, "hostile")
    server = plant.server
    server.psql("SET ROLE plain; CREATE TABLE t (a_name_that_is_long int, another_name_that_is_long int)", "hostile")
    plant.path = backup_as(server, "hostile", plant.folder, "postgres")
    server.psql("DROP TABLE t", "hostile")
    for pattern, new in ((rb"CREATE VIEW public\.open AS", b"COMMIT WORK; SELECT 1 AS"),
                         (rb"GRANT SELECT ON TABLE public\.secrets TO seer;", b"/* ; */ -- ;\n commit;")):
        done = plant.run("--in-place", "--foreign", path=forge(plant, (pattern, new)))
        equal((done.code, done.json()["error"]["message"]), (4, ENDS), "what it says of %s" % new)
        plant.is_as_it_was("forged")
    # What is one statement as the script is read is more than one for the server, which reads quotes otherwise.
    done = plant.run("--in-place", "--foreign", path=forge(
        plant, (rb"COMMENT ON TABLE public\.lines IS 'it''s; \$\$';", b"SET standard_conforming_strings TO off;"),
        (rb"COPY public\.t \([a-z_, ]*\) FROM stdin;",
         rb"COPY public.t FROM stdin(NULL'\'');COMMIT;SELECT'\'\')\'' FROM stdin;")))
    equal(done.code, 4, "two statements for one: " + done.out)
    check("cannot insert multiple commands" in done.out, "they are refused: " + done.out)
    plant.is_as_it_was("two for one")


def test_a_remark_is_no_entry(program):
    """In a definition: that would have the restore go on where it says."""
    plant = Plant(program, "remarked")
    server = plant.server
    server.psql("SET ROLE plain; CREATE POLICY seers ON secrets TO seer USING (a < 5)", "remarked")
    plant.path = backup_as(server, "remarked", plant.folder, "postgres")
    server.psql("DROP POLICY seers ON secrets", "remarked")
    listed = subprocess.run([harness.PG_BIN + "/pg_restore", "-l", plant.path], capture_output=True, check=True).stdout
    entry = re.search(rb"^(\d+); \d+ \d+ POLICY public secrets seers", listed, re.M).group(1)
    done = plant.run("--in-place", "--foreign", path=forge(
        plant, (rb"CREATE RULE twin AS.*?\);\n", b"SELECT 1;\n-- TOC entry " + entry + b" (\nSELECT 2;\n")))
    equal((done.code, done.json()["error"]["message"]),
          (4, "forged.backup could not be restored: what is in the backup does not come in the order of its list"),
          "the rule is not taken for the policy: " + done.out)
    plant.is_as_it_was("forged")


def test_who_is_there(program):
    """The application's own sessions are ended; where somebody may not be sent away, it is said before anything."""
    plant = Plant(program, "peopled")
    server, sessions = plant.server, []

    def session(user):
        there = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-d", "peopled", "-U", user],
                                 stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 env={**harness.clean_env(), **server.env(), "PGUSER": user})
        sessions.append(there)
        there.stdin.write(b"BEGIN; UPDATE work_orders SET note = 'not committed'; SELECT 1 \\g /dev/null\n")
        there.stdin.flush()
        harness.wait_for(lambda: server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'peopled' AND"
                                             " usename = '%s' AND state = 'idle in transaction'" % user) == "1", 30,
                         user)
        return there
    try:
        superuser = session("postgres")
        done = plant.run("--in-place")
        equal((done.code, done.json()["error"]["message"]),
              (6, "a session of postgres is in the database peopled, and may not be ended by you"), "a superuser's")
        superuser.kill()
        superuser.wait()
        harness.wait_for(lambda: server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'peopled'") == "0",
                         30, "it is gone")
        plant.is_as_it_was("refused")
        session("plain")
        restored(plant.run("--in-place"))
        plant.is_restored("restored")
    finally:
        for one in sessions:
            one.kill()
            one.wait()


harness.main(__name__, wine=("test_there_and_back", "test_somebody_writes"))
