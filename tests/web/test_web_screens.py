"""Screens, labels and states in the spelling of the reference, and how each form answers."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import test_web_tutorial_forms as tutorial
from visitor import TAPT_URL
from visitor import Visitor

from entra_sim.scenarios.world import World
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.web import accounts
from entra_sim.simulator.web.standing import so_far

WEB = Path(accounts.__file__).parent


@pytest.fixture
def application(world: World, token: str) -> Application:
    """Return an application that is configured, with three people assigned."""
    sim = world.simulator
    made = sim.applications.create("Tapt Integration")
    sim.provisioning.set_mode(made, "Automatic")
    sim.provisioning.save_credentials(made, TAPT_URL, token)
    for name in ("Tapt people", "li.wei@contoso.example"):
        sim.applications.assign(made, name)
    return made


def base(application: Application) -> str:
    """Return the path of an application."""
    return f"/enterprise-apps/{application.application_id}"


# -- frame -----------------------------------------------------------------------------------------------------------


def test_the_menus_have_every_entry_and_say_what_is_not_simulated(admin: Visitor, application: Application) -> None:
    admin.open(base(application))
    words = admin.page.all("nav")[0].text
    for name in ("Users", "Groups", "Enterprise apps", "Global Secure Access", "Enterprise applications", "Tutorial"):
        assert name in words
    for name in ("Clock", "Requests", "Timeline", "Compare", "Scenarios", "About this simulation", "Identity"):
        assert name in words
    menu = admin.page.all("nav")[1]
    for name in ("Overview", "Properties", "Users and groups", "Provisioning", "Audit logs", "Provisioning logs"):
        assert name in [node.text for node in menu.all("a")]
    greyed = [node.text for node in menu.all("span") if node.attributes.get("title") == "Not simulated"]
    assert [text.partition(" (")[0] for text in greyed][:4] == [
        "Owners",
        "Roles and administrators",
        "Single sign-on",
        "Application proxy",
    ]


@pytest.mark.rule("ENG-481")
def test_the_provisioning_menu_and_commands(admin: Visitor, application: Application) -> None:
    admin.open(f"{base(application)}/provisioning")
    menu = admin.page.all("nav")[1].text
    for name in ("Overview", "Provision on demand", "Users and groups", "Expression builder", "Insights"):
        assert name in menu
    assert "New support request" in menu
    commands = [node.text for node in admin.main.all("form")[0].all("button", "a")]
    assert commands == [
        "Start provisioning",
        "Stop provisioning",
        "Restart provisioning",
        "Edit provisioning",
        "Provision on demand",
        "Refresh",
    ]
    assert "Initial cycle not run." in admin.text
    assert "0% complete" in admin.text


def test_every_page_says_what_it_is_not_and_names_no_other_host(admin: Visitor) -> None:
    admin.open("/")
    assert "Local simulator. Not Microsoft, not Tapt. Nothing leaves this computer." in admin.page.text
    for path in [*WEB.glob("templates/*"), *WEB.glob("static/*.*")]:
        assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?(https?:)?//", path.read_text(encoding="utf-8")), path


def test_the_first_page_is_light(admin: Visitor) -> None:
    admin.open("/")
    size = len(admin.html.encode())
    for name in ("app.css", "app.js", "icon.svg"):
        size += (WEB / "static" / name).stat().st_size
    for path in (WEB / "static" / "vendor").rglob("*.*"):
        size += path.stat().st_size if path.suffix in (".js", ".svg") else 0
    assert size < 100_000
    assert (WEB / "static" / "app.css").stat().st_size <= 25_000


@pytest.mark.parametrize("folder", [WEB / "static" / "vendor", Path(__file__).parent / "vendor"], ids=["web", "tests"])
def test_vendored_files_are_as_they_came(folder: Path) -> None:
    lines = re.findall(r"^\| (\S+\.\w+) \|.*\| ([0-9a-f]{64}) \|$", (folder / "VENDORED.md").read_text(), re.MULTILINE)
    assert dict(lines) == {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.*")
        if path.is_file() and path.suffix not in (".md", ".txt")
    }
    for name, _sum in lines:
        assert (folder / name).parent.joinpath("LICENSE.txt").exists()


# -- configuration ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("ENG-132")
def test_save_wants_a_passing_test_first_and_keeps_what_was_typed(admin: Visitor, world: World, token: str) -> None:
    application = world.simulator.applications.create("Tapt Integration")
    admin.open(f"{base(application)}/provisioning/edit")
    admin.fill("Provisioning Mode", "Automatic").fill("Tenant URL", TAPT_URL).fill("Secret Token", token).click("Save")
    assert admin.status == 422
    assert "Test the connection first." in admin.text
    assert admin._control("Tenant URL", "input").attributes["value"] == TAPT_URL
    admin.fill("Provisioning Mode", "Automatic").fill("Secret Token", "wrong").click("Test Connection")
    assert "You appear to have entered invalid credentials" in admin.text
    assert "401" in admin.text
    admin.click("Save")
    assert "Test the connection first." in admin.text
    assert world.simulator.queries.job(application).configuration.tenant_url == ""


@pytest.mark.rule("ENG-440")
def test_a_url_that_answers_but_not_as_scim_is_told_apart(admin: Visitor, world: World, token: str) -> None:
    application = world.simulator.applications.create("Tapt Integration")
    admin.open(f"{base(application)}/provisioning/edit").fill("Provisioning Mode", "Automatic")
    admin.fill("Tenant URL", "https://tapt.example/elsewhere").fill("Secret Token", token).click("Test Connection")
    assert "answers, but not as SCIM" in admin.text
    admin.fill("Provisioning Mode", "Automatic").fill("Tenant URL", "http://127.0.0.1:9/scim/v2")
    admin.fill("Secret Token", token).click("Test Connection")
    assert "Cannot reach http://127.0.0.1:9/scim/v2" in admin.text
    assert "Tapt is running on port 8471" in admin.text
    admin.fill("Provisioning Mode", "Automatic").fill("Tenant URL", "ftp://x").click("Test Connection")
    assert admin.status == 422
    assert "only https:// and http:// are spoken" in admin.text


@pytest.mark.rule("ENG-502")
def test_the_compliance_flag_is_named_beside_the_field(admin: Visitor, application: Application) -> None:
    admin.open(f"{base(application)}/provisioning/edit").fill("Tenant URL", f"{TAPT_URL}?aadOptscim062020")
    admin.click("Test Connection")
    assert "Compliance flag on: lower-case op names, true booleans" in admin.text


@pytest.mark.rule("ENG-460")
def test_automatic_cannot_be_taken_back(admin: Visitor, application: Application, world: World) -> None:
    admin.open(f"{base(application)}/provisioning/edit")
    shown = admin._control("Provisioning Mode", "select")
    assert "disabled" in shown.attributes
    admin.open("/")
    csrf = next(node.attributes["value"] for node in admin.page.all("input") if node.attributes.get("name") == "csrf")
    fields = {"csrf": csrf, "action": "save", "mode": "Manual", "tenant_url": TAPT_URL}
    response = admin.client.post(f"{base(application)}/provisioning/edit", data=fields, base_url=admin.base)
    assert response.status_code == 422
    assert world.simulator.queries.job(application).configuration.mode == "Automatic"


@pytest.mark.rule("ENG-300", "ENG-288", "ENG-028")
def test_settings_are_checked_and_stored(admin: Visitor, application: Application, world: World) -> None:
    admin.open(f"{base(application)}/provisioning/edit")
    assert [option.text for option in admin.main.all("option")][-2:] == [
        "Sync only assigned users and groups",
        "Sync all users and groups",
    ]
    admin.tick("Send an email notification when a failure occurs").fill("Notification Email", "nobody")
    admin.tick("Prevent accidental deletion").fill("Accidental deletion threshold", "0").click("Save")
    assert admin.status == 422
    assert "Enter one e-mail address" in admin.text
    assert "Enter a whole number of 1 or more." in admin.text
    admin.fill("Notification Email", "it@contoso.example").fill("Accidental deletion threshold", "3")
    admin.fill("Scope", "Sync all users and groups").click("Save")
    assert "Restart provisioning for this to take effect." in admin.text
    configuration = world.simulator.queries.job(application).configuration
    assert (configuration.notification_email, configuration.deletion_threshold) == ("it@contoso.example", 3)
    assert configuration.prevents_accidental_deletion
    assert configuration.sync_all


@pytest.mark.rule("ENG-304", "ENG-487")
def test_too_many_deletions_are_held_until_deletes_are_allowed(
    admin: Visitor, application: Application, world: World
) -> None:
    sim = world.simulator
    sim.provisioning.set_accidental_deletion_prevention(application, True, 1)
    sim.provisioning.start(application)
    sim.time.tick()
    sim.applications.unassign(application, "Tapt people")
    world.advance(timedelta(minutes=40))
    admin.open(f"{base(application)}/provisioning")
    assert "TooManyDeletes" in admin.text
    assert "5 removals planned, threshold 1." in admin.text
    assert "Grace Lind" in admin.text
    admin.click("Allow deletes").click("Yes")
    assert "quarantined" not in admin.text
    assert world.tapt is not None
    assert [user["active"] for user in world.tapt.users()].count(False) == 4


@pytest.mark.rule("ENG-311", "ENG-318")
def test_stop_start_and_restart_ask_where_they_must(admin: Visitor, application: Application, world: World) -> None:
    admin.open(f"{base(application)}/provisioning").click("Start provisioning")
    assert "Initial cycle completed." in admin.text
    admin.click("Stop provisioning")
    assert "Provisioning is off" in admin.text
    assert "Start picks up from the stored watermark." in admin.text
    admin.click("Start provisioning")
    assert "Incremental cycle completed." in admin.text
    admin.click("Restart provisioning")
    assert "links are kept" in admin.text
    assert world.simulator.queries.job(application).watermark is not None
    admin.click("Yes")
    assert "Initial cycle completed." in admin.text


# -- mappings --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("ENG-070", "ENG-073", "ENG-086")
def test_an_attribute_mapping_is_edited_in_a_draft_and_stored_by_save(
    admin: Visitor, application: Application, world: World
) -> None:
    admin.open(f"{base(application)}/provisioning/edit").click("Provision Microsoft Entra ID Users")
    assert "Attribute Mappings" in [node.text for node in admin.main.all("h2")]
    labels = admin.text
    for label in ("Name", "Enabled", "Source Object", "Source Object Scope", "All records", "Target Object Actions"):
        assert label in labels
    for label in ("customappsso Attribute", "Microsoft Entra ID Attribute", "Matching precedence", "Add New Mapping"):
        assert label in labels
    for label in ("Edit attribute list for customappsso", "Review your schema here", "Use the expression builder"):
        assert label in labels
    admin.click("title")
    assert admin.heading == "Edit Attribute"
    admin.fill("Mapping type", "Expression").fill("Expression", "Nonsense([jobTitle]").click("Ok")
    assert admin.status == 422
    assert "Column" in admin.text
    assert admin._control("Expression", "textarea").text == "Nonsense([jobTitle]"
    admin.fill("Expression", "ToUpper([jobTitle])").fill("User", "ada.park@contoso.example").click("Try it")
    assert "RESEARCHER" in admin.text
    admin.fill("Apply this mapping", "Only during object creation").click("Ok")
    assert "There are changes that are not saved." in admin.text
    stored = world.simulator.provisioning.get_schema(application)
    assert "ToUpper" not in json.dumps(stored)
    admin.click("Save").click("Yes")
    rows = json.dumps(world.simulator.provisioning.get_schema(application))
    assert "ToUpper([jobTitle])" in rows
    assert "ObjectAddOnly" in rows


@pytest.mark.rule("ENG-076", "ENG-077")
def test_rows_can_be_added_and_deleted_but_not_the_last_matching_one(admin: Visitor, application: Application) -> None:
    path = f"{base(application)}/provisioning/mappings/users"
    admin.open(path)
    assert [node.text for node in admin.main.all("th")][2] == "Matching precedence"
    user_name = next(row for row in admin.rows() if row[0] == "userName")
    assert user_name[2] == "1"
    assert user_name[4] == ""
    admin.click("Delete preferredLanguage", within="preferredLanguage")
    assert "preferredLanguage" not in [row[0] for row in admin.rows()]
    admin.click("Add New Mapping").fill("Mapping type", "Constant").fill("Constant Value", "en")
    admin.fill("Target attribute", "preferredLanguage").click("Ok")
    assert ["preferredLanguage", '"en"'] in [row[:2] for row in admin.rows()]
    admin.click("userName").fill("Match objects using this attribute", "No").click("Ok")
    assert admin.status == 422
    assert "matching precedence" in admin.text
    admin.open(path).click("Discard")
    admin.open(path)
    assert ["preferredLanguage", "preferredLanguage"] in [row[:2] for row in admin.rows()]


@pytest.mark.rule("ENG-040", "ENG-047", "ENG-059", "ENG-484")
def test_scoping_filters_say_whom_they_admit(admin: Visitor, application: Application, world: World) -> None:
    admin.open(f"{base(application)}/provisioning/mappings/users").click("All records")
    assert admin.heading == "Source Object Scope"
    assert "Admits 8 of 8 users" in admin.text
    admin.click("Add scoping filter")
    assert admin.heading == "Add Scoping Filter"
    operator = admin.main.all("select")[1]
    assert [option.text for option in operator.all("option")] == [
        "&",
        "!&",
        "ENDS_WITH",
        "EQUALS",
        "Greater_Than",
        "Greater_Than_OR_EQUALS",
        "Includes",
        "IS FALSE",
        "IS NOT NULL",
        "IS NULL",
        "IS TRUE",
        "NOT EQUALS",
        "NOT REGEX MATCH",
        "REGEX MATCH",
    ]
    sources = [option.text for option in admin.main.all("select")[0].all("option")]
    assert "department" in sources
    assert "manager" not in sources
    admin.fill("Target Attribute of clause 1", "department").fill("Operator of clause 1", "Greater_Than")
    admin.fill("Value of clause 1", "many").fill("Scoping Filter Title", "Research").click("Ok")
    assert admin.status == 422
    assert "whole number" in admin.text
    admin.fill("Operator of clause 1", "EQUALS").fill("Value of clause 1", "Research").click("Add New Scoping Clause")
    admin.fill("Target Attribute of clause 2", "jobTitle").fill("Operator of clause 2", "IS NOT NULL").click("Ok")
    assert "Admits 3 of 8 users" in admin.text
    admin.click("Ok")
    assert "1 scoping filter" in admin.text
    admin.click("Save").click("Yes")
    world.simulator.provisioning.start(application)
    world.simulator.time.tick()
    assert world.tapt is not None
    assert {user["displayName"] for user in world.tapt.users()} == {"Grace Lind", "Ada Park", "Bjørn Ødegård"}


@pytest.mark.rule("ENG-501", "ENG-079")
def test_the_schema_goes_out_and_comes_back(admin: Visitor, application: Application, world: World) -> None:
    path = f"{base(application)}/provisioning/schema"
    response = admin.client.get(f"{path}.json", base_url=admin.base)
    document = json.loads(response.get_data())
    assert document == world.simulator.provisioning.get_schema(application)
    admin.open(path)
    box = admin.main.all("textarea")[0]
    admin.typed[id(box)] = [json.dumps(document).replace("}", "", 1)]
    admin.click("Save")
    assert admin.status == 422
    assert "this is no JSON" in admin.text
    document["synchronizationRules"][0]["objectMappings"][0]["enabled"] = False
    box = admin.main.all("textarea")[0]
    admin.typed[id(box)] = [json.dumps(document)]
    admin.click("Save")
    assert "An initial cycle follows the running one." in admin.text
    assert world.simulator.provisioning.get_schema(application) == document
    admin.open(f"{base(application)}/provisioning/mappings/users/attribute-list/target")
    for label in ("Name", "Type", "Primary Key?", "Required?", "Multi-Value?", "Exact case?"):
        assert label in admin.text
    admin.fill("Name of a new attribute", "urn:ietf:params:scim:schemas:extension:Tapt:2.0:User:badge")
    admin.click("Add Attribute")
    assert "extension:Tapt:2.0:User:badge" in admin.text


def test_the_expression_builder_builds_tests_and_points_at_mistakes(admin: Visitor, application: Application) -> None:
    admin.open(f"{base(application)}/provisioning/expression-builder")
    admin.fill("Function", "Join").click("Add expression")
    assert "Join(" in admin.main.all("textarea")[0].text
    admin.fill("Expression", 'Join("-", [givenName], [surname])').click("Show attributes")
    admin.fill("givenName", "Ada").fill("surname", "Park").click("Test expression")
    assert admin.main.all("output")[0].text == "Ada-Park"
    admin.fill("Expression", 'Join("-", [givenName]').click("Test expression")
    assert admin.status == 422
    assert re.search(r"Column \d+:", admin.text)


# -- on demand, logs -------------------------------------------------------------------------------------------------


@pytest.mark.rule("ENG-250", "ENG-251", "ENG-252", "ENG-344", "ENG-488")
def test_provision_on_demand_shows_its_steps_in_the_pages_order(
    admin: Visitor, application: Application, world: World
) -> None:
    admin.open(f"{base(application)}/provisioning/on-demand")
    admin.fill("Select a user or group", "Ada").click("Search").click("Select Ada Park").click("Provision")
    assert [node.text for node in admin.main.all("h2")][:4] == [
        "Import user",
        "Determine if user is in scope",
        "Match user between source and target system",
        "Perform action",
    ]
    assert "Modified attributes (successful)" in admin.text
    assert "was created in customappsso" in admin.text
    assert [node.text for node in admin.main.all("th")] == [
        "Target attribute name",
        "Source attribute value",
        "Expression",
        "Original target attribute value",
        "Modified target attribute value",
    ]
    assert ["title", "Researcher", "[jobTitle]", "", "Researcher"] in admin.rows()
    assert "[jobTitle] → title : Researcher" in admin.click("Data flow").text
    admin.click("Retry")
    assert "RedundantExport" in admin.text
    admin.click("Provision another object")
    admin.fill("Select a user or group", "Noor").click("Search").click("Select Noor Haddad").click("Provision")
    assert "NotEffectivelyEntitled" in admin.text
    world.simulator.directory.update_user("zoe.martin@contoso.example", {"accountEnabled": False})
    admin.open(f"{base(application)}/provisioning/on-demand").fill("Select a user or group", "Zo").click("Search")
    assert "Nobody matches 'Zo'. Deleted and blocked users do not appear." in admin.text


def test_provision_on_demand_shows_a_refused_token_as_a_step_of_its_own(
    admin: Visitor, application: Application, world: World
) -> None:
    assert world.tapt is not None
    world.tapt.expire_token()
    admin.open(f"{base(application)}/provisioning/on-demand")
    admin.fill("Select a user or group", "Ada").click("Search").click("Select Ada Park").click("Provision")
    assert [node.text for node in admin.main.all("ol")[-1].all("h2")] == ["Test connection"]


@pytest.mark.rule("ENG-348", "ENG-349", "ENG-351")
def test_provisioning_logs_are_filtered_opened_and_downloaded(
    admin: Visitor, application: Application, world: World
) -> None:
    admin.open(f"{base(application)}/provisioning/logs")
    assert admin.heading == "Tapt Integration | Provisioning logs"
    assert "No entries in this range. Widen the date, or start provisioning." in admin.text
    assert "Records are kept for 30 days" in admin.text
    world.simulator.provisioning.start(application)
    world.simulator.time.tick()
    admin.click("Refresh")
    assert [node.text for node in admin.main.all("th")] == [
        "Date",
        "Identity",
        "Action",
        "Source System",
        "Target System",
        "Status",
    ]
    admin.fill("Identity", "li.wei").fill("Status", "Success").click("Apply")
    assert len(admin.rows()) == 1
    target = re.search(r"Target ID → (\S+)", admin.text)
    assert target is not None
    admin.fill("Identity", target.group(1)).click("Apply")
    assert len(admin.rows()) == 1
    admin.click(admin.rows()[0][0])
    tabs = [node.text for node in admin.main.all("nav")[1].all("a")]
    assert tabs == ["Steps", "Troubleshooting & Recommendations", "Modified Properties", "Summary"]
    assert "EntryExportAdd" in admin.text
    assert "Nothing to fix." in admin.click("Troubleshooting & Recommendations").text
    assert "+" not in admin.click("Modified Properties").rows()[0][1]
    assert "Change ID" in admin.click("Summary").text
    admin.open(f"{base(application)}/provisioning/logs").fill("Date", "All").click("Apply")
    count = len(admin.rows())
    path = f"{base(application)}/provisioning/logs/download?range=all"
    archive = admin.client.get(f"{path}&format=csv", base_url=admin.base).get_data()
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        names = sorted(zipped.namelist())
        rows = list(csv.reader(io.StringIO(zipped.read("ProvisioningLogs.csv").decode("utf-8-sig"))))
    assert names == [
        "ProvisioningLogs.csv",
        "ProvisioningLogs_ModifiedProperties.csv",
        "ProvisioningLogs_ProvisioningSteps.csv",
    ]
    assert len(rows) == count + 1
    assert len(json.loads(admin.client.get(f"{path}&format=json", base_url=admin.base).get_data())) == count


@pytest.mark.rule("ENG-353")
def test_audit_logs_tell_what_the_administrator_did(admin: Visitor, token: str, world: World) -> None:
    tutorial.walk(admin, token)
    admin.click("Audit logs")
    activities = {row[1] for row in admin.rows()}
    assert {"Update provisioning setting or credentials", "Enable/start provisioning configuration"} <= activities
    assert "Update attribute mappings or scope" in activities


# -- lab -------------------------------------------------------------------------------------------------------------


def test_the_clock_only_moves_forward_and_tells_what_ran(
    admin: Visitor, application: Application, world: World
) -> None:
    admin.open("/lab/clock")
    assert [row[2] for row in admin.rows()] == ["token expiry: Tapt"]
    world.simulator.provisioning.start(application)
    world.simulator.time.tick()
    admin.open("/lab/clock").click("+1 day")
    assert "Ran 36 incremental cycles; nothing to do." in admin.text
    admin.fill("Go to (UTC)", "2025-01-01T00:00").click("Go")
    assert "Time only moves forward; reset the lab to start over." in admin.text
    admin.click("Jump here", within="incremental cycle")
    assert "Ran 1 incremental cycle" in admin.text


def test_requests_are_listed_filtered_and_shown_with_the_token_masked(
    admin: Visitor, application: Application, world: World, token: str
) -> None:
    world.simulator.provisioning.start(application)
    world.simulator.time.tick()
    admin.open("/lab/requests").fill("Method", "POST").fill("Path or filter", "/Users").click("Apply")
    assert {row[1] for row in admin.rows()} == {"POST"}
    link = next(a for a in admin.main.all("a") if re.search(r"/lab/requests/\d+$", a.attributes["href"]))
    admin.open(link.attributes["href"])
    assert "Bearer ****" in admin.text
    assert token not in admin.html
    assert 'curl -X POST https://tapt.example/scim/v2/Users -H "Authorization: Bearer $TOKEN"' in admin.text
    har = json.loads(admin.client.get("/lab/requests.har", base_url=admin.base).get_data())
    assert len(har["log"]["entries"]) == len(world.simulator.exchanges())


def test_compare_timeline_and_why_tell_the_same_story(admin: Visitor, application: Application, world: World) -> None:
    world.simulator.provisioning.start(application)
    world.simulator.time.tick()
    world.simulator.directory.update_user("ada.park@contoso.example", {"jobTitle": "Director"})
    assert world.tapt is not None
    world.tapt.add_profile({"userName": "stranger@elsewhere.example"})
    admin.open("/lab/compare?look=yes")
    states = {row[0].split(" ")[0]: row[3] for row in admin.rows()}
    assert states["Ada"] == "will change"
    assert states["Grace"] == "equal"
    assert states["Noor"] == "skipped"
    assert "stranger@elsewhere.example" in admin.text
    admin.click("Why? Ada Park", within="Ada Park")
    assert "will be updated" in admin.text
    assert "Director" in admin.text
    admin.click("Timeline")
    assert [node.text for node in admin.main.all("th")][1:] == [
        "Directory changes",
        "Scope",
        "Requests",
        "Tapt state",
        "Log entries",
    ]
    assert "account created" in admin.text
    assert "changed: jobTitle" in admin.text


def test_about_finds_a_rule_and_patterns_show_every_state(admin: Visitor) -> None:
    admin.open("/").click("About this simulation").fill("Rule, code or word", "ENG-182").click("Apply")
    assert "1 rule" in admin.text
    assert "ENG-182" in admin.text
    admin.open("/lab/patterns")
    for word in ("Success", "Failure", "Warning", "Skipped", "Quarantine"):
        assert word in admin.text


def test_scenarios_are_listed_and_run_in_a_world_of_their_own(world: World, app: object, token: str) -> None:
    from entra_sim.scenarios.lab_hooks import Library
    from entra_sim.simulator.web import bound
    from entra_sim.simulator.web.hooks import LabHooks

    hooks = LabHooks(scenarios=Library())
    person = Visitor(bound(app, world.simulator, key="k", links={}, sign_in=False, lab=hooks))  # type: ignore[arg-type]
    person.open("/lab/scenarios")
    assert len(person.rows()) > 10
    assert len(person.open("/lab/scenarios?search=exercise+token").rows()) == 2
    assert "No scenario has all these words." in person.open("/lab/scenarios?search=zzz").text
    person.open("/lab/scenarios")
    before = len(world.simulator.exchanges())
    person.click("Run", within="tapt-tutorial")
    assert person.screen == "lab-scenario-run"
    assert "passed" in person.text
    assert len(world.simulator.exchanges()) == before
    (transcript,) = person.main.all("pre")
    assert "POST {target}/Users" in transcript.text
    assert "ada.park@contoso.example" in transcript.text


def test_deleted_things_answer_404_with_a_way_up(admin: Visitor, application: Application, world: World) -> None:
    world.simulator.applications.delete(application)
    admin.open(f"{base(application)}/provisioning")
    assert admin.status == 404
    assert "It was deleted, or the lab was reset." in admin.text
    assert admin.click("Go up").screen == "apps"


def test_without_sign_in_everybody_is_the_administrator(world: World, app: object) -> None:
    from entra_sim.simulator.web import bound

    person = Visitor(bound(app, world.simulator, key="k", links={}, sign_in=False))  # type: ignore[arg-type]
    assert person.open("/").screen == "home"
    person.open("/enterprise-apps/new/own").fill("What's the name of your app?", "Quick").click("Create")
    assert person.heading == "Quick | Overview"


def test_others_need_the_access_key_to_sign_in(world: World, app: object) -> None:
    from entra_sim.simulator.web import bound

    person = Visitor(bound(app, world.simulator, key="k", links={}, access_key="long-key"))  # type: ignore[arg-type]
    person.open("/sign-in").fill("Access key", "wrong")
    person._submit(person.page.all("button")[0])
    assert person.status == 403
    person.fill("Access key", "long-key")
    person._submit(person.page.all("button")[0])
    assert person.screen == "home"


@pytest.mark.rule("ENG-486")
def test_the_newer_layout_is_one_switch_away_and_has_its_own_words(admin: Visitor, application: Application) -> None:
    admin.open(f"{base(application)}/provisioning")
    admin.click("Newer portal")
    menu = [node.text for node in admin.page.all("nav")[1].all("a")]
    for name in ("Overview", "Properties", "Connectivity", "Attribute mapping", "Provisioning logs"):
        assert name in menu
    assert "Pause provisioning" in [node.text for node in admin.main.all("button")]
    admin.open(f"{base(application)}/provisioning/connectivity")
    for label in ("Select authentication method", "Bearer authentication", "Tenant URL", "Secret Token"):
        assert label in admin.text
    admin.open(f"{base(application)}/provisioning/properties").click("Edit Basics")
    admin.tick("Prevent accidental deletion").fill("Accidental deletion threshold", "7").click("Apply")
    assert "On, threshold 7" in admin.text


@pytest.mark.parametrize("name", ["agenda", "tutorial", "requests", "about", "clock"])
def test_the_lab_has_json_twins(admin: Visitor, name: str) -> None:
    response = admin.client.get(f"/api/{name}", base_url=admin.base)
    assert response.status_code == 200
    assert response.is_json


def test_groups_and_members_are_edited(enter: Callable[[str], Visitor], world: World) -> None:
    person = enter("Jordan Vale")
    person.open("/").click("Groups").click("New group").fill("Group name", "Night shift").click("Create")
    assert "No members." in person.text
    person.fill("Add members", "Zo").click("Search").tick("Zoë Martin").click("Add members")
    assert "Zoë Martin" in person.text
    person.tick("Select Zoë Martin").click("Remove")
    assert "No members." in person.text
    person.click("Delete").click("Yes")
    assert "Night shift" not in [row[0] for row in person.rows()]


def test_a_saved_schema_with_a_known_trap_is_told_so(admin: Visitor, application: Application, world: World) -> None:
    document = world.simulator.provisioning.get_schema(application)
    for mapping in document["synchronizationRules"][0]["objectMappings"]:
        rows = mapping["attributeMappings"]
        mapping["attributeMappings"] = [row for row in rows if row["targetAttributeName"] != "active"]
    admin.open(f"{base(application)}/provisioning/schema")
    box = admin.main.all("textarea")[0]
    admin.typed[id(box)] = [json.dumps(document)]
    admin.click("Save")
    assert "Schema saved" in admin.text
    assert "active" in admin.text
    assert world.simulator.provisioning.get_schema(application) == document


def test_undo_takes_back_the_last_jump_and_saves_are_restored(
    admin: Visitor, application: Application, world: World, tmp_path: Path
) -> None:
    world.keep_saves_in(tmp_path)
    admin.open("/lab/clock").fill("Name", "monday").click("Save lab")
    assert "'monday' can be restored from here." in admin.text
    before = world.clock.now()
    admin.click("+1 day").click("Undo")
    assert world.clock.now() == before
    world.simulator.directory.delete_user("li.wei@contoso.example")
    admin.click("Restore monday", within="monday")
    assert world.simulator.directory.user("li.wei@contoso.example").deleted_at is None


def test_a_scenario_is_loaded_and_the_lab_reset_only_after_asking(world: World, app: object) -> None:
    from entra_sim.scenarios.lab_hooks import Library
    from entra_sim.simulator.web import bound
    from entra_sim.simulator.web.hooks import LabHooks

    done: list[str] = []
    hooks = LabHooks(scenarios=Library(), load=done.append, reset=lambda: done.append("reset"))
    person = Visitor(bound(app, world.simulator, key="k", links={}, sign_in=False, lab=hooks))  # type: ignore[arg-type]
    person.open("/lab/scenarios").click("Load into lab", within="tapt-tutorial")
    assert done == []
    person.click("Yes")
    assert done == ["tapt-tutorial"]
    person.open("/lab/tutorial").click("Start over")
    assert done == ["tapt-tutorial"]
    person.click("Yes")
    assert done == ["tapt-tutorial", "reset"]


def test_an_exercise_is_loaded_and_ticked_by_facts_until_it_is_solved(world: World, app: object) -> None:
    from entra_sim.scenarios.lab_hooks import LabControl
    from entra_sim.scenarios.lab_hooks import Library
    from entra_sim.simulator.web import bound
    from entra_sim.simulator.web.hooks import LabHooks

    library = Library()
    control = LabControl(world, library, Path())
    hooks = LabHooks(scenarios=library, load=control.load, exercise=control.exercise, reset=control.reset)
    person = Visitor(bound(app, world.simulator, key="k", links={}, sign_in=False, lab=hooks))  # type: ignore[arg-type]
    assert "No exercise is in this lab" in person.open("/lab/exercise").text
    assert person.client.get("/api/exercise").json is None
    person.open("/lab/scenarios").click("Load into lab", within="labs/the-expired-token").click("Yes")

    assert person.screen == "lab-exercise"
    assert "Ada became Boss three days ago, and Tapt does not know" in person.text
    assert [node.text for node in person.main.all("summary")] == ["Hint 1", "Hint 2", "Hint 3", "One solution"]
    (facts,) = [node for node in person.main.all("ol") if node.attributes.get("class") == "checklist"]
    assert [node.attributes["class"] for node in facts.all("li")] == ["", ""]
    assert "EncounteredQuarantineException" in facts.text
    (application,) = world.simulator.applications.list()
    assert world.simulator.queries.job(application).quarantine is not None

    for step in ("generate token", "test connection: tapt", "save credentials: tapt"):
        assert control.perform(step)["outcome"] == "passed"
    person.click("Check again")
    assert "Solved." in person.text
    assert "Tokens of Tapt are good for six calendar months" in person.text
    assert person.client.get("/api/exercise").json["solved"] is True
    assert "Solved: Lab: changes have stopped arriving" in person.open("/lab/scenarios").text

    world.simulator.applications.delete(application)
    assert "Solved." not in person.open("/lab/exercise").text
    control.load("tapt-tutorial")
    assert control.exercise() is None


def test_what_a_running_cycle_has_done_is_told_in_words() -> None:
    counts = {
        ("Create", "Success"): 13_525,
        ("Create", "Skipped"): 700,
        ("Update", "Skipped"): 60,
        ("Update", "Failure"): 2,
        ("StagedDelete", "Success"): 1,
    }
    assert so_far(counts) == "13,525 created, 1 done, 2 failed, 760 skipped"
    assert so_far({}) == ""


def test_a_job_that_never_finished_a_cycle_is_not_complete(admin: Visitor, world: World, token: str) -> None:
    sim = world.simulator
    application = sim.applications.create("Tapt Integration")
    sim.provisioning.set_mode(application, "Automatic")
    sim.provisioning.save_credentials(application, TAPT_URL, token)
    assert world.tapt is not None
    world.tapt.expire_token()
    sim.provisioning.start(application)
    sim.time.tick()
    admin.open(f"/enterprise-apps/{application.application_id}/provisioning")
    assert "Provisioning has been quarantined." in admin.text
    assert "0% complete" in admin.text
    assert "100% complete" not in admin.text
