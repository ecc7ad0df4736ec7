"""How many records of each kind a cycle has left in the log, kept as it goes on: no reader counts a whole cycle.

A row is one mix of action and status under a cycle: how many records, and the position of the last one. The cycle
brings its rows up to date page by page and at its end; a reader adds the few records behind the last position.
"""

from __future__ import annotations

from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.log_search import LogSearch

_ADD = (
    "INSERT INTO cycle_tally (cycle_id, status, action, record_count, last_sequence) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (cycle_id, status, action) DO UPDATE SET "
    "record_count = record_count + excluded.record_count, last_sequence = excluded.last_sequence"
)


class CycleTally:
    """The counts of all cycles."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._search = LogSearch(database)

    def catch_up(self, cycle_id: str) -> None:
        """Count the records of a cycle that came since it was counted last."""
        counted_to = self._db.value("SELECT MAX(last_sequence) FROM cycle_tally WHERE cycle_id = ?", (cycle_id,))
        for status, action, number, last in self._search.counts_behind(cycle_id, int(counted_to or 0)):
            self._db.execute(_ADD, (cycle_id, status, action, number, last))

    def save_kind(self, cycle_id: str, kind: str) -> None:
        """Note of what kind a cycle is: initial, incremental, on demand."""
        self._db.execute("INSERT OR REPLACE INTO cycle_kind (cycle_id, kind) VALUES (?, ?)", (cycle_id, kind))

    def kind(self, cycle_id: str) -> str:
        """Return of what kind a cycle is, "" when it is not known."""
        return str(self._db.value("SELECT kind FROM cycle_kind WHERE cycle_id = ?", (cycle_id,)) or "")

    def counts(self, cycle_id: str) -> dict[tuple[str, str], int]:
        """Return (action, status) → records of a cycle, those that are not counted yet included."""
        rows = self._db.rows(
            "SELECT status, action, record_count, last_sequence FROM cycle_tally WHERE cycle_id = ?", (cycle_id,)
        )
        found = {(row["action"], row["status"]): int(row["record_count"]) for row in rows}
        counted_to = max((row["last_sequence"] for row in rows), default=0)
        for status, action, number, _last in self._search.counts_behind(cycle_id, counted_to):
            found[action, status] = found.get((action, status), 0) + number
        return found

    def drop_before(self, sequence: int) -> None:
        """Forget the cycles of which no record is left from a position on."""
        self._db.execute(
            "DELETE FROM cycle_tally WHERE cycle_id IN "
            "(SELECT cycle_id FROM cycle_tally GROUP BY cycle_id HAVING MAX(last_sequence) < ?)",
            (sequence,),
        )
        self._db.execute("DELETE FROM cycle_kind WHERE cycle_id NOT IN (SELECT cycle_id FROM cycle_tally)")
