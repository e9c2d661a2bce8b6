#!/usr/bin/env python3
"""How the house stands, in figures: ./dev figures [--clones N]

What src/ARCHITECTURE.md draws is kept by tests/lint/boundaries.py; this counts what no rule can forbid: how large each
room is, which files are long, how many places a new verb, setting and dialog touch, and what stands twice. It reads the
tree, writes nothing and judges nothing.

A clone is a run of six lines and more that stand in two places of src, the same but for white space; blank lines,
comments, includes and lone brackets do not count, and what stands in more than eight places is a habit, not a clone.
"""
import os
import re
import sys
from collections import defaultdict

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LONG, LARGE = 650, 20.0
CLONE, HABIT = 6, 8


def sources(*roots):
    for root in roots:
        for at, folders, names in os.walk(os.path.join(TOP, root)):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    path = os.path.join(at, name)
                    with open(path, encoding="utf-8") as f:
                        yield os.path.relpath(path, TOP).replace(os.sep, "/"), f.read()


def without_comments(text):
    def blank(match):
        return match.group(0) if match.group(0)[0] in "\"'" else re.sub(r"[^\n]", "", match.group(0)) or " "
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)


def lines_that_count(text):
    """(number, line) of what may be a clone's."""
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        line = re.sub(r"\s+", " ", line).strip()
        if re.search(r"\w", line) and not re.match(r"#\s*(include|ifndef|endif|define CMMS_\w+_H)\b", line):
            yield number, line


def clones(texts):
    """(how many lines, file, first, last, file, first, last) of each pair, the longest first."""
    lines = {path: list(lines_that_count(text)) for path, text in texts.items()}
    places = defaultdict(list)
    for path, here in lines.items():
        for at in range(len(here) - CLONE + 1):
            places[tuple(line for _, line in here[at:at + CLONE])].append((path, at))
    pairs = set()
    for found in places.values():
        if 1 < len(found) <= HABIT:
            pairs.update((a, b) for i, a in enumerate(found) for b in found[i + 1:])
    runs = []
    for (one, at), (other, to) in pairs:
        if ((one, at - 1), (other, to - 1)) in pairs:
            continue  # the middle of a run
        count = CLONE
        while ((one, at + count - CLONE + 1), (other, to + count - CLONE + 1)) in pairs:
            count += 1
        if one != other or at + count <= to:
            runs.append((count, one, lines[one][at][0], lines[one][at + count - 1][0],
                         other, lines[other][to][0], lines[other][to + count - 1][0]))
    return sorted(runs, key=lambda r: (-r[0],) + r[1:])


def rooms(texts):
    size = defaultdict(int)
    for path, text in texts.items():
        size[path.split("/")[1]] += text.count("\n")
    return sorted(size.items(), key=lambda item: -item[1])


def spread(counts):
    """"median 2, most 4 (restore)" of {name: count}."""
    order = sorted(counts, key=lambda name: counts[name])
    middle, last = order[len(order) // 2], order[-1]
    return "median %d, most %d (%s)" % (counts[middle], counts[last], last)


def places_of_verbs(texts):
    """Its own file, and each line elsewhere in cli that names it as a verb."""
    listed = re.search(r"#define VERBS\(verb\)((?:.*\\\n)*.*)", texts["src/cli/main.c"]).group(1)
    cli = {path: without_comments(text) for path, text in texts.items() if path.startswith("src/cli/")}
    return {n: 1 + sum(len(re.findall(r"\bverb\(%s\)|\bverb_%s\b(?!\.[ch])" % (n, n), text))
                       for path, text in cli.items() if path != "src/cli/verb_%s.c" % n)
            for n in re.findall(r"verb\((\w+)\)", listed)}


def places_of_settings(texts):
    """Each line of store that has its key as a text: the row, and whatever goes round the table."""
    keys = re.findall(r'^    \{"(\w+)", KIND_', texts["src/store/settings.c"], re.M)
    return {k: sum(len(re.findall(r'"%s"' % k, text)) for path, text in texts.items() if path.startswith("src/store/"))
            for k in keys}


def places_of_dialogs(texts):
    """Its own file, and each call of it from elsewhere."""
    names = [m.group(1) for m in (re.fullmatch(r"src/ui/(\w+_dialog)\.c", path) for path in texts) if m]
    return {n: 1 + sum(len(re.findall(r"\b%s_\w+\(" % n, without_comments(text))) for path, text in texts.items()
                       if path.startswith("src/ui/") and path.endswith(".c") and path != "src/ui/%s.c" % n)
            for n in names}


def main():
    most = int(sys.argv[sys.argv.index("--clones") + 1]) if "--clones" in sys.argv else 10
    texts = dict(sources("src"))
    total = sum(text.count("\n") for text in texts.values())
    print("Lines a room, of %d in src (goal: none above %d %%)" % (total, LARGE))
    for room, size in rooms(texts):
        print("  %-10s %6d  %4.1f %%%s" % (room, size, 100.0 * size / total,
                                           "  <- too large" if 100.0 * size / total > LARGE else ""))
    sizes = {path: text.count("\n") for path, text in texts.items()}
    long_files = sorted(((size, path) for path, size in sizes.items() if size > LONG), reverse=True)
    print("Files over %d lines: %d (goal: none but data)" % (LONG, len(long_files)))
    for size, path in long_files:
        print("  %4d %s" % (size, path))
    up = [path for path, text in list(texts.items()) + list(sources("include", "tests"))
          for _ in re.findall(r'^\s*#\s*include\s*"\.\./', text, re.M)]
    print('Includes with "../": %d (goal: none)%s' % (len(up), "".join("\n  " + path for path in up)))
    print("Places that one touches, beside the lists of the build:")
    print("  a verb     %s; goal 2" % spread(places_of_verbs(texts)))
    print("  a setting  %s; goal 1" % spread(places_of_settings(texts)))
    print("  a dialog   %s; goal 2" % spread(places_of_dialogs(texts)))
    runs = clones(texts)
    print("Clone pairs of %d lines and more: %d, of them within one file %d; lines in them %d" % (
        CLONE, len(runs), sum(1 for r in runs if r[1] == r[4]), sum(r[0] for r in runs)))
    for count, one, first, last, other, begin, end in runs[:most]:
        print("  %3d lines  %s:%d-%d ~ %s:%d-%d" % (count, one, first, last, other, begin, end))


if __name__ == "__main__":
    main()
