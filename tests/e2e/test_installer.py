#!/usr/bin/env python3
"""The installer and the portable zip, under Wine, as a user and an administrator would use them.

# runs: once

Runs inside the root: python3 tests/e2e/test_installer.py [NAME...]. It takes both files from build/package
(CMMS_PACKAGE names another folder) and uses a Wine prefix of its own, build/wine-installer
(CMMS_INSTALLER_PREFIX), because it installs, uninstalls and wipes settings. One line a test: "ok NAME",
"not ok NAME: why". Exit code 1 when one failed.
"""
import contextlib
import glob
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(TOP, "tests/lint"))
from imports import Pe  # noqa: E402

PACKAGE = os.environ.get("CMMS_PACKAGE", os.path.join(TOP, "build/package"))
PREFIX = os.environ.get("CMMS_INSTALLER_PREFIX", os.path.join(TOP, "build/wine-installer"))
# Seconds after which anything here is taken for hung; run.py measures the machine.
LIMIT = round(120 * float(os.environ.get("CMMS_TEST_SCALE") or 1))
UNINSTALL_KEY = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\CMMSBackup"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
PSQL = "/usr/lib/postgresql/17/bin/psql"
FAILED, BUSY = 2, 9 # exit codes of the installer


def defined(name):
    with open(os.path.join(TOP, "include/version.h"), encoding="utf-8") as f:
        return re.search(r'^#define %s "([^"]*)"' % name, f.read(), re.M).group(1)


VERSION = defined("CMMS_VERSION")
INSTALLER = os.path.join(PACKAGE, "CMMSBackup-%s-x64.exe" % VERSION)
PORTABLE = os.path.join(PACKAGE, "CMMSBackup-%s-x64-portable.zip" % VERSION)


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def wine_env():
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/root"), "WINEPREFIX": PREFIX,
           "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=",
           "XDG_RUNTIME_DIR": "/run", "LANG": "C.UTF-8"}
    if "DISPLAY" in os.environ:
        env["DISPLAY"] = os.environ["DISPLAY"]
    return env


def wine(*argv):
    """Runs a program to its end. Its output goes through files: Wine's own services, which may be started on the way,
    inherit it, and with a pipe its end would not come before theirs."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        done = subprocess.run(["wine"] + list(argv), env=wine_env(), stdout=out, stderr=err, timeout=LIMIT,
                              stdin=subprocess.DEVNULL)
        for f in (out, err):
            f.seek(0)
        return subprocess.CompletedProcess(argv, done.returncode, out.read(), err.read())


def windows_path(path):
    return "Z:" + os.path.abspath(path).replace("/", "\\")


class Places:
    """Where Windows' folders lie in the prefix, asked of Wine once."""

    def __init__(self):
        text = wine("cmd", "/c", "echo %LOCALAPPDATA%&echo %USERPROFILE%&echo %APPDATA%&echo %ProgramData%")
        lines = [line.strip() for line in text.stdout.decode().splitlines() if line.strip()]
        check(len(lines) == 4, "Wine does not answer: %r" % text)
        self.local, self.profile, self.roaming, self.common = [self.unix(line) for line in lines]
        self.program = os.path.join(self.local, "Programs", "CMMS Backup")
        self.settings = os.path.join(self.local, "AIT CMMS", "Backup")
        self.shortcut = os.path.join(self.roaming, "Microsoft/Windows/Start Menu/Programs/CMMS Backup.lnk")
        self.all_program = os.path.join(PREFIX, "drive_c/Program Files/CMMS Backup")
        self.all_shortcut = os.path.join(self.common, "Microsoft/Windows/Start Menu/Programs/CMMS Backup.lnk")

    @staticmethod
    def unix(path):
        return os.path.join(PREFIX, "drive_c", path.split(":", 1)[1].lstrip("\\").replace("\\", "/"))


def reg_value(key, name):
    done = wine("reg", "query", key, "/v", name)
    if done.returncode:
        return None
    found = re.search(r"REG_(?:SZ|DWORD)\s+(.*)", done.stdout.decode(errors="replace"))
    return found.group(1).strip() if found else ""


def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def hashes(folder):
    result = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            with open(path, "rb") as f:
                result[os.path.relpath(path, folder)] = hashlib.file_digest(f, "sha256").hexdigest()
    return result


def shipped():
    """What the portable zip holds: name → SHA-256."""
    with zipfile.ZipFile(PORTABLE) as z:
        check(z.testzip() is None, "the zip is damaged")
        return {n.split("/", 1)[1]: hashlib.sha256(z.read(n)).hexdigest() for n in z.namelist()}


def unquoted(switches):
    """NSIS wants a folder in its last switch without quotes. Wine puts them round an argument with spaces, and joins
    arguments with one: so such a switch is handed over in pieces."""
    return [piece for switch in switches for piece in switch.split(" ")]


def install(*switches, wanted=0):
    done = wine(INSTALLER, "/S", *unquoted(switches))
    check(done.returncode == wanted, "the installer ended with %d, not %d" % (done.returncode, wanted))


def uninstall(folder, *switches, wanted=0):
    """Runs it where it lies (_?=), for its exit code; started plainly it hands over to a copy of itself."""
    done = wine(os.path.join(folder, "uninstall.exe"), "/S", *switches, *unquoted(["_?=" + to_windows(folder)]))
    check(done.returncode == wanted, "the uninstaller ended with %d, not %d" % (done.returncode, wanted))
    if wanted == 0: # in this way of running, its own file is in use and stays
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, "uninstall.exe"))
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def to_windows(path):
    inside = os.path.relpath(path, os.path.join(PREFIX, "drive_c"))
    return windows_path(path) if inside.startswith("..") else "C:\\" + inside.replace("/", "\\")


def wipe(p):
    """A PC on which the program never was."""
    for folder in (p.program, p.settings, p.all_program, os.path.join(p.profile, "Documents/AIT_CMMS_Backups")):
        shutil.rmtree(folder, ignore_errors=True)
    for name in (p.shortcut, p.all_shortcut):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
    wine("reg", "delete", "HKCU\\" + UNINSTALL_KEY, "/f")
    wine("reg", "delete", "HKLM\\" + UNINSTALL_KEY, "/f")


def check_whole(folder, p=None, more=("uninstall.exe",)):
    """The installed folder holds what the zip holds, byte for byte, and the named others."""
    got, wanted = hashes(folder), shipped()
    for name in sorted(wanted):
        check(got.get(name) == wanted[name], "%s is %s" % (name, "different" if name in got else "missing"))
    check(sorted(set(got) - set(wanted)) == sorted(more), "there is more: %s" % sorted(set(got) - set(wanted)))


@contextlib.contextmanager
def running_dump(folder):
    """The installed pg_dump at work, for as long as the block lasts: it waits for a server that says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(LIMIT)
        child = subprocess.Popen(["wine", os.path.join(folder, "tools/18/pg_dump.exe"), "-h", "127.0.0.1", "-p",
                                  str(server.getsockname()[1]), "-U", "nobody", "-w", "nowhere"], env=wine_env(),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peers = [server.accept()[0]]

        def end():
            server.close()
            for peer in peers:
                peer.close()
        try:
            yield child, end
        finally:
            end()
            child.wait(LIMIT)


# ---- The tests. Each begins on a PC on which the program never was. ----

def test_files_and_sums(p):
    sums = {}
    with open(os.path.join(PACKAGE, "SHA256SUMS"), encoding="ascii") as f:
        for line in f:
            digest, name = line.split()
            sums[name] = digest
    for path in (INSTALLER, PORTABLE):
        with open(path, "rb") as f:
            check(sums.get(os.path.basename(path)) == hashlib.file_digest(f, "sha256").hexdigest(),
                  "SHA256SUMS does not agree with %s" % os.path.basename(path))


def test_nothing_beside_them_is_loaded(p):
    """In Downloads lies what anybody sent. The installer imports only what Windows takes from its own folder whatever
    lies beside a program (KnownDLLs; comctl32, by the manifest, from WinSxS), and the zip has a folder of its own."""
    known = {name + ".dll" for name in ("advapi32", "comctl32", "gdi32", "kernel32", "ole32", "shell32", "user32")}
    others = {name.lower() for name in Pe(INSTALLER).imports()} - known
    check(not others, "the installer also imports %s" % sorted(others))
    with zipfile.ZipFile(PORTABLE) as z:
        outside = [name for name in z.namelist() if not name.startswith("CMMS Backup/")]
    check(not outside, "the zip has outside of its folder: %s" % outside)


def test_each_file_is_signed(p):
    """With a program that signs: each program and DLL that is shipped, the uninstaller and the installer, once."""
    with tempfile.TemporaryDirectory() as temp:
        stage, out, log = (os.path.join(temp, name) for name in ("stage", "out", "log"))
        ours = ("cmms-backup.exe", "cmms-backup-cli.exe", "libpq.dll", "tools/18/pg_dump.exe",
                "engine/bin/postgres.exe")
        for name in ours + ("licenses/CMMS Backup.txt",):
            write(os.path.join(stage, name), "not a program\n")
        signer = os.path.join(temp, "sign it")
        write(signer, '#!/bin/sh\necho "$1" >>"%s" && printf SIGNED >>"$1"\n' % log)
        os.chmod(signer, 0o755)
        package = [os.path.join(TOP, "installer/package.sh"), VERSION, stage, out]
        done = subprocess.run(["bash"] + package, env={**os.environ, "CMMS_SIGN": signer}, capture_output=True,
                              timeout=LIMIT)
        check(done.returncode == 0, "package.sh: %r" % done)
        with open(log, encoding="utf-8") as f:
            signed = f.read().splitlines()
        for name in ours:
            check(len([path for path in signed if path.endswith("/" + name)]) == 1, "%s: %s" % (name, signed))
        made = os.path.join(out, "CMMSBackup-%s-x64.exe" % VERSION)
        check(os.path.basename(signed[-1]) == os.path.basename(made) and len(signed) == len(ours) + 2,
              "and the uninstaller, then the installer: %s" % signed)
        with open(made, "rb") as f:
            check(f.read().endswith(b"SIGNED"), "the installer that is given to people")
        with zipfile.ZipFile(made[:-4] + "-portable.zip") as z:
            for name in z.namelist():
                check(z.read(name).endswith(b"SIGNED") == name.endswith((".exe", ".dll")), name)
        # A file that cannot be signed is not shipped unsigned.
        write(signer, "#!/bin/sh\nexit 1\n")
        os.remove(made)
        done = subprocess.run(["bash"] + package, env={**os.environ, "CMMS_SIGN": signer}, capture_output=True,
                              timeout=LIMIT)
        check(done.returncode != 0 and not os.path.exists(made), "unsigned all the same: %r" % done)


def test_install_for_this_user(p):
    install()
    check_whole(p.program)
    key = "HKCU\\" + UNINSTALL_KEY
    check(reg_value(key, "DisplayVersion") == VERSION, "the registered version is wrong")
    check(reg_value(key, "InstallLocation") == to_windows(p.program), "the registered place is wrong")
    check(reg_value(key, "QuietUninstallString") == '"%s\\uninstall.exe" /S' % to_windows(p.program),
          "the registered quiet uninstaller is wrong")
    check(reg_value("HKLM\\" + UNINSTALL_KEY, "DisplayVersion") is None, "it is registered for all users")
    with open(p.shortcut, "rb") as f:
        link = f.read()
    check("cmms-backup.exe".encode("utf-16-le") in link or b"cmms-backup.exe" in link, "the shortcut leads elsewhere")


def test_shortcut_identity(p):
    """Wine's shortcuts have no property store. So the installer's macro is tried on a store in memory."""
    with tempfile.TemporaryDirectory() as temp:
        script = os.path.join(temp, "t.nsi")
        write(script, """
Unicode true
Target amd64-unicode
OutFile t.exe
SilentInstall silent
RequestExecutionLevel user
!include LogicLib.nsh
!include Win\\COM.nsh
!include Win\\Propkey.nsh
!include "%s/installer/identity.nsh"
Section
  SetErrorLevel 3
  System::Call 'PROPSYS::PSCreateMemoryPropertyStore(g "{886D8EEB-8CF2-4446-8D02-CDBA1DBDCF99}", *p .r2)i.r0'
  !insertmacro SetAppId "Some.Identity"
  System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r4'
  System::Call '*(&i2, &i6, p, &i8)p.r6'
  ${IPropertyStore::GetValue} $2 '(p r4, p r6).r1'
  System::Call '*$6(&i2.r7, &i6, w.r8, &i8)'
  ${If} "$0 $3 $1 $7 $8" == "0 0 0 31 Some.Identity"
    SetErrorLevel 0
  ${EndIf}
SectionEnd
""" % TOP)
        done = subprocess.run(["makensis", "-V2", "-WX", script], capture_output=True, timeout=LIMIT)
        check(done.returncode == 0, done.stdout.decode(errors="replace"))
        check(wine(os.path.join(temp, "t.exe")).returncode == 0, "the identity does not arrive in the store")
    with open(os.path.join(TOP, "installer/cmms-backup.nsi"), encoding="utf-8") as f:
        check('!insertmacro SetAppId "${APP_ID}"' in f.read(), "the installer does not use the macro")


def test_installed_programs_start(p):
    install()
    cli = wine(os.path.join(p.program, "cmms-backup-cli.exe"), "--version")
    check(cli.returncode == 0 and VERSION in cli.stdout.decode(errors="replace"), "cmms-backup-cli --version: %r" % cli)
    without = [] if os.path.isdir("/opt/pg17") else ["tools/17/pg_dump", "tools/17/pg_restore"]
    if without:
        print("skip installed_programs_start, tools/17: set-up had no source of PostgreSQL 17")
    for name, major in (("tools/18/pg_dump", 18), ("tools/18/pg_restore", 18), ("tools/17/pg_dump", 17),
                        ("tools/17/pg_restore", 17), ("engine/bin/postgres", 18), ("engine/bin/initdb", 18),
                        ("engine/bin/pg_ctl", 18)):
        if name in without:
            continue
        done = wine(os.path.join(p.program, name + ".exe"), "--version")
        words = "%s (PostgreSQL) %d." % (os.path.basename(name), major)
        check(done.returncode == 0 and done.stdout.decode().startswith(words), "%s --version: %r" % (name, done))


def test_engine_has_all_it_needs(p):
    """The folder as installed is enough for a server: cluster, time zones, text search, extensions, conversions."""
    install()
    data = os.path.join(p.local, "Temp", "engine test")
    shutil.rmtree(data, ignore_errors=True)
    tool = lambda name, *argv: wine(os.path.join(p.program, "engine/bin", name), "-D", to_windows(data), *argv)
    done = tool("initdb.exe", "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8", "--no-sync")
    check(done.returncode == 0, "initdb: %s" % done.stderr.decode(errors="replace")[-600:])
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = str(s.getsockname()[1])
    log = os.path.join(data, "log.txt")
    start = ["wine", os.path.join(p.program, "engine/bin/pg_ctl.exe"), "-D", to_windows(data), "-l", to_windows(log),
             "-o", "-h 127.0.0.1 -p %s" % port, "-w", "start"]
    # Without pipes: the server inherits them and would keep them open.
    started = subprocess.run(start, env=wine_env(), timeout=LIMIT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        check(started.returncode == 0, "pg_ctl start ended with %d" % started.returncode)
        controls = glob.glob(os.path.join(p.program, "engine/share/extension/*.control"))
        names = sorted(os.path.basename(n)[:-8] for n in controls)
        check("pg_trgm" in names and "plpgsql" in names, "the extensions are %s" % names)
        sql = "".join('CREATE EXTENSION IF NOT EXISTS "%s" CASCADE;' % n for n in names)
        sql += ("SELECT to_char(timestamptz '2026-07-01 12:00Z' AT TIME ZONE 'Europe/Berlin', 'HH24'), "
                "to_tsvector('german', 'Pumpen'), convert('\\xfc', 'LATIN1', 'UTF8'), similarity('abc', 'abc');")
        done = subprocess.run([PSQL, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                               port, "-U", "postgres", "-c", sql, "postgres"], capture_output=True, timeout=LIMIT)
        check(done.stdout.decode().strip() == "14|'pump':1|\\xc3bc|1", "the engine says %r" % done)
    finally:
        stopped = tool("pg_ctl.exe", "-m", "fast", "-w", "stop")
    check(stopped.returncode == 0, "pg_ctl stop: %r" % stopped)
    shutil.rmtree(data)


def test_upgrade_in_place(p):
    install()
    old = {"engine/bin/pg_ctl.exe": "old", "cmms-backup.exe": "old", "engine/share/gone.txt": "no longer shipped"}
    theirs = {"tools/16/pg_dump.exe": "somebody's own", "backups/cmms_backup_20260101_020000.backup": "precious",
              "backups/backup_config.json": "{}"}
    for name, text in {**old, **theirs}.items():
        write(os.path.join(p.program, name), text)
    install()
    check_whole(p.program, more=["uninstall.exe"] + sorted(theirs))
    for name, text in theirs.items():
        with open(os.path.join(p.program, name), encoding="utf-8") as f:
            check(f.read() == text, "%s was changed" % name)


def test_backup_in_a_replaced_folder_is_kept(p):
    install()
    write(os.path.join(p.program, "engine/mine/cmms_backup_20260101_020000.backup"), "precious")
    install()
    found = [n for n in hashes(p.program) if n.endswith("cmms_backup_20260101_020000.backup")]
    check(len(found) == 1, "the backup that lay in the engine's folder is gone")
    check_whole(p.program, more=["uninstall.exe"] + [n for n in hashes(p.program) if n.startswith("previous")])


def test_interrupted_upgrade_is_put_right(p):
    install()
    os.makedirs(os.path.join(p.program, "previous/tools"))
    for unit in ("tools/18", "engine", "cmms-backup-cli.exe"):
        os.rename(os.path.join(p.program, unit), os.path.join(p.program, "previous", unit))
    write(os.path.join(p.program, "incoming/cmms-backup.exe"), "half")
    install()
    check_whole(p.program)


def test_failed_upgrade_changes_nothing(p):
    """A unit that cannot change places (here: its place is taken in "previous" by a folder with a backup)."""
    install()
    write(os.path.join(p.program, "cmms-backup.exe"), "the version of last year")
    before = hashes(p.program)
    write(os.path.join(p.program, "previous/libpq.dll/x.backup"), "precious")
    before.update({"previous/libpq.dll/x.backup": hashlib.sha256(b"precious").hexdigest()})
    install(wanted=FAILED)
    check(hashes(p.program) == before, "a failed upgrade changed the program: %s"
          % sorted(set(hashes(p.program).items()) ^ set(before.items())))


def test_refuses_while_the_program_works(p):
    install()
    write(os.path.join(p.program, "cmms-backup.exe"), "the version of last year")
    before = hashes(p.program)
    with running_dump(p.program) as (child, end):
        install(wanted=BUSY)
        check(hashes(p.program) == before, "something was changed while a backup ran")
        uninstall(p.program, wanted=BUSY)
        check(hashes(p.program) == before, "something was removed while a backup ran")
        check(child.poll() is None, "the running backup was stopped")
        waiting = subprocess.Popen(["wine", INSTALLER, "/S", "/WAIT=%d" % LIMIT], env=wine_env(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end()
        check(waiting.wait(LIMIT) == 0, "an installer that may wait did not go on when the backup had ended")
    check_whole(p.program)


def test_takes_the_icon_away(p):
    """The icon that a scheduled run leaves behind stays for half a day, but keeps nobody from an update."""
    with open(os.path.join(TOP, "src/ui/teller.h"), encoding="utf-8") as f:
        wanted = re.search(r'^#define TELLER_CLASS "(.*)"$', f.read(), re.M).group(1)
    with open(os.path.join(TOP, "installer/cmms-backup.nsi"), encoding="utf-8") as f:
        check('!define TELLER_CLASS "%s"' % wanted in f.read(), "the installer looks for another window")
    install()
    write(os.path.join(p.settings, "screen-state.json"),
          '{"version": 1, "told": {}, "last": {"notice": "failed", "text": "x", "when": "2026-12-01T02:00:00Z"}}')
    icon = subprocess.Popen(["wine", os.path.join(p.program, "cmms-backup.exe"), "--tell"], env=wine_env(),
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while icon.poll() is None: # the first may have been before its window was there
            install("/WAIT=20")
    finally:
        if icon.poll() is None:
            icon.terminate()
            icon.wait(LIMIT)
    check_whole(p.program)


def test_uninstall_keeps_backups_and_settings(p):
    install()
    kept = {os.path.join(p.program, "backups/cmms_backup_20260101_020000.backup"): "precious",
            os.path.join(p.profile, "Documents/AIT_CMMS_Backups/cmms_backup_20260102_020000.backup"): "precious too",
            os.path.join(p.settings, "connection.json"): "{}"}
    for name, text in kept.items():
        write(name, text)
    wine("reg", "add", "HKCU\\" + RUN_KEY, "/v", defined("CMMS_AUTOSTART_NAME"), "/d", "x", "/f")
    uninstall(p.program)
    for name, text in kept.items():
        with open(name, encoding="utf-8") as f:
            check(f.read() == text, "%s was changed" % name)
    left = sorted(hashes(p.program))
    check(left == ["backups/cmms_backup_20260101_020000.backup"], "left: %s" % left)
    check(not os.path.exists(p.shortcut), "the shortcut is still there")
    check(reg_value("HKCU\\" + UNINSTALL_KEY, "DisplayVersion") is None, "it is still registered")
    check(reg_value("HKCU\\" + RUN_KEY, defined("CMMS_AUTOSTART_NAME")) is None, "it would still start with Windows")


def test_uninstall_as_windows_does(p):
    """Started as the Settings app does it: it hands over to a copy, which removes the uninstaller too."""
    install()
    wine(os.path.join(p.program, "uninstall.exe"), "/S")
    deadline = time.monotonic() + LIMIT
    while os.path.exists(p.program):
        check(time.monotonic() < deadline, "the program's folder is still there: %s" % os.listdir(p.program))
        time.sleep(0.2)


def test_purge_removes_settings_and_password(p):
    install()
    write(os.path.join(p.settings, "connection.json"), "{}")
    manager = r"HKCU\Software\Wine\Credential Manager"
    ours, other = defined("CMMS_SECRET_PREFIX") + "u@h:5432/d", "Somebody else:u@h"
    for target in (ours, other): # as Wine keeps them
        key = "%s\\Generic: %s" % (manager, target.replace("\\", "\\\\"))
        wine("reg", "add", key, "/ve", "/d", target, "/f")
        for name, value in (("Type", "1"), ("Flags", "0"), ("Persist", "2")):
            wine("reg", "add", key, "/v", name, "/t", "REG_DWORD", "/d", value, "/f")
        wine("reg", "add", key, "/v", "LastWritten", "/t", "REG_BINARY", "/d", "0000000000000000", "/f")
    uninstall(p.program, "/PURGE")
    check(not os.path.exists(p.settings), "the settings are still there")
    left = wine("reg", "query", manager, "/s").stdout.decode(errors="replace")
    check(ours not in left, "the password is still there: %s" % left)
    check(other in left, "a password of another program was removed")
    wine("reg", "delete", "%s\\Generic: %s" % (manager, other), "/f")


def test_purge_keeps_a_backup_among_the_settings(p):
    install()
    write(os.path.join(p.settings, "connection.json"), "{}")
    backup = os.path.join(p.settings, "odd/place/cmms_backup_20260101_020000.backup")
    write(backup, "precious")
    uninstall(p.program, "/PURGE")
    check(os.path.exists(backup), "the backup is gone")


def test_install_for_all_users(p):
    install("/ALLUSERS")
    check_whole(p.all_program)
    check(not os.path.exists(p.program), "it was installed for this user as well")
    check(reg_value("HKLM\\" + UNINSTALL_KEY, "InstallLocation") == "C:\\Program Files\\CMMS Backup",
          "the registered place is wrong")
    check(os.path.exists(p.all_shortcut), "there is no shortcut for all users")
    uninstall(p.all_program)
    check(not os.path.exists(p.all_program), "left: %s" % sorted(hashes(p.all_program)))
    check(reg_value("HKLM\\" + UNINSTALL_KEY, "DisplayVersion") is None, "it is still registered")
    check(not os.path.exists(p.all_shortcut), "the shortcut is still there")


def test_install_elsewhere(p):
    folder = os.path.join(PREFIX, "drive_c", "Prögram & Co", "CMMS")
    shutil.rmtree(os.path.dirname(folder), ignore_errors=True)
    install("/D=" + to_windows(folder))
    check_whole(folder)
    install() # an upgrade finds it there by itself
    check(not os.path.exists(p.program), "the upgrade went to another place")
    check_whole(folder)
    uninstall(folder)
    check(not os.path.exists(folder), "left: %s" % sorted(hashes(folder)))
    shutil.rmtree(os.path.dirname(folder))


def test_portable(p):
    with tempfile.TemporaryDirectory() as temp:
        with zipfile.ZipFile(PORTABLE) as z:
            z.extractall(temp)
        folder = os.path.join(temp, "CMMS Backup")
        check_whole(folder, more=())
        cli = wine(os.path.join(folder, "cmms-backup-cli.exe"), "--version")
        check(cli.returncode == 0 and VERSION in cli.stdout.decode(errors="replace"), "--version: %r" % cli)
    check(glob.glob(p.shortcut) == [], "the portable program made a shortcut")


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and callable(f)]
    chosen = sys.argv[1:]
    unknown = set(chosen) - {n for n, _ in tests}
    if unknown:
        sys.exit("there is no test " + ", ".join(sorted(unknown)))
    for path in (INSTALLER, PORTABLE):
        if not os.path.exists(path):
            print("not ok package: %s is missing (installer/package.sh makes it)" % path)
            return 1
    failed = 0
    p = Places()
    for name, test in tests:
        if chosen and name not in chosen:
            continue
        try:
            wipe(p)
            test(p)
            print("ok %s" % name[5:], flush=True)
        except Exception as e: # a broken test is a failed test
            failed += 1
            where = traceback.extract_tb(e.__traceback__)[-1]
            print("not ok %s: %s" % (name[5:], str(e).replace("\n", " ") if isinstance(e, AssertionError)
                                     else "%s: %s (line %d)" % (type(e).__name__, e, where.lineno)), flush=True)
    wipe(p)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
