"""Both sides served, and one person with a browser on each: where the browser tests happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import test_web_tutorial_forms as tutorial
from browsing import BrowserVisitor
from browsing import chromium

from entra_sim.scenarios.loader import load
from entra_sim.scenarios.runner import set_up_tenant
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.world import World

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TUTORIAL = Path(__file__).parents[2] / "scenarios" / "library" / "tapt-tutorial.yaml"


@dataclass
class Lab:
    """Both sides, served; one browser with one person on each side."""

    world: World
    browser: Any
    admin_url: str
    tapt_url: str
    admin: BrowserVisitor
    tapt: BrowserVisitor
    token: str = ""

    def sign_in(self, name: str = "Avery Stone", **context: Any) -> BrowserVisitor:
        """Return somebody signed in to the admin center."""
        person = BrowserVisitor(self.browser, self.admin_url, own=(self.tapt_url,), **context)
        person.open("/")
        with person.tab.expect_navigation():
            person.tab.get_by_role("button", name=re.compile(name)).click()
        person._read()
        return person


@contextmanager
def served_lab(folder: Path) -> Iterator[Lab]:
    """Serve a lab as `up` does, with the tutorial's people, a frozen clock and nothing configured."""
    with chromium() as browser, World.open_folder(folder, rate=0.0) as world:
        world.clock.restore(NOW, 0.0)
        set_up_tenant(Session(world, folder=TUTORIAL.parent), load(TUTORIAL))
        world.keep_saves_in(folder / "saves")
        urls = world.serve(port=0, tapt_port=0, key="key", hosts=frozenset({"127.0.0.1"}))
        tapt = BrowserVisitor(browser, urls[1], own=(urls[0],))
        made = Lab(world, browser, *urls, admin=BrowserVisitor(browser, urls[0]), tapt=tapt)
        made.admin.context.close()
        made.admin = made.sign_in()
        yield made


def sign_in_to_tapt(person: BrowserVisitor, mail: str) -> None:
    """Sign in with the password that the local page shows."""
    person.open("/")
    row = next(row for row in person.page.all("tr") if mail in row.text)
    password = row.all("code")[0].text
    person.fill("E-mail", mail).fill("Password", password).click("Sign in")


def walk(lab: Lab) -> None:
    """The tutorial by clicking and typing only, on both sides."""
    tutorial.create_application(lab.admin)
    sign_in_to_tapt(lab.tapt, "admin@tapt.example")
    lab.tapt.click("Settings").click("Integrations")
    lab.tapt.tab.get_by_role("link", name=re.compile("Configure")).first.click()
    lab.tapt.tab.wait_for_load_state()
    lab.tapt._read().click("Generate")
    url = lab.tapt.tab.locator("#url").input_value()
    lab.token = lab.tapt.tab.locator("#token").input_value()
    assert "Copy it now; it will not be shown again" in lab.tapt.text
    assert "(6 months)" in lab.tapt.text
    lab.admin.click("Provisioning").click("Get started").fill("Provisioning Mode", "Automatic")
    lab.admin.fill("Tenant URL", url).fill("Secret Token", lab.token).click("Test Connection")
    assert "The supplied credentials are authorized to enable provisioning" in lab.admin.text
    lab.admin.click("Save")
    tutorial.disable_groups(lab.admin)
    tutorial.assign(lab.admin)
    tutorial.switch_on(lab.admin)


def set_up_by_calls(lab: Lab) -> None:
    """What the tutorial leaves behind, for tests of something else."""
    sim, tapt = lab.world.simulator, lab.world.tapt
    assert tapt is not None
    lab.token = str(tapt.generate_token().secret)
    application = sim.applications.create("Tapt Integration")
    sim.provisioning.set_mode(application, "Automatic")
    sim.provisioning.save_credentials(application, f"{lab.tapt_url}/scim/v2", lab.token)
    sim.provisioning.set_object_mapping_enabled(application, "Group", False)
    for principal in ("Tapt people", "li.wei@contoso.example", "sam.reed@contoso.example"):
        sim.applications.assign(application, principal)
    sim.provisioning.start(application)
    sim.time.tick()
