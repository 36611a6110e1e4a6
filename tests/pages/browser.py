"""A headless browser of the machine's own, spoken to through two pipes; no library is needed.

Source: the DevTools protocol, https://chromedevtools.github.io/devtools-protocol/, of which
`--remote-debugging-pipe` reads commands from file 3 and writes answers and events to file 4, each a
JSON object that ends with a zero byte.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MOST_S = 240  # for one answer, on a busy machine too


def executable():
    """The path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One tab of a browser.

    Args:
        folder: of its own, for its profile.
    """

    def __init__(self, folder):
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        self.reads, self.writes, self.kept = ours_in, ours_out, b""
        self.events, self.number, self.session = [], 0, None
        words = [executable(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        words += ["--remote-debugging-pipe", f"--user-data-dir={folder}", "--disable-dev-shm-usage"]
        words += ["--disable-background-networking", "--disable-component-update"]
        # The shell puts the pipes where the browser expects them; numbers are not ours to choose.
        script = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, *words],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        """The answer to a command."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writes, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self.number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                return told["result"]
            self.events.append(told)

    def _next(self):
        end = time.monotonic() + MOST_S
        while b"\0" not in self.kept:
            ready, _, _ = select.select([self.reads], [], [], max(0, end - time.monotonic()))
            part = os.read(self.reads, 2**20) if ready else b""
            if not part:
                raise RuntimeError("the browser says nothing more")
            self.kept += part
        message, _, self.kept = self.kept.partition(b"\0")
        return json.loads(message)

    def size(self, width, height, media=""):
        """Set the size of the window in pixels, and the medium ("print")."""
        mobile = width < 600
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
        )
        self.ask("Emulation.setEmulatedMedia", media=media)

    def open(self, path, scripts=True):
        """Open a file, with or without scripts of its own, and wait until it is drawn."""
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events.clear()
        self.ask("Page.navigate", url=path.as_uri())
        while not self.named("Page.loadEventFired"):
            self.events.append(self._next())
        if scripts:
            frame = "requestAnimationFrame"
            self.run(f"new Promise(done => {frame}(() => {frame}(done)))")

    def run(self, script):
        """The value of an expression on the page."""
        told = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in told:
            raise RuntimeError(f"{script}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def move(self, x, y):
        """Move the mouse there."""
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def press(self, key):
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key)

    def named(self, *methods):
        """What was told of events of these names, since the page was opened."""
        return [each["params"] for each in self.events if each.get("method") in methods]

    def pdf(self):
        """The page as it is printed, by its own size of paper."""
        told = self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(told["data"])

    def picture(self, whole=True):
        """The page as a PNG."""
        told = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(told["data"])

    def close(self):
        """End it."""
        self.process.terminate()
        self.process.wait(30)
        os.close(self.writes)
        os.close(self.reads)
