"""Wire cases as values: one file, one case. The format is described in cases/README.md."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
FLAG = "aadOptscim062020"


@dataclass(frozen=True)
class Case:
    """One case and the answers to what a replay asks of it."""

    id: str
    data: dict[str, Any]

    @property
    def given(self) -> dict[str, Any]:
        """Return what job, directory, links, target and changes are."""
        found: dict[str, Any] = self.data["given"]
        return found

    @property
    def job(self) -> dict[str, Any]:
        """Return the job's settings."""
        found: dict[str, Any] = self.given["job"]
        return found

    @property
    def expect(self) -> list[dict[str, Any]]:
        """Return the requests that must come."""
        found: list[dict[str, Any]] = self.data["expect"]
        return found

    @property
    def is_flagged(self) -> bool:
        """Return whether the tenant URL carries the compliance flag."""
        return bool(self.job.get("flag"))

    @property
    def phase(self) -> str:
        """Return test-connection, initial, incremental or on-demand."""
        return str(self.job["phase"])

    @property
    def directory_objects(self) -> list[dict[str, Any]]:
        """Return users and groups of the directory."""
        directory = self.given.get("directory") or {}
        return [*directory.get("users", []), *directory.get("groups", [])]

    @property
    def subjects(self) -> list[str]:
        """Return the object ids whose log entries the outcome speaks of; empty for a connection test."""
        if self.job.get("subject"):
            return [str(self.job["subject"])]
        changed = [str(change["objectId"]) for change in self.given.get("changes") or []]
        return changed or [str(one["objectId"]) for one in self.directory_objects]

    @cached_property
    def known_texts(self) -> frozenset[str]:
        """Return every text of the given data, in lower case: a GUID among them is no random one."""
        return frozenset(text.lower() for text in _texts(self.given))

    def owner_of_id(self, target_id: str) -> str:
        """Return the directory object that a resource id belongs to, as far as links, answers and values tell."""
        for object_id, linked in (self.given.get("links") or {}).items():
            if linked == target_id:
                return str(object_id)
        for object_id, created in self.created_ids.items():
            if created == target_id:
                return object_id
        for collection in ("Users", "Groups"):
            for resource in (self.given.get("target") or {}).get(collection, []):
                if resource.get("id") == target_id:
                    names = [resource.get(name) for name in ("userName", "externalId", "displayName")]
                    return self.owner_of_values(names) or target_id
        return target_id

    def owner_of_values(self, values: list[Any]) -> str:
        """Return the directory object that has the first of these values that anybody has, "" for nobody."""
        for value in values:
            wanted = str(value).lower()
            for one in self.directory_objects:
                if value and wanted in {text.lower() for text in one.values() if isinstance(text, str)}:
                    return str(one["objectId"])
        return ""

    @cached_property
    def created_ids(self) -> dict[str, str]:
        """Return the id that each created object gets: the n-th expected POST gets the n-th of newIds."""
        posts = [one for one in self.expect if one["method"] == "POST"]
        owners = [self.owner_of_body(one.get("body") or {}) for one in posts]
        return {owner: new for owner, new in zip(owners, self.given.get("newIds") or [], strict=False) if owner}

    def owner_of_body(self, body: dict[str, Any]) -> str:
        """Return the directory object that a create is for."""
        return self.owner_of_values([body.get(name) for name in ("userName", "externalId", "displayName")])


def load_cases(folder: Path) -> list[Case]:
    """Return the cases of a folder and the folders below it, by name.

    Raises:
        ValueError: there is no case, or a file is none; the message names it.
    """
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise ValueError(f"there is no wire case in '{folder}'")
    return [_loaded(path) for path in files]


def _loaded(path: Path) -> Case:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        case = Case(str(data["id"]), data)
        assert isinstance(case.given["job"]["phase"], str)
        assert isinstance(case.expect, list)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"'{path}' is no wire case: {error!r}") from error
    return case


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in [str(key), *_texts(item)]]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []
