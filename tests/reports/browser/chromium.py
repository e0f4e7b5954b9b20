"""A small client of Chromium, over the DevTools protocol on a pipe.

https://chromedevtools.github.io/devtools-protocol/; messages are JSON texts that end with NUL. Nothing
here waits for time to pass: each wait is for an answer or for an event.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

INSTALL = "apt-get install chromium (Debian), brew install --cask chromium (macOS)"

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def program() -> str | None:
    """Chromium's executable, or None."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


class Chromium:
    """A running browser. Pages are opened one after another, each with a context of its own."""

    def __init__(self, executable: str, profile: str) -> None:
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4; neither may be overwritten before it is copied.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (to_browser, from_browser)]
        self._process = os.posix_spawn(
            executable,
            [executable, *_OPTIONS, f"--user-data-dir={profile}"],
            os.environ,
            file_actions=[
                *((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)),
                *((os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(ends, start=3)),
            ],
            setpgroup=0,
        )
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        self._received = b""
        self._number = 0
        self.listeners: list[Callable[[str, dict[str, Any]], None]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Send a command, and wait for its answer; events that come before it go to the listeners."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def receive(self) -> dict[str, Any]:
        """The next message. Events are passed to the listeners too."""
        while b"\0" not in self._received:
            more = os.read(self._from, 1 << 16)
            if not more:
                raise AssertionError("Chromium ended")
            self._received += more
        text, self._received = self._received.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            for listener in self.listeners:
                listener(message["method"], message["params"])
        return message

    def close(self) -> None:
        """End the browser with all its processes."""
        os.close(self._to)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._from)


@contextlib.contextmanager
def running() -> Iterator[Chromium]:
    """A browser with a fresh profile."""
    executable = program()
    assert executable is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Chromium(executable, profile)
        try:
            yield browser
        finally:
            browser.close()


class Page:
    """One open page. `requested` are the URLs that it asked for, `problems` what its console said."""

    def __init__(
        self,
        browser: Chromium,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        scripting: bool = True,
        scale: float = 1,
        mobile: bool = False,
    ) -> None:
        self._browser = browser
        self.requested: list[str] = []
        self.problems: list[str] = []
        self._loaded = False
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        self._target = browser.call("Target.createTarget", url="about:blank", browserContextId=self._context)[
            "targetId"
        ]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)[
            "sessionId"
        ]
        browser.listeners.append(self._hear)
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=mobile,
        )
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[theme])
        if not scripting:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def _hear(self, method: str, parameters: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(str(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.problems.append(parameters["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.problems.append("dialog: " + parameters["message"])
            self._browser.call("Page.handleJavaScriptDialog", self._session, accept=True)

    def call(self, method: str, **parameters: Any) -> Any:
        """A DevTools command to this page."""
        return self._browser.call(method, self._session, **parameters)

    def allow(self, *permissions: str) -> None:
        """Grant permissions that a person would be asked for."""
        self._browser.call(
            "Browser.grantPermissions", permissions=list(permissions), browserContextId=self._context
        )

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self._loaded = False
        self.call("Page.navigate", url=url)
        while not self._loaded:
            self._browser.receive()

    def run(self, expression: str) -> Any:
        """The value (or the value of the promise) of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key; `code` is its Windows virtual key code."""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def picture(self, whole: bool = False) -> bytes:
        """A screenshot as PNG: of what is seen, or of the whole page."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def close(self) -> None:
        """Close it, and forget its storage."""
        self._browser.listeners.remove(self._hear)
        self._browser.call("Target.closeTarget", targetId=self._target)
        self._browser.call("Target.disposeBrowserContext", browserContextId=self._context)
