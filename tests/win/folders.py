"""Backup folders for the window's tests and pictures: files of any size that take no room, and manifests that fit
them. Nobody reads these backups; the list shows what their manifests say.

On its own: folders.py several|many FOLDER.
"""
import datetime
import json
import os
import sys


def add(folder, made, size, level="verified", seconds=4.5, **more):
    """A backup made at that time (with a zone), with its manifest."""
    name = made.astimezone().strftime("cmms_backup_%Y%m%d_%H%M%S.backup")
    moment = made.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    manifest = {"format": 1, "file": name, "bytes": size, "sha256": "0" * 64, "quickxor": None, "level": level,
                "started": moment, "finished": moment, "seconds": seconds, "listed_at": moment, "verified_at": None,
                "proven_at": None, "database": "cmms_sample", "host": "127.0.0.1", "user": "manager",
                "computer": "OFFICE", "server_version": "18.0",
                "tool_version": "18.0", "archive_version": "1.16", "compression": "zstd", "program_version": "1.0",
                "tables": [], "warnings": []}
    if level in ("verified", "proven"):
        manifest["verified_at"] = moment
    if level == "proven":
        manifest["proven_at"] = moment
    manifest.update(more)
    with open(os.path.join(folder, name), "wb") as f:
        f.truncate(size)
    with open(os.path.join(folder, name + ".manifest.json"), "w", encoding="utf-8") as f:
        json.dump(manifest, f)
    return name


def several(folder, **whose):
    """Three weeks of a database that grows: most verified, one proven and pinned, one only listed, one exported. whose:
    what their manifests say of the database."""
    os.makedirs(folder, exist_ok=True)
    now = datetime.datetime.now().astimezone().replace(hour=2, minute=0, second=0, microsecond=0)
    exported = None
    for days in range(21, 0, -1):
        made = now - datetime.timedelta(days=days)
        size = 28500000 + (21 - days) * 260000 + days * days % 7 * 70000
        level = "proven" if days == 8 else "listed" if days == 13 else "verified"
        more = {"pinned": True, "pin_reason": "before the upgrade"} if days == 8 else {}
        name = add(folder, made, size, level, 4 + (21 - days) * 0.11 + days % 3 * 0.4, **more, **whose)
        exported = name if days == 3 else exported
    with open(os.path.join(folder, "backup_log.json"), "w", encoding="utf-8") as f:
        json.dump([{"timestamp": now.strftime("%Y-%m-%d %H:%M:%S"), "backup_file": exported, "status": "success",
                    "message": "Exported to E:\\Safe", "file_size": os.path.getsize(os.path.join(folder, exported)),
                    "operation": "export"}], f)


def many(folder):
    """10,000 files; every twentieth has a manifest."""
    os.makedirs(folder, exist_ok=True)
    first = datetime.datetime(2000, 1, 1, 0, 0, 0).astimezone()
    for n in range(10000):
        made = first + datetime.timedelta(hours=n)
        if n % 20 == 0:
            add(folder, made, 1000 + n)
        else:
            name = made.astimezone().strftime("cmms_backup_%Y%m%d_%H%M%S.backup")
            with open(os.path.join(folder, name), "wb") as f:
                f.write(b"x")


if __name__ == "__main__":
    {"several": several, "many": many}[sys.argv[1]](sys.argv[2])
