"""What `entra-sim rules` prints."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from click.testing import Result

from entra_sim.simulator.commands.rules import command
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ledger.rules import load_ledger
from entra_sim.simulator.settings import describe


def _run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner(catch_exceptions=False, env={"COLUMNS": "100"}).invoke(command, arguments, input=given)


def test_a_rule_is_shown_with_text_status_assumption_and_setting() -> None:
    output = _run("ENG-302").output
    assert output.startswith("ENG-302  Trips when the count of a cycle exceeds the threshold")
    assert "Default: count > threshold." in output
    assert "Status:    " in output
    assert "Setting:   delete_threshold_inclusive = false: accidental-deletion prevention trips" in output


def test_a_rule_that_is_not_simulated_says_why() -> None:
    output = _run("ENG-350").output
    assert "Status:    not simulated\n" in output
    assert "Reason:    Azure Log Analytics is another product" in output


def test_an_open_question_shows_its_default_and_every_setting() -> None:
    output = _run("Q-17").output
    assert "default: 30 min × 2^n, cap 24 h" in output
    assert output.count("Setting:") == 2


def test_a_code_is_shown_with_cause_and_remedy() -> None:
    output = _run("InvalidAnchor").output
    assert output.startswith("InvalidAnchor  (error code)\n\nCause:     The account that was created or matched")
    assert "\nRemedy:    Restore the account in the target under its old id" in output
    assert "\nRules:     ENG-168, ENG-174, ENG-330, WIRE-036" in output


def test_a_code_names_the_scenarios_that_show_it() -> None:
    assert "\nSee it:    entra-sim run --library -k " in _run("NotEffectivelyEntitled").output


def test_a_pasted_sentence_may_come_unquoted_or_from_standard_input() -> None:
    quoted = _run("StatusCode: TooManyRequests Message: x").output
    assert quoted.startswith("TooManyRequests  (error code)")
    assert _run("StatusCode:", "TooManyRequests", "Message:", "x").output == quoted
    assert _run("-", given="StatusCode: TooManyRequests\nMessage: x\n").output == quoted


def test_the_list_of_all_rules_is_one_line_each_with_counts() -> None:
    lines = _run().output.splitlines()
    assert lines[0].startswith("ENG-001  ")
    assert any(line.startswith("Switch ") for line in lines)
    assert lines[-2].startswith(f"{len(load_ledger().rules)} rules: ")


def test_the_list_can_be_narrowed_by_status() -> None:
    lines = _run("--status", "never").output.splitlines()
    never = [rule.id for rule in load_ledger().rules if rule.status == "not simulated" and not rule.is_open]
    assert [line.split()[:2] for line in lines[:-3]] == [[rule_id, "never"] for rule_id in never]
    assert lines[-2] == f"{len(never)} rules: 0 simulated, 0 not yet, {len(never)} never."


def test_what_is_assumed_is_listed_with_the_guesses_of_the_code() -> None:
    listed, _, guesses = _run("--status", "assumed").output.partition("\nGuesses of the code:\n")
    assert "\nENG-107  " in listed
    assert "\nENG-021  " not in listed
    assert "Progress is in pages, ENG-364 [simulator/settings.py]" in guesses


def test_json_is_a_list_of_rules_in_the_promised_form() -> None:
    rules = json.loads(_run("--json").output)
    assert len(rules) == len(load_ledger().rules)
    for rule in rules:
        assert list(rule)[:6] == ["id", "status", "title", "tests", "assumed", "setting"]
        assert rule["status"] in ("simulated", "not simulated")


def test_json_of_one_rule_and_of_one_code() -> None:
    rule = json.loads(_run("--json", "ENG-044").output)
    assert rule["setting"] == "regex_match_anchored"
    assert ".NET" in rule["text"]
    code = json.loads(_run("--json", "RedundantExport").output)
    assert code["kind"] == "skip reason"
    assert code["cause"].startswith("Source and target agree")
    assert code["rules"] == ["ENG-014", "ENG-080", "ENG-153", "ENG-444"]


def test_settings_are_listed_with_type_unit_default_and_source() -> None:
    output = _run("--settings").output
    for item in describe():
        assert item.name in output
    assert "cycle_interval_minutes" in output
    assert "float  40 min\n    time from the start of a cycle to the start of the next [ENG-124, Q-04]" in output
    listed = json.loads(_run("--settings", "--json").output)
    assert [item["name"] for item in listed] == [item.name for item in describe()]
    assert set(listed[0]) == {"name", "type", "unit", "default", "meaning", "source", "question"}


@pytest.mark.parametrize("arguments", [("--settings", "ENG-001"), ("--settings", "--status", "never")])
def test_options_that_do_not_go_together_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UserInputError, match="--settings lists all settings"):
        _run(*arguments)


def test_a_status_with_an_id_is_refused() -> None:
    with pytest.raises(UserInputError, match="--status narrows the list"):
        _run("--status", "never", "ENG-001")


def test_an_unknown_code_ends_with_exit_code_two() -> None:
    with pytest.raises(NotFound, match="did you mean InvalidAnchor") as caught:
        _run("InvalidAnchr")
    assert caught.value.exit_code == 2
