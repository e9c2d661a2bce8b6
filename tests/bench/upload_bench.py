#!/usr/bin/env python3
"""`./dev bench upload [--size MB] [--rounds N]`: how fast a file goes to SharePoint, by the simulator
(e2e/graph_sim.py, over TLS), beside others in the same run.

Modelled: each request takes a round trip of 50 ms, each fragment half a second more to be committed, as Microsoft's
do. Against rclone with its default settings, and with the largest fragments that are below 60 MiB (61120k). Without
delay: against one plain PUT of the same bytes by curl. Each figure is the smallest of the rounds, which take turns; the
file is sparse, so that no disk is measured. What cannot be had is left out, with the reason. Ours has read and hashed
all of the file before it sends (twice the reading of the others): that counts.
"""
import argparse
import os
import shutil
import subprocess
import sys
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))
import graph_sim  # noqa: E402
import harness  # noqa: E402

OURS = os.path.join(TOP, "build/bench/fakes/cloud_upload")
ROUND_TRIP, COMMIT = 0.05, 0.5
LARGEST = "61120k"


def tool(name):
    """Its path, or None; then why is said."""
    path = shutil.which(name)
    if path is None:
        print("%-48s left out: %s" % (name, harness.left_out(name) or "it is not there"))
    return path


class Bench:
    def __init__(self, megabytes):
        self.folder = harness.temp_dir("bench")
        self.path = os.path.join(self.folder, "zeros.backup")
        self.size = megabytes << 20
        with open(self.path, "wb") as f:
            f.truncate(self.size)
        self.pair, self.authority = graph_sim.certificate(self.folder, graph_sim.GRAPH_HOSTS)

    def run(self, argv, env, delays, other=False):
        """Seconds of one upload; and how many requests brought it."""
        with graph_sim.Simulator(self.pair) as sim:
            sim.blind, sim.rclone = True, other
            if delays:
                sim.round_trip, sim.commit_time = ROUND_TRIP, COMMIT
            with graph_sim.Proxy(graph_sim.GRAPH_HOSTS, sim.server.server_port) as proxy:
                journals = os.path.join(self.folder, "journals-%d" % sim.server.server_port)
                values = {"url": sim.url, "ca": self.authority, "drive": sim.drive, "folder": sim.folder,
                          "journals": journals, "path": self.path}
                settings = {**(graph_sim.rclone_environment(self.folder, sim, proxy, self.authority) if other else {}),
                            **env}
                start = time.monotonic()
                done = subprocess.run([a.format(**values) for a in argv], env=settings, stdin=subprocess.DEVNULL,
                                      capture_output=True)
                seconds = time.monotonic() - start
            if done.returncode:
                sys.exit("%s ended with %d: %s" % (argv[0], done.returncode,
                                                   done.stderr.decode(errors="replace")[-1000:]))
            came = sum(count for method, count, _ in sim.pace if method == "PUT")
            if came != self.size or sim.complaints:
                sys.exit("%s: %d bytes came instead of %d; %s" % (argv[0], came, self.size, sim.complaints))
            return seconds, sum(1 for method, _, _ in sim.pace if method == "PUT")


def rows_of(bench):
    plain = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    ours = [OURS, "{url}", "{ca}", "{drive}", "{folder}", "{journals}", "1000", "0", "0", "0", "{path}"]
    delayed, direct = {"cmms-backup": (ours, plain, True)}, {"cmms-backup": (ours, plain, False)}
    rclone, curl = tool("rclone"), tool("curl")
    if rclone:
        copy = [rclone, "--retries", "1", "copyto", "{path}"]
        delayed["rclone, as it comes"] = (copy + ["sp:Backups/zeros.backup"], {}, True, True)
        largest = "sp,chunk_size=%s:Backups/zeros.backup" % LARGEST # --onedrive-chunk-size rounds what it is given
        delayed["rclone, chunk_size=" + LARGEST] = (copy + [largest], {}, True, True)
    if curl:
        direct["curl, one plain PUT"] = ([curl, "-sS", "--fail", "--http1.1", "--cacert", "{ca}", "-H", "Expect:", "-T",
                                          "{path}", "{url}/plain/zeros"],
                                          {**plain, "NO_PROXY": "127.0.0.1"}, False, True)
    return delayed, direct


def measured(bench, rows, rounds):
    best = {}
    for _ in range(rounds):
        for name, row in rows.items():
            figure = bench.run(*row)
            best[name] = min(best.get(name, figure), figure)
    for name, (seconds, requests) in best.items():
        print("%-48s %7.2f s  %7.1f MB/s  %3d request(s)" % (name, seconds, bench.size / seconds / 1e6, requests))
    return best


def judge(what, best, other, goal):
    if other in best:
        ratio = best[other][0] / best["cmms-backup"][0]
        print("%-48s %7.2f   goal %g: %s" % (what, ratio, goal, "met" if ratio >= goal else "missed"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=500, help="megabytes")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    bench = Bench(options.size)
    delayed, direct = rows_of(bench)
    print("%d MB, 50 ms round trip, 0.5 s commit:" % options.size)
    best = measured(bench, delayed, options.rounds)
    print("without delay:")
    plain = measured(bench, direct, options.rounds)
    judge("rate, rclone's default = 1", best, "rclone, as it comes", 1.3)
    judge("rate, rclone with the largest fragments = 1", best, "rclone, chunk_size=" + LARGEST, 1.0)
    judge("rate without delay, curl = 1", plain, "curl, one plain PUT", 0.9)
    shutil.rmtree(bench.folder, ignore_errors=True)


main()
