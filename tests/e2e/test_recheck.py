"""What the schedule does beside its slots: a slot waits for power, network and quiet hours, and is lost to none of
them; backups that lie there are read again, and the newest is proven. unit/test_waiting and test_recheck have the
clocks; here are the shipped programs, real backups and a byte that has changed."""
import datetime
import json
import os
import subprocess
import harness
from harness import check, equal
from promises import look
from test_prove import Prover, make, manifest_of, slow_index
from test_retention import aged, flip, verb
from test_schedule import LEDGER, Place, facts

DAMAGED = 7  # the exit code
LOW = "the battery is at 5 %, and below 20 % it waits to be plugged in"


def moment(**ago):
    at = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(**ago)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def in_hours(hours):
    """The time of day then."""
    return (datetime.datetime.now() + datetime.timedelta(hours=hours)).strftime("%H:%M")


def ledger(place):
    with open(os.path.join(place.folder, LEDGER), encoding="utf-8") as f:
        return json.load(f)


def write_ledger(place, **members):
    with open(os.path.join(place.folder, LEDGER), "w", encoding="utf-8") as f:
        json.dump({"slots": [], **members}, f)


def conditions(text):
    return {"CMMS_CONDITIONS": text}


def scheduled(place):
    return [e for e in harness.log_entries(place.folder) if e.get("operation") == "schedule"]


def test_waits_for_power(program):
    """It is told, once, and shown; what a person asks for is made at once; and no slot waits for ever."""
    place = Place(program)
    place.due_now()
    report = place.run("run-due", env=conditions("battery=5"))
    equal((report["outcome"], report["backup"]), ("waits", None), "on a battery that is nearly empty")
    check(report["waits"].startswith("The scheduled backup of ") and (" waits: " + LOW + "; ") in report["waits"],
          "in words: %s" % report["waits"])
    equal(look(place.folder).good, {}, "backups")
    place.run("run-due", env=conditions("battery=5"))
    entry, = scheduled(place)
    equal((entry["status"], entry["message"]), ("started", report["waits"]), "the log, once")
    shown = place.run("show")
    equal((shown["due"], shown["waits"]), (True, LOW), "what is shown")
    env = {"PGHOST": "127.0.0.1", "PGPORT": str(place.port), "PGUSER": "postgres", "PGDATABASE": place.database,
           "CMMS_BACKUP_DATA": program.path(harness.temp_dir("own"))}
    status, fact = facts(place, env)
    equal((status["waits"], status["protected"], fact["schedule"]["state"]), (LOW, False, "missing"), "status")
    check(fact["schedule"]["text"].endswith(" waits: " + LOW), "the fact: %r" % fact["schedule"])
    check(fact["schedule"]["mend"].startswith("It is made when that is over, "), "what mends it")
    # A person does not wait.
    program.good_backup(place.server, place.database, place.folder, env=conditions("battery=5"))
    # It began to wait two days ago.
    waits = ledger(place)
    waits["waits"]["since"] = moment(days=2, minutes=1)
    write_ledger(place, **waits)
    done = harness.finish(place.start("run-due", env=conditions("battery=5")))
    equal((done.code, done.json()["outcome"]), (0, "done"), "then: " + done.out + done.err)
    check(scheduled(place)[-1]["message"].endswith(" has waited long enough and is made all the same: " + LOW),
          "and the log says so: %r" % scheduled(place)[-1])
    check("waits" not in ledger(place), "nothing waits any more")
    equal([s["state"] for s in ledger(place)["slots"]], ["done"], "the ledger")


def test_waits_for_each(program):
    """Mains, a network that is not metered, the end of the quiet hours: then at once."""
    cases = ((["on_battery=false"], "battery=90", "the PC is not plugged in", [], "mains"),
             (["on_metered=false"], "metered", "the network is metered", [], "unmetered"),
             (["quiet_hours=" + in_hours(-2) + "-" + in_hours(4)], "mains", " it is quiet",
              ["quiet_hours=" + in_hours(4) + "-" + in_hours(6)], "mains"))
    for before, then, why, after, instead in cases:
        place = Place(program)
        place.due_now()
        verb(program, place.folder, "config", "set", *before)
        report = place.run("run-due", env=conditions(then))
        equal(report["outcome"], "waits", "with %s" % before)
        check(why + "; it is made " in report["waits"], "why: %s" % report["waits"])
        if after:
            verb(program, place.folder, "config", "set", *after)
        equal(place.run("run-due", env=conditions(instead))["outcome"], "done", "after %s" % before)
    place = Place(program)
    place.due_now()
    verb(program, place.folder, "config", "set", "on_battery=false", "wait_days=0")
    equal(place.run("run-due", env=conditions("battery=1,metered"))["outcome"], "done", "where nothing is to wait")


def old_backups(place, read):
    """Copies of one backup, each read so many days ago; their names. The newest is of now. No slot is due."""
    report = place.program.good_backup(place.server, place.database, place.folder)
    newest = os.path.basename(report["unix_path"])
    names = []
    for n, days in enumerate(read):
        name = aged(place.folder, newest, 40 + n)
        path = os.path.join(place.folder, name)
        manifest = manifest_of(path)
        manifest["read_at"] = manifest["verified_at"] = moment(days=days)
        with open(path + ".manifest.json", "w", encoding="utf-8") as f:
            json.dump(manifest, f)
        names.append(name)
    return newest, names


def test_bit_rot(program):
    """A byte that has changed since it was read is found by a run of the schedule: a share a day, oldest first."""
    place = Place(program)
    newest, (bad, good, fresh) = old_backups(place, (30, 20, 1))
    place.run("set", "check_hours=", "prove_every_days=0", "backup_time=" + in_hours(12))
    flip(os.path.join(place.folder, bad))
    before = {n: manifest_of(os.path.join(place.folder, n)) for n in (bad, good, fresh, newest)}
    files = sorted(n for n in os.listdir(place.folder) if n.endswith(".backup"))
    done = harness.finish(place.start("run-due"))
    equal(done.code, DAMAGED, "the exit code: " + done.out + done.err)
    checks = done.json()["checks"]
    equal((done.json()["outcome"], checks["read"], checks["damaged"]), ("nothing_due", 0, [bad]), "the first share")
    equal(manifest_of(os.path.join(place.folder, bad))["level"], "damaged", "it is marked")
    failed = [e for e in harness.log_entries(place.folder) if e["status"] == "failed"]
    equal([(e["operation"], e["backup_file"], e["level"]) for e in failed], [("verify", bad, "damaged")], "the log")
    check(failed[0]["message"].startswith(bad + " is damaged: "), "in words: " + failed[0]["message"])
    env = {"PGHOST": "127.0.0.1", "PGPORT": str(place.port), "PGUSER": "postgres", "PGDATABASE": place.database,
           "CMMS_BACKUP_DATA": program.path(harness.temp_dir("own"))}
    status, _ = facts(place, env)
    equal((status["health"], status["protected"]), ("warning", False), "how it stands")
    check(status["health_text"].startswith("An older backup is damaged: %s. " % bad), status["health_text"])
    # One share a day.
    equal(place.run("run-due")["checks"]["read"], 0, "at once again")
    remembered = ledger(place)
    remembered.pop("checks")
    write_ledger(place, **remembered)
    checks = place.run("run-due")["checks"]
    equal((checks["read"], checks["damaged"]), (1, []), "the next day")
    now = {n: manifest_of(os.path.join(place.folder, n)) for n in (bad, good, fresh, newest)}
    check(now[good]["read_at"] > before[good]["read_at"], "the good one was read")
    equal([now[n]["read_at"] for n in (fresh, newest)], [before[n]["read_at"] for n in (fresh, newest)],
          "those that are not due were not")
    write_ledger(place, **remembered)
    equal(place.run("run-due")["checks"]["read"], 0, "then nothing is due")
    equal(sorted(n for n in os.listdir(place.folder) if n.endswith(".backup")), files, "nothing was removed")


def test_not_where_it_is_not_wanted(program):
    place = Place(program)
    _, (old,) = old_backups(place, (30,))
    path = os.path.join(place.folder, old)
    before = manifest_of(path)["read_at"]
    later = in_hours(4) + "-" + in_hours(6)
    place.run("set", "check_hours=" + later, "prove_every_days=0", "backup_time=" + in_hours(12), "wait_days=30")
    for words, options in ((["check_hours=" + later], []), (["check_hours=", "recheck_days=0"], []),
                           (["recheck_days=7"], ["--no-wait"]), (["enabled=false"], [])):
        place.run("set", *words)
        equal(place.run("run-due", *options)["checks"]["read"], 0, "with %s %s" % (words, options))
        equal(manifest_of(path)["read_at"], before, "and it was not read")
    place.run("set", "enabled=true")
    equal(place.run("run-due")["checks"]["read"], 1, "where it is wanted")


class Unattended(Place):
    """The schedule run by a user who may start the bundled server; it has run for two days without a proof."""

    def __init__(self, program, database=None):
        super().__init__(program)
        self.database = database or self.database
        self.prover = Prover(program)
        place = self.arguments("set", "check_hours=", "recheck_days=0")
        equal(program.run(place).code, 0, "the settings")
        write_ledger(self, since=moment(days=2))
        self.prover.get_ready()

    def begin(self):
        self.prover.own(self.folder)
        env = {**self.prover.env, "PGPASSWORD": harness.PASSWORD}
        return subprocess.Popen(self.prover.argv + self.arguments("run-due"), env=self.program.env(env), cwd="/",
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def proofs(self):
        return [e for e in harness.log_entries(self.folder) if e.get("operation") == "prove"]


def test_proof_once(program):
    """The newest is proven by itself, and not again before its time."""
    place = Unattended(program)
    done = harness.finish(place.begin())
    equal(done.code, 0, "run-due: " + done.out + done.err)
    report = done.json()
    name = os.path.basename(report["backup"]["path"].replace("\\", "/"))
    equal((report["outcome"], report["checks"]["proven"]), ("done", name), "the newest")
    equal(manifest_of(os.path.join(place.folder, name))["level"], "proven", "its level")
    equal([(e["status"], e["backup_file"]) for e in place.proofs()], [("success", name)], "the log")
    done = harness.finish(place.begin())
    equal((done.code, done.json()["checks"]["proven"]), (0, None), "again: " + done.out + done.err)
    equal(len(place.proofs()), 1, "proofs")
    place.prover.nothing_left()


def test_makes_way(program):
    """A person's backup does not wait until a proof by the schedule has ended, and nothing is left of that."""
    server = harness.shared_server()
    place = Unattended(program, make(server, "slow_proof", slow_index(600)))
    process = place.begin()
    harness.wait_for(place.prover.left, 120, "the proof")
    program.good_backup(server, place.database, place.folder)
    done = harness.finish(process)
    equal((done.code, done.json()["checks"]["stopped"], done.json()["checks"]["proven"]), (0, True, None),
          "what it says: " + done.out + done.err)
    equal(len(look(place.folder).good), 2, "backups")
    equal(place.proofs(), [], "nothing is said against the one that was being proven")
    place.prover.nothing_left()
    harness.no_locks_left(server)


harness.main(__name__, wine=("test_waits_for_power", "test_makes_way"))
