"""The made-up people and groups of a check: marked, so that nobody takes them for real. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.directory import exported_user_principal_name
from entra_sim.simulator.model.entry import SyncEntry

MARK = "entra-sim-check"

_VALUES = {
    "givenName": ("Ada", "Grace"),
    "surname": ("Check", "Prüfer-Ng"),
    "jobTitle": ("Engineer, Level 2", "Head of R&D"),
    "preferredLanguage": ("en-US", "de-DE"),
    "physicalDeliveryOfficeName": ("Building 5/2", "Tower B"),
    "streetAddress": ("1 Check Street", "22 Prüfweg"),
    "city": ("Springfield", "Łódź"),
    "state": ("WA", "BE"),
    "postalCode": ("98101", "10115"),
    "country": ("US", "DE"),
    "usageLocation": ("US", "DE"),
    "telephoneNumber": ("+1 (206) 555-0100", "+49 30 5550-101"),
    "mobile": ("+1 206.555.0142", "+49 171 5550 102"),
    "facsimileTelephoneNumber": ("+1 206 555 0199 x7", "+49 30 5550-199"),
    "employeeId": ("0047", "0048"),
    "department": ("Research & Development", "Vertrieb"),
    "companyName": ("Contoso", "Fabrikam"),
    "employeeHireDate": ("2020-02-01T00:00:00Z", "2021-03-01T00:00:00Z"),
}
"""First and second value: with the characters that servers like to change."""

_OWN = frozenset({"userPrincipalName", "objectId", "accountEnabled", "IsSoftDeleted", "manager", "members"})


@dataclass(slots=True, kw_only=True)
class Actor:
    """A made-up user or group, and its link once it has one."""

    source: SourceObject
    entry: SyncEntry | None = None
    plain_name: str = ""

    @property
    def target_id(self) -> str:
        """Return the id at the target.

        Raises:
            AssertionError: it has none (a caller's bug).
        """
        assert self.entry is not None
        return self.entry.target_anchor

    @property
    def name(self) -> str:
        """Return what it is matched by: userName or displayName."""
        return self.source.reportable_identifier

    def with_attributes(self, **attributes: Any) -> None:
        """Change attributes of the source; None clears one."""
        merged = {**self.source.attributes, **attributes}
        self.source = replace(
            self.source, attributes={key: value for key, value in merged.items() if value is not None}
        )

    def becomes(self, presence: Presence) -> None:
        """Be active, disabled or soft-deleted (then the principal name gets the object id in front, ENG-013)."""
        is_deleted = presence is Presence.SOFT_DELETED
        name = exported_user_principal_name(self.plain_name, self.source.object_id, is_soft_deleted=is_deleted)
        enabled = presence is not Presence.DISABLED
        attributes = {**self.source.attributes, "userPrincipalName": name, "accountEnabled": enabled}
        self.source = replace(self.source, presence=presence, attributes=attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Makes people and groups whose names begin with MARK and the run's own letters.

    Args:
        run_id: letters and digits that no other run has.
        domain: of the principal names and mail addresses.
        unique: source attributes whose values must be told apart from person to person.
    """

    run_id: str
    domain: str
    unique: frozenset[str] = frozenset()

    @property
    def prefix(self) -> str:
        """Return what every name begins with."""
        return f"{MARK}-{self.run_id}-"

    def person(self, label: str, object_id: str, names: Iterable[str] = ()) -> Actor:
        """Return a user.

        Args:
            label: part of its names.
            object_id: GUID.
            names: source attributes that it has besides those every user has.
        """
        upn = f"{self.prefix}{label}@{self.domain}"
        plain = "".join(letter for letter in label if letter.isascii() and (letter.isalnum() or letter == "-"))
        attributes: dict[str, Any] = {
            "objectId": object_id,
            "userPrincipalName": upn,
            "displayName": f"{MARK} {self.run_id} {label}",
            "mailNickname": f"{self.prefix}{plain}",
            "accountEnabled": True,
        }
        for name in names:
            if name not in attributes and name not in _OWN:
                attributes[name] = self.value(name, label, second=False)
        source = SourceObject(
            object_type="User", object_id=object_id, attributes=attributes, presence=Presence.ACTIVE, is_entitled=True
        )
        return Actor(source=source, plain_name=upn)

    def group(self, label: str, object_id: str) -> Actor:
        """Return a group."""
        name = f"{self.prefix}{label}"
        attributes = {"objectId": object_id, "displayName": name, "securityEnabled": True, "mailNickname": name}
        source = SourceObject(
            object_type="Group", object_id=object_id, attributes=attributes, presence=Presence.ACTIVE, is_entitled=True
        )
        return Actor(source=source, plain_name=name)

    def value(self, name: str, label: str, *, second: bool) -> Any:
        """Return a value for a source attribute: the first, or another one to change it to."""
        plain = "".join(letter for letter in label if letter.isascii() and letter.isalnum())
        if name in self.unique and name != "mail":
            return f"{self.prefix}{plain}"
        if name in ("mail", "userPrincipalName", "originalUserPrincipalName"):
            return f"{self.prefix}{plain}{'.new' if second else ''}@{self.domain}"
        if name == "appRoleAssignments":
            role = "Reviewer" if second else "Editor"
            return [
                {"id": f"00000000-0000-4000-8000-00000000000{2 if second else 1}", "value": role, "displayName": role}
            ]
        if name in _VALUES:
            return _VALUES[name][second]
        if name == "displayName":
            return f"{MARK} {self.run_id} {label} renamed"
        return f"{MARK} {name} {'two' if second else 'one'}"

    def owns(self, name: Any) -> bool:
        """Return whether a userName or displayName is one of this run's (also renamed by a soft deletion)."""
        return isinstance(name, str) and self.prefix.lower() in name.lower()
