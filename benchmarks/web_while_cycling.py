"""A cycle over many people, started by clicking and watched to its end, while every page is asked for in a loop.

    python benchmarks/web_while_cycling.py FOLDER [--people 20000] [--records 0] [--shots DIR] [--scripts-off]

The lab is made in FOLDER if it is not there yet, and served by `entra-sim up` in a process of its own, with Tapt beside
it. A Chromium presses Start provisioning and looks at the Overview: its numbers have to grow without a reload (with
scripts off: by reloading). Another visitor meanwhile opens one page after another and notes the time to the first byte.
Printed: what the Overview showed, and median, 95th percentile and worst of each page. Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from web_lab import Lab
from web_lab import Reader
from web_lab import build
from web_lab import pages_of
from web_lab import served
from web_lab import told

LOOK_EVERY_S = 2.0
PAUSE_S = 0.05
"""Between two pages, as of somebody who clicks fast."""
TARGET_MS = 200


class Visitors(threading.Thread):
    """Opens every page in turn until told to stop."""

    def __init__(self, lab: Lab, pages: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._reader = Reader(lab.admin_url)
        self._pages = pages
        self.stopped = threading.Event()
        self.times_ms: dict[str, list[float]] = {name: [] for name in pages}
        self.wrong: list[str] = []

    def run(self) -> None:
        """Visit."""
        while not self.stopped.is_set():
            for name, path in self._pages.items():
                if self.stopped.wait(PAUSE_S):
                    return
                first_byte_ms, status, _page = self._reader.get(path)
                self.times_ms[name].append(first_byte_ms)
                if status != 200:
                    self.wrong.append(f"{path} answered {status}")


def watch(lab: Lab, overview: str, *, shots: Path | None, scripts: bool) -> list[str]:
    """Press Start and look at the Overview until the cycle is over; returns what it showed, each change once."""
    seen: list[str] = []
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_context(java_script_enabled=scripts, viewport={"width": 1280, "height": 900}).new_page()
        tab.goto(lab.admin_url + overview)
        tab.get_by_role("button", name="Start provisioning", exact=True).click()
        began = time.monotonic()
        number = 0
        while True:
            tab.wait_for_timeout(LOOK_EVERY_S * 1000)
            if not scripts:
                tab.reload()
            line = _line(tab)
            if not seen or seen[-1].partition("  ")[2] != line:
                seen.append(f"{time.monotonic() - began:6.1f} s  {line}")
            if shots is not None and number % 8 == 0:
                shots.mkdir(parents=True, exist_ok=True)
                tab.screenshot(path=f"{shots}/cycle-{number:03}.png")
            number += 1
            if "cycle completed" in line or "quarantined" in line:
                break
        if shots is not None:
            tab.screenshot(path=f"{shots}/cycle-end.png")
        browser.close()
    return seen


def _line(tab: Any) -> str:
    text = re.sub(r"\s+", " ", tab.locator("#cards").inner_text())
    status = re.search(r"Current cycle status (.*?) (?:View provisioning logs|Stop lets)", text)
    users = re.search(r"Users ([\d,]+)", text)
    return f"{status.group(1) if status else text[:120]} | Users {users.group(1) if users else '?'}"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--records", type=int, default=0)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--scripts-off", action="store_true")
    asked = parser.parse_args()
    if not asked.folder.exists():
        build(asked.folder, asked.people, asked.records)
    with served(asked.folder) as lab:
        pages = pages_of(lab)
        visitors = Visitors(lab, pages)
        for path in pages.values():  # as in life, the pages have been open before
            Reader(lab.admin_url).get(path)
        visitors.start()
        seen = watch(lab, pages["overview"], shots=asked.shots, scripts=not asked.scripts_off)
        visitors.stopped.set()
        visitors.join()
    sys.stdout.write("\n".join(seen) + "\n\n")
    every: list[float] = []
    for name, times_ms in visitors.times_ms.items():
        if times_ms:
            sys.stdout.write(told(name, times_ms))
            every += times_ms
    sys.stdout.write(told("all pages", every))
    late = sum(time_ms > TARGET_MS for time_ms in every)
    sys.stdout.write(f"{late} of {len(every)} took more than {TARGET_MS} ms\n")
    sys.stdout.write("".join(f"{line}\n" for line in dict.fromkeys(visitors.wrong)))


if __name__ == "__main__":
    main()
