"""The redo file: statements of transactions whose commit is put off, one write each, so that a kill loses none of them.

A file beside the database. It is written from the front again when they are committed, and gone when the database is
closed; what a killed process left in it is carried out when the database is opened again. Each record bears the
generation of the database that it belongs to; every commit of such transactions begins a new one, so that nothing is
carried out twice. As with a commit of the database itself, a power cut may cost the last ones.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec

Statement = tuple[str, Sequence[Any]]

SUFFIX = "-redo"
_HEAD = struct.Struct("<III")
"""Generation, length, checksum."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[str, list[Any]]])


def redo_path(database: Path) -> Path:
    """Return where the redo file of a database lies."""
    return database.with_name(database.name + SUFFIX)


def _checksum(generation: int, body: bytes | memoryview) -> int:
    return zlib.crc32(body, generation)


class RedoFile:
    """The file; made at the first record."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self.size = 0

    def append(self, generation: int, statements: Sequence[Statement]) -> None:
        """Write the statements of one transaction; they are safe from a kill when this returns.

        Raises:
            OSError: they could not be written; then nothing of them is kept.
        """
        if self._file is None:
            self._file = FileIO(self._path, "w")
            self.size = 0
        body = _encoder.encode(statements)
        record = _HEAD.pack(generation, len(body), _checksum(generation, body)) + body
        if self._file.write(record) != len(record):
            self._file.truncate(self.size)
            self._file.seek(self.size)
            raise OSError(f"'{self._path}' cannot be written: is the disk full?")
        self.size += len(record)

    def transactions(self, generation: int) -> list[list[tuple[str, list[Any]]]]:
        """Return the statements of each whole transaction of a generation, in order.

        The first record that is broken off or of another generation ends them: what follows is of the past.
        """
        try:
            content = memoryview(self._path.read_bytes())
        except FileNotFoundError:
            return []
        found = []
        while len(content) >= _HEAD.size:
            of, length, checksum = _HEAD.unpack(content[: _HEAD.size])
            body, content = content[_HEAD.size : _HEAD.size + length], content[_HEAD.size + length :]
            if of != generation or len(body) != length or _checksum(generation, body) != checksum:
                break
            found.append(_decoder.decode(body))
        return found

    def start_anew(self) -> None:
        """Begin again at the front: what the file holds is committed, and of a generation that has ended."""
        if self._file is not None:
            self._file.seek(0)
            self.size = 0

    def close(self) -> None:
        """Close the file and let it lie."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Close the file and delete it."""
        self.close()
        self._path.unlink(missing_ok=True)
