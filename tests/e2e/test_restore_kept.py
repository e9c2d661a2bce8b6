"""What restores put aside: shown with what it takes, dropped by name or when its time is over, and never the last of
it unasked."""
import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import termios
import threading
import harness
from harness import check, equal
from test_restore import databases, restored
from test_restore_hostile import OPEN, Between, start
from test_restore_kinds import PLAIN, backup_as, run, server_of

DAY = 86400


class Kept:
    """A database that was restored some times."""

    def __init__(self, program, name, times, settings=()):
        self.program, self.name, self.server, self.folder = program, name, server_of(*settings), harness.temp_dir("k")
        self.server.psql("CREATE DATABASE %s" % name)
        self.server.psql(PLAIN, name)
        self.path = backup_as(self.server, name, self.folder, "postgres")
        self.kept = [self.restore()["kept"] for _ in range(times)]

    def restore(self):
        return restored(self.run("restore", "--no-safety-backup", self.program.path(self.path)))

    def run(self, verb, *arguments):
        return run(self.program, self.server, self.name, verb, *arguments, folder=self.folder)

    def list(self):
        return restored(self.run("undo", "--list"))

    def mark(self, name, **more):
        mark = json.loads(self.server.psql("SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                                           " WHERE datname = '%s'" % name))
        mark.update(more)
        self.server.psql("COMMENT ON DATABASE %s IS '%s'" % (name, json.dumps(mark).replace("'", "''")))

    def age(self, name, seconds):
        """As if it had been put aside so long ago: its mark says when."""
        now = int(self.server.psql("SELECT extract(epoch FROM clock_timestamp())::bigint"))
        self.mark(name, aside=now - seconds)

    def there(self):
        return [d for d in databases(self.server, self.name) if d != self.name]


def test_their_time_is_over(program):
    plant = Kept(program, "aged", 3)
    oldest, older, newest = plant.kept
    plant.age(oldest, 40 * DAY)
    plant.age(older, 20 * DAY)
    listed = plant.list()
    equal([(k["name"], k["outdated"]) for k in listed["kept"]], [(newest, False), (older, True), (oldest, True)],
          "what a clean-up drops")
    sizes = [int(plant.server.psql("SELECT pg_database_size('%s')" % k["name"])) for k in listed["kept"]]
    equal(([k["bytes"] for k in listed["kept"]], listed["bytes"], listed["undo_days"], listed["neon"]),
          (sizes, sum(sizes), 14, False), "what they take")
    done = program.run(["undo", "--list", "--folder", program.path(plant.folder), "-h", "127.0.0.1", "-p",
                        str(plant.server.port), "-U", "postgres", "-d", "aged"],
                       env={"PGPASSWORD": harness.PASSWORD})
    for line in ("3 older databases are kept, for undo: %s on the server." % harness.size_text(sum(sizes)),
                 "Those older than 14 days can be dropped (--clean-up), but for the newest."):
        check(line in done.out.splitlines(), "%r is not in\n%s" % (line, done.out))

    inside = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-d", older], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={**harness.clean_env(), **plant.server.env()})
    try:
        harness.wait_for(lambda: plant.server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s'"
                                                   % older) == "1", 30, "somebody in it")
        told = restored(plant.run("undo", "--clean-up"))
        equal((told["dropped"], plant.there()), ([oldest], [older, newest]), "one that somebody is in stays")
        check(older in str(told["warnings"]), "it is said: %s" % told["warnings"])
    finally:
        inside.kill()
        inside.wait()
    harness.wait_for(lambda: plant.server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s'"
                                               % older) == "0", 30, "nobody in it")
    equal(restored(plant.run("undo", "--clean-up"))["dropped"], [older], "the next time")
    entries = [e for e in harness.log_entries(plant.folder) if e["operation"] == "drop"]
    equal([e["status"] for e in entries], ["success", "failed", "success"], "the log")
    check(oldest in entries[0]["message"], "the log names it: " + entries[0]["message"])
    plant.age(newest, 400 * DAY)
    told = restored(plant.run("undo", "--clean-up"))
    equal((told["dropped"], told["nothing_dropped"]), ([], "none but the newest is older than 14 days"), "the newest")
    equal(plant.there(), [newest], "the newest stays")


def test_entered_meanwhile(program):
    """Until the names change programs work on: it is said, and those rows do not go by their age."""
    if program.kind == "wine":
        raise harness.Skip("Between is native; the same core")
    plant = Kept(program, "busy", 0)
    server, work = plant.server, []
    server.psql("CREATE SCHEMA extra; CREATE TABLE extra.t AS SELECT generate_series(1, 9) AS a", "busy")

    def before(sql):
        if sql == "ANALYZE" and not work:
            work.append(sql)
            server.psql("INSERT INTO work_orders SELECT generate_series(101, 1103); DELETE FROM extra.t WHERE a > 7;"
                        "CREATE TABLE newer AS SELECT 1 AS a; CREATE TABLE unused (a int)", "busy")

    def restore(between):
        return restored(program.run(["restore", "--json", "--yes", "--no-safety-proof", "--folder",
                                     program.path(plant.folder), "-h", "127.0.0.1", "-p", str(between.port), "-U",
                                     "postgres", "-d", "busy", program.path(plant.path)], env=OPEN))

    with Between(server) as between:
        between.before = before
        told = restore(between)
        equal((told["entered"], told["notes"]), (1006, [
            "While it was restored, rows were entered or deleted: extra.t -2, newer +1, work_orders +1,003. What was "
            "entered is in %s alone" % told["kept"]]), "what is said")
        entry = [e for e in harness.log_entries(plant.folder) if e["operation"] == "restore"][-1]
        check("(1,006 rows were entered in it or deleted meanwhile)" in entry["message"], entry["message"])
        quiet = restore(between)
    equal((quiet["entered"], quiet["notes"]), (0, []), "where nobody worked")
    plant.age(told["kept"], 400 * DAY)
    equal([(k["entered"], k["outdated"]) for k in plant.list()["kept"]], [(0, False), (1006, False)], "the list")
    done = restored(plant.run("undo", "--clean-up"))
    equal((done["dropped"], plant.there()), ([], [told["kept"], quiet["kept"]]), "it stays")
    check(told["kept"] + " stays: rows were entered or deleted in it" in str(done["warnings"]), str(done["warnings"]))
    restored(plant.run("undo", told["kept"]))
    equal(server.psql("SELECT count(*) FROM work_orders", "busy"), "1103", "they come back by an undo")


def test_interrupted_while_it_is_counted(program):
    """Whoever kills or stops it then leaves a database of which nobody knows: it does not go by its age."""
    if program.kind == "wine":
        raise harness.Skip("Between is native; the same core")
    for what in ("killed", "stopped"):
        plant = Kept(program, "counted_" + what, 0)
        reached, gone, seen = threading.Event(), threading.Event(), []

        def before(sql):
            if sql == "ANALYZE":
                seen.append(sql)
            if seen and sql.startswith("SELECT count(*) FROM ONLY") and not reached.is_set():
                reached.set()
                gone.wait(60 * harness.SCALE)

        with Between(plant.server) as between:
            between.before = before
            process = start(program, between.port, plant.name, "restore", program.path(plant.path), folder=plant.folder)
            harness.wait_for(reached.is_set, 120, "the count")
            if what == "killed":
                program.kill(process)
            else:
                process.send_signal(signal.SIGINT)
            done = harness.finish(process)
            gone.set()
        if what == "stopped": # too late: it is restored
            equal(restored(done)["entered"], -1, "what is known")
        harness.no_locks_left(plant.server)
        left = plant.there()
        equal([(k["name"], k["entered"]) for k in plant.list()["kept"]], [(left[0], -1)], what)
        plant.restore()
        plant.age(left[0], 400 * DAY)
        told = restored(plant.run("undo", "--clean-up"))
        equal(told["dropped"], [], what + ": by its age")
        check(left[0] + " stays: rows may have been entered in it" in str(told["warnings"]), str(told["warnings"]))


def at_terminal(plant, typed, *arguments, asked=lambda: None):
    """An undo at a terminal: what it asked, said, and its exit code. asked(): before it is answered."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(plant.program.argv + ["undo", *arguments, "--folder", plant.folder, "-h", "127.0.0.1",
                                                     "-p", str(plant.server.port), "-U", "postgres", "-d", plant.name],
                               env=plant.program.env({"PGPASSWORD": harness.PASSWORD}), stdin=theirs,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    shown = b""
    while b"Type the name of the database" not in shown:
        check(select.select([ours], [], [], 120 * harness.SCALE)[0], "it does not ask: %r" % shown)
        shown += os.read(ours, 65536)
    asked()
    os.write(ours, typed.encode() + b"\n")
    out = process.communicate(timeout=120 * harness.SCALE)[0]
    os.close(ours)
    os.close(theirs)
    return shown.decode(), out.decode(), process.returncode


def test_those_that_were_named(program):
    """What becomes outdated while a person makes up their mind was not agreed to."""
    if program.kind == "wine":
        raise harness.Skip("Wine has no terminal that a test could type into; the same code asks natively")
    plant = Kept(program, "agreed", 3)
    oldest, older, newest = plant.kept
    plant.age(oldest, 40 * DAY)
    shown, out, code = at_terminal(plant, "agreed", "--clean-up", asked=lambda: plant.age(older, 20 * DAY))
    check(oldest in shown and older not in shown, "what was named: " + shown)
    equal((code, plant.there()), (0, [older, newest]), "what went: " + out)


def test_what_goes_with_it_is_said(program):
    """Whoever drops one by its name hears before that it has rows that nothing else has."""
    if program.kind == "wine":
        raise harness.Skip("Wine has no terminal that a test could type into; the same code asks natively")
    plant = Kept(program, "says", 1)
    for entered, words in ((0, None), (1234, "1,234 rows were entered in it or deleted after its safety backup: what "
                                             "was entered is in no backup."),
                           (-1, "It is not known whether it holds rows that are in no backup.")):
        plant.mark(plant.kept[0], entered=entered)
        asked, out, code = at_terminal(plant, "no", "--drop", plant.kept[0])
        equal(code, 130, "exit code: " + out)
        check("will be dropped for good." in asked, asked)
        check(words in asked if words else "no backup" not in asked, "%d: %s" % (entered, asked))
    equal(plant.there(), plant.kept, "nothing was dropped")


def test_a_restore_drops_nothing(program):
    """Here each restore declined its safety backup: what is kept is in nothing else."""
    plant = Kept(program, "cleans", 2)
    for name in plant.kept:
        plant.age(name, 20 * DAY)
    told = plant.restore()
    equal(plant.there(), plant.kept + [told["kept"]], "what is kept")
    sizes = [int(plant.server.psql("SELECT pg_database_size('%s')" % name)) for name in plant.there()]
    equal((told["kept_count"], told["kept_bytes"]), (3, sum(sizes)), "what is said of it")
    check("2 of them are older than 14 days, and may be dropped when you no longer need them" in told["warnings"],
          "it is told: %s" % told["warnings"])
    equal(plant.server.psql("SELECT count(*) FROM work_orders", "cleans"), "100", "the live one")
    restored(plant.run("undo"))
    equal(len(plant.there()), 3, "an undo drops nothing")


def test_when_in_doubt_they_stay(program):
    plant = Kept(program, "doubt", 3)
    for name in plant.kept[:2]:
        plant.age(name, 20 * DAY)
    config = plant.folder + "/backup_config.json"
    cases = (("for ever", '{"undo_days": 0}', "they are kept for ever (undo_days is 0)"),
             ("a value that is none", '{"undo_days": "x"}', "backup_config.json holds a value that cannot be used"),
             ("longer", '{"undo_days": 21}', "none but the newest is older than 21 days"))
    for word, content, why in cases:
        with open(config, "w", encoding="utf-8") as f:
            f.write(content)
        told = restored(plant.run("undo", "--clean-up"))
        equal(told["dropped"], [], word)
        check(told["nothing_dropped"].startswith(why), "%s: %s" % (word, told["nothing_dropped"]))
    with open(config, "w", encoding="utf-8") as f:
        f.write('{"undo_days": 14}')
    plant.age(plant.kept[2], -3 * DAY)
    equal(restored(plant.run("undo", "--clean-up"))["dropped"], [], "by a clock that went back")
    plant.age(plant.kept[2], 0)
    # The live one is gone: what is kept may be all that there is.
    plant.server.psql("ALTER DATABASE doubt RENAME TO elsewhere")
    for arguments in (("--clean-up",), ("--drop", plant.kept[0])):
        done = plant.run("undo", *arguments)
        equal((done.code, done.json()["error"]["message"]),
              (6, "there is no database doubt now: what is kept may be all that is left of it"), "gone")
    equal(plant.there(), plant.kept, "all of them")
    plant.server.psql("ALTER DATABASE elsewhere RENAME TO doubt")
    equal(sorted(restored(plant.run("undo", "--clean-up"))["dropped"]), plant.kept[:2], "without a doubt")


def test_a_clean_up_asks(program):
    """Whoever is not there to be asked has said --yes; where nothing goes there is no question."""
    plant = Kept(program, "asks", 2)

    def clean_up(*more):
        return program.run(["undo", "--json", "--clean-up", *more, "--folder", program.path(plant.folder), "-h",
                            "127.0.0.1", "-p", str(plant.server.port), "-U", "postgres", "-d", "asks"],
                           env={"PGPASSWORD": harness.PASSWORD})
    equal(restored(clean_up())["dropped"], [], "nothing is over its time")
    plant.age(plant.kept[0], 40 * DAY)
    done = clean_up()
    equal((done.code, done.json()["error"]["message"]),
          (2, "nobody is there to be asked whether what is kept for longer than 14 days may be dropped"), "unasked")
    equal(plant.there(), plant.kept, "nothing was dropped")
    equal(restored(clean_up("--yes"))["dropped"], plant.kept[:1], "with --yes")


def test_dropped_by_name(program):
    plant = Kept(program, "named", 2)
    first, last = plant.kept
    asked = program.run(["undo", "--json", "--drop", first, "--folder", program.path(plant.folder), "-h", "127.0.0.1",
                         "-p", str(plant.server.port), "-U", "postgres", "-d", "named"],
                        env={"PGPASSWORD": harness.PASSWORD})
    equal((asked.code, asked.json()["error"]["message"]),
          (2, "nobody is there to be asked whether %s may be dropped" % first), "nobody was asked")
    for other in ("named", "postgres", "no_such"):
        done = plant.run("undo", "--drop", other)
        equal((done.code, done.json()["error"]["message"]), (10, "no database %s is kept for named" % other), other)
    equal(plant.there(), plant.kept, "nothing was dropped")
    for name in (first, last): # the last one because somebody names it and says yes
        equal(restored(plant.run("undo", "--drop", name))["dropped"], [name], "dropped")
    equal((plant.there(), plant.list()["kept"]), ([], []), "none is left")
    equal(plant.server.psql("SELECT count(*) FROM work_orders", "named"), "100", "the live one")


def test_what_it_costs(program):
    """On Neon, which here is a server that has its setting."""
    plant = Kept(program, "costs", 1, ("neon.timeline_id = '0123456789abcdef'",))
    equal((plant.list()["neon"], len(plant.there())), (True, 1), "it is Neon's")
    equal(restored(plant.run("undo", "--drop", plant.kept[0]))["dropped"], plant.kept, "dropped there")


harness.main(__name__, wine=("test_dropped_by_name", "test_what_it_costs"))
