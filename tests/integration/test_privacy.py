#!/usr/bin/python3
"""What is private is as if it were not there: for every method, report and header, somebody without a grant gets the same answer
for what is another's and for what does not exist, and it takes as long.
"""
import os
import re
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import ROOT, event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

HOME, NOBODY, OWN = "/dav/calendars/alice/", "/dav/calendars/ecila/", "/dav/calendars/bob/"
PAIRS = 150  # of timed requests
tap = Tap()

# What is there, and what is not: paths of the same shape and length. Everybody may know who there is, so that a home and what
# every home has is PUBLIC: a word of OPTIONS tells nothing. And everybody may ask when the others are busy (FREE_BUSY).
PUBLIC, FREE_BUSY = "OPTIONS", "REPORT free-busy"
PLACES = [
    ("a home", HOME, NOBODY, {PUBLIC, FREE_BUSY}),
    ("a calendar", HOME + "secret/", HOME + "absent/", {FREE_BUSY}),
    ("a calendar that everybody has", HOME + "work/", NOBODY + "work/", {PUBLIC, FREE_BUSY}),
    ("an inbox", HOME + "inbox/", NOBODY + "inbox/", {PUBLIC, FREE_BUSY}),
    ("an object", HOME + "secret/there.ics", HOME + "secret/notin.ics", set()),
    ("an object of a calendar that is not there", HOME + "secret/there.ics", HOME + "absent/there.ics", set()),
    ("a plain collection", HOME + "files/", HOME + "selif/", set()),
    ("a file", HOME + "files/there.txt", HOME + "files/notin.txt", set()),
    ("a file of a collection that is not there", HOME + "files/there.txt", HOME + "selif/there.txt", set()),
    ("free/busy by address", "/freebusy/alice", "/freebusy/ecila", set()),
    ("a room's calendar", "/dav/calendars/room-1/bookings/", "/dav/calendars/room-9/bookings/", {PUBLIC, FREE_BUSY}),
    ("a room's object", "/dav/calendars/room-1/bookings/there.ics", "/dav/calendars/room-1/bookings/notin.ics", set()),
]


def xml(inside):
    return '<?xml version="1.0" encoding="utf-8"?>\n' + inside.replace("ROOT", ROOT)


PROPERTIES = ("<D:prop><D:resourcetype/><D:getetag/><D:owner/><D:acl/><D:lockdiscovery/><D:quota-used-bytes/><D:sync-token/>"
              "<D:current-user-privilege-set/><D:displayname/><C:calendar-data/></D:prop>")
XML = {"Content-Type": "text/xml"}
REQUESTS = [
    ("OPTIONS", None, {}),
    ("GET", None, {}),
    ("HEAD", None, {}),
    ("GET if-match", None, {"If-Match": '"x"'}),
    ("GET if-none-match", None, {"If-None-Match": "*"}),
    ("POST", "x", {"Content-Type": "text/calendar"}),
    ("PUT", event("of-bob"), {"Content-Type": "text/calendar"}),
    ("PUT new", event("of-bob"), {"Content-Type": "text/calendar", "If-None-Match": "*"}),
    ("PUT if-match", event("of-bob"), {"Content-Type": "text/calendar", "If-Match": '"x"'}),
    ("PUT not a calendar", "garbage", {"Content-Type": "text/calendar"}),
    ("DELETE", None, {}),
    ("DELETE if-match", None, {"If-Match": '"x"'}),
    ("PROPFIND 0", xml(f"<D:propfind ROOT>{PROPERTIES}</D:propfind>"), {"Depth": "0", **XML}),
    ("PROPFIND 1", xml("<D:propfind ROOT><D:allprop/></D:propfind>"), {"Depth": "1", **XML}),
    ("PROPFIND broken", "<D:propfind", {"Depth": "0", **XML}),
    ("PROPPATCH", xml("<D:propertyupdate ROOT><D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set></D:propertyupdate>"), XML),
    ("MKCOL", None, {}),
    ("MKCALENDAR", None, {}),
    ("LOCK", xml("<D:lockinfo ROOT><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>"), XML),
    ("LOCK refresh", None, {"If": "(<urn:uuid:00000000-0000-0000-0000-000000000000>)"}),
    ("UNLOCK", None, {"Lock-Token": "<urn:uuid:00000000-0000-0000-0000-000000000000>"}),
    ("ACL", xml("<D:acl ROOT><D:ace><D:principal><D:all/></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace></D:acl>"),
     XML),
    ("COPY", None, {"Destination": OWN + "work/taken-copy.ics"}),
    ("MOVE", None, {"Destination": OWN + "work/taken-move.ics"}),
    *[(f"REPORT {name}", xml(f"<{tag} ROOT>{inside}</{tag}>"), {"Depth": depth, **XML}) for name, tag, depth, inside in [
        ("query", "C:calendar-query", "1", PROPERTIES + '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter>'),
        ("multiget", "C:calendar-multiget", "1", PROPERTIES + f"<D:href>{HOME}secret/there.ics</D:href>"),
        ("free-busy", "C:free-busy-query", "1", '<C:time-range start="20270301T000000Z" end="20270401T000000Z"/>'),
        ("sync", "D:sync-collection", "0", f"<D:sync-token/><D:sync-level>1</D:sync-level>{PROPERTIES}"),
        ("expand-property", "D:expand-property", "0", '<D:property name="owner"><D:property name="displayname"/></D:property>'),
        ("principal-match", "D:principal-match", "0", "<D:self/>"),
        ("acl-principals", "D:acl-principal-prop-set", "0", "<D:prop><D:displayname/></D:prop>"),
        ("unknown", "D:no-such-report", "0", ""),
    ]],
]
# Requests of bob on what is his own, which name what is another's in a header or in the body.
NAMED = [
    ("COPY to", "COPY", OWN + "work/mine.ics", None, lambda path: {"Destination": path}),
    ("COPY over", "COPY", OWN + "work/mine.ics", None, lambda path: {"Destination": path, "Overwrite": "F"}),
    ("MOVE to", "MOVE", OWN + "work/mine.ics", None, lambda path: {"Destination": path, "Overwrite": "F"}),
    ("MOVE a calendar to", "MOVE", OWN + "more/", None, lambda path: {"Destination": path, "Overwrite": "F"}),
    ("If naming", "PUT", OWN + "work/mine.ics", event("mine"),
     lambda path: {"Content-Type": "text/calendar", "If": f'<{path}> (["x"])'}),
    ("If not naming", "PUT", OWN + "work/other.ics", event("other"),
     lambda path: {"Content-Type": "text/calendar", "If": f'<{path}> (Not ["x"] <urn:uuid:00000000-0000-0000-0000-000000000000>)'}),
    ("multiget of", "REPORT", OWN + "work/", lambda path: xml(f"<C:calendar-multiget ROOT>{PROPERTIES}<D:href>{path}</D:href>"
                                                            "</C:calendar-multiget>"), lambda path: XML),
    ("acl for", "ACL", OWN + "work/", lambda path: xml(
        f"<D:acl ROOT><D:ace><D:principal><D:href>{path}</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant>"
        "</D:ace></D:acl>"), lambda path: XML),
]
VARIABLE = {"date", "x-request-id"}


def told(answer, path):
    """What somebody can see of an answer, without what any two answers differ in; the path that he named himself is PATH."""
    last = path.rstrip("/").rpartition("/")[2]
    body = answer.text.replace(path, "PATH")
    body = re.sub(r"urn:uuid:[0-9a-f-]{36}", "urn:uuid:ANY", body)
    headers = sorted((name.lower(), value.replace(path, "PATH").replace(last, "LAST")) for name, value in answer.headers.items()
                     if name.lower() not in VARIABLE)
    return answer.status, headers, body


def compare(user, title, there, absent, send):
    """SEND(path) asks; the answers for both paths look the same."""
    seen = [told(send(path), path) for path in (there, absent)]
    if seen[0] == seen[1]:
        return None
    return f"{user} {title} {there}\nthere  {seen[0]}\nabsent {seen[1]}"


def table(site, user, word=None):
    """All requests at all places; one line of TAP a place."""
    for title, there, absent, public in PLACES:
        wrong, leaked = [], []
        for name, body, headers in REQUESTS:
            method = name.split()[0]
            if name in public and user is not None:
                continue

            def send(path, method=method, body=body, headers=headers):
                answer = site.request(method, path, body, user, headers, password=word)
                if answer.status < 300 and method != "OPTIONS":
                    leaked.append(f"{method} {path}: {answer.status}")
                return answer

            said = compare(user, name, there, absent, send)
            if said is not None:
                wrong.append(said)
        tap.check(not wrong and not leaked, f"{user or 'nobody'}: {title}: every method answers as if it were not there",
                  "\n".join(leaked + wrong[:3]))


def named_table(site):
    for name, method, at, body, headers in NAMED:
        wrong = []
        for title, there, absent, _ in PLACES:
            if "calendar" in name and title not in ("a calendar", "a plain collection"):
                continue

            def send(path):
                text = body(path) if callable(body) else body
                return site.request(method, at, text, "bob", headers(path))

            said = compare("bob", name, there, absent, send)
            if said is not None:
                wrong.append(f"{title}: {said}")
        tap.check(not wrong, f"bob: {name} another's is {name} nothing", "\n".join(wrong[:3]))
        put(site, OWN + "work/mine.ics", event("mine"), "bob")


def timing(site, title, ask_there, ask_absent):
    """The medians of alternating requests: what is there must not be told by how long its refusal takes."""
    times = ([], [])
    for _ in range(PAIRS):
        for ask, list_ in zip((ask_there, ask_absent), times):
            began = time.perf_counter()
            ask()
            list_.append(time.perf_counter() - began)
    there, absent = (statistics.median(list_) for list_ in times)
    tap.check(max(there, absent) < 2 * min(there, absent) + 0.0005, f"{title} takes as long", f"{there * 1e6:.0f} and {absent * 1e6:.0f} us")


def searches(site):
    """What goes over all that is there shows nothing of alice's but her principal."""
    search = '<D:property-search><D:prop><D:displayname/></D:prop><D:match>a</D:match></D:property-search>'
    inside = "<D:prop><D:displayname/><C:calendar-home-set/><D:group-membership/><D:acl/></D:prop>"
    nested = '<D:property name="displayname"/><D:property name="resourcetype"/><D:property name="sync-token"/>'
    caldav = "urn:ietf:params:xml:ns:caldav"
    for name, method, path, body in [
        ("principal-property-search", "REPORT", "/dav/principals/",
         f'<D:principal-property-search ROOT test="anyof">{search}{inside}</D:principal-property-search>'),
        ("calendarserver-principal-search", "REPORT", "/dav/principals/",
         f'<CS:calendarserver-principal-search ROOT context="attendee"><CS:search-token>a</CS:search-token>{inside}'
         "</CS:calendarserver-principal-search>"),
        ("expand-property", "REPORT", "/dav/principals/users/alice/",
         f'<D:expand-property ROOT><D:property name="calendar-home-set" namespace="{caldav}">{nested}</D:property></D:expand-property>'),
        ("PROPFIND of all homes", "PROPFIND", "/dav/calendars/", "<D:propfind ROOT><D:allprop/></D:propfind>"),
    ]:
        answer = site.request(method, path, xml(body), "bob", {"Depth": "1" if method == "PROPFIND" else "0", **XML})
        tap.check(answer.status == 207 and not re.search("secret|files|Private", answer.text), f"{name} shows no collection of another's",
                  answer.text)
    tap.check("/dav/calendars/alice/" not in answer.text, "nor does the listing name her home", answer.text)


with Site(users=["alice", "bob"], resources=["room-1"], config="plain-collections = yes\nlogin-failures = 0\n") as site_:
    for path_ in (HOME + "secret/", OWN + "more/"):
        tap.equal(site_.request("MKCALENDAR", path_, None, path_.split("/")[3]).status, 201, f"{path_} is made")
    tap.equal(site_.request("MKCOL", HOME + "files/", None, "alice").status, 201, "a plain collection is made")
    site_.request("PUT", HOME + "files/there.txt", "Private words", "alice", {"Content-Type": "text/plain"})
    put(site_, HOME + "secret/there.ics", event("there", summary="Private words"))
    put(site_, OWN + "work/mine.ics", event("mine"), "bob")
    site_.slotkeeper("import", "room-1/bookings", "/dev/stdin", stdin=event("there"), ok=0)
    table(site_, "bob")
    table(site_, None)
    word_ = site_.slotkeeper("app-password", "create", "bob").stdout.strip().splitlines()[-1]
    table(site_, "bob", word_)
    named_table(site_)
    searches(site_)
    kept = site_.request("GET", HOME + "secret/there.ics", None, "alice")
    tap.check(kept.status == 200 and "Private words" in kept.text, "alice's object is as it was", kept.text)
    tap.equal(site_.request("GET", HOME + "files/there.txt", None, "alice").text, "Private words", "and so is her file")
    timing(site_, "GET of another's object and of none",
           lambda: site_.request("GET", HOME + "secret/there.ics", None, "bob"), lambda: site_.request("GET", HOME + "secret/notin.ics", None, "bob"))
    timing(site_, "PROPFIND of another's calendar and of none",
           lambda: site_.request("PROPFIND", HOME + "secret/", None, "bob", {"Depth": "1"}),
           lambda: site_.request("PROPFIND", HOME + "absent/", None, "bob", {"Depth": "1"}))
    PAIRS = 8
    timing(site_, "a wrong password of a user and of nobody",
           lambda: site_.request("GET", HOME, None, "alice", password="wrong"), lambda: site_.request("GET", HOME, None, "ecila", password="wrong"))
    answers_ = [told(site_.request("GET", HOME, None, name, password="wrong"), HOME) for name in ("alice", "ecila")]
    tap.equal(answers_[0], answers_[1], "and looks the same")
tap.finish()
