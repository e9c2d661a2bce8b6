"""A damaged backup is refused, wherever the damage is. (P1, P3)"""
import os
import random
import shutil
import subprocess
import harness
from harness import check, equal

FLIPS, CUTS = 120, 60


def test_flips_and_truncations(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    report = program.good_backup(server, harness.sample(server), folder)
    path = report["unix_path"]
    size = report["bytes"]
    with open(path, "rb") as f:
        good = f.read()
    chance = random.Random(20260119)
    names, listed_anyway = [], 0
    # Every region has its share: the header, the table of contents, the data, the end.
    places = [i for i in range(20)] + [chance.randrange(20, 4000) for _ in range(20)] + \
        [size - 1 - i for i in range(10)] + [chance.randrange(size) for _ in range(FLIPS - 50)]
    cuts = [0, 1, 5, 100] + [size - 1, size - 2, size - 5] + [chance.randrange(size) for _ in range(CUTS - 7)]
    damaged = harness.temp_dir("d")
    for n, place in enumerate(places + cuts):
        name = "cmms_backup_2025%02d%02d_%06d.backup" % (1 + n // 28 % 12, 1 + n % 28, n)
        content = bytearray(good)
        if n < FLIPS:
            content[place] ^= 1 << chance.randrange(8)
        else:
            del content[place:]
        with open(os.path.join(damaged, name), "wb") as f:
            f.write(content)
        with open(path + ".manifest.json") as f:
            manifest = f.read().replace(os.path.basename(path), name)
        with open(os.path.join(damaged, name + ".manifest.json"), "w") as f:
            f.write(manifest)
        names.append(name)
        listing = subprocess.run([harness.PG_BIN + "/pg_restore", "--list", os.path.join(damaged, name)],
                                 capture_output=True)
        listed_anyway += listing.returncode == 0
    done = program.run(["verify", "--json", "--all", "--folder", program.path(damaged)], limit=900)
    equal(done.code, 7, "exit code")
    files = {f["path"].replace("\\", "/").split("/")[-1]: f for f in done.json()["files"]}
    accepted = [n for n in names if files[n]["ok"]]
    equal(accepted, [], "damaged files that were accepted (of %d)" % len(names))
    equal(len(files), FLIPS + CUTS, "files looked at")
    print("# pg_restore --list accepted %d of %d damaged files; verify accepted none" % (listed_anyway, len(names)))
    # And in the list they are named as what they are.
    listed = program.run(["list", "--json", "--folder", program.path(damaged)]).json()["backups"]
    check(all(b["level"] in ("damaged", "none") for b in listed), "no damaged file counts as good in the list")
    shutil.rmtree(damaged)


def test_truncations_without_manifest(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    report = program.good_backup(server, harness.sample(server), folder)
    with open(report["unix_path"], "rb") as f:
        good = f.read()
    chance = random.Random(7)
    other = harness.temp_dir("d")
    for n in range(20):
        with open(os.path.join(other, "cut%02d.backup" % n), "wb") as f:
            f.write(good[:chance.randrange(len(good))])
    done = program.run(["verify", "--json", "--all", "--folder", program.path(other)])
    equal(done.code, 7, "exit code")
    equal([f["path"] for f in done.json()["files"] if f["ok"]], [], "truncated files that were accepted")


def test_not_a_backup(program):
    folder = harness.temp_dir("b")
    script = "-- PostgreSQL database dump\nSET client_encoding = 'UTF8';\nCREATE TABLE t (a int);\n"
    with open(os.path.join(harness.TOP, "tests/fuzz/corpus/archive/pg17-zstd-tables.backup"), "rb") as f:
        archive = f.read()
    shell = "\ufeffPGDMP".encode("utf-16-le") + b"\x01\0\x10\0" + b"x" * 5000
    files = {"text.backup": (b"hello", 11, "the file is a text, not an archive"), "empty.backup": (b"", 7, "is empty"),
             "zeros.backup": (b"\0" * 5000, 7, "does not begin like"),
             "zip.backup": (b"PK\x03\x04" + b"x" * 5000, 11, "the file is a zip file"),
             "script.backup": (script.encode(), 11, "a plain SQL script, not an archive\nHint: psql reads it"),
             "wide.backup": (("\ufeff" + script).encode("utf-16-le"), 11, "a plain SQL script in UTF-16"),
             "shell.backup": (shell, 11, "an archive that was turned into UTF-16 text\nHint: A shell"),
             "terminal.backup": (archive.replace(b"\n", b"\r\n"), 11,
                                 "line ends were changed on its way\nHint: docker exec -t does that"),
             "toc.dat": (archive[:10] + b"\3" + archive[11:], 11, "pg_dump's directory format\nHint: pg_restore reads")}
    for name, (content, code, words) in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
        done = program.run(["verify", program.path(os.path.join(folder, name))])
        equal(done.code, code, "exit code for " + name)
        check(words in done.err.replace("\r", "") and ("is damaged" in done.err) == (code == 7), done.err)
        check(name in done.err + done.out and "Traceback" not in done.err, "it is named: " + done.err)
    for name, contents, words in (("empty", [], "it is a folder\nHint: Name a file"),
                                  ("dump", ["toc.dat"], "it is an archive in pg_dump's directory format\nHint: pg_re")):
        os.mkdir(os.path.join(folder, name))
        for content in contents:
            open(os.path.join(folder, name, content), "wb").close()
        done = program.run(["verify", program.path(os.path.join(folder, name))])
        equal(done.code, 11, "exit code for the folder " + name)
        check(name + " is no backup of this kind: " + words in done.err.replace("\r", ""), done.err)
    done = program.run(["verify", program.path(os.path.join(folder, "missing.backup"))])
    equal(done.code, 10, "exit code for a file that is not there")
    done = program.run(["verify", "--all", "--json", "--folder", program.path(folder)])
    del files["toc.dat"] # not among the backups
    levels = {os.path.basename(f["path"].replace("\\", "/")): f["level"] for f in done.json()["files"]}
    for name, (content, code, words) in files.items():
        equal(levels[name] == "damaged", code == 7, "the level of " + name)
    logged = [e.get("backup_file") for e in harness.log_entries(folder) if e["operation"] == "verify"]
    check(not [n for n in logged if n in files and files[n][1] == 11], logged)
    names = sorted(n for n in os.listdir(folder) if n.endswith(".manifest.json"))
    equal(names, [], "manifests")


harness.main(__name__, wine=("test_truncations_without_manifest", "test_not_a_backup"))
