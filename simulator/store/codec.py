"""Domain values ↔ JSON texts, for the columns that hold a whole value. Instants as ISO 8601 UTC texts that sort."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC
from datetime import datetime
from functools import cache
from typing import Any
from typing import TypeVar

import msgspec
import orjson

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


@cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def to_text(value: Any) -> str:
    """Return a dataclass, enum, mapping or list as JSON text."""
    return _encoder.encode(value).decode()


def from_text(kind: type[T], text: str) -> T:
    """Return the value of this dataclass that `to_text` wrote."""
    value: T = _decoder(kind).decode(text)  # type: ignore[arg-type]
    return value


def json_text(value: Any) -> str:
    """Return plain JSON values as text, keys in their order."""
    return orjson.dumps(value).decode()


def json_value(text: str) -> Any:
    """Return the plain JSON values of a text."""
    return orjson.loads(text)


def instant_column(instant: datetime | None) -> str | None:
    """Return an instant as a text of fixed width, so that texts sort like instants."""
    if instant is None:
        return None
    aware = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return f"{aware.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def instant_value(text: str | None) -> datetime | None:
    """Return the instant of a column."""
    return None if text is None else datetime.fromisoformat(text)
