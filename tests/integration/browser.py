"""A browser without script for the tests of pages: cookies, links, forms; and services to book.

    browser = Browser(site)
    browser.get("/book/")
    browser.follow("Haircut")               # the link with these words
    browser.send({"name": "Kim"})           # the page's last form with these fields changed
"""
import datetime
import html.parser
import json
import urllib.parse


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.text = tag, {name: value or "" for name, value in attributes}, ""


class Page(html.parser.HTMLParser):
    """Links and forms, with the words in them."""

    def __init__(self, text):
        super().__init__()
        self.links, self.forms, self.inside, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        element = Element(tag, attributes)
        if tag == "a":
            self.links.append(element)
        elif tag == "form":
            self.forms.append((element, {}, []))
        elif tag in ("input", "textarea", "select") and self.forms:
            self.forms[-1][1][element.attributes.get("name", "")] = element.attributes.get("value", "")
        elif tag == "button" and self.forms:
            self.forms[-1][2].append(element)
        if tag in ("a", "button", "textarea"):
            self.inside.append(element)

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1].tag == tag:
            element = self.inside.pop()
            if tag == "textarea":
                self.forms[-1][1][element.attributes["name"]] = element.text.removeprefix("\n")

    def handle_data(self, data):
        self.text += data
        for element in self.inside:
            element.text += data


class Browser:
    def __init__(self, site, **headers):
        self.site, self.cookies, self.set_cookies, self.headers = site, {}, [], headers
        self.page, self.path, self.answer = Page(""), "/", None

    def ask(self, method, path, fields=None, headers=()):
        headers = dict(self.headers, **dict(headers))
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        self.answer = self.site.request(method, path, body, headers=headers)
        self.set_cookies = self.answer.headers.get_all("Set-Cookie") or []
        for line in self.set_cookies:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
            if "Max-Age=0" in line:
                del self.cookies[name]
        self.path, self.page = path, Page(self.answer.text)
        return self.answer

    def get(self, path, **headers):
        return self.ask("GET", path, headers=headers)

    def goes_on(self):
        """Follows redirects."""
        while self.answer.status == 303:
            self.get(self.answer.headers["Location"])
        return self.answer

    def follow(self, words, nth=0):
        """The NTH link that has WORDS in it."""
        found = [link for link in self.page.links if words in link.text]
        return self.get(found[nth].attributes["href"].partition("#")[0])

    def hrefs(self, part):
        return [link.attributes["href"] for link in self.page.links if part in link.attributes.get("href", "")]

    def send(self, changed=(), form=-1, headers=(), button=None):
        """Sends a form as it stands with the fields CHANGED; BUTTON: the one that is pressed."""
        element, fields, buttons = self.page.forms[form]
        fields = dict(fields, **dict(changed))
        if button is not None and "name" in buttons[button].attributes:
            fields[buttons[button].attributes["name"]] = buttons[button].attributes["value"]
        return self.ask(element.attributes["method"].upper(), element.attributes["action"], fields, headers)

    def secret(self):
        return next((fields["secret"] for _, fields, _ in self.page.forms if "secret" in fields), "")


def location(answer):
    return answer.status, answer.headers["Location"]


class Business:
    """Hours and services, made by the API."""

    def __init__(self, site):
        self.site = site
        self.key = site.slotkeeper("apikey", "create", "--role", "admin").stdout.strip()

    def call(self, method, path, body=None):
        answer = self.site.request(method, "/api/v1" + path, None if body is None else json.dumps(body),
                                   headers={"Authorization": "Bearer " + self.key, "Content-Type": "application/json"})
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.text}")
        return json.loads(answer.body) if answer.body else None

    def hours(self, name, zone="Europe/Amsterdam", days=("mon", "tue", "wed", "thu", "fri"), ranges=(("09:00", "17:00"),), overrides=()):
        self.call("PUT", f"/staff/{name}/hours", {"timezone": zone, "weekly": {day: [list(range) for range in ranges] for day in days},
                                                  "overrides": list(overrides)})

    def service(self, **members):
        return self.call("POST", "/services", dict({"duration_minutes": 30, "timezone": "Europe/Amsterdam"}, **members))


def next_monday(weeks=1):
    today = datetime.date.today()
    return today + datetime.timedelta(days=7 * weeks + (7 - today.weekday()) % 7)
