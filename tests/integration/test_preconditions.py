#!/usr/bin/python3
"""Every precondition and error element that CalDAV has for what is served here, one by one: status, element, nothing changed.

Scheduling's (organizer, attendee, outbox, default calendar) come with scheduling; attachments are not served.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, ROOT, SLOT, XML, Multistatus, condition, event, propfind, proppatch, put, query, report, sync  # noqa: E402
from lxml import etree  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK, BOOKINGS, TASKS, FILES = HOME + "work/", HOME + "bookings/", HOME + "tasks/", HOME + "files/"
BOB = "/dav/calendars/bob/work/"
LOCK = f"{XML}<D:lockinfo {ROOT}><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>"


def calendar(*components, head=""):
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\n{head}" + "".join(components) + "END:VCALENDAR\r\n"


def vevent(uid="x", start="DTSTART:20270310T090000Z", more="", end="DURATION:PT1H"):
    return f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20270101T000000Z\r\n{start}\r\n{end}\r\n{more}END:VEVENT\r\n"


def put_ics(path, body, **headers):
    return lambda site: put(site, path, body, **headers)


def ask(method, path, body=None, user="alice", **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda site: site.request(method, path, body, user, fields)


def mkcalendar(path, *properties, method="MKCALENDAR"):
    root = "C:mkcalendar" if method == "MKCALENDAR" else "D:mkcol"
    return ask(method, path, f"{XML}<{root} {ROOT}><D:set><D:prop>{''.join(properties)}</D:prop></D:set></{root}>", Content_Type="text/xml")


def patch(path, *properties):
    return lambda site: proppatch(site, path, f"<D:set><D:prop>{''.join(properties)}</D:prop></D:set>")


def filtered(inside, data="", path=WORK):
    return lambda site: query(site, path, inside, data=data)


def rows(etag, token):
    attendees = "".join(f"ATTENDEE:mailto:a{n}@example.org\r\n" for n in range(1001))
    text_match = '<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match collation="{}">x</C:text-match></C:prop-filter></C:comp-filter>'
    span = '<C:comp-filter name="VEVENT"><C:time-range start="{}" end="{}"/></C:comp-filter>'
    return [
        # what, request, status, element
        ("If-Match", put_ics(WORK + "one.ics", event("one"), If_Match='"other"'), 412, None),
        ("If-None-Match", put_ics(WORK + "one.ics", event("one"), If_None_Match="*"), 412, None),
        ("If-None-Match of the present one", put_ics(WORK + "one.ics", event("one"), If_None_Match=etag), 412, None),
        ("If-Match on DELETE", ask("DELETE", WORK + "one.ics", If_Match='"other"'), 412, None),
        ("supported-calendar-data: another type", put_ics(WORK + "n.ics", "<x/>", Content_Type="text/xml"), 403, C + "supported-calendar-data"),
        ("supported-calendar-data: another charset", put_ics(WORK + "n.ics", event("n"), Content_Type="text/calendar; charset=utf-16"), 403,
         C + "supported-calendar-data"),
        ("valid-calendar-data: no iCalendar", put_ics(WORK + "n.ics", "no calendar at all"), 403, C + "valid-calendar-data"),
        ("valid-calendar-data: cut short", put_ics(WORK + "n.ics", event("n")[:80]), 403, C + "valid-calendar-data"),
        ("valid-calendar-data: no DTSTART", put_ics(WORK + "n.ics", calendar(vevent("n", "SUMMARY:x"))), 403, C + "valid-calendar-data"),
        ("valid-calendar-object-resource: METHOD", put_ics(WORK + "n.ics", calendar(vevent("n"), head="METHOD:REQUEST\r\n")), 403,
         C + "valid-calendar-object-resource"),
        ("valid-calendar-object-resource: two UIDs", put_ics(WORK + "n.ics", calendar(vevent("n"), vevent("m"))), 403,
         C + "valid-calendar-object-resource"),
        ("valid-calendar-object-resource: two kinds", put_ics(WORK + "n.ics", calendar(
            vevent("n"), "BEGIN:VTODO\r\nUID:n\r\nDTSTAMP:20270101T000000Z\r\nEND:VTODO\r\n")), 403, C + "valid-calendar-object-resource"),
        ("valid-calendar-object-resource: no component", put_ics(WORK + "n.ics", calendar()), 403, C + "valid-calendar-object-resource"),
        ("valid-calendar-object-resource: no UID", put_ics(WORK + "n.ics", calendar(vevent("n").replace("UID:n\r\n", ""))), 403,
         C + "valid-calendar-object-resource"),
        ("supported-calendar-component", put_ics(TASKS + "n.ics", event("n")), 403, C + "supported-calendar-component"),
        ("no-uid-conflict", put_ics(WORK + "n.ics", event("one")), 403, C + "no-uid-conflict"),
        ("no-uid-conflict: another UID over an object", put_ics(WORK + "one.ics", event("another")), 403, C + "no-uid-conflict"),
        ("no-uid-conflict on COPY", ask("COPY", WORK + "one.ics", Destination=WORK + "n.ics"), 403, C + "no-uid-conflict"),
        ("same-organizer-in-all-components", put_ics(WORK + "n.ics", calendar(
            vevent("n", more="RRULE:FREQ=DAILY;COUNT=3\r\nORGANIZER:mailto:a@example.org\r\n"),
            vevent("n", more="RECURRENCE-ID:20270311T090000Z\r\nORGANIZER:mailto:b@example.org\r\n"))), 403,
         C + "same-organizer-in-all-components"),
        ("max-resource-size", put_ics(WORK + "n.ics", event("n", more="DESCRIPTION:" + "x" * 70000 + "\r\n")), 403, C + "max-resource-size"),
        ("max-instances", put_ics(WORK + "n.ics", event("n", more="RRULE:FREQ=SECONDLY;COUNT=100000\r\n")), 403, C + "max-instances"),
        ("max-instances: a series of bookings without end", put_ics(BOOKINGS + "n.ics", event("n", more="RRULE:FREQ=DAILY\r\n")), 403,
         C + "max-instances"),
        ("max-attendees-per-instance", put_ics(WORK + "n.ics", event("n", more=attendees)), 403, C + "max-attendees-per-instance"),
        ("supported-rscale", put_ics(WORK + "n.ics", event("n", more="RRULE:RSCALE=CHINESE;FREQ=YEARLY\r\n")), 403, C + "supported-rscale"),
        ("calendar-collection-location-ok: PUT right below a home", put_ics(HOME + "n.ics", event("n")), 403,
         C + "calendar-collection-location-ok"),
        ("calendar-collection-location-ok: PUT below a calendar", put_ics(WORK + "a/n.ics", event("n")), 409,
         C + "calendar-collection-location-ok"),
        ("a missing calendar", put_ics(HOME + "none/n.ics", event("n")), 409, None),
        ("calendar-collection-location-ok: MKCALENDAR in a calendar", mkcalendar(WORK + "in/"), 403, C + "calendar-collection-location-ok"),
        ("calendar-collection-location-ok: MKCALENDAR in a resource's home", ask("MKCALENDAR", "/dav/calendars/room-1/x/", user="root"), 403,
         C + "calendar-collection-location-ok"),
        ("resource-must-be-null: MKCALENDAR", mkcalendar(WORK), 403, D + "resource-must-be-null"),
        ("resource-must-be-null: MKCOL", mkcalendar(WORK, method="MKCOL"), 405, D + "resource-must-be-null"),
        ("valid-resourcetype", mkcalendar(HOME + "n/", "<D:resourcetype><D:collection/><x:y xmlns:x='urn:x'/></D:resourcetype>", method="MKCOL"),
         403, D + "valid-resourcetype"),
        ("sync: valid-sync-token", lambda site: sync(site, WORK, "urn:none"), 403, D + "valid-sync-token"),
        ("sync: another calendar's token", lambda site: sync(site, TASKS, token), 403, D + "valid-sync-token"),
        ("sync-traversal-supported", lambda site: sync(site, WORK, depth="infinity"), 403, D + "sync-traversal-supported"),
        ("propfind-finite-depth", ask("PROPFIND", WORK, Depth="infinity"), 403, D + "propfind-finite-depth"),
        ("supported-report", lambda site: report(site, WORK, f"<D:version-tree {ROOT}/>"), 403, D + "supported-report"),
        ("supported-report: here", lambda site: sync(site, "/dav/principals/"), 403, D + "supported-report"),
        ("valid-filter: no VCALENDAR", lambda site: report(
            site, WORK, f'<C:calendar-query {ROOT}><D:prop/><C:filter><C:comp-filter name="VEVENT"/></C:filter></C:calendar-query>'), 403,
         C + "valid-filter"),
        ("valid-filter: an empty range", filtered(span.format("20270310T000000Z", "20270310T000000Z")), 403, C + "valid-filter"),
        ("valid-filter: a range that is no time", filtered(span.format("yesterday", "20270310T000000Z")), 403, C + "valid-filter"),
        ("supported-collation", filtered(text_match.format("i;klingon")), 403, C + "supported-collation"),
        ("supported-calendar-data in a report", lambda site: report(
            site, WORK, f'<C:calendar-multiget {ROOT}><D:prop><C:calendar-data content-type="text/html"/></D:prop>'
            f"<D:href>{WORK}one.ics</D:href></C:calendar-multiget>"), 403, C + "supported-calendar-data"),
        ("valid-calendar-data: timezone of a query", lambda site: query(
            site, WORK, '<C:comp-filter name="VEVENT"/>', more="<C:timezone>no zone</C:timezone>"), 403, C + "valid-calendar-data"),
        ("valid-timezone of a query", lambda site: query(
            site, WORK, '<C:comp-filter name="VEVENT"/>', more="<C:timezone-id>Mars/Olympus</C:timezone-id>"), 403, C + "valid-timezone"),
        ("need-privileges", put_ics(BOB + "n.ics", event("n")), 403, D + "need-privileges"),
        ("quota-not-exceeded", put_ics(FILES + "large", "x" * 60000), 507, D + "quota-not-exceeded"),
        ("lock-token-submitted", put_ics(WORK + "locked.ics", event("locked", summary="n")), 423, D + "lock-token-submitted"),
        ("no-conflicting-lock", ask("LOCK", WORK + "locked.ics", LOCK, Depth="0", Content_Type="text/xml"), 423, D + "no-conflicting-lock"),
        ("lock-token-matches-request-uri", ask("UNLOCK", WORK + "locked.ics", Lock_Token="<urn:uuid:00010203-0405-4607-8809-0a0b0c0d0e0f>"), 409,
         D + "lock-token-matches-request-uri"),
        ("a state token that does not hold", put_ics(WORK + "one.ics", event("one"), If="(<urn:x>)"), 412, None),
        ("slot-unavailable", put_ics(BOOKINGS + "n.ics", event("n", "20270401T093000Z"), Prefer="handling=strict"), 403, SLOT + "slot-unavailable"),
        ("slot-unavailable on MOVE", ask("MOVE", WORK + "taken.ics", Destination=BOOKINGS + "n.ics", Prefer="handling=strict"), 403,
         SLOT + "slot-unavailable"),
        ("slot-unavailable on POST", ask("POST", BOOKINGS, event("n", "20270401T093000Z"), Prefer="handling=strict", Content_Type="text/calendar"),
         403, SLOT + "slot-unavailable"),
        ("bookings are not deleted", ask("DELETE", BOOKINGS), 403, None),
        ("no such report body", ask("REPORT", WORK, "<x/>", Content_Type="text/xml"), 403, D + "supported-report"),
        ("a body that is no XML", ask("PROPFIND", WORK, "<x", Depth="0"), 400, None),
    ]


def state(site):
    """All that a client could see of a change."""
    seen = {}
    for home, user in ((HOME, "alice"), ("/dav/calendars/bob/", "bob"), ("/dav/calendars/room-1/", "root")):
        for href in propfind(site, home, "D:sync-token", user, "1").responses:
            found = propfind(site, href, "D:sync-token D:getetag D:displayname", user, "1") if href.count("/") == 5 else None
            if found is not None and not isinstance(found, tuple):
                seen.update({inner: sorted((name, element.text) for name, (code, element) in values.items() if code == 200)
                             for inner, (_, values) in found.responses.items()})
    return seen


def properties(site):
    """Refusals that stand in a propstat, or in the answer to MKCALENDAR and MKCOL."""
    cases = [
        ("a protected property", patch(WORK, "<D:getetag>1</D:getetag>"), D + "getetag", 403, D + "cannot-modify-protected-property"),
        ("max-resource-size", patch(WORK, "<C:max-resource-size>1</C:max-resource-size>"), C + "max-resource-size", 403,
         D + "cannot-modify-protected-property"),
        ("the components of a calendar", patch(WORK, '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>'),
         C + "supported-calendar-component-set", 403, D + "cannot-modify-protected-property"),
        ("a calendar-timezone that is none", patch(WORK, "<C:calendar-timezone>x</C:calendar-timezone>"), C + "calendar-timezone", 403,
         C + "valid-calendar-data"),
        ("a calendar-timezone-id that is none", patch(WORK, "<C:calendar-timezone-id>Mars/Olympus</C:calendar-timezone-id>"),
         C + "calendar-timezone-id", 403, C + "valid-timezone"),
        ("another's calendar", patch(BOB, "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>"),
         C + "schedule-calendar-transp", 403, D + "need-privileges"),
        ("MKCALENDAR with such a zone", mkcalendar(HOME + "n/", "<C:calendar-timezone>x</C:calendar-timezone>", "<D:displayname>n</D:displayname>"),
         C + "calendar-timezone", 403, C + "valid-calendar-data"),
        ("MKCALENDAR with a component that is none", mkcalendar(
            HOME + "n/", '<C:supported-calendar-component-set><C:comp name="VFUN"/></C:supported-calendar-component-set>'),
         C + "supported-calendar-component-set", 403, C + "supported-calendar-component"),
        ("MKCOL with a protected property", mkcalendar(HOME + "n/", "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>",
                                                       "<D:getetag>1</D:getetag>", method="MKCOL"), D + "getetag", 403,
         D + "cannot-modify-protected-property"),
    ]
    for what, request, name, status, element in cases:
        before = state(site)
        answer = request(site)
        seen = "none"
        if answer.body:
            for propstat in etree.fromstring(answer.body).iter(D + "propstat"):
                if propstat.find(f"{D}prop/{name}") is not None:
                    error = propstat.find(D + "error")
                    seen = (int(propstat.findtext(D + "status").split()[1]), error[0].tag if error is not None and len(error) else None)
        tap.check(seen == (status, element), f"{what}: {element.rpartition('}')[2]} in its propstat", answer)
        tap.equal(state(site), before, f"{what}: nothing has changed")


with Site(users=["alice", "bob"], admins=["root"], resources=["room-1"],
          config="plain-collections = yes\nmax-resource-size = 64K\nmax-home-size = 100K\n") as the_site:
    the_etag = put(the_site, WORK + "one.ics", event("one")).headers["ETag"]
    put(the_site, WORK + "locked.ics", event("locked", "20270311T090000Z"))
    put(the_site, BOOKINGS + "b.ics", event("b", "20270401T090000Z"))
    put(the_site, WORK + "taken.ics", event("taken", "20270401T091500Z"))
    put(the_site, BOB + "b.ics", event("b"), "bob")
    mkcalendar(TASKS, '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>')(the_site)
    the_site.request("MKCOL", FILES, None, "alice")
    the_site.request("PUT", FILES + "some", "x" * 50000, "alice")
    the_site.slotkeeper("grant", "bob/work", "alice", "read")
    the_site.request("LOCK", WORK + "locked.ics", LOCK, "alice", {"Depth": "0", "Content-Type": "text/xml"})
    the_token = Multistatus(sync(the_site, WORK).body).token
    for what_, request_, status_, element_ in rows(the_etag, the_token):
        before_ = state(the_site)
        answer_ = request_(the_site)
        tap.check((answer_.status, condition(answer_)) == (status_, [element_] if element_ else []), f"{what_}: {status_}", answer_)
        if status_ == 412 and "If-" in what_:
            tap.check(answer_.headers["ETag"] == the_etag, f"{what_}: the answer has the present ETag", answer_.headers)
        tap.equal(state(the_site), before_, f"{what_}: nothing has changed")
    properties(the_site)
    done = the_site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)
tap.finish()
