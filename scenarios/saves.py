"""Named copies of a whole World: databases, clock, ids. Time goes back only by restoring one.

A save is a folder: `simulator.db` (SQLite's backup), `tapt.snapshot`, `world.json`. It is written aside and renamed, so
that a kill leaves either the old one or the new one.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds

if TYPE_CHECKING:
    from entra_sim.scenarios.world import World

UNDO = "undo"
"""The save that is made by itself before a jump, a mapping save, a reset or a load."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """One saved World. `saved_at` is simulated time; `reason` says why it was made."""

    name: str
    saved_at: datetime
    reason: str


class Saves:
    """The saves of one World in one folder."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder

    def save(self, name: str, reason: str = "") -> Save:
        """Copy the World under a name; an older save of that name is replaced.

        Raises:
            UserInputError: the name cannot be a folder's.
            StateConflict: the folder cannot be written.
        """
        _check(name)
        world = self._world
        made = Save(name=name, saved_at=world.clock.now(), reason=reason)
        fresh = self._folder / f".{name}.new"
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            with world.simulator.time.standing_still():
                world.simulator.core.database.copy_to(fresh / "simulator.db")
                if world.tapt is not None:
                    (fresh / "tapt.snapshot").write_bytes(world.tapt.snapshot())
                facts = {
                    "saved_at": made.saved_at.isoformat(),
                    "rate": world.clock.rate,
                    "reason": reason,
                    "ids": world.ids.counts() if isinstance(world.ids, CountedIds) else None,
                }
            (fresh / "world.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
            shutil.rmtree(self._folder / name, ignore_errors=True)
            fresh.rename(self._folder / name)
        except OSError as error:
            raise StateConflict(
                f"The save '{name}' cannot be written to '{self._folder}' ({error.strerror or error})."
            ) from error
        return made

    def restore(self, name: str) -> Save:
        """Put the World back to a save, clock included.

        Raises:
            NotFound: there is none of this name; lists those there are.
        """
        _check(name)
        made = self._read(name)
        if made is None:
            names = ", ".join(item.name for item in self.list_saves()) or "none yet"
            raise NotFound(f"There is no save '{name}'. Saved: {names}.")
        world = self._world
        folder = self._folder / name
        facts = json.loads((folder / "world.json").read_text(encoding="utf-8"))
        with world.simulator.time.standing_still():
            world.simulator.core.database.copy_from(folder / "simulator.db")
            world.simulator.builder.forget()
            world.simulator.core.exchanges.clear()  # what was sent since belongs to a story that is undone
            if world.tapt is not None and (folder / "tapt.snapshot").exists():
                world.tapt.restore((folder / "tapt.snapshot").read_bytes())
            if isinstance(world.ids, CountedIds) and facts["ids"] is not None:
                world.ids.restore(facts["ids"])
            world.clock.restore(made.saved_at, float(facts["rate"]))
            world.simulator.keeper.save()
        return made

    def list_saves(self) -> list[Save]:
        """Return all saves by name."""
        if not self._folder.is_dir():
            return []
        found = [self._read(path.name) for path in sorted(self._folder.iterdir()) if _NAME.fullmatch(path.name)]
        return [item for item in found if item is not None]

    def _read(self, name: str) -> Save | None:
        try:
            facts = json.loads((self._folder / name / "world.json").read_text(encoding="utf-8"))
            return Save(
                name=name, saved_at=datetime.fromisoformat(facts["saved_at"]), reason=str(facts.get("reason", ""))
            )
        except (OSError, ValueError, KeyError):
            return None


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UserInputError(f"'{name}' cannot name a save: use letters, digits, '.', '_' and '-', at most 64.")
