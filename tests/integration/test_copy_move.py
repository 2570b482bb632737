#!/usr/bin/python3
"""COPY and MOVE (RFC 4918, 9.8 and 9.9; RFC 4791, 5.3.2.1): objects between calendars, bookings between people, calendars."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, Multistatus, condition, event, free_busy, propfind, put, sync  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK, BOOKINGS, OTHER = HOME + "work/", HOME + "bookings/", HOME + "other/"
BOB, ROOM = "/dav/calendars/bob/bookings/", "/dav/calendars/room-1/bookings/"


def transfer(site, method, source, destination, user="alice", **headers):
    fields = {"Destination": destination}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    return site.request(method, source, None, user, fields)


def get(site, path, user="alice"):
    return site.request("GET", path, None, user)


def names(site, path, user="alice"):
    return sorted(href[len(path):] for href in propfind(site, path, "D:getetag", user, "1").responses if href != path)


def objects(site):
    body = event("one", summary="One")
    etag = put(site, WORK + "one.ics", body).headers["ETag"]
    answer = transfer(site, "MOVE", WORK + "one.ics", OTHER + "one.ics", Overwrite="F")
    tap.equal(answer.status, 201, "MOVE to another calendar")
    tap.equal(get(site, WORK + "one.ics").status, 404, "the source is gone")
    tap.check(get(site, OTHER + "one.ics").body == body.encode(), "the bytes are the same")
    tap.equal(answer.headers["ETag"], get(site, OTHER + "one.ics").headers["ETag"], "the answer has the new ETag")
    tap.equal(put(site, WORK + "again.ics", body).status, 201, "the UID is free in the calendar it left")
    site.request("DELETE", WORK + "again.ics", None, "alice")
    url = f"http://127.0.0.1:{site.port}{WORK}one.ics"
    tap.equal(transfer(site, "MOVE", OTHER + "one.ics", url).status, 201, "Destination as an absolute URI")
    tap.equal(transfer(site, "MOVE", WORK + "one.ics", WORK + "renamed.ics").status, 201, "a new name in the same calendar")
    tap.equal(names(site, WORK), ["renamed.ics"], "under the new name alone")
    answer = transfer(site, "COPY", WORK + "renamed.ics", OTHER + "copy.ics")
    tap.equal(answer.status, 201, "COPY to another calendar")
    tap.check(get(site, OTHER + "copy.ics").body == body.encode() == get(site, WORK + "renamed.ics").body, "both are there")
    answer = transfer(site, "COPY", WORK + "renamed.ics", WORK + "twin.ics")
    tap.check(answer.status == 403 and condition(answer) == [C + "no-uid-conflict"] and WORK.encode() + b"renamed.ics" in answer.body,
              "COPY within a calendar: no-uid-conflict names the other", answer)
    answer = transfer(site, "COPY", WORK + "renamed.ics", OTHER + "third.ics")
    tap.check(condition(answer) == [C + "no-uid-conflict"] and OTHER.encode() + b"copy.ics" in answer.body,
              "COPY to where the UID is: named there", answer)
    put(site, OTHER + "taken.ics", event("taken", "20270320T090000Z"))
    tap.equal(transfer(site, "MOVE", WORK + "renamed.ics", OTHER + "taken.ics", Overwrite="F").status, 412, "Overwrite: F and something there")
    site.request("DELETE", OTHER + "copy.ics", None, "alice")
    token = Multistatus(sync(site, OTHER).body).token
    tap.equal(transfer(site, "MOVE", WORK + "renamed.ics", OTHER + "taken.ics").status, 204, "Overwrite puts another in its place")
    tap.check(get(site, OTHER + "taken.ics").body == body.encode(), "and it is the one that was moved")
    tap.equal(list(Multistatus(sync(site, OTHER, token).body).responses), [OTHER + "taken.ics"], "sync tells of it")
    busy = free_busy(site, HOME, "20270320T000000Z", "20270321T000000Z").body
    tap.check(b"FREEBUSY" not in busy.replace(b"VFREEBUSY", b""), "what was overwritten takes no time any more", busy)
    etag = get(site, OTHER + "taken.ics").headers["ETag"]
    answer = transfer(site, "MOVE", OTHER + "taken.ics", WORK + "one.ics", If_Match='"other"')
    tap.check(answer.status == 412 and answer.headers["ETag"] == etag, "If-Match is of the source", answer)
    tap.equal(transfer(site, "MOVE", OTHER + "taken.ics", WORK + "one.ics", If_Match=etag).status, 201, "and holds")
    # copy, then delete, as some apps move
    tap.equal(transfer(site, "COPY", WORK + "one.ics", OTHER + "one.ics").status, 201, "copy-then-delete: the copy")
    tap.equal(site.request("DELETE", WORK + "one.ics", None, "alice").status, 204, "copy-then-delete: the delete")
    tap.equal((get(site, OTHER + "one.ics").status, names(site, WORK)), (200, []), "copy-then-delete is a move")


def refusals(site):
    put(site, WORK + "todo.ics", event("todo"))
    site.request("MKCALENDAR", HOME + "tasks/", '<?xml version="1.0"?><C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
                 '<D:set><D:prop><C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set></D:prop>'
                 "</D:set></C:mkcalendar>", "alice")
    rows = [
        ("a missing source", WORK + "none.ics", OTHER + "x.ics", {}, 404, []),
        ("another's source", "/dav/calendars/bob/work/b.ics", OTHER + "x.ics", {}, 404, []),
        ("a missing calendar", WORK + "todo.ics", HOME + "none/x.ics", {}, 409, []),
        ("another's calendar", WORK + "todo.ics", "/dav/calendars/bob/work/x.ics", {}, 409, []),
        ("another's free/busy alone", WORK + "todo.ics", ROOM + "x.ics", {}, 409, []),
        ("nobody's home", WORK + "todo.ics", "/dav/calendars/nobody/work/x.ics", {}, 409, []),
        ("no place of ours", WORK + "todo.ics", "/elsewhere/x.ics", {}, 409, []),
        ("another server", WORK + "todo.ics", "http://example.org" + OTHER + "x.ics", {}, 502, []),
        ("itself", WORK + "todo.ics", WORK + "todo%2Eics", {}, 403, []),
        ("right below a home", WORK + "todo.ics", HOME + "x.ics", {}, 403, [C + "calendar-collection-location-ok"]),
        ("a calendar that takes no events", WORK + "todo.ics", HOME + "tasks/x.ics", {}, 403, [C + "supported-calendar-component"]),
        ("no Destination", WORK + "todo.ics", "", {}, 400, []),
        ("a broken Destination", WORK + "todo.ics", "mailto:x", {}, 400, []),
        ("a broken Overwrite", WORK + "todo.ics", OTHER + "x.ics", {"Overwrite": "maybe"}, 400, []),
    ]
    before = [names(site, path) for path in (WORK, OTHER, HOME + "tasks/")]
    put(site, "/dav/calendars/bob/work/b.ics", event("b"), "bob")
    for method in ("COPY", "MOVE"):
        for name, source, destination, headers, status, element in rows:
            answer = transfer(site, method, source, destination, **headers)
            tap.check((answer.status, condition(answer)) == (status, element), f"{method} to or of {name}: {status}", answer)
    tap.equal([names(site, path) for path in (WORK, OTHER, HOME + "tasks/")], before, "nothing has changed")
    tap.equal(names(site, "/dav/calendars/bob/work/", "bob"), ["b.ics"], "nor with the other")
    site.slotkeeper("grant", "bob/work", "alice", "read")
    tap.equal(transfer(site, "COPY", "/dav/calendars/bob/work/b.ics", OTHER + "b.ics").status, 201, "what may be read may be copied")
    answer = transfer(site, "MOVE", "/dav/calendars/bob/work/b.ics", OTHER + "b2.ics")
    tap.check(answer.status == 403 and condition(answer) == [D + "need-privileges"], "and not moved", answer)
    answer = transfer(site, "MOVE", WORK + "todo.ics", "/dav/calendars/bob/work/todo.ics")
    tap.check(answer.status == 403 and condition(answer) == [D + "need-privileges"], "nor is anything moved there", answer)
    site.slotkeeper("grant", "bob/work", "alice", "read-write")
    tap.equal(transfer(site, "MOVE", WORK + "todo.ics", "/dav/calendars/bob/work/todo.ics").status, 201, "with the right to write it is")
    tap.equal(names(site, "/dav/calendars/bob/work/", "bob"), ["b.ics", "todo.ics"], "and lies with the other")


def bookings(site):
    put(site, BOOKINGS + "a.ics", event("a", "20270401T090000Z"))
    put(site, BOB + "b.ics", event("b", "20270401T093000Z"), "bob")
    put(site, WORK + "private.ics", event("private", "20270401T093000Z"))
    tap.equal(transfer(site, "MOVE", BOOKINGS + "a.ics", BOOKINGS + "a2.ics").status, 201, "a booking gets another name")
    answer = transfer(site, "MOVE", WORK + "private.ics", BOOKINGS + "p.ics", Prefer="handling=strict")
    tap.check(answer.status == 403 and b"slot-unavailable" in answer.body and b"alternative" in answer.body,
              "MOVE into bookings at a taken time, strict", answer)
    tap.check(answer.headers["Preference-Applied"] == "handling=strict", "the preference is told", answer.headers)
    tap.equal((get(site, WORK + "private.ics").status, get(site, BOOKINGS + "p.ics").status), (200, 404), "nothing has moved")
    etag = get(site, WORK + "private.ics").headers["ETag"]
    answer = transfer(site, "MOVE", WORK + "private.ics", BOOKINGS + "p.ics")
    tap.check(answer.status == 201 and answer.headers["ETag"] is None, "lenient: a success without ETag", answer)
    tap.equal((get(site, WORK + "private.ics").status, get(site, BOOKINGS + "p.ics").status), (200, 404),
              "which leaves the source and makes nothing")
    tap.check(get(site, WORK + "private.ics").headers["ETag"] != etag, "the source has a new ETag, so that apps read it again")
    answer = transfer(site, "COPY", WORK + "private.ics", BOOKINGS + "p.ics", Prefer="handling=strict")
    tap.equal(answer.status, 403, "COPY into bookings at a taken time, strict")
    answer = transfer(site, "COPY", WORK + "private.ics", BOOKINGS + "p.ics")
    tap.check(answer.status == 201 and answer.headers["ETag"] is None, "COPY, lenient: a success without ETag", answer)
    copy = get(site, BOOKINGS + "p.ics").text
    tap.check("STATUS:CANCELLED" in copy and "X-SLOTKEEPER-REFUSED" in copy, "it makes the cancelled copy", copy)
    site.request("DELETE", WORK + "private.ics", None, "alice")
    site.slotkeeper("grant", "bob/bookings", "alice", "read-write")
    answer = transfer(site, "MOVE", BOOKINGS + "a2.ics", BOB + "a.ics", Prefer="handling=strict")
    tap.equal(answer.status, 403, "a booking to a colleague who is taken")
    site.request("DELETE", BOB + "b.ics", None, "bob")
    tap.equal(transfer(site, "MOVE", BOOKINGS + "a2.ics", BOB + "a.ics").status, 201, "and to one who is free")
    tap.equal(put(site, BOOKINGS + "c.ics", event("c", "20270401T090000Z"), Prefer="handling=strict").status, 201, "the first one's time is free")
    tap.equal(put(site, BOB + "d.ics", event("d", "20270401T090000Z"), "bob", Prefer="handling=strict").status, 403, "the second one's is not")
    tap.equal(transfer(site, "MOVE", BOB + "a.ics", "/dav/calendars/bob/work/a.ics", "bob").status, 201, "a booking into another calendar of its owner")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)


def calendars(site):
    put(site, OTHER + "kept.ics", event("kept", "20270501T090000Z"))
    token = Multistatus(sync(site, OTHER).body).token
    moved = HOME + "moved/"
    tap.equal(transfer(site, "MOVE", OTHER, moved).status, 201, "MOVE of a calendar")
    tap.check("kept.ics" in names(site, moved), "with all that is in it")
    tap.equal(propfind(site, OTHER, "D:displayname").status, 404, "the old name is gone")
    tap.equal(Multistatus(sync(site, moved, token).body).responses, {}, "its sync token stays good")
    rows = [
        ("MOVE", moved, WORK, {"Overwrite": "F"}, 412, "onto another, Overwrite: F"),
        ("MOVE", moved, WORK, {}, 403, "onto another"),
        ("MOVE", WORK, HOME + "w/", {}, 403, "of work"),
        ("MOVE", BOOKINGS, HOME + "w/", {}, 403, "of bookings"),
        ("MOVE", moved, HOME + "inbox/", {}, 403, "to a reserved name"),
        ("MOVE", moved, "/dav/calendars/bob/mine/", {}, 403, "to another home"),
        ("MOVE", moved, WORK + "inside", {}, 403, "into a calendar"),
        ("COPY", moved, HOME + "twin/", {}, 403, "COPY"),
        ("MOVE", HOME + "none/", HOME + "twin/", {}, 404, "of none"),
    ]
    for method, source, destination, headers, wished, name in rows:
        tap.equal(transfer(site, method, source, destination, **headers).status, wished, f"calendar: {method} {name}")
    tap.check("kept.ics" in names(site, moved), "all is where it was")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)


with Site(users=["alice", "bob"], resources=["room-1"]) as the_site:
    the_site.request("MKCALENDAR", OTHER, None, "alice")
    objects(the_site)
    refusals(the_site)
    bookings(the_site)
    calendars(the_site)
tap.finish()
