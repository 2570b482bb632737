#!/usr/bin/python3
"""The hours set in a calendar app are the ones that count, and the other way round: the last writer wins."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import WORKDAY, ZONE, Api, at, make_key, monday, slots  # noqa: E402
from dav import periods  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
DAY = monday()
INBOX = "/dav/calendars/alice/inbox/"
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//app//EN\r\nBEGIN:VAVAILABILITY\r\nUID:v\r\nDTSTAMP:20260101T000000Z\r\n"
AVAILABLE = ("BEGIN:AVAILABLE\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Amsterdam:20260105T130000\r\n"
             "DTEND;TZID=Europe/Amsterdam:20260105T150000\r\n{rule}\r\nEND:AVAILABLE\r\n")
TAIL = "END:VAVAILABILITY\r\nEND:VCALENDAR\r\n"


def text_of(rule):
    return HEAD + AVAILABLE.replace("{rule}", rule) + TAIL


def proppatch(site, text):
    act = (f"<D:set><D:prop><C:calendar-availability>{text}</C:calendar-availability></D:prop></D:set>" if text is not None else
           "<D:remove><D:prop><C:calendar-availability/></D:prop></D:remove>")
    return site.request("PROPPATCH", INBOX, f'<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{act}'
                        "</D:propertyupdate>", "alice", {"Content-Type": "application/xml"})


def propfind(site):
    return site.request("PROPFIND", INBOX, '<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>'
                        "<C:calendar-availability/></D:prop></D:propfind>", "alice", {"Content-Type": "application/xml", "Depth": "0"}).text


def starts(api):
    return [slot["start"] for slot in slots(api, DAY).json["slots"]]


def from_the_api(site, api):
    api.put("/staff/alice/hours", {**WORKDAY, "overrides": [{"date": str(DAY), "hours": [["10:00", "11:00"]]}]})
    tap.equal(starts(api), [at(DAY, "10:00"), at(DAY, "10:30")], "hours of the API")
    shown = propfind(site)
    tap.check(all(word in shown for word in ("BEGIN:VAVAILABILITY", "RRULE:FREQ=WEEKLY", f"EXDATE;TZID={ZONE}:{DAY:%Y%m%d}T090000", "BEGIN:VTIMEZONE")),
              "a calendar app reads them", shown)
    site.slotkeeper("grant", "alice", "all", "read-free-busy")
    busy = periods(site.request("GET", f"/freebusy/alice?start={DAY}&end={DAY}T23:00:00Z").body)
    tap.check(list(busy) == ["BUSY-UNAVAILABLE"] and len(busy["BUSY-UNAVAILABLE"]) == 2, "and free/busy has them", busy)


def from_an_app(site, api):
    reply = proppatch(site, text_of("RRULE:FREQ=WEEKLY;BYDAY=MO,TU"))
    tap.check(reply.status == 207 and "200 OK" in reply.text, "an app writes hours", reply)
    tap.equal(api.get("/staff/alice/hours").json, {"timezone": ZONE, "weekly": {"mon": [["13:00", "15:00"]], "tue": [["13:00", "15:00"]]}}, "the API shows them")
    tap.equal(starts(api), [at(DAY, clock) for clock in ("13:00", "13:30", "14:00", "14:30")], "and they count")
    tap.check("BYDAY=MO,TU" in propfind(site), "as the app wrote them")
    proppatch(site, text_of("RRULE:FREQ=WEEKLY;INTERVAL=2"))
    shown = api.get("/staff/alice/hours").json
    tap.check(sorted(shown) == ["availability", "timezone"] and "INTERVAL=2" in shown["availability"], "what the weekly form cannot say is shown as it is", shown)
    there = [len(slots(api, monday(weeks)).json["slots"]) for weeks in (2, 3, 4, 5)]
    tap.check(sorted(there) == [0, 0, 4, 4] and there[0] == there[2], "and counts: every other week", there)
    tap.equal((api.put("/staff/alice/hours", shown).status, api.get("/staff/alice/hours").json), (200, shown), "it may be put back")
    tap.equal(proppatch(site, "hello").text.count("valid-calendar-data"), 1, "what is none is refused")
    tap.equal(api.get("/staff/alice/hours").json, shown, "and changes nothing")
    proppatch(site, None)
    tap.equal((api.get("/staff/alice/hours").json, starts(api)), ({}, []), "without it there are no hours")


def refusals(api):
    for body, field in (({"availability": "hello"}, "availability"), ({"availability": text_of("RRULE:FREQ=WEEKLY").replace("\r", ""), "weekly": {}}, "availability"),
                        ({"availability": 7}, "availability")):
        tap.equal((api.put("/staff/alice/hours", body).status, api.put("/staff/alice/hours", body).field), (422, field), f"{sorted(body)} names the field")


def audit(site, api):
    records = [record for record in api.all("/audit") if record["kind"] == "hours"]
    tap.equal([(record["action"], record["origin"], record["who"].split()[0]) for record in records[:2]], [("delete", "caldav", "user"), ("update", "api", "key")],
              "the audit log knows which door")
    site.slotkeeper("hours", "set", "alice", stdin='{"weekly": {"mon": [["08:00", "09:00"]]}}')
    tap.check("T080000" in propfind(site), "the command line's hours are an app's too")
    tap.equal(api.all("/audit", 1)[0]["origin"], "command", "and in the log")


with Site(users=["alice"], config=f'timezone = "{ZONE}"\nrate-limit-slots = 0\n') as site:
    api = Api(site, tap, make_key(site))
    api.put("/services/cut", {"name": "Cut", "duration_minutes": 30, "staff": ["alice"]})
    from_the_api(site, api)
    from_an_app(site, api)
    refusals(api)
    audit(site, api)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
