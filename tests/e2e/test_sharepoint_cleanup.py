"""`sharepoint clean-up`: old backups go into SharePoint's recycle bin, and only those. (P2)"""
import itertools
import json
import os
import threading
import harness
from graph_sim import Fault, Simulator
from harness import check, equal
from test_retention import flip, old_folder
from test_sharepoint import User


class Old:
    """A folder with a new backup and old ones (40, 41, ... days), all of them on SharePoint."""

    def __init__(self, program, sim, count=2):
        self.program, self.sim, self.user = program, sim, User(program, sim)
        self.folder, self.newest, self.old = old_folder(program, count)
        self.config("enabled=false")
        self.computer = harness.log_entries(self.folder)[-1]["computer"]
        for name in [self.newest] + self.old:
            self.change_manifest(name, computer=self.computer)
        self.user.good_set_up()
        done = self.user.run("upload", "--json", "--folder", program.path(self.folder), self.newest, *self.old)
        equal(done.code, 0, "upload: " + done.out + done.err)
        equal(sim.names(), self.pairs(self.newest, *self.old), "what is there")
        sim.log.clear()
        sim.recycled.clear()

    @staticmethod
    def pairs(*names):
        return sorted(n + end for n in names for end in ("", ".manifest.json"))

    def config(self, *pairs):
        done = self.program.run(["config", "set", "--folder", self.program.path(self.folder), *pairs])
        equal(done.code, 0, "config: " + done.out + done.err)

    def change_manifest(self, name, there=False, **members):
        """Here, or as another program would have uploaded it."""
        path = os.path.join(self.folder, name + ".manifest.json")
        if there:
            item = self.sim.child(self.sim.folder, name + ".manifest.json")
            item["data"] = json.dumps({**json.loads(item["data"]), **members}).encode()
            item["version"] += 1
            return
        with open(path, encoding="utf-8") as f:
            manifest = json.load(f)
        with open(path, "w", encoding="utf-8") as f:
            json.dump({**manifest, **members}, f)

    def start(self, *more):
        arguments = ["sharepoint", "clean-up", "--json", "--folder", self.program.path(self.folder), *more]
        return self.program.start(arguments, env={"CMMS_BACKUP_DATA": self.program.path(self.user.data),
                                                  "http_proxy": "", "https_proxy": ""})

    def run(self, *more, code=0):
        done = harness.finish(self.start(*more))
        equal(done.code, code, "clean-up: %s%s %r" % (done.out, done.err, self.sim.log[-8:]))
        self.user.untold(done.out, done.err)
        equal(self.sim.complaints, [], "complaints")
        return done.json()

    def reasons(self, *more):
        return {b["name"]: (b["remove"], b["reason"]) for b in self.run(*more)["backups"]}

    def logged(self, status):
        return [e["backup_file"] for e in harness.log_entries(self.folder)
                if e["operation"] == "offsite_cleanup" and e["status"] == status]

    def where(self):
        listed = self.program.run(["list", "--json", "--folder", self.program.path(self.folder)]).json()
        return {b["name"]: b["where"] for b in listed["backups"]}


OLD = (True, "older than 30 day(s)")
NEWEST = (False, "the newest verified backup")


def test_shown_then_removed(program):
    with Simulator() as sim:
        old = Old(program, sim)
        stranger = "cmms_backup_20200101_020000.backup"
        sim.add_item(sim.drive, sim.folder, stranger, b"somebody's")
        plan = old.run()
        unfinished = "it has no manifest there: an upload that is not finished, or somebody else's file"
        equal({b["name"]: (b["remove"], b["reason"]) for b in plan["backups"]},
              {old.newest: NEWEST, old.old[0]: OLD, old.old[1]: OLD, stranger: (False, unfinished)}, "the plan")
        equal((plan["would_remove"], plan["stopped"], plan["place"]), (2, None, "Dokumente/Backups"), "what is told")
        equal(sim.kinds().count("delete"), 0, "what a look removes")
        told = old.user.run("sharepoint", "clean-up", "--folder", program.path(old.folder)).out
        check("2 of 4 backup(s) would go into SharePoint's recycle bin." in told, told)
        check("To do it: cmms-backup-cli sharepoint clean-up --yes" in told, told)
        equal(old.run("--yes")["removed"], 2, "removed")
        equal(sim.names(), sorted(old.pairs(old.newest) + [stranger]), "what is left there")
        equal(sim.recycled, [n for name in reversed(old.old) for n in (name, name + ".manifest.json")],
              "the order: the oldest first, each before its manifest")
        equal((old.logged("started"), old.logged("success")), (old.old[::-1], old.old[::-1]), "the log")
        equal(old.where(), {**{n: "here" for n in harness.backups_in(old.folder)}, old.newest: "both"}, "the list")
        equal(old.run("--yes")["removed"], 0, "once more")


def test_what_stays(program):
    """Pins of here and there, another computer's, what differs, an alarm, a freeze, settings that cannot be read."""
    with Simulator() as sim:
        old = Old(program, sim, 4)
        pinned_here, pinned_there, other, differs = old.old
        done = program.run(["pin", "--folder", program.path(old.folder), "--reason=kept", pinned_here])
        equal(done.code, 0, done.out + done.err)
        old.change_manifest(pinned_there, there=True, pinned=True)
        old.change_manifest(other, there=True, computer="PC-ELSEWHERE")
        item = sim.child(sim.folder, differs)
        sim.replaced(differs, item["data"][:-1] + b"?")
        equal(old.reasons(), {
            old.newest: NEWEST, pinned_here: (False, "pinned: kept"), pinned_there: (False, "pinned"),
            other: (False, "made by another computer, PC-ELSEWHERE, whose settings may say otherwise"),
            differs: (False, "it is not what its manifest says: look at it on SharePoint")}, "the plan")
        equal(old.reasons("--all")[other], OLD, "unless it is asked for")
        equal(old.run("--yes")["removed"], 0, "removed")
        frozen = os.path.join(old.folder, "retention_frozen.json")
        with open(frozen, "w", encoding="utf-8") as f:
            json.dump({"reason": "rows were lost", "since": "2026-01-01 00:00:00"}, f)
        plan = old.run("--all")
        equal((plan["would_remove"], plan["stopped"]), (0, "rows were lost"), "while clean-ups are stopped")
        equal(old.run("--all", "--yes")["removed"], 0, "and then nothing goes")
        os.unlink(frozen)
        with open(os.path.join(old.folder, "backup_config.json"), "w", encoding="utf-8") as f:
            f.write("{")
        plan = old.run("--all")
        check(plan["would_remove"] == 0 and plan["stopped"], "with settings that cannot be read: %r" % plan)
        equal(sim.recycled, [], "what has gone")


def test_another_folder(program):
    """One that has not brought them there, with another's pins and nobody's settings, takes nothing by itself."""
    with Simulator() as sim:
        old = Old(program, sim)
        known = os.path.join(old.folder, "offsite_copies.json")
        os.rename(known, known + ".away")
        elsewhere = (False, "this backup folder has not brought it there, and another's pins and settings are not "
                            "known here")
        equal(old.reasons(), {old.newest: NEWEST, old.old[0]: elsewhere, old.old[1]: elsewhere}, "the plan")
        equal(old.run("--yes")["removed"], 0, "removed")
        equal(old.reasons("--all")[old.old[0]], OLD, "unless it is asked for")
        config = os.path.join(old.folder, "backup_config.json")
        os.rename(config, config + ".away")
        plan = old.run("--all")
        equal((plan["would_remove"], plan["stopped"]),
              (0, "backup_config.json is not there, although settings were saved in this folder"), "without settings")
        equal(old.run("--all", "--yes")["removed"], 0, "removed then")
        os.rename(config + ".away", config)
        # Brought back is not brought there; what is uploaded from here and found there, is.
        os.unlink(os.path.join(old.folder, old.old[0]))
        done = old.user.run("download", "--folder", program.path(old.folder), old.old[0])
        equal(done.code, 0, done.out + done.err)
        done = program.run(["pin", "--off", "--folder", program.path(old.folder), old.old[0]])
        equal(done.code, 0, done.out + done.err)
        done = old.user.run("upload", "--folder", program.path(old.folder), old.old[1])
        equal(done.code, 0, done.out + done.err)
        equal(old.reasons(), {old.newest: NEWEST, old.old[0]: elsewhere, old.old[1]: OLD}, "the plan then")
        equal(old.run("--yes")["removed"], 1, "removed then")
        equal(sim.names(), old.pairs(old.newest, old.old[0]), "what is left there")


def test_in_doubt(program):
    """Clocks that differ, no eTags, no hashes: nothing goes."""
    with Simulator() as sim:
        old = Old(program, sim)
        sim.clock = 3 * 86400
        check(old.run()["stopped"].startswith("this computer's clock and SharePoint's differ by "), "the clocks")
        sim.clock = 0
        sim.etags = False
        equal({r for _, r in old.reasons().values()},
              {"the newest verified backup", "SharePoint does not say which version of it lies there"}, "no versions")
        sim.etags = True
        for item in sim.items.values():
            item["late"] = -1
        equal({r for _, r in old.reasons().values()}, {"SharePoint has not said its hash yet"}, "no hashes")
        for item in sim.items.values():
            item["late"] = 0
        # What a network puts in between is no list.
        sim.faults = [Fault("children", 200, body=b"<html>Sign in to this network</html>")]
        old.run("--yes", code=5)
        equal(sim.recycled, [], "what has gone")


def test_replaced_meanwhile(program):
    """Between the plan and the removal, and between the last look and the removal, somebody puts another file there."""
    with Simulator() as sim:
        old = Old(program, sim)
        first, second = old.old[::-1]  # as they would go
        other = b"x" * len(sim.data(first))
        # "item": the folder, the three manifests, the one that stands in, the backup.
        sim.faults = [Fault("item", skip=5, call=lambda s: s.replaced(first, other)),
                      Fault("delete", call=lambda s: s.replaced(second, other))]
        equal(old.run("--yes")["removed"], 0, "removed")
        equal((sim.data(first), sim.data(second)), (other, other), "both are somebody's now")
        equal(sim.recycled, [], "what has gone")
        equal(old.logged("failed"), [second], "the log")
    with Simulator() as sim:  # the one that stands in for them
        old = Old(program, sim)
        sim.faults = [Fault("item", skip=4, call=lambda s: s.replaced(old.newest, b"x"))]
        report = old.run("--yes", code=9)
        equal(report["error"]["message"], "nothing more is removed: %s on SharePoint has changed" % old.newest, "why")
        equal(sim.recycled, [], "what has gone")
    with Simulator() as sim:  # what was deleted by somebody is no failure, and was not moved by this
        old = Old(program, sim)
        gone = sim.child(sim.folder, old.old[-1])["id"]
        sim.faults = [Fault("delete", call=lambda s: s.items.pop(gone))]
        equal(old.run("--yes")["removed"], 1, "removed")
        equal(sim.names(), old.pairs(old.newest), "what is left")
        equal([e["message"] for e in harness.log_entries(old.folder) if e["status"] == "success"
               and e["operation"] == "offsite_cleanup"],
              ["It is no longer on SharePoint: this clean-up, or somebody before it, has removed it",
               "Moved to SharePoint's recycle bin: older than 30 day(s)"], "the log")


AT_WORK = "another upload from this folder, or a clean-up on SharePoint, is at work"


def test_uploading(program):
    """While something is uploaded from the folder nothing is removed there, and the other way round."""
    with Simulator() as sim:
        old = Old(program, sim)
        upload = lambda: program.start(["upload", "--json", "--folder", program.path(old.folder), old.old[0]],
                                       env={"CMMS_BACKUP_DATA": program.path(old.user.data), "http_proxy": "",
                                            "https_proxy": ""})
        held, go_on = threading.Event(), threading.Event()
        def before(number):
            if not held.is_set():
                held.set()
                go_on.wait(harness.SCALE * 120)
        sim.before = before
        process = upload()
        check(held.wait(harness.SCALE * 60), "the upload has begun")
        sim.before = None
        equal(old.run("--yes", code=9)["error"]["message"], "nothing was removed: " + AT_WORK, "meanwhile")
        go_on.set()
        equal(harness.finish(process).code, 0, "the upload")
        equal((sim.recycled, old.logged("started")), ([], []), "what has gone")
        removing, go_on = threading.Event(), threading.Event()
        sim.faults = [Fault("delete", call=lambda s: (removing.set(), go_on.wait(harness.SCALE * 120)))]
        process = old.start("--yes")
        check(removing.wait(harness.SCALE * 60), "the clean-up has begun")
        done = harness.finish(upload())
        check(done.code == 9 and AT_WORK in done.out, "an upload meanwhile: " + done.out)
        equal(old.run("--yes", code=9)["error"]["message"], "nothing was removed: " + AT_WORK, "another clean-up")
        equal(old.logged("failed"), [], "and it says nothing of what the first one is doing")
        go_on.set()
        equal(harness.finish(process).json()["removed"], 2, "the clean-up")
        equal(sim.names(), old.pairs(old.newest), "what is left")
        equal(old.where()[old.old[0]], "here", "the list")


def killed_at_removal(old):
    """The log says that it was begun; nothing has gone."""
    reached, go_on = threading.Event(), threading.Event()
    old.sim.faults = [Fault("delete", 0, call=lambda s: (reached.set(), go_on.wait(harness.SCALE * 120)))]
    process = old.start("--yes")
    try:
        check(reached.wait(harness.SCALE * 60), "the removal has begun")
        old.program.kill(process)
    finally:
        go_on.set()
    old.sim.faults = []
    check(set(old.pairs(old.old[0])) <= set(old.sim.names()), "it is there")


def last_outcome(old):
    return [(e["status"], e["message"]) for e in harness.log_entries(old.folder)
            if e["operation"] == "offsite_cleanup"][-1]


def test_killed_and_another_place(program):
    """What lies in a library of before, or has another name, was not removed; nothing is said nor forgotten of it."""
    with Simulator() as sim:
        old = Old(program, sim, 1)
        killed_at_removal(old)
        place = os.path.join(old.user.data, "sharepoint.json")
        with open(place, encoding="utf-8") as f:
            before = json.load(f)
        drive = sim.add_drive("Archiv", "/sites/Maintenance/Archive")
        folder = sim.add_item(drive, sim.drives[drive]["root"], "Backups", folder=True)["id"]
        with open(place, "w", encoding="utf-8") as f:
            json.dump({**before, "drive": drive, "folder": folder}, f)
        equal(old.run("--yes")["removed"], 0, "in the other place")
        equal(last_outcome(old), ("failed", "Whether it was removed from SharePoint is not known: the program was "
                                  "ended before, and another library is set up now"), "the log")
        equal(old.where()[old.old[0]], "both", "the list")
        with open(place, "w", encoding="utf-8") as f:
            json.dump(before, f)
        killed_at_removal(old)
        item = sim.child(sim.folder, old.old[0])
        item["name"], item["version"] = "kept.backup", item["version"] + 1
        equal(old.run("--yes")["removed"], 0, "with another name")
        equal(last_outcome(old), ("failed", "Not removed from SharePoint: the program was ended before"), "the log")
        equal((old.where()[old.old[0]], sim.recycled), ("both", []), "the list, and what has gone")


def test_back_again(program):
    """A manifest that was left over, and whose backup comes back while that is looked at, stays."""
    for fault in (lambda back: Fault("find", skip=1, call=back), lambda back: Fault("delete", call=back)):
        with Simulator() as sim:
            old = Old(program, sim, 1)
            name = old.old[0]
            data = sim.data(name)
            sim.faults = [Fault("delete", 403, skip=1, code="accessDenied")]
            old.run("--yes", code=6)
            equal(sim.names(), sorted(old.pairs(old.newest) + [name + ".manifest.json"]), "what is left")
            def back(s):
                s.add_item(s.drive, s.folder, name, data)
                s.replaced(name + ".manifest.json", s.data(name + ".manifest.json"))
            sim.faults = [fault(back)]
            old.run("--yes")
            equal(sim.names(), old.pairs(old.newest, name), "what is there")


def test_killed(program):
    """At each request of it: what has gone was logged, no good one is lost, the next clean-up finishes it."""
    for at in harness.a_share(itertools.count(1), 5):
        with Simulator() as sim:
            old = Old(program, sim, 1)
            reached, go_on = threading.Event(), threading.Event()
            def after(number):
                if number == at:
                    reached.set()
                    go_on.wait(harness.SCALE * 120)
            sim.after = after
            process = old.start("--yes")
            harness.wait_for(lambda: reached.is_set() or process.poll() is not None, 60, "request %d" % at)
            ended = process.poll() is not None
            if not ended:
                program.kill(process)
            else:
                harness.finish(process)
            sim.after = None
            go_on.set()
            check(set(old.pairs(old.newest)) <= set(sim.names()), "the newest is there, at %d" % at)
            gone = old.old[0] not in sim.names()
            check(not gone or old.old[0] in old.logged("started"), "it went without an entry, at %d" % at)
            old.run("--yes")
            equal(sim.names(), old.pairs(old.newest), "afterwards, at %d" % at)
            equal(len(old.logged("success")), 1, "its outcome is in the log once, at %d" % at)
            equal(old.where()[old.old[0]], "here", "and in the list, at %d" % at)
            if ended:
                return


def test_faults(program):
    """Throttled, lost, refused: it goes through, or says why, and nothing is lost."""
    rows = ((Fault("delete", 429, headers={"Retry-After": "1"}), 0), (Fault("delete", 0, done=True), 0),
            (Fault("delete", 500, times=2), 0), (Fault("delete", 403, times=9, code="accessDenied"), 6),
            (Fault("delete", 423, times=9), 9), (Fault("delete", 0, skip=1, done=True), 0),
            (Fault("delete", 403, skip=1, code="accessDenied"), 6), (Fault("item", 403, skip=1), 6))
    for fault, code in harness.a_share(rows, 2):
        with Simulator() as sim:
            old = Old(program, sim, 1)
            sim.faults = [fault]
            old.run("--yes", code=code)
            check(set(old.pairs(old.newest)) <= set(sim.names()), "the newest is there")
            sim.faults = []
            old.run("--yes")
            equal(sim.names(), old.pairs(old.newest), "afterwards")
            equal(len(old.logged("success")), 1, "the outcome in the log")


def test_damaged_here(program):
    """What lies here says nothing of what lies there: the same bytes are good there."""
    with Simulator() as sim:
        old = Old(program, sim, 1)
        flip(os.path.join(old.folder, old.newest))
        program.run(["verify", "--folder", program.path(old.folder), old.newest])
        equal(old.run("--yes")["removed"], 1, "removed")
        equal(sim.names(), old.pairs(old.newest), "what is left there")


harness.main(__name__, wine=("test_shown_then_removed", "test_replaced_meanwhile"))
