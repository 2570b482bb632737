#!/usr/bin/python3
"""The booking pages by plain HTTP: from a service to a booking, what is refused, and what the link of a booking opens."""
import datetime
import os
import re
import sys
import threading
import urllib.parse
import zoneinfo

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser, Business, location, next_monday  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
EVIL = "<script>alert(1)</script>\"'&"
KIM = {"name": "Kim", "email": "kim@example.org", "notes": ""}
KIM_OF_API = {"name": "Kim", "email": "kim@example.org"}
DAY = next_monday()
TUESDAY = DAY + datetime.timedelta(days=1)


def time_page(site, service, day=DAY, label="09:00", **query):
    """A browser at the form for one's details."""
    browser = Browser(site)
    browser.get(f"/book/{service}?" + urllib.parse.urlencode(dict(query, day=day.isoformat())))
    browser.follow(label)
    return browser


def book(site, service, fields=KIM, **place):
    browser = time_page(site, service, **place)
    browser.send(fields)
    return browser


def at(day, hour):
    """That hour in Amsterdam, as iCalendar writes it."""
    time = datetime.datetime(day.year, day.month, day.day, hour, tzinfo=zoneinfo.ZoneInfo("Europe/Amsterdam"))
    return time.astimezone(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def signed_in(site):
    browser = Browser(site)
    browser.get("/admin/sign-in")
    browser.send({"user": "boss", "password": site.password("boss")})
    return browser


def first_page(site):
    tap.equal(location(Browser(site).get("/")), (303, "/book/"), "the first page leads to the booking page")
    tap.equal(site.request("PROPFIND", "/", user="alice", headers={"Depth": "0"}).status, 207, "and a calendar program finds its way")
    browser = Browser(site)
    answer = browser.get("/book/")
    tap.check(answer.status == 200 and "Haircut" in answer.text and "Back office" not in answer.text, "what anybody may book", answer.text)
    tap.check("&lt;b&gt;Massage&lt;/b&gt;" in answer.text and "<b>Massage" not in answer.text, "a name is text", answer.text)
    tap.equal([browser.get(path).status for path in ("/book/none", "/book/back-office", "/book/%00", "/book/a%2Fb", "/book/manage/", "/book")],
              [404, 404, 404, 404, 404, 303], "what is not there")
    tap.equal((browser.ask("PUT", "/book/cut").status, browser.answer.headers["Allow"]), (405, "GET, HEAD, POST"), "read and sent")


def days_and_times(site, business):
    browser = Browser(site)
    answer = browser.get(f"/book/cut?day={DAY}")
    tap.equal(answer.status, 200, "a month")
    words = f"{DAY:%A} {DAY.day} {DAY:%B %Y}"
    tap.check(f"{words}, 16 times" in answer.text, f"says how many times {words} has", answer.text)
    saturday = DAY - datetime.timedelta(days=2)
    if saturday.month == DAY.month:
        tap.check(f"{saturday:%A} {saturday.day} {saturday:%B %Y}, no times" in answer.text, "and that a Saturday has none", answer.text)
    starts = [urllib.parse.unquote(href.split("start=")[1]) for href in browser.hrefs("start=")]
    tap.check(len(starts) == 16 and starts[0].startswith(f"{DAY}T09:00:00+0"), "and its times", starts)
    tap.check(all(f">{part}</h3>" in answer.text for part in ("Morning", "Afternoon")), "in parts of the day", answer.text)
    listed = business.call("GET", f"/services/cut/slots?from={DAY}&to={TUESDAY}")["slots"]
    tap.equal(starts, [slot["start"] for slot in listed], "those of the API")
    for who, count in (("alice", 16), ("bob", 16)):
        browser.get(f"/book/cut?day={DAY}&staff={who}")
        tap.equal(len(browser.hrefs("start=")), count, f"with {who} alone")
    tap.equal(browser.get(f"/book/cut?day={DAY}&staff=carol").status, 404, "not with somebody else")
    far = (datetime.date.today() + datetime.timedelta(days=4000)).isoformat()
    for query in ("day=x", "day=2000-01-01", f"day={far}", "month=9999-99-99", "tz=Nowhere/Land", "staff=", "start=x"):
        tap.equal(browser.get("/book/cut?" + query).status, 200, f"{query}: the first month")
    tap.equal(browser.get("/book/cut?day=1&day=2").status, 400, "what says two things says none")
    answer = Browser(site).get("/book/never")
    tap.check("There are no free times" in answer.text and "Nor are there any" in answer.text, "a month without times says so", answer.text)
    far = (datetime.date.today().replace(day=1) + datetime.timedelta(days=75)).replace(day=1)
    browser = Browser(site)
    browser.get("/book/later")
    tap.check(f"The next are in {far:%B %Y}" in browser.answer.text, "and where the next are", browser.answer.text)
    browser.follow("The next are")
    tap.check(len(browser.hrefs("start=")) > 0, "which is a link", browser.answer.text)


def zones(site):
    browser = Browser(site)
    browser.get(f"/book/cut?day={DAY}&tz=America/New_York")
    tap.check("Times are shown in America/New_York" in browser.answer.text and ">03:00</a>" in browser.answer.text, "another zone",
              browser.answer.text)
    browser.follow("03:00")
    tap.check("03:00 – 03:30 (America/New_York)" in browser.answer.text and "09:00 – 09:30 (Europe/Amsterdam)" in browser.answer.text,
              "then both are told", browser.answer.text)
    back = next(day for day in (datetime.date.today() + datetime.timedelta(days=n) for n in range(1, 400))
                if day.month == 10 and day.day > 24 and day.weekday() == 6)
    browser.get(f"/book/night?day={back}")
    labels = [link.text for link in browser.page.links if "start=" in link.attributes["href"]]
    tap.equal(labels, ["01:00", "02:00 (UTC+2)", "02:00 (UTC+1)", "03:00"], "the night the clock goes back has an hour twice")


def details(site):
    browser = time_page(site, "cut")
    tap.check('autocomplete="email"' in browser.answer.text and 'for="name"' in browser.answer.text and "Telephone" not in browser.answer.text,
              "a form with labels", browser.answer.text)
    answer = browser.send({"name": " ", "email": "nonsense", "notes": EVIL})
    tap.equal(answer.status, 422, "what is missing is asked for again")
    for part in ('href="#name"', 'href="#email"', 'aria-describedby="email-error email-hint"', 'aria-invalid="true"', 'value="nonsense"',
                 "&lt;script&gt;alert(1)&lt;/script&gt;"):
        tap.check(part in answer.text, f"has {part}", answer.text)
    tap.check("<script" not in answer.text, "and no script", answer.text)
    tap.equal(time_page(site, "call").send(KIM).status, 422, "a telephone number where it is needed")
    tap.equal(time_page(site, "call").send(dict(KIM, phone="+31 20 123")).status, 303, "is enough")
    for name, value in (("name", "x" * 201), ("email", "a@b@c"), ("notes", "x" * 2001), ("email", "kim@example.org\r\nBcc: x@y")):
        tap.equal(time_page(site, "cut").send(dict(KIM, **{name: value})).status, 422, f"a {name} like that is refused")
    tap.equal(browser.ask("POST", "/book/cut", dict(KIM, start="x")).status, 400, "a time that is none")
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        tap.equal(time_page(site, "cut").send(KIM, headers=headers).status, 403, f"no other site books: {headers}")


def booking(site):
    browser = time_page(site, "cut", label="10:00", staff="alice")
    answer = browser.send(dict(KIM, notes="one\n" + EVIL))
    tap.check(answer.status == 303 and re.fullmatch(r"/book/manage/[a-z0-9]{32}\?done=booked&tz=", answer.headers["Location"]),
              "booked, with a link", answer)
    where = answer.headers["Location"]
    answer = browser.goes_on()
    tap.equal((answer.status, answer.headers["Referrer-Policy"], answer.headers["Cache-Control"], answer.headers["X-Robots-Tag"]),
              (200, "no-referrer", "no-store", "noindex, nofollow"), "a page that nobody is told of")
    for part in ("Your booking is confirmed", "10:00 – 10:30 (Europe/Amsterdam)", "Kim", "kim@example.org", "one<br>&lt;script&gt;", "Haircut"):
        tap.check(part in answer.text, f"says {part}", answer.text)
    tap.check("<script" not in answer.text, "without script", answer.text)
    browser.follow("Add to my calendar")
    answer = browser.answer
    tap.equal((answer.headers["Content-Type"], answer.headers["Content-Disposition"], answer.headers["Cache-Control"]),
              ("text/calendar; charset=utf-8; method=PUBLISH", 'attachment; filename="booking.ics"', "no-store"), "for one's own calendar")
    for line in ("SUMMARY:Haircut", "LOCATION:Main street 1\\, or so", f"DTSTART:{at(DAY, 10)}", "STATUS:CONFIRMED"):
        tap.check(f"\r\n{line}\r\n" in answer.text, f"has {line}", answer.text)
    tap.check("ATTENDEE" not in answer.text and "alice" not in answer.text, "and nobody else", answer.text)
    return where.partition("?")[0]


def sent_twice(site):
    browser = time_page(site, "cut", label="11:00", staff="bob")
    page = browser.page
    first = location(browser.send(KIM))
    browser.page = page
    tap.equal(location(browser.send(KIM)), first, "a form that is sent twice books once")
    tap.equal(signed_in(site).get(f"/admin/bookings?day={DAY}&staff=bob").text.count("11:00–11:30"), 1, "one booking")


def taken(site):
    late = time_page(site, "cut", label="13:00", staff="alice")
    book(site, "cut", label="13:00", staff="alice")
    answer = late.send(dict(KIM, name="Lee", email="lee@example.org", notes="my " + EVIL))
    tap.equal(answer.status, 409, "somebody was quicker")
    tap.check("That time is not free any more" in answer.text and "<script" not in answer.text, "which is said", answer.text)
    element, fields, buttons = late.page.forms[-1]
    tap.check(len(buttons) >= 3 and fields["name"] == "Lee" and fields["notes"] == "my " + EVIL, "with other times and what was entered",
              (len(buttons), fields))
    tap.check(any("with" in button.text for button in buttons), "and who it is with", [button.text for button in buttons])
    words = buttons[0].text
    late.send(button=0)
    answer = late.goes_on()
    tap.check(answer.status == 200 and "Lee" in answer.text and words.split(", ")[1][:5] in answer.text, f"one press books {words}", answer.text)
    browsers = [time_page(site, "cut", label="15:00", staff="bob") for _ in range(8)]
    threads = [threading.Thread(target=browser.send, args=(dict(KIM, name=f"Kim {i}"),)) for i, browser in enumerate(browsers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal(sorted(browser.answer.status for browser in browsers), [303] + 7 * [409], "of eight at once one has it")


def managing(site, where):
    browser = Browser(site)
    browser.get(where)
    tap.equal([browser.get(where + query).status for query in ("?action=cancel", "?done=cancelled", "?move=1", f"?start={DAY}T16:00:00Z")],
              [200] * 4, "what looks acts on nothing")
    tap.check("10:00 – 10:30" in browser.get(where).text, "it is as it was", browser.answer.text)
    browser.follow("Move to another time")
    tap.check("At present" in browser.answer.text, "another time", browser.answer.text)
    browser.get(f"{where}?move=1&day={DAY}")
    tap.check("10:00" in [link.text for link in browser.page.links], "one's own time is no hindrance", browser.answer.text)
    browser.follow("16:00")
    tap.check("Move the booking to this time?" in browser.answer.text, "asks first", browser.answer.text)
    browser.send()
    answer = browser.goes_on()
    tap.check("has been moved" in answer.text and "16:00 – 16:30" in answer.text, "and moves it", answer.text)
    browser.get(f"{where}?start={DAY}T13:00:00%2B01:00&staff=alice")
    answer = browser.send()
    tap.check(answer.status == 409 and "Your booking is as it was" in answer.text, "not to a time that is taken", answer.text)
    browser.send(button=0)
    tap.check("has been moved" in browser.goes_on().text, "one press moves it to one that is free", browser.answer.text)
    stale = Browser(site)
    stale.get(where)
    form = next(i for i, (_, fields, _) in enumerate(stale.page.forms) if fields.get("action") == "cancel")
    browser.get(where)
    browser.follow("Move to another time")
    browser.follow("09:30", 0)
    browser.send()
    tap.equal(stale.send(form=form).headers["Location"], f"{where}?done=nothing&tz=", "who looks at an old page changes nothing")
    tap.equal([browser.ask("POST", where, fields).status for fields in ({}, {"action": "x"}, {"action": "move"}, {"action": "move", "pick": "x"})],
              [400] * 4, "what is no change")
    browser.get(where)
    browser.send(form=form)
    answer = browser.goes_on()
    tap.check(answer.status == 410 and "has been cancelled" in answer.text and "Book another" in answer.text, "cancelled", answer.text)
    tap.equal((browser.get(where).status, browser.get(where + "?move=1").status), (410, 410), "and over")
    tap.equal(location(browser.ask("POST", where, {"action": "cancel"})), (303, f"{where}?done=cancelled&tz="), "twice is once")
    for other in (where[:-1] + ("a" if where[-1] != "a" else "b"), where + "x", "/book/manage/x", where + "/x"):
        tap.equal((browser.get(other).status, browser.ask("POST", other, {"action": "cancel"}).status), (404, 404), f"{other[:16]}: nobody's")


def held(site, business):
    slot = business.call("GET", f"/services/cut/slots?from={TUESDAY}&to={TUESDAY + datetime.timedelta(days=1)}")["slots"][-1]
    token = business.call("POST", "/bookings", {"service": "cut", "start": slot["start"], "customer": KIM_OF_API, "hold": True})["manage_token"]
    browser = Browser(site)
    answer = browser.get("/book/manage/" + token)
    tap.check("This time is held for you" in answer.text, "a hold", answer.text)
    browser.send(form=next(i for i, (_, fields, _) in enumerate(browser.page.forms) if fields["action"] == "confirm"))
    answer = browser.goes_on()
    tap.check(answer.status == 200 and "Your booking is confirmed" in answer.text and "held for you" not in answer.text, "is confirmed", answer.text)


def too_late(site):
    browser = book(site, "fixed")
    where = location(browser.answer)[1].partition("?")[0]
    browser.goes_on()
    form = next(i for i, (_, fields, _) in enumerate(browser.page.forms) if fields.get("action") == "cancel")
    answer = browser.send(form=form)
    tap.check(answer.status == 409 and "too late" in answer.text and "Questions? desk@example.org" in answer.text, "too late to cancel: whom to ask",
              answer.text)
    tap.equal(browser.get(where).status, 200, "it stands")


def many(site):
    browser = time_page(site, "yoga", day=TUESDAY)
    tap.check("places left" not in browser.answer.text and 'name="seats"' in browser.answer.text, "for how many", browser.answer.text)
    tap.equal([time_page(site, "yoga", day=TUESDAY).send(dict(KIM, seats=seats)).status for seats in ("0", "4", "x", "")], [422] * 4, "as many as there are places")
    tap.equal(browser.send(dict(KIM, seats="2")).status, 303, "two come")
    browser = Browser(site)
    browser.get(f"/book/yoga?day={TUESDAY}")
    tap.check("09:001 place left" in browser.page.text, "one place is left", browser.page.text)
    answer = time_page(site, "yoga", day=TUESDAY).send(dict(KIM, seats="2", name="Lee"))
    tap.equal(answer.status, 409, "which is not enough for two")


def administrator(site):
    browser = signed_in(site)
    answer = browser.get(f"/admin/bookings?day={DAY}")
    for part in ("Lee", "lee@example.org", "Haircut", "confirmed", "cancelled", "13:00–13:30"):
        tap.check(part in answer.text, f"the list has {part}", answer.text)
    tap.check("<script" not in answer.text and "&lt;script&gt;" in answer.text, "and all as text", answer.text)
    tap.check("cancelled</td>" not in browser.get(f"/admin/bookings?day={DAY}&status=confirmed").text, "by status", browser.answer.text)
    everyone = len(re.findall("<tr>", browser.get(f"/admin/bookings?day={DAY}").text))
    bob = len(re.findall("<tr>", browser.get(f"/admin/bookings?day={DAY}&staff=bob").text))
    tap.check(1 < bob < everyone, "by person", (bob, everyone))
    tap.check("No bookings here" in browser.get("/admin/bookings?day=2020-01-01").text, "a day without any", browser.answer.text)
    tap.equal([browser.get("/admin/bookings" + query).status for query in ("?after=x", "?after=1-1", "?status=x&staff=nobody&day=x", f"?after={2**63}-1")],
              [200] * 4, "whatever is asked")


def administrator_cancels(site):
    customer = book(site, "call", dict(KIM, name="Ann", phone="1"), day=TUESDAY, label="15:00")
    where = location(customer.answer)[1].partition("?")[0]
    browser = signed_in(site)
    browser.get(f"/admin/bookings?day={TUESDAY}")
    form = next(i for i, (_, fields, buttons) in enumerate(browser.page.forms) if buttons and "Ann" in buttons[-1].text)
    page = browser.page
    tap.equal(browser.send({"secret": ""}, form=form).status, 403, "not without the secret")
    browser.page = page
    tap.equal(location(browser.send(form=form)), (303, f"/admin/bookings?done=cancel&day={TUESDAY}"), "an administrator cancels")
    tap.check("is cancelled" in browser.goes_on().text, "and is told", browser.answer.text)
    tap.equal(Browser(site).get(where).status, 410, "which the customer sees")
    secret = browser.secret()
    for fields, wished in (({"action": "complete", "id": "none", "version": "1"}, 303), ({"action": "x", "id": "none", "version": "1"}, 400),
                           ({"action": "cancel", "version": "1"}, 400), ({"action": "cancel", "id": "x"}, 400)):
        tap.equal(browser.ask("POST", "/admin/bookings", dict(fields, secret=secret, day="//evil")).status, wished, f"{fields}")
    tap.check("evil" not in (browser.ask("POST", "/admin/bookings", {"action": "cancel", "id": "x", "version": "1", "secret": secret,
                                                                     "day": "//evil"}).headers["Location"]), "nor anywhere else")
    tap.check("boss" in site.slotkeeper("audit").stdout, "the audit log knows who it was")


def rates(site):
    with Site(users=["alice"], config="rate-limit-slots = 4\nrate-limit-bookings = 2\n") as other:
        business = Business(other)
        business.hours("alice")
        business.service(id="cut", name="Haircut", staff=["alice"])
        statuses = [Browser(other).get("/book/cut").status for _ in range(6)]
        tap.equal(statuses, [200] * 4 + [429] * 2, "so many looks a minute")
        fields = dict(KIM, start=f"{DAY}T09:00:00Z")
        answers = [Browser(other).ask("POST", "/book/cut", fields) for _ in range(4)]
        tap.equal([answer.status for answer in answers], [303, 409, 429, 429], "and so many bookings")
        tap.check(int(answers[-1].headers["Retry-After"]) > 0 and "wait a minute" in answers[-1].text, "with a sentence", answers[-1])


with Site(users=["alice", "bob"], admins=["boss"],
          config="timezone = Europe/Amsterdam\nlog-level = debug\nrate-limit-slots = 0\nrate-limit-bookings = 0\nbusiness-contact = \"desk@example.org\"\n") as site:
    business = Business(site)
    later = (datetime.date.today().replace(day=1) + datetime.timedelta(days=75)).replace(day=5)
    for name in ("alice", "bob"):
        business.hours(name)
    business.hours("boss", days=(), overrides=[{"date": later.isoformat(), "hours": [["09:00", "10:00"]]}])
    both = ["alice", "bob"]
    business.service(id="cut", name="Haircut", staff=both, price="€ 30", location="Main street 1, or so")
    business.service(id="massage", name="<b>Massage</b>", staff=both)
    business.service(id="back-office", name="Back office", staff=both, public=False)
    business.service(id="call", name="Call", staff=both, ask_phone=True)
    business.service(id="never", name="Never", staff=["boss"], horizon_days=20)
    business.service(id="later", name="Later", staff=["boss"])
    business.service(id="fixed", name="Fixed", staff=both, cancel_notice_minutes=100000)
    business.service(id="yoga", name="Yoga", staff=["alice"], capacity=3, slot_step_minutes=60, duration_minutes=60)
    site.add_user("owl")
    business.hours("owl", days=("sun",), ranges=[["01:00", "04:00"]])
    business.service(id="night", name="Night", staff=["owl"], duration_minutes=60, slot_step_minutes=60, horizon_days=400)
    first_page(site)
    days_and_times(site, business)
    zones(site)
    details(site)
    where = booking(site)
    sent_twice(site)
    taken(site)
    managing(site, where)
    held(site, business)
    too_late(site)
    many(site)
    administrator(site)
    administrator_cancels(site)
    with open(site.log, errors="replace") as log:
        text = log.read()
        tap.check(where.rsplit("/", 1)[1] not in text, "the log has no link of a booking, at its most talkative")
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
    rates(site)
tap.finish()
