"""What the target holds now: users and groups as SCIM resources, and what only Tapt knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from entra_sim.scenarios.language import Noun
from entra_sim.scenarios.matching import ENTERPRISE_USER
from entra_sim.scenarios.outcome import Holding
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.session import Window
from entra_sim.scenarios.spans import instant_text
from entra_sim.simulator.errors import UserInputError

SECTION = "The target"
MANAGER = f"{ENTERPRISE_USER}:manager"


def target_users(session: Session) -> list[dict[str, Any]]:
    """Return the target's users as SCIM resources; managers also name their userName."""
    resources = [dict(resource) for resource in session.held_users()]
    names = {str(resource.get("id")): resource.get("userName") for resource in resources}
    for resource in resources:
        extension = resource.get(ENTERPRISE_USER)
        if isinstance(extension, dict) and isinstance(extension.get("manager"), dict):
            manager = extension["manager"]
            named = {**manager, "userName": names.get(str(manager.get("value")), "somebody unknown")}
            resource[ENTERPRISE_USER] = {**extension, "manager": named}
    return resources


def holdings(session: Session) -> tuple[Holding, ...]:
    """Return what the target holds, sorted by userName; empty for a foreign target that cannot be read now."""
    try:
        resources = target_users(session)
    except UserInputError:
        return ()
    found = []
    for resource in resources:
        extension = resource.get(ENTERPRISE_USER) or {}
        emails = resource.get("emails") or [{}]
        found.append(
            Holding(
                user_name=str(resource.get("userName", "")),
                display_name=str(resource.get("displayName") or ""),
                email=str(emails[0].get("value") or ""),
                department=str(extension.get("department") or ""),
                manager=str((extension.get("manager") or {}).get("userName") or ""),
                is_active=bool(resource.get("active", True)),
            )
        )
    return tuple(sorted(found, key=lambda item: item.user_name))


def target_groups(session: Session) -> list[dict[str, Any]]:
    """Return the target's groups as SCIM resources; members also name their userName or displayName."""
    groups = [dict(resource) for resource in session.held_groups()]
    names = {str(item.get("id")): {"userName": item.get("userName")} for item in session.held_users()}
    names.update({str(item.get("id")): {"displayName": item.get("displayName")} for item in groups})
    for group in groups:
        members: Iterable[dict[str, Any]] = group.get("members") or ()
        group["members"] = [{**member, **names.get(str(member.get("value")), {})} for member in members]
    return groups


def _users(session: Session, window: Window) -> list[dict[str, Any]]:
    return target_users(session)


def _groups(session: Session, window: Window) -> list[dict[str, Any]]:
    return target_groups(session)


def _token(session: Session, window: Window) -> dict[str, Any]:
    status = session.tapt.token_status()
    fact: dict[str, Any] = {"state": str(getattr(status, "state", status))}
    for name, key in (("created_at", "created"), ("expires_at", "expires")):
        instant = getattr(status, name, None)
        fact[key] = instant_text(instant) if instant is not None else None
    return fact


NOUNS = (
    Noun(
        name="target users",
        help="The users that the target holds now, as SCIM resources; keys are SCIM attributes or paths, "
        "a manager may be given by userName.",
        section=SECTION,
        read=_users,
        example="target users: [{userName: ada@contoso.example, active: true, name.givenName: Ada}]",
    ),
    Noun(
        name="target groups",
        help="The groups that the target holds now; members may be given by userName or displayName.",
        section=SECTION,
        read=_groups,
        example="target groups: [{displayName: Tapt people, members: [ada@contoso.example]}]",
    ),
    Noun(
        name="tapt token",
        help="The token of Tapt: its state, and when it was made and expires.",
        section=SECTION,
        read=_token,
        is_list=False,
        keys={"state": "none, active, expired or revoked", "created": "instant", "expires": "instant"},
        example="tapt token: {state: active}",
    ),
)
NEEDS_TAPT = frozenset({"tapt token"})
"""Nouns that cannot be read where the target is a foreign endpoint."""
