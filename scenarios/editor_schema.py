"""The JSON Schema of scenario files: completion and checking in editors that know the YAML language server."""

from __future__ import annotations

from typing import Any

from entra_sim.scenarios.expectations import NOUNS
from entra_sim.scenarios.expectations.check import LIST_FORMS
from entra_sim.scenarios.expectations.check import NONE
from entra_sim.scenarios.language import Noun
from entra_sim.scenarios.loader import SCENARIO
from entra_sim.scenarios.step_reader import EXPECT
from entra_sim.scenarios.step_reader import SINCE
from entra_sim.scenarios.step_reader import STEP_KEYS
from entra_sim.scenarios.steps import VERBS

HEADER = "# yaml-language-server: $schema={path}"
"""The line that switches the schema on, as the first of a scenario file."""


def editor_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "entra-sim scenario",
        **SCENARIO.json_schema(),
        "$defs": {"step": _step(), "expect": _expect()},
    }


def _step() -> dict[str, Any]:
    alone = [verb for verb in VERBS.values() if verb.argument is None or verb.is_argument_optional]
    properties: dict[str, Any] = {
        verb.name: _described(
            verb.argument.json_schema() if verb.argument else {"type": "null"}, verb.help, verb.example
        )
        for verb in VERBS.values()
    }
    properties[EXPECT] = {"$ref": "#/$defs/expect"}
    around: dict[str, Any] = {key: {"type": "string", "description": text} for key, text in STEP_KEYS.items()}
    around["done when"] = {"$ref": "#/$defs/expect"}
    return {
        "anyOf": [
            {"enum": [verb.name for verb in alone]},
            {
                "type": "object",
                "properties": {**properties, **around},
                "additionalProperties": False,
                "minProperties": 1,
            },
        ]
    }


def _expect() -> dict[str, Any]:
    properties: dict[str, Any] = {noun.name: _noun(noun) for noun in NOUNS.values()}
    properties[SINCE] = {"enum": ["start"], "description": "Records count since the start, not the previous expect."}
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}


def _noun(noun: Noun) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "object"}
    if noun.keys:
        item["properties"] = {key: {"description": text} for key, text in noun.keys.items()}
    none = {"enum": [NONE]}
    if not noun.is_list:
        return _described({"anyOf": [none, item]}, noun.help, noun.example)
    listed = {"type": "array", "items": item}
    forms: dict[str, Any] = {form: _described(dict(listed), text, "") for form, text in LIST_FORMS.items()}
    forms["count"] = {"type": "integer", "minimum": 0, "description": LIST_FORMS["count"]}
    mapping = {"type": "object", "properties": forms, "additionalProperties": False, "minProperties": 1}
    return _described({"anyOf": [none, listed, mapping]}, noun.help, noun.example)


def _described(schema: dict[str, Any], text: str, example: str) -> dict[str, Any]:
    return {**schema, "description": f"{text}\n\nExample: {example}" if example else text}
