"""Encrypted copies: `encryption`, uploads and downloads with a simulator of SharePoint. What the program writes is read
by age_reference.py, which follows the specification, and by the program age where it is there."""
import hashlib
import json
import os
import subprocess
import threading
import age_reference as age
import graph_sim
import harness
from graph_sim import Fault, Simulator
from harness import check, equal
from test_sharepoint import AfterBackups, User

CONFIRM = "without the key nothing"
PASSPHRASE = "correct horse battery staple"
VARIABLE = "CMMS_BACKUP_PASSPHRASE"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Desk(AfterBackups):
    """A backup here, a folder on SharePoint, a place for keys that is elsewhere, a folder to bring copies back to."""

    def __init__(self, program, sim):
        super().__init__(program, sim)
        self.sim = sim
        self.user.good_set_up()
        self.config("upload_after_backup=false")
        self.name, _ = self.backup()
        self.copy, self.manifest = self.name + ".age", self.name + ".age.manifest.json"
        self.data = read(os.path.join(self.folder, self.name))
        self.safe, self.back = harness.temp_dir("safe"), harness.temp_dir("back")
        self.key_file, self.card = os.path.join(self.safe, "key.txt"), os.path.join(self.safe, "card.txt")
        self.path = os.path.join(self.back, self.name)

    def run(self, *arguments, user=None, passphrase=None):
        if arguments[0] == "backup":
            return super().run(*arguments)
        env = {"CMMS_BACKUP_DATA": self.program.path((user or self.user).data), "http_proxy": "", "https_proxy": ""}
        done = self.program.run(list(arguments), env={**env, **({VARIABLE: passphrase} if passphrase else {})})
        (user or self.user).untold(done.out, done.err)
        check(PASSPHRASE not in done.out + done.err and "AGE-SECRET-KEY" not in done.out + done.err, "a secret is told")
        return done

    def encryption(self, *arguments, code=0, passphrase=None):
        done = self.run("encryption", *arguments, "--json", passphrase=passphrase)
        equal(done.code, code, "encryption %r: %s%s" % (arguments, done.out, done.err))
        return done.json()

    def set_up_pair(self, *more):
        return self.encryption("set-up", "--key-file", self.program.path(self.key_file), "--card",
                               self.program.path(self.card), "--confirm", CONFIRM, *more)

    def identity(self):
        return read(self.key_file).decode().split("\n")[-2]

    def upload(self, code=0, name=None):
        done = self.run("upload", "--json", "--folder", self.program.path(self.folder), name or self.name)
        equal(done.code, code, "upload: %s%s %r" % (done.out, done.err, self.sim.log[-8:]))
        equal(self.sim.complaints, [], "complaints")
        return done.json()["files"][0]

    def download(self, *more, code=0, user=None, passphrase=None, name=None):
        done = self.run("download", "--json", "--folder", self.program.path(self.back), *more, name or self.name,
                        user=user, passphrase=passphrase)
        equal(done.code, code, "download: %s%s %r" % (done.out, done.err, self.sim.log[-8:]))
        return done.json()["files"][0]

    def with_key(self, path=None):
        return ["--key-file", self.program.path(path or self.key_file)]

    def left(self):
        return sorted(n for n in os.listdir(self.back) if self.name in n)

    def staged(self):
        uploads = os.path.join(self.user.data, "uploads")
        return sorted(os.path.join(uploads, n) for n in os.listdir(uploads) if n.startswith("encrypted-"))

    def whole(self):
        check(read(self.path) == self.data, "that the file is what it was")
        equal(self.left(), sorted([self.name, self.name + ".manifest.json"]), "what is in the folder")
        manifest = json.loads(read(self.path + ".manifest.json"))
        check("encrypted" not in manifest, "that the manifest here is of the backup")
        equal((manifest["file"], manifest["sha256"]), (self.name, sha256(self.data)), "the manifest")
        for name in self.left():
            os.unlink(os.path.join(self.back, name))

    def there(self):
        return self.sim.data(self.copy), json.loads(self.sim.data(self.manifest))

    def replace(self, data):
        """Other bytes there, with a manifest that fits them."""
        self.sim.child(self.sim.folder, self.copy)["data"] = data
        item = self.sim.child(self.sim.folder, self.manifest)
        manifest = json.loads(item["data"])
        manifest["encrypted"].update(bytes=len(data), sha256=sha256(data), quickxor=graph_sim.quickxor(data))
        item["data"] = json.dumps(manifest).encode()

    def nowhere(self, *secrets):
        """In no file but the key file, and nowhere on SharePoint."""
        contents = [("SharePoint", i["data"]) for i in self.sim.items.values() if "data" in i]
        for top in (self.user.data, self.folder, self.back, self.safe):
            for at, _, names in os.walk(top):
                contents += [(n, read(os.path.join(at, n))) for n in names if os.path.join(at, n) != self.key_file]
        for where, content in contents:
            for secret in secrets:
                check(secret.encode() not in content, "a secret is in " + where)


def test_there_and_back(program):
    with Simulator() as sim:
        desk = Desk(program, sim)
        equal(desk.encryption()["encrypted"], False, "at first")
        made = desk.set_up_pair()
        equal((made["encrypted"], made["passphrase"], made["key_kept_here"]), (True, False, False), "the set-up")
        identity = desk.identity()
        equal(age.recipient_of(age.bech32_data(identity)[1]), made["recipient"], "that the key file fits")
        card = read(desk.card).decode()
        check(made["recipient"] in card and made["mark"] in card and "pg_restore" in card, card)
        equal(desk.encryption("status"), made, "what is told of it")
        report = desk.upload()
        equal((report["encrypted"], report["was_there"], report["hash_pending"]), (True, False, False), "the upload")
        equal(sim.names(), sorted([desk.copy, desk.manifest]), "what is there")
        order = [i["name"] for i in sim.items.values() if "data" in i]
        equal(order[-2:], [desk.copy, desk.manifest], "the manifest is the last")
        copy, manifest = desk.there()
        check(age.decrypt(copy, identity) == desk.data, "that it is the backup, read after the specification")
        sealed = manifest["encrypted"]
        equal((manifest["sha256"], manifest["bytes"], manifest["file"]),
              (sha256(desk.data), len(desk.data), desk.name), "the manifest, of the backup")
        equal((sealed["file"], sealed["bytes"], sealed["sha256"], sealed["quickxor"], sealed["recipient"],
               sealed["mark"], sealed["format"]),
              (desk.copy, len(copy), sha256(copy), graph_sim.quickxor(copy), made["recipient"], made["mark"],
               "age-encryption.org/v1"), "the manifest, of the encrypted copy")
        equal((report["sha256"], report["bytes"]), (sha256(copy), len(copy)), "what is told")
        equal(desk.staged(), [], "what is left on the PC")
        last = harness.log_entries(desk.folder)[-1]
        check(last["operation"] == "upload" and made["recipient"] in last["message"], "the log: %r" % last)
        equal(desk.rows()[desk.name], ("both", False), "the list here")
        sim.log.clear()
        equal((desk.upload()["was_there"], sim.kinds().count("put")), (True, 0), "once more")
        done = desk.run("sharepoint", "list", "--json", "--folder", program.path(desk.back))
        row, = done.json()["backups"]
        equal((row["name"], row["encrypted"], row["compared"], row["level"], row["where"]),
              (desk.copy, True, "size and hash", "verified", "there"), "the list there")
        sim.ranges.clear()
        report = desk.download(code=6)
        check(made["recipient"] in report["error"]["message"], "without a key: %r" % report)
        other = os.path.join(desk.safe, "other.txt")
        with open(other, "w", encoding="ascii") as f:
            f.write(age.identity_of(b"o" * 32) + "\n")
        report = desk.download(*desk.with_key(other), code=6)
        check("the key is not the one" in report["error"]["message"], "with another: %r" % report)
        report = desk.download(*desk.with_key(desk.card), code=2)
        check("no key file of age" in report["error"]["message"] or "more than one" in report["error"]["message"],
              "with a card: %r" % report)
        equal((desk.left(), sim.ranges), ([], [None] * 3), "nothing came but the manifest, nothing is left")
        for name in (desk.name, desk.copy):
            report = desk.download(*desk.with_key(), name=name)
            equal((report["was_here"], report["bytes"], report["sha256"]), (False, len(desk.data), sha256(desk.data)),
                  "what is told of " + name)
            done = program.run(["verify", "--json", "--folder", program.path(desk.back), desk.name])
            equal(done.code, 0, "verify: " + done.out)
            desk.whole()
        os.unlink(other)
        desk.nowhere("AGE-SECRET-KEY", identity[16:])
        # Switched off, nothing of a key goes with it; the next copy is as it was.
        equal(desk.encryption("off")["encrypted"], False, "off")
        desk.upload()
        check(sim.data(desk.name) == desk.data, "a plain copy")


def test_key_kept_here(program):
    with Simulator() as sim:
        desk = Desk(program, sim)
        equal(desk.set_up_pair("--keep-key")["key_kept_here"], True, "asked for")
        desk.upload()
        desk.download()
        desk.whole()
        desk.nowhere("AGE-SECRET-KEY")
        # Another key, of which nothing is kept, does not take the kept one's place.
        desk.encryption("set-up", "--recipient", age.recipient_of(b"r" * 32), "--confirm", CONFIRM)
        desk.download()
        desk.whole()
        desk.nowhere("AGE-SECRET-KEY")
        desk.encryption("off", code=2)
        desk.download()
        desk.whole()
        desk.encryption("off", "--confirm", CONFIRM)
        desk.download(code=6)
        desk.download(*desk.with_key())
        desk.whole()


def test_passphrase(program):
    with Simulator() as sim:
        desk = Desk(program, sim)
        how = ["set-up", "--passphrase", "--card", program.path(desk.card), "--confirm", CONFIRM]
        report = desk.encryption(*how, code=2)
        check("nobody is there to be asked for the passphrase" in report["error"]["message"], repr(report))
        report = desk.encryption(*how, code=2, passphrase="too short")
        check("too short" in report["error"]["message"], repr(report))
        equal(os.path.exists(desk.card), False, "the card then")
        made = desk.encryption(*how, passphrase=PASSPHRASE)
        equal((made["passphrase"], made["recipient"], made["key_kept_here"]), (True, None, True), "the set-up")
        check(made["mark"] in read(desk.card).decode(), "the card")
        desk.upload()
        copy, manifest = desk.there()
        check(b"-> scrypt " in copy and age.decrypt(copy, passphrase=PASSPHRASE.encode()) == desk.data, "the copy")
        equal((manifest["encrypted"]["recipient"], manifest["encrypted"]["mark"]), (None, made["mark"]), "the manifest")
        desk.download()  # this PC keeps it
        desk.whole()
        another = User(program, sim)
        another.good_set_up()
        sim.ranges.clear()
        desk.download(user=another, code=2)
        report = desk.download(user=another, code=6, passphrase="another passphrase")
        check("the passphrase is not the one" in report["error"]["message"], repr(report))
        equal((desk.left(), sim.ranges), ([], [None] * 2), "nothing came")
        desk.download(user=another, passphrase=PASSPHRASE)
        desk.whole()
        desk.nowhere(PASSPHRASE)
        check(not os.path.exists(os.path.join(another.data, "encryption.json")), "it is not kept by a download")


def test_another_key(program):
    """What is there for an earlier key is not taken for a copy, nor touched; the log tells whose a copy is."""
    with Simulator() as sim:
        desk = Desk(program, sim)
        first = desk.set_up_pair()
        desk.upload()
        before = desk.there()
        os.rename(desk.key_file, os.path.join(desk.safe, "first.txt"))
        os.unlink(desk.card)
        second = desk.set_up_pair()
        check(second["recipient"] != first["recipient"], "another key")
        report = desk.upload(code=8)
        equal(report["error"]["message"], "%s is on SharePoint, encrypted for another key: the public key %s, "
              "fingerprint %s" % (desk.copy, first["recipient"], first["mark"]), "what is told")
        check(desk.there() == before, "it is as it was")
        equal(desk.staged(), [], "what is left on the PC")
        last = harness.log_entries(desk.folder)[-1]
        equal((last["operation"], last["status"]), ("upload", "failed"), "the log")
        for name in (desk.copy, desk.manifest):
            item = sim.child(sim.folder, name)
            item["name"] = "first " + name
        desk.upload()
        desk.download(*desk.with_key())
        desk.whole()
        check(harness.log_entries(desk.folder)[-1]["message"].endswith("fingerprint " + second["mark"]), "the log")
        check("encrypted for the public key %s, fingerprint %s: " % (second["recipient"], second["mark"]) in
              desk.fact()["text"], "the fact: %r" % desk.fact())
    with Simulator() as sim:  # the same passphrase, set up twice
        desk = Desk(program, sim)
        how = ("set-up", "--passphrase", "--confirm", CONFIRM)
        first = desk.encryption(*how, passphrase=PASSPHRASE)
        desk.upload()
        check(desk.encryption(*how, passphrase=PASSPHRASE)["mark"] != first["mark"], "another number")
        equal(desk.upload()["was_there"], True, "it opens that copy")
        check(harness.log_entries(desk.folder)[-1]["message"].endswith("the passphrase number " + first["mark"]),
              "the log has the copy's own")


def test_set_up_is_refused(program):
    with Simulator() as sim:
        desk = Desk(program, sim)
        key = ["--key-file", program.path(desk.key_file)]
        for arguments, words in (
                (key, "nobody is there to be asked for the confirmation"),
                (key + ["--confirm", "yes"], "it was not confirmed"),
                (["--confirm", CONFIRM], "the private key has no place to go to"),
                (["--recipient", "age1abc", "--confirm", CONFIRM], "that is no public key of age"),
                (["--recipient", "age1abc", "--passphrase"], "do not go together"),
                (["--recipient", age.recipient_of(b"r" * 32), *key], "are for a new key pair")):
            report = desk.encryption("set-up", *arguments, code=2)
            check(words in report["error"]["message"], "%r: %r" % (arguments, report))
            equal(os.listdir(desk.safe), [], "what is left")
            equal(desk.encryption()["encrypted"], False, "what is set up")
        with open(desk.key_file, "w", encoding="ascii") as f:
            f.write("an old key\n")
        report = desk.encryption("set-up", *key, "--confirm", CONFIRM, code=8)
        check("is there already" in report["error"]["message"], repr(report))
        equal(read(desk.key_file), b"an old key\n", "a key that was there")
        # A public key that was made elsewhere, and then settings that cannot be read: nothing goes in the clear.
        made = desk.encryption("set-up", "--recipient", age.recipient_of(b"r" * 32), "--confirm", CONFIRM)
        equal(made["key_kept_here"], False, "whose key")
        desk.upload()
        check(age.decrypt(sim.data(desk.copy), age.identity_of(b"r" * 32)) == desk.data, "the copy")
        for name in (desk.copy, desk.manifest):
            del sim.items[sim.child(sim.folder, name)["id"]]
        with open(os.path.join(desk.user.data, "encryption.json"), "r+b") as f:
            f.write(b"?")
        report = desk.upload(code=3)
        check("the encryption of copies is damaged" in report["error"]["message"], repr(report))
        equal(sim.names(), [], "what is there")


def test_every_region(program):
    """A bit flipped in each part, each length short, bytes behind it: refused in one sentence, and nothing is left."""
    with Simulator() as sim:
        desk = Desk(program, sim)
        desk.set_up_pair()
        desk.upload()
        copy, _ = desk.there()
        header = copy.index(b"\n--- ") + 1
        payload = copy.index(b"\n", header) + 1
        lines = [copy.index(b"-> X25519 "), copy.index(b"\n", copy.index(b"-> X25519 ")) + 1]
        places = {"the version": 5, "the kind": lines[0] + 4, "the share": lines[0] + 14,
                  "the wrapped key": lines[1] + 3, "the MAC's mark": header, "the MAC": header + 8,
                  "the nonce": payload + 3, "the content's begin": payload + 16,
                  "the content's middle": (payload + len(copy)) // 2, "the content's end": len(copy) - 17,
                  "the tag": len(copy) - 1}
        changed = {what: copy[:at] + bytes([copy[at] ^ 1]) + copy[at + 1:] for what, at in places.items()}
        changed.update({"one byte short": copy[:-1], "half of it": copy[:len(copy) // 2], "no content": copy[:payload],
                        "half a header": copy[:header], "nothing": b"", "one byte more": copy + b"x",
                        "twice": copy + copy})
        for what, data in harness.a_share(changed.items(), 2):
            desk.replace(data)
            report = desk.download(*desk.with_key(), code=11 if what in ("the version", "nothing") else 7)
            check("\n" not in report["error"]["message"] and desk.copy in report["error"]["message"],
                  "%s: %r" % (what, report))
            equal(desk.left(), [], what + ": what is left")
            last = harness.log_entries(desk.back)[-1]
            equal((last["operation"], last["status"]), ("download", "failed"), what + ": the log")
        # Without a manifest that fits: nothing comes. And another backup, well encrypted, under this one's name.
        desk.replace(copy)
        sim.child(sim.folder, desk.copy)["data"] = changed["the tag"]
        report = desk.download(*desk.with_key(), code=7)
        check("is not what its manifest says" in report["error"]["message"], repr(report))
        file_key, recipient = b"0123456789abcdef", age.recipient_of(age.bech32_data(desk.identity())[1])
        head = age.header(file_key, [age.x25519_stanza(file_key, recipient, b"e" * 32)])
        desk.replace(head + age.payload(file_key, b"n" * 16, b"another backup"))
        report = desk.download(*desk.with_key(), code=7)
        check("holds another backup than its manifest says" in report["error"]["message"], repr(report))
        equal(desk.left(), [], "what is left")
        # What others have encrypted for this key, after the specification, is read.
        desk.replace(head + age.payload(file_key, b"n" * 16, desk.data))
        desk.download(*desk.with_key())
        desk.whole()


def test_killed_and_resumed(program):
    """The encrypted bytes are the same when an upload goes on; what is not whole is made anew with another key."""
    with Simulator() as sim:
        desk = Desk(program, sim)
        desk.set_up_pair()

        def killed(fault):
            reached, go_on = threading.Event(), threading.Event()
            fault.call = lambda s: (reached.set(), go_on.wait(120))
            sim.faults = [fault]
            process = program.start(["upload", "--json", "--folder", program.path(desk.folder), desk.name],
                                    env={"CMMS_BACKUP_DATA": program.path(desk.user.data), "http_proxy": "",
                                         "https_proxy": ""})
            try:
                harness.wait_for(reached.is_set, 120, "the upload")
                program.kill(process)
            finally:
                go_on.set()
            sim.faults = []

        killed(Fault("put", 0))
        staged, note = desk.staged()
        equal(note, staged + ".json", "what lies here meanwhile")
        first = read(staged)
        check(desk.identity().encode() not in read(note) and b"AGE-SECRET" not in read(note), "the note has no key")
        killed(Fault("put", 0, skip=1))  # the copy is there, its manifest not
        check(sim.data(desk.copy) == first, "the same bytes, not encrypted anew")
        equal(sim.names(), [desk.copy], "what is there")
        # A week later, or with that file damaged or gone: its note knows what is there.
        os.utime(staged, (1, 1))
        os.utime(note, (1, 1))
        with open(staged, "r+b") as f:
            f.write(b"?")
        desk.upload()
        check(sim.data(desk.copy) == first, "the same file")
        equal((sim.names(), desk.staged()), (sorted([desk.copy, desk.manifest]), []), "at the end")
        desk.download(*desk.with_key())
        desk.whole()
        # What is not known stays, and is told.
        del sim.items[sim.child(sim.folder, desk.manifest)["id"]]
        report = desk.upload(code=8)
        check("another file named %s is on SharePoint" % desk.copy in report["error"]["message"], repr(report))
        check(sim.data(desk.copy) == first, "it stays")
        for name in os.listdir(os.path.join(desk.user.data, "uploads")):
            os.unlink(os.path.join(desk.user.data, "uploads", name))
        # A file without its note was not finished; one that was changed is not sent.
        del sim.items[sim.child(sim.folder, desk.copy)["id"]]
        killed(Fault("put", 0))
        staged, note = desk.staged()
        second = read(staged)
        check(second[:100] != first[:100], "another key")
        os.unlink(note)
        killed(Fault("put", 0))
        check(read(staged)[:100] != second[:100], "another key again")
        with open(staged, "r+b") as f:
            f.seek(-1, os.SEEK_END)
            f.write(bytes([read(staged)[-1] ^ 1]))
        report = desk.upload(code=7)
        check("is not what was written" in report["error"]["message"], repr(report))
        equal(sim.names(), [], "what is there")
        rows = program.run(["list", "--json", "--folder", program.path(desk.folder)]).json()["backups"]
        equal(rows[0]["level"], "verified", "nothing is said against the backup")
        desk.upload()
        check(age.decrypt(sim.data(desk.copy), desk.identity()) == desk.data, "the next try")


def test_bytes_of_others(program):
    """A copy without a manifest that is not known to be ours stays, gets no manifest of ours, and is told."""
    with Simulator() as sim:
        desk = Desk(program, sim)
        desk.set_up_pair()
        sim.faults = [Fault("put", 403, skip=1, times=9, code="accessDenied")]
        desk.upload(code=6)
        sim.faults = []
        equal(sim.names(), [desk.copy], "its manifest has not got there")
        data = sim.data(desk.copy)
        other = data[:-1] + bytes([data[-1] ^ 1])  # of one size, as all that are encrypted of one backup
        sim.replaced(desk.copy, other)
        for late, words in ((0, "another file named %s is on SharePoint"),
                            (-1, "%s is on SharePoint already, which has not said whether it is the same")):
            sim.child(sim.folder, desk.copy)["late"] = late
            report = desk.upload(code=8)
            equal(report["error"]["message"], words % desk.copy, "what is told")
            check(sim.names() == [desk.copy] and sim.data(desk.copy) == other, "what is there")


def test_damaged_here(program):
    """A backup that is damaged is not encrypted and sent as if it were good."""
    with Simulator() as sim:
        desk = Desk(program, sim)
        desk.set_up_pair()
        with open(os.path.join(desk.folder, desk.name), "r+b") as f:
            f.seek(-1, os.SEEK_END)
            f.write(bytes([desk.data[-1] ^ 1]))
        report = desk.upload(code=7)
        check("its SHA-256 differs from the manifest's" in report["error"]["message"], repr(report))
        equal((sim.names(), desk.staged()), ([], []), "what is there, what is here")


def test_after_a_backup(program):
    """With a public key this PC needs no secret to copy what it makes, while nobody is there."""
    with Simulator() as sim:
        desk = Desk(program, sim)
        desk.set_up_pair()
        desk.config("upload_after_backup=true")
        name, offsite = desk.backup()
        equal((offsite["uploaded"], offsite["waiting"]), (1, 0), "the copy: %r" % offsite)
        data = read(os.path.join(desk.folder, name))
        check(age.decrypt(sim.data(name + ".age"), desk.identity()) == data, "what is there")
        equal((desk.rows()[name], desk.fact()["state"]), (("both", False), "holds"), "the list and the fact")


def test_age_reads_it(program):
    """The program age, which knows nothing of us, both ways; the sample database, which has more than one chunk."""
    harness.needs("age", "/usr/bin/age")
    with Simulator() as sim:
        desk = Desk(program, sim)
        desk.set_up_pair()
        server = harness.shared_server()
        report = program.good_backup(server, harness.sample(server), desk.folder)
        name = os.path.basename(report["unix_path"])
        desk.upload(name=name)
        data, copy = read(report["unix_path"]), os.path.join(desk.safe, "copy.age")
        check(len(data) > 65536, "more than one chunk")
        with open(copy, "wb") as f:
            f.write(sim.data(name + ".age"))
        done = subprocess.run(["/usr/bin/age", "--decrypt", "-i", desk.key_file, copy], capture_output=True)
        equal(done.returncode, 0, "age: %r" % done.stderr)
        check(done.stdout == data, "what age reads")
        recipient = age.recipient_of(age.bech32_data(desk.identity())[1])
        done = subprocess.run(["/usr/bin/age", "-r", recipient], input=desk.data, capture_output=True)
        equal(done.returncode, 0, "age: %r" % done.stderr)
        desk.upload()
        desk.replace(done.stdout)
        desk.download(*desk.with_key())
        desk.whole()


harness.main(__name__, wine=("test_there_and_back", "test_passphrase"))
