#!/usr/bin/env python3
"""`./dev bench restore [--size MB] [--rounds N]`: a restore against pg_restore, of the same archive on the same server.

The rows: `restore` as it comes, with its safety backup, every byte read twice, all rows counted and the names changed;
the same without the safety backup, and that by one session (restore_sessions=1); `pg_restore -j2` into an empty
database, which is made beforehand; and the predecessor's `pg_restore --clean --if-exists --no-owner --no-acl` into the
live one. The proof of the safety backup is left out: it needs a server of its own, and is measured by what it says
itself. Each figure is the smallest of the rounds, which take turns.
"""
import argparse
import json
import os
import shutil
import time

import bench
import harness

LIVE = "bench_live"


def drop(server, pattern):
    for name in server.psql("SELECT datname FROM pg_database WHERE datname LIKE '%s'" % pattern).split():
        server.psql('DROP DATABASE "%s" WITH (FORCE)' % name)


def fresh(server, name):
    drop(server, name)
    server.psql("CREATE DATABASE %s TEMPLATE template0" % name)


def one_kind(kind, server, rounds):
    program = harness.Program(kind)
    folder = harness.temp_dir("bench")
    archive = program.good_backup(server, "bench", folder)["unix_path"]
    if kind == "native":
        restore = [harness.PG_BIN + "/pg_restore"]
    else:
        tools = os.path.join(harness.PRODUCT, "tools/17")
        if not os.path.isdir(tools):
            tools = os.path.join(harness.PRODUCT, "tools/18")
        restore = ["wine", tools + "/pg_restore.exe"]
    env = {**program.env(), **server.env(LIVE)}
    alone = harness.temp_dir("alone")
    with open(os.path.join(alone, "backup_config.json"), "w") as f:
        json.dump({"restore_sessions": 1}, f)
    ours = program.argv + ["restore", "--yes", "--quiet", "--no-safety-proof", "--folder"]
    at = program.path(archive)
    whole, bare = "cmms-backup restore, all of it", "cmms-backup restore, no safety backup"
    single = "the same, by one session"
    parallel, before = "pg_restore -j2, empty database", "predecessor: pg_restore --clean"
    rows = {
        before: restore + ["--clean", "--if-exists", "--no-owner", "--no-acl", "-d", LIVE, at],
        parallel: restore + ["-j2", "-d", "bench_empty", at],
        single: ours + [program.path(alone), "--no-safety-backup", at],
        bare: ours + [program.path(folder), "--no-safety-backup", at],
        whole: ours + [program.path(folder), at],
    }
    best = {}
    drop(server, LIVE + "%")
    server.psql("CREATE DATABASE %s TEMPLATE bench" % LIVE)
    for _ in range(rounds):
        for name, argv in rows.items():
            fresh(server, "bench_empty")
            server.psql("CHECKPOINT")
            figure = bench.measure(argv, env)
            best[name] = min(best.get(name, figure), figure)
            drop(server, LIVE + "\\_%")
            for other in harness.backups_in(folder):
                if other != os.path.basename(archive):
                    os.unlink(os.path.join(folder, other))
    print("\n%s" % ("Linux, optimised build" if kind == "native" else "Windows programs under Wine"))
    print("%-40s %9s %9s %9s" % ("", "wall s", "CPU s", "peak MB"))
    for name, (wall, cpu, memory) in best.items():
        print("%-40s %9.2f %9.2f %9.1f" % (name, wall, cpu, memory))
    bench.goal("restore / predecessor, wall", best[whole][0] / best[before][0], 0.6)
    bench.goal("restore / pg_restore -j2, wall", best[whole][0] / best[parallel][0], 1.1)
    bench.goal("without safety backup / predecessor", best[bare][0] / best[before][0], None)
    bench.goal("without safety backup / pg_restore -j2", best[bare][0] / best[parallel][0], None)
    bench.goal("by two sessions / by one", best[bare][0] / best[single][0], None)
    drop(server, "bench\\_%")
    shutil.rmtree(folder)
    shutil.rmtree(alone)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench restore")
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
                one_kind(kind, server, options.rounds)
    finally:
        server.stop()


main()
