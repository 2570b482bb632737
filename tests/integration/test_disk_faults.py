#!/usr/bin/python3
"""A disk that is full, writes half or fails its sync, below a server that serves: no success is told, nothing is half
written, reading goes on, and when the fault ends so does its effect, without a restart.

The faults of the table come from disk_faults.c, loaded before libc; the last ones are the kernel's, by a limit on the
size of files, which writes what still fits and refuses the rest.
"""
import errno
import os
import random
import resource
import shlex
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import ROOT, XML, Multistatus, event, propfind, put, report, sync  # noqa: E402
from server import TOP, Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
WORK = HOME + "work/"
CLIENTS, STEPS = 8, 25
FAULTS = [  # what fails, how; what a client is told
    ("pages", errno.ENOSPC, 507), ("pages", errno.EDQUOT, 507), ("pages", errno.EIO, 503), ("pages", "short", 503),
    ("pages", "late", 503),
    ("sync", errno.EIO, 503), ("sync", errno.ENOSPC, 507),
    ("meta", errno.ENOSPC, 507), ("meta", errno.EIO, 503), ("meta", "short", 503), ("meta", "late", 503),
]
QUERY = (f'<C:calendar-query {ROOT}><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR">'
         '<C:comp-filter name="VEVENT"><C:time-range start="20270301T000000Z" end="20270401T000000Z"/></C:comp-filter>'
         '</C:comp-filter></C:filter></C:calendar-query>')
FREE_BUSY = f'<C:free-busy-query {ROOT}><C:time-range start="20270301T000000Z" end="20270401T000000Z"/></C:free-busy-query>'
LOCK = f'<D:lockinfo {ROOT}><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>'


def proppatch(site, path, prop):
    body = f"{XML}<D:propertyupdate {ROOT}><D:set><D:prop>{prop}</D:prop></D:set></D:propertyupdate>"
    return site.request("PROPPATCH", path, body, "alice", {"Content-Type": "text/xml"})


def writes(site):
    """Every kind of write; each would be a success, and the store would be another after it."""
    to = {"Destination": WORK + "other.ics"}
    return [
        ("PUT, a new object", lambda: put(site, WORK + "new.ics", event("new"))),
        ("PUT, a large one", lambda: put(site, WORK + "large.ics", event("large", more=f"DESCRIPTION:{'x' * 60000}\r\n"))),
        ("PUT over one", lambda: put(site, WORK + "a.ics", event("a", summary="changed"))),
        ("POST", lambda: site.request("POST", WORK + "?add-member", event("post"), "alice", {"Content-Type": "text/calendar"})),
        ("DELETE", lambda: site.request("DELETE", WORK + "a.ics", None, "alice")),
        ("COPY", lambda: site.request("COPY", WORK + "a.ics", None, "alice", {"Destination": HOME + "private/copy.ics"})),
        ("MOVE", lambda: site.request("MOVE", WORK + "a.ics", None, "alice", to)),
        ("LOCK", lambda: site.request("LOCK", WORK + "a.ics", XML + LOCK, "alice", {"Content-Type": "text/xml"})),
        ("PROPPATCH", lambda: proppatch(site, WORK, "<D:displayname>changed</D:displayname>")),
        ("MKCALENDAR", lambda: site.request("MKCALENDAR", HOME + "made/", None, "alice")),
        ("DELETE of a calendar", lambda: site.request("DELETE", HOME + "private/", None, "alice")),
    ]


def state(site):
    """Everything a client can read: each object's text and ETag, each calendar's name and token."""
    seen = {}
    for home in propfind(site, HOME, "D:displayname D:sync-token D:lockdiscovery", depth="1").responses.items():
        seen[home[0]] = [(name, status, element.xpath("string()")) for name, (status, element) in home[1][1].items()]
    for path in (WORK, HOME + "private/"):
        for href in propfind(site, path, "D:getetag", depth="1").responses:
            answer = site.request("GET", href, None, "alice")
            seen[href] = (answer.status, answer.headers.get("ETag"), answer.body)
    return seen


def reads(site):
    return [propfind(site, HOME, "D:displayname", depth="1"), *(answer.status for answer in (
        site.request("GET", WORK + "a.ics", None, "alice"), sync(site, WORK), report(site, WORK, QUERY),
        report(site, WORK, FREE_BUSY), site.request("GET", "/healthz")))]


class Disk:
    """What the server's disk does from now on."""

    def __init__(self, site):
        self.path = os.path.join(site.directory, "faults")
        library = os.path.join(site.directory, "disk_faults.so")
        subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-shared", "-fPIC", "-o", library,
                        os.path.join(TOP, "tests", "integration", "disk_faults.c"), "-ldl"], check=True)
        self.works()
        site.environment = {"LD_PRELOAD": library, "DISK_FAULTS": self.path}

    def works(self):
        self.fails("")

    def fails(self, line):
        """The whole line at once: the server reads the file under way."""
        with open(self.path + ".new", "w") as file:
            file.write(line)
        os.rename(self.path + ".new", self.path)


def told(site, wished, what):
    seen = [(name, run().status) for name, run in writes(site)]
    tap.equal([row for row in seen if row[1] != wished], [], f"{what}: every write is answered with {wished}")


def works_again(site, what):
    n = works_again.count = getattr(works_again, "count", 0) + 1
    answer = put(site, f"{WORK}again-{n}.ics", event(f"again-{n}"))
    tap.equal(answer.status, 201, f"{what}: and when it ends, writing goes on at once")


def steady(site, disk):
    for where, how, status in FAULTS:
        what = f"{where} {errno.errorcode.get(how, how)}"
        before = state(site)
        disk.fails(f"{where} {how} 1")
        told(site, status, what)
        seen = reads(site)
        tap.check(isinstance(seen[0], Multistatus) and seen[1:] == [200, 207, 207, 200, 200], f"{what}: reading goes on", seen)
        done = site.slotkeeper("user", "add", "bob", "--email", "bob@example.org", ok=None)
        tap.check(done.returncode == 1 and len(done.stderr.splitlines()) == 1, f"{what}: a command says so", done)
        done = site.slotkeeper("check", ok=None)
        tap.check(done.returncode == 0, f"{what}: check finds nothing", done.stdout + done.stderr)
        tap.check(state(site) == before, f"{what}: nothing was changed")
        disk.works()
        works_again(site, what)
        before = state(site)
        disk.fails(f"{where} {how} 1")
        told(site, status, what + ", once more")
        site.kill()
        disk.works()
        site.start()
        tap.check(state(site) == before, f"{what}: nor after a kill")


class Client:
    """Knows what its objects are: an error leaves what was."""

    def __init__(self, site, number):
        self.site, self.number = site, number
        self.random = random.Random(number)
        self.objects = {f"{WORK}c{number}-{n}.ics": None for n in range(4)}
        self.good = self.bad = 0
        self.wrong = []

    def run(self):
        for step in range(STEPS):
            path = self.random.choice(list(self.objects))
            wished = None
            if self.random.random() < 0.7:
                wished = event(path[len(WORK):], summary=f"step {step}", more=f"DESCRIPTION:{'y' * self.random.choice((1, 9000))}\r\n")
                answer = put(self.site, path, wished)
            else:
                answer = self.site.request("DELETE", path, None, "alice")
            if answer.status in (201, 204, 404):
                self.objects[path] = wished
                self.good += 1
            elif answer.status in (503, 507):
                self.bad += 1
            else:
                self.wrong.append((path, answer.status))

    def compare(self):
        for path, text in self.objects.items():
            answer = self.site.request("GET", path, None, "alice")
            if (answer.text if answer.status == 200 else None) != text:
                self.wrong.append((path, answer.status, answer.text[:300], text))


def keep_reading(site, over, seen):
    while not over.is_set():
        seen.append(site.request("GET", WORK + "a.ics", None, "alice").status)


def now_and_then(site, disk):
    """Some calls fail and some do not, under clients that write at the same time."""
    clients = [Client(site, n) for n in range(CLIENTS)]
    for where, how, every in (("pages", errno.EIO, 5), ("sync", errno.EIO, 3), ("meta", errno.EIO, 3), ("meta", "late", 4)):
        what = f"one of {every} {where} {errno.errorcode.get(how, how)}"
        disk.fails(f"{where} {how} {every}")
        running = [threading.Thread(target=client.run) for client in clients]
        over, seen = threading.Event(), []
        reader = threading.Thread(target=keep_reading, args=(site, over, seen))
        for thread in [*running, reader]:
            thread.start()
        for thread in running:
            thread.join()
        over.set()
        reader.join()
        tap.check(len(seen) > 0 and set(seen) == {200}, f"{what}: reading goes on", (len(seen), set(seen)))
        for client in clients:
            client.compare()
        disk.works()
        tap.equal([w for c in clients for w in c.wrong], [], f"{what}: what was told is what is there")
        good, bad = sum(c.good for c in clients), sum(c.bad for c in clients)
        tap.check(good > 0 and bad > 0, f"{what}: some writes went through and some did not", (good, bad))
        site.kill()
        site.start()
        for client in clients:
            client.compare()
            client.good = client.bad = 0
        tap.equal([w for c in clients for w in c.wrong], [], f"{what}: and after a kill")
        tap.equal(site.slotkeeper("check", ok=None).returncode, 0, f"{what}: check finds nothing")


def limit(site, size):
    hard = resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def kernel(site):
    """The file may not grow any more: the kernel writes what fits, then refuses."""
    stored, answer = {}, None
    limit(site, os.path.getsize(os.path.join(site.data, "data.mdb")) + 150000)
    for n in range(400):
        text = event(f"big-{n}", more=f"DESCRIPTION:{'z' * 60000}\r\n")
        answer = put(site, f"{WORK}big-{n}.ics", text)
        if answer.status != 201:
            break
        stored[f"{WORK}big-{n}.ics"] = text
    tap.check(answer.status in (503, 507) and len(stored) > 0, "a file that may not grow: refused", (answer.status, len(stored)))
    tap.equal(site.request("GET", f"{WORK}big-{len(stored)}.ics", None, "alice").status, 404, "and what was refused is not there")
    tap.check(all(site.request("GET", path, None, "alice").text == text for path, text in stored.items()), "what was not, is")
    target = os.path.join(site.directory, "backup")
    limit(site, 20000)
    done = site.slotkeeper("backup", target, ok=None)
    tap.check(done.returncode == 1 and len(done.stderr.splitlines()) == 1, "a backup that has no room says so", done)
    tap.equal(os.listdir(target), [], "and leaves nothing of it")
    limit(site, resource.RLIM_INFINITY)
    works_again(site, "a file that may not grow")
    done = site.slotkeeper("backup", target, ok=None)
    tap.check(done.returncode == 0, "with room, the backup is made", done)


def full_map(site):
    """LMDB's map is full: refused, nothing lost, room can be made, and the rest is taken after a start with a larger one."""
    site.stop()
    site.environment["STORE_MAP"] = str(os.path.getsize(os.path.join(site.data, "data.mdb")) + (8 << 20))
    site.start()
    stored, answer = [], None
    for n in range(400):
        answer = put(site, f"{WORK}map-{n}.ics", event(f"map-{n}", more=f"DESCRIPTION:{'m' * 60000}\r\n"))
        if answer.status != 201:
            break
        stored.append(f"{WORK}map-{n}.ics")
    tap.check(answer.status == 507 and len(stored) > 5, "a full map: refused with 507", (answer.status, len(stored)))
    last = f"{WORK}map-{len(stored)}.ics"
    seen = [site.request("GET", path, None, "alice").status for path in (last, *stored)]
    tap.equal(seen, [404] + [200] * len(stored), "a full map: what was refused is not there, what was not is")
    n = 0
    while put(site, f"{WORK}brim-{n}.ics", event(f"brim-{n}")).status == 201 and n < 2000:
        n += 1
    tap.check(n < 2000, "a full map: nor is there room for a small one in the end", n)
    gone = [f"{WORK}brim-{i}.ics" for i in range(n)] + stored[:4]
    seen = [site.request("DELETE", path, None, "alice").status for path in gone]
    tap.equal(seen, [204] * len(gone), "a full map: objects can be deleted, large and small ones")
    answers = [put(site, f"{WORK}room-{n}.ics", event(f"room-{n}")).status for n in range(5)]
    tap.equal(answers, [201] * 5, "a full map: which makes room for others")
    tap.equal(site.slotkeeper("check", ok=None).returncode, 0, "a full map: check finds nothing")
    site.stop()
    del site.environment["STORE_MAP"]
    site.start()
    answer = put(site, last, event("after", more=f"DESCRIPTION:{'m' * 60000}\r\n"))
    tap.equal(answer.status, 201, "a full map: with a larger one, all goes on")


with Site(users=["alice"]) as the_site:
    the_site.stop()
    the_disk = Disk(the_site)
    the_site.start()
    put(the_site, WORK + "a.ics", event("a"))
    the_site.request("MKCALENDAR", HOME + "private/", None, "alice")
    steady(the_site, the_disk)
    now_and_then(the_site, the_disk)
    kernel(the_site)
    full_map(the_site)
    tap.equal(the_site.slotkeeper("check", ok=None).returncode, 0, "at the end, check finds nothing")
    tap.equal(the_site.stop(), 0, "and the server stops as it should")
tap.finish()
