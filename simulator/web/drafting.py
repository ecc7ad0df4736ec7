"""Schemas being edited: the editor's pages change a draft of this session, Save on the mapping stores it."""

from __future__ import annotations

import copy
from typing import Any

from entra_sim.simulator.engine.mapping import compile_mapping
from entra_sim.simulator.engine.scoping import check_filters
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.mapping import JobSchema
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.service.schemas import object_mapping_of
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.sessions import session_id
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.state import Draft

KINDS = {"users": "User", "groups": "Group"}
TARGET_OF = {"User": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}


def object_type_of(kind: str) -> str:
    """Return "User" or "Group" of the word in a URL.

    Raises:
        NotFound: it is neither.
    """
    if kind not in KINDS:
        raise NotFound(f"There is no mapping '{kind[:60]}'.")
    return KINDS[kind]


def stored_document(application: Application) -> dict[str, Any]:
    """Return the schema as it is stored."""
    return simulator().provisioning.get_schema(application)


def draft_document(application: Application) -> dict[str, Any]:
    """Return a copy of the schema to edit: the draft of this session, else what is stored."""
    found = _draft(application)
    return copy.deepcopy(found.document if found is not None else stored_document(application))


def _draft(application: Application) -> Draft | None:
    found: Draft | None = web_state().drafts.get((session_id(), application.job_id))
    if found is not None and found.base_version != simulator().core.jobs.schema_version(application.job_id):
        return None
    return found


def keep_draft(application: Application, document: dict[str, Any]) -> None:
    """Keep what was edited, unsaved."""
    version = simulator().core.jobs.schema_version(application.job_id)
    draft = Draft(document=document, base_version=version)
    web_state().drafts.put((session_id(), application.job_id), draft)


def drop_draft(application: Application) -> None:
    """Forget what was edited."""
    web_state().drafts.pop((session_id(), application.job_id), None)


def is_changed(application: Application) -> bool:
    """Return whether this session has edited something that is not saved."""
    found = _draft(application)
    return found is not None and found.document != stored_document(application)


def checked_schema(document: dict[str, Any]) -> JobSchema:
    """Return the readings of a document.

    Raises:
        UserInputError: it is no usable schema; the sentence says where and why.
    """
    schema = read_schema(document)
    for mapping in (schema.user, schema.group):
        compile_mapping(mapping)
        check_filters(mapping.scoping_filters, mapping.name)
    return schema


def attributes_of(document: dict[str, Any], object_type: str, *, side: str) -> list[dict[str, Any]]:
    """Return the attribute list of one side ("source" or "target"), to be changed in place."""
    rule = document["synchronizationRules"][0]
    directory_name = rule["sourceDirectoryName" if side == "source" else "targetDirectoryName"]
    mapping = object_mapping_of(document, object_type)
    object_name = mapping["sourceObjectName" if side == "source" else "targetObjectName"]
    for directory in document["directories"]:
        if directory["name"] == directory_name:
            for item in directory["objects"]:
                if item["name"] == object_name:
                    found: list[dict[str, Any]] = item["attributes"]
                    return found
    raise NotFound(f"The schema has no attribute list for {object_name}.")
