"""Failures of objects: codes, escrow, retries; and of the whole: quarantine, its mail, its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from lab import DOMAIN
from lab import START
from lab import Lab

from entra_sim.simulator.model.job import JobStatus
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.service.explaining import explain


@pytest.fixture
def users(lab: Lab) -> Lab:
    """Give a lab without the group mapping."""
    return lab.without_groups()


def hours(lab: Lab) -> list[float]:
    """Return the hours after the start at which ada was tried, seen in the log since the last look."""
    return [(entry.at - START) / timedelta(hours=1) for entry in lab.logs() if entry.identity.startswith("ada")]


CODES: dict[str, tuple[dict[str, Any], str]] = {
    "400": ({"status": 400}, "SystemForCrossDomainIdentityManagementServiceIncompatible"),
    "401": ({"status": 401}, "Unauthorized"),
    "403": ({"status": 403}, "InsufficientRights"),
    "405": ({"status": 405}, "MethodNotAllowed"),
    "409": ({"status": 409}, "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering"),
    "422": ({"status": 422}, "UnprocessableEntity"),
    "429": ({"status": 429}, "TooManyRequests"),
    "500": ({"status": 500}, "InternalServerError"),
    "501": ({"status": 501}, "NotImplemented"),
    "502": ({"status": 502}, "WebExceptionProtocolError"),
    "503": ({"status": 503}, "WebExceptionProtocolError"),
    "cut": ({"cut": "before"}, "WebExceptionProtocolError"),
    "slow": ({"delay_s": 61.0}, "Timeout"),
    "broken": ({"broken_json": True}, "SystemForCrossDomainIdentityManagementServiceIncompatible"),
}


@pytest.mark.rule("ENG-440", "ENG-270", "ENG-277", "ENG-361")
@pytest.mark.parametrize("case", CODES)
def test_a_failure_has_its_code_waits_and_heals_in_the_next_cycle(users: Lab, case: str) -> None:
    fault, code = CODES[case]
    users.people("ada", "mia")
    users.fault(method="POST", nth=1, **fault)
    users.start()

    assert users.log() == [f"Create Failure ada {code}", "Create Success mia"]
    assert users.escrows() == [("ada", code, 0)]
    assert users.job.status is JobStatus.ACTIVE
    assert users.job.last_execution is not None
    assert users.job.last_execution.state == "EntryLevelErrors"

    users.cycle()
    assert users.escrows() == []
    assert sorted(users.active()) == ["ada", "mia"]
    assert users.job.last_execution is not None
    assert users.job.last_execution.state == "Succeeded"


@pytest.mark.rule("ENG-271", "ENG-272", "Q-14")
@pytest.mark.parametrize(("soon", "expected"), [(True, [0, 2 / 3, 6, 12, 24, 48, 72]), (False, [0, 6, 12, 24, 48, 72])])
def test_an_object_that_fails_is_retried_on_the_ladder(
    open_lab: Callable[..., Lab], soon: bool, expected: list[float]
) -> None:
    lab = open_lab(first_retry_in_next_cycle=soon).without_groups()
    lab.person("ada")
    lab.fault(method="POST", status=422)
    lab.start()
    lab.run(timedelta(hours=73))

    assert hours(lab) == pytest.approx(expected)


@pytest.mark.rule("ENG-271")
def test_after_28_days_an_object_is_given_up(users: Lab) -> None:
    users.person("ada")
    users.fault(method="POST", status=422)
    users.start()
    users.run(timedelta(days=27, hours=23))
    assert [name for name, _code, _count in users.escrows()] == ["ada"]
    users.run(timedelta(days=2))
    assert users.escrows() == []
    users.look()
    users.run(timedelta(days=5))
    assert users.sent() == []


@pytest.mark.rule("ENG-273", "ENG-278")
def test_an_object_that_waits_is_also_tried_when_it_changes(users: Lab) -> None:
    users.person("ada")
    users.fault(method="POST", status=422, times=2)
    users.start()
    users.cycle()
    users.look()
    users.cycle()
    assert users.sent() == []

    users.edit("ada", jobTitle="Chief")
    users.cycle()
    assert users.log() == ["Create Success ada"]
    account = users.account("ada")
    assert account is not None
    assert account["title"] == "Chief"
    assert users.escrows() == []


@pytest.mark.rule("ENG-278", "ENG-210")
def test_a_retry_evaluates_scope_and_match_anew(users: Lab) -> None:
    users.people("ada", "mia")
    users.fault(method="POST", status=422, times=2)
    users.start()
    users.unassign("ada")
    users.tapt.add_profile({"userName": f"mia@{DOMAIN}"})
    users.look()
    users.cycle()

    assert users.log() == ["Create Skipped ada NotEffectivelyEntitled", "Update Success mia"]
    assert users.escrows() == []


@pytest.mark.rule("ENG-275", "ENG-274")
def test_a_retry_begins_with_its_own_step_and_counts(users: Lab) -> None:
    users.person("ada")
    users.fault(method="POST", status=422)
    users.start()
    users.look()
    users.cycle()

    entry = users.logs()[0]
    assert entry.steps[0].name == "EntryEscrowRetry"
    assert (entry.steps[0].type, entry.steps[0].status) == ("import", "success")
    assert entry.steps[0].details == {
        "CountProcessed": "0",
        "CreationTime": "2026-01-05T09:00:00Z",
        "Identifier": users.id_of("ada"),
        "ModificationType": "Add",
        "NextAttempt": "2026-01-05T09:00:00Z",
        "Origin": "Source",
        "TypeName": "EscrowedEntryDefault",
    }
    assert entry.error is not None
    assert "This operation was retried 1 times" in entry.error.reason
    assert "2026-01-05T15:00:00.0000000Z" in entry.error.reason


@pytest.mark.rule("ENG-276", "Q-15")
@pytest.mark.parametrize(("honours", "created_after"), [(False, 40), (True, 80)])
def test_too_many_requests(open_lab: Callable[..., Lab], honours: bool, created_after: int) -> None:
    lab = open_lab(honour_retry_after=honours).without_groups()
    lab.person("ada")
    lab.fault(method="POST", status=429, retry_after_s=4800.0 if honours else 60.0, times=1)
    lab.start()
    assert lab.log() == ["Create Failure ada TooManyRequests"]
    lab.run(timedelta(minutes=created_after - 1))
    assert lab.active() == {}
    lab.run(timedelta(minutes=1))
    assert lab.active() == {"ada": True}


@pytest.mark.rule("ENG-279", "Q-16")
@pytest.mark.parametrize(("seconds", "line"), [(60.0, "Create Success ada"), (20.0, "Create Failure ada Timeout")])
def test_the_time_for_a_request_is_a_setting(open_lab: Callable[..., Lab], seconds: float, line: str) -> None:
    lab = open_lab(request_timeout_s=seconds).without_groups()
    lab.person("ada")
    lab.fault(method="POST", delay_s=30.0)
    lab.start()

    assert lab.log() == [line]
    assert len(lab.links()) == (1 if "Success" in line else 0)


@pytest.mark.rule("ENG-280", "ENG-282", "ENG-283", "ENG-289")
def test_refused_credentials_quarantine_the_job_at_once(users: Lab) -> None:
    users.person("ada")
    users.tapt.revoke_token()
    users.start()

    job = users.job
    assert job.status is JobStatus.QUARANTINE
    assert job.quarantine is not None
    assert job.quarantine.reason is QuarantineReason.QUARANTINE_EXCEPTION
    assert job.quarantine.error_code == "SystemForCrossDomainIdentityManagementInvalidCredentials"
    assert job.last_execution is not None
    assert job.last_execution.state == "Failed"
    assert job.complete_failure_count == 1
    assert users.log() == []
    event = users.sim.queries.audit()[-1]
    assert (event.activity, event.category, event.service) == (
        "Quarantine",
        "ProvisioningManagement",
        "Account Provisioning",
    )
    assert event.result == "failure"
    assert "EncounteredQuarantineException" in event.reason
    assert "SystemForCrossDomainIdentityManagementInvalidCredentials" in event.reason


@pytest.mark.rule("ENG-283", "ENG-440")
def test_an_expired_token_has_a_code_of_its_own(users: Lab) -> None:
    users.person("ada")
    users.tapt.expire_token()
    users.start()

    assert users.job.quarantine is not None
    expected = "SystemForCrossDomainIdentityManagementCredentialValidationFailure"
    assert users.job.quarantine.error_code == expected


@pytest.mark.rule("ENG-280", "ENG-440", "ENG-290")
@pytest.mark.parametrize(
    "fault",
    [{"status": 404}, {"status": 429}, {"status": 500}, {"cut": "before"}, {"broken_json": True}, {"delay_s": 90.0}],
    ids=str,
)
def test_a_probe_answered_by_anything_but_a_list_quarantines_the_job(users: Lab, fault: dict[str, Any]) -> None:
    users.person("ada")
    users.fault(method="GET", **fault)
    users.start()

    assert users.job.status is JobStatus.QUARANTINE
    assert users.writes() == []
    assert users.job.watermark is None


@pytest.mark.rule("ENG-284", "ENG-285", "Q-17")
def test_attempts_in_quarantine_come_more_and_more_slowly(users: Lab) -> None:
    users.person("ada")
    users.tapt.revoke_token()
    users.start()
    users.run(timedelta(hours=80))

    probes = [(item.at - START) / timedelta(hours=1) for item in users.exchanges()]
    assert probes == pytest.approx([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 55.5, 79.5])


@pytest.mark.rule("ENG-284", "Q-17")
def test_the_first_attempt_and_the_cap_are_settings(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(quarantine_first_attempt_minutes=5.0, quarantine_cap_hours=0.25).without_groups()
    lab.person("ada")
    lab.tapt.revoke_token()
    lab.start()
    lab.run(timedelta(minutes=46))

    minutes = [(item.at - START) / timedelta(minutes=1) for item in lab.exchanges()]
    assert minutes == pytest.approx([0, 5, 15, 30, 45])


@pytest.mark.rule("ENG-285")
def test_a_target_that_recovers_ends_the_quarantine_by_itself(users: Lab) -> None:
    users.person("ada")
    users.fault(method="GET", status=503)
    users.start()
    users.heal()
    users.run(timedelta(minutes=30))

    assert users.job.status is JobStatus.ACTIVE
    assert users.job.quarantine is None
    assert users.active() == {"ada": True}


@pytest.mark.rule("ENG-290", "ENG-276")
def test_a_rate_limiter_that_blocks_everything_quarantines_the_job_until_it_lets_requests_through(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.fault(status=429)
    users.edit("ada", jobTitle="Chief")
    users.cycle()
    assert users.job.quarantine is not None
    assert users.job.quarantine.error_code == "TooManyRequests"
    assert users.escrows() == []

    users.run(timedelta(minutes=29))
    assert users.sent()[-1] == "GET /Users?probe"
    users.heal()
    users.run(timedelta(minutes=1))
    assert users.job.status is JobStatus.ACTIVE
    assert users.writes() == ["PATCH /Users/ada Add:title=Chief"]


@pytest.mark.rule("ENG-285", "ENG-156")
def test_what_changed_during_the_quarantine_is_not_lost(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.fault(method="GET", status=503)
    users.edit("ada", jobTitle="Chief")
    users.cycle()
    assert users.job.status is JobStatus.QUARANTINE
    users.heal()
    users.look()
    users.run(timedelta(hours=1))

    assert "PATCH /Users/ada Add:title=Chief" in users.writes()
    assert users.job.last_execution is not None
    assert str(users.job.last_execution.kind) == "incremental"


@pytest.mark.rule("ENG-286", "ENG-321")
def test_saving_credentials_pulls_the_next_attempt_to_now(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.tapt.revoke_token()
    users.edit("ada", jobTitle="Chief")
    users.run(timedelta(hours=20))
    watermark = users.job.watermark
    users.look()
    users.credentials()
    assert users.job.status is JobStatus.QUARANTINE
    assert users.job.watermark == watermark
    assert len(users.links()) == 1
    users.run()

    assert users.job.status is JobStatus.ACTIVE
    assert users.writes() == ["PATCH /Users/ada Add:title=Chief"]


@pytest.mark.rule("ENG-286", "ENG-310", "ENG-311", "ENG-314", "ENG-319")
@pytest.mark.parametrize(
    "way",
    [
        lambda lab: lab.sim.provisioning.restart(lab.app),
        lambda lab: lab.sim.provisioning.restart(lab.app, ["QuarantineState"]),
        lambda lab: lab.sim.provisioning.start(lab.app),
        lambda lab: lab.edit_row("title", source="department"),
    ],
    ids=["restart", "QuarantineState", "start", "mapping saved"],
)
def test_ways_out_of_quarantine(users: Lab, way: Callable[[Lab], None]) -> None:
    users.person("ada")
    users.fault(method="GET", status=503)
    users.start()
    users.run(timedelta(hours=30))
    users.heal()
    way(users)
    assert users.job.quarantine is None
    users.run()

    assert users.job.status is JobStatus.ACTIVE
    assert users.active() == {"ada": True}


@pytest.mark.rule("ENG-312", "ENG-313")
@pytest.mark.parametrize("scope", ["Watermark", "Escrows", "ConnectorDataStore"])
def test_restarts_that_leave_the_quarantine_wait_for_its_next_attempt(users: Lab, scope: str) -> None:
    users.person("ada")
    users.fault(method="GET", status=503)
    users.start()
    users.run(timedelta(hours=10))
    assert users.job.quarantine is not None
    expected = users.job.quarantine.next_attempt_at
    users.sim.provisioning.stop(users.app)
    users.sim.provisioning.restart(users.app, [scope])

    assert users.job.status is JobStatus.QUARANTINE
    assert users.job.next_cycle_at == expected
    users.heal()
    users.run(timedelta(hours=10))
    assert users.active() == {"ada": True}


@pytest.mark.rule("ENG-287")
def test_after_28_days_the_job_is_disabled(users: Lab) -> None:
    users.person("ada")
    users.tapt.revoke_token()
    users.start()
    users.run(timedelta(days=27, hours=23))
    assert users.job.schedule is ScheduleState.ACTIVE
    users.run(timedelta(hours=1))
    assert users.job.schedule is ScheduleState.DISABLED
    assert users.job.next_cycle_at is None
    users.look()
    users.run(timedelta(days=10))
    assert users.sent() == []

    users.credentials()
    users.sim.provisioning.start(users.app)
    users.run()
    assert users.active() == {"ada": True}


@pytest.mark.rule("ENG-288")
def test_one_mail_on_entering_and_one_when_the_reason_changes(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(escrow_floor=1).without_groups()
    lab.sim.provisioning.set_notification(lab.app, "ops@contoso.example", True)
    lab.person("ada")
    lab.fault(method="GET", status=503)
    lab.start()
    lab.run(timedelta(hours=5))
    mails = lab.sim.queries.mail()
    assert [(mail.sender, mail.recipient) for mail in mails] == [("azure-noreply@microsoft.com", "ops@contoso.example")]

    lab.heal()
    lab.fault(method="POST", status=422)
    lab.run(timedelta(hours=24))
    mails = lab.sim.queries.mail()
    assert len(mails) == 2
    assert "EncounteredEscrowProportionThreshold" in mails[1].text


@pytest.mark.rule("ENG-288")
def test_without_the_box_no_mail_is_sent(users: Lab) -> None:
    users.sim.provisioning.set_notification(users.app, "ops@contoso.example", False)
    users.tapt.revoke_token()
    users.start()

    assert users.job.status is JobStatus.QUARANTINE
    assert users.sim.queries.mail() == []


@pytest.mark.rule("ENG-280", "ENG-281", "ENG-285", "ENG-226")
def test_too_large_a_share_of_failures_quarantines_a_small_tenant_with_a_lower_floor(
    open_lab: Callable[..., Lab],
) -> None:
    lab = open_lab(escrow_floor=2).without_groups()
    lab.people("ada", "bea", "cem", "dan")
    lab.fault(method="POST", status=422, times=2)
    lab.start()
    assert lab.job.quarantine is not None
    assert lab.job.quarantine.reason is QuarantineReason.ESCROW_PROPORTION
    assert sorted(lab.active()) == ["cem", "dan"]

    lab.run(timedelta(minutes=30))
    assert lab.job.status is JobStatus.ACTIVE
    assert lab.escrows() == []


@pytest.mark.rule("ENG-280", "ENG-226")
@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"escrow_base": 1}, QuarantineReason.BASE_ESCROW),
        ({"escrow_total": 1}, QuarantineReason.TOTAL_ESCROW),
    ],
)
def test_a_number_of_failures_quarantines_from_an_incremental_cycle(
    open_lab: Callable[..., Lab], settings: dict[str, int], reason: QuarantineReason
) -> None:
    lab = open_lab(**settings).without_groups()
    lab.people("ada", "bea")
    lab.start()
    lab.fault(method="PATCH", status=422)
    lab.edit("ada", jobTitle="Chief")
    lab.edit("bea", jobTitle="Chief")
    lab.cycle()

    assert lab.job.quarantine is not None
    assert lab.job.quarantine.reason is reason


@pytest.mark.rule("ENG-226", "ENG-280")
def test_failed_references_count_only_for_the_total(open_lab: Callable[..., Lab]) -> None:
    for settings, status in (
        ({"escrow_floor": 1, "escrow_base": 0}, JobStatus.ACTIVE),
        ({"escrow_total": 0}, JobStatus.QUARANTINE),
    ):
        lab = open_lab(**settings).without_groups()
        lab.people("grace", "ada")
        lab.start()
        lab.fault(method="PATCH", status=422)
        lab.edit("ada", manager=f"grace@{DOMAIN}")
        lab.cycle()

        assert lab.job.status is status


@pytest.mark.rule("ENG-145")
def test_an_initial_cycle_with_too_many_failures_drops_them_runs_to_its_end_and_pauses(
    open_lab: Callable[..., Lab],
) -> None:
    lab = open_lab(escrow_base=2).without_groups()
    lab.people("ada", "bea", "cem", "dan", "eva", "fay")
    lab.fault(method="POST", status=422, times=5)
    lab.start()

    job = lab.job
    assert (job.status, job.schedule) == (JobStatus.PAUSED, ScheduleState.PAUSED)
    assert job.escrows_pruned
    assert job.quarantine is None
    assert lab.escrows() == []
    assert lab.active() == {"fay": True}
    assert [line for line in lab.log() if "Failure" in line] == [
        "Create Failure ada UnprocessableEntity",
        "Create Failure bea UnprocessableEntity",
    ]

    lab.restart()
    assert not lab.job.escrows_pruned
    assert lab.job.status is JobStatus.ACTIVE
    assert len(lab.active()) == 6


@pytest.mark.rule("ENG-442", "ENG-270")
def test_a_fault_inside_the_service_fails_one_object_only(users: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from entra_sim.simulator.engine import reconcile

    real = reconcile.modified_by_create

    def broken(values: Any) -> Any:
        if any(value.value == f"bea@{DOMAIN}" for value in values):
            raise RuntimeError("a bug")
        return real(values)

    monkeypatch.setattr(reconcile, "modified_by_create", broken)
    users.people("ada", "bea", "cem")
    users.start()
    assert users.log() == ["Create Success ada", "Other Failure bea InternalError", "Create Success cem"]

    monkeypatch.setattr(reconcile, "modified_by_create", real)
    users.cycle()
    assert sorted(users.active()) == ["ada", "bea", "cem"]


@pytest.mark.rule("ENG-278", "ENG-160")
@pytest.mark.parametrize("is_lost", [True, False])
def test_why_warns_of_a_second_account_while_a_create_waits_whose_answer_was_lost(users: Lab, is_lost: bool) -> None:
    users.person("ada")
    users.fault(method="POST", **({"cut": "after"} if is_lost else {"status": 422}))
    users.start()
    users.heal()
    users.edit("ada", userPrincipalName=f"ada2@{DOMAIN}")

    told = explain(users.sim, users.app, f"ada2@{DOMAIN}")
    assert any("a second one is made (ENG-278)" in advice for advice in told.advice) is is_lost
    users.cycle()
    assert list(users.active()) == (["ada", "ada2"] if is_lost else ["ada2"])
    assert explain(users.sim, users.app, f"ada2@{DOMAIN}").advice[0].startswith("Change something")
