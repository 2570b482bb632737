#!/usr/bin/python3
"""The daemon's own life: options, refused starts, one line when ready, reload and stop by signals."""
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import BUILD, Site, Tap, wait_for  # noqa: E402

tap = Tap()
DAEMON = os.path.join(BUILD, "server", "slotkeeperd")


def run(*words):
    return subprocess.run([DAEMON, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def options():
    done = run("--help")
    tap.check(done.returncode == 0 and "--config FILE" in done.stdout and not done.stderr, "--help", done)
    done = run("--version")
    tap.check(done.returncode == 0 and re.fullmatch(r"slotkeeperd [0-9.]+\S*\n", done.stdout), "--version", done)
    for words in (["--nonsense"], ["--data"], ["--listen"], ["x"], ["-d", "/tmp"], ["--config", "/nonexistent/conf"]):
        done = run(*words)
        tap.check(done.returncode == 2 and len(done.stderr.splitlines()) == 1 and not done.stdout,
                  f"refused with one line: {' '.join(words)}", done)


def one_line(done, *words):
    lines = [line for line in done.stderr.splitlines() if line.startswith("slotkeeperd: ")]
    return done.returncode in (1, 2) and not done.stdout and len(lines) == 1 and all(w in lines[0] for w in words)


def refused_starts(directory):
    conf = os.path.join(directory, "conf")
    data = os.path.join(directory, "data")
    for text, words in (("listen = {\"127.0.0.1:0\"}\nnonsense = 1\n", ("conf:2", "nonsense")),
                        ("max-connections = many\n", ("conf:1", "max-connections")),
                        ("tls-certificate = \"/nonexistent\"\n", ("conf:1", "tls-key")),
                        ("tls-certificate = \"/nonexistent\"\ntls-key = \"/nonexistent\"\n", ("/nonexistent",))):
        with open(conf, "w") as file:
            file.write(text)
        done = run("--config", conf, "--data", data, "--listen", "127.0.0.1:0")
        tap.check(one_line(done, *words), f"a refused start says {words}", done)
    with open(conf, "w"):
        pass
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--config", conf, "--data", data, "--listen", f"127.0.0.1:{port}")
        tap.check(one_line(done, f"127.0.0.1:{port}", "in use"), "a port that is taken", done)
    done = run("--config", conf, "--data", "/proc/nothing/here", "--listen", "127.0.0.1:0")
    tap.check(one_line(done, "/proc/nothing/here"), "a directory that cannot be made", done)


def second_server(site):
    done = run("--config", site.config, "--data", site.data, "--listen", "127.0.0.1:0")
    tap.check(one_line(done, site.data), "data that another server has", done)
    done = run("--config", site.config, "--data", site.data + "2", "--listen", f"127.0.0.1:{site.port}")
    tap.check(one_line(done, "in use"), "a port that another server has", done)
    tap.equal(site.request("GET", "/healthz").status, 200, "the first goes on")


def first_start(directory):
    """An empty directory is enough, and exactly one line is printed."""
    data = os.path.join(directory, "new", "data")
    os.makedirs(os.path.dirname(data))
    conf = os.path.join(directory, "conf")
    with open(conf, "w"):
        pass
    process = subprocess.Popen([DAEMON, "--config", conf, "--data", data, "--listen", "127.0.0.1:0", "--listen", "[::1]:0"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    match = re.fullmatch(r"slotkeeperd: ready on http://127\.0\.0\.1:(\d+)\n", line)
    tap.check(match and int(match[1]) > 0, "the first of two addresses, with its real port", line)
    mode = os.stat(data).st_mode & 0o777
    tap.equal(mode, 0o700, "the data directory is private")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=15)
    tap.check(process.returncode == 0 and out == "", "SIGINT ends it with 0 and no other line", (process.returncode, out, err))


def kept(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    return connection


def reload(site):
    connection = kept(site)
    before = connection.sock
    answer = site.request("PROPFIND", "/dav/", " " * 5000, user="alice")
    tap.equal(answer.status, 400, "5,000 bytes are read, and no XML")
    site.write_config("max-xml-body = 4K\n")
    site.signal(signal.SIGHUP)
    changed = wait_for(lambda: site.request("PROPFIND", "/dav/", " " * 5000, user="alice").status == 413)
    tap.check(changed, "SIGHUP: a new limit counts")
    site.write_config("max-xml-body = 100K\nnonsense = 1\n")
    site.signal(signal.SIGHUP)
    refused = wait_for(lambda: "reload refused" in open(site.log).read())
    tap.check(refused, "SIGHUP: a broken file is refused", open(site.log).read())
    tap.equal(site.request("PROPFIND", "/dav/", " " * 5000, user="alice").status, 413, "and the old values stay")
    connection.request("GET", "/healthz")
    tap.check(connection.getresponse().status == 200 and connection.sock is before, "an open connection lives through it")
    connection.close()
    site.write_config("")


def stop_under_way(site):
    """A body that is still coming when SIGTERM comes is taken, stored and answered; then the server ends."""
    event = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\nUID:last\r\nDTSTAMP:20270101T000000Z\r\n"
             "DTSTART:20270301T090000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").encode()
    idle = kept(site)
    connection = socket.create_connection(("127.0.0.1", site.port), timeout=15)
    connection.sendall(b"PUT /dav/calendars/alice/work/last.ics HTTP/1.1\r\nHost: x\r\nAuthorization: " +
                       site.authorization("alice").encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(event) + event[:50])
    time.sleep(0.3)
    begun = time.monotonic()
    site.signal(signal.SIGTERM)
    time.sleep(0.5)
    try:
        socket.create_connection(("127.0.0.1", site.port), timeout=5).close()
        accepted = True
    except OSError:
        accepted = False
    tap.check(not accepted, "SIGTERM: no new connection is taken")
    connection.sendall(event[50:])
    said = b""
    while True:
        more = connection.recv(65536)
        if not more:
            break
        said += more
    tap.check(said.startswith(b"HTTP/1.1 201") and b"Connection: close" in said, "what was under way is answered", said)
    tap.equal(site.process.wait(15), 0, "exit 0")
    tap.check(time.monotonic() - begun < 10, "within ten seconds")
    idle.close()
    site.start()
    answer = site.request("GET", "/dav/calendars/alice/work/last.ics", user="alice")
    tap.check(answer.status == 200 and answer.body == event, "and it is there after the next start", answer)


def stop_with_a_stubborn_client(site):
    """A client that never ends its request does not keep the server."""
    connection = socket.create_connection(("127.0.0.1", site.port), timeout=15)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
    time.sleep(0.2)
    begun = time.monotonic()
    site.signal(signal.SIGTERM)
    try:
        status = site.process.wait(15)
    except subprocess.TimeoutExpired:
        status = "still running"
    tap.check(status == 0 and time.monotonic() - begun < 10, "SIGTERM ends within ten seconds all the same", status)
    connection.close()


def certificate(directory, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-keyout", os.path.join(directory, name + ".key"),
                    "-out", os.path.join(directory, name + ".crt")], check=True, capture_output=True)


def seen_certificate(site):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as plain:
        with context.wrap_socket(plain) as secure:
            return ssl.DER_cert_to_PEM_cert(secure.getpeercert(True)).split()


def tls():
    directory = tempfile.mkdtemp(prefix="slotkeeper-test-")
    for name in ("first", "second"):
        certificate(directory, name)
    live = {kind: os.path.join(directory, "live." + kind) for kind in ("crt", "key")}

    def use(crt, key):
        shutil.copy(os.path.join(directory, crt + ".crt"), live["crt"])
        shutil.copy(os.path.join(directory, key + ".key"), live["key"])

    def pem(name):
        return open(os.path.join(directory, name + ".crt")).read().split()

    use("first", "first")
    with Site(users=["alice"], config=f"tls-certificate = \"{live['crt']}\"\ntls-key = \"{live['key']}\"\n") as site:
        tap.check(site.url.startswith("https://127.0.0.1:"), "the ready line says https", site.url)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        old = http.client.HTTPSConnection("127.0.0.1", site.port, timeout=10, context=context)
        old.request("PROPFIND", "/dav/", headers={"Depth": "0", "Authorization": site.authorization("alice")})
        answer = old.getresponse()
        tap.check(answer.status == 207 and b"multistatus" in answer.read(), "a PROPFIND over TLS", answer.status)
        use("second", "first")
        site.signal(signal.SIGHUP)
        tap.check(wait_for(lambda: "certificate refused" in open(site.log).read()), "SIGHUP: a key of another certificate is refused")
        tap.equal(seen_certificate(site), pem("first"), "and the old certificate stays")
        use("second", "second")
        site.signal(signal.SIGHUP)
        tap.check(wait_for(lambda: seen_certificate(site) == pem("second")), "SIGHUP: new connections see the new certificate")
        old.request("GET", "/healthz")
        answer = old.getresponse()
        tap.check(answer.status == 200 and answer.read() == b"ok\n", "a connection from before lives on")
        old.close()
        stop = threading.Event()
        failures = []

        def load():
            while not stop.is_set():
                try:
                    connection = http.client.HTTPSConnection("127.0.0.1", site.port, timeout=10, context=context)
                    for _ in range(5):
                        connection.request("GET", "/healthz")
                        if connection.getresponse().read() != b"ok\n":
                            raise OSError("another answer")
                    connection.close()
                except OSError as error:
                    failures.append(error)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for i in range(10):
            use(*(("first", "first") if i % 2 else ("second", "second")))
            site.signal(signal.SIGHUP)
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join()
        tap.check(not failures, "ten reloads under load drop nothing", failures)
        tap.equal(site.stop(), 0, "a server with TLS stops well")
    shutil.rmtree(directory)


def main():
    options()
    with tempfile.TemporaryDirectory(prefix="slotkeeper-test-") as directory:
        refused_starts(directory)
    with tempfile.TemporaryDirectory(prefix="slotkeeper-test-") as directory:
        first_start(directory)
    with Site(users=["alice"]) as site:
        second_server(site)
        reload(site)
        stop_under_way(site)
        stop_with_a_stubborn_client(site)
    tls()
    tap.finish()


main()
