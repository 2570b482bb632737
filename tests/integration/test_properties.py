#!/usr/bin/python3
"""Dead properties: their names, values and languages come back as they were set (RFC 4918, 4.3); and bodies of enemies."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import D, ROOT, XML, Multistatus, proppatch, report  # noqa: E402
from lxml import etree  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
WORK = "/dav/calendars/alice/work/"
X = "http://example.com/neon/litmus/"


def set_prop(site, inside):
    return proppatch(site, WORK, f"<D:set><D:prop>{inside}</D:prop></D:set>")


def get_prop(site, name, ns):
    body = f'{XML}<D:propfind xmlns:D="DAV:"><D:prop><x:{name} xmlns:x="{ns}"/></D:prop></D:propfind>'
    answer = site.request("PROPFIND", WORK, body, "alice", {"Depth": "0", "Content-Type": "text/xml"})
    return Multistatus(answer.body).element(WORK, "{%s}%s" % (ns.replace("&amp;", "&"), name))


def canonical(element):
    """What counts, without the prefixes."""
    return (element.tag, sorted(element.attrib.items()), element.text or "",
            [(canonical(child), child.tail or "") for child in element])


def names_and_values(site):
    rows = [
        ("plain", X, "value0"),
        ("empty", X, ""),
        ("unicode", X, "caf\u00e9 \U00010000 \u20ac"),
        ("entities", X, "&lt;a&gt; &amp;amp; &quot;"),
        ("lines", X, "BEGIN:VALARM&#13;\nEND:VALARM&#13;\n\t "),
        ("cdata", X, "<![CDATA[<not><xml>]]>"),
        ("elements", X, '<a xmlns="urn:y"><b c="1" xmlns:z="urn:z" z:c="&#10;2"/><d xmlns=""/></a>'),
        ("mixed", X, "one <b>two</b> three <c/> four"),
        ("p\u00e9", X, "a name beyond ASCII"),
        ("high-\U00010000", "http://example.com/alpha", "higher"),
        ("getetag", X, "a known name elsewhere"),
        ("query", "http://example.com/?a=b&amp;c", "a namespace with an ampersand"),
    ]
    for name, ns, value in rows:
        sent = f'<x:{name} xmlns:x="{ns}">{value}</x:{name}>'
        answer = set_prop(site, sent)
        wished = etree.fromstring(sent)
        tap.check(answer.status == 207 and b"200 OK" in answer.body, f"{name} is set", answer)
        got = get_prop(site, name, ns)
        if tap.check(got is not None, f"{name} is found"):
            tap.equal(canonical(got), canonical(wished), f"{name} is as it was")
    everything = site.request("PROPFIND", WORK, f"<D:propfind {ROOT}><D:propname/></D:propfind>", "alice", {"Depth": "0"})
    listed = Multistatus(everything.body).responses[WORK][1]
    for name, ns, _ in rows[:-1]:
        tap.check("{%s}%s" % (ns, name) in listed, f"propname lists {name}", everything)
    everything = Multistatus(site.request("PROPFIND", WORK, None, "alice", {"Depth": "0"}).body)
    tap.equal(everything.text(WORK, "{%s}plain" % X), "value0", "allprop has dead ones")


def languages(site):
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    for body, wished in [
            (f'<D:set xml:lang="nl"><D:prop><x:l xmlns:x="{X}">a</x:l></D:prop></D:set>', "nl"),
            (f'<D:set xml:lang="nl"><D:prop xml:lang="de"><x:l xmlns:x="{X}">b</x:l></D:prop></D:set>', "de"),
            (f'<D:set><D:prop><x:l xml:lang="en" xmlns:x="{X}">c</x:l></D:prop></D:set>', "en"),
            (f'<D:set><D:prop><x:l xmlns:x="{X}">d</x:l></D:prop></D:set>', None)]:
        proppatch(site, WORK, body)
        tap.equal(get_prop(site, "l", X).get(lang), wished, f"the language in scope is kept: {wished}")


def order_and_removal(site):
    one = f'<D:set><D:prop><x:o xmlns:x="{X}">%d</x:o></D:prop></D:set>'
    gone = f'<D:remove><D:prop><x:o xmlns:x="{X}"/></D:prop></D:remove>'
    proppatch(site, WORK, one % 1 + gone + one % 2)
    tap.equal(get_prop(site, "o", X).text, "2", "changes are made in the order of the document")
    proppatch(site, WORK, one % 3 + gone)
    tap.check(get_prop(site, "o", X) is None, "the last word counts")
    answer = proppatch(site, WORK, gone)
    tap.check(answer.status == 207 and b"200 OK" in answer.body, "removing what is not there is no error", answer)
    answer = proppatch(site, WORK, one % 4 + "<D:set><D:prop><D:getetag>x</D:getetag></D:prop></D:set>")
    tap.equal(Multistatus(answer.body).statuses(WORK), {"{%s}o" % X: 424, D + "getetag": 403}, "all or nothing")
    tap.check(get_prop(site, "o", X) is None, "nothing was written")


def limits(site):
    for part in range(4):
        answer = set_prop(site, "".join(f'<x:n{i} xmlns:x="urn:n">1</x:n{i}>' for i in range(part * 40, part * 40 + 40)))
        tap.check(b"200 OK" in answer.body and b"507" not in answer.body, "properties up to the limit", answer)
    for _ in range(3):
        answer = set_prop(site, "".join(f'<x:n{i} xmlns:x="urn:n">2</x:n{i}>' for i in range(160)))
        tap.check(b"200 OK" in answer.body, "those that are there are replaced at the limit too", answer.body[-500:])
    answer = set_prop(site, "".join(f'<x:m{i} xmlns:x="urn:n">1</x:m{i}>' for i in range(150)))
    tap.check(answer.status == 207 and b"507 Insufficient" in answer.body and b"200 OK" not in answer.body,
              "beyond the limit nothing is set", answer.body[-500:])
    answer = set_prop(site, f'<x:big xmlns:x="urn:n">{"a" * 70000}</x:big>')
    tap.check(answer.status == 207 and b"507 Insufficient" in answer.body, "a value that is too large", answer.body[-500:])
    proppatch(site, WORK, "<D:remove><D:prop>" + "".join(f'<x:n{i} xmlns:x="urn:n"/>' for i in range(160)) +
              "</D:prop></D:remove>")
    tap.check(get_prop(site, "n1", "urn:n") is None, "all can be removed")
    answer = set_prop(site, '<x:after xmlns:x="urn:n">1</x:after>')
    tap.check(b"200 OK" in answer.body, "and others set then", answer)


def enemies(site):
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    rows = {
        "entities in entities": f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><D:propfind xmlns:D="DAV:"><D:prop>&l9;</D:prop></D:propfind>',
        "a file": '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><D:propfind xmlns:D="DAV:"><D:prop>&f;</D:prop></D:propfind>',
        "a document type alone": '<!DOCTYPE x><D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>',
        "depth": "<a>" * 100000,
        "attributes": "<a " + " ".join(f'a{i}=""' for i in range(50000)) + "/>",
        "namespaces": "<a " + " ".join(f'xmlns:a{i}="urn:x"' for i in range(50000)) + "/>",
        "no prefix": "<D:propfind><D:allprop/></D:propfind>",
        "an empty prefix": '<D:propfind xmlns:D="DAV:"><D:prop><bar:foo xmlns:bar=""/></D:prop></D:propfind>',
        "a namespace that is no URI": '<D:propfind xmlns:D="DAV:"><D:prop><x xmlns="no uri"/></D:prop></D:propfind>',
        "bytes": b"<a>\xff\xfe\xc0\x80</a>",
        "a NUL": b"<a>\0</a>",
        "nothing closed": '<D:propfind xmlns:D="DAV:"><D:allprop/>',
        "another document": '<D:prop xmlns:D="DAV:"/>',
    }
    for name, body in rows.items():
        start = time.monotonic()
        answer = site.request("PROPFIND", WORK, body, "alice", {"Depth": "0", "Content-Type": "text/xml"})
        tap.check(answer.status == 400 and b"root:" not in answer.body, f"{name}: 400", answer)
        tap.check(time.monotonic() - start < 5, f"{name}: at once")
    for name, body in {"a document in UTF-16": '<?xml version="1.0" encoding="utf-16"?>'
                       '<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>'.encode("utf-16"),
                       "a byte order mark": b'\xef\xbb\xbf<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>'}.items():
        answer = site.request("PROPFIND", WORK, body, "alice", {"Depth": "0"})
        tap.equal(answer.status, 207, name)
    with open(site.log, errors="replace") as log:
        tap.check("error :" not in log.read(), "the library of XML writes nothing into the log")


def names_as_values(site):
    """expand-property has the names of properties in attributes: an answer must not take them as they are."""
    me = "/dav/principals/users/alice/"
    for name in ("a/&gt;&lt;b", "a b", "", "x:y", "a&#10;"):
        answer = report(site, me, f'<D:expand-property {ROOT}><D:property name="{name}"/></D:expand-property>', depth="0")
        tap.equal(answer.status, 400, f"expand-property of {name!r}")
    answer = report(site, me, f'<D:expand-property {ROOT}><D:property name="x" namespace="urn:&amp;&quot;"/>'
                              "</D:expand-property>", depth="0")
    tap.equal(b'xmlns="urn:&amp;&quot;"' in answer.body, True, "and a namespace is escaped")


with Site(users=["alice"]) as site:
    names_and_values(site)
    languages(site)
    order_and_removal(site)
    limits(site)
    names_as_values(site)
    enemies(site)
tap.finish()
