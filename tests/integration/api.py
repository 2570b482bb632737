"""The JSON API as the tests use it: every answer is held against the description that the server itself serves.

    api = Api(site, tap, key)
    answer = api.post("/services", {...})
    tap.equal(answer.status, 201, "a service is made")

An answer with a status, content type or field that openapi.json does not tell of fails the test, as does a request body that
was accepted although the description forbids it.
"""
import datetime
import json
import zoneinfo

import jsonschema

ZONE = "Europe/Amsterdam"
ROOT = "/api/v1"
PROBLEM, JSON = "application/problem+json", "application/json"


class Reply:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer
        self.json = json.loads(self.body) if self.body else None

    @property
    def problem(self):
        return (self.json or {}).get("type", "").rpartition(":")[2]

    @property
    def field(self):
        """The first field at fault."""
        return ((self.json or {}).get("errors") or [{}])[0].get("field")

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body.decode(errors='replace')}"


class Description:
    def __init__(self, document):
        self.document = document
        self.forms = sorted(document["paths"], key=lambda path: path.count("{"))

    def operation(self, method, path):
        parts = path.partition("?")[0].split("/")
        for form in self.forms:
            wanted = form.split("/")
            if len(wanted) == len(parts) and all(one == two or one.startswith("{") and two for one, two in zip(wanted, parts)):
                return self.document["paths"][form].get(method.lower())
        return None

    def follow(self, part):
        while "$ref" in part:
            found = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        return part

    def wrong(self, schema, value):
        """What of VALUE is not as the SCHEMA says, or None."""
        whole = dict(schema, components=self.document["components"])
        error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(whole).iter_errors(value))
        return None if error is None else f"{'/'.join(map(str, error.absolute_path))}: {error.message}"

    def wrong_answer(self, method, path, sent, reply):
        operation = self.operation("GET" if method == "HEAD" else method, path)
        if operation is None:
            return None if reply.status in (404, 405) or method == "OPTIONS" else "the operation is not described"
        response = operation["responses"].get(str(reply.status))
        if response is None:
            return f"status {reply.status} is not described"
        content = self.follow(response).get("content")
        if not content or method == "HEAD":
            return None if not reply.body else "a body where none is described"
        kind = reply.headers.get("Content-Type")
        if kind not in content:
            return f"{kind} is not described"
        error = self.wrong(content[kind]["schema"], reply.json)
        if error is None and reply.status < 300 and sent is not None and "requestBody" in operation:
            error = self.wrong(operation["requestBody"]["content"][JSON]["schema"], sent)
            error = error and f"was accepted, against the description: {error}"
        return error


class Api:
    def __init__(self, site, tap, key=None, description=None):
        self.site, self.tap, self.key = site, tap, key
        self.description = description or Description(json.loads(site.request("GET", ROOT + "/openapi.json").body))

    def by(self, key):
        """The same API with another key; None: without one."""
        return Api(self.site, self.tap, key, self.description)

    def call(self, method, path, body=None, **headers):
        """BODY is sent as JSON; bytes as they are."""
        fields = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        if self.key is not None:
            fields.setdefault("Authorization", "Bearer " + self.key)
        sent = None
        if body is not None:
            fields.setdefault("Content-Type", JSON)
            sent, body = (None, body) if isinstance(body, bytes) else (body, json.dumps(body))
        reply = Reply(self.site.request(method, ROOT + path, body, headers=fields))
        wrong = self.description.wrong_answer(method, path, sent, reply)
        if wrong:
            self.tap.check(False, f"{method} {path} is as it is described", f"{wrong}\n{reply}")
        return reply

    def get(self, path, **headers):
        return self.call("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.call("POST", path, body, **headers)

    def put(self, path, body, **headers):
        return self.call("PUT", path, body, **headers)

    def patch(self, path, body, **headers):
        return self.call("PATCH", path, body, **headers)

    def delete(self, path, **headers):
        return self.call("DELETE", path, **headers)

    def all(self, path, limit=None):
        """Every entry of a list, page by page."""
        items, cursor = [], ""
        sign = "&" if "?" in path else "?"
        while cursor is not None:
            page = self.get(f"{path}{sign}limit={limit or 500}{'&cursor=' + cursor if cursor else ''}").json
            items, cursor = items + page["items"], page["next_cursor"]
        return items


def make_key(site, role="admin"):
    return site.slotkeeper("apikey", "create", "--role", role).stdout.strip()


def monday(weeks=2):
    """A Monday that lies ahead."""
    today = datetime.date.today()
    return today + datetime.timedelta(days=7 * weeks - today.weekday())


def at(date, clock, zone=ZONE):
    """"09:00" on a date, as the API tells it."""
    hour, minute = map(int, clock.split(":"))
    return datetime.datetime(date.year, date.month, date.day, hour, minute, tzinfo=zoneinfo.ZoneInfo(zone)).isoformat()


WORKDAY = {"timezone": ZONE, "weekly": {day: [["09:00", "12:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
KIM = {"name": "Kim", "email": "kim@example.org"}


def business(site, tap, **service):
    """alice and bob at work, a service "cut" of half an hour; the API with a key of the role admin."""
    api = Api(site, tap, make_key(site))
    for name in ("alice", "bob"):
        api.put(f"/staff/{name}/hours", WORKDAY)
    made = api.put("/services/cut", {"name": "Cut", "duration_minutes": 30, "staff": ["alice", "bob"], **service})
    tap.equal(made.status, 201, "a service")
    return api


def slots(api, date, days=1, more="", service="cut"):
    return api.get(f"/services/{service}/slots?from={date}&to={date + datetime.timedelta(days=days)}{more}")


def book(api, start, **more):
    headers = {name: more.pop(name) for name in list(more) if name[0].isupper()}
    return api.post("/bookings", {"service": "cut", "start": start, "customer": KIM, **more}, **headers)
