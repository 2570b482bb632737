#!/usr/bin/python3
"""The pages in Chromium, with script and without: a booking from the first page to its cancellation, and /admin/.

SLOTKEEPER_SHOTS=DIRECTORY keeps what was seen as pictures.
"""
import os
import sys

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser, Business, next_monday  # noqa: E402
from server import Site, Tap  # noqa: E402

tap = Tap()
DAY = next_monday()
PHONE, DESK = (360, 740), (1280, 900)
WAIT_SECONDS = 30
TARGET_MIN = 24  # px, WCAG 2.2, 2.5.8
SHOTS = os.environ.get("SLOTKEEPER_SHOTS")


def chromium(site, size, script, dark=False):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--force-device-scale-factor=1", f"--user-data-dir={os.path.join(site.directory, 'chromium')}"):
        options.add_argument(argument)
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": {"width": size[0], "height": size[1], "pixelRatio": 1.0,
                                                                          "touch": False}})
    if not script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def is_gone(element):
    """Another page is there; in between the driver has several words for it."""
    try:
        element.is_enabled()
        return False
    except WebDriverException:
        return True


class Visitor:
    def __init__(self, site, driver, name):
        self.site, self.driver, self.name = site, driver, name

    def look(self, what):
        """What must be so on every page: nothing sticks out, all can be hit, and the browser complains of nothing."""
        driver = self.driver
        root = driver.find_element(By.TAG_NAME, "html")
        width = driver.execute_script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        tap.check(width[0] <= width[1], f"{self.name}, {what}: nothing sticks out", width)
        small = [(element.text, element.size) for element in driver.find_elements(By.CSS_SELECTOR, "a.button, button, a.day, a.card, summary, nav a")
                 if element.is_displayed() and min(element.size["height"], element.size["width"]) < TARGET_MIN]
        tap.check(not small, f"{self.name}, {what}: all can be hit", small)
        tap.equal((len(driver.find_elements(By.TAG_NAME, "h1")), root.get_attribute("lang")), (1, "en"), f"{self.name}, {what}: one heading")
        complaints = [entry["message"] for entry in driver.get_log("browser") if "status of 4" not in entry["message"]]
        tap.check(not complaints, f"{self.name}, {what}: no complaint", complaints)
        if SHOTS:
            height = driver.execute_script("return document.documentElement.scrollHeight")
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width[1], "height": height, "deviceScaleFactor": 1, "mobile": False})
            driver.save_screenshot(os.path.join(SHOTS, f"{self.name}-{what.replace(' ', '-')}.png"))
            driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def get(self, path):
        self.driver.get(self.site.url + path)

    def ask(self, query):
        """The same page, asked something else."""
        self.driver.get(self.driver.current_url.partition("?")[0] + query)

    def press(self, words, nth=0):
        found = [element for element in self.driver.find_elements(By.CSS_SELECTOR, "a, button, summary") if words in element.text and element.is_displayed()]
        page, leads_on = self.driver.find_element(By.TAG_NAME, "html"), found[nth].tag_name != "summary"
        found[nth].click()
        if leads_on:  # a click returns before the next page is there
            WebDriverWait(self.driver, WAIT_SECONDS).until(lambda driver: is_gone(page))
            WebDriverWait(self.driver, WAIT_SECONDS, ignored_exceptions=[WebDriverException]).until(
                lambda driver: driver.find_elements(By.TAG_NAME, "h1"))

    def fill(self, **fields):
        for name, value in fields.items():
            element = self.driver.find_element(By.ID, name)
            element.clear()
            element.send_keys(value)

    def sees(self, words, name):
        text = self.driver.find_element(By.TAG_NAME, "body").text
        tap.check(words in text, f"{self.name}: {name}", text)


def has_script(driver):
    driver.get("data:text/html,<title>off</title><script>document.title = 'on'</script>")
    return driver.title == "on"


def books(visitor, label):
    visitor.get("/book/")
    visitor.look("services")
    visitor.press("Haircut")
    visitor.get(f"/book/cut?day={DAY}")
    visitor.look("times")
    visitor.press(label)
    visitor.look("details")
    visitor.fill(name="Kim de Vries")
    visitor.driver.execute_script("document.querySelector('form').noValidate = true")
    visitor.press("Book this time")
    visitor.look("what is missing")
    visitor.sees("Please enter your e-mail address.", "what is missing is said")
    visitor.fill(email="kim@example.org", notes="A first visit.")
    visitor.press("Book this time")
    visitor.sees("Your booking is confirmed", "booked")
    visitor.look("booked")


def moves(visitor):
    visitor.press("Move to another time")
    visitor.look("another time")
    visitor.ask(f"?move=1&day={DAY}")
    visitor.press("16:30")
    visitor.look("really")
    visitor.press("Move to another time")
    visitor.sees("Your booking has been moved", "moved")
    visitor.press("Cancel the booking")
    visitor.look("cancel")
    visitor.press("Yes, cancel it")
    visitor.sees("Your booking has been cancelled", "cancelled")
    visitor.look("cancelled")


def comes_late(visitor, label):
    """Somebody else takes the time meanwhile."""
    visitor.get(f"/book/cut?day={DAY}&staff=alice")
    visitor.press(label)
    visitor.fill(name="Lee", email="lee@example.org")
    quicker = Browser(visitor.site)
    quicker.get(visitor.driver.current_url.removeprefix(visitor.site.url))
    quicker.send({"name": "Pat", "email": "pat@example.org"})
    visitor.press("Book this time")
    visitor.sees("That time is not free any more", "refused")
    visitor.look("taken")
    visitor.press("with bob")
    visitor.sees("Your booking is confirmed", "one press books another")
    visitor.sees("Lee", "with what was typed")


def keyboard(visitor):
    """The skip link is the first stop, and what has the focus shows it."""
    visitor.get("/book/")
    visitor.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    focus = visitor.driver.switch_to.active_element
    tap.equal(focus.text, "Skip to the content", f"{visitor.name}: the first stop")
    tap.check(focus.value_of_css_property("outline-style") == "solid" and focus.location["x"] >= 0, f"{visitor.name}: which is seen",
              focus.value_of_css_property("outline"))


def administrates(visitor):
    visitor.get("/admin/")
    visitor.look("sign in")
    visitor.fill(user="boss", password="wrong")
    visitor.press("Sign in")
    visitor.sees("is not right", "a wrong password")
    visitor.look("wrong password")
    visitor.fill(user="boss", password=visitor.site.password("boss"))
    visitor.press("Sign in")
    visitor.get(f"/admin/bookings?day={DAY}")
    visitor.sees("Kim de Vries", "the bookings")
    for page in ("bookings", "alerts", "jobs"):
        if page != "bookings":
            visitor.get("/admin/" + page)
        visitor.look(page)
    visitor.press("Sign out")
    tap.check("/admin/sign-in" in visitor.driver.current_url, f"{visitor.name}: signed out", visitor.driver.current_url)


with Site(users=["alice", "bob"], admins=["boss"],
          config='timezone = Europe/Amsterdam\nbusiness-name = "Salon Noord"\nbusiness-contact = "020 123 45 67"\nrate-limit-slots = 0\n'
                 "rate-limit-bookings = 0\n") as site:
    business = Business(site)
    for name in ("alice", "bob"):
        business.hours(name)
    business.service(id="cut", name="Haircut", staff=["alice", "bob"], price="€ 30", location="Main street 1, Amsterdam")
    business.service(id="colour", name="Colouring", staff=["alice"], duration_minutes=150, price="€ 95")
    for name, size, script, dark, label in (("desk", DESK, True, False, "10:00"), ("phone", PHONE, False, False, "11:30"), ("dark", DESK, False, True, "14:00")):
        driver = chromium(site, size, script, dark)
        try:
            visitor = Visitor(site, driver, name)
            tap.equal(has_script(driver), script, f"{name}: script is {'on' if script else 'off'}")
            books(visitor, label)
            if name == "phone":
                moves(visitor)
                comes_late(visitor, "15:00")
            keyboard(visitor)
            if name != "dark":
                administrates(visitor)
        finally:
            driver.quit()
    tap.equal(site.slotkeeper("check").returncode, 0, "check finds nothing")
tap.finish()
