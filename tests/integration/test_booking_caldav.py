#!/usr/bin/python3
"""A booking in calendar apps: moved, refused, edited, deleted and taken back, reassigned; and what the API then says of it."""
import datetime
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import at, book, business, monday  # noqa: E402
from dav import condition, event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
DAY = monday()
TAKEN = "{urn:slotkeeper}slot-unavailable"


def utc(text):
    return datetime.datetime.fromisoformat(text).astimezone(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def path(user, booking, calendar="bookings"):
    return f"/dav/calendars/{user}/{calendar}/{booking['uid']}.ics"


def moved(text, start, end):
    text = re.sub(r"DTSTART[^\r]*", "DTSTART:" + utc(start), text)
    return re.sub(r"DTEND[^\r]*", "DTEND:" + utc(end), text)


def etag(site, where, user="alice"):
    return site.request("GET", where, user=user).headers.get("ETag")


def moves(site, api):
    booking = book(api, at(DAY, "09:00"), staff="alice").json
    where = path("alice", booking)
    before = site.request("GET", where, user="alice")
    answer = put(site, where, moved(before.text, at(DAY, "20:00"), at(DAY, "21:00")), If_Match=before.headers["ETag"])
    tap.check(answer.status == 204 and "ETag" not in answer.headers, "moved out of hours, and made longer", answer)
    now = api.get(f"/bookings/{booking['id']}").json
    tap.equal((now["start"], now["end"], now["version"]), (at(DAY, "20:00"), at(DAY, "21:00"), 2), "which the API sees")
    tap.equal(book(api, at(DAY, "09:00"), staff="alice").status, 201, "and its time is free")
    return booking


def refused(site, api, booking):
    where = path("alice", booking)
    before = site.request("GET", where, user="alice")
    wish = moved(before.text, at(DAY, "09:00"), at(DAY, "09:30"))
    answer = put(site, where, wish, Prefer="handling=strict")
    tap.check(answer.status == 403 and condition(answer) == [TAKEN] and b'reason="staff_busy"' in answer.body, "strict: refused", answer)
    tap.check(answer.body.count(b"<slotkeeper:alternative ") >= 3 and b"<slotkeeper:conflict " in answer.body, "with alternatives", answer)
    tap.check(answer.headers.get("Preference-Applied") == "handling=strict" and "ETag" not in answer.headers, "and without ETag", answer)
    tap.equal(etag(site, where), before.headers["ETag"], "nothing has changed")
    answer = put(site, where, wish, If_Match=before.headers["ETag"])
    tap.check(answer.status == 204 and "ETag" not in answer.headers, "lenient: a success without ETag", answer)
    tap.check(etag(site, where) != before.headers["ETag"], "under a new ETag")
    tap.equal(site.request("GET", where, user="alice").text, before.text, "as it was")
    tap.equal(put(site, where, wish, If_Match=before.headers["ETag"]).status, 412, "a repeat with the old one")
    tap.equal(api.get(f"/bookings/{booking['id']}").json["start"], at(DAY, "20:00"), "the booking stays")


def edited(site, booking):
    where = path("alice", booking)
    text = site.request("GET", where, user="alice").text
    mine = text.replace("SUMMARY:", "SUMMARY:My own ", 1)
    mine = re.sub(r"ATTENDEE[^\r]*\r\n( [^\r]*\r\n)*", "", mine)
    tap.equal(put(site, where, mine).status, 204, "edited, and the customer left out")
    text = site.request("GET", where, user="alice").text
    tap.check("SUMMARY:My own " in text and "kim@example.org" in text.replace("\r\n ", ""), "who is in it is restored, the rest stays", text)


def taken_back(site, api, booking):
    where = path("alice", booking)
    text = site.request("GET", where, user="alice").text
    tap.equal(site.request("DELETE", where, user="alice").status, 204, "deleted")
    tap.equal(api.get(f"/bookings/{booking['id']}").json["status"], "cancelled", "it is cancelled")
    tap.equal(put(site, where, moved(text, at(DAY, "11:30"), at(DAY, "12:00"))).status, 201, "put again within a minute")
    now = api.get(f"/bookings/{booking['id']}").json
    tap.equal((now["status"], now["start"]), ("confirmed", at(DAY, "11:30")), "it was a move")


def reassigned(site, api, booking):
    answer = site.request("MOVE", path("alice", booking), None, "boss", {"Destination": site.url + path("bob", booking)})
    tap.equal(answer.status, 201, "an administrator moves it to bob")
    tap.equal(api.get(f"/bookings/{booking['id']}").json["staff"], ["bob"], "whose it is")
    tap.equal(site.request("GET", path("alice", booking), user="alice").status, 404, "and not alice's")
    text = site.request("GET", path("bob", booking), user="bob").text
    answer = put(site, path("alice", booking).replace(".ics", "-copy.ics"), text, Prefer="handling=strict")
    tap.check(answer.status == 403, "alice cannot take it by its UID", answer)
    tap.equal(put(site, path("bob", booking, "work"), text, "bob").status, 201, "bob keeps it in another calendar")
    tap.equal(site.request("GET", path("bob", booking), user="bob").status, 404, "where it lives now")
    tap.equal(book(api, at(DAY, "11:30"), staff="bob").status, 409, "and is a booking still")
    tap.equal(site.request("DELETE", path("bob", booking, "work"), user="bob").status, 204, "deleted there")
    tap.equal(api.get(f"/bookings/{booking['id']}").json["status"], "cancelled", "it is cancelled")


def own(site, api):
    start = at(DAY, "10:00")
    tap.equal(put(site, "/dav/calendars/alice/bookings/own.ics", event("own", utc(start))).status, 201, "an event of one's own")
    listed = [entry for entry in api.get(f"/bookings?from={DAY}&to={DAY + datetime.timedelta(days=1)}").json["items"] if entry["uid"] == "own"]
    tap.check(len(listed) == 1 and listed[0]["service"] is None and listed[0]["customer"] is None, "is a booking without service", listed)
    tap.equal(book(api, start, staff="alice").status, 409, "and holds its time")


with Site(users=["alice", "bob"], admins=["boss"], config='timezone = "Europe/Amsterdam"\nrate-limit-bookings = 0\n') as site_:
    api_ = business(site_, tap)
    booking_ = moves(site_, api_)
    refused(site_, api_, booking_)
    edited(site_, booking_)
    taken_back(site_, api_, booking_)
    reassigned(site_, api_, booking_)
    own(site_, api_)
    done = site_.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)
tap.finish()
