#!/usr/bin/python3
"""Asking for others' free/busy times by POST to the outbox (RFC 6638, 5), as Thunderbird and Apple's apps do it."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lxml import etree  # noqa: E402

from dav import C, D, condition, event, periods, propfind, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME, OUTBOX, ME = "/dav/calendars/alice/", "/dav/calendars/alice/outbox/", "/dav/principals/users/alice/"
ALICE, BOB, ROOM = "mailto:alice@example.org", "mailto:bob@example.org", "/dav/principals/resources/room-1/"


def question(*attendees, organizer=ALICE, more="", method="METHOD:REQUEST\r\n", end="20270311T000000Z"):
    """CALSCALE before VERSION and properties in any order, as Apple's apps write it."""
    lines = "".join(f"ATTENDEE;PARTSTAT=NEEDS-ACTION:{a}\r\n" for a in attendees)
    return (f"BEGIN:VCALENDAR\r\nCALSCALE:GREGORIAN\r\nVERSION:2.0\r\n{method}PRODID:-//Apple Inc.//macOS//EN\r\n"
            f"BEGIN:VFREEBUSY\r\nUID:ask-1\r\nDTEND:{end}\r\n{lines}DTSTART:20270310T000000Z\r\n{more}"
            f"DTSTAMP:20270301T000000Z\r\nORGANIZER:{organizer}\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n")


def ask(site, body, user="alice", path=OUTBOX, **headers):
    fields = {"Content-Type": "text/calendar; charset=utf-8", "Originator": ALICE, **headers}
    return site.request("POST", path, body, user, fields)


def answers(answer):
    """[(recipient, status, calendar data)]"""
    root = etree.fromstring(answer.body)
    assert root.tag == C + "schedule-response", root.tag
    return [(r.findtext(f"{C}recipient/{D}href"), r.findtext(C + "request-status"), r.findtext(C + "calendar-data") or "")
            for r in root.findall(C + "response")]


def found(site):
    outbox = propfind(site, ME, "C:schedule-outbox-URL").hrefs(ME, C + "schedule-outbox-URL")
    tap.equal(outbox, [OUTBOX], "the principal names the outbox")
    kinds = [child.tag for child in propfind(site, OUTBOX, "D:resourcetype").element(OUTBOX, D + "resourcetype")]
    tap.equal(kinds, [D + "collection", C + "schedule-outbox"], "which is one")
    tap.equal(propfind(site, OUTBOX, "D:resourcetype", "bob").status, 404, "another does not find it")
    tap.equal(site.request("DELETE", OUTBOX, user="alice").status, 403, "it cannot be deleted")
    answer = put(site, OUTBOX + "x.ics", event("x"))
    tap.equal((answer.status, condition(answer)), (403, [C + "calendar-collection-location-ok"]), "nothing is put there")


def two_recipients(site):
    put(site, "/dav/calendars/bob/work/1.ics", event("secret-title", "20270310T090000Z"), "bob")
    answer = ask(site, question(BOB, "mailto:nobody@example.org"), Recipient=f"{BOB}, mailto:nobody@example.org")
    tap.equal((answer.status, answer.headers["Content-Type"].split(";")[0]), (200, "application/xml"), "Apple's question is answered")
    known, unknown = answers(answer)
    tap.equal((known[:2], unknown), ((BOB, "2.0;Success"), ("mailto:nobody@example.org", "3.7;Invalid Calendar User", "")),
              "the one is known, the other not")
    tap.equal(periods(known[2].encode()), {"BUSY": [("20270310T090000Z", "20270310T100000Z")]}, "busy is busy, with its FBTYPE")
    wished = {"METHOD:REPLY", "UID:ask-1", f"ORGANIZER:{ALICE}", f"ATTENDEE:{BOB}", "DTSTART:20270310T000000Z",
              "DTEND:20270311T000000Z"}
    tap.equal(wished - set(known[2].splitlines()), set(), "it is a REPLY to this question")
    tap.check("secret-title" not in answer.text, "and tells nothing else", answer.body)


def one_at_a_time(site):
    """Thunderbird asks for one recipient a request."""
    put(site, "/dav/calendars/room-1/bookings/1.ics", event("r", "20270310T120000Z"), "boss")
    for address in ("mailto:BOB@example.org", "/dav/principals/users/bob/", "http://elsewhere.example/dav/principals/users/bob/"):
        (one,) = answers(ask(site, question(address), Recipient=address))
        tap.equal((one[1], list(periods(one[2].encode()))), ("2.0;Success", ["BUSY"]), f"found as {address}")
    (one,) = answers(ask(site, question(ROOM)))
    tap.equal(periods(one[2].encode()), {"BUSY": [("20270310T120000Z", "20270310T130000Z")]}, "a room is asked like a person")
    urn = propfind(site, "/dav/principals/users/bob/", "D:resource-id").hrefs("/dav/principals/users/bob/", D + "resource-id")[0]
    (one,) = answers(ask(site, question(urn)))
    tap.equal(one[:2], (urn, "2.0;Success"), "a URN names him too")
    (one,) = answers(ask(site, question(urn[:-1] + "f")))
    tap.equal(one[1][:3], "3.7", "one of nobody's does not")


def masked(site):
    put(site, "/dav/calendars/bob/work/2.ics", event("moved", "20270310T140000Z"), "bob")
    put(site, "/dav/calendars/bob/work/3.ics",
        event("weekly", "20270303T160000Z", more="RRULE:FREQ=WEEKLY\r\n"), "bob")
    busy = [("20270310T090000Z", "20270310T100000Z"), ("20270310T140000Z", "20270310T150000Z"),
            ("20270310T160000Z", "20270310T170000Z")]
    for uid, wished in (("other", busy), ("moved", [busy[0], busy[2]]), ("weekly", busy[:2])):
        (one,) = answers(ask(site, question(BOB, more=f"X-CALENDARSERVER-MASK-UID:{uid}\r\n")))
        tap.equal(periods(one[2].encode()), {"BUSY": wished}, f"without what is being moved: {uid}")


def refused(site):
    message = C + "valid-scheduling-message"
    rows = [
        ("not the owner's ORGANIZER", question(BOB, organizer=BOB), C + "valid-organizer"),
        ("no METHOD", question(BOB, method=""), message),
        ("another METHOD", question(BOB, method="METHOD:REPLY\r\n"), message),
        ("nobody asked", question(), message),
        ("an empty range", question(BOB, end="20270310T000000Z"), message),
        ("ten years", question(BOB, end="20370310T000000Z"), message),
        ("an event", event("x").replace("VERSION:2.0\r\n", "VERSION:2.0\r\nMETHOD:REQUEST\r\n"), message),
        ("no iCalendar", "nothing of the kind", C + "valid-calendar-data"),
        ("too many", question(*[f"mailto:a{i}@example.org" for i in range(101)]), C + "max-attendees-per-instance"),
    ]
    for name, body, wished in rows:
        answer = ask(site, body)
        tap.equal((answer.status, condition(answer)), (403, [wished]), f"refused: {name}")
    answer = site.request("POST", OUTBOX, question(BOB), "alice", {"Content-Type": "text/plain"})
    tap.equal((answer.status, condition(answer)), (403, [C + "supported-calendar-data"]), "refused: text/plain")
    tap.equal(ask(site, question(BOB), "bob").status, 404, "another's outbox is not found")
    site.slotkeeper("grant", "alice", "bob", "read")
    answer = ask(site, question(BOB), "bob")
    tap.equal((answer.status, condition(answer)), (403, [D + "need-privileges"]), "reading it is not asking in its owner's name")
    site.slotkeeper("grant", "alice", "bob", "schedule")
    tap.equal(ask(site, question(BOB), "bob").status, 200, "who was granted to schedule may")
    answer = site.request("POST", HOME + "inbox/", event("y"), "alice", {"Content-Type": "text/calendar"})
    tap.equal((answer.status, condition(answer)), (403, [C + "calendar-collection-location-ok"]), "nothing is posted to an inbox")


with Site(users=["alice", "bob"], admins=["boss"], resources=["room-1"]) as site:
    found(site)
    two_recipients(site)
    one_at_a_time(site)
    masked(site)
    refused(site)
tap.finish()
