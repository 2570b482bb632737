#!/usr/bin/python3
"""PUT, GET and DELETE of objects: bytes, preconditions, refusals with their conditions; and who may see what."""
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, ROOT, SLOT, XML, Multistatus, condition, event, free_busy, multiget, propfind, proppatch, put, query, sync  # noqa: E402,E501
from lxml import etree  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK = HOME + "work/"


def bytes_and_tags(site):
    text = event("bytes", more="X-UNKNOWN;X-P=\"a;b\":Ünïcödé\\, kept\r\nDESCRIPTION:a long line that is folded where the\r\n"
                 "  client folded it\r\n").encode()
    path = WORK + "bytes.ics"
    answer = put(site, path, text, If_None_Match="*")
    etag = answer.headers.get("ETag", "")
    tap.check(answer.status == 201 and etag.startswith('"') and answer.body == b"", "a new object: 201 with a strong ETag",
              answer)
    got = site.request("GET", path, user="alice")
    tap.equal((got.status, hashlib.sha256(got.body).hexdigest()), (200, hashlib.sha256(text).hexdigest()),
              "GET gives every byte back")
    tap.equal((got.headers["ETag"], got.headers["Content-Type"]), (etag, "text/calendar; charset=utf-8; component=VEVENT"),
              "GET: ETag and type")
    tap.equal(propfind(site, path, "D:getetag D:getcontentlength").text(path, D + "getetag"), etag, "PROPFIND: the same ETag")
    head = site.request("HEAD", path, user="alice")
    tap.equal((head.status, head.headers["Content-Length"], head.body), (200, str(len(text)), b""), "HEAD")
    table = [
        ("GET", {"If-None-Match": etag}, 304), ("GET", {"If-None-Match": f'"x", {etag}'}, 304),
        ("GET", {"If-None-Match": 'W/' + etag}, 304), ("GET", {"If-None-Match": etag[:-1] + '-gzip"'}, 304),
        ("GET", {"If-None-Match": '"other"'}, 200), ("GET", {"If-Match": '"other"'}, 412), ("GET", {"If-Match": etag}, 200),
        ("GET", {"If-Modified-Since": got.headers["Last-Modified"]}, 304),
        ("GET", {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 200),
        ("PUT", {"If-None-Match": "*"}, 412), ("PUT", {"If-Match": '"other"'}, 412), ("PUT", {"If-None-Match": etag}, 412),
        ("PUT", {"If-Match": etag}, 204), ("PUT", {"If-Match": "*"}, 204), ("PUT", {}, 204),
        ("DELETE", {"If-Match": '"other"'}, 412),
    ]
    for method, headers, wished in table:
        body = text if method == "PUT" else None
        answer = site.request(method, path, body, "alice", {"Content-Type": "text/calendar", **headers})
        tap.equal(answer.status, wished, f"{method} with {headers}")
        if wished == 412:
            tap.equal(answer.headers.get("ETag"), etag, "412 tells the present ETag")
    answer = put(site, path, text.replace(b"SEQ", b"SEQ").replace(b"kept", b"changed"), If_Match=etag)
    tap.check(answer.status == 204 and answer.headers["ETag"] != etag, "a change has another ETag", answer)
    answer = put(site, path, text, If_Match=answer.headers["ETag"][:-1] + '-br"')
    tap.equal(answer.status, 204, "an ETag that a proxy marked is taken back")
    answer = put(site, path, text.replace(b"kept", b"shown"), Prefer="return=representation")
    tap.equal((answer.status, answer.body, answer.headers["Preference-Applied"], answer.headers["Content-Location"]),
              (200, text.replace(b"kept", b"shown"), "return=representation", path), "PUT that shows what is stored")
    answer = put(site, path, text, Prefer="return=representation", If_Match='"old"')
    tap.equal((answer.status, answer.body, answer.headers["ETag"]),
              (412, text.replace(b"kept", b"shown"), site.request("HEAD", path, user="alice").headers["ETag"]),
              "a failed precondition shows it too")
    tap.equal(put(site, WORK + "none.ics", text, If_Match="*").status, 412, "If-Match: * of nothing")
    tap.equal(site.request("DELETE", path, user="alice", headers={"If-Match": site.request("HEAD", path, user="alice")
              .headers["ETag"]}).status, 204, "DELETE with the present ETag")
    tap.equal(site.request("GET", path, user="alice").status, 404, "it is gone")
    tap.equal(put(site, path, text, If_None_Match="*").status, 201, "and can be made anew")


def refusals(site):
    put(site, WORK + "first.ics", event("twice"))
    good = event("x")
    table = [
        ("no iCalendar", "hello", {}, 403, C + "valid-calendar-data"),
        ("an empty body", "", {}, 403, C + "valid-calendar-data"),
        ("another type", "{}", {"Content-Type": "application/json"}, 403, C + "supported-calendar-data"),
        ("another charset", good, {"Content-Type": "text/calendar; charset=iso-8859-1"}, 403, C + "supported-calendar-data"),
        ("a METHOD", good.replace("BEGIN:VEVENT", "METHOD:REQUEST\r\nBEGIN:VEVENT"), {}, 403,
         C + "valid-calendar-object-resource"),
        ("two UIDs", good.replace("END:VCALENDAR", event("y").split("\r\n", 3)[3]), {}, 403,
         C + "valid-calendar-object-resource"),
        ("a UID that another object has", event("twice"), {}, 403, C + "no-uid-conflict"),
        ("a hostile rule", good.replace("SUMMARY", "RRULE:FREQ=SECONDLY\r\nSUMMARY"), {}, 403, C + "max-instances"),
        ("too many bytes", good.replace("SUMMARY:", "SUMMARY:" + "x" * 70 + "\r\n " * 1), {}, 201, None),
    ]
    for what, body, headers, status, element in table:
        answer = site.request("PUT", WORK + "refused.ics", body, "alice", {"Content-Type": "text/calendar", **headers})
        tap.equal(answer.status, status, f"PUT of {what}: {status}")
        if element:
            tap.equal(condition(answer), [element], f"PUT of {what}: says which condition")
            tap.equal(site.request("GET", WORK + "refused.ics", user="alice").status, 404, f"PUT of {what}: nothing stored")
        if element == C + "no-uid-conflict":
            tap.equal([h.text for h in etree.fromstring(answer.body).iter(D + "href")], [WORK + "first.ics"],
                      "and whose UID it is")
    places = [("PUT", HOME + "stray.ics", 403, [C + "calendar-collection-location-ok"]), ("PUT", HOME + "no/x.ics", 409, []),
              ("PUT", WORK + "a/b.ics", 409, [C + "calendar-collection-location-ok"]), ("GET", HOME, 405, []), ("POST", HOME, 405, []),
              ("DELETE", HOME, 405, []), ("DELETE", HOME + "none/", 404, []), ("PROPFIND", WORK + "none.ics", 404, []),
              ("GET", "/dav/elsewhere", 404, []), ("GET", WORK + "%2e%2e/x", 404, []), ("GET", WORK + "a%00b", 404, [])]
    for method, path, status, elements in places:
        answer = site.request(method, path, good if method == "PUT" else None, "alice", {"Content-Type": "text/calendar",
                                                                                            "Depth": "0"})
        tap.equal((answer.status, condition(answer)), (status, elements), f"{method} {path}")
    answer = site.request("POST", HOME, None, "alice")
    tap.check("PROPFIND" in answer.headers.get("Allow", "") and "POST" not in answer.headers["Allow"], "405 says what is",
              answer.headers)
    for depth, wished in (("infinity", 403), (None, 403), ("2", 400)):
        answer = site.request("PROPFIND", WORK, None, "alice", {"Depth": depth} if depth else {})
        tap.equal(answer.status, wished, f"PROPFIND with Depth {depth}")
    tap.equal(condition(site.request("PROPFIND", WORK, None, "alice")), [D + "propfind-finite-depth"], "and why")


def creating(site):
    body = (f"{XML}<D:mkcol {ROOT}><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
            "<D:displayname>By MKCOL</D:displayname></D:prop></D:set></D:mkcol>")
    tap.equal(site.request("MKCOL", HOME + "mkcol/", body, "alice").status, 201, "extended MKCOL makes a calendar")
    tap.equal(propfind(site, HOME + "mkcol/", "D:displayname").text(HOME + "mkcol/", D + "displayname"), "By MKCOL",
              "with its name")
    tap.equal(site.request("MKCOL", HOME + "mkcol/", body, "alice").status, 405, "a second time: 405")
    for what, inside, status in (("a plain collection", None, 403),
                                 ("an address book", body.replace("<C:calendar/>", "<A:addressbook/>"), 403)):
        answer = site.request("MKCOL", HOME + "other/", inside, "alice")
        tap.equal((answer.status, condition(answer)), (status, [D + "valid-resourcetype"]), f"MKCOL of {what}")
    tap.equal(site.request("MKCALENDAR", HOME + "inbox/", None, "alice").status, 403, "a reserved name")


def double_booking(site):
    bookings = HOME + "bookings/"
    tap.equal(put(site, bookings + "taken.ics", event("taken", "20270412T090000Z"), Prefer="handling=strict").status, 201,
              "a booking at a free time")
    answer = put(site, bookings + "clash.ics", event("clash", "20270412T093000Z", summary="secret"),
                 Prefer="handling=strict")
    tap.equal((answer.status, condition(answer)), (403, [SLOT + "slot-unavailable"]), "strict: a taken time is refused")
    tap.equal((answer.headers.get("ETag"), answer.headers.get("Preference-Applied")), (None, "handling=strict"),
              "strict: no ETag, the preference is confirmed")
    inside = etree.fromstring(answer.body).find(SLOT + "slot-unavailable")
    tap.check(inside.get("reason") == "staff_busy", "strict: the reason", answer.body)
    tap.equal([(e.get("start"), e.get("end")) for e in inside.iter(SLOT + "conflict")],
              [("20270412T090000Z", "20270412T100000Z")], "strict: when it is taken")
    tap.check(inside.tail and len(inside.tail.strip()) > 10, "strict: a sentence for people", answer.body)
    tap.check(b"SUMMARY" not in answer.body and b"taken" not in answer.body.replace(b"is taken", b""),
              "strict: no titles", answer.body)
    tap.equal(site.request("GET", bookings + "clash.ics", user="alice").status, 404, "strict: nothing is stored")
    answer = put(site, bookings + "clash.ics", event("clash", "20270412T093000Z"), Prefer="handling=lenient")
    tap.equal((answer.status, answer.headers.get("ETag")), (201, None), "lenient: a success without ETag")
    stored = site.request("GET", bookings + "clash.ics", user="alice").text
    tap.check("STATUS:CANCELLED" in stored and "X-SLOTKEEPER-REFUSED" in stored, "lenient: a cancelled copy", stored)
    moved = put(site, bookings + "taken.ics", event("taken", "20270412T110000Z"), Prefer="handling=strict")
    tap.equal(moved.status, 204, "the booking moves to a free time")
    put(site, bookings + "second.ics", event("second", "20270412T090000Z"))
    answer = put(site, bookings + "second.ics", event("second", "20270412T113000Z"), Prefer="handling=lenient")
    tap.equal((answer.status, answer.headers.get("ETag")), (204, None), "lenient: a refused move looks like a success")
    tap.check("20270412T090000Z" in site.request("GET", bookings + "second.ics", user="alice").text,
              "and the booking is where it was")


def zone_of_bookings(site):
    """Noon without a zone and noon in New York are the same moment once the calendar lies in New York."""
    bookings = "/dav/calendars/bob/bookings/"
    zone = "<D:set><D:prop><C:calendar-timezone-id>{}</C:calendar-timezone-id></D:prop></D:set>"
    proppatch(site, bookings, zone.format("Asia/Tokyo"), user="bob")
    tap.equal([put(site, bookings + "f.ics", event("f", "20270612T120000"), user="bob", Prefer="handling=strict").status,
               put(site, bookings + "z.ics", event("z", "20270612T160000Z"), user="bob", Prefer="handling=strict").status],
              [201, 201], "two bookings apart")
    answer = proppatch(site, bookings, zone.format("America/New_York"), user="bob")
    tap.equal(Multistatus(answer.body).statuses(bookings), {C + "calendar-timezone-id": 409},
              "a zone in which bookings would overlap is refused")
    tap.equal(propfind(site, bookings, "C:calendar-timezone-id", user="bob").text(bookings, C + "calendar-timezone-id"),
              "Asia/Tokyo", "and the calendar stays where it was")
    tap.equal(Multistatus(proppatch(site, bookings, zone.format("Europe/Berlin"), user="bob").body).statuses(bookings),
              {C + "calendar-timezone-id": 200}, "another zone is fine")


def privacy(site):
    """Everything of alice's that is not free/busy is 404 for bob, with the same body as for what does not exist."""
    put(site, WORK + "private.ics", event("private", "20270501T090000Z", summary="Doctor"))
    put(site, HOME + "bookings/visible.ics", event("visible", "20270501T110000Z", summary="Haircut"))
    mine, none = "/dav/calendars/alice/", "/dav/calendars/nobody/"
    prop = f"{XML}<D:propfind {ROOT}><D:allprop/></D:propfind>"
    patch = f"{XML}<D:propertyupdate {ROOT}><D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set></D:propertyupdate>"
    filters = f'<C:filter><C:comp-filter name="VCALENDAR"/></C:filter>'
    reports = [f"<C:calendar-query {ROOT}><D:prop><D:getetag/></D:prop>{filters}</C:calendar-query>",
               f"<C:calendar-multiget {ROOT}><D:prop><C:calendar-data/></D:prop><D:href>{WORK}private.ics</D:href>"
               "</C:calendar-multiget>",
               f"<D:sync-collection {ROOT}><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
               "</D:sync-collection>", f"<D:expand-property {ROOT}/>", f"<D:version-tree {ROOT}/>"]
    requests = [("PROPFIND", "", prop), ("PROPFIND", "work/", prop), ("PROPFIND", "work/private.ics", prop),
                ("PROPFIND", "bookings/", prop), ("PROPPATCH", "", patch), ("PROPPATCH", "work/", patch),
                ("GET", "work/private.ics", None), ("HEAD", "work/private.ics", None), ("GET", "work/", None),
                ("PUT", "work/private.ics", event("evil")), ("PUT", "work/new.ics", event("evil")),
                ("PUT", "new.ics", event("evil")), ("DELETE", "work/private.ics", None), ("DELETE", "work/", None),
                ("MKCALENDAR", "evil/", None), ("MKCOL", "evil/", None), ("COPY", "work/private.ics", None),
                ("MOVE", "work/private.ics", None), ("LOCK", "work/private.ics", None), ("LOCK", "work/none.ics", None),
                ("UNLOCK", "work/private.ics", None), ("ACL", "work/", f"<D:acl {ROOT}/>"), ("POST", "work/", event("evil"))]
    requests += [("REPORT", path, body) for path in ("work/", "bookings/", "") for body in reports]
    for method, tail, body in requests:
        answers = []
        for home in (mine, none):
            text = body.replace(mine, home) if body else None
            headers = {"Depth": "0" if method == "LOCK" else "1", "Content-Type": "text/calendar" if method in ("PUT", "POST") else "text/xml",
                       "Destination": "/dav/calendars/bob/work/x.ics", "Lock-Token": "<urn:uuid:00010203-0405-4607-8809-0a0b0c0d0e0f>"}
            if method == "LOCK":
                text = (f"<D:lockinfo {ROOT}><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>")
            answer = site.request(method, home + tail, text, "bob", headers)
            answers.append((answer.status, answer.body, sorted(k for k in answer.headers.keys() if k != "Date")))
        tap.check(answers[0] == answers[1] and answers[0][0] == 404, f"bob: {method} {tail} is 404 as for nobody's", answers)
    found = propfind(site, "/dav/calendars/", "D:displayname", user="bob", depth="1")
    tap.equal(sorted(found.responses), ["/dav/calendars/", "/dav/calendars/bob/"], "bob lists no home but his own")
    found = propfind(site, "/dav/principals/users/", "D:displayname", user="bob", depth="1")
    tap.equal(sorted(found.responses)[1:], [f"/dav/principals/users/{n}/" for n in ("alice", "bob", "chief")],
              "bob finds all principals")
    alice = propfind(site, "/dav/principals/users/alice/", "D:displayname C:calendar-home-set "
                     "D:current-user-privilege-set D:acl", user="bob")
    privileges = [e.tag for e in alice.element("/dav/principals/users/alice/", D + "current-user-privilege-set").iter()]
    tap.check(D + "write" not in privileges and D + "all" not in privileges, "and may not write hers", privileges)
    answer = proppatch(site, "/dav/principals/users/alice/", "<D:set><D:prop><D:displayname>Eve</D:displayname></D:prop>"
                       "</D:set>", user="bob")
    tap.equal(set(Multistatus(answer.body).statuses("/dav/principals/users/alice/").values()), {403}, "not even her name")
    answer = multiget(site, "/dav/calendars/bob/work/", [WORK + "private.ics"], user="bob")
    tap.check(b"Doctor" not in answer.body and b"404" in answer.body, "no way through bob's own calendar", answer.body)
    tap.check(site.request("GET", WORK + "private.ics", user="alice").status == 200, "alice still has it all")


def administrators(site):
    """An administrator: everything on bookings and resources, nothing on private calendars."""
    room = "/dav/calendars/room-1/"
    tap.equal(propfind(site, HOME + "bookings/", "D:displayname", user="chief").responses.keys(), {HOME + "bookings/"},
              "chief sees alice's bookings")
    for path in (HOME, WORK, WORK + "private.ics"):
        tap.equal(propfind(site, path, "D:displayname", user="chief").status, 404, f"chief does not see {path}")
    tap.equal(put(site, HOME + "bookings/chief.ics", event("chief", "20270801T090000Z"), user="chief").status, 201,
              "chief writes into alice's bookings")
    tap.equal(sorted(propfind(site, room, "D:displayname", user="chief", depth="1").responses), [room, room + "bookings/"],
              "chief sees a room's calendar")
    tap.equal(put(site, room + "bookings/r.ics", event("r", "20270801T090000Z"), user="chief").status, 201, "and books it")
    tap.equal(propfind(site, room, "D:displayname", user="bob").status, 404, "bob does not see it")
    answer = free_busy(site, room, "20270801T000000Z", "20270802T000000Z", user="bob")
    tap.check(answer.status == 200 and b"20270801T090000Z/20270801T100000Z" in answer.body, "but when it is taken",
              answer.body)
    tap.equal(propfind(site, "/dav/principals/resources/room-1/", "C:calendar-user-type", user="bob")
              .text("/dav/principals/resources/room-1/", C + "calendar-user-type"), "ROOM", "and that it is a room")
    found = propfind(site, "/dav/calendars/", "D:displayname", user="chief", depth="1")
    tap.equal(sorted(found.responses), ["/dav/calendars/", "/dav/calendars/chief/", room], "chief lists his and the room's")


with Site(users=["alice", "bob"], admins=["chief"], resources=["room-1"]) as the_site:
    bytes_and_tags(the_site)
    refusals(the_site)
    creating(the_site)
    double_booking(the_site)
    zone_of_bookings(the_site)
    privacy(the_site)
    administrators(the_site)
tap.finish()
