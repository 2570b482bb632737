#!/usr/bin/python3
"""What the command line does with services, holidays and bookings: in the running server, and on the store itself."""
import json
import os
import sys
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap  # noqa: E402

tap = Tap()
ZONE = ZoneInfo("Europe/Amsterdam")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = json.dumps({"timezone": "Europe/Amsterdam", "weekly": {day: [["09:00", "17:00"]] for day in DAYS}})
DAY = date.today() + timedelta(days=20)
CUT = {"name": "Hair cut", "duration_minutes": 30, "staff": ["alice", "bob"], "resources": [{"id": "chair"}]}
TALK = {"id": "talk", "name": "Talk", "duration_minutes": 60, "staff": ["bob"]}


def at(hour, minute=0, day=DAY):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).isoformat()


def book(site, key, service, start, staff):
    body = {"service": service, "start": start, "staff": staff, "customer": {"name": "Kim", "email": "kim@example.org"}}
    answer = site.request("POST", "/api/v1/bookings", json.dumps(body),
                          headers={"Authorization": "Bearer " + key, "Content-Type": "application/json"})
    if answer.status != 201:
        raise RuntimeError(f"booking: {answer.status} {answer.text}")
    return json.loads(answer.body)


def listed(site, *words):
    return [booking["id"] for booking in json.loads(site.slotkeeper("booking", "list", "--json", *words).stdout)]


def refused(site, words, status, part, name, stdin=None):
    done = site.slotkeeper(*words, ok=None, stdin=stdin)
    tap.check(done.returncode == status and part in done.stderr and done.stdout == "", name,
              f"exit {done.returncode}\n{done.stdout}{done.stderr}")


def services(site):
    tap.equal(site.slotkeeper("service", "add", stdin=json.dumps(CUT)).stdout, "hair-cut\n", "service add prints the id")
    site.slotkeeper("service", "add", stdin=json.dumps(TALK))
    shown = json.loads(site.slotkeeper("service", "show", "hair-cut").stdout)
    tap.check(shown["resources"] == [{"id": "chair", "count": 1}] or shown["resources"] == [{"id": "chair"}],
              "service show has what was given", f"{shown}")
    tap.equal((shown["slot_step_minutes"], shown["assignment"]), (30, "any"), "service show has the defaults")
    tap.equal([s["id"] for s in json.loads(site.slotkeeper("service", "list", "--json").stdout)], ["hair-cut", "talk"],
              "service list --json")
    tap.check("talk" in site.slotkeeper("service", "list").stdout, "service list")
    refused(site, ["service", "add"], 1, "already", "service add: an id is given once", json.dumps(TALK))
    site.slotkeeper("service", "add", "--replace", stdin=json.dumps(dict(TALK, price="10")))
    tap.equal(json.loads(site.slotkeeper("service", "show", "talk").stdout)["price"], "10", "service add --replace")
    refused(site, ["service", "add"], 2, "staff[0]", "service add: nobody of that name",
            json.dumps(dict(TALK, id="x", staff=["carol"])))
    refused(site, ["service", "add"], 2, "duration", "service add: wrong JSON names the field",
            json.dumps(dict(TALK, id="x", duration_minutes="60")))
    refused(site, ["service", "show", "x"], 1, "no service x", "service show: none")
    refused(site, ["service", "remove", "x"], 1, "no service x", "service remove: none")


def holidays(site, where):
    dates = {"dates": [DAY.isoformat()]}
    tap.equal(json.loads(site.slotkeeper("holidays", "show").stdout), {"dates": []}, f"{where}: no holidays at first")
    site.slotkeeper("holidays", "set", stdin=json.dumps(dates) + "\n")
    tap.equal(json.loads(site.slotkeeper("holidays", "show").stdout), dates, f"{where}: holidays set, show")
    why = json.loads(explain(site, at(9), "--json"))
    tap.equal(why["reason"], "outside_hours", f"{where}: a holiday closes")
    refused(site, ["holidays", "set"], 2, "dates", f"{where}: wrong holidays", '{"dates": ["Christmas"]}')
    site.slotkeeper("holidays", "set", stdin='{"dates": []}')
    log = json.loads(site.slotkeeper("audit", "--json", "--limit", "2").stdout)
    tap.equal([(entry["kind"], entry["who"]) for entry in log], [("holidays", "operator")] * 2, f"{where}: audit of holidays")


def explain(site, start, *words, service="hair-cut"):
    return site.slotkeeper("explain", "--service", service, "--at", start, *words).stdout


def explained(site, where):
    tap.equal(explain(site, at(9)), "free, with bob\n", f"{where}: explain: a free time")
    tap.equal(json.loads(explain(site, f"{DAY}T09:00", "--staff", "alice", "--json"))["reason"], "staff_busy",
              f"{where}: explain: wall time, a name")
    why = json.loads(explain(site, at(9, 10), "--json"))
    tap.check(why["reason"] == "misaligned" and len(why["alternatives"]) == 3, f"{where}: explain: alternatives", f"{why}")
    tap.check(explain(site, at(6)).startswith("not offered: outside_hours\ninstead "), f"{where}: explain for people")
    refused(site, ["explain", "--service", "x", "--at", at(9)], 1, "no service x", f"{where}: explain: no service")
    refused(site, ["explain", "--service", "talk", "--at", "noon"], 2, "--at: ", f"{where}: explain: no time")
    refused(site, ["explain", "--service", "talk", "--at", at(9), "--staff", "alice"], 2, "--staff: ",
            f"{where}: explain: somebody else")


def lists(site, first, second, where):
    tap.equal(listed(site), [first, second], f"{where}: booking list, by time")
    tap.equal(listed(site, "--staff", "bob"), [second], f"{where}: --staff")
    tap.equal(listed(site, "--service", "hair-cut"), [first], f"{where}: --service")
    tap.equal(listed(site, "--from", str(DAY), "--to", str(DAY + timedelta(days=1))), [first], f"{where}: --from, --to")
    tap.equal(listed(site, "--from", str(DAY + timedelta(days=1))), [second], f"{where}: --from")
    tap.equal(listed(site, "--status", "held"), [], f"{where}: --status")
    line = site.slotkeeper("booking", "list").stdout.splitlines()[0]
    tap.check(line.startswith(f"{first} {at(9)} confirmed") and "alice" in line, f"{where}: a line for people", line)
    refused(site, ["booking", "list", "--from", "May"], 2, "--from", f"{where}: no date")
    refused(site, ["booking", "list", "--status", "lost"], 2, "--status", f"{where}: no status")
    refused(site, ["booking", "show", "lost"], 1, "no booking lost", f"{where}: booking show: none")
    refused(site, ["booking", "cancel", "lost"], 1, "no booking lost", f"{where}: booking cancel: none")


def is_in_calendar(site, name, uid):
    return site.request("GET", f"/dav/calendars/{name}/bookings/{uid}.ics", user=name).status == 200


def told(site, booking):
    """The newest word to the customer that waits for the mail."""
    jobs = json.loads(site.slotkeeper("jobs", "list", "--json", "--kind", "booking_notice").stdout)
    payloads = [json.loads(job["payload"]) for job in jobs]
    return [payload["news"] for payload in payloads if payload["booking"] == booking]


with Site(users=["alice", "bob"], resources=["chair"], config="timezone = Europe/Amsterdam\n") as the_site:
    for name in ("alice", "bob"):
        the_site.slotkeeper("hours", "set", name, stdin=HOURS)
    services(the_site)
    KEY = the_site.slotkeeper("apikey", "create", "--role", "admin").stdout.strip()
    one = book(the_site, KEY, "hair-cut", at(9), "alice")
    two = book(the_site, KEY, "talk", at(11, day=DAY + timedelta(days=1)), "bob")
    the_site.stop()
    lists(the_site, one["id"], two["id"], "stopped")
    explained_at = the_site.slotkeeper("explain", "--service", "hair-cut", "--at", at(9)).stdout
    tap.check(explained_at.startswith("not offered: "), "stopped: the chair is taken", explained_at)
    the_site.start()
    lists(the_site, one["id"], two["id"], "live")
    shown = json.loads(the_site.slotkeeper("booking", "show", one["id"]).stdout)
    tap.check(shown["customer"]["email"] == "kim@example.org" and "manage_token" not in shown, "booking show", f"{shown}")
    refused(the_site, ["service", "remove", "hair-cut"], 1, "lie ahead", "service remove: a booking lies ahead")
    refused(the_site, ["resource", "remove", "chair"], 1, "lie ahead", "resource remove: a booking lies ahead")
    the_site.slotkeeper("service", "remove", "hair-cut", "--force")
    tap.equal(json.loads(the_site.slotkeeper("booking", "show", one["id"]).stdout)["status"], "cancelled",
              "service remove --force cancels")
    tap.check(not is_in_calendar(the_site, "alice", one["uid"]), "service remove --force: the event goes")
    tap.equal(told(the_site, one["id"]), ["cancelled"], "service remove --force: the customer is told")
    the_site.slotkeeper("service", "add", stdin=json.dumps(CUT))
    three = book(the_site, KEY, "hair-cut", at(9), "alice")
    the_site.slotkeeper("service", "add", "--replace", stdin=json.dumps(dict(CUT, resources=[])))
    explained(the_site, "live")
    holidays(the_site, "live")
    the_site.stop()
    explained(the_site, "stopped")
    holidays(the_site, "stopped")
    the_site.slotkeeper("resource", "remove", "chair", "--force")
    tap.equal(json.loads(the_site.slotkeeper("booking", "show", three["id"]).stdout)["status"], "cancelled",
              "resource remove --force cancels what is booked with it")
    refused(the_site, ["user", "remove", "bob"], 1, "lie ahead", "user remove: a booking lies ahead")
    the_site.slotkeeper("booking", "cancel", two["id"], "--reason", "ill")
    shown = json.loads(the_site.slotkeeper("booking", "show", two["id"]).stdout)
    tap.equal((shown["status"], shown["reason"]), ("cancelled", "ill"), "booking cancel --reason")
    the_site.slotkeeper("booking", "cancel", two["id"])
    the_site.slotkeeper("user", "remove", "bob")
    tap.equal(listed(the_site, "--status", "cancelled"), [one["id"], three["id"], two["id"]], "all of them are cancelled")
    the_site.slotkeeper("service", "remove", "talk")
    done = the_site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0 and " 0 disagreements" in done.stdout, "check", done.stdout)
    the_site.start()
tap.finish()
