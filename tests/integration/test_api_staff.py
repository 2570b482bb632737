#!/usr/bin/python3
"""People, rooms and their hours over the API."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import Api, make_key  # noqa: E402
from dav import event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOURS = {"timezone": "Europe/Amsterdam", "weekly": {"mon": [["09:00", "12:30"], ["13:00", "17:00"]], "fri": [["22:00", "02:00"]]},
         "overrides": [{"date": "2027-12-24", "hours": [["10:00", "14:00"]]}, {"date": "2027-12-25", "hours": []}]}


def signs_in(site, name, password):
    return site.request("PROPFIND", f"/dav/calendars/{name}/", user=name, password=password, headers={"Depth": "0"}).status == 207


def staff(site, api):
    made = api.post("/staff", {"name": "carol", "email": "carol@example.org", "display_name": "Carol", "timezone": "Europe/Amsterdam"})
    tap.equal((made.status, made.headers["Location"]), (201, "/api/v1/staff/carol"), "somebody new")
    password = made.json.pop("password")
    tap.check(signs_in(site, "carol", password), "signs in with the password that was made")
    shown = api.get("/staff/carol").json
    tap.equal(shown, made.json, "which is told once")
    tap.equal({key: shown[key] for key in ("name", "display_name", "email", "timezone", "admin")},
              {"name": "carol", "display_name": "Carol", "email": "carol@example.org", "timezone": "Europe/Amsterdam", "admin": False}, "as given")
    given = api.put("/staff/dave", {"email": "dave@example.org", "password": "open sesame", "admin": True})
    tap.check(given.status == 201 and "password" not in given.json and given.json["admin"], "PUT makes one too", given)
    tap.check(signs_in(site, "dave", "open sesame"), "with the password that was given")
    changed = api.put("/staff/dave", {"email": "d@example.org"})
    tap.check(changed.status == 200 and changed.json["email"] == "d@example.org" and not changed.json["admin"]
              and changed.json["display_name"] == "dave", "and replaces the whole", changed)
    tap.check(signs_in(site, "dave", "open sesame"), "but the password")
    api.put("/staff/dave", {"email": "d@example.org", "password": "another one"})
    tap.check(signs_in(site, "dave", "another one") and not signs_in(site, "dave", "open sesame"), "unless there is another")
    tap.equal([person["name"] for person in api.all("/staff", 2)], ["alice", "carol", "dave"], "listed by name, in pages; no rooms")
    tap.equal((api.delete("/staff/dave").status, api.delete("/staff/dave").status, api.get("/staff/dave").status), (204, 404, 404), "removed")
    tap.check(not signs_in(site, "dave", "another one"), "he is gone")


def resources(api):
    room = {"name": "room-9", "display_name": "Nine", "email": "", "timezone": "", "kind": "room", "pool": "rooms", "seats": 12}
    made = api.post("/resources", room)
    tap.equal((made.status, {key: made.json[key] for key in room}), (201, room), "a room")
    chair = api.put("/resources/chair-9", {"kind": "equipment"})
    tap.equal((chair.status, chair.json["kind"], chair.json["seats"], chair.json["display_name"]), (201, "equipment", 0, "chair-9"), "a chair")
    tap.equal((api.put("/resources/chair-9", {"seats": 2}).json["kind"], api.get("/resources/chair-9").json["seats"]), ("room", 2), "replaced")
    tap.equal([thing["name"] for thing in api.all("/resources")], ["chair-9", "room-1", "room-9"], "listed; no people")
    tap.equal((api.get("/resources/alice").status, api.get("/staff/room-1").status, api.delete("/staff/room-1").status), (404, 404, 404),
              "each at its own address")
    tap.equal((api.put("/staff/room-1", {"email": "x@example.org"}).problem, api.post("/resources", {"name": "alice"}).problem),
              ("exists", "exists"), "a name is given once")


def refusals(api):
    for path, body, field in (("/staff", {"email": "x@example.org"}, "name"), ("/staff", {"name": "x"}, "email"),
                              ("/staff", {"name": "x/y", "email": "x@example.org"}, "name"), ("/staff", {"name": "all", "email": "x@example.org"}, "name"),
                              ("/staff", {"name": "x", "email": "nobody"}, "email"), ("/staff", {"name": "x", "email": 1}, "email"),
                              ("/staff", {"name": "x", "email": "x@example.org", "timezone": "Mars/Phobos"}, "timezone"),
                              ("/staff", {"name": "x", "email": "x@example.org", "seats": 1}, "seats"),
                              ("/resources", {"name": "x", "kind": "car"}, "kind"), ("/resources", {"name": "x", "seats": -1}, "seats"),
                              ("/resources", {"name": "x", "pool": "a b"}, "pool"), ("/resources", {"name": "x", "admin": True}, "admin")):
        reply = api.post(path, body)
        tap.equal((reply.status, reply.field), (422, field), f"{path} {body} names the field")
    tap.equal(api.put("/staff/x", {"name": "y", "email": "x@example.org"}).field, "name", "another name than that of the address")
    tap.equal(api.post("/staff", {"name": "x", "email": "alice@example.org"}).problem, "exists", "an address is given once")
    tap.equal(api.put("/staff/carol", {"email": "alice@example.org"}).problem, "exists", "also by PUT")


def hours(api, booking):
    tap.equal(api.get("/staff/alice/hours").json, {}, "nobody has hours at first")
    tap.equal((api.put("/staff/alice/hours", HOURS).json, api.get("/staff/alice/hours").json), (HOURS, HOURS), "hours as given")
    tap.equal(booking.get("/staff/alice/hours").json, HOURS, "a key for bookings reads them")
    tap.equal((booking.put("/staff/alice/hours", {}).status, api.by(None).get("/staff/alice/hours").status), (403, 401), "and no more; the public does not")
    for body, field in (({"weekly": {"mon": [["9", "17:00"]]}}, "weekly.mon[0][0]"), ({"weekly": {"day": []}}, "weekly.day"),
                        ({"timezone": "Mars/Phobos"}, "timezone"), ({"overrides": [{"date": "2027-02-30", "hours": []}]}, "overrides[0].date"),
                        ({"hours": []}, "hours")):
        reply = api.put("/resources/room-1/hours", body)
        tap.check(reply.status == 422 and reply.field.startswith(field.partition("[")[0]), f"{body} names the field", reply)
    tap.equal((api.put("/resources/room-1/hours", {"weekly": {}}).status, api.get("/resources/room-1/hours").json), (200, {"weekly": {}}), "a room's")
    tap.equal((api.get("/staff/nobody/hours").status, api.put("/resources/alice/hours", {}).status), (404, 404), "nobody's")


def another_zone(site, api):
    """What stands in floating time moves with its owner."""
    floating = event("floating", "20270705T090000Z").replace("20270705T090000Z", "20270705T090000").replace("20270705T100000Z", "20270705T100000")
    tap.equal(put(site, "/dav/calendars/alice/work/floating.ics", floating).status, 201, "an event in floating time")
    api.put("/staff/alice", {"email": "alice@example.org", "timezone": "America/New_York"})
    site.slotkeeper("grant", "alice", "all", "read-free-busy")
    busy = site.request("GET", "/freebusy/alice?start=2027-07-05&end=2027-07-06").text
    tap.check("20270705T130000Z" in busy, "lies where its owner's zone says", busy)


def bookings_ahead(site, api):
    tap.equal(put(site, "/dav/calendars/alice/bookings/b.ics", event("b", "20270701T090000Z")).status, 201, "a booking")
    reply = api.delete("/staff/alice")
    tap.equal((reply.status, reply.problem), (409, "wrong-state"), "who has bookings ahead is not removed")


def jobs(site, api):
    site.request("DELETE", "/dav/calendars/alice/bookings/b.ics", user="alice")
    found = api.all("/jobs?kind=booking_cancelled", 1)
    tap.check(len(found) == 1 and found[0]["attempts"] == 0, "a booking that is deleted leaves a job to tell of it", found)
    tap.equal((api.all(f"/jobs?state={found[0]['state']}&kind=booking_cancelled"), api.all("/jobs?kind=nothing")), (found, []), "listed by state and kind")
    tap.check(found[0] in api.all("/jobs", 1), "in pages")
    path = f"/jobs/{found[0]['id']}"
    tap.equal((api.post(path + "/retry").status, api.delete(path).status, api.delete(path).status, api.post(path + "/retry").status), (204, 204, 404, 404),
              "tried again, given up")
    tap.equal([record["action"] for record in api.all("/audit") if record["kind"] == "job"], ["drop", "retry"], "which the audit log tells")
    tap.equal((api.get("/jobs?state=lazy").field, api.get("/jobs?cursor=abcd").field, api.by(None).get("/jobs").status),
              ("state", "cursor", 401), "refused")


def alerts(site, api):
    """People fall ill: a private event over a booking."""
    put(site, "/dav/calendars/alice/bookings/b2.ics", event("b2", "20270702T090000Z"))
    put(site, "/dav/calendars/alice/work/ill.ics", event("ill", "20270702T080000Z", "PT9H"))
    found = api.all("/alerts?state=open&member=alice", 1)
    tap.check(len(found) == 1 and (found[0]["event"], found[0]["booking"], found[0]["member"]) == ("ill", "b2", "alice"), "an alert", found)
    path = f"/alerts/{found[0]['id']}/resolve"
    tap.equal((api.post(path).status, api.post(path).problem, api.post("/alerts/x/resolve").status), (204, "wrong-state", 404), "somebody has seen to it")
    shown = api.all("/alerts")
    tap.check(shown[0]["state"] == "resolved" and shown[0]["resolved_by"].startswith("key "), "it is told who", shown)
    tap.equal((api.all("/alerts?state=open"), api.get("/alerts?member=bob").field), ([], "member"), "listed by state and member")
    tap.equal((api.get("/alerts?state=lazy").field, api.get("/alerts?cursor=abcd").field, api.by(None).get("/alerts").status), ("state", "cursor", 401), "refused")


def audit(site, api):
    records = [record for record in api.all("/audit") if record["target"] == "dave"]
    tap.equal([record["action"] for record in records], ["delete", "update", "update", "create"], "the audit log")
    tap.check(all("password" not in str(record) and "argon" not in str(record) for record in records), "knows no passwords", records)
    tap.check([(record["kind"], record["before"]) for record in api.all("/audit") if record["kind"] == "hours"][-1] == ("hours", None), "knows hours")


with Site(users=["alice"], resources=["room-1"], config='timezone = "Europe/Amsterdam"\n') as site:
    api = Api(site, tap, make_key(site))
    staff(site, api)
    resources(api)
    refusals(api)
    hours(api, api.by(make_key(site, "booking")))
    another_zone(site, api)
    bookings_ahead(site, api)
    jobs(site, api)
    alerts(site, api)
    audit(site, api)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
