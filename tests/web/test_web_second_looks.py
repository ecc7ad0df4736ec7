"""What was typed survives a detour, what changed meanwhile is noticed, and nothing is said that is not so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import test_web_tutorial_forms as tutorial
from visitor import TAPT_URL
from visitor import Visitor

from entra_sim.mock_tapt.faults import Fault
from entra_sim.scenarios.world import World
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.web import bound
from entra_sim.simulator.web.hooks import LabHooks


@pytest.fixture
def application(world: World, token: str) -> Application:
    """Return an application with credentials and two people."""
    sim = world.simulator
    made = sim.applications.create("Tapt Integration")
    sim.provisioning.set_mode(made, "Automatic")
    sim.provisioning.save_credentials(made, TAPT_URL, token)
    for name in ("li.wei@contoso.example", "ada.park@contoso.example"):
        sim.applications.assign(made, name)
    return made


def base(application: Application) -> str:
    return f"/enterprise-apps/{application.application_id}"


def test_a_test_of_the_connection_keeps_everything_else_that_was_typed(
    admin: Visitor, application: Application, world: World
) -> None:
    admin.open(f"{base(application)}/provisioning/edit")
    admin.tick("Send an email notification when a failure occurs").fill("Notification Email", "it@contoso.example")
    admin.tick("Prevent accidental deletion").fill("Accidental deletion threshold", "3")
    admin.choose("On", "Provisioning Status").click("Test Connection").click("Save")

    job = world.simulator.queries.job(application)
    assert str(job.schedule) == "Active"
    assert job.configuration.notification_email == "it@contoso.example"
    assert job.configuration.deletion_threshold == 3
    assert job.configuration.prevents_accidental_deletion


def test_discard_forgets_what_was_typed_and_tested(admin: Visitor, application: Application, world: World) -> None:
    admin.open(f"{base(application)}/provisioning/edit").fill("Notification Email", "it@contoso.example")
    admin.click("Test Connection").click("Discard")
    assert admin._control("Notification Email", "input").attributes.get("value", "") == ""
    assert "authorized to enable provisioning" not in admin.main.all("form")[0].text


def test_one_verdict_of_a_test_and_only_under_the_address_that_was_tested(
    admin: Visitor, application: Application
) -> None:
    admin.open(f"{base(application)}/provisioning/edit").fill("Tenant URL", "https://tapt.example/elsewhere")
    admin.click("Test Connection")
    assert admin.text.count("https://tapt.example/elsewhere/Users gave 404") == 2  # the notice, and beside the button
    assert "invalid credentials" not in admin.text
    assert "Kept from the test" not in admin.text
    admin.fill("Tenant URL", "tapt.example").click("Test Connection")
    assert admin.status == 422
    assert "gave 404" not in admin.main.all("form")[0].text


def test_another_tab_that_deleted_a_row_does_not_make_this_one_delete_its_neighbour(
    admin: Visitor, application: Application
) -> None:
    page = f"{base(application)}/provisioning/mappings/users"
    first, second = admin.open(page), Visitor(admin.client.application)
    second.client = admin.client
    second.open(page)
    before = [row[0] for row in admin.rows()]
    second.click("Delete displayName")
    first.click("Delete title")
    assert [name for name in before if name not in ("displayName", "title")] == [row[0] for row in first.rows()]
    second.open(page).click("Edit givenName" if "givenName" in before else "Edit name.givenName")
    first.open(page).click("Delete name.givenName")
    second.fill("Source attribute", "jobTitle").click("Ok")
    assert second.status == 404
    assert "deleted or renamed meanwhile" in second.text


def test_the_checklist_speaks_of_the_application_of_the_tutorial(admin: Visitor, token: str, world: World) -> None:
    for name in ("False start", "Another"):
        world.simulator.applications.create(name)
    admin.open("/").click("Enterprise applications").click("New application").click("Create your own application")
    admin.fill("What's the name of your app?", "Tapt Integration").click("Create")
    tutorial.connect(admin, token)
    admin.open("/lab/tutorial")
    assert "with the application Tapt Integration" in admin.text
    assert "4 of 13 done" in admin.text


def test_the_tabs_of_the_picker_keep_what_is_ticked(admin: Visitor, application: Application) -> None:
    admin.open(f"{base(application)}/users/add/pick").tick("Sam Reed").click("Groups").tick("Tapt people")
    admin.click("Users").tick("Grace Lind").click("Select")
    assert "2 users, 1 group selected" in admin.text


def test_start_over_asks_at_the_top_of_the_page(world: World, app: object) -> None:
    hooks = LabHooks(reset=lambda: None)
    person = Visitor(bound(app, world.simulator, key="k", links={}, sign_in=False, lab=hooks))  # type: ignore[arg-type]
    text = person.open("/lab/tutorial").click("Start over").main.text
    assert text.index("Start over?") < text.index("Prerequisites")


def test_a_jump_that_ends_in_quarantine_is_told_as_a_warning(
    admin: Visitor, application: Application, world: World
) -> None:
    assert world.tapt is not None
    world.simulator.provisioning.start(application)
    world.simulator.time.tick()
    world.tapt.expire_token()
    world.simulator.directory.update_user("ada.park@contoso.example", {"jobTitle": "Chief"})
    admin.open("/").click("+40 min")
    assert "nothing was sent. Quarantine: EncounteredQuarantineException." in admin.text
    (note,) = [node for node in admin.page.all("div") if node.attributes.get("class", "").startswith("note warn")]
    assert "Quarantine" in note.text


def test_the_end_of_the_token_is_due_and_can_be_jumped_to(
    admin: Visitor, application: Application, world: World
) -> None:
    admin.open("/lab/clock")
    (row,) = [row for row in admin.rows() if "token expiry" in row[2]]
    assert row[0] == "2026-07-05 09:00:00 UTC"
    admin.click("Jump here", within="token expiry")
    assert f"{world.clock.now():%Y-%m-%d %H:%M}" == "2026-07-05 09:00"
    assert world.tapt is not None
    assert world.tapt.token_status().state == "expired"
    assert "token expiry" not in admin.open("/lab/clock").text


def test_a_group_shows_its_values_for_people(admin: Visitor, world: World) -> None:
    world.simulator.directory.create_group({"displayName": "All", "groupTypes": ["DynamicMembership", "Unified"]}, [])
    admin.open("/groups").click("All")
    assert "groupTypes DynamicMembership, Unified" in admin.text


def test_a_quarantine_says_what_to_repair(admin: Visitor, application: Application, world: World) -> None:
    assert world.tapt is not None
    world.simulator.provisioning.start(application)
    world.simulator.time.tick()
    page = f"{base(application)}/provisioning"
    world.tapt.faults.add(Fault(method="GET", status=503))
    world.simulator.directory.update_user("ada.park@contoso.example", {"jobTitle": "Chief"})
    world.advance(timedelta(minutes=40))
    assert "make the target answer under the Tenant URL again" in admin.open(page).text
    world.tapt.faults.clear()
    world.advance(timedelta(hours=2))
    assert "quarantined" not in admin.open(page).text

    world.advance(timedelta(days=200))
    world.simulator.directory.update_user("ada.park@contoso.example", {"jobTitle": "Boss"})
    world.advance(timedelta(minutes=40))
    text = admin.open(page).text
    assert "expired on 2026-07-05 09:00 UTC." in text
    assert "Generate makes a new token" in text


def test_a_name_that_cannot_be_saved_stays_in_its_field(admin: Visitor, world: World, tmp_path: Path) -> None:
    world.keep_saves_in(tmp_path / "saves")
    admin.open("/lab/clock").fill("Name", "before lunch").click("Save lab")
    assert admin.status == 422
    assert admin._control("Name", "input").attributes["value"] == "before lunch"
    admin.fill("Name", "before-lunch").click("Save lab")
    assert "'before-lunch' can be restored from here." in admin.text


def test_what_was_sent_in_a_story_that_is_undone_is_listed_no_more(
    admin: Visitor, application: Application, world: World, tmp_path: Path
) -> None:
    world.keep_saves_in(tmp_path / "saves")
    world.simulator.provisioning.start(application)
    admin.open("/").click("+40 min")
    assert len(world.simulator.exchanges()) > 2
    admin.open("/lab/clock").click("Undo")
    assert world.simulator.exchanges() == []
    assert "Nothing has been sent since this instance started" in admin.open("/lab/requests").text


def test_blocked_people_are_not_offered_on_demand_and_ticks_survive_a_refusal(
    admin: Visitor, application: Application, world: World
) -> None:
    world.simulator.directory.update_user("mia.oconnor@contoso.example", {"accountEnabled": False})
    world.simulator.provisioning.set_object_mapping_enabled(application, "Group", enabled=False)
    admin.open(f"{base(application)}/provisioning/on-demand").fill("Select a user or group", "Tapt").click("Search")
    admin.click("Select Tapt people")
    assert "Mia O'Connor" not in admin.text
    admin.tick("Grace Lind").click("Provision")
    assert admin.status == 422
    ticked = [node for node in admin.main.all("input") if node.attributes.get("name") == "member"]
    assert sum("checked" in node.attributes for node in ticked) == 1


def test_the_last_cycles_say_of_what_kind_they_were(admin: Visitor, application: Application, world: World) -> None:
    sim = world.simulator
    sim.provisioning.start(application)
    sim.time.tick()
    sim.directory.update_user("ada.park@contoso.example", {"jobTitle": "Chief"})
    world.advance(timedelta(minutes=40))
    sim.directory.update_user("ada.park@contoso.example", {"jobTitle": "Boss"})
    sim.provisioning.provision_on_demand(application, "ada.park@contoso.example", [])
    admin.open(f"{base(application)}/provisioning")
    assert [row[1] for row in admin.rows()] == ["on demand", "incremental", "initial"]


def test_why_shows_what_the_target_holds_beside_what_it_would_be_told(
    admin: Visitor, application: Application, world: World
) -> None:
    sim = world.simulator
    ada = sim.directory.user("ada.park@contoso.example").object_id
    admin.open(f"{base(application)}/why/{ada}")
    assert ["userName", "", "ada.park@contoso.example"] in admin.rows()  # a create has nothing to replace
    sim.provisioning.start(application)
    sim.time.tick()
    sim.directory.update_user("ada.park@contoso.example", {"jobTitle": "Chief"})
    admin.open(f"{base(application)}/why/{ada}")
    assert admin.rows() == [["title", "Researcher", "Chief"]]


def test_a_reader_is_told_before_typing_that_nothing_can_be_changed(
    enter: Callable[[str], Visitor], application: Application
) -> None:
    assert "Global Reader: you may read what is here and change nothing" in enter("Robin Marsh").open("/users/new").text
    assert "change nothing" not in enter("Jordan Vale").open("/users/new").text


def test_saving_a_mapping_stays_in_the_newer_layout(admin: Visitor, application: Application, world: World) -> None:
    admin.open(f"{base(application)}/provisioning/attribute-mapping?layout=new")
    admin.open(f"{base(application)}/provisioning/mappings/groups").choose("No", "Enabled").click("Save").click("Yes")
    assert admin.screen == "newer-mappings"
    assert "Attribute mappings saved" in admin.text
    world.advance(timedelta(minutes=40))
