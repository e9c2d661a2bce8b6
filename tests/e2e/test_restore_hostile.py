"""Restore and undo, interfered with between any two of their statements; marks that lie; databases that are not ours.

Between is a proxy that reads what the program says to the server, statement by statement, and lets the test act before
one is sent or after it was answered: kill the program, end its sessions, start a second one.
"""
# runs: native
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import harness
from harness import check, equal
from test_restore_kinds import NEON, server_of

OPEN = {"PGPASSWORD": harness.PASSWORD, "PGSSLMODE": "disable"} # so that it can be read


class Cut(Exception):
    """Raised by a rule: the statement is not sent, or its answer not handed on, and the connection is closed."""


class Between:
    """before(sql), after(sql): called for each statement of the program and of its tools. there(bytes), back(bytes):
    what goes on in the place of a message, and of what comes back; as long as that."""

    def __init__(self, server):
        self.to, self.before, self.after = server.port, None, None
        self.there = self.back = lambda data: data
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.before = self.after = None
        self.listener.close()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
                threading.Thread(target=self.carry, args=(client,), daemon=True).start()
            except OSError:
                return

    @staticmethod
    def close(*sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def carry(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.to))
        except OSError:
            client.close()
            return
        asked = []
        threading.Thread(target=self.answers, args=(client, server, asked), daemon=True).start()
        with client, server, client.makefile("rb") as stream:
            try:
                size = stream.read(4)
                server.sendall(size + stream.read(struct.unpack("!I", size)[0] - 4))
                while True:
                    head = stream.read(5)
                    if len(head) < 5:
                        break
                    body = stream.read(struct.unpack("!I", head[1:])[0] - 4)
                    if head[:1] in (b"P", b"Q"):
                        sql = body.split(b"\0")[head[:1] == b"P"].decode(errors="replace")
                        if self.before:
                            self.before(sql)
                        asked[:] = [sql]
                    server.sendall(head + self.there(body))
            except (OSError, Cut, struct.error):
                pass
            self.close(client, server)

    def answers(self, client, server, asked):
        try:
            while True:
                data = server.recv(65536)
                if not data:
                    break
                if data[-6:-1] == b"Z\0\0\0\5" and asked: # ready for the next
                    sql = asked.pop()
                    if self.after:
                        self.after(sql)
                client.sendall(self.back(data))
        except (OSError, Cut):
            pass
        self.close(client, server)


def start(program, port, name, verb, *arguments, folder=None, user="postgres"):
    folder = ["--folder", program.path(folder)] if folder else []
    if verb == "restore":
        arguments = ("--no-safety-proof",) + arguments
    return program.start([verb, "--json", "--yes", *folder, "-h", "127.0.0.1", "-p", str(port), "-U", user, "-d", name,
                          *arguments], OPEN)


def run(*arguments, **more):
    return harness.finish(start(*arguments, **more))


def good(done, what):
    equal(done.code, 0, "%s: exit code: %s %s" % (what, done.out, done.err))
    return done.json()


def databases(server, name):
    return server.psql("SELECT datname FROM pg_database WHERE datname LIKE '%s%%' ORDER BY 1" % name).split()


def drop_all(server, name):
    for one in databases(server, name):
        server.psql('ALTER DATABASE "%s" ALLOW_CONNECTIONS true; ' % one)
        server.psql('DROP DATABASE "%s" WITH (FORCE)' % one)


def comment(server, name):
    return server.psql("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '%s'" % name)


def rows(server, name):
    return server.psql("SELECT count(*) FROM work_orders", name)


class Plant:
    """A small database with a backup of 100 rows, of which 50 are left, a comment and a limit."""

    def __init__(self, program, server, name):
        self.program, self.server, self.name, self.folder = program, server, name, harness.temp_dir("r")
        server.psql('CREATE DATABASE "%s"' % name)
        server.psql("CREATE TABLE work_orders (id int PRIMARY KEY, t text); INSERT INTO work_orders "
                    "SELECT g, 'x' || g FROM generate_series(1, 100) g", name)
        self.path = program.path(program.good_backup(server, name, self.folder)["unix_path"])
        self.dress()

    def dress(self):
        self.server.psql("DELETE FROM work_orders WHERE id > 50", self.name)
        self.server.psql("""COMMENT ON DATABASE "%s" IS 'of the plant'; ALTER DATABASE "%s" CONNECTION LIMIT 33""" %
                         (self.name, self.name))

    def again(self):
        drop_all(self.server, self.name)
        self.server.psql('CREATE DATABASE "%s"' % self.name)
        self.server.psql("CREATE TABLE work_orders (id int PRIMARY KEY, t text); INSERT INTO work_orders "
                         "SELECT g, 'x' || g FROM generate_series(1, 100) g", self.name)
        self.dress()

    def restore(self, *more, port=None, begin=False, path=None):
        return (start if begin else run)(self.program, port or self.server.port, self.name, "restore",
                                         "--no-safety-backup", *more, path or self.path, folder=self.folder)

    def undo(self, *more, port=None, begin=False):
        return (start if begin else run)(self.program, port or self.server.port, self.name, "undo", *more,
                                         folder=self.folder)

    def kept(self):
        return [k["name"] for k in good(self.undo("--list"), "undo --list")["kept"]]

    def whole(self, what):
        """After the next start: somebody has the name, it is open, as it was dressed, and one of the two; the other one
        is there too if it ever was."""
        self.kept()
        state = self.server.psql("SELECT datallowconn, datconnlimit, shobj_description(oid, 'pg_database') FROM"
                                 " pg_database WHERE datname = '%s'" % self.name)
        equal(state, "t|33|of the plant", "%s: the live one, of %s" % (what, databases(self.server, self.name)))
        have = rows(self.server, self.name)
        check(have in ("50", "100"), "%s: %s rows" % (what, have))
        return have

    def goes_back(self, what):
        """What was replaced can be had back, and is open."""
        have = self.whole(what)
        kept = self.kept()
        check(kept, "%s: nothing is kept, of %s" % (what, databases(self.server, self.name)))
        done = good(self.undo(), what + ": undo")
        check(self.whole(what + ": undone") != have, "%s: the undo changed nothing: of %s with %s rows, %s" % (
            what, kept, have, done))


def interfere(plant, begin, act, first, what, every=1, share=3):
    """Runs it again and again, and acts before its Nth statement from `first` on that is more than a question, N = 1,
    2, 3 … or in steps of `every`, and of these before one in `share` in a run that is not thorough. Yields what was
    interfered with, and how it ended. act(process, between); None: the program is killed."""
    stride = every * (1 if harness.THOROUGH else share)
    n = 1 + every * harness.first_step(share)
    while True:
        seen, hit, process, reached, killed = [0], [], [], threading.Event(), threading.Event()
        with Between(plant.server) as between:
            def before(sql):
                if (not seen[0] and first not in sql) or sql.startswith("SELECT"):
                    return
                seen[0] += 1
                if seen[0] == n:
                    hit.append(sql)
                    if act is None:
                        reached.set()
                        killed.wait(60 * harness.SCALE)
                        raise Cut
                    act(process[0], between)
            between.before = before
            process.append(begin(between.port))
            if act is None:
                harness.wait_for(lambda: reached.is_set() or process[0].poll() is not None, 120, "the statement")
                if reached.is_set():
                    plant.program.kill(process[0])
                    killed.set()
            done = harness.finish(process[0]) if not reached.is_set() else None
        if not hit:
            check(n > stride, what + ": it was never interfered with")
            return
        yield "%s %d (%s)" % (what, n, hit[0][:60]), done
        n += stride


def test_killed_before_each_statement(program):
    """From the last look at the rows on: the next start finds everything, and can go back."""
    server = harness.shared_server()
    plant = Plant(program, server, "steps")
    for what, _ in interfere(plant, lambda port: plant.restore(port=port, begin=True), None, "ANALYZE",
                             "restore killed before", share=6):
        harness.no_locks_left(server)
        if plant.whole(what) == "100":
            plant.goes_back(what)
        good(plant.restore(), what + ": the next restore")
        plant.goes_back(what + ": the next restore")
        check(not [d for d in databases(server, "steps") if "_restore_" in d], what + ": left something")
        plant.again()
    plant.again() # the last round was not interfered with, and restored it
    good(plant.restore(), "restore")
    for what, _ in interfere(plant, lambda port: plant.undo(port=port, begin=True), None, "",
                             "undo killed before"):
        harness.no_locks_left(server)
        plant.goes_back(what)


def test_gone_and_killed_before_each_statement(program):
    """The same where there was no live database: and what was made is never dropped afterwards, under whatever name."""
    server = harness.shared_server()
    plant = Plant(program, server, "lost")
    plant.path = program.path(program.good_backup(server, "lost", plant.folder)["unix_path"]) # with what dresses it
    drop_all(server, "lost")
    for what, _ in interfere(plant, lambda port: plant.restore(port=port, begin=True), None, "ANALYZE",
                             "restore killed before"):
        harness.no_locks_left(server)
        plant.kept()
        if "lost" in databases(server, "lost"):
            equal(server.psql("SELECT datconnlimit, shobj_description(oid, 'pg_database') FROM pg_database WHERE"
                              " datname = 'lost'"), "33|of the plant", what + ": how it is dressed")
            server.psql("ALTER DATABASE lost RENAME TO lost_month_of_work")
            good(plant.restore(), what + ": the next restore")
            equal(databases(server, "lost"), ["lost", "lost_month_of_work"], what)
        drop_all(server, "lost")


def test_gone_and_lost_at_the_end(program):
    """Where nobody had the name nothing was put aside: what is kept from a restore of long ago is not this one's."""
    server = harness.shared_server()
    plant, seen = Plant(program, server, "forgot"), []
    good(plant.restore(), "restore")
    server.psql("DROP DATABASE forgot WITH (FORCE)")
    with Between(server) as between:
        def after(sql):
            if sql == "ANALYZE":
                seen.append(sql)
            if sql == "COMMIT" and seen:
                raise Cut
        between.after = after
        told = good(plant.restore(port=between.port), "the answer of the COMMIT was lost")
    equal((told["kept"], rows(server, "forgot")), (None, "100"), "what was kept")


def test_gone_and_not_known(program):
    """Lost before the COMMIT, and then somebody else has the lock for longer than it waits: it drops nothing, and the
    next start finds all of it."""
    if not harness.THOROUGH:
        raise harness.Skip("it waits for a minute")
    server = harness.shared_server()
    plant, seen, holder = Plant(program, server, "unknown"), [], []
    drop_all(server, "unknown")
    with Between(server) as between:
        def before(sql):
            if sql == "ANALYZE":
                seen.append(sql)
            if sql == "COMMIT" and seen and not holder:
                server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name NOT LIKE"
                            " 'psql%' AND backend_type = 'client backend' AND pid <> pg_backend_pid()")
                harness.no_locks_left(server)
                holder.append(subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q"], stdin=subprocess.PIPE,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                               env={**harness.clean_env(), **server.env()}))
                holder[0].stdin.write(b"SELECT pg_advisory_lock(hashtextextended('cmms-backup restore unknown', 0));\n")
                holder[0].stdin.flush()
                harness.wait_for(lambda: server.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                                                     " AND granted") != "0", 30, "the lock")
                raise Cut
        between.before = before
        try:
            done = plant.restore(port=between.port)
        finally:
            for one in holder:
                one.kill()
                one.wait()
    check(done.code != 0 and "it is not known whether the databases changed their names" in done.out, done.out)
    harness.no_locks_left(server)
    equal(len(databases(server, "unknown")), 1, "what it left alone, of %s" % databases(server, "unknown"))
    plant.kept()
    equal((databases(server, "unknown"), rows(server, "unknown")), (["unknown"], "100"), "brought to its end")


def test_sessions_ended_before_each_statement(program):
    """The server ends our sessions (a restart, Neon): the name is back within seconds, without another start."""
    server = harness.shared_server()
    plant = Plant(program, server, "ended")

    def act(process, between):
        between.before = None
        server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name NOT LIKE 'psql%' AND"
                    " backend_type = 'client backend' AND pid <> pg_backend_pid()")
    for what, done in interfere(plant, lambda port: plant.restore(port=port, begin=True), act, "ANALYZE",
                                "sessions ended before", share=6):
        state = server.psql("SELECT datallowconn FROM pg_database WHERE datname = 'ended'")
        equal(state, "t", "%s: the live one, after exit code %d, of %s" % (what, done.code, databases(server, "ended")))
        equal(rows(server, "ended"), "100" if done.code == 0 else "50", what)
        if done.code == 0:
            plant.goes_back(what)
        plant.again()


def test_stopped_before_each_statement(program):
    """Ctrl+C: nothing is half done when the program has ended."""
    if program.kind != "native":
        raise harness.Skip("a console's Ctrl+C is test_kill's")
    server = harness.shared_server()
    plant = Plant(program, server, "stopped")
    for after in harness.a_share((False, True), 2, row=1):
        plant.again()

        def act(process, between):
            def stop(*_):
                between.after = None
                process.send_signal(signal.SIGINT)
                time.sleep(0.3 * harness.SCALE) # it has no other effect than that the answer is late
            between.before = None
            if after:
                between.after = stop
            else:
                stop()
        for what, done in interfere(plant, lambda port: plant.restore(port=port, begin=True), act, "ANALYZE",
                                    "stopped %s" % ("after" if after else "before"), 2):
            state = server.psql("SELECT datallowconn FROM pg_database WHERE datname = 'stopped'")
            equal(state, "t", "%s: the live one, of %s" % (what, databases(server, "stopped")))
            equal(rows(server, "stopped"), "100" if done.code == 0 else "50", what)
            plant.again()


def test_another_program_meanwhile(program):
    """undo --list, undo, restore --to and restore of another PC, before each statement: refused, or harmless."""
    server = harness.shared_server()
    plant = Plant(program, server, "other")
    for verb in harness.a_share(("list", "to", "undo", "restore"), 2, row=1):
        told = []
        plant.again()

        def act(process, between):
            between.before = None
            told.append(plant.undo("--list") if verb == "list" else plant.undo() if verb == "undo" else
                        plant.restore("--to", "other_copy") if verb == "to" else plant.restore())
        for what, done in interfere(plant, lambda port: plant.restore(port=port, begin=True), act, "ANALYZE",
                                    "%s before" % verb, 4):
            if done.code == 0:
                equal(rows(server, "other"), "100", what)
                plant.goes_back(what)
            else:
                check(told[-1].code == 0 and verb in ("undo", "restore"),
                      "%s: the first one failed: %s; %s" % (what, done.out, told[-1].out))
                plant.whole(what)
            plant.again()


def test_locked_in_another_database(program):
    """A role that may not connect to postgres has its session in template1: one restore at a time all the same."""
    harness.shared_server() # which is the first
    server = harness.Server(copy_of=harness.template())
    harness._servers.append(server)
    folder, path = of_boss(program, server, "apart")
    server.psql("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; CREATE ROLE deputy LOGIN CREATEDB PASSWORD '%s' "
                "IN ROLE boss, pg_signal_backend; GRANT CONNECT ON DATABASE postgres TO deputy; "
                "GRANT pg_signal_backend TO boss" % harness.PASSWORD.replace("'", "''"))
    for first, second in (("deputy", "boss"), ("boss", "deputy")):
        told = []
        with Between(server) as between:
            def before(sql):
                if sql == "ANALYZE" and not told:
                    told.extend((databases(server, "apart"),
                                 run(program, server.port, "apart", "restore", "--no-safety-backup", path,
                                     folder=folder, user=second),
                                 run(program, server.port, "apart", "undo", "--list", user=second),
                                 databases(server, "apart")))
            between.before = before
            done = run(program, between.port, "apart", "restore", "--no-safety-backup", path, folder=folder, user=first)
        good(done, "the restore of " + first)
        equal((told[1].code, told[1].json()["error"]["message"]), (9, "another restore of apart is at work"),
              "that of " + second)
        good(told[2], "the list of " + second)
        equal(told[3], told[0], "what the second one left alone")
        equal(rows(server, "apart"), "40000", "what was restored")


def test_dropped_after_a_restore(program):
    """Nothing was interrupted: what is kept from a restore of long ago is not the database as it was."""
    server = harness.shared_server()
    plant = Plant(program, server, "accident")
    kept = good(plant.restore(), "restore")["kept"]
    server.psql("DROP DATABASE accident WITH (FORCE)")
    equal(plant.kept(), [kept], "undo --list")
    equal(databases(server, "accident"), [kept], "a list changes nothing")
    good(plant.undo(), "undo")
    equal(rows(server, "accident"), "50", "asked for, it comes back")


def forged(server, name, **mark):
    """A database of evil's with a mark of its own making."""
    if not server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'evil'"):
        server.psql("CREATE ROLE evil LOGIN CREATEDB")
    server.psql('CREATE DATABASE "%s" OWNER evil' % name)
    mark["oid"] = int(server.psql("SELECT oid FROM pg_database WHERE datname = '%s'" % name))
    server.psql("""COMMENT ON DATABASE "%s" IS '%s'""" % (name, json.dumps(mark)))


LIES = (("trap", {"cmms_backup": "kept", "aside": 9999999999}),
        ("%s_before_20300101_000000", {"cmms_backup": "kept", "aside": 9999999999}),
        ("trap", {"cmms_backup": "kept", "aside": 9999999999, "by": "nobody"}),
        ("notes", {"cmms_backup": "coming", "whole": False}),
        ("%s_restore_20300101_000000", {"cmms_backup": "coming", "whole": False}),
        ("more_notes", {"cmms_backup": "coming", "whole": True}))


def test_nobody_is_in_it_while_it_is_filled(program):
    """The new database has the live one's rights when it is whole, and before that nobody's."""
    server = harness.shared_server()
    plant = Plant(program, server, "filled")
    if not server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'passer_by'"):
        server.psql("CREATE ROLE passer_by LOGIN PASSWORD '%s'" % harness.PASSWORD.replace("'", "''"))

    def connects(name):
        done = subprocess.run([harness.PG_BIN + "/psql", "-X", "-A", "-t", "-q", "-c", "SELECT 1"], capture_output=True,
                              env={**harness.clean_env(), **server.env(name, PGUSER="passer_by")})
        check(done.returncode == 0 or b"permission denied for database" in done.stderr, "psql: %s" % done.stderr)
        return done.returncode == 0

    for what, more, name in (("in its place", (), "filled"), ("beside it", ("--to", "filled_copy"), "filled_copy")):
        tried = []
        with Between(server) as between:
            def before(sql):
                if sql == "ANALYZE" and not tried:
                    new = [d for d in databases(server, "filled") if "_restore_" in d or d == "filled_copy"]
                    tried.append((len(new), connects(new[0]), connects("filled")))
            between.before = before
            good(plant.restore(*more, port=between.port), what)
        equal(tried, [(1, False, True)], what + ": while it is filled")
        equal((connects(name), rows(server, name)), (True, "100"), what + ": then")
    server.psql("REVOKE CONNECT ON DATABASE filled FROM PUBLIC")
    good(plant.restore(), "restore")
    equal(connects("filled"), False, "who might not before may not afterwards")


def test_a_backup_mends(program):
    """Killed where names change one at a time: nobody can use the database then, and the next that comes is seldom a
    restore. doctor only says it."""
    harness.shared_server() # which is the first
    server = server_of(NEON)
    for number, state, left, have in ((1, "closed", "f", "50"), (2, "nobody has the name", "", "100")):
        plant = Plant(program, server, "mends_%d" % number)
        reached, killed, seen = threading.Event(), threading.Event(), []
        with Between(server) as between:
            def before(sql):
                if sql.startswith("ALTER DATABASE") and " RENAME TO " in sql:
                    seen.append(sql)
                    if len(seen) == number:
                        reached.set()
                        killed.wait(60 * harness.SCALE)
                        raise Cut
            between.before = before
            process = plant.restore(port=between.port, begin=True)
            harness.wait_for(reached.is_set, 120, "the statement")
            program.kill(process)
            killed.set()
            harness.finish(process)
        harness.no_locks_left(server)
        there = ["--folder", program.path(plant.folder), "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres",
                 "-d", plant.name]
        for _ in range(2):
            equal(server.psql("SELECT datallowconn FROM pg_database WHERE datname = '%s'" % plant.name), left, state)
            doctor = program.run(["doctor", *there], OPEN)
            check("An interrupted restore left it so." in doctor.out, "%s: doctor: %s" % (state, doctor.out))
        done = program.run(["backup", *there], OPEN)
        equal(done.code, 0, "%s: the backup: %s %s" % (state, done.out, done.err))
        check("An interrupted restore was" in done.out + done.err, "%s: it is said: %s" % (state, done.out))
        equal(plant.whole(state), have, state)


def test_worked_in_what_was_left(program):
    """Killed when it was whole, before the names changed. Who cannot wait points the application there: from then on it
    is nobody's leftover."""
    server = harness.shared_server()
    plant = Plant(program, server, "left")
    plant.path = program.path(program.good_backup(server, "left", plant.folder)["unix_path"])

    def killed():
        """The database that was left."""
        reached, killed, counted = threading.Event(), threading.Event(), []
        with Between(server) as between:
            def before(sql):
                if sql == "ANALYZE":
                    counted.append(sql)
                if sql == "BEGIN" and counted:
                    reached.set()
                    killed.wait(60 * harness.SCALE)
                    raise Cut
            between.before = before
            process = plant.restore(port=between.port, begin=True)
            harness.wait_for(reached.is_set, 120, "the statement")
            program.kill(process)
            killed.set()
            harness.finish(process)
        harness.no_locks_left(server)
        left = [one for one in databases(server, "left") if one.startswith("left_restore_")]
        equal(len(left), 1, "what was left, of %s" % databases(server, "left"))
        return left[0]

    def told():
        return str(good(plant.undo("--list"), "undo --list"))

    for live in (True, False):
        drop_all(server, "left")
        if live:
            plant.again()
        left = killed()
        server.psql("INSERT INTO work_orders VALUES (1000, 'of today')", left)
        for _ in range(2):
            check(left in told(), "it is named")
            equal(rows(server, left), "51", "what somebody works with")
        plant.restore()
        check(left in databases(server, "left"), "after the next restore: %s" % databases(server, "left"))

    plant.again() # nobody has been in it: dropped where there is a live one, else it is what was asked for
    left = killed()
    plant.kept()
    equal(databases(server, "left"), ["left"], "what nobody has been in")
    drop_all(server, "left")
    left = killed()
    plant.kept()
    equal((databases(server, "left"), rows(server, "left")), (["left"], "50"), "brought to its end")


def test_marks_that_lie(program):
    """Whoever may make a database may write what he likes into its comment."""
    server = harness.shared_server()
    plant = Plant(program, server, "trusting")
    for name, mark in harness.a_share(LIES, 2):
        kept = good(plant.restore(), "restore")["kept"]
        name = name.replace("%s", "trusting")
        forged(server, name, of="trusting", **mark)
        equal(plant.kept(), [kept], "%s %s" % (name, mark))
        done = plant.undo(name)
        equal(done.code, 10, "undo by that name: %s" % done.out)
        good(plant.restore(), "restore")
        check(name in databases(server, name), "%s %s: dropped" % (name, mark))
        good(plant.undo(), "undo")
        equal(server.psql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'trusting'"), "postgres",
              "%s %s: the owner of the live one" % (name, mark))
        server.psql('DROP DATABASE "%s"' % name)
        plant.again()


def test_marks_that_lie_when_it_is_gone(program):
    """The same where there is no live database by whose owner the others could be known."""
    server = harness.shared_server()
    plant = Plant(program, server, "orphan")
    for name, mark in harness.a_share(LIES, 2, row=1):
        name = name.replace("%s", "orphan")
        server.psql("DROP DATABASE orphan WITH (FORCE)")
        forged(server, name, of="orphan", **mark)
        equal(plant.kept(), [], "%s %s" % (name, mark))
        equal(plant.undo().code, 10, "%s %s: undo" % (name, mark))
        good(plant.restore(), "restore")
        check(name in databases(server, name), "%s %s: dropped" % (name, mark))
        equal(rows(server, "orphan"), "100", "%s %s" % (name, mark))
        server.psql('DROP DATABASE "%s"' % name)
        plant.again()


def test_a_copy_left_half_done(program):
    """restore --to, killed: half a database is never called whole, and never dropped under the hands of somebody."""
    server = harness.shared_server()
    plant = Plant(program, server, "origin")
    next(interfere(plant, lambda port: plant.restore("--to", "half", port=port, begin=True), None, "ANALYZE", "killed"))
    harness.no_locks_left(server)
    server.psql("CREATE TABLE my_work (a int)", "half")
    listed = program.run(["undo", "--list", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", "half"],
                         OPEN)
    check("is the restored database" not in listed.out + listed.err, "what it is called: " + listed.out + listed.err)
    equal(databases(server, "half"), ["half"], "a list drops nothing")
    done = plant.restore("--to", "half")
    equal(done.code, 3, "once more: %s" % done.out)
    equal(server.psql("SELECT count(*) FROM my_work", "half"), "0", "what somebody did there")


def test_renamed_by_hand(program):
    """What an interrupted restore left, and somebody found useful under another name, is nobody's to drop."""
    server = harness.shared_server()
    plant = Plant(program, server, "found")
    next(interfere(plant, lambda port: plant.restore(port=port, begin=True), None, "ANALYZE", "killed before"))
    harness.no_locks_left(server)
    left = [d for d in databases(server, "found") if "_restore_" in d]
    equal(len(left), 1, "what it left")
    server.psql('ALTER DATABASE "%s" RENAME TO analysis' % left[0])
    good(plant.restore(), "restore")
    check(databases(server, "analysis"), "it was dropped")


def test_the_safety_backup_removes_nothing(program):
    """Least of all the backup that is to be restored."""
    server = harness.shared_server()
    plant = Plant(program, server, "retained")
    for _ in range(2):
        program.good_backup(server, "retained", plant.folder)
    with open(os.path.join(plant.folder, "backup_config.json"), "w", encoding="utf-8") as f:
        json.dump({"enabled": True, "schedule": "daily", "backup_time": "02:00", "retention_days": 30, "max_backups": 2,
                   "compress": True, "verify_after_backup": True}, f)
    oldest = harness.backups_in(plant.folder)[0]
    done = run(program, server.port, "retained", "restore", plant.path, folder=plant.folder)
    check(oldest in harness.backups_in(plant.folder), "it is gone: %s" % done.out)
    good(done, "restore")
    equal(rows(server, "retained"), "100", "what was restored")


def vacuum_slowly(server, slowly):
    for setting in ("autovacuum_naptime = '1s'", "autovacuum_vacuum_cost_delay = '100ms'",
                    "autovacuum_vacuum_cost_limit = 1"):
        server.psql("ALTER SYSTEM " + ("SET " + setting if slowly else "RESET " + setting.split()[0]))
    server.psql("SELECT pg_reload_conf()")


def of_boss(program, server, name):
    """A database of a role that is no superuser, and its backup."""
    if not server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'boss'"):
        server.psql("CREATE ROLE boss LOGIN CREATEDB PASSWORD '%s'" % harness.PASSWORD.replace("'", "''"))
    server.psql("CREATE DATABASE %s OWNER boss" % name)
    server.psql("SET ROLE boss; CREATE TABLE work_orders AS SELECT g AS id, repeat('x', 500) AS t FROM "
                "generate_series(1, 40000) g", name)
    folder = harness.temp_dir("r")
    return folder, program.path(program.good_backup(server, name, folder)["unix_path"])


def test_autovacuum_of_a_server_of_others(program):
    """Neon's roles are no superusers, and what was just filled is vacuumed: that worker is not theirs to end."""
    server = harness.shared_server()
    folder, path = of_boss(program, server, "neon")
    came = []
    vacuum_slowly(server, True)
    try:
        with Between(server) as between:
            def before(sql):
                if re.match(r"(BEGIN|ALTER DATABASE neon RENAME)", sql):
                    between.before = None
                    try:
                        harness.wait_for(lambda: server.psql(
                            "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'neon\\_restore%' AND"
                            " backend_type LIKE 'autovac%'") != "0", 30, "autovacuum")
                        came.append(sql)
                    except AssertionError: # it comes when it likes: then this says nothing
                        pass
            between.before = before
            good(run(program, between.port, "neon", "restore", "--no-safety-backup", path, folder=folder, user="boss"),
                 "restore")
    finally:
        vacuum_slowly(server, False)
    if not came:
        raise harness.Skip("the server's autovacuum did not come in time")


def test_a_session_that_stays(program):
    """Of a superuser, which another role may not end: said before hours are spent on a restore."""
    server = harness.shared_server()
    folder, path = of_boss(program, server, "held")
    stranger = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-d", "held"], stdin=subprocess.PIPE,
                                env={**harness.clean_env(), **server.env()})
    try:
        harness.wait_for(lambda: server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'held'") == "1", 30,
                         "the stranger")
        with Between(server) as between:
            seen = []
            between.before = seen.append
            done = run(program, between.port, "held", "restore", "--no-safety-backup", path, folder=folder, user="boss")
        equal(done.code, 6, "exit code: " + done.out)
        check("postgres" in done.out, "who it is: " + done.out)
        check(not [sql for sql in seen if sql.startswith(("CREATE DATABASE", "ALTER DATABASE"))], "it began to restore")
        equal(databases(server, "held"), ["held"], "databases")
    finally:
        stranger.kill()
        stranger.wait()


def test_comments_are_no_statements(program):
    """A plain role writes into comments what would be a statement, if ours who restores took it for one."""
    server = harness.shared_server()
    server.psql("CREATE ROLE author")
    server.psql("CREATE DATABASE notes OWNER author")
    text = ("E'of the plant;\\nALTER ROLE author SUPERUSER /* ON DATABASE notes */;\\nDROP DATABASE notes;\\n"
            "see the wiki'")
    server.psql("SET ROLE author; CREATE TABLE work_orders (a int); CREATE SCHEMA apart; COMMENT ON SCHEMA public IS"
                " %s; COMMENT ON SCHEMA apart IS %s; COMMENT ON DATABASE notes IS %s" % (text, text, text), "notes")
    folder = harness.temp_dir("r")
    path = program.path(program.good_backup(server, "notes", folder)["unix_path"])

    def comments(name):
        return (comment(server, name), server.psql("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE"
                                                   " nspname IN ('public', 'apart') ORDER BY nspname", name))
    before = comments("notes")
    for what, arguments in (("in its place", ()), ("beside it", ("--to", "notes_copy")), ("gone", ())):
        if what == "gone":
            drop_all(server, "notes")
        good(run(program, server.port, "notes", "restore", "--no-safety-backup", *arguments, path, folder=folder), what)
        equal(server.psql("SELECT rolsuper FROM pg_roles WHERE rolname = 'author'"), "f", what + ": a superuser")
        equal(comments("notes_copy" if arguments else "notes"), before, what + ": comments")


def test_a_policy_of_several_roles(program):
    """One of them is not on the server: for the others it holds, and nobody sees more than before."""
    server = harness.shared_server()
    plant = Plant(program, server, "policies")
    server.psql("CREATE ROLE seer")
    server.psql("CREATE ROLE lost")
    server.psql("ALTER TABLE work_orders ENABLE ROW LEVEL SECURITY; GRANT SELECT ON work_orders TO seer;"
                "CREATE POLICY base ON work_orders TO lost, seer USING (true);"
                "CREATE POLICY few ON work_orders AS RESTRICTIVE TO seer, lost USING (id < 10)", "policies")
    path = program.path(program.good_backup(server, "policies", plant.folder)["unix_path"])
    server.psql("DROP OWNED BY lost", "policies")
    server.psql("DROP POLICY IF EXISTS base ON work_orders; DROP POLICY IF EXISTS few ON work_orders", "policies")
    server.psql("DROP ROLE lost")
    told = good(plant.restore(path=path), "restore")
    check(any("lost" in note for note in told["notes"]), "notes: %s" % told["notes"])
    equal(server.psql("SET ROLE seer; SELECT count(*) FROM work_orders", "policies"), "9", "what seer sees")


def test_kept_of_another_owner(program):
    """The live one is gone, so nothing tells whose marks are to be believed: only the name brings it back."""
    server = harness.shared_server()
    server.psql("CREATE ROLE owner_of_that")
    server.psql("CREATE DATABASE theirs OWNER owner_of_that")
    server.psql("CREATE TABLE work_orders AS SELECT generate_series(1, 100) AS id", "theirs")
    folder = harness.temp_dir("r")
    path = program.path(program.good_backup(server, "theirs", folder)["unix_path"])
    server.psql("DELETE FROM work_orders WHERE id > 50", "theirs")
    kept = good(run(program, server.port, "theirs", "restore", path, folder=folder), "restore")["kept"]
    listed = good(run(program, server.port, "theirs", "undo", "--list"), "the list")
    equal(([k["name"] for k in listed["kept"]], listed["of_others"]), ([kept], []), "while the live one is there")
    server.psql("DROP DATABASE theirs WITH (FORCE)")
    listed = good(run(program, server.port, "theirs", "undo", "--list"), "the list")
    equal((listed["kept"], [(k["name"], k["owner"]) for k in listed["of_others"]]), ([], [(kept, "owner_of_that")]),
          "when it is gone")
    equal(run(program, server.port, "theirs", "undo", folder=folder).code, 10, "without a name")
    good(run(program, server.port, "theirs", "undo", kept, folder=folder), "by its name")
    equal((rows(server, "theirs"), databases(server, "theirs")), ("50", ["theirs"]), "what came back")


def test_gone_of_another_owner(program):
    """The user who restores is seldom the one to whom the application's database belonged."""
    server = harness.shared_server()
    server.psql("CREATE ROLE owner_of_it")
    server.psql("CREATE DATABASE owned OWNER owner_of_it")
    server.psql("CREATE TABLE work_orders AS SELECT generate_series(1, 100) AS id", "owned")
    folder = harness.temp_dir("r")
    path = program.path(program.good_backup(server, "owned", folder)["unix_path"])
    drop_all(server, "owned")
    good(run(program, server.port, "owned", "restore", path, folder=folder), "restore")
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'owned'"
    equal((rows(server, "owned"), server.psql(owner)), ("100", "owner_of_it"), "what was restored, and whose it is")


harness.main(__name__)
