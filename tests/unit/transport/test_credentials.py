"""Secret tokens and access tokens."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.credentials import DirectoryToken
from entra_sim.simulator.transport.oauth import ClientCredentials

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.mark.rule("WIRE-006", "WIRE-010")
def test_a_secret_token_is_sent_as_bearer_without_white_space_around_it() -> None:
    token = BearerToken(" secret-token-0123456789\n")
    assert token() == "Bearer secret-token-0123456789"
    assert repr(token) == "BearerToken(****6789)"


@pytest.mark.parametrize(
    ("secret", "why"),
    [("", "is empty"), ("  ", "is empty"), ("a b", "a blank"), ("a\nb", "line break"), ("é", "ASCII")],
)
def test_a_token_that_cannot_stand_in_a_header_is_refused(secret: str, why: str) -> None:
    with pytest.raises(UserInputError, match=why):
        BearerToken(secret)


@pytest.mark.rule("WIRE-006", "ENG-134")
def test_without_a_secret_a_token_of_the_directory_is_sent() -> None:
    value = DirectoryToken("11111111-2222-3333-4444-555555555555", lambda: START)()
    head, claims, signature = value.removeprefix("Bearer ").split(".")
    content = [orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, claims)]
    assert content[0] == {"typ": "JWT", "alg": "none"}
    assert content[1]["iss"] == "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"
    assert content[1]["aud"] == "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
    assert content[1]["exp"] - content[1]["iat"] == 3600
    assert content[1]["iat"] == START.timestamp()
    assert signature == ""


class Clock:
    def __init__(self) -> None:
        self.instant = START

    def __call__(self) -> datetime:
        return self.instant

    def advance(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


def answer(content: Any, status: int = 200) -> bytes:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def source(server: Any, clock: Clock, **options: Any) -> ClientCredentials:
    host, port = server.address
    return ClientCredentials(
        f"http://{host}:{port}/oauth2/token?v=1", "client-1", "s&cret", now=clock, timeout_s=5, **options
    )


@pytest.mark.rule("ENG-134")
def test_a_token_is_fetched_once_and_kept_until_it_expires(raw_server: Callable[..., Any]) -> None:
    server = raw_server(
        answer({"access_token": "one", "token_type": "Bearer", "expires_in": 600}),
        answer({"access_token": "two", "expires_in": "600"}),
        answer({"access_token": "three"}),
    )
    clock = Clock()
    credentials = source(server, clock, scope="tapt/.default")
    assert [credentials(), credentials()] == ["Bearer one", "Bearer one"]
    clock.advance(569)
    assert credentials() == "Bearer one"
    clock.advance(1)
    assert credentials() == "Bearer two"
    credentials.forget()
    assert credentials() == "Bearer three"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /oauth2/token?v=1 HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert parse_qs(body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client-1"],
        "client_secret": ["s&cret"],
        "scope": ["tapt/.default"],
    }
    assert len(server.requests) == 3
    assert "cret" not in repr(credentials)


@pytest.mark.parametrize(("life", "fetched_count"), [(0, 2), (-5, 2), (20, 1), ("soon", 1), (None, 1), ("inf", 1)])
def test_odd_lives_of_a_token(raw_server: Callable[..., Any], life: Any, fetched_count: int) -> None:
    stated = {"access_token": "t", "expires_in": life}
    server = raw_server(answer(stated), answer(stated))
    credentials = source(server, Clock())
    assert [credentials(), credentials()] == ["Bearer t", "Bearer t"]
    assert len(server.requests) == fetched_count


@pytest.mark.parametrize(
    ("reply", "code", "sentence"),
    [
        (answer({"error": "invalid_client"}, 401), "Unauthorized", "refused the client credentials: invalid_client"),
        (answer(b"", 403), "Unauthorized", "with status 403"),
        (answer({"error": "unauthorized_client"}, 400), "Unauthorized", "unauthorized_client"),
        (answer({}), "Unauthorized", "holds no access token"),
        (answer({"access_token": 7}), "Unauthorized", "holds no access token"),
        (answer({"access_token": "a b"}), "Unauthorized", "cannot stand in a header"),
        (answer({"access_token": "x", "token_type": "mac"}), "Unauthorized", "no bearer tokens"),
        (answer(b"<html>"), "Unauthorized", "holds no access token"),
        (answer(b"[]"), "Unauthorized", "holds no access token"),
        (answer(b"", 302), "WebExceptionProtocolError", "answered with status 302"),
        (answer(b"", 500), "WebExceptionProtocolError", "answered with status 500"),
        (answer(b"", 429), "WebExceptionProtocolError", "answered with status 429"),
        (None, "WebExceptionProtocolError", "cut before the answer was complete"),
    ],
)
def test_no_token_is_an_error_of_the_target(
    raw_server: Callable[..., Any], reply: Any, code: str, sentence: str
) -> None:
    with pytest.raises(TargetError, match=sentence) as failure:
        source(raw_server(reply), Clock())()
    assert failure.value.code == code


def test_a_silent_token_endpoint_is_a_time_out(raw_server: Callable[..., Any]) -> None:
    credentials = source(raw_server(b""), Clock())
    credentials._timeout_s = 0.05
    with pytest.raises(TargetError) as failure:
        credentials()
    assert failure.value.code == "Timeout"


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("", "write a whole URL"),
        ("login.example/token", "write a whole URL"),
        ("ftp://login.example/token", "write a whole URL"),
        ("https:///token", "write a whole URL"),
        ("https://login.example:port/token", "write a whole URL"),
        ("https://login.example/a b", "write a whole URL"),
        ("https://login.example/token#x", "write a whole URL"),
        ("http://login.example/token", "must begin with https://"),
        ("https://me:hunter2@login.example/token", "leave that out"),
    ],
)
def test_a_token_endpoint_that_cannot_be_used(endpoint: str, why: str) -> None:
    with pytest.raises(UserInputError, match=why) as refusal:
        ClientCredentials(endpoint, "id", "secret", now=Clock())
    assert "hunter2" not in str(refusal.value)


def test_client_id_and_secret_are_needed() -> None:
    with pytest.raises(UserInputError, match="needs both"):
        ClientCredentials("https://login.example/token", "id", "", now=Clock())
