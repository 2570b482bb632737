#!/usr/bin/python3
"""backup while people write, restore, what becomes of sync tokens; check --repair beside a running server."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import D, Multistatus, condition, event, propfind, put, sync  # noqa: E402
from server import BUILD, Site, Tap  # noqa: E402

tap = Tap()
WORK = "/dav/calendars/alice/work/"
WRITERS = 6


def names(site):
    return {href[len(WORK):] for href in propfind(site, WORK, "D:getetag", depth="1").responses if href != WORK}


def at(directory, *words):
    return subprocess.run([os.path.join(BUILD, "server", "slotkeeper"), "--data", directory, *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120)


def exported(directory):
    done = at(directory, "export", "alice/work")
    return {line[4:].strip() for line in done.stdout.splitlines() if line.startswith("UID:")}, done


def under_load(site, directory):
    """Every write that was acknowledged before the backup began is in it, and the backup agrees with itself."""
    acknowledged, stop, failed = [], threading.Event(), []

    def write(number):
        n = 0
        while not stop.is_set():
            uid = f"w{number}-{n}"
            answer = put(site, f"{WORK}{uid}.ics", event(uid))
            if answer.status != 201:
                failed.append(answer.status)
            acknowledged.append(uid)
            n += 1
    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    backups = []
    for n in range(4):
        while len(acknowledged) < (n + 1) * 100:
            pass
        before = list(acknowledged)
        target = os.path.join(directory, f"backup-{n}")
        done = site.slotkeeper("backup", target, ok=None)
        backups.append((target, before, done))
    stop.set()
    for thread in threads:
        thread.join()
    tap.equal(failed, [], "no write is refused while backups are made")
    for target, before, done in backups:
        have, listing = exported(target)
        tap.check(done.returncode == 0 and have >= set(before), f"a backup under load holds all {len(before)} acknowledged before it",
                  f"{done}\nmissing {sorted(set(before) - have)[:5]}\n{listing.stderr}")
        check = at(target, "check")
        tap.check(check.returncode == 0, "and agrees with itself", check.stdout + check.stderr)
        mode = oct(os.stat(target).st_mode & 0o777), oct(os.stat(os.path.join(target, "data.mdb")).st_mode & 0o777)
        tap.equal(mode, ("0o700", "0o600"), "nobody else can read it")
    return backups[0][0]


def refusals(site, backup, directory):
    rows = [
        (("backup", backup), "into a directory that holds something"),
        (("backup", "/proc/none/here"), "where nothing can be written"),
        (("restore", backup), "restore while the server runs"),
        (("backup",), "no directory"),
    ]
    for words, name in rows:
        done = site.slotkeeper(*words, ok=None)
        tap.check(done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1, f"refused: {name}", done)
    done = subprocess.run([os.path.join(BUILD, "server", "slotkeeper"), "--config", site.config, "--data", site.data, "backup", "here"],
                          cwd=directory, capture_output=True, text=True, timeout=60)
    tap.check(done.returncode == 0 and os.path.exists(os.path.join(directory, "here", "data.mdb")),
              "a relative path is one of the caller's", done)


def restoring(site, backup):
    old = Multistatus(sync(site, WORK).body).token
    password = site.password("alice")
    in_backup, _ = exported(backup)
    put(site, WORK + "later.ics", event("later"))
    now = names(site)
    site.stop()
    tap.equal(site.slotkeeper("restore", "/nowhere/at/all", ok=None).returncode, 1, "restore of what is not there")
    site.start()
    tap.equal(names(site), now, "which has left everything as it was")
    site.stop()
    done = site.slotkeeper("restore", backup)
    aside = done.stdout.strip().split()[-1]
    tap.check(os.path.exists(aside), "the former store keeps another name", done)
    tap.check(not os.path.exists(os.path.join(site.data, "restore.part")), "nothing else is left", os.listdir(site.data))
    site.start()
    tap.equal({name[:-4] for name in names(site)}, in_backup, "after a restore there is what the backup held")
    tap.equal(site.request("GET", WORK, None, "alice", password=password).status, 200, "passwords are those of the backup")
    answer = sync(site, WORK, old)
    tap.equal((answer.status, condition(answer)), (403, [D + "valid-sync-token"]), "a token from before is refused as such")
    token = Multistatus(sync(site, WORK).body).token
    put(site, WORK + "after.ics", event("after"))
    tap.equal(list(Multistatus(sync(site, WORK, token).body).responses), [WORK + "after.ics"], "a new one works")
    site.stop()
    site.start()
    tap.equal(sync(site, WORK, token).status, 207, "and survives a restart")
    site.stop()
    os.rename(aside, os.path.join(site.data, "data.mdb"))
    site.start()
    tap.equal(names(site), now, "the former store is whole")
    tap.equal(sync(site, WORK, old).status, 207, "and its tokens with it")


def by_hand(site, backup, directory):
    """A backup is a store: a server runs on it, and an empty data directory takes it."""
    site.stop()
    empty = os.path.join(directory, "empty")
    os.mkdir(empty)
    done = at(empty, "restore", backup)
    tap.check(done.returncode == 0 and exported(empty)[0] == exported(backup)[0], "restore into an empty directory", done)
    broken = os.path.join(directory, "broken")
    os.mkdir(broken)
    with open(os.path.join(broken, "data.mdb"), "wb") as file:
        file.write(b"no store\n" * 1000)
    done = at(empty, "restore", broken)
    tap.check(done.returncode == 1 and exported(empty)[0] == exported(backup)[0], "what is no store is refused, and changes nothing", done)
    site.start()


def repairing(site):
    before = names(site)
    token = Multistatus(sync(site, WORK).body).token
    done = site.slotkeeper("check", "--repair", ok=None)
    tap.check(done.returncode == 0 and " 0 disagreements" in done.stdout, "check --repair beside the running server", done.stdout)
    tap.equal((names(site), Multistatus(sync(site, WORK, token).body).responses), (before, {}), "no client sees a change")
    tap.equal(put(site, WORK + "more.ics", event("more")).status, 201, "and writing goes on")


directory_ = tempfile.mkdtemp(prefix="slotkeeper-backup-")
with Site(users=["alice"]) as the_site:
    first = under_load(the_site, directory_)
    refusals(the_site, first, directory_)
    restoring(the_site, first)
    by_hand(the_site, first, directory_)
    repairing(the_site)
shutil.rmtree(directory_, ignore_errors=True)
tap.finish()
