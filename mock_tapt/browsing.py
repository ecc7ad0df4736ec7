"""What the dashboard reads of an organisation: pages of profiles and groups, one of each with its history."""

from __future__ import annotations

from typing import Any

from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt import patch
from entra_sim.mock_tapt import patch_paths
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.filter_sql import Condition
from entra_sim.mock_tapt.schema import CORE_USER
from entra_sim.mock_tapt.schema import PATCH_OP
from entra_sim.mock_tapt.schema import USER
from entra_sim.mock_tapt.tapt import Tapt

_SEARCH = (
    "instr(r.name_key, ?) > 0 OR instr(coalesce(r.display_key, ''), ?) > 0"
    " OR EXISTS (SELECT 1 FROM email e WHERE e.seq = r.seq AND instr(e.key, ?) > 0)"
)
_IS_DISABLED = "json_extract(r.body, '$.active') IS 0"
Shown = dict[str, Any]


def find_profiles(
    tapt: Tapt, search: str, status: str, page: int, size: int, base_url: str
) -> tuple[list[tuple[Shown, str]], int]:
    """Return a page of users with their origin, and how many there are.

    Args:
        search: part of userName, display name or e-mail, without case; "" finds all.
        status: "active", "deactivated" or "".
    """
    parts: list[Condition] = []
    if search:
        wanted = search.casefold()
        parts.append(Condition(f"({_SEARCH})", (wanted, wanted, wanted)))
    if status in ("active", "deactivated"):
        parts.append(Condition(_IS_DISABLED if status == "deactivated" else f"NOT ({_IS_DISABLED})"))
    sql, values = " AND ".join(p.sql for p in parts), tuple(v for p in parts for v in p.parameters)
    condition = Condition(sql, values) if parts else None
    with tapt.lock:
        rows, total = tapt.store.select(("User",), condition, None, (page - 1) * size, size)
        return [(tapt.resources.shown(row, base_url), row.origin) for row in rows], total


def profile(tapt: Tapt, profile_id: str, base_url: str) -> tuple[Shown, str, list[dict[str, Any]]] | None:
    """Return a user, its origin and its history, newest first; None when there is none of this id."""
    with tapt.lock:
        row = tapt.store.get("User", profile_id)
        if row is None:
            return None
        return tapt.resources.shown(row, base_url), row.origin, tapt.store.history(profile_id)


def name_of(tapt: Tapt, resource_id: str) -> str:
    """Return what a user or group is called, or the id itself when nobody has it."""
    with tapt.lock:
        row = tapt.store.get("User", resource_id) or tapt.store.get("Group", resource_id)
    if row is None:
        return resource_id
    resource = row.resource()
    return str(resource.get("displayName") or resource.get("userName"))


def find_groups(tapt: Tapt, page: int, size: int) -> tuple[list[dict[str, Any]], int]:
    """Return a page of groups (id, name, member_count, external_id, updated), and how many there are."""
    with tapt.lock:
        rows, total = tapt.store.select(("Group",), None, None, (page - 1) * size, size)
        found = []
        for row in rows:
            resource = row.resource()
            count = tapt.store.connection.execute("SELECT count(*) FROM member WHERE group_seq = ?", (row.seq,))
            found.append(
                {
                    "id": row.id,
                    "name": resource["displayName"],
                    "external_id": resource.get("externalId", ""),
                    "member_count": count.fetchone()[0],
                    "updated": row.modified_at,
                }
            )
    return found, total


def group(
    tapt: Tapt, group_id: str, base_url: str
) -> tuple[Shown, list[tuple[str, str, str]], list[dict[str, Any]]] | None:
    """Return a group, its members (id, name, kind: User, Group or "" for nobody) and its history."""
    with tapt.lock:
        row = tapt.store.get("Group", group_id)
        if row is None:
            return None
        shown = tapt.resources.shown(row, base_url)
        members = []
        for entry in shown.get("members", ()):
            kind = next((k for k in ("User", "Group") if tapt.store.get(k, entry["value"])), "")
            members.append((entry["value"], name_of(tapt, entry["value"]), kind))
        return shown, members, tapt.store.history(group_id)


def value_at(shown: Shown, path: str) -> str:
    """Return the text at a path of a user, or ""."""
    target = patch_paths.parse_target(patch_paths.empty_work(USER, strict=False), path)
    entries = filters.values_at(target.path, shown)
    if target.selection is not None:
        parent = patch_paths.parse_target(patch_paths.empty_work(USER, strict=False), path.partition("[")[0])
        entries = [
            entry.get(target.path.sub or "value")
            for entry in filters.values_at(parent.path, shown)
            if isinstance(entry, dict) and filters.matches(target.selection, entry)
        ]
    return next((str(entry) for entry in entries if isinstance(entry, str)), "")


def add_by_paths(tapt: Tapt, values: dict[str, str], *, who: str) -> Shown:
    """Add a user from paths and texts and return it; empty texts are left out.

    Raises:
        TaptError: it is refused.
    """
    if not values.get("userName"):
        raise TaptError("A profile needs a user name.")
    operations = [{"op": "add", "path": path, "value": value} for path, value in values.items() if value]
    body = {"schemas": [PATCH_OP], "Operations": operations}
    resource = patch.apply_patch(USER, {"userName": values["userName"]}, dict, body)
    return tapt.add_profile({"schemas": [CORE_USER], **resource}, who=who)
