#!/usr/bin/python3
"""Shared calendars: name, colour, order and alarms are each reader's own, whatever the owner and the others chose."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, I, Multistatus, propfind, proppatch  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK, BOOKINGS, ROOM = HOME + "work/", HOME + "bookings/", "/dav/calendars/room-1/bookings/"
NAMES = "D:displayname I:calendar-color I:calendar-order C:default-alarm-vevent-datetime C:calendar-description"
ALARM = "BEGIN:VALARM\nACTION:AUDIO\nTRIGGER:%s\nEND:VALARM"


def setting(**values):
    tags = {"name": "D:displayname", "color": "I:calendar-color", "order": "I:calendar-order",
            "alarm": "C:default-alarm-vevent-datetime", "description": "C:calendar-description", "zone": "C:calendar-timezone-id"}
    inside = "".join(f"<{tags[key]}>{value}</{tags[key]}>" for key, value in values.items())
    return f"<D:set><D:prop>{inside}</D:prop></D:set>"


def seen(site, user, path=WORK):
    found = propfind(site, path, NAMES, user)
    return tuple(found.text(path, name) for name in (D + "displayname", I + "calendar-color", I + "calendar-order",
                                                     C + "default-alarm-vevent-datetime"))


def statuses(answer, path=WORK):
    return answer.status, set(Multistatus(answer.body).statuses(path).values())


def each_has_his_own(site):
    site.slotkeeper("grant", "alice", "bob", "read")
    site.slotkeeper("grant", "alice/work", "carol", "read-write")
    hers = ("Alice's work", "#FF0000FF", "1", ALARM % "-PT5M")
    proppatch(site, WORK, setting(name=hers[0], color=hers[1], order=hers[2], alarm=hers[3]))
    tap.equal([seen(site, user) for user in ("alice", "bob", "carol")], [hers] * 3, "at first all see the owner's")
    answer = proppatch(site, WORK, setting(name="My boss", color="#00FF00FF", alarm=ALARM % "-PT1H"), "bob")
    tap.equal(statuses(answer), (207, {200}), "who may only read sets his own")
    his = ("My boss", "#00FF00FF", "1", ALARM % "-PT1H")
    tap.equal([seen(site, user) for user in ("alice", "bob", "carol")], [hers, his, hers], "and he alone sees it")
    answer = proppatch(site, WORK, setting(name="Shared", order="9"), "carol")
    tap.equal(statuses(answer), (207, {200}), "who may write does as well")
    third = ("Shared", hers[1], "9", hers[3])
    tap.equal([seen(site, user) for user in ("alice", "bob", "carol")], [hers, his, third], "and that is hers")
    proppatch(site, WORK, setting(name="Renamed", color="#0000FFFF"))
    hers, third = ("Renamed", "#0000FFFF") + hers[2:], ("Shared", "#0000FFFF") + third[2:]
    tap.equal([seen(site, user) for user in ("alice", "bob", "carol")], [hers, his, third],
              "what the owner changes shows where nobody chose otherwise")
    proppatch(site, WORK, "<D:remove><D:prop><D:displayname/></D:prop></D:remove>", "bob")
    tap.equal(seen(site, "bob"), ("Renamed",) + his[1:], "what is removed shows the owner's again")
    found = propfind(site, HOME, NAMES, "bob", "1")
    tap.equal((found.text(WORK, I + "calendar-color"), found.text(BOOKINGS, D + "displayname")), ("#00FF00FF", "Bookings"),
              "a listing shows them too")
    return hers, ("Renamed",) + his[1:]


def all_of_them(site, hers, his):
    for user, color in (("alice", hers[1]), ("bob", his[1])):
        everything = Multistatus(site.request("PROPFIND", WORK, None, user, {"Depth": "0"}).body)
        colors = [element.text for element in everything.root.iter(I + "calendar-color")]
        tap.equal(colors, [color], f"allprop of {user}: the colour once")
    proppatch(site, BOOKINGS, setting(order="4"), "bob")
    everything = Multistatus(site.request("PROPFIND", BOOKINGS, None, "bob", {"Depth": "0"}).body)
    tap.equal(everything.text(BOOKINGS, I + "calendar-order"), "4", "also what the owner has not set at all")
    everything = Multistatus(site.request("PROPFIND", BOOKINGS, None, "alice", {"Depth": "0"}).body)
    tap.equal(everything.text(BOOKINGS, I + "calendar-order"), None, "who does not see it")


def the_rest_is_the_owners(site, hers, his):
    answer = proppatch(site, WORK, setting(color="#111111FF", description="x"), "bob")
    tap.equal(Multistatus(answer.body).statuses(WORK), {I + "calendar-color": 424, C + "calendar-description": 403},
              "other properties need the right, and then nothing is set")
    tap.check(b"<D:need-privileges" in answer.body, "which is said", answer)
    tap.equal(seen(site, "bob"), his, "nothing was")
    answer = proppatch(site, WORK, setting(description="For all"), "carol")
    tap.equal(statuses(answer), (207, {200}), "who may write sets them")
    tap.equal(propfind(site, WORK, NAMES).text(WORK, C + "calendar-description"), "For all", "for all")
    answer = proppatch(site, WORK, setting(alarm="hello"), "bob")
    tap.check(statuses(answer) == (207, {403}) and b"valid-calendar-data" in answer.body, "his alarms must be alarms", answer)
    tap.equal(proppatch(site, WORK, setting(color="#111111FF"), "dave").status, 404, "who may not read has none")


def rooms(site):
    proppatch(site, ROOM, setting(name="The big room"), "boss")
    tap.equal(propfind(site, ROOM, "D:displayname", "boss2").text(ROOM, D + "displayname"), "The big room",
              "a room's calendar has no owner: who may write it names it for all")
    site.slotkeeper("grant", "room-1", "bob", "read")
    proppatch(site, ROOM, setting(name="My room"), "bob")
    tap.equal([propfind(site, ROOM, "D:displayname", user).text(ROOM, D + "displayname") for user in ("boss", "bob")],
              ["The big room", "My room"], "who may read it for himself")


def ends(site):
    site.slotkeeper("grant", "alice", "bob", "none")
    tap.equal(propfind(site, WORK, NAMES, "bob").status, 404, "without the grant nothing is seen")
    site.slotkeeper("grant", "alice", "bob", "read")
    tap.equal(seen(site, "bob")[1], "#00FF00FF", "with it his own is back")
    site.request("MKCALENDAR", HOME + "gone/", None, "alice")
    proppatch(site, HOME + "gone/", setting(color="#123456FF"), "bob")
    site.request("DELETE", HOME + "gone/", user="alice")
    tap.equal(site.slotkeeper("check").returncode, 0, "what was set on a calendar goes with it")
    site.slotkeeper("user", "remove", "bob", "--force")
    tap.equal(site.slotkeeper("check").returncode, 0, "and with who set it")


with Site(users=["alice", "bob", "carol", "dave"], admins=["boss", "boss2"], resources=["room-1"]) as site:
    hers, his = each_has_his_own(site)
    all_of_them(site, hers, his)
    the_rest_is_the_owners(site, hers, his)
    rooms(site)
    ends(site)
tap.finish()
