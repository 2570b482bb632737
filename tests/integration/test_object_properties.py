#!/usr/bin/python3
"""Dead properties of calendar objects (RFC 4918, 4.4): they follow the object, go with it, and change no ETag."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, Multistatus, event, multiget, propfind, proppatch, put, query, sync  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME, BOB = "/dav/calendars/alice/", "/dav/calendars/bob/"
WORK, OTHER = HOME + "work/", HOME + "other/"
X = "http://me.com/_namespace/"  # M: in the requests
COUNT_MAX, BYTES_MAX = 20, 4096


def set_one(site, path, name, value, user="alice", **headers):
    return proppatch(site, path, f"<D:set><D:prop><M:{name}>{value}</M:{name}></D:prop></D:set>", user, **headers)


def remove(site, path, *names):
    return proppatch(site, path, "<D:remove><D:prop>" + "".join(f"<M:{name}/>" for name in names) +
                     "</D:prop></D:remove>")


def get_one(site, path, name, user="alice"):
    return propfind(site, path, "M:" + name, user).text(path, "{%s}%s" % (X, name))


def dead(site, path):
    """Of DAV:allprop: {name: text} of ours."""
    answer = site.request("PROPFIND", path, None, "alice", {"Depth": "0"})
    return {name[len(X) + 2:]: element.text for name, (_, element) in Multistatus(answer.body).responses[path][1].items()
            if name.startswith("{%s}" % X)}


def transfer(site, method, source, destination, user="alice", **headers):
    return site.request(method, source, None, user, {"Destination": destination, **headers})


def set_and_read(site):
    path = WORK + "one.ics"
    etag = put(site, path, event("one")).headers["ETag"]
    token = Multistatus(sync(site, WORK).body).token
    answer = set_one(site, path, "color", "caf\u00e9 &lt;")
    tap.check(answer.status == 207 and Multistatus(answer.body).statuses(path) == {"{%s}color" % X: 200}, "PROPPATCH sets", answer)
    tap.equal(get_one(site, path, "color"), "caf\u00e9 <", "PROPFIND gives it back")
    tap.equal(propfind(site, path, "D:getetag").text(path, D + "getetag"), etag, "the ETag stays")
    tap.equal(list(Multistatus(sync(site, WORK, token).body).responses), [], "nothing for a sync to tell")
    for what, answer in (
            ("multiget", multiget(site, WORK, [path], names="D:getetag M:color")),
            ("calendar-query", query(site, WORK, '<C:comp-filter name="VEVENT"/>', names="M:color")),
            ("sync-collection", sync(site, WORK, names="M:color")),
            ("PROPFIND of the calendar", propfind(site, WORK, "M:color", depth="1"))):
        answer = answer if isinstance(answer, Multistatus) else Multistatus(answer.body)
        tap.equal(answer.text(path, "{%s}color" % X), "caf\u00e9 <", f"{what} gives it too")
    answer = Multistatus(site.request("PROPFIND", path, '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>', "alice",
                                      {"Depth": "0"}).body)
    tap.check("{%s}color" % X in answer.responses[path][1], "propname lists it")
    tap.equal(dead(site, path), {"color": "caf\u00e9 <"}, "allprop has it")
    put(site, WORK + "two.ics", event("two", "20270311T090000Z"))
    tap.equal(dead(site, WORK + "two.ics"), {}, "another object has none of it")
    answer = proppatch(site, path, "<D:set><D:prop><M:size>1</M:size><D:getetag>x</D:getetag></D:prop></D:set>")
    tap.equal(Multistatus(answer.body).statuses(path), {"{%s}size" % X: 424, D + "getetag": 403}, "a live one is protected: nothing is set")
    answer = proppatch(site, path, "<D:set><D:prop><C:calendar-data>x</C:calendar-data></D:prop></D:set>")
    tap.equal(Multistatus(answer.body).statuses(path), {C + "calendar-data": 403}, "calendar-data is protected too")
    remove(site, path, "color", "none")
    tap.equal(dead(site, path), {}, "and removed")
    tap.equal(set_one(site, WORK + "none.ics", "color", "1").status, 404, "what is not there has none")


def following(site):
    path = WORK + "follows.ics"
    put(site, path, event("follows", "20270312T090000Z"))
    set_one(site, path, "color", "red")
    set_one(site, path, "size", "7")
    for n in range(3):
        tap.equal(put(site, path, event("follows", "20270312T090000Z", summary=f"new {n}")).status, 204, "a new version")
    tap.equal(dead(site, path), {"color": "red", "size": "7"}, "a new version keeps them")
    tap.equal(transfer(site, "MOVE", path, WORK + "renamed.ics").status, 201, "a new name")
    tap.equal(dead(site, WORK + "renamed.ics"), {"color": "red", "size": "7"}, "MOVE within the calendar carries them")
    tap.equal(transfer(site, "MOVE", WORK + "renamed.ics", OTHER + "moved.ics").status, 201, "another calendar")
    tap.equal(dead(site, OTHER + "moved.ics"), {"color": "red", "size": "7"}, "MOVE between calendars carries them")
    tap.equal(transfer(site, "COPY", OTHER + "moved.ics", WORK + "copy.ics").status, 201, "a copy")
    tap.equal(dead(site, WORK + "copy.ics"), {"color": "red", "size": "7"}, "COPY carries them")
    set_one(site, WORK + "copy.ics", "color", "blue")
    tap.equal(dead(site, OTHER + "moved.ics")["color"], "red", "both have their own")
    put(site, WORK + "under.ics", event("under", "20270313T090000Z"))
    set_one(site, WORK + "under.ics", "shape", "round")
    site.request("DELETE", OTHER + "moved.ics", None, "alice")
    tap.equal(transfer(site, "MOVE", WORK + "copy.ics", WORK + "under.ics").status, 204, "MOVE over another")
    tap.equal(dead(site, WORK + "under.ics"), {"color": "blue", "size": "7"}, "what was overwritten leaves nothing")
    tap.equal(transfer(site, "COPY", WORK + "under.ics", OTHER + "under.ics").status, 201, "a copy again")
    set_one(site, WORK + "under.ics", "color", "green")
    remove(site, WORK + "under.ics", "size")
    tap.equal(transfer(site, "COPY", WORK + "under.ics", OTHER + "under.ics").status, 204, "COPY over the same UID")
    tap.equal(dead(site, OTHER + "under.ics"), {"color": "green"}, "has the source's alone")
    site.request("DELETE", WORK + "under.ics", None, "alice")
    put(site, WORK + "under.ics", event("under", "20270313T090000Z"))
    tap.equal(dead(site, WORK + "under.ics"), {}, "DELETE takes them along")


def bookings(site):
    taken, bookings = HOME + "bookings/taken.ics", HOME + "bookings/"
    put(site, taken, event("taken", "20270320T090000Z"))
    set_one(site, taken, "color", "red")
    put(site, WORK + "late.ics", event("late", "20270320T093000Z"))
    set_one(site, WORK + "late.ics", "color", "blue")
    answer = transfer(site, "COPY", WORK + "late.ics", bookings + "late.ics", Prefer="handling=strict")
    tap.equal(answer.status, 403, "COPY to a taken time is refused")
    answer = transfer(site, "COPY", WORK + "late.ics", bookings + "late.ics", Prefer="handling=lenient")
    tap.equal(answer.status, 201, "or makes the cancelled copy")
    tap.equal(dead(site, bookings + "late.ics"), {"color": "blue"}, "which has the source's properties")
    put(site, bookings + "own.ics", event("own", "20270321T090000Z"))
    set_one(site, bookings + "own.ics", "color", "green")
    answer = put(site, bookings + "own.ics", event("own", "20270320T093000Z"), Prefer="handling=lenient")
    tap.equal(answer.status, 204, "a booking that is moved to a taken time stays")
    tap.equal(dead(site, bookings + "own.ics"), {"color": "green"}, "with its properties")
    tap.equal(dead(site, taken), {"color": "red"}, "as does the other")


def others(site):
    path = WORK + "one.ics"
    tap.equal(set_one(site, path, "color", "1", "bob").status, 404, "to a stranger there is nothing")
    site.slotkeeper("grant", "alice/work", "bob", "read")
    answer = set_one(site, path, "color", "1", "bob")
    tap.check(answer.status == 207 and b"need-privileges" in answer.body and b"200 OK" not in answer.body, "who may read may not write", answer)
    set_one(site, path, "color", "hers")
    tap.equal(get_one(site, path, "color", "bob"), "hers", "but read")
    tap.equal(transfer(site, "COPY", path, BOB + "work/one.ics", "bob").status, 201, "COPY to one's own calendar")
    tap.equal(get_one(site, BOB + "work/one.ics", "color", "bob"), "hers", "carries them")
    body = '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>'
    token = site.request("LOCK", path, body, "alice", {"Content-Type": "text/xml"}).headers["Lock-Token"]
    tap.equal(set_one(site, path, "color", "2").status, 423, "a lock holds them too")
    answer = set_one(site, path, "color", "2", If=f"({token})")
    tap.check(answer.status == 207 and b"200 OK" in answer.body, "with the token it is set", answer)
    site.request("UNLOCK", path, None, "alice", {"Lock-Token": token})


def limits(site):
    path = WORK + "limits.ics"
    put(site, path, event("limits", "20270314T090000Z"))
    names = [f"n{i}" for i in range(COUNT_MAX)]
    answer = proppatch(site, path, "<D:set><D:prop>" + "".join(f"<M:{name}>{name}</M:{name}>" for name in names) +
                       "</D:prop></D:set>")
    tap.check(b"507" not in answer.body, "as many as are allowed", answer)
    answer = set_one(site, path, "more", "1")
    tap.check(answer.status == 207 and b"507 Insufficient" in answer.body, "one more is 507", answer)
    answer = set_one(site, path, "n3", "x" * (BYTES_MAX + 1))
    tap.check(answer.status == 207 and b"507 Insufficient" in answer.body, "one that is too large is 507", answer)
    tap.equal(dead(site, path), {name: name for name in names}, "nothing was changed by what was refused")
    remove(site, path, "n0")
    answer = set_one(site, path, "large", "x" * (BYTES_MAX - 100))
    tap.check(b"200 OK" in answer.body, "in the place of a removed one", answer)
    put(site, path, event("limits", "20270314T090000Z", summary="again"))
    tap.equal(len(dead(site, path)), COUNT_MAX, "a full object is written again")


def kept(site):
    """check knows them; a backup has them; they outlive a restart; what goes with its calendar leaves no row."""
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing wrong")
    tap.equal(site.request("DELETE", OTHER, None, "alice").status, 204, "a calendar goes")
    tap.equal(site.slotkeeper("check", "--repair").returncode, 0, "a repair has nothing to say")
    backup = site.data + "-backup"
    site.slotkeeper("backup", backup)
    remove(site, WORK + "limits.ics", "n1")
    site.stop()
    os.rename(site.data, site.data + "-old")
    site.slotkeeper("restore", backup)
    site.start()
    tap.equal(len(dead(site, WORK + "limits.ics")), COUNT_MAX, "a restored backup has them")
    tap.equal(site.slotkeeper("check").returncode, 0, "and agrees with itself")


with Site(users=["alice", "bob"]) as site:
    site.request("MKCALENDAR", OTHER, None, "alice")
    set_and_read(site)
    following(site)
    bookings(site)
    others(site)
    limits(site)
    kept(site)
tap.finish()
