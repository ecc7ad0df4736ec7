"""Provision on demand: the same path as a cycle for one object, with its differences."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from lab import DOMAIN
from lab import Lab
from lab import upn

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.service.on_demand import OnDemandResult
from entra_sim.simulator.service.on_demand_view import on_demand_as_graph
from entra_sim.simulator.service.screens import Screens


@pytest.fixture
def users(lab: Lab) -> Lab:
    """Give a lab without the group mapping."""
    return lab.without_groups()


def demand(lab: Lab, name: str, *members: str) -> OnDemandResult:
    """Provision a person or group on demand."""
    return lab.sim.provisioning.provision_on_demand(lab.app, lab.key(name), [lab.key(member) for member in members])


@pytest.mark.rule("ENG-253", "ENG-254", "ENG-251")
def test_a_person_is_created_at_once_beside_the_schedule(users: Lab) -> None:
    users.start()
    watermark = users.job.watermark
    users.person("ada")
    users.look()
    result = demand(users, "ada")

    assert (result.result, result.action) == ("Success", "Create")
    assert users.sent() == ["GET /Users?probe", "GET /Users?userName eq ada", "POST /Users ada"]
    assert users.active() == {"ada": True}
    assert users.job.watermark == watermark
    assert users.link("ada") is not None
    assert users.log() == ["Create Success ada"]
    assert [step.type for step in result.entries[0].steps] == ["import", "scoping", "matching", "export"]
    users.cycle()
    assert users.log() == ["Other Skipped ada RedundantExport"]


@pytest.mark.rule("ENG-256", "ENG-343")
def test_somebody_who_agrees_already_is_skipped(users: Lab) -> None:
    users.person("ada")
    users.start()
    result = demand(users, "ada")

    assert (result.result, result.code) == ("Skipped", "RedundantExport")
    steps = [(step.name, step.type, step.status) for step in result.entries[0].steps]
    assert steps == [
        ("EntryImport", "import", "success"),
        ("EntryImport", "matching", "success"),
        ("EntrySynchronizationScoping", "scoping", "success"),
        ("EntrySynchronizationSkip", "export", "skipped"),
    ]


@pytest.mark.rule("ENG-257", "ENG-445")
@pytest.mark.parametrize(
    ("assigned", "enabled", "facts"),
    [(False, True, ("True", "False", "True")), (True, False, ("False", "True", "True"))],
)
def test_somebody_not_entitled_is_skipped_with_the_facts(
    users: Lab, assigned: bool, enabled: bool, facts: tuple[str, ...]
) -> None:
    users.person("ada", assigned=assigned, accountEnabled=enabled)
    result = demand(users, "ada")

    assert (result.result, result.code) == ("Skipped", "NotEffectivelyEntitled")
    details = result.entries[0].steps[-1].details
    assert (details["IsActive"], details["Assigned"], details["IsInProvisioningScope"]) == facts
    assert details["SkipReason"] == "NotEffectivelyEntitled"
    assert users.writes() == []


@pytest.mark.rule("ENG-254")
def test_somebody_unassigned_and_linked_is_disabled(users: Lab) -> None:
    users.person("ada")
    users.start()
    users.unassign("ada")
    result = demand(users, "ada")

    assert (result.result, result.action) == ("Success", "Disable")
    assert users.active() == {"ada": False}


@pytest.mark.rule("ENG-254", "ENG-502")
def test_the_compliance_flag_is_not_honoured(users: Lab) -> None:
    users.credentials(flagged=True)
    users.person("ada")
    users.start()
    users.edit("ada", jobTitle="Chief")
    users.look()
    demand(users, "ada")

    assert users.writes() == ["PATCH /Users/ada Add:title=Chief"]


@pytest.mark.rule("ENG-254", "ENG-221")
def test_the_manager_is_set_only_if_linked_already(users: Lab) -> None:
    users.person("grace")
    users.person("ada", manager=f"grace@{DOMAIN}")
    demand(users, "ada")
    assert users.writes() == ["POST /Users ada"]
    demand(users, "grace")
    users.look()
    demand(users, "ada")
    assert users.writes() == ["PATCH /Users/ada Add:manager=grace"]


@pytest.mark.rule("ENG-250", "ENG-254", "ENG-460")
def test_of_a_group_only_the_picked_members_are_written(lab: Lab) -> None:
    lab.people("ada", "bea", "cem", "dan", "eva", "fay")
    lab.group("Team", "ada", "bea", "cem", "dan", "eva", "fay")
    for name in ("ada", "bea", "cem"):
        demand(lab, name)
    lab.look()
    result = demand(lab, "Team", "ada", "bea", "dan")

    assert result.result == "Warning"  # dan is not linked, so cannot be written
    assert lab.members("Team") == ["ada", "bea"]
    with pytest.raises(UserInputError, match="At most 5"):
        demand(lab, "Team", "ada", "bea", "cem", "dan", "eva", "fay")
    with pytest.raises(UserInputError, match="group only"):
        demand(lab, "ada", "bea")


@pytest.mark.rule("ENG-250")
def test_somebody_who_does_not_exist_cannot_be_found(users: Lab) -> None:
    with pytest.raises(NotFound, match="no user or group"):
        demand(users, "nobody")


@pytest.mark.rule("ENG-258", "ENG-270")
def test_a_failure_on_demand_is_not_escrowed(users: Lab) -> None:
    users.person("ada")
    users.fault(method="POST", status=500)
    result = demand(users, "ada")

    assert (result.result, result.code) == ("Failure", "InternalServerError")
    assert users.escrows() == []
    assert users.log() == ["Create Failure ada InternalServerError"]
    error = result.entries[0].error
    assert error is not None
    assert error.reason.endswith("This operation was retried 0 times.")  # and no instant of a next attempt


@pytest.mark.rule("ENG-251", "ENG-130")
def test_a_connection_that_fails_is_the_first_step(users: Lab) -> None:
    users.person("ada")
    users.tapt.revoke_token()
    result = demand(users, "ada")

    assert result.result == "Failure"
    assert result.message.startswith("Test connection:")
    assert users.log() == []


@pytest.mark.rule("ENG-252")
def test_the_result_shows_every_value_before_and_after(users: Lab) -> None:
    users.person("ada", jobTitle="Junior")
    users.start()
    users.edit("ada", jobTitle="Chief")
    entry = demand(users, "ada").entries[0]

    shown = [(item.display_name, item.old_value, item.new_value) for item in entry.modified_properties]
    assert shown == [("title", "Junior", "Chief")]


@pytest.mark.rule("ENG-255")
def test_the_answer_in_the_words_of_graph(users: Lab) -> None:
    users.person("ada", assigned=False)
    answer = on_demand_as_graph(demand(users, "ada"))
    key, value = json.loads(answer["key"]), json.loads(answer["value"])

    assert key["result"] == "Skipped"
    assert key["details"]["errorCode"] == "NotEffectivelyEntitled"
    assert value["action"] == "Create"
    assert value["reportableIdentifier"] == f"ada@{DOMAIN}"
    assert {"changeId", "startTime", "endTime", "sourceIdentity", "targetIdentity", "sourceSystem"} <= set(value)
    assert {"targetSystem", "modifiedProperties", "provisioningSteps", "statusInfo"} <= set(value)
    assert value["statusInfo"]["status"] == "Skipped"


@pytest.mark.rule("ENG-255", "ENG-346")
def test_the_steps_of_the_answer_use_the_older_names(users: Lab) -> None:
    users.person("ada")
    value = json.loads(on_demand_as_graph(demand(users, "ada"))["value"])

    scoping = next(step for step in value["provisioningSteps"] if step["type"] == "Scoping")
    assert scoping["details"] == {
        "IsActive": "True",
        "Assigned": "True",
        "IsEffectivelyEntitledForProvisioning": "True",
        "IsInProvisioningScopeDisplayName": "True",
        "ScopeEvaluationResult": "{}",
    }
    assert [step["name"] for step in value["provisioningSteps"]] == [
        "EntryImport",
        "EntrySynchronizationScoping",
        "EntrySynchronizationAdd",
        "EntryExportAdd",
    ]


@pytest.mark.rule("ENG-255")
def test_a_failed_connection_is_an_answer_too(users: Lab) -> None:
    users.person("ada")
    users.tapt.revoke_token()
    answer = on_demand_as_graph(demand(users, "ada"))

    assert json.loads(answer["key"])["result"] == "Failure"
    assert json.loads(answer["value"]) == {}


@pytest.mark.rule("ENG-255", "ENG-349")
def test_a_run_on_demand_is_known_as_one_by_its_reference_alone_and_as_long_as_its_records(users: Lab) -> None:
    users.people("ada", "boss")
    users.start()
    users.run(timedelta(days=20))
    users.sim.directory.set_manager(upn("ada"), upn("boss"))
    demand(users, "ada")

    def kinds() -> list[str]:
        return [item.kind for item in Screens(users.sim.core).recent_cycles(users.app.application_id)]

    assert kinds() == ["on demand", "initial"]
    assert [str(entry.action) for entry in users.logs()[-1:]] == ["Update"]
    users.sim.provisioning.stop(users.app)
    users.run(timedelta(days=15))  # the records of the initial cycle are dropped, not those of the run
    users.edit("boss", jobTitle="Chief")
    users.sim.provisioning.start(users.app)
    users.run()
    assert kinds() == ["incremental", "on demand"]
