#!/usr/bin/python3
"""Nobody is booked twice: many clients at once ask, by CalDAV, the API and the pages, for times that are equal, overlap or
only touch; of people, rooms, pools of chairs, classes with so many places.

In the first part every contest has one known outcome: so many winners, no more and no fewer, and whoever loses lies over
somebody who won. What losers are offered instead is free: not over anything that was acknowledged before they asked, and
in the quiet afterwards each offer is taken, one after the other. In the second part the server is killed with SIGKILL
again and again; whoever got no answer asks again with the same key. Then everybody has what he was told, once, every
booking lies in the calendars of all its people and rooms, and `slotkeeper check` finds nothing.

CLIENTS=300 ROUNDS=5 KILLS=60 is the long form (make race); SEED chooses another history.
"""
import datetime
import http.client
import os
import random
import re
import resource
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import Api, make_key  # noqa: E402
from browser import Browser  # noqa: E402
from server import Site, Tap  # noqa: E402

CLIENTS = int(os.environ.get("CLIENTS", "60"))  # of one contest; all contests run at once
ROUNDS = int(os.environ.get("ROUNDS", "1"))
KILLS = int(os.environ.get("KILLS", "5"))
SEED = int(os.environ.get("SEED", "1"))
STAFF, ROOMS = ["alice", "bob", "carol", "dave"], ["room-1", "chair-1", "chair-2"]
WHOLE_WEEK = {"timezone": "UTC", "weekly": {day: [["08:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}}
SERVICES = [
    {"id": "solo", "duration_minutes": 60, "staff": ["alice"], "assignment": "fixed"},
    {"id": "cut", "duration_minutes": 30, "staff": ["bob", "carol", "dave"], "resources": [{"pool": "chair", "count": 1}]},
    {"id": "class", "duration_minutes": 60, "staff": ["dave"], "capacity": 5},
    {"id": "duo", "duration_minutes": 60, "staff": ["bob", "carol"], "assignment": "collective", "resources": [{"id": "room-1"}]},
    {"id": "careful", "duration_minutes": 30, "staff": ["carol"], "buffer_after_minutes": 30},
]
BUFFER = {"careful": 30}
UTC = datetime.timezone.utc
LATER = datetime.datetime(2027, 6, 21, 9, 0, tzinfo=UTC)  # beyond what the rounds use
MONDAY = datetime.datetime(2027, 4, 5, 9, 0, tzinfo=UTC)
PATIENCE = 120  # seconds that a client waits for the server to come back
tap = Tap()


def minutes(n):
    return datetime.timedelta(minutes=n)


def basic(at):
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def read_basic(text):
    return datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def overlap(a, b):
    return a[0] < b[1] and b[0] < a[1]


def event(uid, start, end):
    return (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//race//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20270101T000000Z\r\nDTSTART:{basic(start)}\r\nDTEND:{basic(end)}\r\nSUMMARY:race\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n").encode()


# ---- one client's wish, through one door ----

class ComeBack(OSError):
    """503: the server is full and has done nothing."""


def answered(answer):
    if answer.status == 503:
        raise ComeBack(503)
    return answer


class Ask:
    """
    Asks for a time. State: None, "won" or "lost"; members: whose time it takes, when that is known; offers: what the refusal
    offered, each with the members that it names, start and end.
    """

    buffer = 0

    def __init__(self, members, start, length):
        self.members, self.start, self.end = members, start, start + minutes(length)
        self.state, self.offers, self.wrong = None, [], None
        self.sent = self.answered = 0.0

    def span(self):
        """With the time that is kept free behind it."""
        return self.start, self.end + minutes(self.buffer)

    def prepare(self, site):
        """What comes before the race."""

    def ask(self, site):
        self.sent = time.monotonic()
        self.send(site)
        self.answered = time.monotonic()


class CalDavAsk(Ask):
    """A new event in a `bookings` calendar, with strict handling."""

    count = 0

    def __init__(self, member, start, length):
        super().__init__([member], start, length)
        self.member = member
        CalDavAsk.count += 1
        self.uid = f"race-{CalDavAsk.count}@tests"
        self.path = f"/dav/calendars/{member}/bookings/{self.uid}.ics"

    def send(self, site):
        status, _, body = answered(site.request("PUT", self.path, event(self.uid, self.start, self.end), "boss",
                                                {"Content-Type": "text/calendar", "Prefer": "handling=strict"}))
        if status in (201, 204):
            self.state = "won"
        elif status == 403 and b"slot-unavailable" in body:
            self.state = "lost"
            self.offers = [([self.member], read_basic(start), read_basic(end)) for start, end in
                           re.findall(r'alternative start="(\w+)" end="(\w+)"', body.decode())]
        else:
            self.wrong = f"PUT {self.path} answered {status} {body[:300]}"

    def again(self):
        return CalDavAsk(self.member, self.start, (self.end - self.start).total_seconds() // 60)

    def offered(self, offer):
        _, start, end = offer
        return CalDavAsk(self.member, start, (end - start).total_seconds() // 60)

    def move(self, site, start, _):
        """To another time; when that is taken it stays where it is."""
        other = CalDavAsk(self.member, start, (self.end - self.start).total_seconds() // 60)
        other.uid, other.path = self.uid, self.path
        other.ask(site)
        if other.state == "won":
            self.start, self.end = other.start, other.end
        self.wrong = self.wrong or other.wrong
        return other.state

    def there(self, calendars, _):
        return calendars[self.member].get(self.uid)

    def withdraw(self, site):
        """Also when an answer that never came did it already."""
        return answered(site.request("DELETE", self.path, user="boss")).status in (204, 404)


class ServiceAsk(Ask):
    count = 0

    def __init__(self, service, start, staff=None, seats=1, hold=False):
        row = next(row for row in SERVICES if row["id"] == service)
        super().__init__(row["staff"] if len(row["staff"]) == 1 or service == "duo" else [], start, row["duration_minutes"])
        self.service, self.staff, self.seats, self.hold = service, staff, seats, hold
        self.buffer = BUFFER.get(service, 0)
        ServiceAsk.count += 1
        self.key = f"race-{SEED}-{ServiceAsk.count}"
        self.booking = None

    def offered(self, offer):
        return ApiAsk(self.service, offer[1], offer[0][0] if offer[0] else self.staff, self.seats)


class ApiAsk(ServiceAsk):
    """A booking over the API, with a key under which it may be asked again."""

    def send(self, site):
        body = {"service": self.service, "start": self.start.isoformat(), "seats": self.seats, "hold": self.hold, "notes": self.key,
                "customer": {"name": "Kim", "email": "kim@example.org"}}
        if self.staff:
            body["staff"] = self.staff
        reply = answered(site.api.post("/bookings", body, Idempotency_Key=self.key))
        if reply.status == 201:
            self.state, self.booking = "won", reply.json
            self.members = reply.json["staff"] + reply.json["resources"]
        elif reply.problem == "slot-taken" and reply.json["reason"] in ("staff_busy", "resource_busy", "full"):
            self.state = "lost"
            self.offers = [(offer["staff"] if len(offer["staff"]) == 1 else [], datetime.datetime.fromisoformat(offer["start"]),
                            datetime.datetime.fromisoformat(offer["end"])) for offer in reply.json["alternatives"]]
        else:
            self.wrong = f"POST answered {reply}"

    def again(self):
        """The same wish under another key."""
        return ApiAsk(self.service, self.start, self.staff, self.seats)

    def move(self, site, start, key):
        reply = answered(site.api.patch(f"/bookings/{self.booking['id']}", {"start": start.isoformat()}, Idempotency_Key=key))
        if reply.status == 200:
            self.start, self.end = start, start + (self.end - self.start)
        elif reply.problem != "slot-taken":
            self.wrong = f"PATCH answered {reply}"
        return "won" if reply.status == 200 else "lost"

    def there(self, _, bookings):
        """When it is, in the list of bookings, where each key stands once."""
        found = [one for one in bookings if one["notes"] == self.key and one["status"] == "confirmed"]
        return tuple(datetime.datetime.fromisoformat(found[0][name]) for name in ("start", "end")) if found else None

    def confirm(self, site):
        reply = site.api.post(f"/bookings/{self.booking['id']}/confirm")
        return reply.status == 200 and reply.json["status"] == "confirmed"

    def withdraw(self, site):
        return answered(site.api.delete(f"/bookings/{self.booking['id']}")).status == 200


class PageAsk(ServiceAsk):
    """A booking on the pages, by somebody whose form was open already."""

    def prepare(self, site):
        self.browser = Browser(site)
        self.browser.get(f"/book/{self.service}?" + urllib.parse.urlencode({"start": self.start.isoformat()}))

    def send(self, site):
        answer = self.browser.send({"name": "Kim", "email": "kim@example.org", "notes": self.key})
        if answer.status == 303:
            self.state = "won"
        elif answer.status == 409:
            self.state = "lost"
            buttons = len(self.browser.page.forms[-1][2])
            if buttons < 3:
                self.wrong = f"{buttons} other times on the page"
        else:
            self.wrong = f"the page answered {answer.status} {answer.text[-300:]}"

    def again(self):
        return ApiAsk(self.service, self.start, self.staff, self.seats)


# ---- contests: all asks of one round at the same moment ----

class Contest:
    """WINNERS: how many there must be; None: it depends on who came first, but losers lie over winners."""

    def __init__(self, name, asks, winners=None):
        self.name, self.asks, self.winners = name, asks, winners

    def won(self):
        return [ask for ask in self.asks if ask.state == "won"]

    def lost(self):
        return [ask for ask in self.asks if ask.state == "lost"]


def every_door(at, chance):
    door = chance.choice(("caldav", "api", "hold", "page"))
    if door == "caldav":
        return CalDavAsk("alice", at, 60)
    return PageAsk("solo", at) if door == "page" else ApiAsk("solo", at, hold=door == "hold")


def contests(monday, chance):
    """Each has a day of its own; what they offer lies in all days."""
    days = [monday + datetime.timedelta(days=n) for n in range(14)]

    def many(make):
        return [make() for _ in range(CLIENTS)]

    return [
        Contest("a room at one time", many(lambda: CalDavAsk("room-1", days[0], 60)), 1),
        Contest("a person at times that overlap", many(lambda: CalDavAsk("carol", days[1] + minutes(10 * chance.randrange(12)), 60))),
        Contest("a chair at times of every length", many(lambda: CalDavAsk("chair-1", days[2] + minutes(15 * chance.randrange(8)),
                                                                           15 * chance.randrange(1, 9)))),
        Contest("a person at times that only touch", [CalDavAsk("dave", days[3] + minutes(30 * n), 30) for n in range(16)], 16),
        Contest("a person at one time, by every door", many(lambda: every_door(days[4], chance)), 1),
        Contest("a person at times that overlap, by every door",
                many(lambda: every_door(days[5] + minutes(30 * chance.randrange(6)), chance))),
        Contest("three people with two chairs", many(lambda: ApiAsk("cut", days[6])), 2),
        Contest("a class of five", many(lambda: ApiAsk("class", days[7])), 5),
        Contest("a class of five, in pairs", many(lambda: ApiAsk("class", days[8], seats=2)), 2),
        Contest("two people and a room at one time", many(lambda: ApiAsk("duo", days[9])), 1),
        Contest("two people and a room at times that overlap",
                many(lambda: ApiAsk("duo", days[10] + minutes(30 * chance.randrange(6))))),
        Contest("a person who keeps time free behind", many(lambda: ApiAsk("careful", days[11] + minutes(30 * chance.randrange(8))))),
        Contest("three people with two chairs, one of them named", many(lambda: ApiAsk("cut", days[12], staff="bob")), 1),
    ]


def run_all(site, asks):
    """Everybody at once."""
    gate = threading.Barrier(len(asks))
    for ask in asks:
        ask.prepare(site)

    def run(ask):
        gate.wait()
        try:
            while True:
                try:
                    return ask.ask(site)
                except ComeBack:
                    time.sleep(0.1)
        except (OSError, http.client.HTTPException) as error:
            ask.wrong = f"no answer: {error!r}"

    threads = [threading.Thread(target=run, args=(ask,), daemon=True) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


def judge(contest, what):
    name = f"{what}: {contest.name}"
    wrong = [ask.wrong for ask in contest.asks if ask.wrong or ask.state is None]
    tap.check(not wrong, f"{name}: all have an answer", "\n".join(str(text) for text in wrong[:10]))
    won, lost = contest.won(), contest.lost()
    if contest.winners is not None:
        tap.equal(len(won), contest.winners, f"{name}: so many win, no more and no fewer")
    else:
        needless = [ask.span() for ask in lost if not any(overlap(ask.span(), other.span()) for other in won)]
        tap.check(won and not needless, f"{name}: whoever loses lies over somebody who won", f"{needless}")
        double = [(a.span(), b.span()) for i, a in enumerate(won) for b in won[i + 1:] if overlap(a.span(), b.span())]
        tap.check(not double, f"{name}: no two winners overlap", f"{double}")
    return won, lost


def judge_offers(contest, everybody, what):
    """An offer never lies over what was acknowledged before the loser asked."""
    few, taken = [], []
    for ask in contest.lost():
        if len(ask.offers) < 3 and not isinstance(ask, PageAsk):  # which has counted its buttons
            few.append((ask.span(), ask.offers))
        for members, start, end in ask.offers:
            taken += [(ask.span(), members, start) for other in everybody if other.state == "won" and set(members) & set(other.members)
                      and other.answered < ask.sent and overlap(other.span(), (start, end))]
    name = f"{what}: {contest.name}"
    tap.check(not few, f"{name}: every loser has three offers at least", f"{few[:5]}")
    tap.check(not taken, f"{name}: none lies over what was acknowledged before", f"{taken[:5]}")


def take_offers(site, contest, what):
    """In the quiet afterwards every single offer can be had."""
    if not contest.lost():
        return
    loser = contest.lost()[0]
    loser = loser.again()
    loser.ask(site)
    refused = []
    for offer in loser.offers:
        other = loser.offered(offer)
        other.ask(site)
        if other.state != "won":
            refused.append((offer, other.wrong))
        elif not other.withdraw(site):
            refused.append((offer, "could not be given back"))
    tap.check(loser.state == "lost" and len(loser.offers) >= 3 and not refused,
              f"{what}: {contest.name}: asked again, each offer can be had", f"{loser.state} {refused}")


# ---- what is there ----

def unfolded(body):
    return body.decode().replace("\r\n ", "").replace("\r\n", "\n")


def calendar(site, member):
    """The live events of his bookings: {UID: (start, end)}."""
    status, _, body = site.request("GET", f"/dav/calendars/{member}/bookings/", user="boss")
    if status != 200:
        raise RuntimeError(f"the calendar of {member}: {status}")
    found = {}
    for text in re.findall(r"BEGIN:VEVENT\n(.*?)END:VEVENT", unfolded(body), re.S):
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if fields.get("STATUS") != "CANCELLED":
            times = {name.partition(";")[0]: value for name, value in fields.items()}
            found[fields["UID"]] = read_basic(times["DTSTART"]), read_basic(times["DTEND"])
    return found


def confirm_holds(site, asks, what):
    held = [ask for ask in asks if ask.state == "won" and getattr(ask, "hold", False)]
    refused = [ask.span() for ask in held if not ask.confirm(site)]
    tap.check(not refused, f"{what}: each of {len(held)} holds can be confirmed", f"{refused}")


def judge_bookings(site, what):
    """All that there are. Every booking lies in the calendars of all its people and rooms, and no class has more places than it has."""
    there = {member: calendar(site, member) for member in STAFF + ROOMS}
    halves, seats = [], {}
    everything = site.api.all("/bookings?from=2027-04-01&to=2027-07-01")
    bookings = [one for one in everything if one["status"] == "confirmed" and one["service"]]
    for one in bookings:
        span = tuple(datetime.datetime.fromisoformat(one[name]) for name in ("start", "end"))
        halves += [(one["uid"], member) for member in one["staff"] + one["resources"] if there[member].get(one["uid"]) != span]
        key = (one["service"], one["uid"])
        seats[key] = seats.get(key, 0) + one["seats"]
        wished = {"cut": (1, 1), "duo": (2, 1)}.get(one["service"], (1, 0))
        if (len(one["staff"]), len(one["resources"])) != wished:
            halves.append((one["uid"], one["staff"], one["resources"]))
    tap.check(bookings and not halves, f"{what}: each of {len(bookings)} bookings lies in all its calendars", f"{halves[:5]}")
    full = {key: count for key, count in seats.items() if count > (5 if key[0] == "class" else 1)}
    tap.check(not full, f"{what}: no class is overfull, and nothing else is shared", f"{full}")
    return everything


def judge_calendars(site, what):
    double = []
    for member in STAFF + ROOMS:
        rows = sorted((span, uid) for uid, span in calendar(site, member).items())
        double += [(member, a, b) for a, b in zip(rows, rows[1:]) if overlap(a[0], b[0])]
    tap.check(not double, f"{what}: in no calendar do two overlap", f"{double[:5]}")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, f"{what}: check finds nothing", done.stdout + done.stderr)


def race(site, chance):
    for number in range(ROUNDS):
        what = f"round {number + 1}"
        held = contests(MONDAY + datetime.timedelta(days=14 * number), chance)
        everybody = [ask for contest in held for ask in contest.asks]
        chance.shuffle(everybody)
        run_all(site, everybody)
        for contest in held:
            judge(contest, what)
            judge_offers(contest, everybody, what)
        confirm_holds(site, everybody, what)
        for contest in held:
            take_offers(site, contest, what)
        judge_calendars(site, what)
        judge_bookings(site, what)


# ---- kills ----

class Stubborn(threading.Thread):
    """Makes wishes one after the other and takes some back; asks again until it has an answer."""

    def __init__(self, site, number, end):
        super().__init__(daemon=True)
        self.site, self.number, self.end = site, number, end
        self.chance = random.Random(SEED * 1000 + number)
        self.asks, self.held, self.given_back, self.moves = [], [], [], []
        self.retries = 0

    def until_answered(self, fn):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return fn()
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise
                self.retries += 1
                time.sleep(0.02)

    def some_time(self):
        """In three working days; on the grid of services every other time."""
        return LATER + datetime.timedelta(days=self.chance.randrange(3)) + minutes(15 * self.chance.randrange(24))

    def give_back(self):
        ask = self.held.pop(self.chance.randrange(len(self.held)))
        if not self.until_answered(lambda: ask.withdraw(self.site)):
            ask.wrong = "could not be given back"
        self.given_back.append(ask)

    def move(self):
        ask, start, key = self.chance.choice(self.held), self.some_time(), f"move-{self.number}-{len(self.moves)}"
        if isinstance(ask, ApiAsk):
            start = start.replace(minute=start.minute // 30 * 30)
        self.moves.append(self.until_answered(lambda: ask.move(self.site, start, key)))

    def some_wish(self):
        start = self.some_time()
        if self.number % 2:
            return CalDavAsk(self.chance.choice(STAFF + ROOMS), start, self.chance.choice((15, 30, 60)))
        return ApiAsk(self.chance.choice(SERVICES)["id"], start.replace(minute=start.minute // 30 * 30))

    def wish(self):
        ask = self.some_wish()
        self.until_answered(lambda: ask.ask(self.site))
        self.asks.append(ask)
        if ask.state == "won":
            self.held.append(ask)

    def run(self):
        while not self.end.is_set():
            if not self.held or self.chance.random() < 0.5:
                self.wish()
            elif self.chance.random() < 0.6:
                self.give_back()
            else:
                self.move()


def kills(site, chance):
    end = threading.Event()
    clients = [Stubborn(site, n, end) for n in range(3 * CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(0.2 + chance.random() * 0.6)
        site.kill()
        site.start()
    time.sleep(0.2)
    end.set()
    for client in clients:
        client.join(PATIENCE)
    what = f"{KILLS} kills"
    asks = [ask for client in clients for ask in client.asks]
    wrong = [ask.wrong for ask in asks if ask.wrong]
    tap.check(not wrong and not any(client.is_alive() for client in clients), f"{what}: all have an answer", "\n".join(wrong[:10]))
    won, lost = sum(ask.state == "won" for ask in asks), sum(ask.state == "lost" for ask in asks)
    moves = [move for client in clients for move in client.moves]
    retries = sum(client.retries for client in clients)
    tap.check(won > 0 and lost > 0 and retries > 0,
              f"{what}: {won} won, {lost} lost, {len(moves)} moves tried, {retries} asked again after silence")
    judge_calendars(site, what)
    bookings = judge_bookings(site, what)
    keys = [one["notes"] for one in bookings if one["notes"]]
    tap.equal(sorted({key for key in keys if keys.count(key) > 1}), [], f"{what}: nobody has two for one wish")
    calendars = {member: calendar(site, member) for member in STAFF + ROOMS}
    held = [ask for client in clients for ask in client.held]
    missing = [(ask.members, ask.start, ask.there(calendars, bookings)) for ask in held
               if ask.there(calendars, bookings) != (ask.start, ask.end)]
    tap.check(not missing, f"{what}: what was acknowledged is there, and where it was said to be", f"{missing[:5]}")
    gone = [ask for client in clients for ask in client.given_back] + [ask for ask in asks if ask.state == "lost"]
    there = [(ask.members, ask.start, ask.state) for ask in gone if ask.there(calendars, bookings)]
    tap.check(not there, f"{what}: what was given back or refused is not", f"{there[:5]}")


def business(site):
    site.api = Api(site, tap, make_key(site))
    for name in STAFF:
        site.api.put(f"/staff/{name}/hours", WHOLE_WEEK)
    for row in SERVICES:
        reply = site.api.post("/services", dict(row, name=row["id"], timezone="UTC"))
        if reply.status != 201:
            raise RuntimeError(f"service {row['id']}: {reply}")


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)  # a socket a client
CONFIG = 'max-connections = 4000\ntimezone = "UTC"\nrate-limit-bookings = 0\nrate-limit-slots = 0\n'
with Site(users=STAFF, admins=["boss"], config=CONFIG) as the_site:
    for name_ in ROOMS:
        the_site.slotkeeper("resource", "add", name_, *(["--kind", "equipment", "--pool", "chair"] if "chair" in name_ else []))
    business(the_site)
    random_ = random.Random(SEED)
    race(the_site, random_)
    kills(the_site, random_)
tap.finish()
