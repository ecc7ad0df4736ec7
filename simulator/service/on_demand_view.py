"""The answer to provisionOnDemand as Microsoft Graph gives it. Pure. Source: ENG-255, graph-api.md section 6."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.model.log import ProvisioningStep
from entra_sim.simulator.model.log import instant_text
from entra_sim.simulator.service.on_demand import OnDemandResult

OLD_NAMES = {
    "Active in the source system": "IsActive",
    "Assigned to the application": "Assigned",
    "User has the required role": "IsEffectivelyEntitledForProvisioning",
    "Group has the required role": "IsEffectivelyEntitledForProvisioning",
    "Scoping filter evaluation passed": "IsInProvisioningScopeDisplayName",
    "ScopeEvaluationResult": "ScopeEvaluationResult",
}
"""Details of the scoping step, in the words of the log and of this answer. Source: ENG-346."""


def on_demand_as_graph(result: OnDemandResult) -> dict[str, str]:
    """Return a stringKeyStringValuePair: two JSON texts, verdict and record (of the object itself, not of references).

    A run whose connection failed has no record; its value is an empty object.

    Source: ENG-255.
    """
    details = {"errorCode": result.code, "errorMessage": result.message}
    record = _record(result.entries[0]) if result.entries else {}
    return {"key": _json({"result": result.result, "details": details}), "value": _json(record)}


def _record(entry: ProvisioningLogEntry) -> dict[str, Any]:
    """Return the record as this answer has it. Source: ENG-255."""
    shown = entry.as_dict()
    began_at = entry.at - timedelta(milliseconds=entry.duration_ms)
    error = shown["provisioningStatusInfo"]["errorInformation"] or {
        "errorCode": entry.code,
        "reason": entry.explanation,
        "additionalDetails": "",
        "errorCategory": "",
        "recommendedAction": "",
    }
    return {
        "action": entry.action,
        "startTime": instant_text(began_at),
        "endTime": instant_text(entry.at),
        "reportableIdentifier": entry.identity,
        "statusInfo": {"status": entry.status, **error},
        "provisioningSteps": [_step(step, instant_text(entry.at)) for step in entry.steps],
        "sourceIdentity": _identity(shown["sourceIdentity"]),
        "targetIdentity": _identity(shown["targetIdentity"]),
        "sourceSystem": _system(shown["sourceSystem"]),
        "targetSystem": _system(shown["targetSystem"]),
        **{key: shown[key] for key in ("id", "activityDateTime", "tenantId", "jobId", "cycleId", "changeId")},
        **{key: shown[key] for key in ("modifiedProperties", "servicePrincipal", "initiatedBy")},
    }


def _step(step: ProvisioningStep, at: str) -> dict[str, Any]:
    details: Mapping[str, str] = step.details
    if step.type == "scoping":
        details = {OLD_NAMES[key]: value for key, value in step.details.items() if key in OLD_NAMES}
    return {
        "name": step.name,
        "type": step.type[:1].upper() + step.type[1:],
        "status": step.status.capitalize(),
        "description": step.description,
        "timestamp": at,
        "details": dict(details),
    }


def _identity(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": shown["id"],
        "type": shown["identityType"],
        "displayName": shown["displayName"],
        "details": shown["details"],
    }


def _system(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": shown["id"], "name": shown["displayName"], "details": shown["details"]}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
