#!/usr/bin/env python3
"""Moves proof and restore (`restore`), off-site copies (`offsite`) and the doctor (to `schedule`) out of src/jobs.

    python3 move-rooms.py TOP [--commit]

TOP is a clean work tree of CMMS Backup. Moves the files (src, include, tests/unit, private headers), rewrites includes,
lists (sources.cmake, CMakeLists.txt, solution.py and the Visual Studio files), arrows (boundaries.py), and every text
that names one of the paths; then checks itself. What it moves is decided by the beginnings of names (ROOMS), so files
that others add meanwhile go along. No behaviour changes. Not kept in the project.
"""
import fnmatch
import os
import re
import subprocess
import sys
import textwrap

# Room -> beginnings of the names (a whole word of the name) that leave src/jobs for it.
ROOMS = {
    "restore": ("load", "prove", "restore", "swap", "preview", "freeze", "skew"),
    "offsite": ("offsite", "ask_it", "encryption_set_up"),
    "schedule": ("doctor",),
}
NEW = ("restore", "offsite")
PLACES = ("src/jobs", "include/jobs", "tests/unit/jobs")
BINARY = (".ico", ".png", ".bmp", ".dll", ".gz", ".zip", ".zst", ".tar")
WIDTH = 120

top = os.path.abspath(sys.argv[1])
os.chdir(top)


def git(*words):
    return subprocess.run(("git",) + words, check=True, capture_output=True).stdout.decode()


def die(text):
    sys.exit("move-rooms: " + text)


def room_of(stem):
    """Where a source (or header, or test without its "test_") of src/jobs belongs."""
    for room, starts in ROOMS.items():
        if any(stem == s or stem.startswith(s + "_") for s in starts):
            return room
    return "jobs"


def stem_of(path):
    name = os.path.basename(path).rsplit(".", 1)[0]
    return re.sub(r"^test_", "", name) if path.startswith("tests/") else name


def tracked():
    return [p for p in git("ls-files", "-z").split("\0") if p]


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)


def change(path, *pairs, count=1):
    """Exact replacements; each must be found just so often."""
    text = read(path)
    for old, new in pairs:
        if text.count(old) != count:
            die("%s has %d times, not %d: %r" % (path, text.count(old), count, old))
        text = text.replace(old, new)
    write(path, text)


if git("status", "--porcelain").strip():
    die("%s is not clean" % top)
before = tracked()
moves = {}  # old path -> new path
for path in before:
    place = os.path.dirname(path)
    if place in PLACES and room_of(stem_of(path)) != "jobs":
        moves[path] = place[:-len("jobs")] + room_of(stem_of(path)) + "/" + os.path.basename(path)
if not moves:
    die("there is nothing to move: is it done already?")
taken = sorted(set(moves.values()) & set(before))
if taken:
    die("there already: " + ", ".join(taken))

# An include of a neighbour by its bare name, or of a file of jobs that has no room of its own in the line.
for path in before:
    if os.path.dirname(path) in PLACES and path.endswith((".c", ".h")):
        for name in re.findall(r'#\s*include\s*"([^"/]+)"', read(path)):
            beside = os.path.dirname(path) + "/" + name
            if beside in before and os.path.dirname(moves.get(path, path)) != os.path.dirname(moves.get(beside, beside)):
                die('%s includes its neighbour "%s", which goes elsewhere' % (path, name))

# --- the files ----------------------------------------------------------------------------------------------
for old, new in sorted(moves.items()):
    os.makedirs(os.path.dirname(new), exist_ok=True)
    git("mv", old, new)
print("moved %d files: %s" % (len(moves), ", ".join(
    "%d to %s" % (sum(1 for n in moves.values() if n.split("/")[-2] == r), r) for r in ROOMS)))
print("stay in src/jobs: " + " ".join(sorted(os.path.basename(p) for p in before if os.path.dirname(p) == "src/jobs" and
                                             p not in moves)))

# --- what names them ----------------------------------------------------------------------------------------
stems = {}  # stem -> room, of everything that was in jobs
for path in before:
    if os.path.dirname(path) in PLACES:
        stems[stem_of(path)] = room_of(stem_of(path))
unknown = set()


def renamed(match):
    name = match.group(2)
    stem = re.sub(r"^test_", "", name)
    if "*" in stem:
        rooms = {room for s, room in stems.items() if fnmatch.fnmatchcase(s, stem)} or {"jobs"}
        if len(rooms) > 1:
            die("%s stands for files of several rooms" % match.group(0))
        return match.group(1) + rooms.pop() + "/" + name
    if stem not in stems:
        unknown.add("jobs/" + name)
        return match.group(0)
    return match.group(1) + stems[stem] + "/" + name


NAMED = re.compile(r"(?<![\w/.])((?:\.\./)*(?:src/|include/|tests/unit/|unit/)?)jobs/([a-z][a-z0-9_]*\*?)(?![\w*])")


def sort_includes(lines, changed):
    """A run of includes in which one was changed is in order again, if it was before."""
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and re.match(r'#include "', lines[end]):
            end += 1
        if end > at:
            run = range(at, end)
            was = [changed.get(i, lines[i]) for i in run]
            if any(i in changed for i in run) and was == sorted(was):
                lines[at:end] = sorted(lines[at:end])
        at = max(end, at + 1)


def break_row(line):
    """Two lines of a row of Python that has become too long."""
    quote, best, i = "", 0, 0
    while i < WIDTH:
        c = line[i]
        if quote:
            i += c == "\\"
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c == "," and line[i + 1] == " ":
            best = i + 1
        i += 1
    indent = len(line) - len(line.lstrip())
    return [line[:best], " " * (indent + (line.lstrip()[0] == "(")) + line[best:].lstrip()] if best else [line]


def fit(path, lines):
    """What has become too long: a row of Python is broken, the last words of a comment go to its next line."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if len(line) <= WIDTH or not path.endswith((".c", ".h", ".py")):
            at += 1
            continue
        prefix = re.match(r"( *\* )\S", line)
        if path.endswith(".py"):
            lines[at:at + 1] = break_row(line)
        elif prefix:
            cut = line.rindex(" ", 0, WIDTH + 1)
            rest, below = line[cut + 1:], lines[at + 1]
            lines[at] = line[:cut]
            if re.match(re.escape(prefix.group(1)) + r"\S", below) and not below.strip().startswith("*/"):
                lines[at + 1] = prefix.group(1) + rest + " " + below[len(prefix.group(1)):]
            else:
                lines.insert(at + 1, prefix.group(1) + rest)
        at += 1


texts = [p for p in tracked() if not p.startswith(("tests/fuzz/corpus/", "src/msvc/")) and not p.endswith(BINARY)]
rewritten = 0
for path in texts:
    try:
        text = read(path)
    except UnicodeDecodeError:
        continue
    lines, changed = text.split("\n"), {}
    for i, line in enumerate(lines):
        new = NAMED.sub(renamed, line)
        if new != line:
            changed[i], lines[i] = line, new
    if changed:
        if path.endswith((".c", ".h")):
            sort_includes(lines, changed)
        fit(path, lines)
        write(path, "\n".join(lines))
        rewritten += 1
print("rewrote names in %d files" % rewritten)
if unknown:
    print("names of jobs that are not there (left): " + ", ".join(sorted(unknown)))

# --- the lists ----------------------------------------------------------------------------------------------
text = read("src/sources.cmake")
blocks = {name: files.split() for name, files in re.findall(r"set\((\w+)\n([^)]*)\)", text)}
jobs = blocks["JOBS_SOURCES"]


def block(name, files):
    return "set(%s\n%s)" % (name, "\n".join("  " + f for f in files))


lists = "\n".join([block("JOBS_SOURCES", [f for f in jobs if f.startswith("src/jobs/")])] +
                  [block(r.upper() + "_SOURCES", sorted(f for f in jobs if f.startswith("src/%s/" % r))) for r in NEW])
schedule = sorted(blocks["SCHEDULE_SOURCES"] + [f for f in jobs if f.startswith("src/schedule/")])
text = re.sub(r"set\(JOBS_SOURCES\n[^)]*\)", lambda _: lists, text)
text = re.sub(r"set\(SCHEDULE_SOURCES\n[^)]*\)", lambda _: block("SCHEDULE_SOURCES", schedule), text)
write("src/sources.cmake", text)
change("CMakeLists.txt", ("${JOBS_SOURCES} ${SCHEDULE_SOURCES}",
                          "${JOBS_SOURCES}\n  ${RESTORE_SOURCES} ${OFFSITE_SOURCES} ${SCHEDULE_SOURCES}"))

text = read("tests/lint/solution.py")
core = re.search(r'    "core": \(\((.*?)\), \(\),\n\s*\((.*?)\)\),\n', text, re.S)
if core is None:
    die("solution.py's project core has another form")
sources = re.findall(r'"(\w+)"', core.group(1))
folders = re.findall(r'"([\w/]+)"', core.group(2))
at = sources.index("JOBS_SOURCES") + 1
sources[at:at] = [r.upper() + "_SOURCES" for r in NEW]
at = folders.index("include/jobs") + 1
folders[at:at] = ["include/" + r for r in NEW] + (["include/schedule"] if "include/schedule" not in folders else [])
at = folders.index("src/jobs") + 1
folders[at:at] = ["src/" + r for r in NEW if any(p.startswith("src/%s/" % r) and p.endswith(".h")
                                                 for p in moves.values())]


def wrapped(words, indent):
    return textwrap.fill(", ".join('"%s"' % w for w in words), WIDTH, initial_indent=indent[:-1] + "(",
                         subsequent_indent=indent, break_long_words=False).lstrip() + ")"


entry = '    "core": (%s, (),\n             %s),\n' % (wrapped(sources, " " * 14), wrapped(folders, " " * 14))
text = text[:core.start()] + entry + text[core.end():]
write("tests/lint/solution.py", text)

# --- the arrows ---------------------------------------------------------------------------------------------
text = read("tests/lint/boundaries.py")
arrows = re.search(r"^ARROWS = \{\n.*?^\}\n", text, re.S | re.M)
rows = arrows.group(0)
rows = re.sub(r'^(    "(?:schedule|cli|ui)": .*)"jobs"', r'\1"jobs", "restore", "offsite"', rows, flags=re.M)
rows = re.sub(r'^(    "jobs": .*\n)', lambda m: m.group(1) +
              '    "restore": BELOW + ("archive", "store", "postgres", "jobs"),\n'
              '    "offsite": BELOW + ("store", "cloud", "jobs"),\n', rows, flags=re.M)
against = ('    ("src/jobs/backup.c", "restore/restore.h"): "a database that a restore left without its name is mended first",\n'
           '    ("src/schedule/doctor.c", "archive/archive.h"): "whether this program can check what that pg_dump writes",\n')
text = text[:arrows.start()] + rows + text[arrows.end():]
marker = '    ("src/postgres/tools.c", "archive/archive.h"):'
if text.count(marker) != 1:
    die("boundaries.py: AGAINST has another form")
text = text.replace(marker, against + marker)
write("tests/lint/boundaries.py", text)

# --- the picture --------------------------------------------------------------------------------------------
change("src/ARCHITECTURE.md", ('''                 schedule                   which slots are due, the run of one, the task that starts it
                    |
                    v
                   jobs                     opening, backup, verify, prove, restore, export, upload, …
''', '''                 schedule                   which slots are due, the run of one, the task that starts it; the doctor
                  /    \\
                 v      v
             restore  offsite               proof, preview, restore, undo · copies off site, upload, download
                  \\    /
                   v  v
                   jobs                     opening, backup, verify, export, clean-up, certificate, …
'''))
text = read("src/ARCHITECTURE.md")
text = re.sub(r"^\| restore and off-site copies, in rooms of their own.*\n", "", text, flags=re.M)
write("src/ARCHITECTURE.md", text)
subprocess.run([sys.executable, "tests/lint/solution.py", "--write"], check=True, stdout=subprocess.DEVNULL)
git("add", "-A")

# --- what came of it ----------------------------------------------------------------------------------------
problems = []
for old, new in moves.items():
    if os.path.exists(old) or not os.path.isfile(new):
        problems.append("%s is not at %s" % (old, new))
names = sorted({re.escape(os.path.basename(p).rsplit(".", 1)[0]) for p in moves}, key=len, reverse=True)
left = re.compile(r"\bjobs[/\\](?:%s)\b" % "|".join(names))
for path in tracked():
    if path.startswith("tests/fuzz/corpus/") or path.endswith(BINARY):
        continue
    try:
        text = read(path)
    except UnicodeDecodeError:
        continue
    for number, line in enumerate(text.split("\n"), 1):
        if left.search(line):
            problems.append("%s:%d still says %s" % (path, number, left.search(line).group(0)))
        if path.endswith((".c", ".h", ".py")) and len(line) > WIDTH:
            problems.append("%s:%d has %d columns" % (path, number, len(line)))
    if path.endswith((".c", ".h")):
        for name in re.findall(r'^\s*#\s*include\s*"([^"]+/[^"]+)"', text, re.M):
            if not any(os.path.isfile(os.path.join(d, name)) for d in
                       ("include", "src", "src/ui", "tests/unit", "res", os.path.dirname(path))):
                problems.append('%s includes "%s", which is not there' % (path, name))
now, then = {moves.get(p, p) for p in before}, set(tracked())
if now != then:
    problems.append("files came or went: " + ", ".join(sorted(now ^ then)))
for problem in problems:
    print("PROBLEM " + problem)
if not problems:
    print("every old path is gone")
if "--commit" in sys.argv and not problems:
    git("commit", "-q", "-m", "The rooms restore and offsite, and the doctor in schedule: files moved, includes and lists after "
        "them; no behaviour changes\n\nsrc/jobs was more than a quarter of src. By a script that is not kept.")
sys.exit(1 if problems else 0)
