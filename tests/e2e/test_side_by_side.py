"""Several backups to a simulator of SharePoint: two go side by side, each in a session of its own whose fragments come
in their order; to limits, waits, removals and other programs they are one upload.
"""
import hashlib
import json
import os
import signal
import threading
import time
import graph_sim
import harness
from graph_sim import Fault, Hollow, Simulator
from harness import check, equal
from test_sharepoint import AfterBackups

MIB = 1024 * 1024


class Together(AfterBackups):
    """Backups whose bytes are zeros, so that large ones take no room, and a simulator that only counts them."""

    def __init__(self, program, sim, sizes=(70 * MIB, 71 * MIB)):
        super().__init__(program, sim)
        self.sim = sim
        self.user.good_set_up()
        self.config("upload_after_backup=false")
        made, _ = self.backup()
        with open(os.path.join(self.folder, made + ".manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        self.names = ["cmms_backup_20260119_1430%02d.backup" % i for i in range(len(sizes))]
        for name, size in zip(self.names, sizes):
            manifest.update(file=name, bytes=size, sha256=zeros_sha256(size), quickxor=graph_sim.quickxor(Hollow(size)))
            with open(os.path.join(self.folder, name), "wb") as f:
                f.truncate(size)
            with open(os.path.join(self.folder, name + ".manifest.json"), "w", encoding="utf-8") as f:
                json.dump(manifest, f)
        self.sizes = dict(zip(self.names, sizes))
        self.empty()

    def empty(self):
        """Nothing is there, and nothing was ever asked."""
        sim = self.sim
        for number in [i["id"] for i in sim.items.values() if i["parent"] == sim.folder]:
            del sim.items[number]
        sim.sessions.clear()
        sim.log.clear()
        sim.complaints.clear()
        sim.faults, sim.sent, sim.blind, sim.before, sim.after = [], [], True, None, None

    def begin(self, form="--json", env=None):
        return self.program.start(
            ["upload", form, "--folder", self.program.path(self.folder), *self.names],
            env={"http_proxy": "", "https_proxy": "", "CMMS_BACKUP_DATA": self.program.path(self.user.data),
                 **(env or {})})

    def end(self, process, code=0):
        done = harness.finish(process)
        self.user.untold(done.out, done.err)
        equal(done.code, code, "upload: %s%s %r" % (done.out, done.err, self.sim.log[-12:]))
        return done.json()["files"]

    def journals(self):
        folder = os.path.join(self.user.data, "uploads")
        return [n for n in os.listdir(folder) if n.startswith("upload-")] if os.path.isdir(folder) else []

    def whole(self):
        sim = self.sim
        equal(sim.names(), sorted(n + e for n in self.names for e in ("", ".manifest.json")), "what is there")
        for name, size in self.sizes.items():
            equal(len(sim.data(name)), size, "bytes of " + name)
            with open(os.path.join(self.folder, name + ".manifest.json"), "rb") as f:
                equal(sim.data(name + ".manifest.json"), f.read(), "its manifest")
        equal((sim.complaints, self.journals()), ([], []), "complaints, and journals that are left")

    def in_order(self):
        """Each session's fragments, as they came."""
        sessions = {}
        for number, first, last, _ in self.sim.sent:
            equal(first, sessions.get(number, 0), "the order of the fragments: %r" % self.sim.sent)
            sessions[number] = last + 1
        return list(sessions.values())


def zeros_sha256(size):
    digest, piece = hashlib.sha256(), bytes(MIB)
    for _ in range(size // MIB):
        digest.update(piece)
    digest.update(bytes(size % MIB))
    return digest.hexdigest()


def heard(process, words):
    """Reads the log's lines until one has the words."""
    told = b""
    while words not in told:
        line = process.stdout.readline()
        check(line, "it ends before it says so: %r" % told)
        told += line


class Held:
    """The answers to the first fragment of each session wait until they are let go."""

    def __init__(self, sim):
        self.sim, self.both, self.go, self.held = sim, threading.Event(), threading.Event(), []
        sim.after = self.after

    def after(self, number):
        if any(first == 0 and at == number for _, first, _, at in self.sim.sent):
            self.held.append(number)
            if len(self.held) == 2:
                self.both.set()
            self.go.wait(120 * harness.SCALE)


def test_two_at_once(program):
    """The third begins when one of the first two has ended; what is under way is removed by nobody."""
    with Simulator() as sim:
        desk = Together(program, sim, (70 * MIB, 71 * MIB, 5 * MIB))
        held = Held(sim)
        process = desk.begin()
        try:
            check(held.both.wait(120 * harness.SCALE), "two are under way: %r" % sim.log)
            check(sim.kinds().count("put") == 0 and len(sim.sessions) == 2, "and not the third: %r" % sim.log)
            for name, code in zip(desk.names, (9, 9)):
                done = program.run(["delete", "--force", "--json", "--folder", program.path(desk.folder), name])
                equal(done.code, code, "delete: " + done.out)
                check(name + " is being uploaded" in done.out, done.out)
            other = harness.finish(desk.begin())
            check("another upload from this folder" in other.out, "another program: " + other.out)
        finally:
            held.go.set()
        files = desk.end(process)
        equal([f["file"] for f in files], desk.names, "the order in which they are told")
        desk.whole()
        equal(sorted(desk.in_order()), [70 * MIB, 71 * MIB], "the sessions")
        came = [i["name"] for i in sim.items.values() if "data" in i]
        for name in desk.names:
            check(came.index(name) < came.index(name + ".manifest.json"), "the manifest is the last: %r" % came)
        log = [e for e in harness.log_entries(desk.folder) if e["operation"] == "upload"]
        equal(sorted((e["backup_file"], e["status"]) for e in log), [(n, "success") for n in desk.names], "the log")
        equal([desk.rows()[n] for n in desk.names], [("both", False)] * 3, "the list")
        equal([f["was_there"] for f in desk.end(desk.begin())], [True] * 3, "once more")


def test_stopped_with_two_under_way(program):
    if program.kind == "wine":
        raise harness.Skip("no console event can be sent to a Wine process from outside; the window's Cancel is tested")
    with Simulator() as sim:
        desk = Together(program, sim)
        held = Held(sim)
        process = desk.begin()
        try:
            check(held.both.wait(120 * harness.SCALE), "two are under way: %r" % sim.log)
            process.send_signal(signal.SIGINT)
            files = desk.end(process, code=130)
        finally:
            held.go.set()
        equal([f["error"]["kind"] for f in files], ["cancelled"] * 2, "what is told")
        equal(len(desk.journals()), 2, "journals")
        sim.after = None
        files = desk.end(desk.begin())
        equal([f["resumed_at"] for f in files], [10 * MIB] * 2, "where they go on")
        desk.whole()
        desk.in_order()


def test_killed_with_two_under_way(program):
    """Before the server has looked at the Nth request of them, and after it: then the next run brings both, whole and
    once. No session is left but one of which nobody has heard."""
    with Simulator() as sim:
        desk = Together(program, sim)
        for late in (False, True):
            number = 1 + harness.first_step(5, late)
            while True:
                desk.empty()
                started = []

                def kill(n):  # two may come at once, and have one number
                    if n >= number:
                        started[0].kill()

                if late:
                    sim.after = kill
                else:
                    sim.before = kill
                started.append(desk.begin())
                started[0].wait(240 * harness.SCALE)
                program.kill(started[0])
                sim.before = sim.after = None
                if started[0].returncode == 0:
                    desk.whole()
                    check(number > 16, "only %d requests" % number)
                    break
                for name in desk.names:
                    check(name not in sim.names() or len(sim.data(name)) == desk.sizes[name],
                          "killed at %d: a wrong file has the name" % number)
                files = desk.end(desk.begin())
                equal([f["file"] for f in files], desk.names, "killed at %d, and again" % number)
                check(all(len(s.data) == 0 for s in sim.sessions.values()), "killed at %d: a session is left" % number)
                desk.whole()
                desk.in_order()
                number += 1 if harness.THOROUGH and program.kind == "native" else 5


def test_limit_is_of_both(program):
    """upload_limit_kb holds for the sum. A slow machine can only be slower."""
    with Simulator() as sim:
        desk = Together(program, sim, (8 * MIB, 9 * MIB))
        desk.config("upload_limit_kb=4096")
        moments = []

        def after(_):
            if not moments or (len(moments) == 1 and sim.kinds().count("put") >= 2 and
                               sum(len(i["data"]) for i in sim.items.values() if "data" in i) >= 17 * MIB):
                moments.append(time.monotonic())

        sim.after = after
        desk.end(desk.begin())
        desk.whole()
        least = (17 - 1) / 4  # a quarter of a second's worth goes at once
        check(moments[1] - moments[0] >= 0.98 * least, "17 MiB in %.2f s" % (moments[1] - moments[0]))


def test_one_gate(program):
    """Told to wait, the one waits, and so does the other: the simulator complains of what comes before."""
    with Simulator() as sim:
        desk = Together(program, sim)
        held = Held(sim)
        sim.faults = [Fault("fragment", 429, skip=1, headers={"Retry-After": "5"})]
        process = desk.begin("--no-color")
        try:
            heard(process, b"Waiting ")
        finally:
            held.go.set()  # the first fragment of the one that was not told
        done = harness.finish(process)
        equal(done.code, 0, done.out + done.err)
        desk.whole()
        desk.in_order()
        equal([status for kind, status in sim.log if kind == "fragment"].count(429), 1, "how often it was sent away")


def test_metered(program):
    """Nothing begins on such a line where the settings say so, and it is told once."""
    if program.kind == "wine":
        raise harness.Skip("no console event can be sent to a Wine process from outside")
    with Simulator() as sim:
        desk = Together(program, sim)
        desk.config("on_metered=false")
        process = desk.begin("--no-color", {"CMMS_CONDITIONS": "metered"})
        heard(process, b"The network is metered")
        process.send_signal(signal.SIGINT)
        done = harness.finish(process)
        equal((done.code, done.out.count("The network is metered")), (130, 0), "told again: " + done.out + done.err)
        equal(sim.log, [], "requests")


def test_damaged_and_refused(program):
    """One that fails by itself does not keep the others; where all would fail, no third is begun."""
    with Simulator() as sim:
        desk = Together(program, sim, (MIB, 2 * MIB, 3 * MIB))
        with open(os.path.join(desk.folder, desk.names[0]), "r+b") as f:
            f.write(b"x")
        files = desk.end(desk.begin(), code=7)
        equal(["error" in f for f in files], [True, False, False], "which failed")
        check("its SHA-256 differs from the manifest's" in files[0]["error"]["message"], repr(files[0]))
        equal(sim.names(), sorted(n + e for n in desk.names[1:] for e in ("", ".manifest.json")), "what is there")
    with Simulator() as sim:
        desk = Together(program, sim, (MIB, 2 * MIB, 3 * MIB))
        sim.faults = [Fault("find", 403, code="accessDenied", times=99)]
        files = desk.end(desk.begin(), code=6)
        check(len(files) in (1, 2) and all("error" in f for f in files), "what is tried: %r" % files)
        equal(sim.names(), [], "what is there")


harness.main(__name__, wine=("test_two_at_once",))
