#!/usr/bin/python3
"""Two hundred writers on one `bookings` calendar, and a server that is killed under them.

Every writer puts, moves and deletes events of its own at times that are equal, overlapping or adjacent to those of
the others, some asking for strict refusals, some for lenient ones. Whatever happens: no two live events overlap, what
was acknowledged is there, what was refused is not, and `slotkeeper check` finds nothing. In the second part the server
is killed with SIGKILL again and again while they write; an answer that never came may have either outcome, no other.
"""
import http.client
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap  # noqa: E402

WRITERS = 200
ROUNDS = int(os.environ.get("ROUNDS", "6"))  # operations of a writer
KILLS = int(os.environ.get("KILLS", "8"))
SLOTS = 60  # half hours that they fight for
BASE = time.mktime((2027, 3, 1, 8, 0, 0, 0, 0, 0)) - time.timezone
tap = Tap()


def stamp(seconds):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(BASE + seconds))


def event(uid, start, end, text):
    return (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//writers//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20270101T000000Z\r\nDTSTART:{stamp(start)}\r\nDTEND:{stamp(end)}\r\nSUMMARY:{text}\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n").encode()


class Writer(threading.Thread):
    """Knows, for its one UID, the set of states that the store may hold: None (gone) or a body."""

    def __init__(self, site, number, until):
        super().__init__(daemon=True)
        self.site, self.number, self.until = site, number, until
        self.random = random.Random(number * 7919 + 17)
        self.uid = f"writer-{number}@tests"
        self.path = f"/dav/calendars/alice/bookings/writer-{number}.ics"
        self.possible = {None}
        self.strict = number % 3 != 0
        self.counts = {"stored": 0, "refused": 0, "unknown": 0}
        self.wrong = []

    def run(self):
        for i in range(10 ** 6):
            if self.until.is_set() if self.until else i >= ROUNDS:
                return
            try:
                self.step(i)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)

    def step(self, i):
        if self.random.random() < 0.2:
            return self.delete()
        start = self.random.randrange(SLOTS) * 1800 + self.random.choice((0, 0, 0, 900))
        body = event(self.uid, start, start + self.random.choice((900, 1800, 3600)), f"{self.number}-{i}")
        before = set(self.possible)
        self.possible = before | {body}  # from the moment it is sent until it is answered
        self.counts["unknown"] += 1
        status, headers, _ = self.site.request("PUT", self.path, body, user="alice", headers={
            "Content-Type": "text/calendar", "Prefer": "handling=" + ("strict" if self.strict else "lenient")})
        self.counts["unknown"] -= 1
        if status in (200, 201, 204) and headers.get("ETag"):
            self.possible = {body}
            self.counts["stored"] += 1
        elif status in (201, 204) and not self.strict:
            self.possible = before | {"refused"}
            self.counts["refused"] += 1
        elif status == 403 and self.strict:
            self.possible = before
            self.counts["refused"] += 1
        else:
            self.possible = before
            self.wrong.append(f"PUT answered {status}")

    def delete(self):
        before = set(self.possible)
        self.possible = before | {None}
        status, _, _ = self.site.request("DELETE", self.path, user="alice")
        if status in (204, 404):
            self.possible = {None}
        else:
            self.possible = before
            self.wrong.append(f"DELETE answered {status}")


def line(body, name):
    for text in body.decode().splitlines():
        if text.startswith(name + ":"):
            return text[len(name) + 1:]
    return None


def check_outcome(site, writers, what):
    live = []
    for writer in writers:
        status, _, body = site.request("GET", writer.path, user="alice")
        if status == 404:
            state = None
        elif line(body, "STATUS") == "CANCELLED":
            state = "refused"
        else:
            state = body
            live.append((line(body, "DTSTART"), line(body, "DTEND"), writer.number))
        if state not in writer.possible:
            writer.wrong.append(f"the store holds {state!r}, possible were {writer.possible!r}")
        writer.possible = {state}
    live.sort()
    overlaps = [(a, b) for a, b in zip(live, live[1:]) if b[0] < a[1]]
    tap.check(not overlaps, f"{what}: no two live events overlap", f"{overlaps}")
    wrong = [f"writer {w.number}: {text}" for w in writers for text in w.wrong]
    tap.check(not wrong, f"{what}: every acknowledged write is there, nothing else", "\n".join(wrong[:20]))
    totals = {key: sum(w.counts[key] for w in writers) for key in writers[0].counts}
    tap.check(totals["stored"] > 0 and totals["refused"] > 0, f"{what}: there were winners and losers", f"{totals}")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, f"{what}: slotkeeper check finds nothing", done.stdout + done.stderr)


def race(site):
    writers = [Writer(site, n, None) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    tap.check(not any(w.is_alive() for w in writers), "race: every writer got its answers")
    check_outcome(site, writers, "race")
    return writers


def kills(site):
    end = threading.Event()
    writers = [Writer(site, n, end) for n in range(1000, 1000 + WRITERS)]
    for writer in writers:
        writer.start()
    chance = random.Random(4)
    for _ in range(KILLS):
        time.sleep(0.3 + chance.random() * 0.7)
        site.kill()
        site.start()
    time.sleep(0.3)
    end.set()
    for writer in writers:
        writer.join(60)
    check_outcome(site, writers, f"{KILLS} kills")


with Site(users=["alice"]) as the_site:
    race(the_site)
    kills(the_site)
tap.finish()
