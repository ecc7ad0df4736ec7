"""Steps and expectations: from nodes to values, with a sentence for every mistake."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from entra_sim.scenarios import synonyms
from entra_sim.scenarios.expectations import NOUNS
from entra_sim.scenarios.expectations.check import COUNT
from entra_sim.scenarios.expectations.check import LIST_FORMS
from entra_sim.scenarios.expectations.check import NONE
from entra_sim.scenarios.language import Noun
from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.matching import words
from entra_sim.scenarios.model import Expectation
from entra_sim.scenarios.model import Guidance
from entra_sim.scenarios.model import Step
from entra_sim.scenarios.problems import Place
from entra_sim.scenarios.problems import Problems
from entra_sim.scenarios.problems import not_known
from entra_sim.scenarios.problems import with_example
from entra_sim.scenarios.shapes import JsonSchema
from entra_sim.scenarios.shapes import ListOf
from entra_sim.scenarios.shapes import Record
from entra_sim.scenarios.shapes import Text
from entra_sim.scenarios.steps import VERBS
from entra_sim.scenarios.yaml_nodes import Mapping
from entra_sim.scenarios.yaml_nodes import Node
from entra_sim.scenarios.yaml_nodes import Scalar
from entra_sim.scenarios.yaml_nodes import Sequence
from entra_sim.scenarios.yaml_nodes import plain
from entra_sim.scenarios.yaml_nodes import read_nodes

EXPECT, SINCE = "expect", "since"
STEP_KEYS = {
    "say": "What is told; a step with it begins a new entry of a guide.",
    "at": "The screen and control where an administrator does it.",
    "done when": "Facts that show that the step is done, as in expect.",
    "application": "The application that the step is about; it stays the current one.",
    "refused": "The step must be refused with a sentence like this; * stands for any text.",
}
_TEXT = Text()


@dataclass(frozen=True, slots=True)
class StepsShape:
    """A list of steps."""

    noun: str = "a list of steps, each beginning with a dash"

    def read(self, node: Node, problems: Problems) -> tuple[Step, ...]:
        if not isinstance(node, Sequence):
            problems.add(node.place, f"here {self.noun} is needed")
            return ()
        if not node.items:
            problems.add(node.place, "the list of steps is empty; begin with '- start provisioning'")
        steps = (read_step(item, number, problems) for number, item in enumerate(node.items, start=1))
        return tuple(step for step in steps if step is not None)

    def json_schema(self) -> JsonSchema:
        return {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1}


@dataclass(frozen=True, slots=True)
class ExpectShape:
    """The nouns of an `expect` or `done when`."""

    noun: str = "what is expected, for example {requests: none}"

    def read(self, node: Node, problems: Problems) -> tuple[Expectation, ...]:
        return read_expectations(node, problems)

    def json_schema(self) -> JsonSchema:
        return {"$ref": "#/$defs/expect"}


EXERCISE = Record(
    what="exercise key",
    fields={"task": _TEXT, "hints": ListOf(_TEXT), "done when": ExpectShape(), "solution": StepsShape()},
    required=("task", "done when", "solution"),
    help={
        "task": "What is wrong and what to reach.",
        "hints": "Help, one by one.",
        "done when": "Facts that hold when it is repaired; they must not hold before.",
        "solution": "Steps that repair it; they are run to show that it can be done.",
    },
)


def read_step_text(text: str) -> Step:
    """Return one step or expectation from YAML text, as `entra-sim do` and `POST /api/steps` take it.

    Raises:
        UserInputError: the text is no step; names of people and groups are left to the running instance.
    """
    problems = Problems("step")
    node = read_nodes(text, path="step")
    if isinstance(node, Sequence) and len(node.items) == 1:
        node = node.items[0]
    step = read_step(node, 1, problems)
    problems.raise_if_any()
    assert step is not None
    return step


def read_step(node: Node, number: int, problems: Problems) -> Step | None:
    """Return one step; None after noting a mistake."""
    if isinstance(node, Scalar):
        return _lone_step(node, number, problems)
    if not isinstance(node, Mapping):
        problems.add(node.place, "a step is a verb, such as 'start provisioning' or 'advance: 40m', not a list")
        return None
    verbs = [key for key in node.entries if key not in STEP_KEYS]
    if len(verbs) > 1:
        known = [key for key in verbs if key in VERBS or key == EXPECT]
        if len(known) == 1:
            for key in verbs:
                if key not in known:
                    problems.add(node.key_places[key], not_known("key of a step", key, STEP_KEYS), key=key)
        else:
            second = node.key_places[verbs[1]]
            problems.add(second, f"a step does one thing; begin a new step (a dash) for '{verbs[1]}'", key=verbs[1])
        return None
    guidance, application, refused = _around(node, problems)
    step = _verb_step(node, verbs[0], number, problems) if verbs else Step(number=number, text="say", place=node.place)
    if step is None:
        return None
    if not verbs and not guidance.say:
        problems.add(node.place, "this step does nothing; add a verb, or 'say' what is to be told")
    return replace(step, guidance=guidance, application=application, refused=refused)


def _around(node: Mapping, problems: Problems) -> tuple[Guidance, str, str | None]:
    texts = {
        key: _TEXT.read(node.entries[key], problems) or ""
        for key in ("say", "at", "application", "refused")
        if key in node.entries
    }
    done = read_expectations(node.entries["done when"], problems) if "done when" in node.entries else ()
    guidance = Guidance(say=texts.get("say", "").strip(), at=texts.get("at", "").strip(), done_when=done)
    return guidance, texts.get("application", ""), texts.get("refused")


def _lone_step(node: Scalar, number: int, problems: Problems) -> Step | None:
    verb = VERBS.get(node.text)
    if verb is None:
        problems.add(node.place, not_known("step", node.text, (*VERBS, EXPECT), synonyms.STEPS), key=node.text)
        return None
    if verb.argument is not None and not verb.is_argument_optional:
        problems.add(node.place, f"'{verb.name}' needs something after a colon: {verb.example}", key=node.text)
        return None
    return Step(number=number, text=verb.name, place=node.place, verb=verb)


def _verb_step(node: Mapping, key: str, number: int, problems: Problems) -> Step | None:
    place, value = node.key_places[key], node.entries[key]
    text = f"{key}: {words(_shown(key, plain(value)), 120)}"
    if key == EXPECT:
        return Step(number=number, text=EXPECT, place=place, expectations=read_expectations(value, problems))
    verb = VERBS.get(key)
    if verb is None:
        problems.add(place, not_known("step", key, (*VERBS, EXPECT), synonyms.STEPS), key=key)
        return None
    is_empty = isinstance(value, Scalar) and value.value is None and value.is_plain
    if verb.argument is None:
        if not is_empty:
            problems.add(place, f"'{verb.name}' stands alone, without a colon", key=key)
        return Step(number=number, text=verb.name, place=place, verb=verb)
    if is_empty and verb.is_argument_optional:
        return Step(number=number, text=verb.name, place=place, verb=verb)
    argument = _read_argument(verb, value, problems)
    return Step(number=number, text=text, place=place, verb=verb, argument=argument)


def _read_argument(verb: Verb, value: Node, problems: Problems) -> Any:
    """Return the argument; the first mistake in it also shows how the step is written."""
    assert verb.argument is not None
    count = len(problems.found)
    argument = verb.argument.read(value, problems)
    if len(problems.found) > count and "is needed" in problems.found[count].message:
        problems.found[count] = with_example(problems.found[count], verb.example)
    return argument


def _shown(key: str, value: Any) -> Any:
    """Return the argument without secrets."""
    if isinstance(value, dict) and "token" in value and key in ("save credentials", "test connection"):
        return {**value, "token": "..."}
    return value


def read_expectations(node: Node, problems: Problems) -> tuple[Expectation, ...]:
    """Return the expectations of an `expect` or `done when`."""
    if not isinstance(node, Mapping) or not node.entries:
        problems.add(node.place, "here a mapping of what is expected is needed, for example {requests: none}")
        return ()
    since_start = SINCE in node.entries
    if since_start and getattr(node.entries[SINCE], "text", "") != "start":
        problems.add(
            node.entries[SINCE].place,
            "'since' can only be 'start'; without it, records count since the previous expect",
        )
    found = []
    for key, value in node.entries.items():
        if key == SINCE:
            continue
        noun = NOUNS.get(key)
        if noun is None:
            problems.add(
                node.key_places[key], not_known("expectation", key, (*NOUNS, SINCE), synonyms.EXPECTATIONS), key=key
            )
            continue
        if _check_expected(noun, value, node.key_places[key], problems):
            found.append(
                Expectation(
                    noun=noun, expected=plain(value), node=value, place=node.key_places[key], since_start=since_start
                )
            )
    return tuple(found)


def _check_expected(noun: Noun, value: Node, place: Place, problems: Problems) -> bool:
    before = len(problems.found)
    if isinstance(value, Scalar):
        if value.text != NONE:
            form = "a list" if noun.is_list else "a mapping"
            problems.add(value.place, f"'{noun.name}' needs {form} or none: {noun.example}", key=value.text)
    elif noun.is_list:
        _check_list(noun, value, problems)
    elif isinstance(value, Mapping):
        _check_keys(noun, value, problems)
    else:
        problems.add(place, f"'{noun.name}' is one thing, not a list: {noun.example}")
    return len(problems.found) == before


def _check_list(noun: Noun, value: Node, problems: Problems) -> None:
    if isinstance(value, Sequence):
        for item in value.items:
            _check_item(noun, item, problems)
        return
    assert isinstance(value, Mapping)
    for form, inner in value.entries.items():
        if form not in LIST_FORMS:
            hint = " (one thing is a list of one: put [ ] round it)" if form in noun.keys or not noun.keys else ""
            problems.add(value.key_places[form], not_known("form of expectation", form, LIST_FORMS) + hint, key=form)
        elif form == COUNT:
            number = inner.value if isinstance(inner, Scalar) else None
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                problems.add(inner.place, "'count' needs a whole number of 0 or more")
        elif isinstance(inner, Sequence):
            for item in inner.items:
                _check_item(noun, item, problems)
        else:
            problems.add(inner.place, f"'{form}' needs a list")


def _check_item(noun: Noun, item: Node, problems: Problems) -> None:
    if isinstance(item, Mapping):
        _check_keys(noun, item, problems)
    else:
        problems.add(item.place, f"each of '{noun.name}' is a mapping: {noun.example}")


def _check_keys(noun: Noun, item: Mapping, problems: Problems) -> None:
    if not noun.keys:
        return
    for key in item.entries:
        if key not in noun.keys and key.partition(".")[0] not in noun.keys:
            problems.add(item.key_places[key], not_known(f"key of {noun.name}", key, noun.keys), key=key)
