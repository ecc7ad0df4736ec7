"""The tutorial, walked by plain forms: scripts off, label by label, from sign-in to repair."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from visitor import TAPT_URL
from visitor import Visitor

from entra_sim.scenarios.world import World


def to_application(person: Visitor) -> Visitor:
    """Open Tapt Integration the way the tutorial does."""
    return person.open("/").click("Enterprise applications").click("Tapt Integration")


def create_application(person: Visitor) -> None:
    """The first step 2: the application."""
    person.open("/").click("Enterprise applications")
    assert person.heading.startswith("Enterprise applications | All applications")
    assert "No applications yet. Select New application." in person.text
    person.click("New application")
    assert person.heading == "Browse Microsoft Entra Gallery"
    person.click("Create your own application")
    assert person.heading == "Create your own application"
    assert "Integrate any other application you don't find in the gallery (Non-gallery)" in person.text
    person.fill("What's the name of your app?", "Tapt Integration").click("Create")
    assert person.heading == "Tapt Integration | Overview"


def connect(person: Visitor, token: str) -> None:
    """Step 3: the mode; Admin Credentials, test, save."""
    person.click("Provisioning")
    assert person.heading == "Tapt Integration | Provisioning"
    assert "Automate identity lifecycle management with Microsoft Entra" in person.text
    person.click("Get started")
    person.fill("Provisioning Mode", "Automatic")
    assert "From Tapt: Settings > Integrations" in person.text
    person.fill("Tenant URL", TAPT_URL).fill("Secret Token", token).click("Test Connection")
    assert "Testing connection to Tapt Integration" in person.text
    assert "The supplied credentials are authorized to enable provisioning" in person.text
    assert token not in person.html
    assert "Mappings" not in [node.text for node in person.main.all("summary")]
    person.click("Save")
    assert [node.text for node in person.main.all("summary") if "Requests" not in node.text] == [
        "Admin Credentials",
        "Mappings",
        "Settings",
    ]


def disable_groups(person: Visitor) -> None:
    """Step 4: the groups mapping is off."""
    assert "Provision Active Directory Groups" in person.text
    person.click("Provision Microsoft Entra ID Groups")
    assert person.heading == "Attribute Mapping"
    person.choose("No", "Enabled").click("Save")
    assert "all assigned users and groups synchronize again" in person.text
    person.click("Yes")
    assert [re.sub(r" \(.*", "", cell) for cell in person.rows()[0]] == ["Provision Microsoft Entra ID Groups", "No"]


def assign(person: Visitor) -> None:
    """Step 5: one group and two people."""
    to_application(person)
    assert "Getting Started" in person.text
    person.click("Users and groups")
    assert "No application assignments found" in person.text
    person.click("Add user/group")
    assert person.heading == "Add Assignment"
    person.click("None Selected")
    person.tick("Tapt people").tick("Li Wei").tick("Sam Reed").click("Select")
    assert "2 users, 1 group selected" in person.text
    person.fill("Select a role", "Default Access").click("Assign")
    assert [row[1].split(" ")[0] for row in person.rows() if len(row) > 3] == ["Tapt", "Li", "Sam"]


def switch_on(person: Visitor) -> None:
    """Step 6: Provisioning Status On, Save."""
    to_application(person).click("Provisioning").click("Edit provisioning")
    person.choose("On", "Provisioning Status").click("Save")
    assert person.screen == "provisioning-overview"


def walk(person: Visitor, token: str) -> None:
    """All six steps."""
    create_application(person)
    connect(person, token)
    disable_groups(person)
    assign(person)
    switch_on(person)


@pytest.mark.rule("ENG-482", "ENG-480", "ENG-483", "ENG-489", "ENG-088")
def test_the_whole_tutorial_by_plain_forms(admin: Visitor, token: str, world: World) -> None:
    walk(admin, token)
    assert "Initial cycle completed." in admin.text
    assert "100% complete" in admin.text
    assert "Provisioning Status On" in admin.text
    assert admin.page.all("progress")[0].attributes["value"] == "100"
    assert "Provisioning interval(fixed) 40 minutes" in admin.text
    assert world.tapt is not None
    names = {user["userName"] for user in world.tapt.users()}
    assert names == {
        f"{name}@contoso.example"
        for name in ("grace.lind", "ada.park", "bjorn.odegard", "mia.oconnor", "li.wei", "sam.reed")
    }
    admin.click("View provisioning logs")
    assert [row[2] for row in admin.rows()].count("Create") == 8


@pytest.mark.rule("ENG-284", "ENG-487")
def test_life_after_the_tutorial_edit_unassign_expire_and_repair(admin: Visitor, token: str, world: World) -> None:
    walk(admin, token)
    assert world.tapt is not None
    admin.open("/").click("Users").click("Ada Park").click("Edit properties")
    admin.fill("jobTitle", "Lead Researcher").click("Save")
    assert "Lead Researcher" in admin.text
    to_application(admin).click("Users and groups").tick("Select Li Wei").click("Remove").click("Yes")
    assert "the account is disabled, not deleted" in admin.text
    to_application(admin).click("Provisioning").click("Jump to next cycle")
    assert "Incremental cycle completed." in admin.text
    admin.click("View provisioning logs")
    assert {(row[2], row[5].split()[0]) for row in admin.rows()[:2]} == {("Update", "Success"), ("Disable", "Success")}

    admin.open("/").click("Users").click("Mia O'Connor").click("Delete").click("Yes")
    world.advance(timedelta(minutes=40))
    admin.click("Deleted users (1)").click("Restore user")
    world.advance(timedelta(minutes=40))
    world.tapt.expire_token()
    admin.open("/").click("Users").click("Ada Park").click("Edit properties").fill("jobTitle", "Director").click("Save")
    to_application(admin).click("Provisioning").click("Jump to next cycle")
    assert "Provisioning has been quarantined. See quarantine details for more information" in admin.text
    assert "EncounteredQuarantineException" in admin.text
    fresh = world.tapt.generate_token().secret
    admin.click("Update credentials").fill("Secret Token", fresh).click("Test Connection").click("Save")
    to_application(admin).click("Provisioning").click("Jump to next cycle")
    assert "quarantined" not in admin.text
    admin.open("/lab/tutorial")
    lines = [node for node in admin.main.all("li") if node.all("strong")]
    assert [node.attributes["class"] for node in lines] == ["done"] * 13


def test_nothing_beyond_the_tutorial_is_ticked_before_it_is_done(admin: Visitor, token: str, world: World) -> None:
    walk(admin, token)
    admin.open("/lab/tutorial")
    assert "8 of 13 done" in admin.text
    world.simulator.directory.update_user("ada.park@contoso.example", {"jobTitle": "Chief"})
    world.advance(timedelta(minutes=40))
    assert "9 of 13 done" in admin.open("/lab/tutorial").text
    world.simulator.directory.update_user("ada.park@contoso.example", {"accountEnabled": False})
    world.advance(timedelta(minutes=40))
    assert "10 of 13 done" in admin.open("/lab/tutorial").text
    world.simulator.directory.update_user("ada.park@contoso.example", {"accountEnabled": True})
    world.advance(timedelta(minutes=40))
    assert "11 of 13 done" in admin.open("/lab/tutorial").text


def test_the_checklist_keeps_the_tutorials_order_and_words(admin: Visitor, world: World) -> None:
    admin.open("/lab/tutorial")
    words = (
        "Prerequisites",
        "A Microsoft Entra tenant: this lab is one.",
        "Global Administrator permissions",
        "A Tapt user with administrative privileges",
        "Step 1: Plan your provisioning deployment",
        "who will be in scope",
        "what data to map between Microsoft Entra ID and Tapt",
        "Step 2",
        "Global Secure Access > Applications > Enterprise applications",
        "New application",
        "Integrate any other application you don't find in the gallery",
        "Step 2",
        "Settings, Integrations, Active Directory / Microsoft Entra ID, Configure, Generate; copy URL and Token",
        "Step 3",
        "Provisioning Mode to Automatic",
        "Admin Credentials",
        "Tenant URL",
        "valid for 6 months",
        "Secret Token",
        "Test Connection",
        "Step 4",
        "Provision Active Directory Groups",
        "Step 5",
        "Add user/group",
        "Step 6",
        "Provisioning Status On",
        "A sync occurs every 40 minutes",
        "Additional resources",
        "Attribute mappings",
        "Provisioning logs",
    )
    place = 0
    for word in words:
        place = admin.main.text.find(word, place)
        assert place >= 0, f"'{word}' is missing, or stands before what it follows in the tutorial"
    world.simulator.applications.create("Tapt Integration")
    admin.open("/lab/tutorial")
    for words_of_link, screen in (
        ("Scope", "provisioning-edit"),
        ("assignments", "assignments"),
        ("scoping filters", "source-object-scope"),
        ("Attribute Mapping", "attribute-mapping"),
        ("Provisioning logs", "provisioning-logs"),
    ):
        link = next(node for node in admin.main.all("a") if node.text == words_of_link)
        assert admin.open(admin._absolute(link.attributes["href"])).screen == screen
        admin.open("/lab/tutorial")


def test_the_checklist_is_ticked_by_facts_and_leads_to_the_control(admin: Visitor) -> None:
    admin.open("/lab/tutorial")
    assert "0 of 13 done" in admin.text
    create = next(node for node in admin.main.all("a") if node.text.startswith("Create the application"))
    admin.open(admin._absolute(create.attributes["href"]))
    assert admin.screen == "create-app"
    assert [node for node in admin.main.all() if "create" in node.attributes.get("data-guide", "").split()]
    create_application(admin)
    admin.open("/lab/tutorial")
    assert "1 of 13 done" in admin.text


def test_deleted_people_are_disabled_restored_and_purged(admin: Visitor, token: str, world: World) -> None:
    walk(admin, token)
    admin.open("/").click("Users").click("Mia O'Connor").click("Delete")
    assert "deleted for good after 30 days" in admin.text
    admin.click("Yes")
    admin.click("Deleted users (1)")
    assert admin.heading == "Users | Deleted users"
    assert "2026-02-04 09:00:00 UTC" in admin.text
    world.advance(timedelta(minutes=40))
    admin.click("Restore user")
    world.advance(timedelta(minutes=40))
    assert world.tapt is not None
    assert next(u for u in world.tapt.users() if u["displayName"] == "Mia O'Connor")["active"] is True
