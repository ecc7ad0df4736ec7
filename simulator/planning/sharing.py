"""Sharing the users between processes so that the result is the same as one after the other.

Two users can only get in each other's way at the target through a value that is looked up or must be unique. Users that
share such a value, before or after the change, stay together and in order; all others are independent.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.engine.mapping import ObjectFlowIgnored
from entra_sim.simulator.engine.mapping import map_value
from entra_sim.simulator.errors import SourceDataError
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.planning.accounts import Accounts
from entra_sim.simulator.planning.cycle import Compiled
from entra_sim.simulator.planning.cycle import Environment
from entra_sim.simulator.planning.cycle import compiled_states
from entra_sim.simulator.planning.observed import Person
from entra_sim.simulator.planning.packing import Packed
from entra_sim.simulator.planning.resources import values_at
from entra_sim.simulator.scim.paths import TargetPath

SHARED_FROM = 4000
"""Users from which a second process pays for its start."""

_ROLES = "appRoleAssignments"
_GONE = "IsSoftDeleted"

Key = tuple[str, str]


class Share(NamedTuple):
    """Which users and accounts one process works on, each in their order."""

    people: Packed[Person]
    accounts: Accounts


def divided(people: Packed[Person], accounts: Accounts, environment: Environment, share_count: int) -> list[Share]:
    """Return the users and accounts in shares that cannot get in each other's way."""
    states = compiled_states(environment)
    paths = looked_up(states)
    if share_count == 1 or len({path.name for path in paths}) < len(paths) or _asks_freely(states):
        nobody = [Share(Packed(), Accounts()) for _ in range(share_count - 1)]
        return [Share(people, accounts), *nobody]
    families = _Families(len(people) + len(accounts))
    keys = _Keys(states, paths, environment)
    for number, person in enumerate(people):
        families.join(number, keys.of(person))
    for number, account in enumerate(accounts, len(people)):
        families.join(number, ((path.name, text.casefold()) for path in paths for text in values_at(path, account)))
    homes = families.dealt(share_count)
    parts: list[Packed[Person]] = [Packed() for _ in range(share_count)]
    for number, person in enumerate(people):
        parts[homes[number]].append(person)
    held = range(len(people), len(homes))
    return [
        Share(part, accounts.share(number - len(people) for number in held if homes[number] == place))
        for place, part in enumerate(parts)
    ]


def _asks_freely(states: Sequence[Compiled]) -> bool:
    """Return whether an expression asks the target for candidates of its own: then nobody is independent."""
    rows = (item for state in states for item in state.user.rows)
    return any("SelectUniqueValue" in str(item.row.source_expression) for item in rows)


def looked_up(states: Sequence[Compiled]) -> list[TargetPath]:
    """Return the paths through which one user can meet another: those that match, and the unique name."""
    paths = {TargetPath.parse("userName"): None}
    for state in states:
        paths.update({item.path: None for item in state.user.matching})
    return list(paths)


class _Keys:
    """The values through which a user can meet another, in any state of the job."""

    def __init__(self, states: Sequence[Compiled], paths: Sequence[TargetPath], environment: Environment) -> None:
        self._context = EvaluationContext(now=environment.now, default_domain=environment.default_domain)
        self._syncs_all = [state.sync_all for state in environment.states]
        self._rows: list[tuple[int, list[tuple[CompiledRow, tuple[bool, ...]]]]] = []
        self._defaults: dict[Key, None] = {}
        seen: set[tuple[str, str | None]] = set()
        for number, state in enumerate(states):
            rows = [item for item in state.user.rows if item.path in paths]
            self._defaults.update(
                {
                    (item.path.name, item.row.default_value.casefold()): None
                    for item in rows
                    if item.row.default_value is not None
                }
            )
            fresh = [
                item for item in rows if (item.name, item.row.source_expression) not in seen or _reads(item, _ROLES)
            ]
            seen.update((item.name, item.row.source_expression) for item in fresh)
            if fresh:
                ways: list[tuple[CompiledRow, tuple[bool, ...]]] = [
                    (item, (False, True) if _reads(item, _GONE) else (False,)) for item in fresh
                ]
                self._rows.append((number, ways))

    def of(self, person: Person) -> Iterable[Key]:
        """Yield target attribute and folded value."""
        yield from self._defaults
        for number, rows in self._rows:
            attributes = person.attributes(number, sync_all=self._syncs_all[number])
            for item, ways in rows:
                for gone in ways:
                    attributes[_GONE] = gone
                    for text in self._texts(item, attributes):
                        yield item.path.name, text.casefold()

    def _texts(self, item: CompiledRow, attributes: Mapping[str, Any]) -> Sequence[str]:
        try:
            mapped = map_value(item, attributes, self._context)
        except (SourceDataError, ObjectFlowIgnored):
            return ()
        if mapped is None:
            return ()
        value = mapped.value
        return [str(part) for part in value] if isinstance(value, tuple) else (str(value),)


def _reads(item: CompiledRow, name: str) -> bool:
    if item.direct is not None or item.expression is None:
        return item.direct == name
    return (bool(item.role_function) and name == _ROLES) or name in item.expression.source_attributes


class _Families:
    """Numbers that share a key, directly or through others, have one root."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))
        self._first: dict[str, dict[str, int]] = {}

    def join(self, number: int, keys: Iterable[Key]) -> None:
        """Put a number together with all that have one of these keys."""
        for name, text in keys:
            first = self._first.setdefault(name, {}).setdefault(text, number)
            if first != number:
                self._parents[self._root(number)] = self._root(first)

    def dealt(self, hand_count: int) -> list[int]:
        """Return for each number to which of so many hands it goes: families whole, about as many to each."""
        hands: dict[int, int] = {}
        sizes = [0] * hand_count
        dealt = []
        for number in range(len(self._parents)):
            root = self._root(number)
            hand = hands.get(root)
            if hand is None:
                hand = hands[root] = sizes.index(min(sizes))
            sizes[hand] += 1
            dealt.append(hand)
        return dealt

    def _root(self, number: int) -> int:
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number
