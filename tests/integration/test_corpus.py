#!/usr/bin/python3
"""Calendar files that others wrote, through the whole server: each is imported or refused with the place named; what is
stored comes back byte for byte; and a time-range query finds it where dateutil and zoneinfo say that it takes place."""
import datetime
import glob
import os
import re
import sys
import zoneinfo

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, Multistatus, multiget, propfind, query  # noqa: E402
from server import TOP, Site, Tap  # noqa: E402
import dateutil.rrule  # noqa: E402
import icalendar  # noqa: E402

UTC = datetime.timezone.utc
SITE_ZONE = "Europe/Amsterdam"
INSTANCES = 4      # asked for of each object: the first ones and the last that was computed
HORIZON = datetime.timedelta(days=700)
tap = Tap()


class Unsure(Exception):
    """What the oracle does not know: another zone than the system's, a rule that dateutil reads otherwise."""


def instant(value, component, name):
    """A DTSTART and its kin as UTC; dates and floating times in the calendar's zone."""
    tzid = component[name].params.get("TZID") if name in component else None
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if tzid is None and value.tzinfo is not None:
        return value.astimezone(UTC)
    return local(value.replace(tzinfo=None), tzid)


def local(naive, tzid):
    try:
        zone = zoneinfo.ZoneInfo(tzid or SITE_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Unsure(tzid)
    moment = naive.replace(tzinfo=zone)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise Unsure("a time that does not exist")
    return moment.astimezone(UTC)


def starts(event):
    """The start of each instance of a VEVENT without overrides, within HORIZON of the first."""
    start = event.decoded("DTSTART")
    first = instant(start, event, "DTSTART")
    rule = event.get("RRULE")
    if any(name in event for name in ("RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")) or isinstance(rule, list):
        raise Unsure("more than one rule")
    if rule is None:
        return [first]
    text = rule.to_ical().decode()
    if re.search(r"SECONDLY|MINUTELY|HOURLY|BYSECOND|BYMINUTE|BYHOUR|RSCALE|SKIP|BYEASTER|BYWEEKNO|BYSETPOS", text):
        raise Unsure(text)
    tzid = event["DTSTART"].params.get("TZID")
    utc = isinstance(start, datetime.datetime) and start.tzinfo is not None and tzid is None
    naive = datetime.datetime(start.year, start.month, start.day) if not isinstance(start, datetime.datetime) \
        else start.replace(tzinfo=None)
    until = re.search(r"UNTIL=(\d{8})(T\d{6})?(Z?)", text)
    if until and until[1] < naive.strftime("%Y%m%d"):
        raise Unsure("a rule that ends before it begins: no instance for us, one for others")
    text = re.sub(r";?UNTIL=[^;]*", "", text)
    found = []
    for one in dateutil.rrule.rrulestr(text.lstrip(";"), dtstart=naive):
        if one > naive + HORIZON or len(found) > 400:
            break
        moment = one.replace(tzinfo=UTC) if utc else local(one, tzid)
        if until and until[3] and moment.strftime("%Y%m%dT%H%M%S") > until[1] + until[2]:
            break
        if until and not until[3] and one.strftime("%Y%m%dT%H%M%S") > until[1] + (until[2] or "T235959"):
            break
        found.append(moment)
    return [first] + [one for one in found if one != first]


def length(event):
    start = event.decoded("DTSTART")
    if "DTEND" in event:
        return instant(event.decoded("DTEND"), event, "DTEND") - instant(start, event, "DTSTART")
    if "DURATION" in event:
        return event.decoded("DURATION")
    return datetime.timedelta(days=0 if isinstance(start, datetime.datetime) else 1)


def expected(text):
    """[(start, length)] of the one event in TEXT."""
    try:
        events = icalendar.Calendar.from_ical(text).walk("VEVENT")
        if len(events) != 1 or "DTSTART" not in events[0]:
            raise Unsure("not one event")
        return [(start, length(events[0])) for start in starts(events[0])]
    except Unsure:
        raise
    except Exception as fault:  # icalendar reads less than we do
        raise Unsure(str(fault))


def stamp(moment):
    return f"{moment.year:04}" + moment.strftime("%m%dT%H%M%SZ")


def found_at(site, calendar, start, end):
    answer = query(site, calendar, f'<C:comp-filter name="VEVENT"><C:time-range start="{stamp(start)}" end="{stamp(end)}"/>'
                                   "</C:comp-filter>")
    return set(Multistatus(answer.body).responses) if answer.status == 207 else {f"{answer.status}"}


def look(site, calendar, href, text, counts):
    try:
        instances = expected(text)
    except Unsure:
        counts["unsure"] += 1
        return []
    faults = []
    second = datetime.timedelta(seconds=1)
    for start, long in instances[:INSTANCES - 1] + instances[-1:]:
        if not 2 < start.year < 9998 or long < datetime.timedelta(0):
            continue
        counts["asked"] += 1
        if href not in found_at(site, calendar, start, start + second):
            faults.append(f"{href}: not found at {stamp(start)}")
        day = datetime.timedelta(days=1)
        before = (start - day, start - day + second)
        if not any(s < before[1] and max(s + l, s + second) > before[0] for s, l in instances) and len(instances) < 400:
            if href in found_at(site, calendar, *before):
                faults.append(f"{href}: found at {stamp(before[0])}, a day before {stamp(start)}")
    return faults


def one_file(site, number, path, counts):
    calendar = f"/dav/calendars/alice/c{number}/"
    name = os.path.relpath(path, os.path.join(TOP, "tests/data/corpus"))
    site.request("MKCALENDAR", calendar, None, "alice")
    done = site.slotkeeper("import", f"alice/c{number}", path, ok=None)
    lines = (done.stdout + done.stderr).strip().splitlines()
    counts["refused"] += done.returncode != 0
    told = done.returncode == 0 or any(os.path.basename(path) in line or re.search(r"\bline \d+", line) for line in lines)
    if done.returncode not in (0, 1) or not lines or not told:
        tap.check(False, f"{name}: imported, or refused with the place", f"exit {done.returncode}\n" + "\n".join(lines))
    hrefs = [h for h in propfind(site, calendar, "D:getetag", depth="1").responses if h != calendar]
    fetched = Multistatus(multiget(site, calendar, hrefs).body).responses if hrefs else {}
    faults = []
    for href in hrefs:
        body = site.request("GET", href, user="alice").body
        counts["objects"] += 1
        if fetched[href][1].get(C + "calendar-data", (0, None))[0] != 200 or \
                (fetched[href][1][C + "calendar-data"][1].text or "").encode() != body.replace(b"\0", b"\xef\xbf\xbd"):
            if not re.search(rb"[\0-\x08\x0b\x0c\x0e-\x1f]", body):
                faults.append(f"{href}: multiget and GET differ")
        faults += look(site, calendar, href, body, counts)
    site.request("DELETE", calendar, user="alice")
    if faults:
        tap.check(False, f"{name}: comes back and is found", "\n".join(faults[:10]))


def through_put(site):
    """A whole object as a client sends it: the bytes that come back are the bytes that went in."""
    calendar, stored = "/dav/calendars/alice/put/", 0
    site.request("MKCALENDAR", calendar, None, "alice")
    for number, path in enumerate(sorted(glob.glob(os.path.join(TOP, "tests/data/corpus/**/*.ics"), recursive=True))):
        with open(path, "rb") as file:
            text = file.read()
        href = f"{calendar}{number}.ics"
        answer = site.request("PUT", href, text, "alice", {"Content-Type": "text/calendar"})
        if answer.status == 201:
            stored += 1
            # Without an ETag a GET gives more: zones defined that the file leaves out, but for who has them himself (RFC 7809).
            fields = {} if answer.headers["ETag"] else {"CalDAV-Timezones": "F"}
            if site.request("GET", href, user="alice", headers=fields).body != text:
                tap.check(False, f"{path}: byte for byte", "GET differs")
            site.request("DELETE", href, user="alice")
        elif answer.status != 403 or b"<D:error" not in answer.body:
            tap.check(False, f"{path}: stored, or refused with a condition", f"{answer.status} {answer.body!r}")
    tap.check(stored > 30, f"{stored} whole files were stored byte for byte")


with Site(users=["alice"], config=f'timezone = "{SITE_ZONE}"\n') as the_site:
    totals = dict.fromkeys(("objects", "asked", "unsure", "refused"), 0)
    files = sorted(f for f in glob.glob(os.path.join(TOP, "tests/data/corpus/**/*.ics"), recursive=True))
    for index, one in enumerate(files):
        one_file(the_site, index, one, totals)
    tap.check(len(files) > 200 and totals["objects"] > 250, f"{len(files)} files: {totals}", f"{totals}")
    tap.check(totals["asked"] > 150, f"{totals['asked']} times were asked for", f"{totals}")
    through_put(the_site)
    checked = the_site.slotkeeper("check", ok=None)
    tap.check(checked.returncode == 0, "slotkeeper check finds nothing", checked.stdout + checked.stderr)
    tap.check(the_site.process.poll() is None, "the server still runs")
tap.finish()
