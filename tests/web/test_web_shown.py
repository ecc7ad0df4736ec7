"""How values are shown: long names break between their parts, backticks become code, nothing is taken for markup."""

from __future__ import annotations

from datetime import timedelta

import pytest
from visitor import Visitor

from entra_sim.simulator.web.shown import breakable
from entra_sim.simulator.web.shown import took
from entra_sim.simulator.web.shown import with_code


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("NotEffectivelyEntitled", ["Not", "Effectively", "Entitled"]),
        ("urn:ietf:params", ["urn:", "ietf:", "params"]),
        ('filter=userName eq "ada@contoso.example"', ["filter=", "user", 'Name eq "ada@', "contoso.", 'example"']),
        ('emails[type eq "work"].value', ['emails[type eq "work"]', ".", "value"]),
        ("http://x", ["http://", "x"]),
        ("", [""]),
    ],
)
def test_a_long_name_may_break_between_its_parts_only(text: str, pieces: list[str]) -> None:
    shown = str(breakable(text)).replace("&#34;", '"')
    assert shown.split("<wbr>") == pieces


def test_what_stands_between_backticks_is_code() -> None:
    assert with_code("`active` is `true`") == "<code>active</code> is <code>true</code>"
    assert with_code("one ` alone") == "one ` alone"


@pytest.mark.parametrize("show", [breakable, with_code])
def test_markup_in_a_value_stays_text(show: object) -> None:
    assert "<script>" not in str(show("`<script>`alert(1)</script>"))  # type: ignore[operator]
    assert "<script>" not in str(show("<script>"))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 ms"), (0.0129, "12 ms"), (2.5, "2,500 ms"), (10, "10 s"), (70, "1 min 10 s")]
)
def test_how_long_an_exchange_took(seconds: float, text: str) -> None:
    assert took(timedelta(seconds=seconds)) == text


def test_rules_are_shown_without_backticks(admin: Visitor) -> None:
    admin.open("/lab/about?search=IsSoftDeleted")
    assert "IsSoftDeleted" in [node.text for node in admin.main.all("code")]
    assert "`" not in admin.main.text
