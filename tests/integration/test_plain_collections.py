#!/usr/bin/python3
"""Plain collections (plain-collections = yes): folders, files of any kind, trees copied, moved and removed as one act."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, D, condition, event, propfind, proppatch, put, query, sync  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
HOME, PLAIN = "/dav/calendars/alice/", "/dav/calendars/alice/files/"
WORK = HOME + "work/"


def ask(site, method, path, body=None, user="alice", **headers):
    return site.request(method, path, body, user, {name.replace("_", "-"): value for name, value in headers.items()})


def tree(site, path=PLAIN, user="alice"):
    """All paths below, folders with their slash."""
    below = [href for href in propfind(site, path, "D:resourcetype", user, "1").responses if href != path]
    return sorted(below + [deeper for href in below if href.endswith("/") for deeper in tree(site, href, user)])


def files(site):
    rows = [
        ("MKCOL", PLAIN, None, 201, "a plain collection"),
        ("MKCOL", PLAIN, None, 405, "again"),
        ("MKCOL", PLAIN + "a/", None, 201, "a folder"),
        ("MKCOL", PLAIN + "a/b", None, 201, "a folder in it, without slash"),
        ("MKCOL", PLAIN + "a/b/", None, 405, "the same folder"),
        ("MKCOL", PLAIN + "x/y/", None, 409, "where there is no folder"),
        ("PUT", PLAIN + "a/b/note.txt", "one", 201, "a file"),
        ("PUT", PLAIN + "a/b/note.txt", "two", 204, "the file again"),
        ("PUT", PLAIN + "a/b/note.txt/", "x", 405, "a file that ends in a slash"),
        ("PUT", PLAIN + "a/b", "x", 405, "over a folder"),
        ("PUT", PLAIN + "none/file", "x", 409, "into no folder"),
        ("PUT", PLAIN + "a/b/note.txt/deeper", "x", 409, "into a file"),
        ("MKCOL", PLAIN + "a/b/note.txt/deeper/", None, 409, "a folder in a file"),
        ("MKCOL", PLAIN + "a/b/note.txt", None, 405, "a folder over a file"),
        ("PUT", PLAIN + "a/" + "n" * 253, "x", 201, "a path of 255 bytes"),
        ("PUT", PLAIN + "a/" + "n" * 254, "x", 404, "a path of 256"),
        ("DELETE", PLAIN + "a/" + "n" * 253, None, 204, "away with it"),
        ("PUT", PLAIN + "caf%C3%A9 %25.txt".replace(" ", "%20"), "x", 201, "a name beyond ASCII"),
        ("DELETE", PLAIN + "none", None, 404, "what is not there"),
        ("DELETE", PLAIN + "none/deeper", None, 404, "in a folder that is not there"),
        ("MKCALENDAR", PLAIN + "cal/", None, 403, "a calendar in a plain collection"),
    ]
    for method, path, body, wished, name in rows:
        answer = ask(site, method, path, body)
        tap.check(answer.status == wished, f"{method} {name}: {wished}", answer)
    got = ask(site, "GET", PLAIN + "a/b/note.txt")
    tap.equal((got.status, got.body), (200, b"two"), "the file's bytes")
    tap.equal(ask(site, "GET", PLAIN + "a/b/note.txt/").status, 404, "a file is no folder")
    put_answer = ask(site, "PUT", PLAIN + "a/b/page.html", "<p>", Content_Type="text/html; charset=utf-8")
    got = ask(site, "GET", PLAIN + "a/b/page.html")
    tap.equal((got.headers["Content-Type"], got.headers["ETag"]), ("text/html; charset=utf-8", put_answer.headers["ETag"]), "type and ETag")
    tap.check("sandbox" in got.headers["Content-Security-Policy"], "a page that somebody put here runs nowhere", got.headers)
    etag = got.headers["ETag"]
    tap.equal(ask(site, "GET", PLAIN + "a/b/page.html", If_None_Match=etag).status, 304, "If-None-Match")
    tap.equal(ask(site, "PUT", PLAIN + "a/b/page.html", "x", If_Match='"no"').status, 412, "If-Match of another")
    tap.equal(ask(site, "PUT", PLAIN + "a/b/page.html", "x", If_None_Match="*").status, 412, "If-None-Match: *")
    tap.equal(ask(site, "DELETE", PLAIN + "a/b/page.html", If_Match='"no"').status, 412, "DELETE with If-Match of another")
    tap.equal(ask(site, "PUT", PLAIN + "a/b/page.html", "<p>2", If_Match=etag).status, 204, "If-Match of the present one")
    tap.equal(ask(site, "GET", PLAIN).status, 405, "GET of a folder")
    found = propfind(site, PLAIN + "a/b/", "D:resourcetype D:getcontentlength D:getetag C:supported-calendar-component-set D:sync-token", depth="1")
    tap.check(found.element(PLAIN + "a/b/", D + "resourcetype").find(D + "collection") is not None, "a folder is a collection")
    tap.equal(found.text(PLAIN + "a/b/note.txt", D + "getcontentlength"), "3", "a file has its length")
    tap.check(found.statuses(PLAIN + "a/b/")[C + "supported-calendar-component-set"] == 404, "and no calendar's properties")
    listed = propfind(site, HOME, "D:resourcetype", depth="1")
    tap.check(listed.element(PLAIN, D + "resourcetype").find(C + "calendar") is None, "the home shows it as no calendar")
    for answer, name in ((query(site, PLAIN, ""), "calendar-query"), (sync(site, PLAIN), "sync-collection")):
        tap.check(condition(answer) == [D + "supported-report"], f"{name} is not for it", answer)
    tap.check(tree(site), "its tree is listed")


def trees(site):
    before = tree(site)
    proppatch(site, PLAIN + "a/b/note.txt", "<D:set><D:prop><S:y>kept</S:y></D:prop></D:set>")
    rows = [
        ("COPY", "a/", "c/", {}, 201, "a tree"),
        ("COPY", "a/", "c/", {"Overwrite": "F"}, 412, "a tree over another, Overwrite: F"),
        ("COPY", "a/", "c/", {}, 204, "a tree over another"),
        ("COPY", "a/", "a/b/inside/", {}, 403, "a tree into itself"),
        ("MOVE", "a/", "a/b/inside/", {}, 403, "a tree into itself"),
        ("COPY", "a/b/", "a/", {}, 403, "a tree over what it lies in"),
        ("COPY", "a/", "d/", {"Depth": "1"}, 400, "a depth that there is not"),
        ("COPY", "a/", "d/", {"Depth": "0"}, 201, "a folder alone"),
        ("MOVE", "c/", "e/f/", {}, 409, "where there is no folder"),
        ("MOVE", "none", "e", {}, 404, "nothing"),
        ("MOVE", "c/b/note.txt", "moved.txt", {}, 201, "a file"),
        ("MOVE", "c/", "e/", {}, 201, "a tree"),
    ]
    for method, source, destination, headers, wished, name in rows:
        answer = ask(site, method, PLAIN + source, Destination=PLAIN + destination, **headers)
        tap.check(answer.status == wished, f"{method} of {name}: {wished}", answer)
    wished = sorted(before + [PLAIN + p for p in ("d/", "moved.txt", "e/", "e/b/", "e/b/page.html")])
    tap.equal(tree(site), wished, "what came of it")
    kept = propfind(site, PLAIN + "moved.txt", "S:y").element(PLAIN + "moved.txt", "{urn:slotkeeper}y")
    tap.check(kept is not None and kept.text == "kept", "a copied and moved file has its dead properties")
    put(site, WORK + "one.ics", event("one"))
    rows = [
        ("COPY", WORK + "one.ics", PLAIN + "one.ics", 403, "an event into a plain collection"),
        ("COPY", PLAIN + "moved.txt", WORK + "moved.ics", 409, "a file into a calendar"),
        ("COPY", PLAIN, HOME + "twin/", 403, "the plain collection itself"),
        ("MOVE", PLAIN + "moved.txt", HOME + "moved.txt", 403, "a file right below the home"),
        ("MOVE", PLAIN + "moved.txt", "/dav/calendars/bob/work/x", 409, "a file to another's home"),
    ]
    for method, source, destination, status, name in rows:
        answer = ask(site, method, source, Destination=destination)
        tap.check(answer.status == status, f"{method} of {name}: {status}", answer)
    tap.equal(tree(site), wished, "which changed nothing")
    tap.equal(ask(site, "DELETE", PLAIN + "e/").status, 204, "DELETE of a tree")
    tap.equal(ask(site, "DELETE", PLAIN + "d").status, 204, "DELETE of a folder, without slash")
    tap.equal(tree(site), sorted(before + [PLAIN + "moved.txt"]), "the rest is there")


def others(site):
    for method, path in (("GET", PLAIN + "moved.txt"), ("GET", PLAIN + "none"), ("PUT", PLAIN + "x"), ("DELETE", PLAIN + "moved.txt"),
                         ("MKCOL", PLAIN + "bob/"), ("PROPFIND", PLAIN), ("COPY", PLAIN + "moved.txt")):
        answer = ask(site, method, path, "x" if method == "PUT" else None, "bob", Depth="0", Destination="/dav/calendars/bob/work/x")
        tap.equal(answer.status, 404, f"{method} by another: not found")
    site.slotkeeper("grant", "alice/files", "bob", "read")
    tap.equal(ask(site, "GET", PLAIN + "moved.txt", None, "bob").status, 200, "who may read reads")
    for method, path in (("PUT", PLAIN + "x"), ("DELETE", PLAIN + "moved.txt"), ("MKCOL", PLAIN + "bob/"), ("PUT", PLAIN + "moved.txt")):
        answer = ask(site, method, path, "x" if method == "PUT" else None, "bob")
        tap.check(answer.status == 403 and condition(answer) == [D + "need-privileges"], f"{method} by a reader: need-privileges", answer)
    answer = ask(site, "PUT", WORK + "folder/x.ics", event("x"), Content_Type="text/calendar")
    tap.check(answer.status == 409, "a calendar holds no folders", answer)
    tap.equal(ask(site, "MKCOL", WORK + "folder/").status, 403, "nor are they made there")
    moved = HOME + "renamed/"
    tap.equal(ask(site, "MOVE", PLAIN, Destination=moved).status, 201, "the collection gets another name")
    tap.equal(ask(site, "GET", moved + "moved.txt").status, 200, "with what is in it")
    site.write_config("plain-collections = no\n")
    site.stop()
    site.start()
    answer = ask(site, "MKCOL", HOME + "more/")
    tap.check(answer.status == 403 and condition(answer) == [D + "valid-resourcetype"], "plain-collections = no: none are made", answer)
    tap.equal(ask(site, "GET", moved + "moved.txt").status, 200, "those that are there stay")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "check finds nothing", done.stdout)
    tap.equal(ask(site, "DELETE", moved).status, 204, "DELETE of a plain collection")
    done = site.slotkeeper("check", ok=None)
    tap.check(done.returncode == 0, "and leaves nothing behind", done.stdout)


with Site(users=["alice", "bob"], config="plain-collections = yes\n") as the_site:
    files(the_site)
    trees(the_site)
    others(the_site)
tap.finish()
