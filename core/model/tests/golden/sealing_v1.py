#!/usr/bin/env python3
"""A second reader of keys, seals, epochs and device links, written from
docs/format.md alone. Checks the golden bytes beside it.

Needs: pip install blake3 cryptography. BIP39 lists: pip install mnemonic.
"""

import base64
import hashlib
import hmac
import pathlib
import struct
import unicodedata

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from mnemonic import Mnemonic

BUCKETS = [128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65440]

GOLDEN = dict(
    line.split(" = ", 1)
    for line in (pathlib.Path(__file__).parent / "sealing-v1.txt").read_text("utf-8").splitlines()
)


def golden(name):
    return bytes.fromhex(GOLDEN[name])


def digest(x):
    return blake3(x).digest()


def keyed(key, *parts):
    return blake3(b"".join(parts), key=key).digest()


def derive(context, x):
    return blake3(x, derive_key_context=context).digest()


def unseal(key, ad, sealed):
    return ChaCha20Poly1305(key).decrypt(bytes(12), sealed, ad)


def ed_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def x_public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def x25519(secret, public):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def verify(public, signature, *parts):
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"".join(parts))


def extract(salt, ikm):
    return hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()


def expand(prk, info, length):
    out, block, n = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([n]), hashlib.sha256).digest()
        out, n = out + block, n + 1
    return out[:length]


def hpke_open(secret, enc, ciphertext, info):
    """RFC 9180, mode Base, X25519-HKDF-SHA256, HKDF-SHA256, ChaCha20Poly1305."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"

    def lextract(suite_id, salt, label, ikm):
        return extract(salt, b"HPKE-v1" + suite_id + label + ikm)

    def lexpand(suite_id, prk, label, info, length):
        return expand(prk, struct.pack(">H", length) + b"HPKE-v1" + suite_id + label + info, length)

    dh = x25519(secret, enc)
    prk = lextract(kem, b"", b"eae_prk", dh)
    shared = lexpand(kem, prk, b"shared_secret", enc + x_public(secret), 32)
    context = b"\x00" + lextract(suite, b"", b"psk_id_hash", b"") + lextract(suite, b"", b"info_hash", info)
    prk = lextract(suite, shared, b"secret", b"")
    key = lexpand(suite, prk, b"key", context, 32)
    nonce = lexpand(suite, prk, b"base_nonce", context, 12)
    return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, b"")


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        assert self.at + n <= len(self.data)
        self.at += n
        return self.data[self.at - n : self.at]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sequence(self, element):
        return [element() for _ in range(self.varint())]

    def bytes(self):
        return self.take(self.varint())

    def end(self):
        assert self.at == len(self.data)


def check_keys():
    entropy = golden("phrase.entropy")
    for language in ["english", "french"]:
        words = unicodedata.normalize("NFKD", GOLDEN[f"phrase.{language}"])
        assert bytes(Mnemonic(language).to_entropy(words)) == entropy
    prk = extract(b"palier phrase v1", entropy)
    seed = expand(prk, b"palier member signing v1", 32)
    recovery = expand(prk, b"palier member recovery v1", 32)
    assert seed == golden("member.seed") and ed_public(seed) == golden("member.id")
    assert recovery == golden("member.recovery_secret")
    assert x_public(recovery) == golden("member.recovery_public")
    stored = golden("device.stored")
    assert stored[0] == 1 and len(stored) == 65
    assert ed_public(stored[1:33]) == golden("device.id")
    assert x_public(stored[33:]) == golden("device.agreement")
    verify(
        golden("member.id"), golden("certificate.signature"),
        b"palier device v1", golden("device.id"), golden("device.agreement"), x_public(recovery),
    )
    verify(
        golden("member.id"), golden("act.signature"),
        b"palier phrase act v1", golden("act.hood"), struct.pack("<H", 0x31), digest(golden("act.unsigned")),
    )
    opened = hpke_open(
        golden("envelope.secret"), golden("envelope.enc"), golden("envelope.ciphertext"), golden("envelope.info")
    )
    assert opened == golden("envelope.message")


def check_seals():
    w, r = golden("pair.writer_secret"), golden("pair.reader_secret")
    writer, reader = x_public(w), x_public(r)
    assert (writer, reader) == (golden("pair.writer_public"), golden("pair.reader_public"))
    p = derive("palier grant v1", x25519(r, writer) + writer + reader)
    grant, core, log = golden("grant.payload"), golden("grant.core"), golden("grant.log")
    i = struct.pack("<Q", int(GOLDEN["grant.earlier"]))
    assert len(grant) == 112
    tag, salt, sealed = grant[:16], grant[16:48], grant[48:]
    assert tag == keyed(p, b"tag", log, i)[:16]
    plain = unseal(keyed(p, b"wrap", log, i, salt), core + tag + salt, sealed)
    key_tag, deal = plain[:16], plain[16:]
    assert deal == golden("deal.key")
    assert key_tag == derive("palier key tag v1", deal)[:16] == golden("deal.tag")

    payload, core = golden("record.payload"), golden("record.core")
    assert len(payload) - 96 in BUCKETS
    tag, salt, c, sealed = payload[:16], payload[16:48], payload[48:80], payload[80:]
    assert tag == key_tag
    k = keyed(deal, b"k", salt, digest(core))
    assert k == golden("record.key")
    assert c == keyed(k, b"commit", salt, digest(core))
    padded = unseal(k, core + tag + salt + c, sealed)
    (length,) = struct.unpack("<I", padded[:4])
    assert min(b for b in BUCKETS if b >= length + 4) == len(padded)
    assert padded[4 : 4 + length] == golden("record.plaintext") and not any(padded[4 + length :])


def check_epoch():
    hood, member = golden("act.hood"), golden("member.id")
    payload = golden("epoch.payload")
    read = Reader(payload)
    zigzag = read.varint()
    assert (zigzag >> 1) ^ -(zigzag & 1) == 1_767_225_600_000
    assert read.varint() == 0  # no refs
    assert read.varint() == 1  # charter version
    public = read.take(32)
    predecessors = read.sequence(lambda: read.take(32))
    devices = read.sequence(lambda: (read.take(32), read.take(32), read.take(48)))
    enc, sealed = read.take(32), read.take(48)
    salt, earlier = read.take(32), read.bytes()
    unsigned = payload[: read.at] + b"\x00"
    assert read.take(1) == b"\x01"
    signature = read.take(64)
    read.end()
    assert predecessors == sorted(set(predecessors)) and devices == sorted(devices)
    verify(member, signature, b"palier phrase act v1", hood, struct.pack("<H", 0x32), digest(unsigned))
    info = b"palier epoch recovery v1" + hood + member + public
    secret = hpke_open(golden("member.recovery_secret"), enc, sealed, info)
    assert secret == golden("epoch.secret") and x_public(secret) == public == golden("epoch.public")
    keys = {ed_public(s[1:33]): s[33:] for s in (golden("device.stored"), golden("link.new_device"))}
    assert len(devices) == 2
    for device, enc, sealed in devices:
        info = b"palier epoch device v1" + hood + member + device + public
        assert hpke_open(keys[device], enc, sealed, info) == secret
    root = derive("palier epoch earlier v1", secret)
    plain = unseal(keyed(root, b"key", salt), hood + member + public + salt, earlier)
    assert salt == keyed(root, b"salt", hood, member, plain)
    secrets = [plain[n : n + 32] for n in range(0, len(plain), 32)]
    assert secrets == sorted([golden("pair.writer_secret"), golden("pair.reader_secret")], key=x_public)


def check_link():
    prefix, text = GOLDEN["link.text"].split(":", 1)
    assert prefix == "palier-device"
    read = Reader(base64.b32decode(text.upper() + "=" * (-len(text) % 8)))
    assert read.take(1) == b"\x01"
    secret = read.take(32)
    assert read.sequence(read.bytes) == [b"/ip4/192.168.1.7/tcp/4001"]
    read.end()
    root = derive("palier link frame v1", secret)
    places = [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (0, 2)]
    messages = []
    for n, place in enumerate(places):
        frame = golden(f"link.frame{n}")
        messages.append(unseal(keyed(root, bytes(place), frame[:32]), b"", frame[32:]))
    for end in [0, 1]:
        assert messages[end] == derive("palier link commit v1", bytes([end]) + messages[2 + end])
    t = derive("palier link transcript v1", secret + b"".join(messages[:4]))
    code = int.from_bytes(derive("palier link code v1", t)[:8], "little") % 10**8
    assert f"{code // 10_000:04} {code % 10_000:04}" == GOLDEN["link.code"]
    old, new = Reader(messages[2]), Reader(messages[3])
    assert old.take(32) == golden("member.id") and old.take(32) == golden("device.id")
    assert old.take(32) == golden("device.agreement")
    stored = golden("link.new_device")
    new_device = new.take(32)
    assert new_device == ed_public(stored[1:33]) and new.take(32) == x_public(stored[33:])
    verify(new_device, messages[4], b"palier link confirm v1", t)
    read = Reader(messages[5])
    enc, ciphertext, signature = read.take(32), read.bytes(), read.take(64)
    read.end()
    verify(golden("device.id"), signature, b"palier link handover v1", t, enc, ciphertext)
    assert hpke_open(stored[33:], enc, ciphertext, b"palier link handover v1" + t) == golden("link.payload")


for check in (check_keys, check_seals, check_epoch, check_link):
    check()
    print(f"{check.__name__}: ok")
