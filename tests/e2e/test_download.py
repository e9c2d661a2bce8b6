"""`sharepoint list` and `download`: from the copy there to a backup here that restore takes, with graph_sim.py."""
import os
import threading
import harness
from graph_sim import Fault, Simulator
from harness import check, equal
from test_sharepoint import AfterBackups, User


class There(AfterBackups):
    """A backup that is on SharePoint, and an empty folder to bring it back to."""

    def __init__(self, program, sim):
        super().__init__(program, sim)
        self.sim = sim
        self.user.good_set_up()
        self.name, offsite = self.backup()
        equal(offsite["uploaded"], 1, "the upload: %r" % offsite)
        with open(os.path.join(self.folder, self.name), "rb") as f:
            self.data = f.read()
        self.size = len(self.data)
        self.back = harness.temp_dir("back")
        self.path = os.path.join(self.back, self.name)

    def arguments(self, *names):
        return ["download", "--json", "--folder", self.program.path(self.back), *(names or (self.name,))]

    def download(self, *names, code=0):
        done = self.user.run(*self.arguments(*names))
        equal(done.code, code, "download: %s%s %r" % (done.out, done.err, self.sim.log[-8:]))
        equal(self.sim.complaints, [], "complaints")
        return done.json()["files"][0]

    def left(self):
        return sorted(n for n in os.listdir(self.back) if self.name in n)

    def whole(self):
        with open(self.path, "rb") as f:
            check(f.read() == self.data, "that the file is what it was")
        equal(self.left(), sorted([self.name, self.name + ".manifest.json"]), "what is in the folder")

    def listed(self, *more):
        done = self.user.run("sharepoint", "list", "--json", "--folder", self.program.path(self.back), *more)
        equal(done.code, 0, done.out + done.err)
        return done.json()


def test_there_and_back(program):
    with Simulator() as sim:
        there = There(program, sim)
        document = there.listed()
        row, = document["backups"]
        equal((document["place"], row["name"], row["bytes"], row["where"], row["level"], row["compared"]),
              ("Dokumente/Backups", there.name, there.size, "there", "verified", "size and hash"), "the list: %r" % row)
        check(row["computer"] and row["database"] == there.database, "which PC made it: %r" % row)
        told = there.user.run("sharepoint", "list", "--folder", program.path(there.back)).out
        check("Verified, size and hash" in told and row["computer"] in told, told)
        report = there.download()
        equal((report["was_here"], report["resumed_at"], report["bytes"]), (False, 0, there.size), "what is told")
        there.whole()
        equal(there.listed()["backups"][0]["where"], "both", "afterwards")
        last = harness.log_entries(there.back)[-1]
        equal((last["operation"], last["status"], last["backup_file"]), ("download", "success", there.name), "the log")
        listed = program.run(["list", "--json", "--folder", program.path(there.back)]).json()["backups"][0]
        equal((listed["level"], listed["where"], listed["pinned"]), ("verified", "both", True), "in the folder's list")
        check("brought back from SharePoint" in listed["pin_reason"], listed["pin_reason"])
        done = program.run(["verify", "--json", "--folder", program.path(there.back), there.name])
        equal(done.code, 0, "verify: " + done.out)
        sim.ranges.clear()
        equal((there.download()["was_here"], sim.ranges[1:]), (True, []), "once more: only the manifest is read")
        equal(len(sim.ranges), 1, "requests for bytes")


def test_resumed(program):
    with Simulator() as sim:
        there = There(program, sim)
        third = there.size // 3
        # Cut off twice within one run, then the address has run out as well. The first download is the manifest's.
        sim.faults = [Fault("download", skip=1, keep=third), Fault("download", skip=1, keep=third),
                      Fault("download", skip=1, call=lambda s: setattr(s, "download_key", 2), status=401)]
        sim.ranges.clear()
        equal(there.download()["resumed_at"], 0, "within one run")
        there.whole()
        equal(sim.ranges, [None, None, "bytes=%d-" % third, "bytes=%d-" % (2 * third)], "where it goes on")
    with Simulator() as sim:  # killed in the middle
        there = There(program, sim)
        reached, go_on = threading.Event(), threading.Event()
        sim.faults = [Fault("download", skip=1, keep=there.size // 2),
                      Fault("download", status=0, skip=1, call=lambda s: (reached.set(), go_on.wait(120)))]
        process = program.start(there.arguments(), env={"http_proxy": "", "https_proxy": "",
                                                        "CMMS_BACKUP_DATA": program.path(there.user.data)})
        try:
            harness.wait_for(reached.is_set, 120, "the second try")
            program.kill(process)
        finally:
            go_on.set()
        equal(there.left(), [there.name + ".download"], "what it leaves")
        half = os.path.getsize(there.path + ".download")
        equal(half, there.size // 2, "what had come")
        equal(there.download()["resumed_at"], half, "the next run")
        there.whole()


def test_what_was_left_is_of_other_bytes(program):
    with Simulator() as sim:
        there = There(program, sim)
        for left, ignored in ((b"x" * (there.size // 2), False), (b"x" * there.size, False),
                              (b"x" * (there.size + 1), False), (there.data[:there.size // 2], True)):
            with open(there.path + ".download", "wb") as f:
                f.write(left)
            sim.ignore_range = ignored
            equal(there.download()["resumed_at"], 0, "%d bytes" % len(left))
            there.whole()
            os.unlink(there.path)
            os.unlink(there.path + ".manifest.json")


def test_damaged_there(program):
    with Simulator() as sim:
        there = There(program, sim)
        item = sim.child(sim.folder, there.name)
        item["served"] = there.data[:-1] + bytes([there.data[-1] ^ 1])  # its hash says nothing of it
        report = there.download(code=7)
        check("the copy on SharePoint is damaged" in report["error"]["message"], repr(report))
        equal(there.left(), [], "what is in the folder")
        last = harness.log_entries(there.back)[-1]
        equal((last["operation"], last["status"]), ("download", "failed"), "the log")
        del item["served"]
        item["data"] = there.data[:-1] + bytes([there.data[-1] ^ 1])  # somebody has replaced it
        equal(there.listed()["backups"][0]["compared"], "differs", "the list")
        sim.ranges.clear()
        report = there.download(code=7)
        check("is not what its manifest says" in report["error"]["message"], repr(report))
        equal(sim.ranges, [None], "only the manifest was asked for")
        # A page that a network puts in between, for the manifest and for the file.
        item["data"] = there.data
        sim.faults = [Fault("download", 200, body=b"<html>Sign in to this network</html>", times=2),
                      Fault("download", 200, body=b"<html>Sign in to this network</html>", skip=1)]
        equal(there.download()["was_here"], False, "it passes")
        there.whole()


def meddle(sim, name, act):
    item = sim.child(sim.folder, name)
    if item and act == "delete":
        del sim.items[item["id"]]
    elif item and act == "rename":
        item["name"], item["version"] = "moved " + name, item["version"] + 1
    elif item:
        sim.replaced(name, b"somebody's own")


def test_somebody_between_any_two_requests(program):
    """What is deleted, renamed or exchanged there while it comes: what came whole is here, or one sentence says why
    not; never another file under its name."""
    with Simulator() as sim:
        there = There(program, sim)
        kept = {number: dict(item) for number, item in sim.items.items()}
        acts = [(act, end) for act in ("delete", "rename", "replace") for end in ("", ".manifest.json")]
        codes = set()
        for act, end in acts if program.kind == "native" else acts[::3]:
            number, requests = 1, 1
            while number <= requests:
                sim.items = {key: dict(item) for key, item in kept.items()}
                for name in os.listdir(there.back):
                    if there.name in name:
                        os.unlink(os.path.join(there.back, name))
                start = len(sim.log)

                def before(n):
                    if n == start + number:
                        with sim.lock:
                            meddle(sim, there.name + end, act)
                sim.before = before
                done = there.user.run(*there.arguments())
                sim.before = None
                what = "%s of %s before request %d: %s%s" % (act, end or "the backup", number, done.out, done.err)
                requests = len(sim.log) - start
                codes.add(done.code)
                if done.code == 0:
                    there.whole()
                else:
                    check(there.name not in there.left() and '"error"' in done.out, what)
                number += 1 if program.kind == "native" else 2
            check(requests >= 2, "only %d requests" % requests)
        check(0 in codes and len(codes) > 1, "what came of it: %r" % codes)
        equal(sim.complaints, [], "complaints")


def test_what_cannot_come(program):
    with Simulator() as sim:
        there = There(program, sim)
        nobody = User(program, sim)
        done = nobody.run(*there.arguments())
        equal(done.code, 10, "before the set-up: " + done.out)
        check("no folder on SharePoint is set up" in done.out, done.out)
        for name in ("cmms_backup_20200101_000000.backup", there.name + ".manifest.json"):
            report = there.download(name, code=10)
            check("there is no backup %s on SharePoint, Dokumente/Backups" % name in report["error"]["message"],
                  repr(report))
        equal(there.user.run(*there.arguments("../x.backup")).code, 2, "a path")
        equal(there.user.run("download").code, 2, "nothing named")
        with open(there.path, "wb") as f:
            f.write(b"another")
        report = there.download(code=8)
        check("another file named " + there.name in report["error"]["message"], repr(report))
        with open(there.path, "rb") as f:
            equal(f.read(), b"another", "that one stays")
        os.unlink(there.path)
        manifest = sim.child(sim.folder, there.name + ".manifest.json")
        kept = manifest["data"]
        manifest["data"] = b"{"
        equal(there.listed()["backups"][0]["compared"], "no manifest", "one that cannot be used")
        del sim.items[manifest["id"]]
        report = there.download(code=10)
        check("has no manifest on SharePoint" in report["error"]["message"], repr(report))
        equal(there.listed()["backups"][0]["compared"], "no manifest", "the list")
        sim.add_item(sim.drive, sim.folder, there.name + ".manifest.json", kept)
        there.download()
        there.whole()


def test_many(program):
    """5,001 children, page by page; only the newest manifests are read."""
    with Simulator() as sim:
        there = There(program, sim)
        for number in range(2499):
            name = "cmms_backup_2020%02d%02d_%02d%02d00.backup" % (number % 12 + 1, number // 12 % 28 + 1,
                                                                 number // 336 % 24, number % 60)
            sim.add_item(sim.drive, sim.folder, name, b"%d" % number)
            sim.add_item(sim.drive, sim.folder, name + ".manifest.json", b"{}")
        sim.add_item(sim.drive, sim.folder, "a # % & ' \u00fc.backup", b"somebody's")
        equal(len(sim.names()), 5001, "children")
        sim.log.clear()
        backups = there.listed("--last=1")["backups"]
        equal(len(backups), len({b["name"] for b in backups}), "no name twice")
        equal(len(backups), 2501, "backups")
        equal(sim.kinds().count("children"), 26, "pages")
        equal(sim.kinds().count("download"), 1, "manifests")
        equal((backups[0]["name"], backups[0]["compared"]), (there.name, "size and hash"), "the newest first")
        equal({b["compared"] for b in backups[1:]}, {"not read", "no manifest"}, "the others")


harness.main(__name__, wine=("test_there_and_back", "test_resumed"))
