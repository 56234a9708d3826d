"""A second reader of bundles, written from docs/format.md alone.

Makes a bundle with the `palier` command (PALIER_BIN), or takes one as argument, and
checks every hash link and every signature in it with nothing but BLAKE3 and ed25519.
Then it finds the open texts: what everyone may read.

    python tests/second_reader/bundle.py [FILE]
"""

import json
import os
import subprocess
import sys
import tempfile
import zlib

from blake3 import blake3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ZERO = bytes(32)
CLASSES = ["charter", "identity", "ledger", "object", "open", "ticket", "sealed"]


class Reader:
    """Postcard: section 1."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise ValueError("cut short")
        self.at += count
        return piece

    def uint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if byte == 0 and shift > 7:
                    raise ValueError("overlong varint")
                return value

    def int(self):
        value = self.uint()
        return (value >> 1) ^ -(value & 1)

    def u8(self):
        return self.take(1)[0]

    def bool(self):
        return {0: False, 1: True}[self.u8()]

    def hash(self):
        return self.take(32)

    def bytes(self):
        return self.take(self.uint())

    def text(self):
        return self.bytes().decode("utf-8")

    def option(self, read):
        return read() if self.bool() else None

    def sequence(self, read):
        return [read() for _ in range(self.uint())]

    def is_over(self):
        return self.at == len(self.data)


def uint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def digest(data):
    return blake3(data).digest()


def descriptor(read):
    start = read.at
    hood, kind = read.hash(), CLASSES[read.uint()]
    owner = read.uint()
    owner = (owner, read.hash() if owner else None)
    period = read.uint()
    if period == 1:
        read.take(16)
    elif period == 2:
        read.int()
    elif period == 3:
        read.int(), read.u8()
    return {"hood": hood, "class": kind, "owner": owner, "id": digest(read.data[start : read.at])}


def reference(read):
    return read.hash(), read.hash(), read.uint(), read.hash()


def log_start(payload):
    read = Reader(payload)
    start = {"descriptor": descriptor(read), "device": read.hash(), "incarnation": read.uint()}
    start["act"] = read.hash()
    start["continues"] = read.option(lambda: reference(read))
    start["certificate"] = read.option(
        lambda: (read.hash(), read.hash(), read.hash(), read.take(64))
    )
    assert read.is_over()
    return start


def run(data):
    """Section 4: consecutive entries of one log, headers rebuilt."""
    assert data[0] == 1, "version of a run"
    body = data[2:] if data[1] == 0 else zlib.decompress(data[2:], -15)
    read = Reader(body)
    log, seq, previous = read.hash(), read.uint(), read.hash()
    items = read.sequence(
        lambda: (
            read.sequence(read.hash),
            read.uint(),
            read.bytes(),
            read.option(lambda: read.take(64)),
        )
    )
    assert read.is_over() and items
    entries = []
    for causes, kind, payload, signature in items:
        header = b"\x01" + log + uint(seq) + previous + uint(len(causes)) + b"".join(causes)
        header += uint(kind) + uint(len(payload)) + digest(payload)
        previous = digest(header)
        if seq == 0:
            log = previous
        entry = {"hash": previous, "log": log, "seq": seq, "kind": kind}
        entries.append({**entry, "causes": causes, "payload": payload, "signature": signature})
        seq += 1
    return entries


def sections(data):
    """Section 5."""
    assert data[:8] == b"PALIERB1"
    at = 8
    length = int.from_bytes(data[at : at + 4], "little")
    head, at = data[at + 4 : at + 4 + length], at + 4 + length
    runs, count = [], 0
    while True:
        kind, length = data[at], int.from_bytes(data[at + 1 : at + 5], "little")
        body, at = data[at + 5 : at + 5 + length], at + 5 + length
        if kind == 0:
            assert int.from_bytes(body, "little") == count and at == len(data)
            return head, runs
        count += 1
        if kind == 1:
            runs.append(body)


def verify(device, message, signature):
    Ed25519PublicKey.from_public_bytes(device).verify(signature, message)


def change_texts(payload):
    """Section 8: the strings and texts that a change writes."""
    read = Reader(payload)
    read.int(), read.uint()
    read.sequence(read.hash)

    def ref():
        read.uint(), read.uint()

    def either():
        if read.uint():
            ref()

    def over():
        read.sequence(ref)

    def value():
        kind = read.uint()
        return {
            0: lambda: None,
            1: read.bool,
            2: read.int,
            3: read.text,
            4: read.bytes,
            5: read.int,
        }.get(kind, lambda: None)()

    texts = []

    def keep(it):
        if isinstance(it, str):
            texts.append(it)

    def operation():
        kind = read.uint()
        either()
        if kind == 0:
            read.text(), keep(value()), over()
        elif kind == 1:
            read.text(), over()
        elif kind == 2:
            read.text(), read.int(), over()
        elif kind == 3:
            either(), keep(value())
        elif kind == 4:
            ref(), keep(value()), over()
        elif kind == 5:
            ref(), read.int(), over()
        elif kind == 6:
            ref(), over()
        elif kind == 7:
            ref(), read.uint()
        elif kind == 8:
            either(), keep(read.text())
        else:
            raise ValueError("operation")

    read.sequence(operation)
    assert read.is_over()
    return texts


def read_bundle(data):
    head, runs = sections(data)
    head = Reader(head)
    hood, root_log, root_act = head.hash(), head.hash(), head.hash()
    logs, held, texts, signatures = {}, {}, [], 0
    for body in runs:
        entries = run(body)
        assert entries[-1]["signature"], "the last entry of a run is signed"
        for entry in entries:
            if entry["seq"] == 0:
                logs[entry["log"]] = log_start(entry["payload"])
            start = logs[entry["log"]]
            assert start["descriptor"]["hood"] == hood
            if entry["signature"]:
                verify(start["device"], b"palier entry v1" + entry["hash"], entry["signature"])
                signatures += 1
            held[entry["hash"]] = entry
            certificate = start["certificate"]
            if entry["seq"] == 0 and certificate:
                member, agreement, recovery, signature = certificate
                signed = b"palier device v1" + start["device"] + agreement + recovery
                verify(member, signed, signature)
            if entry["kind"] == 1:
                texts += change_texts(entry["payload"])
            if entry["kind"] == 0x55:
                place = Reader(entry["payload"])
                place.int()
                texts.append(place.text())
    assert held[root_act]["log"] == root_log and held[root_act]["kind"] == 0x10
    for entry in held.values():
        for cause in entry["causes"]:
            same = logs[held[cause]["log"]]["descriptor"]["id"]
            assert same == logs[entry["log"]]["descriptor"]["id"], "causes stay in their document"
    return {"entries": len(held), "logs": len(logs), "signatures": signatures, "texts": texts}


def make(folder):
    """A small neighbourhood, exported by the product itself."""
    home, file = os.path.join(folder, "home"), os.path.join(folder, "it.palier")
    environment = {**os.environ, "PALIER_STATE": os.path.join(folder, "state")}

    def palier(*words):
        command = [os.environ["PALIER_BIN"], "--home", home, "--offline", "--json", *words]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        return json.loads(done.stdout)

    palier("init", "--name", "Anna")
    palier("hood", "found", "Les Érables")
    palier("listing", "add", "tool", "--title", "Échelle de 3 m", "--text", "Au sous-sol")
    palier("bundle", "export", file)
    return file


def main():
    with tempfile.TemporaryDirectory() as folder:
        made = len(sys.argv) < 2
        with open(make(folder) if made else sys.argv[1], "rb") as file:
            data = file.read()
    found = read_bundle(data)
    print(json.dumps(found, ensure_ascii=False))
    if not made:
        return
    for text in ["Échelle de 3 m", "Au sous-sol", "Les Érables", "Anna"]:
        assert text in found["texts"], text
    # A reader that cannot fail is none: every flipped byte of a run must be noticed.
    head, runs = sections(data)
    at = data.index(runs[0])
    for place in range(at, at + len(runs[0]), 7):
        bad = bytearray(data)
        bad[place] ^= 1
        try:
            read_bundle(bytes(bad))
        except (AssertionError, ValueError, KeyError, IndexError, zlib.error, InvalidSignature):
            continue
        raise SystemExit(f"a flipped byte at {place} was not noticed")


if __name__ == "__main__":
    main()
