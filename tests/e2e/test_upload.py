"""Uploads to a simulator of SharePoint (graph_sim.py), through tests/fakes/cloud_upload: what has the name there is
whole, whatever happens on the way, and what was brought there already is not sent again.
"""
import base64
import concurrent.futures
import contextlib
import json
import os
import random
import shutil
import subprocess
import time
import graph_sim
import harness
from graph_sim import Fault, Simulator, UNIT
from harness import check, equal

NAME = "cmms_backup_20260119_143052.backup"
FAST = os.path.join(harness.TOP, "build/bench/fakes/cloud_upload")  # without sanitizers; ./dev test --thorough


class Uploader:
    """A file, a folder for journals, a simulator."""

    def __init__(self, program, size, sim, name=NAME, single=UNIT, first=UNIT, most=UNIT, ca="-"):
        self.program, self.sim, self.name = program, sim, name
        self.folder = harness.temp_dir("up")
        self.journals = os.path.join(self.folder, "journals")
        self.path = os.path.join(self.folder, name)
        self.data = random.Random(size).randbytes(size)
        self.limits = [str(single), str(first), str(most)]
        self.ca = ca if ca == "-" else program.path(ca)
        self.more = {}  # of the environment
        self.unit = 10  # milliseconds of each wait that is not told
        self.fast = False
        self.write()

    def write(self):
        with open(self.path, "wb") as f:
            f.write(self.data)

    def driver(self):
        return [FAST if self.fast else os.path.join(harness.NATIVE, "fakes/cloud_upload")] \
            if self.program.kind == "native" else \
            ["wine", os.path.join(harness.TOP, "build/mingw/fakes/cloud_upload.exe")]

    def start(self, *more):
        argv = self.driver() + [self.sim.url, self.ca, self.sim.drive, self.sim.folder,
                                self.program.path(self.journals), str(self.unit), *self.limits,
                                self.program.path(self.path), *more]
        env = {k: v for k, v in self.program.env().items() if not k.lower().endswith("_proxy")}
        return subprocess.Popen(argv, env={**env, **self.more}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def run(self, *more):
        done = harness.finish(self.start(*more))
        self.untold(done.out, done.err)
        return done

    def good(self, *more):
        done = self.run(*more)
        check(done.code == 0, "the upload ended with %d: %s%s; %r" % (done.code, done.out, done.err, self.sim.log[-8:]))
        self.whole()
        return done

    def whole(self):
        equal(self.sim.data(self.name) == self.data, True, "that the file there is the file here")
        equal(self.sim.names(), [self.name], "what is in the folder there")
        equal(self.sim.sessions, {}, "sessions that are left")
        equal(self.sim.complaints, [], "what the simulator complains of")
        equal(self.left(), [], "journals that are left")

    def left(self):
        return [n for n in os.listdir(self.journals) if n.startswith("upload-")] if os.path.isdir(self.journals) else []

    def untold(self, *texts):
        """P7: no token, no session's address, no word of the server's."""
        for name in self.left():
            path = os.path.join(self.journals, name)
            with open(path) as f:
                texts += (f.read(),)
            if self.program.kind == "native":
                equal(os.stat(path).st_mode & 0o777, 0o600, "the journal's rights")
            else:
                session = json.loads(texts[-1])["session"]
                check(not session or b"tempauth" not in base64.b64decode(session), "the address is not sealed")
        for text in texts:
            for needle in ("SECRET", "tempauth", "token-1", "token-2", "/upload/"):
                check(needle not in text, "%s is told: %s" % (needle, text[-1500:]))


def some(program, cases, step, stride=1):
    """Natively all of them, or one in `stride` in a run that is not thorough; under Wine, where a program takes its
    time to start, every so many."""
    return list(harness.a_share(cases, stride) if program.kind == "native" else cases[::step])


def test_sizes(program):
    for size, whole in some(program, ((0, 1), (1, 1), (UNIT - 1, 1), (UNIT, 1), (UNIT + 1, 0), (4 * UNIT - 1, 0),
                                      (4 * UNIT, 0), (4 * UNIT + 1, 0)), 2):
        with Simulator() as sim:
            done = Uploader(program, size, sim).good()
            check(graph_sim.quickxor(random.Random(size).randbytes(size)) in done.out, "the hash: " + done.out)
            kinds = sim.kinds()
            equal((kinds.count("put"), kinds.count("create"), kinds.count("fragment")),
                  (1, 0, 0) if whole else (0, 1, (size + UNIT - 1) // UNIT), "requests for %d bytes" % size)


MIB = 1024 * 1024


class Zeros(Uploader):
    """A sparse file of whatever size, the program's own limits, and a simulator that counts and keeps nothing."""

    def __init__(self, program, size, sim):
        self.size = size
        sim.blind = True
        super().__init__(program, 0, sim, single=0, first=0, most=0)

    def write(self):
        with open(self.path, "wb") as f:
            f.truncate(self.size)

    def whole(self):
        equal(len(self.sim.data(self.name)), self.size, "what came")
        equal((self.sim.names(), self.sim.sessions, self.sim.complaints, self.left()), ([self.name], {}, [], []),
              "what else there is")


def check_fragments(size, sent):
    """10 MiB first, then at most twice the one before, up to the largest, in whole units. Which are doubled is by how
    long each took, which is the machine's affair."""
    check(sum(sent) == size and sent[0] == min(10 * MIB, size), "%d bytes in %r" % (size, sent))
    for before, one in zip(sent, sent[1:]):
        check(one <= min(2 * before, 62586880) and before % UNIT == 0, "%d bytes in %r" % (size, sent))


def test_real_sizes(program):
    """With the limits that the product has: one request up to 60 MiB, then a session; 1 GB natively."""
    sizes = (UNIT - 1, UNIT + 1, 10 * MIB - 1, 10 * MIB + 1, 60 * MIB - 1, 60 * MIB, 60 * MIB + 1, 1 << 30)
    for size in some(program, sizes[:-1], 4, 2) + ([sizes[-1]] if program.kind == "native" else []):
        with Simulator() as sim:
            Zeros(program, size, sim).good()
            sent = [count for method, count, _ in sim.pace if method == "PUT"]
            if size <= 60 * MIB:
                equal(sent, [size], "requests for %d bytes" % size)
            else:
                check_fragments(size, sent)


def test_fragments_grow(program):
    with Simulator() as sim:
        Uploader(program, 20 * UNIT + 7, sim, most=8 * UNIT).good()
        equal(sim.kinds().count("fragment"), 5, "fragments of 1, 2, 4, 8 and the rest")


def test_over_tls(program):
    certificate, ca = graph_sim.certificate(harness.temp_dir("tls"))
    with Simulator(certificate) as sim:
        check(sim.url.startswith("https"), sim.url)
        Uploader(program, 3 * UNIT, sim, ca=ca).good()
    if program.kind == "native":  # Wine's Schannel accepts it
        with Simulator(certificate) as sim:
            done = Uploader(program, 5, sim).run()
            equal(done.code, 5, "exit code where nobody knows the authority: " + done.err)
            equal(sim.names(), [], "what is there")


@contextlib.contextmanager
def through(program, certificate, ca, status=None):
    """An upload to a SharePoint that only a proxy knows: the one that Windows' settings name."""
    with Simulator(certificate) as sim, graph_sim.Proxy((sim.HOST,), sim.server.server_port, status) as proxy:
        sim.url = "https://" + sim.HOST
        up = Uploader(program, 3 * UNIT, sim, ca=ca)
        up.more = {"CMMS_PROXY": "http=none.example:1;https=" + proxy.url[len("http://"):]}
        yield up, proxy


def test_through_a_proxy(program):
    """All of it goes through, and nothing of it is told to the proxy; one that wants a password is named, and the next
    run, where there is none such, brings it."""
    certificate, ca = graph_sim.certificate(harness.temp_dir("tls"), (Simulator.HOST,))
    with through(program, certificate, ca) as (up, proxy):
        up.good()
        check(proxy.heads and not proxy.refused, "what the proxy saw: %r" % proxy.heads)
        up.untold(*proxy.heads)
        check(all("authorization" not in head.lower() for head in proxy.heads), repr(proxy.heads))
    for status, words in ((407, "the proxy of this network asks for a password"),
                          (403, "the proxy of this network does not let this program through to " + Simulator.HOST)):
        with through(program, certificate, ca, status) as (up, proxy):
            done = up.run()
            equal((done.code, done.err.count("\n")), (5, 1), "%d: %s" % (status, done.err))
            check(words in done.err and "Ask your IT administrator" in done.err, done.err)
            equal((up.sim.names(), up.sim.log), ([], []), "what came there")
            proxy.status = None
            up.good()


def test_names(program):
    # Windows gives cloud_upload its arguments in a code page; the program itself takes them as they are.
    for name in ("a # %% & ' %s.backup" % ("ü" if program.kind == "native" else "u"), "50%25.backup",
                 "a+b=c;d,e@f!.backup"):
        with Simulator() as sim:
            Uploader(program, 2 * UNIT, sim, name=name).good()


# name, faults, code of the first run (0: it arrives), then what must be told
FAULTS = [
    ("429 with Retry-After", [Fault("fragment", 429, headers={"Retry-After": "1"}, skip=1)], 0, None),
    ("503 with Retry-After", [Fault("fragment", 503, headers={"Retry-After": "1"}, skip=1)], 0, None),
    ("429 everywhere", [Fault(k, 429) for k in ("find", "drive", "create", "fragment", "status", "rename", "item")], 0,
     None),
    ("503 after it was kept", [Fault("fragment", 503, done=True, skip=1)], 0, None),
    ("509", [Fault("fragment", 509)], 0, None),
    ("500", [Fault("fragment", 500, times=2)], 0, None),
    ("502 and 504", [Fault("fragment", 502), Fault("fragment", 504, times=3)], 0, None),
    ("a lost answer", [Fault("fragment", 0, done=True, skip=1)], 0, None),
    ("a lost fragment", [Fault("fragment", 0, skip=1)], 0, None),
    ("half a fragment is kept", [Fault("fragment", 0, keep=1000, skip=1)], 0, None),
    ("half a fragment is kept, then 500", [Fault("fragment", 500, keep=UNIT - 1)], 0, None),
    ("500 of the last, though it came", [Fault("fragment", 500, done=True, skip=3)], 0, None),
    ("a lost answer to the last", [Fault("fragment", 0, done=True, skip=3)], 0, None),
    ("500 of the last, always", [Fault("fragment", 500, skip=3, times=3)], 0, None),
    ("201 with the session's answer", [Fault("fragment", done=True, skip=3, body={"expirationDateTime": "x",
                                                                              "nextExpectedRanges": []})], 0, None),
    ("202 without progress", [Fault("fragment", 202, body={"nextExpectedRanges": ["0-"]}, times=2)], 0, None),
    ("202 of 142 %", [Fault("fragment", 202, body={"nextExpectedRanges": ["9999999-"]}, times=2)], 0, None),
    ("416", [Fault("fragment", 416, code="invalidRange", inner="fragmentOverlap", skip=2)], 0, None),
    ("tempauth has run out: 401", [Fault("fragment", 401, code="unauthenticated", inner="expiredToken", skip=2),
                                   Fault("status", 401, code="unauthenticated", inner="expiredToken")], 0,
     "it begins again"),
    ("tempauth has run out: 403", [Fault("fragment", 403, code="accessDenied", spelling="innererror", inner="x"),
                                   Fault("status", 403, code="accessDenied")], 0, "it begins again"),
    ("401 of one fragment", [Fault("fragment", 401, skip=1)], 0, None),
    ("404 for a moment", [Fault("fragment", 404, skip=1)], 0, None),
    ("404 for good", [Fault("fragment", 404, skip=1, call=lambda sim: sim.sessions.clear())], 0, "it begins again"),
    ("409 resourceModified", [Fault("fragment", 409, code="resourceModified", skip=1)], 0, None),
    ("412", [Fault("fragment", 412, skip=1)], 0, None),
    ("413", [Fault("fragment", 413)], 0, None),
    ("maxFragmentLengthExceeded", [Fault("fragment", 400, code="invalidRequest", inner="maxFragmentLengthExceeded")], 0,
     None),
    ("423 for a moment", [Fault("fragment", 423)], 0, None),
    ("a fresh folder is not known", [Fault("create", 404, times=3)], 0, None),
    ("a lost answer to the beginning", [Fault("create", 0)], 0, None),
    ("a lost rename", [Fault("rename", 0)], 0, None),
    ("a lost answer to the rename", [Fault("rename", 0, done=True)], 0, None),
    ("500 of the rename though it is done", [Fault("rename", 500, done=True)], 0, None),
    ("423 of the rename", [Fault("rename", 423, times=2)], 0, None),
    ("a token that has run out", [Fault("find", call=lambda sim: sim.tokens.discard("token-1")),
                                  Fault("rename", 401)], 0, None),
    ("the partial is removed by somebody", [Fault("rename", call=lambda sim: sim.items.pop(
        sim.child(sim.folder, NAME + ".partial")["id"]))], 0, None),
    ("the session's address is another's", [Fault("create", 200, body={
        "uploadUrl": "https://evil.example/upload?tempauth=SECRET", "nextExpectedRanges": ["0-"]})], 6,
     "its address is not one of SharePoint"),
    ("the session's address is plain", [Fault("create", 200, body={
        "uploadUrl": "http://contoso.sharepoint.com/upload?tempauth=SECRET"})], 6,
     "its address is not one of SharePoint"),
    ("403 of Graph", [Fault("create", 403, code="accessDenied", times=99)], 6,
     "SharePoint does not allow it: status 403, accessDenied, request 0f8fad5b"),
    ("401 of Graph", [Fault("create", 401, times=99)], 6, "SharePoint does not accept the sign-in"),
    ("507", [Fault("fragment", 507, code="quotaLimitReached", skip=1, times=99)], 8, "the SharePoint library is full"),
    ("400", [Fault("create", 400, code="invalidRequest", inner="pathIsTooLong", times=99)], 2,
     "SharePoint does not take that name or path"),
    ("500 for good", [Fault("fragment", 500, skip=1, times=999)], 5, "SharePoint has a fault"),
    ("429 for good", [Fault("fragment", 429, skip=1, times=999)], 9, "SharePoint is too busy"),
    ("no progress for good", [Fault("fragment", 202, body={"nextExpectedRanges": ["0-"]}, times=999)], 5, None),
    ("a web page", [Fault("find", 200, body=b"<html>Please sign in to the hotel's network</html>", times=99)], 5,
     "what answers is not SharePoint"),
    ("a network that wants a sign-in", [Fault("find", 511, times=99)], 5, "what answers is not SharePoint"),
]


def play(program, name, faults, code, told):
    with Simulator() as sim:
        up = Uploader(program, 3 * UNIT + 1000, sim)
        sim.faults = list(faults)
        saved = [(f.times, f.skip) for f in faults]
        try:
            done = up.run()
            equal(done.code, code, "%s: exit code (%s%s; %r)" % (name, done.out, done.err, sim.log))
            check(not told or told in done.out + done.err, "%s: what is told: %s%s" % (name, done.out, done.err))
            if code:
                equal(NAME in sim.names(), False, name + ": that the name is there")
                sim.faults = []
                done = up.good()
            if told is None or code:  # else it began again
                check(("resumed %d" % UNIT in done.out) == (name in ("507", "500 for good", "429 for good")),
                      "%s: where it went on: %s" % (name, done.out))
            if name.startswith("tempauth"):
                sim.sessions.clear()  # who may not ask for it cannot end it either: it runs out
            up.whole()
        except AssertionError as e:
            raise AssertionError(str(e) if str(e).startswith(name) else "%s: %s" % (name, e))
        finally:
            for fault, (times, skip) in zip(faults, saved):
                fault.times, fault.skip = times, skip


def test_faults(program):
    failed = []
    for fault in some(program, FAULTS, 6, 3):
        try:
            play(program, *fault)
        except AssertionError as e:
            failed.append(str(e))
    check(not failed, "%d of %d: %s" % (len(failed), len(FAULTS), " ||| ".join(failed)))


# Of a small file, which is one PUT: faults, code of the first run.
FAULTS_OF_ONE = [
    ([Fault("put", 429, headers={"Retry-After": "1"})], 0), ([Fault("put", 0, done=True)], 0), ([Fault("put", 0)], 0),
    ([Fault("put", 500, done=True)], 0), ([Fault("put", 504, times=2)], 0), ([Fault("put", 404, times=2)], 0),
    ([Fault("put", 401)], 0), ([Fault("put", 423)], 0), ([Fault("put", 507, times=9)], 8),
    ([Fault("put", 403, times=9)], 6), ([Fault("put", 503, times=99)], 9), ([Fault("put", 0, times=99)], 5)]


def test_faults_of_one_request(program):
    for faults, code in some(program, FAULTS_OF_ONE, 4, 2):
        with Simulator() as sim:
            up = Uploader(program, 1000, sim)
            sim.faults = faults
            done = up.run()
            equal(done.code, code, "exit code with %s (%s%s)" % (faults[0].status, done.out, done.err))
            if code:
                equal(NAME in sim.names(), False, "that the name is there")
                sim.faults = []
                up.good()
            up.whole()


def test_killed_at_every_request(program):
    """Before the server has looked at the Nth request, and after it; then the next run brings it whole. No command line
    and no environment has anything secret meanwhile."""
    with harness.Watched() as watched:
        killed_at_every_request(program)
    watched.clean()


def killed_at_every_request(program):
    step = 1 if harness.THOROUGH and program.kind == "native" else 3
    for late in (False, True):
        number = 1 + harness.first_step(3)
        while True:
            with Simulator() as sim:
                up = Uploader(program, 3 * UNIT + 1000, sim)
                started = []

                def kill(n):
                    if n == number:
                        started[0].kill()

                if late:
                    sim.after = kill
                else:
                    sim.before = kill
                started.append(up.start())
                out = wait_dead(program, started[0])
                sim.before = sim.after = None
                ended = started[0].returncode == 0
                up.untold(*out)
                if not ended:
                    here = [n for n in sim.names() if n == NAME]
                    check(not here or sim.data(NAME) == up.data, "killed at %d: a wrong file has the name" % number)
                    done = up.run()
                    equal(done.code, 0, "killed at %d, and again: %s%s" % (number, done.out, done.err))
                    if sim.kinds()[number - 1] == "create":
                        sim.sessions.clear()  # one that nobody has heard of runs out by itself
                    up.whole()
                else:
                    up.whole()
            if ended:
                check(number > 8, "only %d requests" % number)
                break
            number += step


def wait_dead(program, process):
    try:
        process.wait(timeout=120 * harness.SCALE)
    except subprocess.TimeoutExpired:
        raise AssertionError("the upload does not end")
    return program.kill(process),


def test_goes_on_where_it_stood(program):
    with Simulator() as sim:
        up = Uploader(program, 6 * UNIT, sim)
        sim.faults = [Fault("fragment", 500, skip=4, times=99)]
        equal(up.run().code, 5, "the first run's exit code")
        sim.faults, before = [], sim.kinds().count("fragment")
        done = up.good()
        check("resumed %d" % (4 * UNIT) in done.out, done.out)
        equal(sim.kinds().count("fragment") - before, 2, "fragments of the second run")
    # Other bytes under that name: the old session is ended, nothing of it is used.
    with Simulator() as sim:
        up = Uploader(program, 6 * UNIT, sim)
        sim.faults = [Fault("fragment", 500, skip=4, times=99)]
        equal(up.run().code, 5, "the first run's exit code")
        sim.faults, up.data = [], up.data[1:] + b"x"
        up.write()
        check("resumed 0" in up.good().out, "it begins anew")


def test_a_session_in_its_last_hour(program):
    """tempauth holds for 24 hours: where that will not do, it begins anew beforehand, and says so."""
    for hours, sent, told, resumed in ((22.9, 2, False, 2), (23.5, 2, True, 0), (23.5, 5, False, 5), (30, 2, False, 2)):
        with Simulator() as sim:
            up = Uploader(program, 6 * UNIT, sim)
            sim.faults = [Fault("fragment", 507, code="quotaLimitReached", skip=sent, times=99)]
            equal(up.run().code, 8, "the first run's exit code")
            sim.faults, before = [], len(sim.log)
            path = os.path.join(up.journals, up.left()[0])
            with open(path) as f:
                journal = json.load(f)
            check(abs(journal["begun"] - time.time()) < 3600, "when it was begun: %r" % journal["begun"])
            journal["begun"] -= int(hours * 3600)
            with open(path, "w") as f:
                json.dump(journal, f)
            done = up.good()
            what = "%.1f hours old, %d of 6 there: %s" % (hours, sent, done.out)
            equal("after 24 hours" in done.out and "it begins again" in done.out, told, what)
            check("resumed %d" % (resumed * UNIT) in done.out, what)
            equal(sim.kinds()[before:].count("end"), int(told), what)


def test_hashes(program):
    with Simulator() as sim:
        sim.hash_late = 3
        check("pending" not in Uploader(program, 2 * UNIT, sim).good().out, "a late hash is waited for")
    with Simulator() as sim:
        sim.hash_late = -1
        check("pending" in Uploader(program, 2 * UNIT, sim).good().out, "no hash at all is told")
    with Simulator() as sim:
        sim.wrong_hash = 1
        Uploader(program, 2 * UNIT, sim).good()
    with Simulator() as sim:
        sim.wrong_hash = 99
        up = Uploader(program, 2 * UNIT, sim)
        done = up.run()
        equal((done.code, sim.names()), (7, []), "exit code and what is there")
        check("SharePoint has other bytes of %s than were sent" % NAME in done.err, done.err)


def test_what_is_there(program):
    with Simulator() as sim:
        up = Uploader(program, 2 * UNIT, sim)
        up.good()
        before = len(sim.log)
        check("was-there" in up.good().out, "the same once more")
        equal(sim.kinds()[before:], ["find"], "requests for it")
        up.data += b"x"
        up.write()
        done = up.run()
        equal(done.code, 8, "another file of that name: " + done.err)
        check("another file named %s is on SharePoint" % NAME in done.err, done.err)
        equal(sim.data(NAME), up.data[:-1], "that one stays")
    with Simulator() as sim:  # somebody else's partial: neither used nor removed
        up = Uploader(program, 2 * UNIT, sim)
        sim.add_item(sim.drive, sim.folder, NAME + ".partial", b"another PC's")
        equal(up.run().code, 0, "exit code")
        equal(sim.names(), [NAME, NAME + ".partial"], "what is there")
        equal((sim.data(NAME), sim.data(NAME + ".partial")), (up.data, b"another PC's"), "the files")
    with Simulator() as sim:  # an orphan session that nobody knows: another name
        up = Uploader(program, 2 * UNIT, sim)
        sim.faults = [Fault("create", 0, done=True)]
        equal(up.run().code, 0, "exit code")
        equal(sim.names(), [NAME], "what is there")
    with Simulator() as sim:  # somebody takes the name between our requests
        up = Uploader(program, 2 * UNIT, sim)
        sim.faults = [Fault("rename", call=lambda s: s.add_item(s.drive, s.folder, NAME, b"other"))]
        equal(up.run().code, 8, "exit code")
        equal(sim.data(NAME), b"other", "that one stays")


PARTIAL = NAME + ".partial"
THEIRS = b"somebody's own"


def delete(sim, name):
    item = sim.child(sim.folder, name)
    if item:
        del sim.items[item["id"]]


def rename(sim, name):
    item = sim.child(sim.folder, name)
    if item:
        item["name"], item["version"] = "moved " + name, item["version"] + 1


def replace(sim, name):
    if sim.child(sim.folder, name):
        sim.replaced(name, THEIRS)


def put_there(sim, name):
    if not sim.child(sim.folder, name):
        sim.add_item(sim.drive, sim.folder, name, THEIRS)


def interfered(program, size, act, name, number):
    """An upload before whose Nth request somebody does that; the number of its requests, and its exit code."""
    what = "%s %s before request %d of %d bytes" % (act.__name__, name, number, size)
    with Simulator() as sim:
        up = Uploader(program, size, sim)

        def before(n):
            if n == number:
                with sim.lock:
                    act(sim, name)
        sim.before = before
        done = up.run()
        sim.before = None
        there = sim.data(NAME) if NAME in sim.names() else None
        equal(sim.complaints, [], what + ": complaints")
        check(there in (None, up.data, THEIRS), what + ": a wrong file has the name")
        check(done.code != 0 or there == up.data, "%s: it is called good, and is not there: %s" % (what, done.out))
        one = done.err.count("\n") == (1 if done.code else 0)
        check(done.code in (0, 8) and one, "%s: %d %s" % (what, done.code, done.err))
        if done.code:
            delete(sim, NAME)  # whose it is
            delete(sim, PARTIAL)
            equal(up.run().code, 0, what + ": the next run")
            equal(sim.data(NAME) == up.data, True, what + ": what it has brought")
        return len(sim.log), done.code


def test_somebody_between_any_two_requests(program):
    """Whoever deletes, renames, exchanges or makes a file there meanwhile: it arrives whole, or one sentence says what
    is in its place. Never is a file given the name that is not ours."""
    acts = [(act, name) for act in (delete, rename, replace, put_there) for name in (NAME, PARTIAL)]
    codes = set()
    for size in (1000, 2 * UNIT + 1000):
        for act, name in some(program, acts, 3):
            number, requests = 1, 1
            while number <= requests:
                requests, code = interfered(program, size, act, name, number)
                codes.add((act.__name__, name == NAME, code))
                number += 1 if program.kind == "native" else 4
            check(number > 5, "only %d requests" % requests)
    if program.kind == "native":
        check({("replace", True, 8), ("put_there", True, 8), ("delete", False, 0), ("replace", False, 0)} <= codes,
              "what came of it: %r" % sorted(codes))


def test_two_at_once(program):
    """Two PCs bring one name: the same bytes are there once, of different ones one is refused in words."""
    for seed in some(program, range(20), 7):
        chance = random.Random(seed)
        with Simulator() as sim:
            size, same = chance.choice([1000, 3 * UNIT + 1000]), seed % 3 != 0
            ups = [Uploader(program, size, sim) for _ in range(2)]
            if not same:
                ups[1].data = ups[1].data[::-1]
                ups[1].write()
            waits = [chance.random() * 0.03 for _ in range(200)]
            sim.before = lambda number: time.sleep(waits[number % 200])
            sim.faults = [Fault("fragment", 0, skip=chance.randrange(4), done=chance.random() < 0.5)
                          for _ in range(chance.randrange(3))]
            done = [harness.finish(process) for process in [up.start() for up in ups]]
            what = "seed %d: %r; %r" % (seed, [(d.code, d.err) for d in done], sim.log)
            equal(sorted(d.code for d in done), [0, 0] if same else [0, 8], what)
            winner = [d.code for d in done].index(0)
            equal(sim.data(NAME) == ups[winner].data, True, what)
            equal([n for n in sim.names() if not (n.endswith(".partial") and not same)], [NAME], what)
            equal((sim.sessions, sim.complaints, ups[winner].left()), ({}, [], []), what)
            for up, d in zip(ups, done):
                up.untold(d.out, d.err)
                check(d.code == 0 or "another file named %s is on SharePoint" % NAME in d.err, what)


def test_a_manifest_is_replaced(program):
    with Simulator() as sim:
        up = Uploader(program, 1000, sim)
        sim.add_item(sim.drive, sim.folder, NAME, b"the old one")
        sim.faults = [Fault("put", 0), Fault("put", 503, headers={"Retry-After": "1"})]
        up.good("replace")
        equal([k for k in sim.kinds() if k in ("rename", "create")], [], "renames")


def test_a_library_that_wants_check_out(program):
    """A file there is seen by nobody else until it is checked in: then it is a copy, and not before."""
    for single in (UNIT, 4 * UNIT):
        with Simulator() as sim:
            sim.checkout.add(sim.drive)
            up = Uploader(program, 2 * UNIT, sim, single=single)
            up.good()
            equal(sim.hidden(), [], "what nobody else sees")
            equal(sim.kinds().count("checkin"), 1, "check-ins")
    for fault, told in ((Fault("checkin", 400, code="invalidRequest", times=99), "did not succeed"),
                        (Fault("checkin", 403, code="accessDenied", times=99), "did not succeed")):
        with Simulator() as sim:
            sim.checkout.add(sim.drive)
            up = Uploader(program, 2 * UNIT, sim)
            sim.faults = [fault]
            done = up.run()
            equal((done.code, done.err.count("\n")), (8, 1), "where it is refused: " + done.err)
            check(told in done.err and "Require Check Out" in done.err, done.err)
            sim.faults = []
            check("was-there" in up.good().out, "the next run checks it in and sends nothing")
            equal(sim.hidden(), [], "what nobody else sees")
    for fault in (Fault("checkin", 0), Fault("checkin", 503, headers={"Retry-After": "1"}), Fault("checkin", 500)):
        with Simulator() as sim:
            sim.checkout.add(sim.drive)
            sim.faults = [fault]
            Uploader(program, 2 * UNIT, sim).good()
            equal(sim.hidden(), [], "what nobody else sees")
    with Simulator() as sim:  # a manifest
        sim.checkout.add(sim.drive)
        Uploader(program, 1000, sim).good("replace")
        equal(sim.hidden(), [], "what nobody else sees")


def test_no_room(program):
    with Simulator() as sim:
        sim.quota = UNIT
        done = Uploader(program, 2 * UNIT, sim).run()
        equal(done.code, 8, "exit code: " + done.err)
        check("the SharePoint library is full: 0.62 MB are needed and 0.31 MB are free" in done.err, done.err)
        check("create" not in sim.kinds(), "it is not begun")


KINDS = ["find", "drive", "create", "fragment", "fragment", "fragment", "status", "item", "rename"]


def random_faults(program, seed, fast):
    """It arrives whole once, or there is one error and the next run brings it."""
    chance = random.Random(seed)
    with Simulator() as sim:
        up = Uploader(program, 4 * UNIT + seed, sim)
        up.unit, up.fast = 1, fast
        sim.hash_late = chance.choice([0, 0, 2])
        for _ in range(chance.randrange(1, 12)):
            kind = chance.choice(KINDS)
            status = chance.choice([0, 0, 404, 416, 429, 500, 503, 504, 401, 423] if kind == "fragment" else
                                   [0, 429, 500, 503, 504])
            sim.faults.append(Fault(kind, status, times=chance.randrange(1, 4), skip=chance.randrange(0, 4),
                                    done=chance.random() < 0.4, keep=chance.choice([None, None, 1, UNIT - 1])
                                    if kind == "fragment" and status in (0, 500) else None))
        arrives(up, "seed %d" % seed)
    shutil.rmtree(up.folder)


def arrives(up, what):
    sim = up.sim
    try:
        for _ in range(6):
            done = up.run()
            check(NAME not in sim.names() or sim.data(NAME) == up.data, "a wrong file has the name")
            if done.code == 0:
                break
            check(done.code in (5, 6, 9) and done.err.count("\n") == 1,
                  "one clear error: %d %s" % (done.code, done.err))
        equal(done.code, 0, "the last exit code: " + done.err)
        equal(sim.data(NAME) == up.data, True, "that it is whole")
        equal([n for n in sim.names() if not n.endswith(".partial")], [NAME], "what is there")
        equal(sim.complaints, [], "complaints")
    except AssertionError as e:
        raise AssertionError("%s: %s; %r" % (what, e, sim.log[-60:]))


def test_random_faults(program):
    """A thousand rows of faults with fixed seeds: with --thorough all of them, by the build without sanitizers, eight
    at a time; else a share, which the commit decides, by the one with them."""
    if program.kind != "native":
        for seed in harness.a_share(range(1000), 100):
            random_faults(program, seed, False)
        return
    fast = harness.THOROUGH and os.path.exists(FAST)
    with concurrent.futures.ThreadPoolExecutor(8 if fast else 2) as pool:
        waiting = [pool.submit(random_faults, program, seed, fast) for seed in harness.a_share(range(1000), 25)]
        for one in concurrent.futures.as_completed(waiting):
            if one.exception():
                pool.shutdown(cancel_futures=True)
                raise one.exception()


def test_a_thousand_faults(program):
    """In one upload: of some six tries of a fragment one succeeds, and it arrives."""
    if program.kind != "native":
        raise harness.Skip("the same core runs natively")
    chance = random.Random(1000)
    left, row = [1000], [0]

    def fault(kind):
        if kind != "fragment" or left[0] == 0 or row[0] == 9 or chance.random() > 0.9:
            row[0] = 0 if kind == "fragment" else row[0]
            return None
        left[0], row[0] = left[0] - 1, row[0] + 1
        status = chance.choice([0, 0, 401, 404, 412, 413, 416, 429, 500, 502, 503, 504])
        return Fault(kind, status, done=status in (0, 500, 503) and chance.random() < 0.1,
                     keep=chance.choice([None, 1, 1000, UNIT - 1]) if status in (0, 500) else None)
    with Simulator() as sim:
        up = Uploader(program, 320 * UNIT + 77, sim)
        up.unit, sim.fault = 1, fault
        arrives(up, "a thousand faults")
        equal(left[0], 0, "faults that are left")
    shutil.rmtree(up.folder)


# Schannel, a code page's names, and journals that Windows seals.
harness.main(__name__, wine=("test_sizes", "test_over_tls", "test_names", "test_killed_at_every_request"))
