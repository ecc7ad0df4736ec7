"""What speaks for a rule: tests and scenarios that cite it, code and guesses that name it in docstrings.

Tests are read by syntax tree, never imported: `@pytest.mark.rule("ENG-182", ...)` on a function or class, the same in a
`pytestmark` of a module or class, and in the `marks=` of a `pytest.param`. Files of cases that a parametrised test
runs one by one cite in their own field (`CASES`). A citation that is not written out as text is a problem: nobody could
list it.

Code cites a rule under `Source:` in the docstring of a function, a class, a module, or in the text below a table; a
range ("ENG-312 to ENG-317") means every rule between. A file of data that cited code reads is code of the rule too.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TypeGuard

import yaml

from entra_sim.docs.builder.references import ID

MOST_RULES_PER_TEST = 5
PACKAGES = ("simulator", "mock_tapt", "scenarios")
STORIES = "scenarios"  # its tables name rules to explain the words of the language, they decide nothing
SELF = "tests/test_ledger.py"
LIBRARY = "scenarios/library"
FUNCTION = re.compile(r"expressions\.md, ([A-Z]\w+)")
DATA = re.compile(r"data/[\w-]+\.json")
PAGE = re.compile(r"\w+\.html")
BUILT_FROM = re.compile(r"""{% (?:extends|include) "(\w+\.html)" %}""")
RANGE = re.compile(r"\b(ENG|WIRE|SRV|QRK|Q)-(\d{2,3}) to (?:\1-)?(\d{2,3})\b")
OTHER_LINE = re.compile(r"^\s*(?:\w+:(?:\s|$)|$)")
ASSUMED = re.compile(r"(?<!`)\bAssumed:\s*(.*)")
Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One `Assumed:` of the code.

    Args:
        place: file and the name of what carries the docstring, "simulator/engine/decide.py: decide".
        text: the guess with its reason, one line.
        rules: ids named in the guess or in the `Source:` of the same docstring.
    """

    place: str
    text: str
    rules: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything found in the tree.

    Args:
        tests: rule id → tests and scenarios that prove it, sorted.
        sources: rule id → code whose docstring names the rule under `Source:` or that gives it as a reason, sorted.
        readers: setting → code that reads it.
        guesses: in the order of files and lines.
        reproduced_by: error code, skip or quarantine reason → library scenarios that show it.
        problems: sentences about citations that cannot be counted.
    """

    tests: dict[str, list[str]] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)
    readers: dict[str, list[str]] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    reproduced_by: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def cite(self, place: str, ids: Sequence[str]) -> None:
        """Count `place` for each rule, once."""
        for rule_id in ids:
            places = self.tests.setdefault(rule_id, [])
            if place not in places:
                places.append(place)


def read_evidence(
    root: Path, *, codes: Sequence[str] = (), functions: Sequence[str] = (), settings: Sequence[str] = ()
) -> Evidence:
    """Return what the tree below `root` says about rules.

    Args:
        root: the project's root.
        codes: names to look for in scenarios.
        functions: names of the expression language; `date_add` in an expressions package is the code of DateAdd.
        settings: names of settings, to find who reads them.
    """
    evidence = Evidence()
    modules = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in _tests(root, "*.py")}
    for name, source in modules.items():
        if name.endswith("conftest.py"):
            continue  # a hook there may mark cases from their own data, which is read below
        _Citations(name, evidence).read(ast.parse(source, name))
    for path in _tests(root, "*.json*"):
        _read_cases(path, path.relative_to(root).as_posix(), modules, evidence)
    for path in sorted((root / LIBRARY).rglob("*.yaml")):
        _read_scenario(path, path.relative_to(root).as_posix(), codes, evidence)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            names = {function.lower(): function for function in functions if "/expressions/" in name}
            tree = ast.parse(path.read_text(encoding="utf-8"), name)
            if package != STORIES:
                _read_code(root, name, tree, names, evidence)
            _read_settings(name, tree, settings, evidence)
    for places in (*evidence.tests.values(), *evidence.sources.values()):
        places.sort()
    return evidence


class _Citations:
    """Walks one test module and cites for each test what its own marks, its class's and its module's say."""

    def __init__(self, name: str, evidence: Evidence) -> None:
        self.name = name
        self.evidence = evidence
        self.counted: set[int] = set()

    def read(self, tree: ast.Module) -> None:
        marks = self._pytestmark(tree.body)
        self._body(tree.body, self.name, marks)
        for statement in tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and not _assigns(statement, "pytestmark"):
                self._params(statement, self.name, marks)
        for node in ast.walk(tree):
            if _is_rule_mark(node) and id(node) not in self.counted:
                self.evidence.problems.append(f"{self.name}:{node.lineno} cites a rule where no test stands")

    def _body(self, body: Sequence[ast.stmt], place: str, inherited: tuple[str, ...]) -> None:
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                marks = inherited + self._decorators(statement) + self._pytestmark(statement.body)
                self._body(statement.body, f"{place}::{statement.name}", marks)
            elif isinstance(statement, Definition):
                self._test(statement, f"{place}::{statement.name}", inherited)

    def _test(self, statement: Definition, place: str, inherited: tuple[str, ...]) -> None:
        own = self._decorators(statement)
        if not statement.name.startswith("test"):
            if own:
                self.evidence.problems.append(f"{place} cites {', '.join(own)} but is no test")
            return
        self._cite(place, inherited + own)
        for decorator in statement.decorator_list:
            self._params(decorator, place, inherited + own)

    def _cite(self, place: str, ids: tuple[str, ...]) -> None:
        different = sorted(set(ids))
        if len(different) > MOST_RULES_PER_TEST:
            self.evidence.problems.append(
                f"{place} cites {len(different)} rules ({', '.join(different)}); at most {MOST_RULES_PER_TEST} may be"
            )
        self.evidence.cite(place, ids)

    def _params(self, node: ast.AST, place: str, inherited: tuple[str, ...]) -> None:
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("param"):
                for keyword in call.keywords:
                    if keyword.arg == "marks":
                        ids = self._ids(ast.walk(keyword.value), place)
                        if ids:
                            self._cite(place, tuple(dict.fromkeys(inherited + ids)))

    def _decorators(self, statement: Definition | ast.ClassDef) -> tuple[str, ...]:
        return self._ids(statement.decorator_list, f"{self.name}::{statement.name}")

    def _pytestmark(self, body: Sequence[ast.stmt]) -> tuple[str, ...]:
        found = [statement for statement in body if _assigns(statement, "pytestmark")]
        return tuple(rule_id for statement in found for rule_id in self._ids(ast.walk(statement), self.name))

    def _ids(self, nodes: Iterator[ast.AST] | Sequence[ast.AST], place: str) -> tuple[str, ...]:
        ids: list[str] = []
        for node in nodes:
            if _is_rule_mark(node):
                self.counted.add(id(node))
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        ids.append(argument.value)
                    else:
                        self.evidence.problems.append(f"{place}: the rule {ast.unparse(argument)} is not written out")
        return tuple(ids)


def _is_rule_mark(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.mark.rule", "mark.rule")


def _assigns(statement: ast.stmt, name: str) -> bool:
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == name for target in statement.targets
    )


def _tests(root: Path, pattern: str) -> list[Path]:
    found = sorted((root / "tests").rglob(pattern))
    return [path for path in found if "node_modules" not in path.parts]


def readers_of(cases: str, modules: Mapping[str, str]) -> list[str]:
    """Return the test modules (name → source) that name a file of cases, or its folder in quotation marks."""
    file, folder = cases.rsplit("/", 1)[1], cases.rsplit("/", 2)[-2]
    return [name for name, source in modules.items() if name != SELF and (file in source or f'"{folder}"' in source)]


def _read_cases(path: Path, name: str, modules: Mapping[str, str], evidence: Evidence) -> None:
    """Read case files: one object a file with `source` (SCIM wire), or one a line with `function` (expressions)."""
    text = path.read_text(encoding="utf-8")
    ids: list[str] = []
    if path.suffix == ".jsonl":
        cases = [json.loads(line) for line in text.splitlines() if line.strip()]
        functions = dict.fromkeys(str(case.get("function", "")) for case in cases if isinstance(case, Mapping))
        ids = [function for function in functions if re.fullmatch(r"[A-Z]\w+", function)]
    elif path.suffix == ".json":
        case = json.loads(text)
        if isinstance(case, Mapping) and "source" in case and "id" in case:
            ids = ID.findall(json.dumps(case["source"]))
    if ids and not readers_of(name, modules):
        evidence.problems.append(f"{name} holds cases that no test reads: no module names the file or its folder")
    evidence.cite(name, ids)


def _read_scenario(path: Path, name: str, codes: Sequence[str], evidence: Evidence) -> None:
    text = path.read_text(encoding="utf-8")
    scenario = yaml.safe_load(text)
    if isinstance(scenario, Mapping):
        evidence.cite(name, [str(rule_id) for rule_id in scenario.get("rules") or ()])
    words = set(re.findall(r"\w+", text))
    for code in codes:
        if code in words:
            evidence.reproduced_by.setdefault(code, []).append(name)


def _read_code(root: Path, name: str, tree: ast.Module, functions: Mapping[str, str], evidence: Evidence) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Definition):
            text = ast.get_docstring(node) or ""
            place = name if isinstance(node, ast.Module) else f"{name}: {node.name}"
            ids = _sources_of(text)
            if isinstance(node, Definition) and node.name.replace("_", "") in functions:
                ids.append(functions[node.name.replace("_", "")])
            named = [item for item in ids if item in text or not ID.fullmatch(item)]  # not those inside a range
            evidence.guesses += _guesses_of(place, text, named)
            places = [place, *(_data_of(root, name, node) if isinstance(node, Definition) else ())]
            for rule_id in dict.fromkeys([*ids, *_written_in(node)]):
                evidence.sources.setdefault(rule_id, []).extend(places)
            if isinstance(node, ast.Module):
                _read_tables(name, node, evidence)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("Assumed:"):
            evidence.guesses += _guesses_of(name, node.value, ())


def _read_settings(name: str, tree: ast.Module, settings: Sequence[str], evidence: Evidence) -> None:
    for node in ast.walk(tree):
        if isinstance(node, Definition):
            read = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            for setting in settings:
                if setting in read:
                    evidence.readers.setdefault(setting, []).append(f"{name}: {node.name}")


def _sources_of(text: str) -> list[str]:
    """Return the ids that a text names under `Source:`, those inside a range too."""
    named = " ".join(_from(text.splitlines(), "Source:"))
    ids = [*ID.findall(named), *FUNCTION.findall(named)]
    for family, first, last in RANGE.findall(named):
        ids += [f"{family}-{number:0{len(first)}d}" for number in range(int(first) + 1, int(last))]
    return ids


def _data_of(root: Path, name: str, node: Definition) -> list[str]:
    """Return the files that a function names: its data, its page, and the pages that this one is built from."""
    package = root / name.split("/", 1)[0]
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    data = [package / text for text in texts if DATA.fullmatch(text)]
    pages = [package / "web" / "templates" / text for text in texts if PAGE.fullmatch(text)]
    pages = [page for page in pages if page.exists()]
    for page in pages:
        parts = BUILT_FROM.findall(page.read_text(encoding="utf-8"))
        pages += [page.with_name(part) for part in parts if part not in ("base.html", "macros.html")]
    return [path.relative_to(root).as_posix() for path in dict.fromkeys([*data, *pages])]


def _read_tables(name: str, tree: ast.Module, evidence: Evidence) -> None:
    """Count the tables of a module: by the ids in their rows, and by the text below them."""
    for statement, below in zip(tree.body, [*tree.body[1:], None], strict=True):
        target = assigned_name(statement)
        if target is None:
            continue
        text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
        ids = [*_sources_of(str(text)), *_ids_in([statement])]
        for rule_id in dict.fromkeys(ids):
            evidence.sources.setdefault(rule_id, []).append(f"{name}: {target}")


def assigned_name(statement: ast.stmt | ast.AST) -> str | None:
    """Return the name that a statement gives a value to, None when it is no such statement."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def _ids_in(statements: Sequence[ast.stmt]) -> list[str]:
    constants = (part for statement in statements for part in ast.walk(statement) if isinstance(part, ast.Constant))
    return [part.value for part in constants if isinstance(part.value, str) and ID.fullmatch(part.value)]


def _written_in(node: ast.Module | ast.ClassDef | Definition) -> list[str]:
    """Return the ids that stand as texts in a function, or in a module outside its tables: the reasons it gives."""
    if isinstance(node, ast.ClassDef):
        return []
    is_module = isinstance(node, ast.Module)
    inner = [
        part
        for part in node.body
        if not isinstance(part, ast.ClassDef | Definition) and not (is_module and assigned_name(part))
    ]
    return _ids_in(inner)


def _guesses_of(place: str, text: str, sources: Sequence[str]) -> Iterator[Guess]:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        start = ASSUMED.search(line)
        if start is None:
            continue
        words = [start.group(1)]
        for follower in lines[number + 1 :]:
            if OTHER_LINE.match(follower):
                break
            words.append(follower.strip())
        guess = re.split(r"\s+(?:Source|Assumed):", " ".join(words))[0]
        guess = guess[:1].upper() + guess[1:]
        rules = tuple(dict.fromkeys(ID.findall(guess) or sources))
        yield Guess(place=place, text=guess, rules=rules)


def _from(lines: Sequence[str], word: str) -> Iterator[str]:
    """Yield the lines that start with `word` and the lines that go on with them."""
    inside = False
    for line in lines:
        if word in line:
            inside = True
        elif OTHER_LINE.match(line):
            inside = False
        if inside:
            yield line
