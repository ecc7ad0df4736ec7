"""Expected against actual: what counts as equal, and what the first difference says."""

from __future__ import annotations

from typing import Any

import pytest

from entra_sim.scenarios.expectations.check import list_miss
from entra_sim.scenarios.expectations.check import record_miss
from entra_sim.scenarios.matching import first_difference
from entra_sim.scenarios.matching import is_like
from entra_sim.scenarios.matching import lookup

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ADA = {
    "userName": "ada@contoso.example",
    "active": True,
    "name": {"givenName": "Ada", "familyName": "Park"},
    "emails": [{"type": "work", "value": "ada@contoso.example", "primary": True}],
    ENTERPRISE: {"department": "Research", "manager": {"value": "7", "userName": "grace@contoso.example"}},
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("userName", "ada@contoso.example"),
        ("name.givenName", "Ada"),
        ('emails[type eq "work"].value', "ada@contoso.example"),
        (f"{ENTERPRISE}:department", "Research"),
        ("department", "Research"),
        (f"{ENTERPRISE}:manager.value", "7"),
    ],
)
def test_keys_may_be_attribute_paths(key: str, value: object) -> None:
    assert lookup(ADA, key) == value


@pytest.mark.parametrize(
    "expected",
    [
        {"userName": "ada@*"},
        {"active": True, "name": {"givenName": "Ada"}},
        {"title": None},
        {"manager": "grace@contoso.example"},
        {"emails": [{"type": "work"}]},
        {"name": {"exactly": {"familyName": "Park", "givenName": "Ada"}}},
        {"emails": {"exactly": [{"type": "work"}]}},
    ],
)
def test_partial_values_match(expected: dict[str, Any]) -> None:
    assert first_difference(expected, ADA) is None


@pytest.mark.parametrize(
    ("expected", "path", "says_expected", "says_actual"),
    [
        ({"active": False}, ("active",), "false", "true"),
        ({"active": "true"}, ("active",), '"true"', "true"),
        ({"title": "Boss"}, ("title",), "Boss", "no value"),
        ({"userName": None}, ("userName",), "no value", "ada@contoso.example"),
        ({"name": {"exactly": {"givenName": "Ada"}}}, ("name", "exactly"), "no further keys", "familyName: Park"),
        ({"emails": [{"type": "home"}]}, ("emails", 0), "{type: home}", "none like it"),
        ({"userName": "ADA@contoso.example"}, ("userName",), "ADA@contoso.example", "ada@contoso.example"),
    ],
)
def test_the_first_difference_names_the_place(
    expected: dict[str, Any], path: tuple[str | int, ...], says_expected: str, says_actual: str
) -> None:
    difference = first_difference(expected, ADA)
    assert difference is not None
    assert difference.path == path
    assert difference.expected == says_expected
    assert says_actual in difference.actual


def test_records_are_looked_for_in_order_and_others_may_stand_between() -> None:
    facts = [{"method": "GET"}, {"method": "POST"}, {"method": "GET"}, {"method": "PATCH"}]
    assert list_miss([{"method": "POST"}, {"method": "PATCH"}], facts, is_ordered=True) is None
    assert list_miss([{"method": "PATCH"}, {"method": "POST"}], facts, is_ordered=True) is not None
    assert list_miss([{"method": "PATCH"}, {"method": "POST"}], facts, is_ordered=False) is None


def test_one_record_does_not_answer_for_two_expectations() -> None:
    assert list_miss([{"method": "GET"}, {"method": "GET"}], [{"method": "GET"}], is_ordered=True) is not None


def test_exactly_allows_no_other_item() -> None:
    difference = list_miss({"exactly": [{"a": 1}]}, [{"a": 1}, {"a": 2}], is_ordered=False)
    assert difference is not None
    assert difference.actual == "also {a: 2}"


def test_without_and_count_and_none() -> None:
    facts = [{"method": "DELETE", "path": "/Users/7"}]
    assert list_miss({"without": [{"method": "POST"}], "count": 1}, facts, is_ordered=True) is None
    difference = list_miss({"without": [{"method": "DELETE"}]}, facts, is_ordered=True)
    assert difference is not None
    assert difference.path == ("without", 0)
    assert list_miss({"count": 2}, facts, is_ordered=True) is not None
    assert list_miss("none", facts, is_ordered=True) is not None
    assert list_miss("none", [], is_ordered=True) is None


def test_the_nearest_fact_is_compared() -> None:
    facts = [
        {"identity": "bo@x", "action": "Create", "status": "Success"},
        {"identity": "ada@x", "action": "Create", "status": "Failure"},
    ]
    difference = list_miss([{"identity": "ada@x", "status": "Success"}], facts, is_ordered=True)
    assert difference is not None
    assert (difference.path, difference.expected, difference.actual) == ((0, "status"), "Success", "Failure")


def test_a_record_may_be_none() -> None:
    assert record_miss("none", None) is None
    assert record_miss("none", {"reason": "X"}) is not None
    assert record_miss({"reason": "X"}, None) is not None
    assert record_miss({"reason": "X*"}, {"reason": "XY", "more": 1}) is None


def test_a_star_stands_for_any_text_and_can_be_meant_literally() -> None:
    assert is_like("/Users/42", "/Users/*")
    assert not is_like("/Groups/42", "/Users/*")
    assert is_like("a*b", "a\\*b")
    assert not is_like("axb", "a\\*b")
    assert is_like("a.b", "a.b")
    assert not is_like("axb", "a.b")


def test_a_no_that_was_meant_as_false_is_told() -> None:
    difference = first_difference({"active": "no"}, {"active": False}, is_ordered=True)
    assert difference is not None
    assert difference.expected == "no (a text; the truth value is false)"
