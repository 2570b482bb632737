#!/usr/bin/python3
"""Calendar apps that people use, each as it comes from Debian: vdirsyncer, khal, cadaver, curl, python3-caldav."""
import datetime
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap  # noqa: E402
import caldav  # noqa: E402

UTC = datetime.timezone.utc
tap = Tap()


def round_trips(site):
    """run-clients: discovery, create, change, delete, sync both ways by four clients."""
    here = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run([os.path.join(here, "run-clients"), site.url + "/dav/", "alice", site.password("alice"),
                           "/dav/calendars/alice/"], capture_output=True, text=True, timeout=300)
    for text in done.stdout.splitlines():
        verdict, _, name = text.partition(" ")
        if verdict in ("PASS", "FAIL", "SKIP"):
            tap.check(verdict == "PASS", "round trip: " + name, done.stdout + done.stderr)
    tap.check("TOTAL passed=" in done.stdout, "round trips ran to the end", done.stdout + done.stderr)


def event(uid, day, hour, more=""):
    return (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20270101T000000Z\r\nDTSTART:202703{day:02}T{hour:02}0000Z\r\nDURATION:PT1H\r\nSUMMARY:{uid}\r\n"
            f"{more}END:VEVENT\r\nEND:VCALENDAR\r\n")


def client(site, user, url="/dav/"):
    return caldav.DAVClient(url=site.url + url, username=user, password=site.password(user))


def python_caldav(site):
    principal = client(site, "alice").principal()
    names = sorted(c.url.path.rstrip("/").rsplit("/", 1)[1] for c in principal.calendars())
    tap.check({"work", "bookings"} <= set(names), "python3-caldav finds work and bookings", f"{names}")
    home = principal.calendar_home_set
    calendar = home.make_calendar(name="Tennis", cal_id="tennis")
    tap.check(any(c.name == "Tennis" for c in principal.calendars()), "python3-caldav makes a calendar")
    calendar.save_event(event("single", 10, 9))
    calendar.save_event(event("series", 1, 12, "RRULE:FREQ=WEEKLY;COUNT=10\r\n"))
    found = calendar.date_search(datetime.datetime(2027, 3, 15, tzinfo=UTC), datetime.datetime(2027, 3, 16, tzinfo=UTC),
                                 expand=False)
    tap.check([e.icalendar_component["uid"] for e in found] == ["series"],
              "python3-caldav finds an instance of a series by time range", f"{[e.data for e in found]}")
    first = calendar.event_by_uid("single")
    first.data = first.data.replace("SUMMARY:single", "SUMMARY:changed")
    first.save()
    tap.check("SUMMARY:changed" in calendar.event_by_uid("single").data, "python3-caldav changes an event")
    changes = calendar.objects(load_objects=True)
    calendar.save_event(event("later", 11, 9))
    calendar.event_by_uid("single").delete()
    updated, deleted = changes.sync()
    tap.check(len(list(updated)) == 1 and len(list(deleted)) == 1, "python3-caldav syncs a new and a deleted event",
              f"{list(updated)} {list(deleted)}")
    busy = calendar.freebusy_request(datetime.datetime(2027, 3, 1, tzinfo=UTC), datetime.datetime(2027, 3, 31, tzinfo=UTC))
    tap.check(str(busy.data).count("FREEBUSY;FBTYPE=BUSY") >= 1, "python3-caldav asks for free/busy", f"{busy.data}")
    calendar.delete()
    tap.check(not any(c.name == "Tennis" for c in principal.calendars()), "python3-caldav deletes the calendar")


def two_accounts(site):
    """Bob sees nothing of Alice's, whatever he tries, and she nothing of his."""
    alice, bob = client(site, "alice").principal(), client(site, "bob").principal()
    alice.calendars()[0].save_event(event("secret", 20, 9))
    urls = [str(c.url) for c in alice.calendars()]
    tap.check(not any("/alice/" in str(c.url) for c in bob.calendars()), "bob's principal lists only bob's calendars")
    for url in urls:
        answers = set()
        other = client(site, "bob")
        for attempt in (other.propfind, lambda u: other.request(u, "GET"), lambda u: other.request(u + "secret.ics", "GET"),
                        lambda u: other.put(u + "x.ics", event("x", 3, 3), {"Content-Type": "text/calendar"}),
                        lambda u: other.delete(u + "secret.ics"), other.delete):
            try:
                answers.add(attempt(url).status)
            except caldav.lib.error.NotFoundError:
                answers.add(404)
        tap.check(answers == {404}, f"bob gets only 404 at {url[len(site.url):]}", f"{answers}")


with Site(users=["alice", "bob"]) as the_site:
    round_trips(the_site)
    python_caldav(the_site)
    two_accounts(the_site)
tap.finish()
