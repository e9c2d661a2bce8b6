"""Restore and undo, killed, cut off and stopped at every step; and what stands in the way while they run.

A step is an answer of the server: a network of our own (network.py) counts them, and acts before it hands one on. So
the server has done what was asked, the program does not know it, and what it asks next never comes.
"""
import os
import re
import shutil
import subprocess
import tempfile
import harness
from harness import check, equal, Skip
from network import Network

TABLES = """
CREATE TABLE work_orders (id int PRIMARY KEY, note text); INSERT INTO work_orders SELECT i, 'n' || i FROM
generate_series(1, 300) i; CREATE INDEX ON work_orders (note); CREATE TABLE users (id serial PRIMARY KEY, name text);
INSERT INTO users (name) VALUES ('ann'), ('bob');
"""
NEON = "neon.timeline_id = '0123456789abcdef'" # names are given one at a time there
_servers = {}


def server_of(kind):
    if kind not in _servers:
        _servers[kind] = harness.Server(settings=(NEON,) if kind == "neon" else ())
        harness._servers.append(_servers[kind]) # ended with the others
    return _servers[kind]


def other_databases(server, name):
    return server.psql("SELECT datname FROM pg_database WHERE datname LIKE '%s\\_%%' ORDER BY 1" % name).split()


class Target:
    """A database, a backup of it, and what became of it since: `old` is live, `new` is in the backup."""

    def __init__(self, program, server, name, verb="restore"):
        self.program, self.server, self.name, self.verb = program, server, name, verb
        server.psql('CREATE DATABASE "%s"' % name)
        server.psql("""COMMENT ON DATABASE "%(n)s" IS 'of the plant'; ALTER DATABASE "%(n)s" CONNECTION LIMIT 44"""
                    % {"n": name})
        server.psql(TABLES, name)
        self.folder = harness.temp_dir("r")
        self.backup = harness.Program("native").good_backup(server, name, self.folder)["unix_path"]
        self.new = server.checksums(name)
        server.psql("DELETE FROM work_orders WHERE id > 100; CREATE TABLE newer (a int)", name)
        self.old = server.checksums(name)
        if verb == "undo": # the older one is to come back
            told = self.run("restore")
            equal(told.code, 0, "the restore before: " + told.out)
            self.old, self.new = self.new, self.old

    def arguments(self, verb, port=None):
        more = [self.program.path(self.backup)] if verb == "restore" else ["--list"] if verb == "list" else []
        more += ["--no-safety-backup"] if verb == "restore" else []
        return ["undo" if verb == "list" else verb, "--json", "--yes", "--folder", self.program.path(self.folder), "-h",
                "127.0.0.1", "-p", str(port or self.server.port), "-U", "postgres", "-d", self.name, *more]

    def run(self, verb, port=None):
        return self.program.run(self.arguments(verb, port), env={"PGPASSWORD": harness.PASSWORD})

    def start(self, port):
        return self.program.start(self.arguments(self.verb, port), env={"PGPASSWORD": harness.PASSWORD})

    def state(self):
        """Whose name is whose, as the marks tell: "" where everything is as at the beginning or the end."""
        marks = self.server.psql("SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database"
                                 " WHERE datname = '%s' OR datname LIKE '%s\\_%%'" % (self.name, self.name))
        lines = [line for line in marks.splitlines()]
        if not any(line.startswith(self.name + "|") for line in lines):
            return "nobody has the name"
        live = [line for line in lines if line.startswith(self.name + "|")][0]
        if '"kept"' in live:
            return "closed"
        if '"coming"' in live:
            return "swapped"
        return "restoring" if any('"coming"' in line for line in lines) else ""

    def look(self, what):
        """The live one is all of the old or all of the new; True: the new."""
        sums = self.server.checksums(self.name)
        check(sums in (self.old, self.new), "%s: neither the old database nor the new one" % what)
        equal(self.server.psql("SELECT shobj_description(oid, 'pg_database'), datconnlimit, datallowconn FROM"
                               " pg_database WHERE datname = '%s'" % self.name), "of the plant|44|t",
              "%s: comment and limit" % what)
        return sums == self.new

    def mend(self, what):
        """The next start: it says what it mended, and leaves nothing that has to be cleared away by hand."""
        state = self.state()
        harness.no_locks_left(self.server)
        done = self.run("list")
        equal(done.code, 0, "%s: the next start: %s" % (what, done.out))
        kept = [k["name"] for k in done.json()["kept"]]
        is_new = self.look(what)
        equal(other_databases(self.server, self.name), sorted(kept), "%s: what is left" % what)
        if state:
            check("interrupted restore" in str(done.json()["warnings"]), "%s (%s): it says: %s" % (what,
                                                                                               state, done.out))
        for other in kept:
            sums = self.server.checksums(other)
            check(sums in (self.old, self.new) and sums != (self.new if is_new else self.old),
                  "%s: what is kept is the other one" % what)
        equal(self.state(), "", "%s: the state" % what)
        return state, is_new, kept

    def rewind(self, is_new, kept):
        """To the beginning."""
        if self.verb == "undo":
            if is_new:
                equal(self.run("undo").code, 0, "back again")
        elif is_new:
            equal(self.run("undo").code, 0, "back again")
        if self.verb == "restore":
            for other in other_databases(self.server, self.name):
                self.server.psql('DROP DATABASE "%s" WITH (FORCE)' % other)


def steps(target):
    """How many answers a run takes without a fault."""
    count = [0]

    def rule(_, pair):
        count[0] += pair.passed > 0
    with Network(target.server.port, rule) as network:
        done = target.run(target.verb, network.own_port)
        equal(done.code, 0, "without a fault: " + done.out)
    target.rewind(True, [])
    return count[0]


def at_step(target, n, act):
    """Runs until the Nth answer, before which act(process) is called. Returns (whether it came, the process)."""
    count, hit, holder = [0], [], []

    def rule(_, pair):
        if pair.passed > 0 and not hit:
            count[0] += 1
            if count[0] >= n:
                hit.append(n)
                act(holder[0])
    network = Network(target.server.port, rule)
    try:
        holder.append(target.start(network.own_port))
        return harness.finish(holder[0]), bool(hit)
    finally:
        network.close()


def at_every_step(target, act, numbers):
    """Each of these steps by itself; the states in which it was interrupted, and how it went on."""
    seen = set()
    for n in numbers:
        if os.environ.get("CMMS_TEST_TELL"):
            print("# %s of %s, step %d" % (target.verb, target.name, n), flush=True)
        done, hit = at_step(target, n, act)
        what = "%s, step %d" % (target.verb, n)
        state, is_new, kept = target.mend(what)
        check(done.code != 0 or is_new, "%s: it said that it was done: %s" % (what, done.out))
        if hit:
            seen.add((state, is_new))
        target.rewind(is_new, kept)
    return seen


def dense(total, last, few):
    """Every one of the last steps, in which the names change, and some of those before; a quarter of them in a run that
    is not thorough. How many there are is not quite the same each time: while the names change a second session asks
    again and again who is still there."""
    steps = sorted({*range(max(1, total - last), total + 4), *range(1, max(2, total - last), max(1, total // few))})
    return list(harness.a_share(steps, 4))


def test_killed_at_every_step(program):
    wine, ends = program.kind == "wine", set()
    for kind in ("neon",) if wine else ("plain", "neon"): # there the names go one at a time
        for verb in ("restore",) if wine else ("restore", "undo"):
            target = Target(program, server_of(kind), "kill_%s_%s" % (kind, verb), verb)
            total = steps(target)
            # On a server of PostgreSQL's own there is nothing between the names; where there is, each step counts.
            numbers = dense(total, 6 if kind == "plain" else 24, 2)
            seen = at_every_step(target, lambda process: process.kill(), numbers[-4:] if wine else numbers)
            ends |= {s[1] for s in seen}
            if kind == "neon" and harness.THOROUGH and not wine:
                check({"restoring", "closed", "nobody has the name", "swapped"} <= {s[0] for s in seen},
                      "states: %s" % seen)
            print("# %s on %s: killed at %d of %d steps: %s" % (verb, kind, len(numbers), total, sorted(seen)))
    check(ends == {True, False} or wine, "killed in time, and too late: %s" % ends)


def test_server_stopped(program):
    """The server ends in the middle, and comes again: the program itself brings it to an end, or the next start."""
    if program.kind == "wine":
        raise Skip("the same core; natively only, for the time")
    for kind in ("plain", "neon"):
        server = server_of(kind)
        target = Target(program, server, "stop_%s" % kind)
        total = steps(target)

        def stop(_):
            server.stop("immediate")
            server.start()
        seen = at_every_step(target, stop, dense(total, 6 if kind == "neon" else 3, 2))
        print("# the server stopped: %s" % sorted(seen))


def test_server_crashes_behind_it(program):
    """A server that may lose what it has just committed (synchronous_commit): not what a restore says is done."""
    if program.kind == "wine":
        raise Skip("the same core; natively only, for the time")
    server = harness.Server(settings=("synchronous_commit = off", "wal_writer_delay = 10s", "bgwriter_delay = 10s"))
    try:
        server.psql("CREATE DATABASE crash")
        server.psql("CREATE TABLE work_orders AS SELECT generate_series(1, 100) AS id", "crash")
        folder = harness.temp_dir("r")
        path = program.path(program.good_backup(server, "crash", folder)["unix_path"])
        server.psql("DELETE FROM work_orders WHERE id > 50", "crash")
        for arguments, expected in ((["restore", "--no-safety-backup", path], "100"), (["undo"], "50")):
            server.psql("CHECKPOINT")
            done = program.run([arguments[0], "--json", "--yes", "--folder", program.path(folder), "-h", "127.0.0.1",
                                "-p", str(server.port), "-U", "postgres", "-d", "crash"] + arguments[1:],
                               env={"PGPASSWORD": harness.PASSWORD})
            server.stop("immediate")
            equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
            server.start()
            equal(server.psql("SELECT count(*) FROM work_orders", "crash"), expected, arguments[0])
    finally:
        server.stop()


def test_session_ended(program):
    """An administrator ends our session in the middle."""
    for kind in ("neon",) if program.kind == "wine" else ("plain", "neon"):
        server = server_of(kind)
        target = Target(program, server, "ended_%s" % kind)
        total = steps(target)

        def end(_):
            server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres' AND"
                        " application_name LIKE 'cmms-backup%' AND pid <> pg_backend_pid()")
        numbers = dense(total, 6 if kind == "neon" else 3, 2)
        seen = at_every_step(target, end, numbers if program.kind == "native" else numbers[-2:])
        print("# our sessions ended: %s" % sorted(seen))


harness.main(__name__)
