"""Rules of recurrence against `dateutil`, and their instants against `zoneinfo`.

Makes random rules, has them expanded by the model (its example `recurrence`, built beside
PALIER_BIN) and by Python, and tells where they differ. PALIER_RULES says how many.

    python tests/second_reader/recurrence.py [SEED]
"""

import json
import os
import pathlib
import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ZONES = [
    "Europe/Paris",
    "Africa/Cairo",
    "America/Santiago",
    "Australia/Lord_Howe",
    "America/New_York",
    "Asia/Kolkata",
]
MOST = 60
FORM = "%Y%m%dT%H%M%S"


def random_rule(dice, start):
    """The text of a rule, as the model writes and reads it."""
    bound = dice.random()
    kind = dice.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "MONTHLY"])
    parts = ["FREQ=" + kind]
    if dice.random() < 0.5:
        # 30 February never comes, and dateutil looks for it up to the year 9999.
        parts.append(f"INTERVAL={dice.choice([2, 2, 3, 4, 5, 7, 12 if bound < 0.3 else 13])}")
    if kind == "WEEKLY":
        if dice.random() < 0.7:
            days = dice.sample(WEEKDAYS, dice.randint(1, 4))
            parts.append("BYDAY=" + ",".join(days))
        if dice.random() < 0.5:
            parts.append("WKST=" + dice.choice(WEEKDAYS))
    if kind == "MONTHLY":
        how = dice.random()
        if how < 0.4:
            days = dice.sample([*range(-31, 0), *range(1, 32)], dice.randint(1, 3))
            parts.append("BYMONTHDAY=" + ",".join(map(str, days)))
        elif how < 0.8:
            # Of "2MO,FR" dateutil keeps what is both, where RFC 5545 means either: not mixed.
            nths = [""] if dice.random() < 0.2 else [*map(str, range(-5, 0)), "1", "+1", "2", "5"]
            days = {dice.choice(nths) + dice.choice(WEEKDAYS) for _ in range(dice.randint(1, 3))}
            days = {day.removeprefix("+"): day for day in sorted(days)}
            parts.append("BYDAY=" + ",".join(days.values()))
    if bound < 0.3:
        until = start + timedelta(minutes=dice.randint(0, 60 * 24 * 900))
        parts.append("UNTIL=" + until.strftime(FORM))
    elif bound < 0.6:
        parts.append(f"COUNT={dice.randint(1, 40)}")
    if dice.random() < 0.3:
        dice.shuffle(parts)
    return ";".join(parts)


def of_python(zone, start, rule, without):
    """What dateutil and zoneinfo say of it."""
    rules = rruleset()
    rules.rrule(rrulestr(rule, dtstart=start))
    for exception in without:
        rules.exdate(exception)
    told = []
    for at in rules:
        # fold=0: the first of two, and in a gap the offset before it.
        instant = at.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(timezone.utc)
        told.append([at.strftime(FORM), int(instant.timestamp())])
        if len(told) == MOST:
            break
    return told


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    count = int(os.environ.get("PALIER_RULES", "20000"))
    binary = pathlib.Path(os.environ["PALIER_BIN"])
    example = binary.parent / "examples" / ("recurrence" + binary.suffix)
    dice = random.Random(seed)
    cases, told = [], []
    for _ in range(count):
        start = datetime(2026, 1, 1) + timedelta(minutes=15 * dice.randint(0, 4 * 24 * 800))
        if dice.random() < 0.3:
            # Half past two, half past midnight: where clocks change.
            start = start.replace(hour=dice.choice([0, 1, 2]), minute=30)
        if dice.random() < 0.2:
            start = start.replace(day=1) - timedelta(days=1)
        rule, zone = random_rule(dice, start), dice.choice(ZONES)
        plain = of_python(zone, start, rule, [])
        without = []
        if plain and dice.random() < 0.3:
            named = [datetime.strptime(at, FORM) for at, _ in dice.choices(plain, k=3)]
            without = sorted({*named, start + timedelta(minutes=1)})
        cases.append(
            " ".join(
                [zone, start.strftime(FORM), rule, str(MOST)]
                + [at.strftime(FORM) for at in without]
            )
        )
        told.append(of_python(zone, start, rule, without) if without else plain)
    ran = subprocess.run([example], input="\n".join(cases), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(found) == count, (len(found), count)
    differ = [n for n in range(count) if found[n] != told[n]]
    for n in differ[:5]:
        print(f"{cases[n]}\n  here  {found[n]}\n  there {told[n]}")
    assert not differ, f"{len(differ)} of {count} rules differ (seed {seed})"
    starts = sum(map(len, told))
    print(f"{count} rules, {starts} occurrences in {len(ZONES)} zones: no difference")


main()
