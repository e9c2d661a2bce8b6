#!/usr/bin/env python3
"""Runs every suite and counts. Called inside the root by `./dev test [SUITE ...]`.

A suite is a list of commands; each prints lines "ok NAME", "not ok NAME: why" or "skip NAME: reason" (cmocka's
TAP output included). A command that ends with another exit code than its lines explain is a failure as well.
The whole output of each command lies in build/logs/test/.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build")
LOGS = os.path.join(BUILD, "logs", "test")
os.chdir(TOP)


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
    yield "lint", [(os.path.basename(f), ["python3", f], None, 300) for f in sorted(glob.glob("tests/lint/*.py"))]
    yield "unit-native", [(os.path.basename(f), [f], native_env(**tap), 300) for f in units("native", "")]
    yield "unit-wine", [(os.path.basename(f), ["wine", f], wine_env(**tap), 300) for f in units("mingw", ".exe")]
    yield "fuzz-corpus", [
        (os.path.basename(f), [f, "tests/fuzz/corpus/" + os.path.basename(f)[len("fuzz_"):]], native_env(), 300)
        for f in sorted(glob.glob(os.path.join(BUILD, "native/fuzz/fuzz_*"))) if "." not in os.path.basename(f)]
    tests = [f for f in sorted(glob.glob("tests/e2e/test_*.py"))]
    # It installs and uninstalls in a prefix of its own, so it needs no other kind; ./dev test packs before.
    yield "installer", [("installer", ["python3", "tests/e2e/test_installer.py"], wine_env(), 900)]
    for kind in ("native", "wine"):
        yield "e2e-" + kind, [(os.path.basename(f)[:-3] + "-" + kind, ["python3", f, kind],
                               native_env() if kind == "native" else wine_env(WINEPATH=""), 1500)
                              for f in tests if kind in kinds(f)]
    yield "window", [(os.path.basename(f)[:-3], ["python3", f], wine_env(), 900)
                     for f in sorted(glob.glob("tests/win/test_*.py"))]


def kinds(test):
    """A test file may say in a line "# runs: native" or "# runs: wine" that it is for one of them only."""
    with open(test, encoding="utf-8") as f:
        found = re.search(r"^# runs: (.*)$", f.read(), re.M)
    return found.group(1).split() if found else ["native", "wine"]


def run(suite, name, argv, env, limit):
    """Returns (passed, [failures], [skips], seconds)."""
    log = os.path.join(LOGS, "%s-%s.log" % (suite, name))
    start = time.monotonic()
    with open(log, "wb") as out:
        process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            code = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            code = "no end within %d s" % limit
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
    if code != 0 and not failed:
        failed.append("%s: exit code %s" % (name, code))
    if code == 0 and not passed and not skipped:
        failed.append("%s: it ran no test" % name)
    return passed, ["%s (%s)" % (f, os.path.relpath(log, TOP)) for f in failed], skipped, time.monotonic() - start


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
    be_no_init()
    wanted = sys.argv[1:]
    shutil.rmtree(LOGS, ignore_errors=True)
    os.makedirs(LOGS)
    display = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.environ["DISPLAY"] = ":" + display.stdout.readline().decode().strip()
    manager = subprocess.Popen(["openbox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # One wineserver for the whole run: without it each program would start its own.
    keeper = subprocess.Popen(["wineserver", "-f", "-p"], env=wine_env(), stderr=subprocess.DEVNULL)
    # The first Wine program brings up the prefix' services; the tests begin when they stand.
    subprocess.run(["wine", "cmd", "/c", "exit"], env=wine_env(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=180)
    passed, failed, skipped, start = 0, [], [], time.monotonic()
    try:
        for suite, commands in suites():
            if wanted and suite not in wanted:
                continue
            if not commands:
                failed.append("%s: there is nothing to run" % suite)
                continue
            begun = time.monotonic()
            # Two at a time, as the machine has at least two cores; a window needs the screen for itself.
            with concurrent.futures.ThreadPoolExecutor(1 if suite == "window" else 2) as pool:
                results = list(pool.map(lambda c: (c[0],) + run(suite, *c), commands))
            ok = sum(r[1] for r in results)
            bad = [f for r in results for f in r[2]]
            out = [s for r in results for s in r[3]]
            print("%-12s %5d passed, %d failed, %d skipped  (%.0f s; the longest: %s)" % (
                suite, ok, len(bad), len(out), time.monotonic() - begun,
                ", ".join("%s %.0f s" % (r[0], r[4]) for r in sorted(results, key=lambda r: -r[4])[:3])))
            for line in bad:
                print("  FAILED  " + line)
            for line in out:
                print("  skipped " + line)
            sys.stdout.flush()
            passed, failed, skipped = passed + ok, failed + bad, skipped + out
    finally:
        keeper.kill()
        manager.kill()
        display.kill()
    if failed:
        print("\nWhat failed:")
        for line in failed:
            print("  " + line)
    print("tests took %.0f s" % (time.monotonic() - start))
    print("%d passed, %d failed, %d skipped" % (passed, len(failed), len(skipped)))
    sys.exit(1 if failed or not passed else 0)


main()
