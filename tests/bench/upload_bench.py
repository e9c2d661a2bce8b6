#!/usr/bin/env python3
"""`./dev bench upload [--size MB] [--rounds N] [--huge [GB] [--minutes N]]`: how fast a file goes to SharePoint, by the
simulator (e2e/graph_sim.py, over TLS), beside others in the same run; and what memory it takes at its most.

Modelled: each request takes a round trip of 50 ms, each fragment half a second more to be committed, as Microsoft's
do. Against rclone with its default settings, and with the largest fragments that are below 60 MiB (61120k). Without
delay: against one plain PUT of the same bytes by curl. Each figure is the smallest of the rounds, which take turns; the
file is sparse, so that no disk is measured. What cannot be had is left out, with the reason. Ours has read and hashed
all of the file before it sends (twice the reading of the others): that counts.

Four backups of a quarter of the size by the console, which sends two side by side, against the same four one after the
other; the same with a cap on each connection, where two have twice of it. No goal stands for these.

--huge plays a sparse file of 200 GB (or GB) alone, without delays, beside one of 200 MB: seconds, requests, memory. It
is stopped after --minutes (60), and what had come by then is told.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))
import graph_sim  # noqa: E402
import harness  # noqa: E402

OURS = os.path.join(TOP, "build/bench/fakes/cloud_upload")
harness.NATIVE = os.path.join(TOP, "build/bench")  # the console program, and what makes its backup
ROUND_TRIP, COMMIT = 0.05, 0.5
LARGEST = "61120k"
MINUTES = 60
CAP = 20 << 20  # bytes a second of one connection


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

    def run(self, argv, env, delays, other=False, minutes=MINUTES):
        """Seconds of one upload; how many requests brought it; MB of memory at the most."""
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
                code, memory, said = play([a.format(**values) for a in argv], settings, minutes)
                seconds = time.monotonic() - start
            came = sum(count for method, count, _ in sim.pace if method == "PUT")
            if code is None:
                sys.exit("%s was stopped after %d minutes; %.1f GB of %.1f had come" %
                         (argv[0], minutes, came / 2 ** 30, self.size / 2 ** 30))
            if code:
                sys.exit("%s ended with %d: %s" % (argv[0], code, said[-1000:]))
            if came != self.size or sim.complaints:
                sys.exit("%s: %d bytes came instead of %d; %s" % (argv[0], came, self.size, sim.complaints))
            return seconds, sum(1 for method, _, _ in sim.pace if method == "PUT"), memory


def play(argv, env, minutes):
    """Its exit code, None where it was stopped; MB of memory at the most; what it said of errors."""
    stopped = threading.Event()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)

        def stop():
            stopped.set()
            process.kill()

        timer = threading.Timer(minutes * 60, stop)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        words = said.read().decode(errors="replace")
    return None if stopped.is_set() else process.returncode, usage.ru_maxrss / 1024, words


def rows_of(bench):
    ours, plain = ours_row()
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
    for name, figure in best.items():
        tell(name, bench.size, *figure)
    return best


def tell(name, size, seconds, requests, memory):
    print("%-48s %7.2f s  %7.1f MB/s  %3d request(s)  %4.0f MB of memory" %
          (name, seconds, size / seconds / 1e6, requests, memory), flush=True)


def several(megabytes, rounds):
    """Four backups by one command and by four."""
    from test_side_by_side import MIB, Together
    with graph_sim.Simulator() as sim:
        desk = Together(harness.Program("native"), sim, [max(1, megabytes // 4) * MIB] * 4)
        names = list(desk.names)

        def seconds_of(commands):
            desk.empty()
            start = time.monotonic()
            for desk.names in commands:
                desk.end(desk.begin())
            seconds, desk.names = time.monotonic() - start, names
            desk.whole()
            return seconds

        sim.round_trip, sim.commit_time = ROUND_TRIP, COMMIT
        for cap, words in ((0, "four side by side"), (CAP, "the same, %d MB/s a connection" % (CAP / 1e6))):
            sim.cap = cap
            together, alone = [min(figures) for figures in zip(*(
                (seconds_of([names]), seconds_of([[n] for n in names])) for _ in range(rounds)))]
            print("%-48s %7.2f   (%.2f s; %.2f s one after the other = 1)" % (words, alone / together, together, alone),
                  flush=True)


def huge(gigabytes, minutes):
    """Memory does not grow with the file."""
    ours, plain = ours_row()
    print("without delay, a sparse file:", flush=True)
    for size, words in ((200, "200 MB"), (gigabytes << 10, "%d GB" % gigabytes)):
        bench = Bench(size)
        tell(words, bench.size, *bench.run(ours, plain, False, minutes=minutes))
        shutil.rmtree(bench.folder, ignore_errors=True)


def ours_row():
    return ([OURS, "{url}", "{ca}", "{drive}", "{folder}", "{journals}", "1000", "0", "0", "0", "{path}"],
            {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"})


def judge(what, best, other, goal):
    if other in best:
        ratio = best[other][0] / best["cmms-backup"][0]
        print("%-48s %7.2f   goal %g: %s" % (what, ratio, goal, "met" if ratio >= goal else "missed"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=500, help="megabytes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--huge", type=int, nargs="?", const=200, default=0, help="gigabytes, alone")
    parser.add_argument("--minutes", type=int, default=MINUTES, help="that one upload may take")
    options = parser.parse_args()
    if options.huge:
        huge(options.huge, options.minutes)
        return
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
    several(options.size, options.rounds)


try:
    main()
finally:
    for server in harness._servers:
        server.stop()
    for path in harness._temporary:
        shutil.rmtree(path, ignore_errors=True)
