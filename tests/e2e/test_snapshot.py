"""The session that holds the snapshot and counts: what happens when it is lost, and what it sees."""
import contextlib
import json
import os
import signal
import subprocess
import threading
import harness
from harness import check, equal
from network import Network
from test_kill import tools_of

OURS = "application_name LIKE 'cmms-backup %'"
DUMP = "application_name LIKE 'cmms-backup-dump %'"


class Held:
    """A table that is locked, so that pg_dump waits after it has taken the snapshot; on request our session is ended
    while it waits. The lock is let go once that has happened."""

    def __init__(self, server, database, times, whose=OURS):
        self.server, self.database, self.times, self.whose = server, database, times, whose
        self.ended, self.error, self.stop, self.locked = 0, None, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            for _ in range(self.times):
                self.once()
        except Exception as error:
            self.error = error

    def once(self):
        holder = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-f", "-"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env={**harness.clean_env(), **self.server.env(self.database)})
        try:
            holder.stdin.write(b"BEGIN; LOCK TABLE equipment IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
            holder.stdin.flush()
            self.wait("SELECT 1 FROM pg_locks WHERE relation = 'equipment'::regclass AND granted AND mode = "
                      "'AccessExclusiveLock'")
            self.locked.set()
            # pg_dump has imported the snapshot before it locks anything.
            self.wait("SELECT 1 FROM pg_stat_activity WHERE %s AND wait_event_type = 'Lock'" % DUMP)
            self.wait("SELECT 1 FROM pg_stat_activity WHERE %s AND state = 'idle in transaction'" % OURS)
            self.server.psql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE %s" % self.whose)
            self.ended += 1
        finally:
            if self.stop.is_set():
                holder.kill() # it may still wait for the lock
            with contextlib.suppress(BrokenPipeError):
                holder.stdin.write(b"COMMIT;\n\\q\n")
                holder.stdin.close()
            holder.wait()
            holder.stdout.close()

    def wait(self, sql):
        harness.wait_for(lambda: self.stop.is_set() or self.server.psql(sql, self.database), 60, sql)
        check(not self.stop.is_set(), "the backup ended too early")

    def end(self):
        self.stop.set()
        self.thread.join()


def lost(program, times, whose=OURS):
    server = harness.shared_server()
    harness.sample(server)
    folder = harness.temp_dir("b")
    held = Held(server, "cmms", times, whose)
    try:
        harness.wait_for(held.locked.is_set, 60, "the lock")
        done = program.backup(server, "cmms", folder)
    except AssertionError as error:
        raise AssertionError("%s; sessions: %s" % (error, server.psql(
            "SELECT string_agg(format('%s %s %s %s', pid, application_name, state, wait_event_type), '; ') "
            "FROM pg_stat_activity WHERE datname = 'cmms'"))) from error
    finally:
        held.end()
    check(held.error is None, "the test itself: %r" % held.error)
    equal(held.ended, times, "so often the session was ended")
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    equal(harness.partials_in(folder), [], "partial files")
    harness.no_locks_left(server)
    return done.json(), folder


def test_begins_again(program):
    """Lost once: a new snapshot, a new dump, and all of it is compared."""
    report, folder = lost(program, 1)
    equal((report["level"], harness.warnings_of(report)), ("verified", []), "the backup")
    done = program.run(["list", "--json", "--folder", program.path(folder)])
    equal([b["level"] for b in done.json()["backups"]], ["verified"], "the list")


def test_ended_dump_begins_again(program):
    """The server ended pg_dump's own session, as an administrator or a restart of a proxy does: once is no failure."""
    report, folder = lost(program, 1, DUMP)
    equal((report["level"], harness.warnings_of(report)), ("verified", []), "the backup")


def test_lost_again_is_not_verified(program):
    """Lost twice: the dump is kept, and called what it is. Retention does not count it."""
    server = harness.shared_server()
    report, folder = lost(program, 2)
    equal(report["level"], "read", "level")
    check(any("not verified" in w for w in report["warnings"]), "warnings: %s" % report["warnings"])
    check("not verified" in harness.log_entries(folder)[-1]["message"], "log: %s" % harness.log_entries(folder)[-1])
    equal(harness.log_entries(folder)[-1]["level"], "read", "the log's level")
    done = program.run(["cleanup", "--json", "--dry-run", "--folder", program.path(folder)])
    equal(done.json()["good"], 0, "good backups, by retention")
    done = program.run(["verify", "--json", "--all", "--folder", program.path(folder)])
    equal([(f["level"], f["compared_counts"]) for f in done.json()["files"]], [("read", False)], "verified again")
    # It is whole all the same, and the distribution's pg_restore reads it.
    server.restore(report["unix_path"] if "unix_path" in report else
                   os.path.join(folder, harness.backups_in(folder)[0]), "again_" + program.kind)
    equal(server.checksums("again_" + program.kind), server.checksums("cmms"), "data")
    server.psql('DROP DATABASE "again_%s"' % program.kind)


def test_somebodys_timeouts(program):
    """While pg_dump waits our session rests, for longer than the database's own time-outs allow."""
    server = harness.shared_server()
    server.psql("CREATE DATABASE hasty")
    holder = None
    try:
        server.psql("CREATE TABLE equipment (a int); INSERT INTO equipment SELECT generate_series(1, 100)", "hasty")
        for name in ("statement", "lock", "idle_in_transaction_session", "idle_session", "transaction"):
            server.psql("ALTER DATABASE hasty SET %s_timeout = '900ms'" % name)
        holder = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-f", "-"], stdin=subprocess.PIPE,
                                  env={**harness.clean_env(), **server.env("hasty"), "PGOPTIONS":
                                       "-c idle_in_transaction_session_timeout=0 -c transaction_timeout=0"},
                                  stdout=subprocess.DEVNULL)
        holder.stdin.write(b"BEGIN; LOCK TABLE equipment IN ACCESS EXCLUSIVE MODE;\n")
        holder.stdin.flush()
        harness.wait_for(lambda: server.psql("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND"
                                             " relation = 'equipment'::regclass", "hasty"), 30, "the lock")
        folder = harness.temp_dir("b")
        process = program.start(["backup", "--folder", program.path(folder)], env=server.env("hasty"))
        harness.wait_for(lambda: process.poll() is not None or server.psql(
            "SELECT 1 FROM pg_stat_activity WHERE %s AND state = 'idle in transaction' AND "
            "state_change < clock_timestamp() - interval '2 s'" % OURS), 60, "a long rest")
        holder.stdin.write(b"COMMIT;\n\\q\n")
        holder.stdin.close()
        out, err = process.communicate(timeout=120 * harness.SCALE)
        equal(process.returncode, 0, "exit code: %s %s" % (out, err))
        check(b"begins again" not in out, "it did not have to begin again: %s" % out)
        equal(harness.log_entries(folder)[-1]["level"], "verified", "level")
    finally:
        if holder:
            holder.kill()
            holder.wait()
        server.psql("DROP DATABASE hasty WITH (FORCE)")


def slow_tools(server, seconds):
    """The tools, which take so long to begin. The folder is named for the server's major, as the product's is: so they
    are asked when the server is known."""
    folder = os.path.join(harness.temp_dir("tools"), server.psql("SHOW server_version").split(".")[0])
    os.mkdir(folder)
    for tool in ("pg_dump", "pg_restore"):
        path = os.path.join(folder, tool)
        with open(path, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\nsleep %s\nexec "%s/%s" "$@"\n' % (seconds, harness.PG_BIN, tool))
        os.chmod(path, 0o755)
    return folder


def test_it_rests_while_the_tools_are_asked(program):
    """Longer than the database lets a session rest, before there is a snapshot."""
    if program.kind == "wine":
        raise harness.Skip("scripts are no Windows programs; the same core is tested natively")
    server = harness.shared_server()
    server.psql("CREATE DATABASE sleepy")
    server.psql("CREATE TABLE equipment AS SELECT generate_series(1, 100) a; ALTER DATABASE sleepy SET"
                " idle_session_timeout = '900ms'", "sleepy")
    done = program.backup(server, "sleepy", harness.temp_dir("b"), env={"CMMS_BACKUP_TOOLS": slow_tools(server, 2)})
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    equal(done.json()["level"], "verified", "level")
    server.psql("DROP DATABASE sleepy WITH (FORCE)")


def test_a_killed_dump_leaves_no_session(program):
    """pg_dump is killed where the server cannot see it: its session, with its locks, is ended all the same."""
    server = harness.shared_server()
    database = harness.sample(server)
    folder = harness.temp_dir("b")
    network = Network(server.port)
    waiting = "SELECT 1 FROM pg_stat_activity WHERE %s AND wait_event_type = 'Lock'" % DUMP
    holder = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-f", "-"], stdin=subprocess.PIPE,
                              env={**harness.clean_env(), **server.env(database)}, stdout=subprocess.DEVNULL)
    try:
        holder.stdin.write(b"BEGIN; LOCK TABLE equipment IN ACCESS EXCLUSIVE MODE;\n")
        holder.stdin.flush()
        harness.wait_for(lambda: server.psql("SELECT 1 FROM pg_locks WHERE relation = 'equipment'::regclass AND granted"
                                             " AND mode = 'AccessExclusiveLock'", database), 60, "the lock")
        process = program.start(["backup", "--folder", program.path(folder)],
                                env={**server.env(database), "PGPORT": str(network.own_port), "CMMS_TEST_MARK": folder})
        harness.wait_for(lambda: server.psql(waiting), 60, "pg_dump's wait for the lock")
        network.pairs[1].silent = True # the first is our session's, the second pg_dump's
        for pid in tools_of(folder):
            os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=120 * harness.SCALE)
        equal(process.returncode, 4, "exit code: %s %s" % (out, err))
        harness.wait_for(lambda: not server.psql(waiting), 10, "the end of the dead pg_dump's session")
    finally:
        holder.stdin.write(b"COMMIT;\n\\q\n")
        holder.stdin.close()
        holder.wait()
        network.close()
    equal((harness.backups_in(folder), harness.partials_in(folder)), ([], []), "what is left")


def test_large_objects_are_counted(program):
    server = harness.shared_server()
    server.psql("CREATE DATABASE large")
    try:
        server.psql("SELECT lo_from_bytea(0, 'one'), lo_from_bytea(0, ''),"
                    " lo_from_bytea(0, repeat('x', 100000)::bytea)", "large")
        server.psql("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", "large")
        folder = harness.temp_dir("b")
        report = program.good_backup(server, "large", folder)
        with open(report["unix_path"] + ".manifest.json", encoding="utf-8") as f:
            manifest = json.load(f)
        equal((manifest["large_objects"], manifest["large_objects_expected"]), (3, 3), "large objects")
        equal(report["large_objects"], 3, "the report")
        run = lambda *verb: program.run([*verb, "--json", "--folder", program.path(folder)])
        equal(run("list").json()["backups"][0]["large_objects"], 3, "the list")
        equal(run("verify", "--all").json()["files"][0]["large_objects"], 3, "what is verified")
        for member, words in (("large_objects", "it holds 3 large objects where the manifest says 4"),
                              ("large_objects_expected", "it holds 3 large objects where the database held 4")):
            with open(report["unix_path"] + ".manifest.json", "w", encoding="utf-8") as f:
                json.dump({**manifest, member: 4}, f)
            done = run("verify", "--all")
            check(done.code == 7 and words in done.out, "%s of another number: %s" % (member, done.out))
    finally:
        server.psql("DROP DATABASE large")


def test_name_and_start_are_one_moment(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    report = program.good_backup(server, harness.sample(server), folder)
    digits = "".join(c for c in report["started"] if c.isdigit())[:14]
    equal("".join(c for c in os.path.basename(report["unix_path"]) if c.isdigit())[:14], digits, "the moment")


harness.main(__name__, wine=("test_begins_again", "test_a_killed_dump_leaves_no_session"))
