#!/usr/bin/python3
"""What must not come out: no XML makes the server read a file or call anybody, and its log, at its most talkative, holds no secret."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import ROOT, event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

HOME = "/dav/calendars/alice/"
SECONDS = 2  # that a hostile document may cost
tap = Tap()


def documents(directory, port):
    """(what it is, bytes, statuses); MARK is in a file that nobody may read to us."""
    file, http = f"file://{directory}/private", f"http://127.0.0.1:{port}/called"
    body = f"<D:propfind {ROOT}><D:prop><D:displayname>%s</D:displayname></D:prop></D:propfind>"
    refused = {400}

    def doctype(inside, text):
        return f'<?xml version="1.0"?><!DOCTYPE D:propfind [{inside}]>' + body % text

    laughs = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    names = "".join(f' a{n}="x"' for n in range(100000))
    spaces = "".join(f' xmlns:n{n}="urn:{n}"' for n in range(20000))
    return [
        ("an entity that is a file", doctype(f'<!ENTITY x SYSTEM "{file}">', "&x;"), refused),
        ("an entity from the network", doctype(f'<!ENTITY x SYSTEM "{http}">', "&x;"), refused),
        ("a public entity", doctype(f'<!ENTITY x PUBLIC "-//x//EN" "{http}">', "&x;"), refused),
        ("an entity in an attribute", doctype('<!ENTITY x "y">', "") .replace("<D:prop>", '<D:prop x="&x;">'), refused),
        ("a parameter entity", doctype(f'<!ENTITY % x SYSTEM "{http}"> %x;', ""), refused),
        ("entities in entities", doctype(laughs, "&a9;"), refused),
        ("an entity that names itself", doctype('<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"), refused),
        ("a long entity named often", doctype(f'<!ENTITY a "{"x" * 50000}">', "&a;" * 5000), refused),
        ("an external document type", f'<?xml version="1.0"?><!DOCTYPE D:propfind SYSTEM "{http}">' + body % "", refused),
        ("a document type and nothing else", '<?xml version="1.0"?><!DOCTYPE D:propfind>' + body % "", refused),
        ("an entity that nobody defined", body % "&nothing;", refused),
        ("an inclusion", body % f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{file}" parse="text"/>', {207}),
        ("a style sheet", f'<?xml-stylesheet href="{http}"?>' + body % "", {207, 400}),
        ("a schema", body.replace(ROOT, f'{ROOT} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="DAV: {http}"') % "",
         {207}),
        ("an encoding that nobody has", '<?xml version="1.0" encoding="x-none"?>' + body % "", refused),
        ("UTF-7", '<?xml version="1.0" encoding="utf-7"?>' + body % "+ADw-", refused | {207}),
        ("UTF-16", ('<?xml version="1.0" encoding="utf-16"?>' + body % "").encode("utf-16"), refused | {207}),
        ("what is no UTF-8", (body % "MARKER").encode().replace(b"MARKER", b"\xff\xfe\xc0\xaf"), refused),
        ("a zero", (body % "MARKER").encode().replace(b"MARKER", b"\0"), refused),
        ("great depth", body % ("<x>" * 50000 + "</x>" * 50000), refused | {413}),
        ("many attributes", body.replace("<D:prop>", f"<D:prop{names}>") % "", refused | {413}),
        ("many namespaces", body.replace("<D:prop>", f"<D:prop{spaces}>") % "", refused | {207, 413}),
        ("a long name", body % f"<{'x' * 900000}/>", refused | {207, 413}),
        ("many elements", body % ("<x/>" * 200000), refused | {413}),
        ("many unknown properties", f"<D:propfind {ROOT}><D:prop>" + "".join(f"<x{n}/>" for n in range(60000)) + "</D:prop></D:propfind>",
         refused | {413}),
    ]


def hostile_documents(site):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    listener.setblocking(False)
    with open(os.path.join(site.directory, "private"), "w") as file:
        file.write("MARK-OF-A-FILE")
    for name, text, statuses in documents(site.directory, listener.getsockname()[1]):
        began = time.monotonic()
        answer = site.request("PROPFIND", HOME, text, "alice", {"Depth": "0", "Content-Type": "application/xml"})
        took = time.monotonic() - began
        tap.check(answer.status in statuses and "MARK-OF-A-FILE" not in answer.text and took < SECONDS, f"XML: {name}",
                  f"{answer.status} in {took:.1f} s, wished {statuses}\n{answer.text[:500]}")
    try:
        listener.accept()
        called = True
    except BlockingIOError:
        called = False
    tap.check(not called, "XML: nobody was called")
    tap.equal(site.request("PROPFIND", HOME, None, "alice", {"Depth": "0"}).status, 207, "XML: the server goes on")


def written_by(site):
    with open(site.log, errors="replace") as log:
        return log.read()


def secrets_stay(site):
    """Everything that is secret or private is used, also wrongly; then the log is read."""
    secrets = {"a user's password": site.password("alice")}
    secrets["an app's password"] = site.slotkeeper("app-password", "create", "alice").stdout.strip().splitlines()[-1]
    feed = site.slotkeeper("feed", "create", "alice/work").stdout.strip().splitlines()[-1]
    secrets["a feed's address"] = feed.rpartition("/")[2].removesuffix(".ics")
    secrets["a wrong password"] = "Wr0ng-but-close"
    secrets["what stands in an event"] = "Words-of-an-event"
    secrets["who is invited"] = "invited-person@example.net"
    secrets["what stands in a body that is refused"] = "Words-of-a-broken-body"
    put(site, HOME + "work/private.ics", event("private", summary="Words-of-an-event",
                                               more="ATTENDEE:mailto:invited-person@example.net\r\n"))
    put(site, HOME + "work/broken.ics", event("broken", more="DTSTART:Words-of-a-broken-body\r\n"))
    site.request("GET", HOME + "work/private.ics", None, "alice", password=secrets["an app's password"])
    site.request("GET", HOME + "work/private.ics", None, "alice", password=secrets["a wrong password"])
    seen = site.request("GET", "/feeds/" + secrets["a feed's address"] + ".ics").status
    tap.equal(seen, 200, "the feed is read")
    site.request("GET", "/feeds/" + secrets["a feed's address"] + "x.ics")
    site.request("REPORT", HOME + "work/", f"<C:calendar-query {ROOT}>Words-of-a-broken-body", "alice", {"Depth": "1"})
    site.slotkeeper("user", "passwd", "alice", "--password-stdin", stdin="New-Passw0rd-of-alice\n")
    secrets["a new password"] = "New-Passw0rd-of-alice"
    site.stop()
    log = written_by(site)
    tap.check(" debug " in log or log.startswith("debug") or "\ndebug" in log, "the log is at its most talkative", log[-500:])
    for name, secret in secrets.items():
        line = next((line for line in log.splitlines() if secret in line), "")
        tap.check(not line, f"the log does not hold {name}", line)
    kept = b""
    for directory, _, names in os.walk(site.data):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    kept += file.read()
    for name in ("a user's password", "an app's password", "a feed's address", "a wrong password", "a new password"):
        tap.check(secrets[name].encode() not in kept, f"nor does the store hold {name}")


with Site(users=["alice"], config="log-level = debug\n") as site_:
    hostile_documents(site_)
    secrets_stay(site_)
tap.finish()
