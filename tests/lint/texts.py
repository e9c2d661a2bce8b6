#!/usr/bin/env python3
"""Texts of the window stand in one place, src/ui/texts.h: no literal of src/ui/*.c is a text for people."""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(TOP)
failed = False


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
    kinds = set(re.findall(r"^    (TASK_\w+)", open("src/ui/task.h", encoding="utf-8").read(), re.M))
    rows = re.findall(r"^    \[(TASK_\w+)\] = \{\.run = ", open("src/ui/task_rows.c", encoding="utf-8").read(), re.M)
    say(sorted(kinds ^ set(rows)), "every kind of task has its row")
    # A row of the table of settings is a setting; the console's help tells of them in prose.
    table = open("src/store/settings.c", encoding="utf-8").read()
    keys = re.findall(r'^    \{"(\w+)", KIND_', table, re.M)
    told = "".join(open(f, encoding="utf-8").read() for f in glob.glob("src/cli/*.c"))
    told = " ".join(re.findall(r'"((?:\\.|[^"\\])*)"', told))
    told = "".join(re.findall(r"Keys: enabled, schedule.*?Options:", told, re.S))
    say(["src/store/settings.c has no rows"] if not keys else [] +
        [k for k in keys if not re.search(r"\b%s\b" % k, told)],
        "the console's help names every setting")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
