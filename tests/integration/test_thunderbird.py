#!/usr/bin/python3
"""Thunderbird under Xvfb with a calendar of ours: it shows events, makes and changes them, and converges after a refusal.

The profile names the calendar; the password goes into Thunderbird's own login manager, and what a person would click is done,
through its remote control (Marionette). SLOTKEEPER_PICTURE=FILE.png keeps a picture of the screen.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import event, put  # noqa: E402
from server import Site, Tap, wait_for  # noqa: E402

tap = Tap()
WORK, BOOKINGS = "/dav/calendars/alice/work/", "/dav/calendars/alice/bookings/"

PREFERENCES = {
    "app.update.auto": False, "calendar.timezone.local": "UTC", "calendar.timezone.useSystemTimezone": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True, "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1, "mail.shell.checkDefaultClient": False, "mail.winsearch.firstRunDone": True,
    "mailnews.start_page.enabled": False, "mailnews.start_page_override.mstone": "ignore", "mail.spam.version": 1,
    "app.donation.eoy.version.viewed": 999, "toolkit.telemetry.reportingpolicy.firstRun": False, "network.dns.disablePrefetch": True,
    "marionette.port": 0, "calendar.week.start": 1, "calendar.debug.log": True, "mail.inappnotifications.url": "",
}
CALENDAR = {"type": "caldav", "calendar-main-in-composite": True, "cache.enabled": True, "refreshInterval": "30", "username": "alice"}
CALENDARS = {"work": ("Work", "#3a87ad", WORK), "bookings": ("Bookings", "#b94a48", BOOKINGS)}
LOGIN = """
const [origin, realm, user, password] = arguments;
const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
login.init(origin, null, realm, user, password, "", "");
return Services.logins.addLoginAsync(login).then(() => true);
"""
SHOW = """
const window = Services.wm.getMostRecentWindow("mail:3pane");
const button = window.document.getElementById("calendarButton");
if (button) button.click();
return Boolean(button);
"""
WEEK = """
const window = Services.wm.getMostRecentWindow("mail:3pane");
window.switchCalendarView("week", true);
return true;
"""
MODULES = """
const {cal} = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
const {CalEvent} = ChromeUtils.importESModule("resource:///modules/CalEvent.sys.mjs");
const calendar = id => cal.manager.getCalendars().find(c => c.id == id);
"""
REFRESH = MODULES + """
for (const calendar of cal.manager.getCalendars()) calendar.refresh();
return cal.manager.getCalendars().map(c => [c.name, c.type, c.getProperty("disabled"), c.readOnly, c.getProperty("currentStatus")]);
"""
ADD = MODULES + """
const [id, text] = arguments;
return calendar(id).addItem(new CalEvent(text)).then(item => item.id);
"""
TITLE = MODULES + """
const [id, uid, title] = arguments;
return calendar(id).getItem(uid).then(old => { const item = old.clone(); item.title = title; return calendar(id).modifyItem(item, old); })
    .then(item => item.title);
"""
START = MODULES + """
const [id, uid, shift] = arguments;
return calendar(id).getItem(uid).then(old => {
    const item = old.clone(), start = old.startDate.clone(), end = old.endDate.clone();
    start.hour += shift; end.hour += shift;
    item.startDate = start; item.endDate = end;
    return calendar(id).modifyItem(item, old); }).then(item => item.startDate.icalString, error => String(error));
"""
WHEN = MODULES + """
const [id, uid] = arguments;
return calendar(id).getItem(uid).then(item => item && [item.title, item.startDate.icalString]);
"""
REMOVE = MODULES + """
const [id, uid] = arguments;
return calendar(id).getItem(uid).then(item => calendar(id).deleteItem(item)).then(() => true);
"""
TITLES = """
const window = Services.wm.getMostRecentWindow("mail:3pane");
return [...window.document.querySelectorAll(".event-name-label")].map(label => label.textContent);
"""


class Marionette:
    """The remote control: length-prefixed JSON on a socket."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.number = 0
        self.read()
        self("WebDriver:NewSession", {"capabilities": {}})
        self("Marionette:SetContext", {"value": "chrome"})

    def read(self):
        size = b""
        while not size.endswith(b":"):
            size += self.socket.recv(1)
        body = b""
        while len(body) < int(size[:-1]):
            body += self.socket.recv(int(size[:-1]) - len(body))
        return json.loads(body)

    def __call__(self, command, parameters=None):
        self.number += 1
        text = json.dumps([0, self.number, command, parameters or {}]).encode()
        self.socket.sendall(str(len(text)).encode() + b":" + text)
        _, _, error, value = self.read()
        if error:
            raise RuntimeError(f"{command}: {error}")
        return value

    def run(self, script, *arguments):
        return self("WebDriver:ExecuteScript", {"script": script, "args": list(arguments), "newSandbox": True, "scriptTimeout": 30000})["value"]


def write_profile(directory, url):
    lines = dict(PREFERENCES)
    for uid, (name, color, path) in CALENDARS.items():
        for key, value in {**CALENDAR, "name": name, "color": color, "uri": url + path}.items():
            lines[f"calendar.registry.{uid}.{key}"] = value
    with open(os.path.join(directory, "user.js"), "w") as file:
        for key, value in lines.items():
            file.write(f"user_pref({json.dumps(key)}, {json.dumps(value)});\n")


def marionette_port(profile, process):
    path = os.path.join(profile, "MarionetteActivePort")
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if os.path.exists(path) and os.path.getsize(path) > 0:
            return int(open(path).read())
        time.sleep(0.2)
    raise RuntimeError("Thunderbird offers no remote control")


def wanted_events(site):
    """Some of this week, so that the week view shows them."""
    monday = time.time() // 86400 * 86400 - time.gmtime().tm_wday * 86400
    titles = []
    for day, hour, title in ((0, 9, "Haircut"), (1, 10, "Consultation"), (2, 13, "Check-up"), (4, 11, "Fitting")):
        start = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(monday + day * 86400 + hour * 3600))
        put(site, f"{WORK}{title}.ics", event(title, start))
        titles.append(title)
    return titles


def shows(remote, titles):
    end = time.monotonic() + 60
    shown, status = [], ""
    while time.monotonic() < end:
        try:
            remote.run(SHOW)
            remote.run(WEEK)
            status = remote.run(REFRESH)
            shown = remote.run(TITLES)
        except RuntimeError as error:
            status = str(error)[:300]
        if set(titles) <= set(shown):
            return True, ""
        time.sleep(1)
    return False, f"shown: {shown}; calendars: {status}"


def converges(remote, uid, event_uid, wished):
    """Refreshes until the client has what is wished."""
    def good():
        remote.run(REFRESH)
        time.sleep(0.5)
        return remote.run(WHEN, uid, event_uid) == wished
    return wait_for(good, 20) or remote.run(WHEN, uid, event_uid)


def story(site, remote, titles):
    good, seen = shows(remote, titles)
    tap.check(good, "it shows the week's events", seen)
    text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:made\r\nDTSTART:20270601T090000Z\r\n" \
           "DTEND:20270601T100000Z\r\nSUMMARY:Made in Thunderbird\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    tap.equal(remote.run(ADD, "work", text), "made", "it makes an event")
    get = lambda path: site.request("GET", path, None, "alice")  # noqa: E731
    tap.check(wait_for(lambda: "Made in Thunderbird" in get(WORK + "made.ics").text), "which is on the server", get(WORK + "made.ics"))
    tap.equal(remote.run(TITLE, "work", "made", "Changed there"), "Changed there", "it changes the event")
    tap.check(wait_for(lambda: "Changed there" in get(WORK + "made.ics").text), "and so does the server", get(WORK + "made.ics"))
    put(site, WORK + "made.ics", event("made", "20270601T110000Z", summary="Changed elsewhere"))
    tap.equal(converges(remote, "work", "made", ["Changed elsewhere", "20270601T110000Z"]), True, "it sees what was changed elsewhere")
    tap.equal(remote.run(REMOVE, "work", "made"), True, "it removes the event")
    tap.check(wait_for(lambda: get(WORK + "made.ics").status == 404), "and the server has")


def refused(site, remote):
    put(site, BOOKINGS + "one.ics", event("one", "20270610T090000Z", summary="One"))
    put(site, BOOKINGS + "two.ics", event("two", "20270610T110000Z", summary="Two"))
    tap.equal(converges(remote, "bookings", "two", ["Two", "20270610T110000Z"]), True, "it has the bookings")
    remote.run(START, "bookings", "two", -2)
    tap.equal(converges(remote, "bookings", "two", ["Two", "20270610T110000Z"]), True, "lenient: a refused move is taken back on its screen")
    site.slotkeeper("calendar", "set", "alice/bookings", "handling=strict")
    remote.run(START, "bookings", "two", -2)
    tap.equal(converges(remote, "bookings", "two", ["Two", "20270610T110000Z"]), True, "strict: as well")
    remote.run(START, "bookings", "two", 2)
    tap.check(wait_for(lambda: "DTSTART:20270610T130000Z" in site.request("GET", BOOKINGS + "two.ics", None, "alice").text),
              "a move to a free time is one on the server", site.request("GET", BOOKINGS + "two.ics", None, "alice"))


def main():
    directory = tempfile.mkdtemp(prefix="slotkeeper-thunderbird-")
    profile = os.path.join(directory, "profile")
    os.mkdir(profile)
    read, write = os.pipe()
    screen = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"], pass_fds=[write],
                              stderr=subprocess.DEVNULL)
    os.close(write)
    display = ":" + os.fdopen(read).readline().strip()
    environment = {**os.environ, "DISPLAY": display, "HOME": directory, "LANG": "C.UTF-8"}
    with Site(users=["alice"], config="log-level = debug\n") as site:
        titles = wanted_events(site)
        write_profile(profile, site.url)
        client = subprocess.Popen(["thunderbird", "--profile", profile, "--no-remote", "--marionette", "--remote-allow-system-access"],
                                  env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            remote = Marionette(marionette_port(profile, client))
            remote.run(LOGIN, site.url, "Slotkeeper", "alice", site.password("alice"))
            story(site, remote, titles)
            if os.environ.get("SLOTKEEPER_PICTURE"):
                subprocess.run(["import", "-window", "root", "-display", display, os.environ["SLOTKEEPER_PICTURE"]], check=True, timeout=30)
            refused(site, remote)
        finally:
            client.terminate()
            try:
                client.wait(20)
            except subprocess.TimeoutExpired:
                client.kill()
            screen.terminate()
    shutil.rmtree(directory, ignore_errors=True)
    tap.finish()


main()
