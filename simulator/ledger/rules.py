"""The ledger as a value: rules with their status, codes with cause and remedy, and the way from a text to either."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from typing import Any

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.ledger.codes import Code
from entra_sim.simulator.ledger.codes import load_codes

RULE_ID = re.compile(r"\b(ENG|WIRE|SRV|QRK|Q)[-\s]?0*(\d{1,3})\b", re.IGNORECASE)
STRICT_ID = re.compile(r"\b(?:(?:ENG|WIRE|SRV)-\d{3}|(?:QRK|Q)-\d{2})\b")
NUMBERED = re.compile(r"(ENG|WIRE|SRV|QRK|Q)[-\s]?(\d{1,6})", re.IGNORECASE)
DIGITS = {"ENG": 3, "WIRE": 3, "SRV": 3, "QRK": 2, "Q": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRule:
    """One rule of the references and what is known of its simulation.

    Args:
        id: "ENG-182", "Q-04", or the name of a function of the expression language.
        status: "simulated" or "not simulated".
        title: one line.
        text: the rule as the reference states it, Markdown.
        tests: tests, case files and scenarios that prove it.
        code: functions and modules that copy it, "simulator/engine/decide.py: decide".
        assumed: why it is partly a guess, or None.
        setting: names of the settings that change it, with commas, or None.
        reason: why it is not simulated, or None.
        is_open: it is meant to be simulated but is not yet.
        section: heading in the reference.
        document: file name below docs/reference.
    """

    id: str
    status: str
    title: str
    text: str
    tests: tuple[str, ...]
    code: tuple[str, ...]
    assumed: str | None
    setting: str | None
    reason: str | None
    is_open: bool
    section: str
    document: str

    def as_json(self) -> dict[str, Any]:
        """Return the rule as one item of `entra-sim rules --json`."""
        return {
            "id": self.id,
            "status": self.status,
            "title": self.title,
            "tests": list(self.tests),
            "assumed": self.assumed,
            "setting": self.setting,
            "reason": self.reason,
            "code": list(self.code),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One `Assumed:` line of the code: where it stands, what it says, which rules it touches."""

    place: str
    text: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything that `entra-sim rules` can show.

    Args:
        rules: in the order of the references.
        codes: error codes, skip and quarantine reasons, expression errors.
        guesses: what the code assumes, in the order of its files.
        reproduced_by: code → library scenarios that show it.
    """

    rules: tuple[LedgerRule, ...]
    codes: tuple[Code, ...]
    guesses: tuple[Guess, ...]
    reproduced_by: Mapping[str, tuple[str, ...]]

    def rule(self, text: str) -> LedgerRule | None:
        """Return the rule with this id; case, dash and leading zeros are forgiven ("eng182", "q-4")."""
        wanted = normal_id(text)
        return next((rule for rule in self.rules if rule.id.lower() == wanted.lower()), None)

    def code(self, text: str) -> Code | None:
        """Return the code of this name, compared without case."""
        return next((code for code in self.codes if code.name.lower() == text.strip().lower()), None)

    def recognise(self, text: str) -> tuple[Code | LedgerRule, ...]:
        """Return the codes and rules that a pasted text names: codes first, the longest words first.

        A code is found by its name, written as it is, or by its other phrases in any case; words inside the words of
        another code do not count ("Conflict" in "StatusCode: Conflict"). A rule is found by its id.
        """
        spans = [(start, end, code) for code in self.codes for start, end in _spans(text, code)]
        spans.sort(key=lambda item: (item[0] - item[1], item[0]))
        kept: list[tuple[int, int, Code]] = []
        for start, end, code in spans:
            if not any(start < other_end and other_start < end for other_start, other_end, _ in kept):
                kept.append((start, end, code))
        codes = dict.fromkeys(code.name for _, _, code in kept)
        ids = dict.fromkeys(match.group() for match in STRICT_ID.finditer(text))
        rules = (self.rule(rule_id) for rule_id in ids)
        return (*(found for found in map(self.code, codes) if found), *(rule for rule in rules if rule))

    def find(self, text: str) -> tuple[Code | LedgerRule, ...]:
        """Return what a user may mean by `text`: a rule, a code, or what a pasted sentence names.

        Raises:
            NotFound: nothing fits; the sentence names the nearest id or code.
        """
        rule = self.rule(text)
        if rule is not None:
            return (rule,)
        code = self.code(text)
        if code is not None:
            return (code,)
        found = self.recognise(text)
        if found:
            return found
        raise NotFound(self._no_such(text))

    def _no_such(self, text: str) -> str:
        near = self.nearest(text)
        shown = text.strip() if len(text.strip()) <= 60 else text.strip()[:57] + "..."
        if near:
            return f"there is no rule or code '{shown}'; did you mean {' or '.join(near)}?"
        if " " in text.strip():
            return (
                f"no code, skip reason or rule is named in '{shown}'; paste the whole sentence from the log, "
                "or list what is known with 'entra-sim rules'"
            )
        return f"there is no rule or code '{shown}'; 'entra-sim rules' lists them all"

    def nearest(self, text: str) -> tuple[str, ...]:
        """Return up to two ids or codes that look like `text`; for a number of the right form, its neighbours."""
        match = NUMBERED.match(text.strip())
        if match:
            return self._neighbours(match.group(1).upper(), int(match.group(2)))
        if " " in text.strip():
            return ()
        names = {name.lower(): name for name in self._names()}
        return tuple(names[near] for near in get_close_matches(text.strip().lower(), names, n=2, cutoff=0.7))

    def _neighbours(self, family: str, number: int) -> tuple[str, ...]:
        numbers = sorted(
            (abs(int(rule.id.rsplit("-", 1)[1]) - number), rule.id)
            for rule in self.rules
            if rule.id.startswith(f"{family}-")
        )
        return tuple(rule_id for _, rule_id in numbers[:2])

    def _names(self) -> tuple[str, ...]:
        return (*(code.name for code in self.codes), *(rule.id for rule in self.rules))


def load_ledger() -> Ledger:
    """Return the ledger as packaged."""
    data = resources.files("entra_sim.simulator").joinpath("data")
    entries = json.loads(data.joinpath("fidelity.json").read_text(encoding="utf-8"))
    beside = json.loads(data.joinpath("reference.json").read_text(encoding="utf-8"))
    return Ledger(
        rules=tuple(_rule(entry, beside["texts"]) for entry in entries),
        codes=load_codes(),
        guesses=tuple(
            Guess(place=item["place"], text=item["text"], rules=tuple(item["rules"])) for item in beside["guesses"]
        ),
        reproduced_by={code: tuple(places) for code, places in beside["reproduced_by"].items()},
    )


def normal_id(text: str) -> str:
    """Return a rule's id as the references write it, or the text itself when it has not the form of one."""
    match = RULE_ID.fullmatch(text.strip())
    if match is None:
        return text.strip()
    family = match.group(1).upper()
    return f"{family}-{int(match.group(2)):0{DIGITS[family]}d}"


def count_by_status(rules: Sequence[LedgerRule]) -> dict[str, int]:
    """Return how many rules are simulated, not yet, and never."""
    simulated = sum(rule.status == "simulated" for rule in rules)
    not_yet = sum(rule.is_open for rule in rules)
    return {"simulated": simulated, "not yet": not_yet, "never": len(rules) - simulated - not_yet}


def _rule(entry: Mapping[str, Any], texts: Mapping[str, str]) -> LedgerRule:
    return LedgerRule(
        id=entry["id"],
        status=entry["status"],
        title=entry["title"],
        text=texts[entry["id"]],
        tests=tuple(entry["tests"]),
        code=tuple(entry["code"]),
        assumed=entry["assumed"],
        setting=entry["setting"],
        reason=entry["reason"],
        is_open=entry["open"],
        section=entry["section"],
        document=entry["document"],
    )


def _spans(text: str, code: Code) -> Iterator[tuple[int, int]]:
    for words, flags in ((code.name, 0), *((phrase, re.IGNORECASE) for phrase in code.phrases)):
        for match in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text, flags):
            yield match.span()
