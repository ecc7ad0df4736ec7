"""Every line of expression-cases.jsonl is one test."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import Result
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import text_of

_LINES = (Path(__file__).parent / "expression-cases.jsonl").read_text(encoding="utf-8").splitlines()
CASES = [json.loads(line) for line in _LINES]
SEED = 5


def context_of(case: Mapping[str, Any]) -> EvaluationContext:
    given = case.get("context", {})
    now = given.get("now")
    taken = {value.lower() for value in given.get("target_existing", [])}
    return EvaluationContext(
        now=datetime.fromisoformat(now) if now else datetime(2025, 1, 5, 9, 30, tzinfo=UTC),
        new_id=lambda: str(uuid.uuid5(uuid.NAMESPACE_URL, "case")),
        chance=random.Random(SEED),
        default_domain=given.get("default_domain"),
        is_taken=lambda candidate: candidate.lower() in taken,
    )


def outcome(case: Mapping[str, Any]) -> Result | str:
    try:
        return evaluate(parse(case["expression"]), case["attributes"], context_of(case))
    except ExpressionError as error:
        return error.code


def comparable(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [text_of(element) for element in value]
    return text_of(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case_gives_what_the_reference_expects(case: Mapping[str, Any]) -> None:
    found = outcome(case)
    if case["expect_error"]:
        assert found == case["expect_error"]
        return
    assert isinstance(found, Result), found
    assert found.ignore == case.get("expect_ignore", "")
    if "expect_pattern" in case:
        assert re.fullmatch(case["expect_pattern"], text_of(found.value) or ""), found.value
    else:
        assert comparable(found.value) == comparable(case["expect"])
    if "expect_log" in case:
        assert found.log_value == case["expect_log"]
    elif found.ignore == "":
        assert found.log_value == found.value


def test_all_cases_of_the_reference_are_here() -> None:
    assert len(CASES) == 327
    assert len({case["function"] for case in CASES}) == 47
