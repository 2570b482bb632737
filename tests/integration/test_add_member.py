#!/usr/bin/python3
"""POST to a calendar (RFC 5995): the server chooses the name; everything else is as with PUT."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, condition, event, propfind, sync, Multistatus  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK, BOOKINGS = HOME + "work/", HOME + "bookings/"


def post(site, body, path=WORK, user="alice", **headers):
    fields = {"Content-Type": "text/calendar; charset=utf-8"}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    return site.request("POST", path, body, user, fields)


def get(site, path):
    return site.request("GET", path, user="alice")


def members(site, path=WORK):
    return [href for href in propfind(site, path, "D:getetag", depth="1").responses if href != path]


def a_name_of_ours(site):
    tap.equal(propfind(site, WORK, "D:add-member").hrefs(WORK, D + "add-member"), [WORK], "the property says where to")
    tap.check("POST" in site.request("OPTIONS", WORK, user="alice").headers["Allow"], "OPTIONS too")
    text = event("first").encode()
    answer = post(site, text)
    where = answer.headers.get("Location", "")
    tap.check(answer.status == 201 and where.startswith(WORK) and where.endswith(".ics") and where.count("/") == 5,
              "201 with the place", answer)
    got = get(site, where)
    tap.equal((got.status, got.body, got.headers["ETag"]), (200, text, answer.headers["ETag"]),
              "where the object is, byte for byte, under the ETag that was told")
    other = post(site, event("second")).headers["Location"]
    tap.check(other != where and sorted(members(site)) == sorted([where, other]), "each has its own name", members(site))
    token = sync(site, WORK)
    third = post(site, event("third")).headers["Location"]
    tap.equal(list(Multistatus(sync(site, WORK, Multistatus(token.body).token).body).responses), [third], "and syncs")
    answer = post(site, event("shown"), Prefer="return=representation")
    tap.equal((answer.status, answer.body, answer.headers["Location"], answer.headers["Content-Location"]),
              (201, event("shown").encode(), answer.headers["Location"], answer.headers["Location"]), "shown when asked for")


def refusals(site):
    before = members(site)
    for what, body, headers, status, wished in (
            ("no iCalendar", "hello", {}, 403, [C + "valid-calendar-data"]),
            ("another type", "{}", {"Content_Type": "application/json"}, 403, [C + "supported-calendar-data"]),
            ("a UID that is there", event("first"), {}, 403, [C + "no-uid-conflict"]),
            ("a condition on what is not there yet", event("new"), {"If_Match": "*"}, 412, []),
            ("two UIDs", event("x").replace("END:VCALENDAR", event("y").split("\r\n", 3)[3]), {}, 403,
             [C + "valid-calendar-object-resource"])):
        answer = post(site, body, **headers)
        tap.equal((answer.status, condition(answer), answer.headers["Location"]), (status, wished, None), f"POST of {what}")
    tap.equal(sorted(members(site)), sorted(before), "nothing was stored")
    tap.equal(post(site, event("x"), HOME).status, 405, "a home takes none")
    tap.equal(post(site, event("x"), HOME + "none/").status, 404, "nor a calendar that is not there")
    mine, none = post(site, event("x"), user="bob"), post(site, event("x"), HOME + "none/", "bob")
    tap.equal((mine.status, mine.body), (404, none.body), "another's is not there for him")


def the_promise(site):
    tap.equal(post(site, event("a", "20270412T090000Z"), BOOKINGS, Prefer="handling=strict").status, 201, "a free time")
    answer = post(site, event("b", "20270412T093000Z"), BOOKINGS, Prefer="handling=strict")
    tap.check(answer.status == 403 and b"slot-unavailable" in answer.body and len(members(site, BOOKINGS)) == 1,
              "a taken time is refused", answer)
    answer = post(site, event("b", "20270412T093000Z"), BOOKINGS)
    tap.check(answer.status == 201 and answer.headers["ETag"] is None and answer.headers["Location"] in members(site, BOOKINGS),
              "leniently: a success without ETag, and its place", answer)
    tap.check(b"STATUS:CANCELLED" in get(site, answer.headers["Location"]).body, "where the cancelled copy is")
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")


def shared(site):
    site.slotkeeper("grant", "alice/work", "bob", "read")
    answer = post(site, event("bob"), user="bob")
    tap.equal((answer.status, condition(answer)), (403, [D + "need-privileges"]), "who may only read may not")
    tap.check(b"<D:bind/>" in answer.body and f"<D:href>{WORK}</D:href>".encode() in answer.body, "and is told what he lacks where",
              answer)
    site.slotkeeper("grant", "alice/work", "bob", "read-write")
    answer = post(site, event("bob"), user="bob")
    tap.equal((answer.status, get(site, answer.headers["Location"]).status), (201, 200), "who may write may")
    site.slotkeeper("grant", "alice/work", "bob", "none")


def plain(site):
    site.request("MKCOL", HOME + "files/", None, "alice")
    answer = post(site, event("x"), HOME + "files/")
    tap.equal((answer.status, members(site, HOME + "files/")), (405, []), "a plain collection takes none")


with Site(users=["alice", "bob"], config="plain-collections = yes\n") as site:
    a_name_of_ours(site)
    refusals(site)
    the_promise(site)
    shared(site)
    plain(site)
tap.finish()
