"""The target's users or groups, each kept as the JSON that a pretend target answers with."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import orjson

from entra_sim.simulator.planning.packing import packed_json

_LEFT_OUT = frozenset({"id", "schemas", "meta", "members"})


class Accounts:
    """Users or groups in the order in which they came.

    Attributes:
        ids: one for each; made up, and the same in every run, where the target gave none.
    """

    __slots__ = ("_bodies", "_members", "ids")

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._bodies: list[bytes] = []
        self._members: dict[str, tuple[str, ...]] = {}

    @classmethod
    def of(cls, resources: Iterable[Mapping[str, Any]]) -> Accounts:
        """Return these resources as accounts."""
        accounts = cls()
        for resource in resources:
            accounts.add(resource)
        return accounts

    def add(self, resource: Mapping[str, Any]) -> None:
        """Take in a resource as it stands at the target.

        Raises:
            ValueError: it holds a number or text that no SCIM server could send.
        """
        target_id = str(resource.get("id") or f"unnamed-{len(self.ids) + 1}")
        held = {key: value for key, value in resource.items() if key not in _LEFT_OUT}
        try:
            body = packed_json({"id": target_id, **held})
        except orjson.JSONEncodeError as error:
            raise ValueError(str(error)) from error
        members = resource.get("members")
        if isinstance(members, Sequence) and members:
            named = (entry.get("value") for entry in members if isinstance(entry, Mapping))
            self._members[target_id] = tuple(str(value) for value in named if value)
        self.ids.append(target_id)
        self._bodies.append(body)

    def share(self, numbers: Iterable[int]) -> Accounts:
        """Return those at these places."""
        shared = Accounts()
        for number in numbers:
            target_id = self.ids[number]
            shared.ids.append(target_id)
            shared._bodies.append(self._bodies[number])
            if target_id in self._members:
                shared._members[target_id] = self._members[target_id]
        return shared

    def held(self) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
        """Yield id, JSON and ids of the members of each."""
        for target_id, body in zip(self.ids, self._bodies, strict=True):
            yield target_id, body, self._members.get(target_id, ())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield each as a resource with its id, members left out."""
        return map(orjson.loads, self._bodies)

    def __len__(self) -> int:
        return len(self.ids)
