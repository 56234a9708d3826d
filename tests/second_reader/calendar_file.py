"""Calendar files against `icalendar` and `recurring-ical-events`, both ways.

Files written by the model (its example `calendar_file`, built beside PALIER_BIN) must give
the same instants, also to a reader who knows no zone but what the file says. Series written
here must be busy there when they are here. PALIER_FILES says how many of each.

    python tests/second_reader/calendar_file.py [SEED]
"""

import json
import os
import pathlib
import random
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

ZONES = ["Europe/Paris", "Africa/Cairo", "America/Santiago", "Australia/Lord_Howe", "UTC"]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FIRST = int(datetime(2026, 6, 1, tzinfo=timezone.utc).timestamp())
LAST = int(datetime(2028, 6, 1, tzinfo=timezone.utc).timestamp())
BINARY = pathlib.Path(os.environ["PALIER_BIN"])
EXAMPLE = BINARY.parent / "examples" / ("calendar_file" + BINARY.suffix)


def run(words, text):
    ran = subprocess.run([EXAMPLE, *words], input=text.encode(), capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()


def near_a_change(dice, zone):
    """A quarter of an hour, often one near which clocks change."""
    at = dice.randrange(FIRST, LAST, 900)
    offset = lambda at: datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
    if dice.random() < 0.5:
        for _ in range(250):
            if offset(at) != offset(at + 86400):
                return at + dice.randrange(0, 2 * 86400, 900)
            at += 86400
    return at


def check_written(dice, number):
    zone = dice.choice(ZONES)
    told = {}
    for n in range(dice.randint(1, 12)):
        start = near_a_change(dice, zone)
        end = start + 900 * dice.choice([1, 2, 4, 96, 96 * 7])
        status = dice.choice(["confirmed", "tentative", "cancelled"])
        told[f"bkg_{n}@palier"] = (dice.randint(0, 9), status, start, end)
    lines = [" ".join(map(str, (uid, *event))) for uid, event in told.items()]
    text = run(["write", zone], "\n".join(lines))
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    # The second reader knows no zone of this name: it must take the rules of the file. It
    # remembers them by name, so each file has a name of its own.
    unknown = text if zone == "UTC" else text.replace(zone, f"Palier/Here{number}")
    for form in (text, unknown):
        calendar = icalendar.Calendar.from_ical(form)
        found = {}
        for event in calendar.walk("VEVENT"):
            stamps = [int(event[key].dt.timestamp()) for key in ("DTSTART", "DTEND")]
            assert str(event["DESCRIPTION"]) == "Apporter :\n- une clé"
            assert str(event["SUMMARY"]).startswith("Salle commune ; é, \\ bkg_")
            status = str(event["STATUS"]).lower()
            found[str(event["UID"])] = (int(event["SEQUENCE"]), status, *stamps)
        assert found == told, f"{zone}\n{found}\n{told}\n{form}"
        shown = recurring_ical_events.of(calendar).between(
            datetime.fromtimestamp(FIRST, timezone.utc),
            datetime.fromtimestamp(LAST + 300 * 86400, timezone.utc),
        )
        starts = sorted(int(event["DTSTART"].dt.timestamp()) for event in shown)
        assert starts == sorted(event[2] for event in told.values()), (zone, starts, told)


def random_series(dice, number):
    event = icalendar.Event()
    event.add("uid", f"{number}@elsewhere")
    zone = ZoneInfo(dice.choice(ZONES))
    start = datetime(2026, 6, 1) + timedelta(minutes=30 * dice.randint(0, 48 * 500))
    all_day = dice.random() < 0.3
    rule = {}
    if dice.random() < 0.7:
        freq = dice.choice(["DAILY", "WEEKLY", "MONTHLY"])
        rule = {"freq": freq, "count": dice.randint(1, 20), "interval": dice.randint(1, 3)}
        # The start is one of the series, as RFC 5545 wants it.
        if freq == "WEEKLY" and dice.random() < 0.5:
            rule["byday"] = sorted({WEEKDAYS[start.weekday()], dice.choice(WEEKDAYS)})
        if freq == "MONTHLY" and dice.random() < 0.5:
            nth = (start.day - 1) // 7 + 1
            rule["byday"] = f"{nth}{WEEKDAYS[start.weekday()]}"
    if all_day:
        event.add("dtstart", start.date())
        event.add("dtend", start.date() + timedelta(days=dice.randint(1, 3)))
    else:
        # Not where clocks change: readers differ there, and the model has its own tests.
        start = start.replace(hour=5 + start.hour % 15, tzinfo=zone)
        event.add("dtstart", start)
        event.add("dtend", start + timedelta(minutes=15 * dice.randint(1, 12)))
    if rule:
        event.add("rrule", rule)
        if dice.random() < 0.3:
            without = start + timedelta(days=7)
            event.add("exdate", without.date() if all_day else without)
    if dice.random() < 0.1:
        event.add("transp", "TRANSPARENT")
    return event


def check_read(dice):
    zone = dice.choice(ZONES)
    place = ZoneInfo(zone)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//elsewhere//")
    calendar.add("version", "2.0")
    for n in range(dice.randint(1, 6)):
        calendar.add_component(random_series(dice, n))
    text = calendar.to_ical().decode()
    first = FIRST + dice.randrange(0, LAST - FIRST, 900)
    last = first + 900 * dice.randint(1, 96 * 200)

    def at(stamp):
        if not isinstance(stamp, datetime) and isinstance(stamp, date):
            stamp = datetime(stamp.year, stamp.month, stamp.day, tzinfo=place)
        return int(stamp.timestamp())

    busy = []
    around = [datetime.fromtimestamp(t, timezone.utc) for t in (first - 5 * 86400, last + 5 * 86400)]
    for event in recurring_ical_events.of(calendar).between(*around):
        if str(event.get("TRANSP", "")) == "TRANSPARENT":
            continue
        start, end = max(at(event["DTSTART"].dt), first), min(at(event["DTEND"].dt), last)
        if start < end:
            busy.append((start, end))
    merged = []
    for start, end in sorted(busy):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    found = json.loads(run(["busy", zone, str(first), str(last)], text))
    assert found["left_out"] == [], (found, text)
    assert found["busy"] == merged, f"{zone} {first} {last}\n{found['busy']}\n{merged}\n{text}"
    return len(merged)


def main():
    dice = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    count = int(os.environ.get("PALIER_FILES", "300"))
    for number in range(count):
        check_written(dice, number)
    busy = sum(check_read(dice) for _ in range(count))
    print(f"{count} files written and {count} read, {busy} busy times: no difference")


main()
