#!/usr/bin/env python3
"""Runs every suite and counts. Called inside the root by `./dev test [--no-retry] [--thorough] [SUITE ...]`.

A suite is a list of commands; each prints lines "ok NAME", "not ok NAME: why" or "skip NAME: reason" (cmocka's
TAP output included). A command that ends with another exit code than its lines explain is a failure as well.
The whole output of each command lies in build/logs/test/.

Suites run beside each other, row by row (see BESIDE), and each is told of when its row is done. Time limits follow
the machine: how long a trivial program of Windows takes is measured before each row, and CMMS_TEST_SCALE hands the
factor on to the tests (CMMS_TEST_SLOW: at least this one). Under Wine (see RETRIED) a test that fails is run again by
itself when its row is done, twice at the most; one that passes then counts as passed and is listed as flaky. More than
MOST_FLAKY of them are a failure; --no-retry is for hunting them. What came of a whole run is in build/test.json,
of some suites in build/test-some.json.

A run that is over after MOST_SECONDS names what was running then and what it did not come to, and is a failure.
"""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, namedtuple

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build")
LOGS = os.path.join(BUILD, "logs", "test")
RETRIED = ("unit-wine", "installer", "e2e-wine", "window")
AGAIN = 2
MOST_FLAKY = 3
# About half as much again as it takes on two cores.
MOST_SECONDS = 60 * 60 * (3 if "--thorough" in sys.argv else 1)
# Suites of a row run beside each other, so that none waits for the last test of another. Wine's unit tests and the
# installer have windows of their own, which would take the window's tests the keyboard; and a window is answered by a
# person, who does not work beside two builds: what runs beside it gets what it leaves of the processors.
BESIDE = (("lint", "setup", "unit-native", "fuzz-corpus", "simulate", "window"),
          ("unit-wine", "installer", "e2e-native", "e2e-wine"))
ONE_BY_ONE = ("window",)  # a window needs the screen for itself
# A session has its share of the processors as a whole where the kernel groups by sessions (autogroup).
BEHIND = ("sh", "-c", 'echo 19 2>/dev/null >/proc/self/autogroup; exec chrt -i 0 "$@"', "sh")
# One more than there are processors: there is hardly a test that does not wait at times.
AT_ONCE = (os.cpu_count() or 1) + 1
# These begin first, so that nothing waits for them in the end.
LONGEST = ("test_dialogs", "test_window", "test_packages", "test_fetch", "seeds-21", "seeds-41", "seeds-31", "seeds-1",
           "seeds-11", "seeds-checked", "test_archive", "test_archive_scan", "test_verify", "test_faults-native",
           "installer", "test_restore_in_place-native", "test_sharepoint-native", "test_prove-native",
           "test_restore_hostile-native", "test_prove-wine", "test_public-native", "test_restore_faults-native",
           "test_moments-native", "test_encryption-native", "test_upload-native", "test_sharepoint_cleanup-native",
           "test_network-native", "test_kill-native", "test_public-wine", "test_retention-native",
           "test_preview-native", "test_faults-wine", "test_download-native", "test_onedrive-native",
           "test_engine-wine", "test_schedule-native", "test_report-wine", "test_onedrive-wine", "test_verify.exe",
           "test_archive_scan.exe", "test_kill-wine", "test_encryption-wine")
TRIVIAL = 0.25  # seconds that a trivial program takes under Wine on a machine that is fast and idle
# It is measured before anything runs; when AT_ONCE of them share the processors and Wine's one server, it takes longer.
BUSY = 3
os.chdir(TOP)
took = {}  # seconds of each command
run_ends = time.monotonic() + MOST_SECONDS

# name, argv, environment, seconds; by_test: it takes names of single tests as further arguments.
Command = namedtuple("Command", "name argv env limit by_test", defaults=(False,))
Result = namedtuple("Result", "passed failed skipped seconds")  # failed: lines "NAME: why (log)"


def wine_env(**more):
    env = dict(os.environ, WINEPREFIX=os.path.join(BUILD, "wine"), WINEDEBUG="-all",
               WINEDLLOVERRIDES="mscoree,mshtml=", WINEPATH="Z:\\opt\\pg18\\bin")
    env.update(more)
    return env


def native_env(**more):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:exitcode=99", UBSAN_OPTIONS="print_stacktrace=1")
    env.update(more)
    return env


def units(folder, end):
    return sorted(f for f in glob.glob(os.path.join(BUILD, folder, "unit", "test_*")) if
                  os.path.splitext(f)[1] == end)


def suites():
    tap = dict(CMOCKA_MESSAGE_OUTPUT="TAP")
    base = os.path.basename
    yield "lint", [Command(base(f), ["python3", f], None, 300) for f in sorted(glob.glob("tests/lint/*.py"))]
    yield "setup", [Command(base(f)[:-3], ["python3", f], None, 300)
                    for f in sorted(glob.glob("tests/setup/test_*.py"))]
    yield "unit-native", [Command(base(f), [f], native_env(**tap), 300) for f in units("native", "")]
    yield "unit-wine", [Command(base(f), ["wine", f], wine_env(**tap), 300) for f in units("mingw", ".exe")]
    yield "fuzz-corpus", [
        Command(base(f), [f, "tests/fuzz/corpus/" + base(f)[len("fuzz_"):]], native_env(), 300)
        for f in sorted(glob.glob(os.path.join(BUILD, "native/fuzz/fuzz_*"))) if "." not in base(f)]
    yield "simulate", lives()
    tests = [f for f in sorted(glob.glob("tests/e2e/test_*.py"))]
    # It installs and uninstalls in a prefix of its own, so it needs no other kind; ./dev test packs before.
    yield "installer", [Command("installer", ["python3", "tests/e2e/test_installer.py"], wine_env(), 900)]
    for kind in ("native", "wine"):
        yield "e2e-" + kind, [Command(base(f)[:-3] + "-" + kind, ["python3", f, kind],
                                      native_env() if kind == "native" else wine_env(WINEPATH=""), 1500, True)
                              for f in tests if kind in kinds(f)]
    yield "window", [Command(base(f)[:-3], ["python3", f], wine_env(), 900)
                     for f in sorted(glob.glob("tests/win/test_*.py"))]


def lives():
    """Fifty lives of 400 days in the fast build, ten a command; and short ones with the sanitizers, which cannot follow
    what a program that is killed leaves in memory."""
    fast, checked = (os.path.join(BUILD, kind, "simulate") for kind in ("bench", "native"))
    commands = [Command("seeds-%d" % first, [fast, "--tests", "%d-%d" % (first, first + 9), "400"], None, 600)
                for first in range(1, 51, 10) if os.path.isfile(fast)]
    if os.path.isfile(checked):
        commands.append(Command("seeds-checked", [checked, "--tests", "101-104", "60"],
                                native_env(ASAN_OPTIONS="detect_leaks=0:exitcode=99"), 600))
    return commands


def kinds(test):
    """A test file may say in a line "# runs: native" or "# runs: wine" that it is for one of them only."""
    with open(test, encoding="utf-8") as f:
        found = re.search(r"^# runs: (.*)$", f.read(), re.M)
    return found.group(1).split() if found else ["native", "wine"]


def seconds_left():
    return run_ends - time.monotonic()


def run(suite, command, scale, only=(), again=0, behind=False):
    """Runs a command, or only some of its tests, to its end; behind: only while nobody else wants a processor. What it
    leaves running ends with it."""
    if seconds_left() <= 0:
        return Result(0, ["%s: not run, as the whole run took more than %d minutes" % (command.name,
                                                                                     MOST_SECONDS // 60)], [], 0)
    limit = min(command.limit * scale, seconds_left())
    log = os.path.join(LOGS, "%s-%s%s.log" % (suite, command.name, "-again%d" % again if again else ""))
    start = time.monotonic()
    with open(log, "wb") as out:
        argv = [*(BEHIND if behind else ()), *command.argv, *only]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   env=dict(command.env or os.environ, CMMS_TEST_SCALE="%.2f" % scale))
        try:
            code = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            code = "no end within %d s" % limit
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    passed, failed, skipped = 0, [], []
    with open(log, encoding="utf-8", errors="replace") as f:
        for line in f:
            line = line.rstrip()
            if re.match(r"not ok\b", line):
                failed.append(line[len("not ok"):].strip())
            elif re.match(r"ok\b.*# SKIP", line) or line.startswith("skip "):
                skipped.append(re.sub(r"^(ok|skip)\b[ -]*", "", line))
            elif re.match(r"ok\b", line):
                passed += 1
    if isinstance(code, str) or (code != 0 and not failed):
        failed.append("%s: %s" % (command.name, code if isinstance(code, str) else "exit code %d" % code))
    if code == 0 and not passed and not skipped:
        failed.append("%s: it ran no test" % command.name)
    return Result(passed, ["%s (%s)" % (f, os.path.relpath(log, TOP)) for f in failed], skipped,
                  time.monotonic() - start)


def name_of(failure):
    """The test's name in "1 - NAME (log)", "NAME: why (log)"."""
    return re.sub(r"^(\d+ - )?(.*?)(:.*)?( \(\S+\.log\))?$", r"\2", failure)


def run_again(suite, command, scale, first):
    """The tests that failed once more, by themselves. Returns the result of all, and what was flaky."""
    result = first
    for again in range(1, AGAIN + 1):
        if not result.failed:
            break
        names = sorted({name_of(f) for f in result.failed})
        single = command.by_test and all(n.startswith("test_") for n in names)
        once_more = run(suite, command, scale, names if single else (), again)
        seconds = result.seconds + once_more.seconds
        if single:
            result = Result(result.passed + once_more.passed, once_more.failed, result.skipped + once_more.skipped,
                            seconds)
        else:
            result = once_more._replace(seconds=seconds)
    still = {name_of(f) for f in result.failed}
    return result, [f for f in first.failed if name_of(f) not in still]


def begins(job):
    """Its place in the order of starts; else as listed."""
    return LONGEST.index(job[1].name) if job[1].name in LONGEST else len(LONGEST)


def run_all(jobs, scale):
    """Runs (suite, command) pairs, AT_ONCE at a time. Returns {(suite, name): (begun, ended, result)}."""
    waiting, done, alone, turn = sorted(jobs, key=begins), {}, set(), threading.Condition()
    shown = any(suite in ONE_BY_ONE for suite, _ in jobs)

    def work():
        while True:
            with turn:
                turn.wait_for(lambda: not waiting or any(suite not in alone for suite, _ in waiting))
                job = next((j for j in waiting if j[0] not in alone), None)
                if not job:
                    return
                waiting.remove(job)
                alone.update({job[0]}.intersection(ONE_BY_ONE))
            begun = time.monotonic()
            try:
                result = run(*job, scale, behind=shown and job[0] not in ONE_BY_ONE)
            except Exception as error:
                result = Result(0, ["%s: %s" % (job[1].name, error)], [], time.monotonic() - begun)
            with turn:
                done[job[0], job[1].name] = begun, time.monotonic(), result
                alone.discard(job[0])
                turn.notify_all()
    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def run_suites(group, scale, retry):
    """Runs suites, (name, commands) each, beside each other. Returns {name: (Result, flaky)}, and says them."""
    jobs = [(suite, command) for suite, commands in group for command in commands]
    ends = run_all(jobs, scale)
    return {suite: tell(suite, commands, [ends[suite, c.name] for c in commands], scale, retry)
            for suite, commands in group}


def tell(suite, commands, ends, scale, retry):
    results = [result for _, _, result in ends]
    seconds = max(end for _, end, _ in ends) - min(begun for begun, _, _ in ends)
    flaky = []
    if retry and suite in RETRIED:
        begun = time.monotonic()
        for i, command in enumerate(commands):
            results[i], found = run_again(suite, command, scale, results[i])
            flaky += found
        seconds += time.monotonic() - begun
    longest = sorted(zip(commands, results), key=lambda r: -r[1].seconds)[:3]
    took.update({suite + "/" + c.name: round(r.seconds) for c, r in zip(commands, results)})
    total = Result(sum(r.passed for r in results), [f for r in results for f in r.failed],
                   [s for r in results for s in r.skipped], seconds)
    print("%-12s %5d passed, %d failed, %d skipped  (%.0f s; the longest: %s)" % (
        suite, total.passed, len(total.failed), len(total.skipped), total.seconds,
        ", ".join("%s %.0f s" % (c.name, r.seconds) for c, r in longest)))
    for word, lines in (("FAILED", total.failed), ("flaky", flaky), ("skipped", in_short(total.skipped))):
        for line in lines:
            print("  %-7s %s" % (word, line))
    sys.stdout.flush()
    return total, flaky


def in_short(skipped):
    """Lines "NAME: reason"; a reason that many have is told once. The report has all of them."""
    reasons = Counter(line.partition(": ")[2] for line in skipped)
    many = [reason for reason in reasons if reasons[reason] > 3]
    return (["%d tests: %s" % (reasons[reason], reason) for reason in many] +
            [line for line in skipped if line.partition(": ")[2] not in many])


def verdict(failed, flaky):
    """A scenario of the window says a line for each thing that it looks at: its lines are one test here."""
    tests = {(name_of(f), f.rpartition(" (")[2]) for f in flaky}
    return failed + (["%d tests were flaky, and %d may be" % (len(tests), MOST_FLAKY)]
                     if len(tests) > MOST_FLAKY else [])


def start_wine():
    """One wineserver for the whole run: without it each program would start its own. The command returns when it can
    be reached. Then the prefix' services are brought up; they keep what the first program has for its output."""
    subprocess.run(["wineserver", "-p"], timeout=60, **quiet())
    subprocess.run(["wine", "cmd", "/c", "exit"], timeout=600, **quiet())
    # The desktop is started by the first program that has a window, and holds its output: it is to be this one.
    keeper = os.path.join(BUILD, "mingw/win/desktop.exe")
    if os.path.isfile(keeper):
        subprocess.Popen(["wine", keeper], start_new_session=True, **quiet())


def quiet():
    return dict(env=wine_env(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure():
    """How many times as long as on a fast, idle machine a trivial program of Windows takes now."""
    times = []
    for _ in range(5):
        begun = time.monotonic()
        subprocess.run(["wine", "cmd", "/c", "exit"], timeout=600, **quiet())
        times.append(time.monotonic() - begun)
    trivial = sorted(times)[2]
    return trivial, max(1.0, trivial / TRIVIAL, float(os.environ.get("CMMS_TEST_SLOW") or 1))


def write_report(path, suites_report, failed, seconds):
    """build/test.json: the commit and whether the tree was clean are known to ./dev, outside the root."""
    report = {"commit": os.environ.get("CMMS_COMMIT") or None, "clean": os.environ.get("CMMS_CLEAN") == "1",
              "seconds": round(seconds), "failed": len(failed), "suites": suites_report,
              "longest": dict(sorted(took.items(), key=lambda t: -t[1])[:40])}
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1, ensure_ascii=False)
        f.write("\n")
    os.replace(path + ".new", path)


def be_no_init():
    """As process 1 of the root we would be given the orphans: one that is not waited for keeps its number for ever,
    and a server that was killed seems to be alive. So process 1 only waits, and a child of it does the work."""
    if os.getpid() != 1:
        return
    worker = os.fork()
    if worker == 0:
        return
    while True:
        pid, status = os.wait()
        if pid == worker:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def main():
    # Who was started in the background of a script, or by nohup, ignores such signals, and so would all that is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ignored in (signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_DFL)
    be_no_init()
    retry = "--no-retry" not in sys.argv
    if "--thorough" in sys.argv:
        os.environ["CMMS_TEST_THOROUGH"] = "1"
    wanted = [a for a in sys.argv[1:] if a not in ("--no-retry", "--thorough")]
    known = [name for name, _ in suites()]
    if not set(wanted) <= set(known):
        sys.exit("There is no suite '%s'; there are: %s" % (min(set(wanted) - set(known)), " ".join(known)))
    shutil.rmtree(LOGS, ignore_errors=True)
    os.makedirs(LOGS)
    # What an earlier run found says nothing of this one.
    report = os.path.join(BUILD, "test-some.json" if wanted else "test.json")
    if os.path.exists(report):
        os.remove(report)
    display = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.environ["DISPLAY"] = ":" + display.stdout.readline().decode().strip()
    manager = subprocess.Popen(["openbox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    start = time.monotonic()
    start_wine()
    everything, failed, flaky, passed, skipped = {}, [], [], 0, 0
    try:
        chosen = [(suite, commands) for suite, commands in suites() if not wanted or suite in wanted]
        failed += ["%s: there is nothing to run" % suite for suite, commands in chosen if not commands]
        for row in BESIDE:
            group = [(suite, commands) for suite, commands in chosen if suite in row and commands]
            if not group:
                continue
            trivial, scale = measure()
            if not all(suite in ONE_BY_ONE for suite, _ in group):
                scale = max(scale, BUSY)
            if scale > 1.5:
                print("A trivial program takes %.2f s under Wine: time limits of %s times %.1f." % (
                    trivial, ", ".join(suite for suite, _ in group), scale))
                sys.stdout.flush()
            for suite, (total, found) in run_suites(group, scale, retry).items():
                everything[suite] = {"passed": total.passed, "failed": total.failed, "flaky": found,
                                     "skipped": total.skipped, "seconds": round(total.seconds)}
                passed, skipped = passed + total.passed, skipped + len(total.skipped)
                failed, flaky = failed + total.failed, flaky + found
    finally:
        subprocess.run(["wineserver", "-k"], env=wine_env(), stderr=subprocess.DEVNULL)
        manager.kill()
        display.kill()
    failed = verdict(failed, flaky)
    write_report(report, everything, failed, time.monotonic() - start)
    for title, lines in (("Flaky, passed when run again:", flaky), ("What failed:", failed)):
        if lines:
            print("\n" + title)
            for line in lines:
                print("  " + line)
    print("tests took %.0f s" % (time.monotonic() - start))
    print("%d passed, %d failed, %d skipped" % (passed, len(failed), skipped))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
