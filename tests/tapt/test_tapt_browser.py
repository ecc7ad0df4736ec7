"""The dashboard in a real browser: scripts on, no request to anywhere else, nothing in the console, keyboard alone."""

from __future__ import annotations

import os
import shutil
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler
from wsgiref.simple_server import WSGIServer
from wsgiref.simple_server import make_server

import pytest

from entra_sim.mock_tapt import Tapt
from entra_sim.mock_tapt.site import Site
from entra_sim.mock_tapt.site import SiteSettings

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
if BROWSER is None and os.environ.get("CI") == "true":
    raise RuntimeError("CI needs a Chromium for the browser tests")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium installed")
sync_api = pytest.importorskip("playwright.sync_api")
CONTRAST = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const channel = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = parse(colour).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (parse(colour).length < 4 || parse(colour)[3] > 0) return colour;
    }
    return "rgb(255,255,255)";
  };
  const speaks = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  return [...document.querySelectorAll("body *")]
    .filter((e) => speaks(e) && e.offsetParent && e.offsetLeft >= 0)
    .map((e) => {
      const a = light(getComputedStyle(e).color), b = light(behind(e));
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.trim().slice(0, 40)];
    });
}"""


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...


class Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Tapt]]:
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    numbers = iter(range(1, 1000))
    tapt = Tapt.open(now=lambda: now, wait=lambda s: None, new_id=lambda k: f"{k}-{next(numbers)}", public_url=None)
    site = Site.around(tapt, SiteSettings(secret_key="key"))
    server = make_server("127.0.0.1", 0, site.wsgi, server_class=Threaded, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", tapt
    server.shutdown()
    thread.join()
    server.server_close()
    tapt.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def page(chromium: Any, served: tuple[str, Tapt], request: pytest.FixtureRequest) -> Iterator[Any]:
    context = chromium.new_context(
        color_scheme=request.param, viewport={"width": 1024, "height": 768}, base_url=served[0]
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    trouble: list[str] = []
    page.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("request", lambda r: trouble.append(r.url) if not r.url.startswith(served[0]) else None)
    page.goto("/")
    page.fill("[name=email]", "admin@tapt.example")
    page.fill("[name=password]", "tapt-admin")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('My Profiles')")
    yield page
    assert trouble == []
    context.close()


def test_token_by_keyboard_alone(page: Any, served: tuple[str, Tapt]) -> None:
    served[1].revoke_token()
    page.goto("/settings/integrations")
    page.get_by_role("link", name="Configure").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Generate").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Copy it now; it will not be shown again")
    secret = page.locator("#token").input_value()
    page.locator("[data-copy=token]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Copied")
    page.reload()
    assert secret not in page.content()
    assert served[1].token_status().state == "active"


def test_requests_arrive_without_reloading(page: Any, served: tuple[str, Tapt]) -> None:
    from entra_sim.mock_tapt.messages import ScimRequest

    url, tapt = served
    tapt.journal.clear()
    page.goto("/requests")
    before = page.locator("tbody tr").count()
    secret = tapt.generate_token().secret
    headers = {"authorization": f"Bearer {secret}", "user-agent": "Tester"}
    tapt.exchange(ScimRequest(method="GET", path="/Users", query="filter=x", headers=headers, base_url=url))
    page.wait_for_function("n => document.querySelectorAll('tbody tr').length > n", arg=before)
    page.click("tbody tr a >> nth=0")
    page.wait_for_selector("h2:has-text('Why refused')")


def test_narrow_and_enlarged(page: Any, served: tuple[str, Tapt]) -> None:
    served[1].user("ada") or served[1].add_profile({"userName": "ada", "displayName": "Ada " + "long" * 30})
    for width in (1024, 512):  # 512 is 1024 at 200 %
        page.set_viewport_size({"width": width, "height": 768})
        for path in ("/profiles", "/requests", "/faults", "/settings/integrations/entra"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)


def test_text_has_enough_contrast(page: Any) -> None:
    page.goto("/faults")
    page.click("button:has-text('Slow')")
    page.goto("/profiles")
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) > 15
    assert [found for found in ratios if found[0] < 4.5] == []
    page.goto("/faults")
    page.click("text=Remove all")
