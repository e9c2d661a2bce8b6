"""Heartbeats: a PC that leaves none any more is noticed by the others, whatever its clock says and whatever lies there.
"""
import copy
import datetime
import json
import os
import time
import harness
from graph_sim import Fault, Simulator
from harness import check, equal
from test_notify import Notified, Recorder
from test_sharepoint import User

DAY = 86400


def file_of(computer):
    return "cmms_heartbeat_%s.json" % computer


def content(computer, moment, **more):
    at = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"version": 1, "computer": computer, "at": at, "hours": 36, "retired": False, "good": at, **more})


def plant(folder, computer, moment, modified=None, **more):
    """As that PC would have left it then."""
    path = os.path.join(folder, file_of(computer))
    with open(path, "w", encoding="utf-8") as f:
        f.write(content(computer, moment, **more))
    os.utime(path, (modified or moment, modified or moment))


def quiet_place(program):
    """Nothing is due: each run leaves a heartbeat and looks."""
    place = Notified(program)
    place.run("set", "enabled=false")
    return place


def look(place):
    equal(place.run("run-due")["outcome"], "nothing_due", "the run")
    report = place.status()["heartbeats"]
    return report["text"], {c["computer"]: c for c in report["computers"]}


def test_lives_and_fails(program):
    """A PC that beats, and says that its newest good backup is older than its schedule allows."""
    place = quiet_place(program)
    now = time.time()
    with Recorder() as hook:
        place.set("webhook", hook.url)
        old = datetime.datetime.fromtimestamp(now - 9 * DAY - 3600, datetime.timezone.utc)
        plant(place.folder, "PC-07", now - 60, good=old.strftime("%Y-%m-%dT%H:%M:%SZ"))
        text, seen = look(place)
        equal((text, seen["PC-07"]["silent_days"]), ("PC-07 has had no good backup for 9 days", 0), "who fails")
        equal([(t["event"], t["text"]) for _, t in hook.take()], [("silent", text)], "who was told")
        check("\u26a0 " + text in place.words(), "status in words: " + place.words())


def test_silent(program):
    place = quiet_place(program)
    text, seen = look(place)
    own, = seen
    check(os.path.exists(os.path.join(place.folder, file_of(own))) and text is None, "its own: %r" % seen)
    now = time.time()
    with Recorder() as hook:
        place.set("webhook", hook.url)
        plant(place.folder, "PC-07", now - 4 * DAY - 13 * 3600)
        plant(place.folder, "PC-08", now - 2 * DAY)
        plant(place.folder, "PC-09", now - 20 * DAY, hours=24 * 31)
        text, seen = look(place)
        equal(text, "PC-07 has been silent for 4 days", "who is")
        equal({c: s["silent_days"] for c, s in seen.items() if c != own}, {"PC-07": 4, "PC-08": 0, "PC-09": 0}, "all")
        check("\u26a0 PC-07 has been silent for 4 days" in place.words(), "status in words: " + place.words())
        equal([(t["event"], t["text"]) for _, t in hook.take()], [("silent", text)], "who was told")
        look(place)
        equal(hook.take(), [], "once")
        # What was seen stays: who removes its file, or damages it, makes it silent.
        path = os.path.join(place.folder, file_of("PC-07"))
        for damage in ("removed", "{", "x" * 100000):
            os.unlink(path) if damage == "removed" else open(path, "w").write(damage)
            text, seen = look(place)
            equal((text, seen["PC-07"]["damaged"]), ("PC-07 has been silent for 4 days", True), damage[:10])
        plant(place.folder, "PC-07", now)
        text, seen = look(place)
        equal((text, seen["PC-07"]["damaged"]), (None, False), "it lives")
        equal(hook.take(), [], "nothing is wrong")


def test_clocks_that_are_wrong(program):
    place = quiet_place(program)
    now = time.time()
    look(place)
    plant(place.folder, "AHEAD", now + 900 * DAY, now - 5 * DAY)     # its clock: the file's date is the server's
    plant(place.folder, "BEHIND", now - 9000 * DAY, now)
    plant(place.folder, "BOTH", now + 900 * DAY, now + 900 * DAY)    # it counts from when it was first seen
    text, seen = look(place)
    equal(text, "AHEAD has been silent for 5 days", "by the date of the file")
    check(all(s["silent_days"] == 0 for c, s in seen.items() if c != "AHEAD"), "the others: %r" % seen)
    last = datetime.datetime.strptime(seen["BOTH"]["last"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    check(last.timestamp() <= time.time() + 2, "nobody lived later than now: %r" % seen["BOTH"])


def test_retired(program):
    place = quiet_place(program)
    plant(place.folder, "PC-07", time.time() - 9 * DAY)
    equal(look(place)[0], "PC-07 has been silent for 9 days", "silent")
    report = place.notify("retire", "pc-07")["heartbeats"]
    equal(report["text"], None, "retired")
    with open(os.path.join(place.folder, file_of("PC-07")), encoding="utf-8") as f:
        equal(json.load(f)["retired"], True, "what the others read")
    text, seen = look(place)
    equal((text, seen["PC-07"]["retired"]), (None, True), "at the next look")
    last = harness.log_entries(place.folder)[-1]
    equal(last["message"], "PC-07 is retired: nobody waits for its heartbeat", "the log")
    own, = [c for c in seen if c != "PC-07"]
    equal(place.notify("retire", own, code=2)["error"]["message"],
          own + " is this computer, which leaves a heartbeat at each run", "oneself")
    plant(place.folder, "PC-07", time.time())
    equal(look(place)[1]["PC-07"]["retired"], False, "it lives again")


def test_whatever_lies_there(program):
    """Names, sizes and contents that somebody means ill with: the run goes on, and nobody new is believed."""
    place = quiet_place(program)
    look(place)
    for i in range(300):
        with open(os.path.join(place.folder, file_of("X%03d" % i)), "w", encoding="utf-8") as f:
            f.write("[" * 4000)
    os.mkdir(os.path.join(place.folder, file_of("DIR")))
    for name in ("cmms_heartbeat_.json", "cmms_heartbeat_a b.json", "cmms_heartbeat_\u202e.json"):
        with open(os.path.join(place.folder, name), "w", encoding="utf-8") as f:
            f.write(content("a b", time.time() - 9 * DAY))
    with open(os.path.join(place.folder, file_of("PC-07")), "w", encoding="utf-8") as f:
        f.write(content("PC-66\u001b[31m", time.time() - 9 * DAY))
    text, seen = look(place)
    equal((text, len(seen)), (None, 1), "who is known")
    equal(place.status()["heartbeats"]["strange"], 301, "files of which nothing could be made")


def test_a_place_that_is_gone(program):
    """Nothing is said of a time at which nobody looked."""
    place = quiet_place(program)
    with Simulator() as sim:
        user = User(program, sim)
        user.data = place.own
        user.good_set_up()
        sim.add_item(sim.drive, sim.folder, file_of("PC-07"), content("PC-07", time.time() - 2 * DAY).encode())
        sim.child(sim.folder, file_of("PC-07"))["modified"] = time.time() - 2 * DAY
        equal(look(place)[0], None, "two days are not long")
    equal(look(place)[0], None, "not seen since")
    problem = place.status()["heartbeats"]["problem"]
    check(problem.startswith("the heartbeat could not be left on SharePoint: "), problem)
    check("What the other computers do could not be seen by the last run: " in place.words(), place.words())


def test_on_sharepoint(program):
    """The clock that counts is that of SharePoint."""
    place = quiet_place(program)
    with Simulator() as sim:
        sim.clock = 40 * DAY
        user = User(program, sim)
        user.data = place.own
        user.good_set_up()
        text, seen = look(place)
        own, = seen
        equal((sim.names(), text), ([file_of(own)], None), "what is there")
        check(not os.path.exists(os.path.join(place.folder, file_of(own))), "and not in the folder")
        sim.add_item(sim.drive, sim.folder, file_of("PC-07"), content("PC-07", 1).encode())
        sim.child(sim.folder, file_of("PC-07"))["modified"] = time.time() + sim.clock - 4 * DAY - 13 * 3600
        equal(look(place)[0], "PC-07 has been silent for 4 days", "silent")
        reads = sim.kinds().count("download")
        look(place)
        equal(sim.kinds().count("download"), reads + 1, "only what has changed is read: its own")
        equal(place.notify("retire", "PC-07")["heartbeats"]["text"], None, "retired")
        check(json.loads(sim.data(file_of("PC-07")))["retired"], "what the others read")
        equal(sim.complaints, [], "complaints")
        # Backups are listed there as ever.
        done = program.run(["sharepoint", "list", "--json", "--folder", program.path(place.folder)], env=place.env())
        check(done.code == 0 and "cmms_heartbeat" not in done.out, "the list: " + done.out + done.err)


def test_one_that_is_refused(program):
    """What SharePoint does not give of one computer keeps nobody from seeing the others."""
    place = quiet_place(program)
    with Simulator() as sim:
        user = User(program, sim)
        user.data = place.own
        user.good_set_up()
        for computer in ("PC-07", "PC-08"):
            sim.add_item(sim.drive, sim.folder, file_of(computer), content(computer, time.time()).encode())
        sim.faults.append(Fault("download", status=403, times=6))  # all tries of one
        seen = look(place)[1]
        equal((len(seen), place.status()["heartbeats"]["problem"]), (2, None), "the others: %r" % seen)
        equal(len(look(place)[1]), 3, "when it is given")


def test_two_computers(program):
    """With one folder; each is known to the other."""
    if program.kind == "wine":
        raise harness.Skip("the name of a computer is Wine's")
    place = quiet_place(program)
    for name in ("PC-ONE", "PC-TWO"):
        other = copy.copy(program)
        other.argv = ["unshare", "-u", "sh", "-c", 'hostname "$0" && exec "$@"', name] + program.argv
        place.program, place.own = other, harness.temp_dir("own")
        text, seen = look(place)
        equal(text, None, "nobody is silent")
    equal(sorted(seen), ["PC-ONE", "PC-TWO"], "who is known")


harness.main(__name__, wine=("test_silent", "test_retired"))
