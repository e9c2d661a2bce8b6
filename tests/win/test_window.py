#!/usr/bin/env python3
"""The shipped window, driven by tests/win/ui_test.c, which presses, reads and waits as a person would."""
import contextlib
import datetime
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
import folders  # noqa: E402
from listening import lines_of  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRODUCT = os.environ.get("CMMS_PRODUCT", os.path.join(TOP, "build/product"))
UI_TEST = os.environ.get("CMMS_UI_TEST", os.path.join(TOP, "build/mingw/win/ui_test.exe"))
FIT = os.path.join(TOP, "build/mingw/win/fit.exe")
APP = os.path.join(PRODUCT, "cmms-backup.exe")
SCALE = float(os.environ.get("CMMS_TEST_SCALE") or 1)  # see run.py
failed = False
own_data = tempfile.mkdtemp(prefix="cmms-own-")  # what the program saves for its user


def windows(path):
    return "Z:" + path.replace("/", "\\")


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "CMMS_"))}
    env.update(WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree,mshtml=", CMMS_BACKUP_DATA=windows(own_data),
               CMMS_TEST_SCALE=str(SCALE), CMMS_CONDITIONS="mains")
    env.update(more)
    return env


def say(passed, name, why):
    global failed
    failed = failed or not passed
    print("ok " + name if passed else "not ok %s: %s" % (name, why), flush=True)


class Watch:
    """Over a driver that is silent: where it stood, a picture of the screen and what runs are kept, then it is ended
    with the program that it drives. A single one of its waits takes two minutes at the most."""

    def __init__(self, process, title):
        self.process, self.title, self.last, self.news = process, title, "its start", threading.Event()
        self.over = False
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def heard(self, line):
        self.last = line
        self.news.set()

    def end(self):
        self.over = True
        self.news.set()
        self.thread.join()

    def look(self):
        while self.news.wait(180 * SCALE) and not self.over:
            self.news.clear()
        if self.over:
            return
        say(False, self.title, "the driver says nothing since \"%s\"" % self.last)
        picture = os.path.join(TOP, "build/logs/test/silent-%s.png" % re.sub(r"\W+", "-", self.title))
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["import", "-window", "root", picture], timeout=60, stdin=subprocess.DEVNULL)
        print(subprocess.run(["ps", "-eo", "pid,ppid,etimes,stat,wchan:20,args"], capture_output=True,
                             text=True).stdout, flush=True)
        for image in ("ui_test.exe", "cmms-backup.exe"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(["wine", "taskkill", "/F", "/IM", image], env=environment(), timeout=60,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process.kill()


def answer(process, line, steps):
    """Where the driver asks for a step of ours ("do NAME"): does it, and says "ok" or what is wrong. steps: name →
    function."""
    if not line.startswith("do "):
        return False
    try:
        steps[line[3:]]()
        text = "ok"
    except Exception as why:  # the driver's check fails with it
        text = " ".join(str(why).split())[:400] or type(why).__name__
    process.stdin.write(text.encode() + b"\n")
    process.stdin.flush()
    return True


def drive(scenario, arguments, title, keep_state=False, steps=None, **env):
    """Runs a scenario; its lines become ours, with the title before each name."""
    # Each as on the first day: where a scenario leaves the window is no other's affair.
    state = os.path.join(tempfile.gettempdir(), "cmms-window-%d.json" % os.getpid())
    if os.path.exists(state) and not keep_state:
        os.remove(state)
    command = ["wine", UI_TEST, scenario, windows(APP), "--state", windows(state)] + arguments
    process = subprocess.Popen(command, env=environment(**env),
                               stdin=subprocess.PIPE if steps else subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    lines = []
    watch = Watch(process, title)
    for line in lines_of(process):
        text = line.decode("utf-8", "replace").rstrip()
        watch.heard(text)
        if steps and answer(process, text, steps):
            continue
        print(re.sub(r"^(ok|not ok) ", r"\g<0>%s: " % title, text), flush=True)
        lines += re.findall(r"^(ok|not ok) ", text)
    process.wait()
    watch.end()
    if process.returncode != 0 or not lines:
        global failed
        failed = True
        if "not ok" not in lines:
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
                          stderr=subprocess.DEVNULL, timeout=120 * SCALE)
    say(done.returncode == 0, "--screenshot ends with 0", "it ended with %d" % done.returncode)
    size = picture_size(path) if os.path.exists(path) else (0, 0)
    say(size[0] > 600 and size[1] > 400, "--screenshot writes a picture of the window", "its size is %dx%d" % size)


def fit():
    """Every dialog has room for texts that a translation makes 40 % longer."""
    done = subprocess.run(["wine", FIT, windows(APP)], env=environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120 * SCALE)
    global failed
    failed = failed or done.returncode != 0
    text = done.stdout.decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.startswith(("ok ", "not ok "))]
    print("\n".join(lines) if lines else "not ok texts at 140 %%: fit.exe ended with %d" % done.returncode, flush=True)


def vouch(folder, names, whose):
    """Makes their manifests those of verified backups of that database, made when their names say."""
    for name in names:
        path = os.path.join(folder, name + ".manifest.json")
        with open(path, encoding="utf-8") as f:
            manifest = json.load(f)
        made = datetime.datetime.strptime(name, "cmms_backup_%Y%m%d_%H%M%S.backup").astimezone(datetime.timezone.utc)
        moment = made.strftime("%Y-%m-%dT%H:%M:%SZ")
        manifest.update(whose, host="127.0.0.1", started=moment, finished=moment, verified_at=moment, warnings=[],
                        level="verified", large_objects_expected=manifest["large_objects"],
                        tables=[{**t, "expected": t["rows"]} for t in manifest["tables"]])
        with open(path, "w", encoding="utf-8") as f:
            json.dump(manifest, f)


def actions(work):
    """Two good backups, made of archives that are kept for the reader's tests."""
    folder = os.path.join(work, "Taten ö")
    os.makedirs(folder)
    corpus = os.path.join(TOP, "tests/fuzz/corpus/archive")
    names = ["cmms_backup_20260118_020000.backup", "cmms_backup_20260119_020000.backup"]
    for source, name in zip(("pg17-zstd-tables.backup", "pg18-zstd-tables.backup"), names, strict=True):
        shutil.copy(os.path.join(corpus, source), os.path.join(folder, name))
    cli = os.path.join(PRODUCT, "cmms-backup-cli.exe")
    done = subprocess.run(["wine", cli, "verify", "--all", "--folder", windows(folder)], env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=120 * SCALE)
    say(done.returncode == 0, "two backups are there", "verify ended with %d" % done.returncode)
    vouch(folder, names, {"database": "cmms", "port": "5432", "system_identifier": "7", "database_oid": "16384"})
    drive("manners", ["--folder", windows(folder)], "manners")
    drive("remembered", ["--folder", windows(folder)], "the next start", keep_state=True)
    drive("tray", ["--folder", windows(folder), "--tray"], "tray")
    drive("actions", ["--folder", windows(folder)], "actions")


def identity(folder):
    """What the newest manifest there says of its database."""
    with open(sorted(glob.glob(os.path.join(folder, "*.manifest.json")))[-1], encoding="utf-8") as f:
        manifest = json.load(f)
    return {k: manifest[k] for k in ("database", "port", "system_identifier", "database_oid")}


def old_backups(folder, whose):
    """Two old backups and one of yesterday, verified; and one of an hour ago that is not. whose: what their manifests
    say of the database."""
    os.makedirs(folder)
    corpus = os.path.join(TOP, "tests/fuzz/corpus/archive")
    now = datetime.datetime.now()
    names = ["cmms_backup_20250118_020000.backup", "cmms_backup_20250119_020000.backup"]
    names += [(now - ago).strftime("cmms_backup_%Y%m%d_%H%M%S.backup")
              for ago in (datetime.timedelta(days=1), datetime.timedelta(hours=1))]
    for name in names:
        shutil.copy(os.path.join(corpus, "pg18-zstd-tables.backup"), os.path.join(folder, name))
    cli = os.path.join(PRODUCT, "cmms-backup-cli.exe")
    done = subprocess.run(["wine", cli, "verify", "--all", "--folder", windows(folder)], env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=120 * SCALE)
    say(done.returncode == 0, "four backups are there", "verify ended with %d" % done.returncode)
    vouch(folder, names, whose)
    # The last has not been read since.
    path = os.path.join(folder, names[-1] + ".manifest.json")
    with open(path, encoding="utf-8") as f:
        manifest = json.load(f)
    with open(path, "w", encoding="utf-8") as f:
        json.dump({**manifest, "level": "listed"}, f)


def no_proof_wanted(folder):
    """The status band is content with a verified backup; what it says without a proof, schedule-run shows."""
    with open(os.path.join(folder, "backup_config.json"), "w", encoding="utf-8") as f:
        json.dump({"prove_within_days": 0}, f)


def upkeep(work):
    folder = os.path.join(work, "Pflege ö")
    old_backups(folder, identity(os.path.join(work, "Sicherung ö")))
    no_proof_wanted(folder)
    drive("upkeep", ["--demo", "--demo-size", "40", "--demo-data", windows(os.path.join(work, "demo")), "--folder",
                     windows(folder)], "upkeep")


def damaged(work):
    """A log of 50 MB, whole, of years: only its last entries stay in it."""
    folder = os.path.join(work, "Logs ö")
    folders.several(folder)
    entry = {"timestamp": "", "backup_file": "cmms_backup_20200101_020000.backup", "status": "success",
             "message": "Backup successful " + "x" * 100, "file_size": 12345, "operation": "backup"}
    lines = []
    for n in range(210000):
        entry["timestamp"] = "20%02d-%02d-%02d 02:00:00" % (18 + n // 30000, n // 2500 % 12 + 1, n % 28 + 1)
        lines.append(json.dumps(entry))
    path = os.path.join(folder, "backup_log.json")
    with open(path, "w", encoding="utf-8") as f:
        f.write("[" + ",\n".join(lines) + "]")
    say(os.path.getsize(path) > 50e6, "a log of 50 MB is there", "it has %d bytes" % os.path.getsize(path))
    drive("damaged", ["--folder", windows(folder)], "a log of 50 MB")
    kept = json.load(open(path, encoding="utf-8"))
    say(re.fullmatch(r"backup_log\.json could not be read \(the text is not JSON from byte 21 on\) and was kept as "
                     r"backup_log\.damaged-\d{8}_\d{6}\.json", kept[0]["message"]),
        "the new log's first entry says what was kept aside", repr(kept)[:300])


def hangs(work):
    """What can be opened and never answers: a pipe that somebody holds open and writes nothing to. In the place of a
    manifest, which the listing opens, and of a backup, which its details open."""
    for scenario, suffix in (("hangs", ".manifest.json"), ("details-hang", "")):
        folder = os.path.join(work, scenario)
        os.makedirs(folder)
        name = os.path.join(folder, "cmms_backup_20260118_020000.backup")
        if suffix:
            with open(name, "wb") as f:
                f.write(b"not read")
        os.mkfifo(name + suffix)
        held = os.open(name + suffix, os.O_RDWR)
        try:
            drive(scenario, ["--folder", windows(folder)], "a file that does not answer" + suffix)
        finally:
            os.close(held)


def main():
    work = tempfile.mkdtemp(prefix="cmms-window-")
    try:
        # Two files that are there already: what is not ours to vouch for is shown as such.
        folder = os.path.join(work, "Sicherung ö")
        os.makedirs(folder)
        for name in ("cmms_backup_20250119_143052.backup", "cmms_backup_20250120_020000.backup"):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(b"not a backup at all")
        no_proof_wanted(folder)
        fit()
        drive("plain", ["--folder", windows(os.path.join(work, "empty"))], "no database")
        drive("sample", ["--folder", windows(os.path.join(work, "sample"))], "a sample database")
        own = os.path.join(work, "own schedule")
        os.makedirs(own)
        drive("schedule", ["--folder", windows(os.path.join(work, "Zeitplan ö"))], "schedule",
              CMMS_BACKUP_DATA=windows(own))
        drive("usage", ["--folder"], "wrong option")
        drive("folder", ["--folder", "Z:\\proc\\nowhere"], "wrong folder")
        hangs(work)
        drive("failure", ["--folder", windows(os.path.join(work, "fail")), "-h", "127.0.0.1", "-p", "9", "-U", "nobody",
                          "-d", "nothing"], "no server", PGPASSWORD="x", PGCONNECT_TIMEOUT="5")
        drive("backup", ["--demo", "--demo-size", "40", "--demo-data", windows(os.path.join(work, "demo")),
                         "--folder", windows(folder)], "demo")
        drive("session", ["--demo", "--demo-size", "40", "--demo-data", windows(os.path.join(work, "demo")),
                          "--folder", windows(folder)], "session end")
        no_server_left(work)
        actions(work)
        upkeep(work)
        damaged(work)
        many = os.path.join(work, "many")
        folders.many(many)
        drive("many", ["--folder", windows(many)], "10,000 files")
        screenshot(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(own_data, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
