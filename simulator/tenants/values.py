"""One cell or JSON value to the value of one attribute. Pure; refuses with a ValueError that says what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import orjson

from entra_sim.simulator.model.attributes import AttributeType
from entra_sim.simulator.model.attributes import SourceAttribute

_TRUE = frozenset({"true", "yes", "1", "on", "$true"})
_FALSE = frozenset({"false", "no", "0", "off", "$false"})

_FLATTENED = re.compile(
    r"System\.(?:[\w.]+\[\]|Collections\.[\w.]+(?:`\d+\[.*\])?|Object)"
    r"|Microsoft\.(?:Graph\.(?:Beta\.)?PowerShell\.Models|Open\.\w+|Online\.Administration)\.[\w.`\[\], ]+"
    r"|\{.*(?:Microsoft\.Graph|System)\.[\w.]+.*\}"
)

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)? ?(Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})(?:,? (\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])\.?[Mm]\.?)?)?")

_EPOCH = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")

_PLUS = re.compile(r"\+(?=[A-Za-z][A-Za-z0-9]*:)")


def is_flattened(text: str) -> bool:
    """Return whether the text is the name of a .NET type that an export wrote in place of its values."""
    return text.startswith(("System.", "Microsoft.", "{")) and _FLATTENED.fullmatch(text.rstrip()) is not None


def reader_of(attribute: SourceAttribute, *, is_plus_separated: bool = False) -> Callable[[Any], Any]:
    """Return the function that reads a value of this attribute.

    The function takes a str, or any JSON value, and returns str, bool, int or tuple of str; None stands for no value.
    It raises ValueError with the words "must be ..., not ...".
    """
    kind = attribute.type
    if attribute.is_multi_valued:
        return lambda value: _limited(texts(value, is_plus_separated=is_plus_separated), attribute)
    if kind is AttributeType.BOOLEAN:
        return boolean
    if kind is AttributeType.INTEGER:
        return integer
    if kind is AttributeType.DATE_TIME:
        return instant
    if attribute.name in ("objectId", "userPrincipalName"):
        return lambda value: _limited(_trimmed(text(value)), attribute)
    limit = attribute.max_length

    def read_text(value: Any) -> Any:
        if type(value) is str and value and (limit is None or len(value) <= limit):  # nearly always
            return value
        return _limited(text(value), attribute)

    return read_text


def text(value: Any) -> str | None:
    """Return a text as it is; a number as its digits; an array of one as that one. Empty is no value (ENG-014)."""
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return text(value[0]) if value else None
    raise ValueError("must be one text, not an object")


def boolean(value: Any) -> bool | None:
    """Return true or false for the words that exports and people write."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold() if value is not None else ""
    if not word:
        return None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"must be true or false, not {shown(value)}")


def integer(value: Any) -> int | None:
    """Return a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    digits = str(value).strip() if value is not None else ""
    if not digits:
        return None
    if re.fullmatch(r"[+-]?\d{1,18}", digits):
        return int(digits)
    raise ValueError(f"must be a whole number, not {shown(value)}")


def instant(value: Any) -> str | None:
    """Return an instant as "2026-01-05T09:00:00Z", a fraction of a second kept; without a zone it is taken as UTC.

    Besides ISO 8601 it reads 8/19/2021 1:25:31 PM (month first, as the portal writes) and 19.08.2021 13:25:31 (day
    first); 19/08/2021 only where one of the two numbers cannot be a month; /Date(1629379531000)/ of PowerShell 5.
    """
    written = str(value).strip() if value is not None else ""
    if not written:
        return None
    try:
        return _iso(written) or _local(written) or _epoch(written) or _refuse_instant(written)
    except (ValueError, OverflowError) as error:
        raise ValueError(str(error) if str(error).startswith("must") else _INSTANT.format(shown(written))) from error


_INSTANT = "must be an instant such as 2026-01-05T09:00:00Z, not {}"


def _refuse_instant(written: str) -> str:
    raise ValueError(_INSTANT.format(shown(written)))


def _iso(written: str) -> str | None:
    found = _ISO.fullmatch(written)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    if zone and zone.upper() != "Z":
        ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        moment = moment + ahead if zone[0] == "-" else moment - ahead
    return moment.isoformat()[:19] + (fraction or "") + "Z"


def _local(written: str) -> str | None:
    found = _LOCAL.fullmatch(written)
    if found is None:
        return None
    first, mark, second, year, hour, minute, seconds, half = found.groups()
    one, two = int(first), int(second)
    if mark == "." or (not half and one > 12):
        day, month = one, two
    elif half or two > 12:
        month, day = one, two
    else:
        raise ValueError(
            f"must be an instant whose day and month are clear, not {shown(written)}: write 2026-01-05T09:00:00Z"
        )
    clock = int(hour or 0) % 12 + (12 if half in ("P", "p") else 0) if half else int(hour or 0)
    moment = datetime(int(year), month, day, clock, int(minute or 0), int(seconds or 0), tzinfo=UTC)
    return moment.isoformat()[:19] + "Z"


def _epoch(written: str) -> str | None:
    found = _EPOCH.fullmatch(written)
    if found is None:
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))
    return moment.isoformat()[:19] + "Z"


def texts(value: Any, *, is_plus_separated: bool = False) -> tuple[str, ...] | None:
    """Return the values of a multi-valued attribute.

    A cell separates them by ";", "|" or a line break, or is a JSON array; the Microsoft 365 admin center puts "+"
    before the next address with a prefix.
    """
    if isinstance(value, list):
        items = [text(item) for item in value]
    elif value is None or value == "":
        return None
    else:
        cell = str(value)
        items = list(_json_array(cell) or ())
        if not items:
            if is_plus_separated:
                cell = _PLUS.sub(";", cell)
            items = [part.strip() for part in re.split(r"[;|\n]", cell.strip().removeprefix("{").removesuffix("}"))]
    return tuple(item for item in items if item) or None


def cell_of(values: tuple[str, ...]) -> str:
    """Return the cell that `texts` reads as these values."""
    joined = ";".join(values)
    return joined if texts(joined) == values else orjson.dumps(list(values)).decode()


def _json_array(cell: str) -> tuple[str, ...] | None:
    if not cell.startswith("["):
        return None
    try:
        found = orjson.loads(cell)
    except orjson.JSONDecodeError:
        return None
    return tuple(str(item) for item in found) if isinstance(found, list) else None


def _trimmed(value: str | None) -> str | None:
    return (value.strip() or None) if value else None


def _limited(value: Any, attribute: SourceAttribute) -> Any:
    limit = attribute.max_length
    if value is None or limit is None or (isinstance(value, str) and len(value) <= limit):
        return value
    longest = max((value,) if isinstance(value, str) else value, key=len)
    if len(longest) > limit:
        raise ValueError(f"must have at most {limit} characters, not {len(longest)}: {shown(longest)}")
    return value


def shown(value: Any) -> str:
    """Return a value in quotes, shortened, for a message."""
    written = str(value).replace("\n", " ")
    return f"'{written if len(written) <= 40 else written[:37] + '...'}'"
