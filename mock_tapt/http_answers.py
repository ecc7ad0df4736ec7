"""What a WSGI application answers, as the bytes of an HTTP/1 answer."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import orjson

from entra_sim.mock_tapt.errors import error_body
from entra_sim.mock_tapt.http_requests import BadRequest
from entra_sim.mock_tapt.http_requests import HttpRequest
from entra_sim.mock_tapt.messages import SCIM_MEDIA_TYPE

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_FAILED = orjson.dumps(error_body(500, None, "Tapt failed at this request; its own output says why."))


def answer_of(
    application: WsgiApp, environ: dict[str, Any], request: HttpRequest, date: bytes, is_ending: Callable[[], bool]
) -> tuple[bytes, bool]:
    """Return the whole answer as bytes, and whether the connection can be used again; raises nothing.

    A body shorter than its Content-Length ends the connection: that is how a cut connection is simulated. A mistake of
    the application is answered 500 and logged.

    Args:
        environ: what the server says of itself.
        date: the line of the Date header, with line breaks before and behind it.
        is_ending: whether the server stops; what fails then, fails for want of a database and is of no interest.
    """
    begun: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
        begun[:] = (status, headers)
        return begun.append

    try:
        chunks = application(
            {
                **environ,
                **request.environ,
                "REQUEST_METHOD": request.method,
                "PATH_INFO": request.path,
                "QUERY_STRING": request.query,
                "REQUEST_URI": request.target,
                "SERVER_PROTOCOL": request.version,
                "wsgi.input": io.BytesIO(request.body),
            },
            start_response,
        )
        if type(chunks) is list and len(chunks) == 1:
            body = chunks[0]
        else:
            body = b"".join(chunks)
            getattr(chunks, "close", bool)()
        status, headers = begun
        return _encoded(request, status, headers, body, date)
    except Exception:
        if not is_ending():
            logging.getLogger(__name__).exception("no answer; method=%s target=%s", request.method, request.target)
        body = b"" if request.method == "HEAD" else _FAILED
        return _last_answer(500, body, len(_FAILED), date), False


def _encoded(
    request: HttpRequest, status: str, headers: list[tuple[str, str]], body: bytes, date: bytes
) -> tuple[bytes, bool]:
    keeps = request.keeps_alive and not request.is_cut_short
    lines = [f"HTTP/1.1 {status}"]
    length = -1
    for name, value in headers:
        if name == "Content-Length":
            length = int(value)
        lines.append(f"{name}: {value}")
    has_body = request.method != "HEAD" and status[:3] not in ("204", "304")
    if length < 0 and has_body:
        lines.append(f"Content-Length: {len(body)}")
    elif has_body and length != len(body):
        keeps = False
    if not keeps:
        lines.append("Connection: close")
    elif request.version == "HTTP/1.0":
        lines.append("Connection: keep-alive")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1:
        raise ValueError("a header holds a line break")
    return b"".join((head.encode("latin-1", "replace"), date, b"\r\n", body if has_body else b"")), keeps


def refusal_of(error: BadRequest, date: bytes) -> bytes:
    """Return the answer to what is no request."""
    body = orjson.dumps(error.to_body())
    return _last_answer(error.status, body, len(body), date)


def _last_answer(status: int, body: bytes, length: int, date: bytes) -> bytes:
    """Return an answer after which the connection ends."""
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {SCIM_MEDIA_TYPE}\r\n"
        f"Content-Length: {length}\r\nConnection: close"
    )
    return b"".join((head.encode(), date, b"\r\n", body))
