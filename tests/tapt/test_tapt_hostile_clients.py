"""Clients that are slow, greedy, rude or many, against the server of `entra-sim tapt`."""

from __future__ import annotations

import errno
import json
import logging
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest
from tapt_wire import CORE
from tapt_wire import HEAD
from tapt_wire import Wire
from tapt_wire import receive

from entra_sim.mock_tapt import Fault
from entra_sim.mock_tapt import http_connections
from entra_sim.mock_tapt import http_server
from entra_sim.mock_tapt.http_requests import BadRequest
from entra_sim.mock_tapt.http_requests import RequestReader


@pytest.fixture(autouse=True)
def swept_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "SWEEP_S", 0.05)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    opened = Wire()
    yield opened
    opened.close()


def reset(connection: socket.socket) -> None:
    """Close with RST, as a client does that is killed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def post(name: str, extra: bytes = b"") -> tuple[bytes, bytes]:
    body = json.dumps({"schemas": [CORE], "userName": name}).encode()
    return b"POST /scim/v2/Users HTTP/1.1\r\n%b%bContent-Length: %d\r\n\r\n" % (HEAD, extra, len(body)), body


@pytest.mark.parametrize("cut", ["answered at once", "answered by a thread"])
def test_a_client_that_has_said_all_and_half_closes_is_answered(wire: Wire, cut: str) -> None:
    slow = wire.tapt.faults.add(Fault(path="/Groups", delay_s=0.01)) if "thread" in cut else None
    try:
        with wire.connect() as connection:
            connection.sendall(wire.request("GET", "/Groups") * 3)
            connection.shutdown(socket.SHUT_WR)
            assert [receive(connection)[0] for _ in range(3)] == [200, 200, 200]
            assert connection.recv(1) == b""
    finally:
        if slow is not None:
            wire.tapt.faults.remove(slow)


def test_answers_come_in_the_order_of_their_requests_also_when_some_rest(wire: Wire) -> None:
    wire.resting.clear()
    slow = wire.tapt.faults.add(Fault(path="/Groups", delay_s=30))
    try:
        with wire.connect() as connection:
            pages = b"GET /settings/integrations HTTP/1.1\r\nHost: localhost\r\n\r\n"
            connection.sendall(
                wire.request("GET", "/Groups") + wire.request("GET", f"/Users/{wire.ada}") + pages
                + wire.request("GET", "/Nothing") + wire.request("HEAD", "/Users")
            )  # fmt: skip
            connection.settimeout(0.05)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            connection.settimeout(10)
            wire.resting.set()
            assert b"ListResponse" in receive(connection)[2]
            assert wire.ada in receive(connection)[2].decode()
            assert receive(connection)[0] == 303
            assert receive(connection)[0] == 404
            assert receive(connection, is_head=True)[0] == 200
    finally:
        wire.tapt.faults.remove(slow)


def test_one_client_with_thousands_of_requests_does_not_keep_others_waiting(wire: Wire) -> None:
    count, before = 4_000, wire.tapt.journal.last_sequence
    with wire.connect() as greedy, wire.connect() as other:
        sender = threading.Thread(target=greedy.sendall, args=(wire.request("HEAD", f"/Users/{wire.ada}") * count,))
        sender.start()
        worst = 0
        while wire.tapt.journal.last_sequence < before + 100:
            threading.Event().wait(0.001)
        for _ in range(20):
            passed = wire.tapt.journal.last_sequence
            other.sendall(wire.request("GET", f"/Users/{wire.bo}"))
            assert receive(other)[0] == 200
            worst = max(worst, wire.tapt.journal.last_sequence - passed)
        stream = greedy.makefile("rb")
        heads = 0
        while heads < count:
            line = stream.readline()
            assert line
            heads += line == b"HTTP/1.1 200 OK\r\n"
        sender.join()
        stream.close()
    assert worst < 500


def test_a_client_that_resets_while_its_pipeline_is_answered_harms_nobody(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.resting.clear()
    slow = wire.tapt.faults.add(Fault(path="/Groups", delay_s=30))
    rude = [wire.connect() for _ in range(8)]
    polite = wire.connect()
    try:
        before = wire.tapt.journal.last_sequence
        for connection in rude:
            connection.sendall(wire.request("GET", "/Groups") * 40)
        polite.sendall(wire.request("GET", "/Groups") * 2)
        assert wire.send(wire.request("GET", "/Users"))[0] == 200
        for connection in rude:
            reset(connection)
        wire.resting.set()
        assert [receive(polite)[0] for _ in range(2)] == [200, 200]
        assert wire.send(wire.request("GET", "/Users"))[0] == 200
        assert wire.tapt.journal.last_sequence - before < 100
    finally:
        polite.close()
        wire.tapt.faults.remove(slow)
    assert caplog.records == []


def test_a_reader_that_takes_nothing_holds_up_nobody_and_gets_all_in_the_end(wire: Wire) -> None:
    wire.create("five-megabytes", title="x" * 5_000_000)
    sleepy = [wire.connect() for _ in range(5)]
    for connection in sleepy:
        connection.sendall(wire.request("GET", '/Users?filter=userName+eq+"five-megabytes"') * 2)
    began = time.monotonic()
    for _ in range(10):
        assert wire.send(wire.request("GET", f"/Users/{wire.ada}"))[0] == 200
    assert time.monotonic() - began < 2
    for connection in sleepy:
        assert [len(receive(connection)[2]) > 5_000_000 for _ in range(2)] == [True, True]
        connection.close()


@pytest.mark.parametrize("size", [20_000_000, 70_000_000])
@pytest.mark.parametrize("target", [b"/scim/v2/Users", b"/scim/v2/Bulk", b"/nothing"])
def test_a_large_upload_that_is_refused_hears_it(wire: Wire, size: int, target: bytes) -> None:
    piece = b"x" * 1_000_000
    with wire.connect() as connection:
        connection.sendall(b"POST %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n" % (target, HEAD, size))
        for _ in range(size // len(piece)):
            connection.sendall(piece)
        assert receive(connection)[0] == {b"/nothing": 404}.get(target, 413)


def test_leave_to_send_is_not_given_for_what_is_refused_anyway(wire: Wire) -> None:
    with wire.connect() as connection:
        connection.sendall(
            b"POST /scim/v2/Users HTTP/1.1\r\n" + HEAD + b"Expect: 100-continue\r\nContent-Length: 90000000\r\n\r\n"
        )
        assert receive(connection)[0] == 413
        assert connection.recv(1) == b""


def test_a_sender_that_drips_is_told_that_time_is_over(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    head, body = post("dripping")
    with wire.connect() as in_head, wire.connect() as in_body:
        in_body.sendall(head)
        monkeypatch.setattr(http_connections, "HALF_REQUEST_S", 0.5)
        began = time.monotonic()
        for number in range(200):
            in_head.sendall(head[number : number + 1])
            if number < len(body) - 1:
                in_body.sendall(body[number : number + 1])
            in_head.settimeout(0.05)
            try:
                assert in_head.recv(12) == b"HTTP/1.1 408"
                break
            except TimeoutError:
                assert time.monotonic() - began < 8
        in_body.sendall(body[number + 1 if number < len(body) - 1 else len(body) - 1 :])
        assert receive(in_body)[0] == 201  # every byte of a body is a sign of life


def test_a_head_byte_by_byte_costs_no_more_than_its_length() -> None:
    reader = RequestReader()
    data = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"
    began = time.process_time()
    for number in range(len(data)):
        reader.feed(data[number : number + 1])
        assert (reader.next() is not None) == (number == len(data) - 1)
    assert time.process_time() - began < 2


def test_trailers_and_blank_lines_without_end() -> None:
    reader = RequestReader()
    reader.feed(b"\r\n" * 200_000)
    assert reader.next() is None
    reader.feed(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    assert reader.next() is None
    for _ in range(10):
        reader.feed(b"X: 1\r\n" * 1_000)
        assert reader.next() is None
    reader.feed(b"X: 1\r\n" * 10_000)
    with pytest.raises(BadRequest, match="Trailers"):
        reader.next()


def test_chunks_in_http_1_0_end_the_connection(wire: Wire) -> None:
    head = b"POST /scim/v2/Users HTTP/1.0\r\n" + HEAD + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, answer, _ = wire.send(head + b"2\r\n{}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
    assert (status, "Connection: close" in answer) == (400, True)


@pytest.mark.parametrize("how", ["raises", "raises late", "breaks a header", "no length"])
@pytest.mark.parametrize("rests", [False, True])
def test_a_mistake_of_the_application_is_a_scim_error_and_ends_the_connection(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str, rests: bool
) -> None:
    def broken(environ, start_response):  # type: ignore[no-untyped-def]
        if how == "raises":
            raise RuntimeError("no")
        header = {"breaks a header": ("X", "a\r\nSet-Cookie: b"), "no length": ("Content-Length", "x")}
        start_response("200 OK", [header.get(how, ("X", "a"))])
        return (1 / 0 for _ in range(1)) if how == "raises late" else [b"{}"]

    monkeypatch.setattr(wire.server, "application", broken)
    monkeypatch.setattr(wire.server, "may_rest", lambda request: rests)
    with wire.connect() as connection:
        connection.sendall(wire.request("GET", "/Users") * 2)
        status, head, body = receive(connection)
        assert (status, "application/scim+json" in head, "Connection: close" in head) == (500, True, True)
        assert json.loads(body)["status"] == "500"
        assert connection.recv(1) == b""
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_more_clients_than_places_wait_and_none_is_lost(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 4)
    monkeypatch.setattr(http_connections, "HALF_REQUEST_S", 0.5)
    slow = [wire.connect() for _ in range(4)]
    for connection in slow:
        connection.sendall(b"GET /scim")
    used = time.process_time()
    assert wire.send(wire.request("GET", "/Users"))[0] == 200  # as soon as the slow ones have had their time
    assert time.process_time() - used < 1.5
    assert [receive(connection)[0] for connection in slow] == [408] * 4
    for connection in slow:
        connection.close()


def test_no_more_files_for_this_process(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MIN_IDLE_S", 0)
    accept, refusals = socket.socket.accept, [OSError(errno.EMFILE, "too many open files")] * 2

    def accept_or_fail(listener: socket.socket) -> tuple[socket.socket, object]:
        if refusals and listener.getsockname()[1] == wire.port:
            raise refusals.pop()
        return accept(listener)

    with wire.connect() as idle:
        idle.sendall(wire.request("GET", f"/Users/{wire.ada}"))
        assert receive(idle)[0] == 200
        monkeypatch.setattr(socket.socket, "accept", accept_or_fail)
        used = time.process_time()
        with wire.connect() as waiting:
            waiting.sendall(wire.request("GET", "/Users"))
            assert receive(waiting)[0] == 200
        assert not refusals
        assert time.process_time() - used < 1.0, "it asks without pause"
        assert idle.recv(1) == b"", "the idle connection makes room"


def test_two_thousand_connections(wire: Wire) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(http_server.MAX_CONNECTIONS - 50, (soft - 200) // 2)
    clients = [wire.connect() for _ in range(count)]
    request = wire.request("GET", f"/Users/{wire.ada}")
    for client in clients:
        client.sendall(request)
    for client in clients:
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        client.close()


def test_over_ipv6() -> None:
    try:
        wire = Wire("::1")
    except OSError:
        pytest.skip("no IPv6 here")
    try:
        head = f"GET /scim/v2/Users/{wire.ada} HTTP/1.0\r\nAuthorization: Bearer T\r\n\r\n".encode()
        status, _, body = wire.send(head)
        assert status == 200
        assert json.loads(body)["meta"]["location"] == f"http://[::1]:{wire.port}/scim/v2/Users/{wire.ada}"
    finally:
        wire.close()


def test_an_end_in_the_middle_of_everything_is_quick_and_silent(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire()
    wire.create("large", title="x" * 5_000_000)
    wire.tapt.faults.add(Fault(path="/Groups", delay_s=30))
    busy = [wire.connect() for _ in range(4)]
    busy[0].sendall(wire.request("GET", "/Groups"))
    busy[1].sendall(b"GET /scim")
    busy[2].sendall(wire.request("GET", '/Users?filter=userName+eq+"large"'))
    assert wire.send(wire.request("GET", "/Users?count=1"))[0] == 200
    began = time.monotonic()
    wire.server.stop()
    wire.thread.join(5)
    assert time.monotonic() - began < 1
    wire.tapt.close()
    resting = [thread for thread in threading.enumerate() if thread.name == "answer"]
    wire.resting.set()  # what rested finds the database closed
    for thread in resting:
        thread.join(5)
    for connection in busy:
        connection.close()
    assert caplog.records == []
