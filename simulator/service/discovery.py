"""Discover identities: which accounts stand in the target, and whom they belong to. Reads only. Source: ENG-500."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import TargetIncompatible
from entra_sim.simulator.expressions import text_of
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import user_attributes
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.service.applications import ApplicationKey
from entra_sim.simulator.service.applications import ApplicationService
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.driving import Line
from entra_sim.simulator.service.driving import open_transport
from entra_sim.simulator.service.runs import RunBuilder

ACCOUNTS_PER_PAGE = 100
MOST_PAGES = 20_000


class AccountKind(StrEnum):
    """Whose account it is, in the words of the report."""

    LOCAL = "Local account"
    UNASSIGNED = "Unassigned user"
    ASSIGNED = "Assigned user"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredAccount:
    """One account of the target.

    Args:
        matching_value: what it holds in the matching attribute; "" for nothing.
        source_id, user_principal_name: the user it belongs to; "" for a local account.
    """

    kind: AccountKind
    target_id: str
    matching_value: str
    is_active: bool
    source_id: str = ""
    user_principal_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Every account of the target, in the target's order."""

    matching_attribute: str
    accounts: tuple[DiscoveredAccount, ...]

    def of_kind(self, kind: AccountKind) -> tuple[DiscoveredAccount, ...]:
        """Return the accounts of one kind."""
        return tuple(account for account in self.accounts if account.kind is kind)


class DiscoveryService:
    """Lists the target and compares it with the directory; neither is changed, nothing is logged."""

    def __init__(self, core: Core, applications: ApplicationService, builder: RunBuilder) -> None:
        self._core = core
        self._applications = applications
        self._builder = builder

    def discover(self, key: ApplicationKey) -> Discovery:
        """Return whose accounts stand in the target, matched by the first direct matching attribute.

        Raises:
            StateConflict: no credentials are saved, or no matching attribute is mapped directly.
            TargetError: the target cannot be listed.
        """
        application = self._applications.get(key)
        job = self._core.jobs.get(application.job_id)
        assert job is not None
        self._builder.tenant_url(job)
        row = _direct_row(self._builder.schema(job.job_id).user)
        owners = self._owners(job, application, row)
        line = open_transport(self._core, application, job.configuration)
        try:
            accounts = tuple(_account(resource, row, owners) for resource in _resources(line))
        finally:
            line.close()
        return Discovery(matching_attribute=row.row.target_attribute_name, accounts=accounts)

    def _owners(
        self, job: SynchronizationJob, application: Application, row: CompiledRow
    ) -> dict[str, tuple[str, str, bool]]:
        """Return matching value, without case → source id, UPN, whether assigned; of all living users."""
        store, sync_all = self._core.directory, job.configuration.sync_all
        owners: dict[str, tuple[str, str, bool]] = {}
        after = ""
        while page := store.user_ids_after(after, self._core.settings.page_size):
            after = page[-1]
            entitled = store.entitling_roles(application.application_id, page)
            for object_id, user in sorted(store.get_users(page).items()):
                read = user_attributes(user, knows_guests_by_mail=self._core.settings.guest_upn_from_mail)
                value = text_of(read.get(row.direct or ""))
                if value and user.presence is not Presence.SOFT_DELETED:
                    owner = (object_id, user.user_principal_name, sync_all or object_id in entitled)
                    owners.setdefault(value.casefold(), owner)
        return owners


def _direct_row(compiled: CompiledMapping) -> CompiledRow:
    for row in compiled.matching:
        if row.direct is not None:
            return row
    raise StateConflict("No matching attribute is mapped directly; discovery needs one (ENG-500).")


def _resources(line: Line) -> Iterator[dict[str, Any]]:
    """Yield every user of the target, page by page by index."""
    start, last = 1, ""
    for _ in range(MOST_PAGES):
        why = Provenance(purpose=f"discover accounts from {start} on", rules=("ENG-500",))
        query = (("startIndex", str(start)), ("count", str(ACCOUNTS_PER_PAGE)))
        page = responses.read_page(line.send(Call(method="GET", path="/Users", query=query, provenance=why)))
        if not page.resources:
            return
        if page.resources[0]["id"] == last:
            raise TargetIncompatible("The target gives the same accounts for every startIndex; it cannot be listed.")
        last = page.resources[0]["id"]
        yield from page.resources
        start += len(page.resources)
        if start > page.total_count:
            return
    raise TargetIncompatible(f"The target lists more than {MOST_PAGES} pages of accounts.")


def _account(resource: dict[str, Any], row: CompiledRow, owners: dict[str, tuple[str, str, bool]]) -> DiscoveredAccount:
    value = text_of(row.path.read(resource)) or ""
    owner = owners.get(value.casefold()) if value else None
    is_active = resource.get("active") is not False
    if owner is None:
        return DiscoveredAccount(
            kind=AccountKind.LOCAL, target_id=resource["id"], matching_value=value, is_active=is_active
        )
    source_id, upn, is_assigned = owner
    return DiscoveredAccount(
        kind=AccountKind.ASSIGNED if is_assigned else AccountKind.UNASSIGNED,
        target_id=resource["id"],
        matching_value=value,
        is_active=is_active,
        source_id=source_id,
        user_principal_name=upn,
    )
