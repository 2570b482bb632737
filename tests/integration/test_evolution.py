#!/usr/bin/python3
"""Evolution's data server (what Evolution and GNOME Calendar are made of) under a D-Bus of its own, on a calendar of ours."""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

CALENDAR = "/dav/calendars/alice/work/"
BOOKINGS = "/dav/calendars/alice/bookings/"
SOURCE = """[Data Source]
DisplayName={name}
Enabled=true
Parent=

[Calendar]
BackendName=caldav
Color=#62a0ea
Selected=true

[Authentication]
Host=127.0.0.1
Port={port}
Method=plain/password
User=alice
RememberPassword=false
ProxyId=system-proxy

[WebDAV Backend]
AvoidIfmatch=false
CalendarAutoSchedule=false
ResourcePath={path}

[Security]
Method=none

[Offline]
StaySynchronized=true

[Refresh]
Enabled=false
IntervalMinutes=30
"""


# A bus with the services of evolution-data-server alone: no keyring that would ask somebody for a password.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir={directory}</listen><auth>EXTERNAL</auth><servicedir>{services}</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""
SERVICES = "/usr/share/dbus-1/services"


# ---- inside the session: one word a line comes in, one line of JSON goes out ----

class Inside:
    def __init__(self, password):
        import gi
        gi.require_version("ECal", "2.0")
        gi.require_version("EDataServer", "1.2")
        gi.require_version("ICalGLib", "3.0")
        from gi.repository import ECal, EDataServer, GLib, ICalGLib
        self.ECal, self.EDataServer, self.GLib, self.ICal = ECal, EDataServer, GLib, ICalGLib
        self.password = password
        self.registry = EDataServer.SourceRegistry.new_sync(None)
        self.clients = {}

    def connect(self, uid):
        """Opens the calendar and gives the password, as the program that asks the user would."""
        source = self.registry.ref_source(uid)
        credentials = self.EDataServer.NamedParameters.new()
        credentials.set("username", "alice")
        credentials.set("password", self.password)
        client = self.ECal.Client.connect_sync(source, self.ECal.ClientSourceType.EVENTS, 0xffffffff, None)  # does not wait
        end = time.monotonic() + 20
        while source.get_connection_status() != self.EDataServer.SourceConnectionStatus.CONNECTED and time.monotonic() < end:
            if source.get_connection_status() in (self.EDataServer.SourceConnectionStatus.AWAITING_CREDENTIALS,
                                                  self.EDataServer.SourceConnectionStatus.DISCONNECTED):
                source.invoke_authenticate_sync(credentials, None)
            self.spin(0.2)
        self.clients[uid] = client
        return source.get_connection_status() == self.EDataServer.SourceConnectionStatus.CONNECTED

    def spin(self, seconds):
        context, end = self.GLib.MainContext.default(), time.monotonic() + seconds
        while time.monotonic() < end:
            while context.pending():
                context.iteration(False)
            time.sleep(0.02)

    def refresh(self, uid):
        self.clients[uid].refresh_sync(None)
        self.spin(1.0)
        return True

    def list(self, uid):
        _, components = self.clients[uid].get_object_list_sync("#t", None)
        return sorted([c.get_uid(), c.get_summary()] for c in components)

    def create(self, uid, text):
        component = self.ICal.Component.new_from_string(text)
        done, made = self.clients[uid].create_object_sync(component, self.ECal.OperationFlags.NONE, None)
        return [done, made]

    def modify(self, uid, event, summary):
        _, component = self.clients[uid].get_object_sync(event, None, None)
        component.set_summary(summary)
        return self.clients[uid].modify_object_sync(component, self.ECal.ObjModType.ALL, self.ECal.OperationFlags.NONE, None)

    def move(self, uid, event, start, end):
        _, component = self.clients[uid].get_object_sync(event, None, None)
        component.set_dtstart(self.ICal.Time.new_from_string(start))
        component.set_dtend(self.ICal.Time.new_from_string(end))
        return self.clients[uid].modify_object_sync(component, self.ECal.ObjModType.ALL, self.ECal.OperationFlags.NONE, None)

    def when(self, uid, event):
        _, component = self.clients[uid].get_object_sync(event, None, None)
        return component.get_dtstart().as_ical_string()

    def remove(self, uid, event):
        return self.clients[uid].remove_object_sync(event, None, self.ECal.ObjModType.ALL, self.ECal.OperationFlags.NONE, None)


def inside():
    session = Inside(os.environ["SLOTKEEPER_PASSWORD"])
    print(json.dumps(["ready"]), flush=True)
    for line in sys.stdin:
        word, *arguments = json.loads(line)
        try:
            answer = ["ok", getattr(session, word)(*arguments)]
        except session.GLib.Error as error:
            answer = ["error", error.message]
        print(json.dumps(answer), flush=True)


# ---- outside: the server, and what is seen on it ----

class Evolution:
    def __init__(self, site, calendars):
        self.home = tempfile.mkdtemp(prefix="slotkeeper-evolution-")
        sources = os.path.join(self.home, "config", "evolution", "sources")
        os.makedirs(sources)
        for uid, path in calendars.items():
            with open(os.path.join(sources, uid + ".source"), "w") as file:
                file.write(SOURCE.format(name=uid, port=site.port, path=path))
        runtime, services, bus = (os.path.join(self.home, name) for name in ("run", "services", "bus.conf"))
        os.mkdir(runtime, 0o700)
        os.mkdir(services)
        for name in os.listdir(SERVICES):
            if name.startswith("org.gnome.evolution.dataserver."):
                os.symlink(os.path.join(SERVICES, name), os.path.join(services, name))
        with open(bus, "w") as file:
            file.write(BUS.format(directory=runtime, services=services))
        environment = {**os.environ, "HOME": self.home, "XDG_CONFIG_HOME": os.path.join(self.home, "config"), "LC_ALL": "C.UTF-8",
                       "XDG_CACHE_HOME": os.path.join(self.home, "cache"), "XDG_DATA_HOME": os.path.join(self.home, "data"),
                       "XDG_RUNTIME_DIR": runtime, "GSETTINGS_BACKEND": "memory", "NO_AT_BRIDGE": "1", "GIO_USE_VFS": "local",
                       "SLOTKEEPER_PASSWORD": site.password("alice")}
        environment.pop("DISPLAY", None)
        self.errors = open(os.path.join(self.home, "errors"), "w+")
        self.process = subprocess.Popen(["dbus-run-session", "--config-file", bus, "--", "/usr/bin/python3", os.path.abspath(__file__), "--inside"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment)
        self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise RuntimeError("the session ended: " + self.errors.read()[-2000:])
        return json.loads(line)

    def __call__(self, *words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def main():
    from dav import event, propfind, put
    from server import Site, Tap, wait_for
    tap = Tap()

    def story(site, evolution):
        put(site, CALENDAR + "first.ics", event("first", "20270601T090000Z", summary="There before"))
        tap.equal(evolution("connect", "work"), ["ok", True], "it signs in and opens the calendar")
        evolution("refresh", "work")
        tap.equal(evolution("list", "work"), ["ok", [["first", "There before"]]], "it shows what was there")
        answer = evolution("create", "work", "BEGIN:VEVENT\r\nUID:made-here\r\nDTSTART:20270602T090000Z\r\nDTEND:20270602T100000Z\r\n"
                           "SUMMARY:Made in Evolution\r\nEND:VEVENT\r\n")
        tap.check(answer[0] == "ok", "it makes an event", answer)
        text = lambda name: site.request("GET", CALENDAR + name, None, "alice").text  # noqa: E731
        tap.check(wait_for(lambda: "Made in Evolution" in text("made-here.ics")), "which is on the server, under its UID", text("made-here.ics"))
        tap.check(evolution("modify", "work", "made-here", "Changed in Evolution")[0] == "ok", "it changes the event")
        tap.check(wait_for(lambda: "Changed in Evolution" in text("made-here.ics")), "and so does the server", text("made-here.ics"))
        put(site, CALENDAR + "first.ics", event("first", "20270601T090000Z", summary="Changed elsewhere"))
        put(site, CALENDAR + "other.ics", event("other", "20270603T090000Z", summary="From elsewhere"))
        site.request("DELETE", CALENDAR + "made-here.ics", None, "alice")
        evolution("refresh", "work")
        seen = evolution("list", "work")
        tap.equal(seen, ["ok", [["first", "Changed elsewhere"], ["other", "From elsewhere"]]], "a refresh brings changes, new ones and removals")
        tap.check(evolution("remove", "work", "other")[0] == "ok", "it removes an event")
        tap.check(wait_for(lambda: site.request("GET", CALENDAR + "other.ics", None, "alice").status == 404), "and the server has")

    def bookings(site, evolution):
        put(site, BOOKINGS + "one.ics", event("one", "20270610T090000Z", summary="First booking"))
        put(site, BOOKINGS + "two.ics", event("two", "20270610T110000Z", summary="Second booking"))
        tap.equal(evolution("connect", "bookings"), ["ok", True], "it opens the bookings")
        evolution("refresh", "bookings")
        answer = evolution("move", "bookings", "two", "20270610T093000Z", "20270610T103000Z")
        tap.check(answer[0] == "ok", "a booking moved over another, lenient: no error", answer)
        evolution("refresh", "bookings")
        tap.equal(evolution("when", "bookings", "two"), ["ok", "20270610T110000Z"], "it shows the booking where it was")
        site.slotkeeper("calendar", "set", "alice/bookings", "handling=strict")
        answer = evolution("move", "bookings", "two", "20270610T093000Z", "20270610T103000Z")
        tap.check(answer[0] == "error" and "This time is taken" in answer[1], "strict: it shows the person our sentence", answer)
        answer = evolution("move", "bookings", "two", "20270610T130000Z", "20270610T140000Z")
        tap.check(answer[0] == "ok", "to a free time it moves", answer)
        tap.check("DTSTART:20270610T130000Z" in site.request("GET", BOOKINGS + "two.ics", None, "alice").text, "on the server too")

    def stale_token(site, evolution):
        """A store put back has another epoch: the client must begin anew by itself."""
        backup = os.path.join(site.directory, "backup")
        site.slotkeeper("backup", backup)
        put(site, CALENDAR + "lost.ics", event("lost", "20270620T090000Z", summary="After the backup"))
        evolution("refresh", "work")
        tap.check(["lost", "After the backup"] in evolution("list", "work")[1], "it sees what comes after a backup")
        site.stop()
        site.slotkeeper("restore", backup)
        site.start()
        put(site, CALENDAR + "new.ics", event("new", "20270621T090000Z", summary="After the restore"))
        evolution("refresh", "work")
        evolution("refresh", "work")
        seen = [uid for uid, _ in evolution("list", "work")[1]]
        tap.equal(seen, ["first", "new"], "after a restore its token is refused, and it has what the server has")

    with Site(users=["alice"]) as site:
        evolution = Evolution(site, {"work": CALENDAR, "bookings": BOOKINGS})
        try:
            story(site, evolution)
            bookings(site, evolution)
            stale_token(site, evolution)
        finally:
            evolution.close()
    tap.finish()


if "--inside" in sys.argv:
    inside()
else:
    main()
