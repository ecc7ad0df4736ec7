"""Why an object is left alone, in sentences. Source: ENG-444, ENG-445."""

from __future__ import annotations

from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import SkipReason

_BOXES = {Action.CREATE: "Create", Action.UPDATE: "Update", Action.DISABLE: "Update", Action.DELETE: "Delete"}


def action_off_text(action: Action) -> str:
    """Return the reason for a skip by a target object action. Source: ENG-110, ENG-111."""
    box = _BOXES.get(action, "Update")
    return f"The target object action '{box}' is not selected for this mapping; nothing is sent."


def not_entitled_text(subject: Subject) -> str:
    """Return the numbered list of causes that apply. Source: ENG-445."""
    source = subject.source
    causes: list[str] = []
    if not source.is_entitled:
        causes.append(f"the {source.object_type.lower()} is not assigned to the application")
        causes.append(
            "it lacks the entitlement required: set the scope to 'Sync all users and groups', "
            "or assign it with a provisioning role"
        )
    if not subject.verdict.passes:
        failed = subject.verdict.first_failure
        shown = f" ({failed.key}, value {failed.value!r})" if failed else ""
        causes.append(f"it does not pass a scoping filter{shown}")
    if source.presence is Presence.DISABLED:
        causes.append("it is not active in the source system (account disabled)")
    if source.presence is Presence.SOFT_DELETED:
        causes.append("it is not active in the source system (deleted)")
    if source.presence is Presence.HARD_DELETED:
        causes.append("it left the scope before it was deleted for good, so it is no longer managed")
    if not causes:
        causes.append("it is no longer managed")
    numbered = " ".join(f"{number}) {cause}." for number, cause in enumerate(causes, 1))
    return f"{source.object_type} '{source.reportable_identifier}' is skipped: {numbered}"


def skip_text(reason: SkipReason, subject: Subject, action: Action) -> str:
    """Return why the decision table leaves an object alone, one sentence or a numbered list."""
    kind = subject.source.object_type
    if reason is SkipReason.NOT_ENTITLED:
        return not_entitled_text(subject)
    if reason is SkipReason.OUT_OF_SCOPE_DELETION:
        return f"The {kind.lower()} left the scope; the deletion was skipped because SkipOutOfScopeDeletions is set."
    if reason is SkipReason.ACTION_OFF:
        return action_off_text(action)
    return f"The {kind.lower()} is already disabled in the target; nothing is sent."
