"""The disk of the database server becomes full while a restore is at work: by a tablespace on a small disk, where the
server itself answers that (53100) and goes on; and by its whole data directory, where it may go down over it.
Afterwards the database is as it was, nothing of ours is left, and the next restore needs no repair.
"""
import contextlib
import os
import shutil
import subprocess
import harness
from harness import check, equal
from test_restore import restored
from test_restore_hostile import OPEN, Between, Plant, databases, good
from test_restore_kinds import backup_as, role

# Its statistics do not fit into what pages a new database has: wide texts that do not compress.
TABLES = """
CREATE TABLE work_orders (id int PRIMARY KEY, a text, b text, c text, d text);
INSERT INTO work_orders SELECT i, md5('a' || i) || md5('b' || i) || md5('c' || i), md5('d' || i) || md5('e' || i),
  md5('f' || i) || md5('g' || i) || md5('h' || i), md5('i' || i) || md5('j' || i) FROM generate_series(1, 20000) i;
CREATE INDEX by_a ON work_orders (a);
CREATE MATERIALIZED VIEW totals AS SELECT a, b FROM work_orders;
"""
SENTENCE = "the disk of the database server is full"


@contextlib.contextmanager
def small_disk(folder, size):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700,size=" + size, "tmpfs", folder], check=True)
    shutil.chown(folder, "postgres", "postgres")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class Disk:
    """What takes the last byte of it, and gives it back."""

    def __init__(self, folder):
        self.filler = os.path.join(folder, "filler")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while f.write(bytes(65536)) == 65536:
                pass
        with open(self.filler, "ab", buffering=0) as f, contextlib.suppress(OSError):
            while f.write(bytes(4096)) == 4096:
                pass

    def room(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.filler)


def refusals(server):
    """How often the server said that its disk is full."""
    with open(os.path.join(server.folder, "log"), encoding="utf-8", errors="replace") as f:
        return sum(line.startswith("53100 ") for line in f)


@contextlib.contextmanager
def small_server():
    """With a tablespace `small`; its own log tells the SQLSTATE. Nothing but the restore needs room meanwhile."""
    harness.shared_server() # which is the first
    server = harness.Server(settings=("autovacuum = off", "log_line_prefix = '%e '"))
    harness._servers.append(server)
    folder = harness.temp_dir("disk")
    with small_disk(folder, "96m"):
        try:
            server.psql("CREATE TABLESPACE small LOCATION '%s'" % folder)
            yield server, Disk(folder)
        finally:
            server.stop()


def start(program, server, port, name, folder, path, user="postgres", more=("--no-safety-backup",)):
    return program.start(["restore", "--json", "--yes", "--no-safety-proof", *more, "--folder", program.path(folder),
                          "-h", "127.0.0.1", "-p", str(port), "-U", user, "-d", name, program.path(path)], OPEN)


def full_before(program, server, disk, begin, wanted):
    """Runs begin(port), and before the first statement that is `wanted` there is no byte free any more."""
    hit = []
    with Between(server) as between:
        def before(sql):
            if not hit and wanted(sql):
                hit.append(sql)
                disk.fill()
        between.before = before
        try:
            done = harness.finish(begin(between.port))
        finally:
            disk.room()
    check(hit, "it came so far: %s %s" % (done.out, done.err))
    return done


def starts(*words):
    return lambda sql: sql.startswith(words)


def is_rows(sql):
    return sql.startswith("COPY ") and "FROM stdin" in sql


def test_while_it_is_filled(program):
    """At each kind of step that takes room: the new database is dropped at once, and it is said what it was."""
    with small_server() as (server, disk):
        server.psql("CREATE DATABASE full_new TABLESPACE small")
        server.psql(TABLES, "full_new")
        folder = harness.temp_dir("r")
        path = program.good_backup(server, "full_new", folder)["unix_path"]
        whole = server.checksums("full_new")
        server.psql("DELETE FROM work_orders WHERE id > 500", "full_new")
        before = server.checksums("full_new")
        names = databases(server, "")
        begin = lambda port: start(program, server, port, "full_new", folder, path)
        steps = (("the database", starts("CREATE DATABASE ")), ("the rows", is_rows),
                 ("the key", starts("ALTER TABLE ONLY public.work_orders\n    ADD CONSTRAINT")),
                 ("an index", starts("CREATE INDEX ")), ("a view", starts("REFRESH MATERIALIZED VIEW ")),
                 ("the statistics", starts("ANALYZE")))
        for what, wanted in harness.a_share(steps, 2):
            server.psql("CHECKPOINT")
            said = refusals(server)
            done = full_before(program, server, disk, begin, wanted)
            check(refusals(server) > said, what + ": the server has said it: " + done.out)
            equal((done.code, done.json()["error"]["message"]), (8, SENTENCE), what)
            check(done.json()["error"]["hint"], what + ": what to do: " + done.out)
            harness.no_locks_left(server)
            equal(databases(server, ""), names, what + ": databases")
            harness.same_sums(server.checksums("full_new"), before, what + ": the live one")
            entry = harness.log_entries(folder)[-1]
            equal((entry["operation"], entry["status"]), ("restore", "failed"), what + ": the log")
            listed = program.run(["undo", "--json", "--list", "-h", "127.0.0.1", "-p", str(server.port), "-U",
                                  "postgres", "-d", "full_new"], OPEN)
            equal((listed.code, listed.json()["kept"]), (0, []), what + ": the next start")
            check("interrupted" not in listed.out, what + ": it finds nothing to mend: " + listed.out)
        told = restored(harness.finish(begin(server.port)))
        harness.same_sums(server.checksums("full_new"), whole, "with room")
        harness.same_sums(server.checksums(told["kept"]), before, "what is kept")


def test_when_only_the_names_are_left(program):
    """What has its place already needs no more of it: names and marks are not in the database's own tablespace."""
    with small_server() as (server, disk):
        server.psql("CREATE DATABASE full_swap TABLESPACE small")
        server.psql(TABLES, "full_swap")
        folder, analyzed = harness.temp_dir("r"), []
        path = program.good_backup(server, "full_swap", folder)["unix_path"]
        whole = server.checksums("full_swap")
        server.psql("DELETE FROM work_orders WHERE id > 500", "full_swap")
        before = server.checksums("full_swap")

        def swap(sql):
            analyzed.extend([sql] * (sql == "ANALYZE"))
            return bool(analyzed) and sql == "BEGIN"
        done = full_before(program, server, disk,
                           lambda port: start(program, server, port, "full_swap", folder, path), swap)
        kept = restored(done)["kept"]
        harness.same_sums(server.checksums("full_swap"), whole, "what was restored")
        harness.same_sums(server.checksums(kept), before, "what is kept")
        equal(databases(server, "full_swap"), ["full_swap", kept], "databases")


def test_in_place(program):
    """There the old rows lie beside the new ones until the end, and come back by the ROLLBACK."""
    with small_server() as (server, disk):
        role(server, "plain", "LOGIN")
        server.psql("CREATE DATABASE full_place OWNER plain TABLESPACE small")
        server.psql("SET ROLE plain; " + TABLES, "full_place")
        folder = harness.temp_dir("r")
        path = backup_as(server, "full_place", folder, "plain")
        whole = server.checksums("full_place")
        server.psql("DELETE FROM work_orders WHERE id > 500", "full_place")
        before, names = server.checksums("full_place"), databases(server, "")
        begin = lambda port: start(program, server, port, "full_place", folder, path, "plain", ("--in-place",))
        for what, wanted in harness.a_share((("the rows", is_rows), ("an index", starts("CREATE INDEX "))), 2):
            said = refusals(server)
            done = full_before(program, server, disk, begin, wanted)
            check(refusals(server) > said, what + ": the server has said it: " + done.out)
            equal((done.code, done.json()["error"]["message"]), (8, SENTENCE), what)
            harness.no_locks_left(server)
            equal(databases(server, ""), names, what + ": databases")
            harness.same_sums(server.checksums("full_place"), before, what + ": the live one")
        restored(harness.finish(begin(server.port)))
        harness.same_sums(server.checksums("full_place"), whole, "with room")


def whole_disk_server(folder):
    """A server whose data lie on the disk that is mounted at FOLDER/data, and its WAL beside it, as large servers have
    it: without room for that no server starts at all."""
    server = harness.Server(folder, settings=("autovacuum = off", "log_line_prefix = '%e '"))
    server.stop("fast")
    wal, there = os.path.join(server.data, "pg_wal"), os.path.join(folder, "wal")
    subprocess.run(["cp", "-a", wal, there], check=True)
    shutil.rmtree(wal)
    os.symlink(there, wal)
    server.start()
    return server


def test_its_whole_disk(program):
    """The server refuses, or goes down at its next checkpoint and does not come up until there is room. Then it is one
    of the two, whole, and the next start finds what was left."""
    if program.kind == "wine":
        raise harness.Skip("the same core; natively only, for the time")
    harness.shared_server() # which is the first
    folder = harness.temp_dir("pg")
    data = os.path.join(folder, "data")
    os.mkdir(data)
    with small_disk(data, "400m"):
        server = whole_disk_server(folder)
        try:
            plant, disk = Plant(program, server, "full_all"), Disk(data)
            steps = (("the database", "CREATE DATABASE "), ("the statistics", "ANALYZE"), ("the names", "BEGIN"),
                     ("the rows", "COPY public.work_orders "))
            for what, words in harness.a_share(steps, 2):
                analyzed = []

                def wanted(sql):
                    analyzed.extend([sql] * (sql == "ANALYZE"))
                    return sql.startswith(words) and (words != "BEGIN" or bool(analyzed))
                done = full_before(program, server, disk, lambda port: plant.restore(port=port, begin=True), wanted)
                server.stop("immediate")
                server.start()
                have = plant.whole(what)
                check(done.code != 0 or have == "100", "%s: it said that it was done: %s" % (what, done.out))
                check(done.code == 0 or done.json()["error"]["hint"], what + ": what to do: " + done.out)
                kept, listed = plant.kept(), str(good(plant.undo("--list"), what))
                for one in databases(server, "full_all"):
                    check(one in ("full_all", *kept) or one in listed, "%s: %s is left, and not named: %s" % (
                        what, one, listed))
                good(plant.restore(), what + ": the next restore")
                plant.goes_back(what)
                plant.again()
        finally:
            server.stop()


harness.main(__name__, wine=("test_while_it_is_filled",))
