#!/usr/bin/env python3
"""What the staged product needs of Windows, read from the files themselves.

    imports.py STAGE_DIR        (default: build/product)

For every .exe and .dll: each DLL it imports lies in the same folder, or is one that a bare Windows 10 has (the
list below). A program that starts here because Wine or a developer's PC happens to have a runtime does not start
on the manager's. For our two programs also: the hardening flags, the version resource, the manifest.
One line a check: "ok NAME" or "not ok NAME: why". Exit code 1 when one failed.
"""
import os
import re
import struct
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Parts of every Windows 10 since its first release, x64, desktop editions without any addition; api-ms-win-crt-*.dll
# are the names of its C runtime, ucrtbase.dll. msvcrt.dll is part of Windows 10 as well, but nothing here is built for
# that runtime: it is not listed, so that a change of runtime is noticed. VCRUNTIME140.dll and MSVCP140.dll are not part
# of Windows.
WINDOWS_10 = frozenset("""
    advapi32 bcrypt bcryptprimitives cfgmgr32 comctl32 comdlg32 credui crypt32 cryptbase cryptui dbghelp dnsapi dwmapi
    gdi32 imm32 iphlpapi kernel32 kernelbase mpr msimg32 mswsock ncrypt netapi32 normaliz ntdll ole32 oleacc
    oleaut32 powrprof propsys psapi rpcrt4 secur32 setupapi shcore shell32 shlwapi taskschd user32 userenv usp10 uxtheme
    version winhttp wininet winmm winspool.drv wintrust wldap32 ws2_32 wtsapi32
""".split() + ["api-ms-win-crt-%s-l1-1-0" % part for part in (
    "conio convert environment filesystem heap locale math multibyte private process runtime stdio string time "
    "utility").split()])

OURS = ("cmms-backup.exe", "cmms-backup-cli.exe")
EXPECTED = OURS + ("libpq.dll", "libssl-3-x64.dll", "libcrypto-3-x64.dll", "tools/18/pg_dump.exe",
                   "tools/18/pg_restore.exe", "tools/17/pg_dump.exe", "tools/17/pg_restore.exe",
                   "engine/bin/postgres.exe", "engine/bin/initdb.exe", "engine/bin/pg_ctl.exe",
                   "engine/share/postgres.bki", "engine/share/timezone/UTC", "engine/lib/plpgsql.dll",
                   "engine/lib/pgcrypto.dll", "engine/lib/uuid-ossp.dll",
                   "licenses/THIRD-PARTY-NOTICES.md", "licenses/CMMS Backup.txt")

HIGH_ENTROPY_VA, DYNAMIC_BASE, NX_COMPAT = 0x20, 0x40, 0x100
GUI, CONSOLE = 2, 3
RT_ICON, RT_VERSION, RT_MANIFEST = 3, 16, 24


class Pe:
    """The parts of a 64-bit PE file that are asked for here. Layout: Microsoft's "PE Format"."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = data = f.read()
        head = struct.unpack_from("<I", data, 0x3C)[0]
        if data[:2] != b"MZ" or data[head:head + 4] != b"PE\0\0":
            raise ValueError("it is not a Windows program")
        self.machine, sections = struct.unpack_from("<HH", data, head + 4)
        optional_size = struct.unpack_from("<H", data, head + 20)[0]
        optional = head + 24
        if struct.unpack_from("<H", data, optional)[0] != 0x20B:
            raise ValueError("it is not a 64-bit program")
        self.timestamp = struct.unpack_from("<I", data, head + 8)[0]
        self.subsystem, self.flags = struct.unpack_from("<HH", data, optional + 68)
        count = struct.unpack_from("<I", data, optional + 108)[0]
        self.directories = [struct.unpack_from("<II", data, optional + 112 + 8 * i) for i in range(count)]
        self.sections = []
        for i in range(sections):
            at = optional + optional_size + 40 * i
            name = data[at:at + 8].rstrip(b"\0").decode("latin-1")
            size, address, raw_size, raw = struct.unpack_from("<IIII", data, at + 8)
            self.sections.append((name, address, max(size, raw_size), raw))

    def offset(self, rva):
        for _, address, size, raw in self.sections:
            if address <= rva < address + size:
                return rva - address + raw
        raise ValueError("it is damaged: address %#x is in no section" % rva)

    def text(self, rva):
        at = self.offset(rva)
        return self.data[at:self.data.index(b"\0", at)].decode("ascii")

    def directory(self, index):
        return self.directories[index] if index < len(self.directories) else (0, 0)

    def imports(self):
        """The DLLs of the import table (1) and of the delayed one (13)."""
        names = []
        for index, entry_size, name_at in ((1, 20, 12), (13, 32, 4)):
            rva, _ = self.directory(index)
            if not rva:
                continue
            at = self.offset(rva)
            while any(self.data[at:at + entry_size]):
                names.append(self.text(struct.unpack_from("<I", self.data, at + name_at)[0]))
                at += entry_size
        return names

    def exports(self):
        rva, _ = self.directory(0)
        if not rva:
            return []
        count, = struct.unpack_from("<I", self.data, self.offset(rva) + 24)
        names, = struct.unpack_from("<I", self.data, self.offset(rva) + 32)
        return [self.text(at) for at in struct.unpack_from("<%dI" % count, self.data, self.offset(names))]

    def resource(self, kind):
        """The bytes of the first resource of a kind, or None."""
        rva, _ = self.directory(2)
        if not rva:
            return None
        root = self.offset(rva)

        def entries(at):
            named, numbered = struct.unpack_from("<HH", self.data, at + 12)
            return [struct.unpack_from("<II", self.data, at + 16 + 8 * i) for i in range(named + numbered)]
        for number, where in entries(root):
            if number != kind:
                continue
            while where & 0x80000000:
                where = entries(root + (where & 0x7FFFFFFF))[0][1]
            data_rva, size = struct.unpack_from("<II", self.data, root + where)
            at = self.offset(data_rva)
            return self.data[at:at + size]
        return None


def import_problem(folder, relative, pe):
    here = os.path.dirname(relative)
    # Modules in engine/lib are loaded by engine/bin/postgres.exe, whose folder Windows searches.
    places = [here] + (["engine/bin"] if here == "engine/lib" else [])
    shipped = {n.lower() for place in places for n in os.listdir(os.path.join(folder, place))}
    missing = []
    for name in pe.imports():
        low = name.lower()
        plain = low[:-4] if low.endswith(".dll") else low
        if low not in shipped and plain not in WINDOWS_10:
            missing.append(name)
    return "a bare Windows 10 does not have %s" % ", ".join(sorted(set(missing))) if missing else None


def start_problem(pe):
    """What takes tens of milliseconds to come up is loaded when it is needed (src/postgres/pglibrary.c)."""
    slow = [name for name in pe.imports() if name.lower() in ("libpq.dll", "secur32.dll")]
    return "it imports %s, so that each start waits for it" % ", ".join(slow) if slow else None


def library_problem(folder):
    """The functions that are looked for by name at run time are there."""
    with open(os.path.join(TOP, "src/postgres/pglibrary.c"), encoding="utf-8") as f:
        wanted = set(re.findall(r"(PQ\w+),\s*\(", f.read()))
    lacks = sorted(wanted - set(Pe(os.path.join(folder, "libpq.dll")).exports()))
    return "nothing is looked for" if not wanted else "libpq.dll lacks " + ", ".join(lacks) if lacks else None


def openssl_problem(folder):
    """It looks for configuration and certificates where only an administrator can put any (.dev/recipes/openssl.sh)."""
    with open(os.path.join(folder, "libcrypto-3-x64.dll"), "rb") as f:
        data = f.read()
    if b"cmms-backup-none" not in data or b"/usr/local/ssl" in data:
        return "it looks in a folder that every user of a PC can make"
    return None


def hardening_problem(pe):
    wanted = {"DYNAMIC_BASE": DYNAMIC_BASE, "NX_COMPAT": NX_COMPAT, "HIGH_ENTROPY_VA": HIGH_ENTROPY_VA}
    missing = [name for name, bit in wanted.items() if not pe.flags & bit]
    if missing:
        return "not set: " + ", ".join(missing)
    if not pe.directory(5)[0]:
        return "there are no relocations, without which DYNAMIC_BASE does nothing"
    return None


def version_problem(pe, version):
    resource = pe.resource(RT_VERSION)
    if resource is None:
        return "there is none"
    at = resource.find(b"\xbd\x04\xef\xfe") # VS_FIXEDFILEINFO
    if at < 0:
        return "it has no fixed part"
    high, low = struct.unpack_from("<II", resource, at + 8)
    got = "%d.%d.%d" % (high >> 16, high & 0xFFFF, low >> 16)
    if got != version:
        return "it says %s, include/version.h says %s" % (got, version)
    text = resource.decode("utf-16-le", errors="replace")
    for name in ("FileDescription", "ProductName", "ProductVersion", "LegalCopyright"):
        if name not in text:
            return "it has no %s" % name
    return None


def manifest_problem(pe):
    resource = pe.resource(RT_MANIFEST)
    if resource is None:
        return "there is none"
    text = resource.decode("utf-8", errors="replace")
    wanted = {"longPathAware": "long paths", "activeCodePage": "UTF-8 as the code page", "asInvoker": "asInvoker",
              "{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}": "Windows 10"}
    if pe.subsystem == GUI:
        wanted.update({"PerMonitorV2": "PerMonitorV2", "Microsoft.Windows.Common-Controls": "the common controls 6"})
    missing = [what for word, what in wanted.items() if word not in text]
    return "it does not ask for " + ", ".join(missing) if missing else None


def plain_problem(pe):
    """What only a build machine knows has no place in what is shipped."""
    if any(name.startswith((".debug", "/")) for name, _, _, _ in pe.sections):
        return "it holds debugging information"
    if TOP.encode() + b"/" in pe.data:
        return "it names the folder it was built in"
    if pe.timestamp > 0x40000000:
        return "it carries the time of its build, so two builds differ"
    return None


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(TOP, "build/product")
    failed = False

    def report(name, problem):
        nonlocal failed
        failed = failed or bool(problem)
        print("not ok %s: %s" % (name, problem) if problem else "ok %s" % name)

    if not os.path.isdir(folder):
        report("stage", "%s is not there (installer/stage.sh makes it)" % folder)
        return 1
    with open(os.path.join(TOP, "include/version.h"), encoding="utf-8") as f:
        version = re.search(r'^#define CMMS_VERSION "([^"]*)"', f.read(), re.M).group(1)
    missing = [name for name in EXPECTED if not os.path.isfile(os.path.join(folder, name))]
    report("layout", "missing: " + ", ".join(missing) if missing else None)
    extra = [os.path.relpath(os.path.join(at, n), folder) for at, _, names in os.walk(folder) for n in names
             if n.endswith((".a", ".h", ".pdb", ".o", ".la")) or n.lower() in ("psql.exe", "pg_dumpall.exe")]
    report("nothing-needless", "there is also: " + ", ".join(sorted(extra)) if extra else None)

    if os.path.isfile(os.path.join(folder, "libpq.dll")):
        report("functions of libpq.dll", library_problem(folder))

    if os.path.isfile(os.path.join(folder, "libcrypto-3-x64.dll")):
        report("folder of libcrypto", openssl_problem(folder))

    for at, _, names in sorted(os.walk(folder)):
        names = sorted(n for n in names if n.lower().endswith((".exe", ".dll")))
        if not names:
            continue
        place = os.path.relpath(at, folder).replace(os.sep, "/")
        imports, hardening = [], []
        for name in names:
            relative = name if place == "." else place + "/" + name
            try:
                pe = Pe(os.path.join(at, name))
                imports.append((relative, import_problem(folder, relative, pe)))
                hardening.append((relative, hardening_problem(pe)))
                if relative in OURS:
                    report("version " + relative, version_problem(pe, version))
                    report("manifest " + relative, manifest_problem(pe))
                    report("plain " + relative, plain_problem(pe))
                    report("start " + relative, start_problem(pe))
                    subsystem = CONSOLE if "cli" in relative else GUI
                    report("subsystem " + relative, None if pe.subsystem == subsystem else "it is %d" % pe.subsystem)
            except (ValueError, struct.error, IndexError) as e:
                imports.append((relative, str(e)))
        where = "the top" if place == "." else place
        report("imports in " + where, "; ".join("%s: %s" % p for p in imports if p[1]))
        report("hardening in " + where, "; ".join("%s: %s" % p for p in hardening if p[1]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
