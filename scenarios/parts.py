"""Shapes that several verbs share: people, groups, principals, scoping clauses, mapping rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from entra_sim.scenarios.attributes import EXTENSION_PREFIX
from entra_sim.scenarios.attributes import GRAPH_NAMES
from entra_sim.scenarios.attributes import GROUP_ATTRIBUTES
from entra_sim.scenarios.attributes import MULTI_VALUED
from entra_sim.scenarios.attributes import OPERATORS
from entra_sim.scenarios.attributes import UNARY_OPERATORS
from entra_sim.scenarios.attributes import USER_ATTRIBUTES
from entra_sim.scenarios.problems import Problems
from entra_sim.scenarios.problems import nearest
from entra_sim.scenarios.problems import not_known
from entra_sim.scenarios.shapes import Either
from entra_sim.scenarios.shapes import Flag
from entra_sim.scenarios.shapes import JsonSchema
from entra_sim.scenarios.shapes import ListOf
from entra_sim.scenarios.shapes import Name
from entra_sim.scenarios.shapes import Number
from entra_sim.scenarios.shapes import Record
from entra_sim.scenarios.shapes import Shape
from entra_sim.scenarios.shapes import Text
from entra_sim.scenarios.shapes import Value
from entra_sim.scenarios.shapes import Word
from entra_sim.scenarios.yaml_nodes import Mapping
from entra_sim.scenarios.yaml_nodes import Node
from entra_sim.scenarios.yaml_nodes import Scalar

USER_KEY = Name("user")
GROUP_KEY = Name("group")
PRINCIPAL_KEY = Name("principal")
OBJECT_TYPES = ("users", "groups")


def _attribute_shapes(names: tuple[str, ...]) -> dict[str, Shape]:
    return {name: ListOf(Text()) if name in MULTI_VALUED else Value() for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes(Record):
    """A record of directory attributes that knows Graph's other names for them.

    Args:
        kind: user or group; the name given here can be used in the whole file.
    """

    kind: str

    def read(self, node: Node, problems: Problems) -> dict[str, Any] | None:
        if isinstance(node, Mapping):
            for graph_name, ours in GRAPH_NAMES.items():
                if graph_name in node.entries and ours not in node.entries:
                    problems.add(
                        node.key_places[graph_name],
                        f"'{graph_name}' is Graph's name; the synchronization schema calls it '{ours}' (ENG-002)",
                        key=graph_name,
                    )
            known = {key: value for key, value in node.entries.items() if key not in GRAPH_NAMES}
            node = Mapping(node.place, known, node.key_places)
        values = Record.read(self, node, problems)
        name: Any = (values or {}).get("userPrincipalName" if self.kind == "user" else "displayName")
        if isinstance(name, str):
            problems.defined[self.kind].add(name)
        return values


USER = Attributes(
    kind="user",
    what="user attribute",
    fields={**_attribute_shapes(USER_ATTRIBUTES), "manager": USER_KEY},
    required=("userPrincipalName",),
    open_prefixes=(EXTENSION_PREFIX,),
)
USER_CHANGES = Attributes(
    kind="user", what="user attribute", fields=_attribute_shapes(USER_ATTRIBUTES), open_prefixes=(EXTENSION_PREFIX,)
)
GROUP = Attributes(
    kind="group",
    what="group attribute",
    fields={**_attribute_shapes(GROUP_ATTRIBUTES), "members": ListOf(PRINCIPAL_KEY)},
    required=("displayName",),
)
GROUP_CHANGES = Attributes(kind="group", what="group attribute", fields=_attribute_shapes(GROUP_ATTRIBUTES))
ASSIGNMENT = Either(
    scalar=PRINCIPAL_KEY,
    mapping=Record(
        what="assignment key", fields={"principal": PRINCIPAL_KEY, "role": Text()}, required=("principal", "role")
    ),
)
ASSIGNMENTS = ListOf(ASSIGNMENT, or_single=True)
ROLE = Record(what="role key", fields={"value": Text(), "displayName": Text()}, required=("value",))


@dataclass(frozen=True, slots=True)
class Clause:
    """A scoping clause written as text: `department EQUALS Research`. Reads to (attribute, operator, value)."""

    noun: str = "a clause such as 'department EQUALS Research'"

    def read(self, node: Node, problems: Problems) -> tuple[str, str, str] | None:
        if not isinstance(node, Scalar) or not node.text.strip():
            problems.add(node.place, f"here {self.noun} is needed")
            return None
        attribute, _, rest = node.text.strip().partition(" ")
        fitting = [word for word in OPERATORS if rest == word or rest.startswith(f"{word} ")]
        if not fitting:
            words = rest.split() or [node.text]
            tries = [" ".join(words[:count]) for count in (1, 2, 3)]
            told = next((text for text in tries if nearest(text, OPERATORS)), words[0])
            problems.add(node.place, not_known("scoping operator", told, OPERATORS), key=node.text)
            return None
        operator = max(fitting, key=len)
        value = rest[len(operator) :].strip()
        if bool(value) == (operator in UNARY_OPERATORS):
            wants = "takes no value" if value else "needs a value after it"
            problems.add(node.place, f"the operator {operator} {wants} (ENG-042)", key=node.text)
            return None
        return attribute, operator, value

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "description": f"attribute, operator ({', '.join(OPERATORS)}), value"}


SCOPING_FILTERS = ListOf(
    Record(
        what="scoping filter key",
        fields={"title": Text(), "clauses": ListOf(Clause(), or_single=True)},
        required=("title", "clauses"),
    )
)
APPLY = ("Always", "Only during object creation")
MAPPING_CHANGES = Record(
    what="attribute mapping key",
    fields={
        "source": Text(),
        "expression": Text(),
        "constant": Text(),
        "default": Value(),
        "matching precedence": Number(0, 100),
        "apply": Word("way to apply a mapping", APPLY),
    },
    help={
        "source": "Direct: a source attribute.",
        "expression": "Expression: a mapping expression.",
        "constant": "Constant: the same text for everybody.",
        "default": "Default value if null; used on create only (ENG-072).",
        "matching precedence": "1 is asked first; 0 is no matching attribute (ENG-077).",
        "apply": "Always, or Only during object creation (ENG-073).",
    },
)
MAPPING_ROW = Record(
    what="attribute mapping key",
    fields={"target": Text("a target attribute such as title"), **MAPPING_CHANGES.fields},
    required=("target",),
    help=MAPPING_CHANGES.help,
)


def per_object_type(shape: Shape) -> Record:
    """Return the shape of `{users: ..., groups: ...}`, one of them at least."""
    return Record(what="object type", fields=dict.fromkeys(OBJECT_TYPES, shape))


ACTIONS = Record(what="target object action", fields={"create": Flag(), "update": Flag(), "delete": Flag()})
