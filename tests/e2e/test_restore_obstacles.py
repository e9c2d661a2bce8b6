"""What is in the way while a restore runs: locks, clients that never stop, a second one, roles that are gone, a server
that is restarted before any of its statements. More of it is in test_restore, _kinds and _hostile.
"""
import socket
import struct
import subprocess
import threading
import time
import harness
from harness import check, equal
from test_restore_hostile import Between, Plant, databases, good, interfere, rows, start
from test_restore_kinds import NEON, server_of


class Away(Exception):
    """The server ended the session, or let nobody in: SQLSTATE, "" where it said none."""


class Session:
    """A client without a library, as quick as it can be: the simple protocol, of a user whom the server trusts."""

    def __init__(self, port, user, database):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120 * harness.SCALE)
        self.stream = self.socket.makefile("rb")
        self.send(b"", struct.pack("!I", 196608) + b"user\0%s\0database\0%s\0\0" % (user.encode(), database.encode()))
        self.answer()

    def send(self, kind, body):
        self.socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def ask(self, sql):
        self.send(b"Q", sql.encode() + b"\0")
        return self.answer()

    def answer(self):
        """The rows until it is ready for the next."""
        rows, state = [], None
        while True:
            head = self.stream.read(5)
            if len(head) < 5:
                raise Away(state or "")
            body = self.stream.read(struct.unpack("!I", head[1:])[0] - 4)
            if head[:1] == b"R":
                check(struct.unpack("!I", body[:4])[0] == 0, "the server asks for a password")
            elif head[:1] == b"E":
                state = next(field[1:] for field in body.split(b"\0") if field[:1] == b"C").decode()
            elif head[:1] == b"D":
                rows.append(self.row(body))
            elif head[:1] == b"Z":
                if state:
                    raise Away(state)
                return rows

    @staticmethod
    def row(body):
        values, at = [], 2
        for _ in range(struct.unpack("!H", body[:2])[0]):
            size = struct.unpack("!i", body[at:at + 4])[0]
            values.append(body[at + 4:at + 4 + max(size, 0)].decode())
            at += 4 + max(size, 0)
        return tuple(values)

    def close(self):
        self.stream.close()
        self.socket.close()


# One statement, so one snapshot.
ASK = ("INSERT INTO journal VALUES (1); SELECT (SELECT name FROM edition), (SELECT count(*) FROM work_orders),"
       " (SELECT count(*) FROM lines)")
OLD, NEW = ("old", "50", "7"), ("new", "100", "40")


class Client(threading.Thread):
    """An application that writes and reads all the time, and comes again at once when it is sent away."""

    def __init__(self, port, database):
        super().__init__(daemon=True)
        self.port, self.database, self.over = port, database, threading.Event()
        self.came, self.seen, self.failed = 0, [], None # seen: (when, a row or a SQLSTATE)

    def run(self):
        while not self.over.is_set() and not self.failed:
            session = None
            try:
                session = Session(self.port, "watcher", self.database)
                self.came += 1
                while not self.over.is_set():
                    self.seen.append((time.monotonic(), session.ask(ASK)[0]))
            except Away as state:
                self.seen.append((time.monotonic(), state.args[0]))
            except OSError:
                self.seen.append((time.monotonic(), ""))
            except Exception as error: # nothing that a server does
                self.failed = error
            finally:
                if session:
                    session.close()

    def answers(self):
        return [what for _, what in self.seen if isinstance(what, tuple)]

    def longest_without_name(self):
        """Seconds from the first answer that there is no such database to the next other one."""
        longest, since = 0, None
        for when, what in self.seen:
            if what == "3D000":
                since = when if since is None else since
            elif since is not None:
                longest, since = max(longest, when - since), None
        return longest


def lets_in(server):
    """Whoever is called watcher, without a password."""
    if server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'watcher'"):
        return
    path = server.data + "/pg_hba.conf"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write("host all watcher 127.0.0.1/32 trust\n" + text)
    server.psql("CREATE ROLE watcher LOGIN; SELECT pg_reload_conf()")

    def comes_in():
        try:
            Session(server.port, "watcher", "postgres").close()
            return True
        except (AssertionError, Away, OSError):
            return False
    harness.wait_for(comes_in, 60, "the server's new rules")


def test_clients_see_one_of_the_two(program):
    """Each answer is of all of the old database or of all of the new one, never of the old one after the new one; they
    are ended, come again, and find the new one. The name is there at every moment, or back within the second."""
    for kind, settings in (("plain", ()), ("neon", (NEON,))): # there the names go one at a time
        server = server_of(*settings)
        lets_in(server)
        plant = Plant(program, server, "watched_" + kind)
        server.psql("INSERT INTO work_orders SELECT g FROM generate_series(51, 100) g; CREATE TABLE lines AS SELECT"
                    " generate_series(1, 40) AS n; CREATE TABLE edition AS SELECT 'new'::text AS name; CREATE TABLE"
                    " journal (n int); GRANT SELECT ON work_orders, lines, edition TO watcher; GRANT INSERT ON journal"
                    " TO watcher", plant.name)
        path = program.path(program.good_backup(server, plant.name, plant.folder)["unix_path"])
        server.psql("BEGIN; UPDATE edition SET name = 'old'; DELETE FROM work_orders WHERE id > 50;"
                    " DELETE FROM lines WHERE n > 7; COMMIT", plant.name)
        for verb, first, last in (("restore", OLD, NEW), ("undo", NEW, OLD)):
            clients = [Client(server.port, plant.name) for _ in range(3)]
            for client in clients:
                client.start()
            try:
                harness.wait_for(lambda: all(client.answers() or client.failed for client in clients), 60, "answers")
                done = plant.restore(path=path) if verb == "restore" else plant.undo()
                good(done, "%s on %s" % (verb, kind))
                harness.wait_for(lambda: all(last in client.answers()[-1:] or client.failed for client in clients), 60,
                                 "that all clients find what was restored")
            finally:
                for client in clients:
                    client.over.set()
                for client in clients:
                    client.join()
            for client in clients:
                check(not client.failed, "a client of %s: %s" % (kind, client.failed))
                answers = client.answers()
                equal(set(answers), {OLD, NEW}, "%s on %s: what a client saw" % (verb, kind))
                turn = answers.index(last)
                equal((set(answers[:turn]), set(answers[turn:])), ({first}, {last}), "%s on %s: in this order" % (
                    verb, kind))
                check(client.came >= 2, "%s on %s: it was ended and came again" % (verb, kind))
                states = {what for _, what in client.seen if isinstance(what, str)}
                # ended; not accepting connections; just renamed; too many; the connection went before it was told
                check(states <= {"57P01", "55000", "3D000", "53300", ""}, "what they were told: %s" % states)
                check(client.longest_without_name() < 1 * harness.SCALE, "%s on %s: without the name for %.2f s" % (
                    verb, kind, client.longest_without_name()))
            print("# %s on %s: %s" % (verb, kind, [(c.came, len(c.answers())) for c in clients]))


def blocker(server, name):
    """A session in an open transaction, which has a table to itself and has written."""
    session = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-d", name], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**harness.clean_env(), **server.env(PGAPPNAME="blocker")})
    session.stdin.write(b"BEGIN; LOCK work_orders; INSERT INTO work_orders VALUES (5000);\n")
    session.stdin.flush()
    held = ("SELECT 1 FROM pg_locks WHERE relation = 'work_orders'::regclass AND mode = 'AccessExclusiveLock'"
            " AND granted")
    harness.wait_for(lambda: server.psql(held, name), 60, "its lock")
    return session


def test_a_table_is_locked(program):
    """The safety backup waits for it; a restore without one ends the session, and its transaction with it."""
    server = harness.shared_server()
    plant = Plant(program, server, "locked")
    session = blocker(server, "locked")
    try:
        kept = good(plant.restore(), "without a safety backup")["kept"]
        there = server.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'blocker'")
        equal(there, "0", "its session is ended")
        equal((rows(server, "locked"), rows(server, kept)), ("100", "50"), "what was restored, what is kept")
    finally:
        session.kill()
        session.wait()
    plant.again()
    session, waits = blocker(server, "locked"), []
    try:
        with Between(server) as between:
            def before(sql):
                waits.extend([sql] * (sql.startswith("LOCK TABLE ") and "ACCESS SHARE" in sql)) # pg_dump's
            between.before = before
            process = start(program, between.port, "locked", "restore", plant.path, folder=plant.folder)
            harness.wait_for(lambda: process.poll() is not None or (waits and server.psql(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessShareLock'")), 120, "that it waits")
            check(process.poll() is None, "the restore has not waited for the lock")
            session.stdin.write(b"COMMIT;\n")
            session.stdin.flush()
            told = good(harness.finish(process), "with a safety backup")
    finally:
        session.kill()
        session.wait()
    equal((rows(server, "locked"), rows(server, told["kept"])), ("100", "51"), "what was restored, what is kept")
    equal(len(harness.backups_in(plant.folder)), 2, "the safety backup")


def test_a_second_restore(program):
    """And an undo, in the middle of the first: refused in words, which leaves the first one alone."""
    server = harness.shared_server()
    plant, told = Plant(program, server, "second"), []
    with Between(server) as between:
        def before(sql):
            if sql == "ANALYZE" and not told:
                told.extend((plant.restore(), plant.undo()))
        between.before = before
        done = plant.restore(port=between.port)
    good(done, "the first")
    equal([(d.code, d.json()["error"]["message"]) for d in told], [(9, "another restore of second is at work")] * 2,
          "the others")
    equal(rows(server, "second"), "100", "what was restored")
    plant.goes_back("afterwards")


def test_roles_that_are_gone(program):
    """Rows that name one are refused with table, role and what to do; what is only said about one is left out."""
    server = harness.shared_server()
    plant = Plant(program, server, "roleless")
    server.psql("CREATE ROLE gone_row; CREATE ROLE gone_mapped; CREATE TABLE whose (who regrole);"
                "INSERT INTO whose VALUES ('gone_row'); CREATE FOREIGN DATA WRAPPER far_off;"
                "CREATE SERVER far FOREIGN DATA WRAPPER far_off;"
                "CREATE USER MAPPING FOR gone_mapped SERVER far OPTIONS (password 'x')", "roleless")
    path = program.path(program.good_backup(server, "roleless", plant.folder)["unix_path"])
    server.psql("DROP USER MAPPING FOR gone_mapped SERVER far; DELETE FROM whose; DROP ROLE gone_row;"
                "DROP ROLE gone_mapped", "roleless")
    before = server.checksums("roleless")
    done = plant.restore(path=path)
    equal(done.code, 4, "exit code: " + done.out)
    error = done.json()["error"]
    for word in ("could not be restored", '"whose"', 'role "gone_row" does not exist'):
        check(word in error["message"], "%s is named: %s" % (word, error))
    equal(error["hint"], "Nothing was changed. Create the role gone_row on the server (CREATE ROLE), and try again.",
          "what to do")
    equal(databases(server, "roleless"), ["roleless"], "databases")
    harness.same_sums(server.checksums("roleless"), before, "the live one")
    server.psql("CREATE ROLE gone_row")
    told = good(plant.restore(path=path), "with the role")
    equal(told["notes"], ["The USER MAPPING gone_mapped SERVER far was left out: the role gone_mapped is not on this "
                          "server"], "what is said")
    equal(server.psql("SELECT who::text, (SELECT count(*) FROM pg_user_mappings) FROM whose", "roleless"),
          "gone_row|0", "what came back")


def test_server_stopped_before_each_statement(program):
    """It is ended, by its administrator or the power, and comes again: afterwards it is the old database or the new
    one, whole; the next start finds what was left, or names it."""
    if program.kind == "wine":
        raise harness.Skip("the same core; natively only, for the time")
    harness.shared_server() # which is the first
    server = harness.Server()
    harness._servers.append(server)
    plant = Plant(program, server, "halted")
    for mode, verb in harness.a_share((("immediate", "restore"), ("fast", "restore"), ("immediate", "undo"),
                                       ("fast", "undo")), 4, row=1):
        def begin_again():
            plant.again()
            if verb == "undo":
                good(plant.restore(), "the restore before the undo")

        def act(process, between):
            between.before = None
            server.stop(mode)
            server.start()
        begin_again()
        was, becomes = ("50", "100") if verb == "restore" else ("100", "50")
        seen = set()
        for what, done in interfere(plant, lambda port: (plant.restore if verb == "restore" else plant.undo)(
                port=port, begin=True), act, "", "%s, stopped (%s) before" % (verb, mode), share=8):
            harness.no_locks_left(server)
            have = plant.whole(what)
            check(done.code != 0 or have == becomes, "%s: it said that it was done: %s" % (what, done.out))
            seen.add(have)
            kept, listed = plant.kept(), str(good(plant.undo("--list"), what))
            for one in databases(server, "halted"):
                check(one in ("halted", *kept) or one in listed, "%s: %s is left, and not named: %s" % (what, one,
                                                                                                     listed))
            if verb == "undo" or have == becomes:
                plant.goes_back(what)
            begin_again()
        check(was in seen or not harness.THOROUGH, "stopped in time: %s" % seen)


harness.main(__name__, wine=("test_a_second_restore", "test_roles_that_are_gone"))
