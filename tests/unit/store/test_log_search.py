"""Whatever is filtered by, the log search finds what reading every record finds, without reading every record."""

from __future__ import annotations

import itertools
import random

import pytest

from entra_sim.simulator.store.cycle_tally import CycleTally
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.log_search import END
from entra_sim.simulator.store.log_search import LogSearch
from entra_sim.simulator.store.log_search import PositionFilter

APPLICATIONS = ("app-1", "app-2")
CHOICES = {
    "application_id": APPLICATIONS,
    "cycle_id": ("cycle-1", "cycle-2", "cycle-3"),
    "status": ("Success", "Failure", "Skipped"),
    "action": ("Create", "Update", "Other"),
    "code": ("", "RedundantExport", "RedundantExportToo"),
    "object_type": ("User", "Group"),
}


@pytest.fixture(scope="module")
def database() -> Database:
    """Return a log of some hundred records."""
    made = Database.open(None)
    chance = random.Random(7)
    for number in range(150):
        values = {name: chance.choice(choices) for name, choices in CHOICES.items()}
        # cycles belong to one application each, as in life
        values["application_id"] = "app-2" if values["cycle_id"] == "cycle-3" else "app-1"
        columns = ("entry_id", *values)
        made.execute(
            f"INSERT INTO log_entry ({', '.join(columns)}, document) VALUES ({', '.join('?' * len(columns))}, '')",  # noqa: S608
            (f"entry-{number}", *values.values()),
        )
    return made


def fits(row: dict[str, object], wanted: PositionFilter) -> bool:
    """Return whether a record fits, by looking at it."""
    named = all(getattr(wanted, name) in ("", row[name]) for name in CHOICES)
    return named and wanted.after < int(str(row["sequence"])) < wanted.before


@pytest.mark.parametrize(("after", "before", "newest_first"), [(0, END, True), (40, 110, False)])
def test_every_mix_of_filters_finds_the_same_as_looking_at_each_record(
    database: Database, after: int, before: int, newest_first: bool
) -> None:
    rows = [dict(row) for row in database.rows("SELECT * FROM log_entry")]
    search = LogSearch(database)
    for values in itertools.product(*(("", choices[-1], "none") for choices in CHOICES.values())):
        wanted = PositionFilter(**dict(zip(CHOICES, values, strict=True)), after=after, before=before)
        expected = sorted((row["sequence"] for row in rows if fits(row, wanted)), reverse=newest_first)
        found = search.positions(wanted, APPLICATIONS, limit=20, newest_first=newest_first)
        assert found == expected[:20], wanted


def test_a_cycle_is_counted_and_spans_its_records(database: Database) -> None:
    search = LogSearch(database)
    rows = [dict(row) for row in database.rows("SELECT * FROM log_entry WHERE cycle_id = 'cycle-3' ORDER BY 1")]
    assert search.span("cycle-3") == (rows[0]["sequence"], rows[-1]["sequence"])
    assert search.span("no-such-cycle") == (1, 0)
    tally = CycleTally(database)
    assert sum(tally.counts("cycle-3").values()) == len(rows)
    assert tally.counts("no-such-cycle") == {}


def test_a_cycle_that_goes_on_is_counted_once_and_only_what_came_since_is_added(database: Database) -> None:
    tally, expected = CycleTally(Database.open(None)), dict[tuple[str, str], int]()
    copy = tally._db
    for number, row in enumerate(database.rows("SELECT * FROM log_entry ORDER BY sequence"), 1):
        values = tuple(row[name] for name in ("entry_id", "cycle_id", "status", "action", "document"))
        copy.execute(
            "INSERT INTO log_entry (entry_id, cycle_id, status, action, document) VALUES (?, ?, ?, ?, ?)", values
        )
        if row["cycle_id"] == "cycle-1":
            expected[row["action"], row["status"]] = expected.get((row["action"], row["status"]), 0) + 1
        if number % 40 == 0:
            tally.catch_up("cycle-1")
        assert tally.counts("cycle-1") == expected
    tally.catch_up("cycle-1")
    tally.catch_up("cycle-1")
    copy.execute("DELETE FROM log_entry")
    assert tally.counts("cycle-1") == expected
    tally.drop_before(1)
    assert tally.counts("cycle-1") == expected
    tally.drop_before(1000)
    assert tally.counts("cycle-1") == {}


def test_a_filter_that_matches_nothing_reads_no_records(database: Database) -> None:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def work(wanted: PositionFilter) -> int:
        nonlocal steps
        steps = 0
        database.connection.set_progress_handler(count, 1)
        try:
            assert LogSearch(database).positions(wanted, APPLICATIONS, limit=50) == []
        finally:
            database.connection.set_progress_handler(None, 1)
        return steps

    wanted = PositionFilter(status="Success", code="NoSuchCode")
    before = work(wanted)
    with database.atomic():
        database.execute(
            "INSERT INTO log_entry (entry_id, document, application_id, cycle_id, status, action, code, object_type) "
            "SELECT entry_id || '-' || value, '', application_id, cycle_id, status, action, code, object_type "
            "FROM log_entry, json_each('[1,2,3,4,5,6,7,8,9,10]')"
        )
    assert work(wanted) == before
