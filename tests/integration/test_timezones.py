#!/usr/bin/python3
"""Time zones by reference (RFC 7809) and the service that goes with them (RFC 7808), against the zones of Python."""
import datetime
import io
import json
import os
import re
import sys
import zoneinfo
from urllib.parse import quote

from dateutil import tz

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, ROOT, condition, multiget, propfind, proppatch, query  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK = HOME + "work/"
SERVICE = "/timezones"
UTC = datetime.timezone.utc
OWN = ("BEGIN:VTIMEZONE\r\nTZID:My own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0500\r\n"
       "TZOFFSETTO:+0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")
AMSTERDAM = OWN.replace("My own", "Europe/Amsterdam").replace("0500", "0100")
# Half hours, quarters, midnight changes, skipped days, dates across the date line, no rule, a rule of a Saturday evening.
ZONES = ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu", "Asia/Beirut",
         "America/Santiago", "Pacific/Apia", "Pacific/Kwajalein", "America/Nuuk", "Africa/Casablanca", "Europe/Dublin",
         "America/Argentina/Buenos_Aires", "Asia/Jerusalem", "Asia/Gaza", "America/Havana", "Etc/GMT+5", "Etc/UTC", "UTC"]


def event(*tzids, zones=""):
    uid = "-".join(re.sub(r"\W", "", t) for t in tzids)
    lines = "".join(f"{name};TZID={t}:20270302T{10 + 10 * i}0000\r\n" for i, (name, t) in enumerate(zip(("DTSTART", "DTEND"), tzids)))
    return (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\n{zones}BEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20260101T000000Z\r\n{lines}SUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def get(site, path, user=None, **headers):
    return site.request("GET", path, user=user, headers={k.replace("_", "-"): v for k, v in headers.items()})


def put(site, name, body, **headers):
    fields = {"Content-Type": "text/calendar", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return site.request("PUT", WORK + name, body, "alice", fields)


def problem(answer):
    return answer.status, answer.headers["Content-Type"], json.loads(answer.body)["type"].rpartition(":")[2]


# ---- the service ----

def capabilities(site):
    answer = site.request("GET", "/.well-known/timezone")
    tap.equal((answer.status, answer.headers["Location"]), (301, SERVICE), "the well-known address leads to the service")
    answer = get(site, SERVICE + "/capabilities")
    said = json.loads(answer.body)
    tap.equal((answer.status, said["version"], said["info"]["formats"], [a["name"] for a in said["actions"]]),
              (200, 1, ["text/calendar"], ["capabilities", "list", "get", "expand", "find"]), "capabilities")
    tap.equal(problem(get(site, SERVICE + "/leapseconds")), (404, "application/problem+json", "invalid-action"), "no other action")
    answer = site.request("POST", SERVICE + "/zones")
    tap.equal((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"), "nothing is to be written")


def listed(site):
    answer = get(site, SERVICE + "/zones")
    said = json.loads(answer.body)
    names = [z["tzid"] for z in said["timezones"]]
    tap.check(len(names) > 300 and all(z in names for z in ZONES) and len(set(names)) == len(names), "the list has every zone once", names)
    tap.check(all(set(z) >= {"tzid", "etag", "last-modified", "publisher", "version"} for z in said["timezones"]), "with what it must tell of each")
    tap.check(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", z["last-modified"]) for z in said["timezones"]), "dates")
    again = json.loads(get(site, SERVICE + "/zones?changedsince=" + quote(said["synctoken"])).body)
    tap.equal(again, {"synctoken": said["synctoken"], "timezones": []}, "nothing has changed since")
    tap.equal(problem(get(site, SERVICE + "/zones?changedsince=0")), (400, "application/problem+json", "invalid-changedsince"), "another token")
    for pattern, wished in (("europe/amsterdam", ["Europe/Amsterdam"]), ("America/new york", ["America/New_York"]),
                            ("*lord_HOWE", ["Australia/Lord_Howe"]), ("Pacific/Ch*", ["Pacific/Chatham", "Pacific/Chuuk"]),
                            ("*zona*", None), ("nowhere", [])):
        found = [z["tzid"] for z in json.loads(get(site, SERVICE + "/zones?pattern=" + quote(pattern)).body)["timezones"]]
        if wished is None:
            wished = sorted(n for n in names if "zona" in n.lower())
        tap.equal(sorted(found), wished, f"find {pattern}")
    for pattern in ("*", "", "a*b", "**", "%zz"):
        tap.equal(problem(get(site, SERVICE + "/zones?pattern=" + pattern)), (400, "application/problem+json", "invalid-pattern"),
                  f"no pattern: {pattern!r}")
    return {z["tzid"]: z["etag"] for z in said["timezones"]}


def instants(name):
    """The changes of 1971 to 2037, which zoneinfo and dateutil both know, by halving five days."""
    zone = zoneinfo.ZoneInfo(name)

    def offset(seconds):
        return datetime.datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset()

    start, end, step = 31536000, 2114380800, 5 * 86400
    for low in range(start, end, step):
        high = low + step
        before, after = offset(low), offset(high)
        if before == after:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if offset(middle) == after else (middle, high)
        yield datetime.datetime.fromtimestamp(high, UTC), before, after


def each_zone(site, etags):
    for name in ZONES:
        address = f"{SERVICE}/zones/{quote(name, safe='')}"
        answer = get(site, address)
        etag = answer.headers["ETag"]
        tap.equal((answer.status, answer.headers["Content-Type"], etag), (200, "text/calendar; charset=utf-8", f'"{etags[name]}"'), f"{name}: given")
        tap.equal(get(site, address, If_None_Match=etag).status, 304, f"{name}: not again")
        read = tz.tzical(io.StringIO(answer.text)).get(name)
        zone, changes = zoneinfo.ZoneInfo(name), list(instants(name))
        wrong = [at for at, _, _ in changes for d in (-7200, 7200)
                 if (at + datetime.timedelta(seconds=d)).astimezone(zone).replace(tzinfo=read).utcoffset() !=
                 (at + datetime.timedelta(seconds=d)).astimezone(zone).utcoffset()]
        # A wall time that occurs twice or on a day that was skipped is for dateutil to guess.
        wrong = [at for at in wrong if abs((at - datetime.timedelta(hours=2)).astimezone(zone).utcoffset() -
                                           (at + datetime.timedelta(hours=2)).astimezone(zone).utcoffset()) < datetime.timedelta(hours=2)]
        tap.equal(wrong, [], f"{name}: dateutil reads the offsets of zoneinfo")
        said = json.loads(get(site, address + "/observances?start=2000-01-01T00:00:00Z&end=2030-01-01T00:00:00Z").body)
        seen = [(o["onset"], o["utc-offset-from"], o["utc-offset-to"]) for o in said["observances"]]
        wished = [(at.strftime("%Y-%m-%dT%H:%M:%SZ"), int(a.total_seconds()), int(b.total_seconds()))
                  for at, a, b in changes if 2000 <= at.year < 2030]
        tap.equal(seen[1:], wished, f"{name}: expanded as zoneinfo has it")
        before = datetime.datetime(2000, 1, 1, tzinfo=UTC).astimezone(zone).utcoffset().total_seconds()
        tap.check(seen[0][2] == before and seen[0][0] <= "2000-01-01T00:00:00Z", f"{name}: begins with what is in force", seen[0])


def bad_zones(site):
    for name in ("Nowhere", "europe%2Famsterdam", "W.%20Europe%20Standard%20Time", "..%2F..%2Fetc%2Fpasswd", "", "%zz", "x" * 300):
        tap.equal(problem(get(site, f"{SERVICE}/zones/{name}")), (404, "application/problem+json", "tzid-not-found"), f"no zone: {name[:40]!r}")
    address = SERVICE + "/zones/Europe%2FAmsterdam"
    for asked, wished in (("", "invalid-start"), ("start=2020-01-01T00:00:00Z", "invalid-end"), ("start=1&end=2", "invalid-start"),
                          ("start=2020-01-01T00:00:00Z&end=2020-01-01T00:00:00Z", "invalid-end"),
                          ("start=2020-01-01T00:00:00%2B01:00&end=2021-01-01T00:00:00Z", "invalid-start"),
                          ("start=0001-01-01T00:00:00Z&end=9999-01-01T00:00:00Z", "invalid-end")):
        tap.equal(problem(get(site, f"{address}/observances?{asked}")), (400, "application/problem+json", wished), f"expand {asked}")
    tap.equal(problem(get(site, address + "?start=2020-01-01T00:00:00Z")), (400, "application/problem+json", "invalid-truncate"), "no part of a zone")


# ---- by reference ----

def announced(site):
    answer = site.request("OPTIONS", HOME, user="alice")
    tap.check("calendar-no-timezone" in answer.headers["DAV"], "calendar-no-timezone is announced", answer.headers["DAV"])
    for path in (HOME, WORK):
        tap.equal(propfind(site, path, "C:timezone-service-set").hrefs(path, C + "timezone-service-set"), [SERVICE], f"the service of {path}")


def zones_of(text):
    return sorted(re.findall(r"BEGIN:VTIMEZONE\r\nTZID:(.*)\r\n", text))


def written_without(site):
    bare = event("Europe/Amsterdam", "Asia/Kathmandu")
    answer = put(site, "bare.ics", bare, CalDAV_Timezones="F")
    tag = answer.headers["ETag"]
    tap.check(answer.status == 201 and tag, "an object without VTIMEZONE is taken", answer.text)
    short = get(site, WORK + "bare.ics", "alice", CalDAV_Timezones="F")
    tap.equal((short.text, short.headers["ETag"]), (bare, tag), "who has the zones gets what was written")
    for value in ({}, {"CalDAV_Timezones": "T"}, {"CalDAV_Timezones": "perhaps"}):
        whole = get(site, WORK + "bare.ics", "alice", **value)
        tap.equal((zones_of(whole.text), whole.headers["ETag"]), (["Asia/Kathmandu", "Europe/Amsterdam"], tag), f"others get them defined: {value}")
        tap.check("CalDAV-Timezones" in whole.headers.get_all("Vary"), "caches are told", whole.headers)
    without = re.sub(r"BEGIN:VTIMEZONE.*END:VTIMEZONE\r\n", "", whole.text, flags=re.S)
    tap.equal(without, bare, "the rest is as it was")
    tap.equal(put(site, "bare2.ics", event("Asia/Tokyo")).headers["ETag"], None, "no ETag for who would get other bytes back")
    tap.equal(site.request("HEAD", WORK + "bare.ics", user="alice").headers["Content-Length"], str(len(whole.body)), "HEAD says the same length")


def written_with(site):
    full = event("Europe/Amsterdam", "My own", zones=AMSTERDAM + OWN)
    tag = put(site, "full.ics", full).headers["ETag"]
    tap.equal(get(site, WORK + "full.ics", "alice").text, full, "what defines its zones comes as it is")
    short = get(site, WORK + "full.ics", "alice", CalDAV_Timezones="F")
    tap.equal((short.text, short.headers["ETag"]), (full.replace(AMSTERDAM, ""), tag), "by reference: the standard one is left out, another stays")
    tap.equal(get(site, WORK + "full.ics", "alice", CalDAV_Timezones="F", If_None_Match=tag).status, 304, "one ETag for both")


def data_of(answer):
    return [text.replace("&#13;", "\r") for text in re.findall(r"calendar-data>(BEGIN.*?)</", answer.text, re.S)]


def reported(site):
    def ask(fields, data=""):
        body = (f"<C:calendar-multiget {ROOT}><D:prop><C:calendar-data>{data}</C:calendar-data></D:prop><D:href>{WORK}full.ics</D:href>"
                f"<D:href>{WORK}bare.ics</D:href></C:calendar-multiget>")
        return site.request("REPORT", WORK, body, "alice", {"Content-Type": "text/xml", **fields})

    whole, short = ask({}), ask({"CalDAV-Timezones": "F"})
    tap.equal([zones_of(t) for t in data_of(whole)], [["Europe/Amsterdam", "My own"], ["Asia/Kathmandu", "Europe/Amsterdam"]], "multiget: defined")
    tap.equal([zones_of(t) for t in data_of(short)], [["My own"], []], "multiget: by reference")
    tap.check(any("CalDAV-Timezones" in v for v in short.headers.get_all("Vary")), "and caches are told")
    limited = ask({"CalDAV-Timezones": "F"}, '<C:limit-recurrence-set start="20270301T000000Z" end="20270401T000000Z"/>')
    tap.equal([zones_of(t) for t in data_of(limited)], [["My own"], []], "limited: by reference")
    limited = ask({}, '<C:limit-recurrence-set start="20270301T000000Z" end="20270401T000000Z"/>')
    tap.equal([zones_of(t) for t in data_of(limited)], [["Europe/Amsterdam", "My own"], ["Asia/Kathmandu", "Europe/Amsterdam"]], "limited: defined")
    expanded = ask({}, '<C:expand start="20270301T000000Z" end="20270401T000000Z"/>')
    tap.check(all("TZID" not in t for t in data_of(expanded)), "expanded: no zone at all", expanded.text)
    stream = get(site, WORK, "alice")
    tap.equal(zones_of(stream.text), ["Asia/Kathmandu", "Asia/Tokyo", "Europe/Amsterdam", "My own"], "a stream defines each zone once")
    tap.equal(zones_of(get(site, WORK, "alice", CalDAV_Timezones="F").text), ["My own"], "a stream by reference")


def exported(site):
    text = site.slotkeeper("export", "alice/work").stdout.replace("\n", "\r\n")
    tap.equal(zones_of(text), ["Asia/Kathmandu", "Asia/Tokyo", "Europe/Amsterdam", "My own"], "an exported file defines each zone once")


def refused(site):
    for tzid in ("Nowhere/Atall", "My own", "Customized Time Zone"):
        answer = put(site, "no.ics", event(tzid))
        tap.equal((answer.status, condition(answer)), (403, [C + "valid-timezone"]), f"{tzid} is neither known nor defined")
    broken = OWN.replace("DTSTART:19700101T000000", "DTSTART:sometime")
    answer = put(site, "no.ics", event("My own", zones=broken))
    tap.equal((answer.status, condition(answer)), (403, [C + "valid-calendar-data"]), "a definition that cannot be read")
    tap.equal(get(site, WORK + "no.ics", "alice").status, 404, "nothing is stored")


def properties(site):
    def set_to(value):
        return proppatch(site, WORK, f"<D:set><D:prop><C:calendar-timezone-id>{value}</C:calendar-timezone-id></D:prop></D:set>")

    tap.equal(set_to("Asia/Kathmandu").status, 207, "calendar-timezone-id is set")
    found = propfind(site, WORK, "C:calendar-timezone-id C:calendar-timezone")
    tap.equal(found.text(WORK, C + "calendar-timezone-id"), "Asia/Kathmandu", "and read")
    tap.equal(zones_of(found.text(WORK, C + "calendar-timezone")), ["Asia/Kathmandu"], "calendar-timezone follows")
    put(site, "day.ics", event("Asia/Tokyo").replace("UID:AsiaTokyo", "UID:day").replace(";TZID=Asia/Tokyo:20270302T100000", ";VALUE=DATE:20270410"))
    ask = '<C:comp-filter name="VEVENT"><C:time-range start="{}" end="{}"/></C:comp-filter>'
    answer = query(site, WORK, ask.format("20270409T181500Z", "20270409T181501Z"))
    tap.check("day.ics" in answer.text, "dates are read in it", answer.text)
    answer = set_to("Nowhere/Atall")
    tap.check("valid-timezone" in answer.text and "403" in answer.text, "an unknown one is refused by its precondition", answer.text)
    tap.equal(propfind(site, WORK, "C:calendar-timezone-id").text(WORK, C + "calendar-timezone-id"), "Asia/Kathmandu", "and changes nothing")
    answer = query(site, WORK, ask.format("20270410T080000Z", "20270411T030000Z"), more="<C:timezone-id>America/New_York</C:timezone-id>")
    tap.check("day.ics" in answer.text, "a query names its own zone", answer.text)
    answer = query(site, WORK, ask.format("20270410T080000Z", "20270411T030000Z"), more="<C:timezone-id>Nowhere</C:timezone-id>")
    tap.equal((answer.status, condition(answer)), (403, [C + "valid-timezone"]), "which must exist")


def main():
    with Site(users=["alice"], config="timezone = Europe/Amsterdam\n") as site:
        capabilities(site)
        etags = listed(site)
        each_zone(site, etags)
        bad_zones(site)
        announced(site)
        written_without(site)
        written_with(site)
        reported(site)
        exported(site)
        refused(site)
        properties(site)


main()
tap.finish()
