"""Exchanges for other tools: HAR 1.2, a curl command, JSON. Secrets were masked when the journal took them."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl
from urllib.parse import quote

from entra_sim.mock_tapt.clock import format_instant
from entra_sim.mock_tapt.journal import Exchange


def url_of(exchange: Exchange, tenant_url: str) -> str:
    """Return the whole URL that was asked."""
    path = quote(exchange.path, safe="/:@!$&'()*+,;=-._~")
    return f"{tenant_url}{path}{'?' + exchange.query if exchange.query else ''}"


def to_curl(exchange: Exchange, tenant_url: str) -> str:
    """Return a shell command that sends the request again; the token is left to the environment."""
    parts = ["curl", "-i", "-X", exchange.method, shlex.quote(url_of(exchange, tenant_url))]
    parts += ["-H", '"Authorization: Bearer $TAPT_TOKEN"']
    for name in ("content-type", "accept", "if-match", "if-none-match"):
        value = exchange.request_header(name)
        if value:
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    if exchange.request_body:
        parts += ["--data-binary", shlex.quote(_text(exchange.request_body))]
    return " ".join(parts)


def to_json(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange for the control API."""
    return {
        "sequence": exchange.sequence,
        "at": format_instant(exchange.at),
        "method": exchange.method,
        "path": exchange.path,
        "query": exchange.query,
        "request": {"headers": dict(exchange.request_headers), "body": _text(exchange.request_body)},
        "status": exchange.status,
        "response": {"headers": dict(exchange.response_headers), "body": _text(exchange.response_body)},
        "fault": exchange.fault,
        "cut": exchange.cut,
        "refusal": exchange.refusal,
        "near_misses": list(exchange.near_misses),
        "findings": [asdict(finding) for finding in exchange.findings],
        "took_ms": round(exchange.took_s * 1000, 3),
    }


def to_har(exchanges: list[Exchange], tenant_url: str) -> dict[str, Any]:
    """Return exchanges as an HTTP archive. Source: HAR 1.2 specification."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "entra-sim mock Tapt", "version": "1"},
            "entries": [_entry(exchange, tenant_url) for exchange in exchanges],
        }
    }


def _entry(exchange: Exchange, tenant_url: str) -> dict[str, Any]:
    took_ms = round(exchange.took_s * 1000, 3)
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": url_of(exchange, tenant_url),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.request_headers),
        "queryString": _pairs(parse_qsl(exchange.query, keep_blank_values=True, errors="replace")),
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        media_type = exchange.request_header("content-type")
        request["postData"] = {"mimeType": media_type, "text": _text(exchange.request_body)}
    headers = dict(exchange.response_headers)
    return {
        "startedDateTime": format_instant(exchange.at),
        "time": took_ms,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(exchange.response_headers),
            "content": {
                "size": len(exchange.response_body),
                "mimeType": headers.get("Content-Type", ""),
                "text": _text(exchange.response_body),
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(exchange.response_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": took_ms, "receive": 0},
        "comment": exchange.refusal,
    }


def _pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
