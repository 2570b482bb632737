#!/usr/bin/python3
"""Recurrence over HTTP: one table of sets, each seen by time-range query, expand, limit-recurrence-set and free/busy; and one
of hostile rules, each answered within a bound of processor time."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, condition, propfind  # noqa: E402
from server import BUILD, Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK = HOME + "work/"
CPU_SECONDS = 0.25  # of the server, for one request, on a slow machine
with open(os.path.join(BUILD, "server", "slotkeeperd"), "rb") as binary:
    if re.search(rb"__[at]san_init", binary.read()):
        CPU_SECONDS *= 10  # every access is watched


def calendar(*components):
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n"
    for lines in components:
        kind = "VTIMEZONE" if lines.startswith("TZID") else "VEVENT"
        extra = "" if kind == "VTIMEZONE" else "UID:one@example.org\nDTSTAMP:20260101T000000Z\n"
        text += f"BEGIN:{kind}\n{extra}{lines}\nEND:{kind}\n"
    return (text + "END:VCALENDAR\n").replace("\n", "\r\n")


# What it is; the object; starts of the instances in January 2027, in UTC or as dates.
SETS = [
    ("THISANDFUTURE with another length, and a later override of its own", [
        "DTSTART:20270104T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20270105T090000Z\nDTSTART:20270105T100000Z\nDURATION:PT2H",
        "RECURRENCE-ID:20270107T090000Z\nDTSTART:20270107T180000Z\nDURATION:PT1H"],
     ["20270104T090000Z/20270104T100000Z", "20270105T100000Z/20270105T120000Z", "20270106T100000Z/20270106T120000Z",
      "20270107T180000Z/20270107T190000Z", "20270108T100000Z/20270108T120000Z"]),
    ("THISANDFUTURE within THISANDFUTURE", [
        "DTSTART:20270104T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20270105T090000Z\nDTSTART:20270105T110000Z\nDURATION:PT1H",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20270107T090000Z\nDTSTART:20270107T080000Z\nDURATION:PT30M"],
     ["20270104T090000Z/20270104T100000Z", "20270105T110000Z/20270105T120000Z", "20270106T110000Z/20270106T120000Z",
      "20270107T080000Z/20270107T083000Z"]),
    ("an orphan override", [
        "DTSTART:20270104T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2",
        "RECURRENCE-ID:20270120T090000Z\nDTSTART:20270120T100000Z\nDURATION:PT1H"],
     ["20270104T090000Z/20270104T100000Z", "20270105T090000Z/20270105T100000Z", "20270120T100000Z/20270120T110000Z"]),
    ("overrides alone", [
        "RECURRENCE-ID:20270104T090000Z\nDTSTART:20270104T090000Z\nDURATION:PT1H",
        "RECURRENCE-ID:20270111T090000Z\nDTSTART:20270111T110000Z\nDURATION:PT1H"],
     ["20270104T090000Z/20270104T100000Z", "20270111T110000Z/20270111T120000Z"]),
    ("RDATE with periods, and as a date", [
        "DTSTART:20270104T090000Z\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20270106T090000Z/20270106T113000Z,20270107T090000Z/PT2H\n"
        "RDATE;VALUE=DATE:20270108"],
     ["20270104T090000Z/20270104T100000Z", "20270106T090000Z/20270106T113000Z", "20270107T090000Z/20270107T110000Z",
      "20270108T090000Z/20270108T100000Z"]),
    ("EXDATE of another type and zone", [
        "DTSTART;TZID=Europe/Amsterdam:20270104T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE;VALUE=DATE:20270105\n"
        "EXDATE:20270106T080000Z\nEXDATE;TZID=America/New_York:20270107T030000"],
     ["20270104T080000Z/20270104T090000Z", "20270108T080000Z/20270108T090000Z"]),
    ("UNTIL as a date, for times", [
        "DTSTART;TZID=Europe/Amsterdam:20270104T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20270106"],
     ["20270104T080000Z/20270104T090000Z", "20270105T080000Z/20270105T090000Z", "20270106T080000Z/20270106T090000Z"]),
    ("COUNT counts what EXDATE drops", [
        "DTSTART:20270104T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20270105T090000Z"],
     ["20270104T090000Z/20270104T100000Z", "20270106T090000Z/20270106T100000Z"]),
    ("DTSTART that the rule does not name", ["DTSTART:20270102T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3"],
     ["20270102T090000Z/20270102T100000Z", "20270104T090000Z/20270104T100000Z", "20270111T090000Z/20270111T100000Z"]),
    ("the last working day", ["DTSTART:20261130T090000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"],
     ["20270129T090000Z/20270129T100000Z"]),
    ("BYWEEKNO, with the week's start", [
        "DTSTART:20260101T090000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYWEEKNO=2;BYDAY=SU;WKST=SU"],
     ["20270110T090000Z/20270110T100000Z"]),
    ("SKIP=BACKWARD", [
        "DTSTART:20260131T090000Z\nDURATION:PT1H\nRRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;BYMONTHDAY=31"],
     ["20270131T090000Z/20270131T100000Z"]),
    ("SKIP=FORWARD from the year before", [
        "DTSTART:20240229T090000Z\nDURATION:PT1H\nRRULE:RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD;BYYEARDAY=366"],
     ["20270101T090000Z/20270101T100000Z"]),
    ("Outlook's own zone, by its rules", [
        "TZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD",
        "DTSTART;TZID=Customized Time Zone:20270104T090000\nDURATION:PT1H"],
     ["20270104T033000Z/20270104T043000Z"]),
    ("a Windows name without VTIMEZONE", ["DTSTART;TZID=W. Europe Standard Time:20270104T090000\nDURATION:PT1H"],
     ["20270104T080000Z/20270104T090000Z"]),
    ("a name of libical's own", ["DTSTART;TZID=/freeassociation.sourceforge.net/Asia/Kathmandu:20270104T090000\nDURATION:PT1H"],
     ["20270104T031500Z/20270104T041500Z"]),
    ("a VTIMEZONE that contradicts the zone of its name: the zone wins", [
        "TZID:Europe/Amsterdam\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0500\nTZOFFSETTO:+0500\nEND:STANDARD",
        "DTSTART;TZID=Europe/Amsterdam:20270104T090000\nDURATION:PT1H"],
     ["20270104T080000Z/20270104T090000Z"]),
]


def put(site, text, name="one.ics"):
    return site.request("PUT", WORK + name, user="alice", headers={"Content-Type": "text/calendar"}, body=text)


def query(site, data="", start="20270101T000000Z", end="20270201T000000Z"):
    return site.request("REPORT", WORK, user="alice", headers={"Depth": "1"}, body=(
        '<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><d:getetag/>'
        f'<c:calendar-data>{data}</c:calendar-data></d:prop><c:filter><c:comp-filter name="VCALENDAR">'
        f'<c:comp-filter name="VEVENT"><c:time-range start="{start}" end="{end}"/></c:comp-filter></c:comp-filter></c:filter>'
        '</c:calendar-query>'))


def expanded(answer):
    events = answer.text.replace("&#13;", "\r").split("BEGIN:VEVENT")[1:]
    return sorted(re.search(r"DTSTART:(\w+)", e).group(1) + "/" + re.search(r"DTEND:(\w+)", e).group(1) for e in events)


def free_busy(site):
    answer = site.request("REPORT", WORK, user="alice", headers={"Depth": "1"}, body=(
        '<c:free-busy-query xmlns:c="urn:ietf:params:xml:ns:caldav"><c:time-range start="20270101T000000Z" '
        'end="20270201T000000Z"/></c:free-busy-query>'))
    return answer, sorted(re.findall(r"\d{8}T\d{6}Z/\d{8}T\d{6}Z", answer.text.replace("\r\n ", "")))


def found_one(answer):
    return answer.text.count("/one.ics<") == 1


def see_set(site, what, components, wished):
    """One instance a second before its start and in its first: not found, found; then whole, in part and as busy time."""
    answer = put(site, calendar(*components))
    if not tap.check(answer.status in (201, 204), f"{what}: stored", answer.text):
        return
    start, end = wished[0].split("/")
    tap.check(found_one(query(site, start=start, end=end)), f"{what}: found where its first instance is")
    gap = end if end not in [w.split("/")[0] for w in wished] else start
    tap.check(not found_one(query(site, start=gap, end=gap[:-3] + "01Z")), f"{what}: and not behind it")
    tap.equal(expanded(query(site, '<c:expand start="20270101T000000Z" end="20270201T000000Z"/>')), wished, f"{what}: expanded")
    limited = query(site, '<c:limit-recurrence-set start="20270101T000000Z" end="20270201T000000Z"/>').text
    tap.equal(limited.count("BEGIN:VEVENT"), sum("DTSTART" in c and "TZOFFSET" not in c for c in components),
              f"{what}: limited to what bears on January")
    away = query(site, '<c:limit-recurrence-set start="20200101T000000Z" end="20200102T000000Z"/>').text
    masters = sum("DTSTART" in c and "TZOFFSET" not in c and ("RECURRENCE-ID" not in c or "THISANDFUTURE" in c) for c in components)
    tap.equal(away.count("BEGIN:VEVENT"), masters, f"{what}: of years ago the master is left")
    tap.equal(free_busy(site)[1], wished, f"{what}: free/busy")


def many(line, count):
    """COUNT values, one a minute, of EXDATE or RDATE."""
    return "".join(f"{line}:2026{1 + i // 40320:02}{1 + i // 1440 % 28:02}T{i // 60 % 24:02}{i % 60:02}00Z\n" for i in range(count))


BY_SECOND = ",".join(str(i) for i in range(60))
# What; lines of the event; the condition of the refusal, None: stored.
HOSTILE = [
    ("every second", "RRULE:FREQ=SECONDLY", "max-instances"),
    ("every second of a day that is not", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "max-instances"),
    ("every second of all there are", f"RRULE:FREQ=SECONDLY;BYSECOND={BY_SECOND};BYMINUTE={BY_SECOND}", "max-instances"),
    ("two thousand million seconds", "RRULE:FREQ=SECONDLY;COUNT=2147483647", "max-instances"),
    ("two thousand million days", "RRULE:FREQ=DAILY;COUNT=2147483647", None),
    ("a count beyond that", "RRULE:FREQ=DAILY;COUNT=4294967296", "valid-calendar-data"),
    ("30 February", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "max-instances"),
    ("31 April by the month", "RRULE:FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", "max-instances"),
    ("the sixth Monday", "RRULE:FREQ=MONTHLY;BYDAY=6MO", "max-instances"),
    ("week 53 in June", "RRULE:FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", "max-instances"),
    ("an empty set's 300th", "RRULE:FREQ=YEARLY;BYDAY=MO;BYSETPOS=300", "max-instances"),
    ("the 366th minute of a minute", "RRULE:FREQ=MINUTELY;BYSETPOS=366", "max-instances"),
    ("the largest interval", "RRULE:FREQ=YEARLY;INTERVAL=2147483647", None),
    ("the largest interval of seconds", "RRULE:FREQ=SECONDLY;INTERVAL=2147483647", None),
    ("no interval", "RRULE:FREQ=DAILY;INTERVAL=0", "valid-calendar-data"),
    ("29 February on a Monday at three", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=3;BYMINUTE=0;BYSECOND=0", None),
    ("nine rules", "RRULE:FREQ=DAILY\n" * 9, "max-instances"),
    ("a rule that does not end", "RRULE:FREQ=DAILY;BYMONTHDAY=" + ",".join(["1"] * 5000), "max-instances"),
    ("ten thousand EXDATEs", "RRULE:FREQ=DAILY\n" + many("EXDATE", 10000), None),
    ("ten thousand RDATEs", many("RDATE", 10000), "max-instances"),
    ("two thousand RDATEs that are excluded", many("RDATE", 2000) + many("EXDATE", 2000), None),
    ("another calendar", "RRULE:RSCALE=CHINESE;FREQ=YEARLY", "supported-rscale"),
    ("SKIP without a scale", "RRULE:FREQ=MONTHLY;SKIP=FORWARD", "valid-calendar-data"),
]


def cpu(site):
    with open(f"/proc/{site.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def costs(site, what, request):
    before, begun = cpu(site), time.monotonic()
    answer = request()
    took = cpu(site) - before
    tap.check(took <= CPU_SECONDS, f"{what}: within {CPU_SECONDS} s of processor time",
              f"{took:.2f} s of processor, {time.monotonic() - begun:.2f} s in all")
    return answer


def see_hostile(site, what, text, wished):
    site.request("DELETE", WORK + "one.ics", user="alice")
    answer = costs(site, f"{what}: PUT", lambda: put(site, text))
    if wished is not None:
        tap.equal((answer.status, condition(answer)), (403, [C + wished]), f"{what}: refused by its precondition")
        tap.equal(site.request("GET", WORK + "one.ics", user="alice").status, 404, f"{what}: nothing is stored")
        return
    tap.equal(answer.status, 201, f"{what}: stored")
    for year in ("2027", "2400", "9998"):
        end = str(int(year) + 1)
        answer = costs(site, f"{what}: a query of {year}",
                       lambda: query(site, start=year + "0101T000000Z", end=end + "0101T000000Z"))
        tap.equal(answer.status, 207, f"{what}: a query of {year} is answered")
    answer = costs(site, f"{what}: expand", lambda: query(site, '<c:expand start="20260101T000000Z" end="20290101T000000Z"/>'))
    tap.check(answer.status in (207, 403), f"{what}: expand is answered", answer.text)
    answer = costs(site, f"{what}: free/busy", lambda: free_busy(site)[0])
    tap.equal(answer.status, 200, f"{what}: free/busy is answered")


def overrides(count):
    master = "DTSTART:20260101T000000Z\nDURATION:PT1M\nRRULE:FREQ=DAILY"
    return calendar(master, *(f"RECURRENCE-ID{';RANGE=THISANDFUTURE' if i % 2 else ''}:2026{1 + i // 28 % 12:02}{1 + i % 28:02}T"
                              f"{i // 336 % 24:02}0000Z\nDTSTART:2026{1 + i // 28 % 12:02}{1 + i % 28:02}T010000Z\nDURATION:PT1M"
                              for i in range(count)))


def zones(count, observances, rule):
    """An object that uses COUNT zones of its own, each with so many rules."""
    observance = f"BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:{rule}\nEND:STANDARD"
    return calendar(*(f"TZID:Mine {i}\n" + "\n".join([observance] * observances) for i in range(count)),
                    "DTSTART:20260101T090000Z\nDURATION:PT1M\n" + "\n".join(f"RDATE;TZID=Mine {i}:20270101T{i % 24:02}0000"
                                                                        for i in range(count)))


def main():
    with Site(users=["alice"], config="timezone = Europe/Amsterdam\n") as site:
        element = propfind(site, WORK, "C:supported-rscale-set").element(WORK, C + "supported-rscale-set")
        tap.equal([child.text for child in element], ["GREGORIAN"], "supported-rscale-set says Gregorian")
        for what, components, wished in SETS:
            see_set(site, what, components, wished)
            site.request("DELETE", WORK + "one.ics", user="alice")
        for what, lines, wished in HOSTILE:
            see_hostile(site, what, calendar("DTSTART:20260101T090000Z\nDURATION:PT1M\n" + lines.rstrip("\n")), wished)
        see_hostile(site, "sixty zones of sixty rules that never hold",
                    zones(60, 60, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31;BYDAY=MO"), None)
        see_hostile(site, "the same of all months",
                    zones(60, 60, "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=31;BYDAY=MO;UNTIL=99990101T000000Z"),
                    "valid-calendar-data")
        see_hostile(site, "a zone of too many rules", zones(1, 65, "FREQ=YEARLY;BYMONTH=2;BYDAY=1MO"), "valid-calendar-data")
        see_hostile(site, "more zones than anybody needs", zones(65, 1, "FREQ=YEARLY;BYMONTH=2;BYDAY=1MO"), "valid-calendar-data")
        see_hostile(site, "two thousand overrides, half of them THISANDFUTURE", overrides(2000), None)
        tap.check(site.slotkeeper("check").returncode == 0, "the index agrees with the objects")


main()
tap.finish()
