#!/usr/bin/env python3
"""The dialogs of the shipped window on a real server, driven by tests/win/ui_dialogs.c.

With --shots DIR it takes pictures instead: the driver says where it is, and waits until the picture is there. With
--high-contrast the window takes the system's colours alone, with --long its texts are as long as other languages'.
"""
import datetime
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), d) for d in ("e2e", "win")]
import age_reference  # noqa: E402
import folders  # noqa: E402
import graph_sim  # noqa: E402
import harness  # noqa: E402
import test_moments  # noqa: E402
import test_notify  # noqa: E402
import test_sharepoint  # noqa: E402
import test_window as window  # noqa: E402

shots = sys.argv[sys.argv.index("--shots") + 1] if "--shots" in sys.argv else None


def take(path, moving):
    """The screen, once nothing more is drawn on it: two pictures in a row are the same; without its empty border."""
    before = None
    for _ in range(1 if moving else 20):
        now = subprocess.run(["import", "-window", "root", "ppm:-"], capture_output=True).stdout
        if now == before:
            break
        before = now
        time.sleep(0.25)
    subprocess.run(["convert", "ppm:-", "-trim", "+repage", path], input=now)


MOVING = ("running", "closing", "restore-running", "sharepoint-browser", "sharepoint-code", "upload-running",
          "restore-from-sharepoint-running")
LONG = {"UITEST_LONG": "1"} if "--long" in sys.argv else {}
# For pictures everything lies where it would on a user's PC.
PREFIX = os.environ.get("WINEPREFIX", os.path.join(window.TOP, "build/wine"))
HOME = os.path.join(PREFIX, "drive_c/users/Manager")
PROGRAM = os.path.join(PREFIX, "drive_c/Program Files/CMMS Backup")


def place(work, name):
    """A backup folder, and its name on Windows."""
    if shots is None:
        return os.path.join(work, name), window.windows(os.path.join(work, name))
    return os.path.join(HOME, "Documents/AIT_CMMS_Backups"), "C:\\Users\\Manager\\Documents\\AIT_CMMS_Backups"


def drive(scenario, arguments, own, steps=None, **env):
    env = dict(env, CMMS_BACKUP_DATA=window.windows(own))
    if shots is None:
        return window.drive(scenario, arguments, scenario, steps=steps, **env)
    if "--high-contrast" in sys.argv:
        arguments = ["--high-contrast"] + arguments
    program = "C:\\Program Files\\CMMS Backup\\cmms-backup.exe"
    process = subprocess.Popen(["wine", window.UI_TEST, scenario, program] + arguments,
                               env=window.environment(UITEST_SHOTS="1", **LONG, **env), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    watch = window.Watch(process, scenario)
    for raw in process.stdout:
        line = raw.decode("utf-8", "replace").rstrip()
        watch.heard(line)
        if line.startswith("shot "):
            name = line.split()[1]
            take(os.path.join(shots, name + ".png"), name in MOVING)
            process.stdin.write(b"\n")
            process.stdin.flush()
        elif not window.answer(process, line, steps):
            print(line)
    process.wait()
    watch.end()


def saved(own, server, folder):
    """What the assistant saved is enough for the console program: no switches, no environment."""
    with open(os.path.join(own, "connection.json"), encoding="utf-8") as f:
        text = f.read()
    profile = json.loads(text)
    window.say(profile["port"] == str(server.port) and profile["database"] == "cmms", "the profile has the connection",
               text)
    window.say(harness.PASSWORD not in text, "and not the password", "it has")
    cli = os.path.join(window.PRODUCT, "cmms-backup-cli.exe")
    done = subprocess.run(["wine", cli, "backup", "--json", "--folder", window.windows(folder)], capture_output=True,
                          env=window.environment(CMMS_BACKUP_DATA=window.windows(own)), stdin=subprocess.DEVNULL,
                          timeout=300 * window.SCALE)
    window.say(done.returncode == 0, "then the console program's backup just works",
               "it ended with %d: %s" % (done.returncode, done.stderr.decode(errors="replace")[-500:]))


def signins(folder):
    """What the audit log says of it: who, and no password, also not one in the wrong box."""
    entries = harness.log_entries(folder)
    with open(os.path.join(folder, "backup_log.json"), encoding="utf-8") as f:
        text = f.read()
    told = [(e["operation"], e["status"], e.get("actor"), e["message"]) for e in entries]
    for wanted in [("sign-in", "failed", None, "Sign-in refused: there is no such user"),
                   ("sign-in", "failed", None,
                    "Sign-in of \"o'neil\" refused: the user name or the password is wrong"),
                   ("sign-in", "success", "o'neil", "Signed in"), ("lock", "success", "o'neil", "Locked: by the user"),
                   ("sign-in", "failed", None, "Sign-in of \"technician\" refused: this user is not a manager")]:
        window.say(wanted in told, "the log has: %s %s" % (wanted[0], wanted[3]), repr(told))
    window.say([t[2] for t in told if t[0] == "backup"] == ["o'neil"], "the backup's entry names who was signed in",
               repr(told))
    window.say("it's %41" not in text and "1'='1" not in text, "no password and no unknown name is in the log", "it is")


def plausible(folder):
    """Whoever makes the pictures is not who would have made the backups."""
    for path in glob.glob(os.path.join(folder, "*.manifest.json")):
        with open(path, encoding="utf-8") as f:
            manifest = json.load(f)
        manifest.update(user="Manager", computer="OFFICE")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(manifest, f)


USERS = """
INSERT INTO users (username, password_hash, full_name, role, is_active) VALUES
 ('o''neil', encode(sha256('it''s %41'), 'hex'), 'Pat O''Neil', 'Manager', true),
 ('technician', encode(sha256('sample'), 'hex'), 'Tom', 'Technician', true),
 ('leaver', encode(sha256('sample'), 'hex'), 'Lea', 'Manager', false) ON CONFLICT DO NOTHING;
DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT SELECT ON users TO reader;
"""


def sign_in(work, server):
    connection = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d"]
    server.psql(USERS, "cmms")
    for scenario, database in (("signin", "cmms"), ("more", "cmms"), ("nousers", "postgres"), ("tray-signin", "cmms"),
                               ("idle", "cmms"), ("tenth", "cmms"), ("keys", "cmms")):
        own = os.path.join(work, "own " + scenario)
        folder, shown = place(work, "keys ö" if scenario == "keys" else "signin ö")
        os.makedirs(own)
        if shots is not None and scenario in ("idle", "tray-signin", "tenth", "keys"):
            continue
        if scenario == "keys":
            identifier, oid = server.psql("SELECT system_identifier, oid FROM pg_control_system(), pg_database WHERE "
                                          "datname = 'cmms'").split("|")
            window.old_backups(folder, {"database": "cmms", "port": str(server.port), "system_identifier": identifier,
                                        "database_oid": oid})
        else:
            os.makedirs(folder, exist_ok=True)
        if scenario == "idle":
            with open(os.path.join(own, "connection.json"), "w") as f:
                f.write('{"lock_minutes": 1}')
        if scenario == "tenth":
            with open(os.path.join(own, "signin.json"), "w") as f:
                f.write('{"failures": 9, "last": 0}')
        if scenario == "more" and shots is not None:
            plausible(folder)
        tray = ["--tray"] if scenario == "tray-signin" else []
        with test_notify.Recorder() as hook:
            drive(scenario, tray + ["--folder", shown] + connection + [database], own, PGPASSWORD=harness.PASSWORD,
                  UITEST_HOOK=hook.url, http_proxy="", https_proxy="")
        if scenario == "more":
            paths = [path for _, path, _ in hook.got]
            window.say(len(paths) == 3 and all(path.startswith("/" + test_notify.TOKEN) for path in paths),
                       "more: each of the three Test buttons sends one message", repr(hook.got))
        if scenario == "signin" and shots is None:
            signins(folder)


def same(server, name, sums):
    def look():
        harness.same_sums(server.checksums(name), sums, "the rows")
    return look


# Owns all of it, and may not create databases.
KEEPER = """
CREATE ROLE keeper LOGIN PASSWORD '%s'; ALTER DATABASE %s OWNER TO keeper;
DO $$ DECLARE one text; BEGIN FOR one IN
 SELECT format('ALTER TABLE %%s OWNER TO keeper', oid::regclass) FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
 UNION ALL SELECT format('ALTER FUNCTION %%s OWNER TO keeper', oid::regprocedure) FROM pg_proc
  WHERE pronamespace = 'public'::regnamespace LOOP EXECUTE one; END LOOP; END $$;
"""


def restores(work, server):
    """There and back: the rows are looked at on the server. In pictures with long texts the names are long as well."""
    for scenario in ("restore", "restore-keys", "restore-gone", "restore-in-place"):
        if shots is not None and scenario == "restore-keys":
            continue
        name = {"restore": "cmms of plant 7 & Zürich, maintenance and spare parts, 2026" if LONG else
                           "cmms_plant" if shots else "cmms & ö",
                "restore-keys": "cmms_keys", "restore-gone": "cmms_gone", "restore-in-place": "cmms_place"}[scenario]
        user = "keeper" if scenario == "restore-in-place" else "postgres"
        own = os.path.join(work, "own " + scenario)
        folder, shown = place(work, scenario + " ö")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        os.makedirs(own)
        harness.sample(server, name, 10 if scenario == "restore" else 2)
        server.psql(USERS, name)
        if user != "postgres":
            server.psql(KEEPER % (harness.PASSWORD.replace("'", "''"), name), name)
        harness.Program("native").good_backup(server, name, folder)
        if shots is not None:
            plausible(folder)
        before = server.checksums(name)
        changed = {}

        def change(name=name, changed=changed, user=user):
            server.psql("SET ROLE %s; DELETE FROM pm_completions; CREATE TABLE newer (a int);"
                        "INSERT INTO newer VALUES (1)" % user, name)
            changed.update(server.checksums(name))

        def create(name=name):
            harness.sample(server, name)

        def drop(name=name):
            server.psql('DROP DATABASE "%s" WITH (FORCE)' % name)

        held = []

        def hold():
            held.append(test_moments.Session(server, "postgres"))
            held[0].ask("BEGIN; LOCK TABLE pg_catalog.pg_shdescription IN ACCESS EXCLUSIVE MODE;")

        def let_go():
            held.pop().end()

        def nothing_left():
            left = server.psql("SELECT datname FROM pg_database WHERE datname LIKE '%\\_restore\\_%'")
            harness.equal(left, "", "databases that were not whole")

        if scenario == "restore-gone":
            drop()
        drive(scenario, ["--folder", shown, "-h", "127.0.0.1", "-p", str(server.port), "-U", user, "-d", name],
              own, {"change": change, "as-changed": same(server, name, changed), "as-saved": same(server, name, before),
                    "create": create, "drop": drop, "nothing-left": nothing_left, "hold": hold, "let-go": let_go},
              PGPASSWORD=harness.PASSWORD, UITEST_DATABASE=name)
        if held: # a scenario that failed in between
            let_go()
        if shots is None:
            restored(folder, scenario)


def restored(folder, scenario):
    """What the audit log says of it."""
    told = [(e["operation"], e["status"], e.get("actor"), e["message"]) for e in harness.log_entries(folder)
            if e["operation"] in ("restore", "undo")]
    wanted = {"restore": [("restore", "success", "o'neil", "; a safety backup was declined"),
                          ("undo", "success", "o'neil", "Undone: "), ("restore", "failed", "o'neil", "cancelled")],
              "restore-keys": [("restore", "success", "o'neil", "Restored into "),
                               ("undo", "success", "o'neil", "Undone: ")],
              "restore-gone": [("restore", "failed", None, "one of them has to sign in first"),
                               ("restore", "success", None, "; nobody was signed in")],
              "restore-in-place": [("restore", "started", "o'neil", ", which is committed now"),
                                   ("restore", "success", "o'neil", "; in place, so ")]}[scenario]
    window.say(len(told) == len(wanted) and all(t[:3] == w[:3] and w[3] in t[3] for t, w in zip(told, wanted)),
               scenario + ": the audit log has who did what", repr(told))


class Steps(dict):
    """What the driver asks for by name; "browse ADDRESS" is the browser of the user."""

    def __missing__(self, name):
        verb, _, address = name.partition(" ")
        if verb != "browse":
            raise KeyError(name)
        return lambda: test_sharepoint.browser(address)


def sharepoint_steps(sim, folder, names, sync):
    """What happens at Microsoft meanwhile; and in the folder that OneDrive keeps in step."""
    held = threading.Event()
    sim.granted.add("/sites/Maintenance") # `keys` asks for what IT grants site by site

    def there():
        harness.equal(sim.names(), sorted(n + e for n in names for e in ("", ".manifest.json")), "what is there")
        for name in sim.names():
            with open(os.path.join(folder, name), "rb") as f:
                harness.check(sim.data(name) == f.read(), name + " is another there")
        harness.equal(sim.complaints, [], "complaints")

    def hold():
        """What was brought there is gone, and the next upload's last answer waits."""
        for number in [i["id"] for i in sim.items.values() if i["parent"] == sim.folder]:
            del sim.items[number]
        sim.faults = [graph_sim.Fault("put", call=lambda s: held.wait(120))]

    def age():
        """The older one is forty days old, by its manifest there; both were made by the computer of the window."""
        for name in names:
            item = sim.child(sim.folder, name + ".manifest.json")
            manifest = json.loads(item["data"])
            manifest["computer"] = harness.log_entries(folder)[-1]["computer"]
            if name == names[0]:
                began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=40)
                manifest["started"] = manifest["finished"] = manifest["server_time"] = began.strftime(
                    "%Y-%m-%dT%H:%M:%SZ")
            item["data"], item["version"] = json.dumps(manifest).encode(), item["version"] + 1

    def synced():
        harness.equal(sorted(os.listdir(sync)), [names[1], names[1] + ".manifest.json"], "what is in OneDrive's folder")

    def recycled():
        harness.equal(sim.recycled[-2:], [names[0], names[0] + ".manifest.json"], "what went")
        harness.equal(sim.names(), [names[1], names[1] + ".manifest.json"], "what is left there")

    def forbid():
        sim.faults = [graph_sim.Fault("find", 403, code="accessDenied", times=99)]

    return Steps({
        "refuse": lambda: setattr(sim, "consent", 90094), "allow": lambda: setattr(sim, "consent", True),
        "device-waits": lambda: setattr(sim, "device_waits", True),
        "device-typed": lambda: setattr(sim, "device_waits", False),
        "nothing-there": lambda: harness.equal(sim.names(), [], "what is there"), "both-there": there,
        "age": age, "recycled": recycled, "synced": synced,
        "hold": hold, "release": held.set, "forbid": forbid, "permit": lambda: sim.faults.clear(),
        "selected": lambda: harness.equal(sim.scopes, {"Sites.Selected offline_access openid profile"}, "scopes")})


def encryption(work, server):
    """The dialog for the encryption of copies; what it has written, and where the secrets are not."""
    name, scenario = "cmms_encryption", "encryption"
    harness.sample(server, name, 2)
    server.psql(USERS, name)
    own = os.path.join(work, "own " + scenario)
    folder, shown = place(work, scenario + " ö")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.makedirs(own)
    drive(scenario, ["--folder", shown, "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", name], own,
          PGPASSWORD=harness.PASSWORD)
    if shots is not None:
        return
    with open(os.path.join(folder, "key.txt"), encoding="ascii") as f:
        identity = f.read().split("\n")[-2]
    with open(os.path.join(folder, "card.txt"), encoding="utf-8") as f:
        card = f.read()
    window.say(age_reference.recipient_of(age_reference.bech32_data(identity)[1]) in card and identity not in card,
               scenario + ": the card has the public key of the key file, and not the private one", card)
    window.say(not os.path.exists(os.path.join(own, "encryption.json")), scenario + ": off is off", "it is set up")
    for top in (own, folder):
        for at, _, files in os.walk(top):
            for file in files:
                with open(os.path.join(at, file), "rb") as f:
                    content = f.read()
                window.say(file == "key.txt" or (b"AGE-SECRET-KEY" not in content and b"horse" not in content),
                           "%s: no secret is in %s" % (scenario, file), "there is one")


def sharepoint(work, server):
    """The folder on SharePoint, with a simulator; two good backups and one without a manifest."""
    name = "cmms_share"
    harness.sample(server, name, 2)
    server.psql(USERS, name)
    for scenario in ("sharepoint", "sharepoint-keys")[:1 if shots else 2]:
        own = os.path.join(work, "own " + scenario)
        folder, shown = place(work, scenario + " ö")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        os.makedirs(own)
        reports = [harness.Program("native").good_backup(server, name, folder) for _ in range(2)]
        if shots is not None:
            plausible(folder)
        shutil.copy(os.path.join(window.TOP, "tests/fuzz/corpus/archive/pg18-zstd-tables.backup"),
                    os.path.join(folder, "cmms_backup_20250118_020000.backup"))
        with open(os.path.join(folder, "backup_config.json"), "w", encoding="utf-8") as f:
            json.dump({"retention_days": 30}, f)  # the default, but somebody's word: nothing goes there without
        names = sorted(os.path.basename(r["unix_path"]) for r in reports)
        with graph_sim.Simulator() as sim:
            sync, fake = os.path.join(work, "sync " + scenario), os.path.join(work, "fake " + scenario)
            os.makedirs(sync)
            with open(fake, "w") as f:
                f.write("placeholder=9\nstate=2\nprovider=OneDrive!x\n")
            drive(scenario, ["--folder", shown, "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d",
                             name], own, sharepoint_steps(sim, folder, names, sync), PGPASSWORD=harness.PASSWORD,
                  UITEST_SYNC=window.windows(sync), CMMS_BACKUP_FAKE_SYNC=window.windows(fake),
                  UITEST_CLOUD="%s %s/login" % (sim.url, sim.url), http_proxy="", https_proxy="")
        if shots is None:
            for at, _, files in os.walk(own):
                for file in files:
                    with open(os.path.join(at, file), "rb") as f:
                        content = f.read()
                    window.say(not re.search(rb"SECRET|tempauth|refresh\d|access\d", content),
                               "%s: no secret is in %s" % (scenario, file), "there is one")


PASSPHRASE = "correct horse battery staple"


def bring_there(user, folder, names, key_file):
    """Another PC's three backups: the oldest as it is, one encrypted for a key pair, the newest with a passphrase."""
    def run(*arguments):
        done = user.program.run(list(arguments), env={"CMMS_BACKUP_DATA": user.data, "http_proxy": "",
                                                      "https_proxy": "", "CMMS_BACKUP_PASSPHRASE": PASSPHRASE})
        harness.equal(done.code, 0, "%r: %s%s" % (arguments, done.out, done.err))

    confirm = ("--confirm", "without the key nothing")
    for name, encryption_as in zip(names, ((), ("--key-file", key_file), ("--passphrase",))):
        if encryption_as:
            run("encryption", "set-up", *encryption_as, *confirm)
        run("upload", "--folder", folder, name)


def back_steps(sim, folder, other, names):
    """What happens in the folder and at Microsoft meanwhile."""
    reached, held = threading.Event(), threading.Event()
    item = sim.child(sim.folder, names[0])
    data = item["data"]
    half, other_bytes = len(data) // 2, data[:-1] + bytes([data[-1] ^ 1])

    def ours():
        return sorted(n for n in os.listdir(folder) if n.startswith("cmms_backup_"))

    def read(path):
        with open(path, "rb") as f:
            return f.read()

    def back(name):
        harness.check(read(os.path.join(folder, name)) == read(os.path.join(other, name)), name + " is another")
        manifest = json.loads(read(os.path.join(folder, name + ".manifest.json")))
        harness.equal((manifest["pinned"], "encrypted" in manifest), (True, False), "the manifest")
        harness.equal([n for n in ours() if n.endswith((".download", ".partial"))], [], "what is left over")
        harness.equal(sim.complaints, [], "complaints")

    def lose():
        for name in ours():
            os.remove(os.path.join(folder, name))

    def hold():
        """The manifest comes, then half of the file, then nothing."""
        sim.faults = [graph_sim.Fault("download", skip=1, keep=half),
                      graph_sim.Fault("download", skip=1, call=lambda s: (reached.set(), held.wait(120)))]

    def half_back():
        held.set()
        sim.faults = []
        harness.equal(ours(), [names[0] + ".download"], "what is there")
        harness.equal(os.path.getsize(os.path.join(folder, names[0] + ".download")), half, "its bytes")

    def resumed():
        harness.equal(sim.ranges[-1], "bytes=%d-" % half, "what was asked for")
        back(names[0])

    def replace():
        item.pop("served")
        item["data"] = other_bytes

    return Steps({
        "nothing-back": lambda: harness.equal(ours(), [], "what is there"), "plain-back": lambda: back(names[0]),
        "key-back": lambda: back(names[1]), "passphrase-back": lambda: back(names[2]), "lose": lose,
        "hold-download": hold, "held": lambda: harness.wait_for(reached.is_set, 120, "the rest to be asked for"),
        "half-back": half_back, "resumed": resumed, "damage": lambda: item.update(served=other_bytes),
        "replace": replace, "mend": lambda: item.update(data=data)})


def sharepoint_back(work, server):
    """What another PC has brought to SharePoint comes back, into an empty folder."""
    name = "cmms_back"
    harness.sample(server, name, 2)
    server.psql(USERS, name)
    for scenario in ("sharepoint-back", "sharepoint-back-keys")[:1 if shots else 2]:
        own = os.path.join(work, "own " + scenario)
        folder, shown = place(work, scenario + " ö")
        shutil.rmtree(folder, ignore_errors=True)
        other, key_file = os.path.join(work, "other " + scenario), os.path.join(work, scenario + ".txt")
        for path in (folder, own, other):
            os.makedirs(path)
        program = harness.Program("native")
        names = sorted(os.path.basename(program.good_backup(server, name, other)["unix_path"]) for _ in range(3))
        if shots is not None:
            plausible(other)
        with graph_sim.Simulator() as sim:
            user = test_sharepoint.User(program, sim)
            user.good_set_up()
            bring_there(user, other, names, key_file)
            drive(scenario, ["--folder", shown, "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d",
                             name], own, back_steps(sim, folder, other, names), PGPASSWORD=harness.PASSWORD,
                  UITEST_KEY=window.windows(key_file), UITEST_CLOUD="%s %s/login" % (sim.url, sim.url),
                  http_proxy="", https_proxy="")
        for top in (own, folder) if shots is None else ():
            for at, _, files in os.walk(top):
                for file in files:
                    with open(os.path.join(at, file), "rb") as f:
                        content = f.read()
                    window.say(not re.search(rb"SECRET|tempauth|refresh\d|access\d|horse battery", content),
                               "%s: no secret is in %s" % (scenario, file), "there is one")


def due_folder(folder, **more):
    """A folder whose daily slot is due since an hour."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    now = datetime.datetime.now().astimezone()
    with open(os.path.join(folder, "backup_config.json"), "w", encoding="utf-8") as f:
        json.dump({"backup_time": (now - datetime.timedelta(hours=1)).strftime("%H:%M")}, f)
    ledger = {"since": now - datetime.timedelta(hours=3), **more}
    with open(os.path.join(folder, "schedule_ledger.json"), "w", encoding="utf-8") as f:
        json.dump({**{k: v.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
                      for k, v in ledger.items()}, "slots": []}, f)


def ledger_of(folder):
    with open(os.path.join(folder, "schedule_ledger.json"), encoding="utf-8") as f:
        return json.load(f)


TASK = os.path.join(PREFIX, "drive_c/windows/system32/tasks/AIT CMMS Backup")


def remove_task():
    """The assistant and Save Config register it; Wine starts nothing, but other tests look for it."""
    if os.path.exists(TASK):
        os.remove(TASK)


def schedules(work, server):
    """The window runs a slot itself, and has Windows' task follow its settings; hidden, a slot fails; and so does one
    of the task's own runs, which leaves an icon."""
    server.psql(USERS, "cmms")
    remove_task()
    for scenario in ("schedule-run", "schedule-failed", "schedule-told"):
        own = os.path.join(work, "own " + scenario)
        folder, shown = place(work, scenario + " ö")
        os.makedirs(own)
        failed = scenario != "schedule-run"
        begin = {"schedule-failed": ["--tray"], "schedule-told": ["--scheduled"]}.get(scenario, [])
        screen = os.path.join(own, "screen-state.json")
        kept = []
        connection = {"host": "127.0.0.1", "port": str(server.port), "user": "postgres", "database": "cmms"}
        with open(os.path.join(own, "connection.json"), "w", encoding="utf-8") as f:
            json.dump(connection, f)
        pause = {} if failed else {"paused_until": datetime.datetime.now().astimezone() + datetime.timedelta(hours=1)}
        due_folder(folder, **pause)

        def slot(state, folder=folder):
            ledger = ledger_of(folder)
            harness.equal([s["state"] for s in ledger["slots"]], [state], "the slots")

        def paused(folder=folder):
            harness.check("paused_until" in ledger_of(folder), "the ledger: %r" % ledger_of(folder))

        def told(screen=screen, kept=kept):
            """What the screen was given; and after another run the same, byte for byte."""
            with open(screen, encoding="utf-8") as f:
                kept.append(f.read())
            last = json.loads(kept[0])["last"]
            harness.equal((last["notice"], kept[-1]), ("failed", kept[0]), "what was told")
            harness.check("wr0ng" not in last["text"], "the password is told: " + last["text"])

        drive(scenario, begin + ["--folder", shown, "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d",
                                 "cmms"], own,
              {"told": told, "told-once": told, "done": lambda slot=slot: slot("done"),
               "failed": lambda slot=slot: slot("failed"), "paused": paused,
               "task-there": lambda: harness.check(os.path.exists(TASK), "there is none"),
               "task-gone": lambda: harness.check(not os.path.exists(TASK), "it is there")},
              PGPASSWORD="wr0ng-passw0rd" if failed else harness.PASSWORD)
    remove_task()


def hold(server):
    """A transaction that has a table for itself: a dump of it waits. Returns how to end it."""
    lock = "LOCK TABLE work_orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)"
    process = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-c", "BEGIN; " + lock], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**harness.clean_env(), **server.env("cmms")})
    harness.wait_for(lambda: server.psql("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = "
                                         "'work_orders'::regclass", "cmms"), 30, "the lock that holds the backup")

    def free():
        process.kill()
        process.wait()
        server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND "
                    "pid <> pg_backend_pid()")
    return free


def session_ends(work, server):
    """Windows ends the session while the task's own run, which has no window, makes a backup."""
    scenario = "schedule-ended"
    own = os.path.join(work, "own " + scenario)
    folder, shown = place(work, scenario + " ö")
    os.makedirs(own)
    due_folder(folder)

    def undecided():
        harness.equal(ledger_of(folder)["slots"], [], "the slots")

    free = hold(server)
    try:
        drive(scenario, ["--scheduled", "--folder", shown, "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres",
                         "-d", "cmms"], own,
              {"begun": lambda: harness.wait_for(lambda: harness.partials_in(folder), 60, "the partial"),
               "undecided": undecided}, PGPASSWORD=harness.PASSWORD)
    finally:
        free()


def states(work):
    """The window itself, on a folder such as a user has."""
    shutil.rmtree(HOME, ignore_errors=True)
    folder, shown = place(work, "")
    own = os.path.join(work, "own states")
    os.makedirs(own)
    demo = ["--demo", "--demo-data", window.windows(os.path.join(os.path.dirname(shots), "demo"))]
    first = os.path.join(work, "first") # from a backup of it it is known whose the others are to be
    subprocess.run(["wine", window.APP] + demo + ["--folder", window.windows(first), "--after-backup", "--screenshot",
                                                  window.windows(os.path.join(work, "first.png"))],
                   env=window.environment(CMMS_BACKUP_DATA=window.windows(own)), stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300 * window.SCALE)
    folders.several(folder, **window.identity(first))
    drive("pictures", demo + ["--folder", shown], own)
    drive("failure", ["--folder", "C:\\Users\\Manager\\Documents\\CMMS", "-h", "127.0.0.1", "-p", "9", "-U",
                      "manager", "-d", "cmms"], own, PGPASSWORD="x", PGCONNECT_TIMEOUT="5")
    shutil.rmtree(HOME, ignore_errors=True)


def main():
    # A part of it, while working on that.
    only = [a for a in sys.argv[1:] if a in ("assistant", "signin", "states", "restores", "sharepoint", "back",
                                             "encryption", "schedules")]
    work = tempfile.mkdtemp(prefix="cmms-dialogs-")
    server = harness.shared_server()
    silent = socket.create_server(("127.0.0.1", 0))  # takes connections, and never says a word
    try:
        if shots is not None:
            shutil.rmtree(HOME, ignore_errors=True)
            if os.path.lexists(PROGRAM):
                os.remove(PROGRAM)
            os.symlink(window.PRODUCT, PROGRAM)
        harness.sample(server)
        url = "postgresql://postgres:%s@127.0.0.1:%d/cmms?sslmode=require" % (
            urllib.parse.quote(harness.PASSWORD, safe=""), server.port)
        if not only or "signin" in only:
            sign_in(work, server)
        if not only or "restores" in only:
            restores(work, server)
        if not only or "sharepoint" in only:
            sharepoint(work, server)
        if not only or "back" in only:
            sharepoint_back(work, server)
        if not only or "encryption" in only:
            encryption(work, server)
        if not only or "schedules" in only:
            schedules(work, server)
            if shots is None:
                session_ends(work, server)
        if shots is not None and (not only or "states" in only):
            states(work)
        for scenario in ("assistant", "keyboard")[:1 if shots else 2] if not only or "assistant" in only else ():
            own = os.path.join(work, "own " + scenario)
            folder, shown = place(work, scenario + " ö")
            os.makedirs(own)
            os.makedirs(folder)
            drive(scenario, ["--folder", shown], own, UITEST_URL=url, OneDrive="C:\\Users\\Manager\\OneDrive",
                  UITEST_SILENT="postgresql://u:p@127.0.0.1:%d/d" % silent.getsockname()[1])
            if shots is None:
                saved(own, server, folder)
    finally:
        remove_task()
        silent.close()
        server.stop()
        if shots is not None:
            os.remove(PROGRAM)
            shutil.rmtree(HOME, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(window.own_data, ignore_errors=True)
    sys.exit(1 if window.failed else 0)


if __name__ == "__main__":
    main()
