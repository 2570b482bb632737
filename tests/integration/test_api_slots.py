#!/usr/bin/python3
"""The times that a service offers, as the API tells them."""
import datetime
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import ZONE, at, book, business, make_key, monday, slots  # noqa: E402
from dav import event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
DAY = monday()
CLOCKS = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]


def offered(reply):
    return [slot["start"] for slot in reply.json["slots"]]


def a_day(api):
    reply = slots(api.by(None), DAY)
    tap.equal((reply.json["service"], reply.json["timezone"]), ("cut", ZONE), "in the service's zone")
    tap.equal(reply.json["slots"], [{"start": at(DAY, clock), "end": at(DAY, end), "staff": ["alice", "bob"], "seats_left": 1}
                                    for clock, end in zip(CLOCKS, CLOCKS[1:] + ["12:00"])], "every half hour of a working day, with all who could")
    tap.equal(offered(slots(api, DAY - datetime.timedelta(days=2), 2)), [], "none at the weekend")
    tap.equal(len(offered(slots(api, DAY, 7))), 30, "a week")


def busy(site, api):
    start = datetime.datetime.fromisoformat(at(DAY, "09:15")).astimezone(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    put(site, "/dav/calendars/alice/work/busy.ics", event("busy", start, summary="a secret"))
    reply = slots(api.by(None), DAY)
    tap.equal([slot["staff"] for slot in reply.json["slots"][:4]], [["bob"], ["bob"], ["bob"], ["alice", "bob"]], "what her calendar holds, she cannot")
    tap.check("secret" not in str(reply.json), "and nobody learns why", reply)
    tap.equal(offered(slots(api, DAY, more="&staff=alice")), [at(DAY, clock) for clock in CLOCKS[3:]], "of one person")
    tap.equal(book(api, at(DAY, "11:00"), staff="bob").status, 201, "a booking")
    tap.equal([slot["staff"] for slot in slots(api, DAY).json["slots"][4:]], [["alice"], ["alice", "bob"]], "takes its time")


def zones(api):
    reply = slots(api, DAY, more="&tz=America/New_York&staff=bob")
    tap.equal((reply.json["timezone"], offered(reply)[0][-6:]), ("America/New_York", at(DAY, "12:00", "America/New_York")[-6:]), "in another zone")
    east = slots(api, DAY, more="&tz=Pacific/Kiritimati")
    last = datetime.datetime.fromisoformat(offered(east)[-1])
    tap.check(str(last.utcoffset()) == "14:00:00" and last.date() == DAY and len(offered(east)) < 6, "whose dates count: its Monday ends in our morning", east)


def seats(api):
    api.put("/services/class", {"name": "Class", "duration_minutes": 60, "slot_step_minutes": 60, "staff": ["bob"], "capacity": 3})
    tuesday = DAY + datetime.timedelta(days=1)
    tap.equal({slot["seats_left"] for slot in slots(api, tuesday, service="class").json["slots"]}, {3}, "seats of a session")
    first = api.post("/bookings", {"service": "class", "start": at(tuesday, "09:00"), "seats": 2, "customer": {"name": "Kim", "email": "k@example.org"}})
    tap.equal(first.status, 201, "two are taken")
    tap.equal([slot["seats_left"] for slot in slots(api, tuesday, service="class").json["slots"]], [1, 3, 3], "one is left")
    tap.equal([slot["seats_left"] for slot in slots(api, tuesday, more="&seats=2", service="class").json["slots"]], [3, 3], "for two there are none")
    second = api.post("/bookings", {"service": "class", "start": at(tuesday, "09:00"), "customer": {"name": "Lou", "email": "l@example.org"}})
    tap.equal((second.status, second.json["uid"] == first.json["uid"], second.json["id"] == first.json["id"]), (201, True, False), "joined: one session, two bookings")
    reply = api.post("/bookings", {"service": "class", "start": at(tuesday, "10:00"), "seats": 4, "customer": {"name": "Kim", "email": "k@example.org"}})
    tap.equal((reply.status, reply.field), (422, "seats"), "more than there are at all")


def refusals(api):
    nobody = api.by(None)
    base = "/services/cut/slots"
    for query, field in (("", "from"), (f"?from={DAY}", "to"), (f"?from={DAY}&to={DAY}", "to"), ("?from=2027-02-30&to=2027-03-02", "from"),
                         (f"?from={DAY}&to={DAY + datetime.timedelta(days=63)}", "to"), (f"?from={DAY}&to={DAY + datetime.timedelta(days=1)}&tz=Mars", "tz"),
                         (f"?from={DAY}&to={DAY + datetime.timedelta(days=1)}&seats=0", "seats"), (f"?from={DAY}&to={DAY + datetime.timedelta(days=1)}&staff=carol", "staff"),
                         (f"?from={DAY}&to={DAY + datetime.timedelta(days=1)}&limit=3", "query")):
        reply = nobody.get(base + query)
        tap.equal((reply.status, reply.field), (422, field), f"{query} names the parameter")
    tap.equal(nobody.get(f"{base}?from={DAY}&to={DAY + datetime.timedelta(days=62)}").status, 200, "62 days")
    api.put("/services/hidden", {"name": "Hidden", "duration_minutes": 30, "staff": ["bob"], "public": False})
    tap.equal((slots(nobody, DAY, service="hidden").status, slots(nobody, DAY, service="none").status, slots(api, DAY, service="hidden").status),
              (404, 404, 200), "what is not public")
    tap.equal(slots(api.by(make_key(api.site, "booking")), DAY).status, 200, "a key for bookings")


def holidays(api):
    day = DAY + datetime.timedelta(days=2)
    tap.equal(api.get("/holidays").json, {"dates": []}, "no holidays at first")
    tap.equal((api.put("/holidays", {"dates": [str(day)]}).json, api.get("/holidays").json), ({"dates": [str(day)]},) * 2, "a holiday")
    tap.equal(offered(slots(api, day)), [], "closes everybody")
    reply = api.put("/holidays", {"dates": ["soon"]})
    tap.check(reply.status == 422 and reply.field.startswith("dates"), "no date", reply)
    booking = api.by(make_key(api.site, "booking"))
    tap.equal((booking.get("/holidays").status, booking.put("/holidays", {"dates": []}).status, api.by(None).get("/holidays").status), (200, 403, 401), "who may")
    api.put("/holidays", {"dates": []})
    tap.equal(len(offered(slots(api, day))), 6, "and opens again")


with Site(users=["alice", "bob"], config=f'timezone = "{ZONE}"\nrate-limit-slots = 0\n') as site:
    api = business(site, tap)
    a_day(api)
    busy(site, api)
    zones(api)
    seats(api)
    refusals(api)
    holidays(api)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
