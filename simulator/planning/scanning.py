"""Reading a whole target over its SCIM endpoint: GET only, page by page."""

from __future__ import annotations

from collections.abc import Callable

from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.planning.accounts import Accounts
from entra_sim.simulator.planning.files import MAX_RESOURCES
from entra_sim.simulator.planning.files import TargetImage
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.transport.base import Transport

PAGE_SIZE = 100


def read_target(transport: Transport, progress: Callable[[str, int], None]) -> TargetImage:
    """Return everything that the endpoint lists; an endpoint without groups is noted.

    Raises:
        UserInputError: it cannot be read; the message says what it answered.
    """
    image = TargetImage()
    try:
        image.users = _all(transport, "User", progress)
    except TargetError as error:
        raise UserInputError(f"The endpoint's users cannot be listed: {error}") from error
    try:
        image.groups = _all(transport, "Group", progress)
    except TargetError as error:
        image.notes.append(f"The endpoint's groups cannot be listed, so it is taken to hold none: {error}")
    return image


def unfilterable(transport: Transport, object_type: str, attribute: str, guid: str) -> str:
    """Return what the endpoint says when asked by an attribute for somebody who cannot exist; "" when it can be."""
    try:
        found = responses.read_list(_read(transport, requests.match(object_type, attribute, guid)))
    except TargetError as error:
        return str(error)
    return "it found somebody who cannot exist: the filter is ignored" if found else ""


def _all(transport: Transport, kind: str, progress: Callable[[str, int], None]) -> Accounts:
    found, seen = Accounts(), set()
    while len(found) < MAX_RESOURCES:
        page = responses.read_page(_read(transport, requests.list_page(kind, len(found) + 1, PAGE_SIZE)))
        known = len(found)
        for resource in page.resources:
            if resource["id"] not in seen:
                seen.add(resource["id"])
                found.add(resource)
        progress(f"{kind}s of the target", len(found))
        if len(found) == known or len(found) >= page.total_count:
            return found
    raise UserInputError(f"The endpoint lists more than {MAX_RESOURCES:,} {kind}s; plan against a file of them.")


def _read(transport: Transport, call: Call) -> Reply:
    if call.is_write:
        raise AssertionError("a plan never writes")
    return transport.send(call)
