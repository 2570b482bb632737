#!/usr/bin/python3
"""One person's flood of expensive requests, and one address' flood of guesses, beside somebody who only looks at his calendar."""
import http.client
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import ROOT, XML, event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
SECONDS = float(os.environ.get("FLOOD_SECONDS", "4"))
CONNECTIONS = 40
WORK = "/dav/calendars/{}/work/"
# Matches nothing, and can only find that out by reading every object.
EXPENSIVE = (f'{XML}<C:calendar-query {ROOT}><D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR">'
             '<C:comp-filter name="VEVENT"><C:prop-filter name="DESCRIPTION"><C:text-match>nowhere</C:text-match></C:prop-filter>'
             "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>")


class Flood:
    """Many connections that send one request after the other, and count what they are told."""

    def __init__(self, site, make):
        self.site, self.make, self.stop, self.statuses = site, make, threading.Event(), {}
        self.threads = [threading.Thread(target=self.run) for _ in range(CONNECTIONS)]

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=60)
        while not self.stop.is_set():
            try:
                connection.request(*self.make())
                answer = connection.getresponse()
                answer.read()
                self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            except (OSError, http.client.HTTPException):
                connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *failure):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def latencies(site, user):
    """How long a listing of a small calendar takes, again and again."""
    taken, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        status = site.request("PROPFIND", WORK.format(user), None, user, {"Depth": "1"}).status
        taken.append((time.monotonic() - began, status))
        time.sleep(0.01)
    return sorted(t for t, status in taken if status == 207), [status for _, status in taken if status != 207]


def quantile(values, q):
    return values[min(len(values) - 1, int(len(values) * q))]


with Site(users=["alice", "bob"], config="workers = 2\nmax-connections-per-address = 200\n") as the_site:
    for n in range(400):
        put(the_site, WORK.format("alice") + f"{n}.ics", event(f"e{n}", f"2027{1 + n % 12:02}10T090000Z"))
    put(the_site, WORK.format("bob") + "b.ics", event("b"), "bob")
    alone, _ = latencies(the_site, "bob")
    headers = {"Authorization": the_site.authorization("alice"), "Content-Type": "text/xml", "Depth": "1"}
    with Flood(the_site, lambda: ("REPORT", WORK.format("alice"), EXPENSIVE, headers)) as flood:
        beside, refused = latencies(the_site, "bob")
    one = sorted(flood.statuses)
    seen = (f"alone: median {quantile(alone, .5) * 1000:.1f} ms; beside the flood: median {quantile(beside, .5) * 1000:.1f} ms, "
            f"90% {quantile(beside, .9) * 1000:.1f} ms, {len(beside)} answers, refused {refused[:5]}; the flood was told {flood.statuses}")
    first = seen
    tap.check(not refused and beside, "somebody else is always served beside a flood", seen)
    # One of his waits for one or two of the flood's that run, never for the forty that wait.
    tap.check(beside and quantile(beside, .5) < 0.35 * CONNECTIONS * quantile(alone, .5) + 0.002, "and does not wait for all of it", seen)
    tap.check(set(one) <= {207, 503}, "the flood itself is answered, or told to come back", flood.statuses)
    guess = {"Authorization": "Basic YWxpY2U6d3Jvbmc=", "Depth": "0"}
    with Flood(the_site, lambda: ("PROPFIND", "/dav/", None, guess)) as flood:
        beside, refused = latencies(the_site, "bob")
    seen = f"{len(beside)} answers, median {quantile(beside, .5) * 1000:.1f} ms, refused {refused[:5]}; guesses were told {flood.statuses}"
    tap.check(not refused and len(beside) > 10, "who has signed in is served beside a flood of guesses", seen)
    tap.check(flood.statuses.get(401, 0) <= 30 and 429 in flood.statuses and set(flood.statuses) <= {401, 429, 503},
              "the guesses are throttled", flood.statuses)
    tap.check(the_site.process.poll() is None, "the server lives")
    if os.environ.get("SLOTKEEPER_VERBOSE"):
        print("# " + first)
        print("# " + seen)
tap.finish()
