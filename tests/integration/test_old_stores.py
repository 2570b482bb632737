#!/usr/bin/python3
"""A store of each older format, kept as it was written, under the present server: all there, same ETags, same sync tokens."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, I, Multistatus, event, free_busy, propfind, put, query, sync  # noqa: E402
from server import BUILD, TOP, Site, Tap  # noqa: E402

tap = Tap()
STORES = os.path.join(TOP, "tests", "data", "stores")
HOME = "/dav/calendars/alice/"
WORK, BOOKINGS = HOME + "work/", HOME + "bookings/"
# What each kept store holds: format, password of alice, sync token of work, ETags in work.
ETAGS = {"event.ics": '"7f5acad38190742f-1"', "over.ics": '"247e79b0c44f732a-6"', "series.ics": '"c7147ff1b600d7cc-2"',
         "todo.ics": '"6e2c1f2a3fbd8dff-4"'}
TOKEN = "urn:slotkeeper:sync:34af1e60a1c1a111-1-6"
KEPT = {
    1: ("kept password", TOKEN, ETAGS),
    2: ("kept password", TOKEN, ETAGS),
}


def load(site, text):
    for name in os.listdir(site.data):
        os.unlink(os.path.join(site.data, name))
    done = subprocess.run([os.path.join(BUILD, "tests", "tools", "store_load"), site.data], input=text, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def old(number, text):
    password, token, etags = KEPT[number]
    site = Site(config='timezone = "Europe/Amsterdam"\n')
    load(site, text)
    site.passwords["alice"] = password
    with site:
        found = propfind(site, WORK, "D:getetag D:displayname I:calendar-color", depth="1")
        tap.equal({href[len(WORK):]: found.text(href, D + "getetag") for href in found.responses if href != WORK}, etags,
                  f"format {number}: every object has its ETag")
        tap.equal((found.text(WORK, D + "displayname"), found.text(WORK, I + "calendar-color")), ("My work", "#FF0000"),
                  f"format {number}: live and dead properties")
        tap.check("SUMMARY:An event" in site.request("GET", WORK + "event.ics", None, "alice").text, f"format {number}: its text")
        tap.equal(Multistatus(sync(site, WORK, token).body).responses, {}, f"format {number}: the sync token is still good")
        put(site, WORK + "new.ics", event("new", "20270320T090000Z"))
        tap.equal(list(Multistatus(sync(site, WORK, token).body).responses), [WORK + "new.ics"], f"format {number}: and goes on")
        week = '<C:comp-filter name="VEVENT"><C:time-range start="20270401T000000Z" end="20270408T000000Z"/></C:comp-filter>'
        tap.equal(list(Multistatus(query(site, WORK, week).body).responses), [WORK + "series.ics"], f"format {number}: the index")
        answer = put(site, BOOKINGS + "second.ics", event("second", "20270310T133000Z"), Prefer="handling=strict")
        tap.equal(answer.status, 403, f"format {number}: the booking holds its time")
        tap.check("STATUS:CANCELLED" in site.request("GET", BOOKINGS + "refused.ics", None, "alice").text, f"format {number}: a refused copy")
        busy = free_busy(site, HOME, "20270302T000000Z", "20270303T000000Z").text
        tap.check("20270302T090000Z" in busy, f"format {number}: free/busy", busy)
        listed = Multistatus(sync(site, HOME, names="D:displayname").body)
        tap.check({WORK, BOOKINGS, HOME + "garden/"} <= set(listed.responses), f"format {number}: the home syncs", list(listed.responses))
        hours = site.slotkeeper("hours", "show", "alice").stdout
        tap.check('"09:00"' in hours, f"format {number}: working hours", hours)
        told = json.loads(site.slotkeeper("audit", "--json").stdout)
        kept = [entry["after"]["uid"] for entry in told if entry["kind"] == "booking" and entry["before"] is None]
        tap.check("booking" in kept and "refused" not in kept, f"format {number}: its booking has a record", told)
        done = site.slotkeeper("check", ok=None)
        tap.check(done.returncode == 0, f"format {number}: check finds nothing", done.stdout)


def newer(text):
    """The row "format" of the table of small values says what nobody knows yet."""
    lines = [line if "666f726d6174" not in line.split()[0] else line.split()[0] + " 6300000000000000" for line in text.splitlines()]
    site = Site()
    load(site, "\n".join(lines) + "\n")
    for program, words in (("slotkeeperd", ["--listen", "127.0.0.1:0"]), ("slotkeeper", ["status"])):
        done = subprocess.run([os.path.join(BUILD, "server", program), "--data", site.data, *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        tap.check(done.returncode != 0 and "newer version" in done.stderr, f"{program} refuses a store from a newer version", done)
    site.stop()


kept_files = sorted(name for name in os.listdir(STORES) if name.endswith(".hex"))
tap.equal(kept_files, [f"format-{number}.hex" for number in sorted(KEPT)], "each kept store has its row in the table")
for number_ in sorted(KEPT):
    with open(os.path.join(STORES, f"format-{number_}.hex")) as file:
        kept_text = file.read()
    old(number_, kept_text)
newer(kept_text)
tap.finish()
