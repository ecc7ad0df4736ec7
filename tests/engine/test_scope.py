"""Who is in scope: assignment, groups, sync all, filters, and what the log says of those who are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from lab import Lab

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.job import JobStatus


@pytest.mark.rule("ENG-015", "ENG-142", "ENG-210", "ENG-445")
def test_everybody_out_of_scope_is_logged_as_skipped_and_nothing_is_sent_for_them(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.person("mia", assigned=False)
    lab.start()

    skipped = next(entry for entry in lab.logs() if entry.identity.startswith("mia"))
    assert (skipped.action, skipped.status, skipped.skip_reason) == ("Create", "Skipped", "NotEffectivelyEntitled")
    assert "1) the user is not assigned to the application." in skipped.explanation
    assert "2) it lacks the entitlement required" in skipped.explanation
    assert not [text for text in lab.sent() if "mia" in text]

    lab.edit("mia", jobTitle="Chief")
    lab.cycle()
    assert lab.log() == ["Create Skipped mia NotEffectivelyEntitled"]
    assert lab.writes() == []


@pytest.mark.rule("ENG-021", "ENG-236")
def test_members_of_a_nested_group_are_not_entitled(lab: Lab) -> None:
    lab.people("ada", "mia", assigned=False)
    lab.group("Inner", "mia", assigned=False)
    lab.group("Outer", "ada", "Inner")
    lab.start()

    assert lab.active() == {"ada": True}
    assert lab.members("Outer") == ["ada"]


@pytest.mark.rule("ENG-236")
def test_a_nested_group_that_is_linked_itself_becomes_a_member(lab: Lab) -> None:
    lab.people("ada", "mia", assigned=False)
    lab.group("Inner", "mia")
    lab.group("Outer", "ada", "Inner")
    lab.start()

    assert lab.active() == {"ada": True, "mia": True}
    assert lab.members("Outer") == ["Inner", "ada"]


@pytest.mark.rule("ENG-022", "ENG-204")
def test_a_group_lends_entitlement_though_the_group_mapping_is_off(lab: Lab) -> None:
    lab.without_groups()
    lab.people("ada", assigned=False)
    lab.group("Team", "ada")
    lab.start()

    assert lab.active() == {"ada": True}
    assert lab.tapt.groups() == []


@pytest.mark.rule("ENG-022", "ENG-004")
def test_a_group_is_exported_if_it_is_assigned_itself(lab: Lab) -> None:
    lab.people("ada", "bea", assigned=False)
    lab.group("Team", "ada", description="Ours", mailNickname="team")
    lab.group("Others", "bea", assigned=False)
    lab.define("description", kind="Group")
    lab.map("description", kind="Group", source="description")
    lab.start()

    assert lab.active() == {"ada": True}
    (group,) = lab.tapt.groups()
    assert (group["displayName"], group["externalId"]) == ("Team", lab.id_of("Team"))
    lab.assign("Others")
    lab.cycle()
    assert sorted(group["displayName"] for group in lab.tapt.groups()) == ["Others", "Team"]


@pytest.mark.rule("ENG-005", "ENG-025")
def test_a_new_application_has_two_roles_and_an_assignment_without_one_is_the_default_access(lab: Lab) -> None:
    roles = lab.sim.applications.roles(lab.app)
    assert [(role.value, role.display_name) for role in roles] == [("", "User"), ("", "msiam_access")]
    assert len({role.role_id for role in roles}) == 2

    lab.without_groups()
    lab.people("ada", "bea", assigned=False)
    lab.assign("ada")
    lab.assign("bea", role="User")
    held = {item.principal_id: item.role_id for item in lab.sim.applications.assignments(lab.app)}
    assert held == {lab.id_of("ada"): "00000000-0000-0000-0000-000000000000", lab.id_of("bea"): roles[0].role_id}
    lab.start()
    assert lab.active() == {"ada": True, "bea": True}


@pytest.mark.rule("ENG-204")
def test_switching_the_group_mapping_off_deletes_nothing(lab: Lab) -> None:
    lab.person("ada", assigned=False)
    lab.group("Team", "ada")
    lab.start()
    lab.without_groups()
    lab.run()
    lab.look()
    lab.unassign("Team")
    lab.cycle()

    assert lab.writes() == ["PATCH /Users/ada Replace:active=False"]
    assert lab.members("Team") == ["ada"]


@pytest.mark.rule("ENG-023")
def test_a_group_that_is_not_security_enabled_gives_nothing(lab: Lab) -> None:
    lab.person("ada", assigned=False)
    lab.group("Team", "ada", securityEnabled=False)
    lab.start()
    assert (lab.active(), lab.tapt.groups()) == ({}, [])

    lab.sim.directory.update_group("Team", {"securityEnabled": True})
    lab.cycle()
    assert lab.active() == {"ada": True}
    assert lab.members("Team") == ["ada"]

    lab.sim.directory.update_group("Team", {"securityEnabled": False})
    lab.cycle()
    assert lab.active() == {"ada": False}
    assert lab.tapt.groups() == []


@pytest.mark.rule("ENG-024", "ENG-025")
def test_somebody_stays_entitled_until_the_last_assignment_is_gone(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.group("Team", "ada")
    lab.group("Club", "ada")
    lab.start()
    lab.look()

    for name in ("ada", "Team"):
        lab.unassign(name)
        lab.cycle()
        assert lab.writes() == []

    lab.sim.directory.remove_members("Club", ["ada@contoso.example"])
    lab.cycle()
    assert lab.writes() == ["PATCH /Users/ada Replace:active=False"]


@pytest.mark.rule("ENG-026", "ENG-189", "ENG-234")
def test_sync_all_takes_every_user_and_every_group(lab: Lab) -> None:
    lab.people("ada", "mia", assigned=False)
    lab.group("Team", "mia", assigned=False)
    lab.person("guest", assigned=False, userPrincipalName="guest_other.example#EXT#@contoso.example")
    lab.sim.provisioning.set_scope(lab.app, "all")
    lab.start()

    assert lab.active() == {"ada": True, "mia": True, "guest@other.example": True}
    assert lab.members("Team") == ["mia"]

    lab.assign("ada")
    lab.cycle()
    lab.look()
    lab.unassign("ada")
    lab.cycle()
    assert lab.writes() == []


@pytest.mark.rule("ENG-028")
@pytest.mark.parametrize(("before", "after", "accounts"), [("all", "assigned", False), ("assigned", "all", True)])
def test_a_change_of_scope_takes_effect_with_a_restart(lab: Lab, before: str, after: str, accounts: bool) -> None:
    lab.without_groups()
    lab.person("ada", assigned=False)
    lab.sim.provisioning.set_scope(lab.app, before)
    lab.start()
    lab.look()

    lab.sim.provisioning.set_scope(lab.app, after)
    lab.cycle(3)
    assert lab.sent() == []

    lab.restart()
    assert lab.active() == {"ada": accounts}


@pytest.mark.rule("ENG-012", "ENG-026")
def test_a_guest_is_provisioned_under_the_own_address(lab: Lab) -> None:
    lab.without_groups()
    lab.person("guest", assigned=False, userPrincipalName="lee_partner.example#EXT#@contoso.example")
    lab.person("member", assigned=False, userPrincipalName="kim_partner.example@contoso.example")
    lab.map("nickName", source="originalUserPrincipalName")
    for user in lab.sim.directory.users():
        lab.sim.applications.assign(lab.app, user.object_id)
    lab.start()

    assert "GET /Users?userName eq lee@partner.example" in lab.sent()
    guest = lab.tapt.user("lee@partner.example")
    assert guest is not None
    assert guest["nickName"] == "lee_partner.example#EXT#@contoso.example"
    assert lab.tapt.user("kim_partner.example@contoso.example") is not None


@pytest.mark.rule("ENG-016")
def test_an_assignment_reaches_the_job_after_the_replication_delay(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(assignment_delay_s=3000.0).without_groups()
    lab.person("ada", assigned=False)
    lab.start()
    lab.look()
    lab.run(timedelta(minutes=30))
    lab.assign("ada")

    lab.run(timedelta(minutes=10))  # the cycle after 40 minutes: assigned ten minutes ago
    assert lab.sent() == []
    lab.cycle()
    assert lab.active() == {"ada": True}


@pytest.mark.rule("ENG-016")
def test_without_the_setting_an_assignment_is_visible_at_once(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada", assigned=False)
    lab.start()
    lab.assign("ada")
    lab.cycle()

    assert lab.active() == {"ada": True}


@pytest.mark.rule("ENG-027", "ENG-060", "ENG-346")
def test_the_scoping_step_states_the_four_facts(lab: Lab) -> None:
    lab.without_groups()
    lab.filter(("department", "EQUALS", "Research"))
    lab.person("ada", department="Sales", accountEnabled=False)
    lab.start()

    entry = lab.logs()[0]
    step = next(step for step in entry.steps if step.type == "scoping")
    assert step.description == "Determine if User in scope by evaluating against each scoping filter"
    assert step.details["Active in the source system"] == "False"
    assert step.details["Assigned to the application"] == "True"
    assert step.details["User has the required role"] == "True"
    assert step.details["Scoping filter evaluation passed"] == "False"
    assert step.details["ScopeEvaluationResult"] == "{\"Scope.department EQUALS 'Research'\": false}"
    skip = entry.steps[-1]
    assert skip.details["IsActive"] == "False"
    assert (skip.details["Assigned"], skip.details["IsInProvisioningScope"]) == ("True", "False")


@pytest.mark.rule("ENG-060")
def test_without_filters_the_scope_evaluation_is_empty(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.start()

    step = next(step for step in lab.logs()[0].steps if step.type == "scoping")
    assert step.details["ScopeEvaluationResult"] == "{}"


@pytest.mark.rule("ENG-040", "ENG-042", "ENG-043")
def test_filters_narrow_the_scope_and_exclude_people_without_a_value(lab: Lab) -> None:
    lab.without_groups()
    lab.filter(("department", "NOT EQUALS", "Sales"))
    lab.person("ada", department="Research")
    lab.person("mia", department="Sales")
    lab.person("noor")
    lab.start()

    assert lab.active() == {"ada": True}


@pytest.mark.rule("ENG-058")
def test_filters_of_one_mapping_do_not_touch_the_other(lab: Lab) -> None:
    lab.people("ada", assigned=False)
    lab.group("Team", "ada")
    lab.filter(("displayName", "EQUALS", "Nobody"), kind="Group")
    lab.start()

    assert lab.active() == {"ada": True}
    assert lab.tapt.groups() == []


@pytest.mark.rule("ENG-059", "ENG-187", "ENG-319", "ENG-125")
def test_saving_a_filter_starts_an_initial_cycle_in_which_those_who_fail_are_disabled(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada", department="Research")
    lab.person("mia", department="Sales")
    lab.start()
    lab.look()

    lab.filter(("department", "EQUALS", "Research"))
    assert lab.job.watermark is None
    lab.run()

    assert lab.writes() == ["PATCH /Users/mia Replace:active=False"]
    assert lab.job.last_execution is not None
    assert str(lab.job.last_execution.kind) == "initial"


@pytest.mark.rule("ENG-047", "ENG-056", "ENG-057")
@pytest.mark.parametrize(
    "wrong",
    [("employeeId", "Greater_Than", "x"), ("manager", "IS NULL"), ("proxyAddresses", "Includes", "x")],
)
def test_a_filter_the_editor_refuses_changes_nothing(lab: Lab, wrong: tuple[str, ...]) -> None:
    before = lab.sim.provisioning.get_schema(lab.app)

    with pytest.raises(UserInputError):
        lab.filter(wrong)  # type: ignore[arg-type]
    assert lab.sim.provisioning.get_schema(lab.app) == before


@pytest.mark.rule("ENG-041")
def test_an_input_filter_ignores_people_without_deprovisioning_them(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada", department="Research")
    lab.person("mia", department="Sales")
    lab.start()
    document = lab.sim.provisioning.get_schema(lab.app)
    mappings = document["synchronizationRules"][0]["objectMappings"]
    mapping = next(item for item in mappings if item["sourceObjectName"] == "User")
    clause = {"sourceOperandName": "department", "operatorName": "EQUALS", "targetOperand": {"values": ["Research"]}}
    mapping["scope"] = {"groups": [], "inputFilterGroups": [{"name": "in", "clauses": [clause]}]}
    lab.sim.provisioning.put_schema(lab.app, document)
    lab.run()
    lab.look()

    lab.edit("mia", displayName="Mia Two")
    lab.disable("mia")
    lab.edit("ada", displayName="Ada Two")
    lab.cycle()

    assert lab.log() == ["Update Success ada"]
    assert lab.active() == {"ada": True, "mia": True}
    assert lab.link("mia") is not None


@pytest.mark.rule("ENG-029")
def test_only_users_and_groups_can_be_assigned(lab: Lab) -> None:
    lab.sim.applications.create("Another")

    with pytest.raises(Exception, match="no user or group 'Another'"):
        lab.sim.applications.assign(lab.app, "Another")


@pytest.mark.rule("ENG-088", "ENG-122")
def test_the_user_mapping_cannot_be_disabled(lab: Lab) -> None:
    with pytest.raises(StateConflict, match="user mapping cannot be disabled"):
        lab.sim.provisioning.set_object_mapping_enabled(lab.app, "User", enabled=False)
    assert lab.job.status is JobStatus.NOT_RUN


@pytest.mark.rule("ENG-001", "ENG-007")
def test_membership_that_a_rule_engine_changed_counts_like_any_other(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada", assigned=False)
    lab.group("Dynamic", "ada", groupTypes=["DynamicMembership"], membershipRule='user.department -eq "Sales"')
    lab.start()
    lab.look()
    lab.sim.directory.remove_members("Dynamic", ["ada@contoso.example"])
    lab.cycle()

    assert lab.writes() == ["PATCH /Users/ada Replace:active=False"]

    lab.person("bea", assigned=False)
    lab.cycle()
    assert "bea" not in lab.active()
    lab.sim.directory.add_members("Dynamic", ["bea@contoso.example"])
    lab.cycle()
    assert lab.active() == {"ada": False, "bea": True}
