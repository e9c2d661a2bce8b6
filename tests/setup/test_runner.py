#!/usr/bin/env python3
"""The runner of the tests (tests/run.py): what it counts, what it runs again, and what it calls flaky."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "win")]
import run as runner  # noqa: E402
from listening import lines_of  # noqa: E402

WORK = tempfile.mkdtemp(prefix="cmms-runner-")
runner.LOGS = WORK
failed = False


def equal(name, got, wanted):
    global failed
    failed = failed or got != wanted
    print("ok " + name if got == wanted else "not ok %s: it is %r, not %r" % (name, got, wanted))


def command(name, script, by_test=False, limit=60):
    """A shell script: $count is how often it has been started, "$@" the tests that are wanted."""
    path = os.path.join(WORK, name + ".sh")
    with open(path, "w") as f:
        f.write('echo x >>"%s"; count=$(grep -c . "%s")\n%s\n' % (path + ".n", path + ".n", script))
    return runner.Command(name, ["sh", path], None, limit, by_test)


def outcome(suite, *commands, retry=True):
    """passed, failed names, skipped, flaky names"""
    with contextlib.redirect_stdout(io.StringIO()):
        total, flaky = runner.run_suites([(suite, commands)], 1.0, retry)[suite]
    return (total.passed, [runner.name_of(f) for f in total.failed], len(total.skipped),
            [runner.name_of(f) for f in flaky])


def beside(*group):
    """Of each suite how many passed and which failed."""
    with contextlib.redirect_stdout(io.StringIO()):
        found = runner.run_suites(group, 1.0, False)
    return {suite: (total.passed, total.failed) for suite, (total, _) in found.items()}


GOOD = command("good", "echo ok a; echo 'skip b: no such thing'; echo 'ok 3 - c # SKIP why'; echo ok 4 - d")
equal("what is counted", outcome("lint", GOOD), (2, [], 2, []))
equal("the machine's factor", outcome("lint", command("factor", '[ "$CMMS_TEST_SCALE" = 1.00 ] && echo ok a')),
      (1, [], 0, []))
equal("an exit code that no line explains", outcome("lint", command("silent", "echo ok a; exit 3")),
      (1, ["silent"], 0, []))
equal("no test at all", outcome("lint", command("none", "true")), (0, ["none"], 0, []))
equal("a command that does not end", outcome("lint", command("hangs", "echo ok a; sleep 60 & wait", limit=4)),
      (1, ["hangs"], 0, []))
ONCE = "echo ok one; if [ $count = 1 ]; then echo 'not ok two: why'; exit 1; else echo ok two; fi"
equal("nothing but Wine's is run again", outcome("unit-native", command("native", ONCE)), (1, ["two"], 0, []))
equal("no retry", outcome("e2e-wine", command("hunt", ONCE), retry=False), (1, ["two"], 0, []))
equal("passed when run again", outcome("unit-wine", command("again", ONCE)), (2, [], 0, ["two"]))
SINGLE = """[ $# = 0 ] && set -- test_a test_b test_c
for t in "$@"; do if [ $t = test_b ] && [ $count -lt %d ]; then echo "not ok $t: broken: twice"; bad=1
else echo "ok $t"; fi; done; exit ${bad:-0}"""
equal("only the test that failed", outcome("e2e-wine", command("single", SINGLE % 3, True)), (3, [], 0, ["test_b"]))
equal("one that fails always", outcome("e2e-wine", command("always", SINGLE % 99, True)), (2, ["test_b"], 0, []))
with open(os.path.join(WORK, "always.sh.n")) as f:
    equal("is run again twice at the most", len(f.readlines()), 3)
CRASH = "echo ok one; [ $count = 1 ] && exit 5; echo ok two"
equal("a crash is run again as a whole", outcome("window", command("crash", CRASH)), (2, [], 0, ["crash"]))
MEETS = 'touch "{0}/met%d"; until [ -e "{0}/met%d" ]; do :; done; echo ok a'.format(WORK)
equal("suites beside each other", beside(("lint", [command("first", MEETS % (1, 2))]),
                                         ("setup", [command("second", MEETS % (2, 1))])),
      {"lint": (1, []), "setup": (1, [])})
SCREEN = 'mkdir "{0}/screen" || exit 1; until [ -e "{0}/met9" ]; do :; done; rmdir "{0}/screen"; echo ok a'.format(WORK)
equal("windows one after the other, and others meanwhile",
      beside(("window", [command("one", SCREEN), command("other", SCREEN)]),
             ("lint", [command("beside%d" % n, 'touch "%s/met%d"; echo ok a' % (WORK, n)) for n in range(5, 10)])),
      {"window": (2, []), "lint": (5, [])})
IDLE = "chrt -p $$ | grep -q SCHED_IDLE && echo ok a"
equal("beside a window what runs is behind it",
      beside(("window", [command("shown", "echo ok a")]), ("lint", [command("behind", IDLE)])),
      {"window": (1, []), "lint": (1, [])})
LEFT = command("left", 'sleep 60 & echo $! >"%s/pid"; echo ok a' % WORK)
outcome("lint", LEFT)
with open(WORK + "/pid") as f:
    pid = int(f.read())


def runs():
    """A process that has ended is a zombie until somebody has waited for it."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


end = time.monotonic() + 20
while runs() and time.monotonic() < end:
    time.sleep(0.01)
equal("what a test leaves running ends with it", runs(), False)
FILE = """import harness, os
def test_good(program):
    print(harness.temp_dir())
def test_bad(program):
    print(harness.temp_dir())
    assert False
harness.main(__name__)
"""
with open(WORK + "/test_file.py", "w") as f:
    f.write(FILE)
made = subprocess.run([sys.executable, WORK + "/test_file.py"], capture_output=True, text=True,
                      env=dict(os.environ, PYTHONPATH=os.path.join(TESTS, "e2e"))).stdout
made = [line for line in made.split("\n") if line.startswith("/")]
equal("what a file of tests makes for a time goes with it", [len(made)] + [m for m in made if os.path.exists(m)], [2])
with subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; echo ok a; printf 'ok b'"], stdout=subprocess.PIPE) as driver:
    begun = time.monotonic()
    holds, *said = lines_of(driver)
    equal("a driver is heard until its own end", (said, time.monotonic() - begun < 30), ([b"ok a", b"ok b"], True))
    os.kill(int(holds), 9)
FLAKY = ["keys: Del asks: it does not (w.log)", "keys: Enter keeps: it is gone (w.log)", "a: why (b.log)",
         "keys: it is (v.log)", "2 - b: why (b.log)"]
equal("three may be flaky, and the lines of a scenario are one",
      (runner.verdict([], FLAKY[:4]), runner.verdict(["y"], FLAKY)), ([], ["y", "4 tests were flaky, and 3 may be"]))
FEW, MANY = ["a: why", "b: what"], ["%s: under Wine" % n for n in "cdef"]
equal("a reason that many have is told once", runner.in_short(FEW + MANY), ["4 tests: under Wine"] + FEW)
runner.run_ends = time.monotonic()
equal("the time of the whole run is up", outcome("unit-wine", command("late", "echo ok a")), (0, ["late"], 0, []))
runner.took = {"lint/a": 1, "lint/b": 2}
os.environ.update(CMMS_COMMIT="abc", CMMS_CLEAN="0")
runner.write_report(WORK + "/test.json", {"lint": {"passed": 1}}, ["x"], 2.6)
with open(WORK + "/test.json") as f:
    equal("the report", json.load(f), {"commit": "abc", "clean": False, "seconds": 3, "failed": 1,
                                       "suites": {"lint": {"passed": 1}}, "longest": {"lint/b": 2, "lint/a": 1}})
sys.exit(1 if failed else 0)
