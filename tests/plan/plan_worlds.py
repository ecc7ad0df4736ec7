"""Random directories, schemas and changes; and what a real run of the change against mock Tapt does with them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from entra_sim.scenarios.world import World
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.scim.profile import Dialect
from entra_sim.simulator.service.schemas import template_schema
from entra_sim.simulator.tenants import AssignmentRecord
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import GroupRecord
from entra_sim.simulator.tenants import UserRecord

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TEXTS = st.sampled_from(["Research", "research", "Sales", "Lead", "7", "12", "2026-01-05", "Zoë O'Neil", 'a "b"'])
ATTRIBUTES = (
    *("department", "jobTitle", "givenName", "surname", "employeeId", "city", "mobile"),
    *("telephoneNumber", "preferredLanguage", "extensionAttribute1", "physicalDeliveryOfficeName"),
)
EXPRESSIONS = (
    *("ToUpper([jobTitle])", 'Join(" ", [givenName], [surname])', "CDate([employeeId])", "Mid([department], 1, 3)"),
    *('Switch([department], "Other", "Research", "R", "Sales", "S")', 'IIF([city]="Lead", "yes", "no")'),
    *('Switch([IsSoftDeleted], , "False", "True", "True", "False")', "Not([IsSoftDeleted])", "ToLower([mail])"),
    *('Coalesce([jobTitle], [department], "none")', "IgnoreFlowIfNullOrEmpty([city])", "Redact([employeeId])"),
    "SingleAppRoleAssignment([appRoleAssignments])",
)
TARGETS = (
    *("userName", "active", "displayName", "title", 'emails[type eq "work"].value', "name.givenName", "externalId"),
    *('phoneNumbers[type eq "mobile"].value', 'addresses[type eq "work"].locality', "preferredLanguage", "userType"),
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
    "nickName",
)
MATCHES = ("userName", 'emails[type eq "work"].value', "externalId", "displayName")
OPERATORS = ("EQUALS", "NOT EQUALS", "IS NULL", "IS NOT NULL", "REGEX MATCH", "Includes", "Greater_Than")


def guid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-00000000000a"


@st.composite
def images(draw: st.DrawFn) -> DirectoryImage:
    count = draw(st.integers(1, 7))
    users = []
    for number in range(count):
        attributes: dict[str, Any] = {
            "objectId": guid(number + 1),
            "userPrincipalName": f"p{number}@contoso.example",
            "displayName": draw(TEXTS),
            "accountEnabled": draw(st.sampled_from([True, True, True, False])),
            "mailNickname": draw(st.sampled_from([f"p{number}", "same"])),
        }
        if draw(st.booleans()):
            attributes["mail"] = draw(
                st.sampled_from([f"p{number}@contoso.example", f"P{number}@contoso.example", "x@y"])
            )
        for name in draw(st.sets(st.sampled_from(ATTRIBUTES), max_size=6)):
            attributes[name] = draw(TEXTS)
        manager = draw(st.one_of(st.none(), st.integers(0, count - 1)))
        users.append(
            UserRecord(attributes=attributes, manager=None if manager in (None, number) else guid(manager + 1))
        )
    groups = []
    for number in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from([f"Team {number}", "Team"]))
        attributes = {
            "objectId": guid(100 + number),
            "displayName": name,
            "securityEnabled": draw(st.sampled_from([True, True, False])),
        }
        members = draw(st.lists(st.integers(1, count), unique=True, max_size=count))
        inner = [guid(100)] if number and draw(st.booleans()) else []
        groups.append(GroupRecord(attributes=attributes, members=(*map(guid, members), *inner)))
    principals = [item.object_id for item in (*users, *groups)]
    assigned = draw(st.lists(st.sampled_from(principals), unique=True, max_size=len(principals)))
    assignments = tuple(
        AssignmentRecord(principal=one, role=draw(st.sampled_from([None, "Admin"]))) for one in assigned
    )
    return DirectoryImage(users=tuple(users), groups=tuple(groups), assignments=assignments)


@st.composite
def schemas(draw: st.DrawFn, base: Mapping[str, Any] | None = None) -> dict[str, Any]:
    document = copy.deepcopy(dict(base)) if base is not None else template_schema("job")
    mappings = {item["sourceObjectName"]: item for item in document["synchronizationRules"][0]["objectMappings"]}
    user, group = mappings["User"], mappings["Group"]
    for target in draw(st.sets(st.sampled_from(TARGETS), max_size=3)):
        _edit_row(draw, user, target)
    if draw(st.integers(0, 3)) == 0:
        _match_by(draw, user)
    for mapping in (user, group):
        if draw(st.integers(0, 3)) == 0:
            mapping["scope"] = {
                "groups": [_filter(draw, mapping is user)],
                "categoryFilterGroups": [],
                "inputFilterGroups": [],
            }
        if draw(st.integers(0, 4)) == 0:
            actions = draw(st.sets(st.sampled_from(["Add", "Update", "Delete"])))
            mapping["flowTypes"] = ",".join(sorted(actions)) or "None"
    if draw(st.integers(0, 5)) == 0:
        group["enabled"] = not group["enabled"]
    return document


def _edit_row(draw: st.DrawFn, mapping: dict[str, Any], target: str) -> None:
    rows = mapping["attributeMappings"]
    row = next((item for item in rows if item["targetAttributeName"] == target), None)
    if row is not None and not row["matchingPriority"] and target != "userName" and draw(st.integers(0, 3)) == 0:
        rows.remove(row)
        return
    if row is None:
        row = {"targetAttributeName": target, "matchingPriority": 0, "defaultValue": None}
        rows.append(row)
    row["flowType"] = draw(st.sampled_from(["Always", "Always", "ObjectAddOnly", "AttributeAddOnly"]))
    row["flowBehavior"] = draw(st.sampled_from(["FlowWhenChanged", "FlowWhenChanged", "FlowAlways"]))
    row["defaultValue"] = draw(st.sampled_from([None, None, "a default"])) if target != "active" else None
    if target == "userName":
        text = draw(
            st.sampled_from(["[userPrincipalName]", "ToUpper([userPrincipalName])", "[mail]", "[mailNickname]"])
        )
    elif target == "active":
        text = draw(st.sampled_from([EXPRESSIONS[6], EXPRESSIONS[7], "[accountEnabled]"]))
    else:
        text = draw(st.one_of(st.sampled_from(EXPRESSIONS), st.sampled_from([f"[{name}]" for name in ATTRIBUTES])))
    kind = "Attribute" if text.startswith("[") else "Function"
    row["source"] = {"expression": text, "name": text.strip("[]"), "type": kind, "parameters": []}


def _match_by(draw: st.DrawFn, mapping: dict[str, Any]) -> None:
    rows = mapping["attributeMappings"]
    names = draw(st.lists(st.sampled_from(MATCHES), min_size=1, max_size=2, unique=True))
    known = {row["targetAttributeName"]: row for row in rows}
    wanted = [name for name in names if name in known] or ["userName"]
    for row in rows:
        row["matchingPriority"] = (
            wanted.index(row["targetAttributeName"]) + 1 if row["targetAttributeName"] in wanted else 0
        )


def _filter(draw: st.DrawFn, is_user: bool) -> dict[str, Any]:
    operator = draw(st.sampled_from(OPERATORS))
    attribute = draw(
        st.sampled_from(["department", "city", "employeeId"] if is_user else ["displayName", "description"])
    )
    values = {"IS NULL": [], "IS NOT NULL": [], "Greater_Than": ["8"]}.get(
        operator, [draw(st.sampled_from(["Research", "Team"]))]
    )
    clause = {"sourceOperandName": attribute, "operatorName": operator, "targetOperand": {"values": values}}
    return {"name": "filter", "clauses": [clause]}


class Case:
    """What one example is about. No dataclass, so that hypothesis prints it by its `repr`."""

    def __init__(self, *, image: DirectoryImage, now: JobSettings, change: JobSettings) -> None:
        self.image = image
        self.now = now
        self.change = change

    def __repr__(self) -> str:
        """Return what differs from the template; the whole documents are too large to read."""
        people = [{**dict(user.attributes), "manager": user.manager} for user in self.image.users]
        groups = [(dict(group.attributes), group.members) for group in self.image.groups]
        assigned = [(one.principal, one.role) for one in self.image.assignments]
        states = [_short(state) for state in (self.now, self.change)]
        return f"\nusers={people}\ngroups={groups}\nassigned={assigned}\nnow={states[0]}\nchange={states[1]}"


def _short(state: JobSettings) -> str:
    plain = {
        item["sourceObjectName"]: item for item in template_schema("job")["synchronizationRules"][0]["objectMappings"]
    }
    found = [repr(replace(state, document={}))]
    for mapping in state.document["synchronizationRules"][0]["objectMappings"]:
        base = plain[mapping["sourceObjectName"]]
        found.append(
            f"{mapping['sourceObjectName']} {mapping['flowTypes']} {mapping['enabled']} {mapping.get('scope')}"
        )
        rows = {row["targetAttributeName"]: row for row in base["attributeMappings"]}
        kept = {row["targetAttributeName"] for row in mapping["attributeMappings"]}
        found += [f"  - {name}" for name in rows if name not in kept]
        for row in mapping["attributeMappings"]:
            former = rows.get(row["targetAttributeName"])
            if former is None or any(former.get(key) != row.get(key) for key in row):
                source = row["source"]["expression"]
                found.append(
                    f"  {row['targetAttributeName']} <- {source} m{row['matchingPriority']} {row.get('flowType')} "
                    f"{row.get('flowBehavior')} {row.get('defaultValue')}"
                )
    return "\n".join(found)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    image = draw(images())
    document = draw(schemas())
    now = JobSettings(
        document=document,
        sync_all=draw(st.sampled_from([False, True, True])),
        dialect=draw(st.sampled_from(list(Dialect))),
    )
    principals = [item.object_id for item in (*image.users, *image.groups)]
    assigned = {item.principal for item in image.assignments}
    free = [one for one in principals if one not in assigned]
    keeps_schema = draw(st.integers(0, 3)) == 0
    change = JobSettings(
        document=document if keeps_schema else draw(schemas(base=document)),
        sync_all=now.sync_all if keeps_schema else draw(st.booleans()),
        dialect=now.dialect if keeps_schema else draw(st.sampled_from(list(Dialect))),
        skips_out_of_scope_deletions=not keeps_schema and draw(st.integers(0, 3)) == 0,
        threshold=None if keeps_schema else draw(st.sampled_from([None, None, 0, 1, 3])),
        assigned=tuple(draw(st.lists(st.sampled_from(free), unique=True, max_size=2))) if free else (),
        unassigned=tuple(draw(st.lists(st.sampled_from(sorted(assigned)), unique=True, max_size=2)))
        if assigned
        else (),
    )
    return Case(image=image, now=now, change=change)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the real run did: (type, id) → kind and changes; requests by method, probes included."""

    kinds: Mapping[tuple[str, str], Kind]
    changes: Mapping[tuple[str, str], tuple[tuple[str, str | None, str | None], ...]]
    requests: Mapping[str, int]
    is_initial: bool
    holds: bool
    strays: frozenset[str] = frozenset()


class RealRun:
    """A World with the directory, driven as an administrator would."""

    def __init__(self, image: DirectoryImage) -> None:
        self.image = image
        self.world = World.open(start=START, seed="plan")
        self.simulator = self.world.simulator
        assert self.world.tapt is not None
        self.tapt = self.world.tapt
        self.application = self.simulator.applications.create("Tapt")
        for role in dict.fromkeys(item.role for item in image.assignments if item.role):
            self.simulator.applications.add_role(self.application, role, role)
        self.simulator.directory.import_image(image)
        self._token = self.tapt.generate_token()

    def settle(self, state: JobSettings, *, with_schema: bool) -> None:
        provisioning, application = self.simulator.provisioning, self.application
        flag = "" if state.dialect is Dialect.DEFAULT else f"?{state.dialect}"
        provisioning.save_credentials(application, self._token.url + flag, self._token.secret)
        provisioning.set_scope(application, "all" if state.sync_all else "assigned")
        provisioning.set_skip_out_of_scope_deletions(application, state.skips_out_of_scope_deletions)
        provisioning.set_accidental_deletion_prevention(application, state.threshold is not None, state.threshold or 0)
        for principal in state.unassigned:
            self.simulator.applications.unassign(application, principal)
        for principal in state.assigned:
            self.simulator.applications.assign(application, principal)
        if with_schema:
            provisioning.put_schema(application, state.document)

    def start(self) -> None:
        self.simulator.provisioning.set_mode(self.application, "Automatic")
        self.simulator.provisioning.start(self.application)
        self.world.advance(timedelta(0))

    def truth(self, carry_out: Any) -> Truth:
        """Return what happens when something is done and time goes on to the next cycle."""
        logged = {entry.entry_id for entry in self.simulator.queries.logs(self.application)}
        sent = self.world.exchanges()[-1].sequence if self.world.exchanges() else 0
        links = {(link.object_type, link.source_anchor) for link in self.simulator.queries.links(self.application)}
        members = {group["id"]: {one["value"] for one in group.get("members", ())} for group in self.tapt.groups()}
        owners = self._owners()
        carry_out()
        self.world.advance(timedelta(0))
        is_initial = self.simulator.queries.job(self.application).last_execution.kind == "initial"  # type: ignore[union-attr]
        if len(self.world.exchanges(sent)) == 0:
            self.world.advance(timedelta(minutes=40))
            is_initial = self.simulator.queries.job(self.application).last_execution.kind == "initial"  # type: ignore[union-attr]
        owners |= self._owners()
        records: dict[tuple[str, str], list[ProvisioningLogEntry]] = {}
        for entry in self.simulator.queries.logs(self.application):
            if entry.entry_id not in logged:
                records.setdefault((entry.object_type, entry.source_id), []).append(entry)
        now = {(link.object_type, link.source_anchor) for link in self.simulator.queries.links(self.application)}
        kinds, changes = {}, {}
        for key in {*records, *now, *links}:
            kinds[key] = _kind(records.get(key, []), key in links, key in now)
            changes[key] = _changes(records.get(key, []), owners, members)
            if kinds[key] is Kind.UPDATED and not changes[key]:
                kinds[key] = Kind.UNCHANGED  # members that are there already are written again
        requests = Counter(record.call.method for record in self.world.exchanges(sent))
        linked = set(self._owners())
        strays = {item["id"] for item in (*self.tapt.users(), *self.tapt.groups()) if item["id"] not in linked}
        return Truth(
            kinds=kinds,
            changes=changes,
            requests=dict(requests),
            is_initial=is_initial,
            holds=bool(self.simulator.queries.held_removals(self.application)),
            strays=frozenset(strays),
        )

    def _owners(self) -> dict[str, str]:
        names = {user.object_id: user.user_principal_name for user in self.image.users}
        names |= {group.object_id: group.display_name for group in self.image.groups}
        links = self.simulator.queries.links(self.application)
        return {link.target_anchor: names[link.source_anchor] for link in links}


def _kind(records: list[ProvisioningLogEntry], was_linked: bool, is_linked: bool) -> Kind:
    otherwise = Kind.UNCHANGED if is_linked and was_linked else Kind.TAKEN_OVER if is_linked else Kind.LEFT_ALONE
    if not records:
        return otherwise
    failed = next((record for record in records if record.status == "Failure"), None)
    if failed is not None:
        assert failed.error is not None
        if failed.error.code.startswith("Duplicate"):
            return Kind.AMBIGUOUS
        return (
            Kind.EXPRESSION_ERROR
            if failed.error.code == "InternalError" and "mapping of" in failed.error.reason
            else Kind.FAILED
        )
    record = records[0]
    by_action = {"Create": Kind.CREATED, "Delete": Kind.DELETED, "Disable": Kind.DISABLED}
    if record.action == "StagedDelete":
        return Kind.HELD
    if record.status == "Success" and record.action in by_action:
        return by_action[record.action]
    if any(one.status in ("Success", "Warning") for one in records):
        if not was_linked:
            return Kind.TAKEN_OVER
        values = [
            item.new_value for one in records for item in one.modified_properties if item.display_name == "active"
        ]
        return Kind.RE_ENABLED if any(str(value).lower() == "true" for value in values) else Kind.UPDATED
    if record.skip_reason == "RedundantExport":
        return otherwise
    if record.skip_reason == "NotEffectivelyEntitled":
        return Kind.OUT_OF_SCOPE
    return Kind.TAKEN_OVER if is_linked and not was_linked else Kind.LEFT_ALONE


def _changes(
    records: list[ProvisioningLogEntry], owners: Mapping[str, str], members: Mapping[str, set[str]]
) -> tuple[tuple[str, str | None, str | None], ...]:
    found = []
    for record in records:
        if record.status == "Skipped":
            continue
        for item in record.modified_properties:
            old, new = item.old_value, item.new_value
            if item.display_name == "members" and new in members.get(record.target_id, ()):
                continue
            if item.display_name == "members" or item.display_name.endswith(":manager"):
                old, new = (None if one is None else owners.get(one, one) for one in (old, new))
            found.append((item.display_name, old, new))
    return tuple(found)
