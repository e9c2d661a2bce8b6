#!/usr/bin/env python3
"""Makes tests/fuzz/corpus/join of the real archives in tests/fuzz/corpus/archive: the same ones, as pg_dump -Ft makes
them. Run by hand; what it made is kept.  tests/fuzz/make_join_corpus.py"""
import gzip
import os

HERE = os.path.dirname(os.path.abspath(__file__))
INT, OFFSET = 4, 8


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def int(self):
        sign, value = self.take(1)[0], int.from_bytes(self.take(INT), "little")
        return -value if sign else value

    def text(self):
        length = self.int()
        return None if length < 0 else self.take(length)


def put_int(value):
    return bytes([value < 0]) + abs(value).to_bytes(INT, "little")


def chunks(reader):
    data = b""
    while True:
        length = reader.int()
        if length == 0:
            return data
        data += reader.take(length)


def parts_of(data):
    """The table of contents and the files of an archive of the custom format that is not compressed."""
    reader, files = Reader(data), []
    head = reader.take(12)
    minor = head[6]
    assert head[:5] == b"PGDMP" and minor >= 15 and head[8:12] == bytes([INT, OFFSET, 1, 0]), head
    for _ in range(7):
        reader.int()
    for _ in range(3):
        reader.text()
    count, toc, done = reader.int(), b"", 0
    objects = set()
    for _ in range(count):
        number, has_data = reader.int(), reader.int()
        reader.text(), reader.text(), reader.text()
        desc = reader.text()
        reader.int()
        for _ in range(6):
            reader.text()
        if minor >= 16:
            reader.int()
        reader.text(), reader.text()
        while reader.text() is not None:
            pass
        name = b""
        if has_data and desc == b"BLOBS":
            name = b"blobs_%d.toc" % number
            objects.add(number)
        elif has_data:
            name = b"%d.dat" % number
        toc += data[done:reader.at] + put_int(len(name)) + name
        reader.take(1 + OFFSET)
        done = reader.at
    while reader.at < len(data):
        reader.take(1)
        number = reader.int()
        if number not in objects:
            files.append(("%d.dat" % number, chunks(reader)))
            continue
        lines = b""
        while True:
            oid = reader.int()
            if oid == 0:
                break
            oid &= 0xffffffff
            files.append(("blob_%d.dat" % oid, chunks(reader)))
            lines += b"%d blob_%d.dat\n" % (oid, oid)
        files.append(("blobs_%d.toc" % number if minor >= 16 else "blobs.toc", lines))
    return [("toc.dat", toc[:10] + b"\3" + toc[11:])] + files


def member(name, data):
    head = bytearray(512)
    for at, text in ((0, name), (100, "0000600 "), (108, "0004000 "), (116, "0002000 "), (124, "%011o " % len(data)),
                     (136, "00000000000 "), (148, " " * 8), (156, "0"), (257, "ustar\00000"), (265, "postgres")):
        head[at:at + len(text)] = text.encode()
    head[148:156] = ("%06o\0 " % sum(head)).encode()
    return bytes(head) + data + b"\0" * (-len(data) % 512)


def tar(parts):
    return b"".join(member(*part) for part in parts + [("restore.sql", b"-- restored by psql\n")]) + b"\0" * 1024


def main():
    out = os.path.join(HERE, "corpus", "join")
    os.makedirs(out, exist_ok=True)
    for word in ("pg17", "pg18"):
        for kind in ("tables", "objects", "inserts", "schema"):
            with open(os.path.join(HERE, "corpus", "archive", "%s-none-%s.backup" % (word, kind)), "rb") as f:
                parts = parts_of(f.read())
            with open(os.path.join(out, "%s-%s.tar" % (word, kind)), "wb") as f:
                f.write(tar(parts))
            if kind == "objects":
                packed = [(n, d) if n == "toc.dat" else (n + ".gz", gzip.compress(d, mtime=0)) for n, d in parts]
                with open(os.path.join(out, "%s-packed.tar" % word), "wb") as f:
                    f.write(tar(packed))
    whole = tar(parts_of(open(os.path.join(HERE, "corpus", "archive", "pg18-none-objects.backup"), "rb").read()))
    link = bytearray(member("5.dat", b""))
    link[156:157] = b"2"
    link[148:156] = b" " * 8
    link[148:156] = ("%06o\0 " % sum(link)).encode()
    for name, data in (("cut", whole[:len(whole) // 2]), ("link", whole[:-1024] + bytes(link) + b"\0" * 1024),
                       ("path", whole[:-1024] + member("../x", b"x") + b"\0" * 1024), ("empty", b"\0" * 1024)):
        with open(os.path.join(out, name + ".tar"), "wb") as f:
            f.write(data)


main()
