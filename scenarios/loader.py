"""A scenario file as a Scenario, or all its mistakes with file:line:column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

from entra_sim.scenarios import step_reader
from entra_sim.scenarios import synonyms
from entra_sim.scenarios.model import ApplicationPlan
from entra_sim.scenarios.model import Exercise
from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.model import Step
from entra_sim.scenarios.model import TenantPlan
from entra_sim.scenarios.parts import ASSIGNMENTS
from entra_sim.scenarios.parts import GROUP
from entra_sim.scenarios.parts import ROLE
from entra_sim.scenarios.parts import USER
from entra_sim.scenarios.problems import Place
from entra_sim.scenarios.problems import Problems
from entra_sim.scenarios.shapes import Either
from entra_sim.scenarios.shapes import InstantShape
from entra_sim.scenarios.shapes import Json
from entra_sim.scenarios.shapes import ListOf
from entra_sim.scenarios.shapes import MapOf
from entra_sim.scenarios.shapes import Record
from entra_sim.scenarios.shapes import Text
from entra_sim.scenarios.shapes import Word
from entra_sim.scenarios.steps import VERBS
from entra_sim.scenarios.yaml_nodes import Mapping
from entra_sim.scenarios.yaml_nodes import Node
from entra_sim.scenarios.yaml_nodes import Sequence
from entra_sim.scenarios.yaml_nodes import read_nodes
from entra_sim.simulator.errors import SettingsError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.settings import Settings

DEFAULT_START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DEFAULT_APPLICATION = "Tapt Integration"
_RULE = re.compile(r"(ENG|WIRE|SRV|QRK)-\d{3}|Q-\d{2}")

APPLICATION = Record(
    what="application key",
    fields={
        "name": Text(),
        "target": Either(
            scalar=Word("target", ("tapt", "none")),
            mapping=Record(what="target key", fields={"url": Text(), "token": Text()}, required=("url", "token")),
        ),
        "scope": Word("scope", ("assigned", "all")),
        "groups": Word("state of the group mapping", ("enabled", "disabled")),
        "dialect": Word("dialect", ("default", "flagged")),
        "roles": ListOf(ROLE),
        "assign": ASSIGNMENTS,
    },
    help={
        "name": f"Name of the application; {DEFAULT_APPLICATION} when left out.",
        "target": "tapt: a fresh mock Tapt with a fresh token; none: no credentials yet; or {url, token}.",
        "scope": "Sync only assigned users and groups, or all.",
        "groups": "Whether Provision Microsoft Entra ID Groups is enabled; it is when left out.",
        "dialect": "flagged: the compliance flag stands at the end of the tenant URL.",
        "roles": "App roles that assignments can carry.",
        "assign": "Who is assigned before the first step.",
    },
)
TENANT = Record(
    what="tenant key",
    fields={"csv": Text("the name of a CSV file"), "users": ListOf(USER), "groups": ListOf(GROUP)},
    help={
        "csv": "A CSV file of people beside the scenario.",
        "users": "People; attributes have the names of the synchronization schema (ENG-003).",
        "groups": "Groups with their direct members.",
    },
)
SCENARIO = Record(
    what="scenario key",
    fields={
        "scenario": Text("a title"),
        "why": Text(),
        "rules": ListOf(Text(), or_single=True),
        "clock": InstantShape(),
        "settings": MapOf("a setting", Json()),
        "tenant": TENANT,
        "application": APPLICATION,
        "applications": ListOf(APPLICATION),
        "steps": step_reader.StepsShape(),
        "exercise": step_reader.EXERCISE,
    },
    required=("scenario", "steps"),
    help={
        "scenario": "What happens, as one sentence.",
        "why": "Why it is so, for somebody who learns it.",
        "rules": "The reference rules that this scenario shows.",
        "clock": "The instant of the first step; 2026-01-05T09:00:00Z when left out.",
        "settings": "Settings that differ from their default.",
        "tenant": "The directory before the first step.",
        "application": "The application before the first step.",
        "applications": "Several applications; the first is the current one.",
        "steps": "What happens and what is expected, in order.",
        "exercise": "A broken set-up to repair: task, hints, done when, solution.",
    },
)


def load(path: Path, shown_path: str | None = None) -> Scenario:
    """Return the scenario of a file.

    Args:
        shown_path: the name for messages; the path when left out.
    Raises:
        UserInputError: the file cannot be read or is wrong; the message holds every mistake with its place.
    """
    shown = shown_path or str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserInputError(f"{shown}: the file cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserInputError(f"{shown}: the file is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    return read_scenario(text, path=path, shown_path=shown)


def read_scenario(text: str, *, path: Path, shown_path: str) -> Scenario:
    """Return the scenario of a text; see `load`."""
    problems = Problems(shown_path)
    problems.steps = {**{name: name for name in VERBS}, **synonyms.STEPS}
    root = read_nodes(text, path=shown_path)
    if not isinstance(root, Mapping):
        problems.add(
            root.place, "a scenario begins with 'scenario: ...'; 'entra-sim scenario new' writes one to start from"
        )
        problems.raise_if_any()
    assert isinstance(root, Mapping)
    values = SCENARIO.read(root, problems) or {}
    tenant = _tenant(root, values.get("tenant") or {}, path.parent, problems)
    _check(root, values, problems)
    problems.check_references()
    problems.raise_if_any()
    exercise = values.get("exercise")
    return Scenario(
        path=path,
        shown_path=shown_path,
        title=values["scenario"],
        why=values.get("why", ""),
        rules=values.get("rules", ()),
        start=values.get("clock", DEFAULT_START),
        settings=values.get("settings", {}),
        tenant=tenant,
        applications=tuple(_applications(root, values)),
        steps=values["steps"],
        exercise=None if exercise is None else _exercise(exercise, root.key_places["exercise"]),
    )


def _check(root: Mapping, values: dict[str, Any], problems: Problems) -> None:
    settings = root.entries.get("settings")
    if isinstance(settings, Mapping):
        for name, value in (values.get("settings") or {}).items():
            try:
                Settings.from_mapping({name: value})
            except SettingsError as error:
                problems.add(settings.key_places[name], str(error), key=name)
    if "application" in root.entries and "applications" in root.entries:
        problems.add(root.key_places["applications"], "write 'application' or 'applications', not both")
    for index, rule in enumerate(values.get("rules") or ()):
        if rule is not None and not _RULE.fullmatch(rule):
            problems.add(
                _item_place(root.entries["rules"], index),
                f"'{rule}' is no rule id; they look like ENG-186 or WIRE-090",
                key=rule,
            )
    names: set[str] = set()
    for node in _application_nodes(root):
        name = _name_of(node)
        if name in names:
            problems.add(node.place, f"there are two applications with the name '{name}'", key=name)
        names.add(name)


def _item_place(node: Node, index: int) -> Place:
    return node.items[index].place if isinstance(node, Sequence) else node.place


def _tenant(root: Mapping, values: dict[str, Any], folder: Path, problems: Problems) -> TenantPlan:
    node = root.entries.get("tenant")
    if not isinstance(node, Mapping):
        return TenantPlan()
    _check_twice(node.entries.get("users"), values.get("users"), "userPrincipalName", "user", problems)
    _check_twice(node.entries.get("groups"), values.get("groups"), "displayName", "group", problems)
    csv = values.get("csv") or ""
    users = tuple(user for user in values.get("users") or () if user)
    groups = tuple(group for group in values.get("groups") or () if group)
    if csv:
        from entra_sim.scenarios.people import read_people

        csv_users, csv_groups = read_people(folder / csv, csv, node.entries["csv"].place, problems)
        problems.defined["user"].update(str(user["userPrincipalName"]) for user in csv_users)
        problems.defined["group"].update(str(group["displayName"]) for group in csv_groups)
        users, groups = (*csv_users, *users), (*csv_groups, *groups)
    return TenantPlan(users=users, groups=groups)


def _check_twice(node: Node | None, values: Any, key: str, what: str, problems: Problems) -> None:
    if not isinstance(node, Sequence):
        return
    seen: dict[str, int] = {}
    for item, value in zip(node.items, values or (), strict=False):
        name = (value or {}).get(key)
        if not isinstance(name, str):
            continue
        if name.casefold() in seen:
            problems.add(
                item.place,
                f"the {what} '{name}' stands here a second time; the first is in line {seen[name.casefold()]}",
                key=name,
            )
        seen.setdefault(name.casefold(), item.place.line)


def _application_nodes(root: Mapping) -> Iterable[Node]:
    if "application" in root.entries:
        yield root.entries["application"]
    several = root.entries.get("applications")
    if isinstance(several, Sequence):
        yield from several.items


def _name_of(node: Node) -> str:
    entry = node.entries.get("name") if isinstance(node, Mapping) else None
    return str(getattr(entry, "text", "")) or DEFAULT_APPLICATION


def _applications(root: Mapping, values: dict[str, Any]) -> Iterable[ApplicationPlan]:
    given = [values["application"]] if "application" in values else list(values.get("applications") or ())
    for node, plan in zip(_application_nodes(root), given, strict=True):
        yield ApplicationPlan(
            name=plan.get("name", DEFAULT_APPLICATION),
            place=node.place,
            target=plan.get("target", "tapt"),
            scope=plan.get("scope", "assigned"),
            groups=plan.get("groups", "enabled") == "enabled",
            dialect=plan.get("dialect", "default"),
            roles=plan.get("roles", ()),
            assign=tuple(
                (item["principal"], item["role"]) if isinstance(item, dict) else (item, None)
                for item in plan.get("assign", ())
            ),
        )


def _exercise(values: dict[str, Any], place: Place) -> Exercise:
    solution: tuple[Step, ...] = values["solution"]
    return Exercise(
        task=values["task"],
        hints=values.get("hints", ()),
        done_when=values["done when"],
        solution=solution,
        place=place,
    )
