"""A browser driven by its DevTools protocol over two pipes: JSON messages that end with NUL.

Only the standard library. The browser reads file descriptor 3 and writes file descriptor 4
(`--remote-debugging-pipe`), so that no port is open and nobody else can drive it.
"""

import base64
import fcntl
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time

PATIENCE = 60


class Failed(AssertionError):
    """What a page did not do."""


def find():
    """The browser's program; None where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable"):
        path = shutil.which(name)
        if path:
            return path
    return None


class Browser:
    """One browser without windows, and its pages."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="layerfold-browser-")
        commands, self.write_end = os.pipe()
        self.read_end, answers = os.pipe()
        # Out of the way of 3 and 4, which the browser wants.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (commands, answers)]
        os.close(commands)
        os.close(answers)

        def place_ends():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        flags = [
            "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile}",
            "--no-first-run", "--no-default-browser-check", "--disable-gpu",
            "--disable-dev-shm-usage", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-extensions",
            "--disable-features=Translate,MediaRouter,OptimizationHints", "--mute-audio",
            "--password-store=basic", "--hide-scrollbars", "--force-color-profile=srgb",
        ]
        if os.geteuid() == 0:
            # The sandbox refuses to run as root; pages are our own.
            flags.append("--no-sandbox")
        self.log = open(os.path.join(self.profile, "log"), "wb")
        self.process = subprocess.Popen(
            [program, *flags, "about:blank"], preexec_fn=place_ends, pass_fds=(3, 4),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)
        for end in high:
            os.close(end)
        self.number = 0
        self.turn = threading.Lock()
        self.waiting = {}
        self.listeners = {}
        self.is_open = True
        threading.Thread(target=self._listen, daemon=True).start()
        self.version = self.send("Browser.getVersion")["product"]

    def _listen(self):
        rest = b""
        while True:
            try:
                piece = os.read(self.read_end, 1 << 16)
            except OSError:
                piece = b""
            if not piece:
                break
            rest += piece
            *messages, rest = rest.split(b"\0")
            for message in messages:
                self._take(json.loads(message))
        self.is_open = False
        for answer in list(self.waiting.values()):
            answer.put({"error": {"message": "the browser is gone"}})

    def _take(self, message):
        if "id" in message:
            answer = self.waiting.pop(message["id"], None)
            if answer:
                answer.put(message)
            return
        listener = self.listeners.get(message.get("sessionId"))
        if listener:
            listener(message["method"], message.get("params", {}))

    def post(self, method, params=None, session=None):
        """Sends a command; returns where its answer will come."""
        answer = queue.Queue()
        with self.turn:
            self.number += 1
            message = {"id": self.number, "method": method, "params": params or {}}
            if session:
                message["sessionId"] = session
            self.waiting[self.number] = answer
            data = json.dumps(message).encode() + b"\0"
            while data:
                data = data[os.write(self.write_end, data):]
        return answer

    def send(self, method, params=None, session=None, patience=PATIENCE):
        """Sends a command and returns its result."""
        if not self.is_open:
            raise Failed(f"{method}: the browser is gone; {self.last_words()}")
        try:
            answer = self.post(method, params, session).get(timeout=patience)
        except queue.Empty:
            raise Failed(f"{method}: no answer within {patience} s") from None
        if "error" in answer:
            raise Failed(f"{method}: {answer['error'].get('message')}")
        return answer.get("result", {})

    def last_words(self):
        self.log.flush()
        with open(self.log.name, "rb") as file:
            return file.read()[-2000:].decode(errors="replace")

    def page(self, own_cookies=False):
        """A new page; with cookies of its own where somebody else is meant."""
        params = {"url": "about:blank"}
        if own_cookies:
            context = self.send("Target.createBrowserContext")["browserContextId"]
            params["browserContextId"] = context
        target = self.send("Target.createTarget", params)["targetId"]
        session = self.send(
            "Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        return Page(self, target, session)

    def close(self):
        try:
            self.post("Browser.close")
            self.process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            pass
        # Its helpers are of its own group.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for end in (self.write_end, self.read_end):
            os.close(end)
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)


KEYS = {
    "Tab": (9, "\t"), "Enter": (13, "\r"), "Escape": (27, ""), "ArrowDown": (40, ""),
    "ArrowUp": (38, ""), "Space": (32, " "),
}


class Page:
    """A page, and what went wrong on it."""

    def __init__(self, browser, target, session):
        self.browser = browser
        self.target = target
        self.session = session
        self.faults = []
        self.loads = 0
        self.changed = threading.Condition()
        browser.listeners[session] = self._hear
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method, params=None, patience=PATIENCE):
        return self.browser.send(method, params, self.session, patience)

    def _hear(self, method, params):
        if method == "Page.loadEventFired":
            with self.changed:
                self.loads += 1
                self.changed.notify_all()
        elif method == "Page.javascriptDialogOpening":
            # Nothing here asks: somebody's text became script.
            self.faults.append(f"a dialog: {params.get('message')}")
            self.browser.post("Page.handleJavaScriptDialog", {"accept": False}, self.session)
        elif method == "Runtime.exceptionThrown":
            details = params.get("exceptionDetails", {})
            thrown = details.get("exception", {}).get("description", details.get("text"))
            self.faults.append(f"an exception: {thrown}")
        elif method == "Log.entryAdded":
            entry = params.get("entry", {})
            # Answers with a status of 400 and more are logged, too: tests look at those themselves.
            if entry.get("level") == "error" and entry.get("source") != "network":
                self.faults.append(f"an error: {entry.get('text')} ({entry.get('url', '')})")

    # Looking

    def evaluate(self, script, patience=PATIENCE):
        result = self.send(
            "Runtime.evaluate",
            {"expression": script, "returnByValue": True, "awaitPromise": True}, patience)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise Failed(details.get("exception", {}).get("description", details.get("text")))
        return result["result"].get("value")

    def has(self, selector):
        return self.evaluate(f"!!document.querySelector({json.dumps(selector)})")

    def text(self, selector="body"):
        return self.evaluate(
            f"(document.querySelector({json.dumps(selector)}) || {{}}).innerText || ''")

    @property
    def address(self):
        return self.evaluate("location.href")

    def wait(self, script, what, patience=PATIENCE):
        """Waits until the expression is true; pages may be exchanged meanwhile."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                if self.evaluate(script):
                    return
            except Failed:
                # The page is being exchanged.
                pass
            time.sleep(0.1)
        raise Failed(f"{what} did not come within {patience} s at {self.address}:\n"
                     f"{self.text()[:3000]}")

    # Going

    def go(self, address):
        self._loading(lambda: self.send("Page.navigate", {"url": address}))

    def _loading(self, act, patience=PATIENCE):
        before = self.loads
        act()
        with self.changed:
            if not self.changed.wait_for(lambda: self.loads > before, timeout=patience):
                raise Failed(f"no page came within {patience} s")

    def click(self, selector, loads=True, patience=PATIENCE):
        """Clicks with the mouse, where the element is, as a person does."""
        place = self.evaluate(f"""(() => {{
            const found = document.querySelector({json.dumps(selector)});
            if (!found) return null;
            found.scrollIntoView({{block: 'center'}});
            const box = found.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2, box.width * box.height];
        }})()""")
        if not place or place[2] == 0:
            raise Failed(f"there is no `{selector}` to click at {self.address}:\n"
                         f"{self.text()[:3000]}")

        def press():
            for kind in ("mousePressed", "mouseReleased"):
                self.send("Input.dispatchMouseEvent", {
                    "type": kind, "x": place[0], "y": place[1], "button": "left",
                    "clickCount": 1})

        if loads:
            self._loading(press, patience)
        else:
            press()

    def fill(self, selector, text):
        """Puts a text in place of what a field holds."""
        self.evaluate(f"""(() => {{
            const field = document.querySelector({json.dumps(selector)});
            field.focus();
            field.select();
        }})()""")
        if text:
            self.type(text)
        else:
            self.evaluate(f"document.querySelector({json.dumps(selector)}).value = ''")

    def choose(self, selector, value):
        self.evaluate(f"""(() => {{
            const field = document.querySelector({json.dumps(selector)});
            field.value = {json.dumps(value)};
            field.dispatchEvent(new Event('input', {{bubbles: true}}));
            field.dispatchEvent(new Event('change', {{bubbles: true}}));
        }})()""")

    def type(self, text):
        self.send("Input.insertText", {"text": text})

    def key(self, name, loads=False, patience=PATIENCE):
        code, text = KEYS[name]
        key = " " if name == "Space" else name
        base = {"key": key, "code": name, "windowsVirtualKeyCode": code,
                "nativeVirtualKeyCode": code}

        def press():
            down = "keyDown" if text else "rawKeyDown"
            self.send("Input.dispatchKeyEvent", {**base, "type": down, "text": text})
            self.send("Input.dispatchKeyEvent", {**base, "type": "keyUp"})

        if loads:
            self._loading(press, patience)
        else:
            press()

    def tab_to(self, selector, most=400):
        """Walks by the Tab key until the element has the focus, which has to be seen."""
        for _ in range(most):
            self.key("Tab")
            found = self.evaluate(f"""(() => {{
                const here = document.activeElement;
                const style = getComputedStyle(here);
                const seen = style.outlineStyle !== 'none' && style.outlineWidth !== '0px'
                    || style.boxShadow !== 'none';
                return [here.matches({json.dumps(selector)}), seen || here === document.body,
                        here.outerHTML.slice(0, 200)];
            }})()""")
            if not found[1]:
                raise Failed(f"the focus is not seen on {found[2]}")
            if found[0]:
                return
        raise Failed(f"`{selector}` was not reached by {most} steps of the Tab key")

    # The eye

    def size(self, width, height=900):
        self.send("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def scheme(self, name):
        self.send("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name},
                         # A colour on its way to another is nobody's choice.
                         {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def script(self, runs):
        self.send("Emulation.setScriptExecutionDisabled", {"value": not runs})

    def screenshot(self, path, height_max=6000):
        width, height = self.evaluate(
            "[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, height_max), "scale": 1}
        data = self.send("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True, "clip": clip})["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.browser.listeners.pop(self.session, None)
        self.browser.send("Target.closeTarget", {"targetId": self.target})
