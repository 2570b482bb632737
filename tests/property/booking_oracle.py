#!/usr/bin/python3
"""booking_oracle - the booking rules against a reference that goes minute by minute and shares nothing with the product.

First the kept cases (tests/data/booking/cases.json), then random worlds: the product answers through tests/tools/explain_cases,
the reference keeps a set of minutes for everything (open, taken, guarded) and asks each minute of the window in turn. Zones with
half-hour and quarter-hour offsets, changes at midnight, half-hour changes and a date that was skipped are among them.

SEED picks other worlds, WORLDS how many.
"""
import datetime
import json
import os
import random
import subprocess
import sys
from zoneinfo import ZoneInfo

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SEED = int(os.environ.get("SEED", "1"))
WORLDS = int(os.environ.get("WORLDS", "250"))
UTC = datetime.timezone.utc
MINUTE, DAY = datetime.timedelta(minutes=1), datetime.timedelta(days=1)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# A zone, and a local date near which its clock does something.
PLACES = [("Europe/Amsterdam", "2025-03-30"), ("Europe/Amsterdam", "2025-10-26"), ("America/New_York", "2025-03-09"),
          ("America/New_York", "2025-11-02"), ("Australia/Lord_Howe", "2025-04-06"), ("Australia/Lord_Howe", "2025-10-05"),
          ("Asia/Kathmandu", "2025-06-10"), ("Asia/Kolkata", "2025-06-10"), ("America/St_Johns", "2025-03-09"),
          ("Africa/Cairo", "2025-04-25"), ("Africa/Cairo", "2025-10-31"), ("Asia/Beirut", "2025-03-30"), ("Asia/Beirut", "2025-10-26"),
          ("Pacific/Apia", "2011-12-30"), ("Pacific/Chatham", "2025-09-28"), ("America/Santiago", "2025-09-07"), ("UTC", "2025-06-10")]


# ---- time: an instant is a whole number of minutes since 1970 ----

def minutes_of(wall, zone):
    """A wall time that occurs twice is the first; one that does not exist has the offset before the gap (R2)."""
    return int((wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC) - EPOCH).total_seconds() // 60)


def local(minute, zone):
    return (EPOCH + minute * MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def date_of(minute, zone):
    return local(minute, zone).date()


def utc_text(minute):
    return f"{EPOCH + minute * MINUTE:%Y-%m-%dT%H:%M:%SZ}"


def midnight(date):
    return datetime.datetime.combine(date, datetime.time())


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


# ---- the reference ----

class Person:
    """Somebody of the staff, or a resource: as sets of minutes within WINDOW."""

    def __init__(self, told, window, holidays, person):
        self.name = told.get("name") or told.get("id")
        hours = told.get("hours")
        self.home = told.get("timezone", "UTC")
        self.zone = (hours or {}).get("timezone", self.home)
        self.told, self.window = told, window
        self.pool, self.seats = told.get("pool"), told.get("seats", 0)
        if hours is not None:
            self.open = self.open_minutes(hours, holidays if person else [])
        else:
            self.open = set() if person else set(range(*window))
        self.taken = {}  # minute -> [(uid, tentative)]
        for event in told.get("events", []):
            for start, end in self.instances(event):
                for minute in range(max(start, window[0]), min(end, window[1])):
                    self.taken.setdefault(minute, []).append((event.get("uid", ""), self.tentative(event)))
        self.bookings = []

    def open_minutes(self, hours, holidays):
        overrides = {o["date"]: o["hours"] for o in hours.get("overrides", [])}
        found = set()
        date = date_of(self.window[0], self.zone) - 2 * DAY
        while date <= date_of(self.window[1], self.zone) + 2 * DAY:
            ranges = overrides.get(str(date))
            if ranges is None:
                ranges = [] if str(date) in holidays else hours.get("weekly", {}).get(WEEKDAYS[date.weekday()], [])
            for first, last in ranges:
                begin, end = (int(text[:2]) * 60 + int(text[3:]) for text in (first, last))
                start = minutes_of(midnight(date) + begin * MINUTE, self.zone)
                if date_of(start, self.zone) == date:
                    found.update(range(start, minutes_of(midnight(date) + (end if end > begin else end + 1440) * MINUTE, self.zone)))
            date += DAY
        return {minute for minute in found if self.window[0] <= minute < self.window[1]}

    def instances(self, event):
        """[(start, end)] of an event with a daily or weekly rule, or none."""
        zone = event.get("timezone", self.home)
        if event.get("status") == "CANCELLED" or event.get("transp") == "TRANSPARENT" or event.get("partstat") == "DECLINED":
            return []
        dated = len(event["start"]) == 10
        first, last = (None if text is None else datetime.datetime.fromisoformat(text.replace("Z", ""))
                       for text in (event["start"], event.get("end")))
        if event["start"].endswith("Z"):
            zone = "UTC"
        if dated:
            zone, last = self.home, last or first + DAY
        if last is None:
            return []
        walls = [first]
        if "rrule" in event:
            parts = dict(part.split("=") for part in event["rrule"].split(";"))
            step = 7 if parts["FREQ"] == "WEEKLY" else 1
            walls = [first + n * step * DAY for n in range(int(parts["COUNT"]))]
        exact = minutes_of(last, zone) - minutes_of(first, zone)
        moved = {o["recurrence_id"]: o for o in event.get("overrides", [])}
        found = []
        for wall in walls:
            text = f"{wall:%Y-%m-%d}" if dated else f"{wall:%Y-%m-%dT%H:%M}"
            if text in event.get("exdate", []):
                continue
            if text in moved:
                times = [datetime.datetime.fromisoformat(moved[text][name]) for name in ("start", "end")]
                found.append((minutes_of(times[0], zone), minutes_of(times[1], zone)))
            elif dated:
                found.append((minutes_of(wall, zone), minutes_of(wall + (last - first), zone)))
            else:
                found.append((minutes_of(wall, zone), minutes_of(wall, zone) + exact))
        return found

    @staticmethod
    def tentative(event):
        return event.get("status") == "TENTATIVE" or event.get("partstat") in ("TENTATIVE", "NEEDS-ACTION")


class Booking:
    def __init__(self, told):
        self.told = told
        self.start, self.end = (self.minute(told[name]) for name in ("start", "end"))
        self.before, self.after = told.get("buffer_before_minutes", 0), told.get("buffer_after_minutes", 0)
        self.core = range(self.start, self.end)
        self.guard = range(self.start - self.before, self.end + self.after)

    @staticmethod
    def minute(text):
        return int((datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH).total_seconds() // 60)

    def blocks(self, case, now):
        if self.told.get("status", "confirmed") not in ("confirmed", "held"):
            return False
        if "expires" in self.told:
            if self.minute(self.told["expires"]) <= now:
                return False
            if case.get("token") and self.told.get("token") == case["token"]:
                return False
        return self.told.get("uid", "") not in case.get("ignore_uids", [])


class Reference:
    def __init__(self, case, window):
        self.case, self.service = case, case["service"]
        self.now = Booking.minute(case["now"])
        self.window = window
        self.get = lambda name, default: self.service.get(name, default)
        self.length = self.service["duration_minutes"]
        self.step = self.get("slot_step_minutes", 30)
        self.capacity, self.party = self.get("capacity", 1), case.get("party", 1)
        wide = (window[0] - 4 * 1440, window[1] + 4 * 1440)
        told = {person["name"]: person for person in case["staff"]}
        self.staff = [Person(told[name], wide, case.get("holidays", []), True) for name in self.service["staff"]]
        self.rooms = [Person(room, wide, [], False) for room in case.get("resources", [])]
        self.bookings = [Booking(b) for b in case.get("bookings", [])]
        self.assignment = self.get("assignment", "fixed" if len(self.staff) == 1 else "any")

    def of(self, person, kind):
        return [b for b in self.bookings if person.name in b.told.get(kind, []) and b.blocks(self.case, self.now)]

    def clear(self, person, kind, start, session):
        guard = set(range(start - self.get("buffer_before_minutes", 0), start + self.length + self.get("buffer_after_minutes", 0)))
        core = set(range(start, start + self.length))
        mirrors = {b.told.get("uid", "") for b in self.bookings} - {""}
        for minute in guard:
            for uid, tentative in person.taken.get(minute, []):
                if uid not in mirrors and uid not in self.case.get("ignore_uids", []) and \
                        (not tentative or self.get("tentative_blocks", True)):
                    return False
        for booking in self.of(person, kind):
            if booking in session:
                continue
            if self.get("buffer_combine", "add") == "max":
                if guard & set(booking.core) or core & set(booking.guard):
                    return False
            elif guard & set(booking.guard):
                return False
        return True

    def session_of(self, person, start):
        return [b for b in self.of(person, "staff") if b.start == start and b.told.get("service") == self.service["id"]]

    def aligned(self, person, start):
        if self.get("slot_align", "wall") == "wall":
            at = local(start, person.zone)
            return (at.hour * 60 + at.minute) % self.step == 0
        opening = start
        while opening - 1 in person.open:
            opening -= 1
        return (start - opening) % self.step == 0

    def seats_in(self, session):
        """Of the capacity and the rooms of a session, what its customers leave."""
        left = self.capacity
        for room in self.rooms:
            if room.seats and any(room.name in b.told.get("resources", []) for b in session):
                left = min(left, room.seats)
        return left - sum(b.told.get("seats", 1) for b in session)

    def why_not_person(self, person, start, keep_grid=True):
        """(reason or None, session, seats left)"""
        today = date_of(self.now, person.zone)
        date = date_of(start, person.zone)
        if start < self.now + self.get("min_notice_minutes", 0) or date < today + self.get("min_notice_days", 0) * DAY:
            return "notice", [], 0
        if date > today + self.get("horizon_days", 365) * DAY:
            return "horizon", [], 0
        before, after = (self.get(f"buffer_{side}_minutes", 0) if self.get("buffers_within_hours", False) else 0
                         for side in ("before", "after"))
        if not all(minute in person.open for minute in range(start - before, start + self.length + after)):
            return "outside_hours", [], 0
        if keep_grid and not self.aligned(person, start):
            return "misaligned", [], 0
        session = self.session_of(person, start) if self.capacity > 1 else []
        left = self.seats_in(session) if session else self.capacity
        if self.party > self.capacity or (session and left < self.party):
            return "full", [], 0
        if not session and self.get("max_per_day", 0):
            same = {b.start for b in self.of(person, "staff")
                    if b.told.get("service") == self.service["id"] and date_of(b.start, person.zone) == date}
            if len(same) >= self.get("max_per_day", 0):
                return "daily_limit", [], 0
        if not self.clear(person, "staff", start, session):
            return "staff_busy", [], 0
        return None, session, left

    def rooms_for(self, start):
        """The rooms for a new session, or None."""
        def can(room):
            return (not room.seats or room.seats >= self.party) and self.clear(room, "resources", start, []) and \
                all(minute in room.open for minute in range(start, start + self.length))

        def cost(room):
            return (2, 0) if not room.seats else (0, room.seats) if room.seats >= self.capacity else (1, room.seats)

        named = {need["id"] for need in self.get("resources", []) if "id" in need}
        chosen = []
        for need in self.get("resources", []):
            if "id" in need:
                found = [room for room in self.rooms if room.name == need["id"] and can(room)]
            else:
                found = sorted([room for room in self.rooms if room.pool == need["pool"] and room.name not in named and
                                room not in chosen and can(room)], key=cost)
            count = need.get("count", 1)
            if len(found) < count:
                return None
            chosen += found[:count]
        return chosen

    def ask(self, person, start, keep_grid=True):
        """(reason or None, rooms, seats left)"""
        if self.assignment == "collective":
            answers = [self.why_not_person(p, start, keep_grid and p is self.staff[0]) for p in self.staff]
            for answer in answers:
                if answer[0]:
                    return answer[0], [], 0
            session, left = answers[0][1], min(answer[2] for answer in answers)
        else:
            why, session, left = self.why_not_person(person, start, keep_grid)
            if why:
                return why, [], 0
        if session:
            return None, sorted({name for b in session for name in b.told.get("resources", [])}), left
        rooms = self.rooms_for(start)
        if rooms is None:
            return "resource_busy", [], 0
        return None, [room.name for room in rooms], min([left] + [room.seats for room in rooms if room.seats])

    def choose(self, able):
        if self.assignment == "collective":
            return [p.name for p in self.staff]
        if self.assignment == "round_robin":
            weights = {p.name: p.told.get("weight", 1) for p in able}
            able = sorted(able, key=lambda p: (p.told.get("round_robin_count", 0) / weights[p.name],
                                               p.told.get("round_robin_last", "0000")))
        return [able[0].name]

    def slots(self):
        found = []
        asked = self.staff[:1] if self.assignment == "collective" else self.staff
        for start in range(max(self.window[0], self.now), self.window[1]):
            able = [p for p in asked if self.ask(p, start)[0] is None]
            if able:
                assigned = self.choose(able)
                first = next(p for p in self.staff if p.name == assigned[0])
                _, rooms, left = self.ask(first, start)
                names = [p.name for p in (self.staff if self.assignment == "collective" else able)]
                found.append({"start": utc_text(start), "staff": names, "assign": assigned, "resources": sorted(rooms), "seats_left": left})
        return {"slots": found}

    def request(self):
        question = self.case["request"]
        wanted, keep = Booking.minute(question["start"]), question.get("enforce_alignment", True)
        named = question.get("staff")
        zone = question.get("customer_timezone") or self.case.get("customer_timezone") or self.case["staff"][0].get("timezone", "UTC")
        asked = [p for p in self.staff if named in (None, p.name)] if self.assignment != "collective" else self.staff[:1]
        answers = [(p, self.ask(p, wanted, keep)[0]) for p in asked]
        able = [p for p, why in answers if why is None]
        if able:
            return {"accepted": True, "assign": self.choose(able)}
        best = {}
        reach = question.get("search_days", 14) * 1440
        others = self.staff[:1] if self.assignment == "collective" else \
            [p for p in self.staff if not (question.get("insist_staff") and named) or p.name == named]
        for start in range(max(wanted - reach, self.now), wanted + reach + 1):
            for order, person in enumerate(others):
                if self.ask(person, start)[0] is not None:
                    continue
                other = named is not None and self.assignment != "collective" and person.name != named
                cost = abs(start - wanted) + (60 if other else 0) + (720 if date_of(start, zone) != date_of(wanted, zone) else 0)
                rank = (cost, other if named else False, start, order)
                if start not in best or rank < best[start][0]:
                    best[start] = (rank, {"start": utc_text(start), "cost": cost,
                                          **({} if self.assignment == "collective" else {"staff": person.name})})
        offers = [offer for _, offer in sorted(best.values(), key=lambda pair: pair[0])]
        return {"accepted": False, "reason": answers[0][1], "alternatives": offers[:question.get("limit", 3)]}


# ---- random worlds ----

def some_ranges(chance):
    kind = chance.random()
    if kind < 0.08:
        return []
    if kind < 0.2:
        return [["22:00", chance.choice(["02:00", "03:30"])]]
    if kind < 0.45:
        return [["00:00", chance.choice(["05:00", "24:00"])]]
    start = chance.choice([0, 60, 120, 480, 540, 555, 1200])
    middle = start + chance.choice([90, 240, 480])
    ranges = [[clock(start), clock(min(middle, 1440))]]
    if chance.random() < 0.4 and middle < 1300:
        ranges.append([clock(middle + chance.choice([0, 30])), clock(min(middle + 120, 1440))])
    return ranges


def some_hours(chance, zone, date):
    hours = {"weekly": {day: some_ranges(chance) for day in WEEKDAYS}}
    hours["weekly"][chance.choice(WEEKDAYS)] = []  # so that a range has a beginning
    if chance.random() < 0.5:
        hours["timezone"] = zone
    if chance.random() < 0.3:
        hours["overrides"] = [{"date": str(date + chance.randrange(-1, 3) * DAY), "hours": some_ranges(chance)}]
    return hours


def some_event(chance, zone, date, uids):
    start = midnight(date + chance.randrange(-2, 3) * DAY) + chance.randrange(0, 288) * 5 * MINUTE
    event = {}
    if chance.random() < 0.12:
        event["start"] = f"{start:%Y-%m-%d}"
        if chance.random() < 0.5:
            event["end"] = f"{start + 2 * DAY:%Y-%m-%d}"
    else:
        end = start + chance.choice([15, 30, 60, 180]) * MINUTE
        event["start"], event["end"] = f"{start:%Y-%m-%dT%H:%M}", f"{end:%Y-%m-%dT%H:%M}"
        kind = chance.random()
        if kind < 0.2:
            event["start"] += ":00Z"
            event["end"] += ":00Z"
        elif kind < 0.5:
            event["timezone"] = chance.choice(PLACES)[0]
        own = event.get("timezone", zone) if kind >= 0.2 else "UTC"
        if minutes_of(end, own) <= minutes_of(start, own):  # a clock change ate it
            return None
        if kind >= 0.2 and chance.random() < 0.35:
            first = start - chance.choice([0, 7, 350]) * DAY
            event["start"], event["end"] = (f"{at - (start - first):%Y-%m-%dT%H:%M}" for at in (start, end))
            if minutes_of(first + (end - start), own) <= minutes_of(first, own):
                return None
            event["rrule"] = f"FREQ={chance.choice(['DAILY', 'WEEKLY'])};COUNT={chance.choice([3, 60, 400])}"
            if chance.random() < 0.4:
                event["exdate"] = [f"{first:%Y-%m-%dT%H:%M}" if chance.random() < 0.5 else f"{start:%Y-%m-%dT%H:%M}"]
            elif chance.random() < 0.4:
                to = start + chance.choice([60, 1440]) * MINUTE
                if minutes_of(to + (end - start), own) > minutes_of(to, own):
                    event["overrides"] = [{"recurrence_id": f"{first:%Y-%m-%dT%H:%M}", "start": f"{to:%Y-%m-%dT%H:%M}",
                                           "end": f"{to + (end - start):%Y-%m-%dT%H:%M}"}]
    if chance.random() < 0.3:
        event["uid"] = chance.choice(uids)
    for name, values in (("transp", ["OPAQUE", "TRANSPARENT"]), ("status", ["TENTATIVE", "CANCELLED", "CONFIRMED"]),
                         ("partstat", ["ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION"])):
        if chance.random() < 0.15:
            event[name] = chance.choice(values)
    return event


def some_events(chance, zone, date, uids):
    return [event for event in (some_event(chance, zone, date, uids) for _ in range(chance.choice([0, 0, 1, 2, 4]))) if event]


def some_booking(chance, service, names, rooms, centre, now, uids):
    start = centre + (chance.randrange(-24, 48) * 60 if chance.random() < 0.6 else chance.randrange(-288, 576) * 5)
    length = service["duration_minutes"] if chance.random() < 0.6 else chance.choice([15, 45])
    booking = {"start": utc_text(start), "end": utc_text(start + length), "staff": chance.sample(names, chance.choice([1, 1, len(names)])),
               "service": chance.choice([service["id"], service["id"], "other"]), "uid": chance.choice(uids)}
    if rooms and chance.random() < 0.5:
        booking["resources"] = [chance.choice(rooms)]
    if chance.random() < 0.4:
        booking["buffer_after_minutes"] = chance.choice([5, 20])
        booking["buffer_before_minutes"] = chance.choice([0, 10])
    if chance.random() < 0.3:
        booking["seats"] = chance.choice([1, 2])
    kind = chance.random()
    if kind < 0.1:
        booking["status"] = chance.choice(["cancelled", "completed", "no_show"])
    elif kind < 0.3:
        booking.update(status="held", expires=utc_text(now + chance.choice([-5, 0, 0, 5, 5])), token=chance.choice(["mine", "theirs"]))
    return booking


def some_service(chance, names, pools, rooms):
    service = {"id": "svc", "duration_minutes": chance.choice([15, 30, 60, 95]), "slot_step_minutes": chance.choice([10, 15, 30, 60]),
               "staff": names}
    for name, values in (("buffer_before_minutes", [5, 15]), ("buffer_after_minutes", [10, 30]), ("min_notice_minutes", [60, 1500]),
                         ("min_notice_days", [1, 2]), ("horizon_days", [1, 3, 4]), ("max_per_day", [1, 2]), ("capacity", [2, 4]),
                         ("buffer_combine", ["max"]), ("buffers_within_hours", [True]), ("slot_align", ["window"]),
                         ("tentative_blocks", [False])):
        if chance.random() < (0.08 if name.startswith(("min_", "horizon")) else 0.2):
            service[name] = chance.choice(values)
    service["assignment"] = chance.choice(["any", "round_robin", "round_robin", "collective", "choose"]) if len(names) > 1 else "fixed"
    needs = []
    if rooms and chance.random() < 0.7:
        needs.append({"pool": chance.choice(pools), "count": chance.choice([1, 1, 1, 2])})
        service["capacity"] = chance.choice([1, 2, 3])
    if rooms and chance.random() < 0.3:
        needs.append({"id": chance.choice(rooms)})
    if needs:
        service["resources"] = needs
    return service


def some_world(chance):
    zone, day = chance.choice(PLACES)
    date = datetime.date.fromisoformat(day)
    centre = minutes_of(midnight(date), zone)
    names, pools = ["ann", "bob", "cem"][:chance.choice([1, 2, 2, 3])], ["room", "chair"]
    rooms = [f"r{n}" for n in range(chance.choice([0, 0, 3, 5]))]
    uids = ["u1", "u2", "u3", "u4"]
    now = centre + chance.choice([-4000, -1440, -600, 0, 300])
    service = some_service(chance, names, pools, rooms)
    case = {"now": utc_text(now), "service": service, "staff": [], "bookings": [
        some_booking(chance, service, names, rooms, centre, now, uids) for _ in range(chance.choice([0, 2, 4, 8]))]}
    shared = some_hours(chance, zone, date) if chance.random() < 0.6 else None
    for name in names:
        own = zone if chance.random() < 0.7 else chance.choice(PLACES)[0]
        case["staff"].append({"name": name, "timezone": own, "hours": shared or some_hours(chance, chance.choice(PLACES)[0], date),
                              "events": some_events(chance, own, date, uids), "weight": chance.choice([1, 1, 2]),
                              "round_robin_count": chance.randrange(3),
                              "round_robin_last": utc_text(now - 100 * chance.randrange(1, 5))})
    if rooms:
        case["resources"] = [{"id": name, "pool": chance.choice(pools), "timezone": zone, "seats": chance.choice([0, 1, 1, 2, 3, 4]),
                              "events": some_events(chance, zone, date, uids)} for name in rooms]
        for room in case["resources"]:
            if chance.random() < 0.3:
                room["hours"] = some_hours(chance, zone, date)
    for name, value in (("holidays", [str(date + chance.randrange(0, 2) * DAY)]), ("party", chance.choice([1, 2, 3])), ("token", "mine"),
                        ("ignore_uids", [chance.choice(uids)])):
        if chance.random() < 0.25:
            case[name] = value
    if chance.random() < 0.6:
        start = centre + chance.choice([-720, 0, 60])
        case["query"] = {"start": utc_text(start), "end": utc_text(start + chance.choice([1440, 2880]))}
        return case, (start, Booking.minute(case["query"]["end"]))
    start = centre + chance.randrange(-200, 500) * 5
    request = case["request"] = {"start": utc_text(start), "search_days": 1, "limit": chance.choice([1, 3, 5])}
    if chance.random() < 0.6 or service["assignment"] == "choose":
        request["staff"] = chance.choice(names)
        request["insist_staff"] = chance.random() < 0.3
    request["enforce_alignment"] = chance.random() < 0.7
    if chance.random() < 0.5:
        request["customer_timezone"] = chance.choice(PLACES)[0]
    return case, (start - 1440, start + 1441)


# ---- comparing ----

class Product:
    def __init__(self):
        self.process = subprocess.Popen([os.path.join("tests", "tools", "explain_cases")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, case):
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def holds(wished, seen):
    """Whether SEEN says all that WISHED says."""
    if isinstance(wished, dict):
        return isinstance(seen, dict) and all(name in seen and holds(value, seen[name]) for name, value in wished.items())
    if isinstance(wished, list):
        return isinstance(seen, list) and len(seen) == len(wished) and all(map(holds, wished, seen))
    return wished == seen


def in_order(answer):
    """Rooms are a set."""
    for slot in answer.get("slots", []):
        slot["resources"] = sorted(slot["resources"])
    return answer


def main():
    product, failed, offered, refused = Product(), 0, 0, 0
    with open(os.path.join(TOP, "tests", "data", "booking", "cases.json")) as file:
        kept = json.load(file)["cases"]
    for case in kept:
        seen = product.ask(case["case"])
        if not holds(case["expect"], seen):
            failed += 1
            print(f"{case['id']} ({case['title']})\n  seen   {json.dumps(seen)[:2000]}\n  wished {json.dumps(case['expect'])[:2000]}")
    for seed in range(SEED * 1000000, SEED * 1000000 + WORLDS):
        case, window = some_world(random.Random(seed))
        reference = Reference(case, window)
        wished = in_order(reference.slots() if "query" in case else reference.request())
        seen = in_order(product.ask(case))
        offered += len(wished.get("slots", [])) + len(wished.get("alternatives", []))
        refused += wished.get("accepted") is False
        if not holds(wished, seen):
            failed += 1
            if failed <= int(os.environ.get("SHOW", "3")):
                print(f"world {seed}: {json.dumps(case)}\n  seen   {json.dumps(seen)[:1500]}\n  wished {json.dumps(wished)[:1500]}")
    if failed:
        sys.exit(f"{failed} of {len(kept)} cases and {WORLDS} worlds differ")
    if offered < WORLDS * 2 or refused < WORLDS / 10:
        sys.exit(f"too little was compared: {offered} offers, {refused} refusals")
    print(f"{len(kept)} cases and {WORLDS} worlds with {offered} offers and {refused} refusals")


main()
