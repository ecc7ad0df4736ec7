"""The attributes of users and groups that the directory knows, as data: names, kinds, limits, spellings.

The provisioning schema, Microsoft Graph, the portal and PowerShell spell some attributes differently; here each
attribute is one row under its schema name, which is the name that mappings, filters and records use, and every other
spelling leads to it (`source_attribute`). What must not live here: values, and what the engine does with them.

Source: ENG-002, ENG-003, ENG-004; graph-api.md sections 3.3, 11.5, 11.6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache


class AttributeType(StrEnum):
    """Kind of value, in the words of the synchronization schema."""

    STRING = "String"
    BOOLEAN = "Boolean"
    INTEGER = "Integer"
    DATE_TIME = "DateTime"
    REFERENCE = "Reference"


class SourceObjectType(StrEnum):
    """The two object types of the source directory that are provisioned (ENG-029)."""

    USER = "User"
    GROUP = "Group"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAttribute:
    """One attribute of a directory object.

    Args:
        name: the schema name, for example "telephoneNumber".
        type: kind of value; instants are texts in ISO 8601 UTC, references are object ids.
        graph_name: spelling of Microsoft Graph; a dot is a level of nesting ("employeeOrgData.division").
        titles: further spellings: columns of downloads of the admin centers, labels of the portal, PowerShell.
        max_length: most characters of one value; None where no limit is documented.
        is_multi_valued: whether it holds any number of values.
        is_required: whether every object has a value and it cannot be cleared.
        is_read_only: whether an administrator can set it.
        is_computed: whether it is worked out when it is read, so that it is never stored or imported.
        is_offered: whether the attribute picker of mappings shows it.
        references: object types a reference may point to.
    """

    name: str
    type: AttributeType = AttributeType.STRING
    graph_name: str = ""
    titles: tuple[str, ...] = ()
    max_length: int | None = None
    is_multi_valued: bool = False
    is_required: bool = False
    is_read_only: bool = False
    is_computed: bool = False
    is_offered: bool = True
    references: tuple[SourceObjectType, ...] = ()

    @property
    def is_filterable(self) -> bool:
        """Return whether a scoping filter may use it: no references, dates, several values, nor userType.

        Source: ENG-056, ENG-057.
        """
        return (
            self.type not in (AttributeType.REFERENCE, AttributeType.DATE_TIME)
            and not self.is_multi_valued
            and self.name != "userType"
        )

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return every name of this attribute, the schema name first."""
        return (self.name, *((self.graph_name,) if self.graph_name else ()), *self.titles)


def _attribute(name: str, graph_name: str = "", *titles: str, **more: object) -> SourceAttribute:
    return SourceAttribute(name=name, graph_name=graph_name or name, titles=titles, **more)  # type: ignore[arg-type]


_B, _D, _R = AttributeType.BOOLEAN, AttributeType.DATE_TIME, AttributeType.REFERENCE

USER_ATTRIBUTES: tuple[SourceAttribute, ...] = (
    _attribute("objectId", "id", "Object Id", "User object ID", is_read_only=True),
    _attribute("userPrincipalName", "", "User principal name", "UPN", "User name", is_required=True),
    _attribute("originalUserPrincipalName", is_read_only=True, is_computed=True),
    _attribute("accountEnabled", "", "Account enabled", type=_B, is_required=True),
    _attribute("IsSoftDeleted", type=_B, is_read_only=True, is_computed=True),
    _attribute("displayName", "", "Display name", "Name", max_length=256, is_required=True),
    _attribute("givenName", "", "First name", "Given name", max_length=64),
    _attribute("surname", "", "Last name", "Family name", max_length=64),
    _attribute("mailNickname", "", "Mail nickname", "Alias", max_length=64),
    _attribute("mail", "", "Email", "E-mail", "Email address", "Primary email"),
    _attribute("otherMails", "", "Other emails", "Alternate email address", "Alternate email", is_multi_valued=True),
    _attribute("proxyAddresses", "", "Proxy addresses", is_multi_valued=True),
    _attribute("jobTitle", "", "Job title", "Title"),
    _attribute("department", "", "Department", max_length=64),
    _attribute("companyName", "", "Company name", "Company", max_length=64),
    _attribute("employeeId", "", "Employee ID", "Employee number"),
    _attribute("employeeType", "", "Employee type"),
    _attribute("employeeHireDate", "", "Employee hire date", type=_D),
    _attribute("employeeLeaveDateTime", "", "Employee leave date", type=_D),
    _attribute("createdDateTime", "", "When created", "Created date time", "Creation time", type=_D, is_read_only=True),
    _attribute("employeeOrgData.division", "", "Division"),
    _attribute("employeeOrgData.costCenter", "", "Cost center"),
    _attribute("physicalDeliveryOfficeName", "officeLocation", "Office location", "Office"),
    _attribute("streetAddress", "", "Street address", "Street", max_length=1024),
    _attribute("city", "", "City"),
    _attribute("state", "", "State or province", "StateOrProvince"),
    _attribute("postalCode", "", "ZIP or postal code", "Postal code", "ZIP", max_length=40),
    _attribute("country", "", "Country or region", "CountryOrRegion", "Country/Region", max_length=128),
    _attribute("usageLocation", "", "Usage location", max_length=2),
    _attribute("telephoneNumber", "businessPhones", "Business phone", "Office phone", "Phone number", "Phone"),
    _attribute("mobile", "mobilePhone", "Mobile phone", "Mobile number"),
    _attribute("facsimileTelephoneNumber", "faxNumber", "Fax number", "Fax"),
    _attribute("preferredLanguage", "", "Preferred language"),
    _attribute(
        "manager",
        "",
        "Manager",
        "Manager ID",
        "Manager user principal name",
        "Manager UPN",
        type=_R,
        references=(SourceObjectType.USER,),
    ),
    _attribute("appRoleAssignments", type=_R, is_multi_valued=True, is_read_only=True, is_computed=True),
    *(
        _attribute(
            f"extensionAttribute{number}",
            f"onPremisesExtensionAttributes.extensionAttribute{number}",
            f"Extension attribute {number}",
        )
        for number in range(1, 16)
    ),
    _attribute("onPremisesSecurityIdentifier", "", "On-premises security identifier", is_read_only=True),
    _attribute("onPremisesDistinguishedName", "", "On-premises distinguished name", is_read_only=True),
    _attribute("onPremisesDomainName", "", "On-premises domain name", is_read_only=True),
    _attribute("onPremisesUserPrincipalName", "", "On-premises user principal name", is_read_only=True),
    _attribute("immutableId", "onPremisesImmutableId", "On-premises immutable ID"),
    _attribute(
        "dirSyncEnabled",
        "onPremisesSyncEnabled",
        "On-premises sync enabled",
        "Directory synced",
        type=_B,
        is_read_only=True,
    ),
    _attribute(
        "onPremisesLastSyncDateTime",
        "",
        "On-premises last sync date time",
        "Last dirsync time",
        type=_D,
        is_read_only=True,
    ),
    _attribute("netId", is_read_only=True),
    _attribute("alternativeSecurityIds", is_multi_valued=True, is_read_only=True),
    _attribute("showInAddressList", type=_B),
    _attribute("userType", "", "User type", is_offered=False),
    _attribute(
        "onPremisesSamAccountName",
        "",
        "On-premises SAM account name",
        "samAccountName",
        "SAM account name",
        is_read_only=True,
        is_offered=False,
    ),
    _attribute("passwordProfile.password", is_computed=True),
)
"""In the order of the reference, which says what of it is assumed. Source: ENG-003."""

GROUP_ATTRIBUTES: tuple[SourceAttribute, ...] = (
    _attribute("objectId", "id", "Object Id", "Group object ID", "Group ID", is_read_only=True),
    _attribute("displayName", "", "Display name", "Name", "Group name", "Group", max_length=256, is_required=True),
    _attribute("description", "", "Description", "Group description"),
    _attribute("mail", "", "Email", "E-mail", "Email address", "Group email"),
    _attribute("mailNickname", "", "Mail nickname", "Alias"),
    _attribute("mailEnabled", "", "Mail enabled", type=_B),
    _attribute("securityEnabled", "", "Security enabled", type=_B),
    _attribute("proxyAddresses", "", "Proxy addresses", is_multi_valued=True),
    _attribute("onPremisesSecurityIdentifier", "", "On-premises security identifier", is_read_only=True),
    _attribute("dirSyncEnabled", "onPremisesSyncEnabled", "Directory synced", type=_B, is_read_only=True),
    _attribute(
        "members",
        "",
        "Members",
        type=_R,
        is_multi_valued=True,
        references=(SourceObjectType.USER, SourceObjectType.GROUP),
    ),
    _attribute("appRoleAssignments", type=_R, is_multi_valued=True, is_read_only=True, is_computed=True),
    _attribute("IsSoftDeleted", type=_B, is_read_only=True, is_computed=True),
    _attribute("groupTypes", "", "Group types", is_multi_valued=True, is_offered=False),
    _attribute("membershipRule", "", "Membership rule", "Dynamic membership rule", is_offered=False),
    _attribute("visibility", "", "Visibility", is_offered=False),
    _attribute(
        "createdDateTime", "", "When created", "Created date time", type=_D, is_read_only=True, is_offered=False
    ),
)
"""Those of groups, then properties that a group has in the directory though no mapping may use them.

Source: ENG-004, graph-api.md 3.4.
"""

_EXTENSION = re.compile(r"extension_[0-9a-f]{32}_\w{1,128}", re.IGNORECASE)


def is_directory_extension(name: str) -> bool:
    """Return whether the name is that of a directory extension, `extension_<appId without dashes>_<name>`."""
    return _EXTENSION.fullmatch(name) is not None


def attributes_of(kind: SourceObjectType) -> tuple[SourceAttribute, ...]:
    """Return the rows of users or of groups, in the order of the reference."""
    return USER_ATTRIBUTES if kind is SourceObjectType.USER else GROUP_ATTRIBUTES


def fold_spelling(name: str) -> str:
    """Return letters and digits of a name in one case, so that "Display name" and "displayName" are the same."""
    return "".join(character for character in name.casefold() if character.isalnum())


@lru_cache(maxsize=2)
def _by_spelling(kind: SourceObjectType) -> dict[str, SourceAttribute]:
    found: dict[str, SourceAttribute] = {}
    for attribute in attributes_of(kind):
        for spelling in attribute.spellings:
            found.setdefault(fold_spelling(spelling), attribute)
            if "." in spelling:
                found.setdefault(fold_spelling(spelling.rpartition(".")[2]), attribute)
    return found


def source_attribute(name: str, kind: SourceObjectType = SourceObjectType.USER) -> SourceAttribute | None:
    """Return the attribute that this name means, in whatever spelling and case; None if there is none.

    A directory extension keeps its name as given, because its last part is case-sensitive. Source: ENG-002, ENG-003.
    """
    found = _by_spelling(kind).get(fold_spelling(name))
    if found is None and is_directory_extension(name):
        return SourceAttribute(name=name, graph_name=name)
    return found


def nearest_attribute(name: str, kind: SourceObjectType = SourceObjectType.USER, *, cutoff: float = 0.75) -> str | None:
    """Return the schema name of the attribute whose spelling is nearest to a misspelt name; None if none is near.

    Args:
        name: what somebody wrote.
        kind: users or groups.
        cutoff: least likeness, 0 to 1, as difflib measures it.
    """
    spellings = _by_spelling(kind)
    near = get_close_matches(fold_spelling(name), spellings, n=1, cutoff=cutoff)
    return spellings[near[0]].name if near else None
