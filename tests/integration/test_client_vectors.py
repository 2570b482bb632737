#!/usr/bin/python3
"""Requests as each client sends them, from account setup to the steady state, replayed in their order; what they wish.

tests/data/clients/README.md says how a vector is written. CLIENTS="macos kde" picks from them.
"""
import glob
import gzip
import itertools
import os
import re
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import C, CS, D, I, Multistatus, condition  # noqa: E402
from lxml import etree  # noqa: E402
from server import TOP, Answer, Site, Tap  # noqa: E402

DATA = os.path.join(TOP, "tests", "data", "clients")
NAMESPACES = {"D": D, "C": C, "CS": CS, "I": I, "M": "{http://me.com/_namespace/}", "P": "{https://bitfire.at/webdav-push}"}
tap = Tap()


def tag(name):
    prefix, _, local = name.partition(":")
    return NAMESPACES[prefix] + local


class Vector:
    """One file: directives, a request, wishes."""

    def __init__(self, path):
        self.name = os.path.join(os.path.basename(os.path.dirname(path)), os.path.basename(path)[:-len(".http")])
        with open(path, encoding="utf-8") as file:
            request, mark, wishes = file.read().partition("\n=== wished\n")
        assert mark, f"{path} wishes nothing"
        lines = request.split("\n")
        notes = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
        self.times, self.together = range(1, 2), False
        for note in notes:
            found = re.match(r"# (repeat|together) (\d+)\.\.(\d+)$", note)
            if found:
                self.times, self.together = range(int(found[2]), int(found[3]) + 1), found[1] == "together"
        head, _, body = "\n".join(lines[len(notes):]).partition("\n\n")
        self.body = body and body + "\n"
        first, *fields = head.rstrip("\n").split("\n")
        self.method, self.target, _ = first.split(" ")
        self.fields = dict(field.split(": ", 1) for field in fields)
        self.wishes = [wish.split(" ") for wish in wishes.splitlines() if wish]
        assert self.wishes and self.wishes[0][0] == "status", f"{path} wishes no status"


class Replay:
    """One client against a server of its own; what a wish keeps is put into later requests for {{NAME}}."""

    def __init__(self, site):
        self.site = site
        self.kept = {user: site.authorization(user).split()[1] for user in ("alice", "bob")}

    def fill(self, text, number):
        def value(found):
            return str(number) if found[1] == "n" else self.kept[found[1]]
        return re.sub(r"\{\{(\w+)\}\}", value, text)

    def send(self, vector, number):
        body = self.fill(vector.body, number)
        if vector.fields.get("Content-Type", "").startswith("text/calendar"):
            body = body.replace("\n", "\r\n")
        fields = {name: self.fill(value, number) for name, value in vector.fields.items()}
        answer = self.site.request(vector.method, self.fill(vector.target, number), body or None, None, fields)
        if answer.headers.get("Content-Encoding") != "gzip":
            return answer
        return Answer((answer.status, answer.headers, gzip.decompress(answer.body)))

    def judge(self, vector, number, answer):
        unmet = []
        try:
            for word, *arguments in vector.wishes:
                arguments = [self.fill(argument, number) for argument in arguments]
                if not WISHES[word](self, answer, *arguments):
                    unmet.append(" ".join([word, *arguments]))
        except (etree.XMLSyntaxError, KeyError, AssertionError) as error:
            unmet.append(f"{word} {arguments}: {error!r}")
        return tap.check(not unmet, vector.name, f"unmet: {unmet}\n{answer.status} {dict(answer.headers)}\n{answer.text[:3000]}")

    def play(self, vector):
        if not vector.together:
            return all([self.judge(vector, n, self.send(vector, n)) for n in vector.times])
        answers = {}
        threads = [threading.Thread(target=lambda n=n: answers.update({n: self.send(vector, n)})) for n in vector.times]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return all([self.judge(vector, n, answers[n]) for n in vector.times])


# ---- wishes ----

def status(_, answer, *codes):
    return str(answer.status) in codes


def header(replay, answer, name, how, *words):
    value, text = answer.headers.get(name), " ".join(words)
    if how == "keep":
        replay.kept[text] = value
        return value is not None
    return {"absent": value is None, "is": value == text, "has": text in (value or "")}[how]


def responses(_, answer, *hrefs):
    """Exactly these, or so many."""
    seen = Multistatus(answer.body).responses
    return len(seen) == int(hrefs[0]) if hrefs[0].isdigit() else set(seen) == set(hrefs)


def response(_, answer, href, code):
    return Multistatus(answer.body).responses[href][0] == int(code)


def found(_, answer, href, name, *words):
    """The property is there, and has this in it."""
    element = Multistatus(answer.body).element(href, tag(name))
    return element is not None and " ".join(words) in etree.tostring(element, encoding="unicode")


def refused(_, answer, href, name, code):
    """The property's own status."""
    return Multistatus(answer.body).statuses(href).get(tag(name)) == int(code)


def statuses(_, answer, href, *codes):
    """Those of all properties of one response."""
    return set(Multistatus(answer.body).statuses(href).values()) == {int(code) for code in codes}


def keep(replay, answer, kept, *place):
    """The text of a property of a response; without a place the sync token of the answer."""
    answered = Multistatus(answer.body)
    replay.kept[kept] = answered.text(place[0], tag(place[1])) if place else answered.token
    return bool(replay.kept[kept])


def error(_, answer, name):
    return tag(name) in condition(answer)


def has(_, answer, *words):
    return " ".join(words) in answer.text


def lacks(_, answer, *words):
    return " ".join(words) not in answer.text


def empty(_, answer):
    return answer.body == b""


WISHES = {wish.__name__: wish for wish in (status, header, responses, response, found, refused, statuses, keep, error, has, lacks,
                                           empty)}


def replay_client(client):
    with Site(users=["alice", "bob"]) as site:
        site.slotkeeper("grant", "bob/work", "alice", "read")
        replay = Replay(site)
        for path in sorted(glob.glob(os.path.join(DATA, client, "*.http"))):
            replay.play(Vector(path))
        done = site.slotkeeper("check", ok=None)
        tap.check(done.returncode == 0, f"{client}: check finds nothing", done.stdout)


for chosen in os.environ.get("CLIENTS", "").split() or sorted(os.path.basename(path) for path in glob.glob(os.path.join(DATA, "*"))
                                                              if os.path.isdir(path)):
    replay_client(chosen)
tap.finish()
