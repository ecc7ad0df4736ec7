"""Initial and incremental cycles: their order, what they look at, when they run, what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from lab import START
from lab import Lab

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import JobStatus
from entra_sim.simulator.model.job import ScheduleState


@pytest.mark.rule("ENG-140", "ENG-141", "ENG-220", "ENG-230", "ENG-144")
def test_an_initial_cycle_probes_then_users_then_groups_then_references(lab: Lab) -> None:
    lab.person("grace")
    lab.person("ada", manager="grace@contoso.example")
    lab.group("Team", "ada")
    lab.start()

    assert lab.sent() == [
        "GET /Users?probe",
        "GET /Groups?probe",
        "GET /Users?userName eq grace",
        "POST /Users grace",
        "GET /Users?userName eq ada",
        "POST /Users ada",
        "GET /Groups?displayName eq Team",
        "POST /Groups Team",
        "PATCH /Users/ada Add:manager=grace",
        "PATCH /Groups/Team Add:members=ada",
    ]


@pytest.mark.rule("ENG-141", "ENG-230")
def test_members_are_never_in_the_post_and_are_left_out_of_lookups(lab: Lab) -> None:
    lab.person("ada")
    lab.group("Team", "ada")
    lab.start()

    for item in lab.exchanges():
        if item.call.path.startswith("/Groups") and item.call.method == "GET":
            assert dict(item.call.query)["excludedAttributes"] == "members"
        if item.call.path == "/Groups" and item.call.method == "POST":
            assert item.call.body is not None
            assert not item.call.body.get("members")


@pytest.mark.rule("ENG-120", "ENG-121", "ENG-122")
def test_a_job_before_it_is_started(lab: Lab) -> None:
    job = lab.job
    tenant = lab.sim.core.tenant_id.replace("-", "")
    assert job.job_id == f"scim.{tenant}.{lab.app.app_id}"
    assert (job.status, job.schedule) == (JobStatus.NOT_RUN, ScheduleState.DISABLED)

    other = lab.sim.applications.create("Without credentials")
    assert lab.sim.queries.job(other).status is JobStatus.NOT_CONFIGURED
    for act in (lab.sim.provisioning.start, lab.sim.provisioning.restart):
        with pytest.raises(StateConflict, match="admin credentials"):
            act(other)


@pytest.mark.rule("ENG-123", "ENG-124", "ENG-121", "Q-04")
def test_cycles_follow_each_other_every_40_minutes_from_their_start(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.start()
    starts = []
    for _ in range(3):
        assert lab.job.next_cycle_at is not None
        starts.append((lab.job.next_cycle_at - START) / timedelta(minutes=1))
        lab.cycle()

    assert starts == [40, 80, 120]
    assert lab.job.last_execution is not None
    assert lab.job.last_execution.kind is CycleKind.INCREMENTAL


@pytest.mark.rule("ENG-124", "Q-04")
def test_a_cycle_that_takes_longer_than_the_interval_is_followed_at_once(open_lab: Callable[..., Lab]) -> None:
    for from_end, expected in ((False, 50), (True, 90)):
        lab = open_lab(cycle_interval_from_end=from_end, request_timeout_s=7200.0).without_groups()
        lab.person("ada")
        lab.fault(method="POST", delay_s=3000.0)
        lab.start()

        assert lab.job.next_cycle_at == START + timedelta(minutes=expected)


@pytest.mark.rule("ENG-124", "Q-04")
def test_the_interval_can_be_drawn_between_20_and_40_minutes(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(cycle_interval_minutes=20.0, cycle_interval_max_minutes=40.0)
    lab.start()
    lengths = set()
    before = START
    for _ in range(20):
        next_at = lab.job.next_cycle_at
        assert next_at is not None
        lengths.add((next_at - before) / timedelta(minutes=1))
        before = next_at
        lab.run(next_at - lab.world.clock.now())

    assert len(lengths) > 10
    assert all(20 <= length < 40 for length in lengths)


@pytest.mark.rule("ENG-126")
def test_two_jobs_of_one_tenant_run_at_their_own_pace(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.start()
    lab.run(timedelta(minutes=15))
    other = lab.sim.applications.create("Second")
    token = lab.tapt.generate_token()
    lab.sim.provisioning.save_credentials(lab.app, token.url, token.secret)
    lab.sim.provisioning.save_credentials(other, token.url, token.secret)
    lab.sim.provisioning.start(other)
    lab.run()

    assert lab.job.next_cycle_at == START + timedelta(minutes=40)
    assert lab.sim.queries.job(other).next_cycle_at == START + timedelta(minutes=55)
    lab.sim.provisioning.stop(other)
    lab.cycle()
    assert lab.job.status is JobStatus.ACTIVE


@pytest.mark.rule("ENG-130", "ENG-131", "ENG-132")
def test_test_connection_asks_for_nobody_and_says_what_it_found(lab: Lab) -> None:
    result = lab.sim.provisioning.test_connection(lab.app)
    assert result.is_ok
    assert result.message == "The supplied credentials are authorized to enable provisioning"
    assert lab.sent() == ["GET /Users?probe", "GET /Groups?probe"]

    lab.without_groups()
    lab.sim.provisioning.test_connection(lab.app)
    assert lab.sent() == ["GET /Users?probe"]

    lab.tapt.revoke_token()
    refused = lab.sim.provisioning.test_connection(lab.app)
    assert not refused.is_ok
    assert "invalid credentials" in refused.message
    assert "SystemForCrossDomainIdentityManagementInvalidCredentials" in refused.message


@pytest.mark.rule("ENG-131")
def test_test_connection_fails_when_groups_are_not_there(lab: Lab) -> None:
    lab.fault(method="GET", path="/Groups*", status=404)

    result = lab.sim.provisioning.test_connection(lab.app)
    assert not result.is_ok
    assert result.code == "SystemForCrossDomainIdentityManagementServiceIncompatible"


@pytest.mark.rule("ENG-133", "ENG-351", "Q-05")
@pytest.mark.parametrize(("probes", "requests"), [(False, []), (True, ["GET /Users?probe"] * 36)])
def test_cycles_without_a_change_are_silent(open_lab: Callable[..., Lab], probes: bool, requests: list[str]) -> None:
    lab = open_lab(probe_idle_cycles=probes).without_groups()
    lab.person("ada")
    lab.start()
    lab.look()
    lab.run(timedelta(days=1))

    assert lab.sent() == requests
    assert lab.log() == []


@pytest.mark.rule("ENG-001", "ENG-150", "ENG-151", "ENG-153", "ENG-166")
def test_an_incremental_cycle_looks_only_at_what_changed(lab: Lab) -> None:
    lab.without_groups()
    lab.people("ada", "mia", "noor")
    lab.start()
    lab.look()
    lab.edit("mia", jobTitle="Chief")
    lab.cycle()

    assert lab.sent() == ["GET /Users?probe", "GET /Users/mia", "PATCH /Users/mia Add:title=Chief"]
    assert lab.log() == ["Update Success mia"]


@pytest.mark.rule("ENG-151", "ENG-324")
def test_a_hand_edit_at_the_target_is_repaired_by_a_restart_or_the_next_change(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada", jobTitle="Chief")
    lab.person("mia", jobTitle="Chief")
    lab.start()
    lab.look()
    for name in ("ada", "mia"):
        lab.tapt.edit_by_hand(f"{name}@contoso.example", {"title": "Drifted"})
    lab.cycle(3)
    assert lab.writes() == []

    lab.edit("ada", city="Oslo")
    lab.cycle()
    assert lab.writes() == ['PATCH /Users/ada Replace:title=Chief Add:addresses[type eq "work"].locality=Oslo']
    lab.restart()
    assert lab.writes() == ["PATCH /Users/mia Replace:title=Chief"]


@pytest.mark.rule("ENG-152")
def test_a_change_of_an_attribute_that_nothing_reads_is_no_change(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.start()
    lab.look()
    lab.edit("ada", companyName="Contoso")
    lab.cycle()
    assert (lab.sent(), lab.log()) == ([], [])

    lab.filter(("companyName", "EQUALS", "Contoso"))
    lab.run()
    lab.look()
    lab.edit("ada", companyName="Fabrikam")
    lab.cycle()
    assert lab.log() == ["Disable Success ada"]


@pytest.mark.rule("ENG-153", "ENG-154")
def test_one_patch_carries_all_differences_add_where_nothing_was_shown(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada", jobTitle="Junior", department="Research")
    lab.start()
    lab.look()
    lab.edit("ada", jobTitle="Chief", city="Oslo", department="research")
    lab.cycle()

    assert lab.writes() == ['PATCH /Users/ada Replace:title=Chief Add:addresses[type eq "work"].locality=Oslo']


@pytest.mark.rule("ENG-155", "ENG-238")
def test_a_new_matching_value_is_an_update_of_the_linked_object(lab: Lab) -> None:
    lab.person("ada")
    lab.group("Team")
    lab.start()
    lab.look()
    lab.edit("ada", userPrincipalName="ada.park@contoso.example")
    lab.sim.directory.update_group("Team", {"displayName": "Crew"})
    lab.cycle()

    assert lab.writes() == [
        "PATCH /Users/ada.park Replace:userName=ada.park",
        "PATCH /Groups/Crew Replace:displayName=Crew",
    ]
    assert lab.active() == {"ada.park": True}


@pytest.mark.rule("ENG-156", "ENG-146")
def test_a_cycle_that_is_broken_off_goes_on_where_it_stopped(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(page_size=2).without_groups()
    lab.people("ada", "bea", "cem", "dan", "eva")
    countdown = iter([False] * 3)
    lab.sim.runner.should_stop = lambda: next(countdown, True)
    lab.sim.provisioning.start(lab.app)
    lab.run()
    assert list(lab.active()) == ["ada", "bea"]
    assert lab.job.watermark is None
    assert lab.job.cycle is not None
    cycle_id = lab.job.cycle.cycle_id

    lab.sim.runner.should_stop = lambda: False
    lab.sim.provisioning.stop(lab.app)
    lab.cycle(3)
    assert list(lab.active()) == ["ada", "bea"]
    lab.look()
    lab.sim.provisioning.start(lab.app)
    lab.run()

    assert [text for text in lab.sent() if "ada" in text or "bea" in text] == []
    assert sorted(lab.active()) == ["ada", "bea", "cem", "dan", "eva"]
    assert {entry.cycle_id for entry in lab.sim.queries.logs(lab.app)} == {cycle_id}
    assert lab.job.cycle is None
    assert lab.job.watermark is not None


@pytest.mark.rule("ENG-320")
def test_an_imported_schema_is_applied_to_everybody_at_once_unless_the_job_rests(lab: Lab) -> None:
    lab.without_groups()
    lab.people("ada", "mia")
    lab.start()
    lab.look()
    lab.sim.provisioning.put_schema(lab.app, lab.sim.provisioning.get_schema(lab.app))
    lab.run()
    assert lab.sent() == ["GET /Users?probe", "GET /Users?userName eq ada", "GET /Users?userName eq mia"]
    assert "Update attribute mappings or scope" in lab.audit()

    lab.sim.provisioning.stop(lab.app)
    lab.sim.provisioning.put_schema(lab.app, lab.sim.provisioning.get_schema(lab.app))
    lab.run(timedelta(days=1))
    assert lab.sent() == []

    lab.tapt.revoke_token()
    lab.sim.provisioning.start(lab.app)
    lab.run()
    assert lab.job.status is JobStatus.QUARANTINE
    lab.look()
    lab.sim.provisioning.put_schema(lab.app, lab.sim.provisioning.get_schema(lab.app))
    lab.run(timedelta(minutes=29))
    assert lab.sent() == []
    assert lab.job.status is JobStatus.QUARANTINE


@pytest.mark.rule("ENG-157")
@pytest.mark.parametrize(("days", "kind"), [(29, CycleKind.INCREMENTAL), (31, CycleKind.INITIAL)])
def test_a_watermark_that_is_too_old_leads_to_an_initial_cycle(lab: Lab, days: int, kind: CycleKind) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.start()
    lab.sim.provisioning.stop(lab.app)
    lab.run(timedelta(days=days))
    lab.sim.provisioning.start(lab.app)
    lab.run()

    assert lab.job.last_execution is not None
    assert lab.job.last_execution.kind is kind


@pytest.mark.rule("ENG-310", "ENG-318")
def test_stop_keeps_everything_and_start_goes_on_from_the_watermark(lab: Lab) -> None:
    lab.without_groups()
    lab.people("ada", "mia")
    lab.start()
    lab.look()
    lab.sim.provisioning.stop(lab.app)
    assert lab.job.status is JobStatus.PAUSED
    lab.edit("ada", jobTitle="Chief")
    lab.run(timedelta(days=2))
    assert lab.sent() == []

    lab.sim.provisioning.start(lab.app)
    lab.run()
    assert lab.writes() == ["PATCH /Users/ada Add:title=Chief"]
    assert lab.log() == ["Update Success ada"]


@pytest.mark.rule("ENG-318", "ENG-086", "ENG-320")
def test_what_an_administrator_does_while_a_cycle_runs_wins_when_it_ends(lab: Lab) -> None:
    lab.without_groups()
    lab.people("ada", "bea")

    def meddle(call: object) -> str:
        if getattr(call, "method", "") == "POST" and not lab.tapt.users():
            lab.sim.provisioning.edit_attribute_mapping(lab.app, "User", "title", {"source": "department"})
            lab.sim.provisioning.set_notification(lab.app, "ops@contoso.example", True)
            lab.sim.provisioning.stop(lab.app)
        return ""

    lab.crash_sends(meddle)
    lab.sim.provisioning.start(lab.app)
    lab.run()

    job = lab.job
    assert sorted(lab.active()) == ["ada", "bea"]  # the running cycle is finished
    assert job.status is JobStatus.PAUSED
    assert job.configuration.notification_email == "ops@contoso.example"
    assert job.watermark is None  # an initial cycle comes next
    assert job.cycle is None


@pytest.mark.rule("ENG-322")
def test_deleting_the_application_while_its_cycle_runs_ends_the_cycle(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(page_size=1).without_groups()
    lab.people("ada", "bea", "cem")

    def meddle(call: object) -> str:
        if getattr(call, "method", "") == "POST":
            lab.sim.applications.delete(lab.app)
        return ""

    lab.crash_sends(meddle)
    lab.sim.provisioning.start(lab.app)
    lab.run()

    assert list(lab.active()) == ["ada"]
    assert lab.sim.core.jobs.get(lab.app.job_id) is None
    assert lab.sim.core.jobs.list_entries(lab.app.job_id) == []


@pytest.mark.rule("ENG-352", "ENG-353")
def test_the_audit_log_names_what_administrators_and_the_service_did(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.start()
    lab.sim.provisioning.stop(lab.app)
    lab.sim.provisioning.restart(lab.app)
    lab.sim.applications.delete(lab.app)

    events = [event for event in lab.sim.queries.audit() if event.category == "ProvisioningManagement"]
    assert [event.activity for event in events] == [
        "Add provisioning configuration",
        "Update provisioning setting or credentials",
        "Update attribute mappings or scope",
        "Enable/start provisioning configuration",
        "Import",
        "Synchronization rule action",
        "Export",
        "Disable/pause provisioning configuration",
        "Enable/restart provisioning configuration",
        "Delete provisioning configuration",
    ]
    assert {event.service for event in events} == {"Account Provisioning"}


@pytest.mark.rule("ENG-476", "ENG-470")
def test_the_simulator_does_not_wait_but_says_how_long_the_real_service_takes(lab: Lab) -> None:
    lab.without_groups()
    lab.people("ada", "bea", assigned=False)
    lab.person("mia")
    lab.group("Team", "ada", "bea")
    lab.start()

    assert lab.world.clock.now() == START
    least, most = lab.sim.queries.initial_cycle_length(lab.app)  # 3 users, 1 group, 2 memberships
    assert (least, most) == (timedelta(minutes=0.06), timedelta(minutes=0.48))
    lab.sim.provisioning.set_scope(lab.app, "all")
    lab.person("zoe", assigned=False)
    assert lab.sim.queries.initial_cycle_length(lab.app)[0] == timedelta(minutes=0.07)


def test_the_same_seed_gives_the_same_bytes(open_lab: Callable[..., Lab]) -> None:
    def story() -> list[object]:
        lab = open_lab(cycle_interval_minutes=20.0, cycle_interval_max_minutes=40.0)
        lab.map("nickName", expression="RandomString(8, 0, 0, 0, 0, )")
        lab.people("ada", "mia")
        lab.group("Team", "ada", "mia")
        lab.start()
        lab.disable("ada")
        lab.run(timedelta(hours=3))
        sent = [(item.sequence, item.at, item.call, item.reply) for item in lab.world.exchanges()]
        return [*sent, *lab.sim.queries.logs(lab.app), *lab.sim.queries.audit(), lab.job]

    assert story() == story()
