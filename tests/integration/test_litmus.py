#!/usr/bin/python3
"""WebDAV's own conformance suite on a plain collection: litmus 0.13, every program of it."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap  # noqa: E402

tap = Tap()
PLAIN = "/dav/calendars/alice/files/"
SUITES = os.environ.get("LITMUS_SUITES", "basic copymove props locks http").split()


def summaries(text):
    """{suite: (passed, run)}"""
    return {name: (int(passed), int(run)) for name, run, passed in
            re.findall(r"summary for `(\w+)': of (\d+) tests run: (\d+) passed", text)}


with Site(users=["alice"], config="plain-collections = yes\n") as site:
    tap.equal(site.request("MKCOL", PLAIN, None, "alice").status, 201, "MKCOL makes a plain collection")
    directory = tempfile.mkdtemp(prefix="slotkeeper-litmus-")
    done = subprocess.run(["litmus", "-k", f"http://127.0.0.1:{site.port}{PLAIN}", "alice", site.password("alice")],
                          cwd=directory, env={**os.environ, "TESTS": " ".join(SUITES)}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", timeout=200)
    text = (done.stdout + done.stderr).replace("\r", "\n")
    told = "\n".join(line for line in text.splitlines() if re.search("FAIL|WARNING|summary|SKIPPED", line))
    found = summaries(text)
    for suite in SUITES:
        passed, run = found.get(suite, (0, 0))
        tap.check(run > 0 and passed == run and not re.search("WARNING", told), f"litmus {suite}: all tests pass, without a warning",
                  told or text[-2000:])
    check = site.slotkeeper("check", ok=None)
    tap.check(check.returncode == 0, "check finds nothing", check.stdout)
    shutil.rmtree(directory, ignore_errors=True)
tap.finish()
