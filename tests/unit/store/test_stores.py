"""Stores: the feed with its horizon, pages of links without an object, progress of a cycle, log retention."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import JobConfiguration
from entra_sim.simulator.model.job import JobStatus
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.store.codec import instant_column
from entra_sim.simulator.store.codec import instant_value
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.directory import DirectoryStore
from entra_sim.simulator.store.feed import ChangeKind
from entra_sim.simulator.store.feed import FeedStore
from entra_sim.simulator.store.jobs import JobStore
from entra_sim.simulator.store.progress import CreateIntent
from entra_sim.simulator.store.progress import PendingReference
from entra_sim.simulator.store.progress import ProgressStore

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
JOB = SynchronizationJob(
    job_id="j",
    application_id="a",
    configuration=JobConfiguration(),
    status=JobStatus.ACTIVE,
    schedule=ScheduleState.ACTIVE,
)
CYCLE = Cycle(cycle_id="c", kind=CycleKind.INITIAL, began_at=NOW, lower_sequence=0, upper_sequence=7)


@pytest.fixture
def database() -> Database:
    """Give an empty database in memory."""
    return Database.open(None)


@pytest.mark.rule("ENG-150", "ENG-152", "ENG-176")
def test_the_feed_gives_each_changed_object_once_in_order_of_its_id(database: Database) -> None:
    feed = FeedStore(database)
    feed.append(NOW, "User", "u2", ChangeKind.UPDATED, attributes=("jobTitle",))
    feed.append(NOW, "User", "u1", ChangeKind.UPDATED, attributes=("companyName",))
    feed.append(NOW, "User", "u2", ChangeKind.SOFT_DELETED)
    feed.append(NOW, "Group", "g1", ChangeKind.ADDED)
    feed.append(NOW, "User", "u0", ChangeKind.ASSIGNMENT, application_id="other")
    feed.append(NOW, "User", "u3", ChangeKind.ASSIGNMENT, application_id="a")
    feed.append(NOW, "User", "u4", ChangeKind.ADDED)

    changed = feed.changed("User", "a", 0, 6, frozenset({"jobTitle"}))
    assert [item.object_id for item in changed] == ["u2", "u3"]
    assert changed[0].kinds == {ChangeKind.UPDATED, ChangeKind.SOFT_DELETED}
    assert changed[0].import_kind == "Delete"
    assert feed.changed("User", "a", 6, 6, frozenset()) == []


@pytest.mark.rule("ENG-016")
def test_the_feed_ends_before_the_first_change_that_is_not_visible_yet(database: Database) -> None:
    feed = FeedStore(database)
    feed.append(NOW, "User", "u1", ChangeKind.ADDED)
    feed.append(NOW, "User", "u2", ChangeKind.ASSIGNMENT, visible_at=NOW + timedelta(minutes=5))
    feed.append(NOW, "User", "u3", ChangeKind.ADDED)

    assert feed.newest(NOW) == 1
    assert feed.newest(NOW + timedelta(minutes=5)) == 3


def test_reading_changes_costs_what_changed_and_not_what_there_is(database: Database) -> None:
    plan = database.rows(
        "EXPLAIN QUERY PLAN SELECT object_id FROM change NOT INDEXED WHERE sequence > 1 AND sequence <= 9 "
        "AND object_type = 'User' ORDER BY object_id, sequence"
    )
    assert "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plan[0]["detail"]


@pytest.mark.rule("ENG-143")
def test_links_without_an_object_come_in_the_page_they_belong_to(database: Database) -> None:
    directory, jobs = DirectoryStore(database), JobStore(database)
    for object_id in ("b", "d"):
        directory.save_user(User(object_id=object_id, attributes={"userPrincipalName": f"{object_id}@x.example"}))
    for anchor in "abcde":
        jobs.save_entry("j", SyncEntry(object_type="User", source_anchor=anchor, target_anchor=f"t{anchor}"))

    assert jobs.orphaned_entries("j", "User", "", "b", 10) == ["a"]
    assert jobs.orphaned_entries("j", "User", "b", "d", 10) == ["c"]
    assert jobs.orphaned_entries("j", "User", "d", None, 10) == ["e"]


def test_a_target_id_cannot_be_linked_twice(database: Database) -> None:
    jobs = JobStore(database)
    jobs.save_entry("j", SyncEntry(object_type="User", source_anchor="s1", target_anchor="t"))
    with pytest.raises(Exception, match="UNIQUE"):
        jobs.save_entry("j", SyncEntry(object_type="User", source_anchor="s2", target_anchor="t"))
    assert jobs.find_source("j", "User", "t") == "s1"


def test_saving_a_job_does_not_touch_its_cycle(database: Database) -> None:
    jobs, progress = JobStore(database), ProgressStore(database)
    jobs.save(JOB)
    progress.save_cycle("j", CYCLE)
    jobs.save(replace(JOB, status=JobStatus.PAUSED))

    held = jobs.get("j")
    assert held is not None
    assert (held.status, held.cycle) == (JobStatus.PAUSED, CYCLE)
    progress.delete_cycle("j")
    assert jobs.list_jobs() == [replace(JOB, status=JobStatus.PAUSED)]


def test_creates_are_forgotten_once_their_object_is_linked(database: Database) -> None:
    jobs, progress = JobStore(database), ProgressStore(database)
    for anchor in ("s1", "s2"):
        progress.save_intent(
            "j", CreateIntent(object_type="User", source_anchor=anchor, attribute="userName", value=anchor)
        )
    jobs.save_entry("j", SyncEntry(object_type="User", source_anchor="s1", target_anchor="t"))
    progress.clear_linked_intents("j")

    assert [intent.source_anchor for intent in progress.list_intents("j")] == ["s2"]
    assert progress.has_intents("j")
    assert not progress.has_intents("other")
    progress.delete_intent("j", "User", "s2")
    assert not progress.has_intents("j")


def test_references_are_listed_page_by_page(database: Database) -> None:
    progress = ProgressStore(database)
    for anchor in ("c", "a", "b"):
        progress.save_pending(
            "j", PendingReference(object_type="User", source_anchor=anchor, held=None, change_kind="Add")
        )

    first = progress.list_pending("j", "User", "", 2)
    assert [item.source_anchor for item in first] == ["a", "b"]
    assert [item.source_anchor for item in progress.list_pending("j", "User", "b", 2)] == ["c"]
    assert progress.list_pending("j", "Group", "", 2) == []


@pytest.mark.parametrize("microsecond", [0, 1, 120_000, 999_999])
def test_instants_survive_the_column_and_sort_like_themselves(microsecond: int) -> None:
    instant = NOW.replace(microsecond=microsecond)
    text = instant_column(instant)

    assert text is not None
    assert len(text) == 27
    assert instant_value(text) == instant
    assert text < str(instant_column(instant + timedelta(microseconds=1)))
