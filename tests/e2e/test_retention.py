"""Which backups stay and which go, whatever happens meanwhile. (P2)"""
import datetime
import json
import os
import shutil
import harness
from harness import check, equal

PREDECESSORS = "cmms_backup_20200101_020000.backup"
DONE = "\u2705 Cleanup complete! Removed %d old backup(s)."


def verb(program, folder, *arguments, code=0, env=None):
    """A verb on the folder, as JSON; the document."""
    done = program.run([arguments[0], "--json", "--folder", program.path(folder)] + list(arguments[1:]), env=env)
    equal(done.code, code, "%s: %s%s" % (" ".join(arguments), done.out, done.err))
    return done.json()


def aged(folder, name, days):
    """A copy of a backup with its manifest, as if it had been made so many days before; its name."""
    began = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(days=days)
    new = "cmms_backup_%s.backup" % began.strftime("%Y%m%d_%H%M%S")
    shutil.copy(os.path.join(folder, name), os.path.join(folder, new))
    with open(os.path.join(folder, name + ".manifest.json"), encoding="utf-8") as f:
        manifest = json.load(f)
    manifest["file"] = new
    manifest["started"] = manifest["finished"] = manifest["server_time"] = began.strftime("%Y-%m-%dT%H:%M:%SZ")
    with open(os.path.join(folder, new + ".manifest.json"), "w", encoding="utf-8") as f:
        json.dump(manifest, f)
    return new


_template = []


def small_database(server, name="little"):
    if not server.psql("SELECT 1 FROM pg_database WHERE datname = '%s'" % name):
        server.psql("CREATE DATABASE " + name)
        server.psql("CREATE TABLE work_orders AS SELECT i AS id FROM generate_series(1, 1000) i", name)
    return name


def old_folder(program, count=4):
    """A folder with a new backup, `count` older ones (40, 41, ... days), and one of the predecessor."""
    if not _template:
        server = harness.shared_server()
        folder = harness.temp_dir("tpl")
        report = harness.Program("native").good_backup(server, small_database(server), folder)
        _template.append((folder, os.path.basename(report["unix_path"])))
    template, newest = _template[0]
    folder = os.path.join(harness.temp_dir("r"), "b")
    shutil.copytree(template, folder)
    old = [aged(folder, newest, 40 + n) for n in range(count)]
    with open(os.path.join(folder, PREDECESSORS), "w") as f:
        f.write("not ours")
    return folder, newest, old


def flip(path):
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        byte = f.read(1)
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte[0] ^ 1]))


def removals(folder, status="success"):
    return [e["backup_file"] for e in harness.log_entries(folder) if e.get("operation") == "cleanup" and
            e["status"] == status]


def lone_manifests(folder):
    return [n for n in os.listdir(folder) if n.endswith(".manifest.json") and
            not os.path.exists(os.path.join(folder, n[:-len(".manifest.json")]))]


def whole(program, folder, newest, old):
    """The newest is there and good; what is gone is in the log. (P2)"""
    names = harness.backups_in(folder)
    check(newest in names and PREDECESSORS in names, "the newest and the predecessor's are there: %s" % names)
    good = verb(program, folder, "verify", newest)
    check(good["files"][0]["ok"], "the newest is good")
    logged = removals(folder) if os.path.exists(os.path.join(folder, "backup_log.json")) else []
    begun = removals(folder, "started") if logged or os.path.exists(os.path.join(folder, "backup_log.json")) else []
    for name in old:
        check(name in names or name in begun, name + " went without an entry in the log")
    for name in logged:
        check(name not in names, name + " is there, and the log says that it is not")


def test_plan_and_clean_up(program):
    folder, newest, old = old_folder(program)
    verb(program, folder, "pin", "--reason", "before the move", old[1])
    before = sorted(os.listdir(folder))
    plan = verb(program, folder, "cleanup", "--dry-run")
    equal(sorted(os.listdir(folder)), before, "a dry run changes nothing")
    equal({b["name"]: (b["remove"], b["reason"]) for b in plan["backups"]},
          {newest: (False, "the newest verified backup"), old[0]: (True, "older than 30 day(s)"),
           old[1]: (False, "pinned: before the move"), old[2]: (True, "older than 30 day(s)"),
           old[3]: (True, "older than 30 day(s)"),
           PREDECESSORS: (False, "it has no manifest of its own: not made here, or not verified yet")}, "the plan")
    equal((plan["would_remove"], plan["retention_frozen"]), (3, None), "its sums")
    done = program.run(["cleanup", "--folder", program.path(folder)])
    equal(done.code, 0, done.out + done.err)
    check(DONE % 3 in done.out, "the words: " + done.out)
    equal(harness.backups_in(folder), sorted([newest, old[1], PREDECESSORS]), "what is left")
    equal(lone_manifests(folder), [], "manifests without a backup")
    equal(removals(folder), [old[3], old[2], old[0]], "the log, the oldest first")
    equal(verb(program, folder, "cleanup")["removed"], 0, "nothing more")
    verb(program, folder, "log", "--check")


def test_backup_cleans_up(program):
    server = harness.shared_server()
    folder, newest, old = old_folder(program, 2)
    verb(program, folder, "config", "set", "max_backups=1")
    done = program.run(["backup", "--folder", program.path(folder), "-h", "127.0.0.1", "-p", str(server.port),
                        "-U", "postgres", "-d", small_database(server)], env={"PGPASSWORD": harness.PASSWORD})
    equal(done.code, 0, done.out + done.err)
    check(DONE % 3 in done.out, "the words: " + done.out)
    left = harness.backups_in(folder)
    equal(len(left), 2, "the new one and the predecessor's: %s" % left)
    check(newest not in left and PREDECESSORS in left, "which: %s" % left)
    done = program.run(["backup", "--folder", program.path(harness.temp_dir("r")), "-h", "127.0.0.1",
                        "-p", str(server.port), "-U", "postgres", "-d", small_database(server)],
                       env={"PGPASSWORD": harness.PASSWORD})
    check("Cleanup" not in done.out, "silence where nothing was removed: " + done.out)


def test_damage_is_no_reason(program):
    """The newest has a flipped bit that nobody has seen: the older good ones stay but for those it outlives."""
    folder, newest, old = old_folder(program, 2)
    good = aged(folder, newest, 20)
    flip(os.path.join(folder, newest))
    equal(verb(program, folder, "cleanup")["removed"], 2, "removed")
    equal(harness.backups_in(folder), sorted([newest, good, PREDECESSORS]), "what is left")
    levels = {b["name"]: b["level"] for b in verb(program, folder, "list")["backups"]}
    equal((levels[newest], levels[good]), ("damaged", "verified"), "levels")
    # Nothing good is young enough: nothing goes until there is a backup.
    folder, newest, old = old_folder(program, 2)
    flip(os.path.join(folder, newest))
    equal(verb(program, folder, "cleanup")["removed"], 0, "removed")
    reasons = {b["name"]: b["reason"] for b in verb(program, folder, "cleanup", "--dry-run")["backups"]}
    equal(reasons[old[1]], "older than 30 day(s), but the newest good backup is 40 day(s) old: make one first", "why")


def faulty(folder, fault):
    return {"LD_PRELOAD": "libasan.so.8 " + os.path.join(harness.NATIVE, "libfault.so"), "FAULT": fault,
            "FAULT_DIR": folder, "FAULT_MARK": folder + ".hit",
            "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0:exitcode=99"}


def test_killed_at_every_step(program):
    """Killed before the Nth flush, write, rename or removal, N = 1, 2, 3 ..."""
    if program.kind == "wine":
        raise harness.Skip("the fault library is preloaded into Linux programs; the same core is tested natively")
    stride = 1 if harness.THOROUGH else 3
    n, partly = 1 + harness.first_step(3), 0
    while True:
        folder, newest, old = old_folder(program, 3)
        done = program.run(["cleanup", "--folder", folder], env=faulty(folder, "kill:%d" % n))
        hit = os.path.exists(folder + ".hit")
        whole(program, folder, newest, old)
        left = [name for name in old if name in harness.backups_in(folder)]
        equal(left, old[:len(left)], "the oldest went first (step %d)" % n)
        partly += 0 < len(left) < len(old)
        if not hit:
            equal(done.code, 0, "without a kill it works: " + done.out + done.err)
            equal(left, [], "all are gone")
            break
        equal(done.code, -9, "it was killed")
        verb(program, folder, "cleanup")
        equal((harness.backups_in(folder), lone_manifests(folder)), (sorted([newest, PREDECESSORS]), []),
              "the next one needs no repair (step %d)" % n)
        equal([x for x in os.listdir(folder) if ".tmp-" in x], [], "temporary files (step %d)" % n)
        verb(program, folder, "log", "--check")
        n += stride
        check(n < 300, "it ends")
    check(n > 9 and partly > (2 if harness.THOROUGH else 0), "kills fell between the removals")
    print("# killed in %d steps, one in %d, %d times between two removals" % (n - 1, stride, partly))


def test_write_faults(program):
    """The Nth flush, write, rename or removal fails: what cannot be logged stays, what cannot go is named."""
    if program.kind == "wine":
        raise harness.Skip("the fault library is preloaded into Linux programs; the same core is tested natively")
    for what in ("fsync", "write", "rename", "unlink"):
        n = 1 + harness.first_step(2)
        while True:
            folder, newest, old = old_folder(program, 2)
            done = program.run(["cleanup", "--json", "--folder", folder], env=faulty(folder, "%s:%d" % (what, n)))
            whole(program, folder, newest, old)
            if not os.path.exists(folder + ".hit"):
                equal(done.code, 0, "without a fault it works: " + done.out + done.err)
                break
            with open(folder + ".hit") as f:
                where = os.path.basename(f.read())
            if what == "unlink" and where in old:
                equal(done.code, 8, "one that cannot go: " + done.out)
                check(where in done.json()["error"]["message"], "it is named: " + done.out)
                equal([x for x in old if x in harness.backups_in(folder)], [where], "the other one went")
                equal(removals(folder, "failed"), [where], "the log")
            elif done.code == 0:
                equal([x for x in old if x in harness.backups_in(folder)], [], "success is success (%s)" % where)
            else:
                wanted = 3 if where.startswith("cmms-write-test") else 8 # 3: the folder cannot be used at all
                equal(done.code, wanted, "exit code (%s %d, %s): %s" % (what, n, where, done.out))
            verb(program, folder, "cleanup")
            equal((harness.backups_in(folder), lone_manifests(folder)), (sorted([newest, PREDECESSORS]), []),
                  "the next one needs no repair (%s %d)" % (what, n))
            n += 1 if harness.THOROUGH else 2
            check(n < 200, "it ends")


def test_two_at_once(program):
    folder, newest, old = old_folder(program, 6)
    running = [program.start(["cleanup", "--json", "--folder", program.path(folder)]) for _ in range(4)]
    codes = []
    for process in running:
        out, err = process.communicate(timeout=120 * harness.SCALE)
        codes.append(process.returncode)
        check(process.returncode in (0, 9), "exit code %d: %s%s" % (process.returncode, out.decode(), err.decode()))
    check(0 in codes, "one of them worked: %s" % codes)
    whole(program, folder, newest, old)
    equal(harness.backups_in(folder), sorted([newest, PREDECESSORS]), "what is left")
    equal(sorted(removals(folder)), sorted(old), "each removal is logged once")
    verb(program, folder, "log", "--check")


def test_shrink_alarm(program):
    server = harness.shared_server()
    database = "shrinking_" + program.kind
    small_database(server, database)
    folder = harness.temp_dir("r")
    first = os.path.basename(program.good_backup(server, database, folder)["unix_path"])
    old = aged(folder, first, 60)
    verb(program, folder, "config", "set", "retention_days=3650") # the aged one stays for what follows
    server.psql("DELETE FROM work_orders WHERE id > 720", database)
    equal(harness.warnings_of(program.good_backup(server, database, folder)), [], "28 % are not more than 30 %")
    server.psql("DELETE FROM work_orders WHERE id > 200", database)
    verb(program, folder, "config", "set", "retention_days=30")
    report = program.good_backup(server, database, folder)
    # Measured by the most that there was in the last weeks, not by the last one alone.
    reason = "table work_orders lost 80 % of its rows (1,000 before, 200 now) since " + first
    warnings = harness.warnings_of(report)
    check(len(warnings) == 1 and warnings[0].startswith("Shrink alarm: " + reason), "the warning: %s" % warnings)
    listed = verb(program, folder, "list")
    equal(listed["retention_frozen"], reason, "the list says why")
    equal([(b["name"], b["pin_reason"]) for b in listed["backups"] if b["pinned"]], [(first, reason)], "the pin")
    check(reason in program.run(["list", "--folder", program.path(folder)]).out, "the list for people, too")
    equal(verb(program, folder, "cleanup")["removed"], 0, "frozen")
    check(old in harness.backups_in(folder), "the old one stays")
    plan = verb(program, folder, "cleanup", "--dry-run")
    equal([b["reason"] for b in plan["backups"] if b["name"] == old],
          ["older than 30 day(s), but clean-ups are stopped: " + reason], "the plan says why")
    os.unlink(os.path.join(folder, "retention_frozen.json")) # a sync client, or somebody who did not know
    report = program.good_backup(server, database, folder)
    check(any(reason in w for w in harness.warnings_of(report)), "told again while nobody has confirmed it")
    check(old in harness.backups_in(folder), "still frozen")
    os.unlink(os.path.join(folder, "retention_frozen.json"))
    equal(verb(program, folder, "cleanup")["removed"], 0, "the backup that raised the alarm says so itself")
    verb(program, folder, "cleanup", "--unfreeze")
    equal(verb(program, folder, "list")["retention_frozen"], None, "no longer")
    equal(harness.warnings_of(program.good_backup(server, database, folder)), [], "confirmed")
    check(old not in harness.backups_in(folder), "the old one goes")
    verb(program, folder, "cleanup", "--unfreeze", code=10)
    equal([e["operation"] for e in harness.log_entries(folder) if e["operation"] in ("alarm", "unfreeze", "cleanup")],
          ["alarm", "alarm", "unfreeze", "cleanup", "cleanup"], "the log")


def test_stopped_by_hand(program):
    """Nothing goes while a person says so; the list tells who, and the status is as good as it was."""
    folder, newest, old = old_folder(program, 2)
    frozen = verb(program, folder, "cleanup", "--freeze", "--reason=before the audit")["retention_frozen"]
    check(frozen.endswith(" asked for it (before the audit)"), "who and why: %r" % frozen)
    verb(program, folder, "cleanup", "--freeze", code=3)
    equal(verb(program, folder, "cleanup")["removed"], 0, "frozen")
    whole(program, folder, newest, old)
    check(set(old) <= set(harness.backups_in(folder)), "the old ones stay")
    listed = verb(program, folder, "list")
    equal(listed["retention_frozen"], frozen, "the list has it")
    check("Look at this" not in program.run(["list", "--folder", program.path(folder)]).out, "it is no alarm")
    equal(verb(program, folder, "status")["cleanups_stopped"], frozen, "the status reminds of it")
    check("Clean-ups are stopped: " + frozen in program.run(["status", "--folder", program.path(folder)]).out,
          "in words, too")
    os.unlink(os.path.join(folder, "retention_frozen.json")) # a sync client, or somebody who did not know
    equal(verb(program, folder, "cleanup")["removed"], 0, "the log has it, too")
    equal(verb(program, folder, "list")["retention_frozen"], frozen, "and so has the list")
    verb(program, folder, "cleanup", "--unfreeze")
    equal(verb(program, folder, "cleanup")["removed"], 2, "allowed again")
    equal([e["operation"] for e in harness.log_entries(folder) if e["operation"] in ("freeze", "unfreeze")],
          ["freeze", "unfreeze"], "the log")


def test_large_objects_that_are_gone(program):
    server = harness.shared_server()
    database = "objects_" + program.kind
    server.psql('DROP DATABASE IF EXISTS "%s"' % database)
    server.psql('CREATE DATABASE "%s"' % database)
    server.psql("CREATE TABLE t (a int); SELECT count(lo_from_bytea(0, 'x')) FROM generate_series(1, 60)", database)
    folder = harness.temp_dir("r")
    first = os.path.basename(program.good_backup(server, database, folder)["unix_path"])
    server.psql("SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata", database)
    report = program.good_backup(server, database, folder)
    reason = "the large objects lost 100 % of their number (60 before, 0 now) since " + first
    warnings = harness.warnings_of(report)
    check(len(warnings) == 1 and warnings[0].startswith("Shrink alarm: " + reason), "the warning: %s" % warnings)
    listed = verb(program, folder, "list")
    equal([(b["name"], b["pin_reason"]) for b in listed["backups"] if b["pinned"]], [(first, reason)], "the pin")
    equal([b["large_objects"] for b in listed["backups"]], [0, 60], "the list")
    server.psql('DROP DATABASE "%s"' % database)


def test_rules_that_are_not_known(program):
    """Settings that are damaged, wrong, gone or in conflict: the defaults may keep, not remove. (B2) Under Wine, where
    each program takes its time to start, one of each kind: what reads them is the same core."""
    few = program.kind == "wine"
    kept = '{"retention_days": 3650, "max_backups": 10000}'

    def one(word, spoil, first=()):
        folder, newest, old = old_folder(program, 2)
        verb(program, folder, "config", "set", "retention_days=3650", "max_backups=10000")
        spoil(os.path.join(folder, "backup_config.json"))
        for arguments in first: # whoever looks first gets the notice; what comes after must still know
            verb(program, folder, *arguments)
        plan = verb(program, folder, "cleanup", "--dry-run")
        equal((plan["would_remove"], bool(plan["nothing_removed"])), (0, True), word + ": the plan")
        check(all("nothing is removed: " in b["reason"] for b in plan["backups"] if b["name"] in old),
              "%s: %s" % (word, plan))
        equal(verb(program, folder, "cleanup")["removed"], 0, word + ": cleanup")
        server = harness.shared_server()
        report = program.good_backup(server, small_database(server), folder)
        check(harness.warnings_of(report), word + ": the backup tells")
        check(set(old) <= set(harness.backups_in(folder)), word + ": after a backup")
        verb(program, folder, "config", "set", "retention_days=30", "max_backups=50", "schedule=daily")
        equal(verb(program, folder, "cleanup")["removed"], 2, word + ": once they are set again")

    def write(text):
        def spoil(path):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        return spoil
    cases = [("cut at %d" % cut, write(kept[:cut])) for cut in ((20,) if few else (0, 20, len(kept) - 1))]
    cases += [(value, write('{"retention_days": %s, "max_backups": 10000}' % value))
              for value in (("-1",) if few else ('"3650"', "3650.5", "-1", "null"))]
    cases += [("another key", write('{"retention_days": 30, "schedule": 7}')), ("gone", os.unlink),
              ("a sync client's copy", lambda path: os.rename(path, path.replace(".json", "-PC2.json")))]
    cases += [("damaged, and seen by " + first[0], write(kept[:40]), [first])
              for first in ((("list",),) if few else (("list",), ("config",), ("cleanup", "--dry-run")))]
    for case in harness.a_share(cases, 2):
        one(*case)


def test_whose_it_is(program):
    """Two servers with one database name on one host: another port is another database. (B3, M4, M6)"""
    folder, newest, old = old_folder(program, 1)
    other = harness.Server(another=True)
    try:
        name = small_database(other)
        os.unlink(os.path.join(folder, newest))
        os.unlink(os.path.join(folder, newest + ".manifest.json"))
        twin = os.path.basename(program.good_backup(other, name, folder)["unix_path"])
        equal(verb(program, folder, "cleanup")["removed"], 0, "another server's backup justifies nothing")
        equal(sorted(harness.backups_in(folder)), sorted(old + [twin, PREDECESSORS]), "what is left")
        with open(os.path.join(folder, twin + ".manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        equal((manifest["host"], manifest["port"], manifest["database"]), ("127.0.0.1", str(other.port), name), "place")
        check(int(manifest["system_identifier"]) and int(manifest["database_oid"]) and manifest["server_time"],
              "what the server says of itself: %s" % manifest)
        mine = harness.shared_server()
        for server, host, word in ((other, "127.0.0.1", "good"), (mine, "127.0.0.1", "warning"), (other, "db", "bad")):
            listed = verb(program, folder, "list", env={"PGHOST": host, "PGPORT": str(server.port), "PGDATABASE": name})
            equal(listed["health"], word, "how %s:%d stands: %s" % (host, server.port, listed["health_text"]))
        verb(program, folder, "config", "set", "max_backups=1")
        program.good_backup(mine, small_database(mine), folder)
        check(twin in harness.backups_in(folder), "each database has the maximum for itself")
    finally:
        other.stop()


def test_wrong_clock_of_one_run(program):
    """This computer's clock is a year ahead, or behind, for one run: the server's tells. (B4)"""
    if program.kind == "wine":
        raise harness.Skip("the fault library is preloaded into Linux programs; the same core is tested natively")
    server = harness.shared_server()
    for days in (366, -366):
        folder, newest, old = old_folder(program, 0)
        old = [aged(folder, newest, n) for n in range(1, 20)]
        moment = int(datetime.datetime.now().timestamp()) + days * 86400
        env = {**faulty(folder, "none:0"), "FAULT_TIME": str(moment)}
        report = program.good_backup(server, small_database(server), folder, env=env)
        check(any("the database server's" in w and "differ by 36" in w for w in report["warnings"]),
              "it says so: %s" % report["warnings"])
        check(set(old) <= set(harness.backups_in(folder)), "%d days: nothing went" % days)
        plan = verb(program, folder, "cleanup", "--dry-run", env=env)
        equal(plan["would_remove"], 0, "%d days: a clean-up trusts no clock that is so far off" % days)
        made = os.path.basename(report["unix_path"])
        listed = {b["name"]: b["age_days"] for b in verb(program, folder, "list")["backups"]}
        equal(listed[made], 0, "the right clock: it was made today, by the server's")
        equal(verb(program, folder, "cleanup")["removed"], 0, "all are young")


def test_clock_that_the_server_shares(program):
    """The server is on this computer, so its clock agrees however wrong it is: after a gap that no schedule leaves
    nothing goes in that run. (B4)"""
    server = harness.shared_server()
    folder, newest, _ = old_folder(program, 0)
    old = [aged(folder, newest, 365 + n) for n in range(3)]
    for name in (newest, newest + ".manifest.json"):
        os.unlink(os.path.join(folder, name))
    report = program.good_backup(server, small_database(server), folder)
    warnings = harness.warnings_of(report)
    check(len(warnings) == 1 and "the last backup was made 365 days ago" in warnings[0], "it says so: %s" % warnings)
    check(set(old) <= set(harness.backups_in(folder)), "nothing went: %s" % harness.backups_in(folder))
    # The next one comes a moment later: that clock goes on as clocks do.
    equal(harness.warnings_of(program.good_backup(server, small_database(server), folder)), [], "no doubt")
    check(not set(old) & set(harness.backups_in(folder)), "they go: %s" % harness.backups_in(folder))


def test_last_good_is_read_before_a_delete(program):
    """The newest has a flipped bit that nobody has seen: the older good ones cannot be deleted. (M7)"""
    folder, newest, old = old_folder(program, 1)
    flip(os.path.join(folder, newest))
    refused = verb(program, folder, "delete", old[0], code=3)
    check("is the newest verified backup" in refused["error"]["message"], "the words: %s" % refused)
    levels = {b["name"]: b["level"] for b in verb(program, folder, "list")["backups"]}
    equal((levels[newest], levels[old[0]]), ("damaged", "verified"), "levels")
    equal(verb(program, folder, "delete", newest)["deleted"], [newest], "the damaged one may go")


def test_pin_and_delete(program):
    folder, newest, old = old_folder(program, 2)
    verb(program, folder, "pin", old[0])
    refused = verb(program, folder, "delete", "--force", old[0], code=3)
    check("is pinned" in refused["error"]["message"], "the words: %s" % refused)
    verb(program, folder, "pin", "--off", old[0])
    equal(verb(program, folder, "delete", old[0], PREDECESSORS)["deleted"], [old[0], PREDECESSORS], "deleted")
    verb(program, folder, "delete", newest, code=3)
    verb(program, folder, "delete", "nothing.backup", code=10)
    verb(program, folder, "delete", "../" + newest, code=2)
    equal(harness.backups_in(folder), sorted([newest, old[1]]), "what is left")
    verb(program, folder, "delete", "--force", newest)
    equal((harness.backups_in(folder), lone_manifests(folder)), ([old[1]], []), "what is left")


def test_log_and_config(program):
    folder = harness.temp_dir("r")
    equal(verb(program, folder, "log")["entries"], [], "no log yet")
    for days in (7, 8, 9):
        equal(verb(program, folder, "config", "set", "retention_days=%d" % days)["retention_days"], days, "set")
    equal([e["message"] for e in verb(program, folder, "log", "--last", "2")["entries"]],
          ["retention_days: 8, was 7", "retention_days: 9, was 8"], "old and new")
    verb(program, folder, "config", "set", "retention_days=9")
    equal(verb(program, folder, "log", "--check"), {"ok": True, "entries": 3}, "no change, no entry")
    verb(program, folder, "config", "set", "retention_days=0", code=3)
    verb(program, folder, "config", "set", "colour=red", code=2)
    shown = verb(program, folder, "config")
    equal((shown["retention_days"], shown["schedule"], shown["backup_time"], shown["compress"]),
          (9, "daily", "02:00", True), "shown")
    path = os.path.join(folder, "backup_log.json")
    entries = harness.log_entries(folder)
    entries[1]["message"] = "retention_days: 30, was 7"
    with open(path, "w", encoding="utf-8") as f:
        json.dump(entries, f)
    broken = verb(program, folder, "log", "--check", code=7)
    check("entry 3 of backup_log.json" in broken["error"]["message"], "the link is named: %s" % broken)


harness.main(__name__, wine=("test_plan_and_clean_up", "test_two_at_once", "test_pin_and_delete"))
