#!/usr/bin/python3
"""Nobody is booked twice: many clients at once ask, through every door, for times that are equal, overlapping or adjacent.

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
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap  # noqa: E402

CLIENTS = int(os.environ.get("CLIENTS", "60"))  # of one contest; all contests run at once
ROUNDS = int(os.environ.get("ROUNDS", "1"))
KILLS = int(os.environ.get("KILLS", "5"))
SEED = int(os.environ.get("SEED", "1"))
STAFF, ROOMS = ["alice", "bob", "carol", "dave"], ["room-1", "chair-1", "chair-2"]
UTC = datetime.timezone.utc
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

class Ask:
    """Asks once, or until there is an answer. State: None, "won" or "lost"; offers: what the refusal offered."""

    def __init__(self, member, start, length):
        self.member, self.start, self.end = member, start, start + minutes(length)
        self.state, self.offers, self.wrong = None, [], None
        self.sent = self.answered = 0.0

    def span(self):
        return self.start, self.end

    def ask(self, site):
        self.sent = time.monotonic()
        self.send(site)
        self.answered = time.monotonic()


class CalDavAsk(Ask):
    """A new event in a `bookings` calendar, with strict handling."""

    count = 0

    def __init__(self, member, start, length):
        super().__init__(member, start, length)
        CalDavAsk.count += 1
        self.uid = f"race-{CalDavAsk.count}@tests"
        self.path = f"/dav/calendars/{member}/bookings/{self.uid}.ics"

    def send(self, site):
        status, _, body = site.request("PUT", self.path, event(self.uid, self.start, self.end), "boss",
                                       {"Content-Type": "text/calendar", "Prefer": "handling=strict"})
        if status in (201, 204):
            self.state = "won"
        elif status == 403 and b"slot-unavailable" in body:
            self.state = "lost"
            self.offers = [(self.member, read_basic(start), read_basic(end)) for start, end in
                           re.findall(r'alternative start="(\w+)" end="(\w+)"', body.decode())]
        else:
            self.wrong = f"PUT {self.path} answered {status} {body[:300]}"

    def offered(self, offer):
        member, start, end = offer
        return CalDavAsk(member, start, (end - start).total_seconds() // 60)

    def move(self, site, start):
        """To another time; when that is taken it stays where it is."""
        other = CalDavAsk(self.member, start, (self.end - self.start).total_seconds() // 60)
        other.uid, other.path = self.uid, self.path
        other.ask(site)
        if other.state == "won":
            self.start, self.end = other.span()
        self.wrong = self.wrong or other.wrong
        return other.state

    def withdraw(self, site):
        return site.request("DELETE", self.path, user="boss").status == 204


# ---- contests: all asks of one round at the same moment ----

class Contest:
    """WINNERS: how many there must be; None: it depends on who came first, but losers lie over winners."""

    def __init__(self, name, asks, winners=None):
        self.name, self.asks, self.winners = name, asks, winners

    def won(self):
        return [ask for ask in self.asks if ask.state == "won"]

    def lost(self):
        return [ask for ask in self.asks if ask.state == "lost"]


def contests(day, chance):
    def sliding(member, length, step):
        return [CalDavAsk(member, day + minutes(step * chance.randrange(12)), length) for _ in range(CLIENTS)]

    return [
        Contest("a room at one time", [CalDavAsk("room-1", day, 60) for _ in range(CLIENTS)], 1),
        Contest("a person at times that overlap", sliding("carol", 60, 10)),
        Contest("a chair at times of every length", [CalDavAsk("chair-1", day + minutes(15 * chance.randrange(8)),
                                                              15 * chance.randrange(1, 9)) for _ in range(CLIENTS)]),
        Contest("a person at times that only touch", [CalDavAsk("dave", day + minutes(30 * n), 30) for n in range(16)], 16),
    ]


def run_all(site, asks):
    """Everybody at once."""
    gate = threading.Barrier(len(asks))

    def run(ask):
        gate.wait()
        try:
            ask.ask(site)
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
        if len(ask.offers) < 3:
            few.append((ask.span(), ask.offers))
        for member, start, end in ask.offers:
            taken += [(ask.span(), member, start) for other in everybody if other.state == "won" and other.member == member
                      and other.answered < ask.sent and overlap(other.span(), (start, end))]
    name = f"{what}: {contest.name}"
    tap.check(not few, f"{name}: every loser has three offers at least", f"{few[:5]}")
    tap.check(not taken, f"{name}: none lies over what was acknowledged before", f"{taken[:5]}")


def take_offers(site, contest, what):
    """In the quiet afterwards every single offer can be had."""
    if not contest.lost():
        return
    loser = contest.lost()[0]
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
        held = contests(MONDAY + datetime.timedelta(days=7 * number), chance)
        everybody = [ask for contest in held for ask in contest.asks]
        chance.shuffle(everybody)
        run_all(site, everybody)
        for contest in held:
            judge(contest, what)
            judge_offers(contest, everybody, what)
        for contest in held:
            take_offers(site, contest, what)
        judge_calendars(site, what)


# ---- kills ----

class Stubborn(threading.Thread):
    """Makes wishes one after the other and takes some back; asks again until it has an answer."""

    def __init__(self, site, number, end):
        super().__init__(daemon=True)
        self.site, self.end = site, end
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
        return MONDAY + datetime.timedelta(days=70) + minutes(15 * self.chance.randrange(200))

    def give_back(self):
        ask = self.held.pop(self.chance.randrange(len(self.held)))
        self.until_answered(lambda: ask.withdraw(self.site))
        self.given_back.append(ask)

    def move(self):
        ask, start = self.chance.choice(self.held), self.some_time()
        self.moves.append(self.until_answered(lambda: ask.move(self.site, start)))

    def wish(self):
        ask = CalDavAsk(self.chance.choice(STAFF + ROOMS), self.some_time(), self.chance.choice((15, 30, 60)))
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
    tap.check(won > 0 and lost > 0 and retries > 0 and {"won", "lost"} <= set(moves),
              f"{what}: {won} won, {lost} lost, {len(moves)} moves tried, {retries} asked again after silence")
    judge_calendars(site, what)
    there = {member: calendar(site, member) for member in STAFF + ROOMS}
    held = [ask for client in clients for ask in client.held]
    missing = [(ask.member, ask.span()) for ask in held if there[ask.member].get(ask.uid) != ask.span()]
    tap.check(not missing, f"{what}: what was acknowledged is there", f"{missing[:5]}")
    gone = [(ask.member, ask.span()) for client in clients for ask in client.given_back if ask.uid in there[ask.member]]
    lost_there = [(ask.member, ask.span()) for ask in asks if ask.state == "lost" and ask.uid in there[ask.member]]
    tap.check(not gone and not lost_there, f"{what}: what was given back or refused is not", f"{gone[:5]} {lost_there[:5]}")


with Site(users=STAFF, admins=["boss"], resources=ROOMS, config='max-connections = 4000\n') as the_site:
    random_ = random.Random(SEED)
    race(the_site, random_)
    kills(the_site, random_)
tap.finish()
