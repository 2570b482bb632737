#!/usr/bin/python3
"""Locks (RFC 4918, 6 to 10) on calendars and their objects, between two people; the If field; cadaver's lock and unlock."""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, ROOT, XML, condition, event, propfind, proppatch, put  # noqa: E402
from lxml import etree  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME, WORK, OTHER = "/dav/calendars/alice/", "/dav/calendars/alice/work/", "/dav/calendars/alice/other/"
ONE = WORK + "one.ics"


def lock(site, path, user="alice", scope="exclusive", owner="<D:owner>me</D:owner>", body=None, **headers):
    body = f"{XML}<D:lockinfo {ROOT}><D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype>{owner}</D:lockinfo>" \
        if body is None else body
    fields = {"Content-Type": "text/xml", "Depth": "0", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return site.request("LOCK", path, body, user, fields)


def token_of(answer):
    return answer.headers["Lock-Token"].strip("<>")


def unlock(site, path, token, user="alice"):
    return site.request("UNLOCK", path, None, user, {"Lock-Token": f"<{token}>"}).status


def ask(site, method, path, body=None, user="alice", **headers):
    return site.request(method, path, body, user, {name.replace("_", "-"): value for name, value in headers.items()})


def on_an_object(site):
    etag = put(site, ONE, event("one")).headers["ETag"]
    answer = lock(site, ONE, Timeout="Infinite, Second-100")
    token = token_of(answer)
    active = etree.fromstring(answer.body).find(f"{D}lockdiscovery/{D}activelock")
    tap.check(answer.status == 200 and re.fullmatch("urn:uuid:[0-9a-f-]{36}", token), "LOCK", answer)
    tap.equal((active.findtext(D + "timeout"), active.findtext(D + "depth"), active.findtext(D + "owner"),
               active.findtext(f"{D}locktoken/{D}href"), active.findtext(f"{D}lockroot/{D}href")),
              ("Second-86400", "0", "me", token, ONE), "its lockdiscovery; no lock is longer than a day")
    rows = [  # what is asked without the token
        ("PUT", ONE, event("one", summary="x"), {"Content-Type": "text/calendar"}, "PUT"),
        ("DELETE", ONE, None, {}, "DELETE"),
        ("MOVE", ONE, None, {"Destination": OTHER + "one.ics"}, "MOVE away"),
        ("MOVE", WORK + "two.ics", None, {"Destination": ONE}, "MOVE onto it"),
        ("COPY", WORK + "two.ics", None, {"Destination": ONE}, "COPY onto it"),
        ("DELETE", OTHER, None, {}, "DELETE of its calendar"),
    ]
    put(site, WORK + "two.ics", event("two", "20270312T090000Z"))
    for method, path, body, headers, name in rows[:5]:
        answer = site.request(method, path, body, "alice", headers)
        tap.check(answer.status == 423 and condition(answer) == [D + "lock-token-submitted"] and ONE.encode() in answer.body,
                  f"{name} without the token: 423 names the lock's root", answer)
    tap.equal(ask(site, "GET", ONE).status, 200, "GET is free")
    tap.equal(ask(site, "COPY", ONE, Destination=OTHER + "copy.ics").status, 201, "and COPY from it")
    tap.equal(put(site, WORK + "three.ics", event("three", "20270313T090000Z")).status, 201, "and its neighbours")
    tap.equal(put(site, ONE, event("one", summary="y"), If=f"(<{token}>)").status, 204, "with the token")
    rows = [
        (f'(<{token}> ["wrong"])', 412, "the token and another ETag"),
        (f'(<{token}> [{etag}])', 412, "the token and an old ETag"),
        ("(<urn:uuid:00000000-0000-4000-8000-000000000000>)", 412, "another token"),
        ("(<DAV:no-lock>)", 412, "DAV:no-lock"),
        ("(Not <DAV:no-lock>)", 423, "Not DAV:no-lock submits nothing"),
        (f"(<DAV:no-lock>) (<{token}>)", 204, "one list of two holds"),
        (f"(Not <DAV:no-lock> <{token}>)", 204, "Not and the token"),
        (f"<{ONE}> (<{token}>)", 204, "tagged with its path"),
        (f"<http://127.0.0.1:1{ONE}> (<{token}>)", 204, "tagged with a URI"),
        (f"<{WORK}two.ics> (<{token}>)", 412, "tagged with another"),
        ("(<" + token, 400, "broken"),
        ("()", 400, "an empty list"),
        ("nothing", 400, "no list"),
    ]
    for n, (value, status, name) in enumerate(rows):
        answer = put(site, ONE, event("one", summary=f"n{n}"), If=value)
        tap.check(answer.status == status, f"If, {name}: {status}", answer)
    present = ask(site, "GET", ONE).headers["ETag"]
    tap.equal(put(site, ONE, event("one", summary="z"), If=f"(<{token}> [{present}])").status, 204, "token and present ETag")
    answer = lock(site, ONE)
    tap.check(answer.status == 423 and condition(answer) == [D + "no-conflicting-lock"], "a second lock", answer)
    tap.equal(lock(site, ONE, scope="shared").status, 423, "a shared one beside an exclusive")
    answer = lock(site, ONE, body="", If=f"(<{token}>)", Timeout="Second-50")
    tap.check(answer.status == 200 and b"Second-50" in answer.body and "Lock-Token" not in answer.headers, "a refresh", answer)
    tap.equal(lock(site, ONE, body="", If="(<urn:uuid:00000000-0000-4000-8000-000000000000>)").status, 412, "of no lock")
    tap.equal(lock(site, ONE, body="").status, 412, "without If")
    found = propfind(site, ONE, "D:lockdiscovery D:supportedlock")
    tap.equal(found.element(ONE, D + "lockdiscovery").findtext(f".//{D}locktoken/{D}href"), token, "PROPFIND shows it")
    tap.equal(len(found.element(ONE, D + "supportedlock")), 2, "supportedlock")
    tap.equal(unlock(site, WORK + "two.ics", token), 409, "UNLOCK of another resource")
    tap.equal(unlock(site, ONE, "urn:uuid:00000000-0000-4000-8000-000000000000"), 409, "UNLOCK with another token")
    tap.equal(ask(site, "UNLOCK", ONE).status, 400, "UNLOCK without a token")
    tap.equal(unlock(site, ONE, token), 204, "UNLOCK")
    tap.equal(unlock(site, ONE, token), 409, "UNLOCK again")
    tap.equal(put(site, ONE, event("one", summary="free")).status, 204, "and all is free")


def deeper(site):
    token = token_of(lock(site, WORK, Depth="infinity"))
    tap.equal(put(site, ONE, event("one", summary="q")).status, 423, "a lock on the calendar covers its objects")
    tap.equal(put(site, WORK + "four.ics", event("four", "20270314T090000Z")).status, 423, "and keeps new ones out")
    tap.equal(put(site, WORK + "four.ics", event("four", "20270314T090000Z"), If=f"<{WORK}> (<{token}>)").status, 201, "but for its holder")
    tap.equal(lock(site, ONE).status, 423, "nothing below can be locked")
    answer = proppatch(site, WORK, "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>")
    tap.equal(answer.status, 423, "nor its properties changed")
    answer = site.request("ACL", WORK, f"{XML}<D:acl {ROOT}/>", "alice", {"Content-Type": "text/xml"})
    tap.equal(answer.status, 423, "nor its ACL")
    answer = lock(site, ONE, body="", If=f"(<{token}>)", Timeout="Second-70")
    tap.check(answer.status == 200 and f"<D:href>{WORK}</D:href>".encode() in answer.body, "a refresh by an object that it covers", answer)
    tap.equal(unlock(site, ONE, token), 204, "and an UNLOCK by it")
    token = token_of(lock(site, WORK, Depth="0"))
    tap.equal(put(site, ONE, event("one", summary="r")).status, 204, "a lock of depth 0 leaves what is there free")
    tap.equal(put(site, WORK + "five.ics", event("five", "20270315T090000Z")).status, 423, "and not who comes")
    tap.equal(ask(site, "DELETE", WORK + "four.ics").status, 423, "nor who goes")
    tap.equal(ask(site, "POST", WORK, event("six", "20270316T090000Z"), Content_Type="text/calendar").status, 423, "nor POST")
    unlock(site, WORK, token)
    tap.equal(lock(site, WORK, Depth="1").status, 400, "a depth of 1")
    tap.equal(lock(site, WORK + "none.ics").status, 403, "there are no empty calendar objects to lock")
    tap.equal(lock(site, "/dav/calendars/alice/none/").status, 404, "nor calendars that are not there")
    put(site, OTHER + "a.ics", event("a"))
    inner = token_of(lock(site, OTHER + "a.ics"))
    tap.equal(ask(site, "DELETE", OTHER).status, 423, "a calendar with a locked object does not go")
    tap.equal(ask(site, "MOVE", OTHER, Destination=HOME + "elsewhere/").status, 423, "nor gets another name")
    tap.equal(ask(site, "DELETE", OTHER, If=f"<{OTHER}a.ics> (<{inner}>)").status, 204, "but with the token")
    site.request("MKCALENDAR", OTHER, None, "alice")
    tap.equal(put(site, OTHER + "a.ics", event("a")).status, 201, "and the lock went with it")
    inner = token_of(lock(site, OTHER + "a.ics"))
    tap.equal(ask(site, "MOVE", OTHER + "a.ics", Destination=OTHER + "b.ics", If=f"(<{inner}>)").status, 201, "MOVE with the token")
    tap.equal(put(site, OTHER + "b.ics", event("a", summary="m")).status, 204, "the lock has not moved along")
    tap.equal(put(site, OTHER + "a.ics", event("other", "20270401T090000Z")).status, 201, "nor stayed")


def two_people(site):
    site.slotkeeper("grant", "alice/work", "bob", "read-write")
    token = token_of(lock(site, ONE, owner="<D:owner>a secret word</D:owner>"))
    tap.equal(put(site, ONE, event("one", summary="bob"), "bob").status, 423, "another's lock")
    tap.equal(put(site, ONE, event("one", summary="bob"), "bob", If=f"(<{token}>)").status, 423, "whose token is no use to him")
    found = propfind(site, ONE, "D:lockdiscovery", "bob").element(ONE, D + "lockdiscovery")
    tap.check(found.find(D + "activelock") is not None and token.encode() not in etree.tostring(found) and
              b"secret" not in etree.tostring(found), "he sees the lock, not the token nor the owner's words", etree.tostring(found))
    tap.equal(site.request("UNLOCK", ONE, None, "bob", {"Lock-Token": f"<{token}>"}).status, 403, "nor does he unlock it")
    unlock(site, ONE, token)
    his = token_of(lock(site, ONE, "bob"))
    tap.equal(put(site, ONE, event("one", summary="alice")).status, 423, "the owner of the calendar respects a lock too")
    tap.equal(unlock(site, ONE, his), 204, "and may take it off")
    one, two = token_of(lock(site, ONE, scope="shared")), token_of(lock(site, ONE, "bob", scope="shared"))
    tap.check(one != two, "two share a lock")
    tap.equal(put(site, ONE, event("one", summary="s")).status, 423, "neither writes without his token")
    tap.equal(put(site, ONE, event("one", summary="s"), If=f"(<{one}>)").status, 204, "each does with his own")
    tap.equal(put(site, ONE, event("one", summary="t"), "bob", If=f"(<{two}>)").status, 204, "and so does the other")
    tap.equal(lock(site, ONE).status, 423, "no exclusive one beside them")
    unlock(site, ONE, one)
    unlock(site, ONE, two, "bob")
    site.slotkeeper("grant", "alice/work", "bob", "read")
    answer = lock(site, ONE, "bob")
    tap.check(answer.status == 403 and condition(answer) == [D + "need-privileges"], "who may only read locks nothing", answer)
    site.slotkeeper("grant", "alice/work", "bob", "none")
    tap.equal(lock(site, ONE, "bob").status, 404, "who may not see finds nothing to lock")
    tap.equal(lock(site, WORK + "none.ics", "bob").status, 404, "nor whether it is there")


def time_and_restart(site):
    token = token_of(lock(site, ONE, Timeout="Second-1"))
    tap.equal(put(site, ONE, event("one", summary="1")).status, 423, "a lock of one second")
    time.sleep(2.1)
    tap.equal(put(site, ONE, event("one", summary="2")).status, 204, "is gone after it")
    tap.equal(unlock(site, ONE, token), 409, "and cannot be taken off")
    token = token_of(lock(site, ONE))
    site.kill()
    site.start()
    tap.equal(put(site, ONE, event("one", summary="3")).status, 423, "a lock survives kill -9")
    tap.equal(unlock(site, ONE, token), 204, "and its token does")
    rows = [
        ("<x/>", 400, "no lockinfo"),
        (f"<D:lockinfo {ROOT}><D:lockscope><D:exclusive/></D:lockscope></D:lockinfo>", 400, "no type"),
        (f"<D:lockinfo {ROOT}><D:lockscope><D:exclusive/><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>", 400,
         "both scopes"),
        (f"<D:lockinfo {ROOT}><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:read/></D:locktype></D:lockinfo>", 403, "a read lock"),
        (f"<D:lockinfo {ROOT}><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>"
         f"<D:owner>{'x' * 5000}</D:owner></D:lockinfo>", 400, "an owner that is too long"),
    ]
    for body, status, name in rows:
        answer = lock(site, ONE, body=XML + body)
        tap.check(answer.status == status, f"LOCK with {name}: {status}", answer)
    tap.check("1, 2, 3" in ask(site, "OPTIONS", WORK).headers["DAV"], "class 2 is announced")


def cadaver(site):
    with tempfile.TemporaryDirectory() as home:
        with open(os.path.join(home, ".netrc"), "w") as file:
            file.write(f"machine 127.0.0.1 login alice password {site.password('alice')}\n")
        os.chmod(os.path.join(home, ".netrc"), 0o600)
        done = subprocess.run(["cadaver", f"http://127.0.0.1:{site.port}{WORK}"], input="lock one.ics\nshowlocks\nsteal one.ics\nunlock one.ics\nquit\n",
                              text=True, capture_output=True, timeout=60, env={**os.environ, "HOME": home})
    tap.check(re.search(r"Locking .*one\.ics.*succeeded", done.stdout) and re.search(r"Unlocking .*one\.ics.*succeeded", done.stdout),
              "cadaver locks and unlocks", done.stdout + done.stderr)
    tap.equal(put(site, ONE, event("one", summary="after cadaver")).status, 204, "and leaves no lock behind")


with Site(users=["alice", "bob"]) as the_site:
    the_site.request("MKCALENDAR", OTHER, None, "alice")
    on_an_object(the_site)
    deeper(the_site)
    two_people(the_site)
    time_and_restart(the_site)
    cadaver(the_site)
    done = the_site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)
tap.finish()
