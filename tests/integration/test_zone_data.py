#!/usr/bin/python3
"""The zone data of the machine changes: what moves is indexed anew, on SIGHUP and at start, and nothing else changes."""
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap, wait_for  # noqa: E402

tap = Tap()
ZONEINFO = "/usr/share/zoneinfo"
ZONES = ["UTC", "Etc/UTC", "Europe/Amsterdam", "America/New_York", "Asia/Tokyo"]
HOME = "/dav/calendars/alice/"
SWAPS = 10  # the last one leaves the zone as it is


def event(uid, start, extra=""):
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nBEGIN:VEVENT\r\n"
            f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART{start}\r\nDURATION:PT1H\r\nSUMMARY:{uid}\r\n{extra}"
            "END:VEVENT\r\nEND:VCALENDAR\r\n")


EVENTS = {
    "zoned": event("zoned", ";TZID=Europe/Amsterdam:20270302T090000"),
    "series": event("series", ";TZID=Europe/Amsterdam:20270303T090000", "RRULE:FREQ=DAILY;COUNT=2\r\n"),
    "endless": event("endless", ";TZID=Europe/Amsterdam:20270306T090000", "RRULE:FREQ=WEEKLY\r\n"),
    "floating": event("floating", ":20270305T090000"),
    "utc": event("utc", ":20270302T120000Z"),
    "tokyo": event("tokyo", ";TZID=Asia/Tokyo:20270302T200000"),
}
MOVE = {"zoned", "series", "endless", "floating"}
BEFORE = ["20270302T080000Z", "20270303T080000Z", "20270304T080000Z", "20270305T080000Z", "20270306T080000Z"]
AFTER = ["20270302T140000Z", "20270303T140000Z", "20270304T140000Z", "20270305T140000Z", "20270306T140000Z"]


def put_zone(directory, name, source):
    target = os.path.join(directory, name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(os.path.join(ZONEINFO, source), target + ".new")
    os.rename(target + ".new", target)


def free_busy(site):
    answer = site.request("REPORT", HOME + "work/", user="alice", headers={"Depth": "1"}, body=(
        '<c:free-busy-query xmlns:c="urn:ietf:params:xml:ns:caldav">'
        '<c:time-range start="20270301T000000Z" end="20270308T000000Z"/></c:free-busy-query>'))
    return re.findall(r"(\d{8}T\d{6}Z)/", answer.text.replace("\r\n ", ""))


def found(site, start, end):
    answer = site.request("REPORT", HOME + "work/", user="alice", headers={"Depth": "1"}, body=(
        '<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><d:getetag/></d:prop><c:filter>'
        '<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
        f'<c:time-range start="{start}" end="{end}"/></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>'))
    return sorted(re.findall(r"/(\w+)\.ics<", answer.text))


def etags(site):
    return {name: site.request("GET", HOME + f"work/{name}.ics", user="alice").headers["ETag"] for name in EVENTS}


def token(site):
    answer = site.request("PROPFIND", HOME + "work/", user="alice", headers={"Depth": "0"},
                          body='<d:propfind xmlns:d="DAV:"><d:prop><d:sync-token/></d:prop></d:propfind>')
    return re.search(r"sync-token>([^<]+)<", answer.text).group(1)


def reindexed(site):
    """How many objects each reindexing moved, by the log."""
    with open(site.log, errors="replace") as log:
        return [int(n) for n in re.findall(r"indexed anew.* objects=(\d+)", log.read())]


def without_known(times):
    return sorted(set(times) - {"20270302T120000Z", "20270302T110000Z"})


def check_moved(site, wished, hour, what):
    tap.equal(without_known(free_busy(site)), wished, f"{what}: free/busy has what moved at its new time")
    tap.equal(found(site, f"20270302T{hour}0000Z", f"20270302T{hour}0001Z"), ["zoned"], f"{what}: a query finds it there")
    tap.equal(found(site, "20270302T110000Z", "20270302T130000Z"), ["tokyo", "utc"], f"{what}: the others are where they were")
    tap.check(site.slotkeeper("check").returncode == 0, f"{what}: the index agrees with the objects")


def listed(site, since=None):
    answer = site.request("GET", "/timezones/zones" + (f"?changedsince={since}" if since else ""))
    said = json.loads(answer.body)
    return said.get("synctoken"), [zone["tzid"] for zone in said.get("timezones", [])]


def zone_goes(site, directory):
    """A zone that the machine has no more, as after an upgrade that drops old names: its events stay where they were."""
    site.request("PUT", HOME + "work/tokyoendless.ics", event("tokyoendless", ";TZID=Asia/Tokyo:20270402T200000", "RRULE:FREQ=WEEKLY\r\n"),
                 "alice", {"Content-Type": "text/calendar"})
    site.request("MKCALENDAR", HOME + "more/", None, "alice")
    tokyo, before = os.path.join(directory, "Asia/Tokyo"), len(reindexed(site))
    os.remove(tokyo)
    site.signal(signal.SIGHUP)
    tap.check(wait_for(lambda: len(reindexed(site)) > before), "a zone goes: the rest is looked at")
    tap.check("cannot be read by the present zones" in open(site.log).read(), "what named it is told")
    tap.equal(found(site, "20270302T110000Z", "20270302T120000Z"), ["tokyo"], "and found where it was")
    site.stop()
    site.start()
    tap.equal(site.request("GET", HOME + "work/tokyo.ics", user="alice").status, 200, "the server starts without the zone")
    everything_works(site)
    put_zone(directory, "Asia/Tokyo", "Asia/Tokyo")
    before = len(reindexed(site))
    site.signal(signal.SIGHUP)
    tap.check(wait_for(lambda: len(reindexed(site)) > before), "the zone comes back")
    site.request("PUT", HOME + "work/tokyo.ics", EVENTS["tokyo"], "alice", {"Content-Type": "text/calendar"})
    tap.check(site.slotkeeper("check").returncode == 0, "and the index agrees with the objects")


def query(site, inside, data=""):
    answer = site.request("REPORT", HOME + "work/", user="alice", headers={"Depth": "1"}, body=(
        f'<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><d:getetag/>{data}</d:prop><c:filter>'
        f'<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">{inside}</c:comp-filter></c:comp-filter></c:filter>'
        "</c:calendar-query>"))
    return answer.status, sorted(re.findall(r"/(\w+)\.ics<", answer.text))


def everything_works(site):
    """Beside an object, and a series without end, that name a zone which nobody knows."""
    some = '<c:prop-filter name="SUMMARY"><c:text-match>%s</c:text-match></c:prop-filter>'
    far = '<c:time-range start="20350301T000000Z" end="20350401T000000Z"/>'
    whole = '<c:calendar-data><c:expand start="20270301T000000Z" end="20270401T000000Z"/></c:calendar-data>'
    tap.equal(query(site, some % "tokyo"), (207, ["tokyo", "tokyoendless"]), "without its zone: found by its text")
    tap.equal(query(site, some % "utc", whole), (207, ["utc"]), "without its zone: others are expanded")
    tap.equal(query(site, some % "tokyo", whole), (207, ["tokyo", "tokyoendless"]), "without its zone: it is expanded")
    tap.equal(query(site, far), (207, ["endless", "tokyoendless"]), "without its zone: found years ahead")
    answer = site.request("REPORT", HOME + "work/", user="alice", headers={"Depth": "1"}, body=(
        '<c:free-busy-query xmlns:c="urn:ietf:params:xml:ns:caldav">'
        '<c:time-range start="20350301T000000Z" end="20350308T000000Z"/></c:free-busy-query>'))
    tap.check(answer.status == 200 and answer.text.count("FREEBUSY;") + answer.text.count("Z/") > 1, "without its zone: busy years ahead",
              answer.text)
    booked = site.request("PUT", HOME + "bookings/far.ics", event("far", ":20350302T150000Z"), "alice", {"Content-Type": "text/calendar"})
    tap.equal(booked.status, 201, "without its zone: a booking years ahead is checked against it")
    for zone in ("America/New_York", "Europe/Amsterdam"):
        answer = site.request("PROPPATCH", HOME + "work/", user="alice", body=(
            '<d:propertyupdate xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop><c:calendar-timezone-id>'
            f"{zone}</c:calendar-timezone-id></d:prop></d:set></d:propertyupdate>"))
        tap.check(answer.status == 207 and "200 OK" in answer.text, f"without its zone: the calendar gets {zone}", answer.text)
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 1 and done.stdout.count("neither known nor defined here") == 2 and "2 disagreements" in done.stdout,
              "without its zone: check names it and nothing else", done.stdout)
    tap.equal(site.request("COPY", HOME + "work/tokyo.ics", user="alice", headers={"Destination": HOME + "more/tokyo.ics"}).status, 403,
              "without its zone: no copy is made")
    tap.equal(site.request("DELETE", HOME + "work/tokyoendless.ics", user="alice").status, 204, "without its zone: it can be deleted")
    tap.equal(site.request("PUT", HOME + "work/tokyo.ics", EVENTS["tokyo"].replace("Asia/Tokyo", "Europe/Amsterdam"), "alice",
                           {"Content-Type": "text/calendar"}).status, 204, "and replaced by one with a zone that is known")


def swap_beside_writes(site, directory):
    """Events are written while the rules change under them: afterwards each is where the last rules put it."""
    stop, statuses = threading.Event(), set()

    def write(number):
        count = 0
        while not stop.is_set():
            count += 1
            hour, name = count % 24, f"w{number}-{count % 20}"
            answer = site.request("PUT", HOME + f"work/{name}.ics", user="alice", headers={"Content-Type": "text/calendar"},
                                  body=event(name, f";TZID=Europe/Amsterdam:202703{10 + number:02}T{hour:02}0000"))
            statuses.add(answer.status)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for turn in range(SWAPS):
        before = len(reindexed(site))
        put_zone(directory, "Europe/Amsterdam", ("America/New_York", "Europe/Amsterdam")[turn % 2])
        site.signal(signal.SIGHUP)
        wait_for(lambda: len(reindexed(site)) > before)
        time.sleep(0.1)
    stop.set()
    for writer in writers:
        writer.join()
    tap.check(statuses and statuses <= {201, 204}, "writes beside changing zones are taken", statuses)
    tap.check(site.slotkeeper("check").returncode == 0, f"and after {SWAPS} changes the index agrees with the objects")


def main():
    directory = tempfile.mkdtemp(prefix="slotkeeper-zones-")
    os.environ["TZDIR"] = directory
    for zone in ZONES:
        put_zone(directory, zone, zone)
    try:
        with Site(users=["alice"], config="timezone = Europe/Amsterdam\n") as site:
            for name, text in EVENTS.items():
                answer = site.request("PUT", HOME + f"work/{name}.ics", user="alice", body=text,
                                      headers={"Content-Type": "text/calendar"})
                tap.equal(answer.status, 201, f"PUT of {name}")
            check_moved(site, BEFORE, "08", "before")
            tags, sync = etags(site), token(site)
            tokens = [listed(site)[0]]
            runs = len(reindexed(site))

            site.signal(signal.SIGHUP)
            wait_for(lambda: "reloaded" in open(site.log).read())
            tap.equal(len(reindexed(site)), runs, "SIGHUP with the same zones looks at nothing")

            put_zone(directory, "Europe/Amsterdam", "America/New_York")
            site.signal(signal.SIGHUP)
            wait_for(lambda: len(reindexed(site)) > runs)
            tap.equal(reindexed(site)[runs:], [len(MOVE)], "SIGHUP with another rule: those that move are indexed, no more")
            check_moved(site, AFTER, "14", "after SIGHUP")
            tap.equal(etags(site), tags, "no ETag has changed")
            tokens.append(listed(site)[0])
            tap.check(tokens[0] != tokens[1], "the time zone service has another token")
            tap.equal(listed(site, tokens[0]), (tokens[1], ["Europe/Amsterdam"]), "and tells which zone has changed since the old one")
            tap.equal(listed(site, tokens[1]), (tokens[1], []), "none since the new one")
            tap.equal(token(site), sync, "and nothing is to be synced")
            answer = site.request("PUT", HOME + "work/new.ics", user="alice", headers={"Content-Type": "text/calendar"},
                                  body=event("new", ";TZID=Europe/Amsterdam:20270310T090000"))
            tap.equal(answer.status, 201, "a new event is read by the new rule")
            tap.equal(found(site, "20270310T140000Z", "20270310T140001Z"), ["new"], "and found by it")
            site.request("DELETE", HOME + "work/new.ics", user="alice")

            site.stop()
            put_zone(directory, "Europe/Amsterdam", "Europe/Amsterdam")
            site.start()
            tap.equal(reindexed(site)[runs + 1:], [len(MOVE)], "changed while the server was down: found at start")
            check_moved(site, BEFORE, "08", "after a restart")
            tap.equal(etags(site), tags, "still the ETags of the start")
            site.stop()
            site.start()
            tap.equal(len(reindexed(site)), runs + 2, "a start with the same zones looks at nothing")
            swap_beside_writes(site, directory)
            zone_goes(site, directory)

            shutil.move(os.path.join(directory, "Europe"), os.path.join(directory, "gone"))
            for name in ("UTC", "Etc", "America", "Asia", "gone"):
                shutil.move(os.path.join(directory, name), directory + "-" + name)
            site.signal(signal.SIGHUP)
            tap.check(wait_for(lambda: "holds no time zones" in open(site.log).read()), "no zones at all: it says so")
            check_moved(site, BEFORE, "08", "and goes on with those it has")
            for name in ("UTC", "Etc", "America", "Asia", "gone"):
                path = directory + "-" + name
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


main()
tap.finish()
