#!/usr/bin/python3
"""Problems that servers and apps have had with one another, each with the test that it does not come back.

The numbers are those of the list that they come from; what needs scheduling, mail or push comes with those.
"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, I, ROOT, XML, Multistatus, condition, event, free_busy, propfind, proppatch, put, query, sync  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME, WORK, BOOKINGS, OTHER = (f"/dav/calendars/alice/{name}" for name in ("", "work/", "bookings/", "other/"))
ROOM = "/dav/calendars/room-1/bookings/"


def get(site, path, user="alice", **headers):
    return site.request("GET", path, None, user, {name.replace("_", "-"): value for name, value in headers.items()})


def n01_rooms_are_not_double_booked(site):
    """Decided inside the write, whichever door it comes through."""
    outcomes = []

    def book(n):
        method = ("PUT", "COPY", "MOVE", "POST")[n % 4]
        body = event(f"n01-{n}", "20270501T090000Z")
        if method == "PUT":
            answer = put(site, f"{ROOM}n01-{n}.ics", body, "root", Prefer="handling=strict")
        elif method == "POST":
            answer = site.request("POST", ROOM, body, "root", {"Content-Type": "text/calendar", "Prefer": "handling=strict"})
        else:
            source = f"/dav/calendars/root/work/n01-{n}.ics"
            put(site, source, body, "root")
            answer = site.request(method, source, None, "root", {"Destination": f"{ROOM}n01-{n}.ics", "Prefer": "handling=strict"})
        outcomes.append(answer.status)
    threads = [threading.Thread(target=book, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(sorted(outcomes), [201] + [403] * 15, "1: sixteen at once ask for one room by four doors: one gets it")


def n02_a_refusal_says_when_and_what_else(site):
    answer = put(site, ROOM + "n02.ics", event("n02", "20270501T093000Z", summary="secret"), "root", Prefer="handling=strict")
    tap.check(answer.status == 403 and b'reason="resource_busy"' in answer.body and b"conflict start" in answer.body and
              answer.body.count(b"<slotkeeper:alternative ") >= 3 and b"n01" not in answer.body,
              "2: a refusal has the reason, the conflicting time and alternatives, and no title", answer)


def n09_schedule_changes_of_others(site):
    """The part without scheduling: an edit with a stale ETag is told so, with the present one."""
    put(site, WORK + "n09.ics", event("n09", "20270502T090000Z"))
    old = get(site, WORK + "n09.ics").headers["ETag"]
    put(site, WORK + "n09.ics", event("n09", "20270502T090000Z", summary="newer"))
    answer = put(site, WORK + "n09.ics", event("n09", "20270502T090000Z", summary="stale"), If_Match=old)
    tap.equal((answer.status, answer.headers["ETag"]), (412, get(site, WORK + "n09.ics").headers["ETag"]), "9: 412 shows the present ETag")


def n11_discovery(site):
    for path in ("/.well-known/caldav", "/.well-known/caldav/"):
        answer = site.request("PROPFIND", path, None, None, {"Depth": "0"})
        tap.check(answer.status in (301, 302, 307, 308) and answer.headers["Location"] == "/dav/", f"11: {path} redirects without credentials", answer)
    for path in ("/", "/principals/", "/dav/", "/calendar/dav/alice/user/", HOME, WORK, "/dav/principals/"):
        found = propfind(site, path, "D:current-user-principal")
        tap.equal(found.hrefs(next(iter(found.responses)), D + "current-user-principal"), ["/dav/principals/users/alice/"],
                  f"11: {path} leads to the principal")
        answer = site.request("PROPFIND", path, None, None, {"Depth": "0"})
        tap.check(answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic"), f"11: {path} asks to sign in", answer)
    found = propfind(site, HOME, "D:resourcetype", depth="1")
    tap.check(found.element(HOME, D + "resourcetype").find(C + "calendar") is None and WORK in found.responses,
              "11: the home is no calendar, and holds them")


def n12_etags_do_not_change_behind_the_back(site):
    body = event("n12", "20270503T090000Z", more="X-ODD:  kept as it is \\, \r\n")
    etag = put(site, WORK + "n12.ics", body).headers["ETag"]
    answer = get(site, WORK + "n12.ics")
    tap.equal((answer.headers["ETag"], answer.body), (etag, body.encode()), "12: what is stored is what was sent, under the ETag of the PUT")
    listed = propfind(site, WORK, "D:getetag", depth="1").text(WORK + "n12.ics", D + "getetag")
    tap.equal(listed, etag, "12: the same ETag in a listing")
    tap.equal(get(site, WORK + "n12.ics", Accept_Encoding="gzip").headers["ETag"], etag, "12: and compressed")
    for sent in (etag[:-1] + '-gzip"', etag[:-1] + '-br"', "W/" + etag):
        answer = put(site, WORK + "n12.ics", body, If_Match=sent)
        tap.equal(answer.status, 204, f"12: a proxy's {sent[-9:]} is accepted back")


def n13_if_none_match_of_what_is_there(site):
    etag = put(site, WORK + "n13.ics", event("n13", "20270504T090000Z"), If_None_Match="*").headers["ETag"]
    answer = put(site, WORK + "n13.ics", event("n13", "20270504T090000Z"), If_None_Match="*")
    tap.equal((answer.status, answer.headers["ETag"]), (412, etag), "13: a repeated first PUT learns from the ETag that it was its own")
    site.request("DELETE", WORK + "n13.ics", None, "alice")
    tap.equal(put(site, WORK + "n13.ics", event("n13", "20270504T090000Z"), If_None_Match="*").status, 201, "13: delete and recreate")


def n14_moving_between_calendars(site):
    put(site, WORK + "n14.ics", event("n14", "20270505T090000Z"))
    answer = site.request("MOVE", WORK + "n14.ics", None, "alice", {"Destination": OTHER + "n14.ics", "Overwrite": "F"})
    tap.equal(answer.status, 201, "14: MOVE")
    tap.equal(put(site, WORK + "n14.ics", event("n14", "20270505T090000Z")).status, 201, "14: PUT first, then DELETE")
    tap.equal(site.request("DELETE", OTHER + "n14.ics", None, "alice").status, 204, "14: is a move too")
    tap.equal(put(site, OTHER + "again.ics", event("n14", "20270505T090000Z")).status, 201, "14: a deleted item blocks no UID")
    answer = put(site, OTHER + "twice.ics", event("n14", "20270505T090000Z"))
    tap.check(condition(answer) == [C + "no-uid-conflict"] and OTHER.encode() + b"again.ics" in answer.body, "14: no-uid-conflict has its href", answer)


def n15_sync_tokens_do_not_vanish(site):
    token = Multistatus(sync(site, WORK).body).token
    for n in range(5):
        put(site, WORK + f"n15-{n}.ics", event(f"n15-{n}", "20270506T090000Z"))
        site.request("DELETE", WORK + f"n15-{n}.ics", None, "alice")
    site.kill()
    site.start()
    answer = Multistatus(sync(site, WORK, token).body)
    tap.equal({status for status, _ in answer.responses.values()}, {404}, "15: a token survives kill -9, and tells what is gone")
    answer = sync(site, WORK, token[:-1] + "999")
    tap.equal((answer.status, condition(answer)), (403, [D + "valid-sync-token"]), "15: one that is not good is a clean 403")


def n16_proppatch_on_what_is_read_only(site):
    site.slotkeeper("grant", "bob/work", "alice", "read")
    theirs = "/dav/calendars/bob/work/"
    answer = proppatch(site, theirs, "<D:set><D:prop><C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp></D:prop></D:set>")
    tap.check(answer.status == 207 and b"403" in answer.body and b"need-privileges" in answer.body, "16: PROPPATCH is 207 with 403 inside", answer)
    answer = proppatch(site, theirs, "<D:set><D:prop><I:calendar-color>#00FF00FF</I:calendar-color><I:calendar-order>3</I:calendar-order>"
                       "</D:prop></D:set>")
    tap.check(answer.status == 207 and b"200 OK" in answer.body, "16: colour and order of a shared calendar are the reader's own", answer)
    tap.equal(propfind(site, theirs, "I:calendar-color", "bob").statuses(theirs), {I + "calendar-color": 404}, "16: its owner does not see them")
    answer = put(site, theirs + "x.ics", event("x"))
    tap.check(answer.status == 403 and condition(answer) == [D + "need-privileges"], "16: PUT is 403 need-privileges, not 404", answer)
    privileges = propfind(site, theirs, "D:current-user-privilege-set").element(theirs, D + "current-user-privilege-set")
    tap.check({D + "read"} <= {p[0].tag for p in privileges} and not {D + "write", D + "bind"} & {p[0].tag for p in privileges},
              "16: current-user-privilege-set is honest")


def n17_bad_icalendar_does_not_poison(site):
    faults = {
        "EXDATE of another type": event("n17a", "20270510T090000Z", more="RRULE:FREQ=DAILY;COUNT=5\r\nEXDATE;VALUE=DATE:20270511\r\n"),
        "UNTIL of another type": event("n17b", "20270510T090000Z", more="RRULE:FREQ=DAILY;UNTIL=20270512\r\n"),
        "a zone by name alone": event("n17c", ";TZID=Europe/Amsterdam:20270510T090000"),
        "a zone by Windows name": event("n17d", ";TZID=W. Europe Standard Time:20270510T090000"),
        "an X- property without end": event("n17e", "20270510T090000Z", more="X-LONG:" + "y" * 5000 + "\r\n"),
        "lines that end in LF": event("n17f", "20270510T090000Z").replace("\r\n", "\n"),
    }
    for n, (name, body) in enumerate(faults.items()):
        path = f"{OTHER}n17-{n}.ics"
        answer = put(site, path, body)
        tap.check(answer.status in (201, 403), f"17: {name} is stored or refused, never a 500", answer)
        if answer.status == 201:
            tap.equal(get(site, path, CalDAV_Timezones="F").body, body.encode(), f"17: {name}: the bytes stay")
            tap.equal(answer.headers["ETag"] is None, get(site, path).body != body.encode(),
                      f"17: {name}: there is an ETag with the PUT unless the zone is added for those who do not know it")
        else:
            tap.check(condition(answer) == [C + "valid-calendar-data"], f"17: {name}: refused as such", answer)
    answer = query(site, OTHER, '<C:comp-filter name="VEVENT"><C:time-range start="20270510T000000Z" end="20270513T000000Z"/></C:comp-filter>',
                   data='<C:calendar-data><C:expand start="20270510T000000Z" end="20270513T000000Z"/></C:calendar-data>')
    tap.check(answer.status == 207 and b"n17-0.ics" in answer.body and b"500" not in answer.body, "17: the calendar answers queries all the same", answer)
    tap.equal(sync(site, OTHER).status, 207, "17: and syncs")


def n18_days_and_zones(site):
    """All-day and floating times are those of the calendar's zone; recurring ones are found by occurrence, on the right weekday."""
    proppatch(site, OTHER, "<D:set><D:prop><C:calendar-timezone-id>America/New_York</C:calendar-timezone-id></D:prop></D:set>")
    put(site, OTHER + "day.ics", event("n18day", ";VALUE=DATE:20270601", "P1D"))
    put(site, OTHER + "weekly.ics", event("n18weekly", ";TZID=America/New_York:20270601T210000", more="RRULE:FREQ=WEEKLY;BYDAY=TU\r\n"))
    span = '<C:comp-filter name="VEVENT"><C:time-range start="{}" end="{}"/></C:comp-filter>'

    def found(start, end):
        return sorted(href[len(OTHER):] for href in Multistatus(query(site, OTHER, span.format(start, end)).body).responses)
    tap.equal(found("20270601T000000Z", "20270601T040000Z"), [], "18: the day has not begun in New York")
    tap.equal(found("20270602T033000Z", "20270602T040000Z"), ["day.ics"], "18: and is not over when it is in London")
    tap.equal(found("20281213T010000Z", "20281213T030000Z"), ["weekly.ics"], "18: an occurrence far ahead, on Wednesday in UTC, is found")
    tap.equal(found("20281212T010000Z", "20281212T030000Z"), [], "18: and not the day before")
    busy = free_busy(site, OTHER, "20270609T000000Z", "20270610T000000Z").text
    tap.check("20270609T010000Z" in busy, "18: free/busy at that instant", busy)


def n19_free_busy_is_shown(site):
    put(site, "/dav/calendars/bob/work/n19.ics", event("n19", "20270701T090000Z", summary="private matter"), "bob")
    answer = free_busy(site, "/dav/calendars/bob/", "20270701T000000Z", "20270702T000000Z")
    tap.check(b"FREEBUSY;FBTYPE=BUSY:20270701T090000Z/" in answer.body and b"private" not in answer.body, "19: FBTYPE is written out, and no title", answer)
    answer = free_busy(site, "/dav/calendars/bob/", "20270701T000000Z", "20270702T000000Z", depth="infinity")
    tap.check(answer.status == 200, "19: Evolution's Depth: infinity on the home", answer)


def n20_ten_thousand_events_are_listed_quickly(site):
    site.request("MKCALENDAR", HOME + "many/", None, "alice")
    text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\n" + "".join(
        f"BEGIN:VEVENT\r\nUID:n20-{n}\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:2027{1 + n % 12:02}{1 + n % 28:02}T{n % 24:02}0000Z\r\n"
        f"DURATION:PT30M\r\nSUMMARY:Number {n}\r\nEND:VEVENT\r\n" for n in range(10000)) + "END:VCALENDAR\r\n"
    path = os.path.join(site.directory, "many.ics")
    with open(path, "w") as file:
        file.write(text)
    site.slotkeeper("import", "alice/many", path)
    taken = []
    for _ in range(5):
        began = time.monotonic()
        answer = propfind(site, HOME + "many/", "D:getetag D:getcontenttype", depth="1")
        taken.append(time.monotonic() - began)
    tap.equal(len(answer.responses), 10001, "20: ten thousand are listed")
    raw = []
    for _ in range(5):
        began = time.monotonic()
        site.request("PROPFIND", HOME + "many/", f"{XML}<D:propfind {ROOT}><D:prop><D:getetag/></D:prop></D:propfind>", "alice", {"Depth": "1"})
        raw.append(time.monotonic() - began)
    # 100 ms are wished, and taken are some 20; sanitizers and a busy machine get the rest
    tap.check(min(raw) < 2, "20: and quickly", raw)
    if os.environ.get("SLOTKEEPER_VERBOSE"):
        print(f"# listing of ten thousand: {min(raw) * 1000:.0f} ms")
    token = Multistatus(sync(site, HOME + "many/", names="D:getetag").body).token
    put(site, HOME + "many/one.ics", event("one more"))
    began = time.monotonic()
    answer = sync(site, HOME + "many/", token)
    tap.check(len(Multistatus(answer.body).responses) == 1 and time.monotonic() - began < 1, "20: a sync tells the one that changed", answer)


with Site(users=["alice", "bob"], admins=["root"], resources=["room-1"]) as the_site:
    the_site.request("MKCALENDAR", OTHER, None, "alice")
    for name_, story in sorted(globals().copy().items()):
        if name_[0] == "n" and name_[1:3].isdigit():
            story(the_site)
    done = the_site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)
tap.finish()
