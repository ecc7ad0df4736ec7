"""What the tenant holds now: users, groups, applications, assignments."""

from __future__ import annotations

from typing import Any

from entra_sim.scenarios.language import Noun
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.session import Window

SECTION = "The directory"


def _users(session: Session, window: Window) -> list[dict[str, Any]]:
    directory = session.simulator.directory
    users = [*directory.users(), *directory.users(deleted=True)]
    names = {user.object_id: user.user_principal_name for user in users}
    return [
        {
            **user.attributes,
            "objectId": user.object_id,
            "state": str(user.presence),
            "manager": names.get(user.manager_id) if user.manager_id else None,
        }
        for user in users
    ]


def _groups(session: Session, window: Window) -> list[dict[str, Any]]:
    directory = session.simulator.directory
    groups = directory.groups()
    names = {user.object_id: user.user_principal_name for user in directory.users()}
    names.update({group.object_id: group.display_name for group in groups})
    return [
        {
            **group.attributes,
            "objectId": group.object_id,
            "members": [names.get(member, member) for member in group.member_ids],
        }
        for group in groups
    ]


def _applications(session: Session, window: Window) -> list[dict[str, Any]]:
    return [{"name": application.name} for application in session.simulator.applications.list()]


def _assignments(session: Session, window: Window) -> list[dict[str, Any]]:
    names = {user.object_id: user.user_principal_name for user in session.simulator.directory.users()}
    names.update({group.object_id: group.display_name for group in session.simulator.directory.groups()})
    return [
        {"principal": names.get(item.principal_id, item.principal_id), "type": item.principal_type}
        for item in session.simulator.applications.assignments(session.application)
    ]


NOUNS = (
    Noun(
        name="directory users",
        help="The users of the tenant, deleted ones of the recycle bin included.",
        section=SECTION,
        read=_users,
        example="directory users: [{userPrincipalName: ada@contoso.example, state: softDeleted}]",
    ),
    Noun(
        name="directory groups",
        help="The groups of the tenant with their direct members.",
        section=SECTION,
        read=_groups,
        example="directory groups: [{displayName: Tapt people, members: [ada@contoso.example]}]",
    ),
    Noun(
        name="applications",
        help="The enterprise applications of the tenant.",
        section=SECTION,
        read=_applications,
        keys={"name": "name"},
        example="applications: [{name: Tapt Integration}]",
    ),
    Noun(
        name="assignments",
        help="Who is assigned to the application.",
        section=SECTION,
        read=_assignments,
        keys={"principal": "userPrincipalName or group name", "type": "User or Group"},
        example="assignments: [{principal: Tapt people, type: Group}]",
    ),
)
