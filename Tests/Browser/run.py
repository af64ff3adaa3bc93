#!/usr/bin/env python3
"""The pages in a real browser, against a real daemon with the demo model.

    Tests/Browser/run.py [--binaries FOLDER] [--pictures FOLDER] [--only WORD]

Submits in the form, watches the job to its end, opens the report, compares two, cancels one; tries
a wrong token, texts that would be script, the keyboard alone, no script at all; looks at every page
in three widths and both schemes. Exits with 0 where all went well, and with 77 where there is no
browser.
"""

import argparse
import os
import sys
import time
import traceback

# Nothing is left in the folder of the sources.
sys.dont_write_bytecode = True

import daemon as daemons
import devtools
import looks

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NO_BROWSER = 77

HOSTILE = [
    "<script>window.injected=1;alert(1)</script>",
    "\"><img src=x onerror=\"window.injected=1;alert(2)\">",
    "</textarea></pre><script>window.injected=1;alert(3)</script>",
    "' onmouseover='alert(4)' x='",
]


def manifest(name, ratios="[0.25]", more=""):
    return (f"version: 1\nname: {name}\nmodel: models/demo\ncompress:\n  - method: reverse\n"
            f"    ratios: {ratios}\nevaluate:\n  - task: perplexity\n"
            f"    path: models/demo/heldout.txt\n    limit: 2000\n{more}")


# Long enough to be met at work.
LONG = """version: 1
name: long
model: models/demo
calibration: {dataset: text, path: models/demo/calibration.txt, samples: 200, max_tokens: 512}
compress:
  - method: fold
    ratios: [0.125, 0.1875, 0.25, 0.3125, 0.375, 0.4375, 0.5]
"""


class Walk:
    """One visitor's way through the pages; later steps rest on earlier ones."""

    def __init__(self, browser, daemon, pictures):
        self.browser = browser
        self.daemon = daemon
        self.pictures = pictures
        self.page = browser.page()
        self.page.size(1400)
        self.wrong = []
        self.jobs = []

    def fail(self, words):
        self.wrong.append(words)
        print(f"  WRONG: {words}", flush=True)

    def expect(self, condition, words):
        if not condition:
            raise devtools.Failed(f"{words}, at {self.page.address}:\n{self.page.text()[:3000]}")

    def go(self, path):
        self.page.go(self.daemon.address + path)

    def look(self, name):
        looks.look(self.page, name, self.pictures, self.fail)

    def path(self):
        return self.page.address.removeprefix(self.daemon.address)

    def log_in(self, page, token):
        page.fill("input[name=token]", token)
        page.click("form[action$='/login'] button")

    def send_manifest(self, text):
        """By the editor: checked, planned, sent."""
        self.go("/submit")
        self.page.fill("#manifest", text)
        self.page.click("button[value=check]", patience=120)
        self.expect(self.page.has("button[value=send]"), "a sound manifest cannot be sent")
        self.page.click("button[value=send]")
        self.expect(self.path().startswith("/jobs/"), "sending leads to the job")
        return self.path().split("/")[2].split("?")[0].split("#")[0]

    def await_end(self, job, state="done", patience=300):
        """On the page of the job, which has to follow by itself."""
        self.page.wait(
            f"document.querySelector('main .state')?.innerText.trim() === '{state}'",
            f"the state {state} of job {job}", patience)

    # Steps, in their order

    def step_01_a_wrong_token_lets_nobody_in(self):
        self.go("/")
        self.expect(self.path().startswith("/login"), "the way in is the login")
        self.look("login")
        for token in ("wrong", "x" * 64, HOSTILE[0]):
            self.log_in(self.page, token)
            self.expect(self.page.has("#problem"), "a wrong token is told")
            self.expect("/login" in self.path(), "nobody is in")
        self.look("login-refused")
        self.go("/jobs")
        self.expect(self.path().startswith("/login"), "a wrong token opened a page")

    def step_02_a_token_lets_in(self):
        self.go("/")
        self.log_in(self.page, self.daemon.token("admin"))
        self.expect("/login" not in self.path(), "a right token is refused")
        cookies = self.page.send("Network.getCookies")["cookies"]
        self.expect(cookies, "there is no cookie")
        for cookie in cookies:
            self.expect(cookie["httpOnly"], f"script can read {cookie['name']}")
            self.expect(cookie.get("sameSite") in ("Strict", "Lax"), "the cookie is sent anywhere")
        self.look("home-empty")

    def step_03_an_error_stands_at_its_line(self):
        self.go("/submit")
        self.look("submit")
        self.page.fill("#manifest", manifest("bad").replace("reverse", "revrese"))
        self.page.click("button[value=check]")
        self.expect("Line 5, column 13" in self.page.text("#fault"), "no line is told")
        self.expect("reverse" in self.page.text("#fault"), "no cure is told")
        chosen = self.page.evaluate("""(() => {
            const editor = document.getElementById('manifest');
            return editor.value.slice(editor.selectionStart, editor.selectionEnd);
        })()""")
        self.expect(chosen == "revrese", f"the editor shows `{chosen}`")
        self.look("submit-fault")

    def step_04_the_form_makes_a_job(self):
        self.go("/submit")
        page = self.page
        page.evaluate("document.querySelector('details.maker').open = true")
        names = page.evaluate(
            "[...document.querySelectorAll('#models option')].map((option) => option.value)")
        self.expect("models/demo" in names, f"the demo model is not suggested: {names}")
        page.fill("#f-model", "models/demo")
        page.fill("#f-name", "by-form")
        page.choose("#f-method", "reverse")
        hidden = page.evaluate("""[...document.querySelectorAll('details[data-chooser=method]')]
            .filter((group) => !group.hidden).map((group) => group.dataset.choice)""")
        self.expect(hidden in ([], ["reverse"]), f"other methods' parameters are shown: {hidden}")
        page.fill("#f-amount_value", "0.25, 0.5")
        page.choose("#f-dataset", "")
        page.click("input[name=task][value=divergence]", loads=False)
        page.evaluate("""document.querySelector('details[data-choice=perplexity]').open = true""")
        page.fill("[id='f-t.perplexity.limit']", "2000")
        page.click("button[value=make]", patience=120)
        text = page.evaluate("document.getElementById('manifest').value")
        self.expect("ratios: [0.25, 0.5]" in text and "limit: 2000" in text, text)
        self.expect("divergence" not in text, text)
        self.expect(page.has("section.plan dl"), "there is no plan")
        self.look("submit-plan")
        page.click("button[value=send]")
        self.expect(self.path().startswith("/jobs/"), "sending leads to the job")
        self.expect("#" not in self.path(), "the way to the job keeps the editor's fragment")
        self.jobs.append(self.path().split("/")[2].split("?")[0].split("#")[0])

    def step_05_the_job_is_watched_to_its_end(self):
        # A page without a log is loaded again once, when there is one.
        loads = self.page.loads + (not self.page.has("[data-log]"))
        self.await_end(self.jobs[0])
        self.page.wait(
            "document.querySelector('[data-live=places]').innerText.includes('succeeded')",
            "the end of the attempt", 30)
        if self.page.has("[data-log]"):
            length = self.page.evaluate(
                "fetch(document.querySelector('[data-log]').dataset.log)"
                ".then((answer) => answer.text()).then((text) => text.length)")
            self.page.wait(
                f"document.querySelector('[data-log]').textContent.length >= {length}",
                "the end of the log", 30)
        self.expect(self.page.loads <= loads, "the page was loaded again to follow")
        self.look("job-done")

    def step_06_the_report_opens(self):
        self.go(f"/jobs/{self.jobs[0]}/report")
        self.expect(self.page.has("table"), "the report has no table")
        self.expect("perplexity" in self.page.text().lower(), "the report has no figures")

    def step_07_two_are_compared(self):
        self.jobs.append(self.send_manifest(manifest("second", "[0.375]")))
        self.await_end(self.jobs[1])
        self.go("/compare")
        for job in self.jobs[:2]:
            self.page.click(f"input[name=job][value='{job}']", loads=False)
        self.page.click("form.choose button")
        self.expect(all(job in self.page.address for job in self.jobs[:2]),
                    "the address does not name both")
        rows = "document.querySelector('table.beside').tBodies[0].rows.length"
        self.expect(self.page.evaluate(rows) == 4, "not the original and three models")
        self.expect(self.page.has("svg.chart.wide circle.mark"), "nothing is drawn")
        self.look("compare")
        head = "th[scope=col] a[href*='sort=size']"
        self.page.click(head)
        self.expect(self.page.has("th[aria-sort=ascending]"), "a heading does not sort")
        first = self.page.evaluate(
            "document.querySelector('table.beside').tBodies[0].rows[1].innerText")
        self.page.click("th[aria-sort=ascending] a")
        self.expect(self.page.has("th[aria-sort=descending]"), "a second click does not turn")
        last = self.page.evaluate(
            "document.querySelector('table.beside').tBodies[0].rows[1].innerText")
        self.expect(first != last, "the order is the same")

    def step_08_a_running_job_is_cancelled(self):
        job = self.send_manifest(LONG)
        self.page.wait(
            "document.querySelector('main .state')?.innerText.trim() === 'running'",
            "the start", 120)
        # The page is loaded again when there is a log: not while it is looked at.
        self.page.wait("document.querySelector('[data-log]') !== null", "the log", 120)
        self.look("job-running")
        self.page.click("form[action$='/cancel'] button")
        self.await_end(job, "cancelled", 120)
        self.look("job-cancelled")

    def step_09_a_job_is_run_again_with_changes(self):
        self.go(f"/submit?from={self.jobs[1]}")
        text = self.page.evaluate("document.getElementById('manifest').value")
        self.expect(text == manifest("second", "[0.375]"), f"another manifest: {text}")

    def step_10_texts_are_never_script(self):
        for number, words in enumerate(HOSTILE):
            comment = words.replace("\n", " ")
            self.daemon.drop(f"bad-{number}.yaml", f"version: 1\nmodel: \"{number}\"\n# {comment}\n")
            try:
                self.daemon.drop(words.replace("/", "|") + ".yaml", "version: 1\n")
            except OSError:
                pass
            self.go("/submit")
            self.page.fill("#manifest", f"version: 1\nname: n\nmodel: '{words}'\n# {words}\n")
            self.page.click("button[value=check]")
            self.injected("submit")
        job = self.send_manifest(manifest("hostile", more="".join(f"# {w}\n" for w in HOSTILE)))
        self.await_end(job)
        self.injected("job")
        for path in ("/compare", "/jobs", "/store"):
            for words in HOSTILE:
                encoded = "".join(f"%{byte:02X}" for byte in words.encode())
                self.go(f"{path}?job={encoded}&sort={encoded}&text={encoded}&keep={encoded}")
                self.injected(path)
        end = time.monotonic() + 30
        self.go("/rejected")
        while "bad-0" not in self.page.text() and time.monotonic() < end:
            time.sleep(0.5)
            self.go("/rejected")
        self.expect("bad-0" in self.page.text(), "a rejected file is not shown")
        self.injected("rejected")
        self.look("rejected")
        self.daemon.token("read", name=HOSTILE[0])
        self.go("/tokens")
        self.injected("tokens")
        self.look("tokens")

    def injected(self, place):
        for fault in self.page.evaluate(looks.INJECTED):
            self.fail(f"{place}: {fault}")

    def step_11_the_store_is_collected(self):
        self.go("/store")
        self.expect("By stage" in self.page.text(), "no bytes by stage")
        self.page.fill("#keep", "0")
        self.page.click("form.keep button")
        self.look("store")
        self.page.click("form.collect button")
        self.expect("Last collections" in self.page.text(), "the collection is not told")
        self.look("store-collected")

    def step_12_the_keyboard_is_enough(self):
        self.go("/")
        self.page.tab_to("a.skip")
        self.page.tab_to("nav a[href$='/submit']")
        self.page.key("Enter", loads=True)
        self.expect(self.path().startswith("/submit"), "Enter does not follow a link")
        self.page.tab_to("#manifest")
        self.page.send("Input.insertText", {"text": manifest("by-keys", "[0.0625]")})
        self.page.tab_to("button[value=check]")
        self.page.key("Enter", loads=True, patience=120)
        self.page.tab_to("button[value=send]")
        self.page.key("Enter", loads=True)
        self.expect(self.path().startswith("/jobs/"), "the keyboard does not send a job")
        job = self.path().split("/")[2].split("?")[0].split("#")[0]
        self.await_end(job)
        self.go("/compare")
        self.page.tab_to(f"input[name=job][value='{job}']")
        self.page.key("Space")
        self.page.tab_to("form.choose button")
        self.page.key("Enter", loads=True)
        self.expect(job in self.page.address, "the keyboard does not compare")

    def step_13_script_is_not_needed(self):
        self.page.script(False)
        try:
            self.go("/submit")
            # What the script hides is there.
            self.expect(self.page.has("details[data-choice=mka]:not([hidden])"), "hidden")
            self.page.fill("#manifest", manifest("no-script"))
            self.page.click("button[value=check]", patience=120)
            self.page.click("button[value=send]")
            self.expect(self.path().startswith("/jobs/"), "no job without script")
            job = self.path().split("/")[2].split("?")[0].split("#")[0]
            self.daemon.run("wait", job)
            self.go(f"/jobs/{job}")
            self.await_end(job)
            self.go(f"/compare?job={job}&sort=-size")
            self.expect(self.page.has("th[aria-sort=descending]"), "no order without script")
        finally:
            self.page.script(True)

    def step_14_others_look_and_change_nothing(self):
        other = self.browser.page(own_cookies=True)
        try:
            other.size(1400)
            other.go(self.daemon.address + "/")
            self.log_in(other, self.daemon.token("read"))
            other.go(f"{self.daemon.address}/jobs/{self.jobs[0]}")
            if other.has("form[action$='/retry'], form[action$='/cancel'], a[href$='/remove']"):
                self.fail("who may only look is offered changes")
            other.go(self.daemon.address + "/submit")
            if other.has("textarea"):
                self.fail("who may only look is offered the editor")
            # A form of another page: no token of ours.
            status = other.evaluate(
                "fetch(location.origin + '/store/collect', {method: 'POST', body: "
                "new URLSearchParams({keep: '0'})}).then((answer) => answer.status)")
            if status not in (401, 403):
                self.fail(f"a form without its token is answered with {status}")
            self.wrong += [f"another visitor: {fault}" for fault in other.faults]
        finally:
            other.close()

    def step_15_the_list_and_the_way_out(self):
        self.go("/")
        heights = self.page.evaluate("""[...new Set([...document.querySelectorAll(
            '.filter input, .filter select, .filter button')].map(
            (field) => Math.round(field.getBoundingClientRect().height)))]""")
        self.expect(len(heights) == 1, f"fields of the filter are {heights} pixels high")
        self.look("home")
        self.page.click("form[action$='/logout'] button")
        self.go("/")
        self.expect(self.path().startswith("/login"), "who has left is still in")

    def run(self, only):
        steps = sorted(name for name in dir(self) if name.startswith("step_"))
        for name in steps:
            if only and only not in name and not name.startswith(("step_02",)):
                continue
            print(name.removeprefix("step_").replace("_", " "), flush=True)
            try:
                getattr(self, name)()
            except (devtools.Failed, AssertionError) as error:
                self.fail(f"{name}: {error}")
            except Exception:
                self.fail(f"{name}: {traceback.format_exc()}")
            for fault in self.page.faults:
                self.fail(f"{name}: {fault}")
            self.page.faults.clear()
        return not self.wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binaries", default=os.path.join(ROOT, ".build", "release"))
    parser.add_argument("--pictures", help="folder for screenshots; none are made without it")
    parser.add_argument("--only", help="steps with this word in their name, and the login")
    arguments = parser.parse_args()
    program = devtools.find()
    if not program:
        print("no browser: ./test --browser installs chromium")
        return NO_BROWSER
    if arguments.pictures:
        os.makedirs(arguments.pictures, exist_ok=True)
    daemon = daemons.Daemon(ROOT, arguments.binaries)
    try:
        browser = devtools.Browser(program)
        try:
            print(f"{browser.version} at {daemon.address}", flush=True)
            walk = Walk(browser, daemon, arguments.pictures)
            if walk.run(arguments.only):
                print("all went well")
                return 0
            print(f"{len(walk.wrong)} faults; the daemon said:\n{daemon.words()}")
            return 1
        finally:
            browser.close()
    finally:
        daemon.close()


if __name__ == "__main__":
    sys.exit(main())
