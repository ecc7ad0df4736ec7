"""A command, not a test: breaks one cell of the decision, restart and filter tables at a time and runs the library.

    python tests/library_mutants.py [WORD...]      only mutants whose name holds one of the words

It prints every mutant that no scenario notices, and ends with exit code 1 when fewer than 95 % are noticed. It takes
some minutes, therefore it is not part of the suite.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import fields
from dataclasses import replace
from typing import Any

from entra_sim.scenarios.loader import load
from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.runner import run
from entra_sim.scenarios.selection import select
from entra_sim.simulator.engine import decide
from entra_sim.simulator.engine import restart
from entra_sim.simulator.engine import scoping
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.service import provisioning

WANTED_RATIO = 0.95
SLOW = ("a-year-in-the-life-of-a-company", "the-token-expires-after-six-months", "the-expired-token", "tapt-tutorial")


@dataclass(frozen=True)
class Mutant:
    """One broken cell. `rules` are those of the cell: scenarios that name them run first."""

    name: str
    apply: Callable[[], Any]
    rules: tuple[str, ...] = ()


def cell(table: Any, key: Any, value: Any) -> Callable[[], Any]:
    """Return a context that holds another value in one cell of a table."""

    @contextmanager
    def applied() -> Iterator[None]:
        kept = table[key]
        table[key] = value
        try:
            yield
        finally:
            table[key] = kept

    return applied


def attribute(modules: tuple[Any, ...], name: str, value: Any) -> Callable[[], Any]:
    """Return a context that holds another value under one name, wherever it was imported to."""

    @contextmanager
    def applied() -> Iterator[None]:
        kept = [getattr(module, name) for module in modules]
        for module in modules:
            setattr(module, name, value)
        try:
            yield
        finally:
            for module, old in zip(modules, kept, strict=True):
                setattr(module, name, old)

    return applied


def decisions() -> Iterator[Mutant]:
    """Yield each cell of the decision tables with another outcome."""
    for table_name, table in (("user", decide.USER_TABLE), ("group", decide.GROUP_TABLE)):
        for key, intent in table.items():
            shown = " ".join(str(part) for part in key)
            others = [IntentKind.NOTHING, IntentKind.DELETE, IntentKind.MAINTAIN]
            if table_name == "user":
                others.append(IntentKind.DISABLE)
            for kind in others:
                if kind is not intent.kind and is_possible(table_name, key, kind):
                    changed = replace(intent, kind=kind, skip_reason=None)
                    yield Mutant(
                        f"{table_name} {shown}: {intent.kind} -> {kind}", cell(table, key, changed), intent.rules
                    )
            if intent.managed_after is not None and table_name == "user":
                changed = replace(intent, managed_after=not intent.managed_after)
                yield Mutant(
                    f"{table_name} {shown}: managed {intent.managed_after} -> {not intent.managed_after}",
                    cell(table, key, changed),
                    intent.rules,
                )


def is_possible(table_name: str, key: Any, kind: IntentKind) -> bool:
    """Return whether the engine could carry the outcome out: only linked objects can be changed or deleted."""
    is_linked = key[1] if table_name == "group" else key[1] is not decide.NONE
    is_gone = not key[0] if table_name == "group" else key[0] is decide.HARD
    if kind in (IntentKind.DELETE, IntentKind.DISABLE) and not is_linked:
        return False
    return not (kind in (IntentKind.MAINTAIN, IntentKind.DISABLE) and (is_gone or not is_linked))


SCOPE_RULES = {
    "Watermark": "ENG-312",
    "Escrows": "ENG-313",
    "QuarantineState": "ENG-314",
    "ConnectorDataStore": "ENG-315",
    "Full": "ENG-316",
    "ForceDeletes": "ENG-317",
}


def restarts() -> Iterator[Mutant]:
    """Yield each flag of each reset scope, and of start and save, turned over."""
    for scope, effects in restart.SCOPES.items():
        for field in fields(effects):
            if field.name == "starts":
                continue
            changed = replace(effects, **{field.name: not getattr(effects, field.name)})
            yield Mutant(f"restart {scope}: {field.name}", cell(restart.SCOPES, scope, changed), (SCOPE_RULES[scope],))
    for scope in restart.PORTAL_RESTART:
        rest = tuple(item for item in restart.PORTAL_RESTART if item != scope)
        yield Mutant(f"portal restart without {scope}", attribute((restart,), "PORTAL_RESTART", rest), ("ENG-311",))
    for name in ("START", "MAPPING_SAVED"):
        effects = getattr(restart, name)
        for field in fields(effects):
            if field.name != "starts":
                changed = replace(effects, **{field.name: not getattr(effects, field.name)})
                rule = "ENG-310" if name == "START" else "ENG-319"
                yield Mutant(f"{name}: {field.name}", attribute((restart, provisioning), name, changed), (rule,))


def filters() -> Iterator[Mutant]:
    """Yield each operator turned over, always true and always false."""
    for name, operator in scoping.OPERATORS.items():
        for how, changed in (
            ("negated", scoping._not(operator)),
            ("always true", lambda value, operands, anchored: True),
            ("always false", lambda value, operands, anchored: False),
        ):
            if (name, how) not in {("IS NULL", "always false"), ("IS NOT NULL", "always true")}:
                yield Mutant(f"filter {name}: {how}", cell(scoping.OPERATORS, name, changed), ("ENG-042",))


def is_noticed(mutant: Mutant, scenarios: list[Scenario]) -> str:
    """Return the first scenario that does not pass, "" when all do."""
    related = [scenario for scenario in scenarios if set(mutant.rules) & set(scenario.rules)]
    with mutant.apply():
        for scenario in [*related, *(other for other in scenarios if other not in related)]:
            try:
                if run(scenario).outcome is not Outcome.PASSED:
                    return scenario.name
            except Exception as error:
                return f"{scenario.name} ({type(error).__name__})"
    return ""


def main(words: list[str]) -> int:
    """Run all mutants; return the exit code."""
    scenarios = [load(path, shown) for path, shown in select((), library=True)]
    scenarios = [scenario for scenario in scenarios if scenario.name not in SLOW]
    mutants = [*decisions(), *restarts(), *filters()]
    if words:
        mutants = [mutant for mutant in mutants if any(word in mutant.name for word in words)]
    survivors = []
    began = time.monotonic()
    for mutant in mutants:
        noticed = is_noticed(mutant, scenarios)
        if not noticed:
            survivors.append(mutant.name)
        sys.stdout.write(f"{'noticed' if noticed else 'SURVIVES':<9} {mutant.name}  {noticed}\n")
        sys.stdout.flush()
    sys.stdout.writelines(f"survivor: {name}\n" for name in survivors)
    ratio = 1 - len(survivors) / max(len(mutants), 1)
    seconds = time.monotonic() - began
    sys.stdout.write(f"{len(mutants)} mutants, {len(survivors)} survive, {ratio:.1%} noticed in {seconds:.0f} s\n")
    return 0 if ratio >= WANTED_RATIO else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
