"""The format of age (age-encryption.org/v1) once more, after its specification and without our code or a library: what
the program writes is read by it, and the other way round. Slow (about 200 KB a second), for small files.

    age_reference.py vectors         prints the vectors of tests/unit/cloud/age_vectors.h
"""
import base64
import hashlib
import hmac
import struct
import sys

CHUNK = 65536
VERSION = b"age-encryption.org/v1"
P = 2 ** 255 - 19


class Refused(Exception):
    """The file is not what the specification says, or the key is another."""


# --- the primitives ------------------------------------------------------------------------------------------

def x25519(scalar, point):
    """RFC 7748."""
    k = bytearray(scalar)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    n = int.from_bytes(k, "little")
    x1 = int.from_bytes(point, "little") % 2 ** 255 % P
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = n >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def public(scalar):
    return x25519(scalar, (9).to_bytes(32, "little"))


def chacha_block(key, counter, nonce):
    """RFC 8439."""
    start = struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce)
    s = list(start)

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = s[x] + s[y] & 0xffffffff
            s[z] ^= s[x]
            s[z] = (s[z] << turn | s[z] >> 32 - turn) & 0xffffffff
    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)
    return struct.pack("<16I", *((a + b) & 0xffffffff for a, b in zip(s, start)))


def chacha(key, nonce, data):
    stream = b"".join(chacha_block(key, 1 + i, nonce) for i in range((len(data) + 63) // 64))
    return bytes(a ^ b for a, b in zip(data, stream))


def tag(key, nonce, sealed):
    one = chacha_block(key, 0, nonce)
    r = int.from_bytes(one[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    text = sealed + bytes(-len(sealed) % 16) + struct.pack("<QQ", 0, len(sealed))
    total = 0
    for at in range(0, len(text), 16):
        total = (total + int.from_bytes(text[at:at + 16] + b"\1", "little")) * r % (2 ** 130 - 5)
    return ((total + int.from_bytes(one[16:32], "little")) % 2 ** 128).to_bytes(16, "little")


def seal(key, nonce, plain):
    sealed = chacha(key, nonce, plain)
    return sealed + tag(key, nonce, sealed)


def unseal(key, nonce, sealed):
    if len(sealed) < 16 or tag(key, nonce, sealed[:-16]) != sealed[-16:]:
        raise Refused("a tag does not fit")
    return chacha(key, nonce, sealed[:-16])


def hkdf(secret, salt, info):
    pseudo = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(pseudo, info + b"\1", hashlib.sha256).digest()


def scrypt(passphrase, salt, work):
    return hashlib.scrypt(passphrase, salt=VERSION + b"/scrypt" + salt, n=1 << work, r=8, p=1, dklen=32,
                          maxmem=256 << work + 3)


# --- keys ----------------------------------------------------------------------------------------------------

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def checksum(prefix, values):
    total = 1
    for value in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + values:
        top = total >> 25
        total = (total & 0x1ffffff) << 5 ^ value
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
            total ^= g if top >> i & 1 else 0
    return total


def bech32(prefix, data):
    bits = "".join("{:08b}".format(b) for b in data)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    end = checksum(prefix, values + [0] * 6) ^ 1
    return prefix + "1" + "".join(LETTERS[v] for v in values + [end >> 5 * (5 - i) & 31 for i in range(6)])


def bech32_data(text):
    prefix, _, data = text.lower().rpartition("1")
    values = [LETTERS.index(c) for c in data]
    if checksum(prefix, values) != 1:
        raise Refused("a key is mistyped")
    bits = "".join("{:05b}".format(v) for v in values[:-6])
    return prefix, bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits) - 7, 8))


def recipient_of(scalar):
    return bech32("age", public(scalar))


def identity_of(scalar):
    return bech32("age-secret-key-", scalar).upper()


# --- the file ------------------------------------------------------------------------------------------------

def raw64(data):
    return base64.b64encode(data).rstrip(b"=")


def unraw64(text):
    data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    if raw64(data) != text:
        raise Refused("base64 in another form")
    return data


def x25519_stanza(file_key, recipient, ephemeral):
    point = bech32_data(recipient)[1]
    share = public(ephemeral)
    key = hkdf(x25519(ephemeral, point), share + point, VERSION + b"/X25519")
    return b"-> X25519 " + raw64(share) + b"\n" + raw64(seal(key, bytes(12), file_key)) + b"\n"


def scrypt_stanza(file_key, passphrase, salt, work):
    key = scrypt(passphrase, salt, work)
    return b"-> scrypt %s %d\n" % (raw64(salt), work) + raw64(seal(key, bytes(12), file_key)) + b"\n"


def header(file_key, stanzas):
    text = VERSION + b"\n" + b"".join(stanzas) + b"---"
    return text + b" " + raw64(hmac.new(hkdf(file_key, b"", b"header"), text, hashlib.sha256).digest()) + b"\n"


def payload(file_key, nonce, plain):
    key = hkdf(file_key, nonce, b"payload")
    chunks = [plain[i:i + CHUNK] for i in range(0, len(plain), CHUNK)] or [b""]
    return nonce + b"".join(seal(key, i.to_bytes(11, "big") + bytes([i == len(chunks) - 1]), chunk)
                            for i, chunk in enumerate(chunks))


def decrypt(data, identity=None, passphrase=None):
    """The content. identity: "AGE-SECRET-KEY-1…"; passphrase: bytes."""
    lines, at, found = [], 0, None
    while not lines or not lines[-1].startswith(b"---"):
        end = data.index(b"\n", at)
        lines.append(data[at:end])
        at = end + 1
    if lines[0] != VERSION:
        raise Refused("another version")
    for number, line in enumerate(lines):
        arguments = line.split(b" ")
        if arguments[:2] == [b"->", b"X25519"] and identity:
            scalar, share = bech32_data(identity)[1], unraw64(arguments[2])
            key = hkdf(x25519(scalar, share), share + public(scalar), VERSION + b"/X25519")
        elif arguments[:2] == [b"->", b"scrypt"] and passphrase:
            key = scrypt(passphrase, unraw64(arguments[2]), int(arguments[3]))
        else:
            continue
        try:
            found = unseal(key, bytes(12), unraw64(lines[number + 1]))
        except Refused:
            pass
    if found is None:
        raise Refused("the key is another")
    signed = b"\n".join(lines)[:-len(lines[-1]) + 3]
    if raw64(hmac.new(hkdf(found, b"", b"header"), signed, hashlib.sha256).digest()) != lines[-1][4:]:
        raise Refused("the header was changed")
    key = hkdf(found, data[at:at + 16], b"payload")
    body, content = data[at + 16:], []
    for i in range(max(1, -(-len(body) // (CHUNK + 16)))):
        chunk = body[i * (CHUNK + 16):(i + 1) * (CHUNK + 16)]
        last = (i + 1) * (CHUNK + 16) >= len(body)
        content.append(unseal(key, i.to_bytes(11, "big") + bytes([last]), chunk))
    return b"".join(content)


# --- the vectors of the unit tests ---------------------------------------------------------------------------

def vectors():
    scalar, other, file_key = bytes(range(1, 33)), bytes(range(33, 65)), b"YELLOW SUBMARINE"
    recipient, nonce, text = recipient_of(scalar), bytes(range(16)), b"a backup"
    x = x25519_stanza(file_key, recipient, b"e" * 32)
    foreign = x25519_stanza(file_key, recipient_of(other), b"f" * 32)
    words = scrypt_stanza(file_key, b"correct horse", b"s" * 16, 2)
    grease = b"-> grease !\"#$%&' ()*+,-./ 0\n\n"
    full = b"-> full\n" + b"A" * 64 + b"\n\n"
    good = header(file_key, [x])
    mac = good[-44:]
    body = payload(file_key, nonce, text)
    share = x.split()[2]

    def wrapped(key):
        """A stanza around a file key of another length."""
        point, shared = bech32_data(recipient)[1], b"e" * 32
        wrapping = hkdf(x25519(shared, point), public(shared) + point, VERSION + b"/X25519")
        return b"-> X25519 " + share + b"\n" + raw64(seal(wrapping, bytes(12), key)) + b"\n"

    def signed(*stanzas):
        return header(file_key, list(stanzas))
    # Name, what comes of it, the file: 'ok', 'foreign' (no age file), 'damaged' (the header), 'refused' (the key),
    # 'content' (the content).
    return [
        ("x25519", "ok", good + body),
        ("x25519, empty content", "ok", good + payload(file_key, nonce, b"")),
        ("scrypt", "ok", signed(words) + body),
        ("for two keys, the first of somebody else", "ok", signed(foreign, x) + body),
        ("a stanza that nobody knows", "ok", signed(grease, x) + body),
        ("a body of a full line and an empty one", "ok", signed(full, x) + body),
        ("for somebody else", "refused", signed(foreign) + body),
        ("for nobody that is known", "refused", signed(grease) + body),
        ("nothing", "foreign", b""),
        ("the next version", "foreign", good.replace(b"/v1", b"/v2") + body),
        ("an armored one", "foreign", b"-----BEGIN AGE ENCRYPTED FILE-----\n"),
        ("CR behind the version", "foreign", good.replace(b"/v1\n", b"/v1\r\n") + body),
        ("no stanza", "damaged", signed() + body),
        ("it ends in the header", "damaged", good[:60]),
        ("no line end behind the MAC", "damaged", good[:-1]),
        ("the MAC is of another header", "damaged", good[:-44] + raw64(b"m" * 32) + b"\n" + body),
        ("a MAC of 31 bytes", "damaged", good[:-44] + raw64(b"m" * 31) + b"\n" + body),
        ("no MAC", "damaged", good[:-45] + b"\n" + body),
        ("two spaces before the MAC", "damaged", good[:-44] + b" " + mac + body),
        ("a space behind the MAC", "damaged", good[:-1] + b" \n" + body),
        ("a MAC in another form", "damaged", good[:-2] + bytes([good[-2] + 1]) + b"\n" + body),
        ("the stanza was added later", "damaged", VERSION + b"\n" + grease + good[len(VERSION) + 1:] + body),
        ("= behind a body", "damaged", signed(x[:-1] + b"=\n") + body),
        ("a body in another form", "damaged", signed(x[:-2] + bytes([x[-2] + 1]) + b"\n") + body),
        ("a body of one character more", "damaged", signed(x[:-1] + b"AA\n") + body),
        ("a full line of a body and no more", "damaged", signed(full[:-1], x) + body),
        ("a line of 68 in a body", "damaged", signed(b"-> full\n" + b"A" * 68 + b"\n", x) + body),
        ("CR in a body", "damaged", signed(x[:-1] + b"\r\n") + body),
        ("a stanza without a kind", "damaged", signed(b"-> \n\n", x) + body),
        ("two spaces in a stanza", "damaged", signed(b"-> a  b\n\n", x) + body),
        ("a space behind a stanza", "damaged", signed(b"-> a \n\n", x) + body),
        ("a letter that is none in a stanza", "damaged", signed(b"-> a\x7f\n\n", x) + body),
        ("a NUL in a stanza", "damaged", signed(b"-> a\0\n\n", x) + body),
        ("no body", "damaged", signed(b"-> a\n", x) + body),
        ("X25519 with one argument more", "damaged", signed(x.replace(b"X25519 " + share, b"X25519 " + share + b" 1"))
         + body),
        ("X25519 without its share", "damaged", signed(x.replace(b" " + share, b"")) + body),
        ("x25519 in small letters is another kind", "refused", signed(x.replace(b"X25519", b"x25519")) + body),
        ("a share of 31 bytes", "damaged", signed(x.replace(share, raw64(b"s" * 31))) + body),
        ("a share in another form", "damaged", signed(x.replace(share, share[:-1] + bytes([share[-1] + 1]))) + body),
        ("a share that is no secret", "damaged", signed(x.replace(share, raw64(bytes(32)))) + body),
        ("a file key of 17 bytes", "damaged", signed(wrapped(file_key + b"!")) + body),
        ("a file key that was changed", "refused",
         signed(x.split(b"\n")[0] + b"\n" + raw64(b"k" * 32) + b"\n") + body),
        ("scrypt beside another", "damaged", signed(words, x) + body),
        ("scrypt behind another", "damaged", signed(x, words) + body),
        ("scrypt twice", "damaged", signed(words, words) + body),
        ("scrypt, one argument more", "damaged", signed(words.replace(b" 2\n", b" 2 2\n")) + body),
        ("scrypt, a salt of 15 bytes", "damaged", signed(words.replace(raw64(b"s" * 16), raw64(b"s" * 15))) + body),
        ("scrypt, 2^21", "damaged", signed(words.replace(b" 2\n", b" 21\n")) + body),
        ("scrypt, 2^64", "damaged", signed(words.replace(b" 2\n", b" 64\n")) + body),
        ("scrypt, 2^02", "damaged", signed(words.replace(b" 2\n", b" 02\n")) + body),
        ("scrypt, 2^+2", "damaged", signed(words.replace(b" 2\n", b" +2\n")) + body),
        ("scrypt, 2^-2", "damaged", signed(words.replace(b" 2\n", b" -2\n")) + body),
        ("scrypt, 2^0", "damaged", signed(words.replace(b" 2\n", b" 0\n")) + body),
        ("scrypt, 2^2x", "damaged", signed(words.replace(b" 2\n", b" 2x\n")) + body),
        ("scrypt, another passphrase", "refused", signed(scrypt_stanza(file_key, b"battery", b"s" * 16, 2)) + body),
        ("no nonce", "content", good),
        ("half a nonce", "content", good + nonce[:8]),
        ("no chunk", "content", good + nonce),
        ("half a tag", "content", good + body[:24]),
        ("a flipped bit", "content", good + body[:-1] + bytes([body[-1] ^ 1])),
        ("a byte behind its end", "content", good + body + b"x"),
        ("the last chunk is not marked so", "content",
         good + nonce + seal(hkdf(file_key, nonce, b"payload"), bytes(12), text)),
    ]


def literals(data):
    """C's strings of the bytes, no line over 120 columns."""
    lines = [""]
    for b in data:
        text = chr(b) if 32 <= b < 127 and b not in b'"\\?' else "\\%03o" % b
        lines[-1:] = [lines[-1] + text] if len(lines[-1]) < 105 else [lines[-1], text]
    return ["\"%s\"" % line for line in lines]


def main():
    for name, outcome, data in vectors():
        print('    {"%s", "%s", %d,\n     %s},' % (name, outcome, len(data), "\n     ".join(literals(data))))


if __name__ == "__main__":
    if sys.argv[1:] != ["vectors"]:
        sys.exit(__doc__)
    main()
