#!/usr/bin/python3
"""What Thunderbird, DAVx5, Evolution, KDE, Outlook CalDAV Synchronizer and vdirsyncer send, each in its order."""
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, CS, D, I, ROOT, XML, Multistatus, condition, event, multiget, propfind, proppatch, put, query, report, sync  # noqa: E402,E501
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME, ME, WORK = "/dav/calendars/alice/", "/dav/principals/users/alice/", "/dav/calendars/alice/work/"


def thunderbird(site):
    found = propfind(site, "/dav/", "D:resourcetype D:owner D:displayname D:current-user-principal "
                     "D:current-user-privilege-set I:calendar-color C:calendar-home-set")
    principal = found.hrefs("/dav/", D + "current-user-principal")
    tap.equal(principal, [ME], "tb: the principal from the root")
    home = propfind(site, principal[0], "D:resourcetype C:calendar-home-set").hrefs(ME, C + "calendar-home-set")
    tap.equal(home, [HOME], "tb: the home from the principal")
    listed = propfind(site, HOME, "D:resourcetype D:displayname D:current-user-privilege-set I:calendar-color", depth="1")
    writable = [href for href in listed.responses if C + "calendar" in
                [e.tag for e in listed.element(href, D + "resourcetype")] and {D + "write", D + "all", D + "bind"} &
                {e.tag for e in listed.element(href, D + "current-user-privilege-set").iter()}]
    tap.equal(sorted(writable), [HOME + "bookings/", WORK], "tb: two calendars that it may write")
    start = propfind(site, WORK, "D:resourcetype D:owner D:current-user-principal D:current-user-privilege-set "
                     "D:supported-report-set C:supported-calendar-component-set CS:getctag")
    tap.equal(set(start.statuses(WORK).values()), {200}, "tb: every property at start")
    tap.equal(start.hrefs(WORK, D + "owner"), [ME], "tb: the owner")
    options = site.request("OPTIONS", HOME, user="alice")
    tap.check(options.status == 200 and "calendar-auto-schedule" in options.headers["DAV"],
              "tb: OPTIONS of the parent promises scheduling", options.headers)
    path = WORK + "tb-1.ics"
    tap.equal(put(site, path, event("tb-1"), If_None_Match="*").status, 201, "tb: new event")
    page = Multistatus(sync(site, WORK, names="D:getcontenttype D:getetag").body)
    tap.check(page.text(path, D + "getcontenttype").startswith("text/calendar"), "tb: items are text/calendar")
    etag = page.text(path, D + "getetag")
    tap.equal(put(site, path, event("tb-1", summary="two"), If_Match=etag).status, 204, "tb: a change by If-Match")
    tap.equal(put(site, path, event("tb-1", summary="three"), If_Match=etag).status, 412, "tb: a stale change is a conflict")
    etag = site.request("HEAD", path, user="alice").headers["ETag"]
    tap.equal(site.request("DELETE", path, user="alice", headers={"If-Match": etag}).status, 204, "tb: DELETE by If-Match")


def davx5(site):
    options = site.request("OPTIONS", ME, user="alice")
    tap.check("calendar-access" in options.headers["DAV"].split(", "), "davx5: the principal says calendar-access")
    listed = propfind(site, HOME, "D:current-user-privilege-set D:displayname D:owner D:resourcetype P:transports P:topic "
                      "I:calendar-color C:calendar-description C:calendar-timezone C:calendar-timezone-id "
                      "C:supported-calendar-component-set CS:source", depth="1")
    tap.equal([e.get("name") for e in listed.element(WORK, C + "supported-calendar-component-set")][0], "VEVENT",
              "davx5: a calendar for events")
    state = propfind(site, WORK, "D:sync-token CS:getctag D:supported-report-set C:max-resource-size")
    tap.check(int(state.text(WORK, C + "max-resource-size")) >= 102400, "davx5: the largest resource")
    names = [f"{WORK}dx-{i}.ics" for i in range(40)]
    for i, name in enumerate(names):
        put(site, name, event(f"dx-{i}", f"202704{1 + i % 28:02}T{8 + i % 9:02}0000Z"), If_None_Match="*")
    counts = []

    def fetch(part):
        counts.append(len(Multistatus(multiget(site, WORK, part).body).responses))

    threads = [threading.Thread(target=fetch, args=(names[i:i + 10],)) for i in range(0, 40, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(counts, [10] * 4, "davx5: four multigets of ten at once")


def evolution(site):
    found = propfind(site, "/dav/", "D:resourcetype D:current-user-principal D:principal-URL C:calendar-home-set "
                     "C:calendar-user-address-set")
    tap.equal(found.hrefs("/dav/", D + "current-user-principal"), [ME], "eds: the principal")
    token = Multistatus(sync(site, WORK).body).token
    tap.check(":" in token, "eds: a token with a colon is kept", token)
    answer = sync(site, WORK, token + "0000")
    tap.check(answer.status == 403 and b"valid-sync-token" in answer.body and answer.headers.get_content_type() ==
              "application/xml", "eds: a stale token is told in XML", answer.body)
    answer = put(site, HOME + "nowhere.ics", event("e"))
    tap.check(answer.status == 403 and answer.headers.get_content_type() == "application/xml" and condition(answer),
              "eds: a 403 has a DAV:error body", answer.body)
    answer = report(site, HOME, f'<C:free-busy-query {ROOT}><C:time-range start="20270401T000000Z" end="20270402T000000Z"/>'
                    "</C:free-busy-query>", user="bob", depth="infinity")
    tap.equal((answer.status, answer.headers.get_content_type()), (200, "text/calendar"), "eds: free/busy of another's home")


def kde(site):
    listed = propfind(site, HOME, "D:displayname D:resourcetype I:calendar-color C:supported-calendar-component-set "
                      "D:current-user-privilege-set CS:getctag P:transports", depth="1")
    tap.check(listed.text(WORK, CS + "getctag"), "kde: the ctag")
    counts = []
    for component in ("VEVENT", "VTODO", "VJOURNAL"):
        answer = query(site, WORK, f'<C:comp-filter name="{component}"/>', names="D:getetag D:resourcetype")
        counts.append(len(Multistatus(answer.body).responses))
    tap.equal(counts, [40, 0, 0], "kde: three queries")


def outlook(site):
    found = query(site, WORK, '<C:comp-filter name="VEVENT"><C:time-range start="20270401T000000Z" end="20270501T000000Z"/>'
                  "</C:comp-filter>")
    tap.equal(len(Multistatus(found.body).responses), 40, "ocs: a query by time range")
    path = WORK + "ocs.ics"
    text = event("ocs", "20270420T200000Z", more="X-MICROSOFT-CDO-BUSYSTATUS:OOF\r\n")
    first = put(site, path, text, If_None_Match="*")
    again = put(site, path, text, If_None_Match="*")
    tap.equal((again.status, again.headers.get("ETag")), (412, first.headers["ETag"]),
              "ocs: its own repeated PUT is told the ETag of what is there")
    tap.check("X-MICROSOFT-CDO-BUSYSTATUS:OOF" in site.request("GET", path, user="alice").text, "ocs: its words are kept")
    tap.equal(Multistatus(sync(site, WORK, depth="0").body).responses[path][0], None, "ocs: sync with Depth 0")
    booking = HOME + "bookings/ocs-booking.ics"
    put(site, HOME + "bookings/taken.ics", event("taken", "20270421T090000Z"))
    answer = put(site, booking, event("ocs-booking", "20270421T093000Z"), Prefer="handling=strict")
    tap.equal(answer.status, 403, "ocs: a refused booking")
    answer = put(site, HOME + "bookings/other.ics", event("recreated", "20270421T093000Z"), Prefer="handling=strict")
    tap.equal(answer.status, 403, "ocs: recreated under another UID it is refused too")


def vdirsyncer(site):
    body = (f"{XML}<D:mkcol {ROOT}><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop>"
            "</D:set></D:mkcol>")
    path = HOME + "vdir/"
    tap.equal(site.request("MKCOL", path, body, "alice").status, 201, "vdir: MKCOL")
    for name, value in (("D:displayname", "From vdir"), ("I:calendar-color", "#0000FF"), ("I:calendar-order", "1")):
        answer = proppatch(site, path, f"<D:set><D:prop><{name}>{value}</{name}></D:prop></D:set>")
        tap.equal(answer.status, 207, f"vdir: metadata {name}")
    found = propfind(site, path, "I:calendar-color D:displayname")
    tap.equal((found.text(path, I + "calendar-color"), found.text(path, D + "displayname")), ("#0000FF", "From vdir"),
              "vdir: and back")
    tap.equal(site.request("DELETE", path, user="alice").status, 204, "vdir: DELETE of the calendar")
    tap.equal(site.request("MKCOL", path, body, "alice").status, 201, "vdir: made again at the same address")
    tap.equal(propfind(site, path, "I:calendar-color").statuses(path), {I + "calendar-color": 404},
              "with nothing left of the old one")


with Site(users=["alice", "bob"]) as the_site:
    thunderbird(the_site)
    davx5(the_site)
    evolution(the_site)
    kde(the_site)
    outlook(the_site)
    vdirsyncer(the_site)
tap.finish()
