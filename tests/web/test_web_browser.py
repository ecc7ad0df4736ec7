"""Both dashboards in a real Chromium: every screen clean, keyboard, narrow windows, live parts."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import test_web_tutorial_forms as tutorial
from browser_lab import Lab
from browser_lab import served_lab
from browser_lab import set_up_by_calls
from browser_lab import sign_in_to_tapt
from browsing import BrowserVisitor
from browsing import sync_api


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a lab in which the tutorial has been done."""
    with served_lab(tmp_path_factory.mktemp("lab")) as made:
        set_up_by_calls(made)
        yield made


def test_a_member_of_tapt_is_refused_settings(lab: Lab) -> None:
    member = BrowserVisitor(lab.browser, lab.tapt_url)
    sign_in_to_tapt(member, "member@tapt.example")
    answer = member.tab.goto(lab.tapt_url + "/settings/integrations/entra")
    assert answer.status == 403
    person = lab.sign_in()
    assert "A member who is no administrator is refused Settings." in person.open("/lab/tutorial").text


def test_the_checklist_speaks_of_what_stands_in_tapt(lab: Lab) -> None:
    person = lab.sign_in()
    assert "Active Directory / Microsoft Entra ID, Configure, Generate" in person.open("/lab/tutorial").text
    sign_in_to_tapt(lab.tapt, "admin@tapt.example")
    lab.tapt.click("Settings").click("Integrations")
    assert "Active Directory / Microsoft Entra ID" in lab.tapt.text
    with lab.tapt.tab.expect_navigation():
        lab.tapt.tab.get_by_role("link", name=re.compile("Configure")).first.click()
    lab.tapt._read()
    assert "Generate" in lab.tapt.text


def screens_of(lab: Lab) -> dict[str, str]:
    """Return every screen of the admin center and the lab: name → path."""
    sim = lab.world.simulator
    app_id = sim.applications.list()[0].application_id
    ada = sim.directory.user("ada.park@contoso.example").object_id
    group = sim.directory.groups()[0].object_id
    entry = sim.queries.logs(app_id)[0].entry_id
    request = sim.exchanges()[-1].sequence
    base = f"/enterprise-apps/{app_id}"
    prov = f"{base}/provisioning"
    users = f"{prov}/mappings/users"
    return {
        "home": "/",
        "apps": "/enterprise-apps",
        "gallery": "/enterprise-apps/new",
        "create-app": "/enterprise-apps/new/own",
        "app-overview": base,
        "app-properties": f"{base}/properties?ask=delete",
        "assignments": f"{base}/users",
        "add-assignment": f"{base}/users/add?principal={group}",
        "pick-principals": f"{base}/users/add/pick",
        "provisioning-edit": f"{prov}/edit?open=settings",
        "attribute-mapping": users,
        "edit-attribute": f"{users}/attributes/1",
        "source-object-scope": f"{users}/scope",
        "add-scoping-filter": f"{users}/scope/new",
        "attribute-list": f"{users}/attribute-list/target",
        "schema-editor": f"{prov}/schema",
        "expression-builder": f"{prov}/expression-builder",
        "provisioning-overview": f"{prov}?ask=restart",
        "on-demand": f"{prov}/on-demand?search=a",
        "provisioning-logs": f"{prov}/logs?more=yes",
        "log-entry": f"{prov}/logs/{entry}?tab=modified",
        "audit-logs": f"{prov}/audit",
        "users": "/users",
        "user": f"/users/{ada}",
        "user-form": f"/users/{ada}/edit",
        "deleted-users": "/users/deleted",
        "groups": "/groups",
        "group": f"/groups/{group}?search=n",
        "group-form": "/groups/new",
        "lab-clock": "/lab/clock",
        "lab-tutorial": "/lab/tutorial",
        "lab-requests": "/lab/requests",
        "lab-request": f"/lab/requests/{request}",
        "lab-timeline": f"/lab/timeline/{ada}",
        "lab-compare": "/lab/compare?look=yes",
        "lab-scenarios": "/lab/scenarios",
        "lab-exercise": "/lab/exercise",
        "lab-about": "/lab/about",
        "lab-patterns": "/lab/patterns",
        "why": f"{base}/why/{ada}",
        "connectivity": f"{prov}/connectivity?layout=new",
        "newer-properties": f"{prov}/properties?edit=yes",
        "newer-mappings": f"{prov}/attribute-mapping",
        "error": "/nowhere?layout=classic",
    }


def provision_on_demand(lab: Lab, person: BrowserVisitor) -> None:
    """Provision Ada on demand, which ends on the result page."""
    tutorial.to_application(person).click("Provisioning").click("Provision on demand")
    person.fill("Select a user or group", "Ada").click("Search").click("Select Ada Park").click("Provision")


def change_an_assignment(lab: Lab, person: BrowserVisitor) -> None:
    """Tick somebody and ask for another role."""
    tutorial.to_application(person).click("Users and groups").tick("Select Sam Reed").click("Edit assignment")


def run_a_scenario(lab: Lab, person: BrowserVisitor) -> None:
    """Run a scenario of the library, which ends on its result."""
    person.open("/lab/scenarios").click("Run", within="unassigning-a-person-disables-the-account")


def begin_provisioning(lab: Lab, person: BrowserVisitor) -> None:
    """Open Provisioning of an application that nobody has configured."""
    person.open("/enterprise-apps/new/own").fill("What's the name of your app?", "Fresh app").click("Create")
    person.click("Provisioning")


def leave(lab: Lab, person: BrowserVisitor) -> None:
    """Sign out."""
    lab.world.simulator.applications.delete("Fresh app")
    person.tab.locator("summary", has_text="Avery Stone").click()
    person.click("Sign out")


def be_refused(lab: Lab, person: BrowserVisitor) -> None:
    """Sign in as somebody without a role."""
    with person.tab.expect_navigation():
        person.tab.get_by_role("button", name="Sasha Birch").click()
    person._read()


REACHED_BY_CLICKING = {
    "on-demand-result": provision_on_demand,
    "change-assignment": change_an_assignment,
    "lab-scenario-run": run_a_scenario,
    "provisioning-start": begin_provisioning,
    "sign-in": leave,
    "refused": be_refused,
}

WIDTHS = {1024: "a small screen", 640: "1280 px at 200 % zoom"}


def test_every_screen_is_clean(lab: Lab) -> None:
    person = lab.sign_in()
    found: list[str] = []
    for name, path in screens_of(lab).items():
        person.open(path)
        assert person.screen == name
        found += look_over(person, name)
    for name, reach in REACHED_BY_CLICKING.items():
        reach(lab, person)
        assert person.screen == name
        found += look_over(person, name)
    assert found == []
    assert person.complaints == []


def look_over(person: BrowserVisitor, name: str) -> list[str]:
    """Return what is wrong with the open page: axe, both colour schemes, narrow windows."""
    found = person.violations()
    person.shoot(f"light-{name}")
    person.tab.emulate_media(color_scheme="dark")
    found += [f"dark: {line}" for line in person.violations(contrast_only=True)]
    person.shoot(f"dark-{name}")
    person.tab.emulate_media(color_scheme="light")
    for width, what in WIDTHS.items():
        person.tab.set_viewport_size({"width": width, "height": 700})
        excess = person.tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if excess > 1:
            found.append(f"{name} is {excess} px wider than {what}")
    person.tab.set_viewport_size({"width": 1280, "height": 900})
    return found


def test_a_drawer_takes_the_focus_and_gives_it_back(lab: Lab) -> None:
    person = lab.sign_in()
    tutorial.to_application(person).click("Users and groups")
    person.tab.locator("#add-user-group").focus()
    person.tab.keyboard.press("Enter")
    person.tab.wait_for_url("**/users/add")
    person.tab.locator("#pick").focus()
    person.tab.keyboard.press("Enter")
    person.tab.wait_for_selector(".drawer")
    assert person.tab.evaluate("document.activeElement.textContent.trim()") == "Users and groups"
    with person.tab.expect_navigation():
        person.tab.keyboard.press("Escape")
    assert person.tab.evaluate("document.activeElement.id") == "pick"


def test_the_keyboard_alone_reaches_and_presses_everything(lab: Lab) -> None:
    person = lab.sign_in()
    person.open("/")
    person.tab.keyboard.press("Tab")
    assert person.tab.evaluate("document.activeElement.textContent") == "Skip to content"
    person.tab.keyboard.press("Enter")
    assert person.tab.evaluate("document.activeElement.id") == "main"
    person.open("/lab/tutorial")
    focusable = "a[href], button:not([disabled]), input:not([type=hidden]), select, textarea, summary"
    expected = person.tab.evaluate(
        f"[...document.querySelectorAll('{focusable}')].filter(n => n.getClientRects().length).length"
    )
    seen = set()
    for _ in range(expected + 5):
        person.tab.keyboard.press("Tab")
        seen.add(person.tab.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    assert len(seen) >= expected


def test_the_columns_of_the_log_are_chosen_with_a_mouse(lab: Lab) -> None:
    person = lab.sign_in()
    app_id = lab.world.simulator.applications.list()[0].application_id
    for width in (1024, 1440):
        person.tab.set_viewport_size({"width": width, "height": 768})
        person.open(f"/enterprise-apps/{app_id}/provisioning/logs")
        person.tab.locator("summary", has_text="Columns").click()
        person.tab.get_by_label("Hide Target System").check()
        with person.tab.expect_navigation():
            person.tab.get_by_role("button", name="Show these columns").click()
        assert "Target System" not in person._read().main.all("table")[0].all("tr")[0].text


def test_the_clock_bar_stands_in_one_line(lab: Lab) -> None:
    person = lab.sign_in()
    heights = {}
    for width in (1024, 1100, 1104, 1180, 1256, 1264, 1280, 1440):
        person.tab.set_viewport_size({"width": width, "height": 700})
        heights[width] = person.tab.evaluate("document.querySelector('.top').offsetHeight")
    assert set(heights.values()) == {48}, heights


def test_the_guide_outlines_the_control(lab: Lab) -> None:
    person = lab.sign_in()
    app_id = lab.world.simulator.applications.list()[0].application_id
    person.open(f"/enterprise-apps/{app_id}/provisioning/edit?guide=groups")
    outlined = person.tab.locator(".guided")
    assert outlined.is_visible()
    assert outlined.inner_text() == "Provision Microsoft Entra ID Groups"


def test_a_search_shows_its_rows_while_typing(lab: Lab) -> None:
    person = lab.sign_in()
    person.open("/users")
    person.tab.get_by_label("Search", exact=True).press_sequentially("Grace", delay=10)
    sync_api().expect(person.tab.locator("#rows tbody tr")).to_have_count(1)
    assert "search=Grace" in person.tab.url
    assert person.complaints == []


def test_the_newer_layout_configures_and_starts_a_job(lab: Lab) -> None:
    person = lab.sign_in()
    person.open("/").click("Newer portal")
    person.open("/enterprise-apps/new/own").fill("What's the name of your app?", "Second app").click("Create")
    person.click("Provisioning").click("New configuration")
    assert person.heading == "New configuration"
    url = f"{lab.tapt_url}/scim/v2"
    person.fill("Tenant URL", url).fill("Secret Token", lab.token).click("Test Connection")
    assert "The supplied credentials are authorized to enable provisioning" in person.text
    person.click("Create")
    assert "Initial cycle not run." in person.text
    person.click("Properties")
    person.click("Edit Basics").fill("Notification email", "it@contoso.example").click("Apply")
    assert "it@contoso.example" in person.text
    person.click("Overview").click("Start provisioning")
    assert "Initial cycle completed." in person.text
    person.click("Pause provisioning")
    assert "Provisioning is off" in person.text
    lab.world.simulator.applications.delete("Second app")
    assert person.complaints == []


def test_a_running_cycle_shows_its_progress_and_stops_asking_when_it_is_over(lab: Lab) -> None:
    person = lab.sign_in()
    person.open("/users").tab.get_by_text("Made-up people").click()
    person.click("Seed 100 people").click("Seed 100 people").click("Seed 100 people")
    tutorial.to_application(person).click("Provisioning").click("Edit provisioning")
    person.fill("Scope", "Sync all users and groups").click("Save")
    tutorial.to_application(person).click("Provisioning").click("Restart provisioning").click("Yes")
    cards = person.tab.locator("#cards")
    sync_api().expect(cards).to_contain_text("Initial cycle completed.", timeout=60_000)
    sync_api().expect(cards).not_to_have_attribute("hx-trigger", re.compile("."), timeout=10_000)
    assert lab.world.simulator.core.jobs.count_entries(lab.world.simulator.applications.list()[0].job_id)["User"] > 250
    lab.world.advance(timedelta(minutes=40))
    assert person.complaints == []
