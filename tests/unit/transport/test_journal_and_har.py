"""The journal keeps every exchange; the HAR file holds them without secrets."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.har import HarWriter
from entra_sim.simulator.transport.journal import Exchange
from entra_sim.simulator.transport.journal import JournalingTransport
from entra_sim.simulator.transport.masking import masked
from entra_sim.simulator.transport.masking import masked_authorization
from entra_sim.simulator.transport.masking import masked_text

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SECRET = "secret-token-0123456789"


class Scripted:
    """Answers with the replies of a list."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.is_closed = False

    def send(self, call: Call) -> Reply:
        return self.replies.pop(0)

    def close(self) -> None:
        self.is_closed = True


def ticking(step_s: float = 0.25) -> Callable[[], datetime]:
    ticks = count()
    return lambda: START + timedelta(seconds=step_s * next(ticks))


OK = Reply(
    status=200,
    headers=(("Content-Type", "application/scim+json"), ("Set-Cookie", f"a={SECRET}"), ("Location", "/x")),
    body=f'{{"id":"tp-1","token":"{SECRET}","password":"hunter2"}}'.encode(),
)
LOST = Reply(status=0, failure="Timeout", detail="No complete answer came within the time allowed.")


def test_every_exchange_is_recorded_also_without_answer() -> None:
    seen: list[Exchange] = []
    inner = Scripted(OK, LOST)
    transport = JournalingTransport(inner, ticking(), seen.append)
    calls = [requests.read("User", "tp-1"), requests.delete("User", "tp-1")]
    assert [transport.send(call) for call in calls] == [OK, LOST]
    transport.close()
    assert inner.is_closed
    assert [(one.sequence, one.call, one.reply) for one in seen] == [(1, calls[0], OK), (2, calls[1], LOST)]
    assert [(one.at - START).total_seconds() for one in seen] == [0.0, 0.5]
    assert [(one.answered_at - one.at).total_seconds() for one in seen] == [0.25, 0.25]


def test_workers_share_one_sequence() -> None:
    seen: list[Exchange] = []
    numbers = count(7)
    workers = [JournalingTransport(Scripted(OK, OK), ticking(), seen.append, numbers=numbers) for _ in range(2)]
    for worker in [*workers, *workers]:
        worker.send(requests.read("User", "tp-1"))
    assert [one.sequence for one in seen] == [7, 8, 9, 10]


def har_of(*exchanges: tuple[Call, Reply], url: str = "https://tapt.example/scim/v2") -> tuple[str, dict[str, Any]]:
    stream = io.StringIO()
    with HarWriter(
        stream, TenantUrl.parse(url), version="0.1.0", authorization=f"Bearer {SECRET}", secrets=["client-secret-999"]
    ) as writer:
        transport = JournalingTransport(Scripted(*(reply for _, reply in exchanges)), ticking(), writer.add)
        for call, _ in exchanges:
            transport.send(call)
    return stream.getvalue(), json.loads(stream.getvalue())


def test_an_empty_archive_is_valid() -> None:
    _, document = har_of()
    assert document == {"log": {"version": "1.2", "creator": {"name": "entra-sim", "version": "0.1.0"}, "entries": []}}


# Members that HAR 1.2 requires, with the type of each.
ENTRY = {"startedDateTime": str, "time": float, "request": dict, "response": dict, "cache": dict, "timings": dict}
REQUEST = {
    "method": str, "url": str, "httpVersion": str, "cookies": list, "headers": list, "queryString": list,
    "headersSize": int, "bodySize": int,
}  # fmt: skip
RESPONSE = {
    "status": int, "statusText": str, "httpVersion": str, "cookies": list, "headers": list, "content": dict,
    "redirectURL": str, "headersSize": int, "bodySize": int,
}  # fmt: skip


def check_members(holder: dict[str, Any], members: dict[str, type]) -> None:
    for name, kind in members.items():
        assert isinstance(holder[name], kind), name


def test_entries_have_what_the_format_requires() -> None:
    why = Provenance(purpose="create Ada Park", rules=("WIRE-050",))
    post = Call(method="POST", path="/Users", body={"userName": "zoë", "password": "hunter2"}, provenance=why)
    lookup = requests.match("User", "userName", "a b&c")
    odd = Reply(status=299, body=b"\xff\xfe", headers=(("X", "1"), ("X", "2")))
    _, document = har_of((post, OK), (lookup, LOST), (lookup, odd))
    entries = document["log"]["entries"]
    for entry in entries:
        check_members(entry, ENTRY)
        check_members(entry["request"], REQUEST)
        check_members(entry["response"], RESPONSE)
        check_members(entry["timings"], {"send": int, "wait": float, "receive": int})
        assert entry["time"] == 250.0
        for pair in [*entry["request"]["headers"], *entry["request"]["queryString"], *entry["response"]["headers"]]:
            check_members(pair, {"name": str, "value": str})
    first, second, third = entries
    assert first["startedDateTime"] == "2026-01-05T09:00:00.000Z"
    assert first["comment"] == "create Ada Park (WIRE-050)"
    assert first["request"]["postData"]["mimeType"] == "application/scim+json; charset=utf-8"
    assert json.loads(first["request"]["postData"]["text"]) == {"userName": "zoë", "password": "****"}
    assert second["request"]["url"] == "https://tapt.example/scim/v2/Users?filter=userName+eq+%22a+b%26c%22"
    assert second["request"]["queryString"] == [{"name": "filter", "value": 'userName eq "a b&c"'}]
    assert (second["response"]["status"], second["response"]["comment"]) == (0, f"Timeout: {LOST.detail}")
    assert (third["response"]["content"]["text"], third["response"]["content"]["encoding"]) == ("//4=", "base64")


def test_no_secret_is_in_the_file_wherever_it_stood() -> None:
    url = "https://tapt.example/scim/v2?code=function-key%2F0123456789"
    patch = Call(
        method="PATCH",
        path="/Users/tp-1",
        body={"Operations": [{"op": "Replace", "path": "password", "value": 'hun"ter3'}], "x": "client-secret-999"},
    )
    text, document = har_of((patch, OK), (requests.match("User", "userName", SECRET), LOST), url=url)
    for secret in (SECRET, "hunter2", "ter3", "function-key", "client-secret-999"):
        assert secret not in text
    headers = {pair["name"]: pair["value"] for pair in document["log"]["entries"][0]["request"]["headers"]}
    assert headers["Authorization"] == "Bearer ****6789"


def test_an_archive_broken_off_by_an_error_is_still_readable() -> None:
    stream = io.StringIO()
    writer = HarWriter(stream, TenantUrl.parse("https://tapt.example"), version="0")

    def broken_run() -> None:
        with writer:
            JournalingTransport(Scripted(OK), ticking(), writer.add).send(requests.read("User", "tp-1"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_run()
    assert len(json.loads(stream.getvalue())["log"]["entries"]) == 1


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("", "****"), ("short", "****"), ("0123456789abcde", "****"), ("0123456789abcdef", "****cdef")],
)
def test_masked_secrets(secret: str, shown: str) -> None:
    assert masked(secret) == shown
    assert masked_authorization(f"Bearer {secret}") == f"Bearer {shown}"
    assert masked_authorization(secret) == shown


def test_masked_text() -> None:
    assert masked_text('{"Password" : "a\\"b", "x": 1}') == '{"Password" : "****", "x": 1}'
    assert masked_text('{"path":"password","value":"p"}') == '{"path":"password","value":"****"}'
    assert masked_text("nothing", [""]) == "nothing"
