#!/usr/bin/env python3
"""The resources: identifiers, access keys, labels, widths, icons, manifest."""
import glob
import math
import os
import re
import struct
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(TOP)
failed = False

# What a screen reader names after the text right before it.
NEEDS_LABEL = {"EDITTEXT", "COMBOBOX", "LISTBOX", "SysLink", "WC_LISTVIEW", "SysListView32", "RICHEDIT50W",
               "PROGRESS_CLASS", "msctls_progress32", "WC_TREEVIEW", "UPDOWN_CLASS", "DATETIMEPICK_CLASS",
               "HOTKEY_CLASS", "TRACKBAR_CLASS"}
TEXT_FIRST = {"LTEXT", "RTEXT", "CTEXT", "GROUPBOX", "PUSHBUTTON", "DEFPUSHBUTTON", "AUTOCHECKBOX", "AUTORADIOBUTTON",
              "CHECKBOX", "RADIOBUTTON", "CONTROL"}
# Texts that are made with their arguments, or chosen, before they are shown in this label.
SHOWN_IN = {"IDC_ASSISTANT_INTRO": "ASSISTANT_DATABASE_INTRO ASSISTANT_CHECK_INTRO ASSISTANT_FOLDER_INTRO",
            "IDC_FOLDER_NOTE": "ASSISTANT_NO_FOLDER ASSISTANT_CLOUD ASSISTANT_GUARDED",
            "IDC_SUMMARY": "ASSISTANT_SUMMARY", "IDC_SET_NOTE": "SETTINGS_WEAK SETTINGS_NO_CONNECTION",
            "IDC_FILE_WARNING": "RESTORE_FILE_WARNING", "IDC_RESTORE_WARNING": "RESTORE_WARNING RESTORE_GONE",
            "IDC_UNDO_INTRO": "UNDO_INTRO", "IDC_SIGNIN_WHERE": "SIGNIN_WHERE",
            "IDC_UPLOAD_SUMMARY": "UPLOAD_SUMMARY UPLOAD_NOTHING",
            "IDC_CLEANUP_SUMMARY": "CLEANUP_SUMMARY CLEANUP_THERE_SUMMARY",
            "IDC_THERE_SUMMARY": "THERE_SUMMARY", "IDC_KEY_INTRO": "KEY_INTRO_FILE KEY_INTRO_PHRASE"}
LONGER = 1.4       # a translation
LETTER, LINE = 3.7, 8  # dialog units: of running text in the message font
ARGUMENT = 12      # letters in the place of a %s
ICON_SIZES = {16, 20, 24, 32, 40, 48, 64, 256}


def say(problems, name):
    global failed
    failed = failed or bool(problems)
    print("not ok %s: %s" % (name, "; ".join(problems)) if problems else "ok " + name)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.S)


class Control:
    def __init__(self, line):
        self.kind = line.split(None, 1)[0]
        strings = re.findall(r'"((?:[^"]|"")*)"', line)
        rest = re.sub(r'"(?:[^"]|"")*"', "@", line.split(None, 1)[1])
        fields = [f.strip() for f in rest.split(",")]
        self.text = strings.pop(0) if self.kind in TEXT_FIRST and fields[0] == "@" else ""
        if self.kind in TEXT_FIRST:
            fields.pop(0)
        self.id = fields.pop(0)
        self.name = self.kind
        if self.kind == "CONTROL":
            name = fields.pop(0)
            self.name = strings.pop(0) if name == "@" else name
            self.style = fields.pop(0)
            self.rect = [int(f) for f in fields[:4]]
        else:
            self.rect = [int(f) for f in fields[:4]]
            self.style = fields[4] if len(fields) > 4 else ""


class Dialog:
    def __init__(self, name, head, body):
        self.name, self.head = name, head
        size = re.search(r"DIALOGEX\s+(-?\d+)\s*,\s*(-?\d+)\s*,\s*(\d+)\s*,\s*(\d+)", head)
        self.size = (int(size.group(3)), int(size.group(4)))
        # A control's line ends where the next begins with a keyword.
        lines = re.split(r"\n(?=\s*[A-Z]+\s+[\"A-Z])", "\n" + body)
        self.controls = [Control(" ".join(line.split())) for line in lines if line.strip()]


def dialogs(rc):
    for found in re.finditer(r"^(\w+)\s+(DIALOGEX\b.*?)^BEGIN\n(.*?)^END", rc, re.M | re.S):
        yield Dialog(found.group(1), found.group(2), found.group(3))


def access_key(text):
    found = re.search(r"&([^&])", text.replace("&&", ""))
    return found.group(1).upper() if found else None


def shown_length(text):
    """In average characters; a sign beyond the letters is as wide as two."""
    plain = text.replace("&&", "\0").replace("&", "").replace("\0", "&")
    return sum(2 if ord(c) > 0x2000 else 1 for c in plain)


def check_identifiers(scripts):
    header = read("res/resource.h")
    defined = re.findall(r"^#define (ID\w+) (\d+)$", header, re.M)
    code = "\n".join(read(f) for f in glob.glob("src/ui/**/*.[ch]", recursive=True) + glob.glob("tests/win/*.c"))
    rc = "\n".join(scripts.values())
    problems = []
    seen = {}
    for name, number in defined:
        kind = (name[:4], number)
        if kind in seen:
            problems.append("%s has the number of %s" % (name, seen[kind]))
        seen[kind] = name
    say(problems, "no two identifiers have one number")
    names = [n for n, _ in defined]
    say(["%s is defined twice" % n for n in sorted(set(names)) if names.count(n) > 1], "no identifier is defined twice")
    say(["%s is in no script" % n for n in names if not re.search(r"\b%s\b" % n, rc)],
        "every identifier is in a resource script")
    say(["%s is not used by the program" % n for n in names
         if not re.search(r"\b%s\b" % n, code) and not re.search(r"^MENU %s$" % n, rc, re.M)],
        "every identifier is used by the program")
    used = set(re.findall(r"\b(ID[A-Z]_\w+)\b", rc + code)) - set(names)
    used -= {n for n in used if n.startswith(("IDC_ARROW", "IDC_HAND", "IDC_WAIT", "IDI_ERROR", "IDI_WARNING"))}
    say(["%s is not defined" % n for n in sorted(used)], "every identifier that is used is defined")


def check_dialog(dialog):
    where = dialog.name + ": "
    controls = dialog.controls
    say([] if re.search(r'^FONT 9, "Segoe UI", 400, 0, 1$', dialog.head, re.M) else ["another FONT line"],
        where + "the message font's stand-in is Segoe UI, 9 points")
    ids = [c.id for c in controls if c.id not in ("-1", "IDC_STATIC")]
    say(["%s stands there twice" % i for i in sorted(set(ids)) if ids.count(i) > 1],
        where + "each control has its own number")
    keys, problems = {}, []
    for c in controls:
        key = access_key(c.text)
        if key and key in keys:
            problems.append("%s and %s share Alt+%s" % (keys[key], c.id, key))
        if key:
            keys[key] = c.id
    say(problems, where + "access keys are unique")
    say(["%s has none" % c.id for c in controls
         if c.kind in ("PUSHBUTTON", "DEFPUSHBUTTON") and not access_key(c.text) and c.id not in ("IDOK", "IDCANCEL")],
        where + "every button has an access key")
    problems = []
    for before, c in zip([None] + controls, controls):
        if c.name in NEEDS_LABEL and not (before and before.kind in ("LTEXT", "RTEXT", "GROUPBOX")):
            problems.append("%s has no label right before it" % c.id)
    say(problems, where + "a label stands right before its control")
    problems = []
    for c in controls:
        room = 12 if c.kind in ("PUSHBUTTON", "DEFPUSHBUTTON") else 0
        need = 4 * shown_length(c.text) + room
        if c.text and need > c.rect[2]:
            problems.append("\"%s\" needs about %d units, %s has %d" % (c.text, need, c.id, c.rect[2]))
    say(problems, where + "texts have room")
    problems = []
    for c in controls:
        x, y, w, h = c.rect
        if x < 7 or y < 7 or x + w > dialog.size[0] - 7 or y + h > dialog.size[1] - 7:
            problems.append("%s reaches into the margin of 7 units" % c.id)
    say(problems, where + "margins are kept")
    default = [c.id for c in controls if c.kind == "DEFPUSHBUTTON"]
    say([] if len(default) == 1 else ["there are %d" % len(default)], where + "one button is the default")


def texts_of_header():
    product = re.search(r'CMMS_PRODUCT ("[^"]+")', read("include/version.h")).group(1)
    header = read("src/ui/texts.h").replace("\\\n", "").replace("CMMS_PRODUCT", product)
    return {name: "".join(re.findall(r'"((?:\\.|[^"\\])*)"', rest))
            for name, rest in re.findall(r"^#define TEXT_(\w+)[ \t]+(.*)$", header, re.M)}


def check_longer(found):
    """What the program writes into its labels fits them when a translation makes it longer. (What stands in the
    scripts is measured by tests/win/fit.)"""
    labels = {c.id: c for dialog in found for c in dialog.controls if c.kind == "LTEXT"}
    texts = texts_of_header()
    code = "\n".join(read(f) for f in glob.glob("src/ui/*.c"))
    pairs = {(label, name) for label, names in SHOWN_IN.items() for name in names.split()}
    pairs |= set(re.findall(r'\((?:\w+, )?(IDC_\w+)\)*, *(?:L"" )?TEXT_(\w+)\)', code))
    problems = ["%s or TEXT_%s is not known" % p for p in pairs if p[1] not in texts or
                (p[0] in SHOWN_IN and p[0] not in labels)]
    for label, name in sorted(p for p in pairs if p[0] in labels and p[1] in texts):
        lines = 0
        for part in texts[name].replace("\\r", "").split("\\n"):
            letters = len(re.sub(r"%(?:ll)?[a-z]", "x" * ARGUMENT, part.replace('\\"', '"')))
            lines += max(1, math.ceil(letters * LONGER * LETTER / labels[label].rect[2]))
        if lines * LINE > labels[label].rect[3]:
            problems.append("TEXT_%s takes %d lines at 140 %%, %s has %d units" % (name, lines, label,
                                                                                 labels[label].rect[3]))
    say(problems, "texts that the program shows fit their labels at 140 %")
    say([] if len(pairs) > 25 else ["there are %d" % len(pairs)], "there are such texts")


def check_help(scripts):
    """Each key that a menu names is in the help; those of the columns stand there as a range."""
    keys = sorted(set(re.findall(r'MENUITEM\s+"[^"]*\\t([^"]+)"', "\n".join(scripts.values()))))
    named = read("res/help.txt").replace("Ctrl+1 to Ctrl+8:", ", ".join("Ctrl+%d:" % n for n in range(1, 9)))
    say([] if len(keys) > 10 else ["there are %d" % len(keys)], "the menus name their keys")
    say(["%s lacks" % key for key in keys if key + ":" not in named], "the help names every key of the menus")


def check_icon(path):
    with open(path, "rb") as f:
        data = f.read()
    count = struct.unpack("<HHH", data[:6])[2]
    sizes = {data[6 + 16 * i] or 256 for i in range(count)}
    missing = ICON_SIZES - sizes
    say(["%d lacks" % s for s in sorted(missing)], "%s has every size" % path)
    say([] if len(data) < 200 * 1024 else ["%d bytes" % len(data)], "%s is small enough to be kept" % path)


def main():
    scripts = {f: without_comments(read(f)) for f in sorted(glob.glob("res/*.rc"))}
    say([f for f, text in scripts.items() if "#pragma code_page(65001)" not in text], "every script is read as UTF-8")
    check_identifiers(scripts)
    found = [d for text in scripts.values() for d in dialogs(text)]
    say([] if found else ["none was found"], "dialogs")
    for dialog in found:
        check_dialog(dialog)
    check_longer(found)
    check_help(scripts)
    for path in sorted(glob.glob("res/icons/*.svg")):
        if not path.endswith("-small.svg"):
            check_icon(path[:-4] + ".ico")
    manifest = read("res/app.manifest")
    wanted = ["Microsoft.Windows.Common-Controls", "PerMonitorV2, PerMonitor", ">UTF-8<", "longPathAware",
              'level="asInvoker"', "8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a"]
    say(["%s is missing" % w for w in wanted if w not in manifest], "the manifest says what it must")
    version = re.search(r'CMMS_VERSION "([\d.]+)"', read("include/version.h")).group(1)
    say([] if 'version="%s.0"' % version in manifest else ["it is not %s.0" % version],
        "the manifest has the program's version")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
