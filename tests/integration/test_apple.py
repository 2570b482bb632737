#!/usr/bin/python3
"""What Apple Calendar and iOS ask, in their order: account setup, the home, settings, polling, writing."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, CS, D, I, ROOT, XML, Multistatus, condition, event, multiget, propfind, proppatch, put, report, sync  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
SETUP = "D:current-user-principal D:principal-URL D:resourcetype"
HOME = "/dav/calendars/alice/"
ME = "/dav/principals/users/alice/"
HOME_PROPERTIES = """D:add-member CS:allowed-sharing-modes I:autoprovisioned M:bulk-requests C:calendar-alarm
    I:calendar-color C:calendar-description C:calendar-free-busy-set I:calendar-order C:calendar-timezone
    D:current-user-privilege-set C:default-alarm-vevent-date C:default-alarm-vevent-datetime D:displayname CS:getctag
    CS:invite I:language-code I:location-code D:owner CS:pre-publish-url CS:publish-url CS:push-transports CS:pushkey
    D:quota-available-bytes D:quota-used-bytes I:refreshrate D:resource-id D:resourcetype C:schedule-calendar-transp
    C:schedule-default-calendar-URL CS:source CS:subscribed-strip-alarms CS:subscribed-strip-attachments
    CS:subscribed-strip-todos C:supported-calendar-component-set C:supported-calendar-component-sets
    D:supported-report-set D:sync-token C:managed-attachments-server-URL"""


def discovery(site):
    for path in ("/.well-known/caldav", "/.well-known/caldav/"):
        for method in ("PROPFIND", "GET", "HEAD", "OPTIONS"):
            answer = site.request(method, path, headers={"Depth": "0"})
            tap.equal((answer.status, answer.headers.get("Location")), (301, "/dav/"), f"{method} {path} without sign-in")
    for path in ("/dav/", "/", "/principals/", "/calendar/dav/alice/user/", HOME, ME, HOME + "work/"):
        for method in ("PROPFIND", "OPTIONS", "REPORT"):
            answer = site.request(method, path, headers={"Depth": "0"})
            if method == "REPORT" and answer.status == 405:
                continue
            tap.equal((answer.status, answer.headers.get("WWW-Authenticate", "")[:5]), (401, "Basic"),
                      f"{method} {path} without sign-in is challenged")
        found = propfind(site, path, SETUP)
        tap.equal(list(found.responses), [path], f"PROPFIND {path} answers for itself")
        tap.equal(found.hrefs(path, D + "current-user-principal"), [ME], f"PROPFIND {path} tells the principal")
    tap.equal(site.request("PROPFIND", "/dav/", None, "alice", {"Depth": "0"}, password="wrong").status, 401,
              "a wrong password is challenged")


def principal(site):
    answer = site.request("OPTIONS", ME, user="alice")
    tap.equal((answer.status, answer.headers.get("DAV")),
              (200, "1, 2, 3, access-control, calendar-access, calendar-auto-schedule, calendar-availability, calendar-proxy, calendar-no-timezone, "
                    "calendarserver-principal-search, extended-mkcol"), "OPTIONS of the principal")
    tap.check("PROPFIND" in answer.headers.get("Allow", ""), "OPTIONS lists methods", answer.headers)
    found = propfind(site, ME, "C:calendar-home-set C:calendar-user-address-set D:current-user-principal D:displayname "
                     "CS:dropbox-home-URL CS:email-address-set CS:notification-URL D:principal-collection-set "
                     "D:principal-URL D:resource-id C:schedule-inbox-URL C:schedule-outbox-URL D:supported-report-set")
    tap.equal(found.hrefs(ME, C + "calendar-home-set"), [HOME], "the home set")
    addresses = found.hrefs(ME, C + "calendar-user-address-set")
    tap.check(addresses[0] == "mailto:alice@example.org" and ME in addresses and addresses[-1].startswith("urn:uuid:"),
              "the addresses: mail first, path, UUID", addresses)
    tap.equal(found.hrefs(ME, D + "principal-URL"), [ME], "the principal's own URL")
    tap.equal([e.text for e in found.element(ME, CS + "email-address-set")], ["alice@example.org"], "the mail address")
    tap.equal({name: status for name, status in found.statuses(ME).items() if status != 200},
              {CS + "dropbox-home-URL": 404, CS + "notification-URL": 404}, "what is not there is 404, nothing else is")


def delegation(site):
    """For whom alice acts: nobody, said without a failure."""
    inner = '<D:property name="displayname"/><D:property name="email-address-set" namespace="http://calendarserver.org/ns/"/>'
    proxies = "".join(f'<D:property name="calendar-proxy-{kind}-for" namespace="http://calendarserver.org/ns/">{inner}'
                      "</D:property>" for kind in ("read", "write"))
    found = Multistatus(report(site, ME, f"<D:expand-property {ROOT}>{proxies}</D:expand-property>", depth="0").body)
    tap.equal({name: (status, len(element)) for name, (status, element) in found.responses[ME][1].items()},
              {CS + "calendar-proxy-read-for": (200, 0), CS + "calendar-proxy-write-for": (200, 0)},
              "expand-property: empty sets of delegates")
    body = ('<D:expand-property xmlns:D="DAV:"><D:property name="calendar-home-set" namespace="urn:ietf:params:xml:ns:caldav">'
            '<D:property name="owner"><D:property name="displayname"/></D:property><D:property name="nonsense"/></D:property>'
            '<D:property name="displayname"/></D:expand-property>')
    answer = report(site, ME, body, depth="0")
    inside = [h.text for h in Multistatus(answer.body).element(ME, C + "calendar-home-set").iter(D + "href")]
    tap.equal(inside, [HOME, ME], "expand-property follows the home and its owner")
    deep = '<D:property name="owner">' * 20 + "</D:property>" * 20
    answer = report(site, HOME, f"<D:expand-property {ROOT}>{deep}</D:expand-property>", depth="0")
    tap.check(answer.status in (207, 403), "a deep expansion is bounded", answer.body)
    answer = report(site, "/dav/principals/", f"<D:principal-search-property-set {ROOT}/>", depth="0")
    tap.check(answer.status == 200 and b"principal-search-property-set" in answer.body, "what can be searched for",
              answer.body)


def home(site):
    names = len(HOME_PROPERTIES.split())
    found = propfind(site, HOME, HOME_PROPERTIES, depth="1")
    tap.equal(sorted(found.responses), [HOME, HOME + "bookings/", HOME + "inbox/", HOME + "outbox/", HOME + "work/"], "the home and its collections")
    tap.check(all(len(properties) == names for _, properties in found.responses.values()),
              "every property is answered once, found or not", [len(p) for _, p in found.responses.values()])
    types = [e.tag for e in found.element(HOME, D + "resourcetype")]
    tap.equal(types, [D + "collection"], "the home is a plain collection")
    for calendar in (HOME + "work/", HOME + "bookings/"):
        tap.equal([e.tag for e in found.element(calendar, D + "resourcetype")], [D + "collection", C + "calendar"],
                  f"{calendar} is a calendar")
        tap.check(":" in found.text(calendar, D + "sync-token") and found.text(calendar, CS + "getctag"),
                  f"{calendar} has a token that is a URI, and a ctag", found.text(calendar, D + "sync-token"))
        privileges = {e.tag for e in found.element(calendar, D + "current-user-privilege-set").iter()}
        tap.check({D + "write", D + "read", D + "bind"} <= privileges, f"{calendar} may be written", privileges)
        reports = {e.tag for e in found.element(calendar, D + "supported-report-set").iter()}
        tap.check({D + "sync-collection", C + "calendar-query", C + "calendar-multiget", C + "free-busy-query"} <= reports,
                  f"{calendar} tells its reports", reports)
    for headers in ({"Prefer": "return=minimal"}, {"Brief": "t"}, {"Prefer": "return-minimal"}):
        brief = propfind(site, HOME, HOME_PROPERTIES, depth="1", **headers)
        seen = {status for _, properties in brief.responses.values() for status, _ in properties.values()}
        tap.equal(seen, {200}, f"{headers}: only what is there")


def settings(site):
    alarm = "BEGIN:VALARM&#13;\nACTION:AUDIO&#13;\nTRIGGER:-PT15M&#13;\nEND:VALARM&#13;\n"
    answer = proppatch(site, HOME, f"<D:set><D:prop><C:default-alarm-vevent-datetime>{alarm}"
                       "</C:default-alarm-vevent-datetime></D:prop></D:set>")
    tap.equal((answer.status, Multistatus(answer.body).statuses(HOME)), (207, {C + "default-alarm-vevent-datetime": 200}),
              "PROPPATCH of the home's default alarm")
    kept = propfind(site, HOME, "C:default-alarm-vevent-datetime").text(HOME, C + "default-alarm-vevent-datetime")
    tap.equal(kept, "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n", "it comes back with its carriage returns")
    zone = ("BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:-//Apple//EN&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:Europe/Paris&#13;\n"
            "BEGIN:STANDARD&#13;\nDTSTART:19701025T030000&#13;\nTZOFFSETFROM:+0200&#13;\nTZOFFSETTO:+0100&#13;\n"
            "END:STANDARD&#13;\nEND:VTIMEZONE&#13;\nEND:VCALENDAR&#13;\n")
    for calendar in (HOME + "work/", HOME + "bookings/"):
        for inside, name in (("<I:calendar-order>3</I:calendar-order>", I + "calendar-order"),
                             ("<D:displayname>Büro &amp; Co</D:displayname>", D + "displayname"),
                             ('<I:calendar-color symbolic-color="custom">#FF00AA80</I:calendar-color>', I + "calendar-color"),
                             (f"<C:calendar-timezone>{zone}</C:calendar-timezone>", C + "calendar-timezone")):
            answer = proppatch(site, calendar, f"<D:set><D:prop>{inside}</D:prop></D:set>")
            tap.equal((answer.status, Multistatus(answer.body).statuses(calendar)), (207, {name: 200}),
                      f"PROPPATCH of {name} on {calendar}")
    found = propfind(site, HOME + "work/", "I:calendar-color I:calendar-order D:displayname C:calendar-timezone "
                     "C:calendar-timezone-id")
    color = found.element(HOME + "work/", I + "calendar-color")
    tap.equal((color.text, color.get("symbolic-color")), ("#FF00AA80", "custom"), "the colour with its attribute")
    tap.equal(found.text(HOME + "work/", D + "displayname"), "Büro & Co", "the name")
    tap.equal(found.text(HOME + "work/", C + "calendar-timezone-id"), "Europe/Paris", "the zone that it means")
    tap.check("\r\n" in found.text(HOME + "work/", C + "calendar-timezone"), "the zone's text as it was sent")
    answer = proppatch(site, HOME + "work/", "<D:set><D:prop><D:getetag>x</D:getetag><I:calendar-order>9</I:calendar-order>"
                       "</D:prop></D:set>")
    tap.equal(Multistatus(answer.body).statuses(HOME + "work/"), {D + "getetag": 403, I + "calendar-order": 424},
              "a protected property refuses all of them")
    tap.check(b"cannot-modify-protected-property" in answer.body, "and says why", answer.body)
    tap.equal(propfind(site, HOME + "work/", "I:calendar-order").text(HOME + "work/", I + "calendar-order"), "3",
              "nothing was changed")
    proppatch(site, HOME + "work/", "<D:remove><D:prop><I:calendar-order/><I:never-was/></D:prop></D:remove>")
    tap.equal(propfind(site, HOME + "work/", "I:calendar-order").statuses(HOME + "work/"), {I + "calendar-order": 404},
              "a removed property is gone")


def make_calendar(site):
    path = HOME + "6F2C1D1E-0A3B-4B9E-8B57-1D1C2B7E9A10/"
    body = (f"{XML}<C:mkcalendar {ROOT}><D:set><D:prop><I:calendar-order>2</I:calendar-order>"
            '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>'
            '<I:calendar-color symbolic-color="blue">#1BADF8FF</I:calendar-color><D:displayname>Chores</D:displayname>'
            "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp></D:prop></D:set></C:mkcalendar>")
    answer = site.request("MKCALENDAR", path, body, "alice", {"Content-Type": "text/xml"})
    tap.equal((answer.status, answer.body), (201, b""), "MKCALENDAR as Apple sends it")
    found = propfind(site, path, "I:calendar-order I:calendar-color D:displayname C:supported-calendar-component-set "
                     "C:schedule-calendar-transp")
    tap.equal(set(found.statuses(path).values()), {200}, "all its properties were set")
    tap.equal([e.get("name") for e in found.element(path, C + "supported-calendar-component-set")], ["VTODO"],
              "it takes to-dos only")
    answer = put(site, path + "event.ics", event("in-chores"))
    tap.equal((answer.status, condition(answer)), (403, [C + "supported-calendar-component"]), "an event is refused there")
    answer = site.request("MKCALENDAR", path, body, "alice")
    tap.equal((answer.status, condition(answer)), (403, [D + "resource-must-be-null"]), "a second time it exists")
    answer = site.request("MKCALENDAR", path + "inside/", None, "alice")
    tap.equal((answer.status, condition(answer)), (403, [C + "calendar-collection-location-ok"]),
              "no calendar inside a calendar")
    answer = site.request("MKCALENDAR", HOME + "bad/", f"{XML}<C:mkcalendar {ROOT}><D:set><D:prop><C:calendar-timezone>no"
                          "</C:calendar-timezone><D:displayname>x</D:displayname></D:prop></D:set></C:mkcalendar>", "alice")
    tap.check(answer.status == 403 and b"valid-calendar-data" in answer.body, "a broken zone is refused", answer.body)
    tap.equal(propfind(site, HOME + "bad/", "D:displayname").status, 404, "and nothing was made")
    tap.equal(site.request("DELETE", path, user="alice").status, 204, "DELETE of the calendar")
    tap.equal(site.request("DELETE", HOME + "work/", user="alice").status, 403, "work cannot be deleted")
    tap.equal(site.request("DELETE", HOME + "bookings/", user="alice").status, 403, "nor can bookings")
    tap.equal(site.request("MKCALENDAR", path, body, "alice").status, 201, "a deleted calendar's address is free again")


def polling(site):
    work = HOME + "work/"
    before = propfind(site, work, "CS:getctag D:sync-token")
    texts = {}
    for i in range(5):
        name = f"{work}4F3C-{i}.ics"
        texts[name] = event(f"4F3C-{i}", f"202703{10 + i}T090000Z", more="X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC\r\n")
        answer = put(site, name, texts[name], If_None_Match="*")
        tap.equal(answer.status, 201, f"PUT of a new event {i}")
    after = propfind(site, work, "CS:getctag D:sync-token")
    tap.check(after.text(work, CS + "getctag") != before.text(work, CS + "getctag"), "the ctag moved")
    listed = propfind(site, work, "D:getcontenttype D:getetag", depth="1")
    tap.check(all(listed.text(name, D + "getcontenttype").startswith("text/calendar") for name in texts),
              "PROPFIND lists them as text/calendar")
    answer = sync(site, work, before.text(work, D + "sync-token"), extra="", names="D:getetag D:getcontenttype")
    changed = Multistatus(answer.body)
    tap.equal(sorted(changed.responses), sorted(texts), "sync without a level tells the five")
    tap.equal(changed.token, after.text(work, D + "sync-token"), "with the token that PROPFIND tells")
    fetched = Multistatus(multiget(site, work, list(texts) + [work + "gone.ics"], names="D:getetag C:calendar-data "
                                   "C:schedule-tag").body)
    tap.check(all(fetched.text(name, C + "calendar-data") == text for name, text in texts.items()),
              "multiget gives every byte back")
    tap.equal(fetched.responses[work + "gone.ics"][0], 404, "a missing one is a 404 response")
    tap.equal(site.request("DELETE", work + "4F3C-0.ics", user="alice").status, 204, "DELETE without a precondition")
    tap.equal(site.request("DELETE", work + "4F3C-0.ics", user="alice").status, 404, "and again")


with Site(users=["alice", "bob"]) as the_site:
    discovery(the_site)
    principal(the_site)
    delegation(the_site)
    home(the_site)
    settings(the_site)
    make_calendar(the_site)
    polling(the_site)
tap.finish()
