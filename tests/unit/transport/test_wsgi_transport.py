"""What only the in-process transport has: its agreements with the app."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import pytest

from entra_sim.simulator.errors import TargetUnreachable
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.wsgi import WsgiTransport

URL = TenantUrl.parse("https://tapt.example/scim/v2")
TOKEN = BearerToken("secret-token-1234")
READ = requests.read("User", "ä/b")


def send(app: Callable[..., Any], **options: Any) -> Reply:
    return WsgiTransport(app, URL, TOKEN, **options).send(READ)


@pytest.mark.rule("WIRE-010", "WIRE-012", "WIRE-013", "WIRE-014")
def test_the_environment_is_that_of_a_real_server() -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    send(app, timeout_s=12.0, environ={"world": "mine"})
    assert {name: value for name, value in seen.items() if name.startswith("HTTP_")} == {
        "HTTP_HOST": "tapt.example",
        "HTTP_AUTHORIZATION": "Bearer secret-token-1234",
        "HTTP_ADSCIMVERSION": "5.0",
    }
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/scim/v2/Users/ä/b"
    assert seen["REQUEST_URI"] == "/scim/v2/Users/%C3%A4%2Fb"
    assert (seen["wsgi.url_scheme"], seen["SERVER_NAME"], seen["SERVER_PORT"]) == ("https", "tapt.example", "443")
    assert (seen["entra_sim.timeout_s"], seen["world"]) == (12.0, "mine")


def waiting(*delays: float, answers: list[bool]) -> Callable[..., Any]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        answers.extend(environ["entra_sim.wait"](delay) for delay in delays)
        start_response("200 OK", [])
        return [b"{}"]

    return app


@pytest.mark.parametrize(
    ("delays", "passed", "is_answered"),
    [
        ((3.0,), 3.0, True),
        ((6.0, 3.9), 9.9, True),
        ((6.0, 4.0), 10.0, False),
        ((6.0, 5.0), 10.0, False),
        ((60.0, 60.0), 10.0, False),
    ],
)
def test_delays_pass_on_the_apps_clock_up_to_the_time_out(
    delays: tuple[float, ...], passed: float, is_answered: bool
) -> None:
    clock = [0.0]
    answers: list[bool] = []

    def wait(seconds: float) -> None:
        clock[0] += seconds

    reply = send(waiting(*delays, answers=answers), timeout_s=10.0, wait=wait)
    assert clock == [passed]
    assert answers[-1] is is_answered
    assert (reply.status, reply.failure) == ((200, "") if is_answered else (0, "Timeout"))


@pytest.mark.parametrize(("delay_s", "status"), [(0.0, 200), (9.9, 200), (10.0, 0), (600.0, 0)])
def test_an_app_that_moves_its_clock_by_itself_is_too_late_as_well(delay_s: float, status: int) -> None:
    clock = [datetime(2026, 1, 5, 9, 0, tzinfo=UTC)]

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        clock[0] += timedelta(seconds=delay_s)
        start_response("200 OK", [])
        return []

    reply = send(app, timeout_s=10.0, now=lambda: clock[0])
    assert (reply.status, reply.failure) == (status, "" if status else "Timeout")


def test_the_body_is_closed_also_when_it_breaks() -> None:
    closed: list[bool] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"{"
            raise OSError

        def close(self) -> None:
            closed.append(True)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Body:
        start_response("200 OK", [])
        return Body()

    assert send(app).failure == "WebExceptionProtocolError"
    assert closed == [True]


def test_an_app_may_write_and_may_end_beyond_its_stated_length() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "3")])(b"ab")
        return [b"cd"]

    assert send(app).body == b"abc"


def test_an_app_that_never_starts_an_answer_is_no_http() -> None:
    assert send(lambda environ, start_response: []).detail == "The answer is not valid HTTP."


def test_no_access_token_means_the_app_is_not_called() -> None:
    def refuse() -> str:
        raise TargetUnreachable("The token endpoint answered with status 500.")

    reply = WsgiTransport(lambda environ, start_response: 1 / 0, URL, refuse).send(READ)  # type: ignore[arg-type, return-value]
    assert (reply.failure, reply.detail) == (
        "WebExceptionProtocolError",
        "The token endpoint answered with status 500.",
    )
