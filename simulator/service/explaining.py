"""Why: what the next cycle will do with one user or group, and why; or why nothing happens and what to change.

It runs the engine itself: the same scope, decision, match and diff, reading the target but stopping before the first
write. There is no second implementation of any rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.reconcile import Reconciliation
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.engine.scoping import ClauseResult
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import TargetTimeout
from entra_sim.simulator.errors import TargetUnreachable
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.log import ModifiedProperty
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.service.applications import ApplicationKey
from entra_sim.simulator.service.driving import open_transport
from entra_sim.simulator.service.observing import CycleObserver
from entra_sim.simulator.service.simulator import Simulator

UNANSWERED = (TargetUnreachable.code, TargetTimeout.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What `entra-sim why` says.

    Args:
        headline: one sentence: what will happen.
        will_be_looked_at: whether the next cycle looks at the object at all, and `timing` why or why not.
        entitlement: how it is assigned, or that it is not.
        clauses: every scoping clause with its value and result.
        link: the stored link in words.
        decision: the decision with its rules.
        changes: each target attribute old → new.
        calls: the requests that would be sent, reads included, in order; the first write is the last.
        advice: what to change when nothing happens.
    """

    identity: str
    object_type: str
    headline: str
    will_be_looked_at: bool
    timing: str
    entitlement: str
    clauses: tuple[ClauseResult, ...]
    link: str
    decision: str
    rules: tuple[str, ...]
    changes: tuple[ModifiedProperty, ...] = ()
    calls: tuple[Call, ...] = ()
    advice: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "identity": self.identity,
            "objectType": self.object_type,
            "headline": self.headline,
            "willBeLookedAt": self.will_be_looked_at,
            "timing": self.timing,
            "entitlement": self.entitlement,
            "clauses": [{"clause": item.key, "value": item.value, "holds": item.holds} for item in self.clauses],
            "link": self.link,
            "decision": self.decision,
            "rules": list(self.rules),
            "changes": [
                {"attribute": item.display_name, "old": item.old_value, "new": item.new_value} for item in self.changes
            ],
            "requests": [
                {"method": call.method, "path": call.path, "query": dict(call.query), "body": call.body}
                for call in self.calls
            ],
            "advice": list(self.advice),
        }


def explain(simulator: Simulator, key: ApplicationKey, principal_key: str) -> Explanation:
    """Return what the next cycle will do with a user or group, and why.

    Raises:
        NotFound: no such application, user or group.
    """
    application = simulator.applications.get(key)
    job = simulator.queries.job(application)
    principal = simulator.directory.principal(principal_key)
    object_type = "User" if isinstance(principal, User) else "Group"
    core = simulator.core
    is_initial = job.watermark is None
    run = simulator.builder.run(job, looks_up_by_filter=is_initial)
    source = simulator.builder.observe(job, application, object_type, [principal.object_id])[0]
    entry = core.jobs.get_entry(job.job_id, object_type, principal.object_id)
    subject = intend(source, entry, run)
    looked_at, timing = _timing(simulator, job, application, subject)
    calls, outcome, trouble, changes = _rehearse(simulator, job, application, subject, run)
    mapping = run.mapping(object_type).mapping
    return Explanation(
        identity=source.reportable_identifier,
        object_type=object_type,
        headline=_headline(subject, outcome, calls, trouble, looked_at=looked_at and mapping.is_enabled),
        will_be_looked_at=looked_at and mapping.is_enabled,
        timing=timing if mapping.is_enabled else f"The {object_type.lower()} mapping is disabled.",
        entitlement=_entitlement(simulator, application, job, principal),
        clauses=subject.verdict.clauses,
        link=_link(subject),
        decision=str(subject.intent.kind),
        rules=subject.intent.rules,
        changes=changes,
        calls=calls,
        advice=tuple(_advice(simulator, job, application, subject, principal, looked_at=looked_at)),
    )


def _timing(
    simulator: Simulator, job: SynchronizationJob, application: Application, subject: Subject
) -> tuple[bool, str]:
    """Return whether the next cycle looks at the object, and why. Source: ENG-151."""
    core, source = simulator.core, subject.source
    if job.schedule is not ScheduleState.ACTIVE:
        return False, "Provisioning Status is Off; no cycle runs."
    when = f"{job.next_cycle_at:%Y-%m-%d %H:%M} UTC" if job.next_cycle_at else "no cycle is due"
    if job.quarantine is not None:
        return False, f"The job is in quarantine ({job.quarantine.reason}); the next attempt is at {when}."
    if job.watermark is None:
        return True, f"The next cycle ({when}) is an initial one: it looks at everybody."
    cycle = Cycle(
        cycle_id="",
        kind=CycleKind.INCREMENTAL,
        began_at=core.clock.now(),
        lower_sequence=job.watermark,
        upper_sequence=core.feed.newest(core.clock.now()),
    )
    observer = CycleObserver(core, simulator.builder, job, application, cycle)
    if source.object_id in observer.changes(source.object_type):
        names = sorted(observer.changes(source.object_type)[source.object_id].attributes)
        about = f" ({', '.join(names[:6])})" if names else ""
        return True, f"It changed since the last cycle{about}; the next one ({when}) looks at it."
    escrows = core.jobs.get_escrows(job.job_id, source.object_type, [source.object_id])
    if source.object_id in escrows:
        waiting = escrows[source.object_id]
        return True, (
            f"It failed before ({waiting.error_code}) and is tried again from "
            f"{waiting.next_attempt_at:%Y-%m-%d %H:%M} UTC on."
        )
    return False, (
        "Nothing that is mapped or filtered changed since the last cycle, "
        f"so the next one ({when}) does not look at it."
    )


def _rehearse(
    simulator: Simulator, job: SynchronizationJob, application: Application, subject: Subject, run: Run
) -> tuple[tuple[Call, ...], Outcome | None, str, tuple[ModifiedProperty, ...]]:
    """Run the engine on the object, sending its reads and stopping before the first write.

    Returns what would be sent, the outcome when nothing would be written, what went wrong, and each attribute that
    would change, old and new.
    """
    calls: list[Call] = []
    work = Reconciliation(subject, run)
    generator = work.exchange()
    if not job.configuration.tenant_url:
        return (), None, "no credentials are saved, so the target was not asked", ()
    transport = open_transport(simulator.core, application, job.configuration)
    try:
        call = next(generator)
        while True:
            calls.append(call)
            if call.is_write:
                generator.close()
                return tuple(calls), None, "", work.recorder.modified
            call = generator.send(transport.send(call))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        changes = () if outcome.draft is None else outcome.draft.modified_properties
        return tuple(calls), outcome, "", changes
    except SimulatorError as error:
        return tuple(calls), None, str(error), ()
    finally:
        transport.close()


def _headline(
    subject: Subject, outcome: Outcome | None, calls: Sequence[Call], trouble: str, *, looked_at: bool
) -> str:
    who = f"{subject.source.object_type} '{subject.source.reportable_identifier}'"
    write = calls[-1] if calls and calls[-1].is_write else None
    if write is not None:
        what = {"POST": "created", "DELETE": "deleted"}.get(
            write.method, "disabled" if subject.intent.kind is IntentKind.DISABLE else "updated"
        )
        when = "will be" if looked_at else "would be"
        tail = "" if looked_at else ", but the next cycle does not look at it"
        return f"{who} {when} {what}{tail}."
    if outcome is not None and outcome.error is not None:
        return f"{who} fails: {outcome.error}"
    if outcome is not None and outcome.draft is not None:
        return outcome.draft.explanation or f"{who}: {outcome.draft.action} / {outcome.draft.status}."
    if trouble:
        return f"{who}: decision '{subject.intent.kind}'; {trouble}."
    return f"{who}: nothing is done."


def _entitlement(
    simulator: Simulator, application: Application, job: SynchronizationJob, principal: User | Group
) -> str:
    if job.configuration.sync_all:
        return "The scope is 'Sync all users and groups': assignments do not matter (ENG-026)."
    store = simulator.core.directory
    ways = []
    if store.list_assignments(application.application_id, principal.object_id):
        ways.append("assigned directly")
    for group_id in store.groups_of(principal.object_id) if isinstance(principal, User) else ():
        group = store.get_group(group_id)
        if group is not None and store.list_assignments(application.application_id, group_id):
            ways.append(f"direct member of the assigned group '{group.display_name}'")
    return "; ".join(ways) if ways else "not assigned, and no direct member of an assigned group (ENG-021)"


def _link(subject: Subject) -> str:
    entry = subject.entry
    if entry is None:
        return "no link: the target account is looked for by the matching attributes"
    state = "managed" if entry.is_managed else "no longer managed (it left the scope)"
    exported = ", exported as disabled" if entry.is_disabled else ""
    return f"linked to {entry.target_anchor}, {state}{exported}"


def _advice(
    simulator: Simulator,
    job: SynchronizationJob,
    application: Application,
    subject: Subject,
    principal: User | Group,
    *,
    looked_at: bool,
) -> list[str]:
    """Return what to change when nothing happens, most likely first; before it, what may go wrong (ENG-278)."""
    source = subject.source
    advice = _unanswered(simulator, job, subject)
    if job.schedule is not ScheduleState.ACTIVE:
        advice.append("Set Provisioning Status to On.")
    if job.quarantine is not None:
        advice.append("Repair the cause of the quarantine, save new credentials or restart provisioning (ENG-286).")
    if not source.is_entitled:
        nested = _nested_in(simulator, application, principal)
        if nested:
            advice.append(
                f"It is only in a group nested in '{nested}', and nested groups are not read (ENG-021): "
                "assign the inner group or the person."
            )
        else:
            advice.append(f"Assign it, or a group that it is a direct member of, to '{application.name}'.")
    for result in subject.verdict.clauses if not subject.verdict.passes else ():
        if not result.holds:
            empty = " An empty value fails every operator but IS NULL (ENG-043)." if result.value is None else ""
            advice.append(f"The clause {result.key} does not hold for the value {result.value!r}.{empty}")
    if source.presence is Presence.DISABLED:
        advice.append("Enable the account in the directory; a disabled user is not provisioned (ENG-212).")
    if source.presence is Presence.SOFT_DELETED:
        advice.append("Restore the user from the recycle bin.")
    if not advice and not looked_at:
        advice.append("Change something that is mapped, provision it on demand, or restart provisioning (ENG-151).")
    return advice


def _unanswered(simulator: Simulator, job: SynchronizationJob, subject: Subject) -> list[str]:
    """Return a warning of a second account, where a create waits whose answer was lost. Source: ENG-160, ENG-278."""
    kind, object_id = subject.key
    waiting = simulator.core.jobs.get_escrows(job.job_id, kind, [object_id]).get(object_id)
    if waiting is None or subject.entry is not None or waiting.error_code not in UNANSWERED:
        return []
    return [
        "Its create got no answer, so the target may have the account all the same. The retry looks for it by what it "
        "is matched by now: if that changed since, look for an account of the old name there and delete it, because "
        "a second one is made (ENG-278)."
    ]


def _nested_in(simulator: Simulator, application: Application, principal: User | Group) -> str:
    store = simulator.core.directory
    for inner in store.groups_of(principal.object_id):
        for outer in store.groups_of(inner):
            if store.list_assignments(application.application_id, outer):
                group = store.get_group(outer)
                return group.display_name if group else ""
    return ""
