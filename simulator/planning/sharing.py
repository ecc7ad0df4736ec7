"""Sharing the users between processes so that the result is the same as one after the other.

Two users can only get in each other's way at the target through a value that is looked up or must be unique. Users that
share such a value, before or after the change, stay together and in order; all others are independent.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.engine.mapping import ObjectFlowIgnored
from entra_sim.simulator.engine.mapping import map_value
from entra_sim.simulator.errors import SourceDataError
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.planning.cycle import Compiled
from entra_sim.simulator.planning.cycle import Environment
from entra_sim.simulator.planning.cycle import Progress
from entra_sim.simulator.planning.cycle import UserHalf
from entra_sim.simulator.planning.cycle import compiled_states
from entra_sim.simulator.planning.observed import Person
from entra_sim.simulator.planning.resources import values_at
from entra_sim.simulator.planning.target import PretendTarget
from entra_sim.simulator.scim.paths import TargetPath

SHARED_FROM = 4000
"""Users from which a second process pays for its start."""

GC_THRESHOLD = 0
"""None: what a plan takes in stays to its end, so that looking it over for cycles only costs time."""
CHUNK = 2000
"""Users in one message to another process, so that no message takes much memory."""

Account = Mapping[str, Any]
Key = tuple[str, str]


class Share:
    """Which users and accounts one process works on."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.accounts: list[Account] = []


def divided(
    people: Sequence[Person], accounts: Sequence[Account], environment: Environment, share_count: int
) -> list[Share]:
    """Return the users and accounts in shares that cannot get in each other's way, each in feed order."""
    shares = [Share() for _ in range(share_count)]
    states = compiled_states(environment)
    paths = looked_up(states)
    if share_count == 1 or len({path.name for path in paths}) < len(paths) or _asks_freely(states):
        shares[0].people, shares[0].accounts = list(people), list(accounts)
        return shares
    families = _Families()
    rows = [[item for item in state.user.rows if item.path in paths] for state in states]
    context = EvaluationContext(now=environment.now, default_domain=environment.default_domain)
    for number, person in enumerate(people):
        families.join(number, _keys(person, rows, environment, context))
    for number, account in enumerate(accounts, len(people)):
        families.join(number, ((path.name, text.casefold()) for path in paths for text in values_at(path, account)))
    home: dict[int, Share] = {}
    for number in range(len(people) + len(accounts)):
        root = families.root(number)
        if root not in home:
            home[root] = min(shares, key=lambda share: len(share.people) + len(share.accounts))
        if number < len(people):
            home[root].people.append(people[number])
        else:
            home[root].accounts.append(accounts[number - len(people)])
    return shares


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


def _keys(
    person: Person, rows: Sequence[Sequence[CompiledRow]], environment: Environment, context: EvaluationContext
) -> Iterable[Key]:
    for number, state in enumerate(environment.states):
        source = person.source(number, sync_all=state.sync_all)
        for item in rows[number]:
            for gone in (False, True):
                try:
                    mapped = map_value(item, {**source.attributes, "IsSoftDeleted": gone}, context)
                except (SourceDataError, ObjectFlowIgnored):
                    mapped = None
                texts = () if mapped is None else mapped.value if isinstance(mapped.value, tuple) else (mapped.value,)
                yield from ((item.path.name, str(text).casefold()) for text in texts)
            if item.row.default_value is not None:
                yield item.path.name, item.row.default_value.casefold()


class _Families:
    """Numbers that share a key, directly or through others, have one root."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}
        self._first: dict[Key, int] = {}

    def join(self, number: int, keys: Iterable[Key]) -> None:
        self._parents.setdefault(number, number)
        for key in keys:
            first = self._first.setdefault(key, number)
            if first != number:
                self._parents[self.root(number)] = self.root(first)

    def root(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number


def made_half(environment: Environment, share: Share, prefix: str) -> UserHalf:
    """Return the users of a share with a pretend target that holds the accounts of the share."""
    target = PretendTarget(prefix)
    for account in share.accounts:
        target.load("User", account)
    return UserHalf(environment, target, share.people)


class Crew:
    """The shares at work: the first in this process, the others in processes of their own. `with` ends them."""

    def __init__(self, environment: Environment, shares: Sequence[Share]) -> None:
        self.own = made_half(environment, shares[0], "planned-1")
        self._far: list[tuple[Any, Connection]] = []
        context = multiprocessing.get_context("spawn")
        for number, share in enumerate(shares[1:], 2):
            near, far = context.Pipe()
            process = context.Process(target=_serve, args=(far, environment, f"planned-{number}"), daemon=True)
            process.start()
            far.close()
            for start in range(0, len(share.people), CHUNK):
                near.send(("people", share.people[start : start + CHUNK]))
            for start in range(0, len(share.accounts), CHUNK):
                near.send(("accounts", share.accounts[start : start + CHUNK]))
            near.send(("ready", ()))
            share.people, share.accounts = [], []
            self._far.append((process, near))

    def each(self, name: str, *arguments: Any, progress: Progress | None = None) -> list[Any]:
        """Return what a method of every share's `UserHalf` returns, called at the same time."""
        for _process, connection in self._far:
            connection.send((name, arguments))
        method: Callable[..., Any] = getattr(self.own, name)
        size = len(self._far) + 1
        if progress is not None:
            tell = progress
            results = [method(*arguments, lambda what, count: tell(what, count * size))]
        else:
            results = [method(*arguments)]
        for _process, connection in self._far:
            results.append(_received(connection))
        return results

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for process, connection in self._far:
            try:
                connection.send(("end", ()))
            except OSError:
                process.terminate()
            connection.close()
            process.join()


def _received(connection: Connection) -> Any:
    is_well, result = connection.recv()
    if not is_well:
        raise result
    return result


def _quiet(_what: str, _count: int) -> None:
    return None


def _serve(connection: Connection, environment: Environment, prefix: str) -> None:
    """Work on one share in a process of its own until told to end."""
    half: UserHalf | None = None
    share = Share()
    while True:
        try:
            name, arguments = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        if name == "end":
            return
        if name == "people":
            share.people += arguments
            continue
        if name == "accounts":
            share.accounts += arguments
            continue
        if name == "ready":
            half = made_half(environment, share, prefix)
            gc.freeze()  # what was taken in stays to the end: looking it over again and again costs a tenth of the time
            gc.set_threshold(GC_THRESHOLD)
            continue
        try:
            extra = (_quiet,) if name == "work" else ()
            result = (True, getattr(half, name)(*arguments, *extra))
        except KeyboardInterrupt:
            return
        except Exception as error:  # told to the process that asked, which raises it
            result = (False, error)
        connection.send(result)
