#!/usr/bin/python3
"""The same request twice is one booking: keys, their answers, races, a restart between the two."""
import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import ZONE, at, book, business, make_key, monday  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
DAY = monday()


def count(api):
    return len(api.all("/bookings"))


def the_same(first, second, name):
    tap.check((first.status, first.body, first.headers["Location"]) == (second.status, second.body, second.headers["Location"]) and
              first.headers["Content-Type"] == second.headers["Content-Type"] and second.headers["Idempotent-Replayed"] == "true", name, f"{first}\n{second}")


def again(api):
    nobody = api.by(None)
    first = book(nobody, at(DAY, "09:00"), Idempotency_Key="one", notes="some \\u0001 notes")
    second = book(nobody, at(DAY, "09:00"), Idempotency_Key="one", notes="some \\u0001 notes")
    the_same(first, second, "the same request with its key: the same answer, the token too")
    tap.equal((first.status, count(api)), (201, 1), "and one booking")
    tap.equal(nobody.by(second.json["manage_token"]).get(f"/bookings/{first.json['id']}").status, 200, "whose token is good")
    other = book(nobody, at(DAY, "09:30"), Idempotency_Key="one")
    tap.equal((other.status, other.problem, count(api)), (422, "idempotency", 1), "another request with that key")
    tap.equal(book(nobody, at(DAY, "09:00"), notes="some \\u0001 notes").json["staff"], ["bob"], "without a key it is another booking")
    return first


def refusals(api):
    first = book(api, at(DAY, "09:00"), Idempotency_Key="late")
    tap.equal((first.status, first.problem), (409, "slot-taken"), "a refusal")
    api.delete(f"/bookings/{api.all('/bookings')[0]['id']}")
    the_same(first, book(api, at(DAY, "09:00"), Idempotency_Key="late"), "is kept, although the time is free by now")
    tap.equal(book(api, at(DAY, "09:00"), Idempotency_Key="later").status, 201, "another key is another request")
    wrong = book(api, at(DAY, "10:00"), Idempotency_Key="wrong", seats=0)
    right = book(api, at(DAY, "10:00"), Idempotency_Key="wrong")
    tap.equal((wrong.status, right.status), (422, 201), "what was wrong is not kept: the key is good for the request put right")
    for key in ("", "x" * 256):
        tap.equal(book(api, at(DAY, "11:00"), Idempotency_Key=key).status, 400, f"a key of {len(key)} bytes")


def scopes(api):
    booking = api.by(make_key(api.site, "booking"))
    first = book(api, at(DAY, "10:30"), Idempotency_Key="shared")
    second = book(booking, at(DAY, "10:30"), Idempotency_Key="shared")
    tap.check(first.status == second.status == 201 and first.json["id"] != second.json["id"], "keys are each API key's own", second)


def changes(api, first):
    path = f"/bookings/{first.json['id']}"
    body = {"start": at(DAY, "11:30")}
    api.patch(path, {"status": "cancelled"})
    live = book(api, at(DAY, "11:00")).json
    path = f"/bookings/{live['id']}"
    one, two = api.patch(path, body, Idempotency_Key="move"), api.patch(path, body, Idempotency_Key="move")
    tap.check(one.status == two.status == 200 and one.body == two.body and api.get(path).json["version"] == 2, "PATCH carries one too", two)
    tap.equal(api.delete(path, Idempotency_Key="move").problem, "idempotency", "DELETE is another request")
    one, two = api.delete(path, Idempotency_Key="end"), api.delete(path, Idempotency_Key="end")
    tap.check(one.status == 200 and one.body == two.body, "and may have its own", two)


def at_once(api):
    """Twenty of the same at the same time: the later ones wait for the first, and get its answer."""
    before = count(api)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: book(api, at(monday(3), "09:00"), Idempotency_Key="race"), range(20)))
    tap.equal((len({reply.body for reply in replies}), {reply.status for reply in replies}, count(api)), (1, {201}, before + 1), "a race: one booking, one answer")


def after_a_crash(site, api):
    first = book(api, at(monday(3), "10:00"), Idempotency_Key="crash")
    site.kill()
    site.start()
    the_same(first, book(api, at(monday(3), "10:00"), Idempotency_Key="crash"), "after a crash it is known")


def no_token_in_the_store(site, first):
    with open(os.path.join(site.data, "data.mdb"), "rb") as store:
        tap.check(first.json["manage_token"].encode() not in store.read(), "the store never had the token")


with Site(users=["alice", "bob"], config=f'timezone = "{ZONE}"\nrate-limit-bookings = 0\n') as site:
    api = business(site, tap)
    first = again(api)
    refusals(api)
    scopes(api)
    changes(api, first)
    at_once(api)
    after_a_crash(site, api)
    no_token_in_the_store(site, first)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
