"""Functions from text to text. Source: expressions.md section 9.

Each takes the site of the call, the run, and its arguments' values (None for one left out); the first argument of a
text-to-text function is already one text (`over_texts` in `binding` opens lists).
"""

from __future__ import annotations

import base64
from typing import Any

from entra_sim.simulator.expressions import casing
from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.cultures import is_culture
from entra_sim.simulator.expressions.cultures import is_turkic
from entra_sim.simulator.expressions.values import FlowMarker
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import is_wide
from entra_sim.simulator.expressions.values import join_pairs
from entra_sim.simulator.expressions.values import length
from entra_sim.simulator.expressions.values import limited
from entra_sim.simulator.expressions.values import marker_failure
from entra_sim.simulator.expressions.values import shown
from entra_sim.simulator.expressions.values import split_pairs
from entra_sim.simulator.expressions.values import text
from entra_sim.simulator.expressions.values import text_or_empty
from entra_sim.simulator.expressions.values import well_formed
from entra_sim.simulator.expressions.values import whole_number

WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What .NET trims."""

BINARY_COMPARE = "vbBinaryCompare"
TEXT_COMPARE = "vbTextCompare"
_COMPARE_TYPES = {
    "vbbinarycompare": BINARY_COMPARE,
    "0": BINARY_COMPARE,
    "vbtextcompare": TEXT_COMPARE,
    "1": TEXT_COMPARE,
}


def append(site: Site, run: Run, source: str, suffix: Any) -> str:
    """Return the source with the suffix behind it."""
    return limited(source + text_or_empty(suffix, site), site)


def mid(site: Site, run: Run, source: str, start: Any, count: Any) -> str:
    """Return `count` characters from position `start`. Assumed: .NET Substring refuses a start below 1."""
    first = whole_number(start, site, "start")
    wanted = whole_number(count, site, "length")
    if first < 1:
        raise site.failure(f"start counts from 1; it is {first}")
    if wanted < 0:
        raise site.failure(f"length must not be negative; it is {wanted}")
    return _cut(source, first - 1, first - 1 + wanted)


def left(site: Site, run: Run, source: str, count: Any) -> str:
    """Return the first characters; all of them for a negative number."""
    wanted = whole_number(count, site, "numChars")
    return source if wanted < 0 else _cut(source, 0, wanted)


def _cut(source: str, start: int, end: int) -> str:
    if not is_wide(source):
        return source[start:end]
    return join_pairs(split_pairs(source)[start:end])


def strip_spaces(site: Site, run: Run, source: str) -> str:
    """Return the text without U+0020; other white space stays."""
    return source.replace(" ", "")


def to_lower(site: Site, run: Run, source: str, culture: Any) -> str:
    """Return the text in small letters."""
    return casing.lower(source, is_turkic=_is_turkic(culture, site))


def to_upper(site: Site, run: Run, source: str, culture: Any) -> str:
    """Return the text in capitals."""
    return casing.upper(source, is_turkic=_is_turkic(culture, site))


def _is_turkic(culture: Any, site: Site) -> bool:
    if culture is None:
        return False
    name = text_or_empty(culture, site)
    if not is_culture(name):
        raise site.failure(f"there is no culture {shown(name)}; cultures are named like tr-TR or de-DE")
    return is_turkic(name)


def pcase(site: Site, run: Run, source: str, separators: Any) -> str:
    """Return the text in proper case, by .NET title case or by the given separators."""
    characters = text_or_empty(separators, site)
    return casing.title_after(source, characters) if characters else casing.title(source)


def normalize_diacritics(site: Site, run: Run, source: str) -> str:
    """Return the text without diacritical marks."""
    return casing.without_diacritics(source)


def convert_to_base64(site: Site, run: Run, source: str) -> str:
    """Return the Base64 text of the UTF-16 little-endian bytes."""
    return limited(base64.b64encode(source.encode("utf-16-le", "surrogatepass")).decode("ascii"), site)


def convert_to_utf8_hex(site: Site, run: Run, source: str) -> str:
    """Return the UTF-8 bytes in hexadecimal capitals."""
    return limited(well_formed(source).encode("utf-8").hex().upper(), site)


def length_of(site: Site, run: Run, value: Any) -> int:
    """Return the number of UTF-16 code units of the text form; 0 for no value. Source: expressions.md, Len."""
    return length(text_or_empty(value, site))


def word(site: Site, run: Run, value: Any, number: Any, delimiters: Any) -> str:
    """Return a word by its number, the empty text if there are fewer."""
    source = text_or_empty(value, site)
    wanted = whole_number(number, site, "wordNumber")
    characters = text_or_empty(delimiters, site)
    if characters:
        source = source.translate(dict.fromkeys(map(ord, characters), characters[0]))
        found = [part for part in source.split(characters[0]) if part]
    else:
        found = [source] if source else []
    return found[wanted - 1] if 1 <= wanted <= len(found) else ""


def in_str(site: Site, run: Run, value: Any, wanted: Any, start: Any, compare_type: Any) -> int:
    """Return the position of a text in another, from 1; 0 if it is not there. Assumed: the edges are those of VB."""
    source = split_pairs(text_or_empty(value, site))
    part = split_pairs(text_or_empty(wanted, site))
    first = 1 if start is None else whole_number(start, site, "start")
    if first < 1:
        raise site.failure(f"start counts from 1; it is {first}")
    if _compare_type(compare_type, site) == TEXT_COMPARE:
        source, part = casing.lower(source), casing.lower(part)
    if first > len(source):
        return 0
    return source.find(part, first - 1) + 1


def _compare_type(value: Any, site: Site) -> str:
    if value is None:
        return BINARY_COMPARE
    name = text_or_empty(value, site)
    found = _COMPARE_TYPES.get(name.lower())
    if found is None:
        raise site.failure(f"compareType is {BINARY_COMPARE} or {TEXT_COMPARE}, not {shown(name)}")
    return found


def split(site: Site, run: Run, source: Any, delimiter: Any) -> tuple[str, ...] | None:
    """Return the trimmed, non-empty parts between delimiters; no value for no source."""
    whole = text(source, site)
    if whole is None:
        return None
    mark = text_or_empty(delimiter, site)
    parts = whole.split(mark) if mark else [whole]
    return tuple(trimmed for part in parts if (trimmed := part.strip(WHITE)))


def to_text(site: Site, run: Run, value: Any) -> str | None:
    """Return the text form. Source: expressions.md, CStr."""
    return text(value, site)


def is_string(site: Site, run: Run, value: Any) -> bool:
    """Return whether the value is a text. Assumed: number constants and lists are none."""
    if type(value) is FlowMarker:
        raise marker_failure(site)
    return type(value) is str
