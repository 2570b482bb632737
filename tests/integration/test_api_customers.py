#!/usr/bin/python3
"""What a customer may do with his token, and how often an address may ask."""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import KIM, ZONE, Api, at, book, business, make_key, monday  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
DAY = monday()


def one_s_own(api):
    mine, other = book(api.by(None), at(DAY, "09:00")).json, book(api.by(None), at(DAY, "09:30"), customer={**KIM, "name": "Lou"}).json
    path, token = f"/bookings/{mine['id']}", mine["manage_token"]
    customer, nobody = api.by(token), api.by(None)
    tap.equal((customer.get(path).json["customer"]["name"], nobody.get(f"{path}?manage={token}").json["id"]), ("Kim", mine["id"]),
              "read with the token, in either place")
    for method in ("get", "delete"):
        reply = getattr(customer, method)(f"/bookings/{other['id']}")
        absent = getattr(customer, method)("/bookings/none")
        tap.equal((reply.status, reply.json), (404, absent.json), f"{method}: another's is as if it were not there")
    tap.equal(customer.patch(f"/bookings/{other['id']}", {"staff": "bob"}).status, 404, "also for a change")
    tap.equal((nobody.get(path).status, nobody.delete(path).status, nobody.patch(path, {"staff": "bob"}).status), (401, 401, 401), "nothing without a token")
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    tap.equal((api.by(wrong).get(path).status, nobody.get(f"{path}?manage={wrong}").status), (401, 401), "or with a wrong one")
    moved = customer.patch(path, {"start": at(DAY, "10:00")})
    tap.equal((moved.status, moved.json["start"]), (200, at(DAY, "10:00")), "moved by himself")
    tap.equal((customer.patch(path, {"status": "completed"}).status, customer.patch(path, {"start": at(DAY, "13:00"), "force": True}).status), (403, 403),
              "what is the business's to say")
    tap.equal([customer.get(where).status for where in ("/bookings", "/audit", "/staff", "/staff/alice/hours", "/holidays")], [401] * 5, "nothing else")
    tap.equal((nobody.delete(f"{path}?manage={token}").json["status"], customer.get(path).json["status"]), ("cancelled", "cancelled"), "cancelled by himself")
    tap.check("weights" not in json.dumps(customer.get(path).json), "no weights")
    who = [record["who"] for record in api.all("/audit") if record["target"] == mine["id"]]
    tap.check(who[0].startswith("customer ") and who[-1].startswith("address "), "the audit log knows who it was", who)
    return token


def too_late(api):
    api.put("/services/late", {"name": "Late", "duration_minutes": 30, "staff": ["alice"], "cancel_notice_minutes": 60 * 24 * 366})
    booking = api.by(None).post("/bookings", {"service": "late", "start": at(DAY, "11:00"), "customer": KIM}).json
    path = f"/bookings/{booking['id']}"
    customer = api.by(booking["manage_token"])
    for reply in (customer.delete(path), customer.patch(path, {"start": at(DAY, "11:30")})):
        tap.equal((reply.status, reply.problem), (409, "too-late"), "within the notice of the service")
    tap.equal(api.delete(path).status, 200, "the business still may")


def a_session(api):
    """Customers who share one do not learn of one another."""
    api.put("/services/class", {"name": "Class", "duration_minutes": 60, "slot_step_minutes": 60, "staff": ["bob"], "capacity": 3})
    tuesday = DAY + datetime.timedelta(days=1)
    first, second = (api.by(None).post("/bookings", {"service": "class", "start": at(tuesday, "10:00"), "customer": {"name": name, "email": name + "@example.org"}}).json
                     for name in ("Ann", "Ben"))
    shown = api.by(first["manage_token"]).get(f"/bookings/{first['id']}")
    tap.check(b"Ben" not in shown.body and shown.json["customer"]["name"] == "Ann", "each sees himself", shown)
    tap.equal(api.by(first["manage_token"]).get(f"/bookings/{second['id']}").status, 404, "and himself alone")
    api.by(first["manage_token"]).delete(f"/bookings/{first['id']}")
    tap.equal(api.get(f"/bookings/{second['id']}").json["status"], "confirmed", "who cancels, cancels for himself")


def no_secret(site, token):
    with open(site.log, errors="replace") as log:
        text = log.read()
    tap.check(token not in text and "/api/v1/bookings" in text, "no token in the log, at its most talkative", text[-2000:])


def limits(site):
    api = business(site, tap)
    nobody = Api(site, tap)
    replies = [book(nobody, at(DAY, "09:00")) for _ in range(5)]
    tap.equal([reply.status for reply in replies], [201, 201, 409, 429, 429], "bookings from one address")
    tap.check(int(replies[-1].headers["Retry-After"]) > 0 and replies[-1].problem == "rate-limited", "when to come again", replies[-1])
    token = replies[0].json["manage_token"]
    tap.equal(api.by(token).delete(f"/bookings/{replies[0].json['id']}").status, 429, "changes count too")
    tap.equal(api.by(token).get(f"/bookings/{replies[0].json['id']}").status, 200, "reading does not")
    tap.equal([book(api.by(make_key(site, "booking")), at(DAY, "10:00")).status for _ in range(5)], [201, 201, 409, 409, 409], "keys are not counted")


with Site(users=["alice", "bob"], config=f'timezone = "{ZONE}"\nrate-limit-bookings = 0\nlog-level = debug\n') as site:
    api = business(site, tap)
    token = one_s_own(api)
    too_late(api)
    a_session(api)
    no_secret(site, token)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
with Site(users=["alice", "bob"], config=f'timezone = "{ZONE}"\nrate-limit-bookings = 3\n') as site:
    limits(site)
tap.finish()
