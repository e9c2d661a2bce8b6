#!/usr/bin/env python3
"""The shipped window, driven by tests/win/ui_test.c, which presses, reads and waits as a person would."""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRODUCT = os.environ.get("CMMS_PRODUCT", os.path.join(TOP, "build/product"))
UI_TEST = os.environ.get("CMMS_UI_TEST", os.path.join(TOP, "build/mingw/win/ui_test.exe"))
APP = os.path.join(PRODUCT, "cmms-backup.exe")
failed = False


def windows(path):
    return "Z:" + path.replace("/", "\\")


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "CMMS_"))}
    env.update(WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree,mshtml=")
    env.update(more)
    return env


def say(passed, name, why):
    global failed
    failed = failed or not passed
    print("ok " + name if passed else "not ok %s: %s" % (name, why), flush=True)


def drive(scenario, arguments, title, **env):
    """Runs a scenario; its lines become ours, with the title before each name."""
    process = subprocess.Popen(["wine", UI_TEST, scenario, windows(APP)] + arguments, env=environment(**env),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out, _ = process.communicate(timeout=900)
    text = out.decode("utf-8", "replace").replace("\r", "")
    for line in text.splitlines():
        print(re.sub(r"^(ok|not ok) ", r"\g<0>%s: " % title, line), flush=True)
    lines = re.findall(r"^(?:ok|not ok) ", text, re.M)
    if process.returncode != 0 or not lines:
        global failed
        failed = True
        if not re.search(r"^not ok ", text, re.M):
            print("not ok %s: the driver ended with %d after %d checks" % (title, process.returncode, len(lines)))


def no_server_left(work):
    """The demo's server ends with the window. Its command line names its data folder."""
    mark = os.path.basename(work).encode()
    left = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                line = f.read()
        except OSError:
            continue
        if mark in line and b"postgres" in line:
            left.append(line.replace(b"\0", b" ").decode(errors="replace"))
    say(not left, "the demo's server ended with the window", "; ".join(left))


def picture_size(path):
    with open(path, "rb") as f:
        head = f.read(24)
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return struct.unpack(">II", head[16:24])
    return (0, 0)


def screenshot(work):
    path = os.path.join(work, "shot.png")
    done = subprocess.run(["wine", APP, "--folder", windows(os.path.join(work, "shot")), "--screenshot", windows(path)],
                          env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, timeout=120)
    say(done.returncode == 0, "--screenshot ends with 0", "it ended with %d" % done.returncode)
    size = picture_size(path) if os.path.exists(path) else (0, 0)
    say(size[0] > 600 and size[1] > 400, "--screenshot writes a picture of the window", "its size is %dx%d" % size)


def actions(work):
    """Two good backups, made of archives that are kept for the reader's tests."""
    folder = os.path.join(work, "Taten ö")
    os.makedirs(folder)
    corpus = os.path.join(TOP, "tests/fuzz/corpus/archive")
    for source, name in (("pg17-zstd-tables.backup", "cmms_backup_20260118_020000.backup"),
                         ("pg18-zstd-tables.backup", "cmms_backup_20260119_020000.backup")):
        shutil.copy(os.path.join(corpus, source), os.path.join(folder, name))
    cli = os.path.join(PRODUCT, "cmms-backup-cli.exe")
    done = subprocess.run(["wine", cli, "verify", "--all", "--folder", windows(folder)], env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    say(done.returncode == 0, "two backups are there", "verify ended with %d" % done.returncode)
    drive("actions", ["--folder", windows(folder)], "actions")


def main():
    work = tempfile.mkdtemp(prefix="cmms-window-")
    try:
        # Two files that are there already: what is not ours to vouch for is shown as such.
        folder = os.path.join(work, "Sicherung ö")
        os.makedirs(folder)
        for name in ("cmms_backup_20250119_143052.backup", "cmms_backup_20250120_020000.backup"):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(b"not a backup at all")
        drive("plain", ["--folder", windows(os.path.join(work, "empty"))], "no database")
        drive("usage", ["--folder"], "wrong option")
        drive("folder", ["--folder", "Z:\\proc\\nowhere"], "wrong folder")
        drive("failure", ["--folder", windows(os.path.join(work, "fail")), "-h", "127.0.0.1", "-p", "9", "-U", "nobody",
                          "-d", "nothing"], "no server", PGPASSWORD="x", PGCONNECT_TIMEOUT="5")
        drive("backup", ["--demo", "--demo-size", "40", "--demo-data", windows(os.path.join(work, "demo")),
                         "--folder", windows(folder)], "demo")
        drive("session", ["--demo", "--demo-size", "40", "--demo-data", windows(os.path.join(work, "demo")),
                          "--folder", windows(folder)], "session end")
        no_server_left(work)
        actions(work)
        many = os.path.join(work, "many")
        os.makedirs(many)
        for n in range(10000):
            day = (n // 8064, n // 672 % 12 + 1, n // 24 % 28 + 1, n % 24)
            name = "cmms_backup_20%02d%02d%02d_%02d0000.backup" % day
            with open(os.path.join(many, name), "wb") as f:
                f.write(b"x")
        drive("many", ["--folder", windows(many)], "10,000 files")
        screenshot(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
