#!/usr/bin/python3
"""Two python3-caldav clients as organizer and attendee, and a room that declines one instance of a series."""
import datetime
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import event  # noqa: E402
from server import Site, Tap  # noqa: E402
import caldav  # noqa: E402
from icalendar import vCalAddress  # noqa: E402

UTC = datetime.timezone.utc
ROOM = "/dav/principals/resources/room-1/"
tap = Tap()


class Person:
    def __init__(self, site, name):
        self.client = caldav.DAVClient(url=site.url + "/dav/", username=name, password=site.password(name))
        self.principal = self.client.principal()
        self.work = next(c for c in self.principal.calendars() if c.url.path.endswith("/work/"))
        self.address = f"mailto:{name}@example.org"

    def inbox(self):
        return list(self.principal.schedule_inbox().get_items())

    def event(self, uid):
        found = self.work.event_by_uid(uid)
        found.load()
        return found


def attendees(component):
    lines = component.get("attendee", [])
    return {str(line): dict(line.params) for line in (lines if isinstance(lines, list) else [lines])}


def partstats(found):
    """{recurrence id or None: {address: PARTSTAT}}"""
    return {(c["recurrence-id"].dt if "recurrence-id" in c else None):
            {address: str(p.get("PARTSTAT")) for address, p in attendees(c).items()}
            for c in found.icalendar_instance.walk("vevent")}


def invitation(alice, bob):
    tap.check(alice.client.check_scheduling_support(), "python3-caldav finds that the server schedules")
    alice.work.save_with_invites(event("plan", "20270310T090000Z"), [bob.principal, vCalAddress(ROOM)])
    (item,) = bob.inbox()
    tap.check(item.is_invite_request(), "the attendee has a request in his inbox", item.data)
    tap.equal(partstats(alice.event("plan"))[None][ROOM], "ACCEPTED", "the room has accepted already")
    item.accept_invite(bob.work)
    tap.equal(partstats(alice.event("plan"))[None][bob.address], "ACCEPTED", "he accepts it by the inbox item, and the organizer sees it")
    tap.equal(len(bob.work.events()), 1, "he has it once")
    (reply,) = alice.inbox()
    tap.check("METHOD:REPLY" in reply.data, "the organizer has a reply in his inbox", reply.data)
    reply.delete()
    tap.equal(alice.inbox(), [], "which he deletes")


def answers(alice, bob):
    mine = bob.event("plan")
    mine.change_attendee_status(bob.address, PARTSTAT="TENTATIVE")
    mine.save()
    tap.equal(partstats(alice.event("plan"))[None][bob.address], "TENTATIVE", "he changes his mind in his calendar")
    plan = alice.event("plan")
    plan.data = plan.data.replace("T090000Z", "T110000Z")
    plan.save()
    seen = partstats(bob.event("plan"))[None]
    tap.equal((seen[bob.address], seen[ROOM]), ("NEEDS-ACTION", "ACCEPTED"), "moved: he is asked again, the room has answered again")
    bob.event("plan").delete()
    tap.equal(partstats(alice.event("plan"))[None][bob.address], "DECLINED", "deleting it is declining it")
    alice.event("plan").delete()
    tap.equal(alice.work.events(), [], "and the organizer takes it away")


def room_for_a_series(alice, bob):
    alice.work.save_with_invites(event("other", "20270407T090000Z"), [vCalAddress(ROOM)])
    bob.work.save_with_invites(event("series", "20270405T093000Z", more="RRULE:FREQ=DAILY;COUNT=5\r\n"), [vCalAddress(ROOM), alice.principal])
    third = datetime.datetime(2027, 4, 7, 9, 30, tzinfo=UTC)
    found = partstats(bob.event("series"))
    tap.equal({id: said[ROOM] for id, said in found.items()}, {None: "ACCEPTED", third: "DECLINED"},
              "the room accepts the series but for the third")
    tap.equal(partstats(alice.event("series"))[third][ROOM], "DECLINED", "which the other attendee sees too")


with Site(users=["alice", "bob"], resources=["room-1"]) as the_site:
    organizer, attendee = Person(the_site, "alice"), Person(the_site, "bob")
    invitation(organizer, attendee)
    answers(organizer, attendee)
    room_for_a_series(organizer, attendee)
    checked = the_site.slotkeeper("check", ok=None)
    tap.equal((checked.returncode, checked.stderr), (0, ""), "all indexes are as the objects say")
tap.finish()
