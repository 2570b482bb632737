#!/usr/bin/python3
"""GET of a calendar: one iCalendar stream of all its objects, for whoever may read them."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import event, free_busy, proppatch, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK = HOME + "work/"
ZONE = ("BEGIN:VTIMEZONE\r\nTZID:Europe/Amsterdam\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n"
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n"
        "BEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nTZOFFSETFROM:+0100\r\n"
        "TZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n")


def zoned(uid):
    return event(uid, ";TZID=Europe/Amsterdam:20270310T090000", more="X-KEPT;X-P=\"a;b\":as it is\r\n").replace(
        "BEGIN:VEVENT", ZONE + "BEGIN:VEVENT", 1)


def get(site, headers=(), method="GET", path=WORK, user="alice"):
    return site.request(method, path, None, user, dict(headers))


def the_stream(site):
    empty = get(site)
    tap.check(empty.status == 200 and empty.body.startswith(b"BEGIN:VCALENDAR") and b"VEVENT" not in empty.body,
              "an empty calendar is an empty stream", empty)
    for uid in ("one", "two", "three"):
        put(site, f"{WORK}{uid}.ics", zoned(uid) if uid != "three" else event(uid))
    answer = get(site)
    tap.equal((answer.status, answer.headers["Content-Type"]), (200, "text/calendar; charset=utf-8"), "GET of a calendar")
    counts = {word: answer.body.count(word.encode()) for word in (
        "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VTIMEZONE", "BEGIN:VEVENT", "X-KEPT;X-P=\"a;b\":as it is",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M", "METHOD:")}
    tap.equal(counts, {"BEGIN:VCALENDAR": 1, "END:VCALENDAR": 1, "BEGIN:VTIMEZONE": 1, "BEGIN:VEVENT": 3,
                       "X-KEPT;X-P=\"a;b\":as it is": 2, "REFRESH-INTERVAL;VALUE=DURATION:PT15M": 1,
                       "X-PUBLISHED-TTL:PT15M": 1, "METHOD:": 0}, "one calendar, the zone once, each event as it is")
    head = get(site, method="HEAD")
    tap.equal((head.status, head.headers["ETag"], head.body), (200, answer.headers["ETag"], b""), "HEAD")
    tap.check("GET" in site.request("OPTIONS", WORK, user="alice").headers["Allow"], "OPTIONS tells of it")


def not_modified(site):
    etag = get(site).headers["ETag"]
    tap.check(etag.startswith('"') and etag.endswith('"'), "a strong ETag", etag)
    for headers, wished in (({"If-None-Match": etag}, 304), ({"If-None-Match": f'"x", W/{etag[:-1]}-gzip"'}, 304),
                            ({"If-None-Match": '"x"'}, 200), ({"If-Match": '"x"'}, 412), ({"If-Match": etag}, 200),
                            ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200)):
        answer = get(site, headers)
        tap.equal((answer.status, answer.headers["ETag"], answer.body == b""), (wished, etag, wished != 200), f"GET with {headers}")
    proppatch(site, WORK, "<D:set><D:prop><D:displayname>Mine, all mine</D:displayname></D:prop></D:set>")
    answer = get(site, {"If-None-Match": etag})
    tap.check(answer.status == 200 and b"X-WR-CALNAME:Mine\\, all mine\r\n" in answer.body, "a new name is a new stream", answer)
    etag = answer.headers["ETag"]
    put(site, WORK + "four.ics", event("four"))
    answer = get(site, {"If-None-Match": etag})
    tap.check(answer.status == 200 and answer.headers["ETag"] != etag and b"UID:four" in answer.body, "so is a new event", answer)
    etag = answer.headers["ETag"]
    site.request("DELETE", WORK + "four.ics", user="alice")
    answer = get(site, {"If-None-Match": etag})
    tap.check(answer.status == 200 and b"UID:four" not in answer.body, "and one that is gone", answer)
    etag = answer.headers["ETag"]
    site.stop()
    site.start()
    tap.equal(get(site, {"If-None-Match": etag}).status, 304, "the ETag outlives the server")


def refused_copies(site):
    bookings = HOME + "bookings/"
    put(site, bookings + "first.ics", event("first", "20270412T090000Z"))
    put(site, bookings + "second.ics", event("second", "20270412T093000Z"))
    tap.equal(site.request("GET", bookings + "second.ics", user="alice").body.count(b"STATUS:CANCELLED"), 1,
              "the second is kept as a cancelled copy")
    answer = get(site, path=bookings)
    tap.check(answer.body.count(b"BEGIN:VEVENT") == 1 and b"UID:first" in answer.body, "which the stream leaves out", answer)


def too_large(site):
    path = HOME + "large/"
    site.request("MKCALENDAR", path, None, "alice")
    for i in range(65):
        put(site, f"{path}{i}.ics", event(f"large{i}", more="".join(f"X-FILL:{'x' * 60}\r\n" for _ in range(15000))))
        if i == 60:
            tap.check(len(get(site, path=path).body) > 60e6, "a large calendar is given whole")
    for i in range(65, 76):
        put(site, f"{path}{i}.ics", event(f"large{i}", more="".join(f"X-FILL:{'x' * 60}\r\n" for _ in range(15000))))
    tap.equal(get(site, path=path).status, 507, "above the limit it is refused")
    site.request("DELETE", path, user="alice")


def strangers(site):
    tap.equal(free_busy(site, HOME, "20270310T000000Z", "20270311T000000Z", "bob").status, 200,
              "another may ask when she is free")
    mine, none = get(site, user="bob"), get(site, path=HOME + "none/", user="bob")
    tap.equal((mine.status, mine.body), (404, none.body), "but the calendar is not there for him, as one that is not")
    site.slotkeeper("grant", "alice/work", "bob", "read-free-busy")
    tap.equal(get(site, user="bob").status, 404, "nor with the right to see busy times")
    site.slotkeeper("grant", "alice/work", "bob", "read")
    tap.equal(get(site, user="bob").body, get(site).body, "with that to read it is the owner's")
    tap.equal(site.request("GET", WORK).status, 401, "nobody signed in")
    tap.equal(get(site, path=HOME).status, 405, "a home has no stream")
    tap.equal(get(site, path=WORK[:-1]).status, 200, "without the slash at the end")


with Site(users=["alice", "bob"]) as site:
    the_stream(site)
    not_modified(site)
    refused_copies(site)
    too_large(site)
    strangers(site)
tap.finish()
