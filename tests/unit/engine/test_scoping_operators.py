"""Scoping filters: every operator on values that are there, null, empty, of another case and of another type."""

from __future__ import annotations

from typing import Any

import pytest

from entra_sim.simulator.engine.scoping import OPERATORS
from entra_sim.simulator.engine.scoping import check_filters
from entra_sim.simulator.engine.scoping import evaluate_clause
from entra_sim.simulator.engine.scoping import evaluate_filters
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.mapping import ScopingClause
from entra_sim.simulator.model.mapping import ScopingFilter


def clause(operator: str, *values: str, attribute: str = "department") -> ScopingClause:
    """Return a clause over one attribute."""
    return ScopingClause(source_operand_name=attribute, operator_name=operator, values=values)


def holds(operator: str, value: Any, *values: str, anchored: bool = False) -> bool:
    """Return whether one clause holds for one value of the attribute; `...` leaves the attribute out."""
    attributes = {} if value is ... else {"department": value}
    return evaluate_clause("f", clause(operator, *values), attributes, is_anchored=anchored).holds


# operator → value of the clause, attribute values for which it holds, those for which it does not
TRUTH: dict[str, tuple[tuple[str, ...], list[Any], list[Any]]] = {
    "EQUALS": (("Sales",), ["Sales"], ["sales", "Sales ", "Sale", "", True, 7]),
    "NOT EQUALS": (("Sales",), ["sales", "Research", 7, True], ["Sales"]),
    "IS NULL": ((), [], ["x", " ", 0, False, True]),
    "IS NOT NULL": ((), ["x", " ", 0, False, True], []),
    "IS TRUE": ((), [True, "True"], [False, "False", "yes", "true", 1]),
    "IS FALSE": ((), [False, "False"], [True, "True", "no", "false", 0]),
    "REGEX MATCH": (("^S.*s$",), ["Sales", "Ss"], ["sales", "Sale", "xSales", 7]),
    "NOT REGEX MATCH": (("^S.*s$",), ["sales", "Sale", "xSales", 7], ["Sales", "Ss"]),
    "Greater_Than": (("5",), [6, "6", "10", 500], [5, "5", 4, -6, "ten", "6.5", True]),
    "Greater_Than_OR_EQUALS": (("5",), [5, "5", 6, "10"], [4, "4", -5, "ten", "5.5"]),
    "Includes": (("ale",), ["Sales", "ale"], ["SALES", "al", 7]),
    "ENDS_WITH": (("les",), ["Sales", "les"], ["SALES", "Salesman", "le"]),
    "&": (("6",), [2, 4, 6, "2"], [1, 8, 7, "9"]),
    "!&": (("6",), [1, 8, 7, "9"], [2, 4, 6, "2"]),
}


def test_every_operator_is_in_this_table() -> None:
    assert set(TRUTH) == set(OPERATORS)
    assert len(OPERATORS) == 14


@pytest.mark.rule("ENG-042", "ENG-045", "ENG-048")
@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [(name, value, True) for name, (_, good, _bad) in TRUTH.items() for value in good]
    + [(name, value, False) for name, (_, _good, bad) in TRUTH.items() for value in bad],
)
def test_operator_on_a_value(operator: str, value: Any, expected: bool) -> None:
    assert holds(operator, value, *TRUTH[operator][0]) is expected


@pytest.mark.rule("ENG-043", "ENG-042", "ENG-014")
@pytest.mark.parametrize("nothing", [None, "", ..., (), []], ids=["null", "empty", "absent", "no tuple", "no list"])
@pytest.mark.parametrize("operator", TRUTH)
def test_only_is_null_holds_for_an_attribute_without_a_value(operator: str, nothing: Any) -> None:
    assert holds(operator, nothing, *TRUTH[operator][0]) is (operator == "IS NULL")


@pytest.mark.rule("ENG-044", "Q-01")
@pytest.mark.parametrize(("anchored", "expected"), [(False, True), (True, False)])
def test_a_pattern_is_searched_unless_the_setting_anchors_it(anchored: bool, expected: bool) -> None:
    assert holds("REGEX MATCH", "Sales North", "Sales", anchored=anchored) is expected
    assert holds("NOT REGEX MATCH", "Sales North", "Sales", anchored=anchored) is not expected
    assert holds("REGEX MATCH", "Sales", "Sales", anchored=anchored)


@pytest.mark.rule("ENG-046", "Q-02")
@pytest.mark.parametrize(
    ("value", "operand", "expected"),
    [("ab", "xaby", True), ("xaby", "ab", False), ("ab", "ba", False), ("3", "7", True), ("8", "7", False)],
)
def test_bits_of_integers_containment_of_texts(value: str, operand: str, expected: bool) -> None:
    assert holds("&", value, operand) is expected
    assert holds("!&", value, operand) is not expected


@pytest.mark.rule("ENG-040")
@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], True),
        ([["Sales", "Oslo"]], True),
        ([["Sales", "Rome"]], False),
        ([["Sales", "Rome"], ["Sales"]], True),
        ([["Research"], ["Rome"]], False),
        ([["Research"], ["Oslo"]], True),
    ],
)
def test_clauses_are_joined_by_and_filters_by_or(groups: list[list[str]], expected: bool) -> None:
    named = {"Sales": "department", "Research": "department", "Oslo": "city", "Rome": "city"}
    filters = tuple(
        ScopingFilter(name=f"f{n}", clauses=tuple(clause("EQUALS", value, attribute=named[value]) for value in group))
        for n, group in enumerate(groups)
    )

    assert evaluate_filters(filters, {"department": "Sales", "city": "Oslo"}).passes is expected


@pytest.mark.rule("ENG-060")
def test_results_are_keyed_as_the_log_prints_them() -> None:
    filters = (ScopingFilter(name="Own staff", clauses=(clause("EQUALS", "Sales"), clause("IS NOT NULL"))),)

    verdict = evaluate_filters(filters, {"department": "Research"})

    assert verdict.results == {
        "Own staff.department EQUALS 'Sales'": False,
        "Own staff.department IS NOT NULL ''": True,
    }


def refused(*clauses: ScopingClause) -> str:
    """Return the sentence with which a filter is refused."""
    with pytest.raises(UserInputError) as caught:
        check_filters((ScopingFilter(name="f", clauses=clauses),), "Users")
    return str(caught.value)


@pytest.mark.rule("ENG-047", "ENG-055", "ENG-056")
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (clause("Greater_Than", "ten"), "whole number"),
        (clause("Greater_Than_OR_EQUALS", "1.5"), "whole number"),
        (clause("IsMemberOf", "x"), "no operator 'IsMemberOf'"),
        (clause("EQUALS", "x", attribute="appRoleAssignments"), "cannot be used"),
        (clause("IS NOT NULL", attribute="appRoleAssignments"), "cannot be used"),
        (clause("EQUALS", "Guest", attribute="userType"), "cannot be used"),
        (clause("IS NULL", attribute="manager"), "cannot be used"),
        (clause("EQUALS"), "one value"),
        (clause("EQUALS", "a", "b"), "one value"),
        (clause("IS NULL", "x"), "takes no value"),
        (clause("REGEX MATCH", "(" * 3), "cannot be used"),
    ],
)
def test_what_the_editor_refuses(wrong: ScopingClause, said: str) -> None:
    assert said in refused(wrong)


@pytest.mark.rule("ENG-056", "ENG-057")
@pytest.mark.parametrize("attribute", ["employeeHireDate", "createdDateTime", "proxyAddresses", "otherMails"])
def test_dates_and_lists_cannot_be_filtered(attribute: str) -> None:
    assert "cannot be used" in refused(clause("IS NOT NULL", attribute=attribute))


def test_a_filter_without_a_clause_is_refused() -> None:
    assert "no clause" in refused()


def test_an_operator_of_an_imported_schema_may_be_written_in_any_case() -> None:
    assert holds("greater_than_or_equals", 5, "5")
    assert not holds("an operator nobody knows", "x", "x")


@pytest.mark.rule("ENG-055")
def test_the_members_of_a_group_cannot_be_filtered() -> None:
    members = ScopingFilter(name="f", clauses=(clause("IS NOT NULL", attribute="members"),))

    with pytest.raises(UserInputError, match="cannot be used"):
        check_filters((members,), "Groups", "Group")
