"""YAML without its surprises."""

from __future__ import annotations

import pytest

from entra_sim.scenarios.yaml_nodes import Mapping
from entra_sim.scenarios.yaml_nodes import place_of
from entra_sim.scenarios.yaml_nodes import plain
from entra_sim.scenarios.yaml_nodes import read_nodes
from entra_sim.simulator.errors import ScenarioError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("1.50", 1.5),
        ("on", "on"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("12:30", "12:30"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".5", ".5"),
        (".inf", ".inf"),
        ("2026-01-05", "2026-01-05"),
        ("2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z"),
        ('"true"', "true"),
        ("'42'", "42"),
        ('""', ""),
    ],
)
def test_only_true_false_null_and_decimal_numbers_are_more_than_text(written: str, meant: object) -> None:
    value = plain(read_nodes(f"key: {written}", path="f"))["key"]
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "a second time; the first is in line 1"),
        ("a: &x 1\n", 1, 4, "anchors"),
        ("a: *x\n", 1, 4, "aliases"),
        ("a: !!python/object:os.system 1\n", 1, 4, "tags"),
        ("a: !yes\n", 1, 4, "tags"),
        ("<<: {a: 1}\n", 1, 1, "merge keys"),
        ("a:\n\t- b\n", 2, 1, "a tab stands in the indentation"),
        ("a: 1\n---\nb: 2\n", 3, 1, "a second document"),
        ("? [a, b]\n: c\n", 1, 3, "cannot be a key"),
        ("a: [1, 2\nb: 3\n", 2, 2, "this is not YAML"),
        ("", 1, 1, "the file is empty"),
        ("# only a comment\n", 1, 1, "the file is empty"),
        ("a: " + "[" * 60 + "]" * 60, 1, 43, "nested deeper than 40"),
    ],
)
def test_what_scenario_files_leave_out_is_refused_with_its_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ScenarioError, match=r"^story\.yaml:\d+:\d+: ") as caught:
        read_nodes(text, path="story.yaml")
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_very_large_file_is_refused() -> None:
    with pytest.raises(ScenarioError, match="larger than 4 MB"):
        read_nodes("a: " + "x" * 4_000_001, path="f")


def test_every_part_knows_where_it_stands() -> None:
    root = read_nodes("steps:\n  - expect:\n      logs:\n        - {action: Create}\n", path="f")
    assert isinstance(root, Mapping)
    place = place_of(root, ("steps", 0, "expect", "logs", 0, "action"))
    assert (place.line, place.column) == (4, 12)
    assert place_of(root, ("steps", 0, "nothing")).line == 2


def test_tabs_inside_a_line_are_text() -> None:
    assert plain(read_nodes('a: "b\tc"', path="f")) == {"a": "b\tc"}
