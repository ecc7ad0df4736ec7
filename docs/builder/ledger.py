"""The ledger itself: every rule in exactly one of two lists, simulated (somebody proves it) or not simulated (why)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entra_sim.docs.builder.evidence import Evidence
from entra_sim.docs.builder.evidence import read_evidence
from entra_sim.docs.builder.references import EXPRESSIONS
from entra_sim.docs.builder.references import ID
from entra_sim.docs.builder.references import Rule
from entra_sim.docs.builder.references import read_rules
from entra_sim.simulator.ledger.codes import load_codes
from entra_sim.simulator.settings import describe

NOT_SIMULATED = "docs/not-simulated.toml"
NOT_YET = "not yet: the code or the test that proves it is still to come"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule of the ledger.

    Args:
        rule: as the reference states it.
        status: "simulated" or "not simulated".
        tests: tests, case files and scenarios that prove it.
        code: what copies the rule, by its docstring or by the reason that it gives; when nothing does, what reads its
            settings.
        assumed: why it is partly or wholly a guess, "" when it is not.
        settings: names of the settings that change it.
        reason: why it is not simulated, "" when it is.
        is_open: it is meant to be simulated, not yet.
    """

    rule: Rule
    status: str
    tests: tuple[str, ...]
    code: tuple[str, ...]
    assumed: str
    settings: tuple[str, ...]
    reason: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HandKept:
    """docs/not-simulated.toml: reasons of what never comes, ids of what has not come yet."""

    never: Mapping[str, str]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All entries in the order of the references, what was found beside them, and what is wrong with them."""

    entries: tuple[Entry, ...]
    evidence: Evidence
    problems: tuple[str, ...]


def read_hand_kept(root: Path) -> HandKept:
    """Return the hand-kept list.

    Raises:
        ValueError: the file is not of its form; the sentence says how.
    """
    data = tomllib.loads((root / NOT_SIMULATED).read_text(encoding="utf-8"))
    never = data.get("never", {})
    for rule_id, reason in never.items():
        if not isinstance(reason, str) or len(reason) < 20:
            raise ValueError(f"{NOT_SIMULATED}: {rule_id} needs a reason that a user would accept")
    return HandKept(never=never, open=tuple(data.get("open", {}).get("ids", ())))


def build_ledger(root: Path) -> Ledger:
    """Return the ledger of the tree at `root`, with its problems; an entry with a problem counts as not simulated."""
    rules = read_rules(root / "docs" / "reference")
    codes = [code.name for code in load_codes()]
    functions = [rule.id for rule in rules if rule.document == EXPRESSIONS]
    settings = [item.name for item in describe()]
    evidence = read_evidence(root, codes=codes, functions=functions, settings=settings)
    hand_kept = read_hand_kept(root)
    problems = [*evidence.problems, *_unknown(rules, evidence, hand_kept)]
    entries = []
    for rule in rules:
        tests = tuple(evidence.tests.get(rule.id, ()))
        lists = [name for name, holds in _lists(rule.id, tests, hand_kept).items() if holds]
        if not lists:
            problems.append(f"{rule.id} is cited by no test; write one, or give its reason in {NOT_SIMULATED}")
        elif len(lists) > 1:
            problems.append(f"{rule.id} is {' and '.join(lists)}")
        entries.append(_entry(rule, tests, evidence, hand_kept))
    return Ledger(entries=tuple(entries), evidence=evidence, problems=tuple(problems))


def without_proven(text: str, evidence: Evidence) -> str:
    """Return not-simulated.toml with the ids taken out of `[open]` that a test cites; all else stays as written."""
    head, mark, rest = text.partition("[open]")
    kept = [line for line in rest.splitlines() if line.strip().strip('",') not in evidence.tests]
    return head + mark + "\n".join(kept) + "\n"


def _lists(rule_id: str, tests: tuple[str, ...], hand_kept: HandKept) -> dict[str, bool]:
    return {
        f"proven by {tests[0] if tests else ''}": bool(tests),
        f"never simulated by [never] of {NOT_SIMULATED}": rule_id in hand_kept.never,
        f"not yet simulated by [open] of {NOT_SIMULATED}": rule_id in hand_kept.open,
    }


def _unknown(rules: tuple[Rule, ...], evidence: Evidence, hand_kept: HandKept) -> list[str]:
    known = {rule.id for rule in rules}
    cited = [
        f"{places[0]} cites {rule_id}, which no reference defines"
        for rule_id, places in sorted(evidence.tests.items())
        if rule_id not in known
    ]
    listed = [
        f"{NOT_SIMULATED} lists {rule_id}, which no reference defines"
        for rule_id in (*hand_kept.never, *hand_kept.open)
        if rule_id not in known
    ]
    return cited + listed


def _entry(rule: Rule, tests: tuple[str, ...], evidence: Evidence, hand_kept: HandKept) -> Entry:
    settings = tuple(item.name for item in describe() if rule.id in (item.question, *ID.findall(item.source)))
    readers = [place for name in settings for place in evidence.readers.get(name, ())]
    guesses = [f"{guess.text} ({guess.place})" for guess in evidence.guesses if rule.id in guess.rules]
    reason = "" if tests else hand_kept.never.get(rule.id, NOT_YET)
    return Entry(
        rule=rule,
        status="simulated" if tests else "not simulated",
        tests=tests,
        code=tuple(dict.fromkeys(evidence.sources.get(rule.id) or readers)),
        assumed="; ".join([*rule.assumed, *guesses]),
        settings=settings,
        reason=reason,
        is_open=not tests and rule.id not in hand_kept.never,
    )


def as_json(entry: Entry) -> dict[str, Any]:
    """Return the packaged form of an entry."""
    return {
        "id": entry.rule.id,
        "status": entry.status,
        "title": entry.rule.title,
        "tests": list(entry.tests),
        "assumed": entry.assumed or None,
        "setting": ", ".join(entry.settings) or None,
        "reason": entry.reason or None,
        "open": entry.is_open,
        "code": list(entry.code),
        "section": entry.rule.section,
        "document": entry.rule.document,
    }
