"""The table of faults, row by row, where no other file has the cell; tests/e2e/FAULTS.md says which has which."""
import concurrent.futures
import contextlib
import itertools
import json
import os
import queue
import shutil
import signal
import subprocess
import harness
from harness import check, equal, finish, PASSWORD
from promises import after_power_cut, check_promises, keep_synced, left_over, look, next_run, MANIFEST
from test_kill import tools_of
from test_retention import aged, lone_manifests, small_database

AT_ONCE = 2 # of a row of steps; more of them would only be runs behind the last one
ONLY_NATIVE = "the fault library is preloaded into Linux programs; the same core is tested natively"


# --- places ------------------------------------------------------------------------------------------------------

class Place:
    """A folder with a new backup of a small database, two old ones, and settings; and what works on it."""
    templates = {}

    def __init__(self, program, database):
        self.program, self.database, self.server = program, database, harness.shared_server()
        if database not in self.templates:
            small_database(self.server, database)
            folder = harness.temp_dir("tpl")
            harness.Program("native").good_backup(self.server, database, folder)
            newest = harness.backups_in(folder)[0]
            old = [aged(folder, newest, 40 + n) for n in range(2)]
            with open(os.path.join(folder, "backup_config.json"), "w", encoding="utf-8") as f:
                f.write('{"retention_days": 30, "theme": "kept"}')
            self.templates[database] = (folder, newest, old)
        template, self.newest, self.old = self.templates[database]
        self.folder = os.path.join(harness.temp_dir("f"), "b")
        shutil.copytree(template, self.folder)
        self.before = look(self.folder)

    def arguments(self, verb):
        """The command line of a verb: ("config", "set", "retention_days=9")."""
        line = [verb[0], "--json", "--folder", self.program.path(self.folder)] + list(verb[1:])
        if verb[0] in ("backup", "prove"):
            line += ["-h", "127.0.0.1", "-p", str(self.server.port), "-U", "postgres", "-d",
                     self.database if verb[0] == "backup" else "postgres"]
        return [a.replace("{new}", self.newest).replace("{old}", self.old[0]) for a in line]

    def run(self, *verb, env=None):
        return self.program.run(self.arguments(verb), env={"PGPASSWORD": PASSWORD, **(env or {})})

    def settings_after(self, *verb):
        """What backup_config.json holds when this verb has done its work."""
        if verb[0] != "config":
            return []
        other = Place(self.program, self.database)
        equal(other.run(*verb).code, 0, "without a fault")
        return [look(other.folder).settings]

    def check(self, verb, done, wanted=()):
        """Every promise, whatever the fault was."""
        gone = [self.newest, self.old[0]] if verb[0] == "delete" else ()
        now = check_promises(self.folder, self.before, wanted, done.out + done.err, gone)
        if done.code == 0 and verb[0] == "backup": # P3
            fresh = sorted(set(now.good) - set(self.before.good))
            equal(len(fresh), 1, "new good backups after success")
            check(done.json()["warnings"] or now.log[-1]["backup_file"] in fresh + self.old, "it is logged or told")
        elif done.code == 0 and verb[0] == "prove" and "not_kept" not in done.json():
            with open(os.path.join(self.folder, self.newest + MANIFEST), encoding="utf-8") as f:
                equal(json.load(f)["level"], "proven", "the level after success")
            equal((now.log[-1]["operation"], now.log[-1]["status"]), ("prove", "success"), "the log after success")
        elif done.code > 0:
            error = (done.json().get("files") or [done.json()])[0]["error"]
            check(error["message"] and (verb[0] != "backup" or error["hint"]), "a sentence and a remedy: " + done.out)
        return now

    def repaired(self, verb, wanted=()):
        codes = (0, 10) if verb[0] == "delete" else (0,) # it may be gone already
        next_run(self.program, self.folder, self.arguments(verb), {"PGPASSWORD": PASSWORD}, codes)
        if verb[0] in ("backup", "cleanup"):
            self.check(verb, harness.Done(-1, "", ""), wanted)


def shim(folder, fault, **more):
    order = "{f} libasan.so.8" if fault.startswith("alloc") else "libasan.so.8 {f}"
    return {"LD_PRELOAD": order.format(f=os.path.join(harness.NATIVE, "libfault.so")), "FAULT": fault,
            "FAULT_DIR": folder, "FAULT_MARK": folder + ".hit",
            "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0:exitcode=99", **more}


def until_over(numbers, one):
    """Calls one(database, n) for n = 1, 2, 3, ... several at a time, until it says that the fault did not come. The
    number of those that came."""
    free = queue.Queue()
    for i in range(AT_ONCE):
        free.put("faulty_%d" % i)
    over, count = [], 0

    def work(n):
        if over:
            return 0
        database = free.get()
        try:
            if one(database, n):
                return 1
            over.append(n)
            return 0
        finally:
            free.put(database)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        numbers = iter(numbers)
        while not over:
            batch = list(itertools.islice(numbers, AT_ONCE * 2))
            check(batch, "the faults do not end")
            count += sum(pool.map(work, batch))
    return count


VERBS = (("backup",), ("cleanup",), ("verify", "{new}"), ("pin", "{new}"), ("delete", "{old}"),
         ("config", "set", "retention_days=9"))
PROVE = ("prove", "{new}", "--on") # on a server: no more of it is in the backup folder


# --- killed; power lost ------------------------------------------------------------------------------------------

def test_killed_and_without_power(program):
    """Killed before the Nth change of the folder, N = 1, 2, 3 ...; and of each such moment also what a power cut would
    leave, where all that was not flushed is lost."""
    if program.kind == "wine":
        raise harness.Skip(ONLY_NATIVE)
    for verb in harness.a_share((*VERBS, PROVE), 2, row=1):
        wanted = Place(program, "faulty_0").settings_after(*verb)
        cuts = []

        def one(database, n):
            place = Place(program, database)
            synced = place.folder + ".synced"
            keep_synced(place.folder, synced)
            done = place.run(*verb, env=shim(place.folder, "kill:%d" % n, FAULT_SYNCED=synced))
            place.check(verb, done, wanted)
            hit = os.path.exists(place.folder + ".hit")
            equal(done.code, -9 if hit else 0, "%s, step %d: %s" % (verb[0], n, done.out))
            states = list(after_power_cut(place.folder, synced))
            place.repaired(verb)
            for word, names in states:
                cut = Place.__new__(Place)
                vars(cut).update(vars(place), folder=place.folder + "." + word)
                os.mkdir(cut.folder)
                for name, content in names.items():
                    with open(os.path.join(cut.folder, name), "wb") as f:
                        f.write(content)
                try:
                    left = cut.check(verb, harness.Done(-9, "", ""), wanted)
                    if not hit: # what was told to be done is on the disk (P3)
                        check(verb[0] != "backup" or max(left.good) > place.newest, "the backup is not there")
                        check(not wanted or left.settings in wanted, "the settings are not there")
                    if n % 6 == 0:
                        cut.repaired(verb)
                except AssertionError as error:
                    raise AssertionError("power cut (%s) before step %d of %s: %s" % (word, n, verb[0], error))
                cuts.append(word)
            return hit
        count = until_over(harness.a_share(itertools.count(1), 6), one)
        check(count > (5 if harness.THOROUGH else 0), "steps of %s: %d" % (verb[0], count))
        if verb == PROVE:
            equal(Place(program, "faulty_0").run(*PROVE).code, 0, "the last proof")
            equal(harness.shared_server().psql("SELECT count(*) FROM pg_database WHERE datname LIKE 'cmms_prove%'"),
                  "0", "databases that are left")
        print("# %s: killed at %d steps, %d states after a power cut" % (verb[0], count, len(cuts)))


def test_every_call_refused(program):
    """The Nth file that cannot be made, read, written, flushed, renamed or removed, in every verb that the other files
    do not do this to."""
    if program.kind == "wine":
        raise harness.Skip(ONLY_NATIVE)
    told = []
    cases = ((("backup",), ("create", "read")), (("cleanup",), ("create", "read")),
             (("verify", "{new}"), ("create", "read", "write", "fsync", "rename")),
             (("pin", "{new}"), ("create", "read", "write", "fsync", "rename", "unlink")),
             (("delete", "{old}"), ("create", "read", "write", "fsync", "rename", "unlink")),
             (PROVE, ("create", "read", "write", "fsync", "rename")),
             (("config", "set", "retention_days=9"), ("create", "read", "write", "fsync", "rename")))
    for verb, kinds in harness.a_share(cases, 2, row=2):
        wanted = Place(program, "faulty_0").settings_after(*verb)
        for kind in kinds:
            def one(database, n):
                place = Place(program, database)
                done = place.run(*verb, env=shim(place.folder, "%s:%d" % (kind, n)))
                if not os.path.exists(place.folder + ".hit"):
                    return False
                with open(place.folder + ".hit") as f:
                    where = os.path.basename(f.read())
                try:
                    now = place.check(verb, done, wanted)
                    check(done.code in (0, 3, 7, 8), "the exit code is %d: %s" % (done.code, done.out))
                    if kind == "read":
                        # What could not be read is not damaged: the disk may be asked again.
                        equal(sorted(now.good)[-1] >= place.newest, True, "the newest is still called good")
                        check(verb[0] != "verify" or done.code != 0 or not where.endswith(".backup"), "it was not read")
                    place.repaired(verb)
                except AssertionError as error:
                    raise AssertionError("%s %d (%s) of %s: %s" % (kind, n, where, verb[0], error))
                return True
            told.append("%s of %s %d" % (kind, verb[0], until_over(harness.a_share(itertools.count(1), 6), one)))
    print("# refused one after the other: " + ", ".join(told))


def test_another_computers_files(program):
    """A sync client brings another computer's manifest before its backup, and a partial that is still written there;
    and two copies of the log. They stay, whatever runs here; their removal would be brought back."""
    for verb in (("backup",), ("cleanup",)):
        place = Place(program, "faulty_0")
        name = "cmms_backup_20300102_020000.backup"
        copies = {name + MANIFEST: '{"computer": "PC-B"}', "cmms_backup_20300103_020000.backup.partial": "PGDMP",
                  "backup_log-PC-B.json": "[]", place.newest[:-7] + "-PC-B.backup.manifest.json": "{}"}
        for other, text in copies.items():
            with open(os.path.join(place.folder, other), "w", encoding="utf-8") as f:
                f.write(text)
        done = place.run(*verb)
        equal(done.code, 0, done.out + done.err)
        for other, text in copies.items():
            equal(look(place.folder).read(place.folder, other), text, "%s after %s" % (other, verb[0]))


def test_share_that_blinks(program):
    """The folder is away from the Nth opening of a file in it to the next: what cannot be reached for a moment is not
    taken for what is not there, so the settings, the log, pins and the alarm that stops clean-ups stay what they
    are."""
    if program.kind == "wine":
        raise harness.Skip(ONLY_NATIVE)
    told = []
    verbs = (("cleanup",), ("verify", "{new}"), ("pin", "{new}"), ("config", "set", "retention_days=9"))
    for verb in harness.a_share(verbs, 2, row=3):
        wanted = Place(program, "faulty_0").settings_after(*verb)

        def one(database, n):
            place = Place(program, database)
            frozen = os.path.join(place.folder, "retention_frozen.json")
            with open(frozen, "w", encoding="utf-8") as f:
                f.write('{"reason": "a table shrank"}')
            place.before = look(place.folder)
            done = place.run(*verb, env=shim(place.folder, "away:%d" % n))
            if not os.path.exists(place.folder + ".hit"):
                return False
            with open(place.folder + ".hit") as f:
                where = os.path.basename(f.read())
            try:
                if os.path.exists(place.folder + ".away"):
                    os.rename(place.folder + ".away", place.folder)
                now = place.check(verb, done, wanted)
                equal(now.good, place.before.good, "nothing goes while clean-ups are stopped")
                check(done.code in (0, 3, 8, 10), "the exit code is %d: %s" % (done.code, done.out))
                os.remove(frozen)
                place.repaired(verb)
            except AssertionError as error:
                raise AssertionError("away %d (%s) of %s: %s" % (n, where, verb[0], error))
            return True
        told.append("%s %d" % (verb[0], until_over(harness.a_share(itertools.count(1), 6), one)))
    print("# gone for a moment, at one opening after the other: " + ", ".join(told))


def test_memory_runs_out(program):
    """The Nth allocation fails, of the program's own as of the libraries': N grows by a half; in a run that is not
    thorough it doubles."""
    if program.kind == "wine":
        raise harness.Skip(ONLY_NATIVE)

    def growing():
        n = 1
        while n < 10000000:
            yield n
            n += max(1, n // 2 if harness.THOROUGH else n)
    for verb in harness.a_share((*VERBS, PROVE), 2, row=4):
        codes, out = set(), []
        wanted = Place(program, "faulty_0").settings_after(*verb)

        def one(database, n):
            place = Place(program, database)
            done = place.run(*verb, env=shim(place.folder, "alloc:%d" % n))
            if not os.path.exists(place.folder + ".hit"):
                equal(done.code, 0, "without a fault: " + done.out)
                return False
            try:
                codes.add(done.code)
                check(done.code in range(9), "it ended with %d: %s" % (done.code, done.err[-500:]))
                if "cmms-backup: out of memory" in done.err:
                    equal(done.code, 1, "a failure of the program's own")
                    out.append(n)
                place.check(verb, harness.Done(-6, done.out, done.err), wanted)
                place.repaired(verb)
            except AssertionError as error:
                raise AssertionError("allocation %d of %s: %s" % (n, verb[0], error))
            return True
        count = until_over(growing(), one)
        check(count > 8 and out, "%d allocations failed, none ended it: %s" % (count, codes))
        print("# %s: %d allocations failed, it ended with %s" % (verb[0], count, sorted(codes)))


# --- the disk ----------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def mounted(folder, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    with open(os.path.join(folder, "filler"), "wb", buffering=0) as f:
        with contextlib.suppress(OSError):
            while f.write(bytes(4096)) == 4096:
                pass


def test_full_disk(program):
    """Not a byte is free: nothing is removed to make room, settings and log stay as they were."""
    for verb, codes in ((("cleanup",), (8,)), (("verify", "{new}"), (8,)), (("pin", "{new}"), (8,)),
                        (("delete", "{old}"), (8,)), (("config", "set", "retention_days=9"), (8,)),
                        (("backup",), (8,))):
        place = Place(program, "faulty_0")
        full = harness.temp_dir("full")
        with mounted(full, "size=4m"):
            shutil.copytree(place.folder, full, dirs_exist_ok=True)
            place.folder = full
            fill(full)
            done = place.run(*verb)
            check(done.code in codes, "%s ended with %d: %s" % (verb[0], done.code, done.out))
            now = place.check(verb, done)
            equal(now.good, place.before.good, "the good backups after " + verb[0])
            if verb[0] != "backup":
                os.unlink(os.path.join(full, "filler"))
                place.repaired(verb)


def test_read_only(program):
    """A stick that is write-protected, a share with the right to read: what only reads does its work and says what is
    not kept; what writes is refused in words."""
    def reading(place, verb):
        done = place.run(*verb)
        equal(done.code, 0, "%s: %s%s" % (verb[0], done.out, done.err))
        return done.json()
    place = Place(program, "faulty_0")
    folder, copy = harness.temp_dir("ro"), harness.temp_dir("copy")
    with mounted(folder, "size=8m"):
        shutil.copytree(place.folder, folder, dirs_exist_ok=True)
        place.folder = folder
        for verb in VERBS:
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            if verb[0] == "verify":
                equal(len(reading(place, ("list",))["backups"]), 3, "the list")
                found = reading(place, verb)["files"][0]
                equal((found["ok"], found["level"]), (True, "verified"), "verify")
                check("only be read" in found["not_kept"], "what is not kept is told: %s" % found)
                reading(place, ("log",))
                reading(place, ("log", "--check"))
                check(reading(place, ("report",))["log"]["holds"], "the report")
                warnings = reading(place, ("export", "{new}", program.path(copy)))["warnings"]
                check("only be read" in warnings[0], "export: %s" % warnings)
                proven = reading(place, PROVE)
                check(proven["proven"] and "only be read" in proven["not_kept"], "prove: %s" % proven)
            else:
                done = place.run(*verb)
                check(done.code in (3, 8), "%s ended with %d: %s" % (verb[0], done.code, done.out))
                place.check(verb, done)
            equal(look(folder).good, place.before.good, "the good backups after " + verb[0])
            subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        place.repaired(("backup",))


def test_usual_folder_cannot_be_used(program):
    """Without a word that another will do, a backup fails; with it, it says so in its result and its manifest."""
    if program.kind == "wine":
        raise harness.Skip("Windows asks the shell where Documents is, and no variable moves it")
    home, beside = harness.temp_dir("home"), os.path.join(harness.NATIVE, "backups")
    with open(os.path.join(home, "Documents"), "w", encoding="utf-8"):
        pass
    place = Place(program, "faulty_0")
    arguments = ["backup", "-h", "127.0.0.1", "-p", str(place.server.port), "-U", "postgres", "-d", place.database]
    env = {"PGPASSWORD": PASSWORD, "HOME": home, "CMMS_BACKUP_FOLDER": "", "CMMS_BACKUP_DATA": os.path.join(home, "d")}
    try:
        for more in (["--json"], ["-q"]):
            done = program.run(arguments + more, env=env)
            equal((done.code, os.path.exists(beside)), (3, False), "%s: %s%s" % (more[0], done.out, done.err))
        done = program.run(arguments + ["--json", "--fallback"], env=env)
        equal(done.code, 0, done.out)
        made = done.json()
        words = "is used instead, apart from the other backups"
        check(made["fallback"] and words in " ".join(made["warnings"]), "the result: " + done.out)
        equal(os.path.dirname(made["path"]), beside, "the folder beside the program")
        with open(made["path"] + MANIFEST, encoding="utf-8") as f:
            manifest = json.load(f)
        check(manifest["fallback"] and words in " ".join(manifest["warnings"]), "the manifest: %s" % manifest)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def test_reading_makes_nothing(program):
    """A name with a slip of the pen is told, not made; and a folder that is there is not tried by writing into it."""
    place = Place(program, "faulty_0")
    place.run("log", "--check") # makes the lock of the log
    before = os.stat(place.folder).st_mtime_ns
    for verb in (("list",), ("log",), ("log", "--check"), ("config", "show"), ("cleanup", "--dry-run"), ("doctor",),
                 ("report",)):
        place.run(*verb)
        equal(os.stat(place.folder).st_mtime_ns, before, "something was made in the folder by " + " ".join(verb))
    place.folder += "-typo"
    for verb in (("list",), ("verify", "--all"), ("verify", "{new}"), PROVE, ("export", "{new}", "."), ("log",),
                 ("log", "--check"), ("config", "show"), ("cleanup",), ("cleanup", "--dry-run"), ("pin", "{new}"),
                 ("delete", "{new}"), ("report",), ("certificate", "{new}"), ("doctor",)):
        done = place.run(*verb)
        check(not os.path.exists(place.folder), "the folder was made by " + " ".join(verb))
        if verb[0] == "doctor":
            state = done.json()["checks"][0]
            equal(state["state"], "warning", "the doctor: %s" % state)
        else:
            equal((done.code, done.json()["error"]["message"]),
                  (10, 'there is no folder "%s"' % program.path(place.folder)), " ".join(verb))


def slow_backup(program, folder, **env):
    """A backup that takes long enough for something to happen to it, started; with its pg_dump at work."""
    server = harness.shared_server()
    database = harness.sample(server, "slow", 12)
    process = program.start(["backup", "--json", "--folder", program.path(folder), "-h", "127.0.0.1", "-p",
                             str(server.port), "-U", "postgres", "-d", database],
                            env={"PGPASSWORD": PASSWORD, "CMMS_TEST_MARK": folder, **env})

    def dumping():
        for pid in tools_of(folder):
            with contextlib.suppress(OSError), open("/proc/%d/cmdline" % pid, "rb") as f:
                if b"--format=custom" in f.read():
                    return pid
    return process, harness.wait_for(lambda: process.poll() is not None or dumping(), 60, "the dump's start")


def test_folder_goes_away(program):
    """The share is dropped while the backup runs: no success, a remedy; when it is back, the next run works."""
    folder = harness.temp_dir("gone")
    process, _ = slow_backup(program, folder)
    os.rename(folder, folder + ".away")
    done = finish(process)
    check(done.code in (3, 4, 8, 10), "it ended with %d: %s%s" % (done.code, done.out, done.err))
    check(done.json()["error"]["hint"], "a remedy: " + done.out)
    check(PASSWORD not in done.out + done.err, "the password is in the output")
    if os.path.isdir(folder):
        equal(harness.backups_in(folder), [], "backups where the folder was")
        shutil.rmtree(folder)
    for verb in (["verify", "x.backup"], ["cleanup"], ["list"], ["pin", "x.backup"], ["delete", "x.backup"],
                 ["prove", "x.backup"], ["config", "set", "retention_days=9"]):
        gone = program.run(verb + ["--json", "--folder", program.path(os.path.join(folder, "sub"))])
        check(gone.code in (0, 3, 8, 10), "%s ended with %d: %s" % (verb[0], gone.code, gone.out))
        shutil.rmtree(folder, ignore_errors=True)
    os.rename(folder + ".away", folder)
    equal(harness.backups_in(folder), [], "backups")
    process, _ = slow_backup(program, folder)
    done = finish(process)
    equal(done.code, 0, "the next run: " + done.out)
    equal((left_over(folder), len(look(folder).good)), ([], 1), "what is there after it")


def test_a_file_is_lost(program):
    """The newest backup is gone, as when a sync client has not brought it yet: what it would have justified stays."""
    place = Place(program, "faulty_0")
    os.rename(os.path.join(place.folder, place.newest), place.folder + ".lost")
    place.before = look(place.folder)
    done = place.run("cleanup")
    equal(done.code, 0, done.out)
    now = place.check(("cleanup",), done)
    equal(sorted(now.good), sorted(place.old), "those of forty days ago are all that is left, and stay")


# --- files held open ---------------------------------------------------------------------------------------------

@contextlib.contextmanager
def kept_open(program, path):
    """Another process of Windows has the file open, so that nobody can rename or remove it."""
    holder = subprocess.Popen(["wine", os.path.join(harness.TOP, "build/mingw/fakes/fake_child.exe"), "keep",
                               program.path(path)], env=program.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    try:
        check(holder.stdout.readline().startswith(b"ready"), "the file is held")
        yield
    finally:
        holder.kill()
        holder.wait()


def test_held_by_another(program):
    """A virus scanner has the file open (Windows error 32): tried for a while, then named; nothing is lost."""
    if program.kind == "native":
        raise harness.Skip("on POSIX an open file can be renamed; test_every_call_refused has refused renames")
    cases = ((("cleanup",), "{old}"), (("delete", "{old}"), "{old}"),
             (("config", "set", "retention_days=9"), "backup_config.json"), (("pin", "{new}"), "{new}" + MANIFEST),
             (("verify", "{new}"), "{new}" + MANIFEST), (("cleanup",), "backup_log.json"),
             (("backup",), "backup_log.json"))

    def one(case):
        verb, name = case
        place = Place(program, "faulty_0")
        name = name.replace("{old}", place.old[0]).replace("{new}", place.newest)
        wanted = place.settings_after(*verb)
        with kept_open(program, os.path.join(place.folder, name)):
            done = place.run(*verb)
            now = place.check(verb, done, wanted)
        if verb[0] == "backup":
            equal(done.code, 0, "a backup that is there is one: " + done.out)
            check("log" in " ".join(done.json()["warnings"]), "that the log could not be written is told: " + done.out)
        else:
            check(done.code in (8, 9), "%s with %s held ended with %d: %s" % (verb[0], name, done.code, done.out))
            check(name in done.out, "%s is named: %s" % (name, done.out))
        if name == place.old[0]:
            check(name in now.good, "the one that is held stays")
        place.repaired(verb)
    Place(program, "faulty_0")
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool: # each mostly waits for the file
        list(pool.map(one, cases))


def test_partial_held(program):
    """The finished file itself is held when it is to get its name: waited for; and where it is held for too long, it is
    kept, and the next run gives it its name."""
    if program.kind == "native":
        raise harness.Skip("on POSIX an open file can be renamed; test_name_refused refuses it")
    folder = harness.temp_dir("b")
    for limit, code in (("600", 0), ("10", 8)):
        process, pid = slow_backup(program, folder, CMMS_STALL_SECONDS=limit)
        new = harness.wait_for(lambda: harness.partials_in(folder), 20, "the partial file")[0]
        manifest = os.path.join(folder, new[:-len(".partial")] + MANIFEST)
        with kept_open(program, os.path.join(folder, new)):
            if code == 0: # it is held for as long as it takes to be told that it is waited for
                harness.wait_for(lambda: os.path.exists(manifest) or process.poll() is not None, 120, "the manifest")
                check(process.poll() is None, "it waits for who holds the file")
            else:
                done = finish(process)
        if code == 0:
            done = finish(process)
        equal(done.code, code, "held, with a limit of %s s: %s" % (limit, done.out))
    check("next backup or clean-up" in done.json()["error"]["hint"], "the remedy: " + done.out)
    equal((len(harness.backups_in(folder)), harness.partials_in(folder), harness.log_entries(folder)[-1]["status"]),
          (1, [new], "failed"), "what is kept")
    equal(program.run(["cleanup", "--json", "--folder", program.path(folder)]).code, 0, "the next run")
    equal((left_over(folder), len(look(folder).good)), ([], 2), "what is there after it")


def test_name_refused(program):
    """The rename of a finished backup is refused, as when another program has it open: for a while, and for ever. What
    was whole is finished by the next run that finds it unchanged; what has changed meanwhile is taken away."""
    if program.kind == "wine":
        raise harness.Skip(ONLY_NATIVE)

    def held(times):
        place = Place(program, "faulty_0")
        done = place.run("backup", env=shim(place.folder, "busy:%d" % times, CMMS_STALL_SECONDS="12"))
        return place, done, place.check(("backup",), done)
    place, done, now = held(2)
    equal((done.code, os.path.exists(place.folder + ".hit")), (0, True), "for a while: " + done.out)
    cases = (("same", "cleanup"), ("same", "backup"), ("flipped", "cleanup"), ("another's", "cleanup"))
    for word, verb in harness.a_share(cases, 2):
        place, done, now = held(1000000)
        equal(done.code, 8, "for ever: " + done.out)
        check("next backup or clean-up" in done.json()["error"]["hint"], "the remedy: " + done.out)
        partial = os.path.join(place.folder, harness.partials_in(place.folder)[0])
        name = os.path.basename(partial)[:-len(".partial")]
        manifest = os.path.join(place.folder, name + MANIFEST)
        if word == "flipped":
            with open(partial, "r+b") as f:
                f.seek(os.path.getsize(partial) // 2)
                byte = f.read(1)
                f.seek(-1, os.SEEK_CUR)
                f.write(bytes([byte[0] ^ 1]))
        elif word == "another's":
            with open(manifest, encoding="utf-8") as f:
                changed = dict(json.load(f), computer="PC-B")
            with open(manifest, "w", encoding="utf-8") as f:
                json.dump(changed, f)
        done = place.run(verb)
        equal(done.code, 0, "the next run: " + done.out)
        now = place.check((verb,), harness.Done(-1, "", ""))
        equal((name in now.good, os.path.exists(partial), os.path.exists(manifest)),
              {"same": (True, False, True), "flipped": (False, False, False), "another's": (False, True, True)}[word],
              "%s, %s: its name, its partial, its manifest" % (word, verb))
        told = [e for e in now.log if e["backup_file"] == name][1:]
        equal([e["status"] for e in told if e["operation"] == "backup"],
              {"same": ["success"], "flipped": ["failed"], "another's": []}[word], "%s: the log" % word)


# --- manifests ---------------------------------------------------------------------------------------------------

def test_wrong_manifests(program):
    """A backup whose manifest is not there, not one, or another's: never called good, never a reason to remove."""
    def change(**values):
        return lambda text: json.dumps({**json.loads(text), **values})

    def rows(text):
        manifest = json.loads(text)
        manifest["tables"][0]["rows"] += 1
        manifest["tables"][0]["expected"] += 1
        return json.dumps(manifest)
    for word, edit in (("missing", None), ("empty", lambda t: ""), ("cut", lambda t: t[:len(t) // 2]),
                       ("not JSON", lambda t: "hello"), ("a list", lambda t: "[]"), ("zeros", lambda t: "\0" * len(t)),
                       ("of another name", change(file="cmms_backup_20200101_000000.backup")),
                       ("of another file", change(file="cmms_backup_20200101_000000.backup", sha256="1" * 64, bytes=7)),
                       ("another hash", change(sha256="0" * 64)), ("another size", change(bytes=1)),
                       ("other rows", rows), ("of a later version", change(format=99))):
        place = Place(program, "faulty_0")
        path = os.path.join(place.folder, place.newest + MANIFEST)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        os.unlink(path)
        if edit:
            with open(path, "w", encoding="utf-8") as f:
                f.write(edit(text))
        listed = {b["name"]: b["level"] for b in place.run("list").json()["backups"]}
        trusted = word in ("another hash", "other rows") # only the bytes can tell
        check(trusted or listed[place.newest] in ("none", "damaged"), "%s: %s in the list" % (word, listed))
        done = place.run("cleanup")
        equal(done.code, 0, "%s: %s" % (word, done.out))
        check(place.old[0] in harness.backups_in(place.folder), "%s: the newest good one stays" % word)
        check(place.newest in harness.backups_in(place.folder), "%s: nor is the backup itself removed" % word)
        done = place.run("verify", "{new}")
        differs = word in ("another hash", "another size", "other rows", "of another file")
        newer = word == "of a later version"
        equal(done.code, 7 if differs else 4 if newer else 0, "%s, verified: %s" % (word, done.out))
        if newer: # it may hold what this version cannot see: a pin, a proof
            with open(path, encoding="utf-8") as f:
                equal(f.read(), edit(text), "the newer manifest is as it was")
            equal(place.run("cleanup").code, 0, "cleanup")
            check(place.newest in harness.backups_in(place.folder), "its backup stays")
            continue
        if word == "of another name": # renamed together: corrected
            equal(done.json()["files"][0]["renamed_from"], "cmms_backup_20200101_000000.backup", "it is told")
            equal([b["level"] for b in place.run("list").json()["backups"] if b["name"] == place.newest], ["verified"],
                  "its level from then on")
        elif not differs:
            with open(path, encoding="utf-8") as f:
                manifest = json.load(f)
            equal((manifest["level"], bool(manifest.get("pinned"))), ("read", bool(edit)),
                  word + ": nobody knows what the database had, nor whether it was pinned")
        if not differs and word != "of another name": # every byte of it reads well, and that is all that can be known
            check(not done.json()["files"][0]["compared_hash"], word + ": what could not be compared: " + done.out)
            aside = [n for n in os.listdir(place.folder) if ".damaged-" in n]
            equal(len(aside), 1 if edit else 0, "%s: manifests kept aside" % word)


# --- tools -------------------------------------------------------------------------------------------------------

def test_listing_tool(program):
    """pg_dump is the real one; pg_restore, which lists what it wrote, fails, hangs, floods, writes bad bytes or says
    nothing: no backup, and an end."""
    for mode in ("fail", "hang", "flood-fail", "bad-bytes-fail", "empty", "garbage"):
        place = Place(program, "faulty_0")
        tools = harness.temp_dir("tools")
        if program.kind == "native":
            shutil.copy(os.path.join(harness.PG_BIN, "pg_dump"), tools)
            shutil.copy(os.path.join(harness.NATIVE, "fakes/fake_tool"), os.path.join(tools, "pg_restore"))
        else:
            for name in os.listdir(os.path.join(harness.PRODUCT, "tools/18")):
                shutil.copy(os.path.join(harness.PRODUCT, "tools/18", name), tools)
            shutil.copy(os.path.join(harness.TOP, "build/mingw/fakes/fake_tool.exe"),
                        os.path.join(tools, "pg_restore.exe"))
        os.chmod(tools, 0o755)
        done = place.run("backup", env={"CMMS_BACKUP_TOOLS": program.path(tools), "FAKE_TOOL_VERSION": "18.5",
                                        "FAKE_TOOL_MODE": mode, "FAKE_TOOL_FLOOD": "4", "CMMS_STALL_SECONDS": "3"})
        check(done.code in (4, 5, 7), "%s: it ended with %d: %s" % (mode, done.code, done.out))
        now = place.check(("backup",), done)
        equal((now.good, left_over(place.folder)), (place.before.good, []), mode + ": what is there")
        equal(now.log[-1]["status"], "failed", mode + ": the log")


def test_dump_stands_still(program):
    """pg_dump is stopped (not ended) and its session idles: named after the settable time, and taken away."""
    if program.kind == "wine":
        raise harness.Skip("Wine cannot end a process that Linux has stopped; test_bad_input has a tool that hangs")
    folder = harness.temp_dir("b")
    process, pid = slow_backup(program, folder, CMMS_STALL_SECONDS="2")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    done = finish(process)
    if done.code == 0:
        raise harness.Skip("pg_dump had ended before it could be stopped")
    equal(done.code, 5, "exit code: " + done.out)
    check("nothing moved for" in done.json()["error"]["message"], done.out)
    equal((harness.backups_in(folder), left_over(folder)), ([], []), "what is left")
    harness.wait_for(lambda: not tools_of(folder), 10, "the end of the pg_dump that stood still")


def test_sleep(program):
    """The PC sleeps for longer than a standstill may last, and goes on."""
    if program.kind == "wine":
        raise harness.Skip("the wineserver does not sleep along; the same core is tested natively")
    folder = harness.temp_dir("b")
    process, pid = slow_backup(program, folder, CMMS_STALL_SECONDS="2")
    for stopped in (process.pid, pid):
        os.kill(stopped, signal.SIGSTOP)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=3.5) # what is awaited is that time passes
    for stopped in (process.pid, pid):
        os.kill(stopped, signal.SIGCONT)
    done = finish(process)
    equal(done.code, 0, "after the sleep: " + done.out)
    equal(len(look(folder).good), 1, "the backup")


ENDSESSION = os.path.join(harness.TOP, "build/mingw/win/endsession.exe")


def test_session_ends(program):
    """The user signs out (SIGTERM, SIGHUP; on Windows a message to a hidden window): stopped, nothing left. tests/win
    does it to the window."""
    for number in (signal.SIGTERM, signal.SIGHUP) if program.kind == "native" else ("WM_ENDSESSION",):
        folder = harness.temp_dir("b")
        now = os.path.join(harness.temp_dir("s"), "now")
        if program.kind == "wine":
            program = harness.Program("wine")
            program.argv[1:1] = [ENDSESSION, program.path(now), "CmmsBackupSession"]
            program.argv[-1] = program.path(program.argv[-1])
        process, _ = slow_backup(program, folder)
        if program.kind == "wine":
            open(now, "w").close()
        else:
            process.send_signal(number)
        done = finish(process)
        equal(done.code, 130, "exit code: " + done.out)
        equal((harness.backups_in(folder), left_over(folder)), ([], []), "what is left")
        harness.wait_for(lambda: not tools_of(folder), 5, "the end of pg_dump")


# --- the clock ---------------------------------------------------------------------------------------------------

def test_wrong_clocks(program):
    """Whatever the clock says, no name is used twice, and a good backup goes only for a newer one."""
    if program.kind == "wine":
        raise harness.Skip(ONLY_NATIVE)
    autumn = 1793016000 + 1800 # 2026-10-25 00:30 UTC: 02:30 in Berlin, and again one hour later
    cases = (("the same second", "UTC", [1800000000] * 3),
             ("the repeated hour", "Europe/Berlin", [autumn, autumn + 3600]),
             ("the skipped hour", "Europe/Berlin", [1774745999, 1774746001]),
             ("back", "UTC", [1800000000, 1799990000, 1000000000]),
             ("to 1970 and after 2038", "UTC", [1, 2**31 - 1, 2**31 + 5, 2**32 + 5]),
             ("forward and back", "UTC", [1800000000, 4000000000, 1800000100]))
    for word, zone, moments in harness.a_share(cases, 2):
        place = Place(program, "faulty_0")
        shutil.rmtree(place.folder)
        os.mkdir(place.folder)
        place.before = look(place.folder)
        for moment in moments:
            seen = look(place.folder)
            done = place.run("backup", env=shim(place.folder, "none:0", FAULT_TIME=str(moment), TZ=zone))
            equal(done.code, 0, "%s (%d): %s" % (word, moment, done.out))
            now = look(place.folder)
            fresh = sorted(set(now.good) - set(seen.good))
            equal(len(fresh), 1, "%s (%d): new backups" % (word, moment))
            for name in seen.good:
                check(now.good.get(name, seen.good[name]) == seen.good[name], "%s: %s was overwritten" % (word, name))
                check(name in now.good or fresh[0] > name, "%s (%d): %s went for %s, which is older" % (
                    word, moment, name, fresh[0]))
            equal(place.run("verify", "--all").code, 0, word + ": what is there")
        for moment in (moments[0], 4000000000, 1000000000):
            seen = look(place.folder)
            env = shim(place.folder, "none:0", FAULT_TIME=str(moment), TZ=zone)
            equal(place.run("config", "set", "max_backups=1", env=env).code, 0, "config")
            equal(place.run("cleanup", env=env).code, 0, word + ": cleanup")
            check(look(place.folder).good, word + ": a good one is left")
            check(max(seen.good) in look(place.folder).good, "%s (cleanup at %d): the newest stays" % (word, moment))
        equal(place.run("log", "--check").code, 0, word + ": the log")


# --- several at once ---------------------------------------------------------------------------------------------

def test_everything_at_once(program):
    """All verbs on one folder at the same moment, twice each: each works or says that another is at work."""
    place = Place(program, "faulty_0")
    verbs = [v for v in VERBS if v[0] != "delete"] * 2
    wanted = place.settings_after("config", "set", "retention_days=9")
    running = [place.program.start(place.arguments(v), env={"PGPASSWORD": PASSWORD}) for v in verbs]
    outcomes = [finish(p) for p in running]
    for verb, done in zip(verbs, outcomes):
        check(done.code in (0, 9), "%s ended with %d: %s" % (verb[0], done.code, done.out))
    check(any(d.code == 0 for d in outcomes), "one of them worked")
    now = check_promises(place.folder, place.before, wanted, "".join(d.out + d.err for d in outcomes))
    equal(now.settings, wanted[0], "the settings that both wanted")
    place.repaired(("backup",), wanted)
    check(not lone_manifests(place.folder), "lone manifests")


def test_database_lock(program):
    """Two PCs with folders of their own: one job a database."""
    first, second = harness.temp_dir("b"), harness.temp_dir("b")
    process, _ = slow_backup(program, first)
    other, _ = slow_backup(program, second)
    both = process.poll() is None # the second dumps, or has ended, and the first is still at work
    outcomes = [finish(process), finish(other)]
    if not both and [o.code for o in outcomes] == [0, 0]:
        raise harness.Skip("the first had ended before the second began")
    equal([o.code for o in outcomes], [0, 9], "exit codes: " + outcomes[1].out)
    check("another computer" in outcomes[1].json()["error"]["message"], "the sentence: " + outcomes[1].out)
    check(outcomes[1].json()["error"]["detail"].startswith("cmms-backup "), "who it is: " + outcomes[1].out)
    equal((harness.backups_in(second), left_over(second)), ([], []), "what the second left")


# --- settings ----------------------------------------------------------------------------------------------------

def test_settings_in_every_region(program):
    """backup_config.json cut or flipped anywhere: read as it can be, or kept aside and told; nothing ends badly."""
    place = Place(program, "faulty_0")
    good = json.dumps({"enabled": True, "schedule": "weekly", "backup_time": "03:30", "retention_days": 14,
                       "max_backups": 7, "compress": False, "verify_after_backup": True, "theme": "é"},
                      ensure_ascii=False, indent=2).encode()
    path = os.path.join(place.folder, "backup_config.json")
    step = 1 if program.kind == "native" else 16
    cases = [good[:n] for n in range(0, len(good), step * 4)]
    cases += [good[:n] + bytes([good[n] ^ 1 << n % 8]) + good[n + 1:] for n in range(0, len(good), step * 2)]
    if program.kind == "native":
        cases = list(harness.a_share(cases))
    aside = 0
    for content in cases:
        with open(path, "wb") as f:
            f.write(content)
        done = place.run("config")
        equal(done.code, 0, "%r: %s" % (content, done.out))
        kept = [n for n in os.listdir(place.folder) if n.startswith("backup_config.damaged-")]
        if kept:
            aside += 1
            with open(os.path.join(place.folder, kept[0]), "rb") as f:
                equal(f.read(), content, "what was kept aside")
            equal(done.json()["retention_days"], 30, "the defaults")
            check("damaged" in done.out + done.err, "it is told: " + done.out + done.err)
            os.unlink(os.path.join(place.folder, kept[0]))
        else:
            equal(done.json()["schedule"] in ("daily", "weekly", "monthly"), True, "a value in its range")
    check(aside > len(cases) // 4, "%d of %d were kept aside" % (aside, len(cases)))
    print("# %d damaged settings files, %d kept aside" % (len(cases), aside))


def test_hostile_names(program):
    """Settings, log, pins and clean-ups in folders whose names break programs."""
    # Windows has neither quotes in names nor folders that are called as a device is.
    unixs = ("a'b\"c d;%PATH%&", "aux.x") if program.kind == "native" else ()
    longest = os.path.join("x" * 200, "y" * 100) # more than MAX_PATH
    names = (*unixs, "a'b c d;%PATH%&", "Jürgen 中 🛠", longest, " lead", "-n", "#1 100% $HOME `id`")
    for name in names if program.kind == "native" else names[:4]: # the others are nothing to Windows
        place = Place(program, "faulty_0")
        folder = os.path.join(harness.temp_dir("n"), name)
        shutil.copytree(place.folder, folder)
        place.folder = folder
        place.before = look(folder)
        wanted = place.settings_after("config", "set", "retention_days=9")
        for verb in VERBS:
            done = place.run(*verb)
            # What the clean-up before took cannot be deleted.
            equal(done.code, 10 if verb[0] == "delete" else 0, "%s in %r: %s" % (verb[0], name, done.out))
        now = check_promises(folder, place.before, wanted)
        equal((now.settings, len(now.log) >= len(VERBS) - 1), (wanted[0], True), "settings and log in %r" % name)


# Disks, shares, files that are held, locks and paths are Windows' own; what reads and decides is the same core.
harness.main(__name__, wine=("test_full_disk", "test_read_only", "test_held_by_another", "test_partial_held",
                             "test_everything_at_once", "test_hostile_names"))
