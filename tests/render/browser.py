"""A real browser, driven over its own pipe: page after page in one process, at any width, light or dark."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

BROWSER = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)


class Browser:
    """One tab of a browser without a window."""

    def __init__(self, profile: Path) -> None:
        """Start it; it keeps what it must in a folder of its own."""
        command = [*BROWSER, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1', "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._asked = 0
        self._happened: list[str] = []
        self._tab: dict[str, str] = {}
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._tab = {"sessionId": self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        self.ask("Page.enable")
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._tab = {}
        self.ask("Browser.close")
        with self._process:
            pass

    def ask(self, method: str, **parameters: object) -> Mapping[str, Any]:
        """Ask one thing of the DevTools protocol, and give its answer."""
        assert self._process.stdin
        self._asked += 1
        question = {"id": self._asked, "method": method, "params": parameters} | self._tab
        self._process.stdin.write(json.dumps(question).encode() + b"\0")
        self._process.stdin.flush()
        while (told := self._next()).get("id") != self._asked:
            pass
        assert "error" not in told, told["error"]
        answer: Mapping[str, Any] = told["result"]
        return answer

    def show(self, *, width: int, scheme: str) -> None:
        """Give the window so many CSS pixels, and a reader who wants pages light or dark."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def load(self, address: str) -> None:
        """Open a page and wait for it."""
        self._happened.clear()
        assert "errorText" not in self.ask("Page.navigate", url=address), address
        while "Page.loadEventFired" not in self._happened:
            self._next()

    def run(self, script: str) -> Any:
        """Run a script in the page, and give what it or its promise comes to."""
        told = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def press(self, key: Literal["Tab", "Enter"]) -> None:
        """Press a key, as a reader without a mouse does."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r")}[key]
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text)

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout
        told = bytearray()
        while (byte := self._process.stdout.read(1)) != b"\0":
            assert byte, "the browser ended"
            told += byte
        message: dict[str, Any] = json.loads(told)
        self._happened.append(message.get("method", ""))
        return message
