"""An OpenPGP key and detached signatures (RFC 9580, version 4, RSA), as an archive has them: there is no GnuPG in the
root, and APT's own verifier wants the real thing. RSA itself is done by openssl."""
import base64
import hashlib
import os
import struct
import subprocess
import time


def _packet(tag, body):
    return bytes([0xC0 | tag, 255]) + struct.pack(">I", len(body)) + body


def _mpi(number):
    return struct.pack(">H", number.bit_length()) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _armor(data):
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc = (crc << 1) ^ 0x1864CFB if crc & 0x800000 else crc << 1
    text = base64.b64encode(data).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PGP SIGNATURE-----", ""] + lines + [
        "=" + base64.b64encode(crc.to_bytes(3, "big")).decode(), "-----END PGP SIGNATURE-----", ""])


class Signer:
    """Its public key is in the file `keyring`."""

    def __init__(self, folder):
        self.key, self.keyring = os.path.join(folder, "key.pem"), os.path.join(folder, "keyring.gpg")
        self.born = int(time.time()) - 86400
        subprocess.run(["openssl", "genrsa", "-out", self.key, "3072"], check=True, stderr=subprocess.DEVNULL)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        numbers = _mpi(int(modulus.split("=")[1], 16)) + _mpi(65537)
        public = bytes([4]) + struct.pack(">I", self.born) + bytes([1]) + numbers
        prefixed = b"\x99" + struct.pack(">H", len(public)) + public
        self.fingerprint = hashlib.sha1(prefixed).digest()
        name = b"A mirror of the tests <n@example.org>"
        bound = prefixed + b"\xb4" + struct.pack(">I", len(name)) + name
        with open(self.keyring, "wb") as f:
            f.write(_packet(6, public) + _packet(13, name) + self._signature(0x13, bound, b"\x02\x1b\x03"))

    def _signature(self, kind, data, more=b""):
        hashed = b"\x05\x02" + struct.pack(">I", self.born + 60) + b"\x16\x21\x04" + self.fingerprint + more
        head = bytes([4, kind, 1, 10]) + struct.pack(">H", len(hashed)) + hashed
        data += head + b"\x04\xff" + struct.pack(">I", len(head))
        value = subprocess.run(["openssl", "dgst", "-sha512", "-sign", self.key], input=data, check=True,
                               stdout=subprocess.PIPE).stdout
        return _packet(2, head + struct.pack(">H", 10) + b"\x09\x10" + self.fingerprint[-8:] +
                       hashlib.sha512(data).digest()[:2] + _mpi(int.from_bytes(value, "big")))

    def detached(self, data):
        """The text of a file Release.gpg for the bytes of a file Release."""
        return _armor(self._signature(0, data)).encode()
