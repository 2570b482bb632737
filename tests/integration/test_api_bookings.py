#!/usr/bin/python3
"""Bookings over the API: made, refused, held, confirmed, moved, ended."""
import datetime
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import KIM, ROOT, ZONE, at, book, business, make_key, monday, slots  # noqa: E402
from dav import event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
DAY = monday()
BOSS = "boss"


def refused(reply, reason, name):
    tap.check((reply.status, reply.problem, reply.json.get("reason")) == (409, "slot-taken", reason), name, reply)
    return reply


def made(site, api):
    reply = book(api.by(None), at(DAY, "09:00"), notes="short", customer={**KIM, "timezone": "America/New_York", "language": "en"})
    tap.check(reply.status == 201 and reply.headers["Location"] == f"{ROOT}/bookings/{reply.json['id']}", "a booking without a key", reply)
    booking = reply.json
    token, url = booking.pop("manage_token"), booking.pop("manage_url")
    tap.check(url == f"http://127.0.0.1:{site.port}/book/manage/{token}", "its manage address", url)
    shown = api.get(f"/bookings/{booking['id']}")
    tap.equal(shown.json, booking, "as it is shown later, without the token")
    tap.equal({key: booking[key] for key in ("status", "service", "start", "end", "timezone", "staff", "resources", "notes", "seats", "video",
                                              "expires_at", "version")},
              {"status": "confirmed", "service": "cut", "start": at(DAY, "09:00"), "end": at(DAY, "09:30"), "timezone": ZONE, "staff": ["alice"],
               "resources": [], "notes": "short", "seats": 1, "video": None, "expires_at": None, "version": 1}, "confirmed, with the first who can")
    tap.equal(booking["customer"], {**KIM, "phone": "", "timezone": "America/New_York", "language": "en"}, "the customer")
    stored = site.request("GET", f"/dav/calendars/alice/bookings/{booking['uid']}.ics", user="alice")
    tap.check(stored.status == 200 and b"kim@example.org" in stored.body, "it stands in her calendar", stored)
    return booking


def taken(api):
    tap.equal(book(api, at(DAY, "09:00")).json["staff"], ["bob"], "the next goes to the next")
    reply = refused(book(api.by(None), at(DAY, "09:00")), "staff_busy", "and then it is taken")
    others = reply.json["alternatives"]
    tap.check(3 <= len(others) <= 5 and [other["cost"] for other in others] == sorted(other["cost"] for other in others), "with alternatives", reply)
    free = {slot["start"] for slot in slots(api, DAY, 14).json["slots"]}
    tap.check({other["start"] for other in others} <= free, "that are free", reply)
    refused(book(api, at(DAY, "09:10")), "misaligned", "off the grid")
    refused(book(api, at(DAY, "13:00")), "outside_hours", "after work")
    refused(book(api, at(DAY - datetime.timedelta(days=28), "10:00")), "notice", "in the past")
    refused(book(api, at(DAY + datetime.timedelta(days=700), "10:00")), "horizon", "years ahead")
    tap.equal(book(api, at(DAY, "13:07"), force=True).status, 201, "an admin may force")
    refused(book(api, at(DAY, "13:07"), force=True, staff="alice"), "staff_busy", "but not two at a time")


def calendars_win(site, api):
    start = datetime.datetime.fromisoformat(at(DAY, "10:00")).astimezone(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    put(site, "/dav/calendars/bob/work/b.ics", event("b", start, summary="dentist"), "bob")
    reply = refused(book(api, at(DAY, "10:30"), staff="bob"), "staff_busy", "a private event")
    tap.check("dentist" not in str(reply), "without its title", reply)


def refusals(api):
    nobody = api.by(None)
    good = {"service": "cut", "start": at(DAY, "11:00"), "customer": KIM}
    for change, field in (({"service": None}, "service"), ({"service": "none"}, "service"), ({"start": None}, "start"), ({"start": "2027-03-29T09:00:00"}, "start"),
                          ({"start": 5}, "start"), ({"staff": "carol"}, "staff"), ({"staff": ["alice"]}, "staff"), ({"customer": None}, "customer"),
                          ({"customer": {"name": "Kim"}}, "customer.email"), ({"customer": {"email": "k@example.org"}}, "customer.name"),
                          ({"customer": {**KIM, "email": "kim"}}, "customer.email"), ({"customer": {**KIM, "timezone": "Mars"}}, "customer.timezone"),
                          ({"customer": {**KIM, "language": "a b"}}, "customer.language"), ({"customer": {**KIM, "age": 7}}, "customer.age"),
                          ({"seats": 0}, "seats"), ({"seats": 2}, "seats"), ({"hold": "yes"}, "hold"), ({"notes": "x" * 4001}, "notes"), ({"what": 1}, "what")):
        reply = nobody.post("/bookings", {key: value for key, value in {**good, **change}.items() if value is not None})
        tap.equal((reply.status, reply.field), (422, field), f"{change} names the field")
    tap.equal(nobody.post("/bookings", {**good, "force": True}).status, 403, "the public does not force")
    tap.equal(api.by(make_key(api.site, "booking")).post("/bookings", {**good, "force": True}).status, 403, "nor does a key for bookings")
    api.put("/services/hidden", {"name": "Hidden", "duration_minutes": 30, "staff": ["bob"], "public": False})
    reply = nobody.post("/bookings", {**good, "service": "hidden"})
    tap.equal((reply.status, reply.field), (422, "service"), "what is not public cannot be booked without a key")
    api.put("/services/phone", {"name": "Phone", "duration_minutes": 30, "staff": ["alice", "bob"], "ask_phone": True, "assignment": "choose"})
    tap.equal(api.post("/bookings", {**good, "service": "phone", "staff": "bob"}).field, "customer.phone", "where a phone is asked for")
    tap.equal(api.post("/bookings", {**good, "service": "phone", "customer": {**KIM, "phone": "1"}}).field, "staff", "or a name")


def holds(api):
    held = book(api.by(None), at(DAY, "11:00"), hold=True).json
    tap.check(held["status"] == "held" and held["expires_at"] is not None, "a hold, until a time", held)
    path = f"/bookings/{held['id']}"
    other = book(api, at(DAY, "11:00")).json
    refused(book(api, at(DAY, "11:00")), "staff_busy", "keeps its time")
    own = api.by(held["manage_token"])
    tap.check(at(DAY, "11:00") in [slot["start"] for slot in slots(api.by(None), DAY, more=f"&manage={held['manage_token']}").json["slots"]],
              "but for its own customer")
    longer = [own.post(path + "/hold") for _ in range(3)]
    tap.equal([reply.status for reply in longer], [200, 200, 409], "longer, twice")
    tap.check(longer[1].json["expires_at"] > held["expires_at"] and longer[2].problem == "wrong-state", "and no more", longer)
    confirmed = own.post(path + "/confirm")
    tap.equal((confirmed.status, confirmed.json["status"], confirmed.json["expires_at"]), (200, "confirmed", None), "confirmed")
    tap.equal(own.post(path + "/confirm").status, 200, "again: the same")
    api.delete(f"/bookings/{other['id']}")
    tap.equal((own.post(path + "/hold").problem, api.post("/bookings/none/confirm").status), ("wrong-state", 404), "no hold any more")


def moves(api, booking):
    path = f"/bookings/{booking['id']}"
    moved = api.patch(path, {"start": at(DAY + datetime.timedelta(days=1), "09:00")})
    tap.equal((moved.status, moved.json["start"], moved.json["version"], moved.json["staff"], moved.json["uid"]),
              (200, at(DAY + datetime.timedelta(days=1), "09:00"), 2, ["alice"], booking["uid"]), "moved")
    tap.equal(api.patch(path, {"staff": "bob"}).json["staff"], ["bob"], "to somebody else")
    refused(api.patch(path, {"start": at(DAY, "08:00")}), "outside_hours", "not to any time")
    stale = api.patch(path, {"start": at(DAY, "11:30")}, If_Match='"2"')
    tap.equal((stale.status, stale.problem), (412, "version"), "a version that is not the present one")
    tap.equal(api.patch(path, {"start": at(DAY, "11:30")}, If_Match='"3"').json["version"], 4, "and the one that is")
    tap.equal(api.patch(path, {"start": at(DAY, "11:30")}, If_Match="x").status, 400, "no version")
    for body, field in (({}, "start"), ({"start": "soon"}, "start"), ({"status": "held"}, "status"), ({"status": "cancelled", "staff": "bob"}, "status"),
                        ({"notes": "x"}, "notes"), ({"staff": "carol"}, "staff")):
        reply = api.patch(path, body)
        tap.equal((reply.status, reply.field), (422, field), f"PATCH {body} names the field")


def ends(api, booking):
    path = f"/bookings/{booking['id']}"
    first, second = api.delete(path), api.delete(path)
    tap.equal((first.status, first.json["status"], second.status, second.json), (200, "cancelled", 200, first.json), "cancelled; again: the same")
    tap.equal((api.get(path).json["status"], api.patch(path, {"start": at(DAY, "11:30")}).problem), ("cancelled", "wrong-state"), "it stays so")
    tap.equal(api.delete("/bookings/none").status, 404, "no such booking")
    other = book(api, at(DAY + datetime.timedelta(days=3), "09:00")).json
    reply = api.patch(f"/bookings/{other['id']}", {"status": "completed"})
    tap.equal((reply.status, reply.problem), (409, "wrong-state"), "what has not begun is not completed")
    begun = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=10)).replace(microsecond=0).isoformat()
    past = book(api, begun, force=True)
    seen = [api.patch(f"/bookings/{past.json['id']}", {"status": status}) for status in ("completed", "completed", "no_show")]
    tap.equal([(reply.status, reply.json["status"]) for reply in seen], [(200, "completed"), (200, "completed"), (200, "no_show")], "what has is")
    tap.equal([reply.json["version"] for reply in seen], [2, 2, 3], "again: the same")


def listed(api):
    everything = api.all("/bookings")
    starts = [datetime.datetime.fromisoformat(booking["start"]) for booking in everything]
    tap.equal(starts, sorted(starts), "listed by start")
    tap.equal(api.all("/bookings", 2), everything, "in pages")
    tap.equal({booking["status"] for booking in api.all("/bookings?status=cancelled")}, {"cancelled"}, "by status")
    tap.equal([booking for booking in everything if "bob" in booking["staff"]], api.all("/bookings?staff=bob"), "by person")
    tap.equal(api.all("/bookings?service=none"), [], "by service")
    tap.equal(api.all(f"/bookings?from={DAY}&to={DAY + datetime.timedelta(days=1)}"),
              [booking for booking in everything if booking["start"][:10] == str(DAY)], "by date")
    tap.equal((api.by(None).get("/bookings").status, api.by(make_key(api.site, "booking")).get("/bookings").status), (401, 403), "to admins alone")
    tap.equal((api.get("/bookings?status=lazy").field, api.get("/bookings?from=x").field, api.get("/bookings?cursor=abcd").field),
              ("status", "from", "cursor"), "refused")
    plan = api.get(f"/schedule?from={DAY}&to={DAY + datetime.timedelta(days=1)}").json
    tap.check(len(plan["bookings"]) > 0 and all(booking["status"] != "cancelled" for booking in plan["bookings"]), "a schedule", plan)
    tap.equal([(block["staff"], block["start"], block["end"]) for block in plan["busy"]], [("bob", at(DAY, "10:00"), at(DAY, "11:00"))], "with blocks that have no name")
    tap.equal(api.get(f"/schedule?from={DAY}&to={DAY + datetime.timedelta(days=1)}&staff=alice").json["busy"], [], "of one")
    tap.equal((api.get("/schedule").field, api.get(f"/schedule?from={DAY}&to={DAY + datetime.timedelta(days=1)}&staff=carol").field), ("from", "staff"), "refused")


def audit(api, booking):
    records = [record for record in api.all("/audit") if record["kind"] == "booking" and record["target"] == booking["id"]]
    tap.check([record["action"] for record in records] == ["cancel", "move", "move", "move", "create"] and records[-1]["before"] is None
              and records[0]["after"]["status"] == "cancelled", "every change stands in the audit log", [record["action"] for record in records])
    tap.check("token" not in str(records), "without the token")


with Site(users=["alice", "bob"], config=f'timezone = "{ZONE}"\nrate-limit-bookings = 0\nrate-limit-slots = 0\n') as site:
    api = business(site, tap)
    booking = made(site, api)
    taken(api)
    calendars_win(site, api)
    refusals(api)
    holds(api)
    moves(api, booking)
    ends(api, booking)
    listed(api)
    audit(api, booking)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
