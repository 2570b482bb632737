#!/usr/bin/python3
"""A private event over a booking: the alert on the command line, other times that are really free, and that somebody has
seen to it."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

HOME = "/dav/calendars/alice/"
tap = Tap()


def alerts(site, *words):
    return json.loads(site.slotkeeper("alert", "list", "--json", *words).stdout)


def refused(site, words, status, part, name):
    done = site.slotkeeper(*words, ok=None)
    tap.check(done.returncode == status and part in done.stderr and done.stdout == "", name,
              f"exit {done.returncode}\n{done.stdout}{done.stderr}")


def open_alerts(site):
    return json.loads(site.slotkeeper("status", "--json").stdout)["alerts"]


with Site(users=["alice"]) as site:
    put(site, HOME + "bookings/a.ics", event("a", "20270310T090000Z"))
    tap.equal(alerts(site), [], "none to begin with")
    answer = put(site, HOME + "work/ill.ics", event("ill", "20270310T093000Z", "PT3H"))
    tap.equal(answer.status, 201, "a private event over a booking is stored")
    seen = alerts(site)
    tap.check(len(seen) == 1 and (seen[0]["member"], seen[0]["calendar"], seen[0]["event"], seen[0]["booking"]) ==
              ("alice", "work", "ill", "a") and seen[0]["start"] == "2027-03-10T09:00:00Z", "and raises one alert", f"{seen}")
    tap.equal(open_alerts(site), 1, "status counts it")
    line = site.slotkeeper("alert", "list").stdout
    tap.check("open     alice 2027-03-10T09:00:00Z booking a, under ill in work\n" in line and "free: " in line,
              "as two lines for people", line)
    refused(site, ["alert", "list", "--state", "old"], 2, "neither open", "a state that there is not")
    refused(site, ["alert", "resolve", "99"], 1, "no alert 99", "an alert that there is not")
    number = str(seen[0]["id"])
    site.slotkeeper("alert", "resolve", number)
    refused(site, ["alert", "resolve", number], 1, "is resolved", "it is resolved once")
    resolved = alerts(site, "--state", "resolved")
    tap.check(alerts(site) == [] and len(resolved) == 1 and resolved[0]["resolved_by"] == "operator"
              and resolved == alerts(site, "--all"), "somebody has seen to it", f"{resolved}")
    told = json.loads(site.slotkeeper("audit", "--json").stdout)
    tap.check(any(one["kind"] == "alert" and one["action"] == "resolve" and one["target"] == number for one in told),
              "the audit log says so", f"{told}")
    put(site, HOME + "work/ill.ics", event("ill", "20270310T094500Z", "PT2H"))
    tap.equal(alerts(site), [], "the same two at the same time: it stays resolved")
    free = seen[0]["alternatives"]
    tap.check(len(free) == 5, "five other times", f"{free}")
    moved = put(site, HOME + "bookings/a.ics", event("a", free[0]["start"].replace("-", "").replace(":", "")),
                Prefer="handling=strict")
    tap.equal(moved.status, 204, "the first of them is free")
    tap.equal(alerts(site, "--all"), [], "with the booking elsewhere it is gone")
    put(site, HOME + "work/long.ics", event("long", "20270301T000000Z", "P20D"))
    tap.equal(open_alerts(site), 1, "and comes back under another event")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)
    site.stop()
    tap.equal(len(alerts(site)), 1, "alert list works on the store itself")
tap.finish()
