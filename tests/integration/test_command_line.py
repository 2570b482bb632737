#!/usr/bin/python3
"""slotkeeper, the command line: on the store itself, and in the running server, with the same result."""
import json
import os
import stat
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap  # noqa: E402

tap = Tap()
HOURS = '{"timezone": "Europe/Amsterdam", "weekly": {"mon": [["09:00", "12:30"]]}}'
FILE = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nMETHOD:PUBLISH\r\n"
        "BEGIN:VEVENT\r\nUID:one\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:20270301T090000Z\r\nDTEND:20270301T100000Z\r\n"
        "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:two\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:20270301T093000Z\r\n"
        "DTEND:20270301T103000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:bad\r\nDTSTAMP:20270101T000000Z\r\n"
        "DTSTART:yesterday\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def usage(site, words, status, part, name, stdin=None):
    done = site.slotkeeper(*words, ok=None, stdin=stdin)
    tap.check(done.returncode == status and part in done.stderr and done.stdout == ""
              and done.stderr.count("\n") == 1, name, f"exit {done.returncode}\n{done.stdout}{done.stderr}")


def everything(site, suffix, where):
    """What every command does, under names that end in SUFFIX."""
    carol, room = "carol" + suffix, "room" + suffix
    done = site.slotkeeper("user", "add", carol, "--email", carol + "@example.org", "--timezone", "Europe/Amsterdam")
    tap.check(len(done.stdout.strip()) >= 20 and done.stdout.count("\n") == 1 and " " not in done.stdout,
              f"{where}: a generated password stands alone on one line", done.stdout)
    done = site.slotkeeper("user", "passwd", carol, "--password-stdin", stdin="open sesame\n")
    tap.equal(done.stdout, "", f"{where}: a password that was given is not printed")
    listed = {u["name"]: u for u in json.loads(site.slotkeeper("user", "list", "--json").stdout)}
    tap.check(carol in listed and listed[carol]["timezone"] == "Europe/Amsterdam", f"{where}: user list --json",
              f"{listed}")
    site.slotkeeper("resource", "add", room, "--kind", "equipment", "--pool", "chair", "--seats", "2")
    listed = {u["name"]: u for u in json.loads(site.slotkeeper("resource", "list", "--json").stdout)}
    tap.check(listed[room]["kind"] == "equipment" and listed[room]["seats"] == 2, f"{where}: resource list --json",
              f"{listed}")
    site.slotkeeper("hours", "set", carol, stdin=HOURS)
    tap.equal(json.loads(site.slotkeeper("hours", "show", carol).stdout), json.loads(HOURS), f"{where}: hours set, show")
    usage(site, ["hours", "set", carol], 2, "weekly", f"{where}: wrong hours name the field",
          stdin='{"weekly": {"mon": [["9", "17:00"]]}}')
    usage(site, ["user", "add", carol, "--email", "other@example.org"], 1, "belongs to another",
          f"{where}: a name is given once")
    usage(site, ["user", "add", "x/y", "--email", "x@example.org"], 2, "a name is", f"{where}: a name with a slash")
    usage(site, ["user", "add", "x" + suffix, "--email", "nobody"], 2, "e-mail", f"{where}: no e-mail address")
    usage(site, ["user", "add", "x" + suffix, "--email", "x@y.z", "--timezone", "Mars/Phobos"], 2, "time zone",
          f"{where}: no time zone")
    usage(site, ["user", "remove", "nobody"], 1, "no user", f"{where}: nobody to remove")
    files(site, carol, where)
    site.slotkeeper("resource", "remove", room)
    done = site.slotkeeper("user", "remove", carol, ok=None)
    tap.check(done.returncode == 1 and "lie ahead" in done.stderr, f"{where}: a booking lies ahead: not removed",
              done.stderr)
    site.slotkeeper("user", "remove", carol, "--force")
    tap.check(carol not in site.slotkeeper("user", "list").stdout, f"{where}: user remove --force")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0 and " 0 disagreements" in done.stdout, f"{where}: check", done.stdout)
    status = json.loads(site.slotkeeper("status", "--json").stdout)
    tap.check(status["users"] == 1 and status["running"] == (where == "live"), f"{where}: status --json", f"{status}")


def files(site, carol, where):
    path = os.path.join(site.directory, "import.ics")
    with open(path, "w", newline="") as file:
        file.write(FILE)
    done = site.slotkeeper("import", carol + "/work", path, ok=None)
    lines = done.stdout.splitlines()
    tap.check(done.returncode == 1 and lines[-1] == "2 stored, 1 refused" and len(lines) == 2
              and lines[0].startswith(path + ":17: bad: "), f"{where}: import tells what it refused, and where",
              done.stdout + done.stderr)
    done = site.slotkeeper("import", carol + "/bookings", path, ok=None)
    tap.check(done.returncode == 1 and done.stdout.splitlines()[-1] == "0 stored, 3 refused",
              f"{where}: into bookings nothing comes over what is there already", done.stdout)
    out = site.slotkeeper("export", carol + "/work").stdout
    tap.check(out.count("BEGIN:VEVENT") == 2 and out.count("BEGIN:VCALENDAR") == 1 and "METHOD" not in out,
              f"{where}: export is one calendar", out)
    later = os.path.join(site.directory, "later.ics")
    with open(later, "w", newline="") as file:
        file.write(FILE.replace("20270301", "20370301").replace("UID:", "UID:later-"))
    done = site.slotkeeper("import", carol + "/bookings", later, ok=None)
    tap.equal(done.stdout.splitlines()[-1], "1 stored, 2 refused", f"{where}: of two that overlap one is booked")
    usage(site, ["import", carol + "/nowhere", path], 1, "no calendar", f"{where}: import into no calendar")
    usage(site, ["import", carol + "/work", path + ".missing"], 2, "No such file", f"{where}: import of no file")


with Site(users=["alice"]) as the_site:
    the_site.stop()
    for name in (".", "data.mdb", "lock"):
        mode = stat.S_IMODE(os.stat(os.path.join(the_site.data, name)).st_mode)
        tap.equal(oct(mode), oct(0o700 if name == "." else 0o600), f"modes: {name}")
    everything(the_site, "-stopped", "stopped")
    the_site.start()
    tap.equal(oct(stat.S_IMODE(os.stat(os.path.join(the_site.data, "control.sock")).st_mode)), oct(0o600),
              "modes: control.sock")
    everything(the_site, "-live", "live")
    usage(the_site, ["user", "fly"], 2, "unknown command", "an unknown command")
    usage(the_site, ["user", "list", "--colour"], 2, "unknown option", "an unknown option")
    usage(the_site, ["init"], 1, "runs here", "init beside a running server")
    second = the_site.slotkeeper("--version").stdout
    tap.check(second.startswith("slotkeeper 0."), "--version", second)
    the_site.kill()
    the_site.slotkeeper("user", "list")
    tap.check(True, "the command line works again after the server was killed")
tap.finish()
