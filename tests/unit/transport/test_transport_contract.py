"""One suite over both transports: the same app gives the same reply, over a socket and in-process."""

from __future__ import annotations

import gzip
import logging
import threading
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import Dialect
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.http import HttpTransport
from entra_sim.simulator.transport.wsgi import WsgiTransport

URL = TenantUrl.parse("http://tapt.example:8471/scim/v2?aadOptscim062020", allow_http=True)
TOKEN = BearerToken("secret-token-1234")
READ = requests.read("User", "tp-1")
CUT = Reply(
    status=0, failure="WebExceptionProtocolError", detail="The connection was cut before the answer was complete."
)
Build = Callable[..., Transport]


@pytest.fixture(params=["http", "wsgi"])
def build(request: pytest.FixtureRequest, app_server: Callable[..., Any]) -> Iterator[Build]:
    made: list[Transport] = []

    def start(app: Callable[..., Any], **options: Any) -> Transport:
        if request.param == "http":
            options.setdefault("timeout_s", 5.0)
            made.append(HttpTransport(URL, TOKEN, connect_to=app_server(app).address, **options))
        else:
            made.append(WsgiTransport(app, URL, TOKEN, **options))
        return made[-1]

    yield start
    for transport in made:
        transport.close()


def answering(status: str, body: bytes, *headers: tuple[str, str], **marks: Any) -> Callable[..., Any]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        environ.update(marks)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    return app


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        ("200 OK", b'{"id":"tp-1"}', (("Content-Type", "application/scim+json"), ("ETag", 'W/"3"'))),
        ("201 Created", b"{}", (("Location", "http://tapt.example:8471/scim/v2/Users/tp-1"),)),
        ("401 Unauthorized", b"", (("WWW-Authenticate", "Bearer"),)),
        ("429 Too Many Requests", b"slow down", (("Retry-After", "30"),)),
        ("302 Found", b"", (("Location", "/login"),)),
        ("500 Oops", b"<html>", (("Content-Type", "text/html"), ("X-A", "1"), ("X-A", "2"))),
        ("200 OK", b"x" * 300_000, ()),
    ],
)
def test_replies_are_the_same_byte_for_byte(
    build: Build, status: str, body: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    transport = build(answering(status, body, *headers))
    expected = Reply(status=int(status[:3]), headers=(*headers, ("Content-Length", str(len(body)))), body=body)
    assert transport.send(READ) == expected
    transport.close()
    assert transport.send(READ) == expected, "a closed transport goes on with a new connection"


def test_a_204_has_no_body(build: Build) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("204 No Content", [])
        return []

    assert build(app).send(requests.delete("User", "tp-1")) == Reply(status=204)


@pytest.mark.parametrize(
    ("call", "method", "path", "query", "body"),
    [
        (READ, "GET", "/scim/v2/Users/tp-1", "", b""),
        (
            requests.match("Group", "displayName", 'R&D "x"'),
            "GET",
            "/scim/v2/Groups",
            "excludedAttributes=members&filter=displayName+eq+%22R%26D+%5c%22x%5c%22%22",
            b"",
        ),
        (
            requests.update(
                "User",
                "tp-1",
                [AttributeChange(target_path="title", operation="Add", old_value=None, new_value="Zoë")],
                Dialect.FLAGGED,
            ),
            "PATCH",
            "/scim/v2/Users/tp-1",
            "",
            '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],'
            '"Operations":[{"op":"add","path":"title","value":"Zoë"}]}'.encode(),
        ),
    ],
)
def test_the_app_sees_the_same_request(
    build: Build, call: Call, method: str, path: str, query: str, body: bytes
) -> None:
    seen: list[Any] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.append(tuple(environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")))
        seen.append(environ["wsgi.input"].read())
        return answering("200 OK", b"")(environ, start_response)  # type: ignore[no-any-return]

    assert build(app).send(call).status == 200
    assert seen == [(method, path, query), body]


@pytest.mark.parametrize(
    "app",
    [answering("200 OK", b'{"id":"tp-1"}', **{"entra_sim.cut": True})],
)
def test_a_cut_connection_is_the_same_failure(build: Build, app: Callable[..., Any]) -> None:
    assert build(app).send(READ) == CUT


def test_an_app_that_raises_is_a_cut_connection(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise RuntimeError("boom")

    with caplog.at_level(logging.CRITICAL):
        assert build(app).send(READ) == CUT


def test_a_body_shorter_than_it_says_is_a_cut_connection(build: Build) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        environ["entra_sim.cut"] = environ["REQUEST_METHOD"] == "GET"
        start_response("200 OK", [("Content-Length", "10")])
        return [b"12345"]

    assert build(app).send(READ) == CUT


def test_a_compressed_body_is_unpacked(build: Build) -> None:
    app = answering("200 OK", gzip.compress(b'{"id":"tp-1"}'), ("Content-Encoding", "gzip"))
    assert orjson.loads(build(app).send(READ).body) == {"id": "tp-1"}


@pytest.mark.parametrize(
    ("body", "headers", "sentence"),
    [
        (b"x" * 2000, (), "The answer is larger than the limit."),
        (gzip.compress(b"x" * 2000), (("Content-Encoding", "gzip"),), "The answer is larger than the limit."),
        (b"no gzip", (("Content-Encoding", "gzip"),), "The answer is not valid HTTP."),
    ],
    ids=["large", "large when unpacked", "broken"],
)
def test_large_and_broken_bodies(
    build: Build, body: bytes, headers: tuple[tuple[str, str], ...], sentence: str
) -> None:
    transport = build(answering("200 OK", body, *headers), max_body_bytes=1000)
    assert transport.send(READ) == Reply(status=0, failure="WebExceptionProtocolError", detail=sentence)


def test_a_delay_beyond_the_time_out(build: Build, request: pytest.FixtureRequest) -> None:
    """In-process the app waits through the environment; over a socket it waits for real, until the client has gone."""
    given_up = threading.Event()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if "entra_sim.wait" in environ:
            environ["entra_sim.wait"](3.0)
        else:
            given_up.wait(5)
        return answering("200 OK", b"late")(environ, start_response)  # type: ignore[no-any-return]

    reply = build(app, timeout_s=0.05).send(READ)
    given_up.set()
    assert reply == Reply(status=0, failure="Timeout", detail="No complete answer came within the time allowed.")
