#!/usr/bin/python3
"""calendar-availability on the inbox (RFC 7953): kept as it was written, refused when it is none, told in free/busy."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, ROOT, XML, Multistatus, condition, event, free_busy, periods, propfind, proppatch, put, sync  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK, INBOX, ME = HOME + "work/", HOME + "inbox/", "/dav/principals/users/alice/"
NAME = C + "calendar-availability"
# What an app writes for working hours: Monday to Friday, nine to five
HOURS = ("BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:-//app//EN&#13;\nBEGIN:VAVAILABILITY&#13;\nUID:hours&#13;\n"
         "DTSTAMP:20270101T000000Z&#13;\n%sBEGIN:AVAILABLE&#13;\nUID:office&#13;\nDTSTAMP:20270101T000000Z&#13;\n"
         "SUMMARY:Monday to Friday&#13;\nDTSTART;TZID=Europe/Amsterdam:20270104T090000&#13;\n"
         "DTEND;TZID=Europe/Amsterdam:20270104T170000&#13;\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR&#13;\nEND:AVAILABLE&#13;\n"
         "END:VAVAILABILITY&#13;\n%sEND:VCALENDAR&#13;\n")
AWAY = ("BEGIN:VAVAILABILITY&#13;\nUID:away&#13;\nDTSTAMP:20270101T000000Z&#13;\nPRIORITY:1&#13;\nBUSYTYPE:BUSY&#13;\n"
        "DTSTART:20270309T000000Z&#13;\nDTEND:20270310T000000Z&#13;\nEND:VAVAILABILITY&#13;\n")
DAY = ("20270308T000000Z", "20270309T000000Z")  # a Monday in winter


def write(site, value, path=INBOX, user="alice"):
    return proppatch(site, path, f"<D:set><D:prop><C:calendar-availability>{value}</C:calendar-availability></D:prop></D:set>", user)


def busy(site, start=DAY[0], end=DAY[1], user="bob"):
    return periods(free_busy(site, HOME, start, end, user).body)


def the_inbox(site):
    tap.equal(propfind(site, ME, "C:schedule-inbox-URL").hrefs(ME, C + "schedule-inbox-URL"), [INBOX], "the principal names the inbox")
    found = propfind(site, HOME, "D:resourcetype D:add-member C:schedule-calendar-transp", depth="1")
    tap.equal([child.tag for child in found.element(INBOX, D + "resourcetype")], [D + "collection", C + "schedule-inbox"],
              "it is in the home, and no calendar")
    tap.equal(found.statuses(INBOX), {D + "resourcetype": 200, D + "add-member": 404, C + "schedule-calendar-transp": 404},
              "without what calendars have")
    header = site.request("OPTIONS", ME, user="alice").headers["DAV"]
    tap.check("calendar-availability" in header, "it is announced", header)
    answer = put(site, INBOX + "x.ics", event("x"))
    tap.equal((answer.status, condition(answer)), (403, [C + "calendar-collection-location-ok"]), "nothing is put there")
    tap.equal(site.request("DELETE", INBOX, user="alice").status, 403, "it cannot be deleted")
    tap.equal(list(Multistatus(sync(site, INBOX).body).responses), [], "it syncs, with nothing in it")
    tap.equal(site.request("PROPFIND", INBOX, None, "bob", {"Depth": "0"}).status, 404, "another does not find it")
    room = "/dav/principals/resources/room-1/"
    tap.equal(propfind(site, room, "C:schedule-inbox-URL").statuses(room), {C + "schedule-inbox-URL": 404}, "a room has none")


def hours(site):
    tap.equal(propfind(site, INBOX, "C:calendar-availability").statuses(INBOX), {NAME: 404}, "at first there is none")
    tap.equal(busy(site), {}, "and all time is free")
    answer = write(site, HOURS % ("", ""))
    tap.equal((answer.status, Multistatus(answer.body).statuses(INBOX)), (207, {NAME: 200}), "working hours are written")
    text = propfind(site, INBOX, "C:calendar-availability").text(INBOX, NAME)
    tap.equal(text.replace("\r", ""), (HOURS % ("", "")).replace("&#13;", ""), "and read as they were written")
    closed = [("20270308T000000Z", "20270308T080000Z"), ("20270308T160000Z", "20270309T000000Z")]
    tap.equal(busy(site), {"BUSY-UNAVAILABLE": closed}, "who asks sees what they close")
    tap.equal(busy(site, "20270614T000000Z", "20270615T000000Z"),
              {"BUSY-UNAVAILABLE": [("20270614T000000Z", "20270614T070000Z"), ("20270614T150000Z", "20270615T000000Z")]}, "in summer time too")
    put(site, WORK + "late.ics", event("late", "20270308T153000Z"))
    tap.equal(busy(site), {"BUSY": [("20270308T153000Z", "20270308T163000Z")],
                           "BUSY-UNAVAILABLE": [closed[0], ("20270308T163000Z", "20270309T000000Z")]}, "events lie over them")
    tap.equal(periods(free_busy(site, WORK, *DAY, "alice").body), {"BUSY": [("20270308T153000Z", "20270308T163000Z")]},
              "one calendar alone knows no hours")
    token = site.slotkeeper("feed", "create", "alice", "--free-busy").stdout.strip()
    answer = site.request("GET", f"/freebusy/alice?start=20270308T000000Z&end=20270309T000000Z&token={token}")
    tap.check("BUSY-UNAVAILABLE" in periods(answer.body), "the free/busy address tells them", answer)
    write(site, HOURS % ("PRIORITY:5&#13;\nBUSYTYPE:BUSY-TENTATIVE&#13;\n", AWAY))
    tap.equal(busy(site, "20270308T120000Z", "20270310T120000Z").get("BUSY-TENTATIVE"),
              [("20270308T163000Z", "20270309T000000Z"), ("20270310T000000Z", "20270310T080000Z")], "a higher priority replaces a day")
    tap.equal(busy(site, "20270309T000000Z", "20270310T000000Z"), {"BUSY": [("20270309T000000Z", "20270310T000000Z")]}, "with its type")
    bookings = put(site, HOME + "bookings/night.ics", event("night", "20270311T020000Z"), Prefer="handling=strict")
    tap.equal(bookings.status, 201, "his own writes are not bound by hours")


def in_a_calendar(site):
    body = "<D:set><D:prop><C:supported-calendar-component-set><C:comp name=\"VAVAILABILITY\"/></C:supported-calendar-component-set></D:prop></D:set>"
    path = "/dav/calendars/bob/times/"
    site.request("MKCALENDAR", path, f"{XML}<C:mkcalendar {ROOT}>{body}</C:mkcalendar>", "bob")
    text = (HOURS % ("PRIORITY:3&#13;\n", "")).replace("&#13;\n", "\r\n")
    tap.equal(put(site, path + "hours.ics", text, "bob").status, 201, "a VAVAILABILITY can be an object too")
    wished = {"BUSY-UNAVAILABLE": [("20270308T000000Z", "20270308T080000Z"), ("20270308T160000Z", "20270309T000000Z")]}
    tap.equal(periods(free_busy(site, "/dav/calendars/bob/", *DAY, "alice").body), wished, "and counts as one")
    tap.equal(periods(free_busy(site, path, *DAY, "bob").body), wished, "of its calendar as well")
    write(site, (HOURS % ("PRIORITY:2&#13;\n", "")).replace("T090000", "T120000"), "/dav/calendars/bob/inbox/", "bob")
    tap.equal(periods(free_busy(site, "/dav/calendars/bob/", *DAY, "alice").body),
              {"BUSY-UNAVAILABLE": [("20270308T000000Z", "20270308T110000Z"), wished["BUSY-UNAVAILABLE"][1]]},
              "together with the inbox's, by priority")
    put(site, path + "broken.ics", text.replace("UID:hours", "UID:other").replace("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "RRULE:FREQ=NEVER"), "bob")
    tap.equal(periods(free_busy(site, "/dav/calendars/bob/", *DAY, "alice").body)["BUSY-UNAVAILABLE"][1], wished["BUSY-UNAVAILABLE"][1],
              "one that cannot be read hides nothing")


def refused(site):
    before = propfind(site, INBOX, "C:calendar-availability").text(INBOX, NAME)
    for what, value in (("text", "hello"), ("an event", event("x").replace("\r", "")), ("a hostile rule", (HOURS % ("", "")).replace(
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=SECONDLY")), ("an unknown zone", (HOURS % ("", "")).replace("Europe/Amsterdam", "Nowhere/x")),
            ("a priority of 12", HOURS % ("PRIORITY:12&#13;\n", "")), ("half of one", (HOURS % ("", "")).replace("END:VAVAILABILITY&#13;\n", ""))):
        answer = write(site, value)
        tap.equal((answer.status, Multistatus(answer.body).statuses(INBOX)), (207, {NAME: 403}), f"{what} is refused")
        tap.check(b"<C:valid-calendar-data/>" in answer.body or b"<C:max-instances/>" in answer.body or b"<C:valid-timezone/>" in answer.body, f"{what}: with its condition", answer)
    tap.equal(propfind(site, INBOX, "C:calendar-availability").text(INBOX, NAME), before, "the old ones stay")
    tap.equal(write(site, HOURS % ("", ""), user="bob").status, 404, "another cannot write them")
    proppatch(site, INBOX, "<D:remove><D:prop><C:calendar-availability/></D:prop></D:remove>")
    tap.equal(busy(site), {"BUSY": [("20270308T153000Z", "20270308T163000Z")]}, "without them all other time is free")


with Site(users=["alice", "bob"], resources=["room-1"]) as site:
    the_inbox(site)
    hours(site)
    refused(site)
    in_a_calendar(site)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
