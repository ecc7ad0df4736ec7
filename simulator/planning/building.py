"""From a directory and one or two states of a job to the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import datetime
from typing import Any

from entra_sim.simulator.engine import guard
from entra_sim.simulator.planning.cycle import Environment
from entra_sim.simulator.planning.cycle import Note
from entra_sim.simulator.planning.cycle import Order
from entra_sim.simulator.planning.cycle import Purpose
from entra_sim.simulator.planning.groups import GroupHalf
from entra_sim.simulator.planning.lint_plan import plan_findings
from entra_sim.simulator.planning.model import DEFAULT_THRESHOLD
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.planning.model import ObjectPlan
from entra_sim.simulator.planning.model import Plan
from entra_sim.simulator.planning.model import Verdict
from entra_sim.simulator.planning.observed import affected
from entra_sim.simulator.planning.observed import observed
from entra_sim.simulator.planning.sharing import SHARED_FROM
from entra_sim.simulator.planning.sharing import Crew
from entra_sim.simulator.planning.sharing import divided
from entra_sim.simulator.planning.target import PretendTarget
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.tenants import DirectoryImage

MINUTES_PER_OBJECT = (0.01, 0.08)
"""Source: ENG-470."""


@dataclass(slots=True)
class Question:
    """What is planned.

    Args:
        image: the directory; None once it has been taken in, to free its memory.
        now: the job as it is, or as it would be started.
        change: the job as it would be; None asks for a first start.
        users, groups: SCIM resources that the target holds; None assumes what `now` yields.
        at: the instant, aware UTC.
        processes: at most so many.
    """

    image: DirectoryImage | None
    now: JobSettings
    change: JobSettings | None
    at: datetime
    users: Sequence[Mapping[str, Any]] | None = None
    groups: Sequence[Mapping[str, Any]] | None = None
    settings: Settings = field(default_factory=Settings)
    processes: int = 2
    restarts: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """What sets the cycle going."""

    is_initial: bool
    reason: str


class Planner:
    """Asks the engine about everybody."""

    def __init__(self, question: Question, progress: Callable[[str, int, int], None]) -> None:
        assert question.image is not None
        self._question = question
        self._image = question.image
        self._progress = progress
        states = (question.now,) if question.change is None else (question.now, question.change)
        names = {user.object_id: user.user_principal_name for user in self._image.users}
        names |= {group.object_id: group.display_name for group in self._image.groups}
        self._environment = Environment(
            states=states,
            settings=question.settings,
            now=question.at,
            default_domain=_domain(self._image),
            names=names,
        )
        self._user_count = len(self._image.users)
        self._cause = _cause(question)
        self._wanted = frozenset() if self._cause.is_initial else affected(self._image, states)

    def plan(self) -> Plan:
        """Return the plan."""
        question = self._question
        by_mail = question.settings.guest_upn_from_mail
        people, teams = observed(self._image, self._environment.states, knows_guests_by_mail=by_mail)
        notes = self._notes()
        question.image, self._image = None, DirectoryImage()
        count = min(question.processes, 2) if len(people) >= SHARED_FROM else 1
        shares = divided(people, question.users or (), self._environment, count)
        people.clear()
        target = PretendTarget("planned-group")
        for group in question.groups or ():
            target.load("Group", group)
        groups = GroupHalf(self._environment, target, teams)
        with Crew(self._environment, shares) as crew:
            if question.change is not None:
                self._prepare(crew, groups)
            lines, verdict, inside = self._carry_out(crew, groups)
            members = sum(len(exported) for exported in groups.exported.values())
            strays = [] if question.users is None else [one for part in crew.each("strays") for one in part]
            if question.groups is not None:
                strays += groups.strays()
            requests: Counter[str] = Counter(groups.taken_counts())
            for counts in crew.each("taken_counts"):
                requests.update(counts)
        probes = 1 + groups.run(self._order(Purpose.PLAN)).group.mapping.is_enabled
        requests["GET"] += probes
        total = inside + members
        return Plan(
            title="A first start" if question.change is None else "A change",
            objects=tuple(lines),
            strays=tuple(strays),
            verdict=verdict,
            is_initial=self._cause.is_initial,
            cycle_reason=self._cause.reason,
            in_scope_count=total,
            minutes=(round(MINUTES_PER_OBJECT[0] * total, 1), round(MINUTES_PER_OBJECT[1] * total, 1)),
            findings=plan_findings(self._environment.states[-1], lines, is_initial=self._cause.is_initial),
            requests={method: requests[method] for method in ("GET", "POST", "PATCH", "DELETE") if requests[method]},
            notes=(*question.notes, *notes),
        )

    def _order(self, purpose: Purpose, *, holds: bool = False) -> Order:
        if purpose is not Purpose.PLAN:
            return Order(state=0, purpose=purpose)
        is_first = self._question.change is None
        return Order(
            state=len(self._environment.states) - 1,
            purpose=purpose,
            is_initial=self._cause.is_initial,
            looks_up_by_filter=self._cause.is_initial and not is_first,
            holds=holds,
            wanted=self._wanted,
        )

    def _prepare(self, crew: Crew, groups: GroupHalf) -> None:
        """Fill the target with what the job as it is yields, or link what is there."""
        links_only = self._question.users is not None or self._question.groups is not None
        order = self._order(Purpose.LINK if links_only else Purpose.SEED)
        crew.each("work", order, progress=self._told)
        managed = _joined(crew.each("managed"))
        groups.others = managed
        groups.work(order, self._told)
        if links_only:
            groups.remember(order, managed)
        else:
            crew.each("references", order, managed)
            groups.references(order, managed)
        if self._cause.is_initial:  # what was written is forgotten when the watermark goes (ENG-319, ENG-320)
            groups.exported.clear()
        crew.each("taken_counts")
        groups.taken_counts()

    def _carry_out(self, crew: Crew, groups: GroupHalf) -> tuple[list[ObjectPlan], Verdict, int]:
        asked = self._order(Purpose.PLAN)
        state = self._environment.states[-1]
        threshold = DEFAULT_THRESHOLD if state.threshold is None else state.threshold
        holds, inside = False, 0
        if state.threshold is not None or not asked.is_initial:  # counted before anything is sent (ENG-301)
            counts = [*crew.each("counted", asked), groups.counted(asked)]
            inside = sum(part[0] for part in counts)
            trips = guard.trips(sum(part[1] for part in counts), threshold, self._question.settings)
            holds = trips and state.threshold is not None
        order = self._order(Purpose.PLAN, holds=holds)
        managed = _joined(crew.each("managed"))
        crew.each("know", managed)
        lines = [line for part in crew.each("work", order, progress=self._told) for line in part]
        managed = _joined(crew.each("managed"))
        team_lines = groups.work(order, self._told)
        notes: dict[str, Note] = _joined(crew.each("references", order, managed))
        seen = [*crew.each("seen"), groups.seen()]
        count = sum(part[1] for part in seen)
        verdict = Verdict(
            removal_count=count,
            threshold=threshold,
            is_on=state.threshold is not None,
            trips=guard.trips(count, threshold, self._question.settings),
        )
        inside = inside if not asked.is_initial else sum(part[0] for part in seen)
        groups.user_owners = _joined(crew.each("linked"))
        notes |= groups.references(order, managed)
        lines.sort(key=lambda line: line.object_id)
        return [_noted(line, notes) for line in (*lines, *team_lines)], verdict, inside

    def _told(self, what: str, count: int) -> None:
        self._progress(what, min(count, self._user_count), self._user_count)

    def _notes(self) -> list[str]:
        state, notes = self._environment.states[-1], []
        if not state.sync_all and not self._image.assignments and not state.assigned:
            notes.append(
                "Nobody is assigned in these files and the scope is 'assigned': everybody is out of scope. "
                "Give an assignments.csv, --assign NAME or --scope all."
            )
        if self._question.change is not None and self._question.users is None:
            notes.append("The target is assumed to hold exactly what the job as it is yields; no hand edits.")
        return notes


def make_plan(question: Question, progress: Callable[[str, int, int], None] | None = None) -> Plan:
    """Return what would become of everybody.

    Args:
        question: what is asked; its image is taken out of it.
        progress: called with "seed", "link" or "plan", how many users are done, and how many there are.
    Raises:
        UserInputError: a schema cannot be used.
    """
    return Planner(question, progress or (lambda _what, _count, _total: None)).plan()


def _joined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        found.update(part)
    return found


def _noted(line: ObjectPlan, notes: Mapping[str, Note]) -> ObjectPlan:
    note = notes.get(line.object_id)
    return line if note is None else note.onto(line)


def _domain(image: DirectoryImage) -> str:
    """Return the domain that most people of the directory have. Assumed: files do not say which one is the default."""
    counts = Counter(
        user.user_principal_name.rpartition("@")[2] for user in image.users if "#EXT#" not in user.user_principal_name
    )
    return counts.most_common(1)[0][0] if counts else "contoso.example"


def _cause(question: Question) -> _Cause:
    """Return what starts the cycle. Source: ENG-125, ENG-028, ENG-150."""
    now, change = question.now, question.change
    if change is None:
        return _Cause(is_initial=True, reason="The first start runs an initial cycle.")
    if question.restarts:
        return _Cause(is_initial=True, reason="Restart provisioning runs an initial cycle.")
    if now.document.get("synchronizationRules") != change.document.get("synchronizationRules"):
        return _Cause(is_initial=True, reason="Saving the mappings starts an initial cycle over everybody (ENG-125).")
    settled = replace(change, document=now.document, assigned=now.assigned, unassigned=now.unassigned)
    if settled == now and (now.assigned, now.unassigned) != (change.assigned, change.unassigned):
        reason = "The next incremental cycle looks at those whose assignment changed, and at nobody else."
        return _Cause(is_initial=False, reason=reason)
    reason = (
        "These settings re-evaluate nobody by themselves (ENG-028); the plan shows what an initial cycle does "
        "after Restart provisioning."
    )
    return _Cause(is_initial=True, reason=reason)
