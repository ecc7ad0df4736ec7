"""The file of accepted deviations: which checks may fail, why, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from entra_sim.simulator.errors import UserInputError

_SHAPE = "a list of entries with check, reason and until (a date like 2027-01-31)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One accepted deviation; it ends with the day `until`."""

    check_id: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptances:
    """All of them."""

    entries: tuple[Acceptance, ...] = field(default=())

    def judge(self, check_id: str, now: datetime) -> tuple[str, str]:
        """Return (reason it is accepted for, sentence about an acceptance that is over); "" where there is none."""
        for entry in self.entries:
            if entry.check_id == check_id:
                if now.date() <= entry.until:
                    return f"{entry.reason} (until {entry.until})", ""
                return "", f"was accepted until {entry.until}: {entry.reason}"
        return "", ""


def read_acceptances(path: Path, known: Iterable[str]) -> Acceptances:
    """Return the accepted deviations of a YAML or JSON file.

    Args:
        known: ids of all checks.
    Raises:
        UserInputError: it cannot be read, or an entry is wrong; names the line.
    """
    import yaml

    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise UserInputError(
            f"{path} cannot be read ({error.strerror}); name a file of accepted deviations."
        ) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UserInputError(f"{place}: this is no YAML; write {_SHAPE}.") from error
    if node is None:
        return Acceptances()
    if not isinstance(node, yaml.SequenceNode):
        raise UserInputError(f"{path}:1: write {_SHAPE}.")
    ids = list(known)
    return Acceptances(entries=tuple(_entry(item, path, ids) for item in node.value))


def _entry(node: Any, path: Path, ids: list[str]) -> Acceptance:
    place = f"{path}:{node.start_mark.line + 1}"
    pairs = getattr(node, "value", None)
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise UserInputError(f"{place}: write {_SHAPE}.")
    given = {key.value: (value.value, value.start_mark.line + 1) for key, value in pairs}
    for name in ("check", "reason", "until"):
        text = given.get(name, ("", 0))[0]
        if not isinstance(text, str) or not text.strip():
            raise UserInputError(f"{place}: '{name}' is missing; write {_SHAPE}.")
    strangers = sorted(set(given) - {"check", "reason", "until"})
    if strangers:
        raise UserInputError(f"{path}:{given[strangers[0]][1]}: there is no '{strangers[0]}'; write {_SHAPE}.")
    check_id, line = given["check"]
    if check_id not in ids:
        near = get_close_matches(check_id, ids, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "'entra-sim check --list' names them."
        raise UserInputError(f"{path}:{line}: there is no check '{check_id}'; {hint}")
    try:
        until = date.fromisoformat(given["until"][0])
    except ValueError:
        raise UserInputError(f"{path}:{given['until'][1]}: 'until' is a date like 2027-01-31.") from None
    return Acceptance(check_id=check_id, reason=given["reason"][0].strip(), until=until)
