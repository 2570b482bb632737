#!/usr/bin/python3
"""sync-collection on a home (RFC 6578), and the reports about people: principal-match, acl-principal-prop-set, both searches."""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, CS, D, ROOT, XML, Multistatus, condition, event, propfind, proppatch, put, report, sync, tags  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME = "/dav/calendars/alice/"
ALICE, BOB, ROOM = "/dav/principals/users/alice/", "/dav/principals/users/bob/", "/dav/principals/resources/room-1/"
LIMIT = "<D:sync-level>1</D:sync-level><D:limit><D:nresults>%d</D:nresults></D:limit>"
SEED = int(os.environ.get("SEED", "7"))
ROUNDS = int(os.environ.get("ROUNDS", "60"))


def pull(site, token="", path=HOME, user="alice", **more):
    answer = sync(site, path, token, user=user, names="D:getetag CS:getctag D:displayname", **more)
    return Multistatus(answer.body) if answer.status == 207 else answer


def names(multistatus, status=None):
    return sorted(href[len(HOME):-1] for href, (code, _) in multistatus.responses.items() if code == status)


def home_sync(site):
    first = pull(site)
    tap.check({"work", "bookings"} <= set(names(first)), "a first sync lists the calendars", names(first))
    tap.equal(pull(site, first.token).responses, {}, "nothing has changed since")
    found = propfind(site, HOME, "D:sync-token CS:getctag D:supported-report-set")
    tap.equal(found.text(HOME, D + "sync-token"), first.token, "the home's sync-token property")
    tap.check(found.text(HOME, CS + "getctag") is not None, "and its ctag")
    tap.check(found.element(HOME, D + "supported-report-set").find(f".//{D}sync-collection") is not None, "the report is told")

    def moved(name, act, status=None):
        before = pull(site).token
        act()
        after = pull(site, before)
        return names(after, status), names(after, 404 if status is None else None), after.token != before

    def one(path, **more):
        return lambda: site.request(more.pop("method", "MKCALENDAR"), path, None, "alice", more)
    steps = [
        ("MKCALENDAR", one(HOME + "a/"), ["a"], []),
        ("PUT", lambda: put(site, HOME + "a/1.ics", event("1")), ["a"], []),
        ("PUT again", lambda: put(site, HOME + "a/1.ics", event("1", summary="x")), ["a"], []),
        ("DELETE of an object", lambda: site.request("DELETE", HOME + "a/1.ics", None, "alice"), ["a"], []),
        ("PROPPATCH of a live property", lambda: proppatch(site, HOME + "a/", "<D:set><D:prop><D:displayname>A</D:displayname></D:prop></D:set>"),
         ["a"], []),
        ("PROPPATCH of a dead one", lambda: proppatch(site, HOME + "a/", "<D:set><D:prop><I:calendar-color>#FF0000</I:calendar-color></D:prop></D:set>"),
         ["a"], []),
        ("MOVE of the calendar", one(HOME + "a/", method="MOVE", Destination=HOME + "b/"), ["b"], ["a"]),
        ("DELETE of the calendar", one(HOME + "b/", method="DELETE"), [], ["b"]),
        ("MKCALENDAR of its name", one(HOME + "b/"), ["b"], []),
        ("a read", lambda: propfind(site, HOME, "D:displayname", depth="1"), [], []),
    ]
    for name, act, changed, gone in steps:
        tap.equal(moved(name, act), (changed, gone, bool(changed or gone)), f"home sync tells of {name}")
    answer = pull(site, depth="0", extra="")
    tap.check(isinstance(answer, Multistatus), "Depth: 0 without sync-level", answer)
    for bad in ("urn:x:1", first.token[:-1] + "999999", Multistatus(sync(site, HOME + "work/").body).token):
        answer = pull(site, bad)
        tap.check(not isinstance(answer, Multistatus) and (answer.status, condition(answer)) == (403, [D + "valid-sync-token"]),
                  f"token {bad[-20:]} is refused", answer)
    answer = sync(site, HOME + "work/", pull(site).token)
    tap.equal((answer.status, condition(answer)), (403, [D + "valid-sync-token"]), "a home's token is none of a calendar's")
    answer = sync(site, HOME, extra="<D:sync-level>infinite</D:sync-level>", depth="1")
    tap.equal((answer.status, condition(answer)), (403, [D + "sync-traversal-supported"]), "sync-level infinite is refused")
    token = pull(site).token
    put(site, HOME + "work/kept.ics", event("kept"))
    site.kill()
    site.start()
    tap.equal(names(pull(site, token)), ["work"], "tokens survive kill -9")


def paged(site):
    """A client that pages, against the truth, over a random history."""
    random.seed(SEED)
    known, token = set(), ""
    there = set(names(pull(site)))
    for n in range(ROUNDS):
        for _ in range(random.randrange(4)):
            name = f"r{random.randrange(6)}"
            if name in there and random.random() < .5:
                site.request("DELETE", f"{HOME}{name}/", None, "alice")
                there.discard(name)
            elif name in there:
                put(site, f"{HOME}{name}/{n}.ics", event(f"{name}-{n}"))
            else:
                site.request("MKCALENDAR", f"{HOME}{name}/", None, "alice")
                there.add(name)
        pages = random.choice((1, 2, 5))
        for _ in range(random.randrange(1, 8)):
            page = pull(site, token, extra=LIMIT % pages)
            truncated = page.responses.pop(HOME, None)
            known |= set(names(page))
            known -= set(names(page, 404))
            token = page.token
            if truncated is None:
                break
        else:
            continue
        if known != there:
            tap.equal(sorted(known), sorted(there), f"seed {SEED}, round {n}: the client has what is there")
            return
    tap.check(True, f"{ROUNDS} rounds of paged home syncs converge")


def shared(site):
    site.slotkeeper("grant", "alice/work", "bob", "read")
    answer = pull(site, user="bob")
    tap.equal(names(answer), ["work"], "who may read one calendar syncs that one")
    again = pull(site, answer.token, user="bob")
    tap.check(not isinstance(again, Multistatus) and condition(again) == [D + "valid-sync-token"], "and lists anew each time", again)
    tap.equal(propfind(site, HOME, "D:sync-token", "bob").statuses(HOME), {D + "sync-token": 404}, "as the home has no token for him")
    site.slotkeeper("grant", "alice", "bob", "read")
    answer = pull(site, user="bob")
    put(site, HOME + "work/more.ics", event("more", "20270401T090000Z"))
    tap.equal(names(pull(site, answer.token, user="bob")), ["work"], "a delegate syncs the whole home by token")
    site.slotkeeper("grant", "alice", "bob", "none")
    site.slotkeeper("grant", "alice/work", "bob", "none")
    tap.equal(pull(site, user="bob").status, 404, "others find no home")


def ask(site, path, element, inside, user="alice", depth="0", names="D:displayname", attributes=""):
    answer = report(site, path, f"<{element} {ROOT} {attributes}>{inside}<D:prop>{tags(names)}</D:prop></{element}>", user, depth)
    return sorted(Multistatus(answer.body).responses) if answer.status == 207 else answer.status


def people(site):
    site.slotkeeper("group", "add", "desk", "alice")
    desk = "/dav/principals/groups/desk/"
    rows = [
        ("/dav/principals/", "<D:self/>", [desk, ALICE], "self"),
        ("/dav/principals/users/", "<D:self/>", [ALICE], "self among the users"),
        ("/dav/principals/groups/", "<D:self/>", [desk], "self among the groups"),
        ("/dav/principals/resources/", "<D:self/>", [], "self among the resources"),
        ("/dav/calendars/", "<D:principal-property><D:owner/></D:principal-property>", [HOME], "the homes that one owns"),
        (HOME, "<D:self/>", [], "a calendar is nobody's self"),
        ("/dav/principals/", "<D:principal-property><D:principal-URL/></D:principal-property>", [ALICE], "by principal-URL"),
        ("/dav/principals/", "<D:principal-property><x:y xmlns:x='urn:x'/></D:principal-property>", [], "by what there is not"),
    ]
    for path, inside, wished, name in rows:
        tap.equal(ask(site, path, "D:principal-match", inside), sorted(wished), f"principal-match: {name}")
    owned = ask(site, HOME, "D:principal-match", "<D:principal-property><D:owner/></D:principal-property>")
    tap.check(HOME + "work/" in owned and HOME + "bookings/" in owned, "principal-match: the calendars that one owns", owned)
    tap.equal(ask(site, HOME, "D:principal-match", ""), 400, "principal-match: of nothing")
    tap.equal(ask(site, HOME, "D:principal-match", "<D:self/>", depth="1"), 400, "principal-match: Depth: 1")
    tap.equal(ask(site, HOME + "work/", "D:principal-match", "<D:self/>"), 403, "principal-match: on a calendar")
    site.slotkeeper("grant", "alice/work", "bob", "read")
    site.slotkeeper("grant", "alice", "desk", "read")
    tap.equal(ask(site, HOME + "work/", "D:acl-principal-prop-set", ""), sorted([ALICE, BOB, desk]), "acl-principal-prop-set: who is in the list")
    tap.equal(ask(site, HOME, "D:acl-principal-prop-set", ""), sorted([ALICE, desk]), "acl-principal-prop-set: of the home")
    tap.equal(ask(site, HOME + "work/", "D:acl-principal-prop-set", "", user="bob"), 403, "acl-principal-prop-set: not for readers")
    site.slotkeeper("grant", "alice/work", "bob", "none")
    tap.equal(ask(site, HOME + "work/", "D:acl-principal-prop-set", "", user="bob"), 404, "acl-principal-prop-set: nor for strangers")


def searches(site):
    element = "CS:calendarserver-principal-search"
    token = lambda *words: "".join(f"<CS:search-token>{word}</CS:search-token>" for word in words)  # noqa: E731
    rows = [
        (token("ali"), "attendee", [ALICE], "a part of a name"),
        (token("BOB@"), "attendee", [BOB], "a part of an address"),
        (token("a", "li"), "user", [ALICE], "every token"),
        (token("a", "nobody"), "user", [], "not some of them"),
        (token("room"), "attendee", [ROOM], "a room as attendee"),
        (token("room"), "user", [], "is no user"),
        (token("room"), "location", [ROOM], "but a location"),
        (token("chair"), "location", [], "equipment is none"),
        (token("chair"), "resource", ["/dav/principals/resources/chair/"], "but a resource"),
        (token(""), "user", 400, "nothing"),
    ]
    for inside, context, wished, name in rows:
        for path in ("/dav/principals/", "/dav/", HOME):
            tap.equal(ask(site, path, element, inside, "bob" if path != HOME else "alice", attributes=f'context="{context}"'), wished,
                      f"{element} at {path}: {name}")
    answer = report(site, "/dav/principals/", f"<{element} {ROOT} context='user'>{token('e')}<CS:limit><CS:nresults>1</CS:nresults></CS:limit>"
                    f"<D:prop><D:displayname/></D:prop></{element}>", "alice", "0")
    tap.check(answer.body.count(b"HTTP/1.1 507") == 1 and answer.body.count(b"200 OK") == 1, "a limit is kept, and told", answer)
    find = lambda text, how, path="/dav/principals/", more="": ask(  # noqa: E731
        site, path, "D:principal-property-search", f"<D:property-search{how}><D:prop><D:displayname/></D:prop><D:match>{text}</D:match>"
        f"</D:property-search>{more}")
    rows = [("ali", ' match-type="starts-with"', [ALICE]), ("ice", ' match-type="starts-with"', []), ("ice", ' match-type="ends-with"', [ALICE]),
            ("lic", ' match-type="contains"', [ALICE]), ("alic", ' match-type="equals"', []), ("ALICE", ' match-type="equals"', [ALICE])]
    for text, how, wished in rows:
        tap.equal(find(text, how), wished, f"principal-property-search{how} {text}")
    tap.equal(find("alice", "", ALICE, "<D:apply-to-principal-collection-set/>"), [ALICE], "apply-to-principal-collection-set")
    tap.equal(find("bob", "", ALICE, "<D:apply-to-principal-collection-set/>"), [BOB], "goes to the whole set")
    tap.equal(find("bob", "", ALICE), [], "without it there is nothing in a principal")
    dav = site.request("OPTIONS", ALICE, None, "alice").headers["DAV"]
    tap.check("calendarserver-principal-search" in dav, "the DAV header announces it", dav)


with Site(users=["alice", "bob"], resources=["room-1"]) as the_site:
    the_site.slotkeeper("resource", "add", "chair", "--kind", "equipment")
    home_sync(the_site)
    paged(the_site)
    shared(the_site)
    people(the_site)
    searches(the_site)
    done = the_site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)
tap.finish()
