#!/usr/bin/python3
"""What free/busy says of bookings: the buffers beside them, holds that have no event, and nothing of the customer."""
import json
import os
import sys
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import periods  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOURS = json.dumps({"timezone": "UTC", "weekly": {d: [["00:00", "24:00"]] for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}})
SERVICE = {"id": "massage", "name": "Massage", "duration_minutes": 60, "buffer_before_minutes": 15, "buffer_after_minutes": 30,
           "staff": ["alice"], "resources": [{"id": "room-1"}]}
DAY = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=20)
CUSTOMER = {"name": "Kimberley", "email": "kimberley@example.org"}


def at(hour, minute=0):
    return (DAY + timedelta(hours=hour, minutes=minute)).strftime("%Y%m%dT%H%M%SZ")


def report(site, path, user, start, end):
    body = (f'<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="{start}" end="{end}"/>'
            "</C:free-busy-query>")
    return site.request("REPORT", path, body, user, {"Depth": "1", "Content-Type": "application/xml"}).body


def ask_outbox(site, attendee, mask=""):
    body = (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\nUID:ask\r\n"
            f"DTSTAMP:20270101T000000Z\r\nDTSTART:{at(0)}\r\nDTEND:{at(24)}\r\nORGANIZER:mailto:bob@example.org\r\n"
            f"ATTENDEE:mailto:{attendee}@example.org\r\n{mask}END:VFREEBUSY\r\nEND:VCALENDAR\r\n")
    answer = site.request("POST", "/dav/calendars/bob/outbox/", body, "bob", {"Content-Type": "text/calendar"})
    return answer.body.replace(b"&#13;", b"")


def book(site, key, hour, hold=False):
    body = {"service": "massage", "start": (DAY + timedelta(hours=hour)).isoformat(), "customer": CUSTOMER, "hold": hold}
    answer = site.request("POST", "/api/v1/bookings", json.dumps(body),
                          headers={"Authorization": "Bearer " + key, "Content-Type": "application/json"})
    if answer.status != 201:
        raise RuntimeError(f"{answer.status} {answer.text}")
    return json.loads(answer.body)


def says(body, wished, name):
    tap.equal(periods(body), wished, name)
    tap.check(b"imberley" not in body and b"Massage" not in body, f"{name}: nothing of the customer", body)


with Site(users=["alice", "bob"], config="timezone = UTC\n") as the_site:
    the_site.slotkeeper("resource", "add", "room-1", "--email", "room-1@example.org")
    the_site.slotkeeper("hours", "set", "alice", stdin=HOURS)
    the_site.slotkeeper("service", "add", stdin=json.dumps(SERVICE))
    KEY = the_site.slotkeeper("apikey", "create").stdout.strip()
    booked, held = book(the_site, KEY, 9), book(the_site, KEY, 14, hold=True)
    BUSY = {"BUSY": [(at(9), at(10))], "BUSY-UNAVAILABLE": [(at(8, 45), at(9)), (at(10), at(10, 30))],
            "BUSY-TENTATIVE": [(at(13, 45), at(15, 30))]}
    says(report(the_site, "/dav/calendars/alice/", "alice", at(0), at(24)), BUSY, "the report on a home")
    says(report(the_site, "/dav/calendars/alice/bookings/", "alice", at(0), at(24)), BUSY, "the report on the bookings")
    says(report(the_site, "/dav/calendars/alice/", "bob", at(0), at(24)), BUSY, "the report for a colleague")
    says(report(the_site, "/dav/calendars/alice/work/", "alice", at(0), at(24)), {}, "the report on another calendar")
    says(report(the_site, "/dav/calendars/alice/", "alice", at(10, 15), at(10, 20)), {"BUSY-UNAVAILABLE": [(at(10, 15), at(10, 20))]},
         "within a buffer")
    says(ask_outbox(the_site, "alice"), BUSY, "a question to the outbox")
    says(ask_outbox(the_site, "room-1"), BUSY, "the room is busy as long")
    without = {"BUSY-TENTATIVE": BUSY["BUSY-TENTATIVE"]}
    says(ask_outbox(the_site, "alice", f"X-CALENDARSERVER-MASK-UID:{booked['uid']}\r\n"), without, "what moves takes its buffers along")
    secret = the_site.slotkeeper("feed", "create", "alice", "--free-busy").stdout.strip()
    answer = the_site.request("GET", f"/freebusy/alice?token={secret}&start={at(0)}&end={at(24)}")
    tap.equal(answer.status, 200, "the free/busy address answers")
    says(answer.body, BUSY, "the free/busy address")
    the_site.slotkeeper("booking", "cancel", held["id"])
    the_site.slotkeeper("booking", "cancel", booked["id"])
    says(report(the_site, "/dav/calendars/alice/", "alice", at(0), at(24)), {}, "cancelled: its time is free with its buffers")
    # the longer buffer counts: the guard table has the core alone
    the_site.slotkeeper("service", "add", "--replace", stdin=json.dumps(dict(SERVICE, buffer_combine="max")))
    book(the_site, KEY, 9)
    says(report(the_site, "/dav/calendars/alice/", "alice", at(10, 10), at(12)), {"BUSY-UNAVAILABLE": [(at(10, 10), at(10, 30))]},
         "a buffer alone in the window, where the longer one counts")
tap.finish()
