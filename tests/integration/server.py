"""A real server for one test: its own data directory, users, a free port; and TAP lines for what was seen.

    with Site(users=["alice"], config="handling = strict\n") as site:
        status, headers, body = site.request("PROPFIND", "/dav/", user="alice", headers={"Depth": "0"})
        tap.check(status == 207, "the root answers", body)

SLOTKEEPER_BUILD names the build directory; default: build/ of the tree. SLOTKEEPER_KEEP=1 keeps the directory.
"""
import base64
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SLOTKEEPER_BUILD") or os.path.join(TOP, "build")
READY_SECONDS = 20


class Tap:
    """ok / not ok lines; what was seen is told only where it was not as wished."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, good, name, seen=""):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        if not good:
            self.failed += 1
            seen = seen.decode(errors="replace") if isinstance(seen, bytes) else str(seen)
            for text in seen.splitlines()[-40:]:
                print("    " + text)
        sys.stdout.flush()
        return good

    def equal(self, seen, wished, name):
        return self.check(seen == wished, name, f"seen   {seen!r}\nwished {wished!r}")

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)


class Answer(tuple):
    """(status, headers, body); headers without case, body as bytes."""

    status = property(lambda self: self[0])
    headers = property(lambda self: self[1])
    body = property(lambda self: self[2])
    text = property(lambda self: self[2].decode(errors="replace"))


class Site:
    def __init__(self, users=(), admins=(), resources=(), config="", arguments=(), listen="127.0.0.1:0"):
        self.directory = tempfile.mkdtemp(prefix="slotkeeper-test-")
        self.data = os.path.join(self.directory, "data")
        self.config = os.path.join(self.directory, "slotkeeper.conf")
        self.log = os.path.join(self.directory, "log")
        self.arguments = list(arguments)
        self.environment = {}  # of the server, beside ours
        self.listen = listen
        self.process = None
        self.port = 0
        self.passwords = {}
        self.local = threading.local()
        self.write_config(config)
        self.slotkeeper("init")
        for name in list(users) + list(admins):
            self.add_user(name, admin=name in admins)
        for name in resources:
            self.slotkeeper("resource", "add", name)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        if kind is not None:
            with open(self.log, errors="replace") as text:
                sys.stderr.write("".join(text.readlines()[-30:]))
        if not os.environ.get("SLOTKEEPER_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)

    def write_config(self, text):
        with open(self.config, "w") as file:
            file.write(text)

    def slotkeeper(self, *words, ok=0, stdin=None):
        """Runs the command line; OK is the exit status wished, None for any."""
        done = subprocess.run([os.path.join(BUILD, "server", "slotkeeper"), "--config", self.config, "--data", self.data, *words],
                              input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)
        if ok is not None and done.returncode != ok:
            raise RuntimeError(f"slotkeeper {' '.join(words)}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def add_user(self, name, admin=False):
        self.passwords[name] = self.slotkeeper("user", "add", name, "--email", name + "@example.org",
                                               *(["--admin"] if admin else [])).stdout.strip()

    def password(self, user):
        return self.passwords[user]

    def start(self):
        """Starts the server and waits for its one line; on a restart it listens where it did before."""
        listen = self.listen if not self.port else f"{self.listen.rpartition(':')[0]}:{self.port}"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "server", "slotkeeperd"), "--config", self.config, "--data",
                                             self.data, "--listen", listen, *self.arguments],
                                            env=dict(os.environ, **self.environment),
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line.startswith("slotkeeperd: ready on "):
            with open(self.log, errors="replace") as text:
                raise RuntimeError(f"the server did not get ready: {line!r}\n{text.read()[-3000:]}")
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.local = threading.local()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM; the exit status."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def authorization(self, user, password=None):
        word = self.passwords.get(user, "") if password is None else password
        return "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()

    def request(self, method, path, body=None, user=None, headers=(), password=None):
        """One request on this thread's kept connection; opened anew when the server closed it before sending."""
        fields = dict(headers)
        if user is not None:
            fields["Authorization"] = self.authorization(user, password)
        if isinstance(body, str):
            body = body.encode()
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None)
            fresh = connection is None
            if fresh:
                connection = self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request(method, path, body, fields)
                answer = connection.getresponse()
                return Answer((answer.status, answer.headers, answer.read()))
            except (OSError, http.client.HTTPException):
                connection.close()
                self.local.connection = None
                if fresh or attempt == 2 or self.process.poll() is not None:
                    raise


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
