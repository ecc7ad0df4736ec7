"""A Call as it goes on the wire: request target, headers and body bytes, the same for every transport."""

from __future__ import annotations

import json
from dataclasses import dataclass

import orjson

from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import JsonObject
from entra_sim.simulator.scim.encoding import encode_path
from entra_sim.simulator.scim.encoding import encode_query
from entra_sim.simulator.scim.profile import TenantUrl

CONTENT_TYPE = "application/scim+json; charset=utf-8"
ADSCIM_VERSION = "5.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One request, encoded.

    Args:
        method: upper case.
        target: path and query of the request line.
        headers: all of them, in order. Source: WIRE-010 to WIRE-014: these and none besides.
        body: bytes, or None.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


def wire_request(call: Call, tenant_url: TenantUrl, authorization: str) -> WireRequest:
    """Return the call, encoded.

    Args:
        call: what is asked.
        tenant_url: where; parameters of its own query stand before those of SCIM.
        authorization: value of the Authorization header.
    """
    body = None if call.body is None else encode_body(call.body)
    headers = [("Host", tenant_url.authority), ("Authorization", authorization), ("Adscimversion", ADSCIM_VERSION)]
    if body is not None:
        headers += [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))]
    return WireRequest(method=call.method, target=request_target(call, tenant_url), headers=tuple(headers), body=body)


def request_target(call: Call, tenant_url: TenantUrl) -> str:
    """Return path and query of the request line. Source: WIRE-001, WIRE-020 to WIRE-025."""
    query = "&".join(part for part in (tenant_url.query, encode_query(call.query)) if part)
    path = tenant_url.path + encode_path(call.path)
    return f"{path}?{query}" if query else path


def encode_body(body: JsonObject) -> bytes:
    """Return the body as UTF-8 JSON without a byte-order mark, keys in order. Source: WIRE-011."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:  # numbers beyond 64 bits, halves of surrogate pairs: the replacement character
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
