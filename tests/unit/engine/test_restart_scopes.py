"""Restart scopes: what each clears, and what several together clear."""

from __future__ import annotations

import itertools

import pytest

from entra_sim.simulator.engine import restart
from entra_sim.simulator.engine.restart import Effects
from entra_sim.simulator.engine.restart import effects_of
from entra_sim.simulator.errors import UserInputError

# watermark, links, escrows, quarantine, held removals let go
TABLE = {
    "Watermark": "cleared kept    kept    kept    kept",
    "Escrows": "kept    kept    cleared kept    kept",
    "QuarantineState": "kept    kept    kept    cleared kept",
    "ConnectorDataStore": "kept    cleared kept    kept    kept",
    "Full": "cleared cleared cleared cleared kept",
    "ForceDeletes": "kept    kept    kept    cleared let-go",
}


def words(effects: Effects) -> str:
    """Return effects in the words of the table."""
    flags = [effects.watermark, effects.links, effects.escrows, effects.quarantine]
    return " ".join(
        [*("cleared" if flag else "kept" for flag in flags), "let-go" if effects.releases_removals else "kept"]
    )


@pytest.mark.rule("ENG-312", "ENG-313", "ENG-314", "ENG-315", "ENG-316")
@pytest.mark.parametrize("scope", TABLE)
def test_what_one_scope_clears(scope: str) -> None:
    assert words(effects_of([scope])) == " ".join(TABLE[scope].split())
    assert effects_of([f" {scope.lower()} "]) == effects_of([scope])


@pytest.mark.rule("ENG-311", "ENG-310", "ENG-319", "ENG-320")
def test_what_the_portal_clears() -> None:
    assert words(effects_of(None)) == "cleared kept cleared cleared kept"
    assert words(restart.START) == "kept kept kept cleared kept"
    assert words(restart.MAPPING_SAVED) == "cleared kept cleared cleared kept"
    assert words(restart.SCHEMA_REPLACED) == "cleared kept kept kept kept"


@pytest.mark.rule("ENG-317")
@pytest.mark.parametrize("scopes", list(itertools.combinations(TABLE, 2)), ids=",".join)
def test_two_scopes_clear_what_either_clears(scopes: tuple[str, str]) -> None:
    one, other = (TABLE[scope].split() for scope in scopes)
    both = [left if left != "kept" else right for left, right in zip(one, other, strict=True)]

    assert words(effects_of(scopes)) == " ".join(both)


@pytest.mark.parametrize("scope", ["None", "", "Links"])
def test_a_scope_that_is_none_is_refused(scope: str) -> None:
    with pytest.raises(UserInputError, match="no reset scope"):
        effects_of([scope])
