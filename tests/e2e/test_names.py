"""Folders, users and databases with names that break programs."""
import os
import harness
from harness import check, equal


def backup_and_verify(program, server, database, folder):
    os.makedirs(folder, exist_ok=True)
    report = program.good_backup(server, database, folder)
    equal(report["unix_path"], os.path.join(folder, harness.backups_in(folder)[0]), "where the backup is")
    equal(harness.sha256_of(report["unix_path"]), report["sha256"], "its SHA-256")
    done = program.run(["verify", "--json", program.path(report["unix_path"])])
    equal(done.code, 0, "verify: " + done.out)
    listed = program.run(["list", "--json", "--folder", program.path(folder)]).json()
    equal([b["level"] for b in listed["backups"]], ["verified"], "the list")
    return report


def test_umlaut_chinese_and_spaces(program):
    server = harness.shared_server()
    folder = os.path.join(harness.temp_dir("n"), "Jürgen Müller 中文 (Büro)", "AIT CMMS's & 100% #1")
    backup_and_verify(program, server, harness.sample(server), folder)


def test_long_path(program):
    server = harness.shared_server()
    folder = harness.temp_dir("n")
    while len(folder) < 300:
        folder = os.path.join(folder, "Sicherungen der Instandhaltung 中 %d" % len(folder))
    report = backup_and_verify(program, server, harness.sample(server), folder)
    check(len(report["unix_path"]) > 300, "the path is long: %d" % len(report["unix_path"]))


def test_default_folder_of_an_unusual_user(program):
    """Documents\\AIT_CMMS_Backups of a Windows user called "Jürgen 中 X"."""
    server = harness.shared_server()
    database = harness.sample(server)
    home = os.path.join(harness.temp_dir("n"), "Jürgen 中 X")
    os.makedirs(home)
    env = {**server.env(database), "HOME": home}
    if program.kind == "wine":
        # A prefix of that user's own: Wine takes the user's name from USER.
        env.update(USER="Jürgen 中 X", LOGNAME="Jürgen 中 X", WINEPREFIX=os.path.join(home, "prefix"))
    else:
        env["XDG_DATA_HOME"] = os.path.join(home, ".local/share")
    done = program.run(["backup", "--json"], env=env)
    equal(done.code, 0, "exit code: " + done.out + done.err)
    path = done.json()["path"]
    check("Jürgen 中 X" in path and "AIT_CMMS_Backups" in path, "the user's own folder: " + path)
    if program.kind == "native":
        check(path.startswith(os.path.join(home, "Documents", "AIT_CMMS_Backups") + "/"), path)
        equal(harness.sha256_of(path), done.json()["sha256"], "SHA-256")


def test_database_with_a_hostile_name(program):
    server = harness.shared_server()
    for name in ("a'b\"c d;%PATH%", "host=evil dbname=x", "postgresql", "données 中"):
        server.psql('CREATE DATABASE "%s"' % name.replace('"', '""'))
        server.psql("CREATE TABLE t AS SELECT 1 AS a", name)
        folder = harness.temp_dir("b")
        done = program.run(["backup", "--json", "--folder", program.path(folder)], env=server.env(name))
        equal(done.code, 0, "backup of %r: %s" % (name, done.out))
        equal([(t["name"], t["rows"]) for t in done.json()["tables"]], [("t", 1)], "tables of %r" % name)


harness.main(__name__)
