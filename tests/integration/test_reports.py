#!/usr/bin/python3
"""sync-collection, calendar-query, calendar-multiget and free-busy-query, with the faults that apps rely on."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, ROOT, Multistatus, condition, event, free_busy, multiget, periods, propfind, proppatch, put, query, report, sync  # noqa: E402,E501
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK = HOME + "work/"


def names(answer):
    return sorted(href.rsplit("/", 1)[1] for href in Multistatus(answer.body).responses)


def sync_under_writing(site, calendar):
    """A first sync in pages of one ends also when everything changes again and again meanwhile."""
    limit = "<D:sync-level>1</D:sync-level><D:limit><D:nresults>1</D:nresults></D:limit>"
    seen, token, statuses = set(), "", []
    for n in range(20):
        answer = sync(site, calendar, token, extra=limit)
        statuses.append(answer.status)
        if answer.status != 207:
            break
        page = Multistatus(answer.body)
        token = page.token
        truncated = page.responses.pop(calendar, (None,))[0] == 507
        seen |= set(page.responses)
        if not truncated:
            break
        for i in range(2, 7) if n < 4 else ():
            put(site, f"{calendar}s{i}.ics", event(f"s{i}", summary=f"during page {n}"))
    tap.check(set(statuses) == {207} and len(statuses) < 20, "a first sync in pages ends under writing", statuses)
    tap.equal(seen, set(propfind(site, calendar, "D:getetag", depth="1").responses) - {calendar}, "and has told everything")


def syncing(site):
    calendar = HOME + "sync/"
    site.request("MKCALENDAR", calendar, None, "alice")
    empty = Multistatus(sync(site, calendar).body)
    tap.equal(empty.responses, {}, "a new calendar has nothing to sync")
    for i in range(7):
        put(site, f"{calendar}s{i}.ics", event(f"s{i}"))
    first = Multistatus(sync(site, calendar, empty.token).body)
    tap.equal(len(first.responses), 7, "seven new objects")
    for depth in ("0", "1", None):
        again = Multistatus(sync(site, calendar, first.token, depth=depth, extra="").body)
        tap.equal((again.responses, again.token), ({}, first.token), f"nothing since, Depth {depth} without a level")
    site.request("DELETE", calendar + "s0.ics", user="alice")
    put(site, calendar + "s1.ics", event("s1", summary="changed"))
    put(site, calendar + "s9.ics", event("s9"))
    site.request("DELETE", calendar + "s9.ics", user="alice")
    delta = Multistatus(sync(site, calendar, first.token).body)
    tap.equal({href.rsplit("/", 1)[1]: status for href, (status, _) in delta.responses.items()},
              {"s0.ics": 404, "s1.ics": None, "s9.ics": 404}, "changed, deleted, and made and deleted meanwhile")
    tap.equal(delta.text(calendar + "s1.ics", D + "getetag"),
              propfind(site, calendar + "s1.ics", "D:getetag").text(calendar + "s1.ics", D + "getetag"), "with its ETag")
    data = Multistatus(sync(site, calendar, first.token, names="D:getetag C:calendar-data").body)
    tap.check("SUMMARY:changed" in data.text(calendar + "s1.ics", C + "calendar-data"), "calendar-data in a sync")
    everything = Multistatus(sync(site, calendar).body)
    tap.equal(sorted(h.rsplit("/", 1)[1] for h in everything.responses), [f"s{i}.ics" for i in range(1, 7)],
              "a first sync tells no deleted ones")
    limit = "<D:sync-level>1</D:sync-level><D:limit><D:nresults>2</D:nresults></D:limit>"
    seen, token, rounds = set(), "", 0
    while rounds < 10:
        page = Multistatus(sync(site, calendar, token, extra=limit).body)
        rounds += 1
        token = page.token
        truncated = page.responses.pop(calendar, (None,))[0] == 507
        tap.check(len(page.responses) <= 2, f"page {rounds} is no longer than its limit", list(page.responses))
        seen |= set(page.responses)
        if rounds == 1: # what a first page told is deleted before the second
            site.request("DELETE", sorted(page.responses)[0], user="alice")
        if not truncated:
            break
    tap.equal((len(seen), rounds), (6, 4), "paged: all six, and the deletion, in four rounds")
    tap.equal(Multistatus(sync(site, calendar, token).body).responses, {}, "the last token is the present one")
    sync_under_writing(site, calendar)
    other = Multistatus(sync(site, WORK).body).token
    for bad in ("urn:x:1", "garbage", first.token[:-1] + "99999999", other, "urn:slotkeeper:sync:0-0-0"):
        answer = sync(site, calendar, bad)
        tap.equal((answer.status, condition(answer)), (403, [D + "valid-sync-token"]), f"token {bad[-24:]} is refused")
    answer = sync(site, calendar, depth="infinity")
    tap.equal((answer.status, condition(answer)), (403, [D + "sync-traversal-supported"]), "Depth: infinity is refused")


def vevent(inside):
    return f'<C:comp-filter name="VEVENT">{inside}</C:comp-filter>'


def time_range(start="", end=""):
    return "<C:time-range" + (f' start="{start}"' if start else "") + (f' end="{end}"' if end else "") + "/>"


def querying(site):
    calendar = HOME + "query/"
    site.request("MKCALENDAR", calendar, None, "alice")
    proppatch(site, calendar, "<D:set><D:prop><C:calendar-timezone-id>America/New_York</C:calendar-timezone-id></D:prop>"
              "</D:set>")
    put(site, calendar + "single.ics", event("single", "20270310T090000Z", more="LOCATION:Room Ü\r\nCATEGORIES:a\r\n"))
    put(site, calendar + "weekly.ics", event("weekly", ";TZID=Europe/Berlin:20270301T120000",
                                             more="RRULE:FREQ=WEEKLY;COUNT=10\r\n"))
    put(site, calendar + "endless.ics", event("endless", "20270105T060000Z", more="RRULE:FREQ=MONTHLY\r\n"))
    put(site, calendar + "allday.ics", event("allday", ";VALUE=DATE:20270320", "P1D", more="TRANSP:TRANSPARENT\r\n"))
    put(site, calendar + "alarm.ics", event("alarm", "20270401T120000Z", more="BEGIN:VALARM\r\nACTION:DISPLAY\r\n"
                                            "DESCRIPTION:x\r\nTRIGGER:-P1D\r\nEND:VALARM\r\n"))
    put(site, calendar + "todo.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:todo\r\nDTSTAMP:2027"
        "0101T000000Z\r\nDUE:20270310T100000Z\r\nSUMMARY:todo\r\nEND:VTODO\r\nEND:VCALENDAR\r\n")
    everything = ["alarm.ics", "allday.ics", "endless.ics", "single.ics", "todo.ics", "weekly.ics"]
    table = [
        ("no filter inside VCALENDAR", "", everything),
        ("all events", vevent(""), [n for n in everything if n != "todo.ics"]),
        ("all to-dos", '<C:comp-filter name="VTODO"/>', ["todo.ics"]),
        ("no events", '<C:comp-filter name="VEVENT"><C:is-not-defined/></C:comp-filter>', ["todo.ics"]),
        ("a day with a single event", vevent(time_range("20270310T000000Z", "20270311T000000Z")), ["single.ics"]),
        ("an end that touches", vevent(time_range("20270310T100000Z", "20270310T110000Z")), []),
        ("a start that touches", vevent(time_range("20270310T080000Z", "20270310T090000Z")), []),
        ("an instance of a series, in winter", vevent(time_range("20270315T110000Z", "20270315T120000Z")), ["weekly.ics"]),
        ("and in summer time", vevent(time_range("20270405T100000Z", "20270405T110000Z")), ["weekly.ics"]),
        ("after the series", vevent(time_range("20270510T000000Z", "20270511T000000Z")), []),
        ("a year far away", vevent(time_range("20460105T000000Z", "20460106T000000Z")), ["endless.ics"]),
        ("no end", vevent(time_range("20270402T000000Z")), ["endless.ics", "weekly.ics"]),
        ("no start", vevent(time_range("", "20270201T000000Z")), ["endless.ics"]),
        ("a date in the calendar's zone, before", vevent(time_range("20270320T000000Z", "20270320T040000Z")), []),
        ("and after midnight there", vevent(time_range("20270321T020000Z", "20270321T030000Z")), ["allday.ics"]),
        ("a to-do by its due time", '<C:comp-filter name="VTODO">' + time_range("20270310T090000Z", "20270310T110000Z") +
         "</C:comp-filter>", ["todo.ics"]),
        ("text, by ASCII case", vevent('<C:prop-filter name="SUMMARY"><C:text-match>SINGLE</C:text-match></C:prop-filter>'),
         ["single.ics"]),
        ("text, exactly", vevent('<C:prop-filter name="SUMMARY"><C:text-match collation="i;octet">SINGLE</C:text-match>'
                                 "</C:prop-filter>"), []),
        ("text in Unicode", vevent('<C:prop-filter name="LOCATION"><C:text-match collation="i;unicode-casemap">room ü'
                                   "</C:text-match></C:prop-filter>"), ["single.ics"]),
        ("a property that is there", vevent('<C:prop-filter name="RRULE"/>'), ["endless.ics", "weekly.ics"]),
        ("one that is not", vevent('<C:prop-filter name="RRULE"><C:is-not-defined/></C:prop-filter>'),
         ["alarm.ics", "allday.ics", "single.ics"]),
        ("a UID", vevent('<C:prop-filter name="UID"><C:text-match collation="i;octet">weekly</C:text-match>'
                         "</C:prop-filter>"), ["weekly.ics"]),
        ("range and text", vevent(time_range("20270301T000000Z", "20270401T000000Z") + '<C:prop-filter name="SUMMARY">'
                                  "<C:text-match>e</C:text-match></C:prop-filter>"),
         ["endless.ics", "single.ics", "weekly.ics"]),
        ("an alarm the day before", vevent('<C:comp-filter name="VALARM">' + time_range("20270331T113000Z",
                                           "20270331T123000Z") + "</C:comp-filter>"), ["alarm.ics"]),
        ("events without alarms", vevent('<C:comp-filter name="VALARM"><C:is-not-defined/></C:comp-filter>'),
         ["allday.ics", "endless.ics", "single.ics", "weekly.ics"]),
        ("a parameter", vevent('<C:prop-filter name="DTSTART"><C:param-filter name="TZID"><C:text-match>berlin'
                               "</C:text-match></C:param-filter></C:prop-filter>"), ["weekly.ics"]),
    ]
    for what, inside, wished in table:
        answer = query(site, calendar, inside)
        if tap.equal(answer.status, 207, f"query: {what}: 207"):
            tap.equal(names(answer), wished, f"query: {what}")
    berlin = "<C:timezone-id>Asia/Tokyo</C:timezone-id>"
    for what, start, end, wished in (("before it begins in Tokyo", "20270319T130000Z", "20270319T145959Z", []),
                                     ("as it begins in Tokyo", "20270319T150000Z", "20270319T160000Z", ["allday.ics"]),
                                     ("after it ended in Tokyo", "20270320T150000Z", "20270320T160000Z", [])):
        answer = query(site, calendar, vevent(time_range(start, end)), more=berlin)
        tap.equal(names(answer), wished, f"a date, read in another zone: {what}")
    for what, inside, element in (("an unknown collation", vevent('<C:prop-filter name="SUMMARY"><C:text-match '
                                   'collation="i;klingon">x</C:text-match></C:prop-filter>'), C + "supported-collation"),
                                  ("a range that ends before it starts",
                                   vevent(time_range("20270311T000000Z", "20270310T000000Z")), C + "valid-filter"),
                                  ("a range in local time", vevent(time_range("20270310T000000", "20270311T000000Z")),
                                   C + "valid-filter")):
        answer = query(site, calendar, inside)
        tap.check(answer.status in (400, 403) and (condition(answer) == [element]), f"{what} is refused", answer.body)
    parts(site, calendar)


def parts(site, calendar):
    """calendar-data in part and expanded (RFC 4791, 9.6)."""
    inside = vevent(time_range("20270314T000000Z", "20270330T000000Z"))
    expand = '<C:calendar-data><C:expand start="20270314T000000Z" end="20270330T000000Z"/></C:calendar-data>'
    found = Multistatus(query(site, calendar, inside, data=expand).body)
    text = found.text(calendar + "weekly.ics", C + "calendar-data")
    tap.equal([line for line in text.split("\r\n") if line.startswith(("DTSTART", "RECURRENCE-ID", "RRULE", "BEGIN:VT"))],
              ["DTSTART:20270315T110000Z", "RECURRENCE-ID:20270315T110000Z", "DTSTART:20270322T110000Z",
               "RECURRENCE-ID:20270322T110000Z", "DTSTART:20270329T100000Z", "RECURRENCE-ID:20270329T100000Z"],
              "expanded: three instances in UTC across the change to summer time")
    some = ('<C:calendar-data><C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT"><C:prop name="UID"/>'
            '<C:prop name="SUMMARY"/></C:comp></C:comp></C:calendar-data>')
    found = Multistatus(query(site, calendar, vevent(time_range("20270310T000000Z", "20270311T000000Z")), data=some).body)
    tap.equal(found.text(calendar + "single.ics", C + "calendar-data"),
              "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:single\r\nSUMMARY:single\r\nEND:VEVENT\r\n"
              "END:VCALENDAR\r\n", "only the named components and properties")
    answer = query(site, calendar, "", data='<C:calendar-data content-type="application/calendar+json"/>')
    tap.equal((answer.status, condition(answer)), (403, [C + "supported-calendar-data"]), "another format is refused")


def fetching(site):
    put(site, WORK + "m%20one.ics", event("m-one"))
    here = [WORK + "m%20one.ics", site.url + WORK + "m%20one.ics", "/dav/calendars/%61lice/work/m%20one.ics"]
    found = Multistatus(multiget(site, WORK, here).body)
    tap.equal(list(found.responses), [WORK + "m%20one.ics"], "every spelling of an href is the same object")
    strange = ["/dav/calendars/bob/work/x.ics", "/elsewhere", "%zz", "", WORK, WORK + "none.ics", HOME + "query/single.ics"]
    found = Multistatus(multiget(site, WORK, strange).body)
    tap.equal({status for status, _ in found.responses.values()}, {404}, "what is not in the calendar is 404")
    tap.equal(len(found.responses), len(strange), "each href is answered")
    found = Multistatus(multiget(site, HOME, [WORK + "m%20one.ics", HOME + "query/single.ics"]).body)
    tap.equal([status for status, _ in found.responses.values()], [None, None], "multiget on the home")
    answer = report(site, WORK, f"<D:version-tree {ROOT}/>")
    tap.equal((answer.status, condition(answer)), (403, [D + "supported-report"]), "an unknown report")
    for body, what in (("<x", "broken XML"), ('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "a document type")):
        tap.equal(site.request("REPORT", WORK, body, "alice", {"Depth": "1"}).status, 400, f"{what} is refused")


def busy(site):
    day = ("20270601T000000Z", "20270602T000000Z")
    private, shared = HOME + "work/", HOME + "bookings/"
    put(site, private + "b1.ics", event("b1", "20270601T080000Z", summary="Dentist"))
    put(site, private + "b2.ics", event("b2", "20270601T083000Z", more="STATUS:TENTATIVE\r\n"))
    put(site, private + "b3.ics", event("b3", "20270601T120000Z", more="TRANSP:TRANSPARENT\r\n"))
    put(site, private + "b4.ics", event("b4", "20270601T130000Z", more="STATUS:CANCELLED\r\n"))
    put(site, shared + "b5.ics", event("b5", "20270601T100000Z"))
    put(site, private + "b6.ics", event("b6", "20270501T200000Z", more="RRULE:FREQ=DAILY\r\n"))
    wished = {"BUSY": [("20270601T080000Z", "20270601T090000Z"), ("20270601T100000Z", "20270601T110000Z"),
                       ("20270601T200000Z", "20270601T210000Z")], "BUSY-TENTATIVE": [("20270601T090000Z", "20270601T093000Z")]}
    for user in ("alice", "bob"):
        answer = free_busy(site, HOME, *day, user=user, depth="infinity")
        tap.equal((answer.status, answer.headers.get_content_type()), (200, "text/calendar"), f"{user}: free/busy of a home")
        tap.equal(periods(answer.body), wished, f"{user}: calendars together, by kind")
        tap.check(not any(word in answer.text for word in ("SUMMARY", "UID:b1\r", "UID:b2\r", "UID:b5\r", "UID:b6\r", "Dentist")), f"{user}: times and nothing else")
    one = periods(free_busy(site, private, *day, user="bob").body)
    tap.equal(one, {"BUSY": [("20270601T080000Z", "20270601T090000Z"), ("20270601T200000Z", "20270601T210000Z")],
                    "BUSY-TENTATIVE": [("20270601T090000Z", "20270601T093000Z")]}, "bob: one calendar of alice's")
    far = periods(free_busy(site, HOME, "20590601T000000Z", "20590602T000000Z", user="bob").body)
    tap.equal(far, {"BUSY": [("20590601T200000Z", "20590601T210000Z")]}, "beyond the index, a series goes on")
    proppatch(site, private, "<D:set><D:prop><C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>"
              "</D:prop></D:set>")
    tap.equal(periods(free_busy(site, HOME, *day).body), {"BUSY": [("20270601T100000Z", "20270601T110000Z")]},
              "a transparent calendar does not count")
    proppatch(site, private, "<D:remove><D:prop><C:schedule-calendar-transp/></D:prop></D:remove>")
    tap.equal(periods(free_busy(site, HOME, *day).body), wished, "and counts again")
    tap.equal(free_busy(site, "/dav/calendars/nobody/", *day).status, 404, "nobody's free/busy")
    tap.equal(free_busy(site, HOME + "none/", *day, user="bob").status, 404, "and that of no calendar")
    answer = report(site, HOME, f'<C:free-busy-query {ROOT}><C:time-range start="20270601T000000Z"/></C:free-busy-query>')
    tap.check(answer.status in (400, 403), "free/busy without an end is refused", answer.status)
    zone_change(site)


def search(site, inside, path="/dav/principals/", test="allof", user="bob"):
    answer = report(site, path, f'<D:principal-property-search {ROOT} test="{test}">{inside}<D:prop><D:displayname/>'
                                "<C:calendar-home-set/></D:prop></D:principal-property-search>", user, "0")
    if answer.status != 207:
        return answer.status
    return sorted(href.split("/principals/")[1] for href in Multistatus(answer.body).responses)


def finding_people(site):
    def term(name, text):
        return f"<D:property-search><D:prop><{name}/></D:prop><D:match>{text}</D:match></D:property-search>"

    alice, bob, room = "users/alice/", "users/bob/", "resources/room-1/"
    table = [
        ("a part of a name", term("D:displayname", "ALI"), {}, [alice]),
        ("an address", term("C:calendar-user-address-set", "mailto:bob@example.org"), {}, [bob]),
        ("the path", term("C:calendar-user-address-set", "/dav/principals/users/bob/"), {}, [bob]),
        ("mail", term("CS:email-address-set", "@example.org"), {}, [alice, bob]),
        ("rooms", term("C:calendar-user-type", "ROOM"), {}, [room]),
        ("both", term("D:displayname", "ali") + term("CS:email-address-set", "bob"), {}, []),
        ("either", term("D:displayname", "ali") + term("CS:email-address-set", "bob"), {"test": "anyof"}, [alice, bob]),
        ("what nobody is found by", term("D:creationdate", "2"), {}, []),
        ("resources only", term("D:displayname", "o"), {"path": "/dav/principals/resources/"}, [room]),
        ("nothing", "", {}, 400),
    ]
    for what, inside, more, wished in table:
        tap.equal(search(site, inside, **more), wished, f"search: {what}")
    answer = report(site, "/dav/principals/", f"<D:principal-search-property-set {ROOT}/>", depth="0")
    tap.check(answer.status == 200 and answer.body.count(b"<D:principal-search-property>") == 4, "what one can search for",
              answer.body)


def zone_change(site):
    calendar = HOME + "zone/"
    site.request("MKCALENDAR", calendar, None, "alice")
    put(site, calendar + "f.ics", event("floating", "20270701T120000"))
    for zone, hour in (("Europe/Berlin", 10), ("Asia/Tokyo", 3), ("America/New_York", 16)):
        proppatch(site, calendar, f"<D:set><D:prop><C:calendar-timezone-id>{zone}</C:calendar-timezone-id></D:prop></D:set>")
        found = periods(free_busy(site, calendar, "20270630T000000Z", "20270703T000000Z").body)
        tap.equal(found, {"BUSY": [(f"20270701T{hour:02}0000Z", f"20270701T{hour + 1:02}0000Z")]},
                  f"a floating time moves with the calendar to {zone}")


with Site(users=["alice", "bob"], resources=["room-1"]) as the_site:
    syncing(the_site)
    querying(the_site)
    fetching(the_site)
    busy(the_site)
    finding_people(the_site)
tap.finish()
