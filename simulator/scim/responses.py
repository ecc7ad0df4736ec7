"""What the client makes of an answer: resources, or the failure it counts as. Pure.

Every function takes any Reply whatsoever and returns what it promises or raises a TargetError, nothing else. A resource
that comes out of here has an `id` that is a text with something in it: no link is ever made to less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from entra_sim.simulator.errors import DuplicateTargetEntries
from entra_sim.simulator.errors import MultipleEntriesInResponse
from entra_sim.simulator.errors import ProbeCredentialsExpired
from entra_sim.simulator.errors import ProbeCredentialsRefused
from entra_sim.simulator.errors import ProbeIncompatible
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import TargetForbidden
from entra_sim.simulator.errors import TargetIncompatible
from entra_sim.simulator.errors import TargetObjectGone
from entra_sim.simulator.errors import TargetUnauthorized
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.paths import ENTERPRISE
from entra_sim.simulator.scim.paths import member
from entra_sim.simulator.scim.status import body_text
from entra_sim.simulator.scim.status import error_for
from entra_sim.simulator.scim.status import status_name

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ERROR_MESSAGE = "urn:ietf:params:scim:api:messages:2.0:Error"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NO_SCHEMAS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of a list.

    Args:
        resources: each with its `id`.
        total_count: what the server says there is altogether; at least the number of resources here.
    """

    resources: tuple[dict[str, Any], ...]
    total_count: int


def read_list(reply: Reply) -> tuple[dict[str, Any], ...]:
    """Return the resources that a lookup found: none, one, or several.

    Raises:
        DuplicateTargetEntries: the list shows one resource, or several, and says that there are more.
        TargetError: anything but 200 and a readable list. A 404 is TargetIncompatible: a miss is an empty list.

    Source: WIRE-031, WIRE-034, WIRE section A.10.
    """
    page = read_page(reply)
    if page.total_count <= len(page.resources):
        return page.resources
    if not page.resources:
        raise _unreadable(reply, f"the list says {page.total_count} results but holds none")
    raise DuplicateTargetEntries(
        f"The lookup found {page.total_count} resources where one was looked for.",
        status=reply.status,
        body=body_text(reply),
    )


def read_page(reply: Reply) -> ListPage:
    """Return one page of a list that may go on.

    Raises:
        TargetError: anything but 200 and a readable list.
    """
    if not 200 <= reply.status < 300 or reply.failure:
        raise error_for(reply)
    content = _json_object(reply)
    total = _count(member(content, "totalResults"))
    resources = member(content, "Resources")
    schemas = _schemas(content)
    if resources is None and (member(content, "id") is not None or total is None):
        raise _unreadable(reply, "a list was asked for and the body is none")
    if schemas and LIST_RESPONSE.lower() not in schemas:
        raise _unreadable(reply, "a list was asked for and the body's schemas do not name ListResponse")
    if resources is None and total:
        raise _unreadable(reply, f"the list says {total} results but has no Resources")
    entries = [] if resources is None else resources
    if not isinstance(entries, list):
        raise _unreadable(reply, "Resources is not a list")
    found = tuple(_resource(entry, reply) for entry in entries)
    return ListPage(resources=found, total_count=max(total or 0, len(found)))


def read_resource(reply: Reply, *, target_id: str | None = None) -> dict[str, Any]:
    """Return the resource that a read by id gave.

    Args:
        reply: the answer to a GET of one resource.
        target_id: the id that was asked for; another one in the answer is no answer.
    Raises:
        TargetObjectGone: 404.
        MultipleEntriesInResponse: a list of several.
        TargetError: everything else that is not the resource.

    Source: WIRE-036, WIRE-073, ENG-162.
    """
    if not 200 <= reply.status < 300 or reply.failure:
        raise error_for(reply, missing=TargetObjectGone)
    content = _json_object(reply)
    resources = member(content, "Resources")
    if isinstance(resources, list) and len(resources) > 1:
        raise MultipleEntriesInResponse(
            f"A read of one object returned {len(resources)}.", status=reply.status, body=body_text(reply)
        )
    if resources is not None or LIST_RESPONSE.lower() in _schemas(content):
        raise _unreadable(reply, "one object was asked for and the body is a list")
    found = _resource(content, reply)
    if target_id is not None and found["id"] != target_id:
        raise _unreadable(reply, "the body is another object than the one asked for")
    return found


def read_created(reply: Reply) -> dict[str, Any]:
    """Return the resource that a create made, `id` included; any 2xx with such a body will do.

    Raises:
        TargetConflict: 409.
        TargetError: every other refusal, and a success without a usable `id`. A 404 is TargetIncompatible.

    Source: WIRE-059, ENG-170, ENG-171.
    """
    if not 200 <= reply.status < 300 or reply.failure:
        raise error_for(reply, is_write=True)
    content = _json_object(reply)
    if member(content, "Resources") is not None:
        raise _unreadable(reply, "the created object was expected and the body is a list")
    return _resource(content, reply)


def accept_update(reply: Reply) -> None:
    """Return when a PATCH was accepted: any 2xx; the body is not needed and not read.

    Raises:
        TargetObjectGone: 404.
        TargetConflict: 409.
        TargetError: every other refusal.

    Source: WIRE-079, WIRE-113, ENG-172, ENG-174.
    """
    if not 200 <= reply.status < 300 or reply.failure:
        raise error_for(reply, missing=TargetObjectGone, is_write=True)


def accept_delete(reply: Reply) -> bool:
    """Return True when a DELETE removed the object, False when it was gone already (404 counts as done).

    Raises:
        TargetError: every refusal.

    Source: WIRE-098.
    """
    if reply.status == 404 and not reply.failure:
        return False
    if not 200 <= reply.status < 300 or reply.failure:
        raise error_for(reply)
    return True


def probe_verdict(reply: Reply) -> None:
    """Return when the endpoint answered the lookup of nobody with 200 and a list.

    A list that is not empty passes too: such an endpoint ignores the filter and fails object by object (ENG-162).

    Raises:
        ProbeCredentialsExpired: 401 that says that the token has expired.
        ProbeCredentialsRefused: 401 or 403.
        ProbeIncompatible: 404, another refusal that is not the server's own failure, or no list.
        TargetError: no answer, 429, 5xx, each as for an object.

    Source: ENG-280, WIRE-031, WIRE-134, WIRE-138, ENG-283, ENG-440.
    """
    try:
        if reply.status not in (0, 200) and 200 <= reply.status < 300:
            raise _unreadable(reply, "the answer to a lookup is 200 with a list")
        read_page(reply)
    except (TargetUnauthorized, TargetForbidden) as refusal:
        kind = ProbeCredentialsExpired if _says_expired(reply) else ProbeCredentialsRefused
        raise kind(str(refusal), status=refusal.status, body=refusal.body) from refusal
    except TargetIncompatible as unusable:
        raise ProbeIncompatible(str(unusable), status=unusable.status, body=unusable.body) from unusable


def error_text(error: TargetError, retried_count: int, next_attempt_at: datetime | None) -> str:
    """Return the text of a failed log entry.

    Args:
        error: what happened.
        retried_count: how often the operation was retried already; 0 at the first failure.
        next_attempt_at: aware instant of the next attempt, None when there will be none.

    Source: ENG-441 for the pattern, ENG-274 for the end. Assumed: the wording between the fixed parts is our own.
    """
    if error.status:
        pieces = [f"StatusCode: {status_name(error.status)}", f"Message: {error}", f"Web Response: {error.body}"]
    else:
        pieces = [f"Message: {error}"]
    pieces.append(f"This operation was retried {retried_count} times.")
    if next_attempt_at is not None:
        instant = next_attempt_at.astimezone(UTC)
        stamp = f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond:06d}0Z"
        pieces.append(f"It will be retried again after this date: {stamp} UTC")
    return " ".join(pieces)


def _says_expired(reply: Reply) -> bool:
    challenge = reply.header("WWW-Authenticate") or ""
    return reply.status == 401 and "expired" in f"{challenge} {body_text(reply)}".lower()


def _json_object(reply: Reply) -> dict[str, Any]:
    body = reply.body.removeprefix(_BYTE_ORDER_MARK)
    if not body or body.isspace():
        raise _unreadable(reply, "the body is empty")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:  # broken, nested too deeply, not UTF-8
        raise _unreadable(reply, "the body is not JSON") from error
    if not isinstance(content, dict):
        raise _unreadable(reply, "the body is no JSON object")
    if _ERROR_MESSAGE.lower() in _schemas(content):
        raise _unreadable(reply, "the body is an error message in spite of the status")
    return content


def _count(stated: Any) -> int | None:
    """Return a number of results, also when a server writes it as text; None when it is no number."""
    if isinstance(stated, str) and stated.isascii() and stated.isdigit() and len(stated) <= 18:
        return int(stated)
    return stated if isinstance(stated, int) and not isinstance(stated, bool) else None


def _resource(entry: Any, reply: Reply) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise _unreadable(reply, "a resource is no JSON object")
    target_id = member(entry, "id")
    if not isinstance(target_id, str) or not target_id.strip():
        raise _unreadable(reply, "a resource has no id that is a text")
    extension = member(entry, ENTERPRISE)
    if isinstance(extension, Mapping) and isinstance(manager := member(extension, "manager"), str) and manager:
        raise _unreadable(reply, "the manager is a text where an object with value is expected (WIRE-073)")
    return entry if entry.get("id") == target_id else {"id": target_id} | entry


def _schemas(content: Mapping[str, Any]) -> frozenset[str]:
    stated = member(content, "schemas")
    if not isinstance(stated, list):
        return _NO_SCHEMAS
    if len(stated) == 1 and type(stated[0]) is str and len(stated[0]) < 200:  # nearly always
        return _single_schema(stated[0])
    return frozenset(urn.lower() for urn in stated if isinstance(urn, str))


@lru_cache(maxsize=64)
def _single_schema(urn: str) -> frozenset[str]:
    return frozenset((urn.lower(),))


def _unreadable(reply: Reply, why: str) -> TargetIncompatible:
    return TargetIncompatible(
        f"The answer {reply.status} {status_name(reply.status)} cannot be read: {why}.",
        status=reply.status,
        body=body_text(reply),
    )
