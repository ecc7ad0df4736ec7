"""A random walk through the life of a tenant, and what must be true at every rest on the way.

Everybody carries a number that never changes (`mailNickname`, sent as externalId), so that two accounts of one person
are seen whatever they are called. They are matched by a badge (`employeeId`). It changes only for those whom a create
with a lost answer left behind: the rules give them a second account (`Walk.left_behind`, ENG-278).
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import rule
from lab import DOMAIN
from lab import START
from lab import Killed
from lab import Lab

from entra_sim.mock_tapt.faults import Fault
from entra_sim.scenarios.world import PUBLIC_URL
from entra_sim.scenarios.world import SIMULATOR_DATABASE
from entra_sim.scenarios.world import TAPT_DATABASE
from entra_sim.scenarios.world import World
from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MOST_PEOPLE, MOST_GROUPS = 9, 4
TEXTS = ("Chief", "chief", "Clerk", "Ærø", "")
COMPARED = {
    "userPrincipalName": ("userName",),
    "displayName": ("displayName",),
    "jobTitle": ("title",),
    "givenName": ("name", "givenName"),
    "surname": ("name", "familyName"),
    "employeeId": (ENTERPRISE, "employeeNumber"),
    "department": (ENTERPRISE, "department"),
}

picks = st.integers(min_value=0, max_value=40)
texts = st.sampled_from(TEXTS)
EDITED = ("jobTitle", "givenName", "surname", "department", "displayName")
BOXES = ("create", "update", "delete")
KINDS = ("User", "Group")
SCOPES = (None, ["Full"], ["Watermark"], ["Escrows"], ["ConnectorDataStore"], ["ForceDeletes"])
FAULTS: tuple[dict[str, Any], ...] = (
    {"method": "POST", "status": 500},
    {"method": "POST", "status": 422},
    {"method": "POST", "cut": "before"},
    {"method": "POST", "cut": "after"},
    {"method": "PATCH", "status": 503},
    {"method": "PATCH", "cut": "after"},
    {"method": "DELETE", "cut": "after"},
    {"method": "DELETE", "status": 500},
    {"method": "GET", "path": "/Users/*", "status": 500},
    {"method": "GET", "path": "/Users", "duplicate_match": True},
    {"method": "GET", "path": "/Groups*", "delay_s": 70.0},
    {"method": "*", "status": 429, "retry_after_s": 30.0},
)


class Walk(RuleBasedStateMachine):
    """One tenant, its Tapt, and everything that can happen to both."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="entra-sim-walk-"))
        self.ids, self.tapt_ids = CountedIds(), CountedIds(side=1)
        self.made = 0
        self.settings = Settings(page_size=3, recycle_bin_days=2.0)
        self.checked_log = 0
        self.left_behind: set[str] = set()
        """Numbers of those who may have two accounts: their create went out, its answer was lost, and all that they are
        matched by changed before the retry, which looks for them as they are now. Source: ENG-160, ENG-278."""

    @initialize(workers=st.sampled_from((1, 1, 3)), members=st.sampled_from((100, 1)))
    def begin(self, workers: int, members: int) -> None:
        """Open the World; the employee number matches, then the userName."""
        self.settings = replace(self.settings, workers=workers, members_per_patch=members)
        self.lab = Lab(world=self._open(START))
        self.lab.unmap(f"{ENTERPRISE}:employeeNumber")
        self.lab.map(f"{ENTERPRISE}:employeeNumber", source="employeeId", matching_precedence=3)
        self.lab.edit_row("userName", matching_precedence=2)
        self.lab.edit_row(f"{ENTERPRISE}:employeeNumber", matching_precedence=1)
        for _ in range(3):
            self.hire(assigned=True, text="Clerk", boss=0)
        self.found_group(members=3, assigned=True)
        self.lab.start()

    def _open(self, at: datetime) -> World:
        return World(
            simulator_database=Database.open(self.folder / SIMULATOR_DATABASE),
            tapt_database=self.folder / TAPT_DATABASE,
            clock=VirtualClock(at),
            ids=self.ids,
            tapt_ids=self.tapt_ids,
            settings=self.settings,
            transport="wsgi",
            seed="walk",
            public_url=PUBLIC_URL,
        )

    # -- the directory -------------------------------------------------------------------------------------------

    def _people(self) -> list[User]:
        return sorted(self.lab.sim.directory.users(), key=lambda user: user.object_id)

    def _groups(self) -> list[Group]:
        return sorted(self.lab.sim.directory.groups(), key=lambda group: group.object_id)

    def _person(self, pick: int) -> User | None:
        people = self._people()
        return people[pick % len(people)] if people else None

    def _group(self, pick: int) -> Group | None:
        groups = self._groups()
        return groups[pick % len(groups)] if groups else None

    def _binned(self) -> list[User]:
        return sorted(self.lab.sim.directory.users(deleted=True), key=lambda user: user.object_id)

    @rule(assigned=st.booleans(), text=texts, boss=picks)
    def hire(self, assigned: bool, text: str, boss: int) -> None:
        """Create a person."""
        if len(self._people()) + len(self._binned()) >= MOST_PEOPLE:
            return
        self.made += 1
        manager = self._person(boss)
        facts: dict[str, Any] = {"manager": manager.object_id} if manager is not None and boss % 2 else {}
        self.lab.person(
            f"p{self.made}",
            assigned=assigned,
            employeeId=f"E{self.made}",
            jobTitle=text,
            companyName=("In", "Out")[boss % 3 == 0],
            **facts,
        )

    @rule(pick=picks, name=st.sampled_from(EDITED), text=texts)
    def edit(self, pick: int, name: str, text: str) -> None:
        """Change or clear an attribute."""
        person = self._person(pick)
        if person is not None and (text or name != "displayName"):
            self.lab.sim.directory.update_user(person.object_id, {name: text})

    @rule(pick=picks)
    def rename(self, pick: int) -> None:
        """Give a person another UPN."""
        person = self._person(pick)
        if person is not None:
            self.made += 1
            self.lab.sim.directory.update_user(person.object_id, {"userPrincipalName": f"r{self.made}@{DOMAIN}"})

    @rule(renamed=st.booleans())
    def lose_an_answer(self, renamed: bool) -> None:
        """Let Tapt make the account of somebody new without a word, and give them another badge and UPN meanwhile."""
        before = self.made
        self.hire(assigned=True, text="Clerk", boss=1)
        if self.made == before:
            return
        self.misbehave({"method": "POST", "path": "/Users", "cut": "after"}, every=1)
        self.wait(40)
        self.heal()
        person = self.lab.sim.directory.user(f"p{self.made}@{DOMAIN}")
        waiting = {item.source_anchor for item in self.lab.sim.queries.escrows(self.lab.app)}
        if renamed and person.object_id in waiting:
            self.left_behind.add(str(person.attributes["mailNickname"]))
            self.made += 1
            facts = {"employeeId": f"E{self.made}", "userPrincipalName": f"r{self.made}@{DOMAIN}"}
            self.lab.sim.directory.update_user(person.object_id, facts)

    @rule(pick=picks, boss=picks)
    def promote(self, pick: int, boss: int) -> None:
        """Give a person another manager, or none."""
        person, manager = self._person(pick), self._person(boss)
        if person is not None and manager is not None:
            key = None if boss % 4 == 0 else manager.object_id
            self.lab.sim.directory.set_manager(person.object_id, key)

    @rule(pick=picks, enabled=st.booleans())
    def block(self, pick: int, enabled: bool) -> None:
        """Block or allow a sign-in."""
        person = self._person(pick)
        if person is not None:
            self.lab.sim.directory.update_user(person.object_id, {"accountEnabled": enabled})

    @rule(pick=picks)
    def move(self, pick: int) -> None:
        """Let a person pass or fail the filter that may be set."""
        person = self._person(pick)
        if person is not None:
            other = "Out" if person.attributes.get("companyName") == "In" else "In"
            self.lab.sim.directory.update_user(person.object_id, {"companyName": other})

    @rule(pick=picks)
    def leave(self, pick: int) -> None:
        """Soft-delete a person."""
        person = self._person(pick)
        if person is not None:
            self.lab.sim.directory.delete_user(person.object_id)

    @rule(pick=picks)
    def come_back(self, pick: int) -> None:
        """Restore somebody from the recycle bin."""
        binned = self._binned()
        if binned:
            self.lab.sim.directory.restore_user(binned[pick % len(binned)].object_id)

    @rule(pick=picks)
    def purge(self, pick: int) -> None:
        """Delete somebody for good, from the bin if anybody is there."""
        binned = self._binned() or self._people()
        if binned:
            self.lab.sim.directory.purge_user(binned[pick % len(binned)].object_id)

    @rule(members=picks, assigned=st.booleans())
    def found_group(self, members: int, assigned: bool) -> None:
        """Create a group with a few members."""
        if len(self._groups()) < MOST_GROUPS:
            self.made += 1
            keys = [person.object_id for number, person in enumerate(self._people()) if number < members % 5]
            name = f"Group {self.made}"
            self.lab.sim.directory.create_group({"displayName": name}, keys)
            if assigned:
                self.lab.sim.applications.assign(self.lab.app, name)

    @rule(pick=picks)
    def dissolve(self, pick: int) -> None:
        """Delete a group."""
        group = self._group(pick)
        if group is not None:
            self.lab.sim.directory.delete_group(group.object_id)

    @rule(pick=picks, who=picks)
    def join_or_leave(self, pick: int, who: int) -> None:
        """Add a person or a group to a group, or take it out."""
        group = self._group(pick)
        member = self._group(who) if who % 5 == 0 else self._person(who)
        if group is None or member is None or member.object_id == group.object_id:
            return
        if member.object_id in group.member_ids:
            self.lab.sim.directory.remove_members(group.object_id, [member.object_id])
        else:
            self.lab.sim.directory.add_members(group.object_id, [member.object_id])

    @rule(pick=picks, secure=st.booleans())
    def edit_group(self, pick: int, secure: bool) -> None:
        """Rename a group and switch what makes it entitle."""
        group = self._group(pick)
        if group is not None:
            self.made += 1
            facts = {"displayName": f"Group {self.made}", "securityEnabled": secure or pick % 2 == 0}
            self.lab.sim.directory.update_group(group.object_id, facts)

    # -- the application -----------------------------------------------------------------------------------------

    @rule(pick=picks, is_group=st.booleans())
    def assign_or_unassign(self, pick: int, is_group: bool) -> None:
        """Assign somebody, or take the assignment away."""
        principal = self._group(pick) if is_group else self._person(pick)
        if principal is None:
            return
        applications = self.lab.sim.applications
        held = {item.principal_id for item in applications.assignments(self.lab.app)}
        act = applications.unassign if principal.object_id in held else applications.assign
        act(self.lab.app, principal.object_id)

    @rule(scope=st.sampled_from(("all", "assigned", "assigned")))
    def set_scope(self, scope: str) -> None:
        """Change the scope; it takes a restart to have its full effect."""
        self.lab.sim.provisioning.set_scope(self.lab.app, scope)

    @rule(on=st.booleans())
    def filter(self, on: bool) -> None:
        """Set or remove a scoping filter."""
        self.lab.filter(*([("companyName", "EQUALS", "In")] if on else []))

    @rule(what=st.sampled_from(("title", "displayName", "name.givenName")), apply=st.sampled_from((0, 1)))
    def edit_mapping(self, what: str, apply: int) -> None:
        """Change when a row is applied."""
        self.lab.edit_row(what, apply=("Always", "Only during object creation")[apply])

    @rule(box=st.sampled_from(BOXES), on=st.booleans(), kind=st.sampled_from(KINDS))
    def tick_box(self, box: str, on: bool, kind: str) -> None:
        """Set a target object action."""
        self.lab.actions(kind, **{box: on})

    @rule(on=st.booleans())
    def enable_groups(self, on: bool) -> None:
        """Switch the group mapping."""
        self.lab.sim.provisioning.set_object_mapping_enabled(self.lab.app, "Group", enabled=on)

    @rule(on=st.booleans(), threshold=st.sampled_from((0, 1, 2)))
    def prevent_deletion(self, on: bool, threshold: int) -> None:
        """Switch accidental deletion prevention."""
        self.lab.sim.provisioning.set_accidental_deletion_prevention(self.lab.app, on, threshold)

    @rule(on=st.booleans())
    def skip_deletions(self, on: bool) -> None:
        """Switch SkipOutOfScopeDeletions."""
        self.lab.sim.provisioning.set_skip_out_of_scope_deletions(self.lab.app, on)

    @rule(scopes=st.sampled_from(SCOPES))
    def restart(self, scopes: list[str] | None) -> None:
        """Restart provisioning."""
        self.lab.sim.provisioning.restart(self.lab.app, scopes)
        self.lab.run()

    @rule(on=st.booleans())
    def start_or_stop(self, on: bool) -> None:
        """Start or stop provisioning."""
        service = self.lab.sim.provisioning
        (service.start if on else service.stop)(self.lab.app)
        self.lab.run()

    @rule(pick=picks)
    def unlink(self, pick: int) -> None:
        """Drop an object connection while the job is stopped."""
        links = self.lab.sim.queries.links(self.lab.app)
        if links and self.lab.job.schedule is not ScheduleState.ACTIVE:
            anchor = links[pick % len(links)].source_anchor
            self.lab.sim.provisioning.delete_object_connection(self.lab.app, anchor)

    @rule(pick=picks, is_group=st.booleans())
    def demand(self, pick: int, is_group: bool) -> None:
        """Provision somebody on demand."""
        principal = self._group(pick) if is_group else self._person(pick)
        rules = self.lab.sim.provisioning.get_schema(self.lab.app)["synchronizationRules"]
        has_groups = any(item["enabled"] for item in rules[0]["objectMappings"] if item["sourceObjectName"] == "Group")
        if principal is not None and (has_groups or not is_group):
            self.lab.sim.provisioning.provision_on_demand(self.lab.app, principal.object_id)

    # -- the target and the network ------------------------------------------------------------------------------

    @rule(fault=st.sampled_from(FAULTS), every=st.sampled_from((1, 2, 3)))
    def misbehave(self, fault: dict[str, Any], every: int) -> None:
        """Let Tapt fail each n-th request of a kind."""
        self.lab.tapt.faults.clear()
        self.lab.tapt.faults.add(Fault(**fault, every=every))

    @rule()
    def heal(self) -> None:
        """Let Tapt behave."""
        self.lab.heal()

    @rule(pick=picks, text=st.sampled_from(("Drifted", None)))
    def edit_by_hand(self, pick: int, text: str | None) -> None:
        """Change an account in Tapt by hand."""
        users = self.lab.tapt.users()
        if users:
            self.lab.tapt.edit_by_hand(users[pick % len(users)]["userName"], {"title": text})

    @rule(pick=picks)
    def delete_by_hand(self, pick: int) -> None:
        """Delete an account in Tapt by hand."""
        users = self.lab.tapt.users()
        if users and pick % 3 == 0:
            self.lab.tapt.delete_by_hand(users[pick % len(users)]["userName"])

    @rule(valid=st.booleans())
    def token(self, valid: bool) -> None:
        """Revoke the token, or save a fresh one."""
        if valid:
            self.lab.credentials()
        else:
            self.lab.tapt.revoke_token()

    # -- time ----------------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from((10, 40, 40, 40, 120, 720, 3000)))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.lab.run(timedelta(minutes=minutes))

    @rule(nth=st.integers(min_value=1, max_value=8), when=st.sampled_from(("before", "after")))
    def kill(self, nth: int, when: str) -> None:
        """Let the process die while it sends, and start it again over its files."""
        seen = 0

        def verdict(call: Any) -> str:
            nonlocal seen
            seen += 1
            return when if seen == nth else ""

        self._check_records()
        connect = self.lab.sim.core.connect
        self.lab.crash_sends(verdict)
        try:
            self.lab.cycle()
        except Killed:
            self._reopen()
        else:
            self.lab.sim.core.connect = connect

    @rule()
    def restart_process(self) -> None:
        """Stop the process between two cycles and start it again."""
        self._check_records()
        self._reopen()

    def _reopen(self) -> None:
        at, app = self.lab.world.clock.now(), self.lab.app
        self.lab.world.close()
        self.lab.reopen(self._open(at), app)
        logs = self.lab.sim.queries.logs(app)
        self.checked_log = logs[-1].sequence if logs else 0

    # -- what must be true ---------------------------------------------------------------------------------------

    @rule()
    def rest(self) -> None:
        """Heal everything, restart, let a quiet cycle pass, and look at both sides."""
        lab = self.lab
        lab.heal()
        lab.credentials()
        lab.sim.provisioning.restart(lab.app)
        lab.run()
        lab.cycle()
        self._check_records()
        lab.look()
        lab.cycle(2)
        sent = lab.sent()
        assert not [text for text in sent if not text.endswith("?probe")], sent
        self._check_accounts()

    def _check_records(self) -> None:
        """Everything that was written has its record, and every record of a success its write."""
        lab = self.lab
        entries = lab.sim.queries.logs(lab.app, self.checked_log)
        self.checked_log = entries[-1].sequence if entries else self.checked_log
        by_request = {sequence: entry for entry in entries for sequence in entry.request_sequences}
        exchanges = {item.sequence: item for item in lab.exchanges()}
        for sequence, item in exchanges.items():
            is_done = 200 <= item.reply.status < 300 or (item.call.method == "DELETE" and item.reply.status == 404)
            if item.call.method == "GET" or not is_done:
                continue
            entry = by_request[sequence]
            if item.call.method == "POST" and entry.status == "Success":
                assert entry.action == "Create"
                assert entry.target_id.encode() in item.reply.body
            elif item.call.method == "DELETE":
                assert (entry.action, entry.status) == ("Delete", "Success")
        for entry in entries:
            writes = [n for n in entry.request_sequences if n in exchanges and exchanges[n].call.method != "GET"]
            if entry.skip_reason == "NotEffectivelyEntitled":
                assert not entry.request_sequences, entry
            elif entry.status == "Skipped":
                assert not writes, entry
            elif entry.status == "Success" and "Recovered" not in entry.steps[-1].details:
                assert writes, entry

    def _check_accounts(self) -> None:
        lab = self.lab
        accounts = {user["id"]: user for user in lab.tapt.users()}
        numbers = Counter(str(account.get("externalId")) for account in accounts.values())
        assert not {number for number, count in numbers.items() if count > 1} - self.left_behind, numbers
        links = lab.sim.queries.links(lab.app)
        assert len({(link.object_type, link.target_anchor) for link in links}) == len(links)
        waiting = {item.source_anchor for item in lab.sim.queries.escrows(lab.app)}
        held = {anchor for _kind, anchor in lab.sim.queries.held_removals(lab.app)}
        by_source = {link.source_anchor: link for link in links}
        inside = self._inside()
        for person in [*self._people(), *self._binned()]:
            link = by_source.get(person.object_id)
            if link is None or person.object_id in waiting | held:
                continue
            if person.object_id in inside:
                if self._updates("User"):
                    self._check_inside(person, link, accounts[link.target_anchor], by_source)
            elif person.deleted_at is None and self._updates("User") and not self._skips():
                account = accounts.get(link.target_anchor)  # None: deleted by hand, and nobody looks any more
                assert account is None or account["active"] is False, person
        if self._is_enabled("Group"):
            self._check_groups(by_source, waiting | held)

    def _check_inside(
        self, person: User, link: SyncEntry, account: dict[str, Any], links: dict[str, SyncEntry]
    ) -> None:
        assert account["active"] is True, person
        assert link.is_managed
        always = {row["targetAttributeName"] for row in self._rows("User") if row["flowType"] == "Always"}
        for name, path in COMPARED.items():
            wanted, target = person.attributes.get(name), _target(path)
            if wanted and target in always:
                assert str(_read(account, path)).casefold() == str(wanted).casefold(), (name, person, account)
        manager = links.get(person.manager_id or "")
        if manager is not None and manager.is_managed and manager.source_anchor in self._in_scope():
            assert _read(account, (ENTERPRISE, "manager", "value")) == manager.target_anchor, (person, account)

    def _check_groups(self, links: dict[str, SyncEntry], excepted: set[str]) -> None:
        shown = {group["id"]: group for group in self.lab.tapt.groups()}
        for group in self._groups():
            link = links.get(group.object_id)
            if link is None or group.object_id in excepted or not self._updates("Group"):
                continue
            if not self._is_entitled_group(group):
                continue
            assert shown[link.target_anchor]["displayName"] == group.display_name
            members = {item["value"] for item in shown[link.target_anchor].get("members", [])}
            for member_id in group.member_ids:
                member = links.get(member_id)
                is_named = member is not None and (member.object_type == "Group" or member_id in self._in_scope())
                if is_named and member.is_managed and self._still_there(member):
                    assert member.target_anchor in members, (group, member)

    def _still_there(self, link: SyncEntry) -> bool:
        """Return whether the account of a link is still in Tapt: deleted by hand, it cannot be a member."""
        held = [*self.lab.tapt.users(), *self.lab.tapt.groups()]
        return any(item["id"] == link.target_anchor for item in held)

    def _inside(self) -> set[str]:
        """Return the people in scope and active, worked out from the directory alone."""
        inside = self._in_scope()
        return {
            person.object_id
            for person in self._people()
            if person.object_id in inside and person.attributes.get("accountEnabled", True)
        }

    def _in_scope(self) -> set[str]:
        """Return the people who are entitled and pass the filters, blocked ones too."""
        everybody = self._people()
        if self.lab.job.configuration.sync_all:
            entitled = {person.object_id for person in everybody}
        else:
            assigned = {item.principal_id for item in self.lab.sim.applications.assignments(self.lab.app)}
            entitled = set(assigned)
            for group in self._groups():
                if group.object_id in assigned and group.attributes.get("securityEnabled", True):
                    entitled.update(group.member_ids)
        filters = self._mapping("User")["scope"]
        return {
            person.object_id
            for person in everybody
            if person.object_id in entitled and (not filters or person.attributes.get("companyName") == "In")
        }

    def _is_entitled_group(self, group: Group) -> bool:
        if self.lab.job.configuration.sync_all:
            return True
        assigned = {item.principal_id for item in self.lab.sim.applications.assignments(self.lab.app)}
        return group.object_id in assigned and bool(group.attributes.get("securityEnabled", True))

    def _mapping(self, kind: str) -> dict[str, Any]:
        rule_of = self.lab.sim.provisioning.get_schema(self.lab.app)["synchronizationRules"][0]
        found: dict[str, Any] = next(item for item in rule_of["objectMappings"] if item["sourceObjectName"] == kind)
        return found

    def _rows(self, kind: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._mapping(kind)["attributeMappings"]
        return rows

    def _updates(self, kind: str) -> bool:
        return "Update" in self._mapping(kind)["flowTypes"]

    def _is_enabled(self, kind: str) -> bool:
        return bool(self._mapping(kind)["enabled"])

    def _skips(self) -> bool:
        return self.lab.job.configuration.skip_out_of_scope_deletions

    def teardown(self) -> None:
        """Rest once more, then throw everything away."""
        try:
            if hasattr(self, "lab"):
                self.rest()
        finally:
            if hasattr(self, "lab"):
                self.lab.world.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def _read(resource: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = resource
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _target(path: tuple[str, ...]) -> str:
    return f"{path[0]}:{path[1]}" if path[0] == ENTERPRISE else ".".join(path)
