"""What a column of a table, or a key of a JSON object, means: an attribute, a reference, or nothing that is read.

One attribute has several spellings (ENG-002), which `simulator.model.attributes` knows; here is what else the
downloads of the admin centers, the bulk templates and PowerShell put beside the attributes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from entra_sim.simulator.model.attributes import AttributeType
from entra_sim.simulator.model.attributes import SourceAttribute
from entra_sim.simulator.model.attributes import SourceObjectType
from entra_sim.simulator.model.attributes import fold_spelling
from entra_sim.simulator.model.attributes import is_directory_extension
from entra_sim.simulator.model.attributes import nearest_attribute
from entra_sim.simulator.model.attributes import source_attribute
from entra_sim.simulator.tenants.values import reader_of


class Table(StrEnum):
    """What the rows of a table, or the objects of a JSON file, are. The value is the file's name in a folder."""

    USERS = "users"
    GROUPS = "groups"
    MEMBERS = "members"
    MANAGERS = "managers"
    ASSIGNMENTS = "assignments"


class Role(StrEnum):
    """What a column is for."""

    ATTRIBUTE = "attribute"
    MANAGER = "manager"
    MEMBERS = "members"
    DELETED_AT = "deleted at"
    CONTAINER = "container"
    """Holds attributes in a nested object; in a table it can only hold the name of a type."""
    GROUP = "group"
    MEMBER = "member"
    USER = "user"
    PRINCIPAL = "principal"
    APP_ROLE = "app role"
    COMPUTED = "computed"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The meaning of one column.

    Args:
        role: what it is for.
        attribute: the attribute, for Role.ATTRIBUTE.
        read: cell or JSON value → value of the attribute, see `values.reader_of`.
        misspelling_of: for an ignored column the attribute that was probably meant.
        rank: of two columns for one thing the lower one counts (a principal's id before its name).
    """

    role: Role
    attribute: SourceAttribute | None = None
    read: Callable[[Any], Any] = str
    misspelling_of: str = ""
    rank: int = 0


_IGNORED = Column(role=Role.IGNORED)

# Folded spellings of what Graph, PowerShell and the downloads hold beside the attributes that are read.
_NAMES_IGNORED = """
    aboutme activities additionalproperties agegroup agreementacceptances appcertificates approleassignments
    assignedlabels assignedlicenses assignedplans authentication authenticationalternativephonenumber
    authenticationemail authenticationphonenumber authorizationinfo birthday businessphone2 calendar calendars chats
    classification consentprovidedforminor createdobjects creationtype customsecurityattributes
    defaultcountrycode devices directreports drive drives events expirationdatetime extensions extensionproperty
    externaluserstate externaluserstatechangedatetime hasmemberswithlicenseerrors hiredate identities identityissuer
    imaddresses infocatalogs insights interests invitationstate isassignabletorole ismanagementrestricted
    isresourceaccount joinedteams lastpasswordchangedatetime lastpasswordchangetimestamp
    legalagegroupclassification licenseassignmentdetails licenseassignmentstates licensedetails licenses
    licenseprocessingstate mailboxsettings mailfolders managedappregistrations manageddevices memberof
    membershiprulesprocessingstate membershipruleprocessingstate messages mysite oathtokenmetadata objecttype
    odatacontext odataetag odataid odatatype onenote onlinemeetings onpremisesnetbiosname
    onpremisesprovisioningerrors outlook ownedobjects owneddevices owners passwordneverexpires passwordpolicies
    passwordprofile pastprojects people photo photos planner postalcode2 preferreddatalocation preferredname
    presence print proxycalculation provisionedplans refreshtokensvalidfromdatetime registereddevices releasetrack
    renewdatetime responsibilities resourcebehavioroptions resourceprovisioningoptions schools
    scopedrolememberof securityidentifier serviceprovisioningerrors settings signinactivity signinnames
    signinsessionsvalidfromdatetime skills softdeletiontimestamp sponsors state2 strongpasswordrequired
    teamwork theme thumbnailphoto todo transitivememberof transitivemembers unseencount usagerights userstate
    userstatechangedon
"""
_KNOWN_IGNORED = frozenset(_NAMES_IGNORED.split())
_CONTAINERS = frozenset({"onpremisesextensionattributes", "employeeorgdata"})
_DELETED_AT = frozenset({"softdeletiontimestamp", "deleteddatetime", "deletiontimestamp"})
_INVERTED = frozenset({"blockcredential", "blocksignin", "blocksigninyesno", "accountdisabled", "signinblocked"})
_MISSPELT = 0.88
"""Likeness from which an unknown column is taken for a misspelt attribute and refused, not just left out."""

_BRACKETS = re.compile(r"\[([\w.]+)\]")

# Folded spelling → role and rank, for the tables that hold references.
_LINK_COLUMNS: dict[Table, dict[str, tuple[Role, int]]] = {
    Table.MEMBERS: {
        "group": (Role.GROUP, 0),
        "groupid": (Role.GROUP, 0),
        "groupobjectid": (Role.GROUP, 0),
        "groupname": (Role.GROUP, 1),
        "groupdisplayname": (Role.GROUP, 1),
        "member": (Role.MEMBER, 0),
        "memberid": (Role.MEMBER, 0),
        "memberobjectid": (Role.MEMBER, 0),
        "memberobjectidorupn": (Role.MEMBER, 0),
        "id": (Role.MEMBER, 1),
        "objectid": (Role.MEMBER, 1),
        "user": (Role.MEMBER, 2),
        "userid": (Role.MEMBER, 2),
        "memberuserprincipalname": (Role.MEMBER, 3),
        "userprincipalname": (Role.MEMBER, 3),
        "upn": (Role.MEMBER, 3),
    },
    Table.MANAGERS: {
        "user": (Role.USER, 0),
        "userid": (Role.USER, 0),
        "id": (Role.USER, 0),
        "objectid": (Role.USER, 0),
        "userprincipalname": (Role.USER, 1),
        "upn": (Role.USER, 1),
        "report": (Role.USER, 2),
        "manager": (Role.MANAGER, 0),
        "managerid": (Role.MANAGER, 0),
        "managerobjectid": (Role.MANAGER, 0),
        "manageruserprincipalname": (Role.MANAGER, 1),
        "managerupn": (Role.MANAGER, 1),
    },
    Table.ASSIGNMENTS: {
        "principal": (Role.PRINCIPAL, 0),
        "principalid": (Role.PRINCIPAL, 0),
        "objectid": (Role.PRINCIPAL, 1),
        "userprincipalname": (Role.PRINCIPAL, 2),
        "upn": (Role.PRINCIPAL, 2),
        "user": (Role.PRINCIPAL, 2),
        "group": (Role.PRINCIPAL, 3),
        "principaldisplayname": (Role.PRINCIPAL, 4),
        "approleid": (Role.APP_ROLE, 0),
        "role": (Role.APP_ROLE, 1),
        "approle": (Role.APP_ROLE, 1),
        "approlevalue": (Role.APP_ROLE, 2),
        "roleid": (Role.APP_ROLE, 0),
    },
}


def table_of_titles(titles: Iterable[str]) -> Table:
    """Return what the rows of a table with these titles are; users where nothing else is clear."""
    folded = {fold_spelling(_bare(title)) for title in titles}
    if folded & {"principal", "principalid"}:
        return Table.ASSIGNMENTS
    if folded & {"group", "groupid", "groupobjectid", "groupname", "groupdisplayname"} and folded & {
        "member",
        "memberid",
        "memberobjectid",
        "memberobjectidorupn",
        "userprincipalname",
        "memberuserprincipalname",
    }:
        return Table.MEMBERS
    if "userprincipalname" not in folded and "upn" not in folded:
        if folded & {"manager", "managerid", "managerobjectid"} and folded & {"user", "userid"} and len(folded) <= 4:
            return Table.MANAGERS
        if folded & {"grouptypes", "grouptype", "securityenabled", "mailenabled", "membershiprule", "members"}:
            return Table.GROUPS
    return Table.USERS


def column_of(title: str, table: Table) -> Column:
    """Return what a column title or JSON key means in a table."""
    return _column(title.strip(), table)


@lru_cache(maxsize=8192)
def _column(title: str, table: Table) -> Column:
    bare = _bare(title)
    folded = fold_spelling(bare)
    if table in _LINK_COLUMNS:
        role, rank = _LINK_COLUMNS[table].get(folded, (Role.IGNORED, 0))
        return Column(role=role, rank=rank)
    if folded in _DELETED_AT:
        return Column(role=Role.DELETED_AT)
    if folded in _CONTAINERS:
        return Column(role=Role.CONTAINER)
    kind = SourceObjectType.USER if table is Table.USERS else SourceObjectType.GROUP
    if table is Table.USERS and (folded in _INVERTED or fold_spelling(title).startswith("blocksignin")):
        return _inverted()
    return _attribute_column(bare, folded, kind)


def _bare(title: str) -> str:
    """Return the property of a bulk template's title, "Name [displayName] Required", else the title."""
    found = _BRACKETS.search(title)
    return found[1] if found else title


def _attribute_column(bare: str, folded: str, kind: SourceObjectType) -> Column:
    name, _, suffix = bare.partition(":")
    if suffix and is_directory_extension(name):
        return _typed_extension(name, suffix)
    attribute = source_attribute(bare, kind)
    if attribute is None:
        known = folded in _KNOWN_IGNORED or "@" in bare or source_attribute(bare.rstrip("0123456789 "), kind)
        meant = "" if known else nearest_attribute(bare, kind, cutoff=_MISSPELT)
        return Column(role=Role.IGNORED, misspelling_of=meant or "")
    if attribute.is_computed:
        return Column(role=Role.COMPUTED, attribute=attribute)
    if attribute.name == "manager":
        return Column(role=Role.MANAGER)
    if attribute.name == "members":
        return Column(role=Role.MEMBERS)
    is_plus_separated = folded == "proxyaddresses"
    return Column(
        role=Role.ATTRIBUTE,
        attribute=attribute,
        read=reader_of(attribute, is_plus_separated=is_plus_separated),
        rank=[fold_spelling(spelling) for spelling in attribute.spellings].index(folded)
        if folded in map(fold_spelling, attribute.spellings)
        else 0,
    )


def _typed_extension(name: str, suffix: str) -> Column:
    try:
        kind = AttributeType(suffix)
    except ValueError:
        return _IGNORED
    attribute = SourceAttribute(name=name, graph_name=name, type=kind)
    return Column(role=Role.ATTRIBUTE, attribute=attribute, read=reader_of(attribute))


def _inverted() -> Column:
    attribute = source_attribute("accountEnabled")
    assert attribute is not None
    read = reader_of(attribute)

    def read_inverted(value: Any) -> bool | None:
        found = read(value)
        return None if found is None else not found

    return Column(role=Role.ATTRIBUTE, attribute=attribute, read=read_inverted, rank=1)
