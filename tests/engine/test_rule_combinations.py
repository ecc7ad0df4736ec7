"""Two or three rules at once, where each alone is easy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from lab import Lab
from lab import upn

from entra_sim.simulator.engine.diff import differences
from entra_sim.simulator.engine.mapping import MappedValue
from entra_sim.simulator.engine.mapping import compile_mapping
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.mapping import read_schema

OpenLab = Callable[..., Lab]


def reports_to(lab: Lab, name: str, boss: str) -> None:
    lab.sim.directory.set_manager(upn(name), upn(boss))


def with_deletion_limit(lab: Lab, threshold: int) -> Lab:
    lab.sim.provisioning.set_accidental_deletion_prevention(lab.app, enabled=True, threshold=threshold)
    return lab


def details_of(lab: Lab, step: str) -> dict[str, str]:
    """Return the details of the newest record's step of this name."""
    return dict(next(item for item in lab.logs()[-1].steps if item.name == step).details)


# -- update off: references are updates ------------------------------------------------------------------------------


@pytest.mark.rule("ENG-110", "ENG-220")
def test_with_update_off_no_reference_is_written(lab: Lab) -> None:
    lab.people("boss", "ada")
    reports_to(lab, "ada", "boss")
    lab.group("Team", "ada")
    lab.actions(update=False)
    lab.actions("Group", update=False)
    lab.start()

    assert lab.writes() == ["POST /Users boss", "POST /Users ada", "POST /Groups Team"]
    lab.restart("Full")
    assert lab.writes() == []


@pytest.mark.rule("ENG-110", "ENG-254")
def test_with_update_off_provision_on_demand_writes_no_reference(lab: Lab) -> None:
    lab.people("boss", "ada")
    reports_to(lab, "ada", "boss")
    lab.group("Team", "ada")
    lab.actions(update=False)
    lab.actions("Group", update=False)
    for name in ("boss", "ada"):
        lab.sim.provisioning.provision_on_demand(lab.app, upn(name), [])
    lab.sim.provisioning.provision_on_demand(lab.app, "Team", [lab.id_of("ada")])

    assert [text for text in lab.writes() if text.startswith("PATCH")] == []


# -- references name nobody who is out of scope ----------------------------------------------------------------------


@pytest.mark.rule("ENG-190", "ENG-234")
def test_somebody_whose_removal_is_skipped_is_no_new_member(lab: Lab) -> None:
    for name in ("ada", "bob", "cy"):
        lab.person(name, department="A")
    lab.group("Team", "bob")
    lab.sim.provisioning.set_skip_out_of_scope_deletions(lab.app, True)
    lab.filter(("department", "EQUALS", "A"))
    lab.start()
    lab.edit("ada", department="B")
    lab.cycle()
    lab.look()

    lab.sim.directory.add_members("Team", [upn("ada"), upn("cy")])
    lab.cycle()

    assert lab.members("Team") == ["bob", "cy"]
    (steps,) = [entry.steps for entry in lab.logs() if entry.object_type == "Group"]
    (unresolved,) = [step for step in steps if step.name == "EntrySynchronizationReferenceResolution"]
    assert unresolved.details["Members"] == upn("ada")


@pytest.mark.rule("ENG-190", "ENG-221")
def test_somebody_whose_removal_is_skipped_is_no_new_manager(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    lab.people("boss", "ada")
    lab.sim.provisioning.set_skip_out_of_scope_deletions(lab.app, True)
    lab.start()
    lab.unassign("boss")
    lab.cycle()
    lab.look()

    reports_to(lab, "ada", "boss")
    lab.cycle()

    assert lab.writes() == []
    assert lab.log() == ["Other Skipped ada RedundantExport"]


@pytest.mark.rule("ENG-234", "ENG-303")
def test_somebody_whose_removal_is_held_is_no_new_member(lab: Lab) -> None:
    lab.people("ada", "bob", "cy")
    lab.group("Team", "cy")
    with_deletion_limit(lab, 1).start()
    lab.unassign("ada", "bob")
    lab.cycle()
    lab.look()
    assert len(lab.sim.queries.held_removals(lab.app)) == 2

    lab.filter(("userPrincipalName", "IS NOT NULL"))
    lab.sim.directory.update_group("Team", {"description": "x"})
    lab.sim.provisioning.provision_on_demand(lab.app, "Team", [lab.id_of("cy")])
    lab.person("dan")
    lab.sim.directory.add_members("Team", [upn("dan")])
    lab.run(timedelta(hours=5))
    assert lab.members("Team") == ["cy", "dan"]


@pytest.mark.rule("ENG-234", "ENG-270")
@pytest.mark.parametrize("is_filtered", [True, False])
def test_somebody_whose_disable_failed_is_no_new_member(lab: Lab, is_filtered: bool) -> None:
    for name in ("ada", "bob"):
        lab.person(name, department="A")
    lab.group("Team", "bob")
    lab.filter(("department", "EQUALS", "A"))
    lab.start()
    lab.fault(method="PATCH", path="/Users*", status=500)
    lab.edit("ada", **({"department": "B"} if is_filtered else {"jobTitle": "Chief"}))
    lab.sim.directory.add_members("Team", [upn("ada")])
    lab.cycle()

    assert len(lab.escrows()) == 1
    assert lab.members("Team") == (["bob"] if is_filtered else ["ada", "bob"])


@pytest.mark.rule("ENG-234", "ENG-254")
def test_a_picked_member_out_of_scope_is_not_written_on_demand(lab: Lab) -> None:
    for name in ("ada", "bob"):
        lab.person(name, department="A")
    lab.group("Team", "bob")
    lab.filter(("department", "EQUALS", "A"))
    lab.start()
    lab.edit("ada", department="B")
    lab.sim.directory.add_members("Team", [upn("ada")])
    lab.sim.provisioning.provision_on_demand(lab.app, "Team", [lab.id_of("ada")])

    assert lab.members("Team") == ["bob"]


@pytest.mark.rule("ENG-200", "ENG-235", "ENG-237")
def test_a_restored_member_comes_back_by_a_restart_or_by_being_added_anew_alone(lab: Lab) -> None:
    lab.people("ada", "bob", "cy", "dan")
    lab.group("Team", "ada", "bob")
    lab.start()
    lab.delete("ada")
    lab.cycle()
    lab.restore("ada")
    lab.cycle()
    assert lab.members("Team") == ["bob"]

    lab.sim.directory.add_members("Team", [upn("cy")])
    lab.cycle()
    assert lab.members("Team") == ["bob", "cy"]

    lab.sim.directory.remove_members("Team", [upn("ada")])
    lab.cycle()
    lab.sim.directory.add_members("Team", [upn("ada")])
    lab.cycle()
    assert lab.members("Team") == ["ada", "bob", "cy"]

    lab.delete("bob")
    lab.cycle()
    lab.restore("bob")
    lab.sim.directory.add_members("Team", [upn("dan")])
    lab.cycle()
    assert lab.members("Team") == ["ada", "cy", "dan"]
    lab.restart()
    assert lab.members("Team") == ["ada", "bob", "cy", "dan"]


@pytest.mark.rule("ENG-221", "ENG-343")
def test_members_that_cannot_be_resolved_are_named_though_no_member_is_written(lab: Lab) -> None:
    lab.group("Inner", assigned=False)
    lab.group("Outer", "Inner")
    lab.start()
    names = [step.name for step in lab.logs()[-1].steps]
    assert names[-2:] == ["EntryExportAdd", "EntrySynchronizationReferenceResolution"]

    lab.sim.directory.update_group("Outer", {"displayName": "Outer circle"})
    lab.cycle()
    names = [step.name for step in lab.logs()[-1].steps]
    assert names[-2:] == ["EntryExportUpdate", "EntrySynchronizationReferenceResolution"]


# -- what logs show --------------------------------------------------------------------------------------------------


@pytest.mark.rule("ENG-094", "ENG-342")
def test_redact_hides_the_value_in_every_step_that_names_the_target_attribute(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    lab.edit_row("title", expression="Redact([jobTitle])")
    lab.person("ada", jobTitle="secret")
    lab.start()
    lab.look()
    lab.fault(method="PATCH", status=400)
    lab.edit("ada", jobTitle="secret too")
    lab.cycle()

    entry = lab.logs()[-1]
    shown = {step.name: step.details["title"] for step in entry.steps if "title" in step.details}
    assert shown == {"EntryImport": "[Redact]", "EntryExportUpdate": "[Redact]"}
    account = lab.account("ada")
    assert account is not None
    assert account["title"] == "secret"


@pytest.mark.rule("ENG-342")
def test_a_failed_create_names_the_attributes_and_a_failed_lookup_is_no_export(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    lab.fault(method="POST", path="/Users*", status=400)
    lab.person("ada", jobTitle="Chief")
    lab.start()
    details = details_of(lab, "EntryExportAdd")
    assert (details["userName"], details["title"], details["active"]) == (upn("ada"), "Chief", "True")
    assert details["ErrorCode"] == "SystemForCrossDomainIdentityManagementServiceIncompatible"

    lab.heal()
    lab.look()
    lab.tapt.add_profile({"userName": upn("bob")})
    lab.fault(method="GET", path="/Users*", duplicate_match=True)
    lab.person("bob")
    lab.cycle()
    step = next(entry for entry in lab.logs() if entry.identity == upn("bob")).steps[-1]
    assert (step.name, step.type, step.status) == ("EntrySynchronizationError", "processing", "failure")


@pytest.mark.rule("ENG-360")
def test_writing_references_counts_as_expected_and_as_done(lab: Lab) -> None:
    lab.people("boss", "ada")
    reports_to(lab, "ada", "boss")
    lab.group("Team", "ada")
    lab.start()

    assert lab.job.last_execution is not None
    counts = lab.job.last_execution.counts
    assert (counts.exports, counts.exported) == (5, 5)


@pytest.mark.rule("ENG-363", "ENG-253")
def test_the_count_does_not_shrink_when_a_group_is_deleted_on_demand(lab: Lab) -> None:
    lab.people("ada")
    lab.group("Team", "ada")
    lab.start()
    lab.unassign("Team")
    lab.sim.provisioning.provision_on_demand(lab.app, "Team", [])

    assert lab.tapt.groups() == []
    counted = lab.sim.queries.job_as_graph(lab.app)["status"]["synchronizedEntryCountByType"]
    assert {item["value"] for item in counted} == {1}
    assert len(counted) == 2


# -- held removals ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("ENG-253", "ENG-285", "ENG-303")
def test_held_removals_that_were_done_on_demand_are_held_no_more(open_lab: OpenLab) -> None:
    lab = with_deletion_limit(open_lab().without_groups(), 1)
    lab.people("ada", "bob", "cy")
    lab.start()
    lab.disable("ada")
    lab.disable("bob")
    lab.cycle()
    assert lab.active() == {"ada": True, "bob": True, "cy": True}
    for name in ("ada", "bob"):
        lab.sim.provisioning.provision_on_demand(lab.app, upn(name), [])

    assert lab.active() == {"ada": False, "bob": False, "cy": True}
    assert lab.sim.queries.held_removals(lab.app) == []
    lab.run(timedelta(hours=5))
    assert lab.job.quarantine is None


@pytest.mark.rule("ENG-301", "ENG-304", "ENG-317")
def test_allow_deletes_lets_go_what_was_held_and_not_what_comes_on_top(open_lab: OpenLab) -> None:
    lab = with_deletion_limit(open_lab().without_groups(), 1)
    lab.people("ada", "bob", "cy", "dan", "eve")
    lab.start()
    lab.disable("ada")
    lab.disable("bob")
    lab.cycle()
    lab.look()
    lab.disable("cy")
    lab.disable("dan")
    lab.sim.provisioning.allow_deletes(lab.app)
    lab.run()

    assert [name for name, active in lab.active().items() if not active] == ["ada", "bob"]
    assert lab.job.quarantine is not None
    assert sorted(anchor for _, anchor in lab.sim.queries.held_removals(lab.app)) == sorted(
        lab.id_of(name) for name in ("cy", "dan")
    )


@pytest.mark.rule("ENG-198", "ENG-301", "Q-11")
def test_edits_of_those_who_are_disabled_are_no_removals(open_lab: OpenLab) -> None:
    lab = with_deletion_limit(open_lab(export_changes_of_disabled=True).without_groups(), 1)
    lab.people("ada", "bob", "cy")
    lab.start()
    for name in ("ada", "bob"):
        lab.disable(name)
        lab.cycle()
    lab.look()
    lab.edit("ada", jobTitle="Chief")
    lab.edit("bob", jobTitle="Clerk")
    lab.cycle()

    assert lab.writes() == ["PATCH /Users/ada Add:title=Chief", "PATCH /Users/bob Add:title=Clerk"]
    assert lab.job.quarantine is None


# -- quarantine, escrow ----------------------------------------------------------------------------------------------


@pytest.mark.rule("ENG-286", "ENG-321")
def test_new_credentials_that_are_good_end_a_quarantine_for_failures(open_lab: OpenLab) -> None:
    lab = open_lab(escrow_floor=1).without_groups()
    lab.people("ada")
    lab.fault(method="POST", path="/Users*", status=400)
    lab.start()
    lab.run(timedelta(hours=1))
    assert lab.job.quarantine is not None
    assert lab.job.quarantine.series_count == 2
    lab.credentials()
    lab.run()
    assert lab.job.quarantine is None
    assert str(lab.job.status) == "Active"

    lab.person("bob")
    lab.cycle()
    assert lab.job.quarantine is not None  # nothing was repaired: a series of its own begins
    assert lab.job.quarantine.series_count == 1


@pytest.mark.rule("ENG-321")
def test_new_credentials_that_are_refused_end_nothing(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    lab.people("ada")
    lab.start()
    lab.tapt.expire_token()
    lab.edit("ada", jobTitle="Chief")
    lab.cycle()
    assert lab.job.quarantine is not None
    lab.sim.provisioning.save_credentials(lab.app, lab.job.configuration.tenant_url, "wrong")
    lab.run()
    assert lab.job.quarantine is not None
    assert lab.job.quarantine.series_count == 2


@pytest.mark.rule("ENG-271", "ENG-460")
def test_an_escrow_is_dropped_after_28_days_though_the_job_was_stopped(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    lab.people("ada")
    lab.fault(method="POST", path="/Users*", status=400)
    lab.start()
    lab.cycle(20)
    lab.sim.provisioning.stop(lab.app)
    lab.run(timedelta(days=29))
    lab.heal()
    lab.look()
    lab.sim.provisioning.start(lab.app)
    lab.run()

    assert lab.escrows() == []
    assert lab.writes() == []


# -- scoping filters, mappings ---------------------------------------------------------------------------------------


@pytest.mark.rule("ENG-042", "ENG-046", "Q-02")
@pytest.mark.parametrize(("value", "passes"), [("Sales and more", True), ("Sal", False), ("Sales", True)])
def test_the_text_of_the_attribute_must_stand_in_the_value_not_the_other_way_round(
    open_lab: OpenLab, value: str, passes: bool
) -> None:
    lab = open_lab().without_groups()
    lab.filter(("department", "&", value))
    lab.person("ada", department="Sales")
    lab.start()
    assert (lab.account("ada") is not None) is passes


@pytest.mark.rule("ENG-047")
@pytest.mark.parametrize("value", ["1_0", "٣", "1 0", "0x1", "1.0"])
def test_only_plain_digits_are_a_whole_number(open_lab: OpenLab, value: str) -> None:
    lab = open_lab().without_groups()
    with pytest.raises(UserInputError):
        lab.filter(("department", "Greater_Than", value))
    lab.filter(("department", "Greater_Than", "0"))
    lab.person("ada", department=value)
    lab.person("bob", department="12")
    lab.start()
    assert lab.active() == {"bob": True}


@pytest.mark.rule("ENG-073", "ENG-192", "Q-31")
@pytest.mark.parametrize("leave", ["delete", "disable", "unassign"])
def test_active_only_during_creation_disables_nobody(open_lab: OpenLab, leave: str) -> None:
    lab = open_lab().without_groups()
    lab.edit_row("active", apply="Only during object creation")
    lab.people("ada")
    lab.start()
    lab.look()
    step: Any = getattr(lab, leave)
    step("ada")
    lab.cycle()

    assert lab.writes() == []
    assert lab.active() == {"ada": True}
    assert {entry.status for entry in lab.logs()} == {"Skipped"}


@pytest.mark.rule("ENG-104", "ENG-153")
def test_a_single_role_that_comes_back_is_written_again(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    for value in ("Admin", "Editor"):
        lab.sim.applications.add_role(lab.app, value, value)
    lab.map('roles[primary eq "True"].value', expression="SingleAppRoleAssignment([appRoleAssignments])")
    lab.person("ada", assigned=False)
    lab.assign("ada", role="Editor")
    lab.start()
    written = []
    for gone, new in (("Editor", "Admin"), ("Admin", "Editor"), ("Editor", "Admin")):
        lab.unassign("ada", role=gone)
        lab.assign("ada", role=new)
        lab.look()
        lab.cycle()
        written.append(len(lab.writes()))
    lab.look()
    lab.edit("ada", jobTitle="Chief")
    lab.cycle()

    assert written == [1, 1, 1]
    assert lab.writes() == ["PATCH /Users/ada Add:title=Chief"]


# -- values as the target has them -----------------------------------------------------------------------------------


@pytest.mark.rule("ENG-153", "ENG-095")
def test_one_text_equals_the_list_of_one_that_the_create_sent(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    lab.define("roles", multivalued=True)
    lab.map("roles", source="department")
    lab.person("ada", department="Sales")
    lab.start()
    account = lab.account("ada")
    assert account is not None
    assert [role["value"] for role in account["roles"]] == ["Sales"]
    lab.look()
    lab.edit("ada", jobTitle="Chief")
    lab.cycle()
    assert lab.writes() == ["PATCH /Users/ada Add:title=Chief"]

    lab.edit("ada", department="Support")
    lab.cycle()
    account = lab.account("ada")
    assert account is not None
    assert [role["value"] for role in account["roles"]] == ["Support"]


@pytest.mark.rule("ENG-153", "ENG-095")
@pytest.mark.parametrize(
    ("given", "held", "differs"),
    [("007", 7, False), ("7", 7, False), ("007", "7", False), ("8", 7, True), ("about 7", "About 7", False)],
)
def test_a_number_equals_the_number_that_was_written(open_lab: OpenLab, given: str, held: Any, differs: bool) -> None:
    lab = open_lab()
    lab.define("costs", type="Integer")  # Tapt has no number to map to
    lab.map("costs", source="extensionAttribute5")
    compiled = compile_mapping(read_schema(lab.sim.provisioning.get_schema(lab.app)).user)
    row = next(item for item in compiled.rows if item.name == "costs")
    assert bool(differences([MappedValue(row, given, given)], {"costs": held})) is differs


@pytest.mark.rule("ENG-342", "ENG-343", "ENG-275")
def test_a_failed_reference_says_what_was_to_be_written_and_its_retry_says_so(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    lab.people("boss", "ada")
    lab.start()
    reports_to(lab, "ada", "boss")
    lab.fault(method="PATCH", status=500)
    lab.cycle()
    failed = lab.logs()[-1]
    assert (str(failed.action), str(failed.status)) == ("Update", "Failure")
    assert [step.name for step in failed.steps][-2:] == ["EntrySynchronizationUpdate", "EntryExportUpdate"]
    path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    boss = lab.link("boss")
    assert boss is not None
    assert [(item.display_name, item.new_value) for item in failed.modified_properties] == [(path, boss.target_anchor)]
    assert failed.steps[-1].details[path] == boss.target_anchor

    lab.heal()
    lab.cycle()
    retried = lab.logs()[-1]
    assert str(retried.status) == "Success"
    assert retried.steps[0].name == "EntryEscrowRetry"


@pytest.mark.rule("ENG-342")
def test_members_that_could_not_be_written_are_named_in_the_failure(open_lab: OpenLab) -> None:
    lab = open_lab()
    lab.people("ada", "bob")
    lab.group("Team", "ada")
    lab.start()
    lab.sim.directory.add_members("Team", [upn("bob")])
    lab.fault(method="PATCH", path="/Groups/*", status=500)
    lab.cycle()

    bob = lab.link("bob")
    assert bob is not None
    failed = next(entry for entry in lab.logs() if str(entry.status) == "Failure")
    assert [item.new_value for item in failed.modified_properties] == [bob.target_anchor]
    assert failed.steps[-1].details["members"] == bob.target_anchor


@pytest.mark.rule("ENG-094", "ENG-345")
def test_the_import_step_does_not_show_what_only_redacted_rows_read(open_lab: OpenLab) -> None:
    lab = open_lab().without_groups()
    lab.map("nickName", expression="Redact([extensionAttribute5])")
    lab.map("userType", expression='Redact(Join(" ", [extensionAttribute5], [city]))')
    lab.person("ada", extensionAttribute5="0123456", city="Bern")
    lab.start()

    created = lab.logs()[-1]
    shown = created.steps[0].details
    assert shown["extensionAttribute5"] == "[Redact]"
    assert "0123456" not in str(created)
    assert shown["city"] == "Bern"  # another row exports it openly


@pytest.mark.rule("ENG-077", "ENG-076", "ENG-088", "ENG-110")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda mapping: mapping["attributeMappings"][0].update(matchingPriority=-1), "1 is the first"),
        (
            lambda mapping: mapping["attributeMappings"].append(
                {**mapping["attributeMappings"][0], "targetAttributeName": "USERNAME", "matchingPriority": 0}
            ),
            "mapped twice",
        ),
        (lambda mapping: mapping.update(enabled=False), "user mapping cannot be disabled"),
        (lambda mapping: mapping.update(flowTypes="Add,Upsert"), "Add, Update and Delete"),
    ],
    ids=["precedence", "case", "disabled", "actions"],
)
def test_a_schema_that_the_real_service_would_refuse_is_refused(
    open_lab: OpenLab, change: Callable[[Any], None], message: str
) -> None:
    lab = open_lab()
    before = lab.sim.provisioning.get_schema(lab.app)
    document = lab.sim.provisioning.get_schema(lab.app)
    mapping = next(
        item for item in document["synchronizationRules"][0]["objectMappings"] if item["sourceObjectName"] == "User"
    )
    change(mapping)
    with pytest.raises(UserInputError, match=message):
        lab.sim.provisioning.put_schema(lab.app, document)
    assert lab.sim.provisioning.get_schema(lab.app) == before
