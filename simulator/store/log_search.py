"""Positions of log records by any mix of filters, in time that does not grow with the log.

The two indexes begin with what a filter names (application or cycle, status, action, code, object type) and end with
the position. Only few mixes of the named columns exist; they are walked from one to the next by index, and each that
fits gives its newest (or oldest) positions. A filter that matches nothing is answered without reading a record.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from entra_sim.simulator.store.database import Database

END = 1 << 60
"""Behind every position."""

NEXT = "\x00"
"""A text with it at the end is the next one that sorts behind the text: a search for it skips all records of a mix."""

_APPLICATION = ("status", "action", "code", "object_type")
_CYCLE = ("status", "action")


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFilter:
    """What is looked for; empty fields do not filter.

    Args:
        after, before: positions between which to look, both excluded.
    """

    application_id: str = ""
    cycle_id: str = ""
    status: str = ""
    action: str = ""
    code: str = ""
    object_type: str = ""
    after: int = 0
    before: int = END


class LogSearch:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def positions(
        self, wanted: PositionFilter, application_ids: Sequence[str], *, limit: int = -1, newest_first: bool = True
    ) -> list[int]:
        """Return positions of the records that fit, in order.

        Args:
            application_ids: all that may have records; used when the filter names neither application nor cycle.
            limit: at most so many; -1 for all.
        """
        if wanted.cycle_id and not (wanted.code or wanted.object_type or wanted.application_id):
            found = self._found("cycle_id", wanted.cycle_id, _CYCLE, wanted, limit, newest_first)
        else:
            found = []
            for application_id in [wanted.application_id] if wanted.application_id else application_ids:
                found += self._found("application_id", application_id, _APPLICATION, wanted, limit, newest_first)
        found.sort(reverse=newest_first)
        return found if limit < 0 else found[:limit]

    def _found(
        self, head: str, value: str, columns: Sequence[str], wanted: PositionFilter, limit: int, newest_first: bool
    ) -> list[int]:
        after, before, cycle, values = wanted.after, wanted.before, "", []
        if wanted.cycle_id and head != "cycle_id":
            first, last = self.span(wanted.cycle_id)
            after, before = max(after, first - 1), min(before, last + 1)
            cycle, values = " AND cycle_id = ?", [wanted.cycle_id]
        if after >= before:
            return []
        condition = " AND ".join(f"{column} = ?" for column in (head, *columns))
        order = "DESC" if newest_first else "ASC"
        found: list[int] = []
        for mix in self._mixes(head, value, columns):
            if any(getattr(wanted, column) not in ("", held) for column, held in zip(columns, mix, strict=True)):
                continue
            rows = self._db.rows(
                f"SELECT sequence FROM log_entry WHERE {condition} AND sequence > ? AND sequence < ?{cycle} "  # noqa: S608
                f"ORDER BY sequence {order} LIMIT ?",
                (value, *mix, after, before, *values, limit),
            )
            found += [row[0] for row in rows]
        return found

    def _mixes(self, head: str, value: str, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield the mixes of the columns that occur under an application or cycle."""
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        statement = (
            f"SELECT {names} FROM log_entry WHERE {head} = ? AND ({names}) >= ({marks}) ORDER BY {names} LIMIT 1"  # noqa: S608
        )
        least: tuple[str, ...] = ("",) * len(columns)
        while True:
            row = self._db.row(statement, (value, *least))
            if row is None:
                return
            mix = tuple(row)
            yield mix
            least = (*mix[:-1], mix[-1] + NEXT)

    def counts_behind(self, cycle_id: str, position: int) -> list[tuple[str, str, int, int]]:
        """Return status, action, number and last position of the records of a cycle behind a position."""
        found = []
        for status, action in self._mixes("cycle_id", cycle_id, _CYCLE):
            row = self._db.row(
                "SELECT COUNT(*), MAX(sequence) FROM log_entry "
                "WHERE cycle_id = ? AND status = ? AND action = ? AND sequence > ?",
                (cycle_id, status, action, position),
            )
            assert row is not None
            if row[0]:
                found.append((status, action, int(row[0]), int(row[1])))
        return found

    def span(self, cycle_id: str) -> tuple[int, int]:
        """Return the first and the last position of a cycle; (1, 0) when it left no record."""
        firsts, lasts = [], []
        for mix in self._mixes("cycle_id", cycle_id, _CYCLE):
            row = self._db.row(
                "SELECT (SELECT MIN(sequence) FROM log_entry WHERE cycle_id = ?1 AND status = ?2 AND action = ?3), "
                "(SELECT MAX(sequence) FROM log_entry WHERE cycle_id = ?1 AND status = ?2 AND action = ?3)",
                (cycle_id, *mix),
            )
            assert row is not None
            firsts.append(int(row[0]))
            lasts.append(int(row[1]))
        return (min(firsts), max(lasts)) if firsts else (1, 0)
