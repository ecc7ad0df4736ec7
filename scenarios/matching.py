"""Expected against actual: partial unless `exactly`, and the first difference in words.

A mapping is matched key by key, a missing or null value is equal to "no value", `*` in an expected text stands for any
text. `{exactly: [...]}` allows no further items, `{exactly: {...}}` no further keys all the way down. Keys may be
attribute paths as SCIM writes them: `name.givenName`, `emails[type eq "work"].value`, `urn:...:User:department`; an
attribute of the enterprise extension may stand without its URN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from entra_sim.scenarios.synonyms import TRUTHS
from entra_sim.scenarios.yaml_nodes import Path

ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
EXACTLY = "exactly"
_VALUE_PATH = re.compile(r'([A-Za-z][\w$-]*)\[(\w+) eq "?([^"\]]*)"?\](?:\.(\w+))?')
_WEIGHTS = {"userName": 9, "identity": 9, "userPrincipalName": 9, "displayName": 5, "path": 2, "method": 2}
"""How much a key says about which fact was meant."""
_NAMES = ("userName", "displayName", "value")


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where actual is not as expected.

    Args:
        path: where, seen from the expectation: keys and list positions.
        expected: what the file says, as words.
        actual: what there is, as words.
    """

    path: Path
    expected: str
    actual: str

    def under(self, *path: str | int) -> Difference:
        """Return the same difference seen from further out."""
        return Difference((*path, *self.path), self.expected, self.actual)


class _Absent:
    def __repr__(self) -> str:
        return "no value"


ABSENT: Any = _Absent()


def first_difference(
    expected: Any, actual: Any, *, is_ordered: bool = False, is_exact: bool = False
) -> Difference | None:
    """Return the first difference, None when actual is as expected.

    Args:
        is_ordered: items of lists are looked for in order (others may stand between), else anywhere.
        is_exact: no further keys and items, all the way down.
    """
    if isinstance(expected, Mapping) and set(expected) == {EXACTLY}:
        inner = expected[EXACTLY]
        if isinstance(inner, Sequence) and not isinstance(inner, str):
            return _under(EXACTLY, list_difference(inner, _as_list(actual), is_ordered=is_ordered, is_complete=True))
        return _under(EXACTLY, first_difference(inner, actual, is_ordered=True, is_exact=True))
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, actual, is_ordered=is_ordered, is_exact=is_exact)
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        items = _as_list(actual)
        if is_exact:
            return _exact_list_difference(expected, items)
        return list_difference(expected, items, is_ordered=is_ordered)
    if _is_equal(expected, actual):
        return None
    hint = (
        f" (a text; the truth value is {TRUTHS[str(expected)]})"
        if isinstance(actual, bool) and str(expected) in TRUTHS
        else ""
    )
    return Difference((), words(expected) + hint, words(actual))


def list_difference(
    expected: Sequence[Any], actual: Sequence[Any], *, is_ordered: bool, is_complete: bool = False
) -> Difference | None:
    """Return the first difference of two lists; each actual item answers for one expected item at most.

    Args:
        is_complete: no further actual items are allowed.
    """
    free = list(range(len(actual)))
    start = 0
    for index, item in enumerate(expected):
        candidates = [place for place in free if place >= start] if is_ordered else free
        hit = next((n for n in candidates if first_difference(item, actual[n], is_ordered=is_ordered) is None), None)
        if hit is None:
            return _nearest_miss(index, item, [actual[place] for place in candidates], is_ordered, len(actual))
        free.remove(hit)
        start = hit + 1
    if is_complete and free:
        return Difference((), f"these {len(expected)} and no others", f"also {words(actual[free[0]])}")
    return None


def _exact_list_difference(expected: Sequence[Any], actual: Sequence[Any]) -> Difference | None:
    for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
        difference = first_difference(left, right, is_ordered=True, is_exact=True)
        if difference is not None:
            return difference.under(index)
    if len(expected) != len(actual):
        return Difference((), f"{len(expected)} items", f"{len(actual)} items")
    return None


def _mapping_difference(
    expected: Mapping[str, Any], actual: Any, *, is_ordered: bool, is_exact: bool
) -> Difference | None:
    if not isinstance(actual, Mapping):
        return Difference((), words(expected), words(actual))
    for key, value in expected.items():
        difference = first_difference(value, lookup(actual, key), is_ordered=is_ordered, is_exact=is_exact)
        if difference is not None:
            return difference.under(key)
    if is_exact:
        further = [key for key in actual if key not in expected]
        if further:
            return Difference((), "no further keys", f"{further[0]}: {words(actual[further[0]])}")
    return None


def _nearest_miss(index: int, item: Any, candidates: list[Any], is_ordered: bool, total: int) -> Difference:
    """Return the difference to the candidate that agrees longest: the one that the author most likely meant."""
    best: tuple[int, Difference, Any] | None = None
    for candidate in candidates:
        difference = first_difference(item, candidate, is_ordered=is_ordered)
        assert difference is not None
        score = _agreement(item, candidate, is_ordered)
        if best is None or score > best[0]:
            best = (score, difference, candidate)
    if best is not None and best[0] > 0:
        return best[1].under(index)
    if total == 0:
        return Difference((index,), words(item), "none at all")
    rest = "none left after the ones before" if not candidates else f"none like it; there is {words(candidates[0])}"
    return Difference((index,), words(item), rest)


def _agreement(expected: Any, actual: Any, is_ordered: bool) -> int:
    if not isinstance(expected, Mapping):
        return 0
    return sum(
        _WEIGHTS.get(key, 1)
        for key, value in expected.items()
        if first_difference(value, lookup(actual, key), is_ordered=is_ordered) is None
    )


def lookup(actual: Any, key: str) -> Any:
    """Return what stands under a key or attribute path, ABSENT when nothing does."""
    if not isinstance(actual, Mapping):
        return ABSENT
    if key in actual:
        return actual[key]
    by_path = _by_path(actual, key)
    if by_path is ABSENT and isinstance(actual.get(ENTERPRISE_USER), Mapping):
        return actual[ENTERPRISE_USER].get(key, ABSENT)
    return by_path


def _by_path(actual: Mapping[str, Any], key: str) -> Any:
    value_path = _VALUE_PATH.fullmatch(key)
    if value_path is not None:
        attribute, name, wanted, sub = value_path.groups()
        for item in _as_list(actual.get(attribute)):
            if isinstance(item, Mapping) and str(item.get(name, "")).casefold() == wanted.casefold():
                return item.get(sub, ABSENT) if sub else item
        return ABSENT
    for urn, extension in actual.items():
        if isinstance(extension, Mapping) and key.startswith(f"{urn}:"):
            return lookup(extension, key[len(urn) + 1 :])
    head, dot, rest = key.partition(".")
    if dot and head in actual:
        return lookup(actual[head], rest)
    return ABSENT


def _is_equal(expected: Any, actual: Any) -> bool:
    if isinstance(actual, Mapping) and isinstance(expected, str):
        return any(_is_equal(expected, actual[name]) for name in _NAMES if name in actual)
    if expected is None:
        return actual is ABSENT or actual is None or actual in ("", [], {})
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, str) and isinstance(actual, str):
        return is_like(actual, expected)
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return expected == actual
    return isinstance(expected, int | float) and isinstance(actual, str) and actual == str(expected)


def is_like(text: str, pattern: str) -> bool:
    """Return whether the text is the pattern, in which `*` stands for any text and `\\*` for a star."""
    if "*" not in pattern:
        return text == pattern
    parts = re.split(r"(?<!\\)\*", pattern)
    return re.fullmatch(".*".join(re.escape(part.replace("\\*", "*")) for part in parts), text, re.DOTALL) is not None


def words(value: Any, limit: int = 300) -> str:
    """Return a value in one line as the scenario file would write it, shortened."""
    text = _words(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _words(value: Any) -> str:
    if value is ABSENT or value is None:
        return "no value"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        shown = ", ".join(f"{key}: {_words(item)}" for key, item in value.items() if key != "schemas")
        return "{" + shown + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_words(item) for item in value) + "]"
    if isinstance(value, str) and (
        value in ("", "true", "false", "null") or re.fullmatch(r"-?[0-9.]+|True|False", value)
    ):
        return f'"{value}"'
    return str(value)


def _as_list(value: Any) -> Sequence[Any]:
    if value is ABSENT or value is None:
        return []
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _under(key: str, difference: Difference | None) -> Difference | None:
    return None if difference is None else difference.under(key)
