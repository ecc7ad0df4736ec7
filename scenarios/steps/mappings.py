"""What an administrator maps: object mappings, attribute mappings, scoping filters, target object actions."""

from __future__ import annotations

import json
from typing import Any

from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.parts import ACTIONS
from entra_sim.scenarios.parts import MAPPING_CHANGES
from entra_sim.scenarios.parts import MAPPING_ROW
from entra_sim.scenarios.parts import SCOPING_FILTERS
from entra_sim.scenarios.parts import per_object_type
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.shapes import ListOf
from entra_sim.scenarios.shapes import MapOf
from entra_sim.scenarios.shapes import Text
from entra_sim.simulator.errors import UserInputError

SECTION = "Mappings"
OBJECT_TYPE_NAMES = {"users": "User", "groups": "Group"}


def set_group_mapping(session: Session, *, is_enabled: bool) -> None:
    """Set Enabled of "Provision Microsoft Entra ID Groups"."""
    session.simulator.provisioning.set_object_mapping_enabled(session.application, "Group", is_enabled)


def _enable_group_mapping(session: Session, argument: None) -> None:
    set_group_mapping(session, is_enabled=True)


def _disable_group_mapping(session: Session, argument: None) -> None:
    set_group_mapping(session, is_enabled=False)


def _set_target_object_actions(session: Session, argument: dict[str, dict[str, bool]]) -> None:
    for kind, actions in argument.items():
        session.simulator.provisioning.set_target_object_actions(
            session.application, OBJECT_TYPE_NAMES[kind], **actions
        )


def _set_scoping_filters(session: Session, argument: dict[str, Any]) -> None:
    for kind, filters in argument.items():
        session.simulator.provisioning.set_scoping_filters(
            session.application, OBJECT_TYPE_NAMES[kind], [_filter(item) for item in filters]
        )


def _filter(item: dict[str, Any]) -> dict[str, Any]:
    """Return a scoping filter in the portal's words."""
    clauses = [
        {"attribute": attribute, "operator": operator, "value": value or None}
        for attribute, operator, value in item["clauses"]
    ]
    return {"title": item["title"], "clauses": clauses}


def _add_attribute_mapping(session: Session, argument: dict[str, Any]) -> None:
    for kind, rows in argument.items():
        for row in rows:
            session.simulator.provisioning.add_attribute_mapping(session.application, OBJECT_TYPE_NAMES[kind], row)


def _edit_attribute_mapping(session: Session, argument: dict[str, dict[str, Any]]) -> None:
    for kind, rows in argument.items():
        for target, changes in rows.items():
            session.simulator.provisioning.edit_attribute_mapping(
                session.application, OBJECT_TYPE_NAMES[kind], target, changes
            )


def _remove_attribute_mapping(session: Session, argument: dict[str, tuple[str, ...]]) -> None:
    for kind, targets in argument.items():
        for target in targets:
            session.simulator.provisioning.remove_attribute_mapping(
                session.application, OBJECT_TYPE_NAMES[kind], target
            )


def _restore_default_mappings(session: Session, argument: None) -> None:
    session.simulator.provisioning.restore_default_mappings(session.application)


def _put_schema(session: Session, argument: str) -> None:
    path = session.folder / argument
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserInputError(
            f"the schema file '{argument}' cannot be read beside the scenario: {error.strerror}"
        ) from error
    except ValueError as error:
        raise UserInputError(f"the schema file '{argument}' is not JSON: {error}") from error
    session.simulator.provisioning.put_schema(session.application, document)


VERBS = (
    Verb(
        name="disable group mapping",
        help="Provision Microsoft Entra ID Groups: Enabled No. Nothing is deleted, groups just stop.",
        section=SECTION,
        perform=_disable_group_mapping,
        example="disable group mapping",
        rules=("ENG-088", "ENG-204"),
    ),
    Verb(
        name="enable group mapping",
        help="Provision Microsoft Entra ID Groups: Enabled Yes.",
        section=SECTION,
        perform=_enable_group_mapping,
        example="enable group mapping",
        rules=("ENG-088",),
    ),
    Verb(
        name="set target object actions",
        help="Tick or clear Create, Update, Delete of a mapping; those not named stay.",
        section=SECTION,
        perform=_set_target_object_actions,
        argument=per_object_type(ACTIONS),
        example="set target object actions: {users: {delete: false}}",
        rules=("ENG-110",),
    ),
    Verb(
        name="set scoping filters",
        help="Replace the scoping filters of a mapping: clauses are AND-ed, filters OR-ed; an empty list clears them.",
        section=SECTION,
        perform=_set_scoping_filters,
        argument=per_object_type(SCOPING_FILTERS),
        example="set scoping filters: {users: [{title: Research, clauses: [department EQUALS Research]}]}",
        rules=("ENG-040", "ENG-042", "ENG-059"),
    ),
    Verb(
        name="add attribute mapping",
        help="Add rows to a mapping: a source, an expression or a constant for a target attribute.",
        section=SECTION,
        perform=_add_attribute_mapping,
        argument=per_object_type(ListOf(MAPPING_ROW, or_single=True)),
        example="add attribute mapping: {users: {source: companyName, target: nickName}}",
        rules=("ENG-070", "ENG-076"),
    ),
    Verb(
        name="edit attribute mapping",
        help="Change rows of a mapping, named by their target attribute.",
        section=SECTION,
        perform=_edit_attribute_mapping,
        argument=per_object_type(MapOf("a target attribute", MAPPING_CHANGES)),
        example="edit attribute mapping: {users: {externalId: {source: objectId}}}",
        rules=("ENG-070", "ENG-103"),
    ),
    Verb(
        name="remove attribute mapping",
        help="Remove rows of a mapping, named by their target attribute.",
        section=SECTION,
        perform=_remove_attribute_mapping,
        argument=per_object_type(ListOf(Text("a target attribute"), or_single=True)),
        example="remove attribute mapping: {users: active}",
        rules=("ENG-192",),
    ),
    Verb(
        name="restore default mappings",
        help="Reset rows and scoping filters of both mappings.",
        section=SECTION,
        perform=_restore_default_mappings,
        example="restore default mappings",
        rules=("ENG-087",),
    ),
    Verb(
        name="put schema",
        help="Replace the whole synchronization schema by a Graph JSON file beside the scenario.",
        section=SECTION,
        perform=_put_schema,
        argument=Text("the name of a JSON file"),
        example="put schema: schema.json",
        rules=("ENG-320", "ENG-501"),
    ),
)
