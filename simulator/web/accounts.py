"""Who signs in to the admin center: accounts of the tenant with a directory role. Lab accounts, not provisioned people.

They are kept apart from the directory's people so that a scope of all users never creates an administrator in Tapt.
"""

from __future__ import annotations

from dataclasses import dataclass

GLOBAL_ADMINISTRATOR = "Global Administrator"
APPLICATION_ADMINISTRATOR = "Application Administrator"
CLOUD_APPLICATION_ADMINISTRATOR = "Cloud Application Administrator"
GLOBAL_READER = "Global Reader"
NO_ROLE = ""

CONFIGURING = frozenset({GLOBAL_ADMINISTRATOR, APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in. `role` is a directory role, "" for none."""

    key: str
    display_name: str
    user_principal_name: str
    role: str

    @property
    def configures(self) -> bool:
        """Return whether the account may read and change the provisioning configuration. Source: ENG-503."""
        return self.role in CONFIGURING

    @property
    def reads(self) -> bool:
        """Return whether the account may open the admin center's pages at all."""
        return self.role != NO_ROLE


_ACCOUNTS = (
    ("global", "Avery Stone", "avery.stone", GLOBAL_ADMINISTRATOR),
    ("application", "Jordan Vale", "jordan.vale", APPLICATION_ADMINISTRATOR),
    ("cloud", "Kim Rowan", "kim.rowan", CLOUD_APPLICATION_ADMINISTRATOR),
    ("reader", "Robin Marsh", "robin.marsh", GLOBAL_READER),
    ("member", "Sasha Birch", "sasha.birch", NO_ROLE),
)


def accounts(domain: str) -> tuple[Account, ...]:
    """Return the accounts of a tenant with this default domain."""
    return tuple(
        Account(key=key, display_name=name, user_principal_name=f"{alias}@{domain}", role=role)
        for key, name, alias, role in _ACCOUNTS
    )


def find_account(key: str, domain: str) -> Account | None:
    """Return the account of this key, or None."""
    return next((account for account in accounts(domain) if account.key == key), None)
