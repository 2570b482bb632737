"""A random calendar of objects of which everything is known: for test_query_oracle, which asks the server of them."""
import datetime
import re
from zoneinfo import ZoneInfo

from dateutil import rrule

ZONES = ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Cairo"]
UTC = datetime.timezone.utc
DAY, NEVER, ALWAYS = datetime.timedelta(days=1), datetime.datetime(1900, 1, 1, tzinfo=UTC), datetime.datetime(2100, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime.datetime(2027, 2, 20), datetime.datetime(2027, 11, 20)  # of what is made and asked
END_OF_SERIES = datetime.datetime(2029, 1, 1)  # the oracle's list of an endless one goes no further
CHANGES = ["2027-03-13T23:00", "2027-03-27T22:30", "2027-04-03T12:00", "2027-04-29T20:00", "2027-10-02T12:30", "2027-10-28T20:30",
           "2027-10-30T22:30", "2027-11-06T23:30"]  # near them a clock changes somewhere
WORDS = ["Haircut", "straße", "Ärger", "a, b; c", "Tea \\ coffee", "ÉCOLE", "plain", "İstanbul", "x"]


# ---- times ----

class When:
    """A DTSTART, DUE, ...: a date, or a wall time in a zone, in UTC or in none."""

    def __init__(self, wall, zone=None, is_date=False):
        self.wall, self.zone, self.is_date = wall, zone, is_date

    def at(self, floating):
        zone = self.zone or floating
        return self.wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)

    def moved(self, wall):
        return When(wall, self.zone, self.is_date)

    def line(self, name):
        if self.is_date:
            return f"{name};VALUE=DATE:{self.wall:%Y%m%d}"
        if self.zone == "UTC":
            return f"{name}:{self.wall:%Y%m%dT%H%M%SZ}"
        return f"{name};TZID={self.zone}:{self.wall:%Y%m%dT%H%M%S}" if self.zone else f"{name}:{self.wall:%Y%m%dT%H%M%S}"

    def text(self):
        """As expand gives it (9.6.5)."""
        if self.is_date:
            return f"{self.wall:%Y%m%d}"
        return f"{self.wall:%Y%m%dT%H%M%S}" if not self.zone else f"{self.at(None):%Y%m%dT%H%M%SZ}"


def some_wall(chance, is_date):
    if chance.random() < 0.3:
        wall = datetime.datetime.fromisoformat(chance.choice(CHANGES)) + datetime.timedelta(minutes=30 * chance.randrange(-6, 14))
    else:
        wall = FIRST + datetime.timedelta(minutes=15 * chance.randrange(int((LAST - FIRST).total_seconds() // 900)))
    return wall.replace(hour=0, minute=0) if is_date else wall


def some_range(chance):
    """(start, end); one of them may be open."""
    start = some_wall(chance, False).replace(tzinfo=UTC)
    end = start + chance.choice([datetime.timedelta(minutes=15), datetime.timedelta(hours=2), DAY, 7 * DAY, 60 * DAY])
    kind = chance.random()
    return (NEVER, end) if kind < 0.08 else (start, ALWAYS) if kind < 0.16 else (start, end)


def range_xml(name, span):
    parts = [f' {word}="{at:%Y%m%dT%H%M%SZ}"' for word, at in zip(("start", "end"), span) if at not in (NEVER, ALWAYS)]
    return f"<C:{name}{''.join(parts)}/>"


# ---- components ----

class Component:
    def __init__(self, name):
        self.name = name
        self.times = {}     # name -> When
        self.duration = None  # (days, seconds): nominal days
        self.texts = []     # (name, {parameter: value}, value as a person reads it)
        self.alarms = []
        self.lines = []     # written as they are: RRULE and the like
        self.periods = []   # of a VFREEBUSY: (kind, start, end)
        self.recurrence_id, self.this_and_future = None, False

    def text(self):
        lines = [f"BEGIN:{self.name}", *self.lines]
        if self.recurrence_id is not None:
            line = self.recurrence_id.line("RECURRENCE-ID")
            lines.append(line.replace("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE") if self.this_and_future else line)
        lines += [when.line(name) for name, when in self.times.items()]
        if self.duration is not None:
            lines.append("DURATION:" + duration_text(*self.duration))
        for name, parameters, value in self.texts:
            told = "".join(f';{word}="{text}"' if re.search("[:;,]", text) else f";{word}={text}" for word, text in parameters.items())
            lines.append(f"{name}{told}:" + (value if name == "ATTENDEE" else escaped(value)))
        lines += [f"FREEBUSY;FBTYPE={kind}:{start:%Y%m%dT%H%M%SZ}/{end:%Y%m%dT%H%M%SZ}" for kind, start, end in self.periods]
        for alarm in self.alarms:
            lines += alarm.text()
        return lines + [f"END:{self.name}"]


class Alarm:
    def __init__(self, absolute=None, offset=0, from_end=False, repeat=0, interval=0):
        self.absolute, self.offset, self.from_end, self.repeat, self.interval = absolute, offset, from_end, repeat, interval

    def text(self):
        related = ";RELATED=END" if self.from_end else ""
        trigger = f"TRIGGER;VALUE=DATE-TIME:{self.absolute:%Y%m%dT%H%M%SZ}" if self.absolute else \
            f"TRIGGER{related}:{'-' if self.offset < 0 else ''}PT{abs(self.offset)}S"
        repeat = [f"REPEAT:{self.repeat}", f"DURATION:PT{self.interval}S"] if self.repeat else []
        return ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:ring", trigger, *repeat, "END:VALARM"]

    def rings(self, instances, span):
        firsts = [self.absolute] if self.absolute else [
            (end if self.from_end else start) + datetime.timedelta(seconds=self.offset) for start, end in instances]
        return any(span[0] <= first + datetime.timedelta(seconds=i * self.interval) < span[1]
                   for first in firsts for i in range(self.repeat + 1))


def duration_text(days, seconds):
    return f"P{days}D" if days and not seconds else f"P{days}DT{seconds}S" if days else f"PT{seconds}S"


def escaped(text):
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")


class Object:
    """RULE: dateutil's, on wall times, or None; EXTRA and EXCLUDED: wall times."""

    def __init__(self, uid):
        self.uid, self.components = uid, []
        self.rule, self.extra, self.excluded, self.endless = None, [], [], False

    def text(self):
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN"]
        for component in self.components:
            lines += component.text()
        return "\r\n".join(lines + ["END:VCALENDAR", ""])

    def instances(self, floating):
        """[(component, its start as a When, start, end)]; times of a component without DTSTART are those of DUE or nothing."""
        master = self.components[0]
        if master.name == "VFREEBUSY":
            return []
        if "DTSTART" not in master.times:
            due = master.times.get("DUE")
            return [] if due is None else [(master, due, due.at(floating), due.at(floating))]
        own = {c.recurrence_id.wall: c for c in self.components[1:]}
        first = master.times["DTSTART"]
        walls = {first.wall, *self.extra}
        if self.rule is not None:
            walls |= set(self.rule)
        walls = {wall for wall in walls if wall not in self.excluded} | set(own)
        found, following = [], None
        for wall in sorted(walls):
            component, when = master, first.moved(wall)
            if wall in own:
                component, when = own[wall], own[wall].times["DTSTART"]
                following = own[wall] if own[wall].this_and_future else following
            elif following is not None:
                component = following
                when = following.times["DTSTART"].moved(wall + (following.times["DTSTART"].wall - following.recurrence_id.wall))
            found.append((component, when, when.at(floating), end_of(component, when, floating)))
        return found


def end_of(component, when, floating):
    """The end of an instance of COMPONENT that begins at WHEN (R7; RFC 5545, 3.8.5.3)."""
    first, last = component.times["DTSTART"], component.times.get("DTEND") or component.times.get("DUE")
    if last is not None and first.is_date:
        return when.moved(when.wall + (last.wall - first.wall)).at(floating)
    if last is not None:
        return when.at(floating) + (last.at(floating) - first.at(floating))
    if component.duration is not None:
        days, seconds = component.duration
        return when.moved(when.wall + days * DAY).at(floating) + datetime.timedelta(seconds=seconds)
    return when.moved(when.wall + DAY).at(floating) if first.is_date and component.name != "VTODO" else when.at(floating)


# ---- a random world ----

def some_texts(chance, component):
    for name in ("SUMMARY", "LOCATION", "DESCRIPTION", "CATEGORIES", "CATEGORIES"):
        if chance.random() < 0.5:
            parameters = {"LANGUAGE": chance.choice(["en", "de", "EN-gb"])} if chance.random() < 0.3 else {}
            component.texts.append((name, parameters, chance.choice(WORDS) + chance.choice(["", " " + chance.choice(WORDS)])))
    for _ in range(chance.choice([0, 0, 1, 2])):
        parameters = {"PARTSTAT": chance.choice(["ACCEPTED", "DECLINED", "NEEDS-ACTION"])}
        if chance.random() < 0.5:
            parameters["CN"] = chance.choice(["Bob", "Kim, the tall", "Zoë"])
        component.texts.append(("ATTENDEE", parameters, f"mailto:{chance.choice(['bob', 'kim'])}{len(component.texts)}@example.net"))
    if component.name != "VJOURNAL":
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            component.alarms.append(some_alarm(chance, component))


def some_alarm(chance, component):
    repeat = chance.choice([0, 0, 2])
    interval = 600 if repeat else 0
    if chance.random() < 0.3:
        return Alarm(absolute=some_wall(chance, False).replace(tzinfo=UTC), repeat=repeat, interval=interval)
    has_end = "DTEND" in component.times or "DUE" in component.times or component.duration is not None
    return Alarm(offset=chance.choice([-86400, -900, 0, 3600]), from_end=has_end and chance.random() < 0.3, repeat=repeat,
                 interval=interval)


def some_start(chance):
    kind = chance.random()
    zone = None if kind < 0.3 else "UTC" if kind < 0.4 else chance.choice(ZONES)
    return When(some_wall(chance, kind < 0.2), zone, kind < 0.2)


def give_length(chance, component, start, last="DTEND"):
    if start.is_date:
        if chance.random() < 0.6:
            component.times[last] = start.moved(start.wall + chance.choice([1, 2, 5]) * DAY)
        elif chance.random() < 0.3:
            component.duration = (2, 0)
        return
    kind = chance.random()
    if kind < 0.55:
        component.times[last] = start.moved(start.wall + datetime.timedelta(minutes=chance.choice([30, 60, 90, 60 * 30])))
        if component.times[last].at("UTC") <= start.at("UTC"):  # a clock change in between
            component.times[last] = start.moved(start.wall + DAY)
    elif kind < 0.85:
        component.duration = chance.choice([(0, 1800), (0, 7200), (1, 0), (1, 3600)])


def some_rule(chance, made, start):
    freq = chance.choice(["DAILY", "DAILY", "WEEKLY", "WEEKLY", "MONTHLY"])
    parts, options = [f"FREQ={freq}"], {}
    if chance.random() < 0.4:
        options["interval"] = chance.choice([2, 3])
        parts.append(f"INTERVAL={options['interval']}")
    if freq == "WEEKLY" and chance.random() < 0.5:
        days = chance.sample(range(7), 2)
        options["byweekday"] = days
        parts.append("BYDAY=" + ",".join("MO TU WE TH FR SA SU".split()[day] for day in days))
    bound = chance.random()
    if bound < 0.5:
        options["count"] = chance.choice([2, 5, 20])
        parts.append(f"COUNT={options['count']}")
    elif bound < 0.7 and (start.zone in (None, "UTC") or start.is_date):
        options["until"] = start.wall + chance.choice([3, 30, 100]) * DAY
        parts.append(f"UNTIL={start.moved(options['until']).line('X').rpartition(':')[2]}")
    else:
        options["until"], made.endless = END_OF_SERIES, True
    made.rule = rrule.rrule(getattr(rrule, freq), dtstart=start.wall, **options)
    if "count" in options and start.wall not in made.rule:  # DTSTART counts (RFC 5545, 3.8.5.3)
        made.rule = list(made.rule)[:-1]
    return "RRULE:" + ";".join(parts)


def give_series(chance, made, master):
    start = master.times["DTSTART"]
    master.lines.append(some_rule(chance, made, start))
    walls = [wall for wall in list(made.rule)[:12]]
    for wall in chance.sample(walls, min(len(walls), chance.choice([0, 0, 1, 2]))):
        made.excluded.append(wall)
        master.lines.append(start.moved(wall).line("EXDATE"))
    if chance.random() < 0.3:
        extra = some_wall(chance, start.is_date)
        made.extra.append(extra)
        master.lines.append(start.moved(extra).line("RDATE"))
        made.excluded = [wall for wall in made.excluded if wall != extra]
        master.lines = [line for line in master.lines if line != start.moved(extra).line("EXDATE")]
    left = [wall for wall in walls if wall not in made.excluded]
    for wall in chance.sample(left, min(len(left), chance.choice([0, 0, 1, 2]))):
        override = Component(master.name)
        override.recurrence_id = start.moved(wall)
        override.times["DTSTART"] = start.moved(wall + chance.choice([0, 1, 2, 30]) * (DAY if start.is_date else DAY / 8))
        give_length(chance, override, override.times["DTSTART"], "DUE" if master.name == "VTODO" else "DTEND")
        some_texts(chance, override)
        made.components.append(override)
    if chance.random() < 0.25 and len(made.components) > 1:
        made.components[1].this_and_future = True


def some_busy_time(chance, made):
    """A VFREEBUSY as somebody published it: with its bounds, or with periods alone."""
    master = Component("VFREEBUSY")
    made.components.append(master)
    low = some_wall(chance, False).replace(tzinfo=UTC)
    if chance.random() < 0.6:
        master.times = {"DTSTART": When(low.replace(tzinfo=None), "UTC"), "DTEND": When((low + 14 * DAY).replace(tzinfo=None), "UTC")}
    for _ in range(chance.choice([0, 1, 3, 6])):
        start = low + datetime.timedelta(minutes=15 * chance.randrange(14 * 96 - 8))
        kind = chance.choice(["BUSY", "BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE", "FREE"])
        master.periods.append((kind, start, start + datetime.timedelta(minutes=chance.choice([15, 60, 120]))))
    master.lines[:0] = [f"UID:{made.uid}", "DTSTAMP:20270101T000000Z"]
    return made


def some_object(chance, number):
    made = Object(f"object-{number}")
    if chance.random() < 0.06:
        return some_busy_time(chance, made)
    master = Component(chance.choice(["VEVENT"] * 6 + ["VTODO"] * 3 + ["VJOURNAL"]))
    made.components.append(master)
    start = some_start(chance)
    if master.name != "VTODO" or chance.random() < 0.6:
        master.times["DTSTART"] = start
        if master.name != "VJOURNAL":
            give_length(chance, master, start, "DUE" if master.name == "VTODO" else "DTEND")
        if chance.random() < 0.45:
            give_series(chance, made, master)
    elif chance.random() < 0.5:
        master.times["DUE"] = start
    if master.name == "VTODO":
        for name in ("COMPLETED", "CREATED"):
            if chance.random() < 0.5:
                master.times[name] = When(some_wall(chance, False), "UTC")
    if master.name == "VEVENT":
        for component in made.components:
            if chance.random() < 0.4:
                component.texts.append(("STATUS", {}, chance.choice(["TENTATIVE", "CANCELLED", "CONFIRMED"])))
            if chance.random() < 0.3:
                component.texts.append(("TRANSP", {}, chance.choice(["TRANSPARENT", "OPAQUE"])))
    some_texts(chance, master)
    for component in made.components:
        component.lines[:0] = [f"UID:{made.uid}", "DTSTAMP:20270101T000000Z"]
    return made
