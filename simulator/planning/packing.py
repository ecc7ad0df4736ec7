"""Many small values kept as bytes, so that a whole directory fits into little memory."""

from __future__ import annotations

import ctypes
import pickle
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import TypeVar
from typing import overload

import orjson

T = TypeVar("T")

BATCH = 64
"""Values packed together: what they share is kept once, and so few are unpacked at the same time."""


class Packed(Sequence[T]):
    """A sequence of values that are made anew whenever it is gone through, a batch at a time.

    Takes a tenth of the memory of the objects. Values are pickled, in this process or in one that it has started
    itself; nothing of it is read from or written to a file.
    """

    __slots__ = ("_batches", "_count", "_fresh")

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._batches: list[bytes] = []
        self._fresh: list[T] = []
        self._count = 0
        for value in values:
            self.append(value)
        self.pack()

    def append(self, value: T) -> None:
        """Add a value, which must not change any more."""
        self._fresh.append(value)
        if len(self._fresh) == BATCH:
            self.pack()

    def pack(self) -> None:
        """Pack the last values too, so that nothing is kept of what they were made from. Nothing is added any more."""
        if self._fresh:
            self._batches.append(pickle.dumps(self._fresh, pickle.HIGHEST_PROTOCOL))
            self._count += len(self._fresh)
            self._fresh = []

    def __iter__(self) -> Iterator[T]:
        for batch in self._batches:
            yield from pickle.loads(batch)
        yield from self._fresh

    def __len__(self) -> int:
        return self._count + len(self._fresh)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return one value or several; to go through all, iterate."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        batch, rest = divmod(place, BATCH)
        found: T = (pickle.loads(self._batches[batch]) if batch < len(self._batches) else self._fresh)[rest]
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_same, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> tuple[list[bytes], int, list[T]]:
        return self._batches, self._count, self._fresh

    def __setstate__(self, state: tuple[list[bytes], int, list[T]]) -> None:
        self._batches, self._count, self._fresh = state


def _same(one: Any, other: Any) -> bool:
    return bool(one == other)


def packed_json(value: Any) -> bytes:
    """Return a value as JSON that takes no more memory than it is long: what the encoder returns takes several kB."""
    return memoryview(orjson.dumps(value)).tobytes()


def return_memory() -> None:
    """Give the system back what was freed, where the C library can be asked to; elsewhere nothing happens."""
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # another C library than GNU's
        return
