"""Compares the requests that came with the ones that a case expects, as cases/README.md says.

The search is over partial orders: requests of one object keep their order, those of different objects may interleave,
optional ones may be missing, some may repeat, some may come in parts. `compare` tries every way of pairing; when none
fits it tells how far the best one came.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from wire_cases import GUID
from wire_cases import Case
from wire_stub import Recorded

_GUID_TEXT = "{guid}"
_PROBE_FILTER = re.compile(rf'.+ eq "({GUID.pattern})"')
_REFERENCE_FILTER = re.compile(
    r'id eq "[^"]*" and (manager|members) eq "[^"]*"|(manager|members) eq "[^"]*" and id eq .*'
)
_HEX = re.compile(r"%[0-9a-fA-F]{2}")
_ABSENT = object()


@dataclass(frozen=True)
class ProvisioningOutcome:
    """One log entry, or the verdict of a connection test.

    Args:
        object_id: the directory object it is about, "" for a connection test.
        status: Success, Failure or Skipped.
        error_code: the code of a failure, "" else.
    """

    object_id: str
    status: str
    error_code: str = ""


def compare(case: Case, recorded: list[Recorded]) -> list[str]:
    """Return what is wrong with the requests, in sentences; nothing when they are as expected."""
    problems = [problem for one in recorded for problem in header_problems(one)]
    relevant = [one for one in recorded if not is_never_held_against(case, one)]
    search = _Search(case, relevant)
    if not search.fits(0, search.start):
        problems.append(search.explanation())
    return problems


def compare_outcome(case: Case, outcomes: list[ProvisioningOutcome]) -> list[str]:
    """Return what is wrong with the outcome: one entry of the subject must have the status and one of the codes."""
    wanted = case.data.get("outcome")
    if wanted is None:
        return []
    codes = wanted.get("errorCode")
    accepted = [codes] if isinstance(codes, str) else codes
    subjects = case.subjects if case.phase != "test-connection" else [""]
    found = [one for one in outcomes if one.object_id in subjects]
    if any(one.status == wanted["status"] and (not accepted or one.error_code in accepted) for one in found):
        return []
    return [f"outcome: expected {wanted}, the log has {found or outcomes}"]


def header_problems(request: Recorded) -> list[str]:
    """Return what is wrong with the headers. Source: WIRE-010 to WIRE-014."""
    where = f"{request.method} {request.path}"
    allowed = {"host", "authorization", "adscimversion"}
    if request.body is not None:
        allowed |= {"content-type", "content-length"}
    problems = [f"{where}: header {name} must not be sent" for name in sorted(set(request.headers) - allowed)]
    problems += [f"{where}: header {name} is missing" for name in sorted(allowed - set(request.headers))]
    if not request.headers.get("authorization", "Bearer x").startswith("Bearer "):
        problems.append(f"{where}: the authorization is no bearer token")
    if request.headers.get("adscimversion", "5.0") != "5.0":
        problems.append(f"{where}: Adscimversion is {request.headers['adscimversion']}")
    wanted = "application/scim+json; charset=utf-8"
    if request.headers.get("content-type", wanted) != wanted:
        problems.append(f"{where}: Content-Type is {request.headers['content-type']}")
    return problems


def is_never_held_against(case: Case, request: Recorded) -> bool:
    """Return whether a request counts neither for nor against, see the README's list."""
    if request.method != "GET":
        return False
    if request.path == "/Schemas":
        return case.phase == "test-connection"
    condition = request.query.get("filter", "")
    if is_probe(case, request):
        is_second = request.path == "/Groups" and condition.startswith("displayName eq ")
        return is_second or (case.phase != "test-connection" and not case.job.get("probe"))
    is_reference_check = bool(_REFERENCE_FILTER.fullmatch(condition)) and request.query.get("attributes") == "id"
    return is_reference_check and not case.job.get("referenceQueries")


def is_probe(case: Case, request: Recorded) -> bool:
    """Return whether a lookup asks for a GUID that nobody in the case has."""
    found = _PROBE_FILTER.fullmatch(request.query.get("filter", ""))
    return found is not None and found[1].lower() not in case.known_texts


@dataclass(frozen=True)
class _Progress:
    """How far an expected request is.

    Args:
        count: how often it was met.
        rest: what is still to come of a split body, as JSON texts; None before the first part.
    """

    count: int = 0
    rest: tuple[str, ...] | None = None


_State = tuple[_Progress, ...]


class _Search:
    """Pairs requests with expectations, with backtracking."""

    def __init__(self, case: Case, recorded: list[Recorded]) -> None:
        self._case = case
        self._recorded = recorded
        self._expect = case.expect
        self._owners = [owner_of(case, one) for one in case.expect]
        self.start: _State = tuple(_Progress() for _ in case.expect)
        self._dead: set[tuple[int, _State]] = set()
        self._furthest = -1
        self._notes: list[str] = []

    def fits(self, position: int, state: _State) -> bool:
        """Return whether the requests from this position on can complete the state."""
        if (position, state) in self._dead:
            return False
        notes: list[str] = []
        if position == len(self._recorded):
            missing = [self._title(i) for i, one in enumerate(state) if not self._is_done(i, one)]
            if not missing:
                return True
            notes = [f"missing: {title}" for title in missing]
        else:
            for i in range(len(self._expect)):
                for after in self._steps(i, position, state, notes):
                    if self.fits(position + 1, (*state[:i], after, *state[i + 1 :])):
                        return True
        if position > self._furthest:
            self._furthest, self._notes = position, notes
        self._dead.add((position, state))
        return False

    def explanation(self) -> str:
        """Return how far the best pairing came."""
        lines = [f"{self._furthest} of {len(self._recorded)} requests are as expected"]
        if self._furthest < len(self._recorded):
            one = self._recorded[self._furthest]
            lines.append(f"not expected here: {one.method} {one.path}?{one.raw_query} {json.dumps(one.body)}")
        return "\n  ".join([*lines, *self._notes])

    def _title(self, i: int) -> str:
        one = self._expect[i]
        return f"expect[{i}] {one['method']} {one['path']} {one.get('query') or ''}"

    def _is_done(self, i: int, progress: _Progress) -> bool:
        return (progress.count > 0 and not progress.rest) or (
            bool(self._expect[i].get("optional")) and progress.count == 0
        )

    def _steps(self, i: int, position: int, state: _State, notes: list[str]) -> list[_Progress]:
        """Return how expectation i would stand after taking this request; nothing when it cannot take it."""
        expected, progress, request = self._expect[i], state[i], self._recorded[position]
        most = int(str(expected.get("repeat", "1..1")).partition("..")[2])
        is_started = progress.count > 0
        if is_started and not progress.rest and progress.count >= most:
            return []
        if any(not self._is_done(j, state[j]) for j in range(i) if self._owners[j] == self._owners[i]) or any(
            state[j].count for j in range(i + 1, len(state)) if self._owners[j] == self._owners[i]
        ):
            return []
        options = [expected, *expected.get("alternatives", [])]
        reasons = []
        for option in options:
            reason = line_difference(option, request)
            if reason:
                reasons.append(reason)
            elif option.get("split"):
                rest = split_rest(option, request.body, progress.rest)
                if rest is not None:
                    return [_Progress(progress.count + 1, rest)]
                reasons.append("its body is no part of the expected one")
            else:
                reason = body_difference(option, request.body)
                if not reason and (not is_started or self._is_fresh_guid(position)):
                    return [_Progress(progress.count + 1)]
                reasons.append(reason or "the same GUID again")
        notes.append(f"{self._title(i)}: {'; or '.join(reasons)}")
        return []

    def _is_fresh_guid(self, position: int) -> bool:
        return self._recorded[position].raw_query not in {one.raw_query for one in self._recorded[:position]}


def owner_of(case: Case, expected: dict[str, Any]) -> str:
    """Return the object that an expected request is about; requests of one object keep their order."""
    collection, _, target_id = expected["path"].strip("/").partition("/")
    if target_id:
        return case.owner_of_id(target_id)
    condition = str((expected.get("query") or {}).get("filter", ""))
    if _GUID_TEXT in condition:
        return f"probe of {collection}"
    values = re.findall(r'"((?:[^"\\]|\\.)*)"', condition)
    if expected["method"] == "GET":
        for value in values:
            owner = case.owner_of_values([json.loads(f'"{value}"')])
            if owner:
                return owner
            if case.owner_of_id(value) != value:
                return case.owner_of_id(value)
    return case.owner_of_body(expected.get("body") or {}) or "nobody"


def line_difference(expected: dict[str, Any], request: Recorded) -> str:
    """Return how method, path or query differ, "" when they do not."""
    if (expected["method"], expected["path"]) != (request.method, request.path):
        return f"{request.method} {request.path} came"
    wanted = expected.get("query") or {}
    names = sorted({*wanted, *request.query})
    for name in names:
        if not _same_condition(wanted.get(name), request.query.get(name)):
            return f"query {name}: expected {wanted.get(name)!r}, came {request.query.get(name)!r}"
    raw_queries = [expected["rawQuery"], *expected.get("altRawQueries", [])] if "rawQuery" in expected else []
    if raw_queries and not any(_same_raw(raw, request.raw_query) for raw in raw_queries):
        return f"query string: expected {raw_queries}, came {request.raw_query!r}"
    return ""


def body_difference(expected: dict[str, Any], body: Any) -> str:
    """Return where the body differs from the expected one and its alternatives, "" when it equals one of them."""
    wanted = expected.get("body")
    reasons = []
    for option in [wanted, *expected.get("altBodies", [])]:
        reason = _difference(
            _without(option, expected.get("ignore", [])),
            _without(body, expected.get("ignore", [])),
            "",
            [_pointer(text) for text in expected.get("anyOrder", [])],
        )
        if not reason:
            return ""
        reasons.append(reason)
    return f"body {reasons[0]}"


def split_rest(expected: dict[str, Any], body: Any, rest: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return what is still to come of a split body after this part, None when the part does not fit."""
    for option in [expected["body"], *expected.get("altBodies", [])]:
        wanted = _items(_without(option, expected.get("ignore", [])), expected["split"]) if rest is None else list(rest)
        came = _items(_without(body, expected.get("ignore", [])), expected["split"])
        if not came:
            return None
        if wanted[: len(came)] == came:
            return tuple(wanted[len(came) :])
        if expected.get("anyOrder") and all(came.count(item) <= wanted.count(item) for item in came):
            for item in came:
                wanted.remove(item)
            return tuple(wanted)
    return None


def _items(body: Any, split: str) -> list[str]:
    """Return the parts of a PATCH body, one text each: operations, or single members of operations."""
    if not isinstance(body, dict) or not isinstance(body.get("Operations"), list):
        return []
    parts: list[Any] = []
    for operation in body["Operations"]:
        value = operation.get("value")
        if split == "members" and isinstance(value, list):
            parts += [{**operation, "value": [one]} for one in value]
        else:
            parts.append(operation)
    schemas = body.get("schemas")
    return [json.dumps([schemas, part], sort_keys=True) for part in parts]


def _same_condition(wanted: str | None, came: str | None) -> bool:
    if wanted is None or came is None:
        return wanted is came
    if _same_text(wanted, came):
        return True
    return " and " in wanted and sorted(wanted.split(" and ")) == sorted(came.split(" and "))


def _same_text(wanted: str, came: str) -> bool:
    if _GUID_TEXT not in wanted:
        return wanted == came
    pattern = GUID.pattern.join(re.escape(part) for part in wanted.split(_GUID_TEXT))
    return re.fullmatch(pattern, came) is not None


def _same_raw(wanted: str, came: str) -> bool:
    return _same_text(_HEX.sub(lambda one: one[0].lower(), wanted), _HEX.sub(lambda one: one[0].lower(), came))


def _pointer(text: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _without(body: Any, pointers: list[str]) -> Any:
    copy = deepcopy(body)
    for text in pointers:
        _remove(copy, _pointer(text))
    return copy


def _remove(node: Any, pointer: tuple[str, ...]) -> None:
    first, rest = pointer[0], pointer[1:]
    if isinstance(node, list):
        chosen = (
            range(len(node)) if first == "*" else [int(first)] if first.isdigit() and int(first) < len(node) else []
        )
        if not rest:
            for index in sorted(chosen, reverse=True):
                del node[index]
        else:
            for index in chosen:
                _remove(node[index], rest)
    elif isinstance(node, dict):
        if not rest:
            node.pop(first, None)
        elif first in node:
            _remove(node[first], rest)


def _difference(wanted: Any, came: Any, where: str, any_order: list[tuple[str, ...]]) -> str:
    """Return the first difference, "" for none; types count, the order of keys does not."""
    if isinstance(wanted, dict) and isinstance(came, dict):
        for key in [*wanted, *(key for key in came if key not in wanted)]:
            reason = _difference(wanted.get(key, _ABSENT), came.get(key, _ABSENT), f"{where}/{key}", any_order)
            if reason:
                return reason
        return ""
    if isinstance(wanted, list) and isinstance(came, list):
        if len(wanted) != len(came):
            return f"{where or '/'}: expected {len(wanted)} items, came {len(came)}: {json.dumps(came)}"
        if any(_is_at(where, pointer) for pointer in any_order):
            wanted, came = (sorted(one, key=lambda item: json.dumps(item, sort_keys=True)) for one in (wanted, came))
        pairs = enumerate(zip(wanted, came, strict=True))
        return next(filter(None, (_difference(a, b, f"{where}/{i}", any_order) for i, (a, b) in pairs)), "")
    return "" if _same_scalar(wanted, came) else f"{where or '/'}: expected {_shown(wanted)}, came {_shown(came)}"


def _is_at(where: str, pointer: tuple[str, ...]) -> bool:
    parts = where.split("/")[1:]
    return len(parts) == len(pointer) and all(p in ("*", part) for p, part in zip(pointer, parts, strict=True))


def _same_scalar(wanted: Any, came: Any) -> bool:
    if isinstance(wanted, str) and isinstance(came, str):
        return _same_text(wanted, came) or (wanted[:1] == came[:1] == "{" and _as_json(wanted) == _as_json(came))
    return type(wanted) is type(came) and bool(wanted == came)


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else json.dumps(value)
