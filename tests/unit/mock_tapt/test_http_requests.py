"""Requests from bytes: what fronts of real web services take is taken, what all of them refuse is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from entra_sim.mock_tapt.http_requests import MAX_BODY_BYTES
from entra_sim.mock_tapt.http_requests import BadRequest
from entra_sim.mock_tapt.http_requests import HttpRequest
from entra_sim.mock_tapt.http_requests import RequestReader

HOST = b"Host: a\r\n"


def read(data: bytes) -> HttpRequest:
    reader = RequestReader()
    reader.feed(data)
    request = reader.next()
    assert request is not None
    assert reader.is_between_requests
    return request


def refusal(data: bytes) -> tuple[int, str]:
    reader = RequestReader()
    reader.feed(data)
    with pytest.raises(BadRequest) as caught:
        reader.next()
    assert caught.value.to_body()["status"] == str(caught.value.status)
    return caught.value.status, caught.value.reason


@pytest.mark.rule("SRV-003", "SRV-004", "QRK-24")
@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ('/Users?filter=userName+eq+"a@b"', "/Users", 'filter=userName+eq+"a@b"'),
        ('/Users?filter=emails[type%20eq%20"work"]', "/Users", 'filter=emails[type%20eq%20"work"]'),
        ("/Users?x={}|^`\\<>", "/Users", "x={}|^`\\<>"),
        ("/Users/%zz%", "/Users/%zz%", ""),
        ("/Users/a%20b?c=%20", "/Users/a b", "c=%20"),
        ("/Users/é?x=é", "/Users/é", "x=é"),
        ("/Users#fragment?x", "/Users", ""),
        ("//scim/v2//Users/", "//scim/v2//Users/", ""),
        ("http://b.example:81/Users?x", "/Users", "x"),
        ("HTTPS://user@b.example", "/", ""),
        ("http://b.example?x=1", "/", "x=1"),
        ("/a/./b/../c", "/a/c", ""),
        ("/a/%2e%2e/../..", "/", ""),
        ("/a/..", "/", ""),
        ("/.hidden/x", "/.hidden/x", ""),
    ],
)
def test_targets(target: str, path: str, query: str) -> None:
    request = read(b"GET " + target.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert request.path.encode("latin-1").decode() == path
    assert request.query.encode("latin-1").decode() == query
    host = request.environ["HTTP_HOST"]
    assert host == ("b.example" + (":81" if ":81" in target else "") if "b.example" in target else "a")
    assert request.environ["entra_sim.headers"] == {"host": host}


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b'GET /Users?filter=userName eq "a" HTTP/1.1\r\n' + HOST, 400, "%20"),
        (b"GET /Users?x=\x01 HTTP/1.1\r\n" + HOST, 400, "control"),
        (b"GET Users HTTP/1.1\r\n" + HOST, 400, "slash"),
        (b"GET /Users\r\n" + HOST, 400, "METHOD"),
        (b"GET /Users HTTP/2.0\r\n" + HOST, 400, "HTTP/1.1"),
        (b"GET /Users HTTP/1.1\r\n", 400, "Host"),
        (b"CONNECT a:443 HTTP/1.1\r\n" + HOST, 400, "slash"),
        (b"G(T /Users HTTP/1.1\r\n" + HOST, 400, "METHOD"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400, "Host"),
        (b"GET / HTTP/1.1\r\nHost : a\r\n", 400, "no header"),
        (b"GET / HTTP/1.1\r\njunk\r\n", 400, "no header"),
        (b"GET / HTTP/1.1\r\n folded: a\r\n", 400, "blank"),
        (b"GET / HTTP/1.1\r\nHost: a\x00\r\n", 400, "control"),
        (b"GET / HTTP/1.1\r\nHost: a\rb\r\n", 400, "control"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n", 400, "number"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n", 400, "number"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n", 400, "Content-Length"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400, "contradict"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n", 400, "chunked"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 300, 431, "headers"),
        (b"GET / HTTP/1.1\r\nX: " + b"1" * 70_000, 431, "limited"),
        (b"GET /" + b"1" * 70_000, 414, "limited"),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400, "HTTPS"),
    ],
)
def test_refusals(data: bytes, status: int, words: str) -> None:
    found, reason = refusal(data + b"\r\n")
    assert found == status
    assert words in reason


def test_headers() -> None:
    request = read(
        b"post /Users HTTP/1.1\nhost:  a \nX-List: 1\r\nx-list:2\nAuthorization: Bearer T\r\nAuthorization: Bearer U\n"
        b"X_Under: dropped\nCookie: a=1\nCookie: b=2\nX-Folded: one\n\ttwo\nContent-Type: x/y\nContent-Length: 2\n"
        b"Content-Length: 2\n\n{}"
    )
    assert (request.method, request.body) == ("POST", b"{}")
    assert request.environ.pop("entra_sim.headers") == {
        "host": "a", "x-list": "1, 2", "authorization": "Bearer T", "cookie": "a=1; b=2", "x-folded": "one two",
        "content-type": "x/y", "content-length": "2",
    }  # fmt: skip
    assert request.environ == {
        "HTTP_HOST": "a", "HTTP_X_LIST": "1, 2", "HTTP_AUTHORIZATION": "Bearer T", "HTTP_COOKIE": "a=1; b=2",
        "HTTP_X_FOLDED": "one two", "CONTENT_TYPE": "x/y", "CONTENT_LENGTH": "2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("version", "header", "keeps"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close", False),
        ("1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", True),
        ("1.0", "", False),
        ("1.0", "Connection: Keep-Alive", True),
        ("1.2", "", True),
    ],
)
def test_keep_alive(version: str, header: str, keeps: bool) -> None:
    lines = [f"GET / HTTP/{version}", "Host: a", *([header] if header else [])]
    assert read("\r\n".join([*lines, "", ""]).encode()).keeps_alive is keeps


def test_leave_to_continue_is_asked_for_once() -> None:
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
    assert reader.next() is None
    assert reader.wants_continue
    reader.feed(b"{}")
    assert reader.next().body == b"{}"  # type: ignore[union-attr]
    assert not reader.wants_continue


def test_what_is_too_large_is_not_kept() -> None:
    head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
    assert read(head.encode()).is_cut_short
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n")
    piece = b"x" * (MAX_BODY_BYTES // 4)
    request = None
    for _ in range(5):
        reader.feed(piece)
        request = request or reader.next()
    assert request is not None
    assert request.is_cut_short
    assert len(request.body) <= MAX_BODY_BYTES


THREE = (
    b'\r\nPOST /a?b="c" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    b'5;x="y"\r\nab\r\nc\r\n1\r\n\n\r\n000\r\nTrailer: 1\r\n\r\n'
    b"GET /d HTTP/1.1\r\nHost: a\r\n\r\n"
    b"PATCH /e HTTP/1.1\nHost: a\nContent-Length: 4\n\n\r\n\r\n"
    b"DELETE /f HTTP/1.1\r\nHost: a\r\n\r\n"
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, len(THREE) - 1), max_size=8))
def test_however_the_bytes_are_cut_the_requests_are_the_same(places: list[int]) -> None:
    reader, found = RequestReader(), []
    cuts = [0, *sorted(places), len(THREE)]
    for start, end in pairwise(cuts):
        if start == end:
            continue
        reader.feed(THREE[start:end])
        while (request := reader.next()) is not None:
            found.append((request.method, request.path, request.query, request.body))
    assert found == [
        ("POST", "/a", 'b="c"', b"ab\r\nc\n"),
        ("GET", "/d", "", b""),
        ("PATCH", "/e", "", b"\r\n\r\n"),
        ("DELETE", "/f", "", b""),
    ]
    assert reader.is_between_requests


PIECES = [
    b"GET", b" ", b"/", b"?", b'"', b"%", b"HTTP/1.1", b"\r\n", b"\n", b"\r", b":", b"Host: a\r\n", b"\x00", b"\xff",
    b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"ff\r\n", b"-1", b"9" * 20, b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n", b"http://", b"#", b"..", b"\t", b"Connection: close\r\n", b"\x16\x03",
]  # fmt: skip


def next_or_status(reader: RequestReader) -> HttpRequest | int | None:
    try:
        return reader.next()
    except BadRequest as error:
        return error.status


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=24))
def test_any_bytes_are_a_request_or_a_refusal(pieces: list[bytes]) -> None:
    reader = RequestReader()
    for piece in pieces:
        reader.feed(piece)
        while (request := next_or_status(reader)) is not None:
            if isinstance(request, int):
                assert 400 <= request < 500
                return
            assert request.path.startswith("/") or request.path == "*"
