"""A World with mock Tapt in process, in few words: people by first name, requests and log lines as short texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from entra_sim.mock_tapt.faults import Fault
from entra_sim.scenarios.world import World
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.settings import Settings

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DOMAIN = "contoso.example"
INTERVAL = timedelta(minutes=40)


def upn(name: str) -> str:
    """Return the UPN of a first name; a whole UPN stays."""
    return name if "@" in name else f"{name}@{DOMAIN}"


class Lab:
    """One tenant, one application called "Tapt", one Tapt.

    Attributes:
        app: the application.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None, *, world: World | None = None) -> None:
        opened = world or World.open(start=START, settings=Settings(**(settings or {})), seed="tests")
        self.reopen(opened, opened.simulator.applications.create("Tapt"))
        self.credentials()

    def reopen(self, world: World, app: Application) -> None:
        """Go on with another World, over the files of the former one."""
        self.world = world
        self.sim = world.simulator
        assert world.tapt is not None
        self.tapt = world.tapt
        self.app = app
        self._seen_requests = 0
        self._seen_logs = 0

    def credentials(self, *, flagged: bool = False) -> None:
        """Save a fresh token of Tapt."""
        token = self.tapt.generate_token()
        url = f"{token.url}?aadOptscim062020" if flagged else str(token.url)
        self.sim.provisioning.save_credentials(self.app, url, token.secret)

    # -- directory -----------------------------------------------------------------------------------------------

    def person(self, name: str, *, assigned: bool = True, **attributes: Any) -> str:
        """Create a person, assigned directly unless told otherwise; returns the object id."""
        facts = {"userPrincipalName": upn(name), "displayName": name.title(), "mailNickname": name, **attributes}
        user = self.sim.directory.create_user(facts)
        if assigned:
            self.assign(name)
        return user.object_id

    def people(self, *names: str, assigned: bool = True) -> None:
        """Create several people."""
        for name in names:
            self.person(name, assigned=assigned)

    def group(self, name: str, *members: str, assigned: bool = True, **attributes: Any) -> str:
        """Create a group with members by name, assigned unless told otherwise; returns the object id."""
        keys = [self.key(member) for member in members]
        made = self.sim.directory.create_group({"displayName": name, **attributes}, keys)
        if assigned:
            self.sim.applications.assign(self.app, name)
        return made.object_id

    def key(self, name: str) -> str:
        """Return the key of a person by first name, or of a group by its name, which begins with a capital."""
        return name if name[:1].isupper() else upn(name)

    def assign(self, *names: str, role: str | None = None) -> None:
        """Assign people or groups."""
        for name in names:
            self.sim.applications.assign(self.app, self.key(name), role)

    def unassign(self, *names: str, role: str | None = None) -> None:
        """Take assignments away."""
        for name in names:
            self.sim.applications.unassign(self.app, self.key(name), role)

    def edit(self, name: str, **attributes: Any) -> None:
        """Change attributes of a person."""
        self.sim.directory.update_user(upn(name), attributes)

    def disable(self, name: str) -> None:
        """Block the sign-in of a person."""
        self.edit(name, accountEnabled=False)

    def enable(self, name: str) -> None:
        """Allow the sign-in of a person."""
        self.edit(name, accountEnabled=True)

    def delete(self, name: str) -> None:
        """Soft-delete a person."""
        self.sim.directory.delete_user(upn(name))

    def restore(self, name: str) -> None:
        """Take a person out of the recycle bin."""
        self.sim.directory.restore_user(upn(name))

    def purge(self, name: str) -> None:
        """Delete a person for good."""
        self.sim.directory.purge_user(upn(name))

    def id_of(self, name: str) -> str:
        """Return the object id of a person or group."""
        return self.sim.directory.principal(self.key(name)).object_id

    # -- configuration -------------------------------------------------------------------------------------------

    def without_groups(self) -> Lab:
        """Switch the group mapping off; returns the lab."""
        self.sim.provisioning.set_object_mapping_enabled(self.app, "Group", enabled=False)
        return self

    def filter(self, *clauses: tuple[str, str] | tuple[str, str, str], kind: str = "User") -> None:
        """Replace the scoping filters by one of these clauses: attribute, operator, value."""
        made = [
            {"attribute": item[0], "operator": item[1], **({"value": item[2]} if len(item) > 2 else {})}
            for item in clauses
        ]
        self.sim.provisioning.set_scoping_filters(self.app, kind, [{"title": "Scope", "clauses": made}] if made else [])

    def map(self, target: str, kind: str = "User", **row: Any) -> None:
        """Add an attribute mapping: source=, expression=, constant=, default=, apply=, ..."""
        words = {name.replace("_", " "): value for name, value in row.items()}
        self.sim.provisioning.add_attribute_mapping(self.app, kind, {"target": target, **words})

    def edit_row(self, target: str, kind: str = "User", **row: Any) -> None:
        """Change an attribute mapping."""
        words = {name.replace("_", " "): value for name, value in row.items()}
        self.sim.provisioning.edit_attribute_mapping(self.app, kind, target, words)

    def unmap(self, target: str, kind: str = "User") -> None:
        """Remove an attribute mapping."""
        self.sim.provisioning.remove_attribute_mapping(self.app, kind, target)

    def actions(self, kind: str = "User", **boxes: bool) -> None:
        """Set target object actions: create=, update=, delete=."""
        self.sim.provisioning.set_target_object_actions(self.app, kind, **boxes)

    def define(self, target: str, kind: str = "User", **facts: Any) -> None:
        """Change a row of the target's attribute list: type=, multivalued=, required=, caseExact=."""
        document = self.sim.provisioning.get_schema(self.app)
        names = {"User": "enterprise:2.0:User", "Group": "core:2.0:Group"}
        for directory in document["directories"]:
            for item in directory["objects"]:
                if directory["name"] == "customappsso" and item["name"].endswith(names[kind]):
                    rows = [row for row in item["attributes"] if row["name"] == target]
                    if not rows:
                        rows = [{"name": target, "type": "String"}]
                        item["attributes"].extend(rows)
                    rows[0].update(facts)
        self.sim.provisioning.put_schema(self.app, document)

    def settings(self, **values: Any) -> None:
        """Change settings of the running simulator."""
        self.sim.core.settings = replace(self.sim.core.settings, **values)

    def fault(self, **facts: Any) -> None:
        """Let Tapt misbehave from now on."""
        self.tapt.faults.add(Fault(**facts))

    def heal(self) -> None:
        """Take all faults away."""
        self.tapt.faults.clear()

    # -- time ----------------------------------------------------------------------------------------------------

    def start(self) -> Lab:
        """Start provisioning and run the initial cycle; returns the lab."""
        self.sim.provisioning.start(self.app)
        self.run()
        return self

    def restart(self, *scopes: str) -> None:
        """Restart with scopes, or as the portal does, and run the cycle."""
        self.sim.provisioning.restart(self.app, scopes or None)
        self.run()

    def run(self, span: timedelta = timedelta(0)) -> None:
        """Let time pass."""
        self.world.advance(span)

    def cycle(self, count: int = 1) -> None:
        """Let the interval pass, and with it a cycle."""
        self.run(INTERVAL * count)

    def crash_sends(self, when: Any) -> None:
        """Let the transport raise instead of giving a reply for calls that `when` picks; see `Killed`."""
        connect = self.sim.core.connect

        def broken(url: Any, authorization: Any) -> Any:
            return _Killing(connect(url, authorization), when)

        self.sim.core.connect = broken

    # -- what happened -------------------------------------------------------------------------------------------

    @property
    def job(self) -> SynchronizationJob:
        """Return the job."""
        return self.sim.queries.job(self.app)

    def exchanges(self) -> list[ExchangeRecord]:
        """Return the exchanges since the last look."""
        found = self.world.exchanges(self._seen_requests)
        self._seen_requests = found[-1].sequence if found else self._seen_requests
        return found

    def sent(self) -> list[str]:
        """Return the requests since the last look: "GET /Users?userName eq ada", "PATCH /Users/ada active=False"."""
        return [self._short(item) for item in self.exchanges()]

    def writes(self) -> list[str]:
        """Return what was written since the last look, lookups left out."""
        return [text for text in self.sent() if not text.startswith("GET")]

    def logs(self) -> list[ProvisioningLogEntry]:
        """Return the log records since the last look."""
        found = self.sim.queries.logs(self.app, self._seen_logs)
        self._seen_logs = found[-1].sequence if found else self._seen_logs
        return found

    def log(self) -> list[str]:
        """Return the log since the last look: "Create Success ada", "Create Skipped mia NotEffectivelyEntitled"."""
        return [
            " ".join(filter(None, (item.action, item.status, self.name(item.identity), item.code)))
            for item in self.logs()
        ]

    def look(self) -> None:
        """Let everything so far be seen."""
        self.exchanges()
        self.logs()

    def name(self, identity: str) -> str:
        """Return the short name of an identity."""
        return identity.removesuffix(f"@{DOMAIN}")

    def account(self, name: str) -> dict[str, Any] | None:
        """Return the Tapt user of a userName, or None."""
        return self.tapt.user(upn(name))

    def active(self) -> dict[str, bool]:
        """Return short userName → active of everybody in Tapt."""
        return {self.name(user["userName"]): bool(user["active"]) for user in self.tapt.users()}

    def members(self, group: str) -> list[str]:
        """Return the short names of the members that Tapt shows for a group, sorted."""
        found = self.tapt.group(group)
        assert found is not None
        names = self._names()
        return sorted(names.get(item["value"], item["value"]) for item in found.get("members", []))

    def links(self) -> dict[str, SyncEntry]:
        """Return links by the display name they were made with."""
        return {entry.display_name: entry for entry in self.sim.queries.links(self.app)}

    def link(self, name: str) -> SyncEntry | None:
        """Return the link of a person or group, or None."""
        wanted = self.id_of(name)
        return next((entry for entry in self.sim.queries.links(self.app) if entry.source_anchor == wanted), None)

    def escrows(self) -> list[tuple[str, str, int]]:
        """Return (name, code, retries made) of what waits."""
        names = {user.object_id: self.name(user.user_principal_name) for user in self.sim.directory.users()}
        names |= {group.object_id: group.display_name for group in self.sim.directory.groups()}
        return [
            (names.get(item.source_anchor, item.source_anchor), item.error_code, item.attempt_count)
            for item in self.sim.queries.escrows(self.app)
        ]

    def audit(self) -> list[str]:
        """Return the activities of the audit log, oldest first."""
        return [event.activity for event in self.sim.queries.audit()]

    def _names(self) -> dict[str, str]:
        names = {user["id"]: self.name(user["userName"]) for user in self.tapt.users()}
        return names | {group["id"]: group["displayName"] for group in self.tapt.groups()}

    def _short(self, item: ExchangeRecord) -> str:
        call, names = item.call, self._names()
        path = "/".join(names.get(part, part) for part in call.path.split("/"))
        text = f"{call.method} {path}"
        wanted = dict(call.query).get("filter")
        if wanted is not None:
            attribute, _, value = wanted.partition(" eq ")
            is_probe = call.provenance.purpose.startswith(("check the credentials", "Test Connection"))
            text += "?probe" if is_probe else f"?{attribute} eq {self.name(unquote(value.strip(chr(34))))}"
        if call.method == "POST" and call.body is not None:
            text += f" {self.name(str(call.body.get('userName') or call.body.get('displayName')))}"
        if call.method == "PATCH" and call.body is not None:
            text += "".join(f" {self._operation(one, names)}" for one in call.body["Operations"])
        return text

    def _operation(self, one: Mapping[str, Any], names: Mapping[str, str]) -> str:
        value = one.get("value")
        if isinstance(value, list):
            value = ",".join(names.get(part.get("value"), part.get("value") or str(part)) for part in value)
        path = str(one.get("path", "")).removeprefix("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:")
        shown = names.get(str(value), self.name(str(value)))
        return f"{one['op']}:{path}={shown}" if value is not None else f"{one['op']}:{path}"

    def close(self) -> None:
        """Close the World."""
        self.world.close()


class Killed(BaseException):
    """The process dies at this point."""


class _Killing:
    """A transport that dies instead of giving the reply: before or after the target has done the work."""

    def __init__(self, inner: Any, when: Any) -> None:
        self._inner = inner
        self._when = when

    def send(self, call: Any) -> Any:
        verdict = self._when(call)
        if verdict == "before":
            raise Killed
        reply = self._inner.send(call)
        if verdict == "after":
            raise Killed
        return reply

    def close(self) -> None:
        self._inner.close()
