#!/usr/bin/python3
"""What Apple's account set-up asks of a home and writes to it: every property answered, nothing that stops it."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, CS, D, I, Multistatus, condition, event, propfind, proppatch, put, ROOT, XML  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK, BOOKINGS, INBOX = HOME + "work/", HOME + "bookings/", HOME + "inbox/"
OUTBOX = HOME + "outbox/"
# caldav-clients: account set-up, step 8, with what iOS adds
ASKED = ("D:add-member CS:allowed-sharing-modes I:autoprovisioned M:bulk-requests C:calendar-alarm I:calendar-color "
         "C:calendar-description C:calendar-free-busy-set I:calendar-order C:calendar-timezone D:current-user-privilege-set "
         "C:default-alarm-vevent-date C:default-alarm-vevent-datetime D:displayname CS:getctag CS:invite I:language-code "
         "I:location-code D:owner CS:pre-publish-url CS:publish-url CS:push-transports CS:pushkey D:quota-available-bytes "
         "D:quota-used-bytes I:refreshrate D:resource-id D:resourcetype C:schedule-calendar-transp "
         "C:schedule-default-calendar-URL CS:source CS:subscribed-strip-alarms CS:subscribed-strip-attachments "
         "CS:subscribed-strip-todos C:supported-calendar-component-set C:supported-calendar-component-sets "
         "D:supported-report-set D:sync-token C:managed-attachments-server-URL CS:me-card CS:xmpp-server CS:xmpp-uri "
         "A:max-image-size A:max-resource-size")
ALARM = "BEGIN:VALARM&#13;\nACTION:DISPLAY&#13;\nDESCRIPTION:x&#13;\nTRIGGER:%s&#13;\nEND:VALARM&#13;\n"


def asked(site):
    found = propfind(site, HOME, ASKED, depth="1", Prefer="return=representation")
    tap.equal(set(found.responses), {HOME, WORK, BOOKINGS, INBOX, OUTBOX}, "the home and what is in it")
    for href in found.responses:
        statuses = found.statuses(href)
        tap.equal((len(statuses), set(statuses.values()) <= {200, 404}), (len(ASKED.split()), True),
                  f"{href}: each is there or not, and nothing failed")
        there = {name for name, status in statuses.items() if status == 200}
        wished = {D + "current-user-privilege-set", D + "displayname", D + "owner", D + "quota-available-bytes",
                  D + "quota-used-bytes", D + "resource-id", D + "resourcetype", D + "supported-report-set"}
        if href == HOME:
            wished |= {C + "supported-calendar-component-sets"}
        elif href in (INBOX, OUTBOX):
            wished |= {CS + "getctag", D + "sync-token"}
        else:
            wished |= {D + "add-member", CS + "getctag", D + "sync-token", C + "supported-calendar-component-set",
                       C + "schedule-calendar-transp"}
        tap.check(wished <= there, f"{href}: has what it should", wished - there)
        announced = {CS + "push-transports", CS + "pushkey", CS + "invite", C + "managed-attachments-server-URL", CS + "source",
                     M_BULK, CS + "publish-url"}
        tap.equal(there & announced, set(), f"{href}: says nothing of what there is not")
    sets = [[comp.get("name") for comp in one] for one in found.element(HOME, C + "supported-calendar-component-sets")]
    tap.check(["VEVENT"] in sets and ["VTODO"] in sets, "events or tasks alone, or together", sets)
    minimal = propfind(site, HOME, ASKED, depth="1", Brief="t")
    tap.check(all(404 not in minimal.statuses(href).values() for href in minimal.responses), "briefly only what there is")


M_BULK = "{http://me.com/_namespace/}bulk-requests"


def written(site):
    steps = [(HOME, "C:default-alarm-vevent-date", ALARM % "-PT15H"), (HOME, "C:default-alarm-vevent-datetime", ALARM % "-PT15M"),
             (HOME, "C:default-alarm-vtodo-date", ALARM % "P1D"), (HOME, "C:default-alarm-vtodo-datetime", ALARM % "-PT0S"),
             (HOME, "I:calendar-order", "3"), (HOME, "I:calendar-color", "#FF2968FF")]
    for calendar in (WORK, BOOKINGS):
        steps += [(calendar, "I:calendar-order", "2"), (calendar, "I:calendar-color", "#FF2968FF"),
                  (calendar, "D:displayname", "Mine"), (calendar, "C:default-alarm-vevent-datetime", ALARM % "-PT5M"),
                  (calendar, "C:default-alarm-vevent-date", "")]
    for path, name, value in steps:
        answer = proppatch(site, path, f"<D:set><D:prop><{name}>{value}</{name}></D:prop></D:set>")
        tap.equal((answer.status, list(Multistatus(answer.body).statuses(path).values())), (207, [200]), f"{path}: {name}")
        text = propfind(site, path, name).responses[path][1]
        element = next(iter(text.values()))
        tap.equal((element[0], (element[1].text or "").replace("\r", "")), (200, value.replace("&#13;", "")), f"{path}: {name} as it was written")
    symbolic = '<D:set><D:prop><I:calendar-color symbolic-color="red">#FF2968FF</I:calendar-color></D:prop></D:set>'
    proppatch(site, WORK, symbolic)
    tap.equal(propfind(site, WORK, "I:calendar-color").element(WORK, I + "calendar-color").get("symbolic-color"), "red",
              "with its attribute")


def broken_alarms(site):
    name = C + "default-alarm-vevent-datetime"
    for what, value in (("no alarm", "hello"), ("an event", "BEGIN:VEVENT\nUID:x\nEND:VEVENT"), ("half an alarm", "BEGIN:VALARM\nACTION:AUDIO"),
                        ("an alarm that never rings", (ALARM % "-PT5M").replace("TRIGGER:-PT5M", "TRIGGER:soon")),
                        ("a way out", (ALARM % "-PT5M") + "END:VEVENT\nBEGIN:VEVENT\n")):
        inside = (f"<D:set><D:prop><I:calendar-order>9</I:calendar-order><C:default-alarm-vevent-datetime>{value}"
                  "</C:default-alarm-vevent-datetime></D:prop></D:set>")
        answer = proppatch(site, WORK, inside)
        tap.equal(Multistatus(answer.body).statuses(WORK), {I + "calendar-order": 424, name: 403}, f"{what}: refused as a whole")
        tap.check(b"<C:valid-calendar-data/>" in answer.body, f"{what}: with its condition", answer)
    tap.check("-PT5M" in propfind(site, WORK, "C:default-alarm-vevent-datetime").text(WORK, name), "the old ones stay")
    tap.equal(propfind(site, WORK, "I:calendar-order").text(WORK, I + "calendar-order"), "2", "and so does the rest")
    body = (f"{XML}<C:mkcalendar {ROOT}><D:set><D:prop><C:default-alarm-vevent-date>x</C:default-alarm-vevent-date></D:prop>"
            "</D:set></C:mkcalendar>")
    tap.check(site.request("MKCALENDAR", HOME + "new/", body, "alice").status in (207, 403), "nor is a calendar made with them")
    tap.equal(site.request("GET", HOME + "new/", user="alice").status, 404, "at all")
    proppatch(site, WORK, "<D:remove><D:prop><C:default-alarm-vevent-datetime/></D:prop></D:remove>")
    tap.equal(propfind(site, WORK, "C:default-alarm-vevent-datetime").statuses(WORK), {name: 404}, "they can be removed")


def read_only(site):
    site.slotkeeper("grant", "alice/work", "bob", "read")
    for name, value in (("C:calendar-description", "His"), ("C:calendar-timezone", "x"), ("C:calendar-timezone-id", "Europe/Paris"),
                        ("C:schedule-calendar-transp", "<C:transparent/>"), ("I:refreshrate", "PT1H")):
        answer = proppatch(site, WORK, f"<D:set><D:prop><{name}>{value}</{name}></D:prop></D:set>", "bob")
        tap.equal((answer.status, list(Multistatus(answer.body).statuses(WORK).values())), (207, [403]),
                  f"{name} on a calendar that he may only read: 403 inside a 207")
    for name, value in (("I:calendar-order", "1"), ("I:calendar-color", "#00FF00FF"), ("D:displayname", "His"),
                        ("C:default-alarm-vevent-date", "")):
        answer = proppatch(site, WORK, f"<D:set><D:prop><{name}>{value}</{name}></D:prop></D:set>", "bob")
        tap.equal((answer.status, list(Multistatus(answer.body).statuses(WORK).values())), (207, [200]), f"{name} is his own")
    tap.equal(propfind(site, WORK, "D:displayname").text(WORK, D + "displayname"), "Mine", "and nothing of hers is changed")
    answer = proppatch(site, WORK, "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>", "carol")
    tap.equal(answer.status, 404, "who may not read it finds none")


def limits(site):
    found = propfind(site, WORK, "C:max-attendees-per-instance C:max-instances C:max-resource-size C:min-date-time C:max-date-time")
    tap.equal(set(found.statuses(WORK).values()), {200}, "limits are told")
    for start, duration, wished in (("00000101T000000Z", "PT1H", 403), ("00010101T000000Z", "PT1H", 201),
                                    ("99991231T220000Z", "PT1H", 201), ("99991231T220000Z", "PT2H", 403)):
        answer = put(site, f"{WORK}{start}{duration}.ics", event(f"at-{start}{duration}", start, duration))
        tap.equal(answer.status, wished, f"an event at {start} of {duration}")
        if wished == 403:
            tap.equal(condition(answer), [C + ("min-date-time" if start[0] == "0" else "max-date-time")], "and which limit it was")
    most = int(found.text(WORK, C + "max-attendees-per-instance"))
    crowd = "".join(f"ATTENDEE:mailto:p{i}@example.org\r\n" for i in range(most + 1))
    answer = put(site, WORK + "crowd.ics", event("crowd", more="ORGANIZER:mailto:alice@example.org\r\n" + crowd))
    tap.check(answer.status == 403 and b"max-attendees-per-instance" in answer.body, "one attendee too many", answer)
    crowd = crowd[crowd.index("\n") + 1:]
    answer = put(site, WORK + "crowd.ics", event("crowd", more="ORGANIZER:mailto:alice@example.org\r\n" + crowd))
    tap.equal(answer.status, 201, "as many as may be")


with Site(users=["alice", "bob", "carol"]) as site:
    asked(site)
    written(site)
    broken_alarms(site)
    read_only(site)
    limits(site)
tap.finish()
