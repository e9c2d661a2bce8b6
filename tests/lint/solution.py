#!/usr/bin/env python3
"""The Visual Studio solution says the same as CMake: the files of each project, defines, include folders, libraries.

    solution.py            compares; one line a check: "ok NAME" or "not ok NAME: why"; exit code 1 when one failed
    solution.py --write    first writes the file lists of src/msvc/*.vcxproj anew from src/sources.cmake

Nobody here can run Visual Studio: this is what keeps its build from rotting unseen.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as ET

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NS = "{http://schemas.microsoft.com/developer/msbuild/2003}"
# Project → the lists of src/sources.cmake it takes, the resources, the folders whose headers it shows.
PROJECTS = {
    "core": (("BASE_SOURCES", "PLATFORM_COMMON_SOURCES", "WIN_SOURCES", "ARCHIVE_SOURCES", "STORE_SOURCES",
              "POSTGRES_SOURCES", "SAMPLE_SOURCES", "CLOUD_SOURCES", "JOBS_SOURCES", "SCHEDULE_SOURCES"), (),
             ("include", "include/base", "include/platform", "include/archive", "include/store", "include/postgres",
              "include/sample", "include/cloud", "include/jobs", "src/platform/win", "src/archive", "src/postgres",
              "src/sample", "src/jobs")),
    "cmms-backup-cli": (("CLI_SOURCES", "CLI_WIN_SOURCES"), ("res/cli.rc",), ("src/cli",)),
    "cmms-backup": (("UI_SOURCES",), ("res/app.rc",), ("src/ui", "src/ui/parts", "res")),
}
NATIVE_ONLY = ("POSIX_SOURCES", "CLI_POSIX_SOURCES")
ONLY_MINGW = {"__USE_MINGW_ANSI_STDIO=1",                             # printf of C99, which Microsoft's runtime has
              "CMMS_LIBPQ_DLL"}                                        # there libpq is static
ONLY_MSVC = {"_CRT_SECURE_NO_WARNINGS", "_CRT_NONSTDC_NO_WARNINGS", "_DEBUG"}


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", newline="") as f:
        return f.read()


def cmake_lists():
    text = re.sub(r"#.*", "", read("src/sources.cmake"))
    return {name: files.split() for name, files in re.findall(r"set\(\s*(\w+)\s+([^)]*)\)", text)}


def cmake_words(pattern):
    """The words of a command of CMakeLists.txt's Windows branch."""
    text = re.sub(r"#.*", "", read("CMakeLists.txt"))
    return [word for found in re.findall(pattern, text, re.S) for word in found.split()]


def project_path(name):
    return "src/msvc/%s.vcxproj" % name


def from_top(path):
    return os.path.normpath(os.path.join("src/msvc", path.replace("\\", "/"))).replace(os.sep, "/")


def from_project(path):
    return os.path.relpath(path, "src/msvc").replace("/", "\\")


def headers(folders):
    return sorted("%s/%s" % (folder, name) for folder in folders if os.path.isdir(os.path.join(TOP, folder))
                  for name in os.listdir(os.path.join(TOP, folder)) if name.endswith(".h"))


def wanted_sources(name):
    lists = cmake_lists()
    return [f for l in PROJECTS[name][0] for f in lists.get(l, [])]


def write_projects():
    for name, (_, _, folders) in PROJECTS.items():
        text = read(project_path(name))
        groups = (("Sources", "ClCompile", wanted_sources(name)), ("Headers", "ClInclude", headers(folders)))
        for label, tag, files in groups:
            lines = "".join('    <%s Include="%s" />\r\n' % (tag, from_project(f)) for f in files)
            text, count = re.subn(r'(<ItemGroup Label="%s">\r\n).*?(  </ItemGroup>)' % label,
                                  lambda m: m.group(1) + lines + m.group(2), text, flags=re.S)
            if count != 1:
                sys.exit("%s has no ItemGroup with the label %s" % (project_path(name), label))
        with open(os.path.join(TOP, project_path(name)), "w", encoding="utf-8", newline="") as f:
            f.write(text)


def differences(got, wanted, what):
    """A sentence about two collections, or None when they are equal."""
    got, wanted = list(got), list(wanted)
    lacks, extra = sorted(set(wanted) - set(got)), sorted(set(got) - set(wanted))
    twice = sorted({x for x in got if got.count(x) > 1})
    sayings = (("lacks %s", lacks), ("has %s too many", extra), ("names %s twice", twice))
    parts = [text % ", ".join(names) for text, names in sayings if names]
    return "%s %s" % (what, "; ".join(parts)) if parts else None


def includes(tree, tag):
    return [from_top(e.get("Include")) for e in tree.iter(NS + tag) if e.get("Include")]


def values(tree, tag):
    """The words of a ;-separated setting, without the %(inherited) and $(computed) ones."""
    return [w for e in tree.iter(NS + tag) for w in (e.text or "").split(";") if w and not w.startswith("%(")]


def check_sources():
    listed = [f for files in cmake_lists().values() for f in files]
    there = sorted(os.path.relpath(os.path.join(at, n), TOP).replace(os.sep, "/") for at, _, names in
                   os.walk(os.path.join(TOP, "src")) for n in names if n.endswith(".c"))
    missing = [f for f in listed if not os.path.isfile(os.path.join(TOP, f))]
    yield "sources exist", "src/sources.cmake lists what is not there: " + ", ".join(missing) if missing else None
    yield "sources listed", differences(listed, set(there) | set(missing), "src/sources.cmake")
    known = set(NATIVE_ONLY) | {l for lists, _, _ in PROJECTS.values() for l in lists}
    yield "lists known", differences(cmake_lists(), known, "src/sources.cmake")


def check_project(name):
    _, resources, folders = PROJECTS[name]
    path = project_path(name)
    try:
        tree = ET.fromstring(read(path))
    except (OSError, ET.ParseError) as e:
        yield "%s reads" % name, str(e)
        return
    yield "%s sources" % name, differences(includes(tree, "ClCompile"), wanted_sources(name), path)
    yield "%s headers" % name, differences(includes(tree, "ClInclude"), headers(folders), path)
    yield "%s resources" % name, differences(includes(tree, "ResourceCompile"), resources, path)
    bases = [os.path.basename(f).lower() for f in includes(tree, "ClCompile")]
    twice = sorted({b for b in bases if bases.count(b) > 1})
    yield "%s object names" % name, "two files would make the same object: " + ", ".join(twice) if twice else None
    missing = [f for tag in ("ResourceCompile", "ClInclude") for f in includes(tree, tag)
               if not os.path.isfile(os.path.join(TOP, f))]
    yield "%s files exist" % name, "not there: " + ", ".join(missing) if missing else None
    configurations = [e.get("Include") for e in tree.iter(NS + "ProjectConfiguration")]
    yield "%s configurations" % name, differences(configurations, ["Debug|x64", "Release|x64"], path)
    toolset = [e.text for e in tree.iter(NS + "PlatformToolset")]
    yield "%s toolset" % name, None if toolset == ["v143"] else "the toolset is %s, not v143" % toolset
    imported = [e.get("Project") for e in tree.iter(NS + "Import")]
    lacks = sorted({"common.props", "common.targets"} - set(imported))
    yield "%s imports" % name, "it does not import " + ", ".join(lacks) if lacks else None
    if name != "core":
        refers = [e.get("Include") for e in tree.iter(NS + "ProjectReference")]
        yield "%s reference" % name, differences(refers, ["core.vcxproj"], path)


def check_common():
    tree = ET.fromstring(read("src/msvc/common.props"))
    text = lambda tag: [e.text for e in tree.iter(NS + tag)]
    defines = set(cmake_words(r"target_compile_definitions\(project_flags INTERFACE ([^)]*UNICODE[^)]*)\)"))
    yield "defines", differences(set(values(tree, "PreprocessorDefinitions")) - ONLY_MSVC, defines - ONLY_MINGW,
                                 "common.props")
    folders = {w.replace("$(Top)", "").replace("\\", "/") for w in values(tree, "AdditionalIncludeDirectories")}
    lacks = sorted({"include", "res", "src/ui"} - folders)
    yield "include folders", "common.props lacks " + ", ".join(lacks) if lacks else None
    system = {w for w in cmake_words(r"target_link_libraries\((?:project_flags|cmms-backup)\b([^)]*)\)")
              if re.fullmatch(r"[a-z0-9_]+", w) and w not in ("cmms", "pthread", "m")}
    window = ET.fromstring(read(project_path("cmms-backup")))
    libraries = {w[:-4] for t in (tree, window) for w in values(t, "AdditionalDependencies")}
    lacks = sorted(system - libraries)
    yield "libraries", "the projects lack " + ", ".join(lacks) if lacks else None
    wanted = {"LanguageStandard_C": ["stdc17"], "WarningLevel": ["Level4"], "TreatWarningAsError": ["true"],
              "ControlFlowGuard": ["Guard"], "RandomizedBaseAddress": ["true"], "DataExecutionPrevention": ["true"],
              "RuntimeLibrary": ["MultiThreadedDebug", "MultiThreaded"],
              "ForcedIncludeFiles": ["$(Top)include\\banned.h"], "VcpkgTriplet": ["x64-windows-static"],
              "VcpkgEnableManifest": ["true"]}
    wrong = ["%s is %s" % (tag, text(tag)) for tag, value in wanted.items() if text(tag) != value]
    yield "settings", "; ".join(wrong) if wrong else None
    options = " ".join(text("AdditionalOptions")).split()
    lacks = [o for o in ("/utf-8", "/HIGHENTROPYVA", "/guard:cf", "/DEPENDENTLOADFLAG:0x800") if o not in options]
    yield "options", "common.props lacks " + ", ".join(lacks) if lacks else None


def check_solution():
    text = read("cmms-backup.sln")
    found = dict(re.findall(r'Project\("\{8BC9CEB8[^"]*"\) = "([^"]+)", "src\\msvc\\\1\.vcxproj", "(\{[^"]+\})"', text))
    yield "solution projects", differences(found, PROJECTS, "cmms-backup.sln")
    for name in PROJECTS:
        guid = re.search(r"<ProjectGuid>(.*?)</ProjectGuid>", read(project_path(name))).group(1)
        lacks = ["%s|x64.%s" % (c, k) for c in ("Debug", "Release") for k in ("ActiveCfg", "Build.0")
                 if "%s.%s|x64.%s = %s|x64" % (guid, c, k, c) not in text]
        yield "solution %s" % name, ("its GUID differs" if found.get(name) != guid else
                                     "the solution lacks " + ", ".join(lacks) if lacks else None)
    common = ["cmms-backup.sln", "src/msvc/common.props", "src/msvc/common.targets"]
    for path in common + [project_path(n) for n in PROJECTS]:
        content = read(path)
        bare = len(re.findall(r"(?<!\r)\n", content))
        yield "line ends %s" % path, "%d lines end in LF, Visual Studio's files have CRLF" % bare if bare else None


def check_vcpkg():
    manifest = json.loads(read("vcpkg.json"))
    names = [d if isinstance(d, str) else d["name"] for d in manifest["dependencies"]]
    wanted = ["cjson", "curl", "libpq", "lz4", "openssl", "zlib", "zstd"]
    yield "vcpkg libraries", differences(names, wanted, "vcpkg.json")
    version = re.search(r'^#define CMMS_VERSION "([^"]*)"', read("include/version.h"), re.M).group(1)
    yield "vcpkg version", differences([manifest["version"]], [version], "vcpkg.json's version")
    yield "vcpkg baseline", None if re.fullmatch("[0-9a-f]{40}", manifest["builtin-baseline"]) else "it is not a commit"


def main():
    if sys.argv[1:] == ["--write"]:
        write_projects()
    elif sys.argv[1:]:
        sys.exit(__doc__)
    failed = False
    checks = [check_sources, check_common, check_solution, check_vcpkg]
    checks += [lambda n=n: check_project(n) for n in PROJECTS]
    for check in checks:
        for name, problem in check():
            failed = failed or bool(problem)
            print("not ok %s: %s" % (name, problem) if problem else "ok %s" % name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
