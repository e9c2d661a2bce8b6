"""`sharepoint set-up`, `sharepoint status` and `upload` with a simulator of SharePoint and of the sign-in."""
import base64
import json
import os
import re
import shutil
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import harness
from graph_sim import Answer, Fault, Simulator
from harness import check, equal
from test_retention import small_database

LINK = "https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents/Backups"
TENANT = "contoso.onmicrosoft.com"


class User:
    """One user's data, on one PC."""

    def __init__(self, program, sim):
        self.program, self.sim = program, sim
        self.data = harness.temp_dir("data")

    def env(self):
        env = {k: v for k, v in self.program.env().items() if not k.lower().endswith("_proxy")}
        return {**env, "CMMS_BACKUP_DATA": self.program.path(self.data)}

    def run(self, *arguments):
        done = self.program.run(list(arguments), env={"CMMS_BACKUP_DATA": self.program.path(self.data),
                                                      "http_proxy": "", "https_proxy": ""})
        self.untold(done.out, done.err)
        return done

    def begin(self, *more, link=LINK):
        arguments = ["sharepoint", "set-up", "--json", "--no-browser", "--client-id", "client", "--graph", self.sim.url,
                     "--login", self.sim.url + "/login", *more, link]
        return self.program.start(arguments, env={"CMMS_BACKUP_DATA": self.program.path(self.data)})

    def set_up(self, *more, link=LINK, browse=True):
        """As a user does: the address that is shown is opened in a browser, which is sent back to the program."""
        process = self.begin(*more, link=link)
        shown = b""
        while browse and process.poll() is None:
            line = process.stderr.readline()
            shown += line
            if not line or line.startswith(b"http"):
                break
        if browse and b"\nhttp" in shown:
            self.address = shown.decode().splitlines()[1].strip()
            self.page = browser(self.address)
        done = harness.finish(process)
        self.untold(done.out, done.err)
        return done

    def good_set_up(self, *more, **options):
        done = self.set_up(*more, **options)
        equal(done.code, 0, "the set-up's exit code: %s%s; %r" % (done.out, done.err, self.sim.log))
        return done.json()

    def untold(self, *texts):
        """No token and no word of a server's is told or lies in the clear (on POSIX: in a file of others)."""
        for at, _, names in os.walk(self.data):
            for name in names:
                path = os.path.join(at, name)
                with open(path, "rb") as f:
                    content = f.read()
                check(b"SECRET" not in content and b"refresh1" not in content, "a secret is in " + name)
                if self.program.kind == "native":
                    equal(os.stat(path).st_mode & 0o077, 0, "the rights of others to " + name)
                elif name == "sharepoint-signin.json":
                    for key in ("access", "refresh"):
                        sealed = base64.b64decode(json.loads(content)[key])
                        check(b"access" not in sealed and b"refresh" not in sealed, "a token is not sealed")
        for text in texts:
            text = text.replace("CMMS_SHAREPOINT_SECRET", "")
            check("SECRET" not in text and not re.search(r"access\d|refresh\d|code\d", text), "a secret: " + text)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def browser(address):
    """Follows the sign-in's redirect, after a favicon and a stranger's request, as browsers make them."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
    try:
        opener.open(address, timeout=60)
    except urllib.error.HTTPError as answer:
        if answer.code != 302:
            return answer.read().decode()
        back = answer.headers["Location"]
    back = back.replace("localhost", "127.0.0.1")
    root = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(back))
    for other in ("/favicon.ico", "/?code=stolen&state=guessed", "/?error=access_denied&state=guessed"):
        opener.open(root + other, timeout=60).read()
    return opener.open(back, timeout=60).read().decode()


def backup(program, folder=None):
    server = harness.shared_server()
    folder = folder or harness.temp_dir("b")
    return program.good_backup(server, harness.sample(server), folder)["unix_path"], folder


def test_from_link_to_copy(program):
    path, folder = backup(program)
    name = os.path.basename(path)
    with Simulator() as sim:
        user = User(program, sim)
        done = user.run("upload", "--json", program.path(path))
        equal(done.code, 10, "an upload before the set-up: " + done.out)
        check("no folder on SharePoint is set up" in done.out, done.out)
        document = user.good_set_up()
        equal((document["place"], document["tenant"]), ("Dokumente/Backups", TENANT), "what is told")
        check("Signed in" in user.page, user.page)
        check("prompt=select_account" in user.address and "code_challenge_method=S256" in user.address, user.address)
        equal(sim.names(), [], "what the try has left")
        done = user.run("sharepoint", "status")
        equal(done.code, 0, "status: " + done.out + done.err)
        check("SharePoint: Dokumente/Backups can be reached" in done.out, done.out)
        done = user.run("upload", "--json", "--folder", program.path(folder), name)
        equal(done.code, 0, "upload: %s%s %r" % (done.out, done.err, sim.log))
        with open(path, "rb") as f:
            equal(sim.data(name) == f.read(), True, "that the copy is the backup")
        with open(path + ".manifest.json", "rb") as f:
            equal(sim.data(name + ".manifest.json") == f.read(), True, "that its manifest is there")
        equal(sim.names(), sorted([name, name + ".manifest.json"]), "what is there")
        order = [i["name"] for i in sim.items.values() if "data" in i]
        equal(order, [name, name + ".manifest.json"], "the order in which they came")
        last = harness.log_entries(folder)[-1]
        equal((last["operation"], last["status"], last["backup_file"], last["message"]),
              ("upload", "success", name, "uploaded to SharePoint, Dokumente/Backups"), "the log")
        listed = program.run(["list", "--json", "--folder", program.path(folder)]).json()
        row = listed["backups"][0]
        item = sim.child(sim.folder, name)
        check(row["exported"] and row["offsite"]["when"], "the list knows of the copy: %r" % row)
        equal((row["where"], row["offsite_waiting"], row["offsite"]["item"], row["offsite"]["drive"],
               row["offsite"]["place"], row["offsite"]["compared"]),
              ("both", False, item["id"], sim.drive, "Dokumente/Backups", "size and hash"), "the copy: %r" % row)
        equal(listed["there"], [], "what is there alone")
        check("Verified, also on SharePoint" in program.run(["list", "--folder", program.path(folder)]).out, "in words")
        done = user.run("upload", "--json", program.path(path))
        equal((done.code, done.json()["files"][0]["was_there"]), (0, True), "once more")
        equal(sim.complaints, [], "complaints")
        # The backup here goes, another file comes under its name: the copy is there alone; damaged, nothing is known.
        os.rename(path, path + ".aside")
        listed = program.run(["list", "--json", "--folder", program.path(folder)]).json()
        equal([(c["name"], c["where"], c["level"]) for c in listed["there"]], [(name, "there", "verified")], "alone")
        told = program.run(["list", "--folder", program.path(folder)]).out
        check("on SharePoint alone, Verified" in told, told)
        with open(path, "wb") as f:
            f.write(b"something else")
        listed = program.run(["list", "--json", "--folder", program.path(folder)]).json()
        equal((listed["backups"][0]["where"], listed["backups"][0]["offsite"]), ("here", None), "of another file")
        os.replace(path + ".aside", path)
        with open(os.path.join(folder, "offsite_copies.json"), "w", encoding="utf-8") as f:
            f.write("{")
        done = program.run(["list", "--folder", program.path(folder)])
        equal(done.code, 0, "with damaged records")
        check("no copy on SharePoint is known by it" in done.out, done.out)


def test_limited(program):
    """upload_limit_kb: the file comes no faster. Measured from the answer before it until all of it has come, so a slow
    machine can only be slower."""
    path, folder = backup(program)
    size = os.path.getsize(path)
    with Simulator() as sim:
        user = User(program, sim)
        user.good_set_up()
        limit = max(16, size // 4 // 1024)
        done = program.run(["config", "set", "--folder", program.path(folder), "upload_limit_kb=%d" % limit])
        equal(done.code, 0, done.out + done.err)
        sim.pace.clear()
        done = user.run("upload", "--json", program.path(path))
        equal(done.code, 0, "upload: " + done.out + done.err)
        with open(path, "rb") as f:
            equal(sim.data(os.path.basename(path)) == f.read(), True, "that the copy is the backup")
        seconds, = [s for method, count, s in sim.pace if method == "PUT" and count == size]
        least = (size - limit * 1024 / 4) / (limit * 1024)
        check(seconds >= 0.98 * least, "%d bytes in %.2f s at %d KB/s" % (size, seconds, limit))
        check(least > 1, "the file is too small for this: %d bytes" % size)
        equal(sim.complaints, [], "complaints")


class AfterBackups:
    """A folder whose backups are to be copied, a database, a user."""

    def __init__(self, program, sim):
        self.program, self.user = program, User(program, sim)
        self.server = harness.shared_server()
        self.folder, self.database = harness.temp_dir("b"), small_database(self.server)
        self.config("upload_after_backup=true", "enabled=false")

    def config(self, *pairs):
        done = self.program.run(["config", "set", "--folder", self.program.path(self.folder), *pairs])
        equal(done.code, 0, "config: " + done.out + done.err)

    def start(self, *verb):
        arguments = [*verb, "--json", "--folder", self.program.path(self.folder), "-h", "127.0.0.1", "-p",
                     str(self.server.port), "-U", "postgres", "-d", self.database]
        return self.program.start(arguments, env={"PGPASSWORD": harness.PASSWORD, "http_proxy": "", "https_proxy": "",
                                                  "CMMS_BACKUP_DATA": self.program.path(self.user.data)})

    def run(self, *verb):
        done = harness.finish(self.start(*verb))
        equal(done.code, 0, "%s: %s%s" % (verb, done.out, done.err))
        self.user.untold(done.out, done.err)
        return done.json()

    def backup(self):
        report = self.run("backup")
        equal(report["level"], "verified", "the backup")
        return os.path.basename(report["path"].replace("\\", "/")), report["offsite"]

    def rows(self):
        done = self.program.run(["list", "--json", "--folder", self.program.path(self.folder)])
        return {b["name"]: (b["where"], b["offsite_waiting"]) for b in done.json()["backups"]}

    def fact(self):
        done = self.program.run(["status", "--json", "--folder", self.program.path(self.folder)],
                                env={"PGHOST": "127.0.0.1", "PGPORT": str(self.server.port), "PGUSER": "postgres",
                                     "PGDATABASE": self.database,
                                     "CMMS_BACKUP_DATA": self.program.path(self.user.data)})
        return next(f for f in done.json()["facts"] if f["name"] == "copy")


def test_after_every_backup(program):
    """A copy that does not get there makes no backup fail: it waits, and goes with the next."""
    with Simulator() as sim:
        place = AfterBackups(program, sim)
        first, offsite = place.backup()
        equal((offsite["uploaded"], offsite["waiting"]), (0, 1), "before the set-up: %r" % offsite)
        check("no folder on SharePoint is set up" in offsite["warning"], offsite["warning"])
        equal((place.rows()[first], place.fact()["state"]), (("here", True), "missing"), "it waits")
        check("no folder on SharePoint is set up" in place.fact()["text"], place.fact()["text"])
        place.user.good_set_up()
        second, offsite = place.backup()
        equal(offsite, {"uploaded": 2, "waiting": 0, "warning": None}, "after it")
        order = [i["name"] for i in sim.items.values() if "data" in i and not i["name"].endswith(".json")]
        equal(order, [second, first], "the newest first")
        equal(place.rows(), {first: ("both", False), second: ("both", False)}, "the list")
        equal((place.fact()["state"], place.fact()["mend"]), ("holds", None), "the fact: %r" % place.fact())
        sim.faults = [Fault("put", 403, code="accessDenied", times=9)]
        third, offsite = place.backup()
        equal((offsite["uploaded"], offsite["waiting"]), (0, 1), "refused: %r" % offsite)
        check(third in offsite["warning"] and "or when somebody uploads it." in offsite["warning"], "what to do")
        fact = place.fact()
        check(fact["state"] == "missing" and third in fact["text"] and "does not allow it" in fact["text"], repr(fact))
        sim.faults = []
        report = place.run("schedule", "run-due", "--no-wait")
        equal((report["outcome"], report["offsite"]["waiting"]), ("nothing_due", 1), "it rests for a while")
        done = place.user.run("upload", "--json", "--folder", program.path(place.folder), third)
        equal((done.code, place.rows()[third]), (0, ("both", False)), "by hand: " + done.out)
        place.config("upload_after_backup=false")
        equal(place.backup()[1], None, "switched off")
        equal(place.fact()["state"], "not_asked", "the fact then")
        equal(sim.complaints, [], "complaints")


def test_killed_after_a_backup(program):
    """The backup is made; its copy is brought there by whoever comes next."""
    with Simulator() as sim:
        place = AfterBackups(program, sim)
        place.user.good_set_up()
        reached, go_on = threading.Event(), threading.Event()
        sim.faults = [Fault("put", 0, call=lambda s: (reached.set(), go_on.wait(120)))]
        process = place.start("backup")
        try:
            harness.wait_for(reached.is_set, 120, "the upload")
            program.kill(process)
        finally:
            go_on.set()
        name, = harness.backups_in(place.folder)
        equal(place.rows(), {name: ("here", True)}, "it waits")
        report = place.run("schedule", "run-due", "--no-wait")
        equal((report["outcome"], report["offsite"]["uploaded"]), ("nothing_due", 1), "the next run: %r" % report)
        equal([n for n in sim.names() if not n.startswith("cmms_heartbeat_")], sorted([name, name + ".manifest.json"]),
              "what is there")
        equal(place.rows(), {name: ("both", False)}, "the list")
        harness.no_locks_left(place.server)


def test_what_is_uploaded_stays(program):
    """While an upload runs, its backup can neither be deleted nor cleaned up; another backup is made meanwhile."""
    with Simulator() as sim:
        place = AfterBackups(program, sim)
        place.user.good_set_up()
        reached, go_on = threading.Event(), threading.Event()
        # Behind the simulator's lock nobody else would get an answer, but nobody else asks.
        sim.faults = [Fault("put", call=lambda s: (reached.set(), go_on.wait(120)))]
        process = place.start("backup")
        try:
            harness.wait_for(reached.is_set, 120, "the upload")
            name, = harness.backups_in(place.folder)
            folder = program.path(place.folder)
            done = program.run(["delete", "--force", "--json", "--folder", folder, name])
            equal(done.code, 9, "delete: " + done.out)
            check(name + " is being uploaded" in done.out, done.out)
            place.config("upload_after_backup=false", "max_backups=1")
            second, _ = place.backup()
            equal(sorted(harness.backups_in(place.folder)), sorted([name, second]), "what a clean-up leaves")
        finally:
            go_on.set()
        done = harness.finish(process)
        # When it is done it looks again, and takes along the newest one, which came meanwhile.
        equal((done.code, done.json()["offsite"]["uploaded"]), (0, 2), "the upload: " + done.out + done.err)
        equal(sim.names(), sorted([n + m for n in (name, second) for m in ("", ".manifest.json")]), "what is there")
        done = program.run(["cleanup", "--folder", folder])
        equal((done.code, harness.backups_in(place.folder)), (0, [second]), "the next clean-up: " + done.out)
        last = [e for e in harness.log_entries(place.folder) if e["operation"] == "cleanup"][-1]
        check(last["message"].endswith("; a copy was brought to SharePoint"), "what it says: %r" % last)


def test_doctor_and_status(program):
    """What keeps copies from getting there is said beforehand, and when the sign-in runs out."""
    with Simulator() as sim:
        place = AfterBackups(program, sim)
        place.config("upload_after_backup=false")
        folder = program.path(place.folder)

        def ask(verb):
            done = program.run([verb, "--json", "--folder", folder],
                               env={**place.server.env(place.database), "http_proxy": "", "https_proxy": "",
                                    "CMMS_BACKUP_DATA": program.path(place.user.data)})
            place.user.untold(done.out, done.err)
            return done

        def doctor():
            done = ask("doctor")
            return done.code, {c["name"]: c for c in done.json()["checks"]}

        names = ["sharepoint", "library", "sign-in", "clock"]
        _, checks = doctor()
        equal([n for n in names if n in checks], [], "nothing is set up")
        equal(ask("status").json()["sign_in"], None, "the sign-in")
        place.user.good_set_up()
        code, checks = doctor()
        equal((code, [checks[n]["state"] for n in names]), (0, ["good"] * 4), "all is well: %r" % checks)
        equal(checks["sharepoint"]["message"], "The folder Dokumente/Backups on SharePoint can be reached", "in words")
        sim.clock = 3600 + 30
        equal(doctor()[1]["clock"]["message"], "This computer's clock is 60 minutes behind SharePoint's", "the clock")
        sim.clock = 0
        for answer, told in ((Fault("item", 403, code="accessDenied"), "SharePoint does not allow it"),
                             (Fault("item", 404, code="itemNotFound"), "it is not there"),
                             (Fault("item", 200, body=b"<html>Sign in to this network</html>"),
                              "what answers is not SharePoint")):
            sim.faults = [answer]
            code, checks = doctor()
            equal((code, checks["sharepoint"]["state"]), (0, "warning"), told)
            check(told in checks["sharepoint"]["message"], checks["sharepoint"]["message"])
        place.config("upload_after_backup=true")
        sim.faults = [Fault("item", 403, code="accessDenied")]
        code, checks = doctor()
        equal((code, checks["sharepoint"]["state"]), (6, "bad"), "where copies are asked for")
        # The sign-in, which every use renews.
        kept = os.path.join(place.user.data, "sharepoint-signin.json")

        def age(days):
            with open(kept, encoding="utf-8") as f:
                document = json.load(f)
            document["renewed"] = int(time.time()) - days * 86400 - 3600
            with open(kept, "w", encoding="utf-8") as f:
                json.dump(document, f)
            return ask("status").json()["sign_in"]

        equal([(s["days_left"], s["warning"]) for s in map(age, (10, 61, 84, 89, 95))],
              [(79, None), (28, 30), (5, 7), (0, 1), (0, 0)], "what status says")
        equal(doctor()[1]["sign-in"]["state"], "warning", "kept and not used")
        sim.tokens.clear()
        equal(doctor()[1]["sign-in"]["state"], "good", "renewed")
        check(ask("status").json()["sign_in"]["days_left"] in (89, 90), "and for how long")
        sim.tokens.clear()
        sim.refresh_tokens.clear()
        code, checks = doctor()
        equal((code, checks["sharepoint"]["state"]), (6, "bad"), "revoked")
        check("Sign in again" in checks["sharepoint"]["hint"], "what to do: %r" % checks["sharepoint"])


def test_other_links(program):
    with Simulator() as sim:
        sim.add_drive("Andere Dokumente", "/sites/Maintenance/Docs")
        sim.add_drive("Documents", "/sites/One/Shared Documents")
        odd = sim.add_item(sim.drive, sim.folder, "a # % & ' ü", folder=True)
        user = User(program, sim)
        for link, place in (("https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents", "Dokumente"),
                            ("https://contoso.sharepoint.com/sites/Maintenance/Docs/Forms/AllItems.aspx",
                             "Andere Dokumente"),
                            ("https://contoso.sharepoint.com/sites/One", "Documents"),
                            (sim.web_url(sim.path_of(odd)), "Dokumente/Backups/a # % & ' ü"),
                            ("https://contoso.sharepoint.com/:f:/s/Maintenance/EabcDEF?e=1", "Backups")):
            equal(user.good_set_up(link=link)["place"], place, link)
        before = open(os.path.join(user.data, "sharepoint.json")).read()
        for link, code, told in (
                ("https://contoso.sharepoint.com/sites/Maintenance", 2, "the link leads to a site, not to a library"),
                ("https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents/Nowhere", 10,
                 "the folder could not be found: it is not there"),
                ("https://contoso.sharepoint.com/sites/Nowhere/Docs", 10, "the site could not be found")):
            done = user.set_up(link=link)
            equal(done.code, code, link + ": " + done.out + done.err)
            check(told in done.out, "%s: %s" % (link, done.out))
        for link, told in (("https://example.org/x", "example.org is not a SharePoint"),
                           ("https://contoso.sharepoint.com/:x:/s/M/Eabc", "the link leads to a file or a page")):
            done = user.run("sharepoint", "set-up", "--json", "--client-id", "client", link)
            equal(done.code, 2, link)
            check(told in done.out, done.out)
        done = User(program, sim).run("sharepoint", "set-up", "--json", LINK)
        equal(done.code, 3, "without a client ID: " + done.out)
        check("--client-id=ID" in done.out, done.out)
        equal(open(os.path.join(user.data, "sharepoint.json")).read(), before, "what was set up before")
        equal(sim.complaints, [], "complaints")


def test_more_than_a_page_of_libraries(program):
    with Simulator() as sim:
        for number in range(7):
            sim.add_drive("Library %d" % number, "/sites/Maintenance/Library%d" % number)
        sim.page = 3
        user = User(program, sim)
        for number in (0, 6):
            made = user.good_set_up(link="https://contoso.sharepoint.com/sites/Maintenance/Library%d" % number)
            equal(made["place"], "Library %d" % number, "one that is on another page")
        equal(sim.kinds().count("drives"), 6, "pages")
        # A next page elsewhere would get the token.
        with Simulator() as other:
            sim.next_host = other.url
            done = user.set_up(link="https://contoso.sharepoint.com/sites/Maintenance/Library6")
            equal(done.code, 5, done.out + done.err)
            check("its next page leads elsewhere" in done.out, done.out)
            equal(other.log, [], "what was asked there")
        equal(sim.complaints, [], "complaints")


def test_refused_sign_ins(program):
    with Simulator() as sim:
        user = User(program, sim)
        for consent, told in ((65001, "has not been approved by you or your organisation"),
                              (90094, "an administrator must approve the program first"),
                              (53003, "conditional access"),
                              (50020, "this account is of another organisation than the folder"),
                              (65004, "nobody accepted what the program asked for"),
                              (7000112, "the program is switched off in your organisation"),
                              (123456, "the sign-in was refused")):
            sim.consent = consent
            done = user.set_up()
            equal(done.code, 6, "exit code: " + done.out + done.err)
            check(told in done.out and "AADSTS%d" % consent in done.out, done.out)
            check("Not signed in" in user.page, user.page)
        sim.consent = True
        sim.faults = [Fault("token", 400, body={"error": "invalid_grant", "error_codes": [50076],
                                                "error_description": "AADSTS50076: SECRET"})]
        done = user.set_up()
        check(done.code == 6 and "a second proof of who you are" in done.out, done.out)
        sim.faults = [Fault("put", 403, code="accessDenied", times=9)]
        done = user.set_up()
        check(done.code == 6 and "nothing can be written to the folder: SharePoint does not allow it" in done.out,
              done.out)
        equal(os.path.exists(os.path.join(user.data, "sharepoint.json")), False, "that something is set up")


def test_a_clock_that_is_wrong(program):
    """Certificates and sign-ins hang on it: said by a look at the folder."""
    with Simulator() as sim:
        user = User(program, sim)
        user.good_set_up()
        equal(user.run("sharepoint", "status", "--json").json()["clock"], None, "a clock that is right")
        sim.clock = 3600 + 30
        words = "This computer's clock is 60 minutes behind SharePoint's"
        equal(user.run("sharepoint", "status", "--json").json()["clock"], words, "the clock")
        told = user.run("sharepoint", "status")
        check(told.code == 0 and words + ". Let Windows set the clock" in told.out, told.out)
        sim.clock = -7200 - 30
        told = user.run("sharepoint", "status").out
        check("This computer's clock is 120 minutes ahead of SharePoint's" in told, told)


def test_a_library_that_wants_check_out(program):
    """Is told when it is set up, where it lets nothing be checked in; else all is checked in, the manifest too."""
    path, folder = backup(program)
    with Simulator() as sim:
        user = User(program, sim)
        sim.checkout.add(sim.drive)
        sim.faults = [Fault("checkin", 403, code="accessDenied", times=9)]
        done = user.set_up()
        equal((done.code, sim.names()), (8, []), "where nothing can be checked in: " + done.out)
        check("the library wants its files checked in" in done.out and "Require Check Out" in done.out, done.out)
        equal(os.path.exists(os.path.join(user.data, "sharepoint.json")), False, "that something is set up")
        sim.faults = []
        user.good_set_up()
        equal(user.run("upload", "--json", program.path(path)).code, 0, "an upload")
        equal((len(sim.names()), sim.hidden(), sim.complaints), (2, [], []), "what is there, hidden, complained of")


def test_device_code(program):
    with Simulator() as sim:
        user = User(program, sim)
        done = user.set_up("--device-code", browse=False)
        equal(done.code, 0, done.out + done.err)
        check("Sign in at https://login.microsoft.com/device with a browser anywhere; the code is ABCD-EFGH" in
              done.err, done.err)
        equal(sim.device["polls"], 3, "polls")


def test_tokens_run_out(program):
    path, folder = backup(program)
    with Simulator() as sim:
        user = User(program, sim)
        user.good_set_up()
        sim.tokens.clear()  # as after an hour
        equal(user.run("sharepoint", "status").code, 0, "status renews the token")
        equal(sim.kinds().count("token"), 2, "token requests")
        sim.faults = [Fault("put", call=lambda s: s.tokens.clear(), status=401)]
        done = user.run("upload", "--json", program.path(path))
        equal(done.code, 0, "a token that runs out in the middle: " + done.out)
        sim.tokens.clear()
        sim.refresh_tokens.clear()  # as after a changed password
        done = user.run("sharepoint", "status", "--json")
        equal(done.code, 6, "a sign-in that was revoked: " + done.out)
        check("has run out" in done.out and "Sign in again" in done.out, done.out)
        user.good_set_up()
        equal(user.run("sharepoint", "status").code, 0, "after another sign-in")


def test_two_pcs_at_once(program):
    """Two computers have the same backup and bring it at the same time: backup and manifest are there, once."""
    path, folder = backup(program)
    name = os.path.basename(path)
    other = os.path.join(harness.temp_dir("other"), "b")
    shutil.copytree(folder, other)
    with Simulator() as sim:
        users = [User(program, sim) for _ in range(2)]
        for user in users:
            user.good_set_up()
        both = threading.Barrier(2)
        first = len(sim.log) + 1
        sim.before = lambda number: both.wait(120 * harness.SCALE) if number == first else None
        started = [program.start(["upload", "--json", program.path(os.path.join(f, name))],
                                 env={"CMMS_BACKUP_DATA": program.path(u.data), "http_proxy": "", "https_proxy": ""})
                   for u, f in zip(users, (folder, other))]
        for user, process in zip(users, started):
            done = harness.finish(process)
            equal(done.code, 0, "an upload: %s%s %r" % (done.out, done.err, sim.log))
            user.untold(done.out, done.err)
        with open(path, "rb") as f:
            equal(sim.data(name) == f.read(), True, "that the copy is the backup")
        equal(sim.names(), [name, name + ".manifest.json"], "what is there")
        equal((sim.sessions, sim.complaints), ({}, []), "sessions and complaints")


def test_tokens_at_once(program):
    """Two programs whose token is refused at the same time renew it once, for both; one that is killed meanwhile leaves
    the old or the new one."""
    with Simulator() as sim:
        user = User(program, sim)
        user.good_set_up()
        sim.tokens.clear()
        first, both = len(sim.log) + 1, threading.Barrier(2)
        sim.before = lambda number: both.wait(120 * harness.SCALE) if number == first else None
        environment = {"CMMS_BACKUP_DATA": program.path(user.data), "http_proxy": "", "https_proxy": ""}
        started = [program.start(["sharepoint", "status"], env=environment) for _ in range(2)]
        for process in started:
            done = harness.finish(process)
            equal(done.code, 0, "status: " + done.out + done.err)
            user.untold(done.out, done.err)
        sim.before = None
        equal(sim.kinds()[first - 1:].count("token"), 1, "token requests: %r" % sim.log[first - 1:])
        for given in (False, True):  # killed before the service gives new ones, and after
            sim.tokens.clear()
            killed = []
            sim.faults = [Fault("token", None if given else 0, done=given, call=lambda _: killed[0].kill())]
            killed.append(program.start(["sharepoint", "status"], env=environment))
            killed[0].wait(120 * harness.SCALE)
            user.untold(program.kill(killed[0]))
            equal(sim.faults[0].times, 0, "that it has asked for tokens")
            done = user.run("sharepoint", "status")
            equal(done.code, 0, "after a kill, %s: %s%s" % ("after" if given else "before", done.out, done.err))
        equal(sim.complaints, [], "complaints")


def test_rights_of_single_sites(program):
    """Where IT grants sites one by one: the sign-in asks for that alone, and a site that is not granted is told."""
    path, folder = backup(program)
    with Simulator() as sim:
        user = User(program, sim)
        done = user.set_up("--rights", "selected")
        equal(done.code, 6, "a site that is not granted: " + done.out + done.err)
        check("the site could not be found: SharePoint does not allow it" in done.out, done.out)
        equal(sim.kinds().count("site"), 3, "what is refused is not looked for in the site above it")
        check("sharepoint ask-it" in done.err, done.err)
        sim.granted.add("/sites/Maintenance")
        document = user.good_set_up("--rights", "selected")
        equal((document["place"], document["rights"]), ("Dokumente/Backups", "selected"), "what is told")
        check("scope=Sites.Selected%20offline_access" in user.address, user.address)
        sim.tokens.clear()
        equal(user.run("upload", "--json", program.path(path)).code, 0, "an upload after the token has run out")
        equal(sim.scopes, {"Sites.Selected offline_access openid profile"}, "the scopes that were asked for")
        equal(sim.complaints, [], "complaints")


def test_rights_of_one_library(program):
    """Where IT grants a library alone: the sign-in asks for that, and nothing else of the site is asked."""
    path, folder = backup(program)
    with Simulator() as sim:
        user = User(program, sim)
        done = user.set_up("--rights", "list")
        equal(done.code, 6, "a library that is not granted: " + done.out + done.err)
        check("the folder could not be found: SharePoint does not allow it" in done.out, done.out)
        check("sharepoint ask-it" in done.err, done.err)
        page = user.run("sharepoint", "ask-it", "--client-id", "abc-1", "--rights", "list", LINK).out
        check("Lists.SelectedOperations.Selected (delegated)" in page, page)
        check("EndsWith('/Shared%20Documents')" in page, page)
        sim.granted_lists.add(sim.drive)
        document = user.good_set_up("--rights", "list")
        equal((document["place"], document["rights"]), ("Backups", "list"), "what is told")
        sim.tokens.clear()
        equal(user.run("upload", "--json", program.path(path)).code, 0, "an upload after the token has run out")
        equal(user.run("sharepoint", "status").code, 0, "status")
        equal(user.run("sharepoint", "list", "--folder", program.path(folder)).code, 0, "the list of what is there")
        equal(sim.scopes, {"Lists.SelectedOperations.Selected offline_access openid profile"}, "the scopes")
        equal([k for k in sim.kinds() if k in ("site", "drives")], [], "what was asked of the site")
        equal(sim.complaints, [], "complaints")


def test_ask_it(program):
    with Simulator() as sim:
        user = User(program, sim)
        page = user.run("sharepoint", "ask-it").out
        check("Folder:     (not chosen yet)" in page and "   <-- this is missing" in page, page)
        page = user.run("sharepoint", "ask-it", "--client-id", "abc-1", "--rights", "selected", LINK).out
        check("https://login.microsoftonline.com/%s/v2.0/adminconsent?client_id=abc-1&" % TENANT in page, page)
        check("sites/contoso.sharepoint.com:/sites/Maintenance" in page, page)
        user.good_set_up()
        told = user.run("sharepoint", "ask-it", "--json").json()["page"]
        check("Client ID:  client" in told and sim.url + "/login/" in told, told)
        equal(user.run("sharepoint", "ask-it", LINK, "more").code, 2, "one link too many")


def test_leaving(program):
    with Simulator() as sim:
        user = User(program, sim)
        user.good_set_up()
        done = user.run("sharepoint", "sign-out")
        equal(done.code, 0, done.out + done.err)
        equal(os.path.exists(os.path.join(user.data, "sharepoint-signin.json")), False, "that tokens are left")
        done = user.run("sharepoint", "status", "--json")
        equal(done.code, 6, "status: " + done.out)
        check("nobody has signed in to SharePoint on this computer" in done.out, done.out)
        user.good_set_up()
        equal(user.run("sharepoint", "forget").code, 0, "forget")
        equal([n for n in os.listdir(user.data) if n.startswith("sharepoint") and n.endswith(".json")], [],
              "what is left")
        equal(user.run("sharepoint", "status").code, 10, "status of nothing")


def test_several(program):
    """One that is damaged does not keep the others; where all would fail, the rest is not tried."""
    first, folder = backup(program)
    second, _ = backup(program, folder)
    third, _ = backup(program, folder)
    names = [os.path.basename(p) for p in (first, second, third)]
    with open(first, "r+b") as f:
        f.seek(os.path.getsize(first) // 2)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 1]))
    with Simulator() as sim:
        user = User(program, sim)
        user.good_set_up()
        done = user.run("upload", "--json", *[program.path(p) for p in (first, second, third)])
        files = done.json()["files"]
        equal(done.code, 7, "the first failure's code: " + done.out)
        equal(["error" in f for f in files], [True, False, False], "which failed")
        equal(sim.names(), sorted(n + e for n in names[1:] for e in ("", ".manifest.json")), "what is there")
        sim.faults = [Fault("find", 403, code="accessDenied", times=99)]
        done = user.run("upload", "--json", program.path(second), program.path(third))
        equal((done.code, len(done.json()["files"])), (6, 1), "only one is tried: " + done.out)


def test_uploads_that_fail(program):
    path, folder = backup(program)
    name = os.path.basename(path)
    with Simulator() as sim:
        user = User(program, sim)
        user.good_set_up()
        sim.faults = [Fault("put", 403, code="accessDenied", times=99)]
        done = user.run("upload", "--json", program.path(path))
        equal(done.code, 6, "exit code: " + done.out)
        last = harness.log_entries(folder)[-1]
        equal((last["operation"], last["status"]), ("upload", "failed"), "the log")
        sim.faults = []
        with open(path, "r+b") as f:
            f.seek(os.path.getsize(path) // 2)
            byte = f.read(1)
            f.seek(-1, 1)
            f.write(bytes([byte[0] ^ 1]))
        done = user.run("upload", "--json", program.path(path))
        equal((done.code, sim.names()), (7, []), "a damaged backup: " + done.out)
        check("its SHA-256 differs from the manifest's" in done.out, done.out)
        done = user.run("upload", "--json", program.path(path))
        check("is damaged and is not uploaded" in done.out, "the second time: " + done.out)
        done = user.run("upload", "--json", program.path(os.path.join(folder, "nowhere.backup")))
        equal(done.code, 10, "a file that is not there: " + done.out)
        for wrong in (["upload"], ["sharepoint"], ["sharepoint", "set-up"], ["sharepoint", "status", "x"]):
            equal(user.run(*wrong).code, 2, " ".join(wrong))
        check(name not in sim.names(), "nothing of it is there")


# The browser's way back, a file that is held while it is uploaded, tokens that Windows seals and that are removed.
harness.main(__name__, wine=("test_from_link_to_copy", "test_what_is_uploaded_stays", "test_leaving"))
