"""What is left on record: log entries and their step chains, job status, retention, object connections."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from lab import DOMAIN
from lab import Lab

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.model.log import ProvisioningLogEntry

USER_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture
def users(lab: Lab) -> Lab:
    """Give a lab without the group mapping."""
    return lab.without_groups()


def chain(entry: ProvisioningLogEntry) -> list[str]:
    """Return the steps of a record: name, and its type where the name alone does not say it."""
    return [f"{step.name}({step.type})" if step.name == "EntryImport" else step.name for step in entry.steps]


def only(lab: Lab, name: str) -> ProvisioningLogEntry:
    """Return the one record of a person since the last look."""
    found = [entry for entry in lab.logs() if lab.name(entry.identity).endswith(name)]
    assert len(found) == 1
    return found[0]


@pytest.mark.rule("ENG-340", "ENG-341", "ENG-120")
def test_a_record_has_every_field(users: Lab) -> None:
    users.person("ada", displayName="Ada Park")
    users.start()
    entry = only(users, "ada")
    shown = entry.as_dict()

    assert set(shown) == {
        "id",
        "activityDateTime",
        "tenantId",
        "jobId",
        "cycleId",
        "changeId",
        "provisioningAction",
        "durationInMilliseconds",
        "provisioningStatusInfo",
        "initiatedBy",
        "servicePrincipal",
        "sourceSystem",
        "targetSystem",
        "sourceIdentity",
        "targetIdentity",
        "provisioningSteps",
        "modifiedProperties",
    }
    assert shown["activityDateTime"] == "2026-01-05T09:00:00Z"
    assert shown["initiatedBy"] == {
        "id": "",
        "displayName": "Azure AD Provisioning Service",
        "initiatorType": "system",
    }
    assert shown["provisioningStatusInfo"] == {"status": "success", "errorInformation": None}
    assert shown["sourceSystem"]["displayName"] == "Microsoft Entra ID"
    assert shown["targetSystem"]["displayName"] == "customappsso"
    assert shown["sourceIdentity"]["identityType"] == "User"
    assert shown["sourceIdentity"]["details"]["UserPrincipalName"] == f"ada@{DOMAIN}"
    assert shown["targetIdentity"]["identityType"] == USER_URN
    link = users.link("ada")
    assert link is not None
    assert shown["targetIdentity"]["id"] == link.target_anchor
    assert {"displayName": "displayName", "oldValue": None, "newValue": "Ada Park"} in shown["modifiedProperties"]


@pytest.mark.rule("ENG-340")
def test_records_of_a_cycle_share_its_id_and_each_has_its_own_change(users: Lab) -> None:
    users.people("ada", "mia")
    users.start()
    entries = users.logs()

    assert len({entry.cycle_id for entry in entries}) == 1
    assert len({entry.change_id for entry in entries}) == 2
    assert len({entry.entry_id for entry in entries}) == 2


@pytest.mark.rule("ENG-342", "ENG-343", "ENG-344")
def test_step_chains_of_a_life(users: Lab) -> None:
    users.person("ada")
    users.start()
    entry = only(users, "ada")
    assert chain(entry) == [
        "EntryImportAdd",
        "EntrySynchronizationScoping",
        "EntrySynchronizationAdd",
        "EntryExportAdd",
    ]
    assert entry.steps[0].description == f"Received User 'ada@{DOMAIN}' change of type (Add) from Microsoft Entra ID"
    assert entry.steps[3].description == f"User 'ada@{DOMAIN}' was created in customappsso"
    assert entry.steps[3].details["ReportableIdentifier"] == f"ada@{DOMAIN}"

    users.edit("ada", jobTitle="Chief")
    users.cycle()
    entry = only(users, "ada")
    assert chain(entry) == [
        "EntryImportUpdate",
        "EntryImport(matching)",
        "EntrySynchronizationScoping",
        "EntrySynchronizationUpdate",
        "EntryExportUpdate",
    ]
    assert entry.steps[1].description == f"Retrieved  'ada@{DOMAIN}' from customappsso"

    users.edit("ada", jobTitle="chief")
    users.cycle()
    entry = only(users, "ada")
    assert chain(entry) == [
        "EntryImportUpdate",
        "EntryImport(matching)",
        "EntrySynchronizationScoping",
        "EntrySynchronizationSkip",
    ]
    assert entry.steps[-1].details["SkipReason"] == "RedundantExport"
    assert entry.modified_properties == ()

    users.disable("ada")
    users.cycle()
    assert chain(only(users, "ada")) == [
        "EntryImportUpdate",
        "EntryImport(matching)",
        "EntrySynchronizationScoping",
        "EntrySynchronizationUpdate",
        "EntryExportUpdateSoftDelete",
    ]

    users.delete("ada")
    users.run(timedelta(days=31))
    entry = users.logs()[-1]
    assert chain(entry) == ["EntryImportDelete", "EntrySynchronizationDelete", "EntryExportDelete"]
    assert entry.action == "Delete"


@pytest.mark.rule("ENG-342", "ENG-343")
def test_step_chains_of_what_is_not_done(users: Lab) -> None:
    users.person("mia", assigned=False)
    users.person("ada")
    users.fault(method="POST", status=422)
    users.start()
    skipped, failed = users.logs()

    assert chain(skipped) == ["EntryImportAdd", "EntrySynchronizationScoping", "EntrySynchronizationSkip"]
    assert skipped.steps[-1].details["SkipReason"] == "NotEffectivelyEntitled"
    assert (skipped.steps[-1].type, skipped.steps[-1].status) == ("export", "skipped")
    assert chain(failed) == [
        "EntryImportAdd",
        "EntrySynchronizationScoping",
        "EntrySynchronizationAdd",
        "EntryExportAdd",
    ]
    assert failed.steps[-1].status == "failure"
    assert failed.steps[-1].description == f"Failed to create User 'ada@{DOMAIN}' in customappsso"
    assert failed.error is not None
    assert (failed.error.code, failed.error.category) == ("UnprocessableEntity", "nonServiceFailure")


@pytest.mark.rule("ENG-342", "ENG-343")
def test_an_update_that_fails_shows_what_it_tried_to_write(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.fault(method="PATCH", status=422)
    users.look()
    users.edit("ada", jobTitle="Chief")
    users.cycle()
    entry = only(users, "ada")

    assert entry.steps[-1].details["title"] == "Chief"
    assert [(item.display_name, item.new_value) for item in entry.modified_properties] == [("title", "Chief")]


@pytest.mark.rule("ENG-345")
def test_details_show_the_source_and_what_the_target_holds(users: Lab) -> None:
    users.sim.applications.add_role(users.app, "Editor", "Editor")
    users.map('roles[primary eq "True"].value', expression="SingleAppRoleAssignment([appRoleAssignments])")
    users.person("ada", assigned=False)
    users.assign("ada", role="Editor")
    users.start()
    users.look()
    users.edit("ada", jobTitle="Chief")
    users.cycle()
    entry = only(users, "ada")

    source, target = entry.steps[0].details, entry.steps[1].details
    assert (source["IsSoftDeleted"], source["userPrincipalName"]) == ("False", f"ada@{DOMAIN}")
    assert source["appRoleAssignments"] == "Editor"
    assert (target["active"], target["userName"]) == ("True", f"ada@{DOMAIN}")
    assert target["id"] == entry.target_id


@pytest.mark.rule("ENG-345")
def test_a_mapped_state_of_the_account_is_shown(users: Lab) -> None:
    users.edit_row("active", expression="[accountEnabled]")
    users.person("ada")
    users.start()

    assert only(users, "ada").steps[0].details["accountEnabled"] == "True"


@pytest.mark.rule("ENG-348", "Q-22", "Q-23")
def test_actions_and_statuses_are_those_of_the_portal(users: Lab) -> None:
    users.people("ada", "mia")
    users.start()
    users.disable("ada")
    users.cycle()
    users.enable("ada")
    users.cycle()
    users.edit("mia", displayName="MIA")
    users.cycle()
    users.fault(method="PATCH", status=422)
    users.edit("mia", jobTitle="Chief")
    users.cycle()

    seen = [(entry.action, entry.status) for entry in users.logs()]
    assert seen == [
        ("Create", "Success"),
        ("Create", "Success"),
        ("Disable", "Success"),
        ("Update", "Success"),
        ("Other", "Skipped"),
        ("Update", "Failure"),
    ]


@pytest.mark.rule("ENG-445", "ENG-444")
def test_the_causes_of_a_skip_are_numbered(users: Lab) -> None:
    users.filter(("companyName", "EQUALS", "Contoso"))
    users.person("ada", assigned=False, accountEnabled=False, companyName="Other")
    users.start()
    text = only(users, "ada").explanation

    assert "1) the user is not assigned" in text
    assert "2) it lacks the entitlement" in text
    assert "3) it does not pass a scoping filter (Scope.companyName EQUALS 'Contoso', value 'Other')" in text
    assert "4) it is not active in the source system" in text


@pytest.mark.rule("ENG-349")
@pytest.mark.parametrize(("days", "left"), [(30.0, 2), (7.0, 1)])
def test_records_are_dropped_after_the_retention(open_lab: Callable[..., Lab], days: float, left: int) -> None:
    lab = open_lab(log_retention_days=days).without_groups()
    lab.person("ada")
    lab.start()
    lab.run(timedelta(days=10))
    lab.edit("ada", jobTitle="Chief")
    lab.run(timedelta(hours=1))

    assert len(lab.sim.queries.logs(lab.app)) == left
    lab.run(timedelta(days=31))
    assert lab.sim.queries.logs(lab.app) == []


@pytest.mark.rule("ENG-340", "ENG-474")
def test_a_record_says_how_long_it_took(users: Lab) -> None:
    users.person("ada")
    users.fault(method="POST", delay_s=3.5)
    users.start()

    assert only(users, "ada").duration_ms == 3500


@pytest.mark.rule("ENG-121", "ENG-360", "ENG-361", "ENG-362")
def test_job_status_in_the_words_of_graph(users: Lab) -> None:
    users.person("ada")
    users.person("bea", accountEnabled=False)
    users.person("cem", assigned=False)
    shown = users.sim.queries.job_as_graph(users.app)
    assert shown["schedule"] == {"expiration": None, "interval": "PT40M", "state": "Disabled"}
    assert shown["status"]["lastExecution"] is None
    assert shown["status"]["steadyStateFirstAchievedTime"] == "0001-01-01T00:00:00Z"

    users.fault(method="POST", status=422, times=1)
    users.start()
    users.cycle()
    shown = users.sim.queries.job_as_graph(users.app)
    status = shown["status"]

    assert (shown["id"], shown["templateId"]) == (users.app.job_id, "scim")
    assert (status["code"], status["countSuccessiveCompleteFailures"]) == ("Active", 0)
    last = status["lastExecution"]
    assert last["state"] == "Succeeded"
    assert (last["countImported"], last["countExports"], last["countExported"], last["countEscrowed"]) == (1, 1, 1, 0)
    assert (last["timeBegan"], last["timeEnded"]) == ("2026-01-05T09:40:00Z", "2026-01-05T09:40:00Z")
    assert status["lastSuccessfulExecutionWithExports"] == status["lastSuccessfulExecution"] == last
    assert status["steadyStateFirstAchievedTime"] == "2026-01-05T09:00:00Z"
    assert status["steadyStateLastAchievedTime"] == "2026-01-05T09:40:00Z"
    assert status["synchronizedEntryCountByType"] == [{"key": f"User to {USER_URN}", "value": 1}]
    assert status["quarantine"] is None


@pytest.mark.rule("ENG-360", "ENG-361")
def test_counters_of_a_cycle(users: Lab) -> None:
    users.person("ada")
    users.person("bea", accountEnabled=False)
    users.person("cem", assigned=False)
    users.fault(method="POST", status=422, times=1)
    users.start()
    status = users.sim.queries.job_as_graph(users.app)["status"]
    last = status["lastExecution"]

    assert last["state"] == "EntryLevelErrors"
    assert (last["countImported"], last["countEntitled"], last["countEntitledForProvisioning"]) == (3, 2, 1)
    assert (last["countExports"], last["countExported"], last["countEscrowed"]) == (1, 0, 1)
    assert (last["countImportedDeltas"], last["countImportedReferenceDeltas"]) == (0, 0)
    assert status["lastSuccessfulExecution"] is None
    assert status["countSuccessiveCompleteFailures"] == 1


@pytest.mark.rule("ENG-282", "ENG-360", "ENG-361")
def test_a_quarantined_job_in_the_words_of_graph(users: Lab) -> None:
    users.tapt.revoke_token()
    users.start()
    status = users.sim.queries.job_as_graph(users.app)["status"]

    assert status["code"] == "Quarantine"
    assert status["lastExecution"]["state"] == "Failed"
    error = status["lastExecution"]["error"]
    assert (error["code"], error["tenantActionable"]) == (
        "SystemForCrossDomainIdentityManagementInvalidCredentials",
        True,
    )
    assert status["quarantine"] == {
        "currentBegan": "2026-01-05T09:00:00Z",
        "seriesBegan": "2026-01-05T09:00:00Z",
        "nextAttempt": "2026-01-05T09:30:00Z",
        "seriesCount": 1,
        "reason": "EncounteredQuarantineException",
        "error": error,
    }


@pytest.mark.rule("ENG-363")
def test_counts_by_type_grow_and_never_shrink_until_links_are_cleared(lab: Lab) -> None:
    def counts() -> dict[str, int]:
        shown = lab.sim.queries.job_as_graph(lab.app)["status"]["synchronizedEntryCountByType"]
        return {item["key"].split()[0]: item["value"] for item in shown}

    lab.people("ada", "mia")
    lab.group("Team", "ada")
    lab.start()
    assert counts() == {"User": 2, "Group": 1}
    lab.purge("ada")
    lab.unassign("Team")
    lab.cycle()
    assert len(lab.links()) == 1
    assert counts() == {"User": 2, "Group": 1}
    lab.restart("Full")
    assert counts() == {"User": 1}


@pytest.mark.rule("ENG-364")
def test_progress_of_an_initial_cycle_is_in_pages(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(page_size=2).without_groups()
    lab.people("ada", "bea", "cem", "dan", "eva")
    countdown = iter([False] * 5)
    lab.sim.runner.should_stop = lambda: next(countdown, True)
    lab.start()
    progress = lab.sim.queries.job_as_graph(lab.app)["status"]["progress"]

    assert progress == [
        {
            "completedUnits": 2,
            "totalUnits": 3,
            "units": "Pages",
            "progressObservationDateTime": "2026-01-05T09:00:00Z",
        }
    ]


@pytest.mark.rule("ENG-330")
def test_object_connections(users: Lab) -> None:
    users.person("ada")
    users.start()
    link = users.link("ada")
    assert link is not None
    service = users.sim.provisioning
    for anchor in (link.source_anchor, link.target_anchor):
        assert service.object_connection(users.app, anchor) == link
    with pytest.raises(NotFound, match="No link"):
        service.object_connection(users.app, "nothing")
    with pytest.raises(StateConflict, match="Stop provisioning first"):
        service.delete_object_connection(users.app, link.source_anchor)

    service.stop(users.app)
    users.look()
    assert service.delete_object_connection(users.app, link.target_anchor)
    assert not service.delete_object_connection(users.app, link.target_anchor)
    assert users.links() == {}
    assert users.active() == {"ada": True}
    service.start(users.app)
    users.edit("ada", jobTitle="Chief")
    users.cycle()
    assert "GET /Users?userName eq ada" in users.sent()
    assert users.link("ada") is not None


@pytest.mark.rule("ENG-315", "Q-19")
@pytest.mark.parametrize(("starts_initial", "kind"), [(False, "incremental"), (True, "initial")])
def test_what_follows_after_the_connector_data_store_is_cleared(
    open_lab: Callable[..., Lab], starts_initial: bool, kind: str
) -> None:
    lab = open_lab(cleared_links_start_initial=starts_initial).without_groups()
    lab.people("ada", "mia")
    lab.start()
    lab.edit("ada", jobTitle="Chief")
    lab.look()
    lab.restart("ConnectorDataStore")

    assert lab.job.last_execution is not None
    assert str(lab.job.last_execution.kind) == kind
    matched = [text for text in lab.sent() if text.startswith("GET /Users?userName")]
    assert matched == [f"GET /Users?userName eq {name}" for name in (("ada", "mia") if starts_initial else ("ada",))]


@pytest.mark.rule("ENG-312", "ENG-313", "ENG-316", "ENG-323")
@pytest.mark.parametrize(
    ("scope", "watermark", "links", "escrows"),
    [
        ("Watermark", False, True, True),
        ("Escrows", True, True, False),
        ("QuarantineState", True, True, True),
        ("ConnectorDataStore", True, False, True),
        ("Full", False, False, False),
        ("ForceDeletes", True, True, True),
    ],
)
def test_what_a_restart_leaves_in_the_store(lab: Lab, scope: str, watermark: bool, links: bool, escrows: bool) -> None:
    lab.without_groups()
    lab.people("ada", "mia")
    lab.fault(method="POST", nth=2, status=422)
    lab.start()
    lab.sim.provisioning.restart(lab.app, [scope])

    assert (lab.job.watermark is not None) is watermark
    assert bool(lab.links()) is links
    assert bool(lab.escrows()) is escrows


@pytest.mark.rule("ENG-110", "ENG-111")
@pytest.mark.parametrize("box", ["Create", "Update", "Delete"])
def test_the_record_of_somebody_whose_action_is_off_names_the_box(lab: Lab, box: str) -> None:
    lab.without_groups()
    if box != "Create":
        lab.person("ada")
        lab.start()
    lab.actions(**{box.lower(): False})
    if box == "Create":
        lab.person("ada")
        lab.start()
    elif box == "Update":
        lab.edit("ada", jobTitle="Chief")
    else:
        lab.purge("ada")
    lab.look()
    if box == "Create":
        lab.restart()
    else:
        lab.cycle()

    entry = lab.logs()[-1]
    assert (entry.action, entry.status, entry.skip_reason) == (box, "Skipped", "TargetObjectActionDisabled")
    text = f"The target object action '{box}' is not selected for this mapping; nothing is sent."
    assert entry.explanation == entry.steps[-1].description == text
