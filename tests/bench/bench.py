#!/usr/bin/env python3
"""`./dev bench [--size MB] [--rounds N]`: ratios measured side by side in one run, never absolute promises.

The rows: a backup with all its checks against `pg_dump -Fc -v` as the predecessor ran it, and against the bare
pg_dump with our own options; `verify` against `pg_restore -f /dev/null` on the same file, ours and the predecessor's
(gzip). Natively (optimised build), then the Windows programs under Wine. Each figure is the smallest of the rounds,
which take turns.
"""
import argparse
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
os.environ["CMMS_NATIVE"] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "bench")
import harness  # noqa: E402


def measure(argv, env):
    """Wall seconds, CPU seconds of it and its children, peak memory in MB of the largest process."""
    start = time.monotonic()
    process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit("%s ended with %d: %s" % (argv, status, errors.decode(errors="replace")[-1000:]))
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def goal(what, figure, most):
    print("%-40s %6.2f%s" % (what, figure, "" if most is None else
                             "   goal %g: %s" % (most, "met" if figure <= most else "missed")))


def one_kind(kind, server, database, rounds):
    program = harness.Program(kind)
    folder = harness.temp_dir("bench")
    if kind == "native":
        dump, restore = [harness.PG_BIN + "/pg_dump"], [harness.PG_BIN + "/pg_restore"]
        null = "/dev/null"
    else:
        tools = os.path.join(harness.PRODUCT, "tools/17")
        if not os.path.isdir(tools):
            tools = os.path.join(harness.PRODUCT, "tools/18")
        dump, restore = ["wine", tools + "/pg_dump.exe"], ["wine", tools + "/pg_restore.exe"]
        null = "NUL"
    env = {**program.env(), **server.env(database)}
    out = os.path.join(folder, "plain.backup")
    ours = os.path.join(folder, "ours")
    os.makedirs(ours)
    at = program.path
    rows = {
        "predecessor: pg_dump -Fc -v": dump + ["-F", "c", "-v", "-f", at(out)],
        "bare pg_dump, zstd:1": dump + ["-Fc", "--compress=zstd:1", "-f", at(out + "1")],
        "cmms-backup backup, all checks": program.argv + ["backup", "--quiet", "--folder", at(ours)],
    }
    best, size = {}, {}
    for _ in range(rounds):
        for name, argv in rows.items():
            figure = measure(argv, env)
            best[name] = min(best.get(name, figure), figure)
            if name.startswith("cmms"):
                path = os.path.join(ours, harness.backups_in(ours)[-1])
                size[name] = os.path.getsize(path)
                if len(harness.backups_in(ours)) > 1:
                    os.unlink(os.path.join(ours, harness.backups_in(ours)[0]))
            else:
                size[name] = os.path.getsize(argv[-1] if kind == "native" else argv[-1][2:].replace("\\", "/"))
    checks = {
        "pg_restore -f NULL": restore + ["-f", null, at(path)],
        "cmms-backup verify": program.argv + ["verify", "--quiet", at(path)],
        "the same of the predecessor's file": restore + ["-f", null, at(out)],
        "verify of the predecessor's file": program.argv + ["verify", "--quiet", at(out)],
    }
    for _ in range(rounds):
        for name, argv in checks.items():
            figure = measure(argv, env)
            best[name] = min(best.get(name, figure), figure)
    print("\n%s" % ("Linux, optimised build" if kind == "native" else "Windows programs under Wine"))
    print("%-34s %9s %9s %9s %10s" % ("", "wall s", "CPU s", "peak MB", "file MB"))
    for name, (wall, cpu, memory) in best.items():
        print("%-34s %9.2f %9.2f %9.1f %10s" % (name, wall, cpu, memory,
                                                "%.1f" % (size[name] / 1e6) if name in size else ""))
    a, b, c = (best[n] for n in rows)
    d, e, f, g = (best[n] for n in checks)
    goal("backup / predecessor, wall", c[0] / a[0], 0.25)
    goal("backup / predecessor, file", size["cmms-backup backup, all checks"] / size["predecessor: pg_dump -Fc -v"], 1)
    goal("backup / bare pg_dump, wall", c[0] / b[0], 1.15)
    goal("verify / pg_restore -f NULL, wall", e[0] / d[0], 0.6)
    goal("verify / pg_restore, predecessor's files", g[0] / f[0], None)
    goal("verify / pg_restore, each its own file", e[0] / f[0], None)
    goal("verify / pg_restore -f NULL, CPU", e[1] / d[1], None)
    goal("backup, peak memory in MB", c[2], 64)
    goal("verify, peak memory in MB", e[2], 64)
    shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--size", type=int, default=1000, help="MB of the generated CMMS database")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["native", "wine"])
    options = parser.parse_args()
    server = harness.Server(settings=["shared_buffers = 512MB", "max_wal_size = 4GB"])
    try:
        harness.sample(server, "bench", options.size)
        print("%s, %d cores, load %.1f" % (time.strftime("%Y-%m-%d"), os.cpu_count(), os.getloadavg()[0]))
        print("database: %s MB on disk" % server.psql("SELECT pg_database_size('bench') / 1000000"))
        for kind in ("native", "wine"):
            if options.only in (None, kind):
                one_kind(kind, server, "bench", options.rounds)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
