"""Prove: a backup restored into an empty database, counted, and taken away again; on the bundled engine and on a
server that is named."""
import json
import os
import shutil
import signal
import subprocess
import harness
from harness import check, equal, PASSWORD

UTF = "J\u00fcrgen's & 100% #1"


class Prover:
    """The program as a user that may run a PostgreSQL server, with a folder of its own for its data."""

    def __init__(self, program):
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
            done = subprocess.run(["wine", "cmd", "/c", "echo %LOCALAPPDATA%"], env=program.env(), capture_output=True)
            local = done.stdout.decode().strip().replace("\\", "/")
            self.data = os.path.join(harness.PREFIX, "drive_c", local[3:], "AIT CMMS", "Backup")
            self.env = {}

    def start(self, folder, arguments=(), env=None):
        self.own(folder)
        argv = self.argv + ["prove", "--json", "--folder", self.program.path(folder)] + list(arguments)
        return subprocess.Popen(argv, env=self.program.env({**self.env, **(env or {})}), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")

    def own(self, folder):
        if self.program.kind == "native":
            subprocess.run(["chown", "-R", "postgres", folder], check=True)

    def run(self, folder, arguments=(), env=None):
        process = self.start(folder, arguments, env)
        out, err = process.communicate(timeout=280)
        done = harness.Done(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
        check(done.code != 99 and "ERROR: AddressSanitizer" not in done.err and "runtime error:" not in done.err,
              "a sanitizer has something to say: " + done.err[-3000:])
        return done

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
    prover = Prover(program)
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


def test_other_encodings_and_locales(program):
    server = harness.shared_server()
    prover = Prover(program)
    server.psql("DROP DATABASE IF EXISTS latin")
    server.psql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    server.psql("CREATE TABLE t (a text PRIMARY KEY CHECK (a ~ '^[^;]+$')); INSERT INTO t VALUES ('\u00fc'), ('x')",
                "latin")
    folder = harness.temp_dir("b")
    program.good_backup(server, "latin", folder)
    done = prover.run(folder)
    equal((done.code, done.json().get("rows")), (0, 2), "LATIN1: %s" % done.out)


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
    before = server.checksums("cmms")
    expected = databases(server).replace("cmms_prove_00112233445566aa ", "")
    done = prover.run(folder, switches(server), {"PGPASSWORD": PASSWORD})
    server_now = databases(server)
    server.psql("DROP DATABASE cmms_prove_00112233445566bb")
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    check(done.json()["server"].startswith("PostgreSQL 17."), done.out)
    equal(server_now, expected, "the databases")
    equal(server.checksums("cmms"), before, "the source")
    harness.no_secret(folder, done.out, done.err)
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
    check("table public.kinds holds 1000 rows where the manifest says 1001" in done.out, done.out)
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
    for on, env in (([], {}), (switches(server), {"PGPASSWORD": PASSWORD})):
        before = databases(server)
        done = prover.run(folder, on, env)
        equal(done.code, 4, "exit code: %s" % done.out)
        error = done.json()["error"]
        check("could not be restored" in error["message"] and 'unique index "i"' in error["message"], done.out)
        check("(a)=(1) is duplicated" in error["detail"], done.out)
        equal(manifest_of(report["unix_path"])["level"], "verified", "the level")
        entry = harness.log_entries(folder)[-1]
        equal((entry["operation"], entry["status"]), ("prove", "failed"), "the log's entry")
        equal(databases(server), before, "the databases")
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


def test_killed_in_the_middle(program):
    server = harness.shared_server()
    prover = Prover(program)
    folder = harness.temp_dir("b")
    program.good_backup(server, harness.sample(server), folder)
    process = prover.start(folder)
    ready = lambda: [n for n in prover.left() if os.path.exists(os.path.join(prover.data, n, "cluster/postmaster.pid"))]
    scratch = os.path.join(prover.data, harness.wait_for(ready, 60, "the server")[0])
    # One proof at a time.
    second = prover.run(folder)
    equal(second.code, 9, "the second: %s" % second.out)
    process.kill()
    process.communicate()
    equal(manifest_level(folder), "verified", "the level")
    done = prover.run(folder)
    equal(done.code, 0, "the next run: %s %s" % (done.out, done.err))
    check(not os.path.exists(scratch), "what was left is gone")
    prover.nothing_left()
    if program.kind == "native":
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True).stdout.decode()
        check(scratch not in running and running.count("-D cluster") == 0, "no server is left: " + running)


def manifest_level(folder):
    return manifest_of(os.path.join(folder, harness.backups_in(folder)[0]))["level"]


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
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    equal(process.returncode, 130, "exit code: %s" % err)
    prover.nothing_left()
    equal(manifest_level(folder), "verified", "the level")
    # In the middle of a restore on a server: the database goes too.
    before = databases(server)
    process = prover.start(folder, switches(server), {"PGPASSWORD": PASSWORD})
    harness.wait_for(lambda: "cmms_prove_" in databases(server), 60, "the database")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    equal(process.returncode, 130, "exit code")
    equal(databases(server), before, "the databases")


def test_wrong_switches(program):
    for arguments, words in ((["--on"], "the server is not named"),
                             (["-h", "127.0.0.1"], "the connection options of prove go with --on"),
                             (["a", "b"], "prove takes one file")):
        done = program.run(["prove"] + arguments)
        equal(done.code, 2, "exit code of %s: %s" % (arguments, done.err))
        check(words in done.err, done.err)


harness.main(__name__)
