"""Whatever a server says becomes a result or a code of the reference: no other exception, no link to nothing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies

from entra_sim.simulator.errors import MultipleEntriesInResponse
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import TargetIncompatible
from entra_sim.simulator.errors import TargetThrottled
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.paths import ENTERPRISE

PREFIX = "SystemForCrossDomainIdentityManagement"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
ADA = {"id": "tp-1", "userName": "ada"}
FUNCTIONS: dict[str, Callable[[Reply], Any]] = {
    "list": responses.read_list,
    "resource": responses.read_resource,
    "created": responses.read_created,
    "update": responses.accept_update,
    "delete": responses.accept_delete,
    "probe": responses.probe_verdict,
    "page": responses.read_page,
}


def reply(content: Any = None, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    body = content if isinstance(content, bytes) else b"" if content is None else orjson.dumps(content)
    return Reply(status=status, headers=tuple((headers or {}).items()), body=body)


def code_of(function: str, answer: Reply) -> str:
    with pytest.raises(TargetError) as failure:
        FUNCTIONS[function](answer)
    return failure.value.code.removeprefix(PREFIX)


def listed(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"schemas": [LIST], "totalResults": len(resources), "Resources": list(resources), **more}


@pytest.mark.rule("ENG-440", "WIRE-098", "WIRE-131", "ENG-174")
@pytest.mark.parametrize(
    ("status", "lookup", "read", "create", "update", "delete", "probe"),
    [
        (302, *["ServiceIncompatible"] * 6),
        (400, *["ServiceIncompatible"] * 6),
        (401, *["Unauthorized"] * 5, "InvalidCredentials"),
        (403, *["InsufficientRights"] * 5, "InvalidCredentials"),
        (
            404,
            "ServiceIncompatible",
            "InvalidAnchor",
            "ServiceIncompatible",
            "InvalidAnchor",
            None,
            "ServiceIncompatible",
        ),
        (405, *["MethodNotAllowed"] * 6),
        (
            409,
            "ServiceIncompatible",
            "ServiceIncompatible",
            "ServiceIncompatibleFiltering",
            "ServiceIncompatibleFiltering",
            "ServiceIncompatible",
            "ServiceIncompatible",
        ),
        (410, *["ServiceIncompatible"] * 6),
        (413, *["ServiceIncompatible"] * 6),
        (418, *["ServiceIncompatible"] * 6),
        (422, *["UnprocessableEntity"] * 6),
        (429, *["TooManyRequests"] * 6),
        (500, *["InternalServerError"] * 6),
        (501, *["NotImplemented"] * 6),
        (502, *["WebExceptionProtocolError"] * 6),
        (503, *["WebExceptionProtocolError"] * 6),
        (504, *["InternalServerError"] * 6),
        (599, *["InternalServerError"] * 6),
        (103, *["ServiceIncompatible"] * 6),
    ],
)
def test_statuses_become_the_codes_of_the_table(
    status: int, lookup: str, read: str, create: str, update: str, delete: str | None, probe: str
) -> None:
    answer = reply({"schemas": [ERROR], "status": str(status)}, status)
    assert code_of("list", answer) == lookup
    assert code_of("resource", answer) == read
    assert code_of("created", answer) == create
    assert code_of("update", answer) == update
    assert code_of("probe", answer) == probe
    if delete is None:
        assert responses.accept_delete(answer) is False
    else:
        assert code_of("delete", answer) == delete


@pytest.mark.rule("ENG-440", "ENG-272")
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("failure", ["Timeout", "WebExceptionProtocolError"])
def test_no_answer_is_tried_again_in_the_next_cycle(function: str, failure: str) -> None:
    answer = Reply(status=0, failure=failure, detail="No complete answer came within the time allowed.")
    with pytest.raises(TargetError) as error:
        FUNCTIONS[function](answer)
    assert error.value.code == failure
    assert error.value.is_retried_soon
    assert str(error.value) == "No complete answer came within the time allowed."


UNREADABLE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \r\n ",
    "html": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "cut": b'{"schemas":["urn:ietf',
    "text": b'"id"',
    "number": b"7",
    "null": b"null",
    "array": b'[{"id":"tp-1"}]',
    "nan": b'{"id":"tp-1","x":NaN}',
    "not UTF-8": b'{"id":"tp-\xff"}',
    "UTF-16": '{"id":"tp-1"}'.encode("utf-16"),
    "gzip": gzip.compress(b'{"id":"tp-1"}'),
    "lone surrogate": b'{"id":"\\ud800"}',
    "deep": b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "error with status 200": orjson.dumps({"schemas": [ERROR], "id": "tp-1", "status": "500"}),
}


@pytest.mark.rule("ENG-440", "WIRE-059")
@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("function", ["list", "resource", "created", "probe", "page"])
def test_a_body_that_cannot_be_read_is_incompatible(function: str, name: str) -> None:
    for status in (200, 201, 204):
        assert code_of(function, reply(UNREADABLE[name], status)) == "ServiceIncompatible"


@pytest.mark.rule("WIRE-079", "WIRE-113", "ENG-172")
@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_an_update_or_delete_needs_no_body(name: str, status: int) -> None:
    responses.accept_update(reply(UNREADABLE[name], status))
    assert responses.accept_delete(reply(UNREADABLE[name], status)) is True


@pytest.mark.rule("WIRE-059", "ENG-170")
@pytest.mark.parametrize(
    "resource",
    [
        {"userName": "ada"},
        {"id": None},
        {"id": ""},
        {"id": "  "},
        {"id": 7},
        {"id": True},
        {"id": ["tp-1"]},
        {"id": {"value": "tp-1"}},
    ],
)
def test_nothing_is_linked_without_a_usable_id(resource: dict[str, Any]) -> None:
    assert code_of("created", reply(resource, 201)) == "ServiceIncompatible"
    assert code_of("resource", reply(resource)) == "ServiceIncompatible"
    assert code_of("list", reply(listed(resource))) == "ServiceIncompatible"


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("content_type", ["application/scim+json", "application/json", "text/html", ""])
@pytest.mark.rule("WIRE-015", "WIRE-059")
def test_what_is_read_from_a_good_answer(status: int, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    with_mark = b"\xef\xbb\xbf" + orjson.dumps(ADA)
    for answer in (reply(ADA, status, headers), reply(with_mark, status, headers)):
        assert responses.read_created(answer)["id"] == "tp-1"
        assert responses.read_resource(answer) == ADA
    assert responses.read_list(reply(listed(ADA), status, headers)) == (ADA,)


def test_member_names_are_read_without_case() -> None:
    assert responses.read_created(reply({"ID": "tp-1", "x": None}, 201))["id"] == "tp-1"
    assert responses.read_list(reply({"totalresults": 1, "resources": [ADA]})) == (ADA,)


@pytest.mark.rule("WIRE-031", "WIRE-034")
@pytest.mark.parametrize(
    ("content", "count"),
    [
        (listed(), 0),
        ({"schemas": [LIST], "totalResults": 0}, 0),
        ({"schemas": [LIST], "totalResults": 0, "Resources": None}, 0),
        ({"totalResults": "0"}, 0),
        ({"Resources": []}, 0),
        (listed(ADA), 1),
        (listed(ADA, totalResults=0), 1),
        (listed(ADA, totalResults=None), 1),
        (listed(ADA, {"id": "tp-2"}), 2),
        (listed(ADA, itemsPerPage="many", startIndex=None), 1),
    ],
)
def test_lists_that_can_be_read(content: Any, count: int) -> None:
    assert len(responses.read_list(reply(content))) == count
    responses.probe_verdict(reply(content))


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"schemas": [LIST]},
        {"totalResults": True},
        {"totalResults": -1.5},
        {"totalResults": 3},
        {"totalResults": 1, "Resources": None},
        {"totalResults": 1, "Resources": []},
        {"totalResults": "1", "Resources": []},
        {"Resources": {}},
        {"Resources": "none"},
        {"Resources": [None]},
        {"Resources": ["tp-1"]},
        {"Resources": [[ADA]]},
        {"Resources": [ADA, None], "totalResults": 2},
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "Resources": []},
        {"schemas": [ERROR], "totalResults": 0},
        ADA,
        ADA | {"totalResults": 0},
    ],
)
def test_lists_that_cannot_be_read_are_never_a_miss(content: Any) -> None:
    assert code_of("list", reply(content)) == "ServiceIncompatible"


@pytest.mark.rule("ENG-162", "WIRE-034")
def test_a_list_that_says_there_are_more_is_a_duplicate() -> None:
    assert code_of("list", reply(listed(ADA, totalResults=40))) == "DuplicateTargetEntries"
    page = responses.read_page(reply(listed(ADA, totalResults=40)))
    assert (page.total_count, page.resources) == (40, (ADA,))


@pytest.mark.rule("ENG-162")
def test_a_read_by_id_answered_with_a_list() -> None:
    with pytest.raises(MultipleEntriesInResponse):
        responses.read_resource(reply(listed(ADA, {"id": "tp-2"})))
    for content in (listed(ADA), listed(), ADA | {"Resources": [ADA]}):
        assert code_of("resource", reply(content)) == "ServiceIncompatible"
        assert code_of("created", reply(content)) == "ServiceIncompatible"


def test_a_read_answered_with_another_object_is_no_answer() -> None:
    assert responses.read_resource(reply(ADA), target_id="tp-1") == ADA
    with pytest.raises(TargetIncompatible, match="another object"):
        responses.read_resource(reply(ADA), target_id="tp-2")


@pytest.mark.rule("WIRE-073")
def test_a_manager_returned_as_a_text_makes_the_resource_unreadable() -> None:
    content = ADA | {ENTERPRISE: {"manager": "tp-9"}}
    assert code_of("resource", reply(content)) == "ServiceIncompatible"
    assert code_of("list", reply(listed(content))) == "ServiceIncompatible"
    for manager in ({"value": "tp-9"}, None, ""):
        assert responses.read_resource(reply(ADA | {ENTERPRISE: {"manager": manager}}))["id"] == "tp-1"


@pytest.mark.rule("ENG-283", "ENG-440", "WIRE-134", "WIRE-138", "WIRE-031")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({}, 401), "InvalidCredentials"),
        (reply(b"", 403), "InvalidCredentials"),
        (reply({"detail": "The token has expired"}, 401), "CredentialValidationFailure"),
        (
            reply(b"", 401, {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="token expired"'}),
            "CredentialValidationFailure",
        ),
        (reply({"detail": "The token has expired"}, 403), "InvalidCredentials"),
        (reply({}, 404), "ServiceIncompatible"),
        (reply(ADA), "ServiceIncompatible"),
        (reply(None, 204), "ServiceIncompatible"),
        (reply(listed(), 201), "ServiceIncompatible"),
        (reply({}, 500), "InternalServerError"),
    ],
)
def test_the_probe_has_codes_of_its_own(answer: Reply, code: str) -> None:
    assert code_of("probe", answer) == code


@pytest.mark.rule("ENG-440")
def test_a_failed_probe_is_a_failure_of_the_service_not_of_an_object() -> None:
    for answer in (reply({}, 401), reply({}, 404), reply({"detail": "expired"}, 401)):
        with pytest.raises(TargetError) as failure:
            responses.probe_verdict(answer)
        assert failure.value.category == "failure"
        assert failure.value.status == answer.status


NOW = "Mon, 05 Jan 2026 09:00:00 GMT"


@pytest.mark.rule("ENG-276")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"Retry-After": "99999999999999999999"}, 28 * 86400.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Mon, 05 Jan 2026 09:02:00 GMT", "Date": NOW}, 120.0),
        ({"Retry-After": "Monday, 05-Jan-26 09:02:00 GMT", "Date": NOW}, 120.0),
        ({"Retry-After": "Mon Jan  5 09:02:00 2026", "Date": NOW}, 120.0),
        ({"Retry-After": "Mon, 05 Jan 2026 08:00:00 GMT", "Date": NOW}, 0.0),
        ({"Retry-After": "Mon, 05 Jan 2026 09:02:00 GMT"}, None),
        ({"Retry-After": "Mon, 45 Jan 2026 09:02:00 GMT", "Date": NOW}, None),
        ({"Retry-After": "Mon, 05 Foo 2026 09:02:00 GMT", "Date": NOW}, None),
        ({"Retry-After": "Mon, 05 Jan 2026 29:02:00 GMT", "Date": NOW}, None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    with pytest.raises(TargetThrottled) as failure:
        responses.read_list(reply({}, 429, headers))
    assert failure.value.retry_after_s == seconds


KNOWN_CODES = {
    "Unauthorized", "InsufficientRights", "MethodNotAllowed", "UnprocessableEntity", "TooManyRequests", "Timeout",
    "InternalServerError", "NotImplemented", "WebExceptionProtocolError", "InvalidAnchor", "DuplicateTargetEntries",
    f"{PREFIX}ServiceIncompatible", f"{PREFIX}ServiceIncompatibleFiltering", f"{PREFIX}InvalidCredentials",
    f"{PREFIX}CredentialValidationFailure", f"{PREFIX}MultipleEntriesInResponse",
}  # fmt: skip


def kinds_of(kind: type[TargetError]) -> set[type[TargetError]]:
    return {kind}.union(*(kinds_of(one) for one in kind.__subclasses__()))


@pytest.mark.rule("WIRE-139", "ENG-442")
def test_every_error_has_a_code_that_the_logs_know() -> None:
    assert {kind.code for kind in kinds_of(TargetError)} == KNOWN_CODES


@pytest.mark.rule("WIRE-132")
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"status":"200"}', b'{"scimType":"noTarget"}'])
def test_only_the_status_of_a_refusal_matters_and_the_body_is_kept_for_the_log(body: bytes) -> None:
    with pytest.raises(TargetError) as failure:
        responses.accept_update(reply(body, 400))
    assert failure.value.code == f"{PREFIX}ServiceIncompatible"
    assert failure.value.body == body.decode()


@pytest.mark.rule("ENG-274", "ENG-441")
def test_the_text_of_a_failed_entry() -> None:
    body = {"schemas": [ERROR], "status": "409", "detail": "userName is taken"}
    with pytest.raises(TargetError) as failure:
        responses.read_created(reply(body, 409))
    text = responses.error_text(failure.value, 2, datetime(2026, 1, 5, 9, 40, 0, 123456, tzinfo=UTC))
    assert text.startswith("StatusCode: Conflict ")
    assert f"Web Response: {orjson.dumps(body).decode()}" in text
    assert text.endswith(
        "This operation was retried 2 times. It will be retried again after this date: 2026-01-05T09:40:00.1234560Z UTC"
    )
    assert responses.error_text(failure.value, 0, None).endswith("was retried 0 times.")


def test_an_error_without_answer_has_no_status_in_its_text() -> None:
    with pytest.raises(TargetError) as failure:
        responses.accept_update(Reply(status=0, failure="Timeout", detail="No answer in time."))
    assert responses.error_text(failure.value, 0, None) == (
        "Message: No answer in time. This operation was retried 0 times."
    )


def test_a_huge_error_body_is_shortened_for_the_log() -> None:
    with pytest.raises(TargetError) as failure:
        responses.read_list(reply(b"x" * 1_000_000, 500))
    assert len(failure.value.body) == 4001


SCIM_KEYS = strategies.sampled_from(
    ["id", "ID", "schemas", "Resources", "totalResults", "userName", "manager", "value", ENTERPRISE, "status", "x"]
)
SCIM_VALUES = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers(-3, 3)
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.sampled_from([LIST, ERROR, ENTERPRISE, "tp-1", "", " ", "0", "1"])
    | strategies.text(max_size=3),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(SCIM_KEYS, inner, max_size=5),
    max_leaves=15,
)
STATUSES = strategies.sampled_from([0, 100, 200, 200, 200, 201, 204, 206, 301, 400, 401, 404, 409, 429, 500, 503, 999])


def outcome_of(function: str, answer: Reply) -> TargetError | tuple[dict[str, Any], ...]:
    """Return the failure, or the resources that came out."""
    try:
        result = FUNCTIONS[function](answer)
    except TargetError as failure:
        return failure
    if isinstance(result, responses.ListPage):
        return result.resources
    if isinstance(result, dict):
        return (result,)
    return result if isinstance(result, tuple) else ()


def check_every_function(answer: Reply) -> None:
    """Whatever comes, each function keeps its promise."""
    for name in FUNCTIONS:
        outcome = outcome_of(name, answer)
        if isinstance(outcome, TargetError):
            assert outcome.code
            assert responses.error_text(outcome, 0, None)
        else:
            assert all(isinstance(one["id"], str) and one["id"].strip() for one in outcome)
            assert 200 <= answer.status < 300 or (name == "delete" and answer.status == 404)


@given(SCIM_VALUES, STATUSES, strategies.sampled_from(["", "", "Timeout", "WebExceptionProtocolError"]))
def test_random_json_keeps_every_promise(content: Any, status: int, failure: str) -> None:
    answer = reply(content, status)
    check_every_function(Reply(status=answer.status, body=answer.body, failure=failure, detail="x"))


@given(
    strategies.sampled_from([listed(ADA), listed(), ADA, ADA | {ENTERPRISE: {"manager": {"value": "x"}}}]),
    strategies.integers(0, 400),
    strategies.binary(max_size=3),
    strategies.integers(0, 4),
    STATUSES,
)
def test_mutated_answers_keep_every_promise(
    content: Any, position: int, inserted: bytes, dropped: int, status: int
) -> None:
    body = orjson.dumps(content)
    check_every_function(Reply(status=status, body=body[:position] + inserted + body[position + dropped :]))


@given(strategies.binary(max_size=60), STATUSES, strategies.text(max_size=12))
def test_random_bytes_and_headers_keep_every_promise(body: bytes, status: int, header: str) -> None:
    check_every_function(Reply(status=status, body=body, headers=(("Retry-After", header), ("Date", header))))
