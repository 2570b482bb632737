#!/usr/bin/python3
"""The administrator's pages by plain HTTP: who gets in, what a browser keeps, what another site cannot do."""
import html
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dav import event, put  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
SESSION, FORM = "slotkeeper_session", "slotkeeper_sign_in"


class Browser:
    """Keeps cookies, follows no redirect by itself, and reads the secret of the last page's form."""

    def __init__(self, site):
        self.site, self.cookies, self.page, self.set_cookies = site, {}, "", []

    def ask(self, method, path, fields=None, headers=()):
        headers = dict(headers)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        answer = self.site.request(method, path, body, headers=headers)
        self.set_cookies = answer.headers.get_all("Set-Cookie") or []
        for line in self.set_cookies:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
            if "Max-Age=0" in line:
                del self.cookies[name]
        self.page = answer.text
        return answer

    def get(self, path, **headers):
        return self.ask("GET", path, headers=headers)

    def secret(self):
        found = re.search(r'name="secret" value="([^"]+)"', self.page)
        return found.group(1) if found else ""

    def sign_in(self, user, password, **more):
        self.get("/admin/sign-in?next=" + more.pop("next", ""))
        fields = {"user": user, "password": password, "secret": self.secret(),
                  "next": html.unescape(re.search(r'name="next" value="([^"]*)"', self.page).group(1))}
        fields.update(more.pop("fields", {}))
        return self.ask("POST", "/admin/sign-in", fields, more.pop("headers", ()))


def location(answer):
    return answer.status, answer.headers["Location"]


def signing_in(site):
    browser = Browser(site)
    answer = browser.get("/admin/")
    tap.equal(answer.status, 303, "the first page leads on")
    tap.equal(location(browser.get("/admin/jobs?state=dead")), (303, "/admin/sign-in?next=jobs"), "to the form that signs in")
    tap.equal(browser.get("/admin/nothing").status, 303, "and who is not signed in does not learn what there is")
    answer = browser.get("/admin/sign-in")
    tap.equal((answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]),
              (200, "text/html; charset=utf-8", "no-store"), "a form, which nobody keeps")
    answer = browser.sign_in("boss", site.password("boss"), next="jobs")
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
        answer = browser.sign_in(user, password)
        tap.check(answer.status == 403 and SESSION not in browser.cookies, f"{user or 'nobody at all'} does not get in", answer)
        refused.append(re.sub(r'value="[^"]*"', "", answer.text))
    tap.equal(len(set(refused)), 1, "and all are told the same")
    answer = Browser(site).sign_in('"><script>alert(1)</script>', "x")
    tap.check("<script" not in answer.text and "&quot;&gt;&lt;script&gt;" in answer.text, "a name comes back as text", answer.text)


def guessing(site):
    browser = Browser(site)
    statuses = [browser.sign_in("carol", f"guess {i}").status for i in range(4)]
    answer = browser.sign_in("carol", site.password("carol"))
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
    other.sign_in("boss", site.password("boss"))
    other.get("/admin/jobs")
    tap.equal(browser.ask("POST", "/admin/sign-out", {"secret": other.secret()}).status, 403, "another session's secret is none")
    for name, fields, headers in (("without its secret", {"secret": ""}, {}), ("from another site", {}, {"Origin": "http://evil.example"})):
        answer = Browser(site).sign_in("boss", site.password("boss"), fields=fields, headers=headers)
        tap.check(answer.status == 403 and not answer.headers["Set-Cookie"], f"nobody is signed in {name}", answer)
    origin = f"http://127.0.0.1:{site.port}"
    tap.equal(Browser(site).sign_in("boss", site.password("boss"), headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"}).status,
              303, "a page of ours may")
    for wish in ("//evil.example/", "https://evil.example/", "jobs/../../evil", "\\evil.example", "/%2e%2e//evil.example"):
        answer = Browser(site).sign_in("boss", site.password("boss"), next=urllib.parse.quote(wish))
        tap.check(location(answer)[1].startswith("/admin/") and "evil" not in location(answer)[1], f"next={wish} leads nowhere else",
                  location(answer))


def fixation(site):
    browser = Browser(site)
    browser.cookies[SESSION] = "1." + "A" * 43
    browser.sign_in("boss", site.password("boss"))
    first = browser.cookies[SESSION]
    tap.check(first != "1." + "A" * 43, "a session that somebody brought along is not taken over")
    browser.sign_in("boss", site.password("boss"))
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
        browser.sign_in(user, site.password(user))
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
tap.finish()
