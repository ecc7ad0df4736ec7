"""Raw bytes over sockets, as clients of all kinds send them, against the server of `entra-sim tapt`."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator

import pytest
from tapt_wire import CORE
from tapt_wire import HEAD
from tapt_wire import Wire
from tapt_wire import receive

from entra_sim.mock_tapt import Fault
from entra_sim.mock_tapt import http_connections
from entra_sim.mock_tapt import http_server


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    opened = Wire()
    yield opened
    opened.close()


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.rule("SRV-003", "SRV-031", "QRK-21", "QRK-24")
@pytest.mark.parametrize(
    "target",
    [
        '/Users?filter=userName%20eq%20"ada@x.example"',
        '/Users?filter=userName+eq+"ada@x.example"',
        '/Users/?filter=userName+eq+"ada@x.example"&x={}|^`\\<>%zz%',
        '//Users?filter=(userName+eq+"ADA@x.example")#fragment',
        '/Users?&filter=externalId+eq+"E1"&count=',
        '/Users?attributes=id,userName&filter=urn:ietf:params:scim:schemas:core:2.0:User:userName+eq+"ada@x.example"',
        '/Users?filter=displayName+eq+"Bjørn+Ø"',
        '/Users?filter=userName+eq+"bj%c3%b8rn@x.example"',
        b'/Users?filter=displayName+eq+"Bj\xf8rn+\xd8"',
    ],
)
def test_filters_with_raw_characters(wire: Wire, target: str | bytes) -> None:
    status, _, body = wire.send(wire.request("GET", target))
    assert status == 200
    assert json.loads(body)["totalResults"] == 1


@pytest.mark.parametrize(
    ("method", "target", "version", "status"),
    [
        ("GET", "http://tapt.example/scim/v2/Users", "1.1", 200),
        ("GET", "//scim/v2/Users/", "1.1", 200),
        ("GET", "/scim/./v2/../v2/Users", "1.0", 200),
        ("get", "/scim/v2/Users", "1.1", 200),
        ("OPTIONS", "*", "1.1", 404),
        ("PROPFIND", "/scim/v2/Users", "1.1", 405),
        ("TRACE", "/scim/v2/Users", "1.1", 405),
        ("GET", '/scim/v2/Users/"{}', "1.1", 404),
        ("GET", "/scim/v2/Users/%00%zz", "1.1", 404),
        ("GET", "/%ff%fe/é", "1.1", 404),
        ("GET", "/o/nobody/scim/v2/Users", "1.1", 404),
        ("GET", "/healthz", "1.1", 200),
        ("GET", "/scim/v2/Users", "2.0", 400),
    ],
)
def test_targets_and_methods(wire: Wire, method: str, target: str, version: str, status: int) -> None:
    answer = wire.send(f"{method} {target} HTTP/{version}\r\n".encode() + HEAD + b"\r\n")
    assert answer[0] == status


def test_the_host_of_an_absolute_target_counts(wire: Wire) -> None:
    head = f"GET http://other.example:81/scim/v2/Users/{wire.ada} HTTP/1.1\r\n".encode()
    _, _, body = wire.send(head + HEAD + b"\r\n")
    assert json.loads(body)["meta"]["location"] == f"http://other.example:81/scim/v2/Users/{wire.ada}"


def test_bodies_as_they_come(wire: Wire) -> None:
    def create(name: str) -> bytes:
        return json.dumps({"schemas": [CORE], "userName": name}).encode()

    head = b"POST /scim/v2/Users HTTP/1.1\r\n" + HEAD
    assert wire.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(create("c1"), 7))[0] == 201
    raw = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(create("c2"), 1)
    assert wire.send(*(raw[i : i + 1] for i in range(len(raw))))[0] == 201
    assert wire.send(head + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n")[0] == 400
    assert wire.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 9_000_000, 60_000))[0] == 413
    assert wire.send(head + b"Content-Length: 99999999999\r\n\r\n{}")[0] == 413
    assert wire.send(head + b"\r\n")[0] == 400
    assert wire.send(wire.request("GET", "/Users", {"a": 1}))[0] == 200
    assert wire.send(wire.request("DELETE", "/Users/none", {"a": 1}))[0] == 404
    made = wire.create("gone")
    assert wire.send(wire.request("DELETE", f"/Users/{made}"))[0] == 204
    with wire.connect() as connection:
        connection.sendall(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(create("e1")))
        assert receive(connection)[0] == 100
        connection.sendall(create("e1"))
        assert receive(connection)[0] == 201


def test_one_connection_for_many_requests(wire: Wire) -> None:
    read = wire.request("GET", f"/Users/{wire.ada}")
    with wire.connect() as connection:
        connection.sendall(read + wire.request("HEAD", f"/Users/{wire.ada}") + b"\r\n" + read)
        assert receive(connection)[0] == 200
        status, head, _ = receive(connection, is_head=True)
        assert (status, "Content-Length" in head) == (200, True)
        assert receive(connection)[0] == 200
        connection.sendall(wire.request("GET", "/Nothing", head=HEAD + b"Connection: close\r\n"))
        status, head, _ = receive(connection)
        assert (status, "Connection: close" in head) == (404, True)
        assert connection.recv(1) == b""
    for extra, word in ((b"", "close"), (b"Connection: keep-alive\r\n", "keep-alive")):
        _, head, _ = wire.send(wire.request("GET", "/Users", head=HEAD + extra, version=b"1.0"))
        assert f"Connection: {word}" in head


def test_odd_headers(wire: Wire) -> None:
    for extra in (
        b"Authorization: Bearer T\r\n", b"Accept: a/b\r\nAccept: */*\r\n", b"X-Folded: a\r\n b\r\n",
        "X: é\r\n".encode(), b"X: " + b"a" * 30_000 + b"\r\n",
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n",
    ):  # fmt: skip
        assert wire.send(wire.request("GET", "/Users", head=HEAD + extra))[0] == 200, extra
    assert wire.send(wire.request("GET", "/Users").replace(b"\r\n", b"\n"))[0] == 200
    assert wire.send(wire.request("GET", "/Users", head=b"Authorization: Bearer T\r\n"))[0] == 400


def test_what_never_becomes_a_request_is_in_the_inspector(wire: Wire) -> None:
    before = wire.tapt.journal.last_sequence
    status, head, body = wire.send(wire.request("GET", '/Users?filter=userName eq "ada"'))
    assert (status, "application/scim+json" in head) == (400, True)
    assert "%20" in json.loads(body)["detail"]
    wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    wire.send(b"GET /people of HTTP/1.1\r\n\r\n")  # none of the SCIM API's business
    blank, tls = wire.tapt.journal.exchanges(before)
    assert (blank.method, blank.path, blank.query) == ("GET", "/Users", 'filter=userName eq "ada"')
    assert blank.refusal == json.loads(body)["detail"]
    assert "HTTPS" in tls.refusal
    assert [exchange.findings for exchange in (blank, tls)]


def test_faults_rest_and_cut_without_holding_up_others(wire: Wire) -> None:
    slow = wire.tapt.faults.add(Fault(path="/Groups", delay_s=30))
    cut = wire.tapt.faults.add(Fault(path="/ResourceTypes", cut="after"))
    broken = wire.tapt.faults.add(Fault(path="/Schemas", broken_json=True))
    try:
        with wire.connect() as waiting:
            waiting.sendall(wire.request("GET", "/Groups"))
            assert wire.send(wire.request("GET", "/Users"))[0] == 200
            status, head, body = wire.send(wire.request("GET", "/ResourceTypes"))
            assert (status, len(body), "Content-Length: 1000" in head) == (0, 1, True)
            status, _, body = wire.send(wire.request("GET", "/Schemas"))
            with pytest.raises(ValueError, match=r".+"):
                json.loads(body)
            wire.resting.set()
            assert receive(waiting)[0] == 200
    finally:
        for number in (slow, cut, broken):
            wire.tapt.faults.remove(number)


def test_more_requests_that_rest_than_threads(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MAX_THREADS", 1)
    wire.resting.clear()
    slow = wire.tapt.faults.add(Fault(path="/Groups", delay_s=30))
    try:
        waiting = [wire.connect() for _ in range(3)]
        for connection in waiting:
            connection.sendall(wire.request("GET", "/Groups"))
        wire.resting.set()
        assert [receive(connection)[0] for connection in waiting] == [200, 200, 200]
        for connection in waiting:
            connection.close()
    finally:
        wire.tapt.faults.remove(slow)


def test_a_mistake_of_the_application_is_500_and_the_server_goes_on(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(wire.server, "application", lambda environ, start_response: 1 / 0)
        assert wire.send(wire.request("GET", "/Users"))[0] == 500
        patched.setattr(wire.server, "may_rest", lambda request: 1 / 0)
        assert wire.send(wire.request("GET", "/Users"))[0] == 0
    assert wire.send(wire.request("GET", "/Users"))[0] == 200
    assert len(caplog.records) == 2


def test_an_answer_larger_than_the_socket_takes_and_a_client_that_goes_away(wire: Wire) -> None:
    wire.create("large", title="x" * 4_000_000)
    with wire.connect() as reader, wire.connect() as leaver:
        for connection in (reader, leaver):
            connection.sendall(wire.request("GET", '/Users?filter=userName+eq+"large"'))
        leaver.close()
        assert wire.send(wire.request("GET", "/Users?count=1"))[0] == 200
        status, _, body = receive(reader)
        assert (status, len(json.loads(body)["Resources"][0]["title"])) == (200, 4_000_000)


def test_connections_that_rest_are_ended(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    with wire.connect() as half, wire.connect() as idle:
        half.sendall(b"GET /scim")
        assert wire.send(wire.request("GET", "/Users"))[0] == 200
        monkeypatch.setattr(http_connections, "HALF_REQUEST_S", 0)
        monkeypatch.setattr(http_connections, "IDLE_S", 0)
        assert receive(half)[0] == 408
        assert idle.recv(1) == b""


def test_thrown_bytes_get_2xx_or_4xx(wire: Wire) -> None:
    chance = random.Random("sockets")
    whole = [
        wire.request("GET", '/Users?filter=userName+eq+"ada@x.example"'),
        wire.request("POST", "/Users", {"schemas": [CORE], "userName": "f"}),
        wire.request("PATCH", f"/Users/{wire.bo}", {"schemas": [], "Operations": [{"op": "add"}]}),
        b"POST /scim/v2/Users HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"{}", 1),
    ]
    for _ in range(300):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data))
            if chance.random() < 0.6:
                data[place] = chance.randrange(256)
            elif chance.random() < 0.5:
                del data[place : place + chance.randrange(1, 20)]
            else:
                data[place:place] = chance.choice(
                    [b"\r\n", b"%", b'"', b" ", b"\x00", b"0\r\n\r\n", b"//", b"\xff" * 9]
                )
        with wire.connect() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            status = receive(connection)[0]
            assert status == 0 or 200 <= status < 500, bytes(data)
    assert wire.send(wire.request("GET", f"/Users/{wire.ada}"))[0] == 200
