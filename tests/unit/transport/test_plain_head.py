"""The quick reading of answers: the commonest shape and nothing else, and the same as the library's reading."""

from __future__ import annotations

from typing import Any

import pytest

from entra_sim.simulator.transport.plain_head import plain_head

JSON = b"Content-Type: application/scim+json\r\n"


def test_status_fields_and_lengths_of_the_commonest_answer() -> None:
    head = plain_head(b"HTTP/1.1 201 Created\r\n" + JSON + b"content-length:  2 \r\n\r\n{}")

    assert head is not None
    assert head.status == 201
    assert head.fields == (("Content-Type", "application/scim+json"), ("content-length", "2"))
    assert head.body_length == 2
    assert head.head_length == len(b"HTTP/1.1 201 Created\r\n" + JSON + b"content-length:  2 \r\n\r\n")


@pytest.mark.parametrize("status_line", [b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1 200 All is well"])
def test_the_reason_does_not_matter(status_line: bytes) -> None:
    head = plain_head(status_line + b"\r\nContent-Length: 0\r\n\r\n")

    assert head is not None
    assert (head.status, head.body_length) == (200, 0)


@pytest.mark.parametrize(
    "seen",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n{}".encode("latin-1"),
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n folded\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\nY: b\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + b"X: y\r\n" * 100 + b"\r\n{}",
        b"SSH-2.0 hello\r\n\r\n",
    ],
)
def test_everything_else_is_left_to_the_library(seen: Any) -> None:
    assert plain_head(seen) is None
