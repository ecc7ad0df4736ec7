"""From a directory and one or two states of a job to the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import datetime
from typing import Any

from entra_sim.simulator.engine import guard
from entra_sim.simulator.planning.accounts import Accounts
from entra_sim.simulator.planning.crew import Crew
from entra_sim.simulator.planning.crew import Helper
from entra_sim.simulator.planning.cycle import Environment
from entra_sim.simulator.planning.cycle import Order
from entra_sim.simulator.planning.cycle import Purpose
from entra_sim.simulator.planning.digest import Digest
from entra_sim.simulator.planning.groups import GroupHalf
from entra_sim.simulator.planning.lines import Lines
from entra_sim.simulator.planning.lint_plan import plan_findings
from entra_sim.simulator.planning.model import DEFAULT_THRESHOLD
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.planning.model import Plan
from entra_sim.simulator.planning.model import Verdict
from entra_sim.simulator.planning.observed import Person
from entra_sim.simulator.planning.observed import Team
from entra_sim.simulator.planning.observed import affected
from entra_sim.simulator.planning.observed import observed
from entra_sim.simulator.planning.packing import Packed
from entra_sim.simulator.planning.packing import return_memory
from entra_sim.simulator.planning.sharing import SHARED_FROM
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
        users, groups: SCIM resources that the target holds; None assumes what `now` yields. Taken in like the image.
        at: the instant, aware UTC.
        processes: at most so many.
    """

    image: DirectoryImage | None
    now: JobSettings
    change: JobSettings | None
    at: datetime
    users: Accounts | Iterable[Mapping[str, Any]] | None = None
    groups: Accounts | Iterable[Mapping[str, Any]] | None = None
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
        self._progress = progress
        image = question.image
        self._states = (question.now,) if question.change is None else (question.now, question.change)
        self._user_count = len(image.users)
        self._cause = _cause(question)
        self._wanted = frozenset() if self._cause.is_initial else affected(image, self._states)
        self._notes = _notes(question, image)
        self._default_domain = _domain(image)
        self._managers: frozenset[str] = frozenset()

    def plan(self) -> Plan:
        """Return the plan."""
        helpers = self._helpers()
        try:
            return self._plan(helpers)
        finally:
            for helper in helpers:
                helper.end()

    def _helpers(self) -> list[Helper]:
        """Return the second process, where it pays and can be started. It loads while this one goes on."""
        if self._question.processes < 2 or self._user_count < SHARED_FROM:
            return []
        try:
            return [Helper()]
        except OSError:
            return []

    def _plan(self, helpers: list[Helper]) -> Plan:
        question = self._question
        people, teams = self._taken_in()
        users = None if question.users is None else _accounts(question.users)
        shares = divided(people, users or Accounts(), self._environment, len(helpers) + 1)
        del people
        target = PretendTarget("planned-group")
        target.load("Group", _accounts(question.groups or ()))
        question.users = question.groups = None
        places = {target_id: place for place, target_id in enumerate(users.ids if users is not None else ())}
        crew, is_read = Crew(self._environment, shares, helpers), users is not None
        shares.clear()
        del users
        return_memory()
        groups = GroupHalf(self._environment, target, teams)
        if question.change is not None:
            self._prepare(crew, groups, links_only=is_read)
        lines, verdict, inside = self._carry_out(crew, groups)
        members = sum(len(exported) for exported in groups.exported.values())
        strays = [one for part in crew.each("strays") for one in part] if is_read else []
        strays.sort(key=lambda one: places.get(one.target_id, len(places)))
        strays += groups.strays() if is_read else []
        requests: Counter[str] = Counter(groups.taken_counts())
        for counts in crew.each("taken_counts"):
            requests.update(counts)
        requests["GET"] += 1 + groups.run(self._order(Purpose.PLAN)).group.mapping.is_enabled  # the probes
        total = inside + members
        del crew, groups
        digest = Digest.of(lines)
        return Plan(
            title="A first start" if question.change is None else "A change",
            objects=lines,
            digest=digest,
            strays=tuple(strays),
            verdict=verdict,
            is_initial=self._cause.is_initial,
            cycle_reason=self._cause.reason,
            in_scope_count=total,
            minutes=(round(MINUTES_PER_OBJECT[0] * total, 1), round(MINUTES_PER_OBJECT[1] * total, 1)),
            findings=plan_findings(self._states[-1], digest, is_initial=self._cause.is_initial),
            requests={method: requests[method] for method in ("GET", "POST", "PATCH", "DELETE") if requests[method]},
            notes=(*question.notes, *self._notes),
        )

    def _taken_in(self) -> tuple[Packed[Person], list[Team]]:
        """Return users and groups, packed; the image they come from is given back, and the names are made anew.

        What was read lies scattered; a few texts of it that are kept would hold on to all of its memory.
        """
        question = self._question
        assert question.image is not None
        people, packed_teams = observed(question.image, self._states)
        question.image = None
        return_memory()
        names, managers = {}, set()
        for person in people:
            names[person.object_id] = person.user_principal_name
            if person.manager_id is not None:
                managers.add(person.manager_id)
        known = {object_id: object_id for object_id in names}
        teams = [team.with_ids_of(known) for team in packed_teams]
        names |= {team.record.object_id: team.record.display_name for team in teams}
        self._managers = frozenset(managers)
        question = self._question
        self._environment = Environment(
            states=self._states,
            settings=question.settings,
            now=question.at,
            default_domain=self._default_domain,
            names=names,
        )
        return people, teams

    def _order(self, purpose: Purpose, *, holds: bool = False) -> Order:
        if purpose is not Purpose.PLAN:
            return Order(state=0, purpose=purpose)
        is_first = self._question.change is None
        return Order(
            state=len(self._states) - 1,
            purpose=purpose,
            is_initial=self._cause.is_initial,
            looks_up_by_filter=self._cause.is_initial and not is_first,
            holds=holds,
            wanted=self._wanted,
        )

    def _prepare(self, crew: Crew, groups: GroupHalf, *, links_only: bool) -> None:
        """Fill the target with what the job as it is yields, or link what is there."""
        order = self._order(Purpose.LINK if links_only else Purpose.SEED)
        crew.each("work", order, progress=self._told)
        managed = _joined(crew.each("managed"))
        groups.others = managed
        groups.work(order, self._told)
        if links_only:
            groups.remember(order, managed)
        else:
            crew.each("references", order, self._of_managers(managed), {})
            groups.references(order, managed)
        if self._cause.is_initial:  # what was written is forgotten when the watermark goes (ENG-319, ENG-320)
            groups.exported.clear()
        crew.each("taken_counts")
        groups.taken_counts()

    def _carry_out(self, crew: Crew, groups: GroupHalf) -> tuple[Lines, Verdict, int]:
        asked = self._order(Purpose.PLAN)
        state = self._states[-1]
        threshold = DEFAULT_THRESHOLD if state.threshold is None else state.threshold
        holds, inside = False, 0
        if state.threshold is not None or not asked.is_initial:  # counted before anything is sent (ENG-301)
            counts = [*crew.each("counted", asked), groups.counted(asked)]
            inside = sum(part[0] for part in counts)
            trips = guard.trips(sum(part[1] for part in counts), threshold, self._question.settings)
            holds = trips and state.threshold is not None
        order = self._order(Purpose.PLAN, holds=holds)
        crew.each("know", self._of_managers(_joined(crew.each("managed"))))
        crew.each("work", order, progress=self._told)
        managed = groups.others = _joined(crew.each("managed"))
        groups.work(order, self._told)
        shown = [target_id for part in crew.each("shown_managers") for target_id in part]
        crew.each("references", order, self._of_managers(managed), _joined(crew.each("owners_of", shown)))
        seen = [*crew.each("seen"), groups.seen()]
        count = sum(part[1] for part in seen)
        verdict = Verdict(
            removal_count=count,
            threshold=threshold,
            is_on=state.threshold is not None,
            trips=guard.trips(count, threshold, self._question.settings),
        )
        inside = inside if not asked.is_initial else sum(part[0] for part in seen)
        groups.user_owners = lambda target_ids: _joined(crew.each("owners_of", target_ids))
        groups.references(order, managed)
        return Lines(tuple(crew.each("taken_lines")), groups.taken_lines()), verdict, inside

    def _of_managers(self, managed: Mapping[str, str]) -> dict[str, str]:
        """Return those who manage somebody: only they are asked for."""
        return {object_id: managed[object_id] for object_id in self._managers if object_id in managed}

    def _told(self, what: str, count: int) -> None:
        self._progress(what, min(count, self._user_count), self._user_count)


def _notes(question: Question, image: DirectoryImage) -> list[str]:
    state, notes = question.change or question.now, []
    if not state.sync_all and not image.assignments and not state.assigned:
        notes.append(
            "Nobody is assigned in these files and the scope is 'assigned': everybody is out of scope. "
            "Give an assignments.csv, --assign NAME or --scope all."
        )
    if question.change is not None and question.users is None:
        notes.append("The target is assumed to hold exactly what the job as it is yields; no hand edits.")
    return notes


def _accounts(resources: Accounts | Iterable[Mapping[str, Any]]) -> Accounts:
    return resources if isinstance(resources, Accounts) else Accounts.of(resources)


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
