"""`sharepoint use-folder`: a folder that OneDrive keeps in step as the destination of copies. What Windows says of its
files comes from a file (CMMS_BACKUP_FAKE_SYNC); the steps for a real OneDrive are in ARCHITECTURE.md."""
import json
import os
import harness
from graph_sim import Simulator
from harness import check, equal
from test_sharepoint import AfterBackups, User, backup

IN_SYNC, PENDING, MOVING = "placeholder=9\nstate=2\n", "placeholder=1\nstate=4\n", "placeholder=1\nstate=6\n"
ONLINE_ONLY = "placeholder=25\nstate=1\n"


class Pc(User):
    """A PC with OneDrive, which says what the test writes."""

    def __init__(self, program, sim=None):
        super().__init__(program, sim)
        self.sync = harness.temp_dir("onedrive")
        self.fake = os.path.join(harness.temp_dir("fake"), "fake")
        self.say(IN_SYNC)

    def say(self, text):
        with open(self.fake + ".new", "w") as f:
            f.write(text + "provider=OneDrive!S-1-5-21!Business1|x\n")
        os.replace(self.fake + ".new", self.fake)

    def environment(self):
        return {"CMMS_BACKUP_DATA": self.program.path(self.data), "http_proxy": "", "https_proxy": "",
                "CMMS_BACKUP_FAKE_SYNC": self.program.path(self.fake)}

    def start(self, *arguments):
        return self.program.start(list(arguments), env=self.environment())

    def run(self, *arguments, code=0):
        done = harness.finish(self.start(*arguments))
        equal(done.code, code, "%s: %s%s" % (" ".join(arguments), done.out, done.err))
        return done

    def choose(self):
        told = self.run("sharepoint", "use-folder", "--json", self.program.path(self.sync)).json()
        equal((told["place"], told["provider"], told["trouble"]),
              (self.program.path(self.sync), "OneDrive", None), "what is told")

    def upload(self, path, code=0):
        return self.run("upload", "--json", self.program.path(path), code=code).json()["files"][0]

    def rows(self, folder):
        listed = self.run("list", "--json", "--folder", self.program.path(folder)).json()
        return [(b["where"], b["offsite_waiting"]) for b in listed["backups"]]

    def same(self, path):
        for name in (path, path + ".manifest.json"):
            with open(name, "rb") as f, open(os.path.join(self.sync, os.path.basename(name)), "rb") as copy:
                check(f.read() == copy.read(), os.path.basename(name) + " is another there")
        equal(sorted(os.listdir(self.sync)), sorted(os.path.basename(n) for n in (path, path + ".manifest.json")),
              "what is there")


def test_copied_and_in_sync(program):
    path, folder = backup(program)
    pc = Pc(program)
    pc.choose()
    report = pc.upload(path)
    equal(report["was_there"], False, "the report: %r" % report)
    pc.same(path)
    last = harness.log_entries(folder)[-1]
    equal((last["operation"], last["status"], last["message"]),
          ("upload", "success", "uploaded to SharePoint, " + program.path(pc.sync)), "the log")
    equal(pc.rows(folder), [("both", False)], "the list")
    before = os.stat(os.path.join(pc.sync, os.path.basename(path))).st_mtime_ns
    equal(pc.upload(path)["was_there"], True, "once more")
    equal(os.stat(os.path.join(pc.sync, os.path.basename(path))).st_mtime_ns, before, "it is not copied again")
    told = pc.run("sharepoint", "status").out
    check('OneDrive has the folder "%s"; whether it runs now is not known' % program.path(pc.sync) in told, told)
    pc.say(IN_SYNC + "engine=0\n")
    told = pc.run("sharepoint", "status").out
    check('OneDrive keeps the folder "%s" in step with the cloud' % program.path(pc.sync) in told, told)
    checks = harness.finish(pc.start("doctor", "--json", "--folder", program.path(folder))).json()["checks"]
    equal([c["state"] for c in checks if c["name"] == "sharepoint"], ["good"], "doctor")
    equal(pc.run("status", "--json", "--folder", program.path(folder)).json()["sign_in"], None, "no sign-in of ours")


def wait_told(process):
    """It has looked for some seconds, and goes on."""
    lines = []
    while not lines or lines[-1]:
        lines.append(process.stdout.readline())
        if b"Waiting for OneDrive to bring" in lines[-1]:
            return
    check(False, "it does not wait: %r" % lines)


def test_waits_until_it_is_there(program):
    """While Windows says that it is on its way it is not off-site; then it is."""
    for not_yet in (MOVING, PENDING):
        path, folder = backup(program)
        pc = Pc(program)
        pc.choose()
        pc.say(not_yet)
        process = pc.start("upload", program.path(path))
        wait_told(process)
        equal(process.poll(), None, "it waits")
        equal(pc.rows(folder), [("here", False)], "the list meanwhile")
        pc.say(IN_SYNC)
        done = harness.finish(process)
        equal(done.code, 0, done.out + done.err)
        equal(pc.rows(folder), [("both", False)], "the list")
        pc.same(path)


def test_online_only(program):
    """What is not on this PC any more is not read, and nothing is said of its bytes."""
    path, folder = backup(program)
    pc = Pc(program)
    pc.choose()
    equal(pc.upload(path)["hash_pending"], False, "its bytes were read")
    target = os.path.join(pc.sync, os.path.basename(path))
    with open(target, "r+b") as f:
        byte = f.read(1)
        f.seek(0)
        f.write(bytes([byte[0] ^ 1]))
    pc.say(ONLINE_ONLY)
    pc.run("config", "set", "--folder", program.path(folder), "upload_limit_kb=500")
    done = pc.run("upload", program.path(path))
    check("The limit of 500 KB a second does not hold: OneDrive sends the copy" in done.out + done.err, done.err)
    check("its size is right; it is online-only, so its bytes were not read" in done.out + done.err and
          "SHA-256 is as recorded" not in done.out + done.err, done.out + done.err)
    listed = pc.run("list", "--json", "--folder", program.path(folder)).json()["backups"]
    equal([b["offsite"]["compared"] for b in listed], ["size"], "the list")
    pc.say(IN_SYNC)
    check("another file named " in pc.upload(path, code=8)["error"]["message"], "here again it is read")


def test_troubles(program):
    """What keeps OneDrive is named; the copy stays, and the next upload goes on with it."""
    path, folder = backup(program)
    cases = ((256, 9, "OneDrive is paused"), (2, 8, "the space that OneDrive has in the cloud is used up"),
             (4, 6, "OneDrive is signed out"), (8, 9, "OneDrive waits, because the line is metered"),
             (16, 8, "OneDrive waits, because the disk of this PC is full"),
             (128, 5, "OneDrive does not reach Microsoft"))
    for engine, code, words in cases:
        pc = Pc(program)
        pc.choose()
        pc.say(PENDING + "engine=%d\n" % engine)
        report = pc.upload(path, code=code)["error"]
        equal(report["message"], "the copy is in the folder, but not in the cloud yet: " + words, "what is told")
        check(report["hint"], "and what to do")
        pc.same(path)
        told = pc.run("sharepoint", "status").out
        check(words in told, told)
        checks = harness.finish(pc.start("doctor", "--json", "--folder", program.path(folder))).json()["checks"]
        check(any(c["name"] == "sharepoint" and c["state"] == "warning" and words in c["message"] for c in checks),
              "doctor: %r" % checks)
        pc.say(IN_SYNC)
        equal(pc.upload(path)["was_there"], True, "afterwards")
    pc = Pc(program)
    pc.choose()
    pc.say("placeholder=1\nstate=7\n")
    check("OneDrive has an error with it" in pc.upload(path, code=8)["error"]["message"], "an error")


def test_what_stays(program):
    """Somebody else's file, a folder that is none, or that nobody keeps in step."""
    path, folder = backup(program)
    pc = Pc(program)
    pc.choose()
    target = os.path.join(pc.sync, os.path.basename(path))
    with open(target, "wb") as f:
        f.write(b"another")
    check("another file named " in pc.upload(path, code=8)["error"]["message"], "a file of that name")
    with open(target, "rb") as f:
        equal(f.read(), b"another", "it stays")
    os.rename(pc.sync, pc.sync + ".away")
    check("Look whether OneDrive still" in pc.upload(path, code=10)["error"]["hint"], "the folder is away")
    os.rename(pc.sync + ".away", pc.sync)
    other = harness.temp_dir("other")
    done = program.run(["sharepoint", "use-folder", "--json", program.path(other)],
                       env={"CMMS_BACKUP_DATA": program.path(pc.data)})
    equal((done.code, done.json()["error"]["message"]),
          (3, 'no sync client looks after "%s"' % program.path(other)), "an ordinary folder")
    equal(os.listdir(other), [], "what the try has left")
    told = pc.run("sharepoint", "status").out
    check(program.path(pc.sync) in told, "what was chosen before stays: " + told)
    pc.run("sharepoint", "forget")
    equal(pc.run("sharepoint", "status", code=10).code, 10, "forgotten")
    check(os.path.exists(target), "and what lies there stays")


def test_changed_meanwhile(program):
    """What is in sync at last is not what was copied: that is no copy."""
    path, folder = backup(program)
    pc = Pc(program)
    pc.choose()
    pc.say(MOVING)
    process = pc.start("upload", "--json", program.path(path))
    target = os.path.join(pc.sync, os.path.basename(path))
    harness.wait_for(lambda: os.path.exists(target) or process.poll() is not None, 120, "the copy")
    with open(target, "r+b") as f:
        f.seek(100)
        byte = f.read(1)
        f.seek(100)
        f.write(bytes([byte[0] ^ 1]))
    pc.say(IN_SYNC)
    done = harness.finish(process)
    equal(done.code, 7, done.out + done.err)
    check("was changed while OneDrive sent it" in done.json()["files"][0]["error"]["message"], done.out)
    equal(pc.rows(folder), [("here", False)], "the list")


def test_after_backups(program):
    """upload_after_backup goes there as well; what is held waits, and goes with the next."""
    with Simulator() as sim:
        after = AfterBackups(program, sim)
        pc = Pc(program, sim)
        pc.choose()
        pc.say(PENDING + "engine=256\n")

        def back_up():
            arguments = ["backup", "--json", "--folder", program.path(after.folder), "-h", "127.0.0.1", "-p",
                         str(after.server.port), "-U", "postgres", "-d", after.database]
            done = harness.finish(program.start(arguments, env={**pc.environment(), "PGPASSWORD": harness.PASSWORD}))
            equal(done.code, 0, done.out + done.err)
            return done.json()["offsite"]
        told = back_up()
        equal((told["uploaded"], told["waiting"]), (0, 1), "held: %r" % told)
        check("OneDrive is paused" in told["warning"], told["warning"])
        equal(pc.rows(after.folder), [("here", True)], "the list")
        pc.say(IN_SYNC)
        told = back_up()
        equal((told["uploaded"], told["waiting"], told["warning"]), (2, 0, None), "both: %r" % told)
        equal(sim.log, [], "SharePoint itself is not asked")


def test_the_last_one_counts(program):
    """A set-up of SharePoint itself takes its place."""
    path, folder = backup(program)
    with Simulator() as sim:
        pc = Pc(program, sim)
        pc.choose()
        pc.good_set_up()
        check(not os.path.exists(os.path.join(pc.data, "offsite-folder.json")), "the folder is left")
        pc.upload(path)
        equal(os.listdir(pc.sync), [], "nothing comes into it")
        check(os.path.basename(path) in sim.names(), "it is on SharePoint")
        with open(os.path.join(pc.data, "sharepoint.json")) as f:
            check(json.load(f)["drive"] == sim.drive, "which is set up")


harness.main(__name__, wine=("test_copied_and_in_sync", "test_troubles"))
