#!/usr/bin/env python3
"""The code looks as .clang-format says.

    dialect.py            one line a check: "ok NAME" or "not ok NAME: why"; exit code 1 when one failed
    dialect.py --count    how many lines of which files would be changed, the most first
    dialect.py --write    changes them

Until everything has been written so once, nothing is compared (ON): files that somebody is at work on are left alone.
How it is switched on, in two commits, when no branch is open: clang-format in root_packages of .dev/root.sh (which
makes the root anew); "dialect.py --write" in ./dev shell, one commit of nothing else. Then ON = True, and that commit's
hash in .git-blame-ignore-revs.
"""
import difflib
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ON = False
MAJOR = 19  # others differ in details
IGNORED = ".git-blame-ignore-revs"


def sources():
    for root in ("include", "src", "tests"):
        for at, folders, names in os.walk(os.path.join(TOP, root)):
            folders[:] = sorted(f for f in folders if f not in ("corpus", "__pycache__"))
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(at, name), TOP).replace(os.sep, "/")


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", newline="") as f:
        return f.read()


def program():
    """clang-format of that major version; or why there is none."""
    for name in ("clang-format-%d" % MAJOR, "clang-format"):
        path = shutil.which(name)
        if path is not None:
            said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
            found = re.search(r"version (\d+)", said)
            if found and int(found.group(1)) == MAJOR:
                return path, None
    return None, "clang-format %d is not here" % MAJOR


def formatted(tool, path):
    done = subprocess.run([tool, "--style=file", path], cwd=TOP, capture_output=True)
    if done.returncode != 0:
        sys.exit("clang-format: " + done.stderr.decode("utf-8", "replace").strip())
    return done.stdout.decode("utf-8")


def changed(before, after):
    return sum(1 for line in difflib.unified_diff(before.split("\n"), after.split("\n"), n=0)
               if line[:1] in "+-" and not line.startswith(("+++", "---")))


def check_ignored():
    problems = ["%s:%d is neither a comment nor a whole hash" % (IGNORED, number)
                for number, line in enumerate(read(IGNORED).split("\n"), 1)
                if line and not line.startswith("#") and not re.fullmatch("[0-9a-f]{40}", line)]
    if ON and not re.search("^[0-9a-f]{40}$", read(IGNORED), re.M):
        problems.append("%s does not name the commit that wrote everything so" % IGNORED)
    yield IGNORED, problems


def check_dialect():
    tool, why = program()
    if tool is None:
        yield "the dialect", [why]
        return
    yield "the dialect", [path for path in sources() if formatted(tool, path) != read(path)]


def main():
    if sys.argv[1:] in (["--count"], ["--write"]):
        tool, why = program()
        if tool is None:
            sys.exit(why)
        counts = []
        for path in sources():
            before, after = read(path), formatted(tool, path)
            if before != after:
                counts.append((changed(before, after), path))
                if sys.argv[1] == "--write":
                    with open(os.path.join(TOP, path), "w", encoding="utf-8", newline="") as f:
                        f.write(after)
        for count, path in sorted(counts, reverse=True):
            print("%5d %s" % (count, path))
        print("%d lines in %d files" % (sum(c for c, _ in counts), len(counts)))
        return 0
    if sys.argv[1:]:
        sys.exit(__doc__)
    failed = False
    for check in (check_ignored,) + ((check_dialect,) if ON else ()):
        for name, problems in check():
            failed = failed or bool(problems)
            more = " (and %d more)" % (len(problems) - 12) if len(problems) > 12 else ""
            print("not ok %s: %s%s" % (name, "; ".join(problems[:12]), more) if problems else "ok %s" % name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
