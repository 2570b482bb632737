#!/usr/bin/python3
"""Preferences (RFC 7240, RFC 8144, Brief) and conditions by date (RFC 9110, 13): what is left out, what is told."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, I, Multistatus, ROOT, XML, event, propfind, proppatch, put, report, tags  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK = HOME + "work/"
MINIMAL, BRIEF = {"Prefer": "return=minimal"}, {"Brief": "t"}
ASK = f"{XML}<D:propfind {ROOT}><D:prop>{tags('D:displayname D:getetag I:none')}</D:prop></D:propfind>"


def applied(answer):
    return answer.headers.get_all("Preference-Applied") or []


def varies(answer):
    return {word.strip() for field in answer.headers.get_all("Vary") or [] for word in field.split(",")}


def ask(site, headers, depth="0", path=WORK):
    return site.request("PROPFIND", path, ASK, "alice", {"Depth": depth, **headers})


def listings(site):
    put(site, WORK + "a.ics", event("a"))
    full, minimal, brief = ask(site, {}), ask(site, MINIMAL), ask(site, BRIEF)
    tap.equal([set(Multistatus(answer.body).statuses(WORK).values()) for answer in (full, minimal, brief)],
              [{200, 404}, {200}, {200}], "what is not there is not told to who prefers little")
    tap.equal([applied(answer) for answer in (full, minimal, brief)], [[], ["return=minimal"], []], "and the preference is confirmed")
    tap.equal([varies(answer) >= {"Prefer", "Brief"} for answer in (full, minimal, brief)], [True] * 3, "caches are told")
    answer = ask(site, {"Prefer": "return=representation", "Brief": "t"})
    tap.equal(set(Multistatus(answer.body).statuses(WORK).values()), {200, 404}, "Prefer counts more than Brief")
    body = (f"<C:calendar-query {ROOT}><D:prop>{tags('D:getetag D:displayname')}</D:prop><C:filter>"
            '<C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>')
    answer = site.request("REPORT", WORK, XML + body, "alice", {"Depth": "1", **MINIMAL})
    tap.equal((Multistatus(answer.body).statuses(WORK + "a.ics"), applied(answer)), ({D + "getetag": 200}, ["return=minimal"]),
              "a report")
    none = f"{XML}<D:propfind {ROOT}><D:prop>{tags('I:none')}</D:prop></D:propfind>"
    answer = site.request("PROPFIND", WORK, none, "alice", {"Depth": "0", **MINIMAL})
    tap.equal((answer.status, Multistatus(answer.body).statuses(WORK)), (207, {}), "a resource stays in the answer with nothing to tell")


def without_root(site):
    answer = ask(site, {"Prefer": "depth-noroot"}, "1")
    tap.equal((list(Multistatus(answer.body).responses), applied(answer)), ([WORK + "a.ics"], ["depth-noroot"]),
              "a listing of the members alone")
    answer = ask(site, {"Prefer": "depth-noroot, return=minimal"}, "1", HOME)
    tap.equal((HOME in Multistatus(answer.body).responses, sorted(applied(answer))), (False, ["depth-noroot", "return=minimal"]), "of a home")
    answer = ask(site, {"Prefer": "depth-noroot"}, "0")
    tap.equal((list(Multistatus(answer.body).responses), applied(answer)), ([WORK], []), "at depth 0 it means nothing")
    for path in ("/", "/principals/"):
        tap.equal(list(Multistatus(ask(site, {}, "1", path).body).responses), [path], f"{path} at depth 1: itself")


def writes(site):
    good, bad = "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>", "<D:set><D:prop><D:getetag>x</D:getetag></D:prop></D:set>"
    answer = proppatch(site, WORK, good, **MINIMAL)
    tap.equal((answer.status, answer.body, applied(answer)), (200, b"", ["return=minimal"]), "PROPPATCH that did all: nothing to read")
    answer = proppatch(site, WORK, good, **BRIEF)
    tap.equal((answer.status, answer.body, applied(answer)), (200, b"", []), "PROPPATCH, Brief")
    answer = proppatch(site, WORK, bad, **MINIMAL)
    tap.equal((answer.status, Multistatus(answer.body).statuses(WORK)), (207, {D + "getetag": 403}), "PROPPATCH that did not")
    answer = site.request("MKCALENDAR", HOME + "min/", None, "alice", MINIMAL)
    tap.equal((answer.status, answer.body, applied(answer)), (201, b"", ["return=minimal"]), "MKCALENDAR")
    answer = put(site, WORK + "min.ics", event("min"), Prefer="return=minimal")
    tap.equal((answer.status, answer.body, applied(answer), answer.headers["ETag"] is not None), (201, b"", ["return=minimal"], True), "PUT")
    answer = put(site, WORK + "rep.ics", event("rep"), Prefer="return=representation")
    tap.equal((answer.status, answer.body, applied(answer)), (201, event("rep").encode(), ["return=representation"]), "PUT that shows")


def transfers(site):
    for method in ("COPY", "MOVE"):
        to = HOME + "min/" + method + ".ics"
        answer = site.request(method, WORK + "rep.ics", None, "alice", {"Destination": to, "Prefer": "return=representation"})
        tap.equal((answer.status, answer.body, answer.headers["Content-Location"], applied(answer)),
                  (201, event("rep").encode(), to, ["return=representation"]), f"{method} shows what came there")
        site.request("DELETE", to, user="alice")


def blind_writer(site):
    site.request("ACL", WORK, f'{XML}<D:acl {ROOT}><D:ace><D:principal><D:href>/dav/principals/users/bob/</D:href></D:principal>'
                 "<D:grant><D:privilege><D:bind/></D:privilege><D:privilege><D:write-content/></D:privilege></D:grant></D:ace></D:acl>",
                 "alice", {"Content-Type": "text/xml"})
    answer = put(site, WORK + "blind.ics", event("blind"), user="bob", Prefer="return=representation")
    tap.equal((answer.status, answer.body), (201, b""), "who may write and not read is told that it was done")
    tap.equal(site.request("GET", WORK + "blind.ics", user="alice").status, 200, "and it was")


def by_date(site):
    path, text = WORK + "dated.ics", event("dated")
    put(site, path, text)
    got = site.request("GET", path, user="alice")
    now, etag, old, future = got.headers["Last-Modified"], got.headers["ETag"], "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
    table = [
        ("GET", {"If-Unmodified-Since": old}, 412), ("GET", {"If-Unmodified-Since": now}, 200),
        ("GET", {"If-Modified-Since": now}, 304), ("GET", {"If-Modified-Since": old}, 200),
        ("GET", {"If-Modified-Since": now, "If-None-Match": '"x"'}, 200), ("GET", {"If-Unmodified-Since": old, "If-Match": etag}, 200),
        ("GET", {"If-Modified-Since": "yesterday"}, 200),
        ("PUT", {"If-Unmodified-Since": old}, 412), ("PUT", {"If-Unmodified-Since": old, "If-Match": etag}, 204),
        ("PUT", {"If-Unmodified-Since": "yesterday"}, 204), ("PUT", {"If-Modified-Since": future}, 204),
        ("PUT", {"If-Unmodified-Since": future, "If-Match": '"x"'}, 412), ("PUT", {"If-Unmodified-Since": now}, 204),
        ("DELETE", {"If-Unmodified-Since": old}, 412), ("DELETE", {"If-Unmodified-Since": future}, 204),
    ]
    for method, headers, wished in table:
        answer = site.request(method, path, text if method == "PUT" else None, "alice", {"Content-Type": "text/calendar", **headers})
        tap.equal(answer.status, wished, f"{method} with {headers}")
        if wished == 412 and method != "GET":
            tap.equal(answer.headers["ETag"], etag, "and says what there is")
    tap.equal(put(site, path, text, If_Unmodified_Since=old).status, 201, "what is not there was not modified")


with Site(users=["alice", "bob"]) as site:
    listings(site)
    without_root(site)
    writes(site)
    transfers(site)
    blind_writer(site)
    by_date(site)
tap.finish()
