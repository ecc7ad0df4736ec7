"""The synchronizer over time, on a frozen clock: the 40-minute schedule, deletion after 30 days, workers."""

from __future__ import annotations

import random
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest
from sync_target import PEOPLE
from sync_target import TOKEN
from sync_target import Target

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.syncing import Progress
from entra_sim.simulator.service.syncing import Source
from entra_sim.simulator.service.syncing import Synchronizer
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.endpoint import Endpoint

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEAVER = "cy@contoso.example,Cy Orr,Sales,ada@contoso.example,true\n"

Open = Callable[..., Synchronizer]


@pytest.fixture
def opened(target: Target) -> Iterator[Open]:
    database = Database.open(None)

    def make(clock: VirtualClock | None = None, **more: object) -> Synchronizer:
        endpoint = Endpoint(url=TenantUrl.parse(target.url), authorization=BearerToken(TOKEN))
        settings = more.pop("settings", Settings())
        assert isinstance(settings, Settings)
        return Synchronizer(
            database=database,
            endpoint=endpoint,
            clock=clock or VirtualClock(START),
            ids=CountedIds(),
            chance=random.Random(1),
            settings=settings,
            **more,  # type: ignore[arg-type]
        )

    yield make
    database.close()


@pytest.mark.rule("ENG-011", "WIRE-094")
def test_who_left_the_files_is_deleted_after_30_days(opened: Open, target: Target, files: Path) -> None:
    clock = VirtualClock(START)
    synchronizer = opened(clock)
    source = Source(files=(files,))
    synchronizer.load(source)
    synchronizer.run()
    (files / "users.csv").write_text(PEOPLE.replace(LEAVER, ""), encoding="utf-8")
    (files / "members.csv").write_text("group,member\nSales team,bo@contoso.example\n", encoding="utf-8")
    synchronizer.load(source)
    assert synchronizer.run().counts["disable"] == 1
    clock.advance(timedelta(days=29))
    synchronizer.load(source)
    assert synchronizer.run().counts["delete"] == 0
    assert len(target.users()) == 3
    clock.advance(timedelta(days=1, minutes=1))
    synchronizer.load(source)
    assert synchronizer.run().counts["delete"] == 1
    assert set(target.users()) == {"ada@contoso.example", "bo@contoso.example"}


@pytest.mark.rule("ENG-203", "WIRE-112")
def test_a_group_that_left_the_files_is_deleted_and_its_people_stay(opened: Open, target: Target, files: Path) -> None:
    synchronizer = opened()
    synchronizer.load(Source(files=(files,)))
    synchronizer.run()
    synchronizer.load(Source(files=(files / "users.csv",)))
    assert synchronizer.run().lines == ()  # files that do not speak of groups leave them alone
    (files / "groups.csv").write_text("displayName\nOther team\n", encoding="utf-8")
    (files / "members.csv").unlink()
    synchronizer.load(Source(files=(files,)))
    told = {(line.verb, line.object_type, line.identity) for line in synchronizer.run().lines}
    assert told == {("delete", "Group", "Sales team"), ("create", "Group", "Other team")}
    assert target.groups() == {"Other team": set()}
    assert len(target.users()) == 3


@pytest.mark.rule("ENG-124", "WIRE-042")
def test_watching_follows_the_40_minute_clock(opened: Open, target: Target, files: Path) -> None:
    clock = VirtualClock(START)
    synchronizer = opened(clock)
    source = Source(files=(files,))
    synchronizer.load(source)
    synchronizer.start()
    assert synchronizer.seconds_until_due() == 0
    assert synchronizer.cycle().counts["create"] == 4
    assert synchronizer.seconds_until_due() == 2400
    clock.advance(timedelta(minutes=39))
    assert synchronizer.seconds_until_due() == 60
    clock.advance(timedelta(minutes=1))
    (files / "users.csv").write_text(PEOPLE.replace("Cy Orr,Sales", "Cy Orr,Legal"), encoding="utf-8")
    synchronizer.load(source)
    assert synchronizer.cycle().counts["update"] == 1
    synchronizer.pause()
    assert synchronizer.seconds_until_due() == float("inf")


@pytest.mark.rule("ENG-175")
def test_several_workers_do_the_same_and_progress_counts_every_object(
    opened: Open, target: Target, files: Path
) -> None:
    rows = "".join(f"user{number:02d}@contoso.example,User {number}\n" for number in range(40))
    (files / "users.csv").write_text(f"userPrincipalName,displayName\n{rows}", encoding="utf-8")
    heard: list[Progress] = []
    exchanges: list[object] = []
    ticks = iter(range(10**6))
    synchronizer = opened(
        settings=replace(Settings(), workers=4),
        heard=heard.append,
        sink=exchanges.append,
        monotonic=lambda: float(next(ticks)),
    )
    synchronizer.load(Source(files=(files / "users.csv",)))
    result = synchronizer.run()
    assert len(target.users()) == 40
    assert result.request_count == len(exchanges) == len(target.requests())
    assert max(progress.done for progress in heard) >= 39
    assert {progress.total for progress in heard} == {40}


def test_an_image_that_cannot_be_taken_leaves_everything_as_it_was(opened: Open, target: Target, files: Path) -> None:
    synchronizer = opened()
    synchronizer.load(Source(files=(files,)))
    synchronizer.run()
    before = synchronizer.simulator.directory.image()
    (files / "users.csv").write_text(PEOPLE + "ada@contoso.example,Ada Twice,,,true\n", encoding="utf-8")
    with pytest.raises(UserInputError):
        synchronizer.load(Source(files=(files,)))
    assert synchronizer.simulator.directory.image() == before
