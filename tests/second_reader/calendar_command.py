"""The `palier` command's calendars against readers that share nothing with it.

Two homes talk over loopback. Random bookings of random resources (capacity 1-5, buffers,
parts, closures, what is cancelled again) are asked for, answered and listed; from that list
alone a count made here says how many units are free at each minute, and `calendar free`
must say the same in both homes. Then days of 23 and 25 hours, and calendar files read by
`recurring-ical-events`, before and after a cancellation. PALIER_RESOURCES says how many.

    python tests/second_reader/calendar_command.py [SEED]
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

import icalendar
import recurring_ical_events

BINARY = os.environ["PALIER_BIN"]
BASE = int(datetime(2031, 5, 5, tzinfo=timezone.utc).timestamp()) // 60
DAY = 1440
RANGE = 3 * DAY


def text_of(minute):
    return datetime.fromtimestamp(minute * 60, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def minute_of(text):
    seconds = int(datetime.fromisoformat(text).timestamp())
    assert seconds % 60 == 0, text
    return seconds // 60


class Home:
    def __init__(self, root, name):
        self.path = os.path.join(root, name)
        self.environment = {**os.environ, "PALIER_STATE": os.path.join(root, "state")}
        self.environment.pop("PALIER_HOME", None)
        self.running = None
        self.must("init", "--name", name)

    def command(self, words):
        return [BINARY, "--json", "--home", self.path, *words]

    def say(self, *words):
        done = subprocess.run(self.command(words), env=self.environment, capture_output=True)
        return done.returncode, json.loads(done.stdout)

    def must(self, *words):
        code, answer = self.say(*words)
        assert code == 0, (words, answer)
        return answer

    def all(self, *words):
        items, after = [], []
        while True:
            answer = self.must(*words, "--limit", "1000", *after)
            items += answer["items"]
            if not answer["next"]:
                return items
            after = ["--after", answer["next"]]

    def run(self):
        words = ["run", "--no-mdns", "--listen", "127.0.0.1:0"]
        quiet = subprocess.DEVNULL
        self.running = subprocess.Popen(
            self.command(words), env=self.environment, stdin=quiet, stdout=quiet, stderr=quiet
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            code, status = self.say("status")
            if code == 0 and status.get("running") and status.get("listening"):
                return
        raise SystemExit("palier run did not come up")

    def stop(self):
        if self.running:
            self.running.send_signal(signal.SIGINT)
            self.running.wait(timeout=30)
            self.running = None


class Two:
    """Anna, who decides, and Ben, who asks."""

    def __init__(self, root):
        self.root = root
        self.anna, self.ben = Home(root, "anna"), Home(root, "ben")
        self.anna.run()

    def hood(self, name, zone):
        hood = self.anna.must("hood", "found", name, "--zone", zone)["id"]
        link = self.anna.must("-n", hood, "invite", "create")["link"]
        joined = self.ben.must("join", link)
        assert joined["status"] == "joined", joined
        return ["-n", hood]

    def book(self, hood, listing, start, end, quantity=1):
        words = ["--start", start, "--end", end, "--quantity", str(quantity)]
        booking = self.ben.must(*hood, "booking", "request", listing, *words)["id"]
        self.ben.must("sync")
        code, answer = self.anna.say(*hood, "booking", "accept", booking)
        assert code in (0, 5), answer
        return booking, code == 0


# How many units are free, counted from a list of bookings.


def free_by_hand(resource, bookings, minute):
    """The most units of which a booking of this minute leaves, at no minute of it or of the
    gap after it, more out than there are; none while a part or the whole is booked."""
    if any(first <= minute < end for first, end in resource["closed"]):
        return 0
    gap, out = resource["gap"], 0
    for listing, start, end, _ in bookings:
        if listing in resource["related"] and minute < end + gap and minute + 1 + gap > start:
            return 0
    for at in range(minute, minute + 1 + gap):
        of = (b for b in bookings if b[0] == resource["id"] and b[1] <= at < b[2] + gap)
        out = max(out, sum(b[3] for b in of))
    return max(resource["capacity"] - out, 0)


def random_resources(dice, two, hood):
    """A resource, perhaps with parts."""
    capacity, gap = dice.randint(1, 5), dice.choice([0, 0, 5, 17, 30, 45])
    names = [f"Part {n}" for n in range(dice.choice([0, 0, 1, 2, 3]))]
    words = [word for name in names for word in ("--part", name)]
    words += ["--buffer", f"{gap}m"] if gap else []
    words += ["--until", "2040-01-01", "--capacity", str(capacity)]
    whole = two.anna.must(*hood, "listing", "add", "storage", "--title", "Boxes", *words)["id"]
    shown = two.anna.must(*hood, "listing", "show", whole)
    assert len(shown["parts"]) == len(names), shown
    resources = []
    for listing in [whole, *shown["parts"]]:
        is_whole = listing == whole
        resource = {"id": listing, "gap": gap, "closed": []}
        resource["capacity"] = capacity if is_whole else dice.randint(1, 5)
        resource["related"] = shown["parts"] if is_whole else [whole]
        if not is_whole:
            count = str(resource["capacity"])
            two.anna.must(*hood, "listing", "edit", listing, "--capacity", count)
        if dice.random() < 0.3:
            first = BASE + dice.randrange(RANGE - 300)
            end = first + dice.randint(1, 300)
            span = ["--from", text_of(first), "--to", text_of(end)]
            two.anna.must(*hood, "calendar", "block", listing, *span)
            resource["closed"].append((first, end))
        resources.append(resource)
    two.ben.must("sync")
    return resources


def check_free(dice, two, hood):
    resources = random_resources(dice, two, hood)
    for _ in range(dice.randint(5, 14)):
        resource = dice.choice(resources)
        start = BASE + dice.randrange(RANGE - 700)
        end = start + dice.randint(1, 700)
        if any(start < last and first < end for first, last in resource["closed"]):
            continue
        quantity = dice.randint(1, resource["capacity"])
        booking, held = two.book(
            hood, resource["id"], text_of(start), text_of(end), quantity
        )
        if held and dice.random() < 0.15:
            two.ben.must("sync")
            two.ben.must(*hood, "booking", "cancel", booking)
            two.ben.must("sync")
    two.ben.must("sync")
    ids = [resource["id"] for resource in resources]
    span = ["--from", text_of(BASE), "--to", text_of(BASE + RANGE)]
    minutes = confirmed = 0
    for home in (two.anna, two.ben):
        listed = home.all(*hood, "booking", "list")
        bookings = [
            (it["listing"], minute_of(it["start"]), minute_of(it["end"]), it["quantity"])
            for it in listed
            if it["status"] == "confirmed" and it["listing"] in ids
        ]
        confirmed = len(bookings)
        for resource in resources:
            told = []
            items = home.must(*hood, "calendar", "free", resource["id"], *span)["items"]
            for slot in items:
                first, end = minute_of(slot["start"]), minute_of(slot["end"])
                assert first == BASE + len(told), ("a hole", slot)
                told += [slot["free"]] * (end - first)
            counted = [free_by_hand(resource, bookings, BASE + n) for n in range(RANGE)]
            differ = [n for n in range(RANGE) if told[n : n + 1] != [counted[n]]]
            assert not differ and len(told) == RANGE, (
                f"{text_of(BASE + differ[0])}: told {told[differ[0]]}, counted "
                f"{counted[differ[0]]}\n{resource}\n{bookings}"
            )
            minutes += RANGE
    return minutes, confirmed


# Days of 23 and 25 hours, and files.


def utc(stamp):
    return stamp.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%MZ")


def read_file(path):
    """What stands in the file, by UID; and what the second reader shows, as instants."""
    calendar = icalendar.Calendar.from_ical(pathlib.Path(path).read_bytes())
    events = {}
    for event in calendar.walk("VEVENT"):
        assert str(event["UID"]) not in events, "one event for each booking"
        events[str(event["UID"])] = event
    around = datetime(2027, 1, 1, tzinfo=timezone.utc), datetime(2028, 1, 1, tzinfo=timezone.utc)
    shown = recurring_ical_events.of(calendar).between(*around)
    spans = {
        str(it["UID"]): (utc(it["DTSTART"].dt), utc(it["DTEND"].dt)) for it in shown
    }
    return events, spans


def check_days(two, hood, room, days):
    """Each day is so long, costs so much, and is booked."""
    booked = {}
    for date, start, end, hours in days:
        quote = two.ben.must(*hood, "calendar", "quote", room, "--on", date)
        span = [utc(datetime.fromisoformat(quote[key])) for key in ("start", "end")]
        assert span == [start, end], (date, span)
        assert (quote["minutes"], quote["total"]) == (60 * hours, 200 * hours), quote
        following = datetime.fromisoformat(date) + timedelta(days=1)
        booking, held = two.book(hood, room, date, following.strftime("%Y-%m-%d"))
        assert held
        booked[booking] = (start, end)
    return booked


def check_files(two, hood, room, booked):
    """Both files tell every booking at its instants, and a cancelled one as cancelled."""
    two.ben.must("sync")
    files = [
        (two.ben, os.path.join(two.root, "mine.ics"), ["--mine"]),
        (two.anna, os.path.join(two.root, "room.ics"), ["--listing", room]),
    ]

    def read():
        for home, path, words in files:
            home.must(*hood, "calendar", "export", path, *words)
            yield read_file(path)

    uid = {f"{booking}@palier": span for booking, span in booked.items()}
    before = list(read())
    for events, spans in before:
        assert spans == uid, (spans, uid)
        assert all(str(event["STATUS"]) == "CONFIRMED" for event in events.values())
    gone = next(iter(booked))
    two.ben.must(*hood, "booking", "cancel", gone)
    two.ben.must("sync")
    for (earlier, _), (later, _) in zip(before, read()):
        assert set(earlier) == set(later) == set(uid), "UIDs stay"
        for name, event in later.items():
            was, now = int(earlier[name]["SEQUENCE"]), int(event["SEQUENCE"])
            if name == f"{gone}@palier":
                assert str(event["STATUS"]) == "CANCELLED" and now > was, event
            else:
                assert str(event["STATUS"]) == "CONFIRMED" and now == was, event


def check_clocks(two, paris):
    room = ["listing", "add", "room", "--price", "2eur/h", "--until", "2040-01-01"]
    salle = two.anna.must(*paris, *room, "--title", "Salle")["id"]
    two.ben.must("sync")
    days = [
        ("2027-03-28", "2027-03-27T23:00Z", "2027-03-28T22:00Z", 23),
        ("2027-10-31", "2027-10-30T22:00Z", "2027-10-31T23:00Z", 25),
    ]
    booked = check_days(two, paris, salle, days)
    # Every week at half past two: once clocks jump over it, once they show it twice.
    nuit = two.anna.must(*paris, *room, "--title", "Nuit")["id"]
    two.ben.must("sync")
    nights = {}
    for first, starts in [
        ("2027-03-21", ["2027-03-21T01:30Z", "2027-03-28T01:30Z", "2027-04-04T00:30Z"]),
        ("2027-10-24", ["2027-10-24T00:30Z", "2027-10-31T00:30Z", "2027-11-07T01:30Z"]),
    ]:
        span = ["--start", f"{first}T02:30", "--end", f"{first}T02:45"]
        words = ["series", "create", nuit, *span, "--every", "week", "--count", "3"]
        made = two.ben.must(*paris, *words)
        told = [utc(datetime.fromisoformat(it["start"])) for it in made["items"]]
        assert told == starts, told
        two.ben.must("sync")
        two.anna.must(*paris, "booking", "accept", "--series", made["id"])
        for it in made["items"]:
            assert it["start"][:19] != it["end"][:19], it
            stamps = [utc(datetime.fromisoformat(it[key])) for key in ("start", "end")]
            nights[it["booking"]] = tuple(stamps)
    check_nights(two, paris, nuit, nights)
    # One's own file holds the bookings of every listing: the days are the rest of it.
    only_days = {**booked}
    check_mine(two, paris, {**only_days, **nights})
    caire = two.hood("Le Caire", "Africa/Cairo")
    salle_caire = two.anna.must(*caire, *room, "--title", "Salle")["id"]
    two.ben.must("sync")
    days = [("2027-04-30", "2027-04-29T22:00Z", "2027-04-30T21:00Z", 23)]
    check_files(two, caire, salle_caire, check_days(two, caire, salle_caire, days))
    return len(booked) + len(nights) + 1


def check_nights(two, hood, listing, nights):
    path = os.path.join(two.root, "nights.ics")
    two.anna.must(*hood, "calendar", "export", path, "--listing", listing)
    _, spans = read_file(path)
    assert spans == {f"{booking}@palier": span for booking, span in nights.items()}, spans


def check_mine(two, hood, booked):
    two.ben.must("sync")
    path = os.path.join(two.root, "all.ics")
    two.ben.must(*hood, "calendar", "export", path, "--mine")
    _, spans = read_file(path)
    for booking, span in booked.items():
        assert spans.get(f"{booking}@palier") == span, (booking, span, spans)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    dice = random.Random(seed)
    count = int(os.environ.get("PALIER_RESOURCES", "8"))
    minutes = bookings = 0
    with tempfile.TemporaryDirectory() as root:
        two = Two(root)
        try:
            paris = two.hood("Les Lilas", "Europe/Paris")
            files = check_clocks(two, paris)
            for _ in range(count):
                told, confirmed = check_free(dice, two, paris)
                minutes, bookings = minutes + told, bookings + confirmed
        finally:
            two.anna.stop()
    print(
        f"seed {seed}: {count} resources, {bookings} confirmed bookings, {minutes} minutes "
        f"and {files} events in files: no difference"
    )


main()
