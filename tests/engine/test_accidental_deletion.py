"""Accidental deletion prevention: what trips it, what is held, how it is allowed or undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from lab import DOMAIN
from lab import Lab

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.model.job import JobStatus
from entra_sim.simulator.model.job import QuarantineReason

NAMES = ("ada", "bea", "cem", "dan")


def prevented(lab: Lab, threshold: int = 2) -> Lab:
    """Return the lab with four people of one assigned group, provisioned, and prevention on."""
    lab.sim.provisioning.set_accidental_deletion_prevention(lab.app, True, threshold)
    lab.sim.provisioning.set_notification(lab.app, "ops@contoso.example", True)
    lab.without_groups()
    lab.people(*NAMES, assigned=False)
    lab.group("Team", *NAMES)
    lab.start()
    lab.look()
    return lab


@pytest.mark.rule("ENG-201", "ENG-300", "ENG-303", "ENG-301")
def test_more_removals_than_the_threshold_are_all_held_and_the_rest_goes_out(lab: Lab) -> None:
    prevented(lab)
    lab.unassign("Team")
    lab.person("eva")
    lab.cycle()

    assert lab.active() == {**dict.fromkeys(NAMES, True), "eva": True}
    assert lab.writes() == ["POST /Users eva"]
    assert sorted(lab.log()) == ["Create Success eva", *(f"StagedDelete Skipped {name}" for name in NAMES)]
    job = lab.job
    assert job.status is JobStatus.QUARANTINE
    assert job.quarantine is not None
    assert job.quarantine.reason is QuarantineReason.TOO_MANY_DELETES
    assert len(lab.sim.queries.mail()) == 1
    assert "TooManyDeletes" in lab.sim.queries.audit()[-4].reason


@pytest.mark.rule("ENG-343", "ENG-303")
def test_the_record_of_a_held_removal(lab: Lab) -> None:
    prevented(lab)
    lab.unassign("Team")
    lab.cycle()

    entry = lab.logs()[0]
    assert [step.name for step in entry.steps] == [
        "EntryImportUpdate",
        "EntrySynchronizationScoping",
        "EntrySynchronizationStagedDelete",
    ]
    assert entry.as_dict()["provisioningAction"] == "stagedDelete"
    assert entry.target_id


@pytest.mark.rule("ENG-302", "Q-18")
@pytest.mark.parametrize(
    ("inclusive", "count", "trips"), [(False, 2, False), (False, 3, True), (True, 2, True), (True, 1, False)]
)
def test_at_or_above_the_threshold(open_lab: Callable[..., Lab], inclusive: bool, count: int, trips: bool) -> None:
    lab = prevented(open_lab(delete_threshold_inclusive=inclusive))
    lab.sim.directory.remove_members("Team", [f"{name}@{DOMAIN}" for name in NAMES[:count]])
    lab.cycle()

    assert (lab.job.status is JobStatus.QUARANTINE) is trips
    assert list(lab.active().values()).count(False) == (0 if trips else count)


@pytest.mark.rule("ENG-303", "Q-18")
@pytest.mark.parametrize(("surplus_only", "disabled"), [(False, 0), (True, 2)])
def test_all_or_only_the_surplus_is_held(open_lab: Callable[..., Lab], surplus_only: bool, disabled: int) -> None:
    lab = prevented(open_lab(hold_surplus_only=surplus_only))
    lab.unassign("Team")
    lab.cycle()

    assert list(lab.active().values()).count(False) == disabled
    assert len(lab.sim.queries.held_removals(lab.app)) == 4 - disabled
    lab.sim.provisioning.allow_deletes(lab.app)
    lab.run()
    assert list(lab.active().values()) == [False] * 4


@pytest.mark.rule("ENG-301")
def test_disables_and_deletes_of_users_and_groups_count_together(lab: Lab) -> None:
    lab.sim.provisioning.set_accidental_deletion_prevention(lab.app, True, 2)
    lab.people("ada", "bea")
    lab.group("Team")
    lab.start()
    lab.disable("ada")
    lab.delete("bea")
    lab.unassign("Team")
    lab.look()
    lab.cycle()

    assert lab.writes() == []
    assert sorted(kind for kind, _anchor in lab.sim.queries.held_removals(lab.app)) == ["Group", "User", "User"]


@pytest.mark.rule("ENG-301")
def test_groups_do_not_count_when_their_mapping_is_off(lab: Lab) -> None:
    lab.sim.provisioning.set_accidental_deletion_prevention(lab.app, True, 1)
    lab.person("ada", assigned=False)
    lab.group("One", "ada")
    lab.group("Two")
    lab.group("Three")
    lab.start()
    lab.without_groups()
    for name in ("One", "Two", "Three"):
        lab.unassign(name)
    lab.run()

    assert lab.job.status is JobStatus.ACTIVE
    assert lab.active() == {"ada": False}


@pytest.mark.rule("ENG-301")
def test_removals_of_several_cycles_are_not_added_up(lab: Lab) -> None:
    prevented(lab)
    for name in NAMES[:3]:
        lab.sim.directory.remove_members("Team", [f"{name}@{DOMAIN}"])
        lab.cycle()

    assert lab.job.status is JobStatus.ACTIVE
    assert list(lab.active().values()).count(False) == 3


@pytest.mark.rule("ENG-304", "ENG-317")
def test_allowing_deletes_executes_what_is_held(lab: Lab) -> None:
    prevented(lab)
    lab.unassign("Team")
    lab.cycle()
    lab.look()
    lab.sim.provisioning.allow_deletes(lab.app)
    assert lab.job.status is JobStatus.ACTIVE
    lab.run()

    assert lab.active() == dict.fromkeys(NAMES, False)
    assert lab.job.status is JobStatus.ACTIVE
    assert lab.sim.queries.held_removals(lab.app) == []
    with pytest.raises(StateConflict, match="No deletes are held"):
        lab.sim.provisioning.allow_deletes(lab.app)

    lab.assign("Team")
    lab.cycle()
    lab.unassign("Team")
    lab.cycle()
    assert lab.job.status is JobStatus.QUARANTINE  # the permission was for one cycle


@pytest.mark.rule("ENG-304")
def test_a_held_removal_is_decided_anew_when_it_is_allowed(lab: Lab) -> None:
    prevented(lab)
    lab.unassign("Team")
    lab.cycle()
    lab.assign("ada")
    lab.sim.provisioning.allow_deletes(lab.app)
    lab.run()

    assert lab.active() == {"ada": True, "bea": False, "cem": False, "dan": False}


@pytest.mark.rule("ENG-305")
def test_undoing_it_in_the_source_and_restarting_leaves_everything_as_it_was(lab: Lab) -> None:
    prevented(lab)
    lab.unassign("Team")
    lab.cycle()
    lab.assign("Team")
    lab.look()
    lab.restart()

    assert lab.writes() == []
    assert lab.job.status is JobStatus.ACTIVE
    assert lab.active() == dict.fromkeys(NAMES, True)


@pytest.mark.rule("ENG-305")
def test_undoing_it_without_a_restart_also_heals(lab: Lab) -> None:
    prevented(lab)
    lab.unassign("Team")
    lab.cycle()
    lab.assign("Team")
    lab.run(timedelta(minutes=30))

    assert lab.job.status is JobStatus.ACTIVE
    assert lab.sim.queries.held_removals(lab.app) == []


@pytest.mark.rule("ENG-305")
def test_a_restart_without_the_repair_trips_again(lab: Lab) -> None:
    prevented(lab)
    lab.unassign("Team")
    lab.cycle()
    lab.look()
    lab.restart()

    assert lab.job.status is JobStatus.QUARANTINE
    assert lab.writes() == []
    assert len(lab.sim.queries.held_removals(lab.app)) == 4


@pytest.mark.rule("ENG-306", "ENG-284")
def test_while_held_other_changes_go_on_at_the_slower_pace(lab: Lab) -> None:
    prevented(lab)
    lab.unassign("Team")
    lab.cycle()
    lab.look()
    lab.person("eva")
    lab.run(timedelta(minutes=29))
    assert lab.active().get("eva") is None
    lab.run(timedelta(minutes=1))
    assert lab.active()["eva"]
    assert lab.job.status is JobStatus.QUARANTINE
    lab.person("fay")
    lab.run(timedelta(minutes=59))
    assert "fay" not in lab.active()
    lab.run(timedelta(minutes=1))
    assert lab.active()["fay"]
    assert lab.active()["ada"]


@pytest.mark.rule("ENG-300")
def test_prevention_is_off_by_default(lab: Lab) -> None:
    lab.without_groups()
    lab.people(*NAMES, assigned=False)
    lab.group("Team", *NAMES)
    lab.start()
    lab.unassign("Team")
    lab.cycle()

    assert not lab.job.configuration.prevents_accidental_deletion
    assert lab.job.configuration.deletion_threshold == 500
    assert lab.active() == dict.fromkeys(NAMES, False)


@pytest.mark.rule("ENG-304", "ENG-317")
def test_deletes_allowed_while_a_cycle_was_broken_off_are_not_forgotten(open_lab: Callable[..., Lab]) -> None:
    lab = prevented(open_lab(page_size=1))
    lab.unassign("Team")
    lab.cycle()
    lab.people("eva", "fay")
    countdown = iter([False])
    lab.sim.runner.should_stop = lambda: next(countdown, True)
    lab.run(timedelta(minutes=30))
    lab.sim.runner.should_stop = lambda: False
    lab.sim.provisioning.allow_deletes(lab.app)
    lab.run(timedelta(hours=1))

    assert {name: active for name, active in lab.active().items() if name in NAMES} == dict.fromkeys(NAMES, False)
