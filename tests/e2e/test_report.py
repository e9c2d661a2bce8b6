"""Pages for people: the health report and the certificate of a proof: what is in them is what is recorded, nothing in
them acts, and none is given for what does not hold."""
import datetime
import html.parser
import json
import os
import subprocess
import harness
from harness import check, equal
from test_prove import Prover
from test_retention import small_database

EVIL = "<script>alert('\"&')</script>\u202e\u05e9"


class Page(html.parser.HTMLParser):
    """A page as a browser would take it: its elements, and its text."""
    EMPTY = {"meta", "br", "rect", "path", "circle", "polyline"}
    KNOWN = EMPTY | set("html head title style body h1 h2 p div span table tr th td bdi svg g text".split())

    def __init__(self, path):
        super().__init__()
        self.open, self.text, self.count = [], "", {}
        with open(path, encoding="utf-8") as f:
            self.source = f.read()
        self.feed(self.source)
        self.close()
        equal(self.open, [], "elements that stay open in " + path)
        for word in ("http:", "https:", "\u202e", "url("):
            check(word not in self.source, "%r is in the page" % word)

    def handle_starttag(self, tag, attributes):
        check(tag in self.KNOWN, "the page has an element %s" % tag)
        for name, value in attributes:
            check(not name.startswith("on") and name not in ("src", "href", "style"), "an attribute %s" % name)
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        check(tag in self.EMPTY, "%s ends itself" % tag)
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag, "what is closed")

    def handle_data(self, data):
        self.text += data


def report(program, folder, *more, code=0):
    done = program.run(["report", "--json", "--folder", program.path(folder), *more])
    equal(done.code, code, "report: %s%s" % (done.out, done.err))
    return done.json()


def total(document, what):
    return sum(day[what] for day in document["days"])


def test_a_folder(program):
    """Two good backups and one that failed, whenever midnight is."""
    server, folder, out = harness.shared_server(), harness.temp_dir("r"), harness.temp_dir("o")
    database = small_database(server)
    made = [program.good_backup(server, database, folder) for _ in range(2)]
    check(program.backup(server, "is_not_there", folder).code != 0, "a database that is not there")
    page = os.path.join(out, "B\u00e4nd & \u4e2d.html")
    document = report(program, folder, "--out", program.path(page))
    equal(document["page"], program.path(page), "where the page is")
    equal((total(document, "good"), total(document, "failed"), total(document, "missed")), (2, 1, 0), "the days")
    check({"good"} <= {day["state"] for day in document["days"]} <= {"good", "failed"}, "their states")
    equal(sum(document["day_counts"].values()), 366, "days in all")
    equal(sorted(p["bytes"] for p in document["trend"]), sorted(os.path.getsize(m["unix_path"]) for m in made), "sizes")
    equal((document["failures"]["total"], document["proofs"]["total"], document["restore"]), (1, 0, None), "the rest")
    names = [os.path.basename(m["unix_path"]) for m in made]
    equal(sorted(b["name"] for b in document["backups"]), sorted(names), "the backups")
    equal(document["last_good"], document["backups"][0]["name"], "the last good one")
    equal((document["log"]["holds"], document["log"]["entries"]), (True, len(harness.log_entries(folder))), "the log")
    equal(document["copies"], {"here": 2, "both": 0, "offsite": 0, "waiting": 0}, "copies")
    shown = Page(page)
    equal(shown.count["g"], 366, "days in the calendar")
    equal(shown.count["polyline"], 2, "trends")
    check(all(name in shown.text for name in names) and "not known: no backup was proven" in shown.text, "what it says")
    harness.no_secret(out)
    harness.no_secret(folder, json.dumps(document))


def test_where_it_is_written(program):
    folder, home = harness.temp_dir("r"), harness.temp_dir("h")
    env = {"CMMS_BACKUP_DATA": program.path(home)}
    own = os.path.join(home, "pages", "CMMS Backup health report.html")
    done = program.run(["report", "-q", "--folder", program.path(folder)], env=env)
    equal((done.code, [line.replace("\\", "/") for line in done.out.splitlines()]),
          (0, [program.path(own).replace("\\", "/")]), "quiet: %s" % done.err)
    Page(own)
    done = program.run(["report", "--folder", program.path(folder)], env=env)
    check(done.code == 0 and "The health report was written to " in done.out, "told: " + done.out)
    equal(report(program, folder)["page"], None, "JSON alone writes none")
    backup = os.path.join(folder, "cmms_backup_20260119_143052.backup")
    with open(backup, "w") as f:
        f.write("precious")
    for verb in (["report"], ["certificate", program.path(backup)]):
        done = program.run(verb + ["--json", "--folder", program.path(folder), "--out", program.path(backup)])
        equal((done.code, done.json()["error"]["message"]),
              (2, "a page cannot be written to \"%s\"" % program.path(backup)), "over a backup")
    with open(backup) as f:
        equal(f.read(), "precious", "the backup")
    done = program.run(["report", "--json", "--folder", program.path(folder),
                        "--out", program.path(os.path.join(home, "no", "folder.html"))])
    check(done.code in (8, 10) and done.json()["error"]["message"].startswith("the page cannot be written"), done.out)
    equal(os.listdir(os.path.dirname(own)), [os.path.basename(own)], "what is left")


def test_hostile_names(program):
    """Whatever names files have, and whatever a log says."""
    folder, out = harness.temp_dir("r"), os.path.join(harness.temp_dir("o"), "a.html")
    names = ["a'b & c.backup", "\u05e9\u05dc\u05d5\u05dd.backup"]
    if program.kind == "native":
        names += ["<script>alert(1).backup", "\" onload=\"x.backup", "x\u202ekcab.backup", "x\ny.backup"]
    for name in names:
        with open(os.path.join(folder, name), "w") as f:
            f.write("no archive")
    yesterday = (datetime.datetime.now() - datetime.timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    with open(os.path.join(folder, "backup_log.json"), "w") as f:
        json.dump([{"timestamp": yesterday, "backup_file": EVIL, "status": "failed", "message": EVIL,
                    "file_size": -1}], f)
    document = report(program, folder, "--out", program.path(out))
    equal(sorted(b["name"] for b in document["backups"]), sorted(names), "the names in JSON")
    shown = Page(out)
    check("a'b & c.backup" in shown.text and EVIL.replace("\u202e", "[U+202E]") in shown.text, "what is on the page")


def test_a_log_that_does_not_hold(program):
    folder, out = harness.temp_dir("r"), os.path.join(harness.temp_dir("o"), "a.html")
    program.good_backup(harness.shared_server(), small_database(harness.shared_server()), folder)
    log = os.path.join(folder, "backup_log.json")
    equal(program.run(["verify", "--json", "--all", "--folder", program.path(folder)]).code, 0, "a second entry")
    first, second = harness.log_entries(folder)
    with open(log, "w") as f:
        json.dump([dict(first, message="another"), second], f)
    document = report(program, folder)
    equal((document["log"]["holds"], total(document, "good")), (False, 1), "a changed entry")
    check("entry 2 of backup_log.json" in document["log"]["problem"], document["log"])
    with open(log, "w") as f:
        f.write("{ torn")
    document = report(program, folder, "--out", program.path(out))
    equal((document["log"]["holds"], total(document, "good")), (False, 1), "what the folder itself tells")
    check("backup_log.json cannot be read" in document["log"]["problem"], document["log"])
    text = Page(out).text
    for words in ("it does not hold: backup_log.json cannot be read", "not known: the log cannot tell",
                  "The log cannot tell: backup_log.json cannot be read"):
        check(words in text, "the page says so: " + words)
    for words in ("No backup was proven", "Nothing was restored", "Nothing has failed"):
        check(words not in text, "the page does not say: " + words)
    with open(log) as f:
        equal(f.read(), "{ torn", "who only reads keeps it as it is")
    missing = program.run(["report", "--json", "--folder", program.path(os.path.join(folder, "not", "there"))])
    equal(missing.code, 10, "no folder: " + missing.out)


class Proven:
    """A folder with a backup that was proven on the engine, and then verified once more."""

    def __init__(self, program):
        self.program, self.prover = program, Prover(program)
        self.folder = harness.temp_dir("c")
        server = harness.shared_server()
        made = program.good_backup(server, small_database(server), self.folder)
        self.path, self.name = made["unix_path"], os.path.basename(made["unix_path"])
        self.log = os.path.join(self.folder, "backup_log.json")
        done = self.prover.run(self.folder, [self.name])
        equal(done.code, 0, "the proof: %s %s" % (done.out, done.err))
        self.proof = done.json()
        done = self.say("verify", self.name)
        equal(done.code, 0, "the verification: " + done.out)

    def say(self, verb, *more):
        argv = self.prover.argv + [verb, "--json", "--folder", self.program.path(self.folder)] + list(more)
        return harness.finish(subprocess.Popen(argv, env=self.program.env(self.prover.env), stdin=subprocess.DEVNULL,
                                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"))

    def refused(self, code, sentence):
        done = self.say("certificate", self.name)
        equal(done.code, code, "exit code: " + done.out)
        message = done.json()["error"]["message"]
        check(message.startswith(self.name + " gets no certificate: " + sentence), message)


def test_certificate(program):
    place = Proven(program)
    out = os.path.join(place.prover.home, "certificate.html")
    done = place.say("certificate", place.name, "--out", program.path(out))
    equal(done.code, 0, "the certificate: %s %s" % (done.out, done.err))
    given = done.json()
    entries = harness.log_entries(place.folder)
    at = next(i for i, e in enumerate(entries) if e["operation"] == "prove")
    equal((given["file"], given["sha256"]), (place.name, harness.sha256_of(place.path)), "the file")
    equal((given["tables"], given["rows"], given["server"]),
          (place.proof["tables"], place.proof["rows"], place.proof["server"]), "what came back, and where")
    equal((given["proven"], given["proven_at"]), (entries[at]["timestamp"], place.proof["proven_at"]), "when")
    equal((entries[at]["proven_at"], given["since"], given["log"]["linked_from"]), (given["proven_at"], None, 1),
          "the very moment, nothing since, and all of the log")
    equal((given["user"], given["computer"]), (entries[at]["user"], entries[at]["computer"]), "who")
    # What stands behind it in the log names it.
    equal((given["log"]["entry"], given["log"]["entries"]), (at + 1, len(entries)), "its place in the log")
    equal(given["log"]["hash"], entries[at + 1]["previous"], "its hash")
    equal(given["log"]["previous"], entries[at]["previous"], "that of the one before")
    shown = Page(out)
    for text in (place.name, given["sha256"], given["log"]["hash"], given["log"]["previous"], given["server"]):
        check(text in shown.text, "%r is on the page" % text)
    equal(harness.log_entries(place.folder), entries, "the log is as it was")
    document = place.say("report").json()
    equal((document["proofs"]["total"], document["restore"]["by"]), (1, "proof"), "the report has the proof")
    check(document["restore"]["seconds"] > 0 and total(document, "proofs") == 1, "and the time it took")


def test_certificate_is_refused(program):
    place = Proven(program)
    with open(place.path, "rb") as f:
        content = f.read()
    middle = len(content) // 2
    with open(place.path, "r+b") as f:
        f.seek(middle)
        f.write(bytes([content[middle] ^ 1]))
    place.refused(7, "its content is no longer what was proven")
    with open(place.path, "r+b") as f:
        f.seek(middle)
        f.write(content[middle:middle + 1])
    equal(place.say("certificate", place.name).code, 0, "as it was")
    with open(place.log, encoding="utf-8") as f:
        log = f.read()
    entries = json.loads(log)
    at = next(i for i, e in enumerate(entries) if e["operation"] == "prove")
    for change, sentence in ((dict(entries[at], rows=entries[at]["rows"] + 1), "the log on which its proof stands"),
                             (None, "the log on which its proof stands")):
        with open(place.log, "w", encoding="utf-8") as f:
            json.dump(entries[:at] + ([change] if change else []) + entries[at + 1:], f)
        place.refused(7, sentence)
    # A log that holds, but begins after the proof.
    with open(place.log, "w", encoding="utf-8") as f:
        json.dump([dict(entries[at], operation="verify", previous="")], f)
    place.refused(7, "the log has no entry of its proof")
    with open(place.log, "w", encoding="utf-8") as f:
        f.write(log)
    manifest = place.path + ".manifest.json"
    with open(manifest, encoding="utf-8") as f:
        known = json.load(f)
    with open(manifest, "w", encoding="utf-8") as f:
        json.dump(dict(known, level="verified"), f)
    place.refused(11, "it is not proven")
    os.unlink(manifest)
    place.refused(11, "it has no manifest, so it is not proven")
    done = place.say("certificate", "not_there.backup")
    equal(done.code, 10, "a file that is not there: " + done.out)


harness.main(__name__, wine=("test_a_folder", "test_certificate"))
