"""A second reader of session frames, written from docs/format.md alone.

Reads the golden frames of core/model/tests/golden/frames-v1*.txt: each frame strictly,
by its type; a whole meeting with its slots and signatures; the join that follows, its
sealed messages opened and the runs in it checked; and the plaintexts of bookings.

    python tests/second_reader/frames.py
"""

import base64
import pathlib
import sys

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from bundle import Reader, digest, log_start, reference, run  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
FILES = [
    ROOT / "core/model/tests/golden" / name
    for name in ("frames-v1.txt", "frames-v1-channels.txt")
]
FRAME_BYTES = 262_144
CHANNEL = 0x32
CHANNEL_FRAME_BYTES = 262_153
PADDED = 1_024


def keyed(key, data):
    return blake3(data, key=key).digest()


def derive(context, data):
    return blake3(data, derive_key_context=context).digest()


def at_most(limit, items):
    if len(items) > limit:
        raise ValueError("too many")
    return items


def position(read):
    return read.uint(), read.hash()


def cursor(read):
    return read.take(16), position(read)


def short(read):
    return read.take(16)


def hello(read):
    body = {"store": read.take(16), "position": position(read)}
    body["cursor"] = read.option(lambda: cursor(read))
    body["cursor_good"] = read.bool()
    body["interest"] = read.sequence(lambda: (read.uint(), read.uint()))
    classes = [kind for kind, _ in body["interest"]]
    if classes != sorted(set(classes)) or any(kind > 6 for kind in classes):
        raise ValueError("interest")
    return body


def news(read):
    return {
        "to": read.option(lambda: position(read)),
        "items": at_most(4_096, read.sequence(lambda: (short(read), read.uint(), short(read)))),
        "inline": at_most(1_024, read.sequence(read.bytes)),
    }


def wants(read):
    def want():
        return short(read), at_most(64, read.sequence(lambda: (read.uint(), short(read))))

    return at_most(1_024, read.sequence(want))


def runs(read):
    return {
        "runs": at_most(4_096, read.sequence(read.bytes)),
        "done": at_most(1_024, read.sequence(lambda: short(read))),
    }


def blob_head(read):
    head = read.hash(), read.uint(), at_most(8, read.sequence(read.hash))
    if head[1] > 524_288:
        raise ValueError("size")
    return head


def addresses(read):
    def device():
        return read.hash(), at_most(8, read.sequence(lambda: at_most(256, read.text())))

    return at_most(64, read.sequence(device))


def meet(read):
    return {
        "version": read.u8(),
        "nonce": read.hash(),
        "slots": [read.hash() for _ in range(8)],
    }


def padding(read):
    if len(read.data) + 1 != PADDED or any(read.data[read.at :]):
        raise ValueError("padding")
    read.at = len(read.data)


def proof(read):
    body = {"slot": read.u8(), "member": read.hash(), "device": read.hash()}
    body["signature"] = read.take(64)
    body["certificate"] = at_most(768, read.bytes())
    padding(read)
    return body


def channel(read):
    number, inner = read.uint(), read.bytes()
    if number == 0 or not inner or inner[0] == CHANNEL:
        raise ValueError("channel")
    return number, frame(inner)


FRAMES = {
    0x10: hello,
    0x11: lambda read: (read.uint(), at_most(196_608, read.bytes())),
    0x12: lambda read: (at_most(4_096, read.sequence(read.hash)), read.bool()),
    0x13: news,
    0x14: wants,
    0x15: runs,
    0x16: lambda read: (read.uint(), read.uint(), read.option(read.uint)),
    0x18: lambda read: (read.hash(), read.u8()),
    0x19: blob_head,
    0x1A: lambda read: (read.hash(), read.u8(), at_most(65_536, read.bytes())),
    0x1C: addresses,
    0x20: lambda read: at_most(196_624, read.bytes()),
    0x30: lambda read: read.bool(),
    0x31: lambda read: read.u8(),
    CHANNEL: channel,
    0x80: meet,
    0x81: meet,
    0x82: proof,
    0x83: padding,
}


def frame(data):
    """A frame: its type and its body, filled exactly."""
    limit = CHANNEL_FRAME_BYTES if data[:1] == bytes([CHANNEL]) else FRAME_BYTES
    if not data or len(data) > limit:
        raise ValueError("length")
    read = Reader(data[1:])
    body = FRAMES[data[0]](read)
    if not read.is_over():
        raise ValueError("left over")
    return data[0], body


def meeting(values, frames):
    """Checks slots and signatures of a meeting; gives the key of what follows."""
    secret = values["join.secret"]
    both = b"".join(
        bytes([len(peer)]) + peer for peer in (values["join.initiator"], values["join.responder"])
    )
    m = derive("palier meet invitation v1", secret)
    context = keyed(m, b"context")
    (first, asked), (second, answered) = frames[0][1], frames[1][1]
    assert (first, second) == (0x80, 0x81) and asked["version"] == answered["version"] == 1
    slot = keyed(m, b"I" + both + asked["nonce"])
    place = asked["slots"].index(slot)
    reply = keyed(m, b"R" + both + asked["nonce"] + answered["nonce"])
    assert answered["slots"].index(reply) == place
    nonces = [asked["nonce"], answered["nonce"]]
    for number, letter in ((2, b"I"), (3, b"R")):
        kind, shown = frames[number][1]
        assert kind == 0x82 and shown["slot"] == place
        own, other = nonces if letter == b"I" else nonces[::-1]
        signed = b"palier session v1" + letter + context + both + own + other
        signed += shown["member"] + digest(shown["certificate"])
        Ed25519PublicKey.from_public_bytes(shown["device"]).verify(shown["signature"], signed)
    bearer = frames[2][1][1]
    start = entry0(bearer["certificate"], bearer["device"])
    assert start["certificate"][0] == bearer["member"]
    return derive("palier join v1", m + nonces[0] + nonces[1])


def entry0(data, device):
    """The signed entry 0 of an identity log, which is the bearer's certificate."""
    read = Reader(data)
    version, log, seq, previous = read.u8(), read.hash(), read.uint(), read.hash()
    assert (version, log, seq, previous) == (1, bytes(32), 0, bytes(32))
    assert read.sequence(read.hash) == [] and read.uint() == 0
    length, payload_hash = read.uint(), read.hash()
    header = data[: read.at]
    payload = read.bytes()
    signature = read.option(lambda: read.take(64))
    assert read.is_over() and length == len(payload) and digest(payload) == payload_hash
    key = Ed25519PublicKey.from_public_bytes(device)
    key.verify(signature, b"palier entry v1" + digest(header))
    start = log_start(payload)
    assert start["device"] == device and start["descriptor"]["class"] == "identity"
    member, agreement, recovery, signature = start["certificate"]
    signed = b"palier device v1" + device + agreement + recovery
    Ed25519PublicKey.from_public_bytes(member).verify(signature, signed)
    return start


def message(plain):
    read = Reader(plain)
    kind = read.uint()
    if kind == 0:
        body = {"hood": read.hash(), "log": read.hash(), "act": read.hash(), "name": read.text()}
    elif kind == 1:
        body = None
    elif kind == 2:
        body = {"identity": read.sequence(read.bytes), "name": read.text(), "home": read.text()}
        body["languages"] = read.sequence(read.text)
    elif kind == 3:
        body = read.uint()
        if body == 2:
            read.text()
    else:
        body = read.bytes()
    assert read.is_over()
    return kind, body


def join(values):
    """The meeting, then every message of the join."""
    names = sorted(name for name in values if name[:6] in ("join.0", "join.1"))
    frames = [(name[-1], frame(values[name])) for name in names]
    cipher = ChaCha20Poly1305(meeting(values, frames))
    sent = {"i": 0, "r": 0}
    order, entries = [], []
    for side, (kind, body) in frames[4:]:
        if kind == 0x20:
            nonce = bytes([side == "r", 0, 0, 0]) + sent[side].to_bytes(8, "little")
            sent[side] += 1
            order.append(message(cipher.decrypt(nonce, body, b"")))
        elif kind == 0x15:
            assert side == "r" and body["done"] == []
            for data in body["runs"]:
                entries += run(data)
    kinds = [kind for kind, _ in order]
    assert kinds == [0, 1, 2, 3], kinds
    welcome, application = order[0][1], order[2][1]
    assert welcome["hood"] == values["join.hood"]
    assert welcome["act"] in [entry["hash"] for entry in entries]
    assert (application["name"], application["languages"]) == ("Amina", ["fr", "ar"])
    identity = [entry for data in application["identity"] for entry in run(data)]
    assert identity[0]["seq"] == 0 and identity[0]["hash"] == identity[-1]["log"]
    assert order[3][1] == 1, "awaiting approval"
    return len(frames)


def interval(read):
    return read.int(), read.option(read.int)


def sealed(plain):
    """What is sealed in a booking: a kind, then the record."""
    read = Reader(plain)
    kind, body = read.uint(), {"at": read.int()}
    if kind == 0x01:
        body["hashes"] = read.sequence(read.hash)
        assert body["hashes"] == sorted(set(body["hashes"]))
        assert read.is_over()
        return kind, body
    body["booking"] = read.hash()
    if kind == 0x10:
        body["random"] = read.hash()
        body["listing"], body["domain"] = read.hash(), read.hash()
        body["interval"], body["quantity"] = interval(read), read.uint()
        body["waitlist"], body["note"] = read.bool(), read.text()
        body["refs"] = read.sequence(lambda: reference(read))
        body["series"] = read.option(lambda: read.take(16))
        body["accepted"] = read.option(read.hash)
    elif kind == 0x11:
        body["request"] = read.hash()
        if read.uint() == 0:
            body["accepted"] = reference(read)
        else:
            body["refused"] = read.uint(), read.text()
    elif kind == 0x12:
        body["reason"], body["text"] = read.uint(), read.text()
    elif kind == 0x14:
        body["end"], body["note"] = read.option(read.int), read.text()
        body["turn"] = read.uint()
    elif kind == 0x15:
        body["asked"] = read.hash()
        if read.uint() == 0:
            body["accepted"] = reference(read)
        else:
            body["refused"] = read.uint(), read.text()
    elif kind == 0x16:
        body["until"], body["text"] = read.int(), read.text()
        assert body["until"] > body["at"]
    elif kind == 0x17:
        body["offer"] = read.hash()
    elif kind == 0x1C:
        body["end"], body["text"] = read.int(), read.text()
    assert read.is_over()
    return kind, body


def terms(data):
    read = Reader(data)
    body = {"capacity": read.uint(), "before": read.uint(), "after": read.uint()}
    body["shortest"], body["longest"] = read.option(read.uint), read.option(read.uint)
    body["notice"] = read.uint()
    body["horizon"], body["step"] = read.option(read.uint), read.option(read.uint)
    body["tiers"] = read.u8()

    def quota():
        kind = read.uint()
        window = ("rolling", read.uint()) if kind == 0 else (["", "day", "week", "month", "ahead"][kind],)
        return window, (["bookings", "minutes"][read.uint()], read.uint())

    def window():
        return read.uint(), read.uint()

    def windows():
        return read.sequence(window)

    def closure():
        return read.text(), read.text(), read.sequence(read.text), read.uint()

    body["quotas"] = read.sequence(quota)
    body["zone"] = read.text()
    body["weekly"] = read.option(lambda: read.sequence(lambda: (read.uint(), window())))
    body["exceptions"] = read.sequence(lambda: ((read.int(), read.u8(), read.u8()), windows()))
    body["holidays"] = read.option(lambda: (read.uint(), windows()))
    body["blackouts"] = read.sequence(lambda: interval(read))
    body["closures"] = read.sequence(closure)
    body["attendance"] = ["throughout", "at ends"][read.uint()]

    def currency():
        return ["cents", "minutes"][read.uint()]

    body["tariff"] = [
        lambda: ("free",),
        lambda: ("once", currency(), read.uint()),
        lambda: ("by time", currency(), [read.option(read.uint) for _ in range(4)]),
    ][read.uint()]()
    body["deposit"], body["mode"] = read.uint(), ["by request", "instant"][read.uint()]
    body["cancellation"] = read.uint(), read.u8()
    body["accept"] = read.text()
    body["leave_notice"] = read.uint()
    body["offer"] = read.uint()
    body["attested"], body["consent"] = read.bool(), read.option(read.text)
    body["more"] = read.bytes()
    assert read.is_over()
    return body


def records(values):
    member = values["record.member"]
    kind, request = sealed(values["record.request"])
    assert kind == 0x10 and digest(member + request["random"]) == request["booking"]
    assert request["note"] == "Samedi, s’il vous plaît" and request["waitlist"]
    assert request["series"] == bytes([9] * 16)
    assert sealed(values["record.accepted"])[1]["accepted"] == request["refs"][0]
    assert sealed(values["record.refused"])[1]["refused"] == (9, "En panne")
    assert sealed(values["record.cancel"])[1]["reason"] == 1
    assert len(sealed(values["record.receipt"])[1]["hashes"]) == 2
    kind, asked = sealed(values["record.extension"])
    assert (kind, asked["end"], asked["note"], asked["turn"]) == (0x14, None, "Encore un peu", 1)
    kind, answer = sealed(values["record.extension_answer"])
    assert (kind, answer["asked"], answer["refused"]) == (0x15, bytes([8] * 32), (6, "Pris"))
    kind, notice = sealed(values["record.notice"])
    assert (kind, notice["text"]) == (0x1C, "Je pars") and notice["end"] == notice["at"] + 86_400_000
    resize = Reader(values["record.resize"])
    at, domain, tenure = resize.int(), resize.hash(), resize.uint()
    assert (at, domain, tenure) == (notice["at"], bytes([7] * 32), 1)
    assert resize.option(lambda: reference(resize)) == request["refs"][0]
    assert resize.sequence(lambda: reference(resize)) == request["refs"]
    assert resize.uint() == 6
    body = Reader(resize.bytes())
    assert body.hash() == request["booking"] and body.option(body.int) == request["interval"][1]
    assert body.option(body.int) is None and body.is_over() and resize.is_over()
    kind, offer = sealed(values["record.offer"])
    assert (kind, offer["text"], offer["until"]) == (0x16, "Toujours ?", notice["end"])
    kind, taken = sealed(values["record.taken"])
    assert (kind, taken["booking"], taken["offer"]) == (0x17, request["booking"], bytes([8] * 32))
    queue = Reader(values["record.queue"])
    queue.int(), queue.hash(), queue.uint(), queue.option(lambda: reference(queue))
    queue.sequence(lambda: reference(queue))
    assert queue.uint() == 7
    body = Reader(queue.bytes())
    assert (body.hash(), body.hash()) == (request["booking"], request["listing"])
    assert (interval(body), body.uint()) == (request["interval"], 2)
    assert body.is_over() and queue.is_over()
    found = terms(values["record.terms"])
    assert found["offer"] == 36 * 3_600_000
    assert found["leave_notice"] == 30 * 86_400_000
    assert found["tariff"] == ("by time", "cents", [250, None, None, 30_000])
    assert (found["mode"], found["step"], found["deposit"]) == ("instant", 15, 5_000)
    assert found["quotas"] == [(("rolling", 7), ("minutes", 600))]
    assert (found["zone"], found["weekly"]) == ("Europe/Paris", [(6, (1_200, 1_560))])
    assert found["exceptions"] == [((2027, 12, 24), [(600, 840)])] and found["holidays"] == (1, [])
    monday = ("20270104T080000", "FREQ=MONTHLY;BYDAY=1MO", ["20270201T080000"], 120)
    assert found["closures"] == [monday] and found["attendance"] == "at ends"
    assert found["accept"] == "Pas d’essence"
    accepted = derive("palier text to accept v1", found["accept"].encode())
    assert request["accepted"] == accepted
    assert (found["attested"], found["consent"]) == (True, "Bailleur, le 3 mars")
    place = Reader(values["record.place"])
    place.int()
    assert (place.text(), place.text()) == ("Les Érables", "Europe/Paris") and place.is_over()


def link_text(text, prefix):
    body = text.removeprefix(prefix)
    data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    assert data[0] == 1 and digest(data[:-4])[:4] == data[-4:]
    return Reader(data[1:-4])


def texts(values):
    read = link_text(values["text.invitation"].decode(), "palier:i/")
    assert read.hash() == values["join.secret"]
    read.take(96)
    read.int()
    assert read.text() == "Les Érables" and len(read.sequence(read.text)) == 1 and read.is_over()
    read = link_text(values["text.sheet"].decode(), "palier:r/")
    assert read.hash() == values["join.hood"]
    read.take(64)
    assert read.text() == "Les Érables" and read.sequence(read.text) == [] and read.is_over()


def refuses(data):
    try:
        frame(data)
    except (ValueError, KeyError, UnicodeDecodeError):
        return True
    return False


def main():
    lines = [line for file in FILES for line in file.read_text("utf-8").splitlines()]
    values = {name: bytes.fromhex(value) for name, value in (line.split(" = ") for line in lines)}
    seen = set()
    for name, data in values.items():
        if name.startswith("frame."):
            kind, body = frame(data)
            seen.add(kind)
            # A reader that cannot fail is none.
            assert refuses(data[:-1]) and refuses(data + b"\0"), name
            if kind == CHANNEL:
                assert body == ((3, (0x30, True)) if name == "frame.32" else (300, (0x83, None)))
            if name == "frame.13.inline":
                assert run(body["inline"][0])[-1]["signature"]
            if name == "frame.15.run":
                assert run(body["runs"][0])[-1]["signature"]
    assert seen == set(FRAMES), seen ^ set(FRAMES)
    sent = join(values)
    records(values)
    texts(values)
    print(f"{len(seen)} types of frame, a join of {sent} frames, records and texts")


if __name__ == "__main__":
    main()
