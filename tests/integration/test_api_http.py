#!/usr/bin/python3
"""The API's door: who may come in, how errors are told, and that the description is that of what is there."""
import gzip
import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import ROOT, Api, make_key  # noqa: E402
from server import TOP, Site, Tap  # noqa: E402

tap = Tap()


def refused(reply, status, problem, name, field=None):
    tap.check((reply.status, reply.problem) == (status, problem) and (field is None or reply.field == field) and
              reply.json["status"] == status and reply.headers["Cache-Control"] == "no-store", name, reply)


def description(site, api):
    with open(os.path.join(TOP, "server", "api", "openapi.json"), encoding="utf-8") as text:
        tap.equal(api.description.document, json.load(text), "what is served is what stands in the tree")
    for path, methods in api.description.document["paths"].items():
        allow = api.call("OPTIONS", path.replace("{", "").replace("}", ""))
        wanted = {method.upper() for method in methods} | {"OPTIONS"} | ({"HEAD"} if "get" in methods else set())
        tap.equal((allow.status, set(allow.headers["Allow"].split(", "))), (204, wanted), f"{path} has these methods")
    everything = json.dumps(api.description.document)
    for name in api.description.document["components"]["schemas"]:
        tap.check(f'#/components/schemas/{name}"' in everything, f"{name} is used")


def keys(site, api, booking):
    nobody = api.by(None)
    reply = nobody.get("/audit")
    refused(reply, 401, "unauthenticated", "no key")
    tap.check(reply.headers["WWW-Authenticate"].startswith("Bearer "), "is asked for one", reply)
    refused(api.by("x" * 24).get("/audit"), 401, "unauthenticated", "a wrong key")
    refused(api.by("x" * 24).get("/openapi.json"), 401, "unauthenticated", "a wrong key where none is needed")
    refused(nobody.get("/audit", Authorization=site.authorization("boss")), 401, "unauthenticated", "a password is no key")
    refused(api.by(booking).get("/audit"), 403, "forbidden", "a key that may not")
    refused(nobody.get("/nothing"), 404, "not-found", "no such address")
    refused(nobody.get("/"), 404, "not-found", "nor this")
    tap.equal(api.get("/audit").status, 200, "a key that may")


def methods(site, api):
    reply = api.put("/audit", {})
    refused(reply, 405, "method-not-allowed", "no such method here")
    tap.equal(reply.headers["Allow"], "OPTIONS, GET, HEAD", "and these there are")
    head = api.call("HEAD", "/openapi.json")
    got = site.request("GET", ROOT + "/openapi.json")
    tap.check(head.status == 200 and head.body == b"" and head.headers["Content-Length"] == str(len(got.body)), "HEAD", head)


def bodies(site, api):
    refused(api.post("/api-keys", b"{"), 400, "malformed", "half of JSON")
    refused(api.post("/api-keys", b'{"name": "a", "name": "b"}'), 400, "malformed", "a field twice")
    refused(api.post("/api-keys", b""), 400, "malformed", "nothing")
    refused(api.post("/api-keys", b"[]"), 422, "invalid", "no object", "body")
    refused(api.post("/api-keys", {"nome": "x"}), 422, "invalid", "an unknown field", "nome")
    refused(api.post("/api-keys", {"name": 7}), 422, "invalid", "a wrong type", "name")
    refused(api.post("/api-keys", {"role": "king"}), 422, "invalid", "a wrong value", "role")
    refused(api.post("/api-keys", {"name": "x" * 201}), 422, "invalid", "too long", "name")
    refused(api.post("/api-keys", {}, Content_Type="text/plain"), 415, "unsupported-media-type", "no JSON by its type")
    refused(api.post("/api-keys", b"{}", Content_Type=""), 415, "unsupported-media-type", "of no type")
    refused(api.post("/api-keys", b"{}", Content_Encoding="br"), 415, "unsupported-media-type", "in a coding that is not known")
    refused(api.post("/api-keys", b'{"name": "' + b"x" * 300000 + b'"}'), 413, "too-large", "too much for the API")
    refused(api.post("/api-keys", b'{"name": "' + b"x" * 3000000 + b'"}'), 413, "too-large", "too much for the server")
    refused(api.post("/api-keys", gzip.compress(b" " * 3000000), Content_Encoding="gzip"), 413, "too-large", "and in small")
    reply = api.post("/api-keys", gzip.compress(b'{"name": "packed"}'), Content_Encoding="gzip",
                     Content_Type="application/json; charset=utf-8")
    tap.check(reply.status == 201 and reply.json["name"] == "packed", "in gzip, with a charset", reply)


def queries(site, api):
    refused(api.get("/audit?page=2"), 422, "invalid", "an unknown parameter", "query")
    refused(api.get("/audit?limit=0"), 422, "invalid", "a wrong value", "limit")
    refused(api.get("/audit?limit=501"), 422, "invalid", "too many", "limit")
    refused(api.get("/audit?limit=x"), 422, "invalid", "no number", "limit")
    refused(api.get("/audit?cursor=%21"), 422, "invalid", "no cursor", "cursor")
    refused(api.get("/audit?cursor=abcd"), 422, "invalid", "no cursor of this list", "cursor")
    refused(api.get("/audit?limit=1&limit=2"), 400, "malformed", "one twice")
    refused(api.get("/audit?limit=%zz"), 400, "malformed", "a broken escape")


def life_of_a_key(site, api):
    made = api.post("/api-keys", {"name": "till", "role": "booking"})
    tap.check(made.status == 201 and made.headers["Location"] == f"{ROOT}/api-keys/{made.json['id']}", "a key is made", made)
    path, secret = made.headers["Location"].removeprefix(ROOT), made.json["key"]
    tap.equal(api.by(secret).get("/audit").status, 403, "and is known at once")
    shown = api.get(path).json
    tap.equal((shown["name"], shown["role"], "key" in shown), ("till", "booking", False), "it is told once")
    for number in range(5):
        api.post("/api-keys", {"name": f"key {number}"})
    ids = [key["id"] for key in api.all("/api-keys", 2)]
    tap.equal(ids, sorted(set(ids)), "they are listed in pages, each once")
    tap.equal(ids, [key["id"] for key in api.all("/api-keys")], "as at once")
    tap.equal((api.delete(path).status, api.delete(path).status, api.get(path).status), (204, 404, 404), "it is taken back")
    refused(api.by(secret).get("/audit"), 401, "unauthenticated", "and is none from then on")
    for wrong in ("/api-keys/0", "/api-keys/x", "/api-keys/18446744073709551616", "/api-keys/%ff"):
        refused(api.get(wrong), 404, "not-found", wrong)


def audit(site, api):
    records = api.all("/audit")
    numbers = [record["number"] for record in records]
    tap.equal(numbers, sorted(numbers, reverse=True), "the newest first")
    tap.equal([record["number"] for record in api.all("/audit", 3)], numbers, "in pages as at once")
    gone = next(record for record in records if record["action"] == "delete")
    tap.check(gone["kind"] == "api_key" and gone["origin"] == "api" and gone["who"].startswith("key ") and gone["request"]
              and gone["before"]["name"] == "till" and gone["after"] is None, "who, when, by which door, before and after", gone)


def secrets(site, key):
    with open(site.log, errors="replace") as log:
        text = log.read()
    tap.check(key not in text and "GET" in text, "no key in the log, at its most talkative")


def over_the_net(site, key):
    """As from another machine: a proxy that is trusted says the client came without TLS."""
    with socket.create_connection(("127.0.0.1", site.port)) as client:
        client.sendall(f"GET {ROOT}/audit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nX-Forwarded-Proto: http\r\n"
                       "X-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := client.recv(65536):
            answer += part
    tap.check(answer.startswith(b"HTTP/1.1 403 ") and b"urn:slotkeeper:problem:forbidden" in answer, "a key goes over TLS only", answer)


with Site(admins=["boss"], config='log-level = debug\ntrusted-proxies = {"127.0.0.1"}\n') as site:
    key = make_key(site)
    api = Api(site, tap, key)
    description(site, api)
    keys(site, api, make_key(site, "booking"))
    methods(site, api)
    bodies(site, api)
    queries(site, api)
    life_of_a_key(site, api)
    audit(site, api)
    over_the_net(site, key)
    secrets(site, key)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
