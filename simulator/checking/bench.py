"""The bench on which an endpoint is checked: the engine's own evaluations of made-up people, and reading back. Pure.

Every step is a generator of calls: `reply = yield call`. A check fails by `Failed`, cannot go on by `Stuck`, and adds
findings with `note`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import Any

from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.failing import Inapplicable
from entra_sim.simulator.checking.failing import Stuck
from entra_sim.simulator.checking.people import Actor
from entra_sim.simulator.checking.people import Cast
from entra_sim.simulator.checking.reference_steps import create_plain_group
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.engine.diff import differences
from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.engine.mapping import map_value
from entra_sim.simulator.engine.mapping import map_values
from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.reconcile import reconcile
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.errors import DuplicateSourceEntries
from entra_sim.simulator.errors import DuplicateTargetEntries
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import Dialect

_FILTER = "Apply the filter: return only resources whose attribute equals the value, an empty list for none."

Steps = Generator[Call, Reply, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one evaluation of an actor did. `writes` are calls with their replies."""

    outcome: Outcome
    writes: tuple[tuple[Call, Reply], ...]


@dataclass(slots=True, kw_only=True)
class Bench:
    """What all checks of one walk share.

    Args:
        run: the job's run, default dialect.
        cast: makes people.
        new_id: makes GUIDs.
        owned: ids at the target that this walk created, and made-up ones; nothing else is ever written to.
    """

    run: Run
    cast: Cast
    new_id: Callable[[], str]
    owned: set[str] = field(default_factory=set)
    noted: list[Failed] = field(default_factory=list)
    known_losses: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    has_plain_groups: bool = False
    links: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget what the last check noted."""
        self.noted = []
        self.told = set()

    # -- people --------------------------------------------------------------------------------------------------

    def person(self, label: str, names: Iterable[str] = ()) -> Actor:
        """Return a new made-up user with these source attributes besides the usual ones."""
        return self.cast.person(label, self.new_id(), [*names, *sorted(self.cast.unique)])

    def full_person(self, label: str) -> Actor:
        """Return a new made-up user with a value for everything that the schema reads."""
        return self.person(label, sorted(self.run.user.source_attributes))

    def group(self, label: str) -> Actor:
        """Return a new made-up group."""
        return self.cast.group(label, self.new_id())

    def changes(self, actor: Actor, names: Iterable[str]) -> None:
        """Give source attributes of an actor their second value."""
        label = actor.plain_name.removeprefix(self.cast.prefix).partition("@")[0]
        actor.with_attributes(**{name: self.cast.value(name, label, second=True) for name in names})

    def fake_id(self) -> str:
        """Return an id that nobody has; writing to it is allowed."""
        made = self.new_id()
        self.owned.add(made)
        return made

    # -- the schema ----------------------------------------------------------------------------------------------

    def rows_of(self, kind: str) -> list[CompiledRow]:
        """Return the user rows of a kind: simple, name, typed, extension, or all; matching rows and active left out."""
        matching = {item.row.target_attribute_name for item in self.run.user.matching}
        return [
            item
            for item in self.run.user.rows
            if item.row.target_attribute_name not in matching
            and item.path.name != "active"
            and item.row.flow_type == "Always"
            and (kind == "all" or _kind_of(item) == kind)
        ]

    def sources_of(self, kind: str) -> list[str]:
        """Return the source attributes that feed the rows of a kind."""
        names = {name for item in self.rows_of(kind) for name in sources_of_row(item)}
        kept = names - {"userPrincipalName", "originalUserPrincipalName", "objectId", "IsSoftDeleted", "accountEnabled"}
        kept -= self.cast.unique
        if not kept:
            raise Inapplicable("The schema maps nothing of this kind.")
        return sorted(kept)

    def user_name(self, person: Actor) -> str:
        """Return the userName that the schema gives a person."""
        row = next((item for item in self.run.user.rows if item.path.name == "username"), None)
        mapped = None if row is None else map_value(row, person.source.attributes, self.run.evaluation)
        return person.name if mapped is None else str(mapped.value)

    def needs_names(self) -> None:
        """Raise Inapplicable unless userName follows from the user principal name."""
        row = next((item for item in self.run.user.rows if item.path.name == "username"), None)
        if row is None or "userPrincipalName" not in sources_of_row(row):
            raise Inapplicable("The schema does not map userPrincipalName to userName: nobody is renamed.")

    def dialect_run(self, dialect: Dialect, *, by_filter: bool = False) -> Run:
        """Return the run in a dialect."""
        return replace(
            self.run,
            dialect=dialect,
            looks_up_by_filter=by_filter,
            target_of=self._target_of,
            source_of=self._source_of,
        )

    def _source_of(self, _kind: str, anchor: str) -> str | None:
        return next((source for source, target in self.links.items() if target == anchor), None)

    def _target_of(self, _kind: str, anchor: str) -> str | None:
        return self.links.get(anchor)

    # -- evaluating ----------------------------------------------------------------------------------------------

    def evaluate(
        self, actor: Actor, dialect: Dialect = Dialect.DEFAULT, *, by_filter: bool = False, sends_writes: bool = True
    ) -> Generator[Call, Reply, Evaluation]:
        """Evaluate an actor as a cycle would, and keep its link.

        Raises:
            Failed: a write is due to an object that this walk did not make: the endpoint ignores the filter; or, with
                `sends_writes` off, any write is due.
        """
        run = self.dialect_run(dialect, by_filter=by_filter)
        generator = reconcile(intend(actor.source, actor.entry, run), run)
        writes: list[tuple[Call, Reply]] = []
        try:
            call = next(generator)
            while True:
                if call.is_write:
                    self.guard(call)
                    if not sends_writes:
                        raise _patched_for_ever(call, by_filter=by_filter)
                reply = yield call
                if call.is_write:
                    writes.append((call, reply))
                call = generator.send(reply)
        except StopIteration as stop:
            outcome: Outcome = stop.value
        actor.entry = outcome.entry
        if outcome.entry is not None:
            self.links[actor.source.object_id] = outcome.entry.target_anchor
        return Evaluation(outcome=outcome, writes=tuple(writes))

    def guard(self, call: Call) -> None:
        target_id = call.path.split("/", 2)[2] if call.path.count("/") > 1 else ""
        if target_id and target_id not in self.owned:
            raise _ignored(f"'{target_id}', which is not this walk's")

    def create(self, actor: Actor, dialect: Dialect = Dialect.DEFAULT) -> Generator[Call, Reply, Evaluation]:
        """Create an actor.

        Raises:
            Failed: it was not created; what builds on it cannot be tested.
        """
        done = yield from self.evaluate(actor, dialect)
        posts = [call for call, _reply in done.writes if call.method == "POST"]
        if isinstance(done.outcome.error, DuplicateSourceEntries):
            raise _ignored("what another made-up person is linked to")
        if done.outcome.error is not None or actor.entry is None:
            reason = str(done.outcome.error or "it was not created")
            raise Failed(reason, severity=Severity.BREAKS, blocks=True, call=posts[0] if posts else None)
        if not posts:
            raise _ignored(f"'{actor.target_id}', which is another one's")
        return done

    def prepared(self, actor: Actor) -> Generator[Call, Reply, Evaluation]:
        """Create an actor for something else that is checked.

        Raises:
            Stuck: it could not be created.
        """
        try:
            if self.has_plain_groups and actor.source.object_type == "Group":
                made = yield from create_plain_group(self, actor)
                return Evaluation(outcome=Outcome(draft=None, entry=actor.entry, is_exported=True), writes=(made,))
            return (yield from self.create(actor))
        except Failed as failure:
            raise Stuck(f"the object for this check could not be created: {failure.what}") from failure

    def update(self, actor: Actor, dialect: Dialect) -> Generator[Call, Reply, Evaluation]:
        """Write what differs, in one PATCH.

        Raises:
            Failed: it was refused.
        """
        done = yield from self.evaluate(actor, dialect)
        if done.outcome.error is not None:
            call = done.writes[-1][0] if done.writes else None
            raise Failed(str(done.outcome.error), call=call)
        if not done.writes:
            raise Failed(
                "Nothing differs after the change in the directory: the endpoint shows values that nobody sent.",
                severity=Severity.LOSES,
            )
        return done

    # -- reading back --------------------------------------------------------------------------------------------

    def read(self, actor: Actor, call: Call | None = None) -> Generator[Call, Reply, dict[str, Any]]:
        """Return the actor's resource as the endpoint shows it by id.

        Raises:
            Failed: it cannot be read.
        """
        asked = call or requests.read(actor.source.object_type, actor.target_id)
        reply = yield asked
        try:
            return responses.read_resource(reply, target_id=actor.target_id)
        except TargetError as error:
            raise Failed(f"The object cannot be read back: {error}", severity=Severity.BREAKS) from error

    def verify(self, actor: Actor, *, call: Call | None = None, is_first: bool = False) -> Steps:
        """Read back and note every mapped attribute that is not as it was sent.

        Args:
            call: the write to show.
            is_first: losses found now are known from here on and not told again.
        """
        resource = yield from self.read(actor)
        lost = [item for item in self.shown_differences(actor, resource) if item.target_path not in self.known_losses]
        if not lost:
            return
        names = {item.target_path for item in lost}
        self.told |= names
        if is_first:
            self.known_losses |= names
        told = "; ".join(_told(item) for item in lost)
        serious = any(item.target_path.lower() in ("username", "active") for item in lost)
        self.noted.append(
            Failed(
                f"{told}. Every evaluation sends this again: patched for ever.",
                severity=Severity.BREAKS if serious else Severity.LOSES,
                needs="the values back as they were sent, in the read by id and in the lookup (WIRE-037, WIRE-140)",
                fix="Store and return each attribute as it was sent, in every representation: nothing trimmed, nothing "
                "reformatted or hidden.",
                call=call,
                is_patched_for_ever=True,
            )
        )

    def shown_differences(self, actor: Actor, resource: Mapping[str, Any]) -> tuple[AttributeChange, ...]:
        """Return what the engine would still write, given what the endpoint shows."""
        compiled = self._compiled(actor)
        attributes = dict(actor.source.attributes)
        if actor.source.object_type == "User":
            attributes["IsSoftDeleted"] = actor.source.presence != "active"
        return differences(map_values(compiled, attributes, self.run.evaluation, is_create=False), resource)

    def settled(self, actor: Actor, dialect: Dialect = Dialect.DEFAULT) -> Steps:
        """Evaluate twice more, by id and by lookup; a write that is due is noted: patched for ever. Source: ENG-153."""
        for by_filter in (False, True):
            before = actor.entry
            try:
                done = yield from self.evaluate(actor, dialect, by_filter=by_filter, sends_writes=False)
            except Failed as failure:
                actor.entry = before
                if failure.is_patched_for_ever and self._is_known(failure.call):
                    continue
                self.noted.append(failure)
                return
            if done.outcome.error is not None:
                actor.entry = before
                self.noted.append(_second_failure(done.outcome.error))
                return

    def _is_known(self, call: Call | None) -> bool:
        """Return whether this repeats losses that were told already."""
        names = _attributes_of(call)
        return bool(names) and names <= self.known_losses | self.told

    def _compiled(self, actor: Actor) -> CompiledMapping:
        return self.run.mapping(actor.source.object_type)

    # -- lookups, references -------------------------------------------------------------------------------------

    def lookup(self, actor: Actor, value: str | None = None) -> Generator[Call, Reply, tuple[dict[str, Any], ...]]:
        """Return what a lookup by the first matching attribute finds, or by userName or displayName when given one.

        Raises:
            Failed: it is refused or is no list.
        """
        kind = actor.source.object_type
        if value is not None:
            return (yield from self.find(kind, "userName" if kind == "User" else "displayName", value))
        row = self._compiled(actor).matching[0]
        mapped = map_value(row, actor.source.attributes, self.run.evaluation)
        return (yield from self.find(kind, row.row.target_attribute_name, "" if mapped is None else str(mapped.value)))

    def find(self, kind: str, attribute: str, value: str) -> Generator[Call, Reply, tuple[dict[str, Any], ...]]:
        """Return what a filter on an attribute finds."""
        reply = yield requests.match(kind, attribute, value)
        try:
            return responses.read_list(reply)
        except TargetError as error:
            raise Failed(f"The lookup fails: {error}") from error

    def expect_one(self, found: tuple[dict[str, Any], ...], actor: Actor, what: str) -> None:
        """Raise Failed unless exactly this actor was found."""
        ids = [str(item.get("id")) for item in found]
        if ids != [actor.target_id]:
            raise Failed(f"{what} found {_counted(ids)} where exactly the one that was created was looked for.")

    def manager_row(self) -> CompiledRow:
        """Return the row of the manager.

        Raises:
            Inapplicable: the schema maps none.
        """
        rows = [item for item in self.run.user.reference_rows if item.direct == "manager"]
        if not rows:
            raise Inapplicable("The schema maps no manager.")
        return rows[0]


def _second_failure(error: Exception) -> Failed:
    if isinstance(error, DuplicateTargetEntries):
        return Failed(f"{error} Either the filter is ignored, or there are two.", severity=Severity.BREAKS, fix=_FILTER)
    return Failed(f"The second evaluation fails: {error}")


def sources_of_row(item: CompiledRow) -> frozenset[str]:
    """Return the source attributes that a row reads."""
    if item.direct is not None:
        return frozenset({item.direct})
    return frozenset(item.expression.source_attributes) if item.expression is not None else frozenset()


def identifying_sources(user: CompiledMapping) -> frozenset[str]:
    """Return the source attributes by which users are told apart at the target: for userName and matching rows."""
    rows = [*user.matching, *(item for item in user.rows if item.path.name == "username")]
    return frozenset(name for item in rows for name in sources_of_row(item)) - {"objectId", "userPrincipalName"}


def _ignored(whose: str) -> Failed:
    return Failed(
        f"The lookup of somebody new found {whose}: the filter is ignored. Entra would take that account over.",
        severity=Severity.BREAKS,
        fix=_FILTER,
        needs="a lookup that finds exactly the object with this value",
        blocks=True,
    )


def _kind_of(item: CompiledRow) -> str:
    if item.path.is_value_path:
        return "typed"
    if item.path.is_in_extension:
        return "extension"
    return "name" if item.path.sub_attribute else "simple"


def _patched_for_ever(call: Call, *, by_filter: bool) -> Failed:
    names = ", ".join(sorted(_attributes_of(call))) or call.method
    way = "found by the lookup" if by_filter else "read by id"
    return Failed(
        f"{names} is sent again by the next evaluation, in which the object is {way}: patched for ever.",
        severity=Severity.LOSES,
        needs="nothing left to send when nothing has changed (ENG-153, WIRE-037)",
        fix="Return every attribute as it was sent, in the read by id and in the lookup alike.",
        call=call,
        is_patched_for_ever=True,
    )


def _attributes_of(call: Call | None) -> set[str]:
    """Return the attributes that a PATCH names."""
    names: set[str] = set()
    for operation in (call.body or {}).get("Operations", ()) if call is not None else ():
        if "path" in operation:
            names.add(str(operation["path"]))
        elif isinstance(operation.get("value"), Mapping):
            names.update(str(key) for key in operation["value"])
    return names


def _told(change: AttributeChange) -> str:
    if change.old_value is None:
        return f"{change.target_path} does not come back ({change.new_value!r} was sent)"
    return f"{change.target_path} comes back as {change.old_value!r}, not as {change.new_value!r}"


def _counted(ids: list[str]) -> str:
    if not ids:
        return "nothing"
    return f"another object ({ids[0]})" if len(ids) == 1 else f"{len(ids)} objects"
