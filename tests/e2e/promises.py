"""What must hold after any fault: the promises of src/ARCHITECTURE.md, looked at from outside, without the program.

`before = look(folder)`, then the fault, then `check_promises(folder, before)`; and `next_run(...)` for "the next run
needs no repair".
"""
import json
import os
import harness
from harness import check, equal

MANIFEST = ".manifest.json"


class Sight:
    """A backup folder as it is found."""

    def __init__(self, folder):
        self.good, self.unfit, self.bare = {}, {}, []
        for name in harness.backups_in(folder):
            path = os.path.join(folder, name)
            if not os.path.exists(path + MANIFEST):
                self.bare.append(name)
                continue
            with open(path + MANIFEST, encoding="utf-8") as f:
                manifest = json.load(f)
            sha, size = harness.sha256_of(path), os.path.getsize(path)
            if (manifest["file"], manifest["sha256"], manifest["bytes"]) != (name, sha, size):
                self.unfit[name] = "%d bytes, the manifest says %s" % (size, manifest["bytes"])
            elif manifest["level"] in ("verified", "proven"):
                self.good[name] = sha
        self.settings = self.read(folder, "backup_config.json")
        self.log = json.loads(self.read(folder, "backup_log.json") or "[]")

    @staticmethod
    def read(folder, name):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as f:
            return f.read()


look = Sight


def check_promises(folder, before, settings=(), output="", gone=()):
    """settings: what backup_config.json may hold instead of what it held. gone: good ones that a person deleted."""
    now = Sight(folder)
    # P1: what is called *.backup is whole and matches its manifest; foreign files are as they were.
    equal(now.unfit, before.unfit, "backups that do not match their manifest")
    check(set(now.bare) <= set(before.bare) | set(gone), "backups without a manifest: %s" % now.bare)
    # P2: whatever is gone has a newer good one (the names' order is that of the time).
    for name in before.good:
        check(name in now.good or name in gone or (now.good and max(now.good) > name),
              "%s is gone, and there is no newer good one: %s" % (name, sorted(now.good)))
        check(name not in now.good or now.good[name] == before.good[name], "%s was changed" % name)
    # P6: settings are the old or the new ones, and no entry of the log is lost.
    check(now.settings == before.settings or now.settings in settings, "the settings: %r" % now.settings)
    equal(now.log[:len(before.log)], before.log, "the log's older entries")
    # P7
    harness.no_secret(folder, output)
    return now


def left_over(folder):
    names = os.listdir(folder)
    return [n for n in names if n.endswith(".partial") or ".tmp-" in n or
            (n.endswith(MANIFEST) and n[:-len(MANIFEST)] not in names)]


def next_run(program, folder, arguments, env=None, codes=(0,)):
    """The next run needs no repair, and leaves nothing of the one before. (P4)"""
    done = program.run(arguments, env=env)
    check(done.code in codes, "the next run needs no repair: %d %s%s" % (done.code, done.out, done.err))
    if arguments[0] in ("backup", "cleanup"):
        equal(left_over(folder), [], "what is left after the next run")
    # It runs a thousand times: for leaks in it test_retention looks.
    done = program.run(["log", "--check", "--json", "--folder", program.path(folder)],
                       env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"})
    equal(done.code, 0, "the log's chain: " + done.out)
    return done


def after_power_cut(folder, synced):
    """The folder as a power cut could leave it: (word, names) pairs, names to bytes. What was not flushed is lost.

    names: every change of names reached the disk, though not all data did. last: no change of names since the folder
    was flushed last. gone: as `last`, but what was removed since is gone."""
    def content(number, size):
        path = os.path.join(synced, str(number))
        if os.path.exists(path):
            with open(path, "rb") as f:
                return f.read()
        return bytes(size)
    now = {e.name: (e.inode(), e.stat().st_size) for e in os.scandir(folder) if e.is_file()}
    last = {}
    with open(os.path.join(synced, "names"), encoding="utf-8") as f:
        for line in f:
            number, name = line.rstrip("\n").split(" ", 1)
            last[name] = int(number)
    yield "names", {n: content(number, size) for n, (number, size) in now.items()}
    kept = {n: content(number, 0) for n, number in last.items() if n not in (".", "..")}
    yield "last", kept
    yield "gone", {n: b for n, b in kept.items() if n in now}


def keep_synced(folder, synced):
    """What is there before the program begins is on the disk."""
    os.makedirs(synced)
    with open(os.path.join(synced, "names"), "w", encoding="utf-8") as names:
        for entry in os.scandir(folder):
            if entry.is_file():
                names.write("%d %s\n" % (entry.inode(), entry.name))
                with open(entry.path, "rb") as f, open(os.path.join(synced, str(entry.inode())), "wb") as to:
                    to.write(f.read())
