"""One wire case through the real service: directory, links and feed are laid as the case says, then its phase runs."""

from __future__ import annotations

import random
from datetime import UTC
from datetime import datetime
from typing import Any

from wire_cases import Case
from wire_compare import ProvisioningOutcome
from wire_target import Target

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.ids import RandomIds
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.directory import Tombstone
from entra_sim.simulator.store.feed import ChangeKind

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
OUTSIDE = "extensionAttribute14"
STATES = {"accountEnabled", "softDeleted", "assigned", "inScope", "manager", "objectId", "appRoleAssignments"}

CHANGES = {
    "userUpdated": ChangeKind.UPDATED,
    "userAssigned": ChangeKind.ASSIGNMENT,
    "userUnassigned": ChangeKind.ASSIGNMENT,
    "userOutOfScope": ChangeKind.UPDATED,
    "userSoftDeleted": ChangeKind.SOFT_DELETED,
    "userRestored": ChangeKind.RESTORED,
    "userHardDeleted": ChangeKind.HARD_DELETED,
    "accountDisabled": ChangeKind.UPDATED,
    "accountEnabled": ChangeKind.UPDATED,
    "managerChanged": ChangeKind.UPDATED,
    "groupUpdated": ChangeKind.UPDATED,
    "groupAssigned": ChangeKind.ASSIGNMENT,
    "groupUnassigned": ChangeKind.ASSIGNMENT,
    "groupDeleted": ChangeKind.HARD_DELETED,
    "membersAdded": ChangeKind.MEMBERS,
    "membersRemoved": ChangeKind.MEMBERS,
}


def run_case(case: Case, target: Target) -> list[ProvisioningOutcome]:
    """Lay the case's state, run its phase, return what the log says."""
    job = case.job
    settings = Settings(
        reference_check=bool(job.get("referenceQueries", False)), rematch_on_404=bool(job.get("rematchOn404", False))
    )
    simulator = Simulator(
        database=Database.open(None),
        clock=VirtualClock(NOW),
        ids=RandomIds(),
        settings=settings,
        connect=lambda url, authorization: target.transport(),
        chance=random.Random(1),
    )
    application = simulator.applications.create("Wire case")
    simulator.provisioning.save_credentials(application, str(target.tenant_url), "wire-case-token-0123456789")
    _map(simulator, application, job)
    _people(simulator, application, case.given)
    if case.phase == "test-connection":
        tested = simulator.provisioning.test_connection(application)
        status = "Success" if tested.is_ok else "Failure"
        return [ProvisioningOutcome(object_id="", status=status, error_code=tested.code)]
    _links(simulator, application, case)
    if case.phase == "on-demand":
        simulator.provisioning.provision_on_demand(application, job["subject"])
    else:
        _changes(simulator, application, case)
        simulator.provisioning.start(application)
        simulator.time.tick()
    return [
        ProvisioningOutcome(object_id=entry.source_id, status=entry.status, error_code=entry.code)
        for entry in simulator.queries.logs(application)
    ]


def _map(simulator: Simulator, application: Application, job: dict[str, Any]) -> None:
    service = simulator.provisioning
    for row in job.get("extraMappings", []):
        service.add_attribute_mapping(application, row.get("object", "User"), _row(row))
    for object_type, names in job.get("matching", {}).items():
        document = service.get_schema(application)
        for mapping in document["synchronizationRules"][0]["objectMappings"]:
            if mapping["sourceObjectName"] == object_type:
                for row in mapping["attributeMappings"]:
                    name = row["targetAttributeName"]
                    row["matchingPriority"] = names.index(name) + 1 if name in names else 0
        service.put_schema(application, document)
    actions = job.get("actions")
    for object_type in ("User", "Group") if actions else ():
        service.set_target_object_actions(application, object_type, **actions)
    service.set_skip_out_of_scope_deletions(application, bool(job.get("skipOutOfScopeDeletions", False)))
    clause = {"attribute": OUTSIDE, "operator": "IS NULL"}
    service.set_scoping_filters(application, "User", [{"title": "inside", "clauses": [clause]}])


def _row(row: dict[str, Any]) -> dict[str, Any]:
    known = {key: row[key] for key in ("source", "expression", "constant", "target") if key in row}
    if "default" in row:
        known["default"] = row["default"]
    return known


def _people(simulator: Simulator, application: Application, given: dict[str, Any]) -> None:
    store = simulator.core.directory
    directory = given["directory"]
    roles: set[str] = set()
    for person in directory.get("users", []):
        attributes = {name: value for name, value in person.items() if name not in STATES and value is not None}
        attributes["accountEnabled"] = person.get("accountEnabled", True)
        if not person.get("inScope", True):
            attributes[OUTSIDE] = "outside"
        deleted_at = NOW if person.get("softDeleted") else None
        if deleted_at is not None:  # the case shows the UPN as the directory does, prefix and all (ENG-013)
            prefix = person["objectId"].replace("-", "")
            attributes["userPrincipalName"] = attributes["userPrincipalName"].removeprefix(prefix)
        store.save_user(
            User(
                object_id=person["objectId"],
                attributes=attributes,
                manager_id=person.get("manager"),
                deleted_at=deleted_at,
            )
        )
        if person.get("assigned", True):
            for role in person.get("appRoleAssignments") or [None]:
                name = None if role is None else role["value"]
                if role is not None and role["id"] not in roles:
                    roles.add(role["id"])
                    _add_role(simulator, application, role)
                simulator.applications.assign(application, person["objectId"], name)
    for group in directory.get("groups", []):
        attributes = {name: value for name, value in group.items() if name not in {*STATES, "members"}}
        store.save_group(Group(object_id=group["objectId"], attributes=attributes))
        for member in _members(given, group):
            kind = "User" if store.get_user(member) else "Group"
            store.add_member(group["objectId"], member, kind)
    for group in directory.get("groups", []):
        if group.get("assigned", True):
            simulator.applications.assign(application, group["objectId"])


def _members(given: dict[str, Any], group: dict[str, Any]) -> list[str]:
    """Return the members that the group has now: those stated, else those exported with the changes applied."""
    if "members" in group:
        return list(group["members"])
    sources = {anchor: object_id for object_id, anchor in given.get("links", {}).items()}
    anchor = given.get("links", {}).get(group["objectId"])
    held = [item for item in given.get("target", {}).get("Groups", []) if item["id"] == anchor]
    members = [sources[item["value"]] for one in held for item in one.get("members", []) if item["value"] in sources]
    for change in given.get("changes", []):
        if change["objectId"] == group["objectId"]:
            named = change.get("members", [])
            if change["type"] == "membersAdded":
                members += [member for member in named if member not in members]
            elif change["type"] == "membersRemoved":
                members = [member for member in members if member not in named]
    return members


def _add_role(simulator: Simulator, application: Application, role: dict[str, str]) -> None:
    from entra_sim.simulator.model.directory import AppRole

    made = AppRole(role_id=role["id"], value=role["value"], display_name=role["displayName"])
    simulator.core.directory.save_role(application.application_id, made)


def _links(simulator: Simulator, application: Application, case: Case) -> None:
    given = case.given
    held = {item["id"]: item for kind in ("Users", "Groups") for item in given.get("target", {}).get(kind, [])}
    unmanaged = {c["objectId"] for c in given.get("changes", []) if c.get("previously") == "unassigned"}
    groups = {group["objectId"] for group in given["directory"].get("groups", [])}
    groups |= {c["objectId"] for c in given.get("changes", []) if c["type"].startswith(("group", "members"))}
    sources = {anchor: object_id for object_id, anchor in given.get("links", {}).items()}
    for object_id, anchor in given.get("links", {}).items():
        kind = "Group" if object_id in groups else "User"
        entry = SyncEntry(
            object_type=kind,
            source_anchor=object_id,
            target_anchor=anchor,
            is_managed=object_id not in unmanaged,
            is_disabled=held.get(anchor, {}).get("active") is False,
        )
        simulator.core.jobs.save_entry(application.job_id, entry)
        if kind == "Group":
            members = [item["value"] for item in held.get(anchor, {}).get("members", [])]
            added = [(sources[member], member) for member in members if member in sources]
            simulator.core.jobs.save_exported_members(application.job_id, object_id, added, ())


def _changes(simulator: Simulator, application: Application, case: Case) -> None:
    core = simulator.core
    job = core.jobs.get(application.job_id)
    assert job is not None
    if case.phase == "initial":
        return
    from dataclasses import replace

    core.jobs.save(replace(job, watermark=core.feed.newest(NOW)))
    for change in case.given.get("changes", []):
        kind = CHANGES[change["type"]]
        object_type = "Group" if change["type"].startswith(("group", "members")) else "User"
        if kind is ChangeKind.HARD_DELETED:
            entitled = () if change.get("previously") == "unassigned" else (application.application_id,)
            core.directory.save_tombstone(
                Tombstone(
                    object_id=change["objectId"],
                    object_type=object_type,
                    identifier=change["objectId"],
                    display_name=change["objectId"],
                    entitled_applications=entitled,
                ),
                NOW,
            )
        names = ("manager", "members", "userPrincipalName", "displayName", "IsSoftDeleted", OUTSIDE)
        core.feed.append(NOW, object_type, change["objectId"], kind, attributes=names)
