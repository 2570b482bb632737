"""Requests of WebDAV and answers of 207 taken apart: by namespace, never by prefix."""
import re

from lxml import etree

D, C = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
CS, I = "{http://calendarserver.org/ns/}", "{http://apple.com/ns/ical/}"
SLOT = "{urn:slotkeeper}"
ROOT = ('xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" '
        'xmlns:I="http://apple.com/ns/ical/" xmlns:M="http://me.com/_namespace/" xmlns:P="https://bitfire.at/webdav-push" '
        'xmlns:A="urn:ietf:params:xml:ns:carddav" xmlns:S="urn:slotkeeper"')
XML = '<?xml version="1.0" encoding="utf-8"?>\n'


class Multistatus:
    """responses[href] = (status or None, {property name: (status, element)})."""

    def __init__(self, body):
        self.root = etree.fromstring(body)
        assert self.root.tag == D + "multistatus", self.root.tag
        self.responses = {}
        self.token = self.root.findtext(D + "sync-token")
        for response in self.root.findall(D + "response"):
            status = response.find(D + "status")
            found = {}
            for propstat in response.findall(D + "propstat"):
                for element in propstat.find(D + "prop"):
                    found[element.tag] = (code(propstat.findtext(D + "status")), element)
            self.responses[response.findtext(D + "href")] = (code(status.text) if status is not None else None, found)

    def statuses(self, href):
        return {name: status for name, (status, _) in self.responses[href][1].items()}

    def element(self, href, name):
        status, element = self.responses[href][1].get(name, (404, None))
        return element if status == 200 else None

    def text(self, href, name):
        element = self.element(href, name)
        return None if element is None else element.text

    def hrefs(self, href, name):
        element = self.element(href, name)
        return [] if element is None else [h.text for h in element.iter(D + "href")]


def code(line):
    return int(line.split()[1])


def condition(answer):
    """The names of the elements inside DAV:error."""
    try:
        root = etree.fromstring(answer.body)
    except etree.XMLSyntaxError:
        return []
    return [child.tag for child in root] if root.tag == D + "error" else []


def propfind(site, path, names, user="alice", depth="0", **headers):
    """NAMES: property elements, like "D:getetag C:calendar-home-set"."""
    body = f"{XML}<D:propfind {ROOT}><D:prop>{tags(names)}</D:prop></D:propfind>"
    fields = {"Depth": depth, "Content-Type": "text/xml"}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    answer = site.request("PROPFIND", path, body, user, fields)
    return Multistatus(answer.body) if answer.status == 207 else answer


def tags(names):
    return "".join(f"<{name}/>" for name in names.split())


def report(site, path, body, user="alice", depth="1"):
    headers = {"Content-Type": "text/xml"}
    if depth is not None:
        headers["Depth"] = depth
    return site.request("REPORT", path, XML + body, user, headers)


def sync(site, path, token="", extra="<D:sync-level>1</D:sync-level>", depth="1", names="D:getetag", user="alice"):
    return report(site, path, f"<D:sync-collection {ROOT}><D:sync-token>{token}</D:sync-token>{extra}"
                              f"<D:prop>{tags(names)}</D:prop></D:sync-collection>", user, depth)


def multiget(site, path, hrefs, user="alice", names="D:getetag C:calendar-data"):
    inside = "".join(f"<D:href>{href}</D:href>" for href in hrefs)
    return report(site, path, f"<C:calendar-multiget {ROOT}><D:prop>{tags(names)}</D:prop>{inside}</C:calendar-multiget>",
                  user, None)


def query(site, path, inside, user="alice", names="D:getetag", data="", more=""):
    return report(site, path, f"<C:calendar-query {ROOT}><D:prop>{tags(names)}{data}</D:prop><C:filter>"
                              f'<C:comp-filter name="VCALENDAR">{inside}</C:comp-filter></C:filter>{more}'
                              "</C:calendar-query>", user)


def free_busy(site, path, start, end, user="alice", depth="1"):
    return report(site, path, f'<C:free-busy-query {ROOT}><C:time-range start="{start}" end="{end}"/>'
                              "</C:free-busy-query>", user, depth)


def proppatch(site, path, inside, user="alice", **headers):
    return site.request("PROPPATCH", path, f"{XML}<D:propertyupdate {ROOT}>{inside}</D:propertyupdate>", user,
                        {"Content-Type": "text/xml", **headers})


def event(uid, start="20270310T090000Z", duration="PT1H", more="", summary=None):
    zone = "" if start.endswith("Z") or ";" not in start else start
    name, value = ("DTSTART", start) if not zone else ("DTSTART" + start[:start.index(":")], start[start.index(":") + 1:])
    return (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20270101T000000Z\r\n{name}:{value}\r\nDURATION:{duration}\r\nSUMMARY:{summary or uid}\r\n{more}"
            "END:VEVENT\r\nEND:VCALENDAR\r\n")


def put(site, path, body, user="alice", **headers):
    fields = {"Content-Type": "text/calendar; charset=utf-8"}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    return site.request("PUT", path, body, user, fields)


def periods(body):
    """{FBTYPE: [(start, end)]} of a VFREEBUSY."""
    found = {}
    for kind, values in re.findall(r"^FREEBUSY;FBTYPE=([A-Z-]+):(.*)$", body.decode().replace("\r\n ", ""), re.M):
        for value in values.strip().split(","):
            found.setdefault(kind, []).append(tuple(value.split("/")))
    return found
