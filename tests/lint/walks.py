#!/usr/bin/env python3
"""What src/ARCHITECTURE.md and src/CONTRIBUTING.md name is there: files, and functions where they are said to be.

One line a check: "ok NAME" or "not ok NAME: why" (with file:line). Exit code 1 when one failed. A file is looked for
from the top, from src, include and tests, or by its name alone; * stands for anything, and a name in capitals (ROOM,
NAME) too. A function is a word with an underscore that our code has; within "Three walks" it must be defined in the
file that the same step has named last before it, and a member (Struct.member) be one of that struct.
"""
import fnmatch
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEXTS = ("src/ARCHITECTURE.md", "src/CONTRIBUTING.md")
WALKS = "Three walks"
FILE = r"[\w.*/-]+\.(?:c|h|py|sh|md|rc|txt|cmake|sln|allowed)"
TEST = r"(?:(?:tests/)?(?:e2e|unit|win|fuzz|sim|lint|setup)/[\w*/-]+|(?:test|fuzz)_\w+\*?)(?:: \w+(?:, \w+)*)?"
FUNCTION = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+"
# What is made by a build or a run, and what is another's: not in the tree.
NOT_OURS = {"build/", "engine/"}
ROOTS = ("", "src/", "include/", "tests/", "tests/unit/*/", "src/ui/parts/", "res/")


def files_here():
    names = []
    for at, folders, here in os.walk(TOP):
        folders[:] = [f for f in folders if f not in (".git", "build", "corpus", "__pycache__")]
        names += [os.path.relpath(os.path.join(at, n), TOP).replace(os.sep, "/") for n in here]
    return sorted(names)


class Tree:
    def __init__(self):
        self.files = files_here()
        self.names = {os.path.basename(f) for f in self.files}
        self.folders = {os.path.dirname(f) for f in self.files}
        self.code, self.words = {}, set()
        for path in self.files:
            if path.startswith(("src/", "include/", "tests/")) and path.endswith((".c", ".h", ".py")) and \
                    path != "tests/lint/walks.py":
                with open(os.path.join(TOP, path), encoding="utf-8") as f:
                    self.code[path] = f.read()
                self.words.update(re.findall(r"\w+", self.code[path]))

    def find(self, token):
        """The files that a token means."""
        pattern = re.sub(r"(?<![a-zA-Z0-9])[A-Z]+(?![a-zA-Z0-9])", "*", token.replace("[", "[[]"))
        pattern = re.sub(r"_[A-Z]+(?=[._])", "_*", re.sub(r"\bX_", "*_", pattern))
        if "/" not in pattern:
            return [f for f in self.files if fnmatch.fnmatchcase(os.path.basename(f), pattern)]
        return [f for f in self.files if any(fnmatch.fnmatchcase(f, root + pattern) for root in ROOTS)]

    def find_test(self, token):
        """The files of a test, which is named without its ending."""
        token = re.sub(r"^((?:tests/)?unit)/(?=[^/]*$)", r"\1/*/", token)
        return self.find(token) or [f for end in ("c", "py", "md") for f in self.find("%s.%s" % (token, end))] or \
            [f for f in self.folders if f in (token, "tests/" + token)]

    def defines(self, path, name):
        text = self.code.get(path, "")
        if path.endswith(".h"):
            return re.search(r"\b%s\(" % name, text) is not None
        return re.search(r"^(?!#)\w[\w *]*?\b%s\((?:[^;{}]|\n)*?\)\s*\{" % name, text, re.M) is not None

    def has_member(self, struct, member):
        body = r"struct %s \{(.*?)\n\}" % struct
        found = [m for text in self.code.values() for m in re.findall(body, text, re.S)]
        return any(re.search(r"\b%s\b" % member, b) for b in found)


def tokens(text):
    """(line, section, step, token) of what stands between backticks; blocks of text as it is are left out."""
    section, step, number, fenced = "", 0, 0, False
    lines = text.split("\n")
    kept = []
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            fenced, line = not fenced, ""
        heading = re.match(r"#+ (.*)", line)
        if heading:
            section = heading.group(1)
        if heading or not line.strip() or re.match(r"\s*(?:[-*|]|\d+\.) ?", line):
            step += 1
        kept.append((number, section, step, "" if fenced else line))
    # A token may go on in the next line.
    whole, starts, at = "", [], 0
    for entry in kept:
        starts.append((at, entry))
        whole += entry[3] + "\n"
        at = len(whole)
    for found in re.finditer(r"`([^`]+)`", whole):
        entry = [e for begin, e in starts if begin <= found.start()][-1]
        yield entry[0], entry[1], entry[2], " ".join(found.group(1).split())


def check(tree, path, problems):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        text = f.read()
    last = None  # (step, files) that was named last
    for line, section, step, token in tokens(text):
        where = "%s:%d" % (path, line)
        member = re.fullmatch(r"([A-Z]\w+)\.(\w+)", token)
        if any(token.startswith(p) for p in NOT_OURS):
            continue
        if re.fullmatch(TEST, token):
            name, _, functions = token.partition(": ")
            files = tree.find_test(name)
            if not files and name not in tree.words:
                problems["files"].append("%s names %s" % (where, name))
            for function in functions.split(", ") if functions else ():
                if not any(re.search(r"\b(test_)?%s\b" % function, tree.code.get(f, "")) for f in files):
                    problems["functions"].append("%s: %s has no %s" % (where, name, function))
        elif re.fullmatch(FILE, token):
            files = tree.find(token)
            last = (step, files)
            if not files:
                problems["files"].append("%s names %s" % (where, token))
        elif member and section == WALKS:
            if not tree.has_member(*member.groups()):
                problems["functions"].append("%s: %s has no member %s" % (where, *member.groups()))
        elif re.fullmatch(FUNCTION, token):
            if not tree.words & {token, "test_" + token}:
                problems["functions"].append("%s names %s" % (where, token))
            elif section == WALKS:
                files = last[1] if last and last[0] == step else []
                if not any(tree.defines(f, token) for f in files):
                    problems["walks"].append("%s: %s is not defined in %s" % (where, token, ", ".join(files) or "any"))


def main():
    tree = Tree()
    problems = {"files": [], "functions": [], "walks": []}
    for path in TEXTS:
        check(tree, path, problems)
    with open(os.path.join(TOP, TEXTS[0]), encoding="utf-8") as f:
        if "## %s\n" % WALKS not in f.read():
            problems["walks"].append("%s has no section \"%s\"" % (TEXTS[0], WALKS))
    for name, what in (("files", "files that the texts name"), ("functions", "functions that the texts name"),
                       ("walks", "the walks go where they say")):
        print("not ok %s: %s" % (what, "; ".join(problems[name])) if problems[name] else "ok %s" % what)
    return 1 if any(problems.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
