"""Target paths: what they mean and what a resource holds there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.scim.paths import ENTERPRISE
from entra_sim.simulator.scim.paths import MANAGER_PATH
from entra_sim.simulator.scim.paths import TargetPath
from entra_sim.simulator.scim.paths import quoted

RESOURCE: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "id": "tp-1",
    "userName": "ada@contoso.example",
    "active": False,
    "nickName": "",
    "name": {"givenName": "Ada", "familyName": None},
    "emails": [
        {"type": "home", "value": "ada@home.example"},
        {"type": "Work", "primary": True, "value": "ada@contoso.example"},
    ],
    "phoneNumbers": [{"type": "work"}, {"type": "work", "value": "1"}, "broken", None],
    "addresses": [],
    "roles": [{"primary": True, "value": "a"}, {"primary": False, "value": "b"}],
    ENTERPRISE: {"department": "Research", "manager": {"value": "tp-9", "displayName": "Boss"}},
    "URN:ietf:params:scim:schemas:extension:tapt:2.0:user": {"badgeColour": "teal", "level": 7},
}


@pytest.mark.rule("WIRE-065", "WIRE-066", "WIRE-067", "QRK-04")
@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("userName", "ada@contoso.example"),
        ("USERNAME", "ada@contoso.example"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "ada@contoso.example"),
        ("active", False),
        ("nickName", None),
        ("title", None),
        ("addresses", None),
        ("name.givenName", "Ada"),
        ("name.familyName", None),
        ('emails[type eq "work"].value', "ada@contoso.example"),
        ('emails[TYPE EQ "work"].VALUE', "ada@contoso.example"),
        ('emails[type eq "other"].value', None),
        ('emails[type eq "work" and primary eq true].value', "ada@contoso.example"),
        ('emails[type eq "home" and primary eq true].value', None),
        ('emails[type eq "work"]', {"type": "Work", "primary": True, "value": "ada@contoso.example"}),
        ('phoneNumbers[type eq "work"].value', "1"),
        ("phoneNumbers.value", "1"),
        ("emails.value", ["ada@home.example", "ada@contoso.example"]),
        ('roles[primary eq "True"].value', "a"),
        ('roles[primary eq "False"].value', "b"),
        ("roles[primary eq true].value", "a"),
        (f"{ENTERPRISE}:department", "Research"),
        (MANAGER_PATH, "tp-9"),
        (f"{MANAGER_PATH}.displayName", "Boss"),
        ("urn:ietf:params:scim:schemas:extension:tapt:2.0:User:badgeColour", "teal"),
        ("urn:ietf:params:scim:schemas:extension:tapt:2.0:User:level", 7),
        ("urn:ietf:params:scim:schemas:extension:other:2.0:User:badgeColour", None),
    ],
)
def test_what_a_resource_holds(path: str, held: Any) -> None:
    assert TargetPath.parse(path).read(RESOURCE) == held


def test_a_manager_given_as_a_text_reads_as_the_text() -> None:
    assert TargetPath.parse(MANAGER_PATH).read({ENTERPRISE: {"manager": "tp-9"}}) == "tp-9"


@pytest.mark.parametrize("held", [{}, {"value": ""}, {"value": None}, "", None])
def test_a_manager_without_id_reads_as_none(held: Any) -> None:
    assert TargetPath.parse(MANAGER_PATH).read({ENTERPRISE: {"manager": held}}) is None


def test_the_parts_of_a_path() -> None:
    path = TargetPath.parse('urn:x:a.b:2.0:User:things[type eq "a:b.c]"].size')
    assert (path.urn, path.attribute, path.sub_attribute) == ("urn:x:a.b:2.0:User", "things", "size")
    assert path.is_value_path
    assert path.filter[0].literal == "a:b.c]"
    assert TargetPath.parse("title").is_value_path is False


def test_a_path_is_parsed_once() -> None:
    assert TargetPath.parse("name.givenName") is TargetPath.parse("name.givenName")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "attribute name is missing"),
        ("name.", "comes a dot and a sub-attribute"),
        (".value", "attribute name is missing"),
        ("urn:x:", "attribute name is missing"),
        ("given name", "is no attribute name"),
        ("emails[", "a filter reads like"),
        ("emails[]", "a filter reads like"),
        ("emails[type]", "a filter reads like"),
        ("emails[type eq work]", "a filter reads like"),
        ('emails[type co "w"]', "the operator 'co' is not spoken"),
        ('emails[type eq "work"', "closed with ']'"),
        ('emails[type eq "work" or primary eq true]', "joined with 'and'"),
        ('emails[type eq "work"]value', "after the closing bracket"),
        ('emails[type eq "work"].', "after the closing bracket"),
        ('emails[type eq "\\x"].value', "is no value"),
        ('emails[type eq "work"].a b', "is no attribute name"),
    ],
)
def test_what_is_no_path_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(UserInputError) as refusal:
        TargetPath.parse(text)
    assert why in str(refusal.value)


@pytest.mark.rule("WIRE-023", "WIRE-024")
@pytest.mark.parametrize(
    ("value", "literal"),
    [("x", '"x"'), ('say "hi"', '"say \\"hi\\""'), ("a\\b", '"a\\\\b"'), ("Zoë", '"Zoë"'), ("a\nb", '"a\\nb"')],
)
def test_filter_literals(value: str, literal: str) -> None:
    assert quoted(value) == literal


JSON_VALUES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=4),
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(
            strategies.sampled_from(["type", "value", "primary", "manager", "emails", "name", ENTERPRISE, "givenName"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_reading_never_raises(resource: Any) -> None:
    for text in ("name.givenName", 'emails[type eq "work"].value', MANAGER_PATH, "emails.value", "emails"):
        TargetPath.parse(text).read(resource)
