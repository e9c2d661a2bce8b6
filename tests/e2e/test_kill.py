"""Killed at any moment: no *.backup that is not whole, and the next run cleans up and says so. (P1, P3, P4)"""
import os
import random
import signal
import subprocess
import time
import harness
from harness import check, equal, finish
from promises import check_promises, left_over, look, next_run

ROUNDS = {"native": 24 if harness.THOROUGH else 12, "wine": 8 if harness.THOROUGH else 6}


def whole(program, folder):
    """Every *.backup in the folder verifies and has its manifest. (P1)"""
    names = harness.backups_in(folder)
    for name in names:
        check(os.path.exists(os.path.join(folder, name + ".manifest.json")), name + " has no manifest")
    if names:
        done = program.run(["verify", "--json", "--all", "--folder", program.path(folder)])
        equal(done.code, 0, "verify of all that is there: " + done.out)


def tools_of(folder, tool="pg_dump"):
    """The tool's processes that a program working on this folder started: they inherit the mark."""
    mark = ("CMMS_TEST_MARK=" + folder).encode()
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as f:
                marked = mark in f.read().split(b"\0")
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                if marked and tool.encode() in f.read().split(b"\0")[0]:
                    found.append(int(pid))
        except OSError:
            pass
    return found


def start(program, folder, server, database, *more):
    return program.start(["backup", "--folder", program.path(folder), "-h", "127.0.0.1", "-p", str(server.port),
                          "-U", "postgres", "-d", database] + list(more),
                         env={"PGPASSWORD": harness.PASSWORD, "CMMS_TEST_MARK": folder})


def failed(program, folder, before, server, database, done, codes):
    """What every fault of a backup must leave, and that the next run needs no repair."""
    check(done.code in codes, "exit code %d: %s %s" % (done.code, done.out, done.err))
    error = done.json()["error"]
    check(error["message"] and (error["hint"] or done.code == 130), "a sentence and a remedy: %s" % error)
    now = check_promises(folder, before, output=done.out + done.err)
    equal((now.good, left_over(folder)), (before.good, []), "what is left")
    equal(now.log[-1]["status"], "failed", "the log")
    harness.wait_for(lambda: not tools_of(folder), 10, "the end of pg_dump")
    next_run(program, folder, ["backup", "--json", "--folder", program.path(folder)], server.env(database))
    equal(len(look(folder).good), len(before.good) + 1, "good backups after the next run")


def test_kill_in_a_loop(program):
    server = harness.shared_server()
    database = harness.sample(server, "kill", 12)
    folder = harness.temp_dir("k")
    began = time.monotonic()
    program.good_backup(server, database, folder)
    whole_run = time.monotonic() - began
    chance = random.Random(42)
    partials = said = committed = 0
    for n in range(ROUNDS[program.kind]):
        had_partial = bool(harness.partials_in(folder))
        before = len(harness.backups_in(folder))
        process = start(program, folder, server, database)
        # The moments are spread over the whole run; a run that ends sooner is a good backup.
        try:
            process.wait(timeout=whole_run * (n + chance.random()) / ROUNDS[program.kind])
        except subprocess.TimeoutExpired:
            pass
        out = program.kill(process)
        harness.wait_for(lambda: not tools_of(folder), 10, "the end of the orphaned pg_dump (round %d)" % n)
        said += "left by an interrupted backup" in out
        partials += bool(harness.partials_in(folder))
        committed += len(harness.backups_in(folder)) - before
        whole(program, folder)
    check(partials > 0, "at least one kill left a partial file (else nothing was tested)")
    done = program.run(["backup", "--folder", program.path(folder), "-h", "127.0.0.1", "-p", str(server.port),
                        "-U", "postgres", "-d", database], env={"PGPASSWORD": harness.PASSWORD})
    equal(done.code, 0, "the next run needs no repair: " + done.out + done.err)
    equal(harness.partials_in(folder), [], "partial files after the next run")
    check(said > 0 or "left by an interrupted backup" in done.out + done.err, "the clean-up is told")
    whole(program, folder)
    print("# %d kills left %d partial files, %d backups were complete" % (ROUNDS[program.kind], partials, committed))


def test_dump_killed(program):
    """pg_dump itself is killed: no backup, a sentence, nothing left."""
    server = harness.shared_server()
    database = harness.sample(server, "kill", 12)
    folder = harness.temp_dir("k")
    before = look(folder)
    process = start(program, folder, server, database, "--json")
    def dumping():
        return [p for p in tools_of(folder) if harness.partials_in(folder) and
                os.path.getsize(os.path.join(folder, harness.partials_in(folder)[0])) > 0]
    pids = harness.wait_for(dumping, 60, "the dump's start")
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    done = finish(process)
    if done.code == 0:
        raise harness.Skip("pg_dump had ended before it could be killed")
    # Of a process that Linux has killed Wine often says that it ended with 0; then the file is found to be damaged.
    failed(program, folder, before, server, database, done, (4,) if program.kind == "native" else (4, 7))


def test_server_dies(program):
    """The server goes away in the middle of the dump."""
    server = harness.Server()
    try:
        database = harness.sample(server, "gone", 12)
        folder = harness.temp_dir("k")
        before = look(folder)
        process = start(program, folder, server, database, "--json")
        harness.wait_for(lambda: harness.partials_in(folder) and tools_of(folder), 60, "the dump's start")
        server.stop("immediate")
        done = finish(process)
        if done.code == 0:
            raise harness.Skip("the dump had ended before the server was stopped")
        server.start()
        failed(program, folder, before, server, database, done, (4, 5))
    finally:
        server.stop()


def test_interrupt(program):
    """Ctrl+C: exit code 130 within seconds, nothing left."""
    if program.kind == "wine":
        raise harness.Skip("no console event can be sent to a Wine process from outside; the window's Cancel is tested")
    server = harness.shared_server()
    database = harness.sample(server, "kill", 12)
    folder = harness.temp_dir("k")
    before = look(folder)
    process = start(program, folder, server, database, "--json")
    harness.wait_for(lambda: harness.partials_in(folder), 60, "the dump's start")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = finish(process)
    took = time.monotonic() - began
    if done.code == 0:
        raise harness.Skip("the backup had ended before it could be interrupted")
    check(took < 4 * harness.SCALE, "it took %.1f s to stop" % took) # two, and no more when a machine is busy
    failed(program, folder, before, server, database, done, (130,))


def test_two_at_once(program):
    """Two runs on one folder: one works, the other says so; none is lost."""
    server = harness.shared_server()
    database = harness.sample(server, "kill", 12)
    folder = harness.temp_dir("k")
    arguments = ["backup", "--json", "--folder", program.path(folder), "-h", "127.0.0.1", "-p", str(server.port),
                 "-U", "postgres", "-d", database]
    env = {"PGPASSWORD": harness.PASSWORD}
    first = program.start(arguments, env=env)
    harness.wait_for(lambda: harness.partials_in(folder), 60, "the first one's start")
    second = program.run(arguments, env=env)
    out, err = first.communicate(timeout=120 * harness.SCALE)
    equal(first.returncode, 0, "the first: %s" % out.decode())
    if second.code == 0:
        raise harness.Skip("the first had ended before the second began")
    equal(second.code, 9, "the second: " + second.out)
    check("at work" in second.json()["error"]["message"], "the sentence: " + second.out)
    whole(program, folder)


def test_write_faults(program):
    """The Nth write or flush fails, N = 1, 2, 3 ...: never a backup that is not whole, never a false success."""
    if program.kind == "wine":
        raise harness.Skip("the fault library is preloaded into Linux programs; the same core is tested natively")
    library = os.path.join(harness.NATIVE, "libfault.so")
    server = harness.shared_server()
    database = harness.sample(server)
    for what in ("fsync", "rename", "write", "renamed"):
        n, seen = 1, []
        while True:
            folder = harness.temp_dir("f")
            done = program.run(["backup", "--json", "--folder", folder, "-h", "127.0.0.1", "-p", str(server.port),
                                "-U", "postgres", "-d", database],
                               env={"PGPASSWORD": harness.PASSWORD, "LD_PRELOAD": "libasan.so.8 " + library,
                                    "FAULT": "%s:%d" % (what, n), "FAULT_DIR": folder, "FAULT_MARK": folder + ".hit",
                                    "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0:exitcode=99"})
            hit = os.path.exists(folder + ".hit")
            if not hit:
                equal(done.code, 0, "without a fault it works: " + done.out)
                break
            backups = harness.backups_in(folder)
            with open(folder + ".hit") as f:
                where = os.path.relpath(f.read(), folder)
            seen.append(where)
            if done.code == 0:
                equal(len(backups), 1, "success means a backup (%s %d)" % (what, n))
                check(not where.startswith("cmms_backup_"), "%s of %s failed and was not told" % (what, where))
                if where.startswith("backup_log"):
                    # A full disk is tried again, so the entry may be there after all; else it is told.
                    logged = os.path.exists(os.path.join(folder, "backup_log.json")) and harness.log_entries(folder)
                    check(logged or done.json()["warnings"], "%s of %s failed, and it is told" % (what, where))
            else:
                if what == "renamed" and where.endswith(".backup"): # it is there: then it must be whole, see below
                    equal(len(backups), 1, "the rename was done")
                else:
                    equal(backups, [], "failure means none (%s %d): %s" % (what, n, done.out))
                equal(done.code, 8, "exit code (%s %d): %s" % (what, n, done.out))
            equal(harness.partials_in(folder), [], "partials (%s %d)" % (what, n))
            whole(program, folder)
            n += 1
            check(n < 200, "it ends")
        check(any(w.startswith("cmms_backup_") for w in seen), "a %s of the backup was made to fail: %s" % (what, seen))
        if what == "fsync": # the manifest's own would do for the line above
            check(any(w.endswith(".backup.partial") for w in seen), "the flush of the data was made to fail: %s" % seen)
        print("# %s: every one of %d made to fail: %s" % (what, n - 1, ", ".join(seen)))


harness.main(__name__, wine=("test_kill_in_a_loop", "test_dump_killed", "test_two_at_once"))
