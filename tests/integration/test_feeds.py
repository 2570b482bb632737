#!/usr/bin/python3
"""Addresses that are read without signing in: subscriptions by a secret, and free/busy."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import event, periods, proppatch, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK, BOOKINGS = HOME + "work/", HOME + "bookings/"


def create(site, *words):
    lines = site.slotkeeper("feed", "create", *words).stdout.splitlines()
    tap.check(len(lines) == 1 and re.fullmatch(r"[0-9a-z]{20,}", lines[0]), f"feed create {' '.join(words)}: a secret alone on a line",
              lines)
    return lines[0]


def get(site, path, method="GET", **headers):
    return site.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def subscription(site):
    put(site, WORK + "a.ics", event("a"))
    put(site, WORK + "old.ics", event("old").replace("DTSTAMP:20270101T000000Z\r\n", ""))
    path = f"/feeds/{create(site, 'alice/work')}.ics"
    answer = get(site, path)
    tap.equal((answer.status, answer.headers["Content-Type"], answer.headers["WWW-Authenticate"], answer.headers["Cache-Control"]),
              (200, "text/calendar; charset=utf-8; method=PUBLISH", None, "private, no-cache"), "read without signing in")
    for word in (b"METHOD:PUBLISH\r\n", b"REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n", b"X-PUBLISHED-TTL:PT15M\r\n", b"UID:a\r\n",
                 b"UID:old\r\n"):
        tap.check(word in answer.body, f"has {word.decode().strip()}", answer.body)
    tap.equal(answer.body.count(b"DTSTAMP:"), 2, "and a DTSTAMP where one was missing")
    etag = answer.headers["ETag"]
    tap.equal(get(site, path, If_None_Match=etag).status, 304, "nothing new is 304")
    put(site, WORK + "b.ics", event("b"))
    tap.equal(get(site, path, If_None_Match=etag).status, 200, "a new event is not")
    tap.equal((get(site, path, "HEAD").status, get(site, path, "HEAD").body), (200, b""), "HEAD")
    for method in ("PUT", "DELETE", "PROPFIND", "POST", "OPTIONS"):
        answer = get(site, path, method)
        tap.equal((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"), f"{method}: it can be read and nothing else")
    return path


def nothing_leaks(site, path):
    unknown = get(site, "/feeds/aaaaaaaaaaaaaaaaaaaaaaaa.ics")
    tap.equal(unknown.status, 404, "an unknown secret")
    for other in (path[:-4], path + "x", path.replace(".ics", "/.ics"), "/feeds/.ics", "/feeds/%00.ics", "/feeds/" + "a" * 5000 + ".ics",
                  path.replace("/feeds/", "/feeds/x")):
        tap.equal(get(site, other).status, 404, f"{other[:40]} is none")
    site.slotkeeper("feed", "revoke", "alice/work")
    revoked = get(site, path)
    tap.equal((revoked.status, revoked.body), (404, unknown.body), "a revoked one is as an unknown one, at once")
    tap.check(site.slotkeeper("feed", "revoke", "alice/work", ok=None).returncode == 1, "there is none to revoke a second time")
    with open(os.path.join(site.data, "data.mdb"), "rb") as store:
        tap.check(path[7:-4].encode() not in store.read(), "the store never had the secret")
    with open(site.log, errors="replace") as log:
        tap.check(path[7:-4] not in log.read(), "nor the log, at its most talkative")


def lists(site):
    first, second = create(site, "alice/work"), create(site, "alice")
    create(site, "room-1")
    rows = json.loads(site.slotkeeper("feed", "list", "alice", "--json").stdout)
    tap.equal([(row["calendar"], row["free_busy"]) for row in rows], [("work", False), ("bookings", False)], "feed list")
    tap.check(first not in site.slotkeeper("feed", "list", "alice").stdout, "without the secrets")
    tap.equal(len(json.loads(site.slotkeeper("feed", "list", "alice/work", "--json").stdout)), 1, "of one calendar")
    site.slotkeeper("feed", "revoke", "alice", "--id", str(rows[0]["id"]))
    tap.equal([get(site, f"/feeds/{secret}.ics").status for secret in (first, second)], [404, 200], "one is revoked alone")
    for words in (["feed", "create", "nobody"], ["feed", "create", "alice/none"], ["feed", "create", "alice/inbox"], ["feed", "revoke", "alice", "--id", "999"],
                  ["feed", "list", "nobody"]):
        done = site.slotkeeper(*words, ok=1)
        tap.check(done.stdout == "" and done.stderr.count("\n") == 1, " ".join(words) + ": one line says why", done)
    site.slotkeeper("feed", "create", "alice/work", "--free-busy", ok=2)


def schedules(site):
    path = f"/feeds/{create(site, 'room-1')}.ics"
    put(site, "/dav/calendars/room-1/bookings/r.ics", event("r"), "boss")
    tap.check(b"UID:r\r\n" in get(site, path).body, "a resource's schedule")
    site.request("MKCALENDAR", HOME + "gone/", None, "alice")
    path = f"/feeds/{create(site, 'alice/gone')}.ics"
    site.request("DELETE", HOME + "gone/", user="alice")
    tap.equal(get(site, path).status, 404, "a feed goes with its calendar")
    site.request("MKCALENDAR", HOME + "gone/", None, "alice")
    tap.equal(get(site, path).status, 404, "and does not come back with another of that name")
    path = f"/feeds/{create(site, 'carol/work')}.ics"
    token = create(site, "carol", "--free-busy")
    site.slotkeeper("user", "remove", "carol")
    tap.equal((get(site, path).status, get(site, f"/freebusy/carol?token={token}").status), (404, 404), "or with its owner")


def free_busy(site):
    put(site, BOOKINGS + "sure.ics", event("sure", "20270312T090000Z", summary="a secret title"))
    put(site, WORK + "perhaps.ics", event("perhaps", "20270313T090000Z", more="STATUS:TENTATIVE\r\n"))
    put(site, WORK + "weekly.ics", event("weekly", "20270314T090000Z", more="RRULE:FREQ=WEEKLY\r\n"))
    window = "start=2027-03-12&end=2027-03-15"
    hidden, none = get(site, f"/freebusy/alice?{window}"), get(site, f"/freebusy/nobody?{window}")
    tap.equal((hidden.status, hidden.body), (404, none.body), "without a grant or a token she is not there")
    token = create(site, "alice", "--free-busy")
    answer = get(site, f"/freebusy/alice?{window}&token={token}")
    tap.equal((answer.status, answer.headers["Content-Type"]), (200, "text/calendar; charset=utf-8"), "with one she is")
    tap.equal(periods(answer.body), {"BUSY": [("20270312T090000Z", "20270312T100000Z"), ("20270314T090000Z", "20270314T100000Z")],
                                     "BUSY-TENTATIVE": [("20270313T090000Z", "20270313T100000Z")]}, "with what she does")
    tap.check(b"BEGIN:VFREEBUSY" in answer.body and b"secret" not in answer.body and b"alice" not in answer.body, "and no more",
              answer.body)
    far = get(site, f"/freebusy/alice?start=2037-03-29T00:00:00Z&period=P1D&token={token}")
    tap.equal(periods(far.body), {"BUSY": [("20370329T090000Z", "20370329T100000Z")]}, "also far away")
    tap.equal(get(site, f"/freebusy/alice?token={token}").status, 200, "without a range the next weeks")
    for name in ("alice.ifb", "alice.ics"):
        answer = get(site, f"/freebusy/{name}?token={token}")
        tap.check(answer.status == 200 and b"METHOD:PUBLISH\r\n" in answer.body, f"{name}: as some programs write it", answer)
    for query in ("start=x", "start=2027-03-12&end=2027-03-12", "end=2027-03-12&period=P1D", "period=P400D"):
        answer = get(site, f"/freebusy/alice?{query}&token={token}")
        tap.equal((answer.status, answer.headers["Content-Type"]), (400, "text/plain; charset=utf-8"), f"{query}: 400")
        tap.equal(get(site, f"/freebusy/alice?{query}").status, 404, f"{query} without the token: 404 before 400")
    feed = create(site, "alice/work")
    tap.equal([get(site, path).status for path in (f"/freebusy/alice?token={feed}", f"/feeds/{token}.ics",
                                                   f"/freebusy/bob?token={token}", "/freebusy/alice?token=", "/freebusy/",
                                                   "/freebusy/alice/x?token=" + token)], [404, 404, 404, 404, 404, 404],
              "a secret opens what it was made for")
    site.slotkeeper("feed", "revoke", "alice")
    tap.equal(get(site, f"/freebusy/alice?token={token}").status, 404, "until it is revoked")


def granted_to_all(site, everybody):
    site.slotkeeper("grant", "alice", everybody, "read-free-busy")
    answer = get(site, "/freebusy/alice?start=2027-03-12&end=2027-03-15")
    tap.check(answer.status == 200 and "BUSY" in periods(answer.body), "granted to all, all may ask", answer)
    tap.equal(get(site, "/freebusy/bob").status, 404, "about her alone")
    site.slotkeeper("grant", "alice", everybody, "none")
    tap.equal(get(site, "/freebusy/alice").status, 404, "and no more when it is taken back")


with Site(users=["alice", "bob", "carol"], admins=["boss"], resources=["room-1"], config="log-level = debug\n") as site:
    nothing_leaks(site, subscription(site))
    lists(site)
    schedules(site)
    free_busy(site)
    granted_to_all(site, "all")
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
