"""Who is told of the schedule's runs: receivers on this machine that record, refuse, or do not answer; and what is told
to them has neither a password nor a row, and no failure of theirs is a failure of the backup."""
import base64
import copy
import email
import email.policy
import http.server
import json
import os
import shutil
import socket
import ssl
import threading
import harness
from graph_sim import Simulator, certificate
from harness import check, equal
from test_schedule import Place
from test_sharepoint import User

TOKEN = "5ec4e7-t0ken"  # of addresses: in no output and in no file of the backup folder
MAIL_PASSWORD = "ma1l pa55w0rd"


class Recorder(http.server.ThreadingHTTPServer):
    """Takes what comes, and answers as it is told."""
    daemon_threads = True

    def __init__(self, status=200):
        recorder = self
        self.status, self.got, self.go_on = status, [], threading.Event()
        self.hangs = False

        class Handler(http.server.BaseHTTPRequestHandler):
            def any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                recorder.got.append((self.command, self.path, body))
                if recorder.hangs:
                    recorder.go_on.wait(120)
                    self.close_connection = True
                    return
                self.send_response(recorder.status)
                if recorder.status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/" + TOKEN)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = any

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/%s" % (self.server_port, TOKEN)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def handle_error(self, request, address):
        pass

    def __exit__(self, *arguments):
        self.go_on.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    def take(self):
        """What has come since the last time: (path without the token, document)."""
        got, self.got = self.got, []
        return [(path.replace("/" + TOKEN, "", 1), json.loads(body) if body else None) for _, path, body in got]


class Notified(Place):
    """A place with a schedule, and a user of their own."""

    def __init__(self, program, **more):
        super().__init__(program, **more)
        self.own = harness.temp_dir("own")

    def env(self, more=None):
        return {"CMMS_BACKUP_DATA": self.program.path(self.own), "http_proxy": "", "https_proxy": "", **(more or {})}

    def start(self, *words, env=None):
        return super().start(*words, env=self.env(env))

    def notify(self, *words, code=0, env=None, program=None):
        done = (program or self.program).run(["notify", *words, "--json", "--folder", self.program.path(self.folder)],
                                             env=self.env(env))
        equal(done.code, code, "notify %s: %s%s" % (" ".join(words), done.out, done.err))
        self.untold(done.out, done.err)
        return done.json()

    def set(self, kind, address, *keys, **more):
        return self.notify("set", kind, *keys, env={"CMMS_BACKUP_NOTIFY_ADDRESS": address}, **more)

    def status(self):
        done = self.program.run(["status", "--json", "--folder", self.program.path(self.folder)], env=self.env())
        equal(done.code, 0, "status: " + done.out + done.err)
        self.untold(done.out)
        return done.json()

    def words(self):
        done = self.program.run(["status", "--no-color", "--folder", self.program.path(self.folder)], env=self.env())
        self.untold(done.out, done.err)
        return done.out

    def untold(self, *texts):
        for text in texts:
            for secret in (TOKEN, MAIL_PASSWORD, self.password):
                check(secret not in text, "a secret is told: " + text)
        for folder in (self.folder, self.own):
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not name.endswith((".backup", ".partial")):
                    with open(path, "rb") as f:
                        content = f.read()
                    for secret in (TOKEN, MAIL_PASSWORD):
                        check(secret.encode() not in content, "a secret is in " + name)


def test_set_and_removed(program):
    place = Notified(program)
    equal(place.notify()["receivers"], [], "nobody is set")
    shown, = place.set("ping", "https://hc-ping.com/" + TOKEN)["receivers"]
    equal((shown["kind"], shown["address"], shown["quiet"], shown["sent"], shown["problem"]),
          ("ping", "https://hc-ping.com/\u2026", False, None, None), "what is shown")
    shown, = place.notify("set", "ping", "quiet=true")["receivers"]
    equal((shown["address"], shown["quiet"]), ("https://hc-ping.com/\u2026", True), "only that is changed")
    for words, code, message in (
            (["set", "teams"], 3, "Teams: its address is missing"),
            (["set", "webhook", "address=https://x"], 2,
             "an address or a password does not belong on a command line, where others see it"),
            (["set", "ping", "to=a@b.c"], 2, "ping has no \"to\" that can be set so"),
            (["set", "fax"], 2, "\"fax\" is none of ping, webhook, teams, smtp and graph"),
            (["set", "smtp", "address=smtp://127.0.0.1"], 3, "Mail by SMTP: the sender is no mail address"),
            (["set", "graph", "to=nobody"], 3, "Mail by Microsoft 365: who is to get the mail is not said as one mail "
                                               "address, or up to 20 with commas between"),
            (["test", "webhook"], 10, "webhook: Webhook is not set"),
            (["remove"], 2, "say which receiver to remove"),
            (["retire", "PC-99"], 10, "no computer \"PC-99\" has left a heartbeat here"),
            (["shout"], 2, "notify takes \"list\", \"set\", \"test\", \"remove\" or \"retire\", not \"shout\"")):
        equal(place.notify(*words, code=code)["error"]["message"], message, " ".join(words))
    for address in ("http://example.com/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/", "nonsense"):
        equal(place.set("webhook", address, code=3)["error"]["message"], "Webhook: its address cannot be used", address)
    equal(place.notify("remove", "ping")["receivers"], [], "removed")
    # A file that is damaged is said, and replaced by what somebody sets.
    with open(os.path.join(place.own, "notify.json"), "w", encoding="utf-8") as f:
        f.write("{")
    check("what is saved about who is notified is damaged" in place.status()["receivers_problem"], "status")
    equal(len(place.set("ping", "https://hc-ping.com/" + TOKEN)["receivers"]), 1, "set again")


def test_runs(program):
    place = Notified(program)
    with Recorder() as ping, Recorder(202) as teams, Recorder() as hook:
        place.set("ping", ping.url)
        place.set("teams", teams.url, "quiet=true")
        place.set("webhook", hook.url)
        place.due_now()
        report = place.run("run-due")
        equal(report["outcome"], "done", "the slot")
        equal(ping.take(), [("/start", None), ("", None)], "what the ping address got")
        equal(teams.take(), [], "nothing is wrong")
        (path, told), = hook.take()
        name = os.path.basename(report["backup"]["path"].replace("\\", "/"))
        equal((path, told["event"], told["bad"], told["product"]), ("", "done", False, "CMMS Backup"), "the webhook")
        check(told["text"].startswith("The scheduled backup of ") and
              told["text"].endswith(" was made and verified: " + name), told["text"])
        equal(place.run("run-due")["outcome"], "nothing_due", "again")
        equal((ping.take(), teams.take(), hook.take()), ([], [], []), "nothing has happened")
        # A failure, and the same again: the ping address gets each, the others one.
        place.password = "wr0ng-passw0rd"
        for first in (True, False):
            place.due_now(minutes=2)
            error = place.run("run-due", code=6)["error"]
            equal(ping.take(), [("/start", None), ("/fail", None)], "what the ping address got")
            got, card = hook.take(), teams.take()
            equal((len(got), len(card)), (1, 1) if first else (0, 0), "what the others got: %r" % got)
            if first:
                equal((got[0][1]["event"], got[0][1]["title"], got[0][1]["bad"]), ("failed", "Backup failed", True),
                      "the failure")
                check(error["message"] in got[0][1]["text"], "why: " + got[0][1]["text"])
                place.untold(json.dumps(got), json.dumps(card))
                content = card[0][1]["attachments"][0]["content"]
                equal(content["type"], "AdaptiveCard", "the card")
                equal(content["body"][1]["inlines"][0]["text"], got[0][1]["text"], "its text")
        place.password = harness.PASSWORD
        place.due_now(minutes=3)
        place.run("run-due")
        equal([e for _, e in hook.take() if e["event"] != "done"], [], "mended")
        # What was mended is told at once when it comes again.
        place.password = "wr0ng-passw0rd"
        place.due_now(minutes=4)
        place.run("run-due", code=6)
        equal([t["event"] for _, t in hook.take()], ["failed"], "again")
        shown = {r["kind"]: r for r in place.status()["receivers"]}
        equal([(k, bool(r["sent"]), r["problem"]) for k, r in sorted(shown.items())],
              [("ping", True, None), ("teams", True, None), ("webhook", True, None)], "status")


def test_a_shrink_alarm(program):
    """What stands is told once, and again when it comes again."""
    place = Notified(program)
    with Recorder() as hook:
        place.set("webhook", hook.url)
        frozen = os.path.join(place.folder, "retention_frozen.json")
        with open(frozen, "w", encoding="utf-8") as f:
            f.write("no json: which freezes as well")
        place.run("set", "enabled=false")
        place.run("run-due")
        equal([(t["event"], t["bad"]) for _, t in hook.take()], [("shrink", True)], "the alarm")
        place.run("run-due")
        equal(hook.take(), [], "it was told")
        os.unlink(frozen)
        place.run("run-due")
        equal(hook.take(), [], "mended")
        with open(frozen, "w", encoding="utf-8") as f:
            f.write("once more")
        place.run("run-due")
        equal([t["event"] for _, t in hook.take()], ["shrink"], "again")


def test_receivers_that_fail(program):
    place = Notified(program)
    with harness.closed_port() as port, Recorder(500) as fault, Recorder(302) as moved:
        place.set("ping", "http://127.0.0.1:%d/%s" % (port, TOKEN))
        place.set("teams", fault.url)
        place.set("webhook", moved.url)
        place.due_now()
        report = place.run("run-due")
        equal((report["outcome"], report["backup"]["level"]), ("done", "verified"), "the backup")
        shown = {r["kind"]: r["problem"] for r in place.status()["receivers"]}
        check(shown["ping"].startswith("Ping address was not notified: nothing answers at 127.0.0.1"), shown["ping"])
        equal(shown["teams"], "Teams was not notified: 127.0.0.1:%d has a fault (status 500)" % fault.server_port,
              "teams")
        equal(shown["webhook"], "Webhook was not notified: 127.0.0.1:%d sends the message elsewhere (status 302). Set "
                                "the address to which it leads." % moved.server_port, "webhook")
        equal(len(moved.take()), 1, "one try, and it is not followed")
        check("\u26a0 " + shown["teams"] in place.words(), "status in words: " + place.words())
        equal(place.notify("test", "teams", code=5)["error"]["message"],
              "teams: 127.0.0.1:%d has a fault (status 500)" % fault.server_port, "test")
        fault.status = 200
        equal(place.notify("test", "teams"), {"sent": True}, "test")
        equal({r["kind"]: r["problem"] for r in place.status()["receivers"]}["teams"], None, "status after it")


def test_one_that_does_not_answer(program):
    """It is left after a while; the backup was made before."""
    place = Notified(program)
    with Recorder() as hook:
        hook.hangs = True
        place.set("webhook", hook.url)
        place.due_now()
        equal(place.run("run-due")["outcome"], "done", "the slot")
        problem, = [r["problem"] for r in place.status()["receivers"]]
        check(problem.startswith("Webhook was not notified: 127.0.0.1 did not answer in time"), problem)


# --- mail


class MailSink:
    """A mail server: STARTTLS where `starttls`, TLS from the start where `tls`. Keeps mails, and what it was told
    before there was TLS."""

    def __init__(self, chain, tls=False, starttls=True, password=MAIL_PASSWORD):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*chain)
        self.tls, self.starttls, self.password = tls, starttls, password
        self.mails, self.plain, self.signed_in = [], [], 0
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.address = "%s://127.0.0.1:%d" % ("smtps" if tls else "smtp", self.listener.getsockname()[1])
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.listener.close()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        try:
            client.settimeout(60)
            safe = self.tls
            if safe:
                client = self.context.wrap_socket(client, server_side=True)
            self.converse(client, safe)
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    def converse(self, client, safe):
        lines, to, sender, known = client.makefile("rb"), [], None, False

        def say(text):
            client.sendall(text.encode() + b"\r\n")

        say("220 sink")
        while True:
            line = lines.readline().decode().rstrip("\r\n")
            word = line[:4].upper()
            if not line or word == "QUIT":
                say("221 bye")
                return
            if not safe:
                self.plain.append(line)
            if word == "EHLO":
                more = (["STARTTLS"] if not safe and self.starttls else []) + (["AUTH PLAIN"] if safe else [])
                for i, text in enumerate(["sink"] + more):
                    say("250%s%s" % (" " if i == len(more) else "-", text))
            elif word == "STAR" and self.starttls and not safe:
                say("220 go on")
                lines.detach()
                client = self.context.wrap_socket(client, server_side=True)
                lines, safe = client.makefile("rb"), True
            elif word == "AUTH":
                given = line.split()[2] if len(line.split()) > 2 else ""
                if not given:
                    say("334 ")
                    given = lines.readline().decode().strip()
                known = base64.b64decode(given).split(b"\0")[1:] == [b"cmms", self.password.encode()]
                self.signed_in += known
                say("235 in" if known else "535 no")
            elif word == "MAIL":
                sender = line
                say("250 ok" if known or self.password is None else "530 sign in first")
            elif word == "RCPT":
                refused = "nobody@" in line
                to += [] if refused else [line[9:-1]]
                say("550 unknown" if refused else "250 ok")
            elif word == "DATA":
                say("354 go on")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    part = lines.readline()
                    if not part:
                        return
                    body += part
                self.mails.append((sender, to, body[:-3]))
                say("250 taken")
            else:
                say("502 what?")


def trusting(program, ca):
    """The same program, where the system's roots are `ca` alone."""
    roots = harness.temp_dir("roots")
    shutil.copy(ca, os.path.join(roots, "ca-certificates.crt"))
    wrapped = copy.copy(program)
    wrapped.argv = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/ssl/certs && exec "$@"', roots] + program.argv
    return wrapped


SMTP_KEYS = ["user=cmms", "from=cmms@example.com", "to=ann@example.com, ben@example.com"]


def needs_roots(program):
    if program.kind == "wine":
        raise harness.Skip("the roots that Wine trusts are not a test's to set")


def test_mail(program):
    needs_roots(program)
    chain, ca = certificate(harness.temp_dir("ca"))
    for tls in (False, True):
        place = Notified(program)
        with MailSink(chain, tls=tls) as sink:
            inside = trusting(program, ca)
            place.notify("set", "smtp", "address=" + sink.address, *SMTP_KEYS,
                         env={"CMMS_BACKUP_NOTIFY_PASSWORD": MAIL_PASSWORD}, program=inside)
            equal(place.notify("test", program=inside), {"sent": True}, "test")
            (sender, to, body), = sink.mails
            equal((sender.split()[0:2], to), (["MAIL", "FROM:<cmms@example.com>"],
                                              ["ann@example.com", "ben@example.com"]), "the envelope")
            mail = email.message_from_bytes(body, policy=email.policy.default)
            equal((mail["From"], mail["To"]), ("CMMS Backup <cmms@example.com>", "ann@example.com, ben@example.com"),
                  "from and to")
            check(mail["Subject"].startswith("CMMS Backup on ") and mail["Subject"].endswith(": Test"), mail["Subject"])
            check("This is a test: notices of the backups of this computer arrive here." in mail.get_content(),
                  mail.get_content())
            equal((mail["Auto-Submitted"], sink.signed_in), ("auto-generated", 1), "the rest")
            equal([w.split()[0] for w in sink.plain], [] if tls else ["EHLO", "STARTTLS"], "what was said in the clear")


def test_mail_that_is_refused(program):
    needs_roots(program)
    chain, ca = certificate(harness.temp_dir("ca"))
    _, other = certificate(harness.temp_dir("ca"))
    place = Notified(program)

    def attempt(sink, code, inside, **more):
        place.notify("set", "smtp", "address=" + sink.address, *more.get("keys", SMTP_KEYS),
                     env={"CMMS_BACKUP_NOTIFY_PASSWORD": MAIL_PASSWORD}, program=inside)
        error = place.notify("test", "smtp", code=code, program=inside)["error"]
        equal(sink.mails, [], "no mail")
        return error["message"].replace(sink.address.split("//")[1], "HOST")

    inside = trusting(program, ca)
    with MailSink(chain, password="another") as sink:
        equal(attempt(sink, 6, inside), "smtp: the mail server HOST does not take the user name or the password", "it")
    with MailSink(chain, starttls=False) as sink:
        equal(attempt(sink, 5, inside), "smtp: the mail server HOST offers no encryption", "without TLS")
        check(all(w.split()[0] in ("EHLO", "HELO") for w in sink.plain), "what was said: %r" % sink.plain)
    with MailSink(chain) as sink:
        keys = SMTP_KEYS[:2] + ["to=nobody@example.com"]
        equal(attempt(sink, 6, inside, keys=keys), "smtp: the mail server HOST does not take the mail (status 550)",
              "a recipient")
    for tls in (False, True):
        with MailSink(chain, tls=tls) as sink:
            equal(attempt(sink, 5, trusting(program, other)), "smtp: no safe connection to HOST could be made",
                  "another authority")
            check("AUTH" not in " ".join(sink.plain) and sink.signed_in == 0, "the password was said")


def test_mail_by_the_sign_in(program):
    with Simulator() as sim:
        place = Notified(program)
        user = User(program, sim)
        user.data = place.own
        place.notify("set", "graph", "to=ann@example.com")
        message = place.notify("test", "graph", code=10)["error"]["message"]
        check(message.startswith("graph: there is no sign-in to Microsoft to send mail with: "), message)
        user.good_set_up()
        equal(place.notify("test", "graph"), {"sent": True}, "test")
        mail, = sim.mails
        check(mail["subject"].endswith(": Test"), mail["subject"])
        equal([r["emailAddress"]["address"] for r in mail["toRecipients"]], ["ann@example.com"], "to whom")
        check(any("Mail.Send" in s for s in sim.scopes), "what was asked for: %r" % sim.scopes)
        page = program.run(["sharepoint", "ask-it"], env=place.env()).out
        check("Sites.Read.All, Mail.Send\n" in page, "IT is asked for it: " + page)
        # The kept sign-in is as it was: uploads go on with it, without what mail needs.
        sim.mail_allowed = False
        message = place.notify("test", "graph", code=6)["error"]["message"]
        check("the program has not been approved by you or your organisation" in message, message)
        equal(program.run(["sharepoint", "status", "--json"], env=place.env()).code, 0, "sharepoint status")
        equal(sim.complaints, [], "complaints")


harness.main(__name__, wine=("test_set_and_removed", "test_runs"))
