"""Single values: words for true, forms of instants, several values in a cell."""

from __future__ import annotations

import pytest

from entra_sim.simulator.tenants.values import boolean
from entra_sim.simulator.tenants.values import cell_of
from entra_sim.simulator.tenants.values import instant
from entra_sim.simulator.tenants.values import is_flattened
from entra_sim.simulator.tenants.values import texts


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-05", "2026-01-05T00:00:00Z"),
        ("2026-01-05T09:00", "2026-01-05T09:00:00Z"),
        ("2026-01-05T09:00:00.1234567Z", "2026-01-05T09:00:00.1234567Z"),
        ("2026-01-05T09:00:00+05:30", "2026-01-05T03:30:00Z"),
        ("2026-01-05 09:00:00-0800", "2026-01-05T17:00:00Z"),
        ("2022-03-18 19:49:35Z", "2022-03-18T19:49:35Z"),
        ("8/19/2021 1:25:31 PM", "2021-08-19T13:25:31Z"),
        ("8/9/2021 12:05:00 AM", "2021-08-09T00:05:00Z"),
        ("19/08/2021 13:25", "2021-08-19T13:25:00Z"),
        ("19.08.2021", "2021-08-19T00:00:00Z"),
        ("/Date(1629379531000)/", "2021-08-19T13:25:31Z"),
        ("", None),
    ],
)
def test_instants(written: str, read: str | None) -> None:
    assert instant(written) == read


@pytest.mark.parametrize(
    "written", ["soon", "2026-13-01", "1/2/2026", "2026-01-05T25:00", "31.02.2026", "9999-12-31T23:00-02:00"]
)
def test_what_is_no_instant_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="must be an instant"):
        instant(written)


@pytest.mark.parametrize(
    ("written", "read"),
    [("TRUE", True), ("yes", True), ("$true", True), ("0", False), ("No", False), (" ", None), (True, True)],
)
def test_words_for_true_and_false(written: object, read: bool | None) -> None:
    assert boolean(written) is read


@pytest.mark.parametrize(
    "values",
    [("a",), ("a", "b"), ("a;b", "c"), (" a", "b"), ("[a]",), ("{a}", "b"), ("a|b",), ("a\nb",), ('"',), ("a+smtp:b",)],
)
def test_several_values_survive_a_cell(values: tuple[str, ...]) -> None:
    assert texts(cell_of(values)) == values


def test_addresses_joined_by_plus_as_the_microsoft_365_admin_center_writes_them() -> None:
    cell = "SMTP:ada+tapt@x.example+smtp:ada@x.example+X500:/o=a"
    assert texts(cell, is_plus_separated=True) == ("SMTP:ada+tapt@x.example", "smtp:ada@x.example", "X500:/o=a")


@pytest.mark.parametrize(
    ("text", "is_type"),
    [
        ("System.String[]", True),
        ("System.Object[]", True),
        ("System.Collections.Generic.List`1[System.String]", True),
        ("System.Collections.Hashtable", True),
        ("Microsoft.Graph.PowerShell.Models.MicrosoftGraphDirectoryObject", True),
        ("Microsoft.Graph.Beta.PowerShell.Models.MicrosoftGraphUser[]", True),
        ("Microsoft.Open.AzureAD.Model.PasswordProfile", True),
        ("{Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedLicense}", True),
        ("System.Administrator", False),
        ("Microsoft.Teams", False),
        ("{a}", False),
        ("", False),
    ],
)
def test_names_of_types(text: str, is_type: bool) -> None:
    assert is_flattened(text) is is_type
