"""The lines of a plan in their order, kept packed by the processes that made them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from heapq import merge
from operator import attrgetter
from typing import overload

from entra_sim.simulator.planning.model import ObjectPlan
from entra_sim.simulator.planning.packing import Packed

_BY_ID = attrgetter("object_id")


class Lines(Sequence[ObjectPlan]):
    """Users by object id, then groups; made anew whenever they are gone through.

    Args:
        users: parts, each in order of the object ids.
        groups: in order of the object ids.
    """

    def __init__(self, users: Sequence[Packed[ObjectPlan]], groups: Packed[ObjectPlan]) -> None:
        self._users = users
        self._groups = groups

    def __iter__(self) -> Iterator[ObjectPlan]:
        yield from self._users[0] if len(self._users) == 1 else merge(*self._users, key=_BY_ID)
        yield from self._groups

    def __len__(self) -> int:
        return sum(map(len, self._users)) + len(self._groups)

    @overload
    def __getitem__(self, index: int) -> ObjectPlan: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ObjectPlan]: ...
    def __getitem__(self, index: int | slice) -> ObjectPlan | Sequence[ObjectPlan]:
        """Return one line or several; to go through all, iterate."""
        return list(self)[index]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(a == b for a, b in zip(self, other, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]
