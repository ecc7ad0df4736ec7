"""The bytes that HttpTransport sends, and what it makes of the bytes that come back."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from entra_sim.simulator.errors import TargetUnauthorized
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.http import HttpTransport

TOKEN = BearerToken("secret-token-1234")
READ = requests.read("User", "tp-1")
Start = Callable[..., Any]
Connect = Callable[..., HttpTransport]


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as stack:

        def start(server: Any, url: str = "https://tapt.example/scim/v2", **options: Any) -> HttpTransport:
            tenant_url = TenantUrl.parse(url.replace("https://", "http://"), allow_http=True)
            options = {"connect_to": server.address, "timeout_s": 5.0, **options}
            transport = HttpTransport(tenant_url, TOKEN, **options)
            stack.callback(transport.close)
            return transport

        yield start


def body_answer(body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.rule("WIRE-010", "WIRE-012", "WIRE-013", "WIRE-014", "WIRE-020")
def test_a_lookup_byte_for_byte(raw_server: Start, connect: Connect) -> None:
    server = raw_server()
    connect(server).send(requests.match("User", "userName", "a+b@alderfinch.example"))
    assert server.requests == [
        b"GET /scim/v2/Users?filter=userName+eq+%22a%2bb%40alderfinch.example%22 HTTP/1.1\r\n"
        b"Host: tapt.example\r\n"
        b"Authorization: Bearer secret-token-1234\r\n"
        b"Adscimversion: 5.0\r\n"
        b"\r\n"
    ]


def test_work_is_done_while_a_request_is_on_its_way(raw_server: Start, connect: Connect) -> None:
    is_done = threading.Event()

    def answer(sock: socket.socket) -> None:
        assert is_done.wait(5)
        sock.sendall(body_answer(b"late"))

    server = raw_server(answer, answer)
    transport = connect(server)
    transport.use_waits(is_done.set)
    assert transport.send(READ).body == b"late"
    is_done.clear()
    assert transport.send(READ).body == b"late"
    server.close()
    is_done.clear()
    assert transport.send(READ).failure
    assert not is_done.is_set()


@pytest.mark.rule("WIRE-011", "WIRE-001", "WIRE-025")
def test_a_write_byte_for_byte(raw_server: Start, connect: Connect) -> None:
    server = raw_server()
    call = Call(method="PATCH", path="/Users/a b/é", body={"schemas": ["x"], "v": "Zoë"})
    connect(server, "https://tapt.example:8443/scim/").send(call)
    assert server.requests == [
        b"PATCH /scim/Users/a%20b%2F%C3%A9 HTTP/1.1\r\n"
        b"Host: tapt.example:8443\r\n"
        b"Authorization: Bearer secret-token-1234\r\n"
        b"Adscimversion: 5.0\r\n"
        b"Content-Type: application/scim+json; charset=utf-8\r\n"
        b"Content-Length: 28\r\n"
        b'\r\n{"schemas":["x"],"v":"Zo\xc3\xab"}'
    ]


def test_a_delete_has_neither_body_nor_length(raw_server: Start, connect: Connect) -> None:
    server = raw_server(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert connect(server).send(requests.delete("User", "tp-1")) == Reply(status=204)
    assert b"ontent-" not in server.requests[0]


@pytest.mark.rule("WIRE-002", "WIRE-003")
def test_the_flag_stays_at_home_and_an_own_query_goes_first(raw_server: Start, connect: Connect) -> None:
    server = raw_server()
    transport = connect(server, "https://t.example/s?aadOptscim062020&code=k%2Fey")
    transport.send(READ)
    transport.send(requests.match("Group", "displayName", "x"))
    assert [request.split(b" ")[1] for request in server.requests] == [
        b"/s/Users/tp-1?code=k%2Fey",
        b"/s/Groups?code=k%2Fey&excludedAttributes=members&filter=displayName+eq+%22x%22",
    ]


def test_values_that_json_cannot_hold_are_sent_all_the_same(raw_server: Start, connect: Connect) -> None:
    server = raw_server()
    connect(server).send(Call(method="POST", path="/Users", body={"a": "x\ud83d", "b": 2**70}))
    assert server.requests[0].endswith(b'{"a":"x\xef\xbf\xbd","b":1180591620717411303424}')


def test_headers_and_body_come_back_as_sent(raw_server: Start, connect: Connect) -> None:
    server = raw_server(b'HTTP/1.1 201 Created\r\nLocation: /x\r\nETag: W/"1"\r\nContent-Length: 3\r\n\r\nabc')
    reply = connect(server).send(READ)
    assert reply == Reply(
        status=201, headers=(("Location", "/x"), ("ETag", 'W/"1"'), ("Content-Length", "3")), body=b"abc"
    )
    assert reply.header("etag") == 'W/"1"'


def test_one_connection_serves_many_requests(raw_server: Start, connect: Connect) -> None:
    server = raw_server(body_answer(b"a"), b"HTTP/1.1 204 No Content\r\n\r\n", body_answer(b"b" * 200_000))
    transport = connect(server)
    assert [len(transport.send(READ).body) for _ in range(4)] == [1, 0, 200_000, 2]
    assert server.connection_count == 1
    transport.close()
    transport.send(READ)
    assert server.connection_count == 2


@pytest.mark.parametrize("closing", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", OSError])
def test_a_connection_that_the_server_closed_is_replaced_before_sending(
    raw_server: Start, connect: Connect, closing: Any
) -> None:
    def reset(sock: socket.socket) -> None:
        sock.sendall(body_answer(b"ok"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        sock.close()
        server.closed_by_server.release()

    server = raw_server(reset if closing is OSError else (closing,), body_answer(b"fresh"))
    transport = connect(server)
    assert transport.send(READ).body == b"ok"
    server.closed_by_server.acquire(timeout=5)
    assert transport.send(READ).body == b"fresh"
    assert server.connection_of == [1, 2]


def test_what_nobody_asked_for_is_never_taken_for_an_answer(raw_server: Start, connect: Connect) -> None:
    server = raw_server(body_answer(b"one") + body_answer(b"stray"), body_answer(b"two"))
    transport = connect(server)
    assert [transport.send(READ).body for _ in range(2)] == [b"one", b"two"]
    assert server.connection_of == [1, 2]


@pytest.mark.parametrize("header", ["Connection: close\r\n", "connection: Close\r\n"])
def test_an_answer_that_ends_the_connection(raw_server: Start, connect: Connect, header: str) -> None:
    server = raw_server((body_answer(b"one", header),), body_answer(b"two"))
    transport = connect(server)
    assert [transport.send(READ).body for _ in range(2)] == [b"one", b"two"]
    assert server.connection_count == 2


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n",
            b"abcde",
        ),
        ((b"HTTP/1.0 200 OK\r\n\r\nuntil the end",), b"until the end"),
        ((b"HTTP/1.1 200 OK\r\n\r\nuntil the end",), b"until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + body_answer(b"x"), b"x"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + body_answer(b"x"), b"x"),
        (body_answer(gzip.compress(b"squeezed"), "Content-Encoding: gzip\r\n"), b"squeezed"),
        (body_answer(zlib.compress(b"squeezed"), "content-encoding: Deflate\r\n"), b"squeezed"),
        (body_answer(zlib.compress(b"squeezed")[2:-4], "Content-Encoding: deflate\r\n"), b"squeezed"),
        (body_answer(gzip.compress(gzip.compress(b"x")), "Content-Encoding: gzip, gzip\r\n"), b"x"),
        (body_answer(b"odd", "Content-Encoding: br\r\n"), b"odd"),
        (body_answer(b"plain", "Content-Encoding: identity\r\n"), b"plain"),
        (body_answer(b"", "Content-Encoding: gzip\r\n"), b""),
    ],
    ids=[
        "chunked",
        "until the end, 1.0",
        "until the end, 1.1",
        "100 first",
        "103 and 102 first",
        "gzip",
        "zlib",
        "raw deflate",
        "gzip twice",
        "unknown coding",
        "identity",
        "empty gzip",
    ],
)
def test_bodies_in_every_framing_and_coding(raw_server: Start, connect: Connect, answer: Any, body: bytes) -> None:
    transport = connect(raw_server(answer))
    reply = transport.send(READ)
    assert (reply.status, reply.body) == (200, body)
    assert transport.send(READ).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers_and_never_followed(raw_server: Start, connect: Connect, status: int) -> None:
    server = raw_server(
        f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n".encode()
    )
    reply = connect(server).send(READ)
    assert (reply.status, reply.header("Location")) == (status, "http://127.0.0.1:1/elsewhere")
    assert len(server.requests) == 1


CUT = "The connection was cut before the answer was complete."
BROKEN = "The answer is not valid HTTP."
LARGE = "The answer is larger than the limit."
FAILURES: dict[str, tuple[Any, str]] = {
    "nothing": (None, CUT),
    "half a status line": ((b"HTTP/1.1 20",), CUT),
    "no end of the headers": ((b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n",), CUT),
    "half a header": ((b"HTTP/1.1 200 OK\r\nContent-Le",), CUT),
    "one byte of many": ((b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{",), CUT),
    "half a chunk": ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",), CUT),
    "no last chunk": ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",), CUT),
    "not HTTP": ((b"SSH-2.0-OpenSSH_9.9\r\n",), BROKEN),
    "a TLS alert": ((b"\x15\x03\x01\x00\x02\x02\x46",), CUT),
    "status is no number": ((b"HTTP/1.1 OK\r\n\r\n",), BROKEN),
    "endless header": ((b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",), BROKEN),
    "too many headers": ((b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",), BROKEN),
    "broken gzip": (body_answer(b"no gzip", "Content-Encoding: gzip\r\n"), BROKEN),
    "cut gzip": (body_answer(gzip.compress(b"x" * 100)[:-5], "Content-Encoding: gzip\r\n"), BROKEN),
    "large by its own word": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", LARGE),
    "large": ((b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 20_000,), LARGE),
    "gzip bomb": (body_answer(gzip.compress(b"\0" * 10_000_000), "Content-Encoding: gzip\r\n"), LARGE),
    "only interim answers": (b"HTTP/1.1 102 Processing\r\n\r\n" * 30, BROKEN),
}


@pytest.mark.rule("WIRE-130", "ENG-440")
@pytest.mark.parametrize("name", FAILURES)
def test_failures_have_one_code_and_a_fixed_sentence(raw_server: Start, connect: Connect, name: str) -> None:
    answer, sentence = FAILURES[name]
    server = raw_server(answer, body_answer(b"fine"))
    transport = connect(server, max_body_bytes=16_000)
    assert transport.send(READ) == Reply(status=0, failure="WebExceptionProtocolError", detail=sentence)
    assert len(server.requests) == 1, "nothing is sent again"
    assert transport.send(READ).body == b"fine"
    assert server.connection_of == [1, 2]


def test_a_refused_connection_is_a_failure(raw_server: Start, connect: Connect) -> None:
    server = raw_server()
    transport = connect(server)
    server.close()
    reply = transport.send(READ)
    assert (reply.failure, reply.detail) == (
        "WebExceptionProtocolError",
        "No connection to the endpoint could be made.",
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 63 + ".invalid"])
def test_a_name_that_means_nothing_is_a_failure(host: str) -> None:
    transport = HttpTransport(TenantUrl.parse(f"http://{host}/s", allow_http=True), TOKEN, timeout_s=5)
    assert transport.send(READ).detail == "No connection to the endpoint could be made."


CERTIFICATE = Path(__file__).with_name("tapt.example.pem")
REFUSED = "The endpoint's TLS certificate or protocol was not accepted."


@pytest.fixture
def tls_server(raw_server: Start) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return raw_server(tls=context)


@pytest.mark.rule("WIRE-007", "ENG-135")
@pytest.mark.parametrize(
    ("url", "options", "sentence"),
    [
        ("https://tapt.example/s", {}, REFUSED),
        ("https://tapt.example/s", {"insecure_tls": True}, ""),
        ("https://tapt.example/s", {"ca_file": CERTIFICATE}, ""),
        ("https://other.example/s", {"ca_file": CERTIFICATE}, REFUSED),
        ("https://other.example/s", {"insecure_tls": True}, ""),
    ],
    ids=["unknown authority", "insecure", "own authority", "other name", "other name, insecure"],
)
def test_certificates(tls_server: Any, url: str, options: dict[str, Any], sentence: str) -> None:
    transport = HttpTransport(TenantUrl.parse(url), TOKEN, connect_to=tls_server.address, timeout_s=5, **options)
    for _ in range(3):
        assert transport.send(READ).detail == sentence
    transport.close()
    assert tls_server.connection_count == (0 if sentence else 1)


def test_tls_1_2_is_spoken(raw_server: Start) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = raw_server(tls=context)
    transport = HttpTransport(
        TenantUrl.parse("https://localhost/s"), TOKEN, connect_to=server.address, timeout_s=5, ca_file=CERTIFICATE
    )
    assert transport.send(READ).status == 200
    transport.close()


@pytest.mark.parametrize("name", ["missing.pem", "__file__"])
def test_a_file_of_authorities_that_is_none_is_refused_in_a_sentence(name: str) -> None:
    path = __file__ if name == "__file__" else name
    with pytest.raises(UserInputError, match="certificates in PEM form"):
        HttpTransport(TenantUrl.parse("https://localhost/s"), TOKEN, ca_file=path)


def test_plain_http_behind_https_is_a_failure() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        sock, _ = listener.accept()
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        sock.recv(10_000)
        sock.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    address = listener.getsockname()
    transport = HttpTransport(TenantUrl.parse("https://localhost/s"), TOKEN, connect_to=address, timeout_s=5)
    assert transport.send(READ).detail == REFUSED
    thread.join(5)
    listener.close()


@pytest.mark.rule("ENG-279")
@pytest.mark.parametrize("dripping", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"])
def test_the_deadline_is_for_the_whole_exchange(raw_server: Start, connect: Connect, dripping: bytes) -> None:
    """A server that sends a byte for each read never exceeds a limit for one; every look at the clock costs 2 s."""
    looks = threading.Semaphore(0)
    seconds = iter(range(0, 1000, 2))

    def drip(sock: socket.socket) -> None:
        sock.sendall(dripping)
        while looks.acquire(timeout=5):
            sock.sendall(b"x")

    def look() -> float:
        looks.release()
        return float(next(seconds))

    transport = connect(raw_server(drip), timeout_s=60.0, monotonic=look)
    assert transport.send(READ) == Reply(
        status=0, failure="Timeout", detail="No complete answer came within the time allowed."
    )
    assert next(seconds) < 70


def test_a_silent_server_is_given_up_in_time(raw_server: Start, connect: Connect) -> None:
    transport = connect(raw_server(b""), timeout_s=0.05)
    assert transport.send(READ).failure == "Timeout"
    assert transport.send(READ).status == 200, "the next request has a connection of its own"


@pytest.mark.parametrize(("delay_s", "status"), [(0.0, 200), (29.9, 200), (30.0, 0), (600.0, 0)])
def test_an_answer_too_late_by_the_targets_clock(
    raw_server: Start, connect: Connect, delay_s: float, status: int
) -> None:
    clock = [datetime(2026, 1, 5, 9, 0, tzinfo=UTC)]

    def delayed(sock: socket.socket) -> None:
        clock[0] += timedelta(seconds=min(delay_s, 30.0))
        sock.sendall(body_answer(b"{}"))

    reply = connect(raw_server(delayed), timeout_s=30.0, now=lambda: clock[0]).send(READ)
    assert (reply.status, reply.failure) == (status, "" if status else "Timeout")


def test_a_server_that_answers_before_it_has_read_everything(raw_server: Start, connect: Connect) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    class Hasty:
        address = listener.getsockname()

    transport = connect(Hasty, timeout_s=5.0)

    def serve() -> None:
        sock, _ = listener.accept()
        sock.recv(100)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(1_000_000):
            pass
        sock.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    reply = transport.send(Call(method="POST", path="/Users", body={"x": "y" * 3_000_000}))
    assert reply.status == 413
    transport.close()
    thread.join(5)
    listener.close()


def test_no_access_token_means_nothing_is_sent(raw_server: Start) -> None:
    def refuse() -> str:
        raise TargetUnauthorized("The token endpoint refused the client credentials: invalid_client.")

    server = raw_server()
    transport = HttpTransport(TenantUrl.parse("http://localhost/s"), refuse, connect_to=server.address)
    assert transport.send(READ) == Reply(
        status=0,
        failure="Unauthorized",
        detail="The token endpoint refused the client credentials: invalid_client.",
    )
    assert server.requests == []


GOOD = body_answer(b'{"id":"tp-1"}', "Content-Type: application/scim+json\r\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    strategies.one_of(
        strategies.binary(max_size=80),
        strategies.tuples(
            strategies.integers(0, len(GOOD)), strategies.binary(max_size=4), strategies.integers(0, 5)
        ).map(lambda cut: GOOD[: cut[0]] + cut[1] + GOOD[cut[0] + cut[2] :]),
        strategies.sampled_from([b"-1", b"-5", b"ffffffffffffffffff", b"", b"zz", b"0x3"]).map(
            lambda size: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\nabc\r\n0\r\n\r\n"
        ),
        strategies.sampled_from([b"-1", b"1e3", b"9" * 5000, b"3, 3", b" 3 "]).map(
            lambda size: b"HTTP/1.1 200 OK\r\nContent-Length: " + size + b"\r\n\r\nabc"
        ),
    )
)
def test_any_bytes_whatever_give_a_reply(raw_server: Start, connect: Connect, answer: bytes) -> None:
    transport = connect(raw_server((answer,)), max_body_bytes=1000)
    reply = transport.send(READ)
    assert (reply.status == 0) == bool(reply.failure)
    assert len(reply.body) <= 1000
    transport.close()
