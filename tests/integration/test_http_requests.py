#!/usr/bin/python3
"""HTTP as hostile and hurried clients speak it, byte by byte, against the real server."""
import os
import re
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap, wait_for  # noqa: E402

tap = Tap()
HOST = b" HTTP/1.1\r\nHost: x\r\n"
CLOSE = b"Connection: close\r\n"
PROBE = b"GET /smuggled" + HOST + b"\r\n"


def connect(site):
    connection = socket.create_connection(("127.0.0.1", site.port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_all(connection):
    got = b""
    try:
        while True:
            more = connection.recv(65536)
            if not more:
                return got
            got += more
    except ConnectionResetError:
        return got + b"(reset)"
    except socket.timeout:
        return got + b"(still open)"


def talk(site, text, pieces=False):
    """Everything the server says to TEXT on one connection."""
    with connect(site) as connection:
        try:
            if pieces:
                for i in range(len(text)):
                    connection.sendall(text[i:i + 1])
            else:
                connection.sendall(text)
        except OSError:
            pass  # it closed; what it said is read
        return read_all(connection)


def statuses(said):
    return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d\d\d) ", said)]


def event(uid, note=""):
    return (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20270101T000000Z\r\nDTSTART:20270301T090000Z\r\nDURATION:PT1H\r\nSUMMARY:{uid}\r\n"
            f"{note}END:VEVENT\r\nEND:VCALENDAR\r\n").encode()


def smuggling(site):
    """Whatever two readers could cut in two ways is refused, and nothing behind it is taken for a request."""
    put = b"GET /healthz" + HOST
    vectors = [
        ("length and chunks", put + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("chunks and length", put + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        ("two lengths", put + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n", 400),
        ("two equal lengths", put + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
        ("a list of lengths", put + b"Content-Length: 0, 40\r\n\r\n", 400),
        ("a length with a plus", put + b"Content-Length: +0\r\n\r\n", 400),
        ("a length in hexadecimal", put + b"Content-Length: 0x10\r\n\r\n", 400),
        ("a space before the colon", put + b"Content-Length : 0\r\n\r\n", 400),
        ("a tab before the colon", put + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
        ("a folded length", put + b"Content-Length:\r\n 0\r\n\r\n", 400),
        ("a folded coding", put + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n", 400),
        ("a coding that is none", put + b"Transfer-Encoding: xchunked\r\n\r\n", 501),
        ("two codings", put + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
        ("a coding behind a vertical tab", put + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        ("chunks in HTTP/1.0", b"PUT /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("a bare line feed", b"GET /healthz HTTP/1.1\nHost: x\n\n", 400),
        ("a bare line feed in a chunk", put + b"Transfer-Encoding: chunked\r\n\r\n0\n\r\n", 400),
        ("a chunk longer than said", put + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400),
        ("a NUL in a field", b"GET /healthz" + HOST + b"X: a\x00b\r\n\r\n", 400),
        ("a NUL in the target", b"GET /healthz\x00" + HOST + b"\r\n", 400),
        ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("two Hosts", b"GET /healthz" + HOST + b"Host: y\r\n\r\n", 400),
        ("an unknown method", b"FOOBAR /healthz" + HOST + b"\r\n", 501),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None),
        ("HTTP/0.9", b"GET /healthz\r\n\r\n", None),
    ]
    for name, text, status in vectors:
        for pieces in (False, True):
            said = talk(site, text + PROBE, pieces)
            got = statuses(said)
            tap.check(len(got) == 1 and got[0] >= 400 and status in (None, got[0]) and b"(still open)" not in said
                      and b"Connection: close" in said, f"refused{' in pieces' if pieces else ''}: {name}", said)
    said = talk(site, b"PROPFIND /healthz" + HOST + b"Content-Length: %d\r\n\r\n" % len(PROBE) + PROBE +
                b"GET /healthz" + HOST + CLOSE + b"\r\n")
    tap.equal(statuses(said), [405, 200], "the body of a refused method is not a request")


def sign_in(site):
    for method, path in (("OPTIONS", "/dav/"), ("PROPFIND", "/dav/"), ("GET", "/dav/nothing"), ("FOO", "/dav/")):
        said = talk(site, f"{method} {path}".encode() + HOST + CLOSE + b"\r\n")
        wished = 501 if method == "FOO" else 401
        tap.check(statuses(said) == [wished] and
                  (wished == 501 or b'WWW-Authenticate: Basic realm="Slotkeeper", charset="UTF-8"' in said),
                  f"{method} {path} without a name answers {wished}", said)
    said = talk(site, b"GET /.well-known/caldav" + HOST + CLOSE + b"\r\n")
    tap.check(statuses(said)[0] // 100 == 3 and b"/dav/" in said, "/.well-known/caldav redirects without a name", said)
    for path in ("/healthz", "/readyz", "/metrics"):
        said = talk(site, f"GET {path}".encode() + HOST + CLOSE + b"\r\n")
        tap.check(statuses(said) == [200] and b"X-Request-Id: " in said and b" GMT\r\n" in said, f"{path} answers", said)
    said = talk(site, b"HEAD /healthz" + HOST + CLOSE + b"\r\n")
    tap.check(statuses(said) == [200] and said.endswith(b"\r\n\r\n") and b"Content-Length: 3\r\n" in said,
              "HEAD has the length and no body", said)


def bodies(site, authorization):
    path = b"/dav/calendars/alice/work/"
    chunks = event("chunked")
    framed = b"".join(b"%x;x=y\r\n%s\r\n" % (len(c), c) for c in (chunks[:7], chunks[7:100], chunks[100:])) + b"0\r\n\r\n"
    said = talk(site, b"PUT " + path + b"chunked.ics" + HOST + authorization + CLOSE +
                b"Content-Type: text/calendar\r\nTransfer-Encoding: chunked\r\n\r\n" + framed)
    tap.equal(statuses(said), [201], "an event in chunks is stored")
    said = talk(site, b"GET " + path + b"chunked.ics" + HOST + authorization + CLOSE + b"\r\n")
    tap.check(said.endswith(chunks), "and comes back byte for byte", said)

    events = [event(f"pipelined-{i}") for i in range(20)]
    text = b"".join(b"PUT " + path + b"p%d.ics" % i + HOST + authorization + b"Content-Type: text/calendar\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(e) + e + b"GET " + path + b"p%d.ics" % i + HOST + authorization + b"\r\n"
                    for i, e in enumerate(events))
    said = talk(site, text + b"HEAD " + path + b"p0.ics" + HOST + authorization + CLOSE + b"\r\n")
    tap.equal(statuses(said), [201, 200] * 20 + [200], "forty pipelined requests are answered in order")
    at = [said.find(e) for e in events]
    tap.check(-1 not in at and at == sorted(at), "each with its own event", said)

    head = b"PUT " + path + b"asked.ics" + HOST + b"Content-Type: text/calendar\r\nExpect: 100-continue\r\n"
    said = talk(site, head + b"Content-Length: 5\r\n\r\n")
    tap.check(statuses(said) == [401], "nobody is asked for a body before signing in", said)
    said = talk(site, head + authorization + b"Content-Length: 99999999\r\n\r\n")
    tap.check(statuses(said) == [413], "a body that is too long is not asked for", said)
    body = event("asked")
    with connect(site) as connection:
        connection.sendall(head + authorization + CLOSE + b"Content-Length: %d\r\n\r\n" % len(body))
        first = connection.recv(25)
        tap.equal(first, b"HTTP/1.1 100 Continue\r\n\r\n", "a body that is wanted is asked for")
        connection.sendall(body)
        tap.equal(statuses(read_all(connection)), [201], "and stored")


def limits(site, authorization):
    path = b"/dav/calendars/alice/work/"
    rows = [
        ("a long target", b"GET /" + b"a" * 9000 + HOST + b"\r\n", 414),
        ("a long field", b"GET /healthz" + HOST + b"X: " + b"a" * 40000 + b"\r\n\r\n", 431),
        ("many fields", b"GET /healthz" + HOST + b"X: a\r\n" * 200 + b"\r\n", 431),
        ("a long event", b"PUT " + path + b"long.ics" + HOST + authorization + CLOSE + b"Content-Type: text/calendar\r\nContent-Length: "
         b"200000\r\n\r\n" + b"a" * 200000, 413),
        ("a long event in chunks", b"PUT " + path + b"long.ics" + HOST + authorization + CLOSE + b"Content-Type: text/calendar\r\n"
         b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"a" * 4096 + b"\r\n" + (b"1000\r\n" + b"a" * 4096 + b"\r\n") * 40, 413),
        ("a long question", b"PROPFIND /dav/" + HOST + authorization + CLOSE + b"Content-Length: 90000\r\n\r\n" + b" " * 90000, 413),
    ]
    for name, text, status in rows:
        said = talk(site, text)
        tap.check(statuses(said) == [status] and b"(still open)" not in said, f"{name} is refused with {status}", said)
    answer = site.request("GET", "/dav/calendars/alice/work/long.ics", user="alice")
    tap.equal(answer.status, 404, "and nothing of it is stored")


def drip(site, start, results, name):
    """One byte a second until the server answers; (seconds, status)."""
    begun = time.monotonic()
    said = b""
    try:
        with connect(site) as connection:
            connection.sendall(start)
            connection.settimeout(1)
            while not said and time.monotonic() - begun < 40:
                try:
                    said = connection.recv(1000)
                    if not said:
                        break
                except socket.timeout:
                    connection.sendall(b"a")
    except OSError:
        pass
    results[name] = (time.monotonic() - begun, statuses(said))


def main():
    with Site(users=["alice"], config="max-resource-size = 64K\nmax-xml-body = 64K\n") as site:
        authorization = b"Authorization: " + site.authorization("alice").encode() + b"\r\n"
        results = {}
        slow = [threading.Thread(target=drip, args=(site, start, results, name)) for name, start in (
            ("head", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "),
            ("body", b"PUT /dav/calendars/alice/work/slow.ics" + HOST + authorization + b"Content-Length: 60000\r\n\r\n"))]
        for thread in slow:
            thread.start()
        smuggling(site)
        sign_in(site)
        bodies(site, authorization)
        limits(site, authorization)
        for thread in slow:
            thread.join()
        seconds, status = results["head"]
        tap.check(14 <= seconds <= 19 and status == [408], "a head that drips is cut after 15 seconds", results)
        seconds, status = results["body"]
        tap.check(19 <= seconds <= 25 and status == [408], "a body that drips is cut after 20 seconds", results)
        alone = wait_for(lambda: b"\nslotkeeper_http_connections_open 2\n" in talk(site, b"GET /metrics HTTP/1.0\r\n\r\n"))
        tap.check(alone, "no connection is left behind but one that is kept, and the one that asks")
        tap.equal(site.stop(), 0, "the server stops well")
    tap.finish()


main()
