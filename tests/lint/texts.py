#!/usr/bin/env python3
"""Texts of the window stand in one place, src/ui/texts.h: no literal of src/ui/*.c is a text for people. And what the
rooms below say, both fronts show: where it names a console command, it names the window's way too."""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(TOP)
failed = False
CONSOLE_ALONE = ("settings.c", "ask_it.c", "offsite_back.c")  # what only the console, or IT, comes to
WINDOW = re.compile(r"\b(menu|window|Export to SharePoint|Prove|administrator)\b")


def without_comments(text):
    """Comments become spaces; what looks like one within a literal stays."""
    def keep(found):
        return found.group(0) if found.group(0)[0] in "\"'" else re.sub(r"[^\n]", " ", found.group(0))
    return re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|//[^\n]*', keep, text, flags=re.S)


def words(literal):
    """Whether the literal says something: two words side by side, or one with a capital and no code's look."""
    plain = re.sub(r"%[-+ 0-9.*]*(?:ll|l|z|h)?[a-zA-Z%]|\\[a-z]", "\0", literal)
    return bool(re.search(r"[A-Za-z]{2,}[,.:;]? +[A-Za-z(]{2,}", plain) or
                re.match(r"^[^A-Za-z]*[A-Z][a-z]{2,}[.:…!?]?$", plain))


def say(problems, name):
    global failed
    failed = failed or bool(problems)
    print("not ok %s: %s" % (name, "; ".join(problems)) if problems else "ok " + name)


def console_only():
    """The texts of the rooms below that send the manager at the window to a console."""
    for path in sorted(p for room in ("jobs", "schedule", "cloud", "store", "postgres", "archive")
                       for p in glob.glob("src/%s/*.c" % room)):
        text = re.sub(r'"\s*"', "", without_comments(open(path, encoding="utf-8").read()))
        for literal in re.findall(r'"((?:\\.|[^"\\])*)"', text):
            if (re.search(r"cmms-backup-cli(?!\.exe)", literal) and not WINDOW.search(literal) and
                    os.path.basename(path) not in CONSOLE_ALONE):
                yield '%s: "%s"' % (path, literal)


def main():
    allowed = {}
    for line in open("tests/lint/texts.allowed", encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            file, literal = line.rstrip("\n").split(": ", 1)
            allowed[(file, literal)] = False
    problems = []
    for path in sorted(glob.glob("src/ui/**/*.c", recursive=True)):
        text = re.sub(r"^#[^\n]*", "", without_comments(open(path, encoding="utf-8").read()), flags=re.M)
        for found in re.finditer(r'"((?:\\.|[^"\\])*)"', text):
            literal = found.group(1)
            if words(literal):
                if (os.path.basename(path), literal) in allowed:
                    allowed[(os.path.basename(path), literal)] = True
                else:
                    problems.append('%s:%d: "%s"' % (path, text.count("\n", 0, found.start()) + 1, literal))
    say(problems, "every text of the window stands in src/ui/texts.h")
    say(["%s: \"%s\"" % key for key, used in allowed.items() if not used], "every line of texts.allowed is used")
    header = open("src/ui/texts.h", encoding="utf-8").read()
    names = re.findall(r"^#define (\w+)", header, re.M)
    files = glob.glob("src/ui/**/*.c", recursive=True) + glob.glob("tests/unit/*/*.c")
    code = "".join(open(f, encoding="utf-8").read() for f in files)
    rest = re.sub(r"^#define \w+", "", header, flags=re.M)
    say([n for n in names if n != "CMMS_UI_TEXTS_H" and not re.search(r"\b%s\b" % n, code + rest)],
        "every text is used")
    say(sorted({n for n in names if names.count(n) > 1}), "no text is defined twice")
    say(list(console_only()), "what the window shows names no console command alone")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
