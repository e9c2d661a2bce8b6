"""doctor.py: the doctor says good only of what it has looked at. Each of its good texts stands here, with what must be
found in the same function (or in the SQL that it sends): who writes a new one says here what it rests on.

Usage: doctor.py
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILE = "src/jobs/doctor.c"

# The beginning of a text, and what it rests on.
GOOD = {
    "Backups are kept in %s": ["folder_find(", "fs_dir_may_write("],
    "": ["fs_free_space("], # the words stand in a variable
    "Backups are kept for %d days; scheduled backups are off": ["settings_load(", "settings->enabled"],
    "Backups are kept for %d days; %s backups at %02d:%02d: %s": ["task(settings, ", "settings->enabled"],
    "The user may read all tables, sequences and large objects": [
        "has_schema_privilege", "has_table_privilege", "e.extconfig", "has_sequence_privilege", "m.lomacl",
        "has_largeobject_privilege", "c.relrowsecurity", "r.rolcreatedb", "ask_denied("],
}
# Texts that tell what one call, made in the same function, has answered.
PLAIN = {
    "A server to prove backups with is in %s": ["engine_find("],
    "The host names Neon's pooler; the direct host %s is used instead": ["pooler_removed"],
    "The host is not one of Neon's poolers": ["pooler_removed"],
    "%s port %s answers": ["pg_connect("],
    "Connected to %s": ["pg_connect("],
    "The connection is encrypted, and the server's certificate was checked": ["connection_weakness("],
    "The connection is encrypted, and does not leave this computer": ["pg_uses_tls(", "connection_is_loopback("],
    "The connection is not encrypted, and does not leave this computer": ["pg_uses_tls(", "connection_is_loopback("],
    "The database has %s tables and %s": ["pg_database_size", "count(*)"],
    "The folder %s on SharePoint can be reached": ["offsite_glance("],
    '%s keeps the folder \\"%s\\" in step with the cloud': ["offsite_folder_look(", "look.trouble", "look.runs"],
    'The folder \\"%s\\" belongs to %s; whether that runs now is not known': ["offsite_folder_look(", "look.trouble"],
}


def main():
    with open(os.path.join(TOP, FILE), encoding="utf-8") as f:
        source = f.read()
    failed = 0

    def check(ok, what, why=""):
        nonlocal failed
        failed += not ok
        print(("ok " if ok else "not ok ") + what + (": " + why if not ok else ""))

    texts = []
    for call in re.finditer(r"\n +good\(", source):
        end = source.index(";\n", call.start())
        words = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r'"\s*PRI\w+\s*"', "d", source[call.start():end])))
        start = source.rindex("\n{\n", 0, call.start())
        texts.append((words, source[start:source.index("\n}\n", call.start())]))
    for words, body in texts:
        known = [key for key in {**GOOD, **PLAIN} if words.startswith(key) and bool(key) == bool(words)]
        check(len(known) == 1, "good text %r" % words, "it is not in tests/lint/doctor.py, or twice")
        for evidence in {**GOOD, **PLAIN}.get(known[0] if known else None, []):
            check(evidence in body or (known[0] in GOOD and evidence in source), "%r rests on %s" % (words, evidence),
                  "nothing of that is looked at")
    for key in {**GOOD, **PLAIN}:
        check(any(words.startswith(key) for words, _ in texts), "%r is said" % key, "no such text any more")
    sys.exit(1 if failed else 0)


main()
