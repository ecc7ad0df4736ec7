"""Kills between sending and recording, and several objects on their way at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lab import DOMAIN
from lab import START
from lab import Killed
from lab import Lab
from lab import upn

from entra_sim.scenarios.world import PUBLIC_URL
from entra_sim.scenarios.world import SIMULATOR_DATABASE
from entra_sim.scenarios.world import TAPT_DATABASE
from entra_sim.scenarios.world import World
from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.ids import RandomIds
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database


def open_files(folder: Path, settings: dict[str, Any] | None = None, at: datetime = START) -> World:
    """Open a World over files, in process, with a frozen clock."""
    return World(
        simulator_database=Database.open(folder / SIMULATOR_DATABASE),
        tapt_database=folder / TAPT_DATABASE,
        clock=VirtualClock(at),
        ids=RandomIds(),
        tapt_ids=RandomIds(),
        settings=Settings(**(settings or {})),
        transport="wsgi",
        seed="tests",
        public_url=PUBLIC_URL,
    )


def kill(lab: Lab, method: str, nth: int, when: str) -> None:
    """Let the process die at the nth call of a method: before or after the target has done the work."""
    seen = 0

    def verdict(call: Any) -> str:
        nonlocal seen
        seen += call.method == method
        return when if call.method == method and seen == nth else ""

    connect = lab.sim.core.connect
    lab.crash_sends(verdict)
    with pytest.raises(Killed):
        lab.run()
    lab.sim.core.connect = connect


@pytest.mark.rule("ENG-156", "ENG-160")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("edit", ["nothing", "renamed", "left the scope", "deleted for good"])
def test_a_create_whose_answer_was_lost_is_linked_and_never_made_twice(lab: Lab, when: str, edit: str) -> None:
    lab.without_groups()
    lab.people("ada", "bea", "cem")
    lab.sim.provisioning.start(lab.app)
    kill(lab, "POST", 2, when)
    bea = lab.id_of("bea")
    if edit == "renamed":
        lab.edit("bea", userPrincipalName=f"bea2@{DOMAIN}")
    elif edit == "left the scope":
        lab.unassign("bea")
    elif edit == "deleted for good":
        lab.purge("bea")
    lab.look()
    lab.run()
    lab.cycle()

    log = lab.log()
    if when == "after":
        assert log[0] == f"Create Success {'bea2' if edit == 'renamed' else 'bea'}"
        entry = next(item for item in lab.sim.queries.logs(lab.app) if item.source_id == bea)
        assert entry.steps[-1].details["Recovered"] == "True"
    expected = {
        "nothing": {"ada": True, "bea": True, "cem": True},
        "renamed": {"ada": True, "bea2": True, "cem": True},
        "left the scope": {"ada": True, "cem": True} | ({"bea": False} if when == "after" else {}),
        "deleted for good": {"ada": True, "cem": True},
    }
    if edit == "deleted for good" and when == "after":
        expected[edit] = {"ada": True, "cem": True}
    assert lab.active() == expected[edit]
    lab.look()
    lab.cycle(3)
    assert lab.sent() == []


@pytest.mark.rule("ENG-160")
def test_nobody_else_is_taken_for_a_lost_create(lab: Lab) -> None:
    lab.without_groups()
    lab.people("ada", "bea")
    lab.tapt.add_profile({"userName": f"bea@{DOMAIN}", "displayName": "Old Bea"})
    lab.sim.provisioning.start(lab.app)
    kill(lab, "POST", 1, "after")
    lab.look()
    lab.run()

    assert lab.log() == ["Create Success ada", "Other Skipped ada RedundantExport", "Update Success bea"]


@pytest.mark.rule("ENG-160", "ENG-270")
def test_while_the_target_does_not_say_nothing_is_created(lab: Lab) -> None:
    lab.without_groups()
    lab.people("ada")
    lab.sim.provisioning.start(lab.app)
    kill(lab, "POST", 1, "after")
    lab.edit("ada", userPrincipalName=f"ada2@{DOMAIN}")
    lab.fault(method="GET", nth=2, status=500)  # the probe is answered, the question about ada is not
    lab.run()
    assert lab.escrows() == [("ada2", "InternalServerError", 0)]
    assert list(lab.active()) == ["ada"]

    lab.heal()
    lab.cycle()
    assert lab.active() == {"ada2": True}
    assert lab.escrows() == []


@pytest.mark.rule("ENG-173", "ENG-176")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("event", ["update", "disable", "delete", "manager", "members"])
def test_other_writes_are_repeated_without_harm(lab: Lab, when: str, event: str) -> None:
    lab.people("ada", "bea")
    lab.group("Team", "ada")
    lab.start()
    method = "DELETE" if event == "delete" else "PATCH"
    if event == "update":
        lab.edit("ada", jobTitle="Chief")
    elif event == "disable":
        lab.disable("ada")
    elif event == "delete":
        lab.purge("ada")
    elif event == "manager":
        lab.edit("ada", manager=f"bea@{DOMAIN}")
    else:
        lab.sim.directory.add_members("Team", [f"bea@{DOMAIN}"])
    lab.sim.provisioning.restart(lab.app, ["QuarantineState"])
    kill(lab, method, 1, when)
    lab.run()
    lab.cycle()

    wanted = {"bea": True} if event == "delete" else {"ada": event != "disable", "bea": True}
    assert lab.active() == wanted
    assert lab.members("Team") == {"delete": [], "members": ["ada", "bea"]}.get(event, ["ada"])
    lab.look()
    lab.cycle(3)
    assert lab.sent() == []


@pytest.mark.rule("ENG-156", "ENG-146")
@pytest.mark.parametrize("workers", [1, 4])
def test_a_process_that_dies_again_and_again_still_gets_everybody_across_once(tmp_path: Path, workers: int) -> None:
    names = [f"p{number:02d}" for number in range(12)]
    lab = Lab(world=open_files(tmp_path, {"workers": workers, "page_size": 5}))
    lab.people(*names, assigned=False)
    lab.group("Team", *names)
    lab.sim.provisioning.start(lab.app)
    app, deaths = lab.app, 0
    while True:
        lab.crash_sends(_dies_after(7 + deaths))
        try:
            lab.run()
        except Killed:
            deaths += 1
            lab.world.close()
            lab = Lab.__new__(Lab)
            lab.reopen(open_files(tmp_path, {"workers": workers, "page_size": 5}), app)
            continue
        break

    assert deaths > 3
    assert sorted(lab.active()) == names
    assert lab.members("Team") == names
    created = [e.identity for e in lab.sim.queries.logs(app) if e.action == "Create" and e.status == "Success"]
    assert sorted(created) == sorted([*(f"{name}@{DOMAIN}" for name in names), "Team"])
    lab.world.close()


def _dies_after(count: int) -> Callable[[Any], str]:
    lock, seen = threading.Lock(), 0

    def verdict(call: Any) -> str:
        nonlocal seen
        with lock:
            seen += 1
            return "after" if seen == count else ""

    return verdict


@pytest.mark.rule("ENG-175", "Q-08", "ENG-141")
def test_many_workers_do_the_same_as_one(open_lab: Callable[..., Lab]) -> None:
    def story(workers: int) -> tuple[Any, ...]:
        lab = open_lab(workers=workers, page_size=7)
        names = [f"p{number:02d}" for number in range(40)]
        lab.people(*names, assigned=False)
        for number, name in enumerate(names[1:]):
            lab.edit(name, manager=f"{names[number]}@{DOMAIN}")
        lab.group("Team", *names)
        lab.group("Half", *names[:20])
        lab.start()
        writes = lab.writes()
        first_group = writes.index(next(text for text in writes if "/Groups" in text))
        assert all("POST /Users" in text for text in writes[:first_group])
        lab.cycle()
        lab.disable("p03")
        lab.unassign("Half")
        lab.cycle()
        accounts = {user["userName"]: user["active"] for user in lab.tapt.users()}
        return accounts, lab.members("Team"), sorted(writes), sorted(lab.log()), lab.escrows()

    one, eight = story(1), story(8)
    assert len(one[0]) == 40
    assert one[:2] == eight[:2]
    assert one[2:] == eight[2:]


@pytest.mark.rule("ENG-175", "Q-08", "ENG-163")
def test_two_objects_of_one_matching_value_are_never_on_their_way_together(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(workers=8).without_groups()
    lab.edit_row("userName", matching_precedence=2)
    lab.edit_row("externalId", source="employeeId", matching_precedence=1)
    for number in range(24):
        lab.person(f"p{number:02d}", employeeId=f"E{number // 3}")
    lab.start()

    assert len(lab.tapt.users()) == 8
    assert sum(code == "DuplicateSourceEntries" for _name, code, _count in lab.escrows()) == 16
    external = [user["externalId"] for user in lab.tapt.users()]
    assert len(set(external)) == 8


@pytest.mark.rule("ENG-175", "Q-08")
def test_workers_really_send_at_the_same_time(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(workers=4).without_groups()
    lab.people(*(f"p{number}" for number in range(8)))
    together, most, lock = 0, 0, threading.Lock()
    all_in = threading.Barrier(4, timeout=10)
    connect = lab.sim.core.connect

    class Slow:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def send(self, call: Any) -> Any:
            nonlocal together, most
            if call.method == "POST":
                with lock:
                    together += 1
                    most = max(most, together)
                all_in.wait()
                with lock:
                    together -= 1
            return self.inner.send(call)

        def close(self) -> None:
            self.inner.close()

    lab.sim.core.connect = lambda url, authorization: Slow(connect(url, authorization))
    lab.start()

    assert most == 4
    assert len(lab.active()) == 8


def blocked_and_enabled_again(lab: Lab) -> None:
    """Leave somebody whose account is disabled, and who is enabled again in the directory."""
    lab.people("ada")
    lab.start()
    lab.disable("ada")
    lab.cycle()
    assert lab.active() == {"ada": False}
    lab.enable("ada")
    lab.look()


@pytest.mark.rule("ENG-176", "ENG-198")
@pytest.mark.parametrize("fault", [{"cut": "after"}, {"status": 503}, {"cut": "before"}])
def test_an_account_that_may_have_been_enabled_is_disabled_again(
    open_lab: Callable[..., Lab], fault: dict[str, Any]
) -> None:
    lab = open_lab().without_groups()
    blocked_and_enabled_again(lab)
    lab.fault(method="PATCH", **fault)
    lab.cycle()
    was_enabled = fault == {"cut": "after"}
    assert lab.active() == {"ada": was_enabled}
    assert len(lab.escrows()) == 1
    lab.heal()
    lab.look()

    lab.disable("ada")
    lab.cycle(2)

    assert lab.active() == {"ada": False}
    assert lab.writes() == (["PATCH /Users/ada Replace:active=False"] if was_enabled else [])


@pytest.mark.rule("ENG-198")
def test_a_refused_enable_leaves_the_account_known_as_disabled(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab().without_groups()
    blocked_and_enabled_again(lab)
    lab.fault(method="PATCH", status=400)
    lab.cycle()
    lab.heal()
    lab.look()

    lab.disable("ada")
    lab.cycle(2)

    assert [text for text in lab.sent() if not text.endswith("?probe")] == []
    assert lab.log() == ["Update Skipped ada NotEffectivelyEntitled"]


@pytest.mark.rule("ENG-176", "ENG-198")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("is_on_demand", [False, True])
def test_a_process_that_dies_while_it_enables_leaves_nobody_active_for_good(
    tmp_path: Path, when: str, is_on_demand: bool
) -> None:
    lab = Lab(world=open_files(tmp_path)).without_groups()
    blocked_and_enabled_again(lab)
    lab.crash_sends(lambda call: when if call.method == "PATCH" else "")
    go_on = partial(lab.sim.provisioning.provision_on_demand, lab.app, upn("ada")) if is_on_demand else lab.cycle
    with pytest.raises(Killed):
        go_on()
    app, at = lab.app, lab.world.clock.now()
    lab.world.close()
    lab.reopen(open_files(tmp_path, at=at), app)
    assert lab.active() == {"ada": when == "after"}

    lab.disable("ada")
    lab.cycle(2)

    assert lab.active() == {"ada": False}
    lab.world.close()


def test_exchanges_stand_in_the_order_of_sending_whoever_is_answered_first(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(workers=2).without_groups()
    lab.people("ada", "mia")
    connect, is_answered, posts = lab.sim.core.connect, threading.Event(), iter((True, False))

    class Overtaken:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def send(self, call: Any) -> Any:
            is_slow = call.method == "POST" and next(posts)
            if is_slow:
                assert is_answered.wait(10)
            reply = self.inner.send(call)
            if call.method == "POST" and not is_slow:
                is_answered.set()
            return reply

        def close(self) -> None:
            self.inner.close()

    lab.sim.core.connect = lambda url, authorization: Overtaken(connect(url, authorization))
    lab.start()
    lab.sim.core.connect = connect

    kept = [record.sequence for record in lab.sim.core.exchanges if record.call.method == "POST"]
    assert kept != sorted(kept)
    shown = [record.sequence for record in lab.sim.exchanges()]
    assert shown == sorted(shown)
    assert lab.sim.exchanges(shown[-1]) == []


@pytest.mark.rule("ENG-146", "ENG-175")
def test_asked_to_stop_what_is_on_its_way_is_finished_and_nothing_is_done_twice(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab(workers=4, page_size=5).without_groups()
    lab.people(*(f"p{number:02d}" for number in range(20)))
    countdown = iter([False] * 9)
    lab.sim.runner.should_stop = lambda: next(countdown, True)
    lab.sim.provisioning.start(lab.app)
    lab.run()
    assert 4 <= len(lab.active()) < 20
    lab.sim.runner.should_stop = lambda: False
    lab.run()

    creates = [item for item in lab.world.exchanges() if item.call.method == "POST"]
    assert len(creates) == len(lab.active()) == 20
    assert len(lab.logs()) == 20
