"""The provisioning log record. Source: ENG-340 to ENG-346."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any

import msgspec

SERVICE_NAME = "Azure AD Provisioning Service"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningStep:
    """One step of the record. Source: ENG-342."""

    name: str
    type: str
    status: str
    description: str
    details: Mapping[str, str] = field(default_factory=dict)


class ModifiedProperty(msgspec.Struct, frozen=True, gc=False):
    """A target attribute with old and new value, as texts or None. A struct: a cycle makes many."""

    display_name: str
    old_value: str | None
    new_value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInformation:
    """Why a record is a failure."""

    code: str
    category: str
    reason: str
    details: str = ""
    recommended_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningLogEntry:
    """One record per processed object and change.

    Args:
        sequence: position in the log, for windows and pages.
        action: Create, Update, Delete, Disable, StagedDelete or Other (ENG-348).
        status: Success, Failure, Skipped or Warning.
        skip_reason: SkipReason of ENG-444, or "".
        rules: ids of the rules behind the outcome: what the real service does not say.
        request_sequences: the exchanges that belong to it, by their sequence in the journal.
    """

    sequence: int
    entry_id: str
    at: datetime
    tenant_id: str
    job_id: str
    cycle_id: str
    change_id: str
    application_id: str
    application_name: str
    app_id: str
    action: str
    status: str
    duration_ms: int
    object_type: str
    source_id: str
    source_display_name: str
    identity: str
    target_id: str
    target_display_name: str
    target_object_name: str
    source_system_id: str
    source_system_name: str
    target_system_id: str
    target_system_name: str
    steps: tuple[ProvisioningStep, ...]
    modified_properties: tuple[ModifiedProperty, ...]
    error: ErrorInformation | None = None
    skip_reason: str = ""
    rules: tuple[str, ...] = ()
    explanation: str = ""
    initiated_by: str = "system"
    request_sequences: tuple[int, ...] = ()

    @property
    def code(self) -> str:
        """Return the error code, else the skip reason, else ""."""
        return self.error.code if self.error else self.skip_reason

    def as_dict(self) -> dict[str, Any]:
        """Return the record in Graph's spelling, a provisioningObjectSummary. Source: ENG-340."""
        return {
            "id": self.entry_id,
            "activityDateTime": instant_text(self.at),
            "tenantId": self.tenant_id,
            "jobId": self.job_id,
            "cycleId": self.cycle_id,
            "changeId": self.change_id,
            "provisioningAction": "stagedDelete" if self.action == "StagedDelete" else self.action.lower(),
            "durationInMilliseconds": self.duration_ms,
            "provisioningStatusInfo": {"status": self.status.lower(), "errorInformation": self._error()},
            "initiatedBy": {"id": "", "displayName": SERVICE_NAME, "initiatorType": self.initiated_by},
            "servicePrincipal": {"id": self.application_id, "displayName": self.application_name},
            "sourceSystem": {"id": self.source_system_id, "displayName": self.source_system_name, "details": {}},
            "targetSystem": {
                "id": self.target_system_id,
                "displayName": self.target_system_name,
                "details": {
                    "ApplicationId": self.app_id,
                    "ServicePrincipalId": self.application_id,
                    "ServicePrincipalDisplayName": self.application_name,
                },
            },
            "sourceIdentity": {
                "id": self.source_id,
                "displayName": self.source_display_name,
                "identityType": self.object_type,
                "details": self._source_details(),
            },
            "targetIdentity": {
                "id": self.target_id,
                "displayName": self.target_display_name,
                "identityType": self.target_object_name,
                "details": {},
            },
            "provisioningSteps": [
                {
                    "name": step.name,
                    "provisioningStepType": step.type,
                    "status": step.status,
                    "description": step.description,
                    "details": dict(step.details),
                }
                for step in self.steps
            ],
            "modifiedProperties": [
                {"displayName": item.display_name, "oldValue": item.old_value, "newValue": item.new_value}
                for item in self.modified_properties
            ],
        }

    def _source_details(self) -> dict[str, str]:
        details = {"id": self.source_id, "odatatype": self.object_type, "DisplayName": self.source_display_name}
        if self.object_type == "User":
            details["UserPrincipalName"] = self.identity
        return details

    def _error(self) -> dict[str, str] | None:
        if self.error is None:
            return None
        return {
            "errorCode": self.error.code,
            "reason": self.error.reason,
            "additionalDetails": self.error.details,
            "errorCategory": self.error.category,
            "recommendedAction": self.error.recommended_action,
        }


def instant_text(instant: datetime) -> str:
    """Return an instant as the logs print it: ISO 8601, UTC, "Z", fractions only where there are any."""
    text = instant.strftime("%Y-%m-%dT%H:%M:%S")
    if instant.microsecond:
        text += f".{instant.microsecond:06d}".rstrip("0")
    return text + "Z"
