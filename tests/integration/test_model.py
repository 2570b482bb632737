#!/usr/bin/python3
"""The server against a plain model: many clients do random things at once, others follow by sync reports, the server is
killed under them; every answer is the model's, and whenever they rest the server holds what the model holds.

Each writer has names and UIDs of its own in calendars that all share, and a calendar of its own, so that its model needs no
order among the writers, while the server's tables see them mixed. What a kill left unanswered may have happened or not, as
a whole.
"""
import datetime
import http.client
import os
import random
import re
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import D, ROOT, Multistatus, condition, event, propfind, put, report, sync  # noqa: E402
from server import Site, Tap  # noqa: E402

WRITERS = int(os.environ.get("WRITERS", "12"))
ROUNDS = int(os.environ.get("ROUNDS", "6"))
SECONDS = float(os.environ.get("SECONDS", "1.5"))  # of a round
SEED = int(os.environ.get("SEED", "1"))
FOLLOWERS = 6
SHARED = ("work", "more")
HOME = "/dav/calendars/alice/"
DAY = datetime.datetime(2027, 3, 1)
LOST = (OSError, http.client.HTTPException)
tap = Tap()


def made_event(chance, uid):
    """(text, the days of March on which it has an instance)"""
    day, count = chance.randrange(20), chance.choice((1, 1, 1, 5))
    rule = f"RRULE:FREQ=DAILY;COUNT={count}\r\n" if count > 1 else ""
    start = DAY + datetime.timedelta(days=day, hours=9)
    filler = f"DESCRIPTION:{'x' * chance.choice((1, 1, 300, 6000))}{chance.random()}\r\n"
    return event(uid, f"{start:%Y%m%dT%H%M%SZ}", more=rule + filler), set(range(day, day + count))


def uid_of(text):
    return re.search(r"^UID:(.*?)\r$", text, re.M)[1]


class Writer:
    """OBJECTS: path -> (text, days); OWN: whether its own calendar exists."""

    def __init__(self, site, number):
        self.site, self.number = site, number
        self.random = random.Random(SEED * 1000 + number)
        self.own, self.objects, self.etags = f"own-{number}", {}, {}
        self.own_exists = False
        self.names = [f"w{number}-{n}.ics" for n in range(4)]
        self.uids = [f"w{number}-uid-{n}" for n in range(4)]
        self.wrong, self.seen = [], {}
        self.unknown = None  # (what was asked, the other state that is possible)

    # ---- the model ----

    def exists(self, path):
        return path.split("/")[4] != self.own or self.own_exists

    def uid_elsewhere(self, uid, path, but=None):
        """Whether another resource of PATH's calendar has UID (RFC 4791, 5.3.2.1)."""
        place = path.rpartition("/")[0]
        return any(p.rpartition("/")[0] == place and p not in (path, but) and uid_of(t) == uid for p, (t, _) in self.objects.items())

    def path(self):
        return HOME + self.random.choice((*SHARED, self.own)) + "/" + self.random.choice(self.names)

    def condition_for(self, path):
        """(headers, whether they hold)"""
        kind = self.random.choice(("none", "none", "right", "stale", "new"))
        if kind == "right" and path in self.etags:
            return {"If-Match": self.etags[path]}, True
        if kind == "stale":
            return {"If-Match": '"of-no-version"'}, False
        if kind == "new":
            return {"If-None-Match": "*"}, path not in self.objects
        return {}, True

    # ---- the operations: (what is asked, wished status, the objects and the calendar after a success) ----

    def put(self):
        path = self.path()
        uid = self.random.choice(self.uids)
        if path in self.objects and self.random.random() < 0.8:
            uid = uid_of(self.objects[path][0])
        made = made_event(self.random, uid)
        headers, holds = self.condition_for(path)
        old = self.objects.get(path)
        if not self.exists(path):
            wished = 409
        elif not holds:
            wished = 412
        elif self.uid_elsewhere(uid, path) or (old and uid_of(old[0]) != uid):
            wished = 403
        else:
            wished = 204 if old else 201
        return ("PUT", path, made[0], {"Content-Type": "text/calendar", **headers}), wished, dict(self.objects, **{path: made})

    def delete(self):
        path = self.path()
        headers, holds = self.condition_for(path) if path in self.objects else ({}, True)
        after = {p: o for p, o in self.objects.items() if p != path}
        return ("DELETE", path, None, headers), 404 if path not in self.objects else 204 if holds else 412, after

    def transfer(self):
        method = self.random.choice(("MOVE", "MOVE", "COPY"))
        source = self.random.choice(list(self.objects)) if self.objects and self.random.random() < 0.9 else self.path()
        target, overwrite = self.path(), self.random.choice("TTF")
        if source == target:
            return self.delete()
        after, old = dict(self.objects), self.objects.get(target)
        if source not in self.objects:
            wished = 404
        else:
            uid = uid_of(self.objects[source][0])
            moved = source if method == "MOVE" else None
            after[target] = self.objects[source]
            if method == "MOVE":
                del after[source]
            if not self.exists(target):
                wished = 409
            elif old and overwrite == "F":
                wished = 412
            elif self.uid_elsewhere(uid, target, moved):
                wished = 403
            else:
                wished = 204 if old else 201
        return (method, source, None, {"Destination": target, "Overwrite": overwrite}), wished, after

    def calendar(self):
        place = f"{HOME}{self.own}/"
        if self.random.random() < 0.6:
            return ("MKCALENDAR", place, None, {}), 403 if self.own_exists else 201, self.objects, True
        after = {p: o for p, o in self.objects.items() if not p.startswith(place)}
        return ("DELETE", place, None, {}), 204 if self.own_exists else 404, after, False

    # ---- asking ----

    def run(self, until):
        while not until.is_set():
            try:
                if self.unknown is not None:
                    self.read_again()
                self.step()
            except LOST:
                time.sleep(0.02)

    def step(self):
        kind = self.random.choices((self.put, self.delete, self.transfer, self.calendar), (50, 15, 25, 8))[0]
        asked, wished, objects, *own = kind()
        own_exists = own[0] if own else self.own_exists
        method, path, body, headers = asked
        self.unknown = (asked[:2], objects if wished in (201, 204) else self.objects,
                        own_exists if wished in (201, 204) else self.own_exists)
        answer = self.site.request(method, path, body, "alice", headers)
        self.unknown = None
        self.seen[f"{method} {answer.status}"] = self.seen.get(f"{method} {answer.status}", 0) + 1
        if answer.status != wished:
            self.wrong.append(f"{method} {path} {headers}: {answer.status}, wished {wished}: {answer.text[:300]}")
            self.unknown = (asked[:2], objects, own_exists)
        elif wished in (201, 204):
            self.objects, self.own_exists = objects, own_exists
            self.etags = {p: e for p, e in self.etags.items() if p in objects and p != path}
            self.etags.pop(headers.get("Destination"), None)
            if method == "PUT" and "ETag" in answer.headers:
                self.etags[path] = answer.headers["ETag"]

    def read(self):
        """(path -> text, whether the own calendar is there), as the server has them."""
        texts, etags = {}, {}
        for place in (*SHARED, self.own):
            for name in self.names:
                answer = self.site.request("GET", f"{HOME}{place}/{name}", None, "alice")
                if answer.status == 200:
                    texts[f"{HOME}{place}/{name}"] = answer.text
                    etags[f"{HOME}{place}/{name}"] = answer.headers["ETag"]
        there = isinstance(propfind(self.site, f"{HOME}{self.own}/", "D:getetag"), Multistatus)
        self.etags = etags
        return texts, there

    def read_again(self):
        """After an answer that did not come: all of it has happened, or nothing."""
        asked, objects, own_exists = self.unknown
        seen = self.read()
        if seen == ({p: o[0] for p, o in objects.items()}, own_exists):
            self.objects, self.own_exists = objects, own_exists
        elif seen != ({p: o[0] for p, o in self.objects.items()}, self.own_exists):
            self.wrong.append(f"after {asked}: neither before nor after: {sorted(seen[0])} {seen[1]}")
        self.unknown = None

    def compare(self):
        if self.unknown is not None:
            self.read_again()
        texts, there = self.read()
        if there != self.own_exists or texts != {p: o[0] for p, o in self.objects.items()}:
            self.wrong.append(f"writer {self.number} has {sorted(self.objects)} {self.own_exists}, the server {sorted(texts)} {there}")


class Follower:
    """A client that knows a calendar, or which calendars there are, by sync reports alone, some of them limited."""

    def __init__(self, site, number):
        self.site, self.random = site, random.Random(SEED * 77 + number)
        self.path = (HOME + "work/", HOME + "more/", HOME)[number % 3]
        self.token, self.etags = "", {}
        self.wrong, self.reports = [], 0

    def step(self, limit=None):
        extra = "<D:sync-level>1</D:sync-level>"
        if limit:
            extra += f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>"
        answer = sync(self.site, self.path, self.token, extra)
        if answer.status != 207:
            self.wrong.append(f"sync from {self.token!r}: {answer.status} {condition(answer)}")
            self.token, self.etags = "", {}
            return False
        found = Multistatus(answer.body)
        self.reports += 1
        for href, (status, _) in found.responses.items():
            if status == 404:
                self.etags.pop(href, None)
            elif href != self.path:
                self.etags[href] = found.text(href, D + "getetag")
        self.token = found.token
        return found.responses.get(self.path, (None,))[0] == 507

    def run(self, until):
        while not until.is_set():
            try:
                self.step(self.random.choice((None, 1, 3, 10)))
                time.sleep(self.random.random() / 10)
            except LOST:
                time.sleep(0.02)

    def compare(self):
        for _ in range(1000):
            if not self.step(self.random.choice((None, 5))):
                break
        listed = {href: found[D + "getetag"][1].text for href, (_, found) in
                  propfind(self.site, self.path, "D:getetag", depth="1").responses.items() if href != self.path}
        if listed != self.etags:
            self.wrong.append(f"by reports {sorted(self.etags.items())}, listed {sorted(listed.items())}")


def queried(site, place, first, last):
    """The hrefs of events between two days of March, by the server."""
    begin, end = (f"{DAY + datetime.timedelta(days=d):%Y%m%dT%H%M%SZ}" for d in (first, last))
    answer = report(site, f"{HOME}{place}/", f'<C:calendar-query {ROOT}><D:prop><D:getetag/></D:prop><C:filter>'
                    f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="{begin}" end="{end}"/>'
                    '</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>')
    return set(Multistatus(answer.body).responses)


def compare(site, writers, followers, what):
    for one in (*writers, *followers):
        one.compare()
    tap.equal([w for writer in writers for w in writer.wrong][:10], [], f"{what}: answers and objects are the model's")
    tap.equal([w for follower in followers for w in follower.wrong][:10], [], f"{what}: those who follow by reports have it all")
    objects = {path: days for writer in writers for path, (_, days) in writer.objects.items()}
    for place in SHARED:
        mine = {path: days for path, days in objects.items() if path.startswith(f"{HOME}{place}/")}
        listed = set(propfind(site, f"{HOME}{place}/", "D:getetag", depth="1").responses) - {f"{HOME}{place}/"}
        tap.equal(listed, set(mine), f"{what}: {place} lists the model's {len(mine)}, and nothing else")
        wrong = [(a, b) for a, b in ((0, 1), (3, 5), (9, 10), (0, 30), (24, 40))
                 if queried(site, place, a, b) != {path for path, days in mine.items() if days & set(range(a, b))}]
        tap.equal(wrong, [], f"{what}: queries of {place} by time find the model's")
    tap.equal(site.slotkeeper("check", ok=None).returncode, 0, f"{what}: check finds nothing")


def one_round(site, everybody, kills):
    until = threading.Event()
    threads = [threading.Thread(target=one.run, args=(until,)) for one in everybody]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        time.sleep(SECONDS / 3)
        site.kill()
        site.start()
    time.sleep(SECONDS)
    until.set()
    for thread in threads:
        thread.join()


with Site(users=["alice"]) as the_site:
    the_site.request("MKCALENDAR", HOME + "more/", None, "alice")
    the_writers = [Writer(the_site, n) for n in range(WRITERS)]
    the_followers = [Follower(the_site, n) for n in range(FOLLOWERS)]
    for number in range(ROUNDS):
        kills_ = number % 3
        one_round(the_site, the_writers + the_followers, kills_)
        compare(the_site, the_writers, the_followers, f"round {number}, {kills_} kills")
    met = {}
    for the_writer in the_writers:
        for key, count in the_writer.seen.items():
            met[key] = met.get(key, 0) + count
    wished_ = {"PUT 201", "PUT 204", "PUT 403", "PUT 409", "PUT 412", "DELETE 204", "DELETE 404", "DELETE 412", "MOVE 201", "MOVE 204",
               "MOVE 403", "MOVE 404", "MOVE 409", "MOVE 412", "COPY 201", "COPY 403", "COPY 404", "COPY 409", "MKCALENDAR 201",
               "MKCALENDAR 403"}
    tap.check(wished_ <= set(met), "every kind of answer was met", sorted(met.items()))
    tap.check(all(f.reports > 20 for f in the_followers), "and reports were read meanwhile", [f.reports for f in the_followers])
    if os.environ.get("VERBOSE"):
        print("#", sum(met.values()), sorted(met.items()), [f.reports for f in the_followers])
tap.finish()
