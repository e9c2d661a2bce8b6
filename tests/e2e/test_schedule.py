"""The schedule: every slot once, or it is told. (P8) test_due has a year of them; here are real backups, real kills,
and natively a clock that is told what it is."""
import datetime
import json
import os
import harness
from harness import check, equal
from promises import look
from test_faults import shim
from test_retention import small_database

LEDGER = "schedule_ledger.json"
HOUR = 3600
SLOT = 1796000400 # 2026-11-30 01:00 UTC: 02:00 in Berlin


class Place:
    """A folder with a schedule, and a database."""

    def __init__(self, program, password=harness.PASSWORD):
        self.program, self.server = program, harness.shared_server()
        self.folder = harness.temp_dir("s")
        self.database = small_database(self.server)
        self.password, self.port = password, self.server.port

    def arguments(self, *words):
        server = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", self.database]
        return ["schedule", words[0], "--json", "--folder", self.program.path(self.folder)] + list(words[1:]) + \
            (server if words[0] == "run-due" else [])

    def start(self, *words, env=None):
        return self.program.start(self.arguments(*words), env={"PGPASSWORD": self.password, **(env or {})})

    def run(self, *words, code=0, env=None):
        done = harness.finish(self.start(*words, env=env))
        equal(done.code, code, "%s: %s%s" % (" ".join(words), done.out, done.err))
        return done.json()

    def due_now(self, minutes=1):
        """A daily slot, so many minutes ago; and nothing is known of it."""
        at = datetime.datetime.now() - datetime.timedelta(minutes=minutes)
        report = self.run("set", "backup_time=%02d:%02d" % (at.hour, at.minute))
        check(not report["due"], "a slot before the schedule was set is nobody's")
        os.unlink(os.path.join(self.folder, LEDGER))

    def ledger(self):
        with open(os.path.join(self.folder, LEDGER), encoding="utf-8") as f:
            return json.load(f)["slots"]


def test_once(program):
    place = Place(program)
    place.due_now()
    check(place.run("show")["due"], "the slot is due")
    report = place.run("run-due")
    equal(report["outcome"], "done", "the slot")
    equal(report["backup"]["level"], "verified", "its backup")
    equal(place.run("run-due")["outcome"], "nothing_due", "again")
    equal(len(look(place.folder).good), 1, "backups")
    entry, = place.ledger()
    equal((entry["state"], entry["attempts"], entry["slot"]), ("done", 1, report["slot"]), "the ledger")
    equal(entry["text"], os.path.basename(report["backup"]["path"].replace("\\", "/")), "whose backup it was")
    shown = place.run("show")
    equal((shown["due"], shown["slots"][-1]["state"], shown["next"]), (False, "done", report["next"]), "what is shown")
    # Whoever deletes the ledger, or damages it, gets one more rather than none.
    with open(os.path.join(place.folder, LEDGER), "w", encoding="utf-8") as f:
        f.write("{\"slots\": [7")
    equal(place.run("run-due")["outcome"], "done", "with a damaged ledger")
    check([n for n in os.listdir(place.folder) if n.startswith("schedule_ledger.damaged-")], "it is kept aside")
    harness.no_locks_left(place.server)


def test_two_programs(program):
    """At the same moment: one makes it, the other says that it is being made, or that nothing is due."""
    place = Place(program)
    place.due_now()
    runs = [harness.finish(p) for p in [place.start("run-due") for _ in range(3)]]
    done = [r for r in runs if r.code == 0 and r.json()["outcome"] == "done"]
    equal(len(done), 1, "how many made it: %r" % [(r.code, r.out) for r in runs])
    for other in runs:
        check(other is done[0] or other.code == 9 or other.json()["outcome"] == "nothing_due", "another: " + other.out)
    equal(len(look(place.folder).good), 1, "backups")
    equal([e["state"] for e in place.ledger()], ["done"], "the ledger")


def test_failed_and_tried_again(program):
    place = Place(program, password="wr0ng-passw0rd")
    place.due_now()
    error = place.run("run-due", code=6)["error"]
    equal(place.run("run-due")["outcome"], "nothing_due", "not at once again")
    entry, = place.ledger()
    equal((entry["state"], entry["attempts"]), ("failed", 1), "the ledger")
    check(error["message"] in entry["text"], "why: " + entry["text"])
    last = harness.log_entries(place.folder)[-1]
    equal((last["operation"], last["status"]), ("schedule", "failed"), "the log")
    check(last["message"].startswith("The scheduled backup of ") and error["message"] in last["message"],
          "in words: " + last["message"])
    check(place.password not in json.dumps([error, entry, last]), "the password is told")
    harness.no_secret(place.folder)
    shown = place.run("show")
    equal((shown["due"], shown["slots"][-1]["state"]), (False, "failed"), "what is shown")
    # A server that is away, without waiting for it.
    place = Place(program)
    place.due_now()
    with harness.closed_port() as place.port:
        place.run("run-due", "--no-wait", code=5)
    equal([e["state"] for e in place.ledger()], ["failed"], "the ledger")


def test_killed(program):
    """Cut off in the middle, the slot is due again, and then done, once."""
    place = Place(program)
    place.due_now()
    lock = "LOCK TABLE work_orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)"
    blocker = harness.subprocess.Popen(
        [harness.PG_BIN + "/psql", "-X", "-c", "BEGIN; " + lock], stdout=harness.subprocess.DEVNULL,
        stderr=harness.subprocess.DEVNULL, env={**harness.clean_env(), **place.server.env(place.database)})
    try:
        harness.wait_for(lambda: place.server.psql("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' "
                                                   "AND relation = 'work_orders'::regclass", place.database), 30,
                         "the lock that holds the backup")
        process = place.start("run-due")
        harness.wait_for(lambda: harness.partials_in(place.folder), 60, "the partial")
        program.kill(process)
        check(not os.path.exists(os.path.join(place.folder, LEDGER)) or not place.ledger(), "nothing is decided")
    finally:
        blocker.kill()
        blocker.wait()
        place.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' "
                          "AND pid <> pg_backend_pid()")
    equal(place.run("run-due")["outcome"], "done", "the next run")
    equal(harness.partials_in(place.folder), [], "what is left over")
    equal(len(look(place.folder).good), 1, "backups")


def facts(place, env):
    done = place.program.run(["status", "--json", "--folder", place.program.path(place.folder)], env=env)
    equal(done.code, 0, "status: " + done.out + done.err)
    report = done.json()
    return report, {f["name"]: f for f in report["facts"]}


def test_status(program):
    """Protected is four facts, each with what mends it."""
    place = Place(program)
    own = harness.temp_dir("own")
    env = {"PGHOST": "127.0.0.1", "PGPORT": str(place.port), "PGUSER": "postgres", "PGDATABASE": place.database,
           "CMMS_BACKUP_DATA": program.path(own)}
    place.due_now(minutes=90)
    report, fact = facts(place, env)
    equal(report["protected"], False, "without a backup")
    equal({n: f["state"] for n, f in fact.items()},
          {"schedule": "missing", "verified": "missing", "copy": "not_asked", "proof": "missing"}, "the facts")
    check(fact["schedule"]["text"].endswith(" was not made") and fact["schedule"]["mend"] == "Make a backup now.",
          "the slot: %r" % fact["schedule"])
    place.run("run-due")
    report, fact = facts(place, env)
    equal((fact["schedule"]["state"], fact["verified"]["state"], report["protected"]), ("holds", "holds", False),
          "after it")
    equal((fact["proof"]["mend"], report["task"]), ("Prove the newest backup.", "none"), "what is missing")
    equal(program.run(["config", "set", "prove_within_days=0", "--folder", program.path(place.folder)]).code, 0,
          "no proof is asked for")
    report, fact = facts(place, env)
    equal((report["protected"], fact["proof"]["state"]), (True, "not_asked"), "then")
    done = program.run(["status", "--no-color", "--folder", program.path(place.folder)], env=env)
    check(done.out.startswith("\u2705 Protected"), "in words: " + done.out)
    # With a connection that is saved a task is wanted; and a ledger that cannot be read is no end of it.
    task = task_file(program, own)
    if os.path.exists(task):
        os.unlink(task)
    with open(os.path.join(own, "connection.json"), "w", encoding="utf-8") as f:
        json.dump({"host": "127.0.0.1", "port": str(place.port), "user": "postgres", "database": place.database}, f)
    report, fact = facts(place, env)
    equal((report["protected"], fact["schedule"]["state"], fact["schedule"]["text"]),
          (False, "missing", "no task starts it while the window is closed"), "without a task")
    ledger = os.path.join(place.folder, LEDGER)
    os.unlink(ledger)
    os.mkdir(ledger)
    report, fact = facts(place, env)
    check(fact["schedule"]["text"].startswith("the schedule's ledger cannot be read: "), repr(fact["schedule"]))
    equal((report["protected"], report["health"]), (False, "warning"), "then")


def test_paused(program):
    """A pause holds for whoever calls, and is shown; the slot is made up for afterwards."""
    place = Place(program)
    place.due_now()

    def write(**times):
        texts = {k: v.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for k, v in times.items()}
        with open(os.path.join(place.folder, LEDGER), "w", encoding="utf-8") as f:
            json.dump({**texts, "slots": []}, f)
        return texts

    now = datetime.datetime.now().astimezone()
    since = now - datetime.timedelta(hours=3)
    texts = write(since=since, paused_until=now + datetime.timedelta(hours=1))
    shown = place.run("show")
    equal((shown["due"], shown["paused_until"]), (False, texts["paused_until"]), "what is shown")
    report = place.run("run-due")
    equal((report["outcome"], report["next"]), ("nothing_due", texts["paused_until"]), "meanwhile")
    write(since=since)
    equal(place.run("run-due")["outcome"], "done", "afterwards")
    equal(place.run("set", "times=2:00, 12:00")["text"], "daily at 02:00 and 12:00", "a day's times in one")


def task_file(program, own):
    if program.kind == "native":
        return os.path.join(own, "tasks", "AIT CMMS Backup.xml")
    return os.path.join(harness.PREFIX, "drive_c/windows/system32/tasks/AIT CMMS Backup")


def switch_off(path):
    with open(path, "rb") as f:
        data = f.read()
    wide = data.startswith(b"\xff\xfe")
    text = data.decode("utf-16" if wide else "utf-8")
    head, settings = text.split("<Settings>")
    check("<Enabled>true</Enabled>" in settings, "what is registered: " + text)
    text = head + "<Settings>" + settings.replace("<Enabled>true</Enabled>", "<Enabled>false</Enabled>")
    with open(path, "wb") as f:
        f.write(text.encode("utf-16" if wide else "utf-8"))


def test_task(program):
    """Registered with the system's scheduler (under Wine through COM; nothing fires it there), and seen when somebody
    has switched it off or deleted it."""
    place = Place(program)
    own = harness.temp_dir("own")
    env = {"CMMS_BACKUP_DATA": program.path(own)}
    path = task_file(program, own)
    if os.path.exists(path):
        os.unlink(path)
    try:
        equal(place.run("show", env=env)["task"], "none", "nobody has registered it")
        error = place.run("install", code=3, env={**env, "PGHOST": "h", "PGDATABASE": "d"})["error"]
        equal(error["message"], "no database is saved, so a task would not know which to back up", "without a profile")
        check(not os.path.exists(path), "nothing was registered")
        with open(os.path.join(own, "connection.json"), "w", encoding="utf-8") as f:
            json.dump({"host": "127.0.0.1", "port": str(place.port), "user": "postgres", "database": place.database}, f)
        report = place.run("install", env=env)
        equal((report["task"], report["task_text"]), ("good", "a task starts it while the window is closed"), "install")
        check(os.path.exists(path), "it is with the system's scheduler")
        equal(place.run("set", "backup_time=03:15", "schedule=weekly", env=env)["task"], "good", "it follows")
        equal(program.run(["config", "set", "more_times=12:00", "--folder", program.path(place.folder)], env=env).code,
              0, "config")
        equal(place.run("show", env=env)["task"], "old", "not as the settings say")
        equal(place.run("install", env=env)["task"], "good", "again")
        switch_off(path)
        equal(place.run("show", env=env)["task"], "disabled", "switched off")
        equal(place.run("set", "backup_time=03:20", env=env)["task"], "disabled", "and not switched on behind a back")
        os.unlink(path)
        equal(place.run("show", env=env)["task"], "none", "deleted")
        equal(place.run("remove", env=env), {"removed": False}, "remove")
        place.run("install", env=env)
        equal(place.run("remove", env=env), {"removed": True}, "remove")
        check(not os.path.exists(path), "it is gone")
    finally:
        if os.path.exists(path):
            os.unlink(path)


def test_window_program(program):
    """What the task starts: no window, nothing asked."""
    if program.kind == "native":
        raise harness.Skip("the window is a Windows program")
    place = Place(program)
    place.due_now()
    process = harness.subprocess.Popen(
        ["wine", os.path.join(harness.PRODUCT, "cmms-backup.exe"), "--scheduled", "--folder",
         program.path(place.folder), "-h", "127.0.0.1", "-p", str(place.port), "-U", "postgres", "-d", place.database],
        env=program.env({"PGPASSWORD": harness.PASSWORD}), stdin=harness.subprocess.DEVNULL,
        stdout=harness.subprocess.PIPE, stderr=harness.subprocess.PIPE)
    equal(harness.finish(process).code, 0, "--scheduled")
    equal([e["state"] for e in place.ledger()], ["done"], "the ledger")
    equal(len(look(place.folder).good), 1, "backups")


def test_a_clock_that_is_told(program):
    """Sleep over slots, daylight saving, and a clock that is set: with real backups."""
    if program.kind == "wine":
        raise harness.Skip("the host's clock cannot be set in a test")
    place = Place(program)

    def at(moment, *words): # it begins then: what is to be before a slot begins minutes before it
        env = shim(place.folder, "none:0", FAULT_TIME=str(moment), TZ="Europe/Berlin")
        return place.run(*(words or ["run-due"]), env=env)

    at(SLOT - 600, "set", "backup_time=02:00", "recheck_days=0", "prove_every_days=0") # those are test_recheck's
    equal(at(SLOT - 300)["outcome"], "nothing_due", "before the first slot")
    equal(at(SLOT - 300, "show")["next_text"], "tonight 02:00", "the next")
    equal(at(SLOT + 5)["outcome"], "done", "the first slot")
    equal(at(SLOT + 60)["outcome"], "nothing_due", "again")
    equal(at(SLOT - HOUR)["outcome"], "nothing_due", "the clock was set back an hour")
    equal(at(SLOT + 2)["outcome"], "nothing_due", "and the slot comes again")
    report = at(SLOT + 4 * 24 * HOUR + 9 * HOUR)
    equal((report["outcome"], report["missed"]), ("done", 3), "after four nights of sleep")
    equal([e["state"] for e in place.ledger()], ["done", "missed", "missed", "missed", "done"], "the ledger")
    check("3 scheduled backups were missed" in json.dumps(harness.log_entries(place.folder)), "they are in the log")
    # The night in which 02:00 becomes 03:00 has a slot of half past two, an hour later; the night with two, one.
    spring, autumn = 1774746000, 1792890000 # the moments of the change: 01:00 UTC
    at(spring - 12 * HOUR, "set", "backup_time=02:30")
    equal([at(spring + s)["outcome"] for s in (0, 1500, 1801)], ["nothing_due", "nothing_due", "done"],
          "the skipped hour")
    at(autumn - 12 * HOUR, "set", "backup_time=02:31")
    equal([at(autumn + s)["outcome"] for s in (1560 - HOUR, 1861 - HOUR, 1861, HOUR)],
          ["nothing_due", "done", "nothing_due", "nothing_due"], "the repeated hour")


# Locks, a kill, Task Scheduler, and the program that it starts.
harness.main(__name__, wine=("test_once", "test_two_programs", "test_killed", "test_task", "test_window_program"))
