"""The two kinds of words a scenario is made of: verbs (what a step does) and nouns (what an expectation reads)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from entra_sim.scenarios.session import Session
    from entra_sim.scenarios.session import Window
    from entra_sim.scenarios.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """What one step can do.

    Args:
        name: as a step spells it: "create user".
        help: one sentence for lists, the editor and the documentation.
        section: heading in the documentation.
        perform: does it; a SimulatorError is told at the step's place.
        argument: shape of what follows the colon, None for verbs that stand alone.
        is_argument_optional: the verb may stand alone as well.
        example: a step as YAML, run by the tests through the loader.
        rules: reference rules behind it.
    """

    name: str
    help: str
    section: str
    perform: Callable[[Session, Any], None]
    argument: Shape | None = None
    is_argument_optional: bool = False
    example: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """What one expectation can read.

    Args:
        name: as `expect` spells it: "target users".
        help: one sentence.
        read: the facts: a list of mappings for a list noun, one mapping or None for a record noun.
        is_list: many facts, or one.
        is_window: facts since the previous `expect`, in order; else the present state, in any order.
        keys: the known keys of a fact; empty when the keys are SCIM attributes.
        open_prefixes: further keys that begin so.
        example: an `expect` entry as YAML.
    """

    name: str
    help: str
    section: str
    read: Callable[[Session, Window], Any]
    is_list: bool = True
    is_window: bool = False
    keys: dict[str, str] = field(default_factory=dict)
    example: str
