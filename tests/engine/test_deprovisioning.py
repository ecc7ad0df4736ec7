"""Section 10 of the reference, event by event: what is sent, what Tapt holds then, what the log says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from lab import DOMAIN
from lab import Lab


def _linked(lab: Lab, **settings: object) -> Lab:
    """Return the lab with ada, assigned through a group that is not exported, and provisioned."""
    lab.without_groups()
    lab.person("ada", assigned=False, companyName="Research")
    lab.group("Team", "ada")
    lab.start()
    lab.look()
    return lab


EVENTS: dict[str, Callable[[Lab], None]] = {
    "E1 disabled": lambda lab: lab.disable("ada"),
    "E2 soft-deleted": lambda lab: lab.delete("ada"),
    "E4 unassigned": lambda lab: lab.unassign("Team"),
    "E4 removed from the group": lambda lab: lab.sim.directory.remove_members("Team", [f"ada@{DOMAIN}"]),
    "E4 group deleted": lambda lab: lab.sim.directory.delete_group("Team"),
    "E5 filtered out": lambda lab: lab.edit("ada", companyName="Sales"),
}


def _with_filter(lab: Lab) -> None:
    lab.filter(("companyName", "EQUALS", "Research"))


@pytest.mark.rule("ENG-180", "ENG-182", "ENG-186", "ENG-187", "ENG-214")
@pytest.mark.parametrize("event", [name for name in EVENTS if not name.startswith("E2")])
def test_an_event_that_takes_access_away_disables_and_sends_active_alone(lab: Lab, event: str) -> None:
    _with_filter(lab)
    _linked(lab)
    EVENTS[event](lab)
    lab.cycle()

    assert lab.sent() == ["GET /Users?probe", "GET /Users/ada", "PATCH /Users/ada Replace:active=False"]
    assert [line for line in lab.log() if "ada" in line] == ["Disable Success ada"]
    assert lab.active() == {"ada": False}
    lab.cycle()
    assert lab.sent() == []


@pytest.mark.rule("ENG-183", "ENG-013")
def test_a_soft_delete_also_sends_the_renamed_upn(lab: Lab) -> None:
    _linked(lab)
    object_id = lab.id_of("ada")
    lab.delete("ada")
    lab.cycle()

    prefixed = object_id.replace("-", "") + "ada"
    assert lab.active() == {prefixed: False}
    assert [entry.action for entry in lab.logs()] == ["Disable"]


@pytest.mark.rule("ENG-184", "ENG-216", "ENG-011")
def test_the_delete_goes_out_30_days_after_the_soft_delete(lab: Lab) -> None:
    _linked(lab)
    lab.delete("ada")
    lab.run(timedelta(days=29, hours=23))
    lab.look()
    lab.run(timedelta(hours=2))

    assert [text.split("/")[0] for text in lab.writes()] == ["DELETE "]
    entry = lab.logs()[-1]
    assert (entry.action, entry.status) == ("Delete", "Success")
    assert lab.tapt.users() == []


@pytest.mark.rule("ENG-185", "Q-09")
@pytest.mark.parametrize(("sends", "left"), [(True, []), (False, ["ada"])])
def test_soft_and_hard_delete_inside_one_interval(open_lab: Callable[..., Lab], sends: bool, left: list[str]) -> None:
    lab = _linked(open_lab(soft_and_hard_delete_sends_delete=sends))
    lab.purge("ada")
    lab.cycle()

    assert list(lab.active()) == left
    assert [text.split()[0] for text in lab.writes()] == (["DELETE"] if sends else [])


@pytest.mark.rule("ENG-188", "ENG-213", "Q-21")
@pytest.mark.parametrize("event", ["E4 unassigned", "E5 filtered out"])
def test_an_unmanaged_user_is_not_deleted_later(lab: Lab, event: str) -> None:
    _with_filter(lab)
    _linked(lab)
    EVENTS[event](lab)
    lab.cycle()
    link = lab.link("ada")
    assert link is not None
    assert not link.is_managed
    lab.look()
    lab.delete("ada")
    lab.run(timedelta(days=32))

    assert lab.writes() == []
    assert lab.active() == {"ada": False}


@pytest.mark.rule("ENG-190", "ENG-217")
@pytest.mark.parametrize("event", ["E4 unassigned", "E4 removed from the group", "E5 filtered out"])
def test_skip_out_of_scope_deletions_keeps_the_account_and_the_link(lab: Lab, event: str) -> None:
    lab.sim.provisioning.set_skip_out_of_scope_deletions(lab.app, True)
    _with_filter(lab)
    _linked(lab)
    EVENTS[event](lab)
    lab.cycle()
    assert lab.writes() == []
    entry = next(item for item in lab.logs() if item.identity.startswith("ada"))
    assert (entry.status, entry.skip_reason) == ("Skipped", "OutOfScopeDeletionSkipped")
    assert "SkipOutOfScopeDeletions" in entry.explanation

    lab.edit("ada", jobTitle="Chief")
    lab.cycle()
    assert lab.writes() == []  # updates stop
    assert lab.link("ada") is not None


@pytest.mark.rule("ENG-191", "Q-10")
@pytest.mark.parametrize(("holds", "active"), [(False, False), (True, True)])
@pytest.mark.parametrize("event", ["E1 disabled", "E2 soft-deleted"])
def test_skip_out_of_scope_deletions_and_blocked_people(
    open_lab: Callable[..., Lab], event: str, holds: bool, active: bool
) -> None:
    lab = open_lab(skip_out_of_scope_holds_disable=holds)
    lab.sim.provisioning.set_skip_out_of_scope_deletions(lab.app, True)
    _linked(lab)
    EVENTS[event](lab)
    lab.cycle()

    assert list(lab.active().values()) == [active]


@pytest.mark.rule("ENG-192")
@pytest.mark.parametrize("event", EVENTS)
def test_without_the_row_of_active_nothing_is_sent(lab: Lab, event: str) -> None:
    _with_filter(lab)
    lab.unmap("active")
    _linked(lab)
    EVENTS[event](lab)
    lab.cycle()

    assert lab.writes() == []
    assert [item.skip_reason for item in lab.logs() if item.source_id.startswith("00000001")] == ["RedundantExport"]


@pytest.mark.rule("ENG-192", "Q-31")
@pytest.mark.parametrize(("renames", "sent"), [(False, 0), (True, 1)])
def test_a_soft_delete_without_active_and_the_renamed_upn(
    open_lab: Callable[..., Lab], renames: bool, sent: int
) -> None:
    lab = open_lab(soft_delete_renames_unmapped_active=renames)
    lab.unmap("active")
    _linked(lab)
    lab.delete("ada")
    lab.cycle()

    assert len(lab.writes()) == sent


@pytest.mark.rule("ENG-193", "ENG-010")
@pytest.mark.parametrize("event", EVENTS)
def test_the_state_can_feed_another_attribute(lab: Lab, event: str) -> None:
    _with_filter(lab)
    lab.unmap("active")
    lab.map("userType", expression='Switch([IsSoftDeleted], "neither", "True", "left", "False", "member")')
    _linked(lab)
    assert [user["userType"] for user in lab.tapt.users()] == ["member"]
    EVENTS[event](lab)
    lab.cycle()

    assert "Replace:userType=left" in lab.writes()[0]
    assert [(user["userType"], user["active"]) for user in lab.tapt.users()] == [("left", True)]


@pytest.mark.rule("ENG-010")
def test_without_an_assignment_nobody_counts_as_deleted_when_all_users_are_synced(lab: Lab) -> None:
    lab.sim.provisioning.set_scope(lab.app, "all")
    _linked(lab)
    EVENTS["E4 unassigned"](lab)
    lab.cycle()

    assert lab.writes() == []
    assert lab.active() == {"ada": True}


@pytest.mark.rule("ENG-194", "ENG-110")
@pytest.mark.parametrize("event", EVENTS)
def test_with_update_off_nobody_is_disabled(lab: Lab, event: str) -> None:
    _with_filter(lab)
    lab.actions(update=False)
    _linked(lab)
    EVENTS[event](lab)
    lab.cycle()

    assert lab.writes() == []
    assert lab.active() == {"ada": True}
    entry = next(item for item in lab.logs() if item.source_id.startswith("00000001"))
    assert (entry.action, entry.status) == ("Disable", "Skipped")


@pytest.mark.rule("ENG-195", "ENG-196")
def test_with_delete_off_a_hard_delete_sends_nothing(lab: Lab) -> None:
    lab.actions(delete=False)
    _linked(lab)
    lab.delete("ada")
    lab.cycle()
    lab.look()
    lab.run(timedelta(days=31))

    assert lab.writes() == []
    assert lab.log() == ["Delete Skipped ada TargetObjectActionDisabled"]
    assert len(lab.tapt.users()) == 1


@pytest.mark.rule("ENG-197")
def test_unassigning_somebody_who_is_disabled_already_sends_nothing(lab: Lab) -> None:
    _linked(lab)
    lab.disable("ada")
    lab.cycle()
    lab.look()
    lab.unassign("Team")
    lab.cycle()

    assert lab.writes() == []
    assert "Other Skipped ada RedundantExport" in lab.log()


@pytest.mark.rule("ENG-198", "Q-11")
@pytest.mark.parametrize(("exports", "title"), [(False, None), (True, "Chief")])
def test_changes_of_a_disabled_user(open_lab: Callable[..., Lab], exports: bool, title: str | None) -> None:
    lab = _linked(open_lab(export_changes_of_disabled=exports))
    lab.disable("ada")
    lab.cycle()
    lab.look()
    lab.edit("ada", jobTitle="Chief")
    lab.cycle()

    account = lab.account("ada")
    assert account is not None
    assert (account.get("title"), account["active"]) == (title, False)
    assert len(lab.writes()) == (1 if exports else 0)
    assert lab.log() == (["Disable Success ada"] if exports else ["Update Skipped ada NotEffectivelyEntitled"])


BACK: dict[str, Callable[[Lab], None]] = {
    "E1 disabled": lambda lab: lab.enable("ada"),
    "E2 soft-deleted": lambda lab: lab.restore("ada"),
    "E4 unassigned": lambda lab: lab.assign("Team"),
    "E4 removed from the group": lambda lab: lab.sim.directory.add_members("Team", [f"ada@{DOMAIN}"]) and None,
    "E5 filtered out": lambda lab: lab.edit("ada", companyName="Research"),
}


@pytest.mark.rule("ENG-199", "ENG-169", "Q-23")
@pytest.mark.parametrize("event", BACK)
def test_whoever_comes_back_gets_the_same_account_with_every_difference(lab: Lab, event: str) -> None:
    _with_filter(lab)
    _linked(lab)
    before = lab.account("ada")
    assert before is not None
    EVENTS[event](lab)
    lab.cycle()
    if event != "E2 soft-deleted":
        lab.edit("ada", jobTitle="Chief")
        lab.cycle()
    lab.look()
    BACK[event](lab)
    lab.cycle()

    after = lab.account("ada")
    assert after is not None
    assert (after["id"], after["active"]) == (before["id"], True)
    assert [text.split()[0] for text in lab.writes()] == ["PATCH"]
    assert [line for line in lab.log() if line.endswith("ada")] == ["Update Success ada"]
    if event != "E2 soft-deleted":
        assert after["title"] == "Chief"


@pytest.mark.rule("ENG-200", "ENG-237", "ENG-235", "Q-13")
@pytest.mark.parametrize(("removes", "while_deleted"), [(True, ["mia"]), (False, ["<ada>", "mia"])])
def test_memberships_of_a_restored_user_come_back_with_a_restart_only(
    open_lab: Callable[..., Lab], removes: bool, while_deleted: list[str]
) -> None:
    lab = open_lab(soft_delete_removes_membership=removes)
    lab.people("ada", "mia", assigned=False)
    lab.group("Team", "ada", "mia")
    lab.start()
    lab.delete("ada")
    lab.cycle()
    shown = ["<ada>" if name.endswith("ada") else name for name in lab.members("Team")]
    assert sorted(shown) == while_deleted

    lab.restore("ada")
    lab.cycle(2)
    assert lab.members("Team") == (["mia"] if removes else ["ada", "mia"])
    lab.restart()
    assert lab.members("Team") == ["ada", "mia"]


@pytest.mark.rule("ENG-202", "ENG-215", "ENG-240")
@pytest.mark.parametrize("event", ["unassigned", "deleted", "filtered"])
def test_a_group_that_leaves_the_scope_is_deleted_and_its_members_are_disabled(lab: Lab, event: str) -> None:
    lab.person("ada", assigned=False)
    lab.group("Team", "ada", description="own")
    lab.start()
    lab.look()
    if event == "unassigned":
        lab.unassign("Team")
        lab.cycle()
    elif event == "deleted":
        lab.sim.directory.delete_group("Team")
        lab.cycle()
    else:
        lab.filter(("description", "EQUALS", "other"), kind="Group")
        lab.run()

    assert lab.tapt.groups() == []
    assert lab.active() == {"ada": event == "filtered"}
    assert "DELETE /Groups/" in lab.writes()[-1]
    assert "Delete Success Team" in lab.log()


@pytest.mark.rule("ENG-203")
@pytest.mark.parametrize("event", ["unassigned", "deleted"])
def test_with_delete_off_the_group_stays_as_it_is(lab: Lab, event: str) -> None:
    lab.person("ada", assigned=False)
    lab.group("Team", "ada")
    lab.actions("Group", delete=False)
    lab.start()
    lab.look()
    if event == "unassigned":
        lab.unassign("Team")
    else:
        lab.sim.directory.delete_group("Team")
    lab.cycle()

    assert lab.writes() == ["PATCH /Users/ada Replace:active=False"]
    assert lab.members("Team") == ["ada"]
    assert "Delete Skipped Team TargetObjectActionDisabled" in lab.log()
    assert "Team" in lab.links()


@pytest.mark.rule("ENG-205", "ENG-322")
def test_deleting_the_application_or_stopping_the_job_sends_nothing(lab: Lab) -> None:
    _linked(lab)
    lab.sim.provisioning.stop(lab.app)
    lab.unassign("Team")
    lab.cycle(5)
    assert lab.sent() == []

    lab.sim.applications.delete(lab.app)
    lab.cycle(5)
    assert lab.sent() == []
    assert lab.active() == {"ada": True}
    core = lab.sim.core
    assert core.jobs.get(lab.app.job_id) is None
    assert core.jobs.list_entries(lab.app.job_id) == []


@pytest.mark.rule("ENG-206", "ENG-325", "ENG-316")
def test_after_restart_full_those_who_left_before_are_forgotten(lab: Lab) -> None:
    _linked(lab)
    lab.sim.provisioning.stop(lab.app)
    lab.unassign("Team")
    lab.restart("Full")

    assert lab.writes() == []
    assert "Create Skipped ada NotEffectivelyEntitled" in lab.log()
    assert lab.active() == {"ada": True}


@pytest.mark.rule("ENG-143", "ENG-311", "ENG-323")
def test_a_portal_restart_keeps_the_links_and_disables_those_who_left(lab: Lab) -> None:
    _linked(lab)
    lab.sim.provisioning.stop(lab.app)
    lab.unassign("Team")
    lab.restart()

    assert lab.writes() == ["PATCH /Users/ada Replace:active=False"]


@pytest.mark.rule("ENG-211")
def test_the_hard_delete_of_somebody_without_a_link_leaves_no_trace(lab: Lab) -> None:
    _linked(lab)
    lab.person("mia", assigned=False)
    lab.cycle()
    lab.look()
    lab.purge("mia")
    lab.cycle()

    assert lab.log() == []
    assert lab.writes() == []


@pytest.mark.rule("ENG-212", "ENG-210")
def test_somebody_disabled_is_provisioned_when_enabled_for_the_first_time(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada", accountEnabled=False)
    lab.tapt.add_profile({"userName": f"ada@{DOMAIN}", "active": True})
    lab.start()
    assert lab.writes() == []
    assert lab.active() == {"ada": True}  # a matching account is not touched

    lab.enable("ada")
    lab.cycle()
    assert "Update Success ada" in lab.log()
    assert len(lab.tapt.users()) == 1


@pytest.mark.rule("ENG-176")
def test_enable_disable_enable_between_two_cycles_is_nothing(lab: Lab) -> None:
    _linked(lab)
    lab.disable("ada")
    lab.enable("ada")
    lab.cycle()

    assert lab.writes() == []
    assert lab.log() == ["Other Skipped ada RedundantExport"]


@pytest.mark.rule("ENG-176", "ENG-342")
def test_deleted_and_restored_between_two_cycles_is_imported_as_an_update(lab: Lab) -> None:
    _linked(lab)
    lab.edit("ada", jobTitle="Chief")
    lab.delete("ada")
    lab.restore("ada")
    lab.cycle()

    (entry,) = lab.logs()
    assert (entry.action, entry.steps[0].name) == ("Update", "EntryImportUpdate")
    lab.delete("ada")
    lab.restore("ada")
    lab.delete("ada")
    lab.cycle()
    (entry,) = lab.logs()
    assert (entry.action, entry.steps[0].name) == ("Disable", "EntryImportDelete")
