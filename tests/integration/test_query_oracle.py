#!/usr/bin/python3
"""Random calendar-query, free-busy-query and expand reports against a slow oracle that knows the objects and nothing of the
server: it lists every instance by dateutil on wall times, and asks the tables of RFC 4791, 9.7 and 9.9, of each.

SEED picks another world, ROUNDS how many of them, QUERIES how many reports a world is asked;
SHOW=1 prints all that differs.
"""
import datetime
import os
import random
import re
import sys
from zoneinfo import ZoneInfo

from dateutil import rrule
from lxml import etree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, ROOT, Multistatus, free_busy, periods, put, query  # noqa: E402
from server import Site, Tap  # noqa: E402

SEED = int(os.environ.get("SEED", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "2"))
QUERIES = int(os.environ.get("QUERIES", "250"))
SHOW = os.environ.get("SHOW")  # all disagreements, whole
OBJECTS = 70
WORK = "/dav/calendars/alice/work/"
ZONES = ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Cairo"]
UTC = datetime.timezone.utc
DAY, NEVER, ALWAYS = datetime.timedelta(days=1), datetime.datetime(1900, 1, 1, tzinfo=UTC), datetime.datetime(2100, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime.datetime(2027, 2, 20), datetime.datetime(2027, 11, 20)  # of what is made and asked
END_OF_SERIES = datetime.datetime(2029, 1, 1)  # the oracle's list of an endless one goes no further
CHANGES = ["2027-03-13T23:00", "2027-03-27T22:30", "2027-04-03T12:00", "2027-04-29T20:00", "2027-10-02T12:30", "2027-10-28T20:30",
           "2027-10-30T22:30", "2027-11-06T23:30"]  # near them a clock changes somewhere
WORDS = ["Haircut", "straße", "Ärger", "a, b; c", "Tea \\ coffee", "ÉCOLE", "plain", "İstanbul", "x"]
tap = Tap()


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


def some_object(chance, number):
    made = Object(f"object-{number}")
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


# ---- the oracle (RFC 4791, 9.7 and 9.9) ----

def in_range(component, start, end, is_date, span, floating):
    """Whether one instance of COMPONENT lies in SPAN."""
    low, high = span
    if component.name == "VEVENT":
        return low < end and high > start if end > start else low <= start < high
    if component.name == "VJOURNAL":
        return (low < end if is_date else low <= start) and high > start
    if "DTSTART" not in component.times:
        return low < start <= high  # DUE alone
    if "DUE" in component.times:
        return (low < end or low <= start) and (high > start or high >= end)
    if component.duration is not None:
        return low <= end and (high > start or high >= end)
    return low <= start < high


def undated_in_range(component, span):
    done, made = (component.times[name].at("UTC") if name in component.times else None for name in ("COMPLETED", "CREATED"))
    low, high = span
    if done and made:
        return (low <= made or low <= done) and (high >= made or high >= done)
    if done:
        return low <= done <= high
    return made is None or high > made


def component_in_range(made, component, span, floating):
    if component.name == "VTODO" and "DTSTART" not in component.times and "DUE" not in component.times:
        return undated_in_range(component, span)
    if made.endless and span[1] == ALWAYS and component is last_component(made):
        return True
    return any(in_range(c, start, end, when.is_date, span, floating) for c, when, start, end in made.instances(floating) if c is component)


def last_component(made):
    """The one whose instances never end."""
    following = [c for c in made.components if c.this_and_future]
    return max(following, key=lambda c: c.recurrence_id.wall) if following else made.components[0]


def folded(collation, text):
    if collation == "i;octet":
        return text
    if collation == "i;unicode-casemap":
        return text.casefold() if text.isascii() else "".join(c.casefold() if len(c.casefold()) == 1 else c for c in text)
    return "".join(c.lower() if c.isascii() else c for c in text)


class TextMatch:
    def __init__(self, chance, text):
        cut = chance.randrange(len(text))
        self.text = text[cut:cut + chance.choice([1, 3, 20])] if chance.random() < 0.8 else chance.choice(WORDS)
        if chance.random() < 0.4:
            self.text = self.text.swapcase()
        self.collation = chance.choice([None, "i;ascii-casemap", "i;octet"] + ["i;unicode-casemap"] * self.is_plain())
        self.negate = chance.random() < 0.2

    def is_plain(self):
        """What Unicode folds to more than one character, or by language, is for the unit tests."""
        return not set(self.text) & set("ßİiIıẞ\u0307sS")

    def xml(self):
        text = self.text.replace("&", "&amp;").replace("<", "&lt;")
        return (f'<C:text-match{f" collation=%s" % chr(34) + self.collation + chr(34) if self.collation else ""}'
                f'{" negate-condition=" + chr(34) + "yes" + chr(34) if self.negate else ""}>{text}</C:text-match>')

    def matches(self, text):
        return (folded(self.collation, self.text) in folded(self.collation, text)) != self.negate


class ParamFilter:
    def __init__(self, chance):
        self.name = chance.choice(["PARTSTAT", "CN", "LANGUAGE"])
        self.absent = chance.random() < 0.25
        self.text = TextMatch(chance, chance.choice(["ACCEPTED", "DECLINED", "Bob", "Zoë", "de"])) if chance.random() < 0.7 else None

    def xml(self):
        inside = "<C:is-not-defined/>" if self.absent else self.text.xml() if self.text else ""
        return f'<C:param-filter name="{self.name}">{inside}</C:param-filter>'

    def matches(self, parameters):
        if self.absent:
            return self.name not in parameters
        return self.name in parameters and (self.text is None or self.text.matches(parameters[self.name]))


class PropFilter:
    def __init__(self, chance):
        self.span = self.text = None
        self.params = []
        self.absent = chance.random() < 0.2
        if chance.random() < 0.35:
            self.name = chance.choice(["DTSTART", "DUE", "COMPLETED", "CREATED", "DTEND"])
            self.span = some_range(chance) if chance.random() < 0.8 else None
        else:
            self.name = chance.choice(["SUMMARY", "LOCATION", "CATEGORIES", "ATTENDEE", "STATUS", "X-NOTHING"])
            known = {"STATUS": "TENTATIVE", "ATTENDEE": "mailto:bob@example.net"}.get(self.name, chance.choice(WORDS))
            self.text = TextMatch(chance, known) if chance.random() < 0.7 else None
            self.params = [ParamFilter(chance) for _ in range(chance.choice([0, 0, 1] if self.name != "ATTENDEE" else [0, 1, 2]))]

    def xml(self):
        inside = "<C:is-not-defined/>" if self.absent else (range_xml("time-range", self.span) if self.span else "") + \
            (self.text.xml() if self.text else "") + "".join(param.xml() for param in self.params)
        return f'<C:prop-filter name="{self.name}">{inside}</C:prop-filter>'

    def time_matches(self, when, floating):
        start = when.at(floating)
        if self.span is None:
            return True
        if when.is_date:
            return start < self.span[1] and start + DAY > self.span[0]
        return self.span[0] <= start < self.span[1]

    def matches(self, component, floating):
        if self.name in ("DTSTART", "DUE", "COMPLETED", "CREATED", "DTEND"):
            when = component.times.get(self.name)
            return when is None if self.absent else when is not None and self.time_matches(when, floating)
        found = [(parameters, value) for name, parameters, value in component.texts if name == self.name]
        if self.absent:
            return not found
        return any((self.text is None or self.text.matches(value)) and all(p.matches(parameters) for p in self.params)
                   for parameters, value in found)


class CompFilter:
    """Of VEVENT, VTODO or VJOURNAL, perhaps with one of VALARM in it."""

    def __init__(self, chance):
        self.name = chance.choice(["VEVENT"] * 4 + ["VTODO"] * 2 + ["VJOURNAL"])
        self.absent = chance.random() < 0.06
        self.span = some_range(chance) if chance.random() < 0.6 else None
        self.props = [PropFilter(chance) for _ in range(chance.choice([0, 0, 1, 1, 2]))]
        self.alarm = chance.choice(["range", "there", "absent"]) if chance.random() < 0.25 and self.name != "VJOURNAL" else None
        self.alarm_span = some_range(chance)

    def xml(self):
        if self.absent:
            return f'<C:comp-filter name="{self.name}"><C:is-not-defined/></C:comp-filter>'
        alarm = {"range": range_xml("time-range", self.alarm_span), "there": "", "absent": "<C:is-not-defined/>", None: None}[self.alarm]
        return (f'<C:comp-filter name="{self.name}">' + (range_xml("time-range", self.span) if self.span else "") +
                "".join(prop.xml() for prop in self.props) +
                (f'<C:comp-filter name="VALARM">{alarm}</C:comp-filter>' if alarm is not None else "") + "</C:comp-filter>")

    def alarm_matches(self, made, component, floating):
        if self.alarm in (None, "there", "absent"):
            return self.alarm is None or bool(component.alarms) == (self.alarm == "there")
        times = [(start, end) for c, _, start, end in made.instances(floating) if c is component]
        endless = made.endless and self.alarm_span[1] == ALWAYS and component is last_component(made)
        return any(alarm.rings(times, self.alarm_span) or (endless and not alarm.absolute) for alarm in component.alarms)

    def matches(self, made, floating):
        named = [c for c in made.components if c.name == self.name]
        if self.absent:
            return not named
        return any(all(prop.matches(c, floating) for prop in self.props) and
                   (self.span is None or component_in_range(made, c, self.span, floating)) and
                   self.alarm_matches(made, c, floating) for c in named)


# ---- asking ----

def ask_query(site, chance, world, own_zone):
    filters = [CompFilter(chance) for _ in range(chance.choice([1, 1, 1, 1, 2]))]
    zone = chance.choice(ZONES) if chance.random() < 0.25 else None
    inside = "".join(f.xml() for f in filters)
    answer = query(site, WORK, inside, more=f"<C:timezone-id>{zone}</C:timezone-id>" if zone else "")
    if answer.status != 207:
        return f"{inside}: {answer.status} {answer.text[:300]}", 0
    seen = {href.rpartition("/")[2][:-4] for href in Multistatus(answer.body).responses}
    wished = {uid for uid, made in world.items() if all(f.matches(made, zone or own_zone) for f in filters)}
    if seen == wished:
        return None, len(wished)
    wrong = sorted(seen ^ wished)[0]
    return f"{inside}\ntimezone {zone}: {'too much' if wrong in seen else 'missing'} {sorted(seen ^ wished)}\n{world[wrong].text()}", 0


def starts_in(text):
    """The DTSTART of each VEVENT."""
    return sorted(re.findall(r"^DTSTART[^:]*:(\S+)", "".join(re.findall(r"BEGIN:VEVENT.*?END:VEVENT", text, re.S)), re.M))


def bounded_range(chance):
    span = some_range(chance)
    while NEVER in span or ALWAYS in span:
        span = some_range(chance)
    return span


def ask_data(site, span, recurrence, found_in):
    """{UID: FOUND_IN of its calendar-data}, asked for the events in SPAN; or what went wrong."""
    filter_xml = f'<C:comp-filter name="VEVENT">{range_xml("time-range", span)}</C:comp-filter>'
    answer = query(site, WORK, filter_xml, data=f"<C:calendar-data>{range_xml(recurrence, span)}</C:calendar-data>")
    if answer.status != 207:
        return f"{recurrence} {span}: {answer.status} {answer.text[:300]}"
    many = Multistatus(answer.body)
    return {href.rpartition("/")[2][:-4]: found_in(many.text(href, C + "calendar-data").replace("\r", "")) for href in many.responses}


def compare_data(world, span, recurrence, seen, wished):
    if isinstance(seen, str):
        return seen, 0
    wrong = sorted(uid for uid in {*seen, *wished} if seen.get(uid) != wished.get(uid))
    if not wrong:
        return None, len(wished)
    return (f"{range_xml(recurrence, span)}: seen {seen.get(wrong[0])}, wished {wished.get(wrong[0])}\n{world[wrong[0]].text()}"), 0


def ask_expand(site, chance, world, own_zone):
    span, wished = bounded_range(chance), {}
    for uid, made in world.items():
        starts = [when.text() for c, when, start, end in made.instances(own_zone)
                  if c.name == "VEVENT" and in_range(c, start, end, when.is_date, span, own_zone)]
        if starts:
            wished[uid] = sorted(starts)
    return compare_data(world, span, "expand", ask_data(site, span, "expand", starts_in), wished)


def ids_in(text):
    return sorted(re.findall(r"^RECURRENCE-ID[^:]*:(\S+)", text, re.M))


def ask_limited(site, chance, world, own_zone):
    """limit-recurrence-set (9.6.6): the overrides that take place in the range, or would if they were none."""
    span, wished, open_to_views = bounded_range(chance), {}, set()
    for uid, made in world.items():
        master = made.components[0]
        instances = [row for row in made.instances(own_zone) if row[0].name == "VEVENT"]
        if any(c.this_and_future for c in made.components):
            open_to_views.add(uid)  # the RFC leaves open what of these is wanted
        if any(in_range(c, start, end, when.is_date, span, own_zone) for c, when, start, end in instances):
            wished[uid] = sorted(
                c.recurrence_id.line("X").rpartition(":")[2] for c, when, start, end in instances if c is not master and
                (in_range(c, start, end, when.is_date, span, own_zone) or
                 in_range(master, c.recurrence_id.at(own_zone), end_of(master, c.recurrence_id, own_zone), when.is_date, span, own_zone)))
    seen = ask_data(site, span, "limit-recurrence-set", ids_in)
    if not isinstance(seen, str):
        for uid in open_to_views & seen.keys() & wished.keys():
            seen[uid] = wished[uid]
    return compare_data(world, span, "limit-recurrence-set", seen, wished)


def text_of(component, name):
    return next((value for n, _, value in component.texts if n == name), None)


def busy_of(world, span, own_zone):
    """{kind: [(start, end)]}, a time being what blocks it most."""
    found = {"BUSY": [], "BUSY-TENTATIVE": []}
    for made in world.values():
        for component, _, start, end in made.instances(own_zone):
            if component.name != "VEVENT" or text_of(component, "STATUS") == "CANCELLED" or text_of(component, "TRANSP") == "TRANSPARENT":
                continue
            if start < span[1] and end > span[0] and end > start:
                found["BUSY-TENTATIVE" if text_of(component, "STATUS") == "TENTATIVE" else "BUSY"].append(
                    (max(start, span[0]), min(end, span[1])))
    points = sorted({at for times in found.values() for pair in times for at in pair})
    kinds = {}
    for low, high in zip(points, points[1:]):
        for kind in ("BUSY", "BUSY-TENTATIVE"):
            if any(start <= low and high <= end for start, end in found[kind]):
                times = kinds.setdefault(kind, [])
                if times and times[-1][1] == low:
                    times[-1] = (times[-1][0], high)
                else:
                    times.append((low, high))
                break
    return {kind: [tuple(f"{at:%Y%m%dT%H%M%SZ}" for at in pair) for pair in times] for kind, times in kinds.items()}


def ask_free_busy(site, chance, world, own_zone):
    start = some_wall(chance, False).replace(tzinfo=UTC)
    span = (start, start + chance.choice([1, 7, 40]) * DAY)
    answer = free_busy(site, WORK, f"{span[0]:%Y%m%dT%H%M%SZ}", f"{span[1]:%Y%m%dT%H%M%SZ}")
    seen = periods(answer.body) if answer.status == 200 else answer.status
    wished = busy_of(world, span, own_zone)
    return (None, len(wished)) if seen == wished else (f"free-busy {span[0]} {span[1]}:\nseen   {seen}\nwished {wished}", 0)


def run(site, chance, seed):
    own_zone = chance.choice(ZONES)
    site.request("PROPPATCH", WORK, f'<D:propertyupdate {ROOT}><D:set><D:prop><C:calendar-timezone-id>{own_zone}'
                 "</C:calendar-timezone-id></D:prop></D:set></D:propertyupdate>", "alice", {"Content-Type": "text/xml"})
    world, refused, wrong, found = {}, [], [], 0
    for number in range(OBJECTS):
        made = some_object(chance, number)
        answer = put(site, WORK + made.uid + ".ics", made.text())
        if answer.status in (201, 204):
            world[made.uid] = made
        else:
            refused.append(f"{answer.status} {answer.text}\n{made.text()}")
    tap.check(not refused, f"seed {seed}: the world is stored", "\n".join(refused[:1]))
    for _ in range(QUERIES):
        ask = chance.choices((ask_query, ask_expand, ask_limited, ask_free_busy), (65, 13, 7, 15))[0]
        said, count = ask(site, chance, world, own_zone)
        found += count > 0
        if said is not None:
            wrong.append(said)
            if SHOW:
                print(f"---- own zone {own_zone}\n{said}", file=sys.stderr)
    tap.check(not wrong, f"seed {seed}: {QUERIES} reports agree with the oracle",
              f"{len(wrong)} differ, own zone {own_zone}\n{wrong[0]}" if wrong else "")
    tap.check(found > QUERIES / 3, f"seed {seed}: enough of them find something", found)
    for uid in world:
        site.request("DELETE", WORK + uid + ".ics", None, "alice")


with Site(users=["alice"], config='timezone = "Europe/Amsterdam"\n') as site_:
    for round_ in range(ROUNDS):
        run(site_, random.Random(SEED + round_), SEED + round_)
tap.finish()
