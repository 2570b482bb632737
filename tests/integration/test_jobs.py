#!/usr/bin/python3
"""The queue of jobs: its commands, on the store and in the running server; and that a job inside its update is done once,
however often the server is killed under it. The job is `touch`: the new ETag of a refused booking that was put off."""
import json
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import event, propfind, put  # noqa: E402
from server import Site, Tap, wait_for  # noqa: E402

OBJECTS = int(os.environ.get("OBJECTS", "40"))
BOOKINGS = "/dav/calendars/alice/bookings/"
TIMERS = ("expired_holds", "horizon", "prune")
TOUCHES = 10  # a minute; one more is put off
tap = Tap()


def jobs(site, *words):
    return json.loads(site.slotkeeper("jobs", "list", "--json", *words).stdout)


def path(i):
    return f"{BOOKINGS}b{i}.ics"


def etag(site, i):
    return site.request("GET", path(i), user="alice").headers["ETag"]


def put_off(site, i):
    """Booking I is refused so often that its last new ETag is put off."""
    day = f"{1 + i % 28:02}"
    put(site, path(i), event(f"b{i}", f"202704{day}T{10 + i // 28:02}0000Z"))
    for _ in range(TOUCHES + 1):
        answer = put(site, path(i), event(f"b{i}", "20270310T090000Z"))
    return answer


def pending(site):
    return [job for job in jobs(site, "--kind", "touch") if '"pending":true' in job["payload"]]


def refused(site, words, status, part, name):
    done = site.slotkeeper(*words, ok=None)
    tap.check(done.returncode == status and part in done.stderr and done.stdout == "", name,
              f"exit {done.returncode}\n{done.stdout}{done.stderr}")


def commands(site):
    tap.equal(sorted(job["kind"] for job in jobs(site)), ["expired_holds", "horizon", "prune"], "the jobs that come again are there")
    put_off(site, 0)
    job = pending(site)[0]
    tap.check(job["state"] == "ready" and job["attempts"] == 0 and job["last_error"] is None and job["lease_end"] is None
              and job["request"] is None, "a put-off touch is listed", f"{job}")
    told = jobs(site, "--kind", "refusal_notice")
    tap.check(len(told) == 1 and told[0]["request"], "word to a person waits, with the request that caused it", f"{told}")
    tap.equal(jobs(site, "--state", "dead"), [], "none is dead")
    lines = site.slotkeeper("jobs", "list").stdout.splitlines()
    tap.check(len(lines) == len(jobs(site)) and any(re.match(rf"{job['id']} +touch +ready +\S+Z +0 ", line) for line in lines),
              "a line each", "\n".join(lines))
    refused(site, ["jobs", "list", "--state", "late"], 2, "none of ready", "a state that there is not")
    refused(site, ["jobs", "retry", "x"], 2, "no number", "no number of a job")
    refused(site, ["jobs", "retry", "999"], 1, "no job 999", "a job that there is not")
    before = etag(site, 0)
    site.slotkeeper("jobs", "retry", str(job["id"]))
    tap.check(wait_for(lambda: etag(site, 0) != before), "jobs retry has it done at once")
    tap.equal(pending(site), [], "and struck out")
    site.slotkeeper("jobs", "drop", str(told[0]["id"]))
    tap.equal(jobs(site, "--kind", "refusal_notice"), [], "jobs drop takes one out")
    refused(site, ["jobs", "drop", str(told[0]["id"])], 1, "there is no job", "once")
    status = json.loads(site.slotkeeper("status", "--json").stdout)
    tap.check(status["jobs"] == len(jobs(site)) and status["jobs_dead"] == 0, "status counts them", f"{status}")
    wished = 'slotkeeper_jobs{kind="prune",state="ready"} 1\n'
    tap.check(wait_for(lambda: wished in site.request("GET", "/metrics").text), "the metrics count them",
              site.request("GET", "/metrics").text)
    tap.check("slotkeeper_jobs_run_total" in site.request("GET", "/metrics").text, "and their runs")


def change_number(site):
    """Of the calendar, as its sync token tells it."""
    token = propfind(site, BOOKINGS, "D:sync-token").text(BOOKINGS, "{DAV:}sync-token")
    return int(token.rpartition("-")[2])


def killed(site):
    """Many are due at once; the server is killed again and again while it works on them."""
    for i in range(1, OBJECTS):
        put_off(site, i)
    waiting = pending(site)
    tap.equal(len(waiting), OBJECTS - 1, "a job for each")
    before = [etag(site, i) for i in range(OBJECTS)]
    number = change_number(site)
    site.stop()
    for job in waiting:
        site.slotkeeper("jobs", "retry", str(job["id"]))
    kills = interrupted = 0
    chance = random.Random(11)
    while kills < 60:
        site.start()
        time.sleep(chance.random() * 0.004)
        site.kill()
        left = len(pending(site))
        kills += 1
        interrupted += 0 < left < len(waiting)
        if left == 0:
            break
    site.start()
    tap.check(wait_for(lambda: not pending(site), 60), f"after {kills} kills, {interrupted} of them in the middle, all are done",
              f"{pending(site)}")
    after = [etag(site, i) for i in range(OBJECTS)]
    tap.check(all(a != b for a, b in zip(before[1:], after[1:])), "each has its new ETag")
    tap.equal(change_number(site) - number, OBJECTS - 1, "and each got one alone")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)
    timers = [job for job in jobs(site) if job["kind"] in TIMERS]
    tap.check(len(timers) == len(TIMERS) and all(job["state"] in ("ready", "running") for job in timers),
              "the jobs that come again are there, once each", f"{timers}")


with Site(users=["alice"]) as site:
    put(site, BOOKINGS + "a.ics", event("a", "20270310T090000Z"))
    commands(site)
    killed(site)
    tap.equal(site.stop(), 0, "SIGTERM ends it well")
    tap.equal(len(jobs(site, "--kind", "horizon")), 1, "jobs list works on the store itself")
tap.finish()
