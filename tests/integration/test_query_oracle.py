#!/usr/bin/python3
"""Random calendar-query, free-busy-query and expand reports against a slow oracle that knows the objects and nothing of the
server: it lists every instance by dateutil on wall times, and asks the tables of RFC 4791, 9.7 and 9.9, of each.

SEED picks another world, ROUNDS how many of them, QUERIES how many reports a world is asked;
SHOW=1 prints all that differs.
"""
import os
import random
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, ROOT, Multistatus, free_busy, periods, put, query  # noqa: E402
from query_world import ALWAYS, DAY, NEVER, UTC, WORDS, ZONES, end_of, range_xml, some_object, some_range, some_wall  # noqa: E402
from server import Site, Tap  # noqa: E402

SEED = int(os.environ.get("SEED", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "2"))
QUERIES = int(os.environ.get("QUERIES", "250"))
SHOW = os.environ.get("SHOW")  # all disagreements, whole
OBJECTS = 70
WORK = "/dav/calendars/alice/all/"
OWN_TIMEZONE = ("BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:-//tests//EN&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:Of my own&#13;\nBEGIN:STANDARD&#13;\n"
                "DTSTART:19700101T000000&#13;\nTZOFFSETFROM:+0300&#13;\nTZOFFSETTO:+0300&#13;\nEND:STANDARD&#13;\nEND:VTIMEZONE&#13;\n"
                "END:VCALENDAR&#13;\n")  # what Etc/GMT-3 is
tap = Tap()


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
    if component.name == "VFREEBUSY" and component.times:
        return span[0] <= component.times["DTEND"].at("UTC") and span[1] > component.times["DTSTART"].at("UTC")
    if component.name == "VFREEBUSY":
        return any(span[0] < end and span[1] > start for _, start, end in component.periods)
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
        self.name = chance.choice(["VEVENT"] * 4 + ["VTODO"] * 2 + ["VJOURNAL", "VFREEBUSY"])
        self.absent = chance.random() < 0.06
        self.span = some_range(chance) if chance.random() < 0.6 else None
        self.props = [PropFilter(chance) for _ in range(chance.choice([0, 0, 1, 1, 2]))]
        self.alarm = chance.choice(["range", "there", "absent"]) if chance.random() < 0.25 and self.name in ("VEVENT", "VTODO") else None
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
    zone = chance.choice(ZONES + ["Etc/GMT-3"]) if chance.random() < 0.25 else None
    inside = "".join(f.xml() for f in filters)
    more = "" if zone is None else f"<C:timezone>{OWN_TIMEZONE}</C:timezone>" if zone == "Etc/GMT-3" else f"<C:timezone-id>{zone}</C:timezone-id>"
    answer = query(site, WORK, inside, more=more)
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


# ---- calendar-data in part (9.6.1 to 9.6.4) ----

class Part:
    """What is asked of a component: properties (None: all; {name: without value}) and components (None: all)."""

    def __init__(self, chance, name):
        inner = {"VCALENDAR": ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"], "VEVENT": ["VALARM"], "VTODO": ["VALARM"]}.get(name, [])
        names = {"VCALENDAR": ["VERSION", "PRODID", "X-NOTHING"], "VALARM": ["TRIGGER", "ACTION"]}.get(
            name, ["UID", "DTSTART", "SUMMARY", "ATTENDEE", "CATEGORIES", "RRULE", "RECURRENCE-ID", "FREEBUSY"])
        self.name = name
        self.properties = None if chance.random() < 0.25 else {
            name: chance.random() < 0.2 for name in chance.sample(names, chance.randrange(len(names) + 1))}
        self.parts = None if chance.random() < 0.2 else [Part(chance, name) for name in inner if chance.random() < 0.7]

    def xml(self):
        properties = "<C:allprop/>" if self.properties is None else "".join(
            f'<C:prop name="{name}"{" novalue=" + chr(34) + "yes" + chr(34) if bare else ""}/>' for name, bare in self.properties.items())
        parts = "<C:allcomp/>" if self.parts is None else "".join(part.xml() for part in self.parts)
        return f'<C:comp name="{self.name}">{parts}{properties}</C:comp>'

    def line(self, line):
        """None when it is not asked for."""
        name = re.match("[A-Z-]+", line)[0]
        if self.properties is None:
            return line
        if name not in self.properties:
            return None
        return re.match('[^:"]*(?:"[^"]*"[^:"]*)*:', line)[0] if self.properties[name] else line

    def of(self, lines):
        """LINES without what this does not ask for; they begin and end the component. Who asks for nothing gets all: 7.8.1."""
        if self.properties == {} and self.parts == []:
            return lines
        kept, i = [lines[0]], 1
        while i < len(lines) - 1:
            if not lines[i].startswith("BEGIN:"):
                kept += filter(None, [self.line(lines[i])])
                i += 1
                continue
            name, end = lines[i][6:], lines.index("END:" + lines[i][6:], i) + 1
            part = next((part for part in self.parts or [] if part.name == name), None)
            kept += lines[i:end] if self.parts is None else part.of(lines[i:end]) if part else []
            i = end
        return kept + [lines[-1]]


def ask_part(site, chance, world, _):
    part, name = Part(chance, "VCALENDAR"), chance.choice(["VEVENT", "VTODO", "VFREEBUSY"])
    answer = query(site, WORK, f'<C:comp-filter name="{name}"/>', data=f"<C:calendar-data>{part.xml()}</C:calendar-data>")
    if answer.status != 207:
        return f"{part.xml()}: {answer.status} {answer.text[:300]}", 0
    many = Multistatus(answer.body)
    wished = {uid: part.of(made.text().splitlines()) for uid, made in world.items() if made.components[0].name == name}
    seen = {}
    for href in many.responses:
        text = re.sub("BEGIN:VTIMEZONE.*?END:VTIMEZONE\n", "", many.text(href, C + "calendar-data").replace("\r", ""), flags=re.S)
        seen[href.rpartition("/")[2][:-4]] = text.replace("\n ", "").splitlines()
    wrong = sorted(uid for uid in {*seen, *wished} if seen.get(uid) != wished.get(uid))
    if not wrong:
        return None, len(wished)
    return f"{part.xml()}:\nseen   {seen.get(wrong[0])}\nwished {wished.get(wrong[0])}\n{world[wrong[0]].text()}", 0


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
    found = {"BUSY-UNAVAILABLE": [], "BUSY": [], "BUSY-TENTATIVE": []}  # what blocks most is first
    for made in world.values():
        for kind, start, end in made.components[0].periods:
            if kind != "FREE" and start < span[1] and end > span[0]:
                found[kind].append((max(start, span[0]), min(end, span[1])))
        for component, _, start, end in made.instances(own_zone):
            if component.name != "VEVENT" or text_of(component, "STATUS") == "CANCELLED" or text_of(component, "TRANSP") == "TRANSPARENT":
                continue
            if start < span[1] and end > span[0] and end > start:
                found["BUSY-TENTATIVE" if text_of(component, "STATUS") == "TENTATIVE" else "BUSY"].append(
                    (max(start, span[0]), min(end, span[1])))
    points = sorted({at for times in found.values() for pair in times for at in pair})
    kinds = {}
    for low, high in zip(points, points[1:]):
        for kind, blocked in found.items():
            if any(start <= low and high <= end for start, end in blocked):
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
        ask = chance.choices((ask_query, ask_expand, ask_limited, ask_part, ask_free_busy), (62, 13, 7, 3, 15))[0]
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
    kinds = "".join(f'<C:comp name="{name}"/>' for name in ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"))
    site_.request("MKCALENDAR", WORK, f"<C:mkcalendar {ROOT}><D:set><D:prop><C:supported-calendar-component-set>{kinds}"
                  "</C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>", "alice", {"Content-Type": "text/xml"})
    for round_ in range(ROUNDS):
        run(site_, random.Random(SEED + round_), SEED + round_)
tap.finish()
