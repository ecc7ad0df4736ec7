"""The record of one processed object, built step by step while it is reconciled. Source: ENG-342, ENG-343."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from entra_sim.simulator.engine.mapping import REDACTED
from entra_sim.simulator.engine.mapping import MappedValue
from entra_sim.simulator.expressions import text_of
from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.log import ErrorInformation
from entra_sim.simulator.model.log import ModifiedProperty
from entra_sim.simulator.model.log import ProvisioningStep
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import SkipReason
from entra_sim.simulator.model.operation import Status

TARGET_SYSTEM = "customappsso"
SOURCE_SYSTEM = "Microsoft Entra ID"
SYNCHRONIZATION_ERROR = "EntrySynchronizationError"
"""The step of a failure before anything could be exported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDraft:
    """A provisioning log record without its ids and instants, which the service adds."""

    action: Action
    status: Status
    object_type: str
    source_id: str
    source_display_name: str
    identity: str
    target_id: str
    target_display_name: str
    steps: tuple[ProvisioningStep, ...]
    modified_properties: tuple[ModifiedProperty, ...]
    error: ErrorInformation | None
    skip_reason: str
    rules: tuple[str, ...]
    explanation: str


class Recorder:
    """Collects the steps of one object. Not shared, not stored: `draft` returns the value that is."""

    def __init__(
        self, source: SourceObject, *, mapped_names: Sequence[str] = (), redacted_names: Collection[str] = ()
    ) -> None:
        self._source = source
        self._identity = source.reportable_identifier
        self._who = f"{source.object_type} '{self._identity}'"
        self._steps: list[ProvisioningStep] = []
        self._mapped_names = mapped_names
        self._redacted_names = redacted_names
        self.target_id = ""
        self.target_display_name = ""
        self.modified: tuple[ModifiedProperty, ...] = ()

    def step(self, name: str, kind: str, status: str, text: str, details: Mapping[str, Any] | None = None) -> None:
        """Add a step; detail values become texts."""
        shown = dict(details) if details else {}
        for key, value in shown.items():
            if type(value) is not str:
                shown[key] = text_of_any(value) or ""
        self._steps.append(ProvisioningStep(name=name, type=kind, status=status, description=text, details=shown))

    def imported(self, attributes: Mapping[str, Any] | None = None) -> None:
        """Add the step for the source object having been received or read. Source: ENG-342, ENG-345.

        Args:
            attributes: what the job sees, computed ones too; those that are mapped are shown.
        """
        change = self._source.change_kind
        seen = self._source.attributes if attributes is None else attributes
        details = {name: value for name in self._mapped_names if (value := seen.get(name)) not in (None, "", [])}
        for name in self._redacted_names:
            if name in details:
                details[name] = REDACTED
        if change:
            text = f"Received {self._who} change of type ({change}) from {SOURCE_SYSTEM}"
            self.step(f"EntryImport{change}", "import", "success", text, details)
        else:
            text = f"Retrieved {self._who} from {SOURCE_SYSTEM}"
            self.step("EntryImport", "import", "success", text, details)

    def escrow_retry(self, details: Mapping[str, Any]) -> None:
        """Add the first step of a retry. Source: ENG-275."""
        self.step("EntryEscrowRetry", "import", "success", f"Retrying {self._who}", details)

    def found(self, resource: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Add the matching step with what the target holds by target path. Source: ENG-342, ENG-345."""
        self.target_id = str(resource.get("id", ""))
        self.target_display_name = str(resource.get("userName") or resource.get("displayName") or self._identity)
        text = f"Retrieved  '{self.target_display_name}' from {TARGET_SYSTEM}"
        self.step("EntryImport", "matching", "success", text, {"id": self.target_id, **values})

    def not_found(self, text: str) -> None:
        """Add the matching step of a miss."""
        self.step("EntryImportObjectNotFound", "matching", "success", text)

    def scoped(self, facts: Mapping[str, Any]) -> None:
        """Add the scoping step with the four facts. Source: ENG-027, ENG-060."""
        text = f"Determine if {self._source.object_type} in scope by evaluating against each scoping filter"
        self.step("EntrySynchronizationScoping", "scoping", "success", text, facts)

    def unresolved(self, members: Sequence[str]) -> None:
        """Add the step for members that cannot be exported, if there are any. Source: ENG-221, ENG-343."""
        if not members:
            return
        self.step(
            "EntrySynchronizationReferenceResolution",
            "referenceResolution",
            "warning",
            "Some members cannot be exported, because they are not linked or not in scope",
            {"ErrorCode": "UnableToResolveReferenceAttributeValue", "Members": ", ".join(members)},
        )

    def decided(self, verb: str, text: str, kind: str = "matching") -> None:
        """Add the decision: verb is Add, Update or Delete."""
        self.step(f"EntrySynchronization{verb}", kind, "success", f"{self._who} {text}")

    def exported(self, name: str, text: str, details: Mapping[str, Any] | None = None) -> None:
        """Add the result of a write that succeeded."""
        shown = {"ReportableIdentifier": self._identity, **(details or {})}
        self.step(name, "export", "success", f"{self._who} {text} {TARGET_SYSTEM}", shown)

    def failed(self, name: str, verb: str, code: str, details: Mapping[str, Any] | None = None) -> None:
        """Add the result of a write that failed, or that nothing could be written. Source: ENG-342."""
        shown = {"ErrorCode": code, "ReportableIdentifier": self._identity, **(details or {})}
        kind = "processing" if name == SYNCHRONIZATION_ERROR else "export"
        self.step(name, kind, "failure", f"Failed to {verb} {self._who} in {TARGET_SYSTEM}", shown)

    def draft(
        self,
        action: Action,
        status: Status,
        *,
        rules: Sequence[str],
        explanation: str = "",
        error: ErrorInformation | None = None,
        skip_reason: str = "",
    ) -> LogDraft:
        """Return the record as it stands."""
        return LogDraft(
            action=action,
            status=status,
            object_type=self._source.object_type,
            source_id=self._source.object_id,
            source_display_name=str(self._source.attributes.get("displayName") or self._identity),
            identity=self._identity,
            target_id=self.target_id,
            target_display_name=self.target_display_name,
            steps=tuple(self._steps),
            modified_properties=self.modified,
            error=error,
            skip_reason=skip_reason,
            rules=tuple(dict.fromkeys(rules)),
            explanation=explanation,
        )

    def skipped(
        self,
        reason: SkipReason,
        action: Action,
        *,
        rules: Sequence[str],
        text: str,
        details: Mapping[str, Any] | None = None,
    ) -> LogDraft:
        """Return the record of an object that was left alone. Source: ENG-343, ENG-444."""
        shown = {
            "SkipReason": str(reason),
            "ReportableIdentifier": self._identity,
            **(details or {}),
        }
        self.step("EntrySynchronizationSkip", "export", "skipped", text, shown)
        return self.draft(action, Status.SKIPPED, rules=rules, explanation=text, skip_reason=str(reason))


def modified_by_create(values: Sequence[MappedValue]) -> tuple[ModifiedProperty, ...]:
    """Return the modified properties of a create: every exported value."""
    return tuple([ModifiedProperty(item.compiled.name, None, item.log_value) for item in values])


def modified_by_update(
    changes: Sequence[AttributeChange], values: Sequence[MappedValue]
) -> tuple[ModifiedProperty, ...]:
    """Return the modified properties of a PATCH; redacted values stay redacted."""
    written = {change.target_path: None for change in changes}
    shown = {item.compiled.name: item.log_value for item in values if item.compiled.name in written}
    return tuple(
        ModifiedProperty(
            display_name=change.target_path,
            old_value=_old_text(change, shown.get(change.target_path)),
            new_value=shown.get(change.target_path, text_of_any(change.new_value)),
        )
        for change in changes
    )


def _old_text(change: AttributeChange, log_value: str | None) -> str | None:
    if log_value == REDACTED and change.old_value is not None:
        return log_value
    return text_of_any(change.old_value)


def text_of_any(value: Any) -> str | None:
    """Return any value of the wire as a text for people; None stays None."""
    if type(value) is str:  # nearly always
        return value
    if value is None:
        return None
    if value is True or value is False:
        return str(value)
    if isinstance(value, Mapping):
        return str(value.get("value", dict(value)))
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of_any(part) or "" for part in value)
    return text_of(value)
