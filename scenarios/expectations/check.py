"""Whether the facts are as an expectation says; else the first difference and where in the file it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entra_sim.scenarios.matching import Difference
from entra_sim.scenarios.matching import first_difference
from entra_sim.scenarios.matching import list_difference
from entra_sim.scenarios.matching import words
from entra_sim.scenarios.model import Expectation
from entra_sim.scenarios.problems import Place
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.session import Window
from entra_sim.scenarios.yaml_nodes import place_of

NONE = "none"
INCLUDE, EXACTLY, WITHOUT, COUNT = "include", "exactly", "without", "count"
LIST_FORMS = {
    INCLUDE: "these are there",
    EXACTLY: "these and no others",
    WITHOUT: "none of these is there",
    COUNT: "how many there are in all",
}


@dataclass(frozen=True, slots=True)
class Miss:
    """An expectation that does not hold.

    Args:
        subject: noun and path: "target users[0].active".
        place: of the expected value in the file.
    """

    subject: str
    expected: str
    actual: str
    place: Place


def check(session: Session, expectation: Expectation, window: Window) -> Miss | None:
    """Return what does not hold, None when all is as expected.

    Args:
        window: where records begin to count, for nouns that read records.
    """
    noun = expectation.noun
    facts = noun.read(session, Window() if expectation.since_start else window)
    if noun.is_list:
        difference = list_miss(expectation.expected, facts, is_ordered=noun.is_window)
    else:
        difference = record_miss(expectation.expected, facts)
    if difference is None:
        return None
    place = place_of(expectation.node, difference.path) if difference.path else expectation.place
    return Miss(noun.name + _path_text(difference), difference.expected, difference.actual, place)


def list_miss(expected: Any, facts: list[Any], *, is_ordered: bool) -> Difference | None:
    """Return the first difference of a list noun: `none`, a list, or a mapping of include, exactly, without, count."""
    if expected == NONE:
        return Difference((), NONE, f"{len(facts)}, the first is {words(facts[0])}") if facts else None
    if not isinstance(expected, Mapping):
        return list_difference(expected, facts, is_ordered=is_ordered)
    for form, value in expected.items():
        difference = _form_miss(form, value, facts, is_ordered)
        if difference is not None:
            return difference.under(form)
    return None


def _form_miss(form: str, value: Any, facts: list[Any], is_ordered: bool) -> Difference | None:
    if form == COUNT:
        return None if len(facts) == value else Difference((), f"{value} in all", f"{len(facts)}: {words(facts)}")
    if form == WITHOUT:
        for index, item in enumerate(value):
            for fact in facts:
                if first_difference(item, fact, is_ordered=is_ordered) is None:
                    return Difference((index,), f"nothing like {words(item)}", words(fact))
        return None
    return list_difference(value, facts, is_ordered=is_ordered, is_complete=form == EXACTLY)


def record_miss(expected: Any, fact: Any) -> Difference | None:
    """Return the first difference of a record noun: `none`, or a mapping."""
    if expected == NONE:
        return Difference((), NONE, words(fact)) if fact is not None else None
    if fact is None:
        return Difference((), words(expected), NONE)
    return first_difference(expected, fact, is_ordered=True)


def _path_text(difference: Difference) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in difference.path)
