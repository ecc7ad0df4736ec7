"""The same visitor in a real Chromium: reads what the browser made of the page, clicks and types as a person does."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from visitor import Visitor
from visitor import read_html

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-gpu",
    "--no-first-run",
)
FINISH = """
for (const one of document.getAnimations())
  if (isFinite(one.effect.getComputedTiming().endTime)) one.finish();
"""
"""Ends what moves: colours are judged when a drawer stands, not while it fades in."""
AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
SHOTS = os.environ.get("ENTRA_SIM_SHOTS", "")
"""A folder for pictures of every screen; CI keeps it."""


def find_chromium() -> str:
    """Return the path of an installed Chromium; without one the test is skipped, or fails where CI promises one."""
    named = os.environ.get("ENTRA_SIM_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        text = "no Chromium is installed: browser tests are skipped (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return found


def sync_api() -> Any:
    """Return playwright's interface; without the package the test is skipped, or fails where CI promises it."""
    if os.environ.get("CI") == "true":
        return importlib.import_module("playwright.sync_api")
    return pytest.importorskip("playwright.sync_api")


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser."""
    path = find_chromium()
    with sync_api().sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class BrowserVisitor(Visitor):
    """A person with a browser; everything that should not happen is kept in `complaints`."""

    def __init__(self, browser: Any, base: str, *, own: tuple[str, ...] = (), **context: Any) -> None:
        super().__init__(lambda environ, start: [], base)
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **context)
        self.context.set_default_timeout(10_000)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.own = (base, *own)
        self.tab.on("console", self._heard)
        self.tab.on("pageerror", lambda error: self.complaints.append(f"{self.tab.url}: {error}"))
        self.tab.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        expected = "the server responded with a status of 4" in message.text
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"{self.tab.url}: {message.type}: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((*self.own, "data:", "about:")):
            self.complaints.append(f"{self.tab.url} asked {request.url}")

    def open(self, path: str) -> BrowserVisitor:
        """Open an address of this side."""
        self.tab.goto(path if path.startswith("http") else self.base + path)
        return self._read()

    def _read(self) -> BrowserVisitor:
        self.html = self.tab.content()
        self.page, self.path = read_html(self.html), self.tab.url.removeprefix(self.base)
        mains = self.page.all("main")
        if mains:
            self.visited.setdefault(mains[0].attributes.get("data-screen", ""), self.path)
        return self

    def click(self, words: str, *, within: str = "") -> BrowserVisitor:
        """Click the link or button with these words."""
        escaped = re.escape(words).replace("/", ".")
        exact = re.compile(rf"^\s*{escaped}( \(.*\))?\s*$" if not within else escaped)
        place = self.tab.locator("main")
        if within:
            place = place.locator("tr, li").filter(has_text=within).first
        for scope in (place, self.tab.locator("body")):
            for role in ("link", "button"):
                found = scope.get_by_role(role, name=exact)
                if not found.count():
                    found = scope.get_by_role(role, name=exact, include_hidden=True)
                if found.count():
                    self._reveal(found.first)
                    with self.tab.expect_navigation():
                        found.first.click()
                    return self._read()
        raise AssertionError(f"no link or button '{words}' on {self.tab.url}")

    def _reveal(self, locator: Any) -> None:
        """Open the sections that hide it, as a person would, by clicking their headings."""
        for _ in range(4):
            closed = locator.locator("xpath=ancestor::details[not(@open)]")
            if not closed.count():
                return
            closed.first.locator("> summary").click()

    def fill(self, label: str, value: str) -> BrowserVisitor:
        """Type, or choose an option."""
        field = self.tab.locator("main").get_by_label(label, exact=True).first
        self._reveal(field)
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)
        return self

    def choose(self, label: str, group: str = "") -> BrowserVisitor:
        """Choose a radio button."""
        place = self.tab.get_by_role("group", name=group) if group else self.tab.locator("main")
        place.get_by_role("radio", name=label, exact=True).check()
        return self

    def tick(self, label: str, *, on: bool = True) -> BrowserVisitor:
        """Tick or untick a check box."""
        found = (
            self.tab.locator("main")
            .get_by_role("checkbox", name=re.compile("^\\s*" + re.escape(label).replace("/", ".")))
            .first
        )
        self._reveal(found)
        found.set_checked(on)
        return self

    def violations(self, *, contrast_only: bool = False) -> list[str]:
        """Return what axe finds of level serious or above."""
        self.tab.evaluate(AXE.read_text(encoding="utf-8"))
        self.tab.evaluate(FINISH)
        rules = ", runOnly: ['color-contrast']" if contrast_only else ""
        found = self.tab.evaluate(f"axe.run(document, {{resultTypes: ['violations']{rules}}})")
        return [
            f"{self.path}: {item['id']} ({item['impact']}): {item['nodes'][0]['html'][:160]}"
            for item in found["violations"]
            if item["impact"] in ("serious", "critical")
        ]

    def shoot(self, name: str) -> None:
        """Keep a picture, when a folder is named for it."""
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            self.tab.screenshot(path=f"{SHOTS}/{name}.png")
