"""The whole story in a real Chromium, by clicking and typing only: sign-in, tutorial, life after it, expiry, repair.

Addresses are typed for the two start pages alone. What is asserted stands on the pages, the admin center's or Tapt's.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import test_web_tutorial_forms as tutorial
from browser_lab import Lab
from browser_lab import served_lab
from browser_lab import walk
from browsing import BrowserVisitor
from browsing import sync_api

PEOPLE = ("Grace Lind", "Ada Park", "Bjørn Ødegård", "Mia O'Connor", "Li Wei", "Sam Reed")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Return a lab with the tutorial's people and nothing configured."""
    with served_lab(tmp_path) as made:
        yield made


def in_tapt(lab: Lab) -> dict[str, list[str]]:
    """Return what Tapt's list of profiles shows: name → the other cells."""
    lab.tapt.open("/").click("My Profiles")
    return {row[0]: row[1:] for row in lab.tapt.rows()}


def press_clock(person: BrowserVisitor, button: str) -> None:
    """Press a button of the clock bar."""
    with person.tab.expect_navigation():
        person.tab.get_by_role("form", name="Clock").get_by_role("button", name=button, exact=True).click()
    wait_for_the_clock(person)


def wait_for_the_clock(person: BrowserVisitor) -> None:
    """Watch the page until the clock stands still again."""
    moving = person.tab.locator("#due[hx-trigger]")
    sync_api().expect(moving).to_have_count(0, timeout=30_000)
    person._read()


def edit(person: BrowserVisitor, name: str, label: str, value: str) -> None:
    """Change one property of a person of the directory."""
    person.open("/").click("Users").click(name).click("Edit properties").fill(label, value).click("Save")
    assert value in person.text


def overview(person: BrowserVisitor) -> BrowserVisitor:
    """Open Provisioning > Overview the way the tutorial does."""
    return tutorial.to_application(person).click("Provisioning")


def edit_and_unassign(lab: Lab) -> None:
    """A changed title arrives, and who is unassigned is deactivated."""
    edit(lab.admin, "Ada Park", "jobTitle", "Lead Researcher")
    tutorial.to_application(lab.admin).click("Users and groups").tick("Select Li Wei").click("Remove").click("Yes")
    assert "the account is disabled, not deleted" in lab.admin.text
    overview(lab.admin).click("Jump to next cycle")
    assert "Incremental cycle completed." in lab.admin.text
    shown = in_tapt(lab)
    assert shown["Ada Park"][1] == "Lead Researcher"
    assert {name for name, row in shown.items() if "Deactivated" in row[2]} == {"Li Wei"}


def delete_and_restore(lab: Lab) -> None:
    """A deleted person is deactivated, a restored one is active again."""
    lab.admin.open("/").click("Users").click("Mia O'Connor").click("Delete")
    assert "deleted for good after 30 days" in lab.admin.text
    lab.admin.click("Yes")
    press_clock(lab.admin, "+40 min")
    assert "Deactivated" in in_tapt(lab)["Mia O'Connor"][2]
    lab.admin.open("/").click("Users").click("Deleted users (1)")
    assert "Mia O'Connor" in lab.admin.text
    lab.admin.click("Restore user")
    assert "Mia O'Connor" not in " ".join(row[0] for row in lab.admin.rows())
    press_clock(lab.admin, "+40 min")
    assert "Active" in in_tapt(lab)["Mia O'Connor"][2]


def wait_for_the_token_to_expire(lab: Lab) -> None:
    """Six months pass with nothing to do; the first cycle that has work is refused and the job goes into quarantine."""
    lab.admin.open("/").click("Go to…").fill("Go to (UTC)", "2026-07-05T12:00").click("Go")
    wait_for_the_clock(lab.admin)
    lab.tapt.open("/").click("Settings").click("Integrations")
    assert "Token expired" in lab.tapt.text
    lab.tapt.click("Configure")
    assert "The token expired on 2026-07-05" in lab.tapt.text
    assert "Generate a new token and paste it into Secret Token." in lab.tapt.text
    assert lab.tapt.violations() == []
    assert "Incremental cycle completed." in overview(lab.admin).text
    edit(lab.admin, "Ada Park", "jobTitle", "Director")
    press_clock(lab.admin, "+40 min")
    assert "Quarantine: EncounteredQuarantineException" in lab.admin.text
    overview(lab.admin)
    assert "Provisioning has been quarantined. See quarantine details for more information" in lab.admin.text
    assert "EncounteredQuarantineException" in lab.admin.text
    assert lab.admin.violations() == []


def repair(lab: Lab) -> None:
    """A new token is generated, entered, tested and saved; the next cycle brings what has waited."""
    lab.tapt.click("Generate")
    fresh = lab.tapt.tab.locator("#token").input_value()
    assert fresh != lab.token
    overview(lab.admin).click("Update credentials").fill("Secret Token", fresh).click("Test Connection")
    assert "The supplied credentials are authorized to enable provisioning" in lab.admin.text
    lab.admin.click("Save")
    overview(lab.admin).click("Jump to next cycle")
    assert "Incremental cycle completed." in lab.admin.text
    assert "quarantined" not in lab.admin.text
    assert in_tapt(lab)["Ada Park"][1] == "Director"
    lab.tapt.click("Settings").click("Integrations")
    assert "Connected" in lab.tapt.text


@pytest.mark.rule("ENG-482", "ENG-487", "ENG-186", "ENG-284")
def test_the_whole_story_by_clicking_and_typing_only(lab: Lab) -> None:
    walk(lab)
    overview(lab.admin)
    assert "Initial cycle completed." in lab.admin.text
    assert "Provisioning Status On" in lab.admin.text
    assert tuple(sorted(in_tapt(lab))) == tuple(sorted(PEOPLE))
    edit_and_unassign(lab)
    delete_and_restore(lab)
    wait_for_the_token_to_expire(lab)
    repair(lab)
    lab.admin.open("/").click("Tutorial")
    assert "13 of 13 done" in lab.admin.text
    assert re.findall("not done", lab.admin.text) == []
    assert lab.admin.complaints == []
    assert lab.tapt.complaints == []
