#!/usr/bin/env python3
"""`./dev bench window [--rounds N]`: the window's start-up and memory beside notepad's, and how it answers while a job
runs. Start-up and memory take turns with notepad, in one run, on one display; of the times the smallest counts, of
the memory the largest."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRODUCT = os.path.join(TOP, "build/product")
MEASURE = os.path.join(TOP, "build/mingw/win/measure.exe")
APP = os.path.join(PRODUCT, "cmms-backup.exe")
FILES = 50
IDLE_SECONDS = 20
# A server that is not there: the assistant of a first start stays away.
NOWHERE = ["-h", "127.0.0.1", "-p", "9", "-U", "manager", "-d", "cmms"]


def windows(path):
    return "Z:" + path.replace("/", "\\")


def switches(name):
    """How often the threads of a process went to sleep of their own so far: each end of a sleep is a wake-up."""
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                if name not in f.read().split(b"\0")[0].lower():
                    continue
            for task in os.listdir("/proc/%s/task" % pid):
                with open("/proc/%s/task/%s/status" % (pid, task)) as f:
                    total += int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", f.read(), re.M).group(1))
        except (OSError, AttributeError):
            continue
    return total


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "CMMS_"))}
    env.update(WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree,mshtml=")
    return env


def start(class_name, items, command, idle_seconds):
    """start_ms, working set in MB, wake-ups a minute."""
    name = command[0].replace("\\", "/").split("/")[-1].lower().encode()
    process = subprocess.Popen(["wine", MEASURE, "start", class_name, str(items), str(idle_seconds)] + command,
                               env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    figures, before, woke = {}, 0, 0
    for line in process.stdout:
        text = line.decode().strip()
        if text.startswith("idle"):
            time.sleep(idle_seconds / 4)  # what start-up left to do is not idleness
            before = switches(name)
        elif text == "woke":
            woke = switches(name) - before
        elif "=" in text:
            key, value = text.split("=")
            figures[key] = float(value)
    if process.wait():
        sys.exit("%s: measure.exe ended with %d" % (command[0], process.returncode))
    return figures["start_ms"], figures["working_kb"] / 1024, woke * 60 / (idle_seconds * 3 / 4)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench window")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    work = tempfile.mkdtemp(prefix="cmms-bench-")
    try:
        folder = os.path.join(work, "folder")
        os.makedirs(folder)
        corpus = os.path.join(TOP, "tests/fuzz/corpus/archive/pg17-zstd-tables.backup")
        for n in range(FILES):
            name = "cmms_backup_2026%02d%02d_020000.backup" % (n // 28 + 1, n % 28 + 1)
            shutil.copy(corpus, os.path.join(folder, name))
        cli = os.path.join(PRODUCT, "cmms-backup-cli.exe")
        subprocess.run(["wine", cli, "verify", "--all", "--quiet", "--folder", windows(folder)], env=environment(),
                       check=True, stdin=subprocess.DEVNULL)
        programs = {"notepad": ("Notepad", 0, ["C:\\windows\\notepad.exe"]),
                    "cmms-backup": ("CmmsBackupMain", FILES, [windows(APP), "--folder", windows(folder)] + NOWHERE)}
        best = {}
        for n in range(options.rounds):
            for name, (class_name, items, command) in programs.items():
                # The first round's idle time is long, for the wake-ups; the others are for the start.
                a = start(class_name, items, command, IDLE_SECONDS if n == 0 else 1)
                b = best.get(name)
                best[name] = a if b is None else (min(a[0], b[0]), max(a[1], b[1]), b[2])
        print("%-14s %10s %12s %18s" % ("", "start ms", "memory MB", "wake-ups a minute"))
        for name, (ms, working, woke) in best.items():
            print("%-14s %10.0f %12.1f %18.1f" % (name, ms, working, woke))
        ours, theirs = best["cmms-backup"], best["notepad"]
        print("start to the filled list of %d / notepad  %.2f   memory beyond notepad's  %.1f MB" % (
            FILES, ours[0] / theirs[0], ours[1] - theirs[1]))
        demo = [windows(APP), "--demo", "--demo-data", windows(os.path.join(work, "demo")), "--folder", windows(folder)]
        done = subprocess.run(["wine", MEASURE, "answer"] + demo, env=environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=600)
        for line in done.stdout.decode().splitlines():
            found = re.match(r"(\w+) pings=(\d+) mean_us=(\d+) longest_us=(\d+)", line)
            if found:
                print("answers during a %-7s %6d pings, mean %.1f ms, longest %.1f ms" % (
                    found.group(1) + ":", int(found.group(2)), int(found.group(3)) / 1000, int(found.group(4)) / 1000))
        if done.returncode:
            sys.exit("measure.exe ended with %d" % done.returncode)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
