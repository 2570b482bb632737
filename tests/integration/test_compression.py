#!/usr/bin/python3
"""gzip: answers for who asks, bodies from who sends them, and ETags that neither changes."""
import gzip
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import D, Multistatus, event, propfind, put, tags, ROOT, XML  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK = HOME + "work/"
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
LIST = f"{XML}<D:propfind {ROOT}><D:prop>{tags('D:getetag D:getcontenttype D:resourcetype')}</D:prop></D:propfind>"


def listing(site, headers=(), body=LIST):
    return site.request("PROPFIND", WORK, body, "alice", {"Depth": "1", "Content-Type": "text/xml", **dict(headers)})


def answers(site):
    for i in range(300):
        put(site, f"{WORK}{i}.ics", event(f"uid-{i}", more="DESCRIPTION:" + "words and words " * 100 + "\r\n"))
    plain, small = listing(site), listing(site, GZIP)
    tap.equal((plain.status, plain.headers["Content-Encoding"], "Accept-Encoding" in plain.headers.get_all("Vary")), (207, None, True),
              "who does not ask gets it plain, and is told that it depends")
    tap.equal((small.status, small.headers["Content-Encoding"], "Accept-Encoding" in small.headers.get_all("Vary")), (207, "gzip", True),
              "who asks gets gzip")
    tap.equal(gzip.decompress(small.body), plain.body, "of the same bytes")
    tap.check(len(small.body) * 5 < len(plain.body), "which is worth it", f"{len(small.body)} of {len(plain.body)}")
    for field, wished in (("identity", None), ("gzip;q=0", None), ("gzip;q=0.2, identity;q=0.9", None), ("*", "gzip"),
                          ("br", None), ("gzip;q=0.001", "gzip")):
        tap.equal(listing(site, {"Accept-Encoding": field}).headers["Content-Encoding"], wished, f"Accept-Encoding: {field}")
    few = propfind(site, WORK, "D:displayname", **{"Accept-Encoding": "gzip"})
    tap.equal(len(few.responses), 1, "a short answer stays plain, for it was read as it is")


def tags_stay(site):
    path = WORK + "0.ics"
    plain, small = site.request("GET", path, user="alice"), site.request("GET", path, user="alice", headers=GZIP)
    etag = plain.headers["ETag"]
    tap.equal((small.headers["Content-Encoding"], small.headers["ETag"], gzip.decompress(small.body)),
              ("gzip", etag, plain.body), "GET of an object in gzip has the same strong ETag")
    tap.equal(propfind(site, path, "D:getetag").text(path, D + "getetag"), etag, "and PROPFIND says it too")
    fresh = site.request("GET", path, user="alice", headers={**GZIP, "If-None-Match": etag})
    tap.equal((fresh.status, "Accept-Encoding" in fresh.headers.get_all("Vary"), fresh.headers["Content-Encoding"]), (304, True, None), "304")
    head = site.request("HEAD", path, user="alice", headers=GZIP)
    tap.equal((head.headers["Content-Length"], head.headers["Content-Encoding"]), (str(len(small.body)), "gzip"),
              "HEAD tells the same as GET")
    text = plain.body
    for mark in ('-gzip"', '-br"', '-zstd"', ';gzip"'):
        text = text.replace(b"words", b"other", 1)
        answer = put(site, path, text, If_Match=etag[:-1] + mark)
        tap.equal(answer.status, 204, f"If-Match with {mark} put on by a proxy")
        etag = answer.headers["ETag"]
    tap.equal(put(site, path, text, If_Match="W/" + etag).status, 204, "or made weak")
    tap.equal(put(site, path, text, If_Match='W/"other-gzip"').status, 412, "but another's is another's")


def streams(site):
    plain, small = site.request("GET", WORK, user="alice"), site.request("GET", WORK, user="alice", headers=GZIP)
    tap.equal((small.headers["Content-Encoding"], small.headers["ETag"], gzip.decompress(small.body)),
              ("gzip", plain.headers["ETag"], plain.body), "a calendar as a stream")
    big = event("big", more="".join(f"X-FILL:{i * 7919}{'x' * 40}\r\n" for i in range(15000)))
    put(site, WORK + "big.ics", big)
    small = site.request("GET", WORK + "big.ics", user="alice", headers=GZIP)
    tap.equal((small.headers["Content-Encoding"], gzip.decompress(small.body)), ("gzip", big.encode()),
              "an object that is too long for the loop")


def bodies(site):
    path, text = WORK + "sent.ics", event("sent").encode()
    send = {"Content-Type": "text/calendar", "Content-Encoding": "gzip"}
    tap.equal(site.request("PUT", path, gzip.compress(text), "alice", send).status, 201, "PUT of gzip")
    tap.equal(site.request("GET", path, user="alice").body, text, "stores what it stands for")
    answer = listing(site, {"Content-Encoding": "gzip"}, gzip.compress(LIST.encode()))
    tap.check(answer.status == 207 and len(Multistatus(answer.body).responses) == 303, "PROPFIND whose body is gzip", answer)
    table = [
        ("cut short", "gzip", gzip.compress(text)[:-5], 400), ("a wrong sum", "gzip", gzip.compress(text)[:-8] + b"12345678", 400),
        ("no gzip", "gzip", text, 400), ("something behind it", "gzip", gzip.compress(text) + b"more", 400),
        ("br", "br", text, 415), ("gzip twice", "gzip, gzip", gzip.compress(gzip.compress(text)), 415),
        ("a bomb", "gzip", gzip.compress(b"BEGIN:VCALENDAR\r\n" + b"\r\n" * 50000000, 9), 413), ("identity", "identity", text, 204),
    ]
    for what, coding, body, wished in table:
        answer = site.request("PUT", path, body, "alice", {**send, "Content-Encoding": coding})
        tap.equal(answer.status, wished, f"PUT of {what}")
        if wished == 415:
            tap.equal(answer.headers["Accept-Encoding"], "gzip", "and what would do")
        tap.equal(site.request("GET", path, user="alice").body, text, f"PUT of {what}: the object is as it was")


with Site(users=["alice"]) as site:
    answers(site)
    tags_stay(site)
    streams(site)
    bodies(site)
tap.finish()
