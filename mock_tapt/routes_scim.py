"""The SCIM API on the web: environ in, `Tapt.exchange`, answer out."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Blueprint
from flask import Response
from flask import request

from entra_sim.mock_tapt.messages import MAX_BODY_BYTES
from entra_sim.mock_tapt.messages import ScimRequest
from entra_sim.mock_tapt.messages import ScimResponse
from entra_sim.mock_tapt.tapt import SCIM_ROOT
from entra_sim.mock_tapt.tapt import Cut
from entra_sim.mock_tapt.tapt import Tapt

blueprint = Blueprint("scim", __name__)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
MAX_DRAINED_BYTES = 8 * MAX_BODY_BYTES
"""How much of a body that is too large is read and thrown away, so that its sender gets to see the 413."""
_PIECE = 1024 * 1024
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
CUT_LENGTH = 1_000
"""Length that a cut answer announces; one byte of it is sent."""


@blueprint.route(f"{SCIM_ROOT}/", strict_slashes=False, methods=METHODS, provide_automatic_options=False)
@blueprint.route(f"{SCIM_ROOT}/<path:rest>", methods=METHODS, provide_automatic_options=False)
def scim(rest: str = "") -> Response | WireAnswer:
    """Answer one request to the SCIM API."""
    environ = request.environ
    tapt: Tapt = environ["entra_sim.tapt"]
    body, is_too_large = _body(environ)
    base = tapt.tenant_url or _base_of(environ)
    try:
        answer = tapt.exchange(
            ScimRequest(
                method=environ["REQUEST_METHOD"],
                path=f"/{rest}",
                query=_text(environ.get("QUERY_STRING", "")),
                headers=environ.get("entra_sim.headers") or _headers(environ),
                body=body,
                base_url=base,
                is_too_large=is_too_large,
            )
        )
    except Cut:
        environ["entra_sim.cut"] = True
        return Response(
            _one_byte(), headers={"Content-Type": "application/scim+json", "Content-Length": str(CUT_LENGTH)}
        )
    return WireAnswer(answer, is_head=environ["REQUEST_METHOD"] == "HEAD")


class WireAnswer:
    """An answer that is on the wire as the service made it: nothing is added, guessed or encoded again."""

    __slots__ = ("_answer", "_body")

    def __init__(self, answer: ScimResponse, *, is_head: bool) -> None:
        self._answer = answer
        self._body = b"" if is_head else answer.body

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Send status, headers and body."""
        answer = self._answer
        headers = answer.headers
        if answer.status not in (204, 304):
            headers = [*headers, ("Content-Length", str(len(answer.body)))]
        start_response(_STATUS_LINES.get(answer.status) or f"{answer.status} Status", headers)
        return [self._body] if self._body else []


def _text(raw: str) -> str:
    """Return a query of the environ, which is latin-1 by PEP 3333, as the UTF-8 that it is; else as the latin-1."""
    if raw.isascii():
        return raw
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return raw


def _base_of(environ: dict[str, Any]) -> str:
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{environ['wsgi.url_scheme']}://{host}{environ.get('SCRIPT_NAME', '')}{SCIM_ROOT}"


def _one_byte() -> Iterator[bytes]:
    yield b"{"


def _body(environ: dict[str, Any]) -> tuple[bytes, bool]:
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        if int(length) > MAX_BODY_BYTES:
            if int(length) <= MAX_DRAINED_BYTES:
                _drain(stream)
            return b"", True
        return (stream.read(int(length)) if int(length) else b""), False
    if "HTTP_TRANSFER_ENCODING" not in environ:
        return b"", False
    body = stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        _drain(stream)
        return b"", True
    return body, False


def _drain(stream: Any) -> None:
    for _ in range(MAX_DRAINED_BYTES // _PIECE):
        if not stream.read(_PIECE):
            return


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_") and isinstance(value, str)
    }
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            found[name] = environ[key]
    return found
