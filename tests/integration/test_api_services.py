#!/usr/bin/python3
"""Services over the API: made, shown, replaced, removed; what the public sees of them."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import Api, make_key  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
DEFAULTS = {"buffer_before_minutes": 0, "buffer_after_minutes": 0, "buffer_combine": "add", "buffers_within_hours": False,
            "assignment": "any", "weights": {}, "resources": [], "slot_step_minutes": 30, "slot_align": "wall", "min_notice_minutes": 0,
            "min_notice_days": 0, "horizon_days": 365, "max_per_day": 0, "capacity": 1, "tentative_blocks": True,
            "series_max_conflicts": 0, "series_max_conflict_percent": 0, "location": "", "preparation": "", "price": "", "ask_phone": False,
            "video": "none", "timezone": "Europe/Amsterdam", "cancel_notice_minutes": 0, "reminders_minutes": [1440],
            "on_decline": "cancel", "public": True}
HAIRCUT = {"name": "Haircut, short", "duration_minutes": 30, "staff": ["alice", "bob"]}
FULL = {**HAIRCUT, "id": "full", "buffer_before_minutes": 5, "buffer_after_minutes": 10, "buffer_combine": "max",
        "buffers_within_hours": True, "assignment": "round_robin", "weights": {"alice": 2}, "resources": [{"pool": "chair", "count": 2}, {"id": "room-1"}],
        "slot_step_minutes": 15, "slot_align": "window", "min_notice_minutes": 60, "min_notice_days": 1, "horizon_days": 30, "max_per_day": 4,
        "capacity": 3, "tentative_blocks": False, "series_max_conflicts": 1, "series_max_conflict_percent": 10, "location": "Main street",
        "preparation": "Bring\na towel", "price": "20 EUR", "ask_phone": True, "video": "zoom", "timezone": "America/New_York",
        "cancel_notice_minutes": 120, "reminders_minutes": [60, 1440], "on_decline": "keep", "public": False}


def life(api):
    made = api.post("/services", HAIRCUT)
    tap.equal((made.status, made.headers["Location"]), (201, "/api/v1/services/haircut-short"), "a service is made, its id from its name")
    tap.equal(made.json, {**DEFAULTS, **HAIRCUT, "id": "haircut-short"}, "it is shown with the defaults")
    tap.equal(api.get("/services/haircut-short").json, made.json, "and stays so")
    again = api.post("/services", HAIRCUT)
    tap.equal((again.status, again.problem), (409, "exists"), "once")
    full = api.put("/services/full", FULL)
    tap.equal((full.status, full.json), (201, FULL), "every field is kept")
    tap.equal((api.put("/services/full", FULL).status, api.put("/services/full", HAIRCUT).json),
              (200, {**DEFAULTS, **HAIRCUT, "id": "full"}), "PUT replaces the whole")
    api.put("/services/full", FULL)
    one = api.post("/services", {"name": "One", "duration_minutes": 60, "staff": ["alice"]}).json
    tap.equal(one["assignment"], "fixed", "one member: fixed")
    tap.equal([service["id"] for service in api.all("/services", 1)], ["full", "haircut-short", "one"], "listed by id, in pages")
    tap.equal((api.delete("/services/one").status, api.delete("/services/one").status, api.get("/services/one").status), (204, 404, 404),
              "removed")


def refusals(api):
    for change, field in (({"name": None}, "name"), ({"duration_minutes": None}, "duration_minutes"), ({"staff": None}, "staff"),
                          ({"duration_minutes": 0}, "duration_minutes"), ({"duration_minutes": "30"}, "duration_minutes"),
                          ({"staff": []}, "staff"), ({"staff": ["nobody"]}, "staff[0]"), ({"staff": ["alice", "room-1"]}, "staff[1]"),
                          ({"staff": ["alice", "alice"]}, "staff[1]"), ({"resources": [{"id": "nothing"}]}, "resources[0].id"),
                          ({"resources": [{"id": "alice"}]}, "resources[0].id"), ({"resources": [{"pool": "chair", "count": 3}]}, "resources[0].pool"),
                          ({"resources": [{}]}, "resources[0]"), ({"timezone": "Mars/Phobos"}, "timezone"), ({"id": "a/b"}, "id"),
                          ({"name": "!!!"}, "id"), ({"assignment": "fixed"}, "assignment"), ({"assignment": "random"}, "assignment"),
                          ({"weights": {"carol": 1}}, "weights.carol"), ({"colour": "red"}, "colour"), ({"public": 1}, "public")):
        body = {key: value for key, value in {**HAIRCUT, **change}.items() if value is not None}
        reply = api.post("/services", body)
        tap.equal((reply.status, reply.problem, reply.field), (422, "invalid", field), f"{change} names the field")
    reply = api.put("/services/other", FULL)
    tap.equal((reply.status, reply.field), (422, "id"), "an id that is not the address")
    tap.equal((api.put("/services/a%2Fb", HAIRCUT).status, api.put("/services/-x", HAIRCUT).status), (422, 422), "an address that is no id")


def public(api, booking):
    nobody = api.by(None)
    seen = nobody.all("/services")
    tap.check([service["id"] for service in seen] == ["haircut-short"] and "weights" not in seen[0], "the public sees what is public", seen)
    tap.equal((nobody.get("/services/full").status, nobody.get("/services/full").json), (404, nobody.get("/services/none").json),
              "what is not is as if it were not there")
    tap.check("weights" not in nobody.get("/services/haircut-short").json, "without weights")
    tap.check(booking.get("/services/full").json["weights"] == {"alice": 2}, "a key sees all")
    for reply in (nobody.post("/services", HAIRCUT), nobody.put("/services/full", FULL), nobody.delete("/services/full")):
        tap.equal(reply.status, 401, "the public changes nothing")
    for reply in (booking.post("/services", HAIRCUT), booking.put("/services/full", FULL), booking.delete("/services/full")):
        tap.equal(reply.status, 403, "nor does a key for bookings")


def limits(site):
    """Of the address, not of a key."""
    api = Api(site, tap)
    statuses = [api.get("/services").status for _ in range(12)]
    tap.equal(statuses, [200] * 10 + [429] * 2, "ten at once, and no more")
    reply = api.get("/services/haircut-short")
    tap.check(reply.problem == "rate-limited" and 1 <= int(reply.headers["Retry-After"]) <= 6, "when to come again", reply)
    tap.equal({api.by(make_key(site)).get("/services").status for _ in range(30)}, {200}, "keys are not counted")
    tap.equal(api.get("/openapi.json").status, 200, "nor is the description")
    elsewhere = site.request("GET", "/api/v1/services", headers={"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"})
    tap.equal(elsewhere.status, 200, "another address is counted by itself")


def audit(api):
    records = [record for record in api.all("/audit") if record["kind"] == "service" and record["target"] == "one"]
    tap.equal([record["action"] for record in records], ["delete", "create"], "the audit log has both")
    tap.check(records[0]["before"] == records[1]["after"] and records[0]["after"] is None and records[1]["before"] is None
              and records[1]["after"]["name"] == "One", "with what was before and after", records)


with Site(users=["alice", "bob"], resources=["room-1"], config='timezone = "Europe/Amsterdam"\nrate-limit-slots = 0\n') as site:
    for name in ("chair-1", "chair-2"):
        site.slotkeeper("resource", "add", name, "--pool", "chair", "--kind", "equipment")
    api = Api(site, tap, make_key(site))
    life(api)
    refusals(api)
    public(api, api.by(make_key(site, "booking")))
    audit(api)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
with Site(config='rate-limit-slots = 10\ntrusted-proxies = {"127.0.0.1"}\n') as site:
    limits(site)
tap.finish()
