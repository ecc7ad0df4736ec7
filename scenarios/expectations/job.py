"""Where the job stands now: status, quarantine, counters, escrows, links, the last test and on-demand run."""

from __future__ import annotations

from typing import Any

from entra_sim.scenarios.language import Noun
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.session import Window
from entra_sim.scenarios.spans import instant_text

SECTION = "The job"
COUNTERS = {
    "imported": "countImported",
    "imported_deltas": "countImportedDeltas",
    "imported_reference_deltas": "countImportedReferenceDeltas",
    "entitled": "countEntitled",
    "entitled_for_provisioning": "countEntitledForProvisioning",
    "exports": "countExports",
    "exported": "countExported",
    "escrowed": "countEscrowed",
}


def _instant(value: Any) -> str | None:
    return instant_text(value) if value is not None else None


def _job(session: Session, window: Window) -> dict[str, Any]:
    job = session.simulator.queries.job(session.application)
    last = job.last_execution
    return {
        "status": str(job.status),
        "schedule": str(job.schedule),
        "watermark": "set" if job.watermark is not None else "none",
        "next cycle": _instant(job.next_cycle_at),
        "last cycle": None
        if last is None
        else {
            "kind": str(last.kind),
            "state": last.state,
            "began": _instant(last.began_at),
            "ended": _instant(last.ended_at),
            "code": last.error_code or None,
        },
        "steady state": _instant(job.steady_state_first_at),
        "mode": job.configuration.mode,
        "scope": "all" if job.configuration.sync_all else "assigned",
    }


def _quarantine(session: Session, window: Window) -> dict[str, Any] | None:
    quarantine = session.simulator.queries.job(session.application).quarantine
    if quarantine is None:
        return None
    return {
        "reason": str(quarantine.reason),
        "began": _instant(quarantine.current_began_at),
        "next attempt": _instant(quarantine.next_attempt_at),
        "attempts": quarantine.series_count,
        "code": quarantine.error_code or None,
    }


def _counters(session: Session, window: Window) -> dict[str, Any] | None:
    last = session.simulator.queries.job(session.application).last_execution
    return None if last is None else {name: getattr(last.counts, field) for field, name in COUNTERS.items()}


def _names(session: Session) -> dict[str, str]:
    directory = session.simulator.directory
    people = [*directory.users(), *directory.users(deleted=True)]
    names = {user.object_id: user.user_principal_name for user in people}
    names.update({group.object_id: group.display_name for group in directory.groups()})
    return names


def _escrows(session: Session, window: Window) -> list[dict[str, Any]]:
    names = _names(session)
    return [
        {
            "identity": names.get(entry.source_anchor, entry.source_anchor),
            "type": entry.object_type,
            "code": entry.error_code,
            "change": entry.modification_type,
            "retries": entry.attempt_count,
            "first failure": _instant(entry.created_at),
            "next attempt": _instant(entry.next_attempt_at),
        }
        for entry in session.simulator.queries.escrows(session.application)
    ]


def _links(session: Session, window: Window) -> list[dict[str, Any]]:
    names = _names(session)
    return [
        {
            "identity": names.get(entry.source_anchor, entry.source_anchor),
            "type": entry.object_type,
            "target": entry.target_anchor,
            "managed": entry.is_managed,
            "disabled": entry.is_disabled,
        }
        for entry in session.simulator.queries.links(session.application)
    ]


def _mappings(session: Session, window: Window) -> dict[str, Any]:
    document = session.simulator.provisioning.get_schema(session.application)
    found = {}
    for mapping in (item for rule in document["synchronizationRules"] for item in rule["objectMappings"]):
        flows = str(mapping.get("flowTypes", ""))
        scope = mapping.get("scope") or {}
        found["groups" if mapping["sourceObjectName"] == "Group" else "users"] = {
            "enabled": bool(mapping.get("enabled", True)),
            "create": "Add" in flows,
            "update": "Update" in flows,
            "delete": "Delete" in flows,
            "filters": [group.get("name") for group in scope.get("groups") or ()],
            "attributes": {
                row["targetAttributeName"]: (row.get("source") or {}).get("expression")
                for row in mapping["attributeMappings"]
            },
        }
    return found


def _connection(session: Session, window: Window) -> dict[str, Any] | None:
    result = session.connection
    if result is None:
        return None
    return {"result": "passed" if result.is_ok else "failed", "code": result.code or None, "message": result.message}


def _on_demand(session: Session, window: Window) -> dict[str, Any] | None:
    result = session.on_demand
    if result is None:
        return None
    return {
        "result": result.result,
        "action": result.action,
        "code": result.code or None,
        "message": result.message or None,
        "steps": [{"name": step.name, "status": step.status} for entry in result.entries for step in entry.steps],
    }


NOUNS = (
    Noun(
        name="job",
        help="The synchronization job: its status, schedule and last cycle.",
        section=SECTION,
        read=_job,
        is_list=False,
        keys={
            "status": "NotConfigured, NotRun, Active, Paused or Quarantine",
            "schedule": "Active, Disabled or Paused",
            "watermark": "set or none",
            "next cycle": "instant",
            "last cycle": "{kind, state, began, ended, code}",
            "steady state": "instant of the first cycle that left nothing to do",
            "mode": "Automatic or Manual",
            "scope": "assigned or all",
        },
        example="job: {status: Active, last cycle: {kind: initial, state: Succeeded}}",
    ),
    Noun(
        name="quarantine",
        help="The quarantine of the job, or none.",
        section=SECTION,
        read=_quarantine,
        is_list=False,
        keys={
            "reason": "reason code",
            "began": "instant",
            "next attempt": "instant",
            "attempts": "evaluations that were still bad",
            "code": "error code",
        },
        example="quarantine: {reason: EncounteredQuarantineException}",
    ),
    Noun(
        name="mappings",
        help="The object mappings: users and groups, each with enabled, create, update, delete, filters (titles), "
        "attributes (target: source).",
        section=SECTION,
        read=_mappings,
        is_list=False,
        keys={"users": "the user mapping", "groups": "the group mapping"},
        example="mappings: {groups: {enabled: false}}",
    ),
    Noun(
        name="counters",
        help="Counters of the last cycle, in Graph's names.",
        section=SECTION,
        read=_counters,
        is_list=False,
        keys=dict.fromkeys(COUNTERS.values(), "count"),
        example="counters: {countExported: 2}",
    ),
    Noun(
        name="escrows",
        help="Objects whose export failed and that wait for a retry.",
        section=SECTION,
        read=_escrows,
        keys={
            "identity": "userPrincipalName or group name",
            "type": "User or Group",
            "code": "error code",
            "change": "Add, Update or Delete",
            "retries": "retries so far",
            "first failure": "instant",
            "next attempt": "instant",
        },
        example="escrows: [{identity: ada@contoso.example, code: InternalServerError}]",
    ),
    Noun(
        name="links",
        help="Which source object is linked to which target object.",
        section=SECTION,
        read=_links,
        keys={
            "identity": "userPrincipalName or group name",
            "type": "User or Group",
            "target": "id at the target",
            "managed": "false after the object left the scope",
            "disabled": "whether the disable went out",
        },
        example="links: [{identity: ada@contoso.example, managed: true}]",
    ),
    Noun(
        name="connection",
        help="The result of the last 'test connection'.",
        section=SECTION,
        read=_connection,
        is_list=False,
        keys={"result": "passed or failed", "code": "error code", "message": "what the portal says"},
        example="connection: {result: passed}",
    ),
    Noun(
        name="on demand",
        help="The result of the last 'provision on demand'.",
        section=SECTION,
        read=_on_demand,
        is_list=False,
        keys={
            "result": "Success, Skipped or Failure",
            "action": "what was done",
            "code": "skip reason or error code",
            "message": "what the page says",
            "steps": "{name, status} each",
        },
        example="on demand: {result: Success}",
    ),
)
