"""What happens in the directory: joiners, movers, leavers, groups."""

from __future__ import annotations

from typing import Any

from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.parts import GROUP
from entra_sim.scenarios.parts import GROUP_CHANGES
from entra_sim.scenarios.parts import GROUP_KEY
from entra_sim.scenarios.parts import PRINCIPAL_KEY
from entra_sim.scenarios.parts import USER
from entra_sim.scenarios.parts import USER_CHANGES
from entra_sim.scenarios.parts import USER_KEY
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.shapes import ListOf
from entra_sim.scenarios.shapes import MapOf
from entra_sim.scenarios.shapes import Nullable

SECTION = "The directory"
MANAGER = Nullable(USER_KEY)
USER_KEYS = ListOf(USER_KEY, or_single=True)
MEMBERS = MapOf(GROUP_KEY, ListOf(PRINCIPAL_KEY, or_single=True))


def create_user(session: Session, argument: dict[str, Any]) -> None:
    """Create the user, then set the manager."""
    attributes = {key: value for key, value in argument.items() if key != "manager" and value is not None}
    user = session.simulator.directory.create_user(attributes)
    if argument.get("manager"):
        session.simulator.directory.set_manager(user.user_principal_name, argument["manager"])


def create_group(session: Session, argument: dict[str, Any]) -> None:
    """Create the group with its members."""
    attributes = {key: value for key, value in argument.items() if key != "members" and value is not None}
    session.simulator.directory.create_group(attributes, members=argument.get("members") or ())


def _edit_user(session: Session, argument: dict[str, dict[str, Any]]) -> None:
    for key, changes in argument.items():
        session.simulator.directory.update_user(key, changes)


def _edit_group(session: Session, argument: dict[str, dict[str, Any]]) -> None:
    for key, changes in argument.items():
        session.simulator.directory.update_group(key, changes)


def _disable_user(session: Session, argument: tuple[str, ...]) -> None:
    for key in argument:
        session.simulator.directory.update_user(key, {"accountEnabled": False})


def _enable_user(session: Session, argument: tuple[str, ...]) -> None:
    for key in argument:
        session.simulator.directory.update_user(key, {"accountEnabled": True})


def _set_manager(session: Session, argument: dict[str, str | None]) -> None:
    for key, manager in argument.items():
        session.simulator.directory.set_manager(key, manager)


def _delete_user(session: Session, argument: tuple[str, ...]) -> None:
    for key in argument:
        session.simulator.directory.delete_user(key)


def _restore_user(session: Session, argument: tuple[str, ...]) -> None:
    for key in argument:
        session.simulator.directory.restore_user(key)


def _purge_user(session: Session, argument: tuple[str, ...]) -> None:
    for key in argument:
        session.simulator.directory.purge_user(key)


def _take_out_of_sync(session: Session, argument: tuple[str, ...]) -> None:
    for key in argument:
        session.simulator.directory.take_out_of_sync(key)


def _add_members(session: Session, argument: dict[str, tuple[str, ...]]) -> None:
    for group, members in argument.items():
        session.simulator.directory.add_members(group, members)


def _remove_members(session: Session, argument: dict[str, tuple[str, ...]]) -> None:
    for group, members in argument.items():
        session.simulator.directory.remove_members(group, members)


def _delete_group(session: Session, argument: tuple[str, ...]) -> None:
    for key in argument:
        session.simulator.directory.delete_group(key)


VERBS = (
    Verb(
        name="create user",
        help="Create a user; attributes have the names of the synchronization schema.",
        section=SECTION,
        perform=create_user,
        argument=USER,
        example="create user: {userPrincipalName: bo@contoso.example, displayName: Bo Lind, department: Sales}",
        rules=("ENG-003",),
    ),
    Verb(
        name="edit user",
        help="Change attributes of users; null clears one.",
        section=SECTION,
        perform=_edit_user,
        argument=MapOf(USER_KEY, USER_CHANGES),
        example="edit user: {ada@contoso.example: {department: Sales, jobTitle: null}}",
        rules=("ENG-014",),
    ),
    Verb(
        name="disable user",
        help="Block sign-in: accountEnabled becomes false.",
        section=SECTION,
        perform=_disable_user,
        argument=USER_KEYS,
        example="disable user: ada@contoso.example",
        rules=("ENG-182",),
    ),
    Verb(
        name="enable user",
        help="Allow sign-in again.",
        section=SECTION,
        perform=_enable_user,
        argument=USER_KEYS,
        example="enable user: ada@contoso.example",
        rules=("ENG-199",),
    ),
    Verb(
        name="set manager",
        help="Set or, with null, take away the manager of users.",
        section=SECTION,
        perform=_set_manager,
        argument=MapOf(USER_KEY, MANAGER),
        example="set manager: {ada@contoso.example: grace@contoso.example}",
        rules=("ENG-222", "ENG-224"),
    ),
    Verb(
        name="delete user",
        help="Delete a user: it goes to the recycle bin for 30 days.",
        section=SECTION,
        perform=_delete_user,
        argument=USER_KEYS,
        example="delete user: ada@contoso.example",
        rules=("ENG-013", "ENG-183"),
    ),
    Verb(
        name="take user out of sync",
        help="Take a hybrid user (dirSyncEnabled) out of the on-premises synchronization: it is soft-deleted.",
        section=SECTION,
        perform=_take_out_of_sync,
        argument=USER_KEYS,
        example="take user out of sync: ada@contoso.example",
        rules=("Q-29", "ENG-180"),
    ),
    Verb(
        name="restore user",
        help="Take a user out of the recycle bin, by the name it had.",
        section=SECTION,
        perform=_restore_user,
        argument=USER_KEYS,
        example="restore user: ada@contoso.example",
        rules=("ENG-200",),
    ),
    Verb(
        name="purge user",
        help="Delete a user of the recycle bin permanently, before the 30 days are over.",
        section=SECTION,
        perform=_purge_user,
        argument=USER_KEYS,
        example="purge user: ada@contoso.example",
        rules=("ENG-011", "ENG-184"),
    ),
    Verb(
        name="create group",
        help="Create a group with its direct members (users or groups).",
        section=SECTION,
        perform=create_group,
        argument=GROUP,
        example="create group: {displayName: Pilots, members: [ada@contoso.example]}",
        rules=("ENG-004",),
    ),
    Verb(
        name="edit group",
        help="Change attributes of groups; null clears one.",
        section=SECTION,
        perform=_edit_group,
        argument=MapOf(GROUP_KEY, GROUP_CHANGES),
        example="edit group: {Tapt people: {displayName: Everybody at Tapt}}",
        rules=("ENG-238",),
    ),
    Verb(
        name="add members",
        help="Add direct members to groups.",
        section=SECTION,
        perform=_add_members,
        argument=MEMBERS,
        example="add members: {Tapt people: [ada@contoso.example]}",
        rules=("ENG-231",),
    ),
    Verb(
        name="remove members",
        help="Remove direct members from groups.",
        section=SECTION,
        perform=_remove_members,
        argument=MEMBERS,
        example="remove members: {Tapt people: ada@contoso.example}",
        rules=("ENG-231",),
    ),
    Verb(
        name="delete group",
        help="Delete a group; groups have no recycle bin here.",
        section=SECTION,
        perform=_delete_group,
        argument=ListOf(GROUP_KEY, or_single=True),
        example="delete group: Tapt people",
        rules=("ENG-202",),
    ),
)
