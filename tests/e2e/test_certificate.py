"""The program signs in to SharePoint as itself: with a certificate's key, or with a secret, against graph_sim.py.

The Windows programs find their certificate in Windows' store, which Wine 10 has only in part: of them it is shown what
they say without one. The steps for a real one are in ARCHITECTURE.md.
"""
import hashlib
import json
import os
import subprocess
import harness
from graph_sim import Fault, Simulator
from harness import check, equal
from test_sharepoint import LINK, User, backup

SECRET = "s3cr3t~of.the-app"
SECRETS = (SECRET,)  # beside those of the simulator, for the harness' sweep
ENDED = ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"]


class App(User):
    """One who has nobody to sign in."""

    def __init__(self, program, sim):
        super().__init__(program, sim)
        sim.granted.add("/sites/Maintenance")

    def certificate(self, days=100, clock=()):
        """A key and its certificate, in the place of Windows' store; its thumbprint."""
        folder = os.path.join(self.data, "certificates")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        key, crt = os.path.join(folder, "key"), os.path.join(folder, "crt")
        run = lambda *a: subprocess.run(["openssl"] + list(a), check=True, capture_output=True).stdout
        subprocess.run([*clock, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=CMMS Backup",
                        "-keyout", key, "-out", crt, *(["-days", str(days)] if days else ENDED)], check=True,
                       capture_output=True)
        thumbprint = hashlib.sha1(run("x509", "-in", crt, "-outform", "der")).hexdigest().upper()
        with open(os.path.join(folder, thumbprint + ".pem"), "w") as out:
            for path in (crt, key):
                with open(path) as f:
                    out.write(f.read())
        os.chmod(out.name, 0o600)
        public = os.path.join(harness.temp_dir("crt"), "crt")
        os.rename(crt, public)
        os.unlink(key)
        return thumbprint, public

    def set_up_as_itself(self, *more, secret=None, code=0):
        arguments = ["sharepoint", "set-up", "--json", "--client-id", "client", "--graph", self.sim.url, "--login",
                     self.sim.url + "/login", *more, LINK]
        env = {"CMMS_BACKUP_DATA": self.program.path(self.data), "http_proxy": "", "https_proxy": ""}
        if secret is not None:
            env["CMMS_SHAREPOINT_SECRET"] = secret
        done = self.program.run(arguments, env=env)
        self.untold(done.out, done.err)
        check(SECRET not in done.out + done.err, "the secret is told")
        equal(done.code, code, "set-up: %s%s %r" % (done.out, done.err, self.sim.log))
        return done.json()

    def fact(self, folder):
        return self.run("status", "--json", "--folder", self.program.path(folder)).json()["sign_in"]


def native(program):
    if program.kind == "wine":
        raise harness.Skip("Wine has no store with keys that sign; the same core is tested natively")


def test_by_certificate(program):
    native(program)
    path, folder = backup(program)
    with Simulator() as sim:
        app = App(program, sim)
        thumbprint, sim.app_certificate = app.certificate()
        pasted = "\u200e" + " ".join(thumbprint[i:i + 2].lower() for i in range(0, 40, 2))
        place = app.set_up_as_itself("--certificate", pasted)
        equal((place["by"], place["certificate"], place["place"]), ("certificate", thumbprint, "Dokumente/Backups"),
              "what is set up")
        header, payload = sim.assertions[-1]
        equal((header["alg"], header["typ"], payload["exp"] - payload["nbf"]), ("PS256", "JWT", 600), "the assertion")
        sim.tokens.clear()  # they have run out: another assertion is made, by another program
        done = app.run("upload", "--json", program.path(path))
        equal(done.code, 0, "upload: " + done.out + done.err)
        equal(len(sim.assertions), 2, "assertions")
        check(sim.assertions[0][1]["jti"] != sim.assertions[1][1]["jti"], "their numbers")
        equal(sim.kinds().count("authorize"), 0, "browsers")
        fact = app.fact(folder)
        equal((fact["by"], fact["signed_in"], fact["warning"]), ("certificate", True, None), "status")
        check(fact["days_left"] in (99, 100), "days: %r" % fact)
        equal(fact["text"], "the certificate of the sign-in to SharePoint runs out in %d day(s)" % fact["days_left"],
              "in words")
        with open(os.path.join(app.data, "sharepoint-signin.json")) as f:
            check(not json.load(f)["refresh"], "nothing but an access token is kept")
        # Signed out, the certificate alone does not do it.
        equal(app.run("sharepoint", "sign-out").code, 0, "sign-out")
        done = app.run("sharepoint", "status", "--json")
        equal(done.code, 6, "afterwards: " + done.out)
        fact = app.fact(folder)
        equal((fact["signed_in"], fact["text"]),
              (False, "the program is not signed in to SharePoint on this PC; its certificate is here"), "status then")
        checks = app.run("doctor", "--json", "--folder", program.path(folder)).json()["checks"]
        found, = [c for c in checks if c["name"] == "sign-in"]
        equal((found["state"], found["hint"]), ("warning", "Set the folder up again, with the same certificate."),
              "doctor: %r" % found)
        equal(sim.complaints, [], "complaints")


def test_days_left(program):
    """At 30, 7 and 1 days it warns, in status and in doctor; a certificate that has run out is said to have."""
    native(program)
    _, folder = backup(program)
    for days, warning in ((29, 30), (6, 7), (1, 1)):
        with Simulator() as sim:
            app = App(program, sim)
            thumbprint, sim.app_certificate = app.certificate(days)
            app.set_up_as_itself("--certificate", thumbprint)
            equal(app.fact(folder)["warning"], warning, "%d days" % days)
            told = app.run("status", "--folder", program.path(folder)).out
            check("Attention: the certificate of the sign-in to SharePoint runs out in" in told, told)
            checks = app.run("doctor", "--json", "--folder", program.path(folder)).json()["checks"]
            found, = [c for c in checks if c["name"] == "sign-in"]
            equal((found["state"], found["hint"]),
                  ("warning", "Ask your IT administrator for a new one in time, and set the folder up again with it."),
                  "doctor: %r" % found)
            os.unlink(os.path.join(app.data, "certificates", thumbprint + ".pem"))
            equal((app.fact(folder)["signed_in"], app.fact(folder)["text"]),
                  (False, "the certificate of the sign-in to SharePoint is not on this computer"), "without it")
    with Simulator() as sim:
        app = App(program, sim)
        thumbprint, sim.app_certificate = app.certificate(0)
        report = app.set_up_as_itself("--certificate", thumbprint, code=6)
        equal(report["error"]["message"], "the certificate of the sign-in to SharePoint has run out", "at its end")
        equal(sim.assertions, [], "nothing is sent")


def test_not_valid_yet(program):
    """A certificate of the day after tomorrow: said here, not sent for Microsoft's riddle."""
    native(program)
    harness.needs("faketime", "/usr/bin/faketime")
    with Simulator() as sim:
        app = App(program, sim)
        thumbprint, sim.app_certificate = app.certificate(clock=("/usr/bin/faketime", "-f", "+2d"))
        report = app.set_up_as_itself("--certificate", thumbprint, code=6)
        equal(report["error"]["message"], "the certificate of the sign-in to SharePoint is not valid yet", "why")
        equal(sim.assertions, [], "nothing is sent")


def test_by_secret(program):
    path, folder = backup(program)
    with Simulator() as sim:
        app = App(program, sim)
        sim.app_secret = SECRET
        place = app.set_up_as_itself("--secret", "--secret-ends=2037-05-31", secret=SECRET)
        equal((place["by"], place["certificate"]), ("secret", None), "what is set up")
        sim.tokens.clear()
        done = app.run("upload", "--json", program.path(path))
        equal(done.code, 0, "upload: " + done.out + done.err)
        fact = app.fact(folder)
        equal((fact["by"], fact["signed_in"], fact["warning"]), ("secret", True, None), "status")
        for at, _, names in os.walk(app.data):
            for name in names:
                with open(os.path.join(at, name), "rb") as f:
                    check(SECRET.encode() not in f.read(), "the secret is in " + name)
        equal(sim.complaints, [], "complaints")
        sim.tokens.clear()
        sim.app_secret = "another"
        done = app.run("upload", "--json", program.path(path))
        report = done.json()["files"][0]["error"]
        equal((done.code, report["message"]),
              (6, "the sign-in was refused: the program's secret is not the one that Microsoft knows"), "a new one")
        sim.app_secret = SECRET
        app.set_up_as_itself("--secret", secret=SECRET)
        equal(app.fact(folder)["text"],
              "when the secret of the sign-in to SharePoint runs out is not known: ask your IT administrator",
              "no date")


def test_refused(program):
    """What Entra refuses, and what is wrong before it is asked; what was set up before stays."""
    with Simulator() as sim:
        app = App(program, sim)
        none = "0123456789ABCDEF0123456789ABCDEF01234567"
        report = app.set_up_as_itself("--certificate", none, code=10)
        equal(report["error"]["message"], "there is no certificate %s on this computer for this user" % none,
              "no such one")
        equal(app.set_up_as_itself("--certificate", "0123", code=2)["error"]["message"],
              "that is no thumbprint of a certificate", "no thumbprint")
        equal(app.set_up_as_itself("--certificate", none, "--secret", secret="x", code=2)["error"]["message"],
              "a certificate and a secret do not go together", "both")
        equal(app.set_up_as_itself("--secret", code=2)["error"]["message"], "the client secret is not known", "none")
        equal(app.set_up_as_itself("--secret", "--secret-ends=31.5.2037", secret="x", code=2)["error"]["message"],
              '"31.5.2037" is no date', "no date")
        equal(sim.log, [], "nothing is asked")
        page = app.run("sharepoint", "ask-it", "--certificate", none, "--client-id=client", LINK).out
        for part in ("Sites.Selected (application)", "upload the certificate (.cer, without its key)", "%2F.default",
                     "New-MgServicePrincipalAppRoleAssignment", "--certificate=THUMBPRINT"):
            check(part in page, "the page lacks %r: %s" % (part, page))
        if program.kind == "wine":
            return
        thumbprint, _ = app.certificate()
        report = app.set_up_as_itself("--certificate", thumbprint, code=6)
        equal(report["error"]["message"],
              "the sign-in was refused: Microsoft does not know the certificate for this program", "not registered")
        _, sim.app_certificate = app.certificate()  # another one
        equal(app.set_up_as_itself("--certificate", thumbprint, code=6)["error"]["detail"],
              "AADSTS700027, invalid_client", "another one is")
        thumbprint, sim.app_certificate = app.certificate()
        sim.clock = 3600
        equal(app.set_up_as_itself("--certificate", thumbprint, code=6)["error"]["message"],
              "the sign-in was refused: the clock of this computer is wrong by more than Microsoft allows", "the clock")
        sim.clock = 0
        sim.granted.clear()
        equal(app.set_up_as_itself("--certificate", thumbprint, code=6)["error"]["message"],
              "the site could not be found: SharePoint does not allow it", "no grant")
        equal(app.run("sharepoint", "status", "--json").code, 10, "nothing is set up")
        sim.granted.add("/sites/Maintenance")
        sim.faults = [Fault("token", 500, times=2)]
        app.set_up_as_itself("--certificate", thumbprint)
        equal(sim.complaints, [], "complaints")


harness.main(__name__, wine=("test_by_secret", "test_refused"))
