"""The sample database: on a named server, and on the bundled one, which leaves nothing running behind."""
import json
import os
import subprocess
import harness
from harness import check, equal, PASSWORD
from test_prove import Prover, UTF, hanging_engine


def sample_on(program, server, database, *more):
    return program.run(["sample", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", database] +
                       list(more), env={"PGPASSWORD": PASSWORD})


def test_only_what_is_ours_is_touched(program):
    server = harness.shared_server()
    server.psql("CREATE DATABASE precious")
    server.psql("CREATE TABLE t AS SELECT 1 AS a", "precious")
    before = server.checksums("precious")
    done = sample_on(program, server, "precious", "--size", "1")
    equal(done.code, 6, "exit code: " + done.err)
    check('"precious" is there already, and is not a sample database' in done.err, done.err)
    equal(server.checksums("precious"), before, "the other database")


def test_made_once_and_equal_everywhere(program):
    server = harness.shared_server()
    name = "sample_" + program.kind
    done = sample_on(program, server, name, "--size", "1", "--json")
    equal((done.code, done.json()), (0, {"database": name, "made": True}), "the first time")
    done = sample_on(program, server, name, "--size", "1", "--json")
    equal((done.code, done.json()), (0, {"database": name, "made": False}), "the second time")
    done = sample_on(program, server, name, "--size", "2")
    equal(done.code, 6, "another size: " + done.err)
    # The references hold, or the keys could not have been made; the sequences go on.
    server.psql("INSERT INTO work_orders (wo_number, bfm_equipment_no) VALUES ('WO-new', 'BFM-000001')", name)
    equal(server.psql("SELECT count(*), max(id) FROM work_orders", name), "401|401", "work orders")
    equal(server.psql("SELECT count(*) > 0 FROM open_work_orders", name), "t", "the view")
    server.psql("UPDATE equipment SET status = 'Active' WHERE id = 1", name)
    equal(server.psql("SELECT updated_date > now() - interval '1 hour' FROM equipment WHERE id = 1", name), "t",
          "the trigger")


def test_interrupted_sample_is_filled_next_time(program):
    """Killed in the middle: the transaction is gone, and the next run makes the whole."""
    if program.kind == "wine":
        raise harness.Skip("the moment is found by watching a native process; the transaction is the same")
    server = harness.shared_server()
    process = program.start(["sample", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", "half",
                             "--size", "40"], env={"PGPASSWORD": PASSWORD})
    sessions = "SELECT 1 FROM pg_stat_activity WHERE datname = 'half'"
    harness.wait_for(lambda: server.psql(sessions + " AND query LIKE 'COPY%'"), 60, "the filling")
    process.kill()
    process.communicate()
    harness.wait_for(lambda: not server.psql(sessions), 60, "the end")
    equal(server.psql("SELECT count(*) FROM pg_class WHERE relname = 'equipment'", "half"), "0", "what is there")
    done = sample_on(program, server, "half", "--size", "1")
    equal(done.code, 0, "the next run: " + done.err)


class Running:
    """`sample` on the bundled server, up to its connection settings."""

    def __init__(self, program, data, env=None):
        self.data = data
        self.argv = program.argv + ["sample", "--size", "1", "--json", "--data", program.path(data)]
        if program.kind == "native":
            # PostgreSQL refuses to run as root.
            self.argv = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + self.argv
            os.makedirs(data, exist_ok=True)
            subprocess.run(["chown", "-R", "postgres", data], check=True)
        self.process = subprocess.Popen(self.argv, env=program.env(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd="/")
        text = b""
        while not text.endswith(b"\n}\n") and not text.endswith(b"\r\n}\r\n"): # of the document, not of a member
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError("it ended: %r" % (text + self.process.stderr.read()))
            text += line
        self.report = json.loads(text)
        check("error" not in self.report, "it failed: %s" % self.report)
        self.env = {"PGHOST": self.report["host"], "PGPORT": self.report["port"], "PGUSER": self.report["user"],
                    "PGPASSWORD": self.report["password"], "PGDATABASE": self.report["database"]}

    def answers(self):
        done = subprocess.run([harness.PG_BIN + "/psql", "-X", "-A", "-t", "-c", "SELECT count(*) FROM work_orders"],
                              env={**harness.clean_env(), **self.env}, capture_output=True)
        return done.returncode == 0 and done.stdout.strip() == b"400"


def quick(program):
    """An engine whose initdb is quick, once; it lets everybody in, so of passwords it says nothing."""
    prover = Prover(program)
    prover.get_ready()
    return prover.env


def test_bundled_server(program):
    data = os.path.join(harness.temp_dir("e"), UTF, "de mo")
    os.makedirs(os.path.dirname(data))
    running = Running(program, data)
    check(running.report["made"], "it is made the first time")
    check(running.answers(), "the server answers with the data")
    wrong = subprocess.run([harness.PG_BIN + "/psql", "-X", "-c", "SELECT 1"], capture_output=True,
                           env={**harness.clean_env(), **running.env, "PGPASSWORD": "wrong"})
    check(wrong.returncode != 0, "a wrong password is refused")
    # A second one on the same folder says so.
    second = subprocess.run(running.argv, env=program.env(), stdin=subprocess.DEVNULL, capture_output=True, cwd="/")
    equal(second.returncode, 9, "the second: %s" % second.stdout)
    # A backup of it.
    folder = harness.temp_dir("b")
    done = program.run(["backup", "--json", "--folder", program.path(folder)], env=running.env)
    equal(done.code, 0, "a backup of the sample: " + done.out)
    # It ends with its input, and the server with it.
    out, err = running.process.communicate(timeout=60 * harness.SCALE)
    equal(running.process.returncode, 0, "exit code: %s" % err)
    check(not running.answers(), "the server has ended")
    check(not os.path.exists(os.path.join(data, "cluster", "postmaster.pid")), "it was stopped in order")
    again = Running(program, data)
    check(not again.report["made"], "it is there the second time")
    equal(again.report["password"], running.report["password"], "the password")
    again.process.communicate(timeout=60 * harness.SCALE)


def test_pg_ctl_that_hangs(program):
    """The server is to be stopped by a pg_ctl that stands still: then it is killed, and the next start recovers."""
    data = os.path.join(harness.temp_dir("e"), "demo")
    running = Running(program, data, hanging_engine(program, "pg_ctl", real_initdb=True))
    check(running.answers(), "the server answers")
    out, err = running.process.communicate(timeout=60 * harness.SCALE)
    equal(running.process.returncode, 0, "exit code: %s" % err)
    check(not running.answers(), "the server has ended")
    again = Running(program, data)
    check(again.answers(), "the next start recovers")
    again.process.communicate(timeout=60 * harness.SCALE)


def test_killed_program_takes_the_server_along(program):
    data = os.path.join(harness.temp_dir("e"), "demo")
    running = Running(program, data, quick(program))
    check(running.answers(), "the server answers")
    running.process.kill()
    running.process.wait()
    harness.wait_for(lambda: not running.answers(), 20, "the end of the server")
    again = Running(program, data)
    check(again.answers(), "the next start recovers")
    again.process.communicate(timeout=60 * harness.SCALE)


def test_start_while_the_last_one_dies(program):
    """A statement that computes outlives the killed server for a moment; the next start waits for it."""
    running = Running(program, os.path.join(harness.temp_dir("e"), "demo"), quick(program))
    busy = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-c", "SELECT count(*) FROM generate_series(1, 15000000)"],
                            env={**harness.clean_env(), **running.env}, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 15%'" \
             " AND pid <> pg_backend_pid()"
    harness.wait_for(lambda: subprocess.run([harness.PG_BIN + "/psql", "-X", "-A", "-t", "-c", active],
                                            env={**harness.clean_env(), **running.env},
                                            capture_output=True).stdout.strip() == b"1", 20, "the statement")
    running.process.kill()
    running.process.wait()
    again = Running(program, running.data)
    check(again.answers(), "the next start recovers")
    again.process.communicate(timeout=60 * harness.SCALE)
    busy.wait(timeout=60 * harness.SCALE)


def test_half_made_cluster(program):
    """A killed initdb leaves nothing that the next start takes for a cluster."""
    data = os.path.join(harness.temp_dir("e"), "demo")
    os.makedirs(os.path.join(data, "cluster.new", "base"))
    with open(os.path.join(data, "cluster.new", "PG_VERSION"), "w") as f:
        f.write("17\n")
    running = Running(program, data)
    check(running.answers(), "the server answers")
    running.process.communicate(timeout=60 * harness.SCALE)
    check(not os.path.exists(os.path.join(data, "cluster.new")), "what was half made is gone")


def test_no_engine(program):
    empty = harness.temp_dir("none")
    done = program.run(["sample", "--data", program.path(harness.temp_dir("e"))],
                       env={"CMMS_BACKUP_ENGINE": program.path(empty)})
    equal(done.code, 4, "exit code: " + done.err)
    check("there is no PostgreSQL server in" in done.err and "Hint: " in done.err, done.err)


def test_switches_that_do_not_go_together(program):
    done = program.run(["sample", "-d", "x"])
    equal(done.code, 2, "a database without a host: " + done.err)
    done = program.run(["sample", "-h", "127.0.0.1", "--data", "x"])
    equal(done.code, 2, "a host and a folder: " + done.err)


# A server of Windows programs, started, stopped and taken along.
harness.main(__name__, wine=("test_bundled_server", "test_killed_program_takes_the_server_along"))
