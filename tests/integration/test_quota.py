#!/usr/bin/python3
"""Quotas (RFC 4331): told as properties, kept with each write, refused where they would be crossed."""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import D, condition, event, propfind, put  # noqa: E402
from server import Site, Tap, wait_for  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK, BOOKINGS = HOME + "work/", HOME + "bookings/"
LIMIT = 64 * 1024
SECOND = event("second", "20270312T090000Z")


def quota(site, path=HOME, user="alice"):
    found = propfind(site, path, "D:quota-used-bytes D:quota-available-bytes", user)
    return tuple(None if text is None else int(text) for text in (found.text(path, D + "quota-used-bytes"),
                                                                  found.text(path, D + "quota-available-bytes")))


def large(uid, size=20000, **more):
    return event(uid, more="".join(f"X-FILL:{'x' * 60}\r\n" for _ in range(size // 69)), **more)


def kept_with_each_write(site):
    tap.equal(quota(site), (0, LIMIT), "nothing is used at first")
    first = event("first")
    put(site, WORK + "first.ics", first)
    put(site, BOOKINGS + "second.ics", SECOND)
    used = len(first) + len(SECOND)
    tap.equal((quota(site), quota(site, WORK)), ((used, LIMIT - used),) * 2, "all calendars of a home count together")
    put(site, WORK + "first.ics", first.replace("SUMMARY:first", "SUMMARY:first and longer"))
    tap.equal(quota(site)[0], used + 11, "a change counts by its difference")
    site.request("DELETE", WORK + "first.ics", user="alice")
    tap.equal(quota(site)[0], len(SECOND), "what is deleted counts no more")
    site.request("MKCALENDAR", HOME + "other/", None, "alice")
    put(site, HOME + "other/x.ics", event("x"))
    site.request("DELETE", HOME + "other/", user="alice")
    tap.equal(quota(site)[0], len(SECOND), "also with its calendar")
    tap.equal(quota(site, "/dav/calendars/bob/", "bob"), (0, LIMIT), "another's home is another's")
    site.slotkeeper("grant", "alice", "bob", "read")
    tap.equal(quota(site, WORK, "bob"), (None, None), "who may only read is not told")
    site.slotkeeper("grant", "alice", "bob", "read-write")
    tap.check(quota(site, WORK, "bob")[0] is not None, "who may write is")


def refused(answer, what):
    tap.equal((answer.status, condition(answer)), (507, [D + "quota-not-exceeded"]), what)


def crossed(site):
    for i in range(3):
        tap.equal(put(site, f"{WORK}large{i}.ics", large(f"large{i}")).status, 201, "up to the quota")
    before = quota(site)
    refused(put(site, WORK + "large3.ics", large("large3")), "a new object that would cross it")
    refused(put(site, WORK + "large2.ics", large("large2", 30000)), "a change that would")
    refused(put(site, WORK + "large3.ics", large("large3"), user="bob"), "another who writes there")
    refused(site.request("POST", WORK, large("large3"), "alice", {"Content-Type": "text/calendar"}), "POST")
    refused(site.request("COPY", WORK + "large0.ics", None, "alice", {"Destination": BOOKINGS + "copy.ics"}), "COPY")
    refused(put(site, BOOKINGS + "taken.ics", large("taken")), "also a time that is taken, which would be kept as cancelled")
    tap.equal((quota(site), site.request("GET", WORK + "large3.ics", user="alice").status), (before, 404), "nothing is stored")
    answer = site.request("MOVE", WORK + "large0.ics", None, "alice", {"Destination": WORK + "moved.ics"})
    tap.equal(answer.status, 201, "a move within the home needs no room")
    tap.equal(put(site, WORK + "large2.ics", large("large2", 10000)).status, 204, "what needs less is stored")
    tap.equal(put(site, WORK + "small.ics", event("small")).status, 201, "what fits too")
    with open(os.path.join(site.directory, "large.ics"), "w", newline="") as file:
        file.write(large("imported"))
    done = site.slotkeeper("import", "alice/work", file.name, ok=1)
    tap.check("no room" in done.stdout, "an import says so", done)


def changed(site):
    site.write_config("max-home-size = 4K\nplain-collections = yes\n")
    site.signal(signal.SIGHUP)
    tap.check(wait_for(lambda: quota(site)[1] == 0), "a smaller quota leaves nothing available")
    refused(put(site, WORK + "small2.ics", event("small2")), "and nothing new is taken")
    tap.equal(put(site, WORK + "moved.ics", large("large0", 5000)).status, 204, "but what makes less of it")
    tap.equal(site.request("DELETE", WORK + "moved.ics", user="alice").status, 204, "and what goes")
    site.write_config("max-home-size = 0\n")
    site.signal(signal.SIGHUP)
    tap.check(wait_for(lambda: quota(site)[1] is None), "without a limit there is no property of what is left")
    tap.equal(put(site, WORK + "small2.ics", event("small2")).status, 201, "and all is taken")


def files(site):
    path = "/dav/calendars/carol/files/"
    site.request("MKCOL", path, None, "carol")
    for name, size in (("a", 20000), ("b", 30000), ("b", 25000)):
        site.request("PUT", path + name, "x" * size, "carol")
    tap.equal(quota(site, path, "carol"), (45000, LIMIT - 45000), "files of a plain collection count too")
    refused(site.request("PUT", path + "c", "x" * 30000, "carol"), "a file that would cross it")
    refused(site.request("COPY", path + "b", None, "carol", {"Destination": path + "c"}), "a copy that would")
    tap.equal(site.request("MOVE", path + "a", None, "carol", {"Destination": path + "c"}).status, 201, "a move needs no room")
    tap.equal(quota(site, path, "carol")[0], 45000, "nor takes any")
    site.request("DELETE", path + "c", user="carol")
    tap.equal(quota(site, path, "carol")[0], 25000, "what is deleted counts no more")
    site.request("DELETE", path, user="carol")
    tap.equal(quota(site, "/dav/calendars/carol/", "carol")[0], 0, "also with its collection")


with Site(users=["alice", "bob", "carol"], config=f"max-home-size = {LIMIT // 1024}K\nplain-collections = yes\n") as site:
    files(site)
    kept_with_each_write(site)
    crossed(site)
    changed(site)
    used = quota(site)
    tap.equal(site.slotkeeper("check").returncode, 0, "check counts the same")
    site.stop()
    site.start()
    tap.equal(quota(site), used, "a restart keeps it")
tap.finish()
