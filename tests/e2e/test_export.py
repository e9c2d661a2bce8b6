"""Exporting: the copy at the destination is whole and checked, or it is not there, and one is told. (P1, P3)"""
import os
import subprocess
import harness
from harness import check, equal
from promises import after_power_cut, keep_synced, left_over, look


def made(program):
    folder = harness.temp_dir("x")
    server = harness.shared_server()
    return program.good_backup(server, harness.sample(server), folder)["unix_path"], folder


def export(program, path, to, *more, **kw):
    return program.run(["export", "--json", program.path(path), program.path(to)] + list(more), **kw)


def test_export_and_verify(program):
    path, folder = made(program)
    to = os.path.join(harness.temp_dir("x"), "Freigabe Müller 中 %", *["a folder with a long name " + "x" * 30] * 5)
    os.makedirs(to)
    done = export(program, path, to)
    equal(done.code, 0, "export: " + done.out + done.err)
    copy = os.path.join(to, os.path.basename(path))
    report = done.json()
    equal(harness.sha256_of(copy), harness.sha256_of(path), "the copy's content")
    equal(report["sha256"], harness.sha256_of(path), "the SHA-256 that is told")
    equal(report["level"], "verified", "its level")
    equal(sorted(os.listdir(to)), sorted([os.path.basename(path), os.path.basename(path) + ".manifest.json"]),
          "what is there")
    done = program.run(["verify", "--json", program.path(copy)])
    equal(done.code, 0, "the copy verifies: " + done.out)
    check(done.json()["files"][0]["compared_hash"], "against its manifest")
    last = harness.log_entries(folder)[-1]
    equal((last["operation"], last["status"], last["backup_file"]), ("export", "success", os.path.basename(path)),
          "the log")
    # A name in the backup folder; what is there already is not overwritten unless told.
    name = os.path.basename(path)
    done = program.run(["export", "--json", "--folder", program.path(folder), name, program.path(to)])
    equal(done.code, 8, "a second time: " + done.out)
    check("already" in done.json()["error"]["message"], "the sentence: " + done.out)
    done = program.run(["export", "-q", "--folder", program.path(folder), name, program.path(to), "--overwrite"])
    equal(done.code, 0, "told to overwrite: " + done.out + done.err)
    check(done.out.strip().endswith(name) and len(done.out.splitlines()) == 1, "only the path: %r" % done.out)


def test_flipped_source(program):
    path, folder = made(program)
    to = harness.temp_dir("x")
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 1]))
    done = export(program, path, to)
    equal(done.code, 7, "exit code: " + done.out)
    equal(os.listdir(to), [], "what is at the destination")
    listed = program.run(["list", "--json", "--folder", program.path(folder)]).json()
    equal(listed["backups"][0]["level"], "damaged", "the list knows it from now on")


def test_full_destination(program):
    path, folder = made(program)
    to = harness.temp_dir("x")
    size = os.path.getsize(path)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dk" % (size // 2048), "tmpfs", to], check=True)
    try:
        done = export(program, path, to)
        equal(done.code, 8, "exit code: " + done.out)
        error = done.json()["error"]
        equal(error["kind"], "space", "the kind: %s" % error)
        check("room" in error["message"] and error["hint"], "the sentence: %s" % error)
        equal(os.listdir(to), [], "what is at the destination")
        subprocess.run(["mount", "-o", "remount,size=%dm" % (size // 1000000 + 10), to], check=True)
        equal(export(program, path, to).code, 0, "with room it works")
    finally:
        subprocess.run(["umount", to], check=True)


def test_read_only_destination(program):
    path, folder = made(program)
    to = harness.temp_dir("x")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", to], check=True)
    try:
        done = export(program, path, to)
        check(done.code == 8 and done.json()["error"]["hint"], "exit code and hint: " + done.out)
        last = harness.log_entries(folder)[-1]
        equal((last["operation"], last["status"]), ("export", "failed"), "the log")
    finally:
        subprocess.run(["umount", to], check=True)


def test_wrong_arguments(program):
    path, folder = made(program)
    equal(program.run(["export", program.path(path)]).code, 2, "without a folder")
    equal(export(program, path, os.path.join(folder, "missing")).code, 10, "a folder that is not there")
    equal(export(program, path + "x", folder).code, 10, "a backup that is not there")


def test_write_faults(program):
    """The Nth write, flush or rename at the destination fails: never a copy that is not whole under its name."""
    if program.kind == "wine":
        raise harness.Skip("the fault library is preloaded into Linux programs; the same core is tested natively")
    path, _ = made(program)
    library = os.path.join(harness.NATIVE, "libfault.so")
    for what in ("fsync", "rename", "write"):
        n, copies = 1, 0
        while True:
            to = harness.temp_dir("f")
            done = export(program, path, to,
                          env={"LD_PRELOAD": "libasan.so.8 " + library, "FAULT": "%s:%d" % (what, n), "FAULT_DIR": to,
                               "FAULT_MARK": to + ".hit",
                               "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0:exitcode=99"})
            if not os.path.exists(to + ".hit"):
                equal(done.code, 0, "without a fault it works: " + done.out)
                break
            with open(to + ".hit") as f:
                where = f.read()
            copies += where.endswith((".partial", ".backup"))
            n += 1
            check(n < 100, "it ends")
            if done.code == 0:
                # The file system cannot flush a folder: the copy stands, whole.
                equal(os.path.normpath(where), to, "what failed and was not told (%s)" % what)
                equal(program.run(["verify", "--json", os.path.join(to, os.path.basename(path))]).code, 0, "the copy")
                continue
            equal(done.code, 8, "exit code (%s %d): %s" % (what, n, done.out))
            equal(harness.backups_in(to), [], "copies (%s %d)" % (what, n))
            equal(harness.partials_in(to), [], "partials (%s %d)" % (what, n))
        check(copies > 0, "a %s of the copy was made to fail" % what)


def test_killed_and_without_power(program):
    """Killed before the Nth change at the destination, N = 1, 2, 3 ..., and what a power cut would leave of it: what is
    called *.backup there is whole, and the next export needs no repair."""
    if program.kind == "wine":
        raise harness.Skip("the fault library is preloaded into Linux programs; the same core is tested natively")
    path, _ = made(program)
    n, cuts = 0, 0
    while True:
        n += 1
        to = os.path.join(harness.temp_dir("f"), "to")
        os.mkdir(to)
        keep_synced(to, to + ".synced")
        done = export(program, path, to,
                      env={"LD_PRELOAD": "libasan.so.8 " + os.path.join(harness.NATIVE, "libfault.so"),
                           "FAULT": "kill:%d" % n, "FAULT_DIR": to, "FAULT_MARK": to + ".hit",
                           "FAULT_SYNCED": to + ".synced",
                           "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0:exitcode=99"})
        hit = os.path.exists(to + ".hit")
        equal(done.code, -9 if hit else 0, "step %d: %s" % (n, done.out))
        seen = look(to)
        equal((seen.unfit, seen.bare), ({}, []), "copies that are not whole (step %d)" % n)
        for word, names in after_power_cut(to, to + ".synced"):
            cut = to + "." + word
            os.mkdir(cut)
            for name, content in names.items():
                with open(os.path.join(cut, name), "wb") as f:
                    f.write(content)
            seen = look(cut)
            equal((seen.unfit, seen.bare), ({}, []), "copies after a power cut (%s) before step %d" % (word, n))
            check(hit or len(seen.good) == 1, "what was told to be done is on the disk (%s)" % word)
            cuts += 1
        if not hit:
            break
        equal(export(program, path, to, "--overwrite").code, 0, "the next export (step %d)" % n)
        equal((left_over(to), len(look(to).good)), ([], 1), "what is there after it (step %d)" % n)
        check(n < 100, "it ends")
    check(n > 5, "steps: %d" % n)
    print("# killed at every one of %d steps, %d states after a power cut" % (n - 1, cuts))


harness.main(__name__, wine=("test_export_and_verify", "test_full_destination"))
