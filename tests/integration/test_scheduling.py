#!/usr/bin/python3
"""Scheduling between people and rooms of one server (RFC 6638): what a PUT, DELETE, MOVE or COPY does to the others."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, Multistatus, condition, event, free_busy, periods, propfind, put, sync  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
USERS = ("alice", "bob", "carol")


def home(name, calendar="work"):
    return f"/dav/calendars/{name}/{calendar}/"


def who(name, **parameters):
    line = "ATTENDEE" + "".join(f";{key.replace('_', '-')}={value}" for key, value in parameters.items())
    return f"{line}:mailto:{name}@example.org\r\n"


def meeting(uid, *attendees, start="20270310T090000Z", more="", organizer="alice", summary="Plan"):
    """Attendees: names, or whole lines."""
    lines = "".join(a if a.startswith("ATTENDEE") else who(a, PARTSTAT="NEEDS-ACTION") for a in attendees)
    return event(uid, start, more=f"ORGANIZER:mailto:{organizer}@example.org\r\n{who(organizer, PARTSTAT='ACCEPTED')}{lines}{more}",
                 summary=summary)


def unfold(text):
    return re.sub(r"\r?\n[ \t]", "", text)


def listing(site, path, user):
    found = propfind(site, path, "D:getetag C:schedule-tag", user, depth="1")
    return {href: (found.text(href, D + "getetag"), found.text(href, C + "schedule-tag")) for href in found.responses if href != path}


def copy_of(site, user, uid, calendar="work", reader=None):
    """(href, text, schedule tag) of the object with that UID; None when there is none."""
    for href, (_, tag) in listing(site, home(user, calendar), reader or user).items():
        text = unfold(site.request("GET", href, None, reader or user).text)
        if f"\nUID:{uid}\r" in text:
            return href, text, tag
    return None


def partstat(text, name, instance=None):
    """Of NAME in the master, or in the component of a RECURRENCE-ID that ends so."""
    for component in re.findall(r"BEGIN:VEVENT.*?END:VEVENT", text, re.S):
        id = re.search(r"^RECURRENCE-ID[^:\r\n]*:(\S+)", component, re.M)
        if (id.group(1) if id else None) != instance:
            continue
        line = re.search(rf"^ATTENDEE[^\r\n]*:mailto:{name}@example.org\r?$", component, re.M)
        found = re.search(r";PARTSTAT=([A-Z-]+)", line.group(0)) if line else None
        return found.group(1) if found else (line and "NEEDS-ACTION")
    return None


def inbox(site, user):
    """[(method, text)] of the items, oldest names first."""
    texts = [unfold(site.request("GET", href, None, user).text) for href in sorted(listing(site, home(user, "inbox"), user))]
    return [(re.search(r"^METHOD:(\w+)", text, re.M).group(1), text) for text in texts]


def methods(site, user, uid):
    return sorted(method for method, text in inbox(site, user) if f"\nUID:{uid}\r" in text)


def clear(site, user):
    for href in listing(site, home(user, "inbox"), user):
        site.request("DELETE", href, None, user)


def jobs(site, kind="itip_mail"):
    return [line for line in site.slotkeeper("jobs", "list").stdout.splitlines() if kind in line]


def answer(site, user, uid, said, **headers):
    href, text, tag = copy_of(site, user, uid)
    text = re.sub(rf"(ATTENDEE[^\r\n]*?);?PARTSTAT=[A-Z-]+([^\r\n]*:mailto:{user}@example.org)", rf"\1;PARTSTAT={said}\2", text)
    return put(site, href, text, user, **headers)


def invited(site):
    tap.check("calendar-auto-schedule" in site.request("OPTIONS", home("alice"), None, "alice").headers["DAV"], "it is announced")
    made = put(site, home("alice") + "1.ics", meeting("1", "bob", "outside"), If_None_Match="*")
    tap.check(made.status == 201 and "ETag" not in made.headers and made.headers["Schedule-Tag"], "an invitation is stored, with statuses",
              made)
    text = unfold(site.request("GET", home("alice") + "1.ics", None, "alice").text)
    tap.check(re.search(r"^ATTENDEE.*;SCHEDULE-STATUS=1.2[;:].*bob", text, re.M), "delivered to the one", text)
    tap.check(re.search(r"^ATTENDEE.*;SCHEDULE-STATUS=1.0[;:].*outside", text, re.M), "and waiting for the other", text)
    tap.equal(len(jobs(site)), 1, "a job waits with it")
    href, text, tag = copy_of(site, "bob", "1")
    tap.check("SCHEDULE-STATUS" not in text and partstat(text, "bob") == "NEEDS-ACTION" and tag, "he finds it in his calendar", text)
    tap.equal(methods(site, "bob", "1"), ["REQUEST"], "and a message in his inbox")
    tap.equal(periods(free_busy(site, "/dav/calendars/bob/", "20270310T000000Z", "20270311T000000Z").body),
              {"BUSY-TENTATIVE": [("20270310T090000Z", "20270310T100000Z")]}, "his time is held for it")
    tap.equal(site.request("GET", href, None, "carol").status, 404, "nobody else sees that")


def answered(site):
    before = copy_of(site, "alice", "1")
    said = answer(site, "bob", "1", "ACCEPTED")
    tap.equal(said.status, 204, "he accepts")
    after = copy_of(site, "alice", "1")
    tap.equal((partstat(after[1], "bob"), after[2]), ("ACCEPTED", before[2]), "the organizer sees it, under the same schedule tag")
    tap.check(re.search(r"^ATTENDEE.*;SCHEDULE-STATUS=2.0.*bob", after[1], re.M), "as answered", after[1])
    tap.equal(methods(site, "alice", "1"), ["REPLY"], "and a message in his inbox")
    tap.equal(list(periods(free_busy(site, "/dav/calendars/bob/", "20270310T000000Z", "20270311T000000Z").body)), ["BUSY"],
              "his time is taken now")


def changed(site):
    clear(site, "bob")
    text = copy_of(site, "alice", "1")[1]
    tag = copy_of(site, "bob", "1")[2]
    put(site, home("alice") + "1.ics", text.replace("SUMMARY:Plan", "SUMMARY:Better plan"))
    copy = copy_of(site, "bob", "1")
    tap.check("SUMMARY:Better plan" in copy[1] and partstat(copy[1], "bob") == "ACCEPTED" and copy[2] != tag,
              "another title reaches him, his answer stays", copy)
    tap.equal(methods(site, "bob", "1"), ["REQUEST"], "and he is told")
    put(site, home("alice") + "1.ics", copy_of(site, "alice", "1")[1].replace("T090000Z", "T100000Z"))
    copy = copy_of(site, "bob", "1")[1]
    tap.equal((partstat(copy, "bob"), partstat(copy_of(site, "alice", "1")[1], "bob")), ("NEEDS-ACTION", "NEEDS-ACTION"),
              "another time: he is asked anew")
    tap.check("SEQUENCE:1" in copy, "by a higher SEQUENCE", copy)
    etag = listing(site, home("bob"), "bob")
    put(site, home("alice") + "1.ics", copy_of(site, "alice", "1")[1].replace("END:VEVENT", "X-MINE:1\r\nEND:VEVENT"))
    tap.equal(listing(site, home("bob"), "bob"), etag, "what is the organizer's own does nothing to him")


def three(site):
    put(site, home("alice") + "3.ics", meeting("3", "bob", "carol", start="20270312T090000Z"))
    href, text, tag = copy_of(site, "carol", "3")
    stale = listing(site, home("carol"), "carol")[href][0]
    answer(site, "bob", "3", "DECLINED")
    now = copy_of(site, "carol", "3")
    tap.equal((partstat(now[1], "bob"), now[2]), ("DECLINED", tag), "another's answer reaches every copy; its schedule tag stays")
    mine = re.sub(r"PARTSTAT=NEEDS-ACTION([^\r\n]*carol)", r"PARTSTAT=TENTATIVE\1", text)
    tap.equal(put(site, href, mine, "carol", If_Match=stale).status, 412, "by the ETag he comes too late")
    said = put(site, href, mine, "carol", If_Schedule_Tag_Match=tag)
    tap.check(said.status == 204 and "ETag" not in said.headers and said.headers["Schedule-Tag"], "by the schedule tag he does not", said)
    text = copy_of(site, "carol", "3")[1]
    tap.equal((partstat(text, "carol"), partstat(text, "bob")), ("TENTATIVE", "DECLINED"), "and the other's answer is kept")
    tap.equal(put(site, href, mine, "carol", If_Schedule_Tag_Match=tag).status, 412, "an old schedule tag is one")
    tap.equal(partstat(copy_of(site, "alice", "3")[1], "carol"), "TENTATIVE", "the organizer has it")


def not_allowed(site):
    allowed = C + "allowed-attendee-scheduling-object-change"
    href, text, _ = copy_of(site, "carol", "3")
    for what, new in [("time", text.replace("T090000Z", "T110000Z")), ("title", text.replace("SUMMARY:Plan", "SUMMARY:Mine")),
                      ("people", text.replace("END:VEVENT", who("dave") + "END:VEVENT")),
                      ("organizer", re.sub("ORGANIZER.*mailto:alice", "ORGANIZER:mailto:carol", text))]:
        refused = put(site, href, new, "carol")
        tap.equal((refused.status, condition(refused)), (403, [allowed]), f"not an attendee's to change: {what}")
    tap.equal(copy_of(site, "carol", "3")[1], text, "nothing has changed")
    refused = put(site, home("alice") + "3.ics", copy_of(site, "alice", "3")[1].replace("ORGANIZER:mailto:alice", "ORGANIZER:mailto:bob"))
    tap.equal((refused.status, condition(refused)), (403, [C + "allowed-organizer-scheduling-object-change"]), "nor an organizer's: himself")
    site.request("MKCALENDAR", home("alice", "other"), None, "alice")
    for what, refused in [("PUT", put(site, home("alice", "other") + "x.ics", meeting("3", "bob"))),
                          ("COPY", site.request("COPY", home("alice") + "3.ics", None, "alice", {"Destination": home("alice", "other") + "x.ics"}))]:
        tap.equal((refused.status, condition(refused)), (403, [C + "unique-scheduling-object-resource"]), f"{what}: it is in one calendar")
        tap.check(home("alice") + "3.ics" in refused.text, "which is told", refused.body)
    two = meeting("two", "bob").replace("END:VCALENDAR", "BEGIN:VEVENT\r\nUID:two\r\nRECURRENCE-ID:20270310T090000Z\r\n"
                                        "DTSTART:20270310T090000Z\r\nORGANIZER:mailto:bob@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR")
    refused = put(site, home("alice") + "two.ics", two)
    tap.equal((refused.status, condition(refused)), (403, [C + "same-organizer-in-all-components"]), "two organizers are none")
    many = put(site, home("alice") + "many.ics", meeting("many", *[who(f"p{i}") for i in range(1001)]))
    tap.equal((many.status, condition(many)), (403, [C + "max-attendees-per-instance"]), "too many")


def moved(site):
    copies = listing(site, home("bob"), "bob")
    tap.equal(site.request("MOVE", home("alice") + "3.ics", None, "alice", {"Destination": home("alice", "other") + "3.ics"}).status, 201,
              "the organizer's object moves to another calendar of his")
    tap.equal(listing(site, home("bob"), "bob"), copies, "which is nobody's business")
    tap.check(copy_of(site, "alice", "3", "other")[2], "it stays a scheduling object")
    answer(site, "bob", "3", "ACCEPTED")
    tap.equal(partstat(copy_of(site, "alice", "3", "other")[1], "bob"), "ACCEPTED", "and is found where it is")


def deleted(site):
    for user in USERS:
        clear(site, user)
        tap.equal(inbox(site, user), [], f"{user} has deleted what was in the inbox")
    put(site, home("alice") + "4.ics", meeting("4", "bob", "carol", start="20270315T090000Z"))
    tap.equal(site.request("DELETE", copy_of(site, "bob", "4")[0], None, "bob", {"Schedule-Reply": "F"}).status, 204, "deleted in silence")
    tap.equal(partstat(copy_of(site, "alice", "4")[1], "bob"), "NEEDS-ACTION", "the organizer does not hear of it")
    site.request("DELETE", copy_of(site, "carol", "4")[0], None, "carol")
    tap.equal(partstat(copy_of(site, "alice", "4")[1], "carol"), "DECLINED", "else it is declined")
    put(site, home("alice") + "5.ics", meeting("5", "bob", start="20270316T090000Z"))
    site.request("DELETE", home("alice") + "5.ics", None, "alice")
    tap.check("STATUS:CANCELLED" in copy_of(site, "bob", "5")[1], "the organizer's is cancelled with everybody")
    tap.equal(methods(site, "bob", "5"), ["CANCEL", "REQUEST"], "who is told")
    tap.equal(free_busy(site, "/dav/calendars/bob/", "20270316T000000Z", "20270317T000000Z").body.count(b"FREEBUSY;"), 0, "his time is free")
    put(site, home("alice") + "6.ics", meeting("6", "bob", "carol", start="20270317T090000Z"))
    put(site, home("alice") + "6.ics", re.sub(r"ATTENDEE[^\r\n]*bob@example.org\r\n", "", copy_of(site, "alice", "6")[1]))
    tap.check("STATUS:CANCELLED" in copy_of(site, "bob", "6")[1], "what he is taken out of is cancelled")
    (told,) = [text for method, text in inbox(site, "bob") if method == "CANCEL" and "\nUID:6\r" in text]
    tap.check("mailto:carol" not in told, "he is told, and of nobody else", told)
    tap.check("mailto:bob" not in copy_of(site, "carol", "6")[1], "and is gone from the others' copies")


def instances(site):
    series = meeting("7", "bob", start=";TZID=Europe/Amsterdam:20270405T090000", more="RRULE:FREQ=DAILY;COUNT=5\r\n")
    put(site, home("alice") + "7.ics", series)
    href, text, _ = copy_of(site, "bob", "7")
    own = re.search(r"BEGIN:VEVENT.*END:VEVENT\r\n", text, re.S).group(0)
    override = (own.replace("RRULE:FREQ=DAILY;COUNT=5\r\n", "RECURRENCE-ID;TZID=Europe/Amsterdam:20270407T090000\r\n")
                .replace("20270405T090000", "20270407T090000").replace("NEEDS-ACTION", "DECLINED"))
    tap.equal(put(site, href, text.replace("NEEDS-ACTION", "ACCEPTED").replace("END:VCALENDAR", override + "END:VCALENDAR"), "bob").status,
              204, "he accepts all but the third")
    mine = copy_of(site, "alice", "7")[1]
    tap.equal((partstat(mine, "bob"), partstat(mine, "bob", "20270407T090000")), ("ACCEPTED", "DECLINED"), "which the organizer sees")
    put(site, home("alice") + "7.ics", mine.replace("RRULE:", "EXDATE;TZID=Europe/Amsterdam:20270409T090000\r\nRRULE:"))
    text = copy_of(site, "bob", "7")[1]
    tap.check("EXDATE;TZID=Europe/Amsterdam:20270409T090000" in text and partstat(text, "bob") == "ACCEPTED",
              "one less is one less for him", text)


def left_alone(site):
    for user in USERS:
        clear(site, user)
    waiting = len(jobs(site))
    put(site, home("alice") + "8.ics", meeting("8", who("bob", SCHEDULE_AGENT="NONE"), who("carol", SCHEDULE_AGENT="CLIENT"),
                                              start="20270318T090000Z"))
    tap.equal((copy_of(site, "bob", "8"), copy_of(site, "carol", "8"), len(jobs(site))), (None, None, waiting), "other agents are left alone")
    put(site, home("alice", "bookings") + "9.ics", meeting("9", "bob", start="20270319T090000Z"))
    tap.equal(copy_of(site, "bob", "9"), None, "and what is in a bookings calendar")
    made = put(site, home("bob") + "10.ics", meeting("10", "carol", organizer="alice", start="20270320T090000Z"), "bob")
    tap.check(made.status == 201 and "ETag" in made.headers and "Schedule-Tag" not in made.headers, "an object of others' is an object", made)
    put(site, home("alice") + "11.ics", event("11"))
    tap.check("Schedule-Tag" not in site.request("GET", home("alice") + "11.ics", None, "alice").headers, "without people there is no tag")


def emptied(site):
    site.request("MKCALENDAR", home("alice", "gone"), None, "alice")
    put(site, home("alice", "gone") + "1.ics", meeting("12", "bob", start="20270322T090000Z"))
    site.request("DELETE", home("alice", "gone"), None, "alice")
    tap.check("STATUS:CANCELLED" in copy_of(site, "bob", "12")[1], "a calendar that is deleted cancels what was in it")


def in_his_name(site):
    site.slotkeeper("grant", "alice/other", "carol", "read-write")
    path = home("alice", "other") + "c.ics"
    refused = put(site, path, meeting("13", "bob", start="20270323T090000Z"), "carol")
    tap.equal((refused.status, condition(refused)), (403, [D + "need-privileges"]), "who may write may not invite in the owner's name")
    tap.check("<C:schedule-send/>" in refused.text and home("alice", "outbox") in refused.text, "which is told", refused.body)
    tap.equal((copy_of(site, "bob", "13"), put(site, path, event("14"), "carol").status), (None, 201), "nobody is invited; the rest he may")
    refused = site.request("DELETE", home("alice", "other") + "3.ics", None, "carol")
    tap.equal((refused.status, condition(refused)), (403, [D + "need-privileges"]), "nor cancel")
    site.slotkeeper("grant", "alice/other", "carol", "schedule")
    tap.equal(put(site, path[:-5] + "d.ics", meeting("13", "bob", start="20270323T090000Z"), "carol").status, 201, "unless it was granted")
    tap.check(copy_of(site, "bob", "13"), "then he is invited")
    found = propfind(site, home("alice", "inbox"), "C:schedule-default-calendar-URL")
    tap.equal(found.hrefs(home("alice", "inbox"), C + "schedule-default-calendar-URL"), [home("alice")], "where invitations go is told")
    refused = site.request("DELETE", home("alice"), None, "alice")
    tap.equal((refused.status, condition(refused)), (403, [C + "default-calendar-needed"]), "and that calendar stays")


def whole(site):
    said = site.slotkeeper("check", ok=None)
    tap.equal((said.returncode, said.stderr), (0, ""), "all indexes are as the objects say")
    tap.equal(len(Multistatus(sync(site, home("alice", "inbox")).body).responses), len(listing(site, home("alice", "inbox"), "alice")),
              "inboxes sync")


with Site(users=USERS) as site:
    invited(site)
    answered(site)
    changed(site)
    three(site)
    not_allowed(site)
    moved(site)
    deleted(site)
    instances(site)
    left_alone(site)
    emptied(site)
    in_his_name(site)
    whole(site)
tap.finish()
