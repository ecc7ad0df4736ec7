"""What a Tapt administrator does by hand, under the same rules as the API: noted in the journal, but no exchange."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from entra_sim.mock_tapt.errors import ScimError
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.journal import HandEdit
from entra_sim.mock_tapt.journal import Journal
from entra_sim.mock_tapt.resources import Resources
from entra_sim.mock_tapt.schema import CORE_GROUP
from entra_sim.mock_tapt.schema import CORE_USER
from entra_sim.mock_tapt.schema import GROUP
from entra_sim.mock_tapt.schema import PATCH_OP
from entra_sim.mock_tapt.schema import USER
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.store import Row
from entra_sim.mock_tapt.store import Store

ADMINISTRATOR = "a Tapt administrator"


class HandEdits:
    """The part of `Tapt` that stands for people at its dashboard."""

    store: Store
    resources: Resources
    journal: Journal
    lock: threading.RLock
    now: Callable[[], datetime]

    @property
    def shown_url(self) -> str:
        """Return what `meta.location` starts with when no request says it."""
        raise NotImplementedError

    def add_profile(self, resource: Mapping[str, Any], *, who: str = ADMINISTRATOR) -> dict[str, Any]:
        """Add a user by hand and return it.

        Raises:
            TaptError: it is refused, as the API would refuse it.
        """
        return self._add(USER, CORE_USER, resource, who)

    def add_group(self, resource: Mapping[str, Any], *, who: str = ADMINISTRATOR) -> dict[str, Any]:
        """Add a group by hand and return it; see `add_profile`."""
        return self._add(GROUP, CORE_GROUP, resource, who)

    def _add(self, kind: ResourceType, urn: str, resource: Mapping[str, Any], who: str) -> dict[str, Any]:
        body = {"schemas": [urn], **resource}
        with self.lock:
            row = self._by_hand(
                who, "added", kind, str(body.get(kind.name_attribute, "")),
                lambda: self.resources.create(kind, body, who=who, origin="manual"),
            )  # fmt: skip
            assert row is not None
            return self.resources.shown(row, self.shown_url)

    def edit_by_hand(self, user_name: str, changes: Mapping[str, Any], *, who: str = ADMINISTRATOR) -> dict[str, Any]:
        """Set SCIM paths of a user, None clears; return the user.

        Raises:
            TaptError: nobody has this userName, or a change is refused.
        """
        return self._edit(USER, user_name, changes, who)

    def edit_group_by_hand(
        self, display_name: str, changes: Mapping[str, Any], *, who: str = ADMINISTRATOR
    ) -> dict[str, Any]:
        """Set SCIM paths of a group, None clears; see `edit_by_hand`."""
        return self._edit(GROUP, display_name, changes, who)

    def _edit(self, kind: ResourceType, name: str, changes: Mapping[str, Any], who: str) -> dict[str, Any]:
        operations = [
            {"op": "remove", "path": path} if value is None else {"op": "replace", "path": path, "value": value}
            for path, value in changes.items()
        ]
        body = {"schemas": [PATCH_OP], "Operations": operations}
        with self.lock:
            held = self._held(kind, name)
            row = self._by_hand(who, "changed", kind, name, lambda: self.resources.patch(held, body, who=who))
            assert row is not None
            return self.resources.shown(row, self.shown_url)

    def delete_by_hand(self, user_name: str, *, who: str = ADMINISTRATOR) -> None:
        """Delete a user.

        Raises:
            TaptError: nobody has this userName.
        """
        self._delete(USER, user_name, who)

    def delete_group_by_hand(self, display_name: str, *, who: str = ADMINISTRATOR) -> None:
        """Delete a group; see `delete_by_hand`."""
        self._delete(GROUP, display_name, who)

    def _delete(self, kind: ResourceType, name: str, who: str) -> None:
        with self.lock:
            held = self._held(kind, name)
            self._by_hand(who, "deleted", kind, name, lambda: self.resources.delete(held, who=who))

    def _held(self, kind: ResourceType, name: str) -> Row:
        row = self.store.by_name(kind.name, name)
        if row is None:
            raise TaptError(f"Tapt has no {kind.name} with the {kind.name_attribute} '{name}'.")
        return row

    def _by_hand(
        self, who: str, action: str, kind: ResourceType, name: str, work: Callable[[], Row | None]
    ) -> Row | None:
        try:
            with self.store.transaction():
                row = work()
        except ScimError as error:
            raise TaptError(error.detail) from error
        self.journal.add(
            HandEdit(
                sequence=self.journal.next_sequence(),
                at=self.now(),
                who=who,
                action=action,
                subject=f"{kind.name} {name}",
            )
        )
        return row
