#!/usr/bin/python3
"""recur_oracle - generated recurrence rules, expanded by the product and by an independent oracle.

The oracle is dateutil's rrule on naive wall times, turned into instants by zoneinfo: fold=0 takes the first of two
equal wall times and, in a gap, the offset before it (RFC 5545, 3.3.5), as the product does. The seed is fixed, so a
failing rule fails again. What dateutil reads otherwise is left out of the generator, each with its reason:
  - numbered and plain weekdays in one BYDAY: it demands both, RFC 5545 wants either;
  - BYWEEKNO 1, 52 and 53: wrong or missing at some ends of years (2039-01-01 is in week 52 of 2038);
  - BYWEEKNO without BYDAY: it takes all seven days, RFC 5545 DTSTART's; the oracle is given that weekday;
  - large numbers before weekdays in a year: IndexError;
  - BYSETPOS by the week: its first week begins with DTSTART; such rules start on WKST here.
A DTSTART that its rule does not name is an instance and counts (3.8.5.3): added here.
"""
import random
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

try:
    from dateutil import rrule
except ImportError:
    print("python3-dateutil is not installed")
    sys.exit(77)

RULES = 700
SEED = 20270328
PATIENCE_SECONDS = 0.1  # of processor time for one rule; most take a millisecond
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata",
         "America/Sao_Paulo", "Africa/Casablanca", "UTC"]
FREQS = ["YEARLY"] * 5 + ["MONTHLY"] * 5 + ["WEEKLY"] * 4 + ["DAILY"] * 3 + ["HOURLY"] * 2 + ["MINUTELY", "SECONDLY"]
INTERVALS = [1, 2, 3, 4, 5, 7, 11, 13, 24, 36]
BASIC = "%Y%m%dT%H%M%S"
rnd = random.Random(SEED)


def some(low, high, most, negative=0):
    """A list of up to MOST numbers LOW..HIGH, some counted from the end when NEGATIVE says down to where."""
    numbers = {-rnd.randint(1, negative) if negative and rnd.random() < 0.4 else rnd.randint(low, high)
               for _ in range(rnd.randint(1, most))}
    return ",".join(map(str, sorted(numbers)))


def by_day(freq, has_weeks):
    days = rnd.sample(DAYS, rnd.randint(1, 4))
    if freq in ("MONTHLY", "YEARLY") and not has_weeks and rnd.random() < 0.5:
        days = [str(rnd.choice([1, -1]) * rnd.randint(1, 5)) + day for day in days]
    return ",".join(days)


def parts_of(freq):
    parts = {}
    small = freq in ("HOURLY", "MINUTELY", "SECONDLY")
    if rnd.random() < 0.35:
        parts["BYMONTH"] = some(1, 12, 5)
    if freq != "WEEKLY" and rnd.random() < 0.3:
        parts["BYMONTHDAY"] = some(1, 31, 6, 31)
    if freq == "YEARLY" and rnd.random() < 0.2:
        parts["BYYEARDAY"] = some(1, 366, 8, 366)
    if freq == "YEARLY" and rnd.random() < 0.2:
        parts["BYWEEKNO"] = some(2, 51, 6, 20)
        parts["BYWEEKNO"] = ",".join(n for n in parts["BYWEEKNO"].split(",") if n != "-1") or "20"
    if rnd.random() < 0.45:
        parts["BYDAY"] = by_day(freq, "BYWEEKNO" in parts)
    if rnd.random() < (0.4 if small else 0.2):
        parts["BYHOUR"] = some(0, 23, 2)
    if rnd.random() < 0.15:
        parts["BYMINUTE"] = some(0, 59, 2)
    if rnd.random() < 0.1:
        parts["BYSECOND"] = some(0, 59, 2)
    if parts and rnd.random() < 0.3:
        parts["BYSETPOS"] = rnd.choice(["1", "-1"]) if small else some(1, 6, 3, 6)
    if rnd.random() < 0.3:
        parts["WKST"] = rnd.choice(DAYS)
    return parts


def span_of(freq, parts):
    """Days within which both expand: small enough for the oracle's patience and the product's limit."""
    if freq == "SECONDLY":
        return 0.5
    if freq == "MINUTELY":
        return 10
    if freq == "HOURLY":
        return 120
    return 300 if {"BYHOUR", "BYMINUTE", "BYSECOND"} & parts.keys() else 2000


def generate():
    freq = rnd.choice(FREQS)
    parts = parts_of(freq)
    start = datetime(rnd.randint(1990, 2036), 1, 1) + timedelta(seconds=rnd.randint(0, 366 * 86400 - 1))
    if rnd.random() < 0.3:
        start = start.replace(hour=rnd.choice([1, 2]))  # where gaps and repeats lie
    if rnd.random() < 0.1:
        start = datetime(start.year, rnd.choice([2, 12]), 27, start.hour) + timedelta(days=rnd.randint(0, 4))
    if freq == "WEEKLY" and "BYSETPOS" in parts:
        start -= timedelta(days=(start.weekday() - DAYS.index(parts.get("WKST", "MO"))) % 7)
    span = timedelta(days=span_of(freq, parts))
    until = count = None
    if rnd.random() < 0.3:
        until = start + span * rnd.random()
    elif freq in ("HOURLY", "MINUTELY", "SECONDLY") or rnd.random() < 0.3:
        count = rnd.randint(1, 60)
    interval = rnd.choice(INTERVALS) if rnd.random() < 0.5 else 1
    return {"zone": rnd.choice(ZONES), "start": start, "end": start + span, "freq": freq, "interval": interval,
            "parts": parts, "until": until, "count": count}


def instant(naive, zone):
    return naive.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(timezone.utc).replace(tzinfo=None)


def question(case):
    rule = ["FREQ=" + case["freq"]] + [f"{name}={value}" for name, value in case["parts"].items()]
    rnd.shuffle(rule)
    if case["interval"] > 1:
        rule.append("INTERVAL=%d" % case["interval"])
    if case["until"]:
        rule.append("UNTIL=" + instant(case["until"], case["zone"]).strftime(BASIC) + "Z")
    if case["count"]:
        rule.append("COUNT=%d" % case["count"])
    window = [instant(case["start"], case["zone"]) - timedelta(days=3), instant(case["end"], case["zone"])]
    return " ".join([case["zone"], case["start"].strftime(BASIC)] + [at.strftime(BASIC) + "Z" for at in window] +
                    [";".join(rule)])


class Tired(Exception):
    """dateutil looks at UNTIL only when it has found something, so a rule that finds nothing takes it to 9999."""


def give_up(_signal, _frame):
    raise Tired


def expected(case):
    parts, start, zone = dict(case["parts"]), case["start"], case["zone"]
    if "BYWEEKNO" in parts and not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & parts.keys():
        parts["BYDAY"] = DAYS[start.weekday()]
    text = ";".join(["FREQ=" + case["freq"], "INTERVAL=%d" % case["interval"],
                     "UNTIL=" + (case["end"] + timedelta(days=3)).strftime(BASIC)] +
                    [f"{name}={value}" for name, value in parts.items()])
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE_SECONDS)
    try:
        found = [start] + [at for at in rrule.rrulestr(text, dtstart=start) if at > start]
    except ValueError:  # "generates an empty set": an interval that never meets the list
        found = [start]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if case["count"]:
        found = found[:case["count"]]
    instants = {instant(at, zone) for at in found}
    if case["until"]:
        instants = {at for at in instants if at <= instant(case["until"], zone)}
    end = instant(case["end"], zone)
    return sorted(at for at in instants if at < end)


def main():
    tool = sys.argv[1] if len(sys.argv) > 1 else "tests/tools/recur_dump"
    cases = [generate() for _ in range(RULES)]
    questions = [question(case) for case in cases]
    answers = subprocess.run([tool], input="\n".join(questions) + "\n", stdout=subprocess.PIPE, text=True,
                             check=True).stdout.splitlines()
    if len(answers) != RULES:
        sys.exit(f"{len(answers)} answers to {RULES} questions")
    signal.signal(signal.SIGVTALRM, give_up)
    compared = instances = failed = 0
    for case, asked, got in zip(cases, questions, answers):
        try:
            want = expected(case)
        except Tired:
            continue
        if got.startswith("refused") and len(want) <= 1:
            continue  # a rule that never yields anything
        compared += 1
        instances += len(want)
        want = " ".join(at.strftime(BASIC) + "Z" for at in want)
        if got != want:
            failed += 1
            print(f"{asked}\n  got  {got[:400]}\n  want {want[:400]}")
    if compared < 500 or instances < 10000:
        sys.exit(f"only {compared} rules with {instances} instances compared")
    if failed:
        sys.exit(f"{failed} of {compared} rules differ")
    print(f"{compared} rules, {instances} instances")


main()
