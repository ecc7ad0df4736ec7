"""Lists that look at many resources are answered beside everything else, from a file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tapt_wire import Wire
from tapt_wire import receive

from entra_sim.mock_tapt import Fault
from entra_sim.mock_tapt import long_reads
from entra_sim.mock_tapt.long_reads import goes_through_many


@pytest.fixture
def wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    monkeypatch.setattr("entra_sim.mock_tapt.tapt.MANY_RESOURCES", 1)
    opened = Wire(database=tmp_path / "tapt.db")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("path", "query", "is_long"),
    [
        ("/Users", "filter=title+co+%22a%22", True),
        ("/Users/", "count=1&filter=not+(title+eq+%22a%22)", True),
        ("/", "sortBy=title", True),
        ("/Users", 'filter=userName+eq+"a"&sortby=title', True),
        ("/Users", 'filter=userName+eq+"a"', False),
        ("/Users", "filter=userName%20eq%20%22a%22", False),
        ("/Users", "filter=externalId+eq+%22a%22&attributes=id", False),
        ("/Users", "filter=active+eq+true+and+externalId+eq+%22a%22", False),
        ("/Groups", "attributes=id&filter=displayName+eq+%22a%22", False),
        ("/Users", "filter=emails%5btype+eq+%22work%22%5d.value+eq+%22a%22", False),
        ("/Users", "filter=urn:ietf:params:scim:schemas:core:2.0:User:userName+eq+%22a%22", False),
        ("/Users", "filter=xuserName+eq+%22a%22", True),
        ("/Users", "startIndex=5&count=10", False),
        ("/Users", "filter=&sortBy=", False),
        ("/Users/1", "filter=title+co+%22a%22", False),
        ("/Schemas", "filter=title+co+%22a%22", False),
    ],
)
def test_which_requests_go_through_many(path: str, query: str, is_long: bool) -> None:
    assert goes_through_many("GET", path, query) is is_long
    assert not goes_through_many("POST", path, query)


def test_a_long_list_waits_for_nobody_and_nobody_for_it(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the list is under way, others read and write; it then shows the instant at which it began."""
    begun, may_go_on = threading.Event(), threading.Event()
    handle = long_reads.ScimService.handle

    def slow_handle(self, request):  # type: ignore[no-untyped-def]
        if "title" in request.query:
            self.store.count("User")
            begun.set()
            assert may_go_on.wait(10)
        return handle(self, request)

    monkeypatch.setattr(long_reads.ScimService, "handle", slow_handle)
    with wire.connect() as connection:
        connection.sendall(wire.request("GET", "/Users?filter=not+(title+eq+%22a%22)&sortBy=userName"))
        assert begun.wait(10)
        later = wire.create("later@x.example")
        assert wire.send(wire.request("GET", f"/Users/{later}"))[0] == 200
        assert wire.send(wire.request("DELETE", f"/Users/{wire.bo}"))[0] == 204
        may_go_on.set()
        status, _, body = receive(connection)
    names = [resource["userName"] for resource in json.loads(body)["Resources"]]
    assert (status, names) == (200, ["ada@x.example", "bjørn@x.example"])
    assert [e.path for e in wire.tapt.journal.exchanges(0)].count("/Users") >= 4
    _, _, body = wire.send(
        wire.request("GET", "/Users?filter=not+(title+eq+%22a%22)&sortBy=userName&sortOrder=descending")
    )
    names = [resource["userName"] for resource in json.loads(body)["Resources"]]
    assert names == ["later@x.example", "ada@x.example"]


def test_the_same_rules_hold_for_it(wire: Wire) -> None:
    long = "/Users?filter=title+pr"
    assert wire.send(wire.request("GET", long, head=b"Host: a\r\nAuthorization: Bearer wrong\r\n"))[0] == 401
    assert wire.send(wire.request("GET", "/Users?filter=title+xx+1"))[0] == 400
    wire.tapt.set_switches(accept_groups=False)
    assert wire.send(wire.request("GET", "/Groups?sortBy=id"))[0] == 404
    number = wire.tapt.faults.add(Fault(status=503))
    assert wire.send(wire.request("GET", long))[0] == 503
    wire.tapt.faults.remove(number)
    saved = wire.tapt.snapshot()
    wire.create("titled", title="T")
    assert json.loads(wire.send(wire.request("GET", long))[2])["totalResults"] == 1
    wire.tapt.restore(saved)
    assert json.loads(wire.send(wire.request("GET", long))[2])["totalResults"] == 0


def test_all_people_at_once_are_read_beside_too(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [user["userName"] for user in wire.tapt.users()] == ["ada@x.example", "bjørn@x.example"]
    with wire.tapt.batch():
        wire.tapt.add_profile({"userName": "in-a-batch@x.example"})
        assert len(wire.tapt.users()) == 3
    begun, may_go_on = threading.Event(), threading.Event()
    shown = long_reads.Resources.shown

    def slow_shown(self, *arguments, **named):  # type: ignore[no-untyped-def]
        if threading.current_thread() is reader:
            begun.set()
            assert may_go_on.wait(10)
        return shown(self, *arguments, **named)

    monkeypatch.setattr(long_reads.Resources, "shown", slow_shown)
    found: list[int] = []
    reader = threading.Thread(target=lambda: found.append(len(wire.tapt.users())))
    reader.start()
    assert begun.wait(10)
    wire.create("later@x.example")
    may_go_on.set()
    reader.join(10)
    assert found == [3]


def test_an_end_cuts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("entra_sim.mock_tapt.tapt.MANY_RESOURCES", 1)
    wire = Wire(database=tmp_path / "tapt.db")
    begun = threading.Event()
    handle = long_reads.ScimService.handle

    def endless_handle(self, request):  # type: ignore[no-untyped-def]
        if "title" in request.query:
            begun.set()
            self.store.connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            ).fetchone()
        return handle(self, request)

    monkeypatch.setattr(long_reads.ScimService, "handle", endless_handle)
    with wire.connect() as connection:
        connection.sendall(wire.request("GET", "/Users?filter=title+pr"))
        assert begun.wait(10)
        threading.Event().wait(0.05)  # so that the query runs when it is interrupted
        wire.close()
    for thread in threading.enumerate():
        if thread.name == "answer":
            thread.join(5)
            assert not thread.is_alive()
    assert caplog.records == []
