"""What a fault does to an answer that is ready, and the old images that stale reads show."""

from __future__ import annotations

from typing import Any

import orjson

from entra_sim.mock_tapt.errors import error_body
from entra_sim.mock_tapt.faults import Fault
from entra_sim.mock_tapt.faults import Strike
from entra_sim.mock_tapt.messages import SCIM_MEDIA_TYPE
from entra_sim.mock_tapt.messages import ScimResponse

MAX_OLD_IMAGES = 10_000
_REASONS = {
    400: "Bad request.", 401: "Unauthorized.", 403: "Forbidden.", 404: "Not found.", 409: "Conflict.",
    429: "Too many requests.", 500: "Internal error.", 502: "Bad gateway.",
    503: "Unavailable.", 504: "Gateway time-out.",
}  # fmt: skip


def refusal(strike: Strike) -> ScimResponse:
    """Return the error that the fault answers with."""
    fault = strike.fault
    status = fault.refusal_status or 500
    detail = fault.detail or _REASONS.get(status, "Refused.")
    headers = [("Content-Type", SCIM_MEDIA_TYPE)]
    if strike.retry_after_s is not None:
        headers.append(("Retry-After", str(strike.retry_after_s)))
    if status == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="Tapt SCIM"'))
    body = orjson.dumps(error_body(status, fault.scim_type, detail))
    return ScimResponse(
        status=status, headers=headers, body=body, refusal=f"the fault '{fault.name or fault.what}' struck"
    )


def spoil(fault: Fault, response: ScimResponse) -> ScimResponse:
    """Return the answer as the fault leaves it."""
    body = response.body
    status = response.status
    if body and status < 300 and (fault.empty_list or fault.duplicate_match or fault.id_missing):
        body = orjson.dumps(_changed(fault, orjson.loads(body)))
    if fault.success_status is not None and status < 300:
        status = fault.success_status
    if fault.broken_json and body:
        body = body[: len(body) // 2]
    headers = response.headers
    if fault.content_type is not None:
        headers = [(n, v) for n, v in headers if n != "Content-Type"] + [("Content-Type", fault.content_type)]
    return ScimResponse(
        status=status, headers=headers, body=body, refusal=response.refusal, near_misses=response.near_misses
    )


def _changed(fault: Fault, body: dict[str, Any]) -> dict[str, Any]:
    is_list = "Resources" in body and "totalResults" in body
    if is_list and fault.empty_list:
        body |= {"totalResults": 0, "itemsPerPage": 0, "Resources": []}
    if is_list and fault.duplicate_match and body["Resources"]:
        first = body["Resources"][0]
        body["Resources"].append(first | {"id": f"{first.get('id', '')}-duplicate"})
        body["totalResults"] += 1
        body["itemsPerPage"] += 1
    if fault.id_missing:
        for resource in body["Resources"] if is_list else [body]:
            resource.pop("id", None)
    return body


class OldImages:
    """Resources as they were before their last change; kept only while a stale-read fault is on."""

    def __init__(self) -> None:
        self._images: dict[str, dict[str, Any] | None] = {}

    def keep(self, resource_id: str, shown: dict[str, Any] | None) -> None:
        """Remember what was; None when there was nothing."""
        while len(self._images) >= MAX_OLD_IMAGES:
            self._images.pop(next(iter(self._images)))
        self._images[resource_id] = shown

    def clear(self) -> None:
        """Forget all: reads are fresh."""
        self._images.clear()

    def aged(self, path: str, response: ScimResponse) -> ScimResponse:
        """Return the answer to a read as it would have been before the last changes."""
        if not self._images:
            return response
        resource_id = path.rstrip("/").rpartition("/")[2]
        if resource_id in self._images and path.count("/") >= 2:
            image = self._images[resource_id]
            if image is None:
                body = error_body(404, None, f"There is no resource '{resource_id}'.")
                return ScimResponse(status=404, headers=[("Content-Type", SCIM_MEDIA_TYPE)], body=orjson.dumps(body))
            return ScimResponse(status=200, headers=[("Content-Type", SCIM_MEDIA_TYPE)], body=orjson.dumps(image))
        if response.status != 200 or not response.body:
            return response
        body = orjson.loads(response.body)
        if "Resources" not in body:
            return response
        kept = []
        for shown in body["Resources"]:
            image = self._images.get(shown.get("id", ""), shown)
            if image is not None:
                kept.append({name: value for name, value in image.items() if name in shown or image is shown})
        gone = len(body["Resources"]) - len(kept)
        body |= {"totalResults": body["totalResults"] - gone, "itemsPerPage": len(kept), "Resources": kept}
        return ScimResponse(status=200, headers=response.headers, body=orjson.dumps(body))
