#!/usr/bin/python3
"""Keys to the JSON API, and the audit log, from the command line: with and without a server."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap  # noqa: E402

tap = Tap()


def keys(site):
    return json.loads(site.slotkeeper("apikey", "list", "--json").stdout)


def refused(site, words, status, part):
    done = site.slotkeeper(*words, ok=None)
    tap.check(done.returncode == status and part in done.stderr and done.stdout == "" and done.stderr.count("\n") == 1,
              f"{' '.join(words)!r}: one line says why", f"exit {done.returncode}\n{done.stdout}{done.stderr}")


def everything(site, where):
    made = [site.slotkeeper("apikey", "create", *words).stdout for words in
            (["--name", "till"], ["--role", "admin", "--name", "owner"], [])]
    tap.check(len(set(made)) == 3 and all(re.fullmatch(r"[0-9a-z]{20,}\n", line) for line in made),
              f"{where}: a key stands alone on one line", made)
    listed = keys(site)
    tap.equal(sorted((key["name"], key["role"]) for key in listed), [("", "booking"), ("owner", "admin"), ("till", "booking")],
              f"{where}: apikey list; who is given no role may book")
    text = site.slotkeeper("apikey", "list").stdout
    tap.check(text.count("\n") == 3 and not any(line.strip() in text for line in made), f"{where}: without the keys", text)
    for key in listed:
        site.slotkeeper("apikey", "revoke", str(key["id"]))
    tap.equal(keys(site), [], f"{where}: apikey revoke")
    refused(site, ["apikey", "revoke", str(listed[0]["id"])], 1, "no key")
    refused(site, ["apikey", "revoke", "x"], 2, "no number")
    refused(site, ["apikey", "create", "--role", "king"], 2, "neither admin nor booking")
    refused(site, ["apikey", "create", "--name", "a\nb"], 2, "--name")
    with open(os.path.join(site.data, "data.mdb"), "rb") as store:
        stored = store.read()
    tap.check(not any(line.strip().encode() in stored for line in made), f"{where}: the store never had a key")


def audit(site):
    records = json.loads(site.slotkeeper("audit", "--json").stdout)
    tap.check(len(records) == 12 and all(record["who"] == "operator" and record["origin"] == "command" and
                                         record["kind"] == "api_key" for record in records), "audit: who, by which door", records)
    numbers = [record["number"] for record in records]
    tap.equal(numbers, sorted(numbers, reverse=True), "the newest first")
    first = records[-1]
    tap.equal((first["action"], first["before"], first["after"]["name"], first["after"]["role"]),
              ("create", None, "till", "booking"), "with what is after")
    gone = [record for record in records if record["action"] == "delete"]
    tap.check(len(gone) == 6 and all(record["after"] is None and record["before"] for record in gone), "or was before", gone)
    page = json.loads(site.slotkeeper("audit", "--json", "--limit", "5", "--before", str(numbers[3])).stdout)
    tap.equal([record["number"] for record in page], numbers[4:9], "in pages")
    tap.equal(site.slotkeeper("audit", "--limit", "2").stdout.count("\n"), 2, "as lines")
    refused(site, ["audit", "--limit", "0"], 2, "--limit")
    refused(site, ["audit", "--before", "x"], 2, "--before")


site = Site()
everything(site, "stopped")
with site:
    everything(site, "running")
    audit(site)
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
