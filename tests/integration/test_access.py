#!/usr/bin/python3
"""Who may do what (RFC 3744): grants by the command line and by ACL, groups, those who act for another, passwords of apps."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, CS, D, ROOT, XML, Multistatus, condition, event, free_busy, multiget, propfind, proppatch, put, query, sync, tags  # noqa: E402
from lxml import etree  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME, WORK, BOOKINGS = "/dav/calendars/alice/", "/dav/calendars/alice/work/", "/dav/calendars/alice/bookings/"
ALICE, BOB, CAROL = (f"/dav/principals/users/{name}/" for name in ("alice", "bob", "carol"))
PROXY_READ, PROXY_WRITE = ALICE + "calendar-proxy-read/", ALICE + "calendar-proxy-write/"


def status(answer):
    return 207 if isinstance(answer, Multistatus) else answer.status


def needs(answer):
    """(href, privilege) of DAV:need-privileges."""
    root = etree.fromstring(answer.body)
    resource = root.find(f"{D}need-privileges/{D}resource")
    return resource.findtext(D + "href"), resource.find(D + "privilege")[0].tag


def set_acl(site, path, *aces, user="alice"):
    return site.request("ACL", path, f"{XML}<D:acl {ROOT}>{''.join(aces)}</D:acl>", user, {"Content-Type": "text/xml"})


def ace(principal, *privileges, more=""):
    inside = "".join(f"<D:privilege><{name}/></D:privilege>" for name in privileges)
    return f"<D:ace><D:principal>{principal}</D:principal><D:grant>{inside}</D:grant>{more}</D:ace>"


def href(path):
    return f"<D:href>{path}</D:href>"


def acl_of(site, path, user="alice"):
    """[(who, {privileges}, protected, inherited from)]"""
    element = propfind(site, path, "D:acl", user).element(path, D + "acl")
    rows = []
    for entry in element.findall(D + "ace"):
        who = entry.find(D + "principal")[0]
        name = who.text if who.tag == D + "href" else who[0].tag if len(who) else who.tag
        granted = {p[0].tag for p in entry.findall(f"{D}grant/{D}privilege")}
        rows.append((name, granted, entry.find(D + "protected") is not None, entry.findtext(f"{D}inherited/{D}href")))
    return rows


def levels(site):
    """Each level, granted on one calendar: what each request then answers."""
    put(site, WORK + "there.ics", event("there"))
    rows = [  # level, PROPFIND calendar, GET, free-busy, PUT old, PUT new, PROPPATCH, DELETE, MKCALENDAR, home
        ("none", 404, 404, 200, 404, 404, 404, 404, 404, 404),
        ("read-free-busy", 404, 404, 200, 404, 404, 404, 404, 404, 404),
        ("read", 207, 200, 200, 403, 403, 207, 403, 403, 207),
        ("read-write", 207, 200, 200, 204, 201, 207, 204, 403, 207),
        ("schedule", 404, 404, 200, 404, 404, 404, 404, 404, 404),
    ]
    for level, *wished in rows:
        site.slotkeeper("grant", "alice/work", "bob", "none")
        if level != "none":
            site.slotkeeper("grant", "alice/work", "bob", level)
        put(site, WORK + "gone.ics", event("gone"))
        seen = [
            status(propfind(site, WORK, "D:displayname", "bob")),
            site.request("GET", WORK + "there.ics", None, "bob").status,
            free_busy(site, WORK, "20270310T000000Z", "20270311T000000Z", "bob").status,
            put(site, WORK + "there.ics", event("there", summary=level), "bob").status,
            put(site, WORK + f"new-{level}.ics", event(f"new-{level}", "20270311T090000Z"), "bob").status,
            proppatch(site, WORK, "<D:set><D:prop><x:y xmlns:x='urn:x'>1</x:y></D:prop></D:set>", "bob").status,
            site.request("DELETE", WORK + "gone.ics", None, "bob").status,
            site.request("MKCALENDAR", HOME + "mine/", None, "bob").status,
            status(propfind(site, HOME, "D:displayname", "bob")),
        ]
        tap.equal(seen, wished, f"{level} on a calendar: what the requests of the other answer")
        if level in ("read", "read-write"):
            listed = propfind(site, HOME, "D:displayname", "bob", "1")
            tap.equal(sorted(listed.responses), [HOME, WORK], f"{level}: the home lists that calendar alone")
            tap.equal(status(propfind(site, BOOKINGS, "D:displayname", "bob")), 404, f"{level}: the next calendar is hidden")
            tap.equal(multiget(site, WORK, [WORK + "there.ics"], "bob").status, 207, f"{level}: multiget")
            tap.equal(query(site, WORK, '<C:comp-filter name="VEVENT"/>', "bob").status, 207, f"{level}: query")
            tap.equal(sync(site, WORK, user="bob").status, 207, f"{level}: sync")
    site.slotkeeper("grant", "alice/work", "bob", "none")
    site.slotkeeper("grant", "alice/work", "bob", "read")
    rows = [
        (put(site, WORK + "there.ics", event("there"), "bob"), (WORK, D + "write-content"), "PUT of what is there"),
        (put(site, WORK + "another.ics", event("another"), "bob"), (WORK, D + "bind"), "PUT of what is new"),
        (site.request("DELETE", WORK + "there.ics", None, "bob"), (WORK, D + "unbind"), "DELETE"),
        (site.request("DELETE", WORK, None, "bob"), (HOME, D + "unbind"), "DELETE of the calendar"),
        (site.request("MKCALENDAR", HOME + "mine/", None, "bob"), (HOME, D + "bind"), "MKCALENDAR"),
        (set_acl(site, WORK, user="bob"), (WORK, D + "write-acl"), "ACL"),
    ]
    for answer, wished, name in rows:
        tap.check(answer.status == 403 and needs(answer) == wished, f"{name}: need-privileges names resource and privilege", answer)
    privileges = propfind(site, WORK, "D:current-user-privilege-set", "bob").element(WORK, D + "current-user-privilege-set")
    tap.equal({p[0].tag for p in privileges}, {D + "read", C + "read-free-busy", D + "read-current-user-privilege-set"},
              "the privileges of a reader")
    tap.equal(propfind(site, WORK, "D:acl", "bob").statuses(WORK), {D + "acl": 404}, "a reader does not see who else may")
    site.slotkeeper("grant", "alice/work", "bob", "none")
    tap.equal(status(propfind(site, WORK, "D:displayname", "bob")), 404, "what is taken back is hidden again")


def by_acl(site):
    answer = set_acl(site, WORK, ace(href(BOB), "D:read"), ace("<D:authenticated/>", "C:read-free-busy"))
    tap.equal(answer.status, 200, "ACL sets a list")
    tap.equal(site.request("GET", WORK + "there.ics", None, "bob").status, 200, "and it holds")
    rows = acl_of(site, WORK)
    tap.equal(rows[0], (D + "owner", {D + "all"}, True, None), "the owner's entry is first and protected")
    tap.check((BOB, {D + "read"}, False, None) in rows, "the entry comes back", rows)
    set_acl(site, HOME, ace(href(CAROL), "D:read", "D:write"))
    rows = acl_of(site, WORK)
    tap.check((CAROL, {D + "read", D + "write"}, False, HOME) in rows, "what the home hands down is told with its source", rows)
    rows = acl_of(site, WORK + "there.ics")
    tap.check((BOB, {D + "read"}, False, WORK) in rows and (CAROL, {D + "read", D + "write"}, False, HOME) in rows,
              "an object inherits from both", rows)
    tap.equal(put(site, WORK + "there.ics", event("there", summary="by carol"), "carol").status, 204, "a grant on the home writes below")
    tap.equal(site.request("MKCALENDAR", HOME + "by-carol/", None, "carol").status, 201, "and makes a calendar")
    tap.equal(site.request("DELETE", HOME + "by-carol/", None, "carol").status, 204, "and takes it away")
    shown = site.slotkeeper("grant", "alice").stdout.split()
    tap.equal(shown, ["carol", "read-write"], "the command line shows what ACL set")
    tap.equal(set_acl(site, WORK, ace(href(BOB), "D:write-content", "D:read")).status, 200, "a part of write")
    tap.equal(put(site, WORK + "there.ics", event("there", summary="by bob"), "bob").status, 204, "changes what is there")
    tap.equal(put(site, WORK + "fresh.ics", event("fresh"), "bob").status, 403, "and adds nothing")
    before = acl_of(site, WORK)
    rows = [
        ("a denial", "<D:ace><D:principal><D:all/></D:principal><D:deny><D:privilege><D:read/></D:privilege></D:deny></D:ace>", "grant-only"),
        ("an inversion", f"<D:ace><D:invert><D:principal>{href(BOB)}</D:principal></D:invert><D:grant><D:privilege><D:read/>"
                         "</D:privilege></D:grant></D:ace>", "no-invert"),
        ("a principal that is not there", ace(href("/dav/principals/users/nobody/"), "D:read"), "recognized-principal"),
        ("an href that is no principal", ace(href(WORK), "D:read"), "recognized-principal"),
        ("self", ace("<D:self/>", "D:read"), "allowed-principal"),
        ("a privilege that is not there", ace(href(BOB), "D:fly"), "not-supported-privilege"),
        ("an abstract privilege", ace(href(BOB), "D:read-current-user-privilege-set"), "no-abstract"),
        ("too many entries", ace(href(BOB), "D:read") * 201, "limited-number-of-aces"),
    ]
    for name, inside, wished in rows:
        answer = set_acl(site, WORK, inside)
        tap.check(answer.status == 403 and condition(answer) == [D + wished], f"{name} is refused with {wished}", answer)
    tap.equal(set_acl(site, WORK, "<D:ace/>").status, 400, "an empty entry is no entry")
    tap.equal(acl_of(site, WORK), before, "what was refused has changed nothing")
    sent = ace(href(BOB), "D:read") + ace(href(CAROL), "D:all", more=f"<D:inherited>{href(HOME)}</D:inherited>")
    tap.equal(set_acl(site, WORK, sent).status, 200, "inherited entries that a client sends back")
    tap.equal(site.slotkeeper("grant", "alice/work").stdout.split(), ["bob", "read"], "are not made the calendar's own")
    tap.equal(set_acl(site, WORK).status, 200, "an empty list")
    tap.equal(site.request("GET", WORK + "there.ics", None, "bob").status, 404, "takes everything back")
    tap.equal(set_acl(site, ALICE).status, 405, "a principal has no list to set")
    set_acl(site, HOME)
    supported = propfind(site, WORK, "D:supported-privilege-set D:acl-restrictions D:inherited-acl-set")
    names = {e[0].tag for e in supported.element(WORK, D + "supported-privilege-set").iter(D + "privilege")}
    tap.check({D + "all", D + "read", D + "write", D + "read-acl", D + "write-acl", D + "bind", D + "unbind", D + "unlock",
               C + "read-free-busy"} <= names, "the tree of privileges", names)
    tap.equal(supported.hrefs(WORK, D + "inherited-acl-set"), [HOME], "inherited-acl-set is the home")


def groups(site):
    site.slotkeeper("group", "add", "desk", "--name", "The front desk", "bob")
    site.slotkeeper("group", "add", "house", "desk")
    site.slotkeeper("group", "add", "desk", "house")  # a circle
    site.slotkeeper("grant", "alice/work", "house", "read")
    tap.equal(site.request("GET", WORK + "there.ics", None, "bob").status, 200, "a member of a group in a group reads")
    tap.equal(site.request("GET", WORK + "there.ics", None, "carol").status, 404, "who is in none does not")
    group = "/dav/principals/groups/desk/"
    found = propfind(site, BOB, "D:group-membership", "bob")
    tap.equal(sorted(found.hrefs(BOB, D + "group-membership")), [group, "/dav/principals/groups/house/"], "group-membership")
    found = propfind(site, group, "D:group-member-set D:displayname D:resourcetype C:calendar-home-set", "bob")
    tap.equal(sorted(found.hrefs(group, D + "group-member-set")), ["/dav/principals/groups/house/", BOB], "group-member-set")
    tap.equal(found.text(group, D + "displayname"), "The front desk", "the group's name")
    tap.equal(found.statuses(group)[C + "calendar-home-set"], 404, "a group has no home")
    tap.equal(propfind(site, group, "D:group-member-set", "carol").statuses(group), {D + "group-member-set": 404},
              "who is not in it does not see who is")
    tap.check(group in propfind(site, "/dav/principals/groups/", "D:displayname", "carol", "1").responses, "groups are listed")
    tap.equal(propfind(site, BOB, "D:group-membership", "carol").hrefs(BOB, D + "group-membership"), [],
              "nor what groups somebody else is in")
    tap.equal(site.slotkeeper("group", "list").stdout.splitlines(), ["desk: bob house", "house: desk"], "group list")
    site.slotkeeper("group", "remove", "desk", "bob")
    tap.equal(site.request("GET", WORK + "there.ics", None, "bob").status, 404, "out of the group, out of the calendar")
    site.slotkeeper("group", "remove", "desk")
    site.slotkeeper("group", "remove", "house")
    tap.equal(site.slotkeeper("grant", "alice/work").stdout, "", "what a group was granted goes with it")
    for words in (["group", "add", "bob"], ["group", "add", "all"], ["group", "add", "x", "nobody"], ["group", "remove", "nobody"],
                  ["grant", "alice", "nobody", "read"], ["grant", "nobody", "bob", "read"], ["grant", "alice/none", "bob", "read"],
                  ["grant", "alice", "bob", "fly"], ["grant", "alice", "bob"], ["grant", "alice", "alice", "read"]):
        done = site.slotkeeper(*words, ok=None)
        tap.check(done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1, f"{' '.join(words)} is one clear line", done)


def everybody(site):
    site.slotkeeper("grant", "alice/work", "all", "read")
    tap.equal(site.request("GET", WORK + "there.ics", None, "carol").status, 200, "a grant to all")
    tap.equal(site.request("GET", WORK + "there.ics").status, 401, "DAV asks all to sign in even so")
    site.slotkeeper("grant", "alice/work", "all", "none")
    site.slotkeeper("grant", "alice/work", "authenticated", "read")
    tap.equal(site.request("GET", WORK + "there.ics", None, "carol").status, 200, "a grant to all who sign in")
    site.slotkeeper("grant", "alice/work", "authenticated", "none")
    found = propfind(site, "/dav/calendars/alice/bookings/", "D:displayname", "root")
    tap.equal(status(found), 207, "an administrator reads bookings without a grant")
    tap.equal(status(propfind(site, WORK, "D:displayname", "root")), 404, "and no private calendar")


def delegates(site):
    member_set = lambda *who: f"<D:set><D:prop><D:group-member-set>{''.join(map(href, who))}</D:group-member-set></D:prop></D:set>"  # noqa: E731
    answer = proppatch(site, PROXY_WRITE, member_set(BOB))
    tap.check(answer.status == 207 and b"200 OK" in answer.body, "group-member-set of one's own delegates is set", answer)
    found = propfind(site, BOB, "CS:calendar-proxy-write-for CS:calendar-proxy-read-for D:group-membership", "bob")
    tap.equal(found.hrefs(BOB, CS + "calendar-proxy-write-for"), [ALICE], "calendar-proxy-write-for")
    tap.equal(found.hrefs(BOB, CS + "calendar-proxy-read-for"), [], "and not calendar-proxy-read-for")
    tap.equal(found.hrefs(BOB, D + "group-membership"), [PROXY_WRITE], "the delegates' group is a group he is in")
    tap.equal(put(site, WORK + "there.ics", event("there", summary="by a delegate"), "bob").status, 204, "a delegate writes")
    home = propfind(site, PROXY_WRITE, "C:calendar-home-set D:resourcetype D:group-member-set D:principal-URL", "bob")
    tap.equal(home.hrefs(PROXY_WRITE, C + "calendar-home-set"), [HOME], "the group leads to the owner's home")
    tap.check(home.element(PROXY_WRITE, D + "resourcetype").find(CS + "calendar-proxy-write") is not None, "its resource type")
    tap.equal(home.statuses(PROXY_WRITE)[D + "group-member-set"], 404, "the other delegates are not his to know")
    tap.equal(propfind(site, PROXY_WRITE, "D:group-member-set").hrefs(PROXY_WRITE, D + "group-member-set"), [BOB], "the owner knows them")
    body = (f"<D:expand-property {ROOT}><D:property name='calendar-proxy-write-for' namespace='http://calendarserver.org/ns/'>"
            "<D:property name='displayname'/><D:property name='calendar-home-set' namespace='urn:ietf:params:xml:ns:caldav'/>"
            "</D:property></D:expand-property>")
    answer = site.request("REPORT", BOB, XML + body, "bob", {"Depth": "0", "Content-Type": "text/xml"})
    tap.check(answer.status == 207 and HOME.encode() in answer.body and ALICE.encode() in answer.body,
              "expand-property names whom he acts for and where", answer)
    proppatch(site, PROXY_READ, member_set(BOB, CAROL))
    tap.equal(site.slotkeeper("grant", "alice").stdout.split(), ["bob", "read", "carol", "read"], "who moves to the readers writes no more")
    tap.equal(put(site, WORK + "there.ics", event("there"), "bob").status, 403, "and is told so")
    answer = proppatch(site, PROXY_READ, member_set(BOB) + "<D:set><D:prop><D:getetag>1</D:getetag></D:prop></D:set>")
    tap.equal(site.slotkeeper("grant", "alice").stdout.split(), ["bob", "read", "carol", "read"], "PROPPATCH is all or nothing")
    tap.check(b"424" in answer.body and b"403" in answer.body, "and tells which", answer)
    answer = proppatch(site, PROXY_READ, member_set("/dav/principals/users/nobody/"))
    tap.check(b"recognized-principal" in answer.body, "a delegate that is nobody", answer)
    answer = proppatch(site, PROXY_READ, member_set(CAROL), "bob")
    tap.check(b"need-privileges" in answer.body, "another's delegates are not to be set", answer)
    proppatch(site, PROXY_READ, "<D:remove><D:prop><D:group-member-set/></D:prop></D:remove>")
    tap.equal(site.slotkeeper("grant", "alice").stdout, "", "removing the property dismisses them")
    dav = site.request("OPTIONS", ALICE, None, "alice").headers["DAV"]
    tap.check("calendar-proxy" in dav and "access-control" in dav, "the DAV header announces it", dav)


def app_passwords(site):
    made = site.slotkeeper("app-password", "create", "alice", "--name", "phone").stdout.strip()
    other = site.slotkeeper("app-password", "create", "alice", "--name", "laptop").stdout.strip()
    get = lambda password, user="alice": site.request("GET", WORK + "there.ics", None, user, password=password).status  # noqa: E731
    tap.equal([get(made), get(other), get(None)], [200, 200, 200], "passwords of apps sign in beside the user's own")
    tap.equal(get(made, "bob"), 401, "one is of no use to another user")
    lines = site.slotkeeper("app-password", "list", "alice").stdout.splitlines()
    tap.check(len(lines) == 2 and lines[0].endswith("phone") or lines[1].endswith("phone"), "they are listed by name", lines)
    tap.check(made not in "".join(lines), "and not shown again", lines)
    number = next(line.split()[0] for line in lines if line.endswith("phone"))
    site.slotkeeper("app-password", "revoke", "alice", number)
    tap.equal([get(made), get(other), get(None)], [401, 200, 200], "one taken back is refused at once, the others stay")
    tap.equal(site.slotkeeper("app-password", "revoke", "alice", number, ok=None).returncode, 1, "it is gone")
    site.stop()
    site.start()
    tap.equal([get(made), get(other)], [401, 200], "after a restart too")
    with open(site.log, "rb") as log:
        text = log.read()
    tap.check(made.encode() not in text and other.encode() not in text, "no password stands in the log")


def settings(site):
    site.slotkeeper("calendar", "set", "alice/bookings", "handling=strict", "on-overlap=refuse", "name=Desk")
    put(site, BOOKINGS + "a.ics", event("a", "20270401T090000Z"))
    tap.equal(put(site, BOOKINGS + "b.ics", event("b", "20270401T093000Z")).status, 403, "a calendar that is strict by itself")
    site.slotkeeper("calendar", "set", "alice/bookings", "handling=default")
    tap.equal(put(site, BOOKINGS + "b.ics", event("b", "20270401T093000Z")).status, 201, "and lenient as the site again")
    tap.equal(propfind(site, BOOKINGS, "D:displayname").text(BOOKINGS, D + "displayname"), "Desk", "its name")
    for words in (["alice/bookings", "handling=kind"], ["alice/bookings", "fly=yes"], ["alice/bookings", "handling"],
                  ["alice/none", "handling=strict"], ["alice/bookings", "timezone=Mars/Olympus"]):
        done = site.slotkeeper("calendar", "set", *words, ok=None)
        tap.check(done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1, f"calendar set {' '.join(words)}: one clear line", done)


with Site(users=["alice", "bob", "carol"], admins=["root"], resources=["room-1"]) as the_site:
    levels(the_site)
    by_acl(the_site)
    groups(the_site)
    everybody(the_site)
    delegates(the_site)
    app_passwords(the_site)
    settings(the_site)
    done = the_site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout + done.stderr)
    the_site.slotkeeper("grant", "alice", "bob", "read")
    the_site.slotkeeper("group", "add", "desk", "bob", "alice")
    the_site.slotkeeper("user", "remove", "bob", "--force")
    tap.equal(the_site.slotkeeper("grant", "alice").stdout, "", "who is removed leaves no grant behind")
    tap.equal(the_site.slotkeeper("group", "list").stdout, "desk: alice\n", "nor a membership")
    done = the_site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing after he is gone", done.stdout + done.stderr)
tap.finish()
