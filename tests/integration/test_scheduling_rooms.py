#!/usr/bin/python3
"""Rooms, and people with bookings, answer invitations at once: per instance, by mode, with other times, and privately."""
import os
import re
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import event, free_busy, periods, propfind, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
ROOM = "/dav/calendars/room-1/bookings/"
ROOM_ADDRESS = "/dav/principals/resources/room-1/"


def unfold(text):
    return re.sub(r"\r?\n[ \t]", "", text)


def meeting(uid, *attendees, start="20270310T090000Z", more="", organizer="alice", summary="Plan"):
    lines = "".join(f"ATTENDEE;PARTSTAT=NEEDS-ACTION:{a}\r\n" for a in attendees)
    return event(uid, start, more=f"ORGANIZER:mailto:{organizer}@example.org\r\n{lines}{more}", summary=summary)


def invite(site, uid, *attendees, user="alice", **details):
    """The PUT's status, and the organizer's object as it is read first."""
    path = f"/dav/calendars/{user}/work/{uid}.ics"
    made = put(site, path, meeting(uid, *attendees, organizer=user, **details), user)
    return made.status, unfold(site.request("GET", path, None, user).text)


def said(text, address, instance=None):
    """(PARTSTAT, SCHEDULE-STATUS) in the master, or in the override of that RECURRENCE-ID."""
    for component in re.findall(r"BEGIN:VEVENT.*?END:VEVENT", text, re.S):
        id = re.search(r"^RECURRENCE-ID[^:\r\n]*:(\S+)", component, re.M)
        line = re.search(rf"^ATTENDEE([^\r\n]*):{re.escape(address)}\r?$", component, re.M)
        if (id.group(1) if id else None) == instance and line:
            return tuple((re.search(rf";{name}=([^;:]+)", line.group(1)) or [None, None])[1] for name in ("PARTSTAT", "SCHEDULE-STATUS"))
    return None


def comments(text):
    return re.findall(r'^COMMENT;X-SLOTKEEPER-ATTENDEE=(?:"[^"]*"|[^:"]*):([^\r\n]*)', text, re.M)


def busy(site, name, day):
    return periods(free_busy(site, f"/dav/calendars/{name}/", f"{day}T000000Z", f"{day}T235959Z", "alice").body)


def items(site, user):
    inbox = f"/dav/calendars/{user}/inbox/"
    found = propfind(site, inbox, "D:getetag", user, depth="1")
    return [unfold(site.request("GET", href, None, user).text) for href in found.responses if href != inbox]


def one_room(site):
    status, text = invite(site, "1", ROOM_ADDRESS)
    tap.equal((status, said(text, ROOM_ADDRESS)), (201, ("ACCEPTED", "2.0")), "a free room has accepted when its invitation is first read")
    tap.equal(busy(site, "room-1", "20270310"), {"BUSY": [("20270310T090000Z", "20270310T100000Z")]}, "and is taken")
    status, text = invite(site, "2", ROOM_ADDRESS, user="bob", start="20270310T093000Z")
    tap.equal((status, said(text, ROOM_ADDRESS)), (201, ("DECLINED", "2.0")), "a taken one has declined")
    (comment,) = comments(text)
    tap.check(comment.startswith("The resource is taken") and "2027-03-10 10:00-11:00" in comment, "with the reason and other times", comment)
    tap.check("Plan" not in comment and "alice" not in comment, "and nothing of who has it or why", comment)
    tap.equal(len([t for t in items(site, "bob") if "METHOD:REPLY" in t and "Free times" in t]), 1, "the organizer finds it in his inbox")
    tap.equal(len(busy(site, "room-1", "20270310")["BUSY"]), 1, "the room is as it was")
    status, text = invite(site, "3", ROOM_ADDRESS, user="bob", start="20270310T100000Z")
    tap.equal(said(text, ROOM_ADDRESS)[0], "ACCEPTED", "the hour behind it is free")


def moves(site):
    path = "/dav/calendars/bob/work/2.ics"
    text = site.request("GET", path, None, "bob").text
    put(site, path, text.replace("T093000Z", "T140000Z"), "bob")
    text = unfold(site.request("GET", path, None, "bob").text)
    tap.equal((said(text, ROOM_ADDRESS)[0], comments(text)), ("ACCEPTED", []), "moved to a free time it is accepted")
    put(site, path, text.replace("T140000Z", "T100000Z"), "bob")
    text = unfold(site.request("GET", path, None, "bob").text)
    tap.equal(said(text, ROOM_ADDRESS)[0], "DECLINED", "moved to a taken one it is not")
    tap.equal(busy(site, "room-1", "20270310")["BUSY"], [("20270310T090000Z", "20270310T110000Z")], "and its former time is free")
    site.request("DELETE", "/dav/calendars/alice/work/1.ics", None, "alice")
    tap.equal(busy(site, "room-1", "20270310")["BUSY"], [("20270310T100000Z", "20270310T110000Z")], "what its organizer deletes leaves the room")
    forged = meeting("4", start="20270310T100000Z", more=f"ATTENDEE;PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:{ROOM_ADDRESS}\r\nTRANSP:TRANSPARENT\r\n")
    put(site, "/dav/calendars/alice/work/4.ics", forged)
    text = unfold(site.request("GET", "/dav/calendars/alice/work/4.ics", None, "alice").text)
    tap.equal(said(text, ROOM_ADDRESS)[0], "DECLINED", "nobody accepts in a room's place")
    refused = put(site, ROOM + "x.ics", event("x", "20270310T100000Z"), "boss", Prefer="handling=strict")
    tap.equal(refused.status, 403, "nor is there another door")


def series(site):
    invite(site, "5", ROOM_ADDRESS, start="20270607T090000Z")
    status, text = invite(site, "6", ROOM_ADDRESS, user="bob", start="20270605T090000Z", more="RRULE:FREQ=DAILY;COUNT=5\r\n")
    tap.equal((said(text, ROOM_ADDRESS), said(text, ROOM_ADDRESS, "20270607T090000Z")), (("ACCEPTED", "2.0"), ("DECLINED", "2.0")),
              "a series is accepted but for the third")
    tap.equal(busy(site, "room-1", "20270606"), {"BUSY": [("20270606T090000Z", "20270606T100000Z")]}, "it has the second")
    tap.equal(busy(site, "room-1", "20270607"), {"BUSY": [("20270607T090000Z", "20270607T100000Z")]}, "and the third is the other's")
    status, text = invite(site, "7", ROOM_ADDRESS, user="bob", start="20270701T090000Z", more="RRULE:FREQ=DAILY\r\n")
    tap.equal((said(text, ROOM_ADDRESS)[0], comments(text)), ("DECLINED", ["A series must end within 365 days."]), "without end it is declined")


def modes(site):
    rows = [("decline-always", "DECLINED", "DECLINED"), ("none", "NEEDS-ACTION", "DECLINED"), ("accept-always", "ACCEPTED", "DECLINED"),
            ("decline-if-busy", "NEEDS-ACTION", "DECLINED"), ("accept-if-free", "ACCEPTED", "DECLINED"), ("automatic", "ACCEPTED", "DECLINED")]
    put(site, ROOM + "taken.ics", event("taken", "20270810T090000Z"), "boss")
    for i, (mode, free, taken) in enumerate(rows):
        site.slotkeeper("calendar", "set", "room-1/bookings", f"schedule-mode={mode}")
        text = invite(site, f"free-{mode}", ROOM_ADDRESS, start=f"202708{11 + i}T090000Z")[1]
        tap.equal(said(text, ROOM_ADDRESS)[0], free, f"{mode}: a free time")
        text = invite(site, f"taken-{mode}", ROOM_ADDRESS, start="20270810T093000Z")[1]
        tap.equal(said(text, ROOM_ADDRESS)[0], taken, f"{mode}: a taken time; no mode books a room twice")
    tap.equal(site.slotkeeper("calendar", "set", "room-1/bookings", "schedule-mode=perhaps", ok=None).returncode, 2, "no such mode")
    site.slotkeeper("calendar", "set", "room-1/bookings", "schedule-mode=default")


def people(site):
    bob = "mailto:bob@example.org"
    put(site, "/dav/calendars/bob/bookings/b.ics", event("b", "20270910T110000Z", summary="secret"), "bob")
    put(site, "/dav/calendars/bob/work/p.ics", event("p", "20270910T140000Z"), "bob")
    text = invite(site, "8", bob, start="20270910T113000Z")[1]
    tap.equal(said(text, bob), ("DECLINED", "2.0"), "who has a booking then declines at once")
    tap.check(comments(text)[0].startswith("There is a booking") and "secret" not in text, "with a reason, and no more", text)
    text = invite(site, "9", bob, start="20270910T140000Z")[1]
    tap.equal(said(text, bob), ("NEEDS-ACTION", "1.2"), "a private event is his to weigh")
    site.slotkeeper("calendar", "set", "bob/work", "schedule-mode=automatic")
    tap.equal(said(invite(site, "10", bob, start="20270910T143000Z")[1], bob)[0], "DECLINED", "unless he chose to answer automatically")
    text = invite(site, "11", bob, ROOM_ADDRESS, start="20270911T120000Z")[1]
    tap.equal((said(text, bob)[0], said(text, ROOM_ADDRESS)[0]), ("ACCEPTED", "ACCEPTED"), "then he accepts too")
    copies = [t for t in items(site, "bob") if "UID:11\r" in t]
    tap.check(len(copies) == 1 and "METHOD:REQUEST" in copies[0], "and is told of it", copies)


def race(site):
    """Many ask for one hour at once: one has it."""
    statuses = {}

    def ask(i):
        user = ("alice", "bob")[i % 2]
        statuses[i] = said(invite(site, f"race-{i}", ROOM_ADDRESS, user=user, start="20271010T090000Z")[1], ROOM_ADDRESS)[0]
    threads = [threading.Thread(target=ask, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(sorted(statuses.values()), ["ACCEPTED"] + ["DECLINED"] * 11, "of twelve at once one is accepted")


with Site(users=["alice", "bob"], admins=["boss"], resources=["room-1"]) as site:
    one_room(site)
    moves(site)
    series(site)
    modes(site)
    people(site)
    race(site)
    checked = site.slotkeeper("check", ok=None)
    tap.equal((checked.returncode, checked.stderr), (0, ""), "all indexes are as the objects say")
tap.finish()
