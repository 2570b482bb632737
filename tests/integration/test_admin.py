#!/usr/bin/python3
"""The administrator's pages by plain HTTP: who gets in, what a browser keeps, what another site cannot do."""
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser, location  # noqa: E402
from dav import event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
SESSION, FORM = "slotkeeper_session", "slotkeeper_sign_in"


def sign_in(browser, user, password, fields=(), headers=(), wish=""):
    browser.get("/admin/sign-in?next=" + wish)
    return browser.send(dict({"user": user, "password": password}, **dict(fields)), headers=headers)


def signing_in(site):
    browser = Browser(site)
    answer = browser.get("/admin/")
    tap.equal(answer.status, 303, "the first page leads on")
    tap.equal(location(browser.get("/admin/jobs?state=dead")), (303, "/admin/sign-in?next=jobs"), "to the form that signs in")
    tap.equal(browser.get("/admin/nothing").status, 303, "and who is not signed in does not learn what there is")
    answer = browser.get("/admin/sign-in")
    tap.equal((answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]),
              (200, "text/html; charset=utf-8", "no-store"), "a form, which nobody keeps")
    answer = sign_in(browser, "boss", site.password("boss"), wish="jobs")
    tap.equal(location(answer), (303, "/admin/jobs"), "and back to where one wanted to go")
    cookie = next((line for line in browser.set_cookies if line.startswith(SESSION)), "")
    tap.check(re.fullmatch(SESSION + r"=\d+\.[A-Za-z0-9_-]{43}; Path=/admin/; HttpOnly; SameSite=Lax", cookie),
              "the cookie is for these pages alone and for no script", cookie)
    answer = browser.get("/admin/jobs")
    tap.check(answer.status == 200 and "boss" in answer.text and "Sign out" in answer.text, "signed in", answer.text)
    tap.equal(browser.get("/admin/nothing").status, 404, "there is no such page")
    with open(os.path.join(site.data, "data.mdb"), "rb") as store:
        tap.check(browser.cookies[SESSION].split(".")[1].encode() not in store.read(), "the store never had the secret")
    return browser


def nobody_else(site):
    refused = []
    for user, password in (("boss", "wrong"), ("nobody", "wrong"), ("alice", site.password("alice")), ("", ""),
                           ("boss", site.slotkeeper("app-password", "create", "boss", "--name", "phone").stdout.strip())):
        browser = Browser(site)
        answer = sign_in(browser, user, password)
        tap.check(answer.status == 403 and SESSION not in browser.cookies, f"{user or 'nobody at all'} does not get in", answer)
        refused.append(re.sub(r'value="[^"]*"', "", answer.text))
    tap.equal(len(set(refused)), 1, "and all are told the same")
    answer = sign_in(Browser(site), '"><script>alert(1)</script>', "x")
    tap.check("<script" not in answer.text and "&quot;&gt;&lt;script&gt;" in answer.text, "a name comes back as text", answer.text)


def guessing(site):
    browser = Browser(site)
    statuses = [sign_in(browser, "carol", f"guess {i}").status for i in range(4)]
    answer = sign_in(browser, "carol", site.password("carol"))
    tap.equal((statuses, answer.status, answer.headers["Retry-After"]), ([403, 403, 403, 429], 429, "60"),
              "after so many guesses the right password is not taken either")
    tap.equal(site.request("PROPFIND", "/dav/", user="carol", headers={"Depth": "0"}).status, 429, "nor by a calendar program")


def other_sites(site, browser):
    browser.get("/admin/jobs")
    secret = browser.secret()
    for name, fields, headers in (
            ("without the secret", {}, {}),
            ("with a wrong one", {"secret": secret[:-2] + "AA"}, {}),
            ("from another site", {"secret": secret}, {"Origin": "https://evil.example"}),
            ("from nowhere in particular", {"secret": secret}, {"Origin": "null"}),
            ("from another site, as the browser says", {"secret": secret}, {"Sec-Fetch-Site": "cross-site"}),
            ("from a neighbour", {"secret": secret}, {"Sec-Fetch-Site": "same-site"}),
            ("as something else", {"secret": secret}, {"Content-Type": "text/plain"})):
        answer = browser.ask("POST", "/admin/sign-out", fields, headers)
        tap.check(answer.status in (400, 403) and not browser.set_cookies, f"sign-out {name}: refused", answer)
    tap.equal(browser.get("/admin/sign-out").status, 405, "and not by a link")
    other = Browser(site)
    sign_in(other, "boss", site.password("boss"))
    other.get("/admin/jobs")
    tap.equal(browser.ask("POST", "/admin/sign-out", {"secret": other.secret()}).status, 403, "another session's secret is none")
    for name, fields, headers in (("without its secret", {"secret": ""}, {}), ("from another site", {}, {"Origin": "http://evil.example"})):
        answer = sign_in(Browser(site), "boss", site.password("boss"), fields=fields, headers=headers)
        tap.check(answer.status == 403 and not answer.headers["Set-Cookie"], f"nobody is signed in {name}", answer)
    origin = f"http://127.0.0.1:{site.port}"
    tap.equal(sign_in(Browser(site), "boss", site.password("boss"), headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"}).status,
              303, "a page of ours may")
    for wish in ("//evil.example/", "https://evil.example/", "jobs/../../evil", "\\evil.example", "/%2e%2e//evil.example"):
        answer = sign_in(Browser(site), "boss", site.password("boss"), wish=urllib.parse.quote(wish))
        tap.check(location(answer)[1].startswith("/admin/") and "evil" not in location(answer)[1], f"next={wish} leads nowhere else",
                  location(answer))


def fixation(site):
    browser = Browser(site)
    browser.cookies[SESSION] = "1." + "A" * 43
    sign_in(browser, "boss", site.password("boss"))
    first = browser.cookies[SESSION]
    tap.check(first != "1." + "A" * 43, "a session that somebody brought along is not taken over")
    sign_in(browser, "boss", site.password("boss"))
    tap.check(browser.cookies[SESSION] != first, "and each signing in makes a new one")
    browser.get("/admin/jobs")
    kept = browser.cookies[SESSION]
    answer = browser.ask("POST", "/admin/sign-out", {"secret": browser.secret()})
    tap.equal((location(answer), SESSION in browser.cookies), ((303, "/admin/sign-in"), False), "signed out")
    browser.cookies[SESSION] = kept
    tap.equal(browser.get("/admin/jobs").status, 303, "a cookie that was kept is worth nothing then")


def ends(site):
    for words, stdin in ((("user", "passwd", "boss", "--password-stdin"), site.password("boss") + "\n"), (("user", "remove", "dora"), None)):
        user = words[2]
        browser = Browser(site)
        sign_in(browser, user, site.password(user))
        tap.equal(browser.get("/admin/jobs").status, 200, f"{user} is in")
        site.slotkeeper(*words, stdin=stdin)
        tap.equal(browser.get("/admin/jobs").status, 303, f"and out with {words[1]}")


def frame(site, browser):
    answer = browser.get("/admin/jobs")
    policy = answer.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        tap.check(part in policy, f"the policy says {part}", policy)
    tap.equal([answer.headers[name] for name in ("X-Content-Type-Options", "Referrer-Policy", "X-Robots-Tag")],
              ["nosniff", "same-origin", "noindex, nofollow"], "and nothing leaks")
    tap.check(not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", answer.text), "no script, no style", answer.text)
    for part in ('<html lang="en">', 'href="#main"', '<main class="inner" id="main"', 'name="viewport"', "<h1>Jobs</h1>", 'aria-current="page"'):
        tap.check(part in answer.text, f"the frame has {part}", answer.text)
    for path in re.findall(r'href="(/assets/[^"]+)"', answer.text):
        asset = browser.get(path)
        tap.check(asset.status == 200 and "immutable" in asset.headers["Cache-Control"], f"{path.split('?')[0]} is there", asset)
        tap.equal(browser.get(path, **{"If-None-Match": asset.headers["ETag"]}).status, 304, "once")


def jobs(site, browser):
    put(site, "/dav/calendars/alice/bookings/b.ics", event("b"))
    put(site, "/dav/calendars/alice/work/w.ics", event("w<b>", summary="ill"))
    answer = browser.get("/admin/jobs?state=ready")
    number = re.search(r'<th scope="row">(\d+)</th><td data-label="What">overlap_alert</td>', answer.text)
    tap.check(number, "a job waits", answer.text)
    if not number:
        return
    secret = browser.secret()
    for action, wished in (("retry", "retry"), ("drop", "drop"), ("drop", "gone"), ("retry", "gone")):
        answer = browser.ask("POST", "/admin/jobs", {"secret": secret, "id": number.group(1), "action": action})
        tap.equal(location(answer), (303, "/admin/jobs?done=" + wished), f"{action}: {wished}")
    tap.check("is no longer there" in browser.get("/admin/jobs?done=gone").text, "and the page says so", browser.page)
    for fields in ({"id": "x", "action": "drop"}, {"id": "1", "action": "x"}, {"id": "1"}):
        tap.equal(browser.ask("POST", "/admin/jobs", dict(fields, secret=secret)).status, 400, f"{fields} is nothing")
    tap.equal(browser.get("/admin/jobs?state=<script>&after=x").status, 200, "a list of what there is not")
    log = site.slotkeeper("audit").stdout
    tap.check("boss" in log and "drop" in log and "page" in log, "the audit log knows who it was", log)


def alerts(site, browser):
    put(site, "/dav/calendars/alice/bookings/a.ics", event("a", "20270412T090000Z"))
    put(site, "/dav/calendars/alice/work/ill.ics", event("ill", "20270412T090000Z", summary="a secret illness"))
    answer = browser.get("/admin/alerts")
    tap.check("work" in answer.text and "alice" in answer.text and "12 April 2027" in answer.text, "an alert", answer.text)
    tap.check("secret illness" not in answer.text, "without what is private", answer.text)
    number = next(fields["id"] for _, fields, _ in browser.page.forms if fields.get("action") == "resolve")
    secret = browser.secret()
    for action, wished in (("resolve", "resolve"), ("resolve", "gone")):
        answer = browser.ask("POST", "/admin/alerts", {"secret": secret, "id": number, "action": action})
        tap.equal(location(answer), (303, "/admin/alerts?done=" + wished), f"{action}: {wished}")
    tap.check(f'value="{number}"' not in browser.get("/admin/alerts").text, "it is resolved", browser.answer.text)
    tap.check("resolved by" in browser.get("/admin/alerts?state=resolved").text, "and remembered", browser.answer.text)
    tap.equal([browser.ask("POST", "/admin/alerts", dict(fields, secret=secret)).status for fields in ({}, {"action": "resolve", "id": "x"})],
              [400, 400], "what is nothing")
    tap.equal(browser.ask("POST", "/admin/alerts", {"id": number, "action": "resolve"}).status, 403, "not without the secret")
    tap.check("boss" in site.slotkeeper("audit").stdout, "the audit log knows who it was")


def insecure(site):
    answer = site.request("GET", "/admin/sign-in", headers={"X-Forwarded-Proto": "http"})
    tap.equal(answer.status, 403, "no passwords where others listen")
    tap.equal(Browser(site).ask("POST", "/admin/sign-in", {"user": "boss"}, {"X-Forwarded-Proto": "http"}).status, 403, "none at all")
    answer = site.request("GET", "/admin/sign-in", headers={"X-Forwarded-Proto": "https"})
    tap.check(answer.headers["Set-Cookie"].endswith("; Secure"), "behind TLS the cookie stays there", answer.headers["Set-Cookie"])


with Site(users=["alice", "carol"], admins=["boss"], config="login-failures = 3\nlog-level = debug\n") as site:
    browser = signing_in(site)
    frame(site, browser)
    jobs(site, browser)
    alerts(site, browser)
    other_sites(site, browser)
    fixation(site)
    guessing(site)
    with open(site.log, errors="replace") as log:
        tap.check(browser.cookies[SESSION].split(".")[1] not in log.read(), "the log has no secret, at its most talkative")
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
with Site(users=["alice"], admins=["boss", "dora"], config="login-failures = 0\n") as site:
    nobody_else(site)
    ends(site)
with Site(admins=["boss"], config="trusted-proxies = {\"127.0.0.1\"}\n") as site:
    insecure(site)
with Site(admins=["boss"], config='public-url = "https://calendar.example.org"\n') as site:
    browser = Browser(site)
    sign_in(browser, "boss", site.password("boss"), headers={"Origin": "https://calendar.example.org"})
    tap.check(browser.set_cookies and all("; Secure" in line for line in browser.set_cookies), "where it is known to be behind TLS, always",
              browser.set_cookies)
tap.finish()
