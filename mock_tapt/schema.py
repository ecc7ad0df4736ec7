"""The schemas Tapt serves, as data, and how a name on the wire finds its attribute.

Nothing here knows of requests or storage. Adding an attribute is adding a line to a table below.
Source: RFC 7643 sections 4.1, 4.2, 4.3 and 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One attribute of a schema, with the characteristics of RFC 7643 section 2.2."""

    name: str
    type: str = "string"
    description: str = ""
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    canonical_values: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()
    sub_attributes: tuple[Attribute, ...] = ()

    @cached_property
    def subs(self) -> dict[str, Attribute]:
        """Return the sub-attributes by their name in lower case."""
        return {sub.name.lower(): sub for sub in self.sub_attributes}

    @cached_property
    def is_complex(self) -> bool:
        """Return whether values are objects."""
        return self.type == "complex"

    @cached_property
    def has_value_sub(self) -> bool:
        """Return whether the object's main part is its `value`, so that a bare text can stand for it."""
        return "value" in self.subs

    def to_json(self) -> dict[str, Any]:
        """Return the attribute as `/Schemas` shows it, without null members. Source: SRV-005."""
        shown: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "multiValued": self.multi_valued,
            "description": self.description,
            "required": self.required,
        }
        if self.canonical_values:
            shown["canonicalValues"] = list(self.canonical_values)
        if self.type not in {"complex", "boolean"}:
            shown["caseExact"] = self.case_exact
        shown |= {"mutability": self.mutability, "returned": self.returned}
        if not self.is_complex:
            shown["uniqueness"] = self.uniqueness
        if self.reference_types:
            shown["referenceTypes"] = list(self.reference_types)
        if self.sub_attributes:
            shown["subAttributes"] = [sub.to_json() for sub in self.sub_attributes]
        return shown


@dataclass(frozen=True, kw_only=True)
class Schema:
    """One schema."""

    id: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]

    @cached_property
    def by_name(self) -> dict[str, Attribute]:
        """Return the attributes by their name in lower case."""
        return {attribute.name.lower(): attribute for attribute in self.attributes}


def _text(name: str, description: str, **rest: Any) -> Attribute:
    return Attribute(name=name, description=description, **rest)


def _typed(
    name: str, description: str, value: str, kinds: tuple[str, ...] = (), value_type: str = "string", **rest: Any
) -> Attribute:
    """Return a multi-valued attribute with value, display, type and primary."""
    return Attribute(
        name=name,
        type="complex",
        multi_valued=True,
        description=description,
        sub_attributes=(
            Attribute(
                name="value",
                description=value,
                type=value_type,
                reference_types=("external",) if value_type == "reference" else (),
                case_exact=value_type in {"reference", "binary"},
            ),
            _text("display", "A name for people to read."),
            _text("type", "What the entry is used for.", canonical_values=kinds),
            Attribute(name="primary", type="boolean", description="Whether this is the preferred entry."),
        ),
        **rest,
    )


COMMON = (
    _text(
        "id", "Tapt's own identifier.", case_exact=True, mutability="readOnly", returned="always", uniqueness="server"
    ),
    _text("externalId", "The client's identifier.", case_exact=True),
    Attribute(
        name="meta",
        type="complex",
        mutability="readOnly",
        description="What Tapt knows about the resource.",
        sub_attributes=(
            _text("resourceType", "User or Group.", case_exact=True, mutability="readOnly"),
            Attribute(name="created", type="dateTime", description="When it was made.", mutability="readOnly"),
            Attribute(name="lastModified", type="dateTime", description="When it changed.", mutability="readOnly"),
            Attribute(
                name="location",
                type="reference",
                reference_types=("uri",),
                case_exact=True,
                description="Where it is.",
                mutability="readOnly",
            ),
            _text("version", "The version, as in ETag.", case_exact=True, mutability="readOnly"),
        ),
    ),
    Attribute(
        name="schemas",
        type="reference",
        reference_types=("uri",),
        multi_valued=True,
        required=True,
        case_exact=True,
        returned="always",
        description="Which schemas the resource has attributes of.",
    ),
)

USER_SCHEMA = Schema(
    id=CORE_USER,
    name="User",
    description="A profile in Tapt.",
    attributes=(
        _text("userName", "The name to sign in with.", required=True, uniqueness="server"),
        Attribute(
            name="name",
            type="complex",
            description="The parts of the person's name.",
            sub_attributes=(
                _text("formatted", "The whole name."),
                _text("familyName", "The family name."),
                _text("givenName", "The given name."),
                _text("middleName", "The middle names."),
                _text("honorificPrefix", "What stands before the name."),
                _text("honorificSuffix", "What stands after the name."),
            ),
        ),
        _text("displayName", "The name shown to others."),
        _text("nickName", "The casual name."),
        Attribute(
            name="profileUrl",
            type="reference",
            reference_types=("external",),
            case_exact=True,
            description="A page about the person.",
        ),
        _text("title", "The job title."),
        _text("userType", "How the person belongs to the company."),
        _text("preferredLanguage", "Language tags in order of preference."),
        _text("locale", "How numbers and dates are written."),
        _text("timezone", "The time zone, from the IANA database."),
        Attribute(name="active", type="boolean", description="Whether the profile can be used."),
        _text("password", "A secret; kept only as a hash.", mutability="writeOnly", returned="never", case_exact=True),
        _typed("emails", "E-mail addresses.", "The address.", ("work", "home", "other")),
        _typed(
            "phoneNumbers", "Telephone numbers.", "The number.", ("work", "home", "mobile", "fax", "pager", "other")
        ),
        _typed(
            "ims",
            "Instant messaging addresses.",
            "The address.",
            ("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
        ),
        _typed("photos", "Pictures of the person.", "Where the picture is.", ("photo", "thumbnail"), "reference"),
        Attribute(
            name="addresses",
            type="complex",
            multi_valued=True,
            description="Postal addresses.",
            sub_attributes=(
                _text("formatted", "The whole address."),
                _text("streetAddress", "Street and number."),
                _text("locality", "The city."),
                _text("region", "The state or region."),
                _text("postalCode", "The postal code."),
                _text("country", "The country."),
                _text("type", "What the address is used for.", canonical_values=("work", "home", "other")),
                Attribute(name="primary", type="boolean", description="Whether this is the preferred entry."),
            ),
        ),
        Attribute(
            name="groups",
            type="complex",
            multi_valued=True,
            mutability="readOnly",
            description="Groups the person is a member of; follows from the groups.",
            sub_attributes=(
                _text("value", "The group's id.", case_exact=True, mutability="readOnly"),
                Attribute(
                    name="$ref",
                    type="reference",
                    reference_types=("Group",),
                    case_exact=True,
                    description="Where the group is.",
                    mutability="readOnly",
                ),
                _text("display", "The group's name.", mutability="readOnly"),
                _text("type", "How the person belongs.", canonical_values=("direct",), mutability="readOnly"),
            ),
        ),
        _typed("entitlements", "Things the person may have.", "The entitlement."),
        _typed("roles", "Roles of the person.", "The role."),
        _typed("x509Certificates", "Certificates of the person.", "The certificate.", (), "binary"),
    ),
)

ENTERPRISE_SCHEMA = Schema(
    id=ENTERPRISE_USER,
    name="EnterpriseUser",
    description="What companies keep about people.",
    attributes=(
        _text("employeeNumber", "The number the company gave."),
        _text("costCenter", "The cost centre."),
        _text("organization", "The organisation."),
        _text("division", "The division."),
        _text("department", "The department."),
        Attribute(
            name="manager",
            type="complex",
            description="The person's manager.",
            sub_attributes=(
                _text("value", "The manager's id.", case_exact=True),
                Attribute(
                    name="$ref",
                    type="reference",
                    reference_types=("User",),
                    case_exact=True,
                    description="Where the manager is.",
                ),
                _text("displayName", "The manager's name.", mutability="readOnly"),
            ),
        ),
    ),
)

GROUP_SCHEMA = Schema(
    id=CORE_GROUP,
    name="Group",
    description="A group of profiles.",
    attributes=(
        _text("displayName", "The name of the group.", required=True, uniqueness="server"),
        Attribute(
            name="members",
            type="complex",
            multi_valued=True,
            description="Who belongs to the group.",
            sub_attributes=(
                _text("value", "The member's id.", case_exact=True, mutability="immutable"),
                Attribute(
                    name="$ref",
                    type="reference",
                    reference_types=("User", "Group"),
                    case_exact=True,
                    description="Where the member is.",
                    mutability="immutable",
                ),
                _text("display", "The member's name.", mutability="immutable"),
                _text("type", "User or Group.", canonical_values=("User", "Group"), mutability="immutable"),
            ),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A kind of resource: where it lives and what it is made of."""

    name: str
    endpoint: str
    description: str
    schema: Schema
    extensions: tuple[Schema, ...] = ()
    name_attribute: str = "userName"

    @cached_property
    def core(self) -> dict[str, Attribute]:
        """Return the attributes at the top of a resource by their name in lower case."""
        return {attribute.name.lower(): attribute for attribute in COMMON} | self.schema.by_name

    @cached_property
    def extension_by_id(self) -> dict[str, Schema]:
        """Return the extensions by their URN in lower case."""
        return {schema.id.lower(): schema for schema in self.extensions}

    @cached_property
    def bare_extension_names(self) -> dict[str, Schema]:
        """Return which extension a bare attribute name belongs to. Source: WIRE-074, WIRE-075."""
        return {name: schema for schema in self.extensions for name in schema.by_name if name not in self.core}


USER = ResourceType(
    name="User",
    endpoint="/Users",
    description="Profiles in Tapt.",
    schema=USER_SCHEMA,
    extensions=(ENTERPRISE_SCHEMA,),
)
GROUP = ResourceType(
    name="Group",
    endpoint="/Groups",
    description="Groups of profiles.",
    schema=GROUP_SCHEMA,
    name_attribute="displayName",
)
RESOURCE_TYPES = (USER, GROUP)
SCHEMAS = (USER_SCHEMA, ENTERPRISE_SCHEMA, GROUP_SCHEMA)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributePath:
    """Where an attribute is in a resource.

    Args:
        schema: URN of the extension object it is in, as the key is stored; None at the top.
        name: key of the attribute; "" is the whole extension object.
        sub: key of the sub-attribute, or None.
        attribute, sub_attribute: definitions; None when no schema knows the name.
    """

    schema: str | None
    name: str
    sub: str | None = None
    attribute: Attribute | None = None
    sub_attribute: Attribute | None = None

    def __str__(self) -> str:
        text = ":".join(part for part in (self.schema, self.name) if part)
        return f"{text}.{self.sub}" if self.sub else text

    @property
    def leaf(self) -> Attribute | None:
        """Return the definition of what the whole path names."""
        return self.sub_attribute if self.sub else self.attribute


_VERSION_BEFORE_NAME = re.compile(r"(?i)^urn:.+:(?:\d+\.\d+:[\w-]+)$")
_NAME = re.compile(r"^[A-Za-z$_][\w$-]*$")


def resolve(kind: ResourceType, text: str, stored_urns: tuple[str, ...] = ()) -> AttributePath | None:
    """Return where `name`, `name.sub`, `URN:name.sub` or a bare `URN` is; None when the text is no such path.

    Names and URNs are compared without case. A URN that no schema has is a custom extension; its key stays as sent.
    A dot in place of the colon after a known URN is taken (QRK-32).

    Args:
        stored_urns: extension keys that a resource has already, in the case they are stored in.
    Source: RFC 7644 section 3.10; SRV-032, QRK-17, QRK-31.
    """
    if text[:4].lower() != "urn:":
        return _resolve_names(kind, None, None, text)
    lowered = text.lower()
    known = {urn.lower(): urn for urn in stored_urns} | {urn: s.id for urn, s in kind.extension_by_id.items()}
    known[kind.schema.id.lower()] = ""
    for urn in sorted(known, key=len, reverse=True):
        if lowered == urn:
            return AttributePath(schema=known[urn] or kind.schema.id, name="")
        if lowered.startswith(urn) and text[len(urn)] in ":.":
            schema = kind.extension_by_id.get(urn)
            return _resolve_names(kind, known[urn] or None, schema, text[len(urn) + 1 :])
    if _VERSION_BEFORE_NAME.match(text):
        return AttributePath(schema=text, name="")
    urn, _, rest = text.rpartition(":")
    return _resolve_names(kind, urn, None, rest) if urn.count(":") >= 1 else None


def _resolve_names(kind: ResourceType, urn: str | None, schema: Schema | None, text: str) -> AttributePath | None:
    name, dot, sub = text.partition(".")
    if not _NAME.match(name) or (dot and not _NAME.match(sub)):
        return None
    if urn is None:
        attribute = kind.core.get(name.lower())
        if attribute is None and name.lower() in kind.bare_extension_names:
            schema = kind.bare_extension_names[name.lower()]
            urn, attribute = schema.id, schema.by_name[name.lower()]
    else:
        attribute = schema.by_name.get(name.lower()) if schema else None
    sub_attribute = attribute.subs.get(sub.lower()) if attribute and sub else None
    return AttributePath(
        schema=urn,
        name=attribute.name if attribute else name,
        sub=(sub_attribute.name if sub_attribute else sub) or None,
        attribute=attribute,
        sub_attribute=sub_attribute,
    )


def key_of(container: dict[str, Any], name: str) -> str | None:
    """Return the key of `container` that equals `name` without case, or None."""
    if name in container:
        return name
    lowered = name.lower()
    return next((key for key in container if key.lower() == lowered), None)
